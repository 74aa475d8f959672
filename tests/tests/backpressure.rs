//! A client that is held up holds up whoever feeds it: it neither loses lines nor keeps them all in memory.

#![cfg(target_os = "linux")]

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use chat_tests::{DEADLINE, Process, chat_client, loopback, memory};

/// A line, its ending included; a round number of them makes a chunk.
const LINE: usize = 128;
const CHUNK: usize = 512 * LINE;
const BOUND: u64 = 32 * 1024 * 1024;
const MORE_THAN_THE_BOUND: usize = 1024 * CHUNK;

/// A chunk of lines that begin like this.
fn chunk(start: &str) -> Vec<u8> {
    let line = format!("{start:x<0$}\n", LINE - 1);
    line.repeat(CHUNK / LINE).into_bytes()
}

/// A client that has joined a fake server: the client, its input and output, and the server's end of the connection.
fn joined() -> (Process, ChildStdin, ChildStdout, TcpStream) {
    let listener = TcpListener::bind(loopback(0)).expect("there are free ports");
    let address = listener.local_addr().expect("it is bound");
    let mut process = Process::spawn(
        Command::new(chat_client())
            .args(["--text", &address.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null()),
    );
    let child = process.child();
    let mut input = child.stdin.take().expect("it is piped");
    let output = child.stdout.take().expect("it is piped");
    input.write_all(b"JOIN\n").expect("the client reads");
    let (mut server, _) = listener.accept().expect("the client connects");
    let mut first = String::new();
    BufReader::new(&server)
        .read_line(&mut first)
        .expect("the client says something");
    assert_eq!(first, "JOIN\n");
    server
        .write_all(b"Welcome to the chatroom!\n")
        .expect("the client reads");
    server
        .set_read_timeout(Some(DEADLINE))
        .expect("a socket has options");
    (process, input, output, server)
}

#[test]
fn a_server_that_does_not_read_holds_up_the_input() {
    let (client, mut input, _output, mut server) = joined();
    let taken = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&taken);
    let writer = thread::spawn(move || {
        let chunk = chunk("");
        while counter.load(Ordering::Relaxed) < MORE_THAN_THE_BOUND {
            input.write_all(&chunk).expect("the client lives");
            counter.fetch_add(CHUNK, Ordering::Relaxed);
        }
        input
    });
    wait_until_it_stands_still(&taken);
    assert!(
        !writer.is_finished(),
        "the client read what it could not send"
    );
    let held = memory(client.id()).peak;
    assert!(held < BOUND, "the client holds {held} bytes");

    let mut received = vec![0; CHUNK];
    let sent = chunk("");
    for _ in 0..MORE_THAN_THE_BOUND / CHUNK {
        server
            .read_exact(&mut received)
            .expect("the client goes on");
        assert!(received == sent, "what was typed is what is sent");
    }
    drop(writer.join().expect("a writer does not panic"));
}

#[test]
fn a_screen_that_nobody_looks_at_holds_up_the_server() {
    let (client, _input, output, mut server) = joined();
    server
        .set_write_timeout(Some(Duration::from_secs(2)))
        .expect("a socket has options");
    let chunk = chunk("USER1: ");
    let mut sent = 0;
    let blocked = loop {
        match server.write(&chunk[sent % CHUNK..]) {
            Ok(length) => sent += length,
            Err(error) => break error.kind(),
        }
        assert!(
            sent < MORE_THAN_THE_BOUND,
            "the client reads what it cannot show"
        );
    };
    assert!(matches!(
        blocked,
        ErrorKind::WouldBlock | ErrorKind::TimedOut
    ));
    let held = memory(client.id()).peak;
    assert!(held < BOUND, "the client holds {held} bytes");

    let shown = thread::spawn(move || {
        BufReader::new(output)
            .lines()
            .filter(|line| matches!(line, Ok(line) if line.starts_with("USER1: ")))
            .count()
    });
    server
        .set_write_timeout(Some(DEADLINE))
        .expect("a socket has options");
    let rest = &chunk[sent % CHUNK..];
    server.write_all(rest).expect("the client goes on");
    drop(server);
    let shown = shown.join().expect("a reader does not panic");
    assert_eq!(shown, (sent + rest.len()) / LINE);
}

/// Waits until the number has not changed for a second.
fn wait_until_it_stands_still(number: &AtomicUsize) {
    let mut before = usize::MAX;
    for _ in 0..30 {
        let now = number.load(Ordering::Relaxed);
        if now == before {
            return;
        }
        before = now;
        thread::sleep(Duration::from_secs(1));
    }
    panic!("still more is taken");
}
