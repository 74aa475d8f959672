//! A log is made: until that is done, there is none.

use super::Store;
use super::disk::{Dir, Place};
use super::error::Fault;
use super::head::{Head, Mark};
use super::opening::{Site, is_new};
use super::retention::Retention;
use super::rooms::Rooms;
use super::segment::{self, Header};
use super::sizes::Sizes;
use super::{LOBBY_ALONE, upkeep};

/// What a new log begins with.
#[derive(Clone, Debug)]
pub(super) struct Beginning {
    pub(super) id: u128,
    pub(super) epoch: u128,
    /// The offset of its first entry.
    pub(super) first: u64,
    /// The rooms before it.
    pub(super) rooms: Rooms,
}

/// Begins to make a log, in place of one whose making did not end: until it is [finished](Store::finished),
/// there is none.
fn create(dir: &dyn Dir, new: &Beginning, step: u64) -> Result<(), Fault> {
    let mark = Mark {
        id: new.id,
        epoch: new.epoch,
        first: new.first,
        last: new.first - 1,
        chain: 0,
        is_made: false,
    };
    Head::create(dir, mark)?;
    for left in segment::list(dir)? {
        upkeep::remove_segment(dir, left)?;
    }
    let snapshot = (new.rooms.directory()).snapshot(new.first, new.rooms.missing);
    let mut header = Header::new(new.id, new.first, step, &snapshot);
    if header.has_rooms() {
        header.last -= new.rooms.missing.min(header.last);
    }
    upkeep::make_segment(dir, header, &header.encode(&snapshot))?;
    Ok(())
}

impl Store {
    /// Makes a log where there is none, and opens it.
    pub(super) fn made(
        site: Site,
        new: &Beginning,
        keep: Retention,
        sizes: Sizes,
    ) -> Result<Self, Fault> {
        create(&*site.dir, new, sizes.step)?;
        Self::found(site, keep, sizes)
    }

    /// Begins a log that is not there before it is [finished](Self::finished).
    pub(super) fn begin(place: Place, new: &Beginning, keep: Retention) -> Result<Self, Fault> {
        let site = Site::take(place)?;
        if !is_new(&*site.dir)? {
            return Err(Fault::Exists);
        }
        let sizes = Sizes::of(&keep);
        Self::made(site, new, keep, sizes)
    }

    /// Makes what was begun a log, which has this epoch.
    pub(super) fn finished(mut self, epoch: u128) -> Result<Self, Fault> {
        self.mark.is_made = true;
        self.mark.epoch = epoch;
        self.shared.commit(self.mark);
        self.shared.head().finish(self.mark)?;
        Ok(self)
    }

    /// Goes on with this entry: those before it that are not in the log are lost. `rooms` are the rooms then,
    /// if that is known.
    pub(super) fn skip_to(&mut self, first: u64, rooms: Option<Rooms>) -> Result<(), Fault> {
        let lost = first - 1 - self.mark.last;
        self.shared.change_rooms(|it| match rooms {
            Some(rooms) => *it = rooms,
            None => it.missing += lost,
        });
        let has_rooms = self.active.opened.header.has_rooms();
        self.roll(first, has_rooms)?;
        self.mark.last = first - 1;
        Ok(())
    }

    /// Whether entries are missing of which it is not known which numbers they had in their rooms: other entries may
    /// be given those.
    pub(super) fn lacks_numbers(&self) -> bool {
        let (_, (missing, is_plain)) = self.shared.with_rooms(|rooms| {
            let snapshot = rooms
                .directory()
                .snapshot(self.mark.last + 1, rooms.missing);
            (rooms.missing, snapshot.version == LOBBY_ALONE)
        });
        missing > 0 && !is_plain
    }
}
