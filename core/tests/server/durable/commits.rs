//! What is not committed waits; what is, is sent.

use super::super::json::{entries, objects, program, say};
use super::super::world::line;
use super::{Kept, with_silent};
use chat_core::json::Message;
use chat_core::{CloseReason, Input, Limits};
use std::collections::BTreeMap;

#[test]
fn nothing_is_sent_or_shown_before_it_is_committed() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let ann = k.join("ann");
    assert_eq!(k.look(ann), "", "not even the welcome");
    k.commit();
    assert_eq!(k.look(ann), "Welcome to the chatroom!\n");
    let (bob, answer) = program(&mut k, r#"{"name":"bob"}"#);
    assert_eq!(answer, []);
    k.commit();
    assert_eq!(k.look(ann), "bob has joined the chat\n");
    assert!(matches!(
        objects(&mut k, bob)[..],
        [Message::Welcome { head: 2, .. }]
    ));

    k.receive(bob, say("hello", "1"));
    k.receive(ann, "hi\n");
    assert_eq!((k.look(ann), k.look(bob)), (String::new(), String::new()));
    assert!(!k.server.is_committed());
    assert_eq!(k.begin(), 2);
    assert_eq!((k.look(ann), k.look(bob)), (String::new(), String::new()));
    k.transcript.clear();
    k.done();
    assert!(k.server.is_committed());
    assert_eq!(k.look(ann), "bob: hello\n");
    let heard = objects(&mut k, bob);
    assert_eq!(
        entries(&heard),
        [(3, "bob: hello".into()), (4, "ann: hi".into())]
    );
    assert!(heard.contains(&Message::Accepted {
        with: None,
        room: None,
        id: Some("1".into()),
        seq: 3
    }));
    assert_eq!(k.transcript, b"bob: hello\nann: hi\n");
}

#[test]
fn what_happens_during_a_commit_forms_the_next_one() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let ann = k.join("ann");
    let bob = k.join("bob");
    k.commit();
    k.look(bob);
    k.receive(ann, "one\n");
    assert_eq!(k.begin(), 1);
    k.receive(ann, "two\n");
    k.receive(ann, "three\n");
    assert_eq!(k.begin(), 1, "one at a time");
    k.done();
    assert_eq!(k.look(bob), "ann: one\n");
    assert_eq!(k.begin(), 2);
    k.done();
    assert_eq!(k.look(bob), "ann: two\nann: three\n");
    assert_eq!(k.begin(), 0);
    k.done();
    assert_eq!(k.look(bob), "", "nobody asked for that one");
}

#[test]
fn answers_keep_their_place_behind_what_is_not_committed_yet() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let (ann, bob) = (k.join("ann"), k.join("bob"));
    k.commit();
    k.look(ann);
    k.look(bob);
    k.receive(bob, "before\n");
    k.receive(ann, "/who\nmine\n/back me\n");
    k.receive(bob, "after\n");
    assert_eq!(k.begin(), 3);
    k.receive(ann, "/who\n");
    assert_eq!(k.look(ann), "");
    k.done();
    let heard = k.look(ann);
    let lines: Vec<&str> = heard.lines().collect();
    assert_eq!(lines[0], "bob: before");
    assert_eq!(lines[1], "* In the room (2): ann, bob");
    assert!(lines[2].starts_with("* Not done: /back"), "{}", lines[2]);
    assert_eq!(lines[3..], ["bob: after", "* In the room (2): ann, bob"]);
}

#[test]
fn who_leaves_is_let_go_once_what_they_said_is_committed() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let ann = k.join("ann");
    k.commit();
    k.receive(ann, "last words\nleave\n");
    k.handle(Input::Eof(ann));
    assert_eq!(k.closed, BTreeMap::new());
    k.commit();
    assert_eq!(k.closed.get(&ann), Some(&CloseReason::Left));
    assert_eq!(
        k.transcript,
        b"ann has joined the chat\nann: last words\nann has left the chat\n"
    );
}

#[test]
fn no_more_is_heard_while_a_batch_waits_to_be_committed() {
    let limits = Limits {
        batch: 1000,
        ..Limits::default()
    };
    let mut k = Kept::new(limits, Vec::new(), 0);
    let (ann, bob) = (k.join("ann"), k.join("bob"));
    k.commit();
    k.look(bob);
    k.receive(ann, [line(600), line(600), line(600)].concat());
    assert!(!k.server.wants_input(ann));
    assert_eq!(k.begin(), 2);
    k.done();
    assert_eq!(k.look(bob).lines().count(), 2);
    assert_eq!(k.begin(), 1);
    k.done();
    assert!(k.server.wants_input(ann));
    assert_eq!(k.look(bob).lines().count(), 1);
}

#[test]
fn the_words_of_a_silent_stay_are_committed_before_they_are_sent_in_the_other_dialect() {
    let (mut k, ann, silent) = with_silent();
    k.receive(ann, "not kept yet\n");
    k.receive(silent, "JOIN {}\n");
    assert_eq!(k.look(silent), "");
    assert_eq!(k.begin(), 3);
    k.done();
    let heard = k.look(silent);
    assert!(
        heard.starts_with("ann: not kept yet\n{\"type\":\"welcome\""),
        "{heard}"
    );
    k.receive(ann, "more\n");
    k.commit();
    assert!(k.look(silent).contains("more"));
}

#[test]
fn a_crowd_that_comes_and_goes_while_the_store_is_slow_is_bounded() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    k.join("ann");
    assert_eq!(k.begin(), 1);
    for _ in 0..5_000 {
        let conn = k.accept(5);
        k.wait(Limits::default().first_line);
        k.handle(Input::Lost(conn));
    }
    k.done();
    let waiting = k.begin();
    assert!((1000..4000).contains(&waiting), "{waiting} entries");
}

#[test]
fn a_page_has_what_its_reader_has_just_said() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let (bob, ann) = (program(&mut k, r#"{"name":"bob"}"#).0, k.join("ann"));
    k.commit();
    k.look(bob);
    k.look(ann);
    k.receive(
        bob,
        say("mine", "1") + "{\"type\":\"history\",\"limit\":1}\n",
    );
    k.receive(ann, "mine, too\n/history 1\n");
    k.commit();
    assert_eq!(k.look(bob).matches(r#""text":"mine""#).count(), 2);
    assert_eq!(k.look(ann), "bob: mine\n* ann: mine, too\n");
}

#[test]
fn a_page_for_who_is_alone_waits_for_what_they_have_just_said() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let ann = k.join("ann");
    k.commit();
    k.look(ann);
    k.receive(ann, "mine\n/history 1\n");
    assert_eq!(k.look(ann), "");
    k.commit();
    assert_eq!(k.look(ann), "* ann: mine\n");
}
