//! The server held against a reference model.
//!
//! The model knows no log and no cursor, only lists: what each peer sent and what that calls for,
//! what the room's screen showed, and what each peer got. It is compared with the real
//! [`Server`] after every step; whatever differs is a broken [`Invariant`].

mod acting;
mod answers;
mod asked;
mod asked_of_rooms;
mod buckets;
mod cut_short;
mod deed;
mod expect;
mod host;
pub(crate) mod law;
mod lightly;
mod moves;
mod page;
mod passing;
mod peer;
mod private;
mod program;
mod rate;
mod refusal;
mod rooms;
pub(crate) mod rules;
mod session;
pub(crate) mod skipped;
mod standstill;
mod stay;
mod story;
mod stranger;
mod view;
mod watch;

use crate::invariant::Invariant;
use chat_core::{
    CloseReason, ConnId, Input, Limits, Name, Server, Timer, Timestamp, server_phase::Phase,
};
use cut_short::Short;
use host::{Due, Hosts};
use moves::Move;
pub use peer::Taken;
use peer::{Peer, Place};
use rooms::{LOBBY, Rooms};
use session::Sessions;
use std::collections::{BTreeSet, VecDeque};
use std::mem;
use std::net::SocketAddr;
use std::time::Duration;

/// How the server's shell does what it may do in several ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Habits {
    /// It reads the screen only when it has written.
    pub lazy: bool,
    /// It writes to all peers in one round, and not to one in each.
    pub at_once: bool,
    /// It writes to so many before it hears others, in the middle of a pass; 0 if it does not.
    pub stretch: usize,
}

/// What the shell is to do outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A peer is in the room.
    Joined,
    /// Close our side of a peer's connection.
    Finish,
    /// Close a peer's connection.
    Close(CloseReason),
    /// Hash a password of a peer, and say so by [`Watched::hashed`].
    Hash,
}

/// One life of a server, with the model of it. Peers are numbered in the order in which they were
/// accepted. Every method panics when an invariant is broken.
pub struct Watched {
    server: Server,
    limits: Limits,
    habits: Habits,
    /// The latest time that the server was told.
    seen: u64,
    peers: Vec<Peer>,
    /// Peers by the slots of their ids.
    slots: Vec<usize>,
    open: BTreeSet<usize>,
    blocked: BTreeSet<usize>,
    /// Peers to be looked at when the pass is over.
    touched: BTreeSet<usize>,
    rooms: Rooms,
    sessions: Sessions,
    hosts: Hosts,
    heard: rate::Heard,
    /// What the server is told is that a moment has come.
    times_out: bool,
    /// Who joined, and what name they were to have, until the story tells it.
    joins: VecDeque<(usize, Name, Name)>,
    /// Somebody has left one room for another, and it is to be told next that they are there.
    moving: Option<Move>,
    /// Lines that the screen is to show next, of one and the same thing in several rooms.
    rest: VecDeque<String>,
    /// Entries and bytes of the story that were there when the last pass ended.
    passed: (usize, usize),
    /// Bytes of pages that programs had heard then whose sockets took all that they were given.
    pages: usize,
    /// The most that a pass has appended beyond a batch: so much further behind one may be.
    surge: u64,
    /// So much was held back for the sockets that are full that some may have been cut off for that.
    copies_full: bool,
    /// So much has waited at some time that whoever goes to another room may not have been able to take it along.
    copies_tight: bool,
    stopped: Option<u64>,
    /// A part of the story was lost, as it may be if it is held for too short a time.
    lost: bool,
    effects: VecDeque<(usize, Effect)>,
    /// How often its actions were carried out, and how often before the screen was read last: what is new on it has happened
    /// since then.
    acts: u64,
    told: u64,
    /// It is looked at lightly, as names are claimed and orders given.
    light: Option<Box<lightly::Lightly>>,
}

impl Watched {
    /// A server with an empty room.
    pub fn new(limits: Limits, habits: Habits) -> Self {
        Self {
            server: Server::new(limits.clone()),
            limits,
            habits,
            seen: 0,
            peers: Vec::new(),
            slots: Vec::new(),
            open: BTreeSet::new(),
            blocked: BTreeSet::new(),
            touched: BTreeSet::new(),
            rooms: Rooms::default(),
            sessions: Sessions::default(),
            hosts: Hosts::default(),
            heard: rate::Heard::default(),
            times_out: false,
            joins: VecDeque::new(),
            moving: None,
            rest: VecDeque::new(),
            passed: (0, 0),
            pages: 0,
            surge: 0,
            copies_full: false,
            copies_tight: false,
            stopped: None,
            lost: false,
            effects: VecDeque::new(),
            acts: 0,
            told: 0,
            light: None,
        }
    }

    /// Whether a part of the story was lost: nothing can be compared any more.
    pub fn is_lost(&self) -> bool {
        self.lost
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        self.server.connections()
    }

    /// How many are in the room.
    pub fn population(&self) -> usize {
        self.server.population()
    }

    /// The phase of a peer's connection.
    pub fn phase(&self, peer: usize) -> Phase {
        self.server.phase(self.peers[peer].id)
    }

    /// The room where a peer of the text dialect is, and how many people are there.
    pub fn room(&self, peer: usize) -> (&str, usize) {
        if let Some(light) = &self.light {
            return Self::room_lightly(light, peer);
        }
        let stay = self.peers[peer].stays.last();
        let room = stay.map_or(LOBBY, |stay| stay.room);
        (self.rooms.name(room), self.rooms.here(room))
    }

    /// The name of a peer that has been in the room.
    pub fn name(&self, peer: usize) -> Option<&Name> {
        self.peers[peer].name.as_ref()
    }

    /// Whether a peer is to be read from.
    pub fn wants_input(&self, peer: usize) -> bool {
        self.server.wants_input(self.peers[peer].id)
    }

    /// When the server is to be called next, in microseconds of its clock, and why.
    pub fn next_timeout(&self) -> Option<(u64, Timer)> {
        let next = self.server.next_timeout();
        next.map(|(due, timer)| (due.as_micros(), timer))
    }

    /// What is to be done outside.
    pub fn poll_effect(&mut self) -> Option<(usize, Effect)> {
        self.effects.pop_front()
    }

    /// What the room's screen showed, line by line.
    pub fn screen(&self) -> impl DoubleEndedIterator<Item = &str> {
        let light = self.light.iter().flat_map(|light| light.lines.iter());
        self.rooms.lines().chain(light.map(String::as_str))
    }

    /// What a peer has been sent so far.
    pub fn sent_to(&self, peer: usize) -> &[u8] {
        &self.peers[peer].got
    }

    /// Why the server closed a peer's connection, if it has.
    pub fn closed(&self, peer: usize) -> Option<CloseReason> {
        self.peers[peer].closed
    }

    /// Whether all that a peer sent has been acted on, up to its leaving.
    pub fn has_heard_all(&self, peer: usize) -> bool {
        if self.light.is_some() {
            return true; // That is not worked out.
        }
        let it = &self.peers[peer];
        let left = matches!(it.expected.end, Some(CloseReason::Left | CloseReason::Eof));
        left && it.said == it.expected.deeds.len()
    }

    /// A connection comes in; its peer's number, unless it is to be closed at once.
    pub fn accept(&mut self, clock: u64, from: SocketAddr) -> Option<usize> {
        if self.light.is_some() {
            return self.accept_lightly(clock, from);
        }
        let open = self.open.len();
        let connections = self.server.connections();
        Invariant::Closing.holds(open == connections, || {
            format!("{connections} connections, not {open}")
        });
        let now = self.read(clock);
        let host = self.host_with_limits(from.ip());
        let due = self.due_to(host);
        let may_be_told = self.is_to_be_told(host);
        let could = self.could_give();
        let accepted = self.server.accept(now, from);
        if self.see_way(due, &could) {
            self.act();
            if !self.habits.lazy {
                self.read_story();
                self.see_sessions();
            }
        }
        let Some(id) = accepted else {
            let is_full = matches!(due, Due::Told(_) | Due::Way(None)) && !may_be_told;
            Invariant::Limits.holds(self.stopped.is_some() || is_full, || {
                format!("a connection was closed, and {due:?} was due")
            });
            return None;
        };
        let most = self.limits.connections + 2 * self.limits.refusals;
        let has_room = self.stopped.is_none() && open < most && id.slot() < most;
        Invariant::Limits.holds(has_room, || {
            "a connection was taken though there is no room".into()
        });
        let number = self.peers.len();
        if self.slots.len() <= id.slot() {
            self.slots.resize(id.slot() + 1, number);
        }
        let before = mem::replace(&mut self.slots[id.slot()], number);
        let is_new =
            before == number || !self.open.contains(&before) && self.peers[before].id != id;
        Invariant::ClosedForGood.holds(is_new, || format!("{id:?} came twice"));
        let mut peer = Peer::new(id, host, from.port(), self.seen);
        peer.phase = self.server.phase(id);
        let is_told = peer.phase != Phase::Greeting;
        let is_right = match due {
            Due::Place | Due::Way(Some(_)) => !is_told,
            // Whether they were heard who could give way is not known.
            Due::Way(None) => !is_told || may_be_told,
            Due::Told(_) => is_told && may_be_told,
        };
        let invariant = match due {
            Due::Told(CloseReason::HostFull | CloseReason::HostUnjoined) => Invariant::HostLimits,
            Due::Place if host.is_some() => Invariant::HostLimits,
            _ => Invariant::Limits,
        };
        invariant.holds(is_right, || {
            format!(
                "{:?} of {host:?} with {open} open, and {due:?} was due",
                peer.phase
            )
        });
        if is_told {
            peer.place = Place::Refused;
            peer.expected.refused(match due {
                Due::Told(why) => why,
                _ => CloseReason::Refused,
            });
        }
        self.peers.push(peer);
        self.open.insert(number);
        self.touched.insert(number);
        Some(number)
    }

    /// Bytes came in from a peer, which was to be read from or is gone.
    pub fn received(&mut self, clock: u64, peer: usize, bytes: &[u8]) {
        if self.light.is_some() {
            return self.handle_lightly(clock, Input::Received(self.peers[peer].id, bytes));
        }
        let is_heard = self.wants_input(peer) && !self.phase(peer).is_ending();
        if is_heard {
            if !self.habits.lazy {
                self.is_within_limits(peer);
            }
            // A server that stood still misses nothing of what comes only now.
            self.read(clock);
            let now = self.seen;
            self.peers[peer].sends(bytes, now);
        }
        let most = self.most_in_batch();
        self.handle(
            clock,
            Input::Received(self.peers[peer].id, bytes),
            Some(peer),
        );
        let appended = self.rooms.bytes - self.passed.1;
        // In the middle of a pass it is not known here which round is under way.
        let is_known = !self.habits.lazy && self.habits.stretch == 0;
        Invariant::Limits.holds(!is_known || appended <= most, || {
            format!("{appended} bytes in a batch, {most} at most, of {peer}")
        });
    }

    /// A peer closed its side.
    pub fn eof(&mut self, clock: u64, peer: usize) {
        self.peers[peer].eof = true;
        self.handle(clock, Input::Eof(self.peers[peer].id), Some(peer));
    }

    /// A peer's connection failed.
    pub fn lose(&mut self, clock: u64, peer: usize) {
        let it = &mut self.peers[peer];
        it.failed = true;
        it.short.get_or_insert(Short::Dropped);
        let id = it.id;
        self.handle(clock, Input::Lost(id), Some(peer));
        let phase = self.server.phase(id);
        Invariant::ClosedForGood.holds(phase == Phase::Closed, || format!("{phase:?} though lost"));
    }

    /// A peer's socket may take more.
    pub fn writable(&mut self, clock: u64, peer: usize) {
        // Until it is written to, it may be cut off all the same.
        self.peers[peer].blocked = false;
        self.handle(clock, Input::Writable(self.peers[peer].id), Some(peer));
    }

    /// The server is to stop.
    pub fn stop(&mut self, clock: u64) {
        // Everything that is to be heard is on the screen by now.
        if self.light.is_some() {
            return self.handle_lightly(clock, Input::Stop);
        }
        self.read_story();
        if self.stopped.is_none() {
            self.read(clock);
            self.stopped = Some(self.seen);
            for who in self.rooms.all_leave() {
                self.peers[who].leaves_all(&self.rooms);
            }
            self.sessions_stop();
            for &who in &self.open {
                let peer = &mut self.peers[who];
                if !peer.phase.is_ending() {
                    peer.short.get_or_insert(Short::Stopped);
                }
            }
        }
        self.handle(clock, Input::Stop, None);
    }

    /// The moment has come that [`next_timeout`](Self::next_timeout) named.
    pub fn timeout(&mut self, clock: u64) {
        self.handle(clock, Input::Timeout, None);
        if self.light.is_some() {
            return;
        }
        for &who in &self.open {
            let peer = &self.peers[who];
            let due = self.deadline(peer);
            Invariant::InTime.holds(due.is_none_or(|due| due > self.seen), || {
                format!("a deadline of {:?} was missed", peer.id)
            });
        }
        self.looks_at_the_clock();
    }

    /// When something has to happen to a peer if nothing else does.
    fn deadline(&self, peer: &Peer) -> Option<u64> {
        let first = (peer.phase == Phase::Greeting && !peer.has_spoken())
            .then(|| peer.accepted + micros(self.limits.first_line));
        let line_end = self.line_end(peer).filter(|_| self.is_read(peer));
        let stall = peer.stuck.map(|at| at + micros(self.limits.stall));
        let linger = peer.finished.map(|at| at + micros(self.limits.linger));
        let end = self.stopped.map(|at| at + micros(self.limits.shutdown));
        [first, line_end, stall, linger, end]
            .into_iter()
            .flatten()
            .min()
    }

    /// What the clock shows; the server is told.
    fn read(&mut self, clock: u64) -> Timestamp {
        self.stand_still(clock.saturating_sub(self.seen));
        self.seen = self.seen.max(clock);
        Timestamp::from_micros(clock)
    }

    fn handle(&mut self, clock: u64, input: Input<'_>, peer: Option<usize>) {
        if self.light.is_some() {
            return self.handle_lightly(clock, input);
        }
        let now = self.read(clock);
        self.times_out = input == Input::Timeout;
        self.server.handle(now, input);
        match peer {
            Some(peer) => drop(self.touched.insert(peer)),
            None => self.touched.extend(&self.open),
        }
        self.act();
        self.times_out = false;
        if !self.habits.lazy {
            self.read_story();
            self.see_sessions();
        }
    }

    fn number(&self, id: ConnId) -> usize {
        number(&self.slots, &self.peers, id)
    }

    /// Whether the moment has come that [`next_timeout`](Self::next_timeout) named.
    pub fn is_due(&self, clock: u64) -> bool {
        self.next_timeout().is_some_and(|(due, _)| due <= clock)
    }

    /// Checks that everyone has been heard who takes what they are given, when nothing is due.
    pub fn is_at_rest(&self) {
        if let Some(light) = &self.light {
            return self.is_at_rest_lightly(light);
        }
        for &who in &self.open {
            let peer = &self.peers[who];
            if !peer.blocked {
                let heard = self.server.wants_input(peer.id) || peer.eof;
                Invariant::Heard.holds(heard, || format!("nobody listens to {:?}", peer.id));
                let gone = !peer.eof || peer.phase.is_ending();
                Invariant::Heard.holds(gone, || format!("{:?} is still here", peer.id));
            }
        }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// Which peer has an id.
fn number(slots: &[usize], peers: &[Peer], id: ConnId) -> usize {
    let who = slots.get(id.slot()).copied();
    match who.filter(|who| peers[*who].id == id) {
        Some(who) => who,
        None => Invariant::ClosedForGood.is_broken(&format!("{id:?} is nobody's")),
    }
}
