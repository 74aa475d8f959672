//! Batches and turns: nobody makes another one wait.

use super::world::{World, line};
use chat_core::{ConnId, Input, Limits, Timer};
use std::time::Duration;

#[test]
fn everyone_is_written_to_after_a_batch() {
    let limits = Limits {
        batch: 1000,
        ..Limits::default()
    };
    let mut w = World::new(limits);
    let [ann, bob] = ["ann", "bob"].map(|name| w.join(name));
    w.look(ann);
    w.server
        .handle(w.now, Input::Received(bob, &line(95).repeat(20)));
    assert_eq!(
        w.server.next_timeout(),
        None,
        "everyone is to be written to first"
    );
    assert!(w.server.wants_input(ann), "others are read meanwhile, once");
    w.server.handle(w.now, Input::Received(ann, b"hi\n"));
    assert!(!w.server.wants_input(ann));
    w.look(bob);
    w.write();
    assert_eq!(
        w.look(ann).lines().count(),
        10,
        "a line of 101 bytes less than the limit, and no more"
    );
    assert!(!w.server.wants_input(bob), "there is more to hear of him");
    w.server.handle(w.now, Input::Timeout);
    w.write();
    assert_eq!(w.look(bob), "ann: hi\n", "what has come first comes second");
    w.settle();
    assert!(w.server.wants_input(ann));
    assert_eq!(w.look(ann).lines().count(), 10);
    assert!(w.server.wants_input(bob));
}

#[test]
fn many_loud_connections_are_gone_through_in_turn() {
    let mut w = World::new(Limits {
        batch: 1000,
        ..Limits::default()
    });
    let loud: Vec<_> = (0..50).map(|_| w.join("loud")).collect();
    for conn in &loud {
        w.server.handle(
            w.now,
            Input::Received(*conn, "la\n".repeat(1000).as_bytes()),
        );
    }
    w.settle();
    assert_eq!(
        String::from_utf8(w.transcript)
            .unwrap()
            .matches(": la\n")
            .count(),
        50_000
    );
}

/// What was said in the next batch, by whom.
fn speakers(w: &mut World) -> Vec<String> {
    w.transcript.clear();
    w.server.handle(w.now, Input::Timeout);
    w.write();
    let said = String::from_utf8(std::mem::take(&mut w.transcript)).unwrap();
    let speaker = |line: &str| line.split(':').next().unwrap().to_string();
    said.lines().map(speaker).collect()
}

/// A room where 50 have sent more than ten thousand bytes each, and batches are of some ten lines;
/// and one who has said nothing yet.
fn loud_room() -> (World, ConnId) {
    let mut w = World::new(Limits {
        batch: 1000,
        ..Limits::default()
    });
    let loud: Vec<_> = (0..50).map(|n| w.join(&format!("loud{n}"))).collect();
    let calm = w.join("calm");
    w.now = w.now + Duration::from_secs(60);
    for conn in loud {
        assert!(w.server.wants_input(conn), "everyone is read once");
        let lines = line(90).repeat(120);
        w.server.handle(w.now, Input::Received(conn, &lines));
        assert!(!w.server.wants_input(conn));
    }
    w.write();
    (w, calm)
}

#[test]
fn a_batch_is_smaller_where_it_goes_to_many() {
    for (pass, lines) in [(10 * 1010, 10), (10 * 1010 + 1, 11)] {
        let mut w = World::new(Limits {
            pass,
            ..Limits::default()
        });
        let members: Vec<_> = (0..10).map(|n| w.join(&format!("m{n}"))).collect();
        w.look(members[1]);
        let said = line(96).repeat(20); // 101 bytes each, with the name.
        w.server.handle(w.now, Input::Received(members[0], &said));
        w.write();
        assert_eq!(w.look(members[1]).lines().count(), lines);
        w.settle();
        assert_eq!(w.look(members[1]).lines().count(), 20 - lines);
    }
}

#[test]
fn who_talks_without_pause_adds_less_to_a_batch_that_goes_to_many() {
    for (bulk, lines) in [(10 * 909, 9), (10 * 909 + 1, 12)] {
        let mut w = World::new(Limits {
            batch: 2000,
            bulk,
            ..Limits::default()
        });
        let members: Vec<_> = (0..10).map(|n| w.join(&format!("m{n}"))).collect();
        let said = line(96).repeat(60); // 101 bytes each, with the name, three a turn.
        for loud in &members[..2] {
            w.server.handle(w.now, Input::Received(*loud, &said));
        }
        w.write();
        w.look(members[9]);
        w.server.handle(w.now, Input::Timeout);
        assert_ne!(
            w.server.next_timeout().map(|(_, timer)| timer),
            Some(Timer::Resume),
            "everyone is to be written to first"
        );
        w.write();
        assert_eq!(w.look(members[9]).lines().count(), lines);
    }
}

#[test]
fn turns_go_round_and_end_with_the_line_that_makes_them_256_bytes() {
    let mut w = World::new(Limits {
        batch: 4 * 4 * 69, // Four turns of four lines.
        ..Limits::default()
    });
    let [ann, bob, cat] = ["ann", "bob", "cat"].map(|name| w.join(name));
    for conn in [ann, bob, cat] {
        let lines = line(63).repeat(32);
        w.server.handle(w.now, Input::Received(conn, &lines));
    }
    w.write();
    w.transcript.clear();
    w.settle();
    let said = String::from_utf8(w.transcript).unwrap();
    let speakers: Vec<_> = said.lines().map(|line| &line[..3]).collect();
    let turns: Vec<_> = speakers.chunks(4).map(|turn| turn[0]).collect();
    assert!(
        speakers
            .chunks(4)
            .all(|turn| turn.iter().all(|s| *s == turn[0]))
    );
    assert_eq!(
        turns[..8],
        ["ann", "bob", "cat", "ann", "bob", "cat", "ann", "bob"]
    );
}

#[test]
fn who_speaks_now_and_then_is_heard_in_the_next_batch() {
    let (mut w, calm) = loud_room();
    for second in 0..20 {
        w.now = w.now + Duration::from_millis(500);
        w.server.handle(w.now, Input::Received(calm, b"now\n"));
        assert_eq!(speakers(&mut w)[0], "calm", "after {second} half seconds");
        assert!(speakers(&mut w).iter().all(|name| name.starts_with("loud")));
    }
}

#[test]
fn who_speaks_more_often_than_that_waits_like_the_others() {
    let (mut w, drip) = loud_room();
    for _ in 0..8 {
        w.server.handle(w.now, Input::Received(drip, b"now\n"));
        assert_eq!(speakers(&mut w)[0], "calm", "eight times at once");
    }
    w.server.handle(w.now, Input::Received(drip, b"now\n"));
    let wait = (0..).take_while(|_| !speakers(&mut w).contains(&"calm".to_string()));
    assert!((10..30).contains(&wait.count()), "a turn each of 50");
    // And after that it has no more than one turn at once, and that only 500 ms later.
    w.now = w.now + Duration::from_millis(499);
    w.server.handle(w.now, Input::Received(drip, b"now\n"));
    assert!(!speakers(&mut w).contains(&"calm".to_string()));
    while !speakers(&mut w).contains(&"calm".to_string()) {}
    w.now = w.now + Duration::from_millis(500);
    w.server.handle(w.now, Input::Received(drip, b"now\n"));
    assert_eq!(speakers(&mut w)[0], "calm");
    w.server.handle(w.now, Input::Received(drip, b"now\n"));
    assert!(!speakers(&mut w).contains(&"calm".to_string()));
}

#[test]
fn a_long_line_now_and_then_is_heard_in_the_next_batch_as_well() {
    let (mut w, calm) = loud_room();
    w.server.handle(w.now, Input::Received(calm, &line(4095)));
    assert_eq!(speakers(&mut w)[0], "calm");
    // It counts for as many turns as it fills: 16, of which seven may be ahead.
    w.now = w.now + Duration::from_millis(16 * 500 - 3500 - 1);
    w.server.handle(w.now, Input::Received(calm, b"too soon\n"));
    assert!(!speakers(&mut w).contains(&"calm".to_string()));
    while !speakers(&mut w).contains(&"calm".to_string()) {}
    // Two lines are not one.
    w.now = w.now + Duration::from_secs(60);
    w.server
        .handle(w.now, Input::Received(calm, &line(200).repeat(2)));
    assert!(!speakers(&mut w).contains(&"calm".to_string()));
}

#[test]
fn a_long_line_is_paid_for_whatever_comes_between() {
    let (mut w, calm) = loud_room();
    w.server.handle(w.now, Input::Received(calm, &line(4095)));
    assert_eq!(speakers(&mut w)[0], "calm");
    w.server.handle(w.now, Input::Received(calm, b"between\n"));
    while !speakers(&mut w).contains(&"calm".to_string()) {}
    w.now = w.now + Duration::from_millis(16 * 500 - 3500 - 1);
    w.server.handle(w.now, Input::Received(calm, b"too soon\n"));
    assert!(!speakers(&mut w).contains(&"calm".to_string()));
}

/// Turns of those who talk and of those who ask, as somebody sees them who asks.
fn turns_seen_by(asker: &str, seen: &str) -> Vec<(bool, usize)> {
    let mut turns: Vec<(bool, usize)> = Vec::new();
    for line in seen.lines().filter(|line| !line.starts_with(asker)) {
        let talks = !line.starts_with('*');
        match turns.last_mut() {
            Some((last, count)) if *last == talks => *count += 1,
            _ => turns.push((talks, 1)),
        }
    }
    turns
}

#[test]
fn who_talks_has_seven_turns_for_each_of_those_who_ask_without_pause() {
    let mut w = World::new(Limits {
        batch: 4 * 4 * 69, // Four turns of four lines.
        ..Limits::default()
    });
    let [ann, bob, cat] = ["ann", "bob", "cat"].map(|name| w.join(name));
    w.look(bob);
    w.server
        .handle(w.now, Input::Received(ann, &line(63).repeat(160)));
    for conn in [bob, cat] {
        let questions = "/x\n".repeat(200);
        w.server
            .handle(w.now, Input::Received(conn, questions.as_bytes()));
    }
    w.settle();
    let turns = turns_seen_by("bob", &w.look(bob));
    // A batch of ann alone, and one turn of each: then it is known who only asks.
    assert_eq!(turns[..2], [(true, 16 + 4), (false, 4)], "{turns:?}");
    // Those were three. After each seven, bob or cat is answered; bob does not see what cat is.
    let seven = 7 * 4;
    assert_eq!(
        turns[2..4],
        [(true, seven - 3 * 4), (false, 4)],
        "{turns:?}"
    );
    assert_eq!(turns[4..6], [(true, 2 * seven), (false, 4)], "{turns:?}");
    // When ann has said all, nobody waits.
    let rest = [(true, 2 * seven), (false, 4), (true, 12), (false, 200 - 16)];
    assert_eq!(turns[6..], rest, "{turns:?}");
}

#[test]
fn who_talks_does_not_wait_where_a_round_has_made_as_many_answers_as_it_may() {
    let mut w = World::new(Limits {
        batch: 4 * 4 * 69,
        answers: 1,
        ..Limits::default()
    });
    let [ann, bob] = ["ann", "bob"].map(|name| w.join(name));
    w.look(bob);
    let questions = "/x\n".repeat(200);
    w.server
        .handle(w.now, Input::Received(bob, questions.as_bytes()));
    w.server
        .handle(w.now, Input::Received(ann, &line(63).repeat(16)));
    w.server.handle(w.now, Input::Timeout);
    w.write();
    let turns = turns_seen_by("bob", &w.look(bob));
    assert_eq!(turns[..2], [(false, 1), (true, 16)], "{turns:?}");
}

/// Nobody who is gone keeps a place.
#[test]
fn who_leaves_while_waiting_for_a_turn_waits_no_more() {
    let (mut w, calm) = loud_room();
    w.server.handle(w.now, Input::Received(calm, b"unheard\n"));
    w.server.handle(w.now, Input::Lost(calm));
    w.server.handle(w.now, Input::Stop);
    w.write();
    assert!(!String::from_utf8(w.transcript).unwrap().contains("unheard"));
    let next = w.server.next_timeout().map(|(_, timer)| timer);
    assert_ne!(next, Some(Timer::Resume));
}

#[test]
fn a_first_line_that_came_in_time_joins_whenever_its_turn_comes() {
    let mut w = World::new(Limits {
        batch: 100,
        ..Limits::default()
    });
    let loud = w.join("loud");
    let bob = w.server.accept(w.now, 1).unwrap();
    w.server
        .handle(w.now, Input::Received(loud, &line(90).repeat(2)));
    w.server.handle(w.now, Input::Received(bob, b"JOIN bob\n"));
    w.wait(Duration::from_millis(250));
    assert_eq!(w.look(bob).lines().next(), Some("Welcome to the chatroom!"));
    assert!(w.transcript.ends_with(b"bob has joined the chat\n"));
}
