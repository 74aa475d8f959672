//! What the terminal sends: bytes become keys, and keys that come at once may be a paste.

use super::Editor;
use super::burst::{self, Resolved};
use super::keys::{Key, Pasted};
use super::line_kind::LineKind;
use super::question::Asked;
use chat_core::Timestamp;

impl Editor {
    /// Takes bytes that the terminal sent.
    pub fn read(&mut self, now: Timestamp, bytes: &[u8]) {
        self.timeout(now);
        let mut keys = Vec::new();
        self.decoder.read(now, bytes, &mut keys);
        self.keys(now, keys);
    }

    /// Takes bytes that were typed before the editor began: lines of them are no paste.
    pub fn read_ahead(&mut self, now: Timestamp, bytes: &[u8]) {
        self.sight.is_now(now);
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
        self.sight.is_now(now);
        let mut keys = Vec::new();
        self.decoder.timeout(now, &mut keys);
        if !keys.is_empty() {
            self.keys(now, keys);
        }
        match self.burst.timeout(now) {
            None => {}
            Some(Resolved::Typed(keys))
                if self.is_wary() && (keys.len() > 1 || !self.sight.is_seen()) =>
            {
                self.pasted(of_keys(&keys));
            }
            Some(Resolved::Typed(keys)) if self.goes_on_with_a_command(&keys) => {
                self.undo.begin(&self.line);
                self.insert(" ");
                self.pasted(of_keys(&keys));
                self.undo.end(&self.line);
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
        let is_beginning = self.burst.is_beginning(now);
        self.sight.keys(is_beginning);
        if is_beginning {
            self.before_burst = self.line.clone();
        }
        let wary = self.is_wary();
        for key in self.burst.take(now, keys, wary) {
            self.key(key);
        }
    }

    /// Whether lines came at once, the first of them after a command that had been typed before: they were pasted, and are for
    /// the command alone.
    fn goes_on_with_a_command(&self, keys: &[Key]) -> bool {
        let mut lines = keys.split(|key| *key == Key::Enter);
        let is_text = |line: &[Key]| line.iter().any(|key| matches!(key, Key::Char(_)));
        let has_begun = lines.next().is_some_and(is_text) || self.line != self.before_burst;
        let is_free = self.prompt.is_none() && self.questions.is_empty() && self.asking.is_none();
        // No other key is in a paste.
        let is_of_paste = |key: &Key| matches!(key, Key::Char(_) | Key::Enter | Key::Tab);
        has_begun
            && lines.any(is_text)
            && keys.iter().all(is_of_paste)
            && is_free
            && self.search.is_none()
            && LineKind::is_command(self.before_burst.text())
            && LineKind::is_command(self.line.text())
    }

    /// What was pasted without a mark may not have come to its end: a key that follows may be of it, and no answer.
    fn is_wary(&self) -> bool {
        matches!(self.questions.front(), Some(Asked::Paste(pasted, _)) if !pasted.is_marked)
    }
}

/// What keys stand for, as if it had been pasted.
fn of_keys(keys: &[Key]) -> Pasted {
    let (mut text, mut bytes) = (String::new(), 0);
    for key in keys {
        burst::add(&mut text, &mut bytes, key);
    }
    Pasted {
        text,
        bytes,
        is_marked: false,
    }
}
