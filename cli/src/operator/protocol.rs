//! What is said on the admin socket: a request in one line of JSON, and an answer in another.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The longest request, in bytes.
pub const MAX_REQUEST: u64 = 8 * 1024;

/// The longest answer, in bytes.
pub const MAX_ANSWER: u64 = 64 * 1024 * 1024;

/// So many people are told at most; each is in 64 rooms at most, whose names and what else is told of them take less than 6 KiB, so
/// that they fit an answer.
pub const MAX_NAMES: usize = 10_000;

/// So many hosts are told at most: those with the most connections.
pub const MAX_HOSTS: usize = 20;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, clap::Subcommand)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// How the server is: people, connections, entries, disk, limits and their use
    Status,
    /// Who is here, in which rooms, from where, and by which connection, as the log names it
    Who,
    /// Which rooms there are, and how many are in each
    Rooms,
    /// Tell everyone something; it is not part of the history
    Say {
        /// What to tell, one line
        text: String,
    },
    /// Have somebody go: they are told, leave the room, and are not waited for. They can come back
    Kick {
        /// Their name, or their connection as `who` and the log name it: #3.1, or 3.1
        #[arg(value_name = "NAME|CONNECTION")]
        whom: String,
        /// What they are told
        #[serde(default)]
        #[arg(default_value = "")]
        reason: String,
    },
    /// Make whoever owns a name an administrator: in all rooms, they may do what the owner may
    Grant {
        /// The name, which they have claimed
        name: String,
    },
    /// Have them be no administrator any more
    Revoke {
        /// The name
        name: String,
    },
    /// End a claim: the name belongs to nobody, its devices, rights and private messages are gone; it has no password
    FreeName {
        /// The name
        name: String,
    },
    /// Keep somebody out of the server: those who are here go, and nobody comes in by that
    Ban {
        /// A name, with every name that is taken for it; an address, or a network such as 192.0.2.0/24
        #[arg(value_name = "NAME|ADDRESS|NETWORK")]
        whom: String,
        /// For how long: 30s, 10m, 2h, 7d or 2w; without it, until `unban`
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[arg(value_name = "DURATION")]
        duration: Option<String>,
        /// Why, as everyone is told; it begins with no digit
        #[serde(default)]
        #[arg(default_value = "")]
        reason: String,
    },
    /// Let whoever was kept out by that come in again
    Unban {
        /// As for `ban`
        #[arg(value_name = "NAME|ADDRESS|NETWORK")]
        whom: String,
    },
    /// Who is kept out of the server, until when, by whom and why
    Bans,
    /// Read the configuration anew, put in force what can be without dropping anyone, and say what needs a
    /// restart
    Reload,
    /// Stop, to be started again: everyone is told goodbye, and programs when to come back
    Drain,
    /// Make a copy of the history in a new directory, while people talk
    Backup {
        /// The new directory, on the server's machine
        #[arg(value_name = "NEW-DIR")]
        dir: PathBuf,
    },
    /// Change which log messages are written: error, warn, info, debug, trace, or per part, such as
    /// `chat_net=debug`
    Log {
        /// As in `RUST_LOG`
        level: String,
    },
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Answer {
    /// To [`Request::Status`].
    Status(Box<Status>),
    /// To [`Request::Who`].
    Who {
        /// They, in the order of their names.
        people: Vec<Person>,
        /// How many more there are.
        more: usize,
    },
    /// To [`Request::Rooms`].
    Rooms {
        /// They, in the order of their names.
        rooms: Vec<Room>,
        /// How many more there are.
        more: usize,
    },
    /// To [`Request::Say`].
    Said {
        /// How many are in the room.
        people: usize,
    },
    /// To [`Request::Kick`].
    Kicked {
        /// Who is gone, as they were asked for.
        whom: String,
    },
    /// To [`Request::Grant`] and [`Request::Revoke`].
    Admin {
        /// Whom it is about.
        name: String,
        /// They are an administrator.
        is_admin: bool,
    },
    /// To [`Request::FreeName`].
    Freed {
        /// The name that belongs to nobody any more.
        name: String,
    },
    /// To [`Request::Ban`] and [`Request::Unban`].
    Ban {
        /// Whom it is about.
        whom: String,
        /// They are kept out.
        is_banned: bool,
        /// Until when they are, in milliseconds since 1970; none, where it is for good, or over.
        until: Option<u64>,
        /// What else there is to know of it.
        note: Option<String>,
    },
    /// To [`Request::Bans`].
    Bans {
        /// They, the oldest first.
        bans: Vec<Ban>,
    },
    /// To [`Request::Reload`].
    Reloaded {
        /// Options that are in force now and were not.
        applied: Vec<String>,
        /// Options that have changed and need a restart.
        needs_restart: Vec<String>,
    },
    /// To [`Request::Drain`].
    Draining {
        /// How many connections there were.
        connections: usize,
        /// It was draining already.
        is_already: bool,
    },
    /// To [`Request::Backup`].
    BackedUp {
        /// Where it is.
        dir: PathBuf,
        /// The first and the last entry in it.
        entries: u64,
    },
    /// To [`Request::Log`].
    Logging {
        /// What is written from now on.
        level: String,
    },
    /// It was not done.
    Error {
        /// Why.
        text: String,
    },
}

/// A room in memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// Its name.
    pub room: String,
    /// How many are in it, sessions that are waited for among them.
    pub people: usize,
}

/// Somebody in the room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Their name.
    pub name: String,
    /// Their connection, as the log names it; none while a session is waited for.
    pub connection: Option<String>,
    /// The rooms that they are in, in the order of their names.
    pub rooms: Vec<String>,
    /// Where they come from: an address, or the network that an IPv6 address is of, as `ban` takes it. None, where it is not known,
    /// of a session that is waited for.
    pub address: Option<String>,
}

/// Somebody who is kept out of the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ban {
    /// By their name, and every name that is taken for it.
    pub whom: Option<String>,
    /// By where they come from: an address or a network.
    pub address: Option<String>,
    /// Until when, in milliseconds since 1970; none, where it is until `unban`.
    pub until: Option<u64>,
    /// Who ordered it: `server`, where an operator has.
    pub by: String,
    /// Why; may be empty.
    pub reason: String,
}

/// How a server is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Which version runs.
    pub version: String,
    /// For how long, in seconds.
    pub uptime_seconds: u64,
    /// People in the room.
    pub people: usize,
    /// Connections.
    pub connections: Used,
    /// Connections by the state they are in.
    pub states: BTreeMap<String, usize>,
    /// Those hosts that have the most connections.
    pub hosts: Vec<Host>,
    /// Hosts besides these.
    pub more_hosts: usize,
    /// The oldest entry that can be read.
    pub first_entry: u64,
    /// The last entry.
    pub last_entry: u64,
    /// Sessions that wait for their client.
    pub detached_sessions: Used,
    /// Bytes held for slow readers.
    pub held_bytes: Used,
    /// Bytes that wait for whoever is furthest behind.
    pub behind_bytes: Used,
    /// Bytes of memory, where the system tells.
    pub memory_bytes: Option<u64>,
    /// The history's disk; none where nothing is kept, or the disk does not answer.
    pub disk: Option<Disk>,
    /// When the certificate runs out, in milliseconds since 1970; none without TLS, or where it does not say so.
    pub certificate_until: Option<i64>,
    /// Whether the disk has no room.
    pub is_disk_full: bool,
    /// Whether the server stops.
    pub is_stopping: bool,
}

/// A limit and its use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// What is used.
    pub used: u64,
    /// What may be.
    pub limit: u64,
}

/// Connections of a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// Its address, or network.
    pub host: String,
    /// How many connections it has.
    pub connections: usize,
}

/// The disk that has the history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disk {
    /// The history's directory.
    pub dir: PathBuf,
    /// Bytes that the history takes.
    pub used_bytes: u64,
    /// Bytes that are free for it, where the system tells.
    pub free_bytes: Option<u64>,
}
