//! Programs: peers of the JSON dialect.

use super::answers::{Answers, Asked, Place};
use super::cut_short::Short;
use super::deed::{Deed, may_be_name};
use super::rooms::{LOBBY, Rooms};
use super::story::Story;
use crate::invariant::Invariant;
use chat_core::json::{self, Code, Entry, GapReason, Hello, MAX_PAGE, Message};
use chat_core::{CloseReason, Kind, Name, Secret};
use std::ops::RangeInclusive;

/// What is known of a peer that speaks JSON.
#[derive(Debug)]
pub(super) struct Program {
    /// Its first object, if it was one.
    hello: Option<Hello<'static>>,
    answers: Answers,
    /// Ids of what it says, each in the place of its text.
    pub(super) ids: Vec<Option<String>>,
    /// The number of the next entry that it is to be sent, once that is known.
    next: Option<u64>,
    /// Where that is not known: it is one of these.
    begins: RangeInclusive<u64>,
    /// Why it is not let in, though it is understood.
    pub(super) not_in: Option<CloseReason>,
    /// It is in the room as a program.
    pub(super) is_in: bool,
    bye: bool,
    /// It was sent something of what it missed, or of what happens.
    has_begun: bool,
    /// It was sent all that it missed.
    is_live: bool,
    /// Bytes of pages that it has heard.
    pub(super) pages: usize,
    /// It has said that it is away.
    away: bool,
}

/// What a line means: what is done in the room, what is said to one person alone, and why it will be closed.
pub(super) type Meaning = (
    Option<Deed>,
    Option<(Option<String>, String)>,
    Option<CloseReason>,
);

/// What is known when a program hears something.
pub(super) struct Seen<'a> {
    pub(super) rooms: &'a Rooms,
    /// So many bytes of lines are held, or more.
    pub(super) held: u64,
    /// What ended its stay, if anything did.
    pub(super) short: Option<Short>,
    /// Its socket was full.
    pub(super) was_full: bool,
}

impl Program {
    /// A first line that begins with `JOIN {`.
    pub(super) fn greets(line: &str) -> Self {
        let own = |it: Option<std::borrow::Cow<'_, str>>| it.map(|it| it.into_owned().into());
        let hello = Hello::decode(line).ok().map(|hello| Hello {
            version: hello.version,
            name: own(hello.name),
            session: own(hello.session.map(|token| token.0)).map(Secret),
            after: hello.after,
            epoch: own(hello.epoch),
            history: hello.history,
            rooms: std::collections::BTreeMap::new(),
            read: hello.read,
        });
        let has_token = hello.as_ref().is_some_and(|hello| hello.session.is_some());
        Self {
            hello,
            answers: Answers::new(has_token),
            ids: Vec::new(),
            next: None,
            begins: 0..=0,
            not_in: None,
            is_in: false,
            bye: false,
            has_begun: false,
            is_live: false,
            pages: 0,
            away: false,
        }
    }

    /// Whether it is let in.
    pub(super) fn is_welcome(&self) -> bool {
        self.why_turned_away().is_none()
    }

    /// Whether it asks to read, and not to be in the room.
    pub(super) fn reads(&self) -> bool {
        self.hello
            .as_ref()
            .is_some_and(|hello| hello.read == Some(true))
    }

    /// The name it wants.
    pub(super) fn wants(&self) -> Option<Name> {
        let name = self.hello.as_ref()?.name.as_deref()?;
        Name::parse(name).ok().filter(|_| may_be_name(name))
    }

    /// What names its session.
    pub(super) fn key(&self, peer: usize) -> String {
        let token = self
            .hello
            .as_ref()
            .and_then(|hello| hello.session.as_deref());
        token.map_or_else(|| format!("of {peer}"), ToString::to_string)
    }

    /// Whether it comes with a token.
    pub(super) fn has_token(&self) -> bool {
        self.hello
            .as_ref()
            .is_some_and(|hello| hello.session.is_some())
    }

    /// Takes a line; what it does in the room, what it says to one person alone, and whether it leaves.
    pub(super) fn line(&mut self, line: &[u8]) -> Meaning {
        let Some(asked) = Asked::by(line) else {
            return Meaning::default();
        };
        let mut meaning = Meaning::default();
        if self.reads()
            && let Some(refused) = asked.refused_to_readers(line)
        {
            self.answers.expect(refused);
            return meaning;
        }
        match &asked {
            Asked::Leave => {
                meaning.2 = Some(CloseReason::Left);
                return meaning;
            }
            Asked::Do { deed, id } => {
                self.ids.push(id.clone());
                meaning.0 = Some(deed.clone());
            }
            Asked::Private { to, text, .. } => meaning.1 = Some((to.clone(), text.clone())),
            _ => {}
        }
        let is_back = matches!(&asked, Asked::Do { deed, .. } if !deed.may_be_refused());
        match &asked {
            Asked::Away(away) => self.away = *away,
            _ if is_back && self.away => {
                self.away = false;
                self.answers.expect(asked);
                self.answers.expect(Asked::Back);
                return meaning;
            }
            _ => {}
        }
        self.answers.expect(asked);
        meaning
    }

    /// Its last line does not end.
    pub(super) fn breaks_off(&mut self, line: &[u8]) {
        let given = super::answers::id_in(line);
        self.answers
            .expect(Asked::Refused(Code::Unterminated, given));
    }

    /// Checks a line that it was sent; what somebody else said to it alone, if it is that.
    pub(super) fn hears(
        &mut self,
        who: usize,
        line: &str,
        seen: &Seen<'_>,
    ) -> Option<(String, String)> {
        let Ok(message) = serde_json::from_str::<Message<'_>>(line) else {
            Invariant::WholeLines.is_broken(&format!("peer {who} was sent {line:?}"))
        };
        Invariant::GoodbyeLast.holds(!self.bye, || format!("{line:?} after bye"));
        match &message {
            Message::Private { from, text, id, .. } if id.is_none() => {
                return Some((from.to_string(), text.to_string()));
            }
            Message::Away { .. } if self.answers.has_just_written() => {}
            // Another connection of its session may have said that it is away.
            Message::Notice { .. } if self.has_token() && !self.answers.is_away_due() => {}
            Message::Welcome {
                name,
                session,
                head,
                resumed,
                read,
                ..
            } => {
                let has_none = name.is_empty() && session.is_empty() && !resumed;
                let is_as_asked = *read == self.reads() && (!read || has_none);
                Invariant::OneStay.holds(is_as_asked, || format!("{line:?} to peer {who}"));
                let why = self.why_not_as_asked(name).filter(|_| !resumed && !read);
                let was_due = self.answers.welcomed(name, *head, why);
                Invariant::InItsPlace.holds(was_due, || format!("{line:?} to peer {who}"));
                self.begins_behind(*head, *resumed || *read);
            }
            &Message::Gap {
                room: None,
                after,
                next,
                reason,
            } => {
                let why = self.why_gap(after, next);
                Invariant::OneOrder.holds(reason == Some(why), || {
                    format!("peer {who} was sent {line:?}, and it is {why:?}")
                });
                let is_known = self
                    .next
                    .is_none_or(|due| due == after + 1 || after >= next);
                let asked = self.hello.as_ref().and_then(|hello| hello.after);
                Invariant::OneOrder.holds(is_known || asked == Some(after), || {
                    format!("peer {who} was sent {line:?} where {:?} was due", self.next)
                });
                self.next = Some(next);
                self.has_begun = true;
            }
            Message::Entry(entry) => {
                let begins = self.next.is_none() && self.begins.contains(&entry.seq);
                Invariant::OneOrder.holds(begins || self.next == Some(entry.seq), || {
                    format!("peer {who} was sent {line:?} where {:?} was due", self.next)
                });
                self.next = Some(entry.seq + 1);
                self.has_begun = true;
                is_told(entry, &seen.rooms[LOBBY]);
            }
            Message::Bye { code, .. } => {
                self.bye = true;
                let is_true = self.is_reason(*code, seen);
                Invariant::GoodbyeLast.holds(is_true, || format!("{line:?} to peer {who}"));
            }
            answer => {
                if let Message::Past(entry) = answer {
                    self.pages += line.len() + 1;
                    is_told(entry, &seen.rooms[LOBBY]);
                }
                let place = Place {
                    story: &seen.rooms[LOBBY],
                    head: self.next().saturating_sub(1),
                    held: seen.held,
                };
                let is_it = self.answers.take(answer, line, place);
                Invariant::InItsPlace.holds(is_it, || {
                    let (head, due) = (place.head, self.answers.next());
                    format!("peer {who} was sent {line:?} behind {head}, to be told of {due:?}")
                });
            }
        }
        None
    }

    /// Why it gets a name, if it asked for another one.
    fn why_not_as_asked(&self, name: &str) -> Option<Code> {
        let asked = self.hello.as_ref()?.name.as_deref()?;
        if may_be_name(asked) {
            (asked != name).then_some(Code::NameTaken)
        } else {
            Some(Code::BadName)
        }
    }

    /// It is let in when an entry is the last one, which is its own joining or not; where what it is sent
    /// begins.
    fn begins_behind(&mut self, head: u64, is_others: bool) {
        let hello = self.hello.as_ref();
        let after = hello.and_then(|hello| hello.after);
        let history = hello.and_then(|hello| hello.history).unwrap_or(0);
        if after.is_none() && history > 0 {
            // As many as are held, and then what happens: its own joining, if it joins.
            let next = if is_others { head + 1 } else { head };
            self.begins = next.saturating_sub(history.min(MAX_PAGE)).max(1)..=next;
        } else {
            self.next = Some(after.map_or(head, |after| after.min(head)) + 1);
        }
    }

    /// Why what it is sent does not follow what it knows.
    fn why_gap(&self, after: u64, next: u64) -> GapReason {
        let hello = self.hello.as_ref();
        let is_asked = !self.has_begun && hello.is_some_and(|hello| hello.after == Some(after));
        // No epoch that is drawn is that of the log.
        if is_asked && hello.is_some_and(|hello| hello.epoch.is_some()) {
            GapReason::OtherLog
        } else if is_asked && after + 1 >= next {
            GapReason::Ahead
        } else {
            GapReason::NotHeld
        }
    }

    /// The number of the next entry that it is to be sent.
    fn next(&self) -> u64 {
        self.next.unwrap_or(*self.begins.end())
    }

    /// Whether a goodbye gives a reason that is true.
    fn is_reason(&self, code: Code, seen: &Seen<'_>) -> bool {
        if let Some(why) = self.why_turned_away() {
            return code == why;
        }
        match code {
            Code::Replaced => seen.short == Some(Short::Replaced),
            Code::Full => seen.short == Some(Short::GaveWay),
            Code::TooManyJoins => self.not_in == Some(CloseReason::TooManyJoins),
            Code::TooManyTokens => self.not_in == Some(CloseReason::TooManyTokens),
            Code::ShuttingDown => seen.short == Some(Short::Stopped),
            // How much of JSON waits is not known.
            Code::TooFarBehind => seen.was_full,
            _ => false,
        }
    }

    /// Why it is not let in, if it is not.
    fn why_turned_away(&self) -> Option<Code> {
        let Some(hello) = &self.hello else {
            return Some(Code::BadHello);
        };
        let is_version = hello.version.is_none_or(|v| v == json::VERSION);
        // That of a reader is not looked at.
        let is_token = self.reads()
            || hello
                .session
                .as_deref()
                .is_none_or(|token| Hello::is_token(token));
        match (is_version, is_token) {
            (false, _) => Some(Code::BadVersion),
            (true, false) => Some(Code::BadSession),
            (true, true) => None,
        }
    }

    /// Whether it was sent the story to its end. What it missed comes in turns: as long as the server has
    /// some to give (`in_turns`), it need not have everything yet.
    pub(super) fn is_up_to_date(&mut self, who: usize, rooms: &Rooms, in_turns: bool) {
        if !self.is_in || in_turns && !self.is_live {
            return;
        }
        self.is_live = true;
        let last = rooms[LOBBY].entries.len() as u64;
        Invariant::NothingMissing.holds(self.next() == last + 1, || {
            format!(
                "{:?} is due to peer {who}, and {last} is the last",
                self.next
            )
        });
    }

    /// Checks that it was told everything, by a server that has acted on all it sent.
    pub(super) fn is_answered(&self, who: usize) {
        let due = self.answers.next();
        let is_cut = !self.is_in || self.bye;
        Invariant::InItsPlace.holds(is_cut || due.is_none(), || {
            format!("peer {who} lacks the answer to {due:?}")
        });
    }

    /// Checks that it was told why it is to go, by a server that stops.
    pub(super) fn is_told_to_go(&self, who: usize) {
        Invariant::NothingMissing.holds(!self.is_in || self.bye, || {
            format!("peer {who} lacks a bye")
        });
    }
}

/// Checks that an entry is what the screen shows.
fn is_told(entry: &Entry<'_>, story: &Story) {
    let name = &entry.name;
    let text = entry.text.as_deref().unwrap_or_default();
    let line = match entry.kind {
        Kind::Joined => format!("{name} has joined the chat"),
        Kind::Left => format!("{name} has left the chat"),
        Kind::Said => format!("{name}: {text}"),
        Kind::Acted => format!("** {name} {text}"),
        Kind::Renamed => format!("{name} is now known as {text}"),
        Kind::Topic if text.is_empty() => format!("{name} has taken the topic away"),
        Kind::Topic => format!("{name} has set the topic: {text}"),
    };
    let index = usize::try_from(entry.seq).unwrap_or(0).wrapping_sub(1);
    let shown = story.entries.get(index).map(|shown| shown.line.as_str());
    Invariant::OneOrder.holds(shown == Some(&line), || {
        format!(
            "entry {} is {line:?}, and {shown:?} on the screen",
            entry.seq
        )
    });
}
