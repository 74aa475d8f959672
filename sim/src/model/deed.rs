//! Deeds: what a peer does in the room, each of which is an entry of the story, unless it is rightly refused.

use chat_core::Name;

/// What a peer does in the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// It says this.
    Says(String),
    /// It does this (`/me`).
    Does(String),
    /// It takes another name.
    Renames(String),
    /// It says what the room is about.
    SetsTopic(String),
    /// It goes to a room, and out of the one where it was.
    Goes(String),
    /// It is in one room more.
    Joins(String),
    /// It is in one room fewer.
    Parts(String),
}

impl Deed {
    /// Whether it is not sent back to who does it in the text dialect.
    pub(super) fn is_not_echoed(&self) -> bool {
        matches!(self, Self::Says(_))
    }

    /// Whether the state of the room may be against it.
    pub(super) fn may_be_refused(&self) -> bool {
        !matches!(self, Self::Says(_) | Self::Does(_))
    }

    /// What stands in the entry, after who does it.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Says(text)
            | Self::Does(text)
            | Self::Renames(text)
            | Self::SetsTopic(text)
            | Self::Goes(text)
            | Self::Joins(text)
            | Self::Parts(text) => text,
        }
    }
}

/// What a peer does, and how long the story was when it was sent.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) deed: Deed,
    pub(super) since: usize,
    /// The room, where it says so: a program does.
    pub(super) room: Option<String>,
}

impl Done {
    /// Whether it is this, in a room.
    pub(super) fn is(&self, deed: &Deed, room: &str) -> bool {
        self.deed == *deed && self.room.as_deref().is_none_or(|it| it == room)
    }

    /// Whether what is so where it is to be done may be against it.
    pub(super) fn may_be_refused(&self) -> bool {
        self.deed.may_be_refused() || self.room.is_some()
    }
}

/// Whether somebody may be called so.
pub(super) fn may_be_name(wanted: &str) -> bool {
    let reserved = [
        "admin",
        "administrator",
        "everyone",
        "here",
        "moderator",
        "operator",
        "server",
        "system",
    ];
    Name::parse(wanted).is_ok() && !reserved.contains(&&*wanted.to_ascii_lowercase())
}
