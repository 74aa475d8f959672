//! Deeds: what a peer does in the room, each of which is an entry of the story, unless it is rightly refused.

use crate::naming::are_alike;
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
}

impl Deed {
    /// Whether it is not sent back to who does it in the text dialect.
    pub(super) fn is_not_echoed(&self) -> bool {
        matches!(self, Self::Says(_))
    }

    /// Whether the state of the room may be against it.
    pub(super) fn may_be_refused(&self) -> bool {
        matches!(self, Self::Renames(_) | Self::SetsTopic(_))
    }

    /// What stands in the entry, after who does it.
    pub(super) fn text(&self) -> &str {
        let (Self::Says(text) | Self::Does(text) | Self::Renames(text) | Self::SetsTopic(text)) =
            self;
        text
    }
}

/// What a peer does, and how long the story was when it was sent.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) deed: Deed,
    pub(super) since: usize,
}

/// A name as it is shown, if it is one.
pub(super) fn shown(wanted: &str) -> Option<String> {
    Name::parse(wanted).ok().map(|name| name.to_string())
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
    shown(wanted).is_some_and(|name| !reserved.iter().any(|it| are_alike(it, &name)))
}
