//! Entries are appended: one write and one sync for each frame, and another segment where one is full.

use super::Store;
use super::erase;
use super::error::{Fault, StoreError};
use super::index::Index;
use super::record;
use super::retention;
use super::segment::Header;
use super::table::Table;
use chat_core::{Record, RoomName};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

impl Store {
    /// Appends all of the entries, durably, in this order, and lets go of the oldest where there are too many. Each
    /// has the number after that of the last entry of its room.
    ///
    /// # Errors
    /// When there is no room for them ([`Fault::NoRoom`]): so many of the first of them as the [head](Self::head)
    /// went on are in the log, and the rest may be tried again. When they are numbered otherwise, or the disk fails:
    /// all of them may be in the log then, or the first of them, or none; which, is known when it is opened again.
    /// This store takes no more.
    pub fn append(&mut self, records: &[Record]) -> Result<(), StoreError> {
        let appended = if self.stopped {
            Err(Fault::Stopped)
        } else {
            self.append_all(records)
        };
        appended.map_err(|fault| {
            self.stopped = !matches!(fault, Fault::NoRoom(_));
            fault.at(&self.place.path)
        })
    }

    /// Whether all of the entries have the numbers that come next in their rooms.
    fn verify_numbers(&self, records: &[Record]) -> Result<(), Fault> {
        let (_, verified) = self.shared.with_rooms(|rooms| {
            let mut next: BTreeMap<&RoomName, u64> = BTreeMap::new();
            // In a log that is still being made, one follows what is missing.
            let mut missing = if self.mark.is_made { 0 } else { rooms.missing };
            for record in records {
                let next = next.entry(&record.room);
                let next = next.or_insert_with(|| rooms.last(&record.room) + 1);
                let skipped = record.seq.checked_sub(*next);
                match skipped.and_then(|skipped| missing.checked_sub(skipped)) {
                    Some(left) => missing = left,
                    None => {
                        return Err(Fault::Sequence {
                            room: record.room.clone(),
                            expected: *next,
                            found: record.seq,
                        });
                    }
                }
                *next = record.seq + 1;
            }
            Ok(())
        });
        verified
    }

    /// Erases what is to be erased.
    pub(super) fn erase(&mut self) -> Result<(), Fault> {
        while let Some((room, seq)) = self.to_erase.last() {
            self.shared.erase(room, *seq)?;
            self.to_erase.pop();
        }
        Ok(())
    }

    fn append_all(&mut self, records: &[Record]) -> Result<(), Fault> {
        self.erase()?;
        self.verify_numbers(records)?;
        let mut rest = records;
        while !rest.is_empty() {
            self.frame.begin();
            let mut count = 0;
            for (offset, record) in (self.mark.last + 1..).zip(rest) {
                self.frame.push(record, offset, self.seed)?;
                count += 1;
                if self.frame.is_full() {
                    break;
                }
            }
            let (frame, after) = rest.split_at(count);
            let orders = frame.iter().filter_map(erase::target);
            let orders: Vec<(RoomName, u64)> = orders.collect();
            let shared = Arc::clone(&self.shared);
            // Nobody is told that it is ordered before it is done, and whoever looks beside this one is not, either.
            let held = (!orders.is_empty()).then(|| shared.head());
            let written = self.write(frame);
            written.map_err(|fault| fault.in_file(&self.active.opened.name()))?;
            self.forget(frame);
            self.shared.commit(self.mark);
            self.to_erase.extend(orders);
            self.erase()?;
            drop(held);
            rest = after;
        }
        self.space.appended(self.end);
        Ok(())
    }

    /// Appends one frame: one write, one sync.
    fn write(&mut self, records: &[Record]) -> Result<(), Fault> {
        let first = self.mark.last + 1;
        let limit = (self.sizes).limit(&self.active.opened.header, self.active.rooms());
        let is_full = self.end + self.frame.len_at(self.end) > limit;
        let has_rooms = self.active.opened.header.has_rooms()
            || !(first..)
                .zip(records)
                .all(|(offset, it)| record::is_plain(it, offset));
        if has_rooms && !self.active.opened.header.has_rooms()
            || is_full && self.mark.last >= self.active.first()
        {
            self.roll(first, has_rooms)?;
        }
        let length = self.frame.len_at(self.end);
        self.space.reserve(self.end + length)?;
        self.verify_place(self.end + length)?;
        let (bytes, sum) = self.frame.end(self.end, self.tag, first, self.mark.chain);
        let file = &self.active.opened.file;
        file.write(self.end, bytes)?;
        file.sync()?;
        let mut index = self
            .active
            .index
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(Index::Memory(table)) = &mut *index {
            for (record, start) in records.iter().zip(self.frame.starts()) {
                table.push_record(self.end + u64::from(*start), record, self.seed);
            }
        }
        drop(index);
        self.end += length;
        self.mark.last += records.len() as u64;
        self.mark.chain = sum;
        self.shared.commit_entries(self.mark, records);
        Ok(())
    }

    /// Whether what is written up to here is still what will be read: nobody moved, removed or cut it meanwhile.
    fn verify_place(&self, end: u64) -> Result<(), Fault> {
        if !self.shared.dir.is_in_place()? {
            return Err(Fault::Gone { file: None });
        }
        let opened = &self.active.opened;
        Fault::verify_linked(&*opened.file, &opened.name())?;
        if opened.file.len()? < end {
            return Err(Fault::gone(&opened.name()));
        }
        Ok(())
    }

    /// Begins another segment, with this entry: those before it that are not in the log are lost. `has_rooms`:
    /// other rooms than the lobby come.
    pub(super) fn roll(&mut self, first: u64, has_rooms: bool) -> Result<(), Fault> {
        let (_, (directory, missing)) =
            (self.shared).with_rooms(|rooms| (rooms.directory(), rooms.missing));
        let snapshot = if has_rooms {
            directory.snapshot_of_rooms()
        } else {
            directory.snapshot(first, missing)
        };
        let active = &self.active.opened.header;
        let (before, last, chain) = if active.first == first {
            // It has no entry, and this one takes its place.
            (active.before, active.last, active.chain)
        } else {
            (active.first, self.mark.last, self.mark.chain)
        };
        let header = Header {
            before,
            last,
            chain,
            ..Header::new(self.mark.id, first, self.sizes.step, &snapshot)
        };
        let directory = Arc::new(directory);
        let table = Table::new(&header, Some(Arc::clone(&directory)));
        self.active = self.space.roll(header, &header.encode(&snapshot), table)?;
        self.end = header.start();
        self.tag = header.tag();
        self.shared.change_rooms(|rooms| rooms.rebase(directory));
        self.shared.commit(self.mark);
        self.shared.add_segment(Arc::clone(&self.active));
        Ok(())
    }

    /// Lets go of the oldest entries, so far as more are held than are to be.
    pub(super) fn forget(&mut self, appended: &[Record]) {
        if !self.keep.is_all() {
            self.mark.first = retention::first(
                &self.keep,
                &self.shared,
                self.mark,
                &mut self.age,
                appended,
                self.end,
            );
        }
    }
}
