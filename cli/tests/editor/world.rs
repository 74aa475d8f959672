//! A person, an editor, and an emulated terminal between them.

use chat_cli::editor::{Editor, Event, Size};
use chat_core::Timestamp;
use std::time::Duration;
use unicode_segmentation::UnicodeSegmentation;

pub(crate) const COMMANDS: &[&str] = &["/help", "/history", "/leave", "/who"];

/// Longer than anything is waited for.
pub(crate) const LONG: Duration = Duration::from_secs(10);

pub(crate) struct World {
    pub(crate) editor: Editor,
    pub(crate) screen: vt100::Parser,
    pub(crate) now: Timestamp,
    pub(crate) written: Vec<u8>,
}

impl World {
    pub(crate) fn new(columns: u16, rows: u16) -> Self {
        let size = Size {
            columns: columns.into(),
            rows: rows.into(),
            reflows: false,
        };
        Self {
            editor: Editor::new(size, COMMANDS),
            screen: vt100::Parser::new(rows, columns, 0),
            now: Timestamp::ZERO + LONG,
            written: Vec::new(),
        }
    }

    /// Has the terminal show what it is to show.
    pub(crate) fn draw(&mut self) -> Vec<u8> {
        let bytes = self.editor.output();
        self.screen.process(&bytes);
        self.written.extend(&bytes);
        bytes
    }

    /// Presses keys, one after the other, as a person does.
    pub(crate) fn press(&mut self, keys: &str) {
        for key in keys.graphemes(true) {
            self.wait(Duration::from_millis(100));
            self.editor.read(self.now, key.as_bytes());
        }
    }

    /// Sends bytes at once.
    pub(crate) fn send(&mut self, bytes: &str) {
        self.wait(Duration::from_millis(100));
        self.editor.read(self.now, bytes.as_bytes());
    }

    /// Pastes a text, and waits for as long as it takes to be known that this is all of it.
    pub(crate) fn paste(&mut self, text: &str) {
        self.send(&pasted(text));
        self.wait(Duration::from_millis(25));
    }

    pub(crate) fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(due) = self.editor.next_timeout().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.editor.timeout(self.now);
        }
        self.now = end;
    }

    pub(crate) fn events(&mut self) -> Vec<Event> {
        let urgent: Vec<_> = std::iter::from_fn(|| self.editor.poll_urgent()).collect();
        let others = std::iter::from_fn(|| self.editor.poll_event());
        urgent.into_iter().chain(others).collect()
    }

    /// The rows that are not blank, from the first one on.
    pub(crate) fn rows(&self) -> Vec<String> {
        let screen = self.screen.screen();
        let rows = screen.rows(0, screen.size().1);
        let mut rows: Vec<String> = rows.map(|row| row.trim_end().to_owned()).collect();
        while rows.last().is_some_and(String::is_empty) {
            rows.pop();
        }
        rows
    }

    /// What xterm does to the screen when its size changes: what stands below the new last column is cut off, and rows
    /// go at the top as far as the cursor needs it.
    pub(crate) fn resize(&mut self, columns: u16, rows: u16) {
        let screen = self.screen.screen();
        if screen.size() == (rows, columns) {
            return;
        }
        let (row, column) = screen.cursor_position();
        let width = screen.size().1.min(columns);
        let gone = (row + 1).saturating_sub(rows);
        let mut copy = vt100::Parser::new(rows, columns, 0);
        for index in gone..screen.size().0.min(gone + rows) {
            copy.process(format!("\x1b[{};1H", index + 1 - gone).as_bytes());
            for column in 0..width {
                let cell = screen.cell(index, column).expect("it is on the screen");
                let is_cut = cell.is_wide() && column + 1 == width;
                match cell.contents() {
                    "" if cell.is_wide_continuation() => {}
                    "" => copy.process(b" "),
                    _ if is_cut => copy.process(b" "),
                    text => copy.process(text.as_bytes()),
                }
            }
        }
        // A character that filled the last column would have the next one begin a row.
        let (row, column) = (row - gone + 1, column.min(columns - 1) + 1);
        copy.process(format!("\x1b[{row};{column}H").as_bytes());
        if screen.bracketed_paste() {
            copy.process(b"\x1b[?2004h");
        }
        self.screen = copy;
        self.editor.resize(columns.into(), rows.into());
    }

    /// What can be seen of a text: neither blanks nor what has no width.
    pub(crate) fn visible(text: &str) -> String {
        text.chars().filter(|c| !c.is_whitespace()).collect()
    }
}

/// What a terminal sends for a paste.
pub(crate) fn pasted(text: &str) -> String {
    format!("\x1b[200~{}\x1b[201~", text.replace('\n', "\r"))
}

pub(crate) const PROMPT: &str = "Please type JOIN to join the Chatroom : ";

pub(crate) fn entered(lines: &[&str]) -> Vec<Event> {
    lines
        .iter()
        .map(|line| Event::Entered((*line).into()))
        .collect()
}

pub(crate) fn said(lines: &[&str]) -> Vec<Event> {
    lines
        .iter()
        .map(|line| Event::Said((*line).into()))
        .collect()
}

/// What is told of keys that came too early for a question.
pub(crate) const UNSEEN: &str =
    "* Not taken: what came before the question could be seen is no answer.";
