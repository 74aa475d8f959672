//! What the threads of a terminal share: one reads what is typed, one writes what the editor shows, and a task passes on what
//! is entered.

use crate::editor::{Editor, Event};
use crate::endings;
use crate::raw_terminal::{self, CLOSING, raw, read_typed, stop_job, write_all, write_at_once};
use chat_core::Timestamp;
use chat_net::client::{Input, Stop};
use rustix::process::{Signal, getpid, kill_process};
use rustix::stdio::stdin;
use rustix::termios::{OptionalActions, QueueSelector, Termios, tcflush, tcsetattr};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::task::Waker;
use std::time::{Duration, Instant};
use tokio::sync::{Notify, mpsc};

/// How long a paste is waited for that is on its way when the program ends: its rest is not for the shell.
const PASTE_END: Duration = Duration::from_millis(500);

/// How long the thread that reads may take to read what has come.
const UNREAD: Duration = Duration::from_millis(50);

/// Its columns and rows, 0 where they are not known.
pub(super) fn size() -> (usize, usize) {
    let known = raw_terminal::size();
    known.map_or((0, 0), |(columns, rows)| (columns.into(), rows.into()))
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) state: Mutex<State>,
    pub(super) changed: Condvar,
    /// There is something for [`Editor::poll_event`] to give.
    pub(super) entered: Notify,
    /// The terminal as it was found.
    pub(super) found: Termios,
    pub(super) started: Instant,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) editor: Editor,
    /// The editor may have something to be written.
    pub(super) is_dirty: bool,
    /// Something is being written.
    pub(super) is_writing: bool,
    /// The terminal went away.
    pub(super) is_gone: bool,
    /// It was given back until the program goes on.
    pub(super) is_lent: bool,
    /// It was given back for good.
    pub(super) is_over: bool,
    /// The input has ended, and was said to have.
    pub(super) is_ended: bool,
    pub(super) answers: Option<mpsc::Sender<char>>,
    pub(super) waker: Option<Waker>,
}

/// Says that the terminal went away, however its thread ends.
pub(super) struct Gone<'a>(pub(super) &'a Shared);

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        self.0.gone();
    }
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Timestamp {
        let micros = self.started.elapsed().as_micros();
        Timestamp::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }

    /// Does something to the editor, and has what comes of it written.
    pub(super) fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        let result = change(&mut state);
        state.is_dirty = true;
        drop(state);
        self.changed.notify_all();
        result
    }

    fn gone(&self) {
        let mut state = self.lock();
        state.is_gone = true;
        if let Some(waker) = state.waker.take() {
            waker.wake();
        }
        drop(state);
        self.changed.notify_all();
        self.entered.notify_one();
    }

    /// Reads what is typed, of which the first bytes were typed `ahead`.
    pub(super) fn read(&self, mut ahead: usize, interrupt: &mpsc::Sender<Stop>) {
        let mut buffer = vec![0; 8 * 1024];
        loop {
            let due = self.lock().editor.next_timeout();
            let timeout = due.map(|due| due.since(self.now()) + Duration::from_micros(100));
            let most = if ahead > 0 {
                ahead.min(buffer.len())
            } else {
                buffer.len()
            };
            let Ok(count) = read_typed(&mut buffer[..most], timeout) else {
                return;
            };
            let now = self.now();
            let mut urgent = Vec::new();
            self.with(|state| {
                match count {
                    0 => state.editor.timeout(now),
                    count if ahead > 0 => state.editor.read_ahead(now, &buffer[..count]),
                    count => state.editor.read(now, &buffer[..count]),
                }
                while let Some(event) = state.editor.poll_urgent() {
                    if let Event::Answered(answer) = event {
                        // Whoever asked and has gone does not want to know.
                        let _ = state.answers.take().map(|answers| answers.try_send(answer));
                    } else {
                        urgent.push(event);
                    }
                }
            });
            ahead = ahead.saturating_sub(count);
            self.entered.notify_one();
            for event in urgent {
                match event {
                    // Two that wait are enough: the second one is waited for by nobody.
                    Event::Interrupt => drop(interrupt.try_send(Stop::Interrupt)),
                    Event::Suspend => self.suspend(),
                    Event::Quit => {
                        self.close(false);
                        let _ = kill_process(getpid(), Signal::QUIT);
                    }
                    _ => {}
                }
            }
        }
    }

    /// Passes on what is entered as fast as it is taken, then the end.
    pub(super) async fn forward(&self, typed: mpsc::Sender<Input>) {
        loop {
            let event = {
                let mut state = self.lock();
                let event = state.editor.poll_event();
                let is_over = event.is_none() && state.is_gone;
                let event = if is_over { Some(Event::End) } else { event };
                if event == Some(Event::End) && std::mem::replace(&mut state.is_ended, true) {
                    None
                } else {
                    event
                }
            };
            let input = match event {
                Some(Event::Entered(line)) => Input::Bytes((line + "\n").into()),
                Some(Event::Said(text)) => Input::Said(text),
                Some(Event::Names) => Input::Names,
                Some(_) => Input::End,
                None => {
                    self.entered.notified().await;
                    continue;
                }
            };
            if typed.send(input).await.is_err() {
                return;
            }
        }
    }

    /// Writes what the editor has to be written, as long as the terminal is there.
    pub(super) fn write(&self) {
        let mut state = self.lock();
        loop {
            while !state.is_dirty && !state.is_gone {
                let waited = self.changed.wait(state);
                state = waited.unwrap_or_else(PoisonError::into_inner);
            }
            if state.is_gone {
                return;
            }
            state.is_dirty = false;
            let bytes = state.editor.output();
            state.is_writing = true;
            drop(state);
            if write_all(&bytes).is_err() {
                return;
            }
            state = self.lock();
            state.is_writing = false;
            if let Some(waker) = state.waker.take() {
                waker.wake();
            }
            self.changed.notify_all();
        }
    }

    /// Stops the program and those beside it until it is continued.
    fn suspend(&self) {
        self.close(false);
        stop_job();
        // Whoever has us go on tells so, as well; then all is there again.
        if self.lock().is_lent {
            self.reopen();
        }
    }

    pub(super) fn reopen(&self) {
        let mut state = self.lock();
        if state.is_over || state.is_gone {
            return;
        }
        state.is_lent = false;
        let (columns, rows) = size();
        // Somebody else's terminal is left alone: whoever is in the background is stopped here.
        let _ = tcsetattr(stdin(), OptionalActions::Now, &raw(&self.found, true));
        state.editor.reopen(columns, rows);
        state.is_dirty = true;
        drop(state);
        self.changed.notify_all();
    }

    /// Gives the terminal back as it was found, perhaps for good.
    pub(super) fn close(&self, for_good: bool) {
        let mut state = self.lock();
        if state.is_over {
            return;
        }
        (state.is_over, state.is_lent) = (for_good, !for_good);
        self.close_with(state);
    }

    fn close_with(&self, state: MutexGuard<'_, State>) {
        let is_pasting = |state: &mut State| !state.is_gone && state.editor.is_pasting();
        let mut state = state;
        // What has come already may be the beginning of a paste.
        let is_unread = |state: &mut State| {
            !state.is_gone && rustix::io::ioctl_fionread(stdin()).is_ok_and(|count| count > 0)
        };
        if is_unread(&mut state) {
            let waited = self.changed.wait_timeout_while(state, UNREAD, is_unread);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let was_pasting = is_pasting(&mut state);
        if was_pasting {
            let is_coming = |state: &mut State| is_pasting(state) && !state.editor.is_asking();
            let waited = self.changed.wait_timeout_while(state, PASTE_END, is_coming);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.editor.close();
        state.is_dirty = true;
        self.changed.notify_all();
        let goes_on = |state: &mut State| !state.is_gone && (state.is_dirty || state.is_writing);
        let waited = self.changed.wait_timeout_while(state, CLOSING, goes_on);
        drop(waited);
        if was_pasting {
            let _ = tcflush(stdin(), QueueSelector::IFlush);
        }
        let _ = tcsetattr(stdin(), OptionalActions::Now, &self.found);
    }
}

/// A panic is reported on a terminal that is as it was found, and a signal ends the program on one.
pub(super) fn restore_when_ended(shared: &Arc<Shared>) {
    let ended = Arc::downgrade(shared);
    endings::restore_first(move || {
        if let Some(shared) = ended.upgrade() {
            shared.close(true);
        }
    });
    let shared = Arc::downgrade(shared);
    raw_terminal::restore_when_panicking(move || {
        let Some(shared) = shared.upgrade() else {
            return;
        };
        match shared.state.try_lock() {
            Err(TryLockError::WouldBlock) => {
                // Perhaps it is this thread that holds it.
                write_at_once(b"\r\n\x1b[?2004l");
                let _ = tcsetattr(stdin(), OptionalActions::Now, &shared.found);
            }
            Ok(mut state) if !state.is_over => {
                state.is_over = true;
                shared.close_with(state);
            }
            Ok(_) | Err(TryLockError::Poisoned(_)) => {}
        }
    });
}
