//! The log of all rooms on disk: what is appended stays, or its loss is told.
//!
//! Each entry has a number in its room, and an *offset*, which is its number in the whole log: both from 1, without
//! holes. Where there is the lobby alone, they are the same.
//!
//! A log is a directory that one process has open at a time; [README.md](README.md) has the format, and the
//! argument for every failure that it is to survive.
//!
//! | file | holds |
//! |---|---|
//! | `<first entry>.log` | a segment: entries in frames, one for each sync, and zeros after them |
//! | `<first entry>.idx` | where in a full segment each entry is, their ids and rooms; it follows from that |
//! | `head` | how far the log certainly reaches, once more, written some time after |
//!
//! Once [`Store::append`] has returned, what was appended survives the end of the process and the
//! loss of power: one write and one sync. What is kept, and for how long, is said by the caller.

mod append;
mod bytes;
mod check;
mod copy;
mod cut;
mod disk;
mod erase;
mod error;
mod frame;
mod gone;
mod head;
mod index;
mod machine;
mod making;
mod opening;
mod pages;
mod portable;
mod reader;
mod record;
mod retention;
mod rooms;
mod segment;
mod sidecar;
mod sizes;
mod sum;
mod survey;
mod table;
mod upkeep;
mod visit;
mod walk;

pub use check::{Report, check};
pub use copy::{backup, repair};
pub use disk::{Dir, Disk, File, Mode, Place};
pub(crate) use disk::{open, put};
pub use error::{Fault, StoreError};
pub use portable::{export, export_without_private, import};
pub use reader::Reader;
pub use retention::Retention;
pub use rooms::RoomHead;
pub use sizes::Sizes;
pub use upkeep::Upkeep;

use chat_core::{Record, RoomName, SessionId};
use frame::{Frame, Tag};
use head::{Head, Mark};
use making::Beginning;
use opening::{Lock, Site, is_new};
use reader::{Segment, Shared};
use retention::Age;
use rooms::Rooms;
use std::sync::Arc;
use sum::Seed;
use upkeep::Space;

/// The version of all that is in a log's directory.
const VERSION: u32 = 3;

/// The version of what is as it was before there were rooms: a log that has the lobby alone is of that, and so is
/// the file `head` of any.
const LOBBY_ALONE: u32 = 2;

const HEAD: &str = "head";

/// Entries that are in memory at once where all are gone through.
const PAGE: usize = 1024;

/// A log that is open, and ours alone.
#[derive(Debug)]
pub struct Store {
    place: Place,
    keep: Retention,
    sizes: Sizes,
    seed: Seed,
    tag: Tag,
    shared: Arc<Shared>,
    space: Arc<Space>,
    active: Arc<Segment>,
    /// Where the next frame begins.
    end: u64,
    /// What the log is as a whole, with all that was appended.
    mark: Mark,
    age: Age,
    frame: Frame,
    /// Entries whose texts are to be erased, by orders that are in the log: before anything else is appended, and at the latest by
    /// whoever opens the log next, for the orders are in the newest segment.
    to_erase: Vec<(RoomName, u64)>,
    stopped: bool,
    /// Dropped last.
    _lock: Lock,
}

impl Store {
    /// Opens the log in a directory, and makes one if there is none. What a torn write left of entries that
    /// nobody was told of is cut off, and that is logged. It takes a time that does not depend on the log's
    /// length: the newest segment is verified, whatever ended the process that had it open before.
    ///
    /// # Errors
    /// When someone has it open, a newer version wrote it, it is damaged, or the disk fails.
    pub fn open(place: impl Into<Place>, keep: Retention) -> Result<Self, StoreError> {
        let sizes = Sizes::of(&keep);
        Self::with_sizes(place, keep, sizes)
    }

    /// The same, with parts of these sizes.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn with_sizes(
        place: impl Into<Place>,
        keep: Retention,
        sizes: Sizes,
    ) -> Result<Self, StoreError> {
        let place = place.into();
        let path = place.path.clone();
        Self::opened(place, keep, sizes).map_err(|fault| fault.at(path))
    }

    fn opened(place: Place, keep: Retention, sizes: Sizes) -> Result<Self, Fault> {
        let site = Site::take(place)?;
        if !is_new(&*site.dir)? {
            return Self::found(site, keep, sizes);
        }
        if Head::open(&*site.dir, Mode::Read)?.is_some() {
            tracing::warn!(
                "the making of a history here did not end, and an empty one begins: if it was an import, a backup or a repair, \
                 make it again"
            );
        }
        let id = site.place.disk.random()?;
        let new = Beginning {
            id,
            epoch: id,
            first: 1,
            rooms: Rooms::default(),
        };
        Self::made(site, &new, keep, sizes)?.finished(id)
    }

    /// Which log this is: 32 hexadecimal digits, made when the log was.
    pub fn epoch(&self) -> String {
        hex(self.mark.epoch)
    }

    /// The offset of the last entry; 0 if there is none.
    pub fn head(&self) -> u64 {
        self.mark.last
    }

    /// The offset of the oldest entry held; one more than the head while there is none.
    pub fn first(&self) -> u64 {
        self.mark.first
    }

    /// What the log has of a room; 1 and 0, and the state of a new one, if there never was an entry of it.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn room(&self, room: &RoomName) -> Result<RoomHead, StoreError> {
        self.shared.room(room)
    }

    /// How many rooms there are of which the log knows, the lobby among them.
    pub fn rooms(&self) -> usize {
        self.shared.with_rooms(Rooms::count).1
    }

    /// The lobby, and then all other rooms in which somebody is, in the order of their names.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn rooms_with_people(&self) -> Result<Vec<(RoomName, RoomHead)>, StoreError> {
        self.shared.rooms_with_people()
    }

    /// What is to be done besides appending, by whoever has the time.
    pub fn upkeep(&self) -> Upkeep {
        Upkeep::new(Arc::clone(&self.space))
    }

    /// What reads the log from any thread, also while this one appends.
    pub fn reader(&self) -> Reader {
        Reader(Arc::clone(&self.shared))
    }

    /// As [`Reader::read`].
    ///
    /// # Errors
    /// When the disk fails.
    pub fn read(
        &self,
        room: &RoomName,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Record>, StoreError> {
        self.shared.read(room, after, limit)
    }

    /// As [`Reader::find`].
    ///
    /// # Errors
    /// As there.
    pub fn find(&self, session: &SessionId, id: &str) -> Result<Option<Record>, StoreError> {
        self.shared.find(session, id)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // Readers may outlive it, and must not tell of what another one writes.
        self.shared.close();
        self.space.close();
        if !self.stopped
            && let Err(fault) = self.shared.write_head()
        {
            let error = fault.at(&self.place.path);
            tracing::error!(%error, "how far the history reaches could not be written down");
        }
    }
}

fn hex(epoch: u128) -> String {
    format!("{epoch:032x}")
}
