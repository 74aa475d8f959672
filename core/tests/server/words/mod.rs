//! What two owners of names say to each other alone (PROTOCOL.md, "Private words").

mod limits;
mod owners;
mod waiting;

use super::accounts::{hash, notices, send};
use super::durable::Kept;
use super::json::{objects, program, token};
use super::world::World;
use chat_core::json::Message;
use chat_core::{ConnId, Input, Limits};
use std::time::Duration;

/// Somebody with the text dialect who has made this name their own.
fn owner(w: &mut World, name: &str) -> ConnId {
    let conn = w.join(name);
    let told = send(w, conn, "/claim open sesame");
    assert!(told.contains("is yours"), "{told}");
    conn
}

fn log_in(w: &mut World, name: &str) -> ConnId {
    let conn = w.join("x");
    w.look(conn);
    w.receive(conn, format!("/login {name} open sesame\n"));
    hash(w);
    conn
}

/// The same, where a store keeps what happens.
fn kept_owner(k: &mut Kept, name: &str) -> ConnId {
    let conn = k.join(name);
    k.receive(conn, "/claim open sesame\n");
    hash(k);
    k.commit();
    k.look(conn);
    conn
}

fn kept_log_in(k: &mut Kept, name: &str) -> (ConnId, String) {
    let conn = log_in(k, name);
    k.commit();
    (conn, notices(k, conn))
}

/// Sends a line, and has the store do what is asked of it; what was sent then.
fn ask(k: &mut Kept, conn: ConnId, line: &str) -> String {
    k.receive(conn, format!("{line}\n"));
    settle(k);
    k.look(conn)
}

fn settle(k: &mut Kept) {
    k.answer();
    k.commit();
    k.answer();
    k.commit();
}

/// A program that has made this name its person's own, and its token.
fn kept_program(k: &mut Kept, name: &str) -> (ConnId, String) {
    let (conn, _) = program(k, &format!(r#"{{"name":"{name}"}}"#));
    k.commit();
    k.receive(conn, "{\"type\":\"claim\",\"password\":\"open sesame\"}\n");
    hash(k);
    k.commit();
    let told = objects(k, conn);
    (conn, token(&told))
}

fn ask_object(k: &mut Kept, conn: ConnId, request: &serde_json::Value) -> Vec<Message<'static>> {
    k.receive(conn, format!("{request}\n"));
    settle(k);
    objects(k, conn)
}

fn msg(to: &str, text: &str, id: &str) -> serde_json::Value {
    serde_json::json!({"type": "msg", "to": to, "text": text, "id": id})
}

/// Of private words, who said them, the text, the number, and whether they wait, or have.
fn words(told: &[Message<'_>]) -> Vec<(String, String, Option<u64>, bool)> {
    let words = told.iter().filter_map(|it| match it {
        Message::Private {
            from,
            text,
            seq,
            waits,
            ..
        } => Some((from.to_string(), text.to_string(), *seq, *waits)),
        _ => None,
    });
    words.collect()
}

fn read(with: &str, seq: u64) -> serde_json::Value {
    serde_json::json!({"type": "read", "with": with, "seq": seq})
}

fn inbox() -> serde_json::Value {
    serde_json::json!({"type": "inbox"})
}

/// How much waits, by whom, of what a program is told.
fn waiting(told: &[Message<'_>]) -> Option<(usize, Vec<(String, usize)>)> {
    told.iter().find_map(|it| match it {
        Message::Waiting { count, from, .. } => {
            let from = from.iter().map(|it| (it.name.to_string(), it.count));
            Some((*count, from.collect()))
        }
        _ => None,
    })
}

#[test]
fn two_who_are_here_are_sent_their_words_as_ever_and_can_read_them_again() {
    let mut w = World::new(Limits::default());
    let (ann, bob) = (owner(&mut w, "ann"), owner(&mut w, "bob"));
    w.look(ann);
    assert_eq!(send(&mut w, ann, "/msg BOB hi"), "[PM to bob] hi\n");
    assert_eq!(w.look(bob), "[PM from ann] hi\n");
    assert_eq!(send(&mut w, bob, "/reply hello"), "[PM to ann] hello\n");
    assert_eq!(w.look(ann), "[PM from bob] hello\n");
    assert_eq!(
        send(&mut w, ann, "/inbox bob"),
        "* At 1970-01-01 00:00 UTC:\n[PM to bob] hi\n[PM from bob] hello\n"
    );
    w.wait(Duration::from_secs(60));
    send(&mut w, ann, "/msg bob later");
    w.look(bob);
    assert_eq!(
        send(&mut w, bob, "/inbox ann 2"),
        "* At 1970-01-01 00:00 UTC:\n[PM to ann] hello\n* At 1970-01-01 00:01 UTC:\n[PM from ann] later\n"
    );
    assert_eq!(send(&mut w, bob, "/inbox"), "* Nothing waits for you.\n");
    assert_eq!(
        send(&mut w, bob, "/inbox ann 0"),
        "* Not done: /inbox takes [NAME [NUMBER]] after it, and nothing else. To say a line that begins with a slash, begin it with two.\n",
    );
}

#[test]
fn nobody_is_sent_words_before_they_are_committed() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let (ann, bob) = (kept_owner(&mut k, "ann"), kept_owner(&mut k, "bob"));
    k.look(ann);
    k.receive(ann, "/msg bob hi\n");
    k.answer();
    assert_eq!((k.look(ann), k.look(bob)), (String::new(), String::new()));
    assert_eq!(k.begin(), 1, "the words, and nothing that waits");
    assert_eq!((k.look(ann), k.look(bob)), (String::new(), String::new()));
    k.done();
    assert_eq!(k.look(bob), "[PM from ann] hi\n");
    assert_eq!(k.look(ann), "[PM to bob] hi\n");
    assert!(k.transcript.is_empty() || !k.transcript.windows(2).any(|it| it == b"hi"));
}

#[test]
fn what_could_not_be_kept_is_never_sent() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let (ann, bob) = (kept_owner(&mut k, "ann"), kept_owner(&mut k, "bob"));
    k.look(ann);
    k.receive(ann, "/msg bob hi\n");
    k.answer();
    k.begin();
    k.handle(Input::NotCommitted);
    assert!(!k.look(bob).contains("hi") && !k.look(ann).contains("hi"));
}
