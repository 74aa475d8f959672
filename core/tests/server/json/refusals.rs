//! What is refused comes back with the id that it was sent with, so that no outbox waits for ever.

use super::{objects, program, say};
use crate::world::World;
use chat_core::json::{Code, MAX_GIVEN, MAX_ID, Message};
use chat_core::{ConnId, Input, Limits, MAX_JSON_LINE, MAX_LINE};

fn refused(w: &mut World, bot: ConnId) -> Option<(Code, Option<String>)> {
    let answer = objects(w, bot);
    match &answer[..] {
        [Message::Error { code, id, .. }] => Some((*code, id.as_deref().map(Into::into))),
        _ => None,
    }
}

/// Lines that are refused, why, and the id that comes back; `-` where there is none.
const REFUSED: &[(&[u8], Code, &str)] = &[
    (
        br#"{"type":"say","text":"other","id":"7taken"}"#,
        Code::IdReused,
        "7taken",
    ),
    (
        br#"{"type":"who","room":"BAD ROOM!","id":"7"}"#,
        Code::BadRoom,
        "7",
    ),
    (
        br#"{"type":"topic","room":"BAD ROOM!","id":"7"}"#,
        Code::BadRoom,
        "7",
    ),
    (
        br#"{"type":"read","with":"ann","seq":1,"id":"7"}"#,
        Code::NotClaimed,
        "7",
    ),
    (br#"{"type":"say","text":"a","id":""}"#, Code::BadId, ""),
    (br#"{"type":"say","text":"a","id":"\n"}"#, Code::BadId, "\n"),
    (br#"{"type":"say","id":"7"}"#, Code::BadRequest, "7"),
    (
        br#"{"type":"say","text":5,"id":"7"}"#,
        Code::BadRequest,
        "7",
    ),
    (
        br#"{"type":"say","text":"a","id":7}"#,
        Code::BadRequest,
        "7",
    ),
    (
        br#"{"type":"say","text":"a","id":"7","id":"8"}"#,
        Code::BadRequest,
        "7",
    ),
    (
        br#"{"type":"say","text":"a","text":"b","id":"7"}"#,
        Code::BadRequest,
        "7",
    ),
    (br#"{"text":"a","id":"7"}"#, Code::BadRequest, "7"),
    (
        br#"{"type":"say","text":"a","id":"7"#,
        Code::BadRequest,
        "-",
    ),
    (
        br#"{"type":"say","id":"7","text":"a"#,
        Code::BadRequest,
        "7",
    ),
    (br#"{"type":"say","id":"7"} {}"#, Code::BadRequest, "7"),
    (
        br#"{"type":"say","id":"7","text":"\ud800"}"#,
        Code::BadRequest,
        "7",
    ),
    (
        br#"{"type":"history","after":1,"before":2,"id":"7"}"#,
        Code::BadRequest,
        "7",
    ),
    (
        br#"{"type":"history","after":-1,"id":"7"}"#,
        Code::BadRequest,
        "7",
    ),
    (
        br#"{"type":"who","id":["7"],"n":1e999}"#,
        Code::BadRequest,
        "-",
    ),
    (br#"{"type":"shout","id":"7"}"#, Code::UnknownType, "7"),
    (
        b"{\"type\":\"say\",\"text\":\"\xff\",\"id\":\"7\"}",
        Code::NotUtf8,
        "7",
    ),
    (b"{\"type\":\"say\",\"id\":\"\xff\"}", Code::NotUtf8, "-"),
    (b"[7]", Code::BadRequest, "-"),
    (br#"{"type":"shout"}"#, Code::UnknownType, "-"),
];

#[test]
fn every_refusal_has_the_id_of_what_it_refuses() {
    let mut w = World::new(Limits::default());
    let (bot, _) = program(&mut w, "{}");
    w.receive(bot, say("taken", "7taken"));
    objects(&mut w, bot);
    let with = |text: String| format!(r#"{{"type":"say","text":"{text}","id":"7"}}"#).into_bytes();
    let id_first = format!(
        r#"{{"id":"7","type":"say","text":"{}"}}"#,
        "x".repeat(MAX_JSON_LINE)
    );
    let long: [(&[u8], Code, &str); 4] = [
        (&with(" ".into()), Code::Blank, "7"),
        (&with("x".repeat(MAX_LINE + 1)), Code::TooLong, "7"),
        (&with("x".repeat(MAX_JSON_LINE)), Code::TooLong, "7"),
        (id_first.as_bytes(), Code::TooLong, "7"),
    ];
    for (line, code, id) in REFUSED.iter().chain(&long) {
        let id = Some(*id).filter(|id| *id != "-").map(String::from);
        let line = [line, b"\n".as_slice()].concat();
        // However it is cut into pieces.
        for size in [1, 1000, MAX_JSON_LINE, usize::MAX] {
            for piece in line.chunks(size.min(line.len())) {
                w.receive(bot, piece);
            }
            let told = refused(&mut w, bot);
            let start = String::from_utf8_lossy(&line[..line.len().min(60)]).into_owned();
            assert_eq!(told, Some((*code, id.clone())), "{start} in {size}s");
        }
    }
    let rest = br#"{"type":"say","id":"7","text":"a"}"#;
    w.receive(bot, rest);
    w.server.handle(w.now, Input::Eof(bot));
    w.settle();
    assert_eq!(
        refused(&mut w, bot),
        Some((Code::Unterminated, Some("7".into())))
    );
}

#[test]
fn a_last_line_that_is_too_long_and_does_not_end_has_its_id() {
    let mut w = World::new(Limits::default());
    let (bot, _) = program(&mut w, "{}");
    let text = "x".repeat(2 * MAX_JSON_LINE);
    w.receive(bot, format!(r#"{{"type":"say","text":"{text}","id":"7"}}"#));
    w.server.handle(w.now, Input::Eof(bot));
    w.settle();
    assert_eq!(
        refused(&mut w, bot),
        Some((Code::Unterminated, Some("7".into())))
    );
}

#[test]
fn an_id_that_is_none_comes_back_as_it_was_given_up_to_a_limit() {
    let mut w = World::new(Limits::default());
    let (bot, _) = program(&mut w, "{}");
    for (length, most) in [
        (MAX_ID + 1, MAX_ID + 1),
        (MAX_GIVEN, MAX_GIVEN),
        (MAX_GIVEN + 1, MAX_GIVEN),
        (8000, MAX_GIVEN),
    ] {
        w.receive(bot, say("hi", &"i".repeat(length)));
        let expected = Some((Code::BadId, Some("i".repeat(most))));
        assert_eq!(refused(&mut w, bot), expected, "{length}");
        w.receive(
            bot,
            format!("{{\"type\":\"?\",\"id\":{}}}\n", "7".repeat(length)),
        );
        let code = match length {
            ..=300 => Code::UnknownType,
            _ => Code::BadRequest, // No number is so large.
        };
        let expected = Some((code, Some("7".repeat(most))));
        assert_eq!(refused(&mut w, bot), expected, "{length} digits");
    }
    // Nothing that a terminal obeys passes, and a program reads the same all the same.
    let id = "\u{7f}\u{9b}2J\u{2028}\u{2029}\u{1b}?\u{e9}";
    w.receive(bot, say("hi", id));
    let sent = w.look(bot);
    assert!(
        sent.trim_end()
            .chars()
            .all(|c| chat_core::printable(&c.to_string()) == c.to_string()),
        "{sent:?}"
    );
    let sent: serde_json::Value = serde_json::from_str(&sent).unwrap();
    assert_eq!(sent["id"], id);
}

#[test]
fn what_a_refusal_is_longest_is_bounded() {
    let mut w = World::new(Limits::default());
    let (bot, _) = program(&mut w, "{}");
    w.receive(bot, say("hi", &"\u{7f}".repeat(9000)));
    let sent = w.look(bot);
    assert!(sent.len() < 6 * MAX_GIVEN + 200, "{}", sent.len());
}
