//! All of a log gone through as it is, also where it is damaged, and nothing is changed.

use super::LOBBY_ALONE;
use super::disk::{self, Dir, Mode, Place};
use super::erase;
use super::error::Fault;
use super::gone;
use super::head::{Head, Mark};
use super::opening::{Lock, refuse_version_1, segments_of};
use super::record::{self, Found};
use super::rooms::Rooms;
use super::segment::{self, Header, Opened};
use super::walk::{Salvaged, Step, Tail, Walk};
use chat_core::{Record, RoomName};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How often it is looked at anew, where some of it is removed meanwhile.
const TRIES: usize = 20;

/// A log to be looked at.
#[derive(Debug)]
pub(super) struct Survey {
    pub(super) segments: Vec<Opened>,
    /// How far it certainly reaches.
    pub(super) known: Mark,
    /// A server has it open, and appends to it meanwhile: it is gone through as far as is known.
    is_in_use: bool,
    /// What is wrong with its files.
    flaws: Vec<String>,
    /// The segments whose headers are.
    guessed: Vec<u64>,
    dir: Arc<dyn Dir>,
    _lock: Option<Lock>,
}

/// What is found, in the order of the log.
#[derive(Debug)]
pub(super) enum Item {
    /// A segment begins, with these rooms.
    Rooms(Rooms),
    /// An entry, at this offset.
    Entry(u64, Record),
    /// Entries that cannot be read: the offsets of the first and the last.
    Lost(u64, u64),
    /// Entries that were lost before this log was made.
    Gap(u64, u64),
    /// The text of the entry that comes next was ordered gone and is still there: the room, and its number there, and whether
    /// whoever opens the log erases it. The entry comes without it.
    Left(RoomName, u64, bool),
    /// Something that costs no entry.
    Flaw(String),
    /// What is after the last entry is too damaged to tell whether there were others.
    End,
}

impl Survey {
    /// A log all of whose files are what they are to be, for all that is to be seen without reading their
    /// entries.
    pub(super) fn new(place: &Place) -> Result<Self, Fault> {
        let dir = place.existing()?.ok_or(Fault::Missing)?;
        let first = || {
            Head::open(&*dir, Mode::Read)
                .ok()
                .flatten()
                .map(|head| head.mark.first)
        };
        let mut tries = 0;
        loop {
            tries += 1;
            let before = first();
            match Self::of(&dir) {
                // A server removed some of it meanwhile.
                Err(Fault::Damaged(_) | Fault::Io(_)) if first() != before && tries < TRIES => {}
                survey => return survey,
            }
        }
    }

    fn of(from: &Arc<dyn Dir>) -> Result<Self, Fault> {
        let dir = &**from;
        refuse_version_1(dir)?;
        let head = Head::open(dir, Mode::Read);
        if matches!(head, Ok(None)) && segment::list(dir)?.is_empty() {
            return Err(Fault::Missing);
        }
        let lock = dir.lock(false)?;
        let known = match head? {
            Some(head) if !head.mark.is_made => return Err(Fault::Unfinished),
            Some(head) => head.mark,
            None => return Err(Fault::damaged("its file `head` is missing")),
        };
        let mut segments = segments_of(dir, known, Mode::Read)?;
        if lock.is_none() {
            // Those after that were begun meanwhile, or nothing in them is known to be there.
            segments.retain(|segment| segment.header.last <= known.last);
        }
        Ok(Self {
            segments,
            known,
            is_in_use: lock.is_none(),
            flaws: Vec::new(),
            guessed: Vec::new(),
            dir: Arc::clone(from),
            _lock: lock,
        })
    }

    /// The same of one any of whose files may be missing or wrong: what they would say is guessed then.
    pub(super) fn of_what_is_there(place: &Place) -> Result<Self, Fault> {
        let what = match Self::new(place) {
            Err(Fault::Damaged(what)) => what,
            survey => return survey,
        };
        let dir = place.existing()?.ok_or(Fault::Missing)?;
        let Some(lock) = dir.lock(false)? else {
            return Err(Fault::Damaged(what));
        };
        let head = Head::open(&*dir, Mode::Read).ok().flatten();
        let mut found = Vec::new();
        for first in segment::list(&*dir)? {
            match Header::found(&*dir, first) {
                Err(Fault::Newer { found }) => return Err(Fault::Newer { found }),
                header => found.push((first, header.ok())),
            }
        }
        let ids: Vec<u128> = (found.iter())
            .filter_map(|(_, header)| header.map(|it| it.id))
            .collect();
        let count = |id: u128| ids.iter().filter(|it| **it == id).count();
        let most = ids.iter().copied().max_by_key(|id| count(*id));
        // It is of another log than all of the rest.
        let is_stray = |id| count(id) == 0 && most.is_some_and(|most| count(most) > 1);
        let known = head.map(|head| head.mark).filter(|it| !is_stray(it.id));
        let Some(id) = known.map(|known| known.id).or(most) else {
            return Err(Fault::Damaged(what));
        };
        let mut flaws = vec![what.clone()];
        let (mut segments, mut guessed) = (Vec::new(), Vec::new());
        for (first, header) in found {
            let name = segment::file_name(first);
            match header {
                Some(header) if header.id != id => {
                    flaws.push(format!("`{name}` is of another log, and is left aside"));
                    continue;
                }
                Some(header) if header.first != first => {
                    let other = segment::file_name(header.first);
                    flaws.push(format!(
                        "`{name}` is `{other}` by another name, and is left aside"
                    ));
                    continue;
                }
                _ => {}
            }
            let opened = Opened::new(&*dir, first, Mode::Read).or_else(|_| {
                guessed.push(first);
                Opened::guess(&*dir, first, id)
            });
            segments.extend(opened.ok());
        }
        let Some(oldest) = segments.first().map(|it| it.header) else {
            return Err(Fault::Damaged(what));
        };
        let known = match known {
            Some(known) => known,
            None => Mark {
                id,
                epoch: place.disk.random()?,
                first: oldest.first,
                last: oldest.first - 1,
                chain: oldest.chain,
                is_made: true,
            },
        };
        Ok(Self {
            segments,
            known,
            is_in_use: false,
            flaws,
            guessed,
            dir,
            _lock: Some(lock),
        })
    }

    /// The version of the format that has all of it.
    pub(super) fn version(&self) -> u32 {
        let known = (self.segments.iter()).filter(|it| !self.guessed.contains(&it.header.first));
        let versions = known.map(|it| it.header.version);
        versions.max().unwrap_or(LOBBY_ALONE)
    }

    /// The size of its segments.
    pub(super) fn size(&self) -> Result<u64, Fault> {
        let sizes = self.segments.iter().map(|segment| segment.file.len());
        Ok(sizes.sum::<Result<u64, _>>()?)
    }

    /// Goes through all of it; the last entry. Texts that are to be gone are not among what is found.
    pub(super) fn each(&self, each: impl FnMut(Item) -> Result<(), Fault>) -> Result<u64, Fault> {
        let newest = self.segments.last().map_or(0, |it| it.header.first);
        let mut ordered = Ordered::new();
        self.pass(&Ordered::new(), |item| {
            if let Item::Entry(offset, order) = item
                && let Some(target) = erase::target(&order)
            {
                *ordered.entry(target).or_default() |= offset >= newest;
            }
            Ok(())
        })?;
        self.pass(&ordered, each)
    }

    fn pass(
        &self,
        ordered: &Ordered,
        mut each: impl FnMut(Item) -> Result<(), Fault>,
    ) -> Result<u64, Fault> {
        for flaw in &self.flaws {
            each(Item::Flaw(flaw.clone()))?;
        }
        let mut pass = Pass {
            survey: self,
            ordered,
            each: &mut each,
            next: (self.segments.first())
                .map_or(self.known.first, |it| it.header.first.min(self.known.first)),
            chain: None,
            rooms: None,
            found: 0,
            bare: None,
        };
        for (nth, segment) in self.segments.iter().enumerate() {
            let following = self.segments.get(nth + 1);
            pass.segment(segment, following)?;
        }
        if pass.found < ordered.len()
            && let Some(gone) = pass.bare.take()
        {
            let what = format!(
                "`{gone}` is missing: if texts of its segment were erased, their entries can be read with that file alone, so put \
                 it back"
            );
            (pass.each)(Item::Flaw(what))?;
        }
        let (last, known) = (pass.next - 1, self.known.last);
        if last < known {
            pass.lose(known + 1)?;
        }
        Ok(last.max(known))
    }
}

/// Entries whose texts are ordered gone, and whether by an order that whoever opens the log comes by.
type Ordered = BTreeMap<(RoomName, u64), bool>;

struct Pass<'a> {
    survey: &'a Survey,
    ordered: &'a Ordered,
    each: &'a mut dyn FnMut(Item) -> Result<(), Fault>,
    next: u64,
    /// The sum of the last frame, unless something was lost since.
    chain: Option<u64>,
    rooms: Option<Rooms>,
    /// How many of those that are ordered gone were found.
    found: usize,
    /// The file that would say what was erased of a damaged segment, where it is missing.
    bare: Option<String>,
}

impl Pass<'_> {
    /// The next entry is this one: those before it are lost.
    fn lose(&mut self, next: u64) -> Result<(), Fault> {
        let from = std::mem::replace(&mut self.next, next);
        if from < next {
            (self.chain, self.rooms) = (None, None);
            (self.each)(Item::Lost(from, next - 1))?;
        }
        Ok(())
    }

    fn flaw(&mut self, what: &str, of: &Opened) -> Result<(), Fault> {
        let what = format!("in `{}`, {what}", of.name());
        (self.each)(Item::Flaw(what))
    }

    fn segment(&mut self, it: &Opened, following: Option<&Opened>) -> Result<(), Fault> {
        let header = &it.header;
        self.lose(header.last + 1)?;
        if self.survey.guessed.contains(&header.first) {
            return self.frames(it, following);
        }
        // Of what is missing before, some may still explain a number.
        let missing = self.rooms.as_ref().map_or(0, |it| it.missing);
        if header.last + 1 < header.first {
            (self.each)(Item::Gap(header.last + 1, header.first - 1))?;
            self.next = header.first;
            (self.chain, self.rooms) = (None, None);
        } else if self.chain.is_some_and(|chain| chain != header.chain) {
            self.flaw("what it follows is not what was before it", it)?;
        }
        match (it.rooms(), &self.rooms) {
            (Ok(rooms), Some(folded)) if rooms.directory() != folded.directory() => {
                self.flaw("who was in the room does not agree with the entries", it)?;
            }
            (Err(_), _) => self.flaw("who was in the room is not as it was written", it)?,
            (Ok(mut rooms), _) => {
                rooms.missing += missing;
                self.rooms = Some(rooms);
            }
        }
        if let Some(rooms) = self.rooms.clone() {
            (self.each)(Item::Rooms(rooms))?;
        }
        self.frames(it, following)
    }

    fn entry(
        &mut self,
        offset: u64,
        mut record: Record,
        is_left: bool,
        of: &Opened,
    ) -> Result<(), Fault> {
        self.next = offset + 1;
        if erase::has_text(record.kind) {
            let entry = (record.room.clone(), record.seq);
            let ordered = self.ordered.get(&entry);
            self.found += usize::from(ordered.is_some());
            if is_left || ordered.is_some() && !record.text.is_empty() {
                let is_found = is_left || ordered == Some(&true);
                (self.each)(Item::Left(entry.0, entry.1, is_found))?;
                record.text = "".into();
            }
        }
        let folded = self.rooms.as_mut().map(|rooms| rooms.fold(&record));
        if let Some(Err(expected)) = folded {
            let (room, seq) = (&record.room, record.seq);
            let what =
                format!("entry {offset} has number {seq} in room {room} instead of {expected}");
            self.flaw(&what, of)?;
        }
        (self.each)(Item::Entry(offset, record))
    }

    fn frames(&mut self, it: &Opened, following: Option<&Opened>) -> Result<(), Fault> {
        let header = &it.header;
        let is_guessed = self.survey.guessed.contains(&header.first);
        let mut walk = Walk::new(it)?;
        // Beside a server, what follows that may be being written.
        let bound = if self.survey.is_in_use {
            self.survey.known.last
        } else {
            u64::MAX
        };
        let last = following.map_or(bound, |following| following.header.last.min(bound));
        while walk.next <= last {
            let at = walk.at;
            let mut found = Vec::new();
            let mut each = |_, it: Found<'_>| found.push((it.offset, it.body.to_vec(), it.is_left));
            let mut step = walk.step(&mut each)?;
            if step != Step::Frame && self.survey.is_in_use {
                // A text in it may have been erased meanwhile.
                it.read_gone(&*self.survey.dir)?;
                walk.renew(it);
                step = walk.step(&mut each)?;
            }
            let (mut salvaged, mut flaw) = (Salvaged::UpToFrame, None);
            if step != Step::Frame {
                if following.is_none() && !(is_guessed && at == header.start()) {
                    match walk.tail(step, self.survey.known.last) {
                        Ok(Tail::Clean | Tail::Torn(_)) => break,
                        Err(Fault::Damaged(what)) => flaw = Some(what),
                        Err(fault) => return Err(fault),
                    }
                }
                self.chain = None;
                let gone = gone::file_name(header.first);
                if disk::open(&*self.survey.dir, &gone, Mode::Read)?.is_none() {
                    self.bare.get_or_insert(gone);
                }
                salvaged = walk.salvage(&mut each)?;
            }
            let has_found = !found.is_empty();
            for (offset, body, is_left) in found {
                if offset > last {
                    break;
                }
                self.lose(offset)?;
                // Where its sum is right, a newer program wrote it, or this one wrongly.
                match record::decode(offset, &body) {
                    Ok(record) => self.entry(offset, record, is_left, it)?,
                    Err(_) => self.lose(offset + 1)?,
                }
            }
            if step == Step::Frame {
                self.chain = Some(walk.chain);
                continue;
            }
            let what = flaw.unwrap_or_else(|| "a frame is not as it was written".into());
            match salvaged {
                Salvaged::UpToFrame => {
                    self.lose(walk.next.min(last.saturating_add(1)))?;
                    self.flaw(&what, it)?;
                }
                Salvaged::Rest(mut from) => {
                    if has_found || following.is_none() {
                        self.flaw(&what, it)?;
                    }
                    if following.is_none() {
                        if let Step::Broken(Some(header)) = step {
                            self.lose((header.last() + 1).max(self.next))?;
                            from = from.max(at + header.len as u64);
                        }
                        if !is_guessed && !walk.is_end(from)? {
                            (self.each)(Item::End)?;
                        }
                    }
                    break;
                }
            }
        }
        // It may have been longer.
        if is_guessed && following.is_none() {
            (self.each)(Item::End)?;
        }
        Ok(())
    }
}
