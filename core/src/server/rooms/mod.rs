//! The rooms in memory, and who is sent what happens in them.

mod at_rest;
mod commits;
mod ordering;
mod transcript;

use super::lane::Lane;
use super::subscribers::Subscribers;
use crate::room::accounts::{AccountLog, Accounts};
use crate::room::log::{History, Log, Sender};
use crate::room::names::Names;
use crate::room::{Room, RoomId};
use crate::types::entry::{Record, SessionId};
use crate::types::name::Name;
use crate::types::rights::Role;
use crate::types::room_name::RoomName;
use crate::wire::dialect::Dialect;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;
use core::mem;
use core::ops::{Index, IndexMut};

/// A room in memory, and who is sent what happens in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Hosted {
    pub(crate) name: RoomName,
    pub(crate) room: Room,
    pub(super) subscribers: Subscribers,
    pub(super) lanes: [Lane; 2],
    /// Connections that have a cursor in it.
    pub(super) cursors: usize,
    /// The sweep that visited it last, or is to.
    pub(super) swept: u64,
    /// It has something to send since that began.
    is_fresh: bool,
    /// It is among those for which the next round that begins has something to do.
    is_unsettled: bool,
    /// The place in the log up to which the transcript was taken.
    transcript: u64,
}

/// Entries of one room that follow one another in the order of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Run {
    room: RoomId,
    /// The number of the last of them.
    last: u64,
    /// Where its line ends in the text dialect.
    end: u64,
}

/// All rooms in memory.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Rooms {
    epoch: u128,
    /// Those that a store does not keep get another epoch each time they are made.
    made: u128,
    slots: Vec<Option<Hosted>>,
    free: Vec<RoomId>,
    by_name: BTreeMap<RoomName, RoomId>,
    names: Names,
    /// The entries held that were given ids, by these.
    ids: BTreeMap<Sender, (RoomId, u64)>,
    accounts: AccountLog,
    /// There is a store.
    is_kept: bool,
    /// How many entries there have been in all rooms since the server was started, and how many of them are committed.
    ordered: u64,
    committed: u64,
    /// How many will be once what is being committed is.
    committing: u64,
    /// What happened, as runs: what is to be committed, what is being committed, and what the screen is to show.
    begun: VecDeque<Run>,
    under_way: VecDeque<Run>,
    shown: VecDeque<Run>,
    /// Bytes that the screen will not show.
    lost: u64,
    /// Bytes appended in all rooms, and those of them that may be sent, by dialect.
    appended: [u64; 2],
    visible: [u64; 2],
    /// Bytes that are to be sent in all since the round under way began, but for the lobby.
    pub(super) due: u64,
    /// Rooms for which the next round that begins has something to do.
    unsettled: BTreeSet<RoomId>,
    /// Rooms in which nobody is, to be let go of.
    vacated: BTreeSet<RoomId>,
    fresh: Vec<RoomId>,
    sweeps: u64,
    /// How many that a store keeps have been opened, but for the lobby.
    opened: u64,
    /// Of how many rooms the store knows, or is to know soon.
    stored: usize,
    /// How many rooms have been let go of.
    pub(super) let_go: u64,
}

impl Index<RoomId> for Rooms {
    type Output = Hosted;

    fn index(&self, id: RoomId) -> &Hosted {
        let hosted = self.slots.get(id.0 as usize).and_then(Option::as_ref);
        hosted.expect("a room that somebody has a place in is in memory")
    }
}

impl IndexMut<RoomId> for Rooms {
    fn index_mut(&mut self, id: RoomId) -> &mut Hosted {
        let hosted = self.slots.get_mut(id.0 as usize).and_then(Option::as_mut);
        hosted.expect("a room that somebody has a place in is in memory")
    }
}

impl Hosted {
    fn new(name: RoomName, room: Room) -> Self {
        let is_unsettled = name.is_lobby(); // There is always something to do there at first.
        let lane = |dialect| Lane {
            round_start: room.log.head(dialect),
            ..Lane::default()
        };
        Self {
            name,
            subscribers: Subscribers::default(),
            lanes: Dialect::ALL.map(lane),
            cursors: 0,
            swept: 0,
            is_fresh: false,
            is_unsettled,
            transcript: room.log.head(Dialect::Text),
            room,
        }
    }

    pub(crate) fn log(&self) -> &Log {
        &self.room.log
    }

    fn heads(&self) -> [u64; 2] {
        Dialect::ALL.map(|dialect| self.room.log.head(dialect))
    }

    fn visible(&self) -> [u64; 2] {
        Dialect::ALL.map(|dialect| self.room.log.stream(dialect).visible())
    }

    /// The place up to which the transcript was taken.
    pub(super) fn transcript(&self) -> u64 {
        self.transcript
    }

    /// Bytes appended since the round under way began, in the dialect that needs more.
    pub(super) fn since_round_start(&self) -> u64 {
        let lanes = self.heads().into_iter().zip(&self.lanes);
        let appended = lanes.map(|(head, lane)| head - lane.round_start);
        appended.max().unwrap_or(0)
    }

    /// Whether nobody is in it, or is still to be sent something of it.
    fn is_empty(&self) -> bool {
        self.cursors == 0 && self.room.state.members().len() == 0
    }

    /// Whether nobody is in it, and nothing of it is still to be done.
    fn is_vacant(&self) -> bool {
        self.is_empty()
            && self.room.log.is_settled()
            && self.transcript == self.room.log.head(Dialect::Text)
    }

    fn is_at_rest(&self) -> bool {
        let mut lanes = self.lanes.iter().zip(self.heads());
        lanes.all(|(lane, head)| lane.is_at_rest(head))
            && self.transcript == self.room.log.head(Dialect::Text)
    }
}

impl Rooms {
    /// The lobby, with nobody in it.
    pub(super) fn new(epoch: u128) -> Self {
        let lobby = Room::new(Log::new(RoomName::LOBBY, epoch));
        Self {
            epoch,
            made: 0,
            slots: [Some(Hosted::new(RoomName::LOBBY, lobby))].into(),
            free: Vec::new(),
            by_name: [(RoomName::LOBBY, RoomId::LOBBY)].into(),
            names: Names::default(),
            ids: BTreeMap::new(),
            accounts: AccountLog::default(),
            is_kept: false,
            ordered: 0,
            committed: 0,
            committing: 0,
            begun: VecDeque::new(),
            under_way: VecDeque::new(),
            shown: VecDeque::new(),
            lost: 0,
            appended: [0; 2],
            visible: [0; 2],
            due: 0,
            unsettled: [RoomId::LOBBY].into(),
            vacated: BTreeSet::new(),
            fresh: Vec::new(),
            sweeps: 0,
            opened: 0,
            stored: 0,
            let_go: 0,
        }
    }

    /// Rooms that a store keeps: the lobby, and those in which somebody was. `stored`: of how many it knows.
    pub(super) fn restored(epoch: u128, rooms: Vec<(RoomName, History)>, stored: usize) -> Self {
        let mut all = Self::new(epoch);
        all.is_kept = true;
        all.stored = stored;
        let lobby = Self::from_store(epoch, RoomName::LOBBY, History::default());
        all.slots = [Some(lobby)].into();
        for (name, mut history) in rooms {
            if name.is_accounts() {
                let accounts = history.state.take_accounts();
                all.names.set_last_claim(history.last);
                all.accounts = AccountLog::restored(history.last, accounts);
            } else {
                all.open(&name, history);
            }
        }
        for (name, account) in all.accounts.accounts().iter() {
            all.names.claim(name, account.claim);
        }
        all
    }

    fn from_store(epoch: u128, name: RoomName, mut history: History) -> Hosted {
        let state = mem::take(&mut history.state);
        let log = Log::restored(name.clone(), epoch, history);
        Hosted::new(name, Room::restored(log, state))
    }

    /// Goes on with a room that the store keeps; the lobby only at the start.
    pub(super) fn open(&mut self, name: &RoomName, history: History) -> RoomId {
        let hosted = Self::from_store(self.epoch, name.clone(), history);
        if name.is_lobby() {
            self.slots[0] = Some(hosted);
        } else {
            self.opened += 1;
            self.stored += usize::from(hosted.log().last() == 0);
            self.insert(hosted);
        }
        let id = self.by_name.get(name).copied().unwrap_or(RoomId::LOBBY);
        let members: Vec<Name> = self[id].room.state.members().cloned().collect();
        for member in &members {
            self.names.enter(id, member);
        }
        let said = self[id].room.log.said();
        let said: Vec<_> = said.map(|(sender, seq)| (sender, (id, seq))).collect();
        self.ids.extend(said);
        id
    }

    /// Makes a room that no store keeps.
    pub(super) fn make(&mut self, name: &RoomName) -> RoomId {
        self.made += 1;
        let epoch = self.epoch.wrapping_add(self.made);
        let room = Room::new(Log::new(name.clone(), epoch));
        self.insert(Hosted::new(name.clone(), room))
    }

    fn insert(&mut self, hosted: Hosted) -> RoomId {
        let id = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            RoomId(u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX))
        });
        self.by_name.insert(hosted.name.clone(), id);
        if let Some(slot) = self.slots.get_mut(id.0 as usize) {
            *slot = Some(hosted);
        }
        self.unsettle(id);
        id
    }

    /// A room in memory.
    pub(super) fn find(&self, name: &RoomName) -> Option<RoomId> {
        self.by_name.get(name).copied()
    }

    /// An entry that is held, by the id that its sender gave it.
    pub(super) fn find_said(&self, sender: &Sender) -> Option<Record> {
        let (room, seq) = *self.ids.get(sender)?;
        self[room].log().record(seq)
    }

    /// Lets go of a room's lines of a dialect before `place`; the sessions whose ids are not in memory any more for that.
    pub(super) fn trim(&mut self, id: RoomId, dialect: Dialect, place: u64) -> Vec<SessionId> {
        let gone = self[id].room.log.trim(dialect, place);
        for sender in &gone {
            self.ids.remove(sender);
        }
        gone.into_iter().map(|(session, _)| session).collect()
    }

    /// Whether some entries of rooms, or of what two say to each other alone, are in the store, and not in memory.
    pub(super) fn are_in_store_alone(&self) -> bool {
        let are_closed = self.stored > self.by_name.len();
        self.opened > 0 || are_closed || self.lobby().log().is_in_store_alone()
    }

    /// Whether a room is still in memory.
    pub(super) fn has(&self, id: RoomId) -> bool {
        self.slots.get(id.0 as usize).is_some_and(Option::is_some)
    }

    /// All rooms in memory, by name.
    pub(super) fn iter(&self) -> impl Iterator<Item = (RoomId, &Hosted)> {
        self.by_name.values().map(|id| (*id, &self[*id]))
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Of how many rooms the store knows, or is to know soon.
    pub(super) fn stored(&self) -> usize {
        self.stored
    }

    /// The lobby.
    pub(super) fn lobby(&self) -> &Hosted {
        &self[RoomId::LOBBY]
    }

    /// The names in use, in any room.
    pub(super) fn names(&self) -> &Names {
        &self.names
    }

    /// The names that belong to somebody.
    pub(super) fn accounts(&self) -> &Accounts {
        self.accounts.accounts()
    }

    /// The rooms in which somebody is, in the order of their names.
    pub(super) fn of(&self, name: &Name) -> Vec<RoomId> {
        let mut rooms = self.names.rooms(name).to_vec();
        rooms.sort_by(|a, b| self[*a].name.cmp(&self[*b].name));
        rooms
    }

    /// Whether a store keeps what happens.
    pub(super) fn is_kept(&self) -> bool {
        self.is_kept
    }

    /// The name of a room.
    pub(super) fn named(&self, room: RoomId) -> RoomName {
        self[room].name.clone()
    }

    /// What somebody is in a room.
    pub(super) fn role(&self, room: RoomId, name: &Name) -> Role {
        self[room].room.state.rules().role(&self.names, name)
    }
}

/// Adds bytes, by dialect.
fn add(all: &mut [u64; 2], more: [u64; 2]) {
    for (all, more) in all.iter_mut().zip(more) {
        *all += more;
    }
}

/// Puts a run after others, or makes the last one longer.
fn push(runs: &mut VecDeque<Run>, run: Run) {
    match runs.back_mut() {
        Some(last) if last.room == run.room => *last = run,
        _ => runs.push_back(run),
    }
}
