//! What those who look after a server ask of it, and tell everyone.

use super::json::{bye, objects, program};
use super::world::World;
use chat_core::json::{Code, Message};
use chat_core::server_phase::Phase;
use chat_core::{HostLimits, Input, Limits, MAX_LINE, Rates};
use std::time::Duration;

#[test]
fn an_announcement_comes_to_everyone_in_their_dialect_and_is_no_entry() {
    let mut w = World::new(Limits::default());
    let ann = w.join("ann");
    let (bot, _) = program(&mut w, "{}");
    let outside = w.server.accept(w.now, 2000).unwrap();
    w.settle();
    w.look(ann);
    let last = w.server.usage().last;
    w.server
        .handle(w.now, Input::Announce("back at 5\nUSER1: hi"));
    w.settle();
    assert_eq!(w.look(ann), "* Announcement: back at 5?USER1: hi\n");
    let told = objects(&mut w, bot);
    let text = "back at 5?USER1: hi".into();
    assert_eq!(told, [Message::Announcement { text }]);
    assert_eq!(w.look(outside), "");
    assert_eq!(w.server.usage().last, last);
}

#[test]
fn an_announcement_is_a_line_as_long_as_others() {
    let mut w = World::new(Limits::default());
    let ann = w.join("ann");
    w.look(ann);
    for (given, told) in [
        ("x".repeat(MAX_LINE), MAX_LINE),
        ("x".repeat(MAX_LINE + 1), MAX_LINE),
        // No character is cut.
        (format!("{}é", "x".repeat(MAX_LINE - 1)), MAX_LINE - 1),
    ] {
        w.server.handle(w.now, Input::Announce(&given));
        w.settle();
        assert_eq!(w.look(ann), format!("* Announcement: {}\n", &given[..told]));
    }
}

#[test]
fn clients_of_a_server_that_is_soon_back_come_back_at_different_times() {
    let mut w = World::new(Limits::default());
    let bots = [0; 4].map(|_| program(&mut w, "{}").0);
    w.server.handle(w.now, Input::Drain(Duration::from_secs(2)));
    w.settle();
    let told = bots.map(|bot| bye(&objects(&mut w, bot)));
    let at = |millis| Some((Code::ShuttingDown, Some(millis)));
    assert_eq!(told, [1000, 1500, 2000, 2500].map(at));
}

#[test]
fn connections_are_counted_by_phase_and_host() {
    let mut w = World::new(Limits::default());
    w.join("ann");
    let (lost, _) = program(&mut w, "{}");
    program(&mut w, "{\"read\":true}");
    let other: std::net::SocketAddr = "192.0.2.7:1".parse().unwrap();
    w.server.accept(w.now, other).unwrap();
    w.server.handle(w.now, Input::Lost(lost));
    w.settle();
    let census = w.server.census(1);
    let phases = [
        (Phase::Greeting, 1),
        (Phase::Joined, 1),
        (Phase::Reading, 1),
    ];
    assert_eq!(census.phases, phases);
    let named: Vec<_> = (census.hosts.iter())
        .map(|(host, count)| (host.to_string(), *count))
        .collect();
    assert_eq!(named, [("127.0.0.1".into(), 2)]);
    assert_eq!(census.more_hosts, 1);
    let usage = w.server.usage();
    assert_eq!((usage.connections, usage.detached, usage.last), (3, 1, 2));
}

#[test]
fn new_limits_hold_for_newcomers_and_take_nothing_from_those_who_are_there() {
    let mut w = World::new(Limits::default());
    let ann = w.join("ann");
    let bob = w.join("bob");
    // Who has said nothing gives way.
    w.receive(ann, "hello\n");
    w.receive(bob, "hello\n");
    let few = Limits {
        connections: 2,
        rate: Rates::of_lines(1),
        host: HostLimits::UNLIMITED,
        ..Limits::default()
    };
    w.server.set_limits(&few);
    assert_eq!(w.server.limits().connections, 2);
    w.look(ann);
    let late = w.accept(3);
    w.settle();
    let told = w.look(late);
    assert!(told.contains("the room is full"), "{told}");
    w.receive(bob, "still here\n");
    assert_eq!(w.look(ann), "bob: still here\n");
}
