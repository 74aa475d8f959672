//! The life of a connection as a table (PROTOCOL.md, "The server's connections").

use crate::life::{self, Transition};

/// Where a connection is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Accepted; its first line is awaited for a moment.
    Greeting,
    /// In the room because it was silent; its first line is yet to come.
    Silent,
    /// In the room.
    Joined,
    /// Not in the room; is sent what happens in it.
    Reading,
    /// Out of the room; what it is still to get is being written.
    Draining,
    /// Told everything, our side closed; its side is awaited.
    Lingering,
    /// Gone.
    Closed,
}

/// What moves a connection from phase to phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// Its first line is `JOIN`.
    Join,
    /// Its first line asks to read.
    Read,
    /// Its first line is any other.
    OtherLine,
    /// Its first line, or one soon after that was not `JOIN`, speaks a protocol that is not spoken here.
    Misdirected,
    /// It has no place, or none any more: by a limit of its host or of the server, or since its first
    /// line did not end in time; or an operator has it go.
    Refused,
    /// It has been silent for the time that a first line is given.
    Quiet,
    /// It asked to leave.
    Leave,
    /// It closed its side.
    Eof,
    /// Its session has a newer connection.
    Replaced,
    /// It is further behind than is allowed.
    TooFarBehind,
    /// The server is stopping.
    Stop,
    /// Everything it was to get has been written.
    Drained,
    /// It took too long: no byte taken, or its side not closed.
    Expired,
    /// The connection failed.
    Lost,
}

/// Every transition there is. An event without a row for a phase changes nothing in it.
#[rustfmt::skip]
pub const TRANSITIONS: &[Transition<Phase, Event>] = {
    use Event::{Drained, Eof, Expired, Join, Leave, Lost, Misdirected, OtherLine, Quiet, Read, Refused, Replaced, Stop, TooFarBehind};
    use Phase::{Closed, Draining, Greeting, Joined, Lingering, Reading, Silent};
    &[
        (Greeting,  Join,         Joined,    "joins, under the name asked for if there is one"),
        (Greeting,  Read,         Reading,   "is sent what happens; nobody is told"),
        (Greeting,  OtherLine,    Joined,    "joins; then the line is handled"),
        (Greeting,  Misdirected,  Draining,  "is answered; nothing is posted"),
        (Greeting,  Refused,      Draining,  "is told"),
        (Greeting,  Quiet,        Silent,    "joins"),
        (Greeting,  Eof,          Draining,  "never joined"),
        (Greeting,  Stop,         Draining,  "is told"),
        (Greeting,  Lost,         Closed,    "never joined"),
        (Silent,    Join,         Joined,    "is told that it is in already"),
        (Silent,    Read,         Reading,   "leaves; then it is sent what happens"),
        (Silent,    OtherLine,    Joined,    "the line is handled"),
        (Silent,    Misdirected,  Draining,  "is told; leaves; nothing else is posted"),
        (Silent,    Refused,      Draining,  "is told; leaves"),
        (Silent,    Eof,          Draining,  "leaves"),
        (Silent,    TooFarBehind, Draining,  "is told; leaves"),
        (Silent,    Stop,         Draining,  "is told"),
        (Silent,    Expired,      Closed,    "leaves"),
        (Silent,    Lost,         Closed,    "leaves"),
        (Joined,    Misdirected,  Draining,  "is told; leaves; the line is not posted"),
        (Joined,    Leave,        Draining,  "leaves"),
        (Joined,    Eof,          Draining,  "leaves"),
        (Joined,    Refused,      Draining,  "is told; leaves"),
        (Joined,    Replaced,     Draining,  "is told; its stay goes on"),
        (Joined,    TooFarBehind, Draining,  "is told; leaves"),
        (Joined,    Stop,         Draining,  "is told"),
        (Joined,    Expired,      Closed,    "leaves"),
        (Joined,    Lost,         Closed,    "leaves"),
        (Reading,   Leave,        Draining,  "nobody is told"),
        (Reading,   Eof,          Draining,  "nobody is told"),
        (Reading,   Refused,      Draining,  "is told"),
        (Reading,   TooFarBehind, Draining,  "is told"),
        (Reading,   Stop,         Draining,  "is told"),
        (Reading,   Expired,      Closed,    "is dropped"),
        (Reading,   Lost,         Closed,    "is dropped"),
        (Draining,  TooFarBehind, Draining,  "is told instead of what was waiting"),
        (Draining,  Drained,      Lingering, "our side is closed"),
        (Draining,  Expired,      Closed,    "is dropped"),
        (Draining,  Lost,         Closed,    "is dropped"),
        (Lingering, Eof,          Closed,    "both sides are closed"),
        (Lingering, Expired,      Closed,    "is dropped"),
        (Lingering, Lost,         Closed,    "is dropped"),
    ]
};

impl Phase {
    /// All phases, in the order of a life.
    pub const ALL: [Self; 7] = [
        Self::Greeting,
        Self::Silent,
        Self::Joined,
        Self::Reading,
        Self::Draining,
        Self::Lingering,
        Self::Closed,
    ];

    /// The phase after `event`, or `None` if it changes nothing.
    pub fn after(self, event: Event) -> Option<Self> {
        life::after(TRANSITIONS, self, &event)
    }

    /// Whether nothing that the connection sends counts any more.
    pub fn is_ending(self) -> bool {
        self >= Self::Draining
    }

    /// Whether its first line is yet to come.
    pub fn awaits_first_line(self) -> bool {
        matches!(self, Self::Greeting | Self::Silent)
    }

    /// Whether the connection is in the room.
    pub fn is_in_room(self) -> bool {
        matches!(self, Self::Silent | Self::Joined)
    }
}
