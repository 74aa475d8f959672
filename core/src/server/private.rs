//! What is said to one person alone (PROTOCOL.md, "Private words"): it is no entry of the room, and nobody else is sent it. What is
//! said here is not kept; between owners of names it is, and that is said elsewhere.

use super::Server;
use crate::mark::{Mark, mark, mark_if};
use crate::types::conn_id::ConnId;
use crate::types::limits::MAX_PRIVATE;
use crate::types::name::Name;
use crate::wire::answer::Answer;
use crate::wire::dialect::Dialect;
use crate::wire::inbox::private;
use crate::wire::json::Message;
use crate::wire::notice::Notice;
use alloc::boxed::Box;
use alloc::string::String;

impl Server {
    /// Says a text to one person alone, by name; `given` is the id that the sender gave it.
    pub(super) fn message(&mut self, id: ConnId, to: &str, text: &str, given: Option<&str>) {
        let Some(from) = self.name_of(id) else {
            return;
        };
        if text.len() > MAX_PRIVATE {
            return self.refuse_answer(id, Answer::PrivateTooLong, given);
        }
        if let Some(pair) = self.pair(&from, to) {
            return self.say_to(id, pair, text, given);
        }
        let wanted = self.called(to);
        let found = wanted.as_ref().and_then(|name| self.people.find(name));
        let Some((to, person)) = found else {
            mark(Mark::PrivateToNobody);
            return self.refuse_answer(id, Answer::NobodyToWrite(to), given);
        };
        let (to, away) = (to.clone(), person.away().map(Box::from));
        let receiver = person.conn.and_then(|conn| self.connections.get(conn));
        let Some((conn, receiver)) = person.conn.zip(receiver) else {
            mark(Mark::PrivateOffline);
            return self.refuse_answer(id, Answer::Offline(&to), given);
        };
        // It is not to be cut off for what others send it.
        if receiver.private() >= self.limits.private {
            mark(Mark::PrivateHeld);
            return self.refuse_answer(id, Answer::ReadsSlowly(&to), given);
        }
        let at = self.wall();
        let line = Line {
            from: &from,
            to: &to,
            text,
            at,
            seq: None,
            id: given,
            waits: false,
            past: false,
        };
        let arrives = line.to_line(receiver.dialect, false);
        let dialect = self
            .connections
            .get(id)
            .map_or(Dialect::Text, |c| c.dialect);
        let confirms = line.to_line(dialect, true);
        mark_if(conn == id, Mark::PrivateToOneself);
        self.note(conn, &arrives);
        self.note(id, &confirms);
        self.people.wrote(&from, &to);
        if let Some(why) = away {
            self.note(id, &away_line(dialect, &to, why));
        }
    }

    /// Says a text to whoever wrote last to this connection alone.
    pub(super) fn reply(&mut self, id: ConnId, text: &str, given: Option<&str>) {
        let Some(name) = self.name_of(id) else {
            return;
        };
        let is_of = |to: &Name, since| {
            let claim = self.rooms.names().claim_of(to);
            claim.is_some_and(|claim| claim.since == since)
        };
        match self.people.to_reply_to(&name, is_of) {
            Some(to) => self.message(id, to.as_str(), text, given),
            None => self.refuse_answer(id, Answer::NobodyWrote, given),
        }
    }
}

/// What is said to one person alone.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) from: &'a Name,
    pub(super) to: &'a Name,
    pub(super) text: &'a str,
    pub(super) at: u64,
    /// Where it is kept.
    pub(super) seq: Option<u64>,
    pub(super) id: Option<&'a str>,
    /// To its sender: it waits for its receiver; to that one: it has waited for them.
    pub(super) waits: bool,
    pub(super) past: bool,
}

impl Line<'_> {
    /// It as a line for its receiver, or for whoever said it.
    pub(super) fn to_line(self, dialect: Dialect, is_own: bool) -> String {
        match dialect {
            Dialect::Text => {
                let name = if is_own { self.to } else { self.from };
                private(name.as_str(), self.text, is_own) + "\n"
            }
            Dialect::Json => Message::Private {
                from: self.from.as_str().into(),
                to: self.to.as_str().into(),
                text: self.text.into(),
                at: self.at,
                id: self.id.filter(|_| is_own).map(Into::into),
                seq: self.seq,
                waits: self.waits,
                past: self.past,
            }
            .to_line(),
        }
    }
}

/// Whoever is written to is away.
pub(super) fn away_line(dialect: Dialect, name: &Name, why: Box<str>) -> String {
    match dialect {
        Dialect::Text => Notice::Answer(Answer::IsAway(name, &why)).to_line(dialect),
        Dialect::Json => Message::Away {
            name: name.as_str().into(),
            text: String::from(why).into(),
        }
        .to_line(),
    }
}
