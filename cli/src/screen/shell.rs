//! The shell around a screen: it passes on what is typed, what the client shows, and frames to the terminal.

use super::display::Shared;
use super::edit::Edit;
use super::messages::Message;
use super::paint::Painter;
use super::reports::MOUSE;
use super::tty::{self, Tty};
use super::{Screen, Urgent};
use crate::clock::wall_clock;
use chat_core::Timestamp;
use chat_net::client::{Input, Stop};
use rustix::process::{Signal, getpid, kill_process};
use std::future::pending;
use std::io;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until};

/// Frames with less than that between them are one, unless a key was pressed.
const FRAME: Duration = Duration::from_millis(16);

/// The terminal, the keyboard, and where what is typed goes.
#[derive(Debug)]
pub struct Shell {
    /// The screen.
    pub shared: Shared,
    /// The terminal.
    pub tty: Tty,
    /// What is typed, as it comes.
    pub keys: mpsc::Receiver<Vec<u8>>,
    /// Where what is entered goes: two of these at once.
    pub typed: mpsc::Sender<Input>,
    /// Where a wish to leave goes that does not wait.
    pub stops: mpsc::Sender<Stop>,
    /// The program with which the line is edited.
    pub edit: Option<Edit>,
}

impl Shell {
    /// Draws, and passes on what is typed, until the program ends.
    ///
    /// # Errors
    /// When the terminal cannot be used any more.
    pub async fn run(mut self) -> io::Result<()> {
        let started = Instant::now();
        let mut resized = signal(SignalKind::window_change())?;
        let mut continued = signal(SignalKind::from_raw(Signal::CONT.as_raw()))?;
        let has_mouse = self.shared.with(|screen| screen.has_mouse());
        let mut painter = Painter::beginning_with(if has_mouse { MOUSE } else { b"" });
        let mut question = self
            .shared
            .with(|screen| screen.ask_background(Timestamp::ZERO));
        let mut next_frame = Instant::now();
        let mut has_keys = true;
        let typing = self.typed.clone();
        self.resize();
        loop {
            self.obey(&mut painter)?;
            let (is_dirty, has_typed, due) = {
                let of = |screen: &Screen| {
                    (screen.is_dirty(), screen.has_typed(), screen.next_timeout())
                };
                self.shared.look(of)
            };
            let due = due.map(|due| started + Duration::from_micros(due.as_micros()));
            let now = || {
                let micros = u64::try_from(started.elapsed().as_micros());
                Timestamp::from_micros(micros.unwrap_or(u64::MAX))
            };
            tokio::select! {
                biased;
                read = self.keys.recv(), if has_keys => if let Some(bytes) = read {
                    self.shared.with(|screen| screen.read(now(), &bytes));
                    next_frame = Instant::now();
                } else {
                    // Nobody can type any more: it ends as a closed terminal does.
                    has_keys = false;
                    let _ = self.stops.try_send(Stop::Leave);
                },
                permits = typing.reserve_many(2), if has_typed => {
                    if let Ok(permits) = permits {
                        self.shared.pass(permits);
                    }
                }
                () = at(Some(next_frame)), if is_dirty => {
                    self.draw(&mut painter, &mut next_frame, question).await;
                    question = b"";
                }
                () = at(due) => self.shared.with(|screen| screen.timeout(now())),
                edited = ended(&mut self.edit) => {
                    self.edit = None;
                    // What was told before it ended, Ctrl-C too, was told to that program: it is taken note of first.
                    yield_now().await;
                    self.take_back(edited, &mut painter)?;
                }
                _ = resized.recv() => self.resize(),
                // Who has the terminal meanwhile was stopped as well, and takes it again.
                _ = continued.recv(), if self.edit.is_none() => {
                    self.tty.retake()?;
                    self.redraw(&mut painter);
                }
                () = self.shared.changed() => {}
            }
        }
    }

    async fn draw(&self, painter: &mut Painter, next_frame: &mut Instant, question: &[u8]) {
        let Some(permit) = self.tty.ready().await else {
            return pending().await;
        };
        let mut bytes = self.shared.paint(painter);
        bytes.extend_from_slice(question);
        if !bytes.is_empty() && self.edit.is_none() {
            permit.send(bytes);
        }
        *next_frame = Instant::now() + FRAME;
        self.shared.is_seen();
    }

    fn redraw(&self, painter: &mut Painter) {
        painter.forget();
        self.shared.with(Screen::redraw);
        self.resize();
    }

    fn resize(&self) {
        let (columns, rows) = tty::size();
        self.shared.with(|screen| screen.resize(columns, rows));
    }

    fn obey(&mut self, painter: &mut Painter) -> io::Result<()> {
        loop {
            let urgent = self.shared.with_quietly(Screen::poll_urgent);
            let Some(urgent) = urgent else {
                return Ok(());
            };
            match urgent {
                // Two that wait are enough.
                Urgent::Interrupt => drop(self.stops.try_send(Stop::Interrupt)),
                Urgent::Suspend => {
                    self.shared.keep_draft();
                    self.tty.suspend()?;
                    self.redraw(painter);
                }
                Urgent::Quit => {
                    self.shared.keep_draft();
                    self.tty.close();
                    let _ = kill_process(getpid(), Signal::QUIT);
                }
                Urgent::Redraw => self.redraw(painter),
                Urgent::Edit => self.edit(painter)?,
            }
        }
    }

    /// Has the line edited by a program of the person's own, which has the terminal until it ends.
    fn edit(&mut self, painter: &mut Painter) -> io::Result<()> {
        self.shared.keep_draft();
        let text = self.shared.look(|screen| screen.being_typed().to_owned());
        self.tty.lend();
        self.shared.set_lent(true);
        match Edit::begin(&text) {
            Ok(edit) => {
                self.edit = Some(edit);
                Ok(())
            }
            Err(error) => self.take_back(Err(error), painter),
        }
    }

    fn take_back(&self, edited: io::Result<String>, painter: &mut Painter) -> io::Result<()> {
        self.tty.retake()?;
        self.shared.set_lent(false);
        self.redraw(painter);
        self.shared.with(|screen| match edited {
            Ok(text) => screen.edited(Some(&text)),
            Err(error) => {
                screen.tell(Message::NotEdited, &[&error.to_string()], wall_clock());
                screen.edited(None);
            }
        });
        Ok(())
    }
}

/// What was being typed is there again.
impl Drop for Shell {
    fn drop(&mut self) {
        // Nobody else is to write to the terminal when it is given back.
        self.edit = None;
        self.shared.keep_draft();
    }
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => pending().await,
    }
}

/// What a program has left of the line once it has ended; where there is none, never.
async fn ended(edit: &mut Option<Edit>) -> io::Result<String> {
    match edit {
        Some(edit) => edit.end().await,
        None => pending().await,
    }
}
