//! Where one wants to go: a server, and perhaps a room of it.

use crate::tls::client::Server;
use chat_core::RoomName;
use std::str::FromStr;

/// The scheme after which a server speaks TLS.
const SCHEME: &str = "tls://";

/// A server as people write it, and after a slash the room: `HOST`, `HOST:PORT/ROOM`, `tls://HOST/ROOM`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The server.
    pub server: Server,
    /// The room; the lobby where none is written.
    pub room: Option<RoomName>,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let has_scheme = text
            .get(..SCHEME.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(SCHEME));
        let begin = if has_scheme { SCHEME.len() } else { 0 };
        // Other schemes are the address's to refuse.
        let is_fit = text.contains("://") == has_scheme;
        let slash = text[begin..].find('/').filter(|_| is_fit);
        let slash = slash.map(|at| begin + at);
        let (server, room) = match slash {
            Some(at) => (&text[..at], &text[at + 1..]),
            None => (text, ""),
        };
        let room = match room {
            "" => None,
            room => Some(RoomName::parse(room).map_err(|why| format!("the room {room:?}: {why}"))?),
        };
        Ok(Self {
            server: server.parse()?,
            room,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_may_have_a_room_after_it() {
        for (text, address, over_tls, room) in [
            (
                "tls://example.org/garden",
                "example.org:5000",
                true,
                Some("garden"),
            ),
            (
                "TLS://example.org:7000/garden",
                "example.org:7000",
                true,
                Some("garden"),
            ),
            (
                "tls://[::1]:7000/garden",
                "[::1]:7000",
                true,
                Some("garden"),
            ),
            (
                "example.org/garden",
                "example.org:5000",
                false,
                Some("garden"),
            ),
            ("7000/garden", "127.0.0.1:7000", false, Some("garden")),
            ("tls://example.org/", "example.org:5000", true, None),
            ("example.org", "example.org:5000", false, None),
        ] {
            let target: Target = text.parse().unwrap();
            assert_eq!(target.server.address.to_string(), address, "{text}");
            assert_eq!(target.server.over_tls, over_tls, "{text}");
            assert_eq!(target.room.as_ref().map(RoomName::as_str), room, "{text}");
        }
    }

    #[test]
    fn what_is_no_room_or_no_server_is_refused() {
        for (text, why) in [
            ("tls://example.org/a/b", "the room"),
            ("tls://example.org/a b", "the room"),
            ("tls://example.org/\u{1b}[2J", "the room"),
            ("http://example.org/garden", "HOST:PORT"),
            ("tls:///garden", ""),
            ("tls://http://x/garden", ""),
        ] {
            let told = text.parse::<Target>().unwrap_err();
            assert!(told.contains(why), "{text}: {told}");
        }
    }
}
