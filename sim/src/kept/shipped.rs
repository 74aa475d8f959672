//! The shipped store in a world, and what it has held against the list of what it was to keep.

use super::sectors::{Sectors, Trouble};
use crate::dice::Dice;
use crate::invariant::Invariant;
use chat_core::{Record, RoomName, SessionId, State};
use chat_net::store::{Fault, Place, Retention, RoomHead, Sizes, Store, StoreError, Upkeep};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A store, on a disk of its own.
#[derive(Debug)]
pub(super) struct Shipped {
    dice: Dice,
    sectors: Sectors,
    keep: Retention,
    sizes: Sizes,
    open: Option<(Store, Upkeep)>,
    /// The entries before that one were let go of for good: it was written down.
    let_go: u64,
}

/// How it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The server is killed, or the power is lost.
    Killed,
    /// The disk fails.
    Failed,
}

impl Shipped {
    pub(super) fn new(seed: u64, keep: Option<usize>) -> Self {
        let mut dice = Dice::new(seed, 7);
        let keep = Retention {
            count: keep.map(|keep| keep as u64),
            ..Retention::default()
        };
        let sizes = Sizes {
            segment: 4096 + (256 << dice.below(6)),
            step: 512 << dice.below(4),
            ahead: 512 << dice.below(4),
            rooms: 4,
        };
        let sectors = Sectors::new(Dice::new(seed, 8));
        Self {
            dice,
            sectors,
            keep,
            sizes,
            open: None,
            let_go: 1,
        }
    }

    /// How often zeros were cut off the end of a segment.
    pub(super) fn cuts(&self) -> u64 {
        self.sectors.cuts()
    }

    /// Makes the log.
    pub(super) fn make(&mut self) {
        self.open(&[], &mut Vec::new());
    }

    fn opened(&self) -> Result<Store, StoreError> {
        let place = Place::on(Arc::new(self.sectors.clone()), "log");
        Store::with_sizes(place, self.keep.clone(), self.sizes)
    }

    fn store(&self) -> &Store {
        match &self.open {
            Some((store, _)) => store,
            None => Invariant::Kept.is_broken("the store is not open"),
        }
    }

    /// The oldest entry that it has, counted over all rooms.
    pub(super) fn first(&self) -> u64 {
        self.store().first()
    }

    /// What it has of a room, which is what the list has.
    pub(super) fn room(&self, all: &[Record], room: &RoomName) -> RoomHead {
        match self.store().reader().room(room) {
            Ok(head) => {
                let due = self.due(all, room);
                Invariant::Rosters.holds(head == due, || {
                    format!("the store has {head:?} of {room}, and its entries {due:?}")
                });
                head
            }
            Err(error) => Invariant::Kept.is_broken(&format!("{room} is not told of: {error:?}")),
        }
    }

    /// What it is to have of a room: every number, the state, and how far back it goes.
    fn due(&self, all: &[Record], room: &RoomName) -> RoomHead {
        let mut state = State::default();
        let (mut last, mut first) = (0, None);
        for (record, offset) in all.iter().zip(1..).filter(|(it, _)| it.room == *room) {
            state.fold(record);
            last = record.seq;
            if offset >= self.first() {
                first.get_or_insert(last);
            }
        }
        RoomHead {
            first: first.unwrap_or(last + 1),
            last,
            state,
        }
    }

    /// The rooms with which a server goes on: the lobby, and those in which somebody is.
    pub(super) fn rooms_with_people(&self, all: &[Record]) -> Vec<RoomName> {
        let mut states: BTreeMap<RoomName, State> = BTreeMap::new();
        for record in all {
            states.entry(record.room.clone()).or_default().fold(record);
        }
        let others = states
            .into_iter()
            .filter(|(room, state)| !room.is_lobby() && state.has_members());
        let others = others.map(|(room, _)| room);
        let due: Vec<RoomName> = std::iter::once(RoomName::LOBBY).chain(others).collect();
        let told = self.store().rooms_with_people();
        let told: Option<Vec<RoomName>> = told
            .ok()
            .map(|rooms| rooms.into_iter().map(|(room, _)| room).collect());
        Invariant::Rosters.holds(told.as_ref() == Some(&due), || {
            format!("the store has people in {told:?}, and its entries in {due:?}")
        });
        due
    }

    /// The entries of a room that it still has, as the list has them.
    fn held<'a>(&self, all: &'a [Record], room: &RoomName) -> impl Iterator<Item = &'a Record> {
        let first = usize::try_from(self.first() - 1).unwrap_or(usize::MAX);
        let of_room = all.iter().skip(first);
        let room = room.clone();
        of_room.filter(move |it| it.room == room)
    }

    /// Opens it; of what may be there or not, `maybe`, what is there is left. Opening it may end in the middle.
    fn open(&mut self, certain: &[Record], maybe: &mut Vec<Record>) {
        while self.dice.one_in(4) {
            self.sectors.set(Trouble::Ends(self.dice.power(6) - 1));
            let opened = self.opened();
            self.sectors.set(Trouble::Ends(usize::MAX));
            drop(opened);
            self.sectors.restart(self.dice.one_in(2));
        }
        let store = match self.opened() {
            Ok(store) => store,
            Err(error) => {
                Invariant::Kept.is_broken(&format!("the store does not open: {error}, {error:?}"))
            }
        };
        let upkeep = store.upkeep();
        let (last, head) = (certain.len() as u64, store.head());
        let most = last + maybe.len() as u64;
        Invariant::Kept.holds((last..=most).contains(&head), || {
            format!("the store has {head} entries, and {last} to {most} were to be kept")
        });
        maybe.truncate(usize::try_from(head - last).unwrap_or(0));
        let first = store.first();
        Invariant::Kept.holds(first >= self.let_go, || {
            format!("entry {first} is back, and {} was the oldest", self.let_go)
        });
        self.let_go = first;
        self.open = Some((store, upkeep));
    }

    /// What it has is this list, as far back as it goes.
    pub(super) fn check(&self, all: &[Record]) {
        let mut rooms: Vec<&RoomName> = all.iter().map(|it| &it.room).collect();
        rooms.sort();
        rooms.dedup();
        for room in rooms {
            let held: Vec<&Record> = self.held(all, room).collect();
            let read = self.store().read(room, 0, all.len() + 1);
            let is_it = read
                .as_deref()
                .is_ok_and(|read| read.iter().eq(held.iter().copied()));
            Invariant::Kept.holds(is_it, || {
                format!("the store has {read:?} of {room}, not {held:?}")
            });
            self.room(all, room);
        }
        self.rooms_with_people(all);
    }

    /// What somebody asks for now and then is answered as the list has it.
    pub(super) fn probe(&mut self, all: &[Record]) {
        if all.is_empty() || !self.dice.one_in(4) {
            return;
        }
        let asked = &all[self.dice.below(all.len())];
        if self.dice.one_in(4) {
            self.room(all, &asked.room);
        }
        let after = self.dice.below(all.len() + 1) as u64;
        let most = self.dice.power(7);
        self.read(all, &asked.room, after, most);
        if let (Some(session), Some(id)) = (asked.sender, &asked.id) {
            self.find(all, session, id);
            self.find(all, SessionId([0; 32]), id);
        }
    }

    pub(super) fn read(
        &self,
        all: &[Record],
        room: &RoomName,
        after: u64,
        most: usize,
    ) -> Vec<Record> {
        let held = self.held(all, room).filter(|it| it.seq > after);
        let due: Vec<Record> = held.take(most).cloned().collect();
        match self.store().reader().read(room, after, most) {
            Ok(read) if read == due => read,
            read => Invariant::Kept.is_broken(&format!(
                "{most} entries of {room} after {after} are read as {read:?}, and are {due:?}"
            )),
        }
    }

    pub(super) fn find(&self, all: &[Record], session: SessionId, id: &str) -> Option<Record> {
        let store = self.store();
        let held = &all[usize::try_from(store.first() - 1)
            .unwrap_or(0)
            .min(all.len())..];
        let is_it = |it: &&Record| it.sender == Some(session) && it.id.as_deref() == Some(id);
        let due = held.iter().rev().find(is_it);
        match store.reader().find(&session, id) {
            Ok(found) if found.as_ref() == due => found,
            found => Invariant::SaidOnce
                .is_broken(&format!("{id:?} is found as {found:?}, and is {due:?}")),
        }
    }

    /// What is to be done besides appending is done, or some of it.
    fn keep_up(&mut self, lacks_room: bool) {
        for _ in 0..self.dice.below(4) {
            let Some((store, upkeep)) = &mut self.open else {
                return;
            };
            match upkeep.step() {
                Ok(true) => {}
                Ok(false) => {
                    self.let_go = store.first();
                    return;
                }
                Err(error) if lacks_room && is_lack_of_room(&error) => {}
                Err(error) => Invariant::Kept.is_broken(&format!("the upkeep fails: {error:?}")),
            }
        }
    }

    /// Appends a batch to what it has, on a good disk, on which there may be no room for a while.
    pub(super) fn append(&mut self, all: &[Record], batch: &[Record]) {
        let mut rest = batch;
        if self.dice.one_in(8) {
            self.sectors.set(Trouble::Full);
            self.keep_up(true);
            if let Some((store, _)) = &mut self.open
                && let Err(error) = store.append(rest)
            {
                Invariant::Kept.holds(is_lack_of_room(&error), || {
                    format!("without room, the store fails: {error:?}")
                });
            }
            self.sectors.set(Trouble::None);
            let done = self.store().head().saturating_sub(all.len() as u64);
            rest = &rest[usize::try_from(done).unwrap_or(0).min(rest.len())..];
        }
        self.keep_up(false);
        if let Some((store, _)) = &mut self.open
            && let Err(error) = store.append(rest)
        {
            Invariant::Kept.is_broken(&format!("the store fails: {error:?}"));
        }
        self.keep_up(false);
        let (first, head) = (self.first(), self.store().head());
        let last = (all.len() + batch.len()) as u64;
        Invariant::Kept.holds(head == last, || {
            format!("the store has {head} entries, and {last} were appended")
        });
        let most = self.keep.count.unwrap_or(u64::MAX);
        let due = (last + 1).saturating_sub(most).max(1);
        // Once it is beyond what may have come back after a restart.
        Invariant::Kept.holds(batch.is_empty() || first == due, || {
            format!("{first} is the oldest entry kept of {last}, where {due} was due")
        });
    }

    /// It ends while a batch is being appended, and is opened again; what is there of the batch is left.
    pub(super) fn end(&mut self, how: End, all: &[Record], batch: &mut Vec<Record>) {
        let is_early = self.dice.one_in(2);
        let most = self.dice.power(if is_early { 6 } else { 5 });
        let left = self.dice.below(most);
        let trouble = match how {
            End::Killed => Trouble::Ends(left),
            End::Failed => Trouble::Fails(left, self.dice.one_in(2)),
        };
        if is_early {
            self.sectors.set(trouble);
        }
        let mut is_durable = false;
        if let Some((mut store, mut upkeep)) = self.open.take() {
            let mut has_failed = false;
            for _ in 0..self.dice.below(3) {
                has_failed |= upkeep.step().is_err();
            }
            if !is_early {
                self.sectors.set(trouble);
            }
            if !batch.is_empty() && !self.dice.one_in(8) {
                is_durable = store.append(batch).is_ok();
                Invariant::Kept.holds(!(is_durable && has_failed), || {
                    "the store goes on after its upkeep has failed".into()
                });
                if !is_durable {
                    Self::check_failed(&mut store, all.len() as u64, batch);
                }
            }
            if self.dice.one_in(2) {
                let _ = upkeep.step();
            }
            if how == End::Killed {
                self.sectors.set(Trouble::Ends(usize::MAX));
            }
        }
        self.sectors.restart(self.dice.one_in(2));
        if is_durable {
            let mut all = all.to_vec();
            all.extend_from_slice(batch);
            self.open(&all, &mut Vec::new());
        } else {
            self.open(all, batch);
        }
    }

    /// A store that could not append a batch tells of nothing in it, and takes no more.
    fn check_failed(store: &mut Store, last: u64, batch: &[Record]) {
        let reader = store.reader();
        let told = reader.head();
        let read = batch.iter().map(|it| reader.read(&it.room, it.seq - 1, 1));
        let read: Vec<_> = read.collect();
        let is_read = |read: &Result<Vec<Record>, StoreError>| {
            read.as_ref().is_ok_and(|read| !read.is_empty())
        };
        let is_told = told > last || read.iter().any(is_read);
        Invariant::Kept.holds(!is_told, || {
            format!("what could not be appended is told: {told} of {last}, {read:?}")
        });
        Invariant::Kept.holds(store.append(batch).is_err(), || {
            "the store goes on after it has failed".into()
        });
    }

    /// Now and then it is, where nothing ended: what is wrong on the disk shows before it is written over.
    pub(super) fn is_opened_again(&mut self) -> bool {
        self.dice.one_in(16)
    }

    /// It is closed, and opened again after the power was lost.
    pub(super) fn close(&mut self, all: &[Record]) {
        let first = self.first();
        self.open = None;
        self.sectors.restart(true);
        self.open(all, &mut Vec::new());
        let found = self.first();
        Invariant::Kept.holds(found == first, || {
            format!("{found} is the oldest entry, and was {first} when the store was closed")
        });
        self.check(all);
    }
}

fn is_lack_of_room(error: &StoreError) -> bool {
    matches!(error.fault, Fault::NoRoom(_))
}
