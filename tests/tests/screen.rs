//! The full-screen client, on real pseudo-terminals and against a real server.

#![cfg(target_os = "linux")]

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use chat_tests::{Client, Dir, Server, Signal, Terminal, chat, eventually, in_a_window};

/// What the terminal is asked for at the end: no marks, no alternate screen.
const END: &str = "\u{1b}[?1049l";

fn command(server: &Server, state: &Dir) -> Command {
    let mut command = in_a_window();
    command.arg("--wait").arg(chat());
    command
        .arg(server.address().to_string())
        .args(["--state", &state.path("state")])
        .env("LANG", "C.UTF-8")
        .env_remove("LC_ALL")
        .env_remove("NO_COLOR");
    command
}

/// A terminal of so many columns and rows.
fn start(command: &mut Command, (columns, rows): (u16, u16)) -> Terminal {
    let terminal = Terminal::start(command);
    terminal.resize(columns, rows);
    terminal
}

/// The settings of a terminal that nobody has changed.
fn fresh_settings() -> String {
    Terminal::start(&mut Command::new("true")).settings()
}

fn seen(terminal: &Terminal, (columns, rows): (u16, u16)) -> String {
    let mut screen = vt100::Parser::new(rows, columns, 0);
    screen.process(terminal.screen.so_far().as_bytes());
    screen.screen().contents()
}

#[track_caller]
fn wait_for(terminal: &Terminal, size: (u16, u16), what: &str) {
    eventually(
        &format!("{what:?}; seen at last:\n{}", seen(terminal, size)),
        || seen(terminal, size).contains(what).then_some(()),
    );
}

/// In the room as `ann`.
fn joined(server: &mut Server, state: &Dir, size: (u16, u16)) -> Terminal {
    let mut terminal = start(&mut command(server, state), size);
    wait_for(&terminal, size, "Your name");
    terminal.type_line("ann");
    server.expect("ann has joined the chat");
    wait_for(&terminal, size, "online");
    terminal
}

#[test]
fn a_day_in_a_full_screen() {
    let size = (80, 24);
    let mut server = Server::start();
    let mut bob = Client::join(server.address());
    let name = server.transcript.line();
    let bob_name = name.split(' ').next().expect("it has a name").to_owned();
    for number in 1..=300 {
        bob.type_line(&format!("line {number}"));
    }
    server.skip_to(&format!("{bob_name}: line 300"));
    let state = Dir::new("screen");
    let mut terminal = start(&mut command(&server, &state), size);
    wait_for(&terminal, size, "Your name");
    terminal.type_line("ann");
    server.expect("ann has joined the chat");
    // What was said before is there without being asked for.
    wait_for(&terminal, size, "line 300");
    terminal.type_line("hello, everyone");
    server.expect("ann: hello, everyone");
    wait_for(&terminal, size, "ann: hello, everyone");
    bob.type_line("hi ann");
    wait_for(&terminal, size, ": hi ann");
    eventually("the first line there is", || {
        terminal.press("\u{1b}[5~");
        seen(&terminal, size)
            .contains(&format!("{bob_name} joined"))
            .then_some(())
    });
    wait_for(&terminal, size, "-- more --");
    let narrow = (40, 10);
    terminal.resize(narrow.0, narrow.1);
    terminal.press("\u{1b}");
    wait_for(&terminal, narrow, ": hi ann");
    assert_ne!(terminal.settings(), fresh_settings());
    terminal.press("\u{3}");
    server.skip_to("ann has left the chat");
    assert_eq!(terminal.process.exit_code(), 0);
    assert_eq!(terminal.settings(), fresh_settings());
    assert!(terminal.screen.all().ends_with(END));
}

#[test]
fn signals_leave_the_room_and_the_terminal_as_it_was() {
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let mut server = Server::start();
        let state = Dir::new("screen");
        let mut command = Command::new(chat());
        command.arg(server.address().to_string()).args([
            "--name",
            "ann",
            "--state",
            &state.path("state"),
        ]);
        let mut terminal = Terminal::start(&mut command);
        server.expect("ann has joined the chat");
        eventually("raw mode", || terminal.is_raw().then_some(()));
        terminal.process.signal(signal);
        server.expect("ann has left the chat");
        let code = terminal.process.exit_code();
        assert_eq!(code, if signal == Signal::INT { 130 } else { 0 });
        assert_eq!(terminal.settings(), fresh_settings(), "{signal:?}");
        assert!(terminal.screen.all().ends_with(END), "{signal:?}");
    }
}

/// Killed while the server does not answer: what was entered is said once, and what was being typed is there again.
#[test]
fn what_was_typed_outlives_a_kill() {
    let size = (80, 24);
    let data = Dir::new("screen-data");
    let mut server = Server::with(&["--data", &data.path("data")]);
    let state = Dir::new("screen");
    let mut terminal = joined(&mut server, &state, size);
    server.process.signal(Signal::STOP);
    terminal.type_line("said once");
    wait_for(&terminal, size, "1 not accepted");
    terminal.press("half a line");
    let draft = || {
        let mut folders = fs::read_dir(state.path("state")).ok()?;
        fs::read_to_string(folders.next()?.ok()?.path().join("draft")).ok()
    };
    eventually("the draft", || {
        draft()?.contains("\"half a line\"").then_some(())
    });
    terminal.process.kill();
    kill_screens_of(&state);
    server.process.signal(Signal::CONT);
    let mut terminal = start(&mut command(&server, &state), size);
    wait_for(&terminal, size, "> half a line");
    wait_for(&terminal, size, "ann: said once");
    wait_for(&terminal, size, "online");
    terminal.press("\r");
    server.skip_to("ann: half a line");
    let transcript = server.transcript.so_far();
    assert_eq!(
        transcript.matches("ann: said once").count(),
        1,
        "{transcript}"
    );
}

/// `setsid` was killed, and what it started is still there.
fn kill_screens_of(state: &Dir) {
    let pattern = format!("--state {}", state.path("state"));
    let find = || {
        let out = Command::new("pgrep").args(["-f", "--", &pattern]).output();
        String::from_utf8(out.ok()?.stdout).ok()
    };
    eventually("nothing that runs", || {
        for id in find()?.lines() {
            let _ = Command::new("kill").args(["-KILL", id]).status();
        }
        find()?.is_empty().then_some(())
    });
}

#[test]
fn it_stops_and_goes_on() {
    let size = (80, 24);
    let mut server = Server::start();
    let state = Dir::new("screen");
    let mut shell = in_a_window();
    shell
        .args(["sh", "-i"])
        .env("PS1", "$ ")
        .env("LANG", "C.UTF-8");
    let mut terminal = start(&mut shell, size);
    terminal.screen.wait_for("$ ");
    terminal.type_line(&format!(
        "{} {} --name ann --state {}",
        chat().display(),
        server.address(),
        state.path("state")
    ));
    server.expect("ann has joined the chat");
    wait_for(&terminal, size, "online");
    terminal.press("half a");
    wait_for(&terminal, size, "> half a");
    terminal.press("\u{1a}");
    terminal.screen.wait_for(END);
    terminal.screen.wait_for("$ ");
    terminal.type_line("fg");
    terminal.screen.wait_for("\u{1b}[?1049h");
    wait_for(&terminal, size, "> half a");
    terminal.press(" line\r");
    server.expect("ann: half a line");
    terminal.press("\u{3}");
    server.expect("ann has left the chat");
    terminal.screen.wait_for(END);
    terminal.screen.wait_for("$ ");
}

/// A program of the person's own has the terminal while it edits the line, and Ctrl-C is for that alone; then all is as before.
#[test]
fn the_line_is_edited_by_a_program_of_ones_own() {
    let size = (80, 24);
    let mut server = Server::start();
    let dir = Dir::new("screen-edit");
    let editor = dir.path("editor");
    let script = format!(
        "trap 'echo interrupted' INT\nstat -c %a \"$2\" > {0}/mode\necho \"$2\" > {0}/file\ncat \"$2\" > {0}/before\n\
         until read answer; do :; done\necho \"$1 $answer\" > \"$2\"\n\
         test \"$answer\" != bad\n",
        dir.path("")
    );
    fs::write(&editor, script).expect("it can be written");
    let mut command = command(&server, &dir);
    let run = fs::canonicalize(dir.path("")).expect("it is there");
    command
        .args(["--name", "ann"])
        .env_remove("VISUAL")
        .env("EDITOR", format!("sh {editor} edited:"))
        .env("XDG_RUNTIME_DIR", run);
    let mut terminal = start(&mut command, size);
    server.expect("ann has joined the chat");
    wait_for(&terminal, size, "online");
    let read = |name: &str| fs::read_to_string(dir.path(name)).ok();
    for (answer, line) in [("well", "> edited: well"), ("bad", "> edited: well")] {
        let _ = fs::remove_file(dir.path("before"));
        terminal.press("\u{18}\u{5}");
        terminal.screen.wait_for(END);
        eventually("it runs", || read("before").filter(|it| it.ends_with('\n')));
        let file = read("file").expect("it was told");
        assert_eq!(read("mode").as_deref(), Some("600\n"));
        // Not ours to end for.
        terminal.press("\u{3}");
        terminal.screen.wait_for("interrupted");
        terminal.type_line(answer);
        terminal.screen.wait_for("\u{1b}[?1049h");
        wait_for(&terminal, size, line);
        assert!(fs::metadata(file.trim()).is_err(), "{file}");
    }
    assert_eq!(read("before").as_deref(), Some("edited: well\n"));
    wait_for(&terminal, size, "Not edited");
    terminal.press("!\r");
    server.expect("ann: edited: well!");
    // It waits until that is accepted, and asks nobody.
    terminal.process.signal(Signal::TERM);
    server.expect("ann has left the chat");
    assert_eq!(terminal.process.exit_code(), 0);
}

#[test]
fn who_is_here_and_what_it_is_about_is_shown_and_one_person_is_spoken_to_alone() {
    let size = (120, 24);
    let mut server = Server::start();
    let mut bob = Client::join(server.address());
    let name = server.transcript.line();
    let bob_name = name.split(' ').next().expect("it has a name").to_owned();
    bob.type_line("/topic Tea at four");
    let state = Dir::new("screen");
    let mut terminal = start(&mut command(&server, &state), size);
    wait_for(&terminal, size, "Your name");
    terminal.type_line("ann");
    server.skip_to("ann has joined the chat");
    wait_for(&terminal, size, "│ 2 here");
    wait_for(&terminal, size, &format!("│ {bob_name}"));
    assert!(seen(&terminal, size).starts_with(" Tea at four"));
    bob.type_line("/msg ann psst");
    wait_for(&terminal, size, &format!("2:{bob_name} 1!"));
    assert!(!seen(&terminal, size).contains("psst"));
    terminal.press("\u{1b}2");
    wait_for(&terminal, size, &format!("{bob_name}: psst"));
    terminal.type_line("what is it?");
    wait_for(&terminal, size, "ann: what is it?");
    bob.screen.skip_to("[PM from ann] what is it?");
    terminal.type_line("/close");
    terminal.type_line("for all");
    server.skip_to("ann: for all");
    assert!(!server.transcript.so_far().contains("what is it"));
}

#[test]
fn the_mouse_is_given_back_and_the_terminal_is_asked_for_its_background_once() {
    const MOUSE: (&str, &str) = ("\u{1b}[?1000h\u{1b}[?1006h", "\u{1b}[?1006l\u{1b}[?1000l");
    let dir = Dir::new("screen");
    let file = dir.path("config.ron");
    fs::write(&file, "(mouse: true)").expect("it can be written");
    let mut server = Server::start();
    let address = server.address().to_string();
    for (arguments, wants_mouse) in [(&["--config", &*file][..], true), (&[], false)] {
        let mut command = Command::new(chat());
        command
            .args([&*address, "--name", "ann", "--no-state"])
            .args(arguments)
            .env("XDG_CONFIG_HOME", dir.path("none"))
            .env("TERM", "xterm-256color")
            .env_remove("NO_COLOR")
            .env_remove("COLORFGBG");
        let mut terminal = Terminal::start(&mut command);
        server.skip_to("ann has joined the chat");
        terminal.screen.wait_for("\u{1b}]11;?\u{1b}\\");
        // The answer is no part of the line.
        terminal.press("\u{1b}]11;rgb:ffff/ffff/ffff\u{1b}\\hi\r");
        server.skip_to("ann: hi");
        terminal.press("\u{c}");
        terminal.process.signal(Signal::TERM);
        server.skip_to("ann has left the chat");
        let all = terminal.screen.all();
        assert_eq!(all.matches("\u{1b}]11;?").count(), 1);
        assert_eq!(all.contains(MOUSE.0), wants_mouse);
        let given_back = all.rfind(MOUSE.1).expect("it is given back");
        let end = &all[given_back..];
        assert!(end.ends_with(END) && !end.contains(MOUSE.0));
    }
}

/// `cargo test -p chat-tests --test screen -- --ignored --nocapture first_frame`
#[test]
#[ignore = "a measurement"]
fn the_first_frame_is_there_within_50_ms() {
    let mut server = Server::start();
    let address = server.address().to_string();
    let mut times = Vec::new();
    for _ in 0..40 {
        let mut command = Command::new(chat());
        command.args([&*address, "--name", "ann", "--no-state"]);
        let begun = Instant::now();
        let mut terminal = Terminal::start(&mut command);
        terminal.screen.wait_for("F1: help");
        times.push(begun.elapsed());
        terminal.process.signal(Signal::TERM);
        server.skip_to("ann has left the chat");
    }
    times.sort();
    let (half, most) = (times[times.len() / 2], times[times.len() - 1]);
    println!("from the start to the first frame: half within {half:?}, all within {most:?}");
    // Of the others, a machine that is shared makes what it wants.
    assert!(half < Duration::from_millis(50), "{half:?}");
}

#[test]
fn what_is_no_terminal_for_it_is_told_what_to_use() {
    let state = Dir::new("screen");
    let server = Server::start();
    let mut terminal = Terminal::start(command(&server, &state).env("TERM", "dumb"));
    terminal.screen.wait_for("use chat-client");
    assert_eq!(terminal.finish().0, 2);
    let out = Command::new(chat())
        .stdin(Stdio::null())
        .output()
        .expect("it runs");
    assert_eq!(out.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&out.stderr).contains("use chat-client"));
    assert!(out.stdout.is_empty());
}

#[test]
fn control_backslash_ends_it_at_once_and_the_terminal_is_as_it_was() {
    let mut server = Server::start();
    // Whoever starts the tests in the background may have the signal ignored.
    let mut command = Command::new("env");
    command.arg("--default-signal").arg(chat());
    let address = server.address().to_string();
    let mut terminal = Terminal::start(command.args([&address, "--name", "ann", "--no-state"]));
    server.expect("ann has joined the chat");
    eventually("raw mode", || terminal.is_raw().then_some(()));
    terminal.press("\u{1c}");
    assert_eq!(terminal.process.exit_code(), 128 + 3);
    assert_eq!(terminal.settings(), fresh_settings());
    assert!(terminal.screen.all().ends_with(END));
}

#[test]
fn what_is_set_in_a_file_counts_unless_it_is_told_otherwise() {
    let out = Command::new(chat())
        .arg("default-config")
        .output()
        .expect("it runs");
    let default = String::from_utf8(out.stdout).expect("it is text");
    assert!(out.status.success() && default.contains("server: \"127.0.0.1:5000\","));
    let dir = Dir::new("screen");
    let mut server = Server::start();
    let set = default
        .replace("127.0.0.1:5000", &server.address().to_string())
        .replace("name: None", "name: \"ann\"");
    let file = dir.path("config.ron");
    fs::write(&file, set).expect("it can be written");
    for (name, arguments) in [("ann", &[][..]), ("bob", &["--name", "bob"])] {
        let mut command = Command::new(chat());
        command
            .args(["--no-state", "--config", &file])
            .args(arguments);
        let mut terminal = Terminal::start(&mut command);
        server.expect(&format!("{name} has joined the chat"));
        terminal.process.signal(Signal::TERM);
        server.expect(&format!("{name} has left the chat"));
    }
    fs::write(&file, "(bel: true)").expect("it can be written");
    let mut command = Command::new(chat());
    let out = command.args(["--config", &file]).output().expect("it runs");
    assert_eq!(out.status.code(), Some(2));
    let why = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(why.starts_with(&format!("chat: {file}: ")), "{why}");
}

#[test]
fn a_server_that_is_not_there_is_waited_for_and_told_on_the_screen_one_comes_back_to() {
    let size = (80, 24);
    let state = Dir::new("screen");
    let server = Server::start();
    let mut command = command(&server, &state);
    drop(server);
    let mut terminal = start(command.args(["--name", "ann"]), size);
    wait_for(&terminal, size, "no server, next try in 2 s");
    terminal.press("\u{3}");
    let (code, screen) = terminal.finish();
    assert_eq!(code, 3);
    let (_, after) = screen.rsplit_once(END).expect("it was left");
    assert!(after.starts_with("chat: Could not connect to "), "{after}");
}
