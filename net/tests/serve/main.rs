//! The server's shell over streams in memory: faults of one connection, of accepting, and of the disk.

#[path = "../disk/mod.rs"]
mod disk;
mod keeping;
mod log;
mod room;
mod visits;

use chat_core::Limits;
use chat_net::Options;
use room::{Room, line};
use std::io;
use std::num::NonZeroUsize;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout};

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_connections_stream_ends_that_connection() {
    let room = Room::open(Limits::default());
    let mut ann = room.join(1).await;
    let mut bob = room.join(2).await;
    let mut cat = room.join(3).await;
    for _ in 0..2 {
        line(&mut ann).await;
    }
    line(&mut bob).await;
    bob.write_all(b"boom!\n").await.unwrap();
    assert_eq!(line(&mut ann).await, "USER2 has left the chat\n");
    assert_eq!(line(&mut cat).await, "USER2 has left the chat\n");
    assert_eq!(line(&mut bob).await, "", "closed");
    cat.write_all(b"still here\n").await.unwrap();
    assert_eq!(line(&mut ann).await, "USER3: still here\n");
    room.join(4).await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_what_all_share_ends_the_server_and_says_so() {
    let told = log::Lines::default();
    let _log = tracing::subscriber::set_default(told.clone());
    let room = Room::open(Limits::default());
    let mut ann = room.join(1).await;
    // The screen is what all share, and nobody can write to it any more.
    let shown = std::sync::Arc::clone(&room.shown);
    let poisoned = std::thread::spawn(move || {
        let _lock = shown.lock();
        panic!("a fault of ours");
    });
    assert!(poisoned.join().is_err());
    let _bob = room.connect(2, 1024).write_all(b"JOIN\n").await;
    let ended = timeout(Duration::from_secs(1), room.server).await;
    assert!(ended.expect("it ends").unwrap_err().is_panic());
    let told = told.take().join("\n");
    assert!(
        told.contains("the server is not in the state that it must be in"),
        "{told}"
    );
    let mut rest = Vec::new();
    ann.read_to_end(&mut rest).await.unwrap();
    assert!(!String::from_utf8_lossy(&rest).contains("Goodbye"));
}

#[tokio::test(start_paused = true)]
async fn failing_to_accept_backs_off_and_recovers_while_the_room_goes_on() {
    let room = Room::open(Limits::default());
    let mut ann = room.join(1).await;
    let mut bob = room.join(2).await;
    line(&mut ann).await;
    let start = Instant::now();
    // Three times out of descriptors: 50, 100, 200 ms.
    room.failures
        .lock()
        .unwrap()
        .extend((0..3).map(|_| io::Error::other("too many open files")));
    let mut cat = room.connect(3, 1024);
    cat.write_all(b"JOIN\n").await.unwrap();
    // Wakes the server; the listener fails from here on.
    bob.write_all(b"hi\n").await.unwrap();
    assert_eq!(line(&mut ann).await, "USER2: hi\n");
    bob.write_all(b"still here\n").await.unwrap();
    assert_eq!(line(&mut ann).await, "USER2: still here\n");
    assert_eq!(line(&mut cat).await, "Welcome to the chatroom!\n");
    assert_eq!(start.elapsed().as_millis() / 10, 35, "the pauses add up");
    assert!(room.failures.lock().unwrap().is_empty());
}

/// A subscriber for which a failure to accept takes so long that the pause after it is over.
struct SlowLog;

impl tracing::Subscriber for SlowLog {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        *metadata.level() == tracing::Level::WARN
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn event(&self, _: &tracing::Event<'_>) {
        std::thread::sleep(Duration::from_millis(70));
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

/// Time goes on by itself here, and nobody but the timer wakes the server.
#[tokio::test]
async fn a_pause_that_is_over_before_it_is_waited_for_ends_all_the_same() {
    let _slow = tracing::subscriber::set_default(SlowLog);
    let room = Room::open(Limits::default());
    let error = io::Error::other("too many open files");
    room.failures.lock().unwrap().push_back(error);
    let mut ann = room.connect(1, 1024);
    ann.write_all(b"JOIN\n").await.unwrap();
    let welcome = timeout(Duration::from_secs(5), line(&mut ann)).await;
    assert_eq!(welcome.as_deref(), Ok("Welcome to the chatroom!\n"));
}

/// The log goes round its ring several times, and its end falls on every byte of a line.
#[tokio::test(start_paused = true)]
async fn the_transcript_is_given_whole_lines_each_time() {
    let room = Room::open(Limits::default());
    let mut ann = room.join(1).await;
    for number in 0..200 {
        let flood = format!("{}\n", "x".repeat(number)).repeat(100);
        ann.write_all(flood.as_bytes()).await.unwrap();
    }
    ann.write_all(b"LEAVE\n").await.unwrap();
    assert_eq!(line(&mut ann).await, "");
    for lines in room.shown.lock().unwrap().iter() {
        let lines = str::from_utf8(lines).unwrap();
        assert!(lines.ends_with('\n'), "{lines:?}");
        let begins = ["USER1", "Listening"].iter().any(|s| lines.starts_with(s));
        assert!(begins, "{lines:?}");
    }
    assert_eq!(room.screen().lines().count(), 3 + 199 * 100);
}

#[tokio::test(start_paused = true)]
async fn stopping_tells_everyone_and_waits_for_nobody_longer_than_the_bound() {
    let mut room = Room::open(Limits::default());
    let mut ann = room.join(1).await;
    let _silent = room.join(2).await;
    line(&mut ann).await;
    let start = Instant::now();
    room.stop.take().unwrap().send(()).unwrap();
    assert_eq!(
        line(&mut ann).await,
        "* Goodbye: the server is shutting down.\n"
    );
    assert_eq!(line(&mut ann).await, "");
    drop(ann);
    room.server.await.unwrap().unwrap();
    assert_eq!(start.elapsed().as_secs(), 2, "the silent one lingers");
    let shown = room.shown.lock().unwrap().concat();
    assert!(shown.ends_with(b"USER2 has joined the chat\n"));
}

#[tokio::test(start_paused = true)]
async fn a_loud_connection_does_not_keep_others_from_being_heard() {
    let room = Room::open(Limits::default());
    let mut ann = room.join(1).await;
    let loud = room.join(2).await;
    let mut bob = room.join(3).await;
    // All of it fits into what may wait for a slow reader.
    let lines = 10_000;
    let (mut reading, mut writing) = tokio::io::split(loud.into_inner());
    tokio::spawn(async move { tokio::io::copy(&mut reading, &mut tokio::io::sink()).await });
    let talking = tokio::spawn(async move {
        for _ in 0..lines / 100 {
            writing
                .write_all("lalala\n".repeat(100).as_bytes())
                .await
                .unwrap();
        }
        writing
    });
    let mut before = 0;
    bob.write_all(b"excuse me\n").await.unwrap();
    loop {
        match line(&mut ann).await.as_str() {
            "USER3: excuse me\n" => break,
            "USER2: lalala\n" => before += 1,
            other => assert!(other.ends_with("joined the chat\n"), "{other:?}"),
        }
    }
    assert!(before < lines / 2, "heard after {before} lines");
    let mut count = before;
    while count < lines {
        assert_eq!(line(&mut ann).await, "USER2: lalala\n");
        count += 1;
    }
    drop(talking.await.unwrap());
    assert!(
        room.screen()
            .starts_with("Listening on 127.0.0.1:5000\nUSER1 has joined the chat\n")
    );
}

/// Lines that fill what is read at once, and the batch, to the byte: whoever is read then has
/// nothing left over, and is ready again at once.
#[tokio::test(start_paused = true)]
async fn loud_connections_that_fill_every_batch_leave_others_their_turn() {
    const EACH: usize = 1000;
    let room = Room::open(Limits::default());
    for port in 1..=6 {
        let loud = room.connect(port, 8 << 20).into_inner();
        let (mut reading, mut writing) = tokio::io::split(loud);
        let flood = format!("{}\n", "x".repeat(4095)).repeat(EACH);
        tokio::spawn(async move { tokio::io::copy(&mut reading, &mut tokio::io::sink()).await });
        writing.write_all(flood.as_bytes()).await.unwrap();
        std::mem::forget(writing);
    }
    let mut quiet = room.connect(7, 64 << 20);
    quiet.write_all(b"JOIN\n/who\n").await.unwrap();
    while !line(&mut quiet).await.starts_with("* In the room (") {}
    let said = room.screen().matches(": x").count();
    assert!(said < EACH, "answered after {said} lines of the others");
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_full_stream_arrives_when_it_drains() {
    let room = Room::open(Limits::default());
    let mut slow = room.connect(1, 64);
    slow.write_all(b"JOIN\n").await.unwrap();
    assert_eq!(line(&mut slow).await, "Welcome to the chatroom!\n");
    let mut bob = room.join(2).await;
    for i in 0..1000 {
        bob.write_all(format!("{i}\n").as_bytes()).await.unwrap();
    }
    tokio::time::sleep(Duration::from_secs(29)).await;
    assert_eq!(line(&mut slow).await, "USER2 has joined the chat\n");
    for i in 0..1000 {
        assert_eq!(line(&mut slow).await, format!("USER2: {i}\n"));
    }
    slow.write_all(b"LEAVE\n").await.unwrap();
    let mut rest = Vec::new();
    slow.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"");
}

#[tokio::test(start_paused = true)]
async fn a_crowd_hears_the_same_however_many_threads_write() {
    const CROWD: u16 = 700;
    let lines = ["one", "two", "three"].repeat(20);
    for writers in [1, 2, 5] {
        let writers = NonZeroUsize::new(writers).unwrap();
        let room = Room::open(Options {
            writers,
            ..Options::from(Limits::default())
        });
        let mut crowd = Vec::new();
        for port in 1..=CROWD {
            // Every seventh takes less than is written at once.
            let mut member = room.connect(port, if port % 7 == 0 { 100 } else { 1 << 20 });
            member.write_all(b"JOIN\n").await.unwrap();
            // Some leave without a word while everyone is written to.
            if port % 50 == 0 {
                drop(member);
            } else {
                crowd.push((port, member));
            }
        }
        for (_, member) in &mut crowd {
            assert_eq!(line(member).await, "Welcome to the chatroom!\n");
        }
        let (_, speaker) = &mut crowd[0];
        for said in &lines {
            speaker
                .write_all(format!("{said}\n").as_bytes())
                .await
                .unwrap();
        }
        for (port, member) in crowd.iter_mut().skip(1) {
            let mut heard = Vec::new();
            while heard.len() < lines.len() {
                let line = line(member).await;
                assert_ne!(line, "", "USER{port} was closed");
                if let Some(said) = line.strip_prefix("USER1: ") {
                    heard.push(said.trim_end().to_owned());
                }
            }
            assert_eq!(heard, lines, "USER{port}, {writers} writers");
        }
    }
}
