//! What a person is asked, to be answered with a single key.

use super::Editor;
use super::burst::PAUSE;
use super::keys::{Key, Pasted};
use chat_core::Timestamp;

/// A question, which stands in the place of what is being typed until it is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The question, with the keys that answer it, and a blank at the end.
    pub text: String,
    /// The keys that answer it, in lower case.
    pub answers: Vec<char>,
    /// The answer that Escape, Ctrl-C, Ctrl-D and Ctrl-G give.
    pub cancel: char,
}

impl Question {
    /// The answer that a key gives.
    pub fn answer(&self, key: &Key) -> Option<char> {
        match key {
            Key::Char(c) => {
                let mut lower = c.to_lowercase();
                let c = lower.next().filter(|_| lower.next().is_none())?;
                self.answers.contains(&c).then_some(c)
            }
            Key::Escape | Key::Ctrl('c' | 'd' | 'g') => Some(self.cancel),
            _ => None,
        }
    }
}

/// A question that was asked, and what it is about.
#[derive(Clone, Debug)]
pub(super) enum Asked {
    /// Whether to say what was pasted.
    Paste(Pasted, Question),
    /// Whether to say the lines that are being typed.
    Lines(Question),
    /// Whether to say a word that may have been meant for the program.
    Sure(Question),
    /// Something that the editor's caller wants to know.
    Other(Question),
}

impl Asked {
    /// Asks whether to say this.
    pub(super) fn about(pasted: Pasted) -> Self {
        let question = whether(super::paste::count(&pasted), "pasted ");
        Self::Paste(pasted, question)
    }

    /// Asks whether to say the lines that are being typed, which are these.
    pub(super) fn lines(typed: &Pasted) -> Self {
        Self::Lines(whether(super::paste::count(typed), ""))
    }

    /// Asks whether to say this, if it is a word that ends other programs, or has them explain themselves.
    pub(super) fn sure(text: &str) -> Option<Self> {
        let word = text.trim();
        let is = |words: &[&str]| words.iter().any(|other| word.eq_ignore_ascii_case(other));
        let hint = if is(&["quit", "exit", ":q", ":q!", ":wq", "logout"]) {
            "then LEAVE leaves"
        } else if is(&["help", "?"]) {
            "/help lists the commands"
        } else {
            return None;
        };
        Some(Self::Sure(Question {
            text: format!("Say \"{word}\" to everyone? y: yes, n: no ({hint}) "),
            answers: vec!['y', 'n'],
            cancel: 'n',
        }))
    }

    pub(super) fn question(&self) -> &Question {
        match self {
            Self::Paste(_, question)
            | Self::Lines(question)
            | Self::Sure(question)
            | Self::Other(question) => question,
        }
    }
}

/// Whether a person can have seen what is asked. Keys that were pressed before answer nothing, and neither do those that
/// follow them without a pause: nobody has read the question who pressed them.
#[derive(Clone, Debug, Default)]
pub(super) struct Sight {
    now: Timestamp,
    asked: Timestamp,
    is_seen: bool,
    /// The person was told that what they typed answers nothing.
    is_told: bool,
}

impl Sight {
    /// Takes note of the time.
    pub(super) fn is_now(&mut self, now: Timestamp) {
        self.now = now;
    }

    /// Something is asked from now on.
    pub(super) fn asked(&mut self) {
        self.asked = self.now;
        (self.is_seen, self.is_told) = (false, false);
    }

    /// Keys come; whether they begin a burst.
    pub(super) fn keys(&mut self, is_beginning: bool) {
        self.is_seen |= is_beginning && self.now >= self.asked + PAUSE;
    }

    pub(super) fn is_seen(&self) -> bool {
        self.is_seen
    }
}

impl Editor {
    /// Asks this once all that was asked before is answered.
    pub(super) fn question(&mut self, asked: Asked) {
        if self.questions.is_empty() {
            self.sight.asked();
        }
        self.questions.push_back(asked);
    }

    /// Asks this before all else.
    pub(super) fn question_first(&mut self, asked: Asked) {
        self.sight.asked();
        self.questions.push_front(asked);
    }

    /// A key that was pressed before anybody could have seen what is asked.
    pub(super) fn is_no_answer(&mut self, key: &Key) {
        if matches!(key, Key::Focus(_)) {
            return;
        }
        self.bell();
        let is_text = matches!(key, Key::Char(_) | Key::Pasted(_));
        if is_text && !std::mem::replace(&mut self.sight.is_told, true) {
            self.notice("* Not taken: what came before the question could be seen is no answer.");
        }
    }
}

fn whether(lines: usize, which: &str) -> Question {
    Question {
        text: format!("Say {lines} {which}lines? y: yes, n: no, o: as one "),
        answers: vec!['y', 'n', 'o'],
        cancel: 'n',
    }
}
