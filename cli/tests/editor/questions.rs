//! Questions that a single key answers, once they can be seen.

use super::world::{LONG, PROMPT, UNSEEN, World, entered};
use chat_cli::editor::{Event, Question};
use std::time::Duration;

#[test]
fn a_question_waits_for_its_key_and_the_line_comes_back() {
    let mut world = World::new(80, 24);
    world.press("draft");
    world.editor.ask(Question {
        text: "Say quit? (y/n) ".into(),
        answers: vec!['y', 'n'],
        cancel: 'n',
    });
    world.draw();
    assert_eq!(world.rows(), ["Say quit? (y/n)"]);
    world.press("xY");
    assert_eq!(world.events(), [Event::Answered('y')]);
    world.draw();
    assert_eq!(world.rows(), ["Say quit? (y/n) y", "draft"]);
}

#[test]
fn words_that_end_other_programs_are_said_only_to_who_means_it() {
    for word in ["quit", "exit", " Exit ", "help", ":q"] {
        let mut world = World::new(80, 24);
        world.press(&format!("{word}\r"));
        world.draw();
        assert!(world.rows()[0].contains("to everyone?"), "{word}");
        world.press("n");
        assert_eq!(world.events(), []);
        assert_eq!(world.editor.typed().text(), word, "it may be changed");
        world.press("\ry");
        assert_eq!(world.events(), entered(&[word]));
    }
    let mut world = World::new(80, 24);
    world.press("quite\r");
    world.editor.prompt(PROMPT);
    world.press("quit\r");
    assert_eq!(world.events(), entered(&["quite", "quit"]));
}

/// A paste that the terminal does not mark: all of it at once, in two pieces, and with its Enter after a pause.
#[test]
fn what_comes_at_once_does_not_answer_its_own_question() {
    for pieces in [
        &[("exit\ry\r", 0)][..],
        &[("exit\ry", 0)],
        &[("exit", 0), ("\ry\r", 24)],
        &[("exit", 0), ("\r", 100), ("y", 24), ("\r", 1)],
        &[("exit", 0), ("\r", 24), ("y\r", 24)],
        &[("help\r\x1b[A", 0), ("y", 24)],
    ] {
        let mut world = World::new(80, 24);
        world.wait(LONG);
        for (bytes, after) in pieces {
            world.wait(Duration::from_millis(*after));
            world.editor.read(world.now, bytes.as_bytes());
        }
        world.wait(LONG);
        world.draw();
        assert!(world.editor.is_asking(), "{pieces:?}");
        let rows = world.rows();
        assert_eq!(rows[0], UNSEEN, "{pieces:?}");
        assert!(rows[1].contains("to everyone? y: yes"), "{pieces:?}");
        assert_eq!(rows.len(), 2, "{pieces:?}");
        assert_eq!(world.events(), []);
        let text = world.editor.typed().text().to_owned();
        world.send("y");
        world.wait(LONG);
        assert_eq!(world.events(), entered(&[&text]), "{pieces:?}");
    }
}

/// An answer is a key that comes 25 ms after the question, and after the key before it.
#[test]
fn a_question_is_answered_once_it_can_be_seen() {
    for (after, is_answered) in [(24, false), (25, true)] {
        let mut world = World::new(80, 24);
        world.press("exit\r");
        world.wait(Duration::from_millis(after));
        world.editor.read(world.now, b"n");
        assert_eq!(world.editor.is_asking(), !is_answered, "{after} ms");
        // Keys that follow without a pause are no answers either.
        world.wait(Duration::from_millis(24));
        world.editor.read(world.now, b"n");
        assert_eq!(world.editor.is_asking(), !is_answered, "{after} ms");
    }
}

/// The next question stands there only when the one before it is answered.
#[test]
fn one_key_answers_one_question() {
    let mut world = World::new(80, 24);
    for text in ["One? ", "Two? "] {
        world.editor.ask(Question {
            text: text.into(),
            answers: vec!['y', 'n'],
            cancel: 'n',
        });
    }
    world.send("yy");
    assert_eq!(world.events(), [Event::Answered('y')]);
    world.press("n");
    assert_eq!(world.events(), [Event::Answered('n')]);
    assert!(!world.editor.is_asking());
}

/// Lines that were typed before the program began.
#[test]
fn what_was_typed_ahead_answers_no_question() {
    let mut world = World::new(80, 24);
    world.editor.prompt(PROMPT);
    world
        .editor
        .read_ahead(world.now, b"JOIN ann\nhi\nexit\ny\n");
    world.wait(LONG);
    assert_eq!(world.events(), entered(&["JOIN ann", "hi"]));
    assert!(world.editor.is_asking());
    world.press("n");
    assert_eq!(world.editor.typed().text(), "exit");
}
