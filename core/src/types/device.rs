//! Devices: where an owner comes back to their name without its password (PROTOCOL.md, "Devices").

use crate::types::hex::{from_hex, to_hex};
use crate::types::limits::MAX_LABEL;
use crate::types::secret::Secret;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use sha2::{Digest, Sha256};

/// What is kept of a device.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Device {
    /// Which of its owner's: no other device of that name has, or had, the same number.
    pub(crate) number: u32,
    /// When its token was given out, in milliseconds since the Unix epoch.
    pub(crate) made: u64,
    hash: Secret<[u8; 32]>,
    /// What its owner's client calls it; may be empty.
    pub(crate) label: Box<str>,
}

impl Device {
    /// The device that is given a token.
    pub(crate) fn new(number: u32, made: u64, token: &str, label: &str) -> Self {
        Self {
            number,
            made,
            hash: hash(token),
            label: label.into(),
        }
    }

    /// Whether a token is this device's. A token has 128 random bits, unlike a password that a person chose: nobody finds it
    /// by trying, so one pass of SHA-256 keeps it as secret as many would, and no salt is needed, as no two tokens are the
    /// same. For how long two hashes are compared tells nothing of a token, either: nobody can choose a token by its hash.
    pub(crate) fn has_token(&self, token: &str) -> bool {
        self.hash == hash(token)
    }

    /// The device that a text is, as [`to_text`](Self::to_text) writes it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(4, ' ');
        let number = decimal(parts.next()?)?;
        let made = decimal(parts.next()?)?;
        let hash = from_hex(parts.next()?)?;
        let label = parts.next().filter(|it| it.len() <= MAX_LABEL)?;
        Some(Self {
            number: u32::try_from(number).ok()?,
            made,
            hash: Secret(hash),
            label: label.into(),
        })
    }

    /// Its number, the time, the hash of its token in hexadecimal digits, and its label, with blanks between them.
    pub(crate) fn to_text(&self) -> String {
        let hash = to_hex(*self.hash);
        format!("{} {} {hash} {}", self.number, self.made, self.label)
    }

    /// It as bytes: its number in four, the time in eight, the hash in 32, the length of its label in one, and the label.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        const _: () = assert!(MAX_LABEL <= u8::MAX as usize);
        out.extend(self.number.to_le_bytes());
        out.extend(self.made.to_le_bytes());
        out.extend(*self.hash);
        out.push(u8::try_from(self.label.len()).unwrap_or(u8::MAX));
        out.extend(self.label.as_bytes());
    }

    /// The device that bytes begin with, and what follows it.
    pub(crate) fn decode(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (number, rest) = bytes.split_first_chunk()?;
        let (made, rest) = rest.split_first_chunk()?;
        let (hash, rest) = rest.split_first_chunk()?;
        let (length, rest) = rest.split_first()?;
        let (label, rest) = rest.split_at_checked(usize::from(*length))?;
        let label = core::str::from_utf8(label).ok();
        let device = Self {
            number: u32::from_le_bytes(*number),
            made: u64::from_le_bytes(*made),
            hash: Secret(*hash),
            label: label.filter(|it| it.len() <= MAX_LABEL)?.into(),
        };
        Some((device, rest))
    }
}

/// What is kept of a token.
fn hash(token: &str) -> Secret<[u8; 32]> {
    Secret(Sha256::digest(token).into())
}

/// A number, written in the one way that there is.
fn decimal(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (format!("{number}") == text).then_some(number)
}

/// The number of a device as a text, if it is one.
pub(crate) fn number_of(text: &str) -> Option<u32> {
    decimal(text).and_then(|number| u32::try_from(number).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_same_as_a_text_and_as_bytes_and_shows_no_hash() {
        for label in ["", "the laptop", &"x".repeat(MAX_LABEL)] {
            let device = Device::new(7, 1_700_000_000_000, "00ff", label);
            let text = device.to_text();
            assert_eq!(Device::parse(&text), Some(device.clone()));
            let mut bytes = Vec::new();
            device.encode(&mut bytes);
            assert_eq!(Device::decode(&bytes), Some((device.clone(), &[][..])));
            for cut in 0..bytes.len() {
                assert_eq!(Device::decode(&bytes[..cut]), None, "{cut}");
            }
            let shown = format!("{device:?}");
            let digits = text.split(' ').nth(2).unwrap();
            assert!(
                shown.contains("hash: …") && !shown.contains(digits),
                "{shown}"
            );
        }
    }

    #[test]
    fn what_is_written_otherwise_is_none() {
        let text = Device::new(7, 9, "t", "x").to_text();
        let long = alloc::format!("{text}{}", "x".repeat(MAX_LABEL));
        for other in [
            &text[1..],
            &text.replacen("7 ", "07 ", 1),
            &text.replacen("7 ", "+7 ", 1),
            &text.replacen("7 ", "4294967296 ", 1),
            &text.to_uppercase(),
            text.trim_end_matches(" x"),
            &long,
            "",
        ] {
            assert_eq!(Device::parse(other), None, "{other}");
        }
    }

    #[test]
    fn a_device_has_its_token_alone() {
        let device = Device::new(1, 0, "0123", "");
        assert!(device.has_token("0123"));
        for other in ["0124", "123", "01234", ""] {
            assert!(!device.has_token(other), "{other}");
        }
    }
}
