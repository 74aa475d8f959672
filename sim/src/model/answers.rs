//! What programs ask for, and whether they are answered so, in order.

use super::deed::{Deed, may_be_name};
use super::story::Story;
use chat_core::json::{Code, MAX_GIVEN, MAX_ID, MAX_PAGE, Message, Request};
use chat_core::{
    MAX_ACTION, MAX_JSON_LINE, MAX_LINE, MAX_NAME, MAX_PRIVATE, MAX_TOPIC, ServerLine, printable,
};
use serde::de::IgnoredAny;
use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::ops::RangeInclusive;

/// Entries in a page where no number is asked for.
const PAGE: u64 = 100;

/// What a program asks for.
#[derive(Debug)]
pub(super) enum Asked {
    /// To be let in.
    Welcome,
    /// To do something in the room.
    Do {
        deed: Deed,
        id: Option<String>,
    },
    /// To say something to one person alone.
    Private {
        to: Option<String>,
        text: String,
        id: Option<String>,
    },
    /// What the room is about.
    Topic,
    /// To be away, or back.
    Away(bool),
    /// Nothing: it is back, as it said something.
    Back,
    Whois(Option<String>),
    History(Span),
    Who,
    Ping,
    Leave,
    /// Something that it is refused, for this reason and with this id.
    Refused(Code, Option<String>),
    /// What is no JSON: how far an id is read in it is for the server's own tests to say.
    NoJson(Option<String>),
}

/// What of the log is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    after: Option<u64>,
    before: Option<u64>,
    limit: u64,
}

impl Asked {
    /// What a line asks for, if it asks for anything.
    pub(super) fn by(line: &[u8]) -> Option<Self> {
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
            Some(Ok(Request::Say { text, id, me, .. })) => {
                Self::to_say(&text, id.map(Into::into), me)
            }
            Some(Ok(Request::Nick { name, id })) => {
                let id = id.map(Into::into);
                if may_be_name(&name) {
                    let deed = Deed::Renames(name.into());
                    Self::Do { deed, id }
                } else {
                    Self::Refused(Code::BadName, id)
                }
            }
            Some(Ok(Request::Topic { text: None, .. })) => Self::Topic,
            Some(Ok(Request::Topic {
                text: Some(text),
                id,
                ..
            })) => {
                let (text, id) = (printable(&text).trim().to_string(), id.map(Into::into));
                if text.len() > MAX_TOPIC {
                    Self::Refused(Code::TooLong, id)
                } else {
                    let deed = Deed::SetsTopic(text);
                    Self::Do { deed, id }
                }
            }
            Some(Ok(Request::Msg { to, text, id })) => {
                let (text, id) = (printable(&text).into_owned(), id.map(Into::into));
                if text.trim().is_empty() {
                    Self::Refused(Code::Blank, id)
                } else if text.len() > MAX_PRIVATE {
                    Self::Refused(Code::TooLong, id)
                } else {
                    let to = to.map(Into::into);
                    Self::Private { to, text, id }
                }
            }
            Some(Ok(Request::Away { text })) => Self::Away(text.is_some()),
            Some(Ok(Request::Whois { id, .. })) => Self::Whois(id.map(Into::into)),
            Some(Ok(Request::History {
                after,
                before,
                limit,
                ..
            })) if after.and(before).is_none() => Self::to_read(after, before, limit),
            Some(Err(_)) if serde_json::from_str::<IgnoredAny>(line).is_err() => {
                Self::NoJson(id_in(line.as_bytes()))
            }
            Some(Ok(Request::History { .. }) | Err(_)) => {
                Self::Refused(Code::BadRequest, id_in(line.as_bytes()))
            }
            Some(Ok(Request::Who { .. })) => Self::Who,
            Some(Ok(Request::Join { .. } | Request::Part { .. } | Request::Rooms)) => {
                unimplemented!("rooms")
            }
            Some(Ok(Request::Ping)) => Self::Ping,
            Some(Ok(Request::Leave)) => Self::Leave,
            Some(Ok(Request::Unknown)) => Self::Refused(Code::UnknownType, id_in(line.as_bytes())),
            None => Self::Refused(Code::BadRequest, None),
        })
    }

    fn to_read(after: Option<u64>, before: Option<u64>, limit: Option<u64>) -> Self {
        Self::History(Span {
            after,
            before,
            limit: limit.unwrap_or(PAGE).min(MAX_PAGE),
        })
    }

    /// What a reader is refused of that for being one.
    pub(super) fn refused_to_readers(&self, line: &[u8]) -> Option<Self> {
        if let Self::Do {
            deed: Deed::Says(_) | Deed::Does(_),
            id,
        } = self
        {
            return Some(Self::Refused(Code::ReadOnly, id.clone()));
        }
        if line.len() > MAX_JSON_LINE {
            return None; // It is not looked into.
        }
        match serde_json::from_slice(line) {
            Ok(
                Request::Nick { .. }
                | Request::Topic { text: Some(_), .. }
                | Request::Msg { .. }
                | Request::Away { .. },
            ) => Some(Self::Refused(Code::ReadOnly, id_in(line))),
            _ => None,
        }
    }

    fn to_say(text: &str, id: Option<String>, me: bool) -> Self {
        if !id.as_deref().is_none_or(is_id) {
            Self::Refused(Code::BadId, id)
        } else if text.trim().is_empty() {
            Self::Refused(Code::Blank, id)
        } else if text.len() > if me { MAX_ACTION } else { MAX_LINE } {
            Self::Refused(Code::TooLong, id)
        } else {
            let text = printable(text).into_owned();
            let deed = if me {
                Deed::Does(text)
            } else {
                Deed::Says(text)
            };
            Self::Do { deed, id }
        }
    }
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

/// Where in the room's order an answer stands.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) story: &'a Story,
    /// The last entry before it.
    pub(super) head: u64,
    /// So many bytes of lines are held, or more.
    pub(super) held: u64,
}

impl Place<'_> {
    /// Who did what, as an entry tells it.
    fn done(&self, seq: u64) -> Option<(String, Deed)> {
        let entry = self.story.entries.get(index(seq.checked_sub(1)?))?;
        let (name, deed) = match ServerLine::decode(&entry.line) {
            ServerLine::Said(name, text) => (name, Deed::Says(text.into())),
            ServerLine::Acted(name, text) => (name, Deed::Does(text.into())),
            ServerLine::Renamed(name, new) => (name, Deed::Renames(new.as_str().into())),
            ServerLine::Topic(name, text) => (name, Deed::SetsTopic(text.into())),
            _ => return None,
        };
        Some((name.as_str().into(), deed))
    }

    /// Whether an entry need not be held any more.
    fn may_be_gone(&self, seq: u64) -> bool {
        let from = index(seq.saturating_sub(1));
        let bytes = self.story.bytes_between(from, index(self.head));
        bytes as u64 > self.held
    }
}

/// A page that is being sent: the next entry of it, and between which two its last one is.
#[derive(Debug)]
struct Page {
    next: u64,
    lasts: RangeInclusive<u64>,
}

impl Page {
    /// What is to be sent of what was asked for when one of `heads` was the last entry, and the first
    /// one that is sent is `begin`.
    fn of(span: Span, begin: Option<u64>, heads: RangeInclusive<u64>, place: Place<'_>) -> Self {
        if let Some(after) = span.after {
            let next = after.saturating_add(1);
            let gone = next.max(begin.unwrap_or(next)) - next;
            let last = |head: &u64| after.saturating_add(span.limit + gone).min(*head);
            let lasts = after.saturating_add(span.limit).min(*heads.start())..=last(heads.end());
            return Self { next, lasts };
        }
        let until = span
            .before
            .map_or(u64::MAX, |before| before.saturating_sub(1));
        let [least, most] = [heads.start(), heads.end()].map(|head| until.min(*head));
        let first = |last: u64| last.saturating_sub(span.limit) + 1;
        let begin = begin.unwrap_or_else(|| first(least));
        if begin > first(most) {
            // Those before it are gone, or it is none of the page.
            return Self {
                next: first(most),
                lasts: least..=most,
            };
        }
        let end = begin.saturating_add(span.limit) - 1;
        let least = if begin == 1 || place.may_be_gone(begin - 1) {
            least
        } else {
            least.max(end)
        };
        Self {
            next: begin,
            lasts: least..=most.min(end),
        }
    }
}

/// What a program has asked for, and what it was told.
#[derive(Debug)]
pub(super) struct Answers {
    due: VecDeque<Asked>,
    page: Option<Page>,
    /// An entry that was there before what is due was carried out.
    since: u64,
    /// The names that it has had.
    names: Vec<String>,
    /// Its session may have said something before.
    is_old: bool,
    /// What was accepted of it, by its ids.
    accepted: BTreeMap<String, u64>,
    /// The last answer was that what it said to one person alone has arrived.
    has_written: bool,
}

impl Answers {
    /// Of one who asks to be let in, with a token or without one.
    pub(super) fn new(has_token: bool) -> Self {
        Self {
            due: [Asked::Welcome].into(),
            page: None,
            since: 0,
            names: Vec::new(),
            is_old: has_token,
            accepted: BTreeMap::new(),
            has_written: false,
        }
    }

    /// It asks for something more.
    pub(super) fn expect(&mut self, asked: Asked) {
        self.due.push_back(asked);
    }

    /// What it is to be answered next.
    pub(super) fn next(&self) -> Option<&Asked> {
        self.due.front()
    }

    /// It is let in under a name, when an entry is the last one, and is told first why that is not the
    /// name it asked for.
    pub(super) fn welcomed(&mut self, name: &str, head: u64, why: Option<Code>) -> bool {
        let was_due = matches!(self.due.pop_front(), Some(Asked::Welcome));
        self.since = head;
        self.names.push(name.into());
        if let Some(code) = why {
            self.due.push_front(Asked::Refused(code, None));
        }
        was_due
    }

    /// Whether a message is the answer that is due, and true.
    pub(super) fn take(&mut self, message: &Message<'_>, line: &str, place: Place<'_>) -> bool {
        let Some(asked) = self.due.pop_front() else {
            return false;
        };
        self.has_written = false;
        let is_it = match (&asked, message) {
            (
                Asked::Private { to, text, id },
                Message::Private {
                    to: whom,
                    text: said,
                    id: given,
                    ..
                },
            ) => {
                let is_to = to.as_deref().is_none_or(|to| to.eq_ignore_ascii_case(whom));
                self.has_written = true;
                is_to && said == text && given.as_deref() == id.as_deref()
            }
            (
                Asked::Topic,
                Message::Topic {
                    room: None,
                    text,
                    by,
                },
            ) => {
                let topics = place.story.topics(index(place.head));
                topics.into_iter().any(|topic| {
                    topic.map_or("", |topic| topic.0) == text
                        && topic.map(|topic| topic.1) == by.as_deref()
                })
            }
            (Asked::Away(_) | Asked::Back, Message::Notice { .. })
            | (Asked::Whois(_), Message::Whois { .. }) => true,
            (
                Asked::Who,
                Message::Who {
                    room: None,
                    names,
                    more,
                },
            ) => {
                let is_full = line.len() + MAX_NAME + 3 >= MAX_LINE;
                (*more == 0 || is_full) && is_roster(names, *more, place)
            }
            (Asked::Ping, Message::Pong { head }) => *head == place.head,
            (
                Asked::Do { deed, id },
                Message::Accepted {
                    room: None,
                    id: given,
                    seq,
                },
            ) => {
                id.as_deref() == given.as_deref() && self.accepts(deed, id.as_deref(), *seq, place)
            }
            (asked, Message::Error { code, id, .. }) => {
                self.is_refused(asked, *code, id.as_deref(), place)
            }
            (&Asked::History(span), Message::Past(entry)) => self.turns(span, entry.seq, place),
            (
                &Asked::History(span),
                &Message::Page {
                    room: None,
                    first,
                    head,
                },
            ) => {
                self.ends_page(span, place)
                    && head == place.head
                    && first <= head + 1
                    && (first == 1 || first > 1 && place.may_be_gone(first - 1))
            }
            _ => false,
        };
        if !is_it || matches!(message, Message::Past(_)) {
            self.due.push_front(asked); // It is still due.
        } else {
            self.since = place.head;
        }
        is_it
    }

    /// Whether an entry is the next one of a page, as far as what comes before it is held.
    fn turns(&mut self, span: Span, seq: u64, place: Place<'_>) -> bool {
        let heads = self.since..=place.head;
        let new = || Page::of(span, Some(seq), heads, place);
        let page = self.page.get_or_insert_with(new);
        let is_next = page.next == seq || page.next < seq && place.may_be_gone(seq - 1);
        page.next = seq + 1;
        is_next && seq <= *page.lasts.end()
    }

    /// Whether all of a page was sent, as far as it is held.
    fn ends_page(&mut self, span: Span, place: Place<'_>) -> bool {
        let heads = self.since..=place.head;
        let new = || Page::of(span, None, heads, place);
        let page = self.page.take().unwrap_or_else(new);
        let least = *page.lasts.start();
        page.next > least || place.may_be_gone(least)
    }

    /// Whether what was asked for is refused for a reason that it gives.
    fn is_refused(
        &mut self,
        asked: &Asked,
        code: Code,
        given: Option<&str>,
        place: Place<'_>,
    ) -> bool {
        match asked {
            Asked::NoJson(id) => {
                code == Code::BadRequest && (given.is_none() || id.as_deref() == given)
            }
            Asked::Refused(why, id) => *why == code && id.as_deref() == given,
            // Whether rightly so, is seen where it is known what the room was like.
            Asked::Do { deed, id } if deed.may_be_refused() => {
                matches!(code, Code::NameTaken | Code::Unchanged) && id.as_deref() == given
            }
            Asked::Do { deed, id: Some(id) } => {
                code == Code::IdReused && Some(&**id) == given && self.is_reused(deed, id, place)
            }
            Asked::Private { id, .. } => {
                matches!(code, Code::NotHere | Code::ReadsSlowly) && id.as_deref() == given
            }
            Asked::Whois(id) => code == Code::NotHere && id.as_deref() == given,
            _ => false,
        }
    }

    /// Whether a text is in the room under a number that may be told: that of the entry just before
    /// or, if it has an id, the one that the session has said with it before.
    fn accepts(&mut self, deed: &Deed, id: Option<&str>, seq: u64, place: Place<'_>) -> bool {
        if deed.may_be_refused() {
            // Its id is for the answer alone.
            return seq == place.head && self.is_done(deed, seq, place);
        }
        let before = id.and_then(|id| self.accepted.get(id)).copied();
        let is_right = match before {
            Some(before) => seq == before || seq == place.head && place.may_be_gone(before),
            None => seq == place.head || seq < place.head && id.is_some() && self.is_old,
        };
        if let Some(id) = id {
            self.accepted.insert(id.into(), seq);
        }
        is_right && self.is_done(deed, seq, place)
    }

    /// Whether the session may have said another text with an id.
    fn is_reused(&mut self, deed: &Deed, id: &str, place: Place<'_>) -> bool {
        match self.accepted.get(id).copied() {
            None => self.is_old,
            Some(before) => !self.is_done(deed, before, place),
        }
    }

    /// Whether an entry is what it did; its session may have had another name before.
    fn is_done(&mut self, deed: &Deed, seq: u64, place: Place<'_>) -> bool {
        let Some((name, done)) = place.done(seq) else {
            return false;
        };
        let is_own = done == *deed && (self.is_old || self.names.contains(&name));
        if let (true, Deed::Renames(new)) = (is_own, done) {
            self.names.push(new);
        }
        is_own
    }

    /// Whether what is due is about being away, or back.
    pub(super) fn is_away_due(&self) -> bool {
        matches!(self.next(), Some(Asked::Away(_) | Asked::Back))
    }

    /// Whether the last answer was that what it said to one person alone has arrived.
    pub(super) fn has_just_written(&mut self) -> bool {
        std::mem::take(&mut self.has_written)
    }
}

/// Whether these are the first of those in the room, and so many more are there.
fn is_roster(names: &[Cow<'_, str>], more: usize, place: Place<'_>) -> bool {
    let members = place.story.members(index(place.head));
    let mut both = names.iter().zip(members.values());
    names.len() + more == members.len() && both.all(|(name, member)| name == member)
}

fn index(seq: u64) -> usize {
    usize::try_from(seq).unwrap_or(usize::MAX)
}
