//! What a survey finds, as what a log that is written anew consists of: a beginning, entries, and gaps.

use super::error::Fault;
use super::rooms::Rooms;
use super::survey::Item;
use chat_core::Record;

/// Whoever writes a log anew.
pub(super) trait Visitor {
    /// The log begins, with these rooms.
    fn begin(&mut self, rooms: Rooms) -> Result<(), Fault>;

    /// The next entry, which has this offset.
    fn entry(&mut self, offset: u64, record: Record) -> Result<(), Fault>;

    /// Entries are missing before the next one.
    fn gap(&mut self, gap: Gap) -> Result<(), Fault>;
}

/// Entries that are missing.
#[derive(Debug)]
pub(super) struct Gap {
    /// The first and the last of them.
    pub(super) missing: (u64, u64),
    /// The rooms after them, if that is known.
    pub(super) rooms: Option<Rooms>,
}

/// What a visitor is shown, item by item.
#[derive(Debug)]
pub(super) struct Visit<V> {
    visitor: V,
    /// The first entry that is shown.
    first: u64,
    /// The rooms before that, until the log has begun.
    before: Option<Rooms>,
    /// What is missing before the next entry, if there is one.
    gap: Option<Gap>,
    is_end_lost: bool,
}

/// How a log ends.
#[derive(Debug)]
pub(super) struct Ending<V> {
    pub(super) visitor: V,
    /// What is missing after the last entry.
    pub(super) gap: Option<Gap>,
    /// It cannot be told whether there were others after that.
    pub(super) is_end_lost: bool,
}

impl<V: Visitor> Visit<V> {
    /// Of a log whose first entry is this one.
    pub(super) fn new(first: u64, visitor: V) -> Self {
        // Nothing is known of what was before, unless it is found.
        let before = Rooms::unknown(first - 1);
        Self {
            visitor,
            first,
            before: Some(before),
            gap: None,
            is_end_lost: false,
        }
    }

    pub(super) fn take(&mut self, item: Item) -> Result<(), Fault> {
        match item {
            Item::Rooms(rooms) => {
                if let Some(before) = &mut self.before {
                    *before = rooms;
                } else if let Some(gap) = &mut self.gap {
                    gap.rooms = Some(rooms);
                }
            }
            Item::Entry(offset, record) if offset < self.first => {
                if let Some(before) = &mut self.before {
                    // Where one is numbered otherwise, a flaw was told of.
                    let _ = before.fold(&record);
                }
            }
            Item::Entry(offset, record) => {
                self.begin()?;
                self.close_gap()?;
                self.visitor.entry(offset, record)?;
            }
            Item::Lost(from, to) | Item::Gap(from, to) if to >= self.first => {
                self.lose(from);
                self.begin()?;
                if self.gap.as_ref().is_some_and(|gap| gap.rooms.is_some()) {
                    // What is known of the rooms then is the best guess at what comes later.
                    self.close_gap()?;
                }
                let from = from.max(self.first);
                let from = self.gap.as_ref().map_or(from, |gap| gap.missing.0);
                self.gap = Some(Gap {
                    missing: (from, to),
                    rooms: None,
                });
            }
            Item::Lost(from, _) | Item::Gap(from, _) => self.lose(from),
            Item::Flaw(_) | Item::Left(..) => {}
            Item::End => self.is_end_lost = true,
        }
        Ok(())
    }

    /// Entries from this one on are missing, perhaps before the log begins.
    fn lose(&mut self, from: u64) {
        if let Some(before) = &mut self.before {
            before.missing = before.missing.max(self.first.saturating_sub(from));
        }
    }

    fn begin(&mut self) -> Result<(), Fault> {
        match self.before.take() {
            Some(rooms) => self.visitor.begin(rooms),
            None => Ok(()),
        }
    }

    fn close_gap(&mut self) -> Result<(), Fault> {
        match self.gap.take() {
            Some(gap) => self.visitor.gap(gap),
            None => Ok(()),
        }
    }

    /// Nothing else was found.
    pub(super) fn end(mut self) -> Result<Ending<V>, Fault> {
        self.begin()?;
        Ok(Ending {
            visitor: self.visitor,
            gap: self.gap,
            is_end_lost: self.is_end_lost,
        })
    }
}
