//! The terminal of a full screen: raw mode and the alternate screen, a thread that reads, and one that writes.

use crate::endings;
use crate::raw_terminal::{
    self, CLOSING, is_dumb, raw, read_typed, stop_job, wait, write_all, write_at_once,
};
use crossterm::QueueableCommand;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen};
use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::stdio::{stdin, stdout};
use rustix::termios::{OptionalActions, Termios, isatty, tcgetattr, tcsetattr};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;
use tokio::sync::mpsc;

/// Marks pastes and tells of attention: on, and off. Nothing wraps while it is on. The mouse is given back as well: it may have
/// been asked for.
const MODES: (&str, &str) = (
    "\x1b[?2004h\x1b[?1004h\x1b[?7l",
    "\x1b[0m\x1b[?7h\x1b[?1006l\x1b[?1000l\x1b[?1004l\x1b[?2004l\x1b[?25h",
);

/// Whether standard input and output are a terminal that can show a full screen; if not, why.
///
/// # Errors
/// What is in the way, for people.
pub fn check(term: &str) -> Result<(), String> {
    if !isatty(stdin()) || !isatty(stdout()) {
        return Err("standard input and output are no terminal".into());
    }
    if is_dumb(term) {
        return Err(format!(
            "a terminal with TERM={term:?} cannot show a full screen"
        ));
    }
    Ok(())
}

/// The columns and rows of the terminal.
pub fn size() -> (u16, u16) {
    // As of those that do not say it.
    raw_terminal::size().unwrap_or((80, 24))
}

/// The terminal, until this is dropped.
#[derive(Debug)]
pub struct Tty {
    shared: Arc<Shared>,
    frames: mpsc::Sender<Vec<u8>>,
}

#[derive(Debug)]
struct Shared {
    found: Termios,
    /// The terminal is ours. Whoever writes to it holds this.
    is_ours: Mutex<bool>,
    /// Another program has the terminal for now, and what is typed is for that. Whoever reads holds this.
    is_lent: Mutex<bool>,
    taken_back: Condvar,
    is_gone: AtomicBool,
}

impl Tty {
    /// Takes the terminal. What is typed goes to `keys` as it comes.
    ///
    /// # Errors
    /// When it cannot be set, or a thread cannot be started.
    pub fn open(keys: mpsc::Sender<Vec<u8>>) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            found: tcgetattr(stdin())?,
            is_ours: Mutex::new(false),
            is_lent: Mutex::new(false),
            taken_back: Condvar::new(),
            is_gone: AtomicBool::new(false),
        });
        let (frames, mut waiting) = mpsc::channel::<Vec<u8>>(1);
        restore_when_ended(&shared);
        shared.take()?;
        let writer = Arc::clone(&shared);
        thread::Builder::new()
            .name("screen".into())
            .spawn(move || {
                while let Some(frame) = waiting.blocking_recv() {
                    let is_ours = writer
                        .is_ours
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner);
                    if *is_ours && write_all(&frame).is_err() {
                        writer.is_gone.store(true, Ordering::Relaxed);
                    }
                }
            })?;
        let keyboard = Arc::clone(&shared);
        thread::Builder::new()
            .name("keyboard".into())
            .spawn(move || keyboard.read_keys(&keys))?;
        Ok(Self { shared, frames })
    }

    /// Waits until the frame before is written, and gives leave to show another one.
    pub async fn ready(&self) -> Option<mpsc::Permit<'_, Vec<u8>>> {
        self.frames.reserve().await.ok()
    }

    /// Whether the terminal went away.
    pub fn is_gone(&self) -> bool {
        self.shared.is_gone.load(Ordering::Relaxed)
    }

    /// Takes the terminal again after somebody else may have had it.
    ///
    /// # Errors
    /// When it cannot be set.
    pub fn retake(&self) -> io::Result<()> {
        self.shared.take()
    }

    /// Gives the terminal back as it was found.
    pub fn close(&self) {
        self.shared.give_back();
    }

    /// Stops the program, and those beside it, until it is continued.
    ///
    /// # Errors
    /// When the terminal cannot be taken again.
    pub fn suspend(&self) -> io::Result<()> {
        self.shared.give_back();
        stop_job();
        self.shared.take()
    }

    /// Gives the terminal to another program, until it is [retaken](Self::retake): nothing is written to it, and nothing
    /// read.
    pub fn lend(&self) {
        self.shared.give_back();
        *self.shared.lent() = true;
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    fn lent(&self) -> MutexGuard<'_, bool> {
        self.is_lent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> io::Result<()> {
        let mut is_ours = self.is_ours.lock().unwrap_or_else(PoisonError::into_inner);
        tcsetattr(stdin(), OptionalActions::Now, &raw(&self.found, false))?;
        *is_ours = true;
        *self.lent() = false;
        self.taken_back.notify_all();
        let mut begin = Vec::new();
        begin.queue(EnterAlternateScreen)?;
        begin.extend(MODES.0.as_bytes());
        write_all(&begin)
    }

    /// As it was found; also where a frame is stuck.
    fn give_back(&self) {
        let mut waited = Duration::ZERO;
        let step = Duration::from_millis(5);
        loop {
            match self.is_ours.try_lock() {
                Ok(mut is_ours) => {
                    let is_lent = self.is_lent.try_lock().is_ok_and(|is_lent| *is_lent);
                    if std::mem::replace(&mut *is_ours, false) || is_lent {
                        self.write_end();
                    }
                    return;
                }
                Err(_) if waited < CLOSING => thread::sleep(step),
                Err(_) => return self.write_end(),
            }
            waited += step;
        }
    }

    fn write_end(&self) {
        let mut end = MODES.1.as_bytes().to_vec();
        let _ = end.queue(LeaveAlternateScreen);
        write_at_once(&end);
        let _ = tcsetattr(stdin(), OptionalActions::Now, &self.found);
    }

    /// Passes on what is typed, as long as somebody takes it; not while the terminal is lent.
    fn read_keys(&self, keys: &mpsc::Sender<Vec<u8>>) {
        let mut buffer = [0; 8 * 1024];
        loop {
            match wait(stdin(), PollFlags::IN, None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(_) => return,
            }
            let is_ours = self.taken_back.wait_while(self.lent(), |is_lent| *is_lent);
            // Whoever had the terminal has read what was waited for.
            let read = read_typed(&mut buffer, Some(Duration::ZERO));
            drop(is_ours);
            match read {
                Ok(0) => {}
                Ok(count) if keys.blocking_send(buffer[..count].to_vec()).is_ok() => {}
                Ok(_) | Err(_) => return,
            }
        }
    }
}

/// A panic is reported on a terminal that is as it was found, and a signal ends the program on one.
fn restore_when_ended(shared: &Arc<Shared>) {
    let ended = Arc::downgrade(shared);
    endings::restore_first(move || {
        if let Some(shared) = ended.upgrade() {
            shared.give_back();
        }
    });
    let shared = Arc::downgrade(shared);
    raw_terminal::restore_when_panicking(move || {
        if let Some(shared) = shared.upgrade() {
            shared.give_back();
        }
    });
}
