//! What a person answers to the question whether they join.

use crate::types::name::Name;
use crate::wire::line::Line;
use crate::wire::printable::is_blank;
use crate::wire::short::Short;
use crate::wire::text::FirstLine;
use alloc::format;
use alloc::string::String;

/// Words that end a program.
const LEAVES: &[&str] = &[
    "leave", "/leave", "quit", "/quit", "exit", "/exit", ":q", ":q!", ":wq", "logout",
];

/// Words that have a program explain itself.
const HELPS: &[&str] = &["help", "/help", "?", "/?"];

const NOT_JOINED: &str = "* Not sent: you have not joined. Type JOIN, or JOIN and a name.";

/// An answer to [`PROMPT`](super::PROMPT).
pub(super) enum Answer {
    /// To join, perhaps under a name.
    Join(Option<Name>),
    /// To leave.
    Leave,
    /// Nothing that can be done: why, where there is something to say, before the person is asked again.
    Again(Option<String>),
}

impl Answer {
    pub(super) fn of(line: Line<'_>) -> Self {
        let Line::Whole(line) = line else {
            return Self::Again(Some(NOT_JOINED.into()));
        };
        match FirstLine::decode(line) {
            FirstLine::Join(None) => return Self::Join(None),
            // It can be asked for again, which a server does not do.
            FirstLine::Join(Some(asked)) => match Name::parse(asked) {
                Ok(name) => return Self::Join(Some(name)),
                Err(why) => {
                    return Self::Again(Some(format!(
                        "* \"{}\" is not a name: {why}. Type JOIN and another one, or JOIN alone.",
                        Short(asked)
                    )));
                }
            },
            _ => {}
        }
        let text = String::from_utf8_lossy(line);
        let is = |words: &[&str]| words.iter().any(|it| text.trim().eq_ignore_ascii_case(it));
        if is(LEAVES) {
            Self::Leave
        } else if is(HELPS) {
            let help =
                "* JOIN lets you in, and JOIN with a name after it under that name. LEAVE ends.";
            Self::Again(Some(help.into()))
        } else if is_blank(&text) {
            Self::Again(None)
        } else {
            Self::Again(Some(NOT_JOINED.into()))
        }
    }
}
