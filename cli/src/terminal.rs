//! The keyboard and the screen of a person, or the pipes in their place.
//!
//! Where standard input and output are one terminal that can do it, they are an [`Editor`](crate::editor::Editor)'s. Elsewhere
//! (in a pipe, with `TERM=dumb`, on Windows for now), lines come from standard input as the system gives them.

#[cfg(unix)]
mod quitting;
#[cfg(unix)]
mod shared;
#[cfg(unix)]
mod tty;

use crate::clock::{Clock, wall_clock};
use crate::editor::Question;
use crate::output_watch;
use crate::writer::Writer;
use chat_net::client::{Input, Screen, Stop};
use std::future::poll_fn;
use std::io::{self, ErrorKind, IsTerminal, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::thread;
use std::time::Duration;
use tokio::sync::mpsc;

/// Bytes that may wait for a slow standard output before no more is read from the server.
const MAX_WAITING: usize = 64 * 1024;

/// How long a message on standard error waits for the lines before it.
const IN_ORDER: Duration = Duration::from_millis(100);

/// Standard output and standard error, each written by a thread, and standard input, read by one:
/// whichever is stuck, the client goes on.
#[derive(Debug)]
pub struct Terminal {
    output: Writer,
    errors: Writer,
    asking: Asking,
    /// The last thing on the screen is a prompt that was not answered yet.
    prompting: Arc<AtomicBool>,
    clock: Clock,
    /// The editor, where there is one: it reads and writes the terminal in place of the above.
    #[cfg(unix)]
    editor: Option<tty::Tty>,
}

/// Where a person is asked for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asking {
    /// Nobody is there to be asked: standard input is no terminal.
    Nowhere,
    OnOutput,
    OnErrors,
}

impl Terminal {
    /// The terminal, and what is typed on it, if that is to be read. A chunk waits to be taken before the next one is
    /// read, so a large file in place of the keyboard is not read faster than it is sent. Ctrl-C, where no signal comes
    /// of it, goes to `interrupt`. To be called within a runtime.
    ///
    /// # Errors
    /// When a thread cannot be started, or the terminal cannot be set.
    pub fn open(
        reads: bool,
        interrupt: &mpsc::Sender<Stop>,
    ) -> io::Result<(Self, Option<mpsc::Receiver<Input>>)> {
        let asking = match (io::stdin().is_terminal(), io::stdout().is_terminal()) {
            (false, _) => Asking::Nowhere,
            (true, true) => Asking::OnOutput,
            (true, false) => Asking::OnErrors,
        };
        let (typed, input) = mpsc::channel(1);
        let prompting = Arc::new(AtomicBool::new(false));
        let terminal = Self {
            output: Writer::start("screen", MAX_WAITING, io::stdout())?,
            errors: Writer::start("messages", MAX_WAITING, io::stderr())?,
            asking,
            prompting: Arc::clone(&prompting),
            clock: Clock::system(),
            #[cfg(unix)]
            editor: None,
        };
        #[cfg(unix)]
        if reads && tty::is_able() {
            let editor = Some(tty::Tty::open(typed, interrupt)?);
            return Ok((Self { editor, ..terminal }, Some(input)));
        }
        #[cfg(not(unix))]
        let _ = interrupt;
        if reads {
            thread::Builder::new()
                .name("keyboard".into())
                .spawn(move || read_keyboard(&typed, &prompting))?;
        }
        Ok((terminal, reads.then_some(input)))
    }

    /// Takes note of it when nobody reads standard output any more, though nothing is written to it.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn watch_reader(&self) -> io::Result<()> {
        output_watch::start(self.output.clone())
    }

    /// Asks a question that a single key answers; nobody is asked where there is no editor.
    pub fn ask(&self, question: Question) -> Option<mpsc::Receiver<char>> {
        #[cfg(unix)]
        return self.editor.as_ref().map(|editor| editor.ask(question));
        #[cfg(not(unix))]
        {
            let _ = question;
            None
        }
    }

    /// Waits until everything is on the screen.
    ///
    /// # Errors
    /// When standard output cannot be written to.
    pub async fn finish(&self) -> io::Result<()> {
        #[cfg(unix)]
        if let Some(editor) = &self.editor {
            poll_fn(|cx| editor.poll_shown(cx)).await?;
        }
        poll_fn(|cx| self.output.poll_finished(cx))
            .await
            .map_err(|error| of_output(&error))?;
        // Where messages cannot be shown, there is nowhere to say so.
        let _ = poll_fn(|cx| self.errors.poll_finished(cx)).await;
        Ok(())
    }
}

fn read_keyboard(typed: &mpsc::Sender<Input>, prompting: &AtomicBool) {
    let mut stdin = io::stdin().lock();
    let mut buffer = vec![0; 8 * 1024];
    loop {
        let input = match stdin.read(&mut buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                wait_for_input();
                continue;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Ok(0) | Err(_) => Input::End,
            Ok(count) => {
                prompting.fetch_and(!buffer[..count].ends_with(b"\n"), Ordering::Relaxed);
                Input::Bytes(buffer[..count].to_vec())
            }
        };
        let over = input == Input::End;
        if typed.blocking_send(input).is_err() || over {
            return;
        }
    }
}

/// Waits until standard input may have something to read, or is at its end: another program that shares it
/// has made it one that does not wait by itself.
#[cfg(unix)]
fn wait_for_input() {
    use rustix::event::{PollFd, PollFlags, poll};
    let stdin = io::stdin();
    // Where this fails, reading tells why.
    let _ = poll(&mut [PollFd::new(&stdin, PollFlags::IN)], None);
}

#[cfg(not(unix))]
fn wait_for_input() {
    thread::sleep(Duration::from_millis(20));
}

impl Screen for Terminal {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        #[cfg(unix)]
        if let Some(editor) = &self.editor {
            ready!(editor.poll_ready(cx, MAX_WAITING))?;
        }
        ready!(self.output.poll_ready(cx)).map_err(|error| of_output(&error))?;
        // Where messages cannot be shown at all, there is nobody to wait for.
        self.errors.poll_ready(cx).map(|_| Ok(()))
    }

    fn poll_shown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        #[cfg(unix)]
        if let Some(editor) = &self.editor {
            return editor.poll_shown(cx);
        }
        let shown = self.output.poll_finished(cx);
        shown.map_err(|error| of_output(&error))
    }

    /// Only a person is asked.
    fn prompt(&mut self, text: &str) -> io::Result<()> {
        #[cfg(unix)]
        if let Some(editor) = &self.editor {
            editor.show(|editor| editor.prompt(text));
            return Ok(());
        }
        match self.asking {
            Asking::Nowhere => return Ok(()),
            Asking::OnOutput => self.output.push(text.as_bytes()),
            Asking::OnErrors => self.errors.push(text.as_bytes()),
        }
        self.prompting.store(true, Ordering::Relaxed);
        Ok(())
    }

    fn line(&mut self, text: &str) -> io::Result<()> {
        #[cfg(unix)]
        if let Some(editor) = &self.editor {
            editor.show(|editor| editor.line(text));
            return Ok(());
        }
        self.output.push(format!("{text}\n").as_bytes());
        Ok(())
    }

    fn line_at(&mut self, text: &str, at: u64) -> io::Result<()> {
        let stamped = self.clock.stamp(text, at, wall_clock());
        #[cfg(unix)]
        if let Some(editor) = &self.editor {
            editor.show(|editor| {
                editor.see(text);
                editor.notice(&stamped);
            });
            return Ok(());
        }
        self.line(&stamped)
    }

    fn names(&mut self, roster: &str) {
        #[cfg(unix)]
        if let Some(editor) = &self.editor {
            editor.show(|editor| editor.list(roster));
        }
        #[cfg(not(unix))]
        let _ = roster;
    }

    /// Stands before what is being typed; without an editor, there is no place for it.
    fn countdown(&mut self, seconds: Option<u64>) -> io::Result<()> {
        #[cfg(unix)]
        if let Some(editor) = &self.editor {
            let status = seconds.map(|seconds| format!("(offline, next try in {seconds} s) "));
            editor.show(|editor| editor.set_status(status.as_deref()));
        }
        #[cfg(not(unix))]
        let _ = seconds;
        Ok(())
    }

    fn notice(&mut self, text: &str) -> io::Result<()> {
        #[cfg(unix)]
        if let Some(editor) = self.editor.as_ref().filter(|_| tty::shows_errors()) {
            editor.show(|editor| editor.notice(text));
            return Ok(());
        }
        // On a terminal, a message stands below the lines that came before it.
        self.output.finish(IN_ORDER);
        let before = if self.prompting.swap(false, Ordering::Relaxed) {
            "\n"
        } else {
            ""
        };
        self.errors.push(format!("{before}{text}\n").as_bytes());
        Ok(())
    }
}

fn of_output(error: &io::Error) -> io::Error {
    io::Error::new(
        error.kind(),
        format!("cannot write to standard output: {error}"),
    )
}

/// Log messages on standard error, which never hold the program up: where they are not read, they
/// are left out.
#[derive(Clone, Debug)]
pub struct Log(Writer);

impl Log {
    /// A log on standard error.
    ///
    /// # Errors
    /// When the thread that writes cannot be started.
    pub fn start() -> io::Result<Self> {
        Writer::start("log", 1024 * 1024, io::stderr()).map(Self)
    }

    /// Lets what was told come before what is written elsewhere from now on, unless it is stuck.
    pub fn catch_up(&self) {
        self.0.finish(IN_ORDER);
    }

    /// Waits for everything to be written, but no longer than that.
    pub fn finish(&self, at_most: Duration) {
        self.0.finish(at_most);
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.offer(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
