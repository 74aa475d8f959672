//! A stream of lines, encoded once, of which the newest are held.

use crate::mark::{Mark, mark_if};
use alloc::collections::VecDeque;
use core::ops::Range;

/// A line that is shorter than this, as most are, is put together before it is appended.
const SHORT: usize = 128;

/// Lines, addressed by their place in the stream of all bytes ever appended. Only the newest bytes
/// are held.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Stream {
    bytes: VecDeque<u8>,
    /// The place of the first byte still held.
    start: u64,
    /// Nothing from this place on is to be sent yet.
    bound: u64,
}

impl Default for Stream {
    fn default() -> Self {
        Self {
            bytes: VecDeque::new(),
            start: 0,
            bound: u64::MAX,
        }
    }
}

impl Stream {
    /// The place after the last entry, where the next one will begin.
    pub(crate) fn head(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    /// The place up to which lines may be sent.
    pub(crate) fn visible(&self) -> u64 {
        self.bound.min(self.head())
    }

    /// Has what stands from `place` on not be sent yet.
    pub(crate) fn set_bound(&mut self, place: u64) {
        self.bound = place;
    }

    /// Appends a line, given in parts without its ending, and says where it stands.
    pub(crate) fn append(&mut self, parts: [&str; 4]) -> Range<u64> {
        let from = self.head();
        let length: usize = parts.iter().map(|part| part.len()).sum();
        if length < SHORT {
            // It goes into the ring in one go, with its ending.
            let mut line = [b'\n'; SHORT];
            let mut rest = &mut line[..];
            for part in parts {
                let (there, after) = rest.split_at_mut(part.len());
                there.copy_from_slice(part.as_bytes());
                rest = after;
            }
            self.bytes.extend(&line[..=length]);
        } else {
            for part in parts {
                self.bytes.extend(part.as_bytes());
            }
            self.bytes.push_back(b'\n');
        }
        from..self.head()
    }

    /// Writes other bytes in place of those from `place` on, which must be held.
    pub(crate) fn overwrite(&mut self, place: u64, bytes: &[u8]) {
        let from = index(place - self.start);
        for (byte, other) in self.bytes.range_mut(from..from + bytes.len()).zip(bytes) {
            *byte = *other;
        }
    }

    /// Where a line, its ending included, stands; the newest, if it does more than once.
    pub(crate) fn find(&self, line: &[u8]) -> Option<u64> {
        let (mut from, mut found) = (self.start, None);
        while from < self.head() {
            let to = self.next_line_start(from);
            let [a, b] = self.slices(from..to);
            if a.len() + b.len() == line.len() && line.starts_with(a) && line.ends_with(b) {
                found = Some(from);
            }
            from = to;
        }
        found
    }

    /// Lets go of everything before `place`.
    pub(crate) fn trim(&mut self, place: u64) {
        let surplus = index(place.saturating_sub(self.start)).min(self.bytes.len());
        mark_if(surplus > 0, Mark::LogTrimmed);
        self.bytes.drain(..surplus);
        self.start += surplus as u64;
    }

    /// The bytes of `range`, which must be held, in two slices; where one does, the second is empty.
    pub(crate) fn slices(&self, range: Range<u64>) -> [&[u8]; 2] {
        if range.is_empty() {
            return [&[], &[]];
        }
        debug_assert!(self.start <= range.start && range.end <= self.head());
        let (from, to) = (
            index(range.start - self.start),
            index(range.end - self.start),
        );
        let (a, b) = self.bytes.as_slices();
        if to <= a.len() {
            [&a[from..to], &[]]
        } else if from >= a.len() {
            [&b[from - a.len()..to - a.len()], &[]]
        } else {
            [&a[from..], &b[..to - a.len()]]
        }
    }

    /// Whether a line begins at `place`, which must be held, or be the head.
    pub(crate) fn is_line_start(&self, place: u64) -> bool {
        // Whoever has been sent everything is there.
        place == self.head()
            || place <= self.start
            || self.bytes[index(place - self.start) - 1] == b'\n'
    }

    /// The first place after `place`, which must be held, where a line begins, or the head.
    pub(crate) fn next_line_start(&self, place: u64) -> u64 {
        let [a, b] = self.slices(place..self.head());
        let ending = a.iter().chain(b).position(|&byte| byte == b'\n');
        ending.map_or(self.head(), |before| place + before as u64 + 1)
    }

    /// The place of the first byte still held.
    pub(crate) fn start(&self) -> u64 {
        self.start
    }
}

/// A distance within what is held, which memory limits.
fn index(distance: u64) -> usize {
    usize::try_from(distance).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_appended_whole_however_long_it_is() {
        for length in [0, 1, SHORT - 2, SHORT - 1, SHORT, SHORT + 1, 3 * SHORT] {
            let text = "é".repeat(length / 2) + &"x".repeat(length % 2);
            let (before, after) = text.split_at(length / 4 * 2);
            let mut log = Stream::default();
            log.append(["first", "", "", ""]);
            let range = log.append(["", before, "", after]);
            assert_eq!(range, 6..7 + length as u64);
            let all = log.slices(0..log.head()).concat();
            assert_eq!(all, ["first\n", &text, "\n"].concat().as_bytes());
        }
    }

    #[test]
    fn a_line_begins_where_the_log_does_and_behind_each_ending() {
        let mut log = Stream::default();
        assert!(log.is_line_start(0));
        for _ in 0..3 {
            log.append(["four", "", "", ""]);
        }
        let begins = |log: &Stream, range: Range<u64>| -> alloc::vec::Vec<u64> {
            range.filter(|place| log.is_line_start(*place)).collect()
        };
        assert_eq!(begins(&log, 0..16), [0, 5, 10, 15]);
        log.trim(7);
        assert_eq!((log.start(), log.head()), (7, 15));
        assert_eq!(begins(&log, 7..16), [7, 10, 15]);
        log.trim(3);
        assert_eq!(log.start(), 7, "what is gone is gone");
        log.trim(99);
        assert_eq!((log.start(), log.head()), (15, 15));
    }

    #[test]
    fn slices_are_what_was_appended_wherever_the_ring_wraps() {
        let mut log = Stream::default();
        let mut all = alloc::vec::Vec::new();
        for n in 0..200_u8 {
            let text =
                alloc::string::String::from(char::from(b'a' + n % 26)).repeat(1 + n as usize % 7);
            let entry = log.append([&text, ":", &text, ""]);
            all.extend(alloc::format!("{text}:{text}\n").bytes());
            assert_eq!(entry.end, all.len() as u64);
            log.trim(entry.end.saturating_sub(40));
            for from in log.start()..=log.head() {
                let held = log.slices(from..log.head()).concat();
                assert_eq!(held, all[usize::try_from(from).unwrap()..]);
            }
        }
    }
}
