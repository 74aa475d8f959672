//! The life of a client of the JSON dialect as a table (PROTOCOL.md, "The client that resumes").

use crate::life::{self, Transition};

/// Where a client is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// `JOIN` is awaited from the person.
    Asking,
    /// A connection is being made.
    Connecting,
    /// Connected; the welcome is awaited.
    Joining,
    /// In the room.
    Talking,
    /// Without a connection, until the next one is tried.
    Waiting,
    /// Leaving; the server's closing is awaited.
    Leaving,
    /// Over.
    Ended,
}

/// What moves a client from phase to phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// The person typed `JOIN`; or, while the client has only read, something to say. Or it was not let into the room where
    /// they are to be, and is in another one.
    Join,
    /// The connection was made.
    Connected,
    /// The server's welcome came.
    Welcomed,
    /// The connection was not made, failed, or was closed; or what was awaited on it did not come.
    Lost,
    /// It is time to try again.
    Due,
    /// The person wants to leave, and all they said is accepted; or they interrupted the program.
    Leave,
    /// There is nothing left to be done, or to be hoped for.
    End,
}

/// Every transition there is. An event without a row for a phase changes nothing in it.
#[rustfmt::skip]
pub const TRANSITIONS: &[Transition<Phase, Event>] = {
    use Event::{Connected, Due, End, Join, Leave, Lost, Welcomed};
    use Phase::{Asking, Connecting, Ended, Joining, Leaving, Talking, Waiting};
    &[
        (Asking,     Join,      Connecting, "connects"),
        (Asking,     End,       Ended,      "never joined, or interrupted"),
        (Connecting, Connected, Joining,    "sends `JOIN {…}`, with the session and the last entry known"),
        (Connecting, Lost,      Waiting,    "tries again later"),
        (Connecting, End,       Ended,      "unreachable, or interrupted"),
        (Joining,    Welcomed,  Talking,    "sends everything that is not accepted yet"),
        (Joining,    Lost,      Waiting,    "tries again later"),
        (Joining,    End,       Ended,      "lost, or interrupted"),
        (Talking,    Join,      Connecting, "connects again, to be in the room: so far it has read, has not been let into another one, or has not said how far it had shown the one where its session is"),
        (Talking,    Lost,      Waiting,    "tries again later"),
        (Talking,    Leave,     Leaving,    "sends `leave`, closes its side"),
        (Talking,    End,       Ended,      "lost"),
        (Waiting,    Due,       Connecting, "connects"),
        (Waiting,    End,       Ended,      "left if everything is accepted; lost, or interrupted"),
        (Leaving,    End,       Ended,      "left; interrupted if that began it"),
    ]
};

impl Phase {
    /// All phases, in the order of a life.
    pub const ALL: [Self; 7] = [
        Self::Asking,
        Self::Connecting,
        Self::Joining,
        Self::Talking,
        Self::Waiting,
        Self::Leaving,
        Self::Ended,
    ];

    /// The phase after `event`, or `None` if it changes nothing.
    pub fn after(self, event: Event) -> Option<Self> {
        life::after(TRANSITIONS, self, &event)
    }
}
