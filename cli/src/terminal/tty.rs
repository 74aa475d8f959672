//! The editor on a terminal of its own: raw mode, a thread that reads, and a thread that writes.
//!
//! The thread that writes takes from the editor what the terminal is to show, and takes more only once that is written: a
//! terminal that is stopped (Ctrl-S) holds up nobody, and costs no memory but for the lines that wait to be shown, which are
//! bounded.

use crate::editor::{Editor, Event, Question, Size};
use chat_core::Timestamp;
use chat_net::client::{Input, Stop};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::fstat;
use rustix::io::{Errno, read, write};
use rustix::process::{Signal, getpid, kill_current_process_group, kill_process};
use rustix::stdio::{stderr, stdin, stdout};
use rustix::termios::{
    InputModes, LocalModes, OptionalActions, OutputModes, QueueSelector, SpecialCodeIndex, Termios,
    isatty, tcflush, tcgetattr, tcgetsid, tcgetwinsize, tcsetattr,
};
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::os::fd::BorrowedFd;
use std::panic;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, mpsc};

/// Commands that Tab completes.
const COMMANDS: &[&str] = &[
    "/away", "/back", "/claim", "/help", "/history", "/join", "/leave", "/login", "/me", "/msg",
    "/nick", "/passwd", "/reply", "/retry", "/rooms", "/topic", "/unclaim", "/unsent", "/who",
    "/whois",
];

/// Terminals that can do nothing but show characters, or that wrap in their own way.
const NOT_ABLE: &[&str] = &["", "dumb", "unknown", "emacs", "cons25"];

/// How long what is left to be written is waited for when the terminal is given back.
const CLOSING: Duration = Duration::from_millis(200);

/// How long a paste is waited for that is on its way when the program ends: its rest is not for the shell.
const PASTE_END: Duration = Duration::from_millis(500);

/// How long the thread that reads may take to read what has come.
const UNREAD: Duration = Duration::from_millis(50);

/// How long stopping takes at most, once the signal for that is sent.
const STOPPING: Duration = Duration::from_millis(50);

/// A terminal with an editor on it, until this is dropped.
#[derive(Debug)]
pub(super) struct Tty(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    /// There is something for [`Editor::poll_event`] to give.
    entered: Notify,
    /// The terminal as it was found.
    found: Termios,
    started: Instant,
}

#[derive(Debug)]
struct State {
    editor: Editor,
    /// The editor may have something to be written.
    is_dirty: bool,
    /// Something is being written.
    is_writing: bool,
    /// The terminal went away.
    is_gone: bool,
    /// It was given back until the program goes on.
    is_lent: bool,
    /// It was given back for good.
    is_over: bool,
    /// The input has ended, and was said to have.
    is_ended: bool,
    answers: Option<mpsc::Sender<char>>,
    waker: Option<Waker>,
}

/// Whether standard input and output are one terminal that can do what the editor does.
pub(super) fn is_able() -> bool {
    let term = std::env::var("TERM").unwrap_or_default();
    isatty(stdin())
        && isatty(stdout())
        && !NOT_ABLE.contains(&&*term)
        && is_same(stdin(), stdout())
        && tcgetattr(stdin()).is_ok()
}

/// Whether messages on standard error are seen on the terminal, too.
pub(super) fn shows_errors() -> bool {
    isatty(stderr()) && is_same(stdout(), stderr())
}

fn is_same(one: BorrowedFd<'_>, other: BorrowedFd<'_>) -> bool {
    let device = |fd| fstat(fd).map(|stat| stat.st_rdev);
    // A terminal has several names, `/dev/tty` among them, but one session.
    let session = |fd| tcgetsid(fd).ok();
    device(one) == device(other) || session(one).is_some_and(|sid| session(other) == Some(sid))
}

/// Its columns and rows.
fn size() -> (usize, usize) {
    tcgetwinsize(stdout()).map_or((0, 0), |size| (size.ws_col.into(), size.ws_row.into()))
}

/// Most terminals wrap their rows anew when their size changes.
fn reflows() -> bool {
    let is_set = |name| std::env::var_os(name).is_some();
    let term = std::env::var("TERM").unwrap_or_default();
    let is_within = is_set("TMUX") || is_set("VTE_VERSION");
    is_within || !(is_set("XTERM_VERSION") || term == "linux" || term.starts_with("vt"))
}

/// The terminal as the editor needs it: every byte as it is typed, nothing echoed, nothing changed on its way out.
/// Whether Ctrl-S stops it stays as it is.
fn raw(found: &Termios) -> Termios {
    let mut raw = found.clone();
    raw.local_modes -=
        LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG | LocalModes::IEXTEN;
    raw.input_modes -= InputModes::ICRNL
        | InputModes::INLCR
        | InputModes::IGNCR
        | InputModes::ISTRIP
        | InputModes::BRKINT
        | InputModes::PARMRK;
    raw.output_modes -= OutputModes::OPOST;
    raw.special_codes[SpecialCodeIndex::VMIN] = 1;
    raw.special_codes[SpecialCodeIndex::VTIME] = 0;
    raw
}

impl Tty {
    /// Takes the terminal. What is typed goes to `typed`, in order; Ctrl-C with nothing typed goes to `interrupt`.
    ///
    /// # Errors
    /// When the terminal cannot be set, or a thread cannot be started.
    pub(super) fn open(
        typed: mpsc::Sender<Input>,
        interrupt: &mpsc::Sender<Stop>,
    ) -> io::Result<Self> {
        let found = tcgetattr(stdin())?;
        let (columns, rows) = size();
        let known = Size {
            columns,
            rows,
            reflows: reflows(),
        };
        // What was typed before has come in whole lines: nobody has pasted that into this program.
        let ahead = rustix::io::ioctl_fionread(stdin()).unwrap_or(0);
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                editor: Editor::new(known, COMMANDS),
                is_dirty: false,
                is_writing: false,
                is_gone: false,
                is_lent: false,
                is_over: false,
                is_ended: false,
                answers: None,
                waker: None,
            }),
            changed: Condvar::new(),
            entered: Notify::new(),
            found,
            started: Instant::now(),
        });
        restore_when_panicking(&shared);
        let tty = Self(Arc::clone(&shared));
        tcsetattr(stdin(), OptionalActions::Now, &raw(&shared.found))?;
        let screen = Arc::clone(&shared);
        let screen = move || {
            let _gone = Gone(&screen);
            screen.write();
        };
        thread::Builder::new().name("screen".into()).spawn(screen)?;
        let keyboard = Arc::clone(&shared);
        let stops = interrupt.clone();
        let keyboard = move || {
            let _gone = Gone(&keyboard);
            keyboard.read(usize::try_from(ahead).unwrap_or(0), &stops);
        };
        thread::Builder::new()
            .name("keyboard".into())
            .spawn(keyboard)?;
        let mut quitting = Quitting::new(interrupt.clone())?;
        let mut resized = signal(SignalKind::window_change())?;
        let mut continued = signal(SignalKind::from_raw(Signal::CONT.as_raw()))?;
        tokio::spawn(async move {
            tokio::join!(
                shared.forward(typed),
                async {
                    while resized.recv().await.is_some() {
                        let (columns, rows) = size();
                        shared.with(|state| state.editor.resize(columns, rows));
                    }
                },
                async {
                    while continued.recv().await.is_some() {
                        shared.reopen();
                    }
                },
                quitting.pass_on(),
            );
        });
        Ok(tty)
    }

    /// Whether more can be shown.
    pub(super) fn poll_ready(&self, cx: &mut Context<'_>, most: usize) -> Poll<io::Result<()>> {
        let mut state = self.0.lock();
        state.waker = Some(cx.waker().clone());
        // Where nobody looks any more, nothing waits.
        if state.is_gone || state.editor.unshown() < most {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    }

    /// Whether everything is shown.
    pub(super) fn poll_shown(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.0.lock();
        state.waker = Some(cx.waker().clone());
        if state.is_gone || !(state.is_dirty || state.is_writing) {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    }

    /// Has the editor show something.
    pub(super) fn show(&self, show: impl FnOnce(&mut Editor)) {
        self.0.with(|state| {
            if !state.is_gone {
                show(&mut state.editor);
            }
        });
    }

    /// Asks a question that a single key answers.
    pub(super) fn ask(&self, question: Question) -> mpsc::Receiver<char> {
        let (answers, receiver) = mpsc::channel(1);
        self.0.with(|state| {
            state.answers = Some(answers);
            state.editor.ask(question);
        });
        receiver
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        self.0.close(true);
    }
}

/// Signals that would end the program at once and leave the terminal as it is.
struct Quitting {
    signals: Vec<tokio::signal::unix::Signal>,
    interrupt: mpsc::Sender<Stop>,
}

impl Quitting {
    fn new(interrupt: mpsc::Sender<Stop>) -> io::Result<Self> {
        let kinds = [
            Signal::QUIT,
            Signal::ABORT,
            Signal::ALARM,
            Signal::VTALARM,
            Signal::PROF,
        ];
        let kinds = kinds.map(|signal| SignalKind::from_raw(signal.as_raw()));
        Ok(Self {
            signals: kinds.into_iter().map(signal).collect::<io::Result<_>>()?,
            interrupt,
        })
    }

    /// Has each interrupt the program.
    async fn pass_on(&mut self) {
        loop {
            let ready = |signal: &mut tokio::signal::unix::Signal, cx: &mut Context<'_>| {
                signal.poll_recv(cx).is_ready()
            };
            poll_fn(|cx| {
                // All are asked, so that each wakes.
                let came = self
                    .signals
                    .iter_mut()
                    .filter_map(|s| ready(s, cx).then_some(()));
                if came.count() > 0 {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            })
            .await;
            // Two that wait are enough.
            let _ = self.interrupt.try_send(Stop::Interrupt);
        }
    }
}

/// Says that the terminal went away, however its thread ends.
struct Gone<'a>(&'a Shared);

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        self.0.gone();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Timestamp {
        let micros = self.started.elapsed().as_micros();
        Timestamp::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }

    /// Does something to the editor, and has what comes of it written.
    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
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
    fn read(&self, mut ahead: usize, interrupt: &mpsc::Sender<Stop>) {
        let mut buffer = vec![0; 8 * 1024];
        loop {
            let due = self.lock().editor.next_timeout();
            let timeout = due.map(|due| due.since(self.now()) + Duration::from_micros(100));
            let is_ready = match wait(stdin(), PollFlags::IN, timeout) {
                Ok(is_ready) => is_ready,
                Err(Errno::INTR) => continue,
                Err(_) => return,
            };
            let most = if ahead > 0 {
                ahead.min(buffer.len())
            } else {
                buffer.len()
            };
            let count = if is_ready {
                match read(stdin(), &mut buffer[..most]) {
                    Ok(0) => return,
                    Ok(count) => count,
                    // Whoever shares the terminal may have made it one that does not block.
                    Err(Errno::INTR | Errno::AGAIN) => continue,
                    Err(_) => return,
                }
            } else {
                0
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
    async fn forward(&self, typed: mpsc::Sender<Input>) {
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
    fn write(&self) {
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
        if kill_current_process_group(Signal::TSTP).is_ok() {
            // Another thread may be the one that takes the signal. Where there is nobody to continue us, it does nothing.
            thread::sleep(STOPPING);
        }
        // Whoever has us go on tells so, as well; then all is there again.
        if self.lock().is_lent {
            self.reopen();
        }
    }

    fn reopen(&self) {
        let mut state = self.lock();
        if state.is_over || state.is_gone {
            return;
        }
        state.is_lent = false;
        let (columns, rows) = size();
        // Somebody else's terminal is left alone: whoever is in the background is stopped here.
        let _ = tcsetattr(stdin(), OptionalActions::Now, &raw(&self.found));
        state.editor.reopen(columns, rows);
        state.is_dirty = true;
        drop(state);
        self.changed.notify_all();
    }

    /// Gives the terminal back as it was found, perhaps for good.
    fn close(&self, for_good: bool) {
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

/// A panic is reported on a terminal that is as it was found.
fn restore_when_panicking(shared: &Arc<Shared>) {
    let shared = Arc::downgrade(shared);
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if let Some(shared) = shared.upgrade() {
            match shared.state.try_lock() {
                Err(TryLockError::WouldBlock) => {
                    // Perhaps it is this thread that holds it.
                    if wait(stdout(), PollFlags::OUT, Some(Duration::ZERO)) == Ok(true) {
                        let _ = write(stdout(), b"\r\n\x1b[?2004l");
                    }
                    let _ = tcsetattr(stdin(), OptionalActions::Now, &shared.found);
                }
                Ok(mut state) if !state.is_over => {
                    state.is_over = true;
                    shared.close_with(state);
                }
                Ok(_) | Err(TryLockError::Poisoned(_)) => {}
            }
        }
        report(info);
    }));
}

/// Waits until there is something to read or room to write, or for as long as given.
fn wait(fd: BorrowedFd<'_>, for_what: PollFlags, longest: Option<Duration>) -> Result<bool, Errno> {
    let longest = longest.and_then(|longest| Timespec::try_from(longest).ok());
    let mut fds = [PollFd::from_borrowed_fd(fd, for_what)];
    poll(&mut fds, longest.as_ref()).map(|count| count > 0)
}

fn write_all(mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match write(stdout(), bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => bytes = &bytes[count..],
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                let _ = wait(stdout(), PollFlags::OUT, Some(Duration::from_millis(100)));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_of_the_server_is_completed() {
        for name in chat_core::COMMAND_NAMES {
            assert!(COMMANDS.contains(&&*format!("/{name}")), "{name}");
        }
        assert!(COMMANDS.is_sorted());
    }
}
