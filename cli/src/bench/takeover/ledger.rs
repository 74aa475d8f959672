//! What everyone was sent, compared.

use super::{Found, Takeover};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Shared by all clients of a thread.
#[derive(Debug)]
pub(super) struct Ledger {
    /// Who is in, since the last takeover began.
    is_in: RefCell<Vec<bool>>,
    /// The last entry that each has.
    last: RefCell<Vec<u64>>,
    /// By its number, what an entry is: that is the same for everyone.
    entries: RefCell<HashMap<u64, u64>>,
    /// By the id that it was said with: in how many entries it is.
    said: RefCell<HashMap<String, u32>>,
    accepted: Cell<u64>,
    unaccepted: Cell<u64>,
    head: Cell<u64>,
    deliveries: Cell<u64>,
    lost: Cell<u64>,
    doubled: Cell<u64>,
    different: Cell<u64>,
    strangers: Cell<u64>,
    is_silent: Cell<bool>,
    is_over: Cell<bool>,
}

fn add(cell: &Cell<u64>, count: u64) {
    cell.set(cell.get() + count);
}

impl Ledger {
    pub(super) fn new(members: u32) -> Self {
        Self {
            is_in: RefCell::new(vec![false; members as usize]),
            last: RefCell::new(vec![0; members as usize]),
            entries: RefCell::default(),
            said: RefCell::default(),
            accepted: Cell::new(0),
            unaccepted: Cell::new(0),
            head: Cell::new(0),
            deliveries: Cell::new(0),
            lost: Cell::new(0),
            doubled: Cell::new(0),
            different: Cell::new(0),
            strangers: Cell::new(0),
            is_silent: Cell::new(false),
            is_over: Cell::new(false),
        }
    }

    /// Somebody is in, for the first time or again.
    pub(super) fn came(&self, number: u32, is_again: bool, is_resumed: bool) {
        self.is_in.borrow_mut()[number as usize] = true;
        add(&self.strangers, u64::from(is_again != is_resumed));
    }

    /// Everyone is about to go.
    pub(super) fn begin_takeover(&self) {
        self.is_in.borrow_mut().fill(false);
    }

    pub(super) fn everyone_is_in(&self) -> bool {
        self.is_in.borrow().iter().all(|is_in| *is_in)
    }

    /// Where somebody begins.
    pub(super) fn begins(&self, number: u32, head: u64) {
        self.last.borrow_mut()[number as usize] = head;
        self.head.set(self.head.get().max(head));
    }

    /// The last entry that somebody has.
    pub(super) fn last(&self, number: u32) -> u64 {
        self.last.borrow()[number as usize]
    }

    /// Somebody was sent an entry.
    pub(super) fn entry(&self, number: u32, seq: u64, what: &[u8], id: Option<&str>) {
        add(&self.deliveries, 1);
        let last = std::mem::replace(&mut self.last.borrow_mut()[number as usize], seq);
        add(&self.lost, seq.saturating_sub(last + 1));
        if seq <= last {
            add(&self.doubled, 1);
            self.last.borrow_mut()[number as usize] = last;
        }
        self.head.set(self.head.get().max(seq));
        let mut hasher = DefaultHasher::new();
        what.hash(&mut hasher);
        let hash = hasher.finish();
        let mut entries = self.entries.borrow_mut();
        let known = entries.entry(seq).or_insert_with(|| {
            if let Some(id) = id {
                *self.said.borrow_mut().entry(id.into()).or_default() += 1;
            }
            hash
        });
        add(&self.different, u64::from(*known != hash));
    }

    /// Entries that nobody will send any more.
    pub(super) fn gap(&self) {
        add(&self.lost, 1);
    }

    pub(super) fn says(&self) {
        add(&self.unaccepted, 1);
    }

    pub(super) fn accepted(&self) {
        add(&self.accepted, 1);
        self.unaccepted.set(self.unaccepted.get() - 1);
    }

    /// Nothing more is to be said.
    pub(super) fn silence(&self) {
        self.is_silent.set(true);
    }

    pub(super) fn is_silent(&self) -> bool {
        self.is_silent.get()
    }

    pub(super) fn everyone_has_all(&self) -> bool {
        let head = self.head.get();
        self.unaccepted.get() == 0 && self.last.borrow().iter().all(|last| *last == head)
    }

    pub(super) fn end(&self) {
        self.is_over.set(true);
    }

    pub(super) fn is_over(&self) -> bool {
        self.is_over.get()
    }

    pub(super) fn state(&self) -> String {
        let last = self.last.borrow();
        let head = self.head.get();
        let behind = last.iter().filter(|last| **last < head).count();
        let is_in = self.is_in.borrow().iter().filter(|is_in| **is_in).count();
        let unaccepted = self.unaccepted.get();
        format!(
            "{is_in} are in, {behind} do not have entry {head}, {unaccepted} lines are not accepted"
        )
    }

    pub(super) fn found(&self, members: u32, takeovers: Vec<Takeover>) -> Found {
        let said = self.said.borrow();
        let twice: u64 = said.values().map(|count| u64::from(*count - 1)).sum();
        let missing = self.accepted.get().saturating_sub(said.len() as u64);
        Found {
            members,
            takeovers,
            said: self.accepted.get(),
            deliveries: self.deliveries.get(),
            lost: self.lost.get() + missing,
            doubled: self.doubled.get() + twice,
            different: self.different.get(),
            strangers: self.strangers.get(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(play: impl FnOnce(&Ledger)) -> (u64, u64, u64, u64) {
        let ledger = Ledger::new(2);
        ledger.begins(0, 0);
        ledger.begins(1, 0);
        play(&ledger);
        let found = ledger.found(2, Vec::new());
        assert_eq!(
            found.is_right(),
            found.lost + found.doubled + found.different + found.strangers == 0
        );
        (found.lost, found.doubled, found.different, found.strangers)
    }

    #[test]
    fn what_is_lost_doubled_different_or_strange_is_counted() {
        let right = |ledger: &Ledger| {
            ledger.says();
            ledger.entry(0, 1, b"a", Some("a"));
            ledger.entry(1, 1, b"a", Some("a"));
            ledger.accepted();
            ledger.came(0, true, true);
        };
        assert_eq!(found(right), (0, 0, 0, 0));
        assert_eq!(found(|it| it.entry(0, 3, b"c", None)), (2, 0, 0, 0));
        assert_eq!(
            found(|it| (0..2).for_each(|_| it.entry(0, 1, b"a", None))),
            (0, 1, 0, 0)
        );
        let differs = |ledger: &Ledger| {
            ledger.entry(0, 1, b"a", None);
            ledger.entry(1, 1, b"b", None);
        };
        assert_eq!(found(differs), (0, 0, 1, 0));
        let twice = |ledger: &Ledger| {
            ledger.entry(0, 1, b"a", Some("a"));
            ledger.entry(0, 2, b"a", Some("a"));
        };
        assert_eq!(found(twice), (0, 1, 0, 0));
        let missing = |ledger: &Ledger| {
            ledger.says();
            ledger.accepted();
        };
        assert_eq!(found(missing), (1, 0, 0, 0));
        assert_eq!(found(|it| it.came(0, true, false)), (0, 0, 0, 1));
    }

    #[test]
    fn everyone_has_all_once_nothing_is_unaccepted_and_nobody_is_behind() {
        let ledger = Ledger::new(2);
        assert!(ledger.everyone_has_all());
        ledger.says();
        ledger.entry(0, 1, b"a", Some("a"));
        ledger.accepted();
        assert!(!ledger.everyone_has_all());
        ledger.entry(1, 1, b"a", Some("a"));
        assert!(ledger.everyone_has_all());
        ledger.says();
        assert!(!ledger.everyone_has_all());
    }
}
