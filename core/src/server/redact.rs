//! The text of an entry is gone for everyone, once that is committed (PROTOCOL.md, "Order").

use super::Server;
use super::asking::{Asking, Redacted};
use super::backfill_queue::Lane;
use super::connection::Connection;
use super::orders::refused;
use crate::mark::{Mark, mark, mark_if};
use crate::room::RoomId;
use crate::room::decide::{Command, Target};
use crate::room::redaction::Redaction;
use crate::types::conn_id::ConnId;
use crate::types::entry::Record;
use crate::types::name::Name;
use crate::types::order::Order;
use crate::wire::answer::Answer;
use crate::wire::asked::{Asked, Which};
use alloc::vec::Vec;
use core::mem;

/// Entries whose text is to be gone as soon as that is committed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Redacting {
    /// How many entries there were in all rooms with the order, in which room the entry is, and it itself.
    pending: Vec<(u64, RoomId, Record)>,
    /// How often the text of one was gone: what was read before may have it.
    pub(super) done: u64,
}

impl Server {
    /// Has the text of an entry of a room be gone.
    pub(super) fn redact(
        &mut self,
        id: ConnId,
        room: RoomId,
        which: &Which<'_>,
        given: Option<&str>,
    ) {
        let seq = match which {
            Which::Seq(seq) => *seq,
            Which::LastOf(asked) => {
                let here = self.called(asked);
                let name = here.map_or_else(|| Name::parse(asked).ok(), Some);
                let Some(name) = name else {
                    return self.refuse_answer(id, Answer::NobodyIs(asked), given);
                };
                match self.last_text_of(room, &name) {
                    Some(seq) => seq,
                    None => return self.refuse_answer(id, Answer::NoLineOf(&name), given),
                }
            }
        };
        let log = self.rooms[room].log();
        if let Some(record) = log.record(seq) {
            return self.redact_entry(id, room, &record, given);
        }
        if !self.rooms.is_kept() || !(log.oldest()..=log.last()).contains(&seq) {
            return self.refuse_answer(id, Answer::NoEntry, given);
        }
        let name = self.rooms.named(room);
        if let Some(connection) = self.connections.get_mut(id) {
            connection.waiting.ask(Asking::Redact(Redacted {
                room,
                name,
                seq,
                given: given.map(Into::into),
                done: self.redacting.done,
            }));
        }
        self.ask_store(Lane::Find, id);
    }

    /// The last entry in memory that somebody said or did, and whose text nobody has had removed.
    fn last_text_of(&self, room: RoomId, name: &Name) -> Option<u64> {
        let pending = self.redacting.pending.iter();
        let pending = pending.filter(|(_, of, _)| *of == room);
        let before: Vec<u64> = pending.map(|(_, _, record)| record.seq).collect();
        self.rooms[room].log().last_of(name, &before)
    }

    /// What the store has of the entry that a connection wants the text of to be gone; whether it waits for that.
    pub(super) fn found_to_redact(&mut self, id: ConnId, records: Option<&[Record]>) -> bool {
        let connection = self.connections.get_mut(id);
        let asks = |c: &&mut Connection| c.waiting.asking().is_some_and(Asking::is_to_redact);
        let asking = connection
            .filter(asks)
            .and_then(|c| c.waiting.take_asking());
        let Some(Asking::Redact(asked)) = asking else {
            return false;
        };
        let (room, given) = (asked.room, asked.given.as_deref());
        let record = records.and_then(|them| them.first().filter(|it| it.seq == asked.seq));
        let connection = self.connections.get_mut(id);
        let is_there = connection.is_some_and(|c| c.seated_in(room).is_some());
        if !is_there {
            // Somebody may have removed it from there.
            self.refuse_answer(id, Answer::NotInRoom(asked.name.as_str()), given);
        } else if asked.done != self.redacting.done {
            // It may be gone meanwhile.
            self.redact(id, room, &Which::Seq(asked.seq), given);
            return true;
        } else if let Some(record) = record {
            self.redact_entry(id, room, record, given);
        } else {
            self.refuse_answer(id, Answer::NoEntry, given);
        }
        self.proceed(id);
        true
    }

    /// Has the text of this entry be gone.
    fn redact_entry(&mut self, id: ConnId, room: RoomId, record: &Record, given: Option<&str>) {
        let Some(name) = self.name_of(id) else {
            return;
        };
        let session = self.connections.get(id).and_then(|c| c.session.as_deref());
        let is_pending = |(_, of, it): &(u64, RoomId, Record)| *of == room && it.seq == record.seq;
        let target = Target {
            kind: record.kind,
            is_own: record.id.is_some() && record.sender.as_ref() == session,
            is_gone: record.is_redacted() || self.redacting.pending.iter().any(is_pending),
        };
        let order = Order::Redact(record.seq, record.name.clone());
        let (text, now) = (order.to_text(), self.wall());
        let command = Command::Redact {
            name: &name,
            text: &text,
            target,
        };
        if let Err(why) = self.rooms.order(room, now, command) {
            let asked = Asked::Redact(Which::Seq(record.seq));
            return self.refuse_answer(id, refused(why, &order, &asked), given);
        }
        let ordered = self.rooms.ordered();
        let pending = (ordered, room, record.clone());
        self.redacting.pending.push(pending);
        self.accept_change(id, room, given);
        self.take_texts_away();
    }

    /// Has the texts be gone of which that is committed.
    pub(super) fn take_texts_away(&mut self) {
        let committed = self.rooms.committed();
        let pending = mem::take(&mut self.redacting.pending);
        let (due, rest) = pending.into_iter().partition(|(at, ..)| *at <= committed);
        self.redacting.pending = rest;
        let due: Vec<(u64, RoomId, Record)> = due;
        for (_, room, record) in due {
            self.take_text_away(room, &record);
        }
    }

    /// The store has failed: what is not committed never will be.
    pub(super) fn keep_texts(&mut self) {
        self.redacting.pending.clear();
    }

    /// Has the text of an entry be gone from memory, and from all that waits for anybody. It goes through all connections: each of
    /// them may have a part of its line.
    fn take_text_away(&mut self, room: RoomId, record: &Record) {
        mark(Mark::Redacted);
        self.redacting.done += 1;
        let log = &mut self.rooms[room].room.log;
        let gone = Redaction::new(record, log.epoch());
        let lines = log.redact(record.seq, &gone);
        for id in self.connections.ids() {
            let Some(connection) = self.connections.get_mut(id) else {
                continue;
            };
            let dialect = connection.dialect;
            let mut has_changed = false;
            for it in connection.positions_mut() {
                let line = lines[dialect as usize].as_ref().filter(|_| it.room == room);
                has_changed |= it.cursor.redact(dialect, &gone, line);
            }
            if has_changed {
                mark_if(connection.outbound.blocked, Mark::RedactedUnsent);
                self.file(id);
            }
        }
    }
}
