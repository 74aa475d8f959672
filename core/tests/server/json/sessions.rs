//! Sessions, which outlive their connections.

use super::{bye, entries, object, objects, program, say, token, told};
use crate::world::World;
use chat_core::json::{Code, Message};
use chat_core::{CloseReason, Input, Limits};
use std::time::Duration;

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
    let (bot, answer) = program(&mut w, &hello);
    assert!(matches!(
        &answer[0],
        Message::Welcome { resumed: false, .. }
    ));
    let missed = [(6, "-bot"), (7, "Ann: four"), (8, "+bot")];
    assert_eq!(entries(&answer), missed.map(|(n, it)| (n, it.to_string())));
    // Who leaves is gone at once.
    w.look(ann);
    w.receive(bot, "{\"type\": \"leave\"}\n");
    assert_eq!(w.look(ann), "bot has left the chat\n");
    let (_, answer) = program(&mut w, &hello);
    assert!(matches!(
        &answer[0],
        Message::Welcome { resumed: false, .. }
    ));
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
fn of_sessions_without_a_connection_a_stopping_server_says_nothing() {
    let mut w = World::new(Limits::default());
    let (bot, _) = program(&mut w, "{}");
    w.server.handle(w.now, Input::Lost(bot));
    w.server.handle(w.now, Input::Stop);
    w.wait(Duration::from_secs(60));
    assert_eq!(w.transcript, b"USER1000 has joined the chat\n");
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
                    Message::Accepted {
                        with: None,
                        room: None,
                        id,
                        seq,
                    } => {
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
