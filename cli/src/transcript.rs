//! The transcript on standard output, which never holds the room up.
//!
//! A reader that is too slow misses whole stretches of lines, and log messages say how much; a
//! reader that is gone misses the rest. Only the very last line may be broken off, without an
//! ending, where the program has waited for its reader long enough.

use crate::writer::Writer;
use std::io::{self, Write};
use std::mem;
use std::time::{Duration, Instant};

/// Bytes that may wait for a slow standard output.
pub const MAX_WAITING: usize = 1024 * 1024;

/// Between two warnings about lines that are missing.
const QUIET: Duration = Duration::from_secs(10);

/// Lines on their way to standard output.
#[derive(Debug)]
pub struct Transcript {
    writer: Writer,
    /// Bytes left out that no warning has told of.
    missed: usize,
    warned: Option<Instant>,
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
            warned: None,
            gone: false,
        })
    }

    /// Leaves whole lines to be written, all of them or none. Never waits.
    pub fn push(&mut self, lines: &[u8]) {
        self.push_at(Instant::now(), lines);
    }

    fn push_at(&mut self, now: Instant, lines: &[u8]) {
        if self.is_gone() {
            return;
        }
        if !self.writer.offer(lines) {
            self.missed += lines.len();
        }
        if self.warned.is_none_or(|warned| now >= warned + QUIET) && self.warn() {
            self.warned = Some(now);
        }
    }

    /// Waits for everything to be written, but no longer than that.
    pub fn finish(&mut self, at_most: Duration) {
        let unwritten = self.writer.finish(at_most);
        if !self.is_gone() {
            self.missed += unwritten;
            self.warn();
        }
    }

    /// Tells of what is missing; whether anything is.
    fn warn(&mut self) -> bool {
        let bytes = mem::take(&mut self.missed);
        if bytes > 0 {
            tracing::warn!(
                bytes,
                "standard output is too slow; lines are missing in it"
            );
        }
        bytes > 0
    }

    fn is_gone(&mut self) -> bool {
        if !self.gone && self.writer.is_gone() {
            self.gone = true;
            tracing::warn!("standard output is gone; the transcript ends here");
        }
        self.gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};
    use std::thread;

    /// An output that takes everything or nothing.
    #[derive(Clone, Default)]
    struct Tap(Arc<Mutex<Tapped>>);

    #[derive(Default)]
    struct Tapped {
        open: bool,
        attempts: usize,
        taken: usize,
    }

    impl Write for Tap {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut tap = self.0.lock().unwrap();
            tap.attempts += 1;
            if !tap.open {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            tap.taken += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Tap {
        fn turn(&self, open: bool) {
            *self.0.lock().unwrap() = Tapped {
                open,
                ..Tapped::default()
            };
        }

        fn wait_until(&self, holds: impl Fn(&Tapped) -> bool) {
            while !holds(&self.0.lock().unwrap()) {
                thread::yield_now();
            }
        }
    }

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Log {
        /// The numbers of bytes that it tells of, since the last look.
        fn bytes(&self) -> Vec<usize> {
            let log = String::from_utf8(mem::take(&mut *self.0.lock().unwrap())).unwrap();
            log.lines()
                .map(|line| line.split_once("bytes=").unwrap().1.parse().unwrap())
                .collect()
        }
    }

    #[test]
    fn what_is_missing_is_told_at_once_then_now_and_then_and_at_the_end() {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        let _log = tracing::subscriber::set_default(subscriber);
        let tap = Tap::default();
        let mut transcript = Transcript::start(tap.clone()).unwrap();
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);

        transcript.push_at(start, b"first\n");
        tap.wait_until(|tap| tap.attempts > 0);
        transcript.push_at(start, &b"\n".repeat(MAX_WAITING));
        assert_eq!(log.bytes(), [0; 0]);
        transcript.push_at(start, b"missing\n");
        assert_eq!(log.bytes(), [8], "at once");
        for seconds in 1..10 {
            transcript.push_at(after(seconds), b"missing\n");
        }
        assert_eq!(log.bytes(), [0; 0]);
        transcript.push_at(after(10), b"missing\n");
        assert_eq!(log.bytes(), [80]);
        transcript.push_at(after(11), b"missing\n");

        tap.turn(true);
        tap.wait_until(|tap| tap.taken == 6 + MAX_WAITING);
        transcript.push_at(after(12), b"in time\n");
        assert_eq!(log.bytes(), [0; 0]);
        transcript.push_at(after(20), b"in time\n");
        assert_eq!(log.bytes(), [8], "of what was missing before");
        transcript.push_at(after(30), b"in time\n");
        tap.wait_until(|tap| tap.taken == 6 + MAX_WAITING + 24);

        tap.turn(false);
        transcript.push_at(after(40), b"last\n");
        transcript.finish(Duration::from_millis(100));
        assert_eq!(log.bytes(), [5], "at the end");
    }
}
