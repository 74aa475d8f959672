//! Lines that are not said: secrets wherever they come soon, and other requests of other protocols as first lines.

use super::{Room, WAYS};
use chat_core::CloseReason;
use chat_core::foreign::Protocol;

/// Secrets, as programs send them or as they are pasted, one on a line.
const SECRETS: &str = include_str!("secrets.txt");

/// What clients of other protocols send that has no secret in it, one on a line.
const REQUESTS: &str = include_str!("requests.txt");

/// Whether what was sent was of another protocol, with nothing of it said.
fn is_unsaid(room: &Room) -> bool {
    matches!(room.closed, Some(CloseReason::Foreign(_))) && !room.heard().contains(": ")
}

#[test]
fn a_line_of_another_protocol_is_not_said_however_it_comes() {
    let lines = || SECRETS.lines().chain(REQUESTS.lines());
    assert!(lines().count() >= 60);
    for line in lines() {
        for way in WAYS {
            for ending in ["\n", "\r\n"] {
                let mut room = Room::new();
                room.send_in(way, format!("{line}{ending}").as_bytes());
                assert!(is_unsaid(&room), "{line}, {}: {}", way.0, room.heard());
            }
        }
    }
}

#[test]
fn a_secret_is_not_said_soon_after_a_first_line() {
    for line in SECRETS.lines() {
        let mut room = Room::new();
        room.send(format!("so\n{line}\nand more\n").as_bytes());
        room.end();
        assert!(matches!(room.closed, Some(CloseReason::Foreign(_))));
        assert!(
            room.heard().ends_with(": so\nUSER2 has left the chat\n"),
            "{line}"
        );
        let told = str::from_utf8(&room.to_it).unwrap();
        assert!(told.ends_with("type JOIN first to say that.\n"), "{told}");
    }
}

#[test]
fn what_is_not_seen_before_a_line_hides_no_secret() {
    for unseen in [
        "\u{feff}",
        "\u{feff}\u{feff}",
        "\n\u{feff}",
        "\r\n\u{feff}\u{feff}",
        "\u{200b}",
        "\u{a0}",
        "\u{3000}\u{2800}",
        "\x1b[A",
        "\x1b[1;5D\x1b[B",
        "\x1b",
        "\x08\x08",
        "\x7f",
        "\u{85}",
        " \t",
    ] {
        for line in SECRETS.lines() {
            for way in [WAYS[0], WAYS[1], WAYS[3]] {
                let mut room = Room::new();
                room.send_in(way, format!("{unseen}{line}\n").as_bytes());
                assert!(
                    is_unsaid(&room),
                    "{unseen:?}, {line}, {}: {}",
                    way.0,
                    room.heard()
                );
            }
            let line = format!("{}{line}", unseen.trim_start_matches(['\r', '\n']));
            assert!(Protocol::of_later_line(line.as_bytes()).is_some(), "{line}");
        }
    }
    // It is no line by itself, and a message goes on having it.
    let mut room = Room::new();
    room.send("\x1b[Ahi\n".as_bytes());
    assert!(room.heard().ends_with("USER2: ?[Ahi\n"), "{}", room.heard());
}

#[test]
fn a_password_and_a_key_have_a_length() {
    for (line, is_secret) in [
        ("auth hunt2", false),
        ("auth hunte2", true),
        ("auth 2hunte", false),
        ("auth hunter", false),
        ("auth v2hunt", false),
        ("auth va2hunt", true),
        ("bearer aaaaaaaaaaaaaa1", false),
        ("bearer aaaaaaaaaaaaaaa1", true),
        ("bearer aaaaaaaaaaaaaaaa", false),
        ("bearer aaaaaaaaaaaaaaaA", true),
        ("bearer Aaaaaaaaaaaaaaaa", false),
        ("bearer aaaaaaaaaaaaaaa=", true),
        ("bearer aaaaaaaaaaaaa:a1", false),
        ("bearer aaaaaaaaaaaaaaa1 too", false),
    ] {
        let found = Protocol::of_line(line.as_bytes());
        assert_eq!(found.is_some(), is_secret, "{line}: {found:?}");
        assert_eq!(Protocol::of_later_line(line.as_bytes()), found, "{line}");
    }
}

#[test]
fn marks_before_a_first_line_are_no_part_of_it() {
    for marks in [
        "\u{feff}\u{feff}",
        "\n\u{feff}",
        "\r\n\u{feff}\u{feff}",
        "\u{feff}\n\u{feff}",
    ] {
        for (line, heard) in [
            ("hello", "USER2 has joined the chat\nUSER2: hello\n"),
            ("JOIN bob", "bob has joined the chat\n"),
            ("JOIN {\"name\":\"bot\"}", "bot has joined the chat\n"),
        ] {
            for size in [1, 99] {
                let mut room = Room::new();
                let bytes = format!("{marks}{line}\n");
                bytes
                    .as_bytes()
                    .chunks(size)
                    .for_each(|chunk| room.send(chunk));
                assert_eq!(room.heard(), heard, "{marks:?}{line} in {size}s");
            }
        }
    }
    // Neither are they of bytes, in whatever pieces these come.
    for size in [1, 4, 99] {
        let mut room = Room::new();
        let bytes = b"\n\xef\xbb\xbf\x10\x0c\0\x04MQTT";
        bytes.chunks(size).for_each(|chunk| room.send(chunk));
        room.end();
        assert_eq!(
            room.closed,
            Some(CloseReason::Foreign(Protocol::Mqtt)),
            "{size}"
        );
    }
}

#[test]
fn lines_that_end_with_cr_alone_are_lines_to_the_recogniser() {
    for line in SECRETS.lines().chain(REQUESTS.lines()) {
        for (before, after) in [("", "\rNICK bob\rx"), ("\r \r", "\rand more")] {
            let bytes = format!("{before}{line}{after}\r\n");
            for way in WAYS {
                let mut room = Room::new();
                room.send_in(way, bytes.as_bytes());
                assert!(is_unsaid(&room), "{bytes:?}, {}", way.0);
            }
        }
    }
    for line in SECRETS.lines() {
        for line in [
            format!("so\r{line}\rso"),
            format!("{}{line}", "so\r".repeat(15)),
        ] {
            assert!(Protocol::of_line(line.as_bytes()).is_some(), "{line:?}");
            assert!(
                Protocol::of_later_line(line.as_bytes()).is_some(),
                "{line:?}"
            );
        }
    }
    // Of what has no secret in it, people talk, and no more parts are looked at than that.
    let far = format!("{}PASS secret", "so\r".repeat(16));
    for line in ["so\rPING\rso", "so\rGET /users", &far] {
        assert_eq!(Protocol::of_line(line.as_bytes()), None, "{line:?}");
        assert_eq!(Protocol::of_later_line(line.as_bytes()), None, "{line:?}");
    }
}

#[test]
fn bytes_of_a_later_line_decide_before_it_ends() {
    for (first, later) in [
        (&b"hello\n"[..], &b"\x16\x03\x01\x02\0\x01"[..]),
        (b"hello\n", b"\x16\x03"),
        (b"hello\nso\n\n", b"\x04\x01"),
        (b"\x80\n", &[0; 22]),
        (b"hello\n", b"what \0"),
    ] {
        for size in [1, 99] {
            let mut room = Room::new();
            let bytes = [first, later].concat();
            bytes.chunks(size).for_each(|chunk| room.send(chunk));
            let told = str::from_utf8(&room.to_it).unwrap();
            let what = later.escape_ascii();
            assert!(told.contains("* Goodbye: this is a chat server"), "{what}");
            assert!(room.heard().ends_with(" has left the chat\n"), "{what}");
        }
    }
    for bytes in [
        &b"hello\n-----BEGIN PRIVATE KEY-----"[..],
        b"JOIN bob\n\x16\x03\x01",
    ] {
        let mut room = Room::new();
        room.send(bytes);
        assert!(!room.heard().contains("left"), "{}", bytes.escape_ascii());
    }
}
