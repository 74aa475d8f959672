//! First lines: who speaks JSON from the beginning, or turns to it.

use super::{bye, entries, errors, object, objects, program};
use crate::world::{World, line};
use chat_core::json::{Code, Message, VERSION};
use chat_core::{CloseReason, Input, Limits, MAX_LINE};
use std::time::Duration;

#[test]
fn a_first_line_that_is_not_understood_is_told_why() {
    for (hello, code) in [
        ("{", Code::BadHello),
        ("{\"after\": \"x\"}", Code::BadHello),
        ("{} {}", Code::BadHello),
        ("{\"version\": 2}", Code::BadVersion),
        ("{\"session\": \"secret\"}", Code::BadSession),
        (
            "{\"session\": \"0123456789ABCDEF0123456789ABCDEF\"}",
            Code::BadSession,
        ),
    ] {
        let mut w = World::new(Limits::default());
        let (bot, answer) = program(&mut w, hello);
        assert_eq!(bye(&answer), Some((code, None)), "{hello}");
        w.server.handle(w.now, Input::Eof(bot));
        w.settle();
        assert_eq!(w.closed[&bot], CloseReason::Json);
        assert_eq!(w.transcript, b"");
    }
    let mut w = World::new(Limits::default());
    let (_, answer) = program(&mut w, "{\"name\": \"*\"}");
    assert_eq!(errors(&answer), [Code::BadName]);
    let (_, answer) = program(&mut w, "{\"name\": \"user1000\"}");
    assert_eq!(errors(&answer), [Code::NameTaken]);
    assert!(
        matches!(&answer[0], Message::Welcome { name, version: VERSION, .. } if name == "user1000-2")
    );
}

#[test]
fn a_first_object_that_is_too_long_is_told_so_and_nothing_is_said() {
    for (surplus, expected) in [(0, None), (1, Some((Code::BadHello, None)))] {
        let mut w = World::new(Limits::default());
        let conn = w.server.accept(w.now, 1000).unwrap();
        let blank = " ".repeat(MAX_LINE + surplus - "JOIN {}".len());
        w.receive(conn, format!("JOIN {{{blank}}}\n"));
        assert_eq!(bye(&objects(&mut w, conn)), expected);
        assert_eq!(w.server.population(), usize::from(expected.is_none()));
    }
}

#[test]
fn a_first_object_that_is_not_utf8_is_told_so() {
    let mut w = World::new(Limits::default());
    let conn = w.server.accept(w.now, 1000).unwrap();
    w.receive(conn, b"JOIN {\"name\":\"\xff\"}\n");
    assert_eq!(bye(&objects(&mut w, conn)), Some((Code::BadHello, None)));
}

#[test]
fn a_stay_that_began_by_silence_ends_with_json() {
    let mut w = World::new(Limits::default());
    let ann = w.join("Ann");
    w.look(ann);
    let late = w.server.accept(w.now, 2000).unwrap();
    w.wait(Duration::from_millis(250));
    w.receive(ann, "hello\n");
    w.receive(late, "JOIN {\"name\": \"late\"}\n");
    let screen = w.look(late);
    let (text, json) = screen.split_once('{').unwrap();
    assert_eq!(text, "Welcome to the chatroom!\nAnn: hello\n");
    assert!(matches!(
        object(&format!("{{{json}")),
        Message::Welcome { head: 5, .. }
    ));
    assert_eq!(
        w.look(ann),
        "USER2000 has joined the chat\nUSER2000 has left the chat\nlate has joined the chat\n"
    );
    w.receive(ann, "again\n");
    assert_eq!(entries(&objects(&mut w, late)), [(6, "Ann: again".into())]);
}

/// What two are sent who joined by silence, take ten bytes, and then turn to JSON.
fn two_who_turn_to_json(copies: u64) -> [String; 2] {
    let mut w = World::new(Limits {
        copies,
        ..Limits::default()
    });
    let ann = w.join("Ann");
    let late = [2000, 3000].map(|port| w.server.accept(w.now, port).unwrap());
    for conn in late {
        w.limit(conn, 10);
    }
    w.wait(Duration::from_millis(250));
    w.receive(ann, line(3000));
    for conn in late {
        w.receive(conn, "JOIN {}\n");
    }
    late.map(|conn| {
        w.unblock(conn);
        w.look(conn)
    })
}

#[test]
fn turning_to_json_does_not_get_around_what_is_kept_for_all_together() {
    let kept = two_who_turn_to_json(u64::MAX).map(|screen| screen.find('{').unwrap() - 10);
    let kept = kept.iter().sum::<usize>() as u64;
    for (copies, is_told) in [(kept, false), (kept - 1, true)] {
        let screens = two_who_turn_to_json(copies);
        let are_in = screens
            .each_ref()
            .map(|s| s.contains("\"type\":\"welcome\""));
        assert_eq!(are_in, [true, !is_told]);
        let told = "* Goodbye: you are too far behind";
        assert_eq!(screens[1].contains(told), is_told);
    }
}

#[test]
fn who_closes_at_once_is_answered_and_closed() {
    for hello in ["{}", "{\"after\": 1}", "{\"after\": 0}"] {
        let mut w = World::new(Limits::default());
        let bot = w.server.accept(w.now, 1000).unwrap();
        let hello = format!("JOIN {hello}\n");
        w.server
            .handle(w.now, Input::Received(bot, hello.as_bytes()));
        w.server.handle(w.now, Input::Eof(bot));
        w.settle();
        assert_eq!(w.closed[&bot], CloseReason::Eof);
        assert_eq!(w.writes, 1);
    }
}
