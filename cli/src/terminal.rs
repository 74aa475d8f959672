//! The keyboard and the screen of a person, or the pipes in their place.

use chat_net::client::{Input, Screen};
use std::io::{self, IsTerminal, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use tokio::sync::mpsc;

/// Standard output and standard error; standard input is read by a thread beside it.
#[derive(Debug)]
pub struct Terminal {
    interactive: bool,
    /// The last thing on the screen is a prompt that was not answered yet.
    prompting: Arc<AtomicBool>,
}

impl Terminal {
    /// The terminal, and what is typed on it. Chunks wait to be taken, so a large file in place of
    /// the keyboard is not read faster than it is sent.
    ///
    /// # Errors
    /// When the thread that reads cannot be started.
    pub fn open() -> io::Result<(Self, mpsc::Receiver<Input>)> {
        let prompting = Arc::new(AtomicBool::new(false));
        let (typed, input) = mpsc::channel(1);
        let answered = Arc::clone(&prompting);
        thread::Builder::new()
            .name("keyboard".into())
            .spawn(move || {
                let mut stdin = io::stdin().lock();
                let mut buffer = vec![0; 8 * 1024];
                loop {
                    let input = match stdin.read(&mut buffer) {
                        Ok(0) | Err(_) => Input::End,
                        Ok(count) => {
                            answered
                                .fetch_and(!buffer[..count].ends_with(b"\n"), Ordering::Relaxed);
                            Input::Bytes(buffer[..count].to_vec())
                        }
                    };
                    let over = input == Input::End;
                    if typed.blocking_send(input).is_err() || over {
                        return;
                    }
                }
            })?;
        let interactive = io::stdin().is_terminal();
        Ok((
            Self {
                interactive,
                prompting,
            },
            input,
        ))
    }
}

impl Screen for Terminal {
    /// Only a person is asked: where standard input is no terminal, nothing is shown.
    fn prompt(&mut self, text: &str) -> io::Result<()> {
        if !self.interactive {
            return Ok(());
        }
        self.prompting.store(true, Ordering::Relaxed);
        if io::stdout().is_terminal() {
            write_flushed(io::stdout(), text)
        } else {
            write_flushed(io::stderr(), text)
        }
    }

    fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(io::stdout(), "{text}")
    }

    fn notice(&mut self, text: &str) -> io::Result<()> {
        if self.prompting.swap(false, Ordering::Relaxed) {
            writeln!(io::stderr())?;
        }
        writeln!(io::stderr(), "{text}")
    }
}

fn write_flushed(mut out: impl Write, text: &str) -> io::Result<()> {
    out.write_all(text.as_bytes())?;
    out.flush()
}
