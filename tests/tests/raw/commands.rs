//! Lines that begin with a slash.

use chat_tests::Raw;

use crate::room;

#[test]
fn who_names_everyone() {
    let (server, mut listener) = room();
    let _alice = Raw::first_line(server.address(), "JOIN alice");
    let _bob = Raw::first_line(server.address(), "JOIN bob");
    listener.expect("alice has joined the chat");
    listener.expect("bob has joined the chat");
    for who in ["/who", "/WHO", "/Who"] {
        listener.say(who);
        let answer = answer(&mut listener);
        for name in ["listener", "alice", "bob"] {
            assert!(answer.contains(name), "{answer}");
        }
    }
}

#[test]
fn help_names_every_command() {
    let (_server, mut listener) = room();
    for help in ["/help", "/HELP"] {
        listener.say(help);
        let answer = answer(&mut listener);
        for command in ["/who", "/help", "leave", "//"] {
            assert!(answer.contains(command), "{answer}");
        }
    }
}

#[test]
fn that_do_not_exist_are_answered() {
    let (server, mut listener) = room();
    let mut raw = Raw::join(server.address());
    listener.expect(&format!("{} has joined the chat", raw.name()));
    for unknown in ["/foo", "/whoami", "/part"] {
        raw.say(unknown);
        raw.expect_start(&format!("* Unknown command {unknown}"));
    }
    raw.say("/");
    raw.expect_start("* ");
    raw.say("/foo\x1b[2J");
    let answer = raw.line();
    assert!(!answer.contains('\x1b'), "{answer:?}");
    listener.expect_nothing_more();
}

/// All lines of the answer, which ends where the answer to another question begins.
fn answer(raw: &mut Raw) -> String {
    raw.say("/end");
    let mut lines = Vec::new();
    loop {
        let line = raw.line();
        assert!(line.starts_with("* "), "{line:?} is private");
        if line.starts_with("* Unknown command /end") {
            return lines.join("\n");
        }
        lines.push(line);
    }
}
