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
