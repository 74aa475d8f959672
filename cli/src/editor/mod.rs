//! A line editor for a terminal to which others write as well.
//!
//! A pure state machine: bytes from the terminal, lines that arrive and sizes go in, with the time as a value;
//! [events](Event) and bytes for the terminal come out. It reads and writes nothing itself, so that every session of it can
//! be drawn and replayed, and a client that owns the whole screen can use its parts.
//!
//! - [`keys`] makes keys of bytes; [`burst`] and [`paste`] tell what was pasted from what was typed.
//! - [`mod@line`], [`history`], [`undo`] and [`complete`] are what is edited, and `bindings` is which key does what to it.
//! - [`width`], [`layout`] and [`paint`] are what the terminal shows.
//!
//! ```
//! use chat_cli::editor::{Editor, Event, Size};
//! use chat_core::Timestamp;
//!
//! let mut editor = Editor::new(Size::default(), &["/help"]);
//! editor.prompt("Name: ");
//! editor.read(Timestamp::ZERO, b"ann");
//! assert_eq!(editor.output(), b"Name: ann");
//! editor.line("bob: hello");
//! let shown = String::from_utf8(editor.output()).unwrap();
//! assert!(shown.ends_with("\r\x1b[Jbob: hello\r\nName: ann"));
//! editor.read(Timestamp::from_micros(1_000_000), b"\r");
//! assert_eq!(editor.poll_event(), Some(Event::Entered("ann".into())));
//! assert_eq!(editor.output(), b"\r\n");
//! ```

mod bindings;
pub mod burst;
pub mod complete;
mod display;
mod entering;
pub mod history;
pub mod keys;
pub mod layout;
pub mod line;
pub mod line_kind;
pub mod paint;
pub mod password;
pub mod paste;
mod question;
mod reading;
mod search;
pub mod undo;
pub mod width;

pub use question::Question;

use burst::Burst;
use complete::{Completion, Known, Names};
use history::History;
use keys::{Decoder, Key};
use line::{Kills, Line};
use paint::Paint;
use password::Asking;
use question::{Asked, Sight};
use search::Search;
use std::collections::VecDeque;
use undo::Undo;

/// The command that has the terminal show nothing but what is being typed, as Ctrl-L does. It is no event: nobody else has
/// to do with it.
pub const CLEAR: &str = "/clear";

/// What an event counts for besides its text.
const EVENT: usize = 64;

/// The size of a terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Its columns; 0 where they are not known.
    pub columns: usize,
    /// Its rows; 0 where they are not known.
    pub rows: usize,
    /// It wraps its rows anew when its size changes.
    pub reflows: bool,
}

/// What the person did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// They entered a line.
    Entered(String),
    /// They have this said as it is: it was pasted, and is no command, whatever it looks like.
    Said(String),
    /// They answered a [`Question`] with this key.
    Answered(char),
    /// They want a name completed (Tab), and may not have seen all of them: [`Editor::list`] takes those there are.
    Names,
    /// They are done (Ctrl-D).
    End,
    /// They interrupt the program (Ctrl-C).
    Interrupt,
    /// The program is to stop until it is continued (Ctrl-Z).
    Suspend,
    /// The program is to end at once (Ctrl-\).
    Quit,
    /// They want to edit the line with a program of their own (Ctrl-X Ctrl-E); the keys after that wait until the caller
    /// has the editor [go on](Editor::go_on).
    Edit,
    /// They pressed a key that is the caller's ([`Editor::reserve`]).
    Key(Key),
}

/// What is to be shown besides the line that is being typed, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A line that arrived.
    Line(String),
    /// What was being typed, and is done.
    Entered(String),
    /// The bell rings.
    Bell,
    /// The screen is to be drawn anew (Ctrl-L).
    ClearScreen,
    /// Nothing is to be seen but what comes from now on (`/clear`).
    Cleared,
}

/// The editor.
#[derive(Clone, Debug)]
pub struct Editor {
    decoder: Decoder,
    burst: Burst,
    /// The line as it was before the burst.
    before_burst: Line,
    line: Line,
    kills: Kills,
    /// The key before cut something out.
    was_kill: bool,
    /// What the key before inserted of what was cut out.
    yanked: Option<std::ops::Range<usize>>,
    undo: Undo,
    /// Ctrl-X was pressed, and the next key says what for.
    is_prefixed: bool,
    history: History,
    names: Names,
    known: Known,
    commands: &'static [&'static str],
    completion: Option<Completion>,
    /// The line for which no name was found, as long as one may come.
    nameless: Option<Line>,
    search: Option<Search>,
    prompt: Option<String>,
    asking: Option<Asking>,
    /// What stands before the line for now.
    status: String,
    questions: VecDeque<Asked>,
    /// Whether what is asked can have been seen.
    sight: Sight,
    /// The person was told that the line is too long.
    is_long: bool,
    events: VecDeque<Event>,
    /// Bytes of the events.
    queued: usize,
    /// What does not wait until what was entered before is taken.
    urgent: VecDeque<Event>,
    shown: VecDeque<Shown>,
    /// Bytes of what is to be shown.
    unshown: usize,
    /// The terminal is not ours now.
    is_closed: bool,
    /// It had the terminal mark what is pasted when it was closed.
    had_marks: bool,
    /// The keys that are the caller's, each with whether it is so only where nothing is typed.
    reserved: Option<Vec<(Key, bool)>>,
    /// One of them was pressed, or a prompt was answered, and the keys after that wait for the caller.
    is_paused: bool,
    paused: VecDeque<Key>,
    /// Alt and Enter begin another line.
    is_multiline: bool,
    /// What is shown for each character of a password.
    mask: char,
    paint: Paint,
}

impl Editor {
    /// An editor on a terminal whose cursor stands at the beginning of a row. Tab completes these commands at the
    /// beginning of a line.
    pub fn new(size: Size, commands: &'static [&'static str]) -> Self {
        Self {
            decoder: Decoder::default(),
            burst: Burst::default(),
            before_burst: Line::default(),
            line: Line::default(),
            kills: Kills::default(),
            was_kill: false,
            yanked: None,
            undo: Undo::default(),
            is_prefixed: false,
            history: History::default(),
            names: Names::default(),
            known: Known::default(),
            commands,
            completion: None,
            nameless: None,
            search: None,
            prompt: None,
            asking: None,
            status: String::new(),
            questions: VecDeque::new(),
            sight: Sight::default(),
            is_long: false,
            events: VecDeque::new(),
            queued: 0,
            urgent: VecDeque::new(),
            shown: VecDeque::new(),
            unshown: 0,
            is_closed: false,
            had_marks: false,
            reserved: None,
            is_paused: false,
            paused: VecDeque::new(),
            is_multiline: false,
            mask: '•',
            paint: Paint::new(size.columns, size.rows, size.reflows),
        }
    }

    /// Has these keys mean nothing here, those with `true` only where nothing is typed: [`poll_urgent`](Self::poll_urgent)
    /// gives them as [`Event::Key`], unless they answer a question. What was typed after one, and after a line that was asked
    /// for, waits until the caller has the editor [go on](Self::go_on).
    pub fn reserve(&mut self, keys: Vec<(Key, bool)>) {
        self.reserved = Some(keys);
    }

    /// Whether keys wait until the caller has seen to those before them.
    pub fn is_paused(&self) -> bool {
        self.is_paused
    }

    /// Takes the keys that wait, up to the next one that others wait for.
    pub fn go_on(&mut self) {
        self.is_paused = false;
        while !self.is_paused
            && let Some(key) = self.paused.pop_front()
        {
            self.key(key);
        }
    }

    /// Has Alt and Enter begin another line, so that what is entered may have several, each ended with `\n` but the last,
    /// and Ctrl-X Ctrl-E ask for [`Event::Edit`].
    pub fn allow_lines(&mut self) {
        self.is_multiline = true;
    }

    /// Has this be shown for each character of a password, in place of a bullet.
    pub fn mask_with(&mut self, mark: char) {
        self.mask = mark;
    }

    /// The terminal has another size.
    pub fn resize(&mut self, columns: usize, rows: usize) {
        if !self.is_closed {
            self.paint.resize(columns, rows);
        }
    }

    /// Asks for a line: the text stands before it.
    pub fn prompt(&mut self, text: &str) {
        self.prompt = Some(text.into());
    }

    /// Asks for nothing any more.
    pub fn end_prompt(&mut self) {
        self.prompt = None;
    }

    /// Has this stand before the line that is being typed, until it is something else; it does not stay with the line.
    pub fn set_status(&mut self, status: Option<&str>) {
        self.status = status.unwrap_or_default().into();
    }

    /// Asks a question that a single key answers, pressed once it could be seen.
    pub fn ask(&mut self, question: Question) {
        self.question(Asked::Other(question));
    }

    /// Shows a line of the room; whoever it is about can be completed with Tab.
    pub fn line(&mut self, text: &str) {
        self.see(text);
        self.notice(text);
    }

    /// Takes note of who a line of the room is about, without showing it.
    pub fn see(&mut self, text: &str) {
        self.names.see(text);
    }

    /// Takes note of who is in the room, in a line as the answer to `/who`. Where one of these is what was being completed, and
    /// nothing was typed since, it is.
    pub fn list(&mut self, roster: &str) {
        self.see(roster);
        if let Some(line) = self.nameless.take()
            && line == self.line
            && self.questions.is_empty()
            && self.asking.is_none()
            && self.search.is_none()
        {
            self.undo.begin(&self.line);
            self.complete(None, true);
            self.undo.end(&self.line);
        }
    }

    /// Shows a line that is not of the room.
    pub fn notice(&mut self, text: &str) {
        self.unshown += text.len() + EVENT;
        self.shown.push_back(Shown::Line(text.into()));
    }

    /// Bytes of lines that [`output`](Self::output) has not made yet, about.
    pub fn unshown(&self) -> usize {
        self.unshown
    }

    /// What is being typed.
    pub fn typed(&self) -> &Line {
        &self.line
    }

    /// Puts another line in the place of what is being typed, which is returned.
    pub fn exchange(&mut self, line: Line) -> Line {
        self.history.reset();
        self.undo.forget();
        self.completion = None;
        // A password is asked for where its command was typed.
        self.asking = None;
        std::mem::replace(&mut self.line, line)
    }

    /// Puts other lines in the place of those that were entered before, which are returned.
    pub fn exchange_history(&mut self, mut history: History) -> History {
        history.reset();
        std::mem::replace(&mut self.history, history)
    }

    /// Puts other names in the place of those that Tab completes, which are returned.
    pub fn exchange_names(&mut self, names: Names) -> Names {
        self.completion = None;
        std::mem::replace(&mut self.names, names)
    }

    /// Has Tab complete these as well.
    pub fn set_known(&mut self, known: Known) {
        self.known = known;
    }

    /// What was pasted, or edited elsewhere, and waits for an answer whether to say it.
    pub fn asked_paste(&self) -> Option<&str> {
        match self.questions.front() {
            Some(Asked::Paste(pasted, _)) => Some(&pasted.text),
            Some(Asked::Lines(_)) => Some(self.line.text()),
            _ => None,
        }
    }

    /// Whether nothing is asked, neither by a question nor for a password, and nothing is searched for.
    pub fn is_free(&self) -> bool {
        self.questions.is_empty() && self.asking.is_none() && self.search.is_none()
    }

    /// Has this be inserted by Ctrl-Y, as if it had been cut out; whether there is anything, and no password in it.
    pub fn keep_cut(&mut self, text: &str) -> bool {
        let is_kept = !text.trim().is_empty() && !password::may_be_in(text);
        if is_kept {
            self.kills.keep(text, false, false);
            self.was_kill = false;
        }
        is_kept
    }

    /// Gives back what was entered, and was not sent: it is what is being typed, if nothing else is, and otherwise Ctrl-Y inserts
    /// it. A password is gone.
    pub fn give_back(&mut self, text: &str) {
        if password::may_be_in(text) {
            return;
        }
        if self.line.is_empty() && self.is_free() && self.prompt.is_none() {
            self.exchange(Line::of(text.into()));
        } else {
            self.keep_cut(text);
        }
    }

    /// What is to be shown besides what is being typed, for who draws that in place of [`output`](Self::output).
    pub fn take_shown(&mut self) -> Vec<Shown> {
        self.unshown = 0;
        std::mem::take(&mut self.shown).into()
    }

    /// Whether a paste is on its way, or nobody has said yet what is to become of it.
    pub fn is_pasting(&self) -> bool {
        let is_asking = matches!(self.questions.front(), Some(Asked::Paste(..)));
        self.decoder.is_in_paste() || self.burst.is_waiting() || is_asking
    }

    /// Whether a question waits for its answer.
    pub fn is_asking(&self) -> bool {
        !self.questions.is_empty()
    }

    /// The next thing that the person did and that does not wait for what they entered before:
    /// [`Answered`](Event::Answered), [`Interrupt`](Event::Interrupt), [`Suspend`](Event::Suspend), [`Quit`](Event::Quit),
    /// [`Edit`](Event::Edit) or [`Key`](Event::Key).
    pub fn poll_urgent(&mut self) -> Option<Event> {
        self.urgent.pop_front()
    }

    /// The next thing that the person entered: [`Entered`](Event::Entered), [`Said`](Event::Said), [`Names`](Event::Names) or
    /// [`End`](Event::End).
    pub fn poll_event(&mut self) -> Option<Event> {
        let event = self.events.pop_front()?;
        self.queued -= entering::size_of(&event);
        Some(event)
    }
}
