//! What clients do: persons with the shipped client, and raw peers.

use super::Stage;
use crate::explore::trace::Kind;
use crate::explore::world::{Client as Role, Op, Way};
use crate::invariant::Invariant;
use crate::model::skipped::without_marks;
use crate::text::visible;
use chat_core::client_phase::Phase;
use chat_core::{
    Client, ClientAction, ClientInput, Command, CommandError, FirstLine, Line, MAX_LINE, Name,
    Outcome, Request, TextClient, Timestamp, printable,
};
use std::collections::{BTreeMap, VecDeque};

/// Something that a person does.
#[derive(Debug)]
enum Key {
    Line(Vec<u8>),
    End,
    Interrupt,
}

/// A client and what is expected of it.
#[derive(Debug)]
pub(super) struct Actor {
    pub(super) is_person: bool,
    person: Option<Person>,
    /// What a raw peer has yet to send.
    out: VecDeque<u8>,
    /// It closes its side once that is sent.
    finishing: bool,
    /// A raw peer does not read.
    pub(super) deaf: bool,
    /// It is cut off, or will be as soon as it connects.
    pub(super) cut: Option<Way>,
    /// Its machine has gone, and comes back when it next does something.
    vanished: bool,
    pub(super) link: Option<usize>,
}

/// A person at a terminal.
#[derive(Debug)]
struct Person {
    client: TextClient,
    keys: VecDeque<Key>,
    finishing: bool,
    eof_told: bool,
    /// The bytes that are to be sent for what was typed.
    wanted: Vec<u8>,
    refused: bool,
    /// The line of the server's that is arriving.
    partial: Vec<u8>,
    /// What the screen is to show, and how much of it it has shown.
    due: VecDeque<String>,
    outcome: Option<Outcome>,
    /// The answers to `/who` on the screen.
    rosters: Vec<String>,
}

impl Person {
    fn new() -> Self {
        Self {
            client: TextClient::new(),
            keys: VecDeque::new(),
            finishing: false,
            eof_told: false,
            wanted: Vec::new(),
            refused: false,
            partial: Vec::new(),
            due: VecDeque::new(),
            outcome: None,
            rosters: Vec::new(),
        }
    }

    /// What is to be sent for a line, as far as the person's own client decides that.
    fn expect(&mut self, line: &[u8]) -> Result<(), CommandError> {
        let send = |wanted: &mut Vec<u8>, line: &[u8]| {
            wanted.extend_from_slice(line);
            wanted.push(b'\n');
        };
        match self.client.phase() {
            Phase::Asking => match FirstLine::decode(without_marks(line)) {
                FirstLine::Join(None) if line.len() <= MAX_LINE => send(&mut self.wanted, b"JOIN"),
                FirstLine::Join(Some(name))
                    if line.len() <= MAX_LINE && Name::parse(name).is_ok() =>
                {
                    send(&mut self.wanted, format!("JOIN {name}").as_bytes());
                }
                _ => {}
            },
            Phase::Talking if line.len() > MAX_LINE => return Err(CommandError::TooLong),
            Phase::Talking => match Request::decode(line) {
                Err(_) => return Err(CommandError::NotUtf8),
                Ok(Request::Nothing) => {}
                Ok(Request::Leave) => send(&mut self.wanted, b"LEAVE"),
                Ok(_) => send(&mut self.wanted, line),
            },
            _ => {}
        }
        Ok(())
    }

    /// Passes on what was typed, as far as the client wants it.
    fn press_keys(&mut self, who: usize, now: Timestamp) -> bool {
        let mut any = false;
        while let Some(key) = self.keys.front() {
            if !self.client.wants_input() && !matches!(key, Key::Interrupt) {
                break;
            }
            any = true;
            let phase = self.client.phase();
            let leave = phase == Phase::Talking;
            match self.keys.pop_front() {
                Some(Key::Line(line)) => {
                    let wanted = self.expect(&line);
                    let done = self.client.command(now, Command::Line(Line::Whole(&line)));
                    Invariant::Screens.holds(done == wanted, || {
                        format!(
                            "person {who} typed {}: {done:?}, not {wanted:?}",
                            visible(&line)
                        )
                    });
                    self.refused |= wanted.is_err();
                }
                Some(Key::End) => {
                    let _: Result<(), _> = self.client.command(now, Command::EndOfInput);
                    if leave {
                        self.wanted.extend_from_slice(b"LEAVE\n");
                    }
                }
                Some(Key::Interrupt) => {
                    let _: Result<(), _> = self.client.command(now, Command::Interrupt);
                    if leave {
                        self.wanted.extend_from_slice(b"LEAVE\n");
                    }
                }
                None => {}
            }
        }
        any
    }

    /// Bytes have come: these lines are to be shown.
    fn hears(&mut self, bytes: &[u8]) -> u64 {
        let mut lines = 0;
        for piece in bytes.split_inclusive(|b| *b == b'\n') {
            self.partial.extend_from_slice(piece);
            if let Some(line) = self.partial.strip_suffix(b"\n") {
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                let text = String::from_utf8_lossy(line);
                self.due.push_back(printable(&text).to_string());
                self.partial.clear();
                lines += 1;
            }
        }
        lines
    }
}

impl Actor {
    pub(super) fn new(role: &Role) -> Self {
        let is_person = matches!(role, Role::Person(_));
        Self {
            is_person,
            person: is_person.then(Person::new),
            out: VecDeque::new(),
            finishing: false,
            deaf: false,
            cut: None,
            vanished: false,
            link: None,
        }
    }

    pub(super) fn vanish(&mut self) {
        self.person = self.is_person.then(Person::new);
        self.out.clear();
        self.finishing = false;
        self.vanished = true;
    }

    /// Whether nothing is left to be done at rest.
    pub(super) fn is_at_rest(&self, number: usize, when: &str) {
        let phase = self.person.as_ref().map(|person| person.client.phase());
        let waits = matches!(
            phase,
            Some(Phase::Connecting | Phase::Joining | Phase::Leaving)
        );
        Invariant::Rest.holds(!waits, || {
            format!("person {number} is still {phase:?} {when}")
        });
    }
}

impl Stage<'_> {
    /// A client does what its user wants.
    pub(super) fn do_as_told(&mut self, who: usize, op: &Op) {
        if std::mem::take(&mut self.actors[who].vanished) {
            self.come_back(who);
        }
        let is_person = self.actors[who].is_person;
        match op {
            Op::Type(_, text) if is_person => self.press(who, Key::Line(text.0.clone())),
            Op::End(_) if is_person => self.press(who, Key::End),
            Op::Interrupt(_) if is_person => self.press(who, Key::Interrupt),
            Op::Connect(_) if !is_person && !self.is_connected(who) => {
                self.actors[who].finishing = false;
                self.actors[who].out.clear();
                self.connect(who);
            }
            Op::Send(_, text) if !is_person && !self.actors[who].finishing => {
                self.actors[who].out.extend(&text.0);
            }
            Op::Deaf(_) if !is_person => self.actors[who].deaf = true,
            Op::Read(_) => self.actors[who].deaf = false,
            Op::Finish(_) if !is_person => self.actors[who].finishing = true,
            Op::Close(_) if !is_person => {
                if let Some(link) = self.actors[who].link {
                    self.actors[who].out.clear();
                    self.close_up(link);
                }
            }
            _ => {}
        }
        self.wake(who + 1, self.now);
    }

    pub(super) fn is_connected(&self, who: usize) -> bool {
        let link = self.actors[who].link;
        link.is_some_and(|link| self.links[link].client_open)
    }

    fn press(&mut self, who: usize, key: Key) {
        let Some(person) = &mut self.actors[who].person else {
            return;
        };
        if person.outcome.is_some() {
            if matches!(key, Key::Line(_)) {
                *person = Person::new();
            } else {
                return;
            }
        }
        person.keys.push_back(key);
    }

    /// A client's machine has its turn.
    pub(super) fn act(&mut self, who: usize) {
        if self.actors[who].vanished {
            return;
        }
        if let Some(person) = self.actors[who].person.take() {
            let person = self.person(who, person);
            self.actors[who].person = Some(person);
        } else {
            self.raw(who);
        }
    }

    fn raw(&mut self, who: usize) {
        let Some(link) = self.actors[who].link else {
            return;
        };
        if self.links[link].refused || self.links[link].client_lost {
            self.links[link].client_open = false;
        }
        if !self.links[link].client_open {
            return;
        }
        if !self.actors[who].deaf {
            let bytes = self.read_down(link, usize::MAX);
            self.tally.deliveries += bytes.split(|b| *b == b'\n').count() as u64 - 1;
        }
        let it = &self.links[link];
        if it.down.end_arrived && it.down.readable() == 0 && !who.is_multiple_of(3) {
            return self.close_up(link);
        }
        if !it.made {
            return;
        }
        let mut out = std::mem::take(&mut self.actors[who].out);
        let sent = self.write_up(link, out.make_contiguous());
        out.drain(..sent);
        self.actors[who].out = out;
        if self.actors[who].finishing && self.actors[who].out.is_empty() {
            self.end_up(link);
        }
    }

    /// Reads what has come from the server.
    fn read_down(&mut self, link: usize, most: usize) -> Vec<u8> {
        let bytes = self.links[link].down.read(most);
        if self.links[link].down.unblock() {
            self.soon(super::Event::RoomDown(link));
        }
        bytes
    }

    /// Sends as much as the connection takes.
    fn write_up(&mut self, link: usize, bytes: &[u8]) -> usize {
        let it = &mut self.links[link];
        let weather = self.weather.slowed(it.slowness);
        if bytes.is_empty() || it.up.ended {
            return 0;
        }
        let sent = it.up.take(self.now, bytes, weather, &mut self.dice);
        self.expect_up(link);
        sent
    }

    /// What the shell of the shipped client does, until there is nothing left to do.
    fn person(&mut self, who: usize, mut person: Person) -> Person {
        let clock = self.machines[who + 1].clock.read(self.now);
        let now = Timestamp::from_micros(clock);
        while person.outcome.is_none() {
            let typed = person.press_keys(who, now);
            self.actions(who, &mut person);
            if person.outcome.is_some() {
                break;
            }
            let heard = self.network(who, &mut person, now);
            let due = person.client.next_timeout();
            let expired = due.is_some_and(|due| due <= now);
            if expired {
                person.client.handle(now, ClientInput::Timeout);
            }
            if !typed && !heard && !expired {
                if let Some(due) = due {
                    let at = self.machines[who + 1].clock.when(due.as_micros());
                    self.wake(who + 1, at);
                }
                break;
            }
        }
        person
    }

    fn actions(&mut self, who: usize, person: &mut Person) {
        while let Some(action) = person.client.poll_action() {
            match action {
                ClientAction::Connect => drop(self.connect(who)),
                ClientAction::Show(text) | ClientAction::ShowAt(text, _) => {
                    let due = person.due.pop_front();
                    Invariant::Screens.holds(due.as_ref() == Some(&text), || {
                        format!("person {who} was shown {text:?} where {due:?} was due")
                    });
                    if text.starts_with("* In the room (") {
                        person.rosters.push(text.clone());
                    }
                    self.trace.note(who + 1, self.now, Kind::Shown, || text);
                }
                ClientAction::Notice(text) => {
                    self.trace.note(who + 1, self.now, Kind::State, || text);
                }
                ClientAction::Finish => person.finishing = true,
                // The text dialect has one connection, and keeps nothing.
                ClientAction::Prompt(_) | ClientAction::Disconnect | ClientAction::Keep(_) => {}
                ClientAction::End(outcome) => {
                    self.check_outcome(who, person, outcome);
                    person.outcome = Some(outcome);
                    person.keys.clear();
                    if let Some(link) = self.actors[who].link {
                        self.close_up(link);
                    }
                    return;
                }
            }
        }
    }

    /// Takes what happened on the connection through the client, and sends what it wants sent.
    fn network(&mut self, who: usize, person: &mut Person, now: Timestamp) -> bool {
        let Some(link) = self.actors[who]
            .link
            .filter(|link| self.links[*link].client_open)
        else {
            return false;
        };
        if person.client.phase() == Phase::Connecting {
            let it = &mut self.links[link];
            if it.client_lost || std::mem::take(&mut it.refused) {
                it.client_open = false;
                person.client.handle(now, ClientInput::Failed("refused"));
                return true;
            }
            if it.made {
                person.client.handle(now, ClientInput::Connected);
                return true;
            }
            return false;
        }
        let unsent = person.client.unsent().to_vec();
        let sent = self.write_up(link, &unsent);
        if sent > 0 {
            person.client.sent(now, sent);
            let taken = usize::try_from(self.links[link].up.taken).unwrap_or(usize::MAX);
            let right = person.wanted.get(taken - sent..taken) == Some(&unsent[..sent]);
            Invariant::Screens.holds(right, || {
                format!(
                    "person {who} sent {}, which was not typed",
                    visible(&unsent[..sent])
                )
            });
        }
        if person.finishing && person.client.unsent().is_empty() {
            person.finishing = false;
            self.end_up(link);
        }
        let bytes = self.read_down(link, 16 * 1024);
        if !bytes.is_empty() {
            self.tally.deliveries += person.hears(&bytes);
            person.client.handle(now, ClientInput::Received(&bytes));
            return true;
        }
        let it = &self.links[link];
        if it.down.end_arrived && !person.eof_told {
            person.eof_told = true;
            person.client.handle(now, ClientInput::Eof);
            return true;
        }
        if it.client_lost && !person.eof_told {
            person.eof_told = true;
            person.client.handle(now, ClientInput::Lost("reset"));
            return true;
        }
        sent > 0
    }

    /// How it ended must be true.
    fn check_outcome(&mut self, who: usize, person: &Person, outcome: Outcome) {
        self.tally.outcomes[outcome as usize] += 1;
        self.state(who + 1, || format!("{outcome:?}"));
        let outcomes = Invariant::Outcomes;
        let link = self.actors[who].link;
        if matches!(outcome, Outcome::Left | Outcome::Refused) {
            let taken = link.map_or(0, |link| self.links[link].up.taken);
            outcomes.holds(taken == person.wanted.len() as u64, || {
                format!(
                    "person {who} left, but {taken} of {} bytes were sent",
                    person.wanted.len()
                )
            });
            let heard = link.and_then(|link| self.has_heard_all(link));
            outcomes.holds(heard != Some(false), || {
                format!("person {who} left, but the server has not acted on all they said")
            });
            let right = (outcome == Outcome::Refused) == person.refused;
            outcomes.holds(right, || format!("person {who}: {outcome:?}"));
            outcomes.holds(person.due.is_empty(), || {
                format!("person {who} left without being shown {:?}", person.due)
            });
        }
    }

    /// Everyone who is in the room asks who is there.
    pub(super) fn ask_who(&mut self) {
        for who in 0..self.actors.len() {
            if let Some(person) = &mut self.actors[who].person {
                person.rosters.clear();
                if person.client.phase() == Phase::Talking {
                    person.keys.push_back(Key::Line(b"/who".to_vec()));
                    self.wake(who + 1, self.now);
                }
            }
        }
    }

    /// All who asked in a room were told the same.
    pub(super) fn check_rosters(&self) {
        let mut told: BTreeMap<&str, &str> = BTreeMap::new();
        for (who, actor) in self.actors.iter().enumerate() {
            let Some(person) = &actor.person else {
                continue;
            };
            if person.client.phase() != Phase::Talking {
                continue;
            }
            let roster = person.rosters.last().map_or("nothing", String::as_str);
            let link = actor.link.map(|link| &self.links[link]);
            let peer = link.and_then(|link| link.peer);
            let Some((server, peer)) = self.server.as_ref().zip(peer) else {
                continue;
            };
            let (room, here) = server.room(peer);
            let right = format!("* In the room ({here}): ");
            let first = *told.entry(room).or_insert(roster);
            Invariant::Rosters.holds(roster == first && roster.starts_with(&right), || {
                format!(
                    "person {who} was told {roster}, another {first}; there are {here} in {room}"
                )
            });
        }
    }
}
