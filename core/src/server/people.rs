//! People: who is in the room, by name: which connection each is reached by, since when they are here, and whether they
//! are away. It is known to this server alone, and gone when it stops; what outlives that is the room's state.

use super::Server;
use crate::mark::{Mark, mark};
use crate::room::RoomId;
use crate::types::conn_id::ConnId;
use crate::types::limits::MAX_AWAY;
use crate::types::name::{Name, Unique};
use crate::types::rights::Role;
use crate::wire::answer::Answer;
use crate::wire::dialect::Dialect;
use crate::wire::json::Message;
use crate::wire::notice::Notice;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use core::mem;

/// Everyone in the room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct People {
    all: BTreeMap<Unique, Person>,
    /// How many of them were remembered by somebody.
    count: u64,
    /// How many have a connection.
    present: usize,
}

/// Somebody who is in the room.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Person {
    /// By which connection they are reached; none while a session has none.
    pub(super) conn: Option<ConnId>,
    /// Since when they are here, in milliseconds since the Unix epoch.
    since: u64,
    /// What most people are without.
    more: Option<Box<More>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct More {
    /// Which of all it is, once somebody is to remember them: whoever has the same name later is somebody else.
    number: Option<u64>,
    /// Why they are away, if they are.
    away: Option<Box<str>>,
    /// Who wrote to them alone last.
    reply_to: Option<(Name, Writer)>,
}

/// Who wrote to somebody alone: whoever has the same name later is somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Writer {
    /// One of those who are here: which of all.
    Person(u64),
    /// The owner of a name, be they here or not: since which entry of the accounts' log it is theirs.
    Owner(u64),
}

impl Person {
    /// Why they are away, if they are.
    pub(super) fn away(&self) -> Option<&str> {
        self.more.as_ref()?.away.as_deref()
    }
}

impl People {
    /// Somebody is in the room from now on, or has another connection; whether they are away.
    pub(super) fn enter(&mut self, name: &Name, conn: Option<ConnId>, now: u64) -> bool {
        let person = self.all.entry(Unique(name.clone()));
        let person = person.or_insert(Person {
            conn: None,
            since: now,
            more: None,
        });
        self.present += usize::from(conn.is_some());
        self.present -= usize::from(person.conn.is_some());
        person.conn = conn;
        person.away().is_some()
    }

    /// All of them, in the order of their names.
    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = (&Name, &Person)> {
        self.all.iter().map(|(name, person)| (&name.0, person))
    }

    /// How many of those who are here have a connection.
    pub(super) fn present(&self) -> usize {
        self.present
    }

    /// Somebody has no connection for now.
    pub(super) fn detach(&mut self, name: &Name) {
        if let Some(person) = self.get_mut(name)
            && person.conn.take().is_some()
        {
            self.present -= 1;
        }
    }

    pub(super) fn leave(&mut self, name: &Name) {
        let person = self.all.remove(&Unique(name.clone()));
        self.present -= usize::from(person.is_some_and(|it| it.conn.is_some()));
    }

    /// Somebody has another name.
    pub(super) fn rename(&mut self, before: &Name, after: &Name) {
        if let Some(person) = self.all.remove(&Unique(before.clone())) {
            self.all.insert(Unique(after.clone()), person);
        }
    }

    pub(super) fn clear(&mut self) {
        self.all.clear();
        self.present = 0;
    }

    /// Somebody by their name, and how they write it.
    pub(super) fn find(&self, name: &Name) -> Option<(&Name, &Person)> {
        let found = self.all.get_key_value(&Unique(name.clone()));
        found.map(|(name, person)| (&name.0, person))
    }

    fn get_mut(&mut self, name: &Name) -> Option<&mut Person> {
        self.all.get_mut(&Unique(name.clone()))
    }

    /// Takes note that somebody wrote to somebody alone.
    pub(super) fn wrote(&mut self, from: &Name, to: &Name) {
        let next = self.count + 1;
        let Some(person) = self.get_mut(from) else {
            return;
        };
        let more = person.more.get_or_insert_default();
        let number = *more.number.get_or_insert(next);
        self.count = self.count.max(number);
        let from = self.find(from);
        let from = from.map(|(name, _)| (name.clone(), Writer::Person(number)));
        if let Some(person) = self.get_mut(to) {
            person.more.get_or_insert_default().reply_to = from;
        }
    }

    /// The same of the owner of a name, since that entry of the accounts' log.
    pub(super) fn owner_wrote(&mut self, from: &Name, since: u64, to: &Name) {
        if let Some(person) = self.get_mut(to) {
            let writer = (from.clone(), Writer::Owner(since));
            person.more.get_or_insert_default().reply_to = Some(writer);
        }
    }

    /// The name of whoever wrote last to somebody alone, unless they are not here any more, or, where the name was their own, it
    /// is not any more.
    pub(super) fn to_reply_to(
        &self,
        name: &Name,
        is_of: impl FnOnce(&Name, u64) -> bool,
    ) -> Option<Name> {
        let more = self.find(name)?.1.more.as_ref()?;
        let (to, writer) = more.reply_to.clone()?;
        let number = match writer {
            Writer::Person(number) => number,
            Writer::Owner(since) => return is_of(&to, since).then_some(to),
        };
        let same = |person: &Person| {
            let more = person.more.as_ref();
            more.is_some_and(|more| more.number == Some(number))
        };
        if self.find(&to).is_some_and(|(_, person)| same(person)) {
            return Some(to);
        }
        // They may have taken another name; it is asked seldom.
        let renamed = self.all.iter().find(|(_, person)| same(person));
        renamed.map(|(name, _)| name.0.clone())
    }
}

impl Server {
    /// The name of a connection that is in the room.
    pub(super) fn name_of(&self, id: ConnId) -> Option<Name> {
        self.connections.get(id)?.name.clone()
    }

    /// The name of whoever is here and has this name, or else one that is taken for it.
    pub(super) fn called(&self, asked: &str) -> Option<Name> {
        let asked = Name::parse(asked).ok()?;
        if self.people.find(&asked).is_some() {
            return Some(asked);
        }
        self.rooms.names().alike(&asked).next().cloned()
    }

    /// Somebody is away, and why; or back.
    pub(super) fn set_away(&mut self, id: ConnId, why: Option<&str>, given: Option<&str>) {
        let Some(name) = self.name_of(id) else {
            return;
        };
        if why.is_some_and(|why| why.len() > MAX_AWAY) {
            return self.refuse_answer(id, Answer::AwayTooLong, given);
        }
        if let Some(person) = self.people.get_mut(&name) {
            person.more.get_or_insert_default().away = why.map(Into::into);
        }
        if let Some(connection) = self.connections.get_mut(id) {
            connection.is_away = why.is_some();
        }
        mark(Mark::Away);
        let answer = if why.is_some() {
            Answer::Away
        } else {
            Answer::Back
        };
        self.tell(id, Notice::Answer(answer));
    }

    /// Whoever says something is there.
    pub(super) fn end_away(&mut self, id: ConnId) {
        let connection = self.connections.get_mut(id);
        if !connection.is_some_and(|c| mem::take(&mut c.is_away)) {
            return; // Most are not away, and need not be looked up among all.
        }
        if let Some(name) = self.connections.get(id).and_then(|c| c.name.as_ref())
            && let Some(person) = self.people.get_mut(name)
            && let Some(more) = &mut person.more
            && more.away.take().is_some()
        {
            self.tell(id, Notice::Answer(Answer::Back));
        }
    }

    /// Tells a connection of somebody, and what they are in a room, if it may know of that.
    pub(super) fn send_whois(
        &mut self,
        id: ConnId,
        asked: &str,
        room: Option<RoomId>,
        given: Option<&str>,
    ) {
        let now = self.wall();
        let found = self.called(asked);
        let Some((name, person)) = found.as_ref().and_then(|name| self.people.find(name)) else {
            return self.refuse_answer(id, Answer::NobodyIs(asked), given);
        };
        let here_ms = now.saturating_sub(person.since);
        let role = room.map_or(Role::None, |room| self.rooms.role(room, name));
        let line = match self.connections.get(id).map(|c| c.dialect) {
            Some(Dialect::Json) => Message::Whois {
                name: name.as_str().into(),
                here_ms,
                online: person.conn.is_some(),
                role: role.word().map(Into::into),
                away: person.away().map(Into::into),
            }
            .to_line(),
            _ => Notice::Answer(Answer::Whois {
                name,
                here_ms,
                is_online: person.conn.is_some(),
                role,
                away: person.away(),
            })
            .to_line(Dialect::Text),
        };
        self.note(id, &line);
    }
}
