//! Delivery: who is to be written to, and what.
//!
//! An append touches no member. Each pass goes once over those who have something waiting and
//! whose sockets are not full, and gives each all that lies between its cursor and its end.

use super::Server;
use super::connection::Connection;
use super::io::CloseReason;
use super::phase::{Event, Phase};
use crate::mark::{Mark, mark, mark_if};
use crate::room::log::Log;
use crate::types::conn_id::ConnId;
use crate::types::limits::{Limits, MAX_SERVER_LINE};
use crate::types::time::Timestamp;
use crate::wire::dialect::Dialect;
use crate::wire::notice::{Goodbye, Notice};
use alloc::collections::{BTreeSet, VecDeque};
use core::mem;
use core::time::Duration;

/// How far delivery has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Delivery {
    /// Connections with something of their own to be written, or whose sockets have become
    /// writable.
    marked: VecDeque<ConnId>,
    /// How many of them the round under way has yet to visit. Who is marked meanwhile waits for the
    /// next one, so that each comes to its end.
    due: usize,
    /// Subscribers that it has yet to visit: those below this number. Downwards, so that whoever moves
    /// into a seat given up meanwhile is visited at least once.
    seats: usize,
    sweep: Sweep,
    lanes: [Lane; 2],
    /// Bytes held for connections that the log has left behind.
    copied: u64,
    /// The place in the log up to which the transcript was taken.
    transcript: u64,
}

/// A way through the seats that visits those who are not [busy](Connection::is_busy), before all
/// others: what is said comes to them at once, whatever the others ask for. It may begin at any time, also
/// in the middle of a round; to visit somebody once more than their round asks for does no harm.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Sweep {
    /// Subscribers that it has yet to visit, as in a round.
    seats: usize,
    /// How far the log of each dialect could be sent when it began.
    heads: [u64; 2],
    /// It visits everyone that the round under way is to visit: it began in it, and has left nobody out.
    is_whole: bool,
    /// So many visits are owed to the others before another one begins within the same round.
    owed: usize,
}

/// The same for the lines of one dialect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Lane {
    /// The head of the log when the round under way began.
    round_start: u64,
    /// The head when the round before began: every member whose socket is not full has come as far. Departed
    /// readers may lag one round more.
    previous_start: u64,
    /// What that round appended beyond a batch.
    excess: u64,
    /// Connections that need more of the log and whose sockets are full, or were until they were
    /// marked; the one furthest behind first: by place in it, less the bytes of their own that wait.
    blocked: BTreeSet<(i64, ConnId)>,
    /// So many bytes more than its limit may a connection be behind, since a crowd that came or went at once has
    /// appended them; 0 once nobody is behind by more than the limit.
    burst: u64,
}

impl Delivery {
    /// Where everything that the log has was delivered.
    pub(super) fn at_the_end_of(log: &Log) -> Self {
        let lane = |dialect| Lane {
            round_start: log.head(dialect),
            ..Lane::default()
        };
        Self {
            lanes: Dialect::ALL.map(lane),
            sweep: Sweep {
                heads: Dialect::ALL.map(|dialect| log.stream(dialect).visible()),
                ..Sweep::default()
            },
            transcript: log.head(Dialect::Text),
            ..Self::default()
        }
    }

    /// Subscribers that the sweep under way has yet to visit.
    pub(super) fn sweep_left(&self) -> usize {
        self.sweep.seats
    }

    /// Bytes held for connections that the log has left behind.
    pub(super) fn copied(&self) -> u64 {
        self.copied
    }
}

impl Lane {
    /// What the round under way has appended beyond a batch.
    fn excess(&self, head: u64, limits: &Limits) -> u64 {
        (head - self.round_start).saturating_sub(limits.batch + 2 * (MAX_SERVER_LINE as u64 + 1))
    }

    /// How far the connection that is furthest behind is, and which one it is.
    fn furthest(&self, head: u64) -> Option<(u64, ConnId)> {
        let &(key, id) = self.blocked.first()?;
        let distance = head.cast_signed() - key;
        Some((u64::try_from(distance).unwrap_or(0), id))
    }
}

impl Server {
    /// Whether a pass that began to write at `begun`, after it had received for so long, is to receive again before it
    /// writes to others (PROTOCOL.md, "Flow").
    pub fn is_to_receive(&self, begun: Timestamp, received: Duration, now: Timestamp) -> bool {
        let most = if self.is_only_busy_left() {
            self.limits.busy_write_time
        } else {
            self.limits.write_time
        };
        now.since(begun) > most.max(received)
    }

    /// Whether all that are still to be written to in this round talk or ask without pause: whoever does
    /// not is to be heard before these have their due.
    pub fn is_only_busy_left(&self) -> bool {
        let sweep = &self.delivery.sweep;
        sweep.seats == 0 && !sweep.is_whole && sweep.heads == self.visible()
    }

    /// The next connection of this round that has something waiting.
    pub(super) fn next_in_round(&mut self) -> Option<ConnId> {
        let heads = self.visible();
        let is_between_passes = self.delivery.due > self.delivery.marked.len();
        if is_between_passes && self.is_behind(heads) && !self.is_anyone_too_far() {
            return None; // There is a round to begin at once.
        }
        let sweep = &mut self.delivery.sweep;
        if sweep.seats == 0 && sweep.owed == 0 && sweep.heads != heads {
            *sweep = Sweep {
                seats: self.subscribers.len(),
                heads,
                is_whole: true,
                owed: 0,
            };
        }
        if let Some(id) = self.next_in_sweep() {
            self.delivery.sweep.owed += 1;
            return Some(id);
        }
        let id = self.next_of_all()?;
        self.delivery.sweep.owed = self.delivery.sweep.owed.saturating_sub(1);
        Some(id)
    }

    /// How much of the log in each dialect may be sent.
    fn visible(&self) -> [u64; 2] {
        Dialect::ALL.map(|dialect| self.room.log.stream(dialect).visible())
    }

    /// Whether something came after the round under way began, or the last one.
    fn is_behind(&self, heads: [u64; 2]) -> bool {
        let mut lanes = self.delivery.lanes.iter().zip(heads);
        lanes.any(|(lane, head)| lane.round_start < head)
    }

    /// How far whoever is furthest behind is, of those whose sockets are full.
    pub(super) fn furthest_behind(&self) -> u64 {
        let lanes = Dialect::ALL.into_iter().filter_map(|dialect| {
            self.delivery.lanes[dialect as usize].furthest(self.room.log.head(dialect))
        });
        lanes.map(|(distance, _)| distance).max().unwrap_or(0)
    }

    /// Whether a round that begins would find somebody to cut off. Who has become writable is to be
    /// written to before that.
    fn is_anyone_too_far(&self) -> bool {
        Dialect::ALL.into_iter().any(|dialect| {
            let lane = &self.delivery.lanes[dialect as usize];
            let furthest = lane.furthest(self.room.log.head(dialect));
            furthest.is_some_and(|(distance, _)| distance > self.limits.behind)
        })
    }

    fn next_in_sweep(&mut self) -> Option<ConnId> {
        while self.delivery.sweep.seats > 0 {
            self.delivery.sweep.seats = (self.delivery.sweep.seats - 1).min(self.subscribers.len());
            let id = self.subscribers.at(self.delivery.sweep.seats);
            let Some(id) = id.filter(|id| self.has_waiting(*id)) else {
                continue;
            };
            if !self.connections.get(id).is_some_and(Connection::is_busy) {
                return Some(id);
            }
            mark(Mark::BusyVisitedLater);
            self.delivery.sweep.is_whole = false;
        }
        None
    }

    fn next_of_all(&mut self) -> Option<ConnId> {
        while self.delivery.due > 0
            && let Some(id) = self.delivery.marked.pop_front()
        {
            self.delivery.due -= 1;
            if let Some(connection) = self.connections.get_mut(id) {
                connection.marked = false;
            }
            if self.has_waiting(id) {
                return Some(id);
            }
            self.file(id);
            self.await_commit(id);
        }
        let sweep = &self.delivery.sweep;
        if sweep.is_whole && sweep.seats == 0 {
            self.delivery.seats = 0; // It has visited all of them.
        }
        while self.delivery.seats > 0 {
            self.delivery.seats = (self.delivery.seats - 1).min(self.subscribers.len());
            if let Some(id) = self.subscribers.at(self.delivery.seats)
                && self.has_waiting(id)
            {
                return Some(id);
            }
        }
        None
    }

    /// Begins another round if there is anything to write; otherwise the pass is over. First it cuts off all
    /// who are too far behind: then the others are told of all these leavings in one round, and not in a round
    /// for each.
    pub(super) fn begin_round(&mut self) -> bool {
        mark_if(self.appended() >= self.limits.batch, Mark::BatchFull);
        mark_if(
            self.appended() < self.limits.batch && self.is_batch_full(),
            Mark::PassFull,
        );
        while Dialect::ALL
            .into_iter()
            .any(|dialect| self.cut_off_furthest(dialect))
        {}
        let heads = self.visible();
        let is_behind = self.is_behind(heads);
        let more = is_behind || !self.delivery.marked.is_empty();
        for (dialect, head) in Dialect::ALL.into_iter().zip(heads) {
            let lane = &mut self.delivery.lanes[dialect as usize];
            lane.excess = lane.excess(head, &self.limits);
            let round_start = mem::replace(&mut lane.round_start, head);
            let previous_start = mem::replace(&mut lane.previous_start, round_start);
            self.trim(dialect, if more { previous_start } else { head });
        }
        if is_behind || !more {
            self.backfills.begin_round();
        }
        self.delivery.due = if more {
            self.delivery.marked.len()
        } else {
            // Between passes no round is under way: whoever is marked then is visited first.
            self.limits.connections.saturating_add(1)
        };
        self.delivery.sweep.owed = 0;
        if is_behind {
            self.delivery.seats = self.subscribers.len();
        }
        more
    }

    /// Gives the lines that the room's screen shows and has not been given yet, and answers how
    /// many bytes of them are lost. That is none if they are taken after every round of
    /// [writing](Self::round), for the room does not keep them for long.
    ///
    /// Together they are whole lines, whatever is lost before them. They come in two pieces at
    /// most, and the first may end anywhere in a line.
    pub fn transcript(&mut self, mut show: impl FnMut(&[u8])) -> u64 {
        let log = self.room.log.stream(Dialect::Text);
        let mut from = self.delivery.transcript;
        if from < log.start() {
            // What is still held may begin within a line.
            from = log.next_line_start(log.start());
        }
        for slice in log.slices(from..log.visible()) {
            if !slice.is_empty() {
                show(slice);
            }
        }
        let lost = from - self.delivery.transcript;
        mark_if(lost > 0, Mark::TranscriptLost);
        self.delivery.transcript = log.visible();
        lost
    }

    /// What happened so far is not shown, if it was not yet.
    pub(super) fn skip_transcript(&mut self) {
        self.delivery.transcript = self.room.log.head(Dialect::Text);
    }

    /// Whether so much was appended that another round is to begin before more is read.
    pub(super) fn is_batch_full(&self) -> bool {
        self.appended() >= self.limits.batch || self.to_be_sent() >= self.limits.pass
    }

    /// Whether those who talk without pause have to wait until everyone has been written to.
    pub(super) fn is_bulk_full(&self) -> bool {
        self.to_be_sent() >= self.limits.bulk
    }

    /// Bytes appended since the round under way began, in the dialect that needs more.
    fn appended(&self) -> u64 {
        let lanes = Dialect::ALL.into_iter().zip(&self.delivery.lanes);
        let appended = lanes.map(|(dialect, lane)| self.room.log.head(dialect) - lane.round_start);
        appended.max().unwrap_or(0)
    }

    /// The same, for all members together.
    fn to_be_sent(&self) -> u64 {
        let members = self.subscribers.len() as u64;
        self.appended().saturating_mul(members)
    }

    /// Has the next pass visit a connection.
    pub(super) fn mark(&mut self, id: ConnId) {
        if let Some(connection) = self.connections.get_mut(id)
            && !mem::replace(&mut connection.marked, true)
        {
            self.delivery.marked.push_back(id);
        }
    }

    pub(super) fn writable(&mut self, id: ConnId) {
        if let Some(connection) = self.connections.get_mut(id)
            && mem::replace(&mut connection.blocked, false)
        {
            self.mark(id);
        }
    }

    /// Replaces what waits for a connection by the news that it was too much.
    pub(super) fn cut_off(&mut self, id: ConnId) {
        self.set_copied(id, 0);
        if let Some(connection) = self.connections.get_mut(id) {
            let why = Goodbye::TooFarBehind {
                limit: self.limits.behind,
            };
            let line = Notice::Goodbye(why).to_line(connection.dialect);
            let stream = self.room.log.stream(connection.dialect);
            connection.cursor.cut(stream, &line);
        }
    }

    /// Whether a line that a connection did not ask for may wait for it as well: nobody is to be closed for a
    /// courtesy.
    pub(super) fn fits(&self, id: ConnId, line: &str) -> bool {
        let fits = self.connections.get(id).is_some_and(|connection| {
            let cursor = &connection.cursor;
            let log = self.room.log.stream(connection.dialect);
            let waiting = if connection.blocked {
                cursor.total(log)
            } else {
                // What is not committed yet does not wait for its socket.
                let place = cursor.place_in(log).unwrap_or(log.visible());
                log.visible().saturating_sub(place) + cursor.private() as u64
            };
            waiting + line.len() as u64 <= self.limits.behind
        });
        mark_if(!fits, Mark::CourtesyLeftOut);
        fits
    }

    /// Takes note of how many bytes are held for a connection alone because the log has moved on.
    pub(super) fn set_copied(&mut self, id: ConnId, bytes: u64) {
        if let Some(connection) = self.connections.get_mut(id) {
            let before = mem::replace(&mut connection.copied, bytes);
            self.delivery.copied = self.delivery.copied - before + bytes;
        }
    }

    /// How far behind the log a connection may be. A crowd that comes or goes at once appends more
    /// than anyone could have taken meanwhile; whoever listens is not to go with it.
    fn most_behind(&mut self, dialect: Dialect) -> u64 {
        let most = self.limits.transcript.saturating_sub(self.limits.behind);
        let lane = &mut self.delivery.lanes[dialect as usize];
        let surplus = lane.excess + lane.excess(self.room.log.head(dialect), &self.limits);
        lane.burst = lane.burst.max(surplus).min(most);
        self.limits.behind + lane.burst
    }

    /// Has a connection filed among the blocked ones if it belongs there, and as it is now. It stays
    /// there until it is visited.
    pub(super) fn file(&mut self, id: ConnId) {
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        let is_kept = connection.marked && connection.filed.is_some();
        let is_open = connection.phase != Phase::Closed;
        let needs = connection
            .cursor
            .place_in(self.room.log.stream(connection.dialect))
            .filter(|_| is_open && (connection.blocked || is_kept));
        let private = connection.cursor.private() as u64;
        let key = needs.map(|place| place.cast_signed().saturating_sub_unsigned(private));
        let before = mem::replace(&mut connection.filed, key);
        if before != key {
            let blocked = &mut self.delivery.lanes[connection.dialect as usize].blocked;
            if let Some(key) = before {
                blocked.remove(&(key, id));
            }
            if let Some(key) = key {
                blocked.insert((key, id));
            }
        }
    }

    fn has_waiting(&self, id: ConnId) -> bool {
        self.connections.get(id).is_some_and(|c| {
            let log = self.room.log.stream(c.dialect);
            let is_ready = c.phase == Phase::Draining || c.cursor.is_ready(log);
            let is_due = c.barrier <= self.room.log.committed();
            !c.blocked && is_ready && is_due
        })
    }

    /// Sees to the connection that is furthest behind, if it is at the limit: cuts it off if too
    /// much waits for it, and otherwise (most of that is its own, or it has left) takes a copy of
    /// what waits. Either way it needs nothing of the log as it is now.
    fn cut_off_furthest(&mut self, dialect: Dialect) -> bool {
        let most = self.most_behind(dialect);
        let log = self.room.log.stream(dialect);
        let furthest = self.delivery.lanes[dialect as usize].furthest(log.head());
        let Some((_, id)) = furthest.filter(|(distance, _)| *distance > most) else {
            return false;
        };
        let Some(connection) = self.connections.get_mut(id) else {
            return false;
        };
        let in_room = connection.phase.is_in_room();
        let waiting = connection.cursor.total(log);
        let copied = self.delivery.copied - connection.copied + waiting;
        mark_if(
            waiting <= most && copied > self.limits.copies,
            Mark::CopiesFull,
        );
        if waiting > most || copied > self.limits.copies {
            mark_if(in_room, Mark::CutOffInRoom);
            mark_if(!in_room, Mark::CutOffDraining);
            self.end(id, Event::TooFarBehind, CloseReason::TooFarBehind);
        } else {
            mark_if(in_room, Mark::CopiedInRoom);
            mark_if(!in_room, Mark::CopiedDraining);
            connection.cursor.detach(log);
            self.set_copied(id, waiting);
        }
        self.file(id);
        true
    }

    /// Has the log forget what nobody is to be given any more, up to a place that all whose sockets
    /// are not full have come to.
    fn trim(&mut self, dialect: Dialect, previous_start: u64) {
        let head = self.room.log.head(dialect);
        let lane = &mut self.delivery.lanes[dialect as usize];
        debug_assert!(lane.blocked.iter().all(|&(key, id)| {
            self.connections
                .get(id)
                .is_some_and(|c| (c.blocked || c.marked) && c.filed == Some(key))
        }));
        let behind = self.limits.behind;
        let is_anyone_behind = lane.furthest(head).is_some_and(|(far, _)| far > behind);
        if lane.excess == 0 && !is_anyone_behind {
            lane.burst = 0;
        }
        let kept = behind + lane.burst;
        let transcript = match dialect {
            Dialect::Text => self.delivery.transcript,
            Dialect::Json => u64::MAX,
        };
        let wanted = head.saturating_sub(kept).min(transcript);
        let most = self.limits.transcript.max(behind);
        let forced = head.saturating_sub(most);
        let end = wanted.max(forced).min(previous_start);
        self.room.log.trim(dialect, end);
    }
}
