//! Clients: what they remember, and what they hold against what they are sent.

use super::disk::Disk;
use super::person::{Person, line_of};
use super::world;
use crate::invariant::Invariant;
use chat_core::json::{Code, DiskState, Entry, Message};
use chat_core::{Kind, Record};
use serde_json::json;
use std::collections::BTreeMap;

/// A client, through all its connections.
#[derive(Debug)]
pub(super) struct Client {
    number: usize,
    pub(super) link: Option<usize>,
    /// It has left for good.
    pub(super) is_over: bool,
    /// What came of a line so far.
    partial: Vec<u8>,
    said: usize,
    side: Side,
}

#[derive(Debug)]
enum Side {
    Program(Program),
    Text(Listener),
    Person(Box<Person>),
}

#[derive(Debug, Default)]
struct Program {
    token: Option<String>,
    /// It may send before it is welcomed.
    is_sure: bool,
    is_in: bool,
    name: String,
    /// The number of the next entry.
    next: Option<u64>,
    /// Ids and texts that are not accepted yet.
    outbox: Vec<(String, String)>,
    accepted: BTreeMap<String, u64>,
    /// What it was told of the disk last, on this connection.
    told: Option<DiskState>,
    /// It was told on this connection that the disk is full, and not yet that it has room again.
    knows_full: bool,
}

#[derive(Debug, Default)]
struct Listener {
    /// So much was kept when it was welcomed.
    welcomed: Option<u64>,
    name: String,
    /// The number of the next entry, once it is known.
    next: Option<u64>,
}

impl Client {
    pub(super) fn new(number: usize, kind: world::Client) -> Self {
        let side = match kind {
            world::Client::Program { own_token } => Side::Program(Program {
                // Half of it is the same for all.
                token: own_token.then(|| format!("{:016x}{number:016x}", 7)),
                is_sure: own_token,
                ..Program::default()
            }),
            world::Client::Text => Side::Text(Listener::default()),
            world::Client::Person { keeps } => Side::Person(Box::new(Person::new(number, keeps))),
        };
        Self {
            number,
            link: None,
            is_over: false,
            partial: Vec::new(),
            said: 0,
            side,
        }
    }

    /// One that reads everything from the first entry that is kept.
    pub(super) fn auditor(number: usize, first: u64) -> Self {
        let mut client = Self::new(number, world::Client::Program { own_token: true });
        if let Side::Program(program) = &mut client.side {
            program.next = Some(first);
        }
        client
    }

    /// It is connected; what it sends first.
    pub(super) fn connects(&mut self, link: usize) -> String {
        self.link = Some(link);
        self.partial.clear();
        let number = self.number;
        match &mut self.side {
            Side::Program(program) => {
                (program.is_in, program.told) = (false, None);
                program.knows_full = false;
                let mut hello = json!({"name": format!("p{number}")});
                if let Some(token) = &program.token {
                    hello["session"] = json!(token);
                }
                if let Some(next) = program.next {
                    hello["after"] = json!(next - 1);
                }
                let mut lines = format!("JOIN {hello}\n");
                if program.is_sure {
                    lines += &program.unsent();
                }
                lines
            }
            Side::Text(listener) => {
                *listener = Listener {
                    name: format!("t{number}"),
                    ..Listener::default()
                };
                format!("JOIN t{number}\n")
            }
            Side::Person(_) => String::new(),
        }
    }

    /// It says something; what it sends.
    pub(super) fn says(&mut self) -> String {
        let is_connected = self.link.is_some();
        self.said += 1;
        let text = format!("{} of {}", self.said, self.number);
        match &mut self.side {
            Side::Text(_) => format!("{text}\n"),
            Side::Person(person) => {
                person.types(text);
                String::new()
            }
            Side::Program(program) => {
                let id = self.said.to_string();
                let line = say(&id, &text);
                program.outbox.push((id, text));
                if is_connected && (program.is_in || program.is_sure) {
                    line
                } else {
                    String::new()
                }
            }
        }
    }

    /// It sends again what it has said first.
    pub(super) fn says_again(&self) -> String {
        match &self.side {
            Side::Program(program) if program.is_in && self.said > 0 => {
                say("1", &format!("1 of {}", self.number))
            }
            _ => String::new(),
        }
    }

    pub(super) fn asks(&self, after: u64) -> String {
        match &self.side {
            Side::Program(program) if program.is_in => {
                format!(
                    "{}\n",
                    json!({"type": "history", "after": after, "limit": 20})
                )
            }
            _ => String::new(),
        }
    }

    pub(super) fn leaves(&mut self) -> &'static str {
        let is_in = match &mut self.side {
            Side::Program(program) => program.is_in,
            Side::Text(listener) => listener.welcomed.is_some(),
            Side::Person(person) => {
                person.types("LEAVE".into());
                return "";
            }
        };
        self.is_over = is_in && self.link.is_some();
        match &self.side {
            _ if !self.is_over => "",
            Side::Program(_) => "{\"type\":\"leave\"}\n",
            _ => "leave\n",
        }
    }

    /// Whether it is in the room when everything has come to rest.
    pub(super) fn is_member(&self) -> bool {
        let only_looks = matches!(&self.side, Side::Person(person) if person.reads());
        !self.is_over && !only_looks
    }

    pub(super) fn person(&mut self) -> Option<&mut Person> {
        match &mut self.side {
            Side::Person(person) => Some(person),
            _ => None,
        }
    }

    /// Bytes came; what it sends then.
    pub(super) fn hears(&mut self, bytes: &[u8], disk: &Disk) -> String {
        let mut answer = String::new();
        for byte in bytes {
            if *byte != b'\n' {
                self.partial.push(*byte);
                continue;
            }
            let line = std::mem::take(&mut self.partial);
            let line = String::from_utf8(line).unwrap_or_default();
            match &mut self.side {
                Side::Program(program) => answer += &program.hears(&line, disk),
                Side::Text(listener) => listener.hears(&line, disk),
                Side::Person(_) => {}
            }
        }
        answer
    }

    /// Its name, if it is in the room.
    pub(super) fn name(&self) -> &str {
        match &self.side {
            Side::Program(program) => &program.name,
            Side::Text(listener) => &listener.name,
            Side::Person(person) => person.name(),
        }
    }

    /// When everything has come to rest, and it has not left: it has been told all.
    pub(super) fn is_at_rest(&mut self, disk: &Disk) {
        let next = match &mut self.side {
            Side::Person(person) => return person.is_at_rest(disk),
            Side::Program(program) => {
                Invariant::SaidOnce.holds(program.outbox.is_empty(), || {
                    format!("{} is not accepted: {:?}", self.number, program.outbox)
                });
                program.next
            }
            Side::Text(listener) => listener.place(disk),
        };
        let rest = next.map(|next| next..disk.last() + 1);
        let is_told = rest.is_some_and(|mut rest| {
            rest.all(|seq| disk.entry(seq).is_some_and(|entry| self.is_own(entry)))
        });
        Invariant::NothingMissing.holds(is_told, || {
            format!("{} waits for {next:?} of {}", self.number, disk.last())
        });
    }

    /// Whether it is not sent this entry, being the one who said it.
    fn is_own(&self, entry: &Record) -> bool {
        match &self.side {
            Side::Program(_) | Side::Person(_) => false,
            Side::Text(listener) => listener.is_own(entry),
        }
    }
}

fn say(id: &str, text: &str) -> String {
    format!("{}\n", json!({"type": "say", "id": id, "text": text}))
}

impl Program {
    /// All that is not accepted, in order.
    fn unsent(&self) -> String {
        self.outbox.iter().map(|(id, text)| say(id, text)).collect()
    }

    fn hears(&mut self, line: &str, disk: &Disk) -> String {
        if !self.is_in && !line.starts_with('{') {
            return String::new(); // It was not read yet that this is a program.
        }
        let Ok(message) = serde_json::from_str::<Message<'_>>(line) else {
            Invariant::WholeLines.is_broken(&format!("{line:?} to {}", self.name))
        };
        match message {
            Message::Welcome {
                session,
                head,
                name,
                ..
            } => {
                Invariant::Kept.holds(head <= disk.last(), || {
                    format!("{line} with {} entries kept", disk.last())
                });
                self.is_in = true;
                self.name = name.into_owned();
                self.next.get_or_insert(head + 1);
                self.token = Some(session.0.into_owned());
                if !self.is_sure {
                    return self.unsent();
                }
            }
            Message::Entry(entry) => {
                Invariant::OneOrder.holds(self.next == Some(entry.seq), || {
                    format!("{line} to {} where {:?} was due", self.name, self.next)
                });
                self.next = Some(entry.seq + 1);
                is_kept(&entry, disk);
            }
            Message::Past(entry) => is_kept(&entry, disk),
            Message::Gap {
                room: None,
                after,
                next,
                ..
            } => {
                let is_true = self.next == Some(after + 1) && disk.is_gone(after + 1..next);
                Invariant::OneOrder.holds(is_true, || {
                    format!("{line} to {}, from {:?} on", self.name, self.next)
                });
                self.next = Some(next);
            }
            Message::Missing {
                room: None,
                after,
                next,
            } => {
                Invariant::InItsPlace.holds(disk.is_gone(after + 1..next), || {
                    format!("{line} to {}", self.name)
                });
            }
            Message::Accepted {
                room: None,
                id: Some(id),
                seq,
            } => {
                let entry = disk.entry(seq);
                let is_it = entry.is_some_and(|it| it.id.as_deref() == Some(&id));
                Invariant::Kept.holds(is_it, || format!("{line}, and {entry:?} is kept"));
                if let Some(at) = self.outbox.iter().position(|(given, _)| *given == id) {
                    let (_, text) = self.outbox.remove(at);
                    let is_said = entry.is_some_and(|it| *it.text == *text);
                    Invariant::Kept.holds(is_said, || format!("{line} for {text:?}, is {entry:?}"));
                }
                let before = self.accepted.insert(id.into_owned(), seq);
                let is_same = before.is_none_or(|at| at == seq || at < disk.first());
                Invariant::SaidOnce.holds(is_same, || format!("{line}, and before as {before:?}"));
            }
            // It is said again when there is room.
            Message::Error {
                code: Code::DiskFull,
                id: Some(_),
                ..
            } => Invariant::InItsPlace.holds(self.knows_full, || {
                format!(
                    "{line} to {}, who was not told that the disk is full",
                    self.name
                )
            }),
            Message::Disk { state, .. } => {
                let is_news = self.told != Some(state);
                Invariant::InItsPlace
                    .holds(is_news, || format!("{line} once more to {}", self.name));
                self.told = Some(state);
                match state {
                    DiskState::Full => self.knows_full = true,
                    DiskState::Room => self.knows_full = false,
                    _ => {}
                }
                if state == DiskState::Room {
                    return self.unsent();
                }
            }
            Message::Error { code, .. } if code != Code::NameTaken => {
                Invariant::InItsPlace.is_broken(line)
            }
            _ => {}
        }
        String::new()
    }
}

/// Whether an entry that is sent is the one that is kept.
fn is_kept(entry: &Entry<'_>, disk: &Disk) {
    let kept = disk.entry(entry.seq);
    let is_same = kept.is_some_and(|kept| {
        let text = entry.text.as_deref().unwrap_or_default();
        let is_it = *kept.text == *text && kept.name.as_str() == entry.name;
        is_it
            && kept.kind == entry.kind
            && kept.at == entry.at
            && kept.id.as_deref() == entry.id.as_deref()
    });
    Invariant::Kept.holds(is_same, || format!("{entry:?} is sent, {kept:?} is kept"));
}

impl Listener {
    fn is_own(&self, entry: &Record) -> bool {
        entry.kind == Kind::Said && entry.name.as_str() == self.name
    }

    /// The number of the entry that it is sent next, or of its own one before that.
    fn place(&self, disk: &Disk) -> Option<u64> {
        self.next.or_else(|| {
            let is_joining =
                |entry: &Record| entry.kind == Kind::Joined && entry.name.as_str() == self.name;
            let mut before = (1..=self.welcomed?).rev();
            let joined = before.find(|seq| disk.entry(*seq).is_some_and(is_joining));
            Invariant::Kept.holds(joined.is_some(), || {
                format!("{} was welcomed before that was kept", self.name)
            });
            Some(joined? + 1)
        })
    }

    fn hears(&mut self, line: &str, disk: &Disk) {
        if line == "Welcome to the chatroom!" {
            self.welcomed = Some(disk.last());
            return;
        }
        if let Some(given) = line.split("is taken; you are ").nth(1) {
            self.name = given.trim_end_matches('.').into();
        }
        if line.starts_with("* ") {
            return;
        }
        let mut next = self.place(disk).unwrap_or(0);
        while disk.entry(next).is_some_and(|entry| self.is_own(entry)) {
            next += 1;
        }
        let due = disk.entry(next).map(line_of);
        Invariant::OneOrder.holds(due.as_deref() == Some(line), || {
            format!("{line:?} to {}, and entry {next} is {due:?}", self.name)
        });
        self.next = Some(next + 1);
    }
}
