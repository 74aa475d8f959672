//! What goes into the server and what comes out of it.

use crate::room::log::History;
use crate::types::conn_id::ConnId;
use crate::types::entry::{Record, SessionId};
use crate::types::name::Name;
use crate::types::room_name::RoomName;
use crate::types::secret::Secret;
use crate::types::verifier::{SALT, Verifier};
use crate::wire::asked::Asked;
use crate::wire::foreign::Protocol;
use alloc::boxed::Box;
use core::fmt;
use core::time::Duration;

/// What happened outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// Bytes came in.
    Received(ConnId, &'a [u8]),
    /// The peer closed its side; nothing more will come in.
    Eof(ConnId),
    /// The connection failed; its socket is of no more use.
    Lost(ConnId),
    /// A socket may take more than it did; of no consequence where it took everything.
    Writable(ConnId),
    /// The entries that [`Server::begin_commit`](super::Server::begin_commit) gave are in the store, where
    /// the oldest one is now this.
    Committed(u64),
    /// The store has no room but for what has to be put there, of people who leave: nothing more is to be said
    /// (`true`). Or it has room again.
    DiskFull(bool),
    /// They are not, or nobody knows whether they are: the store takes no more.
    NotCommitted,
    /// What [`Action::Read`] asked for: the number of the oldest entry of the room that the store holds after that, and entries
    /// without holes, which begin with the first one that can be read. There are fewer of them, or none, only where no more are
    /// to be had.
    Kept(ConnId, u64, &'a [Record]),
    /// What [`Action::Find`] asked for.
    Found(ConnId, Option<&'a Record>),
    /// What [`Action::Open`] asked for: all of it the default where there never was such a room.
    Opened(ConnId, &'a History),
    /// What [`Action::Hash`] asked for; nothing where it cannot be had at the moment.
    Hashed(ConnId, Option<&'a Verifier>),
    /// What [`Action::Read`], [`Action::Find`] or [`Action::Open`] asked for cannot be read.
    Unreadable(ConnId),
    /// The moment that [`Server::next_timeout`](super::Server::next_timeout) named has come.
    Timeout,
    /// Tell everyone this: one line, which is not in the history, and is cut at
    /// [`MAX_LINE`](crate::MAX_LINE) bytes.
    Announce(&'a str),
    /// Somebody is to go, and is told why, in [`MAX_KICK_REASON`](crate::MAX_KICK_REASON) bytes at most, or not if that
    /// is empty. Of no consequence where [`Server::can_kick`](super::Server::can_kick) is false.
    Kick(Whom<'a>, &'a str),
    /// Whoever owns this name is to look after the server, or no more. Of no consequence where
    /// [`Server::is_admin`](super::Server::is_admin) is none, or this already.
    SetAdmin(&'a Name, bool),
    /// Nobody owns this name any more. Of no consequence where [`Server::is_admin`](super::Server::is_admin) is none.
    FreeName(&'a Name),
    /// Those who look after the server have somebody banned from the lobby, and so from the server, or let in again. Of no
    /// consequence where [`Server::refusal_of`](super::Server::refusal_of) says why.
    Order(&'a Asked<'a>),
    /// Stop: tell everyone and let them go.
    Stop,
    /// The same, for a server that is soon back: those who can be told when to come back are told times that
    /// are spread over this.
    Drain(Duration),
}

/// Whom an operator means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom<'a> {
    /// Whoever is here under this name, in whatever case its letters are; they may have no connection for the
    /// moment.
    Name(&'a Name),
    /// A connection, in the room or not.
    Connection(ConnId),
}

/// What is to be done outside, besides writing what [`Server::round`](super::Server::round) lends.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Nothing to do: a connection joined under this name.
    Joined(ConnId, Name),
    /// Nothing to do: a connection has this name from now on.
    Renamed(ConnId, Name),
    /// Read entries of a room in the store: those after this one, at most so many. Answer with
    /// [`Input::Kept`].
    Read(ConnId, RoomName, u64, usize),
    /// Look in the store for the entry that a session gave this id. Answer with [`Input::Found`].
    Find(ConnId, SessionId, Box<str>),
    /// Look in the store for a room, and the newest entries in it, as many as are wanted in memory. Answer with
    /// [`Input::Opened`].
    Open(ConnId, RoomName),
    /// Hash a password with this salt, or with a new one, which nobody can foresee. Answer with [`Input::Hashed`].
    Hash(ConnId, Secret<Box<str>>, Option<Secret<[u8; SALT]>>),
    /// Close our side of the connection, and go on reading.
    Finish(ConnId),
    /// Close the socket; reset it if [`Action::Finish`] did not come before. The id means nothing
    /// from now on.
    Close(ConnId, CloseReason),
}

/// Why a connection was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CloseReason {
    /// It asked to leave.
    Left,
    /// It closed its side.
    Eof,
    /// It failed.
    Lost,
    /// More of the room waited for it than is allowed.
    TooFarBehind,
    /// It took no byte for too long.
    Stalled,
    /// There were as many connections as the limits allow.
    Refused,
    /// It spoke another protocol.
    Foreign(Protocol),
    /// Its host had as many connections as are allowed.
    HostFull,
    /// As many of its host's connections as are allowed had not joined yet.
    HostUnjoined,
    /// Too many have joined from its host in too short a time.
    TooManyJoins,
    /// Too many tokens that no session has have come from its host in too short a time.
    TooManyTokens,
    /// There was no room on the disk for anybody to come in.
    DiskFull,
    /// It began its first line, and did not end it in time.
    Unended,
    /// It had said nothing, and gave its place up to a newcomer.
    GaveWay,
    /// It asked for the JSON dialect in a way that was not understood.
    Json,
    /// Its session has a newer connection.
    Replaced,
    /// An operator had it go.
    Kicked,
    /// It was kept out.
    Banned,
    /// It would read a room that not everybody may join, or that is not there.
    NotToRead,
    /// The server stopped.
    Stopped,
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Foreign(protocol) => return write!(f, "spoke {}", protocol.name()),
            Self::Left => "left",
            Self::Eof => "closed by the peer",
            Self::Lost => "connection lost",
            Self::TooFarBehind => "too far behind",
            Self::Stalled => "stalled",
            Self::Refused => "refused: the room is full",
            Self::HostFull => "refused: its host has too many connections",
            Self::HostUnjoined => "refused: too many of its host's connections have not joined",
            Self::TooManyJoins => "refused: too many have joined from its host",
            Self::TooManyTokens => "refused: too many unknown tokens came from its host",
            Self::DiskFull => "refused: the disk is full",
            Self::Unended => "did not end its first line",
            Self::GaveWay => "gave way to a newcomer",
            Self::Json => "asked for what is not known of the JSON dialect",
            Self::Replaced => "replaced by a newer connection",
            Self::Kicked => "removed by an operator",
            Self::Banned => "refused: banned",
            Self::NotToRead => "refused: not to be read",
            Self::Stopped => "server stopped",
        })
    }
}
