//! A connection's place in the room's log, and what it does not share with the others.

use crate::mark::{Mark, mark, mark_if};
use crate::room::redaction::Redaction;
use crate::room::stream::Stream;
use crate::types::secret::Secret;
use crate::wire::dialect::Dialect;
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use core::ops::Range;
use memchr::memmem;

/// The most slices that one write is given.
pub(crate) const SLICES: usize = 32;

/// The fewest slices that there must be room for to ask a cursor for some.
pub(crate) const LEAST: usize = 6;

/// The end of what a cursor is sent of the log, while it is a member's.
const OPEN: u64 = u64::MAX;

/// A place where what a connection is sent differs from the log: bytes for it alone are put in, and then a
/// part of the log (its own entries) is skipped.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Splice {
    at: u64,
    insert: Secret<VecDeque<u8>>,
    skip: u64,
    /// The bytes may be sent even where the log's may not yet.
    at_once: bool,
}

/// All splices that lie ahead: at least one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Splices {
    queue: VecDeque<Splice>,
    /// Bytes put in.
    private: usize,
    /// Bytes of the log to be skipped.
    skipped: u64,
}

/// Where a connection stands in the log.
///
/// What it is still to be sent is the log from its place to its end (the head, or the place where
/// its membership ended), with its splices.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Cursor {
    place: u64,
    /// Where its membership ended; [`OPEN`] while it lasts.
    end: u64,
    /// Where it leaves the log, if it does anywhere.
    splices: Option<Box<Splices>>,
    /// The last byte sent was not the end of a line.
    mid_line: bool,
}

impl Cursor {
    /// A cursor for a connection that receives what is appended from `place` on.
    pub(crate) fn new(place: u64) -> Self {
        Self {
            end: OPEN,
            ..Self::outside(place)
        }
    }

    /// A cursor for a connection that receives nothing of the log.
    pub(crate) fn outside(place: u64) -> Self {
        Self {
            place,
            end: place,
            splices: None,
            mid_line: false,
        }
    }

    /// Where in the log it stands, or `None` when it needs nothing more of the log.
    pub(crate) fn place_in(&self, log: &Stream) -> Option<u64> {
        debug_assert!(self.place <= log.head());
        (self.place < self.end).then_some(self.place)
    }

    /// All bytes that wait.
    pub(crate) fn total(&self, log: &Stream) -> u64 {
        self.end.min(log.head()) - self.place - self.skipped() + self.private() as u64
    }

    /// Bytes of private lines that wait.
    pub(crate) fn private(&self) -> usize {
        self.splices.as_ref().map_or(0, |them| them.private)
    }

    /// Bytes of the log that it skips.
    fn skipped(&self) -> u64 {
        self.splices.as_ref().map_or(0, |them| them.skipped)
    }

    /// Splices that lie ahead.
    pub(crate) fn splices(&self) -> usize {
        self.splices.as_ref().map_or(0, |them| them.queue.len())
    }

    /// Puts a private line in, at the head of the log.
    pub(crate) fn note(&mut self, head: u64, line: &str) {
        let at = self.end.min(head);
        let splices = self.splices.get_or_insert_default();
        splices.private += line.len();
        match splices.queue.back_mut() {
            Some(last) if last.skip == 0 && last.at == at && !last.at_once => {
                last.insert.extend(line.as_bytes());
            }
            _ => splices.queue.push_back(Splice {
                at,
                insert: Secret(line.bytes().collect()),
                skip: 0,
                at_once: false,
            }),
        }
    }

    /// Puts a private line in where lines may be sent up to, before all that may not be sent yet.
    pub(crate) fn note_at_once(&mut self, log: &Stream, line: &str) {
        let visible = log.visible();
        if self.end != OPEN || visible == log.head() {
            return self.note(log.head(), line);
        }
        let splices = self.splices.get_or_insert_default();
        splices.private += line.len();
        // It may have skipped entries of its own that may not be sent yet, or be about to; and of what may
        // be sent, a part may have been.
        let may_be_sent = |it: &&Splice| it.at <= visible || it.at_once;
        let nth = splices.queue.iter().take_while(may_be_sent).count();
        let last = splices.queue.get_mut(nth.wrapping_sub(1));
        let end = last.as_ref().map_or(0, |last| last.at + last.skip);
        let at = visible.max(self.place).max(end);
        match last {
            Some(there) if there.at == at => there.insert.extend(line.as_bytes()),
            _ => splices.queue.insert(
                nth,
                Splice {
                    at,
                    insert: Secret(line.bytes().collect()),
                    skip: 0,
                    at_once: true,
                },
            ),
        }
    }

    /// Skips an entry that was just appended.
    pub(crate) fn skip(&mut self, entry: Range<u64>) {
        if self.splices.is_none() && self.place == entry.start {
            self.place = entry.end;
            return;
        }
        let splices = self.splices.get_or_insert_default();
        let length = entry.end - entry.start;
        splices.skipped += length;
        match splices.queue.back_mut() {
            Some(last) if last.at + last.skip == entry.start && !last.at_once => {
                last.skip += length;
            }
            _ => splices.queue.push_back(Splice {
                at: entry.start,
                insert: Secret::default(),
                skip: length,
                at_once: false,
            }),
        }
    }

    /// Moves to another stream's head, keeping queued notices. It must need nothing more of the stream where it is.
    pub(crate) fn move_to(&mut self, head: u64, receives: bool) {
        assert!(self.end == self.place && self.skipped() == 0);
        self.place = head;
        self.end = if receives { OPEN } else { head };
        if let Some(splices) = &mut self.splices {
            splices.queue.iter_mut().for_each(|it| it.at = head);
        }
    }

    /// Ends the membership: nothing that is appended from `head` on will be sent.
    pub(crate) fn end_at(&mut self, head: u64) {
        self.end = self.end.min(head);
    }

    /// Takes a copy of everything that waits, and needs nothing more of the log as it is now.
    pub(crate) fn detach(&mut self, log: &Stream) {
        let mut rest = self.drain(log);
        if !self.mid_line {
            return self.put_only(rest);
        }
        let after = rest.split_off(begun_line(&rest));
        self.put_only(after);
        self.put_first(rest);
    }

    /// Takes out everything that waits.
    pub(crate) fn drain(&mut self, log: &Stream) -> VecDeque<u8> {
        let mut rest = VecDeque::new();
        loop {
            let mut waiting = [&[][..]; SLICES];
            let (count, _) = self.up_to(log.head(), log, &mut waiting);
            let length: usize = waiting[..count].iter().map(|slice| slice.len()).sum();
            if length == 0 {
                break;
            }
            rest.extend(waiting[..count].iter().copied().flatten());
            let mid_line = self.mid_line;
            self.advance(log, length);
            self.mid_line = mid_line;
        }
        rest
    }

    /// Puts the rest of a line of which a part was sent before everything else: it goes before notices that are sent at once.
    pub(crate) fn put_first(&mut self, rest: VecDeque<u8>) {
        let splices = self.splices.get_or_insert_default();
        splices.private += rest.len();
        splices.queue.push_front(Splice {
            at: self.place,
            insert: Secret(rest),
            skip: 0,
            at_once: true,
        });
        self.mid_line = true;
    }

    /// Takes a private line back that was put in behind what may not be sent yet; whether it was there.
    pub(crate) fn take_back(&mut self, log: &Stream, line: &str) -> bool {
        let Some(splices) = &mut self.splices else {
            return false;
        };
        let waits = |it: &Splice| it.at > log.visible() && !it.at_once;
        for nth in 0..splices.queue.len() {
            let splice = &mut splices.queue[nth];
            if !waits(splice) {
                continue;
            }
            let bytes = splice.insert.make_contiguous();
            let is_whole = |at: &usize| *at == 0 || bytes[at - 1] == b'\n';
            if let Some(at) = memmem::find_iter(bytes, line).find(is_whole) {
                splice.insert.drain(at..at + line.len());
                splices.private -= line.len();
                if splice.insert.is_empty() && splice.skip == 0 {
                    splices.queue.remove(nth);
                }
                if splices.queue.is_empty() {
                    self.splices = None;
                }
                return true;
            }
        }
        false
    }

    /// Removes the text of a redacted entry from what still waits. `line`: where its line is in the log, if it is there yet.
    /// Returns whether anything that waits has changed.
    pub(crate) fn redact(
        &mut self,
        dialect: Dialect,
        gone: &Redaction,
        line: Option<&Range<u64>>,
    ) -> bool {
        let is_begun = self.mid_line;
        let mut has_changed = false;
        if let Some(splices) = &mut self.splices {
            let place = self.place;
            for (nth, splice) in splices.queue.iter_mut().enumerate() {
                let is_begun = is_begun && nth == 0 && splice.at == place;
                let before = splice.insert.len();
                if gone.take_out_of(dialect, &mut splice.insert, is_begun) {
                    splices.private = splices.private - before + splice.insert.len();
                    has_changed = true;
                }
            }
        }
        // What is in the log is another line by now: whoever has been sent a part of it gets an ending for that.
        if let Some(line) = line.filter(|line| line.start < self.place && self.place < line.end) {
            let sent = usize::try_from(self.place - line.start).unwrap_or(usize::MAX);
            let ending = gone.ending(dialect, sent);
            let skip = line.end - self.place;
            let splices = self.splices.get_or_insert_default();
            splices.private += ending.len();
            splices.skipped += skip;
            splices.queue.push_front(Splice {
                at: self.place,
                insert: Secret(ending.into()),
                skip,
                at_once: false,
            });
            has_changed = true;
        }
        has_changed
    }

    /// Has `bytes`, and nothing else, wait at the place reached.
    fn put_only(&mut self, bytes: VecDeque<u8>) {
        self.splices = None;
        if !bytes.is_empty() {
            let splices = self.splices.get_or_insert_default();
            splices.private = bytes.len();
            splices.queue.push_back(Splice {
                at: self.place,
                insert: Secret(bytes),
                skip: 0,
                at_once: false,
            });
        }
    }

    /// Gives up on everything that waits, except the rest of a line of which a part was sent;
    /// `last` follows it, and waits for no commit.
    pub(crate) fn cut(&mut self, log: &Stream, last: &str) {
        let mut tail = VecDeque::new();
        let mut waiting = [&[][..]; SLICES];
        let (count, _) = self.up_to(log.head(), log, &mut waiting);
        mark_if(self.mid_line, Mark::CutOffMidLine);
        if self.mid_line {
            for byte in waiting[..count].iter().copied().flatten() {
                tail.push_back(*byte);
                if *byte == b'\n' {
                    break;
                }
            }
        }
        tail.extend(last.as_bytes());
        self.place = log.visible();
        self.end = self.place;
        self.put_only(tail);
    }

    /// Whether the last byte sent was within a line.
    pub(crate) fn is_mid_line(&self) -> bool {
        self.mid_line
    }

    /// Whether everything up to the end has been sent, and what was skipped may be.
    pub(crate) fn is_done(&self, log: &Stream) -> bool {
        let is_there = self.place == self.end.min(log.head());
        is_there && self.splices.is_none() && self.place <= log.visible()
    }

    /// Whether anything is to be sent now.
    pub(crate) fn is_ready(&self, log: &Stream) -> bool {
        let visible = log.visible();
        let is_near = |splice: &&Splice| splice.at <= visible || splice.at_once;
        let next = self.splices.as_ref().and_then(|them| them.queue.front());
        match next.filter(is_near) {
            Some(splice) => self.place < splice.at || !splice.insert.is_empty(),
            None => self.place < self.end.min(visible),
        }
    }

    /// The bytes to send now, as slices: how many there are, and whether there may be more after
    /// them. There must be room for [`LEAST`].
    pub(crate) fn waiting<'a>(&'a self, log: &'a Stream, out: &mut [&'a [u8]]) -> (usize, bool) {
        let Some([first, second]) = self.plain(log) else {
            return self.up_to(log.visible(), log, out);
        };
        (out[0], out[1]) = (first, second);
        let is_empty = usize::from(first.is_empty()) + usize::from(second.is_empty());
        (2 - is_empty, false)
    }

    /// The same, where nothing but the log is to be sent: only the second slice may be empty while the first is not.
    pub(crate) fn plain<'a>(&self, log: &'a Stream) -> Option<[&'a [u8]; 2]> {
        let visible = log.visible();
        let end = self.end.min(visible);
        self.splices.is_none().then(|| log.slices(self.place..end))
    }

    /// The same, of what stands before `bound`.
    fn up_to<'a>(&'a self, bound: u64, log: &'a Stream, out: &mut [&'a [u8]]) -> (usize, bool) {
        let mut count = 0;
        let most = out.len();
        let mut put = |slice: &'a [u8]| {
            if !slice.is_empty() {
                out[count] = slice;
                count += 1;
            }
            count + 4 > most
        };
        let mut place = self.place;
        for splice in self
            .splices
            .iter()
            .flat_map(|them| &them.queue)
            .take_while(|splice| splice.at <= bound || splice.at_once)
        {
            let [a, b] = log.slices(place..splice.at);
            let (c, d) = splice.insert.as_slices();
            place = splice.at + splice.skip;
            if [a, b, c, d].into_iter().fold(false, |_, slice| put(slice)) {
                mark(Mark::SlicesFull);
                return (count, true);
            }
        }
        for slice in log.slices(place..self.end.min(bound)) {
            put(slice);
        }
        (count, false)
    }

    /// Moves on by `sent` bytes of what [`Cursor::waiting`] gave.
    pub(crate) fn advance(&mut self, log: &Stream, mut sent: usize) {
        if sent == 0 {
            return;
        }
        while let Some(splices) = &mut self.splices
            && let Some(splice) = splices.queue.front_mut()
        {
            let ahead = usize::try_from(splice.at - self.place).unwrap_or(usize::MAX);
            if sent < ahead {
                break;
            }
            sent -= ahead;
            self.place = splice.at;
            let taken = sent.min(splice.insert.len());
            mark_if(0 < taken && taken < splice.insert.len(), Mark::NoticeInPart);
            // Splices lie between lines.
            let last = splice.insert.drain(..taken).next_back();
            self.mid_line = last.is_some_and(|last| last != b'\n');
            splices.private -= taken;
            sent -= taken;
            if !splice.insert.is_empty() {
                return;
            }
            self.place += splice.skip;
            splices.skipped -= splice.skip;
            splices.queue.pop_front();
            if splices.queue.is_empty() {
                self.splices = None;
            }
        }
        self.place += sent as u64;
        self.mid_line = !log.is_line_start(self.place);
    }
}

/// So many of these bytes are of the line that they begin with.
pub(crate) fn begun_line(bytes: &VecDeque<u8>) -> usize {
    let end = bytes.iter().position(|byte| *byte == b'\n');
    end.map_or(bytes.len(), |end| end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    #[test]
    fn notices_at_one_place_are_one_splice() {
        let mut cursor = Cursor::new(0);
        cursor.note(0, "* a\n");
        cursor.note(0, "* b\n");
        assert_eq!((cursor.splices(), cursor.private()), (1, 8));
        cursor.note(5, "* c\n");
        assert_eq!((cursor.splices(), cursor.private()), (2, 12));
        // Lines of its own end it.
        let mut cursor = Cursor::new(0);
        cursor.skip(3..6);
        cursor.note(3, "* a\n");
        assert_eq!(cursor.splices(), 2);
    }

    #[test]
    fn a_begun_line_is_ended_before_a_notice_that_is_sent_at_once_wherever_the_cursor_moved() {
        let mut log = Stream::default();
        let mut cursor = Cursor::new(0);
        cursor.note(0, "* begun\n");
        cursor.note(0, "* later\n");
        cursor.advance(&log, 3);
        cursor.end_at(0);
        cursor.detach(&log);
        log.append(["not to be sent yet", "", "", ""]);
        log.set_bound(0);
        cursor.move_to(log.head(), true);
        cursor.note_at_once(&log, "* at once\n");
        let mut sent = Vec::new();
        while send(&mut cursor, &log, 5, &mut sent) {}
        assert_eq!(sent, b"egun\n* at once\n");
        log.set_bound(log.head());
        while send(&mut cursor, &log, 5, &mut sent) {}
        assert_eq!(sent, b"egun\n* at once\n* later\n");
    }

    #[test]
    fn a_line_that_waits_is_taken_back() {
        let mut log = Stream::default();
        let mut cursor = Cursor::new(0);
        log.append(["ab", "", "", ""]);
        cursor.note(log.head(), "* x\n* one\n* two\n");
        // It may be sent already.
        assert!(!cursor.take_back(&log, "* one\n"));
        log.set_bound(0);
        assert!(!cursor.take_back(&log, "one\n"));
        assert!(cursor.take_back(&log, "* one\n"));
        assert!(!cursor.take_back(&log, "* one\n"));
        log.set_bound(log.head());
        let mut sent = Vec::new();
        while send(&mut cursor, &log, 5, &mut sent) {}
        assert_eq!(sent, b"ab\n* x\n* two\n");
        log.append(["cd", "", "", ""]);
        cursor.note(log.head(), "* only\n");
        log.set_bound(3);
        assert!(cursor.take_back(&log, "* only\n"));
        assert_eq!((cursor.private(), cursor.splices()), (0, 0));
    }

    #[test]
    fn what_waits_is_counted_without_what_is_skipped() {
        let mut log = Stream::default();
        let mut cursor = Cursor::new(0);
        log.append(["others", "", "", ""]);
        for _ in 0..2 {
            cursor.skip(log.append(["mine", "", "", ""]));
            log.append(["others", "", "", ""]);
        }
        assert_eq!(cursor.total(&log), 21);
        cursor.advance(&log, 7);
        assert_eq!(cursor.total(&log), 14);
        cursor.advance(&log, 7);
        assert_eq!(cursor.total(&log), 7);
    }

    #[test]
    fn between_lines_is_where_the_last_byte_sent_ended_one() {
        let mut log = Stream::default();
        let mut cursor = Cursor::new(0);
        log.append(["others", "", "", ""]);
        cursor.skip(log.append(["mine", "", "", ""]));
        log.append(["others", "", "", ""]);
        cursor.note(log.head(), "* note\n");
        log.append(["others", "", "", ""]);
        let mut sent = Vec::new();
        while send(&mut cursor, &log, 1, &mut sent) {
            assert_eq!(
                cursor.is_mid_line(),
                sent.last() != Some(&b'\n'),
                "{sent:?}"
            );
        }
        assert_eq!(sent, b"others\nothers\n* note\nothers\n");
    }

    #[test]
    fn a_line_that_does_not_wait_comes_before_all_that_does() {
        for own_first in [false, true] {
            let mut log = Stream::default();
            log.append(["sent", "", "", ""]);
            let mut cursor = Cursor::new(0);
            let mut sent = Vec::new();
            send(&mut cursor, &log, usize::MAX, &mut sent);
            log.set_bound(log.head());
            if own_first {
                cursor.skip(log.append(["mine", "", "", ""]));
            }
            log.append(["others", "", "", ""]);
            cursor.skip(log.append(["mine", "", "", ""]));
            cursor.note(log.head(), "* later\n");
            cursor.note_at_once(&log, "* now\n");
            cursor.note_at_once(&log, "* and now\n");
            let waiting = cursor.total(&log);
            send(&mut cursor, &log, usize::MAX, &mut sent);
            assert_eq!(sent, b"sent\n* now\n* and now\n", "{own_first}");
            assert_eq!(cursor.total(&log), waiting - 16);
            log.set_bound(u64::MAX);
            cursor.note_at_once(&log, "* last\n");
            while send(&mut cursor, &log, 3, &mut sent) {}
            let all = "sent\n* now\n* and now\nothers\n* later\n* last\n";
            assert_eq!(core::str::from_utf8(&sent), Ok(all));
            assert!(cursor.is_done(&log));
            assert_eq!((cursor.private(), cursor.splices()), (0, 0));
        }
    }

    #[derive(Clone, Debug)]
    enum Step {
        Others(u8),
        Own(u8),
        Note(u8),
        Send(usize),
        Cut,
        Detach,
        End,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            4 => (0..9_u8).prop_map(Step::Others),
            4 => (0..9_u8).prop_map(Step::Own),
            3 => (0..9_u8).prop_map(Step::Note),
            4 => (0..40_usize).prop_map(Step::Send),
            1 => Just(Step::Cut),
            1 => Just(Step::Detach),
            1 => Just(Step::End),
        ];
        proptest::collection::vec(step, 0..200)
    }

    fn send(cursor: &mut Cursor, log: &Stream, most: usize, sent: &mut Vec<u8>) -> bool {
        let mut slices = [&[][..]; SLICES];
        let (count, _) = cursor.waiting(log, &mut slices);
        let bytes: Vec<u8> = slices[..count].concat();
        let taken = bytes.len().min(most);
        sent.extend_from_slice(&bytes[..taken]);
        cursor.advance(log, taken);
        !bytes.is_empty()
    }

    #[test]
    fn a_write_is_given_as_many_slices_as_it_may_need() {
        for (splices, given) in [(14, (28, false)), (15, (30, true)), (100, (30, true))] {
            let mut log = Stream::default();
            let mut cursor = Cursor::new(0);
            for _ in 0..splices {
                log.append(["other", "", "", ""]);
                cursor.note(log.head(), "* note\n");
            }
            let mut slices = [&[][..]; SLICES];
            assert_eq!(cursor.waiting(&log, &mut slices), given);
        }
    }

    proptest! {
        /// Whatever happens, and however little is sent at a time: the bytes are those of a
        /// plain list of the lines that the connection is to get.
        #[test]
        fn what_is_sent_is_what_was_to_be_sent(steps in steps()) {
            let mut log = Stream::default();
            log.append(["before", "", "", ""]);
            let mut cursor = Cursor::new(log.head());
            let (mut wanted, mut sent) = (Vec::new(), Vec::new());
            let mut receives = true;
            for (i, step) in steps.into_iter().enumerate() {
                let text = i.to_string();
                match step {
                    Step::Others(n) => for _ in 0..n {
                        log.append(["o", &text, "", ""]);
                        if receives {
                            wanted.extend_from_slice(alloc::format!("o{text}\n").as_bytes());
                        }
                    },
                    Step::Own(n) if receives => for _ in 0..n {
                        let entry = log.append(["m", &text, "", ""]);
                        cursor.skip(entry);
                    },
                    Step::Note(n) if receives => for _ in 0..n {
                        cursor.note(log.head(), "* note\n");
                        wanted.extend_from_slice(b"* note\n");
                    },
                    Step::Send(most) => drop(send(&mut cursor, &log, most, &mut sent)),
                    Step::Detach => cursor.detach(&log),
                    Step::End => {
                        cursor.end_at(log.head());
                        receives = false;
                    }
                    Step::Cut if sent.len() < wanted.len() => {
                        cursor.cut(&log, "* cut\n");
                        let rest = &wanted[sent.len()..];
                        let begun = sent.last().is_some_and(|byte| *byte != b'\n');
                        let end = rest.iter().position(|b| *b == b'\n').map_or(0, |at| at + 1);
                        let kept = sent.len() + if begun { end } else { 0 };
                        wanted.truncate(kept);
                        wanted.extend_from_slice(b"* cut\n");
                        receives = false;
                    }
                    _ => {}
                }
            }
            prop_assert_eq!(cursor.total(&log), (wanted.len() - sent.len()) as u64);
            while send(&mut cursor, &log, usize::MAX, &mut sent) {}
            prop_assert_eq!(core::str::from_utf8(&sent), core::str::from_utf8(&wanted));
            prop_assert!(cursor.is_done(&log));
            prop_assert_eq!((cursor.private(), cursor.splices()), (0, 0));
        }
    }
}
