//! Rooms that a store keeps: one that nobody is in goes on where it was.

use super::{Kept, objects, program, token};
use crate::json::entries;
use crate::world::line;
use chat_core::json::{Code, Message};
use chat_core::{Action, ConnId, Input, Limits, Record};
use std::time::Duration;

#[test]
fn a_room_in_which_nobody_was_goes_on_with_its_numbers_topic_and_history() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 9);
    let ann = k.join("ann");
    k.receive(ann, "/join dev\n");
    k.answer();
    k.commit();
    k.receive(ann, "/topic code\none\n/join lobby\n");
    k.answer();
    k.commit();
    k.settle();
    k.look(ann);
    k.receive(ann, "/join dev\nthis waits for the room\n");
    assert_eq!(k.look(ann), "");
    k.answer();
    k.commit();
    k.receive(ann, "/history\n");
    k.answer();
    k.commit();
    assert_eq!(
        k.look(ann),
        "* You are in dev now; nobody else is here.\n\
         * The topic, set by ann: code\n\
         * ann has joined the chat\n\
         * ann has set the topic: code\n\
         * ann: one\n\
         * ann has left the chat\n\
         * ann has joined the chat\n\
         * ann: this waits for the room\n"
    );
}

#[test]
fn nothing_of_a_new_room_is_sent_before_it_is_committed() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 9);
    let (ann, bob) = (k.join("ann"), k.join("bob"));
    k.commit();
    k.look(ann);
    k.look(bob);
    k.receive(ann, "/join dev\n");
    k.answer();
    assert_eq!((k.look(ann), k.look(bob)), (String::new(), String::new()));
    assert_eq!(k.begin(), 2);
    k.done();
    assert_eq!(k.look(ann), "* You are in dev now; nobody else is here.\n");
    assert_eq!(k.look(bob), "ann has left the chat\n");
}

#[test]
fn a_session_goes_on_in_its_rooms_after_a_restart_and_others_have_left_theirs() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 9);
    let (ann, _) = program(&mut k, r#"{"name":"ann"}"#);
    k.commit();
    let token = token(&objects(&mut k, ann));
    let bob = k.join("bob");
    k.receive(ann, "{\"type\":\"join\",\"room\":\"dev\"}\n");
    k.receive(bob, "/join dev\n");
    k.answer();
    k.receive(bob, "hello\n");
    k.commit();
    let mut k = k.restart(1);
    k.commit();
    let cy = k.join("cy");
    k.receive(cy, "/join dev\n/who\n");
    k.commit();
    assert!(
        k.look(cy)
            .ends_with("1 other is here.\n* In the room (2): ann, cy\n")
    );
    let hello = format!(r#"{{"session":"{token}","after":1,"rooms":{{"dev":{{"after":1}}}}}}"#);
    let (ann, mut answer) = program(&mut k, &hello);
    k.commit();
    k.answer();
    answer.extend(objects(&mut k, ann));
    assert!(matches!(&answer[0], Message::Welcome { resumed: true, name, .. } if name == "ann"));
    let of_dev = answer
        .iter()
        .filter(|it| matches!(it, Message::Entry(entry) if entry.room == "dev"));
    let of_dev: Vec<Message<'_>> = of_dev.cloned().collect();
    let texts: Vec<String> = entries(&of_dev).into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["+ann", "bob: hello", "-bob", "+cy"]);
}

#[test]
fn a_room_that_was_let_go_of_while_the_store_was_asked_for_it_is_asked_for_again() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 9);
    let (ann, bob) = (k.join("ann"), k.join("bob"));
    k.commit();
    k.receive(ann, "/join dev\n");
    let late = k.asked.pop().unwrap();
    let chat_core::Action::Open(conn, _) = &late else {
        panic!("{late:?}");
    };
    // What is read now is old when it arrives.
    let read = chat_core::History {
        first: 1,
        ..chat_core::History::default()
    };
    k.receive(bob, "/join dev\n");
    k.answer();
    k.receive(bob, "in between\n/join lobby\n");
    k.commit();
    k.settle();
    k.handle(Input::Opened(*conn, &read));
    k.answer();
    k.commit();
    k.look(ann);
    k.receive(ann, "/history 9\n");
    k.answer();
    assert!(k.look(ann).contains("* bob: in between\n"));
}

#[test]
fn a_room_that_cannot_be_read_is_not_gone_to() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 9);
    let ann = k.join("ann");
    k.commit();
    k.look(ann);
    k.receive(ann, "/join dev\nstill here\n");
    k.asked.clear();
    k.handle(Input::Unreadable(ann));
    k.commit();
    assert_eq!(
        k.look(ann),
        "* Not done: what is kept of dev cannot be read.\n"
    );
    k.receive(ann, "/history 1\n");
    assert_eq!(k.look(ann), "* ann: still here\n");
}

/// A server whose store knows of three rooms: the lobby, and those that ann has gone to and left.
fn three_rooms(stored_rooms: usize) -> (Kept, ConnId) {
    let limits = Limits {
        stored_rooms,
        ..Limits::default()
    };
    let mut k = Kept::new(limits, Vec::new(), 9);
    let ann = k.join("ann");
    for line in ["/join one\n", "/join two\n", "/join lobby\n"] {
        k.receive(ann, line);
        k.answer();
        k.commit();
        k.settle();
    }
    k.look(ann);
    (k, ann)
}

const TOO_MANY: &str = "* Not done: there are as many rooms as there may be. /rooms lists those with people in them.\n";

#[test]
fn as_many_rooms_are_made_as_the_store_may_know_of_and_not_one_more() {
    let (mut k, ann) = three_rooms(4);
    k.receive(ann, "/join three\n/join four\nin three\n");
    k.answer();
    k.commit();
    let answers = format!("* You are in three now; nobody else is here.\n{TOO_MANY}");
    assert_eq!(k.look(ann), answers);
    let said = k.store.last().unwrap();
    assert_eq!((said.room.as_str(), &*said.text), ("three", "in three"));
    let (bob, _) = program(&mut k, r#"{"name":"bob"}"#);
    k.commit();
    objects(&mut k, bob);
    k.receive(bob, "{\"type\":\"join\",\"room\":\"four\",\"id\":\"1\"}\n");
    k.answer();
    let refused = objects(&mut k, bob);
    let [Message::Error { code, id, .. }] = &refused[..] else {
        panic!("{refused:?}");
    };
    assert_eq!((*code, id.as_deref()), (Code::TooManyRooms, Some("1")));
}

#[test]
fn where_there_are_too_many_rooms_all_that_there_were_can_be_gone_to() {
    let (mut k, ann) = three_rooms(3);
    for room in ["one", "two"] {
        k.receive(ann, format!("/join {room}\n"));
        k.answer();
        k.commit();
        let answer = format!("* You are in {room} now; nobody else is here.\n");
        assert_eq!(k.look(ann), answer);
    }
    k.receive(ann, "/join three\n");
    k.answer();
    assert_eq!(k.look(ann), TOO_MANY);
}

#[test]
fn how_many_rooms_the_store_knows_of_is_known_after_a_restart() {
    let (k, _) = three_rooms(4);
    let limits = Limits {
        stored_rooms: 3,
        ..Limits::default()
    };
    let mut k = Kept::new(limits, k.store, 9);
    k.commit();
    let ann = k.join("ann");
    k.commit();
    k.look(ann);
    k.receive(ann, "/join two\n/join three\n");
    k.answer();
    k.commit();
    let answers = format!("* You are in two now; nobody else is here.\n{TOO_MANY}");
    assert_eq!(k.look(ann), answers);
}

#[test]
fn how_far_a_room_is_is_told_to_whoever_resumes_once_that_is_committed() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 9);
    let (ann, _) = program(&mut k, r#"{"name":"ann"}"#);
    k.commit();
    let token = token(&objects(&mut k, ann));
    k.receive(ann, "{\"type\":\"join\",\"room\":\"dev\"}\n");
    k.answer();
    let bob = k.join("bob");
    k.commit();
    k.receive(bob, "one\n");
    k.begin();
    let hello = format!(r#"{{"session":"{token}","after":1,"rooms":{{"dev":{{"after":1}}}}}}"#);
    let (ann, early) = program(&mut k, &hello);
    assert_eq!(early, []);
    k.receive(bob, "/join dev\n");
    k.done();
    let is_in = |it: &Message<'_>| matches!(it, Message::In { .. });
    assert!(!objects(&mut k, ann).iter().any(is_in));
    k.commit();
    let told = objects(&mut k, ann);
    let told = told.iter().find(|it| is_in(it));
    let Some(Message::In { head, here, .. }) = told else {
        panic!("{told:?}");
    };
    assert_eq!((*head, *here), (2, 2));
}

/// Has each of these say long lines for as long as they are heard, and more than that once.
fn talk_on(k: &mut Kept, talkers: &[ConnId]) {
    for _ in 0..100 {
        for talker in talkers {
            if k.server.wants_input(*talker) {
                k.receive(*talker, line(4000));
            }
        }
    }
    let is_heard = |it: &ConnId| k.server.wants_input(*it);
    assert!(!talkers.iter().any(is_heard), "a batch is full");
}

#[test]
fn nobody_is_too_far_behind_who_waits_in_a_room_for_commits_that_take_their_time() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 9);
    let talkers: Vec<ConnId> = (0..4).map(|n| k.join(&format!("talker{n}"))).collect();
    for talker in &talkers {
        k.receive(*talker, "/join dev\n");
        k.answer();
    }
    let bob = k.join("bob");
    let (cy, _) = program(&mut k, r#"{"name":"cy"}"#);
    k.commit();
    k.look(bob);
    objects(&mut k, cy);
    k.receive(talkers[0], "a commit begins\n");
    k.begin();
    k.receive(bob, "/join dev\n");
    k.receive(cy, "{\"type\":\"join\",\"room\":\"dev\"}\n");
    // What they wait for is in the batch after that, and another one comes meanwhile.
    for _ in 0..2 {
        talk_on(&mut k, &talkers);
        assert_eq!(k.look(bob) + &k.look(cy), "");
        k.wait(Duration::from_millis(900));
        k.done();
        k.begin();
    }
    talk_on(&mut k, &talkers);
    k.done();
    k.commit();
    assert_eq!(k.closed.len(), 0);
    let is_later = |it: &&chat_core::Record| it.text.len() == 4000;
    let said = k.store.iter().filter(is_later).count();
    assert!(said > 32, "{said} lines are more than two batches");
    assert_eq!(k.look(bob).matches(": xxxx").count(), said);
    assert_eq!(
        entries(&objects(&mut k, cy))
            .iter()
            .filter(|it| it.1.ends_with("xxxx"))
            .count(),
        said
    );
}

#[test]
fn an_entry_of_a_room_that_cannot_be_read_is_told_and_hides_no_other() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 9);
    let ann = k.join("ann");
    k.receive(ann, "/join dev\n");
    k.answer();
    k.receive(ann, "1\n2\n3\n4\n5\n6\n7\n/join lobby\n");
    k.answer();
    k.commit();
    let mut k = k.restart(1);
    let (bob, _) = program(&mut k, r#"{"name":"bob"}"#);
    k.commit();
    objects(&mut k, bob);
    k.receive(bob, "{\"type\":\"join\",\"room\":\"dev\"}\n");
    k.answer();
    k.commit();
    objects(&mut k, bob);
    let of_dev = |k: &Kept, seqs: std::ops::RangeInclusive<u64>| {
        let is_it = |it: &&Record| it.room.as_str() == "dev" && seqs.contains(&it.seq);
        k.store.iter().filter(is_it).cloned().collect::<Vec<_>>()
    };
    for _ in 0..2 {
        k.receive(bob, "{\"type\":\"history\",\"room\":\"dev\"}\n");
        for (oldest, read) in [(1, 1..=2), (1, 4..=5)] {
            let Some(Action::Read(conn, _, after, most)) = k.asked.pop() else {
                panic!("nothing is read");
            };
            let mut read = of_dev(&k, read);
            read.retain(|it| it.seq > after);
            read.truncate(most);
            k.handle(Input::Kept(conn, oldest, &read));
        }
        let told = objects(&mut k, bob);
        let missing = told.iter().filter(|it| {
            matches!(
                it,
                Message::Missing {
                    after: 2,
                    next: 4,
                    ..
                }
            )
        });
        assert_eq!(missing.count(), 1, "{told:?}");
        let past: Vec<u64> = entries(&told).iter().map(|it| it.0).collect();
        assert_eq!(past, [1, 2, 4, 5, 6, 7, 8, 9, 10]);
        assert!(
            matches!(told.last(), Some(Message::Page { first: 1, .. })),
            "{told:?}"
        );
    }
    // Those that are not held any more are told by where the room begins.
    k.receive(bob, "{\"type\":\"history\",\"room\":\"dev\"}\n");
    let Some(Action::Read(conn, ..)) = k.asked.pop() else {
        panic!("nothing is read");
    };
    let read = of_dev(&k, 4..=5);
    k.handle(Input::Kept(conn, 4, &read));
    let told = objects(&mut k, bob);
    assert!(!told.iter().any(|it| matches!(it, Message::Missing { .. })));
    assert!(
        matches!(told.last(), Some(Message::Page { first: 4, .. })),
        "{told:?}"
    );
}
