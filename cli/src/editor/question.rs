//! What a person is asked, to be answered with a single key.

use super::keys::{Key, Pasted};

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
    /// Something that the editor's caller wants to know.
    Other(Question),
}

impl Asked {
    /// Asks whether to say this.
    pub(super) fn about(pasted: Pasted) -> Self {
        let lines = super::paste::count(&pasted);
        let question = Question {
            text: format!("Say {lines} pasted lines? y: yes, n: no, o: as one "),
            answers: vec!['y', 'n', 'o'],
            cancel: 'n',
        };
        Self::Paste(pasted, question)
    }

    pub(super) fn question(&self) -> &Question {
        match self {
            Self::Paste(_, question) | Self::Other(question) => question,
        }
    }
}
