//! The index of a segment, in a file beside it.
//!
//! Blocks of 4,096 bytes, each ending with its own checksum. The first says of which segment it is; then come the
//! places of all entries, four bytes for each, and then the ids, twelve for each, in their order: eight of a hash, and
//! four for which entry of the segment it is. Where it was made from a damaged segment, the first block also says
//! which entry is the last that could not be read.
//!
//! Where the segment may have entries of several rooms, two tables more follow. One has a row of 49 bytes for each room
//! that the segment, or what is before it, knows of: its name after the name's length in one byte, with zeros
//! up to 32, the number of its last entry before the segment in eight, where its entries begin in the other table in
//! four, and how many they are in four. The rows are in the order of a hash of the names, so that one is found
//! with a read or two. The other table has the entries of one room after those of another, eight bytes for
//! each: how much higher its number is than that before the segment, and its place.

use super::disk::{self, Dir, File, Mode};
use super::error::Fault;
use super::record::{Malformed, Rest};
use super::segment::Opened;
use super::sum::checksum;
use super::table::{Run, Start, Table};
use chat_core::{MAX_ROOM_NAME, RoomName};
use std::cmp::Ordering;
use std::io;
use std::sync::Arc;

const MAGIC: [u8; 8] = *b"CHATIDX\0";
const BLOCK: usize = 4096;
const CONTENT: usize = BLOCK - 8;

const PLACE: usize = 4;
const ID: usize = 12;
const ROW: usize = 1 + MAX_ROOM_NAME + 8 + 4 + 4;
const ENTRY: usize = 8;

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

    /// By what the row of a room is found.
    fn of_room(self, name: &str) -> u64 {
        checksum(self.0, name.as_bytes())
    }
}

/// Where one of the tables is.
#[derive(Clone, Copy, Debug)]
struct Area {
    /// Its first block.
    block: u64,
    /// How many items it has.
    count: u64,
    /// How long each is.
    item: usize,
}

impl Area {
    fn each_block(self) -> u64 {
        (CONTENT / self.item) as u64
    }

    fn end(self) -> u64 {
        self.block + self.count.div_ceil(self.each_block())
    }

    /// The table that follows.
    fn then(self, count: u64, item: usize) -> Self {
        Self {
            block: self.end(),
            count,
            item,
        }
    }
}

/// The file, open to be read.
#[derive(Debug)]
pub(super) struct Sidecar {
    file: Arc<dyn File>,
    seal: Seal,
    places: Area,
    ids: Area,
    /// Where the segment may have entries of several rooms: the rows, and the entries.
    rooms: Option<(Area, Area)>,
    pub(super) unknown: Option<u32>,
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

/// The rows of all rooms, and the entries of each, as the file has them.
fn encode_rooms(table: &Table, seal: Seal) -> Option<(Vec<u8>, Vec<u8>)> {
    let runs = table.rooms.as_ref()?;
    let directory = runs.before.as_ref()?;
    let new = runs.of.keys().filter(|it| directory.get(it).is_none());
    let known = directory.iter().map(|it| (it.name, it.last));
    let mut rooms: Vec<(u64, &str, u64)> = known
        .chain(new.map(|room| (room.as_str(), 0)))
        .map(|(name, before)| (seal.of_room(name), name, before))
        .collect();
    rooms.sort_unstable();
    let (mut rows, mut entries) = (Vec::with_capacity(ROW * rooms.len()), Vec::new());
    let short = |number: u64| u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes();
    for (_, name, before) in rooms {
        let run = RoomName::parse_kept(name).ok();
        let run = run.and_then(|room| runs.of.get(&room));
        let start = (entries.len() / ENTRY) as u64;
        for (seq, place) in run.into_iter().flatten() {
            let more = seq.saturating_sub(before);
            // What a gap took such numbers away from is found in the segment alone.
            if more < u64::from(u32::MAX) {
                entries.extend(short(more));
                entries.extend(place.to_le_bytes());
            }
        }
        let row = rows.len();
        rows.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
        rows.extend(name.as_bytes());
        rows.resize(row + 1 + MAX_ROOM_NAME, 0);
        rows.extend(before.to_le_bytes());
        rows.extend(short(start));
        rows.extend(short((entries.len() / ENTRY) as u64 - start));
    }
    Some((rows, entries))
}

impl Sidecar {
    /// Writes the file of a segment, durably.
    pub(super) fn create(dir: &dyn Dir, segment: &Opened, table: &Table) -> Result<Self, Fault> {
        let seal = Seal::of(segment);
        let version = segment.header.version;
        let mut ids: Vec<(u64, u32)> = table.ids.iter().map(|(key, nth)| (*key, *nth)).collect();
        ids.sort_unstable();
        let (rows, entries) = encode_rooms(table, seal).unwrap_or_default();
        let counts = Counts {
            places: table.len(),
            ids: ids.len() as u64,
            rooms: (segment.header.has_rooms())
                .then_some(((rows.len() / ROW) as u64, (entries.len() / ENTRY) as u64)),
        };
        let mut head = MAGIC.to_vec();
        head.extend(version.to_le_bytes());
        let unknown = table.unknown.map_or(0, |nth| nth.saturating_add(1));
        head.extend(unknown.to_le_bytes());
        head.extend(segment.header.id.to_le_bytes());
        head.extend(segment.header.first.to_le_bytes());
        head.extend(counts.places.to_le_bytes());
        head.extend(counts.ids.to_le_bytes());
        if let Some((rows, entries)) = counts.rooms {
            head.extend(rows.to_le_bytes());
            head.extend(entries.to_le_bytes());
        }
        let places = table.places.iter().flat_map(|place| place.to_le_bytes());
        let places: Vec<u8> = places.collect();
        let ids: Vec<u8> = ids
            .iter()
            .flat_map(|(key, nth)| key.to_le_bytes().into_iter().chain(nth.to_le_bytes()))
            .collect();
        let mut out = Vec::new();
        let chunks = [&*head]
            .into_iter()
            .chain(chunks(&places, PLACE))
            .chain(chunks(&ids, ID))
            .chain(chunks(&rows, ROW))
            .chain(chunks(&entries, ENTRY));
        for (number, content) in chunks.enumerate() {
            let start = out.len();
            out.extend(content);
            out.resize(start + CONTENT, 0);
            let sum = seal.sum(number as u64, &out[start..]);
            out.extend(sum.to_le_bytes());
        }
        let file = disk::put(dir, &file_name(segment.header.first), &out)?;
        Ok(Self::of(file, seal, counts, table.unknown))
    }

    fn of(file: Arc<dyn File>, seal: Seal, counts: Counts, unknown: Option<u32>) -> Self {
        let places = Area {
            block: 1,
            count: counts.places,
            item: PLACE,
        };
        let ids = places.then(counts.ids, ID);
        let rooms = counts.rooms.map(|(rows, entries)| {
            let rows = ids.then(rows, ROW);
            (rows, rows.then(entries, ENTRY))
        });
        Self {
            file,
            seal,
            places,
            ids,
            rooms,
            unknown,
        }
    }

    /// The file of a segment that has so many entries, if there is one and it is of that.
    pub(super) fn open(dir: &dyn Dir, segment: &Opened, count: u64) -> Result<Self, Unusable> {
        let header = &segment.header;
        let file = match dir.open(&file_name(header.first), Mode::Read) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Unusable::Wrong),
            opened => opened?,
        };
        let seal = Seal::of(segment);
        let block = read_block(&*file, seal, 0)?;
        let mut rest = Rest(&block);
        let is_known = rest.array()? == MAGIC && rest.number32()? == header.version;
        let unknown = rest.number32()?.checked_sub(1);
        let is_ours = is_known
            && u128::from_le_bytes(rest.array()?) == header.id
            && rest.number()? == header.first
            && rest.number()? == count;
        if !is_ours {
            return Err(Unusable::Wrong);
        }
        let mut counts = Counts {
            places: count,
            ids: rest.number()?,
            rooms: None,
        };
        if header.has_rooms() {
            counts.rooms = Some((rest.number()?, rest.number()?));
        }
        let sidecar = Self::of(file, seal, counts, unknown);
        let last = sidecar.rooms.map_or(sidecar.ids, |(_, entries)| entries);
        if sidecar.file.len()? == last.end() * BLOCK as u64 {
            Ok(sidecar)
        } else {
            Err(Unusable::Wrong)
        }
    }

    /// The items of a table from the `nth` on, so many of them, if it has them.
    fn items(&self, area: Area, nth: u64, count: u64) -> Result<Vec<u8>, Unusable> {
        let end = nth.saturating_add(count).min(area.count);
        let each = area.each_block();
        let mut items = Vec::new();
        let mut next = nth;
        while next < end {
            let block = read_block(&*self.file, self.seal, area.block + next / each)?;
            let to = (next % each + end - next).min(each);
            let bytes = |nth: u64| usize::try_from(nth).unwrap_or(0) * area.item;
            items.extend(&block[bytes(next % each)..bytes(to)]);
            next += to - next % each;
        }
        Ok(items)
    }

    pub(super) fn places(&self, nth: u64, count: usize) -> Result<Vec<u32>, Unusable> {
        let items = self.items(self.places, nth, count as u64)?;
        let places = items.chunks_exact(PLACE);
        Ok(places
            .map(|item| Rest(item).number32())
            .collect::<Result<_, _>>()?)
    }

    /// All ids.
    pub(super) fn ids(&self) -> Result<Vec<(u64, u32)>, Unusable> {
        let items = self.items(self.ids, 0, u64::MAX)?;
        let ids = items.chunks_exact(ID).map(|item| {
            let mut rest = Rest(item);
            Ok((rest.number()?, rest.number32()?))
        });
        ids.collect()
    }

    pub(super) fn find(&self, key: u64) -> Result<Option<u32>, Unusable> {
        let found = self.search(self.ids, key, |item| Ok(Rest(item).number()?.cmp(&key)))?;
        let nth = found.map(|item| Rest(&item[8..]).number32()).transpose()?;
        Ok(nth)
    }

    /// The item of a table that compares as equal. They are in the order of hashes, and this one's is known.
    fn search(
        &self,
        area: Area,
        hash: u64,
        order: impl Fn(&[u8]) -> Result<Ordering, Unusable>,
    ) -> Result<Option<Vec<u8>>, Unusable> {
        let each = area.each_block();
        let (mut low, mut high) = (0, area.count.div_ceil(each));
        // Hashes are spread evenly: the block is as a rule the one where it ought to be.
        let ought = ((u128::from(hash) * u128::from(area.count)) >> 64) / u128::from(each);
        let mut probe = u64::try_from(ought).unwrap_or(0);
        while low < high {
            let items = self.items(area, probe * each, each)?;
            let (first, last) = (
                &items[..area.item],
                &items[items.len().saturating_sub(area.item)..],
            );
            if order(first)? == Ordering::Greater {
                high = probe;
            } else if order(last)? == Ordering::Less {
                low = probe + 1;
            } else {
                for item in items.chunks_exact(area.item) {
                    if order(item)? == Ordering::Equal {
                        return Ok(Some(item.to_vec()));
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

    /// What the segment has of a room.
    pub(super) fn run(&self, room: &RoomName, from: Start, limit: usize) -> Result<Run, Unusable> {
        let Some((rows, entries)) = self.rooms else {
            return Ok(Run::default());
        };
        let name = room.as_str();
        let wanted = (self.seal.of_room(name), name);
        let row = self.search(rows, wanted.0, |item| {
            let mut rest = Rest(item);
            let [length] = rest.array()?;
            let name = rest.text(length.into())?;
            Ok((self.seal.of_room(name), name).cmp(&wanted))
        })?;
        let Some(row) = row else {
            return Ok(Run {
                before: Some(0),
                ..Run::default()
            });
        };
        let mut rest = Rest(&row[1 + MAX_ROOM_NAME..]);
        let before = rest.number()?;
        let start = u64::from(rest.number32()?);
        let count = u64::from(rest.number32()?);
        let read = |nth: u64, count: u64| -> Result<Vec<(u64, u32)>, Unusable> {
            let items = self.items(entries, start + nth, count)?;
            let read = items.chunks_exact(ENTRY).map(|item| {
                let mut rest = Rest(item);
                let more = rest.number32()?;
                Ok((before.saturating_add(more.into()), rest.number32()?))
            });
            read.collect()
        };
        let one = |nth: u64| -> Result<(u64, u32), Unusable> {
            Ok(read(nth, 1)?.pop().ok_or(Malformed)?)
        };
        let last = if count > 0 && limit > 0 {
            Some(one(count - 1)?.0)
        } else {
            None
        };
        let (mut low, mut high) = (0, count);
        if let Start::Seq(seq) = from {
            // Nothing is missing but for damage.
            let ought = seq.saturating_sub(before + 1).min(count);
            if ought < count && one(ought)?.0 == seq {
                (low, high) = (ought, ought);
            }
        }
        while low < high && limit > 0 {
            let middle = low + (high - low) / 2;
            if from.is_after(one(middle)?) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let most = (count - low).min(limit as u64);
        Ok(Run {
            before: Some(before),
            count,
            last,
            entries: read(low, most)?,
        })
    }
}

/// How many items each of the tables has.
#[derive(Clone, Copy, Debug)]
struct Counts {
    places: u64,
    ids: u64,
    rooms: Option<(u64, u64)>,
}

/// What each block of a table has.
fn chunks(items: &[u8], item: usize) -> impl Iterator<Item = &[u8]> {
    items.chunks(CONTENT / item * item)
}

fn read_block(file: &dyn File, seal: Seal, number: u64) -> Result<Vec<u8>, Unusable> {
    let mut block = vec![0; BLOCK];
    file.read(number * BLOCK as u64, &mut block)?;
    let sum = block.split_off(CONTENT);
    if sum == seal.sum(number, &block).to_le_bytes() {
        Ok(block)
    } else {
        Err(Unusable::Wrong)
    }
}
