//! What people are called.

use chat_tests::{Raw, loopback};
use socket2::{Domain, Socket, Type};

use crate::{WELCOME, room};

#[test]
fn may_be_asked_for() {
    let (server, mut listener) = room();
    for name in ["alice", "Bob-2", "0.1_x", "a", &"n".repeat(32)] {
        let mut raw = Raw::first_line(server.address(), &format!("JOIN {name}"));
        raw.say("hi");
        listener.expect(&format!("{name} has joined the chat"));
        listener.expect(&format!("{name}: hi"));
        raw.say("leave");
        raw.expect_end();
        listener.expect(&format!("{name} has left the chat"));
    }
}

#[test]
fn that_are_taken_get_a_number() {
    let (server, mut listener) = room();
    let _first = Raw::first_line(server.address(), "JOIN alice");
    listener.expect("alice has joined the chat");
    let mut others = Vec::new();
    for (asked, given) in [
        ("alice", "alice-2"),
        ("ALICE", "ALICE-3"),
        ("alice-2", "alice-2-2"),
    ] {
        let mut raw = Raw::first_line(server.address(), &format!("JOIN {asked}"));
        raw.expect(&format!("* The name {asked} is taken; you are {given}."));
        listener.expect(&format!("{given} has joined the chat"));
        others.push(raw);
    }
}

#[test]
fn are_free_again_when_their_owner_has_left() {
    let (server, mut listener) = room();
    for _ in 0..3 {
        let mut raw = Raw::first_line(server.address(), "JOIN alice");
        raw.expect_nothing_more();
        raw.say("leave");
        raw.expect_end();
        listener.expect("alice has joined the chat");
        listener.expect("alice has left the chat");
    }
}

#[test]
fn that_are_not_allowed_are_replaced() {
    let (server, mut listener) = room();
    let too_long = "n".repeat(33);
    for asked in [
        "*star",
        "-dash",
        ".dot",
        "_low",
        "two words",
        "na\u{456}ve",
        "a:b",
        "a\x1b[2Jb",
        &too_long,
    ] {
        let mut raw = Raw::first_line(server.address(), &format!("JOIN {asked}"));
        let notice = raw.line();
        assert!(notice.starts_with("* "), "{notice:?}");
        assert!(!notice.contains('\x1b'), "{notice:?}");
        listener.expect(&format!("{} has joined the chat", raw.name()));
        raw.say("leave");
        raw.expect_end();
        listener.expect(&format!("{} has left the chat", raw.name()));
    }
}

#[test]
fn given_by_the_server_get_a_number_too() {
    let (server, mut listener) = room();
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("there are sockets");
    socket
        .bind(&loopback(0).into())
        .expect("there are free ports");
    let port = socket
        .local_addr()
        .ok()
        .and_then(|address| address.as_socket())
        .expect("a bound socket has an address")
        .port();

    let _squatter = Raw::first_line(server.address(), &format!("JOIN user{port}"));
    listener.expect(&format!("user{port} has joined the chat"));
    socket
        .connect(&server.address().into())
        .expect("the server accepts");
    let mut raw = Raw::over(socket.into());
    raw.expect(WELCOME);
    listener.expect(&format!("USER{port}-2 has joined the chat"));
}
