//! The JSON dialect: programs and people in one room, and sessions that outlive their connections.

mod exactly;
mod gaps;
mod hello;
mod history;
mod joining;
mod reading;
mod reading_rooms;
mod refusals;
mod requests;
mod rooms;
mod sessions;

use super::world::World;
use chat_core::json::{Code, Entry, Message};
use chat_core::{ConnId, Kind};

/// What a connection was sent since the last look, as objects.
pub(super) fn objects(w: &mut World, conn: ConnId) -> Vec<Message<'static>> {
    w.look(conn).lines().map(object).collect()
}

fn object(line: &str) -> Message<'static> {
    serde_json::from_str(Box::leak(line.into())).unwrap_or_else(|error| panic!("{error}: {line}"))
}

/// A connection that said `JOIN` and this, and what it was answered.
pub(super) fn program(w: &mut World, hello: &str) -> (ConnId, Vec<Message<'static>>) {
    let conn = w.server.accept(w.now, 1000).unwrap();
    w.receive(conn, format!("JOIN {hello}\n"));
    let answer = objects(w, conn);
    (conn, answer)
}

pub(super) fn token(answer: &[Message<'_>]) -> String {
    match &answer[0] {
        Message::Welcome { session, .. } => session.to_string(),
        other => panic!("{other:?} is no welcome"),
    }
}

pub(super) fn say(text: &str, id: &str) -> String {
    format!(
        "{}\n",
        serde_json::json!({"type": "say", "text": text, "id": id})
    )
}

/// Numbers, names and texts of the entries among these.
pub(super) fn entries(messages: &[Message<'_>]) -> Vec<(u64, String)> {
    let entry = |message: &Message<'_>| match message {
        Message::Entry(entry) | Message::Past(entry) => Some((entry.seq, told(entry))),
        _ => None,
    };
    messages.iter().filter_map(entry).collect()
}

fn seqs(messages: &[Message<'_>]) -> Vec<u64> {
    entries(messages).iter().map(|(seq, _)| *seq).collect()
}

fn told(entry: &Entry<'_>) -> String {
    match entry.kind {
        Kind::Joined => format!("+{}", entry.name),
        Kind::Left => format!("-{}", entry.name),
        kind => {
            let text = entry.text.as_deref().unwrap_or("?");
            let does = match kind {
                Kind::Acted => " does",
                Kind::Renamed => " is now",
                Kind::Topic => " sets the topic",
                _ => ":",
            };
            format!("{}{does} {text}", entry.name)
        }
    }
}

pub(super) fn errors(messages: &[Message<'_>]) -> Vec<Code> {
    let code = |message: &Message<'_>| match message {
        Message::Error { code, .. } => Some(*code),
        _ => None,
    };
    messages.iter().filter_map(code).collect()
}

pub(super) fn bye(messages: &[Message<'_>]) -> Option<(Code, Option<u64>)> {
    match messages.last() {
        Some(Message::Bye {
            code,
            retry_after_ms,
            ..
        }) => Some((*code, *retry_after_ms)),
        _ => None,
    }
}
