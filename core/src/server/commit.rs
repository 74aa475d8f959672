//! What is committed may be sent; what is not, waits (PROTOCOL.md, "What is kept").

use super::Server;
use super::phase::Phase;
use crate::types::conn_id::ConnId;
use crate::types::entry::Record;
use crate::wire::notice::{Goodbye, Notice};
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;

impl Server {
    /// The entries that are to be put into the store next, in the order in which they happened; none while others are. Answer with
    /// [`Input::Committed`](super::Input::Committed), or
    /// [`Input::NotCommitted`](super::Input::NotCommitted).
    pub fn begin_commit(&mut self, records: &mut Vec<Record>) {
        self.rooms.begin_commit(records);
        if !records.is_empty() {
            self.commit_began();
        }
    }

    /// Whether everything that has happened is committed.
    pub fn is_committed(&self) -> bool {
        self.rooms.is_settled()
    }

    /// What was given to be committed is: it may be sent.
    pub(super) fn committed(&mut self, first: u64) {
        self.rooms.commit(first);
        self.take_texts_away();
        self.commit_ended();
        self.deliver_words();
        for id in mem::take(&mut self.awaiting) {
            self.mark(id);
            self.proceed(id);
        }
    }

    /// The store failed: uncommitted entries are discarded, never sent, nor shown.
    pub(super) fn give_up_uncommitted(&mut self) {
        for id in self.connections.ids() {
            let is_leaving = self.phase(id) == Phase::Draining;
            self.replace_waiting(id, |dialect, waits| {
                // Who has left would take a silent end for a sign that all was heard.
                if is_leaving && waits {
                    Notice::Goodbye(Goodbye::NotKept).to_line(dialect)
                } else {
                    String::new()
                }
            });
            self.end_backfill(id);
            self.mark(id);
        }
        self.drop_uncommitted_words();
        self.keep_texts();
        self.rooms.part_from_store();
    }

    /// Has a connection looked at after the next commit, if it waits for that and need have no seat by
    /// which it would be found.
    pub(super) fn await_commit(&mut self, id: ConnId) {
        if !self.rooms.is_settled()
            && let Some(c) = self.connections.get(id)
            && !c.outbound.blocked
            && (c.outbound.barrier > self.rooms.committed()
                || c.positions().any(|it| {
                    let log = self.rooms[it.room].log().stream(c.dialect);
                    it.seat.is_none() && !it.cursor.is_done(log)
                }))
        {
            self.awaiting.push(id);
        }
    }

    /// Has a connection looked at after the next commit, whatever is committed then.
    pub(super) fn look_after_commit(&mut self, id: ConnId) {
        self.awaiting.push(id);
    }
}
