//! What two owners of names say to each other alone outlives a `kill -9`, waits, and is seen by nobody else.

use chat_tests::{Client, Dir, Raw, Server, chat_server};
use std::fs;
use std::process::{Command, Stdio};

const SECRET: &str = "the eagle lands at nine";

fn start(data: &str) -> Server {
    let mut command = Server::command(&["--data", data]);
    command.env("RUST_LOG", "trace");
    Server::launch(command, 1)
}

/// Somebody who makes this name their own.
fn claim(server: &Server, name: &str) -> Raw {
    let mut raw = Raw::first_line(server.address(), &format!("JOIN {name}"));
    raw.say("/claim open sesame");
    raw.expect_start(&format!("* The name {name} is yours."));
    raw
}

fn log_in(server: &Server, name: &str) -> Raw {
    let mut raw = Raw::first_line(server.address(), "JOIN");
    raw.say(&format!("/login {name} open sesame"));
    skip_to(
        &mut raw,
        &format!("* You are {name}, as the name is yours."),
    );
    raw
}

/// Reads lines up to one that begins so.
fn skip_to(raw: &mut Raw, wanted: &str) {
    while !raw.line().starts_with(wanted) {}
}

/// Runs a command of the server on a history; what it writes on its two outputs.
fn run(arguments: &[&str], data: &str, input: Option<&str>) -> (String, String) {
    let mut command = Command::new(chat_server());
    command.args(arguments).args(["--data", data]);
    if let Some(input) = input {
        command.stdin(fs::File::open(input).unwrap());
    }
    let done = command.stdout(Stdio::piped()).output().unwrap();
    assert!(done.status.success(), "{arguments:?}");
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(done.stdout), text(done.stderr))
}

#[test]
fn private_words_wait_over_a_kill_and_nobody_else_sees_them() {
    let dir = Dir::new("private-words");
    let data = dir.path("data");
    let mut server = start(&data);
    let mut ann = claim(&server, "ann");
    let mut bob = claim(&server, "bob");
    ann.expect("bob has joined the chat");
    let mut eve = claim(&server, "eve");
    for raw in [&mut ann, &mut bob] {
        raw.expect("eve has joined the chat");
    }
    let admin = Command::new(chat_server())
        .args(["admin", "--data", &data, "grant", "eve"])
        .status();
    assert!(admin.unwrap().success());
    eve.expect_start("* You are an administrator now");
    ann.say("/msg bob hello");
    ann.expect("[PM to bob] hello");
    bob.expect("[PM from ann] hello");
    bob.say("LEAVE");
    ann.expect("bob has left the chat");
    eve.expect("bob has left the chat");
    ann.say(&format!("/msg bob {SECRET}"));
    ann.expect(&format!("[PM to bob] {SECRET}"));
    ann.expect("* bob is not here; it waits for them.");
    // Whoever is told so knows that it is on the disk.
    server.process.kill();
    let first = server.log.all();

    let mut server = start(&data);
    let mut eve = log_in(&server, "eve");
    for line in [
        "/rooms",
        "/history 1000",
        "/who",
        "/inbox",
        "/inbox ann",
        "/inbox bob",
        "/whois bob",
    ] {
        eve.say(line);
    }
    eve.say("the end");
    eve.say("LEAVE");
    let seen = eve.rest().concat();
    assert!(
        !seen.contains(SECRET) && !seen.contains("hello") && !seen.contains('@'),
        "{seen}"
    );
    let mut bob = log_in(&server, "bob");
    let told = bob.line();
    assert!(
        told.starts_with("* 1 private message since ") && told.ends_with(" (1 from ann): /inbox"),
        "{told}"
    );
    bob.say("/inbox");
    bob.expect_start("* At ");
    bob.expect(&format!("[PM from ann] {SECRET}"));
    bob.say("/inbox");
    bob.expect("* Nothing waits for you.");
    bob.say("/inbox ann");
    bob.expect_start("* At ");
    for line in ["[PM from ann] hello", &format!("[PM from ann] {SECRET}")] {
        skip_to(&mut bob, line);
    }
    for command in ["who", "status", "rooms"] {
        let asked = Command::new(chat_server())
            .args(["admin", "--data", &data, command])
            .output()
            .unwrap();
        let shown = String::from_utf8_lossy(&asked.stdout).into_owned();
        assert!(
            !shown.contains('@') && !shown.contains("hello"),
            "{command}: {shown}"
        );
    }
    bob.say("/unclaim");
    bob.expect_start("* The name bob is no longer claimed");
    bob.say("LEAVE");
    server.process.kill();
    let logs = first + &server.log.all();
    let screen = server.transcript.all();
    for shown in [&logs, &screen] {
        assert!(!shown.contains(SECRET), "{shown}");
    }

    // Whoever has the name next begins anew.
    let server = start(&data);
    let mut bob = claim(&server, "bob");
    bob.say("/inbox ann");
    bob.expect("* Nothing is kept of what you and ann have said to each other alone.");
    drop(server);

    run(&["check"], &data, None);
    let (exported, told) = run(&["export"], &data, None);
    assert!(!exported.contains(SECRET) && !exported.contains("hello"));
    assert!(told.contains("private words are left out"), "{told}");
    let (exported, _) = run(&["export", "--private"], &data, None);
    assert!(exported.contains(SECRET));
    let (file, moved) = (dir.path("all.jsonl"), dir.path("moved"));
    fs::write(&file, &exported).unwrap();
    run(&["import"], &moved, Some(&file));
    let (again, _) = run(&["export", "--private"], &moved, None);
    assert_eq!(again, exported);
}

#[test]
fn without_its_words_an_export_makes_a_history_whose_conversations_go_on() {
    let dir = Dir::new("words-left-out");
    let data = dir.path("data");
    let server = start(&data);
    let mut ann = claim(&server, "ann");
    let mut bob = claim(&server, "bob");
    ann.expect("bob has joined the chat");
    bob.say("LEAVE");
    ann.expect("bob has left the chat");
    for text in ["one", "two"] {
        ann.say(&format!("/msg bob {text}"));
        ann.expect(&format!("[PM to bob] {text}"));
        ann.expect("* bob is not here; it waits for them.");
    }
    drop(server);
    let (exported, _) = run(&["export"], &data, None);
    let (file, moved) = (dir.path("some.jsonl"), dir.path("moved"));
    fs::write(&file, &exported).unwrap();
    run(&["import"], &moved, Some(&file));
    let server = start(&moved);
    let mut ann = log_in(&server, "ann");
    ann.say("/msg bob three");
    ann.expect("[PM to bob] three");
    ann.expect("* bob is not here; it waits for them.");
    let mut bob = log_in(&server, "bob");
    bob.expect_start("* 1 private message since ");
    bob.say("/inbox ann");
    for _ in 0..2 {
        bob.expect("* (1 entry cannot be read any more)");
    }
    bob.expect_start("* At ");
    bob.expect("[PM from ann] three");
}

#[test]
fn a_client_shows_what_came_while_its_connection_was_lost_once() {
    let dir = Dir::new("words-resume");
    let (data, state) = (dir.path("data"), dir.path("state"));
    let server = start(&data);
    let address = server.address().to_string();
    let mut ann = claim(&server, "ann");
    let mut client = Client::with(&["--state", &state, &address]);
    client.type_line("JOIN bob");
    client.screen.expect("Welcome to the chatroom!");
    client.type_line("/claim open sesame");
    client.screen.wait_for("gives it to you.\n");
    ann.expect("bob has joined the chat");
    ann.say("/msg bob live");
    ann.expect("[PM to bob] live");
    client.screen.expect("[PM from ann] live");
    client.type_line("LEAVE");
    assert_eq!(client.finish().code, 0);
    ann.expect("bob has left the chat");
    ann.say("/msg bob while you were out");
    ann.expect("[PM to bob] while you were out");
    let mut client = Client::with(&["--state", &state, &address]);
    client.type_line("JOIN bob");
    client.screen.expect("Welcome to the chatroom!");
    client.screen.wait_for("* 1 private message since ");
    client.screen.wait_for("(1 from ann): /inbox\n");
    client.type_line("/inbox");
    client.screen.wait_for("[PM from ann] while you were out\n");
    client.type_line("/inbox");
    client.screen.skip_to("* Nothing waits for you.");
    client.type_line("LEAVE");
    assert_eq!(client.finish().code, 0);
}
