//! Who says nothing at first.

use std::time::{Duration, Instant};

use chat_tests::{Raw, Server};

use crate::{WELCOME, room};

/// `nc HOST PORT`, and the documented client, which waits for the welcome before it does anything.
#[test]
fn is_welcomed_within_half_a_second() {
    let server = Server::start();
    let quickest = (0..5)
        .map(|_| {
            let started = Instant::now();
            Raw::connect(server.address()).expect(WELCOME);
            started.elapsed()
        })
        .min();
    assert!(quickest < Some(Duration::from_millis(500)), "{quickest:?}");
}

#[test]
fn two_who_said_nothing_can_talk() {
    let mut server = Server::start();
    let mut one = Raw::connect(server.address());
    one.expect(WELCOME);
    let mut two = Raw::connect(server.address());
    two.expect(WELCOME);
    let (first, second) = (one.name(), two.name());
    one.expect(&format!("{second} has joined the chat"));

    one.say("hello");
    two.expect(&format!("{first}: hello"));
    two.say("hello yourself");
    one.expect(&format!("{second}: hello yourself"));
    two.say("leave");
    two.expect_end();
    one.expect(&format!("{second} has left the chat"));
    one.expect_nothing_more();

    for line in [
        format!("{first} has joined the chat"),
        format!("{second} has joined the chat"),
        format!("{first}: hello"),
        format!("{second}: hello yourself"),
        format!("{second} has left the chat"),
    ] {
        server.expect(&line);
    }
}

#[test]
fn makes_a_late_join_a_private_matter() {
    let (server, mut listener) = room();
    let mut late = Raw::connect(server.address());
    late.expect(WELCOME);
    let name = late.name();
    late.say("JOIN");
    late.expect(&format!("* You are in already, as {name}."));
    late.say("now I talk");

    listener.expect(&format!("{name} has joined the chat"));
    listener.expect(&format!("{name}: now I talk"));
}

#[test]
fn does_not_cut_a_line_that_was_begun() {
    let (server, mut listener) = room();
    let mut slow = Raw::connect(server.address());
    slow.send(b"hel");
    slow.expect(WELCOME);
    slow.say("lo");

    listener.expect(&format!("{} has joined the chat", slow.name()));
    listener.expect(&format!("{}: hello", slow.name()));
}
