//! A connection's place in the room's log, and what it does not share with the others.

use crate::log::Log;
use alloc::collections::VecDeque;
use core::ops::Range;

/// The most slices that one write is given.
pub(crate) const SLICES: usize = 32;

/// A place where a connection leaves the common log: bytes for it alone are put in, and a
/// stretch of the log (its own entries) is stepped over.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Detour {
    at: u64,
    insert: VecDeque<u8>,
    skip: u64,
}

/// Where a connection stands in the log.
///
/// What it is still to be sent is the log from its place to its end (the head, or the place where
/// its stay ended), with its detours.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Cursor {
    place: u64,
    end: Option<u64>,
    detours: VecDeque<Detour>,
    /// Bytes in `detours`.
    private: usize,
    /// The last byte sent was not the end of a line.
    mid_line: bool,
}

impl Cursor {
    /// A cursor for a connection that hears what is appended from `place` on.
    pub(crate) fn new(place: u64) -> Self {
        Self {
            end: None,
            ..Self::outside(place)
        }
    }

    /// A cursor for a connection that hears nothing of the log.
    pub(crate) fn outside(place: u64) -> Self {
        Self {
            place,
            end: Some(place),
            detours: VecDeque::new(),
            private: 0,
            mid_line: false,
        }
    }

    /// Where in the log it stands, or `None` when it needs nothing more of the log.
    pub(crate) fn place_in(&self, log: &Log) -> Option<u64> {
        debug_assert!(self.place <= log.head());
        self.end
            .is_none_or(|end| self.place < end)
            .then_some(self.place)
    }

    /// Bytes of private lines that wait.
    pub(crate) fn private(&self) -> usize {
        self.private
    }

    /// Detours that lie ahead.
    pub(crate) fn detours(&self) -> usize {
        self.detours.len()
    }

    /// Puts a private line in, at the head of the log.
    pub(crate) fn note(&mut self, head: u64, line: &str) {
        let at = self.end.unwrap_or(head);
        self.private += line.len();
        match self.detours.back_mut() {
            Some(last) if last.at == at && last.skip == 0 => last.insert.extend(line.as_bytes()),
            _ => self.detours.push_back(Detour {
                at,
                insert: line.bytes().collect(),
                skip: 0,
            }),
        }
    }

    /// Steps over an entry that was just appended.
    pub(crate) fn skip(&mut self, entry: Range<u64>) {
        let length = entry.end - entry.start;
        match self.detours.back_mut() {
            Some(last) if last.at + last.skip == entry.start => last.skip += length,
            _ if self.place == entry.start => self.place = entry.end,
            _ => self.detours.push_back(Detour {
                at: entry.start,
                insert: VecDeque::new(),
                skip: length,
            }),
        }
    }

    /// Ends the stay: nothing that is appended from `head` on will be sent.
    pub(crate) fn end_at(&mut self, head: u64) {
        self.end.get_or_insert(head);
    }

    /// Gives up on everything that waits, except the rest of a line of which a part was sent;
    /// `last` follows it.
    pub(crate) fn cut(&mut self, log: &Log, last: &str) {
        let mut tail = VecDeque::new();
        let mut waiting = [&[][..]; SLICES];
        let count = self.waiting(log, &mut waiting);
        if self.mid_line {
            for byte in waiting[..count].iter().copied().flatten() {
                tail.push_back(*byte);
                if *byte == b'\n' {
                    break;
                }
            }
        }
        tail.extend(last.as_bytes());
        self.place = log.head();
        self.end = Some(self.place);
        self.private = tail.len();
        self.detours = VecDeque::from([Detour {
            at: self.place,
            insert: tail,
            skip: 0,
        }]);
    }

    /// Whether everything up to the end has been sent.
    pub(crate) fn is_done(&self, log: &Log) -> bool {
        self.place == self.end.unwrap_or(log.head()) && self.detours.is_empty()
    }

    /// The bytes to send now, as slices; `out` may be too short for all of them.
    pub(crate) fn waiting<'a>(&'a self, log: &'a Log, out: &mut [&'a [u8]; SLICES]) -> usize {
        let mut count = 0;
        let mut put = |slice: &'a [u8]| {
            if !slice.is_empty() {
                out[count] = slice;
                count += 1;
            }
            count + 4 > SLICES
        };
        let mut place = self.place;
        for detour in &self.detours {
            let [a, b] = log.slices(place..detour.at);
            let (c, d) = detour.insert.as_slices();
            place = detour.at + detour.skip;
            if [a, b, c, d].into_iter().fold(false, |_, slice| put(slice)) {
                return count;
            }
        }
        for slice in log.slices(place..self.end.unwrap_or(log.head())) {
            put(slice);
        }
        count
    }

    /// Moves on by `sent` bytes of what [`Cursor::waiting`] gave.
    pub(crate) fn advance(&mut self, log: &Log, mut sent: usize) {
        if sent == 0 {
            return;
        }
        while let Some(detour) = self.detours.front_mut() {
            let ahead = usize::try_from(detour.at - self.place).unwrap_or(usize::MAX);
            if sent < ahead {
                break;
            }
            sent -= ahead;
            self.place = detour.at;
            let taken = sent.min(detour.insert.len());
            if let Some(last) = detour.insert.drain(..taken).next_back() {
                self.mid_line = last != b'\n';
            }
            self.private -= taken;
            sent -= taken;
            if !detour.insert.is_empty() {
                return;
            }
            self.place += detour.skip;
            self.detours.pop_front();
            if self.detours.is_empty() {
                self.detours = VecDeque::new();
            }
        }
        self.place += sent as u64;
        if sent > 0 {
            self.mid_line = !log.is_line_start(self.place);
        }
    }
}
