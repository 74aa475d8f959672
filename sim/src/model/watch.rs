//! The watch: what the screen tells, and whether server and model agree.

use super::Watched;
use super::cut_short::Short;
use super::deed::Deed;
use super::expect::Notice;
use super::moves::Move;
use super::peer::Place;
use super::rooms::LOBBY;
use super::story::About;
use crate::invariant::Invariant;
use chat_core::{CloseReason, MAX_SERVER_LINE, Name, ServerLine, Timer, server_phase::Phase};
use std::collections::VecDeque;

/// The highest number that is put after a name that was asked for.
const MAX_NUMBER: u32 = 99;

impl Watched {
    /// Reads what is new on the screen.
    pub(super) fn read_story(&mut self) {
        let mut news = Vec::new();
        let lost = self.server.transcript(|part| news.extend_from_slice(part));
        if lost > 0 {
            let was_full = lost + news.len() as u64 > self.limits.transcript;
            Invariant::Limits.holds(was_full, || format!("{lost} bytes of the screen were lost"));
            self.lost = true;
        }
        if self.lost {
            return;
        }
        let whole = news.is_empty() || news.ends_with(b"\n");
        Invariant::WholeLines.holds(whole, || "the screen shows a part of a line".into());
        let Ok(news) = String::from_utf8(news) else {
            Invariant::WholeLines.is_broken("the screen is not UTF-8")
        };
        let mut lines: VecDeque<&str> = news.split_terminator('\n').collect();
        while let Some(line) = lines.pop_front() {
            let goes_on = self.stopped.is_none();
            Invariant::OneStay.holds(goes_on, || format!("{line:?} after the stop"));
            self.tell(line, &lines);
        }
        self.told = self.acts;
    }

    /// Something is told of somebody in one of their rooms: the screen is to show the same of the others next, in
    /// the order of their names.
    fn is_told_in_all(&mut self, room: usize, name: &str, line: &str) {
        let mut rooms = self.rooms.of(name).into_iter();
        let first = rooms.next();
        Invariant::OneName.holds(first == Some(room), || {
            format!("{line:?} is told in {} first", self.rooms.name(room))
        });
        let line = |room| self.rooms.shown(room, line);
        self.rest = rooms.map(line).collect();
    }

    /// Takes in a line that tells in one more room what was told in another.
    fn tell_rest(&mut self, shown: &str, due: &str) {
        Invariant::OneName.holds(shown == due, || format!("{shown:?} where {due:?} was due"));
        let (room, line) = self.rooms.place(shown);
        let entry = self.rooms[room].entries.len();
        match ServerLine::decode(line) {
            ServerLine::Left(name) => {
                let who = self.rooms.leave(room, line, name.as_str());
                self.peers[who].leaves(room, entry);
            }
            ServerLine::Renamed(before, after) => {
                let who = self.rooms.peer(after.as_str()).unwrap_or_default();
                let (before, after) = (before.as_str().into(), after.as_str().into());
                self.rooms
                    .push(room, line, About::Renamed(before, after, who));
            }
            _ => {}
        }
    }

    /// Takes in a line that the screen shows, before these.
    fn tell(&mut self, shown: &str, later: &VecDeque<&str>) {
        if let Some(due) = self.rest.pop_front() {
            return self.tell_rest(shown, &due);
        }
        let (room, line) = self.rooms.place(shown);
        let entry = self.rooms[room].entries.len();
        match ServerLine::decode(line) {
            ServerLine::Joined(name) if self.moving.is_some() => {
                let moving = self
                    .moving
                    .take()
                    .filter(|it| it.name == name && it.to == room);
                let Some(Move { who, .. }) = moving else {
                    Invariant::OneStay.is_broken(&format!("{line:?}, and somebody else was to"))
                };
                self.peers[who].enters(room, entry);
                self.rooms.enter(room, line, name.as_str(), who);
                self.are_rooms_few();
            }
            ServerLine::Joined(name) if self.rooms.has(name.as_str()) => {
                let deed = Deed::Joins(self.rooms.name(room).into());
                let who = self.does(None, &name, &deed, line);
                self.peers[who].enters(room, entry);
                let newest = self.rooms.peer(name.as_str()).unwrap_or(who);
                self.rooms.enter(room, line, name.as_str(), newest);
                if newest != who {
                    self.was_replaced_there(who, newest, room, entry);
                }
                self.are_rooms_few();
            }
            ServerLine::Joined(name) => {
                Invariant::OneStay
                    .holds(room == LOBBY, || format!("{shown:?}, and nobody asked to"));
                let Some((who, given, wanted)) = self.joins.pop_front() else {
                    Invariant::OneStay.is_broken(&format!("{line:?}, but nobody did"))
                };
                let free = self.first_free(&wanted, self.peers[who].port);
                Invariant::UniqueNames.holds(name == given && name == free, || {
                    format!("{name} joined, who is called {given} and was to be called {free}")
                });
                self.peers[who].enters(room, entry);
                self.rooms.enter(room, line, name.as_str(), who);
                self.were_replaced_at_once(who, room, entry);
            }
            ServerLine::Left(name) => {
                let who = self.rooms.who(room, name.as_str());
                if let Some(to) = self.goes_to(who, &name, later) {
                    let deed = Deed::Goes(self.rooms.name(to).into());
                    self.does(Some(room), &name, &deed, line);
                    self.rooms.leave(room, line, name.as_str());
                    self.peers[who].leaves(room, entry);
                    self.moving = Some(Move { who, name, to });
                    return;
                }
                if let Some(who) = self.parts(who, room, &name) {
                    let deed = Deed::Parts(self.rooms.name(room).into());
                    self.does(Some(room), &name, &deed, line);
                    self.rooms.leave(room, line, name.as_str());
                    self.peers[who].leaves(room, entry);
                    self.are_out_of(room, who, entry);
                    return;
                }
                self.session_ends(name.as_str());
                self.is_told_in_all(room, name.as_str(), line);
                self.rooms.leave(room, line, name.as_str());
                let peer = &mut self.peers[who];
                // Who left the stay that began by silence may be in another one by now.
                if !peer.speaks_json() || peer.name.as_ref() == Some(&name) {
                    peer.leaves(room, entry);
                }
            }
            ServerLine::Said(name, text) => {
                let deed = Deed::Says(text.into());
                let who = self.does(Some(room), &name, &deed, line);
                self.rooms.push(room, line, About::Said(who));
            }
            ServerLine::Acted(name, text) => {
                let deed = Deed::Does(text.into());
                let who = self.does(Some(room), &name, &deed, line);
                self.rooms.push(room, line, About::Did(who));
            }
            ServerLine::Renamed(before, after) => {
                let deed = Deed::Renames(after.as_str().into());
                let who = self.does(Some(room), &before, &deed, line);
                self.is_told_in_all(room, before.as_str(), line);
                let (before, after) = (before.as_str(), after);
                self.session_is_renamed(before, after.as_str());
                self.rooms.rename(room, line, (before, after.as_str()), who);
                let peer = &mut self.peers[who];
                peer.has_name(after);
            }
            ServerLine::Topic(name, text) => {
                let topics = self.rooms[room].topics(usize::MAX);
                let is_it = |topic: &Option<(&str, &str)>| topic.map_or("", |it| it.0) == text;
                let is_new = !topics.iter().all(is_it);
                Invariant::OwnName.holds(is_new, || format!("{line:?}, and it was so"));
                let who = self.does(Some(room), &name, &Deed::SetsTopic(text.into()), line);
                let about = About::Topic(text.into(), name.as_str().into(), who);
                self.rooms.push(room, line, about);
            }
            other => Invariant::WholeLines.is_broken(&format!("{other:?} is on the screen")),
        }
    }

    /// Somebody of this name does something, on the screen, in a room where they are if it is not to be there; which
    /// peer it is.
    fn does(&mut self, room: Option<usize>, name: &Name, deed: &Deed, line: &str) -> usize {
        let who = match room {
            Some(room) => self.rooms.who(room, name.as_str()),
            None => self.rooms.peer(name.as_str()).unwrap_or_default(),
        };
        let place = match (deed, room) {
            (Deed::Joins(place), _) => place.clone(),
            (_, room) => self.rooms.name(room.unwrap_or(LOBBY)).to_string(),
        };
        let who = self.speaker(who, deed, &place);
        self.see_refused(who, Some((deed, &place)));
        // A first line may ask for many rooms at once.
        if !matches!(deed, Deed::Joins(_)) {
            self.hears_at_rate(who, deed.text());
        }
        let peer = &mut self.peers[who];
        let expected = peer.expected.deeds.get(peer.said);
        let is_it = expected.is_some_and(|next| next.is(deed, &place));
        Invariant::SaidOnce.holds(is_it, || {
            format!("{line:?} was heard in {place} where {name} said {expected:?}")
        });
        let entry = self.rooms[room.unwrap_or(LOBBY)].entries.len();
        peer.has_done(entry, deed.is_not_echoed());
        who
    }

    fn first_free(&self, wanted: &Name, port: u16) -> Name {
        let by_port = Name::of_port(port);
        let asked = (2..=MAX_NUMBER).filter_map(|n| wanted.numbered(n));
        let others = (2..).filter_map(|n| by_port.numbered(n));
        let mut all = std::iter::once(wanted.clone())
            .chain(asked)
            .chain([by_port.clone()])
            .chain(others);
        let is_free = |name: &Name| self.rooms.is_free(name.as_str());
        all.find(is_free).unwrap_or_else(|| wanted.clone())
    }

    /// Checks what a pass invariants to a peer.
    pub(super) fn check_peer(&mut self, who: usize) {
        let unsaid = self.unsaid(who).map(str::to_string);
        let peer = &mut self.peers[who];
        peer.phase = self.server.phase(peer.id);
        let (id, phase) = (peer.id, peer.phase);
        let wanted = self.server.wants_input(id);
        let in_room = phase.is_in_room();
        let on_screen = peer.is_in_room();
        Invariant::OneStay.holds(in_room == on_screen, || {
            let is = if on_screen { "is" } else { "is not" };
            format!("{id:?} {is} in the room on the screen, and is {phase:?}")
        });
        if in_room && wanted {
            Invariant::Heard.holds(unsaid.is_none(), || {
                format!("{id:?} said {unsaid:?}, and is read from again")
            });
            peer.sure = peer.expected.notices.len();
        }
        let distance = peer.distance(&self.rooms) + peer.private_most();
        peer.copied = peer.blocked && (peer.copied || distance as u64 > self.limits.behind);
        if peer.is_open() && peer.blocked {
            let private = peer.private(peer.sure, Notice::least);
            let waiting = peer.backlog(&self.rooms) + private;
            let waiting = waiting.saturating_sub(peer.under_way());
            let within =
                !in_room || peer.is_apart() || waiting as u64 <= self.limits.behind + self.surge;
            Invariant::Limits.holds(within, || format!("{waiting} bytes wait for {id:?}"));
        } else if peer.finished.is_some() || peer.is_open() {
            let told = phase != Phase::Draining;
            Invariant::Closing.holds(told, || {
                format!("{id:?} has been told everything, and waits")
            });
            let all = peer.finished.is_some() || wanted;
            let due = self.server.next_timeout();
            let in_turns = matches!(due, Some((_, Timer::Resume)));
            peer.is_up_to_date(who, &self.rooms, all, in_turns);
        }
        let gave_way = peer.place == Place::GaveWay;
        let is_so = |reason| (reason == CloseReason::GaveWay) == gave_way;
        Invariant::Closing.holds(peer.closed.is_none_or(is_so), || {
            format!("{id:?} was closed for {:?}", peer.closed)
        });
        if let (Some(reason), None | Some(Short::Dropped)) = (peer.closed, peer.short)
            && peer.finished.is_some()
        {
            let right = peer.expected.end;
            // A program was told so, and goes on with another connection.
            let is_told = peer.is_apart() && reason == CloseReason::TooFarBehind;
            Invariant::Closing.holds(right == Some(reason) || is_told, || {
                format!("{id:?} was closed for {reason:?}, not {right:?}")
            });
        }
    }

    /// Checks what is to hold between two rounds.
    pub(super) fn check_room(&self) {
        let counted = self.server.population() + self.sessions.detached();
        let listed = self.rooms.population();
        Invariant::OneStay.holds(counted == listed, || {
            format!("{counted} are in the room, and {listed} on the screen")
        });
        let (open, known) = (self.server.connections(), self.open.len());
        Invariant::Closing.holds(open == known, || format!("{open} connections, not {known}"));
        let most = self.limits.connections + 2 * self.limits.refusals;
        Invariant::Limits.holds(open <= most, || format!("{open} connections"));
        let seen = self.joins.is_empty();
        Invariant::OneStay.holds(seen, || "somebody joined unseen".into());
        let deadlines = self.open.iter().map(|&who| &self.peers[who]);
        if let Some(first) = deadlines.filter_map(|p| self.deadline(p)).min() {
            let next = self.next_timeout();
            let in_time = next.is_some_and(|(due, _)| due <= first);
            Invariant::InTime.holds(in_time, || format!("{first} would be missed for {next:?}"));
        }
    }

    /// Checks that a peer that is read from owes little.
    pub(super) fn is_within_limits(&mut self, who: usize) {
        let peer = &mut self.peers[who];
        if peer.is_apart() {
            return; // Its lines are checked one by one.
        }
        let id = peer.id;
        let private = peer.private(usize::MAX, Notice::least);
        let private = private.saturating_sub(peer.under_way());
        Invariant::Limits.holds(private < self.limits.private, || {
            format!("{id:?} is read from and owes {private} bytes of private lines")
        });
        let splices = peer.splices();
        let few = peer.copied || splices < self.limits.splices;
        Invariant::Limits.holds(few, || {
            format!("{id:?} is read from and makes {splices} splices")
        });
    }

    /// How much may have been appended once more comes in: a batch that is full takes nothing, and
    /// any other the line that fills it and, at most, the entry of a joining before that.
    pub(super) fn most_in_batch(&self) -> usize {
        let appended = self.rooms.bytes - self.passed.1;
        let pass = match self.server.population() as u64 {
            0 => u64::MAX,
            // What goes to the few in other rooms is not counted for all.
            _ if self.rooms.count() > 1 => u64::MAX,
            members => self.limits.pass.div_ceil(members),
        };
        let limit = self.limits.batch.min(pass);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        if appended >= limit {
            appended
        } else {
            limit.saturating_add(2 * (MAX_SERVER_LINE + 1))
        }
    }
}
