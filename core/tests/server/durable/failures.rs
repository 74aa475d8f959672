//! A store that fails, and one that has lost something.

use super::super::json::{bye, entries, errors, objects, program, say};
use super::{Kept, talk, with_silent};
use chat_core::json::{Code, GapReason, Message};
use chat_core::{Action, Input, Limits};

const GOODBYE: &str = "* Goodbye: what is said cannot be kept any more; the server stops.\n";

#[test]
fn when_the_store_fails_everyone_is_told_and_nobody_is_sent_what_is_not_kept() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let ann = k.join("ann");
    let (bob, _) = program(&mut k, r#"{"name":"bob"}"#);
    let newcomer = k.accept(7);
    k.commit();
    k.look(ann);
    k.look(bob);
    k.transcript.clear();
    k.receive(ann, "lost\n");
    assert_eq!(k.begin(), 1);
    k.receive(bob, say("lost, too", "1"));
    k.handle(Input::NotCommitted);
    assert_eq!(k.look(ann), GOODBYE);
    assert_eq!(k.look(newcomer), GOODBYE);
    let heard = objects(&mut k, bob);
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert_eq!(bye(&heard), Some((Code::NotKept, Some(1000))));
    assert_eq!(k.transcript, b"");
    for conn in [ann, bob, newcomer] {
        k.handle(Input::Eof(conn));
    }
    assert_eq!(k.closed.len(), 3);
    let now = k.now;
    assert_eq!(k.server.accept(now, 9), None);
}

#[test]
fn who_has_left_is_told_when_their_last_words_are_not_kept() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let ann = k.join("ann");
    k.commit();
    k.look(ann);
    k.receive(ann, "last words\nleave\n");
    assert_eq!(k.begin(), 2);
    k.handle(Input::NotCommitted);
    assert_eq!(k.look(ann), GOODBYE);
}

#[test]
fn a_line_that_was_begun_is_ended_when_the_store_fails() {
    let (mut k, ann, silent) = with_silent();
    k.limit(silent, 7);
    k.receive(ann, "a long line\n");
    k.commit();
    assert_eq!(k.look(silent), "ann: a ");
    k.receive(ann, "not kept\n");
    assert_eq!(k.begin(), 1);
    k.receive(silent, "JOIN {}\n");
    k.handle(Input::NotCommitted);
    k.unblock(silent);
    let heard = k.look(silent);
    assert!(heard.starts_with("long line\n{\"type\":\"bye\""), "{heard}");
}

#[test]
fn what_the_store_cannot_give_any_more_is_a_gap() {
    let (k, token) = talk(100);
    let mut k = k.restart(5);
    let (ann, _) = program(&mut k, &format!(r#"{{"session":"{token}","after":1}}"#));
    k.store.drain(..50);
    k.answer();
    let heard = objects(&mut k, ann);
    assert!(heard.contains(&gap(1, 51, GapReason::NotHeld)), "{heard:?}");
    assert_eq!(entries(&heard).len(), 51);

    let (ann, _) = program(&mut k, &format!(r#"{{"session":"{token}","after":60}}"#));
    k.store.clear();
    k.answer();
    let heard = objects(&mut k, ann);
    assert!(
        heard.contains(&gap(60, 97, GapReason::NotHeld)),
        "{heard:?}"
    );
    assert_eq!(entries(&heard).len(), 5);
}

/// Entries 49 and 60 to 62 are the only ones that cannot be read.
fn is_readable(seq: u64) -> bool {
    seq != 49 && !(60..=62).contains(&seq)
}

fn gap(after: u64, next: u64, reason: GapReason) -> Message<'static> {
    let reason = Some(reason);
    Message::Gap {
        room: None,
        after,
        next,
        reason,
    }
}

/// What is neither an entry nor the welcome.
fn others(heard: Vec<Message<'static>>) -> Vec<Message<'static>> {
    let is_other = |message: &Message| {
        !matches!(
            message,
            Message::Entry(_) | Message::Past(_) | Message::Welcome { .. }
        )
    };
    heard.into_iter().filter(is_other).collect()
}

#[test]
fn of_what_cannot_be_read_no_more_is_missing_than_that() {
    let (k, token) = talk(100);
    let mut k = k.restart(5);
    k.is_readable = is_readable;
    let (ann, _) = program(&mut k, &format!(r#"{{"session":"{token}","after":1}}"#));
    k.answer();
    let heard = objects(&mut k, ann);
    let numbers = entries(&heard).into_iter().map(|(seq, _)| seq);
    assert!(numbers.eq((2..=101).filter(|seq| is_readable(*seq))));
    let unreadable = |after, next| gap(after, next, GapReason::Unreadable);
    assert_eq!(others(heard), [unreadable(48, 50), unreadable(59, 63)]);

    // In a page it is said, too, also where the page ends there.
    k.receive(ann, "{\"type\":\"history\",\"after\":40,\"limit\":20}\n");
    k.answer();
    let page = objects(&mut k, ann);
    assert_eq!(entries(&page).len(), 18);
    let missing = |after, next| Message::Missing {
        with: None,
        room: None,
        after,
        next,
    };
    let end = Message::Page {
        with: None,
        room: None,
        first: 1,
        head: 101,
    };
    assert_eq!(others(page), [missing(48, 50), missing(59, 61), end]);

    let old = k.join("old");
    k.commit();
    k.look(old);
    k.receive(old, "/history 50\n");
    k.answer();
    let heard = k.look(old);
    let told = "* ann: line 57\n* (3 entries cannot be read any more)\n* ann: line 61\n";
    assert!(heard.contains(told), "{heard}");
    assert_eq!(heard.lines().count(), 50 - 3 + 1);
}

#[test]
fn what_cannot_be_read_is_tried_in_smaller_and_smaller_pieces() {
    let (k, token) = talk(100);
    let mut k = k.restart(5);
    let (ann, _) = program(&mut k, &format!(r#"{{"session":"{token}","after":1}}"#));
    let mut asked = Vec::new();
    for is_readable in [
        false, false, false, false, false, true, true, true, true, true,
    ] {
        let Some(Action::Read(_, _, after, most)) = k.asked.pop() else {
            panic!("nothing is read");
        };
        asked.push((after, most));
        let kept = k.store.iter().filter(|record| record.seq > after);
        let kept: Vec<_> = kept.take(most).cloned().collect();
        k.handle(if is_readable {
            Input::Kept(ann, 1, &kept)
        } else {
            Input::Unreadable(ann)
        });
    }
    let smaller = [(1, 16), (1, 8), (1, 4), (1, 2), (1, 1)];
    let larger = [(2, 1), (3, 2), (5, 4), (9, 8), (17, 16)];
    assert_eq!(asked, [smaller, larger].concat());
}

#[test]
fn a_store_that_cannot_be_read_is_the_trouble_of_who_asks() {
    let (k, token) = talk(100);
    let mut k = k.restart(5);
    k.is_readable = |_| false;
    let (ann, _) = program(&mut k, &format!(r#"{{"session":"{token}","after":1}}"#));
    k.answer();
    let heard = objects(&mut k, ann);
    assert!(heard.contains(&gap(1, 97, GapReason::Unreadable)));
    assert_eq!(entries(&heard).len(), 5);
    k.receive(ann, say("line 7", "7"));
    k.asked.clear();
    k.handle(Input::Unreadable(ann));
    assert_eq!(errors(&objects(&mut k, ann)), [Code::NotKept]);
    assert_eq!(k.begin(), 0, "it is not said, for it may have been");
    k.receive(ann, "{\"type\":\"ping\"}\n");
    assert_eq!(objects(&mut k, ann), [Message::Pong { head: 101 }]);
}
