//! What is kept of a password: enough to tell whether another one is the same, and no more.

use crate::types::hex::{from_hex, to_hex};
use crate::types::secret::Secret;
use alloc::string::String;
use core::hint::black_box;

/// What makes equal passwords of two people differ where they are kept, in bytes.
pub const SALT: usize = 16;

/// What is computed of a password and a salt, in bytes.
pub const HASH: usize = 32;

/// The hash of a password, and the salt that it was computed with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Verifier {
    /// What the password was hashed with.
    pub salt: Secret<[u8; SALT]>,
    /// What came of it.
    pub hash: Secret<[u8; HASH]>,
}

impl Verifier {
    /// Whether it is of the same password and salt. That takes the same time whatever the bytes are, so that nobody learns
    /// from it how far two are alike.
    pub(crate) fn verifies(&self, other: &Self) -> bool {
        let (own, others) = (self.bytes(), other.bytes());
        let differ = |all, (a, b): (u8, u8)| black_box(all | (a ^ b));
        own.zip(others).fold(0, differ) == 0
    }

    /// The verifier that a text is, as [`to_text`](Self::to_text) writes it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; SALT + HASH] = from_hex(text)?;
        Self::decode(&bytes).map(|(verifier, _)| verifier)
    }

    /// It in hexadecimal digits, the salt first.
    pub(crate) fn to_text(&self) -> String {
        to_hex(self.bytes())
    }

    /// The verifier that bytes begin with, and what follows it.
    pub(crate) fn decode(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (salt, rest) = bytes.split_first_chunk()?;
        let (hash, rest) = rest.split_first_chunk()?;
        let (salt, hash) = (Secret(*salt), Secret(*hash));
        Some((Self { salt, hash }, rest))
    }

    /// The salt, and then the hash.
    pub(crate) fn bytes(&self) -> impl Iterator<Item = u8> {
        self.salt.iter().chain(self.hash.iter()).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verifier(salt: u8, hash: u8) -> Verifier {
        Verifier {
            salt: Secret([salt; SALT]),
            hash: Secret([hash; HASH]),
        }
    }

    #[test]
    fn it_is_the_same_as_a_text_and_shows_nothing_where_it_is_looked_at() {
        let verifier = verifier(0x0f, 0xa0);
        let text = verifier.to_text();
        assert_eq!(text, "0f".repeat(SALT) + &"a0".repeat(HASH));
        assert_eq!(Verifier::parse(&text), Some(verifier.clone()));
        assert_eq!(
            alloc::format!("{verifier:?}"),
            "Verifier { salt: …, hash: … }"
        );
        for other in [
            &text[1..],
            &text.to_uppercase(),
            &text.replace("0f", "+f"),
            "",
        ] {
            assert_eq!(Verifier::parse(other), None, "{other}");
        }
    }

    #[test]
    fn two_are_the_same_only_in_every_byte() {
        let own = verifier(1, 2);
        assert!(own.verifies(&own.clone()));
        assert!(!own.verifies(&verifier(1, 3)) && !own.verifies(&verifier(2, 2)));
        let mut last = own.clone();
        last.hash[HASH - 1] ^= 1;
        assert!(!own.verifies(&last) && !last.verifies(&own));
    }
}
