//! What a line of the text dialect asks for that concerns rooms, read as PROTOCOL.md has it.

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
        let mut words = rest.split_whitespace();
        match (&*word.to_ascii_lowercase(), words.next(), words.next()) {
            ("join", Some(room), None) => Some(Self::Join(room)),
            ("rooms", None, None) => Some(Self::Rooms),
            ("who", Some(room), None) => Some(Self::Who(room)),
            _ => None,
        }
    }
}
