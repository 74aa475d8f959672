//! Rounds: a pass through a large room, in the middle of which others are heard.

use super::world::{World, line};
use chat_core::{Input, Limits};
use std::time::Duration;

#[test]
fn a_pass_that_never_ends_is_heard_by_everyone_all_the_same() {
    let mut w = World::new(Limits {
        batch: 1000,
        behind: 4000,
        transcript: 8000,
        ..Limits::default()
    });
    let members: Vec<_> = (0..20).map(|n| w.join(&format!("m{n}"))).collect();
    for member in &members {
        w.look(*member);
    }
    // Somebody comes and another goes whenever ten have been written to.
    let mut visitor = w.join("visitor0");
    for n in 0..1000 {
        let next = w.server.accept(w.now, 1000).unwrap();
        let join = format!("JOIN visitor{}\n", n + 1);
        w.server
            .handle(w.now, Input::Received(next, join.as_bytes()));
        w.server.handle(w.now, Input::Lost(visitor));
        visitor = next;
        let said = format!("line {n}\n");
        let speaker = members[n % 20];
        if w.server.wants_input(speaker) {
            w.server
                .handle(w.now, Input::Received(speaker, said.as_bytes()));
        }
        assert!(!w.stretch(10), "the pass is over after {n}");
    }
    w.settle();
    for (number, member) in members.into_iter().enumerate() {
        let screen = w.look(member);
        let heard = (0..1000).filter(|n| screen.contains(&format!(": line {n}\n")));
        let said_itself = 1000 / 20;
        assert_eq!(heard.count(), 1000 - said_itself, "by m{number}");
        assert!(!screen.contains("Goodbye"));
    }
}

#[test]
fn a_round_comes_to_its_end_though_others_are_told_things_all_the_time() {
    let mut w = World::new(Limits {
        connections: 12,
        ..Limits::default()
    });
    let askers: Vec<_> = (0..10).map(|n| w.join(&format!("asker{n}"))).collect();
    let ann = w.join("Ann");
    let bob = w.join("Bob");
    w.look(bob);
    w.server
        .handle(w.now, Input::Received(ann, b"is anybody there?\n"));
    for _ in 0..20 {
        for asker in &askers {
            w.server.handle(w.now, Input::Received(*asker, b"/x\n"));
        }
        w.stretch(2);
    }
    assert_eq!(w.look(bob), "Ann: is anybody there?\n");
}

#[test]
fn a_pass_ends_when_all_who_were_to_be_told_something_are_gone() {
    let mut w = World::new(Limits::default());
    for _ in 0..2 {
        let ann = w.server.accept(w.now, 1000).unwrap();
        w.server.handle(w.now, Input::Received(ann, b"JOIN\n"));
        w.server.handle(w.now, Input::Lost(ann));
        assert!(w.stretch(1));
    }
    assert_eq!(w.writes, 0);
}

#[test]
fn a_round_hears_a_batch_and_no_more() {
    let line = line(100 - "m0: \n".len());
    for (lines, is_heard) in [(9, true), (10, false)] {
        let mut w = World::new(Limits {
            batch: 1000,
            ..Limits::default()
        });
        let members: Vec<_> = (0..4).map(|n| w.join(&format!("m{n}"))).collect();
        w.server.handle(w.now, Input::Received(members[0], &line));
        w.stretch(1);
        for member in &members {
            w.look(*member);
        }
        // The round is under way. What it hears counts from its beginning.
        for _ in 0..lines {
            w.server.handle(w.now, Input::Received(members[1], &line));
        }
        w.server.handle(w.now, Input::Received(members[2], b"!\n"));
        assert_eq!(w.server.wants_input(members[2]), is_heard);
        w.settle();
        assert!(w.look(members[3]).ends_with("m2: !\n"));
    }
}

#[test]
fn who_can_take_more_has_it_though_many_are_visited_first() {
    let mut w = World::new(Limits {
        behind: 1000,
        batch: 1000,
        connections: 12,
        ..Limits::default()
    });
    let askers: Vec<_> = (0..10).map(|n| w.join(&format!("asker{n}"))).collect();
    let ann = w.join("Ann");
    let bob = w.join("Bob");
    w.look(bob);
    w.limit(bob, 0);
    w.receive(ann, line(900));
    w.limit(bob, usize::MAX);
    // Behind all others that are to be told something, he waits for several rounds.
    let mut heard = String::new();
    for n in 0..40 {
        for asker in &askers {
            w.server.handle(w.now, Input::Received(*asker, b"/x\n"));
        }
        if n == 0 {
            w.server.handle(w.now, Input::Writable(bob));
        }
        w.server.handle(w.now, Input::Received(ann, b"ping\n"));
        w.stretch(1);
        heard += &w.look(bob);
    }
    w.settle();
    heard += &w.look(bob);
    assert!(heard.starts_with(&format!("Ann: {}\n", "x".repeat(900))));
    assert_eq!(heard.matches("Ann: ping\n").count(), 40);
    assert!(!heard.contains("Goodbye"));
}

#[test]
fn a_pass_receives_again_after_its_time_and_as_long_as_it_received_before() {
    let mut w = World::new(Limits::default());
    let ann = w.join("Ann");
    let bob = w.join("Bob");
    w.server.handle(w.now, Input::Received(ann, b"hello\n"));
    let is_to_receive = |w: &World, received: u64, written: u64| {
        let begun = w.now;
        let now = begun + Duration::from_micros(written);
        w.server
            .is_to_receive(begun, Duration::from_micros(received), now)
    };
    // Bob waits, who asks for nothing.
    for (received, most) in [(0, 5_000), (5_000, 5_000), (9_000, 9_000)] {
        assert!(!is_to_receive(&w, received, most));
        assert!(is_to_receive(&w, received, most + 1));
    }
    w.settle();
    // Only one is left who asks without pause.
    let answers = b"/help\n".repeat(3000);
    w.server.handle(w.now, Input::Received(bob, &answers));
    w.server.handle(w.now, Input::Received(ann, b"hello\n"));
    w.stretch(1);
    assert!(w.server.is_only_busy_left());
    for (received, most) in [(0, 250), (9_000, 9_000)] {
        assert!(!is_to_receive(&w, received, most));
        assert!(is_to_receive(&w, received, most + 1));
    }
}

#[test]
fn who_leaves_before_the_round_comes_to_them_is_sent_what_they_are_owed() {
    let mut w = World::new(Limits {
        behind: 1000,
        connections: 12,
        ..Limits::default()
    });
    let bob = w.join("Bob");
    let ann = w.join("Ann");
    let askers: Vec<_> = (0..10).map(|n| w.join(&format!("asker{n}"))).collect();
    w.look(bob);
    for _ in 0..3 {
        w.server.handle(w.now, Input::Received(ann, &line(4000)));
    }
    for visits in 0..60 {
        for asker in &askers {
            w.server.handle(w.now, Input::Received(*asker, b"/x\n"));
        }
        if visits == 30 {
            // Those who were told something have been visited, and a part of the seats; his is the last.
            w.server.handle(w.now, Input::Received(bob, b"LEAVE\n"));
        }
        w.stretch(1);
    }
    w.settle();
    assert_eq!(w.look(bob).matches("Ann: ").count(), 3);
}

#[test]
fn talk_alone_does_not_count_as_a_crowd() {
    let cut_off_at = |in_stretches: bool| {
        let mut w = World::new(Limits::default());
        let ann = w.join("Ann");
        w.join("Cat");
        let bob = w.join("Bob");
        w.limit(bob, 0);
        w.receive(ann, line(1000 - "Ann: \n".len()));
        for rounds in 0.. {
            if w.server.population() < 3 {
                return rounds;
            }
            // Nearly a batch.
            for _ in 0..60 {
                let said = line(1000 - "Ann: \n".len());
                w.server.handle(w.now, Input::Received(ann, &said));
            }
            if in_stretches {
                w.stretch(1);
            } else {
                w.write();
            }
        }
        unreachable!()
    };
    assert_eq!(cut_off_at(true), cut_off_at(false));
}

#[test]
fn there_may_be_no_limit_on_connections() {
    let mut w = World::new(Limits {
        connections: usize::MAX,
        ..Limits::default()
    });
    let ann = w.join("Ann");
    assert_eq!(w.look(ann), "Welcome to the chatroom!\n");
}

#[test]
fn who_has_nothing_to_be_sent_is_not_visited() {
    let mut w = World::new(Limits::default());
    let ann = w.join("ann");
    w.server.handle(w.now, Input::Received(ann, b"to nobody\n"));
    assert!(w.server.round(w.now, 1).is_none());
}
