//! A server with a store, whose disk is slow, or hangs.

use super::disk::Memory;
use super::log::Lines;
use super::room::{Room, line};
use chat_core::Limits;
use chat_net::Options;
use chat_net::store::{Place, Retention, Store};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, timeout};

/// How long a stop may take in all; tokio's timers are late by a millisecond.
const STOP: Duration = Duration::from_millis(5002);

fn store(disk: &Memory) -> Store {
    let place = Place::on(Arc::new(disk.clone()), "data");
    Store::open(place, Retention::default()).unwrap()
}

fn open() -> (Room, Memory) {
    let disk = Memory::default();
    open_on(disk)
}

fn open_on(disk: Memory) -> (Room, Memory) {
    let store = store(&disk);
    let room = Room::open(Options {
        store: Some(store),
        ..Options::from(Limits::default())
    });
    (room, disk)
}

#[tokio::test]
async fn nothing_is_heard_or_shown_before_it_is_on_the_disk() {
    let (room, disk) = open();
    let mut ann = room.join(1).await;
    let mut bob = room.join(2).await;
    line(&mut ann).await;
    disk.hang();
    ann.write_all(b"later\n").await.unwrap();
    let early = timeout(Duration::from_millis(100), line(&mut bob)).await;
    assert!(early.is_err(), "{early:?}");
    assert!(!room.screen().contains("later"));
    disk.go_on();
    assert_eq!(line(&mut bob).await, "USER1: later\n");
}

#[tokio::test]
async fn who_goes_while_they_are_written_to_is_seen_to_leave() {
    let (room, _disk) = open();
    let mut ann = room.join(1).await;
    let _bob = room.join(2).await;
    line(&mut ann).await;
    ann.write_all(b"are you there?\n").await.unwrap();
    assert_eq!(line(&mut ann).await, "USER2 has left the chat\n");
}

#[tokio::test]
async fn a_disk_that_hangs_does_not_keep_the_server_from_stopping() {
    let (mut room, disk) = open();
    let mut ann = room.join(1).await;
    disk.hang();
    ann.write_all(b"lost\n").await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    tokio::time::pause();
    let told = Instant::now();
    room.stop.take().unwrap().send(()).unwrap();
    let ended = timeout(Duration::from_secs(60), room.server).await;
    let error = ended.expect("it stops").unwrap().unwrap_err().to_string();
    assert!(error.contains("not written in time"), "{error}");
    assert!(told.elapsed() <= STOP, "{:?}", told.elapsed());
    let goodbye = "* Goodbye: the server is shutting down.\n";
    assert_eq!(line(&mut ann).await, goodbye);
    disk.go_on();
}

#[tokio::test]
async fn a_commit_that_takes_more_than_a_second_is_told_while_it_does_and_when_it_is_over() {
    let log = Lines::default();
    let _log = tracing::subscriber::set_default(log.clone());
    let (room, disk) = open();
    let mut ann = room.join(1).await;
    let mut bob = room.join(2).await;
    line(&mut ann).await;
    ann.write_all(b"in time\n").await.unwrap();
    line(&mut bob).await;
    log.take();

    disk.hang();
    ann.write_all(b"late\n").await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    tokio::time::pause();
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert_eq!(log.take(), [""; 0]);
    // The commit began some time after the line was sent.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let told = log.take();
    assert!(
        told.len() == 1 && told[0].contains("takes more than 1s"),
        "{told:?}"
    );
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(log.take(), [""; 0], "once");
    tokio::time::resume();

    let waits = "* The server's disk does not answer: what is said waits for it.\n";
    assert_eq!(line(&mut bob).await, waits);
    disk.go_on();
    assert_eq!(line(&mut bob).await, "USER1: late\n");
    let answers = "* The server's disk answers again.\n";
    assert_eq!(line(&mut bob).await, answers);
    let told = log.take();
    let over = "the disk was slow to keep what happened took=61.";
    assert!(told.len() == 1 && told[0].starts_with(over), "{told:?}");
    ann.write_all(b"in time\n").await.unwrap();
    line(&mut bob).await;
    assert_eq!(log.take(), [""; 0]);
}

/// The history is closed while those who take nothing are waited for, and not after that.
#[tokio::test]
async fn one_who_takes_nothing_does_not_keep_the_history_from_being_closed() {
    let (mut room, disk) = open();
    let mut deaf = room.connect(7, 32);
    deaf.write_all(b"JOIN\n/help\n").await.unwrap();
    assert_eq!(line(&mut deaf).await, "Welcome to the chatroom!\n");
    room.stop.take().unwrap().send(()).unwrap();
    while disk.is_locked() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(
        !room.server.is_finished(),
        "it waits for one who takes nothing"
    );
    tokio::time::pause();
    let told = Instant::now();
    room.server.await.unwrap().unwrap();
    assert!(told.elapsed() <= STOP, "{:?}", told.elapsed());
}
