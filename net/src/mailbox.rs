//! What other threads tell the server's own: it is polled for, or waited for without polling.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// The side that is told. The other sides are closed when it is dropped.
#[derive(Debug)]
pub(crate) struct Mailbox<T>(Arc<Shared<T>>);

/// A side that tells.
#[derive(Debug)]
pub(crate) struct Teller<T>(Arc<Shared<T>>);

#[derive(Debug)]
struct Shared<T> {
    state: Mutex<State<T>>,
    told: Condvar,
}

#[derive(Debug)]
struct State<T> {
    /// As much as the tellers tell: each of them has one thing at a time to say.
    queue: VecDeque<T>,
    waker: Option<Waker>,
    tellers: usize,
    is_closed: bool,
}

/// A mailbox, and who tells it something.
pub(crate) fn mailbox<T>() -> (Teller<T>, Mailbox<T>) {
    let shared = Arc::new(Shared {
        state: Mutex::new(State {
            queue: VecDeque::new(),
            waker: None,
            tellers: 1,
            is_closed: false,
        }),
        told: Condvar::new(),
    });
    (Teller(Arc::clone(&shared)), Mailbox(shared))
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, change: impl FnOnce(&mut State<T>)) {
        let mut state = self.lock();
        change(&mut state);
        let waker = state.waker.take();
        drop(state);
        self.told.notify_one();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Mailbox<T> {
    /// The next thing told; `None` once nobody is left to tell anything.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut state = self.0.lock();
        if let Some(news) = state.queue.pop_front() {
            return Poll::Ready(Some(news));
        }
        if state.tellers == 0 {
            return Poll::Ready(None);
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Has the thread wait until there is something to poll for, or so long.
    pub(crate) fn wait(&mut self, most: Duration) {
        let mut state = self.0.lock();
        // It is awake: it need not be woken.
        state.waker = None;
        let is_quiet = |state: &mut State<T>| state.queue.is_empty() && state.tellers > 0;
        drop(self.0.told.wait_timeout_while(state, most, is_quiet));
    }
}

impl<T> Drop for Mailbox<T> {
    fn drop(&mut self) {
        self.0.lock().is_closed = true;
    }
}

impl<T> Teller<T> {
    /// Tells; whether anybody is there to hear it.
    pub(crate) fn tell(&self, news: T) -> bool {
        if self.is_closed() {
            return false;
        }
        self.0.tell(|state| state.queue.push_back(news));
        true
    }

    /// Whether nobody is there to hear anything.
    pub(crate) fn is_closed(&self) -> bool {
        self.0.lock().is_closed
    }
}

impl<T> Clone for Teller<T> {
    fn clone(&self) -> Self {
        self.0.lock().tellers += 1;
        Self(Arc::clone(&self.0))
    }
}

impl<T> Drop for Teller<T> {
    fn drop(&mut self) {
        self.0.tell(|state| state.tellers -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;
    use std::thread;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn whoever_polled_is_woken_once_and_whoever_waits_is_not() {
        let woken = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut cx = Context::from_waker(&waker);
        let (teller, mut mailbox) = mailbox();
        assert!(mailbox.poll(&mut cx).is_pending());
        teller.tell(1);
        teller.tell(2);
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
        assert_eq!(mailbox.poll(&mut cx), Poll::Ready(Some(1)));
        assert_eq!(mailbox.poll(&mut cx), Poll::Ready(Some(2)));
        assert!(mailbox.poll(&mut cx).is_pending());
        let other = thread::spawn(move || {
            thread::sleep(Duration::from_millis(20));
            teller.tell(3)
        });
        mailbox.wait(Duration::from_secs(60));
        assert_eq!(mailbox.poll(&mut cx), Poll::Ready(Some(3)));
        assert!(other.join().unwrap());
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn it_ends_when_nobody_is_left_to_tell_or_to_be_told() {
        let mut cx = Context::from_waker(Waker::noop());
        let (teller, mut mailbox) = mailbox::<u8>();
        let other = teller.clone();
        drop(teller);
        assert!(mailbox.poll(&mut cx).is_pending());
        mailbox.wait(Duration::from_millis(1));
        other.tell(1);
        drop(other);
        assert_eq!(mailbox.poll(&mut cx), Poll::Ready(Some(1)));
        assert_eq!(mailbox.poll(&mut cx), Poll::Ready(None));
        mailbox.wait(Duration::from_secs(60));

        let (teller, mailbox) = super::mailbox();
        drop(mailbox);
        assert!(!teller.tell(1));
    }
}
