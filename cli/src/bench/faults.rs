//! What was not as it should be, counted by kind, with the first of each kind in words.

use std::collections::BTreeMap;

/// The kinds of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A line did not come.
    Lost,
    /// A line came twice.
    Doubled,
    /// A line came after a later one of the same speaker.
    Disordered,
    /// The lines of several speakers came in another order than to others.
    Diverged,
    /// A line came back to its speaker.
    Echoed,
    /// A line came that nobody had said, or not in this way.
    Altered,
    /// Joinings or leavings were told in another way than they happened.
    Misreported,
    /// The server closed a connection.
    Closed,
    /// The server said and took nothing any more.
    Stalled,
    /// A line had not come when the server had stalled.
    UnderWay,
}

impl Kind {
    fn one(self) -> &'static str {
        match self {
            Self::Lost => "delivery lost",
            Self::Doubled => "delivery doubled",
            Self::Disordered => "delivery out of order",
            Self::Diverged => "order not the same for everyone",
            Self::Echoed => "line echoed to its speaker",
            Self::Altered => "line altered or invented",
            Self::Misreported => "member told wrongly who joined or left",
            Self::Closed => "connection closed by the server",
            Self::Stalled => "stall",
            Self::UnderWay => "delivery still under way when patience ended",
        }
    }

    fn many(self) -> &'static str {
        match self {
            Self::Lost => "deliveries lost",
            Self::Doubled => "deliveries doubled",
            Self::Disordered => "deliveries out of order",
            Self::Diverged => "orders not the same for everyone",
            Self::Echoed => "lines echoed to their speakers",
            Self::Altered => "lines altered or invented",
            Self::Misreported => "members told wrongly who joined or left",
            Self::Closed => "connections closed by the server",
            Self::Stalled => "stalls",
            Self::UnderWay => "deliveries still under way when patience ended",
        }
    }
}

/// Faults, by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults(BTreeMap<Kind, (u64, String)>);

impl Faults {
    /// Adds `count` faults; `first` says which one, and is asked only for the first of its kind.
    #[cold]
    pub fn add(&mut self, kind: Kind, count: u64, first: impl FnOnce() -> String) {
        if count > 0 {
            self.0.entry(kind).or_insert_with(|| (0, first())).0 += count;
        }
    }

    /// Adds all of `others`.
    pub fn append(&mut self, others: &Self) {
        for (kind, (count, first)) in &others.0 {
            self.add(*kind, *count, || first.clone());
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One line for each kind.
    pub fn lines(&self) -> Vec<String> {
        let line = |(kind, (count, first)): (&Kind, &(u64, String))| match count {
            1 => format!("{}: {first}", kind.one()),
            _ => format!("{count} {}; the first: {first}", kind.many()),
        };
        self.0.iter().map(line).collect()
    }
}
