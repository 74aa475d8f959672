//! The transcript on standard output, which never holds the room up.
//!
//! A reader that is too slow misses whole stretches of lines, and a log message says how much; a
//! reader that is gone misses the rest.

use crate::writer::Writer;
use std::io::{self, Write};
use std::time::Duration;

/// Bytes that may wait for a slow standard output.
pub const MAX_WAITING: usize = 1024 * 1024;

/// How long the end of the program waits for what is still to be written.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// Lines on their way to standard output.
#[derive(Debug)]
pub struct Transcript {
    writer: Writer,
    /// Bytes left out since the last that were not.
    missed: usize,
    gone: bool,
}

impl Transcript {
    /// A transcript that is written to `out`.
    ///
    /// # Errors
    /// When the thread that writes cannot be started.
    pub fn start(out: impl Write + Send + 'static) -> io::Result<Self> {
        let writer = Writer::start_lasting("transcript", MAX_WAITING, out)?;
        Ok(Self {
            writer,
            missed: 0,
            gone: false,
        })
    }

    /// Leaves whole lines to be written. Never waits.
    pub fn push(&mut self, lines: &[u8]) {
        if self.gone {
            return;
        }
        if self.writer.is_gone() {
            self.gone = true;
            tracing::warn!("standard output is gone; the room goes on without a transcript");
        } else if !self.writer.offer(lines) {
            self.missed += lines.len();
        } else if self.missed > 0 {
            let bytes = std::mem::take(&mut self.missed);
            tracing::warn!(
                bytes,
                "standard output is too slow; lines are missing in it"
            );
        }
    }

    /// Waits for everything to be written, but not for long.
    pub fn finish(&self) {
        self.writer.finish(LAST_WAIT);
    }
}
