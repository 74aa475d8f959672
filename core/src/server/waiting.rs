//! What a connection waits for before anything more that it sends is handled.

use super::asking::{Asking, Due};
use super::backfill::Backfill;
use super::backfill_queue::Place;
use alloc::boxed::Box;
use alloc::collections::VecDeque;

/// What a connection waits for; of most it is nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Waiting {
    /// The history that it is being sent.
    pub(super) backfill: Option<Box<Backfill>>,
    waits: Option<Box<Waits>>,
}

/// What it waits for besides history.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Waits {
    /// What the store, or whoever hashes passwords, is asked for.
    asking: Option<Asking>,
    /// What is due to it of its rooms, once it waits for nothing else.
    due: VecDeque<Due>,
    /// Its place among those who wait for a turn of history, or for the store.
    lane: Option<Place>,
}

impl Waiting {
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
    pub(super) fn lane(&self) -> Option<Place> {
        self.waits.as_ref()?.lane
    }

    /// It has such a place.
    pub(super) fn set_lane(&mut self, place: Place) {
        self.waits.get_or_insert_default().lane = Some(place);
    }

    /// It has none any more; which one it had.
    pub(super) fn take_lane(&mut self) -> Option<Place> {
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
}
