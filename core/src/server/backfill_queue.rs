//! The queue of those who are sent backfill takes part in turns (PROTOCOL.md, "Flow"): history that one connection is sent, and other
//! long answers, are made a bounded number of bytes at a time, so that a round stays short however
//! many ask. What the store is asked for waits here, too.
//!
//! Each connection has a place in one lane at most. Lanes take turns, and so do the connections of a
//! lane: who resumes a session does not wait for all those who read old pages, nor they for them.

use super::Server;
use crate::mark::{Mark, mark_if};
use crate::types::conn_id::ConnId;
use crate::types::time::Timestamp;
use alloc::collections::BTreeMap;

/// A turn ends with the line that makes the private lines waiting for the connection so many bytes.
pub(super) const QUANTUM: usize = 8 * 1024;

/// What a turn, or a line that is answered by nothing, counts for, in bytes.
const LEAST: usize = 32;

/// What a connection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Lane {
    /// A turn of what it is sent until it hears what happens.
    Live,
    /// A turn of a page, or of another answer.
    Answer,
    /// To have an id looked for in the store.
    Find,
    /// To have entries read in the store.
    Read,
}

/// A connection's place in a lane.
pub(super) type Place = (Lane, u64);

/// Who waits for a turn, and what the round under way has made for single connections.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct BackfillQueue {
    /// By lane, the next one first.
    lanes: [BTreeMap<u64, ConnId>; 4],
    next: u64,
    /// Bytes of backfill made.
    made: usize,
    /// When any was made last.
    made_at: Option<Timestamp>,
    /// Bytes of answers made where nothing was appended, with something for each line.
    answered: usize,
    /// Whether the other lane of two comes next: for turns, and for the store.
    is_answers: bool,
    is_reads: bool,
    /// What the store was asked for, and has not answered yet.
    asked: usize,
}

impl BackfillQueue {
    fn insert(&mut self, lane: Lane, id: ConnId) -> Place {
        if self.lanes.iter().all(BTreeMap::is_empty) {
            self.next = 0;
        }
        let place = self.next;
        self.next += 1;
        self.lanes[lane as usize].insert(place, id);
        (lane, place)
    }

    pub(super) fn remove(&mut self, (lane, place): Place) {
        self.lanes[lane as usize].remove(&place);
    }

    fn is_empty(&self, lane: Lane) -> bool {
        self.lanes[lane as usize].is_empty()
    }

    /// Takes out who is next in the first of two lanes, or in the second if that has nobody.
    fn pop(&mut self, lanes: [Lane; 2]) -> Option<(Lane, ConnId)> {
        lanes.into_iter().find_map(|lane| {
            let (_, id) = self.lanes[lane as usize].pop_first()?;
            Some((lane, id))
        })
    }

    fn next_turn(&mut self) -> Option<ConnId> {
        let lanes = if self.is_answers {
            [Lane::Answer, Lane::Live]
        } else {
            [Lane::Live, Lane::Answer]
        };
        let (lane, id) = self.pop(lanes)?;
        self.is_answers = lane == Lane::Live;
        Some(id)
    }

    fn next_to_ask(&mut self) -> Option<ConnId> {
        let lanes = if self.is_reads {
            [Lane::Read, Lane::Find]
        } else {
            [Lane::Find, Lane::Read]
        };
        let (lane, id) = self.pop(lanes)?;
        self.is_reads = lane == Lane::Find;
        Some(id)
    }

    /// Another round begins.
    pub(super) fn begin_round(&mut self) {
        (self.made, self.answered) = (0, 0);
    }

    /// Bytes of backfill that the round under way has made, with something for each turn.
    pub(super) fn made(&self) -> usize {
        self.made
    }

    /// Takes note of a line that was handled, and of the bytes of its answer; what that counts for.
    pub(super) fn answers(&mut self, bytes: usize) -> usize {
        let cost = LEAST + bytes;
        self.answered += cost;
        cost
    }
}

impl Server {
    /// Gives a connection a place in a lane, if it has none.
    pub(super) fn queue_in(&mut self, lane: Lane, id: ConnId) {
        if let Some(connection) = self.connections.get_mut(id)
            && connection.waiting.lane().is_none()
        {
            connection.waiting.set_lane(self.backfills.insert(lane, id));
        }
        let waiting = self.backfills.lanes.iter().map(BTreeMap::len);
        debug_assert!(waiting.sum::<usize>() <= self.connections.len());
    }

    /// Nothing of the log, and no other answer, is due to a connection any more.
    pub(super) fn end_backfill(&mut self, id: ConnId) {
        if let Some(connection) = self.connections.get_mut(id) {
            mark_if(connection.waiting.lane().is_some(), Mark::ClosedInLane);
            connection.waiting.take_asking();
            connection.waiting.owe_nothing();
            if let Some(backfill) = connection.waiting.backfill.take() {
                self.rooms.detach(backfill.room());
            }
            if let Some(place) = connection.waiting.take_lane() {
                self.backfills.remove(place);
            }
            self.hashing.remove(id);
        }
    }

    /// Whether the round under way has made as much backfill as it may.
    fn is_backfill_full(&self) -> bool {
        self.backfills.made >= self.limits.backfill
    }

    /// Whether the round under way has made as many answers as it may, but for those who speak now
    /// and then.
    pub(super) fn is_answers_full(&self) -> bool {
        self.backfills.answered >= self.limits.answers
    }

    /// When somebody has a turn, if nothing else happens.
    pub(super) fn next_backfill(&self) -> Option<Timestamp> {
        let is_due = !self.is_backfill_full() && self.is_backfill_waiting();
        is_due.then(|| self.way_until().unwrap_or(self.now))
    }

    /// Until when the round under way makes no backfill, as something is to be committed, if that is so. However much is said,
    /// some of it is made.
    fn way_until(&self) -> Option<Timestamp> {
        let until = self.backfills.made_at? + self.limits.make_way;
        let is_begun = self.backfills.made > 0;
        (!is_begun && !self.rooms.is_settled() && self.now < until).then_some(until)
    }

    fn is_backfill_waiting(&self) -> bool {
        !self.backfills.is_empty(Lane::Live) || !self.backfills.is_empty(Lane::Answer)
    }

    /// Gives turns for as long as the round may make more. Whoever has come to an end with that is read from
    /// again, but for `besides`: its caller sees to that.
    pub(super) fn make_backfill(&mut self, besides: Option<ConnId>) {
        if self.way_until().is_some() {
            return mark_if(self.is_backfill_waiting(), Mark::BackfillMakesWay);
        }
        while !self.is_backfill_full()
            && let Some(id) = self.backfills.next_turn()
        {
            let before = self.private(id);
            if let Some(connection) = self.connections.get_mut(id) {
                connection.waiting.take_lane();
            }
            self.go_on_with_backfill(id);
            self.count_backfill(self.private(id).saturating_sub(before));
            let connection = self.connections.get(id);
            let is_over = connection
                .is_some_and(|c| c.waiting.backfill.is_none() && c.waiting.asking().is_none());
            if besides != Some(id) && is_over {
                self.receive_on(id);
            }
        }
        mark_if(
            self.is_backfill_full() && self.is_backfill_waiting(),
            Mark::BackfillFull,
        );
    }

    /// Takes note of so many bytes of backfill.
    pub(super) fn count_backfill(&mut self, bytes: usize) {
        self.backfills.made += LEAST + bytes;
        self.backfills.made_at = Some(self.now);
    }

    /// Has the store asked, as soon as it may be.
    pub(super) fn ask_store(&mut self, lane: Lane, id: ConnId) {
        self.queue_in(lane, id);
        self.go_on_asking();
    }

    /// The store has answered.
    pub(super) fn store_answered(&mut self) {
        self.backfills.asked = self.backfills.asked.saturating_sub(1);
        self.go_on_asking();
    }

    /// Asks the store for what is next, as far as the limit on that goes.
    fn go_on_asking(&mut self) {
        while self.backfills.asked < self.limits.reads
            && let Some(id) = self.backfills.next_to_ask()
        {
            let Some(connection) = self.connections.get_mut(id) else {
                continue;
            };
            connection.waiting.take_lane();
            let find = connection.waiting.asking().map(|it| it.action(id));
            let read = connection
                .waiting
                .backfill
                .as_ref()
                .map(|it| it.action(id, &self.rooms));
            if let Some(action) = find.or(read) {
                self.backfills.asked += 1;
                self.actions.push_back(action);
            }
        }
        mark_if(
            !self.backfills.is_empty(Lane::Find) || !self.backfills.is_empty(Lane::Read),
            Mark::ReadsFull,
        );
    }
}
