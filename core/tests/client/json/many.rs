//! Several rooms at the same time: what happens in each is shown once, and what is typed is said where it was typed.

use super::chat::{Chat, SOON, keeps};
use chat_core::{
    Client, ClientInput, JsonClient, Limits, MAX_LINE, Memory, Place, RoomName, Secret, Setup,
    Timestamp,
};
use std::time::Duration;

fn many() -> Setup {
    Setup {
        many: true,
        ..keeps()
    }
}

fn again() -> Setup {
    Setup {
        seed: 2,
        joins: true,
        ..many()
    }
}

fn joined() -> Chat {
    let mut chat = Chat::new(many());
    chat.type_line("JOIN ann");
    chat.screen.clear();
    chat
}

/// What was shown since the last time, in short.
fn shown(chat: &mut Chat) -> Vec<String> {
    let short = |line: &String| {
        let object: serde_json::Value = serde_json::from_str(line).unwrap();
        let member = |name| object[name].as_str().unwrap_or_default().to_owned();
        match (&*member("type"), &*member("kind")) {
            ("entry", "said") => {
                format!("{} {}: {}", member("room"), member("name"), member("text"))
            }
            ("entry", kind) => format!("{} {} {kind}", member("room"), member("name")),
            (kind, _) => format!("{kind} {}", member("room")).trim_end().into(),
        }
    };
    let lines = std::mem::take(&mut chat.screen);
    lines.iter().map(short).collect()
}

/// Types a line in a room.
fn type_in(chat: &mut Chat, room: &str, line: &str) {
    chat.client.type_in(RoomName::parse(room).unwrap());
    chat.type_line(line);
}

/// Parts from a room.
fn part(chat: &mut Chat, room: &str) {
    chat.client.type_in(RoomName::parse(room).unwrap());
    chat.client.part_from();
    chat.run();
}

#[test]
fn one_hears_all_rooms_and_says_in_each_what_was_typed_there() {
    let mut chat = joined();
    chat.other_says("bob", "/join tea\nfirst");
    shown(&mut chat);
    type_in(&mut chat, "lobby", "/join #Tea");
    type_in(&mut chat, "dev", "/join dev");
    type_in(&mut chat, "dev", "code");
    type_in(&mut chat, "tea", "milk?");
    type_in(&mut chat, "lobby", "hello");
    chat.other_says("cat", "hi");
    chat.other_says("dan", "/join dev\nhere");
    assert_eq!(
        shown(&mut chat),
        [
            "in tea",
            "in dev",
            "dev ann: code",
            "tea ann: milk?",
            "lobby ann: hello",
            "lobby cat joined",
            "lobby cat: hi",
            "lobby dan joined",
            "lobby dan left",
            "dev dan joined",
            "dev dan: here",
        ]
    );
    chat.sent.clear();
    for question in ["/who", "/topic"] {
        type_in(&mut chat, "dev", question);
    }
    assert_eq!(
        chat.sent,
        "{\"type\":\"who\",\"room\":\"dev\"}\n{\"type\":\"topic\",\"room\":\"dev\"}\n"
    );
    type_in(&mut chat, "tea", "/join dev");
    assert_eq!(chat.notices, ["* You are in dev already."]);
}

#[test]
fn who_parts_is_told_at_once_and_hears_no_more() {
    let mut chat = joined();
    type_in(&mut chat, "dev", "/join dev");
    chat.other_says("bob", "/join dev");
    shown(&mut chat);
    chat.is_stuck = true;
    type_in(&mut chat, "dev", "last words");
    part(&mut chat, "dev");
    assert_eq!(shown(&mut chat), ["out dev"]);
    chat.is_stuck = false;
    chat.run();
    chat.other_says("cat", "/join dev\nhello");
    assert_eq!(
        shown(&mut chat),
        ["lobby cat joined", "lobby cat left"],
        "and nothing of dev"
    );
    type_in(&mut chat, "dev", "/join dev");
    type_in(&mut chat, "dev", "/history 9");
    let lines = chat.screen.iter();
    assert_eq!(lines.filter(|it| it.contains("last words")).count(), 1);
}

#[test]
fn nobody_parts_from_the_lobby_or_from_where_they_are_not() {
    let mut chat = joined();
    for (room, why) in [
        (
            "lobby",
            "* Not done: it is the only room you are in. Join another one first, or leave.",
        ),
        ("dev", "* Not done: you are not in dev."),
    ] {
        part(&mut chat, room);
        let told = chat.notices.pop().unwrap();
        assert_eq!(told, why, "{room}");
        assert_eq!(shown(&mut chat), [""; 0]);
    }
}

#[test]
fn a_cut_changes_nothing_in_any_room() {
    let mut chat = joined();
    for room in ["dev", "tea"] {
        type_in(&mut chat, room, &format!("/join {room}"));
    }
    shown(&mut chat);
    chat.cut();
    for (room, text) in [("dev", "one"), ("lobby", "two"), ("tea", "three")] {
        type_in(&mut chat, room, text);
    }
    chat.other_says("bob", "/join dev\nmeanwhile\n/join tea\nas well");
    chat.wait(SOON);
    let lines = shown(&mut chat);
    let of = |room: &str| -> Vec<&str> {
        let begin = format!("{room} ");
        lines
            .iter()
            .filter_map(|line| line.strip_prefix(&begin))
            .collect()
    };
    assert_eq!(of("lobby"), ["bob joined", "bob left", "ann: two"]);
    assert_eq!(
        of("dev"),
        ["bob joined", "bob: meanwhile", "bob left", "ann: one"]
    );
    assert_eq!(of("tea"), ["bob joined", "bob: as well", "ann: three"]);
}

#[test]
fn a_program_that_is_killed_goes_on_in_all_rooms_with_what_was_typed_for_each() {
    let mut chat = joined();
    for room in ["dev", "tea"] {
        type_in(&mut chat, room, &format!("/join {room}"));
    }
    type_in(&mut chat, "dev", "before");
    part(&mut chat, "tea");
    chat.wait(Duration::from_secs(2));
    chat.is_stuck = true;
    type_in(&mut chat, "dev", "kept");
    chat.is_stuck = false;
    chat.restart_client(&again());
    assert_eq!(
        shown(&mut chat),
        ["in dev", "dev ann: kept"],
        "what was shown is not shown again, and tea is no more"
    );
    assert!(chat.client.memory().outbox.is_empty());
}

#[test]
fn what_one_wants_without_a_connection_is_done_with_the_next_one() {
    let mut chat = joined();
    type_in(&mut chat, "dev", "/join dev");
    shown(&mut chat);
    chat.cut();
    type_in(&mut chat, "tea", "/join tea");
    part(&mut chat, "dev");
    type_in(&mut chat, "tea", "milk?");
    chat.wait(SOON);
    chat.other_says("bob", "/join dev\nis anybody here?");
    assert_eq!(
        shown(&mut chat),
        [
            "out dev",
            "in tea",
            "tea ann: milk?",
            "lobby bob joined",
            "lobby bob left"
        ]
    );
}

#[test]
fn another_server_is_told_of_the_rooms_and_one_that_it_has_no_place_for_is_dropped() {
    let limits = Limits {
        rooms: 2,
        ..Limits::default()
    };
    let mut chat = Chat::with(limits, many());
    chat.type_line("JOIN ann");
    chat.screen.clear();
    type_in(&mut chat, "dev", "/join dev");
    type_in(&mut chat, "tea", "/join tea");
    type_in(&mut chat, "tea", "too early");
    let lines = shown(&mut chat);
    assert!(lines.contains(&"out tea".into()), "{lines:?}");
    assert!(!lines.contains(&"in tea".into()), "{lines:?}");
    let told = chat.notices.remove(0);
    assert!(told.contains("as many rooms as there may be"), "{told}");
    chat.kill();
    chat.start_another();
    chat.other_says("bob", "/join other");
    chat.wait(SOON);
    chat.wait(Duration::from_secs(10));
    let lines = shown(&mut chat);
    assert!(lines.contains(&"out dev".into()), "{lines:?}");
    assert!(
        chat.notices.contains(&"* You are not in dev.".into()),
        "{:?}",
        chat.notices
    );
}

/// The most rooms besides the lobby.
const MOST: usize = 32;

/// Names as long as may be.
fn long_name(number: usize) -> String {
    format!("room{number:028}")
}

#[test]
fn one_is_in_so_many_rooms_and_in_no_more() {
    let mut chat = joined();
    for number in 0..MOST {
        type_in(&mut chat, "lobby", &format!("/join {}", long_name(number)));
    }
    let ins = |chat: &mut Chat| {
        shown(chat)
            .iter()
            .filter(|it| it.starts_with("in "))
            .count()
    };
    assert_eq!(ins(&mut chat), MOST);
    type_in(&mut chat, "lobby", "/join another");
    assert_eq!(shown(&mut chat), ["out another"]);
    let told = chat.notices.pop().unwrap();
    assert!(told.contains("32 rooms besides the lobby"), "{told}");
    chat.cut();
    chat.wait(SOON);
    assert_eq!(ins(&mut chat), MOST, "all of them are resumed");
    assert_eq!(chat.notices.last().unwrap(), "* Back.");
}

#[test]
fn of_rooms_that_are_remembered_those_count_that_one_can_be_in() {
    let names = ["dev", "DEV", "a b", "lobby", "tea"].map(String::from);
    let rooms = names.into_iter().chain((0..MOST).map(long_name));
    let rooms: Vec<String> = rooms.collect();
    let epoch = "f".repeat(32);
    let place = |room: &String| Place {
        room: room.clone(),
        epoch: epoch.clone(),
        after: Some(u64::MAX),
    };
    let memory = Memory {
        name: Some("n".repeat(32)),
        session: Some(Secret("5".repeat(32))),
        epoch: Some(epoch.clone()),
        after: Some(u64::MAX),
        places: rooms.iter().map(place).collect(),
        rooms: rooms.into_iter().collect(),
        ..Memory::default()
    };
    let setup = Setup { memory, ..again() };
    let mut client = JsonClient::new(Timestamp::ZERO, setup);
    client.handle(Timestamp::ZERO, ClientInput::Connected);
    let hello = String::from_utf8(client.unsent().into()).unwrap();
    assert!(
        hello.contains("\"dev\"") && hello.contains("\"tea\""),
        "{hello}"
    );
    assert_eq!(hello.matches("\":{").count(), 1 + MOST, "{hello}");
    assert!(hello.len() <= MAX_LINE, "{}", hello.len());
}
