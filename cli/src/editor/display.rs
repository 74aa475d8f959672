//! What the terminal is to show.

use super::password;
use super::{EVENT, Editor, Shown};

impl Editor {
    /// The bytes that have the terminal show what it is to show.
    pub fn output(&mut self) -> Vec<u8> {
        for shown in std::mem::take(&mut self.shown) {
            match shown {
                Shown::Line(text) => self.paint.arrive(&text),
                Shown::Entered(text) => self.paint.leave(&text),
                Shown::Bell => self.paint.bell(),
                Shown::ClearScreen | Shown::Cleared => self.paint.clear_screen(),
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
        if let Some(asking) = &self.asking {
            let text = self.status.clone() + asking.prompt();
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
        let (text, cursor) = password::masked(self.line.text(), self.line.cursor(), self.mask);
        let cursor = before.len() + cursor;
        (before + &text, cursor)
    }

    pub(super) fn show(&mut self, shown: Shown) {
        self.unshown += EVENT;
        self.shown.push_back(shown);
    }

    pub(super) fn bell(&mut self) {
        if !matches!(self.shown.back(), Some(Shown::Bell)) {
            self.show(Shown::Bell);
        }
    }
}
