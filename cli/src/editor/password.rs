//! Commands whose password is asked for, so that it need not be seen. It is typed by itself, and nothing of it is what is being
//! typed otherwise: no key cuts it out, takes it back, completes it or has another program edit it.

use super::keys::Key;
use super::line::Line;
use super::line_kind::LineKind;
use super::{Editor, Event, Shown};
use chat_core::{MAX_LINE, Request, is_blank};
use std::borrow::Cow;
use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation;

/// What stands where a password is typed.
const PASSWORD: &str = "Password (it is not shown): ";

/// What stands where a new one is typed once more: nobody has seen what they typed.
const AGAIN: &str = "The same password again: ";

/// A password that is being typed.
#[derive(Clone, Default)]
pub(super) struct Asking {
    /// The command that it is for, with a blank at the end.
    command: String,
    typed: Line,
    /// What was typed first, where it is typed once more.
    first: Option<Line>,
}

impl Asking {
    /// What stands before it.
    pub(super) fn prompt(&self) -> &'static str {
        match self.first {
            Some(_) => AGAIN,
            None => PASSWORD,
        }
    }
}

impl std::fmt::Debug for Asking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Asking").finish_non_exhaustive()
    }
}

impl Editor {
    /// Asks for the password of a command.
    pub(super) fn ask_password(&mut self, command: &str) {
        self.done(command);
        self.sight.asked();
        self.asking = Some(Asking {
            command: format!("{} ", command.trim_end()),
            ..Asking::default()
        });
    }

    /// What a key does where a password is typed.
    pub(super) fn password_key(&mut self, key: Key) {
        if !self.sight.is_seen() {
            return self.is_no_answer(&key);
        }
        let Some(asking) = &mut self.asking else {
            return;
        };
        match key {
            Key::Char(c) if asking.command.len() + asking.typed.text().len() < MAX_LINE => {
                asking.typed.insert(c.encode_utf8(&mut [0; 4]));
            }
            Key::Pasted(pasted) => {
                let text = pasted.text.trim_end_matches('\n');
                let fits =
                    asking.command.len() + asking.typed.text().len() + text.len() <= MAX_LINE;
                if !text.is_empty() && fits && !text.contains('\n') {
                    asking.typed.insert(text);
                } else {
                    self.bell();
                }
            }
            Key::Backspace => {
                let (from, to) = (asking.typed.left(), asking.typed.cursor());
                asking.typed.remove(from..to);
            }
            Key::Ctrl('u') => asking.typed = Line::default(),
            Key::Enter => self.password_entered(),
            Key::Escape | Key::Ctrl('c' | 'd' | 'g') => {
                let prompt = asking.prompt();
                self.asking = None;
                self.show(Shown::Entered(prompt.into()));
            }
            Key::Focus(_) => {}
            _ => self.bell(),
        }
    }

    /// The password is entered, which is shown nowhere and is no line to come back to; none, where the person has changed their
    /// mind. A new one is entered twice.
    fn password_entered(&mut self) {
        let Some(asking) = self.asking.take() else {
            return;
        };
        self.show(Shown::Entered(asking.prompt().into()));
        let Asking {
            command,
            typed,
            first,
        } = asking;
        let is_new = is_of(command.trim_end(), &["/claim", "/passwd"]);
        match first {
            _ if typed.text().is_empty() => {}
            None if is_new => {
                self.sight.asked();
                self.asking = Some(Asking {
                    command,
                    typed: Line::default(),
                    first: Some(typed),
                });
            }
            Some(first) if first.text() != typed.text() => {
                self.bell();
                self.notice("* Not sent: the two passwords are not the same.");
            }
            _ => self.push(Event::Entered(command + typed.text())),
        }
    }
}

/// Whether there is a password in a line: it is kept nowhere.
pub fn is_in(line: &str) -> bool {
    Request::decode(line.as_bytes()).is_ok_and(|it| it.has_password())
}

/// Where in a line a password stands, or is going to: after a command that takes one, also where blanks stand before that, with
/// which it is none.
pub fn place(line: &str) -> Option<Range<usize>> {
    let is_blank = |c: char| c.is_whitespace() || is_blank(c.encode_utf8(&mut [0; 4]));
    let begin =
        |from: usize| from + (line.len() - from - line[from..].trim_start_matches(is_blank).len());
    let end = |from: usize| line[from..].find(char::is_whitespace).map(|it| from + it);
    let start = begin(0);
    let of_command = end(start)?;
    let command = &line[start..of_command];
    let at = if is_of(command, &["/claim", "/passwd"]) {
        begin(of_command)
    } else if is_of(command, &["/login"]) {
        begin(end(begin(of_command))?)
    } else {
        return None;
    };
    Some(at..line.len())
}

fn is_of(command: &str, all: &[&str]) -> bool {
    all.iter().any(|it| it.eq_ignore_ascii_case(command))
}

/// A line as it is shown, with a `mark` for each character of a password, and how many bytes stand before the cursor then.
pub fn masked(line: &str, cursor: usize, mark: char) -> (Cow<'_, str>, usize) {
    let Some(at) = place(line) else {
        return (line.into(), cursor);
    };
    let mut shown = String::from(&line[..at.start]);
    let mut place = cursor.min(at.start);
    for (begin, cluster) in line[at.clone()].grapheme_indices(true) {
        shown.push(if cluster == "\n" { '\n' } else { mark });
        if at.start + begin < cursor {
            place = shown.len();
        }
    }
    (shown.into(), place)
}

/// Whether something may be a password: it is nowhere kept, and never said. [`is_in`] is true of commands alone.
pub fn may_be_in(text: &str) -> bool {
    let is_it = |at: Range<usize>| !text[at].trim().is_empty();
    is_in(text) || place(text).is_some_and(is_it)
}

/// The command of the first of these lines that takes a password and would tell everyone: where `all_are_said` is not so, a line
/// that is the command itself tells nobody.
pub(super) fn told_by<'a>(
    lines: impl IntoIterator<Item = &'a str>,
    all_are_said: bool,
) -> Option<&'static str> {
    let is_told = |line: &&str| all_are_said || matches!(LineKind::of(line), LineKind::Plain(_));
    lines.into_iter().filter(is_told).find_map(|line| {
        let command = line.trim_start_matches(|c: char| !c.is_ascii_graphic());
        let (command, rest) = command.split_once(char::is_whitespace)?;
        let takes = ["/claim", "/login", "/passwd"];
        let command = takes
            .into_iter()
            .find(|it| it.eq_ignore_ascii_case(command));
        command.filter(|_| !rest.trim().is_empty())
    })
}

/// Whether a line is a command that takes a password and has none.
pub(super) fn is_missing(line: &str) -> bool {
    !is_in(line) && is_in(&format!("{} password", line.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_stands_after_its_command_and_is_told_by_a_line_that_is_said() {
        for (line, password) in [
            ("/claim x y", Some("x y")),
            ("/CLAIM  x", Some("x")),
            (" \t/passwd x", Some("x")),
            ("\u{200b}/passwd x", Some("x")),
            ("/login ann x", Some("x")),
            ("/claim ", Some("")),
            ("/login ann ", Some("")),
            ("/login ann", None),
            ("/claim", None),
            ("/claims x", None),
            ("//claim x", None),
            ("claim x", None),
            ("say /claim x", None),
            ("", None),
        ] {
            assert_eq!(place(line).map(|at| &line[at]), password, "{line:?}");
            let is_there = password.is_some_and(|it| !it.is_empty());
            assert_eq!(may_be_in(line), is_there, "{line:?}");
        }
        assert_eq!(told_by(["a", "/claim x"], true), Some("/claim"));
        assert_eq!(told_by(["/claim x"], false), None);
        assert_eq!(told_by([" /Login x"], false), Some("/login"));
        assert_eq!(told_by(["/claim ", "//claim x", "claim x", ""], true), None);
    }

    #[test]
    fn a_password_is_masked_and_the_cursor_stands_where_it_stood() {
        let line = "/login ann e\u{301}日x";
        for (cursor, shown) in [(3, 3), (11, 11), (14, 14), (17, 17), (18, 20)] {
            let masked = masked(line, cursor, '•');
            assert_eq!(masked, ("/login ann •••".into(), shown), "{cursor}");
        }
        assert_eq!(masked("/claim a\nb", 9, '*'), ("/claim *\n*".into(), 9));
        assert_eq!(masked("hello", 2, '*'), ("hello".into(), 2));
    }

    #[test]
    fn a_password_is_missing_where_a_command_is_whole_with_one() {
        for line in ["/claim", "/CLAIM ", "/passwd", "/login ann", "/login  ann "] {
            assert!(is_missing(line), "{line}");
        }
        for line in [
            "",
            "hello",
            "/login",
            "/login ",
            "/claim x",
            "/passwd x",
            "/login ann x",
            "/unclaim",
            "//claim",
            " /claim",
        ] {
            assert!(!is_missing(line), "{line}");
        }
    }
}
