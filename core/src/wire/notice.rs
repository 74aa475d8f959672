//! Notices: what one connection alone is told, in either dialect.

use crate::mark::{Mark, mark_if};
use crate::types::limits::MAX_LINE;
use crate::types::name::Name;
use crate::types::network::Network;
use crate::types::order::Why;
use crate::types::rights::Role;
use crate::types::room_name::RoomName;
use crate::types::spelling::InvalidName;
use crate::wire::answer::{Answer, Ending, Taken, Until};
use crate::wire::commands::{COMMANDS, Command, command, help};
use crate::wire::dialect::Dialect;
use crate::wire::foreign::Protocol;
use crate::wire::json::{Code, DiskState, Message};
use crate::wire::nearest::nearest;
use crate::wire::short::{Short, millis, seconds, shortened};
use crate::wire::text::{GOODBYE, NOTICE, WELCOME};
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

/// A private line: an error, or the answer to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notice<'a> {
    Welcome,
    InAlready(&'a Name),
    /// Somebody has the name that was asked for in joining, or one that is taken for it.
    NameTaken {
        asked: &'a Name,
        by: &'a Name,
        given: &'a Name,
    },
    /// A name that was asked for in joining belongs to somebody, or one does that it is taken for.
    NameClaimed {
        asked: &'a Name,
        own: &'a Name,
        given: &'a Name,
    },
    NameInvalid {
        asked: &'a str,
        why: InvalidName,
        given: &'a Name,
    },
    /// A name that was asked for in joining is one that nobody may have.
    NameReserved {
        asked: &'a Name,
        given: &'a Name,
    },
    NotUtf8,
    TooLong,
    Unterminated,
    Surplus(&'a str),
    /// There is no such command; perhaps another one was meant.
    Unknown {
        command: &'a str,
        meant: Option<&'static str>,
    },
    Lacking(&'a str),
    /// To somebody who is this in the room.
    Help(Role),
    HelpOn(&'static Command),
    /// The answer to a command about people, or about the room.
    Answer(Answer<'a>),
    /// So many entries that were asked for cannot be read.
    Unreadable(u64),
    /// What it sends is read as slowly as its rate allows.
    Slow,
    /// Those who look after the server have something to say to everyone.
    Announcement(&'a str),
    /// What the server's disk lets happen has changed.
    Disk(DiskState),
    /// There is no room on the disk for what was to be said.
    NotSaid,
    /// An operator has it go, and perhaps says why. It is the last line.
    Kicked(&'a str),
    /// It is removed from a room, and goes on elsewhere.
    Removed(&'a RoomName, Removal<'a>),
    /// It is removed from the lobby, or not let in. It is the last line.
    RemovedFromAll(Removal<'a>),
    Goodbye(Goodbye),
}

/// Why somebody may not be in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Removal<'a> {
    /// Somebody has them go.
    Kicked { by: &'a Name, reason: &'a str },
    /// They are kept out, until then where that is said, in milliseconds since the Unix epoch.
    Banned { until: Option<u64>, reason: &'a str },
    /// The room is closed.
    Closed { reason: &'a str },
}

impl Removal<'_> {
    /// It for programs.
    pub(crate) fn code(self) -> Code {
        match self {
            Self::Kicked { .. } => Code::Kicked,
            Self::Banned { .. } => Code::Banned,
            Self::Closed { .. } => Code::Closed,
        }
    }
}

/// Why the server closes a connection that did not ask for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Goodbye {
    ShuttingDown { wait: Duration },
    TooFarBehind { limit: u64 },
    Replaced,
    Foreign(Protocol),
    Full,
    HostFull { limit: usize },
    HostUnjoined { limit: usize },
    TooManyJoins { wait: Duration },
    TooManyTokens { wait: Duration },
    FirstLineUnended { limit: Duration },
    GaveWay,
    NotKept,
    DiskFull,
}

impl<'a> Notice<'a> {
    /// There is no such command, neither of the server's nor of these others.
    pub(crate) fn unknown(command: &'a str, others: &[&'static str]) -> Self {
        let own = COMMANDS.iter().map(|command| command.name);
        let all: Vec<&'static str> = own.chain(others.iter().copied()).collect();
        let meant = nearest(command, &all);
        Self::Unknown { command, meant }
    }
}

impl Notice<'_> {
    /// The notice as a line of a dialect, its ending included.
    pub(crate) fn to_line(self, dialect: Dialect) -> String {
        match dialect {
            Dialect::Text => alloc::format!("{self}\n"),
            Dialect::Json => self.to_message(),
        }
    }

    /// The notice as an object: what stands after the asterisk, and a code.
    fn to_message(self) -> String {
        let line = alloc::format!("{self}");
        let text = line.trim_start_matches(NOTICE).trim_start_matches(GOODBYE);
        let text: Cow<'_, str> = text.into();
        let bye = match self {
            Self::Goodbye(why) => Some(why.code()),
            Self::Kicked(_) => Some((Code::Kicked, None)),
            Self::RemovedFromAll(why) => Some((why.code(), None)),
            _ => None,
        };
        if let Some((code, retry_after_ms)) = bye {
            return Message::Bye {
                code,
                text,
                retry_after_ms,
            }
            .to_line();
        }
        if let Self::Disk(state) = self {
            return Message::Disk { state, text }.to_line();
        }
        if matches!(
            self,
            Self::Answer(
                Answer::Away
                    | Answer::Back
                    | Answer::Displaced { .. }
                    | Answer::Admin(_)
                    | Answer::Freed(_)
                    | Answer::KeepsNobodyOut
            )
        ) {
            return Message::Notice { text }.to_line();
        }
        if let Self::Announcement(text) = self {
            return Message::Announcement { text: text.into() }.to_line();
        }
        if self == Self::Slow {
            return Message::Slow { text }.to_line();
        }
        let code = match self {
            Self::NameTaken { .. } => Code::NameTaken,
            Self::NameClaimed { .. } => Code::NameClaimed,
            Self::NameInvalid { .. } | Self::NameReserved { .. } => Code::BadName,
            Self::Unterminated => Code::Unterminated,
            _ => Code::BadRequest,
        };
        Message::Error {
            code,
            text,
            id: None,
            retry_after_ms: None,
        }
        .to_line()
    }
}

impl fmt::Display for Notice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Welcome => f.write_str(WELCOME),
            Self::InAlready(name) => write!(f, "* You are in already, as {name}."),
            Self::NameTaken { asked, by, given } => {
                write!(f, "* {}; you are {given}.", Taken { asked, by })
            }
            Self::NameClaimed { asked, own, given } => write!(
                f,
                "* The name {asked} belongs to somebody; you are {given}. If it is yours: /login {own} PASSWORD."
            ),
            Self::NameInvalid { asked, why, given } => write!(
                f,
                "* \"{}\" is not a name: {why}. You are {given}.",
                Short(asked),
            ),
            Self::NotUtf8 => f.write_str("* Not sent: the line is not UTF-8."),
            Self::TooLong => write!(f, "* Not sent: the line is longer than {MAX_LINE} bytes."),
            Self::Unterminated => {
                f.write_str("* Not sent: the last line did not end with a newline.")
            }
            Self::Surplus("history") => f.write_str(
                "* Not done: /history takes a number after it, 1 or more, or nothing. To say a line that begins with a slash, begin it with two.",
            ),
            Self::Surplus(name) => {
                let takes = command(name).map_or("", |command| command.takes);
                let (what, only) = if takes.is_empty() {
                    ("nothing after it", "")
                } else {
                    (takes, " after it, and nothing else")
                };
                write!(
                    f,
                    "* Not done: /{name} takes {what}{only}. To say a line that begins with a slash, begin it with two."
                )
            }
            Self::Unknown { command, meant } => {
                // Other characters may be two columns wide.
                let most = if command.is_ascii() { WORD } else { WORD / 2 };
                write!(f, "* Unknown command /{}. ", shortened(command, most))?;
                match meant {
                    Some(meant) => write!(f, "Did you mean /{meant}?"),
                    None => f.write_str("/help lists them; // says a /."),
                }
            }
            Self::Unreadable(count) => {
                let entries = if *count == 1 { "entry" } else { "entries" };
                write!(f, "* ({count} {entries} cannot be read any more)")
            }
            Self::Slow => f.write_str(
                "* You send faster than this server reads from you. Nothing is lost: it goes on reading, slowly.",
            ),
            Self::Announcement(text) => write!(f, "* Announcement: {text}"),
            Self::Disk(state) => f.write_str(match state {
                DiskState::Full => {
                    "* The server's disk is full: nothing can be said until there is room."
                }
                DiskState::Room => "* The server's disk has room again.",
                DiskState::Waits => {
                    "* The server's disk does not answer: what is said waits for it."
                }
                DiskState::Answers | DiskState::Unknown => "* The server's disk answers again.",
            }),
            Self::NotSaid => {
                f.write_str("* Not sent: the server's disk is full. Try again later.")
            }
            Self::Lacking(name) => {
                let takes = command(name).map_or("", |command| command.takes);
                write!(f, "* Not done: /{name} takes {takes} after it.")
            }
            Self::Help(role) => f.write_str(&help(*role)),
            Self::HelpOn(Command { name, takes, does }) => {
                let blank = if takes.is_empty() { "" } else { " " };
                write!(f, "* /{name}{blank}{takes}: {does}.")
            }
            Self::NameReserved { asked, given } => {
                write!(f, "* Nobody may be called {asked}; you are {given}.")
            }
            Self::Answer(answer) => write!(f, "* {answer}"),
            Self::Kicked(why) => {
                write!(f, "* {GOODBYE}an operator has removed you")?;
                match *why {
                    "" => f.write_str("."),
                    why => write!(f, ": {why}"),
                }
            }
            Self::Removed(room, why) => write_removed(f, room, *why),
            Self::RemovedFromAll(Removal::Kicked { by, reason }) => {
                write!(f, "* {GOODBYE}{by} has removed you{}", Ending(reason))
            }
            Self::RemovedFromAll(Removal::Banned { until, reason }) => {
                let why = Ending(reason);
                write!(f, "* {GOODBYE}you are banned{}{why}", Until(*until))
            }
            Self::RemovedFromAll(Removal::Closed { reason }) => {
                write!(f, "* {GOODBYE}the room is closed{}", Ending(reason))
            }
            Self::Goodbye(why) => write!(f, "* {GOODBYE}{why}."),
        }
    }
}

/// Why somebody is in a room no more.
fn write_removed(f: &mut fmt::Formatter<'_>, room: &RoomName, why: Removal<'_>) -> fmt::Result {
    match why {
        Removal::Kicked { by, reason } => {
            write!(f, "* {by} has removed you from {room}{}", Ending(reason))
        }
        Removal::Closed { reason } => write!(f, "* {}", Answer::Closed(room, reason)),
        Removal::Banned { until, reason } => {
            let answer = Answer::Banned {
                room,
                until,
                reason,
            };
            write!(f, "* {answer}")
        }
    }
}

impl Goodbye {
    /// The same for programs, and when to come back, in milliseconds.
    fn code(self) -> (Code, Option<u64>) {
        match self {
            Self::ShuttingDown { wait } => (Code::ShuttingDown, Some(millis(wait))),
            Self::TooFarBehind { .. } => (Code::TooFarBehind, Some(0)),
            Self::Full | Self::HostFull { .. } | Self::HostUnjoined { .. } => {
                (Code::Full, Some(5000))
            }
            // Later than the next newcomer, and before its session is given up.
            Self::GaveWay => (Code::Full, Some(30_000)),
            Self::TooManyJoins { wait } => (Code::TooManyJoins, Some(millis(wait))),
            Self::TooManyTokens { wait } => (Code::TooManyTokens, Some(millis(wait))),
            Self::FirstLineUnended { .. } => (Code::Unterminated, Some(0)),
            Self::NotKept => (Code::NotKept, Some(1000)),
            Self::DiskFull => (Code::DiskFull, Some(10_000)),
            Self::Foreign(_) => (Code::BadHello, None),
            Self::Replaced => (Code::Replaced, None),
        }
    }
}

impl fmt::Display for Goodbye {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ShuttingDown { .. } => f.write_str("the server is shutting down"),
            Self::TooFarBehind { limit } => write!(
                f,
                "you are too far behind; more than {limit} bytes are waiting for you"
            ),
            Self::Replaced => f.write_str("this session has a newer connection"),
            Self::Foreign(Protocol::Http) => {
                f.write_str("this is a chat server, not a web server; type JOIN first to say that")
            }
            Self::Foreign(Protocol::Secret) => f.write_str(
                "this is a chat server, and that looks like a secret; type JOIN first to say that",
            ),
            Self::Foreign(protocol) => write!(
                f,
                "this is a chat server; it does not speak {}; type JOIN first to say that",
                protocol.name()
            ),
            Self::Full => f.write_str("the room is full; try again later"),
            Self::DiskFull => f.write_str("the server's disk is full; try again later"),
            Self::HostFull { limit } => write!(
                f,
                "your address has {limit} connections, and gets no more; try again later"
            ),
            Self::HostUnjoined { limit } => write!(
                f,
                "{limit} connections of your address have not joined yet; try again later"
            ),
            Self::TooManyJoins { wait } => write!(
                f,
                "too many have joined from your address; try again in {} s",
                seconds(*wait)
            ),
            Self::TooManyTokens { wait } => write!(
                f,
                "too many unknown sessions were asked for from your address; try again in {} s",
                seconds(*wait)
            ),
            Self::FirstLineUnended { limit } => write!(
                f,
                "your first line did not end within {} s",
                limit.as_secs_f64()
            ),
            Self::GaveWay => f.write_str(
                "the room is full, and you gave way to somebody new, as you had said nothing",
            ),
            Self::NotKept => f.write_str("what is said cannot be kept any more; the server stops"),
        }
    }
}

/// So many characters of a command that does not exist are repeated: the answer fits into a row.
const WORD: usize = 20;

/// The answer to `/who`: as many names as a line holds, then how many more.
pub(crate) fn who<'a>(names: impl ExactSizeIterator<Item = &'a Name>) -> String {
    const MORE: usize = ", and 18446744073709551615 more\n".len();
    let count = names.len();
    let mut length = alloc::format!("* In the room ({count}): ").len() + MORE - ", ".len();
    let fits = |name: &&str| {
        length += name.len() + 2;
        length <= MAX_LINE
    };
    let shown: Vec<&str> = names.map(Name::as_str).take_while(fits).collect();
    let more = count - shown.len();
    mark_if(more > 0, Mark::WhoCutShort);
    roster(&shown, more) + "\n"
}

/// The answer to `/rooms`: as many rooms as a line holds, then how many more.
pub(crate) fn rooms<'a>(all: impl Iterator<Item = (&'a str, usize)>) -> String {
    const MORE: usize = ", and 18446744073709551615 more\n".len();
    let (mut line, mut more) = (String::from("* Rooms: "), 0_usize);
    for (nth, (room, here)) in all.enumerate() {
        let next = alloc::format!("{}{room} ({here})", if nth > 0 { ", " } else { "" });
        if more == 0 && line.len() + next.len() + MORE <= MAX_LINE {
            line += &next;
        } else {
            more += 1;
        }
    }
    mark_if(more > 0, Mark::RoomsCutShort);
    if more > 0 {
        line + &alloc::format!(", and {more} more\n")
    } else {
        line + "\n"
    }
}

/// Whom a ban is for by name, and by addresses; until when, by whom, and why.
pub(crate) type BanShown<'a> = (
    Option<&'a Name>,
    Option<Network>,
    Option<u64>,
    &'a Name,
    &'a str,
);

/// The answer to `/bans`: as many as a line holds, the oldest first, then how many more.
pub(crate) fn bans<'a>(all: impl Iterator<Item = BanShown<'a>>) -> String {
    const MORE: usize = "; and 18446744073709551615 more\n".len();
    let (mut line, mut more) = (String::new(), 0_usize);
    for (whom, from, until, by, reason) in all {
        let between = if line.is_empty() { "* Banned: " } else { "; " };
        let whom = whom.map_or("", Name::as_str);
        let blank = if whom.is_empty() || from.is_none() {
            ""
        } else {
            " "
        };
        let from = from.map_or(String::new(), |it| alloc::format!("({it})"));
        let (until, why) = (Until(until), Why(reason));
        let next = alloc::format!("{between}{whom}{blank}{from}{until}, by {by}{why}");
        if more == 0 && line.len() + next.len() + MORE <= MAX_LINE {
            line += &next;
        } else {
            more += 1;
        }
    }
    match (line.is_empty(), more) {
        (true, _) => String::from("* Nobody is banned.\n"),
        (_, 0) => line + "\n",
        (_, more) => line + &alloc::format!("; and {more} more\n"),
    }
}

/// Who is in the room, as a line without its ending: some names, and how many more there are.
pub(crate) fn roster(names: &[&str], more: usize) -> String {
    let all = alloc::format!(
        "* In the room ({}): {}",
        names.len() + more,
        names.join(", ")
    );
    if more > 0 {
        alloc::format!("{all}, and {more} more")
    } else {
        all
    }
}

/// The names in a notice (without its `* `) that answers who is in the room; none if it is another one.
///
/// ```
/// let names = chat_core::names_of_roster("In the room (4): ann, bob, and 2 more");
/// assert_eq!(names.map(|name| name.to_string()).collect::<Vec<_>>(), ["ann", "bob"]);
/// ```
pub fn names_of_roster(notice: &str) -> impl Iterator<Item = Name> {
    let after = notice.strip_prefix("In the room (");
    let (count, names) = after
        .and_then(|it| it.split_once("): "))
        .unwrap_or_default();
    let is_roster = count.bytes().all(|byte| byte.is_ascii_digit());
    let names = names.split(", ").filter(move |_| is_roster);
    // What stands last may be how many more there are: that has blanks in it, and is no name.
    names.filter_map(|name| Name::parse(name).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::limits::MAX_NAME;
    use alloc::string::ToString;

    #[test]
    fn who_fills_a_line_and_no_more() {
        let names: Vec<Name> = (0..2000).map(Name::of_port).collect();
        assert_eq!(who(names[..2].iter()), "* In the room (2): USER0, USER1\n");
        // A name counts with a comma, and leaves room for how many there are after it.
        let room =
            MAX_LINE - "* In the room (120): ".len() - ", and 18446744073709551615 more\n".len();
        let rest = room - 118 * (MAX_NAME + 2);
        for (surplus, left) in [(0, 1), (1, 2)] {
            let last = ["a".repeat(rest + surplus), "b".to_string()];
            let mut names = alloc::vec![Name::parse(&"0".repeat(MAX_NAME)).unwrap(); 118];
            names.extend(last.map(|name| Name::parse(&name).unwrap()));
            let line = who(names.iter());
            assert_eq!(line.matches(", ").count(), names.len() - left);
            assert!(line.ends_with(&alloc::format!(", and {left} more\n")));
        }
    }
}
