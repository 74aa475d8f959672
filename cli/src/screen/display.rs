//! A screen that several share: the client shows what happens on it, and whoever draws it passes on what is typed, which is
//! kept meanwhile.

use super::messages::Message;
use super::paint::Painter;
use super::session::{PART, ROLE, Step, TOPIC, WHO, page_before, type_in};
use super::state_dir::{Draft, StateDir};
use super::{Link, Screen, Typed};
use crate::clock::wall_clock;
use chat_core::Memory;
use chat_core::json::ROOM;
use chat_core::json_client_phase::Phase;
use chat_net::client::{self, Input, Keep};
use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use tokio::sync::{Notify, mpsc};

/// A screen, and who waits for it to be seen.
#[derive(Debug)]
struct Shown {
    screen: Screen,
    waker: Option<Waker>,
    last_notice: Option<String>,
    /// The room for which the client takes what comes next.
    room: String,
    /// The id that the client has given last, as far as it is kept.
    newest: Option<String>,
    state: Option<StateDir>,
    /// Another program has the terminal.
    is_lent: bool,
}

/// A screen that is shared by whoever changes it and whoever draws it, all of one task.
#[derive(Clone, Debug)]
pub struct Shared(Rc<RefCell<Shown>>, Rc<Notify>);

impl Shared {
    /// Shares a screen. What is typed is kept in `state`; where there was something, `memory` is what the client knew of it.
    pub fn new(mut screen: Screen, mut state: Option<StateDir>, memory: &Memory) -> Self {
        let mut draft = state.as_mut().map(StateDir::draft).unwrap_or_default();
        draft.settle(memory.outbox.iter());
        let entered = draft.entered.into_iter();
        let entered = entered.map(|(room, entered)| (room, Typed::from(entered)));
        screen.restore(draft.lines, entered);
        let newest = memory.outbox.back().map(|said| said.id.clone());
        let shown = Shown {
            screen,
            waker: None,
            last_notice: None,
            room: ROOM.into(),
            newest: newest.or(draft.newest),
            state,
            is_lent: false,
        };
        Self(Rc::new(RefCell::new(shown)), Rc::default())
    }

    /// Changes the screen.
    pub fn with<T>(&self, change: impl FnOnce(&mut Screen) -> T) -> T {
        let result = change(&mut self.0.borrow_mut().screen);
        self.1.notify_one();
        result
    }

    /// Looks at the screen.
    pub(super) fn look<T>(&self, look: impl FnOnce(&Screen) -> T) -> T {
        look(&self.0.borrow().screen)
    }

    /// Takes something from the screen, of which nothing has to be drawn.
    pub(super) fn with_quietly<T>(&self, take: impl FnOnce(&mut Screen) -> T) -> T {
        take(&mut self.0.borrow_mut().screen)
    }

    /// Waits until the screen is changed.
    pub(super) async fn changed(&self) {
        self.1.notified().await;
    }

    /// The last message that is not of a room.
    pub fn last_notice(&self) -> Option<String> {
        self.0.borrow().last_notice.clone()
    }

    /// Whether another program has the terminal.
    pub fn is_lent(&self) -> bool {
        self.0.borrow().is_lent
    }

    /// Another program has the terminal, or has it no more.
    pub(super) fn set_lent(&self, is_lent: bool) {
        self.0.borrow_mut().is_lent = is_lent;
    }

    /// Passes on the next thing that was entered, which is on its way to the client from now on; and before that, in which
    /// room it was, where that is another one than before: that takes two permits.
    pub(super) fn pass(&self, mut permits: mpsc::PermitIterator<'_, Input>) {
        let Some((room, typed)) = self.with(Screen::pass_on) else {
            return;
        };
        // From here on it is no more what is being typed, whatever the client does with it.
        self.keep_draft();
        let before = self.0.borrow().room.clone();
        let begin = (room != before).then(|| Input::Bytes(type_in(&room)));
        for (permit, input) in permits
            .by_ref()
            .zip(begin.into_iter().chain([input(typed)]))
        {
            permit.send(input);
        }
        self.0.borrow_mut().room = room;
    }

    /// What waits for the screen to be seen need not wait any more.
    pub(super) fn is_seen(&self) {
        let waker = self.0.borrow_mut().waker.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The bytes that have the terminal show how it is, if it shows something else. What they show that is being typed is
    /// kept: who has seen it finds it again.
    pub(super) fn paint(&self, painter: &mut Painter) -> Vec<u8> {
        self.keep_draft();
        let mut shown = self.0.borrow_mut();
        let frame = shown.screen.frame();
        let mut bytes = frame.map_or_else(Vec::new, |frame| painter.paint(frame));
        if shown.screen.take_bell() {
            bytes.push(0x07);
        }
        bytes.extend(shown.screen.take_notification());
        bytes
    }

    /// Keeps what is typed and what is entered, and what rings.
    pub(super) fn keep_draft(&self) {
        let shown = &mut *self.0.borrow_mut();
        let Some(state) = &mut shown.state else {
            return;
        };
        let entered = shown.screen.entered_lines();
        let draft = Draft::of(shown.screen.drafts(), entered, shown.newest.as_deref());
        let words = shown.screen.highlights().kept();
        let kept = state.keep_draft(draft);
        if let Err(error) = kept.and_then(|()| state.keep_highlights(&words)) {
            shown.state = None;
            let why = error.to_string();
            let screen = &mut shown.screen;
            screen.tell(Message::NotKept, &[&why], wall_clock());
            self.1.notify_one();
        }
    }

    /// Shows how the client is, and what became of what it has taken.
    pub fn watch(&self, did: Step, phase: Phase, memory: &Memory) {
        if did == Step::Offline {
            return self.with(Screen::refused);
        }
        if did == Step::Took {
            let mut shown = self.0.borrow_mut();
            shown.screen.taken();
            let newest = memory.outbox.back().map(|said| &said.id);
            // What the client is to remember is there until that is kept; all else is done, and is not to be done again.
            let is_done = newest.is_none_or(|newest| Some(newest) == shown.newest.as_ref());
            drop(shown);
            if is_done {
                self.keep_draft();
            }
        }
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
    /// The name to join under, where the person need not be asked.
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
        if let Some(name) = self.join.take() {
            let join = Typed::Join(name);
            self.shared.with(|screen| screen.passes(ROOM, &join));
            return self.typed.try_send(input(join)).map_err(io::Error::other);
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
        let told = self
            .shared
            .look(|screen| screen.settings.language.told(text).into_owned());
        self.shared.0.borrow_mut().last_notice = Some(told);
        self.shared.with(|screen| screen.notice(text, wall_clock()));
        Ok(())
    }
}

/// What the client remembers, and with it what is typed and not taken yet: each line is in one of the two, whenever the
/// program is killed.
pub struct Kept {
    keep: Box<dyn Keep>,
    shared: Shared,
}

impl Kept {
    /// Keeps what the client remembers in `keep`.
    pub fn new(keep: Box<dyn Keep>, shared: Shared) -> Self {
        Self { keep, shared }
    }
}

impl Keep for Kept {
    fn keep(&mut self, memory: &Memory) -> io::Result<()> {
        self.keep.keep(memory)?;
        if let Some(last) = memory.outbox.back() {
            self.shared.0.borrow_mut().newest = Some(last.id.clone());
        }
        self.shared.keep_draft();
        Ok(())
    }
}

pub(super) fn input(typed: Typed) -> Input {
    match typed {
        Typed::Line(line) => Input::Bytes((line + "\n").into()),
        Typed::Said(text) => Input::Said(text),
        Typed::Join(name) if name.is_empty() => Input::Bytes(b"JOIN\n".to_vec()),
        Typed::Join(name) => Input::Bytes(format!("JOIN {name}\n").into()),
        Typed::Page(before) => Input::Bytes(page_before(before)),
        Typed::Who => Input::Bytes(WHO.into()),
        Typed::Topic => Input::Bytes(TOPIC.into()),
        Typed::Role => Input::Bytes(ROLE.into()),
        Typed::Part => Input::Bytes(PART.into()),
        Typed::End => Input::End,
    }
}
