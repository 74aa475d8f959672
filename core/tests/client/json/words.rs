//! What is said to the client's person alone, where it is kept: it is shown once, whatever becomes of connections.

use super::chat::{Chat, SOON, again, keeps};
use chat_core::Setup;

const CLAIM: &str = "/claim open sesame";

/// ann, at the client, and bob, who is here; both names are their own.
fn owners(setup: Setup) -> Chat {
    let mut chat = Chat::joined(Setup {
        is_private: true,
        ..setup
    });
    chat.type_line(CLAIM);
    chat.other_says("bob", CLAIM);
    chat.screen.clear();
    chat.notices.clear();
    chat
}

#[test]
fn what_came_without_a_connection_is_shown_when_the_session_goes_on_and_once() {
    let mut chat = owners(Setup::default());
    chat.other_goes_on(0, "/msg ann one");
    chat.cut();
    chat.other_goes_on(0, "/msg ann two");
    chat.wait(SOON);
    assert_eq!(chat.screen, ["[PM from bob] one", "[PM from bob] two"]);
    chat.cut();
    chat.wait(2 * SOON);
    assert_eq!(chat.screen.len(), 2, "{:?}", chat.screen);
    // It waits no more; the person asks, and is told so.
    chat.type_line("/inbox");
    assert_eq!(
        chat.screen.last().map(String::as_str),
        Some("* Nothing waits for you.")
    );
    chat.type_line("/inbox bob");
    assert_eq!(chat.screen[3..], ["[PM from bob] one", "[PM from bob] two"]);
    assert_eq!(
        chat.times.len(),
        3,
        "with their times, but for what came live"
    );
}

#[test]
fn what_was_sent_and_not_confirmed_is_not_shown_again() {
    let mut chat = owners(Setup::default());
    // What it says of what it has shown does not arrive.
    chat.up = 0;
    chat.other_goes_on(0, "/msg ann one");
    assert_eq!(chat.screen, ["[PM from bob] one"]);
    chat.cut();
    chat.up = usize::MAX;
    chat.wait(SOON);
    assert_eq!(chat.screen, ["[PM from bob] one"]);
    chat.type_line("/inbox");
    assert_eq!(chat.screen[1..], ["* Nothing waits for you."]);
}

#[test]
fn in_another_run_people_are_told_what_waits_and_ask_for_it() {
    let mut chat = owners(keeps());
    chat.restart_client(&again());
    chat.other_goes_on(0, "/msg ann one");
    chat.type_line("JOIN");
    let told: Vec<&String> = chat
        .screen
        .iter()
        .filter(|it| it.starts_with("* 1 private message since "))
        .collect();
    assert_eq!(told.len(), 1, "{:?}", chat.screen);
    chat.screen.clear();
    chat.type_line("/inbox");
    assert_eq!(chat.screen, ["[PM from bob] one"]);
    chat.type_line("/reply got it");
    assert_eq!(chat.screen[1..], ["[PM to bob] got it"]);
}

#[test]
fn whoever_writes_to_one_who_is_not_here_is_told_that_it_waits() {
    let mut chat = owners(Setup::default());
    chat.other_goes_on(0, "LEAVE");
    chat.screen.clear();
    chat.type_line("/msg bob hello");
    assert_eq!(
        chat.screen,
        ["[PM to bob] hello", "* bob is not here; it waits for them."]
    );
    chat.type_line("/inbox nobody");
    assert_eq!(
        chat.screen[2..],
        [
            "* Not done: nobody has claimed the name nobody, and what is said to them alone is not kept."
        ]
    );
}

#[test]
fn what_somebody_says_who_is_ignored_waits_no_more_either() {
    let mut chat = owners(Setup::default());
    chat.type_line("/ignore bob");
    chat.screen.clear();
    chat.other_goes_on(0, "/msg ann one");
    chat.other_goes_on(0, "hello");
    chat.other_says("eve", "hello");
    assert!(
        !chat.screen.iter().any(|it| it.contains("PM")),
        "{:?}",
        chat.screen
    );
    chat.screen.clear();
    chat.type_line("/inbox");
    assert_eq!(chat.screen, ["* Nothing waits for you."]);
}
