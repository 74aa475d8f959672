//! A lost connection: nothing is missed, nothing is said twice, and the person knows.

use super::chat::{Chat, SOON};
use chat_core::json_client_phase::Phase;
use chat_core::{Client, ClientInput, Command, Limits, Outcome, Setup};
use std::time::Duration;

#[test]
fn it_comes_back_where_it_was_and_nobody_notices() {
    let mut chat = Chat::joined(Setup::default());
    chat.other_says("bob", "one");
    chat.cut();
    assert_eq!(
        chat.notices,
        ["* Offline: the connection was lost: cut. Trying again."]
    );
    chat.other_says("bea", "two");
    chat.type_line("typed meanwhile");
    chat.sent.clear();
    chat.wait(SOON);
    assert_eq!(chat.notices[1..], ["* Back."]);
    assert!(
        chat.sent
            .starts_with("JOIN {\"version\":1,\"name\":\"ann\",\"session\":\""),
        "{}",
        chat.sent
    );
    assert!(chat.sent.contains("\"after\":3,\"epoch\":\"0000"));
    assert_eq!(chat.sent.matches("typed meanwhile").count(), 1);
    assert_eq!(
        chat.screen,
        [
            "bob has joined the chat",
            "bob: one",
            "bea has joined the chat",
            "bea: two"
        ]
    );
    chat.screen.clear();
    chat.type_line("/history");
    let said = |chat: &Chat| {
        chat.screen
            .iter()
            .filter(|line| line.contains("meanwhile"))
            .count()
    };
    assert_eq!(said(&chat), 1);
    assert!(!chat.screen.iter().any(|line| line.contains("ann has left")));
}

#[test]
fn after_the_grace_time_it_joins_again_and_misses_nothing() {
    let mut chat = Chat::joined(Setup::default());
    chat.cut();
    chat.is_stuck = true;
    chat.wait(Limits::default().grace);
    chat.other_says("bob", "one");
    chat.is_stuck = false;
    chat.wait(Duration::from_secs(40));
    assert_eq!(
        chat.notices[1..],
        ["* Back, as ann: the others have seen you leave and join."]
    );
    assert_eq!(
        chat.screen,
        [
            "ann has left the chat",
            "bob has joined the chat",
            "bob: one",
            "ann has joined the chat"
        ]
    );
}

#[test]
fn it_tries_again_for_ever_and_less_and_less_often() {
    let mut chat = Chat::joined(Setup::default());
    chat.kill();
    let mut before = chat.connects;
    for (wait, tries) in [(10, 4..=40), (100, 4..=40), (3600, 120..=360)] {
        chat.wait(Duration::from_secs(wait));
        let since = chat.connects - before;
        assert!(tries.contains(&since), "{since} in {wait} s");
        before = chat.connects;
    }
    assert_eq!(chat.notices.len(), 1, "it is said once");
    assert_eq!(chat.outcome, None);
}

#[test]
fn what_is_typed_without_a_connection_is_bounded() {
    for short in [0, 1] {
        let mut chat = Chat::joined(Setup::default());
        chat.type_line("what is accepted takes no room");
        chat.kill();
        for number in 2..=17 {
            let id = format!("{:016x}-{number}", 0);
            let less = if number == 17 { short } else { 0 };
            chat.type_line(&"x".repeat(64 * 1024 / 16 - id.len() - less));
        }
        assert_eq!(chat.client.wants_input(), short > 0);
        chat.command(Command::Interrupt);
        assert_eq!(chat.outcome, Some(Outcome::Interrupted));
    }
}

#[test]
fn it_says_when_something_is_missing() {
    let mut chat = Chat::with(
        Limits {
            behind: 200,
            transcript: 200,
            ..Limits::default()
        },
        Setup::default(),
    );
    chat.type_line("JOIN ann");
    chat.screen.clear();
    chat.cut();
    for n in 0..20 {
        chat.other_says(
            &format!("u{n}"),
            "a line of some length, so that the log is full",
        );
    }
    chat.wait(SOON);
    let gap = &chat.notices[2];
    assert!(
        gap.starts_with("* Gap: ")
            && gap.ends_with(" entries are missing here; the server does not have them any more."),
        "{gap}"
    );
    let missing: usize = gap.split(' ').nth(2).unwrap().parse().unwrap();
    assert_eq!(missing + chat.screen.len(), 40);
}

#[test]
fn a_server_that_has_forgotten_everything_is_another_log() {
    let mut chat = Chat::joined(Setup::default());
    chat.other_says("bob", "old");
    chat.kill();
    chat.start_another();
    chat.other_says("bea", "new");
    chat.screen.clear();
    chat.type_line("typed meanwhile");
    chat.wait(SOON);
    assert_eq!(
        chat.notices[1..],
        [
            "* Back, as ann: the others have seen you leave and join.",
            "* Gap: the server has another log now; what it has of it follows."
        ]
    );
    assert_eq!(
        chat.screen,
        [
            "bea has joined the chat",
            "bea: new",
            "ann has joined the chat"
        ]
    );
    assert!(chat.client.memory().outbox.is_empty(), "it was said anew");
}

#[test]
fn a_connection_that_is_silent_is_asked_and_given_up() {
    let mut chat = Chat::joined(Setup::default());
    chat.wait(Duration::from_millis(4_999));
    assert_eq!(chat.sent, "");
    chat.wait(Duration::from_millis(1));
    assert_eq!(chat.sent, "{\"type\":\"ping\"}\n");
    chat.is_stuck = true;
    chat.wait(Duration::from_millis(8_999));
    assert_eq!(chat.notices, [""; 0]);
    chat.wait(Duration::from_millis(1));
    assert_eq!(
        chat.notices,
        ["* Offline: the server does not answer. Trying again."]
    );
    chat.is_stuck = false;
    chat.wait(Duration::from_secs(11));
    assert_eq!(chat.client.phase(), Phase::Talking);
}

#[test]
fn each_part_of_connecting_again_has_a_limit() {
    let mut chat = Chat::joined(Setup::default());
    chat.is_stuck = true;
    chat.cut();
    chat.wait(SOON);
    assert_eq!((chat.client.phase(), chat.connects), (Phase::Connecting, 2));
    chat.wait(Duration::from_secs(11));
    assert_eq!(chat.connects, 3);
    chat.client.handle(chat.now, ClientInput::Connected);
    assert_eq!(chat.client.phase(), Phase::Joining);
    chat.wait(Duration::from_secs(12));
    assert_eq!(chat.connects, 4);
}

#[test]
fn a_server_that_says_something_else_is_left() {
    for line in ["no object", "{", &"x".repeat(20_000)] {
        let mut chat = Chat::joined(Setup::default());
        chat.forge(line);
        assert_eq!(chat.notices.len(), 1, "{:?}", chat.notices);
        assert!(
            chat.notices[0].starts_with("* Offline: the server sent"),
            "{:?}",
            chat.notices
        );
        chat.wait(SOON);
        assert_eq!(chat.notices[1..], ["* Back."]);
    }
    let mut chat = Chat::joined(Setup::default());
    chat.forge("{\"type\":\"pong\",\"head\":9}");
    assert_eq!(
        chat.notices,
        ["* Offline: the server did not send everything. Trying again."]
    );
}

#[test]
fn lines_of_a_stay_that_began_by_silence_are_not_shown() {
    let mut chat = Chat::joined(Setup::default());
    chat.cut();
    chat.is_stuck = true;
    chat.wait(SOON);
    chat.client.handle(chat.now, ClientInput::Connected);
    chat.forge("Welcome to the chatroom!");
    chat.forge("bob: I am sent again behind the welcome");
    assert_eq!(chat.screen, [""; 0]);
}

#[test]
fn what_was_shown_is_not_shown_again_and_what_is_missing_is_said() {
    let mut chat = Chat::joined(Setup::default());
    let entry = |seq: u64| {
        format!(
            r#"{{"type":"entry","room":"lobby","epoch":"e","seq":{seq},"at":0,"kind":"left","name":"u{seq}"}}"#
        )
    };
    for seq in [2, 2, 1, 3, 5] {
        chat.forge(&entry(seq));
    }
    assert_eq!(
        chat.screen,
        [
            "u2 has left the chat",
            "u3 has left the chat",
            "u5 has left the chat"
        ]
    );
    assert_eq!(
        chat.notices,
        ["* Gap: 1 entry is missing here; the server does not have it any more."]
    );
}

#[test]
fn what_is_missing_in_a_page_does_not_move_it() {
    let mut chat = Chat::joined(Setup::default());
    chat.forge(r#"{"type":"missing","after":3,"next":5}"#);
    chat.other_says("bob", "hi");
    let shown = [
        "* (1 entry cannot be read any more)",
        "bob has joined the chat",
        "bob: hi",
    ];
    assert_eq!(chat.screen, shown);
    assert_eq!(chat.notices, [""; 0]);
}

#[test]
fn only_what_it_says_itself_and_was_not_told_of_is_not_shown() {
    let mut chat = Chat::joined(Setup::default());
    chat.is_stuck = true;
    chat.type_line("mine");
    let own = chat.client.memory().outbox[0].id.clone();
    for (seq, id, text) in [
        (2, &*own, "other"),
        (3, "other", "mine"),
        (4, &*own, "mine"),
    ] {
        chat.forge(&format!(
            r#"{{"type":"entry","room":"lobby","epoch":"e","seq":{seq},"at":0,"kind":"said","name":"u","text":"{text}","id":"{id}"}}"#
        ));
    }
    assert_eq!(chat.screen, ["u: other", "u: mine"]);
}

#[test]
fn a_server_that_stops_is_waited_for_as_long_as_it_says() {
    let mut chat = Chat::joined(Setup::default());
    let stopped = chat.now;
    chat.server
        .as_mut()
        .unwrap()
        .handle(stopped, chat_core::Input::Stop);
    chat.run();
    assert_eq!(chat.screen, ["* Goodbye: the server is shutting down."]);
    assert_eq!(
        chat.notices,
        ["* Offline: the server closed the connection. Trying again."]
    );
    chat.kill();
    chat.wait(Duration::from_millis(999));
    assert_eq!(chat.connects, 1);
    chat.wait(Duration::from_millis(501));
    assert_eq!(chat.connects, 2);
}

#[test]
fn a_server_that_asks_for_too_much_time_is_tried_all_the_same() {
    let mut chat = Chat::joined(Setup::default());
    chat.forge(&format!(
        r#"{{"type":"bye","code":"shutting_down","text":"","retry_after_ms":{}}}"#,
        u64::MAX
    ));
    chat.cut();
    chat.wait(Duration::from_millis(299_999));
    assert_eq!(chat.connects, 1);
    chat.wait(SOON);
    assert_eq!(chat.connects, 2);
}

#[test]
fn a_server_that_welcomes_and_closes_is_not_hammered() {
    let mut chat = Chat::joined(Setup::default());
    let end = chat.now + Duration::from_secs(600);
    while chat.now < end {
        if chat.client.phase() == Phase::Talking {
            chat.cut();
        }
        chat.wait(Duration::from_millis(100));
    }
    assert!((15..70).contains(&chat.connects), "{}", chat.connects);
}

#[test]
fn who_is_sent_away_does_not_come_back() {
    let mut chat = Chat::joined(Setup::default());
    let token = chat.client.memory().session.clone().unwrap().0;
    let (now, server) = (chat.now, chat.server.as_mut().unwrap());
    let other = server.accept(now, 9).unwrap();
    let hello = format!("JOIN {{\"session\":\"{token}\"}}\n");
    server.handle(now, chat_core::Input::Received(other, hello.as_bytes()));
    chat.run();
    assert_eq!(
        chat.screen,
        ["* Goodbye: this session has a newer connection."]
    );
    assert_eq!(chat.notices, ["* The server closed the connection."]);
    assert_eq!(chat.outcome, Some(Outcome::Lost));
}

/// Wherever the connection is cut, in either direction, everything is said once and shown once.
#[test]
fn at_every_byte_of_a_conversation_a_cut_changes_nothing() {
    let play = |up, down| {
        let mut chat = Chat::new(Setup::default());
        chat.type_line("JOIN ann");
        (chat.up, chat.down) = (up, down);
        chat.type_line("one");
        chat.other_says("bob", "two");
        chat.type_line("three");
        chat.other_says("bea", "four");
        chat.wait(Duration::from_secs(2));
        assert_eq!(
            chat.screen[2..],
            [
                "bob has joined the chat",
                "bob: two",
                "bea has joined the chat",
                "bea: four"
            ],
            "{up} {down}"
        );
        assert!(chat.client.memory().outbox.is_empty(), "{up} {down}");
        (chat.up, chat.down) = (usize::MAX, usize::MAX);
        chat.screen.clear();
        chat.type_line("/history");
        let said = |text: &str| {
            chat.screen
                .iter()
                .filter(|line| line.ends_with(text))
                .count()
        };
        assert_eq!(
            ["one", "two", "three", "four"].map(said),
            [1; 4],
            "{up} {down}"
        );
        chat.connects
    };
    let cuts = (1..400).filter(|up| play(*up, usize::MAX) == 2).count();
    assert!((100..200).contains(&cuts), "{cuts}");
    let cuts = (1..2000)
        .filter(|down| play(usize::MAX, *down) == 2)
        .count();
    assert!((800..1500).contains(&cuts), "{cuts}");
}

#[test]
fn a_server_that_never_ends_its_line_is_given_up() {
    let mut chat = Chat::joined(Setup::default());
    chat.is_stuck = true;
    for _ in 0..41 {
        chat.client.handle(chat.now, ClientInput::Received(b"x"));
        chat.wait(Duration::from_secs(1));
    }
    let told = ["* Offline: the server does not answer. Trying again."];
    assert_eq!(chat.notices, told);
}

#[test]
fn a_full_room_is_said_once_and_left_alone_for_a_while() {
    let mut chat = Chat::with(
        Limits {
            connections: 1,
            ..Limits::default()
        },
        Setup::default(),
    );
    chat.type_line("JOIN ann");
    chat.cut();
    chat.other_says("bob", "in your place");
    chat.screen.clear();
    chat.wait(Duration::from_secs(60));
    assert_eq!(chat.screen, [""; 0]);
    assert_eq!(chat.notices.len(), 1);
    assert!((4..=12).contains(&chat.connects), "{}", chat.connects);
}

#[test]
fn a_gap_that_makes_no_sense_does_no_harm() {
    for gap in [
        r#"{"type":"gap","after":18446744073709551615,"next":3}"#,
        r#"{"type":"gap","after":0,"next":0}"#,
        r#"{"type":"gap","after":0,"next":18446744073709551615}"#,
    ] {
        let mut chat = Chat::joined(Setup::default());
        chat.forge(gap);
        chat.forge(r#"{"type":"entry","room":"lobby","epoch":"e","seq":0,"at":0,"kind":"left","name":"u"}"#);
        assert_eq!(chat.notices.len(), 1);
    }
}
