//! What the line was before it was changed.

use super::line::{Line, MAX_TYPED};
use std::collections::VecDeque;

/// The most changes that can be taken back, and the most bytes of the lines before them.
const MAX_CHANGES: usize = 200;
const MAX_BYTES: usize = 4 * MAX_TYPED;

/// The line as it was before each change, the oldest first. What is typed of one word in a row is one change.
#[derive(Clone, Debug, Default)]
pub struct Undo {
    past: VecDeque<Line>,
    bytes: usize,
    /// The line as it was before the key that is pressed now, unless it has become another one altogether.
    before: Option<Line>,
    /// The last key added to a word at the cursor.
    is_typing: bool,
}

impl Undo {
    /// A key is about to do something to this line.
    pub fn begin(&mut self, line: &Line) {
        self.before = Some(line.clone());
    }

    /// The key has made this line of it.
    pub fn end(&mut self, line: &Line) {
        let was_typing = std::mem::take(&mut self.is_typing);
        let Some(before) = self.before.take().filter(|it| it.text() != line.text()) else {
            return;
        };
        let added = added(&before, line);
        self.is_typing = added.is_some();
        // A blank ends a word: the next one is a change of its own.
        let begins_word = added.is_some_and(|c| !c.is_whitespace())
            && before.text()[..before.cursor()].ends_with(char::is_whitespace);
        if !was_typing || added.is_none() || begins_word {
            self.push(before);
        }
    }

    fn push(&mut self, line: Line) {
        self.bytes += line.text().len();
        self.past.push_back(line);
        while self.past.len() > MAX_CHANGES || self.bytes > MAX_BYTES {
            self.bytes -= self.past.pop_front().map_or(0, |line| line.text().len());
        }
    }

    /// The line as it was before the last change, which is forgotten with that.
    pub fn undo(&mut self, line: &Line) -> Option<Line> {
        // What takes a change back is none that could be taken back.
        (self.before, self.is_typing) = (None, false);
        loop {
            let before = self.past.pop_back()?;
            self.bytes -= before.text().len();
            if before.text() != line.text() {
                return Some(before);
            }
        }
    }

    /// It is another line now.
    pub fn forget(&mut self) {
        *self = Self::default();
    }
}

/// The character by which a line became another one, if that was added at the cursor and is all that has changed.
fn added(before: &Line, after: &Line) -> Option<char> {
    let (text, new) = (before.text(), after.text());
    let at = before.cursor();
    let added = new.get(at..at + new.len().checked_sub(text.len())?)?;
    let is_same = new.starts_with(&text[..at]) && new[at + added.len()..] == text[at..];
    let mut chars = added.chars();
    let only = chars.next().filter(|_| chars.next().is_none());
    only.filter(|_| is_same)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(undo: &mut Undo, line: &mut Line, change: impl FnOnce(&mut Line)) {
        undo.begin(line);
        change(line);
        undo.end(line);
    }

    fn insert(undo: &mut Undo, line: &mut Line, text: &str) {
        for c in text.chars() {
            change(undo, line, |line| assert!(line.insert(&c.to_string())));
        }
    }

    #[test]
    fn words_are_taken_back_one_by_one_and_so_is_what_was_cut() {
        let (mut undo, mut line) = (Undo::default(), Line::default());
        insert(&mut undo, &mut line, "one two  日本");
        change(&mut undo, &mut line, |line| drop(line.remove(0..4)));
        assert_eq!(line.text(), "two  日本");
        for (text, cursor) in [
            ("one two  日本", 15),
            ("one two  ", 9),
            ("one ", 4),
            ("", 0),
        ] {
            line = undo.undo(&line).unwrap();
            assert_eq!((line.text(), line.cursor()), (text, cursor));
        }
        assert_eq!(undo.undo(&line), None);
    }

    #[test]
    fn moving_begins_another_change_and_is_none() {
        let (mut undo, mut line) = (Undo::default(), Line::default());
        insert(&mut undo, &mut line, "abd");
        change(&mut undo, &mut line, |line| line.set_cursor(2));
        insert(&mut undo, &mut line, "c");
        assert_eq!(line.text(), "abcd");
        line = undo.undo(&line).unwrap();
        assert_eq!((line.text(), line.cursor()), ("abd", 2));
        line = undo.undo(&line).unwrap();
        assert_eq!(line.text(), "");
    }

    #[test]
    fn changes_are_bounded_and_the_oldest_go() {
        let (mut undo, mut line) = (Undo::default(), Line::default());
        for _ in 0..=MAX_CHANGES {
            change(&mut undo, &mut line, |line| assert!(line.insert("ab")));
        }
        assert_eq!(undo.past.len(), MAX_CHANGES);
        let mut count = 0;
        while let Some(before) = undo.undo(&line) {
            line = before;
            count += 1;
        }
        assert_eq!((count, line.text()), (MAX_CHANGES, "ab"));
        let (mut undo, mut line) = (Undo::default(), Line::of("x".repeat(MAX_TYPED)));
        for _ in 0..4 {
            change(&mut undo, &mut line, |line| drop(line.remove(0..1)));
        }
        assert_eq!(undo.past.len(), 4, "at the limit");
        line = Line::of("y".repeat(MAX_TYPED));
        change(&mut undo, &mut line, |line| drop(line.remove(0..1)));
        assert_eq!(undo.past.len(), 4, "one past it");
        assert!(undo.bytes <= MAX_BYTES);
    }
}
