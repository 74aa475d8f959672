//! What becomes of a line that is entered, and of a paste.

use super::keys::{MAX_PASTE, Pasted};
use super::line::{self, Line};
use super::line_kind::LineKind;
use super::password;
use super::paste::{self, Lines};
use super::question::Asked;
use super::{CLEAR, EVENT, Editor, Event, Shown};
use chat_core::{MAX_LINE, printable};

/// Bytes that were entered and may wait to be taken. A whole paste fits in, and what is typed until it is taken.
const MAX_QUEUED: usize = 4 * MAX_PASTE;

/// What is told where a command is one of several lines.
const ONE_LINE: &str = "* Not sent: a command takes one line, and a line that begins with / is one. With // it is said.";

impl Editor {
    pub(super) fn push(&mut self, event: Event) {
        self.queued += size_of(&event);
        self.events.push_back(event);
    }

    /// The line is done: it stays where it is, and an empty one follows.
    pub(super) fn done(&mut self, text: &str) {
        let prompt = self.prompt.take().unwrap_or_default();
        self.show(Shown::Entered(prompt + text));
    }

    pub(super) fn enter(&mut self) {
        let length = self.longest();
        if length > MAX_LINE {
            self.bell();
            return self.notice(&format!(
                "* Not sent: the line has {length} bytes; {MAX_LINE} are the most."
            ));
        }
        if self.is_full(self.line.text().len()) {
            return;
        }
        if self.prompt.is_none() && self.is_unsaid_command() {
            return;
        }
        if self.prompt.is_none()
            && let Some(sure) = Asked::sure(self.line.text())
        {
            return self.question(sure);
        }
        self.entered();
    }

    /// Whether what is being typed would be said though it was meant as a command, which is for nobody else: the person is
    /// told, and has it still.
    fn is_unsaid_command(&mut self) -> bool {
        let text = self.line.text();
        if let Some(command) = password::told_by(text.split('\n'), text.contains('\n')) {
            self.tell_not_said(command);
            return true;
        }
        let is_unsaid = text.contains('\n') && text.split('\n').any(LineKind::is_command);
        if is_unsaid {
            self.bell();
            self.notice(ONE_LINE);
        }
        is_unsaid
    }

    /// Tells the person that nothing is said, as there is a password in it.
    fn tell_not_said(&mut self, command: &str) {
        self.bell();
        self.notice(&format!(
            "* Not said: {command} takes a password, which nobody else is to see. Type it at the beginning of a line of its own; /{command} says it."
        ));
    }

    /// The line is entered as it is.
    pub(super) fn entered(&mut self) {
        if self.prompt.is_none() && self.line.text().trim().eq_ignore_ascii_case(CLEAR) {
            // Nobody but the screen has to do with it.
            let text = std::mem::take(&mut self.line).text().to_owned();
            self.history.add(&text);
            self.history.reset();
            self.undo.forget();
            return self.show(Shown::Cleared);
        }
        let text = std::mem::take(&mut self.line).text().to_owned();
        if self.prompt.is_none() && password::is_missing(&text) {
            self.history.reset();
            self.undo.forget();
            return self.ask_password(&text);
        }
        if self.prompt.is_none() {
            self.history.add(&text);
        } else {
            self.is_paused = self.reserved.is_some();
        }
        self.history.reset();
        self.undo.forget();
        self.is_long = false;
        let shown = password::masked(&text, 0, self.mask).0.into_owned();
        self.done(&shown);
        self.push(Event::Entered(text));
    }

    /// Whether so much waits to be taken that so many more bytes may not; the person is told.
    pub(super) fn is_full(&mut self, more: usize) -> bool {
        let is_full = self.queued + more + EVENT > MAX_QUEUED;
        if is_full {
            self.bell();
            self.notice("* Not taken yet: what was entered before still waits to be sent.");
        }
        is_full
    }

    /// The bytes of the longest line of what is being typed: each is said by itself.
    fn longest(&self) -> usize {
        let lines = self.line.text().split('\n');
        lines.map(str::len).max().unwrap_or(0)
    }

    /// Tells the person once when the line becomes too long to be sent.
    pub(super) fn measure(&mut self) {
        let is_long = self.longest() > MAX_LINE;
        if is_long && !self.is_long {
            self.bell();
            self.notice(&format!(
                "* The line is longer than {MAX_LINE} bytes: it cannot be sent before it is shorter."
            ));
        }
        self.is_long = is_long;
    }

    pub(super) fn insert(&mut self, text: &str) {
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

    pub(super) fn pasted(&mut self, pasted: Pasted) {
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
        } else if self.prompt.is_some() {
            self.bell();
            self.notice(&format!(
                "* Not taken: {lines} lines were pasted, and one is asked for."
            ));
        } else if LineKind::is_command(self.line.text()) {
            // Whoever has typed a command means what they paste for it alone: they see it, and enter it themselves.
            self.insert(&Lines::joined(&pasted, "", ""));
        } else if lines > paste::UNASKED_LINES {
            self.question_first(Asked::about(pasted));
        } else {
            let _ = self.say(&pasted, false);
        }
    }

    /// Has the lines of a paste said, if all of them can be; whether they are.
    pub(super) fn say(&mut self, pasted: &Pasted, whole: bool) -> bool {
        let (before, after) = self.line.text().split_at(self.line.cursor());
        let lines = Lines::of(pasted, before, after, whole);
        if let Some(command) = password::told_by(lines.said.iter().map(String::as_str), true) {
            let command = command.to_owned();
            self.tell_not_said(&command);
            return false;
        }
        if let Some((number, bytes)) = lines.too_long() {
            self.bell();
            self.notice(&format!(
                "* Not sent: line {number} of what was pasted has {bytes} bytes; {MAX_LINE} are the most."
            ));
            return false;
        }
        if lines.rest.0.len() > line::MAX_TYPED {
            self.bell();
            self.notice("* Not sent: the last line of what was pasted is too long.");
            return false;
        }
        let bytes = lines.said.iter().map(|line| line.len() + EVENT).sum();
        if self.is_full(bytes) {
            return false;
        }
        for line in lines.said {
            self.done(&line);
            if !line.trim().is_empty() {
                self.push(Event::Said(line));
            }
        }
        self.undo.forget();
        self.line = Line::of(lines.rest.0);
        self.line.set_cursor(lines.rest.1);
        self.measure();
        true
    }

    pub(super) fn answered(&mut self, answer: char) {
        let Some(asked) = self.questions.pop_front() else {
            return;
        };
        if !self.questions.is_empty() {
            // Only now is the next one there to be seen.
            self.sight.asked();
        }
        let text = format!("{}{answer}", asked.question().text);
        self.show(Shown::Entered(text));
        match asked {
            Asked::Other(_) => self.urgent.push_back(Event::Answered(answer)),
            Asked::Paste(pasted, _) if answer == 'y' => drop(self.say(&pasted, true)),
            Asked::Paste(pasted, question) if answer == 'o' => {
                let (before, after) = self.line.text().split_at(self.line.cursor());
                let text = Lines::joined(&pasted, before, after);
                if !self.say_as_one(&text) {
                    self.question_first(Asked::Paste(pasted, question));
                }
            }
            Asked::Lines(_) if answer == 'y' => self.say_lines(),
            Asked::Lines(question) if answer == 'o' => {
                let text = Lines::joined(&of_line(&self.line), "", "");
                if !self.say_as_one(&text) {
                    self.question_first(Asked::Lines(question));
                }
            }
            Asked::Sure(_) if answer == 'y' => self.entered(),
            Asked::Sure(_) | Asked::Paste(..) | Asked::Lines(_) => {}
        }
    }

    /// Has several lines said as one, which takes the place of what is being typed; not where that is too long.
    fn say_as_one(&mut self, text: &str) -> bool {
        let bytes = text.len();
        if let Some(command) = password::told_by([text], true) {
            self.tell_not_said(command);
            return true;
        }
        if bytes > MAX_LINE {
            self.bell();
            self.notice(&format!(
                "* As one line it has {bytes} bytes; {MAX_LINE} are the most."
            ));
            return false;
        }
        if !self.is_full(bytes) && !text.trim().is_empty() {
            self.undo.forget();
            self.line = Line::default();
            self.done(text);
            self.push(Event::Said(text.into()));
        }
        true
    }

    /// Takes what somebody has made of the line elsewhere ([`Event::Edit`]). A single line is typed on; more of them are
    /// said, as if they had been pasted, and many are asked about: unless they are said, they are the line.
    pub fn edited(&mut self, text: &str) {
        let text = text.replace("\r\n", "\n");
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let lines: Vec<_> = text.split('\n').map(printable).collect();
        let text = lines.join("\n");
        if text == self.line.text() {
            return;
        }
        if text.len() > line::MAX_TYPED {
            self.bell();
            let (bytes, most) = (text.len(), line::MAX_TYPED);
            return self.notice(&format!(
                "* Not taken: it has {bytes} bytes; {most} are the most."
            ));
        }
        self.end_search();
        self.undo.begin(&self.line);
        self.line = Line::of(text);
        self.undo.end(&self.line);
        self.measure();
        match lines.len() {
            1 => {}
            _ if LineKind::is_command(self.line.text().trim_start()) => {
                self.bell();
                self.notice(ONE_LINE);
            }
            ..=paste::UNASKED_LINES => self.say_lines(),
            _ => self.question(Asked::lines(&of_line(&self.line))),
        }
    }

    /// Has the lines of what is being typed said, if all of them can be.
    fn say_lines(&mut self) {
        let line = std::mem::take(&mut self.line);
        if !self.say(&of_line(&line), true) {
            self.line = line;
        }
    }
}

/// What is being typed, as if it had been pasted.
fn of_line(line: &Line) -> Pasted {
    Pasted {
        text: line.text().into(),
        bytes: line.text().len(),
        is_marked: true,
    }
}

pub(super) fn size_of(event: &Event) -> usize {
    match event {
        Event::Entered(text) | Event::Said(text) => text.len() + EVENT,
        _ => EVENT,
    }
}
