//! The server: connections, sessions, accounts and rooms.

mod accounts;
mod asking;
mod backfill;
mod backfill_queue;
mod bucket;
mod census;
mod closing;
mod commit;
mod connection;
mod connections;
mod conversations;
mod delivery;
mod detached;
mod devices;
mod disk;
mod guesses;
mod hashing;
mod hosts;
mod inbound;
mod inbox;
mod io;
mod json_requests;
mod kick;
mod lane;
mod membership;
mod moves;
mod orders;
mod outside;
mod people;
pub mod phase;
mod places;
mod private;
mod rate;
mod readers;
mod receive;
mod redact;
mod rooms;
mod round;
mod session;
mod standstill;
mod state_requests;
mod stop;
mod subscribers;
mod talk;
mod timers;
mod turns;
mod waiting;
mod who;

pub use census::{Banned, Census, Present, Usage};
pub use io::{Action, CloseReason, Input, Whom};
pub use round::{Logs, Outbox, Round};
pub use session::Origin;

use crate::mark::{Mark, mark, mark_if};
use crate::room::RoomId;
use crate::room::log::History;
use crate::types::conn_id::ConnId;
use crate::types::limits::Limits;
use crate::types::peer::Peer;
use crate::types::room_name::RoomName;
use crate::types::time::Timestamp;
use crate::wire::dialect::Dialect;
use crate::wire::notice::{Goodbye, Notice};
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use backfill_queue::BackfillQueue;
use connection::Connection;
use connections::Connections;
use core::mem;
use core::time::Duration;
use hosts::Hosts;
use people::People;
use phase::{Event, Phase};
use places::{Place, Places};
use rooms::{Hosted, Rooms};
use session::Sessions;
pub use timers::Timer;
use timers::Timers;
use turns::Turns;

/// How long a client is to wait for a server that stops, to be started again.
const RETRY: Duration = Duration::from_secs(1);

/// The server's side of the protocol, for all connections.
///
/// It does nothing by itself. Its caller owns the sockets and the clock, tells it what happened
/// ([`accept`](Self::accept), [`handle`](Self::handle)), and then, in this order, until there is
/// nothing left to do: writes to every connection that [`round`](Self::round) after round lends, or
/// has [`pass`](Self::pass) do that, takes what the room's screen shows from [`transcript`](Self::transcript),
/// carries out what [`poll_action`](Self::poll_action) gives, and waits for the next thing to happen or for
/// [`next_timeout`](Self::next_timeout).
///
/// ```
/// use chat_core::{Input, Limits, Server, Timestamp};
///
/// let now = Timestamp::ZERO;
/// let mut server = Server::new(Limits::default());
/// let ann = server.accept(now, 61014).unwrap();
/// server.handle(now, Input::Received(ann, b"JOIN\n"));
///
/// let mut sent = Vec::new();
/// server.pass(now, |conn, slices| {
///     assert_eq!(conn, ann);
///     sent.extend(slices.concat());
///     slices.iter().map(|s| s.len()).sum() // the socket took it all
/// });
/// assert_eq!(sent, b"Welcome to the chatroom!\n");
///
/// let mut screen = Vec::new();
/// server.transcript(|lines| screen.extend_from_slice(lines));
/// assert_eq!(screen, b"USER61014 has joined the chat\n");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Server {
    limits: Limits,
    origin: Origin,
    /// The latest time that the caller named.
    now: Timestamp,
    connections: Connections,
    places: Places,
    hosts: Hosts,
    rooms: Rooms,
    sessions: Sessions,
    people: People,
    conversations: conversations::Conversations,
    hashing: hashing::Hashing,
    guesses: guesses::Guesses,
    redacting: redact::Redacting,
    /// Rooms that are closed, and in which there are still others than may be.
    emptying: Vec<RoomId>,
    timers: Timers,
    stopping: bool,
    /// When it stops: by how much later each connection is to come back than the one before it.
    retry_share: Duration,
    turns: Turns,
    backfills: BackfillQueue,
    paces: rate::Paces,
    actions: VecDeque<Action>,
    delivery: delivery::Delivery,
    disk: disk::Disk,
    /// Empty between rounds; kept for its memory.
    outboxes: Vec<Outbox>,
    /// Connections that wait for something to be committed, and that no round would visit then.
    awaiting: Vec<ConnId>,
}

impl Server {
    /// A server with an empty lobby, whose origin anybody knows: for simulations and tests.
    pub fn new(limits: Limits) -> Self {
        Self::with_origin(limits, Origin::default())
    }

    /// A server with an empty lobby.
    pub fn with_origin(limits: Limits, origin: Origin) -> Self {
        let rooms = Rooms::new(origin.epoch);
        Self::with_rooms(limits, origin, rooms)
    }

    /// A server that goes on with rooms that a store keeps: the lobby, all others in which somebody is, and
    /// the [accounts](RoomName::accounts). What happens
    /// is sent to nobody before it is [committed](Self::begin_commit). Who was in a room in a session has as long to
    /// come back as if their connection had just been lost; the others have left. `stored`: of how many rooms the store
    /// knows, these among them ([`Limits::stored_rooms`]).
    pub fn restored(
        limits: Limits,
        origin: Origin,
        rooms: Vec<(RoomName, History)>,
        stored: usize,
    ) -> Self {
        let rooms = Rooms::restored(origin.epoch, rooms, stored);
        let mut server = Self::with_rooms(limits, origin, rooms);
        let present = |(room, hosted): (RoomId, &Hosted)| {
            let present = hosted.room.state.present();
            let present = present.map(move |(name, session)| (room, name.clone(), session));
            present.collect::<Vec<_>>()
        };
        let present: Vec<_> = server.rooms.iter().flat_map(present).collect();
        for (room, name, session) in present {
            if !session.is_some_and(|session| server.restore_session(session, &name)) {
                server.leave_one(room, &name);
            }
        }
        server.empty_closed_rooms();
        server
    }

    fn with_rooms(limits: Limits, origin: Origin, rooms: Rooms) -> Self {
        Self {
            limits,
            now: Timestamp::ZERO,
            connections: Connections::default(),
            places: Places::default(),
            hosts: Hosts::default(),
            delivery: delivery::Delivery::default(),
            rooms,
            origin,
            sessions: Sessions::default(),
            people: People::default(),
            conversations: conversations::Conversations::default(),
            hashing: hashing::Hashing::default(),
            guesses: guesses::Guesses::default(),
            redacting: redact::Redacting::default(),
            emptying: Vec::new(),
            timers: Timers::default(),
            stopping: false,
            retry_share: Duration::ZERO,
            turns: Turns::default(),
            backfills: BackfillQueue::default(),
            paces: rate::Paces::default(),
            actions: VecDeque::new(),
            disk: disk::Disk::default(),
            awaiting: Vec::new(),
            outboxes: Vec::new(),
        }
    }

    /// Takes on a new connection from a peer. Past a limit on connections it is only told so, as far as
    /// the limits on refusals go; `None` means that it is to be closed at once.
    pub fn accept(&mut self, now: Timestamp, peer: impl Into<Peer>) -> Option<ConnId> {
        self.pass_time(now);
        if self.stopping {
            mark(Mark::StopRefuses);
            return None;
        }
        let peer = peer.into();
        let limited = self.limits.apply_to(peer.host);
        let host = limited.then_some(peer.host);
        let found = self.find_place(host);
        if found.is_err() && !self.may_be_told(host) {
            return None;
        }
        let end = self.rooms.lobby().log().head(Dialect::Text);
        let id = self.connections.insert(Connection::new(peer, limited, end));
        self.rooms.attach(RoomId::LOBBY);
        match found {
            Ok(()) => {
                self.take_place(id, Place::Held);
                let first_line = self.now + self.limits.first_line;
                self.set_deadline(id, Some((first_line, Timer::FirstLine)));
            }
            Err((why, reason)) => {
                mark_if(reason == CloseReason::Refused, Mark::Refused);
                self.take_place(id, Place::Refused);
                self.send_away(id, why, reason);
            }
        }
        Some(id)
    }

    /// Takes note of what happened. A peer's fault has consequences for that peer alone; what
    /// names a connection that is gone is ignored.
    pub fn handle(&mut self, now: Timestamp, input: Input<'_>) {
        self.pass_time(now);
        match input {
            Input::Received(id, bytes) => self.received(id, bytes),
            Input::Eof(id) => self.eof(id),
            Input::Lost(id) => self.end(id, Event::Lost, CloseReason::Lost),
            Input::Writable(id) => self.writable(id),
            Input::Committed(first) => self.committed(first),
            Input::DiskFull(is_full) => self.set_disk_full(is_full),
            Input::NotCommitted => {
                self.give_up_uncommitted();
                self.stop(|_| Goodbye::NotKept);
            }
            Input::Kept(id, oldest, records) => {
                self.kept(id, oldest, records);
                self.store_answered();
            }
            Input::Found(id, record) => {
                self.found(id, record);
                self.store_answered();
            }
            Input::Opened(id, history) => {
                self.opened(id, history);
                self.store_answered();
            }
            Input::Hashed(id, verifier) => self.hashed(id, verifier),
            Input::Unreadable(id) => {
                self.unreadable(id);
                self.store_answered();
            }
            Input::Timeout => self.timeout(),
            Input::Announce(text) => self.announce(text),
            Input::Kick(whom, reason) => self.kick(whom, reason),
            Input::SetAdmin(name, is_on) => self.set_admin(name, is_on),
            Input::FreeName(name) => self.free_name(name),
            Input::Order(asked) => self.order_outside(asked),
            Input::Stop => self.drain(Duration::ZERO),
            Input::Drain(spread) => self.drain(spread),
        }
    }

    /// When [`Input::Timeout`] is due, and why. A server that is called later than this by more than half of
    /// [`Limits::standstill`] assumes that the process was suspended.
    pub fn next_timeout(&self) -> Option<(Timestamp, Timer)> {
        let is_backfill_due = self.next_backfill().is_some_and(|at| at <= self.now);
        if self.is_turn_due() || is_backfill_due || self.is_emptying_due() {
            return Some((self.now, Timer::Resume));
        }
        self.next_call()
    }

    /// Whether to read from a connection now, a few kilobytes at a time: what cannot be handled at
    /// once is kept. Where the answer is no, ask again after the next round of
    /// [writing](Self::round).
    pub fn wants_input(&self, id: ConnId) -> bool {
        self.connections.get(id).is_some_and(|c| {
            let is_heard = !c.inbound.has_unread() && !self.is_back_pressured(c);
            !c.inbound.eof && (is_heard || c.phase.is_ending())
        })
    }

    /// The next action that the caller must carry out: close, finish, ask the store, hash. To be called after each
    /// [`handle`](Self::handle) until there is none.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// How many connections there are, in any phase.
    pub fn connections(&self) -> usize {
        self.connections.len()
    }

    /// How many are here, in whatever rooms.
    pub fn population(&self) -> usize {
        self.people.present()
    }

    /// The phase of a connection; [`Phase::Closed`] for one that is gone.
    pub fn phase(&self, id: ConnId) -> Phase {
        self.connections.get(id).map_or(Phase::Closed, |c| c.phase)
    }

    /// Sets the wall clock: what it shows now, in milliseconds since the Unix epoch. It goes on by the
    /// time that is passed in. Where it shows more than [`Limits::standstill`] more than that, the machine
    /// may have slept.
    pub fn set_clock(&mut self, now: Timestamp, unix_millis: u64) {
        self.pass_time(now);
        let begin = unix_millis.saturating_sub(now.as_micros() / 1000);
        let before = mem::replace(&mut self.origin.unix_millis, begin);
        self.wall_clock_jumped(begin.saturating_sub(before));
    }

    /// What the wall clock shows, in milliseconds since the Unix epoch.
    fn wall(&self) -> u64 {
        self.origin
            .unix_millis
            .saturating_add(self.now.as_micros() / 1000)
    }

    fn timeout(&mut self) {
        while let Some((id, timer)) = self.timers.pop_due(self.now) {
            if timer == Timer::Commit {
                self.look_at_commit();
                continue;
            }
            if timer == Timer::LastWord {
                self.give_up_waiting();
                continue;
            }
            let Some(id) = id else {
                mark_if(self.connections.len() > 0, Mark::StopExpired);
                for id in self.connections.ids() {
                    self.end(id, Event::Expired, CloseReason::Stopped);
                }
                continue;
            };
            if timer == Timer::FirstLineEnd {
                self.first_line_unended(id);
                continue;
            }
            if let Some(connection) = self.connections.get_mut(id) {
                connection.deadline = None;
                let in_room = connection.phase.is_in_room();
                mark_if(timer == Timer::Linger, Mark::LingeredOut);
                mark_if(timer == Timer::Stall && in_room, Mark::StalledInRoom);
                mark_if(timer == Timer::Stall && !in_room, Mark::StalledDraining);
            }
            match timer {
                // While the store is slow, what happens is bounded as everywhere.
                Timer::FirstLine if !self.is_committed() && self.is_batch_full() => {
                    let wait = self.limits.first_line.max(Duration::from_millis(1));
                    self.set_deadline(id, Some((self.now + wait, timer)));
                }
                Timer::FirstLine => self.enter(id, Event::Quiet, None),
                _ => self.end(id, Event::Expired, CloseReason::Stalled),
            }
        }
        self.give_up_sessions();
        self.go_on_emptying();
        self.go_on_with_paces();
        self.take_turns();
        self.make_backfill(None);
    }

    /// Moves a connection on, towards its end, and does what goes with that. The first reason
    /// given is the one that counts.
    fn end(&mut self, id: ConnId, event: Event, reason: CloseReason) {
        let before = self.phase(id);
        if !self.step(id, event) {
            return;
        }
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        let after = connection.phase;
        connection.reason.get_or_insert(reason);
        let turn = connection.inbound.turn.take_if(|_| after.is_ending());
        if after.is_ending() {
            connection.inbound.take_unread();
            let dialect = connection.dialect;
            let stops_reading = mem::take(&mut connection.reads_json);
            for (nth, it) in connection.positions_mut().enumerate() {
                let log = &mut self.rooms[it.room].room.log;
                it.cursor.end_at(log.head(dialect));
                if nth == 0 && stops_reading {
                    log.set_reading(false);
                }
            }
            self.end_backfill(id);
        }
        if let Some(turn) = turn {
            mark(Mark::ClosedInTurn);
            self.turns.remove(turn, id);
        }
        if after.is_ending() {
            self.end_pace(id);
        }
        if before == Phase::Greeting {
            self.set_deadline(id, None);
        }
        if event == Event::TooFarBehind {
            self.cut_off(id);
        }
        self.file(id);
        if event == Event::Leave {
            self.end_session(id);
        }
        self.leave_rooms(id);
        match after {
            Phase::Draining => self.mark(id),
            Phase::Lingering => {
                self.actions.push_back(Action::Finish(id));
                self.set_deadline(id, Some((self.now + self.limits.linger, Timer::Linger)));
                if self.connections.get(id).is_some_and(|c| c.inbound.eof) {
                    self.end(id, Event::Eof, reason);
                }
            }
            Phase::Closed => self.close(id),
            _ => {}
        }
    }

    fn close(&mut self, id: ConnId) {
        self.set_deadline(id, None);
        self.set_copied(id, 0);
        if let Some(connection) = self.connections.remove(id) {
            let reason = connection.reason.unwrap_or(CloseReason::Lost);
            let host = connection.limited.then_some(connection.peer.host);
            self.free_place(connection.place, host);
            for it in connection.positions() {
                self.rooms.detach(it.room);
            }
            self.actions.push_back(Action::Close(id, reason));
            mark_if(
                self.stopping
                    && self.connections.len() == 0
                    && matches!(
                        self.timers.next(),
                        Some((_, Timer::LastWord | Timer::Shutdown))
                    ),
                Mark::StopEmptied,
            );
        }
    }

    /// Looks the event up in the table of transitions; whether there is a row for it.
    fn step(&mut self, id: ConnId, event: Event) -> bool {
        let Some(connection) = self.connections.get_mut(id) else {
            return false;
        };
        let before = connection.phase;
        let Some(after) = before.after(event) else {
            return false;
        };
        connection.phase = after;
        self.phase_changed(id, before);
        true
    }

    fn tell(&mut self, id: ConnId, notice: Notice<'_>) {
        if matches!(
            notice,
            Notice::Goodbye(_) | Notice::Kicked(_) | Notice::RemovedFromAll(_)
        ) {
            // It is the last line, whatever waits of other rooms.
            self.gather(id);
        }
        let dialect = self
            .connections
            .get(id)
            .map_or(Dialect::Text, |c| c.dialect);
        self.note(id, &notice.to_line(dialect));
    }

    /// Puts private lines where the connection will come to next in the room's order.
    fn note(&mut self, id: ConnId, lines: &str) {
        if let Some(connection) = self.connections.get_mut(id) {
            let head = self.rooms[connection.main.room]
                .log()
                .head(connection.dialect);
            connection.main.cursor.note(head, lines);
            self.file(id);
            self.mark(id);
        }
    }

    /// Puts private lines where the connection will come to next in the order of one room; as others, where it is not
    /// in that room.
    fn note_in(&mut self, id: ConnId, room: RoomId, lines: &str) {
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        let dialect = connection.dialect;
        let Some(it) = connection.seated_in(room) else {
            return self.note(id, lines);
        };
        it.cursor.note(self.rooms[room].log().head(dialect), lines);
        self.file(id);
        self.mark(id);
    }

    fn set_deadline(&mut self, id: ConnId, deadline: Option<(Timestamp, Timer)>) {
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        let before = mem::replace(&mut connection.deadline, deadline.map(Box::new));
        if let Some((at, timer)) = before.as_deref() {
            self.timers.remove(*at, *timer, Some(id));
        }
        if let Some((at, timer)) = deadline {
            self.timers.insert(at, timer, Some(id));
        }
    }
}
