//! What is pasted is said, line by line; it is never read as commands.

use super::keys::Pasted;
use chat_core::{MAX_LINE, printable};

/// So many lines are said without a question.
pub const UNASKED_LINES: usize = 3;

/// Lines that were pasted into what was being typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lines {
    /// The lines to be said, in order, blank ones too.
    pub said: Vec<String>,
    /// What remains to be typed on: the text, and how many of its bytes stand before the cursor.
    pub rest: (String, usize),
}

/// How many lines a paste has.
pub fn count(pasted: &Pasted) -> usize {
    pasted.text.lines().count()
}

/// The paste, if it is a single line, its ending left out: it is typed like any other text.
pub fn single(pasted: &Pasted) -> Option<String> {
    let text = pasted.text.strip_suffix('\n').unwrap_or(&pasted.text);
    (!text.contains('\n')).then(|| printable(text).into_owned())
}

impl Lines {
    /// The lines of a paste between what stands before and after the cursor. Where it is said `whole`, its last line is
    /// as well, ended or not.
    pub fn of(pasted: &Pasted, before: &str, after: &str, whole: bool) -> Self {
        let text = format!("{before}{}", pasted.text);
        let (ended, begun) = text.rsplit_once('\n').unwrap_or(("", &text));
        let mut said: Vec<String> = ended
            .split('\n')
            .map(|line| printable(line).into())
            .collect();
        let mut rest = (
            format!("{}{after}", printable(begun)),
            printable(begun).len(),
        );
        if whole && !begun.is_empty() {
            said.push(rest.0);
            rest = (String::new(), 0);
        }
        Self { said, rest }
    }

    /// All of it as a single line.
    pub fn joined(pasted: &Pasted, before: &str, after: &str) -> String {
        let lines = pasted.text.lines().map(str::trim);
        let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
        printable(&format!("{before}{}{after}", lines.join(" "))).into()
    }

    /// The first line that is too long to be said: its number, and its bytes.
    pub fn too_long(&self) -> Option<(usize, usize)> {
        let long = self.said.iter().position(|line| line.len() > MAX_LINE)?;
        Some((long + 1, self.said[long].len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pasted(text: &str) -> Pasted {
        Pasted {
            text: text.into(),
            bytes: text.len(),
            is_marked: true,
        }
    }

    fn lines(text: &str, before: &str, after: &str, whole: bool) -> (Vec<String>, (String, usize)) {
        let lines = Lines::of(&pasted(text), before, after, whole);
        (lines.said, lines.rest)
    }

    fn of(said: &[&str], rest: &str, cursor: usize) -> (Vec<String>, (String, usize)) {
        (
            said.iter().map(|line| (*line).into()).collect(),
            (rest.into(), cursor),
        )
    }

    #[test]
    fn a_single_line_is_typed() {
        for (text, typed) in [
            ("a", Some("a")),
            ("a\n", Some("a")),
            ("\u{1b}[1mb\tc", Some("?[1mb\tc")),
            ("\n", Some("")),
            ("a\nb", None),
            ("\n\n", None),
        ] {
            assert_eq!(single(&pasted(text)).as_deref(), typed);
        }
        assert_eq!(count(&pasted("a\nb\n")), 2);
        assert_eq!(count(&pasted("a\n\nb")), 3);
    }

    #[test]
    fn lines_go_into_what_is_being_typed() {
        assert_eq!(lines("a\nb\n", "", "", false), of(&["a", "b"], "", 0));
        assert_eq!(lines("a\nb", "x ", " y", false), of(&["x a"], "b y", 1));
        assert_eq!(lines("a\nb", "x ", " y", true), of(&["x a", "b y"], "", 0));
        assert_eq!(
            lines("a\nb\n", "x ", " y", true),
            of(&["x a", "b"], " y", 0)
        );
        assert_eq!(
            lines("a\n\u{7}\n\n", "", "", true),
            of(&["a", "?", ""], "", 0)
        );
    }

    #[test]
    fn as_one() {
        assert_eq!(
            Lines::joined(&pasted("a\n  b\n\nc\n"), "x: ", "."),
            "x: a b c."
        );
    }

    #[test]
    fn a_line_at_the_limit_is_said_and_one_past_it_is_not() {
        let long = "x".repeat(MAX_LINE);
        assert_eq!(
            Lines::of(&pasted(&format!("a\n{long}\n")), "", "", true).too_long(),
            None
        );
        let longer = Lines::of(&pasted(&format!("a\n{long}\n")), "b", "", true);
        assert_eq!(longer.too_long(), None);
        let longer = Lines::of(&pasted(&format!("{long}\n\n")), "b", "", true);
        assert_eq!(longer.too_long(), Some((1, MAX_LINE + 1)));
    }
}
