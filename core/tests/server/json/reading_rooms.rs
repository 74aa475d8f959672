//! Readers of other rooms than the lobby: whoever is nobody reads what anybody may join, and only while that is so.

use super::{bye, entries, objects, program, seqs};
use crate::accounts::{far, send};
use crate::durable::Kept;
use crate::order::{admin, dev, go, kept_dev, owner_of, settle};
use crate::world::World;
use chat_core::json::{Code, Message};
use chat_core::{CloseReason, ConnId, Input, Limits, server_phase::Phase};
use std::net::SocketAddr;
use std::time::Duration;

const READS_DEV: &str = r#"{"read":true,"room":"dev"}"#;

/// Of what a reader was sent, the goodbye: its code, its words, and whether it may try again.
fn told_why(w: &mut World, reader: ConnId) -> (Code, String, Option<u64>) {
    match objects(w, reader).pop() {
        Some(Message::Bye {
            code,
            text,
            retry_after_ms,
        }) => (code, text.into_owned(), retry_after_ms),
        other => panic!("{other:?}"),
    }
}

/// A reader that comes from another machine.
fn far_reader(w: &mut World, host: u8, room: &str) -> ConnId {
    let peer = SocketAddr::from(([192, 0, 2, host], 3000));
    let conn = w.server.accept(w.now, peer).unwrap();
    w.receive(
        conn,
        format!("JOIN {{\"read\":true,\"room\":\"{room}\"}}\n"),
    );
    conn
}

#[test]
fn a_reader_of_a_room_is_sent_what_happens_there_and_nothing_else_and_leaves_no_traces() {
    let (mut w, ann, bob) = dev();
    let cat = w.join("cat");
    w.look(bob);
    w.look(cat);
    let shown = w.transcript.clone();
    // A room's name is taken as everywhere.
    let (reader, answer) = program(
        &mut w,
        r##"{"read":true,"room":"#DEV","history":2,"rooms":{"ops":{}}}"##,
    );
    let Message::Welcome {
        room,
        name,
        head: 3,
        here: Some(2),
        read: true,
        outside: false,
        ..
    } = &answer[0]
    else {
        panic!("{answer:?}")
    };
    assert_eq!((&**room, &**name), ("dev", ""));
    assert_eq!(seqs(&answer), [2, 3]);
    let told = send(&mut w, cat, "/who dev");
    assert_eq!(told, "* In the room (2): ann, bob\n");
    assert!(send(&mut w, cat, "/rooms").contains("dev (2)"));
    assert_eq!((w.server.population(), w.server.connections()), (3, 4));
    send(&mut w, cat, "not for dev");
    send(&mut w, ann, "for dev");
    let told = objects(&mut w, reader);
    assert_eq!(entries(&told), [(4, "ann: for dev".into())]);
    assert!(matches!(&told[0], Message::Entry(it) if it.room == "dev"));
    let (told, last) = (w.look(bob), w.transcript[shown.len()..].to_vec());
    assert_eq!(told, "ann: for dev\n");
    assert_eq!(last, b"cat: not for dev\n[dev] ann: for dev\n");
    w.handle(Input::Lost(reader));
    assert_eq!((w.look(ann), w.look(bob)), (String::new(), String::new()));
    assert_eq!(w.transcript[shown.len()..], last);
}

#[test]
fn what_a_reader_asks_is_answered_of_its_room_and_of_no_other() {
    let (mut w, ann, _) = dev();
    send(&mut w, ann, "one");
    let (reader, _) = program(&mut w, READS_DEV);
    w.receive(
        reader,
        "{\"type\":\"history\",\"room\":\"dev\",\"limit\":1}\n{\"type\":\"ping\"}\n{\"type\":\"who\",\"room\":\"dev\"}\n{\"type\":\"history\",\"id\":\"h\"}\n",
    );
    let told = objects(&mut w, reader);
    assert_eq!(entries(&told), [(4, "ann: one".into())]);
    let page = |it: &&Message<'_>| matches!(it, Message::Page { room: Some(room), head: 4, .. } if room == "dev");
    assert_eq!(told.iter().filter(page).count(), 1, "{told:?}");
    assert!(told.contains(&Message::Pong { head: 4 }), "{told:?}");
    let who = |it: &&Message<'_>| matches!(it, Message::Who { room: Some(_), names, .. } if names.len() == 2);
    assert_eq!(told.iter().filter(who).count(), 1, "{told:?}");
    // Where no room is said, the lobby is meant, which it does not read.
    let Some(Message::Error { code, id, .. }) = told.last() else {
        panic!("{told:?}")
    };
    assert_eq!((*code, id.as_deref()), (Code::NotInRoom, Some("h")));
    w.receive(
        reader,
        "{\"type\":\"say\",\"room\":\"dev\",\"text\":\"x\"}\n",
    );
    w.receive(reader, "{\"type\":\"join\",\"room\":\"ops\"}\n");
    assert_eq!(
        super::errors(&objects(&mut w, reader)),
        [Code::ReadOnly, Code::ReadOnly]
    );
    w.receive(reader, "{\"type\":\"leave\"}\n");
    assert_eq!(w.server.phase(reader), Phase::Lingering);
}

#[test]
fn a_reader_makes_no_room() {
    let mut w = World::new(Limits::default());
    let ann = w.join("ann");
    for (room, words) in [
        ("dev", "There is no room dev; "),
        ("de v", "\"room\": a room's name has 1 to 32 letters"),
        ("", "\"room\": a room's name has 1 to 32 letters"),
    ] {
        let hello = format!("{{\"read\":true,\"room\":\"{room}\"}}");
        let reader = w.server.accept(w.now, 7).unwrap();
        w.receive(reader, format!("JOIN {hello}\n"));
        let (code, text, retry) = told_why(&mut w, reader);
        assert_eq!((code, retry), (Code::BadRoom, None));
        assert!(text.starts_with(words), "{text}");
        w.handle(Input::Eof(reader));
        assert_eq!(w.closed[&reader], CloseReason::NotToRead);
    }
    assert_eq!(w.server.usage().rooms, 1);
    assert!(!send(&mut w, ann, "/rooms").contains("dev"));
    // Without `read`, the member is not looked at.
    let (_, answer) = program(&mut w, r#"{"room":"dev"}"#);
    assert!(matches!(&answer[0], Message::Welcome { room, .. } if room == "lobby"));
    let (_, answer) = program(&mut w, r#"{"read":true,"room":5}"#);
    assert_eq!(bye(&answer), Some((Code::BadHello, None)));
}

#[test]
fn a_room_is_read_by_whom_anybody_may_join_and_by_nobody_else() {
    let (mut w, ann, _) = dev();
    for (closes, opens, code, words) in [
        (
            "/private on",
            "/private off",
            Code::NotInvited,
            "dev is private: only those who are in it read it.",
        ),
        (
            "/close for today",
            "/reopen",
            Code::Closed,
            "dev is closed: for today",
        ),
    ] {
        let (reader, _) = program(&mut w, READS_DEV);
        assert_eq!(w.server.phase(reader), Phase::Reading);
        send(&mut w, ann, closes);
        send(&mut w, ann, "a secret");
        // The order is the last that it is sent.
        let told = objects(&mut w, reader);
        let last = entries(&told).pop().unwrap().1;
        assert!(last.starts_with("ann: has "), "{last}");
        assert!(
            matches!(told.last(), Some(Message::Bye { code: it, text, retry_after_ms: None }) if *it == code && text == words),
            "{told:?}"
        );
        let (late, answer) = program(&mut w, r#"{"read":true,"room":"dev","history":1000}"#);
        assert_eq!(bye(&answer), Some((code, None)));
        assert_eq!(answer.len(), 1, "{answer:?}");
        assert_ne!(w.server.phase(late), Phase::Reading);
        send(&mut w, ann, opens);
        let (again, _) = program(&mut w, READS_DEV);
        assert_eq!(w.server.phase(again), Phase::Reading);
        w.handle(Input::Lost(again));
    }
}

#[test]
fn whoever_is_sent_what_they_missed_when_the_room_becomes_private_is_sent_no_more_of_it() {
    let (mut w, ann, _) = dev();
    for n in 0..500 {
        send(&mut w, ann, &format!("line {n} {}", "x".repeat(400)));
    }
    let reader = w.server.accept(w.now, 7).unwrap();
    w.limit(reader, 2000);
    w.receive(
        reader,
        "JOIN {\"read\":true,\"room\":\"dev\",\"history\":500}\n",
    );
    send(&mut w, ann, "/private on");
    send(&mut w, ann, "a secret");
    w.unblock(reader);
    let told = w.look(reader);
    assert!(!told.contains("a secret") && !told.contains("line 499"));
    assert!(told.contains("\"type\":\"bye\",\"code\":\"not_invited\""));
}

#[test]
fn who_is_banned_from_a_room_does_not_read_it_from_the_same_host() {
    let mut w = World::new(Limits::default());
    let ann = owner_of(&mut w, "ann");
    let root = admin(&mut w, "root");
    go(&mut w, ann, "dev");
    let troll = far(&mut w, 7, false, "troll");
    go(&mut w, troll, "dev");
    let (seen, other) = (far_reader(&mut w, 7, "dev"), far_reader(&mut w, 8, "dev"));
    let lobby = far_reader(&mut w, 7, "lobby");
    w.look(seen);
    w.look(other);
    send(&mut w, ann, "/ban troll 2h not nice");
    let why = "You are banned from dev until 1970-01-01 02:00 UTC: not nice";
    let (code, text, _) = told_why(&mut w, seen);
    assert_eq!((code, &*text), (Code::Banned, why));
    let again = far_reader(&mut w, 7, "dev");
    assert_eq!(told_why(&mut w, again).1, why);
    // It is of that room alone, and of that host.
    for reader in [other, lobby] {
        assert_eq!(w.server.phase(reader), Phase::Reading);
    }
    w.wait(Duration::from_secs(7200));
    let over = far_reader(&mut w, 7, "dev");
    assert_eq!(w.server.phase(over), Phase::Reading);
    // Whoever is banned from the lobby is let in nowhere.
    w.look(lobby);
    send(&mut w, root, "/ban 192.0.2.7");
    for reader in [over, lobby] {
        let told = objects(&mut w, reader);
        assert_eq!(bye(&told), Some((Code::Banned, None)));
    }
    let late = far_reader(&mut w, 7, "dev");
    assert_eq!(told_why(&mut w, late).0, Code::Banned);
    assert_eq!(w.server.phase(other), Phase::Reading);
}

#[test]
fn a_reader_alone_holds_its_room_and_lets_it_go_with_itself() {
    let (mut w, ann, bob) = dev();
    let (reader, _) = program(&mut w, READS_DEV);
    for conn in [bob, ann] {
        go(&mut w, conn, "lobby");
    }
    assert_eq!(w.server.usage().rooms, 2);
    assert!(
        !send(&mut w, bob, "/rooms").contains("dev"),
        "nobody is in it"
    );
    let told = objects(&mut w, reader);
    assert_eq!(entries(&told).last().unwrap().1, "-ann");
    w.handle(Input::Lost(reader));
    assert_eq!(w.server.usage().rooms, 1);
    // Whoever turns to leave lets it go as well, once it is told all.
    go(&mut w, ann, "dev");
    let (reader, _) = program(&mut w, READS_DEV);
    go(&mut w, ann, "lobby");
    w.receive(reader, "{\"type\":\"leave\"}\n");
    w.handle(Input::Eof(reader));
    assert_eq!(w.server.usage().rooms, 1);
}

#[test]
fn a_reader_comes_back_to_its_room_and_is_sent_what_it_missed_once() {
    let (mut w, ann, _) = dev();
    let (reader, answer) = program(&mut w, READS_DEV);
    let Message::Welcome { epoch, head: 3, .. } = &answer[0] else {
        panic!("{answer:?}")
    };
    w.handle(Input::Lost(reader));
    send(&mut w, ann, "one");
    send(&mut w, ann, "two");
    let hello = |after: u64, epoch: &str| {
        format!("{{\"read\":true,\"room\":\"dev\",\"after\":{after},\"epoch\":\"{epoch}\"}}")
    };
    let (reader, answer) = program(&mut w, &hello(3, epoch));
    assert_eq!(seqs(&answer), [4, 5]);
    send(&mut w, ann, "three");
    assert_eq!(seqs(&objects(&mut w, reader)), [6]);
    // The room's numbers are its own, as those of another log are.
    let (_, answer) = program(&mut w, &hello(5, "another"));
    assert!(
        matches!(&answer[1], Message::Gap { room: Some(room), after: 5, next: 1, .. } if room == "dev"),
        "{answer:?}"
    );
    assert_eq!(seqs(&answer), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn who_joined_by_silence_and_then_reads_another_room_has_left() {
    let (mut w, ann, _) = dev();
    let quiet = w.server.accept(w.now, 7).unwrap();
    w.wait(Duration::from_millis(250));
    w.receive(quiet, format!("JOIN {READS_DEV}\n"));
    assert!(w.transcript.ends_with(b"USER7 has left the chat\n"));
    let sent = w.look(quiet);
    let (_, sent) = sent.split_once("{\"type\":\"welcome\"").unwrap();
    assert!(sent.contains("\"room\":\"dev\""), "{sent}");
    send(&mut w, ann, "hello");
    assert_eq!(entries(&objects(&mut w, quiet)), [(4, "ann: hello".into())]);
}

#[test]
fn readers_of_a_room_are_as_many_as_connections_may_be_and_one_that_lags_is_cut_off() {
    let mut w = World::new(Limits {
        connections: 4,
        behind: 4000,
        ..Limits::default()
    });
    let ann = w.join("ann");
    go(&mut w, ann, "dev");
    w.receive(ann, "I am here\n");
    let (slow, _) = program(&mut w, READS_DEV);
    let (reader, _) = program(&mut w, READS_DEV);
    let (third, _) = program(&mut w, READS_DEV);
    assert_eq!(w.server.connections(), 4);
    w.limit(slow, 0);
    for _ in 0..60 {
        send(&mut w, ann, &"x".repeat(94));
    }
    w.unblock(slow);
    let told = bye(&objects(&mut w, slow));
    assert_eq!(told, Some((Code::TooFarBehind, Some(0))));
    assert_eq!(entries(&objects(&mut w, reader)).len(), 60);
    w.look(third);
    w.handle(Input::Eof(slow));
    // At the limit there is room; one past it, the one that came last and says nothing gives way.
    let (fourth, _) = program(&mut w, READS_DEV);
    assert_eq!(w.server.phase(fourth), Phase::Reading);
    w.server.accept(w.now, 9).unwrap();
    w.settle();
    let ended = [reader, third, fourth]
        .into_iter()
        .filter(|it| w.server.phase(*it) != Phase::Reading)
        .count();
    assert_eq!(ended, 1);
    assert_eq!(w.server.phase(ann), Phase::Joined);
}

#[test]
fn readers_and_members_of_a_room_take_each_others_seats() {
    let (mut w, ann, bob) = dev();
    let mut readers: Vec<_> = (0..4).map(|_| program(&mut w, READS_DEV).0).collect();
    for nth in [0, 1] {
        w.handle(Input::Lost(readers.remove(nth)));
    }
    go(&mut w, ann, "lobby");
    send(&mut w, bob, "hello");
    for reader in readers {
        let heard = objects(&mut w, reader);
        assert_eq!(entries(&heard).last().unwrap().1, "bob: hello");
    }
}

/// A server with a store that has let go of dev, in which `lines` were said.
fn kept_and_left(lines: usize) -> (Kept, ConnId) {
    let (mut k, ann) = kept_dev();
    for n in 0..lines {
        k.receive(ann, format!("line {n}\n"));
    }
    k.receive(ann, "/join lobby\n");
    settle(&mut k);
    k.settle();
    assert_eq!(k.server.usage().rooms, 1);
    k.look(ann);
    (k, ann)
}

#[test]
fn a_room_that_the_store_alone_has_is_read_as_any_other_and_let_go_of_again() {
    let (mut k, ann) = kept_and_left(30);
    let reader = k.accept(7);
    k.receive(
        reader,
        "JOIN {\"read\":true,\"room\":\"dev\",\"history\":1000}\n{\"type\":\"history\",\"room\":\"dev\",\"before\":3}\n",
    );
    assert_eq!(k.look(reader), "", "the store is asked");
    assert_eq!(k.server.phase(reader), Phase::Reading);
    k.answer();
    let told = objects(&mut k, reader);
    let all: Vec<u64> = (1..=33).chain(1..=2).collect();
    assert_eq!(seqs(&told), all);
    assert_eq!(k.server.usage().rooms, 2);
    // Nothing that is not kept yet is sent to it, as to anybody.
    k.receive(ann, "/join dev\n");
    settle(&mut k);
    objects(&mut k, reader);
    k.receive(ann, "new\n");
    assert_eq!(k.look(reader), "");
    k.commit();
    assert_eq!(entries(&objects(&mut k, reader)), [(35, "ann: new".into())]);
    k.receive(ann, "/join lobby\n");
    settle(&mut k);
    k.handle(Input::Lost(reader));
    k.settle();
    assert_eq!(k.server.usage().rooms, 1);
    // Nothing of it is in the store.
    assert!(k.store.iter().all(|it| it.name.as_str() == "ann"));
}

#[test]
fn a_room_that_the_store_does_not_have_is_not_made_by_who_would_read_it() {
    let (mut k, ann) = kept_and_left(1);
    for (room, code) in [("ops", Code::BadRoom), ("dev", Code::NotInvited)] {
        if room == "dev" {
            for line in ["/join dev\n", "/private on\n", "/join lobby\n"] {
                k.receive(ann, line);
                settle(&mut k);
            }
            k.settle();
        }
        let reader = k.accept(7);
        k.receive(
            reader,
            format!("JOIN {{\"read\":true,\"room\":\"{room}\",\"history\":9}}\n"),
        );
        k.answer();
        let told = objects(&mut k, reader);
        assert_eq!((bye(&told), told.len()), (Some((code, None)), 1));
        k.settle();
        assert_eq!(k.server.usage().rooms, 1, "{room}");
    }
    assert_eq!(k.begin(), 0, "nothing is to be kept");
}

#[test]
fn what_the_store_cannot_tell_of_a_room_or_is_too_much_may_be_asked_for_again() {
    let (mut k, _) = kept_and_left(1);
    let reader = k.accept(7);
    k.receive(reader, format!("JOIN {READS_DEV}\n"));
    k.asked.clear();
    k.handle(Input::Unreadable(reader));
    let told = objects(&mut k, reader);
    assert_eq!(bye(&told), Some((Code::NotKept, Some(5000))));
    // One that goes while the store is asked leaves nothing.
    let gone = k.accept(8);
    k.receive(gone, format!("JOIN {READS_DEV}\n"));
    k.handle(Input::Lost(gone));
    k.answer();
    k.settle();
    assert_eq!(k.server.usage().rooms, 1);
    let limits = Limits {
        rooms: 1,
        ..Limits::default()
    };
    let mut k = Kept::new(limits, k.store, 9);
    k.commit();
    // It is in memory after the restart, and let go of with its first reader.
    let (first, answer) = program(&mut k, READS_DEV);
    assert!(matches!(answer[0], Message::Welcome { .. }));
    k.handle(Input::Lost(first));
    k.settle();
    let (_, answer) = program(&mut k, READS_DEV);
    assert_eq!(bye(&answer), Some((Code::TooManyRooms, Some(5000))));
}

#[test]
fn a_room_that_becomes_private_while_the_store_is_asked_is_not_read() {
    let (mut k, ann) = kept_and_left(1);
    let reader = k.accept(7);
    k.receive(reader, format!("JOIN {READS_DEV}\n"));
    k.receive(ann, "/join dev\n");
    // What is asked for last is answered first.
    assert!(k.answer_one());
    k.receive(ann, "/private on\n");
    k.answer();
    assert_eq!(k.look(reader), "", "the order is not kept yet");
    k.commit();
    assert_eq!(
        bye(&objects(&mut k, reader)),
        Some((Code::NotInvited, None))
    );
}
