//! Back-ups while people talk: each opens, and is the beginning of the history.
//!
//! `CHAT_TEST_TIMES=50` makes as many of them as that.
#![cfg(unix)]

use chat_tests::{Dir, Raw, Server, Signal, chat_server, times};
use std::io::Write;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(chat_server());
    let output = command.args(arguments).output().expect("it starts");
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    output
}

/// What is exported of a history: an entry a line. The last line, which counts them, is left out.
fn exported(dir: &str) -> String {
    let text = String::from_utf8(run(&["export", "--data", dir]).stdout).expect("it is UTF-8");
    let (entries, _) = text.trim_end().rsplit_once('\n').expect("it has lines");
    format!("{entries}\n")
}

#[test]
fn every_backup_under_load_opens_and_is_a_prefix_of_the_history() {
    let dir = Dir::new("backup-load");
    let data = dir.path("history");
    let mut server = Server::with(&["--data", &data, "--rate", "0"]);
    let is_over = Arc::new(AtomicBool::new(false));
    let said = Arc::new(AtomicU64::new(0));
    let speakers = (0..4).map(|number| {
        let raw = Raw::first_line(server.address(), &format!("JOIN speaker{number}"));
        let mut stream = raw.stream().try_clone().expect("it can be");
        let reader = thread::spawn(move || {
            let mut raw = raw;
            raw.rest()
        });
        let (is_over, said) = (Arc::clone(&is_over), Arc::clone(&said));
        let writer = thread::spawn(move || {
            while !is_over.load(Ordering::SeqCst) {
                let line = said.fetch_add(1, Ordering::SeqCst);
                let line = format!("line {line} {}\n", "x".repeat(200));
                stream.write_all(line.as_bytes()).expect("the server reads");
                thread::sleep(Duration::from_millis(5));
            }
            stream.write_all(b"LEAVE\n").expect("the server reads");
        });
        (reader, writer)
    });
    let speakers: Vec<_> = speakers.collect();
    let copies: Vec<String> = (0..times(3))
        .map(|number| dir.path(&format!("copy{number}")))
        .collect();
    for copy in &copies {
        let before = said.load(Ordering::SeqCst);
        run(&["admin", "--data", &data, "backup", copy]);
        run(&["check", "--data", copy]);
        assert!(said.load(Ordering::SeqCst) > before, "nobody waited for it");
    }
    is_over.store(true, Ordering::SeqCst);
    for (reader, writer) in speakers {
        writer.join().expect("it spoke to the end");
        reader.join().expect("it read to the end");
    }
    server.process.signal(Signal::TERM);
    assert_eq!(server.process.exit_code(), 0);
    let whole = exported(&data);
    let mut length = 0;
    for copy in &copies {
        let part = exported(copy);
        assert!(
            whole.starts_with(&part),
            "{copy} is no prefix of the history"
        );
        assert!(part.lines().count() > 1, "{copy} has no entry");
        assert!(part.len() >= length, "{copy} has less than the one before");
        length = part.len();
        // A server goes on with it.
        if copy == &copies[0] {
            let mut second = Server::with(&["--data", copy]);
            second.process.signal(Signal::TERM);
            assert_eq!(second.process.exit_code(), 0);
        }
    }
}
