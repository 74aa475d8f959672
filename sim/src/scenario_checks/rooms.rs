//! The rooms of one life of a server, as its transcript tells it, and what is to be seen by those who are in them.

use crate::naming::are_alike;
use crate::{
    invariant::Invariant,
    record::{Kind, Life, Screen},
    text::visible,
};

const JOINED: &str = " has joined the chat";
const LEFT: &str = " has left the chat";
const IS_NOW: &str = " is now known as ";
const TOPIC: &str = " has set the topic: ";
const NO_TOPIC: &str = " has taken the topic away";

/// One life of the server, as its transcript tells it.
pub(super) struct Rooms<'a> {
    /// The lines as those are sent them who are in the rooms.
    pub(super) lines: Vec<&'a [u8]>,
    pub(super) stays: Vec<Stay<'a>>,
    pub(super) faults: Vec<(Invariant, String)>,
    present: Vec<Present>,
}

/// From somebody's joining to their leaving, whatever rooms they are in meanwhile.
pub(super) struct Stay<'a> {
    pub(super) name: String,
    pub(super) joined: usize,
    /// What others see meanwhile of the rooms where they are.
    pub(super) seen: Vec<&'a [u8]>,
    /// What they said, without their name.
    pub(super) said: Vec<&'a [u8]>,
}

/// Somebody who is there.
struct Present {
    stay: usize,
    name: String,
    /// The names of the rooms where they are; the lobby has none.
    rooms: Vec<String>,
}

impl<'a> Rooms<'a> {
    /// Invariant 3, and the stays that the others are measured by.
    pub(super) fn of(server: &'a Screen, life: &'a Life) -> Self {
        let shown = server.of_kind(life, Kind::Transcript).map(place);
        let placed: Vec<(String, &[u8])> = shown.collect();
        let mut all = Self {
            lines: placed.iter().map(|it| it.1).collect(),
            stays: Vec::new(),
            faults: Vec::new(),
            present: Vec::new(),
        };
        for (at, (room, line)) in placed.iter().enumerate() {
            match event(line) {
                Event::Joined(name) => all.joins(at, room, line, &name),
                Event::Left(name) => {
                    let next = placed.get(at + 1);
                    let joins = |it: &[u8]| matches!(event(it), Event::Joined(it) if it == name);
                    let moves = next.is_some_and(|next| next.0 != *room && joins(next.1));
                    all.leaves(room, line, &name, moves);
                }
                Event::Renamed(before, after) => {
                    all.renames(room, &before, &after);
                    all.is_seen(room, line, None);
                }
                Event::Said(name) => {
                    let there = all.find(&name).filter(|it| all.is_in(*it, room));
                    if there.is_none() {
                        let why = format!("shows {name} speaking, who was not there");
                        all.faults.push((Invariant::OneStay, why));
                    }
                    let said = line.strip_prefix(format!("{name}: ").as_bytes());
                    if let (Some(there), Some(said)) = (there, said) {
                        let stay = all.present[there].stay;
                        all.stays[stay].said.push(said);
                    }
                    all.is_seen(room, line, said.and(there));
                }
                Event::Other if room.is_empty() && line.starts_with(b"Listening on ") => {}
                Event::Other => {
                    let why = format!("shows \"{}\"", visible(line));
                    all.faults.push((Invariant::WholeLines, why));
                }
            }
        }
        all
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.present.iter().position(|it| it.name == name)
    }

    fn is_in(&self, who: usize, room: &str) -> bool {
        self.present[who].rooms.iter().any(|it| it == room)
    }

    /// Whoever is in a room sees a line, except one of them.
    fn is_seen(&mut self, room: &str, line: &'a [u8], but: Option<usize>) {
        for (nth, person) in self.present.iter().enumerate() {
            if Some(nth) != but && person.rooms.iter().any(|it| it == room) {
                self.stays[person.stay].seen.push(line);
            }
        }
    }

    /// Somebody comes in, goes to another room, or is in one more.
    fn joins(&mut self, at: usize, room: &str, line: &'a [u8], name: &str) {
        self.is_seen(room, line, None);
        let is_it = |it: &&mut Present| are_alike(&it.name, name);
        if let Some(person) = self.present.iter_mut().find(is_it) {
            let is_new = person.name == name && !person.rooms.iter().any(|it| it == room);
            person.rooms.push(room.into());
            if !is_new {
                let why = format!("shows a second {name} joining");
                self.faults.push((Invariant::UniqueNames, why));
            }
            return;
        }
        if !room.is_empty() {
            let why = format!("shows {name} in {room}, who has not joined");
            self.faults.push((Invariant::OneStay, why));
        }
        self.present.push(Present {
            stay: self.stays.len(),
            name: name.into(),
            rooms: vec![room.into()],
        });
        self.stays.push(Stay {
            name: name.into(),
            joined: at,
            seen: Vec::new(),
            said: Vec::new(),
        });
    }

    /// Somebody leaves a room, for another one if they move.
    fn leaves(&mut self, room: &str, line: &'a [u8], name: &str, moves: bool) {
        let there = self.find(name).filter(|it| self.is_in(*it, room));
        self.is_seen(room, line, there);
        let Some(there) = there else {
            let why = format!("shows {name} leaving, who was not there");
            return self.faults.push((Invariant::OneStay, why));
        };
        let rooms = &mut self.present[there].rooms;
        rooms.retain(|it| it != room);
        if rooms.is_empty() && !moves {
            self.present.swap_remove(there);
        }
    }

    /// Somebody takes another name, which is told in each of their rooms.
    fn renames(&mut self, room: &str, before: &str, after: &str) {
        let is_told = self.find(after).is_some_and(|it| self.is_in(it, room));
        let mut others = self.present.iter().filter(|it| it.name != before);
        let is_taken = others.any(|it| are_alike(&it.name, after));
        if let Some(there) = self.find(before) {
            self.present[there].name = after.into();
            if is_taken {
                let why = format!("shows {before} taking the name {after}");
                self.faults.push((Invariant::UniqueNames, why));
            }
        } else if !is_told {
            let why = format!("shows {before} renamed, who was not there");
            self.faults.push((Invariant::OneStay, why));
        }
    }
}

/// The room that a line is of, and the line as it is sent to those who are there.
fn place(shown: &[u8]) -> (String, &[u8]) {
    let end = shown.windows(2).position(|two| two == b"] ");
    match end.filter(|_| shown.starts_with(b"[")) {
        Some(end) => {
            let room = String::from_utf8_lossy(&shown[1..end]);
            (room.into_owned(), &shown[end + 2..])
        }
        None => (String::new(), shown),
    }
}

enum Event {
    Joined(String),
    Left(String),
    /// They said or did something, or set the topic.
    Said(String),
    Renamed(String, String),
    Other,
}

fn event(line: &[u8]) -> Event {
    let line = String::from_utf8_lossy(line);
    if let Some(done) = line.strip_prefix("** ") {
        let name = done.split(' ').next().unwrap_or_default();
        return Event::Said(name.into());
    }
    let name = line.split([' ', ':']).next().unwrap_or_default();
    match &line[name.len()..] {
        JOINED => Event::Joined(name.into()),
        LEFT => Event::Left(name.into()),
        rest if rest.starts_with(": ") => Event::Said(name.into()),
        rest if rest.starts_with(TOPIC) || rest == NO_TOPIC => Event::Said(name.into()),
        rest => match rest.strip_prefix(IS_NOW) {
            Some(after) => Event::Renamed(name.into(), after.into()),
            None => Event::Other,
        },
    }
}
