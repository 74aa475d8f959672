//! What those who look after a server ask of it, and tell everyone.

use super::Server;
use super::phase::Phase;
use super::rooms::Hosted;
use crate::types::conn_id::ConnId;
use crate::types::limits::{Limits, MAX_LINE};
use crate::types::name::{Name, Unique};
use crate::types::network::Network;
use crate::types::peer::Host;
use crate::types::room_name::RoomName;
use crate::wire::dialect::Dialect;
use crate::wire::notice::Notice;
use crate::wire::printable::printable;
use crate::wire::short::within;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

/// What a server has now of what its [`Limits`] bound, each in constant time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Connections, in any phase.
    pub connections: usize,
    /// People who are here with a connection, in whatever rooms.
    pub members: usize,
    /// Rooms in memory.
    pub rooms: usize,
    /// Sessions that wait for their client to come back.
    pub detached: usize,
    /// The number of the oldest entry of the lobby that can be asked for; one more than the last where there is none.
    pub first: u64,
    /// The number of the last entry there.
    pub last: u64,
    /// Bytes that wait for the connection that is furthest behind, of those whose sockets are full.
    pub behind: u64,
    /// Bytes held for connections that the log has left behind.
    pub copied: u64,
    /// There is no room on the disk.
    pub is_disk_full: bool,
    /// It is stopping.
    pub is_stopping: bool,
}

/// Connections, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// By their phase.
    pub phases: Vec<(Phase, usize)>,
    /// By their host: those with the most, in falling order.
    pub hosts: Vec<(Host, usize)>,
    /// Hosts that are not among these.
    pub more_hosts: usize,
}

/// Somebody who is here, as those who look after the server see them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Present {
    /// Their name.
    pub name: Name,
    /// The connection that they have now.
    pub conn: Option<ConnId>,
    /// The rooms that they are in, in the order of their names.
    pub rooms: Vec<RoomName>,
    /// Where they come from; of somebody who has no connection now, only where the limits of hosts are theirs.
    pub host: Option<Host>,
}

/// Somebody who is kept out of the server, by a ban from the lobby.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Banned {
    /// By their name.
    pub whom: Option<Name>,
    /// By where they come from.
    pub from: Option<Network>,
    /// Until when, in milliseconds since the Unix epoch; with none, until they are let in again.
    pub until: Option<u64>,
    /// Who ordered it.
    pub by: Name,
    /// Why; may be empty.
    pub reason: String,
}

impl Server {
    /// What it has now.
    pub fn usage(&self) -> Usage {
        Usage {
            connections: self.connections.len(),
            members: self.people.present(),
            rooms: self.rooms.len() - self.conversations.len(),
            detached: self.sessions.detached.len(),
            first: self.rooms.lobby().log().oldest(),
            last: self.rooms.lobby().log().last(),
            behind: self.furthest_behind(),
            copied: self.delivery.copied(),
            is_disk_full: self.is_disk_full(),
            is_stopping: self.stopping,
        }
    }

    /// Counts its connections; so many hosts are named at most. It takes a time that grows with them.
    pub fn census(&self, hosts: usize) -> Census {
        let mut phases: BTreeMap<Phase, usize> = BTreeMap::new();
        let mut by_host: BTreeMap<Host, usize> = BTreeMap::new();
        for connection in self.connections.iter() {
            *phases.entry(connection.phase).or_default() += 1;
            *by_host.entry(connection.peer.host).or_default() += 1;
        }
        let mut all: Vec<(Host, usize)> = by_host.into_iter().collect();
        all.sort_by_key(|&(host, count)| (core::cmp::Reverse(count), host));
        let more_hosts = all.len().saturating_sub(hosts);
        all.truncate(hosts);
        Census {
            phases: phases.into_iter().collect(),
            hosts: all,
            more_hosts,
        }
    }

    /// The names of those who are here, in whatever rooms, in order.
    pub fn members(&self) -> impl ExactSizeIterator<Item = &Name> {
        self.people.iter().map(|(name, _)| name)
    }

    /// Everyone who is here, in whatever rooms, in the order of their names. Before the first of them, it takes a time that grows with
    /// the sessions.
    pub fn present(&self) -> impl Iterator<Item = Present> {
        let waiting = self.sessions.waiting_hosts();
        self.people.iter().map(move |(name, person)| {
            let connection = person.conn.and_then(|id| self.connections.get(id));
            let waiting = || waiting.get(&Unique(name.clone())).copied();
            let rooms = self.rooms.of(name).into_iter();
            Present {
                name: name.clone(),
                conn: person.conn,
                rooms: rooms.map(|room| self.rooms.named(room)).collect(),
                host: connection.map(|it| it.peer.host).or_else(waiting),
            }
        })
    }

    /// Who is kept out of the server now, by a ban from the lobby; the oldest of these first.
    pub fn banned(&self) -> impl Iterator<Item = Banned> {
        let rules = self.rooms.lobby().room.state.rules();
        rules.bans(self.wall()).map(|ban| Banned {
            whom: ban.whom.as_ref().map(|it| it.0.clone()),
            from: ban.from,
            until: ban.until,
            by: ban.by.0.clone(),
            reason: String::from(&*ban.reason),
        })
    }

    /// The rooms in memory, in the order of their names, and how many are in each. What two say to each other alone is none.
    pub fn rooms(&self) -> impl Iterator<Item = (&RoomName, usize)> {
        let members = |it: &Hosted| it.room.state.members().len();
        self.rooms
            .iter()
            .filter(|(_, it)| !it.name.is_conversation())
            .map(move |(_, it)| (&it.name, members(it)))
    }

    /// What it grants its clients.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Changes what it grants from now on: places, and rates. Nobody loses what they have.
    pub fn set_limits(&mut self, limits: &Limits) {
        self.limits.connections = limits.connections;
        self.limits.limit_loopback = limits.limit_loopback;
        self.limits.host.clone_from(&limits.host);
        self.limits.rate = limits.rate;
        self.limits.host_rate = limits.host_rate;
    }

    /// Tells everyone who is sent what happens. Nothing of it is an entry: who comes later does not see it.
    pub(super) fn announce(&mut self, text: &str) {
        let text = printable(within(text, MAX_LINE));
        // Each line is written once, however many are sent it.
        let lines = Dialect::ALL.map(|dialect| Notice::Announcement(&text).to_line(dialect));
        for id in self.disk_watchers() {
            if let Some(dialect) = self.connections.get(id).map(|c| c.dialect) {
                self.note(id, &lines[dialect as usize]);
            }
        }
    }
}
