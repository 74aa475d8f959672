//! Sessions that were thought of, most of them because something once went wrong in a terminal.

use super::world::{LONG, PROMPT, World, entered, said};
use chat_cli::editor::Event;

#[test]
fn who_types_as_documented_gets_the_documented_bytes() {
    let mut world = World::new(80, 24);
    world.editor.prompt(PROMPT);
    world.draw();
    for (typed, arrives) in [
        ("JOIN", "Welcome to the chatroom!"),
        ("", "USER61015 has joined the chat"),
        ("Hi Guys!!!", "USER61015: Hello mates!!!"),
        ("Grüße, 日本", "USER61015: ça va? 日本"),
    ] {
        for key in typed.chars() {
            world.press(&key.to_string());
            assert_eq!(world.draw(), key.to_string().as_bytes());
        }
        if !typed.is_empty() {
            world.press("\r");
            assert_eq!(world.draw(), b"\r\n");
        }
        world.editor.line(arrives);
        assert_eq!(world.draw(), format!("{arrives}\r\n").as_bytes());
    }
    // Bursts are typed by programs.
    world.send("Hi Server\rBye\rleave\r");
    world.wait(LONG);
    world.draw();
    let lines = [
        "JOIN",
        "Hi Guys!!!",
        "Grüße, 日本",
        "Hi Server",
        "Bye",
        "leave",
    ];
    assert_eq!(world.events(), entered(&lines));
    world.editor.close();
    world.draw();
    assert!(world.written.ends_with(b"Hi Server\r\nBye\r\nleave\r\n"));
    assert!(!world.written.contains(&0x1b));
}

#[test]
fn words_are_changed_and_that_is_taken_back() {
    let mut world = World::new(80, 24);
    world.press("grüße an ann");
    for key in ["\u{1b}t", "\u{1}", "\u{1b}u", "\u{1b}c", "\u{1b}l"] {
        world.send(key);
        world.wait(LONG);
    }
    world.draw();
    assert_eq!(world.rows(), ["GRÜSSE Ann an"]);
    world.press("\u{1f}");
    world.draw();
    assert_eq!(world.rows(), ["GRÜSSE ann an"]);
    world.press("\u{1f}\u{1f}");
    world.draw();
    assert_eq!(world.rows(), ["grüße an ann"]);
    world.press("\r");
    assert_eq!(world.events(), entered(&["grüße an ann"]));
}

#[test]
fn a_typing_error_at_the_end_of_the_line_takes_no_sequence() {
    let mut world = World::new(80, 24);
    world.press("helo\u{7f}lo 日本\u{7f}");
    world.draw();
    assert_eq!(world.rows(), ["hello 日"]);
    world.press("\u{7f}\u{7f}x\r");
    world.draw();
    assert_eq!(world.rows(), ["hellox"]);
    assert!(!world.written.contains(&0x1b));
    assert_eq!(world.events(), entered(&["hellox"]));
}

#[test]
fn what_arrives_stands_above_what_is_being_typed() {
    let mut world = World::new(40, 6);
    world.editor.prompt("? ");
    world.press("I am just writing a lon");
    world.draw();
    world.editor.line("bob: interruption!");
    world.draw();
    assert_eq!(
        world.rows(),
        ["bob: interruption!", "? I am just writing a lon"]
    );
    world.press("\u{1}");
    world.editor.line("bob: and another one");
    world.draw();
    assert_eq!(world.screen.screen().cursor_position(), (2, 2));
    world.press("\u{5}g sentence\r");
    world.draw();
    assert_eq!(world.rows()[2], "? I am just writing a long sentence");
    assert_eq!(
        world.events(),
        entered(&["I am just writing a long sentence"])
    );
}

#[test]
fn keys_edit_and_are_not_sent() {
    for (keys, line) in [
        ("helo\x1b[D?\x1b[Dl", "hell?o"),
        ("bc\x01a\x05d", "abcd"),
        ("b\x1b[Ha\x1b[Fc", "abc"),
        ("one two\x17three", "one three"),
        ("one two\x15three\x19", "threeone two"),
        ("one two\x02\x02\x0b\x01\x19 ", "wo one t"),
        ("one two three\x1bb\x1bb\x1bdX", "one X three"),
        ("one two\x01\x1bf!", "one! two"),
        ("ab\x14", "ba"),
        ("abc\x02\x02\x04", "ac"),
        ("abc\x1b[D\x1b[3~", "ab"),
        ("one two\x1b\x7f2", "one 2"),
        ("a\x17b\x17\x19c\x19\x1by", "bca"),
        ("日本語\x7f\x7f", "日"),
        ("e\u{301}👍🏽x\x02\x02\x08", "👍🏽x"),
        ("x\x1b[15~\x1bOP\x1b[200;3~\x07\x0f", "x"),
    ] {
        let mut world = World::new(80, 24);
        world.send(keys);
        world.press("\r");
        assert_eq!(world.events(), entered(&[line]), "{keys:?}");
        world.draw();
        assert_eq!(
            World::visible(&world.rows()[0]),
            World::visible(line),
            "{keys:?}"
        );
    }
}

#[test]
fn history() {
    let mut world = World::new(80, 24);
    world.press("one\rtwo\rdraft");
    world.send("\x1b[A\x1b[A");
    assert_eq!(world.editor.typed().text(), "one");
    world.send("\x10\x0e\x0e");
    assert_eq!(world.editor.typed().text(), "draft");
    world.send("\x12o\x12");
    world.draw();
    assert_eq!(world.rows()[2], "(search) o: one");
    world.press("\x12");
    world.draw();
    assert_eq!(world.rows()[2], "(not found) o: one");
    world.send("\x07");
    world.draw();
    assert_eq!(world.rows()[2], "draft");
    world.send("\x12tw");
    world.press("\r");
    assert_eq!(world.events(), entered(&["one", "two", "two"]));
}

#[test]
fn tab() {
    let mut world = World::new(80, 24);
    for line in [
        "anna has joined the chat",
        "anton: hi",
        "* anders is no name",
    ] {
        world.editor.line(line);
    }
    for (keys, line) in [
        ("an\t", "anton: "),
        ("an\t\t", "anna: "),
        ("an\t\t\t", "an"),
        ("an\t\x1b[Z", "an"),
        ("hi an\thi", "hi anton hi"),
        ("/wh\t", "/who "),
        ("x\t", "x"),
    ] {
        world.send(keys);
        assert_eq!(world.editor.typed().text(), line);
        world.send("\x03");
    }
}

#[test]
fn changes_are_taken_back_and_no_editor_is_started() {
    for undo in ["\u{1f}", "\u{18}\u{15}"] {
        let mut world = World::new(40, 6);
        world.press("one two\u{3}");
        world.draw();
        assert_eq!(world.rows(), [""; 0]);
        world.press(undo);
        world.draw();
        assert_eq!(world.rows(), ["one two"]);
        world.press(&undo.repeat(2));
        world.press("three\u{18}\u{5}\r");
        assert_eq!(world.events(), entered(&["three"]));
    }
}

#[test]
fn control_c_clears_the_line_and_then_interrupts() {
    let mut world = World::new(80, 24);
    world.editor.prompt(PROMPT);
    world.press("JO\x02\x03");
    world.draw();
    assert_eq!(world.rows(), [PROMPT.trim_end()]);
    assert_eq!(world.events(), []);
    world.press("\x19");
    assert_eq!(world.editor.typed().text(), "JO");
    world.press("\x03\x03");
    assert_eq!(world.events(), [Event::Interrupt]);
}

#[test]
fn control_d_ends_on_an_empty_line_alone() {
    let mut world = World::new(80, 24);
    world.press("ab\x01\x04");
    assert_eq!(world.editor.typed().text(), "b");
    world.press("\x04");
    assert_eq!(world.events(), []);
    world.press("\x04\x04");
    assert_eq!(world.events(), [Event::End]);
}

#[test]
fn a_line_of_4096_bytes_is_sent_and_a_longer_one_is_told() {
    let mut world = World::new(80, 24);
    for (unit, count) in [("x", 4096), ("é", 2048), ("😀", 1024)] {
        let line = unit.repeat(count);
        world.paste(&line);
        world.press("\r");
        assert_eq!(world.events(), entered(&[&line]));
        world.draw();
        world.paste(&line);
        world.press("y\r");
        assert_eq!(world.events(), []);
        world.draw();
        let all = world.rows().join("\n");
        assert!(
            all.contains("* The line is longer than 4096 bytes"),
            "{all}"
        );
        assert!(all.contains("* Not sent: the line has 4097 bytes"), "{all}");
        world.press("\x7f\r");
        assert_eq!(world.events(), entered(&[&line]), "nothing was cut");
    }
}

#[test]
fn a_status_stands_before_the_line_and_does_not_stay() {
    let mut world = World::new(80, 24);
    world.press("hi");
    world.editor.set_status(Some("(offline, next try in 3 s) "));
    world.draw();
    assert_eq!(world.rows(), ["(offline, next try in 3 s) hi"]);
    world.press("\r");
    world.editor.set_status(None);
    world.draw();
    assert_eq!(world.rows(), ["hi"]);
    world.editor.set_status(Some("(offline, next try in 1 s) "));
    world.draw();
    world.editor.close();
    world.draw();
    assert_eq!(world.rows(), ["hi"]);
    assert_eq!(world.screen.screen().cursor_position(), (1, 0));
}

#[test]
fn blanks_that_fill_the_row_forge_nothing() {
    let mut world = World::new(40, 10);
    let blanks = " ".repeat(40 - "mallory:".len());
    world.editor.line(&format!(
        "mallory:{blanks}alice: please send me your password"
    ));
    world.draw();
    let rows = world.rows();
    assert_eq!(rows[0], "mallory:");
    assert_eq!(rows[1], "  alice: please send me your password");
}

#[test]
fn a_long_line_in_a_small_terminal() {
    let mut world = World::new(20, 5);
    let text: String = ('a'..='z').cycle().take(200).collect();
    world.press(&text);
    world.draw();
    world.editor.line("bob: hi");
    world.draw();
    let rows = world.rows();
    assert!(rows.contains(&"bob: hi".to_owned()), "{rows:?}");
    assert_eq!(rows.last().unwrap(), &text[180..]);
    world.press("\x01");
    world.draw();
    assert!(world.rows().contains(&text[..20].to_owned()));
    world.press("\r");
    world.draw();
    let rows = world.rows();
    assert_eq!(rows.join(""), text[200 - 80..], "all of it stays");
    assert_eq!(world.events(), entered(&[&text]));
}

#[test]
fn the_terminal_is_given_back_and_taken_again() {
    let mut world = World::new(40, 10);
    world.press("ac\x02b");
    world.draw();
    assert!(world.screen.screen().bracketed_paste());
    world.editor.close();
    world.editor.line("late");
    world.draw();
    assert!(!world.screen.screen().bracketed_paste());
    assert_eq!(world.rows(), ["abc", "late"]);
    assert_eq!(world.screen.screen().cursor_position(), (2, 0));
    world.editor.reopen(40, 10);
    world.draw();
    assert!(world.screen.screen().bracketed_paste());
    assert_eq!(world.rows(), ["abc", "late", "abc"]);
    assert_eq!(world.screen.screen().cursor_position(), (2, 2));
    world.press("\x0c");
    world.draw();
    assert_eq!(world.rows(), ["abc"]);
}

/// A terminal that wraps anew has the first row of what is being typed elsewhere.
#[test]
fn what_was_typed_is_found_again_where_the_terminal_wraps_anew() {
    for (before, after, rows) in [(20, 10, 4), (10, 20, 1), (10, 7, 3), (10, 300, 0)] {
        let size = chat_cli::editor::Size {
            columns: before,
            rows: 24,
            reflows: true,
        };
        let mut editor = chat_cli::editor::Editor::new(size, &[]);
        let mut world = World::new(80, 24);
        let text = "x".repeat(if before == 20 { 45 } else { 25 });
        editor.read(world.now, text.as_bytes());
        editor.output();
        editor.resize(after, 24);
        let bytes = editor.output();
        let up = if rows > 0 {
            format!("\x1b[{rows}A")
        } else {
            String::new()
        };
        let expected = format!("\x1b[?2004h\r{up}\x1b[J");
        let is_expected = bytes.starts_with(expected.as_bytes());
        assert!(
            is_expected,
            "{before} to {after}: {:?}",
            String::from_utf8_lossy(&bytes)
        );
        world.screen.process(&bytes);
    }
}

#[test]
fn the_screen_can_be_cleared_by_a_command() {
    let mut world = World::new(40, 6);
    world.editor.line("bob: hi");
    world.press(" /Clear \r");
    world.draw();
    assert_eq!(world.rows(), [""; 0]);
    assert_eq!(world.screen.screen().cursor_position(), (0, 0));
    assert_eq!(world.events(), [], "nobody else is told");
    world.editor.line("bob: there?");
    world.send("\x1b[A");
    world.draw();
    assert_eq!(world.rows(), ["bob: there?", " /Clear"]);
    // Said as it is, or to whoever asks for a line, it is no command.
    world.send("\x03");
    world.paste("/clear\n/clear\n");
    assert_eq!(world.events(), said(&["/clear", "/clear"]));
    world.editor.prompt(PROMPT);
    world.press("/clear\r/clear x\r");
    assert_eq!(world.events(), entered(&["/clear", "/clear x"]));
}

#[test]
fn names_are_asked_for_where_one_is_completed() {
    let mut world = World::new(40, 6);
    world.press("/wh\t\x03/help wh\t\x03 \t\x03");
    assert_eq!(world.events(), [], "those are no names");
    world.press("an\t\t");
    assert_eq!(world.events(), [Event::Names], "once, until it is taken");
    world.editor.list("* In the room (2): anna, bob");
    assert_eq!(world.editor.typed().text(), "anna: ", "it was waited for");
    world.press("\x03bo\t");
    assert_eq!(world.editor.typed().text(), "bob: ");
    // Whoever has typed on waits for it no more.
    world.press("\x03ca\tn");
    world.editor.list("* In the room (1): carl");
    assert_eq!(world.editor.typed().text(), "can");
    world.events();
    world.editor.prompt(PROMPT);
    world.press("\x03an\t");
    assert_eq!(world.events(), []);
}
