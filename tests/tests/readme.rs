//! The README's commands do what it says, as it writes them.

use chat_tests::{Output, Process, loopback};
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

const README: &str = include_str!("../../README.md");

/// The command lines in the README's shell blocks, in order.
fn commands() -> Vec<&'static str> {
    let blocks = README.split("```sh\n").skip(1);
    let blocks = blocks.filter_map(|block| block.split("```").next());
    blocks.flat_map(str::lines).collect()
}

/// A command line of the README, as typed at the root of the project.
fn typed(line: &str) -> Command {
    let mut words = line.split(' ');
    assert_eq!(words.next(), Some("cargo"), "{line}");
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the project's root");
    command.args(words).current_dir(root);
    command
}

fn succeeds(line: &str) -> String {
    let output = typed(line)
        .output()
        .unwrap_or_else(|error| panic!("{line}: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{line}: {errors}");
    String::from_utf8(output.stdout).expect("what is printed is UTF-8")
}

#[test]
fn the_commands_are_these() {
    assert_eq!(
        commands(),
        [
            "cargo run --release",
            "cargo run --release --bin chat-client",
            "cargo test --workspace",
            "cargo build --release",
            "cargo run --release --bin chat-bench -- fanout --spawn",
            "cargo run --release -- check",
            "cargo run --release -- export",
            "cargo run -p chat-sim -- list",
            "cargo run -p chat-sim -- run sim/scenarios/documented.ron",
            "cargo run -p chat-sim -- explore --seeds 0..1000",
            "cargo +nightly fuzz run server -- -max_total_time=600",
        ]
    );
}

/// As the README has it, on port 5000; where a server of somebody else has that, perhaps the one that the README had them
/// start, on another one.
#[test]
fn the_first_runs_a_server_and_the_second_talks_to_it() {
    // What follows has a deadline, and is not to spend it on compiling. The load tool needs it too.
    succeeds(commands()[3]);
    let state = std::env::temp_dir().join(format!("chat-readme-{}", std::process::id()));
    let mut server = typed(commands()[0]);
    let mut client = typed(commands()[1]);
    let taken = TcpListener::bind(loopback(5000)).err();
    if let Some(error) = &taken {
        assert!(std::env::var_os("CI").is_none(), "port 5000: {error}");
        eprintln!("port 5000 cannot be had now ({error}): tried with another one");
        server.args(["--", "--listen", "0"]);
    }
    let mut server = Process::spawn(
        server
            .env_remove("STATE_DIRECTORY")
            .env("XDG_STATE_HOME", &state)
            .stdout(Stdio::piped())
            .stderr(Stdio::null()),
    );
    let mut screen = Output::of(server.child().stdout.take().expect("it is piped"));
    let first = screen.line();
    let address = first.strip_prefix("Listening on ");
    let address = address.unwrap_or_else(|| panic!("{first}"));
    if taken.is_some() {
        client.args(["--", address]);
    } else {
        assert_eq!(address, "127.0.0.1:5000");
    }
    client
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut client = Process::spawn(&mut client);
    let mut heard = Output::of(client.child().stdout.take().expect("it is piped"));
    let mut keyboard = client.child().stdin.take().expect("it is piped");
    keyboard
        .write_all(b"JOIN reader\nit works\nleave\n")
        .expect("the client reads");
    heard.expect("Welcome to the chatroom!");
    assert_eq!(client.exit_code(), 0);
    screen.expect("reader has joined the chat");
    screen.expect("reader: it works");
    screen.expect("reader has left the chat");

    let measured = succeeds(commands()[4]);
    assert!(measured.contains("exact"), "{measured}");

    drop(server);
    for (line, told) in [(5, "sound"), (6, "exported")] {
        let output = (typed(commands()[line]).env_remove("STATE_DIRECTORY"))
            .env("XDG_STATE_HOME", &state)
            .output()
            .expect("cargo can be started");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && errors.contains(told), "{errors}");
    }
    std::fs::remove_dir_all(state).expect("it is ours");
}

#[test]
fn scenarios_are_listed_and_told() {
    assert!(succeeds(commands()[7]).contains("documented"));
    assert!(succeeds(commands()[8]).contains("USER61014: Hi Guys!!!"));
    assert!(succeeds(commands()[9]).starts_with("everything held; 1000 worlds from seed 0"));
}
