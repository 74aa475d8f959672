//! A server that starts again, and what only its store knows.

use super::super::json::{entries, errors, objects, program, say};
use super::super::world::line;
use super::{Kept, talk};
use chat_core::json::{Code, Message};
use chat_core::{CloseReason, Input, Limits, MAX_JSON_LINE, MAX_LINE};

#[test]
fn after_a_restart_who_had_no_session_has_left() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    k.join("ann");
    let (_, answer) = program(&mut k, r#"{"name":"bob"}"#);
    assert_eq!(answer, []);
    k.commit();
    let mut k = k.restart(10);
    assert_eq!(k.server.population(), 0);
    k.settle();
    assert_eq!(k.transcript, b"", "nothing is shown again");
    k.commit();
    assert_eq!(k.transcript, b"ann has left the chat\n");
    k.wait(Limits::default().grace);
    k.commit();
    assert_eq!(
        k.transcript,
        b"ann has left the chat\nbob has left the chat\n"
    );
    let ann = k.join("ann");
    k.commit();
    assert_eq!(k.look(ann), "Welcome to the chatroom!\n");
}

#[test]
fn a_session_goes_on_through_a_restart() {
    let (k, token) = talk(3);
    let mut k = k.restart(10);
    let watcher = k.join("watcher");
    k.commit();
    k.look(watcher);
    let (_, answer) = program(&mut k, &format!(r#"{{"session":"{token}","after":2}}"#));
    assert!(
        matches!(&answer[0], Message::Welcome { name, resumed: true, .. } if name == "ann"),
        "{answer:?}"
    );
    assert_eq!(
        entries(&answer),
        [
            (3, "ann: line 1".into()),
            (4, "ann: line 2".into()),
            (5, "+watcher".into())
        ]
    );
    assert_eq!(k.look(watcher), "");
}

#[test]
fn what_memory_does_not_hold_is_read_from_the_store() {
    let (k, token) = talk(100);
    let mut k = k.restart(5);
    let (ann, answer) = program(&mut k, &format!(r#"{{"session":"{token}","after":1}}"#));
    assert_eq!(entries(&answer), []);
    k.answer();
    let heard = objects(&mut k, ann);
    assert_eq!(heard.len(), 100, "entries, and nothing of a gap");
    let heard = entries(&heard);
    assert_eq!(heard.len(), 100);
    assert!(heard.iter().map(|(seq, _)| *seq).eq(2..=101));
    assert!(k.server.wants_input(ann));

    k.receive(ann, "{\"type\":\"history\",\"before\":20,\"limit\":3}\n");
    k.answer();
    let page = objects(&mut k, ann);
    let numbers: Vec<u64> = entries(&page).iter().map(|(seq, _)| *seq).collect();
    assert_eq!(numbers, [17, 18, 19]);
    assert_eq!(
        page.last(),
        Some(&Message::Page {
            with: None,
            room: None,
            first: 1,
            head: 101
        })
    );

    let old = k.join("old");
    k.commit();
    k.look(old);
    k.receive(old, "/history 50\n");
    k.answer();
    let heard = k.look(old);
    assert_eq!(heard.lines().count(), 50);
    assert!(heard.starts_with("* ann: line 51\n"), "{heard}");
    assert!(heard.ends_with("* old has joined the chat\n"), "{heard}");
}

#[test]
fn an_id_is_known_for_as_long_as_its_entry_is_kept() {
    let (k, token) = talk(100);
    let mut k = k.restart(5);
    let hello = format!(r#"{{"session":"{token}"}}"#);
    let (ann, _) = program(&mut k, &hello);
    for (id, seq) in [("98", 100), ("3", 5)] {
        let text = format!("line {id}");
        k.receive(ann, say(&text, id));
        k.answer();
        let heard = objects(&mut k, ann);
        let id = Some(id.into());
        assert_eq!(
            heard,
            [Message::Accepted {
                with: None,
                room: None,
                id,
                seq
            }]
        );
    }
    k.receive(ann, say("other words", "7"));
    k.answer();
    assert_eq!(errors(&objects(&mut k, ann)), [Code::IdReused]);
    assert_eq!(k.begin(), 0, "none of that was said");

    k.receive(
        ann,
        say("new", "new") + &say("newer", "newer") + "{\"type\":\"ping\"}\n",
    );
    assert!(!k.server.wants_input(ann), "it is looked for first");
    k.answer();
    k.commit();
    let heard = objects(&mut k, ann);
    assert_eq!(
        entries(&heard),
        [(102, "ann: new".into()), (103, "ann: newer".into())]
    );
    assert!(heard.contains(&Message::Pong { head: 103 }));
}

#[test]
fn who_closes_their_side_is_heard_to_the_end_while_an_id_is_looked_for() {
    let (k, token) = talk(100);
    let mut k = k.restart(5);
    let (ann, _) = program(&mut k, &format!(r#"{{"session":"{token}"}}"#));
    k.receive(ann, say("new", "new"));
    k.handle(Input::Eof(ann));
    assert!(k.closed.is_empty());
    k.answer();
    k.commit();
    assert_eq!(k.closed.get(&ann), Some(&CloseReason::Eof));
    assert_eq!(k.store.last().map(|record| &*record.text), Some("new"));
}

#[test]
fn a_session_that_was_made_by_this_server_needs_no_looking() {
    let (k, _) = talk(100);
    let mut k = k.restart(0);
    let (bob, _) = program(&mut k, r#"{"name":"bob"}"#);
    k.commit();
    k.receive(bob, say("new", "1"));
    assert!(k.asked.is_empty());
    k.commit();
    let heard = objects(&mut k, bob);
    assert!(
        heard.contains(&Message::Accepted {
            with: None,
            room: None,
            id: Some("1".into()),
            seq: 103
        }),
        "{heard:?}"
    );
}

#[test]
fn an_entry_that_the_store_has_before_that_is_said_is_sent_once() {
    let (k, token) = talk(5);
    let mut k = k.restart(0);
    let (ann, _) = program(&mut k, &format!(r#"{{"session":"{token}","after":0}}"#));
    k.join("bea");
    assert_eq!(k.begin(), 1);
    let batch = k.batch.clone();
    k.store.extend(batch);
    k.answer();
    k.batch.clear();
    k.done();
    k.answer();
    let heard = entries(&objects(&mut k, ann));
    assert!(heard.iter().map(|(seq, _)| *seq).eq(1..=7), "{heard:?}");
}

#[test]
fn of_what_is_read_in_the_store_no_more_waits_than_a_turn_of_backfill() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let ann = k.join("ann");
    for _ in 0..50 {
        k.receive(ann, line(MAX_LINE));
        k.commit();
    }
    let mut k = k.restart(1);
    k.commit();
    let (bob, _) = program(&mut k, r#"{"name":"bob"}"#);
    k.commit();
    k.look(bob);
    k.limit(bob, 0);
    k.receive(bob, "{\"type\":\"history\",\"after\":0}\n");
    k.answer();
    k.unblock(bob);
    let turn = 8 * 1024;
    let page = k.look(bob);
    let waited = page.len();
    assert!(
        (turn..turn + MAX_JSON_LINE).contains(&waited),
        "{waited} bytes"
    );
    k.answer();
    let page = page + &k.look(bob);
    assert_eq!(
        page.lines().count(),
        54,
        "53 entries, and the end of the page"
    );
}

#[test]
fn a_restart_does_not_count_for_a_batch_what_was_said_before() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let ann = k.join("ann");
    for _ in 0..20 {
        k.receive(ann, line(MAX_LINE));
        k.commit();
    }
    let mut k = k.restart(20);
    let (now, bob) = (k.now, k.accept(9));
    k.server.handle(now, Input::Received(bob, b"JOIN bob\n"));
    assert_eq!(k.server.population(), 1, "it waits for no turn");
}
