//! The server's machine: its passes, and its ends and beginnings.

use super::{Event, SERVER, Stage};
use crate::explore::trace::Kind;
use crate::explore::wire::delay;
use crate::model::{Effect, Taken, Watched};
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::mem;

/// How long a pass takes a server, at least, in microseconds.
const PASS: u64 = 5;

impl Stage<'_> {
    pub(super) fn server_clock(&self) -> u64 {
        self.machines[SERVER].clock.read(self.now)
    }

    pub(super) fn crash(&mut self, dark: bool) {
        if self.server.take().is_none() {
            return;
        }
        self.listens = false;
        self.dark = dark;
        self.backlog.clear();
        self.ready.clear();
        self.peers.clear();
        for link in 0..self.links.len() {
            let it = &mut self.links[link];
            if !mem::replace(&mut it.server_open, false) {
                continue;
            }
            if dark {
                it.cuts += 1;
                (it.up.is_cut, it.down.is_cut) = (true, true);
                let cuts = it.cuts;
                let at = self.now + self.world.network.give_up_ms * 1000;
                self.at(at, Event::GiveUp(link, cuts));
            } else if it.up.readable() > 0 || self.dice.one_in(2) {
                self.drop_under_way(link);
                self.soon(Event::LostDown(link));
            } else {
                self.end_down(link);
            }
        }
    }

    /// Whether there is no server, and none that is still stopping.
    pub(super) fn can_start(&self) -> bool {
        self.server.is_none() || !self.listens && !self.links.iter().any(|l| l.server_open)
    }

    pub(super) fn start(&mut self) {
        if !self.can_start() {
            return;
        }
        if mem::take(&mut self.dark) {
            for link in 0..self.links.len() {
                if self.links[link].client_open && self.links[link].life == self.life {
                    self.soon(Event::LostDown(link));
                }
            }
        }
        let (limits, habits) = (self.world.server.limits(), self.world.server.habits());
        let server = Watched::new(limits, habits);
        self.server = Some(match self.world.server.hashes {
            0 => server,
            _ => server.lightly(self.world.server.secure),
        });
        self.listens = true;
        self.life += 1;
        self.peers.clear();
        self.shown = 0;
        self.state(SERVER, || "listens".into());
    }

    /// One pass of the server.
    pub(super) fn serve(&mut self) {
        if !self.is_awake(SERVER) {
            return;
        }
        let clock = self.server_clock();
        let Some(mut server) = self.server.take() else {
            return;
        };
        for link in mem::take(&mut self.backlog) {
            let from = self.world.clients[self.links[link].client].address();
            if let Some(peer) = server.accept(clock, from) {
                self.links[link].peer = Some(peer);
                self.peers.push(link);
                self.ready.insert(link);
            } else {
                self.links[link].server_open = false;
                self.soon(Event::LostDown(link));
            }
        }
        let mut held = Vec::new();
        for link in mem::take(&mut self.ready) {
            if self.read(&mut server, clock, link) {
                held.push(link);
            }
        }
        if server.is_due(clock) {
            server.timeout(clock);
        }
        let is_over = self.pass(&mut server, clock);
        while let Some((peer, effect)) = server.poll_effect() {
            self.carry_out(&server, peer, effect);
        }
        self.show(&server);
        let mut again = !is_over || server.is_due(clock);
        for link in held {
            let it = &self.links[link];
            if it.server_open {
                self.ready.insert(link);
                again |= it.peer.is_some_and(|peer| server.wants_input(peer));
            }
        }
        if again {
            self.wake(SERVER, self.now + PASS);
        } else if let Some((due, _)) = server.next_timeout() {
            let at = self.machines[SERVER].clock.when(due);
            self.wake(SERVER, at.max(self.now + PASS));
        }
        self.server = Some(server);
    }

    /// Takes what a connection has through the server; whether there is more that it does not want.
    fn read(&mut self, server: &mut Watched, clock: u64, link: usize) -> bool {
        let chunk = self.world.server.chunk;
        let it = &mut self.links[link];
        let Some(peer) = it.peer.filter(|_| it.server_open) else {
            return false;
        };
        if it.server_lost {
            it.server_open = false;
            server.lose(clock, peer);
            return false;
        }
        if mem::take(&mut it.writable) {
            server.writable(clock, peer);
        }
        for _ in 0..4 {
            let has_end = it.up.end_arrived && !it.eof_told;
            if it.up.readable() == 0 && !has_end {
                return false;
            }
            // Some shells hear of the end though they do not read.
            let hears_end = it.up.readable() == 0 && self.world.server.lazy;
            if !server.wants_input(peer) && !hears_end {
                return true;
            }
            if it.up.readable() > 0 {
                let most = if self.weather.chop > 0 {
                    1 + self.dice.below(chunk)
                } else {
                    chunk
                };
                let bytes = it.up.read(most);
                it.read += bytes.len() as u64;
                server.received(clock, peer, &bytes);
                if it.up.unblock() {
                    let at = self.now + delay(self.weather, &mut self.dice);
                    self.sequence += 1;
                    self.queue
                        .push(Reverse((at, self.sequence, Event::RoomUp(link))));
                }
            } else {
                it.eof_told = true;
                server.eof(clock, peer);
                return false;
            }
        }
        true
    }

    /// Whether the pass is over.
    fn pass(&mut self, server: &mut Watched, clock: u64) -> bool {
        let (links, peers, dice) = (&mut self.links, &self.peers, &mut self.dice);
        let (now, weather) = (self.now, self.weather);
        let mut written = BTreeSet::new();
        let is_over = server.pass(clock, |peer, bytes| {
            let link = &mut links[peers[peer]];
            if link.server_lost {
                return Taken::Failed;
            }
            written.insert(peers[peer]);
            let weather = weather.slowed(link.slowness);
            Taken::Bytes(link.down.take(now, bytes, weather, dice))
        });
        for link in written {
            self.expect_down(link);
            // It may have room again by now.
            if self.links[link].down.unblock() {
                self.soon(Event::RoomDown(link));
            }
        }
        is_over
    }

    fn carry_out(&mut self, server: &Watched, peer: usize, effect: Effect) {
        let link = self.peers[peer];
        let lane = self.links[link].client + 1;
        match effect {
            Effect::Joined => self.state(lane, || {
                let name = server.name(peer).map(ToString::to_string);
                format!("is in the room as {}", name.unwrap_or_default())
            }),
            Effect::Hash => {
                let most = self.dice.power(18);
                let at = self.now + self.dice.below(most) as u64;
                let is_done = !self.dice.one_in(16);
                self.at(at, Event::Hashed(self.life, peer, is_done));
            }
            Effect::Finish => self.end_down(link),
            Effect::Close(reason) => {
                self.tally.closes[crate::explore::hunt::place_of(reason)] += 1;
                self.state(lane, || format!("closed by the server: {reason}"));
                let it = &mut self.links[link];
                it.server_open = false;
                if it.server_lost {
                    return;
                }
                if it.up.readable() > 0 || !it.down.ended {
                    self.drop_under_way(link);
                    self.soon(Event::LostDown(link));
                } else {
                    self.end_down(link);
                }
            }
        }
    }

    /// What the server's screen shows goes into the trace.
    fn show(&mut self, server: &Watched) {
        let new: Vec<&str> = server.screen().skip(self.shown).collect();
        self.shown += new.len();
        for line in new {
            self.trace
                .note(SERVER, self.now, Kind::Transcript, || line.to_string());
        }
    }
}
