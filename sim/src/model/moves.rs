//! Moves: who goes from one room to another, as the screen tells it.

use super::Watched;
use super::deed::Deed;
use super::rooms::LOBBY;
use crate::invariant::Invariant;
use chat_core::{Name, ServerLine};
use std::collections::VecDeque;

/// Somebody has left a room for another one.
#[derive(Debug)]
pub(super) struct Move {
    pub(super) who: usize,
    pub(super) name: Name,
    /// The room, by number.
    pub(super) to: usize,
}

impl Watched {
    /// To which room somebody goes who leaves one: the next line says that they are there, and they asked for it.
    pub(super) fn goes_to(
        &mut self,
        who: usize,
        name: &Name,
        later: &VecDeque<&str>,
    ) -> Option<usize> {
        let (to, line) = self.rooms.place(later.front()?);
        let is_there = matches!(ServerLine::decode(line), ServerLine::Joined(it) if it == *name);
        if !is_there || to == LOBBY && self.is_a_newcomer(who, name, later) {
            return None;
        }
        let peer = &self.peers[who];
        let mut next = peer.expected.deeds.iter().skip(peer.said);
        let room = self.rooms.name(to);
        let goes = |deed: &Deed| matches!(deed, Deed::Goes(asked) if asked == room);
        // What it was to do before may be refused.
        let first = next.find(|next| goes(&next.deed) || !next.may_be_refused());
        first.is_some_and(|first| goes(&first.deed)).then_some(to)
    }

    /// Whether somebody who leaves a room has asked to be out of that one alone; who of their connections did.
    pub(super) fn parts(&mut self, who: usize, room: usize, leaver: &Name) -> Option<usize> {
        if self.rooms.count_of(leaver.as_str()) == 1 {
            return None; // Nobody parts from their only room.
        }
        let name = self.rooms.name(room).to_string();
        let deed = Deed::Parts(name.clone());
        // A stay that began by silence ends before its joining is told.
        let has_joined = !self.joins.iter().any(|join| join.0 == who);
        let asks = |peer: &usize| {
            let peer = &self.peers[*peer];
            let mut due = peer.expected.deeds.iter().skip(peer.said);
            due.any(|due| due.is(&deed, &name))
        };
        let may_be = has_joined && self.mates(who).iter().any(asks);
        let who = may_be.then(|| self.speaker(who, &deed, &name))?;
        let peer = &self.peers[who];
        let next = peer.expected.deeds.get(peer.said);
        next.is_some_and(|next| next.is(&deed, &name))
            .then_some(who)
    }

    /// Whether whoever joins under a name that has just become free is somebody new.
    fn is_a_newcomer(&self, who: usize, name: &Name, later: &VecDeque<&str>) -> bool {
        let new = self.joins.iter().filter(|join| join.1 == *name).count();
        let is_joining = |line: &&&str| matches!(ServerLine::decode(line), ServerLine::Joined(it) if it == *name);
        let all = later.iter().filter(is_joining).count();
        new == all && !self.server.phase(self.peers[who].id).is_in_room()
    }

    /// Whether there may have been no place for a room of this name at some time since the screen had shown so many lines.
    pub(super) fn may_be_full(&self, room: &str, since: usize) -> bool {
        // One that was made for somebody who could not come after all is not on the screen.
        self.are_rooms_used_up() && self.rooms.was_vacant(room, since)
    }

    /// Whether there may have been as many rooms at some time as there may be.
    pub(super) fn are_rooms_used_up(&self) -> bool {
        self.rooms.count() >= self.limits.rooms || self.copies_tight
    }

    /// Takes note of whether so much waits that some of it may not be taken along to another room.
    pub(super) fn see_copies(&mut self) {
        // Elsewhere so much never waits.
        if self.limits.copies < 64 * 1024 && !self.copies_tight {
            let open = self.open.iter().map(|who| &self.peers[*who]);
            let waiting = open.map(|peer| peer.distance(&self.rooms) + peer.private_most());
            // What is on a screen that is read late waits as well.
            self.copies_tight =
                self.habits.lazy || waiting.sum::<usize>() as u64 > self.limits.copies;
        }
    }

    /// Checks that there are not more rooms than there may be, when somebody has come into one.
    pub(super) fn are_rooms_few(&self) {
        let (occupied, most) = (self.rooms.occupied(), self.limits.rooms);
        Invariant::Limits.holds(occupied <= most, || format!("{occupied} rooms"));
    }
}
