//! Values as they are shown, and what clients make of what they are sent.

use chat_core::foreign::Protocol;
use chat_core::server_phase::Phase;
use chat_core::{CloseReason, Name, ServerLine, SessionId, Timestamp};
use std::time::Duration;

#[test]
fn a_timestamp_is_shown_in_seconds_and_measured_from_another() {
    let at = Timestamp::from_micros(12_000_034);
    assert_eq!(at.to_string(), "12.000034");
    assert_eq!(at.as_micros(), 12_000_034);
    assert_eq!(
        at - Timestamp::from_micros(12_000_000),
        Duration::from_micros(34)
    );
    assert_eq!(Timestamp::ZERO - at, Duration::ZERO);
}

#[test]
fn names_and_sessions_are_shown_as_they_are() {
    let name = Name::parse("Ann-2").unwrap();
    assert_eq!(format!("{name:?} {name}"), "Ann-2 Ann-2");
    let why = Name::parse("*").unwrap_err().to_string();
    assert!(why.starts_with("a name is 1 to 32 letters"), "{why}");
    let session = SessionId([0x0a; 32]);
    assert_eq!(session.to_string(), "0a".repeat(32));
    assert_eq!(format!("{session:?}"), session.to_string());
}

#[test]
fn every_reason_for_a_close_is_told_apart() {
    use CloseReason::{
        Eof, Foreign, Json, Left, Lost, Refused, Replaced, Stalled, Stopped, TooFarBehind,
    };
    let all = [
        Left,
        Eof,
        Lost,
        TooFarBehind,
        Stalled,
        Refused,
        Foreign(Protocol::Http),
        Foreign(Protocol::Tls),
        Json,
        Replaced,
        Stopped,
    ];
    let mut shown: Vec<String> = all.iter().map(ToString::to_string).collect();
    assert!(shown.iter().all(|text| text.len() > 3));
    shown.sort();
    shown.dedup();
    assert_eq!(shown.len(), all.len());
}

#[test]
fn who_is_silent_or_joined_is_in_the_room_and_nobody_else() {
    let in_room = Phase::ALL.into_iter().filter(|phase| phase.is_in_room());
    assert_eq!(in_room.collect::<Vec<_>>(), [Phase::Silent, Phase::Joined]);
}

#[test]
fn comings_and_goings_are_read_as_such() {
    let ann = || Name::parse("ann").unwrap();
    for (line, read) in [
        ("ann has joined the chat", ServerLine::Joined(ann())),
        ("ann has left the chat", ServerLine::Left(ann())),
        (
            "ann: has left the chat",
            ServerLine::Said(ann(), "has left the chat"),
        ),
        ("ann has gone", ServerLine::Unknown("ann has gone")),
    ] {
        assert_eq!(ServerLine::decode(line), read);
    }
}
