//! Many rooms, in the JSON dialect: any number at once.

use super::{entries, errors, objects, program, say, token};
use crate::world::World;
use chat_core::json::{Code, Message, RoomOf};
use chat_core::{ConnId, Input, Limits, MAX_ROOMS};
use serde_json::json;

fn send(w: &mut World, conn: ConnId, object: &serde_json::Value) {
    w.receive(conn, format!("{object}\n"));
}

/// Entries by room: "dev 2 ann: hello".
fn told(messages: &[Message<'_>]) -> Vec<String> {
    let entry = |message: &Message<'_>| match message {
        Message::Entry(entry) | Message::Past(entry) => {
            let (seq, text) = entries(std::slice::from_ref(message)).remove(0);
            Some(format!("{} {seq} {text}", entry.room))
        }
        _ => None,
    };
    messages.iter().filter_map(entry).collect()
}

fn join(room: &str) -> serde_json::Value {
    json!({"type": "join", "room": room, "id": "j"})
}

fn part(room: &str) -> serde_json::Value {
    json!({"type": "part", "room": room, "id": "p"})
}

#[test]
fn a_program_is_in_many_rooms_each_with_numbers_of_its_own() {
    let mut w = World::new(Limits::default());
    let (ann, _) = program(&mut w, r#"{"name":"ann"}"#);
    let bob = w.join("bob");
    w.look(ann);
    send(&mut w, ann, &join("#Dev"));
    let answer = objects(&mut w, ann);
    assert!(
        matches!(
            &answer[0],
            Message::In { room, head: 1, here: 1, id: Some(id), .. } if room == "dev" && id == "j"
        ),
        "{answer:?}"
    );
    // Of its own joining it hears as in the lobby: if it asks for what came before.
    assert_eq!(answer.len(), 1);
    w.receive(bob, "/join dev\nhello\n");
    w.look(bob);
    assert_eq!(
        told(&objects(&mut w, ann)),
        ["lobby 3 -bob", "dev 2 +bob", "dev 3 bob: hello"]
    );
    send(
        &mut w,
        ann,
        &json!({"type": "say", "room": "dev", "text": "hi", "id": "1"}),
    );
    w.receive(ann, say("anybody?", "2"));
    let answer = objects(&mut w, ann);
    assert_eq!(told(&answer), ["dev 4 ann: hi", "lobby 4 ann: anybody?"]);
    let accepted = |message: &Message<'_>| match message {
        Message::Accepted { room, seq, .. } => Some((room.as_deref().map(String::from), *seq)),
        _ => None,
    };
    let accepted: Vec<_> = answer.iter().filter_map(accepted).collect();
    assert_eq!(accepted, [(Some("dev".into()), 4), (None, 4)]);
    assert_eq!(w.look(bob), "ann: hi\n");
    send(&mut w, ann, &part("dev"));
    let answer = objects(&mut w, ann);
    assert_eq!(told(&answer), ["dev 5 -ann"]);
    assert!(matches!(answer.last(), Some(Message::Out { room, .. }) if room == "dev"));
    assert_eq!(w.look(bob), "ann has left the chat\n");
    w.receive(bob, "nobody hears this\n");
    assert_eq!(objects(&mut w, ann), []);
}

#[test]
fn what_cannot_be_done_with_a_room_is_refused_by_a_code() {
    let mut w = World::new(Limits::default());
    let (ann, _) = program(&mut w, r#"{"name":"ann"}"#);
    w.look(ann);
    for (request, code) in [
        (join("a b"), Code::BadRoom),
        (join("lobby"), Code::Unchanged),
        (part("lobby"), Code::LastRoom),
        (part("dev"), Code::NotInRoom),
        (part("a b"), Code::NotInRoom),
        (
            json!({"type": "say", "room": "dev", "text": "hi", "id": "x"}),
            Code::NotInRoom,
        ),
        (
            json!({"type": "topic", "room": "dev", "text": "t", "id": "x"}),
            Code::NotInRoom,
        ),
        (
            json!({"type": "history", "room": "dev", "id": "x"}),
            Code::NotInRoom,
        ),
    ] {
        send(&mut w, ann, &request);
        let answer = objects(&mut w, ann);
        assert_eq!(errors(&answer), [code], "{request}");
        assert!(
            matches!(&answer[0], Message::Error { id: Some(_), .. }),
            "{request}"
        );
    }
    send(&mut w, ann, &json!({"type": "who", "room": "dev"}));
    send(&mut w, ann, &json!({"type": "topic", "room": "dev"}));
    let answer = objects(&mut w, ann);
    assert!(matches!(&answer[0], Message::Who { names, more: 0, .. } if names.is_empty()));
    assert!(matches!(&answer[1], Message::Topic { text, .. } if text.is_empty()));
}

#[test]
fn a_program_may_leave_the_lobby_for_other_rooms_and_come_back() {
    let mut w = World::new(Limits::default());
    let (ann, answer) = program(&mut w, r#"{"name":"ann"}"#);
    let token = token(&answer);
    let bob = w.join("bob");
    send(&mut w, ann, &join("dev"));
    send(&mut w, ann, &part("lobby"));
    w.look(ann);
    w.look(bob);
    w.receive(bob, "gone?\n");
    assert_eq!(objects(&mut w, ann), []);
    w.receive(ann, say("in the lobby", "1"));
    assert_eq!(errors(&objects(&mut w, ann)), [Code::NotInRoom]);
    // A session goes on where it was.
    w.handle(Input::Lost(ann));
    let (ann, answer) = program(
        &mut w,
        &format!(r#"{{"session":"{token}","rooms":{{"dev":{{"after":0}}}}}}"#),
    );
    assert!(matches!(
        &answer[0],
        Message::Welcome {
            outside: true,
            resumed: true,
            ..
        }
    ));
    assert_eq!(told(&answer), ["dev 1 +ann"]);
    assert_eq!(w.look(bob), "");
    send(
        &mut w,
        ann,
        &json!({"type": "join", "room": "lobby", "history": 1}),
    );
    let answer = objects(&mut w, ann);
    assert_eq!(told(&answer), ["lobby 4 bob: gone?", "lobby 5 +ann"]);
    assert_eq!(w.look(bob), "ann has joined the chat\n");
    w.receive(bob, "hi\n");
    assert_eq!(told(&objects(&mut w, ann)), ["lobby 6 bob: hi"]);
}

#[test]
fn a_session_goes_on_in_all_its_rooms_from_where_it_was_in_each() {
    let mut w = World::new(Limits::default());
    let (ann, answer) = program(&mut w, r#"{"name":"ann"}"#);
    let token = token(&answer);
    for room in ["dev", "tea"] {
        send(&mut w, ann, &join(room));
    }
    let bob = w.join("bob");
    w.look(ann);
    w.handle(Input::Lost(ann));
    w.receive(bob, "in the lobby\n/join dev\nin dev\n/join tea\nin tea\n");
    let hello = format!(
        r#"{{"session":"{token}","after":2,"rooms":{{"dev":{{"after":2}},"tea":{{"after":1}},"new":{{}}}}}}"#
    );
    let (ann, answer) = program(&mut w, &hello);
    assert_eq!(
        told(&answer),
        [
            "lobby 3 bob: in the lobby",
            "lobby 4 -bob",
            "dev 3 bob: in dev",
            "dev 4 -bob",
            "tea 2 +bob",
            "tea 3 bob: in tea"
        ]
    );
    assert!(matches!(answer.last(), Some(Message::In { room, .. }) if room == "new"));
    // When the time is over, they have left all of them.
    w.look(bob);
    w.handle(Input::Lost(ann));
    w.wait(Limits::default().grace * 2);
    assert_eq!(w.look(bob), "ann has left the chat\n");
    w.receive(bob, "/rooms\n");
    assert_eq!(w.look(bob), "* Rooms: lobby (0), tea (1)\n");
}

#[test]
fn a_new_name_is_told_in_every_room() {
    let mut w = World::new(Limits::default());
    let (ann, _) = program(&mut w, r#"{"name":"ann"}"#);
    send(&mut w, ann, &join("dev"));
    let (bob, cy) = (w.join("bob"), w.join("cy"));
    w.receive(bob, "/join dev\n");
    for conn in [ann, bob, cy] {
        w.look(conn);
    }
    send(&mut w, ann, &json!({"type": "nick", "name": "Anna"}));
    assert_eq!(
        told(&objects(&mut w, ann)),
        ["lobby 5 ann is now Anna", "dev 3 ann is now Anna"]
    );
    assert_eq!(w.look(bob), "ann is now known as Anna\n");
    assert_eq!(w.look(cy), "ann is now known as Anna\n");
}

#[test]
fn a_page_ends_after_its_entries_and_a_new_name_is_accepted_where_its_entry_is() {
    let mut w = World::new(Limits::default());
    let (ann, _) = program(&mut w, r#"{"name":"ann"}"#);
    w.look(ann);
    w.receive(
        ann,
        format!(
            "{}\n{}\n",
            join("dev"),
            json!({"type": "history", "room": "dev"})
        ),
    );
    let answer = objects(&mut w, ann);
    assert!(
        matches!(
            &answer[..],
            [Message::In { .. }, Message::Past(_), Message::Page { room: Some(room), head: 1, .. }] if room == "dev"
        ),
        "{answer:?}"
    );
    for (request, accepted_in) in [
        (json!({"type": "nick", "name": "Anna"}), None),
        (part("lobby"), None),
        (json!({"type": "nick", "name": "Ann"}), Some("dev")),
    ] {
        send(&mut w, ann, &request);
        for message in objects(&mut w, ann) {
            if let Message::Accepted { room, .. } = message {
                assert_eq!(room.as_deref(), accepted_in);
            }
        }
    }
}

#[test]
fn a_program_is_in_as_many_rooms_as_the_limit_says_and_no_more() {
    let mut w = World::new(Limits::default());
    let (ann, _) = program(&mut w, r#"{"name":"ann"}"#);
    for n in 1..MAX_ROOMS {
        send(&mut w, ann, &join(&format!("r{n}")));
    }
    assert_eq!(errors(&objects(&mut w, ann)), []);
    send(&mut w, ann, &join("more"));
    assert_eq!(errors(&objects(&mut w, ann)), [Code::TooManyRooms]);
    send(&mut w, ann, &json!({"type": "rooms"}));
    let answer = objects(&mut w, ann);
    let Message::Rooms { rooms, more: 0 } = &answer[0] else {
        panic!("{answer:?}");
    };
    assert_eq!(rooms.len(), MAX_ROOMS);
    let lobby = RoomOf {
        room: "lobby".into(),
        here: 1,
    };
    assert_eq!(rooms[0], lobby);
    // All that is said in them meanwhile comes in few writes.
    let others: Vec<ConnId> = (1..MAX_ROOMS)
        .map(|n| {
            let conn = w.join(&format!("p{n}"));
            w.receive(conn, format!("/join r{n}\n"));
            conn
        })
        .collect();
    w.look(ann);
    for conn in &others {
        w.server.handle(w.now, Input::Received(*conn, b"hello\n"));
    }
    w.writes = 0;
    w.settle();
    assert_eq!(told(&objects(&mut w, ann)).len(), others.len());
    assert!(w.writes <= 5, "{}", w.writes);
}

#[test]
fn what_was_said_in_one_room_is_not_said_again_in_another() {
    let mut w = World::new(Limits::default());
    let (ann, _) = program(&mut w, r#"{"name":"ann"}"#);
    send(&mut w, ann, &join("dev"));
    w.receive(ann, say("once", "1"));
    w.look(ann);
    let again = json!({"type": "say", "room": "dev", "text": "once", "id": "1"});
    send(&mut w, ann, &again);
    assert_eq!(errors(&objects(&mut w, ann)), [Code::IdReused]);
    w.receive(ann, say("once", "1"));
    let answer = objects(&mut w, ann);
    assert!(
        matches!(&answer[..], [Message::Accepted { seq: 2, .. }]),
        "{answer:?}"
    );
}

#[test]
fn what_a_first_line_says_of_rooms_is_looked_at() {
    let mut w = World::new(Limits::default());
    let (_, answer) = program(&mut w, r#"{"rooms":{"a b":{},"dev":{}}}"#);
    assert_eq!(errors(&answer), [Code::BadRoom]);
    let joined =
        |it: &&Message<'_>| matches!(it, Message::In { room, head: 1, .. } if room == "dev");
    assert_eq!(answer.iter().filter(joined).count(), 1);
    let rooms: serde_json::Map<_, _> = (0..MAX_ROOMS).map(|n| (n.to_string(), json!({}))).collect();
    let (_, answer) = program(&mut w, &json!({"rooms": rooms}).to_string());
    assert!(
        matches!(
            &answer[0],
            Message::Bye {
                code: Code::BadHello,
                ..
            }
        ),
        "{answer:?}"
    );
    for bad in [
        r#"{"rooms":7}"#,
        r#"{"rooms":{"dev":7}}"#,
        r#"{"rooms":["dev"]}"#,
    ] {
        let (_, answer) = program(&mut w, bad);
        assert!(
            matches!(&answer[0], Message::Bye { code: Code::BadHello, text, .. } if text.contains("rooms")),
            "{answer:?}"
        );
    }
}

#[test]
fn whoever_comes_back_to_a_room_is_sent_their_leaving_before() {
    let mut w = World::new(Limits::default());
    let (ann, _) = program(&mut w, r#"{"name":"ann"}"#);
    send(&mut w, ann, &join("dev"));
    w.look(ann);
    // A line of dev has begun when the socket is full.
    w.limit(ann, 10);
    send(
        &mut w,
        ann,
        &json!({"type": "say", "room": "dev", "text": "x"}),
    );
    for request in [part("lobby"), join("lobby")] {
        send(&mut w, ann, &request);
    }
    let mut sent = w.look(ann);
    w.unblock(ann);
    sent += &w.look(ann);
    let place = |what: &str| {
        sent.find(what)
            .unwrap_or_else(|| panic!("no {what} in {sent}"))
    };
    assert!(
        place("\"out\"") < place("\"type\":\"in\",\"room\":\"lobby\""),
        "{sent}"
    );
}

#[test]
fn a_goodbye_is_the_last_line_whatever_waits_of_other_rooms() {
    let mut w = World::new(Limits::default());
    let (ann, _) = program(&mut w, r#"{"name":"ann"}"#);
    for room in ["dev", "tea"] {
        send(&mut w, ann, &join(room));
    }
    w.look(ann);
    w.limit(ann, 10);
    for room in ["lobby", "dev", "tea"] {
        send(
            &mut w,
            ann,
            &json!({"type": "say", "room": room, "text": room}),
        );
    }
    let mut sent = w.look(ann);
    w.handle(Input::Stop);
    w.unblock(ann);
    sent += &w.look(ann);
    let lines: Vec<&str> = sent.lines().collect();
    assert_eq!(lines.len(), 7, "three entries, each accepted: {sent}");
    for line in &lines {
        assert!(
            serde_json::from_str::<serde_json::Value>(line).is_ok(),
            "{sent}"
        );
    }
    assert!(lines[6].contains("\"bye\""), "{sent}");
}
