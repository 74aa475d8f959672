//! A name that was claimed belongs to its owner after a `kill -9`, a back-up, and an export that is imported.

use chat_tests::{Dir, Raw, Server, chat_server};
use std::fs;
use std::process::{Command, Stdio};

/// A server whose history is in this directory.
fn start(data: &str) -> Server {
    Server::with(&["--data", data])
}

/// Whether the name belongs to whoever knows the password, and to nobody else.
#[track_caller]
fn expect_owned(server: &Server) {
    let mut other = Raw::first_line(server.address(), "JOIN ann");
    other.expect(
        "* The name ann belongs to somebody; you are ann-2. If it is yours: /login ann PASSWORD.",
    );
    other.say("/login ann open says me");
    other.expect("* Not done: nobody has claimed that name, or the password is another one.");
    other.say("/login ann open sesame");
    other.expect("ann-2 is now known as ann");
    other.expect("* You are ann, as the name is yours.");
    other.say("LEAVE");
}

/// Runs a command of the server on a history.
fn run(arguments: &[&str], data: &str, input: Option<&str>, output: Option<&str>) {
    let mut command = Command::new(chat_server());
    command.args(arguments).args(["--data", data]);
    if let Some(input) = input {
        command.stdin(fs::File::open(input).unwrap());
    }
    command.stdout(output.map_or_else(Stdio::null, |path| fs::File::create(path).unwrap().into()));
    assert!(command.status().unwrap().success(), "{arguments:?}");
}

#[test]
fn a_claimed_name_outlives_a_kill_and_moves_with_the_history() {
    let dir = Dir::new("accounts");
    let data = dir.path("data");
    let mut server = start(&data);
    let mut ann = Raw::first_line(server.address(), "JOIN ann");
    ann.say("/claim open sesame");
    ann.expect("* The name ann is yours. From elsewhere, /login ann PASSWORD gives it to you.");
    server.process.kill();

    let mut server = start(&data);
    expect_owned(&server);
    server.process.kill();
    run(&["check"], &data, None, None);
    let export = dir.path("history.jsonl");
    run(&["export"], &data, None, Some(&export));
    let exported = fs::read_to_string(&export).unwrap();
    assert!(exported.contains("@accounts") && !exported.contains("open sesame"));

    let moved = dir.path("moved");
    run(&["import"], &moved, Some(&export), None);
    expect_owned(&start(&moved));
}

#[test]
fn without_a_history_names_are_free_again_at_the_end() {
    let server = Server::start();
    let mut ann = Raw::first_line(server.address(), "JOIN ann");
    ann.say("/claim open sesame");
    ann.expect_start("* The name ann is yours.");
    drop(server);
    let server = Server::start();
    let mut other = Raw::first_line(server.address(), "JOIN ann");
    other.expect_nothing_more();
}
