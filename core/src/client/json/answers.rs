//! Answers of a server, and what it says of its own accord, as lines for people.

use super::words::waiting_line;
use crate::types::name::Name;
use crate::types::network::Network;
use crate::types::rights::Role;
use crate::types::room_name::RoomName;
use crate::wire::answer::Answer;
use crate::wire::devices::{Listed, devices};
use crate::wire::json::{BanOf, Message};
use crate::wire::notice::{Notice, bans, rooms, roster};
use crate::wire::printable::printable;
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// What a message tells people in one line, if it is of those that change nothing in a client: nothing in it can act on a
/// terminal.
pub fn answer_line(message: &Message<'_>) -> Option<String> {
    Some(match message {
        Message::Who {
            room: Some(room),
            names,
            more: 0,
        } if names.is_empty() => {
            let room = RoomName::parse(room).ok()?;
            format!("* {}", Answer::NobodyIn(&room))
        }
        Message::Rooms { rooms: all, more } => {
            let all: Vec<(Cow<'_, str>, usize)> = all
                .iter()
                .map(|it| {
                    let here = usize::try_from(it.here).unwrap_or(usize::MAX);
                    (printable(&it.room), here)
                })
                .collect();
            let line = rooms(all.iter().map(|(room, here)| (&**room, *here)));
            match more {
                0 => line.trim_end().into(),
                more => format!("{}, and {more} more", line.trim_end()),
            }
        }
        Message::Who { names, more, .. } => {
            let names: Vec<Cow<'_, str>> = names.iter().map(|name| printable(name)).collect();
            let names: Vec<&str> = names.iter().map(|name| &**name).collect();
            roster(&names, *more)
        }
        Message::Missing { after, next, .. } => {
            let count = next.saturating_sub(*after).saturating_sub(1);
            format!("{}", Notice::Unreadable(count))
        }
        Message::Topic {
            text, by: Some(by), ..
        } => {
            let (text, by) = (printable(text), Name::parse(by).ok()?);
            format!("* {}", Answer::TopicIs(&text, &by))
        }
        Message::Topic { .. } => format!("* {}", Answer::NoTopic),
        Message::Away { name, text } => {
            let (name, text) = (Name::parse(name).ok()?, printable(text));
            format!("* {}", Answer::IsAway(&name, &text))
        }
        Message::Whois {
            name,
            here_ms,
            online,
            role,
            away,
        } => {
            let (name, away) = (Name::parse(name).ok()?, away.as_deref().map(printable));
            let answer = Answer::Whois {
                name: &name,
                here_ms: *here_ms,
                is_online: *online,
                role: Role::of_word(role.as_deref()),
                away: away.as_deref(),
            };
            format!("* {answer}")
        }
        Message::Account { name, claimed, .. } => {
            let name = Name::parse(name).ok()?;
            let answer = if *claimed {
                Answer::Claimed(&name)
            } else {
                Answer::Unclaimed(&name)
            };
            format!("* {answer}")
        }
        Message::Devices {
            name, devices: all, ..
        } => devices(
            name,
            all.iter().map(|it| Listed {
                number: it.number,
                label: &it.label,
                age_ms: it.age_ms,
            }),
        ),
        Message::Revoked { device, .. } => format!("* {}", Answer::Revoked(*device)),
        Message::Bans {
            bans: shown, more, ..
        } => bans_line(shown, *more),
        Message::Invited { room, by } => {
            let (room, by) = (RoomName::parse(room).ok()?, Name::parse(by).ok()?);
            format!("* {}", Answer::Invited(&room, &by))
        }
        Message::Address { address, .. } => {
            let address = printable(address);
            format!("* {}", Answer::Address(&address))
        }
        Message::Announcement { text } => format!("* Announcement: {}", printable(text)),
        Message::Notice { text } | Message::Disk { text, .. } => format!("* {}", printable(text)),
        other => return waiting_line(other),
    })
}

/// Who is kept out of a room.
fn bans_line(shown: &[BanOf<'_>], more: usize) -> String {
    struct Ban {
        whom: Option<Name>,
        from: Option<Network>,
        until: Option<u64>,
        by: Name,
        reason: String,
    }
    let read = |ban: &BanOf<'_>| {
        let whom = ban.whom.as_deref().map(Name::parse);
        Some(Ban {
            whom: whom.transpose().ok()?,
            from: ban.address.as_deref().and_then(Network::parse),
            until: ban.until,
            by: Name::parse(&ban.by).ok()?,
            reason: printable(ban.reason.as_deref().unwrap_or_default()).into(),
        })
    };
    let all: Vec<Ban> = shown.iter().filter_map(read).collect();
    let all = all.iter();
    let line = bans(all.map(|it| (it.whom.as_ref(), it.from, it.until, &it.by, &*it.reason)));
    match more {
        0 => line.trim_end().into(),
        more => format!("{}; and {more} more", line.trim_end()),
    }
}
