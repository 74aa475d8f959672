//! The text dialect: what lines mean, in both directions (PROTOCOL.md, "The text dialect").

use crate::foreign::Protocol;
use crate::json::{Code, Message};
use crate::limits::MAX_LINE;
use crate::log::Dialect;
use crate::mark::{Mark, mark_if};
use crate::name::Name;
use crate::nearest::nearest;
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

/// What the first line of a connection asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstLine<'a> {
    /// `JOIN`, with or without a name behind it.
    Join(Option<&'a str>),
    /// `JOIN {…}`: the JSON dialect. The whole line; nothing of it if it is not UTF-8.
    Json(&'a str),
    /// Nothing: the line is blank, and the first line is yet to come.
    Blank,
    /// A protocol that is not spoken here.
    Foreign(Protocol),
    /// Anything else: it is a line like any other.
    Other,
}

impl<'a> FirstLine<'a> {
    /// Reads a first line.
    pub fn decode(line: &'a [u8]) -> Self {
        if let Some(protocol) = Protocol::of_line(line) {
            return Self::Foreign(protocol);
        }
        if str::from_utf8(line).is_ok_and(|line| line.trim().is_empty()) {
            return Self::Blank;
        }
        let rest = match line.trim_ascii().split_at_checked(4) {
            Some((word, rest)) if word.eq_ignore_ascii_case(b"JOIN") => rest,
            _ => return Self::Other,
        };
        if !matches!(rest.first(), None | Some(b' ' | b'\t' | b'{')) {
            return Self::Other;
        }
        let rest = rest.trim_ascii();
        let is_object = rest.starts_with(b"{");
        match str::from_utf8(rest) {
            Ok("") => Self::Join(None),
            Ok(object) if is_object => Self::Json(object),
            Ok(name) => Self::Join(Some(name)),
            Err(_) if is_object => Self::Json(""),
            Err(_) => Self::Other,
        }
    }
}

/// The commands there are.
const COMMANDS: [&str; 4] = ["help", "who", "history", "leave"];

/// Entries shown where no number is asked for.
const HISTORY: u64 = 20;

/// What a line of a connection asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// Nothing: the line is blank.
    Nothing,
    /// Say this. It is not blank and has no control character but tab.
    Say(Cow<'a, str>),
    /// Leave the room.
    Leave,
    /// List the commands.
    Help,
    /// List who is in the room.
    Who,
    /// Show so many of the newest entries.
    History(u64),
    /// A command that takes nothing has something behind it.
    Surplus(&'static str),
    /// A command that does not exist.
    Unknown(Cow<'a, str>),
}

impl<'a> Request<'a> {
    /// Reads a line.
    ///
    /// # Errors
    /// When it is not UTF-8.
    pub fn decode(line: &'a [u8]) -> Result<Self, core::str::Utf8Error> {
        let line = str::from_utf8(line)?;
        let bare = line.trim();
        Ok(if bare.is_empty() {
            Self::Nothing
        } else if bare.eq_ignore_ascii_case("LEAVE") {
            Self::Leave
        } else if let Some(command) = line.strip_prefix('/') {
            if command.starts_with('/') {
                Self::Say(printable(command))
            } else {
                Self::command(command)
            }
        } else {
            Self::Say(printable(line))
        })
    }

    fn command(line: &'a str) -> Self {
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let (request, name) = match word {
            w if w.eq_ignore_ascii_case("help") => (Self::Help, "help"),
            w if w.eq_ignore_ascii_case("who") => (Self::Who, "who"),
            w if w.eq_ignore_ascii_case("leave") => (Self::Leave, "leave"),
            w if w.eq_ignore_ascii_case("history") => {
                return match rest.trim() {
                    "" => Self::History(HISTORY),
                    n if n.bytes().all(|b| b == b'0') => Self::Surplus("history"),
                    // More digits than a number has are a large number all the same.
                    n if n.bytes().all(|b| b.is_ascii_digit()) => {
                        Self::History(n.parse().unwrap_or(u64::MAX))
                    }
                    _ => Self::Surplus("history"),
                };
            }
            w => return Self::Unknown(printable(w)),
        };
        if rest.trim().is_empty() {
            request
        } else {
            Self::Surplus(name)
        }
    }
}

impl fmt::Display for Request<'_> {
    /// The line that asks for this.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => Ok(()),
            Self::Say(text) if text.starts_with('/') => write!(f, "/{text}"),
            Self::Say(text) => f.write_str(text),
            Self::Leave => f.write_str("LEAVE"),
            Self::Help => f.write_str("/help"),
            Self::Who => f.write_str("/who"),
            Self::History(count) => write!(f, "/history {count}"),
            Self::Surplus(name) => write!(f, "/{name} -"),
            Self::Unknown(word) => write!(f, "/{word}"),
        }
    }
}

/// `text` with `?` for every character that could do something to a screen: control characters
/// other than tab, and the two line separators of Unicode.
///
/// ```
/// assert_eq!(chat_core::printable("\u{1b}[2J\ttidy\u{2028}"), "?[2J\ttidy?");
/// ```
pub fn printable(text: &str) -> Cow<'_, str> {
    let acts = |c: char| c.is_control() && c != '\t' || matches!(c, '\u{2028}' | '\u{2029}');
    // Most lines are plain ASCII, and whole chunks of that are looked at in a few instructions.
    let is_plain = |chunk: &[u8]| {
        chunk
            .iter()
            .fold(true, |plain, b| plain & (b' '..=b'~').contains(b))
    };
    if text.as_bytes().chunks(64).all(is_plain) || !text.contains(acts) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(
            text.chars()
                .map(|c| if acts(c) { '?' } else { c })
                .collect(),
        )
    }
}

/// One thing that happened in the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry<'a> {
    /// Somebody joined.
    Joined(&'a Name),
    /// Somebody left.
    Left(&'a Name),
    /// Somebody said something.
    Said(&'a Name, &'a str),
}

impl Entry<'_> {
    /// The entry as a line without its ending, in parts to be written one behind the other.
    pub fn encode(&self) -> [&str; 3] {
        match self {
            Self::Joined(name) => [name.as_str(), " has joined the chat", ""],
            Self::Left(name) => [name.as_str(), " has left the chat", ""],
            Self::Said(name, text) => [name.as_str(), ": ", text],
        }
    }
}

/// A line from the server, as a client reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerLine<'a> {
    /// We are in.
    Welcome,
    /// Somebody joined.
    Joined(Name),
    /// Somebody left.
    Left(Name),
    /// Somebody said something.
    Said(Name, &'a str),
    /// The last line before the server closes the connection, and why.
    Goodbye(&'a str),
    /// Another private notice.
    Notice(&'a str),
    /// Nothing that PROTOCOL.md knows.
    Unknown(&'a str),
}

/// What the one who joined is told.
pub(crate) const WELCOME: &str = "Welcome to the chatroom!";
const NOTICE: &str = "* ";
const GOODBYE: &str = "Goodbye: ";

impl<'a> ServerLine<'a> {
    /// Reads a line.
    pub fn decode(line: &'a str) -> Self {
        if line == WELCOME {
            return Self::Welcome;
        }
        if let Some(notice) = line.strip_prefix(NOTICE) {
            return match notice.strip_prefix(GOODBYE) {
                Some(why) => Self::Goodbye(why),
                None => Self::Notice(notice),
            };
        }
        let Some(end) = line.find([':', ' ']) else {
            return Self::Unknown(line);
        };
        let (Ok(name), rest) = (Name::parse(&line[..end]), &line[end..]) else {
            return Self::Unknown(line);
        };
        match rest {
            " has joined the chat" => Self::Joined(name),
            " has left the chat" => Self::Left(name),
            _ => match rest.strip_prefix(": ") {
                Some(text) => Self::Said(name, text),
                None => Self::Unknown(line),
            },
        }
    }
}

/// A private line: an error, or the answer to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notice<'a> {
    Welcome,
    InAlready(&'a Name),
    NameTaken {
        asked: &'a str,
        given: &'a Name,
    },
    NameInvalid {
        asked: &'a str,
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
    Help,
    /// So many entries that were asked for cannot be read.
    Unreadable(u64),
    /// What it sends is read as slowly as its rate allows.
    Slow,
    Goodbye(Goodbye),
}

/// Why the server closes a connection that did not ask for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Goodbye {
    ShuttingDown,
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
}

impl<'a> Notice<'a> {
    /// There is no such command, neither of the server's nor of these others.
    pub(crate) fn unknown(command: &'a str, others: &[&'static str]) -> Self {
        let all: Vec<&'static str> = COMMANDS.iter().chain(others).copied().collect();
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

    /// The notice as an object: what stands behind the asterisk, and a code.
    fn to_message(self) -> String {
        let line = alloc::format!("{self}");
        let text = line.trim_start_matches(NOTICE).trim_start_matches(GOODBYE);
        let text: Cow<'_, str> = text.into();
        if let Self::Goodbye(why) = self {
            let (code, retry_after_ms) = why.code();
            return Message::Bye {
                code,
                text,
                retry_after_ms,
            }
            .to_line();
        }
        if self == Self::Slow {
            return Message::Slow { text }.to_line();
        }
        let code = match self {
            Self::NameTaken { .. } => Code::NameTaken,
            Self::NameInvalid { .. } => Code::BadName,
            Self::Unterminated => Code::Unterminated,
            _ => Code::BadRequest,
        };
        Message::Error {
            code,
            text,
            id: None,
        }
        .to_line()
    }
}

impl fmt::Display for Notice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Welcome => f.write_str(WELCOME),
            Self::InAlready(name) => write!(f, "* You are in already, as {name}."),
            Self::NameTaken { asked, given } => {
                write!(f, "* The name {asked} is taken; you are {given}.")
            }
            Self::NameInvalid { asked, given } => write!(
                f,
                "* \"{}\" is not a name: {}. You are {given}.",
                Short(asked),
                crate::name::InvalidName
            ),
            Self::NotUtf8 => f.write_str("* Not sent: the line is not UTF-8."),
            Self::TooLong => write!(f, "* Not sent: the line is longer than {MAX_LINE} bytes."),
            Self::Unterminated => {
                f.write_str("* Not sent: the last line did not end with a newline.")
            }
            Self::Surplus("history") => f.write_str(
                "* Not done: /history takes a number after it, 1 or more, or nothing. To say a line that begins with a slash, begin it with two.",
            ),
            Self::Surplus(command) => write!(
                f,
                "* Not done: /{command} takes nothing after it. To say a line that begins with a slash, begin it with two."
            ),
            Self::Unknown { command, meant } => {
                write!(f, "* Unknown command /{}. ", shortened(command, WORD))?;
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
            Self::Help => f.write_str(
                "* /who: who is in the room\n\
                 * /history, perhaps with a number: what happened last\n\
                 * /leave, or LEAVE alone on a line: leave\n\
                 * /help: this list\n\
                 * //text: say a line that begins with one slash\n\
                 * Any other line is said to everyone else in the room.",
            ),
            Self::Goodbye(why) => write!(f, "* {GOODBYE}{why}."),
        }
    }
}

impl Goodbye {
    /// The same for programs, and when to come back, in milliseconds.
    fn code(self) -> (Code, Option<u64>) {
        match self {
            Self::ShuttingDown => (Code::ShuttingDown, Some(1000)),
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
            Self::Foreign(_) => (Code::BadHello, None),
            Self::Replaced => (Code::Replaced, None),
        }
    }
}

impl fmt::Display for Goodbye {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ShuttingDown => f.write_str("the server is shutting down"),
            Self::TooFarBehind { limit } => write!(
                f,
                "you are too far behind; more than {limit} bytes are waiting for you"
            ),
            Self::Replaced => f.write_str("this session has a newer connection"),
            Self::Foreign(Protocol::Http) => f.write_str("this is a chat server, not a web server"),
            Self::Foreign(protocol) => write!(
                f,
                "this is a chat server; it does not speak {}",
                protocol.name()
            ),
            Self::Full => f.write_str("the room is full; try again later"),
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

/// A time in whole milliseconds, rounded up.
fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_micros().div_ceil(1000)).unwrap_or(u64::MAX)
}

/// A time in whole seconds, rounded up.
fn seconds(time: Duration) -> u64 {
    millis(time).div_ceil(1000)
}

/// At most 64 characters of a text that somebody else chose, printable.
pub(crate) struct Short<'a>(pub(crate) &'a str);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shortened(self.0, 64))
    }
}

/// So many characters of a text at most, printable, with an ellipsis if that is not all.
fn shortened(text: &str, most: usize) -> String {
    let end = text.char_indices().nth(most);
    let end = end.map_or(text.len(), |(at, _)| at);
    let ellipsis = if end < text.len() { "…" } else { "" };
    alloc::format!("{}{ellipsis}", printable(&text[..end]))
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::MAX_NAME;
    use alloc::string::ToString;
    use alloc::vec::Vec;

    #[test]
    fn first_lines() {
        use FirstLine::{Blank, Foreign, Join, Json, Other};
        let http = || Foreign(Protocol::Http);
        for (line, meaning) in [
            ("JOIN", Join(None)),
            ("join", Join(None)),
            (" Join \t", Join(None)),
            ("JOIN ann", Join(Some("ann"))),
            ("JOIN  ann b ", Join(Some("ann b"))),
            ("JOIN {}", Json("{}")),
            ("JOIN{}", Json("{}")),
            ("join \t {\"a\":1} ", Json("{\"a\":1}")),
            ("JOINED", Other),
            ("JOI", Other),
            ("", Blank),
            (" \t\u{a0}", Blank),
            ("LEAVE", Other),
            ("GET / HTTP/1.1", http()),
            ("CONNECT a:443 HTTP/1.0", http()),
            ("GET /", http()),
            ("GET a grip HTTP/1.1", Other),
            ("get / HTTP/1.1", http()),
        ] {
            assert_eq!(FirstLine::decode(line.as_bytes()), meaning, "{line:?}");
        }
        for (line, meaning) in [
            (&b"JOIN {\"name\": \"\xff\"}"[..], Json("")),
            (b" join \t{\xff", Json("")),
            (b"JOIN \xff", Other),
            (b"JOIN{\xff", Json("")),
            (b"JOIN\xff", Other),
            (b"HOLA {\xff", Other),
        ] {
            assert_eq!(FirstLine::decode(line), meaning, "{line:?}");
        }
        let long = alloc::format!("GET /{}", "a".repeat(MAX_LINE - 5));
        assert_eq!(FirstLine::decode(long.as_bytes()), http());
    }

    #[test]
    fn requests() {
        use Request::{Help, Leave, Nothing, Say, Surplus, Unknown, Who};
        for (line, meaning) in [
            ("", Nothing),
            (" \t ", Nothing),
            ("hi", Say("hi".into())),
            (" hi ", Say(" hi ".into())),
            ("JOIN", Say("JOIN".into())),
            ("leave", Leave),
            ("LEAVE ", Leave),
            ("Leave me", Say("Leave me".into())),
            ("/LEAVE", Leave),
            ("/leave me", Surplus("leave")),
            ("/Who", Who),
            ("/history", Request::History(20)),
            ("/history 1", Request::History(1)),
            ("/history 0", Surplus("history")),
            ("/history 00", Surplus("history")),
            ("/help ", Help),
            ("/helpx", Unknown("helpx".into())),
            ("/", Unknown("".into())),
            ("//help", Say("/help".into())),
            ("///", Say("//".into())),
            (" /who", Say(" /who".into())),
            ("a\u{7}\tb\u{9b}", Say("a?\tb?".into())),
        ] {
            assert_eq!(Request::decode(line.as_bytes()), Ok(meaning), "{line:?}");
        }
        assert!(Request::decode(b"caf\xe9").is_err());
    }

    #[test]
    fn a_request_encodes_to_a_line_that_decodes_to_it() {
        for line in [
            "", "hi", "leave", "/who", "/help", "/x y", "/who x", "//a", "///", "a\u{85}b",
        ] {
            let request = Request::decode(line.as_bytes()).unwrap();
            let again = request.to_string();
            assert_eq!(Request::decode(again.as_bytes()), Ok(request), "{line:?}");
        }
    }

    #[test]
    fn text_that_does_nothing_to_a_screen_is_not_copied() {
        for text in ["tidy", "t\u{ef}dy\ttoo", &"long ".repeat(100)] {
            assert!(matches!(printable(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn text_cannot_be_taken_for_another_line() {
        let ann = Name::parse("ann").unwrap();
        for text in ["bob: hi", "bob has left the chat", "* Goodbye: x", WELCOME] {
            let line = Entry::Said(&ann, text).encode().concat();
            assert_eq!(
                ServerLine::decode(&line),
                ServerLine::Said(ann.clone(), text)
            );
        }
    }

    #[test]
    fn who_fills_a_line_and_no_more() {
        let names: Vec<Name> = (0..2000).map(Name::of_port).collect();
        assert_eq!(who(names[..2].iter()), "* In the room (2): USER0, USER1\n");
        // A name counts with a comma, and leaves room for how many there are behind it.
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
