//! Passes: everyone is written to, and what they got is checked.

use super::Watched;
use super::cut_short::Short;
use super::peer::{Peer, Taken};
use crate::invariant::Invariant;
use chat_core::{ConnId, Input, MAX_SERVER_LINE, Outbox, server_phase::Phase};
use std::mem;

impl Watched {
    /// Writes to everyone as much as their sockets take, or to as many as the shell does before it
    /// hears others: `socket` is given a peer and bytes. Whether the pass is over.
    pub fn pass(&mut self, clock: u64, mut socket: impl FnMut(usize, &[u8]) -> Taken) -> bool {
        if self.light.is_some() {
            self.pass_lightly(clock, socket);
            return true;
        }
        let most = 100 + 20 * self.open.len() * self.open.len();
        let at_once = match (self.habits.at_once, self.habits.stretch) {
            (false, _) => 1,
            (true, 0) => usize::MAX,
            (true, stretch) => stretch,
        };
        let mut turns = 0;
        while if turns > 0 && turns == self.habits.stretch {
            self.see_cuts();
            self.act();
            self.read_story();
            self.see_sessions();
            if !self.lost {
                self.hear();
            }
            return false;
        } else {
            self.transmit(clock, at_once, &mut socket)
        } {
            turns += 1;
            Invariant::Rest.holds(turns < most, || "a pass does not end".into());
        }
        self.see_cuts();
        self.act();
        self.read_story();
        self.see_sessions();
        if self.lost {
            return true;
        }
        if self.rooms.length() > self.passed.0 {
            self.touched.extend(&self.open);
        }
        let appended = (self.rooms.bytes - self.passed.1) as u64;
        let batch = self.limits.batch + 2 * (MAX_SERVER_LINE as u64 + 1);
        self.surge = self.surge.max(appended.saturating_sub(batch));
        let is_still = self.rooms.length() == self.passed.0;
        self.passed = (self.rooms.length(), self.rooms.bytes);
        self.hear();
        self.check_pages(is_still && self.habits.stretch == 0);
        for who in mem::take(&mut self.touched) {
            self.check_peer(who);
        }
        self.check_room();
        true
    }

    /// Checks that one pass did not send more of pages than its budget, if it was one round.
    fn check_pages(&mut self, is_one_round: bool) {
        let open = self.open.iter().map(|who| &self.peers[*who]);
        let pages: usize = open.filter_map(Peer::pages).sum();
        let sent = pages.saturating_sub(mem::replace(&mut self.pages, pages));
        let line = 2 * self.rooms.longest + 400; // In JSON, with all that it says.
        let most = self.limits.backfill + self.limits.private.min(8 * 1024) + line;
        Invariant::Limits.holds(!is_one_round || sent <= most, || {
            format!("{sent} bytes of pages in a pass, {most} at most")
        });
    }

    /// Checks what those got that something has happened to.
    fn hear(&mut self) {
        let waiting = |who: &usize| {
            let peer = &self.peers[*who];
            (peer.distance(&self.rooms) + peer.private_most()) as u64
                + if peer.is_apart() {
                    u64::MAX / 1_000_000
                } else {
                    0
                }
        };
        self.copies_full |= self.blocked.iter().map(waiting).sum::<u64>() > self.limits.copies;
        let behind = if self.copies_full {
            0
        } else {
            self.limits.behind
        };
        self.private_may_wait();
        for who in self.touched.clone() {
            self.see_handled(who);
        }
        for &who in &self.touched {
            self.peers[who].most_told = self.most_told(who);
            self.peers[who].hear(who, &self.rooms, behind, self.limits.behind);
        }
        for who in self.touched.clone() {
            self.check_private(who);
            self.check_refused(who);
        }
        // Who is cut off learns it only when it takes something again: it is the sockets that count.
        self.copies_full &= !self.blocked.is_empty();
    }

    /// Takes note of who was cut off in this pass, and is not written to in it.
    fn see_cuts(&mut self) {
        for &who in &self.blocked {
            let peer = &mut self.peers[who];
            if see_phase(peer, true, self.server.phase(peer.id)) {
                self.touched.insert(who);
            }
        }
    }

    /// Writes to `most` peers at most; whether there were any.
    fn transmit(
        &mut self,
        clock: u64,
        most: usize,
        socket: &mut impl FnMut(usize, &[u8]) -> Taken,
    ) -> bool {
        let now = self.read(clock);
        let Some(mut round) = self.server.round(now, most) else {
            return false;
        };
        let ids: Vec<ConnId> = round.outboxes().1.iter().map(Outbox::id).collect();
        let phases: Vec<Phase> = ids.iter().map(|id| round.server().phase(*id)).collect();
        let written: Vec<usize> = ids
            .iter()
            .map(|id| super::number(&self.slots, &self.peers, *id))
            .collect();
        let (log, outboxes) = round.outboxes();
        for (nth, outbox) in outboxes.iter_mut().enumerate() {
            let who = written[nth];
            let peer = &mut self.peers[who];
            if see_phase(peer, self.blocked.contains(&who), phases[nth]) {
                self.touched.insert(who);
            }
            let mut write = peer.writer(self.seen);
            outbox.write(log, |slices| {
                write.write(slices, |bytes| socket(who, bytes))
            });
            write.done();
        }
        drop(round);
        for who in written {
            self.written(clock, who);
        }
        true
    }

    /// A peer was written to.
    fn written(&mut self, clock: u64, who: usize) {
        self.touched.insert(who);
        if self.peers[who].blocked {
            self.blocked.insert(who);
        } else {
            self.blocked.remove(&who);
        }
        if self.peers[who].failed && self.peers[who].is_open() {
            self.peers[who].short.get_or_insert(Short::Dropped);
            self.handle(clock, Input::Lost(self.peers[who].id), Some(who));
        }
    }
}

/// Takes note of the phase that a peer is in before anything else is written to it; whether it was cut off.
fn see_phase(peer: &mut Peer, is_blocked: bool, phase: Phase) -> bool {
    if peer.is_apart() {
        // Being sent what it asked for, it may come to its end.
        peer.phase = phase;
    }
    if !is_blocked {
        return false;
    }
    let was_sent = peer.phase.is_in_room() || peer.phase == Phase::Reading;
    // Who wants to leave may have come to that: if it was cut off, its goodbye says so.
    let stays = peer.expected.end.is_none();
    let is_cut = was_sent && stays && phase == Phase::Draining;
    if is_cut {
        peer.short = Some(Short::CutOff(Some(peer.got.len())));
    }
    if peer.is_open() && phase != Phase::Closed {
        peer.phase = phase;
    }
    is_cut
}
