//! A server that stood still: nobody's deadline counts that time.

use super::json::{program, token};
use super::world::{World, line};
use chat_core::json::Message;
use chat_core::{CloseReason, ConnId, Input, Limits, Timer};
use std::time::Duration;

const GRACE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);
const MICRO: Duration = Duration::from_micros(1);

/// All of it but a part.
fn but(all: Duration, part: Duration) -> Duration {
    all.checked_sub(part).expect("it is a part")
}

/// What is still taken for a server that is busy.
fn standstill() -> Duration {
    Limits::default().standstill
}

fn resumes(w: &mut World, token: &str) -> bool {
    let (_, answer) = program(w, &format!("{{\"session\":\"{token}\"}}"));
    matches!(answer[0], Message::Welcome { resumed: true, .. })
}

/// Ann is in the room; a program has lost its connection for so long.
fn detached(since: Duration) -> (World, ConnId, String) {
    let mut w = World::new(Limits::default());
    let ann = w.join("Ann");
    let (bot, welcome) = program(&mut w, "{\"name\":\"bot\"}");
    w.handle(Input::Lost(bot));
    w.wait(since);
    w.look(ann);
    (w, ann, token(&welcome))
}

#[test]
fn a_session_has_its_whole_time_again_after_a_sleep_that_was_longer() {
    for (last, is_there) in [(but(GRACE, MICRO), true), (GRACE, false)] {
        let (mut w, ann, token) = detached(but(GRACE, MICRO));
        w.stand_still(Duration::from_secs(3600));
        assert_eq!(w.look(ann), "", "it could not come back meanwhile");
        w.wait(last);
        assert_eq!(resumes(&mut w, &token), is_there);
        assert_eq!(w.look(ann).contains("bot has left"), !is_there);
    }
}

#[test]
fn a_server_that_is_busy_for_as_long_as_it_may_be_has_not_stood_still() {
    // A call came 1 s before the session's time is over, and the next one comes late.
    let before = but(GRACE, SECOND);
    for (late, has_stood) in [(standstill(), false), (standstill() + MICRO, true)] {
        let (mut w, ann, _) = detached(before);
        w.handle(Input::Timeout);
        w.stand_still(late);
        assert_eq!(w.look(ann).is_empty(), has_stood, "after {late:?}");
    }
}

#[test]
fn a_server_that_waits_for_something_is_called_often_enough_to_notice() {
    let (mut w, _, _) = detached(Duration::ZERO);
    let called = w.server.next_timeout();
    assert_eq!(called, Some((w.now + standstill() / 2, Timer::Pulse)));
    w.wait(GRACE);
    assert_eq!(w.server.next_timeout(), None, "it waits for nothing");
}

#[test]
fn a_server_that_waits_for_nothing_may_be_called_late() {
    let mut w = World::new(Limits::default());
    let ann = w.join("Ann");
    let (bot, welcome) = program(&mut w, "{\"name\":\"bot\"}");
    w.now = w.now + Duration::from_secs(86_400);
    w.handle(Input::Lost(bot));
    w.look(ann);
    w.wait(GRACE);
    assert_eq!(w.look(ann), "bot has left the chat\n");
    assert!(!resumes(&mut w, &token(&welcome)));
}

#[test]
fn sessions_keep_their_order() {
    let mut w = World::new(Limits {
        detached: 2,
        ..Limits::default()
    });
    let ann = w.join("Ann");
    // Later ones have smaller tokens or greater ones, as it happens.
    let mut bots: Vec<_> = (0..8)
        .map(|n| program(&mut w, &format!("{{\"name\":\"bot{n}\"}}")).0)
        .collect();
    for pair in 0..4 {
        let [first, second] = [2 * pair, 2 * pair + 1];
        for bot in bots.drain(..2) {
            w.handle(Input::Lost(bot));
            w.wait(Duration::from_secs(1));
        }
        w.look(ann);
        w.stand_still(Duration::from_secs(100));
        for (name, expected) in [(first, 0), (second, 1)] {
            let (extra, _) = program(&mut w, "{\"name\":\"extra\"}");
            w.handle(Input::Lost(extra));
            let left = format!("bot{name} has left the chat\n");
            assert!(w.look(ann).contains(&left), "{expected} of pair {pair}");
        }
        w.wait(2 * GRACE);
    }
}

#[test]
fn a_reader_that_took_nothing_meanwhile_has_its_time_from_then_on() {
    let limits = Limits::default();
    for (last, closed) in [(but(limits.stall, MICRO), false), (limits.stall, true)] {
        let mut w = World::new(limits.clone());
        let [slow, bob] = ["slow", "bob"].map(|name| w.join(name));
        w.limit(slow, 0);
        w.receive(bob, "hi\n");
        w.stand_still(Duration::from_secs(100));
        assert!(w.closed.is_empty(), "it may have taken much, unseen");
        w.wait(last);
        assert_eq!(w.closed.contains_key(&slow), closed);
    }
}

#[test]
fn who_has_yet_to_close_or_to_speak_has_time_for_it() {
    let mut w = World::new(Limits::default());
    let left = w.join("left");
    w.receive(left, "LEAVE\n");
    let silent = w.accept(7);
    w.stand_still(Duration::from_secs(100));
    assert!(w.closed.is_empty());
    assert_eq!(w.look(silent), "");
    w.handle(Input::Eof(left));
    assert_eq!(w.closed[&left], CloseReason::Left);
    w.receive(silent, "JOIN speaker\n");
    assert_eq!(w.look(silent), "Welcome to the chatroom!\n");
}

#[test]
fn a_server_that_stops_is_not_put_off() {
    let mut w = World::new(Limits::default());
    let [slow, bob] = ["slow", "bob"].map(|name| w.join(name));
    w.limit(slow, 0);
    w.receive(bob, line(10));
    w.handle(Input::Stop);
    w.stand_still(Duration::from_secs(100));
    assert_eq!(w.server.connections(), 0);
    assert_eq!(w.closed[&slow], CloseReason::Stopped);
}

/// The clock of some systems stands still while they sleep; their wall clock does not.
#[test]
fn a_wall_clock_that_is_ahead_tells_of_a_sleep() {
    for (sleep, slept) in [(5000, false), (5001, true)] {
        let (mut w, ann, _) = detached(Duration::ZERO);
        w.server.set_clock(w.now, 1_000_000);
        w.wait(but(GRACE, SECOND));
        w.server.set_clock(w.now, 1_000_000 + 59_000 + sleep);
        w.wait(SECOND);
        assert_eq!(w.look(ann).is_empty(), slept, "after {sleep} ms");
        w.wait(but(GRACE, SECOND));
        assert_eq!(w.look(ann).contains("bot has left"), slept);
    }
}

#[test]
fn a_wall_clock_that_is_set_back_does_nothing() {
    let (mut w, ann, _) = detached(Duration::ZERO);
    w.server.set_clock(w.now, 100_000_000);
    w.wait(but(GRACE, MICRO));
    w.server.set_clock(w.now, 1_000_000);
    assert_eq!(w.look(ann), "");
    w.wait(MICRO);
    assert_eq!(w.look(ann), "bot has left the chat\n");
}
