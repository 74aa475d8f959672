//! The life of a client as a table (PROTOCOL.md, "The client").

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
    /// Leaving; the server's closing is awaited.
    Leaving,
    /// Over.
    Ended,
}

/// What moves a client from phase to phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// The person typed `JOIN`.
    Join,
    /// The connection was made.
    Connected,
    /// The connection could not be made.
    Failed,
    /// The server's welcome came.
    Welcomed,
    /// The person asked to leave, or the input ended.
    Leave,
    /// The person interrupted the program.
    Interrupt,
    /// The server closed the connection.
    Eof,
    /// The connection failed.
    Lost,
    /// What was awaited did not come in time.
    Expired,
}

/// Every transition there is. An event without a row for a phase changes nothing in it.
#[rustfmt::skip]
pub const TRANSITIONS: &[Transition<Phase, Event>] = {
    use Event::{Connected, Eof, Expired, Failed, Interrupt, Join, Leave, Lost, Welcomed};
    use Phase::{Asking, Connecting, Ended, Joining, Leaving, Talking};
    &[
        (Asking,     Join,      Connecting, "connects"),
        (Asking,     Leave,     Ended,      "never joined"),
        (Asking,     Interrupt, Ended,      "interrupted"),
        (Connecting, Connected, Joining,    "sends `JOIN`"),
        (Connecting, Failed,    Ended,      "unreachable"),
        (Connecting, Expired,   Ended,      "unreachable"),
        (Connecting, Interrupt, Ended,      "interrupted"),
        (Joining,    Welcomed,  Talking,    "sends what is typed from now on"),
        (Joining,    Interrupt, Ended,      "interrupted"),
        (Joining,    Eof,       Ended,      "lost"),
        (Joining,    Lost,      Ended,      "lost"),
        (Joining,    Expired,   Ended,      "lost"),
        (Talking,    Leave,     Leaving,    "sends `LEAVE`, closes its side"),
        (Talking,    Interrupt, Leaving,    "sends `LEAVE`, closes its side"),
        (Talking,    Eof,       Ended,      "lost"),
        (Talking,    Lost,      Ended,      "lost"),
        (Leaving,    Interrupt, Ended,      "interrupted"),
        (Leaving,    Eof,       Ended,      "left; lost if the server said goodbye first, broke off a line, or was not sent everything; interrupted if that began it"),
        (Leaving,    Lost,      Ended,      "lost; interrupted if that began it"),
        (Leaving,    Expired,   Ended,      "lost; interrupted if that began it"),
    ]
};

impl Phase {
    /// All phases, in the order of a life.
    pub const ALL: [Self; 6] = [
        Self::Asking,
        Self::Connecting,
        Self::Joining,
        Self::Talking,
        Self::Leaving,
        Self::Ended,
    ];

    /// The phase after `event`, or `None` if it changes nothing.
    pub fn after(self, event: Event) -> Option<Self> {
        life::after(TRANSITIONS, self, &event)
    }
}
