//! Rounds: what waits is lent to whoever writes it, and taken back before anything else is asked.

use super::Server;
use super::connection::{Connection, Others, Position};
use super::io::CloseReason;
use super::phase::{Event, Phase};
use super::rooms::Rooms;
use super::timers::Timer;
use crate::mark::{Mark, mark_if};
use crate::room::RoomId;
use crate::room::cursor::{Cursor, LEAST, SLICES};
use crate::types::conn_id::ConnId;
use crate::types::time::Timestamp;
use crate::wire::dialect::Dialect;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem;

/// What waits for one connection, for as long as a [`Round`] lends it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Outbox {
    id: ConnId,
    dialect: Dialect,
    main: (RoomId, Cursor),
    others: Option<Box<Others>>,
    full: bool,
    progress: bool,
}

impl Outbox {
    /// Whose it is.
    pub fn id(&self) -> ConnId {
        self.id
    }

    /// Writes what waits, of all rooms in one go.
    ///
    /// `write` is given slices to be written one after the other, and answers how many bytes
    /// the socket took. If it took less than all, it is full: say so with
    /// [`Input::Writable`](super::Input::Writable) when it is not any more. `write` is called
    /// again while there is more and the socket is not full.
    pub fn write(&mut self, logs: Logs<'_>, mut write: impl FnMut(&[&[u8]]) -> usize) {
        let (room, cursor) = &mut self.main;
        let log = logs.0[*room].log().stream(self.dialect);
        let mut more = true;
        while more && !self.full && self.others.is_none() {
            let (plain, mut spliced);
            let slices = if let Some(slices) = cursor.plain(log) {
                more = false;
                plain = slices;
                &plain[..=usize::from(!plain[1].is_empty())]
            } else {
                let count;
                spliced = [&[][..]; SLICES];
                (count, more) = cursor.waiting(log, &mut spliced);
                &spliced[..count]
            };
            let offered: usize = slices.iter().map(|s| s.len()).sum();
            if offered == 0 {
                break;
            }
            let taken = write(slices).min(offered);
            self.full = taken < offered;
            self.progress |= taken > 0;
            cursor.advance(log, taken);
            mark_if(cursor.is_mid_line(), Mark::WrittenMidLine);
        }
        while self.others.is_some() && !self.full && self.write_some(logs, &mut write) {}
    }

    /// Writes what waits of several rooms, as far as one write goes; whether there may be more.
    fn write_some(&mut self, logs: Logs<'_>, write: &mut impl FnMut(&[&[u8]]) -> usize) -> bool {
        let dialect = self.dialect;
        let stream = |room| logs.0[room].log().stream(dialect);
        let others = self.others.as_ref().map_or(&[][..], |them| &them[..]);
        let all = others.len() + 1;
        let at = |nth: usize| match nth.checked_sub(1) {
            None => (self.main.0, &self.main.1),
            Some(nth) => (others[nth].room, &others[nth].cursor),
        };
        // Where a line was begun it is ended first, alone. Of two positions in a room, the older one comes before; and answers in
        // the main position come before those to what was asked later in other rooms.
        let begun = (0..all).find(|nth| at(*nth).1.is_mid_line());
        let order = match begun {
            Some(nth) => nth..nth + 1,
            None => 0..all,
        };
        let mut slices = [&[][..]; SLICES];
        let (mut count, mut more) = (0, false);
        // Whose bytes they are, and how many: of each that has some, there is at least one slice.
        let mut parts = [(0, 0); SLICES];
        let mut written_of = 0;
        for nth in order {
            let (room, cursor) = at(nth);
            if more || count + LEAST > SLICES {
                more = true;
                break;
            }
            let (mut taken, has_more) = cursor.waiting(stream(room), &mut slices[count..]);
            if begun.is_some() {
                taken = cut_after_line(&mut slices[..taken]);
            }
            let bytes: usize = slices[count..count + taken].iter().map(|it| it.len()).sum();
            if bytes > 0 {
                parts[written_of] = (nth, bytes);
                written_of += 1;
            }
            count += taken;
            more = has_more || begun.is_some();
        }
        let parts = &parts[..written_of];
        let offered: usize = parts.iter().map(|(_, bytes)| bytes).sum();
        if offered == 0 {
            return more && count > 0;
        }
        let mut taken = write(&slices[..count]).min(offered);
        mark_if(parts.len() > 1, Mark::RoomsInOneWrite);
        self.full = taken < offered;
        self.progress |= taken > 0;
        for &(nth, bytes) in parts {
            let sent = taken.min(bytes);
            taken -= sent;
            let (room, cursor) = match (nth.checked_sub(1), &mut self.others) {
                (Some(nth), Some(them)) => (them[nth].room, &mut them[nth].cursor),
                _ => (self.main.0, &mut self.main.1),
            };
            cursor.advance(stream(room), sent);
            mark_if(cursor.is_mid_line(), Mark::WrittenMidLine);
        }
        more
    }
}

/// Cuts slices after the line that they begin with; how many are left.
fn cut_after_line(slices: &mut [&[u8]]) -> usize {
    for (nth, slice) in slices.iter_mut().enumerate() {
        if let Some(end) = memchr::memchr(b'\n', slice) {
            *slice = &slice[..=end];
            return nth + 1;
        }
    }
    slices.len()
}

/// The logs of all rooms, for as long as a [`Round`] lends them.
#[derive(Clone, Copy, Debug)]
pub struct Logs<'a>(&'a Rooms);

/// What can be written now, to some connections. While there is one, nothing else can be asked of the server; when
/// it is dropped, the server takes note of what was written.
#[derive(Debug)]
pub struct Round<'a> {
    server: &'a mut Server,
    outboxes: Vec<Outbox>,
}

impl Round<'_> {
    /// The connections, and the logs that their outboxes are [written](Outbox::write) from: in any order, and at the
    /// same time by several threads.
    pub fn outboxes(&mut self) -> (Logs<'_>, &mut [Outbox]) {
        (Logs(&self.server.rooms), &mut self.outboxes)
    }

    /// The server, as it was before anything of this round was written.
    pub fn server(&self) -> &Server {
        self.server
    }
}

impl Drop for Round<'_> {
    fn drop(&mut self) {
        let mut outboxes = mem::take(&mut self.outboxes);
        for outbox in &mut outboxes {
            if let Some(connection) = self.server.connections.get_mut(outbox.id) {
                mem::swap(&mut connection.main.cursor, &mut outbox.main.1);
                mem::swap(&mut connection.others, &mut outbox.others);
                connection.outbound.blocked = outbox.full;
            }
        }
        // All cursors are where they belong before anything follows from that.
        for outbox in outboxes.drain(..) {
            self.server.written(outbox.id, outbox.full, outbox.progress);
        }
        self.server.outboxes = outboxes;
    }
}

impl Connection {
    /// Whether nothing follows from its having been written to, where its socket took all, as it is with almost everybody
    /// of a room: nothing is held for it, nor has it anything to wait for, and nothing that it sent waits for that.
    fn is_done_with(&self, rooms: &Rooms) -> bool {
        let others = self.others.as_ref().map_or(&[][..], |them| &them[..]);
        let is_seated = |it: &Position| it.seat.is_some();
        let is_settled = self.outbound.barrier <= rooms.committed() && !self.is_filed();
        // Whoever has no seat may have to be looked at after a commit.
        let is_found = rooms.is_settled() || is_seated(&self.main);
        let is_heard =
            !self.inbound.has_unread() && !self.inbound.eof && !self.waiting.is_waiting();
        let is_staying = self.phase != Phase::Draining && others.iter().all(is_seated);
        let is_free = self.outbound.copied == 0 && self.deadline.is_none();
        is_settled && is_found && is_heard && is_staying && is_free
    }
}

impl Server {
    /// Writes to everyone who has something waiting, one after the other, until there is nothing more: `write` is
    /// given a connection and slices, as [`Outbox::write`] says.
    pub fn pass(&mut self, now: Timestamp, mut write: impl FnMut(ConnId, &[&[u8]]) -> usize) {
        while let Some(mut round) = self.round(now, 1) {
            let (logs, outboxes) = round.outboxes();
            for outbox in outboxes {
                let id = outbox.id();
                outbox.write(logs, |slices| write(id, slices));
            }
        }
    }

    /// Lends out what can be written now, for `most` connections at most, or one. `None` means that everyone has been
    /// given what there is. In a large room a pass of many rounds takes its time; what happens meanwhile may be told
    /// in between, and whoever is still to be written to has it, too.
    pub fn round(&mut self, now: Timestamp, most: usize) -> Option<Round<'_>> {
        self.pass_time(now);
        let mut outboxes = mem::take(&mut self.outboxes);
        while outboxes.is_empty() {
            let mut is_sweep_over = false;
            while outboxes.len() < most.max(1)
                && !is_sweep_over
                && let is_sweeping = self.delivery.is_sweeping()
                && let Some(id) = self.next_in_round()
            {
                outboxes.extend(self.lend(id));
                // Those who are busy are not to come with those who are not.
                is_sweep_over = is_sweeping && !self.delivery.is_sweeping();
            }
            if outboxes.is_empty() && !self.begin_round() {
                self.outboxes = outboxes;
                return None;
            }
        }
        Some(Round {
            server: self,
            outboxes,
        })
    }

    /// Lends out what waits for a connection whose socket is not full.
    fn lend(&mut self, id: ConnId) -> Option<Outbox> {
        let connection = self
            .connections
            .get_mut(id)
            .filter(|c| !c.outbound.blocked)?;
        let cursor = mem::replace(&mut connection.main.cursor, Cursor::outside(0));
        Some(Outbox {
            id,
            dialect: connection.dialect,
            main: (connection.main.room, cursor),
            others: connection.others.take(),
            full: false,
            progress: false,
        })
    }

    /// Takes away the positions from which a connection has been sent all that it is to be sent.
    fn drop_positions(&mut self, id: ConnId) {
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        let dialect = connection.dialect;
        let Some(others) = connection.others.as_mut() else {
            return;
        };
        let rooms = &mut self.rooms;
        others.retain(|it| {
            let log = rooms[it.room].log().stream(dialect);
            let stays = it.seat.is_some() || !it.cursor.is_done(log);
            if !stays {
                rooms.detach(it.room);
            }
            stays
        });
        if others.is_empty() {
            connection.others = None;
        }
    }

    /// A connection was written to: its socket is full, or not, and took something, or nothing.
    fn written(&mut self, id: ConnId, full: bool, progress: bool) {
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        if !full && connection.is_done_with(&self.rooms) {
            return;
        }
        let copied = connection.outbound.copied.min(connection.private() as u64);
        let has_deadline = connection.deadline.is_some();
        let has_others = connection.others.is_some();
        let is_done = |it: &Position| {
            let log = self.rooms[it.room].log().stream(connection.dialect);
            it.cursor.is_done(log)
        };
        let drained = connection.phase == Phase::Draining && connection.positions().all(is_done);
        self.set_copied(id, copied);
        self.file(id);
        if has_others {
            self.drop_positions(id);
        }
        if full && (progress || !has_deadline) {
            self.set_deadline(id, Some((self.now + self.limits.stall, Timer::Stall)));
        } else if !full && has_deadline {
            self.set_deadline(id, None);
        } else {
            mark_if(full, Mark::WokenForNothing);
        }
        self.await_commit(id);
        if drained {
            self.end(id, Event::Drained, CloseReason::Eof);
        } else if progress {
            self.proceed(id);
        }
    }
}
