//! What a connection sends, and what of it waits.

use super::rate::Pace;
use super::turns::Place as Turn;
use crate::types::limits::{MAX_JSON_LINE, MAX_LINE};
use crate::types::secret::Secret;
use crate::types::time::Timestamp;
use crate::wire::dialect::Dialect;
use crate::wire::line::{self, LineReader};
use alloc::boxed::Box;
use alloc::vec::Vec;

/// What a connection sends, from its bytes to their turn.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Inbound {
    /// What is to be remembered of what it sent: nothing, between lines.
    pub(super) reader: Option<Box<LineReader>>,
    /// Bytes received that wait until it may be read from again.
    unread: Option<Box<Secret<Vec<u8>>>>,
    /// Its place among those whose bytes wait to be gone through, while it is there.
    pub(super) turn: Option<Turn>,
    /// All that was handled of it last was answered to it alone.
    pub(super) asks: bool,
    /// When its next turn as a sparse speaker would be due at the rate granted.
    pub(super) next_sparse: Timestamp,
    /// What it has sent, where that is limited.
    pub(super) pace: Option<Box<Pace>>,
    /// It has closed its side.
    pub(super) eof: bool,
}

impl Inbound {
    /// Nothing has come yet.
    pub(super) fn new() -> Self {
        Self {
            reader: Some(Box::new(new_reader(Dialect::Text).skipping_mark())),
            unread: None,
            turn: None,
            asks: false,
            next_sparse: Timestamp::ZERO,
            pace: None,
            eof: false,
        }
    }

    /// Whether a line has begun that has not ended.
    pub(super) fn is_mid_line(&self) -> bool {
        self.reader.as_ref().is_some_and(|it| it.is_mid_line())
    }

    /// Takes out what finds the lines of what it sends, if that has something to remember.
    pub(super) fn take_reader(&mut self) -> Option<LineReader> {
        self.reader.take().map(|kept| *kept)
    }

    /// Puts that back.
    pub(super) fn put_reader(&mut self, reader: LineReader) {
        self.reader = (!reader.is_at_rest()).then(|| Box::new(reader));
    }

    /// Bytes received that wait until it may be read from again.
    pub(super) fn unread(&self) -> &[u8] {
        self.unread.as_ref().map_or(&[], |unread| unread)
    }

    /// Whether there are such.
    pub(super) fn has_unread(&self) -> bool {
        self.unread.is_some()
    }

    /// Has more bytes wait, after the others.
    pub(super) fn add_unread(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            let unread = self.unread.get_or_insert_default();
            unread.extend_from_slice(bytes);
        }
    }

    /// Takes out the bytes that wait.
    pub(super) fn take_unread(&mut self) -> Vec<u8> {
        self.unread.take().map_or_else(Vec::new, |unread| unread.0)
    }

    /// Has these bytes wait, and no others.
    pub(super) fn put_unread(&mut self, bytes: Vec<u8>) {
        self.unread = (!bytes.is_empty()).then(|| Box::new(Secret(bytes)));
    }
}

/// The next line of what comes from the beginning of one on, where it takes nothing to find it.
pub(super) fn whole_line<'c>(dialect: Dialect, rest: &mut &'c [u8]) -> Option<&'c [u8]> {
    match dialect {
        Dialect::Text => line::whole(rest, MAX_LINE, true),
        Dialect::Json => line::whole(rest, MAX_JSON_LINE, false),
    }
}

/// Finds the lines of what comes from the beginning of one on.
pub(super) fn new_reader(dialect: Dialect) -> LineReader {
    match dialect {
        Dialect::Text => LineReader::new(MAX_LINE).skipping_telnet(),
        Dialect::Json => {
            let mut reader = LineReader::new(MAX_JSON_LINE);
            reader.read_objects(MAX_JSON_LINE);
            reader
        }
    }
}
