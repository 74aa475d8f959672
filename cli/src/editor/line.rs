//! The line that is being typed: its text, the cursor, words, and what was cut out.

use std::collections::VecDeque;
use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation;

/// The most bytes of a line that is being typed. More cannot be sent by far; what is typed then is refused, not cut.
pub const MAX_TYPED: usize = 64 * 1024;

/// The most pieces that were cut out and can be inserted again.
const MAX_KILLS: usize = 16;

/// A text and a place in it: between two grapheme clusters, unless something was inserted or removed there that had them
/// become one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    text: String,
    cursor: usize,
}

impl Line {
    /// A line with the cursor at its end.
    pub fn of(text: String) -> Self {
        let cursor = text.len();
        Self { text, cursor }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How many bytes stand before the cursor.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Inserts a text at the cursor, unless the line would become longer than [`MAX_TYPED`].
    pub fn insert(&mut self, text: &str) -> bool {
        if self.text.len() + text.len() > MAX_TYPED {
            return false;
        }
        self.text.insert_str(self.cursor, text);
        // Even where it has become one with what stands after it: more of it may come.
        self.cursor += text.len();
        true
    }

    /// Puts the cursor before the first cluster that begins at this byte or later.
    pub fn set_cursor(&mut self, at: usize) {
        let mut starts = self.text.grapheme_indices(true).map(|(start, _)| start);
        let start = starts.find(|start| *start >= at);
        self.cursor = start.unwrap_or(self.text.len());
    }

    /// Takes a part of it out.
    pub fn remove(&mut self, range: Range<usize>) -> String {
        self.cursor = range.start;
        self.text.drain(range).collect()
    }

    /// The beginning of the cluster before the cursor.
    pub fn left(&self) -> usize {
        let mut before = self.text[..self.cursor].graphemes(true);
        self.cursor - before.next_back().map_or(0, str::len)
    }

    /// The end of the cluster after the cursor.
    pub fn right(&self) -> usize {
        let after = &self.text[self.cursor..];
        self.cursor + after.graphemes(true).next().map_or(0, str::len)
    }

    /// The beginning of the word before the cursor: letters and digits.
    pub fn word_left(&self) -> usize {
        self.word_before(self.cursor)
    }

    fn word_before(&self, at: usize) -> usize {
        let before = &self.text[..at];
        let end = before.trim_end_matches(|c: char| !c.is_alphanumeric());
        end.trim_end_matches(is_of_word).len()
    }

    /// The end of the word after the cursor.
    pub fn word_right(&self) -> usize {
        self.word_after(self.cursor)
    }

    fn word_after(&self, at: usize) -> usize {
        let after = &self.text[at..];
        let begin = after.trim_start_matches(|c: char| !c.is_alphanumeric());
        self.text.len() - begin.trim_start_matches(is_of_word).len()
    }

    /// The beginning of what stands before the cursor without a blank.
    pub fn blank_left(&self) -> usize {
        let before = self.text[..self.cursor].trim_end();
        before.trim_end_matches(|c: char| !c.is_whitespace()).len()
    }

    /// Swaps the clusters around the cursor, or the last two, and goes on to the next; whether there were two.
    pub fn transpose(&mut self) -> bool {
        let before = self.cursor;
        if before == self.text.len() {
            self.cursor = self.left();
        }
        let (left, at, right) = (self.left(), self.cursor, self.right());
        if left == at || at == right {
            self.cursor = before;
            return false;
        }
        let swapped = format!("{}{}", &self.text[at..right], &self.text[left..at]);
        self.text.replace_range(left..right, &swapped);
        self.set_cursor(right);
        true
    }
}

/// What becomes of the letters of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// All are large.
    Upper,
    /// All are small.
    Lower,
    /// The first one is large, and the others are small.
    Capital,
}

impl Case {
    fn of(self, word: &str) -> String {
        let first = word.find(char::is_alphanumeric).unwrap_or(word.len());
        let second = word[first..].chars().next().map_or(0, char::len_utf8) + first;
        match self {
            Self::Upper => word.to_uppercase(),
            Self::Lower => word.to_lowercase(),
            Self::Capital => word[..second].to_uppercase() + &word[second..].to_lowercase(),
        }
    }
}

impl Line {
    /// Changes the letters from the cursor to the end of the word, and goes there; whether there was a word, and there is room.
    pub fn change_case(&mut self, case: Case) -> bool {
        let (from, to) = (self.cursor, self.word_right());
        let changed = case.of(&self.text[from..to]);
        let is_long = self.text.len() - (to - from) + changed.len() > MAX_TYPED;
        if is_long || !changed.contains(char::is_alphanumeric) {
            return false;
        }
        self.text.replace_range(from..to, &changed);
        self.set_cursor(from + changed.len());
        true
    }

    /// Swaps the word that the cursor is in or before, or the last one, with the one before it, and goes to where they end;
    /// whether there were two.
    pub fn transpose_words(&mut self) -> bool {
        let second = self.word_before(self.word_right());
        let first = self.word_before(second);
        let (between, end) = (self.word_after(first), self.word_after(second));
        if first == second || between > second {
            return false;
        }
        let swapped = [
            &self.text[second..end],
            &self.text[between..second],
            &self.text[first..between],
        ];
        let swapped = swapped.concat();
        self.text.replace_range(first..end, &swapped);
        self.set_cursor(end);
        true
    }
}

fn is_of_word(c: char) -> bool {
    // With the marks that belong to a letter.
    c.is_alphanumeric() || (!c.is_ascii() && unicode_width::UnicodeWidthChar::width(c) == Some(0))
}

/// What was cut out, the newest last.
#[derive(Clone, Debug, Default)]
pub struct Kills {
    ring: VecDeque<String>,
}

impl Kills {
    /// Keeps what was cut out; where that goes on, with what was cut out right before, after or before it.
    pub fn keep(&mut self, text: &str, is_before: bool, goes_on: bool) {
        if text.is_empty() {
            return;
        }
        match self.ring.back_mut() {
            Some(last) if goes_on && last.len() + text.len() <= MAX_TYPED => {
                last.insert_str(if is_before { 0 } else { last.len() }, text);
            }
            _ => {
                if self.ring.len() == MAX_KILLS {
                    self.ring.pop_front();
                }
                self.ring.push_back(text.into());
            }
        }
    }

    /// The newest.
    pub fn last(&self) -> Option<&str> {
        self.ring.back().map(String::as_str)
    }

    /// The one before the newest, which becomes the oldest.
    pub fn turn(&mut self) -> Option<&str> {
        self.ring.rotate_right(1);
        self.last()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, cursor: usize) -> Line {
        let mut line = Line::of(text.into());
        line.set_cursor(cursor);
        line
    }

    #[test]
    fn the_cursor_stands_between_clusters() {
        let mut line = Line::default();
        for key in ["日", "e", "\u{301}", "👍", "🏽"] {
            assert!(line.insert(key));
        }
        assert_eq!(line.cursor(), line.text().len());
        let thumb = line.left();
        assert_eq!(&line.text()[thumb..], "👍🏽");
        line.set_cursor(thumb);
        assert_eq!(&line.text()[line.left()..thumb], "e\u{301}");
        // A sequence that is typed character by character, before what goes together with its beginning.
        let mut line = Line::of("👧".into());
        line.set_cursor(0);
        for key in ["👨", "\u{200d}", "👨", "\u{200d}", "👦"] {
            line.insert(key);
        }
        assert_eq!(line.text(), "👨\u{200d}👨\u{200d}👦👧");
        assert_eq!(line.cursor(), line.text().len() - "👧".len());
        assert_eq!(line.left(), 0);
    }

    #[test]
    fn words() {
        let text = "one, two-three  naïve";
        assert_eq!(line(text, text.len()).word_left(), 16);
        assert_eq!(line(text, 9).word_left(), 5);
        assert_eq!(line(text, 8).word_left(), 5);
        assert_eq!(line(text, 3).word_right(), 8);
        assert_eq!(line(text, 0).word_left(), 0);
        assert_eq!(line(text, text.len()).word_right(), text.len());
        assert_eq!(line(text, 14).blank_left(), 5);
        assert_eq!(line(text, 16).blank_left(), 5);
    }

    #[test]
    fn letters_are_changed_up_to_the_end_of_the_word() {
        for (before, cursor, case, after, then) in [
            ("one two", 0, Case::Upper, "ONE two", 3),
            ("one two", 3, Case::Upper, "one TWO", 7),
            ("one two", 1, Case::Capital, "oNe two", 3),
            ("  ÉTÉ!", 0, Case::Capital, "  Été!", 7),
            ("ÉTÉ", 0, Case::Lower, "été", 5),
            ("e\u{301}a", 0, Case::Upper, "E\u{301}A", 4),
            ("a🏽b straße", 6, Case::Upper, "a🏽b STRASSE", 14),
            ("ΟΔΟΣ", 0, Case::Capital, "Οδος", 8),
        ] {
            let mut changed = line(before, cursor);
            assert!(changed.change_case(case), "{before}");
            assert_eq!((changed.text(), changed.cursor()), (after, then));
        }
        for (text, cursor) in [("", 0), ("one", 3), ("one ...", 3), ("👍🏽", 0)] {
            let mut same = line(text, cursor);
            assert!(!same.change_case(Case::Upper), "{text:?}");
            assert_eq!(same, line(text, cursor));
        }
        // Two bytes become three.
        let mut long = line(&"ɐ".repeat(MAX_TYPED / 2), 0);
        assert!(!long.change_case(Case::Upper));
    }

    #[test]
    fn transposing_words() {
        for (before, cursor, after, then) in [
            ("one two", 7, "two one", 7),
            ("one, two!", 9, "two, one!", 8),
            ("one two  ", 9, "two one  ", 7),
            ("one two three", 3, "two one three", 7),
            ("one two three", 5, "two one three", 7),
            ("日本 e\u{301}te\u{301}", 6, "e\u{301}te\u{301} 日本", 14),
        ] {
            let mut swapped = line(before, cursor);
            assert!(swapped.transpose_words(), "{before}");
            assert_eq!((swapped.text(), swapped.cursor()), (after, then));
        }
        for (text, cursor) in [("", 0), ("one", 3), ("one two", 0), (" one", 4), ("...", 3)] {
            let mut same = line(text, cursor);
            assert!(!same.transpose_words(), "{text:?}");
            assert_eq!(same, line(text, cursor));
        }
    }

    #[test]
    fn transposing() {
        let mut swapped = line("abc", 3);
        assert!(swapped.transpose());
        assert_eq!(swapped, line("acb", 3));
        let mut swapped = line("日本x", 3);
        assert!(swapped.transpose());
        assert_eq!(swapped, line("本日x", 6));
        for (text, cursor) in [("", 0), ("a", 0), ("a", 1), ("ab", 0)] {
            assert!(!line(text, cursor).transpose(), "{text:?}");
        }
    }

    #[test]
    fn a_line_at_the_limit_is_whole_and_nothing_goes_past_it() {
        let mut line = Line::default();
        assert!(line.insert(&"x".repeat(MAX_TYPED)));
        assert!(!line.insert("y"));
        assert_eq!(line.text().len(), MAX_TYPED);
    }

    #[test]
    fn what_was_cut_out_is_bounded() {
        let mut kills = Kills::default();
        for number in 0..=MAX_KILLS {
            kills.keep(&number.to_string(), false, false);
        }
        assert_eq!(kills.ring.len(), MAX_KILLS);
        assert_eq!(kills.ring.front().unwrap(), "1");
        kills.keep(" and", false, true);
        kills.keep("so: ", true, true);
        assert_eq!(kills.last(), Some("so: 16 and"));
        assert_eq!(kills.turn(), Some("15"));
    }
}
