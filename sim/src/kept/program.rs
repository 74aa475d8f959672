//! A program of the JSON dialect: what it remembers of each room, and what it holds against what it is sent.

mod refused;
mod sent;

use super::disk::Disk;
use super::wants::Want;
use crate::invariant::Invariant;
use crate::model::rules::folded;
use chat_core::json::{DiskState, Message, Request};
use chat_core::{Kind, RoomName};
use sent::is_kept;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// The ids of requests to be in a room, to be there no more, and to set a topic begin with these.
const JOIN: &str = "join ";
const PART: &str = "part ";
const TOPIC: &str = "topic ";
const WANT: &str = "want ";

/// A program that sends what it says until it is accepted, and resumes.
#[derive(Debug)]
pub(super) struct Program {
    number: usize,
    token: Option<String>,
    /// It may send before it is welcomed.
    is_sure: bool,
    /// It was welcomed on this connection.
    pub(super) is_in: bool,
    pub(super) name: String,
    /// Where it is, or wants to be.
    seats: BTreeMap<RoomName, Seat>,
    /// All rooms that it has ever asked for: a connection that it has given up may be heard only later.
    asked: BTreeSet<RoomName>,
    /// The numbers of the next entries in rooms where it is no more.
    places: BTreeMap<RoomName, u64>,
    /// The room in which it speaks.
    here: RoomName,
    /// What is not accepted yet.
    outbox: Vec<Said>,
    /// What it said first.
    first: Option<Said>,
    said: usize,
    accepted: BTreeMap<String, (RoomName, u64)>,
    /// How many times it gave a used id to another text on this connection: the server is to answer each.
    reused: usize,
    topics: usize,
    wants: usize,
    /// Of which rooms it has asked something on this connection that comes back with no id.
    questions: Vec<RoomName>,
    /// What it was told of the disk last, on this connection.
    told: Option<DiskState>,
    /// It was told on this connection that the disk is full, and not yet that it has room again.
    knows_full: bool,
}

/// How a program stands to a room.
#[derive(Debug, Default)]
struct Seat {
    /// The number of the next entry.
    next: Option<u64>,
    /// It was told on this connection that it is there.
    is_in: bool,
    /// It has asked on this connection to be there, or to be there no more, and was not answered.
    is_asked: bool,
    parts: bool,
    /// Something was not said there, since it is not there yet.
    is_refused: bool,
    /// What happened up to this entry, the name that it was told is of after that.
    known: u64,
}

#[derive(Clone, Debug)]
struct Said {
    id: String,
    room: RoomName,
    text: String,
}

impl Said {
    fn to_line(&self) -> String {
        line(&Request::Say {
            room: told(&self.room),
            text: (&*self.text).into(),
            id: Some((&*self.id).into()),
            me: false,
        })
    }
}

/// A room as it is told: of the lobby there is nothing to tell.
fn told(room: &RoomName) -> Option<std::borrow::Cow<'_, str>> {
    (!room.is_lobby()).then(|| room.as_str().into())
}

fn line(request: &Request<'_>) -> String {
    let text = serde_json::to_string(request).unwrap_or_default();
    format!("{text}\n")
}

impl Program {
    pub(super) fn new(number: usize, own_token: bool) -> Self {
        Self {
            number,
            // Half of it is the same for all.
            token: own_token.then(|| format!("{:016x}{number:016x}", 7)),
            is_sure: own_token,
            is_in: false,
            name: String::new(),
            seats: BTreeMap::from([(RoomName::LOBBY, Seat::default())]),
            asked: BTreeSet::new(),
            places: BTreeMap::new(),
            here: RoomName::LOBBY,
            outbox: Vec::new(),
            first: None,
            said: 0,
            accepted: BTreeMap::new(),
            reused: 0,
            topics: 0,
            wants: 0,
            questions: Vec::new(),
            told: None,
            knows_full: false,
        }
    }

    /// One that reads everything from the first entry of each room that is kept.
    pub(super) fn auditor(number: usize, disk: &Disk) -> Self {
        let mut program = Self::new(number, true);
        for room in disk.rooms() {
            let next = Some(disk.first(room));
            let seat = Seat {
                next,
                ..Seat::default()
            };
            program.seats.insert(room.clone(), seat);
        }
        program
    }

    /// It is connected; what it sends first.
    pub(super) fn connects(&mut self) -> String {
        (self.is_in, self.told, self.reused) = (false, None, 0);
        self.knows_full = false;
        self.questions.clear();
        let mut hello = json!({"name": format!("p{}", self.number)});
        if let Some(token) = &self.token {
            hello["session"] = json!(token);
        }
        for (room, seat) in &mut self.seats {
            let next = seat.next;
            *seat = Seat {
                next,
                ..Seat::default()
            };
            let after = next.map(|next| next - 1);
            if room.is_lobby() {
                hello["after"] = json!(after);
            } else {
                hello["rooms"][room.as_str()] = json!({"after": after});
            }
        }
        let mut lines = format!("JOIN {hello}\n");
        if self.is_sure {
            lines += &self.begins();
        }
        lines
    }

    /// What it sends as soon as it may.
    fn begins(&mut self) -> String {
        let mut lines = String::new();
        for (room, seat) in &mut self.seats {
            if !room.is_lobby() {
                // To be told for sure whether it is there.
                lines += &seat.asks_in(room);
            }
        }
        lines + &self.unsent()
    }

    /// All that is not accepted, in order.
    fn unsent(&self) -> String {
        self.outbox.iter().map(Said::to_line).collect()
    }

    pub(super) fn says(&mut self, text: String, is_connected: bool) -> String {
        self.said += 1;
        let said = Said {
            id: self.said.to_string(),
            room: self.here.clone(),
            text,
        };
        let line = said.to_line();
        self.first.get_or_insert_with(|| said.clone());
        self.outbox.push(said);
        if is_connected && (self.is_in || self.is_sure) {
            line
        } else {
            String::new()
        }
    }

    /// It sends again what it has said first, where it is still there.
    pub(super) fn says_again(&self) -> String {
        let is_there = |said: &&Said| self.seats.get(&said.room).is_some_and(|it| it.is_in);
        let first = self.first.as_ref().filter(|_| self.is_in);
        first
            .filter(is_there)
            .map_or_else(String::new, Said::to_line)
    }

    /// It says with its first id what it says where it is, if that is another room.
    pub(super) fn reuses(&mut self, disk: &Disk) -> String {
        let is_accepted = |said: &&Said| self.accepted.contains_key(&said.id);
        let first = self.first.as_ref().filter(is_accepted);
        let seat = self.seats.get(&self.here);
        let is_there = self.is_in && seat.is_some_and(|seat| seat.is_in && !seat.is_asked);
        match first {
            // An id that is not kept any more may be given again.
            Some(first) if is_there && first.room != self.here && !disk.forgets() => {
                self.reused += 1;
                let again = Said {
                    room: self.here.clone(),
                    ..first.clone()
                };
                again.to_line()
            }
            _ => String::new(),
        }
    }

    /// It goes to a room, or speaks there from then on, or parts from it.
    pub(super) fn goes(&mut self, room: &RoomName) -> String {
        if !self.is_in {
            return String::new();
        }
        let Some(seat) = self.seats.get_mut(room) else {
            let mut seat = Seat {
                next: self.places.remove(room),
                ..Seat::default()
            };
            let lines = seat.asks_in(room);
            self.asked.insert(room.clone());
            self.seats.insert(room.clone(), seat);
            self.here = room.clone();
            return lines;
        };
        if !seat.is_in || seat.is_asked {
            return String::new();
        }
        if *room != self.here {
            self.here = room.clone();
            return String::new();
        }
        (seat.is_asked, seat.parts) = (true, true);
        self.speaks_elsewhere();
        line(&Request::Part {
            room: room.as_str().into(),
            id: Some(format!("{PART}{room}").into()),
        })
    }

    /// It speaks in another of its rooms, if there is one.
    fn speaks_elsewhere(&mut self) {
        let stays = |(room, seat): (&RoomName, &Seat)| {
            (!seat.parts && *room != self.here).then(|| room.clone())
        };
        let other = self.seats.iter().find_map(stays);
        self.here = other.unwrap_or_else(|| self.here.clone());
    }

    pub(super) fn asks(&mut self, after: u64) -> String {
        if !self.is_there() {
            return String::new();
        }
        self.questions.push(self.here.clone());
        line(&Request::History {
            with: None,
            room: told(&self.here),
            after: Some(after),
            before: None,
            limit: Some(20),
        })
    }

    /// It asks what its room is about, and who is there.
    pub(super) fn looks(&mut self) -> String {
        if !self.is_there() {
            return String::new();
        }
        for _ in 0..2 {
            self.questions.push(self.here.clone());
        }
        let room = told(&self.here);
        let topic = Request::Topic {
            room: room.clone(),
            text: None,
            id: None,
        };
        line(&topic) + &line(&Request::Who { room })
    }

    pub(super) fn sets_topic(&mut self) -> String {
        if !self.is_there() {
            return String::new();
        }
        self.topics += 1;
        line(&Request::Topic {
            room: told(&self.here),
            text: Some(format!("{} by {}", self.topics, self.number).into()),
            id: Some(format!("{TOPIC}{}", self.topics).into()),
        })
    }

    /// It wants something to be done about its name, or in the room where it speaks.
    pub(super) fn wants(&mut self, want: &Want) -> String {
        if !self.is_there() {
            return String::new();
        }
        self.wants += 1;
        let object = want.to_object(self.here.as_str(), self.wants);
        format!("{object}\n")
    }

    fn is_there(&self) -> bool {
        let seat = self.seats.get(&self.here);
        self.is_in && seat.is_some_and(|seat| seat.is_in && !seat.is_asked)
    }

    /// Where it is when everything has come to rest.
    pub(super) fn rooms(&self) -> Vec<RoomName> {
        self.seats.keys().cloned().collect()
    }

    /// When everything has come to rest, it has been told all.
    pub(super) fn is_at_rest(&self, disk: &Disk) {
        Invariant::SaidOnce.holds(self.outbox.is_empty(), || {
            format!("{} is not accepted: {:?}", self.number, self.outbox)
        });
        for (room, seat) in &self.seats {
            let last = disk.last(room);
            let is_told = seat.is_in && seat.next == Some(last + 1);
            Invariant::NothingMissing.holds(is_told, || {
                format!("{} waits in {room} for {seat:?} of {last}", self.number)
            });
        }
    }

    /// A line came; what it sends then.
    pub(super) fn hears(&mut self, line: &str, disk: &Disk) -> String {
        if !self.is_in && !line.starts_with('{') {
            return String::new(); // It was not read yet that this is a program.
        }
        let Ok(message) = serde_json::from_str::<Message<'_>>(line) else {
            Invariant::WholeLines.is_broken(&format!("{line:?} to {}", self.name))
        };
        match message {
            Message::Welcome { .. } => return self.is_welcomed(&message, disk),
            Message::In { .. } => return self.is_let_in(&message, disk),
            Message::Out { room, code, .. } => {
                self.is_out(&parsed(Some(&room)), code.is_some(), disk);
            }
            Message::Account {
                name, id: Some(id), ..
            } => {
                let is_wrong = id.ends_with(" wrong");
                Invariant::OwnNames.holds(!is_wrong, || format!("{line} to {name}"));
            }
            Message::Address { room, .. } => {
                let room = parsed(room.as_deref());
                let may_be = disk.law.saw_addresses(self.number, Some(&room));
                Invariant::Addresses.holds(may_be, || format!("{line} to {}", self.name));
            }
            Message::Entry(entry) => {
                let room = parsed(Some(&entry.room));
                let seat = self.seat(&room, line);
                Invariant::OneOrder.holds(seat.next == Some(entry.seq), || {
                    format!("{line} where {:?} was due", seat.next)
                });
                seat.next = Some(entry.seq + 1);
                let is_news = entry.seq > seat.known;
                is_kept(&entry, disk);
                if is_news && entry.kind == Kind::Renamed && *entry.name == self.name {
                    self.name = entry.text.unwrap_or_default().into_owned();
                }
            }
            Message::Past(entry) => {
                self.seat(&parsed(Some(&entry.room)), line);
                is_kept(&entry, disk);
            }
            Message::Gap {
                room, after, next, ..
            } => {
                let room = parsed(room.as_deref());
                let is_gone = disk.is_gone(&room, after + 1..next);
                let seat = self.seat(&room, line);
                Invariant::OneOrder.holds(seat.next == Some(after + 1) && is_gone, || {
                    format!("{line}, from {:?} on", seat.next)
                });
                seat.next = Some(next);
            }
            Message::Missing {
                with: None,
                room,
                after,
                next,
            } => {
                let is_gone = disk.is_gone(&parsed(room.as_deref()), after + 1..next);
                Invariant::InItsPlace.holds(is_gone, || format!("{line} to {}", self.name));
            }
            Message::Topic { .. } | Message::Who { .. } => self.is_answered(&message, line, disk),
            Message::Accepted {
                with: None,
                room,
                id: Some(id),
                seq,
            } => self.is_accepted(&parsed(room.as_deref()), &id, seq, disk),
            Message::Disk { state, .. } => return self.is_told_of_disk(state, line),
            Message::Error { code, id, .. } => {
                return self.is_refused(code, id.as_deref(), line, disk);
            }
            _ => {}
        }
        String::new()
    }

    /// The seat in a room of which it is sent something.
    fn seat(&mut self, room: &RoomName, line: &str) -> &mut Seat {
        match self.seats.get_mut(room) {
            Some(seat) if seat.is_in => seat,
            _ => Invariant::OwnRooms.is_broken(&format!("{line} to {}", self.name)),
        }
    }

    fn is_welcomed(&mut self, message: &Message<'_>, disk: &Disk) -> String {
        let Message::Welcome {
            session,
            head,
            name,
            outside,
            ..
        } = message
        else {
            return String::new();
        };
        let last = disk.last(&RoomName::LOBBY);
        Invariant::Kept.holds(*head <= last, || {
            format!("{message:?} with {last} entries kept")
        });
        self.is_in = true;
        self.name = name.clone().into_owned();
        self.token = Some(session.0.clone().into_owned());
        let mut lines = String::new();
        if *outside {
            if let Some(seat) = self.seats.get_mut(&RoomName::LOBBY) {
                lines += &seat.asks_in(&RoomName::LOBBY);
            }
        } else {
            let places = &mut self.places;
            let seat = self.seats.entry(RoomName::LOBBY).or_insert_with(|| {
                // It said nothing of how far it knows the lobby.
                places.remove(&RoomName::LOBBY);
                Seat::default()
            });
            seat.is_in = true;
            seat.known = *head;
            seat.next.get_or_insert(head + 1);
        }
        if !self.is_sure {
            lines += &self.begins();
        }
        lines
    }

    fn is_let_in(&mut self, message: &Message<'_>, disk: &Disk) -> String {
        let Message::In {
            room,
            head,
            here,
            id,
            ..
        } = message
        else {
            return String::new();
        };
        let room = parsed(Some(room));
        // Who is removed from their only room is in the lobby first.
        let is_asked = self.asked.contains(&room) || room.is_lobby();
        if id.is_none() && is_asked && !self.seats.contains_key(&room) {
            // An earlier connection was let in. How far it knows the room, the first line of this one did not say.
            self.places.remove(&room);
            self.seats.insert(room.clone(), Seat::default());
        }
        let Some(seat) = self.seats.get_mut(&room) else {
            Invariant::OwnRooms.is_broken(&format!("{message:?} to {}", self.name))
        };
        let is_kept = *head <= disk.last(&room);
        Invariant::Kept.holds(is_kept, || {
            format!("{message:?} with {} entries kept", disk.last(&room))
        });
        let people = disk.people(&room, *head);
        let is_own = |name: &String| {
            disk.law
                .names_of(self.number)
                .any(|own| own == folded(name))
        };
        let is_right = people.names.iter().any(is_own) && people.names.len() as u64 == *here;
        Invariant::Rosters.holds(is_right, || {
            format!("{message:?}, where there are {people:?}")
        });
        seat.is_in = true;
        seat.known = *head;
        seat.is_asked &= id.is_none();
        seat.next.get_or_insert(head + 1);
        if std::mem::take(&mut seat.is_refused) {
            let there = self.outbox.iter().filter(|said| said.room == room);
            return there.map(Said::to_line).collect();
        }
        String::new()
    }

    fn is_out(&mut self, room: &RoomName, is_removed: bool, disk: &Disk) {
        let seat = self.seats.remove(room);
        let is_asked = is_removed && seat.as_ref().is_some_and(|it| it.is_asked && !it.parts);
        let next = seat
            .filter(|seat| seat.is_in && (seat.parts || is_removed))
            .and_then(|it| it.next);
        let last = next.and_then(|next| disk.entry(room, next - 1));
        let is_own = last.is_some_and(|it| {
            let name = folded(it.name.as_str());
            it.kind == Kind::Left && disk.law.names_of(self.number).any(|own| own == name)
        });
        // Who is removed before they were sent all that they missed is sent no more.
        Invariant::OwnRooms.holds(is_own || is_removed, || {
            format!("{} is out of {room} after {last:?}", self.name)
        });
        if is_asked {
            // It was let in by its first line, and asks once more.
            let seat = Seat {
                next,
                is_asked,
                ..Seat::default()
            };
            self.seats.insert(room.clone(), seat);
            return;
        }
        self.places.extend(next.map(|next| (room.clone(), next)));
        if self.here == *room {
            self.speaks_elsewhere();
        }
    }

    /// What it asked for is what the entries up to there say.
    fn is_answered(&mut self, message: &Message<'_>, line: &str, disk: &Disk) {
        let (Message::Topic { room, .. } | Message::Who { room, .. }) = message else {
            return;
        };
        let room = parsed(room.as_deref());
        let next = self.seat(&room, line).next.unwrap_or(1);
        let due = disk.people(&room, next - 1);
        let is_right = match message {
            Message::Topic { text, by, .. } => {
                let told = by.as_ref().map(|by| (text.to_string(), by.to_string()));
                told == due.topic && (told.is_some() || text.is_empty())
            }
            Message::Who { names, more, .. } => {
                let told = names.iter().map(ToString::to_string).collect();
                due.names == told && *more == 0
            }
            _ => false,
        };
        Invariant::InItsPlace.holds(is_right, || {
            format!("{line} before entry {next} of {room}, where it is {due:?}")
        });
    }

    fn is_accepted(&mut self, room: &RoomName, id: &str, seq: u64, disk: &Disk) {
        let entry = disk.entry(room, seq);
        let of = [
            (TOPIC, Kind::Topic),
            (WANT, Kind::Order),
            (WANT, Kind::Renamed),
        ];
        if of.iter().any(|(start, _)| id.starts_with(start)) {
            let is_it = entry.is_some_and(|it| {
                let name = folded(it.name.as_str());
                of.iter().any(|of| id.starts_with(of.0) && it.kind == of.1)
                    && disk.law.names_of(self.number).any(|own| own == name)
            });
            return Invariant::Kept.holds(is_it, || {
                format!("{id} is accepted as {seq} of {room}, and {entry:?} is kept")
            });
        }
        let is_it = entry.is_some_and(|it| it.id.as_deref() == Some(id));
        Invariant::Kept.holds(is_it, || {
            format!("{id} is accepted as {seq} of {room}, and {entry:?} is kept")
        });
        if let Some(at) = self.outbox.iter().position(|said| said.id == id) {
            let said = self.outbox.remove(at);
            let is_said = said.room == *room && entry.is_some_and(|it| *it.text == *said.text);
            Invariant::Kept.holds(is_said, || format!("{entry:?} is accepted for {said:?}"));
        }
        let before = self.accepted.insert(id.into(), (room.clone(), seq));
        let is_same = before
            .as_ref()
            .is_none_or(|(before, at)| before == room && (*at == seq || *at < disk.first(room)));
        Invariant::SaidOnce.holds(is_same, || {
            format!("{id} is accepted as {seq} of {room}, and was as {before:?}")
        });
    }

    fn is_told_of_disk(&mut self, state: DiskState, line: &str) -> String {
        let is_news = self.told != Some(state);
        Invariant::InItsPlace.holds(is_news, || format!("{line} once more to {}", self.name));
        self.told = Some(state);
        match state {
            DiskState::Full => self.knows_full = true,
            DiskState::Room => {
                self.knows_full = false;
                return self.unsent();
            }
            _ => {}
        }
        String::new()
    }
}

impl Seat {
    fn asks_in(&mut self, room: &RoomName) -> String {
        self.is_asked = true;
        line(&Request::Join {
            room: room.as_str().into(),
            id: Some(format!("{JOIN}{room}").into()),
            after: self.next.map(|next| next - 1),
            epoch: None,
            history: None,
        })
    }
}

/// The room that a line names: the lobby, if it names none.
fn parsed(room: Option<&str>) -> RoomName {
    match room.map_or(Ok(RoomName::LOBBY), RoomName::parse) {
        Ok(room) => room,
        Err(_) => Invariant::WholeLines.is_broken(&format!("{room:?} is no room")),
    }
}
