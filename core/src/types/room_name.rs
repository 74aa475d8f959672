//! Names of rooms (PROTOCOL.md, "Rooms").

use crate::types::limits::MAX_ROOM_NAME;
use alloc::sync::Arc;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};

/// The name of a room: 1 to [`MAX_ROOM_NAME`] of the letters `a` to `z`, digits, `-`, `_` and `.`. Capitals are
/// taken for small letters, so that there are no two rooms that differ in these alone.
///
/// ```
/// use chat_core::RoomName;
/// assert_eq!(RoomName::parse("#Dev").unwrap().as_str(), "dev");
/// assert_eq!(RoomName::parse("lobby").unwrap(), RoomName::LOBBY);
/// assert!(RoomName::parse("two words").is_err());
/// ```
#[derive(Clone, Default)]
pub struct RoomName(Option<Arc<str>>);

/// Why a text is no [`RoomName`]; its `Display` says what one must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InvalidRoomName;

/// What begins the name of what two say to each other alone, and no name that can be asked for.
const CONVERSATION: &str = "@";

impl RoomName {
    /// Where everyone begins.
    pub const LOBBY: Self = Self(None);

    /// Its name.
    pub(crate) const LOBBY_TEXT: &str = "lobby";

    /// The name of the log of the accounts, which is kept as that of a room, and which nobody can ask for.
    const ACCOUNTS_TEXT: &str = "@accounts";

    /// The log of the accounts: which names belong to somebody. Nobody can ask for it.
    pub fn accounts() -> Self {
        Self(Some(Self::ACCOUNTS_TEXT.into()))
    }

    /// Whether it is the log of the accounts.
    pub fn is_accounts(&self) -> bool {
        self.0.as_deref() == Some(Self::ACCOUNTS_TEXT)
    }

    /// The name of the log of what two owners of names say to each other alone, by the entries of the accounts' log since which
    /// the names are theirs: whoever claims one of them later has another conversation. Nobody can ask for it. None where
    /// they are the same, or one is not known (0).
    pub(crate) fn conversation(one: u64, other: u64) -> Option<Self> {
        let (first, second) = (one.min(other), one.max(other));
        if first == 0 || first == second {
            return None;
        }
        let name = alloc::format!("{CONVERSATION}{first:x}.{second:x}");
        // Numbers that are longer than that are never reached.
        (name.len() <= MAX_ROOM_NAME).then(|| Self(Some(name.into())))
    }

    /// Whether it is the name of what two say to each other alone.
    pub fn is_conversation(&self) -> bool {
        self.0
            .as_deref()
            .is_some_and(|name| name.starts_with(CONVERSATION))
            && !self.is_accounts()
    }

    fn parse_conversation(text: &str) -> Option<Self> {
        let (one, other) = text.strip_prefix(CONVERSATION)?.split_once('.')?;
        let [one, other] = [one, other].map(|it| u64::from_str_radix(it, 16).ok());
        // There is one way to write it.
        Self::conversation(one?, other?).filter(|it| it.as_str() == text)
    }

    /// Checks the name of a log that is kept, which is that of a room, of the accounts, or of a conversation of two.
    ///
    /// # Errors
    /// When it is none of these.
    pub fn parse_kept(text: &str) -> Result<Self, InvalidRoomName> {
        if text == Self::ACCOUNTS_TEXT {
            Ok(Self::accounts())
        } else {
            Self::parse_conversation(text).map_or_else(|| Self::parse(text), Ok)
        }
    }

    /// Checks a name; a `#` before it is dropped.
    ///
    /// # Errors
    /// When it is empty, too long, or has a character that names of rooms do not have.
    pub fn parse(text: &str) -> Result<Self, InvalidRoomName> {
        let text = text.strip_prefix('#').unwrap_or(text);
        let safe = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        if text.is_empty() || text.len() > MAX_ROOM_NAME || !text.bytes().all(safe) {
            return Err(InvalidRoomName);
        }
        let name = text.to_ascii_lowercase();
        Ok(Self((name != Self::LOBBY_TEXT).then(|| name.into())))
    }

    /// The name as it is shown, without a `#`.
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or(Self::LOBBY_TEXT)
    }

    /// Whether it is the room where everyone begins.
    pub fn is_lobby(&self) -> bool {
        self.0.is_none()
    }
}

impl PartialEq for RoomName {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for RoomName {}

impl Ord for RoomName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl PartialOrd for RoomName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for RoomName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for InvalidRoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a room's name has 1 to {MAX_ROOM_NAME} letters a to z, digits, dashes, underscores and dots"
        )
    }
}

impl core::error::Error for InvalidRoomName {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_of_safe_characters_and_no_longer_than_the_limit() {
        for good in ["a", "dev", "9", "-", "a.b_c-d", &"r".repeat(MAX_ROOM_NAME)] {
            assert_eq!(RoomName::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "#",
            "##a",
            "a b",
            "é",
            "a/b",
            &"r".repeat(MAX_ROOM_NAME + 1),
        ] {
            assert!(RoomName::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_log_of_the_accounts_is_kept_and_cannot_be_asked_for() {
        let accounts = RoomName::accounts();
        assert!(accounts.is_accounts() && !accounts.is_lobby());
        assert_eq!(RoomName::parse(accounts.as_str()), Err(InvalidRoomName));
        assert_eq!(
            RoomName::parse("accounts").map(|it| it.is_accounts()),
            Ok(false)
        );
        assert_eq!(RoomName::parse_kept(accounts.as_str()), Ok(accounts));
        assert_eq!(RoomName::parse_kept("dev"), RoomName::parse("dev"));
        assert!(RoomName::parse_kept("@other").is_err());
    }

    #[test]
    fn a_conversation_is_of_two_and_cannot_be_asked_for() {
        let name = RoomName::conversation(300, 7).unwrap();
        assert_eq!(name.as_str(), "@7.12c");
        assert!(name.is_conversation() && !name.is_accounts());
        assert!(!RoomName::accounts().is_conversation() && !RoomName::LOBBY.is_conversation());
        assert_eq!(RoomName::conversation(7, 300), Some(name.clone()));
        assert_eq!(RoomName::parse_kept("@7.12c"), Ok(name));
        for none in [(7, 7), (0, 7), (7, 0)] {
            assert_eq!(RoomName::conversation(none.0, none.1), None);
        }
        let longest = RoomName::conversation((1 << 60) - 2, (1 << 60) - 1).unwrap();
        assert_eq!(longest.as_str().len(), MAX_ROOM_NAME);
        assert_eq!(RoomName::conversation((1 << 60) - 1, 1 << 60), None);
        for bad in [
            "@7.7", "@12c.7", "@07.12c", "@7.12C", "@7.", "@.7", "@7", "@0.7", "@+7.12c", "7.@c",
        ] {
            assert!(RoomName::parse_kept(bad).is_err(), "{bad}");
            assert!(RoomName::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_lobby_has_one_name() {
        for text in ["lobby", "#lobby", "LOBBY"] {
            assert!(RoomName::parse(text).unwrap().is_lobby());
        }
        assert_eq!(RoomName::default(), RoomName::LOBBY);
        assert!(RoomName::parse("a").unwrap() < RoomName::LOBBY);
        assert!(RoomName::LOBBY < RoomName::parse("z").unwrap());
    }
}
