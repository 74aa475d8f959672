//! What is typed where one types.

use super::desk::Anchor;
use crate::editor::line::Line;

/// What is typed where one types.
#[derive(Clone, Debug)]
pub(super) enum Mode {
    Talking,
    /// The person's name, before anything else, such as the line that was kept.
    Naming(Line),
    Searching(Search),
    /// Some letters of the room to go to; and what was being typed before.
    Jumping(Line),
}

impl Mode {
    /// What was being typed before, where something else is typed for a while.
    pub(super) fn put_aside(&self) -> Option<&Line> {
        match self {
            Self::Searching(search) => Some(&search.before),
            Self::Naming(before) | Self::Jumping(before) => Some(before),
            Self::Talking => None,
        }
    }
}

/// A search.
#[derive(Clone, Debug)]
pub(super) struct Search {
    /// What was being typed before.
    pub(super) before: Line,
    pub(super) pattern: String,
    pub(super) at: Option<i64>,
    pub(super) has_failed: bool,
    /// Where the person was before: the room's name, whether that is a conversation, and from where they looked.
    pub(super) from: (String, bool, Option<Anchor>),
    /// It goes on once the page that was asked for is here.
    pub(super) waits: bool,
    /// That page is of another room: the search goes on in the others.
    pub(super) is_elsewhere: bool,
}
