//! A disk that is full, or does not answer (PROTOCOL.md, "What is kept").
//!
//! Nobody is sent away for it. While it is full, nothing is said, and nobody comes into the room; leaving needs
//! no room beyond what the store keeps back. While it does not answer, what happens waits, and everyone is
//! told why.

use super::Server;
use super::connection::Connection;
use super::timers::Timer;
use crate::mark::{Mark, mark, mark_if};
use crate::types::conn_id::ConnId;
use crate::types::time::Timestamp;
use crate::wire::dialect::Dialect;
use crate::wire::json::{DiskState, Message};
use crate::wire::notice::Notice;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;

/// What is known of the store's disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Disk {
    is_full: bool,
    /// When the commit that is under way began.
    since: Option<Timestamp>,
    /// When it is looked at next.
    watched: Option<Timestamp>,
    /// Who is to be given a sign of life that waits for it, and of which entry that tells.
    pings: Vec<(ConnId, u64)>,
    /// Everyone was told that it does not answer.
    is_late: bool,
}

/// A commit is slow after this part of the time after which everyone is told.
const SOON: u32 = 10;

impl Server {
    /// There is no room on the disk but for what has to be, or there is again.
    pub(super) fn set_disk_full(&mut self, is_full: bool) {
        if self.disk.is_full == is_full || self.stopping {
            return;
        }
        self.disk.is_full = is_full;
        mark_if(is_full, Mark::DiskFull);
        mark_if(!is_full, Mark::DiskHasRoom);
        let state = if is_full {
            DiskState::Full
        } else {
            DiskState::Room
        };
        for id in self.disk_watchers() {
            self.tell_of_disk(id, state);
        }
    }

    /// Whoever comes while the disk is full is told as the others were.
    pub(super) fn tell_if_disk_full(&mut self, id: ConnId) {
        if self.disk.is_full {
            mark(Mark::DiskFullResume);
            self.tell_of_disk(id, DiskState::Full);
        }
    }

    fn tell_of_disk(&mut self, id: ConnId, state: DiskState) {
        if let Some(line) = self.disk_line(id, state) {
            self.note(id, &line);
        }
    }

    /// What a connection is told of the disk, if it is to be. Who was refused something waits for the news that there
    /// is room again; all else is a courtesy.
    fn disk_line(&self, id: ConnId, state: DiskState) -> Option<String> {
        let line = Notice::Disk(state).to_line(self.connections.get(id)?.dialect);
        (state == DiskState::Room || self.fits(id, &line)).then_some(line)
    }

    /// Whether nothing may be said, and nobody may come in.
    pub(super) fn is_disk_full(&self) -> bool {
        self.disk.is_full
    }

    /// A commit is under way from now on.
    pub(super) fn commit_began(&mut self) {
        self.disk.since = Some(self.now);
        self.watch_commit(self.now + self.limits.commit / SOON);
    }

    /// It is not under way any more.
    pub(super) fn commit_ended(&mut self) {
        self.disk.since = None;
        let (connections, rooms) = (&self.connections, &self.rooms);
        self.disk.pings.retain(|(id, head)| {
            let room = connections.get(*id).map(|it| it.main.room);
            room.is_some_and(|room| rooms[room].log().committed() < *head)
        });
        if mem::take(&mut self.disk.is_late) {
            mark(Mark::DiskAnswers);
            for id in self.disk_watchers() {
                let connection = self.connections.get_mut(id);
                if connection.is_some_and(|c| mem::take(&mut c.outbound.waits_for_disk)) {
                    self.tell_at_once(id, DiskState::Answers);
                }
            }
        }
    }

    /// Has it looked at then, if it is not before.
    fn watch_commit(&mut self, at: Timestamp) {
        if self.disk.watched.is_none_or(|before| at < before) {
            self.disk.watched = Some(at);
            self.timers.insert(at, Timer::Commit, None);
        }
    }

    /// A commit may have been under way for long.
    pub(super) fn look_at_commit(&mut self) {
        if self.disk.watched.is_some_and(|at| at <= self.now) {
            self.disk.watched = None;
        }
        let Some(since) = self.disk.since.filter(|_| !self.disk.is_late) else {
            return;
        };
        if !self.is_commit_slow() {
            return self.watch_commit(since + self.limits.commit / SOON); // It is a later one.
        }
        self.give_signs_of_life();
        if self.now < since + self.limits.commit {
            return self.watch_commit(since + self.limits.commit);
        }
        mark(Mark::DiskLate);
        self.disk.is_late = true;
        self.tell_that_it_waits();
    }

    /// Whether a commit has been under way for so long that whoever asks for a sign of life is given one before
    /// it is done. Else the clients would give up before.
    fn is_commit_slow(&self) -> bool {
        let since = self.disk.since;
        since.is_some_and(|since| self.now >= since + self.limits.commit / SOON)
    }

    /// A sign of life, which stands after what was said before; but not while that waits for the disk for long.
    pub(super) fn pong(&mut self, id: ConnId) {
        if self.is_commit_slow() && self.pong_at_once(id, None) {
            return;
        }
        let log = self.rooms[self.room_of(id)].log();
        let (head, committed) = (log.last(), log.committed());
        self.note(id, &Message::Pong { head }.to_line());
        if head > committed {
            self.disk.pings.push((id, head));
        }
    }

    /// Those who asked for a sign of life before the commit was slow wait no longer.
    fn give_signs_of_life(&mut self) {
        for (id, head) in mem::take(&mut self.disk.pings) {
            self.pong_at_once(id, Some(head));
        }
    }

    /// Gives a sign of life before what waits, in the place of one that waits itself, if there is to be one; whether that can be.
    fn pong_at_once(&mut self, id: ConnId, instead: Option<u64>) -> bool {
        let committed = self.rooms.committed();
        let Some(connection) = self.connections.get_mut(id) else {
            return false;
        };
        if connection.outbound.barrier > committed {
            return false;
        }
        let log = self.rooms[connection.main.room].log();
        let (stream, cursor) = (log.stream(Dialect::Json), &mut connection.main.cursor);
        let waiting = instead.map(|head| Message::Pong { head }.to_line());
        if waiting.is_some_and(|line| !cursor.take_back(stream, &line)) {
            return false;
        }
        mark(Mark::PongAtOnce);
        let head = log.committed();
        cursor.note_at_once(stream, &Message::Pong { head }.to_line());
        self.file(id);
        self.mark(id);
        true
    }

    /// All who are sent what happens.
    pub(super) fn disk_watchers(&self) -> Vec<ConnId> {
        let mut all = Vec::new();
        for (room, hosted) in self.rooms.iter() {
            let seats =
                (0..hosted.subscribers.len()).filter_map(|seat| hosted.subscribers.at(seat));
            // Whoever is in several rooms is told once.
            let is_first = |id: &ConnId| {
                let connection = self.connections.get(*id);
                let mut seated = connection.into_iter().flat_map(Connection::positions);
                seated
                    .find(|it| it.seat.is_some())
                    .is_some_and(|it| it.room == room)
            };
            all.extend(seats.filter(is_first));
        }
        all
    }

    /// Tells everyone, before anything that waits for the disk; but for those whose welcome, or page of history,
    /// does itself.
    fn tell_that_it_waits(&mut self) {
        let committed = self.rooms.committed();
        for id in self.disk_watchers() {
            let Some(connection) = self.connections.get(id) else {
                continue;
            };
            if connection.outbound.barrier > committed {
                continue;
            }
            self.tell_at_once(id, DiskState::Waits);
        }
    }

    fn tell_at_once(&mut self, id: ConnId, state: DiskState) {
        if let Some(line) = self.disk_line(id, state)
            && let Some(connection) = self.connections.get_mut(id)
        {
            connection.outbound.waits_for_disk = state == DiskState::Waits;
            let stream = self.rooms[connection.main.room]
                .log()
                .stream(connection.dialect);
            connection.main.cursor.note_at_once(stream, &line);
            self.file(id);
            self.mark(id);
        }
    }
}
