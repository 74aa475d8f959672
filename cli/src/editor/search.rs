//! The search for a line that was entered before.

use super::Editor;
use super::keys::Key;
use super::line::Line;

/// The search for a line that was entered before (Ctrl-R).
#[derive(Clone, Debug)]
pub(super) struct Search {
    pub(super) pattern: String,
    /// The place of the line that was found last.
    at: Option<usize>,
    pub(super) failed: bool,
    before: Line,
}

impl Search {
    /// A search for nothing yet, which may come back to the line before it.
    pub(super) fn from(before: &Line) -> Self {
        Self {
            pattern: String::new(),
            at: None,
            failed: false,
            before: before.clone(),
        }
    }
}

impl Editor {
    /// A key while a line is searched for; whether that is all it does.
    pub(super) fn search_key(&mut self, key: &Key) -> bool {
        match key {
            Key::Char(c) => self.search_for(|pattern| pattern.push(*c), false),
            Key::Backspace => self.search_for(
                |pattern| {
                    pattern.pop();
                },
                false,
            ),
            Key::Ctrl('r') => self.search_for(|_| {}, true),
            Key::Ctrl('c' | 'g') => {
                if let Some(search) = self.search.take() {
                    self.line = search.before;
                    self.measure();
                }
            }
            Key::Escape => self.end_search(),
            _ => {
                self.end_search();
                return false;
            }
        }
        true
    }

    fn search_for(&mut self, change: impl FnOnce(&mut String), further: bool) {
        let Some(search) = &mut self.search else {
            return;
        };
        let before = search.pattern.len();
        if before < 256 || further {
            change(&mut search.pattern);
        }
        let end = self.history.len();
        let from = match search.at {
            // What is found already need only go on to fit; a shorter pattern begins anew.
            Some(at) if further => at,
            Some(at) if search.pattern.len() > before => at + 1,
            _ => end,
        };
        if search.pattern.is_empty() {
            (search.at, search.failed) = (None, false);
            self.line = search.before.clone();
            return;
        }
        let found = self.history.find(&search.pattern, from);
        search.failed = found.is_none();
        if let Some((at, start)) = found {
            search.at = Some(at);
            self.line = Line::of(self.history.line(at).unwrap_or_default().into());
            self.line.set_cursor(start);
            self.measure();
        } else {
            self.bell();
        }
    }

    /// What was found is the line now.
    pub(super) fn end_search(&mut self) {
        let Some(search) = self.search.take() else {
            return;
        };
        if let Some(at) = search.at {
            // From there, Up and Down go on; what was being typed comes after the last.
            let _ = self.history.go(search.before.text(), at);
        }
    }
}
