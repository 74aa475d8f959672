//! What a person does besides talking, through the client that resumes.

use super::chat::Chat;
use chat_core::{CommandError, MAX_ACTION, MAX_PRIVATE, Setup};
use std::time::Duration;

#[test]
fn a_new_name_is_the_clients_from_then_on_and_goes_with_its_session() {
    let mut chat = Chat::joined(Setup::default());
    chat.type_line("/nick zoe");
    assert_eq!(chat.screen, ["ann is now known as zoe"]);
    assert_eq!(chat.client.memory().name.as_deref(), Some("zoe"));
    chat.screen.clear();
    chat.type_line("/nick !");
    chat.type_line("/nick zoe");
    assert!(
        chat.screen[0].ends_with("You are still zoe."),
        "{:?}",
        chat.screen
    );
    assert_eq!(chat.screen[1..], ["* You are zoe already."]);
}

#[test]
fn what_is_said_to_one_alone_is_shown_when_it_has_arrived_and_answers_come_back() {
    let mut chat = Chat::joined(Setup::default());
    chat.other_says("bob", "/msg ann psst");
    assert_eq!(
        chat.screen,
        ["bob has joined the chat", "[PM from bob] psst"]
    );
    chat.screen.clear();
    chat.type_line("/reply yes?");
    chat.type_line("/msg carl hello");
    chat.type_line("/whois bob");
    assert_eq!(
        chat.screen,
        [
            "[PM to bob] yes?",
            "* Not said: \"hello\": nobody here is called carl.",
            "* bob has been here for less than a minute.",
        ]
    );
}

#[test]
fn private_words_that_are_not_answered_are_told_of_and_not_said_again() {
    let mut chat = Chat::joined(Setup::default());
    chat.other_says("bob", "hi");
    chat.screen.clear();
    chat.down = 0;
    chat.type_line("/msg bob did you get this?");
    assert!(chat.screen.is_empty());
    chat.cut();
    assert!(
        chat.notices
            .iter()
            .any(|it| it == "* Nobody knows whether this has arrived: \"did you get this?\""),
        "{:?}",
        chat.notices
    );
    assert_eq!(
        chat.try_line(b"/msg bob and now?"),
        Err(CommandError::Offline)
    );
    assert_eq!(chat.try_line(b"/nick zoe"), Err(CommandError::Offline));
}

#[test]
fn something_done_waits_for_a_connection_as_what_is_said_does() {
    let mut chat = Chat::joined(Setup::default());
    chat.cut();
    chat.type_line("/me waves");
    let outbox = &chat.client.memory().outbox;
    assert!(
        outbox.len() == 1 && outbox[0].me && outbox[0].text == "waves",
        "{outbox:?}"
    );
    chat.wait(Duration::from_secs(60));
    assert_eq!(chat.screen.last().map(String::as_str), Some("** ann waves"));
    assert!(chat.client.memory().outbox.is_empty());
}

#[test]
fn what_is_too_long_is_refused_here_with_how_long_it_may_be() {
    let mut chat = Chat::joined(Setup::default());
    chat.other_says("bob", "hi");
    chat.screen.clear();
    // A line holds no more after a longer word than that.
    let longest = "p".repeat(MAX_PRIVATE - "bob".len() + "a".len());
    chat.type_line(&format!("/msg bob {longest}"));
    assert_eq!(chat.screen, [format!("[PM to bob] {longest}")]);
    chat.type_line(&format!("/me {}", "m".repeat(MAX_ACTION)));
    assert_eq!(chat.screen[1].len(), "** ann ".len() + MAX_ACTION);
    assert_eq!(
        chat.try_line(format!("/me {}", "m".repeat(MAX_ACTION + 1)).as_bytes()),
        Err(CommandError::TooLong)
    );
}

#[test]
fn what_somebody_is_in_the_room_is_asked_and_shown() {
    let mut chat = Chat::joined(Setup {
        is_private: true,
        ..Setup::default()
    });
    chat.type_line("/claim open sesame");
    chat.type_line("/join dev");
    chat.screen.clear();
    chat.type_line("/whois ann");
    assert_eq!(
        chat.screen,
        ["* ann has been here for less than a minute; the owner of this room."]
    );
}
