//! What one has before oneself in a room.

use crate::editor::complete::Names;
use crate::editor::history::History;
use crate::editor::line::Line;

/// A place to look from: the last row that is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The number of its block.
    pub block: i64,
    /// How many rows of the block come after it.
    pub below: usize,
}

/// What one has before oneself in a room, while another one is looked at.
#[derive(Clone, Debug, Default)]
pub struct Desk {
    pub(super) line: Line,
    pub(super) history: History,
    pub(super) names: Names,
    pub(super) anchor: Option<Anchor>,
}
