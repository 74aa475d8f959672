//! The editor on a terminal of its own: raw mode, a thread that reads, and a thread that writes.
//!
//! The thread that writes takes from the editor what the terminal is to show, and takes more only once that is written: a
//! terminal that is stopped (Ctrl-S) holds up nobody, and costs no memory but for the lines that wait to be shown, which are
//! bounded.

use super::quitting::Quitting;
use super::shared::{Gone, Shared, State, restore_when_ended, size};
use crate::editor::{Editor, Question, Size};
use crate::raw_terminal::{is_dumb, raw};
use crate::screen::commands;
use chat_net::client::{Input, Stop};
use rustix::fs::fstat;
use rustix::process::Signal;
use rustix::stdio::{stderr, stdin, stdout};
use rustix::termios::{OptionalActions, isatty, tcgetattr, tcgetsid, tcsetattr};
use std::io;
use std::os::fd::BorrowedFd;
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll};
use std::thread;
use std::time::Instant;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, mpsc};

/// A terminal with an editor on it, until this is dropped.
#[derive(Debug)]
pub(super) struct Tty(Arc<Shared>);

/// Whether standard input and output are one terminal that can do what the editor does.
pub(super) fn is_able() -> bool {
    let term = std::env::var("TERM").unwrap_or_default();
    isatty(stdin())
        && isatty(stdout())
        && !is_dumb(&term)
        // It wraps in its own way.
        && term != "cons25"
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

/// Most terminals wrap their rows anew when their size changes.
fn reflows() -> bool {
    let is_set = |name| std::env::var_os(name).is_some();
    let term = std::env::var("TERM").unwrap_or_default();
    let is_within = is_set("TMUX") || is_set("VTE_VERSION");
    is_within || !(is_set("XTERM_VERSION") || term == "linux" || term.starts_with("vt"))
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
                editor: Editor::new(known, commands::OF_LINES),
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
        restore_when_ended(&shared);
        let tty = Self(Arc::clone(&shared));
        tcsetattr(stdin(), OptionalActions::Now, &raw(&shared.found, true))?;
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
