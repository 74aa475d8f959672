//! What the server knows of each connection, and the table of them all.

use super::asking::{Asking, Due, Waits};
use super::backfill::Backfill;
use super::backfill_queue;
use super::io::CloseReason;
use super::phase::Phase;
use super::places::{Came, Place};
use super::rate::Pace;
use super::subscribers::Seat;
use super::timers::Timer;
use super::turns::Place as Turn;
use crate::room::RoomId;
use crate::room::cursor::Cursor;
use crate::types::conn_id::ConnId;
use crate::types::entry::SessionId;
use crate::types::limits::{MAX_JSON_LINE, MAX_LINE};
use crate::types::name::Name;
use crate::types::peer::Peer;
use crate::types::secret::Secret;
use crate::types::time::Timestamp;
use crate::wire::dialect::Dialect;
use crate::wire::foreign::Protocol;
use crate::wire::line::{self, Line, LineReader};
use crate::wire::text::FirstLine;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::num::NonZeroU32;
use core::ops::{Deref, DerefMut};

/// One connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Connection {
    pub(crate) phase: Phase,
    pub(super) peer: Peer,
    /// The limits of a host, and of what one may send in a time, are its own.
    pub(super) limited: bool,
    pub(super) place: Place,
    /// It has said nothing, and so may have to give way.
    pub(super) is_quiet: bool,
    /// How many of its next lines may still turn out to be of another protocol.
    pub(super) suspect: u8,
    /// When its first line has to have ended, once it has begun.
    pub(super) line_end: Option<Box<Timestamp>>,
    pub(crate) dialect: Dialect,
    /// The session that it is the connection of, if it has one.
    pub(crate) session: Option<Box<SessionId>>,
    /// The history that it is being sent.
    pub(super) backfill: Option<Box<Backfill>>,
    /// What it waits for besides.
    waits: Option<Box<Waits>>,
    /// Counts among the JSON readers of the log where its main position is.
    pub(super) reads_json: bool,
    /// Commit barrier: nothing is sent to it before so many entries of all rooms are committed.
    pub(super) barrier: u64,
    /// Its name, while it is in a room.
    pub(crate) name: Option<Name>,
    /// Whoever is in a room by it has said that they are away.
    pub(super) is_away: bool,
    /// It reads, and is in no room.
    pub(super) reads: bool,
    /// What is to be remembered of what it sent: nothing, between lines.
    pub(crate) reader: Option<Box<LineReader>>,
    /// Bytes received that wait until it may be read from again.
    unread: Option<Box<Secret<Vec<u8>>>>,
    /// Where it is: in the one room that a text connection is in; in the lobby, or outside of it, where it speaks JSON; in the
    /// room that it reads.
    pub(crate) main: Position,
    /// Where it is besides.
    pub(super) others: Option<Box<Others>>,
    /// Its socket took less than it was given.
    pub(crate) blocked: bool,
    /// Bytes of what waits for it that the log does not hold any more.
    pub(crate) copied: u64,
    /// The next pass visits it.
    pub(crate) marked: bool,
    /// Its place among those whose `unread` is to be gone through, while it is there.
    pub(super) turn: Option<Turn>,
    /// All that was handled of it last was answered to it alone.
    pub(super) asks: bool,
    /// When its next turn as a sparse speaker would be due at the rate granted.
    pub(super) next_sparse: Timestamp,
    /// What it has sent, where that is limited.
    pub(super) pace: Option<Box<Pace>>,
    /// It has closed its side.
    pub(crate) eof: bool,
    /// It was told that what is said waits for the disk.
    pub(super) waits_for_disk: bool,
    pub(super) deadline: Option<Box<(Timestamp, Timer)>>,
    /// Why it will be closed, once that is certain.
    pub(crate) reason: Option<CloseReason>,
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
            is_quiet: false,
            suspect: 0,
            line_end: None,
            dialect: Dialect::Text,
            session: None,
            backfill: None,
            waits: None,
            reads_json: false,
            barrier: 0,
            name: None,
            is_away: false,
            reads: false,
            reader: Some(Box::new(new_reader(Dialect::Text).skipping_mark())),
            unread: None,
            main: Position::outside(RoomId::LOBBY, place),
            others: None,
            blocked: false,
            copied: 0,
            marked: false,
            turn: None,
            asks: false,
            next_sparse: Timestamp::ZERO,
            pace: None,
            eof: false,
            waits_for_disk: false,
            deadline: None,
            reason: None,
        }
    }

    /// Whether a line has begun that has not ended.
    pub(super) fn is_mid_line(&self) -> bool {
        self.reader.as_ref().is_some_and(|it| it.is_mid_line())
    }

    /// Takes out what finds the lines of what it sends, if that has something to remember.
    pub(super) fn take_reader(&mut self) -> Option<LineReader> {
        self.reader.take().map(|kept| *kept)
    }

    /// Puts that back.
    pub(super) fn put_reader(&mut self, reader: LineReader) {
        self.reader = (!reader.is_at_rest()).then(|| Box::new(reader));
    }

    /// Whether nothing is to be done once all that it sent is handled: it may send more, and take its time.
    pub(super) fn is_all_heard(&self) -> bool {
        !self.eof && self.line_end.is_none() && !self.phase.awaits_first_line()
    }

    /// Whether it is certain what it is: its first line has come, and it has said something that is of no other protocol.
    pub(super) fn is_known(&self) -> bool {
        !self.phase.awaits_first_line() && self.suspect == 0 && !self.is_quiet
    }

    /// How much has come of its first line that is not blank.
    pub(super) fn first_line(&self) -> Came {
        let mut reader = self.reader.as_deref().cloned();
        let reader = reader.get_or_insert_with(|| new_reader(self.dialect));
        let mut rest = self.unread();
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

    /// Bytes received that wait until it may be read from again.
    pub(super) fn unread(&self) -> &[u8] {
        self.unread.as_ref().map_or(&[], |unread| unread)
    }

    /// Whether there are such.
    pub(super) fn has_unread(&self) -> bool {
        self.unread.is_some()
    }

    /// Has more bytes wait, after the others.
    pub(super) fn add_unread(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            let unread = self.unread.get_or_insert_default();
            unread.extend_from_slice(bytes);
        }
    }

    /// Takes out the bytes that wait.
    pub(super) fn take_unread(&mut self) -> Vec<u8> {
        self.unread.take().map_or_else(Vec::new, |unread| unread.0)
    }

    /// Has these bytes wait, and no others.
    pub(super) fn put_unread(&mut self, bytes: Vec<u8>) {
        self.unread = (!bytes.is_empty()).then(|| Box::new(Secret(bytes)));
    }

    /// What the store, or whoever hashes passwords, is asked for.
    pub(super) fn asking(&self) -> Option<&Asking> {
        self.waits.as_ref()?.asking.as_ref()
    }

    /// It is to wait for an answer.
    pub(super) fn ask(&mut self, asking: Asking) {
        self.waits.get_or_insert_default().asking = Some(asking);
    }

    /// Waits for no answer any more; for which one it did.
    pub(super) fn take_asking(&mut self) -> Option<Asking> {
        self.change_waits(|waits| waits.asking.take())
    }

    /// Its place among those who wait for a turn of history, or for the store.
    pub(super) fn lane(&self) -> Option<backfill_queue::Place> {
        self.waits.as_ref()?.lane
    }

    /// It has such a place.
    pub(super) fn set_lane(&mut self, place: backfill_queue::Place) {
        self.waits.get_or_insert_default().lane = Some(place);
    }

    /// It has none any more; which one it had.
    pub(super) fn take_lane(&mut self) -> Option<backfill_queue::Place> {
        self.change_waits(|waits| waits.lane.take())
    }

    /// Something more is due to it.
    pub(super) fn owe(&mut self, due: Due) {
        self.waits.get_or_insert_default().due.push_back(due);
    }

    /// Takes out what is due to it next.
    pub(super) fn next_due(&mut self) -> Option<Due> {
        self.change_waits(|waits| waits.due.pop_front())
    }

    /// Nothing more is due to it.
    pub(super) fn owe_nothing(&mut self) {
        self.change_waits(|waits| waits.due.clear());
    }

    fn change_waits<T: Default>(&mut self, change: impl FnOnce(&mut Waits) -> T) -> T {
        let changed = self.waits.as_mut().map(|waits| change(waits));
        if self
            .waits
            .as_deref()
            .is_some_and(|it| *it == Waits::default())
        {
            self.waits = None;
        }
        changed.unwrap_or_default()
    }

    /// Whether it waits for history, for the store, or for a room: nothing more that it sends is handled meanwhile.
    pub(super) fn is_waiting(&self) -> bool {
        let is_due = |waits: &Waits| waits.asking.is_some() || !waits.due.is_empty();
        self.backfill.is_some() || self.waits.as_deref().is_some_and(is_due)
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
        self.backfill.is_some() || self.has_unread()
    }
}

/// The next line of what comes from the beginning of one on, where it takes nothing to find it.
pub(super) fn whole_line<'c>(dialect: Dialect, rest: &mut &'c [u8]) -> Option<&'c [u8]> {
    match dialect {
        Dialect::Text => line::whole(rest, MAX_LINE, true),
        Dialect::Json => line::whole(rest, MAX_JSON_LINE, false),
    }
}

/// Finds the lines of what comes from the beginning of one on.
pub(super) fn new_reader(dialect: Dialect) -> LineReader {
    match dialect {
        Dialect::Text => LineReader::new(MAX_LINE).skipping_telnet(),
        Dialect::Json => {
            let mut reader = LineReader::new(MAX_JSON_LINE);
            reader.read_objects(MAX_JSON_LINE);
            reader
        }
    }
}

/// All connections, found by their [`ConnId`] in constant time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Connections {
    slots: Vec<(NonZeroU32, Option<Connection>)>,
    free: Vec<u32>,
}

impl Connections {
    pub(crate) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub(crate) fn insert(&mut self, connection: Connection) -> ConnId {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push((NonZeroU32::MIN, None));
            u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
        });
        let (generation, place) = &mut self.slots[slot as usize];
        *place = Some(connection);
        ConnId {
            slot,
            generation: *generation,
        }
    }

    pub(crate) fn remove(&mut self, id: ConnId) -> Option<Connection> {
        let (generation, place) = self.slots.get_mut(id.slot())?;
        if *generation != id.generation {
            return None;
        }
        let connection = place.take()?;
        *generation = generation.checked_add(1).unwrap_or(NonZeroU32::MIN);
        self.free.push(id.slot);
        Some(connection)
    }

    pub(crate) fn get(&self, id: ConnId) -> Option<&Connection> {
        let (generation, place) = self.slots.get(id.slot())?;
        place.as_ref().filter(|_| *generation == id.generation)
    }

    pub(crate) fn get_mut(&mut self, id: ConnId) -> Option<&mut Connection> {
        let (generation, place) = self.slots.get_mut(id.slot())?;
        place.as_mut().filter(|_| *generation == id.generation)
    }

    /// The connections there are.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Connection> {
        self.slots.iter().filter_map(|(_, place)| place.as_ref())
    }

    /// The ids of the connections there are, by slot.
    pub(crate) fn ids(&self) -> Vec<ConnId> {
        let open = |(slot, (generation, place)): (usize, &(NonZeroU32, Option<Connection>))| {
            place.as_ref()?;
            Some(ConnId {
                slot: u32::try_from(slot).ok()?,
                generation: *generation,
            })
        };
        self.slots.iter().enumerate().filter_map(open).collect()
    }
}
