//! What is pasted: it is typed, said or asked about, and never a command.

use super::world::{LONG, PROMPT, UNSEEN, World, entered, pasted, said};
use std::time::Duration;

#[test]
fn a_paste_is_asked_about_and_never_read_as_commands() {
    let lines: Vec<String> = (1..=142)
        .map(|n| match n {
            41 => "leave".into(),
            42 => "/leave".into(),
            43 => "JOIN".into(),
            _ => format!("line {n}"),
        })
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let text = lines.join("\n") + "\n";
    // Whether the terminal says that it is a paste, or not.
    for bytes in [pasted(&text), text.replace('\n', "\r")] {
        for (answer, events) in [
            ("y", said(&lines)),
            ("n", vec![]),
            ("\x03", vec![]),
            ("\r\x1b", vec![]),
        ] {
            let mut world = World::new(80, 24);
            world.send(&bytes);
            world.wait(Duration::from_secs(1));
            assert_eq!(world.events(), []);
            assert!(world.editor.is_pasting());
            world.draw();
            assert_eq!(
                world.rows().last().map(String::as_str),
                Some("Say 142 pasted lines? y: yes, n: no, o: as one")
            );
            world.press(answer);
            world.wait(LONG);
            assert_eq!(world.events(), events);
            assert!(!world.editor.is_pasting());
            assert!(world.editor.typed().is_empty());
        }
        let mut world = World::new(80, 24);
        world.send(&bytes);
        world.wait(Duration::from_secs(1));
        world.press("o");
        world.wait(LONG);
        assert_eq!(world.events(), said(&[&lines.join(" ")]));
    }
}

#[test]
fn three_pasted_lines_are_said_and_four_are_asked_about() {
    let mut world = World::new(80, 24);
    world.press("see: ");
    world.paste("leave\n/who\nb");
    assert_eq!(world.events(), said(&["see: leave", "/who"]));
    assert_eq!(world.editor.typed().text(), "b");
    world.paste("1\n2\n3\n");
    assert_eq!(world.events(), said(&["b1", "2", "3"]));
    world.paste("1\n2\n3\n4");
    assert_eq!(world.events(), []);
    world.press("y");
    assert_eq!(world.events(), said(&["1", "2", "3", "4"]));
}

/// What is pasted after a command is for it alone: nothing of it is said to everyone.
#[test]
fn what_is_pasted_after_a_command_is_typed_as_one_line() {
    let lines = "my secret one\n  my secret two\n";
    let many = "1\n2\n\n3\n4";
    for (text, typed) in [
        (lines, "/msg bob my secret one my secret two"),
        (many, "/msg bob 1 2 3 4"),
    ] {
        for bytes in [pasted(text), text.replace('\n', "\r")] {
            let mut world = World::new(80, 24);
            world.press("/msg bob ");
            world.send(&bytes);
            world.wait(Duration::from_secs(1));
            assert_eq!(world.events(), [], "{bytes:?}");
            assert_eq!(world.editor.typed().text(), typed, "{bytes:?}");
            world.press("\r");
            assert_eq!(world.events(), entered(&[typed]));
        }
    }
    let mut world = World::new(80, 24);
    world.press("/msg bob x\x01");
    world.paste("one\ntwo\n");
    assert_eq!(world.events(), [], "nor before it");
    // What is said is said, and lines that are typed ahead are lines.
    let mut world = World::new(80, 24);
    world.press("//msg ");
    world.paste("one\ntwo\n");
    assert_eq!(world.events(), said(&["//msg one", "two"]));
    world.press("/who");
    world.send("\rhello\r");
    world.wait(LONG);
    assert_eq!(world.events(), entered(&["/who", "hello"]));
}

#[test]
fn a_command_in_several_lines_is_not_sent_and_stays() {
    for text in ["/msg bob one\ntwo", "one\n/msg bob two", "/who\n"] {
        let mut world = World::new(80, 24);
        world.editor.allow_lines();
        for (n, row) in text.split('\n').enumerate() {
            world.send(if n > 0 { "\x1b\r" } else { "" });
            world.press(row);
        }
        world.press("\r");
        world.draw();
        assert_eq!(world.events(), [], "{text}");
        assert_eq!(world.editor.typed().text(), text);
        let seen = world.rows().concat();
        assert!(
            seen.contains("Not sent: a command takes one line"),
            "{seen}"
        );
    }
    // What another program has made of it is not said either.
    for text in ["/msg bob one\ntwo\n", "\n /msg bob one\n2\n3\n4\n5\n"] {
        let mut world = World::new(80, 24);
        world.editor.allow_lines();
        world.editor.edited(text);
        world.press("o");
        assert_eq!(world.events(), [], "{text}");
        assert!(!world.editor.is_asking());
    }
    let mut world = World::new(80, 24);
    world.editor.allow_lines();
    world.press("//one");
    world.send("\x1b\r");
    world.press("two\r");
    assert_eq!(world.events(), entered(&["//one\ntwo"]));
}

#[test]
fn a_pasted_line_is_typed() {
    let mut world = World::new(80, 24);
    world.press("ac\x02");
    world.paste("b\x1b[31m\tb\n");
    assert_eq!(world.editor.typed().text(), "ab?[31m\tbc");
    world.editor.prompt(PROMPT);
    world.paste("JOIN\nhello\n");
    assert_eq!(world.events(), [], "it answers nothing");
}

#[test]
fn a_paste_that_goes_on_is_no_answer() {
    let mut world = World::new(80, 24);
    world.send("one\r2\r3\r4\r");
    world.wait(Duration::from_millis(200));
    assert!(world.editor.is_asking());
    world.send("yes\rno\r");
    world.wait(Duration::from_millis(200));
    assert!(world.editor.is_asking());
    assert_eq!(world.events(), []);
    world.press("y");
    world.wait(LONG);
    assert_eq!(world.events(), said(&["one", "2", "3", "4", "yes", "no"]));
}

#[test]
fn pastes_that_are_too_long_are_told() {
    let mut world = World::new(80, 24);
    let long = "x".repeat(4097);
    world.paste(&format!("a\n{long}\n"));
    world.paste(&"x".repeat(1024 * 1024 + 1));
    world.paste(&"x".repeat(64 * 1024 + 1));
    world.draw();
    assert_eq!(world.events(), []);
    assert_eq!(
        world.rows(),
        [
            "* Not sent: line 2 of what was pasted has 4097 bytes; 4096 are the most.",
            "* Not taken: 1048577 bytes were pasted; 1048576 are the most.",
            "* Not taken: 65537 more bytes make the line too long.",
        ]
    );
}

#[test]
fn a_marked_paste_does_not_answer_its_own_question_either() {
    for (rest, told) in [("y", UNSEEN), ("y\r", UNSEEN), ("\r", ""), ("\x03", "")] {
        let mut world = World::new(80, 24);
        world.send(&(pasted("1\n2\n3\n4\n") + rest));
        world.wait(LONG);
        world.draw();
        let question = "Say 4 pasted lines? y: yes, n: no, o: as one";
        let rows = world.rows();
        let expected = [told, question];
        let expected: Vec<_> = expected.into_iter().filter(|row| !row.is_empty()).collect();
        assert_eq!(rows, expected, "{rest:?}");
        assert_eq!(world.events(), []);
        world.press("y");
        assert_eq!(world.events(), said(&["1", "2", "3", "4"]), "{rest:?}");
    }
}
