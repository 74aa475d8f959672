//! What cuts a stay short.

/// What ended a stay before the peer's own input did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Short {
    /// The server stopped.
    Stopped,
    /// It said nothing, and a newcomer got its place.
    GaveWay,
    /// Its first line did not end in time.
    Unended,
    /// Its session has a newer connection.
    Replaced,
    /// It was too far behind; how much it had got by then, if that is known.
    CutOff(Option<usize>),
    /// Its connection went without a word.
    Dropped,
}

impl Short {
    /// How the goodbye begins that it is told, but for one that is cut off.
    pub(super) fn goodbye(self) -> Option<&'static str> {
        match self {
            Self::Stopped => Some("* Goodbye: the server is shutting down."),
            Self::GaveWay => Some("* Goodbye: the room is full, and you gave way "),
            Self::Unended => Some("* Goodbye: your first line did not end within "),
            Self::Replaced | Self::CutOff(_) | Self::Dropped => None,
        }
    }
}
