//! The room's log: what happened, in order, encoded once for each dialect that is read.

use crate::json;
use crate::name::Name;
use crate::record::{Kind, Record, SessionId};
use crate::stream::Stream;
use crate::text::Entry;
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

/// Which of the two forms a connection reads and writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Dialect {
    /// Lines for people.
    #[default]
    Text,
    /// Objects for programs.
    Json,
}

impl Dialect {
    pub(crate) const ALL: [Self; 2] = [Self::Text, Self::Json];
}

/// Entries, numbered from 1 without holes, of which the newest are held. Outside the core there is
/// nothing to do with it but to lend it to [`Parcel::write`](crate::Parcel::write).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Log {
    epoch: Box<str>,
    text: Stream,
    /// Written only while somebody reads it.
    json: Stream,
    readers: usize,
    /// Of each entry whose line is held, the oldest first, what the line does not say.
    held: VecDeque<Facts>,
    /// The number of the last entry.
    last: u64,
    /// The entries held that have ids, by these, and the other way round.
    ids: BTreeMap<Sender, u64>,
    senders: BTreeMap<u64, Sender>,
}

/// Kept small, as there is one for each line: [`Facts::pack`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Facts {
    /// Where its line begins.
    place: u64,
    /// The time, the kind in two bits, and in six the length of the name.
    packed: u64,
}

impl Facts {
    fn pack(place: u64, at: u64, kind: Kind, name: &Name) -> Self {
        let packed = at << 8 | (kind as u64) << 6 | name.as_str().len() as u64;
        Self { place, packed }
    }

    fn at(self) -> u64 {
        self.packed >> 8
    }

    fn kind(self) -> Kind {
        match self.packed >> 6 & 3 {
            0 => Kind::Joined,
            1 => Kind::Left,
            _ => Kind::Said,
        }
    }

    /// How long the name is.
    fn name(self) -> usize {
        usize::try_from(self.packed & 63).unwrap_or(0)
    }
}

/// Who said an entry, and the id they gave it.
pub(crate) type Sender = (SessionId, Box<str>);

impl Log {
    /// An empty log with a name of its own.
    pub(crate) fn new(epoch: u128) -> Self {
        Self {
            epoch: alloc::format!("{epoch:032x}").into(),
            text: Stream::default(),
            json: Stream::default(),
            readers: 0,
            held: VecDeque::new(),
            last: 0,
            ids: BTreeMap::new(),
            senders: BTreeMap::new(),
        }
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

    /// The place behind the last line of a dialect, where the next one will begin.
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
    pub(crate) fn append(
        &mut self,
        at: u64,
        entry: Entry<'_>,
        sender: Option<Sender>,
    ) -> Range<u64> {
        let (kind, name) = match entry {
            Entry::Joined(name) => (Kind::Joined, name),
            Entry::Left(name) => (Kind::Left, name),
            Entry::Said(name, _) => (Kind::Said, name),
        };
        self.last += 1;
        if self.readers > 0 {
            let sender = sender.as_ref();
            let text = match entry {
                Entry::Said(_, text) => Some(text),
                _ => None,
            };
            let line = json::Message::Entry(json::Entry {
                room: json::ROOM.into(),
                epoch: (&*self.epoch).into(),
                seq: self.last,
                at,
                kind,
                name: name.as_str().into(),
                text: text.map(Into::into),
                id: sender.map(|(_, id)| (&**id).into()),
            })
            .to_line();
            self.json.append([line.trim_end_matches('\n'), "", ""]);
        }
        let range = self.text.append(entry.encode());
        if let Some(sender) = sender {
            self.ids.insert(sender.clone(), self.last);
            self.senders.insert(self.last, sender);
        }
        self.held
            .push_back(Facts::pack(range.start, at, kind, name));
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
        let (name, rest) = line.trim_end_matches('\n').split_at(facts.name());
        let text = match facts.kind() {
            Kind::Said => rest.strip_prefix(": ")?,
            _ => "",
        };
        Some(Record {
            seq,
            at: facts.at(),
            kind: facts.kind(),
            name: Name::parse(name).ok()?,
            text: text.into(),
            sender: self.senders.get(&seq).map(|sender| sender.0),
            id: self.senders.get(&seq).map(|sender| sender.1.clone()),
        })
    }

    /// The number of the entry held that a sender gave this id.
    pub(crate) fn find(&self, sender: &Sender) -> Option<u64> {
        self.ids.get(sender).copied()
    }

    /// One more, or one less, reads the JSON dialect's lines.
    pub(crate) fn set_reading(&mut self, reads: bool) {
        self.readers = if reads {
            self.readers + 1
        } else {
            self.readers - 1
        };
    }

    /// Lets go of the lines of a dialect before `place`.
    pub(crate) fn trim(&mut self, dialect: Dialect, place: u64) {
        if dialect == Dialect::Json {
            return self.json.trim(place);
        }
        self.text.trim(place);
        let start = self.text.start();
        let gone = self.held.partition_point(|facts| facts.place < start);
        self.held.drain(..gone);
        let first = self.first();
        while let Some(entry) = self.senders.first_entry().filter(|e| *e.key() < first) {
            self.ids.remove(&entry.remove());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_found_as_long_as_its_line_is_held() {
        let name = Name::parse("ann").unwrap();
        let mut log = Log::new(7);
        assert_eq!((log.first(), log.last()), (1, 0));
        let sender = |n: u64| (SessionId([1; 32]), Box::from(alloc::format!("id{n}")));
        for n in 1..=100_u64 {
            let text = alloc::format!("line {n}");
            let entry = match n % 3 {
                0 => Entry::Joined(&name),
                1 => Entry::Left(&name),
                _ => Entry::Said(&name, &text),
            };
            log.append(n * 10, entry, (n % 3 == 2).then(|| sender(n)));
            let head = log.head(Dialect::Text);
            log.trim(Dialect::Text, head.saturating_sub(100));
            assert_eq!(log.record(log.first() - 1), None);
            assert_eq!(log.record(n + 1), None);
            for seq in log.first()..=n {
                let record = log.record(seq).unwrap();
                assert_eq!((record.seq, record.at), (seq, seq * 10));
                assert_eq!(record.name, name);
                let found = log.find(&sender(seq));
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
                assert_eq!(log.find(&sender(gone)), None);
            }
        }
    }
}
