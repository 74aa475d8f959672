//! The entries of one room, read from a log of many: by their numbers there.
//!
//! Of each segment it is known how far a room had come before it. So the one that has a number is found with a few
//! questions, whatever there is between it and the newest, and what is read of a segment is the room's own.

use super::error::{Fault, StoreError};
use super::head::Mark;
use super::reader::{Segment, Shared, found_at};
use super::record;
use super::rooms::RoomHead;
use super::table::{Run, Start};
use chat_core::{Record, RoomName};
use std::sync::Arc;

/// Records that are farther apart are read one by one.
const APART: u32 = 16 * 1024;

/// The number of an entry in its room, and its offset and itself, unless it cannot be read.
type Read = (u64, Option<(u64, Record)>);

/// A room in the segments as they are at one time.
struct View<'a> {
    shared: &'a Shared,
    room: &'a RoomName,
    mark: Mark,
    segments: Vec<Arc<Segment>>,
    /// The oldest of them that has an entry that is held.
    oldest: usize,
}

impl<'a> View<'a> {
    fn new(shared: &'a Shared, room: &'a RoomName, mark: Mark) -> Self {
        let segments = shared.segments();
        let after = segments.partition_point(|segment| segment.first() <= mark.first);
        Self {
            shared,
            room,
            mark,
            oldest: after.saturating_sub(1),
            segments,
        }
    }

    /// The offset of the last entry of a segment.
    fn end(&self, nth: usize) -> u64 {
        let next = self.segments.get(nth + 1);
        next.map_or(self.mark.last, |next| Shared::last_before(next))
    }

    /// What a segment has of the room.
    fn run(&self, nth: usize, start: Start, limit: usize) -> Result<Run, Fault> {
        let Some(segment) = self.segments.get(nth) else {
            return Ok(Run::default());
        };
        let (dir, end) = (&*self.shared.dir, self.end(nth));
        if segment.opened.header.has_rooms() {
            return segment.ask(dir, end, |index| index.run(self.room, start, limit));
        }
        let (before, end) = (segment.first() - 1, end.min(self.mark.last));
        if !self.room.is_lobby() {
            return Ok(Run {
                before: Some(0),
                ..Run::default()
            });
        }
        let count = end.saturating_sub(before);
        let from = match start {
            Start::Seq(seq) => seq.max(segment.first()),
            Start::Place(_) => segment.first(),
        };
        let places = segment.ask(dir, self.end(nth), |index| {
            index.places(from - segment.first(), limit)
        })?;
        let entries = (from..=end).zip(places);
        Ok(Run {
            before: Some(before),
            count,
            last: (count > 0).then_some(end),
            entries: entries.collect(),
        })
    }

    /// The number of the room's last entry before a segment.
    fn before(&self, nth: usize) -> Result<u64, Fault> {
        if let Some(before) = self.run(nth, Start::Seq(0), 0)?.before {
            return Ok(before);
        }
        // That is damaged there, and the segment before says it as well.
        for nth in (0..nth).rev() {
            let run = self.run(nth, Start::Seq(u64::MAX), 1)?;
            if let Some(last) = run.last.or(run.before) {
                return Ok(last);
            }
        }
        Ok(0)
    }

    /// The last segment before which the room has not come so far: if the log has the entry, it is there.
    fn locate(&self, seq: u64) -> Result<usize, Fault> {
        let newest = self.segments.len().saturating_sub(1);
        if self.before(newest)? < seq {
            return Ok(newest);
        }
        let (mut low, mut high) = (self.oldest, newest);
        while low + 1 < high {
            let middle = low + (high - low) / 2;
            if self.before(middle)? < seq {
                low = middle;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }

    /// The first number that is held, or would be.
    fn first(&self) -> Result<u64, Fault> {
        let Some(segment) = self.segments.get(self.oldest) else {
            return Ok(1);
        };
        let (from, end) = (self.mark.first, self.end(self.oldest));
        if from <= segment.first() {
            return Ok(self.before(self.oldest)? + 1);
        }
        if from > end {
            // All of that one is let go of, and no other one has anything yet or what it has is not there any more.
            let next = self.oldest + 1;
            if next < self.segments.len() {
                return Ok(self.before(next)? + 1);
            }
        }
        if !segment.opened.header.has_rooms() {
            return Ok(if self.room.is_lobby() { from } else { 1 });
        }
        let place = self.place_from(segment, from, end)?;
        let run = self.run(self.oldest, Start::Place(place), 1)?;
        if let Some((seq, _)) = run.entries.first() {
            return Ok(*seq);
        }
        let last = run.last.or(run.before);
        Ok(last.map_or_else(|| self.before(self.oldest), Ok)? + 1)
    }

    /// Where the first entry of a segment is that has this offset, or a later one, and can be read.
    fn place_from(&self, segment: &Segment, from: u64, end: u64) -> Result<u32, Fault> {
        const PAGE: usize = 1024;
        let mut nth = from - segment.first();
        while segment.first() + nth <= end {
            let dir = &*self.shared.dir;
            let places = segment.ask(dir, end, |index| index.places(nth, PAGE))?;
            if let Some(place) = places.iter().find(|place| **place > 0) {
                return Ok(*place);
            }
            nth += PAGE as u64;
        }
        Ok(u32::MAX)
    }

    /// So many of the room's entries of a segment, from a number on, with their offsets; `None` for those that
    /// cannot be read, unless the segment does not even say that they were there.
    fn entries(&self, nth: usize, seq: u64, limit: usize) -> Result<Vec<Read>, Fault> {
        let run = self.run(nth, Start::Seq(seq), limit)?;
        let Some(segment) = self.segments.get(nth) else {
            return Ok(Vec::new());
        };
        let end = self.end(nth);
        let records = self.records(segment, end, &run.entries)?;
        let is_whole = records.iter().all(|(_, record)| record.is_some());
        if is_whole || !segment.index_again(end)? {
            return Ok(records);
        }
        let run = self.run(nth, Start::Seq(seq), limit)?;
        self.records(segment, end, &run.entries)
    }

    fn records(
        &self,
        segment: &Segment,
        end: u64,
        entries: &[(u64, u32)],
    ) -> Result<Vec<Read>, Fault> {
        let mut records = Vec::with_capacity(entries.len());
        let is_near = |(_, one): &(u64, u32), (_, other): &(u64, u32)| {
            *one > 0 && *other > *one && other - one < APART
        };
        for near in entries.chunk_by(is_near) {
            let (Some((_, from)), Some((_, to))) = (near.first(), near.last()) else {
                continue;
            };
            if *from == 0 {
                records.extend(near.iter().map(|(seq, _)| (*seq, None)));
                continue;
            }
            let bytes = segment.span(*from, *to)?;
            // What is erased while it is read is known to be that by now.
            let gone = segment.opened.gone();
            records.extend(near.iter().map(|(seq, place)| {
                let found = found_at(&bytes, *from, *place, self.shared.seed, &gone);
                // Where it is damaged, it gives an offset that is far from all that are there.
                let found = found.filter(|it| (segment.first()..=end).contains(&it.offset));
                let record = found.and_then(|it| {
                    let record = record::decode(it.offset, it.body).ok()?;
                    let is_it = record.room == *self.room && record.seq == *seq;
                    is_it.then_some((it.offset, record))
                });
                (*seq, record)
            }));
        }
        Ok(records)
    }

    /// Where an entry is, if it is in a segment that is not about to be removed.
    fn place_of(&self, seq: u64) -> Result<Option<(Arc<Segment>, u32)>, Fault> {
        let nth = self.locate(seq)?;
        let run = self.run(nth, Start::Seq(seq), 1)?;
        let found = run.entries.first().filter(|(it, _)| *it == seq);
        match (self.segments.get(nth), found) {
            (Some(segment), Some((_, place))) if *place > 0 => {
                Ok(Some((Arc::clone(segment), *place)))
            }
            _ if seq < self.first()? => Ok(None), // It was let go of.
            _ => Err(Fault::damaged("it cannot be read")),
        }
    }

    fn read(&self, after: u64, last: u64, limit: usize) -> Result<Vec<Record>, Fault> {
        let mut next = after.saturating_add(1);
        let mut records: Vec<Record> = Vec::new();
        let mut unread: Option<u64> = None;
        if next > last || limit == 0 || self.segments.is_empty() {
            return Ok(records);
        }
        let mut nth = self.locate(next)?;
        if nth == self.oldest {
            next = next.max(self.first()?);
        }
        while nth < self.segments.len() && records.len() < limit && next <= last {
            let most = limit - records.len();
            let entries = self.entries(nth, next, most)?;
            let has_more = entries.len() == most;
            for (seq, record) in entries {
                match record {
                    // It is being appended.
                    _ if seq > last => return Ok(records),
                    // It was let go of.
                    Some((offset, _)) if offset < self.mark.first => {}
                    // A page has no gap in it: what follows is read when it is asked for.
                    Some(_) if seq > next && !records.is_empty() => return Ok(records),
                    None if !records.is_empty() => return Ok(records),
                    Some((_, record)) => records.push(record),
                    None => {
                        unread.get_or_insert(seq);
                    }
                }
                next = seq + 1;
            }
            if !has_more && next <= last {
                nth = self.locate(next)?.max(nth + 1);
            }
        }
        if let Some(from) = unread {
            let to = records.first().map_or(last, |record| record.seq - 1);
            let room = self.room;
            tracing::error!(%room, from, to, "entries of the history cannot be read");
        }
        Ok(records)
    }
}

impl Shared {
    /// As [`Reader::first`](super::Reader::first).
    pub(super) fn first_of(&self, room: &RoomName) -> Result<u64, StoreError> {
        let (mark, last) = self.with_rooms(|rooms| rooms.last(room));
        self.told(|| self.first_in(room, mark, last))
    }

    fn first_in(&self, room: &RoomName, mark: Mark, last: u64) -> Result<u64, Fault> {
        if last == 0 || mark.first == 1 {
            return Ok(1);
        }
        let first = View::new(self, room, mark).first()?;
        Ok(first.min(last + 1))
    }

    /// As [`Reader::room`](super::Reader::room).
    pub(super) fn room(&self, room: &RoomName) -> Result<RoomHead, StoreError> {
        let (mark, found) = self.with_rooms(|rooms| rooms.get(room));
        self.told(|| {
            Ok(RoomHead {
                first: self.first_in(room, mark, found.last)?,
                last: found.last,
                state: found.state,
            })
        })
    }

    /// The rooms in which somebody is, after the lobby.
    pub(super) fn rooms_with_people(&self) -> Result<Vec<(RoomName, RoomHead)>, StoreError> {
        let (_, mut names) = self.with_rooms(|rooms| {
            let names = rooms.with_people().map(|(name, _)| name.clone());
            names.collect::<Vec<RoomName>>()
        });
        names.retain(|name| !name.is_lobby());
        names.insert(0, RoomName::LOBBY);
        let rooms = names.into_iter().map(|name| {
            let head = self.room(&name)?;
            Ok((name, head))
        });
        rooms.collect()
    }

    /// Where an entry of a room is.
    pub(super) fn place_of(
        &self,
        room: &RoomName,
        seq: u64,
    ) -> Result<Option<(Arc<Segment>, u32)>, Fault> {
        let (mark, last) = self.with_rooms(|rooms| rooms.last(room));
        if !(1..=last).contains(&seq) {
            return Ok(None);
        }
        View::new(self, room, mark).place_of(seq)
    }

    /// As [`Reader::read`](super::Reader::read).
    pub(super) fn read(
        &self,
        room: &RoomName,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Record>, StoreError> {
        let (mark, last) = self.with_rooms(|rooms| rooms.last(room));
        self.told(|| {
            let view = View::new(self, room, mark);
            match view.read(after, last, limit) {
                // It was removed meanwhile.
                Err(_) if self.committed().first > mark.first => Ok(Vec::new()),
                read => read,
            }
        })
    }
}
