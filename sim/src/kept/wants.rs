//! What somebody is to have ordered, or done about their name, as lines.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Do {
    /// Somebody is to be an operator.
    Op,
    /// They are to be none any more.
    Deop,
    /// They are to go.
    Kick,
    /// They are to be kept out, for so many seconds.
    Ban(Option<u32>),
    /// Whoever comes from where they come from is.
    BanHost(Option<u32>),
    /// They are to be let in again.
    Unban,
    /// Whoever comes from there is.
    UnbanHost,
    /// They are to be silent, for so many seconds.
    Mute(Option<u32>),
    /// They may speak again.
    Unmute,
    /// Nobody is to come in who is not invited, or everybody may.
    Private(bool),
    /// They are invited.
    Invite,
    /// So many seconds are to be between two lines.
    Slow(u16),
}

/// What somebody wants to be done, in a room where they are or with their name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Want {
    /// Their name is to be their own.
    Claim(String),
    /// They want a name, with this password.
    LogIn(String, String),
    /// They want this password.
    Password(String),
    /// Their name is to be nobody's own.
    Unclaim,
    /// They want another name.
    Nick(String),
    /// They order this, of somebody or of an address.
    Order(Do, String),
}

/// The password of whatever name is claimed: under which name a claim is heard is not known when it is sent.
pub(super) const RIGHT: &str = "one-for-all";

/// What is nobody's password.
pub(super) const WRONG: &str = "none-of-theirs";

impl Do {
    /// Whether it is about an address.
    pub(super) fn is_of_host(self) -> bool {
        matches!(self, Self::BanHost(_) | Self::UnbanHost)
    }

    fn time(self) -> Option<u32> {
        match self {
            Self::Ban(time) | Self::BanHost(time) | Self::Mute(time) => time,
            _ => None,
        }
    }
}

impl Want {
    /// It as a line of the text dialect.
    pub(super) fn to_line(&self) -> String {
        match self {
            Self::Claim(password) => format!("/claim {password}"),
            Self::LogIn(name, password) => format!("/login {name} {password}"),
            Self::Password(password) => format!("/passwd {password}"),
            Self::Unclaim => "/unclaim".into(),
            Self::Nick(name) => format!("/nick {name}"),
            Self::Order(what, whom) => {
                let time = what
                    .time()
                    .map_or(String::new(), |time| format!(" {time}s"));
                match what {
                    Do::Op => format!("/op {whom}"),
                    Do::Deop => format!("/deop {whom}"),
                    Do::Kick => format!("/kick {whom} too loud"),
                    Do::Ban(_) | Do::BanHost(_) => format!("/ban {whom}{time}"),
                    Do::Unban | Do::UnbanHost => format!("/unban {whom}"),
                    Do::Mute(_) => format!("/mute {whom}{time}"),
                    Do::Unmute => format!("/unmute {whom}"),
                    Do::Private(is_on) => format!("/private {}", if *is_on { "on" } else { "off" }),
                    Do::Invite => format!("/invite {whom}"),
                    Do::Slow(seconds) => format!("/slow {seconds}"),
                }
            }
        }
    }

    /// It as an object, with an id that says what it is, in a room.
    pub(super) fn to_object(&self, room: &str, nth: usize) -> Value {
        let mut object = match self {
            Self::Claim(password) => json!({"type": "claim", "password": password}),
            Self::LogIn(name, password) => {
                json!({"type": "login", "name": name, "password": password})
            }
            Self::Password(password) => json!({"type": "passwd", "password": password}),
            Self::Unclaim => json!({"type": "unclaim"}),
            Self::Nick(name) => json!({"type": "nick", "name": name}),
            Self::Order(what, whom) => {
                let (kind, more) = match what {
                    Do::Op => ("op", json!({})),
                    Do::Deop => ("deop", json!({})),
                    Do::Kick => ("kick", json!({"reason": "too loud"})),
                    Do::Ban(_) | Do::BanHost(_) => ("ban", json!({})),
                    Do::Unban | Do::UnbanHost => ("unban", json!({})),
                    Do::Mute(_) => ("mute", json!({})),
                    Do::Unmute => ("unmute", json!({})),
                    Do::Private(is_on) => ("private", json!({"on": is_on})),
                    Do::Invite => ("invite", json!({})),
                    Do::Slow(seconds) => ("slow", json!({"seconds": seconds})),
                };
                let mut object = more;
                object["type"] = json!("order");
                object["do"] = json!(kind);
                object["room"] = json!(room);
                if !matches!(what, Do::Private(_) | Do::Slow(_)) {
                    object["whom"] = json!(whom);
                }
                if let Some(time) = what.time() {
                    object["for_s"] = json!(time);
                }
                object
            }
        };
        let is_wrong = matches!(self, Self::LogIn(_, password) if password == WRONG);
        object["id"] = json!(format!(
            "want {nth}{}",
            if is_wrong { " wrong" } else { "" }
        ));
        object
    }
}
