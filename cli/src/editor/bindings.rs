//! Which key does what: readline's, as far as one takes them for granted.

use super::complete::Completion;
use super::keys::Key;
use super::line::{Case, Line};
use super::password;
use super::question::Asked;
use super::search::Search;
use super::{EVENT, Editor, Event, Shown};

impl Editor {
    pub(super) fn key(&mut self, key: Key) {
        if self.is_paused {
            return self.paused.push_back(key);
        }
        if self.is_prefixed && !matches!(key, Key::Focus(_)) {
            self.is_prefixed = false;
            return self.prefixed(&key);
        }
        if self.asking.is_some() && self.questions.is_empty() {
            return self.password_key(key);
        }
        let question = self.questions.front().map(Asked::question);
        let is_seen = self.sight.is_seen();
        let is_answer = is_seen && question.is_some_and(|question| question.answer(&key).is_some());
        let is_it = |(reserved, on_empty): &(Key, bool)| {
            *reserved == key && (!on_empty || self.line.is_empty())
        };
        let mut reserved = self.reserved.iter().flatten();
        if !is_answer && reserved.any(is_it) {
            self.is_paused = true;
            return self.urgent.push_back(Event::Key(key));
        }
        if let Some(asked) = self.questions.front()
            && !matches!(key, Key::Pasted(_))
        {
            match asked.question().answer(&key) {
                _ if !is_seen => self.is_no_answer(&key),
                Some(answer) => self.answered(answer),
                None => self.bell(),
            }
            return;
        }
        if self.search.is_some() && self.search_key(&key) {
            return;
        }
        self.undo.begin(&self.line);
        self.does(key);
        self.undo.end(&self.line);
    }

    /// What a key does that comes after Ctrl-X.
    fn prefixed(&mut self, key: &Key) {
        match key {
            Key::Ctrl('u') => self.undo(),
            Key::Ctrl('e') if password::place(self.line.text()).is_some() => {
                self.bell();
                self.notice(
                    "* Not edited elsewhere: a password is part of it, and is written to no file.",
                );
            }
            Key::Ctrl('e') if self.is_multiline && self.prompt.is_none() => {
                self.is_paused = true;
                self.urgent.push_back(Event::Edit);
            }
            Key::Ctrl('g') | Key::Escape => {}
            _ => self.bell(),
        }
    }

    fn undo(&mut self) {
        match self.undo.undo(&self.line) {
            Some(line) => {
                self.line = line;
                self.measure();
            }
            None => self.bell(),
        }
    }

    fn does(&mut self, key: Key) {
        let was_kill = std::mem::take(&mut self.was_kill);
        let yanked = self.yanked.take();
        let completion = self.completion.take();
        match key {
            Key::Char(c) => self.insert(c.encode_utf8(&mut [0; 4])),
            Key::Pasted(pasted) => self.pasted(pasted),
            Key::Enter => self.enter(),
            Key::Tab => self.complete(completion, true),
            Key::BackTab => self.complete(completion, false),
            Key::Backspace => self.delete(self.line.left(), self.line.cursor()),
            Key::Ctrl('d') if self.line.is_empty() => self.end(),
            Key::Delete | Key::Ctrl('d') => {
                self.delete(self.line.cursor(), self.line.right());
            }
            Key::Left | Key::Ctrl('b') => self.line.set_cursor(self.line.left()),
            Key::Right | Key::Ctrl('f') => self.line.set_cursor(self.line.right()),
            Key::Home | Key::Ctrl('a') => self.line.set_cursor(0),
            Key::End | Key::Ctrl('e') => self.line.set_cursor(self.line.text().len()),
            Key::WordLeft | Key::Alt('b') => self.line.set_cursor(self.line.word_left()),
            Key::WordRight | Key::Alt('f') => self.line.set_cursor(self.line.word_right()),
            Key::Ctrl('k') => self.kill(self.line.cursor(), self.line.text().len(), was_kill),
            Key::Ctrl('u') => self.kill(0, self.line.cursor(), was_kill),
            Key::Ctrl('w') => self.kill(self.line.blank_left(), self.line.cursor(), was_kill),
            Key::AltBackspace => self.kill(self.line.word_left(), self.line.cursor(), was_kill),
            Key::Alt('d') => self.kill(self.line.cursor(), self.line.word_right(), was_kill),
            Key::Ctrl('y') => self.yank(),
            Key::Alt('y') => self.yank_before(yanked),
            Key::Ctrl('t') => self.change(Line::transpose),
            Key::Alt('u') => self.change(|line| line.change_case(Case::Upper)),
            Key::Alt('l') => self.change(|line| line.change_case(Case::Lower)),
            Key::Alt('c') => self.change(|line| line.change_case(Case::Capital)),
            Key::Alt('t') => self.change(Line::transpose_words),
            Key::Up | Key::Ctrl('p') => {
                let line = self.history.older(self.line.text());
                self.replace(line);
            }
            Key::Down | Key::Ctrl('n') => {
                let line = self.history.newer(self.line.text());
                self.replace(line);
            }
            Key::Alt('<') => {
                let line = self.history.oldest(self.line.text());
                self.replace(line);
            }
            Key::Alt('>') => {
                let line = self.history.newest(self.line.text());
                self.replace(line);
            }
            Key::Ctrl('r') => {
                self.undo.forget();
                self.search = Some(Search::from(&self.line));
            }
            Key::Ctrl('x') => self.is_prefixed = true,
            Key::Ctrl('_') => self.undo(),
            Key::Ctrl('l') => self.show(Shown::ClearScreen),
            Key::Ctrl('c') if self.line.is_empty() => self.urge(Event::Interrupt),
            Key::Ctrl('c') => {
                // Ctrl-Y brings it back.
                self.kill(0, self.line.text().len(), false);
                let rest = self.line.text().len();
                self.kill(0, rest, true);
                self.history.reset();
            }
            Key::Ctrl('z') => self.urge(Event::Suspend),
            Key::Ctrl('\\') => self.urge(Event::Quit),
            Key::AltEnter if self.is_multiline && self.prompt.is_none() => self.insert("\n"),
            Key::Escape
            | Key::Other
            | Key::Ctrl(_)
            | Key::Alt(_)
            | Key::AltEnter
            | Key::PageUp
            | Key::PageDown
            | Key::Help
            | Key::Focus(_) => {}
            Key::Garbage => self.bell(),
        }
    }

    /// Two that wait are enough of each.
    fn urge(&mut self, event: Event) {
        if self
            .urgent
            .iter()
            .filter(|waiting| **waiting == event)
            .count()
            < 2
        {
            self.urgent.push_back(event);
        }
    }

    fn end(&mut self) {
        if self.prompt.is_some() {
            self.done("");
        }
        if !self.events.contains(&Event::End) {
            self.push(Event::End);
        }
    }

    fn replace(&mut self, line: Option<String>) {
        match line {
            Some(line) => {
                // Each line has changes of its own.
                self.undo.forget();
                self.line = Line::of(line);
                self.measure();
            }
            None => self.bell(),
        }
    }

    fn delete(&mut self, from: usize, to: usize) {
        if from == to {
            return self.bell();
        }
        self.line.remove(from..to);
        self.measure();
    }

    /// Rings where nothing could be changed.
    fn change(&mut self, change: impl FnOnce(&mut Line) -> bool) {
        if !change(&mut self.line) {
            return self.bell();
        }
        self.measure();
    }

    fn kill(&mut self, from: usize, to: usize, was_kill: bool) {
        self.was_kill = true;
        if from == to {
            return;
        }
        let is_before = to == self.line.cursor();
        let is_secret = password::place(self.line.text()).is_some_and(|at| to > at.start);
        let killed = self.line.remove(from..to);
        if is_secret {
            // Nothing has it any more, and nothing is added to it.
            self.undo.forget();
            self.was_kill = false;
            return self.measure();
        }
        self.kills.keep(&killed, is_before, was_kill);
        self.measure();
    }

    fn yank(&mut self) {
        let Some(text) = self.kills.last().map(str::to_owned) else {
            return self.bell();
        };
        let start = self.line.cursor();
        self.insert(&text);
        self.yanked = Some(start..start + text.len()).filter(|to| to.end <= self.line.cursor());
    }

    /// What was cut out before what was just inserted takes its place.
    fn yank_before(&mut self, yanked: Option<std::ops::Range<usize>>) {
        let Some(yanked) = yanked else {
            return self.bell();
        };
        self.line.remove(yanked);
        self.kills.turn();
        self.yank();
    }

    pub(super) fn complete(&mut self, completion: Option<Completion>, forward: bool) {
        let text = self.line.text();
        let is_new = completion.is_none() && self.prompt.is_none();
        let wants_name = is_new && Completion::is_of_name(text, self.line.cursor());
        let new = || {
            Completion::of(
                text,
                self.line.cursor(),
                &self.names,
                &self.known,
                self.commands,
            )
        };
        let completion = completion.or_else(new).filter(|_| self.prompt.is_none());
        if wants_name && !self.events.contains(&Event::Names) {
            self.events.push_back(Event::Names);
            self.queued += EVENT;
        }
        let Some(mut completion) = completion else {
            self.nameless = wants_name.then(|| self.line.clone());
            return self.bell();
        };
        let choice = completion.turn(forward).to_owned();
        self.line.remove(completion.start..completion.end);
        self.line.set_cursor(completion.start);
        self.insert(&choice);
        completion.end = completion.start + choice.len();
        if self.line.cursor() == completion.end {
            self.completion = Some(completion);
        }
    }
}
