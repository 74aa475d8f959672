//! The room's log: what happened, in order, encoded once for each dialect that is read.

use crate::room::redaction::Redaction;
use crate::room::state::State;
use crate::room::stream::Stream;
use crate::types::entry::{Entry, Kind, Record, SessionId, is_redacted};
use crate::types::name::{Name, Unique};
use crate::types::room_name::RoomName;
use crate::wire::dialect::Dialect;
use crate::wire::json;
use crate::wire::text::line;
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

/// Entries, numbered from 1 without holes, of which the newest are held.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Log {
    room: RoomName,
    epoch: Box<str>,
    text: Stream,
    /// Written only while somebody reads it.
    json: Stream,
    readers: usize,
    /// Of each entry whose line is held, the oldest first, what the line does not say.
    held: VecDeque<Facts>,
    /// The number of the last entry.
    last: u64,
    /// What a store has of it, where there is one.
    kept: Option<Kept>,
    /// Whose sessions the entries held are of, and the ids that they gave them.
    senders: BTreeMap<u64, (SessionId, Option<Box<str>>)>,
    /// What the entries held order, as it is kept: the lines do not say all of it.
    orders: BTreeMap<u64, Box<str>>,
    /// The entries held whose text is gone: what their lines have instead is none.
    redacted: BTreeSet<u64>,
}

/// How far a log is kept in a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Kept {
    /// The oldest entry there.
    first: u64,
    /// The last entry there.
    last: u64,
    /// Entries up to this one are being put there; after their lines begin what comes after.
    under_way: Option<(u64, [u64; 2])>,
}

/// What a store has of a room, for a server that goes on with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct History {
    /// The number of the oldest entry kept; 1 if there never was one.
    pub first: u64,
    /// The number of the last entry; 0 if there is none.
    pub last: u64,
    /// The newest entries up to that one, as many as are wanted in memory.
    pub newest: Vec<Record>,
    /// The state of the room after the last entry.
    pub state: State,
}

/// Kept small, as there is one for each line: [`Facts::pack`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Facts {
    /// Where its line begins.
    place: u64,
    /// The time, the kind in four bits, and in six the length of the name.
    packed: u64,
}

impl Facts {
    fn pack(place: u64, at: u64, kind: Kind, name: &Name) -> Self {
        let packed = at << 10 | (kind as u64) << 6 | name.as_str().len() as u64;
        Self { place, packed }
    }

    fn at(self) -> u64 {
        self.packed >> 10
    }

    fn kind(self) -> Kind {
        let number = usize::try_from(self.packed >> 6 & 15);
        number
            .ok()
            .and_then(|number| Kind::ALL.get(number).copied())
            .unwrap_or(Kind::Said)
    }

    /// How long the name is.
    fn name(self) -> usize {
        usize::try_from(self.packed & 63).unwrap_or(0)
    }
}

/// Who said an entry, and the id they gave it.
pub(crate) type Sender = (SessionId, Box<str>);

impl Log {
    /// An empty log of a room, with a name of its own.
    pub(crate) fn new(room: RoomName, epoch: u128) -> Self {
        Self {
            room,
            epoch: alloc::format!("{epoch:032x}").into(),
            text: Stream::default(),
            json: Stream::default(),
            readers: 0,
            held: VecDeque::new(),
            last: 0,
            kept: None,
            senders: BTreeMap::new(),
            orders: BTreeMap::new(),
            redacted: BTreeSet::new(),
        }
    }

    /// A log that goes on with what is kept of it.
    pub(crate) fn restored(room: RoomName, epoch: u128, history: History) -> Self {
        let History {
            first,
            last,
            newest,
            ..
        } = history;
        let mut log = Self::new(room, epoch);
        // Where some of them cannot be read, those after that are in memory, and the others in the store alone.
        let is_next = |(record, seq): &(&Record, u64)| record.seq == *seq;
        let down = (1..=last).rev();
        let whole = newest.iter().rev().zip(down).take_while(is_next).count();
        log.last = last - whole as u64;
        for record in newest.into_iter().rev().take(whole).rev() {
            log.append(record.at, &record.entry());
        }
        log.kept = Some(Kept {
            first,
            last,
            under_way: None,
        });
        log.show_up_to(Dialect::ALL.map(|dialect| log.head(dialect)));
        log
    }

    fn show_up_to(&mut self, [text, json]: [u64; 2]) {
        self.text.set_bound(text);
        self.json.set_bound(json);
    }

    /// The number of the last entry that is there to stay: what comes after it is not sent yet.
    pub(crate) fn committed(&self) -> u64 {
        self.kept.map_or(self.last, |kept| kept.last)
    }

    /// The number of the oldest entry there is, in memory or in the store.
    pub(crate) fn oldest(&self) -> u64 {
        self.kept
            .map_or(u64::MAX, |kept| kept.first)
            .min(self.first())
    }

    /// Whether some of the entries are in the store, and not in memory.
    pub(crate) fn is_in_store_alone(&self) -> bool {
        self.oldest() < self.first()
    }

    /// The entry after which so many are held, or as many as there are, up to `last`.
    pub(crate) fn before_newest(&self, last: u64, count: u64) -> u64 {
        let first = self.oldest();
        last.saturating_sub(count).max((first - 1).min(last))
    }

    /// The entries held that were given ids, by these.
    pub(crate) fn said(&self) -> impl Iterator<Item = (Sender, u64)> {
        self.senders.iter().filter_map(|(seq, (session, id))| {
            let id = id.clone()?;
            Some(((*session, id), *seq))
        })
    }

    /// The entries up to this one are to be put into the store next; those of them that are not being put there yet. All that
    /// there is by now is to be sent once they are there.
    pub(crate) fn begin_commit(&mut self, last: u64) -> Range<u64> {
        let heads = Dialect::ALL.map(|dialect| self.head(dialect));
        let Some(kept) = &mut self.kept else {
            return 0..0;
        };
        let before = kept.under_way.replace((last, heads));
        before.map_or(kept.last, |(last, _)| last) + 1..last + 1
    }

    /// What was to be put into the store is there, and the oldest entry there is `first`, where that is known.
    pub(crate) fn commit(&mut self, first: Option<u64>) {
        if let Some(kept) = &mut self.kept
            && let Some((last, heads)) = kept.under_way.take()
        {
            kept.first = first.unwrap_or(kept.first);
            kept.last = last;
            self.show_up_to(heads);
        }
    }

    /// The oldest entry in the store is this.
    pub(crate) fn set_oldest(&mut self, first: u64) {
        if let Some(kept) = &mut self.kept {
            kept.first = kept.first.max(first);
        }
    }

    /// The store takes no more, and nobody is to be sent what it does not have.
    pub(crate) fn part_from_store(&mut self) {
        self.kept = None;
        self.show_up_to([u64::MAX; 2]);
    }

    /// Whether all of it is there to stay.
    pub(crate) fn is_settled(&self) -> bool {
        self.committed() == self.last
    }

    /// Which log it is: no other one has the same name.
    pub(crate) fn epoch(&self) -> &str {
        &self.epoch
    }

    /// The lines of one dialect.
    pub(crate) fn stream(&self, dialect: Dialect) -> &Stream {
        match dialect {
            Dialect::Text => &self.text,
            Dialect::Json => &self.json,
        }
    }

    /// The place after the last line of a dialect, where the next one will begin.
    pub(crate) fn head(&self, dialect: Dialect) -> u64 {
        self.stream(dialect).head()
    }

    /// The number of the last entry; 0 if there is none.
    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    /// The number of the oldest entry held; one more than the last while none is.
    pub(crate) fn first(&self) -> u64 {
        self.last + 1 - self.held.len() as u64
    }

    /// Appends an entry, and says where its line in the text dialect stands.
    pub(crate) fn append(&mut self, at: u64, entry: &Entry<'_>) -> Range<u64> {
        self.last += 1;
        let is_redacted = is_redacted(entry.kind, entry.text);
        if self.readers > 0 {
            let line = json::Message::Entry(json::Entry {
                room: self.room.as_str().into(),
                epoch: (&*self.epoch).into(),
                seq: self.last,
                at,
                kind: entry.kind,
                name: entry.name.as_str().into(),
                text: (entry.kind.has_text() && !is_redacted).then(|| entry.shown()),
                redacted: is_redacted,
                id: entry.id.map(Into::into),
                order: json::OrderOf::of(entry.kind, entry.text, false),
            })
            .to_line();
            self.json.append([line.trim_end_matches('\n'), "", "", ""]);
        }
        let range = if entry.kind == Kind::Order || is_redacted {
            if is_redacted {
                self.redacted.insert(self.last);
            } else {
                self.orders.insert(self.last, entry.text.into());
            }
            let shown = entry.shown();
            let parts = line(entry.kind, entry.name.as_str(), &shown);
            self.text.append(parts)
        } else {
            self.text.append(entry.encode())
        };
        if let Some(session) = entry.sender {
            self.senders
                .insert(self.last, (session, entry.id.map(Into::into)));
        }
        self.held
            .push_back(Facts::pack(range.start, at, entry.kind, &entry.name));
        range
    }

    /// An entry, if it is held.
    pub(crate) fn record(&self, seq: u64) -> Option<Record> {
        let index = usize::try_from(seq.checked_sub(self.first())?).ok()?;
        let facts = *self.held.get(index)?;
        let end = self
            .held
            .get(index + 1)
            .map_or(self.text.head(), |f| f.place);
        let line: Vec<u8> = self.text.slices(facts.place..end).concat();
        let line = String::from_utf8(line).ok()?;
        let (name, text) = Entry::decode(facts.kind(), facts.name(), &line)?;
        let text = if self.redacted.contains(&seq) {
            ""
        } else {
            text
        };
        Some(Record {
            room: self.room.clone(),
            seq,
            at: facts.at(),
            kind: facts.kind(),
            name: Name::parse(name).ok()?,
            text: self.orders.get(&seq).map_or(text, |it| it).into(),
            sender: self.senders.get(&seq).map(|sender| sender.0),
            id: self.senders.get(&seq).and_then(|sender| sender.1.clone()),
        })
    }

    /// The last entry held that somebody said or did, and whose text is there; none of these others.
    pub(crate) fn last_of(&self, name: &Name, but: &[u64]) -> Option<u64> {
        let name = Unique(name.clone());
        let length = name.0.as_str().len();
        let held = (1..=self.last).rev().zip(self.held.iter().rev());
        let may_be = |(seq, facts): &(u64, &Facts)| {
            facts.name() == length
                && Redaction::is_of(facts.kind())
                && !self.redacted.contains(seq)
                && !but.contains(seq)
        };
        let mut of_length = held.filter(may_be);
        of_length.find_map(|(seq, _)| {
            let record = self.record(seq)?;
            (Unique(record.name) == name).then_some(seq)
        })
    }

    /// Has the text of an entry be gone. Where its line stands in each stream, if it does.
    pub(crate) fn redact(&mut self, seq: u64, gone: &Redaction) -> [Option<Range<u64>>; 2] {
        let nth = seq
            .checked_sub(self.first())
            .and_then(|it| usize::try_from(it).ok());
        let facts = nth.and_then(|nth| self.held.get(nth));
        let in_text = facts.map(|facts| facts.place);
        if in_text.is_some() {
            self.redacted.insert(seq);
        }
        // How far the lines of this dialect go back is known to its readers alone.
        let in_json = self.json.find(gone.live(Dialect::Json).line());
        let mut ranges = [None, None];
        for (dialect, place) in Dialect::ALL.into_iter().zip([in_text, in_json]) {
            let Some(place) = place else {
                continue;
            };
            let same = gone.live(dialect).of_same_length();
            let stream = match dialect {
                Dialect::Text => &mut self.text,
                Dialect::Json => &mut self.json,
            };
            ranges[dialect as usize] = Some(place..place + same.len() as u64);
            stream.overwrite(place, &same);
        }
        ranges
    }

    /// One more, or one less, reads the JSON dialect's lines.
    pub(crate) fn set_reading(&mut self, reads: bool) {
        self.readers = if reads {
            self.readers + 1
        } else {
            self.readers - 1
        };
    }

    /// Lets go of the lines of a dialect before `place`; the ids of entries which are not held any more for that.
    pub(crate) fn trim(&mut self, dialect: Dialect, place: u64) -> Vec<Sender> {
        let mut gone = Vec::new();
        if dialect == Dialect::Json {
            self.json.trim(place);
            return gone;
        }
        self.text.trim(place);
        let start = self.text.start();
        let before = self.held.partition_point(|facts| facts.place < start);
        self.held.drain(..before);
        let first = self.first();
        if self
            .orders
            .first_key_value()
            .is_some_and(|(seq, _)| *seq < first)
        {
            self.orders = self.orders.split_off(&first);
        }
        if self.redacted.first().is_some_and(|seq| *seq < first) {
            self.redacted = self.redacted.split_off(&first);
        }
        while let Some(entry) = self.senders.first_entry().filter(|e| *e.key() < first) {
            if let (session, Some(id)) = entry.remove() {
                gone.push((session, id));
            }
        }
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::borrow::Cow;

    #[test]
    fn lines_of_the_json_dialect_are_written_while_somebody_reads_them() {
        let name = Name::parse("ann").unwrap();
        let mut log = Log::new(RoomName::LOBBY, 7);
        for (reads, is_written) in [(true, true), (true, true), (false, true), (false, false)] {
            log.set_reading(reads);
            let before = log.head(Dialect::Json);
            log.append(0, &Entry::joined(Cow::Borrowed(&name), None));
            assert_eq!(log.head(Dialect::Json) > before, is_written);
        }
    }

    #[test]
    fn an_entry_is_found_as_long_as_its_line_is_held() {
        let name = Name::parse("ann").unwrap();
        let mut log = Log::new(RoomName::LOBBY, 7);
        assert_eq!((log.first(), log.last()), (1, 0));
        let sender = |n: u64| (SessionId([1; 32]), Box::from(alloc::format!("id{n}")));
        let find = |log: &Log, n| {
            let mut said = log.said();
            said.find_map(|(it, seq)| (it == sender(n)).then_some(seq))
        };
        for n in 1..=100_u64 {
            let text = alloc::format!("line {n}");
            let (session, id) = sender(n);
            let entry = match n % 3 {
                0 => Entry::joined(Cow::Borrowed(&name), None),
                1 => Entry::left(&name),
                _ => Entry {
                    sender: Some(session),
                    id: Some(&id),
                    ..Entry::said(&name, &text)
                },
            };
            log.append(n * 10, &entry);
            let head = log.head(Dialect::Text);
            log.trim(Dialect::Text, head.saturating_sub(100));
            assert_eq!(log.record(log.first() - 1), None);
            assert_eq!(log.record(n + 1), None);
            for seq in log.first()..=n {
                let record = log.record(seq).unwrap();
                assert_eq!((record.seq, record.at), (seq, seq * 10));
                assert_eq!(record.name, name);
                let found = find(&log, seq);
                match seq % 3 {
                    0 => assert_eq!((record.kind, found), (Kind::Joined, None)),
                    1 => assert_eq!((record.kind, found), (Kind::Left, None)),
                    _ => {
                        assert_eq!(*record.text, alloc::format!("line {seq}"));
                        assert_eq!((record.kind, found), (Kind::Said, Some(seq)));
                    }
                }
            }
            assert!(log.first() > 1 || n < 10);
            for gone in 1..log.first() {
                assert_eq!(find(&log, gone), None);
            }
        }
    }
}
