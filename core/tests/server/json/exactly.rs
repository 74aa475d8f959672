//! What PROTOCOL.md says under "Exactly".

use super::{bye, entries, errors, objects, program, say, seqs};
use crate::world::World;
use chat_core::json::{Code, Message};
use chat_core::{ConnId, Limits};

/// A room with five entries, and a program that knows of none: Ann, one, two, and two joinings of programs.
fn room() -> (World, ConnId) {
    let mut w = World::new(Limits::default());
    let ann = w.join("ann");
    program(&mut w, r#"{"name":"Zoe"}"#);
    w.receive(ann, "one\ntwo\n");
    let (bot, _) = program(&mut w, r#"{"name":"Bob"}"#);
    (w, bot)
}

/// What a request is answered.
fn ask(w: &mut World, bot: ConnId, request: &str) -> Vec<Message<'static>> {
    w.receive(bot, format!("{request}\n"));
    objects(w, bot)
}

#[test]
fn answers_come_in_the_order_of_what_was_asked() {
    let (mut w, bot) = room();
    let page = r#"{"type":"history","after":3,"limit":1}"#;
    let ping = r#"{"type":"ping"}"#;
    let all = format!(
        "{page}\n{}{ping}\n{page}\n{}",
        say("hi", "a"),
        say("hi", "a")
    );
    let heard = ask(&mut w, bot, all.trim_end());
    let kind = |message: &Message<'_>| match message {
        Message::Past(entry) => format!("past {}", entry.seq),
        Message::Page {
            room: None, head, ..
        } => format!("page {head}"),
        Message::Entry(entry) => format!("entry {}", entry.seq),
        Message::Accepted {
            room: None, seq, ..
        } => format!("accepted {seq}"),
        Message::Pong { head } => format!("pong {head}"),
        other => format!("{other:?}"),
    };
    let heard: Vec<_> = heard.iter().map(kind).collect();
    let due = [
        "past 4",
        "page 5",
        "entry 6",
        "accepted 6",
        "pong 6",
        "past 4",
        "page 6",
        "accepted 6",
    ];
    assert_eq!(heard, due);
}

#[test]
fn pages_are_what_is_said_of_them() {
    let (mut w, bot) = room();
    for (bounds, expected) in [
        ("", &[1, 2, 3, 4, 5][..]),
        (r#","limit":2"#, &[4, 5]),
        (r#","limit":0"#, &[]),
        (
            r#","limit":null,"after":null,"before":null"#,
            &[1, 2, 3, 4, 5],
        ),
        (r#","limit":18446744073709551615"#, &[1, 2, 3, 4, 5]),
        (r#","after":0"#, &[1, 2, 3, 4, 5]),
        (r#","after":2,"limit":2"#, &[3, 4]),
        (r#","after":5"#, &[]),
        (r#","after":99999"#, &[]),
        (r#","after":18446744073709551615"#, &[]),
        (r#","before":0"#, &[]),
        (r#","before":1"#, &[]),
        (r#","before":4,"limit":2"#, &[2, 3]),
        (r#","before":99999,"limit":2"#, &[4, 5]),
    ] {
        let heard = ask(&mut w, bot, &format!(r#"{{"type":"history"{bounds}}}"#));
        assert_eq!(seqs(&heard), *expected, "{bounds}");
        assert_eq!(
            heard.last(),
            Some(&Message::Page {
                with: None,
                room: None,
                first: 1,
                head: 5
            }),
            "{bounds}"
        );
    }
}

#[test]
fn who_names_all_in_the_room_in_order_and_says_that_none_is_left_out() {
    let (mut w, bot) = room();
    w.receive(bot, "{\"type\":\"who\"}\n");
    assert_eq!(
        w.look(bot),
        "{\"type\":\"who\",\"names\":[\"ann\",\"Bob\",\"Zoe\"],\"more\":0}\n"
    );
}

#[test]
fn what_is_no_number_of_the_protocol_is_not_understood() {
    let (mut w, bot) = room();
    for number in [
        "1.0",
        "1e3",
        "-1",
        "\"1\"",
        "18446744073709551616",
        "1e400",
        "[1]",
        "01",
    ] {
        let heard = ask(
            &mut w,
            bot,
            &format!(r#"{{"type":"history","after":{number}}}"#),
        );
        assert_eq!(errors(&heard), [Code::BadRequest], "{number}");
        let (_, heard) = program(&mut w, &format!(r#"{{"after":{number}}}"#));
        assert_eq!(bye(&heard), Some((Code::BadHello, None)), "{number}");
    }
}

#[test]
fn members_count_once_and_types_are_spelled_small() {
    let (mut w, bot) = room();
    for (request, code) in [
        (r#"{"type":"ping","type":"ping"}"#, Some(Code::BadRequest)),
        (
            r#"{"type":"history","limit":1,"limit":1}"#,
            Some(Code::BadRequest),
        ),
        (r#"{"type":"ping","x":1,"x":2,"Type":3}"#, None),
        (r#"{"type":"Ping"}"#, Some(Code::UnknownType)),
        (r#"{"Type":"ping"}"#, Some(Code::BadRequest)),
        (r#"{"type":null}"#, Some(Code::BadRequest)),
        (r#"{"type":"ping"} "#, None),
        (r#"{"type":"ping"}{"type":"ping"}"#, Some(Code::BadRequest)),
        (r#"{"type":"ping"},"#, Some(Code::BadRequest)),
        (r#"{"type":"say","text":null}"#, Some(Code::BadRequest)),
    ] {
        let heard = ask(&mut w, bot, request);
        assert_eq!(errors(&heard).first(), code.as_ref(), "{request}");
        assert_eq!(heard.len(), 1, "{request}");
    }
}

#[test]
fn depth_is_bounded_at_127() {
    let (mut w, bot) = room();
    for (depth, is_understood) in [(127, true), (128, false), (5000, false)] {
        let inner = depth - 1; // The object itself is the first.
        let deep = format!("{}{}", "[".repeat(inner), "]".repeat(inner));
        let heard = ask(&mut w, bot, &format!(r#"{{"type":"ping","x":{deep}}}"#));
        assert_eq!(errors(&heard).is_empty(), is_understood, "{depth}");
    }
}

#[test]
fn first_lines_are_what_is_said_of_them() {
    let all = [1, 2, 3, 4, 5];
    for (hello, expected) in [
        ("{}", &[][..]),
        (r#"{"history":0}"#, &[]),
        (r#"{"history":2}"#, &[4, 5]),
        (r#"{"history":5000}"#, &all),
        (r#"{"history":5000,"after":4}"#, &[5]),
        (r#"{"version":null,"epoch":"another","read":null}"#, &[]),
        (r#"{"after":0}"#, &all),
    ] {
        let (mut w, _) = room();
        let conn = w.server.accept(w.now, 1).unwrap();
        w.receive(conn, format!("join{hello}\n"));
        let heard = objects(&mut w, conn);
        assert!(
            matches!(heard[0], Message::Welcome { head: 6, .. }),
            "{heard:?}"
        );
        let before_joining = entries(&heard).into_iter().map(|(seq, _)| seq);
        let before_joining: Vec<_> = before_joining.filter(|seq| *seq < 6).collect();
        assert_eq!(before_joining, expected, "{hello}");
    }
    let (mut w, _) = room();
    let (_, heard) = program(&mut w, r#"{"name":""}"#);
    assert_eq!(errors(&heard), [Code::BadName]);
    let conn = w.server.accept(w.now, 1).unwrap();
    w.receive(conn, "{\"version\":1}\n");
    assert_eq!(w.look(conn), "Welcome to the chatroom!\n");
}

#[test]
fn texts_and_ids_are_what_is_said_of_them() {
    let (mut w, bot) = room();
    for (text, id, said) in [
        ("a\nb\u{85}", "1", Some("Bob: a?b?")),
        ("/who", "2", Some("Bob: /who")),
        ("LEAVE", "3", Some("Bob: LEAVE")),
        ("\u{a0}\t\u{2003}", "4", None),
        ("its id is free", "4", Some("Bob: its id is free")),
        ("other", "04", Some("Bob: other")),
    ] {
        w.receive(bot, say(text, id));
        let heard = objects(&mut w, bot);
        let heard = entries(&heard).pop().map(|(_, said)| said);
        assert_eq!(heard.as_deref(), said);
    }
    w.receive(
        bot,
        "{\"type\":\"say\",\"text\":\"x\",\"id\":null}\n".repeat(2),
    );
    assert_eq!(entries(&objects(&mut w, bot)).len(), 2);
    let half = r#"{"type":"say","text":"\ud83d","id":"5"}"#;
    assert_eq!(errors(&ask(&mut w, bot, half)), [Code::BadRequest]);
}
