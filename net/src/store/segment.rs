//! A segment: one file of the log.
//!
//! Its header says of which log it is, which entries it begins with and what was before them; the state of
//! the room there follows, as bytes that the core gave, or, where it may have entries of several rooms, their
//! directory ([`rooms`](super::rooms)). Then there are frames, and zeros up to the file's
//! end, which is a multiple of the header's step: a file that was cut shows.

use super::bytes::read_all;
use super::disk::{self, Dir, File, Mode};
use super::error::Fault;
use super::frame::{SECTOR, Tag};
use super::gone::{Gone, Rest};
use super::record::{self, Malformed};
use super::rooms::{Directory, Rooms, Snapshot};
use super::sum::{Seed, checksum};
use super::{LOBBY_ALONE, VERSION};
use std::sync::{Arc, Mutex, PoisonError};

const MAGIC: [u8; 8] = *b"CHATLOG\0";

/// Where the state begins.
const STATE: u64 = 4096;

const ENCODED: usize = 96;

/// What stands at the beginning of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// The version of its format.
    pub(super) version: u32,
    /// Of which log it is.
    pub(super) id: u128,
    /// The offset of its first entry, by which the file is named.
    pub(super) first: u64,
    /// The same of the segment before; 0 if there never was one.
    pub(super) before: u64,
    /// The last entry before it. Those from there to the first one were lost before this log was made.
    pub(super) last: u64,
    /// The sum of the last frame before it.
    pub(super) chain: u64,
    /// The file is a multiple of that long.
    pub(super) step: u64,
    pub(super) state_len: u64,
    pub(super) state_sum: u64,
}

impl Header {
    pub(super) fn new(id: u128, first: u64, step: u64, state: &Snapshot) -> Self {
        let Snapshot { version, bytes } = state;
        Self {
            version: *version,
            id,
            first,
            before: 0,
            last: first - 1,
            chain: 0,
            step,
            state_len: bytes.len() as u64,
            state_sum: checksum(0, bytes),
        }
    }

    /// Whether it may have entries of other rooms than the lobby.
    pub(super) fn has_rooms(&self) -> bool {
        self.version > LOBBY_ALONE
    }

    /// How many of those before it are missing, of which its directory may not know.
    fn missing(&self) -> u64 {
        if self.has_rooms() {
            self.first - 1 - self.last
        } else {
            0
        }
    }

    /// Where the first frame begins.
    pub(super) fn start(&self) -> u64 {
        (STATE + self.state_len).next_multiple_of(SECTOR)
    }

    pub(super) fn seed(&self) -> Seed {
        Seed::of(self.id)
    }

    pub(super) fn tag(&self) -> Tag {
        Tag::of(self.seed(), self.first)
    }

    /// The bytes before the first frame.
    pub(super) fn encode(&self, state: &Snapshot) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend(self.version.to_le_bytes());
        out.extend([0; 4]);
        out.extend(self.id.to_le_bytes());
        for number in [
            self.first,
            self.before,
            self.last,
            self.chain,
            self.step,
            self.state_len,
            self.state_sum,
        ] {
            out.extend(number.to_le_bytes());
        }
        out.extend(checksum(0, &out).to_le_bytes());
        debug_assert_eq!(out.len(), ENCODED);
        out.resize(usize::try_from(STATE).unwrap_or(0), 0);
        out.extend(&state.bytes);
        out.resize(usize::try_from(self.start()).unwrap_or(0), 0);
        out
    }

    fn decode(bytes: &[u8]) -> Result<Self, Fault> {
        let malformed = |Malformed| Fault::damaged("its header is not as it was written");
        let (body, sum) = bytes
            .split_last_chunk()
            .ok_or(Malformed)
            .map_err(malformed)?;
        if body.get(..8) != Some(&MAGIC) || u64::from_le_bytes(*sum) != checksum(0, body) {
            return Err(malformed(Malformed));
        }
        let mut rest = record::Rest(&body[8..]);
        let found = rest.number32().map_err(malformed)?;
        if found > VERSION {
            return Err(Fault::Newer { found });
        }
        let mut read = || -> Result<Self, Malformed> {
            rest.number32()?;
            Ok(Self {
                version: found,
                id: u128::from_le_bytes(rest.array()?),
                first: rest.number()?,
                before: rest.number()?,
                last: rest.number()?,
                chain: rest.number()?,
                step: rest.number()?,
                state_len: rest.number()?,
                state_sum: rest.number()?,
            })
        };
        read().map_err(malformed)
    }

    /// The header of the segment that has the name of one with this first entry; whether it is that one is not
    /// verified.
    pub(super) fn found(dir: &dyn Dir, first: u64) -> Result<Self, Fault> {
        let name = file_name(first);
        Self::decoded(&*dir.open(&name, Mode::Read)?, &name)
    }

    fn decoded(file: &dyn File, name: &str) -> Result<Self, Fault> {
        let of = |fault: Fault| fault.in_file(name);
        if file.len()? < STATE {
            return Err(of(Fault::damaged("it is shorter than it was written")));
        }
        let mut bytes = [0; ENCODED];
        file.read(0, &mut bytes)?;
        Self::decode(&bytes).map_err(of)
    }

    /// The header of an open segment, all of which is verified but for the state.
    pub(super) fn read(file: &dyn File, name: &str) -> Result<Self, Fault> {
        let of = |fault: Fault| fault.in_file(name);
        let header = Self::decoded(file, name)?;
        let len = file.len()?;
        let is_sound = header.first > header.last
            && file_name(header.first) == name
            && header.step > 0
            && header.state_len < u64::from(u32::MAX);
        if !is_sound {
            return Err(of(Fault::damaged("it is not the file that it was")));
        }
        if len % header.step != 0 || len < header.start() {
            return Err(of(Fault::damaged("it is shorter than it was written")));
        }
        Ok(header)
    }

    /// What follows it: the rooms before its first entry.
    fn snapshot(&self, file: &dyn File) -> Result<Snapshot, Fault> {
        let length = usize::try_from(self.start() - STATE).unwrap_or(usize::MAX);
        let mut state = vec![0; length];
        file.read(STATE, &mut state)?;
        let rest = state.split_off(usize::try_from(self.state_len).unwrap_or(usize::MAX));
        if checksum(0, &state) != self.state_sum || rest.iter().any(|&byte| byte != 0) {
            let wrong = Fault::damaged("who was in the room is not as it was written");
            return Err(wrong.in_file(&file_name(self.first)));
        }
        Ok(Snapshot {
            version: self.version,
            bytes: state,
        })
    }
}

/// The name of a segment that begins with this entry.
pub(super) fn file_name(first: u64) -> String {
    format!("{first:016x}.log")
}

/// With which entry the segment of this name begins.
fn first_of(name: &str) -> Option<u64> {
    let first = u64::from_str_radix(name.strip_suffix(".log")?, 16).ok()?;
    (file_name(first) == name && (1..u64::MAX).contains(&first)).then_some(first)
}

/// With which entries the segments in a directory begin, in their order.
pub(super) fn list(dir: &dyn Dir) -> Result<Vec<u64>, Fault> {
    let mut firsts: Vec<u64> = (dir.list()?.iter())
        .filter_map(|name| first_of(name))
        .collect();
    firsts.sort_unstable();
    Ok(firsts)
}

/// A segment as it is found.
#[derive(Clone, Debug)]
pub(super) struct Opened {
    pub(super) header: Header,
    pub(super) file: Arc<dyn File>,
    /// Its entries whose texts are erased.
    gone: Arc<Mutex<Arc<Gone>>>,
}

impl Opened {
    pub(super) fn new(dir: &dyn Dir, first: u64, mode: Mode) -> Result<Self, Fault> {
        let name = file_name(first);
        let file = (dir.open(&name, mode)).map_err(|error| disk::named(&name, error))?;
        let header = Header::read(&*file, &name)?;
        Self::with(header, file).with_gone(dir)
    }

    /// One of which nothing is erased.
    pub(super) fn with(header: Header, file: Arc<dyn File>) -> Self {
        Self {
            header,
            file,
            gone: Arc::default(),
        }
    }

    fn with_gone(self, dir: &dyn Dir) -> Result<Self, Fault> {
        self.read_gone(dir)?;
        Ok(self)
    }

    /// Takes note of what has been erased by now.
    pub(super) fn read_gone(&self, dir: &dyn Dir) -> Result<(), Fault> {
        let gone = Gone::read(dir, self.header.first)?;
        *self.gone.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(gone);
        Ok(())
    }

    /// Its entries whose texts are erased.
    pub(super) fn gone(&self) -> Arc<Gone> {
        Arc::clone(&self.gone.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The text of one more is about to be erased, which is written down.
    pub(super) fn note_gone(&self, sum: u64, rest: Rest) {
        let mut gone = self.gone.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::make_mut(&mut gone).insert(sum, rest);
    }

    /// One whose header is lost: all that it says is how its frames are told, which may begin anywhere.
    pub(super) fn guess(dir: &dyn Dir, first: u64, id: u128) -> Result<Self, Fault> {
        let file = dir.open(&file_name(first), Mode::Read)?;
        // It may be one of either version; as one that has rooms, all is read that is there.
        let nothing = Snapshot {
            version: VERSION,
            bytes: Vec::new(),
        };
        let header = Header::new(id, first, 1, &nothing);
        Self::with(header, file).with_gone(dir)
    }

    /// The rooms before its first entry.
    pub(super) fn directory(&self) -> Result<Directory, Fault> {
        let snapshot = self.header.snapshot(&*self.file)?;
        Directory::decode(snapshot, self.header.first).map_err(|Malformed| {
            Fault::damaged("who was in the room is not as it was written").in_file(&self.name())
        })
    }

    /// The same, to go on from there.
    pub(super) fn rooms(&self) -> Result<Rooms, Fault> {
        let mut rooms = Rooms::new(Arc::new(self.directory()?));
        rooms.missing = self.header.missing();
        Ok(rooms)
    }

    pub(super) fn name(&self) -> String {
        file_name(self.header.first)
    }
}

/// Whether all bytes of a file from a place on are zero; the place after the last one that is not, if not.
pub(super) fn last_written(file: &dyn File, from: u64) -> Result<Option<u64>, Fault> {
    let mut last = None;
    read_all(file, from, |at, bytes| {
        if let Some(nth) = bytes.iter().rposition(|&byte| byte != 0) {
            last = Some(at + nth as u64 + 1);
        }
    })?;
    Ok(last)
}
