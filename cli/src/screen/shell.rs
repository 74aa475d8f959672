//! The shell around a screen: it passes on what is typed, what the client shows, and frames to the terminal.

use super::messages::Message;
use super::paint::Painter;
use super::reports::MOUSE;
use super::session::{PART, TOPIC, WHO, page_before, type_in};
use super::state_dir::StateDir;
use super::tty::{self, Tty};
use super::{Link, Screen, Typed, Urgent};
use crate::clock::wall_clock;
use chat_core::json::ROOM;
use chat_core::json_client_phase::Phase;
use chat_core::{Memory, Timestamp};
use chat_net::client::{self, Input, Stop};
use rustix::process::{Signal, getpid, kill_process};
use std::cell::RefCell;
use std::future::pending;
use std::io;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep_until};

/// Frames with less than that between them are one, unless a key was pressed.
const FRAME: Duration = Duration::from_millis(16);

/// What is typed is kept after so long.
const DRAFT: Duration = Duration::from_millis(300);

/// A screen, and who waits for it to be seen.
#[derive(Debug)]
struct Shown {
    screen: Screen,
    waker: Option<Waker>,
    last_notice: Option<String>,
}

/// A screen that is shared by whoever changes it and whoever draws it, all of one task.
#[derive(Clone, Debug)]
pub struct Shared(Rc<RefCell<Shown>>, Rc<Notify>);

impl Shared {
    /// Shares a screen.
    pub fn new(screen: Screen) -> Self {
        let shown = Shown {
            screen,
            waker: None,
            last_notice: None,
        };
        Self(Rc::new(RefCell::new(shown)), Rc::default())
    }

    /// Changes the screen.
    pub fn with<T>(&self, change: impl FnOnce(&mut Screen) -> T) -> T {
        let result = change(&mut self.0.borrow_mut().screen);
        self.1.notify_one();
        result
    }

    /// The last message that is not of a room.
    pub fn last_notice(&self) -> Option<String> {
        self.0.borrow().last_notice.clone()
    }

    /// Shows how the client is.
    pub fn watch(&self, phase: Phase, memory: &Memory) {
        let link = match phase {
            Phase::Asking => Link::None,
            Phase::Connecting | Phase::Joining => Link::Connecting,
            Phase::Talking => Link::Online,
            Phase::Waiting => Link::Offline,
            Phase::Leaving | Phase::Ended => Link::Leaving,
        };
        self.with(|screen| {
            screen.set_link(link);
            screen.set_name(memory.name.as_deref().unwrap_or_default());
            screen.set_unaccepted(memory.outbox.iter());
        });
    }
}

/// The screen as the client's shell sees it.
#[derive(Debug)]
pub struct Display {
    shared: Shared,
    /// The line that joins, where the person need not be asked.
    join: Option<String>,
    typed: mpsc::Sender<Input>,
}

impl Display {
    /// The display of a screen. `join` answers the first question; what is `typed` goes to the client.
    pub fn new(shared: Shared, join: Option<String>, typed: mpsc::Sender<Input>) -> Self {
        Self {
            shared,
            join,
            typed,
        }
    }
}

impl client::Screen for Display {
    /// What is shown is bounded by the rooms' limits.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut shown = self.shared.0.borrow_mut();
        if shown.screen.is_dirty() {
            shown.waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    fn prompt(&mut self, _: &str) -> io::Result<()> {
        if let Some(line) = self.join.take() {
            let line = Input::Bytes((line + "\n").into());
            return self.typed.try_send(line).map_err(io::Error::other);
        }
        self.shared.with(Screen::ask_name);
        Ok(())
    }

    fn line(&mut self, text: &str) -> io::Result<()> {
        self.shared.with(|screen| screen.line(text, wall_clock()));
        Ok(())
    }

    fn countdown(&mut self, seconds: Option<u64>) -> io::Result<()> {
        self.shared.with(|screen| screen.set_countdown(seconds));
        Ok(())
    }

    fn notice(&mut self, text: &str) -> io::Result<()> {
        self.shared.0.borrow_mut().last_notice = Some(text.into());
        self.shared.with(|screen| screen.notice(text, wall_clock()));
        Ok(())
    }
}

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
    /// Where what is being typed is kept.
    pub state: Option<StateDir>,
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
        let mut draft_due = None;
        let mut has_keys = true;
        let mut room = String::from(ROOM);
        let typing = self.typed.clone();
        self.resize();
        loop {
            self.obey(&mut painter)?;
            let (is_dirty, has_typed, due) = {
                let screen = &self.shared.0.borrow().screen;
                (screen.is_dirty(), screen.has_typed(), screen.next_timeout())
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
                    draft_due = draft_due.or(Some(next_frame + DRAFT));
                } else {
                    // Nobody can type any more: it ends as a closed terminal does.
                    has_keys = false;
                    let _ = self.stops.try_send(Stop::Leave);
                },
                permits = typing.reserve_many(2), if has_typed => {
                    let typed = self.shared.with(Screen::poll_typed);
                    if let (Ok(permits), Some((place, typed))) = (permits, typed) {
                        let begin = (place != room).then(|| Input::Bytes(type_in(&place)));
                        for (permit, input) in permits.zip(begin.into_iter().chain([input(typed)])) {
                            permit.send(input);
                        }
                        room = place;
                    }
                }
                () = at(Some(next_frame)), if is_dirty => {
                    self.draw(&mut painter, &mut next_frame, question).await;
                    question = b"";
                }
                () = at(due) => self.shared.with(|screen| screen.timeout(now())),
                () = at(draft_due) => {
                    draft_due = None;
                    self.keep_draft();
                }
                _ = resized.recv() => self.resize(),
                _ = continued.recv() => {
                    self.tty.retake()?;
                    self.redraw(&mut painter);
                }
                () = self.shared.1.notified() => {}
            }
        }
    }

    async fn draw(&self, painter: &mut Painter, next_frame: &mut Instant, question: &[u8]) {
        let Some(permit) = self.tty.ready().await else {
            return pending().await;
        };
        let waker = {
            let mut shown = self.shared.0.borrow_mut();
            let mut bytes = shown
                .screen
                .frame()
                .map_or_else(Vec::new, |frame| painter.paint(frame));
            if shown.screen.take_bell() {
                bytes.push(0x07);
            }
            bytes.extend(shown.screen.take_notification());
            bytes.extend_from_slice(question);
            if !bytes.is_empty() {
                permit.send(bytes);
            }
            shown.waker.take()
        };
        *next_frame = Instant::now() + FRAME;
        if let Some(waker) = waker {
            waker.wake();
        }
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
            let urgent = self.shared.0.borrow_mut().screen.poll_urgent();
            let Some(urgent) = urgent else {
                return Ok(());
            };
            match urgent {
                // Two that wait are enough.
                Urgent::Interrupt => drop(self.stops.try_send(Stop::Interrupt)),
                Urgent::Suspend => {
                    self.keep_draft();
                    self.tty.suspend()?;
                    self.redraw(painter);
                }
                Urgent::Quit => {
                    self.keep_draft();
                    self.tty.close();
                    let _ = kill_process(getpid(), Signal::QUIT);
                }
                Urgent::Redraw => self.redraw(painter),
            }
        }
    }

    fn keep_draft(&mut self) {
        let Some(state) = &mut self.state else {
            return;
        };
        let shown = self.shared.0.borrow();
        let words = shown.screen.highlights().kept();
        let kept = state.keep_draft(&shown.screen.draft());
        if let Err(error) = kept.and_then(|()| state.keep_highlights(&words)) {
            drop(shown);
            self.state = None;
            let why = error.to_string();
            self.shared
                .with(|screen| screen.tell(Message::NotKept, &[&why], wall_clock()));
        }
    }
}

/// What was being typed is there again.
impl Drop for Shell {
    fn drop(&mut self) {
        self.keep_draft();
    }
}

fn input(typed: Typed) -> Input {
    match typed {
        Typed::Line(line) => Input::Bytes((line + "\n").into()),
        Typed::Said(text) => Input::Said(text),
        Typed::Page(before) => Input::Bytes(page_before(before)),
        Typed::Who => Input::Bytes(WHO.into()),
        Typed::Topic => Input::Bytes(TOPIC.into()),
        Typed::Part => Input::Bytes(PART.into()),
        Typed::End => Input::End,
    }
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => pending().await,
    }
}
