//! How wide characters are, and which of them may be drawn.
//!
//! Terminals differ: some add up the characters of a cluster, some know which clusters are one emoji. So a cluster counts
//! as wide as the widest of them draws it, and only where none differs is it [certain](Piece::is_certain).

use unicode_segmentation::{Graphemes, UnicodeSegmentation};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The most characters without a width that are drawn onto one that has some.
const MAX_MARKS: usize = 8;

/// The most columns of a cluster that is drawn as one; what is wider is drawn character by character.
const MAX_CLUSTER: usize = 8;

/// What is drawn in the place of what is not.
const INSTEAD: &str = "?";

/// A piece of text that is drawn at one place, or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// What is written for it. Nothing in it moves the cursor but by its width.
    pub text: &'a str,
    /// Columns, at most.
    pub width: usize,
    /// Every terminal draws it as wide as that.
    pub is_certain: bool,
    /// Where its cluster begins in the text, in bytes.
    pub at: usize,
}

impl Piece<'_> {
    /// Columns on the terminal that draws it widest, known or not.
    pub fn widest(&self) -> usize {
        if self.is_certain {
            self.width
        } else {
            self.width.max(2 * self.text.chars().count())
        }
    }
}

/// The pieces of a text that are drawn, each at most `columns` wide. A tab is one piece of a single column, with `\t` as
/// its text: what it becomes depends on where it stands.
pub fn pieces(text: &str, columns: usize) -> Pieces<'_> {
    Pieces {
        text,
        next: 0,
        clusters: None,
        at: 0,
        rest: "",
        columns: columns.max(1),
    }
}

/// The [`pieces`] of a text, one after the other. Nothing is allocated for them: a frame has thousands.
#[derive(Clone, Debug)]
pub struct Pieces<'a> {
    text: &'a str,
    /// Where the next cluster begins.
    next: usize,
    /// The clusters from there on, where they are not plain.
    clusters: Option<Graphemes<'a>>,
    /// Where the last cluster begins.
    at: usize,
    /// What is left of it, where it is drawn character by character.
    rest: &'a str,
    columns: usize,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        loop {
            if let Some(piece) = self.of_rest() {
                return Some(piece);
            }
            let cluster = self.cluster()?;
            let mut chars = cluster.chars();
            let first = chars.next()?;
            if chars.next().is_some() {
                match self.whole(cluster, first) {
                    Some(piece) => return Some(piece),
                    None => self.rest = cluster,
                }
            } else if first == '\t' {
                return Some(self.piece(cluster, 1, false));
            } else {
                // Alone, what has no width would be drawn onto what stands before it, or is not to be seen.
                self.rest = cluster;
            }
        }
    }
}

impl<'a> Pieces<'a> {
    fn piece(&self, text: &'a str, width: usize, is_certain: bool) -> Piece<'a> {
        Piece {
            text,
            width,
            is_certain,
            at: self.at,
        }
    }

    /// The next cluster.
    fn cluster(&mut self) -> Option<&'a str> {
        let rest = &self.text[self.next..];
        self.at = self.next;
        let cluster = match rest.as_bytes() {
            [] => return None,
            // Nothing of ASCII goes together with what is printed of it.
            [b' '..=b'~'] | [b' '..=b'~', ..=0x7f, ..] => {
                self.clusters = None;
                &rest[..1]
            }
            _ => {
                let clusters = self.clusters.get_or_insert_with(|| rest.graphemes(true));
                clusters.next()?
            }
        };
        self.next += cluster.len();
        Some(cluster)
    }

    /// A cluster of several characters, if it is drawn as one.
    fn whole(&self, cluster: &'a str, first: char) -> Option<Piece<'a>> {
        let (mut sum, mut marks) = (0, 0);
        for c in cluster.chars() {
            let width = width_of(c);
            sum += width;
            marks += usize::from(width == 0);
            if is_harmful(c) {
                return None;
            }
        }
        let width = sum.max(cluster.width());
        let is_whole = width > 0
            && width <= self.columns.min(MAX_CLUSTER)
            && marks <= MAX_MARKS
            && width_of(first) > 0;
        is_whole.then(|| self.piece(cluster, width, false))
    }

    /// The next character of what is left of a cluster, with the marks on it.
    fn of_rest(&mut self) -> Option<Piece<'a>> {
        let is_drawn = |c: char| is_harmful(c) || width_of(c) > 0;
        let rest = std::mem::take(&mut self.rest);
        let text = &rest[rest.find(is_drawn)?..];
        let first = text.chars().next()?;
        let after = &text[first.len_utf8()..];
        let end = after.find(is_drawn).unwrap_or(after.len());
        self.rest = &after[end..];
        let width = width_of(first);
        if is_harmful(first) || width > self.columns {
            return Some(self.piece(INSTEAD, 1, true));
        }
        let marks = after[..end].chars().take(MAX_MARKS).map(char::len_utf8);
        let marks: usize = marks.sum();
        let certain = marks == 0 && is_certain(first);
        Some(self.piece(&text[..first.len_utf8() + marks], width, certain))
    }
}

fn width_of(c: char) -> usize {
    c.width().unwrap_or(0)
}

/// Whether a character could do something to the screen.
fn is_harmful(c: char) -> bool {
    (c.is_control() && c != '\t') || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Whether all terminals agree on the width of a character. They do on Latin letters, on Kana, Han and Hangul.
fn is_certain(c: char) -> bool {
    matches!(c,
        ' '..='~' | '\u{a0}'..='\u{ac}' | '\u{ae}'..='\u{2ff}'
        | '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}' | '\u{4e00}'..='\u{9fa5}' | '\u{ac00}'..='\u{d7a3}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(text: &str, columns: usize) -> Vec<(String, usize)> {
        let pieces = pieces(text, columns);
        pieces.map(|p| (p.text.into(), p.width)).collect()
    }

    fn widths(text: &str) -> Vec<usize> {
        pieces(text, 80).map(|p| p.width).collect()
    }

    #[test]
    fn clusters_count_as_the_widest_terminal_draws_them() {
        assert_eq!(widths("aé日ｱ"), [1, 1, 2, 1]);
        assert_eq!(widths("e\u{301}x"), [1, 1]);
        // A heart made colourful: one column where characters are added up, two where emoji are known.
        assert_eq!(widths("\u{2764}\u{fe0f}"), [2]);
        // A family of three: six columns where characters are added up.
        assert_eq!(widths("👨\u{200d}👩\u{200d}👧"), [6]);
        assert!(
            !pieces("👨\u{200d}👩\u{200d}👧", 80)
                .next()
                .unwrap()
                .is_certain
        );
    }

    #[test]
    fn what_acts_or_hides_is_not_drawn() {
        assert_eq!(drawn("\u{1b}[2J\u{9b}\u{2028}", 80).len(), 6);
        assert!(
            drawn("\u{1b}\u{7f}\u{85}", 80)
                .iter()
                .all(|(text, _)| text == "?")
        );
        for hidden in [
            "\u{202e}", "\u{2067}", "\u{200b}", "\u{feff}", "\u{301}", "\u{ad}",
        ] {
            let all: String = drawn(&format!("a{hidden} b"), 80)
                .into_iter()
                .map(|p| p.0)
                .collect();
            assert!(all == "a b" || hidden == "\u{301}", "{hidden:?}: {all:?}");
            assert_eq!(drawn(hidden, 80), [], "{hidden:?}");
        }
    }

    #[test]
    fn long_clusters_are_bounded() {
        let zalgo = format!("a{}b", "\u{301}".repeat(1000));
        let at = format!("a{}", "\u{301}".repeat(MAX_MARKS));
        assert_eq!(drawn(&zalgo, 80), [(at, 1), ("b".into(), 1)]);
        let chain = "👨\u{200d}".repeat(1000);
        assert!(drawn(&chain, 80).iter().all(|(_, width)| *width == 2));
        assert_eq!(drawn(&chain, 80).len(), 1000);
    }

    #[test]
    fn nothing_is_wider_than_the_row() {
        assert_eq!(drawn("日", 1), [("?".into(), 1)]);
        assert_eq!(drawn("日", 2), [("日".into(), 2)]);
        assert_eq!(drawn("👨\u{200d}👩", 3).len(), 2);
        assert!(
            drawn("👨\u{200d}👩\u{2764}\u{fe0f}", 1)
                .iter()
                .all(|(_, width)| *width == 1)
        );
    }

    /// What is plain is passed over quickly, and still goes together with what begins before it or ends after it.
    #[test]
    fn pieces_begin_where_clusters_do() {
        let parts = [
            "a",
            "~",
            "\u{301}",
            "\u{600}",
            "\r",
            "\n",
            "日",
            "\u{1f1e9}",
            "\u{200d}",
            "👩",
            "\t",
        ];
        for count in 0..parts.len().pow(4) {
            let part = |place| parts[count / parts.len().pow(place) % parts.len()];
            let text: String = (0..4).map(part).collect();
            let starts: Vec<usize> = text.grapheme_indices(true).map(|(at, _)| at).collect();
            let mut found: Vec<usize> = pieces(&text, 80).map(|piece| piece.at).collect();
            found.dedup();
            assert!(found.iter().all(|at| starts.contains(at)), "{text:?}");
            assert!(found.is_sorted(), "{text:?}");
            let visible = |at: &usize| {
                let rest = text[*at..].graphemes(true).next().unwrap();
                rest.chars()
                    .any(|c| is_harmful(c) || c == '\t' || width_of(c) > 0)
            };
            starts
                .iter()
                .filter(|at| visible(at))
                .for_each(|at| assert!(found.contains(at), "{text:?}"));
        }
    }
}
