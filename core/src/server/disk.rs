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
use crate::wire::json::DiskState;
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
    /// A timer is set.
    is_watched: bool,
    /// Everyone was told that it does not answer.
    is_late: bool,
}

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
        if !self.disk.is_watched {
            self.watch_commit(self.now);
        }
    }

    /// It is not under way any more.
    pub(super) fn commit_ended(&mut self) {
        self.disk.since = None;
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

    fn watch_commit(&mut self, since: Timestamp) {
        self.disk.is_watched = true;
        let due = since + self.limits.commit;
        self.timers.insert(due, Timer::Commit, None);
    }

    /// A commit may have been under way for long.
    pub(super) fn look_at_commit(&mut self) {
        self.disk.is_watched = false;
        let Some(since) = self.disk.since.filter(|_| !self.disk.is_late) else {
            return;
        };
        if self.now < since + self.limits.commit {
            return self.watch_commit(since); // It is a later one.
        }
        mark(Mark::DiskLate);
        self.disk.is_late = true;
        self.tell_that_it_waits();
    }

    /// Whether a commit has been under way for so long that whoever asks for a sign of life is given one before
    /// it is done: a tenth of the time after which everyone is told. Else the clients would give up before.
    pub(super) fn is_commit_slow(&self) -> bool {
        let since = self.disk.since;
        since.is_some_and(|since| self.now >= since + self.limits.commit / 10)
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
