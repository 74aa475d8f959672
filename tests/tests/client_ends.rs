//! How `chat-client` begins and ends, whatever its surroundings do.

#![cfg(unix)]

use std::io::{Read, Write, pipe};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::thread;

use chat_tests::{Client, Finished, Output, Process, Server, Signal, chat_client};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

/// What a client says and how it ends whose server sends this first, and then says nothing more.
fn told_by(sent: &'static [u8]) -> Finished {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it has an address");
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("the client connects");
        stream.write_all(sent).expect("the client reads");
        // Until the client closes: a server like this waits for more.
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let mut client = Client::start(address);
    client.type_line("JOIN");
    let finished = client.finish();
    server.join().expect("the server does not panic");
    finished
}

#[test]
fn a_server_that_speaks_something_else_is_shown_for_what_it_is() {
    for (sent, first, what) in [
        (
            &b"SSH-2.0-OpenSSH_9.2p1\r\n"[..],
            "\"SSH-2.0-OpenSSH_9.2p1\"",
            "an SSH server",
        ),
        (
            b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n",
            "\"HTTP/1.1 400 Bad Request\"",
            "a web server",
        ),
        (
            b"220 mx ESMTP\r\n",
            "\"220 mx ESMTP\"",
            "a mail or FTP server",
        ),
        (
            b"\x15\x03\x01\x00\x02\x02\x46",
            "The server speaks TLS there",
            "write tls:// before its address",
        ),
    ] {
        let finished = told_by(sent);
        assert_eq!((finished.code, finished.stdout.as_str()), (4, ""));
        assert!(finished.stderr.contains(first), "{finished:?}");
        assert!(finished.stderr.contains(what), "{finished:?}");
    }
}

#[test]
fn being_ended_from_outside_loses_nothing_that_was_typed() {
    let mut server = Server::start();
    let mut client = Client::start(server.address());
    client.type_line("JOIN ann");
    client.screen.expect("Welcome to the chatroom!");
    server.expect("ann has joined the chat");
    for number in 0..100 {
        client.type_line(&format!("line {number}"));
    }
    server.skip_to("ann: line 0");
    client.process.signal(Signal::TERM);
    let finished = client.finish();
    assert_eq!(finished.code, 0, "{finished:?}");
    // What had been read from the keyboard is said; what had not is no line yet.
    let mut said = 1;
    loop {
        let line = server.transcript.line();
        if line == "ann has left the chat" {
            break;
        }
        assert_eq!(line, format!("ann: line {said}"));
        said += 1;
    }
}

#[test]
fn an_input_that_does_not_wait_is_waited_for() {
    let mut server = Server::start();
    let (input, mut typed) = pipe().expect("the system has pipes");
    let flags = fcntl_getfl(&input).expect("it has flags");
    fcntl_setfl(&input, flags | OFlags::NONBLOCK).expect("they can be set");
    let mut client = Process::spawn(
        Command::new(chat_client())
            .arg(server.address().to_string())
            .stdin(input)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped()),
    );
    let mut screen = Output::of(client.child().stdout.take().expect("it is piped"));
    typed.write_all(b"JOIN ann\n").expect("it is read");
    screen.expect("Welcome to the chatroom!");
    server.expect("ann has joined the chat");
    for line in ["one", "two"] {
        // By then there is nothing to read, and the client has met that.
        typed
            .write_all(format!("{line}\n").as_bytes())
            .expect("it is read");
        server.expect(&format!("ann: {line}"));
    }
    drop(typed);
    assert_eq!(client.exit_code(), 0);
    server.expect("ann has left the chat");
}

#[test]
fn a_name_that_is_none_is_told_and_can_be_typed_again() {
    let mut server = Server::start();
    let mut client = Client::start(server.address());
    client.type_line("JOIN bob smith");
    client
        .notices
        .wait_for("* \"bob smith\" is not a name: a name is 1 to 32 letters, digits, -, _ or ., and begins with a letter or a digit. Type JOIN and another one, or JOIN alone.");
    client.type_line("JOIN bob");
    client.screen.expect("Welcome to the chatroom!");
    server.expect("bob has joined the chat");
    client.end_input();
    let finished = client.finish();
    assert_eq!(finished.code, 0, "{finished:?}");
    assert!(
        finished
            .stderr
            .ends_with("* You are bob; nobody else is here.\n")
    );
}

#[test]
fn times_are_shown_if_they_are_asked_for_and_in_history_always() {
    let server = Server::start();
    let mut client = Client::with(&["--times", &server.address().to_string()]);
    client.type_line("JOIN");
    client.screen.expect("Welcome to the chatroom!");
    let mut other = Client::start(server.address());
    other.type_line("JOIN bob");
    let line = client.screen.line();
    let (time, rest) = line.split_once("] ").expect("a time stands before it");
    assert!(time.starts_with('[') && time.len() == 6, "{line}");
    assert_eq!(rest, "bob has joined the chat");
    other.screen.expect("Welcome to the chatroom!");
    other.type_line("/history 1");
    let line = other.screen.line();
    assert!(
        line.starts_with("* [") && line.ends_with("] bob has joined the chat"),
        "{line}"
    );
}
