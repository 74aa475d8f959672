//! The transcript on standard output, which never holds the room up.
//!
//! A thread writes; the room only leaves lines for it. A reader that is too slow misses whole
//! stretches of lines, and a log message says how much; a reader that is gone misses the rest.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Bytes that may wait for a slow standard output.
pub const MAX_WAITING: usize = 1024 * 1024;

/// How long the end of the program waits for what is still to be written.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// Lines on their way to a writer.
#[derive(Clone, Debug, Default)]
pub struct Transcript(Arc<(Mutex<State>, Condvar)>);

#[derive(Debug, Default)]
struct State {
    waiting: Vec<u8>,
    /// The writer has taken bytes that it has not written yet.
    writing: bool,
    gone: bool,
    missed: usize,
}

impl Transcript {
    /// A transcript that a thread writes to `out`.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(out: impl Write + Send + 'static) -> io::Result<Self> {
        let transcript = Self::default();
        let writer = transcript.clone();
        thread::Builder::new()
            .name("transcript".into())
            .spawn(move || writer.write_to(out))?;
        Ok(transcript)
    }

    /// Leaves whole lines to be written. Never waits.
    pub fn push(&self, lines: &[u8]) {
        let mut state = self.lock();
        if state.gone {
            return;
        }
        if state.waiting.len() + lines.len() > MAX_WAITING {
            state.missed += lines.len();
            return;
        }
        if state.missed > 0 {
            tracing::warn!(
                bytes = state.missed,
                "standard output is too slow; lines are missing in it"
            );
            state.missed = 0;
        }
        state.waiting.extend_from_slice(lines);
        self.0.1.notify_all();
    }

    /// Waits for everything to be written, but not for long.
    pub fn finish(&self) {
        let state = self.lock();
        let unwritten = |s: &mut State| !s.gone && (s.writing || !s.waiting.is_empty());
        let _ = self.0.1.wait_timeout_while(state, LAST_WAIT, unwritten);
    }

    fn write_to(&self, mut out: impl Write) {
        let mut state = self.lock();
        loop {
            if state.waiting.is_empty() {
                state = self.0.1.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let bytes = std::mem::take(&mut state.waiting);
            state.writing = true;
            drop(state);
            let written = out.write_all(&bytes).and_then(|()| out.flush());
            state = self.lock();
            state.writing = false;
            if let Err(error) = written {
                tracing::warn!(%error, "standard output is gone; the room goes on without a transcript");
                state.gone = true;
                state.waiting = Vec::new();
            }
            self.0.1.notify_all();
            if state.gone {
                return;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    /// Takes one write for each permit.
    struct Gate(mpsc::Receiver<()>, mpsc::Sender<Vec<u8>>);

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0
                .recv()
                .map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
            let _ = self.1.send(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_blocked_reader_misses_whole_lines_and_nobody_waits() {
        let (permit, permits) = mpsc::channel();
        let (written, writes) = mpsc::channel();
        let transcript = Transcript::start(Gate(permits, written)).unwrap();
        transcript.push(b"first\n");
        while !transcript.lock().writing {
            thread::yield_now();
        }
        let line = [vec![b'x'; 1023], vec![b'\n']].concat();
        for _ in 0..2 * MAX_WAITING / line.len() {
            transcript.push(&line);
        }
        assert_eq!(
            transcript.lock().waiting.len(),
            MAX_WAITING,
            "at the limit, and not past it"
        );
        assert_eq!(transcript.lock().missed, MAX_WAITING);
        permit.send(()).unwrap();
        permit.send(()).unwrap();
        transcript.finish();
        transcript.push(b"last\n");
        permit.send(()).unwrap();
        transcript.finish();
        let all: Vec<u8> = writes.try_iter().flatten().collect();
        assert_eq!(all.len(), 6 + MAX_WAITING + 5);
        assert!(all.ends_with(b"x\nlast\n"));
    }

    #[test]
    fn a_reader_that_is_gone_is_not_waited_for() {
        let (permit, permits) = mpsc::channel();
        let transcript = Transcript::start(Gate(permits, mpsc::channel().0)).unwrap();
        drop(permit);
        transcript.push(b"first\n");
        transcript.finish();
        assert!(transcript.lock().gone);
        transcript.push(b"second\n");
        assert!(transcript.lock().waiting.is_empty());
    }
}
