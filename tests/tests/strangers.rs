//! Other protocols at the door of the real server: nothing of what they send is said, or kept.

use std::io::Write;
use std::process::Command;

use chat_tests::{Dir, Raw, Server, chat_server};
use openings::OPENINGS;
use socket2::SockRef;

#[path = "../../core/tests/strangers/openings.rs"]
mod openings;

const SENTENCES: &str = include_str!("../../core/tests/strangers/sentences.txt");

/// How the bytes come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    AtOnce,
    InBytes,
    Late,
    LateInBytes,
}

/// Sends bytes; a server that has closed the connection already need not take the rest of them.
fn send(raw: &Raw, way: Way, bytes: &[u8]) {
    let mut stream = raw.stream();
    let size = match way {
        Way::AtOnce | Way::Late => bytes.len(),
        Way::InBytes | Way::LateInBytes => 1,
    };
    for chunk in bytes.chunks(size) {
        if stream.write_all(chunk).is_err() {
            return;
        }
    }
}

#[test]
fn that_nothing_is_said_of_and_nothing_kept() {
    let dir = Dir::new("strangers");
    let data = dir.path("log");
    let server = Server::with(&["--data", &data]);
    let mut listener = Raw::first_line(server.address(), "JOIN listener");
    for way in [Way::AtOnce, Way::InBytes, Way::Late, Way::LateInBytes] {
        let connect = |_: &_| Raw::connect(server.address());
        let mut raws: Vec<_> = OPENINGS.iter().map(connect).collect();
        for (raw, (.., bytes)) in raws.iter_mut().zip(OPENINGS) {
            if matches!(way, Way::Late | Way::LateInBytes) {
                raw.expect("Welcome to the chatroom!");
            }
            send(raw, way, bytes);
        }
        for (raw, (name, protocol, _)) in raws.iter_mut().zip(OPENINGS) {
            let mut told = raw.rest();
            told.retain(|line| {
                !line.ends_with(" has joined the chat") && !line.ends_with(" has left the chat")
            });
            // On a machine that is busy, single bytes may come so slowly that it has joined by then.
            told.retain(|line| line != "Welcome to the chatroom!");
            let answer: Vec<_> = protocol.answer().split_terminator('\n').collect();
            let is_goodbye = |line: &String| line.starts_with("* Goodbye: this is a chat server");
            let is_late = told.len() == 1 && is_goodbye(&told[0]);
            assert!(is_late || told == answer, "{name}, {way:?}: {told:?}");
            assert!(is_late || way != Way::Late, "{name}, {way:?}: {told:?}");
            assert!(!is_late || way != Way::AtOnce, "{name}, {way:?}: {told:?}");
        }
    }
    // Nobody heard a word of it, and nobody came whose bytes came at once.
    listener.say("/all-read");
    let comes_or_goes = |line: &str| line.ends_with(" the chat") && line.starts_with("USER");
    let mut joined = 0;
    loop {
        let line = listener.line();
        if line.starts_with("* Unknown command /all-read") {
            break;
        }
        assert!(comes_or_goes(&line), "{line:?}");
        joined += usize::from(line.ends_with("joined the chat"));
    }
    assert!(
        joined >= 2 * OPENINGS.len() && joined <= 3 * OPENINGS.len(),
        "{joined}"
    );
    listener.say("leave");
    listener.expect_end();
    drop(server);
    let export = Command::new(chat_server())
        .args(["export", "--data", &data])
        .output()
        .expect("the binaries can be started");
    let kept = String::from_utf8(export.stdout).expect("it is JSON");
    assert!(kept.lines().count() > 2 * joined, "{kept}");
    assert!(
        !kept.contains("\"said\"") && !kept.contains("secret"),
        "{kept}"
    );
}

#[test]
fn that_people_who_begin_alike_are_none_of() {
    let server = Server::start();
    let mut listener = Raw::first_line(server.address(), "JOIN listener");
    for sentence in SENTENCES.lines() {
        let mut raw = Raw::first_line(server.address(), sentence);
        let name = raw.name();
        listener.expect(&format!("{name} has joined the chat"));
        listener.expect(&format!("{name}: {sentence}"));
        raw.say("leave");
        raw.expect_end();
        listener.expect(&format!("{name} has left the chat"));
    }
}

#[test]
fn a_data_mark_of_telnet_that_comes_as_urgent_data_is_skipped_in_its_place() {
    let server = Server::start();
    let mut listener = Raw::first_line(server.address(), "JOIN listener");
    let mut raw = Raw::first_line(server.address(), "JOIN ann");
    listener.expect("ann has joined the chat");
    // Ctrl-C: IP, and a data mark (242) that is urgent; then DO TIMING-MARK.
    raw.send(b"one\xff\xf4\xff");
    let urgent = SockRef::from(raw.stream()).send_out_of_band(&[242]);
    assert_eq!(urgent.expect("the server reads"), 1);
    raw.send(b"\xff\xfd\x06 line\n");
    listener.expect("ann: one line");
    raw.expect_nothing_more();
}
