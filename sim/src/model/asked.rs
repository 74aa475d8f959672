//! What programs ask for.

use super::deed::{Deed, may_be_name, shown};
use super::rooms::room_name;
use crate::naming::shows_nothing;
use chat_core::json::{Code, MAX_GIVEN, MAX_ID, MAX_PAGE, Request};
use chat_core::{MAX_ACTION, MAX_AWAY, MAX_JSON_LINE, MAX_LINE, MAX_PRIVATE, MAX_TOPIC, printable};
use serde::de::IgnoredAny;
use std::borrow::Cow;

/// Entries in a page where no number is asked for.
const PAGE: u64 = 100;

/// What a program asks for.
#[derive(Debug)]
pub(super) enum Asked {
    /// To be let in.
    Welcome,
    /// To do something, in a room if it is not done in all of them.
    Do {
        deed: Deed,
        id: Option<String>,
        room: Option<String>,
    },
    /// To say something to one person alone.
    Private {
        to: Option<String>,
        text: String,
        id: Option<String>,
    },
    /// What a room is about; asked when the screen had shown so many lines.
    Topic(String, usize),
    /// To be away, or back.
    Away(bool),
    /// Nothing: it is back, as it said something.
    Back,
    Whois(Option<String>),
    /// Something about an account: nobody has one here, so that it is refused, whatever the reason is.
    Account(Option<String>),
    /// To be sent a page of a room; the id comes back where that is refused.
    History(Span, String, Option<String>),
    /// Who is in a room; asked when the screen had shown so many lines.
    Who(String, usize),
    /// Which rooms there are; asked when the screen had shown so many lines.
    Rooms(usize),
    /// Nothing: it goes on in a room, of which it knows this.
    Live(String, Known),
    /// To be in one room more, of which it knows this.
    Join(String, Option<String>, Known),
    /// To be in one room fewer.
    Part(String, Option<String>),
    Ping,
    Leave,
    /// Something that it is refused, for this reason and with this id.
    Refused(Code, Option<String>),
    /// What is no JSON: how far an id is read in it is for the server's own tests to say.
    NoJson(Option<String>),
}

/// What a program knows of a room.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    pub(super) after: Option<u64>,
    /// It has named a log: none that is drawn is the right one.
    pub(super) is_of_another: bool,
    pub(super) history: u64,
}

/// What of the log is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) after: Option<u64>,
    pub(super) before: Option<u64>,
    pub(super) limit: u64,
}

impl Span {
    fn new(after: Option<u64>, before: Option<u64>, limit: Option<u64>) -> Self {
        let limit = limit.unwrap_or(PAGE).min(MAX_PAGE);
        Self {
            after,
            before,
            limit,
        }
    }
}

impl Asked {
    #[expect(clippy::too_many_lines, reason = "it is one table, of all requests")]
    /// What a line asks for, if it asks for anything, when the screen has shown so many lines.
    pub(super) fn by(line: &[u8], since: usize) -> Option<Self> {
        if line.len() > MAX_JSON_LINE {
            return Some(Self::Refused(Code::TooLong, id_in(line)));
        }
        let Ok(line) = str::from_utf8(line) else {
            return Some(Self::Refused(Code::NotUtf8, id_in(line)));
        };
        if line.trim().is_empty() {
            return None;
        }
        let object = Some(line).filter(|line| line.trim_start().starts_with('{'));
        Some(match object.map(serde_json::from_str) {
            Some(Ok(Request::Say { room, text, id, me })) => {
                Self::to_say(named(room), &text, id.map(Into::into), me)
            }
            Some(Ok(Request::Nick { name, id })) => {
                let id = id.map(Into::into);
                if let Some(name) = shown(&name).filter(|name| may_be_name(name)) {
                    let (deed, room) = (Deed::Renames(name), None);
                    Self::Do { deed, id, room }
                } else {
                    Self::Refused(Code::BadName, id)
                }
            }
            Some(Ok(Request::Topic {
                room,
                text: None,
                id,
            })) => match named(room) {
                Some(room) => Self::Topic(room, since),
                None => Self::Refused(Code::BadRoom, id.map(Into::into)),
            },
            Some(Ok(Request::Topic {
                room,
                text: Some(text),
                id,
            })) => {
                let (text, id) = (printable(&text).trim().to_string(), id.map(Into::into));
                let text = if shows_nothing(&text) {
                    String::new()
                } else {
                    text
                };
                let room = named(room);
                if room.is_none() {
                    Self::Refused(Code::NotInRoom, id)
                } else if text.len() > MAX_TOPIC {
                    Self::Refused(Code::TooLong, id)
                } else {
                    let deed = Deed::SetsTopic(text);
                    Self::Do { deed, id, room }
                }
            }
            Some(Ok(Request::Msg { to, text, id })) => {
                let (text, id) = (printable(&text).into_owned(), id.map(Into::into));
                if shows_nothing(&text) {
                    Self::Refused(Code::Blank, id)
                } else if text.len() > MAX_PRIVATE {
                    Self::Refused(Code::TooLong, id)
                } else {
                    let to = to.map(Into::into);
                    Self::Private { to, text, id }
                }
            }
            Some(Ok(Request::Away { text })) => {
                let why = text.as_deref().map(printable);
                let is_long = |why: &str| why.len() > MAX_AWAY && !shows_nothing(why);
                if why.as_deref().is_some_and(is_long) {
                    Self::Refused(Code::TooLong, id_in(line.as_bytes()))
                } else {
                    Self::Away(text.is_some())
                }
            }
            Some(Ok(Request::Whois { id, .. })) => Self::Whois(id.map(Into::into)),
            Some(Ok(
                Request::Claim { id, .. }
                | Request::Login { id, .. }
                | Request::Passwd { id, .. }
                | Request::Unclaim { id }
                | Request::Devices { id }
                | Request::Inbox { id }
                | Request::Revoke { id, .. }
                | Request::Order { id, .. }
                | Request::Bans { id, .. },
            )) => Self::Account(id.map(Into::into)),
            Some(Ok(Request::Read { .. })) => Self::Account(id_in(line.as_bytes())),
            Some(Ok(Request::History { with: Some(_), .. })) => {
                Self::Account(id_in(line.as_bytes()))
            }
            Some(Ok(Request::History {
                with: None,
                room,
                after,
                before,
                limit,
            })) if after.and(before).is_none() => match named(room) {
                Some(room) => {
                    let span = Span::new(after, before, limit);
                    Self::History(span, room, id_in(line.as_bytes()))
                }
                None => Self::Refused(Code::NotInRoom, id_in(line.as_bytes())),
            },
            Some(Err(_)) if serde_json::from_str::<IgnoredAny>(line).is_err() => {
                Self::NoJson(id_in(line.as_bytes()))
            }
            Some(Ok(Request::History { .. }) | Err(_)) => {
                Self::Refused(Code::BadRequest, id_in(line.as_bytes()))
            }
            Some(Ok(Request::Who { room })) => match named(room) {
                Some(room) => Self::Who(room, since),
                None => Self::Refused(Code::BadRoom, id_in(line.as_bytes())),
            },
            Some(Ok(Request::Join {
                room,
                id,
                after,
                epoch,
                history,
            })) => match room_name(&room) {
                Some(room) => {
                    let known = Known {
                        after,
                        is_of_another: epoch.is_some(),
                        history: history.unwrap_or(0),
                    };
                    Self::Join(room, id.map(Into::into), known)
                }
                None => Self::Refused(Code::BadRoom, id.map(Into::into)),
            },
            Some(Ok(Request::Part { room, id })) => match room_name(&room) {
                Some(room) => Self::Part(room, id.map(Into::into)),
                None => Self::Refused(Code::NotInRoom, id.map(Into::into)),
            },
            Some(Ok(Request::Rooms)) => Self::Rooms(since),
            Some(Ok(Request::Ping)) => Self::Ping,
            Some(Ok(Request::Leave)) => Self::Leave,
            Some(Ok(Request::Unknown)) => Self::Refused(Code::UnknownType, id_in(line.as_bytes())),
            None => Self::Refused(Code::BadRequest, None),
        })
    }

    /// The room that it concerns, if it concerns one alone.
    pub(super) fn room(&self) -> Option<&str> {
        match self {
            Self::Do { room, .. } => room.as_deref(),
            Self::Topic(room, _)
            | Self::Who(room, _)
            | Self::History(_, room, _)
            | Self::Live(room, _)
            | Self::Join(room, ..)
            | Self::Part(room, _) => Some(room),
            _ => None,
        }
    }

    /// Whether it is a question that whoever is not in the room may ask as well.
    pub(super) fn is_open_to_all(&self) -> bool {
        matches!(self, Self::Topic(..) | Self::Who(..))
    }

    /// What a reader is refused of that for being one.
    pub(super) fn refused_to_readers(&self, line: &[u8]) -> Option<Self> {
        if let Self::Do {
            deed: Deed::Says(_) | Deed::Does(_),
            id,
            ..
        } = self
        {
            return Some(Self::Refused(Code::ReadOnly, id.clone()));
        }
        if line.len() > MAX_JSON_LINE {
            return None; // It is not looked into.
        }
        match serde_json::from_slice(line) {
            // What is wrong with the text or the id is looked at before, and in which room it is to be said after.
            Ok(Request::Say { id, .. }) if matches!(self, Self::Refused(Code::NotInRoom, _)) => {
                Some(Self::Refused(Code::ReadOnly, id.map(Into::into)))
            }
            Ok(
                Request::Nick { .. }
                | Request::Topic { text: Some(_), .. }
                | Request::Msg { .. }
                | Request::Join { .. }
                | Request::Part { .. }
                | Request::Away { .. },
            ) => Some(Self::Refused(Code::ReadOnly, id_in(line))),
            _ => None,
        }
    }

    fn to_say(room: Option<String>, text: &str, id: Option<String>, me: bool) -> Self {
        if !id.as_deref().is_none_or(is_id) {
            Self::Refused(Code::BadId, id)
        } else if shows_nothing(text) {
            Self::Refused(Code::Blank, id)
        } else if text.len() > if me { MAX_ACTION } else { MAX_LINE } {
            Self::Refused(Code::TooLong, id)
        } else if room.is_none() {
            Self::Refused(Code::NotInRoom, id)
        } else {
            let text = printable(text).into_owned();
            let deed = if me {
                Deed::Does(text)
            } else {
                Deed::Says(text)
            };
            Self::Do { deed, id, room }
        }
    }
}

/// The room that is meant where one is named, or none; none if there can be no such room.
fn named(room: Option<Cow<'_, str>>) -> Option<String> {
    room.map_or(Some("lobby".into()), |room| room_name(&room))
}

/// The id in a line that is refused, as far as one can be drawn: what stands after the first `"id":`,
/// a string without escapes or a number, where no member before it has an id of its own.
pub(super) fn id_in(line: &[u8]) -> Option<String> {
    let line = String::from_utf8_lossy(line);
    let (before, rest) = line.split_once("\"id\":")?;
    if !before.trim_start().starts_with('{') || before.contains('}') {
        return None;
    }
    let is_text = rest.starts_with('"');
    let ends = |c: char| matches!(c, '"' | ',' | '}');
    let (id, _) = rest.strip_prefix('"').unwrap_or(rest).split_once(ends)?;
    let is_number = id.bytes().all(|byte| byte.is_ascii_digit());
    (is_text || is_number).then(|| id.chars().take(MAX_GIVEN).collect())
}

fn is_id(id: &str) -> bool {
    (1..=MAX_ID).contains(&id.len()) && printable(id) == id
}
