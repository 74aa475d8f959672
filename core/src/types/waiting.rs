//! What was said to somebody alone who was not there: it waits for them (PROTOCOL.md, "Private words").

use crate::types::name::Name;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// A message that waits for the owner of a name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Waiting {
    /// Since which entry of the accounts' log the name belongs to whoever said it: with that of its receiver, it tells in which
    /// conversation it is.
    pub(crate) with: u64,
    /// Its number there.
    pub(crate) seq: u64,
    /// When it was said, in milliseconds since the Unix epoch.
    pub(crate) at: u64,
    /// The name of whoever said it, as it was then.
    pub(crate) from: Name,
}

impl Waiting {
    /// What a text says, as [`to_text`](Self::to_text) writes it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(4, ' ');
        Some(Self {
            with: decimal(parts.next()?)?,
            seq: decimal(parts.next()?)?,
            at: decimal(parts.next()?)?,
            from: Name::parse(parts.next()?).ok()?,
        })
    }

    /// The numbers, in the order in which they stand above, and the name, with blanks between them.
    pub(crate) fn to_text(&self) -> String {
        format!("{} {} {} {}", self.with, self.seq, self.at, self.from)
    }

    /// It as bytes: the numbers in eight each, the length of the name in one, and the name.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        for number in [self.with, self.seq, self.at] {
            out.extend(number.to_le_bytes());
        }
        let name = self.from.as_str().as_bytes();
        // No name is longer than that.
        out.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
        out.extend(name);
    }

    /// What bytes begin with, and what follows it.
    pub(crate) fn decode(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (with, rest) = bytes.split_first_chunk()?;
        let (seq, rest) = rest.split_first_chunk()?;
        let (at, rest) = rest.split_first_chunk()?;
        let (length, rest) = rest.split_first()?;
        let (name, rest) = rest.split_at_checked(usize::from(*length))?;
        let waiting = Self {
            with: u64::from_le_bytes(*with),
            seq: u64::from_le_bytes(*seq),
            at: u64::from_le_bytes(*at),
            from: Name::parse(core::str::from_utf8(name).ok()?).ok()?,
        };
        Some((waiting, rest))
    }
}

/// What has been read, as a text: with whom, as for [`Waiting::with`], and up to which number.
pub(crate) fn read_to_text(with: u64, seq: u64) -> String {
    format!("{with} {seq}")
}

/// What such a text says.
pub(crate) fn parse_read(text: &str) -> Option<(u64, u64)> {
    let (with, seq) = text.split_once(' ')?;
    Some((decimal(with)?, decimal(seq)?))
}

/// A number, written in the one way that there is.
fn decimal(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (format!("{number}") == text).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_same_as_a_text_and_as_bytes() {
        let waiting = Waiting {
            with: 7,
            seq: 0,
            at: u64::MAX,
            from: Name::parse("Ann").unwrap(),
        };
        let text = waiting.to_text();
        assert_eq!(text, "7 0 18446744073709551615 Ann");
        assert_eq!(Waiting::parse(&text), Some(waiting.clone()));
        let mut bytes = Vec::new();
        waiting.encode(&mut bytes);
        assert_eq!(Waiting::decode(&bytes), Some((waiting, &[][..])));
        for cut in 0..bytes.len() {
            assert_eq!(Waiting::decode(&bytes[..cut]), None, "{cut}");
        }
        for bad in [
            "",
            "7 0 1",
            "7 0 1 ",
            "07 0 1 ann",
            "7 0 1 no name",
            "7 -1 1 ann",
        ] {
            assert_eq!(Waiting::parse(bad), None, "{bad}");
        }
        assert_eq!(parse_read(&read_to_text(3, 12)), Some((3, 12)));
        for bad in ["", "3", "3 ", "3 012", "3 1 2"] {
            assert_eq!(parse_read(bad), None, "{bad}");
        }
    }
}
