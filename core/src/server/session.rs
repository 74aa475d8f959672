//! Sessions: who is in the room through connections that come and go (PROTOCOL.md, "Sessions").

use super::Server;
use super::asking::From;
use super::detached::{Detached, Wait};
use super::io::{Action, CloseReason};
use super::phase::{Event, Phase};
use crate::mark::{Mark, mark, mark_if};
use crate::room::RoomId;
use crate::types::conn_id::ConnId;
use crate::types::entry::SessionId;
use crate::types::hex::to_hex;
use crate::types::limits::{MAX_LINE, MAX_ROOMS};
use crate::types::name::{Name, Unique};
use crate::types::peer::Host;
use crate::types::secret::Secret;
use crate::types::time::Timestamp;
use crate::wire::dialect::Dialect;
use crate::wire::json::{self, Code, Hello, Message};
use crate::wire::notice::{Goodbye, Notice};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::{String, ToString};
use core::fmt;
use core::mem;
use sha2::{Digest, Sha256};

/// What a server is told once, by one that has a clock and dice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The name of the log: no other log ever has the same one.
    pub epoch: u128,
    /// What the tokens of sessions are made of. Whoever knows or guesses it can take over any session.
    pub secret: Secret<[u8; 32]>,
    /// What the wall clock shows at [`Timestamp::ZERO`], in milliseconds since the Unix epoch.
    pub unix_millis: u64,
}

/// All sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Sessions {
    table: BTreeMap<SessionId, Session>,
    pub(super) detached: Detached,
    /// Tokens given out.
    issued: u64,
}

/// A membership in the room.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Session {
    name: Name,
    conn: Option<ConnId>,
    /// There may be entries with ids that the session gave which are in the store, and not in memory.
    has_stored: bool,
    /// The host of its last connection, if the limits of hosts apply to that one; none before it has had one.
    host: Option<Host>,
    /// When it is given up, while it has no connection.
    wait: Wait,
}

/// Why a first line is not looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadLine {
    TooLong,
    NotUtf8,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "the first line is longer than {MAX_LINE} bytes"),
            Self::NotUtf8 => f.write_str("the first line is not UTF-8"),
        }
    }
}

impl Sessions {
    /// When the next one is given up.
    pub(super) fn next_timeout(&self) -> Option<Timestamp> {
        self.detached.next()
    }

    /// Those without a connection are waited for until then; who has waited for longest is still the first to
    /// be given up.
    pub(super) fn wait_until(&mut self, until: Timestamp) {
        for (mut wait, id) in mem::take(&mut self.detached).into_all() {
            if let Some(session) = self.table.get_mut(&id) {
                wait.until = until;
                session.wait = wait;
                self.detached.insert(session.host, wait, id);
            }
        }
    }

    /// Whoever has a session has another name.
    pub(super) fn rename(&mut self, session: SessionId, name: &Name) {
        if let Some(session) = self.table.get_mut(&session) {
            session.name = name.clone();
        }
    }

    /// The same of somebody who has no connection at the moment. It is looked for among all, which is done seldom.
    pub(super) fn rename_waiting(&mut self, before: &Name, name: &Name) {
        let mut all = self.table.values_mut();
        if let Some(session) = all.find(|it| it.conn.is_none() && it.name == *before) {
            session.name = name.clone();
        }
    }

    /// From where somebody came who has no connection at the moment, where that counts. It is looked for among all, which is done
    /// seldom.
    pub(super) fn host_of_waiting(&self, name: &Name) -> Option<Host> {
        let mut all = self.table.values();
        all.find(|it| it.conn.is_none() && it.name == *name)?.host
    }

    /// From where everybody came who has no connection at the moment, where that counts.
    pub(super) fn waiting_hosts(&self) -> BTreeMap<Unique, Host> {
        let all = self.table.values().filter(|it| it.conn.is_none());
        let hosts = all.map(|it| it.host.map(|host| (Unique(it.name.clone()), host)));
        hosts.flatten().collect()
    }

    /// Those who have no connection at the moment and came from such a host.
    pub(super) fn waiting_from(&self, is_it: impl Fn(Host) -> bool) -> BTreeSet<Unique> {
        let all = self.table.values().filter(|it| it.conn.is_none());
        let all = all.filter(|it| it.host.is_some_and(&is_it));
        all.map(|it| Unique(it.name.clone())).collect()
    }

    pub(super) fn clear(&mut self) {
        self.table.clear();
        self.detached.clear();
    }
}

impl Server {
    /// The first line is `JOIN {…}`.
    pub(super) fn greet(&mut self, id: ConnId, object: Result<&str, BadLine>) {
        mark_if(self.phase(id) == Phase::Silent, Mark::JsonAfterSilence);
        if self.phase(id) == Phase::Greeting {
            self.set_deadline(id, None);
        }
        if !self.may_be_copied(id) {
            // What waits for it would be kept for it alone.
            return self.end(id, Event::TooFarBehind, CloseReason::TooFarBehind);
        }
        // A membership that began by silence ends.
        if let Some(connection) = self.connections.get_mut(id) {
            let end = self.rooms[connection.main.room].log().head(Dialect::Text);
            connection.main.cursor.end_at(end);
        }
        self.leave_rooms(id);
        self.cross(id);
        let hello = object
            .map_err(|fault| fault.to_string())
            .and_then(Hello::decode);
        let hello = match hello {
            Ok(hello) => hello,
            Err(why) => return self.turn_away(id, Code::BadHello, &why),
        };
        if hello
            .version
            .is_some_and(|version| version != json::VERSION)
        {
            let why = alloc::format!("\"version\": only {} is spoken here", json::VERSION);
            return self.turn_away(id, Code::BadVersion, &why);
        }
        if hello.read == Some(true) {
            return self.let_read(id, &hello);
        }
        if hello.rooms.len() >= MAX_ROOMS {
            let why = alloc::format!("\"rooms\": at most {} are expected", MAX_ROOMS - 1);
            return self.turn_away(id, Code::BadHello, &why);
        }
        let is_new = hello.session.is_none();
        let token = match &hello.session {
            None => self.issue(),
            Some(token) if Hello::is_token(token) => String::from(&***token),
            Some(_) => {
                let why = "\"session\": expected 32 hexadecimal digits in lower case";
                return self.turn_away(id, Code::BadSession, why);
            }
        };
        let is_known = self.sessions.table.contains_key(&session_of(&token));
        if !is_known && (!(is_new || self.take_unknown_token(id)) || !self.take_join(id)) {
            return;
        }
        if !self.let_session_in_or_send_away(id, session_of(&token), hello.name.as_deref()) {
            return;
        }
        self.step(id, Event::Join);
        let opened = if is_known {
            Ok(None)
        } else {
            self.open_by_device(id, &hello)
        };
        let own = opened.as_ref().ok().and_then(Option::as_ref);
        let before = self.rooms.lobby().log().last();
        let asked = hello.name.as_deref();
        let (name, resumed, notice) = self.sit_down(id, &token, is_new, asked, own);
        let lobby = self.rooms.lobby();
        let log = lobby.log();
        let is_inside = self
            .connections
            .get(id)
            .is_some_and(|c| c.main.seat.is_some());
        let welcome = Message::Welcome {
            version: json::VERSION,
            room: json::ROOM.into(),
            name: name.as_str().into(),
            session: Secret(token.into()),
            epoch: log.epoch().into(),
            head: log.last(),
            resumed,
            grace_ms: u64::try_from(self.limits.grace.as_millis()).unwrap_or(u64::MAX),
            here: Some(lobby.room.state.members().len() as u64),
            outside: !is_inside,
            read: false,
        };
        let welcome = welcome.to_line();
        self.note(id, &welcome);
        if let Some(notice) = notice {
            self.note(id, &notice);
        }
        if let Err(why) = opened {
            self.refuse_device(id, why, asked.unwrap_or_default(), &name);
        }
        self.tell_if_disk_full(id);
        self.tell_of_inbox(id);
        self.actions.push_back(Action::Joined(id, name));
        if is_inside {
            let from = From::of_first_line(&hello);
            self.go_on_after(id, RoomId::LOBBY, &from, before);
        }
        self.owe_rooms(id, &hello);
        self.go_on_with_rooms(id);
    }

    /// Whether a connection is not kept out of the lobby, under the name of its session or the one it asks for. A session that is
    /// not in the lobby may go on elsewhere.
    fn let_session_in_or_send_away(
        &mut self,
        id: ConnId,
        session: SessionId,
        asked: Option<&str>,
    ) -> bool {
        let Some(known) = self.sessions.table.get(&session) else {
            return self.let_in_or_send_away(id, Some(&self.wanted(id, asked)));
        };
        let name = known.name.clone();
        let is_in_lobby = self.rooms.of(&name).contains(&RoomId::LOBBY);
        if !is_in_lobby || self.may_be_in_lobby(id, &name) {
            return true;
        }
        if known.conn.is_none() {
            self.give_up(session);
        }
        self.send_away_banned(id, Some(&name));
        false
    }

    /// Gives a connection its membership, that of its session if there is one; its name, whether the
    /// membership goes on, and what it is told if the name is not the one it asked for. `own`: the name that belongs to it.
    fn sit_down(
        &mut self,
        id: ConnId,
        token: &str,
        is_new: bool,
        asked: Option<&str>,
        own: Option<&Name>,
    ) -> (Name, bool, Option<String>) {
        let session = session_of(token);
        let before = self.sessions.table.get(&session).cloned();
        let resumed = before.is_some();
        mark_if(resumed, Mark::Resumed);
        let has_stored = match &before {
            _ if is_new => false,
            Some(before) => before.has_stored,
            // It may have been given out before the server was started.
            None => true,
        };
        let (name, notice) = match before {
            Some(before) => (self.go_on(before, session), None),
            None => self.admit(id, asked, own, Some(session)),
        };
        for room in self.rooms.of(&name) {
            if room == RoomId::LOBBY {
                let seat = self.rooms[room].subscribers.add(id);
                if let Some(connection) = self.connections.get_mut(id) {
                    connection.main.seat = Some(seat);
                }
            } else {
                self.sit_in(id, room);
            }
        }
        let connection = self.connections.get(id);
        let membership = Session {
            name: name.clone(),
            conn: Some(id),
            has_stored,
            host: connection.and_then(|c| c.limited.then_some(c.peer.host)),
            wait: Wait::default(),
        };
        self.sessions.table.insert(session, membership);
        let now = self.wall();
        let is_away = self.people.enter(&name, Some(id), now);
        if let Some(connection) = self.connections.get_mut(id) {
            connection.is_away = is_away;
            connection.session = Some(Box::new(session));
            connection.name = Some(name.clone());
            connection.outbound.barrier = self.rooms.ordered();
        }
        (name, resumed, notice)
    }

    /// Takes a session over from what was its connection; the name it has.
    fn go_on(&mut self, before: Session, session: SessionId) -> Name {
        match before.conn {
            None => {
                let detached = &mut self.sessions.detached;
                detached.remove(before.host, before.wait, session);
            }
            Some(old) => {
                mark(Mark::SessionReplaced);
                if let Some(connection) = self.connections.get_mut(old) {
                    connection.session = None;
                    connection.name = None;
                }
                self.give_seats_up(old);
                self.tell(old, Notice::Goodbye(Goodbye::Replaced));
                self.end(old, Event::Replaced, CloseReason::Replaced);
            }
        }
        before.name
    }

    fn turn_away(&mut self, id: ConnId, code: Code, why: &str) {
        mark(Mark::JsonTurnedAway);
        let bye = Message::Bye {
            code,
            text: why.into(),
            retry_after_ms: None,
        };
        self.note(id, &bye.to_line());
        self.end(id, Event::Misdirected, CloseReason::Json);
    }

    /// Whether what waits for a connection may be held for it alone.
    pub(super) fn may_be_copied(&self, id: ConnId) -> bool {
        let waiting = self.connections.get(id).map_or(0, |c| {
            let log = self.rooms[c.main.room].log().stream(c.dialect);
            c.main.cursor.total(log)
        });
        self.delivery.copied() + waiting <= self.limits.copies
    }

    /// Has a connection's main position be outside of a room, at the end of its lines in a dialect, after what waits for
    /// it, which is held for it alone from now on.
    pub(super) fn move_main(&mut self, id: ConnId, room: RoomId, dialect: Dialect) {
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        let before = connection.main.room;
        let lines = self.rooms[before].log().stream(connection.dialect);
        let waiting = connection.main.cursor.total(lines);
        connection.main.cursor.detach(lines);
        self.set_copied(id, waiting);
        self.file(id);
        let head = self.rooms[room].log().head(dialect);
        if let Some(connection) = self.connections.get_mut(id) {
            connection.main.cursor.move_to(head, false);
            connection.main.room = room;
            connection.dialect = dialect;
            // What it brings along may be of what is not committed.
            connection.outbound.barrier = self.rooms.ordered();
        }
        self.rooms.attach(room);
        self.rooms.detach(before);
    }

    /// From now on the connection has its lines in the JSON dialect, after what waits for it.
    fn cross(&mut self, id: ConnId) {
        self.move_main(id, RoomId::LOBBY, Dialect::Json);
        if let Some(connection) = self.connections.get_mut(id) {
            connection.reads_json = true;
            self.rooms[RoomId::LOBBY].room.log.set_reading(true);
        }
        self.mark(id);
    }

    /// A token that nobody can guess, of 128 bits.
    pub(super) fn issue(&mut self) -> String {
        self.sessions.issued += 1;
        let digest = Sha256::new()
            .chain_update(*self.origin.secret)
            .chain_update(self.origin.epoch.to_be_bytes())
            .chain_update(self.sessions.issued.to_be_bytes())
            .finalize();
        to_hex(digest.into_iter().take(16))
    }

    /// Goes on with a session that a store knows of, for somebody of this name; whether it is theirs.
    pub(super) fn restore_session(&mut self, id: SessionId, name: &Name) -> bool {
        if let Some(session) = self.sessions.table.get(&id) {
            return session.name == *name; // They are in another room as well.
        }
        let session = Session {
            name: name.clone(),
            conn: None,
            has_stored: true,
            host: None,
            wait: Wait::default(),
        };
        let now = self.wall();
        self.people.enter(&session.name, None, now);
        self.sessions.table.insert(id, session);
        self.wait_for(id);
        true
    }

    /// Entries with ids that these sessions gave are not in memory any more.
    pub(super) fn forget_ids(&mut self, sessions: &[SessionId]) {
        for session in sessions {
            if let Some(session) = self.sessions.table.get_mut(session) {
                session.has_stored = true;
            }
        }
    }

    /// Whether an entry with an id that a session gave may be in the store, and not in memory.
    pub(super) fn may_be_in_store_alone(&self, session: SessionId) -> bool {
        let session = self.sessions.table.get(&session);
        session.is_none_or(|session| session.has_stored) && self.rooms.are_in_store_alone()
    }

    /// Ends the session of a connection that leaves for good.
    pub(super) fn end_session(&mut self, id: ConnId) {
        if let Some(connection) = self.connections.get_mut(id)
            && let Some(session) = connection.session.take().map(|it| *it)
        {
            self.sessions.table.remove(&session);
        }
    }

    /// The connection of a session is gone; its membership goes on for a while. Whether it has one.
    pub(super) fn detach_session(&mut self, id: ConnId) -> bool {
        let Some(connection) = self.connections.get_mut(id) else {
            return false;
        };
        let Some(id) = connection.session.take().map(|it| *it) else {
            return false;
        };
        let Some(session) = self.sessions.table.get_mut(&id) else {
            return false;
        };
        session.conn = None;
        self.wait_for(id);
        true
    }

    /// A session has no connection, and is waited for.
    fn wait_for(&mut self, id: SessionId) {
        let wait = Wait {
            until: self.now + self.limits.grace,
            since: self.now,
        };
        let Some(session) = self.sessions.table.get_mut(&id) else {
            return;
        };
        session.wait = wait;
        let host = session.host;
        self.sessions.detached.insert(host, wait, id);
        let (most, share) = (self.limits.detached, self.limits.host.detached);
        while let Some((_, id)) = self.sessions.detached.surplus(host, most, share) {
            let is_full = self.sessions.detached.len() > most;
            mark(if is_full {
                Mark::DetachedFull
            } else {
                Mark::HostDetached
            });
            self.give_up(id);
        }
    }

    /// Gives up the sessions whose time is over.
    pub(super) fn give_up_sessions(&mut self) {
        while let Some((_, id)) = self.sessions.detached.due(self.now) {
            mark(Mark::GraceOver);
            self.give_up(id);
        }
    }

    /// Gives up the session of somebody who has no connection.
    pub(super) fn give_up_session_of(&mut self, name: &Name) {
        let mut all = self.sessions.table.iter();
        let found = all.find(|(_, it)| it.conn.is_none() && it.name.is_like(name));
        if let Some(id) = found.map(|(id, _)| *id) {
            self.give_up(id);
        }
    }

    fn give_up(&mut self, id: SessionId) {
        if let Some(Session {
            name, host, wait, ..
        }) = self.sessions.table.remove(&id)
        {
            self.sessions.detached.remove(host, wait, id);
            self.leave(&name);
        }
    }
}

/// The session that has a token.
fn session_of(token: &str) -> SessionId {
    SessionId(Sha256::digest(token).into())
}
