//! Writing that nobody waits for: a thread writes, the others only leave bytes for it.
//!
//! Standard output and standard error may be pipes that nobody reads, or terminals that somebody
//! has stopped. A write to them may block for ever; here it blocks a thread of its own.

use std::io::{self, Write};
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

/// Bytes on their way to be written, bounded in number.
#[derive(Clone, Debug)]
pub struct Writer {
    shared: Arc<(Mutex<State>, Condvar)>,
    capacity: usize,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<u8>,
    /// The thread has taken bytes that it has not written yet.
    writing: bool,
    failure: Option<io::ErrorKind>,
    /// Who waits until there is room.
    waker: Option<Waker>,
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
        let writer = Self {
            shared: Arc::default(),
            capacity,
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
        let unwritten = state.writing || !state.waiting.is_empty();
        if unwritten {
            Poll::Pending
        } else {
            Poll::Ready(Ok(()))
        }
    }

    /// Whether writing has failed.
    pub fn is_gone(&self) -> bool {
        self.lock().failure.is_some()
    }

    /// Waits until everything is written, or for as long as given.
    pub fn finish(&self, longest: Duration) {
        let unwritten = |s: &mut State| s.failure.is_none() && (s.writing || !s.waiting.is_empty());
        let state = self.lock();
        let _ = self.shared.1.wait_timeout_while(state, longest, unwritten);
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
            state.writing = true;
            drop(state);
            let written = out.write_all(&bytes).and_then(|()| out.flush());
            state = self.lock();
            state.writing = false;
            state.failure = written.err().map(|error| error.kind());
            if let Some(waker) = state.waker.take() {
                waker.wake();
            }
            self.shared.1.notify_all();
        }
        state.waiting = Vec::new();
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
                .map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
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
        while !writer.lock().writing {
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
}
