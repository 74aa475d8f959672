//! Framing: bytes in any chunks become lines (PROTOCOL.md, "Lines").

use crate::mark::{Mark, mark_if};
use crate::types::secret::Secret;
use crate::wire::request_id::GivenId;
use crate::wire::telnet::{IAC, Telnet};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

/// The byte order mark, as UTF-8 has it.
const MARK: &[u8] = "\u{feff}".as_bytes();

/// What [`LineReader::next`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// A whole line, without its ending.
    Whole(&'a [u8]),
    /// A line longer than the limit, of which only the beginning was kept.
    TooLong(&'a [u8]),
}

impl Line<'_> {
    /// The line without byte order marks before it; one that is too long is said no more with them than without.
    pub(crate) fn without_marks(self) -> Self {
        match self {
            Self::Whole(line) => Self::Whole(without_marks(line)),
            Self::TooLong(_) => self,
        }
    }
}

/// A line, or the beginning of one, without byte order marks before it.
pub(crate) fn without_marks(line: &[u8]) -> &[u8] {
    let mut line = line;
    while let Some(rest) = line.strip_prefix(MARK) {
        line = rest;
    }
    line
}

/// Cuts a stream of bytes into lines, however the bytes were chunked.
///
/// A line ends with `\n`; one `\r` right before it belongs to the ending. A line over the limit
/// is reported once, when its ending is seen, and the line after it is whole again.
///
/// ```
/// use chat_core::{Line, LineReader};
///
/// let mut reader = LineReader::new(5);
/// let mut chunk: &[u8] = b"hello\r\nto";
/// assert_eq!(reader.next(&mut chunk), Some(Line::Whole(b"hello")));
/// assert_eq!(reader.next(&mut chunk), None);
/// let mut chunk: &[u8] = b"olong\nhi\n";
/// assert_eq!(reader.next(&mut chunk), Some(Line::TooLong(b"toolo")));
/// assert_eq!(reader.next(&mut chunk), Some(Line::Whole(b"hi")));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LineReader {
    limit: usize,
    /// The line begun but not ended: at most `limit` bytes and one more, which may be the `\r`
    /// of its ending. Empty, and not allocated, between lines.
    partial: Secret<Vec<u8>>,
    /// `partial` has been handed out; the next call starts a new line.
    given: bool,
    too_long: bool,
    /// Of what is dropped of a line, its id is read.
    reads_id: bool,
    id: Option<Box<GivenId>>,
    /// While a byte order mark may yet come: how many bytes of it have come, which are not in `partial`.
    mark: Option<u8>,
    /// What tells commands of telnet from text, where these are skipped.
    telnet: Option<Telnet>,
}

impl LineReader {
    /// A reader for lines of at most `limit` bytes, their ending not counted.
    pub const fn new(limit: usize) -> Self {
        Self {
            limit,
            partial: Secret(Vec::new()),
            given: false,
            too_long: false,
            reads_id: false,
            id: None,
            mark: None,
            telnet: None,
        }
    }

    /// From now on lines are objects, of at most `limit` bytes, and every byte of them counts.
    pub(crate) fn read_objects(&mut self, limit: usize) {
        self.limit = limit;
        self.reads_id = true;
        self.telnet = None;
    }

    /// The id in the line that was found last, and was too long; or in the one that has begun.
    pub(crate) fn take_id(&mut self) -> Option<String> {
        match self.id.take() {
            Some(id) => id.end(),
            None => GivenId::of(&self.partial),
        }
    }

    /// Skips a byte order mark (U+FEFF) before the first line, as some programs write one where a text begins.
    #[must_use]
    pub const fn skipping_mark(mut self) -> Self {
        self.mark = Some(0);
        self
    }

    /// Skips the commands of telnet (RFC 854), wherever they are: lines are as if these had not come. A
    /// subnegotiation of more than 4,096 bytes goes on as text after these.
    ///
    /// ```
    /// use chat_core::{Line, LineReader};
    ///
    /// let mut reader = LineReader::new(5).skipping_telnet();
    /// let mut chunk: &[u8] = b"\xff\xfd\x01he\xff\xf6llo\n";
    /// assert_eq!(reader.next(&mut chunk), Some(Line::Whole(b"hello")));
    /// ```
    #[must_use]
    pub const fn skipping_telnet(mut self) -> Self {
        self.telnet = Some(Telnet::new());
        self
    }

    /// Takes bytes from the front of `chunk` up to the end of the next line.
    ///
    /// `None` means that `chunk` is used up and the line in it, if any, has not ended yet.
    pub fn next<'r, 'c: 'r>(&'r mut self, chunk: &mut &'c [u8]) -> Option<Line<'r>> {
        if self.given {
            self.given = false;
            self.id = None;
            self.partial = Secret::default();
        }
        let end = loop {
            self.skip(chunk);
            let end = match &self.telnet {
                Some(_) => memchr::memchr2(b'\n', IAC, chunk),
                None => memchr::memchr(b'\n', chunk),
            };
            let Some(end) = end else {
                self.keep(chunk);
                *chunk = &[];
                return None;
            };
            if chunk[end] == b'\n' {
                break end;
            }
            self.keep(&chunk[..end]);
            *chunk = &chunk[end + 1..];
            if let Some(telnet) = &mut self.telnet {
                telnet.begin();
            }
        };
        let (line, rest) = (&chunk[..end], &chunk[end + 1..]);
        *chunk = rest;
        if self.partial.is_empty() {
            let found = measured(line, self.limit, false);
            if self.reads_id && matches!(found, Line::TooLong(_)) {
                self.read_id(line);
                self.given = true;
            }
            return Some(found);
        }
        self.keep(line);
        self.given = true;
        let too_long = core::mem::take(&mut self.too_long);
        Some(measured(&self.partial, self.limit, too_long))
    }

    /// Takes from the front of `chunk` what is skipped there.
    fn skip(&mut self, chunk: &mut &[u8]) {
        if let Some(telnet) = &mut self.telnet
            && telnet.skip(chunk)
        {
            let come = self.mark.take().map_or(0, usize::from);
            self.keep(&MARK[..come]);
            self.keep(&[IAC]);
        }
        while let Some(come) = self.mark
            && let Some((&byte, rest)) = chunk.split_first()
        {
            let at = usize::from(come);
            if byte == MARK[at] {
                self.mark = (at + 1 < MARK.len()).then_some(come + 1);
                mark_if(self.mark.is_none(), Mark::ByteOrderMark);
                *chunk = rest;
            } else if byte == IAC && self.telnet.is_some() {
                return;
            } else {
                self.mark = None;
                self.keep(&MARK[..at]);
            }
        }
    }

    /// Whether it has nothing to remember, and a new one does as well.
    pub(crate) fn is_at_rest(&self) -> bool {
        let is_text = self.telnet.as_ref().is_none_or(Telnet::is_text);
        is_text && !self.is_mid_line() && self.id.is_none() && self.mark.is_none()
    }

    /// Whether a line has begun that has not ended.
    pub fn is_mid_line(&self) -> bool {
        !self.given && !self.partial.is_empty() || self.mark.is_some_and(|come| come > 0)
    }

    /// The line that has begun and has not ended, as far as it is kept: at most one byte more than the limit.
    pub(crate) fn begun(&self) -> &[u8] {
        if self.given { &[] } else { &self.partial }
    }

    /// Bytes held for the line that has not ended, at most one more than the limit.
    pub fn held(&self) -> usize {
        self.partial.len()
    }

    fn keep(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let room = (self.limit + 1).saturating_sub(self.partial.len());
        let (kept, dropped) = bytes.split_at(bytes.len().min(room));
        self.partial.extend_from_slice(kept);
        if !dropped.is_empty() {
            self.too_long = true;
            if self.reads_id {
                self.read_id(dropped);
            }
        }
    }

    /// Reads what is dropped of a line, after what is kept of it.
    fn read_id(&mut self, dropped: &[u8]) {
        let id = self.id.get_or_insert_with(|| {
            let mut id = GivenId::new();
            id.read(&self.partial);
            Box::new(id)
        });
        id.read(dropped);
    }
}

/// Takes a whole line of at most `limit` bytes from the front of `chunk`, as a reader would that has nothing to remember, and
/// need not be made for that. `None` where more is to be seen to, which is for a reader: nothing is taken.
pub(crate) fn whole<'c>(
    chunk: &mut &'c [u8],
    limit: usize,
    skips_telnet: bool,
) -> Option<&'c [u8]> {
    let end = if skips_telnet {
        memchr::memchr2(b'\n', IAC, chunk)
    } else {
        memchr::memchr(b'\n', chunk)
    };
    let (line, rest) = chunk.split_at_checked(end?)?;
    let rest = rest.strip_prefix(b"\n")?;
    match measured(line, limit, false) {
        Line::Whole(line) => {
            *chunk = rest;
            Some(line)
        }
        Line::TooLong(_) => None,
    }
}

fn measured(line: &[u8], limit: usize, cut: bool) -> Line<'_> {
    let whole = line.strip_suffix(b"\r").unwrap_or(line);
    if cut || whole.len() > limit {
        Line::TooLong(&line[..limit])
    } else {
        Line::Whole(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    /// The lines of `input`, fed in pieces of the given sizes over and over.
    fn lines(input: &[u8], limit: usize, sizes: &[usize]) -> Vec<(bool, Vec<u8>)> {
        let mut reader = LineReader::new(limit);
        let mut found = Vec::new();
        let mut rest = input;
        let mut sizes = sizes.iter().cycle();
        while !rest.is_empty() {
            let (mut chunk, tail) = rest.split_at((*sizes.next().unwrap()).clamp(1, rest.len()));
            rest = tail;
            while let Some(line) = reader.next(&mut chunk) {
                found.push(match line {
                    Line::Whole(l) => (true, l.to_vec()),
                    Line::TooLong(l) => (false, l.to_vec()),
                });
            }
            assert!(reader.held() <= limit + 1);
        }
        found
    }

    #[test]
    fn a_line_at_the_limit_is_whole_and_one_past_it_is_not() {
        for ending in ["\n", "\r\n"] {
            for (length, whole) in [(7, true), (8, true), (9, false), (10, false), (99, false)] {
                let mut input = vec![b'a'; length];
                input.extend_from_slice(ending.as_bytes());
                input.extend_from_slice(b"next\n");
                for size in 1..input.len() {
                    let found = lines(&input, 8, &[size]);
                    assert_eq!(
                        found[0],
                        (whole, vec![b'a'; length.min(8)]),
                        "{length} in {size}s"
                    );
                    assert_eq!(found[1..], [(true, b"next".to_vec())]);
                }
            }
        }
    }

    #[test]
    fn only_one_carriage_return_belongs_to_the_ending() {
        assert_eq!(
            lines(b"a\r\r\n\r\n\rb\n", 8, &[3]),
            [
                (true, b"a\r".to_vec()),
                (true, b"".to_vec()),
                (true, b"\rb".to_vec()),
            ]
        );
    }

    #[test]
    fn nothing_is_held_between_lines() {
        let mut reader = LineReader::new(8);
        let mut chunk: &[u8] = b"ab";
        assert_eq!(reader.next(&mut chunk), None);
        let mut chunk: &[u8] = b"c\n";
        assert_eq!(reader.next(&mut chunk), Some(Line::Whole(b"abc")));
        assert_eq!(reader.next(&mut chunk), None);
        assert_eq!(reader.partial.capacity(), 0);
    }

    proptest::proptest! {
        #[test]
        fn framing_does_not_depend_on_chunking(
            input in proptest::collection::vec(proptest::sample::select(&b"ab\r\n\n"[..]), 0..200),
            sizes in proptest::collection::vec(1_usize..9, 1..9),
        ) {
            proptest::prop_assert_eq!(lines(&input, 6, &sizes), lines(&input, 6, &[usize::MAX]));
        }
    }

    proptest::proptest! {
        #[test]
        fn a_whole_line_is_what_a_reader_finds_at_once(
            input in proptest::collection::vec(proptest::sample::select(&b"abc\r\n\xff\xfd\x01"[..]), 0..12),
            skips_telnet: bool,
        ) {
            let mut reader = LineReader::new(4);
            if skips_telnet {
                reader = reader.skipping_telnet();
            }
            let (mut rest, mut left) = (&input[..], &input[..]);
            let found = reader.next(&mut rest);
            if let Some(line) = whole(&mut left, 4, skips_telnet) {
                proptest::prop_assert_eq!(found, Some(Line::Whole(line)));
                proptest::prop_assert_eq!(left, rest);
                proptest::prop_assert!(reader.is_at_rest());
            } else {
                proptest::prop_assert_eq!(left, &input[..]);
                let is_plain = !skips_telnet || !input.contains(&IAC);
                proptest::prop_assert!(!is_plain || !matches!(found, Some(Line::Whole(_))));
            }
        }
    }

    #[test]
    fn what_is_held_is_the_line_begun() {
        let mut reader = LineReader::new(3);
        for (chunk, held) in [
            ("ab", 2),
            ("c", 3),
            ("d", 4),
            ("e", 4),
            ("\nx", 1),
            ("\n", 0),
        ] {
            let mut chunk = chunk.as_bytes();
            while reader.next(&mut chunk).is_some() {}
            assert_eq!(reader.held(), held, "after {chunk:?}");
        }
    }
}
