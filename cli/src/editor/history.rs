//! The lines that were entered before.

use super::password;
use std::collections::{BTreeMap, VecDeque};

/// The most lines that are remembered, and the most bytes of them.
const MAX_LINES: usize = 500;
const MAX_BYTES: usize = 256 * 1024;

/// Lines that were entered, the oldest first. Behind them stands the line that is being typed. Each can be changed, and is
/// as it was entered again once a line is entered.
#[derive(Clone, Debug, Default)]
pub struct History {
    lines: VecDeque<String>,
    bytes: usize,
    /// The place of the line that is shown; none where that is the one being typed.
    at: Option<usize>,
    /// What was changed, by its place; the line that is being typed has the place after the last one.
    changed: BTreeMap<usize, String>,
}

impl History {
    /// Remembers a line that was entered, unless a password is in it.
    pub fn add(&mut self, line: &str) {
        self.reset();
        if line.trim().is_empty()
            || password::may_be_in(line)
            || self.lines.back().is_some_and(|last| last == line)
        {
            return;
        }
        self.bytes += line.len();
        self.lines.push_back(line.into());
        while self.lines.len() > MAX_LINES || self.bytes > MAX_BYTES {
            self.bytes -= self.lines.pop_front().map_or(0, |line| line.len());
        }
    }

    /// Goes back to the line that is being typed, and forgets all changes.
    pub fn reset(&mut self) {
        self.at = None;
        self.changed.clear();
    }

    /// The line before the one that is shown, which reads `current` now.
    pub fn older(&mut self, current: &str) -> Option<String> {
        let at = self.at.unwrap_or(self.lines.len());
        self.go(current, at.checked_sub(1)?)
    }

    /// The line after the one that is shown.
    pub fn newer(&mut self, current: &str) -> Option<String> {
        let at = self.at?;
        self.go(current, at + 1)
    }

    /// The oldest line.
    pub fn oldest(&mut self, current: &str) -> Option<String> {
        if self.lines.is_empty() {
            return None;
        }
        self.go(current, 0)
    }

    /// The line that is being typed.
    pub fn newest(&mut self, current: &str) -> Option<String> {
        self.at?;
        self.go(current, self.lines.len())
    }

    /// The line at this place.
    pub fn go(&mut self, current: &str, to: usize) -> Option<String> {
        let from = self.at.unwrap_or(self.lines.len());
        if self.lines.get(from).is_none_or(|line| line != current) {
            self.changed.insert(from, current.into());
        } else {
            self.changed.remove(&from);
        }
        self.at = Some(to).filter(|to| *to < self.lines.len());
        let changed = self.changed.get(&to).or_else(|| self.lines.get(to));
        Some(changed.cloned().unwrap_or_default())
    }

    /// The place of the newest line before the place `before` that contains `pattern`, and where in the line it stands.
    pub fn find(&self, pattern: &str, before: usize) -> Option<(usize, usize)> {
        let older = self.lines.iter().enumerate().take(before).rev();
        let mut found = older.filter_map(|(at, line)| Some((at, line.rfind(pattern)?)));
        found.next()
    }

    /// The line at a place, as it was entered.
    pub fn line(&self, at: usize) -> Option<&str> {
        self.lines.get(at).map(String::as_str)
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[&str]) -> History {
        let mut history = History::default();
        for line in lines {
            history.add(line);
        }
        history
    }

    #[test]
    fn up_and_down_and_nothing_typed_is_lost() {
        let mut history = of(&["one", "two"]);
        assert_eq!(history.older("draft").as_deref(), Some("two"));
        assert_eq!(history.older("two, changed").as_deref(), Some("one"));
        assert_eq!(history.older("one"), None);
        assert_eq!(history.newer("one").as_deref(), Some("two, changed"));
        assert_eq!(history.newer("two, changed").as_deref(), Some("draft"));
        assert_eq!(history.newer("draft"), None);
        assert_eq!(history.oldest("draft").as_deref(), Some("one"));
        assert_eq!(history.newest("one").as_deref(), Some("draft"));
        history.add("three");
        assert_eq!(history.older("").as_deref(), Some("three"));
        assert_eq!(history.older("three").as_deref(), Some("two"));
    }

    #[test]
    fn blank_lines_and_repeated_ones_are_not_remembered() {
        assert_eq!(
            of(&["one", "", " ", "one", "two", "one"]).lines,
            ["one", "two", "one"]
        );
    }

    #[test]
    fn searching() {
        let history = of(&["abc", "xbcbc", "q"]);
        assert_eq!(history.find("bc", 3), Some((1, 3)));
        assert_eq!(history.find("bc", 1), Some((0, 1)));
        assert_eq!(history.find("bc", 0), None);
        assert_eq!(history.find("no", 3), None);
    }

    #[test]
    fn the_oldest_lines_go_at_the_limits() {
        let mut history = History::default();
        for number in 0..=MAX_LINES {
            assert_eq!(history.line(0), (number > 0).then_some("0"));
            history.add(&number.to_string());
        }
        assert_eq!((history.len(), history.line(0)), (MAX_LINES, Some("1")));
        let half = "x".repeat(MAX_BYTES / 2);
        let mut history = of(&["a", &half[1..], &half]);
        assert_eq!(history.len(), 3, "at the limit");
        history.add("b");
        assert_eq!(history.len(), 3, "one past it");
    }
}
