//! Who is behind: what is kept for them together, and that they take nobody with them.

use super::world::{World, line};
use chat_core::{ConnId, Input, Limits, MAX_SERVER_LINE};
use std::time::Duration;

const FULL: &str = "* Goodbye: you are too far behind; more than 1000 bytes are waiting for you.\n";

#[test]
fn a_crowd_that_is_cut_off_at_once_takes_nobody_with_it() {
    const WINDOW: usize = 8 * 1024;
    let mut w = World::new(Limits {
        behind: 32 * 1024,
        batch: 4 * 1024,
        transcript: 256 * 1024,
        ..Limits::default()
    });
    let talker = w.join("talker");
    let listeners: Vec<_> = (0..10).map(|n| w.join(&format!("listener{n}"))).collect();
    // Their leavings come to three times the limit.
    let crowd: Vec<_> = (0..2000).map(|n| w.join(&format!("{n:0>32}"))).collect();
    for deaf in &crowd {
        w.limit(*deaf, 1000);
    }
    let mut population = Vec::new();
    for _ in 0..60 {
        for listener in &listeners {
            w.limit(*listener, WINDOW);
            w.server.handle(w.now, Input::Writable(*listener));
        }
        let said = line(4000);
        w.server.handle(w.now, Input::Received(talker, &said));
        w.write();
        population.push(w.server.population());
    }
    assert_eq!(population[0], 2011);
    assert_eq!(population[59], 11, "the crowd is gone, and nobody else");
    for listener in listeners {
        let screen = w.look(listener);
        assert_eq!(screen.matches(" has left the chat\n").count(), 2000);
        assert!(!screen.contains("Goodbye"));
    }
    // Once all have caught up, the limit is what it was.
    let deaf = w.join("deaf");
    w.limit(deaf, 0);
    for _ in 0..9 {
        w.receive(talker, line(4000));
    }
    assert_eq!(w.server.population(), 11);
}

/// What may wait for anybody, in a room that a crowd leaves.
const MOST: usize = 20_000;

/// What a round may append before it counts as a crowd's: a batch and two lines.
const ROUND: usize = 1000 + 2 * (MAX_SERVER_LINE + 1);

/// A room that 200 leave at once while so much waits for one who takes nothing; him, and another.
fn room_that_a_crowd_left(mut waits: usize) -> (World, ConnId, ConnId) {
    let mut w = World::new(Limits {
        behind: MOST as u64,
        batch: 1000,
        ..Limits::default()
    });
    let talker = w.join("talker");
    let crowd: Vec<_> = (0..200).map(|n| w.join(&format!("{n:0>32}"))).collect();
    let slow = w.join("slow");
    w.limit(slow, 0);
    while waits > 0 {
        let length = if waits > 2000 { 1000 } else { waits };
        w.receive(talker, line(length - "talker: \n".len()));
        waits -= length;
    }
    for one in crowd {
        w.server.handle(w.now, Input::Lost(one));
    }
    w.settle();
    (w, slow, talker)
}

#[test]
fn of_what_a_crowd_appends_a_batch_and_two_lines_count_and_no_more() {
    for (surplus, is_kept) in [(0, true), (1, false)] {
        let (w, slow, _) = room_that_a_crowd_left(MOST - ROUND + surplus);
        assert_eq!(!w.server.phase(slow).is_ending(), is_kept);
    }
}

#[test]
fn a_crowd_is_allowed_for_until_nobody_is_further_behind_than_anybody_may_be() {
    for (surplus, is_kept) in [(0, false), (1, true)] {
        let (mut w, slow, talker) = room_that_a_crowd_left(MOST - ROUND);
        let leavings = 200 * (32 + " has left the chat\n".len());
        w.limit(slow, leavings - ROUND - surplus);
        w.server.handle(w.now, Input::Writable(slow));
        w.settle();
        w.receive(talker, "hello\n");
        assert_eq!(!w.server.phase(slow).is_ending(), is_kept);
    }
}

#[test]
fn what_is_kept_for_those_who_left_is_kept_up_to_a_limit_together() {
    for (surplus, kept) in [(0, 3), (1, 2)] {
        // What waits for each, with the lines of the others who leave.
        let waits = 600;
        let leaves = "a has left the chat\n".len() as u64;
        let mut w = World::new(Limits {
            behind: 1000,
            copies: 3 * waits + leaves + 2 * leaves - surplus,
            ..Limits::default()
        });
        let readers = ["a", "b", "c"].map(|name| w.join(name));
        let bob = w.join("bob");
        for reader in readers {
            w.look(reader);
            w.limit(reader, 0);
        }
        w.receive(bob, line(600 - "bob: \n".len()));
        for reader in readers {
            w.look(reader);
            w.receive(reader, "LEAVE\n");
        }
        for _ in 0..3 {
            w.receive(bob, line(500));
        }
        let screens = readers.map(|reader| {
            w.unblock(reader);
            w.look(reader)
        });
        let whole = screens.iter().filter(|screen| !screen.contains(FULL));
        assert_eq!(whole.count(), kept);
        assert_eq!(screens[2].contains(FULL), kept == 2);

        // What was taken makes room for others.
        w.wait(Duration::from_secs(60));
        let late = w.join("late");
        w.look(late);
        w.limit(late, 0);
        w.receive(bob, line(600 - "bob: \n".len()));
        w.receive(late, "LEAVE\n");
        for _ in 0..3 {
            w.receive(bob, line(500));
        }
        w.unblock(late);
        assert!(!w.look(late).contains(FULL));
    }
}

/// A room where ann takes nothing any more, and bob talks.
fn room_with_a_deaf_speaker(limits: Limits) -> (World, ConnId, ConnId) {
    let mut w = World::new(limits);
    let [ann, bob] = ["ann", "bob"].map(|name| w.join(name));
    w.limit(ann, 0);
    (w, ann, bob)
}

#[test]
fn ones_own_lines_do_not_make_what_waits_too_much() {
    for (surplus, is_kept) in [(0, true), (1, false)] {
        let (mut w, ann, bob) = room_with_a_deaf_speaker(Limits {
            behind: 1000,
            ..Limits::default()
        });
        w.receive(bob, line(1000 - "bob: \n".len() + surplus));
        w.receive(ann, line(500));
        assert_eq!(!w.server.phase(ann).is_ending(), is_kept);
    }
}

#[test]
fn what_is_kept_again_for_one_who_talks_counts_once() {
    for (copies, is_kept) in [(900, true), (899, false)] {
        let (mut w, ann, bob) = room_with_a_deaf_speaker(Limits {
            behind: 1000,
            copies,
            ..Limits::default()
        });
        for length in [600, 300] {
            w.receive(bob, line(length - "bob: \n".len()));
            w.receive(ann, line(500));
        }
        assert_eq!(!w.server.phase(ann).is_ending(), is_kept, "of {copies}");
    }
}
