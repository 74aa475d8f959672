//! `chat-bench` against the real server, and against servers that lie.

use serde_json::Value;
use std::env::consts::EXE_SUFFIX;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

#[path = "bench/liar.rs"]
mod liar;

use liar::Lie;

/// Options that make a run short.
const SHORT: [&str; 6] = ["--warm-up", "0.1", "--seconds", "0.3", "--patience", "5"];

fn bench(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chat-bench"));
    command.args(args).stdin(Stdio::null());
    command.output().expect("chat-bench starts")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The one JSON object on standard output.
#[track_caller]
fn object(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("stdout is one JSON object")
}

/// What a run found that was exact.
#[track_caller]
fn exact(output: &Output) -> Value {
    assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
    assert_eq!(stderr(output), "", "nothing to say where nobody looks");
    let value = object(output);
    assert_eq!(value["exact"], true, "{value}");
    assert_eq!(value.get("faults"), None, "{value}");
    value
}

fn number(value: &Value, key: &str) -> f64 {
    value[key]
        .as_f64()
        .unwrap_or_else(|| panic!("no number {key} in {value}"))
}

/// A chat-server that runs by itself.
struct Running(Child, String);

impl Running {
    fn start() -> Self {
        Self::start_with(&[])
    }

    fn start_with(options: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chat-server"));
        command.args(["--listen", "127.0.0.1:0", "--ephemeral"]);
        command.args(options);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        std::thread::spawn(move || output.read_to_end(&mut Vec::new()));
        let address = line.trim().strip_prefix("Listening on ").unwrap();
        Self(child, address.into())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn fanout_counts_deliveries() {
    let args = [
        "fanout",
        "--spawn",
        "--json",
        "--members",
        "20",
        "--senders",
        "4",
    ];
    let found = exact(&bench(&[&args[..], &SHORT].concat()));
    assert_eq!(
        (&found["mode"], &found["members"]),
        (&"fanout".into(), &20.into())
    );
    assert!(number(&found, "deliveries") > 1000.0, "{found}");
    assert!(number(&found, "messages") * 19.0 >= number(&found, "deliveries"));
    assert!(number(&found, "deliveries_per_second") > 1000.0, "{found}");
    if cfg!(target_os = "linux") {
        assert!(number(&found, "server_cpu_seconds_per_million") >= 0.0);
    }
}

/// Whoever is in one room hears nothing of the others.
#[test]
fn fanout_in_several_rooms_counts_what_is_heard_in_each() {
    let args = [
        "fanout", "--spawn", "--json", "-m", "11", "-s", "5", "-c", "8",
    ];
    let found = exact(&bench(&[&args[..], &["--rooms", "5"], &SHORT].concat()));
    assert_eq!(found["rooms"], 5, "{found}");
    let (said, heard) = (number(&found, "messages"), number(&found, "deliveries"));
    assert!(heard > 100.0, "{found}");
    assert!(heard <= said * 2.0, "there are 2 or 3 in each: {found}");
}

/// What is measured is what people run, unless it is asked for otherwise.
#[test]
fn a_server_of_its_own_keeps_a_history_and_takes_it_away() {
    let args = ["storm", "--spawn", "--json", "-m", "3"];
    let found = exact(&bench(&args));
    assert_eq!(found["history"], "disk", "{found}");
    let dir = Path::new(found["history_dir"].as_str().expect("it is told"));
    assert!(dir.starts_with(std::env::temp_dir()), "{found}");
    assert!(!dir.exists(), "{found}");

    let found = exact(&bench(&[&args[..], &["--ephemeral"]].concat()));
    assert_eq!(found["history"], "memory", "{found}");
    assert!(found["history_dir"].is_null(), "{found}");
}

#[test]
fn one_message_in_flight_is_enough() {
    let args = [
        "fanout", "--spawn", "--json", "-m", "2", "-s", "9", "-c", "1", "-b", "32",
    ];
    let found = exact(&bench(&[&args[..], &SHORT].concat()));
    assert_eq!(found["senders"], 2, "no more than members");
}

#[test]
fn the_longest_messages_go_through() {
    let args = ["fanout", "--spawn", "--json", "-m", "5", "-b", "4096"];
    exact(&bench(&[&args[..], &SHORT].concat()));
}

#[test]
fn latency_keeps_its_rate() {
    let args = [
        "latency",
        "--spawn",
        "--json",
        "--members",
        "10",
        "--rate",
        "500",
    ];
    let found = exact(&bench(&[&args[..], &SHORT].concat()));
    assert_eq!(found["messages"], 200, "0.4 s of 500 a second");
    assert_eq!(found["deliveries"], 150 * 9);
    let keys = ["p50_us", "p90_us", "p99_us", "p999_us", "max_us"];
    let taken = keys.map(|key| number(&found, key));
    assert!(taken[0] > 0.0 && taken.is_sorted(), "{found}");
}

/// What was not done as asked in a run that was exact.
#[track_caller]
fn unmet(args: &[&str]) -> (Value, String) {
    let output = bench(args);
    let found = object(&output);
    assert_eq!(output.status.code(), Some(1), "{found}");
    assert_eq!(found["exact"], true, "{found}");
    let unmet = found["not_as_asked"].as_array().expect("it says what");
    let unmet: Vec<_> = unmet.iter().map(|line| line.as_str().unwrap()).collect();
    let told: Vec<_> = unmet
        .iter()
        .map(|line| format!("chat-bench: not as asked: {line}\n"))
        .collect();
    assert_eq!(stderr(&output), told.concat());
    let unmet = unmet.join("\n");
    (found, unmet)
}

#[test]
fn a_rate_that_cannot_be_kept_is_no_fault_of_the_deliveries() {
    let args = ["latency", "--spawn", "--json", "-m", "100", "-r", "1000000"];
    let times = ["--warm-up", "0.1", "--seconds", "0.3", "--patience", "1"];
    let (found, unmet) = unmet(&[&args[..], &times].concat());
    assert!(
        unmet.starts_with("the rate of 1000000 a second was not kept: "),
        "{unmet}"
    );
    assert_eq!(found["rate_kept"], false, "{found}");
    assert!(number(&found, "messages") < 400_000.0, "{found}");
}

#[test]
fn where_nothing_was_measured_there_are_no_figures() {
    let args = ["latency", "--spawn", "--json", "-m", "3", "--rate", "1"];
    let times = ["--warm-up", "0.3", "--seconds", "0.2"];
    let (found, unmet) = unmet(&[&args[..], &times].concat());
    assert!(unmet.starts_with("nothing was measured: "), "{unmet}");
    assert_eq!((found.get("p50_us"), found.get("max_us")), (None, None));
}

#[test]
fn members_are_measured_alone_and_beside_abusers() {
    // Enough for who is deaf to fall behind, and not for those who read.
    let server = Running::start_with(&["--limit-loopback", "--rate", "20", "--host-rate", "200"]);
    let process = server.0.id().to_string();
    let args = [
        "latency",
        &server.1,
        "--pid",
        &process,
        "--json",
        "--members",
        "20",
        "--rate",
        "200",
        "--deaf",
        "3",
        "--flooding",
        "3",
    ];
    let found = exact(&bench(&[&args[..], &SHORT].concat()));
    assert_eq!(found["messages"], 2 * 80, "0.4 s of 200 a second, twice");
    for part in ["alone", "beside"] {
        assert_eq!(found[format!("{part}_deliveries")], 60 * 19);
        let keys = ["p50_us", "p90_us", "p99_us", "p999_us", "max_us"];
        let taken = keys.map(|key| number(&found, &format!("{part}_{key}")));
        assert!(taken[0] > 0.0 && taken.is_sorted(), "{found}");
    }
    assert!(number(&found, "p50_beside_to_alone") > 0.0, "{found}");
    assert!(number(&found, "p99_beside_to_alone") > 0.0, "{found}");
    assert!(number(&found, "flooding_lines_per_second") > 8.0, "{found}");
    assert!(number(&found, "flooding_closed") <= 3.0, "{found}");
    if cfg!(target_os = "linux") {
        assert_eq!(found["deaf_closed"], 3, "they fell behind at once");
        assert!(number(&found, "server_resident_bytes_before") > 0.0);
        assert!(number(&found, "server_peak_bytes") >= number(&found, "server_resident_bytes"));
        let held = ["most_held_by_server_bytes", "most_held_for_sockets_bytes"];
        let held = held.map(|key| number(&found, key));
        assert!(held[0] > 0.0 && held[1] >= 0.0, "{found}");
        assert!(number(&found, "most_held_bytes") > held[0] - 1.0, "{found}");
    }
}

#[test]
fn idle_members_are_held() {
    let args = [
        "idle",
        "--spawn",
        "--json",
        "--members",
        "300",
        "--seconds",
        "0.2",
    ];
    let found = exact(&bench(&args));
    assert!(number(&found, "held_seconds") >= 0.2);
    if cfg!(target_os = "linux") {
        assert!(number(&found, "server_resident_bytes") > 0.0);
        assert!(number(&found, "server_bytes_per_member") < 100_000.0);
    }
}

#[test]
fn a_storm_tells_everyone_of_everyone() {
    let found = exact(&bench(&["storm", "--spawn", "--json", "--members", "300"]));
    assert_eq!(found["join_notices"], 300 * 299 / 2);
    assert_eq!(found["leave_notices"], 300 * 299 / 2);
}

#[test]
fn the_table_is_for_people() {
    let output = bench(&["storm", "--spawn", "--members", "3"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.starts_with("mode "), "{table}");
    let line = |label: &str| table.lines().find(|line| line.starts_with(label));
    assert!(
        line("join notices ").is_some_and(|line| line.ends_with(" 3")),
        "{table}"
    );
    assert!(
        line("exact ").is_some_and(|line| line.ends_with(" yes")),
        "{table}"
    );
}

#[test]
fn a_server_that_runs_goes_on_running() {
    let mut server = Running::start();
    let address = server.1.clone();
    let args = ["fanout", &address, "--json", "-m", "5"];
    let found = exact(&bench(&[&args[..], &SHORT].concat()));
    assert_eq!(
        found.get("server_cpu_seconds"),
        None,
        "its process is not known"
    );
    if cfg!(target_os = "linux") {
        let pid = server.0.id().to_string();
        let found = exact(&bench(&[
            "storm", &address, "--json", "-m", "5", "--pid", &pid,
        ]));
        assert!(number(&found, "server_resident_bytes") > 0.0);
    }
    assert!(server.0.try_wait().unwrap().is_none());
}

#[test]
fn what_others_say_is_not_judged() {
    let address = liar::start(Lie::Person);
    let args = ["fanout", &address, "--json", "-m", "4"];
    let found = exact(&bench(&[&args[..], &SHORT].concat()));
    assert!(number(&found, "lines_of_others") > 0.0, "{found}");
}

#[test]
fn an_honest_server_passes() {
    let address = liar::start(Lie::None);
    exact(&bench(
        &[&["fanout", &address, "--json", "-m", "4"][..], &SHORT].concat(),
    ));
    exact(&bench(
        &[&["latency", &address, "--json", "-m", "4"][..], &SHORT].concat(),
    ));
    exact(&bench(&[
        "storm",
        &address,
        "--json",
        "-m",
        "20",
        "--at-once",
        "1",
    ]));
    exact(&bench(&["storm", &address, "--json", "-m", "60"]));
}

/// Runs against a server that lies once; the faults that are found.
#[track_caller]
fn caught(lie: Lie, args: &[&str]) -> Vec<String> {
    let address = liar::start(lie);
    let output = bench(&[&args[..1], &[&address, "--json"], &args[1..]].concat());
    assert_eq!(
        output.status.code(),
        Some(1),
        "{lie:?}: {}",
        stderr(&output)
    );
    let found = object(&output);
    assert_eq!(found["exact"], false, "{lie:?}");
    let faults = found["faults"].as_array().expect("it names faults");
    let faults: Vec<_> = faults
        .iter()
        .map(|f| f.as_str().unwrap().to_string())
        .collect();
    let told = format!(
        "chat-bench: not exact: {}\n",
        faults.join("\nchat-bench: not exact: ")
    );
    assert_eq!(stderr(&output), told, "{lie:?}");
    faults
}

#[test]
fn lies_about_what_was_said_are_named() {
    for (lie, fault) in [
        (
            Lie::Drop,
            "delivery lost: member 1 did not hear line 9 of member 0",
        ),
        (
            Lie::Double,
            "delivery doubled: member 1 heard line 9 of member 0 twice",
        ),
        (
            Lie::Reorder,
            "delivery out of order: member 1 heard line 9 of member 0 after a later one",
        ),
        (
            Lie::Echo,
            "line echoed to its speaker: member 0 heard its own line 9",
        ),
        (Lie::Alter, "line altered or invented: member 1 heard “"),
    ] {
        for mode in ["fanout", "latency"] {
            let faults = caught(lie, &[&[mode, "-m", "3", "-s", "1"][..], &SHORT].concat());
            let rest = if lie == Lie::Alter { 2 } else { 1 };
            assert_eq!(
                faults.len(),
                rest,
                "an altered line is lost as well: {faults:?}"
            );
            assert!(
                faults.iter().any(|found| found.starts_with(fault)),
                "{faults:?}"
            );
        }
    }
}

#[test]
fn another_order_for_half_of_the_members_is_named() {
    for (mode, senders) in [("fanout", "3"), ("latency", "3"), ("fanout", "6")] {
        let args = [mode, "-m", "6", "-s", senders];
        let faults = caught(Lie::Diverge, &[&args[..], &SHORT].concat());
        let is_named = |fault: &String| fault.contains(" not the same for everyone");
        assert!(faults.len() == 1 && is_named(&faults[0]), "{faults:?}");
    }
}

#[test]
fn lies_about_who_is_there_are_named() {
    let kind = "member told wrongly who joined or left: ";
    for (lie, fault) in [
        (
            Lie::DropJoined,
            "member 1 was told of 7 that had joined, instead of 8",
        ),
        (
            Lie::DoubleJoined,
            "member 1 was told of 9 that had joined, instead of 8",
        ),
        (
            Lie::DropLeft,
            "member 0 was not told that member 2 had left",
        ),
    ] {
        let args = ["storm", "-m", "10", "--at-once", "1", "--patience", "0.5"];
        assert_eq!(caught(lie, &args), [format!("{kind}{fault}")]);
    }
}

#[test]
fn a_closed_connection_is_named() {
    let faults = caught(
        Lie::Goodbye,
        &[&["fanout", "-m", "3", "-s", "1"][..], &SHORT].concat(),
    );
    let closed = "that of member 1, saying “* Goodbye: enough.”";
    assert!(
        faults.iter().any(|fault| fault.contains(closed)),
        "{faults:?}"
    );
}

#[test]
fn a_server_that_delivers_nothing_is_not_waited_for() {
    let args = ["fanout", "-m", "3", "-s", "1", "--patience", "0.5"];
    let faults = caught(Lie::Silent, &args);
    let kinds = ["stall: nothing came", "deliveries still under way when"];
    assert_eq!(faults.len(), 2, "nothing proves a loss: {faults:?}");
    for (fault, kind) in faults.iter().zip(kinds) {
        assert!(fault.contains(kind), "{faults:?}");
    }
}

#[test]
fn idle_members_that_nothing_comes_through_to_are_named() {
    let args = ["idle", "-m", "3", "--seconds", "0.1", "--patience", "0.5"];
    let faults = caught(Lie::Silent, &args);
    assert_eq!(
        faults,
        [
            "stall: nothing came for 500ms, and 2 deliveries were due",
            "2 deliveries still under way when patience ended; the first: line 0 of member 0 to \
             member 1"
        ]
    );
}

#[test]
fn a_failure_is_in_the_object_as_well() {
    let address = liar::start(Lie::Die);
    let output = bench(&["storm", &address, "--json", "-m", "10", "--at-once", "1"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let found = object(&output);
    assert_eq!(found["mode"], "storm");
    assert_eq!(found["members"], 10);
    assert_eq!(found["exact"], false);
    let failure = found["failure"].as_str().expect("it says why");
    assert!(failure.contains("closed by the server"), "{failure}");
    assert_eq!(stderr(&output), format!("chat-bench: {failure}\n"));
}

#[test]
fn what_cannot_be_done_is_said() {
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = unused.local_addr().unwrap().to_string();
    drop(unused);
    for (args, code, words) in [
        (&["fanout", "203.0.113.5:5000"][..], 2, "--remote"),
        (&["fanout", "127.0.0.1:none"], 2, "HOST:PORT"),
        (&["fanout", "--members", "1"], 2, "2..=60000"),
        (&["fanout", "--members", "60001"], 2, "2..=60000"),
        (
            &["fanout", "--spawn", "-m", "5", "--rooms", "3"],
            2,
            "2 or more in each",
        ),
        (&["fanout", "--rooms", "10001"], 2, "1..=10000"),
        (&["storm", "--members", "-5"], 2, ""),
        (&["latency", "--seconds", "3601"], 2, "0.1..=3600"),
        (&["latency", "--deaf", "60001"], 2, "0..=60000"),
        (&["latency", "-m", "10000", "-s", "10000"], 2, "product"),
        (&["idle", "127.0.0.1", "--spawn"], 2, "--spawn"),
        (&["idle", "--ephemeral"], 2, "--spawn"),
        (&["idle", "--pid", "4294967295"], 2, "--pid"),
        (&[], 2, "Usage"),
        (&["fanout", &nobody], 3, &nobody),
    ] {
        let output = bench(args);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
        assert!(said.contains(words), "{args:?}: {said}");
        assert_eq!(output.stdout, b"", "{args:?}");
    }
}

#[test]
fn a_server_that_does_not_belong_to_it_is_not_started() {
    let folder = format!("beside-{}", std::process::id());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir(&folder).unwrap();
    let place = |program: &str, name: &str| {
        let there = folder.join(format!("{name}{EXE_SUFFIX}"));
        fs::hard_link(program, &there).unwrap();
        there
    };
    let bench = place(env!("CARGO_BIN_EXE_chat-bench"), "chat-bench");
    let refused = || {
        let mut command = Command::new(&bench);
        let output = command.args(["storm", "--spawn", "-m", "2"]).output();
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        assert_eq!(output.stdout, b"");
        let said = stderr(&output);
        assert!(said.contains("cargo build --release"), "{said}");
        said
    };
    let said = refused();
    assert!(said.contains("cannot start it"), "none is there: {said}");
    // It takes `--version` as well, and says something else.
    place(env!("CARGO_BIN_EXE_chat-client"), "chat-server");
    let said = refused();
    assert!(said.contains("it is “chat-client "), "{said}");
    let _ = fs::remove_dir_all(&folder);
}

#[test]
#[cfg(target_os = "linux")]
fn an_interrupted_run_leaves_no_server_behind() {
    use rustix::process::{Pid, Signal, kill_process};
    use std::time::{Duration, Instant};

    let mut command = Command::new(env!("CARGO_BIN_EXE_chat-bench"));
    command.args(["idle", "--spawn", "-m", "2", "--seconds", "60"]);
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    let begin = Instant::now();
    let children = format!("/proc/{0}/task/{0}/children", child.id());
    let server = loop {
        let server = fs::read_to_string(&children).unwrap();
        if let Ok(server) = server.trim().parse::<u32>() {
            break server;
        }
        assert!(begin.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(5));
    };
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(!Path::new(&format!("/proc/{server}")).exists());
}
