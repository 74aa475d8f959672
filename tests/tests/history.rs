//! The history on disk: where it is kept, who may have it open, and what is done with it while nobody has.

use chat_core::{Kind, Name, Record, RoomName, SessionId};
use chat_net::store::{Retention, Store};
use chat_tests::{Client, Dir, Process, Server, chat_server};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;
use twox_hash::XxHash3_64;

const USAGE: i32 = 2;

/// A log in a directory, which has so many entries.
fn log(dir: &Dir, name: &str, entries: u64) -> String {
    let dir = dir.path(name);
    let mut store = Store::open(&dir, Retention::default()).expect("it is new");
    let entries: Vec<_> = (1..=entries).map(entry).collect();
    store.append(&entries).expect("there is room");
    dir
}

fn entry(seq: u64) -> Record {
    Record {
        room: RoomName::LOBBY,
        seq,
        at: 1_700_000_000_000 + seq,
        kind: if seq == 1 { Kind::Joined } else { Kind::Said },
        name: Name::parse("ann").expect("a name"),
        text: if seq == 1 {
            "".into()
        } else {
            format!("line {seq}").into()
        },
        sender: Some(SessionId([7; 32])),
        id: (seq > 1).then(|| format!("id-{seq}").into()),
    }
}

/// Runs `chat-server` with this on its standard input.
fn run_with(input: &[u8], arguments: &[&str]) -> Output {
    let dir = Dir::new("history");
    let file = dir.as_ref().join("input");
    fs::write(&file, input).expect("there is room");
    let input = fs::File::open(file).expect("it was just written");
    let mut command = Command::new(chat_server());
    command.args(arguments).stdin(input);
    command.output().expect("the binaries can be started")
}

fn run(arguments: &[&str]) -> Output {
    run_with(b"", arguments)
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).expect("what is printed is UTF-8")
}

/// Its standard error, if it succeeded and had nothing to say on standard output.
#[track_caller]
fn told(output: &Output) -> &str {
    let errors = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    assert_eq!(text(&output.stdout), "");
    errors
}

/// Its standard error, if it exited with 1.
#[track_caller]
fn refused(output: &Output) -> &str {
    let errors = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.starts_with("chat-server: "), "{errors}");
    assert!(!errors.contains("panicked"), "{errors}");
    errors
}

/// The file of a log that has its newest entries.
fn segment(log: &str) -> PathBuf {
    Path::new(log).join("0000000000000001.log")
}

/// What fails where the log at `dir` cannot be opened.
fn all_that_opens(dir: &str) -> [Output; 3] {
    [
        run(&["--listen", "127.0.0.1:0", "--data", dir]),
        run(&["check", "--data", dir]),
        run(&["export", "--data", dir]),
    ]
}

#[test]
fn a_log_that_is_sound_is_said_to_be() {
    let dir = Dir::new("history");
    let log = log(&dir, "log", 5);
    let checked = run(&["check", "--data", &log]);
    let told = told(&checked);
    assert!(told.contains("sound, entries 1 to 5, "), "{told}");
}

#[test]
fn what_is_exported_is_imported_elsewhere() {
    let dir = Dir::new("history");
    let log = log(&dir, "log", 5);
    let exported = run(&["export", "--data", &log]);
    assert_eq!(exported.status.code(), Some(0));
    let lines: Vec<_> = text(&exported.stdout).lines().collect();
    assert_eq!(lines.len(), 7, "the log, its entries, the end");
    assert!(lines[2].contains(r#""text":"line 2""#), "{}", lines[2]);
    assert!(text(&exported.stderr).contains("exported, entries 1 to 5, "));

    let other = dir.path("other/log");
    let imported = run_with(&exported.stdout, &["import", "--data", &other]);
    assert!(told(&imported).contains("imported, entries 1 to 5, "));
    let again = run(&["export", "--data", &other]);
    assert_eq!(again.stdout, exported.stdout);
    let store = Store::open(&other, Retention::default()).expect("it is sound");
    let entries = store.read(&RoomName::LOBBY, 0, 9).expect("it is sound");
    assert_eq!(entries, (1..=5).map(entry).collect::<Vec<_>>());
}

#[test]
fn an_import_leaves_alone_what_is_there_and_takes_only_whole_exports() {
    let dir = Dir::new("history");
    let log = log(&dir, "log", 5);
    let exported = run(&["export", "--data", &log]).stdout;
    let there = run_with(&exported, &["import", "--data", &log]);
    let told = refused(&there);
    assert!(told.contains("there is a log in"), "{told}");
    assert!(told.contains("choose another directory"), "{told}");

    let other = dir.path("other");
    let cut = run_with(
        &exported[..exported.len() - 9],
        &["import", "--data", &other],
    );
    let told = refused(&cut);
    assert!(told.contains("line 7 "), "{told}");
    for command in ["check", "export"] {
        let output = run(&[command, "--data", &other]);
        let told = refused(&output);
        assert!(told.contains("there is no log in"), "{told}");
        assert!(told.contains("make it again"), "{told}");
    }
    let whole = run_with(&exported, &["import", "--data", &other]);
    assert_eq!(
        whole.status.code(),
        Some(0),
        "nothing was left of the other"
    );
}

#[test]
fn a_log_is_in_use_by_one_server_at_a_time() {
    let dir = Dir::new("history");
    let log = dir.path("log");
    let mut server = Server::with(&["--data", &log]);
    let second = run(&["--listen", "127.0.0.1:0", "--data", &log]);
    let told = refused(&second);
    assert!(told.contains("is in use"), "{told}");
    assert!(told.contains("stop the server"), "{told}");
    assert!(told.contains("--ephemeral"), "{told}");
    assert_eq!(text(&second.stdout), "", "it does not say that it listens");

    server.process.kill();
    let mut next = Server::with(&["--data", &log]);
    assert!(
        next.process.runs(),
        "a server that was killed leaves it to the next"
    );
}

#[test]
fn a_log_that_is_not_there_is_not_made_by_looking_for_it() {
    let dir = Dir::new("history");
    let log = dir.path("log");
    for command in ["check", "export"] {
        let output = run(&[command, "--data", &log]);
        let told = refused(&output);
        assert!(told.contains("there is no log in"), "{told}");
        assert!(told.contains("--data DIR"), "{told}");
        assert!(!Path::new(&log).exists());
    }
}

#[test]
fn a_damaged_log_is_refused_with_what_to_do_and_what_can_be_read_is_exported() {
    let dir = Dir::new("history");
    let log = log(&dir, "log", 3000);
    let file = segment(&log);
    let mut bytes = fs::read(&file).expect("it is there");
    let places: Vec<_> = bytes
        .windows(9)
        .enumerate()
        .filter_map(|(at, window)| (window == b"line 2900").then_some(at))
        .collect();
    for at in places {
        bytes[at] ^= 1;
    }
    fs::write(&file, &bytes).expect("there is room");
    let next = [
        "Look closer with `chat-server check --data ",
        "make a new log of all that can be read with `chat-server repair --data ",
        "What was exported says where something is missing",
    ];
    for (output, next) in all_that_opens(&log).iter().zip(next) {
        let told = refused(output);
        assert!(told.contains("is damaged"), "{told}");
        assert!(told.contains("Nothing was changed"), "{told}");
        assert!(told.contains(next), "{told}");
        assert_eq!(fs::read(&file).expect("it is there"), bytes);
    }
    let checked = run(&["check", "--data", &log]);
    let which = "1 entry cannot be read: 2900";
    assert!(refused(&checked).contains(which), "{checked:?}");
    let exported = run(&["export", "--data", &log]).stdout;
    let lines: Vec<_> = text(&exported).lines().collect();
    assert_eq!(lines.len(), 2999 + 3);
    assert_eq!(lines[2900], r#"{"missing":[2900,2900]}"#);
    let saved = run_with(&exported, &["import", "--data", &dir.path("saved")]);
    let all = "entries 1 to 3000, ";
    assert!(told(&saved).contains(all), "{saved:?}");
    assert!(told(&saved).contains("missing: entry 2900\n"), "{saved:?}");
    let repaired = run(&["repair", "--data", &log, &dir.path("repaired")]);
    assert!(told(&repaired).contains(all), "{repaired:?}");
    assert!(
        told(&repaired).contains("missing: entry 2900\n"),
        "{repaired:?}"
    );
    assert_eq!(fs::read(&file).expect("it is there"), bytes);
    for made in ["saved", "repaired"] {
        let mut server = Server::with(&["--data", &dir.path(made)]);
        assert!(server.process.runs(), "{made}");
    }
}

#[test]
fn a_copy_made_beside_a_server_opens_with_what_was_said() {
    let dir = Dir::new("history");
    let log = dir.path("log");
    let mut server = Server::with(&["--data", &log]);
    let mut client = Client::join(server.address());
    for number in 1..=20 {
        client.type_line(&format!("line {number}"));
    }
    server.transcript.wait_for("line 20");
    let copy = dir.path("copy");
    // It has what was said some milliseconds before.
    thread::sleep(Duration::from_millis(1500));
    let made = run(&["backup", "--data", &log, &copy]);
    assert!(
        told(&made).contains("a copy, entries 1 to 21, "),
        "{made:?}"
    );
    for command in ["check", "export"] {
        let beside = run(&[command, "--data", &log]);
        assert_eq!(beside.status.code(), Some(0), "{beside:?}");
    }
    let export = |log: &str| run(&["export", "--data", log]).stdout;
    assert_eq!(export(&copy), export(&log));
    let again = run(&["backup", "--data", &log, &copy]);
    assert!(refused(&again).contains("there is a log in"), "{again:?}");
    drop(client);
}

#[test]
fn a_log_of_another_version_is_left_to_that() {
    let dir = Dir::new("history");
    let older = dir.path("older");
    fs::create_dir(&older).expect("there is room");
    fs::write(Path::new(&older).join("log.redb"), "a database").expect("there is room");
    for output in all_that_opens(&older) {
        let told = refused(&output);
        assert!(told.contains("format version 1"), "{told}");
        assert!(
            told.contains("`chat-server export` of the version that wrote it"),
            "{told}"
        );
    }
    let log = log(&dir, "log", 5);
    let exported = run(&["export", "--data", &log]).stdout;
    let mut bytes = fs::read(segment(&log)).expect("it is there");
    bytes[8] += 2;
    let sum = XxHash3_64::oneshot_with_seed(0, &bytes[..88]);
    bytes[88..96].copy_from_slice(&sum.to_le_bytes());
    fs::write(segment(&log), bytes).expect("there is room");
    for output in all_that_opens(&log) {
        let told = refused(&output);
        assert!(told.contains("use the newer version"), "{told}");
    }
    let newer = text(&exported).replacen(r#""version":2"#, r#""version":4"#, 1);
    let output = run_with(newer.as_bytes(), &["import", "--data", &dir.path("other")]);
    let told = refused(&output);
    assert!(told.contains("the export has format version 4"), "{told}");
    assert!(told.contains("use the newer version"), "{told}");
}

/// A server without `--data`, and of the environment only what is given.
fn server_in(environment: &[(&str, &str)], arguments: &[&str]) -> Command {
    let mut command = Command::new(chat_server());
    command.args(["--listen", "127.0.0.1:0"]).args(arguments);
    for name in ["STATE_DIRECTORY", "XDG_STATE_HOME", "HOME", "LOCALAPPDATA"] {
        command.env_remove(name);
    }
    command.envs(environment.iter().copied());
    command
}

#[test]
#[cfg(unix)]
fn without_a_directory_history_is_kept_in_the_systems() {
    let dir = Dir::new("history");
    let (state, service) = (dir.path("state"), dir.path("service"));
    let xdg = ("XDG_STATE_HOME", state.as_str());
    let systemd = format!("{service}:{}", dir.path("unused"));
    for (environment, log) in [
        (&[xdg][..], format!("{state}/chat-server")),
        (&[xdg, ("STATE_DIRECTORY", &systemd)], service),
    ] {
        let mut server = Server::launch(server_in(environment, &[]), 1);
        assert!(server.process.runs());
        assert!(segment(&log).exists(), "{log}");
    }
    assert!(!dir.as_ref().join("unused").exists());
    let mut check = Command::new(chat_server());
    check
        .arg("check")
        .env_remove("STATE_DIRECTORY")
        .env("XDG_STATE_HOME", &state);
    let checked = check.output().expect("the binaries can be started");
    assert!(told(&checked).contains("sound, no entries"));
}

#[test]
fn where_there_is_no_directory_one_is_to_be_given_or_none_is_used() {
    let mut command = server_in(&[], &[]);
    let output = command.stdin(Stdio::null()).output();
    let output = output.expect("the binaries can be started");
    let told = refused(&output);
    assert!(told.contains("give --data DIR or --ephemeral"), "{told}");
    let mut server = Server::launch(server_in(&[], &["--ephemeral"]), 1);
    assert!(server.process.runs());
}

#[test]
fn a_server_that_keeps_nothing_writes_nothing() {
    let dir = Dir::new("history");
    let state = dir.path("state");
    let environment = [("XDG_STATE_HOME", state.as_str())];
    let mut server = Server::launch(server_in(&environment, &["--ephemeral"]), 1);
    assert!(server.process.runs());
    assert!(!Path::new(&state).exists());
}

#[test]
fn what_contradicts_itself_is_wrong_usage() {
    for arguments in [
        &["--ephemeral", "--data", "here"][..],
        &["--ephemeral", "--keep-bytes", "1GB"],
        &["--data", "here", "check"],
        &["check", "--listen", "127.0.0.1:0"],
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(USAGE), "{arguments:?}");
        assert!(!Path::new("here").exists());
    }
}

#[test]
#[cfg(unix)]
fn a_directory_that_cannot_be_written_is_said() {
    let dir = Dir::new("history");
    let file = dir.path("file");
    fs::write(&file, "").expect("there is room");
    let output = run(&["--listen", "127.0.0.1:0", "--data", &format!("{file}/log")]);
    let told = refused(&output);
    assert!(told.contains(&file), "{told}");
    assert!(told.contains("--data DIR chooses another"), "{told}");
}

#[test]
fn a_signal_ends_a_server_that_keeps_its_history_and_leaves_it_sound() {
    let dir = Dir::new("history");
    let log = dir.path("log");
    let server = Server::with(&["--data", &log, "--keep-days", "30", "--keep-entries", "10"]);
    end(server.process);
    let checked = run(&["check", "--data", &log]);
    assert!(told(&checked).contains("sound, "));
}

#[cfg(unix)]
fn end(mut process: Process) {
    process.signal(chat_tests::Signal::TERM);
    assert_eq!(process.exit_code(), 0);
}

#[cfg(not(unix))]
fn end(mut process: Process) {
    process.kill();
}
