//! What is wrong with a first line is said so that it can be mended, and nothing secret with it.

use super::{bye, objects, program};
use crate::world::World;
use chat_core::json::{Code, Message};
use chat_core::{Limits, MAX_LINE};

/// What a first line is told that is turned away.
fn told(line: impl AsRef<[u8]>) -> (Code, String) {
    let mut w = World::new(Limits::default());
    let conn = w.server.accept(w.now, 1000).unwrap();
    w.receive(conn, [line.as_ref(), b"\n"].concat());
    let answer = objects(&mut w, conn);
    match &answer[..] {
        [
            Message::Bye {
                code,
                text,
                retry_after_ms: None,
            },
        ] => (*code, text.to_string()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_member_that_is_wrong_is_named_with_what_it_is_to_be() {
    let (text, u64s) = ("a string", "an integer from 0 to 18446744073709551615");
    let u32s = "an integer from 0 to 4294967295";
    for (hello, member, expected, found) in [
        (r#"{"version":"1"}"#, "version", u32s, "a string"),
        (r#"{"version":-1}"#, "version", u32s, "-1"),
        (r#"{"version":1.5}"#, "version", u32s, "1.5"),
        (r#"{"version":4294967296}"#, "version", u32s, "4294967296"),
        (r#"{"name":7}"#, "name", text, "a number"),
        (r#"{"name":["ann"]}"#, "name", text, "an array"),
        (r#"{"session":8123}"#, "session", text, "a number"),
        (
            r#"{"session":{"token":"8123"}}"#,
            "session",
            text,
            "an object",
        ),
        (r#"{"after":"8123"}"#, "after", u64s, "a string"),
        (r#"{"after":-1}"#, "after", u64s, "-1"),
        (
            r#"{"after":18446744073709551616}"#,
            "after",
            u64s,
            "another number",
        ),
        (r#"{"epoch":true}"#, "epoch", text, "true or false"),
        (r#"{"history":[]}"#, "history", u64s, "an array"),
        (r#"{"name":"ann","history":1e2}"#, "history", u64s, "100.0"),
        (r#"{"rooms":[]}"#, "rooms", "an object", "an array"),
        (r#"{"read":1}"#, "read", "true or false", "a number"),
        (r#"{"read":"yes"}"#, "read", "true or false", "a string"),
    ] {
        let expected = format!("\"{member}\": expected {expected}, found {found}");
        assert_eq!(told(format!("JOIN {hello}")), (Code::BadHello, expected));
    }
}

#[test]
fn so_is_that_of_a_room_without_its_name() {
    let u64s = "an integer from 0 to 18446744073709551615";
    for (rooms, why) in [
        (r#"{"dev":5}"#, "expected an object, found a number".into()),
        (r#"{"dev":null}"#, "expected an object, found null".into()),
        (
            r#"{"tea":{},"dev":{"after":"x"}}"#,
            format!("\"after\": expected {u64s}, found a string"),
        ),
        (
            r#"{"dev":{"epoch":5}}"#,
            "\"epoch\": expected a string, found a number".into(),
        ),
        (
            r#"{"dev":{"history":-1}}"#,
            format!("\"history\": expected {u64s}, found -1"),
        ),
    ] {
        let expected = format!("\"rooms\", for a room: {why}");
        let told = told(format!(r#"JOIN {{"rooms":{rooms}}}"#));
        assert_eq!(told, (Code::BadHello, expected));
    }
}

#[test]
fn null_is_as_good_as_nothing_for_whatever_may_be_left_out() {
    let mut w = World::new(Limits::default());
    let conn = w.server.accept(w.now, 1000).unwrap();
    let hello = "JOIN {\"version\":null,\"name\":null,\"session\":null,\"device\":null,\"after\":null,\"epoch\":null,\"history\":null,\"rooms\":null,\"read\":null,\"room\":null}\n";
    w.receive(conn, hello.as_bytes());
    let answer = objects(&mut w, conn);
    assert!(
        matches!(answer[..], [Message::Welcome { .. }]),
        "{answer:?}"
    );
    let say = "{\"type\":\"say\",\"text\":\"a\",\"id\":null,\"room\":null,\"me\":null}\n";
    w.receive(conn, say.as_bytes());
    let answer = objects(&mut w, conn);
    let is_error = |it: &Message<'_>| matches!(it, Message::Error { .. });
    assert!(
        !answer.is_empty() && !answer.iter().any(is_error),
        "{answer:?}"
    );
}

#[test]
fn a_line_that_is_no_object_is_told_why() {
    let not_one = |why: &str| format!("what follows JOIN is not one JSON object: {why}");
    for (line, why) in [
        (
            &b"JOIN {"[..],
            not_one("EOF while parsing an object, at its byte 1"),
        ),
        (b"JOIN {} {}", not_one("trailing characters, at its byte 4")),
        (
            b"JOIN {}, please",
            not_one("trailing characters, at its byte 3"),
        ),
        (
            b"join {version:1}",
            not_one("key must be a string, at its byte 2"),
        ),
        (
            b"JOIN{'version':1}",
            not_one("key must be a string, at its byte 2"),
        ),
        (
            b"JOIN {\"name\" \"ann\"}",
            not_one("expected `:`, at its byte 9"),
        ),
        (
            b"JOIN {\"name\":\"\\ud800\"}",
            not_one("unexpected end of hex escape, at its byte 16"),
        ),
        (
            b"JOIN {\"name\":\"a\",\"name\":\"b\"}",
            "\"name\" is there twice".into(),
        ),
        (
            b"JOIN {\"name\":\"\xff\"}",
            "the first line is not UTF-8".into(),
        ),
    ] {
        let line_told = String::from_utf8_lossy(line);
        assert_eq!(told(line), (Code::BadHello, why), "{line_told}");
    }
    let (code, why) = told(format!("JOIN {{\"a\":{}1", "[".repeat(200)));
    assert_eq!(code, Code::BadHello);
    assert!(why.contains("recursion limit exceeded"), "{why}");
    for surplus in [0, 1] {
        let blank = " ".repeat(MAX_LINE + surplus - "JOIN {\"after\":\"\"}".len());
        let (code, why) = told(format!("JOIN {{\"after\":\"{blank}\"}}"));
        assert_eq!(code, Code::BadHello);
        let is_long = why == "the first line is longer than 4096 bytes";
        assert_eq!(is_long, surplus == 1, "{why}");
    }
}

#[test]
fn a_version_or_a_session_that_is_none_is_told_what_is_one() {
    assert_eq!(
        told("JOIN {\"version\":2}"),
        (
            Code::BadVersion,
            "\"version\": only 1 is spoken here".into()
        )
    );
    assert_eq!(
        told("JOIN {\"session\":\"8123\"}"),
        (
            Code::BadSession,
            "\"session\": expected 32 hexadecimal digits in lower case".into()
        )
    );
}

#[test]
fn no_answer_quotes_a_token() {
    let token = "0123456789abcdef0123456789abcdef";
    for hello in [
        format!(r#"{{"session":"{token}","version":"{token}"}}"#),
        format!(r#"{{"session":["{token}"]}}"#),
        format!(r#"{{"session":"{token}" "name":"ann"}}"#),
        format!(r#"{{"session":"{token}"#),
        format!(r#"{{"session":"{token}","session":"{token}"}}"#),
        format!(r#"{{"session":"{token} "}}"#),
        format!(r#"{{"session":{token}}}"#),
        format!(r"{{{token}:1}}"),
        format!(r#"{{"{token}":1,"after":"{token}"}}"#),
        format!(r#"{{"session":"{token}","version":2}}"#),
    ] {
        let (_, answer) = told(format!("JOIN {hello}"));
        assert!(!answer.contains(&token[..8]), "{answer}");
        assert!(answer.len() < 200, "{answer}");
    }
}

#[test]
fn members_that_may_be_left_out_may_be_null_and_others_are_ignored() {
    for hello in [
        r#"{"version":null,"name":null,"session":null,"after":null,"epoch":null,"history":null}"#,
        r#"{"nick":1,"nick":2,"Version":7,"":{"session":3}}"#,
        "{ \t\"version\" : 1 }",
    ] {
        let mut w = World::new(Limits::default());
        let (_, answer) = program(&mut w, hello);
        assert_eq!(bye(&answer), None);
        assert!(
            matches!(answer[..], [Message::Welcome { .. }]),
            "{answer:?}"
        );
    }
}
