//! What happens if somebody wants something, given a room's state.

use super::names::Names;
use super::state::State;
use crate::mark::{Mark, mark};
use crate::types::entry::{Entry, Kind, SessionId};
use crate::types::name::Name;
use alloc::borrow::Cow;

/// The highest number put after a name that was asked for; finding a free one takes no longer.
const MAX_NUMBER: u32 = 99;

/// What somebody wants to happen in the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command<'a> {
    /// To join under this name, or under one like it if somebody has it.
    Join {
        wanted: Name,
        /// They have proved that the name belongs to them.
        is_theirs: bool,
        /// Where too many want the same name, the one that goes with this port is taken.
        port: u16,
        session: Option<SessionId>,
    },
    /// To come into this room as well, under the name that they have in others.
    Enter {
        name: &'a Name,
        session: Option<SessionId>,
    },
    /// To leave.
    Leave(&'a Name),
    /// To have another name from now on.
    Rename {
        name: &'a Name,
        wanted: &'a Name,
        /// They have proved that the name belongs to them.
        is_theirs: bool,
    },
    /// To say what the room is about; nothing any more, with an empty text.
    SetTopic { name: &'a Name, text: &'a str },
    /// To say or do something; in a session, if what is said has an id. That they are in the room is for whoever
    /// makes the command to know: a connection has its membership until its leaving is ordered, and looking
    /// the name up for each line would cost a fifth of an append.
    Say {
        /// [`Kind::Said`] or [`Kind::Acted`].
        kind: Kind,
        name: &'a Name,
        text: &'a str,
        sender: Option<SessionId>,
        id: Option<&'a str>,
    },
}

/// Why something does not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Who wants it is not in the room.
    NotInTheRoom,
    /// Somebody else has the name, or one that is taken for it, in whatever room.
    NameTaken,
    /// The name belongs to somebody else, or one does that it is taken for.
    NameClaimed,
    /// It is so already.
    Unchanged,
}

/// What happens if a command is carried out now, or why nothing does. It changes nothing.
///
/// All that it knows is the state, the names in use and the command, so that whoever decides the same commands in the same
/// order comes to the same entries.
pub(crate) fn decide<'a>(
    state: &State,
    names: &Names,
    command: Command<'a>,
) -> Result<Entry<'a>, Refusal> {
    match command {
        Command::Join {
            wanted,
            is_theirs,
            port,
            session,
        } => {
            let name = if is_theirs && !names.has_like(&wanted) {
                wanted
            } else {
                free_name(names, wanted, port)
            };
            Ok(Entry::joined(Cow::Owned(name), session))
        }
        Command::Enter { name, session } => {
            if state.has(name) {
                return Err(Refusal::Unchanged);
            }
            Ok(Entry::joined(Cow::Borrowed(name), session))
        }
        Command::Leave(name) => {
            if !state.has(name) {
                return Err(Refusal::NotInTheRoom);
            }
            Ok(Entry::left(name))
        }
        Command::Rename {
            name,
            wanted,
            is_theirs,
        } => {
            if !state.has(name) {
                return Err(Refusal::NotInTheRoom);
            }
            if name == wanted {
                return Err(Refusal::Unchanged);
            }
            if names.alike(wanted).any(|other| other != name) {
                mark(Mark::RenameTaken);
                return Err(Refusal::NameTaken);
            }
            if !is_theirs && names.claimed_like(wanted, Some(name)).is_some() {
                mark(Mark::RenameClaimed);
                return Err(Refusal::NameClaimed);
            }
            Ok(Entry::of(Kind::Renamed, name, wanted.as_str()))
        }
        Command::SetTopic { name, text } => {
            if !state.has(name) {
                return Err(Refusal::NotInTheRoom);
            }
            if state.topic().map_or("", |topic| &topic.text) == text {
                return Err(Refusal::Unchanged);
            }
            Ok(Entry::of(Kind::Topic, name, text))
        }
        Command::Say {
            kind,
            name,
            text,
            sender,
            id,
        } => Ok(Entry {
            sender,
            id,
            ..Entry::of(kind, name, text)
        }),
    }
}

/// `wanted`, or the first of `wanted-2`, `wanted-3` … that nobody has or is taken for. Where too
/// many have asked for the same, the same is done for the name that goes with the port.
fn free_name(names: &Names, wanted: Name, port: u16) -> Name {
    let is_free = |name: &Name| names.is_free(name);
    if is_free(&wanted) {
        return wanted;
    }
    mark(Mark::NameTaken);
    let numbered = (2..=MAX_NUMBER)
        .filter_map(|n| wanted.numbered(n))
        .find(is_free);
    numbered.unwrap_or_else(|| {
        mark(Mark::NameByPort);
        free_name_of_port(names, port)
    })
}

/// The name that goes with a port, or the first of those with a number after it that is free.
pub(crate) fn free_name_of_port(names: &Names, port: u16) -> Name {
    let name = Name::of_port(port);
    // There are more numbers than connections, and nobody owns one of these names.
    let mut numbered = (2..).filter_map(|n| name.numbered(n));
    if names.is_free(&name) {
        return name;
    }
    let free = numbered.find(|it| names.is_free(it));
    free.unwrap_or(name)
}
