//! What a line of the server is to a benchmark.

use std::process;
use std::time::{SystemTime, UNIX_EPOCH};

/// The bytes that every name of one run begins with.
const PREFIX: usize = 8;

/// The names of one run, of members such as `b0c0de1-7` and of abusers such as `flood-0c0de1-7`: no
/// other run has them, and no person.
#[derive(Clone, Copy, Debug)]
pub struct Names([u8; PREFIX]);

/// A connection of this run that is there to disturb.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Abuser {
    /// It reads nothing.
    Deaf,
    /// It speaks without a pause.
    Flooding,
    /// It asks for long answers without a pause.
    Asking,
}

impl Abuser {
    fn word(self) -> &'static [u8] {
        match self {
            Self::Deaf => b"deaf-",
            Self::Flooding => b"flood-",
            Self::Asking => b"ask-",
        }
    }
}

/// What somebody does in the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// It said a line.
    Said,
    /// It has joined.
    Joined,
    /// It has left.
    Left,
}

/// A line from the server. Members are those of this run, by their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard<'a> {
    /// A member said this.
    Said(u32, &'a [u8]),
    /// A member has joined.
    Joined(u32),
    /// A member has left.
    Left(u32),
    /// An abuser did this.
    Abuser(Abuser, Deed),
    /// The one who hears it is in the room.
    Welcome,
    /// A private line from the server.
    Notice(&'a [u8]),
    /// Something about or from others.
    Other,
}

impl Default for Names {
    fn default() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let clock = since.map_or(0, |since| since.subsec_nanos());
        Self::of_run(clock ^ process::id().rotate_left(12))
    }
}

impl Names {
    /// The names of the run of this number; only its last 24 bits count.
    pub fn of_run(run: u32) -> Self {
        let mut prefix = *b"b......-";
        for (place, digit) in prefix[1..7].iter_mut().zip((0..6).rev()) {
            *place = b"0123456789abcdef"[(run >> (4 * digit) & 15) as usize];
        }
        Self(prefix)
    }

    /// The line with which a member joins.
    pub fn join(&self, member: u32, out: &mut Vec<u8>) {
        out.extend_from_slice(b"JOIN ");
        out.extend_from_slice(&self.0);
        out.extend_from_slice(member.to_string().as_bytes());
        out.push(b'\n');
    }

    /// The line with which an abuser joins.
    pub fn join_as(&self, abuser: Abuser, number: u32, out: &mut Vec<u8>) {
        out.extend_from_slice(b"JOIN ");
        out.extend_from_slice(abuser.word());
        out.extend_from_slice(self.of_abusers());
        out.extend_from_slice(number.to_string().as_bytes());
        out.push(b'\n');
    }

    /// What stands between word and number in the names of abusers.
    fn of_abusers(&self) -> &[u8] {
        &self.0[1..]
    }

    /// What a line is.
    #[inline]
    pub fn hear<'a>(&self, line: &'a [u8]) -> Heard<'a> {
        match line.split_first_chunk() {
            Some((prefix, rest)) if *prefix == self.0 => of_member(rest),
            _ => self.of_abuser(line).unwrap_or_else(|| of_others(line)),
        }
    }

    fn of_abuser(self, line: &[u8]) -> Option<Heard<'static>> {
        let rest_for = |abuser: Abuser| {
            let rest = line.strip_prefix(abuser.word())?;
            Some((abuser, rest.strip_prefix(self.of_abusers())?))
        };
        let kinds = [Abuser::Flooding, Abuser::Deaf, Abuser::Asking];
        let (abuser, rest) = kinds.into_iter().find_map(rest_for)?;
        let deed = match of_member(rest) {
            Heard::Said(..) => Deed::Said,
            Heard::Joined(_) => Deed::Joined,
            Heard::Left(_) => Deed::Left,
            _ => return None,
        };
        Some(Heard::Abuser(abuser, deed))
    }
}

/// `rest` is what stands after the prefix of a name.
#[inline]
fn of_member(rest: &[u8]) -> Heard<'_> {
    let mut member = 0_u32;
    for (at, byte) in rest.iter().enumerate() {
        match byte {
            b'0'..=b'9' if at < 9 => member = member * 10 + u32::from(byte - b'0'),
            b':' if at > 0 && rest.get(at + 1) == Some(&b' ') => {
                return Heard::Said(member, &rest[at + 2..]);
            }
            b' ' if &rest[at..] == b" has joined the chat" => return Heard::Joined(member),
            b' ' if &rest[at..] == b" has left the chat" => return Heard::Left(member),
            _ => break,
        }
    }
    Heard::Other
}

#[cold]
fn of_others(line: &[u8]) -> Heard<'_> {
    if line == b"Welcome to the chatroom!" {
        Heard::Welcome
    } else if line.starts_with(b"* ") {
        Heard::Notice(line)
    } else {
        Heard::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_something() {
        let names = Names::of_run(0xabc);
        let mut join = Vec::new();
        names.join(207, &mut join);
        names.join_as(Abuser::Deaf, 3, &mut join);
        assert_eq!(join, b"JOIN b000abc-207\nJOIN deaf-000abc-3\n");
        for (line, heard) in [
            (
                "b000abc-207: b000abc-1: hi",
                Heard::Said(207, b"b000abc-1: hi"),
            ),
            ("b000abc-0 has joined the chat", Heard::Joined(0)),
            ("b000abc-59999 has left the chat", Heard::Left(59_999)),
            (
                "flood-000abc-1: !!!",
                Heard::Abuser(Abuser::Flooding, Deed::Said),
            ),
            (
                "flood-000abc-1000 has joined the chat",
                Heard::Abuser(Abuser::Flooding, Deed::Joined),
            ),
            (
                "deaf-000abc-3 has left the chat",
                Heard::Abuser(Abuser::Deaf, Deed::Left),
            ),
            ("Welcome to the chatroom!", Heard::Welcome),
            (
                "ask-000abc-4 has left the chat",
                Heard::Abuser(Abuser::Asking, Deed::Left),
            ),
            (
                "* Goodbye: the room is full.",
                Heard::Notice(b"* Goodbye: the room is full."),
            ),
            ("b000abd-207: hi", Heard::Other),
            ("flood-000abd-1: !!!", Heard::Other),
            ("flood-000abc-1-2: !!!", Heard::Other),
            ("b000abc-207-2: hi", Heard::Other),
            ("b000abc-207 has joined the chat!", Heard::Other),
            ("b000abc-999999999999999: hi", Heard::Other),
            ("b000abc-7:", Heard::Other),
            ("alice: b000abc-1: hi", Heard::Other),
            ("", Heard::Other),
        ] {
            assert_eq!(names.hear(line.as_bytes()), heard, "{line}");
        }
    }
}
