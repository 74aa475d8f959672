//! Answers to commands about people and the room: names, the topic, who is here, and what is said to one alone.

use crate::types::limits::{
    MAX_ACTION, MAX_LABEL, MAX_NAME, MAX_PASSWORD, MAX_PRIVATE, MAX_ROOM_NAME, MAX_ROOMS,
    MAX_TOPIC, MIN_PASSWORD,
};
use crate::types::name::{Name, Unique};
use crate::types::room_name::{InvalidRoomName, RoomName};
use crate::types::spelling::InvalidName;
use crate::wire::json::Code;
use crate::wire::short::{Short, seconds, shortened};
use core::fmt;
use core::time::Duration;

/// What one connection alone is told of people or the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer<'a> {
    /// Another name was asked for, and not given.
    NickInvalid {
        asked: &'a str,
        why: InvalidName,
        name: &'a Name,
    },
    NickReserved {
        asked: &'a Name,
        name: &'a Name,
    },
    NickTaken {
        asked: &'a Name,
        by: &'a Name,
        name: &'a Name,
    },
    /// It belongs to somebody, or one does that it is taken for.
    NickClaimed {
        asked: &'a Name,
        name: &'a Name,
    },
    NickUnchanged(&'a Name),
    /// A name belongs to whoever has it, from now on.
    Claimed(&'a Name),
    /// It belongs to them already.
    ClaimedAlready(&'a Name),
    /// It goes with a port, and so belongs to nobody.
    ClaimOfPort(&'a Name),
    /// It is taken for one that belongs to somebody.
    ClaimedLike(&'a Name),
    /// As many names belong to somebody as may.
    AccountsFull,
    PasswordChanged(&'a Name),
    /// A name belongs to nobody any more.
    Unclaimed(&'a Name),
    /// The name that somebody has does not belong to them.
    NotClaimed(&'a Name),
    /// Somebody has the name that belongs to them.
    LoggedIn(&'a Name),
    /// A name belongs to somebody else, who has it now.
    Displaced {
        before: &'a Name,
        now: &'a Name,
    },
    /// It is not the name's password, or the name belongs to nobody: which, is not said.
    PasswordWrong,
    PasswordLength,
    /// The connection is one on which others can read along.
    PasswordInClear,
    /// Too many passwords wait already.
    HashesFull,
    /// Too many passwords were tried, until so much time has passed.
    TooManyGuesses(Duration),
    /// A device has a label that it may not have.
    LabelInvalid,
    /// A device that somebody joined with does not open the name, or not any more.
    DeviceWrong {
        asked: &'a str,
        name: &'a Name,
    },
    /// The same was not looked into, as others can read along.
    DeviceInClear,
    /// There is no device of this number.
    NoDevice(u32),
    /// A device opens a name no more.
    Revoked(u32),
    /// That is for a client to do.
    OfClients,
    TopicIs(&'a str, &'a Name),
    NoTopic,
    TopicTooLong,
    TopicUnchanged,
    ActionTooLong,
    PrivateTooLong,
    PrivateUnanswered,
    NobodyIs(&'a str),
    /// The same of whoever is written to.
    NobodyToWrite(&'a str),
    Offline(&'a Name),
    ReadsSlowly(&'a Name),
    NobodyWrote,
    IsAway(&'a Name, &'a str),
    Away,
    Back,
    Whois {
        name: &'a Name,
        here_ms: u64,
        is_online: bool,
        away: Option<&'a str>,
    },
    /// There is no room on the disk for what was to be done.
    NotDone,
    /// Another room was gone to; so many others are there.
    InRoom(&'a RoomName, usize),
    InRoomAlready(&'a RoomName),
    RoomInvalid {
        asked: &'a str,
        room: &'a RoomName,
    },
    NotInRoom(&'a str),
    NobodyIn(&'a RoomName),
    /// It is the only room that a connection is in.
    LastRoom,
    /// The server has as many rooms as it may have.
    RoomsFull,
    /// The connection is in as many as it may be.
    InTooMany,
    /// What is kept of a room cannot be read.
    RoomUnreadable(&'a RoomName),
    /// Too much waits for a connection for it to take that along to another room.
    TooMuchWaits,
}

impl Answer<'_> {
    /// Why something was not done, for programs.
    pub(crate) fn code(self) -> Code {
        match self {
            Self::NickInvalid { .. } | Self::NickReserved { .. } | Self::ClaimOfPort(_) => {
                Code::BadName
            }
            Self::NickTaken { .. } => Code::NameTaken,
            Self::NickClaimed { .. } | Self::ClaimedLike(_) => Code::NameClaimed,
            Self::NickUnchanged(_)
            | Self::TopicUnchanged
            | Self::InRoomAlready(_)
            | Self::ClaimedAlready(_) => Code::Unchanged,
            Self::AccountsFull => Code::TooManyAccounts,
            Self::NotClaimed(_) => Code::NotClaimed,
            Self::PasswordWrong => Code::WrongPassword,
            Self::PasswordLength => Code::BadPassword,
            Self::PasswordInClear | Self::DeviceInClear => Code::NotPrivate,
            Self::LabelInvalid => Code::BadLabel,
            Self::DeviceWrong { .. } => Code::WrongDevice,
            Self::NoDevice(_) => Code::NoDevice,
            Self::HashesFull => Code::Busy,
            Self::TooManyGuesses(_) => Code::TooManyGuesses,
            Self::RoomInvalid { .. } => Code::BadRoom,
            Self::NotInRoom(_) => Code::NotInRoom,
            Self::LastRoom => Code::LastRoom,
            Self::RoomsFull | Self::InTooMany => Code::TooManyRooms,
            Self::RoomUnreadable(_) => Code::NotKept,
            Self::TopicTooLong | Self::ActionTooLong | Self::PrivateTooLong => Code::TooLong,
            Self::NobodyIs(_) | Self::NobodyToWrite(_) | Self::Offline(_) | Self::NobodyWrote => {
                Code::NotHere
            }
            Self::ReadsSlowly(_) | Self::TooMuchWaits => Code::ReadsSlowly,
            Self::NotDone => Code::DiskFull,
            _ => Code::BadRequest,
        }
    }
}

impl fmt::Display for Answer<'_> {
    /// It in words, without the mark of a notice.
    #[expect(clippy::too_many_lines, reason = "each answer once")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NickInvalid { asked, why, name } => write!(
                f,
                "\"{}\" is not a name: {why}. You are still {name}.",
                Short(asked)
            ),
            Self::NickReserved { asked, name } => {
                write!(f, "Nobody may be called {asked}; you are still {name}.")
            }
            Self::NickTaken { asked, by, name } => {
                write!(f, "{}; you are still {name}.", Taken { asked, by })
            }
            Self::NickClaimed { asked, name } => write!(
                f,
                "The name {asked} belongs to somebody: /login {asked} PASSWORD, if it is you. You are still {name}."
            ),
            Self::NickUnchanged(name) => write!(f, "You are {name} already."),
            Self::Claimed(name) => write!(
                f,
                "The name {name} is yours. From elsewhere, /login {name} PASSWORD gives it to you."
            ),
            Self::ClaimedAlready(name) => {
                write!(f, "The name {name} is yours already. /passwd changes its password.")
            }
            Self::ClaimOfPort(name) => write!(
                f,
                "Not done: {name} goes with your connection. Take a name of your own first: /nick NAME."
            ),
            Self::ClaimedLike(name) => write!(
                f,
                "Not done: the name {name} looks like one that belongs to somebody."
            ),
            Self::AccountsFull => {
                f.write_str("Not done: as many names belong to somebody as there may be.")
            }
            Self::PasswordChanged(name) => write!(f, "{name} has the new password now."),
            Self::Unclaimed(name) => write!(
                f,
                "The name {name} is nobody's own any more; you have it as long as you are here."
            ),
            Self::NotClaimed(name) => write!(
                f,
                "Not done: the name {name} is not your own. /claim PASSWORD makes it that."
            ),
            Self::LoggedIn(name) => write!(f, "You are {name}, as the name is yours."),
            Self::Displaced { before, now } => write!(
                f,
                "The name {before} belongs to somebody, who is here now; you are {now}."
            ),
            Self::PasswordWrong => f.write_str(
                "Not done: nobody has claimed that name, or the password is another one.",
            ),
            Self::PasswordLength => write!(
                f,
                "Not done: a password has {MIN_PASSWORD} to {MAX_PASSWORD} bytes."
            ),
            Self::PasswordInClear => f.write_str(
                "Not done: others can read along on this connection. Passwords are taken over TLS (tls://), or on the server's own machine.",
            ),
            Self::HashesFull => {
                f.write_str("Not done: too many passwords are waiting. Try again in a moment.")
            }
            Self::TooManyGuesses(wait) => write!(
                f,
                "Not done: too many passwords were tried. Try again in {} s.",
                seconds(*wait)
            ),
            Self::LabelInvalid => write!(
                f,
                "Not done: what a device is called is at most {MAX_LABEL} bytes that can be shown."
            ),
            Self::DeviceWrong { asked, name } => write!(
                f,
                "This device does not open the name {}, or not any more; you are {name}.",
                shortened(asked, MAX_NAME)
            ),
            Self::DeviceInClear => f.write_str(
                "Others can read along on this connection. Devices are taken over TLS (tls://), or on the server's own machine.",
            ),
            Self::NoDevice(number) => {
                write!(f, "Not done: there is no device {number}. /devices lists them.")
            }
            Self::Revoked(number) => {
                write!(f, "Device {number} comes back without the password no more.")
            }
            Self::OfClients => f.write_str(
                "Not done: that is for your client to do. chat and chat-client can; by hand, there is nobody to do it.",
            ),
            Self::TopicIs(text, by) => write!(f, "The topic, set by {by}: {text}"),
            Self::NoTopic => f.write_str("There is no topic. /topic TEXT sets one."),
            Self::TopicTooLong => {
                write!(f, "Not done: a topic is at most {MAX_TOPIC} bytes long.")
            }
            Self::TopicUnchanged => f.write_str("That is the topic already."),
            Self::ActionTooLong => write!(
                f,
                "Not sent: after /me, a text is at most {MAX_ACTION} bytes long."
            ),
            Self::PrivateTooLong => write!(
                f,
                "Not sent: to one person alone, a text is at most {MAX_PRIVATE} bytes long."
            ),
            Self::PrivateUnanswered => f.write_str(
                "Not sent: the server has not answered yet what you said to others alone.",
            ),
            Self::NobodyToWrite(asked) => write!(
                f,
                "Not sent: nobody here is called {}.",
                shortened(asked, MAX_NAME)
            ),
            Self::NobodyIs(asked) => {
                write!(f, "Nobody here is called {}.", shortened(asked, MAX_NAME))
            }
            Self::Offline(name) => write!(
                f,
                "Not sent: {name} has lost the connection. Try again when they are back."
            ),
            Self::ReadsSlowly(name) => write!(
                f,
                "Not sent: too much is waiting for {name} already. Try again later."
            ),
            Self::NobodyWrote => {
                f.write_str("Not sent: nobody who is here has written to you alone.")
            }
            Self::IsAway(name, "") => write!(f, "{name} is away."),
            Self::IsAway(name, why) => write!(f, "{name} is away: {why}"),
            Self::Away => f.write_str("You are away, until you say something, or /back."),
            Self::Back => f.write_str("You are back."),
            Self::Whois {
                name,
                here_ms,
                is_online,
                away,
            } => {
                write!(f, "{name} has been here for {}", Span(*here_ms))?;
                if !is_online {
                    f.write_str(", and has lost the connection")?;
                }
                match away {
                    None => f.write_str("."),
                    Some("") => f.write_str("; away."),
                    Some(why) => write!(f, "; away: {why}"),
                }
            }
            Self::NotDone => f.write_str("Not done: the server's disk is full. Try again later."),
            Self::InRoom(room, others) => write!(f, "You are in {room} now; {}.", Others(*others)),
            Self::InRoomAlready(room) => write!(f, "You are in {room} already."),
            Self::RoomInvalid { asked, room } => write!(
                f,
                "\"{}\" is no room: {InvalidRoomName}. You are still in {room}.",
                Short(asked)
            ),
            Self::NotInRoom(room) => write!(
                f,
                "Not done: you are not in {}.",
                shortened(room, MAX_ROOM_NAME)
            ),
            Self::NobodyIn(room) => write!(f, "Nobody is in {room}."),
            Self::LastRoom => f.write_str(
                "Not done: it is the only room you are in. Join another one first, or leave.",
            ),
            Self::RoomsFull => f.write_str(
                "Not done: there are as many rooms as there may be. /rooms lists those with people in them.",
            ),
            Self::InTooMany => write!(f, "Not done: one is in {MAX_ROOMS} rooms at most."),
            Self::RoomUnreadable(room) => {
                write!(f, "Not done: what is kept of {room} cannot be read.")
            }
            Self::TooMuchWaits => {
                f.write_str("Not done: too much is waiting for you already. Try again later.")
            }
        }
    }
}

/// A name is taken: by somebody who has it, or one that looks like it.
pub(crate) struct Taken<'a> {
    pub(crate) asked: &'a Name,
    pub(crate) by: &'a Name,
}

impl fmt::Display for Taken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { asked, by } = *self;
        if Unique(asked.clone()) == Unique(by.clone()) {
            write!(f, "The name {asked} is taken")
        } else {
            write!(f, "The name {asked} looks like {by}, who is here")
        }
    }
}

/// How many others are somewhere, as people say it.
struct Others(usize);

impl fmt::Display for Others {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("nobody else is here"),
            1 => f.write_str("1 other is here"),
            count => write!(f, "{count} others are here"),
        }
    }
}

/// A time in milliseconds, as people say it.
pub(crate) struct Span(pub(crate) u64);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.0 / 60_000;
        let (count, unit) = match minutes {
            0 => return f.write_str("less than a minute"),
            1..60 => (minutes, "minute"),
            60..2880 => (minutes / 60, "hour"),
            _ => (minutes / 1440, "day"),
        };
        let plural = if count == 1 { "" } else { "s" };
        write!(f, "{count} {unit}{plural}")
    }
}
