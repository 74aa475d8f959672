//! Every limit, at it and one past it.

use super::world::{World, line};
use chat_core::{CloseReason, Input, Limits, MAX_LINE, Server, Timer, Timestamp};
use std::time::Duration;

#[test]
fn a_line_at_the_limit_is_said_and_one_past_it_is_not() {
    let mut w = World::new(Limits::default());
    let [ann, bob] = ["ann", "bob"].map(|name| w.join(name));
    w.look(ann);
    w.receive(bob, line(MAX_LINE));
    assert_eq!(w.look(ann).len(), "bob: \n".len() + MAX_LINE);
    w.look(bob);
    w.receive(bob, line(MAX_LINE + 1));
    w.receive(bob, "on\n");
    assert_eq!(
        w.look(bob),
        "* Not sent: the line is longer than 4096 bytes.\n"
    );
    assert_eq!(w.look(ann), "bob: on\n");
}

#[test]
fn one_connection_past_the_limit_is_told_and_one_too_many_to_be_told_is_closed() {
    let mut w = World::new(Limits {
        connections: 2,
        refusals: 1,
        ..Limits::default()
    });
    let [ann, bob] = ["ann", "bob"].map(|name| w.join(name));
    for conn in [ann, bob] {
        w.receive(conn, "/who\n");
    }
    let refused = w.server.accept(w.now, 1).unwrap();
    assert_eq!(w.server.accept(w.now, 1), None);
    w.receive(refused, "JOIN\nhello\n");
    assert_eq!(
        w.look(refused),
        "* Goodbye: the room is full; try again later.\n"
    );
    w.server.handle(w.now, Input::Eof(refused));
    w.settle();
    assert_eq!(w.closed[&refused], CloseReason::Refused);
    w.server.handle(w.now, Input::Lost(ann));
    let welcome = w.join("cat");
    assert_eq!(w.look(welcome), "Welcome to the chatroom!\n");
    assert!(!String::from_utf8(w.transcript).unwrap().contains("hello"));
}

#[test]
fn a_reader_at_the_limit_is_waited_for_and_one_past_it_is_told_and_closed() {
    for (surplus, cut) in [(0, false), (1, true)] {
        let mut w = World::new(Limits {
            behind: 1000,
            ..Limits::default()
        });
        let [slow, bob] = ["slow", "bob"].map(|name| w.join(name));
        w.look(slow);
        w.look(bob);
        w.limit(slow, 3);
        // Three bytes of this line are taken.
        w.receive(bob, line(100));
        w.receive(
            bob,
            line(900 - "bob: \nbob: \n".len() + 3 - 1 + 1 + surplus),
        );
        w.unblock(slow);
        let screen = w.look(slow);
        let first = format!("bob: {}\n", "x".repeat(100));
        assert!(
            screen.starts_with(&first),
            "the line begun is ended: {screen}"
        );
        if cut {
            assert_eq!(
                &screen[first.len()..],
                "* Goodbye: you are too far behind; more than 1000 bytes are waiting for you.\n"
            );
            assert_eq!(w.look(bob), "slow has left the chat\n");
            w.server.handle(w.now, Input::Eof(slow));
            w.settle();
            assert_eq!(w.closed[&slow], CloseReason::TooFarBehind);
        } else {
            assert_eq!(w.look(bob), "");
            assert_eq!(screen.lines().count(), 2);
        }
    }
}

#[test]
fn a_reader_that_takes_nothing_is_dropped_in_time_and_one_that_takes_a_byte_is_not() {
    let limits = Limits::default();
    let just_under = Duration::from_micros(29_999_999);
    let mut w = World::new(limits.clone());
    let [slow, bob] = ["slow", "bob"].map(|name| w.join(name));
    w.limit(slow, 0);
    w.receive(bob, "hi\n");
    w.wait(just_under);
    w.limit(slow, 1);
    w.server.handle(w.now, Input::Writable(slow));
    w.settle();
    w.wait(just_under);
    // Woken for nothing: it takes no byte, and that gives it no more time.
    w.server.handle(w.now, Input::Writable(slow));
    w.settle();
    assert!(w.closed.is_empty());
    w.wait(Duration::from_micros(1));
    assert_eq!(w.closed[&slow], CloseReason::Stalled);
    assert!(w.look(bob).ends_with("slow has left the chat\n"));
    let end = w.now + limits.stall + limits.stall;
    assert!(
        w.server.next_timeout().is_none_or(|(due, _)| due > end),
        "no timer is left behind"
    );
}

#[test]
fn a_silent_connection_joins_in_time_and_not_before() {
    let mut w = World::new(Limits::default());
    let conn = w.server.accept(w.now, 7).unwrap();
    assert_eq!(
        w.server.next_timeout(),
        Some((Timestamp::from_micros(250_000), Timer::FirstLine))
    );
    w.wait(Duration::from_micros(249_999));
    assert_eq!(w.look(conn), "");
    w.receive(conn, "JO");
    w.wait(Duration::from_micros(1));
    assert_eq!(w.look(conn), "Welcome to the chatroom!\n");
    w.receive(conn, "IN\n");
    assert_eq!(w.look(conn), "* You are in already, as USER7.\n");
    w.receive(conn, "JOIN\n");
    assert!(
        w.transcript.ends_with(b"USER7: JOIN\n"),
        "only the first line joins"
    );
}

#[test]
fn who_lingers_too_long_is_dropped() {
    let mut w = World::new(Limits::default());
    let ann = w.join("ann");
    w.receive(ann, "LEAVE\nnot heard\n");
    w.wait(Duration::from_micros(1_999_999));
    assert!(w.closed.is_empty());
    w.wait(Duration::from_micros(1));
    assert_eq!(w.closed[&ann], CloseReason::Left);
    assert_eq!(w.server.connections(), 0);
}

#[test]
fn commands_are_not_read_faster_than_their_answers_are_taken() {
    let limits = Limits {
        private: 1000,
        ..Limits::default()
    };
    let mut w = World::new(limits);
    let ann = w.join("ann");
    w.look(ann);
    w.limit(ann, 0);
    let answer = "* In the room (1): ann\n".len();
    let asked = 200;
    w.receive(ann, "/who\n".repeat(asked));
    assert!(!w.server.wants_input(ann));
    w.limit(ann, 1000);
    w.server.handle(w.now, Input::Writable(ann));
    w.settle();
    assert_eq!(w.look(ann).len(), 1000);
    assert!(!w.server.wants_input(ann));
    w.unblock(ann);
    assert_eq!(
        w.look(ann).len(),
        asked * answer - 1000,
        "every answer came"
    );
    assert!(w.server.wants_input(ann));
}

#[test]
fn own_lines_are_not_read_without_end_from_one_who_does_not_read() {
    let mut w = World::new(Limits {
        splices: 10,
        ..Limits::default()
    });
    let [ann, bob] = ["ann", "bob"].map(|name| w.join(name));
    w.limit(ann, 0);
    for _ in 0..9 {
        w.receive(bob, "hers\n");
        w.receive(ann, "mine\n");
    }
    assert!(w.server.wants_input(ann), "at nine stretches");
    w.receive(bob, "hers\n");
    w.receive(ann, "mine\nmine again\n");
    assert!(!w.server.wants_input(ann), "at ten");
    w.unblock(ann);
    assert!(w.server.wants_input(ann));
    assert!(w.look(bob).ends_with("ann: mine again\n"));
}

#[test]
fn a_transcript_that_is_not_taken_loses_its_oldest_lines_and_says_how_many_bytes() {
    let limits = Limits {
        transcript: 1000,
        behind: 100,
        ..Limits::default()
    };
    let mut server = Server::new(limits);
    let now = Timestamp::ZERO;
    let conn = server.accept(now, 1).unwrap();
    let joined = "USER1 has joined the chat\n";
    server.handle(now, Input::Received(conn, b"JOIN\n"));
    for surplus in [0, 1, 7] {
        let rest = 1000 - joined.len() - "USER1: \n".len() + surplus;
        let said = format!("USER1: {}\n", "x".repeat(rest));
        let mut server = server.clone();
        server.handle(now, Input::Received(conn, &line(rest)));
        server.pass(now, |_, slices| {
            slices.iter().map(|slice| slice.len()).sum()
        });
        let mut kept = Vec::new();
        let lost = server.transcript(|lines| kept.extend_from_slice(lines));
        // Where a line is cut, its rest is words of a member that nobody is named for.
        let (all, wanted) = match surplus {
            0 => (format!("{joined}{said}"), 0),
            _ => (said, joined.len() as u64),
        };
        assert_eq!(String::from_utf8(kept).unwrap(), all);
        assert_eq!(lost, wanted);
    }
}

#[test]
fn who_ends_while_only_private_lines_wait_is_forgotten() {
    for end in ["lost", "left", "stalled"] {
        let mut w = World::new(Limits {
            behind: 1000,
            ..Limits::default()
        });
        let [ann, bob] = ["ann", "bob"].map(|name| w.join(name));
        w.limit(ann, 0);
        w.receive(ann, "/help\n");
        match end {
            "lost" => w.server.handle(w.now, Input::Lost(ann)),
            "left" => w.receive(ann, "LEAVE\n"),
            _ => w.wait(Duration::from_secs(30)),
        }
        w.look(bob);
        w.receive(bob, line(500).repeat(4));
        w.receive(bob, "/who\n");
        assert_eq!(
            w.look(bob).lines().last(),
            Some("* In the room (1): bob"),
            "{end}"
        );
    }
}

#[test]
fn ones_own_lines_and_those_of_others_after_leaving_do_not_count_as_waiting() {
    let mut w = World::new(Limits {
        behind: 1000,
        splices: 100,
        ..Limits::default()
    });
    let [ann, bob, cat] = ["ann", "bob", "cat"].map(|name| w.join(name));
    w.settle();
    for conn in [ann, bob, cat] {
        w.look(conn);
    }
    w.limit(ann, 5);
    w.limit(bob, 5);
    w.receive(cat, "something for everyone\n");
    // Much more than the limit, but ann's own; bob has left before it.
    w.receive(bob, "LEAVE\n");
    w.receive(ann, line(400).repeat(4));
    w.receive(cat, "the end\n");
    w.unblock(ann);
    w.unblock(bob);
    assert_eq!(
        w.look(ann),
        "cat: something for everyone\nbob has left the chat\ncat: the end\n"
    );
    assert_eq!(w.look(bob), "cat: something for everyone\n");
}

#[test]
fn a_name_that_too_many_ask_for_is_given_up() {
    let mut w = World::new(Limits::default());
    for _ in 0..99 {
        w.join("ann");
    }
    let surplus = w.join("ann");
    assert_eq!(
        w.look(surplus),
        "Welcome to the chatroom!\n* The name ann is taken; you are USER1000.\n"
    );
    let another = w.join("ann");
    assert!(w.look(another).ends_with("you are USER1000-2.\n"));
}

#[test]
fn who_has_taken_everything_is_not_dropped_later() {
    let mut w = World::new(Limits::default());
    let (ann, bob) = (w.join("ann"), w.join("bob"));
    w.limit(bob, 0);
    w.receive(ann, "hello\n");
    w.unblock(bob);
    w.wait(2 * Limits::default().stall);
    assert!(w.closed.is_empty());
    assert!(w.look(bob).ends_with("ann: hello\n"));
}
