//! Sessions, which outlive the connections of programs.

use super::Watched;
use super::peer::Short;
use crate::promise::Promise;
use chat_core::{CloseReason, Name};
use std::collections::BTreeMap;

/// A stay that goes on from connection to connection.
#[derive(Debug)]
pub(super) struct Session {
    name: String,
    /// Its connections, the newest last; what the older ones said may yet be heard.
    peers: Vec<usize>,
    /// Since when it has none.
    since: Option<u64>,
}

/// All sessions by what names them: a token that was asked for, or the connection it was made for.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    open: BTreeMap<String, Session>,
    /// What was said with an id, by session and id: the text, and where it stands in the story.
    said: BTreeMap<(String, String), (String, usize)>,
}

impl Watched {
    /// A program is in the room under a name; whether its session was there before.
    pub(super) fn resumes(&mut self, who: usize, name: &Name) -> bool {
        let Some(program) = &mut self.peers[who].expected.program else {
            return false;
        };
        program.is_in = true;
        let key = program.key(who);
        // Its leaving may still be to be told.
        let has_left = |session: &Session| {
            let last = session.peers.last().map(|who| &self.peers[*who]);
            last.is_some_and(|peer| {
                let leaves = peer.expected.end == Some(CloseReason::Left);
                leaves && peer.short.is_none() && !self.server.phase(peer.id).is_in_room()
            })
        };
        let is_over = self.sessions.open.get(&key).is_none_or(has_left);
        let Some(session) = self.sessions.open.get_mut(&key).filter(|_| !is_over) else {
            let session = Session {
                name: name.as_str().into(),
                peers: vec![who],
                since: None,
            };
            self.sessions.open.insert(key, session);
            return false;
        };
        Promise::OneStay.holds(session.name == name.as_str(), || {
            format!("{name} goes on as {}", session.name)
        });
        let end = self.story.entries.len();
        let before = session.peers.last().copied();
        session.peers.push(who);
        session.since = None;
        if let Some(before) = before.map(|before| &mut self.peers[before])
            && before.left.is_none()
        {
            before.left = Some(end);
            before.short.get_or_insert(Short::Replaced);
        }
        self.peers[who].joined = Some(end);
        let key = name.as_str().to_ascii_lowercase();
        if let Some((_, peer)) = self.story.room.get_mut(&key) {
            *peer = who;
        } else {
            // Its joining is still to be told.
            let mut joins = self.joins.iter_mut();
            if let Some(join) = joins.find(|join| join.1 == *name) {
                join.0 = who;
            }
        }
        true
    }

    /// Who of a session said a line; what they say next that is not known already.
    pub(super) fn speaker(&mut self, who: usize, text: &str) -> usize {
        let Some(program) = &self.peers[who].expected.program else {
            return who;
        };
        let key = program.key(who);
        let peers = self
            .sessions
            .open
            .get(&key)
            .map(|session| session.peers.clone());
        for who in peers.into_iter().flatten() {
            self.skip_known(who, text);
            let peer = &self.peers[who];
            if peer
                .expected
                .says
                .get(peer.said)
                .is_some_and(|says| says == text)
            {
                if let Some(program) = &peer.expected.program
                    && let Some(Some(id)) = program.ids.get(peer.said)
                {
                    let place = self.story.entries.len();
                    let id = (key, id.clone());
                    self.sessions.said.insert(id, (text.into(), place));
                }
                return who;
            }
        }
        who
    }

    /// The first thing that a peer said and that is still to be heard, if any: what its session has
    /// said before is not said again.
    pub(super) fn unsaid(&self, who: usize) -> Option<&str> {
        let peer = &self.peers[who];
        let says = peer.expected.says.iter().enumerate().skip(peer.said);
        let is_known = |nth: usize| {
            let program = peer.expected.program.as_ref();
            program.is_some_and(|program| match program.ids.get(nth) {
                Some(Some(id)) => {
                    let id = (program.key(who), id.clone());
                    self.sessions.said.contains_key(&id)
                }
                _ => false,
            })
        };
        let mut unknown = says.filter(|(nth, _)| !is_known(*nth));
        unknown.next().map(|(_, says)| says.as_str())
    }

    /// Passes over what a program says that its session has said before. What the log may have
    /// forgotten may be said once more, if it is just that `text`.
    fn skip_known(&mut self, who: usize, text: &str) {
        let Some(program) = &self.peers[who].expected.program else {
            return;
        };
        let key = program.key(who);
        loop {
            let peer = &self.peers[who];
            let Some(says) = peer.expected.says.get(peer.said) else {
                return;
            };
            let program = peer.expected.program.as_ref();
            let Some(Some(id)) = program.and_then(|p| p.ids.get(peer.said)) else {
                return;
            };
            let Some((_, place)) = self.sessions.said.get(&(key.clone(), id.clone())) else {
                return;
            };
            let since = self.story.bytes_between(*place, self.story.entries.len());
            if since as u64 > self.limits.behind && text == says {
                return;
            }
            self.peers[who].said += 1;
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
        let is_over =
            waited.is_none_or(|waited| waited >= grace) || detached > self.limits.detached;
        // Within a pass, or before the screen is read, it is not known when it lost its connection.
        let is_known = !self.habits.lazy && self.habits.stretch == 0;
        Promise::InTime.holds(is_over || !is_known, || {
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

    /// Takes note of sessions that have lost their connections.
    pub(super) fn see_sessions(&mut self) {
        let end = self.story.entries.len();
        for session in self.sessions.open.values_mut() {
            let Some(&who) = session.peers.last().filter(|_| session.since.is_none()) else {
                continue;
            };
            let peer = &mut self.peers[who];
            if peer.joined.is_some() && !self.server.phase(peer.id).is_in_room() {
                session.since = Some(self.seen);
                peer.left.get_or_insert(end);
            }
        }
        let (detached, most) = (self.sessions.detached(), self.limits.detached);
        Promise::Limits.holds(detached <= most || self.lost, || {
            format!("{detached} sessions are without a connection")
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
