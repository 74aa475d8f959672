//! Many blocks in little room: those at the ends as they are, those between packed, a fixed number together.

use super::block::{Block, What};
use chat_core::Kind;
use std::borrow::Cow;
use std::collections::VecDeque;

/// So many blocks are packed together.
const CHUNK: usize = 128;

/// Blocks in their order.
#[derive(Clone, Debug, Default)]
pub(super) struct Blocks {
    front: VecDeque<Block>,
    packed: VecDeque<Packed>,
    back: VecDeque<Block>,
}

impl Blocks {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.front.len() + self.packed.len() * CHUNK + self.back.len()
    }

    /// The block at a place.
    pub(super) fn get(&self, place: usize) -> Option<Cow<'_, Block>> {
        let Some(after) = place.checked_sub(self.front.len()) else {
            return self.front.get(place).map(Cow::Borrowed);
        };
        if let Some(packed) = self.packed.get(after / CHUNK) {
            return Some(packed.get(after % CHUNK));
        }
        let place = after - self.packed.len() * CHUNK;
        self.back.get(place).map(Cow::Borrowed)
    }

    /// Adds a block after all others.
    pub(super) fn push_back(&mut self, block: Block) {
        self.back.push_back(block);
        if self.back.len() >= 2 * CHUNK {
            let blocks: Vec<Block> = self.back.drain(..CHUNK).collect();
            self.packed.push_back(Packed::of(blocks));
        }
    }

    /// Adds a block before all others.
    pub(super) fn push_front(&mut self, block: Block) {
        self.front.push_front(block);
        if self.front.len() >= 2 * CHUNK {
            let blocks: Vec<Block> = self.front.drain(CHUNK..).collect();
            self.packed.push_front(Packed::of(blocks));
        }
    }

    /// Changes the block at a place.
    pub(super) fn change(&mut self, place: usize, change: impl FnOnce(&mut Block)) {
        let Some(after) = place.checked_sub(self.front.len()) else {
            return self.front.get_mut(place).map(change).unwrap_or_default();
        };
        if let Some(packed) = self.packed.get_mut(after / CHUNK) {
            let mut blocks = packed.unpacked();
            if let Some(block) = blocks.get_mut(after % CHUNK) {
                change(block);
            }
            *packed = Packed::of(blocks);
            return;
        }
        let place = after - self.packed.len() * CHUNK;
        self.back.get_mut(place).map(change).unwrap_or_default();
    }

    /// Takes the first block away.
    pub(super) fn pop_front(&mut self) -> Option<Block> {
        self.first_mut()?;
        self.front.pop_front()
    }

    /// The first block.
    pub(super) fn first_mut(&mut self) -> Option<&mut Block> {
        if self.front.is_empty() {
            self.front = match self.packed.pop_front() {
                Some(packed) => packed.unpacked().into(),
                None => std::mem::take(&mut self.back),
            };
        }
        self.front.front_mut()
    }

    /// The last block.
    pub(super) fn last_mut(&mut self) -> Option<&mut Block> {
        if self.back.is_empty() {
            self.back = match self.packed.pop_back() {
                Some(packed) => packed.unpacked().into(),
                None => std::mem::take(&mut self.front),
            };
        }
        self.back.back_mut()
    }
}

/// [`CHUNK`] blocks: their texts one after the other, and where each ends.
#[derive(Clone, Debug)]
struct Packed {
    at: u64,
    first: u64,
    heads: Box<[Head]>,
    texts: Box<str>,
    /// Those that have no head, in their order.
    whole: Box<[Block]>,
}

/// A block without its texts; numbers count from those of its chunk.
#[derive(Clone, Copy, Debug)]
struct Head {
    at: u32,
    first: u32,
    /// Where its texts end.
    end: u32,
    /// How many entries come after its first one.
    more: u16,
    /// The length of the name, with which its texts begin.
    name: u8,
    what: Tag,
}

#[derive(Clone, Copy, Debug)]
enum Tag {
    Said,
    Mention,
    Acted,
    ActedMention,
    Renamed,
    Topic,
    Order,
    Notice,
    /// It is the next of those that are whole; `more` is its place among them.
    Whole,
}

impl Packed {
    fn of(blocks: Vec<Block>) -> Self {
        let (at, first) = blocks.first().map_or((0, 0), |it| (it.at, it.first));
        let (mut heads, mut texts) = (Vec::with_capacity(blocks.len()), String::new());
        let mut whole = Vec::new();
        for block in blocks {
            let head = Head::of(&block, at, first, &mut texts);
            heads.push(head.unwrap_or_else(|| {
                let place = u16::try_from(whole.len()).unwrap_or(u16::MAX);
                whole.push(block);
                Head {
                    at: 0,
                    first: 0,
                    end: u32::try_from(texts.len()).unwrap_or(u32::MAX),
                    more: place,
                    name: 0,
                    what: Tag::Whole,
                }
            }));
        }
        Self {
            at,
            first,
            heads: heads.into(),
            texts: texts.into(),
            whole: whole.into(),
        }
    }

    fn get(&self, place: usize) -> Cow<'_, Block> {
        let head = self.heads[place];
        if let Tag::Whole = head.what {
            return Cow::Borrowed(&self.whole[usize::from(head.more)]);
        }
        let begin = place.checked_sub(1).map_or(0, |it| self.heads[it].end);
        let texts = &self.texts[begin as usize..head.end as usize];
        let (name, text) = texts.split_at(head.name.into());
        let (name, text) = (name.to_owned(), text.to_owned());
        let did = |kind, name, text| What::Did { kind, name, text };
        let what = match head.what {
            Tag::Said | Tag::Mention => What::Said {
                is_mention: matches!(head.what, Tag::Mention),
                name,
                text,
            },
            Tag::Acted | Tag::ActedMention => What::Acted {
                is_mention: matches!(head.what, Tag::ActedMention),
                name,
                text,
            },
            Tag::Renamed => did(Kind::Renamed, name, text),
            Tag::Topic => did(Kind::Topic, name, text),
            Tag::Order => did(Kind::Order, name, text),
            Tag::Notice | Tag::Whole => What::Notice(text),
        };
        let first = self.first + u64::from(head.first);
        Cow::Owned(Block {
            first,
            last: first + u64::from(head.more),
            at: self.at + u64::from(head.at),
            what,
        })
    }

    fn unpacked(&self) -> Vec<Block> {
        let places = 0..self.heads.len();
        places.map(|place| self.get(place).into_owned()).collect()
    }
}

impl Head {
    /// The head of a block, whose texts are added to the others; none where it does not fit.
    fn of(block: &Block, at: u64, first: u64, texts: &mut String) -> Option<Self> {
        let (what, name, text) = match &block.what {
            What::Said {
                name,
                text,
                is_mention: false,
            } => (Tag::Said, name.as_str(), text),
            What::Said { name, text, .. } => (Tag::Mention, name.as_str(), text),
            What::Acted {
                name,
                text,
                is_mention,
            } => {
                let what = if *is_mention {
                    Tag::ActedMention
                } else {
                    Tag::Acted
                };
                (what, name.as_str(), text)
            }
            What::Did { kind, name, text } => {
                let what = match kind {
                    Kind::Renamed => Tag::Renamed,
                    Kind::Topic => Tag::Topic,
                    Kind::Order => Tag::Order,
                    _ => return None,
                };
                (what, name.as_str(), text)
            }
            What::Notice(text) => (Tag::Notice, "", text),
            What::Moved(_) => return None,
        };
        let head = Self {
            at: u32::try_from(block.at.checked_sub(at)?).ok()?,
            first: u32::try_from(block.first.checked_sub(first)?).ok()?,
            end: u32::try_from(texts.len() + name.len() + text.len()).ok()?,
            more: u16::try_from(block.last.checked_sub(block.first)?).ok()?,
            name: u8::try_from(name.len()).ok()?,
            what,
        };
        texts.extend([name, text]);
        Some(head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::block::Moves;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    enum Step {
        Back(Vec<Block>),
        Front(Vec<Block>),
        Pop(usize),
        Change(bool),
    }

    fn blocks() -> impl Strategy<Value = Vec<Block>> {
        let number = prop_oneof![Just(0), 0..1000_u64, any::<u64>()];
        let text = prop_oneof!["[a-zé日]{0,9}", Just("x".repeat(300))];
        let kinds = [Kind::Renamed, Kind::Topic, Kind::Order, Kind::Joined];
        let block = (
            number.clone(),
            number.clone(),
            number,
            0..10_usize,
            text.clone(),
            text,
        )
            .prop_map(move |(first, more, at, what, name, text)| Block {
                first,
                last: first.saturating_add(more),
                at,
                what: match what {
                    0 | 1 => What::Said {
                        name,
                        text,
                        is_mention: what == 1,
                    },
                    2 => What::Notice(text),
                    3 => What::Moved(Moves::default()),
                    4 | 5 => What::Acted {
                        name,
                        text,
                        is_mention: what == 5,
                    },
                    kind => What::Did {
                        kind: kinds[kind - 6],
                        name,
                        text,
                    },
                },
            });
        prop::collection::vec(block, 0..2 * CHUNK)
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            blocks().prop_map(Step::Back),
            blocks().prop_map(Step::Front),
            (0..3 * CHUNK).prop_map(Step::Pop),
            any::<bool>().prop_map(Step::Change),
        ];
        prop::collection::vec(step, 1..12)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

        /// They are what a plain list is, whatever is added, taken and changed at whichever end.
        #[test]
        fn packed_blocks_are_the_blocks_that_were_packed(steps in steps()) {
            let (mut packed, mut plain) = (Blocks::default(), VecDeque::new());
            for step in steps {
                match step {
                    Step::Back(blocks) => for block in blocks {
                        packed.push_back(block.clone());
                        plain.push_back(block);
                    },
                    Step::Front(blocks) => for block in blocks {
                        packed.push_front(block.clone());
                        plain.push_front(block);
                    },
                    Step::Pop(count) => for _ in 0..count {
                        prop_assert_eq!(packed.pop_front(), plain.pop_front());
                    },
                    Step::Change(is_last) => {
                        let change = |block: &mut Block| block.what = What::Notice("changed".into());
                        if is_last {
                            packed.last_mut().map(change);
                            plain.back_mut().map(change);
                        } else {
                            packed.first_mut().map(change);
                            plain.front_mut().map(change);
                        }
                    }
                }
                prop_assert_eq!(packed.len(), plain.len());
                for (place, block) in plain.iter().enumerate() {
                    let found = packed.get(place);
                    prop_assert_eq!(found.as_deref(), Some(block));
                }
                prop_assert_eq!(packed.get(plain.len()), None);
            }
        }
    }

    #[test]
    fn a_head_is_small() {
        assert_eq!(size_of::<Head>(), 16);
    }
}
