//! What is said to one person alone: each conversation has a place of its own.

use super::Screen;
use super::block::Entry;
use super::messages::Message;
use chat_core::Kind;
use std::collections::BTreeMap;

/// The most of a page, or of what waited, that is taken; no server sends more.
const MAX_PAGE: usize = 1000;

/// Of so many lines of a conversation it is known that they are there.
const MAX_KNOWN: usize = 4096;

/// The number of the first line of a conversation: there is room for what was said before.
const FIRST: u64 = 1 << 40;

/// Something that was said to one person alone, by the person at this screen or to them.
#[derive(Clone, Debug)]
pub(super) struct Words {
    /// With whom.
    pub(super) with: String,
    pub(super) from: String,
    pub(super) text: String,
    /// When, in milliseconds since the Unix epoch.
    pub(super) at: u64,
    pub(super) is_own: bool,
    /// Its number, where it is kept.
    pub(super) seq: Option<u64>,
}

/// What has come of conversations.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// Numbers and times of lines that are in their places, by whom they are with, in small letters.
    shown: BTreeMap<String, BTreeMap<u64, u64>>,
    /// What was asked for and has come, until all of it has.
    page: Vec<Words>,
}

impl Known {
    /// Takes note that a line is in its place; whether it was there before.
    fn is_there(&mut self, words: &Words) -> bool {
        let Some(seq) = words.seq else {
            return false;
        };
        let shown = self.shown.entry(words.with.to_lowercase()).or_default();
        let is_there = shown.insert(seq, words.at) == Some(words.at);
        if shown.len() > MAX_KNOWN {
            shown.pop_first();
        }
        is_there
    }
}

impl Screen {
    /// Something was said to one person alone. What was asked for is put into its place once all of it has come.
    pub(super) fn take_words(&mut self, words: Words, is_past: bool) {
        if !is_past {
            self.spoken_alone(words);
        } else if self.words.page.len() < MAX_PAGE {
            self.words.page.push(words);
        }
    }

    /// All that was asked for has come: the last of a conversation with somebody, or what waited.
    pub(super) fn words_end(&mut self, with: Option<&str>) {
        let page = std::mem::take(&mut self.words.page);
        let (mut before, mut after) = (BTreeMap::<usize, Vec<Entry>>::new(), Vec::new());
        for words in page {
            let Some(place) = self.place_with(&words.with) else {
                after.push(words); // There is no room for one more.
                continue;
            };
            if self.rooms[place].starts_after(words.at) {
                if !self.words.is_there(&words) {
                    before.entry(place).or_default().push(entry(words, 0));
                }
            } else {
                after.push(words);
            }
        }
        for (place, mut page) in before {
            let room = &mut self.rooms[place];
            let first = room.oldest().unwrap_or(FIRST);
            let count = page.len() as u64;
            for (entry, seq) in page.iter_mut().zip(first.saturating_sub(count)..) {
                entry.seq = seq;
            }
            room.add_page(page);
        }
        for words in after {
            self.spoken_alone(words);
        }
        if let Some(place) = with.and_then(|with| self.place_with(with))
            && !self.is_busy()
        {
            self.move_to(place);
        }
    }

    /// Shows what was said to one person alone: to this one, or by this one.
    fn spoken_alone(&mut self, words: Words) {
        if self.words.is_there(&words) {
            return;
        }
        let Some(place) = self.place_with(&words.with) else {
            let way = if words.is_own {
                Message::AloneTo
            } else {
                Message::AloneFrom
            };
            let line = self.say(way, &[&words.with, &words.text]);
            if !words.is_own {
                self.ring(line.clone(), self.is_focused);
            }
            return self.notice(&line, words.at);
        };
        let seq = self.rooms[place].newest().unwrap_or(FIRST) + 1;
        let entry = entry(words, seq);
        self.see(place, &entry);
        self.arrive(place, entry);
    }
}

fn entry(words: Words, seq: u64) -> Entry {
    Entry {
        seq,
        at: words.at,
        kind: Kind::Said,
        name: words.from,
        text: words.text,
        is_mention: false,
    }
}
