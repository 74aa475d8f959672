//! The JSON dialect: programs and people in one room, and sessions that outlive their connections.

use super::world::{World, line};
use chat_core::json::{Code, Entry, MAX_ID, MAX_PAGE, Message, VERSION};
use chat_core::{
    CloseReason, ConnId, Input, Kind, Limits, MAX_JSON_LINE, MAX_LINE, Origin, Server,
};
use std::borrow::Cow;
use std::time::Duration;

/// What a connection was sent since the last look, as objects.
pub(super) fn objects(w: &mut World, conn: ConnId) -> Vec<Message<'static>> {
    w.look(conn).lines().map(object).collect()
}

fn object(line: &str) -> Message<'static> {
    serde_json::from_str(Box::leak(line.into())).unwrap_or_else(|error| panic!("{error}: {line}"))
}

/// A connection that said `JOIN` and this, and what it was answered.
pub(super) fn program(w: &mut World, hello: &str) -> (ConnId, Vec<Message<'static>>) {
    let conn = w.server.accept(w.now, 1000).unwrap();
    w.receive(conn, format!("JOIN {hello}\n"));
    let answer = objects(w, conn);
    (conn, answer)
}

pub(super) fn token(answer: &[Message<'_>]) -> String {
    match &answer[0] {
        Message::Welcome { session, .. } => session.to_string(),
        other => panic!("{other:?} is no welcome"),
    }
}

pub(super) fn say(text: &str, id: &str) -> String {
    format!(
        "{}\n",
        serde_json::json!({"type": "say", "text": text, "id": id})
    )
}

/// Numbers, names and texts of the entries among these.
pub(super) fn entries(messages: &[Message<'_>]) -> Vec<(u64, String)> {
    let entry = |message: &Message<'_>| match message {
        Message::Entry(entry) | Message::Past(entry) => Some((entry.seq, told(entry))),
        _ => None,
    };
    messages.iter().filter_map(entry).collect()
}

fn told(entry: &Entry<'_>) -> String {
    match entry.kind {
        Kind::Joined => format!("+{}", entry.name),
        Kind::Left => format!("-{}", entry.name),
        Kind::Said => format!("{}: {}", entry.name, entry.text.as_deref().unwrap_or("?")),
    }
}

pub(super) fn errors(messages: &[Message<'_>]) -> Vec<Code> {
    let code = |message: &Message<'_>| match message {
        Message::Error { code, .. } => Some(*code),
        _ => None,
    };
    messages.iter().filter_map(code).collect()
}

pub(super) fn bye(messages: &[Message<'_>]) -> Option<(Code, Option<u64>)> {
    match messages.last() {
        Some(Message::Bye {
            code,
            retry_after_ms,
            ..
        }) => Some((*code, *retry_after_ms)),
        _ => None,
    }
}

#[test]
fn programs_and_people_are_in_the_same_room() {
    let mut w = World::new(Limits::default());
    w.server = Server::with_origin(
        Limits::default(),
        Origin {
            epoch: 0xabc,
            secret: [7; 32],
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
        [Message::Pong { head: 1 }, Message::Who { names, more: 0 }]
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
fn a_session_goes_on_where_its_connection_ended() {
    let mut w = World::new(Limits::default());
    let ann = w.join("Ann");
    let (bot, answer) = program(&mut w, "{\"name\": \"bot\"}");
    let session = token(&answer);
    w.look(ann);
    w.receive(ann, "one\n");
    assert_eq!(entries(&objects(&mut w, bot)), [(3, "Ann: one".into())]);
    w.server.handle(w.now, Input::Lost(bot));
    w.receive(ann, "two\n");
    w.receive(ann, "/who\n");
    assert_eq!(
        w.look(ann),
        "* In the room (2): Ann, bot\n",
        "nobody was told"
    );
    w.wait(Duration::from_secs(59));
    let hello = format!("{{\"session\": \"{session}\", \"after\": 3, \"name\": \"x\"}}");
    let (bot, answer) = program(&mut w, &hello);
    assert!(
        matches!(&answer[0], Message::Welcome { name, resumed: true, head: 4, .. } if name == "bot")
    );
    assert_eq!(entries(&answer), [(4, "Ann: two".into())]);
    w.receive(ann, "three\n");
    assert_eq!(entries(&objects(&mut w, bot)), [(5, "Ann: three".into())]);
    assert_eq!(w.look(ann), "", "nobody is told of the resuming");

    // It has 60 s, and not a moment more.
    w.server.handle(w.now, Input::Eof(bot));
    w.settle();
    w.wait(Duration::from_micros(59_999_999));
    assert_eq!(w.look(ann), "");
    w.wait(Duration::from_micros(1));
    assert_eq!(w.look(ann), "bot has left the chat\n");
    w.receive(ann, "four\n");
    let hello = format!("{{\"session\": \"{session}\", \"after\": 5, \"name\": \"bot\"}}");
    let (_, answer) = program(&mut w, &hello);
    assert!(matches!(
        &answer[0],
        Message::Welcome { resumed: false, .. }
    ));
    let missed = [(6, "-bot"), (7, "Ann: four"), (8, "+bot")];
    assert_eq!(entries(&answer), missed.map(|(n, it)| (n, it.to_string())));
    // Who leaves is gone at once.
    w.look(ann);
}

#[test]
fn a_sessions_newer_connection_ends_the_older_one() {
    let mut w = World::new(Limits::default());
    let ann = w.join("Ann");
    let (old, answer) = program(&mut w, "{\"name\": \"bot\"}");
    let hello = format!("{{\"session\": \"{}\"}}", token(&answer));
    w.look(ann);
    let (new, answer) = program(&mut w, &hello);
    assert!(matches!(&answer[0], Message::Welcome { resumed: true, .. }));
    assert_eq!(bye(&objects(&mut w, old)), Some((Code::Replaced, None)));
    w.receive(old, say("not heard", "x"));
    w.server.handle(w.now, Input::Eof(old));
    w.receive(new, say("heard", "y"));
    assert_eq!(w.closed[&old], CloseReason::Replaced);
    w.server.handle(w.now, Input::Lost(new));
    w.settle();
    assert_eq!(w.look(ann), "bot: heard\n");
    w.wait(Duration::from_secs(60));
    assert_eq!(w.look(ann), "bot has left the chat\n");
}

#[test]
fn sessions_without_a_connection_are_bounded() {
    for (surplus, left) in [(0, ""), (1, "s0 has left the chat\n")] {
        let mut w = World::new(Limits {
            detached: 3,
            ..Limits::default()
        });
        let ann = w.join("Ann");
        for n in 0..3 + surplus {
            let (bot, _) = program(&mut w, &format!("{{\"name\": \"s{n}\"}}"));
            w.look(ann);
            w.now = w.now + Duration::from_millis(1);
            w.server.handle(w.now, Input::Lost(bot));
            w.settle();
        }
        assert_eq!(w.look(ann), left);
    }
}

#[test]
fn what_is_not_held_any_more_is_stated() {
    let mut w = World::new(Limits {
        behind: 2000,
        batch: 1000,
        ..Limits::default()
    });
    let ann = w.join("Ann");
    let (bot, answer) = program(&mut w, "{\"name\": \"bot\"}");
    w.server.handle(w.now, Input::Lost(bot));
    for _ in 0..40 {
        w.receive(ann, line(94));
    }
    let session = token(&answer);
    let epoch = "0".repeat(32);
    let hello = |rest: &str| format!("{{\"session\": \"{session}\"{rest}}}");
    let (_, answer) = program(&mut w, &hello(", \"after\": 2"));
    let Message::Gap { after: 2, next } = answer[1] else {
        panic!("{:?} is no gap", answer[1])
    };
    // The 2,000 bytes of 100 each, but what a batch may have added.
    assert!((12..=23).contains(&next), "{next}");
    let behind: Vec<u64> = entries(&answer).iter().map(|(seq, _)| *seq).collect();
    assert_eq!(behind, (next..=42).collect::<Vec<_>>());
    // What is known of a later time than there was, or of another log, is of no use.
    let (_, answer) = program(&mut w, &hello(", \"after\": 43"));
    assert_eq!(
        answer[1..],
        [Message::Gap {
            after: 43,
            next: 43
        }]
    );
    let (_, answer) = program(&mut w, &hello(", \"after\": 41, \"epoch\": \"another\""));
    assert_eq!(answer[1], Message::Gap { after: 41, next });
    assert_eq!(entries(&answer).len() as u64, 42 - next + 1);
    let (_, answer) = program(
        &mut w,
        &hello(&format!(", \"after\": 41, \"epoch\": \"{epoch}\"")),
    );
    assert_eq!(entries(&answer).len(), 1);
}

#[test]
fn history_comes_in_pages() {
    let mut w = World::new(Limits::default());
    let ann = w.join("Ann");
    let (bot, _) = program(&mut w, "{\"name\": \"bot\"}");
    for n in 3..=1200 {
        w.receive(ann, format!("{n}\n"));
    }
    objects(&mut w, bot);
    let mut page = |request: &str| {
        w.receive(bot, format!("{{\"type\": \"history\"{request}}}\n"));
        let answer = objects(&mut w, bot);
        assert_eq!(
            answer.last(),
            Some(&Message::Page {
                first: 1,
                head: 1200
            })
        );
        assert!(
            answer
                .iter()
                .rev()
                .skip(1)
                .all(|m| matches!(m, Message::Past(_)))
        );
        let seqs: Vec<u64> = entries(&answer).iter().map(|(seq, _)| *seq).collect();
        let (first, last) = (*seqs.first().unwrap_or(&0), *seqs.last().unwrap_or(&0));
        assert_eq!(
            seqs.len() as u64,
            if first == 0 { 0 } else { last - first + 1 }
        );
        (first, last)
    };
    assert_eq!(page(""), (1101, 1200));
    assert_eq!(page(", \"limit\": 5"), (1196, 1200));
    assert_eq!(page(", \"before\": 1101"), (1001, 1100));
    assert_eq!(page(", \"before\": 5"), (1, 4));
    assert_eq!(page(", \"before\": 1"), (0, 0));
    assert_eq!(page(", \"before\": 0"), (0, 0));
    assert_eq!(page(", \"after\": 0, \"limit\": 3"), (1, 3));
    assert_eq!(page(", \"after\": 1199"), (1200, 1200));
    assert_eq!(page(", \"after\": 1200"), (0, 0));
    assert_eq!(page(", \"after\": 18446744073709551615"), (0, 0));
    assert_eq!(page(", \"limit\": 0"), (0, 0));
    assert_eq!(page(&format!(", \"limit\": {MAX_PAGE}")), (201, 1200));
    assert_eq!(page(&format!(", \"limit\": {}", MAX_PAGE + 1)), (201, 1200));
    assert_eq!(
        page(&format!(", \"after\": 0, \"limit\": {}", u64::MAX)),
        (1, 1000)
    );

    // For people, too.
    w.look(ann);
    w.receive(ann, "/history 2\n");
    assert_eq!(w.look(ann), "* Ann: 1199\n* Ann: 1200\n");
    w.receive(ann, "/HISTORY\n");
    assert_eq!(w.look(ann).lines().count(), 20);
    w.receive(ann, "/history 99999999999999999999999\n");
    assert_eq!(w.look(ann).lines().count(), 1000);
    w.receive(ann, "/history 0\n/history -1\n");
    assert!(
        w.look(ann)
            .starts_with("* Not done: /history takes a number")
    );
}

#[test]
fn a_page_waits_for_a_slow_socket_and_what_comes_behind_it_waits_too() {
    let mut w = World::new(Limits {
        private: 300,
        ..Limits::default()
    });
    let ann = w.join("Ann");
    let (bot, _) = program(&mut w, "{\"name\": \"bot\"}");
    for n in 3..=100 {
        w.receive(ann, format!("{n}\n"));
    }
    objects(&mut w, bot);
    w.limit(bot, 0);
    w.receive(bot, "{\"type\": \"history\"}\n{\"type\": \"ping\"}\n");
    w.server.handle(w.now, Input::Eof(bot));
    w.receive(ann, "101\n");
    let mut screen = String::new();
    while !w.closed.contains_key(&bot) {
        w.limit(bot, 50);
        w.server.handle(w.now, Input::Writable(bot));
        w.settle();
        screen += &w.look(bot);
        if w.server.phase(bot) == chat_core::server_phase::Phase::Lingering {
            break;
        }
    }
    let all: Vec<_> = screen.lines().map(object).collect();
    let past = all.iter().filter(|m| matches!(m, Message::Past(_))).count();
    assert_eq!(past, 100);
    assert!(all.contains(&Message::Pong { head: 101 }));
    assert_eq!(entries(&all).len(), 101);
}

#[test]
fn a_stopping_server_says_when_to_come_back() {
    let mut w = World::new(Limits::default());
    let (bot, _) = program(&mut w, "{}");
    w.server.handle(w.now, Input::Stop);
    w.settle();
    let answer = objects(&mut w, bot);
    assert_eq!(bye(&answer), Some((Code::ShuttingDown, Some(1000))));
    w.server.handle(w.now, Input::Eof(bot));
    w.settle();
    assert_eq!(w.server.connections(), 0);
    assert_eq!(
        w.server.next_timeout().map(|(_, timer)| timer),
        Some(chat_core::Timer::Shutdown)
    );
}

#[test]
fn a_program_that_is_too_far_behind_is_told_and_may_go_on_where_it_was() {
    let mut w = World::new(Limits {
        behind: 3000,
        ..Limits::default()
    });
    let ann = w.join("Ann");
    let (bot, answer) = program(&mut w, "{\"name\": \"bot\"}");
    w.limit(bot, 100);
    let mut said = 0;
    while !w.server.phase(bot).is_ending() {
        w.receive(ann, "hello\n");
        said += 1;
    }
    w.unblock(bot);
    let screen = w.look(bot);
    let got: Vec<_> = screen.lines().map(object).collect();
    assert_eq!(bye(&got), Some((Code::TooFarBehind, Some(0))));
    let last = entries(&got).last().unwrap().0;
    let hello = format!("{{\"session\": \"{}\", \"after\": {last}}}", token(&answer));
    let (_, answer) = program(&mut w, &hello);
    assert_eq!(entries(&answer).len() as u64, 2 + said - last);
    assert!(matches!(&answer[0], Message::Welcome { resumed: true, .. }));
}

/// Whatever happens to its connections, a client that resumes has every entry once and in order, and
/// what it says, and says again until it is accepted, is said once.
#[test]
fn a_client_that_resumes_misses_nothing_and_doubles_nothing() {
    for seed in 0..300_u64 {
        let mut dice = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut throw = |sides: u64| {
            dice ^= dice << 13;
            dice ^= dice >> 7;
            dice ^= dice << 17;
            dice % sides
        };
        let mut w = World::new(Limits {
            private: 400,
            ..Limits::default()
        });
        let ann = w.join("Ann");
        let (mut bot, answer) = program(&mut w, "{\"name\": \"bot\"}");
        let session = token(&answer);
        let (mut last, mut seen, mut partial) = (2, Vec::new(), String::new());
        let (mut sent, mut accepted) = (0_u64, Vec::new());
        for step in 0..200 {
            match throw(8) {
                0 | 1 => w.receive(ann, format!("{step}\n")),
                2 if sent == accepted.len() as u64 => {
                    sent += 1;
                    w.receive(bot, say(&format!("bot's {sent}"), &sent.to_string()));
                }
                2 => w.receive(bot, say(&format!("bot's {sent}"), &sent.to_string())),
                3 => w.limit(bot, usize::try_from(throw(600)).unwrap()),
                4 | 5 => w.unblock(bot),
                6 if throw(3) == 0 => {
                    if throw(2) == 0 {
                        w.server.handle(w.now, Input::Lost(bot));
                    }
                    if throw(4) == 0 {
                        w.wait(Duration::from_secs(61));
                    }
                    partial.clear();
                    bot = w.server.accept(w.now, 1000).unwrap();
                    w.limit(bot, usize::try_from(throw(300)).unwrap());
                    w.receive(
                        bot,
                        format!("JOIN {{\"session\": \"{session}\", \"after\": {last}}}\n"),
                    );
                    if sent > accepted.len() as u64 {
                        w.receive(bot, say(&format!("bot's {sent}"), &sent.to_string()));
                    }
                }
                _ => w.wait(Duration::from_millis(throw(1000))),
            }
            if step == 199 {
                w.unblock(bot);
            }
            partial += &w.look(bot);
            while let Some(end) = partial.find('\n') {
                let it = object(&partial[..end]);
                partial.drain(..=end);
                match it {
                    Message::Entry(entry) => {
                        assert_eq!(entry.seq, last + 1, "seed {seed}, step {step}");
                        last = entry.seq;
                        seen.push(told(&entry));
                    }
                    Message::Accepted { id, seq } => {
                        let id: u64 = id.unwrap().parse().unwrap();
                        if id > accepted.len() as u64 {
                            accepted.push(seq);
                        }
                        assert_eq!(accepted[usize::try_from(id - 1).unwrap()], seq);
                    }
                    Message::Gap { .. } | Message::Error { .. } => panic!("{it:?}, seed {seed}"),
                    _ => {}
                }
            }
        }
        for n in 1..=sent {
            let of_it = seen
                .iter()
                .filter(|s| s.ends_with(&format!(": bot's {n}")))
                .count();
            assert!(of_it <= 1, "said {of_it} times, seed {seed}");
            assert!(of_it == 1 || n > accepted.len() as u64);
        }
        let transcript = String::from_utf8(w.transcript.clone()).unwrap();
        assert!(transcript.lines().count() as u64 >= last, "seed {seed}");
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

#[test]
fn what_was_sent_before_the_end_is_heard_whatever_is_being_sent() {
    let says = say("last words", "1");
    let pages = "{\"type\":\"history\"}\n".repeat(3);
    for (input, private) in [
        (format!("JOIN {{}}\n{pages}{says}"), 100),
        (format!("JOIN {{\"after\":0}}\n{says}"), 1),
        ("JOIN late\n/history\nlast words\n".to_string(), 1),
    ] {
        for is_full in [false, true] {
            let mut w = World::new(Limits {
                batch: 2000,
                private,
                ..Limits::default()
            });
            let ann = w.join("Ann");
            for n in 0..10 {
                w.receive(ann, format!("{n}\n"));
            }
            let late = w.server.accept(w.now, 1000).unwrap();
            if is_full {
                w.server.handle(w.now, Input::Received(ann, &line(2000)));
            }
            w.server
                .handle(w.now, Input::Received(late, input.as_bytes()));
            w.server.handle(w.now, Input::Eof(late));
            w.settle();
            assert!(w.look(ann).contains(": last words\n"), "{input}");
            assert_eq!(w.closed[&late], CloseReason::Eof);
        }
    }
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

#[test]
fn turning_to_json_does_not_get_around_what_is_kept_for_all_together() {
    for (copies, is_told) in [(10_000, false), (1000, true)] {
        let mut w = World::new(Limits {
            copies,
            ..Limits::default()
        });
        let ann = w.join("Ann");
        let late = w.server.accept(w.now, 2000).unwrap();
        w.limit(late, 10);
        w.wait(Duration::from_millis(250));
        w.receive(ann, line(3000));
        w.receive(late, "JOIN {}\n");
        w.unblock(late);
        let screen = w.look(late);
        assert_eq!(
            screen.contains("* Goodbye: you are too far behind"),
            is_told
        );
        assert_eq!(screen.contains("\"type\":\"welcome\""), !is_told);
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
fn a_page_behind_what_is_gone_begins_with_what_is_held() {
    let mut w = World::new(Limits {
        behind: 2000,
        batch: 1000,
        ..Limits::default()
    });
    let ann = w.join("Ann");
    let (bot, _) = program(&mut w, "{}");
    for _ in 0..40 {
        w.receive(ann, line(94));
    }
    objects(&mut w, bot);
    w.receive(bot, "{\"type\":\"history\",\"after\":0,\"limit\":5}\n");
    let answer = objects(&mut w, bot);
    let Some(Message::Page { first, .. }) = answer.last() else {
        panic!("{answer:?} has no end")
    };
    let seqs: Vec<u64> = entries(&answer).iter().map(|(seq, _)| *seq).collect();
    assert_eq!(seqs, (*first..first + 5).collect::<Vec<_>>());
}

#[test]
fn a_first_object_that_is_not_utf8_is_told_so() {
    let mut w = World::new(Limits::default());
    let conn = w.server.accept(w.now, 1000).unwrap();
    w.receive(conn, b"JOIN {\"name\":\"\xff\"}\n");
    assert_eq!(bye(&objects(&mut w, conn)), Some((Code::BadHello, None)));
}
