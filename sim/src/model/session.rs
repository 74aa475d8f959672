//! Sessions, which outlive the connections of programs.

use super::Watched;
use super::cut_short::Short;
use super::deed::Deed;
use super::program::ROOM_SHARE;
use super::rooms::LOBBY;
use crate::invariant::Invariant;
use chat_core::{CloseReason, Name};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// A stay that goes on from connection to connection.
#[derive(Debug)]
pub(super) struct Session {
    name: String,
    /// Its connections, the newest last; what the older ones said may yet be heard.
    peers: Vec<usize>,
    /// Since when it has none.
    since: Option<u64>,
    /// Which of the actions of the server brought the newest one.
    resumed: u64,
}

/// All sessions by what names them: a token that was asked for, or the connection it was made for.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    open: BTreeMap<String, Session>,
    /// What names all that there ever were: their ids are known after they have left as well.
    known: BTreeSet<String>,
    /// What was said with an id, by session and id.
    said: BTreeMap<(String, String), Said>,
}

/// Where something was said with an id.
#[derive(Clone, Copy, Debug)]
struct Said {
    /// The room, by number, and the entry.
    room: usize,
    entry: usize,
    /// Bytes of all lines before it.
    place: usize,
}

impl Watched {
    /// Whether there is a session that has this key, and goes on.
    pub(super) fn is_known(&self, key: &str) -> bool {
        // Its leaving may still be to be told.
        let has_left = |session: &Session| {
            let last = session.peers.last().map(|who| &self.peers[*who]);
            last.is_some_and(|peer| {
                let leaves = peer.expected.end == Some(CloseReason::Left);
                leaves && peer.short.is_none() && !self.server.phase(peer.id).is_in_room()
            })
        };
        let session = self.sessions.open.get(key);
        session.is_some_and(|session| !has_left(session))
    }

    /// A program is in the room under a name; whether its session was there before.
    pub(super) fn resumes(&mut self, who: usize, name: &Name) -> bool {
        let Some(program) = &mut self.peers[who].expected.program else {
            return false;
        };
        program.is_in = true;
        let key = program.key(who);
        if self.sessions.known.insert(key.clone()) {
            program.is_of_new_session();
        }
        let is_over = !self.is_known(&key);
        // A stay that began by silence is over.
        self.peers[who].stays.clear();
        let Some(session) = self.sessions.open.get_mut(&key).filter(|_| !is_over) else {
            let session = Session {
                name: name.as_str().into(),
                peers: vec![who],
                since: None,
                resumed: self.acts,
            };
            self.sessions.open.insert(key, session);
            return false;
        };
        Invariant::OneStay.holds(session.name == name.as_str(), || {
            format!("{name} goes on as {}", session.name)
        });
        let before = session.peers.last().copied();
        session.peers.push(who);
        session.since = None;
        session.resumed = self.acts;
        if let Some(before) = before.map(|before| &mut self.peers[before])
            && !before.has_left()
        {
            before.leaves_all(&self.rooms);
            before.short.get_or_insert(Short::Replaced);
        }
        let rooms = self.rooms.of(name.as_str());
        let names = rooms.iter().filter(|room| **room != LOBBY);
        let names: Vec<String> = names.map(|room| self.rooms.name(*room).into()).collect();
        self.peers[who].goes_on_in(&names);
        // Its joining may still have to be told.
        let is_told = !self.joins.iter().any(|join| join.1 == *name);
        for room in rooms.into_iter().filter(|_| is_told) {
            let end = self.rooms[room].entries.len();
            self.peers[who].begins(room, end);
        }
        // Where its joining is still to be told, who is there under that name is somebody else.
        if let Some(join) = self.joins.iter_mut().find(|join| join.1 == *name) {
            join.0 = who;
        } else {
            self.rooms.has_peer(name.as_str(), who);
        }
        true
    }

    /// A session begins with a joining that is told only now, and its newest connection has replaced others since: each of
    /// these was in the room from its own joining, or going on, to the next one's.
    pub(super) fn were_replaced_at_once(&mut self, newest: usize, room: usize, joined: usize) {
        for older in self.mates(newest).into_iter().filter(|it| *it != newest) {
            let peer = &mut self.peers[older];
            peer.enters(room, joined);
            peer.leaves(room, joined + 1);
        }
    }

    /// A connection that has been replaced since came into one room more, and the newest one goes on there.
    pub(super) fn was_replaced_there(
        &mut self,
        older: usize,
        newest: usize,
        room: usize,
        joined: usize,
    ) {
        self.peers[older].leaves(room, joined + 1);
        let name = self.rooms.name(room).to_string();
        self.peers[newest].goes_on_in(&[name]);
        self.peers[newest].begins(room, joined + 1);
    }

    /// One of a session's connections has asked to be out of a room: a newer one of it that was there is, too. Where both asked,
    /// in the moment in which one replaced the other, the screen does not say who did it.
    pub(super) fn are_out_of(&mut self, room: usize, who: usize, left: usize) {
        for newer in self
            .mates(who)
            .into_iter()
            .skip_while(|it| *it != who)
            .skip(1)
        {
            self.peers[newer].leaves_if_in(room, left);
        }
    }

    /// The connections of the session of one, if it is in one.
    pub(super) fn mates(&self, who: usize) -> Vec<usize> {
        let program = self.peers[who].expected.program.as_ref();
        let session = program.and_then(|program| self.sessions.open.get(&program.key(who)));
        session.map_or_else(Vec::new, |session| session.peers.clone())
    }

    /// Who of a session said a line; what they say next that is not known already.
    pub(super) fn speaker(&mut self, who: usize, deed: &Deed, room: &str) -> usize {
        let Some(program) = &self.peers[who].expected.program else {
            return who;
        };
        let key = program.key(who);
        let session = self.sessions.open.get(&key);
        // Whoever was replaced before comes into no room any more.
        let is_newest_alone = matches!(deed, Deed::Joins(_))
            && session.is_some_and(|session| session.resumed <= self.told);
        let peers = session.map(|session| session.peers.clone());
        let mut peers = peers.unwrap_or_default();
        if is_newest_alone {
            peers = peers.pop().into_iter().collect();
        }
        for who in peers {
            self.skip_known(who, deed);
            while self.see_refused_if_right(who, deed, room) {
                self.skip_known(who, deed);
            }
            let peer = &self.peers[who];
            let next = peer.expected.deeds.get(peer.said);
            if next.is_some_and(|next| next.is(deed, room)) {
                if let Some(program) = &peer.expected.program
                    && let Some(Some(id)) = program.ids.get(peer.said)
                    && !deed.may_be_refused()
                {
                    let room = self.rooms.find(room).unwrap_or(LOBBY);
                    let said = Said {
                        room,
                        entry: self.rooms[room].entries.len(),
                        place: self.rooms.bytes,
                    };
                    self.sessions.said.insert((key, id.clone()), said);
                }
                return who;
            }
        }
        who
    }

    /// Who of a session says a line, where what was heard before may have been by either: the newest, if what
    /// was taken for an older one's, who was to say the same, was its own. Whether that is so.
    pub(super) fn said_by_the_newest(&mut self, who: usize, deed: &Deed) -> bool {
        let peer = &self.peers[who];
        let [first, second] = [0, 1].map(|nth| peer.expected.deeds.get(peer.said + nth));
        let first = first.filter(|next| next.deed != *deed);
        let (Some(first), Some(program)) = (first, &peer.expected.program) else {
            return false;
        };
        let room = first.room.as_deref();
        let room = room.and_then(|room| self.rooms.find(room)).unwrap_or(LOBBY);
        let session = self.sessions.open.get(&program.key(who));
        let older = session.into_iter().flat_map(|session| &session.peers);
        let taken = older.filter(|older| **older != who).find_map(|&older| {
            let story = &self.rooms[room];
            let entry = story.last_by(older)?;
            let line = &story.entries[entry].line;
            let (_, said) = line.split_once(": ")?;
            let is_first = matches!(&first.deed, Deed::Says(text) if text == said);
            is_first.then_some((older, entry))
        });
        let is_next = second.is_some_and(|second| second.deed == *deed);
        let Some((older, entry)) = taken.filter(|_| is_next) else {
            return false;
        };
        self.peers[older].has_not_said();
        self.peers[who].has_said(entry);
        self.rooms.ascribe(room, entry, who);
        true
    }

    /// The first thing that a peer said and that is still to be heard, if any: what its session has
    /// said before is not said again.
    pub(super) fn unsaid(&self, who: usize) -> Option<&str> {
        let nth = self.first_unsaid(who)?;
        let done = self.peers[who].expected.deeds.get(nth);
        done.map(|done| done.deed.text())
    }

    /// Which of all that is.
    pub(super) fn first_unsaid(&self, who: usize) -> Option<usize> {
        let peer = &self.peers[who];
        let says = peer.expected.deeds.iter().enumerate().skip(peer.said);
        let is_known = |nth: usize| {
            let program = peer.expected.program.as_ref();
            program.is_some_and(|program| match program.ids.get(nth) {
                Some(Some(id)) if !peer.expected.deeds[nth].deed.may_be_refused() => {
                    let id = (program.key(who), id.clone());
                    self.sessions.said.contains_key(&id)
                }
                _ => false,
            })
        };
        let mut unknown = says.filter(|(nth, _)| !is_known(*nth));
        unknown.next().map(|(nth, _)| nth)
    }

    /// Passes over what a program says that its session has said before. What the log may have
    /// forgotten may be said once more, if it is just that `text`.
    fn skip_known(&mut self, who: usize, deed: &Deed) {
        let Some(program) = &self.peers[who].expected.program else {
            return;
        };
        let key = program.key(who);
        loop {
            let peer = &self.peers[who];
            let next = peer.expected.deeds.get(peer.said);
            // The id of anything else is for its answer alone.
            let Some(next) = next.filter(|next| !next.deed.may_be_refused()) else {
                return;
            };
            let program = peer.expected.program.as_ref();
            let Some(Some(id)) = program.and_then(|p| p.ids.get(peer.said)) else {
                return;
            };
            let Some(said) = self.sessions.said.get(&(key.clone(), id.clone())) else {
                return;
            };
            if self.may_be_forgotten(*said) && next.deed == *deed {
                return;
            }
            self.peers[who].said += 1;
        }
    }

    /// Whether the log may have forgotten that something was said with an id.
    fn may_be_forgotten(&self, said: Said) -> bool {
        let is_lobby = said.room == LOBBY;
        // Rooms other than the lobby hold less, and are let go of where nobody is in them.
        let held = self.limits.behind / if is_lobby { 1 } else { ROOM_SHARE };
        let since = self.rooms.bytes - said.place;
        since as u64 > held || self.rooms[said.room].may_have_begun_since(said.entry)
    }

    /// Somebody has another name, on the screen.
    pub(super) fn session_is_renamed(&mut self, before: &str, after: &str) {
        let session = self.sessions.open.values_mut().find(|s| s.name == before);
        if let Some(session) = session {
            session.name = after.into();
        }
    }

    /// Somebody left, on the screen.
    pub(super) fn session_ends(&mut self, name: &str) {
        // One whose joining is still to be told cannot be meant.
        let is_told = |s: &Session| {
            let joins = self.joins.iter();
            s.name == name && !joins.map(|join| join.0).any(|who| s.peers.contains(&who))
        };
        let Some((key, session)) = self.sessions.open.iter().find(|(_, s)| is_told(s)) else {
            return;
        };
        let waited = session.since.map(|since| self.seen - since);
        let grace = u64::try_from(self.limits.grace.as_micros()).unwrap_or(u64::MAX);
        let has_none = |s: &&Session| {
            let last = s.peers.last().map(|who| self.peers[*who].id);
            s.since.is_some() || last.is_some_and(|id| !self.server.phase(id).is_in_room())
        };
        let detached = self.sessions.open.values().filter(has_none).count();
        let waits = waited.is_some_and(|waited| waited < grace);
        let host = self.host_of(session);
        let of_host = self.sessions.open.values().filter(has_none);
        let of_host = of_host.filter(|s| self.host_of(s) == host).count();
        let share = self.limits.host.detached;
        let is_over_share = host.is_some() && share > 0 && of_host > share;
        let is_over = !waits || detached > self.limits.detached || is_over_share;
        // Within a pass, or before the screen is read, it is not known when it lost its connection.
        let is_known = !self.habits.lazy && self.habits.stretch == 0;
        if is_known && waits {
            self.is_right_to_give_up(session, is_over_share, has_none);
        }
        Invariant::InTime.holds(is_over || !is_known, || {
            format!("{name} left after {waited:?} microseconds without a connection")
        });
        let key = key.clone();
        self.sessions.open.remove(&key);
    }

    /// All that have no connection have lost it only now.
    pub(super) fn sessions_wait_anew(&mut self, now: u64) {
        for session in self.sessions.open.values_mut() {
            session.since = session.since.map(|_| now);
        }
    }

    /// The host that a session was last connected from, if that has limits.
    fn host_of(&self, session: &Session) -> Option<IpAddr> {
        let last = session.peers.last();
        last.and_then(|who| self.peers[*who].host)
    }

    /// Checks that a session is the right one to be given up now that one more has lost its connection.
    fn is_right_to_give_up(
        &self,
        session: &Session,
        is_over_share: bool,
        has_none: impl Fn(&&Session) -> bool,
    ) {
        let all: Vec<&Session> = self.sessions.open.values().filter(has_none).collect();
        let [new] = all.iter().filter(|s| s.since.is_none()).collect::<Vec<_>>()[..] else {
            return; // Several lost theirs at once: who was first is not known.
        };
        let of = |host| all.iter().filter(move |s| self.host_of(s) == host);
        let (host, new) = (self.host_of(session), self.host_of(new));
        let is_its_host = match of(new).count() {
            1 if !is_over_share => {
                let most = all.iter().map(|s| of(self.host_of(s)).count()).max();
                Some(of(host).count()) == most
            }
            _ => host == new,
        };
        Invariant::HostLimits.holds(is_its_host, || {
            format!(
                "{} of {host:?} is given up for one of {new:?}",
                session.name
            )
        });
        let since = |s: &Session| s.since.unwrap_or(u64::MAX);
        let is_oldest = of(host).all(|s| since(s) >= since(session));
        Invariant::HostLimits.holds(is_oldest, || {
            format!("{} is given up before older ones of {host:?}", session.name)
        });
    }

    /// Takes note of sessions that have lost their connections.
    pub(super) fn see_sessions(&mut self) {
        for session in self.sessions.open.values_mut() {
            let Some(&who) = session.peers.last().filter(|_| session.since.is_none()) else {
                continue;
            };
            let peer = &mut self.peers[who];
            if !peer.stays.is_empty() && !self.server.phase(peer.id).is_in_room() {
                session.since = Some(self.seen);
                peer.leaves_all(&self.rooms);
            }
        }
        let (detached, most) = (self.sessions.detached(), self.limits.detached);
        Invariant::Limits.holds(detached <= most || self.lost, || {
            format!("{detached} sessions are without a connection")
        });
        let share = self.limits.host.detached;
        let mut of_hosts = BTreeMap::<IpAddr, usize>::new();
        for session in self.sessions.open.values().filter(|s| s.since.is_some()) {
            if let Some(host) = self.host_of(session) {
                *of_hosts.entry(host).or_default() += 1;
            }
        }
        let most = of_hosts.into_values().max().unwrap_or(0);
        Invariant::HostLimits.holds(share == 0 || most <= share || self.lost, || {
            format!("{most} sessions of one host are without a connection")
        });
    }

    /// The room is no more.
    pub(super) fn sessions_stop(&mut self) {
        self.sessions.open.clear();
    }
}

impl Sessions {
    /// How many have no connection.
    pub(super) fn detached(&self) -> usize {
        self.open.values().filter(|s| s.since.is_some()).count()
    }
}
