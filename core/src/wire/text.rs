//! The text dialect: what lines mean, in both directions (PROTOCOL.md, "The text dialect").

use crate::types::device::number_of;
use crate::types::entry::{Entry, Kind};
use crate::types::name::Name;
use crate::types::secret::Secret;
use crate::wire::asked::{self, Asked};
use crate::wire::commands::command;
use crate::wire::foreign::Protocol;
use crate::wire::printable::{is_blank, printable, trimmed};
use alloc::borrow::Cow;
use core::fmt;

/// What the first line of a connection asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstLine<'a> {
    /// `JOIN`, with or without a name after it.
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
        let join = Self::join(line);
        // What asks for a name that is one is of no other protocol, and need not be compared with all of them.
        let is_sure = match join {
            Some(Self::Join(asked)) => asked.is_none_or(|asked| Name::parse(asked).is_ok()),
            _ => false,
        };
        if !is_sure && let Some(protocol) = Protocol::of_line(line) {
            return Self::Foreign(protocol);
        }
        if str::from_utf8(line).is_ok_and(is_blank) {
            return Self::Blank;
        }
        join.unwrap_or(Self::Other)
    }

    /// What a line asks for that begins with the word `JOIN`.
    fn join(line: &'a [u8]) -> Option<Self> {
        let (word, rest) = line.trim_ascii().split_at_checked(4)?;
        if !word.eq_ignore_ascii_case(b"JOIN")
            || !matches!(rest.first(), None | Some(b' ' | b'\t' | b'{'))
        {
            return None;
        }
        let rest = rest.trim_ascii();
        let is_object = rest.starts_with(b"{");
        match str::from_utf8(rest) {
            Ok("") => Some(Self::Join(None)),
            Ok(object) if is_object => Some(Self::Json(object)),
            Ok(name) => Some(Self::Join(Some(name))),
            Err(_) if is_object => Some(Self::Json("")),
            Err(_) => None,
        }
    }
}

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
    /// Say all about a command.
    HelpOn(&'static str),
    /// The same about what is no command of a server.
    HelpOnOther(Cow<'a, str>),
    /// List who is in the room where one is, or in another one.
    Who(Option<&'a str>),
    /// Go to a room.
    Join(&'a str),
    /// List the rooms.
    Rooms,
    /// Do this, as others are told.
    Act(Cow<'a, str>),
    /// Have another name.
    Nick(&'a str),
    /// Show what the room is about.
    Topic,
    /// Say what the room is about; nothing any more, where it is empty.
    SetTopic(Cow<'a, str>),
    /// Say something to one person alone.
    Message(&'a str, Cow<'a, str>),
    /// The same to whoever did so last.
    Reply(Cow<'a, str>),
    /// Show what was said to one alone while one was not here.
    Inbox,
    /// Show the last of what one and somebody have said to each other alone: so many entries.
    InboxOf(&'a str, u64),
    /// Be away, and why.
    Away(Cow<'a, str>),
    /// Be back.
    Back,
    /// Tell of somebody.
    Whois(&'a str),
    /// Make one's name one's own, with this password.
    Claim(Secret<&'a str>),
    /// Have the name that is one's own, by its password.
    LogIn(&'a str, Secret<&'a str>),
    /// Have another password.
    Password(Secret<&'a str>),
    /// Have one's name be nobody's own.
    Unclaim,
    /// List the devices that come back to one's own name.
    Devices,
    /// Have one of them do so no more: the one of this number.
    Revoke(u32),
    /// Show nothing any more of what somebody says; without a name, list whom one ignores. A client does that itself.
    Ignore(Option<&'a str>),
    /// Show again what somebody says. This, too.
    Unignore(&'a str),
    /// Order something in the room.
    Order(Asked<'a>),
    /// List who is kept out of it.
    Bans,
    /// A command is for no time that there may be.
    BadTime(&'static str),
    /// Show so many of the newest entries.
    History(u64),
    /// A command that takes nothing has something after it.
    Surplus(&'static str),
    /// A command has not after it what it takes.
    Lacking(&'static str),
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
        // Most begin and end with what everybody sees: nothing of them is to be taken away.
        let ends = (line.as_bytes().first(), line.as_bytes().last());
        let is_bare =
            matches!(ends, (Some(a), Some(b)) if a.is_ascii_graphic() && b.is_ascii_graphic());
        let bare = if is_bare { line } else { line.trim() };
        Ok(if !is_bare && is_blank(bare) {
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

    /// Whether a password is in it, which is not to be seen again.
    pub fn has_password(&self) -> bool {
        matches!(self, Self::Claim(_) | Self::LogIn(..) | Self::Password(_))
    }

    fn command(line: &'a str) -> Self {
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = trimmed(rest);
        let Some(name) = command(word).map(|command| command.name) else {
            return Self::Unknown(printable(word));
        };
        // Of what stands before the text, one word is the command's.
        let first = || {
            rest.split_once(char::is_whitespace)
                .map_or((rest, ""), |(a, b)| (a, trimmed(b)))
        };
        if let Some(asked) = Asked::decode(name, rest) {
            return match asked {
                Ok(asked) => Self::Order(asked),
                Err(asked::Fault::Lacking) => Self::Lacking(name),
                Err(asked::Fault::Surplus) => Self::Surplus(name),
                Err(asked::Fault::Time) => Self::BadTime(name),
            };
        }
        match (name, rest) {
            ("bans", "") => Self::Bans,
            ("help", "") => Self::Help,
            ("help", of) => command(of.trim_start_matches('/'))
                .map_or(Self::HelpOnOther(printable(of)), |of| Self::HelpOn(of.name)),
            ("who", "") => Self::Who(None),
            ("rooms", "") => Self::Rooms,
            ("leave", "") => Self::Leave,
            ("back", "") => Self::Back,
            ("away", why) => Self::Away(printable(why)),
            ("topic", "") => Self::Topic,
            ("topic", "-") => Self::SetTopic("".into()),
            ("topic", text) => Self::SetTopic(printable(text)),
            ("history", "") => Self::History(HISTORY),
            ("history", n) if is_count(n) => Self::History(n.parse().unwrap_or(u64::MAX)),
            ("unclaim", "") => Self::Unclaim,
            ("inbox", "") => Self::Inbox,
            ("inbox", _) => match first() {
                (of, "") => Self::InboxOf(of, HISTORY),
                (of, n) if is_count(n) => Self::InboxOf(of, n.parse().unwrap_or(u64::MAX)),
                _ => Self::Surplus(name),
            },
            ("devices", "") => Self::Devices,
            ("devices", _) if first().0.eq_ignore_ascii_case("revoke") => {
                number_of(first().1).map_or(Self::Surplus(name), Self::Revoke)
            }
            ("ignore", "") => Self::Ignore(None),
            (
                "join" | "me" | "nick" | "whois" | "msg" | "reply" | "claim" | "passwd" | "login"
                | "unignore",
                "",
            ) => Self::Lacking(name),
            ("msg" | "login", _) if first().1.is_empty() => Self::Lacking(name),
            ("claim", password) => Self::Claim(Secret(password)),
            ("passwd", password) => Self::Password(Secret(password)),
            ("login", _) => Self::LogIn(first().0, Secret(first().1)),
            ("me", text) => Self::Act(printable(text)),
            ("reply", text) => Self::Reply(printable(text)),
            ("msg", _) => Self::Message(first().0, printable(first().1)),
            ("join" | "nick" | "who" | "whois" | "ignore" | "unignore", _)
                if !first().1.is_empty() =>
            {
                Self::Surplus(name)
            }
            ("ignore", of) => Self::Ignore(Some(of)),
            ("unignore", of) => Self::Unignore(of),
            ("join", room) => Self::Join(room),
            ("who", room) => Self::Who(Some(room)),
            ("nick", wanted) => Self::Nick(wanted),
            ("whois", of) => Self::Whois(of),
            _ => Self::Surplus(name),
        }
    }
}

/// Whether it is a number, and not 0. More digits than a number has are a large number all the same.
fn is_count(text: &str) -> bool {
    text.bytes().any(|b| b != b'0') && text.bytes().all(|b| b.is_ascii_digit())
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
            Self::Who(None) => f.write_str("/who"),
            Self::Who(Some(room)) => write!(f, "/who {room}"),
            Self::Join(room) => write!(f, "/join {room}"),
            Self::Rooms => f.write_str("/rooms"),
            Self::History(count) => write!(f, "/history {count}"),
            Self::HelpOn(name) => write!(f, "/help {name}"),
            Self::HelpOnOther(name) => write!(f, "/help {name}"),
            Self::Act(text) => write!(f, "/me {text}"),
            Self::Nick(name) => write!(f, "/nick {name}"),
            Self::Topic => f.write_str("/topic"),
            Self::SetTopic(text) if text.is_empty() => f.write_str("/topic -"),
            Self::SetTopic(text) => write!(f, "/topic {text}"),
            Self::Message(to, text) => write!(f, "/msg {to} {text}"),
            Self::Reply(text) => write!(f, "/reply {text}"),
            Self::Inbox => f.write_str("/inbox"),
            Self::InboxOf(name, count) => write!(f, "/inbox {name} {count}"),
            Self::Away(why) if why.is_empty() => f.write_str("/away"),
            Self::Away(why) => write!(f, "/away {why}"),
            Self::Back => f.write_str("/back"),
            Self::Whois(name) => write!(f, "/whois {name}"),
            Self::Claim(password) => write!(f, "/claim {}", **password),
            Self::LogIn(name, password) => write!(f, "/login {name} {}", **password),
            Self::Password(password) => write!(f, "/passwd {}", **password),
            Self::Unclaim => f.write_str("/unclaim"),
            Self::Devices => f.write_str("/devices"),
            Self::Revoke(number) => write!(f, "/devices revoke {number}"),
            Self::Ignore(None) => f.write_str("/ignore"),
            Self::Ignore(Some(name)) => write!(f, "/ignore {name}"),
            Self::Unignore(name) => write!(f, "/unignore {name}"),
            Self::Order(asked) => asked.fmt(f),
            Self::Bans => f.write_str("/bans"),
            Self::BadTime("slow") => f.write_str("/slow 3601"),
            Self::BadTime(name) => write!(f, "/{name} - 0s"),
            Self::Surplus(name) => write!(f, "/{name} - -"),
            Self::Lacking(name) => write!(f, "/{name}"),
            Self::Unknown(word) => write!(f, "/{word}"),
        }
    }
}

/// An entry as a line without its ending, in parts to be written one after the other.
pub(crate) fn line<'a>(kind: Kind, name: &'a str, text: &'a str) -> [&'a str; 4] {
    match kind {
        Kind::Joined => ["", name, JOINED, ""],
        Kind::Left => ["", name, LEFT, ""],
        Kind::Said => ["", name, ": ", text],
        Kind::Acted => [ACTION, name, " ", text],
        Kind::Renamed => ["", name, IS_NOW, text],
        Kind::Topic if text.is_empty() => ["", name, NO_TOPIC, ""],
        Kind::Topic => ["", name, TOPIC, text],
        // These are in no room. What a password, or a device, is verified with is in no line.
        Kind::Claimed => ["", name, CLAIMED, ""],
        Kind::Unclaimed => ["", name, UNCLAIMED, ""],
        Kind::Device | Kind::DeviceEnded => ["", name, DEVICE, ""],
        Kind::Waits | Kind::Read => ["", name, INBOX, ""],
        Kind::Order => ["", name, " ", text],
    }
}

impl Entry<'_> {
    /// The entry as a line without its ending, in parts to be written one after the other; no order.
    pub fn encode(&self) -> [&str; 4] {
        line(self.kind, self.name.as_str(), self.text)
    }

    /// The name and the text of a line, its ending included, that [`encode`](Self::encode) wrote of a name so
    /// long.
    pub(crate) fn decode(kind: Kind, name: usize, line: &str) -> Option<(&str, &str)> {
        let line = line.strip_suffix('\n')?;
        let line = match kind {
            Kind::Acted => line.strip_prefix(ACTION)?,
            _ => line,
        };
        let (name, rest) = line.split_at_checked(name)?;
        let text = match kind {
            // What an order says is not all in its line.
            Kind::Joined
            | Kind::Left
            | Kind::Claimed
            | Kind::Unclaimed
            | Kind::Device
            | Kind::DeviceEnded
            | Kind::Waits
            | Kind::Read
            | Kind::Order => "",
            Kind::Said => rest.strip_prefix(": ")?,
            Kind::Acted => rest.strip_prefix(' ')?,
            Kind::Renamed => rest.strip_prefix(IS_NOW)?,
            Kind::Topic if rest == NO_TOPIC => "",
            Kind::Topic => rest.strip_prefix(TOPIC)?,
        };
        Some((name, text))
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
    /// Somebody did something.
    Acted(Name, &'a str),
    /// Somebody has another name, the second one.
    Renamed(Name, Name),
    /// Somebody said what the room is about; nothing any more, where it is empty.
    Topic(Name, &'a str),
    /// Somebody said this to us alone.
    From(Name, &'a str),
    /// We said this to somebody alone.
    To(Name, &'a str),
    /// The last line before the server closes the connection, and why.
    Goodbye(&'a str),
    /// Another private notice.
    Notice(&'a str),
    /// Nothing that PROTOCOL.md knows.
    Unknown(&'a str),
}

/// What the one who joined is told.
pub(crate) const WELCOME: &str = "Welcome to the chatroom!";
/// What stands between a name and a text in a line, before and after them, by what it tells.
const JOINED: &str = " has joined the chat";
const LEFT: &str = " has left the chat";
const ACTION: &str = "** ";
const IS_NOW: &str = " is now known as ";
const TOPIC: &str = " has set the topic: ";
const NO_TOPIC: &str = " has taken the topic away";
const CLAIMED: &str = " has claimed the name";
const UNCLAIMED: &str = " has given the name up";
const DEVICE: &str = " has another device";
const INBOX: &str = " has words that wait, or has read them";
const FROM: &str = "[PM from ";
const TO: &str = "[PM to ";
pub(crate) const NOTICE: &str = "* ";
pub(crate) const GOODBYE: &str = "Goodbye: ";

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
        if let Some(done) = line.strip_prefix(ACTION) {
            let (name, text) = done.split_once(' ').unwrap_or((done, ""));
            return Name::parse(name).map_or(Self::Unknown(line), |name| Self::Acted(name, text));
        }
        if let Some((name, text)) = line.strip_prefix(FROM).and_then(|it| it.split_once("] ")) {
            return Name::parse(name).map_or(Self::Unknown(line), |name| Self::From(name, text));
        }
        if let Some((name, text)) = line.strip_prefix(TO).and_then(|it| it.split_once("] ")) {
            return Name::parse(name).map_or(Self::Unknown(line), |name| Self::To(name, text));
        }
        let Some(end) = line.find([':', ' ']) else {
            return Self::Unknown(line);
        };
        let (Ok(name), rest) = (Name::parse(&line[..end]), &line[end..]) else {
            return Self::Unknown(line);
        };
        match rest {
            JOINED => return Self::Joined(name),
            LEFT => return Self::Left(name),
            NO_TOPIC => return Self::Topic(name, ""),
            _ => {}
        }
        if let Some(text) = rest.strip_prefix(": ") {
            Self::Said(name, text)
        } else if let Some(topic) = rest.strip_prefix(TOPIC) {
            Self::Topic(name, topic)
        } else if let Some(Ok(new)) = rest.strip_prefix(IS_NOW).map(Name::parse) {
            Self::Renamed(name, new)
        } else {
            Self::Unknown(line)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::limits::MAX_LINE;
    use alloc::string::ToString;

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
        use Request::{Help, Join, Lacking, Leave, Nothing, Rooms, Say, Surplus, Unknown, Who};
        for (line, meaning) in [
            ("", Nothing),
            (" \t ", Nothing),
            ("\u{200b} \u{ad}", Nothing),
            ("/me \u{200b}", Request::Lacking("me")),
            ("/topic \u{2060}", Request::Topic),
            ("hi", Say("hi".into())),
            (" hi ", Say(" hi ".into())),
            ("JOIN", Say("JOIN".into())),
            ("leave", Leave),
            ("LEAVE ", Leave),
            ("Leave me", Say("Leave me".into())),
            ("/LEAVE", Leave),
            ("/leave me", Surplus("leave")),
            ("/help leave", Request::HelpOn("leave")),
            ("/help /ME", Request::HelpOn("me")),
            ("/help me out", Request::HelpOnOther("me out".into())),
            ("/me", Request::Lacking("me")),
            ("/me \t", Request::Lacking("me")),
            ("/Me  waves at all ", Request::Act("waves at all".into())),
            ("/nick", Request::Lacking("nick")),
            ("/nick ann", Request::Nick("ann")),
            ("/nick ann b", Surplus("nick")),
            ("/topic", Request::Topic),
            ("/topic -", Request::SetTopic("".into())),
            ("/topic - or not", Request::SetTopic("- or not".into())),
            ("/msg ann", Request::Lacking("msg")),
            (
                "/msg  ann  hi  you",
                Request::Message("ann", "hi  you".into()),
            ),
            ("/reply", Request::Lacking("reply")),
            ("/reply yes", Request::Reply("yes".into())),
            ("/away", Request::Away("".into())),
            ("/away for tea", Request::Away("for tea".into())),
            ("/back", Request::Back),
            ("/back now", Surplus("back")),
            ("/whois ann", Request::Whois("ann")),
            ("/Who", Who(None)),
            ("/who #Dev", Who(Some("#Dev"))),
            ("/who a b", Surplus("who")),
            ("/join dev", Join("dev")),
            ("/join", Lacking("join")),
            ("/JOIN a b", Surplus("join")),
            ("/rooms", Rooms),
            ("/rooms x", Surplus("rooms")),
            ("/claim", Lacking("claim")),
            (
                "/claim  open sesame ",
                Request::Claim(Secret("open sesame")),
            ),
            ("/login ann", Lacking("login")),
            (
                "/login ann  open  it",
                Request::LogIn("ann", Secret("open  it")),
            ),
            ("/passwd a b", Request::Password(Secret("a b"))),
            ("/unclaim", Request::Unclaim),
            ("/unclaim ann", Surplus("unclaim")),
            ("/bans", Request::Bans),
            ("/bans bob", Surplus("bans")),
            ("/Kick", Lacking("kick")),
            (
                "/Kick bob \t too \u{7} loud ",
                Request::Order(Asked::Kick("bob".into(), "too ? loud".into())),
            ),
            ("/mute bob 366d", Request::BadTime("mute")),
            ("/slow 3601", Request::BadTime("slow")),
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
            "",
            "hi",
            "leave",
            "/claim a b",
            "/login a b c",
            "/passwd a b",
            "/unclaim",
            "/ban bob 2h a troll",
            "/bans",
            "/ban bob 366d",
            "/slow 4000",
            "/who",
            "/help",
            "/x y",
            "/who x",
            "//a",
            "///",
            "a\u{85}b",
        ] {
            let request = Request::decode(line.as_bytes()).unwrap();
            let again = request.to_string();
            assert_eq!(Request::decode(again.as_bytes()), Ok(request), "{line:?}");
        }
    }

    #[test]
    fn text_cannot_be_taken_for_another_line() {
        let ann = Name::parse("ann").unwrap();
        for text in ["bob: hi", "bob has left the chat", "* Goodbye: x", WELCOME] {
            let line = Entry::said(&ann, text).encode().concat();
            assert_eq!(
                ServerLine::decode(&line),
                ServerLine::Said(ann.clone(), text)
            );
        }
    }
}
