//! Values as they are shown, and what clients make of what they are sent.

use chat_core::foreign::Protocol;
use chat_core::json::{Hello, Message};
use chat_core::server_phase::Phase;
use chat_core::{
    Client, ClientInput, CloseReason, Command, Input, JsonClient, Limits, Line, Memory, Name,
    Origin, Secret, Server, ServerLine, SessionId, Setup, Timestamp,
};
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
fn nothing_that_is_printed_has_a_secret_in_it() {
    let token = "0123456789abcdef0123456789abcdef";
    let bytes = format!("{:?}", token.as_bytes());
    let bytes = bytes.trim_matches(['[', ']']);
    let shows = |value: &dyn std::fmt::Debug| {
        let shown = format!("{value:?}");
        shown.contains(token) || shown.contains(bytes) || shown.contains(&bytes[..60])
    };
    assert!(shows(&token) && shows(&token.as_bytes()));
    let now = Timestamp::ZERO;
    let origin = Origin {
        secret: Secret(*b"0123456789abcdef0123456789abcdef"),
        ..Origin::default()
    };
    assert!(!shows(&origin));
    let hello = format!("{{\"session\":\"{token}\"}}");
    let object = Hello::decode(&hello).unwrap();
    assert_eq!(object.session.as_deref().map(|token| &**token), Some(token));
    assert!(!shows(&object));

    // In a server: half of a first line; one that waits for its turn; and what waits for a full socket.
    let mut server = Server::with_origin(Limits::default(), origin);
    let line = format!("JOIN {hello}\n");
    let half = server.accept(now, 1).unwrap();
    server.handle(
        now,
        Input::Received(half, &line.as_bytes()[..line.len() - 3]),
    );
    assert!(!shows(&server));
    let whole = server.accept(now, 2).unwrap();
    server.handle(now, Input::Received(whole, line.as_bytes()));
    assert!(!shows(&server));
    let mut sent = Vec::new();
    let mut waiting = server.clone();
    server.pass(now, |_, slices| {
        sent.extend(slices.concat());
        slices.iter().map(|slice| slice.len()).sum()
    });
    let welcome = str::from_utf8(&sent).unwrap().lines().next().unwrap();
    assert!(welcome.contains(token));
    assert!(!shows(&serde_json::from_str::<Message>(welcome).unwrap()));
    waiting.pass(now, |_, _| 0);
    assert!(!shows(&waiting));

    // In a client: what it remembers, and what it is about to send.
    let memory = Memory {
        session: Some(Secret(token.into())),
        ..Memory::default()
    };
    assert!(!shows(&memory));
    assert!(serde_json::to_string(&memory).unwrap().contains(token));
    let setup = Setup {
        memory,
        ..Setup::default()
    };
    let mut client = JsonClient::new(now, setup);
    let join = Command::Line(Line::Whole(b"JOIN"));
    client.command(now, join).unwrap();
    client.handle(now, ClientInput::Connected);
    assert!(String::from_utf8_lossy(client.unsent()).contains(token));
    assert!(!shows(&client));
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
