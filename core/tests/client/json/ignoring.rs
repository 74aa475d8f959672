//! Whom a person ignores: what they say, do and write to that one alone is not shown.

use super::chat::Chat;
use chat_core::{Client, Setup};
use std::time::Duration;

fn keeps() -> Setup {
    Setup {
        seed: 1,
        keeps: true,
        ..Setup::default()
    }
}

/// ann, who ignores eve, while eve and bob are there.
fn ignoring(setup: Setup) -> Chat {
    let mut chat = Chat::joined(setup);
    for name in ["eve", "bob"] {
        chat.other_says(name, "hi");
    }
    chat.screen.clear();
    chat.type_line("/ignore EVE");
    assert_eq!(
        chat.screen,
        [
            "* What EVE says, does, or writes to you alone is not shown from now on; that they come, go, or take another name is. /unignore EVE ends that."
        ]
    );
    chat.screen.clear();
    chat
}

#[test]
fn nothing_that_is_said_done_or_written_by_somebody_ignored_is_shown() {
    let mut chat = ignoring(keeps());
    for line in [
        "hello",
        "/me waves",
        "/msg ann psst",
        "/topic tea",
        "/nick Eve",
    ] {
        chat.other_goes_on(0, line);
    }
    chat.other_goes_on(1, "hello, ann");
    chat.other_goes_on(0, "LEAVE");
    assert_eq!(
        chat.screen,
        [
            "eve has set the topic: tea",
            "eve is now known as Eve",
            "bob: hello, ann",
            "Eve has left the chat",
        ]
    );
    // What was not shown is known all the same.
    let after = chat.client.memory().after;
    assert_eq!(after, Some(11));
    chat.screen.clear();
    chat.cut();
    chat.wait(Duration::from_secs(2));
    assert!(chat.screen.is_empty(), "{:?}", chat.screen);
    assert!(!chat.notices.iter().any(|it| it.contains("Gap")));
}

#[test]
fn what_is_said_last_by_somebody_ignored_is_known_and_does_not_come_again() {
    let mut chat = ignoring(keeps());
    chat.other_goes_on(0, "one");
    chat.other_goes_on(0, "two");
    chat.wait(Duration::from_secs(2));
    assert_eq!(chat.kept.last().unwrap().after, Some(7));
}

#[test]
fn nor_is_it_in_the_history() {
    let mut chat = ignoring(keeps());
    chat.other_goes_on(0, "hello");
    chat.type_line("/history");
    assert_eq!(
        chat.screen,
        [
            "* ann has joined the chat",
            "* eve has joined the chat",
            "* bob has joined the chat",
            "* bob: hi",
        ]
    );
    chat.screen.clear();
    chat.type_line("/unignore eve");
    assert_eq!(chat.screen, ["* What eve says is shown again."]);
    chat.screen.clear();
    chat.other_goes_on(0, "now");
    chat.type_line("/history 2");
    assert_eq!(chat.screen, ["eve: now", "* eve: hello", "* eve: now"]);
}

#[test]
fn whoever_takes_another_name_is_ignored_under_that_one_and_the_old_name_is_free() {
    let mut chat = ignoring(keeps());
    chat.wait(Duration::from_secs(1));
    chat.other_goes_on(0, "/nick mal");
    chat.wait(Duration::from_secs(1));
    chat.other_goes_on(0, "hello");
    chat.other_says("eve", "I am another one");
    chat.type_line("/ignore");
    chat.type_line("/history 3");
    assert_eq!(
        chat.screen,
        [
            "eve is now known as mal",
            "eve has joined the chat",
            "eve: I am another one",
            "* You ignore mal.",
            "* eve has joined the chat",
            "* eve: I am another one",
        ]
    );
    // What was said under the old name, at that time, is theirs.
    chat.screen.clear();
    chat.type_line("/history");
    assert!(
        !chat.screen.contains(&"* eve: hi".to_string()),
        "{:?}",
        chat.screen
    );
    // A name of theirs that somebody had before is not.
    chat.type_line("/unignore mal");
    chat.screen.clear();
    chat.type_line("/history");
    assert!(chat.screen.contains(&"* eve: hi".to_string()));
}

#[test]
fn another_name_that_was_taken_before_is_not_followed() {
    let mut chat = Chat::joined(keeps());
    chat.wait(Duration::from_secs(1));
    chat.other_says("eve", "hi");
    chat.type_line("/ignore eve");
    chat.screen.clear();
    // Of another room, to which the person comes back later: at that time, it was somebody else.
    chat.forge(
        "{\"type\":\"entry\",\"room\":\"lobby\",\"epoch\":\"00000000000000000000000000000000\",\"seq\":9,\
         \"at\":1,\"kind\":\"renamed\",\"name\":\"eve\",\"text\":\"zoe\"}",
    );
    chat.type_line("/ignore");
    assert_eq!(chat.screen.last().unwrap(), "* You ignore eve.");
}

#[test]
fn whom_one_ignores_is_listed_and_kept_from_run_to_run() {
    let mut chat = Chat::joined(keeps());
    for line in [
        "/ignore",
        "/ignore eve",
        "/ignore Eve",
        "/ignore zo\u{eb}",
        "/unignore ZO\u{cb}",
        "/ignore bob",
        "/ignore ANN",
        "/ignore !",
        "/ignore a b",
        "/unignore carl",
        "/unignore !",
        "/unignore",
    ] {
        chat.type_line(line);
    }
    let told: Vec<&str> = chat.screen.iter().map(String::as_str).collect();
    assert_eq!(
        told[0],
        "* You ignore nobody. /ignore NAME has nothing shown of what NAME says."
    );
    assert_eq!(told[4], "* What ZO\u{cb} says is shown again.");
    let told: Vec<&str> = [&told[..3], &told[5..]].concat();
    assert!(told[1].starts_with("* What eve says,") && told[3].starts_with("* What bob says,"));
    assert_eq!(
        told[2],
        "* You ignore Eve already. /unignore Eve ends that."
    );
    assert_eq!(told[4], "* Not done: that is you.");
    assert!(
        told[5].starts_with("* Not done: \"!\" is not a name: "),
        "{told:?}"
    );
    assert!(told[6].starts_with("* Not done: /ignore takes [NAME] after it, and nothing else."));
    assert_eq!(
        told[7],
        "* You do not ignore carl. /ignore lists whom you do."
    );
    assert!(told[8].starts_with("* Not done: \"!\" is not a name: "));
    assert_eq!(told[9], "* Not done: /unignore takes NAME after it.");
    chat.restart_client(&Setup { seed: 2, ..keeps() });
    chat.type_line("JOIN");
    chat.screen.clear();
    chat.other_says("eve", "hi");
    chat.type_line("/ignore");
    assert_eq!(
        chat.screen,
        ["eve has joined the chat", "* You ignore bob, eve."]
    );
}

#[test]
fn so_many_people_are_ignored_and_one_more_is_not() {
    let mut chat = Chat::joined(keeps());
    for nth in 0..64 {
        chat.type_line(&format!("/ignore n{nth}"));
    }
    assert!(chat.screen.iter().all(|it| it.starts_with("* What n")));
    chat.screen.clear();
    chat.type_line("/ignore eve");
    assert_eq!(
        chat.screen,
        ["* Not done: you ignore 64 people, and these are the most."]
    );
    chat.type_line("/unignore n7");
    chat.type_line("/ignore eve");
    assert!(chat.screen[2].starts_with("* What eve says"));
    assert_eq!(chat.client.memory().ignored.len(), 64);
}

#[test]
fn so_many_names_of_one_are_known_and_the_oldest_is_forgotten() {
    let mut chat = ignoring(keeps());
    for nth in 1..=8 {
        let names = &chat.client.memory().ignored[0].names;
        assert_eq!(names.len(), nth, "the limit is 8");
        chat.other_goes_on(0, &format!("/nick n{nth}"));
    }
    let names = &chat.client.memory().ignored[0].names;
    let all: Vec<&str> = names.iter().map(|it| &*it.name).collect();
    assert_eq!(all, ["n1", "n2", "n3", "n4", "n5", "n6", "n7", "n8"]);
}

#[test]
fn an_answer_goes_to_whoever_was_shown_last_and_not_to_somebody_ignored() {
    let mut chat = ignoring(keeps());
    chat.other_goes_on(0, "/msg ann psst");
    chat.type_line("/reply yes?");
    assert_eq!(
        chat.screen,
        ["* Not sent: nobody who is here has written to you alone."]
    );
    chat.other_goes_on(1, "/msg ann it is me");
    chat.other_goes_on(0, "/msg ann psst");
    chat.other_goes_on(1, "/nick rob");
    chat.screen.clear();
    chat.type_line("/reply I know");
    assert_eq!(chat.screen, ["[PM to rob] I know"]);
    chat.other_goes_on(1, "LEAVE");
    chat.other_says("rob", "I am another one");
    chat.screen.clear();
    chat.type_line("/reply are you?");
    assert_eq!(
        chat.screen,
        ["* Not sent: nobody who is here has written to you alone."]
    );
}

#[test]
fn a_program_that_reads_objects_is_shown_nothing_of_it_either() {
    for many in [false, true] {
        let mut chat = Chat::new(Setup {
            raw: true,
            many,
            ..keeps()
        });
        chat.type_line("JOIN ann");
        chat.other_says("eve", "hi");
        chat.screen.clear();
        chat.type_line("/ignore eve");
        assert!(chat.notices.last().unwrap().starts_with("* What eve says"));
        for line in ["hello", "/me waves", "/msg ann psst"] {
            chat.other_goes_on(0, line);
        }
        assert!(chat.screen.is_empty(), "{:?}", chat.screen);
        chat.type_line("/history");
        let kinds = [
            "\"kind\":\"joined\"",
            "\"kind\":\"joined\"",
            "\"type\":\"page\"",
        ];
        assert_eq!(chat.screen.len(), kinds.len(), "{:?}", chat.screen);
        for (line, kind) in chat.screen.iter().zip(kinds) {
            assert!(line.contains(kind), "{line}");
        }
    }
}

#[test]
fn a_screen_that_reads_back_gets_past_a_page_of_which_nothing_is_shown() {
    let mut chat = Chat::new(Setup {
        many: true,
        ..keeps()
    });
    chat.type_line("JOIN ann");
    chat.other_says("eve", "hi");
    chat.type_line("/ignore eve");
    for nth in 0..5 {
        chat.other_goes_on(0, &format!("line {nth}"));
    }
    chat.screen.clear();
    chat.sent.clear();
    chat.type_line("/history 3");
    assert_eq!(chat.sent.matches("\"history\"").count(), 3, "{}", chat.sent);
    let seqs: Vec<bool> = [1, 2]
        .map(|seq| chat.screen[seq - 1].contains(&format!("\"seq\":{seq},")))
        .into();
    assert_eq!(
        (seqs, chat.screen.len()),
        (vec![true, true], 3),
        "{:?}",
        chat.screen
    );
    // At the beginning, there is nothing to ask for.
    chat.type_line("/unignore eve");
    chat.type_line("/ignore eve");
    chat.sent.clear();
    chat.forge("{\"type\":\"past\",\"room\":\"lobby\",\"epoch\":\"e\",\"seq\":4,\"at\":1,\"kind\":\"said\",\"name\":\"eve\",\"text\":\"x\"}");
    chat.forge("{\"type\":\"page\",\"first\":4,\"head\":9}");
    assert!(!chat.sent.contains("history"), "{}", chat.sent);
    assert!(chat.client.unsent().is_empty());
}
