//! What a person answers to the question whether they join.

use crate::types::name::Name;
use crate::wire::line::Line;
use crate::wire::short::Short;
use crate::wire::text::FirstLine;
use alloc::format;
use alloc::string::String;

/// Words that end a program, or have it explain itself.
const WORDS: &[&str] = &[
    "quit", "/quit", "exit", "/exit", ":q", ":q!", ":wq", "logout", "help", "/help", "?", "/?",
];

const HELP: &str =
    "* JOIN lets you in, and JOIN with a name after it under that name. Ctrl-C ends.";

/// An answer to [`PROMPT`](super::PROMPT).
pub(super) enum Answer<'a> {
    /// To join, perhaps under a name: as it was typed, and as it is.
    Join(Option<(&'a str, Name)>),
    /// Nothing that can be done: why, where there is something to say, before the person is asked again.
    Again(Option<String>),
}

impl<'a> Answer<'a> {
    pub(super) fn of(line: Line<'a>) -> Self {
        // As at the server, marks before it are no part of it, however many there are and wherever it comes.
        let Line::Whole(line) = line.without_marks() else {
            return Self::Again(None);
        };
        match FirstLine::decode(line) {
            FirstLine::Join(None) => return Self::Join(None),
            // It can be asked for again, which a server does not do.
            FirstLine::Join(Some(asked)) => match Name::parse(asked) {
                Ok(name) => return Self::Join(Some((asked, name))),
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
        let is_one = |word: &&str| text.trim().eq_ignore_ascii_case(word);
        Self::Again(WORDS.iter().any(is_one).then(|| HELP.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_before_an_answer_are_no_part_of_it() {
        for line in ["\u{feff}JOIN", "\u{feff}\u{feff}JOIN"] {
            let answer = Answer::of(Line::Whole(line.as_bytes()));
            assert!(matches!(answer, Answer::Join(None)), "{line:?}");
        }
    }
}
