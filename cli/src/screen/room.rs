//! What happened in a room, as far as it is loaded: blocks, each of which is shown as one.
//!
//! Blocks have numbers of their own that stay with them while others are put before and after them, so that a place in the
//! room can be remembered.

use super::block::{Block, Entry, What};
use super::blocks::Blocks;
use super::desk::Desk;
use super::people::People;
use chat_core::{Kind, Name};
use std::borrow::Cow;
use std::collections::BTreeSet;
use unicode_width::UnicodeWidthChar;

/// The most blocks that are loaded. Who reads back has the newest go; who does not has the oldest go.
pub const MAX_BLOCKS: usize = 100_000;

/// Comings and goings with less than that between the first and the next are told together, in milliseconds.
const TOGETHER: u64 = 10 * 60 * 1000;

/// So many of one's own comings and goings are known that follow what is not read.
const MAX_OWN_MOVES: usize = 16;

/// So many answers are to come of which nobody has to be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// To who is there.
    pub(super) who: usize,
    /// To what the room is about.
    pub(super) topic: usize,
}

/// A room, as far as it is loaded.
#[derive(Clone, Debug)]
pub struct Room {
    /// Its name; of a conversation with one person, theirs.
    pub name: String,
    /// It is a conversation with one person.
    pub is_conversation: bool,
    /// What it is about; empty if about nothing.
    pub topic: String,
    /// Which log what happened is of.
    pub epoch: Option<String>,
    /// The server tells what happens in it.
    pub is_in: bool,
    /// The person was in it.
    pub(super) was_in: bool,
    /// They asked to be in it no more.
    pub(super) is_parting: bool,
    /// They are in it no more, and have not asked for that: it is there until they go elsewhere.
    pub(super) is_gone: bool,
    /// Where they were when they asked to be in it: a name, and whether that is of a conversation.
    pub(super) came_from: Option<(String, bool)>,
    /// What the screen has asked for by itself: nobody has to be told the answer.
    pub(super) asked: Asked,
    /// Who is in it.
    pub people: People,
    /// Who is kept out of it, as far as that was told.
    pub banned: Vec<String>,
    /// What one has before oneself in it, while another one is looked at.
    pub desk: Desk,
    blocks: Blocks,
    /// The number of the first block.
    base: i64,
    /// The numbers of the first and the last entry.
    span: Option<(u64, u64)>,
    /// The person has cleared it: only what comes from this block on is seen, unless they read back.
    pub cleared: i64,
    /// There is nothing before what is loaded.
    pub is_complete: bool,
    /// The last entry that the person has seen before they looked away.
    pub marker: Option<u64>,
    /// Entries after that by which they came or went themselves.
    own_moves: BTreeSet<u64>,
    /// What was said since they looked away.
    pub unread: usize,
    /// How much of it names them.
    pub mentions: usize,
}

impl Room {
    /// An empty room.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            is_conversation: false,
            topic: String::new(),
            epoch: None,
            is_in: false,
            was_in: false,
            is_parting: false,
            is_gone: false,
            came_from: None,
            asked: Asked::default(),
            people: People::default(),
            banned: Vec::new(),
            desk: Desk::default(),
            blocks: Blocks::default(),
            base: 0,
            span: None,
            cleared: i64::MIN,
            is_complete: false,
            marker: None,
            own_moves: BTreeSet::new(),
            unread: 0,
            mentions: 0,
        }
    }

    /// A conversation with somebody, in which nothing was said.
    pub fn with(name: &str) -> Self {
        Self {
            is_conversation: true,
            // No server has anything before it.
            is_complete: true,
            ..Self::new(name)
        }
    }

    /// Its name as it is shown: in parentheses where the person is in it no more.
    pub fn shown_name(&self) -> Cow<'_, str> {
        if self.is_gone {
            format!("({})", self.name).into()
        } else {
            (&*self.name).into()
        }
    }

    /// Nothing is loaded any more: the log is another one.
    pub fn begin_again(&mut self) {
        let empty = Self::new(&self.name);
        let before = std::mem::replace(self, empty);
        (self.topic, self.people, self.desk) = (before.topic, before.people, before.desk);
        (self.is_in, self.asked) = (before.is_in, before.asked);
        (self.was_in, self.is_parting) = (before.was_in, before.is_parting);
        (self.is_gone, self.came_from) = (before.is_gone, before.came_from);
    }

    /// The numbers of its blocks: those from the first on that are before the second.
    pub fn ids(&self) -> std::ops::Range<i64> {
        let count = i64::try_from(self.blocks.len()).unwrap_or(i64::MAX);
        self.base..self.base + count
    }

    /// The block of a number.
    pub fn get(&self, id: i64) -> Option<Cow<'_, Block>> {
        let index = usize::try_from(id - self.base).ok()?;
        self.blocks.get(index)
    }

    /// The number of the oldest entry.
    pub fn oldest(&self) -> Option<u64> {
        self.span.map(|(first, _)| first)
    }

    /// Whether all that is loaded happened after that time, in milliseconds since the Unix epoch, and anything is.
    pub fn starts_after(&self, at: u64) -> bool {
        let first = self.span.and_then(|_| self.get(self.base));
        first.is_some_and(|first| first.at > at)
    }

    /// The number of the newest entry.
    pub fn newest(&self) -> Option<u64> {
        self.span.map(|(_, last)| last)
    }

    /// The number of the newest block before `before` whose text contains `pattern`, which is in lower case.
    pub fn find(&self, pattern: &str, before: i64) -> Option<i64> {
        let contains = |block: &Block| match &block.what {
            What::Said { name, text, .. }
            | What::Acted { name, text, .. }
            | What::Did { name, text, .. } => {
                text.to_lowercase().contains(pattern) || name.to_lowercase().contains(pattern)
            }
            What::Notice(text) => text.to_lowercase().contains(pattern),
            What::Moved(_) => false,
        };
        let ids = self.ids();
        let mut older = (ids.start..before.min(ids.end)).rev();
        older.find(|id| self.get(*id).is_some_and(|block| contains(&block)))
    }

    /// The first block that is not read, of those that are loaded.
    pub fn first_unread(&self) -> Option<i64> {
        let marker = self.marker?;
        let ids = self.ids();
        let mut first = None;
        for id in ids.rev() {
            match self.get(id) {
                Some(block) if block.last <= marker => break,
                Some(block) if !matches!(block.what, What::Notice(_)) => first = Some(id),
                _ => {}
            }
        }
        first
    }

    /// Adds what happened after everything that is loaded; whether it is new.
    pub fn append(&mut self, entry: Entry) -> bool {
        if self.newest().is_some_and(|newest| entry.seq <= newest) {
            return false;
        }
        let first = self.oldest().unwrap_or(entry.seq);
        self.span = Some((first, entry.seq));
        if let (Kind::Joined | Kind::Left, Some(block)) = (entry.kind, self.blocks.last_mut())
            && entry.at.saturating_sub(block.at) < TOGETHER
            && let What::Moved(moves) = &mut block.what
        {
            moves.add(entry.name, entry.kind == Kind::Joined, false);
            block.last = entry.seq;
            return true;
        }
        self.push(Block::of(entry));
        true
    }

    /// The person at this screen came or went, by the entry of this number: where that follows what they have read, they know it.
    pub fn own_move(&mut self, seq: u64) {
        if self.marker.is_none_or(|marker| seq <= marker) {
            return;
        }
        self.own_moves.insert(seq);
        while self.own_moves.len() > MAX_OWN_MOVES {
            self.own_moves.pop_first();
        }
        while let Some(next) = self.marker.map(|it| it + 1)
            && self.own_moves.remove(&next)
        {
            self.marker = Some(next);
        }
    }

    /// Adds a page of the history: entries in their order. Only those before what is loaded are taken; what comes after it
    /// comes by itself.
    pub fn add_page(&mut self, page: Vec<Entry>) {
        for entry in page.into_iter().rev() {
            self.prepend(entry);
        }
    }

    fn prepend(&mut self, entry: Entry) {
        if self.oldest().is_some_and(|oldest| entry.seq >= oldest) {
            return;
        }
        let last = self.newest().unwrap_or(entry.seq);
        self.span = Some((entry.seq, last));
        if let (Kind::Joined | Kind::Left, Some(block)) = (entry.kind, self.blocks.first_mut())
            && block.at.saturating_sub(entry.at) < TOGETHER
            && let What::Moved(moves) = &mut block.what
        {
            moves.add(entry.name, entry.kind == Kind::Joined, true);
            (block.first, block.at) = (entry.seq, entry.at);
            return;
        }
        self.base -= 1;
        self.blocks.push_front(Block::of(entry));
    }

    /// Shows the text of an entry no more, if that is loaded: whether it was.
    pub fn redact(&mut self, seq: u64) -> bool {
        // They are in the order of their numbers; a notice has that of the entry before it.
        let (mut low, mut high) = (0, self.blocks.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.blocks.get(middle).is_some_and(|it| it.last < seq) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        while let Some(block) = self.blocks.get(low).filter(|it| it.first <= seq) {
            if matches!(block.what, What::Said { .. } | What::Acted { .. }) {
                drop(block);
                self.blocks.change(low, |block| {
                    if let What::Said { text, .. } | What::Acted { text, .. } = &mut block.what {
                        text.clear();
                    }
                });
                return true;
            }
            low += 1;
        }
        false
    }

    /// Adds a message for this person alone.
    pub fn notice(&mut self, text: &str, at: u64) {
        let seq = self.newest().unwrap_or(0);
        self.push(Block {
            first: seq,
            last: seq,
            at,
            what: What::Notice(text.into()),
        });
    }

    /// Whether the last thing in it is this message.
    pub fn ends_with_notice(&self, text: &str) -> bool {
        let last = self.blocks.len().checked_sub(1);
        let last = last.and_then(|last| self.blocks.get(last));
        last.is_some_and(|block| matches!(&block.what, What::Notice(known) if known == text))
    }

    fn push(&mut self, block: Block) {
        self.blocks.push_back(block);
        while self.blocks.len() > MAX_BLOCKS {
            self.blocks.pop_front();
            self.base += 1;
            self.is_complete = false;
            let first = self.blocks.get(0).map_or(0, |block| block.first);
            self.span = self.span.map(|(_, last)| (first.min(last), last));
        }
    }

    /// Whether more of the history may be loaded.
    pub fn has_space(&self) -> bool {
        self.blocks.len() < MAX_BLOCKS
    }
}

/// Whether a text has the name in it, as a word, in any case, or one that is taken for it.
pub fn is_named(text: &str, name: &str) -> bool {
    let Ok(name) = Name::parse(name) else {
        return false;
    };
    // Marks belong to the letters before them; what a word is not of, is white space or is drawn as a sign.
    let is_of_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.') || is_mark(c);
    let mut words = text.split(|c| !is_of_name(c));
    // A full stop ends a sentence as well: what stands at a name's end says nothing.
    words.any(|word| Name::parse(word).is_ok_and(|word| word.is_like(&name)))
}

/// Whether a character is drawn on the one before it.
fn is_mark(c: char) -> bool {
    !c.is_ascii() && !c.is_control() && c.width() == Some(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::block::Net;

    fn entry(seq: u64, kind: Kind, name: &str, text: &str) -> Entry {
        Entry {
            seq,
            at: seq * 1000,
            kind,
            name: name.into(),
            text: text.into(),
            is_mention: false,
        }
    }

    fn said(seq: u64) -> Entry {
        entry(seq, Kind::Said, "ann", &format!("line {seq}"))
    }

    fn firsts(room: &Room) -> Vec<u64> {
        let ids = room.ids();
        ids.map(|id| room.get(id).unwrap().first).collect()
    }

    #[test]
    fn pages_and_what_happens_meet_without_a_doublet() {
        let mut room = Room::new("lobby");
        assert!(room.append(said(10)));
        assert!(!room.append(said(10)));
        let id = room.ids().start;
        room.add_page((7..=12).map(said).collect());
        room.add_page((5..=8).map(said).collect());
        assert_eq!(firsts(&room), [5, 6, 7, 8, 9, 10]);
        assert!(room.append(said(11)));
        assert_eq!(room.get(id).unwrap().first, 10, "numbers stay");
        assert_eq!((room.oldest(), room.newest()), (Some(5), Some(11)));
    }

    #[test]
    fn comings_and_goings_are_told_together_from_either_side() {
        let mut room = Room::new("lobby");
        for (seq, name) in [(11, "d"), (12, "e")] {
            room.append(entry(seq, Kind::Joined, name, ""));
        }
        room.append(entry(13, Kind::Left, "d", ""));
        let page = [(8, "a"), (9, "b"), (10, "c")];
        room.add_page(
            page.map(|(seq, name)| entry(seq, Kind::Joined, name, ""))
                .into(),
        );
        let block = room.get(room.ids().start).unwrap();
        let What::Moved(moves) = &block.what else {
            panic!("{room:?}");
        };
        assert_eq!(firsts(&room), [8]);
        let net: Vec<_> = moves.net().collect();
        let all = [(Net::Joined, "4"), (Net::JoinedAndLeft, "d")];
        assert_eq!(net, all.map(|(net, who)| (net, who.to_owned())));
        let mut late = entry(14, Kind::Joined, "f", "");
        late.at = 8000 + TOGETHER;
        room.append(late);
        assert_eq!(firsts(&room), [8, 14]);
    }

    #[test]
    fn what_has_come_of_comings_and_goings_is_told_in_whatever_order_they_are_loaded() {
        let (j, l) = (Kind::Joined, Kind::Left);
        for (kinds, net) in [
            (&[j][..], Net::Joined),
            (&[l], Net::Left),
            (&[j, l], Net::JoinedAndLeft),
            (&[l, j], Net::LeftAndJoined),
            (&[j, l, j], Net::Joined),
            (&[l, j, l], Net::Left),
        ] {
            for live in 0..=kinds.len() {
                let entries = (8..)
                    .zip(kinds)
                    .map(|(seq, kind)| entry(seq, *kind, "bob", ""));
                let mut page: Vec<Entry> = entries.collect();
                let mut room = Room::new("lobby");
                for entry in page.split_off(live) {
                    room.append(entry);
                }
                room.add_page(page);
                let block = room.get(room.ids().start).unwrap();
                let What::Moved(moves) = &block.what else {
                    panic!("{room:?}");
                };
                let all: Vec<_> = moves.net().collect();
                assert_eq!(all, [(net, "bob".to_owned())], "{kinds:?} {live}");
            }
        }
        let mut room = Room::new("lobby");
        for seq in 0..300 {
            room.append(entry(seq, Kind::Joined, &format!("u{seq}"), ""));
        }
        let block = room.get(room.ids().start).unwrap();
        let What::Moved(moves) = &block.what else {
            panic!("{room:?}");
        };
        assert_eq!(moves.net().next(), Some((Net::Joined, "300".into())));
    }

    #[test]
    fn one_s_own_comings_and_goings_are_nothing_new() {
        let mut room = Room::new("lobby");
        room.marker = Some(5);
        room.own_move(7);
        assert_eq!(room.marker, Some(5), "something may have been said between");
        room.own_move(6);
        assert_eq!(room.marker, Some(7));
        room.own_move(9);
        assert_eq!(room.marker, Some(7));
    }

    #[test]
    fn the_text_of_an_entry_is_shown_no_more_wherever_it_is() {
        const COUNT: u64 = 1000;
        let mut room = Room::new("lobby");
        for seq in 100..100 + COUNT {
            room.append(said(seq));
            room.notice("* a notice", seq);
        }
        room.append(entry(100 + COUNT, Kind::Joined, "bob", ""));
        room.add_page((90..100).map(said).collect());
        assert!(!room.redact(89) && !room.redact(100 + COUNT) && !room.redact(101 + COUNT));
        let gone = [90, 99, 100, 101, 500, 99 + COUNT];
        for seq in gone {
            assert!(room.redact(seq), "{seq}");
        }
        for id in room.ids() {
            let block = room.get(id).unwrap();
            if let What::Said { name, text, .. } = &block.what {
                assert_eq!(
                    (name.as_str(), text.is_empty()),
                    ("ann", gone.contains(&block.first))
                );
            }
        }
        assert_eq!(room.find("line 500", i64::MAX), None);
        assert!(room.find("line 501", i64::MAX).is_some());
    }

    #[test]
    fn a_name_is_found_as_a_word() {
        for text in ["ann: hi", "hi ANN", "it was ann.", "(ann)", "ann"] {
            assert!(is_named(text, "ann"), "{text}");
        }
        for text in ["anna", "ann-2 is here", "", "joann"] {
            assert!(!is_named(text, "ann"), "{text}");
        }
        for text in ["al1ce: hi", "so says Alice..."] {
            assert!(is_named(text, "alice"), "{text}");
        }
        assert!(is_named("привет, АНЯ!", "Аня") && is_named("hi Zoe\u{308}", "Zoë"));
        assert!(!is_named("anything", ""));
    }

    #[test]
    fn a_room_is_full_at_its_limit_and_loses_its_oldest_one_past_it() {
        let mut room = Room::new("lobby");
        for seq in 1..=MAX_BLOCKS as u64 {
            room.append(said(seq));
        }
        assert_eq!((room.oldest(), room.has_space()), (Some(1), false));
        let id = room.ids().end - 1;
        room.append(said(MAX_BLOCKS as u64 + 1));
        assert_eq!(room.oldest(), Some(2));
        assert_eq!(room.get(id).unwrap().first, MAX_BLOCKS as u64);
    }

    #[test]
    fn the_newest_that_fits_is_found() {
        let mut room = Room::new("lobby");
        for seq in 1..=3 {
            room.append(said(seq));
        }
        let last = room.find("line", i64::MAX).unwrap();
        assert_eq!(room.get(last).unwrap().first, 3);
        assert_eq!(room.find("line", last), Some(last - 1));
        assert_eq!(room.find("none", i64::MAX), None);
    }
}
