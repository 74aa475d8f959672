//! How it ends, and what that says of what was typed.

use super::chat::Chat;
use chat_core::{Client, ClientInput, Command, Limits, Line, Outcome, Setup};
use std::time::Duration;

#[test]
fn who_leaves_has_had_everything_accepted() {
    for by_word in [true, false] {
        let mut chat = Chat::joined(Setup::default());
        chat.type_line("last words");
        if by_word {
            chat.type_line("leave");
        } else {
            chat.command(Command::EndOfInput);
        }
        assert_eq!(chat.outcome, Some(Outcome::Left));
        assert!(chat.sent.ends_with("{\"type\":\"leave\"}\n"));
        assert_eq!(chat.server.unwrap().population(), 0);
        assert_eq!(chat.notices, [""; 0]);
    }
}

#[test]
fn who_leaves_without_a_connection_waits_for_what_they_said() {
    let mut chat = Chat::joined(Setup::default());
    chat.cut();
    chat.type_line("last words");
    chat.type_line("leave");
    assert_eq!(chat.outcome, None);
    assert!(!chat.client.wants_input());
    chat.command(Command::Line(Line::Whole(b"not words any more")));
    assert_eq!(chat.client.memory().outbox.len(), 1);
    chat.wait(Duration::from_secs(1));
    assert_eq!(chat.outcome, Some(Outcome::Left));
    let mut chat = Chat::joined(Setup::default());
    chat.cut();
    chat.type_line("leave");
    assert_eq!(
        chat.outcome,
        Some(Outcome::Left),
        "there is nothing to wait for"
    );
    let mut chat = Chat::new(Setup::default());
    chat.is_stuck = true;
    chat.type_line("JOIN");
    chat.command(Command::EndOfInput);
    assert_eq!(chat.notices, [""; 0], "nor to be spoken of");
}

#[test]
fn who_leaves_waits_a_minute_for_a_server_that_is_gone() {
    for (keeps, fate) in [
        (false, "what is left may not have been said"),
        (true, "the next run sends what is left"),
    ] {
        let mut chat = Chat::joined(Setup {
            keeps,
            ..Setup::default()
        });
        chat.kill();
        chat.type_line("one");
        chat.type_line("two");
        chat.wait(Duration::from_secs(100));
        chat.command(Command::EndOfInput);
        let told = "* Waiting up to 60 s for 2 lines to be accepted. Ctrl-C ends at once.";
        assert_eq!(chat.notices.last().map(String::as_str), Some(told));
        chat.wait(Duration::from_millis(59_999));
        assert_eq!(chat.outcome, None);
        chat.wait(Duration::from_millis(1));
        assert_eq!(chat.outcome, Some(Outcome::Lost));
        let news = format!("* 2 lines not accepted within 60 s; {fate}.");
        assert_eq!(chat.notices.last(), Some(&news));
    }
}

#[test]
fn who_had_a_line_refused_is_told_by_the_outcome() {
    let mut chat = Chat::joined(Setup::default());
    assert!(chat.try_line(b"\xff").is_err());
    chat.type_line("leave");
    assert_eq!(chat.outcome, Some(Outcome::Refused));

    let mut chat = Chat::joined(Setup::default());
    chat.is_stuck = true;
    chat.type_line("one");
    let id = chat.client.memory().outbox[0].id.clone();
    chat.forge(&format!(
        r#"{{"type":"error","code":"not_kept","text":"no","id":"{id}"}}"#
    ));
    assert_eq!(chat.screen, ["* Not said: \"one\": no"]);
    chat.is_stuck = false;
    chat.type_line("leave");
    assert_eq!(chat.outcome, Some(Outcome::Refused));
}

#[test]
fn an_interrupt_leaves_and_waits_for_nothing() {
    let mut chat = Chat::joined(Setup::default());
    chat.command(Command::Interrupt);
    assert_eq!(chat.outcome, Some(Outcome::Interrupted));
    assert_eq!(chat.server.as_ref().unwrap().population(), 0);

    let mut chat = Chat::joined(Setup::default());
    chat.is_stuck = true;
    chat.type_line("unheard");
    chat.command(Command::Interrupt);
    assert_eq!(chat.outcome, None);
    assert!(!chat.client.wants_input());
    chat.wait(Duration::from_secs(2));
    assert_eq!(chat.outcome, Some(Outcome::Interrupted));

    let mut chat = Chat::joined(Setup::default());
    chat.is_stuck = true;
    chat.command(Command::Interrupt);
    chat.command(Command::Interrupt);
    assert_eq!(chat.outcome, Some(Outcome::Interrupted));
}

#[test]
fn a_server_that_does_not_close_has_accepted_everything_all_the_same() {
    let mut chat = Chat::joined(Setup::default());
    chat.is_stuck = true;
    chat.type_line("leave");
    chat.wait(Duration::from_millis(1_999));
    assert_eq!(chat.notices, [""; 0]);
    chat.wait(Duration::from_millis(1));
    let told = "* Waiting up to 8 s for the server to close the connection. Ctrl-C ends at once.";
    assert_eq!(chat.notices, [told]);
    chat.wait(Duration::from_millis(7_999));
    assert_eq!(chat.outcome, None);
    chat.wait(Duration::from_millis(1));
    assert_eq!(chat.outcome, Some(Outcome::Left));
}

#[test]
fn who_leaves_before_it_is_known_that_nobody_answers_is_told_how_long_it_takes() {
    let mut chat = Chat::joined(Setup::default());
    chat.is_stuck = true;
    chat.type_line("unheard");
    chat.command(Command::EndOfInput);
    assert_eq!(chat.notices, [""; 0]);
    chat.server = None;
    chat.wait(Duration::from_secs(5));
    chat.wait(Duration::from_secs(4));
    assert_eq!(
        chat.notices,
        [
            "* Offline: the server does not answer. Trying again.",
            "* Waiting up to 51 s for 1 line to be accepted. Ctrl-C ends at once.",
        ]
    );
}

#[test]
fn an_error_or_a_goodbye_for_a_reason_that_is_not_known_counts() {
    let mut chat = Chat::joined(Setup::default());
    chat.is_stuck = true;
    chat.type_line("refused");
    let id = chat.client.memory().outbox[0].id.clone();
    let error = r#"{"type":"error","code":"new","text":"Because.","id":"#;
    chat.forge(&format!("{error}\"{id}\"}}"));
    assert_eq!(chat.screen, ["* Not said: \"refused\": Because."]);
    chat.forge(r#"{"type":"bye","code":"new","text":"so there."}"#);
    chat.cut();
    assert_eq!(chat.screen.last().unwrap(), "* Goodbye: so there.");
    assert_eq!(chat.outcome, Some(Outcome::Lost));
}

#[test]
fn before_the_first_welcome_a_failure_is_the_end() {
    let mut chat = Chat::new(Setup::default());
    chat.server = None;
    chat.type_line("JOIN");
    assert_eq!(chat.outcome, Some(Outcome::Unreachable));
    assert_eq!(
        chat.notices,
        ["* Could not connect to the server: refused."]
    );

    let mut chat = Chat::new(Setup::default());
    chat.command(Command::EndOfInput);
    assert_eq!(chat.outcome, Some(Outcome::NeverJoined));
    assert_eq!(
        chat.notices,
        ["* The input ended before JOIN; nothing was sent."]
    );

    let mut chat = Chat::new(Setup::default());
    chat.command(Command::Interrupt);
    assert_eq!(chat.outcome, Some(Outcome::Interrupted));

    for (connects, told) in [
        (false, "* Could not connect within 10 s."),
        (true, "* The server sent no welcome within 10 s."),
    ] {
        let mut chat = Chat::new(Setup::default());
        chat.is_stuck = true;
        chat.type_line("JOIN");
        if connects {
            chat.client.handle(chat.now, ClientInput::Connected);
        }
        chat.wait(Duration::from_millis(9_999));
        assert_eq!(chat.outcome, None);
        chat.wait(Duration::from_millis(1));
        assert_eq!(chat.notices, [told]);
    }
}

#[test]
fn a_full_room_says_so() {
    let mut chat = Chat::with(
        Limits {
            connections: 1,
            ..Limits::default()
        },
        Setup::default(),
    );
    chat.other_says("bob", "hello");
    chat.screen.clear();
    chat.type_line("JOIN");
    assert_eq!(
        chat.screen,
        ["* Goodbye: the room is full; try again later."]
    );
    assert_eq!(chat.notices, ["* The server closed the connection."]);
    assert_eq!(chat.outcome, Some(Outcome::Lost));
}

#[test]
fn a_server_that_closes_without_a_word_is_named() {
    let mut chat = Chat::new(Setup::default());
    chat.is_stuck = true;
    chat.type_line("JOIN");
    chat.client.handle(chat.now, ClientInput::Connected);
    chat.client.handle(chat.now, ClientInput::Eof);
    chat.run();
    assert_eq!(
        chat.notices,
        ["* The server closed the connection without a welcome."]
    );
    assert_eq!(chat.outcome, Some(Outcome::Lost));
}

#[test]
fn what_a_stranger_sent_is_shown_also_where_it_is_no_line_that_a_server_sends() {
    for (sent, why) in [
        ("x".repeat(70_000) + "\n", "a line that is too long"),
        (
            String::from("{hello}\n"),
            "something that is not understood",
        ),
    ] {
        let mut chat = Chat::new(Setup::default());
        chat.is_stuck = true;
        chat.type_line("JOIN");
        chat.client.handle(chat.now, ClientInput::Connected);
        let bytes = ClientInput::Received(sent.as_bytes());
        chat.client.handle(chat.now, bytes);
        chat.run();
        let start: String = sent.trim_end().chars().take(64).collect();
        let more = if sent.len() > 64 { "…" } else { "" };
        assert_eq!(
            chat.notices,
            [format!(
                "* The server sent {why}: it sent \"{start}{more}\", which a chat server does not send."
            )]
        );
    }
}

#[test]
fn what_a_stranger_sent_is_shown_also_where_the_the_connection_breaks_off() {
    let mut chat = Chat::new(Setup::default());
    chat.is_stuck = true;
    chat.type_line("JOIN");
    for input in [
        ClientInput::Connected,
        ClientInput::Received(b"Too many connections.\r\n"),
        ClientInput::Lost("reset"),
    ] {
        chat.client.handle(chat.now, input);
    }
    chat.run();
    assert_eq!(
        chat.notices,
        [
            "* The server broke the connection off (reset): it sent \"Too many connections.\", which a chat server does not send."
        ]
    );
}
