//! Readers: they are sent what happens, and nobody knows of them.

use super::{bye, entries, errors, objects, program, say, seqs};
use crate::world::{World, line};
use chat_core::json::{Code, Message};
use chat_core::{CloseReason, Input, Limits, server_phase::Phase};
use std::time::Duration;

#[test]
fn a_reader_is_sent_what_happens_and_leaves_no_traces() {
    let mut w = World::new(Limits::default());
    let ann = w.join("Ann");
    w.look(ann);
    let shown = w.transcript.clone();
    let (reader, answer) = program(&mut w, r#"{"read":true,"name":"Ann","history":20}"#);
    let Message::Welcome {
        name,
        session,
        head: 1,
        resumed: false,
        read: true,
        grace_ms: 0,
        ..
    } = &answer[0]
    else {
        panic!("{answer:?}")
    };
    assert_eq!((&**name, &***session), ("", ""));
    assert_eq!(entries(&answer), [(1, "+Ann".into())]);
    assert_eq!((w.server.population(), w.server.connections()), (1, 2));
    w.receive(ann, "hello\n/who\n");
    assert_eq!(w.look(ann), "* In the room (1): Ann\n");
    assert_eq!(
        entries(&objects(&mut w, reader)),
        [(2, "Ann: hello".into())]
    );
    w.receive(
        reader,
        "{\"type\":\"who\"}\n{\"type\":\"ping\"}\n{\"type\":\"history\",\"limit\":1}\n",
    );
    assert_eq!(
        objects(&mut w, reader)[..2],
        [
            Message::Who {
                room: None,
                names: vec!["Ann".into()],
                more: 0
            },
            Message::Pong { head: 2 }
        ]
    );
    w.receive(reader, "{\"type\":\"leave\"}\n");
    assert_eq!(w.server.phase(reader), Phase::Lingering);
    w.server.handle(w.now, Input::Eof(reader));
    w.settle();
    assert_eq!(w.closed[&reader], CloseReason::Left);
    // Its name is nobody's, and there is no session that goes on.
    w.wait(Duration::from_secs(100));
    assert_eq!(w.look(ann), "");
    assert_eq!(w.transcript, [shown, b"Ann: hello\n".to_vec()].concat());
}

#[test]
fn what_a_reader_says_is_refused_with_its_id() {
    let mut w = World::new(Limits::default());
    let ann = w.join("Ann");
    w.look(ann);
    let (reader, _) = program(&mut w, r#"{"read":true}"#);
    w.receive(reader, say("hi", "7"));
    let answer = objects(&mut w, reader);
    assert!(
        matches!(&answer[..], [Message::Error { code: Code::ReadOnly, id: Some(id), .. }] if id == "7"),
        "{answer:?}"
    );
    // What is wrong anyway is told as to anyone.
    w.receive(reader, [say(" ", "7"), say("hi", "")].concat());
    assert_eq!(errors(&objects(&mut w, reader)), [Code::Blank, Code::BadId]);
    w.receive(reader, "hello\n{\"type\":\"dance\"}\n");
    assert_eq!(
        errors(&objects(&mut w, reader)),
        [Code::BadRequest, Code::UnknownType]
    );
    assert_eq!(w.look(ann), "");
}

#[test]
fn a_reader_comes_back_with_the_number_that_it_knows() {
    let mut w = World::new(Limits::default());
    let ann = w.join("Ann");
    let (reader, _) = program(&mut w, r#"{"read":true}"#);
    w.server.handle(w.now, Input::Lost(reader));
    w.receive(ann, "one\ntwo\n");
    let token = "0123456789abcdef0123456789abcdef";
    // A session that it names is not looked at.
    for session in ["", r#","session":"?""#, &format!(r#","session":"{token}""#)] {
        let (_, answer) = program(&mut w, &format!(r#"{{"read":true,"after":1{session}}}"#));
        assert_eq!(seqs(&answer), [2, 3]);
    }
    let (_, answer) = program(&mut w, r#"{"read":true,"after":9}"#);
    assert!(matches!(
        answer[1],
        Message::Gap {
            room: None,
            after: 9,
            next: 4,
            ..
        }
    ));
    for reads in ["false", "null"] {
        let (_, answer) = program(&mut w, &format!(r#"{{"read":{reads}}}"#));
        assert!(
            matches!(&answer[0], Message::Welcome { read: false, name, .. } if !name.is_empty())
        );
    }
    assert_eq!(w.server.population(), 3);
}

#[test]
fn who_joined_by_silence_and_then_reads_has_left() {
    let mut w = World::new(Limits::default());
    let ann = w.join("Ann");
    let quiet = w.server.accept(w.now, 7).unwrap();
    w.wait(Duration::from_millis(250));
    w.look(ann);
    w.receive(quiet, "JOIN {\"read\":true,\"after\":1}\n");
    assert_eq!(w.look(ann), "USER7 has left the chat\n");
    assert_eq!(w.server.phase(quiet), Phase::Reading);
    let sent = w.look(quiet);
    let (_, sent) = sent.split_once("{\"type\":\"welcome\"").unwrap();
    assert_eq!(sent.matches("\"type\":\"entry\"").count(), 2, "{sent}");
    w.receive(ann, "still here\n");
    assert_eq!(
        entries(&objects(&mut w, quiet)),
        [(4, "Ann: still here".into())]
    );
}

#[test]
fn readers_count_among_connections_and_are_cut_off_as_others_are() {
    let mut w = World::new(Limits {
        connections: 3,
        behind: 2000,
        ..Limits::default()
    });
    let ann = w.join("Ann");
    let (slow, _) = program(&mut w, r#"{"read":true}"#);
    let (reader, _) = program(&mut w, r#"{"read":true}"#);
    w.limit(slow, 0);
    for _ in 0..40 {
        w.receive(ann, line(94));
    }
    assert_eq!(w.server.phase(slow), Phase::Draining);
    w.unblock(slow);
    let told = bye(&objects(&mut w, slow));
    assert_eq!(told, Some((Code::TooFarBehind, Some(0))));
    assert_eq!(entries(&objects(&mut w, reader)).len(), 40);
    // All places are taken, and a reader says nothing: who came last gives way.
    w.server.handle(w.now, Input::Eof(slow));
    let third = w.join("Bea");
    w.receive(third, line(9));
    w.server.accept(w.now, 9).unwrap();
    w.settle();
    assert_eq!(
        bye(&objects(&mut w, reader)),
        Some((Code::Full, Some(30_000)))
    );
    assert_ne!(w.server.phase(reader), Phase::Reading);
    assert_eq!(w.server.phase(third), Phase::Joined);
}

/// Whoever leaves gives a seat up, and somebody else moves into it: everyone is sent everything all the same.
#[test]
fn readers_and_members_take_each_others_seats() {
    let mut w = World::new(Limits::default());
    let ann = w.join("Ann");
    let mut readers: Vec<_> = (0..4)
        .map(|_| program(&mut w, r#"{"read":true}"#).0)
        .collect();
    let bob = w.join("Bob");
    readers.push(program(&mut w, r#"{"read":true}"#).0);
    let gone = [readers.remove(0), readers.remove(1)];
    for gone in gone {
        w.server.handle(w.now, Input::Lost(gone));
        w.settle();
    }
    w.server.handle(w.now, Input::Lost(ann));
    w.settle();
    w.receive(bob, "hello\n");
    for reader in readers.clone() {
        let heard = objects(&mut w, reader);
        assert_eq!(entries(&heard).last().unwrap().1, "Bob: hello");
        w.server.handle(w.now, Input::Lost(reader));
        w.settle();
        assert_eq!(w.server.population(), 1);
    }
    w.receive(bob, "LEAVE\n");
    assert_eq!(w.server.population(), 0);
}

#[test]
fn a_server_that_stops_tells_its_readers() {
    let mut w = World::new(Limits::default());
    let (reader, _) = program(&mut w, r#"{"read":true}"#);
    w.server.handle(w.now, Input::Stop);
    w.settle();
    let told = bye(&objects(&mut w, reader));
    assert_eq!(told, Some((Code::ShuttingDown, Some(1000))));
    assert_eq!(w.transcript, b"");
}
