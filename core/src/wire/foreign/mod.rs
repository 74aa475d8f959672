//! The protocols of others: how a connection that speaks one is recognised, and what it is answered
//! (PROTOCOL.md, "Strangers").
//!
//! Ports are tried by scanners, browsers and mailers, and by people who mistake one for another. Nothing of what
//! they send is meant for a room, and some of it is secret.

mod people;
mod sign;
mod table;

pub use table::{Protocol, Row, TABLE};

use crate::types::limits::MAX_LINE;
use sign::Text;

/// So many parts of a line that has CR within it are compared, as lines.
const PARTS: usize = 16;

impl Protocol {
    /// The protocol that the first line speaks for sure, given what of it has come, whatever follows.
    ///
    /// ```
    /// use chat_core::foreign::Protocol;
    ///
    /// assert_eq!(Protocol::of_opening(&[0x16]), None);
    /// assert_eq!(Protocol::of_opening(&[0x16, 0x03]), Some(Protocol::Tls));
    /// ```
    pub fn of_opening(start: &[u8]) -> Option<Self> {
        Self::opened(start, |_| true)
    }

    /// The protocol that a line speaks for sure, given what of it has come, by signs such as these.
    fn opened(start: &[u8], counts: impl Fn(&str) -> bool) -> Option<Self> {
        let start = Text::of_opening(start);
        // The shortest beginning decides, however many bytes have come at once.
        let opens = |row: &Row| {
            let signs = row.signs.iter().filter(|sign| counts(sign));
            signs.filter_map(|sign| sign::opens(sign, &start)).min()
        };
        let rows = TABLE.iter().enumerate();
        let opened = rows.filter_map(|(nth, row)| Some((opens(row)?, nth, row.protocol?)));
        opened.min().map(|(.., protocol)| protocol)
    }

    /// The protocol that a first line speaks; of a line that is too long, its first 4,096 bytes.
    ///
    /// ```
    /// use chat_core::foreign::Protocol;
    ///
    /// assert_eq!(Protocol::of_line(b"PASS hunter2"), Some(Protocol::Irc));
    /// assert_eq!(Protocol::of_line(b"pass me the salt"), None);
    /// ```
    pub fn of_line(line: &[u8]) -> Option<Self> {
        let found = Self::of_whole_line(line);
        let mut parts = parts(line);
        let found = found.or_else(|| Self::of_whole_line(parts.next()?));
        found.or_else(|| parts.find_map(Self::of_whole_later_line))
    }

    fn of_whole_line(line: &[u8]) -> Option<Self> {
        let text = Text::of_line(line);
        let is = |row: &&Row| row.signs.iter().any(|sign| sign::is(sign, &text));
        Self::of_opening(line).or_else(|| TABLE.iter().find(is)?.protocol)
    }

    /// The protocol that a line speaks which comes soon after a first one that was of none: only signs of secrets count,
    /// which begin with `!`, and bytes.
    pub fn of_later_line(line: &[u8]) -> Option<Self> {
        let found = Self::of_whole_later_line(line);
        found.or_else(|| parts(line).find_map(Self::of_whole_later_line))
    }

    fn of_whole_later_line(line: &[u8]) -> Option<Self> {
        Self::of_later_opening(line).or_else(|| Self::of_later_characters(line))
    }

    fn of_later_characters(line: &[u8]) -> Option<Self> {
        let (text, start) = (Text::of_line(line), Text::of_opening(line));
        let is_secret = |sign: &&&str| sign.starts_with('!') || sign.starts_with("0x");
        let is = |row: &&Row| {
            let mut signs = row.signs.iter().filter(is_secret);
            signs.any(|sign| sign::is(sign, &text) || sign::opens(sign, &start).is_some())
        };
        let found = TABLE.iter().find(is)?.protocol?;
        let is_said = |row: &Row| row.signs.iter().any(|sign| sign::is(sign, &text));
        (!TABLE.first().is_some_and(is_said)).then_some(found)
    }

    /// The protocol that such a line speaks for sure, given what of it has come: only signs of bytes decide before its end.
    pub fn of_later_opening(start: &[u8]) -> Option<Self> {
        Self::opened(start, |sign| sign.starts_with("0x"))
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        self.row().map_or("", |row| row.name)
    }

    /// What it is answered, in its own form; nothing where the connection is just closed.
    pub fn answer(self) -> &'static str {
        self.row().map_or("", |row| row.answer)
    }

    fn row(self) -> Option<&'static Row> {
        TABLE.iter().find(|row| row.protocol == Some(self))
    }
}

/// The parts of a line between the CRs within it that are not blank, as far as they are compared; none where it has no CR.
fn parts(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let line = line[..line.len().min(MAX_LINE)].trim_ascii_end();
    let at_most = memchr::memchr(b'\r', line).map_or(0, |_| PARTS);
    let parts = line.split(|byte| *byte == b'\r');
    parts
        .filter(|part| !part.trim_ascii().is_empty())
        .take(at_most)
}
