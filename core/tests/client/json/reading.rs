//! A client that only looks: it is in the room from the first line on that there is to say.

use super::chat::Chat;
use chat_core::{
    Client, ClientInput, Command, JsonClient, Line, Memory, Outcome, Setup, Timestamp, Unaccepted,
};
use std::time::Duration;

fn reads(history: u64) -> Setup {
    Setup {
        reads: true,
        history,
        ..Setup::default()
    }
}

fn population(chat: &Chat) -> usize {
    chat.server.as_ref().unwrap().population()
}

/// What the room's screen shows.
fn transcript(chat: &mut Chat) -> String {
    let mut shown = Vec::new();
    chat.server
        .as_mut()
        .unwrap()
        .transcript(|lines| shown.extend_from_slice(lines));
    String::from_utf8(shown).unwrap()
}

#[test]
fn who_only_looks_leaves_no_traces() {
    for history in [0, 3] {
        let mut chat = Chat::new(reads(history));
        chat.other_says("bea", "before");
        transcript(&mut chat);
        chat.screen.clear();
        chat.type_line("JOIN ann");
        chat.other_says("cid", "now");
        chat.type_line("/who");
        let before = ["bea has joined the chat", "bea: before"];
        let shown = [
            &["Welcome to the chatroom!"],
            &before[..if history == 0 { 0 } else { 2 }],
            &[
                "cid has joined the chat",
                "cid: now",
                "* In the room (2): bea, cid",
            ],
        ];
        assert_eq!(chat.screen, shown.concat());
        assert_eq!(population(&chat), 2);
        chat.command(Command::EndOfInput);
        assert_eq!(chat.outcome, Some(Outcome::Left));
        assert_eq!((chat.connects, &chat.notices[..]), (1, &[][..]));
        assert_eq!(transcript(&mut chat), "cid has joined the chat\ncid: now\n");
    }
}

#[test]
fn the_first_line_to_say_joins_and_nothing_is_missed_or_shown_twice() {
    let mut chat = Chat::new(reads(2));
    chat.other_says("bea", "before");
    chat.screen.clear();
    chat.type_line("JOIN ann");
    assert_eq!(population(&chat), 1);
    // Nothing of this is said.
    for line in ["", "/help", "/history 1", "/frobnicate"] {
        chat.type_line(line);
    }
    assert_eq!((population(&chat), chat.connects), (1, 1));
    transcript(&mut chat);
    chat.screen.clear();
    chat.type_line("hello");
    chat.type_line("and more");
    chat.other_says("cid", "hi ann");
    assert_eq!((population(&chat), chat.connects), (3, 2));
    assert_eq!(chat.screen, ["cid has joined the chat", "cid: hi ann"]);
    let shown = transcript(&mut chat);
    assert!(
        shown.starts_with("ann has joined the chat\nann: hello\nann: and more\n"),
        "{shown}"
    );
    chat.command(Command::EndOfInput);
    assert_eq!(chat.outcome, Some(Outcome::Refused), "a command was none");
    assert_eq!(chat.introductions, ["* You are ann; 2 are here, with you."]);
    assert_eq!(transcript(&mut chat), "ann has left the chat\n");
}

#[test]
fn a_reader_that_loses_its_connection_misses_nothing_and_joins_only_to_speak() {
    for speaks in [false, true] {
        let mut chat = Chat::new(reads(0));
        chat.type_line("JOIN ann");
        chat.screen.clear();
        chat.cut();
        chat.other_says("bea", "meanwhile");
        if speaks {
            chat.type_line("hello");
        }
        chat.wait(Duration::from_secs(2));
        assert_eq!(chat.screen, ["bea has joined the chat", "bea: meanwhile"]);
        assert_eq!(chat.notices.last().unwrap(), "* Back.");
        assert_eq!(population(&chat), 1 + usize::from(speaks));
        assert_eq!(transcript(&mut chat).contains("ann: hello"), speaks);
    }
}

#[test]
fn what_is_typed_while_it_asks_to_read_again_joins_when_it_is_let_in() {
    let mut chat = Chat::new(reads(0));
    chat.type_line("JOIN ann");
    chat.cut();
    // Connected, and not yet welcomed.
    chat.down = 0;
    chat.wait(Duration::from_secs(2));
    chat.down = usize::MAX;
    chat.type_line("hello");
    for _ in 0..20 {
        chat.wait(Duration::from_secs(5));
    }
    assert_eq!(population(&chat), 1);
    assert_eq!(
        transcript(&mut chat),
        "ann has joined the chat\nann: hello\n"
    );
    assert!(chat.client.memory().outbox.is_empty());
}

#[test]
fn whoever_has_something_left_to_say_joins_at_once() {
    let left = Unaccepted {
        me: false,
        room: None,
        id: "1-1".into(),
        text: "left over".into(),
    };
    let mut chat = Chat::new(Setup {
        memory: Memory {
            outbox: [left].into(),
            ..Memory::default()
        },
        joins: true,
        ..reads(0)
    });
    assert_eq!(population(&chat), 1);
    assert!(transcript(&mut chat).ends_with(": left over\n"));
}

#[test]
fn a_server_that_knows_no_readers_has_a_member_and_is_sent_what_is_said() {
    let now = Timestamp::ZERO;
    let mut client = JsonClient::new(now, reads(0));
    let line = |line| Command::Line(Line::Whole(line));
    client.command(now, line(b"JOIN ann")).unwrap();
    client.handle(now, ClientInput::Connected);
    assert_eq!(client.unsent(), b"JOIN {\"version\":1,\"read\":true}\n");
    client.sent(now, usize::MAX);
    let welcome = br#"{"type":"welcome","version":1,"room":"lobby","name":"USER1","session":"0","epoch":"e","head":1,"resumed":false,"grace_ms":60000}"#;
    client.handle(now, ClientInput::Received(&[&welcome[..], b"\n"].concat()));
    assert_eq!(client.memory().name.as_deref(), Some("USER1"));
    client.command(now, line(b"hello")).unwrap();
    let sent = String::from_utf8(client.unsent().to_vec()).unwrap();
    assert!(sent.contains("\"text\":\"hello\""), "{sent}");
}

/// One that reads dev, where bea is.
fn reads_dev(history: u64) -> Chat {
    let mut chat = Chat::new(Setup {
        memory: Memory {
            room: Some("dev".into()),
            ..Memory::default()
        },
        ..reads(history)
    });
    chat.other_says("bea", "/join dev\nbefore");
    transcript(&mut chat);
    chat.screen.clear();
    chat
}

#[test]
fn who_looks_into_another_room_is_shown_it_as_if_they_were_there_and_leaves_no_traces() {
    let mut chat = reads_dev(2);
    chat.type_line("JOIN ann");
    assert!(
        chat.sent
            .starts_with("JOIN {\"version\":1,\"history\":2,\"read\":true,\"room\":\"dev\"}\n"),
        "{}",
        chat.sent
    );
    chat.other_says("cid", "in the lobby");
    chat.other_goes_on(0, "now");
    for line in ["/who", "/history 1"] {
        chat.type_line(line);
    }
    assert_eq!(
        chat.screen,
        [
            "Welcome to the chatroom!",
            "bea has joined the chat",
            "bea: before",
            "bea: now",
            "* In the room (1): bea",
            "* bea: now"
        ]
    );
    chat.command(Command::EndOfInput);
    assert_eq!(chat.outcome, Some(Outcome::Left));
    assert_eq!((chat.connects, &chat.notices[..]), (1, &[][..]));
    assert_eq!(
        transcript(&mut chat),
        "cid has joined the chat\ncid: in the lobby\n[dev] bea: now\n"
    );
}

#[test]
fn the_first_line_to_say_joins_the_room_that_was_read_and_nothing_is_shown_twice() {
    let mut chat = reads_dev(1);
    chat.type_line("JOIN ann");
    chat.type_line("hello");
    chat.other_goes_on(0, "hi ann");
    assert_eq!((population(&chat), chat.connects), (2, 2));
    assert_eq!(
        chat.screen,
        [
            "Welcome to the chatroom!",
            "bea: before",
            "* You are in dev now; 1 other is here.",
            "bea: hi ann"
        ]
    );
    let shown = transcript(&mut chat);
    assert!(shown.contains("[dev] ann: hello\n"), "{shown}");
    assert!(!shown.contains("\nann: hello"), "{shown}");
}

#[test]
fn a_reader_of_a_room_that_loses_its_connection_misses_nothing_there() {
    for speaks in [false, true] {
        let mut chat = reads_dev(0);
        chat.type_line("JOIN ann");
        chat.other_goes_on(0, "one");
        chat.cut();
        chat.other_goes_on(0, "two");
        chat.other_says("cid", "elsewhere");
        if speaks {
            chat.type_line("hello");
        }
        chat.wait(Duration::from_secs(2));
        chat.other_goes_on(0, "three");
        let shown: Vec<_> = chat
            .screen
            .iter()
            .filter(|it| it.starts_with("bea: "))
            .collect();
        assert_eq!(shown, ["bea: one", "bea: two", "bea: three"]);
        assert!(
            chat.notices.contains(&"* Back.".into()),
            "{:?}",
            chat.notices
        );
        assert_eq!(population(&chat), 2 + usize::from(speaks));
        let told = transcript(&mut chat);
        assert_eq!(told.contains("[dev] ann: hello"), speaks, "{told}");
        assert!(!chat.screen.iter().any(|it| it.contains("elsewhere")));
    }
}

#[test]
fn what_did_not_come_of_the_room_is_asked_for_again() {
    let mut chat = reads_dev(0);
    chat.type_line("JOIN ann");
    // The lobby is further than dev: that is none of its business.
    for n in 0..9 {
        chat.other_says(&format!("n{n}"), "hi");
    }
    chat.wait(Duration::from_secs(20));
    assert_eq!((chat.connects, &chat.notices[..]), (1, &[][..]));
    chat.forge(r#"{"type":"pong","head":3}"#);
    chat.wait(Duration::from_secs(2));
    assert_eq!(chat.connects, 2);
    let why = "* Offline: the server did not send everything. Trying again.";
    assert_eq!(chat.notices, [why, "* Back."]);
}

#[test]
fn a_room_that_cannot_be_read_is_told_and_the_client_ends() {
    let mut chat = Chat::new(Setup {
        memory: Memory {
            room: Some("nowhere".into()),
            ..Memory::default()
        },
        joins: true,
        ..reads(9)
    });
    chat.wait(Duration::from_secs(9));
    assert_eq!(chat.outcome, Some(Outcome::Lost));
    assert_eq!(
        chat.screen,
        ["* Goodbye: There is no room nowhere; whoever joins it makes it, and reading does not."]
    );
    assert_eq!((chat.connects, population(&chat)), (1, 0));
}

#[test]
fn a_server_where_the_lobby_alone_is_read_is_not_taken_for_one_that_shows_the_room() {
    let now = Timestamp::ZERO;
    let mut client = JsonClient::new(
        now,
        Setup {
            memory: Memory {
                room: Some("dev".into()),
                ..Memory::default()
            },
            joins: true,
            ..reads(0)
        },
    );
    client.handle(now, ClientInput::Connected);
    client.sent(now, usize::MAX);
    let welcome = br#"{"type":"welcome","version":1,"room":"lobby","epoch":"e","head":1,"resumed":false,"grace_ms":0,"read":true}"#;
    client.handle(now, ClientInput::Received(&[&welcome[..], b"\n"].concat()));
    let mut told = Vec::new();
    while let Some(action) = client.poll_action() {
        told.push(format!("{action:?}"));
    }
    let told = told.join("\n");
    assert!(
        told.contains("This server lets nobody read dev who does not join it."),
        "{told}"
    );
    assert!(told.contains("End(Lost)"), "{told}");
}
