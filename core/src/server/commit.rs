//! What is committed may be sent; what is not, waits (PROTOCOL.md, "What is kept").

use super::Server;
use super::phase::Phase;
use crate::types::conn_id::ConnId;
use crate::types::entry::Record;
use crate::wire::notice::{Goodbye, Notice};
use alloc::vec::Vec;
use core::mem;

impl Server {
    /// The entries that are to be put into the store next; none while others are. Answer with
    /// [`Input::Committed`](super::Input::Committed), or
    /// [`Input::NotCommitted`](super::Input::NotCommitted).
    pub fn begin_commit(&mut self, records: &mut Vec<Record>) {
        self.room.log.begin_commit(records);
        if !records.is_empty() {
            self.commit_began();
        }
    }

    /// Whether everything that has happened is committed.
    pub fn is_committed(&self) -> bool {
        self.room.log.is_settled()
    }

    /// What was given to be committed is: it may be sent.
    pub(super) fn committed(&mut self, first: u64) {
        self.room.log.commit(first);
        self.commit_ended();
        for id in mem::take(&mut self.awaiting) {
            self.mark(id);
            self.proceed(id);
        }
    }

    /// The store failed: uncommitted entries are discarded, never sent, nor shown.
    pub(super) fn give_up_uncommitted(&mut self) {
        for id in self.connections.ids() {
            self.set_copied(id, 0);
            if let Some(connection) = self.connections.get_mut(id) {
                let log = self.room.log.stream(connection.dialect);
                // Who has left would take a silent end for a sign that all was heard.
                let is_owed =
                    connection.phase == Phase::Draining && !connection.cursor.is_done(log);
                let goodbye = Notice::Goodbye(Goodbye::NotKept).to_line(connection.dialect);
                connection
                    .cursor
                    .cut(log, if is_owed { &goodbye } else { "" });
                self.end_backfill(id);
            }
            self.file(id);
            self.mark(id);
        }
        self.room.log.part_from_store();
        self.skip_transcript();
    }

    /// Has a connection looked at after the next commit, if it waits for that and has no seat by
    /// which it would be found.
    pub(super) fn await_commit(&mut self, id: ConnId) {
        if !self.room.log.is_settled()
            && let Some(c) = self.connections.get(id)
            && !c.blocked
            && c.membership.is_none()
            && c.reading.is_none()
            && !c.cursor.is_done(self.room.log.stream(c.dialect))
        {
            self.awaiting.push(id);
        }
    }

    /// Has a connection's backfill go on after the next commit.
    pub(super) fn backfill_after_commit(&mut self, id: ConnId) {
        self.awaiting.push(id);
    }
}
