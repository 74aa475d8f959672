//! Actions: what the server has done outside, and what follows from that for the peers.

use super::cut_short::Short;
use super::peer::Place;
use super::{Effect, Watched, micros};
use crate::invariant::Invariant;
use chat_core::{Action, CloseReason, Name, server_phase::Phase};

impl Watched {
    /// Carries out the actions, and works out what follows from them for the peers.
    pub(super) fn act(&mut self) {
        self.acts += 1;
        let mut joined = Vec::new();
        while let Some(action) = self.server.poll_action() {
            if let Action::Renamed(id, name) = action {
                let who = self.number(id);
                Invariant::ClosedForGood.holds(self.peers[who].is_open(), || {
                    format!("#{who} is {name} after it was closed")
                });
                continue; // Its entries are judged.
            }
            let (Action::Joined(id, _) | Action::Finish(id) | Action::Close(id, _)) = action else {
                unreachable!("there is no store to ask");
            };
            let who = self.number(id);
            self.touched.insert(who);
            let peer = &mut self.peers[who];
            Invariant::ClosedForGood
                .holds(peer.is_open(), || format!("{action:?} after it was closed"));
            match action {
                Action::Joined(_, name) => {
                    let was_silent = peer.phase == Phase::Silent && peer.speaks_json();
                    let before = peer.name.clone();
                    peer.has_name(name.clone());
                    Invariant::OneStay.holds(before.is_none() || was_silent, || {
                        format!("{name} joined twice")
                    });
                    joined.push((who, name));
                    self.effects.push_back((who, Effect::Joined));
                }
                Action::Finish(_) => {
                    let before = peer.finished.replace(self.seen);
                    Invariant::ClosedForGood
                        .holds(before.is_none(), || format!("{id:?} finished twice"));
                    self.effects.push_back((who, Effect::Finish));
                }
                Action::Close(_, reason) => {
                    self.close(who, reason);
                    self.effects.push_back((who, Effect::Close(reason)));
                }
                _ => {}
            }
        }
        let wants = |(who, name): (usize, Name)| {
            let peer = &self.peers[who];
            (who, name, peer.wants(peer.has_spoken()))
        };
        let joined: Vec<_> = joined.into_iter().map(wants).collect();
        self.count_joins(&joined);
        for who in self.touched.clone() {
            let is_joined = joined.iter().any(|join| join.0 == who);
            self.see_sent_away(who, is_joined);
            let peer = &mut self.peers[who];
            peer.phase = self.server.phase(peer.id);
            peer.interpret(peer.has_spoken(), self.rooms.length());
            self.count_private(who);
        }
        self.see_copies();
        for (nth, (who, name, wanted)) in joined.iter().cloned().enumerate() {
            // It may have joined by silence first, in the same moment.
            let is_last = !joined[nth + 1..].iter().any(|later| later.0 == who);
            let peer = &self.peers[who];
            let by_json = peer.expected.program.is_some() && peer.phase != Phase::Silent;
            if !by_json || !is_last {
                self.joins.push_back((who, name, wanted));
            } else if !self.resumes(who, &name) {
                let wanted = self.peers[who].wants_as_program();
                self.joins.push_back((who, name, wanted));
            }
        }
    }

    /// Takes note of those who came into the room, in the order of their coming.
    fn count_joins(&mut self, joined: &[(usize, Name, Name)]) {
        for (nth, (who, ..)) in joined.iter().enumerate() {
            let is_last = !joined[nth + 1..].iter().any(|later| later.0 == *who);
            let phase = self.server.phase(self.peers[*who].id);
            let hello = self.peers[*who]
                .hello()
                .filter(|_| phase != Phase::Silent && is_last);
            match hello {
                None => self.has_joined(*who, false),
                Some(hello) if self.is_known(&hello.key(*who)) => {}
                Some(hello) => self.has_joined(*who, hello.has_token()),
            }
        }
    }

    /// Takes note of whether a peer was sent away.
    fn see_sent_away(&mut self, who: usize, is_joined: bool) {
        let peer = &self.peers[who];
        let phase = self.server.phase(peer.id);
        let is_sent = peer.phase < Phase::Joined && phase == Phase::Draining;
        if !is_sent || peer.short.is_some() || peer.place != Place::Held {
            return;
        }
        let first = peer.accepted + micros(self.limits.first_line);
        let joins_first = |end: &u64| peer.phase == Phase::Greeting && !is_joined && first <= *end;
        let line_end = self.line_end(peer).filter(|end| !joins_first(end));
        if self.times_out && line_end.is_some_and(|at| at <= self.seen) {
            let peer = &mut self.peers[who];
            if peer.name.is_some() {
                peer.short = Some(Short::Unended);
            } else {
                peer.expected.refused(CloseReason::Unended);
            }
            return;
        }
        let hello = peer.hello();
        let is_late = self.times_out && !peer.has_spoken() && self.seen >= first;
        let is_due = match &hello {
            Some(hello) => !is_joined && hello.is_welcome() && !hello.reads(),
            None => peer.name.is_none() && (peer.asks_in() || is_late),
        };
        if !is_due {
            return;
        }
        let guesses = hello.is_some_and(|it| it.has_token() && !self.is_known(&it.key(who)));
        let why = self.why_not_in(who, guesses);
        let peer = &mut self.peers[who];
        let is_cut = peer.name.is_some();
        Invariant::HostLimits.holds(why.is_some() || is_cut, || {
            format!("{:?} was not let in", peer.id)
        });
        peer.expected.is_not_let_in(why, peer.speaks_json());
    }

    fn close(&mut self, who: usize, reason: CloseReason) {
        let (stall, linger) = (micros(self.limits.stall), micros(self.limits.linger));
        let bound = micros(self.limits.shutdown);
        self.open.remove(&who);
        self.blocked.remove(&who);
        let peer = &mut self.peers[who];
        peer.closed = Some(reason);
        peer.blocked = false;
        let expired = self.stopped.is_some_and(|at| self.seen >= at + bound);
        let due = if let Some(at) = peer.finished {
            peer.eof || peer.failed || expired || self.seen >= at + linger
        } else {
            let stalled = peer.stuck.is_some_and(|at| self.seen >= at + stall);
            peer.short.get_or_insert(Short::Dropped);
            peer.failed || stalled || expired
        };
        Invariant::Closing.holds(due, || {
            format!("{:?} was closed too soon: {reason}", peer.id)
        });
    }
}
