//! Two owners of names, and what they have said to each other alone, as it is sent to one of them.

use super::private::Line;
use crate::types::entry::Record;
use crate::types::name::{Name, Unique};
use crate::types::room_name::RoomName;
use crate::wire::dialect::Dialect;
use crate::wire::inbox::when;
use crate::wire::json::Message;
use crate::wire::notice::Notice;
use alloc::string::String;

/// Two owners of names, as one of them sees it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Pair {
    /// Since which entry of the accounts' log their name is theirs.
    pub(super) own: u64,
    /// The same of the other one.
    pub(super) with: u64,
    /// The other one's name.
    pub(super) name: Name,
    /// The name of the log.
    pub(super) room: RoomName,
}

impl Pair {
    pub(super) fn new(own: u64, with: u64, name: Name) -> Option<Self> {
        let room = RoomName::conversation(own, with)?;
        Some(Self {
            own,
            with,
            name,
            room,
        })
    }
}

/// What two have said to each other, as it is sent to one of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Talk {
    pub(super) pair: Pair,
    /// The name of the one to whom it is sent.
    pub(super) own: Name,
    /// It is what waits for them, and not what they said themselves.
    pub(super) is_inbox: bool,
    /// Up to the end of it, nothing waits any more once they are sent it.
    pub(super) reads: bool,
    /// The minute that they were told last, since the Unix epoch.
    pub(super) minute: Option<u64>,
}

impl Talk {
    /// Whom it was said with.
    pub(super) fn with(&self) -> &Name {
        &self.pair.name
    }

    /// An entry as they are sent it; nothing, where it is not for them.
    pub(super) fn line(&mut self, dialect: Dialect, record: &Record) -> String {
        let is_own = Unique(record.name.clone()) == Unique(self.own.clone());
        if self.is_inbox && is_own {
            return String::new();
        }
        if record.text.is_empty() {
            // It was left out of what the store was made of.
            return self.left_out(dialect, record.seq);
        }
        let (from, to) = if is_own {
            (&self.own, &self.pair.name)
        } else {
            (&record.name, &self.own)
        };
        let line = Line {
            from,
            to,
            text: &record.text,
            at: record.at,
            seq: Some(record.seq),
            id: record.id.as_deref(),
            waits: self.is_inbox,
            past: true,
        };
        let line = line.to_line(dialect, is_own);
        let minute = record.at / 60_000;
        if dialect == Dialect::Json || Some(minute) == self.minute {
            return line;
        }
        self.minute = Some(minute);
        when(minute) + "\n" + &line
    }

    fn left_out(&self, dialect: Dialect, seq: u64) -> String {
        match dialect {
            Dialect::Text => Notice::Unreadable(1).to_line(dialect),
            Dialect::Json => Message::Missing {
                room: None,
                with: Some(self.pair.name.as_str().into()),
                after: seq.saturating_sub(1),
                next: seq.saturating_add(1),
            }
            .to_line(),
        }
    }
}
