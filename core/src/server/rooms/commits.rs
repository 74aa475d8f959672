//! How far what happened is committed, and may be sent (PROTOCOL.md, "What is kept").

use super::{Rooms, add};
use crate::room::RoomId;
use crate::types::entry::Record;
use crate::wire::dialect::Dialect;
use alloc::vec::Vec;
use core::mem;

impl Rooms {
    /// How many entries there have been in all rooms.
    pub(in crate::server) fn ordered(&self) -> u64 {
        self.ordered
    }

    /// How many of them are committed, and may be sent.
    pub(in crate::server) fn committed(&self) -> u64 {
        self.committed
    }

    /// Whether all of them are.
    pub(in crate::server) fn is_settled(&self) -> bool {
        self.committed == self.ordered
    }

    /// Gives the entries that are to be put into the store next, in the order in which they happened, unless others
    /// still are.
    pub(in crate::server) fn begin_commit(&mut self, records: &mut Vec<Record>) {
        if !self.under_way.is_empty() {
            return;
        }
        let runs = mem::take(&mut self.begun);
        for run in &runs {
            if run.room == RoomId::ACCOUNTS {
                records.extend(self.accounts.take_pending(run.last));
                continue;
            }
            let log = &mut self[run.room].room.log;
            let entries = log.begin_commit(run.last);
            records.extend(entries.filter_map(|seq| log.record(seq)));
        }
        self.under_way = runs;
        self.committing = self.ordered;
    }

    /// What was to be put into the store is there, and the oldest entry of the lobby there is this.
    pub(in crate::server) fn commit(&mut self, first: u64) {
        let runs = mem::take(&mut self.under_way);
        self.committed = self.committing;
        for run in runs.into_iter().filter(|it| it.room != RoomId::ACCOUNTS) {
            let visible = self[run.room].visible();
            let first = (run.room == RoomId::LOBBY).then_some(first);
            self[run.room].room.log.commit(first);
            let after = self[run.room].visible();
            let seen = [0, 1].map(|dialect| after[dialect] - visible[dialect]);
            self.became_visible(run.room, seen);
            self.show(run);
        }
    }

    /// The store takes no more: what it does not have is never sent, nor shown.
    pub(in crate::server) fn part_from_store(&mut self) {
        self.is_kept = false;
        self.committed = self.ordered;
        (self.begun, self.under_way, self.shown) = Default::default();
        self.accounts.part_from_store();
        let ids: Vec<RoomId> = self.by_name.values().copied().collect();
        for id in ids {
            let visible = self[id].visible();
            let hosted = &mut self[id];
            hosted.room.log.part_from_store();
            hosted.transcript = hosted.room.log.head(Dialect::Text);
            let after = hosted.visible();
            self.unsettle(id);
            self.became_visible(id, [0, 1].map(|dialect| after[dialect] - visible[dialect]));
        }
    }

    /// Bytes appended in all rooms, by dialect.
    pub(in crate::server) fn bytes_appended(&self) -> [u64; 2] {
        self.appended
    }

    /// Those of them that may be sent.
    pub(in crate::server) fn bytes_visible(&self) -> [u64; 2] {
        self.visible
    }

    pub(super) fn became_visible(&mut self, id: RoomId, bytes: [u64; 2]) {
        add(&mut self.visible, bytes);
        if bytes != [0; 2] && !mem::replace(&mut self[id].is_fresh, true) {
            self.fresh.push(id);
        }
    }
}
