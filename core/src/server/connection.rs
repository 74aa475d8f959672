//! What the server knows of a connection.

use super::inbound::{Inbound, new_reader};
use super::io::CloseReason;
use super::phase::Phase;
use super::places::{Came, Place};
use super::subscribers::Seat;
use super::timers::Timer;
use super::waiting::Waiting;
use crate::room::RoomId;
use crate::room::cursor::Cursor;
use crate::types::entry::SessionId;
use crate::types::name::Name;
use crate::types::peer::Peer;
use crate::types::time::Timestamp;
use crate::wire::dialect::Dialect;
use crate::wire::foreign::Protocol;
use crate::wire::line::Line;
use crate::wire::text::FirstLine;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ops::{Deref, DerefMut};

/// One connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Connection {
    pub(crate) phase: Phase,
    pub(super) peer: Peer,
    /// The limits of a host, and of what one may send in a time, are its own.
    pub(super) limited: bool,
    pub(super) place: Place,
    pub(super) newcomer: Newcomer,
    pub(crate) dialect: Dialect,
    /// The session that it is the connection of, if it has one.
    pub(crate) session: Option<Box<SessionId>>,
    pub(super) inbound: Inbound,
    pub(super) waiting: Waiting,
    pub(super) outbound: Outbound,
    /// Counts among the JSON readers of the log where its main position is.
    pub(super) reads_json: bool,
    /// Its name, while it is in a room.
    pub(crate) name: Option<Name>,
    /// Whoever is in a room by it has said that they are away.
    pub(super) is_away: bool,
    /// It reads, and is in no room.
    pub(super) reads: bool,
    /// Where it is: in the one room that a text connection is in; in the lobby, or outside of it, where it speaks JSON; in the
    /// room that it reads.
    pub(crate) main: Position,
    /// Where it is besides.
    pub(super) others: Option<Box<Others>>,
    pub(super) deadline: Option<Box<(Timestamp, Timer)>>,
    /// Why it will be closed, once that is certain.
    pub(crate) reason: Option<CloseReason>,
}

/// What is not certain yet of whoever has just come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Newcomer {
    /// It has said nothing, and so may have to give way.
    pub(super) is_quiet: bool,
    /// How many of its next lines may still turn out to be of another protocol.
    pub(super) suspect: u8,
    /// When its first line has to have ended, once it has begun.
    pub(super) line_end: Option<Box<Timestamp>>,
}

/// When a connection is written to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Outbound {
    /// Commit barrier: nothing is sent to it before so many entries of all rooms are committed.
    pub(super) barrier: u64,
    /// Its socket took less than it was given.
    pub(super) blocked: bool,
    /// The next pass visits it.
    pub(super) marked: bool,
    /// Bytes of what waits for it that the log does not hold any more.
    pub(super) copied: u64,
    /// It was told that what is said waits for the disk.
    pub(super) waits_for_disk: bool,
}

/// Where a connection is in a room.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Position {
    pub(crate) room: RoomId,
    /// Its seat there, while it is sent what happens.
    pub(super) seat: Option<Seat>,
    pub(crate) cursor: Cursor,
    /// What it is filed under among the blocked connections, while it is there.
    pub(super) filed: Option<Box<i64>>,
}

impl Position {
    /// A position from which nothing is sent yet.
    pub(super) fn outside(room: RoomId, place: u64) -> Self {
        Self {
            room,
            seat: None,
            cursor: Cursor::outside(place),
            filed: None,
        }
    }
}

/// Where a connection is besides, of which most have nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Others {
    pub(super) positions: Vec<Position>,
    /// The last ways through the seats of its rooms that came to it: a sweep, and a round.
    pub(super) visited: [u64; 2],
}

impl Deref for Others {
    type Target = Vec<Position>;

    fn deref(&self) -> &Vec<Position> {
        &self.positions
    }
}

impl DerefMut for Others {
    fn deref_mut(&mut self) -> &mut Vec<Position> {
        &mut self.positions
    }
}

impl Connection {
    pub(crate) fn new(peer: Peer, limited: bool, place: u64) -> Self {
        Self {
            phase: Phase::Greeting,
            peer,
            limited,
            place: Place::Held,
            newcomer: Newcomer::default(),
            dialect: Dialect::Text,
            session: None,
            inbound: Inbound::new(),
            waiting: Waiting::default(),
            outbound: Outbound::default(),
            reads_json: false,
            name: None,
            is_away: false,
            reads: false,
            main: Position::outside(RoomId::LOBBY, place),
            others: None,
            deadline: None,
            reason: None,
        }
    }

    /// Whether nothing is to be done once all that it sent is handled: it may send more, and take its time.
    pub(super) fn is_all_heard(&self) -> bool {
        !self.inbound.eof && self.newcomer.line_end.is_none() && !self.phase.awaits_first_line()
    }

    /// Whether it is certain what it is: its first line has come, and it has said something that is of no other protocol.
    pub(super) fn is_known(&self) -> bool {
        !self.phase.awaits_first_line() && self.newcomer.suspect == 0 && !self.newcomer.is_quiet
    }

    /// How much has come of its first line that is not blank.
    pub(super) fn first_line(&self) -> Came {
        let mut reader = self.inbound.reader.as_deref().cloned();
        let reader = reader.get_or_insert_with(|| new_reader(self.dialect));
        let mut rest = self.inbound.unread();
        while let Some(line) = reader.next(&mut rest) {
            let is_blank = |line| FirstLine::decode(line) == FirstLine::Blank;
            if !matches!(line, Line::Whole(line) if is_blank(line)) {
                return Came::Whole;
            }
        }
        if Protocol::of_opening(reader.begun()).is_some() {
            Came::Whole
        } else if reader.is_mid_line() {
            Came::Begun
        } else {
            Came::Nothing
        }
    }
}

impl Connection {
    /// All its positions.
    pub(super) fn positions(&self) -> impl Iterator<Item = &Position> {
        let others = self.others.as_ref().map_or(&[][..], |them| &them[..]);
        core::iter::once(&self.main).chain(others)
    }

    pub(super) fn positions_mut(&mut self) -> impl Iterator<Item = &mut Position> {
        let others = self
            .others
            .as_mut()
            .map_or(&mut [][..], |them| &mut them[..]);
        core::iter::once(&mut self.main).chain(others)
    }

    /// Whether it is filed among the blocked ones of any of its rooms.
    pub(super) fn is_filed(&self) -> bool {
        let others = self.others.as_ref().map_or(&[][..], |them| &them[..]);
        self.main.filed.is_some() || others.iter().any(|it| it.filed.is_some())
    }

    /// Bytes of private lines that wait for it.
    pub(super) fn private(&self) -> usize {
        let main = self.main.cursor.private();
        let others = self.others.as_ref();
        others.map_or(main, |others| {
            main + others.iter().map(|it| it.cursor.private()).sum::<usize>()
        })
    }

    /// Splices that lie ahead of it.
    pub(super) fn splices(&self) -> usize {
        let main = self.main.cursor.splices();
        let others = self.others.as_ref();
        others.map_or(main, |others| {
            main + others.iter().map(|it| it.cursor.splices()).sum::<usize>()
        })
    }

    /// The rooms where it is sent what happens, or will be.
    pub(super) fn seated(&self) -> impl Iterator<Item = RoomId> {
        self.positions()
            .filter(|it| it.seat.is_some())
            .map(|it| it.room)
    }

    /// Its position in a room where it is sent what happens, or will be.
    pub(super) fn seated_in(&mut self, room: RoomId) -> Option<&mut Position> {
        self.positions_mut()
            .find(|it| it.room == room && it.seat.is_some())
    }

    /// Whether it asks, or talks, without pause, as far as can be seen.
    pub(super) fn is_busy(&self) -> bool {
        self.waiting.backfill.is_some() || self.inbound.has_unread()
    }
}
