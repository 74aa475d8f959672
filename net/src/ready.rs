//! Which sockets have become ready: one waker for each, one list for all.

use std::mem;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// Slots whose sockets were woken, and the task that is to hear of it.
#[derive(Debug, Default)]
pub(crate) struct Ready(Arc<Mutex<List>>);

#[derive(Debug, Default)]
struct List {
    woken: Vec<usize>,
    task: Option<Waker>,
}

/// Wakes the task and says which slot it is about.
struct SlotWaker {
    slot: usize,
    list: Arc<Mutex<List>>,
}

impl Ready {
    /// A waker that puts `slot` on the list.
    pub(crate) fn waker(&self, slot: usize) -> Waker {
        let list = Arc::clone(&self.0);
        Waker::from(Arc::new(SlotWaker { slot, list }))
    }

    /// Moves the list to the end of `slots`; pending, and `cx` woken later, while it is empty.
    pub(crate) fn poll_take(&self, cx: &mut Context<'_>, slots: &mut Vec<usize>) -> Poll<()> {
        let mut list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if list.woken.is_empty() {
            list.task = Some(cx.waker().clone());
            return Poll::Pending;
        }
        slots.append(&mut list.woken);
        Poll::Ready(())
    }
}

impl Wake for SlotWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        list.woken.push(self.slot);
        let task = mem::take(&mut list.task);
        drop(list);
        if let Some(task) = task {
            task.wake();
        }
    }
}
