//! Reading an export, line by line, each up to its limit.

use crate::store::error::Fault;
use chat_core::MAX_LINE;
use chat_core::json::MAX_ID;
use std::io::{BufRead, Read};

/// The longest first line, of a million in the room before the first entry.
pub(super) const MAX_HEAD: u64 = 256 << 20;

/// The longest of the other lines: an entry of a room, every byte of which is written as `\u0001`.
pub(super) const MAX_ENTRY: u64 = 6 * (MAX_LINE + MAX_ID) as u64 + 512;

/// What the line of entries that are missing begins with.
const MISSING: &[u8] = b"{\"missing\":";

/// The lines of an export.
pub(super) struct Lines<R> {
    pub(super) from: R,
    pub(super) line: u64,
}

impl<R: BufRead> Lines<R> {
    /// The next line, of at most so many bytes without its end.
    pub(super) fn next<T>(
        &mut self,
        longest: u64,
        decode: impl FnOnce(&[u8]) -> serde_json::Result<T>,
    ) -> Result<T, Fault> {
        let mut bytes = Vec::new();
        self.line += 1;
        self.more(longest + 1, &mut bytes)?;
        let mut most = longest;
        if bytes.last() != Some(&b'\n') && bytes.starts_with(MISSING) {
            // With what is missing there may be all rooms.
            most = MAX_HEAD;
            self.more(most + 1 - bytes.len() as u64, &mut bytes)?;
        }
        let length = bytes.len() as u64;
        if bytes.pop() != Some(b'\n') {
            if length > most {
                return Err(self.bad(format!(
                    "is longer than {most} bytes, which no line there can be"
                )));
            }
            return Err(self.bad("is where the file ends before its time"));
        }
        let text = match bytes.strip_prefix("\u{feff}".as_bytes()) {
            // Some programs that copy a text put a mark in front of it.
            Some(text) if self.line == 1 => text,
            _ => &bytes,
        };
        if self.line == 1 && text.trim_ascii().is_empty() {
            // Some put a line of its own there.
            return self.next(longest, decode);
        }
        decode(text).map_err(|error| {
            let told = error.to_string();
            // It knows of one line.
            let told = told.replace(" at line 1 column ", " at byte ");
            self.bad(format!("is not what belongs there ({told})"))
        })
    }

    /// Reads on to the end of the line, at most so many bytes.
    fn more(&mut self, most: u64, bytes: &mut Vec<u8>) -> Result<(), Fault> {
        let read = (self.from.by_ref().take(most)).read_until(b'\n', bytes);
        read.map_err(|error| self.bad(format!("cannot be read ({error})")))?;
        Ok(())
    }

    pub(super) fn at_end(&mut self) -> bool {
        self.from.fill_buf().is_ok_and(<[u8]>::is_empty)
    }

    /// What is wrong with the log that is made of it is wrong here.
    pub(super) fn located(&self, fault: Fault) -> Fault {
        match fault {
            Fault::Sequence {
                room,
                expected,
                found,
            } if room.is_lobby() => self.bad(format!("is entry {found}, not {expected}")),
            Fault::Sequence {
                room,
                expected,
                found,
            } => self.bad(format!("is entry {found} of room {room}, not {expected}")),
            fault => fault,
        }
    }

    pub(super) fn bad(&self, what: impl Into<String>) -> Fault {
        Fault::BadExport {
            line: self.line,
            what: what.into(),
        }
    }
}
