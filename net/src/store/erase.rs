//! Texts that are to be gone for good are erased where they were written.

use super::error::Fault;
use super::gone::Gone;
use super::reader::{Segment, Shared};
use super::record::{self, Found, PREFIX};
use chat_core::{Kind, Record, RoomName};

/// Which entry has no text any more by the order that this record is, if it is one: of which room, and its number there.
pub(super) fn ordered(found: &Found<'_>) -> Option<(RoomName, u64)> {
    if record::kind_in(found.body) != Some(Kind::Order) {
        return None;
    }
    let record = record::decode(found.offset, found.body).ok()?;
    target(&record)
}

/// The same of an entry as it is appended: one that comes later is not meant.
pub(super) fn target(record: &Record) -> Option<(RoomName, u64)> {
    let seq = record.redacts().filter(|seq| *seq < record.seq)?;
    Some((record.room.clone(), seq))
}

/// Whether an entry has a text that can be erased.
pub(super) fn has_text(kind: Kind) -> bool {
    matches!(kind, Kind::Said | Kind::Acted)
}

impl Shared {
    /// Erases the text of an entry, durably; one that is not held any more, or never was, has none. What cannot be read is told.
    pub(super) fn erase(&self, room: &RoomName, seq: u64) -> Result<(), Fault> {
        let erased = self.place_of(room, seq).and_then(|found| match found {
            Some((segment, place)) => self.erase_in(&segment, place, (room, seq)),
            None => Ok(()),
        });
        match erased {
            Err(Fault::Damaged(what)) => {
                tracing::error!(%room, seq, what, "the text of an entry that is to be gone cannot be erased");
                Ok(())
            }
            erased => erased,
        }
    }

    /// Erases what is left of the texts of a segment that are written down as erased, durably: its file was restored from before.
    pub(super) fn erase_again(&self, segment: &Segment, last: u64) -> Result<(), Fault> {
        for offset in segment.opened.gone().offsets() {
            let Some(nth) = offset.checked_sub(segment.first()) else {
                continue;
            };
            let places = segment.ask(&*self.dir, last, |index| index.places(nth, 1))?;
            let Some(place) = places.first().copied().filter(|place| *place > 0) else {
                continue;
            };
            let bytes = segment.span(place, place)?;
            if let Ok(found) = record::find(&bytes, self.seed, &segment.opened.gone())
                && found.offset == offset
                && found.is_left
            {
                tracing::warn!(
                    offset,
                    "the text of an entry that was ordered gone was there again: it is erased"
                );
                self.erase_text(segment, place, &bytes, &found)?;
            }
        }
        Ok(())
    }

    fn erase_in(
        &self,
        segment: &Segment,
        place: u32,
        (room, seq): (&RoomName, u64),
    ) -> Result<(), Fault> {
        let bytes = segment.span(place, place)?;
        let gone = segment.opened.gone();
        let unreadable = || Fault::damaged("it is not as it was written");
        let found = record::find(&bytes, self.seed, &gone).map_err(|_| unreadable())?;
        let record = record::decode(found.offset, found.body).map_err(|_| unreadable())?;
        if record.room != *room || record.seq != seq {
            return Err(unreadable());
        }
        if !has_text(record.kind) {
            return Ok(());
        }
        self.erase_text(segment, place, &bytes, &found)
    }

    fn erase_text(
        &self,
        segment: &Segment,
        place: u32,
        bytes: &[u8],
        found: &Found<'_>,
    ) -> Result<(), Fault> {
        let head = record::head_of(found.body).ok_or_else(|| Fault::damaged("it has no text"))?;
        let text = PREFIX + head.len()..found.len();
        if text.is_empty() {
            return Ok(());
        }
        if segment.opened.gone().get(found.sum).is_none() {
            let rest = record::rest_of(found, head, self.seed);
            Gone::write(&*self.dir, segment.first(), found.sum, rest)?;
            segment.opened.note_gone(found.sum, rest);
        }
        let is_erased = bytes.get(text.clone()).unwrap_or_default();
        if is_erased.iter().all(|&byte| byte == 0) {
            return Ok(());
        }
        let zeros = vec![0; text.len()];
        let at = u64::from(place) + text.start as u64;
        let file = &segment.opened.file;
        file.write(at, &zeros).map_err(Fault::of_making_room)?;
        file.sync().map_err(Fault::of_making_room)
    }
}
