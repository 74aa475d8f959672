//! What programs ask for, and what is not understood of it.

use super::{entries, errors, object, objects, program, say, token};
use crate::world::World;
use chat_core::json::{Code, MAX_ID, Message};
use chat_core::{Input, Limits, MAX_JSON_LINE, MAX_LINE, MAX_NAME, Origin, Server};
use std::borrow::Cow;
use std::time::Duration;

#[test]
fn a_request_that_is_not_understood_names_the_member_and_what_it_expected() {
    let cases = [
        (r#"{"type":"say","txt":"a"}"#, r#""text" is missing"#),
        (
            r#"{"type":"say","room":null,"text":null}"#,
            r#""text" is missing"#,
        ),
        (r#"{"text":"a"}"#, r#""type" is missing"#),
        (
            r#"{"type":"say","text":5}"#,
            r#""text": expected a string, found a number"#,
        ),
        (
            r#"{"type":"say","text":"a","me":"yes"}"#,
            r#""me": expected true or false, found a string"#,
        ),
        (
            r#"{"type":"say","text":"a","text":"b"}"#,
            r#""text" is there twice"#,
        ),
        (
            r#"{"type":"history","after":-1}"#,
            r#""after": expected an integer from 0 to 18446744073709551615, found -1"#,
        ),
        (
            r#"{"type":"history","after":1.5}"#,
            r#""after": expected an integer from 0 to 18446744073709551615, found 1.5"#,
        ),
        (
            r#"{"type":"history","limit":18446744073709551616}"#,
            r#""limit": expected an integer from 0 to 18446744073709551615, found another number"#,
        ),
        (
            r#"{"type":"login","name":"ann","password":["secret"]}"#,
            r#""password": expected a string, found an array"#,
        ),
        (
            r#"{"type":"revoke","device":"laptop"}"#,
            r#""device": expected an integer from 0 to 4294967295, found a string"#,
        ),
        (
            r#"{"type":"claim","password":"a","device":7}"#,
            r#""device": expected a string, found a number"#,
        ),
        (
            r#"{"type":"say","text":"a""#,
            "the line is not one JSON object: EOF while parsing an object, at its byte 24",
        ),
    ];
    let mut w = World::new(Limits::default());
    let (bot, _) = program(&mut w, "{}");
    for (line, why) in cases {
        w.receive(bot, format!("{line}\n"));
        let told = objects(&mut w, bot);
        let [
            Message::Error {
                code: Code::BadRequest,
                text,
                ..
            },
        ] = &told[..]
        else {
            panic!("{line}: {told:?}");
        };
        let start = "the line is no request: ";
        assert_eq!(text.strip_prefix(start), Some(why), "{line}");
    }
}

#[test]
fn programs_and_people_are_in_the_same_room() {
    let mut w = World::new(Limits::default());
    w.server = Server::with_origin(
        Limits::default(),
        Origin {
            epoch: 0xabc,
            secret: chat_core::Secret([7; 32]),
            unix_millis: 1_000_000,
        },
    );
    let ann = w.join("Ann");
    w.look(ann);
    w.now = w.now + Duration::from_millis(5);
    let bot = w.server.accept(w.now, 1000).unwrap();
    w.receive(
        bot,
        "JOIN {\"version\": 1, \"name\": \"bot\", \"colour\": [1, {}]}\n",
    );
    let session = token(&[object(w.look(bot).lines().next().unwrap())]);
    assert_eq!(session.len(), 32);
    w.receive(ann, "hello, \"bot\"\n");
    w.receive(bot, say("hello, Ann", "a1"));
    assert_eq!(w.look(ann), "bot has joined the chat\nbot: hello, Ann\n");
    let epoch = "00000000000000000000000000000abc";
    let entry = |rest: &str| {
        format!("{{\"type\":\"entry\",\"room\":\"lobby\",\"epoch\":\"{epoch}\",{rest}}}\n")
    };
    assert_eq!(
        w.look(bot),
        [
            entry(r#""seq":3,"at":1000005,"kind":"said","name":"Ann","text":"hello, \"bot\"""#),
            entry(
                r#""seq":4,"at":1000005,"kind":"said","name":"bot","text":"hello, Ann","id":"a1""#
            ),
            "{\"type\":\"accepted\",\"id\":\"a1\",\"seq\":4}\n".into(),
        ]
        .concat()
    );
    w.receive(ann, "LEAVE\n");
    assert_eq!(entries(&objects(&mut w, bot)), [(5, "-Ann".into())]);
    w.receive(bot, "{\"type\": \"leave\"}\n");
    assert_eq!(w.look(bot), "");
    assert_eq!(w.server.population(), 0);
}

#[test]
fn when_something_happens_is_what_the_clock_shows_then() {
    let mut w = World::new(Limits::default());
    let (bot, _) = program(&mut w, "{}");
    let at = |w: &mut World| {
        w.receive(bot, "{\"type\":\"say\",\"text\":\"now\"}\n");
        let heard = objects(w, bot);
        let at = |message: &Message| match message {
            Message::Entry(entry) => Some(entry.at),
            _ => None,
        };
        heard.iter().find_map(at).unwrap()
    };
    w.now = w.now + Duration::from_millis(5);
    w.server.set_clock(w.now, 1_000_000);
    assert_eq!(at(&mut w), 1_000_000);
    w.now = w.now + Duration::from_millis(7);
    assert_eq!(at(&mut w), 1_000_007);
    w.server.set_clock(w.now, 999_000);
    assert_eq!(at(&mut w), 999_000, "it was set back");
}

#[test]
fn what_is_not_understood_is_answered_and_changes_nothing() {
    let mut w = World::new(Limits::default());
    let (bot, _) = program(&mut w, "{}");
    let long = "x".repeat(MAX_LINE + 1);
    let cases: &[(&[u8], &[Code])] = &[
        (b"hello", &[Code::BadRequest]),
        (b"{}", &[Code::BadRequest]),
        (b"[1]", &[Code::BadRequest]),
        (b"[\"leave\"]", &[Code::BadRequest]),
        (
            b"{\"type\":\"say\",\"text\":\"a\",\"id\":\"\\u2028\"}",
            &[Code::BadId],
        ),
        (b"{\"type\": \"say\"}", &[Code::BadRequest]),
        (b"{\"type\": \"say\", \"text\": 5}", &[Code::BadRequest]),
        (
            b"{\"type\": \"say\", \"text\": \"\\ud800\"}",
            &[Code::BadRequest],
        ),
        (
            b"{\"type\": \"shout\", \"text\": \"a\"}",
            &[Code::UnknownType],
        ),
        (b"\"\xff\"", &[Code::NotUtf8]),
        (b"  \t", &[]),
        (b"{\"type\": \"say\", \"text\": \" \\n\"}", &[Code::Blank]),
        (
            b"{\"type\": \"say\", \"text\": \"a\", \"id\": \"\"}",
            &[Code::BadId],
        ),
        (
            b"{\"type\": \"history\", \"after\": 1, \"before\": 2}",
            &[Code::BadRequest],
        ),
        (
            b"{\"type\": \"history\", \"after\": -1}",
            &[Code::BadRequest],
        ),
        (
            b"{\"type\": \"history\", \"after\": 1e99}",
            &[Code::BadRequest],
        ),
    ];
    for (line, codes) in cases {
        w.receive(bot, [line, b"\n".as_slice()].concat());
        assert_eq!(errors(&objects(&mut w, bot)), *codes, "{line:?}");
    }
    w.receive(bot, say(&long, "a"));
    assert_eq!(errors(&objects(&mut w, bot)), [Code::TooLong]);
    let deep = "[".repeat(MAX_JSON_LINE);
    w.receive(bot, deep + "\n");
    assert_eq!(errors(&objects(&mut w, bot)), [Code::BadRequest]);
    w.receive(bot, "{\"type\": \"ping\"}\n{\"type\": \"who\"}\n");
    let names = vec![Cow::from("USER1000")];
    assert_eq!(
        objects(&mut w, bot),
        [
            Message::Pong { head: 1 },
            Message::Who {
                room: None,
                names,
                more: 0
            }
        ]
    );
    // What did not end is not said, as anywhere.
    w.receive(bot, "{\"type\": \"who\"}");
    w.server.handle(w.now, Input::Eof(bot));
    w.settle();
    assert_eq!(errors(&objects(&mut w, bot)), [Code::Unterminated]);
}

#[test]
fn limits_of_the_dialect_hold_at_them_and_one_past_them() {
    let mut w = World::new(Limits::default());
    let (bot, _) = program(&mut w, "{}");
    let ann = w.join("Ann");
    w.look(ann);
    for surplus in [0, 1] {
        let padding = |line: &str| " ".repeat(MAX_JSON_LINE + surplus - line.len());
        let line = r#"{"type": "ping"}"#;
        w.receive(bot, format!("{line}{}\n", padding(line)));
        objects(&mut w, bot);
        w.receive(bot, format!("{}{line}\n", padding(line)));
        let answer = objects(&mut w, bot);
        if surplus == 0 {
            assert_eq!(answer, [Message::Pong { head: 2 }]);
        } else {
            assert_eq!(errors(&answer), [Code::TooLong]);
        }
        w.receive(bot, say("hi", &"i".repeat(MAX_ID + surplus)));
        let codes = if surplus == 0 {
            vec![]
        } else {
            vec![Code::BadId]
        };
        assert_eq!(errors(&objects(&mut w, bot)), codes);
        w.receive(
            bot,
            say(&"\u{e9}".repeat((MAX_LINE + surplus).div_ceil(2)), "e"),
        );
        let codes = if surplus == 0 {
            vec![]
        } else {
            vec![Code::TooLong]
        };
        assert_eq!(errors(&objects(&mut w, bot)), codes);
    }
    // The longest text, with every character escaped, is within the limit of a line.
    let escaped = format!(
        "{{\"type\":\"say\",\"id\":\"{}\",\"text\":\"{}\"}}\n",
        "i".repeat(MAX_ID - 1),
        "\\u00e9".repeat(MAX_LINE / 2)
    );
    w.receive(bot, escaped);
    assert_eq!(errors(&objects(&mut w, bot)), []);
    assert_eq!(
        w.look(ann).lines().last().unwrap().len(),
        "USER1000: ".len() + MAX_LINE
    );
}

#[test]
fn the_answer_to_who_has_as_many_names_as_fit() {
    // With its quotes and a comma, each of 116 names has 35 bytes.
    let rest = MAX_LINE - 116 * 35 - "\"\",\"\",".len();
    for (surplus, left_out) in [(0, 1), (1, 0)] {
        let mut w = World::new(Limits::default());
        for n in 0..116 {
            w.join(&format!("{n:0>MAX_NAME$}"));
        }
        w.join(&"a".repeat(rest / 2));
        let last = "b".repeat(rest - rest / 2 - surplus);
        let (bot, _) = program(&mut w, &format!("{{\"name\": \"{last}\"}}"));
        w.receive(bot, "{\"type\": \"who\"}\n");
        let answer = objects(&mut w, bot);
        let [
            Message::Who {
                room: None,
                names,
                more,
            },
        ] = &answer[..]
        else {
            panic!("{answer:?} is not who is there")
        };
        assert_eq!((names.len(), *more), (118 - left_out, left_out));
    }
}

#[test]
fn an_answer_to_what_is_wrong_is_short() {
    let mut w = World::new(Limits::default());
    let (bot, _) = program(&mut w, "{}");
    let after = "\u{7f}".repeat(12_000);
    w.receive(
        bot,
        format!("{{\"type\":\"history\",\"after\":\"{after}\"}}\n"),
    );
    assert!(w.look(bot).len() < 200);
}

#[test]
fn what_is_sent_again_is_said_once() {
    let mut w = World::new(Limits::default());
    let ann = w.join("Ann");
    let (bot, answer) = program(&mut w, "{\"name\": \"bot\"}");
    w.look(ann);
    for _ in 0..3 {
        w.receive(bot, say("hi\u{1b}", "one"));
    }
    let answers = objects(&mut w, bot);
    let accepted = |m: &&Message<'_>| {
        **m == Message::Accepted {
            with: None,
            room: None,
            id: Some("one".into()),
            seq: 3,
        }
    };
    assert_eq!(answers.iter().filter(accepted).count(), 3);
    assert_eq!(entries(&answers).len(), 1);
    w.receive(bot, say("ho", "one"));
    assert_eq!(errors(&objects(&mut w, bot)), [Code::IdReused]);
    assert_eq!(w.look(ann), "bot: hi?\n");
    // The session's next connection is known by it, and another session is not.
    let hello = format!("{{\"session\": \"{}\"}}", token(&answer));
    w.server.handle(w.now, Input::Lost(bot));
    let (bot, _) = program(&mut w, &hello);
    let (other, _) = program(&mut w, "{\"name\": \"other\"}");
    w.receive(bot, say("hi\u{1b}", "one"));
    assert_eq!(
        objects(&mut w, bot).last(),
        Some(&Message::Accepted {
            with: None,
            room: None,
            id: Some("one".into()),
            seq: 3
        })
    );
    w.receive(other, say("ho", "one"));
    assert!(w.look(ann).ends_with("other: ho\n"));
    // Without an id, it is said as often as it is sent.
    w.receive(bot, "{\"type\":\"say\",\"text\":\"x\"}\n".repeat(2));
    assert_eq!(w.look(ann), "bot: x\nbot: x\n");
}

#[test]
fn short_lines_do_not_take_readers_of_json_with_them() {
    let mut w = World::new(Limits::default());
    let ann = w.join("Ann");
    let (bot, _) = program(&mut w, "{}");
    let mut unread = "x\n".repeat(12_000);
    while !unread.is_empty() {
        if w.server.wants_input(ann) {
            let rest = unread.split_off(unread.len().min(4096));
            w.server
                .handle(w.now, Input::Received(ann, unread.as_bytes()));
            unread = rest;
        }
        // It takes 200 KB a round.
        w.limit(bot, 200_000);
        w.server.handle(w.now, Input::Writable(bot));
        if w.server.next_timeout().is_some_and(|(due, _)| due <= w.now) {
            w.server.handle(w.now, Input::Timeout);
        }
        w.write();
    }
    for _ in 0..100 {
        w.unblock(bot);
    }
    assert_eq!(entries(&objects(&mut w, bot)).len(), 12_000);
}
