//! What is said to one person alone (PROTOCOL.md, "Private words"): it is no entry of the room, nobody else is sent it, and it is
//! not kept.

use super::Server;
use crate::mark::{Mark, mark, mark_if};
use crate::types::conn_id::ConnId;
use crate::types::limits::MAX_PRIVATE;
use crate::types::name::Name;
use crate::wire::answer::Answer;
use crate::wire::dialect::Dialect;
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
        let line =
            |dialect, is_own: bool| private_line(dialect, &from, &to, text, at, given, is_own);
        let arrives = line(receiver.dialect, false);
        let dialect = self
            .connections
            .get(id)
            .map_or(Dialect::Text, |c| c.dialect);
        let confirms = line(dialect, true);
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
        match self.people.to_reply_to(&name) {
            Some(to) => self.message(id, to.as_str(), text, given),
            None => self.refuse_answer(id, Answer::NobodyWrote, given),
        }
    }
}

/// What is said to one person alone, as a line for them, or for whoever said it.
fn private_line(
    dialect: Dialect,
    from: &Name,
    to: &Name,
    text: &str,
    at: u64,
    id: Option<&str>,
    is_own: bool,
) -> String {
    match dialect {
        Dialect::Text if is_own => alloc::format!("[PM to {to}] {text}\n"),
        Dialect::Text => alloc::format!("[PM from {from}] {text}\n"),
        Dialect::Json => Message::Private {
            from: from.as_str().into(),
            to: to.as_str().into(),
            text: text.into(),
            at,
            id: id.filter(|_| is_own).map(Into::into),
        }
        .to_line(),
    }
}

/// Whoever is written to is away.
fn away_line(dialect: Dialect, name: &Name, why: Box<str>) -> String {
    match dialect {
        Dialect::Text => Notice::Answer(Answer::IsAway(name, &why)).to_line(dialect),
        Dialect::Json => Message::Away {
            name: name.as_str().into(),
            text: String::from(why).into(),
        }
        .to_line(),
    }
}
