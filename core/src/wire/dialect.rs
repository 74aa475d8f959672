//! The two forms in which connections read and write.

/// Which of the two forms a connection reads and writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Dialect {
    /// Lines for people.
    #[default]
    Text,
    /// Objects for programs.
    Json,
}

impl Dialect {
    pub(crate) const ALL: [Self; 2] = [Self::Text, Self::Json];
}
