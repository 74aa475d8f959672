//! Delivery: who is to be written to, and what.
//!
//! An append touches no member. Each pass goes once over those who have something waiting and
//! whose sockets are not full, and gives each all that lies between its cursor and its end.

use super::Server;
use super::connection::{Connection, Position};
use super::io::CloseReason;
use super::phase::{Event, Phase};
use super::rooms::Rooms;
use crate::mark::{Mark, mark, mark_if};
use crate::room::RoomId;
use crate::types::conn_id::ConnId;
use crate::types::time::Timestamp;
use crate::wire::dialect::Dialect;
use crate::wire::notice::{Goodbye, Notice};
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;
use core::time::Duration;

/// A room other than the lobby keeps one part in so many of [`Limits::behind`], unless a slow reader needs more.
const ROOM_SHARE: u64 = 8;

/// How far delivery has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Delivery {
    /// Connections with something of their own to be written, or whose sockets have become
    /// writable.
    marked: VecDeque<ConnId>,
    /// How many of them the round under way has yet to visit. Who is marked meanwhile waits for the
    /// next one, so that each comes to its end.
    due: usize,
    /// Subscribers that it has yet to visit.
    visits: Visits,
    /// Bytes of all rooms that could be sent when it began, by dialect.
    round_start: [u64; 2],
    sweep: Sweep,
    /// How many ways through the seats there have been: sweeps, and rounds.
    ways: u64,
    /// Bytes held for connections that the log has left behind.
    copied: u64,
}

/// Subscribers that are yet to be visited: those of these rooms, and of the last one those whose seats are below this
/// number. Downwards, so that whoever moves into a seat given up meanwhile is visited at least once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Visits {
    rooms: Vec<RoomId>,
    seats: usize,
    /// Which of all ways through the seats it is.
    way: u64,
}

/// A way through the seats that visits those who are not [busy](Connection::is_busy), before all
/// others: what is said comes to them at once, whatever the others ask for. It may begin at any time, also
/// in the middle of a round; to visit somebody once more than their round asks for does no harm.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Sweep {
    /// Subscribers that it has yet to visit, as in a round.
    visits: Visits,
    /// Bytes of all rooms that could be sent when it began, by dialect.
    heads: [u64; 2],
    /// It visits everyone that the round under way is to visit: it began in it, and has left nobody out.
    is_whole: bool,
    /// So many visits are owed to the others before another one begins within the same round.
    owed: usize,
}

impl Visits {
    /// All subscribers of these rooms.
    fn of(rooms: Vec<RoomId>, all: &Rooms, ways: &mut u64) -> Self {
        let seats = rooms.last().map_or(0, |room| all.seats(*room));
        *ways += 1;
        let way = *ways;
        let mut visits = Self { rooms, seats, way };
        visits.drop_visited(all);
        visits
    }

    /// The next one.
    fn next(&mut self, all: &Rooms) -> Option<ConnId> {
        while let Some(room) = self.rooms.last() {
            // Fewer may be there by now, or the room may be gone.
            self.seats = self.seats.min(all.seats(*room));
            let id = self.seats.checked_sub(1).and_then(|seat| {
                self.seats = seat;
                all[*room].subscribers.at(seat)
            });
            self.drop_visited(all);
            if id.is_some() {
                return id;
            }
        }
        None
    }

    fn drop_visited(&mut self, all: &Rooms) {
        while self.seats == 0 && self.rooms.pop().is_some() {
            self.seats = self.rooms.last().map_or(0, |room| all.seats(*room));
        }
    }

    fn is_over(&self) -> bool {
        self.rooms.is_empty()
    }
}

impl Delivery {
    /// Whether the sweep under way has anybody to visit yet.
    pub(super) fn is_sweeping(&self) -> bool {
        !self.sweep.visits.is_over()
    }

    /// Bytes held for connections that the log has left behind.
    pub(super) fn copied(&self) -> u64 {
        self.copied
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
        sweep.visits.is_over() && !sweep.is_whole && sweep.heads == self.rooms.bytes_visible()
    }

    /// The next connection of this round that has something waiting.
    pub(super) fn next_in_round(&mut self) -> Option<ConnId> {
        let heads = self.rooms.bytes_visible();
        let is_between_passes = self.delivery.due > self.delivery.marked.len();
        if is_between_passes && self.is_behind() && !self.is_anyone_too_far() {
            return None; // There is a round to begin at once.
        }
        let sweep = &self.delivery.sweep;
        if sweep.visits.is_over() && sweep.owed == 0 && sweep.heads != heads {
            let rooms = self.rooms.begin_sweep();
            self.delivery.sweep = Sweep {
                visits: Visits::of(rooms, &self.rooms, &mut self.delivery.ways),
                heads,
                is_whole: self.rooms.has_swept(&self.delivery.visits.rooms),
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

    /// Whether something came after the round under way began, or the last one.
    fn is_behind(&self) -> bool {
        self.delivery.round_start != self.rooms.bytes_visible()
    }

    /// How far whoever is furthest behind is, of those whose sockets are full.
    pub(super) fn furthest_behind(&self) -> u64 {
        let lanes = self.rooms.iter().flat_map(|(_, hosted)| {
            let lanes = Dialect::ALL.into_iter().zip(&hosted.lanes);
            lanes.filter_map(|(dialect, lane)| lane.furthest(hosted.log().head(dialect)))
        });
        lanes.map(|(distance, _)| distance).max().unwrap_or(0)
    }

    /// Whether a round that begins would find somebody to cut off. Who has become writable is to be
    /// written to before that.
    fn is_anyone_too_far(&self) -> bool {
        self.rooms.unsettled().any(|room| {
            let hosted = &self.rooms[room];
            Dialect::ALL
                .into_iter()
                .zip(&hosted.lanes)
                .any(|(dialect, lane)| {
                    let furthest = lane.furthest(hosted.log().head(dialect));
                    furthest.is_some_and(|(distance, _)| distance > self.limits.behind)
                })
        })
    }

    fn next_in_sweep(&mut self) -> Option<ConnId> {
        while let Some(id) = self.delivery.sweep.visits.next(&self.rooms) {
            if self.was_visited(id, 0, self.delivery.sweep.visits.way) {
                continue;
            }
            if !self.has_waiting(id) {
                self.file_for_barrier(id);
                continue;
            }
            if !self.connections.get(id).is_some_and(Connection::is_busy) {
                return Some(id);
            }
            mark(Mark::BusyVisitedLater);
            self.delivery.sweep.is_whole = false;
        }
        None
    }

    /// Whether a way through the seats of several rooms has come to a connection already, which is written to for all of its rooms
    /// at once; it has now. `which`: a sweep, or a round.
    fn was_visited(&mut self, id: ConnId, which: usize, way: u64) -> bool {
        let connection = self.connections.get_mut(id);
        let others = connection.and_then(|c| c.others.as_mut());
        let was = others.is_some_and(|it| mem::replace(&mut it.visited[which], way) == way);
        mark_if(was, Mark::VisitedOnce);
        was
    }

    fn next_of_all(&mut self) -> Option<ConnId> {
        while self.delivery.due > 0
            && let Some(id) = self.delivery.marked.pop_front()
        {
            self.delivery.due -= 1;
            if let Some(connection) = self.connections.get_mut(id) {
                connection.outbound.marked = false;
            }
            if self.has_waiting(id) {
                return Some(id);
            }
            self.file(id);
            self.await_commit(id);
        }
        let sweep = &self.delivery.sweep;
        if sweep.is_whole && sweep.visits.is_over() {
            self.delivery.visits = Visits::default(); // It has visited all of them.
        }
        while let Some(id) = self.delivery.visits.next(&self.rooms) {
            if self.was_visited(id, 1, self.delivery.visits.way) {
                continue;
            }
            if self.has_waiting(id) {
                return Some(id);
            }
            self.file_for_barrier(id);
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
        while self.cut_off_somebody() {}
        let is_behind = self.is_behind();
        let more = is_behind || !self.delivery.marked.is_empty();
        let rooms: Vec<RoomId> = self.rooms.unsettled().collect();
        self.rooms.due = 0;
        for room in &rooms {
            self.begin_round_in(*room, more);
        }
        self.delivery.round_start = self.rooms.bytes_visible();
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
        self.rooms.settle(&rooms);
        if is_behind {
            self.delivery.visits = Visits::of(rooms, &self.rooms, &mut self.delivery.ways);
            self.delivery.sweep.is_whole &= self.rooms.has_swept(&self.delivery.visits.rooms);
        }
        more
    }

    /// What a round that begins does in a room.
    fn begin_round_in(&mut self, room: RoomId, more: bool) {
        for dialect in Dialect::ALL {
            let hosted = &mut self.rooms[room];
            let head = hosted.log().stream(dialect).visible();
            let lane = &mut hosted.lanes[dialect as usize];
            lane.excess = lane.excess(head, &self.limits);
            let round_start = mem::replace(&mut lane.round_start, head);
            let previous_start = mem::replace(&mut lane.previous_start, round_start);
            self.trim(room, dialect, if more { previous_start } else { head });
        }
        let hosted = &self.rooms[room];
        if room != RoomId::LOBBY {
            // What is not committed yet is still to be sent.
            self.rooms.due += hosted.since_round_start() * hosted.subscribers.len() as u64;
        }
    }

    /// Gives the lines that the server's screen shows and has not been given yet, and answers how
    /// many bytes of them are lost. That is none if they are taken after every round of
    /// [writing](Self::round), for the rooms do not keep them for long. Lines of a room that is not the lobby
    /// begin with its name in brackets.
    ///
    /// Together they are whole lines, whatever is lost before them. They come in pieces, each of which may end
    /// anywhere in a line.
    pub fn transcript(&mut self, show: impl FnMut(&[u8])) -> u64 {
        let lost = self.rooms.transcript(show);
        // Rooms are held at least until they have been shown.
        let forgotten = self.rooms.let_go();
        self.forget_ids(&forgotten);
        lost
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
        let [text, json] = self.rooms.bytes_appended();
        let [text_start, json_start] = self.delivery.round_start;
        (text - text_start).max(json - json_start)
    }

    /// The same, for all members together.
    fn to_be_sent(&self) -> u64 {
        let lobby = self.rooms.lobby();
        let members = lobby.subscribers.len() as u64;
        let of_lobby = lobby.since_round_start().saturating_mul(members);
        of_lobby.saturating_add(self.rooms.due)
    }

    /// Has the next pass visit a connection.
    pub(super) fn mark(&mut self, id: ConnId) {
        if let Some(connection) = self.connections.get_mut(id)
            && !mem::replace(&mut connection.outbound.marked, true)
        {
            self.delivery.marked.push_back(id);
        }
    }

    pub(super) fn writable(&mut self, id: ConnId) {
        if let Some(connection) = self.connections.get_mut(id)
            && mem::replace(&mut connection.outbound.blocked, false)
        {
            self.mark(id);
        }
    }

    /// Replaces what waits for a connection by the news that it was too much.
    pub(super) fn cut_off(&mut self, id: ConnId) {
        let why = Goodbye::TooFarBehind {
            limit: self.limits.behind,
        };
        self.replace_waiting(id, |dialect, _| Notice::Goodbye(why).to_line(dialect));
    }

    /// Has nothing wait for a connection but the rest of a line of which a part was sent, and then a last one. It is given
    /// whether anything waited.
    pub(super) fn replace_waiting(
        &mut self,
        id: ConnId,
        last: impl FnOnce(Dialect, bool) -> String,
    ) {
        self.set_copied(id, 0);
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        connection.outbound.barrier = 0;
        let dialect = connection.dialect;
        let rooms = &self.rooms;
        let waits = connection
            .positions()
            .any(|it| !it.cursor.is_done(rooms[it.room].log().stream(dialect)));
        let last = last(dialect, waits);
        // At most one of its cursors is within a line: that one has the last line.
        let nth = connection
            .positions()
            .position(|it| it.cursor.is_mid_line())
            .unwrap_or(0);
        for (index, it) in connection.positions_mut().enumerate() {
            let line = if index == nth { &*last } else { "" };
            it.cursor.cut(rooms[it.room].log().stream(dialect), line);
        }
        self.file(id);
    }

    /// Whether a line that a connection did not ask for may wait for it as well: nobody is to be closed for a
    /// courtesy.
    pub(super) fn fits(&self, id: ConnId, line: &str) -> bool {
        let fits = self.connections.get(id).is_some_and(|connection| {
            let waiting = connection.positions().map(|it| {
                let log = self.rooms[it.room].log().stream(connection.dialect);
                if connection.outbound.blocked {
                    return it.cursor.total(log);
                }
                // What is not committed yet does not wait for its socket.
                let place = it.cursor.place_in(log).unwrap_or(log.visible());
                log.visible().saturating_sub(place) + it.cursor.private() as u64
            });
            waiting.sum::<u64>() + line.len() as u64 <= self.limits.behind
        });
        mark_if(!fits, Mark::CourtesyLeftOut);
        fits
    }

    /// Takes note of how many bytes are held for a connection alone because the log has moved on.
    pub(super) fn set_copied(&mut self, id: ConnId, bytes: u64) {
        if let Some(connection) = self.connections.get_mut(id) {
            let before = mem::replace(&mut connection.outbound.copied, bytes);
            self.delivery.copied = self.delivery.copied - before + bytes;
        }
    }

    /// Has a connection filed among the blocked ones of its rooms if it belongs there, and as it is now. It stays
    /// there until it is visited.
    pub(super) fn file(&mut self, id: ConnId) {
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        let (is_blocked, is_marked) = (connection.outbound.blocked, connection.outbound.marked);
        let (phase, dialect) = (connection.phase, connection.dialect);
        let waits = connection.outbound.barrier > self.rooms.committed();
        if !is_blocked && !waits && !connection.is_filed() {
            return; // It is nowhere among them, and belongs nowhere: so it is with almost all.
        }
        for place in connection.positions_mut() {
            let hosted = &mut self.rooms[place.room];
            let log = hosted.log().stream(dialect);
            // Of the lobby, what is not committed is held for everyone, and what is may not be for who waits for more than that.
            let may_be_let_go = |at: u64| place.room != RoomId::LOBBY || at < log.visible();
            let is_kept = is_marked && place.filed.is_some();
            let needs = place.cursor.place_in(log).filter(|at| {
                phase != Phase::Closed && (is_blocked || is_kept || waits && may_be_let_go(*at))
            });
            let private = place.cursor.private() as u64;
            let key = needs.map(|at| at.cast_signed().saturating_sub_unsigned(private));
            let before = place.filed.as_deref().copied();
            if before != key {
                place.filed = key.map(Box::new);
                hosted.lanes[dialect as usize].file(id, before, key);
            }
            if key.is_some() {
                self.rooms.unsettle(place.room);
            }
        }
    }

    /// Whoever waits for a commit needs what comes meanwhile in their rooms: it is held for them, as for those whose sockets
    /// are full.
    fn file_for_barrier(&mut self, id: ConnId) {
        let committed = self.rooms.committed();
        let is_to_be_filed = self
            .connections
            .get(id)
            .is_some_and(|c| c.outbound.barrier > committed || !c.outbound.blocked && c.is_filed());
        if is_to_be_filed {
            self.file(id);
        }
    }

    fn has_waiting(&self, id: ConnId) -> bool {
        self.connections.get(id).is_some_and(|c| {
            let is_ready = |it: &Position| {
                let log = self.rooms[it.room].log().stream(c.dialect);
                it.cursor.is_ready(log)
            };
            let is_ready = c.phase == Phase::Draining || c.positions().any(is_ready);
            let is_due = c.outbound.barrier <= self.rooms.committed();
            !c.outbound.blocked && is_ready && is_due
        })
    }

    /// Sees to somebody who is too far behind, in any room.
    fn cut_off_somebody(&mut self) -> bool {
        let rooms: Vec<RoomId> = self.rooms.unsettled().collect();
        rooms.into_iter().any(|room| {
            let mut dialects = Dialect::ALL.into_iter();
            dialects.any(|dialect| self.cut_off_furthest(room, dialect))
        })
    }

    /// Sees to the connection that is furthest behind in a room, if it is at the limit: cuts it off if too
    /// much waits for it, and otherwise (most of that is its own, or it has left) takes a copy of
    /// what waits. Either way it needs nothing of the log as it is now.
    fn cut_off_furthest(&mut self, room: RoomId, dialect: Dialect) -> bool {
        let hosted = &mut self.rooms[room];
        let head = hosted.log().head(dialect);
        let lane = &mut hosted.lanes[dialect as usize];
        let most = lane.most_behind(head, &self.limits);
        let furthest = lane.furthest(head);
        let Some((_, id)) = furthest.filter(|(distance, _)| *distance > most) else {
            return false;
        };
        let key = lane.blocked.first().map(|&(key, _)| key);
        let log = hosted.log().stream(dialect);
        let Some(connection) = self.connections.get_mut(id) else {
            return false;
        };
        let in_room = connection.phase.is_in_room();
        // What is held of several rooms is counted together.
        let before = connection.outbound.copied;
        let others = if connection.others.is_some() {
            before
        } else {
            0
        };
        let mut positions = connection.positions_mut();
        let Some(it) = positions.find(|it| it.room == room && it.filed.as_deref().copied() == key)
        else {
            return false;
        };
        let waiting = it.cursor.total(log);
        let copied = self.delivery.copied - before + others + waiting;
        mark_if(
            waiting <= most && copied > self.limits.copies,
            Mark::CopiesFull,
        );
        let is_too_much = waiting > most || copied > self.limits.copies;
        if !is_too_much {
            it.cursor.detach(log);
        }
        drop(positions);
        if is_too_much {
            mark_if(in_room, Mark::CutOffInRoom);
            mark_if(!in_room, Mark::CutOffDraining);
            self.end(id, Event::TooFarBehind, CloseReason::TooFarBehind);
        } else {
            mark_if(in_room, Mark::CopiedInRoom);
            mark_if(!in_room, Mark::CopiedDraining);
            self.set_copied(id, others + waiting);
        }
        self.file(id);
        true
    }

    /// Has a room's log forget what nobody is to be given any more, up to a place that all whose sockets
    /// are not full have come to.
    fn trim(&mut self, room: RoomId, dialect: Dialect, previous_start: u64) {
        let may_wait = self.rooms.is_kept();
        let hosted = &mut self.rooms[room];
        let head = hosted.log().head(dialect);
        let transcript = match dialect {
            Dialect::Text => hosted.transcript(),
            Dialect::Json => u64::MAX,
        };
        let lane = &mut hosted.lanes[dialect as usize];
        // With a store, so do those that waited for a commit when they were visited.
        debug_assert!(lane.blocked.iter().all(|&(_, id)| {
            let connection = self.connections.get(id);
            connection.is_some_and(|c| c.outbound.blocked || c.outbound.marked || may_wait)
        }));
        let behind = self.limits.behind;
        let furthest = lane.furthest(head).map_or(0, |(far, _)| far);
        if lane.excess == 0 && furthest <= behind {
            lane.burst = 0;
        }
        let kept = if room == RoomId::LOBBY {
            behind + lane.burst
        } else {
            // There may be many of them.
            (behind / ROOM_SHARE).max(furthest.min(behind + lane.burst))
        };
        let wanted = head.saturating_sub(kept).min(transcript);
        let most = self.limits.transcript.max(behind);
        let forced = head.saturating_sub(most);
        let end = wanted.max(forced).min(previous_start);
        let forgotten = self.rooms.trim(room, dialect, end);
        self.forget_ids(&forgotten);
    }
}
