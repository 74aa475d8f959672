//! How one leaves.

use chat_tests::Raw;

use crate::{WELCOME, room};

#[test]
fn takes_one_word_in_any_case_alone_on_its_line() {
    let (server, mut listener) = room();
    for leave in [
        "leave",
        "LEAVE",
        "Leave",
        "lEaVe",
        "  leave\t",
        "LEAVE\r",
        "/leave",
        "/LEAVE",
    ] {
        let mut raw = Raw::join(server.address());
        raw.say(leave);
        raw.say("this is not said");
        raw.expect_end();
        listener.expect(&format!("{} has joined the chat", raw.name()));
        listener.expect(&format!("{} has left the chat", raw.name()));
    }
    listener.expect_nothing_more();
}

#[test]
fn is_not_meant_by_a_line_that_has_more_on_it() {
    let (server, mut listener) = room();
    let mut raw = Raw::join(server.address());
    listener.expect(&format!("{} has joined the chat", raw.name()));
    for line in ["leave me alone", "I leave", "leaves", "\"leave\""] {
        raw.say(line);
        listener.expect(&format!("{}: {line}", raw.name()));
    }
}

#[test]
fn is_what_the_end_of_the_input_means() {
    let (server, mut listener) = room();
    let mut raw = Raw::connect(server.address());
    raw.send(b"JOIN\nhi\n");
    raw.end_sending();
    raw.expect(WELCOME);
    raw.expect_end();
    listener.expect(&format!("{} has joined the chat", raw.name()));
    listener.expect(&format!("{}: hi", raw.name()));
    listener.expect(&format!("{} has left the chat", raw.name()));
}

#[test]
fn does_not_say_a_line_that_was_not_ended() {
    let (server, mut listener) = room();
    let mut raw = Raw::connect(server.address());
    raw.send(b"JOIN\nwhole\nhal");
    raw.end_sending();
    raw.expect(WELCOME);
    raw.expect_start("* Not sent: ");
    raw.expect_end();
    listener.expect(&format!("{} has joined the chat", raw.name()));
    listener.expect(&format!("{}: whole", raw.name()));
    listener.expect(&format!("{} has left the chat", raw.name()));
}

#[test]
fn leaves_nothing_out_that_was_said_before() {
    let (server, mut listener) = room();
    let mut raw = Raw::join(server.address());
    for number in 0..1000 {
        listener.say(&format!("line {number}"));
    }
    listener.expect(&format!("{} has joined the chat", raw.name()));
    listener.expect_nothing_more();
    raw.say("leave");
    let heard = raw.rest();
    let said: Vec<_> = (0..1000).map(|n| format!("listener: line {n}")).collect();
    assert_eq!(heard, said);
}
