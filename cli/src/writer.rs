//! Writing that nobody waits for: a thread writes, the others only leave bytes for it.
//!
//! Standard output and standard error may be pipes that nobody reads, or terminals that somebody
//! has stopped. A write to them may block for ever; here it blocks a thread of its own.

use std::io::{self, ErrorKind, Write};
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

/// The first and the longest pause before another attempt to write; each is twice the one before.
const PAUSES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(100));

/// The most bytes written at once: of a piece that is stuck, nobody knows how much is written.
const PIECE: usize = 64 * 1024;

/// Bytes on their way to be written, bounded in number.
#[derive(Clone, Debug)]
pub struct Writer {
    shared: Arc<(Mutex<State>, Condvar)>,
    capacity: usize,
    /// A disk that is full is waited for.
    lasting: bool,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<u8>,
    /// Bytes that the thread has taken and not written yet.
    taken: usize,
    failure: Option<ErrorKind>,
    /// Who waits until there is room.
    waker: Option<Waker>,
}

impl State {
    fn unwritten(&self) -> usize {
        self.taken + self.waiting.len()
    }
}

impl Writer {
    /// A writer to `out`, for which at most `capacity` bytes wait.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(
        name: &str,
        capacity: usize,
        out: impl Write + Send + 'static,
    ) -> io::Result<Self> {
        Self::start_with(name, capacity, false, out)
    }

    /// The same, for a program that goes on for long: where a disk is full, it may not be so for
    /// ever, and writing is tried again.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start_lasting(
        name: &str,
        capacity: usize,
        out: impl Write + Send + 'static,
    ) -> io::Result<Self> {
        Self::start_with(name, capacity, true, out)
    }

    fn start_with(
        name: &str,
        capacity: usize,
        lasting: bool,
        out: impl Write + Send + 'static,
    ) -> io::Result<Self> {
        let writer = Self {
            shared: Arc::default(),
            capacity,
            lasting,
        };
        let thread = writer.clone();
        thread::Builder::new()
            .name(name.into())
            .spawn(move || thread.write_to(out))?;
        Ok(writer)
    }

    /// Leaves bytes to be written; whether there was room for them. Where writing has failed,
    /// bytes vanish.
    pub fn offer(&self, bytes: &[u8]) -> bool {
        let mut state = self.lock();
        let fits = state.waiting.len() + bytes.len() <= self.capacity;
        if fits && state.failure.is_none() {
            state.waiting.extend_from_slice(bytes);
            self.shared.1.notify_all();
        }
        fits
    }

    /// Leaves bytes to be written, room or not: for those who ask [`poll_ready`](Self::poll_ready)
    /// before they make more of them.
    pub fn push(&self, bytes: &[u8]) {
        self.lock().waiting.extend_from_slice(bytes);
        self.shared.1.notify_all();
    }

    /// Whether less waits than the capacity.
    ///
    /// # Errors
    /// When writing has failed.
    pub fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.lock();
        if let Some(kind) = state.failure {
            return Poll::Ready(Err(kind.into()));
        }
        // To be woken by a failure as well, whoever asks and goes on to wait for something else.
        state.waker = Some(cx.waker().clone());
        if state.waiting.len() < self.capacity {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    }

    /// Whether everything is written.
    ///
    /// # Errors
    /// When writing has failed.
    pub fn poll_finished(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.lock();
        if let Some(kind) = state.failure {
            return Poll::Ready(Err(kind.into()));
        }
        state.waker = Some(cx.waker().clone());
        if state.unwritten() > 0 {
            Poll::Pending
        } else {
            Poll::Ready(Ok(()))
        }
    }

    /// Nothing can be written any more, for this reason.
    pub fn fail(&self, why: ErrorKind) {
        let mut state = self.lock();
        state.failure.get_or_insert(why);
        if let Some(waker) = state.waker.take() {
            waker.wake();
        }
        self.shared.1.notify_all();
    }

    /// Whether writing has failed.
    pub fn is_gone(&self) -> bool {
        self.lock().failure.is_some()
    }

    /// Waits until everything is written, or for as long as given, and answers how many bytes are
    /// not; all of a piece that is being written count as such.
    pub fn finish(&self, longest: Duration) -> usize {
        let goes_on = |s: &mut State| s.failure.is_none() && s.unwritten() > 0;
        let state = self.lock();
        let waited = self.shared.1.wait_timeout_while(state, longest, goes_on);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.unwritten()
    }

    fn write_to(&self, mut out: impl Write) {
        let mut state = self.lock();
        while state.failure.is_none() {
            if state.waiting.is_empty() {
                state = self
                    .shared
                    .1
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let bytes = mem::take(&mut state.waiting);
            state.taken = bytes.len();
            drop(state);
            let written = self.write_all(&mut out, &bytes);
            state = self.lock();
            state.taken = 0;
            if let Err(error) = written {
                state.failure = Some(error.kind());
            }
            if let Some(waker) = state.waker.take() {
                waker.wake();
            }
            self.shared.1.notify_all();
        }
        state.waiting = Vec::new();
    }

    fn write_all(&self, out: &mut impl Write, mut rest: &[u8]) -> io::Result<()> {
        let mut pause = PAUSES.0;
        loop {
            // First what `out` itself has held back of what it took: until then, that is not written.
            let step = out.flush().and_then(|()| {
                self.lock().taken = rest.len();
                if rest.is_empty() {
                    Ok(0)
                } else {
                    out.write(&rest[..rest.len().min(PIECE)])
                }
            });
            match step {
                Ok(0) if rest.is_empty() => return Ok(()),
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => {
                    rest = &rest[count..];
                    pause = PAUSES.0;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if self.may_pass(error.kind()) => {
                    thread::sleep(pause);
                    pause = (pause * 2).min(PAUSES.1);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Whether writing may succeed again after this failure. Whoever shares a pipe with us can make
    /// it one that never blocks, for us as well.
    fn may_pass(&self, failure: ErrorKind) -> bool {
        match failure {
            ErrorKind::WouldBlock => true,
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => self.lasting,
            _ => false,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
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
                .map_err(|_| io::Error::from(ErrorKind::BrokenPipe))?;
            let _ = self.1.send(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn offers_are_taken_up_to_the_capacity_and_not_past_it() {
        let (permit, permits) = mpsc::channel();
        let (written, given) = mpsc::channel();
        let writer = Writer::start("test", 8, Gate(permits, written)).unwrap();
        assert!(writer.offer(b"first"));
        while writer.lock().taken == 0 {
            thread::yield_now();
        }
        assert!(writer.offer(b"12345678"));
        assert!(!writer.offer(b"9"));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(writer.poll_ready(&mut cx).is_pending());
        permit.send(()).unwrap();
        permit.send(()).unwrap();
        writer.finish(LONG);
        assert!(writer.poll_ready(&mut cx).is_ready());
        assert_eq!(
            given.try_iter().collect::<Vec<_>>(),
            [&b"first"[..], b"12345678"]
        );
        writer.finish(Duration::ZERO);
    }

    #[test]
    fn a_reader_that_is_gone_is_not_waited_for() {
        let (permit, permits) = mpsc::channel();
        let writer = Writer::start("test", 8, Gate(permits, mpsc::channel().0)).unwrap();
        drop(permit);
        writer.push(b"first");
        writer.finish(LONG);
        assert!(writer.is_gone());
        assert!(writer.offer(b"second"));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(matches!(writer.poll_ready(&mut cx), Poll::Ready(Err(_))));
    }

    /// Takes three bytes, then fails as it is told to, and so on.
    struct Hiccups(Vec<ErrorKind>, Option<ErrorKind>, mpsc::Sender<Vec<u8>>);

    impl Write for Hiccups {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if let Some(failure) = self.1.take() {
                return Err(failure.into());
            }
            self.1 = self.0.pop();
            let count = bytes.len().min(3);
            let _ = self.2.send(bytes[..count].to_vec());
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_failure_that_may_pass_costs_no_byte_and_repeats_none() {
        let text = b"what is written, three bytes at a time, is what was left to be written";
        let failures = [
            ErrorKind::WouldBlock,
            ErrorKind::StorageFull,
            ErrorKind::Interrupted,
            ErrorKind::QuotaExceeded,
        ]
        .repeat(4);
        let (written, given) = mpsc::channel();
        let out = Hiccups(failures, None, written);
        let writer = Writer::start_lasting("test", 1024, out).unwrap();
        writer.push(text);
        assert_eq!(writer.finish(LONG), 0);
        let given: Vec<_> = given.try_iter().collect();
        assert_eq!(given.concat(), text);
    }

    #[test]
    fn a_full_disk_is_a_failure_for_a_program_that_is_to_end() {
        let out = Hiccups(vec![ErrorKind::StorageFull], None, mpsc::channel().0);
        let writer = Writer::start("test", 1024, out).unwrap();
        writer.push(b"more than that");
        writer.finish(LONG);
        assert!(writer.is_gone());
    }
}
