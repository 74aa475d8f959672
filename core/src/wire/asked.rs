//! Orders as they are asked for, in either dialect (PROTOCOL.md, "Order").

use crate::types::limits::MAX_SLOW;
use crate::types::order::{OrderKind, Span};
use crate::types::rights::Right;
use crate::wire::json::Request as Object;
use crate::wire::printable::{printable, trimmed};
use alloc::borrow::Cow;
use core::fmt;

/// What somebody wants to order, in their own words: whom they mean is not known yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked<'a> {
    /// Somebody is to be an operator.
    Op(Cow<'a, str>),
    /// They are to be one no more.
    Deop(Cow<'a, str>),
    /// They are to leave, and why.
    Kick(Cow<'a, str>, Cow<'a, str>),
    /// Somebody is to be kept out.
    Ban {
        /// Their name, or an address or network.
        whom: Cow<'a, str>,
        /// For how many seconds.
        time: Option<u32>,
        /// Why.
        reason: Cow<'a, str>,
    },
    /// They are to be let in again.
    Unban(Cow<'a, str>),
    /// Somebody is to be silent, for how many seconds.
    Mute(Cow<'a, str>, Option<u32>),
    /// They may speak again.
    Unmute(Cow<'a, str>),
    /// Who is not invited is to be kept out, or not.
    Private(bool),
    /// Somebody is to be invited.
    Invite(Cow<'a, str>),
    /// So many seconds are to be between two lines of the same person.
    Slow(u16),
    /// The text of an entry is to be gone: of this one, or of the last that somebody said.
    Redact(Which<'a>),
    /// Everyone is to leave, and to be kept out; and why.
    Close(Cow<'a, str>),
    /// They may come in again.
    Reopen,
}

/// Which entry is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which<'a> {
    /// That of this number.
    Seq(u64),
    /// The last that somebody said or did.
    LastOf(Cow<'a, str>),
}

/// Why a command is no order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Something that it takes is missing.
    Lacking,
    /// There is something more, or something else.
    Surplus,
    /// It is for no time that there may be.
    Time,
}

impl<'a> Asked<'a> {
    /// What stands after a command for an order; nothing, where it is another command.
    pub(crate) fn decode(command: &str, rest: &'a str) -> Option<Result<Self, Fault>> {
        let right = Right::of_command(command).filter(|right| *right != Right::Bans)?;
        if rest.is_empty() && !matches!(right, Right::Close | Right::Reopen) {
            return Some(Err(Fault::Lacking));
        }
        let (first, more) = words(rest);
        let alone = || {
            let is_alone = more.is_empty();
            is_alone.then(|| first.into()).ok_or(Fault::Surplus)
        };
        Some(match right {
            Right::Op => alone().map(Self::Op),
            Right::Deop => alone().map(Self::Deop),
            Right::Kick => Ok(Self::Kick(first.into(), printable(more))),
            Right::Ban => {
                let (word, after) = words(more);
                let timed = match Span::parse(word) {
                    None => Ok((None, more)),
                    Some(Ok(time)) => Ok((Some(time), after)),
                    Some(Err(_)) => Err(Fault::Time),
                };
                timed.map(|(time, reason)| Self::Ban {
                    whom: first.into(),
                    time,
                    reason: printable(reason),
                })
            }
            Right::Unban => alone().map(Self::Unban),
            Right::Mute if more.is_empty() => Ok(Self::Mute(first.into(), None)),
            Right::Mute => match (Span::parse(words(more).0), words(more).1) {
                (Some(Ok(time)), "") => Ok(Self::Mute(first.into(), Some(time))),
                (Some(Err(_)), _) => Err(Fault::Time),
                _ => Err(Fault::Surplus),
            },
            Right::Unmute => alone().map(Self::Unmute),
            Right::Private => match rest {
                "on" => Ok(Self::Private(true)),
                "off" => Ok(Self::Private(false)),
                _ => Err(Fault::Surplus),
            },
            Right::Invite => alone().map(Self::Invite),
            Right::Slow if rest == "off" => Ok(Self::Slow(0)),
            Right::Slow if Span::parse(rest).is_some() => {
                let is_number = rest.bytes().all(|b| b.is_ascii_digit());
                let seconds = rest.parse().ok().filter(|it| is_number && *it <= MAX_SLOW);
                seconds.map(Self::Slow).ok_or(Fault::Time)
            }
            Right::Redact => alone().map(|first: Cow<'_, str>| {
                let number = first.strip_prefix('#').unwrap_or(&first);
                let is_number = number.bytes().all(|b| b.is_ascii_digit());
                // One that no entry has is answered as one that is not there.
                let seq = is_number.then(|| number.parse().unwrap_or(u64::MAX));
                Self::Redact(seq.map_or(Which::LastOf(first), Which::Seq))
            }),
            Right::Close => Ok(Self::Close(printable(rest))),
            Right::Reopen if rest.is_empty() => Ok(Self::Reopen),
            Right::Slow | Right::Reopen => Err(Fault::Surplus),
            Right::EnterClosed | Right::Bans | Right::Enter | Right::Haste | Right::Addresses => {
                return None;
            }
        })
    }

    /// The same with words of its own.
    pub fn into_owned(self) -> Asked<'static> {
        let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        match self {
            Self::Op(whom) => Asked::Op(own(whom)),
            Self::Deop(whom) => Asked::Deop(own(whom)),
            Self::Kick(whom, reason) => Asked::Kick(own(whom), own(reason)),
            Self::Ban { whom, time, reason } => Asked::Ban {
                whom: own(whom),
                time,
                reason: own(reason),
            },
            Self::Unban(whom) => Asked::Unban(own(whom)),
            Self::Mute(whom, time) => Asked::Mute(own(whom), time),
            Self::Unmute(whom) => Asked::Unmute(own(whom)),
            Self::Private(is_on) => Asked::Private(is_on),
            Self::Invite(whom) => Asked::Invite(own(whom)),
            Self::Slow(seconds) => Asked::Slow(seconds),
            Self::Redact(Which::Seq(seq)) => Asked::Redact(Which::Seq(seq)),
            Self::Redact(Which::LastOf(whom)) => Asked::Redact(Which::LastOf(own(whom))),
            Self::Close(reason) => Asked::Close(own(reason)),
            Self::Reopen => Asked::Reopen,
        }
    }

    /// It, as an object asks for it: `whom`, for how long, why, whether, how many seconds, which entry.
    pub(crate) fn of(
        kind: OrderKind,
        whom: Option<Cow<'a, str>>,
        time: Option<u64>,
        reason: Option<Cow<'a, str>>,
        on: Option<bool>,
        seconds: Option<u64>,
        seq: Option<u64>,
    ) -> Result<Self, &'static str> {
        const WHOM: &str = "\"whom\" is missing";
        let whom = whom.ok_or(WHOM);
        let time = time.map(Span::limited).transpose();
        let time = time.map_err(|_| "\"for_s\" is 1 to 31536000")?;
        let reason = reason.map_or("".into(), |it| Cow::Owned(trimmed(&printable(&it)).into()));
        Ok(match kind {
            OrderKind::Op => Self::Op(whom?),
            OrderKind::Deop => Self::Deop(whom?),
            OrderKind::Kick => Self::Kick(whom?, reason),
            OrderKind::Ban => Self::Ban {
                whom: whom?,
                time,
                reason,
            },
            OrderKind::Unban => Self::Unban(whom?),
            OrderKind::Mute => Self::Mute(whom?, time),
            OrderKind::Unmute => Self::Unmute(whom?),
            OrderKind::Private => Self::Private(on.ok_or("\"on\" is missing")?),
            OrderKind::Invite => Self::Invite(whom?),
            OrderKind::Slow => {
                let seconds = seconds.ok_or("\"seconds\" is missing")?;
                let seconds = u16::try_from(seconds).ok().filter(|it| *it <= MAX_SLOW);
                Self::Slow(seconds.ok_or("\"seconds\" is 0 to 3600")?)
            }
            OrderKind::Redact => Self::Redact(match (seq, whom) {
                (Some(seq), Err(_)) => Which::Seq(seq),
                (None, Ok(whom)) => Which::LastOf(whom),
                _ => return Err("either \"seq\" or \"whom\" is to be there"),
            }),
            OrderKind::Close => Self::Close(reason),
            OrderKind::Reopen => Self::Reopen,
            OrderKind::Own | OrderKind::Admin | OrderKind::Unknown => {
                return Err(
                    "\"do\" is not one of op, deop, kick, ban, unban, mute, unmute, private, invite, slow, redact, close and reopen",
                );
            }
        })
    }

    /// The object that asks for it in a room.
    pub(crate) fn to_object(&self, room: Option<Cow<'a, str>>) -> Object<'a> {
        let (kind, whom) = match self {
            Self::Op(whom) => (OrderKind::Op, Some(whom)),
            Self::Deop(whom) => (OrderKind::Deop, Some(whom)),
            Self::Kick(whom, _) => (OrderKind::Kick, Some(whom)),
            Self::Ban { whom, .. } => (OrderKind::Ban, Some(whom)),
            Self::Unban(whom) => (OrderKind::Unban, Some(whom)),
            Self::Mute(whom, _) => (OrderKind::Mute, Some(whom)),
            Self::Unmute(whom) => (OrderKind::Unmute, Some(whom)),
            Self::Private(_) => (OrderKind::Private, None),
            Self::Invite(whom) => (OrderKind::Invite, Some(whom)),
            Self::Slow(_) => (OrderKind::Slow, None),
            Self::Redact(Which::LastOf(whom)) => (OrderKind::Redact, Some(whom)),
            Self::Redact(Which::Seq(_)) => (OrderKind::Redact, None),
            Self::Close(_) => (OrderKind::Close, None),
            Self::Reopen => (OrderKind::Reopen, None),
        };
        let (time, reason) = match self {
            Self::Kick(_, reason) | Self::Close(reason) => (None, Some(reason)),
            Self::Ban { time, reason, .. } => (*time, Some(reason)),
            Self::Mute(_, time) => (*time, None),
            _ => (None, None),
        };
        Object::Order {
            room,
            kind,
            whom: whom.cloned(),
            for_s: time.map(Into::into),
            reason: reason.filter(|it| !it.is_empty()).cloned(),
            on: match self {
                Self::Private(is_on) => Some(*is_on),
                _ => None,
            },
            seconds: match self {
                Self::Slow(seconds) => Some((*seconds).into()),
                _ => None,
            },
            seq: match self {
                Self::Redact(Which::Seq(seq)) => Some(*seq),
                _ => None,
            },
            id: None,
        }
    }
}

/// The first word, and what follows it.
fn words(text: &str) -> (&str, &str) {
    text.split_once(char::is_whitespace)
        .map_or((text, ""), |(first, more)| (first, trimmed(more)))
}

impl fmt::Display for Asked<'_> {
    /// The command that asks for it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let blank = |text: &str| if text.is_empty() { "" } else { " " };
        match self {
            Self::Op(whom) => write!(f, "/op {whom}"),
            Self::Deop(whom) => write!(f, "/deop {whom}"),
            Self::Kick(whom, reason) => write!(f, "/kick {whom}{}{reason}", blank(reason)),
            Self::Ban { whom, time, reason } => {
                write!(f, "/ban {whom}")?;
                if let Some(time) = time {
                    write!(f, " {}", Span(*time))?;
                }
                write!(f, "{}{reason}", blank(reason))
            }
            Self::Unban(whom) => write!(f, "/unban {whom}"),
            Self::Mute(whom, None) => write!(f, "/mute {whom}"),
            Self::Mute(whom, Some(time)) => write!(f, "/mute {whom} {}", Span(*time)),
            Self::Unmute(whom) => write!(f, "/unmute {whom}"),
            Self::Private(true) => f.write_str("/private on"),
            Self::Private(false) => f.write_str("/private off"),
            Self::Invite(whom) => write!(f, "/invite {whom}"),
            Self::Slow(seconds) => write!(f, "/slow {seconds}"),
            Self::Redact(Which::Seq(seq)) => write!(f, "/redact {seq}"),
            Self::Redact(Which::LastOf(whom)) => write!(f, "/redact {whom}"),
            Self::Close(reason) => write!(f, "/close{}{reason}", blank(reason)),
            Self::Reopen => f.write_str("/reopen"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn decode(line: &str) -> Option<Result<Asked<'_>, Fault>> {
        let (command, rest) = line.split_once(' ').unwrap_or((line, ""));
        Asked::decode(command, rest)
    }

    #[test]
    fn an_order_is_read_as_it_is_written_and_asked_for_in_both_dialects_alike() {
        for line in [
            "op bob",
            "deop bob",
            "kick bob",
            "kick bob too  loud",
            "ban bob",
            "ban bob 2h",
            "ban bob a troll",
            "ban 192.0.2.0/24 7d a troll",
            "unban bob",
            "mute bob",
            "mute bob 10m",
            "unmute bob",
            "private on",
            "private off",
            "invite bob",
            "slow 3600",
            "slow 0",
            "redact 12",
            "redact bob",
            "close",
            "close until  monday",
            "reopen",
        ] {
            let asked = decode(line).unwrap().unwrap();
            assert_eq!(asked.to_string(), alloc::format!("/{line}"));
            let Object::Order {
                kind,
                whom,
                for_s,
                reason,
                on,
                seconds,
                seq,
                ..
            } = asked.to_object(None)
            else {
                panic!("{line}");
            };
            assert_eq!(
                Asked::of(kind, whom, for_s, reason, on, seconds, seq),
                Ok(asked)
            );
        }
    }

    #[test]
    fn what_is_no_order_says_why() {
        for (line, fault) in [
            ("kick", Fault::Lacking),
            ("slow", Fault::Lacking),
            ("op bob ann", Fault::Surplus),
            ("unban bob now", Fault::Surplus),
            ("mute bob for long", Fault::Surplus),
            ("private", Fault::Lacking),
            ("private yes", Fault::Surplus),
            ("slow down", Fault::Surplus),
            ("redact", Fault::Lacking),
            ("redact 12 13", Fault::Surplus),
            ("reopen now", Fault::Surplus),
            ("slow 3601", Fault::Time),
            ("slow 99999999", Fault::Time),
            ("ban bob 366d", Fault::Time),
            ("ban bob 0s", Fault::Time),
            ("mute bob 366d", Fault::Time),
            ("ban bob 7 too loud", Fault::Time),
            ("ban bob 7y", Fault::Time),
            ("mute bob 7", Fault::Time),
            ("mute bob 7 days", Fault::Time),
            ("mute bob 7d please", Fault::Surplus),
            ("slow 5s", Fault::Time),
        ] {
            assert_eq!(decode(line), Some(Err(fault)), "{line}");
        }
        assert_eq!(decode("bans"), None);
        assert_eq!(decode("who bob"), None);
    }
}
