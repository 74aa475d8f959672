//! The shipped client through lost connections and killed servers, and what it has for programs.

use chat_tests::{Client, Dir, Raw, Server, chat_server, loopback};
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::process::Command;

const LEFT: i32 = 0;
const FAILED: i32 = 1;
const USAGE: i32 = 2;

const OFFLINE: &str = "* Offline: the server closed the connection. Trying again.\n";

/// A server that can be killed and started again where it was.
struct Lasting {
    address: SocketAddr,
    data: String,
    server: Server,
}

impl Lasting {
    fn start(dir: &Dir) -> Self {
        let free = TcpListener::bind(loopback(0)).expect("a port is free");
        let address = free.local_addr().expect("it has one");
        drop(free);
        let data = dir.path("data");
        let server = Self::launch(address, &data);
        Self {
            address,
            data,
            server,
        }
    }

    fn launch(address: SocketAddr, data: &str) -> Server {
        let mut command = Command::new(chat_server());
        command.args(["--listen", &address.to_string(), "--data", data]);
        Server::launch(command, 1)
    }

    fn kill(&mut self) {
        self.server.process.kill();
    }

    fn start_again(&mut self) {
        self.server = Self::launch(self.address, &self.data);
    }
}

fn join(server: &Lasting, name: &str) -> Client {
    join_with(Client::start(server.address), name)
}

fn join_with(mut client: Client, name: &str) -> Client {
    client.type_line(&format!("JOIN {name}"));
    client.screen.expect("Welcome to the chatroom!");
    client
}

#[test]
fn a_killed_server_is_waited_for_and_nothing_is_missed_or_said_twice() {
    let dir = Dir::new("resume");
    let mut server = Lasting::start(&dir);
    let mut ann = join(&server, "ann");
    let mut bob = join(&server, "bob");
    ann.screen.expect("bob has joined the chat");
    ann.type_line("before");
    bob.screen.expect("ann: before");

    server.kill();
    ann.notices.wait_for(OFFLINE);
    bob.notices.wait_for(OFFLINE);
    ann.type_line("meanwhile");
    server.start_again();
    bob.screen.expect("ann: meanwhile");
    ann.notices.wait_for("* Back.\n");
    bob.type_line("after");
    ann.screen.expect("bob: after");
    for client in [&mut ann, &mut bob] {
        client.type_line("leave");
    }
    let (ann, bob) = (ann.finish(), bob.finish());
    assert_eq!((ann.code, bob.code), (LEFT, LEFT));
    let introduction = "* You are bob; 2 are here, with you.\n";
    assert_eq!(bob.stderr, format!("{introduction}{OFFLINE}* Back.\n"));
    assert_eq!(bob.stdout.matches("ann: ").count(), 2, "{bob:?}");
    assert_eq!(ann.stdout.matches("bob has joined").count(), 1, "{ann:?}");
}

#[test]
fn a_pipe_ends_with_0_only_once_everything_is_accepted() {
    let dir = Dir::new("resume");
    let mut server = Lasting::start(&dir);
    let mut ann = join(&server, "ann");
    server.kill();
    ann.notices.wait_for(OFFLINE);
    for number in 0..2000 {
        ann.type_line(&format!("line {number}"));
    }
    ann.end_input();
    assert!(ann.process.runs());
    server.start_again();
    assert_eq!(ann.finish().code, LEFT);
    for number in 0..2000 {
        server.server.skip_to(&format!("ann: line {number}"));
    }
}

#[test]
fn what_a_killed_client_had_typed_is_said_by_the_next_one() {
    let dir = Dir::new("resume");
    let mut server = Lasting::start(&dir);
    let state = dir.path("state");
    let address = server.address;
    let client = |name| {
        join_with(
            Client::with(&["--state", &state, &address.to_string()]),
            name,
        )
    };
    let mut ann = client("ann");
    let mut bob = join(&server, "bob");
    ann.screen.expect("bob has joined the chat");
    ann.type_line("heard");
    bob.screen.expect("ann: heard");

    let other = Client::with(&["--state", &state, &server.address.to_string()]).finish();
    assert_eq!(other.code, FAILED);
    assert!(
        other.stderr.contains("another chat-client uses it"),
        "{other:?}"
    );

    ann.process.kill();
    let other = Client::with(&["--state", &state, "127.0.0.1:1"]).finish();
    assert_eq!(other.code, FAILED);
    let told = format!("it is of {}; use another directory", server.address);
    assert!(other.stderr.contains(&told), "{other:?}");
    bob.type_line("missed");
    let mut ann = client("");
    ann.screen.expect("bob: missed");
    ann.type_line("and back");
    bob.screen.expect("ann: and back");
    ann.type_line("leave");
    bob.screen.expect("ann has left the chat");
    let ann = ann.finish();
    assert_eq!((ann.code, ann.stderr.as_str()), (LEFT, ""));
    assert!(!ann.stdout.contains("heard"), "{ann:?}");
    server.kill();
}

#[test]
fn a_killed_server_lets_everyone_go_on_in_the_room_where_they_were() {
    let dir = Dir::new("resume");
    let mut server = Lasting::start(&dir);
    let mut ann = join(&server, "ann");
    let mut bob = join(&server, "bob");
    let mut cy = join(&server, "cy");
    ann.screen.skip_to("cy has joined the chat");
    ann.type_line("/join dev");
    ann.screen
        .expect("* You are in dev now; nobody else is here.");
    cy.screen.expect("ann has left the chat");
    bob.screen.skip_to("ann has left the chat");
    bob.type_line("/join dev");
    bob.screen.expect("* You are in dev now; 1 other is here.");
    ann.screen.expect("bob has joined the chat");
    cy.screen.expect("bob has left the chat");
    bob.type_line("before");
    ann.screen.expect("bob: before");

    server.kill();
    for client in [&mut ann, &mut bob, &mut cy] {
        client.notices.wait_for(OFFLINE);
    }
    ann.type_line("in dev");
    cy.type_line("in the lobby");
    // What is typed after it is for the room that is asked for.
    bob.type_line("last in dev");
    bob.type_line("/join tea");
    bob.type_line("in tea");
    server.start_again();
    let lines = ann.screen.skip_to("bob has left the chat");
    assert!(lines.contains(&"bob: last in dev".into()), "{lines:?}");
    bob.screen
        .skip_to("* You are in tea now; nobody else is here.");
    ann.type_line("/join tea");
    ann.screen.expect("* You are in tea now; 1 other is here.");
    ann.type_line("/history");
    let mut told = String::new();
    let mut count = 0;
    while !told.ends_with("ann has joined the chat") {
        told = ann.screen.line();
        count += usize::from(told.ends_with("bob: in tea"));
    }
    assert_eq!(count, 1, "it is said once");
    ann.type_line("/rooms");
    ann.screen.expect("* Rooms: lobby (1), tea (2)");
    for client in [&mut ann, &mut bob, &mut cy] {
        client.type_line("leave");
    }
    for client in [ann, bob, cy] {
        let client = client.finish();
        assert_eq!(client.code, LEFT, "{client:?}");
        assert!(!client.stderr.contains("Gap"), "{client:?}");
    }
    server.kill();
    let export = Command::new(chat_server())
        .args(["export", "--data", &server.data])
        .output();
    let export = String::from_utf8(export.expect("it runs").stdout).expect("it is UTF-8");
    for (room, said) in [
        ("dev", "in dev"),
        ("dev", "last in dev"),
        ("tea", "in tea"),
        ("lobby", "in the lobby"),
    ] {
        let is_it = |line: &&str| line.contains(&format!("\"text\":\"{said}\""));
        let kept: Vec<&str> = export.lines().filter(is_it).collect();
        assert_eq!(kept.len(), 1, "{said}: {export}");
        // Of the lobby it is not said.
        let is_of_room = match room {
            "lobby" => !kept[0].contains("\"room\""),
            room => kept[0].contains(&format!("\"room\":\"{room}\"")),
        };
        assert!(is_of_room, "{kept:?}");
    }
}

#[test]
fn a_killed_client_comes_back_to_its_room() {
    let dir = Dir::new("resume");
    let mut server = Lasting::start(&dir);
    let state = dir.path("state");
    let address = server.address;
    let client = |name| {
        join_with(
            Client::with(&["--state", &state, &address.to_string()]),
            name,
        )
    };
    let mut bob = join(&server, "bob");
    bob.type_line("/join dev");
    bob.screen
        .expect("* You are in dev now; nobody else is here.");
    let mut ann = client("ann");
    ann.type_line("/join dev");
    ann.screen.expect("* You are in dev now; 1 other is here.");
    bob.screen.expect("ann has joined the chat");
    ann.type_line("heard");
    bob.screen.expect("ann: heard");
    ann.process.kill();
    bob.type_line("missed");
    let mut ann = client("");
    ann.screen.expect("* You are in dev now; 1 other is here.");
    ann.screen.expect("bob: missed");
    ann.type_line("and back");
    bob.screen.expect("ann: and back");
    ann.type_line("leave");
    bob.screen.expect("ann has left the chat");
    assert_eq!(ann.finish().code, LEFT);
    server.kill();
}

#[test]
fn a_directory_that_a_newer_version_wrote_or_that_is_damaged_is_refused() {
    let dir = Dir::new("resume");
    let state = dir.path("state");
    let file = format!("{state}/client.json");
    fs::create_dir(&state).expect("it is not there yet");
    for (content, told) in [
        (
            r#"{"format":2}"#,
            "a newer version of this program wrote it",
        ),
        (r#"{"format":1,"su"#, "is damaged"),
    ] {
        fs::write(&file, content).expect("there is room");
        let client = Client::with(&["--state", &state, "127.0.0.1:1"]).finish();
        assert_eq!(client.code, FAILED);
        assert!(client.stderr.contains(told), "{client:?}");
        let kept = fs::read_to_string(&file).expect("it is there");
        assert_eq!(kept, content, "it is left as it is");
    }
}

/// ann, of whom the room has five lines, "line 0" to "line 4".
fn who_said_five_lines(server: &Server) -> Raw {
    let mut ann = Raw::first_line(server.address(), "JOIN ann");
    for number in 0..5 {
        ann.say(&format!("line {number}"));
    }
    ann.say("/who");
    ann.expect("* In the room (1): ann");
    ann
}

#[test]
fn programs_are_given_the_last_entries_and_then_what_happens() {
    let server = Server::start();
    let mut ann = who_said_five_lines(&server);
    let mut reader = Client::with(&[
        "--follow",
        "--json",
        "--history",
        "2",
        &server.address().to_string(),
    ]);
    let mut next = || -> serde_json::Value {
        serde_json::from_str(&reader.screen.line()).expect("a line is an object")
    };
    for (seq, text) in [(5, "line 3"), (6, "line 4")] {
        let entry = next();
        assert_eq!(
            (&entry["type"], &entry["seq"]),
            (&"entry".into(), &seq.into())
        );
        assert_eq!(
            (&entry["name"], &entry["text"]),
            (&"ann".into(), &text.into())
        );
    }
    ann.say("\"now\"");
    assert_eq!(next()["text"], "\"now\"");
}

#[test]
fn the_last_entries_are_printed_as_tail_does() {
    let server = Server::start();
    let mut ann = who_said_five_lines(&server);
    let mut reader = Client::with(&["--history", "3", &server.address().to_string()]);
    reader.type_line("JOIN");
    reader.end_input();
    let reader = reader.finish();
    assert_eq!(reader.code, LEFT);
    assert_eq!(
        reader.stdout,
        "Welcome to the chatroom!\nann: line 2\nann: line 3\nann: line 4\n"
    );
    // Nobody has seen it.
    ann.expect_nothing_more();
}

#[test]
fn who_looks_in_a_pipe_joins_with_the_first_line_that_they_say() {
    let server = Server::start();
    let mut ann = who_said_five_lines(&server);
    let mut bob = Client::with(&["--history", "1", &server.address().to_string()]);
    bob.type_line("JOIN bob");
    bob.screen.expect("Welcome to the chatroom!");
    bob.screen.expect("ann: line 4");
    ann.say("is anybody there?");
    bob.screen.expect("ann: is anybody there?");
    ann.say("/who");
    ann.expect("* In the room (1): ann");
    bob.type_line("I am");
    ann.expect("bob has joined the chat");
    ann.expect("bob: I am");
    ann.say("oh");
    bob.screen.expect("ann: oh");
    bob.end_input();
    ann.expect("bob has left the chat");
    let bob = bob.finish();
    let told = "* You are bob; 2 are here, with you.\n";
    assert_eq!((bob.code, &*bob.stderr), (LEFT, told));
}

#[test]
#[cfg(unix)]
fn who_follows_is_let_go_by_an_interrupt() {
    let server = Server::start();
    let mut reader = Client::with(&["--follow", &server.address().to_string()]);
    reader.screen.expect("Welcome to the chatroom!");
    reader.process.signal(chat_tests::Signal::INT);
    assert_eq!(reader.finish().code, 130);
    // What the others see begins with them.
    let mut server = server;
    let _ann = Raw::first_line(server.address(), "JOIN ann");
    server.expect("ann has joined the chat");
}

#[test]
#[cfg(unix)]
fn who_follows_ends_when_nobody_reads_it_any_more_though_nothing_happens() {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;
    let server = Server::start();
    let mut command = Command::new(chat_tests::chat_client());
    command.args(["--follow", &server.address().to_string()]);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut client = chat_tests::Process::spawn(&mut command);
    let output = client.child().stdout.take().expect("it is piped");
    let mut head = BufReader::new(output);
    let mut line = String::new();
    head.read_line(&mut line).expect("it is read");
    assert_eq!(line, "Welcome to the chatroom!\n");
    assert!(client.runs());
    drop(head);
    assert_eq!(client.exit_code(), 1);
}

#[test]
fn what_the_text_dialect_cannot_do_is_not_asked_of_it() {
    for option in [
        &["--json"][..],
        &["--follow"],
        &["--history", "3"],
        &["--state", "x"],
    ] {
        let client = Client::with(&[&["--text"], option].concat()).finish();
        assert_eq!(client.code, USAGE, "{option:?}");
    }
    assert_eq!(Client::with(&["--history", "1001"]).finish().code, USAGE);
}

/// A reader that stops reading is nobody's fault: the client waits, and says nothing wrong.
#[test]
#[cfg(unix)]
fn what_a_killed_client_printed_to_nobody_is_printed_again() {
    use std::io::Read;
    use std::process::Stdio;
    let dir = Dir::new("resume");
    let server = Server::start();
    let mut ann = Raw::first_line(server.address(), "JOIN ann");
    let line = "x".repeat(400);
    for number in 0..900 {
        ann.say(&format!("{number} {line}"));
    }
    ann.say("/who");
    ann.expect_start("* In the room");
    let state = dir.path("state");
    let address = server.address().to_string();
    let start = || {
        let mut command = Command::new(chat_tests::chat_client());
        command.args(["--follow", "--history", "900", "--state", &state, &address]);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        chat_tests::Process::spawn(&mut command)
    };
    let mut unread = start();
    let mut output = unread.child().stdout.take().expect("it is piped");
    std::thread::sleep(std::time::Duration::from_millis(2500));
    unread.kill();
    let mut printed = String::new();
    output.read_to_string(&mut printed).expect("it has ended");
    let last = printed.rsplit('\n').nth(1).expect("there are lines");
    let last: usize = last
        .split(' ')
        .nth(1)
        .and_then(|n| n.parse().ok())
        .expect("a number");
    assert!(last < 899, "the pipe held all of it");

    let mut again = start();
    let output = again.child().stdout.take().expect("it is piped");
    let mut screen = chat_tests::Output::of(output);
    screen.expect("Welcome to the chatroom!");
    let first = screen.line();
    let first: usize = first
        .split(' ')
        .nth(1)
        .and_then(|n| n.parse().ok())
        .unwrap_or(0);
    assert!(first <= last + 1, "after {last} comes {first}");
}
