//! What a line of the text dialect asks for that concerns rooms, read as PROTOCOL.md has it.

use crate::naming::shows_nothing;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OfRooms<'a> {
    /// To go to a room.
    Join(&'a str),
    /// Which rooms there are.
    Rooms,
    /// Who is in a room.
    Who(&'a str),
}

impl<'a> OfRooms<'a> {
    /// What a line asks for, if it is that.
    pub(super) fn by(line: &'a [u8]) -> Option<Self> {
        let command = str::from_utf8(line).ok()?.strip_prefix('/')?;
        let (word, rest) = command
            .split_once(char::is_whitespace)
            .unwrap_or((command, ""));
        let rest = Some(rest.trim()).filter(|rest| !shows_nothing(rest));
        let more = rest.and_then(|rest| rest.split_once(char::is_whitespace));
        if more.is_some_and(|(_, more)| !shows_nothing(more)) {
            return None;
        }
        match (&*word.to_ascii_lowercase(), rest) {
            ("join", Some(room)) => Some(Self::Join(room)),
            ("rooms", None) => Some(Self::Rooms),
            ("who", Some(room)) => Some(Self::Who(room)),
            _ => None,
        }
    }
}
