//! What the person sees, and what programs are given instead.

use super::chat::Chat;
use chat_core::{Client, Command, CommandError, MAX_LINE, Outcome, Setup};
use std::time::Duration;

#[test]
fn it_asks_for_join_and_shows_the_documented_lines() {
    let mut chat = Chat::new(Setup::default());
    assert_eq!(chat.screen, ["Please type JOIN to join the Chatroom : "]);
    chat.screen.clear();
    chat.type_line("what?");
    assert_eq!(chat.screen, ["Please type JOIN to join the Chatroom : "]);
    chat.screen.clear();
    chat.type_line("join");
    assert_eq!(chat.sent, "JOIN {\"version\":1}\n");
    chat.other_says("bob", "hello");
    chat.type_line("hi, bob");
    chat.other_says("bea", "LEAVE");
    assert_eq!(
        chat.screen,
        [
            "Welcome to the chatroom!",
            "bob has joined the chat",
            "bob: hello",
            "bea has joined the chat",
            "bea has left the chat",
        ]
    );
    assert_eq!(chat.notices, [""; 0]);
}

#[test]
fn it_joins_under_the_name_that_was_typed() {
    let mut chat = Chat::new(Setup::default());
    chat.other_says("ann", "mine");
    chat.screen.clear();
    chat.type_line("JOIN ann");
    assert_eq!(
        chat.screen,
        [
            "Welcome to the chatroom!",
            "* The name ann is taken; you are ann-2."
        ]
    );
    assert_eq!(chat.introductions, ["* 2 are here, with you."]);
}

#[test]
fn who_asks_for_a_name_is_told_who_they_are_and_how_many_are_here() {
    let mut chat = Chat::new(Setup::default());
    chat.type_line("JOIN ann");
    assert_eq!(chat.introductions, ["* You are ann; nobody else is here."]);
    let mut chat = Chat::new(Setup::default());
    chat.other_says("bob", "hello");
    chat.type_line("JOIN ann");
    assert_eq!(chat.introductions, ["* You are ann; 2 are here, with you."]);
    chat.introductions.clear();
    chat.cut();
    chat.wait(Duration::from_secs(1));
    assert_eq!(chat.notices.last().unwrap(), "* Back.");
    assert_eq!(chat.introductions, [""; 0], "it is said once");
}

#[test]
fn what_is_no_name_can_be_typed_again() {
    let long = format!("JOIN {}", "é".repeat(2000));
    for (typed, why) in [
        ("JOIN bob smith", "* \"bob smith\" is not a name: "),
        ("JOIN *", "* \"*\" is not a name: "),
        (&long, "* \"ééé"),
    ] {
        let mut chat = Chat::new(Setup::default());
        chat.screen.clear();
        chat.type_line(typed);
        assert_eq!((chat.sent.as_str(), chat.connects), ("", 0));
        let [told] = &chat.notices[..] else {
            panic!("{:?}", chat.notices);
        };
        assert!(told.starts_with(why), "{told}");
        assert!(told.len() < 300);
        assert_eq!(chat.screen, ["Please type JOIN to join the Chatroom : "]);
        chat.type_line("JOIN bob");
        assert_eq!(chat.sent, "JOIN {\"version\":1,\"name\":\"bob\"}\n");
    }
}

#[test]
fn what_is_not_accepted_yet_can_be_looked_at() {
    let mut chat = Chat::new(Setup::default());
    chat.type_line("JOIN");
    chat.screen.clear();
    chat.type_line("/unsent");
    chat.is_stuck = true;
    chat.type_line("one");
    chat.type_line("/Unsent");
    chat.type_line("two");
    chat.type_line("/unsent");
    assert_eq!(
        chat.screen,
        [
            "* Everything that you said is accepted.",
            "* 1 line is not accepted yet:",
            "*   one",
            "* 2 lines are not accepted yet:",
            "*   one",
            "*   two",
        ]
    );
    assert_eq!(chat.outcome, None);
}

#[test]
fn while_offline_it_says_when_it_tries_again_and_can_be_told_to_try_now() {
    let mut chat = Chat::joined(Setup::default());
    assert_eq!(chat.client.next_try(), None);
    chat.type_line("/retry");
    assert_eq!(
        chat.screen.pop().unwrap(),
        "* You are online; there is nothing to retry."
    );
    let server = chat.server.clone();
    chat.kill();
    while chat
        .client
        .next_try()
        .is_none_or(|at| at - chat.now < Duration::from_secs(2))
    {
        chat.wait(Duration::from_millis(100));
    }
    chat.server = server;
    chat.type_line("/retry");
    assert_eq!(chat.client.next_try(), None);
    assert!(
        chat.notices.last().unwrap().starts_with("* Back"),
        "{:?}",
        chat.notices
    );
}

#[test]
fn a_mistyped_command_is_answered_with_the_nearest_one_and_costs_nothing_else() {
    let mut chat = Chat::new(Setup::default());
    chat.type_line("JOIN");
    chat.screen.clear();
    for typed in ["/histroy", "/retyr", "/quit", "/dance"] {
        chat.type_line(typed);
    }
    assert_eq!(
        chat.screen,
        [
            "* Unknown command /histroy. Did you mean /history?",
            "* Unknown command /retyr. Did you mean /retry?",
            "* Unknown command /quit. Did you mean /leave?",
            "* Unknown command /dance. /help lists them; // says a /.",
        ]
    );
}

#[test]
fn it_can_say_when_something_happened_and_does_so_in_history() {
    for times in [false, true] {
        let mut chat = Chat::new(Setup {
            times,
            ..Setup::default()
        });
        chat.type_line("JOIN");
        chat.other_says("bob", "hello");
        assert_eq!(chat.times.len(), if times { 2 } else { 0 });
        chat.times.clear();
        chat.type_line("/history 2");
        assert_eq!(chat.times.len(), 2);
    }
}

#[test]
fn commands_do_what_they_do_in_the_text_dialect() {
    let mut chat = Chat::joined(Setup::default());
    for (typed, shown) in [
        ("/who", "* In the room (1): ann"),
        (
            "/back me",
            "* Not done: /back takes nothing after it. To say a line that begins with a slash, begin it with two.",
        ),
        (
            "/what",
            "* Unknown command /what. /help lists them; // says a /.",
        ),
        ("/history 1", "* ann has joined the chat"),
    ] {
        chat.type_line(typed);
        assert_eq!(chat.screen, [shown]);
        chat.screen.clear();
    }
    chat.type_line("/help");
    assert_eq!(chat.screen.len(), 19);
    chat.screen.clear();
    chat.type_line(" \t");
    chat.type_line("//who");
    chat.type_line("/history");
    assert_eq!(chat.screen, ["* ann has joined the chat", "* ann: /who"]);
}

#[test]
fn a_line_that_cannot_be_sent_is_refused_here() {
    let mut chat = Chat::joined(Setup::default());
    assert_eq!(
        chat.try_line(&[b'x'; MAX_LINE + 1]),
        Err(CommandError::TooLong)
    );
    assert_eq!(chat.try_line(b"caf\xe9"), Err(CommandError::NotUtf8));
    assert_eq!(chat.sent, "");
    assert_eq!(chat.try_line(&[b'"'; MAX_LINE]), Ok(()));
    assert!(chat.client.memory().outbox.is_empty(), "it is accepted");
    chat.kill();
    for asks in [&b"/who"[..], b"/history 3"] {
        assert_eq!(chat.try_line(asks), Err(CommandError::Offline));
    }
}

#[test]
fn the_newest_entries_come_first_if_they_are_asked_for() {
    let mut chat = Chat::new(Setup {
        history: 3,
        ..Setup::default()
    });
    for n in 0..5 {
        chat.other_says(&format!("u{n}"), "hello");
    }
    chat.screen.clear();
    chat.type_line("JOIN ann");
    chat.other_says("bea", "now");
    assert_eq!(
        chat.screen,
        [
            "Welcome to the chatroom!",
            "u3: hello",
            "u4 has joined the chat",
            "u4: hello",
            "bea has joined the chat",
            "bea: now",
        ]
    );
}

#[test]
fn programs_are_given_objects_and_join_at_once() {
    let mut chat = Chat::new(Setup {
        raw: true,
        joins: true,
        history: 10,
        ..Setup::default()
    });
    chat.other_says("bob", "\u{1b}[2J");
    chat.type_line("mine");
    chat.type_line("/who");
    chat.type_line("/history 1");
    let kinds: Vec<String> = chat
        .screen
        .iter()
        .map(|line| {
            let it: serde_json::Value = serde_json::from_str(line).unwrap();
            let text = it.get("text").unwrap_or(&it["type"]);
            text.as_str().unwrap().into()
        })
        .collect();
    // Its own joining, bob's, what was said, the answers.
    assert_eq!(
        kinds,
        ["entry", "entry", "?[2J", "mine", "who", "mine", "page"]
    );
    chat.command(Command::EndOfInput);
    assert_eq!(chat.screen.len(), 7);
}

#[test]
fn what_a_server_sends_is_safe_to_print() {
    let mut chat = Chat::joined(Setup::default());
    let entry = r#"{"type":"entry","room":"lobby","epoch":"e","seq":2,"at":0,"kind":"said","name":"b\u001b","text":"\u0007\u2028"}"#;
    chat.forge(entry);
    chat.forge(r#"{"type":"who","names":["\u001b"],"more":2}"#);
    chat.forge(r#"{"type":"error","code":"blank","text":"\u001b"}"#);
    chat.forge(r#"{"type":"something new","at":1}"#);
    assert_eq!(
        chat.screen,
        ["b?: ??", "* In the room (3): ?, and 2 more", "* ?"]
    );
    assert_eq!(chat.notices, [""; 0]);
}

#[test]
fn what_looks_like_a_command_and_is_none_counts_as_not_said() {
    for raw in [false, true] {
        let mut chat = Chat::new(Setup {
            raw,
            joins: true,
            ..Setup::default()
        });
        chat.screen.clear();
        chat.type_line("/var/log/x: a line of a file");
        let told = if raw { &chat.notices } else { &chat.screen };
        assert!(
            told[0].starts_with("* Unknown command /var/log/x:."),
            "{told:?}"
        );
        chat.command(Command::EndOfInput);
        assert_eq!(chat.outcome, Some(Outcome::Refused));
    }
}

#[test]
fn objects_are_given_once_and_in_order_and_gaps_too() {
    let mut chat = Chat::new(Setup {
        raw: true,
        joins: true,
        ..Setup::default()
    });
    let entry = |seq: u64| {
        format!(
            r#"{{"type":"entry","room":"lobby","epoch":"e","seq":{seq},"at":0,"kind":"left","name":"u"}}"#
        )
    };
    for seq in [2, 2, 1, 5] {
        chat.forge(&entry(seq));
    }
    let gap = r#"{"type":"gap","after":2,"next":5}"#.to_string();
    assert_eq!(chat.screen, [entry(2), gap, entry(5)]);
}

/// What is pasted is said whatever it looks like.
#[test]
fn what_is_to_be_said_is_no_command() {
    let mut chat = Chat::new(Setup::default());
    let early = chat.client.command(chat.now, Command::Say("early"));
    assert_eq!(early, Err(CommandError::NotJoined));
    let mut chat = Chat::joined(Setup::default());
    let longest = "/".repeat(MAX_LINE);
    for text in ["/who", "leave", " ", "a\u{7}", &longest] {
        chat.command(Command::Say(text));
    }
    let longer = chat
        .client
        .command(chat.now, Command::Say(&format!("{longest}/")));
    assert_eq!(longer, Err(CommandError::TooLong));
    chat.type_line("/history 4");
    assert_eq!(
        chat.screen,
        [
            "* ann: /who",
            "* ann: leave",
            "* ann: a?",
            &format!("* ann: {longest}")
        ]
    );
    chat.command(Command::EndOfInput);
    chat.command(Command::Say("late"));
    assert_eq!(chat.outcome, Some(Outcome::Refused));
}
