//! Who is behind: what is kept for them together, and that they take nobody with them.

use super::world::{World, line};
use chat_core::{Input, Limits};
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
