//! What is kept, so that another run of the program goes on where this one was.

use super::chat::{Chat, again, keeps};
use chat_core::{Client, ClientInput, Command, Memory, Outcome, Setup};
use std::time::Duration;

#[test]
fn nothing_typed_is_sent_before_it_is_kept() {
    let mut chat = Chat::joined(keeps());
    assert_eq!(chat.kept.len(), 1, "the session is kept first of all");
    chat.keeps = false;
    chat.type_line("one");
    chat.type_line("two");
    assert_eq!(chat.sent, "");
    assert_eq!(chat.kept.len(), 3);
    assert_eq!(chat.kept[2].outbox.len(), 2);
    chat.client.handle(chat.now, ClientInput::Kept);
    chat.run();
    assert_eq!(chat.sent.lines().count(), 2);
}

#[test]
fn who_keeps_nothing_is_not_asked_to() {
    let mut chat = Chat::joined(Setup::default());
    chat.type_line("one");
    chat.type_line("leave");
    assert_eq!(chat.kept, []);
}

#[test]
fn another_run_says_what_the_last_one_could_not_and_shows_what_it_missed() {
    let mut chat = Chat::joined(keeps());
    chat.other_says("bob", "seen");
    chat.wait(Duration::from_secs(1));
    chat.cut();
    chat.type_line("typed offline");
    chat.other_says("bea", "missed");
    chat.restart_client(&again());
    chat.screen.clear();
    chat.type_line("JOIN");
    assert_eq!(
        chat.screen,
        [
            "Welcome to the chatroom!",
            "bea has joined the chat",
            "bea: missed"
        ]
    );
    assert!(chat.client.memory().outbox.is_empty());
    chat.screen.clear();
    chat.type_line("new");
    chat.type_line("/history 2");
    assert_eq!(chat.screen, ["* ann: typed offline", "* ann: new"]);
}

#[test]
fn a_lost_acceptance_is_asked_for_again() {
    let mut chat = Chat::joined(keeps());
    chat.down = 1;
    chat.type_line("said, but who knows");
    chat.restart_client(&again());
    chat.type_line("JOIN");
    assert!(chat.client.memory().outbox.is_empty());
    chat.screen.clear();
    chat.type_line("/history");
    let said = chat.screen.iter().filter(|line| line.contains("who knows"));
    assert_eq!(said.count(), 1);
}

#[test]
fn a_session_goes_on_under_its_own_name() {
    let mut chat = Chat::joined(keeps());
    chat.restart_client(&again());
    chat.type_line("JOIN bob");
    assert_eq!(chat.notices, ["* You are still ann: your session goes on."]);
    assert_eq!(chat.client.memory().name.as_deref(), Some("ann"));
}

#[test]
fn what_was_shown_is_kept_within_a_second_and_in_the_end() {
    let mut chat = Chat::joined(keeps());
    chat.other_says("bob", "one");
    chat.wait(Duration::from_millis(999));
    assert_eq!(chat.kept.len(), 1);
    chat.wait(Duration::from_millis(1));
    assert_eq!((chat.kept.len(), chat.kept[1].after), (2, Some(3)));
    chat.type_line("/help");
    chat.wait(Duration::from_secs(2));
    assert_eq!(chat.kept.len(), 2, "there is nothing new to keep");
    chat.other_says("bea", "two");
    chat.type_line("leave");
    assert_eq!(chat.kept.last().and_then(|kept| kept.after), Some(5));
}

#[test]
fn how_far_it_is_counts_what_it_says_itself_though_that_is_not_shown() {
    let mut chat = Chat::joined(keeps());
    chat.type_line("mine");
    chat.wait(Duration::from_secs(1));
    let kept = chat.kept.last().unwrap();
    assert_eq!((kept.after, kept.outbox.len()), (Some(2), 0));

    // But not past what is shown and not seen.
    chat.sees = false;
    chat.other_says("bob", "unseen");
    chat.type_line("mine, too");
    chat.wait(Duration::from_secs(1));
    assert_eq!(chat.kept.last().unwrap().after, Some(2));
}

#[test]
fn what_was_accepted_is_kept_when_nothing_more_is_seen() {
    let mut chat = Chat::joined(keeps());
    chat.type_line("once");
    let kept = chat.kept.len();
    chat.sees = false;
    chat.kill();
    chat.command(Command::Interrupt);
    assert_eq!(chat.outcome, Some(Outcome::Interrupted));
    assert_eq!(chat.kept.len(), kept + 1);
    assert_eq!(chat.kept[kept].outbox, []);
}

#[test]
fn what_is_kept_is_read_again() {
    let mut chat = Chat::joined(keeps());
    chat.kill();
    chat.type_line("\"quoted\" \\ and\ttabbed");
    let kept = chat.kept.last().unwrap();
    let text = serde_json::to_string(kept).unwrap();
    assert_eq!(serde_json::from_str::<Memory>(&text).unwrap(), *kept);
}

#[test]
fn what_nobody_has_seen_is_shown_by_the_next_run() {
    let mut chat = Chat::joined(keeps());
    chat.sees = false;
    chat.other_says("bob", "unseen");
    chat.wait(Duration::from_secs(2));
    chat.type_line("typed meanwhile");
    chat.sees = true;
    chat.restart_client(&again());
    chat.screen.clear();
    chat.type_line("JOIN");
    let shown = [
        "Welcome to the chatroom!",
        "bob has joined the chat",
        "bob: unseen",
    ];
    assert_eq!(chat.screen, shown);
}
