//! Programs: peers of the JSON dialect, and the sessions that outlive their connections.

use super::Watched;
use super::peer::Short;
use super::story::Story;
use crate::promise::Promise;
use chat_core::json::{self, Code, Entry, Hello, MAX_ID, MAX_PAGE, Message, Request};
use chat_core::{CloseReason, Kind, MAX_JSON_LINE, MAX_LINE, Name, printable};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// What is known of a peer that speaks JSON.
#[derive(Debug)]
pub(super) struct Program {
    /// Its first object, if it was one.
    hello: Option<Hello<'static>>,
    /// Ids of what it says, each in the place of its text.
    ids: Vec<Option<String>>,
    /// The number of the next entry that it is to be sent, once that is known.
    next: Option<u64>,
    /// Where that is not known: it is one of these.
    begins: RangeInclusive<u64>,
    /// It is in the room as a program.
    is_in: bool,
    bye: bool,
}

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

impl Program {
    /// A first line that begins with `JOIN {`.
    pub(super) fn greets(line: &str) -> Self {
        let own = |it: Option<std::borrow::Cow<'_, str>>| it.map(|it| it.into_owned().into());
        let hello = Hello::decode(line).map(|hello| Hello {
            version: hello.version,
            name: own(hello.name),
            session: own(hello.session),
            after: hello.after,
            epoch: own(hello.epoch),
            history: hello.history,
        });
        Self {
            hello,
            ids: Vec::new(),
            next: None,
            begins: 0..=0,
            is_in: false,
            bye: false,
        }
    }

    /// Whether it is let in.
    pub(super) fn is_welcome(&self) -> bool {
        self.hello.as_ref().is_some_and(|hello| {
            hello.version.is_none_or(|version| version == json::VERSION)
                && hello.session.as_deref().is_none_or(Hello::is_token)
        })
    }

    /// The name it wants.
    pub(super) fn wants(&self) -> Option<Name> {
        let name = self.hello.as_ref()?.name.as_deref()?;
        Name::parse(name).ok()
    }

    fn key(&self, peer: usize) -> String {
        let token = self
            .hello
            .as_ref()
            .and_then(|hello| hello.session.as_deref());
        token.map_or_else(|| format!("of {peer}"), Into::into)
    }

    /// Takes a line; what it says, and whether it leaves.
    pub(super) fn line(&mut self, line: &[u8]) -> (Option<String>, Option<CloseReason>) {
        if line.len() > MAX_JSON_LINE {
            return (None, None);
        }
        match str::from_utf8(line)
            .ok()
            .and_then(|l| serde_json::from_str(l).ok())
        {
            Some(Request::Leave) => (None, Some(CloseReason::Left)),
            Some(Request::Say { text, id }) => {
                let is_text = !text.trim().is_empty() && text.len() <= MAX_LINE;
                let is_id = id
                    .as_ref()
                    .is_none_or(|id| (1..=MAX_ID).contains(&id.len()));
                if !(is_text && is_id) {
                    return (None, None);
                }
                self.ids.push(id.map(std::borrow::Cow::into_owned));
                (Some(printable(&text).into_owned()), None)
            }
            _ => (None, None),
        }
    }

    /// Checks a line that it was sent.
    pub(super) fn hears(&mut self, who: usize, line: &str, story: &Story) {
        let Ok(message) = serde_json::from_str::<Message<'_>>(line) else {
            Promise::WholeLines.is_broken(&format!("peer {who} was sent {line:?}"))
        };
        Promise::GoodbyeLast.holds(!self.bye, || format!("{line:?} after bye"));
        match message {
            Message::Welcome { head, resumed, .. } => {
                let hello = self.hello.as_ref();
                let after = hello.and_then(|hello| hello.after);
                let history = hello.and_then(|hello| hello.history).unwrap_or(0);
                if after.is_none() && history > 0 {
                    // As many as are held, and then what happens: its own joining, if it joins.
                    let next = if resumed { head + 1 } else { head };
                    self.begins = next.saturating_sub(history.min(MAX_PAGE)).max(1)..=next;
                } else {
                    self.next = Some(after.map_or(head, |after| after.min(head)) + 1);
                }
            }
            Message::Gap { after, next } => {
                let is_known = self
                    .next
                    .is_none_or(|due| due == after + 1 || after >= next);
                let asked = self.hello.as_ref().and_then(|hello| hello.after);
                Promise::OneOrder.holds(is_known || asked == Some(after), || {
                    format!("peer {who} was sent {line:?} where {:?} was due", self.next)
                });
                self.next = Some(next);
            }
            Message::Entry(entry) => {
                let begins = self.next.is_none() && self.begins.contains(&entry.seq);
                Promise::OneOrder.holds(begins || self.next == Some(entry.seq), || {
                    format!("peer {who} was sent {line:?} where {:?} was due", self.next)
                });
                self.next = Some(entry.seq + 1);
                is_told(&entry, story);
            }
            Message::Past(entry) => is_told(&entry, story),
            Message::Bye { code, .. } => {
                self.bye = true;
                let known = !matches!(code, Code::BadRequest);
                Promise::GoodbyeLast.holds(known, || format!("{line:?} to peer {who}"));
            }
            _ => {}
        }
    }

    /// Whether it was sent the story to its end.
    pub(super) fn is_up_to_date(&self, who: usize, story: &Story) {
        let last = story.entries.len() as u64;
        let next = self.next.unwrap_or(*self.begins.end());
        Promise::NothingMissing.holds(!self.is_in || next == last + 1, || {
            format!(
                "{:?} is due to peer {who}, and {last} is the last",
                self.next
            )
        });
    }
}

/// Checks that an entry is what the screen shows.
fn is_told(entry: &Entry<'_>, story: &Story) {
    let name = &entry.name;
    let line = match entry.kind {
        Kind::Joined => format!("{name} has joined the chat"),
        Kind::Left => format!("{name} has left the chat"),
        Kind::Said => format!("{name}: {}", entry.text.as_deref().unwrap_or_default()),
    };
    let index = usize::try_from(entry.seq).unwrap_or(0).wrapping_sub(1);
    let shown = story.entries.get(index).map(|shown| shown.line.as_str());
    Promise::OneOrder.holds(shown == Some(&line), || {
        format!(
            "entry {} is {line:?}, and {shown:?} on the screen",
            entry.seq
        )
    });
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
