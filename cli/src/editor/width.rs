//! How wide characters are, and which of them may be drawn.
//!
//! Terminals differ: some add up the characters of a cluster, some know which clusters are one emoji. So a cluster counts
//! as wide as the widest of them draws it, and only where none differs is it [certain](Piece::is_certain).

use std::borrow::Cow;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The most characters without a width that are drawn onto one that has some.
const MAX_MARKS: usize = 8;

/// The most columns of a cluster that is drawn as one; what is wider is drawn character by character.
const MAX_CLUSTER: usize = 8;

/// A piece of text that is drawn at one place, or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// What is written for it. Nothing in it moves the cursor but by its width.
    pub text: Cow<'a, str>,
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
pub fn pieces(text: &str, columns: usize) -> impl Iterator<Item = Piece<'_>> {
    text.grapheme_indices(true)
        .flat_map(move |(at, cluster)| of_cluster(cluster, at, columns.max(1)))
}

fn of_cluster(cluster: &str, at: usize, columns: usize) -> Vec<Piece<'_>> {
    let piece = |text, width, is_certain| Piece {
        text,
        width,
        is_certain,
        at,
    };
    let mut chars = cluster.chars();
    let first = chars.next().unwrap_or(' ');
    if chars.next().is_none() {
        if is_harmful(first) {
            return vec![piece("?".into(), 1, true)];
        }
        let width = if first == '\t' { 1 } else { width_of(first) };
        return match width {
            // Nothing is there to be seen; alone, it would be drawn onto what stands before it.
            0 => Vec::new(),
            width if width > columns => vec![piece("?".into(), 1, true)],
            width => vec![piece(cluster.into(), width, is_certain(first))],
        };
    }
    let sum: usize = cluster.chars().map(width_of).sum();
    let width = sum.max(cluster.width());
    let marks = cluster.chars().filter(|c| width_of(*c) == 0).count();
    let is_whole = width > 0
        && width <= columns.min(MAX_CLUSTER)
        && marks <= MAX_MARKS
        && width_of(first) > 0
        && !cluster.contains(is_harmful);
    if is_whole {
        return vec![piece(cluster.into(), width, false)];
    }
    let mut pieces: Vec<Piece<'_>> = Vec::new();
    let mut marks = 0;
    for c in cluster.chars() {
        let (c, width) = match c {
            c if is_harmful(c) => ('?', 1),
            c => (c, width_of(c)),
        };
        match pieces.last_mut() {
            Some(last) if width == 0 => {
                marks += 1;
                if marks <= MAX_MARKS && last.text != "?" {
                    last.text.to_mut().push(c);
                    last.is_certain = false;
                }
            }
            None if width == 0 => {}
            _ => {
                marks = 0;
                let (c, width) = if width > columns {
                    ('?', 1)
                } else {
                    (c, width)
                };
                pieces.push(piece(c.to_string().into(), width, is_certain(c)));
            }
        }
    }
    pieces
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
        pieces.map(|p| (p.text.into_owned(), p.width)).collect()
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
}
