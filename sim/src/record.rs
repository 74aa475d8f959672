//! What is kept of a run: every screen, and the story of what happened when.

use std::{
    cell::RefCell,
    io,
    rc::Rc,
    task::{Context, Poll},
};

use crate::{
    scenario::{Ending, SERVER},
    text::visible,
};

/// What a piece of a screen is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A question, without a line ending.
    Prompt,
    /// What was typed, or sent by a raw client.
    Typed,
    /// A line from the room.
    Line,
    /// A message of the program itself.
    Notice,
    /// A line of the server's transcript.
    Transcript,
    /// Something that happened, which no screen shows.
    Event,
}

impl Kind {
    /// The mark before it in the story.
    pub fn mark(self) -> char {
        match self {
            Self::Prompt => '?',
            Self::Typed => '>',
            Self::Line => '<',
            Self::Notice => '*',
            Self::Transcript => '|',
            Self::Event => '!',
        }
    }
}

/// One moment of the story.
#[derive(Clone, Debug)]
pub struct Moment {
    /// Milliseconds since the start.
    pub at: u64,
    /// Whose.
    pub who: String,
    /// What it is.
    pub kind: Kind,
    /// What it says, fit to be shown.
    pub text: String,
}

/// Whose screen it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The server's.
    Server,
    /// A person's, who runs the chat client.
    Person,
    /// A raw client's.
    Raw,
    /// A person's in the crowd.
    Member,
}

/// From a program's start to its end.
#[derive(Clone, Debug)]
pub struct Life {
    /// The local port, once connected.
    pub port: Option<u16>,
    /// What was said, seen and typed: what kind, and where in `shown`.
    marks: Vec<(Kind, usize, usize)>,
    /// How it ended.
    pub ending: Ending,
    /// Whether the network or the scenario kept it from seeing everything.
    pub disturbed: bool,
    /// Whether it said that nothing more will come from it.
    pub finished: bool,
    /// Which of the server's lives it connected to.
    pub server_life: usize,
}

/// One screen, and what is known of the program behind it.
#[derive(Clone, Debug)]
pub struct Screen {
    /// Whose it is.
    pub name: String,
    /// What it is.
    pub role: Role,
    /// Byte for byte what a terminal would have been given.
    pub shown: Vec<u8>,
    /// One life, and one more for each time the host was started again.
    pub lives: Vec<Life>,
    /// What was typed or sent, where a screen does not show it.
    unseen: Vec<u8>,
}

impl Screen {
    /// The pieces of one life, in order, without line endings.
    pub fn pieces<'a>(&'a self, life: &'a Life) -> impl Iterator<Item = (Kind, &'a [u8])> {
        life.marks.iter().map(|(kind, start, end)| {
            let source = if self.role == Role::Raw && *kind == Kind::Typed {
                &self.unseen
            } else {
                &self.shown
            };
            (*kind, &source[*start..*end])
        })
    }

    /// The pieces of one kind of one life.
    pub fn of_kind<'a>(&'a self, life: &'a Life, kind: Kind) -> impl Iterator<Item = &'a [u8]> {
        self.pieces(life)
            .filter(move |(other, _)| *other == kind)
            .map(|(_, text)| text)
    }

    /// The lines as they stand on the screen.
    pub fn lines(&self) -> impl Iterator<Item = &[u8]> {
        let whole = self.shown.strip_suffix(b"\n").unwrap_or(&self.shown);
        let none = self.shown.is_empty();
        whole.split(|byte| *byte == b'\n').filter(move |_| !none)
    }

    /// How the last life ended.
    pub fn ending(&self) -> Ending {
        self.lives
            .last()
            .map_or(Ending::Running, |life| life.ending)
    }
}

/// Everything that is kept.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// The story so far.
    pub story: Vec<Moment>,
    /// The server's screen first, then the clients' in their order.
    pub screens: Vec<Screen>,
    /// What went wrong with the run itself.
    pub faults: Vec<String>,
    now: u64,
}

/// The record, shared by everything that takes part.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recorder(Rc<RefCell<Record>>);

impl Recorder {
    /// Sets the clock.
    pub(crate) fn at(&self, now: u64) {
        self.0.borrow_mut().now = now;
    }

    /// A screen for someone more.
    pub(crate) fn witness(&self, name: &str, role: Role) -> Witness {
        let mut record = self.0.borrow_mut();
        record.screens.push(Screen {
            name: name.into(),
            role,
            shown: Vec::new(),
            lives: Vec::new(),
            unseen: Vec::new(),
        });
        Witness {
            recorder: self.clone(),
            screen: record.screens.len() - 1,
            part: Vec::new(),
        }
    }

    /// Something happened to the network.
    pub(crate) fn network(&self, text: String) {
        self.0.borrow_mut().tell("network", Kind::Event, text);
    }

    /// The run itself went wrong.
    pub(crate) fn fault(&self, why: &str) {
        let mut record = self.0.borrow_mut();
        let at = record.now;
        record.faults.push(format!("at {at} ms: {why}"));
    }

    /// Marks everyone's life as one that could not see everything.
    pub(crate) fn disturb_all(&self) {
        for screen in &mut self.0.borrow_mut().screens {
            if let Some(life) = screen.lives.last_mut() {
                life.disturbed = true;
            }
        }
    }

    /// What was kept.
    pub(crate) fn take(&self) -> Record {
        self.0.take()
    }
}

impl Record {
    fn tell(&mut self, who: &str, kind: Kind, text: String) {
        self.story.push(Moment {
            at: self.now,
            who: who.into(),
            kind,
            text,
        });
    }
}

/// Writes one screen.
#[derive(Clone, Debug)]
pub(crate) struct Witness {
    recorder: Recorder,
    screen: usize,
    /// The beginning of a line whose end has not arrived.
    part: Vec<u8>,
}

impl Witness {
    fn with<R>(&self, act: impl FnOnce(&mut Record, usize) -> R) -> R {
        act(&mut self.recorder.0.borrow_mut(), self.screen)
    }

    /// The program starts.
    pub(crate) fn begin(&self) {
        self.with(|record, screen| {
            record.screens[screen].lives.push(Life {
                port: None,
                marks: Vec::new(),
                ending: Ending::Running,
                disturbed: false,
                finished: false,
                server_life: 0,
            });
        });
    }

    /// The program connected from this port.
    pub(crate) fn connected(&self, port: u16) {
        let server_life = self.with(|record, _| record.screens[0].lives.len().saturating_sub(1));
        self.life(|life| {
            life.port = Some(port);
            life.server_life = server_life;
        });
        self.event(format!("connected from port {port}"));
    }

    /// The program ended, for the first reason given.
    pub(crate) fn end(&self, ending: Ending) {
        let first = self.life(|life| {
            let first = life.ending == Ending::Running;
            if first {
                life.ending = ending;
            }
            first
        });
        if first == Some(true) {
            self.event(format!("ended: {ending:?}"));
        }
    }

    /// The program will send nothing more.
    pub(crate) fn finish(&self) {
        self.life(|life| life.finished = true);
        self.event("end of input".into());
    }

    /// Whether the program has not ended.
    pub(crate) fn is_running(&self) -> bool {
        self.life(|life| life.ending == Ending::Running) == Some(true)
    }

    /// The program could not see everything.
    pub(crate) fn disturb(&self) {
        self.life(|life| life.disturbed = true);
    }

    fn life<R>(&self, act: impl FnOnce(&mut Life) -> R) -> Option<R> {
        self.with(|record, screen| record.screens[screen].lives.last_mut().map(act))
    }

    /// Something happened that the screen does not show.
    pub(crate) fn event(&self, text: String) {
        self.with(|record, screen| {
            if record.screens[screen].role != Role::Member {
                let who = record.screens[screen].name.clone();
                record.tell(&who, Kind::Event, text);
            }
        });
    }

    /// Puts something on the screen.
    pub(crate) fn show(&self, kind: Kind, text: &[u8]) {
        self.with(|record, screen| {
            let shown = &mut record.screens[screen];
            let hidden = shown.role == Role::Raw && kind == Kind::Typed;
            let onto = if hidden {
                &mut shown.unseen
            } else {
                &mut shown.shown
            };
            let asked = shown.lives.last().and_then(|life| life.marks.last());
            if kind == Kind::Notice && asked.is_some_and(|(last, ..)| *last == Kind::Prompt) {
                // As on the terminal: nothing was typed after the prompt.
                onto.push(b'\n');
            }
            let start = onto.len();
            onto.extend_from_slice(text);
            let end = onto.len();
            if kind != Kind::Prompt && !hidden {
                onto.push(b'\n');
            }
            if let Some(life) = shown.lives.last_mut() {
                life.marks.push((kind, start, end));
            }
            if shown.role != Role::Member {
                let who = shown.name.clone();
                // In the story, the mark of a notice stands for its asterisk.
                let told = text.strip_prefix(b"* ").filter(|_| kind == Kind::Notice);
                record.tell(&who, kind, visible(told.unwrap_or(text)));
            }
        });
    }

    /// Bytes arrived: shows the lines that are whole.
    pub(crate) fn bytes(&mut self, kind: Kind, bytes: &[u8]) {
        self.part.extend_from_slice(bytes);
        while let Some(end) = self.part.iter().position(|byte| *byte == b'\n') {
            let rest = self.part.split_off(end + 1);
            let mut line = std::mem::replace(&mut self.part, rest);
            line.pop();
            self.show(kind, &line);
        }
    }

    /// No more bytes will come: shows what is left of an unfinished line.
    pub(crate) fn flush(&mut self, kind: Kind) {
        if !self.part.is_empty() {
            let part = std::mem::take(&mut self.part);
            self.show(kind, &part);
            self.event("the line above has no line ending".into());
        }
    }
}

impl chat_net::client::Screen for Witness {
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shown(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn prompt(&mut self, text: &str) -> io::Result<()> {
        self.show(Kind::Prompt, text.as_bytes());
        Ok(())
    }

    fn line(&mut self, text: &str) -> io::Result<()> {
        self.show(Kind::Line, text.as_bytes());
        Ok(())
    }

    fn notice(&mut self, text: &str) -> io::Result<()> {
        self.show(Kind::Notice, text.as_bytes());
        Ok(())
    }
}

impl Record {
    /// The screen of this name.
    pub fn screen(&self, name: &str) -> Option<&Screen> {
        self.screens.iter().find(|screen| screen.name == name)
    }

    /// The server's screen.
    ///
    /// # Panics
    ///
    /// When nothing was recorded.
    pub fn server(&self) -> &Screen {
        self.screen(SERVER).expect("every run has a server")
    }
}
