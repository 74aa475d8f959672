//! Sessions that were thought of, most of them because something once went wrong in a terminal.

use super::world::{LONG, World, pasted};
use chat_cli::editor::{Event, Question};
use std::time::Duration;

const PROMPT: &str = "Please type JOIN to join the Chatroom : ";

fn entered(lines: &[&str]) -> Vec<Event> {
    lines
        .iter()
        .map(|line| Event::Entered((*line).into()))
        .collect()
}

fn said(lines: &[&str]) -> Vec<Event> {
    lines
        .iter()
        .map(|line| Event::Said((*line).into()))
        .collect()
}

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
fn a_password_is_said_in_no_way() {
    let told = |world: &mut World| {
        world.draw();
        let seen = world.rows().join(" ");
        assert!(seen.contains("takes a password"), "{seen}");
        assert_eq!(world.events(), []);
    };
    for typed in [
        " /claim sesame",
        "  /LOGIN ann sesame",
        "\u{a0}/passwd sesame",
    ] {
        let mut world = World::new(80, 24);
        world.press(&format!("{typed}\r"));
        told(&mut world);
        assert_eq!(world.editor.typed().text(), typed, "it is still there");
    }
    for (text, answer) in [
        ("hello\n/claim sesame\n", ""),
        ("1\n2\n3\n  /passwd sesame\n4\n", "y"),
        ("/login ann sesame\n2\n3\n4", "o"),
    ] {
        let mut world = World::new(80, 24);
        world.paste(text);
        world.press(answer);
        told(&mut world);
    }
    let mut world = World::new(80, 24);
    world.editor.allow_lines();
    world.press("hello");
    world.send("\x1b\r");
    world.press(" /claim sesame\r");
    told(&mut world);
    // It is taken where it is a command, and said by whoever means it.
    let mut world = World::new(80, 24);
    world.press("/claim sesame\r//claim sesame\rsay /claim it\r");
    let all = ["/claim sesame", "//claim sesame", "say /claim it"];
    assert_eq!(world.events(), entered(&all));
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
fn a_password_that_is_asked_for_is_shown_nowhere_and_is_no_line_to_come_back_to() {
    let mut world = World::new(80, 24);
    world.press("/login ann\r");
    world.draw();
    assert_eq!(world.rows(), ["/login ann", "Password (it is not shown):"]);
    world.press("open sesame");
    world.draw();
    world.editor.line("bob: hi");
    world.draw();
    world.press("\r");
    world.draw();
    assert_eq!(
        world.rows(),
        ["/login ann", "bob: hi", "Password (it is not shown):"]
    );
    assert_eq!(world.events(), entered(&["/login ann open sesame"]));
    // Nor is one that was typed with its command.
    world.press("hello\r/claim open says me\r");
    world.draw();
    world.events();
    world.send("\x1b[A");
    world.draw();
    assert_eq!(world.editor.typed().text(), "hello");
    let written = String::from_utf8(world.written).unwrap();
    assert!(!written.contains("sesame"), "{written}");
}

#[test]
fn a_password_that_is_typed_with_its_command_is_masked_and_kept_nowhere() {
    let mut world = World::new(80, 24);
    world.editor.allow_lines();
    world.press("older\x15");
    for command in ["/claim ", "/LOGIN ann ", "  /passwd "] {
        let trimmed = command.trim_start();
        for cut in ["\x15", "\x03", "\x17\x17\x17", "\x01\x0b"] {
            world.press(&format!("{command}sesame"));
            world.draw();
            let row = world.rows().pop().unwrap();
            assert_eq!(row, format!("{command}••••••"));
            world.press(cut);
            assert_eq!(world.editor.typed().text().trim(), "", "{cut:?}");
            world.press("\x15\x19\x1f\x1f\x1f");
            world.draw();
            let typed = world.editor.typed().text().to_owned();
            assert!(!typed.contains("sesame"), "{cut:?}: {typed}");
            world.press("\x03");
        }
        world.events();
        world.press(&format!("{trimmed}sesame"));
        world.send("\x18\x05");
        assert_eq!(world.events(), [], "nobody is to write it to a file");
        world.press("\r");
        assert_eq!(world.events(), entered(&[&format!("{trimmed}sesame")]));
        world.press("\x1f");
        world.send("\x1b[A");
        assert_eq!(world.editor.typed().text(), "");
        world.draw();
    }
    let written = String::from_utf8(world.written).unwrap();
    assert!(!written.contains("sesame") && written.contains("/claim ••••••\r\n"));
}

#[test]
fn whoever_gives_no_password_sends_no_command() {
    let mut world = World::new(80, 24);
    world.press("/claim\r\rhello\r/claim\rhalf of it\x03/passwd\ronce more\x15\rthere\r");
    world.draw();
    assert_eq!(world.events(), entered(&["hello", "there"]));
}

const UNSEEN: &str = "* Not taken: what came before the question could be seen is no answer.";

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

#[test]
fn what_comes_at_once_is_no_password() {
    for bytes in ["/claim\rwords\r", "/claim\rwords"] {
        let mut world = World::new(80, 24);
        world.send(bytes);
        world.wait(LONG);
        world.draw();
        let rows = world.rows();
        assert_eq!(rows, ["/claim", UNSEEN, "Password (it is not shown):"]);
        assert_eq!(world.events(), []);
        world.press("open sesame\r");
        assert_eq!(world.events(), entered(&["/claim open sesame"]));
    }
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
