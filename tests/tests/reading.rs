//! Looking into other rooms than the lobby, with the shipped server and client: whoever looks is not there.

use chat_tests::{Client, Dir, Raw, Server, chat_server, loopback};
use std::net::{SocketAddr, TcpListener};
use std::process::Command;

const LEFT: i32 = 0;
const USAGE: i32 = 2;
const LOST: i32 = 4;

/// ann, in dev, who has said so many lines there.
fn ann_in_dev(server: SocketAddr, lines: usize) -> Raw {
    let mut ann = Raw::first_line(server, "JOIN ann");
    ann.say("/join dev");
    ann.expect_start("* You are in dev now; ");
    for nth in 0..lines {
        ann.say(&format!("line {nth}"));
    }
    ann.say("/who");
    ann.expect("* In the room (1): ann");
    ann
}

fn reader(server: SocketAddr, arguments: &[&str]) -> Client {
    Client::with(&[arguments, &[&server.to_string()]].concat())
}

#[test]
fn the_last_lines_of_a_room_are_printed_and_nobody_there_has_seen_it() {
    let mut server = Server::start();
    let mut ann = ann_in_dev(server.address(), 5);
    let mut looks = reader(server.address(), &["--history", "3", "--room", "#Dev"]);
    looks.type_line("JOIN");
    looks.end_input();
    let looks = looks.finish();
    assert_eq!(
        (looks.code, &*looks.stdout, &*looks.stderr),
        (
            LEFT,
            "Welcome to the chatroom!\nann: line 2\nann: line 3\nann: line 4\n",
            ""
        )
    );
    ann.expect_nothing_more();
    for line in [
        "ann has joined the chat",
        "ann has left the chat",
        "[dev] ann has joined the chat",
        "[dev] ann: line 0",
    ] {
        server.expect(line);
    }
}

#[test]
fn who_looks_into_a_room_in_a_pipe_joins_it_with_the_first_line_that_they_say() {
    let server = Server::start();
    let mut ann = ann_in_dev(server.address(), 2);
    let mut bob = reader(server.address(), &["--history", "1", "--room", "dev"]);
    bob.type_line("JOIN bob");
    bob.screen.expect("Welcome to the chatroom!");
    bob.screen.expect("ann: line 1");
    ann.say("is anybody there?");
    bob.screen.expect("ann: is anybody there?");
    bob.type_line("I am");
    ann.expect("bob has joined the chat");
    ann.expect("bob: I am");
    ann.say("oh");
    bob.screen.expect("* You are in dev now; 1 other is here.");
    bob.screen.expect("ann: oh");
    bob.end_input();
    ann.expect("bob has left the chat");
    assert_eq!(bob.finish().code, LEFT);
}

#[test]
fn a_room_is_followed_over_the_end_of_its_server_and_nothing_is_lost_or_shown_twice() {
    let dir = Dir::new("reading");
    let free = TcpListener::bind(loopback(0)).expect("a port is free");
    let address = free.local_addr().expect("it has one");
    drop(free);
    let launch = || {
        let mut command = Command::new(chat_server());
        command.args([
            "--listen",
            &address.to_string(),
            "--data",
            &dir.path("data"),
        ]);
        Server::launch(command, 1)
    };
    let mut server = launch();
    let mut ann = ann_in_dev(address, 1);
    let mut follows = reader(address, &["--follow", "--history", "9", "--room", "dev"]);
    let json = ["--follow", "--json", "--history", "1", "--room", "dev"];
    let mut objects = reader(address, &json);
    follows.screen.expect("Welcome to the chatroom!");
    follows.screen.expect("ann has joined the chat");
    follows.screen.expect("ann: line 0");
    // Whoever has not come in by now finds no server.
    let first = objects.screen.line();
    assert!(first.contains(r#""text":"line 0""#), "{first}");
    ann.say("one");
    follows.screen.expect("ann: one");
    // Nobody is in it when the server is back: the store alone has it.
    server.process.kill();
    ann.expect_end();
    server = launch();
    follows.screen.expect("ann has left the chat");
    let mut ann = ann_in_dev(address, 0);
    ann.say("two");
    follows.screen.expect("ann has joined the chat");
    follows.screen.expect("ann: two");
    ann.expect_nothing_more();
    let mut seen = Vec::new();
    while seen.last().is_none_or(|text: &String| text != "two") {
        let line = objects.screen.line();
        let entry: serde_json::Value = serde_json::from_str(&line).expect("it is an object");
        assert_eq!(entry["room"], "dev", "{line}");
        seen.extend(entry["text"].as_str().map(String::from));
    }
    assert!(seen.ends_with(&["two".into()]), "{seen:?}");
    assert!(server.process.runs());
}

#[test]
fn a_room_that_nobody_may_read_says_so_also_while_it_is_read() {
    let server = Server::start();
    let mut ann = Raw::first_line(server.address(), "JOIN ann");
    ann.say("/claim open sesame");
    ann.expect_start("* ");
    ann.say("/join dev");
    ann.expect_start("* You are in dev now; ");
    let mut follows = reader(server.address(), &["--follow", "--room", "dev"]);
    follows.screen.expect("Welcome to the chatroom!");
    ann.say("/private on");
    ann.expect_start("ann owns this room");
    ann.expect("ann has made the room private");
    ann.say("a secret");
    let follows = follows.finish();
    let why = "* Goodbye: dev is private: only those who are in it read it.\n";
    assert_eq!(follows.code, LOST);
    assert!(follows.stdout.ends_with(why), "{follows:?}");
    assert!(!follows.stdout.contains("a secret"), "{follows:?}");
    for (room, why) in [
        ("dev", why),
        (
            "nowhere",
            "* Goodbye: There is no room nowhere; whoever joins it makes it, and reading does not.\n",
        ),
    ] {
        let looks = reader(
            server.address(),
            &["--follow", "--history", "9", "--room", room],
        );
        let looks = looks.finish();
        assert_eq!((looks.code, &*looks.stdout), (LOST, why));
    }
    ann.say("/rooms");
    ann.expect("* Rooms: dev (1), lobby (0)");
}

#[test]
fn looking_with_the_state_of_one_who_is_in_another_room_says_which_room_is_meant() {
    let dir = Dir::new("reading");
    let server = Server::start();
    let _ann = ann_in_dev(server.address(), 1);
    let state = dir.path("state");
    let mut bob = reader(server.address(), &["--state", &state]);
    for line in ["JOIN bob", "/join dev", "hi", "LEAVE"] {
        bob.type_line(line);
    }
    assert_eq!(bob.finish().code, LEFT);
    for option in [&["--follow"][..], &["--history", "20"]] {
        let arguments = [option, &["--state", &state]].concat();
        let looks = reader(server.address(), &arguments).finish();
        assert_eq!(looks.code, USAGE, "{option:?}");
        let why = format!(
            "{} reads without joining, and --state remembers that you are in dev: say --room dev",
            option[0]
        );
        assert!(looks.stderr.contains(&why), "{looks:?}");
    }
    for room in ["dev", "lobby"] {
        let arguments = ["--history", "20", "--state", &state, "--room", room];
        let mut looks = reader(server.address(), &arguments);
        looks.type_line("JOIN");
        looks.end_input();
        let looks = looks.finish();
        assert_eq!(looks.code, LEFT, "{looks:?}");
    }
}
