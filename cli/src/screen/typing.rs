//! What keys do.

use super::keys::Action;
use super::messages::Message;
use super::mode::Mode;
use super::view::View;
use super::{Link, Screen, help};
use crate::editor::complete::Known;
use crate::editor::keys::Key;
use crate::editor::line::Line;
use crate::editor::line_kind::LineKind;
use crate::editor::password;
use crate::editor::{Event, Question, Shown};
use chat_core::{Role, Timestamp};

/// Bytes that were entered and may wait to be taken, before more wait in the editor.
const MAX_TYPED: usize = 1024 * 1024;

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
    /// The screen wants to know who is there.
    Who,
    /// The screen wants to know what the room is about.
    Topic,
    /// The screen wants to know what they are in the room.
    Role,
    /// They want to be in the room no more.
    Part,
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
    /// The line is to be edited with a program of their own (Ctrl-X Ctrl-E): [`Screen::being_typed`] is what it begins
    /// with, and nothing is typed on before [`Screen::edited`].
    Edit,
}

impl Screen {
    /// Takes bytes that the terminal sent.
    pub fn read(&mut self, now: Timestamp, bytes: &[u8]) {
        let place = |screen: &Self| {
            let line = screen.editor.typed();
            (line.text().len(), line.cursor())
        };
        let (before, help) = (place(self), self.help);
        for report in self.reports.read(now, bytes) {
            self.reported(now, report);
        }
        if bytes.contains(&b'\t') {
            self.editor.set_known(self.completed());
        }
        self.editor.read(now, bytes);
        self.typed_on();
        // Whoever types on has read it.
        if place(self) != before && self.help == help {
            self.help = None;
        }
    }

    /// What Tab completes besides names and commands: first the rooms where the person is.
    fn completed(&self) -> Known {
        let own = self.rooms.iter().filter(|room| !room.is_conversation);
        let own = own.map(|room| (room.name.clone(), true));
        let others = self
            .listed
            .iter()
            .filter(|it| self.known_room(it).is_none());
        Known {
            own: self.me.clone(),
            rooms: own.chain(others.map(|it| (it.clone(), false))).collect(),
            banned: self.room().banned.clone(),
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
            self.end_search(true);
            self.end_jump();
            self.mode = Mode::Naming(self.editor.exchange(Line::default()));
        }
        self.editor
            .prompt(Message::AskName.text(self.settings.language));
        self.is_dirty = true;
    }

    /// The next thing that the person entered, and the name of the room in which they did.
    pub fn poll_typed(&mut self) -> Option<(String, Typed)> {
        if !self.has_typed() {
            return None;
        }
        let (room, typed) = self.typed.pop_front()?;
        if let Typed::Line(text) | Typed::Said(text) = &typed {
            self.typed_bytes -= text.len();
            self.is_dirty = true;
        }
        self.take_entered();
        Some((room, typed))
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

    /// What is being typed and is not entered, in the room that is looked at.
    pub fn being_typed(&self) -> &str {
        match &self.mode {
            Mode::Talking => self.editor.typed().text(),
            mode => mode.put_aside().map_or("", Line::text),
        }
    }

    /// What is being typed and is not entered, to be kept, each with its room, the one that is looked at first. What is for
    /// one person alone is kept as that for the lobby, and never as something for all.
    pub fn drafts(&self) -> Vec<(String, String)> {
        let (room, typed) = (self.room(), self.being_typed());
        let mut drafts = Vec::new();
        if !room.is_conversation {
            drafts.push((&*room.name, typed.into()));
        }
        let others = self.rooms.iter().enumerate();
        let others = others.filter(|(place, it)| *place != self.current && !it.is_conversation);
        drafts.extend(others.map(|(_, it)| (&*it.name, it.desk.line.text().into())));
        drafts.retain(|(_, text): &(_, String)| !text.is_empty() && !password::may_be_in(text));
        let lobby = &*self.rooms[0].name;
        let is_free = drafts.iter().all(|(name, _)| *name != lobby) && !typed.is_empty();
        let is_plain = matches!(LineKind::of(typed), LineKind::Plain(_));
        let is_kept = is_plain && !password::may_be_in(typed);
        if is_free && room.is_conversation && is_kept {
            drafts.insert(0, (lobby, format!("/msg {} {typed}", room.name)));
        }
        let owned = drafts.into_iter();
        owned.map(|(name, text)| (name.into(), text)).collect()
    }

    /// Has this be what is being typed, and what was entered before that, as they were kept: each in its room, as far as
    /// there is one of that name.
    pub fn restore(
        &mut self,
        drafts: impl IntoIterator<Item = (String, String)>,
        entered: impl IntoIterator<Item = (String, Typed)>,
    ) {
        for (room, typed) in entered {
            self.enter_in(room, typed);
        }
        let mut first = None;
        for (room, text) in drafts {
            let Some(place) = self.known_room(&room) else {
                // Where it was for, nobody is any more.
                self.keep_for_later(&room, &text);
                continue;
            };
            first.get_or_insert(place);
            if place == self.current {
                self.editor.exchange(Line::of(text));
            } else {
                self.rooms[place].desk.line = Line::of(text);
            }
        }
        self.go_to(first.unwrap_or(self.current));
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

    fn typed_on(&mut self) {
        self.is_dirty = true;
        loop {
            match self.editor.poll_urgent() {
                Some(Event::Key(key)) => {
                    self.take_entered();
                    self.search_on(false);
                    self.key(&key);
                }
                Some(Event::Interrupt) => {
                    // What was entered before is asked about, too.
                    self.take_entered();
                    self.interrupt();
                }
                Some(Event::Answered('y')) => self.urge(Urgent::Interrupt),
                Some(Event::Suspend) => self.urge(Urgent::Suspend),
                Some(Event::Quit) => self.urge(Urgent::Quit),
                Some(Event::Edit) => {
                    self.take_entered();
                    // What was entered before may have begun a search.
                    if matches!(self.mode, Mode::Talking) {
                        self.is_editing = true;
                        self.urge(Urgent::Edit);
                    }
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
                    let text = self.settings.language.told(&text);
                    self.remark(text.trim_start_matches("* "));
                }
                Shown::ClearScreen => self.urge(Urgent::Redraw),
                Shown::Cleared => {
                    self.look_at_end();
                    let room = &mut self.rooms[self.current];
                    room.cleared = room.ids().end;
                    self.urge(Urgent::Redraw);
                }
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
        match self.mode {
            Mode::Searching(_) => return self.end_search(false),
            Mode::Jumping(_) => return self.end_jump(),
            Mode::Naming(_) | Mode::Talking => {}
        }
        let count = self.unsent().count();
        // Elsewhere, nobody takes what is entered; and who says it twice does not want to wait.
        let is_heard = matches!(self.link, Link::Online | Link::Offline);
        if !is_heard && count == 0 || self.typed.iter().any(|(_, typed)| *typed == Typed::End) {
            self.urge(Urgent::Interrupt);
        } else if count == 0 {
            self.enter(Typed::End);
        } else {
            let text = match count {
                1 => self.say(Message::AskLeaveOne, &[]),
                _ => self.say(Message::AskLeave, &[&count.to_string()]),
            };
            self.editor.ask(Question {
                text,
                answers: vec!['y', 'n'],
                cancel: 'n',
            });
        }
    }

    fn key(&mut self, key: &Key) {
        if let Key::Focus(is_focused) = key {
            return self.focus(*is_focused);
        }
        let page = self.areas().body.max(2) - 1;
        match self.settings.keys.action(key) {
            Some(Action::Help | Action::Newest) if self.help.is_some() => self.help = None,
            Some(Action::Help) => self.show_help(),
            Some(Action::PageUp) => self.scroll(true, page),
            Some(Action::PageDown) => self.scroll(false, page),
            Some(Action::Newest | Action::Cancel) if matches!(self.mode, Mode::Searching(_)) => {
                self.end_search(false);
            }
            Some(Action::Newest | Action::Cancel) if matches!(self.mode, Mode::Jumping(_)) => {
                self.end_jump();
            }
            Some(Action::Newest) => self.look_at_end(),
            Some(Action::FirstUnread) => self.look_at_unread(),
            Some(Action::Search) => self.search(),
            Some(Action::SearchElsewhere) => self.search_elsewhere(),
            Some(Action::NextRoom) => self.move_by(1),
            Some(Action::PreviousRoom) => self.move_by(self.rooms.len() - 1),
            Some(Action::GoToRoom) => self.jump(),
            Some(Action::NextNews) => self.move_to_news(),
            Some(Action::People) => self.people_wanted = Some(self.areas().right == 0),
            Some(Action::Room(number)) => self.move_to(number - 1),
            Some(Action::Cancel) | None => {}
        }
    }

    fn focus(&mut self, is_focused: bool) {
        self.knows_focus = true;
        self.is_focused = is_focused;
        if is_focused && self.anchor.is_none() {
            self.catch_up();
        }
        let room = &mut self.rooms[self.current];
        if !is_focused && room.unread == 0 {
            room.marker = room.newest();
        }
    }

    /// Shows the help, first without orders: what the person is in the room, the server knows.
    fn show_help(&mut self) {
        (self.help, self.role) = (Some(0), Role::None);
        self.is_role_asked = self.link == Link::Online;
        if self.is_role_asked {
            self.enter(Typed::Role);
        }
    }

    pub(super) fn help_lines(&self) -> Vec<String> {
        help::lines(self.settings.language, &self.settings.keys, self.role)
    }

    /// Scrolls the help, where that is shown, and otherwise the messages.
    pub(super) fn scroll(&mut self, is_up: bool, rows: usize) {
        match self.help {
            Some(first) if is_up => self.help = Some(first.saturating_sub(rows)),
            Some(first) => {
                let count = self.help_lines().len();
                let last = count.saturating_sub(self.areas().body);
                self.help = Some((first + rows).min(last));
            }
            None if is_up => self.scroll_up(rows),
            None => self.scroll_down(rows),
        }
    }

    /// Gives back what was being typed before, if something else is.
    pub(super) fn end_prompt(&mut self) {
        if let Some(before) = self.mode.put_aside().cloned() {
            self.mode = Mode::Talking;
            self.editor.exchange(before);
            self.editor.end_prompt();
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

    /// Goes to the first unread line, or, where that is not loaded yet, to the first that is.
    fn look_at_unread(&mut self) {
        let Some(block) = self.room().first_unread() else {
            return;
        };
        let setting = self.setting();
        let view = View {
            room: self.room(),
            setting: &setting,
        };
        self.anchor = view.beginning_with(block, self.pane());
        self.help = None;
        if self.anchor.is_none() {
            self.catch_up();
        }
    }

    pub(super) fn look_at_end(&mut self) {
        self.anchor = None;
        self.catch_up();
    }

    /// Whether more of what was entered may wait here.
    pub(super) fn has_space(&self) -> bool {
        self.typed_bytes < MAX_TYPED
    }

    /// Takes what was entered, as much as may wait here.
    fn take_entered(&mut self) {
        while self.has_space()
            && let Some(event) = self.editor.poll_event()
        {
            match event {
                Event::Entered(text) => self.entered(text),
                Event::Said(text) if self.room().is_gone => self.not_said_here(&text),
                Event::Said(text) => self.enter(Typed::Said(text)),
                Event::End => self.interrupt(),
                _ => {}
            }
        }
    }

    fn entered(&mut self, text: String) {
        match std::mem::replace(&mut self.mode, Mode::Talking) {
            Mode::Naming(before) => {
                self.editor.exchange(before);
                let room = self.rooms[0].name.clone();
                let join = Typed::Join(text.trim().into());
                return self.typed.push_front((room, join));
            }
            Mode::Searching(search) => {
                self.mode = Mode::Searching(search);
                return self.end_search(true);
            }
            Mode::Jumping(before) => {
                self.mode = Mode::Jumping(before);
                return self.jumped(&text);
            }
            Mode::Talking => {}
        }
        self.look_at_end();
        self.has_entered = true;
        if self.room().is_gone && is_said(&text) {
            return self.not_said_here(&text);
        }
        if text.contains('\n') {
            for line in text.lines().filter(|line| !line.trim().is_empty()) {
                let said = LineKind::of(line).said().unwrap_or(line);
                self.enter(Typed::Said(said.into()));
            }
        } else if !self.own_command(text.trim_end()) {
            self.enter(Typed::Line(text));
        }
    }

    /// Carries out a command of the screen's own; whether it is one.
    fn own_command(&mut self, line: &str) -> bool {
        let (command, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        let is_alone = self.room().is_conversation;
        match &*command.to_ascii_lowercase() {
            "/help" if rest.is_empty() => self.show_help(),
            "/help" if rest.trim_start_matches('/').eq_ignore_ascii_case("join") => {
                // The client's own help is for those who are in one room.
                self.remark(Message::HelpJoin.text(self.settings.language));
            }
            "/quit" if rest.is_empty() => self.interrupt(),
            "/history" => self.scroll_up(self.pane().max(2) - 1),
            "/search" => {
                self.search();
                self.editor.exchange(Line::of(rest.into()));
            }
            "/query" if !rest.is_empty() && !rest.contains(' ') => self.query(rest),
            "/highlight" => self.highlight(rest),
            "/unhighlight" if !rest.is_empty() => self.unhighlight(rest),
            "/close" | "/leave" if is_alone => self.close(),
            "/part" if is_alone && rest.is_empty() => self.close(),
            "/close" if self.room().is_gone => self.part(""),
            "/part" => self.part(rest),
            "/join" => return self.join(rest),
            "/me" | "/topic" if is_alone => {
                let news = self.say(Message::ForRooms, &[command, &self.room().name]);
                self.remark(&news);
            }
            _ => return false,
        }
        true
    }

    /// What is said where the person is no more is told to nobody: they have it still.
    fn not_said_here(&mut self, text: &str) {
        let room = self.room().name.clone();
        self.remark(&self.say(Message::NotSaidHere, &[&room, &room]));
        self.editor.give_back(text);
    }

    /// A message in the language of the screen.
    pub(super) fn say(&self, message: Message, parts: &[&str]) -> String {
        message.with(self.settings.language, parts)
    }

    /// Tells the person something that the screen itself has to say.
    pub(super) fn remark(&mut self, text: &str) {
        let at = self.now_in(self.current);
        self.rooms[self.current].notice(text, at);
    }

    /// What is said in a conversation is said to that person alone.
    pub(super) fn enter(&mut self, typed: Typed) {
        let room = self.room();
        let (name, typed) = if room.is_conversation {
            let to = &room.name;
            let typed = match typed {
                Typed::Line(text) => match LineKind::of(&text).said() {
                    Some(said) if !said.trim().is_empty() => {
                        Typed::Line(format!("/msg {to} {said}"))
                    }
                    _ => Typed::Line(text),
                },
                Typed::Said(text) => Typed::Line(format!("/msg {to} {text}")),
                other => other,
            };
            (self.rooms[0].name.clone(), typed)
        } else {
            (room.name.clone(), typed)
        };
        self.enter_in(name, typed);
    }

    pub(super) fn enter_in(&mut self, room: String, typed: Typed) {
        if let Typed::Line(text) | Typed::Said(text) = &typed {
            self.typed_bytes += text.len();
        }
        self.typed.push_back((room, typed));
    }
}

/// Whether something is told to those in the room, or done there; of several lines, each is.
fn is_said(text: &str) -> bool {
    let is_command = LineKind::is_command(text);
    let (word, _) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let is_leave = text.trim().eq_ignore_ascii_case("leave");
    !is_leave && (!is_command || text.contains('\n') || word.eq_ignore_ascii_case("/me"))
}
