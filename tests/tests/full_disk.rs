//! A disk that is full: the server goes on, everyone is told, and what was accepted is there.
#![cfg(target_os = "linux")]

use chat_core::json::{Code, Message};
use chat_tests::{Raw, Server, Signal, chat_server};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Lines, Write};
use std::net::TcpStream;
use std::process::Command;
use std::thread;
use std::time::Duration;

/// So many bytes may a file have.
const ROOM: u64 = 5 << 20;

/// Says lines of this many bytes.
const LENGTH: usize = 4000;

/// Somebody who says lines with ids.
struct Talker {
    stream: TcpStream,
    lines: Lines<BufReader<TcpStream>>,
    said: u64,
    /// The numbers and ids of those that were accepted.
    accepted: BTreeMap<u64, String>,
}

impl Talker {
    fn join(server: &Server, name: &str) -> Self {
        let mut stream = TcpStream::connect(server.address()).expect("it listens");
        writeln!(stream, "JOIN {{\"name\":\"{name}\"}}").expect("it is read");
        let copy = stream.try_clone().expect("a socket can be cloned");
        Self {
            stream,
            lines: BufReader::new(copy).lines(),
            said: 0,
            accepted: BTreeMap::new(),
        }
    }

    fn send(&mut self, object: &serde_json::Value) {
        // In one write: the rest of a line would wait for an answer to its beginning.
        let line = format!("{object}\n");
        self.stream.write_all(line.as_bytes()).expect("it is read");
    }

    /// Says something; whether it was accepted, or why not.
    fn says(&mut self, text: &str) -> Result<(), Code> {
        self.said += 1;
        let id = self.said.to_string();
        self.send(&serde_json::json!({"type": "say", "id": id, "text": text}));
        for line in self.lines.by_ref().map_while(Result::ok) {
            match serde_json::from_str(&line).expect("an object") {
                Message::Accepted {
                    room: None, seq, ..
                } => {
                    self.accepted.insert(seq, id);
                    return Ok(());
                }
                Message::Error {
                    code, id: given, ..
                } => {
                    assert_eq!(given.as_deref(), Some(&*id), "{line}");
                    return Err(code);
                }
                Message::Bye { code, .. } => panic!("sent away: {code:?}"),
                _ => {}
            }
        }
        panic!("the server closed the connection")
    }
}

/// Lets a server's files have so many bytes.
fn allow(server: &Server, bytes: Option<u64>) {
    let process = i32::try_from(server.process.id())
        .ok()
        .and_then(Pid::from_raw);
    let limit = Rlimit {
        current: bytes,
        maximum: None,
    };
    prlimit(process, Resource::Fsize, limit).expect("it is ours");
}

/// A limit on the size of files comes with a signal, SIGXFSZ, which ends a program that does not ask for anything
/// else.
#[test]
fn a_full_disk_ends_nothing_and_loses_nothing_that_was_accepted() {
    let dir = std::env::temp_dir().join(format!("chat-full-{}", std::process::id()));
    let data = dir.to_str().expect("it is text");
    let mut server = Server::with(&["--data", data]);
    allow(&server, Some(ROOM));
    let mut ann = Talker::join(&server, "ann");
    let long = "x".repeat(LENGTH);
    let refused = loop {
        if let Err(code) = ann.says(&long) {
            break code;
        }
    };
    assert_eq!(refused, Code::DiskFull);
    let said = ann.accepted.len();
    assert!(said > 500, "{said} were accepted");
    assert_eq!(ann.says("short"), Err(Code::DiskFull));
    let mut bob = Raw::connect(server.address());
    bob.say("JOIN bob");
    bob.expect("* Goodbye: the server's disk is full; try again later.");
    // Reading goes on.
    ann.send(&serde_json::json!({"type": "history", "limit": 1}));
    let page = ann
        .lines
        .find(|line| line.as_ref().is_ok_and(|line| line.contains("\"page\"")));
    assert!(page.is_some());
    // So does leaving.
    let mut idle = ann;
    idle.send(&serde_json::json!({"type": "leave"}));
    server.transcript.wait_for("ann has left the chat");
    assert!(server.process.runs());

    allow(&server, None);
    // It looks once a second.
    thread::sleep(Duration::from_secs(3));
    let mut cat = Talker::join(&server, "cat");
    for _ in 0..3 {
        assert_eq!(cat.says(&long), Ok(()), "there is room again");
    }
    server.process.signal(Signal::TERM);
    assert_eq!(server.process.exit_code(), 0);
    let told = server.log.rest().join("\n");
    // It is no disk that is full here.
    assert!(told.contains("`ulimit -f`"), "{told}");

    let export = Command::new(chat_server())
        .args(["export", "--data", data])
        .output();
    let export = export.expect("it can be started").stdout;
    let mut kept = BTreeMap::new();
    for line in String::from_utf8(export).expect("it is UTF-8").lines() {
        let entry: serde_json::Value = serde_json::from_str(line).expect("an object");
        if let (Some(seq), Some(id)) = (entry["seq"].as_u64(), entry["id"].as_str()) {
            kept.insert(seq, id.to_string());
        }
    }
    let accepted: BTreeMap<u64, String> = idle.accepted.into_iter().chain(cat.accepted).collect();
    assert_eq!(kept, accepted);
    fs::remove_dir_all(dir).expect("it is there");
}

/// So few files can be open that there is no server: it says what to raise, wherever it is short of them.
#[test]
fn a_limit_on_open_files_is_told_at_the_start() {
    let dir = std::env::temp_dir().join(format!("chat-few-files-{}", std::process::id()));
    for most in [12, 16] {
        let limited = format!(
            "ulimit -n {most}; exec {:?} --listen 127.0.0.1:0 --data {dir:?}",
            chat_server()
        );
        let ended = Command::new("sh").args(["-c", &limited]).output();
        let ended = ended.expect("it can be started");
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(1), "{said}");
        assert!(said.contains("`ulimit -n`"), "{said}");
    }
    let _ = fs::remove_dir_all(dir);
}

/// There is no room for a history at all.
#[test]
fn a_disk_without_any_room_is_told_at_the_start() {
    let dir = std::env::temp_dir().join(format!("chat-no-room-{}", std::process::id()));
    for upkeep in ["", "import"] {
        let limited = format!(
            "ulimit -f 8; exec {:?} {upkeep} {} --data {:?}",
            chat_server(),
            if upkeep.is_empty() {
                "--listen 127.0.0.1:0"
            } else {
                ""
            },
            dir.join(format!("data{upkeep}"))
        );
        let ended = Command::new("sh").args(["-c", &limited]).output();
        let ended = ended.expect("it can be started");
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(1), "{said}");
        assert!(said.contains("room"), "{said}");
    }
    let _ = fs::remove_dir_all(dir);
}
