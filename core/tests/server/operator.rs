//! What those who look after a server ask of it, and tell everyone.

use super::json::{bye, objects, program, token};
use super::world::World;
use chat_core::json::{Code, Message};
use chat_core::server_phase::Phase;
use chat_core::{
    CloseReason, HostLimits, Input, Limits, MAX_KICK_REASON, MAX_LINE, Name, Rates, Whom,
};
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

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

#[test]
fn whoever_is_kicked_is_told_why_and_leaves_for_good() {
    let mut w = World::new(Limits::default());
    let ann = w.join("ann");
    let (bot, welcome) = program(&mut w, "{\"name\":\"bot\"}");
    w.look(ann);
    let bot_name = name("BOT");
    let whom = Whom::Name(&bot_name);
    assert!(w.server.can_kick(whom));
    w.server.handle(w.now, Input::Kick(whom, "too\nloud"));
    w.settle();
    assert_eq!(w.look(ann), "bot has left the chat\n");
    let told = objects(&mut w, bot);
    assert_eq!(bye(&told), Some((Code::Kicked, None)));
    let Some(Message::Bye { text, .. }) = told.last() else {
        panic!("{told:?}");
    };
    assert_eq!(text, "an operator has removed you: too?loud");
    w.server.handle(w.now, Input::Eof(bot));
    w.settle();
    assert_eq!(w.server.phase(bot), Phase::Closed);
    assert!(!w.server.can_kick(whom));
    // Nobody goes on with the session; its token begins another one.
    let hello = format!("{{\"session\":\"{}\"}}", token(&welcome));
    let (_, again) = program(&mut w, &hello);
    assert!(
        matches!(again[0], Message::Welcome { resumed: false, .. }),
        "{again:?}"
    );
}

#[test]
fn a_connection_can_be_kicked_in_every_phase_by_what_it_is_called_in_the_log() {
    let mut w = World::new(Limits::default());
    let joined = w.join("ann");
    let greeting = w.server.accept(w.now, 2000).unwrap();
    let (reading, _) = program(&mut w, "{\"read\":true}");
    let ids: Vec<_> = w.server.people().map(|(_, id)| id).collect();
    assert_eq!(ids, [Some(joined)]);
    for id in [joined, greeting, reading] {
        let parsed = chat_core::ConnId::parse(&format!("{id:?}"));
        assert_eq!(parsed, Some(id));
        w.server
            .handle(w.now, Input::Kick(Whom::Connection(id), ""));
        w.settle();
        assert!(w.server.phase(id).is_ending());
        assert!(!w.server.can_kick(Whom::Connection(id)));
        // A second time is none.
        let before = w.look(id);
        assert!(before.contains("an operator has removed you."), "{before}");
        w.server
            .handle(w.now, Input::Kick(Whom::Connection(id), ""));
        w.settle();
        assert_eq!(w.look(id), "");
        w.server.handle(w.now, Input::Lost(id));
    }
    w.settle();
    assert_eq!(w.server.usage().members, 0);
}

#[test]
fn somebody_without_a_connection_is_not_waited_for_any_more() {
    let mut w = World::new(Limits::default());
    let ann = w.join("ann");
    let (bot, _) = program(&mut w, "{\"name\":\"bot\"}");
    w.server.handle(w.now, Input::Lost(bot));
    w.settle();
    w.look(ann);
    assert_eq!(w.server.usage().detached, 1);
    let people: Vec<_> = w.server.people().collect();
    let (ann_name, bot_name) = (name("ann"), name("bot"));
    assert_eq!(people, [(&ann_name, Some(ann)), (&bot_name, None)]);
    let present: Vec<_> = w.server.present().collect();
    assert_eq!((&present[0].name, present[0].conn), (&ann_name, Some(ann)));
    assert!(present[0].host.is_some_and(chat_core::Host::is_loopback));
    // Of this machine, whose connections are not limited, nothing is remembered.
    assert_eq!((present[1].conn, present[1].host), (None, None));
    let rooms = |at: usize| present[at].rooms.iter().map(chat_core::RoomName::as_str);
    assert!(rooms(0).eq(["lobby"]) && rooms(1).eq(["lobby"]));
    let whom = Whom::Name(&bot_name);
    w.server.handle(w.now, Input::Kick(whom, "gone"));
    w.settle();
    assert_eq!(w.look(ann), "bot has left the chat\n");
    assert_eq!(w.server.usage().detached, 0);
}

#[test]
fn a_reason_is_cut_at_its_limit_and_no_character_is() {
    for (given, told) in [
        ("x".repeat(MAX_KICK_REASON), MAX_KICK_REASON),
        ("x".repeat(MAX_KICK_REASON + 1), MAX_KICK_REASON),
        (
            format!("{}é", "x".repeat(MAX_KICK_REASON - 1)),
            MAX_KICK_REASON - 1,
        ),
    ] {
        let mut w = World::new(Limits::default());
        let ann = w.join("ann");
        w.look(ann);
        w.server
            .handle(w.now, Input::Kick(Whom::Connection(ann), &given));
        w.settle();
        let line = format!(
            "* Goodbye: an operator has removed you: {}\n",
            &given[..told]
        );
        assert_eq!(w.look(ann), line);
    }
}

#[test]
fn the_reason_for_the_close_is_told_outside() {
    let mut w = World::new(Limits::default());
    let ann = w.join("ann");
    w.server
        .handle(w.now, Input::Kick(Whom::Connection(ann), ""));
    w.server.handle(w.now, Input::Lost(ann));
    let actions = std::iter::from_fn(|| w.server.poll_action());
    let closed = actions.filter_map(|action| match action {
        chat_core::Action::Close(id, reason) => Some((id, reason)),
        _ => None,
    });
    let closed: Vec<_> = closed.collect();
    assert_eq!(closed, [(ann, CloseReason::Kicked)]);
}

#[test]
fn what_is_no_connection_is_not_taken_for_one() {
    for text in [
        "",
        "#",
        "#1",
        "1.",
        "#.1",
        "ann",
        "#1.2.3",
        "+1.2",
        "#1.4294967296",
    ] {
        assert_eq!(chat_core::ConnId::parse(text), None, "{text}");
    }
    let id = chat_core::ConnId::parse("12.7").map(|id| format!("{id:?}"));
    assert_eq!(id.as_deref(), Some("#12.7"));
}

/// What those who look after the server order.
fn outside(w: &mut World, line: &str) -> Option<String> {
    let Ok(chat_core::Request::Order(asked)) = chat_core::Request::decode(line.as_bytes()) else {
        panic!("{line}");
    };
    let refused = w.server.refusal_of(&asked);
    let before = w.server.ordered();
    w.handle(Input::Order(&asked));
    assert_eq!(refused.is_some(), w.server.ordered() == before);
    assert_eq!(w.server.settled(), w.server.ordered());
    refused
}

#[test]
fn whoever_is_banned_from_outside_is_kept_out_of_the_server_whatever_they_are() {
    let mut w = World::new(Limits::default());
    let root = super::order::admin(&mut w, "root");
    let (eve, dan) = (w.join("eve"), w.join("dan"));
    w.look(root);
    w.look(dan);
    for (line, words) in [
        ("/unban eve", "nobody is banned by that"),
        ("/kick eve", "only somebody in the room can order that"),
        ("/close", "only somebody in the room can order that"),
        ("/ban **", "Nobody here is called **"),
    ] {
        let refused = outside(&mut w, line).unwrap();
        assert!(refused.contains(words), "{refused}");
    }
    assert_eq!(outside(&mut w, "/ban eve 2h not nice"), None);
    let told = "server has banned eve for 2h: not nice\neve has left the chat\n";
    assert_eq!(w.look(root), told);
    assert!(
        w.look(eve)
            .contains("* Goodbye: you are banned until 1970-01-01 02:00 UTC: not nice\n")
    );
    assert_eq!(w.server.phase(eve), Phase::Lingering);
    let eve = w.join("EVE");
    assert!(w.look(eve).contains("you are banned"));
    let banned: Vec<_> = w.server.banned().collect();
    assert_eq!(banned.len(), 1);
    assert_eq!(
        (&banned[0].whom, banned[0].from),
        (&Some(name("eve")), None)
    );
    assert_eq!(
        (banned[0].by.as_str(), &*banned[0].reason),
        ("server", "not nice")
    );
    assert!(banned[0].until.is_some());
    let bans = super::accounts::send(&mut w, root, "/bans");
    assert!(bans.starts_with("* Banned: eve until"), "{bans}");
    // Also one who keeps order there.
    assert_eq!(outside(&mut w, "/ban root"), None);
    assert_eq!(w.server.phase(root), Phase::Lingering);
    assert_eq!(outside(&mut w, "/unban eve"), None);
    let eve = w.join("eve");
    assert!(w.look(eve).starts_with("Welcome"));
    // And nobody is called what gives these orders.
    let other = w.join("server");
    assert!(w.look(other).contains("Nobody may be called server"));
}
