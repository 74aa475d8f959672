//! A line editor for a terminal to which others write as well.
//!
//! A pure state machine: bytes from the terminal, lines that arrive and sizes go in, with the time as a value;
//! [events](Event) and bytes for the terminal come out. It reads and writes nothing itself, so that every session of it can
//! be drawn and replayed, and a client that owns the whole screen can use its parts.
//!
//! - [`keys`] makes keys of bytes; [`burst`] and [`paste`] tell what was pasted from what was typed.
//! - [`mod@line`], [`history`] and [`complete`] are what is edited, and `bindings` is which key does what to it.
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
pub mod history;
pub mod keys;
pub mod layout;
pub mod line;
pub mod paint;
mod password;
pub mod paste;
mod question;
pub mod width;

pub use question::Question;

use burst::{Burst, Resolved};
use chat_core::{MAX_LINE, Timestamp};
use complete::{Completion, Names};
use history::History;
use keys::{Decoder, Key, MAX_PASTE, Pasted};
use line::{Kills, Line};
use paint::Paint;
use paste::Lines;
use question::Asked;
use std::collections::VecDeque;

/// Bytes that were entered and may wait to be taken. A whole paste fits in, and what is typed until it is taken.
const MAX_QUEUED: usize = 4 * MAX_PASTE;

/// What an event counts for besides its text.
const EVENT: usize = 64;

/// What stands where a password is typed.
const PASSWORD: &str = "Password (it is not shown): ";

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
    /// They are done (Ctrl-D).
    End,
    /// They interrupt the program (Ctrl-C).
    Interrupt,
    /// The program is to stop until it is continued (Ctrl-Z).
    Suspend,
    /// The program is to end at once (Ctrl-\).
    Quit,
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
}

/// The search for a line that was entered before (Ctrl-R).
#[derive(Clone, Debug)]
struct Search {
    pattern: String,
    /// The place of the line that was found last.
    at: Option<usize>,
    failed: bool,
    before: Line,
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
    history: History,
    names: Names,
    commands: &'static [&'static str],
    completion: Option<Completion>,
    search: Option<Search>,
    prompt: Option<String>,
    /// The command that a password is asked for, which is not shown, with a blank at the end.
    asking_password: Option<String>,
    /// What stands before the line for now.
    status: String,
    questions: VecDeque<Asked>,
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
    /// The keys that are the caller's.
    reserved: Option<fn(&Key, &Line) -> bool>,
    /// One of them was pressed, or a prompt was answered, and the keys after that wait for the caller.
    is_paused: bool,
    paused: VecDeque<Key>,
    /// Alt and Enter begin another line.
    is_multiline: bool,
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
            history: History::default(),
            names: Names::default(),
            commands,
            completion: None,
            search: None,
            prompt: None,
            asking_password: None,
            status: String::new(),
            questions: VecDeque::new(),
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
            paint: Paint::new(size.columns, size.rows, size.reflows),
        }
    }

    /// Has these keys mean nothing here, while this is the line that is being typed: [`poll_urgent`](Self::poll_urgent) gives them as [`Event::Key`], unless they
    /// answer a question. What was typed after one, and after a line that was asked for, waits until the caller has the
    /// editor [go on](Self::go_on).
    pub fn reserve(&mut self, keys: fn(&Key, &Line) -> bool) {
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

    /// Has Alt and Enter begin another line, so that what is entered may have several, each ended with `\n` but the last.
    pub fn allow_lines(&mut self) {
        self.is_multiline = true;
    }

    /// Takes bytes that the terminal sent.
    pub fn read(&mut self, now: Timestamp, bytes: &[u8]) {
        self.timeout(now);
        let mut keys = Vec::new();
        self.decoder.read(now, bytes, &mut keys);
        self.keys(now, keys);
    }

    /// Takes bytes that were typed before the editor began: lines of them are no paste.
    pub fn read_ahead(&mut self, now: Timestamp, bytes: &[u8]) {
        let mut keys = Vec::new();
        self.decoder.read(now, bytes, &mut keys);
        for key in keys {
            self.key(key);
        }
    }

    /// When [`timeout`](Self::timeout) is due.
    pub fn next_timeout(&self) -> Option<Timestamp> {
        let due = [self.decoder.next_timeout(), self.burst.next_timeout()];
        due.into_iter().flatten().min()
    }

    /// Takes note of the time.
    pub fn timeout(&mut self, now: Timestamp) {
        let mut keys = Vec::new();
        self.decoder.timeout(now, &mut keys);
        if !keys.is_empty() {
            self.keys(now, keys);
        }
        match self.burst.timeout(now) {
            None => {}
            Some(Resolved::Typed(keys)) if self.is_wary() && keys.len() > 1 => {
                let (mut text, mut bytes) = (String::new(), 0);
                for key in &keys {
                    burst::add(&mut text, &mut bytes, key);
                }
                self.pasted(Pasted {
                    text,
                    bytes,
                    is_marked: false,
                });
            }
            Some(Resolved::Typed(keys)) => {
                for key in keys {
                    self.key(key);
                }
            }
            Some(Resolved::Pasted { pasted, from_start }) => {
                if from_start && !self.is_wary() {
                    self.line = self.before_burst.clone();
                }
                self.paint.mark_pastes();
                self.pasted(pasted);
            }
        }
    }

    fn keys(&mut self, now: Timestamp, keys: Vec<Key>) {
        if self.burst.is_beginning(now) {
            self.before_burst = self.line.clone();
        }
        let wary = self.is_wary();
        for key in self.burst.take(now, keys, wary) {
            self.key(key);
        }
    }

    /// What was pasted without a mark may not have come to its end: a key that follows may be of it, and no answer.
    fn is_wary(&self) -> bool {
        matches!(self.questions.front(), Some(Asked::Paste(pasted, _)) if !pasted.is_marked)
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

    /// Asks a question that a single key answers.
    pub fn ask(&mut self, question: Question) {
        self.questions.push_back(Asked::Other(question));
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
        self.completion = None;
        let before = std::mem::replace(&mut self.line, line);
        // A password is no draft.
        let was_password = self.asking_password.take().is_some();
        if was_password {
            Line::default()
        } else {
            before
        }
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

    /// What was pasted and waits for an answer whether to say it.
    pub fn asked_paste(&self) -> Option<&str> {
        match self.questions.front() {
            Some(Asked::Paste(pasted, _)) => Some(&pasted.text),
            _ => None,
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
    /// [`Answered`](Event::Answered), [`Interrupt`](Event::Interrupt), [`Suspend`](Event::Suspend), [`Quit`](Event::Quit) or
    /// [`Key`](Event::Key).
    pub fn poll_urgent(&mut self) -> Option<Event> {
        self.urgent.pop_front()
    }

    /// The next thing that the person entered: [`Entered`](Event::Entered), [`Said`](Event::Said) or [`End`](Event::End).
    pub fn poll_event(&mut self) -> Option<Event> {
        let event = self.events.pop_front()?;
        self.queued -= size_of(&event);
        Some(event)
    }

    /// The bytes that have the terminal show what it is to show.
    pub fn output(&mut self) -> Vec<u8> {
        for shown in std::mem::take(&mut self.shown) {
            match shown {
                Shown::Line(text) => self.paint.arrive(&text),
                Shown::Entered(text) => self.paint.leave(&text),
                Shown::Bell => self.paint.bell(),
                Shown::ClearScreen => self.paint.clear_screen(),
            }
        }
        self.unshown = 0;
        if !self.is_closed {
            let (text, cursor) = self.live();
            self.paint.show(&text, cursor);
        }
        self.paint.take().into_bytes()
    }

    /// Whether the terminal is not the editor's now.
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Gives the terminal back: whoever writes to it next begins at the beginning of a row. Lines that arrive meanwhile
    /// are written as they come.
    pub fn close(&mut self) {
        if std::mem::replace(&mut self.is_closed, true) {
            return;
        }
        self.status.clear();
        // First what is still to be shown.
        self.is_closed = false;
        let shown = self.output();
        self.is_closed = true;
        self.had_marks = self.paint.has_marks();
        let (text, _) = self.live();
        self.paint.close(&shown, &text);
    }

    /// Takes the terminal again: its cursor stands at the beginning of a row, and its size may be another one.
    pub fn reopen(&mut self, columns: usize, rows: usize) {
        self.is_closed = false;
        let marks_pastes = self.had_marks || self.paint.has_marks();
        self.paint.reopen(columns, rows, marks_pastes);
    }

    /// What stands where one types, a question or a prompt included, and the cursor in it: a number of bytes.
    pub fn live(&self) -> (String, usize) {
        if let Some(asked) = self.questions.front() {
            let text = asked.question().text.clone();
            let end = text.len();
            return (text, end);
        }
        if self.asking_password.is_some() {
            let text = self.status.clone() + PASSWORD;
            let end = text.len();
            return (text, end);
        }
        let before = match (&self.search, &self.prompt) {
            (Some(search), _) => {
                let how = if search.failed { "not found" } else { "search" };
                format!("({how}) {}: ", search.pattern)
            }
            (None, Some(prompt)) => prompt.clone(),
            (None, None) => String::new(),
        };
        let before = self.status.clone() + &before;
        let cursor = before.len() + self.line.cursor();
        (before + self.line.text(), cursor)
    }

    fn show(&mut self, shown: Shown) {
        self.unshown += EVENT;
        self.shown.push_back(shown);
    }

    fn bell(&mut self) {
        if !matches!(self.shown.back(), Some(Shown::Bell)) {
            self.show(Shown::Bell);
        }
    }

    fn push(&mut self, event: Event) {
        self.queued += size_of(&event);
        self.events.push_back(event);
    }

    /// The line is done: it stays where it is, and an empty one follows.
    fn done(&mut self, text: &str) {
        let prompt = self.prompt.take().unwrap_or_default();
        self.show(Shown::Entered(prompt + text));
    }

    fn enter(&mut self) {
        let length = self.line.text().len();
        if length > MAX_LINE {
            self.bell();
            return self.notice(&format!(
                "* Not sent: the line has {length} bytes; {MAX_LINE} are the most."
            ));
        }
        if self.is_full(length) {
            return;
        }
        if self.prompt.is_none()
            && self.asking_password.is_none()
            && let Some(sure) = Asked::sure(self.line.text())
        {
            return self.questions.push_back(sure);
        }
        self.entered();
    }

    /// The line is entered as it is.
    fn entered(&mut self) {
        let text = std::mem::take(&mut self.line).text().to_owned();
        if let Some(command) = self.asking_password.take() {
            return self.password_entered(&command, &text);
        }
        if self.prompt.is_none() && password::is_missing(&text) {
            self.asking_password = Some(format!("{} ", text.trim_end()));
            self.history.reset();
            return self.done(&text);
        }
        if self.prompt.is_none() {
            self.history.add(&text);
        } else {
            self.is_paused = self.reserved.is_some();
        }
        self.history.reset();
        self.is_long = false;
        self.done(&text);
        self.push(Event::Entered(text));
    }

    /// A password is entered, which is shown nowhere and is no line to come back to; none, where the person has changed their
    /// mind.
    fn password_entered(&mut self, command: &str, password: &str) {
        self.history.reset();
        self.show(Shown::Entered(PASSWORD.into()));
        if !password.is_empty() {
            self.push(Event::Entered(command.to_owned() + password));
        }
    }

    /// Whether so much waits to be taken that so many more bytes may not; the person is told.
    fn is_full(&mut self, more: usize) -> bool {
        let is_full = self.queued + more + EVENT > MAX_QUEUED;
        if is_full {
            self.bell();
            self.notice("* Not taken yet: what was entered before still waits to be sent.");
        }
        is_full
    }

    /// Tells the person once when the line becomes too long to be sent.
    fn measure(&mut self) {
        let is_long = self.line.text().len() > MAX_LINE;
        if is_long && !self.is_long {
            self.bell();
            self.notice(&format!(
                "* The line is longer than {MAX_LINE} bytes: it cannot be sent before it is shorter."
            ));
        }
        self.is_long = is_long;
    }

    fn insert(&mut self, text: &str) {
        if self.line.insert(text) {
            self.measure();
        } else {
            self.bell();
            let bytes = text.len();
            if bytes > 4 {
                self.notice(&format!(
                    "* Not taken: {bytes} more bytes make the line too long."
                ));
            }
        }
    }

    fn pasted(&mut self, pasted: Pasted) {
        if let Some(Asked::Paste(before, _)) = self.questions.front_mut() {
            // It goes on, or another one follows.
            let bytes = before.bytes + pasted.bytes;
            let is_marked = before.is_marked && pasted.is_marked;
            let text = if bytes > MAX_PASTE {
                String::new()
            } else {
                let is_new = before.is_marked && !before.text.ends_with('\n');
                let between = if is_new { "\n" } else { "" };
                format!("{}{between}{}", before.text, pasted.text)
            };
            self.questions.pop_front();
            return self.pasted(Pasted {
                text,
                bytes,
                is_marked,
            });
        }
        if !self.questions.is_empty() {
            self.bell();
            return self.notice("* Not taken: what was pasted is no answer to a question.");
        }
        self.end_search();
        let lines = paste::count(&pasted);
        if pasted.bytes > MAX_PASTE {
            self.bell();
            let bytes = pasted.bytes;
            self.notice(&format!(
                "* Not taken: {bytes} bytes were pasted; {MAX_PASTE} are the most."
            ));
        } else if let Some(text) = paste::single(&pasted) {
            self.insert(&text);
        } else if self.prompt.is_some() || self.asking_password.is_some() {
            self.bell();
            self.notice(&format!(
                "* Not taken: {lines} lines were pasted, and one is asked for."
            ));
        } else if lines > paste::UNASKED_LINES {
            self.questions.push_front(Asked::about(pasted));
        } else {
            self.say(&pasted, false);
        }
    }

    /// Has the lines of a paste said, if all of them can be.
    fn say(&mut self, pasted: &Pasted, whole: bool) {
        let (before, after) = self.line.text().split_at(self.line.cursor());
        let lines = Lines::of(pasted, before, after, whole);
        if let Some((number, bytes)) = lines.too_long() {
            self.bell();
            return self.notice(&format!(
                "* Not sent: line {number} of what was pasted has {bytes} bytes; {MAX_LINE} are the most."
            ));
        }
        if lines.rest.0.len() > line::MAX_TYPED {
            self.bell();
            return self.notice("* Not sent: the last line of what was pasted is too long.");
        }
        let bytes = lines.said.iter().map(|line| line.len() + EVENT).sum();
        if self.is_full(bytes) {
            return;
        }
        for line in lines.said {
            self.done(&line);
            if !line.trim().is_empty() {
                self.push(Event::Said(line));
            }
        }
        self.line = Line::of(lines.rest.0);
        self.line.set_cursor(lines.rest.1);
        self.measure();
    }

    fn answered(&mut self, answer: char) {
        let Some(asked) = self.questions.pop_front() else {
            return;
        };
        let text = format!("{}{answer}", asked.question().text);
        self.show(Shown::Entered(text));
        match asked {
            Asked::Other(_) => self.urgent.push_back(Event::Answered(answer)),
            Asked::Paste(pasted, _) if answer == 'y' => self.say(&pasted, true),
            Asked::Paste(pasted, question) if answer == 'o' => {
                let (before, after) = self.line.text().split_at(self.line.cursor());
                let text = Lines::joined(&pasted, before, after);
                if text.len() > MAX_LINE {
                    self.bell();
                    let bytes = text.len();
                    self.notice(&format!(
                        "* As one line it has {bytes} bytes; {MAX_LINE} are the most."
                    ));
                    self.questions.push_front(Asked::Paste(pasted, question));
                } else if !self.is_full(text.len()) && !text.trim().is_empty() {
                    self.line = Line::default();
                    self.done(&text);
                    self.push(Event::Said(text));
                }
            }
            Asked::Sure(_) if answer == 'y' => self.entered(),
            Asked::Sure(_) | Asked::Paste(..) => {}
        }
    }
}

fn size_of(event: &Event) -> usize {
    match event {
        Event::Entered(text) | Event::Said(text) => text.len() + EVENT,
        _ => EVENT,
    }
}
