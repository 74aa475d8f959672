//! Strangers: what speaks another protocol is recognised however it comes, and people are not.

mod openings;
mod skipped;
mod unsaid;

use chat_core::foreign::{Protocol, TABLE};
use chat_core::{Action, CloseReason, ConnId, Input, Limits, MAX_LINE, Server, Timer, Timestamp};
use openings::OPENINGS;
use std::collections::BTreeSet;
use std::time::Duration;

/// What people say that begins as a protocol does, or nearly.
const SENTENCES: &str = include_str!("sentences.txt");

/// When bytes come after a connection was accepted, and how many at a time.
const WAYS: [(&str, u64, usize); 6] = [
    ("at once", 0, usize::MAX),
    ("in single bytes", 0, 1),
    ("in threes", 0, 3),
    ("late", 300, usize::MAX),
    ("late, in single bytes", 300, 1),
    // The first of them make up no line before the time is over.
    ("slowly", 100, 1),
];

/// A server with somebody in the room, and with one who is tried.
pub(crate) struct Room {
    server: Server,
    now: Timestamp,
    ann: ConnId,
    it: ConnId,
    /// What was sent to each.
    pub(crate) to_ann: Vec<u8>,
    pub(crate) to_it: Vec<u8>,
    pub(crate) closed: Option<CloseReason>,
}

impl Room {
    pub(crate) fn new() -> Self {
        let now = Timestamp::ZERO;
        let mut server = Server::new(Limits::default());
        let ann = server.accept(now, 1).unwrap();
        server.handle(now, Input::Received(ann, b"JOIN ann\n"));
        let it = server.accept(now, 2).unwrap();
        let mut room = Self {
            server,
            now,
            ann,
            it,
            to_ann: Vec::new(),
            to_it: Vec::new(),
            closed: None,
        };
        room.settle();
        room.to_ann.clear();
        room
    }

    fn settle(&mut self) {
        loop {
            self.server.pass(self.now, |conn, slices| {
                let got = if conn == self.ann {
                    &mut self.to_ann
                } else {
                    &mut self.to_it
                };
                got.extend(slices.concat());
                slices.iter().map(|slice| slice.len()).sum()
            });
            while let Some(action) = self.server.poll_action() {
                if let Action::Close(_, reason) = action {
                    self.closed = Some(reason);
                }
            }
            match self.server.next_timeout() {
                Some((due, Timer::Resume)) if due <= self.now => {
                    self.server.handle(self.now, Input::Timeout);
                }
                _ => return,
            }
        }
    }

    pub(crate) fn wait(&mut self, ms: u64) {
        self.now = self.now + Duration::from_millis(ms);
        self.server.handle(self.now, Input::Timeout);
        self.settle();
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.server
            .handle(self.now, Input::Received(self.it, bytes));
        self.settle();
    }

    pub(crate) fn end(&mut self) {
        self.server.handle(self.now, Input::Eof(self.it));
        self.settle();
    }

    /// Sends bytes in one of the ways, and closes.
    fn send_in(&mut self, (way, pause, size): (&str, u64, usize), bytes: &[u8]) {
        let mut chunks = bytes.chunks(size.min(bytes.len().max(1)));
        if way == "slowly" {
            for chunk in chunks.by_ref().take(3) {
                self.send(chunk);
                self.wait(pause);
            }
        } else {
            self.wait(pause);
        }
        chunks.for_each(|chunk| self.send(chunk));
        self.end();
    }

    pub(crate) fn heard(&self) -> &str {
        str::from_utf8(&self.to_ann).unwrap()
    }
}

#[test]
fn what_a_stranger_sends_is_never_said_however_it_comes() {
    let protocols: BTreeSet<_> = OPENINGS.iter().map(|opening| opening.1).collect();
    assert!(OPENINGS.len() >= 30 && protocols.len() + 1 == TABLE.len());
    for (name, protocol, bytes) in OPENINGS {
        for way in WAYS {
            let mut room = Room::new();
            room.send_in(way, bytes);
            let what = format!("{name}, {}", way.0);
            assert_eq!(room.closed, Some(CloseReason::Foreign(*protocol)), "{what}");
            let sent = String::from_utf8_lossy(&room.to_it);
            if room.heard().is_empty() {
                assert_eq!(room.to_it, protocol.answer().as_bytes(), "{what}");
                assert!(way.1 < 300, "{what}");
                continue;
            }
            assert!(way.1 > 0, "{what}: {}", room.heard());
            assert_eq!(
                room.heard(),
                "USER2 has joined the chat\nUSER2 has left the chat\n",
                "{what}"
            );
            let mut lines = sent.lines();
            assert_eq!(lines.next(), Some("Welcome to the chatroom!"), "{what}");
            let goodbye = lines.next().unwrap_or_default();
            assert!(
                goodbye.starts_with("* Goodbye: this is a chat server"),
                "{what}: {goodbye}"
            );
            assert_eq!(lines.next(), None, "{what}");
        }
    }
}

#[test]
fn what_people_say_is_said_whatever_word_it_begins_with() {
    let sentences: BTreeSet<_> = SENTENCES.lines().collect();
    assert!(sentences.len() >= 200, "{}", sentences.len());
    for sentence in sentences {
        for way in WAYS {
            for ending in ["\n", "\r\n"] {
                let mut room = Room::new();
                room.send_in(way, format!("{sentence}{ending}").as_bytes());
                let said = format!("USER2: {sentence}\n");
                assert_eq!(
                    room.heard(),
                    format!("USER2 has joined the chat\n{said}USER2 has left the chat\n"),
                    "{sentence:?}, {}",
                    way.0
                );
            }
        }
    }
}

#[test]
fn a_person_says_what_they_like_after_the_first_line() {
    for (name, _, bytes) in OPENINGS {
        let Ok(text) = str::from_utf8(bytes) else {
            continue;
        };
        let line = text.trim_start().lines().next().unwrap_or_default();
        if line.contains(|c: char| c.is_control()) {
            continue;
        }
        let mut room = Room::new();
        room.send(format!("JOIN bob\n{line}\n").as_bytes());
        assert!(room.heard().ends_with(&format!(": {line}\n")), "{name}");
    }
}

#[test]
fn sixty_four_lines_after_a_first_one_that_is_no_join_are_looked_at() {
    for later in [
        "PASS secret",
        "auth secret7",
        "auth bob secret7",
        "password=secret",
        "{\"password\":\"secret\"}",
        "user bob 8 * :Bob",
        "Authorization: Basic dXNlcjpzZWNyZXQ=",
        "\x01\x02",
    ] {
        for before in [0, 1, 7, 8, 62, 63, 64, 65] {
            let mut room = Room::new();
            room.send(b"HELP\n");
            // Blank lines do not count.
            room.send("so\n \n\n".repeat(before).as_bytes());
            room.send(format!("{later}\nand more\n").as_bytes());
            let is_found = before < 64;
            assert_eq!(room.heard().contains("more"), !is_found, "{before}");
            let closed = matches!(room.closed, Some(CloseReason::Foreign(_)));
            assert_eq!(closed || room.to_it.ends_with(b"\n") && is_found, is_found);
            if is_found {
                assert!(room.heard().ends_with("USER2 has left the chat\n"));
                assert!(!room.heard().contains(later), "{later}");
                let told = str::from_utf8(&room.to_it).unwrap();
                assert!(told.contains("* Goodbye: this is a chat server"), "{told}");
            }
        }
    }
    // Of what has no secret in it, people talk.
    for line in [
        "PING",
        "GET /users",
        "NICK CAGE",
        "CLIENT LIST",
        "HTTP/1.1 404 Not Found",
        "Content-Type: application/json",
        "QUIT :bye",
    ] {
        assert!(Protocol::of_line(line.as_bytes()).is_some());
        let mut room = Room::new();
        room.send(format!("hi\n{line}\n").as_bytes());
        assert!(room.heard().ends_with(&format!(": {line}\n")), "{line}");
    }
    // A secret is none of it, whatever came before.
    for (first, line) in [
        ("QUIT", "*2"),
        ("user bob", "pass s3cret"),
        ("hi", "tag LOGIN bob s3cret"),
        ("hi", "auth plain AGJvYgBzM2NyZXQ="),
        ("mode", "authinfo pass s3cret"),
        ("GET / FOO", "Cookie: sid=s3cret"),
        ("{", "  \"password\": \"s3cret\""),
        ("ActionID: 1", "Secret: s3cret"),
    ] {
        let mut room = Room::new();
        room.send(format!("{first}\n{line}\nand more\n").as_bytes());
        assert!(!room.heard().contains(line), "{line}");
        assert!(!room.heard().contains("and more"), "{line}");
    }
}

#[test]
fn a_control_character_that_nobody_types_makes_a_first_line_binary() {
    let keys = *b"\t\r\x07\x08\x0c\x1b\x15\x17";
    for byte in 1..=0x7f_u8 {
        if byte == b'\n' || byte.is_ascii_graphic() {
            continue;
        }
        let line = [b"so ", &[byte][..], b" it"].concat();
        let is_binary = byte < 0x20 && !keys.contains(&byte);
        assert_eq!(
            Protocol::of_line(&line),
            is_binary.then_some(Protocol::Binary),
            "{byte}"
        );
    }
}

#[test]
fn hellos_of_tls_are_all_answered_with_an_alert() {
    let mut state = 1_u64;
    let mut random = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state.to_be_bytes()[0]
    };
    for nth in 0..100 {
        let version = [1, 2, 3, 3][nth % 4];
        let mut hello = vec![0x16, 3, version, 2, 0, 1, 0, 1, 0xfc, 3, 3];
        hello.extend((0..509).map(|_| random()));
        // The type of `supported_groups`.
        hello.splice(60..62, [0, 10]);
        for size in [1, 7, 513] {
            let mut room = Room::new();
            hello.chunks(size).for_each(|chunk| room.send(chunk));
            room.end();
            assert_eq!(room.heard(), "");
            // An alert, of two bytes, fatal, "unexpected message".
            assert_eq!(room.to_it, [0x15, 3, 1, 0, 2, 2, 10]);
        }
    }
}

#[test]
fn a_first_line_over_the_limit_is_recognised_by_its_beginning() {
    let long = |start: &str, length: usize| format!("{start}{}", "a".repeat(length - start.len()));
    for (start, at, over) in [
        ("GET /", None, Some(Protocol::Http)),
        ("PASS ", Some(Protocol::Irc), Some(Protocol::Irc)),
        ("Cookie: a=", Some(Protocol::Http), Some(Protocol::Http)),
        ("see /", None, None),
        ("get me ", None, None),
        // Of these, a sign does not say how they begin.
        ("a", None, None),
        ("AAA", None, None),
    ] {
        let of_line = |length| Protocol::of_line(long(start, length).as_bytes());
        assert_eq!(
            of_line(MAX_LINE - 1),
            at.or(over.filter(|_| start == "GET /")),
            "{start}"
        );
        assert_eq!(of_line(MAX_LINE), over, "{start}");
        for length in [MAX_LINE, MAX_LINE + 1, 3 * MAX_LINE] {
            for size in [1000, usize::MAX] {
                let mut room = Room::new();
                let line = long(start, length) + "\n";
                room.send_in(("", 0, size), line.as_bytes());
                let is_foreign = matches!(room.closed, Some(CloseReason::Foreign(_)));
                assert_eq!(is_foreign, over.is_some(), "{start}, {length}, {size}");
                assert_eq!(
                    room.heard().is_empty(),
                    is_foreign,
                    "{start}, {length}, {size}"
                );
            }
        }
    }
}

#[test]
fn a_zero_byte_counts_within_the_limit_and_not_past_it() {
    for (at, is_foreign) in [
        (0, true),
        (1, true),
        (MAX_LINE - 1, true),
        (MAX_LINE, false),
    ] {
        for size in [1, 4096, usize::MAX] {
            let mut room = Room::new();
            let mut line = vec![b'a'; MAX_LINE + 10];
            line[at] = 0;
            line.push(b'\n');
            room.send_in(("", 0, size), &line);
            let closed = matches!(room.closed, Some(CloseReason::Foreign(Protocol::Binary)));
            assert_eq!(closed, is_foreign, "{at} in {size}s");
        }
    }
}

#[test]
fn a_sign_with_an_open_end_decides_early_within_64_bytes_only() {
    let opening = |length: usize| {
        let start = format!("0033git-upload-pack{}", " ".repeat(length - 19));
        Protocol::of_opening(start.as_bytes())
    };
    assert_eq!(opening(19), None);
    assert_eq!(opening(20), Some(Protocol::Git));
    let far = |before: usize| {
        let line = format!("{}git-upload-pack x", "a".repeat(before));
        assert_eq!(Protocol::of_line(line.as_bytes()), Some(Protocol::Git));
        Protocol::of_opening(line.as_bytes())
    };
    assert_eq!(far(64 - 16), Some(Protocol::Git));
    assert_eq!(far(64 - 15), None);
}

#[test]
fn whatever_has_come_the_same_opening_decides() {
    for (name, protocol, bytes) in OPENINGS {
        let line = bytes.trim_ascii_start();
        let line = line.split(|b| *b == b'\n').next().unwrap();
        let opened = (0..=line.len()).map(|end| Protocol::of_opening(&line[..end]));
        let opened: BTreeSet<_> = opened.flatten().collect();
        assert!(opened.len() <= 1, "{name}: {opened:?}");
        assert!(
            opened.first().is_none_or(|opened| opened == protocol),
            "{name}"
        );
    }
}

#[test]
fn every_answer_is_of_its_protocols_form() {
    let printable =
        |answer: &str| !answer.contains(|c: char| c.is_control() && !"\r\n".contains(c));
    for row in TABLE {
        let stated = row
            .answered
            .strip_prefix('`')
            .and_then(|text| text.strip_suffix('`'));
        if let Some(begins) = stated {
            assert!(row.answer.starts_with(begins), "{}", row.name);
            assert!(
                printable(row.answer) && row.answer.ends_with('\n'),
                "{}",
                row.name
            );
        }
        assert_eq!(
            row.answered == "nothing" || row.protocol.is_none(),
            row.answer.is_empty()
        );
        for sign in row.signs {
            assert!(sign.len() < 64, "{sign}");
            assert!(
                !sign.contains('|'),
                "{sign}: a table has it for the end of a cell"
            );
            let hex = sign.strip_prefix("0x").filter(|hex| !hex.starts_with('…'));
            for byte in hex.iter().flat_map(|hex| hex.split(' ')) {
                assert!(byte == ".." || byte.len() == 2 && u8::from_str_radix(byte, 16).is_ok());
            }
        }
        // Whoever is cut off within an answer gets the rest of its line first.
        assert!(
            row.answer.is_empty() || row.answer.ends_with('\n'),
            "{}",
            row.name
        );
        if let Some(protocol) = row.protocol {
            assert_eq!((protocol.name(), protocol.answer()), (row.name, row.answer));
        }
    }
    let http = Protocol::Http.answer();
    for answer in [http, Protocol::Rtsp.answer()] {
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(format!("{head}\r\n").contains(&format!("Content-Length: {}\r\n", body.len())));
    }
    // The length of a packet of git's counts its own four digits.
    let git = Protocol::Git.answer();
    assert_eq!(usize::from_str_radix(&git[..4], 16), Ok(git.len()));
    // A frame of HTTP/2 begins with the length of what is behind its nine bytes.
    let goaway = &Protocol::Http2.answer().as_bytes()[9..];
    assert_eq!(usize::from(goaway[2]), goaway.len() - 9);
    // In VNC's answer, a reason has its length before it.
    let vnc = Protocol::Vnc.answer().as_bytes();
    assert_eq!(usize::from(vnc[16]), vnc.len() - 17);
}

#[test]
fn blank_lines_before_the_first_line_do_not_count() {
    for blank in ["\n", "\r\n", " \t\n", "\u{a0}\n", "\n\n\n"] {
        let mut room = Room::new();
        room.send(blank.as_bytes());
        assert_eq!(room.heard(), "", "{blank:?}");
        room.send(b"JOIN bob\n");
        assert_eq!(room.heard(), "bob has joined the chat\n", "{blank:?}");

        let mut room = Room::new();
        room.send(blank.as_bytes());
        room.wait(249);
        assert_eq!(room.heard(), "", "{blank:?}");
        room.wait(1);
        assert_eq!(room.heard(), "USER2 has joined the chat\n", "{blank:?}");
        room.send(blank.as_bytes());
        room.send(b"JOIN\nhi\n");
        assert!(room.heard().ends_with("chat\nUSER2: hi\n"), "{blank:?}");

        let mut room = Room::new();
        room.send(blank.as_bytes());
        room.end();
        assert_eq!((room.heard(), room.to_it.len()), ("", 0), "{blank:?}");
    }
}

#[test]
fn a_first_line_that_waits_for_its_turn_has_come_in_time_and_a_blank_one_has_not() {
    for (first, is_in_time) in [
        (&b"\nPASS secret\n"[..], true),
        (b"\x16\x03\x01", true),
        (b"\n \n", false),
    ] {
        let now = Timestamp::ZERO;
        let mut server = Server::new(Limits {
            batch: 1,
            ..Limits::default()
        });
        let ann = server.accept(now, 1).unwrap();
        let it = server.accept(now, 2).unwrap();
        // The batch is full, so that what comes next waits.
        server.handle(now, Input::Received(ann, b"JOIN\n"));
        server.handle(now, Input::Received(it, first));
        let deadline = server
            .next_timeout()
            .filter(|(_, timer)| *timer == Timer::FirstLine)
            .map(|(due, timer)| (due.as_micros(), timer));
        let expected = (!is_in_time).then_some((250_000, Timer::FirstLine));
        assert_eq!(deadline, expected, "{}", first.escape_ascii());
    }
}
