//! Entries that are not held any more.

use super::{entries, objects, program, seqs, token};
use crate::world::{World, line};
use chat_core::json::{GapReason, Message};
use chat_core::{Input, Limits};

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
    let Message::Gap {
        room: None,
        after: 2,
        next,
        reason: Some(GapReason::NotHeld),
    } = answer[1]
    else {
        panic!("{:?} is no gap", answer[1])
    };
    // The 2,000 bytes of 100 each, but what a batch may have added.
    assert!((12..=23).contains(&next), "{next}");
    assert_eq!(seqs(&answer), (next..=42).collect::<Vec<_>>());
    // What is known of a later time than there was, or of another log, is of no use.
    let (_, answer) = program(&mut w, &hello(", \"after\": 43"));
    assert_eq!(
        answer[1..],
        [Message::Gap {
            room: None,
            after: 43,
            next: 43,
            reason: Some(GapReason::Ahead),
        }]
    );
    let (_, answer) = program(&mut w, &hello(", \"after\": 41, \"epoch\": \"another\""));
    assert_eq!(
        answer[1],
        Message::Gap {
            room: None,
            after: 41,
            next,
            reason: Some(GapReason::OtherLog)
        }
    );
    assert_eq!(entries(&answer).len() as u64, 42 - next + 1);
    let (_, answer) = program(
        &mut w,
        &hello(&format!(", \"after\": 41, \"epoch\": \"{epoch}\"")),
    );
    assert_eq!(entries(&answer).len(), 1);
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
    let Some(Message::Page {
        room: None, first, ..
    }) = answer.last()
    else {
        panic!("{answer:?} has no end")
    };
    assert_eq!(seqs(&answer), (*first..first + 5).collect::<Vec<_>>());
}

#[test]
fn what_is_forgotten_before_it_is_sent_is_stated() {
    let mut w = World::new(Limits {
        behind: 2000,
        private: 300,
        ..Limits::default()
    });
    let ann = w.join("Ann");
    let (bot, answer) = program(&mut w, "{}");
    w.server.handle(w.now, Input::Lost(bot));
    w.receive(ann, line(94).repeat(10));
    let bot = w.server.accept(w.now, 1000).unwrap();
    w.limit(bot, 0);
    let session = token(&answer);
    w.receive(
        bot,
        format!("JOIN {{\"session\": \"{session}\", \"after\": 2}}\n"),
    );
    for _ in 13..=52 {
        w.receive(ann, line(94));
    }
    w.unblock(bot);
    let sent = objects(&mut w, bot);
    let is_gap = |m: &Message<'_>| matches!(m, Message::Gap { .. });
    let at = sent.iter().position(is_gap).expect("a gap");
    let Message::Gap {
        room: None,
        after,
        next,
        ..
    } = sent[at]
    else {
        unreachable!()
    };
    assert!((3..12).contains(&after) && (13..52).contains(&next));
    assert_eq!(seqs(&sent[..at]), (3..=after).collect::<Vec<_>>());
    assert_eq!(seqs(&sent[at..]), (next..=52).collect::<Vec<_>>());
}

#[test]
fn what_is_forgotten_before_a_page_comes_to_it_is_left_out() {
    let mut w = World::new(Limits {
        behind: 2000,
        private: 1,
        ..Limits::default()
    });
    let ann = w.join("Ann");
    let (bot, _) = program(&mut w, "{}");
    for _ in 3..=42 {
        w.receive(ann, line(94));
    }
    objects(&mut w, bot);
    w.limit(bot, 0);
    w.receive(bot, "{\"type\": \"history\"}\n");
    for _ in 43..=49 {
        w.receive(ann, line(94));
    }
    w.unblock(bot);
    let sent = objects(&mut w, bot);
    let Some(Message::Page {
        with: None,
        room: None,
        first,
        head: 49,
    }) = sent.last()
    else {
        panic!("{sent:?} does not end a page")
    };
    let past = sent.iter().filter_map(|message| match message {
        Message::Past(entry) => Some(entry.seq),
        _ => None,
    });
    let past: Vec<u64> = past.collect();
    assert!((25..43).contains(first));
    assert_eq!(
        past,
        [23].into_iter().chain(*first..=42).collect::<Vec<_>>()
    );
    let happened = 43..=49;
    assert_eq!(
        sent.len(),
        past.len() + happened.count() + 1,
        "nothing else"
    );
}
