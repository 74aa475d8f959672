//! Commands whose password is asked for, so that it need not be seen. It is typed by itself, and nothing of it is what is being
//! typed otherwise: no key cuts it out, takes it back, completes it or has another program edit it.

use super::keys::Key;
use super::line::Line;
use super::{Editor, Event, Shown};
use chat_core::{MAX_LINE, Request};

/// What stands where a password is typed.
pub(super) const PASSWORD: &str = "Password (it is not shown): ";

/// A password that is being typed.
#[derive(Clone, Default)]
pub(super) struct Asking {
    /// The command that it is for, with a blank at the end.
    command: String,
    typed: Line,
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
            typed: Line::default(),
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
                self.asking = None;
                self.show(Shown::Entered(PASSWORD.into()));
            }
            Key::Focus(_) => {}
            _ => self.bell(),
        }
    }

    /// The password is entered, which is shown nowhere and is no line to come back to; none, where the person has changed their
    /// mind.
    fn password_entered(&mut self) {
        let Some(Asking { command, typed }) = self.asking.take() else {
            return;
        };
        self.show(Shown::Entered(PASSWORD.into()));
        if !typed.text().is_empty() {
            self.push(Event::Entered(command + typed.text()));
        }
    }
}

/// Whether there is a password in a line: it is kept nowhere.
pub fn is_in(line: &str) -> bool {
    Request::decode(line.as_bytes()).is_ok_and(|it| it.has_password())
}

/// Whether a line is a command that takes a password and has none.
pub(super) fn is_missing(line: &str) -> bool {
    !is_in(line) && is_in(&format!("{} password", line.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

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
