//! Words that wait for who is not here, and what is read of them.

use super::super::accounts::send;
use super::super::durable::Kept;
use super::super::json::{errors, objects, program};
use super::super::world::World;
use super::{
    ask, ask_object, inbox, kept_log_in, kept_owner, kept_program, log_in, msg, owner, read,
    settle, waiting, words,
};
use chat_core::json::{Code, Message};
use chat_core::{Input, Limits};
use std::time::Duration;

#[test]
fn words_wait_for_their_receiver_over_a_restart_until_they_are_read() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let (ann, bob) = (kept_owner(&mut k, "ann"), kept_owner(&mut k, "bob"));
    let eve = kept_owner(&mut k, "eve");
    ask(&mut k, bob, "LEAVE");
    for conn in [ann, eve] {
        k.look(conn);
    }
    for (conn, text) in [(ann, "one"), (eve, "two"), (ann, "three")] {
        assert_eq!(
            ask(&mut k, conn, &format!("/msg bob {text}")),
            format!("[PM to bob] {text}\n* bob is not here; it waits for them.\n")
        );
        k.wait(Duration::from_secs(60));
    }
    let mut k = k.restart(2);
    let (bob, told) = kept_log_in(&mut k, "bob");
    assert!(
        told.contains(
            "* 3 private messages since 1970-01-01 00:00 UTC (2 from ann, 1 from eve): /inbox\n"
        ),
        "{told}"
    );
    let shown = "* At 1970-01-01 00:00 UTC:\n[PM from ann] one\n\
                 * At 1970-01-01 00:01 UTC:\n[PM from eve] two\n\
                 * At 1970-01-01 00:02 UTC:\n[PM from ann] three\n";
    assert_eq!(ask(&mut k, bob, "/inbox"), shown);
    assert_eq!(ask(&mut k, bob, "/inbox"), "* Nothing waits for you.\n");
    // An answer goes to whoever wrote last, who is not here.
    assert_eq!(
        ask(&mut k, bob, "/reply yes"),
        "[PM to ann] yes\n* ann is not here; it waits for them.\n"
    );
    let mut k = k.restart(1);
    let (_, told) = kept_log_in(&mut k, "bob");
    assert!(!told.contains("private message"), "{told}");
    let (ann, told) = kept_log_in(&mut k, "ann");
    assert!(told.contains("* 1 private message since"), "{told}");
    assert_eq!(
        ask(&mut k, ann, "/inbox bob 2"),
        "* At 1970-01-01 00:02 UTC:\n[PM to bob] three\n* At 1970-01-01 00:03 UTC:\n[PM from bob] yes\n"
            .replace("00:03", "00:00"),
        "the clock of the test begins anew"
    );
    assert_eq!(
        ask(&mut k, ann, "/inbox"),
        "* Nothing waits for you.\n",
        "it was among the last"
    );
}

#[test]
fn what_is_older_than_a_page_waits_on() {
    let mut w = World::new(Limits::default());
    let (ann, bob) = (owner(&mut w, "ann"), owner(&mut w, "bob"));
    w.receive(bob, "LEAVE\n");
    for text in ["one", "two"] {
        send(&mut w, ann, &format!("/msg bob {text}"));
    }
    let bob = log_in(&mut w, "bob");
    w.look(bob);
    let shown = send(&mut w, bob, "/inbox ann 1");
    assert_eq!(shown, "* At 1970-01-01 00:00 UTC:\n[PM from ann] two\n");
    assert!(send(&mut w, bob, "/inbox").ends_with("one\n[PM from ann] two\n"));
}

#[test]
fn a_program_is_sent_again_what_it_does_not_say_it_has_read() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let ann = kept_owner(&mut k, "ann");
    let (bob, session) = kept_program(&mut k, "bob");
    for text in ["one", "two"] {
        ask(&mut k, ann, &format!("/msg bob {text}"));
    }
    let told = objects(&mut k, bob);
    let of = |text: &str, seq, waits| ("ann".to_owned(), text.to_owned(), Some(seq), waits);
    assert_eq!(words(&told), [of("one", 1, false), of("two", 2, false)]);
    assert!(ask_object(&mut k, bob, &read("ann", 1)).is_empty());
    k.handle(Input::Lost(bob));
    // While it has no connection, one more is said.
    assert_eq!(
        ask(&mut k, ann, "/msg bob three").lines().last(),
        Some("* bob is not here; it waits for them.")
    );
    let (bob, told) = program(&mut k, &format!(r#"{{"session":"{session}"}}"#));
    assert_eq!(waiting(&told), Some((2, vec![("ann".into(), 2)])));
    let told = ask_object(&mut k, bob, &inbox());
    assert_eq!(words(&told), [of("two", 2, true), of("three", 3, true)]);
    assert!(matches!(told.last(), Some(Message::Inbox { count: 2, .. })));
    // They wait until it says so.
    assert_eq!(words(&ask_object(&mut k, bob, &inbox())).len(), 2);
    assert!(ask_object(&mut k, bob, &read("Ann", 3)).is_empty());
    assert!(matches!(
        ask_object(&mut k, bob, &inbox())[..],
        [Message::Inbox { count: 0, .. }]
    ));
    for none in [read("nobody", 3), read("ann", 7), read("two words", 1)] {
        assert!(ask_object(&mut k, bob, &none).is_empty());
    }
}

#[test]
fn what_is_sent_again_with_its_id_is_said_once_also_after_a_restart() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let bob = kept_owner(&mut k, "bob");
    let (ann, session) = kept_program(&mut k, "ann");
    k.look(bob);
    let told = ask_object(&mut k, ann, &msg("bob", "hi", "1"));
    assert!(
        matches!(&told[..], [Message::Private { from, to, seq: Some(1), id: Some(id), waits: false, .. }]
            if from == "ann" && to == "bob" && id == "1"),
        "{told:?}"
    );
    let is_accepted = |told: &[Message<'_>]| {
        matches!(told, [Message::Accepted { room: None, with: Some(with), id: Some(id), seq: 1 }]
            if with == "bob" && id == "1")
    };
    let told = ask_object(&mut k, ann, &msg("bob", "hi", "1"));
    assert!(is_accepted(&told), "{told:?}");
    let told = ask_object(&mut k, ann, &msg("bob", "other", "1"));
    assert_eq!(errors(&told), [Code::IdReused]);
    // An id is of the session, for all that it says.
    let said = serde_json::json!({"type": "say", "text": "hi", "id": "1"});
    assert_eq!(errors(&ask_object(&mut k, ann, &said)), [Code::IdReused]);
    let bad = msg("bob", "hi", "");
    assert_eq!(errors(&ask_object(&mut k, ann, &bad)), [Code::BadId]);
    assert_eq!(k.look(bob), "[PM from ann] hi\n");
    for newest in [0, 9] {
        k = k.restart(newest);
        let (ann, _) = program(&mut k, &format!(r#"{{"session":"{session}"}}"#));
        settle(&mut k);
        objects(&mut k, ann);
        let told = ask_object(&mut k, ann, &msg("bob", "hi", "1"));
        assert!(is_accepted(&told), "{told:?}");
        assert_eq!(
            errors(&ask_object(&mut k, ann, &said)),
            [Code::IdReused],
            "{newest}"
        );
    }
    let all = k.store.iter().filter(|it| it.room.is_conversation());
    assert_eq!(all.count(), 1);
}

#[test]
fn where_it_cannot_be_read_whether_it_was_said_it_is_not_said() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    kept_owner(&mut k, "bob");
    let (ann, session) = kept_program(&mut k, "ann");
    ask_object(&mut k, ann, &msg("bob", "hi", "1"));
    let mut k = k.restart(0);
    let (ann, _) = program(&mut k, &format!(r#"{{"session":"{session}"}}"#));
    settle(&mut k);
    objects(&mut k, ann);
    // First the id is looked for, then the conversation.
    for answers in [0, 1] {
        k.receive(ann, format!("{}\n", msg("bob", "hi", "new")));
        for _ in 0..answers {
            k.answer_one();
        }
        assert_eq!(k.asked.len(), 1);
        k.asked.clear();
        k.handle(Input::Unreadable(ann));
        k.commit();
        assert_eq!(errors(&objects(&mut k, ann)), [Code::NotKept]);
    }
    let told = ask_object(&mut k, ann, &msg("bob", "hi", "new"));
    assert_eq!(words(&told).len(), 1, "the id is free");
}

#[test]
fn a_program_that_is_here_and_never_says_what_it_has_read_is_sent_more_all_the_same() {
    let limits = Limits {
        inbox: 3,
        ..Limits::default()
    };
    let mut k = Kept::new(limits, Vec::new(), 0);
    let ann = kept_owner(&mut k, "ann");
    let (bob, _) = kept_program(&mut k, "bob");
    for n in 1..=4 {
        ask(&mut k, ann, &format!("/msg bob {n}"));
    }
    assert_eq!(words(&objects(&mut k, bob)).len(), 4);
    let told = words(&ask_object(&mut k, bob, &inbox()));
    let texts: Vec<&str> = told.iter().map(|(_, text, ..)| &**text).collect();
    assert_eq!(texts, ["2", "3", "4"]);
}

#[test]
fn programs_read_pages_of_a_conversation() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let bob = kept_owner(&mut k, "bob");
    let (ann, _) = kept_program(&mut k, "ann");
    let asked = |more: &str| -> serde_json::Value {
        serde_json::from_str(&format!(
            r#"{{"type":"history","with":"bob","id":"7"{more}}}"#
        ))
        .unwrap()
    };
    let told = ask_object(&mut k, ann, &asked(""));
    assert!(
        matches!(&told[..], [Message::Page { room: None, with: Some(with), first: 1, head: 0 }] if with == "bob"),
        "{told:?}"
    );
    for n in 1..=5 {
        ask_object(&mut k, ann, &msg("bob", &n.to_string(), &n.to_string()));
    }
    ask(&mut k, bob, "/msg ann six");
    objects(&mut k, ann);
    let seqs = |told: &[Message<'_>]| -> Vec<u64> {
        words(told)
            .iter()
            .filter_map(|(_, _, seq, _)| *seq)
            .collect()
    };
    for (more, expected) in [
        ("", vec![1, 2, 3, 4, 5, 6]),
        (r#","limit":2"#, vec![5, 6]),
        (r#","before":5,"limit":2"#, vec![3, 4]),
        (r#","after":4"#, vec![5, 6]),
        (r#","after":9"#, vec![]),
        (r#","limit":0"#, vec![]),
    ] {
        let told = ask_object(&mut k, ann, &asked(more));
        assert_eq!(seqs(&told), expected, "{more}");
        assert!(
            matches!(
                told.last(),
                Some(Message::Page {
                    with: Some(_),
                    first: 1,
                    head: 6,
                    ..
                })
            ),
            "{told:?}"
        );
        let own = words(&told).into_iter().filter(|(from, ..)| from == "ann");
        assert!(own.into_iter().all(|(_, _, _, waits)| !waits));
    }
    let told = ask_object(&mut k, ann, &asked(r#","after":1,"before":3"#));
    assert!(
        matches!(&told[..], [Message::Error { code: Code::BadRequest, id: Some(id), .. }] if id == "7"),
        "{told:?}"
    );
}

#[test]
fn words_for_one_who_leaves_before_they_are_committed_wait() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let (ann, bob) = (kept_owner(&mut k, "ann"), kept_owner(&mut k, "bob"));
    k.receive(ann, "/msg bob hi\n");
    k.answer();
    k.handle(Input::Lost(bob));
    k.commit();
    let (_, told) = kept_log_in(&mut k, "bob");
    assert!(told.contains("* 1 private message since"), "{told}");
}
