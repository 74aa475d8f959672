//! The limits of hosts: every option of the real server, met by addresses of this machine that stand for hosts.

#![cfg(target_os = "linux")] // Elsewhere, 127.0.0.1 is the only address of the loopback interface.

use std::net::{Ipv4Addr, SocketAddr};

use chat_tests::{DEADLINE, Raw, Server, eventually};
use socket2::{Domain, Socket, Type};

const WELCOME: &str = "Welcome to the chatroom!";

/// A server that limits addresses of this machine, too.
fn server(options: &[&str]) -> Server {
    Server::with(&[options, &["--limit-loopback"]].concat())
}

/// A connection from 127.0.0.`host`.
fn from(host: u8, server: &Server) -> Raw {
    let address: SocketAddr = (Ipv4Addr::new(127, 0, 0, host), 0).into();
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("there are sockets");
    socket.bind(&address.into()).expect("it is an address here");
    socket
        .connect_timeout(&server.address().into(), DEADLINE)
        .expect("the server accepts");
    Raw::over(socket.into())
}

/// One from 127.0.0.`host` that has sent a first line.
fn greet(host: u8, server: &Server, line: &str) -> Raw {
    let mut raw = from(host, server);
    raw.say(line);
    raw
}

#[test]
fn connections() {
    let server = server(&["--host-connections", "2"]);
    let mut members = [2, 2, 3].map(|host| greet(host, &server, "JOIN"));
    for member in &mut members {
        member.expect(WELCOME);
    }
    let mut refused = from(2, &server);
    refused.expect_start("* Goodbye: your address has 2 connections");
    refused.expect_end();
    let [gone, ..] = members;
    gone.reset();
    eventually("its place", || {
        (greet(2, &server, "JOIN").line() == WELCOME).then_some(())
    });
}

#[test]
fn connections_that_have_not_joined() {
    let server = server(&["--host-unjoined", "1"]);
    // Whoever comes first has 250 ms until it joins by silence.
    eventually("somebody who is told", || {
        let _silent = [from(2, &server), from(2, &server)];
        let line = from(2, &server).line();
        line.starts_with("* Goodbye: 1 connections of your address have not joined")
            .then_some(())
    });
    greet(3, &server, "JOIN").expect(WELCOME);
}

#[test]
fn joins_in_a_minute() {
    let server = server(&["--host-joins", "2"]);
    for _ in 0..2 {
        greet(2, &server, "JOIN").expect(WELCOME);
    }
    let mut text = greet(2, &server, "JOIN");
    text.expect_start("* Goodbye: too many have joined from your address; try again in ");
    text.expect_end();
    let mut json = greet(2, &server, "JOIN {}");
    let bye = json.line();
    let begins = r#"{"type":"bye","code":"too_many_joins","#;
    assert!(
        bye.starts_with(begins) && bye.contains("retry_after_ms"),
        "{bye}"
    );
    greet(3, &server, "JOIN").expect(WELCOME);
}

#[test]
fn tokens_that_no_session_has() {
    let server = server(&["--host-tokens", "2"]);
    let hello = |number: u8| format!(r#"JOIN {{"session":"{number:032x}"}}"#);
    let mut members = [1, 2].map(|number| greet(2, &server, &hello(number)));
    for member in &mut members {
        member.expect_start(r#"{"type":"welcome""#);
    }
    let bye = greet(2, &server, &hello(3)).line();
    let begins = r#"{"type":"bye","code":"too_many_tokens","#;
    assert!(
        bye.starts_with(begins) && bye.contains("retry_after_ms"),
        "{bye}"
    );
    greet(2, &server, &hello(1)).expect_start(r#"{"type":"welcome""#);
    greet(3, &server, &hello(3)).expect_start(r#"{"type":"welcome""#);
}

#[test]
fn sessions_without_a_connection() {
    let mut server = server(&["--host-detached", "1"]);
    let programs = [(3, "other"), (2, "first"), (2, "second")].map(|(host, name)| {
        let mut program = greet(host, &server, &format!(r#"JOIN {{"name":"{name}"}}"#));
        program.expect_start(r#"{"type":"welcome""#);
        server.expect(&format!("{name} has joined the chat"));
        program
    });
    programs.into_iter().for_each(Raw::reset);
    let left = server.transcript.line();
    assert!(
        ["first has left the chat", "second has left the chat"].contains(&&*left),
        "{left}"
    );
}

#[test]
fn none_of_them_is_this_machines_unless_it_is_asked_for() {
    let all =
        "--host-connections=1 --host-unjoined=1 --host-joins=1 --host-tokens=1 --host-detached=1";
    let server = Server::with(&all.split(' ').collect::<Vec<_>>());
    let silent: Vec<Raw> = (0..3).map(|_| from(2, &server)).collect();
    for number in 0..3 {
        greet(2, &server, "JOIN").expect(WELCOME);
        let hello = format!(r#"JOIN {{"session":"{number:032x}"}}"#);
        greet(2, &server, &hello).expect_start(r#"{"type":"welcome""#);
    }
    drop(silent);
}

#[test]
fn who_said_nothing_gives_way() {
    let server = Server::with(&["--max-connections", "2"]);
    let mut talker = greet(2, &server, "hello");
    talker.expect(WELCOME);
    let mut quiet = greet(2, &server, "JOIN");
    quiet.expect(WELCOME);
    talker.expect_start("USER");
    let mut newcomer = greet(2, &server, "hello");
    newcomer.expect(WELCOME);
    quiet.expect_start("* Goodbye: the room is full, and you gave way");
    quiet.expect_end();
    from(2, &server).expect("* Goodbye: the room is full; try again later.");
}
