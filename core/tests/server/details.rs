//! What is seen only at the edges: partial writes, held lines, first lines, long words.

use super::world::{World, line};
use chat_core::{CloseReason, Input, Limits, MAX_LINE};
use std::time::Duration;

#[test]
fn a_full_socket_is_not_offered_more() {
    let mut w = World::new(Limits::default());
    let ann = w.join("Ann");
    let bob = w.join("Bob");
    w.limit(bob, 0);
    // His own lines between hers: more stretches than one write has slices for.
    for _ in 0..100 {
        w.receive(ann, "a\n");
        w.receive(bob, "b\n");
    }
    w.look(bob);
    w.limit(bob, 10);
    w.writes = 0;
    w.server.handle(w.now, Input::Writable(bob));
    w.write();
    assert_eq!(w.writes, 1);
    w.limit(bob, usize::MAX);
    w.server.handle(w.now, Input::Writable(bob));
    w.write();
    assert!(w.writes > 3);
}

#[test]
fn all_are_lent_at_once_or_as_many_as_are_asked_for() {
    for (most, rounds) in [(usize::MAX, 1), (2, 3), (1, 5), (0, 5)] {
        let mut w = World::new(Limits::default());
        for n in 0..5 {
            w.join(&format!("m{n}"));
        }
        let speaker = w.server.accept(w.now, 1000).unwrap();
        w.server.handle(w.now, Input::Received(speaker, b"LEAVE\n"));
        w.settle();
        let ann = w.join("Ann");
        w.settle();
        w.server.handle(w.now, Input::Received(ann, b"hello\n"));
        let (mut lent, mut times) = (0, 0);
        while let Some(mut round) = w.server.round(w.now, most) {
            times += 1;
            let (log, outboxes) = round.outboxes();
            for outbox in outboxes {
                lent += 1;
                outbox.write(log, |slices| {
                    assert_eq!(slices.concat(), b"Ann: hello\n");
                    usize::MAX
                });
            }
        }
        assert_eq!((lent, times), (5, rounds), "{most} at once");
    }
}

#[test]
fn what_comes_in_does_not_put_off_the_end_of_one_who_takes_nothing() {
    let mut w = World::new(Limits {
        stall: Duration::from_secs(10),
        batch: 100,
        ..Limits::default()
    });
    let ann = w.join("Ann");
    let bob = w.join("Bob");
    w.limit(bob, 0);
    w.receive(ann, "hello\n");
    // The batch is full, so that his line has to wait for its turn.
    w.server.handle(w.now, Input::Received(ann, &line(200)));
    w.server
        .handle(w.now, Input::Received(bob, b"I take nothing\n"));
    w.settle();
    w.wait(Duration::from_micros(9_999_999));
    assert!(!w.closed.contains_key(&bob));
    w.wait(Duration::from_micros(1));
    assert_eq!(w.closed[&bob], CloseReason::Stalled);
}

#[test]
fn a_first_line_that_is_too_long_joins_and_is_told() {
    let mut w = World::new(Limits::default());
    for (wait, joined) in [(0, "* Not sent"), (250, "* Not sent")] {
        let conn = w.server.accept(w.now, 2000).unwrap();
        w.wait(Duration::from_millis(wait));
        w.receive(conn, line(MAX_LINE + 1));
        let screen = w.look(conn);
        assert_eq!(screen.matches("Welcome").count(), 1, "{screen}");
        assert!(screen.contains(joined), "{screen}");
        w.receive(conn, "LEAVE\n");
    }
    let screen = String::from_utf8(w.transcript).unwrap();
    assert_eq!(screen.matches("USER2000 has joined the chat\n").count(), 2);
    assert_eq!(screen.matches("USER2000 has left the chat\n").count(), 2);
}

#[test]
fn who_is_silent_and_then_speaks_joins_once() {
    let mut w = World::new(Limits::default());
    let ann = w.join("Ann");
    w.look(ann);
    let late = w.server.accept(w.now, 2000).unwrap();
    w.wait(Duration::from_millis(250));
    w.receive(late, "hello\n");
    let early = w.server.accept(w.now, 3000).unwrap();
    w.receive(early, "hello\n");
    assert_eq!(
        w.look(ann),
        "USER2000 has joined the chat\nUSER2000: hello\nUSER3000 has joined the chat\nUSER3000: hello\n"
    );
}

#[test]
fn who_closes_behind_a_whole_line_is_told_of_nothing() {
    let mut w = World::new(Limits::default());
    let ann = w.join("Ann");
    w.look(ann);
    w.server.handle(w.now, Input::Eof(ann));
    w.settle();
    assert_eq!(w.look(ann), "");
    let bob = w.join("Bob");
    w.look(bob);
    w.receive(bob, "half a line");
    w.server.handle(w.now, Input::Eof(bob));
    w.settle();
    assert_eq!(
        w.look(bob),
        "* Not sent: the last line did not end with a newline.\n"
    );
}

#[test]
fn a_stopped_room_has_nobody_in_it() {
    let mut w = World::new(Limits::default());
    let ann = w.join("Ann");
    assert_eq!(w.server.population(), 1);
    w.server.handle(w.now, Input::Stop);
    assert_eq!(w.server.population(), 0);
    w.settle();
    assert_eq!(format!("{ann:?}"), "#0.0");
}

#[test]
fn words_of_others_are_cut_short_in_notices() {
    let mut w = World::new(Limits::default());
    let ann = w.join("Ann");
    for (letter, length, shown) in [
        ("x", 20, "x".repeat(20)),
        ("x", 21, "x".repeat(20) + "…"),
        // They take two columns each.
        ("語", 10, "語".repeat(10)),
        ("語", 11, "語".repeat(10) + "…"),
    ] {
        w.look(ann);
        w.receive(ann, format!("/{}\n", letter.repeat(length)));
        let screen = w.look(ann);
        assert!(
            screen.starts_with(&format!("* Unknown command /{shown}. ")),
            "{screen}"
        );
        assert!(screen.chars().count() < 80, "{screen}: more than a row");
    }
}
