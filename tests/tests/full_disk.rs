//! A disk that is full: nothing more is accepted, everyone is told, and what was accepted is there.
#![cfg(unix)]

use chat_core::json::{Code, Message};
use chat_tests::{Server, chat_server};
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::Command;

/// So many blocks of 512 or 1,024 bytes may a file have.
const BLOCKS: u32 = 1200;

/// Says lines of this many bytes.
const LENGTH: usize = 4000;

/// Says lines until the server says goodbye, or `most` are accepted: the numbers and ids of those
/// that were, and why it ended.
fn say_until_the_end(server: &Server, most: usize) -> (BTreeMap<u64, String>, Option<Code>) {
    let mut stream = TcpStream::connect(server.address()).expect("it listens");
    writeln!(stream, "JOIN {{\"name\":\"ann\"}}").expect("it is read");
    let lines = BufReader::new(stream.try_clone().expect("a socket can be cloned")).lines();
    let mut accepted = BTreeMap::new();
    let mut next = 0;
    for line in lines.map_while(Result::ok) {
        match serde_json::from_str(&line).expect("an object") {
            Message::Accepted { id, seq } => {
                accepted.insert(seq, id.unwrap_or_default().into_owned());
            }
            Message::Bye { code, .. } => return (accepted, Some(code)),
            Message::Welcome { .. } => {}
            _ => continue,
        }
        if accepted.len() == most {
            break;
        }
        next += 1;
        let text = "x".repeat(LENGTH);
        let say = serde_json::json!({"type": "say", "id": next.to_string(), "text": text});
        writeln!(stream, "{say}").expect("it is read");
    }
    (accepted, None)
}

/// The shell's limit on the size of files comes with a signal, SIGXFSZ, which ends a program that does not ask
/// for anything else.
#[test]
fn a_full_disk_ends_the_server_loudly_and_loses_nothing_that_was_accepted() {
    let dir = std::env::temp_dir().join(format!("chat-full-{}", std::process::id()));
    let data = dir.to_str().expect("it is text");
    let limited = format!(
        "ulimit -f {BLOCKS}; exec {:?} --listen 127.0.0.1:0 --data {data:?}",
        chat_server()
    );
    let mut command = Command::new("sh");
    command.args(["-c", &limited]);
    let mut server = Server::launch(command, 1);
    let (accepted, code) = say_until_the_end(&server, usize::MAX);
    assert_eq!(code, Some(Code::NotKept));
    assert!(accepted.len() > 10, "{} were accepted", accepted.len());
    assert_eq!(server.process.exit_code(), 1);
    let log = server.log.rest().join("\n");
    assert!(log.contains("there is no room"), "{log}");

    let mut server = Server::with(&["--data", data]);
    let (more, code) = say_until_the_end(&server, 3);
    assert_eq!((more.len(), code), (3, None), "there is room again");
    server.process.kill();
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
    for (seq, id) in accepted.iter().chain(&more) {
        assert_eq!(kept.get(seq), Some(id), "entry {seq}");
    }
    fs::remove_dir_all(dir).expect("it is there");
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
