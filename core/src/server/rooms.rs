//! The rooms in memory, and the order in which everything happens in them.

use super::lane::Lane;
use super::subscribers::Subscribers;
use crate::mark::{Mark, mark, mark_if};
use crate::room::accounts::{AccountLog, Accounts};
use crate::room::decide::{Command, Refusal, decide};
use crate::room::log::{History, Log, Sender};
use crate::room::names::Names;
use crate::room::{Ordered, Room, RoomId};
use crate::types::entry::{Entry, Kind, Record, SessionId};
use crate::types::name::Name;
use crate::types::rights::Role;
use crate::types::room_name::RoomName;
use crate::wire::dialect::Dialect;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;
use core::mem;
use core::ops::{Index, IndexMut};

/// So many runs may wait to be shown on the screen; what would be more is lost there, the oldest first.
const MAX_RUNS: usize = 16 * 1024;

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

    /// Lets go of a room in which nobody is.
    fn let_go_of(&mut self, id: RoomId, forgotten: &mut Vec<SessionId>) {
        mark(Mark::RoomLetGo);
        if let Some(hosted) = self.slots.get_mut(id.0 as usize).and_then(Option::take) {
            for (sender, _) in hosted.room.log.said() {
                self.ids.remove(&sender);
                forgotten.push(sender.0);
            }
            if self.is_kept && hosted.log().last() == 0 {
                self.stored -= 1; // Nothing ever happened in it.
            }
            if !self.is_kept && hosted.name.is_conversation() {
                self.accounts.forget(&hosted.name); // What waits of it is gone.
            }
            self.by_name.remove(&hosted.name);
            self.free.push(id);
            self.fresh.retain(|it| *it != id);
            self.unsettled.remove(&id);
            self.let_go += 1;
        }
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

    /// Carries a command out in a room. The order of the calls is the order of all that happens.
    pub(super) fn order<'a>(
        &mut self,
        id: RoomId,
        at: u64,
        command: Command<'a>,
    ) -> Result<Ordered<'a>, Refusal> {
        let slot = self.slots.get_mut(id.0 as usize).and_then(Option::as_mut);
        let hosted = slot.expect("a room that somebody has a place in is in memory");
        let json = hosted.room.log.head(Dialect::Json);
        let ordered = hosted.room.order(&self.names, at, command)?;
        let appended = [
            ordered.line.end - ordered.line.start,
            hosted.room.log.head(Dialect::Json) - json,
        ];
        if id != RoomId::LOBBY {
            let most = appended[0].max(appended[1]);
            self.due += most * hosted.subscribers.len() as u64;
        }
        let run = Run {
            room: id,
            last: hosted.room.log.last(),
            end: ordered.line.end,
        };
        if !mem::replace(&mut hosted.is_unsettled, true) {
            self.unsettled.insert(id);
        }
        let is_visible = !self.is_kept && appended != [0; 2];
        if is_visible && !mem::replace(&mut hosted.is_fresh, true) {
            self.fresh.push(id);
        }
        self.names.evolve(id, &ordered.entry);
        if let (Some(session), Some(given)) = (ordered.entry.sender, ordered.entry.id) {
            self.ids.insert((session, given.into()), (id, run.last));
        }
        self.take_note(run, appended);
        if ordered.entry.kind == Kind::Left {
            self.look_whether_empty(id);
        }
        Ok(ordered)
    }

    /// Gives somebody another name in all their rooms, in the order of the rooms' names. `is_theirs`: they have proved that it
    /// belongs to them.
    pub(super) fn rename(
        &mut self,
        at: u64,
        name: &Name,
        wanted: &Name,
        is_theirs: bool,
    ) -> Result<(), Refusal> {
        let rooms = self.of(name);
        mark_if(rooms.len() > 1, Mark::RenamedInRooms);
        if rooms.is_empty() {
            return Err(Refusal::NotInTheRoom);
        }
        let command = Command::Rename {
            name,
            wanted,
            is_theirs,
        };
        if let Some(room) = rooms.first() {
            decide(self[*room].room.known(&self.names, at), command.clone())?;
        }
        if self.room_banning(at, name, wanted).is_some() {
            return Err(Refusal::NameBanned); // It is in all their rooms, or in none.
        }
        for room in rooms {
            self.order(room, at, command.clone())?;
        }
        self.names.rename(name, wanted);
        Ok(())
    }

    /// One of somebody's rooms where whoever has a name that they want is kept out.
    pub(super) fn room_banning(&self, at: u64, name: &Name, wanted: &Name) -> Option<RoomId> {
        let rooms = self.names.rooms(name).iter().copied();
        let is_banning = |room: &RoomId| {
            let known = self[*room].room.known(&self.names, at);
            known.is_name_banned(name, wanted)
        };
        rooms.filter(is_banning).min()
    }

    /// The name of a room.
    pub(super) fn named(&self, room: RoomId) -> RoomName {
        self[room].name.clone()
    }

    /// What somebody is in a room.
    pub(super) fn role(&self, room: RoomId, name: &Name) -> Role {
        self[room].room.state.rules().role(&self.names, name)
    }

    /// Has something happen to an account. Nobody is sent it; whoever is told of it is told after it is committed.
    pub(super) fn order_account(&mut self, at: u64, entry: &Entry<'_>) {
        self.accounts.append(at, entry, self.is_kept);
        let seq = self.accounts.last();
        self.names.evolve_claimed(seq, &entry.change());
        self.ordered += 1;
        if self.is_kept {
            let run = Run {
                room: RoomId::ACCOUNTS,
                last: self.accounts.last(),
                end: 0,
            };
            push(&mut self.begun, run);
        } else {
            self.committed = self.ordered;
        }
    }

    /// Takes note of an entry that was appended to a room, and of its bytes in each dialect, of which the room has taken note.
    fn take_note(&mut self, run: Run, bytes: [u64; 2]) {
        self.ordered += 1;
        add(&mut self.appended, bytes);
        if self.is_kept {
            push(&mut self.begun, run);
        } else {
            self.committed = self.ordered;
            add(&mut self.visible, bytes);
            self.show(run);
        }
    }

    fn became_visible(&mut self, id: RoomId, bytes: [u64; 2]) {
        add(&mut self.visible, bytes);
        if bytes != [0; 2] && !mem::replace(&mut self[id].is_fresh, true) {
            self.fresh.push(id);
        }
    }

    fn show(&mut self, run: Run) {
        if self[run.room].name.is_conversation() {
            self[run.room].transcript = run.end; // It is on no screen.
            return;
        }
        push(&mut self.shown, run);
        if self.shown.len() > MAX_RUNS
            && let Some(run) = self.shown.pop_front()
        {
            let hosted = &mut self[run.room];
            let lost = run.end - mem::replace(&mut hosted.transcript, run.end);
            self.lost += lost;
        }
    }

    /// How many entries there have been in all rooms.
    pub(super) fn ordered(&self) -> u64 {
        self.ordered
    }

    /// How many of them are committed, and may be sent.
    pub(super) fn committed(&self) -> u64 {
        self.committed
    }

    /// Whether all of them are.
    pub(super) fn is_settled(&self) -> bool {
        self.committed == self.ordered
    }

    /// Gives the entries that are to be put into the store next, in the order in which they happened, unless others
    /// still are.
    pub(super) fn begin_commit(&mut self, records: &mut Vec<Record>) {
        if !self.under_way.is_empty() {
            return;
        }
        let runs = mem::take(&mut self.begun);
        for run in &runs {
            if run.room == RoomId::ACCOUNTS {
                records.extend(self.accounts.take_pending(run.last));
                continue;
            }
            let log = &mut self[run.room].room.log;
            let entries = log.begin_commit(run.last);
            records.extend(entries.filter_map(|seq| log.record(seq)));
        }
        self.under_way = runs;
        self.committing = self.ordered;
    }

    /// What was to be put into the store is there, and the oldest entry of the lobby there is this.
    pub(super) fn commit(&mut self, first: u64) {
        let runs = mem::take(&mut self.under_way);
        self.committed = self.committing;
        for run in runs.into_iter().filter(|it| it.room != RoomId::ACCOUNTS) {
            let visible = self[run.room].visible();
            let first = (run.room == RoomId::LOBBY).then_some(first);
            self[run.room].room.log.commit(first);
            let after = self[run.room].visible();
            let seen = [0, 1].map(|dialect| after[dialect] - visible[dialect]);
            self.became_visible(run.room, seen);
            self.show(run);
        }
    }
}

impl Rooms {
    /// The store takes no more: what it does not have is never sent, nor shown.
    pub(super) fn part_from_store(&mut self) {
        self.is_kept = false;
        self.committed = self.ordered;
        (self.begun, self.under_way, self.shown) = Default::default();
        self.accounts.part_from_store();
        let ids: Vec<RoomId> = self.by_name.values().copied().collect();
        for id in ids {
            let visible = self[id].visible();
            let hosted = &mut self[id];
            hosted.room.log.part_from_store();
            hosted.transcript = hosted.room.log.head(Dialect::Text);
            let after = hosted.visible();
            self.unsettle(id);
            self.became_visible(id, [0, 1].map(|dialect| after[dialect] - visible[dialect]));
        }
    }

    /// Bytes appended in all rooms, by dialect.
    pub(super) fn bytes_appended(&self) -> [u64; 2] {
        self.appended
    }

    /// Those of them that may be sent.
    pub(super) fn bytes_visible(&self) -> [u64; 2] {
        self.visible
    }

    /// The rooms that have something to send since this was asked last; a sweep through them begins.
    pub(super) fn begin_sweep(&mut self) -> Vec<RoomId> {
        self.sweeps += 1;
        let rooms = mem::take(&mut self.fresh);
        for id in &rooms {
            let sweeps = self.sweeps;
            let hosted = &mut self[*id];
            (hosted.is_fresh, hosted.swept) = (false, sweeps);
        }
        rooms
    }

    /// Whether the last sweep that began is through all of these.
    pub(super) fn has_swept(&self, rooms: &[RoomId]) -> bool {
        rooms
            .iter()
            .all(|id| !self.has(*id) || self[*id].swept == self.sweeps)
    }

    /// The rooms for which a round that begins has something to do.
    pub(super) fn unsettled(&self) -> impl Iterator<Item = RoomId> {
        self.unsettled.iter().copied()
    }

    /// The next round that begins has something to do for a room.
    pub(super) fn unsettle(&mut self, id: RoomId) {
        if !mem::replace(&mut self[id].is_unsettled, true) {
            self.unsettled.insert(id);
        }
    }

    /// Of these, those that are at rest have to be looked at no more, until something happens in them.
    pub(super) fn settle(&mut self, rooms: &[RoomId]) {
        for id in rooms {
            if self[*id].is_at_rest() {
                self[*id].is_unsettled = false;
                self.unsettled.remove(id);
            }
        }
    }

    /// Lets go of the rooms in which nobody is; the sessions whose ids are not in memory any more for that.
    pub(super) fn let_go(&mut self) -> Vec<SessionId> {
        let mut forgotten = Vec::new();
        for id in mem::take(&mut self.vacated) {
            if self[id].is_vacant() {
                self.let_go_of(id, &mut forgotten);
            } else if self[id].is_empty() {
                self.vacated.insert(id); // Something of it is still to be done.
            }
        }
        forgotten
    }

    /// One more connection has a cursor in a room.
    pub(super) fn attach(&mut self, id: RoomId) {
        self[id].cursors += 1;
    }

    /// One fewer has.
    pub(super) fn detach(&mut self, id: RoomId) {
        self[id].cursors -= 1;
        self.look_whether_empty(id);
    }

    pub(super) fn look_whether_empty(&mut self, id: RoomId) {
        if id != RoomId::LOBBY && self[id].is_empty() {
            self.vacated.insert(id);
        }
    }

    /// The seats that are taken in a room; none in one that is not in memory any more.
    pub(super) fn seats(&self, id: RoomId) -> usize {
        let hosted = self.slots.get(id.0 as usize).and_then(Option::as_ref);
        hosted.map_or(0, |it| it.subscribers.len())
    }

    /// Gives what the screen is to show and was not given yet, in the order in which it happened; how many bytes are
    /// lost.
    pub(super) fn transcript(&mut self, mut show: impl FnMut(&[u8])) -> u64 {
        let mut lost = mem::take(&mut self.lost);
        while let Some(run) = self.shown.pop_front() {
            let hosted = &mut self[run.room];
            let log = hosted.room.log.stream(Dialect::Text);
            let mut from = hosted.transcript.min(run.end);
            if from < log.start() {
                // What is still held may begin within a line.
                let held = if run.end <= log.start() {
                    run.end
                } else {
                    log.next_line_start(log.start()).min(run.end)
                };
                lost += held - from;
                from = held;
            }
            let lines = log.slices(from..run.end.max(from));
            hosted.transcript = run.end.max(hosted.transcript);
            if run.room == RoomId::LOBBY {
                lines
                    .into_iter()
                    .filter(|it| !it.is_empty())
                    .for_each(&mut show);
            } else {
                show(&in_room(&hosted.name, &lines.concat()));
            }
        }
        mark_if(lost > 0, Mark::TranscriptLost);
        lost
    }
}

/// Lines of a room that is not the lobby, as the screen shows them.
fn in_room(name: &RoomName, mut lines: &[u8]) -> Vec<u8> {
    let mut shown = Vec::with_capacity(lines.len() + name.as_str().len() + "[] ".len());
    while !lines.is_empty() {
        let end = memchr::memchr(b'\n', lines).map_or(lines.len(), |end| end + 1);
        let (line, rest) = lines.split_at(end);
        shown.extend(b"[");
        shown.extend(name.as_str().as_bytes());
        shown.extend(b"] ");
        shown.extend(line);
        lines = rest;
    }
    shown
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
