//! Refusals: which deeds the state of the room was against.

use super::Watched;
use super::deed::{Deed, Done};
use super::expect::Notice;
use super::peer::Peer;
use super::rooms::LOBBY;
use crate::invariant::Invariant;
use chat_core::MAX_ROOMS;
use std::mem;

/// How the lines begin that refuse to let somebody into a room, for what is so now.
const NO_ROOM: &str = "* Not done: there are as many rooms as there may be.";
const MUCH_WAITS: &str = "* Not done: too much is waiting for you ";

impl Watched {
    /// Takes what a peer was to do for refused, if all that it sent was handled.
    pub(super) fn see_handled(&mut self, who: usize) {
        let peer = &self.peers[who];
        if self.server.wants_input(peer.id) || self.server.phase(peer.id).is_ending() {
            self.see_refused(who, None);
        }
    }

    /// Takes what a peer of several, of which one does something, was to do before for refused, where that is right.
    pub(super) fn see_refused_if_right(&mut self, who: usize, deed: &Deed, room: &str) -> bool {
        let peer = &self.peers[who];
        let next = peer.expected.deeds.get(peer.said);
        let is_right = next.is_some_and(|next| {
            next.may_be_refused() && !next.is(deed, room) && self.may_refuse(who, next)
        });
        let nth = peer.said;
        is_right && self.refuse(who, nth)
    }

    /// Takes what a peer was to do next for refused, up to a deed in a room, as far as it may be.
    pub(super) fn see_refused(&mut self, who: usize, deed: Option<(&Deed, &str)>) {
        // With what the screen has shown just now.
        self.see_copies();
        loop {
            let peer = &self.peers[who];
            let nth = match deed {
                Some(_) => peer.said,
                None => self.first_unsaid(who).unwrap_or(usize::MAX),
            };
            let Some(done) = peer.expected.deeds.get(nth) else {
                return;
            };
            let is_it = deed.is_some_and(|(deed, room)| done.is(deed, room));
            if !done.may_be_refused() || is_it {
                return;
            }
            let is_right = self.may_refuse(who, done);
            if let (Some((deed, _)), false) = (deed, is_right)
                && self.said_by_the_newest(who, deed)
            {
                continue;
            }
            let peer = &self.peers[who];
            let may_be_unheard = peer.short.is_some() || self.server.phase(peer.id).is_ending();
            if deed.is_none() && may_be_unheard && !is_right {
                return; // It may have been cut off before that was handled.
            }
            Invariant::OwnName.holds(is_right, || {
                let done = peer.expected.deeds.get(nth);
                format!("{done:?} of {:?} was refused", peer.name)
            });
            self.refuse(who, nth);
        }
    }

    /// What a peer was to do is refused, for one of the reasons that there are; whether it was to do it.
    fn refuse(&mut self, who: usize, nth: usize) -> bool {
        let done = self.peers[who].expected.deeds.get(nth);
        let why = done.map(|done| self.why_refused(who, done));
        why.is_some_and(|why| self.peers[who].is_refused(nth, why).is_some())
    }

    /// Checks what a peer was told is refused before that could be seen.
    pub(super) fn check_refused(&mut self, who: usize) {
        self.check_refused_first(who);
        for (done, line) in mem::take(&mut self.peers[who].refused) {
            let why = self.why_refused(who, &done);
            let is_right = why.iter().any(|why| line.starts_with(why));
            Invariant::OwnName.holds(is_right, || {
                let name = &self.peers[who].name;
                format!("{:?} of {name:?} was refused", done.deed)
            });
        }
    }

    /// Checks what was refused to a peer that asked for the same again, and was let into that room.
    fn check_refused_first(&mut self, who: usize) {
        for line in mem::take(&mut self.peers[who].refused_first) {
            let may_be = [NO_ROOM, MUCH_WAITS]
                .into_iter()
                .zip([self.are_rooms_used_up(), self.copies_tight]);
            let is_right = may_be
                .into_iter()
                .any(|(start, may_be)| may_be && line.starts_with(start));
            Invariant::OwnName.holds(is_right, || format!("{line:?} to peer {who}"));
        }
    }

    /// Whether the state of the room was against what a peer did at some time since it was sent.
    fn may_refuse(&self, who: usize, done: &Done) -> bool {
        !self.why_refused(who, done).is_empty()
    }

    /// How the lines begin that rightly refuse what a peer did, for all that was so at some time since it was sent.
    fn why_refused(&self, who: usize, done: &Done) -> Vec<String> {
        let rooms = &self.rooms;
        let own = self.peers[who]
            .name
            .as_ref()
            .map_or("", |name| name.as_str());
        let is_in = |room: &str| rooms.is_in(own, room);
        if let Some(room) = done.room.as_deref().filter(|room| !is_in(room))
            && !matches!(done.deed, Deed::Joins(_))
        {
            return vec![format!("not in {room}")];
        }
        let here = self.peers[who].stays.last().map_or(LOBBY, |stay| stay.room);
        let lines = refusals(&done.deed);
        let is_so = match &done.deed {
            Deed::Renames(wanted) => {
                let others = rooms.had_like(wanted, own, done.since).into_iter();
                let own = (own == wanted).then(|| format!("* You are {wanted} already."));
                return others.map(|it| taken(wanted, it)).chain(own).collect();
            }
            Deed::SetsTopic(text) => {
                let here = done
                    .room
                    .as_deref()
                    .and_then(|room| rooms.find(room))
                    .unwrap_or(here);
                let story = &rooms[here];
                vec![story.was_topic(text, story.length_at(done.since))]
            }
            Deed::Goes(room) if rooms.name(here) == room => vec![true],
            Deed::Goes(room) => vec![false, self.may_be_full(room, done.since), self.copies_tight],
            Deed::Joins(room) => {
                let is_many = rooms.count_of(own) >= MAX_ROOMS;
                vec![is_in(room), is_many || self.may_be_full(room, done.since)]
            }
            Deed::Parts(_) => vec![rooms.count_of(own) == 1],
            _ => Vec::new(),
        };
        let lines = lines.into_iter().zip(is_so);
        lines.filter(|(_, is_so)| *is_so).map(|it| it.0).collect()
    }
}

/// How the lines begin that refuse something.
fn refusals(deed: &Deed) -> Vec<String> {
    match deed {
        Deed::Renames(wanted) => vec![
            format!("* The name {wanted} is taken; "),
            format!("* The name {wanted} looks like "),
            format!("* You are {wanted} already."),
        ],
        Deed::SetsTopic(_) => vec!["* That is the topic already.".into()],
        Deed::Goes(room) => vec![
            format!("* You are in {room} already."),
            NO_ROOM.into(),
            MUCH_WAITS.into(),
        ],
        // Programs are told by a code.
        Deed::Joins(room) => vec![format!("in {room} already"), "too many rooms".into()],
        Deed::Parts(_) => vec!["the last room".into()],
        _ => Vec::new(),
    }
}

/// How the line begins that refuses a name for that of somebody else.
fn taken(wanted: &str, other: &str) -> String {
    if wanted.eq_ignore_ascii_case(other) {
        format!("* The name {wanted} is taken; ")
    } else {
        format!("* The name {wanted} looks like {other}, who is here; ")
    }
}

impl Peer {
    /// Whether a line refuses what it does next.
    pub(super) fn refuses_next(&self, line: &str) -> bool {
        let next = self.expected.deeds.get(self.said);
        let lines = next.map_or_else(Vec::new, |next| refusals(&next.deed));
        lines.iter().any(|start| line.starts_with(start))
    }

    /// Of two that ask to go to the same room, one was refused. The screen does not show which, and the second one was
    /// taken for it: a line that refuses the first one says that it was that.
    pub(super) fn refuses_first_of_two(&mut self, line: &str) {
        let due = self.expected.notices.iter().skip(self.heard);
        let Some((said, Notice::InRoom(room))) = due.clone().next() else {
            return;
        };
        if ![NO_ROOM, MUCH_WAITS].iter().any(|it| line.starts_with(it)) {
            return;
        }
        let first = self.heard;
        let goes_again = |next: &Done| matches!(&next.deed, Deed::Goes(to) if to == room);
        if *said == self.said && self.expected.deeds.get(self.said).is_some_and(goes_again) {
            // The second one is still to be answered, and is what the screen shows.
            self.expected.deeds.remove(self.said - 1);
            for later in self.expected.notices.iter_mut().skip(first) {
                later.0 -= 1;
            }
            self.expected.notices[first].1 = Notice::Either(vec![line.into()]);
            self.refused_first.push(line.into());
            return;
        }
        let already = format!("* You are in {room} already.");
        let is_second = |it: &(usize, Notice)| matches!(&it.1, Notice::Either(lines) if lines.contains(&already));
        let of_it = due.take_while(|it| it.0 == *said);
        let Some(nth) = of_it.into_iter().position(is_second) else {
            // Or one of those that came after others in between: which one, cannot be told.
            let is_later = |it: &(usize, Notice)| matches!(&it.1, Notice::InRoom(to) if to == room);
            if self.expected.notices.iter().skip(first + 1).any(is_later) {
                self.expected.is_unjudged = true;
                self.refused_first.push(line.into());
            }
            return;
        };
        let of_a_room =
            |line: &String| line.starts_with(NO_ROOM) || line.starts_with("* You are in ");
        let goes_elsewhere = |it: &(usize, Notice)| match &it.1 {
            Notice::InRoom(_) => true,
            Notice::Either(lines) => lines.iter().any(of_a_room),
            _ => false,
        };
        let mut between = self.expected.notices.iter().skip(first + 1).take(nth - 1);
        if between.any(goes_elsewhere) {
            // What is said to those depends on where the peer was.
            self.expected.is_unjudged = true;
            self.refused_first.push(line.into());
            return;
        }
        self.expected.notices.swap(first, first + nth);
        for before in self.expected.notices.iter_mut().skip(first).take(nth) {
            before.0 -= 1;
        }
        self.expected.notices[first].1 = Notice::Either(vec![line.into()]);
        self.refused_first.push(line.into());
    }

    /// What it does is refused, and it is told so in its place.
    pub(super) fn is_told_refused(&mut self, line: &str) {
        let refused = self.is_refused(self.said, vec![line.into()]);
        let refused = refused.map(|done| (done, line.into()));
        self.refused.extend(refused);
    }

    /// What it does is refused: a private line that begins in one of these ways says so in its place, or an error.
    pub(super) fn is_refused(&mut self, nth: usize, lines: Vec<String>) -> Option<Done> {
        let done = self.expected.deeds.remove(nth)?;
        if let Some(program) = &mut self.expected.program {
            program.ids.remove(nth);
            return Some(done);
        }
        let at = self.expected.notices.partition_point(|it| it.0 <= nth);
        for later in self.expected.notices.iter_mut().skip(at) {
            later.0 -= 1;
        }
        if matches!(done.deed, Deed::Goes(_)) {
            self.expected.notices.remove(at); // That it is there.
        }
        self.expected
            .notices
            .insert(at, (nth, Notice::Either(lines)));
        Some(done)
    }
}
