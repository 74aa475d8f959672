//! Many rooms: the person is in one at a time, and nothing is said in another one than it was typed for.

use super::chat::{Chat, SOON, again, keeps};
use chat_core::{Client, ClientInput, Limits, Memory, Setup};
use std::time::Duration;

/// What was shown since the last time.
fn shown(chat: &mut Chat) -> Vec<String> {
    std::mem::take(&mut chat.screen)
}

/// Of the lines of a room's history, as whoever comes later reads them, those with this in them.
fn said_in(room: &str, text: &str, chat: &mut Chat) -> usize {
    shown(chat);
    chat.type_line(&format!("/join {room}"));
    shown(chat);
    chat.type_line("/history 100");
    let lines = shown(chat);
    lines.iter().filter(|line| line.contains(text)).count()
}

#[test]
fn who_goes_to_another_room_is_there_alone_and_hears_nothing_of_the_old_one() {
    let mut chat = Chat::joined(Setup::default());
    chat.other_says("bob", "/join dev\n/topic about code");
    chat.other_says("cy", "in the lobby");
    shown(&mut chat);
    chat.type_line("/join #Dev");
    assert_eq!(
        shown(&mut chat),
        [
            "* You are in dev now; 1 other is here.",
            "* The topic, set by bob: about code"
        ]
    );
    chat.other_says("dan", "still in the lobby");
    assert_eq!(shown(&mut chat), [""; 0]);
    chat.other_says("eve", "/join dev\nhello");
    assert_eq!(shown(&mut chat), ["eve has joined the chat", "eve: hello"]);
    chat.sent.clear();
    chat.type_line("hi");
    assert!(
        chat.sent.contains("\"room\":\"dev\",\"text\":\"hi\""),
        "{}",
        chat.sent
    );
    for (typed, answer) in [
        ("/who", "* In the room (3): ann, bob, eve"),
        ("/topic", "* The topic, set by bob: about code"),
        ("/history 1", "* ann: hi"),
        ("/me waves", "** ann waves"),
        ("/who tea", "* Nobody is in tea."),
        ("/who lobby", "* In the room (2): cy, dan"),
        ("/rooms", "* Rooms: dev (3), lobby (2)"),
        ("/topic more", "ann has set the topic: more"),
    ] {
        chat.type_line(typed);
        assert_eq!(shown(&mut chat), [answer], "{typed}");
    }
}

#[test]
fn who_comes_back_to_a_room_is_shown_what_was_said_meanwhile() {
    let mut chat = Chat::joined(Setup::default());
    chat.type_line("mine");
    chat.type_line("/join dev");
    assert_eq!(
        shown(&mut chat),
        ["* You are in dev now; nobody else is here."]
    );
    chat.type_line("alone");
    chat.other_says("bob", "anybody?");
    assert_eq!(shown(&mut chat), [""; 0]);
    chat.type_line("/join lobby");
    assert_eq!(
        shown(&mut chat),
        [
            "* You are in lobby now; 1 other is here.",
            "bob has joined the chat",
            "bob: anybody?"
        ]
    );
    assert_eq!(chat.notices, [""; 0]);
    chat.other_says("cy", "here");
    assert_eq!(shown(&mut chat), ["cy has joined the chat", "cy: here"]);
}

#[test]
fn what_is_typed_on_the_way_is_for_the_room_that_was_asked_for() {
    let mut chat = Chat::joined(Setup::default());
    chat.other_says("bob", "hello");
    let lines = "for the lobby\n/join dev\nfor dev\n/join tea\nfor tea";
    // All of it comes before any answer.
    chat.is_stuck = true;
    for line in lines.lines() {
        chat.type_line(line);
    }
    chat.is_stuck = false;
    chat.run();
    assert!(chat.client.memory().outbox.is_empty());
    assert_eq!(
        shown(&mut chat).last().unwrap(),
        "* You are in tea now; nobody else is here."
    );
    chat.type_line("/rooms");
    assert_eq!(shown(&mut chat), ["* Rooms: lobby (1), tea (1)"]);
    chat.type_line("/history");
    let lines = shown(&mut chat);
    assert_eq!(lines.last().unwrap(), "* ann: for tea");
    assert!(!lines.iter().any(|line| line.contains("for dev")));
    assert_eq!(said_in("lobby", "ann: for the lobby", &mut chat), 1);
}

#[test]
fn a_name_that_no_room_has_leads_nowhere() {
    let mut chat = Chat::joined(Setup::default());
    chat.type_line("/join dev");
    shown(&mut chat);
    chat.sent.clear();
    for (typed, answer) in [
        ("/join DEV", "* You are in dev already."),
        (
            "/join a/b",
            "* \"a/b\" is no room: a room's name has 1 to 32 letters a to z, digits, dashes, underscores and dots. You are still in dev.",
        ),
    ] {
        chat.type_line(typed);
        assert_eq!(shown(&mut chat), [answer]);
    }
    assert_eq!(chat.sent, "");
}

#[test]
fn who_is_not_let_in_stays_and_what_they_typed_is_said_nowhere() {
    let limits = Limits {
        rooms: 2,
        ..Limits::default()
    };
    let mut chat = Chat::with(limits, Setup::default());
    chat.type_line("JOIN ann");
    chat.other_says("bob", "/join dev");
    shown(&mut chat);
    chat.is_stuck = true;
    chat.type_line("/join tea");
    chat.type_line("for tea");
    chat.is_stuck = false;
    chat.run();
    assert_eq!(
        shown(&mut chat),
        [
            "* Not done: there are as many rooms as there may be. /rooms lists those with people in them.",
            "* Not said: \"for tea\": you are not in tea."
        ]
    );
    assert!(chat.client.memory().outbox.is_empty());
    chat.type_line("for the lobby");
    chat.type_line("/history 1");
    assert_eq!(shown(&mut chat), ["* ann: for the lobby"]);
}

#[test]
fn it_comes_back_to_the_same_room_where_it_was() {
    let mut chat = Chat::joined(Setup::default());
    chat.type_line("/join dev");
    chat.other_says("bob", "/join dev\none");
    shown(&mut chat);
    chat.cut();
    chat.type_line("typed meanwhile");
    chat.other_says("cy", "in the lobby");
    chat.other_says("dan", "/join dev\ntwo");
    chat.sent.clear();
    chat.wait(SOON);
    assert_eq!(
        chat.notices,
        [
            "* Offline: the connection was lost: cut. Trying again.",
            "* Back."
        ]
    );
    assert_eq!(shown(&mut chat), ["dan has joined the chat", "dan: two"]);
    assert!(
        chat.sent.contains("\"rooms\":{\"dev\":{\"after\":3,"),
        "{}",
        chat.sent
    );
    assert!(chat.client.memory().outbox.is_empty());
    assert_eq!(said_in("lobby", "typed meanwhile", &mut chat), 0);
    assert_eq!(said_in("dev", "typed meanwhile", &mut chat), 1);
}

#[test]
fn who_is_offline_goes_to_another_room_as_soon_as_there_is_a_connection() {
    let mut chat = Chat::joined(Setup::default());
    chat.other_says("bob", "hello");
    shown(&mut chat);
    chat.cut();
    for line in [
        "for the lobby",
        "/join dev",
        "for dev",
        "/join tea",
        "for tea",
    ] {
        chat.type_line(line);
    }
    assert_eq!(
        chat.notices[1..],
        [
            "* You will be in dev when there is a connection again.",
            "* You will be in tea when there is a connection again."
        ]
    );
    chat.wait(SOON);
    assert_eq!(
        shown(&mut chat),
        ["* You are in tea now; nobody else is here."]
    );
    assert!(chat.client.memory().outbox.is_empty());
    chat.type_line("/rooms");
    assert_eq!(shown(&mut chat), ["* Rooms: lobby (1), tea (1)"]);
    assert_eq!(said_in("tea", "ann: for tea", &mut chat), 1);
    assert_eq!(said_in("lobby", "ann: for the lobby", &mut chat), 1);
}

#[test]
fn wherever_a_move_is_cut_what_was_typed_is_said_once_and_in_its_room() {
    // However many bytes of the way there, and of the way back, come to be.
    let lines = ["for the lobby", "/join dev", "for dev"];
    let mut met = 0;
    for (up, down) in (1..400).flat_map(|n| [(n, usize::MAX), (usize::MAX, n)]) {
        let mut chat = Chat::joined(keeps());
        chat.other_says("bob", "hello\n/join dev");
        chat.other_says("cy", "hello");
        (chat.up, chat.down) = (up, down);
        for line in lines {
            chat.type_line(line);
        }
        met += usize::from(chat.connects > 1 || !chat.notices.is_empty());
        (chat.up, chat.down) = (usize::MAX, usize::MAX);
        chat.wait(Duration::from_secs(5));
        let context = format!("{up} {down}: {:?} {:?}", chat.screen, chat.notices);
        assert!(chat.client.memory().outbox.is_empty(), "{context}");
        let is_there = "* You are in dev now; 1 other is here.";
        let told = chat.screen.iter().filter(|line| *line == is_there);
        assert_eq!(told.count(), 1, "{context}");
        chat.type_line("/rooms");
        let rooms = shown(&mut chat).pop().unwrap();
        assert_eq!(rooms, "* Rooms: dev (2), lobby (1)", "{context}");
        let gap = chat.notices.iter().any(|line| line.contains("Gap"));
        assert!(!gap, "{context}");
        assert_eq!(said_in("dev", "ann: for dev", &mut chat), 1, "{context}");
        assert_eq!(said_in("lobby", "ann: for dev", &mut chat), 0, "{context}");
        assert_eq!(
            said_in("lobby", "ann: for the lobby", &mut chat),
            1,
            "{context}"
        );
    }
    assert!(met > 500, "{met}");
}

#[test]
fn who_goes_back_before_they_are_welcome_again_is_shown_what_they_missed() {
    // Wherever the way to the other room is cut.
    let mut met = 0;
    for (from, to) in [("lobby", "dev"), ("dev", "lobby")] {
        for up in 1..300 {
            let mut chat = Chat::joined(Setup::default());
            chat.type_line("/join dev");
            if from == "lobby" {
                chat.type_line("/join lobby");
            }
            chat.up = up;
            chat.type_line(&format!("/join {to}"));
            if chat.notices.is_empty() {
                continue;
            }
            met += 1;
            chat.other_says("bob", &format!("/join {from}\nmissed"));
            chat.connect_and_be_stuck();
            chat.type_line(&format!("/join {from}"));
            chat.is_stuck = false;
            chat.run();
            chat.other_says("cy", &format!("/join {from}\nhere"));
            let context = format!("{up}: {:?} {:?}", chat.screen, chat.notices);
            let gap = chat.notices.iter().any(|line| line.contains("Gap"));
            assert!(!gap, "{context}");
            for line in ["bob: missed", "cy: here"] {
                let times = chat.screen.iter().filter(|it| *it == line).count();
                assert_eq!(times, 1, "{line} at {context}");
            }
        }
    }
    assert!(met > 100, "{met}");
}

#[test]
fn another_run_goes_on_in_the_same_room() {
    let mut chat = Chat::joined(keeps());
    chat.type_line("/join dev");
    chat.other_says("bob", "/join dev\nseen");
    chat.wait(Duration::from_secs(1));
    chat.cut();
    chat.type_line("typed offline");
    chat.other_says("cy", "/join dev\nmissed");
    chat.restart_client(&again());
    shown(&mut chat);
    chat.type_line("JOIN");
    assert_eq!(
        shown(&mut chat),
        [
            "Welcome to the chatroom!",
            "* You are in dev now; 2 others are here.",
            "cy has joined the chat",
            "cy: missed"
        ]
    );
    assert!(chat.client.memory().outbox.is_empty());
    assert_eq!(said_in("dev", "typed offline", &mut chat), 1);
    // The room is kept, and a position for the lobby besides.
    let kept = chat.client.memory();
    assert_eq!(kept.room.as_deref(), Some("dev"));
    let text = serde_json::to_string(kept).unwrap();
    assert_eq!(serde_json::from_str::<Memory>(&text).unwrap(), *kept);
}

#[test]
fn what_was_kept_before_there_were_rooms_is_of_the_lobby() {
    let old = r#"{"name":"ann","epoch":"0","after":7,"outbox":[{"id":"1-1","text":"left"}]}"#;
    let memory: Memory = serde_json::from_str(old).unwrap();
    assert_eq!((memory.room.as_deref(), memory.after), (None, Some(7)));
    assert_eq!(memory.outbox[0].room, None);
    // Whoever stays in the lobby keeps what they kept before.
    assert_eq!(serde_json::to_string(&memory).unwrap(), old);
}

#[test]
fn who_was_given_up_meanwhile_is_back_in_the_room_and_not_in_the_lobby() {
    let mut chat = Chat::joined(Setup::default());
    chat.type_line("/join dev");
    chat.other_says("bob", "/join dev\none");
    shown(&mut chat);
    chat.cut();
    chat.is_stuck = true;
    chat.wait(Limits::default().grace);
    chat.other_says("cy", "in the lobby");
    chat.is_stuck = false;
    chat.wait(Duration::from_secs(40));
    assert_eq!(
        chat.notices[1..],
        ["* Back, as ann: the others have seen you leave and join."]
    );
    assert_eq!(
        shown(&mut chat),
        ["ann has left the chat", "ann has joined the chat"]
    );
    chat.type_line("/rooms");
    assert_eq!(shown(&mut chat), ["* Rooms: dev (2), lobby (1)"]);
}

#[test]
fn who_finds_no_place_in_their_room_any_more_is_in_the_lobby_and_misses_nothing_there() {
    finds_no_place("");
}

#[test]
fn who_finds_no_place_in_their_room_nor_in_the_one_they_asked_for_meanwhile_is_in_the_lobby() {
    finds_no_place("/join away");
}

/// Somebody whose room is gone, with no place for it any more, and who types this while there is no connection.
fn finds_no_place(typed: &str) {
    let limits = Limits {
        rooms: 2,
        ..Limits::default()
    };
    let mut chat = Chat::with(limits, Setup::default());
    chat.type_line("JOIN ann");
    chat.type_line("/join dev");
    shown(&mut chat);
    chat.kill();
    for line in typed.lines() {
        chat.type_line(line);
    }
    chat.start_another();
    chat.other_says("bob", "/join tea");
    chat.other_says("cy", "in the lobby");
    chat.wait(Duration::from_secs(40));
    let lines = shown(&mut chat);
    let refused = "* Not done: there are as many rooms as there may be. /rooms lists those with people in them.";
    assert!(lines.iter().any(|line| line == refused), "{lines:?}");
    let told = "* You are in lobby now; 1 other is here.";
    assert!(lines.iter().any(|line| line == told), "{lines:?}");
    assert!(
        lines.iter().any(|line| line == "cy: in the lobby"),
        "{lines:?}"
    );
    assert!(!chat.notices.iter().any(|line| line.contains("Gap")));
    chat.type_line("hi");
    assert_eq!(said_in("lobby", "ann: hi", &mut chat), 1);
}

/// Welcome again, in the lobby alone: somebody who was in `dev`, and asks for `tea` before they are told that they are not let in
/// where they were.
fn welcome_without_a_place() -> Chat {
    let mut chat = Chat::joined(Setup::default());
    chat.type_line("/join dev");
    chat.kill();
    chat.is_stuck = true;
    chat.wait(SOON);
    chat.client.handle(chat.now, ClientInput::Connected);
    chat.forge(
        r#"{"type":"welcome","version":1,"room":"lobby","name":"ann","session":"0","epoch":"7","head":1,"resumed":false,"grace_ms":1,"here":1}"#,
    );
    chat.type_line("/join tea");
    shown(&mut chat);
    chat.forge(r#"{"type":"error","code":"too_many_rooms","text":"No dev.","id":"join dev"}"#);
    assert_eq!(shown(&mut chat), ["* No dev."]);
    chat
}

#[test]
fn who_is_not_let_in_where_they_were_misses_nothing_where_they_go() {
    let mut chat = welcome_without_a_place();
    let connects = chat.connects;
    chat.forge(r#"{"type":"in","room":"tea","epoch":"7","head":2,"here":2,"id":"join tea"}"#);
    chat.forge(
        r#"{"type":"entry","room":"tea","epoch":"7","seq":3,"at":0,"kind":"said","name":"bob","text":"hi"}"#,
    );
    assert_eq!(
        shown(&mut chat),
        ["* You are in tea now; 1 other is here.", "bob: hi"]
    );
    assert_eq!(chat.connects, connects);
}

#[test]
fn who_is_let_in_nowhere_connects_again_when_all_is_answered() {
    let mut chat = welcome_without_a_place();
    let connects = chat.connects;
    chat.forge(r#"{"type":"error","code":"too_many_rooms","text":"No tea.","id":"join tea"}"#);
    assert_eq!(shown(&mut chat), ["* No tea."]);
    assert_eq!(chat.connects, connects + 1);
    assert_eq!(chat.client.memory().room, None);
}

#[test]
fn a_room_is_not_asked_for_again_before_that_is_answered() {
    let mut chat = Chat::joined(Setup::default());
    chat.is_stuck = true;
    for room in ["dev", "lobby", "dev", "tea", "dev"] {
        chat.type_line(&format!("/join {room}"));
    }
    chat.is_stuck = false;
    chat.run();
    for room in ["dev", "tea"] {
        let asked = format!("\"id\":\"join {room}\"");
        assert_eq!(chat.sent.matches(&asked).count(), 1, "{}", chat.sent);
    }
    chat.type_line("/rooms");
    let told = [
        "* You are in dev now; nobody else is here.",
        "* Rooms: dev (1), lobby (0)",
    ];
    assert_eq!(shown(&mut chat)[1..], told);
}

#[test]
fn a_server_that_has_forgotten_everything_is_told_the_room() {
    let mut chat = Chat::joined(Setup::default());
    chat.type_line("/join dev");
    shown(&mut chat);
    chat.kill();
    chat.start_another();
    chat.other_says("bea", "/join dev\nnew");
    chat.type_line("typed meanwhile");
    chat.wait(SOON);
    assert_eq!(
        shown(&mut chat),
        [
            "bea has joined the chat",
            "bea: new",
            "ann has joined the chat"
        ]
    );
    assert_eq!(said_in("lobby", "typed meanwhile", &mut chat), 0);
    assert_eq!(said_in("dev", "typed meanwhile", &mut chat), 1);
}

#[test]
fn who_only_reads_is_seen_once_they_go_to_a_room() {
    let mut chat = Chat::joined(Setup {
        reads: true,
        ..Setup::default()
    });
    chat.other_says("bob", "/join dev");
    shown(&mut chat);
    chat.type_line("/join dev");
    chat.type_line("hi");
    assert_eq!(shown(&mut chat), ["* You are in dev now; 1 other is here."]);
    assert_eq!(said_in("dev", "ann: hi", &mut chat), 1);
}

#[test]
fn who_reads_objects_is_shown_the_room_and_its_entries_alone() {
    let mut chat = Chat::new(Setup {
        raw: true,
        joins: true,
        ..Setup::default()
    });
    chat.type_line("/join dev");
    chat.other_says("bob", "in the lobby\n/join dev\nin dev");
    let lines = shown(&mut chat);
    let types: Vec<_> = lines
        .iter()
        .map(|line| {
            let object: serde_json::Value = serde_json::from_str(line).unwrap();
            let member = |name| object[name].as_str().unwrap_or_default().to_owned();
            format!("{} {}", member("type"), member("room"))
        })
        .collect();
    assert_eq!(types, ["in dev", "out lobby", "entry dev", "entry dev"]);
    chat.cut();
    chat.wait(SOON);
    let lines = shown(&mut chat);
    assert!(
        lines.iter().all(|line| !line.contains("error")),
        "{lines:?}"
    );
}

#[test]
fn no_more_rooms_are_asked_for_than_are_answered() {
    let mut chat = Chat::joined(Setup::default());
    chat.is_stuck = true;
    for number in 1..=16 {
        assert!(chat.client.wants_input());
        chat.type_line(&format!("/join room{number}"));
    }
    assert!(!chat.client.wants_input());
    chat.is_stuck = false;
    chat.run();
    assert!(chat.client.wants_input());
    chat.type_line("/rooms");
    assert_eq!(
        shown(&mut chat).last().unwrap(),
        "* Rooms: lobby (0), room16 (1)"
    );
}
