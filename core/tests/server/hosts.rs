//! What one host is granted: each limit at it and one past it.

use super::world::World;
use chat_core::{CloseReason, ConnId, HostLimits, Input, Limits, Rate};
use std::net::SocketAddr;
use std::time::Duration;

const UNLIMITED: HostLimits = HostLimits::UNLIMITED;

/// Two hosts, and one of them under another address of its network.
const A: &str = "192.0.2.1:7001";
const B: &str = "[2001:db8::1]:7002";
const B_TOO: &str = "[2001:db8::ffff]:7003";
const HERE: &str = "127.0.0.1:7004";

fn world(host: HostLimits) -> World {
    World::new(Limits {
        host,
        ..Limits::default()
    })
}

impl World {
    fn come(&mut self, from: &str) -> Option<ConnId> {
        let from: SocketAddr = from.parse().unwrap();
        let conn = self.server.accept(self.now, from);
        self.settle();
        conn
    }

    /// One that comes, sends this, and what it was sent.
    fn greet(&mut self, from: &str, first: &str) -> (ConnId, String) {
        let conn = self.come(from).unwrap();
        self.receive(conn, first);
        let told = self.look(conn);
        (conn, told)
    }

    fn lose(&mut self, conn: ConnId) {
        self.handle(Input::Lost(conn));
    }

    /// Why a connection was closed that was told to go.
    fn reason(&mut self, conn: ConnId) -> CloseReason {
        self.handle(Input::Eof(conn));
        self.closed[&conn]
    }
}

#[test]
fn one_connection_past_the_limit_of_a_host_is_told_and_other_hosts_are_not() {
    let mut w = world(HostLimits {
        connections: 2,
        refusals: 1,
        ..UNLIMITED
    });
    let first = w.come(B).unwrap();
    w.come(B_TOO).unwrap();
    let refused = w.come(B).unwrap();
    let told = "* Goodbye: your address has 2 connections, and gets no more; try again later.\n";
    assert_eq!(w.look(refused), told);
    assert_eq!(w.come(B_TOO), None, "one is being told already");
    for other in [A, A, HERE, HERE, HERE] {
        assert_eq!(w.greet(other, "JOIN\n").1, "Welcome to the chatroom!\n");
    }
    assert_eq!(w.reason(refused), CloseReason::HostFull);
    w.lose(first);
    assert_eq!(w.greet(B, "JOIN\n").1, "Welcome to the chatroom!\n");
}

#[test]
fn with_limit_loopback_this_machine_is_a_host_like_any_other() {
    let limits = Limits {
        host: HostLimits {
            connections: 1,
            ..UNLIMITED
        },
        limit_loopback: true,
        ..Limits::default()
    };
    let mut w = World::new(limits);
    w.come(HERE).unwrap();
    let refused = w.come(HERE).unwrap();
    assert_eq!(w.reason(refused), CloseReason::HostFull);
    let other = w.come("127.0.0.2:7004").unwrap();
    w.receive(other, "JOIN\n");
    assert_eq!(w.look(other), "Welcome to the chatroom!\n");
}

#[test]
fn one_past_those_that_have_not_joined_is_told_until_one_has() {
    let mut w = world(HostLimits {
        unjoined: 2,
        ..UNLIMITED
    });
    let [first, _] = [A, A].map(|from| w.come(from).unwrap());
    let refused = w.come(A).unwrap();
    let told = "* Goodbye: 2 connections of your address have not joined yet; try again later.\n";
    assert_eq!(w.look(refused), told);
    assert_eq!(w.reason(refused), CloseReason::HostUnjoined);
    w.receive(first, "JOIN\n");
    w.come(A).unwrap();
    let refused = w.come(A).unwrap();
    assert_eq!(w.look(refused), told);
    w.wait(Limits::default().first_line);
    assert_eq!(w.greet(A, "JOIN\n").1, "Welcome to the chatroom!\n");
}

#[test]
fn one_past_the_joins_in_a_minute_is_told_when_to_come_back() {
    let mut w = world(HostLimits {
        joins: Rate::per_minute(3, 3),
        ..UNLIMITED
    });
    for first in ["JOIN\n", "hi\n", "JOIN {}\n"] {
        let (conn, told) = w.greet(A, first);
        assert!(told.to_lowercase().contains("welcome"), "{told}");
        w.lose(conn);
    }
    let told = "* Goodbye: too many have joined from your address; try again in 20 s.\n";
    for first in ["JOIN ann\n", "not to be heard\n"] {
        let (conn, answer) = w.greet(A, first);
        assert_eq!(answer, told);
        assert_eq!(w.reason(conn), CloseReason::TooManyJoins);
    }
    let silent = w.come(A).unwrap();
    w.wait(Duration::from_millis(250));
    assert_eq!(w.look(silent), told);
    let (_, bye) = w.greet(A, "JOIN {}\n");
    let text = "too many have joined from your address; try again in 20 s.";
    let expected = format!(
        "{{\"type\":\"bye\",\"code\":\"too_many_joins\",\"text\":\"{text}\",\"retry_after_ms\":19750}}\n"
    );
    assert_eq!(bye, expected);
    assert_eq!(w.greet(B, "JOIN\n").1, "Welcome to the chatroom!\n");
    w.wait(Duration::from_micros(19_749_999));
    assert!(w.greet(A, "JOIN\n").1.starts_with("* Goodbye: too many"));
    w.wait(Duration::from_micros(1));
    assert_eq!(w.greet(A, "JOIN\n").1, "Welcome to the chatroom!\n");
    assert!(w.greet(A, "JOIN\n").1.starts_with("* Goodbye: too many"));
    let transcript = String::from_utf8(w.transcript).unwrap();
    assert!(!transcript.contains("not to be heard"), "{transcript}");
}

#[test]
fn going_on_with_a_session_is_not_joining_and_its_token_no_guess() {
    let mut w = world(HostLimits {
        joins: Rate::per_minute(1, 1),
        tokens: Rate::per_minute(1, 1),
        ..UNLIMITED
    });
    let hello = format!("JOIN {{\"session\":\"{:032x}\"}}\n", 1);
    for _ in 0..5 {
        let (conn, told) = w.greet(A, &hello);
        assert!(told.contains("\"type\":\"welcome\""), "{told}");
        w.lose(conn);
    }
}

#[test]
fn one_token_past_those_that_are_not_known_is_told_when_to_come_back() {
    let mut w = world(HostLimits {
        tokens: Rate::per_minute(2, 2),
        ..UNLIMITED
    });
    let guess = |number: u32| format!("JOIN {{\"session\":\"{number:032x}\"}}\n");
    for number in 0..2 {
        assert!(w.greet(A, &guess(number)).1.contains("welcome"));
    }
    let (refused, bye) = w.greet(A, &guess(7));
    let text = "too many unknown sessions were asked for from your address; try again in 30 s.";
    let expected = format!(
        "{{\"type\":\"bye\",\"code\":\"too_many_tokens\",\"text\":\"{text}\",\"retry_after_ms\":30000}}\n"
    );
    assert_eq!(bye, expected);
    assert_eq!(w.reason(refused), CloseReason::TooManyTokens);
    let (_, told) = w.greet(A, &guess(1));
    assert!(
        told.contains("\"resumed\":true"),
        "a token that is known is no guess: {told}"
    );
    assert!(
        w.greet(A, "JOIN {}\n").1.contains("welcome"),
        "no token is no guess"
    );
    assert!(
        w.greet(B, &guess(7)).1.contains("welcome"),
        "another host has guessed nothing"
    );
    w.wait(Duration::from_secs(30));
    assert!(w.greet(A, &guess(8)).1.contains("welcome"));
    assert!(w.greet(A, &guess(9)).1.contains("too_many_tokens"));
}

#[test]
fn one_session_past_the_share_of_a_host_gives_up_its_oldest_and_nobody_elses() {
    let mut w = world(HostLimits {
        detached: 2,
        ..UNLIMITED
    });
    let (watcher, _) = w.greet(HERE, "JOIN watcher\n");
    let hello = |name| format!("JOIN {{\"name\":\"{name}\"}}\n");
    let old = w.greet(A, &hello("old")).0;
    let flood = ["f1", "f2", "f3", "f4"].map(|name| w.greet(B, &hello(name)).0);
    w.look(watcher);
    w.lose(old);
    for (nth, conn) in flood.into_iter().enumerate() {
        w.wait(Duration::from_secs(1));
        w.lose(conn);
        let left = ["", "", "f1 has left the chat\n", "f2 has left the chat\n"][nth];
        assert_eq!(w.look(watcher), left);
    }
    w.wait(Duration::from_secs(56));
    assert_eq!(w.look(watcher), "old has left the chat\n", "after its 60 s");
}

#[test]
fn with_too_many_sessions_in_all_a_flood_pushes_out_its_own() {
    let mut w = World::new(Limits {
        detached: 3,
        ..Limits::default()
    });
    let (watcher, _) = w.greet(HERE, "JOIN watcher\n");
    let hello = |name| format!("JOIN {{\"name\":\"{name}\"}}\n");
    let old = w.greet(A, &hello("old")).0;
    let flood = ["f1", "f2", "f3", "f4"].map(|name| w.greet(B, &hello(name)).0);
    let late = w.greet("192.0.2.9:1", &hello("late")).0;
    w.look(watcher);
    w.lose(old);
    for conn in flood {
        w.lose(conn);
    }
    assert_eq!(w.look(watcher).lines().count(), 2);
    w.lose(late);
    let left = w.look(watcher);
    assert!(left.starts_with('f'), "the largest gives one up: {left}");
}

#[test]
fn a_first_line_that_is_begun_has_to_end_in_time() {
    for (waits, phrase) in [(0, "Welcome to the chatroom!\n"), (200, ""), (10_000, "")] {
        let mut w = world(UNLIMITED);
        let conn = w.accept(7);
        w.wait(Duration::from_millis(waits));
        w.receive(conn, "J");
        // A byte now and then changes nothing.
        for _ in 0..29 {
            w.wait(Duration::from_secs(1));
            w.receive(conn, "x");
        }
        w.wait(Duration::from_micros(999_999));
        let screen = w.look(conn);
        assert!(screen.starts_with(phrase), "{screen}");
        assert!(!screen.contains("Goodbye"), "{screen}");
        w.wait(Duration::from_micros(1));
        let told = "* Goodbye: your first line did not end within 30 s.\n";
        assert_eq!(w.look(conn), told);
        assert_eq!(w.reason(conn), CloseReason::Unended);
        assert!(w.server.next_timeout().is_none(), "no timer is left behind");
    }
}

#[test]
fn who_ends_the_first_line_in_time_or_says_nothing_at_all_stays() {
    let mut w = world(UNLIMITED);
    let [late, silent, trickler] = [1, 2, 3].map(|port| w.accept(port));
    w.receive(late, "hel");
    w.receive(trickler, "JOIN\n");
    w.wait(Duration::from_micros(29_999_999));
    w.receive(late, "lo\n");
    // A later line may take as long as it likes.
    w.receive(trickler, "and so");
    w.wait(Duration::from_secs(3600));
    for conn in [late, silent, trickler] {
        let screen = w.look(conn);
        assert!(screen.starts_with("Welcome to the chatroom!\n"), "{screen}");
        assert!(!screen.contains("Goodbye"), "{screen}");
    }
    assert!(w.server.next_timeout().is_none(), "no timer is left behind");
}

#[test]
fn in_a_full_room_those_that_said_nothing_and_came_last_give_way() {
    let mut w = World::new(Limits {
        connections: 4,
        host: UNLIMITED,
        ..Limits::default()
    });
    let [old, quiet, talker, last] = [1, 2, 3, 4].map(|port| w.accept(port));
    for conn in [old, quiet, talker, last] {
        w.receive(conn, "JOIN\n\n \n");
    }
    w.receive(talker, "hello\n");
    for given_up in [last, quiet, old] {
        w.look(given_up);
        let (conn, told) = w.greet(A, "JOIN\n");
        assert_eq!(told, "Welcome to the chatroom!\n");
        let goodbye = "* Goodbye: the room is full, and you gave way to somebody new, as you had said nothing.\n";
        assert!(w.look(given_up).ends_with(goodbye));
        assert_eq!(w.reason(given_up), CloseReason::GaveWay);
        w.receive(conn, "/who\n");
    }
    let (refused, told) = w.greet(A, "JOIN\n");
    assert_eq!(told, "* Goodbye: the room is full; try again later.\n");
    assert_eq!(w.reason(refused), CloseReason::Refused);
}

#[test]
fn newcomers_that_say_nothing_push_each_other_out_no_more_often_than_the_limit() {
    let mut w = World::new(Limits {
        connections: 2,
        give_way: Rate::per_second(1, 2),
        host: UNLIMITED,
        ..Limits::default()
    });
    let old = w.accept(1);
    w.accept(2);
    let mut refused = 0;
    for nth in 0..10 {
        let conn = w.come(A).unwrap();
        let told = w.look(conn);
        refused += usize::from(told.contains("the room is full; try again"));
        assert_eq!(told.is_empty(), nth < 2, "{told}");
    }
    assert_eq!(refused, 8);
    w.wait(Duration::from_secs(1));
    let conn = w.come(A).unwrap();
    assert_eq!(w.look(conn), "");
    let conn = w.come(A).unwrap();
    assert_ne!(w.look(conn), "");
    w.receive(old, "still here\n");
    assert!(
        !w.look(old).contains("Goodbye"),
        "who came before them stays"
    );
}

#[test]
fn a_program_that_gave_way_may_come_back_and_its_session_goes_on() {
    let mut w = World::new(Limits {
        connections: 1,
        host: UNLIMITED,
        ..Limits::default()
    });
    let hello = format!("JOIN {{\"session\":\"{:032x}\"}}\n", 1);
    let (quiet, _) = w.greet(A, &hello);
    let (talker, _) = w.greet(B, "JOIN\n");
    let bye = w.look(quiet);
    assert!(bye.contains("\"type\":\"bye\",\"code\":\"full\""), "{bye}");
    assert!(bye.contains("\"retry_after_ms\":30000"), "{bye}");
    assert!(!w.look(talker).contains("left"), "nobody is told");
    w.lose(talker);
    let (_, told) = w.greet(A, &hello);
    assert!(told.contains("\"resumed\":true"), "{told}");
}

#[test]
fn no_more_are_told_that_they_gave_way_than_the_limit() {
    let mut w = World::new(Limits {
        connections: 2,
        refusals: 1,
        host: UNLIMITED,
        ..Limits::default()
    });
    let [_, last] = [1, 2].map(|port| w.accept(port));
    w.come(A).unwrap();
    // `last` has not closed its side yet.
    let refused = w.come(A).unwrap();
    assert!(w.look(refused).contains("the room is full; try again"));
    assert_eq!(w.come(A), None);
    w.reason(last);
    let conn = w.come(A).unwrap();
    assert_eq!(w.look(conn), "");
    assert_eq!(
        w.server.connections(),
        4,
        "two, one that gives way, and one refused"
    );
}
