//! Answers to commands about people and the room: names, the topic, who is here, and what is said to one alone.

use crate::types::limits::{
    MAX_ACTION, MAX_AWAY, MAX_LABEL, MAX_NAME, MAX_ORDER_REASON, MAX_PASSWORD, MAX_PRIVATE,
    MAX_ROOM_NAME, MAX_ROOMS, MAX_SLOW, MAX_TOPIC, MIN_PASSWORD,
};
use crate::types::name::{Name, Unique};
use crate::types::order::{Moment, ORDER_TIMES, Why};
use crate::types::rights::{Right, Role};
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
    /// The same, as those who look after the server have it so.
    Freed(&'a Name),
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
    AwayTooLong,
    PrivateTooLong,
    PrivateUnanswered,
    NobodyIs(&'a str),
    /// The same of whoever is written to.
    NobodyToWrite(&'a str),
    Offline(&'a Name),
    ReadsSlowly(&'a Name),
    /// As much waits for somebody who is not here as may.
    InboxFull(&'a Name),
    /// Somebody is not here: what was said to them waits.
    Waits(&'a Name),
    /// Nothing is kept of what is said to somebody alone, as their name belongs to nobody.
    NothingKept(&'a str),
    /// The same of what was said to them and cannot be read.
    WordsUnreadable(&'a Name),
    InboxEmpty,
    /// Two have said nothing to each other alone of which anything is held.
    NothingSaid(&'a Name),
    NobodyWrote,
    IsAway(&'a Name, &'a str),
    Away,
    Back,
    Whois {
        name: &'a Name,
        here_ms: u64,
        is_online: bool,
        role: Role,
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
    /// A name was asked for that is kept out of a room where this one is.
    NickBanned {
        asked: &'a Name,
        room: &'a RoomName,
        name: &'a Name,
    },
    /// Somebody is kept out of a room, until then where that is said, in milliseconds since the Unix epoch.
    Banned {
        room: &'a RoomName,
        until: Option<u64>,
        reason: &'a str,
    },
    /// A room is private.
    NotInvited(&'a RoomName),
    /// There is no such room to be read.
    NoRoom(&'a RoomName),
    /// It is private, and somebody would read it.
    NotToRead(&'a RoomName),
    /// It is closed, and why.
    Closed(&'a RoomName, &'a str),
    /// That is ordered by those who are in a room alone.
    NotFromOutside,
    /// There is no entry whose text could be removed.
    NoEntry,
    /// None is held in memory that somebody said.
    NoLineOf(&'a Name),
    Invited(&'a RoomName, &'a Name),
    /// Something was not said, until then.
    Muted(Option<u64>),
    /// It may be said in so many milliseconds.
    TooSoon(u64),
    /// Not everyone may do that.
    NoRight(Right),
    /// The same, in a room whose maker had no claimed name.
    NobodyOwnsIt(Right),
    NotToThem(&'a Name, Role),
    TheyHaveNotClaimed(&'a Name),
    NotInThisRoom(&'a Name),
    TooManyOrders(&'static str),
    OrderUnchanged(&'static str),
    /// The lobby is neither private nor closed.
    LobbyIsOpen,
    ReasonTooLong,
    BadTime(&'static str),
    /// What looks like an address, or a network, is none.
    NoAddress(&'a str),
    /// They look after the server from now on, or no more.
    Admin(bool),
    /// The addresses that the order before this is about.
    Address(&'a str),
    /// A ban is of addresses that nobody is kept out by.
    KeepsNobodyOut,
    /// Too much waits for a connection for it to take that along to another room.
    TooMuchWaits,
}

impl Answer<'_> {
    /// In how many milliseconds it may be done, where that is known.
    pub(crate) fn wait(self) -> Option<u64> {
        match self {
            Self::TooSoon(wait) => Some(wait),
            _ => None,
        }
    }

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
            | Self::ClaimedAlready(_)
            | Self::OrderUnchanged(_) => Code::Unchanged,
            Self::AccountsFull => Code::TooManyAccounts,
            Self::InboxFull(_) => Code::InboxFull,
            Self::NotClaimed(_) | Self::NothingKept(_) | Self::TheyHaveNotClaimed(_) => {
                Code::NotClaimed
            }
            Self::PasswordWrong => Code::WrongPassword,
            Self::PasswordLength => Code::BadPassword,
            Self::PasswordInClear | Self::DeviceInClear => Code::NotPrivate,
            Self::LabelInvalid => Code::BadLabel,
            Self::DeviceWrong { .. } => Code::WrongDevice,
            Self::NoDevice(_) => Code::NoDevice,
            Self::HashesFull => Code::Busy,
            Self::TooManyGuesses(_) => Code::TooManyGuesses,
            Self::RoomInvalid { .. } | Self::NoRoom(_) => Code::BadRoom,
            Self::NotInRoom(_) => Code::NotInRoom,
            Self::LastRoom => Code::LastRoom,
            Self::RoomsFull | Self::InTooMany => Code::TooManyRooms,
            Self::RoomUnreadable(_) | Self::WordsUnreadable(_) => Code::NotKept,
            Self::TopicTooLong
            | Self::ActionTooLong
            | Self::AwayTooLong
            | Self::PrivateTooLong
            | Self::ReasonTooLong => Code::TooLong,
            Self::NobodyIs(_) | Self::NobodyToWrite(_) | Self::Offline(_) | Self::NobodyWrote => {
                Code::NotHere
            }
            Self::ReadsSlowly(_) | Self::TooMuchWaits => Code::ReadsSlowly,
            Self::NotDone => Code::DiskFull,
            Self::NickBanned { .. } | Self::Banned { .. } => Code::Banned,
            Self::NotInvited(_) | Self::NotToRead(_) => Code::NotInvited,
            Self::Closed(..) => Code::Closed,
            Self::NoEntry | Self::NoLineOf(_) => Code::NoEntry,
            Self::Muted(_) => Code::Muted,
            Self::TooSoon(_) => Code::TooSoon,
            Self::NoRight(..)
            | Self::NobodyOwnsIt(..)
            | Self::NotToThem(..)
            | Self::LobbyIsOpen => Code::NotAllowed,
            Self::NotInThisRoom(_) => Code::NotHere,
            Self::TooManyOrders(_) => Code::TooManyOrders,
            // Nothing is refused by what comes after the first three.
            Self::BadTime(_)
            | Self::NoAddress(_)
            | Self::NotFromOutside
            | Self::Admin(_)
            | Self::Address(_)
            | Self::KeepsNobodyOut
            | Self::Claimed(_)
            | Self::PasswordChanged(_)
            | Self::Unclaimed(_)
            | Self::Freed(_)
            | Self::LoggedIn(_)
            | Self::Displaced { .. }
            | Self::Revoked(_)
            | Self::OfClients
            | Self::TopicIs(..)
            | Self::NoTopic
            | Self::PrivateUnanswered
            | Self::Waits(_)
            | Self::InboxEmpty
            | Self::NothingSaid(_)
            | Self::IsAway(..)
            | Self::Away
            | Self::Back
            | Self::Whois { .. }
            | Self::InRoom(..)
            | Self::NobodyIn(_)
            | Self::Invited(..) => Code::BadRequest,
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
                f.write_str("Not done: no more names can be claimed on this server.")
            }
            Self::PasswordChanged(name) => write!(f, "{name} has the new password now."),
            Self::Unclaimed(name) => write!(
                f,
                "The name {name} is no longer claimed; you have it as long as you are here."
            ),
            Self::Freed(name) => write!(
                f,
                "An operator of the server has ended your claim of the name {name}; you have it as long as you are here."
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
                write!(f, "Device {number} needs the password from now on.")
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
            Self::AwayTooLong => write!(
                f,
                "Not done: why somebody is away is at most {MAX_AWAY} bytes long."
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
            Self::InboxFull(name) => write!(
                f,
                "Not sent: {name} is not here, and their inbox is full, or holds as many messages from you as it may."
            ),
            Self::Waits(name) => write!(f, "{name} is not here; it waits for them."),
            Self::NothingKept(asked) => write!(
                f,
                "Not done: nobody has claimed the name {}, and what is said to them alone is not kept.",
                shortened(asked, MAX_NAME)
            ),
            Self::WordsUnreadable(name) => write!(
                f,
                "Not done: what you and {name} have said to each other alone cannot be read."
            ),
            Self::NothingSaid(name) => write!(
                f,
                "Nothing is kept of what you and {name} have said to each other alone."
            ),
            Self::InboxEmpty => f.write_str("Nothing waits for you."),
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
                role,
                away,
            } => {
                write!(f, "{name} has been here for {}", Stay(*here_ms))?;
                if !is_online {
                    f.write_str(", and has lost the connection")?;
                }
                f.write_str(match role {
                    Role::None => "",
                    Role::Operator => "; an operator of this room",
                    Role::Owner => "; the owner of this room",
                    Role::Administrator => "; an administrator",
                })?;
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
            Self::InTooMany => write!(f, "Not done: you can be in at most {MAX_ROOMS} rooms."),
            Self::RoomUnreadable(room) => {
                write!(f, "Not done: what is kept of {room} cannot be read.")
            }
            Self::NickBanned { asked, room, name } => write!(
                f,
                "The name {asked} is banned from {room}; you are still {name}."
            ),
            Self::Banned {
                room,
                until,
                reason,
            } => {
                let until = Until(*until);
                write!(f, "You are banned from {room}{until}{}", Ending(reason))
            },
            Self::NotInvited(room) => {
                write!(f, "Not done: {room} is private, and you are not invited.")
            }
            Self::NoRoom(room) => write!(
                f,
                "There is no room {room}; whoever joins it makes it, and reading does not."
            ),
            Self::NotToRead(room) => {
                write!(f, "{room} is private: only those who are in it read it.")
            }
            Self::Closed(room, why) => write!(f, "{room} is closed{}", Ending(why)),
            Self::NotFromOutside => f.write_str("Not done: only somebody in the room can order that."),
            Self::NoEntry => f.write_str(
                "Not done: there is no such line. /history shows which number each has.",
            ),
            Self::NoLineOf(name) => write!(
                f,
                "Not done: {name} has said nothing lately. /history shows which number each line has: /redact NUMBER."
            ),
            Self::Invited(room, by) => {
                write!(f, "{by} invites you to {room}: /join {room} goes there.")
            }
            Self::Muted(until) => write!(f, "Not sent: you are muted here{}.", Until(*until)),
            Self::TooSoon(wait) => write!(
                f,
                "Not sent: people say one line at a time here; you may say the next one in {} s.",
                wait.div_ceil(1000)
            ),
            Self::NoRight(right) => {
                let who = if Role::Operator.may(*right, None) {
                    "operators"
                } else {
                    "owner"
                };
                let command = right.command().unwrap_or_default();
                write!(f, "Not done: /{command} is for the {who} of the room.")
            }
            Self::NobodyOwnsIt(right) => {
                let right = Self::NoRight(*right);
                write!(f, "{right} Nobody owns this one: who made it had not claimed their name. /claim yours, then make another one.")
            }
            Self::NotToThem(whom, role) => {
                write!(f, "Not done: {whom} is {}, as you are, or more than you.", role.name())
            }
            Self::TheyHaveNotClaimed(whom) => write!(
                f,
                "Not done: the name {whom} belongs to nobody yet. They make it their own with /claim PASSWORD."
            ),
            Self::NotInThisRoom(whom) => write!(f, "Not done: {whom} is not in this room."),
            Self::TooManyOrders(command) => write!(
                f,
                "Not done: there are as many as there may be. End one of them before you /{command} another one."
            ),
            Self::OrderUnchanged(what) => write!(f, "Not done: {what}."),
            Self::LobbyIsOpen => {
                f.write_str("Not done: everyone begins in the lobby, so that it is open to everyone.")
            }
            Self::ReasonTooLong => write!(
                f,
                "Not done: a reason is at most {MAX_ORDER_REASON} bytes long."
            ),
            Self::BadTime("slow") => write!(
                f,
                "Not done: the wait between two lines is at most {MAX_SLOW} s."
            ),
            Self::BadTime(command) => {
                write!(f, "Not done: /{command} is for {ORDER_TIMES}; without a time, it has no end")?;
                f.write_str(if *command == "ban" { ", and a reason begins with no digit." } else { "." })
            }
            Self::NoAddress(asked) => write!(
                f,
                "Not done: {} is no address or network: a network is an address, / and how many bits of it count, of IPv4 8 to 32, of IPv6 16 to 64.",
                shortened(asked, MAX_LABEL)
            ),
            Self::Admin(true) => f.write_str("You are an administrator now: you may do in any room what its owner may."),
            Self::Admin(false) => f.write_str("You are no administrator any more."),
            Self::Address(address) => write!(f, "That is about {address}; only operators see this."),
            Self::KeepsNobodyOut => f.write_str(
                "That keeps nobody out: connections of the server's own machine are exempt, unless it has --limit-loopback.",
            ),
            Self::TooMuchWaits => {
                f.write_str("Not done: too much is waiting for you already. Try again later.")
            }
        }
    }
}

/// Until when something holds, in milliseconds since the Unix epoch.
pub(crate) struct Until(pub(crate) Option<u64>);

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .map_or(Ok(()), |until| write!(f, " until {}", Moment(until)))
    }
}

/// What ends a sentence: a reason, if there is one.
pub(crate) struct Ending<'a>(pub(crate) &'a str);

impl fmt::Display for Ending<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            f.write_str(".")
        } else {
            Why(self.0).fmt(f)
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
pub(crate) struct Stay(pub(crate) u64);

impl fmt::Display for Stay {
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
