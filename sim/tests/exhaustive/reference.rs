//! What the reference knows of a person, and what a line means to it. It knows no log, no cursor
//! and no phase of the server.

use chat_core::{CloseReason, ConnId, Timestamp};
use std::collections::VecDeque;

/// Where somebody is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Stage {
    /// It has no connection.
    #[default]
    Away,
    /// Its first line is awaited.
    Greeting,
    /// In the room; `silent` as long as its first line is yet to come.
    In { name: String, silent: bool },
    /// Out of the room; it has yet to get something.
    Out,
    /// It has got everything, and our side is closed.
    Told,
    /// Given up; its socket is to be closed.
    Gone,
}

/// Somebody, and what is due to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Person {
    pub(crate) conn: Option<ConnId>,
    pub(crate) stage: Stage,
    /// Lines that it sent and that nothing has come of.
    pub(crate) unheard: VecDeque<&'static [u8]>,
    /// It has closed its side.
    pub(crate) eof: bool,
    /// What it is to get.
    pub(crate) owed: Vec<u8>,
    /// It has got a part of a line.
    pub(crate) begun: bool,
    /// What its socket takes, if that is not everything.
    pub(crate) room: Option<usize>,
    /// Its socket took less than it was given, and was not called writable since.
    pub(crate) full: bool,
    /// When the server is out of patience with it.
    pub(crate) deadline: Option<Timestamp>,
    /// Why its connection is to be closed.
    pub(crate) cause: Option<CloseReason>,
    /// It was told that it is too far behind.
    pub(crate) cut: bool,
    /// The name that it has joined under, until the server says so.
    pub(crate) joining: Option<String>,
    /// Why its last connection was closed, and whether it had closed its side before.
    pub(crate) ended: Option<(CloseReason, bool)>,
    /// What is left of what it may do.
    pub(crate) connects: u8,
    pub(crate) sends: u8,
    pub(crate) takes: u8,
}

impl Person {
    /// Whether the server has this connection.
    pub(crate) fn is_open(&self) -> bool {
        !matches!(self.stage, Stage::Away | Stage::Gone)
    }

    pub(crate) fn name(&self) -> Option<&str> {
        match &self.stage {
            Stage::In { name, .. } => Some(name),
            _ => None,
        }
    }

    /// Whether a line that begins like this is to come.
    pub(crate) fn is_owed(&self, beginning: &str) -> bool {
        lines(&self.owed).any(|line| line.starts_with(beginning.as_bytes()))
    }

    /// What the next line that it sent means to it.
    pub(crate) fn next(&self) -> Option<Meaning<'static>> {
        let first = matches!(self.stage, Stage::Greeting | Stage::In { silent: true, .. });
        self.unheard.front().map(|line| Meaning::of(line, first))
    }

    /// The next line that it sent was acted on.
    pub(crate) fn heard(&mut self) {
        self.unheard.pop_front();
        if let Stage::In { silent, .. } = &mut self.stage {
            *silent = false;
        }
    }

    /// Bytes of whole private lines that are owed.
    pub(crate) fn private(&self) -> usize {
        lines(&self.owed)
            .skip(usize::from(self.begun))
            .filter(|line| is_private(line))
            .map(<[u8]>::len)
            .sum()
    }

    /// Ends a stay, for a reason that counts if there was none before.
    pub(crate) fn end(&mut self, stage: Stage, cause: CloseReason) {
        if self.stage == Stage::Greeting || stage == Stage::Gone {
            self.deadline = None;
        }
        self.stage = stage;
        self.cause.get_or_insert(cause);
        self.unheard.clear();
    }

    /// Its socket was closed.
    pub(crate) fn close(&mut self, reason: CloseReason) {
        *self = Self {
            ended: Some((reason, self.eof)),
            connects: self.connects,
            sends: self.sends,
            takes: self.takes,
            ..Self::default()
        };
    }
}

/// What a line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning<'a> {
    Join(Option<&'a str>),
    Say(&'a str),
    Leave,
    Who,
    NotUtf8,
}

impl<'a> Meaning<'a> {
    fn of(line: &'a [u8], first: bool) -> Self {
        let Ok(text) = str::from_utf8(line) else {
            return Self::NotUtf8;
        };
        match text {
            "leave" => Self::Leave,
            "/who" => Self::Who,
            "JOIN" if first => Self::Join(None),
            _ => match text.strip_prefix("JOIN ") {
                Some(name) if first => Self::Join(Some(name)),
                _ => Self::Say(text),
            },
        }
    }
}

/// A line that is to come to somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) line: Vec<u8>,
    pub(crate) private: bool,
}

impl Due {
    pub(crate) fn private(line: String) -> Self {
        Self {
            line: line.into_bytes(),
            private: true,
        }
    }
}

pub(crate) const WELCOME: &str = "Welcome to the chatroom!\n";
pub(crate) const SHUTTING_DOWN: &str = "* Goodbye: the server is shutting down.\n";
pub(crate) const FULL: &str = "* Goodbye: the room is full; try again later.\n";

pub(crate) fn too_far_behind(limit: u64) -> String {
    format!("* Goodbye: you are too far behind; more than {limit} bytes are waiting for you.\n")
}

/// Lines with their endings.
pub(crate) fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n')
}

pub(crate) fn is_private(line: &[u8]) -> bool {
    line.starts_with(b"* ") || line == WELCOME.as_bytes()
}
