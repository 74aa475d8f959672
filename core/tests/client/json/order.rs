//! What a client does where somebody keeps order: what is typed is said when it may be, or is there to be said elsewhere.

use super::chat::Chat;
use chat_core::{Action, ConnId, HASH, Input, SALT, Secret, Setup, Verifier};
use std::time::Duration;

/// bob, who owns dev, and ann, who is there by the client.
fn in_dev(setup: Setup) -> (Chat, ConnId) {
    let mut chat = Chat::joined(setup);
    let now = chat.now;
    let server = chat.server.as_mut().unwrap();
    let bob = server.accept(now, 9).unwrap();
    server.handle(now, Input::Received(bob, b"JOIN bob\n/claim open sesame\n"));
    let is_hash = |action: &Action| matches!(action, Action::Hash(..));
    assert!(std::iter::from_fn(|| server.poll_action()).any(|it| is_hash(&it)));
    let verifier = Verifier {
        salt: Secret([7; SALT]),
        hash: Secret([7; HASH]),
    };
    server.handle(now, Input::Hashed(bob, Some(&verifier)));
    bob_says(&mut chat, bob, "/join dev");
    chat.type_line("/join dev");
    assert!(chat.client.memory().room.as_deref() == Some("dev"));
    chat.screen.clear();
    (chat, bob)
}

fn bob_says(chat: &mut Chat, bob: ConnId, line: &str) {
    let now = chat.now;
    let server = chat.server.as_mut().unwrap();
    server.handle(now, Input::Received(bob, format!("{line}\n").as_bytes()));
    chat.run();
}

fn unsaid(chat: &Chat) -> Vec<&str> {
    let outbox = &chat.client.memory().outbox;
    outbox.iter().map(|it| it.text.as_str()).collect()
}

#[test]
fn what_is_said_too_soon_is_said_in_its_order_as_soon_as_it_may_be() {
    let (mut chat, bob) = in_dev(Setup::default());
    bob_says(&mut chat, bob, "/slow 10");
    chat.screen.clear();
    for line in ["one", "two", "three"] {
        chat.type_line(line);
    }
    assert_eq!(unsaid(&chat), ["two", "three"]);
    let told = "* Not said yet: \"two\": people say one line at a time here; you may say the next one in 10 s. It is kept, and sent then.";
    assert_eq!(chat.screen, [told]);
    chat.screen.clear();
    chat.wait(Duration::from_millis(9999));
    assert_eq!(unsaid(&chat), ["two", "three"]);
    chat.wait(Duration::from_millis(1));
    assert_eq!(unsaid(&chat), ["three"]);
    chat.wait(Duration::from_secs(10));
    assert_eq!(unsaid(&chat), [""; 0]);
    chat.screen.clear();
    chat.type_line("/history 4");
    let said = |text| format!("* ann: {text}");
    assert_eq!(chat.screen[1..], ["one", "two", "three"].map(said));
    // In another room nobody waits.
    chat.type_line("four");
    assert_eq!(unsaid(&chat), ["four"]);
    chat.type_line("/join lobby");
    chat.type_line("five");
    assert_eq!(unsaid(&chat), ["four"]);
}

#[test]
fn what_is_said_too_soon_outlives_the_connection_and_is_said_once() {
    let (mut chat, bob) = in_dev(Setup::default());
    bob_says(&mut chat, bob, "/slow 10");
    for line in ["one", "two"] {
        chat.type_line(line);
    }
    chat.cut();
    chat.wait(Duration::from_secs(2));
    assert_eq!(
        unsaid(&chat),
        ["two"],
        "it is asked for again, and still too soon"
    );
    chat.wait(Duration::from_secs(10));
    assert_eq!(unsaid(&chat), [""; 0]);
    chat.screen.clear();
    chat.type_line("/history 2");
    assert_eq!(chat.screen, ["* ann: one", "* ann: two"]);
}

#[test]
fn who_is_mute_has_all_of_what_they_typed() {
    let (mut chat, bob) = in_dev(Setup::default());
    bob_says(&mut chat, bob, "/mute ann");
    chat.screen.clear();
    let text = "a long line ".repeat(20);
    chat.type_line(&text);
    let told = format!("* Not said: \"{text}\": you are muted here.");
    assert_eq!(chat.screen, [told]);
    assert_eq!(unsaid(&chat), [""; 0]);
}

#[test]
fn who_is_removed_from_a_room_is_told_why_and_is_in_the_lobby() {
    let (mut chat, bob) = in_dev(Setup::default());
    bob_says(&mut chat, bob, "/kick ann too loud");
    chat.wait(Duration::from_secs(1));
    let told: Vec<&str> = chat.screen.iter().map(String::as_str).collect();
    assert_eq!(
        told[..3],
        [
            "bob has removed ann: too loud",
            "ann has left the chat",
            "* bob has removed you from dev: too loud"
        ]
    );
    let here = "* You are in lobby now; nobody else is here.";
    assert!(told.contains(&here), "{told:?}");
    assert_eq!(chat.client.memory().room, None);
    chat.type_line("hello");
    assert_eq!(unsaid(&chat), [""; 0]);
    chat.screen.clear();
    chat.type_line("/who");
    assert_eq!(chat.screen, ["* In the room (1): ann"]);
}

#[test]
fn who_is_banned_is_not_let_in_again() {
    let (mut chat, bob) = in_dev(Setup::default());
    bob_says(&mut chat, bob, "/ban ann 10m");
    chat.wait(Duration::from_secs(1));
    chat.screen.clear();
    chat.type_line("/join dev");
    assert_eq!(
        chat.screen,
        ["* You are banned from dev until 1970-01-01 00:10 UTC."]
    );
    chat.type_line("hello");
    assert_eq!(unsaid(&chat), [""; 0]);
    assert_eq!(chat.client.memory().room, None);
}

#[test]
fn orders_are_asked_for_as_they_are_typed() {
    let (mut chat, _) = in_dev(Setup::default());
    for (line, told) in [
        (
            "/kick bob",
            "* Not done: /kick is for the operators of the room.",
        ),
        (
            "/bans",
            "* Not done: /bans is for the operators of the room.",
        ),
        (
            "/mute bob 1y",
            "* Not done: /mute is for 1s to 365d, such as 30s, 10m, 2h, 7d or 2w; without a time, it has no end.",
        ),
        (
            "/ban bob 400d",
            "* Not done: /ban is for 1s to 365d, such as 30s, 10m, 2h, 7d or 2w; without a time, it has no end, and a reason begins with no digit.",
        ),
    ] {
        chat.screen.clear();
        chat.type_line(line);
        assert_eq!(chat.screen, [told]);
    }
}

#[test]
fn help_lists_the_orders_that_one_may_give_in_the_room() {
    let is_told = |chat: &mut Chat, order: &str| {
        chat.type_line("/help");
        let help = std::mem::take(&mut chat.screen);
        assert!(help.iter().all(|line| !line.contains("has been here")));
        help.iter().any(|line| line.starts_with(order))
    };
    let (mut chat, bob) = in_dev(Setup {
        is_private: true,
        ..Setup::default()
    });
    assert!(!is_told(&mut chat, "* /kick"));
    chat.type_line("/claim open sesame");
    bob_says(&mut chat, bob, "/op ann");
    assert!(is_told(&mut chat, "* /kick") && !is_told(&mut chat, "* /op"));
    chat.type_line("/join dev2");
    assert!(is_told(&mut chat, "* /op") && is_told(&mut chat, "* /close"));
    chat.type_line("/join lobby");
    assert!(!is_told(&mut chat, "* /kick"));
    chat.screen.clear();
    chat.type_line("/whois ann");
    assert_eq!(chat.screen.len(), 1, "who asks it is told");
    chat.screen.clear();
    // Without a connection nobody can be asked.
    chat.cut();
    chat.type_line("/help");
    assert!(chat.screen.iter().any(|line| line.starts_with("* /me")));
}

#[test]
fn what_help_asks_is_not_shown_as_an_object_either() {
    let mut chat = Chat::new(Setup {
        raw: true,
        joins: true,
        ..Setup::default()
    });
    chat.screen.clear();
    chat.type_line("/help");
    assert_eq!(chat.screen, [""; 0]);
    assert!(chat.notices.iter().any(|line| line.starts_with("* /me")));
}
