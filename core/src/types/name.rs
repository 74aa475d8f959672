//! Names of people (PROTOCOL.md, "Names").

use crate::types::limits::MAX_NAME;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};

/// A name that is safe to print and cannot be mistaken for anything else: 1 to [`MAX_NAME`]
/// bytes of ASCII letters, digits, `-`, `_` and `.`, the first a letter or a digit.
///
/// ```
/// use chat_core::Name;
/// assert_eq!(Name::parse("ann").unwrap().as_str(), "ann");
/// assert!(Name::parse("* not a notice").is_err());
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<str>);

/// Names that nobody may ask for (PROTOCOL.md, "Names").
pub(crate) const RESERVED: [&str; 8] = [
    "admin",
    "administrator",
    "everyone",
    "here",
    "moderator",
    "operator",
    "server",
    "system",
];

/// Why a text is no [`Name`]; its `Display` says what a name must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InvalidName;

impl Name {
    /// Checks a name.
    ///
    /// # Errors
    /// When it is empty, too long, or has a character that names do not have.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let safe = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        let starts_well = text
            .as_bytes()
            .first()
            .is_some_and(u8::is_ascii_alphanumeric);
        if starts_well && text.len() <= MAX_NAME && text.bytes().all(safe) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidName)
        }
    }

    /// Whether nobody may take it: it would be believed to speak for the server, or for everyone.
    pub(crate) fn is_reserved(&self) -> bool {
        RESERVED.iter().any(|it| self.0.eq_ignore_ascii_case(it))
    }

    /// The name of a connection that asked for none: `USER` and its port.
    pub fn of_port(port: u16) -> Self {
        Self(format!("USER{port}").into())
    }

    /// The name to try when this one is taken: `-2`, `-3` … after it, and no longer than a name
    /// may be.
    #[must_use]
    pub fn numbered(&self, number: u32) -> Self {
        let suffix = format!("-{number}");
        let kept = self.0.len().min(MAX_NAME - suffix.len());
        Self((String::from(&self.0[..kept]) + &suffix).into())
    }

    /// Whether it is the same but for the case of letters.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }

    /// The name as it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A name among those that are in use: one is not there twice, whatever its letters' case.
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

impl fmt::Display for InvalidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a name is 1 to {MAX_NAME} letters, digits, -, _ or ., and begins with a letter or a digit"
        )
    }
}

impl core::error::Error for InvalidName {}

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
            "", "*", "-a", "_a", ".a", "a b", "a:", "ä", "a\u{7}", "{}", "a\n",
        ] {
            assert!(Name::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_numbered_name_is_still_a_name() {
        let longest = Name::parse(&"a".repeat(MAX_NAME)).unwrap();
        for number in [2, 10, u32::MAX] {
            let numbered = longest.numbered(number);
            assert_eq!(numbered.as_str().len(), MAX_NAME);
            assert_eq!(Name::parse(numbered.as_str()), Ok(numbered));
        }
        assert_eq!(Name::of_port(5000).numbered(2).as_str(), "USER5000-2");
    }
}
