//! The driver: does what the server's shell does, and compares the server with the model.

use super::peer::{Peer, Short};
use super::script::{Config, Socket, Step};
use super::story::Story;
use chat_core::{
    Action, CloseReason, ConnId, Input, Limits, Name, Parcel, Server, Timestamp,
    server_phase::Phase,
};
use std::collections::VecDeque;
use std::time::Duration;

/// The most connections that a script makes, and bytes that it sends: enough for every limit.
const MAX_ACCEPTS: usize = 64;
const MAX_BYTES: usize = 128 * 1024;

/// A server, its sockets and clock, and the model of it all.
pub(super) struct Driver {
    pub(super) server: Server,
    pub(super) limits: Limits,
    /// The screen is read only once a round.
    lazy: bool,
    /// All that can be written at a time is.
    at_once: bool,
    now: u64,
    /// The latest time that the server was told.
    seen: u64,
    /// By how much the clock is behind in this step.
    behind: u64,
    pub(super) peers: Vec<Peer>,
    pub(super) story: Story,
    /// Who joined, and what name they were to have, until the story tells it.
    pub(super) joins: VecDeque<(usize, Name, Name)>,
    /// Bytes of the story that were there when the last pass ended.
    pub(super) passed: usize,
    pub(super) stopped: Option<u64>,
    lines: usize,
    bytes: usize,
    /// A part of the story was lost, as it may be if it is held for too short a time.
    pub(super) lost: bool,
}

impl Driver {
    pub(super) fn new(script: &[u8]) -> Self {
        let Config {
            limits,
            lazy,
            at_once,
        } = Config::parse(script);
        Self {
            server: Server::new(limits.clone()),
            limits,
            lazy,
            at_once,
            now: 0,
            seen: 0,
            behind: 0,
            peers: Vec::new(),
            story: Story::default(),
            joins: VecDeque::new(),
            passed: 0,
            stopped: None,
            lines: 0,
            bytes: 0,
            lost: false,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.lost
    }

    /// Takes a step; whether it was one that a round follows.
    pub(super) fn step(&mut self, step: Step) -> bool {
        let count = self.peers.len().max(1);
        match step {
            Step::Accept(port) => self.accept(port),
            Step::Sends(who, bytes) => self.sends(who % count, &bytes),
            Step::Closes(who) => self.closes(who % count),
            Step::Fails(who) => self.fails(who % count),
            Step::Takes(who, socket) => {
                if let Some(peer) = self.peers.get_mut(who % count) {
                    peer.socket = socket;
                }
                self.writable(who % count);
            }
            Step::Writable(who) => self.writable(who % count),
            Step::NextDeadline => {
                if let Some((due, _)) = self.server.next_timeout() {
                    self.now = self.now.max(due.as_micros());
                }
            }
            Step::Passes(ms) => self.now += ms * 1000,
            Step::Behind(ms) => {
                self.behind = ms * 1000;
                return false;
            }
            Step::Stop => self.stop(),
            Step::Settle => self.settle(),
        }
        self.behind = 0;
        true
    }

    /// One round of the shell.
    pub(super) fn round(&mut self) {
        if self.is_due() {
            self.timeout();
        }
        self.pass();
    }

    /// Everyone takes everything; then the server stops.
    pub(super) fn finale(&mut self) {
        self.behind = 0;
        if self.stopped.is_none() {
            for who in 0..self.peers.len() {
                if self.peers[who].socket != Socket::Fails {
                    self.peers[who].socket = Socket::TakesAll;
                }
                self.writable(who);
            }
            self.settle();
            self.stop();
        }
        let end = self.stopped.unwrap_or(0) + micros(self.limits.shutdown);
        self.round();
        let is_over = |this: &Self| this.lost || this.server.connections() == 0;
        for _ in 0..1000 {
            if is_over(self) {
                break;
            }
            let (due, _) = self.server.next_timeout().expect("somebody is waited for");
            assert!(due.as_micros() <= end, "it takes too long");
            self.now = self.now.max(due.as_micros());
            self.round();
        }
        assert!(is_over(self), "it never ends");
    }

    fn accept(&mut self, port: u16) {
        if self.peers.len() >= MAX_ACCEPTS {
            return;
        }
        let open = self.peers.iter().filter(|p| p.is_open()).count();
        assert_eq!(open, self.server.connections(), "connections");
        let now = self.read_clock();
        let most = self.limits.connections + self.limits.refusals;
        let Some(id) = self.server.accept(now, port) else {
            assert!(self.stopped.is_some() || open == most, "there is room");
            return;
        };
        assert!(self.stopped.is_none() && open < most, "there is no room");
        let mut others = self.peers.iter().filter(|p| p.is_open());
        assert!(others.all(|p| p.id.slot() != id.slot()));
        assert!(id.slot() < most);
        assert!(self.peers.iter().all(|p| p.id != id), "an id came twice");
        let mut peer = Peer::new(id, port, self.seen);
        peer.phase = self.server.phase(id);
        if open >= self.limits.connections {
            peer.expected.refused();
            assert_eq!(peer.phase, Phase::Draining, "let in though it is full");
        } else {
            assert_eq!(peer.phase, Phase::Greeting);
        }
        self.peers.push(peer);
    }

    fn sends(&mut self, who: usize, bytes: &[u8]) {
        self.bytes += bytes.len();
        let Some(peer) = self.peers.get_mut(who) else {
            return;
        };
        let wanted = self.server.wants_input(peer.id);
        assert!(!wanted || peer.is_open() && !peer.eof);
        // Those who are gone are not heard; that they are not is checked, too.
        if peer.eof || peer.is_open() && !wanted || self.bytes > MAX_BYTES {
            return;
        }
        if wanted && peer.phase < Phase::Draining {
            self.lines += peer.sends(bytes);
            if !self.lazy {
                self.is_within_limits(who);
            }
        }
        let id = self.peers[who].id;
        self.handle(Input::Received(id, bytes));
    }

    fn closes(&mut self, who: usize) {
        let Some(peer) = self.peers.get_mut(who) else {
            return;
        };
        if peer.is_open() && peer.eof {
            return;
        }
        peer.eof = true;
        let id = peer.id;
        self.handle(Input::Eof(id));
    }

    fn fails(&mut self, who: usize) {
        if let Some(peer) = self.peers.get_mut(who) {
            peer.socket = Socket::Fails;
            peer.short.get_or_insert(Short::Dropped);
            let id = peer.id;
            self.handle(Input::Lost(id));
            assert_eq!(self.server.phase(id), Phase::Closed);
        }
    }

    fn writable(&mut self, who: usize) {
        if let Some(peer) = self.peers.get_mut(who) {
            peer.blocked = false;
            let id = peer.id;
            self.handle(Input::Writable(id));
        }
    }

    fn stop(&mut self) {
        // Everything that is to be heard is on the screen by now.
        self.read_story();
        if self.stopped.is_none() {
            self.read_clock();
            self.stopped = Some(self.seen);
            for (_, who) in std::mem::take(&mut self.story.room).into_values() {
                self.peers[who].left = Some(self.story.entries.len());
            }
            for peer in &mut self.peers {
                if peer.phase < Phase::Draining {
                    peer.short.get_or_insert(Short::Stopped);
                }
            }
        }
        self.handle(Input::Stop);
    }

    /// Rounds until nothing is due; then everyone who is not blocked has been heard.
    fn settle(&mut self) {
        self.behind = 0;
        self.round();
        let most = self.lines + 4 * self.peers.len() + 16;
        for _ in 0..most {
            if !self.is_due() {
                break;
            }
            self.round();
        }
        assert!(!self.is_due(), "there is always something due");
        for peer in self.peers.iter().filter(|p| p.is_open() && !p.blocked) {
            let heard = self.server.wants_input(peer.id) || peer.eof;
            assert!(heard, "nobody listens to {:?}", peer.id);
            assert!(!peer.eof || peer.phase >= Phase::Draining, "still here");
        }
    }

    fn is_due(&self) -> bool {
        let due = self.server.next_timeout();
        due.is_some_and(|(due, _)| due.as_micros() <= self.now)
    }

    fn timeout(&mut self) {
        self.handle(Input::Timeout);
        for peer in self.peers.iter().filter(|p| p.is_open()) {
            let missed = self.deadline(peer).is_some_and(|due| due <= self.seen);
            assert!(!missed, "a deadline of {:?} was missed", peer.id);
        }
    }

    /// When something has to happen to a peer if nothing else does.
    pub(super) fn deadline(&self, peer: &Peer) -> Option<u64> {
        let first = (peer.phase == Phase::Greeting).then(|| peer.accepted + self.first_line());
        let stall = peer.stuck.map(|at| at + micros(self.limits.stall));
        let linger = peer.finished.map(|at| at + micros(self.limits.linger));
        let end = self.stopped.map(|at| at + micros(self.limits.shutdown));
        [first, stall, linger, end].into_iter().flatten().min()
    }

    fn first_line(&self) -> u64 {
        micros(self.limits.first_line)
    }

    /// What the clock shows; the server is told.
    fn read_clock(&mut self) -> Timestamp {
        let reading = self.now.saturating_sub(self.behind);
        self.seen = self.seen.max(reading);
        Timestamp::from_micros(reading)
    }

    fn handle(&mut self, input: Input<'_>) {
        let now = self.read_clock();
        self.server.handle(now, input);
        self.act(input == Input::Timeout);
        if !self.lazy {
            self.read_story();
        }
    }

    /// One pass of writing, and what the shell does after it.
    fn pass(&mut self) {
        let most = 100 + 20 * self.peers.len() * self.peers.len();
        let mut turns = 0;
        loop {
            let more = if self.at_once {
                self.transmit_to_all()
            } else {
                self.transmit_to_next()
            };
            if !more {
                break;
            }
            turns += 1;
            assert!(turns < most, "the pass does not end");
        }
        self.act(false);
        self.read_story();
        self.passed = self.story.bytes;
        if self.lost {
            return;
        }
        for who in 0..self.peers.len() {
            self.peers[who].hear(who, &self.story, self.limits.behind);
            self.check_peer(who);
        }
        self.check_room();
    }

    /// Takes note of who was cut off just now.
    fn see_cuts(&mut self) {
        for peer in &mut self.peers {
            let phase = self.server.phase(peer.id);
            if peer.phase.is_in_room() && phase == Phase::Draining {
                assert!(peer.blocked, "cut off though it takes what it is given");
                peer.short = Some(Short::CutOff(Some(peer.got.len())));
            }
            if peer.is_open() && phase != Phase::Closed {
                peer.phase = phase;
            }
        }
    }

    /// Writes to the next peer; whether there was one.
    fn transmit_to_next(&mut self) -> bool {
        let next = self.server.next_transmit();
        self.see_cuts();
        let Some(id) = next else { return false };
        let now = self.read_clock();
        let peer = by_id(&mut self.peers, id);
        let mut write = peer.writer(self.seen);
        self.server.transmit(now, id, |slices| write.write(slices));
        write.done();
        self.fail(id);
        true
    }

    /// Writes to all peers that there is something for; whether there were any.
    fn transmit_to_all(&mut self) -> bool {
        let mut parcels = Vec::new();
        self.server.lend_round(&mut parcels);
        self.see_cuts();
        let ids: Vec<_> = parcels.iter().map(Parcel::id).collect();
        if ids.is_empty() {
            return false;
        }
        let now = self.read_clock();
        for parcel in &mut parcels {
            let peer = by_id(&mut self.peers, parcel.id());
            let mut write = peer.writer(self.seen);
            parcel.write(self.server.log(), |slices| write.write(slices));
            write.done();
        }
        for parcel in parcels {
            self.server.settle(now, parcel);
        }
        for id in ids {
            self.fail(id);
        }
        true
    }

    /// Tells that a connection failed, if writing to it did.
    fn fail(&mut self, id: ConnId) {
        let peer = by_id(&mut self.peers, id);
        if peer.blocked && peer.socket == Socket::Fails {
            peer.short.get_or_insert(Short::Dropped);
            self.handle(Input::Lost(id));
        }
    }

    /// Carries out the actions, and works out what follows from them for the peers.
    fn act(&mut self, timeout: bool) {
        let mut joined = Vec::new();
        while let Some(action) = self.server.poll_action() {
            let (Action::Joined(id, _) | Action::Finish(id) | Action::Close(id, _)) = action;
            let who = self.peers.iter().position(|p| p.id == id);
            let who = who.expect("it was accepted");
            let peer = &mut self.peers[who];
            assert!(peer.is_open(), "{action:?} after it was closed");
            match action {
                Action::Joined(_, name) => {
                    assert_eq!(peer.name.replace(name.clone()), None, "joined twice");
                    joined.push((who, name));
                }
                Action::Finish(_) => {
                    assert_eq!(peer.finished.replace(self.seen), None, "finished twice");
                }
                Action::Close(_, reason) => self.close(who, reason),
            }
        }
        for (who, name) in joined {
            let peer = &self.peers[who];
            let in_time = !self.was_silent(peer, timeout);
            self.joins.push_back((who, name, peer.wants(in_time)));
        }
        for who in 0..self.peers.len() {
            let phase = self.server.phase(self.peers[who].id);
            self.peers[who].phase = phase;
            let in_time = !self.was_silent(&self.peers[who], timeout);
            self.peers[who].interpret(in_time);
        }
    }

    /// Whether a peer that has just joined did so because it was silent.
    fn was_silent(&self, peer: &Peer, timeout: bool) -> bool {
        timeout && self.seen >= peer.accepted + self.first_line()
    }

    fn close(&mut self, who: usize, reason: CloseReason) {
        let (stall, linger) = (micros(self.limits.stall), micros(self.limits.linger));
        let bound = micros(self.limits.shutdown);
        let peer = &mut self.peers[who];
        peer.closed = Some(reason);
        peer.blocked = false;
        if let Some(at) = peer.finished {
            let late =
                self.seen >= at + linger || self.stopped.is_some_and(|s| self.seen >= s + bound);
            let due = peer.eof || peer.socket == Socket::Fails || late;
            assert!(due, "closed while its side is awaited");
        } else {
            let stalled = peer.stuck.is_some_and(|at| self.seen >= at + stall);
            let expired = self.stopped.is_some_and(|at| self.seen >= at + bound);
            let due = peer.socket == Socket::Fails || stalled || expired;
            assert!(due, "closed before it was told everything");
            peer.short.get_or_insert(Short::Dropped);
        }
    }
}

fn by_id(peers: &mut [Peer], id: ConnId) -> &mut Peer {
    let found = peers.iter_mut().find(|p| p.id == id);
    found.expect("it was accepted")
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
