//! A script's steps, taken as the server's shell would take them.

use super::script::{Config, Socket, Step};
use chat_core::Limits;
use chat_sim::model::{Taken, Watched};

/// The most connections that a script makes, and bytes that it sends: enough for every limit.
const MAX_ACCEPTS: usize = 64;
const MAX_BYTES: usize = 128 * 1024;

/// A server with its model, its sockets and its clock.
pub(super) struct Play {
    server: Watched,
    limits: Limits,
    now: u64,
    /// By how much the clock is behind in this step.
    behind: u64,
    /// By the peers' numbers.
    sockets: Vec<Socket>,
    closed: Vec<bool>,
    stopped: Option<u64>,
    bytes: usize,
}

impl Play {
    pub(super) fn new(script: &[u8]) -> Self {
        let Config { limits, habits } = Config::parse(script);
        Self {
            server: Watched::new(limits.clone(), habits),
            limits,
            now: 0,
            behind: 0,
            sockets: Vec::new(),
            closed: Vec::new(),
            stopped: None,
            bytes: 0,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.server.is_lost()
    }

    fn clock(&self) -> u64 {
        self.now.saturating_sub(self.behind)
    }

    /// Takes a step; whether it was one that a round follows.
    pub(super) fn step(&mut self, step: Step) -> bool {
        let count = self.sockets.len().max(1);
        match step {
            Step::Accept(port) => self.accept(port),
            Step::Sends(who, bytes) => self.sends(who % count, &bytes),
            Step::Closes(who) => self.closes(who % count),
            Step::Fails(who) => self.fails(who % count),
            Step::Takes(who, socket) => {
                if let Some(before) = self.sockets.get_mut(who % count) {
                    *before = socket;
                }
                self.writable(who % count);
            }
            Step::Writable(who) => self.writable(who % count),
            Step::NextDeadline => {
                if let Some((due, _)) = self.server.next_timeout() {
                    self.now = self.now.max(due);
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

    /// One round of the shell; whether a pass ended with it.
    pub(super) fn round(&mut self) -> bool {
        if self.server.is_due(self.now) {
            self.server.timeout(self.clock());
        }
        let (clock, sockets) = (self.clock(), &mut self.sockets);
        self.server
            .pass(clock, |who, bytes| match &mut sockets[who] {
                Socket::TakesAll => Taken::Bytes(bytes.len()),
                Socket::Fails => Taken::Failed,
                Socket::Takes(left) => {
                    let taken = bytes.len().min(*left);
                    *left -= taken;
                    Taken::Bytes(taken)
                }
            })
    }

    /// Everyone takes everything; then the server stops.
    pub(super) fn finale(&mut self) {
        self.behind = 0;
        if self.stopped.is_none() {
            for who in 0..self.sockets.len() {
                if self.sockets[who] != Socket::Fails {
                    self.sockets[who] = Socket::TakesAll;
                }
                self.writable(who);
            }
            self.settle();
            self.stop();
        }
        let bound = u64::try_from(self.limits.shutdown.as_micros()).unwrap_or(u64::MAX);
        let end = self.stopped.unwrap_or(0) + bound;
        self.round();
        let is_over = |this: &Self| this.is_over() || this.server.connections() == 0;
        for _ in 0..1000 {
            if is_over(self) {
                break;
            }
            let (due, _) = self.server.next_timeout().expect("somebody is waited for");
            assert!(due <= end, "it takes too long");
            self.now = self.now.max(due);
            self.round();
        }
        assert!(is_over(self), "it never ends");
    }

    fn accept(&mut self, port: u16) {
        if self.sockets.len() < MAX_ACCEPTS
            && self
                .server
                .accept(self.clock(), ([127, 0, 0, 1], port).into())
                .is_some()
        {
            self.sockets.push(Socket::TakesAll);
            self.closed.push(false);
        }
    }

    /// Those who are gone are not heard; that they are not is tried, too.
    fn is_listened_to(&self, who: usize) -> bool {
        let gone = self.server.closed(who).is_some();
        !self.closed[who] && (gone || self.server.wants_input(who))
    }

    fn sends(&mut self, who: usize, bytes: &[u8]) {
        self.bytes += bytes.len();
        if who < self.sockets.len() && self.is_listened_to(who) && self.bytes <= MAX_BYTES {
            self.server.received(self.clock(), who, bytes);
        }
    }

    fn closes(&mut self, who: usize) {
        let gone = |who: usize| self.server.closed(who).is_some();
        if who < self.sockets.len() && (!self.closed[who] || gone(who)) {
            self.closed[who] = true;
            self.server.eof(self.clock(), who);
        }
    }

    fn fails(&mut self, who: usize) {
        if who < self.sockets.len() {
            self.sockets[who] = Socket::Fails;
            self.server.lose(self.clock(), who);
        }
    }

    fn writable(&mut self, who: usize) {
        if who < self.sockets.len() {
            self.server.writable(self.clock(), who);
        }
    }

    fn stop(&mut self) {
        self.server.stop(self.clock());
        self.stopped.get_or_insert(self.now);
    }

    /// Rounds until nothing is due; then everyone who is not blocked has been heard.
    fn settle(&mut self) {
        self.behind = 0;
        let mut is_over = self.round();
        let most = self.bytes + 4 * self.sockets.len() + 16;
        for _ in 0..most * (1 + self.sockets.len()) {
            if is_over && !self.server.is_due(self.now) {
                break;
            }
            is_over = self.round();
        }
        assert!(
            !self.server.is_due(self.now),
            "there is always something due"
        );
        if !self.is_over() {
            self.server.is_at_rest();
        }
    }
}
