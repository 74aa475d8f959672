//! A disk that is full, or that does not answer.

use super::super::json::{bye, errors, objects, program, say, token};
use super::super::world::line;
use super::Kept;
use chat_core::json::{Code, DiskState, Message};
use chat_core::server_phase::Phase;
use chat_core::{ConnId, Input, Limits};
use std::time::Duration;

const LATE: &str = "* The server's disk does not answer: what is said waits for it.\n";
const FULL: &str = "* The server's disk is full: nothing can be said until there is room.\n";
const BACK: &str = "* The server's disk answers again.\n";

fn kept() -> Kept {
    Kept::new(Limits::default(), Vec::new(), 1024)
}

fn states(messages: &[Message<'_>]) -> Vec<DiskState> {
    let states = messages.iter().map(|message| match message {
        Message::Disk { state, .. } => Some(*state),
        _ => None,
    });
    states.flatten().collect()
}

#[test]
fn everyone_is_told_once_of_a_commit_that_takes_too_long_and_once_that_it_is_done() {
    let mut k = kept();
    let (ann, bob) = (k.join("ann"), k.join("bob"));
    let (cat, _) = program(&mut k, r#"{"name":"cat"}"#);
    k.commit();
    for conn in [ann, bob, cat] {
        k.look(conn);
    }
    k.receive(ann, "one\n");
    k.begin();
    let limit = Limits::default().commit;
    k.wait(limit.saturating_sub(Duration::from_millis(1)));
    assert_eq!((k.look(ann), k.look(bob)), (String::new(), String::new()));
    k.wait(Duration::from_millis(1));
    // Before what waits, also to her who has said it.
    assert_eq!((k.look(ann), k.look(bob)), (LATE.into(), LATE.into()));
    assert_eq!(states(&objects(&mut k, cat)), [DiskState::Waits]);
    k.receive(bob, "two\n/who\n");
    k.wait(5 * limit);
    assert_eq!((k.look(ann), k.look(bob)), (String::new(), String::new()));
    k.done();
    assert_eq!(k.look(ann), BACK);
    assert_eq!(k.look(bob), format!("ann: one\n{BACK}"));
    k.commit();
    assert_eq!(k.look(ann), "bob: two\n");
    assert_eq!(k.look(bob), "* In the room (3): ann, bob, cat\n");
    let heard = objects(&mut k, cat);
    assert_eq!(states(&heard), [DiskState::Answers]);
    // Those that are done in time are none of it, whatever comes one after another.
    for _ in 0..5 {
        k.receive(ann, "more\n");
        k.begin();
        k.wait(limit.saturating_sub(Duration::from_millis(1)));
        k.done();
    }
    assert_eq!(k.look(ann), "");
}

/// Else a client that asks every few seconds would be gone before it is told what it waits for.
#[test]
fn a_sign_of_life_does_not_wait_for_a_slow_disk() {
    let mut k = kept();
    let (ann, _) = program(&mut k, r#"{"name":"ann"}"#);
    k.commit();
    objects(&mut k, ann);
    k.receive(ann, say("hello", "1"));
    k.receive(ann, "{\"type\":\"ping\"}\n");
    k.begin();
    let limit = Limits::default().commit / 10;
    k.wait(limit.saturating_sub(Duration::from_millis(1)));
    k.receive(ann, "{\"type\":\"ping\"}\n");
    assert_eq!(objects(&mut k, ann), []);
    // Both have waited for long enough, whenever they came.
    k.wait(Duration::from_millis(1));
    let pong = || Message::Pong { head: 1 };
    assert_eq!(objects(&mut k, ann), [pong(), pong()]);
    k.receive(ann, "{\"type\":\"ping\"}\n");
    assert_eq!(objects(&mut k, ann), [pong()]);
    k.done();
    let heard = objects(&mut k, ann);
    assert!(
        matches!(&heard[..], [Message::Entry(_), Message::Accepted { .. }]),
        "{heard:?}"
    );
}

#[test]
fn a_sign_of_life_of_an_earlier_commit_does_not_wait_for_a_slow_one() {
    let mut k = kept();
    let (ann, _) = program(&mut k, r#"{"name":"ann"}"#);
    k.commit();
    objects(&mut k, ann);
    k.receive(ann, say("one", "1"));
    k.begin();
    k.receive(ann, say("two", "2"));
    k.receive(ann, "{\"type\":\"ping\"}\n");
    k.done();
    k.begin();
    objects(&mut k, ann);
    k.wait(Limits::default().commit / 10);
    assert_eq!(objects(&mut k, ann), [Message::Pong { head: 2 }]);
    k.done();
    let heard = objects(&mut k, ann);
    assert!(
        matches!(&heard[..], [Message::Entry(_), Message::Accepted { .. }]),
        "{heard:?}"
    );
}

#[test]
fn a_server_that_stops_says_goodbye_though_the_disk_does_not_answer() {
    const GOODBYE: &str = "* Goodbye: the server is shutting down.\n";
    let mut k = kept();
    let (ann, bob, leaver) = (k.join("ann"), k.join("bob"), k.join("cat"));
    let (dan, _) = program(&mut k, r#"{"name":"dan"}"#);
    k.commit();
    let all = [ann, bob, leaver, dan];
    for conn in all {
        k.look(conn);
    }
    k.receive(ann, "one\n");
    k.receive(leaver, "two\nLEAVE\n");
    let newcomer = k.join("eve");
    k.begin();
    k.handle(Input::Drain(Duration::from_secs(6)));
    let limit = Limits::default().shutdown * 4 / 5;
    k.wait(limit.saturating_sub(Duration::from_millis(1)));
    assert_eq!(all.map(|conn| k.look(conn)), [""; 4]);
    k.wait(Duration::from_millis(1));
    // Whoever has left would take a silent end for a sign that all was heard.
    for conn in [ann, bob, leaver, newcomer] {
        assert_eq!(k.look(conn), GOODBYE, "{conn:?}");
    }
    // They come back one after another, as with a disk that answers.
    let wait = 1000 + 6000 * 3 / 5;
    assert_eq!(
        bye(&objects(&mut k, dan)),
        Some((Code::ShuttingDown, Some(wait)))
    );
    k.done();
    assert_eq!(k.look(ann), "");
    for conn in [ann, bob, leaver, newcomer, dan] {
        k.handle(Input::Eof(conn));
    }
    assert_eq!(k.closed.len(), 5);
}

#[test]
fn whoever_is_not_welcomed_yet_is_welcomed_first() {
    let mut k = kept();
    let ann = k.join("ann");
    k.begin();
    k.wait(Limits::default().commit);
    assert_eq!(k.look(ann), "");
    k.done();
    assert!(k.look(ann).starts_with("Welcome to the chatroom!\n"));
}

#[test]
fn while_the_disk_is_full_nothing_is_said_and_nobody_comes_in() {
    let mut k = kept();
    let ann = k.join("ann");
    let (cat, answer) = program(&mut k, r#"{"name":"cat"}"#);
    assert_eq!(answer, []);
    k.commit();
    let session = token(&objects(&mut k, cat));
    k.look(ann);
    for _ in 0..2 {
        k.handle(Input::DiskFull(true));
    }
    k.settle();
    assert_eq!(k.look(ann), FULL);
    assert_eq!(states(&objects(&mut k, cat)), [DiskState::Full]);

    k.receive(ann, "hello\n//hello\n/who\n");
    let refused = "* Not sent: the server's disk is full. Try again later.\n";
    assert_eq!(
        k.look(ann),
        format!("{refused}{refused}* In the room (2): ann, cat\n")
    );
    k.receive(cat, say("hello", "1"));
    let heard = objects(&mut k, cat);
    assert_eq!(errors(&heard), [Code::DiskFull]);
    assert!(matches!(&heard[..], [Message::Error { id: Some(id), .. }] if id == "1"));

    let goodbye = "* Goodbye: the server's disk is full; try again later.\n";
    let dan = k.accept(4);
    k.receive(dan, "JOIN dan\n");
    assert_eq!(k.look(dan), goodbye);
    let silent = k.accept(5);
    k.wait(Limits::default().first_line);
    assert_eq!(k.look(silent), goodbye);
    let (_, answer) = program(&mut k, r#"{"name":"eve"}"#);
    assert_eq!(bye(&answer), Some((Code::DiskFull, Some(10_000))));
    assert_eq!(k.begin(), 0, "nothing of that is to be kept");

    // Who is in comes back, and who leaves leaves.
    let hello = format!(r#"{{"session":"{session}","after":2}}"#);
    let (_, answer) = program(&mut k, &hello);
    assert!(
        matches!(
            &answer[..],
            [
                Message::Welcome { resumed: true, .. },
                Message::Disk {
                    state: DiskState::Full,
                    ..
                }
            ]
        ),
        "{answer:?}"
    );
    // So is who looks on.
    let (reader, answer) = program(&mut k, r#"{"read":true}"#);
    assert_eq!(states(&answer), [DiskState::Full]);
    k.receive(reader, "{\"type\":\"leave\"}\n");
    k.receive(ann, "LEAVE\n");
    k.commit();
    assert_eq!(k.store.len(), 3, "ann and cat came, and ann left");
    assert_eq!(k.store[2].name.as_str(), "ann");
}

#[test]
fn when_there_is_room_again_everyone_is_told_and_goes_on() {
    let mut k = kept();
    let (ann, bob) = (k.join("ann"), k.join("bob"));
    k.commit();
    k.handle(Input::DiskFull(true));
    k.settle();
    k.look(ann);
    k.look(bob);
    for _ in 0..2 {
        k.handle(Input::DiskFull(false));
    }
    k.receive(ann, "hello\n");
    k.commit();
    let room = "* The server's disk has room again.\n";
    assert_eq!(k.look(ann), room);
    assert_eq!(k.look(bob), format!("{room}ann: hello\n"));
    let cat = k.join("cat");
    k.commit();
    assert_eq!(k.look(cat), "Welcome to the chatroom!\n");
}

/// A room with one for whom so much waits.
fn room_in_which_bytes_wait(count: usize) -> (Kept, ConnId) {
    let mut k = Kept::new(
        Limits {
            behind: 1000,
            ..Limits::default()
        },
        Vec::new(),
        1024,
    );
    let (ann, bob) = (k.join("ann"), k.join("bob"));
    k.commit();
    k.look(ann);
    k.limit(ann, 0);
    k.receive(bob, line(count - "bob: \n".len()));
    k.commit();
    (k, ann)
}

#[test]
fn nobody_is_cut_off_for_being_told_of_the_disk() {
    for (surplus, is_told) in [(0, true), (1, false)] {
        let (mut k, ann) = room_in_which_bytes_wait(1000 - FULL.len() + surplus);
        k.handle(Input::DiskFull(true));
        k.unblock(ann);
        assert_eq!(k.look(ann).ends_with(FULL), is_told);
        assert_eq!(k.server.phase(ann), Phase::Joined);

        // What is being written waits as well.
        let more = "dan has joined the chat\n".len();
        let (mut k, ann) = room_in_which_bytes_wait(1000 - LATE.len() - more + surplus);
        k.join("dan");
        k.begin();
        k.wait(Limits::default().commit);
        k.done();
        assert_eq!(k.server.phase(ann), Phase::Joined);
        k.unblock(ann);
        let shown = k.look(ann);
        assert_eq!(shown.contains(LATE), is_told);
        assert!(!shown.contains(BACK), "that is too much for both");
    }
}
