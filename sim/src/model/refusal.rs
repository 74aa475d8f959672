//! Refusals: which deeds the state of the room was against.

use super::Watched;
use super::deed::{Deed, Done};
use super::expect::Notice;
use super::peer::Peer;
use super::rooms::LOBBY;
use crate::invariant::Invariant;
use std::mem;

impl Watched {
    /// Takes what a peer was to do for refused, if all that it sent was handled.
    pub(super) fn see_handled(&mut self, who: usize) {
        let peer = &self.peers[who];
        if self.server.wants_input(peer.id) || self.server.phase(peer.id).is_ending() {
            self.see_refused(who, None);
        }
    }

    /// Takes what a peer of several, of which one does something, was to do before for refused, where that is right.
    pub(super) fn see_refused_if_right(&mut self, who: usize, deed: &Deed) -> bool {
        let peer = &self.peers[who];
        let next = peer.expected.deeds.get(peer.said);
        let is_right = next.is_some_and(|next| {
            next.deed.may_be_refused() && next.deed != *deed && self.may_refuse(who, next)
        });
        let nth = peer.said;
        is_right && self.peers[who].is_refused(nth).is_some()
    }

    /// Takes what a peer was to do next for refused, up to `deed`, as far as it may be.
    pub(super) fn see_refused(&mut self, who: usize, deed: Option<&Deed>) {
        loop {
            let peer = &self.peers[who];
            let nth = match deed {
                Some(_) => peer.said,
                None => self.first_unsaid(who).unwrap_or(usize::MAX),
            };
            let Some(done) = peer.expected.deeds.get(nth) else {
                return;
            };
            if !done.deed.may_be_refused() || deed == Some(&done.deed) {
                return;
            }
            let is_right = self.may_refuse(who, done);
            let may_be_unheard = peer.short.is_some() || self.server.phase(peer.id).is_ending();
            if deed.is_none() && may_be_unheard && !is_right {
                return; // It may have been cut off before that was handled.
            }
            Invariant::OwnName.holds(is_right, || {
                format!("{:?} of {:?} was refused", done.deed, peer.name)
            });
            self.peers[who].is_refused(nth);
        }
    }

    /// Checks what a peer was told is refused before that could be seen.
    pub(super) fn check_refused(&mut self, who: usize) {
        for done in mem::take(&mut self.peers[who].refused) {
            let is_right = self.may_refuse(who, &done);
            Invariant::OwnName.holds(is_right, || {
                let name = &self.peers[who].name;
                format!("{:?} of {name:?} was refused", done.deed)
            });
        }
    }

    /// Whether the state of the room was against what a peer did at some time since it was sent.
    fn may_refuse(&self, who: usize, done: &Done) -> bool {
        let rooms = &self.rooms;
        let own = self.peers[who]
            .name
            .as_ref()
            .map_or("", |name| name.as_str());
        match &done.deed {
            Deed::Renames(wanted) => {
                own == wanted
                    || !own.eq_ignore_ascii_case(wanted) && rooms.was_here(wanted, done.since)
            }
            Deed::SetsTopic(text) => {
                let story = &rooms[LOBBY];
                story.was_topic(text, story.length_at(done.since))
            }
            _ => false,
        }
    }
}

impl Peer {
    /// Whether a line refuses what it does next.
    pub(super) fn refuses_next(&self, line: &str) -> bool {
        let next = self.expected.deeds.get(self.said).map(|next| &next.deed);
        match next {
            Some(Deed::Renames(wanted)) => {
                let taken = format!("* The name {wanted} is taken; ");
                line.starts_with(&taken) || line == format!("* You are {wanted} already.")
            }
            Some(Deed::SetsTopic(_)) => line == "* That is the topic already.",
            _ => false,
        }
    }

    /// What it does is refused: a private line says so in its place, or an error.
    pub(super) fn is_refused(&mut self, nth: usize) -> Option<Done> {
        let done = self.expected.deeds.remove(nth)?;
        if let Some(program) = &mut self.expected.program {
            program.ids.remove(nth);
            return Some(done);
        }
        let at = self.expected.notices.partition_point(|it| it.0 <= nth);
        for later in self.expected.notices.iter_mut().skip(at) {
            later.0 -= 1;
        }
        let notice = match &done.deed {
            Deed::Renames(wanted) => Notice::Either([
                format!("* The name {wanted} is taken; "),
                format!("* You are {wanted} already."),
            ]),
            _ => Notice::Exact("* That is the topic already.".into()),
        };
        self.expected.notices.insert(at, (nth, notice));
        Some(done)
    }
}
