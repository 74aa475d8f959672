//! Passwords: shown nowhere, and said in no way.

use super::world::{LONG, UNSEEN, World, entered};

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
        world.press("open sesame\ropen sesame\r");
        assert_eq!(world.events(), entered(&["/claim open sesame"]));
    }
}

#[test]
fn a_new_password_is_entered_twice_and_only_the_same_is_sent() {
    const AGAIN: &str = "The same password again:";
    const FIRST: &str = "Password (it is not shown):";
    for command in ["/claim", "/PASSWD"] {
        let mut world = World::new(80, 24);
        world.press(&format!("{command}\ropen sesame\r"));
        world.draw();
        assert_eq!(world.rows(), [command, FIRST, AGAIN]);
        assert_eq!(world.events(), []);
        world.press("open sesame\r");
        let whole = format!("{command} open sesame");
        assert_eq!(world.events(), entered(&[&whole]));
        for other in ["open sesamf\r", "\r", "\x03", "\x1b"] {
            world.press(&format!("{command}\ropen sesame\r{other}"));
            assert_eq!(world.events(), [], "{other:?}");
            assert_eq!(world.editor.typed().text(), "");
        }
        world.draw();
        let rows = world.rows().join("\n");
        assert_eq!(
            rows.matches("the two passwords are not the same").count(),
            1
        );
        assert!(!String::from_utf8(world.written).unwrap().contains("sesam"));
    }
}
