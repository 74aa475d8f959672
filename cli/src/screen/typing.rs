//! What keys do.

use super::view::View;
use super::{Link, Screen, help};
use crate::editor::keys::Key;
use crate::editor::line::Line;
use crate::editor::{Event, Question, Shown};
use chat_core::Timestamp;

/// Bytes that were entered and may wait to be taken, before more wait in the editor.
const MAX_TYPED: usize = 1024 * 1024;

/// What is asked at the beginning.
const NAME: &str = "Your name (Enter alone: the server names you): ";

/// What the person entered, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// A line as in the text dialect: what is said, or a command.
    Line(String),
    /// This is to be said as it is.
    Said(String),
    /// They join, under this name, or under one that the server gives where it is empty.
    Join(String),
    /// The page of the history before this entry, or before what was known first.
    Page(Option<u64>),
    /// They leave.
    End,
}

/// What the person did that does not wait for what they entered before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgent {
    /// The program is to end, and does not wait for what is not accepted.
    Interrupt,
    /// The program is to stop until it is continued (Ctrl-Z).
    Suspend,
    /// The program is to end at once (Ctrl-\).
    Quit,
    /// The screen is to be drawn anew (Ctrl-L).
    Redraw,
    /// The line is to be edited with a program of their own (Ctrl-X Ctrl-E): [`Screen::draft`] is what it begins with, and
    /// nothing is typed on before [`Screen::edited`].
    Edit,
}

/// What is typed where one types.
#[derive(Clone, Debug)]
pub(super) enum Mode {
    Talking,
    /// The person's name, before anything else, such as the line that was kept.
    Naming(Line),
    Searching(Search),
}

/// The search in what is loaded.
#[derive(Clone, Debug)]
pub(super) struct Search {
    /// What was being typed before.
    before: Line,
    pattern: String,
    at: Option<i64>,
    has_failed: bool,
}

/// The keys that are the screen's and not the line's.
pub(super) fn is_reserved(key: &Key) -> bool {
    matches!(
        key,
        Key::PageUp
            | Key::PageDown
            | Key::Help
            | Key::Escape
            | Key::Focus(_)
            | Key::Ctrl('r' | 'n' | 'p' | 'g')
            | Key::Alt('1'..='9' | 'a')
    )
}

impl Screen {
    /// Takes bytes that the terminal sent.
    pub fn read(&mut self, now: Timestamp, bytes: &[u8]) {
        let place = |screen: &Self| {
            let line = screen.editor.typed();
            (line.text().len(), line.cursor())
        };
        let (before, help) = (place(self), self.help);
        self.editor.read(now, bytes);
        self.typed_on();
        // Whoever types on has read it.
        if place(self) != before && self.help == help {
            self.help = None;
        }
    }

    /// Takes note of the time.
    pub fn timeout(&mut self, now: Timestamp) {
        self.editor.timeout(now);
        self.typed_on();
    }

    /// Asks the person for their name: it comes as a line that joins.
    pub fn ask_name(&mut self) {
        if !matches!(self.mode, Mode::Naming(_)) {
            self.search_ends();
            self.mode = Mode::Naming(self.editor.exchange(Line::default()));
        }
        self.editor.prompt(NAME);
        self.is_dirty = true;
    }

    /// The next thing that the person entered.
    pub fn poll_typed(&mut self) -> Option<Typed> {
        if !self.has_typed() {
            return None;
        }
        let typed = self.typed.pop_front()?;
        if let Typed::Line(text) | Typed::Said(text) = &typed {
            self.typed_bytes -= text.len();
            self.is_dirty = true;
        }
        self.take_entered();
        Some(typed)
    }

    /// Whether [`poll_typed`](Self::poll_typed) has something to give.
    pub fn has_typed(&self) -> bool {
        // Who has not joined says nothing, whatever they have typed.
        let is_held = matches!(self.mode, Mode::Naming(_));
        !self.typed.is_empty() && !is_held
    }

    /// The next thing that does not wait.
    pub fn poll_urgent(&mut self) -> Option<Urgent> {
        self.urgent.pop_front()
    }

    /// What is being typed and is not entered, to be kept.
    pub fn draft(&self) -> &str {
        match &self.mode {
            Mode::Talking => self.editor.typed().text(),
            Mode::Naming(before) => before.text(),
            Mode::Searching(search) => search.before.text(),
        }
    }

    /// What was entered and nobody has taken yet, to be kept.
    pub fn entered_lines(&self) -> impl Iterator<Item = &Typed> {
        let is_line = |typed: &&Typed| matches!(typed, Typed::Line(_) | Typed::Said(_));
        self.typed.iter().filter(is_line)
    }

    /// Has this be what is being typed, and what was entered before that, as they were kept.
    pub fn restore(&mut self, text: &str, entered: impl IntoIterator<Item = Typed>) {
        for typed in entered {
            self.say(typed);
        }
        self.editor.exchange(Line::of(text.into()));
        self.is_dirty = true;
    }

    /// The program with which the line was edited has ended, and left this, if it left anything.
    pub fn edited(&mut self, text: Option<&str>) {
        self.is_editing = false;
        if let Some(text) = text {
            self.editor.edited(text);
        }
        self.typed_on();
    }

    /// Lines that are not accepted yet, those included that nobody has taken.
    pub(super) fn unsent(&self) -> impl Iterator<Item = &str> {
        let pending = self.pending.iter().filter(|it| !it.is_received);
        let typed = self.typed.iter().filter_map(|typed| match typed {
            Typed::Line(text) if text.starts_with("//") => text.get(1..),
            Typed::Line(text) if !text.starts_with('/') && !text.trim().is_empty() => Some(&**text),
            Typed::Said(text) => Some(&**text),
            _ => None,
        });
        let is_joining = matches!(self.mode, Mode::Naming(_)) || self.link == Link::None;
        let typed = typed.filter(move |_| !is_joining);
        pending.map(|it| it.text.as_str()).chain(typed)
    }

    /// What stands before what is typed in a search.
    pub(super) fn pattern(&self) -> &str {
        match &self.mode {
            Mode::Searching(search) => &search.pattern,
            _ => "",
        }
    }

    fn typed_on(&mut self) {
        self.is_dirty = true;
        loop {
            match self.editor.poll_urgent() {
                Some(Event::Key(key)) => {
                    self.take_entered();
                    self.search_on(false);
                    self.key(&key);
                }
                Some(Event::Interrupt) => self.interrupt(),
                Some(Event::Answered('y')) => self.urge(Urgent::Interrupt),
                Some(Event::Suspend) => self.urge(Urgent::Suspend),
                Some(Event::Quit) => self.urge(Urgent::Quit),
                Some(Event::Edit) => {
                    self.is_editing = true;
                    self.urge(Urgent::Edit);
                }
                Some(_) => {}
                None if self.editor.is_paused() && !self.is_editing => {
                    self.take_entered();
                    self.editor.go_on();
                }
                None => break,
            }
        }
        self.take_entered();
        for shown in self.editor.take_shown() {
            match shown {
                Shown::Line(text) => {
                    let at = self.now_in(self.current);
                    self.rooms[self.current].notice(text.trim_start_matches("* "), at);
                }
                Shown::ClearScreen => self.urge(Urgent::Redraw),
                Shown::Entered(_) | Shown::Bell => {}
            }
        }
        self.search_on(false);
    }

    /// The time of the newest thing in a room: nothing here has a clock.
    fn now_in(&self, place: usize) -> u64 {
        let room = &self.rooms[place];
        room.get(room.ids().end - 1).map_or(0, |block| block.at)
    }

    fn urge(&mut self, urgent: Urgent) {
        if self.urgent.iter().filter(|it| **it == urgent).count() < 2 {
            self.urgent.push_back(urgent);
        }
    }

    /// Ctrl-C where nothing is typed.
    fn interrupt(&mut self) {
        if matches!(self.mode, Mode::Searching(_)) {
            return self.end_search(false);
        }
        let count = self.unsent().count();
        // Elsewhere, nobody takes what is entered; and who says it twice does not want to wait.
        let is_heard = matches!(self.link, Link::Online | Link::Offline);
        if !is_heard && count == 0 || self.typed.contains(&Typed::End) {
            self.urge(Urgent::Interrupt);
        } else if count == 0 {
            self.typed.push_back(Typed::End);
        } else {
            let lines = if count == 1 { "line is" } else { "lines are" };
            self.editor.ask(Question {
                text: format!("{count} {lines} not accepted yet. Leave? y: yes, n: no "),
                answers: vec!['y', 'n'],
                cancel: 'n',
            });
        }
    }

    fn key(&mut self, key: &Key) {
        let page = self.above_bar().max(2) - 1;
        match key {
            Key::Focus(is_focused) => self.focus(*is_focused),
            Key::PageUp if self.help.is_some() => {
                self.help = self.help.map(|first| first.saturating_sub(page));
            }
            Key::PageDown if self.help.is_some() => {
                let last = help::lines().len().saturating_sub(self.above_bar());
                self.help = self.help.map(|first| (first + page).min(last));
            }
            Key::Help | Key::Escape if self.help.is_some() => self.help = None,
            Key::Help => self.help = Some(0),
            Key::PageUp => self.scroll_up(page),
            Key::PageDown => self.scroll_down(page),
            Key::Escape | Key::Ctrl('g') if matches!(self.mode, Mode::Searching(_)) => {
                self.end_search(false);
            }
            Key::Escape => self.look_at_end(),
            Key::Ctrl('r') => self.search(),
            Key::Ctrl('n') => self.go_to((self.current + 1) % self.rooms.len()),
            Key::Ctrl('p') => {
                self.go_to((self.current + self.rooms.len() - 1) % self.rooms.len());
            }
            Key::Alt('a') => {
                let news = |place: &usize| self.rooms[*place].unread > 0;
                let mentions = |place: &usize| self.rooms[*place].mentions > 0;
                let places = 0..self.rooms.len();
                let next = places.clone().find(mentions).or(places.clone().find(news));
                self.go_to(next.unwrap_or(self.current));
            }
            Key::Alt(digit) => {
                let place = digit.to_digit(10).and_then(|it| usize::try_from(it).ok());
                self.go_to(place.unwrap_or(0).wrapping_sub(1));
            }
            _ => {}
        }
    }

    fn focus(&mut self, is_focused: bool) {
        self.is_focused = is_focused;
        if is_focused && self.anchor.is_none() {
            self.catch_up();
        }
        let room = &mut self.rooms[self.current];
        if !is_focused && room.unread == 0 {
            room.marker = room.newest();
        }
    }

    fn scroll_up(&mut self, rows: usize) {
        let setting = self.setting();
        let view = View {
            room: self.room(),
            setting: &setting,
        };
        self.anchor = view.up(self.anchor, rows, self.pane());
    }

    fn scroll_down(&mut self, rows: usize) {
        let setting = self.setting();
        let view = View {
            room: self.room(),
            setting: &setting,
        };
        self.anchor = view.down(self.anchor, rows);
        if self.anchor.is_none() {
            self.catch_up();
        }
    }

    fn look_at_end(&mut self) {
        self.anchor = None;
        self.catch_up();
    }

    /// Takes what was entered, as much as may wait here.
    fn take_entered(&mut self) {
        while self.typed_bytes < MAX_TYPED
            && let Some(event) = self.editor.poll_event()
        {
            match event {
                Event::Entered(text) => self.entered(text),
                Event::Said(text) => self.say(Typed::Said(text)),
                Event::End => self.interrupt(),
                _ => {}
            }
        }
    }

    fn entered(&mut self, text: String) {
        match std::mem::replace(&mut self.mode, Mode::Talking) {
            Mode::Naming(before) => {
                self.editor.exchange(before);
                return self.typed.push_front(Typed::Join(text.trim().into()));
            }
            Mode::Searching(search) => {
                self.mode = Mode::Searching(search);
                return self.end_search(true);
            }
            Mode::Talking => {}
        }
        self.look_at_end();
        let command = text.trim_end();
        if text.contains('\n') {
            for line in text.lines().filter(|line| !line.trim().is_empty()) {
                self.say(Typed::Said(line.into()));
            }
        } else if command.eq_ignore_ascii_case("/help") {
            self.help = Some(0);
        } else if command.eq_ignore_ascii_case("/quit") {
            self.interrupt();
        } else if command.eq_ignore_ascii_case("/history") {
            self.scroll_up(self.pane().max(2) - 1);
        } else if let Some(pattern) = command.strip_prefix("/search") {
            self.search();
            self.editor.exchange(Line::of(pattern.trim().into()));
        } else {
            self.say(Typed::Line(text));
        }
    }

    fn say(&mut self, typed: Typed) {
        if let Typed::Line(text) | Typed::Said(text) = &typed {
            self.typed_bytes += text.len();
        }
        self.typed.push_back(typed);
    }

    /// Begins a search, or goes on to what is older.
    fn search(&mut self) {
        match &self.mode {
            Mode::Naming(_) => {}
            Mode::Searching(_) => self.search_on(true),
            Mode::Talking => {
                let before = self.editor.exchange(Line::default());
                self.editor.prompt("search: ");
                self.mode = Mode::Searching(Search {
                    before,
                    pattern: String::new(),
                    at: None,
                    has_failed: false,
                });
            }
        }
    }

    fn search_on(&mut self, further: bool) {
        let Mode::Searching(search) = &self.mode else {
            return;
        };
        let pattern = self.editor.typed().text().to_lowercase();
        if pattern == search.pattern && !further {
            return;
        }
        let before = match search.at {
            Some(at) if further => at,
            _ => i64::MAX,
        };
        let found = (!pattern.is_empty()).then(|| self.room().find(&pattern, before));
        let has_failed = found == Some(None);
        let found = found.flatten();
        let at = found.or(search.at.filter(|_| further));
        if let Some(block) = found {
            let setting = self.setting();
            let view = View {
                room: self.room(),
                setting: &setting,
            };
            self.anchor = view.around(block, self.pane());
        }
        if let Mode::Searching(search) = &mut self.mode {
            (search.pattern, search.at, search.has_failed) = (pattern, at, has_failed);
            let prompt = if has_failed {
                "not found: "
            } else {
                "search: "
            };
            self.editor.prompt(prompt);
        }
    }

    /// The line that was being typed is there again.
    fn search_ends(&mut self) {
        if let Mode::Searching(search) = std::mem::replace(&mut self.mode, Mode::Talking) {
            self.editor.exchange(search.before);
            self.editor.end_prompt();
        }
    }

    fn end_search(&mut self, stays: bool) {
        self.search_ends();
        if !stays {
            self.look_at_end();
        }
    }
}
