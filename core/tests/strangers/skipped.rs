//! What is skipped in what a client sends: a byte order mark, and the commands of telnet.

use super::Room;
use chat_core::{CloseReason, Line, LineReader, MAX_LINE};

const MARK: &[u8] = b"\xef\xbb\xbf";

/// Bytes that are no text, as clients of telnet send them.
const COMMANDS: &[&[u8]] = &[
    // Ctrl-C: IP, and DO TIMING-MARK; with a data mark.
    b"\xff\xf4\xff\xfd\x06",
    b"\xff\xf4\xff\xf2\xff\xfd\x06",
    // What PuTTY begins with: window size, terminal speed, terminal type, environment, echo, go ahead.
    b"\xff\xfb\x1f\xff\xfb\x20\xff\xfb\x18\xff\xfb\x27\xff\xfd\x01\xff\xfb\x03\xff\xfd\x03",
    // An option whose number is that of LF, or of CR.
    b"\xff\xfb\n\xff\xfc\r\xff\xfd\n\xff\xfe\n",
    // A window of 10 lines: there is an LF in it; one with 255 columns has IAC twice.
    b"\xff\xfa\x1f\0P\0\n\xff\xf0",
    b"\xff\xfa\x1f\0\xff\xff\0\x18\xff\xf0",
    b"\xff\xfa\x18\0XTERM-256COLOR\xff\xf0",
    // One that is broken off by another command.
    b"\xff\xfa\x18\0X\xff\xf6",
    b"\xff\xff",
    b"\xff\xf0\xff\xf1\xff\xf3\xff\xf5\xff\xf6\xff\xf7\xff\xf8\xff\xf9\xff\xec\xff\xef",
];

/// What comes of bytes in pieces of so many: what ann hears, and what is sent in return.
fn heard(bytes: &[u8], size: usize) -> (String, String) {
    let mut room = Room::new();
    bytes.chunks(size).for_each(|chunk| room.send(chunk));
    room.end();
    let sent = String::from_utf8(room.to_it.clone()).unwrap();
    (room.heard().into(), sent)
}

#[test]
fn commands_of_telnet_are_skipped_wherever_they_are() {
    let text = b"JOIN bob\r\nhello\r\nworld\r\n";
    for command in COMMANDS {
        for at in 0..=text.len() {
            let bytes = [&text[..at], command, &text[at..]].concat();
            for size in [1, 2, 3, bytes.len()] {
                let (heard, sent) = heard(&bytes, size);
                let what = format!("{} at {at}", command.escape_ascii());
                assert_eq!(
                    heard,
                    "bob has joined the chat\nbob: hello\nbob: world\nbob has left the chat\n",
                    "{what}"
                );
                assert_eq!(sent, "Welcome to the chatroom!\n", "{what}");
            }
        }
    }
}

#[test]
fn commands_alone_are_no_line() {
    let mut room = Room::new();
    for command in COMMANDS {
        room.send(command);
    }
    assert_eq!((room.heard(), room.to_it.len()), ("", 0));
    room.send(b"\r\nJOIN\n");
    assert_eq!(room.heard(), "USER2 has joined the chat\n");
    room.send(COMMANDS[0]);
    room.send(b"\r\n");
    room.end();
    assert_eq!(room.to_it, b"Welcome to the chatroom!\n");
}

#[test]
fn what_is_no_command_is_a_byte_that_is_not_utf8() {
    for bytes in [&b"a\xff\n"[..], b"\xff\n", b"\xffb\n", b"a\xff\xebb\n"] {
        for size in [1, 9] {
            let (heard, sent) = heard(&[b"JOIN bob\n", bytes, b"hi\n"].concat(), size);
            assert!(heard.ends_with("chat\nbob: hi\nbob has left the chat\n"));
            assert!(
                sent.contains("* Not sent: the line is not UTF-8.\n"),
                "{sent}"
            );
        }
    }
}

#[test]
fn a_subnegotiation_that_does_not_end_is_over_at_the_limit() {
    for (length, said) in [(MAX_LINE, "hi"), (MAX_LINE + 1, "zhi")] {
        for size in [1, 999, 9999] {
            let mut bytes = b"JOIN bob\n\xff\xfa".to_vec();
            bytes.extend(vec![b'z'; length]);
            let mut room = Room::new();
            bytes.chunks(size).for_each(|chunk| room.send(chunk));
            room.send(b"\xff\xf0hi\n");
            assert_eq!(
                room.heard(),
                format!("bob has joined the chat\nbob: {said}\n")
            );
        }
    }
    // An escaped byte counts as one, and may be the one too many.
    let mut bytes = b"JOIN bob\n\xff\xfa".to_vec();
    bytes.extend(b"\xff\xff".repeat(MAX_LINE + 1));
    bytes.extend(b"hi\n");
    assert!(heard(&bytes, 1).0.contains("bob: hi\n"));
}

#[test]
fn in_json_every_byte_counts() {
    let mut room = Room::new();
    room.send(
        b"\xff\xfd\x01JOIN {\"name\":\"bot\"}\n\xff\xf6{\"type\":\"ping\"}\n{\"type\":\"leave\"}\n",
    );
    let sent = String::from_utf8(room.to_it.clone()).unwrap();
    assert!(sent.contains("\"code\":\"not_utf8\""), "{sent}");
    assert!(!sent.contains("pong"), "{sent}");
}

#[test]
fn a_byte_order_mark_is_skipped_before_everything_else() {
    for (first, heard_of) in [
        ("JOIN bob\n", "bob has joined the chat\n"),
        ("JOIN {\"name\":\"bot\"}\n", "bot has joined the chat\n"),
        ("hello\n", "USER2 has joined the chat\nUSER2: hello\n"),
        ("\nhello\n", "USER2 has joined the chat\nUSER2: hello\n"),
    ] {
        for size in [1, 2, 99] {
            for bytes in [
                [MARK, first.as_bytes()].concat(),
                [b"\xff\xf6", MARK, first.as_bytes()].concat(),
                [b"\xef\xff\xf6\xbb\xbf", first.as_bytes()].concat(),
            ] {
                let mut room = Room::new();
                bytes.chunks(size).for_each(|chunk| room.send(chunk));
                assert_eq!(room.heard(), heard_of, "{first:?} in {size}s");
            }
        }
    }
    let mut room = Room::new();
    room.send(&[MARK, b"PASS secret\n"].concat());
    assert!(matches!(room.heard(), ""));
    assert!(String::from_utf8_lossy(&room.to_it).starts_with("ERROR :"));
    room.end();
    assert!(matches!(room.closed, Some(CloseReason::Foreign(_))));
}

#[test]
fn a_byte_order_mark_elsewhere_and_a_part_of_one_are_text() {
    let (heard, _) = heard("JOIN bob\n\u{feff}hi\n".as_bytes(), 1);
    assert!(heard.contains("bob: \u{feff}hi\n"));
    for (bytes, line) in [
        (&b"\xef\xbb\xbf\xef\xbb\xbfa\n"[..], &b"\xef\xbb\xbfa"[..]),
        (b"\xef\xbba\n", b"\xef\xbba"),
        (b"\xefa\n", b"\xefa"),
        (b"\xef\n", b"\xef"),
        // Half a mark, and IAC that begins no command.
        (b"\xef\xff\xbb\n", b"\xef\xff\xbb"),
    ] {
        for size in [1, 2, 9] {
            let mut reader = LineReader::new(9).skipping_mark().skipping_telnet();
            let mut lines = Vec::new();
            for mut chunk in bytes.chunks(size) {
                while let Some(Line::Whole(line)) = reader.next(&mut chunk) {
                    lines.push(line.to_vec());
                }
            }
            assert_eq!(lines, [line], "{} in {size}s", bytes.escape_ascii());
        }
    }
    // A mark does not count for the length of its line.
    let mut reader = LineReader::new(3).skipping_mark();
    let mut chunk: &[u8] = b"\xef\xbb\xbfabc\nabcd\n";
    assert_eq!(reader.next(&mut chunk), Some(Line::Whole(b"abc")));
    assert_eq!(reader.next(&mut chunk), Some(Line::TooLong(b"abc")));
}

#[test]
fn a_part_of_a_mark_at_the_end_is_a_line_that_is_not_ended() {
    let mut room = Room::new();
    room.send(&MARK[..2]);
    room.end();
    let sent = String::from_utf8(room.to_it.clone()).unwrap();
    assert_eq!(
        sent,
        "* Not sent: the last line did not end with a newline.\n"
    );
}
