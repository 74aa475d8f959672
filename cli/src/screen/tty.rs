//! The terminal of a full screen: raw mode and the alternate screen, a thread that reads, and one that writes.

use crossterm::QueueableCommand;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, read, write};
use rustix::process::{Signal, kill_current_process_group};
use rustix::stdio::{stdin, stdout};
use rustix::termios::{
    InputModes, LocalModes, OptionalActions, OutputModes, SpecialCodeIndex, Termios, isatty,
    tcgetattr, tcgetwinsize, tcsetattr,
};
use std::io::{self, ErrorKind};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;
use tokio::sync::mpsc;

/// Terminals that can do nothing but show characters, or are none.
const NOT_ABLE: &[&str] = &["", "dumb", "unknown", "emacs"];

/// Marks pastes and tells of attention: on, and off. Nothing wraps while it is on. The mouse is given back as well: it may have
/// been asked for.
const MODES: (&str, &str) = (
    "\x1b[?2004h\x1b[?1004h\x1b[?7l",
    "\x1b[0m\x1b[?7h\x1b[?1006l\x1b[?1000l\x1b[?1004l\x1b[?2004l\x1b[?25h",
);

/// How long giving the terminal back waits for what is being written.
const CLOSING: Duration = Duration::from_millis(200);

/// How long stopping takes at most, once the signal for that is sent.
const STOPPING: Duration = Duration::from_millis(50);

/// Whether standard input and output are a terminal that can show a full screen; if not, why.
///
/// # Errors
/// What is in the way, for people.
pub fn check(term: &str) -> Result<(), String> {
    if !isatty(stdin()) || !isatty(stdout()) {
        return Err("standard input and output are no terminal".into());
    }
    if NOT_ABLE.contains(&term) {
        return Err(format!(
            "a terminal with TERM={term:?} cannot show a full screen"
        ));
    }
    Ok(())
}

/// The columns and rows of the terminal.
pub fn size() -> (u16, u16) {
    let known = tcgetwinsize(stdout()).map(|size| (size.ws_col, size.ws_row));
    match known {
        Ok((columns @ 1.., rows @ 1..)) => (columns, rows),
        // As of those that do not say it.
        _ => (80, 24),
    }
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
            is_gone: AtomicBool::new(false),
        });
        let (frames, mut waiting) = mpsc::channel::<Vec<u8>>(1);
        restore_when_panicking(&shared);
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
        thread::Builder::new()
            .name("keyboard".into())
            .spawn(move || read_keys(&keys))?;
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
        if kill_current_process_group(Signal::TSTP).is_ok() {
            // Another thread may be the one that takes the signal.
            thread::sleep(STOPPING);
        }
        self.shared.take()
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    fn take(&self) -> io::Result<()> {
        let mut is_ours = self.is_ours.lock().unwrap_or_else(PoisonError::into_inner);
        tcsetattr(stdin(), OptionalActions::Now, &raw(&self.found))?;
        *is_ours = true;
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
                    if std::mem::replace(&mut *is_ours, false) {
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
        if wait(PollFlags::OUT, Duration::ZERO) {
            let _ = write(stdout(), &end);
        }
        let _ = tcsetattr(stdin(), OptionalActions::Now, &self.found);
    }
}

/// A panic is reported on a terminal that is as it was found.
fn restore_when_panicking(shared: &Arc<Shared>) {
    let shared = Arc::downgrade(shared);
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if let Some(shared) = shared.upgrade() {
            shared.give_back();
        }
        report(info);
    }));
}

/// Every byte as it is typed, nothing echoed, nothing changed on its way out.
fn raw(found: &Termios) -> Termios {
    let mut raw = found.clone();
    raw.local_modes -=
        LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG | LocalModes::IEXTEN;
    raw.input_modes -= InputModes::ICRNL
        | InputModes::INLCR
        | InputModes::IGNCR
        | InputModes::ISTRIP
        | InputModes::IXON
        | InputModes::BRKINT
        | InputModes::PARMRK;
    raw.output_modes -= OutputModes::OPOST;
    raw.special_codes[SpecialCodeIndex::VMIN] = 1;
    raw.special_codes[SpecialCodeIndex::VTIME] = 0;
    raw
}

fn read_keys(keys: &mpsc::Sender<Vec<u8>>) {
    let mut buffer = [0; 8 * 1024];
    loop {
        match read(stdin(), &mut buffer) {
            Ok(0) => return,
            Ok(count) => {
                if keys.blocking_send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                wait(PollFlags::IN, Duration::from_secs(1));
            }
            Err(_) => return,
        }
    }
}

fn wait(for_what: PollFlags, longest: Duration) -> bool {
    let longest = Timespec::try_from(longest).ok();
    let fd = if for_what == PollFlags::IN {
        stdin()
    } else {
        stdout()
    };
    let mut fds = [PollFd::from_borrowed_fd(fd, for_what)];
    poll(&mut fds, longest.as_ref()).is_ok_and(|count| count > 0)
}

fn write_all(mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match write(stdout(), bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => bytes = &bytes[count..],
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                wait(PollFlags::OUT, Duration::from_millis(100));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
