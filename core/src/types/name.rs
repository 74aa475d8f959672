//! Names of people (PROTOCOL.md, "Names").

use crate::types::limits::MAX_NAME;
use crate::types::spelling::{InvalidName, spelled};
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use arrayvec::ArrayString;
use core::cmp::Ordering;
use core::fmt::{self, Write};
use core::hash::{Hash, Hasher};

/// A name that is safe to print and cannot be mistaken for anything else: 1 to [`MAX_NAME`]
/// bytes of letters and digits of one script, `-`, `_` and `.`, the first a letter or a digit.
///
/// ```
/// use chat_core::Name;
/// assert_eq!(Name::parse("ann").unwrap().as_str(), "ann");
/// assert_eq!(Name::parse("Zoe\u{308}").unwrap().as_str(), "Zoë");
/// assert!(Name::parse("* not a notice").is_err());
/// ```
///
/// It takes one pointer, as each is held in several places, and there are many.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<ArrayString<MAX_NAME>>);

impl Name {
    /// Checks a name, and has it as it is shown.
    ///
    /// # Errors
    /// When it is empty, too long, or has characters that names do not have, or not together.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        if !text.is_ascii() {
            return Self::of(&spelled(text)?);
        }
        let safe = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        let starts_well = text
            .as_bytes()
            .first()
            .is_some_and(u8::is_ascii_alphanumeric);
        if starts_well && text.bytes().all(safe) {
            Self::of(text)
        } else {
            Err(InvalidName::Form)
        }
    }

    fn of(text: &str) -> Result<Self, InvalidName> {
        let text = ArrayString::from(text).map_err(|_| InvalidName::Form)?;
        Ok(Self(Arc::new(text)))
    }

    /// The name of a connection that asked for none: `USER` and its port.
    pub fn of_port(port: u16) -> Self {
        let mut text = ArrayString::new();
        let _ = write!(text, "USER{port}"); // It fits.
        Self(Arc::new(text))
    }

    /// Whether it is of the form of a name that goes with a port, be it with a number after it.
    pub(crate) fn is_of_port(&self) -> bool {
        let Some((user, rest)) = self.0.split_at_checked(4) else {
            return false;
        };
        let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let (port, number) = rest.split_once('-').unwrap_or((rest, "0"));
        user.eq_ignore_ascii_case("USER") && are_digits(port) && are_digits(number)
    }

    /// The name to try when this one is taken: `-2`, `-3` … after it, and no longer than a name
    /// may be. There is none where those digits do not stand beside its own.
    pub fn numbered(&self, number: u32) -> Option<Self> {
        let suffix = format!("-{number}");
        let mut kept = self.0.len().min(MAX_NAME - suffix.len());
        while !self.0.is_char_boundary(kept) {
            kept -= 1;
        }
        Self::parse(&(String::from(&self.0[..kept]) + &suffix)).ok()
    }

    /// Whether the two differ at most in the case of letters of ASCII.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.as_str().eq_ignore_ascii_case(&other.0)
    }

    /// The name as it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A name among those that are in use, in the order of their small letters of ASCII.
#[derive(Clone, Debug)]
pub(crate) struct Unique(pub(crate) Name);

impl Unique {
    /// What it has in common with those that differ only in case.
    fn folded(&self) -> impl Iterator<Item = u8> {
        self.0.0.bytes().map(|byte| byte.to_ascii_lowercase())
    }
}

impl Ord for Unique {
    fn cmp(&self, other: &Self) -> Ordering {
        self.folded().cmp(other.folded())
    }
}

impl PartialOrd for Unique {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Unique {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Unique {}

impl Hash for Unique {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded().for_each(|byte| state.write_u8(byte));
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_at_the_limit_is_valid_and_one_past_it_is_not() {
        assert!(Name::parse(&"a".repeat(MAX_NAME)).is_ok());
        assert!(Name::parse(&"a".repeat(MAX_NAME + 1)).is_err());
    }

    #[test]
    fn names_keep_to_a_safe_set() {
        for good in ["a", "7", "USER61015-2", "ann.b_c-d"] {
            assert!(Name::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "", "*", "-a", "_a", ".a", "a b", "a:", "a\u{7}", "{}", "a\n",
        ] {
            assert!(Name::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_numbered_name_is_still_a_name() {
        let longest = Name::parse(&"a".repeat(MAX_NAME)).unwrap();
        for number in [2, 10, u32::MAX] {
            let numbered = longest.numbered(number).unwrap();
            assert_eq!(numbered.as_str().len(), MAX_NAME);
            assert_eq!(Name::parse(numbered.as_str()), Ok(numbered));
        }
        assert_eq!(
            Name::of_port(5000).numbered(2).unwrap().as_str(),
            "USER5000-2"
        );
    }
}
