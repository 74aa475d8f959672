//! Orders: what somebody does in a room by the rights that they have there (PROTOCOL.md, "Order").

use crate::types::limits::{MAX_ORDER_REASON, MAX_ORDER_TIME, MAX_SLOW};
use crate::types::name::Name;
use crate::types::network::Network;
use crate::types::rights::Right;
use alloc::format;
use alloc::string::String;
use core::fmt;

/// One order, as it is decided and kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order<'a> {
    /// They own the room, as they have made it. The number is that of the last entry of the accounts' log: the right is that of
    /// whoever had the name claimed by then.
    Own(u64),
    /// Somebody is an operator; the number is as above.
    Op(Name, u64),
    /// Somebody is no operator any more.
    Deop(Name),
    /// Somebody leaves, and why.
    Kick(Name, &'a str),
    /// Somebody is kept out.
    Ban {
        /// By their name, or one that is taken for it.
        whom: Option<Name>,
        /// By where they come from.
        from: Option<Network>,
        /// For so many seconds; with none, until they are let in again.
        time: Option<u32>,
        /// Why; may be empty.
        reason: &'a str,
    },
    /// Whoever is kept out by this name, or from there, is let in again.
    Unban(Option<Name>, Option<Network>),
    /// Somebody is muted, for so many seconds or until they may speak again, and whoever else comes from where they do.
    Mute(Name, Option<u32>, Option<Network>),
    /// They may speak again, and so may others who are muted only for coming from there.
    Unmute(Name, Option<Network>),
    /// Nobody comes in who is not invited, or everybody may again.
    Private(bool),
    /// Somebody is invited.
    Invite(Name),
    /// Everyone waits for so many seconds between two lines; with 0, nobody does.
    Slow(u16),
    /// In the log of the accounts: whoever has the name looks after the server (`true`), or no more.
    Admin(bool),
    /// The text of the room's entry of this number is gone, which was of somebody who had this name then.
    Redact(u64, Name),
    /// Nobody is in the room any more, nor comes in, but its owner and administrators; and why.
    Close(&'a str),
    /// Everybody may come in again.
    Reopen,
}

/// Which order it is, as programs read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderKind {
    /// They own the room.
    Own,
    /// Somebody is an operator.
    Op,
    /// Somebody is no operator any more.
    Deop,
    /// Somebody has to leave.
    Kick,
    /// Somebody is kept out.
    Ban,
    /// They are let in again.
    Unban,
    /// Somebody is muted.
    Mute,
    /// They may speak again.
    Unmute,
    /// Nobody comes in who is not invited, or everybody may.
    Private,
    /// Somebody is invited.
    Invite,
    /// Everyone waits between two lines.
    Slow,
    /// Somebody looks after the server, or no more.
    Admin,
    /// The text of an entry is gone.
    Redact,
    /// Nobody is in the room any more, nor comes in.
    Close,
    /// Everybody may come in again.
    Reopen,
    /// One that is not known here.
    #[serde(other, skip_serializing)]
    Unknown,
}

impl<'a> Order<'a> {
    /// Parses the stored form, which [`to_text`](Self::to_text) writes; `None` where it is not valid.
    pub fn parse(text: &'a str) -> Option<Self> {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        let first = || rest.split_once(' ').unwrap_or((rest, ""));
        let name = |text: &str| Name::parse(text).ok();
        Some(match word {
            "own" => Self::Own(rest.parse().ok()?),
            "op" => Self::Op(name(first().0)?, first().1.parse().ok()?),
            "deop" => Self::Deop(name(rest)?),
            "kick" => Self::Kick(name(first().0)?, reason(first().1)?),
            "ban" => {
                let (time, rest) = first();
                let (whom, rest) = rest.split_once(' ')?;
                let (from, why) = rest.split_once(' ').unwrap_or((rest, ""));
                let (whom, from) = target(whom, from)?;
                Self::Ban {
                    whom,
                    from,
                    time: parse_time(time).ok()?,
                    reason: reason(why)?,
                }
            }
            "unban" => {
                let (whom, from) = target(first().0, first().1)?;
                Self::Unban(whom, from)
            }
            "mute" => {
                let (time, from) = split_network(first().1)?;
                Self::Mute(name(first().0)?, parse_time(time).ok()?, from)
            }
            "unmute" => {
                let (whom, from) = split_network(rest)?;
                Self::Unmute(name(whom)?, from)
            }
            "private" => Self::Private(parse_switch(rest)?),
            "invite" => Self::Invite(name(rest)?),
            "slow" => Self::Slow(rest.parse().ok().filter(|it| *it <= MAX_SLOW)?),
            "admin" => Self::Admin(parse_switch(rest)?),
            "redact" => Self::Redact(first().0.parse().ok()?, name(first().1)?),
            "close" => Self::Close(reason(rest)?),
            "reopen" if rest.is_empty() => Self::Reopen,
            _ => return None,
        })
    }

    /// The stored form: the word and its arguments, separated by single blanks.
    pub fn to_text(&self) -> String {
        let switch = |is_on| if is_on { "on" } else { "off" };
        match self {
            Self::Own(by) => format!("own {by}"),
            Self::Op(name, by) => format!("op {name} {by}"),
            Self::Deop(name) => format!("deop {name}"),
            Self::Kick(name, "") => format!("kick {name}"),
            Self::Kick(name, why) => format!("kick {name} {why}"),
            Self::Ban {
                whom,
                from,
                time,
                reason,
            } => {
                let blank = if reason.is_empty() { "" } else { " " };
                let (whom, from, time) = (OrNone(whom), OrNone(from), OrNone(time));
                format!("ban {time} {whom} {from}{blank}{reason}")
            }
            Self::Unban(whom, from) => format!("unban {} {}", OrNone(whom), OrNone(from)),
            Self::Mute(name, time, from) => {
                format!("mute {name} {}{}", OrNone(time), AfterBlank(from))
            }
            Self::Unmute(name, from) => format!("unmute {name}{}", AfterBlank(from)),
            Self::Private(is_on) => format!("private {}", switch(*is_on)),
            Self::Invite(name) => format!("invite {name}"),
            Self::Slow(seconds) => format!("slow {seconds}"),
            Self::Admin(is_on) => format!("admin {}", switch(*is_on)),
            Self::Redact(seq, name) => format!("redact {seq} {name}"),
            Self::Close("") => "close".into(),
            Self::Close(why) => format!("close {why}"),
            Self::Reopen => "reopen".into(),
        }
    }

    /// Which it is.
    pub fn kind(&self) -> OrderKind {
        match self {
            Self::Own(_) => OrderKind::Own,
            Self::Op(..) => OrderKind::Op,
            Self::Deop(_) => OrderKind::Deop,
            Self::Kick(..) => OrderKind::Kick,
            Self::Ban { .. } => OrderKind::Ban,
            Self::Unban(..) => OrderKind::Unban,
            Self::Mute(..) => OrderKind::Mute,
            Self::Unmute(..) => OrderKind::Unmute,
            Self::Private(_) => OrderKind::Private,
            Self::Invite(_) => OrderKind::Invite,
            Self::Slow(_) => OrderKind::Slow,
            Self::Admin(_) => OrderKind::Admin,
            Self::Redact(..) => OrderKind::Redact,
            Self::Close(_) => OrderKind::Close,
            Self::Reopen => OrderKind::Reopen,
        }
    }

    /// The right that it takes; none, where nobody asks for it.
    pub(crate) fn right(&self) -> Option<Right> {
        Some(match self {
            Self::Own(_) | Self::Admin(_) => return None,
            Self::Op(..) => Right::Op,
            Self::Deop(_) => Right::Deop,
            Self::Kick(..) => Right::Kick,
            Self::Ban { .. } => Right::Ban,
            Self::Unban(..) => Right::Unban,
            Self::Mute(..) => Right::Mute,
            Self::Unmute(..) => Right::Unmute,
            Self::Private(_) => Right::Private,
            Self::Invite(_) => Right::Invite,
            Self::Slow(_) => Right::Slow,
            Self::Redact(..) => Right::Redact,
            Self::Close(_) => Right::Close,
            Self::Reopen => Right::Reopen,
        })
    }

    /// To whom it is done, by name.
    pub fn whom(&self) -> Option<&Name> {
        match self {
            Self::Op(name, _)
            | Self::Deop(name)
            | Self::Kick(name, _)
            | Self::Mute(name, ..)
            | Self::Unmute(name, _)
            | Self::Invite(name)
            | Self::Redact(_, name) => Some(name),
            Self::Ban { whom, .. } | Self::Unban(whom, _) => whom.as_ref(),
            Self::Own(_)
            | Self::Private(_)
            | Self::Slow(_)
            | Self::Admin(_)
            | Self::Close(_)
            | Self::Reopen => None,
        }
    }

    /// The addresses that it is about, which operators alone see.
    pub fn address(&self) -> Option<Network> {
        match self {
            Self::Ban { from, .. }
            | Self::Unban(_, from)
            | Self::Mute(_, _, from)
            | Self::Unmute(_, from) => *from,
            _ => None,
        }
    }

    /// For how many seconds it holds, where that is said.
    pub fn time(&self) -> Option<u32> {
        match self {
            Self::Ban { time, .. } | Self::Mute(_, time, _) => *time,
            _ => None,
        }
    }

    /// Why, where that is said.
    pub fn reason(&self) -> &'a str {
        match self {
            Self::Kick(_, reason) | Self::Ban { reason, .. } | Self::Close(reason) => reason,
            _ => "",
        }
    }

    /// What is shown of it to everyone, after the name of who gave it: no address.
    pub fn words(&self) -> String {
        let whom = Whom(self.whom());
        let time = Time(self.time());
        let why = Why(self.reason());
        match self {
            Self::Own(_) => "owns this room".into(),
            Self::Op(..) => format!("has made {whom} an operator"),
            Self::Deop(_) => format!("has taken the operator's rights from {whom}"),
            Self::Kick(..) => format!("has removed {whom}{why}"),
            Self::Ban { .. } => format!("has banned {whom}{time}{why}"),
            Self::Unban(..) => format!("has lifted the ban of {whom}"),
            Self::Mute(..) => format!("has muted {whom}{time}"),
            Self::Unmute(..) => format!("lets {whom} speak again"),
            Self::Private(true) => "has made the room private".into(),
            Self::Private(false) => "has opened the room to everyone".into(),
            Self::Invite(_) => format!("has invited {whom}"),
            Self::Slow(0) => "lets everyone speak as fast as they like".into(),
            Self::Slow(seconds) => format!("limits everyone to one line every {seconds} s"),
            Self::Admin(true) => "looks after the server".into(),
            Self::Admin(false) => "does not look after the server any more".into(),
            Self::Redact(seq, _) => format!("has removed a line of {whom} (#{seq})"),
            Self::Close(_) => format!("has closed the room{why}"),
            Self::Reopen => "has opened the room again".into(),
        }
    }
}

/// A switch: `on` or `off`.
pub(crate) fn parse_switch(text: &str) -> Option<bool> {
    match text {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    }
}

/// A reason that is no longer than one may be.
fn reason(text: &str) -> Option<&str> {
    (text.len() <= MAX_ORDER_REASON).then_some(text)
}

/// Whom a ban is for: by one of these at least.
fn target(name: &str, network: &str) -> Option<(Option<Name>, Option<Network>)> {
    let name = match name {
        "-" => None,
        name => Some(Name::parse(name).ok()?),
    };
    let network = match network {
        "-" => None,
        network => Some(Network::parse(network)?),
    };
    (name.is_some() || network.is_some()).then_some((name, network))
}

/// What stands before a network, and that, if there is one.
fn split_network(text: &str) -> Option<(&str, Option<Network>)> {
    match text.split_once(' ') {
        Some((before, network)) => Some((before, Some(Network::parse(network)?))),
        None => Some((text, None)),
    }
}

/// So many seconds, or none said.
fn parse_time(text: &str) -> Result<Option<u32>, InvalidTime> {
    if text == "-" {
        return Ok(None);
    }
    let seconds = text.parse().map_err(|_| InvalidTime)?;
    Span::limited(seconds).map(Some)
}

/// What is there, or a dash.
struct OrNone<'a, T>(&'a Option<T>);

impl<T: fmt::Display> fmt::Display for OrNone<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(it) => it.fmt(f),
            None => f.write_str("-"),
        }
    }
}

/// What is there, after a blank, or nothing.
struct AfterBlank<'a, T>(&'a Option<T>);

impl<T: fmt::Display> fmt::Display for AfterBlank<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |it| write!(f, " {it}"))
    }
}

/// Somebody by name, or whoever has an address that is not said.
struct Whom<'a>(Option<&'a Name>);

impl fmt::Display for Whom<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(name) => name.fmt(f),
            None => f.write_str("an address"),
        }
    }
}

struct Time(Option<u32>);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .map_or(Ok(()), |time| write!(f, " for {}", Span(time)))
    }
}

/// A reason after a colon, if there is one.
pub(crate) struct Why<'a>(pub(crate) &'a str);

impl fmt::Display for Why<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            "" => Ok(()),
            why => write!(f, ": {why}"),
        }
    }
}

/// A time in seconds, as it is typed: in the largest unit that it is a whole number of.
pub(crate) struct Span(pub(crate) u32);

/// The units of a time, and the seconds that each has.
const UNITS: [(&str, u32); 4] = [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)];

/// A unit that is read, and not written.
const WEEK: (&str, u32) = ("w", 7 * 86_400);

/// For how long something can be ordered, in words.
pub const ORDER_TIMES: &str = "1s to 365d, such as 30s, 10m, 2h, 7d or 2w";

impl Span {
    /// Reads a time: `30s`, `10m`, `2h`, `7d`, `2w`. Nothing, where the text does not begin as one does, with a digit, be it after a
    /// sign or a point; an error, where it is none all the same, or over the limit.
    pub(crate) fn parse(text: &str) -> Option<Result<u32, InvalidTime>> {
        let bare = text.trim_start_matches(['+', '-', '.', ',', '\u{2212}']);
        if !bare.starts_with(char::is_numeric) {
            return None;
        }
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let known = UNITS.iter().chain([&WEEK]).find(|(it, _)| *it == unit);
        let time = number.parse::<u64>().ok().zip(known);
        let time = time.and_then(|(number, (_, seconds))| number.checked_mul(u64::from(*seconds)));
        Some(time.ok_or(InvalidTime).and_then(Self::limited))
    }

    /// So many seconds, if something can be ordered for that long.
    pub(crate) fn limited(seconds: u64) -> Result<u32, InvalidTime> {
        let time = u32::try_from(seconds).ok();
        let time = time.filter(|it| (1..=MAX_ORDER_TIME).contains(it));
        time.ok_or(InvalidTime)
    }
}

/// A time that nothing can be ordered for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InvalidTime;

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = UNITS.iter().find(|(_, unit)| self.0.is_multiple_of(*unit));
        let (name, unit) = whole.unwrap_or(&("s", 1));
        write!(f, "{}{name}", self.0 / unit)
    }
}

/// A moment in milliseconds since the Unix epoch, as people read it.
pub(crate) struct Moment(pub(crate) u64);

impl fmt::Display for Moment {
    /// The day by the proleptic Gregorian calendar: days are counted from the first of March of the year 0, so that the day that is
    /// put in stands at the end of a year.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DAYS_OF_400_YEARS: u64 = 146_097;
        let minutes = self.0 / 60_000;
        let days = minutes / 1440 + 719_468;
        let (era, day) = (days / DAYS_OF_400_YEARS, days % DAYS_OF_400_YEARS);
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let day = day - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = 400 * era + year + u64::from(month <= 2);
        let (hour, minute) = (minutes / 60 % 24, minutes % 60);
        write!(f, "{year}-{month:02}-{day:02} {hour:02}:{minute:02} UTC")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn an_order_is_read_as_it_is_written_and_shows_no_address() {
        for (text, words) in [
            ("own 7", "owns this room"),
            ("op bob 7", "has made bob an operator"),
            ("deop bob", "has taken the operator's rights from bob"),
            ("kick bob", "has removed bob"),
            ("kick bob too  loud", "has removed bob: too  loud"),
            ("ban - bob -", "has banned bob"),
            (
                "ban 7200 bob 192.0.2.7 a troll",
                "has banned bob for 2h: a troll",
            ),
            ("ban 90 - 192.0.2.0/24", "has banned an address for 90s"),
            ("unban bob -", "has lifted the ban of bob"),
            ("unban - 192.0.2.7", "has lifted the ban of an address"),
            ("mute bob -", "has muted bob"),
            ("mute bob 604800", "has muted bob for 7d"),
            ("mute bob - 192.0.2.7", "has muted bob"),
            ("mute bob 90 2001:db8::/64", "has muted bob for 90s"),
            ("unmute bob", "lets bob speak again"),
            ("unmute bob 192.0.2.7", "lets bob speak again"),
            ("private on", "has made the room private"),
            ("private off", "has opened the room to everyone"),
            ("invite bob", "has invited bob"),
            ("slow 0", "lets everyone speak as fast as they like"),
            ("slow 3600", "limits everyone to one line every 3600 s"),
            ("admin on", "looks after the server"),
            ("admin off", "does not look after the server any more"),
        ] {
            let order = Order::parse(text).unwrap();
            assert_eq!((order.to_text().as_str(), &*order.words()), (text, words));
        }
        for text in [
            "",
            "own",
            "own x",
            "op bob",
            "op * 1",
            "kick",
            "ban",
            "ban - - -",
            "ban 0 bob -",
            "ban 31536001 bob -",
            "ban - bob",
            "unban - -",
            "mute bob",
            "mute bob 0",
            "mute bob - x",
            "mute bob - -",
            "unmute bob x",
            "private",
            "slow 3601",
            "slow",
            "admin",
            "x",
        ] {
            assert_eq!(Order::parse(text), None, "{text}");
        }
        let at_limit = format!("kick bob {}", "x".repeat(MAX_ORDER_REASON));
        assert!(Order::parse(&at_limit).is_some());
        assert_eq!(Order::parse(&(at_limit + "x")), None);
    }

    #[test]
    fn times_are_read_and_written_in_their_largest_unit() {
        for (text, seconds) in [
            ("30s", 30),
            ("10m", 600),
            ("2h", 7200),
            ("365d", MAX_ORDER_TIME),
        ] {
            assert_eq!(Span::parse(text), Some(Ok(seconds)));
            assert_eq!(Span(seconds).to_string(), text);
        }
        assert_eq!(
            Span::parse("120s")
                .and_then(Result::ok)
                .map(|it| Span(it).to_string())
                .unwrap(),
            "2m"
        );
        assert_eq!(Span::parse("2w"), Some(Ok(14 * 86_400)));
        assert_eq!(Span::parse("52w"), Some(Ok(364 * 86_400)));
        for text in [
            "0s",
            "366d",
            "53w",
            "31536001s",
            "99999999999d",
            "7",
            "10 m",
            "10x",
            "-1s",
            "+1h",
            "1dd",
            "7D",
            "1.5h",
            ".5h",
            "2h30m",
            "7days",
            "1st",
            "7é",
            "\u{ff17}d",
        ] {
            assert_eq!(Span::parse(text), Some(Err(InvalidTime)), "{text}");
        }
        for text in ["", "s", "bob", "-", "...", "d7", "é7"] {
            assert_eq!(Span::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_words_for_times_name_the_limit_and_times_that_there_are() {
        let (limits, examples) = ORDER_TIMES.split_once(", such as ").unwrap();
        assert_eq!(limits, format!("1s to {}", Span(MAX_ORDER_TIME)));
        for text in examples.replace(" or ", ", ").split(", ") {
            assert!(matches!(Span::parse(text), Some(Ok(_))), "{text}");
        }
    }

    #[test]
    fn a_moment_is_a_day_and_a_time() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00 UTC"),
            (951_782_340, "2000-02-28 23:59 UTC"),
            (951_868_740, "2000-02-29 23:59 UTC"),
            (951_868_800, "2000-03-01 00:00 UTC"),
            (1_798_761_599, "2026-12-31 23:59 UTC"),
            (4_107_542_400, "2100-03-01 00:00 UTC"),
        ] {
            assert_eq!(Moment(seconds * 1000).to_string(), text);
        }
    }
}
