//! What is sent has a rate: more than that is read later, in order, and all of it.

use super::world::{World, line};
use chat_core::{
    CloseReason, ConnId, HostLimits, Input, Limits, Peer, Rate, Rates, Timer, server_phase::Phase,
};
use std::net::SocketAddr;
use std::time::Duration;

const fn rates(lines: (u64, u64), bytes: (u64, u64)) -> Rates {
    Rates {
        lines: Rate::per_second(lines.0, lines.1),
        bytes: Rate::per_second(bytes.0, bytes.1),
    }
}

/// Ten lines a second, and five at once; of bytes, as many as anybody wants.
const TEN: Rates = rates((10, 5), (0, 0));

fn world(rate: Rates, host_rate: Rates) -> World {
    World::new(Limits {
        rate,
        host_rate,
        // Nobody is refused here.
        host: HostLimits {
            connections: 0,
            unjoined: 0,
            joins: Rate::UNLIMITED,
            ..HostLimits::default()
        },
        ..Limits::default()
    })
}

impl World {
    /// A connection from a host of the network 192.0.2.0/24, which has not said anything.
    fn connect(&mut self, host: u8, port: u16) -> ConnId {
        let address = SocketAddr::from(([192, 0, 2, host], port));
        let conn = self.server.accept(self.now, Peer::from(address)).unwrap();
        self.settle();
        conn
    }

    /// One that is in, and whose buckets are full again.
    fn enter(&mut self, host: u8, port: u16) -> ConnId {
        let conn = self.connect(host, port);
        self.receive(conn, "JOIN\n");
        self.pass_time(Duration::from_secs(100));
        conn
    }

    /// Has time pass, with everything that is due in it.
    fn pass_time(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some((due, _)) = self.server.next_timeout()
            && due <= end
        {
            self.now = self.now.max(due);
            self.server.handle(self.now, Input::Timeout);
            self.settle();
        }
        self.now = end;
    }

    /// How many lines were said since this was asked last.
    fn heard(&mut self) -> usize {
        let heard = String::from_utf8(std::mem::take(&mut self.transcript)).unwrap();
        heard.lines().filter(|line| line.contains(": ")).count()
    }

    fn next_is(&self, timer: Timer) -> bool {
        self.server
            .next_timeout()
            .is_some_and(|(_, it)| it == timer)
    }
}

fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

#[test]
fn a_burst_is_handled_at_once_and_one_more_a_step_later() {
    let mut w = world(TEN, Rates::UNLIMITED);
    let ann = w.enter(1, 61014);
    w.receive(ann, "a\n".repeat(5));
    assert_eq!(w.heard(), 5);
    assert!(w.server.wants_input(ann), "nothing waits");
    assert_eq!(w.server.next_timeout(), None);
    w.receive(ann, "b\nc\n");
    assert_eq!(w.heard(), 0);
    assert!(!w.server.wants_input(ann));
    assert!(w.next_is(Timer::Rate));
    w.pass_time(millis(99));
    assert_eq!(w.heard(), 0);
    w.pass_time(millis(1));
    assert_eq!(w.heard(), 1);
    w.pass_time(millis(99));
    assert_eq!(w.heard(), 0);
    w.pass_time(millis(1));
    assert_eq!(w.heard(), 1);
    assert!(w.server.wants_input(ann));
    assert_eq!(
        w.server.next_timeout(),
        None,
        "nothing is held back any more"
    );
}

#[test]
fn bytes_are_granted_as_lines_are_and_a_line_more_than_is_left_is_owed() {
    let mut w = world(rates((0, 0), (100, 1000)), Rates::UNLIMITED);
    let ann = w.enter(1, 61014);
    w.receive(ann, line(998));
    w.receive(ann, line(499));
    w.receive(ann, line(1));
    assert_eq!(
        w.heard(),
        2,
        "999 of 1000 bytes, and the line that goes beyond"
    );
    // 500 bytes more than 999 make a debt of 499, and one is to be there.
    w.pass_time(millis(4999));
    assert_eq!(w.heard(), 0);
    w.pass_time(millis(1));
    assert_eq!(w.heard(), 1);
}

#[test]
fn everything_that_is_sent_counts() {
    let json = r#"JOIN {"name":"ann"}"#;
    let kinds: [(&str, &[u8]); 9] = [
        ("JOIN", b"\n"),
        ("JOIN", b"/who\n"),
        ("JOIN", b"/nothing of the kind\n"),
        ("JOIN", b"\xff\n"),
        ("JOIN", &[b'x'; 5000]),
        (json, b"{\"type\":\"ping\"}\n"),
        (json, b"  \n"),
        (json, b"{\"type\":\"who\"}\n"),
        (json, b"no object\n"),
    ];
    for (hello, what) in kinds {
        let mut w = world(TEN, Rates::UNLIMITED);
        let ann = w.connect(1, 61014);
        w.receive(ann, format!("{hello}\n"));
        for _ in 0..4 {
            assert!(w.server.wants_input(ann));
            w.receive(
                ann,
                [what, b"\n"]
                    .concat()
                    .split_inclusive(|b| *b == b'\n')
                    .next()
                    .unwrap(),
            );
        }
        w.receive(ann, what);
        w.receive(ann, "said\n{\"type\":\"say\",\"text\":\"said\"}\n");
        assert!(
            !w.server.wants_input(ann),
            "{what:?}: five at once, JOIN included"
        );
        assert_eq!(w.heard(), 0);
    }
}

/// A line that does not end costs bytes, piece by piece.
#[test]
fn a_line_without_an_end_is_read_as_slowly() {
    let mut w = world(rates((0, 0), (1000, 1000)), Rates::UNLIMITED);
    let ann = w.enter(1, 61014);
    w.receive(ann, [b'x'; 1000]);
    assert!(w.server.wants_input(ann));
    w.receive(ann, [b'x'; 1000]);
    assert!(!w.server.wants_input(ann));
    w.pass_time(millis(1));
    assert!(w.server.wants_input(ann));
    w.receive(ann, [b'x'; 1000]);
    assert!(!w.server.wants_input(ann));
    w.pass_time(millis(999));
    assert!(!w.server.wants_input(ann));
    w.pass_time(millis(1));
    assert!(w.server.wants_input(ann));
}

#[test]
fn connections_of_a_host_share_its_rate_and_those_of_others_do_not() {
    let mut w = world(Rates::UNLIMITED, TEN);
    let ann = w.enter(1, 61014);
    let bob = w.enter(1, 61015);
    let cat = w.enter(2, 61014);
    w.receive(ann, "a\n".repeat(9));
    w.receive(bob, "b\n".repeat(9));
    assert_eq!(w.heard(), 5);
    w.receive(cat, "c\n".repeat(5));
    assert_eq!(w.heard(), 5);
    let said = |w: &mut World| {
        let all = String::from_utf8(std::mem::take(&mut w.transcript)).unwrap();
        ["4: a", "5: b"].map(|what| all.matches(what).count())
    };
    w.pass_time(millis(800));
    assert_eq!(said(&mut w), [4, 4], "one after the other");
    w.pass_time(millis(500));
    assert_eq!(said(&mut w), [0, 5]);
    assert_eq!(w.server.next_timeout(), None);
    w.receive(ann, "z\n");
    w.pass_time(millis(100));
    assert_eq!(w.heard(), 1);
}

/// Fifty talk without pause, and somebody else of the same host says a word.
#[test]
fn who_has_sent_least_of_late_is_the_next_of_its_host() {
    let mut w = world(rates((5, 50), (0, 0)), TEN);
    let calm = w.enter(1, 100);
    let loud: Vec<ConnId> = (0..50).map(|n| w.enter(1, 1000 + n)).collect();
    for conn in &loud {
        w.receive(*conn, "la\n".repeat(500));
    }
    w.pass_time(Duration::from_secs(60));
    w.heard();
    w.receive(calm, "hi\n");
    w.pass_time(millis(100));
    let heard = String::from_utf8(w.transcript.clone()).unwrap();
    assert!(heard.contains("USER100: hi\n"), "{heard}");
    // And of the others nobody starves.
    w.pass_time(Duration::from_secs(20));
    let heard = String::from_utf8(std::mem::take(&mut w.transcript)).unwrap();
    for n in 0..50 {
        let count = heard.matches(&format!("USER{}: la", 1000 + n)).count();
        assert!((3..=5).contains(&count), "{n}: {count}");
    }
}

/// Whoever comes again and again, each time with a connection that has sent nothing, does not make
/// others of the host wait for ever.
#[test]
fn who_waits_is_not_overtaken_for_longer_than_a_burst_takes() {
    let mut w = world(rates((5, 50), (0, 0)), TEN);
    let ann = w.enter(1, 100);
    w.receive(ann, "a\n".repeat(500));
    w.heard();
    for n in 0..1500 {
        let conn = w.connect(1, 1000 + n);
        w.receive(conn, "JOIN\nla\nla\n");
        w.pass_time(millis(100));
    }
    let heard = String::from_utf8(std::mem::take(&mut w.transcript)).unwrap();
    let count = heard.matches("USER100: a").count();
    assert!((2..50).contains(&count), "{count}");
}

#[test]
fn a_debt_is_not_forgiven_to_who_comes_again() {
    let mut w = world(TEN, TEN);
    let ann = w.enter(1, 61014);
    w.receive(ann, "a\n".repeat(5));
    w.handle(Input::Lost(ann));
    assert_eq!(w.heard(), 5);
    let ann = w.connect(1, 61015);
    w.receive(ann, "JOIN\nb\n");
    assert_eq!(w.server.phase(ann), Phase::Greeting);
    w.pass_time(millis(200));
    assert_eq!(w.heard(), 1);
    // A first line that came in time is one, whenever it is handled.
    assert!(
        String::from_utf8(w.screens[&ann].clone())
            .unwrap()
            .starts_with("Welcome")
    );
    assert!(
        !String::from_utf8(w.screens[&ann].clone())
            .unwrap()
            .contains("* ")
    );
}

#[test]
fn this_machine_is_exempt_unless_it_is_to_be_limited() {
    for (limit_loopback, heard) in [(false, 500), (true, 4)] {
        let mut w = World::new(Limits {
            rate: TEN,
            host_rate: TEN,
            limit_loopback,
            ..Limits::default()
        });
        let ann = w.accept(61014);
        w.receive(ann, "JOIN\n");
        w.receive(ann, "a\n".repeat(500));
        assert_eq!(w.heard(), heard);
    }
}

#[test]
fn what_a_host_sends_at_once_throws_out_nobody_who_reads_slowly() {
    let limits = Limits::default();
    assert!(limits.host_rate.bytes.burst < limits.behind);
    assert!(limits.rate.bytes.burst < limits.behind);
}

#[test]
fn no_rate_is_no_limit() {
    assert_eq!(Rates::of_lines(0), Rates::UNLIMITED);
    let mut w = world(Rates::of_lines(0), Rates::of_lines(0));
    let ann = w.enter(1, 61014);
    w.receive(ann, line(4000).repeat(2000));
    assert_eq!(w.heard(), 2000);
    assert_eq!(w.server.next_timeout(), None);
}

#[test]
fn leaving_and_the_end_come_after_what_came_before_them() {
    for (last, reason) in [("LEAVE\n", CloseReason::Left), ("", CloseReason::Eof)] {
        let mut w = world(TEN, TEN);
        let ann = w.enter(1, 61014);
        w.receive(ann, "a\n".repeat(20) + last);
        w.handle(Input::Eof(ann));
        w.pass_time(millis(1499));
        assert_eq!(w.heard(), 19);
        assert_eq!(w.server.phase(ann), Phase::Joined);
        w.pass_time(millis(200));
        let shown = String::from_utf8(w.transcript.clone()).unwrap();
        assert_eq!(shown, "USER61014: a\nUSER61014 has left the chat\n");
        assert_eq!(w.closed[&ann], reason);
        assert_eq!(w.server.next_timeout(), None);
    }
}

#[test]
fn who_goes_away_while_it_waits_is_waited_for_no_more() {
    let mut w = world(TEN, TEN);
    let [ann, bob, cat] = [1, 2, 3].map(|port| w.enter(1, port));
    for conn in [ann, bob, cat] {
        w.receive(conn, "x\n".repeat(7));
    }
    w.pass_time(millis(450));
    w.handle(Input::Lost(ann));
    w.handle(Input::Lost(bob));
    w.heard();
    w.pass_time(millis(149));
    assert_eq!(w.heard(), 1, "the place of who is gone is nobody's");
    w.handle(Input::Lost(cat));
    assert_eq!(w.server.next_timeout(), None);
}

#[test]
fn who_is_held_back_for_long_is_told_and_told_again() {
    let mut w = world(TEN, Rates::UNLIMITED);
    let ann = w.enter(1, 61014);
    let bea = w.connect(2, 61015);
    w.receive(bea, "JOIN {}\n");
    w.look(ann);
    w.look(bea);
    let is_told = |w: &mut World, conn| {
        let shown = w.look(conn);
        let told = [
            "* You send faster",
            "{\"type\":\"slow\",\"text\":\"You send faster",
        ];
        told.map(|told| shown.matches(told).count())
            .iter()
            .sum::<usize>()
    };
    for conn in [ann, bea] {
        let said = "{\"type\":\"say\",\"text\":\"x\"}\n".repeat(1000);
        w.receive(conn, said);
    }
    w.pass_time(millis(3900));
    assert_eq!([ann, bea].map(|conn| is_told(&mut w, conn)), [0, 0]);
    w.pass_time(millis(100));
    assert_eq!([ann, bea].map(|conn| is_told(&mut w, conn)), [1, 1]);
    w.pass_time(millis(20_000));
    assert_eq!([ann, bea].map(|conn| is_told(&mut w, conn)), [1, 5]);
    w.pass_time(millis(100_000));
    w.look(ann);
    // Now and then for a moment is not long.
    for _ in 0..20 {
        w.receive(ann, "x\n".repeat(7));
        w.pass_time(millis(1500));
        assert_eq!(is_told(&mut w, ann), 0);
    }
}

/// What a host waits for may take much longer than a connection's own rate.
#[test]
fn who_waits_for_others_of_its_host_is_told_as_well() {
    let mut w = world(Rates::UNLIMITED, rates((1, 1), (0, 0)));
    let [ann, bob] = [1, 2].map(|port| w.enter(1, port));
    w.receive(ann, "a\n".repeat(1000));
    w.receive(bob, "b\n".repeat(1000));
    w.look(bob);
    w.pass_time(millis(100_000));
    let told = w.look(bob).matches("* You send faster").count();
    assert!((4..=5).contains(&told), "{told}");
}

#[test]
fn a_reader_whose_socket_is_full_is_not_told_over_and_over() {
    let mut w = world(TEN, Rates::UNLIMITED);
    let ann = w.enter(1, 61014);
    let bob = w.enter(2, 61015);
    w.receive(ann, "x\n".repeat(1000));
    w.look(ann);
    w.limit(ann, 0);
    w.receive(bob, "hi\n");
    w.pass_time(millis(29_000));
    w.unblock(ann);
    let shown = w.look(ann);
    assert_eq!(shown.matches("* You send faster").count(), 0, "{shown}");
    assert_eq!(w.server.phase(ann), Phase::Joined);
}

#[test]
fn nobody_is_cut_off_for_being_told_that_they_are_read_slowly() {
    const TOLD: &str = "* You send faster than this server reads from you. Nothing is lost: it goes on reading, slowly.\n";
    for (behind, is_told) in [(TOLD.len(), true), (TOLD.len() - 1, false)] {
        let mut w = World::new(Limits {
            behind: behind as u64,
            rate: TEN,
            ..Limits::default()
        });
        let ann = w.enter(1, 61014);
        w.receive(ann, "x\n".repeat(1000));
        w.look(ann);
        // The system takes nothing of it.
        w.limit(ann, 0);
        w.pass_time(millis(4000));
        assert_eq!(w.server.phase(ann), Phase::Joined);
        w.unblock(ann);
        assert_eq!(w.look(ann) == TOLD, is_told);
    }
}
