//! Where in a segment each entry is, and which of them has an id.
//!
//! That of the segment being written is in memory. One is written beside each segment that is full: it
//! follows from that, and is made again where it is missing or not as it was written.
//!
//! The file: blocks of 4,096 bytes, each ending with its own checksum. The first says of which segment it is;
//! then come the places of all entries, four bytes for each, and then the ids, twelve for each, in their
//! order: eight of a hash, and four for which entry of the segment it is. Where it was made from a damaged
//! segment, the first block also says which entry is the last that could not be read.

use super::VERSION;
use super::disk::{self, Dir, File, Mode};
use super::error::Fault;
use super::record::{self, Found, Malformed, Rest, Seed, checksum};
use super::segment::Opened;
use super::walk::{Salvaged, Step, Walk};
use std::collections::HashMap;
use std::io;
use std::sync::Arc;

const MAGIC: [u8; 8] = *b"CHATIDX\0";
const BLOCK: usize = 4096;
const CONTENT: usize = BLOCK - 8;
/// How many of each a block has.
const PLACES: usize = CONTENT / 4;
const IDS: usize = CONTENT / 12;
const PLACES_64: u64 = PLACES as u64;
const IDS_64: u64 = IDS as u64;

/// The places of a segment's entries, and their ids, in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Table {
    /// Of the first entry of the segment and those after it; 0 where one cannot be read.
    places: Vec<u32>,
    ids: HashMap<u64, u32>,
    /// The last entry of which it is not known whether it has an id: it cannot be read.
    unknown: Option<u32>,
}

impl Table {
    /// How many entries it knows of.
    pub(super) fn len(&self) -> u64 {
        self.places.len() as u64
    }

    /// The next entry is at this place, and is found by this key, if it has an id.
    pub(super) fn push(&mut self, place: u64, key: Option<u64>) {
        if let Some(key) = key {
            let nth = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
            self.ids.insert(key, nth);
        }
        self.places.push(u32::try_from(place).unwrap_or(0));
    }

    /// The entry with this number in the segment is at this place; those before it cannot be read.
    pub(super) fn push_found(&mut self, first: u64, place: u64, found: &Found<'_>, seed: Seed) {
        let before = usize::try_from(found.seq - first).unwrap_or(usize::MAX);
        self.places.resize(before, 0);
        self.push(place, record::key_of(seed, found.body));
    }

    /// Made again from a segment, which may be damaged, up to this entry.
    pub(super) fn of(segment: &Opened, last: u64) -> Result<Self, Fault> {
        let mut table = Self::default();
        let (first, seed) = (segment.header.first, segment.header.seed());
        let mut walk = Walk::new(segment)?;
        loop {
            let mut each = |place: u64, found: Found<'_>| {
                if found.seq <= last {
                    table.push_found(first, place, &found, seed);
                }
            };
            if walk.next > last {
                break;
            }
            let goes_on = match walk.step(&mut each)? {
                Step::Frame => true,
                Step::Nothing | Step::Broken(_) => walk.salvage(&mut each)? == Salvaged::UpToFrame,
            };
            if !goes_on {
                break;
            }
        }
        let count = usize::try_from(last + 1 - first).unwrap_or(usize::MAX);
        table.places.resize(count, 0);
        let unread = table.places.iter().rposition(|place| *place == 0);
        table.unknown = unread.map(|nth| u32::try_from(nth).unwrap_or(u32::MAX));
        Ok(table)
    }

    /// Adds what the file that was written beside the segment says of entries that cannot be read any more.
    pub(super) fn add_lost(&mut self, sidecar: &Sidecar) -> Result<(), Unusable> {
        if self.unknown.is_none() {
            return Ok(());
        }
        for (key, nth) in sidecar.ids()? {
            let place = usize::try_from(nth)
                .ok()
                .and_then(|nth| self.places.get(nth));
            if place == Some(&0) {
                let newest = self.ids.entry(key).or_insert(nth);
                *newest = nth.max(*newest);
            }
        }
        self.unknown = sidecar.unknown;
        Ok(())
    }

    fn places(&self, nth: u64, count: usize) -> &[u32] {
        let nth = usize::try_from(nth).unwrap_or(usize::MAX);
        let rest = self.places.get(nth..).unwrap_or_default();
        &rest[..count.min(rest.len())]
    }

    /// The file that says the same.
    fn encode(&self, segment: &Opened) -> Vec<u8> {
        let seed = Seal::of(segment);
        let mut ids: Vec<(u64, u32)> = self.ids.iter().map(|(key, nth)| (*key, *nth)).collect();
        ids.sort_unstable();
        let mut head = MAGIC.to_vec();
        head.extend(VERSION.to_le_bytes());
        let unknown = self.unknown.map_or(0, |nth| nth.saturating_add(1));
        head.extend(unknown.to_le_bytes());
        head.extend(segment.header.id.to_le_bytes());
        head.extend(segment.header.first.to_le_bytes());
        head.extend(self.len().to_le_bytes());
        head.extend((ids.len() as u64).to_le_bytes());
        let places = self.places.iter().flat_map(|place| place.to_le_bytes());
        let places: Vec<u8> = places.collect();
        let ids: Vec<u8> = ids
            .iter()
            .flat_map(|(key, nth)| key.to_le_bytes().into_iter().chain(nth.to_le_bytes()))
            .collect();
        let mut out = Vec::new();
        let chunks = [&*head]
            .into_iter()
            .chain(places.chunks(4 * PLACES))
            .chain(ids.chunks(12 * IDS));
        for (number, content) in chunks.enumerate() {
            let start = out.len();
            out.extend(content);
            out.resize(start + CONTENT, 0);
            let sum = seed.sum(number as u64, &out[start..]);
            out.extend(sum.to_le_bytes());
        }
        out
    }
}

/// What binds blocks to their segment.
#[derive(Clone, Copy, Debug)]
struct Seal(u64);

impl Seal {
    fn of(segment: &Opened) -> Self {
        let first = segment.header.first.to_le_bytes();
        Self(checksum(segment.header.seed().0, &first))
    }

    fn sum(self, block: u64, content: &[u8]) -> u64 {
        checksum(self.0.wrapping_add(block), content)
    }
}

/// The same in a file.
#[derive(Debug)]
pub(super) struct Sidecar {
    file: Arc<dyn File>,
    seal: Seal,
    count: u64,
    ids: u64,
    unknown: Option<u32>,
}

/// Why a file does not say what is to be known.
#[derive(Debug)]
pub(super) enum Unusable {
    /// It is not as it was written, or of another segment: it is to be made again.
    Wrong,
    Io(io::Error),
}

impl From<io::Error> for Unusable {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Wrong,
            _ => Self::Io(error),
        }
    }
}

impl From<Malformed> for Unusable {
    fn from(Malformed: Malformed) -> Self {
        Self::Wrong
    }
}

/// The name of the file of a segment that begins with this entry.
pub(super) fn file_name(first: u64) -> String {
    format!("{first:016x}.idx")
}

/// Takes away the file of a segment that begins with this entry.
pub(super) fn remove(dir: &dyn Dir, first: u64) -> io::Result<()> {
    disk::remove(dir, &file_name(first))
}

impl Sidecar {
    /// Writes the file of a segment, durably.
    pub(super) fn create(dir: &dyn Dir, segment: &Opened, table: &Table) -> Result<Self, Fault> {
        let name = file_name(segment.header.first);
        let file = disk::put(dir, &name, &table.encode(segment))?;
        Ok(Self {
            file,
            seal: Seal::of(segment),
            count: table.len(),
            ids: table.ids.len() as u64,
            unknown: table.unknown,
        })
    }

    /// The file of a segment that has so many entries, if there is one and it is of that.
    pub(super) fn open(dir: &dyn Dir, segment: &Opened, count: u64) -> Result<Self, Unusable> {
        let header = &segment.header;
        let file = match dir.open(&file_name(header.first), Mode::Read) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Unusable::Wrong),
            opened => opened?,
        };
        let seal = Seal::of(segment);
        let mut sidecar = Self {
            file,
            seal,
            count,
            ids: 0,
            unknown: None,
        };
        let block = sidecar.block(0)?;
        let mut rest = Rest(&block);
        let is_known = rest.array()? == MAGIC && rest.number32()? == VERSION;
        sidecar.unknown = rest.number32()?.checked_sub(1);
        let is_ours = is_known
            && u128::from_le_bytes(rest.array()?) == header.id
            && rest.number()? == header.first
            && rest.number()? == count;
        sidecar.ids = rest.number()?;
        let blocks = 1 + count.div_ceil(PLACES_64) + sidecar.ids.div_ceil(IDS_64);
        if is_ours && sidecar.file.len()? == blocks * BLOCK as u64 {
            Ok(sidecar)
        } else {
            Err(Unusable::Wrong)
        }
    }

    fn block(&self, number: u64) -> Result<Vec<u8>, Unusable> {
        let mut block = vec![0; BLOCK];
        self.file.read(number * BLOCK as u64, &mut block)?;
        let sum = block.split_off(CONTENT);
        if sum == self.seal.sum(number, &block).to_le_bytes() {
            Ok(block)
        } else {
            Err(Unusable::Wrong)
        }
    }

    fn places(&self, nth: u64, count: usize) -> Result<Vec<u32>, Unusable> {
        let end = nth.saturating_add(count as u64).min(self.count);
        let mut places = Vec::new();
        let mut next = nth;
        while next < end {
            let block = self.block(1 + next / PLACES_64)?;
            let in_block = next % PLACES_64..(next % PLACES_64 + end - next).min(PLACES_64);
            for at in in_block {
                let at = usize::try_from(4 * at).unwrap_or(usize::MAX);
                places.push(Rest(&block[at..]).number32()?);
                next += 1;
            }
        }
        Ok(places)
    }

    /// All ids.
    fn ids(&self) -> Result<Vec<(u64, u32)>, Unusable> {
        let first_block = 1 + self.count.div_ceil(PLACES_64);
        let mut ids = Vec::new();
        let mut left = self.ids;
        for number in first_block..first_block + self.ids.div_ceil(IDS_64) {
            let block = self.block(number)?;
            let held = usize::try_from(left.min(IDS_64)).unwrap_or(IDS);
            for entry in block.chunks_exact(12).take(held) {
                let mut rest = Rest(entry);
                ids.push((rest.number()?, rest.number32()?));
            }
            left = left.saturating_sub(IDS_64);
        }
        Ok(ids)
    }

    fn find(&self, key: u64) -> Result<Option<u32>, Unusable> {
        let first_block = 1 + self.count.div_ceil(PLACES_64);
        let (mut low, mut high) = (0, self.ids.div_ceil(IDS_64));
        // Hashes are spread evenly: the block is as a rule the one where it ought to be.
        let ought = ((u128::from(key) * u128::from(self.ids)) >> 64) / u128::from(IDS_64);
        let mut probe = u64::try_from(ought).unwrap_or(0);
        while low < high {
            let block = self.block(first_block + probe)?;
            let held = (self.ids - probe * IDS_64).min(IDS_64);
            let length = usize::try_from(12 * held).unwrap_or(0);
            let entries = &block[..length];
            let key_at = |at: usize| Rest(&entries[at..]).number();
            if key < key_at(0)? {
                high = probe;
            } else if key > key_at(length - 12)? {
                low = probe + 1;
            } else {
                for entry in entries.chunks_exact(12) {
                    let mut rest = Rest(entry);
                    if rest.number()? == key {
                        return Ok(Some(rest.number32()?));
                    }
                }
                return Ok(None);
            }
            // It is the next one to it, mostly.
            probe = if high == probe {
                probe.saturating_sub(1).max(low)
            } else {
                low
            };
        }
        Ok(None)
    }
}

/// What is known of a segment.
#[derive(Debug)]
pub(super) enum Index {
    Memory(Table),
    File(Sidecar),
}

impl Index {
    /// Where so many entries are, the first of them the `nth` of the segment.
    pub(super) fn places(&self, nth: u64, count: usize) -> Result<Vec<u32>, Unusable> {
        match self {
            Self::Memory(table) => Ok(table.places(nth, count).to_vec()),
            Self::File(sidecar) => sidecar.places(nth, count),
        }
    }

    /// Which entry of the segment has this key.
    pub(super) fn find(&self, key: u64) -> Result<Option<u32>, Unusable> {
        match self {
            Self::Memory(table) => Ok(table.ids.get(&key).copied()),
            Self::File(sidecar) => sidecar.find(key),
        }
    }

    /// The last entry of the segment of which it is not known whether it has an id.
    pub(super) fn unknown(&self) -> Option<u32> {
        match self {
            Self::Memory(table) => table.unknown,
            Self::File(sidecar) => sidecar.unknown,
        }
    }
}
