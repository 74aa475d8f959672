//! Names for a shell that completes them, and the commands that a shell has itself.

use super::chat::Chat;
use chat_core::{Client, Setup};

#[test]
fn who_is_here_is_asked_once_and_shown_to_nobody() {
    let mut chat = Chat::new(Setup::default());
    chat.other_says("bob", "hello");
    chat.client.ask_names();
    chat.type_line("JOIN ann");
    assert!(!chat.sent.contains("who"), "there is no connection");
    chat.screen.clear();
    chat.sent.clear();
    chat.client.ask_names();
    chat.client.ask_names();
    chat.run();
    chat.client.ask_names();
    chat.run();
    assert_eq!(chat.sent, "{\"type\":\"who\"}\n");
    assert_eq!(chat.screen, [""; 0]);
    let names = chat.client.poll_names();
    assert_eq!(names.as_deref(), Some("* In the room (1): bob"));
    assert_eq!(chat.client.poll_names(), None);
    // Whoever asks is answered, also where both ask at once.
    chat.type_line("/who");
    assert_eq!(chat.screen, ["* In the room (2): ann, bob"]);
    chat.cut();
    chat.wait(super::chat::SOON);
    chat.screen.clear();
    chat.is_stuck = true;
    chat.client.ask_names();
    chat.type_line("/who");
    chat.is_stuck = false;
    chat.run();
    assert_eq!(chat.screen, ["* In the room (2): ann, bob"]);
    assert!(chat.client.poll_names().is_some());
    chat.screen.clear();
    chat.type_line("/who");
    assert_eq!(chat.screen.len(), 1, "and afterwards");
}

#[test]
fn names_are_of_the_room_where_one_is() {
    let mut chat = Chat::joined(Setup::default());
    chat.client.ask_names();
    chat.run();
    chat.client.poll_names();
    chat.type_line("/join dev");
    chat.sent.clear();
    chat.client.ask_names();
    chat.run();
    assert_eq!(chat.sent, "{\"type\":\"who\",\"room\":\"dev\"}\n");
    // A list of another room is what somebody asked for.
    chat.screen.clear();
    chat.type_line("/who lobby");
    assert_eq!(chat.screen.len(), 1);
}

#[test]
fn a_program_that_reads_objects_is_not_given_what_it_did_not_ask_for() {
    let mut chat = Chat::new(Setup {
        raw: true,
        ..Setup::default()
    });
    chat.type_line("JOIN ann");
    chat.screen.clear();
    chat.client.ask_names();
    chat.run();
    assert_eq!(chat.screen, [""; 0]);
    assert!(chat.client.poll_names().is_some());
}

#[test]
fn commands_of_the_shell_are_in_the_help_and_are_what_may_have_been_meant() {
    let mut chat = Chat::joined(Setup {
        commands: vec![("clear", "clear the screen")],
        ..Setup::default()
    });
    chat.type_line("/help");
    let help = std::mem::take(&mut chat.screen);
    assert_eq!(help.last().unwrap(), "* /clear: clear the screen");
    chat.sent.clear();
    chat.type_line("/claer");
    chat.type_line("/unsnet");
    chat.type_line("/Clear it");
    assert_eq!(
        chat.screen,
        [
            "* Unknown command /claer. Did you mean /clear?",
            "* Unknown command /unsnet. Did you mean /unsent?",
            "* /clear: clear the screen",
        ]
    );
    assert_eq!(chat.sent, "", "no server sees them");
}
