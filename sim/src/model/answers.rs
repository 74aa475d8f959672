//! Whether programs are answered what they ask for, once, truly, and in order.
//!
//! What concerns a room is answered in the order of that room; errors, and what concerns none, in the order of the
//! connection, which is that of the lobby as long as the connection has not been out of it, or that of the room it reads.

use super::asked::{Asked, Known, Span};
use super::deed::Deed;
use super::page::{Page, Place};
use super::rooms::Rooms;
use crate::naming::are_alike;
use chat_core::json::{Code, Message};
use chat_core::{MAX_LINE, MAX_NAME};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What is known of how something will be answered that concerns a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Open,
    /// It was not refused where it would have been.
    Succeeds,
    /// Something later was answered in its room.
    Fails,
}

/// What is to be answered.
#[derive(Debug)]
struct Due {
    asked: Asked,
    fate: Fate,
    /// The connection had asked to be out of the lobby before.
    is_late: bool,
}

/// Where in the order of each room a program is.
pub(super) struct Places<'a> {
    pub(super) rooms: &'a Rooms,
    pub(super) of: BTreeMap<&'a str, Place<'a>>,
    /// Rooms into which it has come, and has not been told so.
    pub(super) new: BTreeSet<&'a str>,
    /// Rooms in which it was told that it is, and not that it is out of them.
    pub(super) within: BTreeSet<&'a str>,
}

/// What a program has asked for, and what it was told.
#[derive(Debug)]
pub(super) struct Answers {
    /// The room whose order is that of the connection.
    main: String,
    due: VecDeque<Due>,
    pages: BTreeMap<String, Page>,
    /// Of each room, an entry that was there before what is due was carried out.
    since: BTreeMap<String, u64>,
    /// The names that it has had.
    names: Vec<String>,
    /// Its session may have said something before.
    is_old: bool,
    /// What was accepted of it, by its ids: the room, how many entries come before its log, and the number.
    accepted: BTreeMap<String, (String, usize, u64)>,
    /// The last answer was that what it said to one person alone has arrived.
    has_written: bool,
    /// It goes on outside of the lobby, or has been out of it.
    is_outside: bool,
    was_out: bool,
}

impl Answers {
    /// Of one who asks to be let in, or to read a room, with a token or without one.
    pub(super) fn new(main: &str, has_token: bool) -> Self {
        let mut answers = Self {
            main: main.into(),
            due: VecDeque::new(),
            pages: BTreeMap::new(),
            since: BTreeMap::new(),
            names: Vec::new(),
            is_old: has_token,
            accepted: BTreeMap::new(),
            has_written: false,
            is_outside: false,
            was_out: false,
        };
        answers.expect(Asked::Welcome);
        answers
    }

    /// Nobody had its session before.
    pub(super) fn is_of_new_session(&mut self) {
        self.is_old = false;
    }

    /// It asks for something more.
    pub(super) fn expect(&mut self, asked: Asked) {
        let is_out = |asked: &Asked| matches!(asked, Asked::Part(room, _) if room == "lobby");
        let before = self.due.back().is_some_and(|due| due.is_late);
        let is_late = before || is_out(&asked) || self.is_late();
        self.due.push_back(Due {
            asked,
            fate: Fate::Open,
            is_late,
        });
    }

    /// Whether it has been out of the lobby, or may have been.
    fn is_late(&self) -> bool {
        self.is_outside || self.was_out
    }

    /// What it is to be answered next.
    pub(super) fn next(&self) -> Option<&Asked> {
        self.due.front().map(|due| &due.asked)
    }

    /// It is let in under a name, when an entry of the lobby is the last one, and is told first why that is not the
    /// name it asked for.
    pub(super) fn welcomed(
        &mut self,
        name: &str,
        head: u64,
        why: Option<Code>,
        is_outside: bool,
    ) -> bool {
        let first = self.due.pop_front().map(|due| due.asked);
        self.since.insert(self.main.clone(), head);
        self.names.push(name.into());
        self.is_outside = is_outside;
        if let Some(code) = why {
            self.due.push_front(Due {
                asked: Asked::Refused(code, None),
                fate: Fate::Open,
                is_late: false,
            });
        }
        matches!(first, Some(Asked::Welcome))
    }

    /// It goes on in these rooms, before anything else that it asks for.
    pub(super) fn goes_on_in(&mut self, rooms: Vec<String>) {
        for room in rooms.into_iter().rev() {
            let named = |due: &Due| matches!(&due.asked, Asked::Join(it, None, _) if *it == room);
            let before = self.due.iter().position(named);
            let before = before.and_then(|nth| self.due.remove(nth));
            let known = match before.map(|due| due.asked) {
                Some(Asked::Join(_, _, known)) => known,
                _ => Known::default(),
            };
            let due = Due {
                asked: Asked::Live(room, known),
                fate: Fate::Succeeds,
                is_late: false,
            };
            self.due.insert(self.due.len().min(1), due);
        }
    }

    /// It is told that it is in a room; what it has asked for to be there.
    pub(super) fn comes_in(&mut self, room: &str, id: Option<&str>, head: u64) -> Option<Asked> {
        let is_it = |asked: &Asked| match asked {
            Asked::Live(..) => id.is_none(),
            Asked::Join(_, given, _) => given.as_deref() == id,
            _ => false,
        };
        let nth = self.in_room(room, |asked| {
            matches!(asked, Asked::Live(..) | Asked::Join(..))
        })?;
        self.since.insert(room.into(), head);
        let asked = self.due.remove(nth)?.asked;
        is_it(&asked).then_some(asked)
    }

    /// It is told that it is out of a room; whether it has asked for that.
    pub(super) fn goes_out(&mut self, room: &str, id: Option<&str>) -> bool {
        let nth = self.in_room(room, |asked| matches!(asked, Asked::Part(..)));
        let asked = nth.and_then(|nth| self.due.remove(nth));
        if room == "lobby" {
            self.was_out = true;
        }
        asked.is_some_and(
            |due| matches!(&due.asked, Asked::Part(_, given) if given.as_deref() == id),
        )
    }

    /// Whether something is answered in the order of a room, and not in that of the connection.
    fn is_apart(&self, due: &Due) -> bool {
        let is_out = self.is_outside || due.is_late;
        match due.asked.room() {
            Some(room) => room != self.main || is_out,
            // A new name is an entry in each of its rooms, the lobby among them unless it is out of that.
            None => is_out && matches!(due.asked, Asked::Do { .. }),
        }
    }

    /// Whether the order of the connection is that of the lobby.
    fn is_lobby_first(&self) -> bool {
        !self.is_late()
    }

    /// What is answered in the order of a room now, of those that `fits`.
    fn in_room(&mut self, room: &str, fits: impl Fn(&Asked) -> bool) -> Option<usize> {
        let is_it = |due: &Due| {
            // A new name has the number of its entry in the lobby, unless it is out of that.
            let is_rename = matches!(due.asked, Asked::Do { room: None, .. });
            let is_of_all = is_rename && (room == self.main || self.is_apart(due));
            let is_of_it = due.asked.room() == Some(room) || is_of_all;
            is_of_it && fits(&due.asked) && due.fate != Fate::Fails
        };
        let nth = self.due.iter().position(is_it)?;
        let is_open = self.due[nth].asked.is_open_to_all();
        if !self.is_apart(&self.due[nth]) {
            return self.first_of_connection().filter(|first| *first == nth);
        }
        for before in 0..nth {
            let due = &self.due[before];
            let is_before = self.is_apart(due) && due.asked.room() == Some(room);
            if !is_open && is_before && !due.asked.is_open_to_all() {
                if due.fate == Fate::Succeeds {
                    return None;
                }
                self.due[before].fate = Fate::Fails;
            }
        }
        Some(nth)
    }

    /// What is answered next in the order of the connection: what came before was not refused.
    fn first_of_connection(&mut self) -> Option<usize> {
        let nth = self.due.iter().position(|due| !self.is_apart(due))?;
        self.succeeds_before(nth).then_some(nth)
    }

    /// Takes it that what concerns rooms before something was not refused; whether it was not.
    fn succeeds_before(&mut self, nth: usize) -> bool {
        let before = self.due.iter_mut().take(nth);
        let mut before = before.filter(|due| !due.asked.is_open_to_all());
        before.all(|due| {
            let is_so = due.fate != Fate::Fails;
            due.fate = Fate::Succeeds;
            is_so
        })
    }

    /// What an error is the answer to.
    fn refused(&mut self, code: Code, id: Option<&str>, places: &Places<'_>) -> Option<usize> {
        let nth = (0..self.due.len()).find(|nth| {
            let due = &self.due[*nth];
            let is_apart = self.is_apart(due);
            !is_apart || due.fate != Fate::Succeeds && self.is_refused(*nth, code, id, places)
        })?;
        let is_it = self.is_refused(nth, code, id, places);
        let is_so = is_it && self.succeeds_before(nth);
        is_so.then(|| self.surely_refused(nth, code, id).unwrap_or(nth))
    }

    /// What is refused whatever its room is like, where something before it, answered in the order of a room, has the same id
    /// and may be refused alike: that may still succeed.
    fn surely_refused(&self, nth: usize, code: Code, id: Option<&str>) -> Option<usize> {
        let mut after = nth..self.due.len();
        let next = after.find(|after| !self.is_apart(&self.due[*after]))?;
        let is_it = |asked: &Asked| matches!(asked, Asked::Refused(why, given) if *why == code && given.as_deref() == id);
        is_it(&self.due[next].asked).then_some(next)
    }

    /// Whether a message is the answer that is due, and true.
    pub(super) fn take(&mut self, message: &Message<'_>, line: &str, places: &Places<'_>) -> bool {
        self.has_written = false;
        let nth = match message {
            Message::Error { code, id, .. } => self.refused(*code, id.as_deref(), places),
            _ => match room_of(message) {
                Some(room) => self.in_room(room, |asked| may_answer(asked, message)),
                None => self.first_of_connection(),
            },
        };
        let Some(due) = nth.and_then(|nth| self.due.remove(nth)) else {
            return false;
        };
        let is_apart = self.is_apart(&due);
        let is_it = self.is_answer(&due.asked, is_apart, message, line, places);
        if !is_it || matches!(message, Message::Past(_)) {
            self.due.insert(nth.unwrap_or(0), due); // It is still due.
        } else {
            self.may_be_of_the_other(&due.asked);
            // That somebody is in a room already, or may not come in, is told in the order of the connection.
            let is_in_order = !matches!(message, Message::Error { .. });
            for (room, place) in &places.of {
                let is_its = is_in_order && due.asked.room() == Some(*room)
                    || !is_apart && **room == self.main;
                if is_its {
                    self.since.insert((*room).into(), place.head);
                }
            }
        }
        is_it
    }

    /// What is asked of a room in it is answered in its order, and what is asked after leaving it in that of the connection: of
    /// two that have no ids, either may be answered first.
    fn may_be_of_the_other(&mut self, answered: &Asked) {
        for due in &mut self.due {
            match (&mut due.asked, answered) {
                (Asked::Who(room, since), Asked::Who(other, before))
                | (Asked::Topic(room, since), Asked::Topic(other, before))
                    if room == other =>
                {
                    *since = (*since).min(*before);
                }
                _ => {}
            }
        }
    }

    fn is_answer(
        &mut self,
        asked: &Asked,
        is_apart: bool,
        message: &Message<'_>,
        line: &str,
        places: &Places<'_>,
    ) -> bool {
        let place = asked.room().or(room_of(message)).or(Some(&*self.main));
        let place = place.and_then(|room| places.of.get(room)).copied();
        let rooms = places.rooms;
        match (asked, message) {
            (_, Message::Error { .. })
            | (Asked::Away(_) | Asked::Back, Message::Notice { .. })
            | (Asked::Whois(_), Message::Whois { .. }) => true,
            (
                Asked::Private { to, text, id },
                Message::Private {
                    to: whom,
                    text: said,
                    id: given,
                    ..
                },
            ) => {
                let is_to = to.as_deref().is_none_or(|to| are_alike(to, whom));
                self.has_written = true;
                is_to && said == text && given.as_deref() == id.as_deref()
            }
            (Asked::Topic(room, since), Message::Topic { text, by, .. }) => {
                let is_it = |topic: Option<(&str, &str)>| {
                    topic.map_or("", |topic| topic.0) == text
                        && topic.map(|topic| topic.1) == by.as_deref()
                };
                if let Some(place) = place.filter(|_| !is_apart) {
                    place.story.topics(place.end()).into_iter().any(is_it)
                } else {
                    let mut topics = rooms.topics_since(room, *since).into_iter();
                    topics.any(is_it)
                }
            }
            (Asked::Who(room, since), Message::Who { names, more, .. }) => {
                let is_full = line.len() + MAX_NAME + 3 >= MAX_LINE;
                let is_it = |members: Vec<&str>| is_roster(names, *more, &members);
                (*more == 0 || is_full)
                    && match place.filter(|_| !is_apart) {
                        Some(place) => {
                            is_it(place.story.members(place.end()).into_values().collect())
                        }
                        None => rooms.members_since(room, *since).into_iter().any(is_it),
                    }
            }
            (Asked::Rooms(since), Message::Rooms { rooms: all, more }) => {
                let all: Vec<(&str, u64)> = all.iter().map(|it| (&*it.room, it.here)).collect();
                rooms.was_list(&all, *more, *since)
            }
            (Asked::Ping, Message::Pong { head }) => {
                let is_it = |place: Place<'_>| *head == place.head;
                !self.is_lobby_first() || place.is_some_and(is_it)
            }
            (Asked::Do { deed, id, .. }, Message::Accepted { id: given, seq, .. }) => {
                id.as_deref() == given.as_deref()
                    && place.is_some_and(|place| {
                        let room = asked.room().unwrap_or("lobby");
                        self.accepts(deed, id.as_deref(), room, *seq, place)
                    })
            }
            (&Asked::History(span, ref room, _), Message::Past(entry)) => {
                place.is_some_and(|place| self.turns(span, room, entry.seq, place))
            }
            (&Asked::History(span, ref room, _), &Message::Page { first, head, .. }) => place
                .is_some_and(|place| {
                    self.ends_page(span, room, place)
                        && head == place.head
                        && first <= head + 1
                        && (first == 1 || first > 1 && place.may_be_gone(first - 1))
                }),
            _ => false,
        }
    }

    /// The last entry of a room that was surely there before what is due was carried out.
    fn since(&self, room: &str) -> u64 {
        self.since.get(room).copied().unwrap_or(0)
    }

    /// Whether an entry is the next one of a page, as far as what comes before it is held.
    fn turns(&mut self, span: Span, room: &str, seq: u64, place: Place<'_>) -> bool {
        let heads = self.since(room)..=place.head;
        let new = || Page::of(span, Some(seq), heads, place);
        let page = self.pages.entry(room.into()).or_insert_with(new);
        let is_next = page.next == seq || page.next < seq && place.may_be_gone(seq - 1);
        page.next = seq + 1;
        is_next && seq <= *page.lasts.end()
    }

    /// Whether all of a page was sent, as far as it is held.
    fn ends_page(&mut self, span: Span, room: &str, place: Place<'_>) -> bool {
        let heads = self.since(room)..=place.head;
        let new = || Page::of(span, None, heads, place);
        let page = self.pages.remove(room).unwrap_or_else(new);
        let least = *page.lasts.start();
        page.next > least || place.may_be_gone(least)
    }

    /// Whether what was asked for is refused for a reason that it gives.
    fn is_refused(&self, nth: usize, code: Code, given: Option<&str>, places: &Places<'_>) -> bool {
        let is_apart = self.is_apart(&self.due[nth]);
        let is_out = code == Code::NotInRoom && is_apart && !self.is_in_by_then(nth, places);
        match &self.due[nth].asked {
            Asked::NoJson(id) => {
                code == Code::BadRequest && (given.is_none() || id.as_deref() == given)
            }
            Asked::Refused(why, id) => {
                let is_late = self.due[nth].is_late && code == Code::NotInRoom;
                (*why == code || is_late) && id.as_deref() == given
            }
            // Whether rightly so, is seen where it is known what the room was like.
            Asked::Do { deed, id, .. } if deed.may_be_refused() => {
                (matches!(code, Code::NameTaken | Code::Unchanged) || is_out)
                    && id.as_deref() == given
            }
            Asked::Join(room, id, _) => {
                // The one that it has come in by was not refused; it has come into the lobby by its name.
                let is_new = id.is_none() && room != "lobby" && places.new.contains(&**room);
                let is_in = is_new && !self.has_joined_before(nth, room);
                let is_right = matches!(code, Code::Unchanged | Code::TooManyRooms);
                is_right && !is_in && id.as_deref() == given
            }
            Asked::Part(_, id) => {
                matches!(code, Code::NotInRoom | Code::LastRoom) && id.as_deref() == given
            }
            Asked::Do { id, .. } if is_out => id.as_deref() == given,
            Asked::History(_, _, id) => is_out && id.as_deref() == given,
            Asked::Do {
                deed,
                id: Some(id),
                room,
            } => {
                let room = room.as_deref().unwrap_or("lobby");
                code == Code::IdReused
                    && Some(&**id) == given
                    && self.is_reused(nth, deed, id, room, places)
            }
            Asked::Private { id, .. } => {
                matches!(code, Code::NotHere | Code::ReadsSlowly) && id.as_deref() == given
            }
            Asked::Account(id) => {
                let codes = [
                    Code::NotClaimed,
                    Code::BadName,
                    Code::BadPassword,
                    Code::NotPrivate,
                    Code::TooManyGuesses,
                    Code::BadLabel,
                    Code::Busy,
                    Code::NotAllowed,
                    Code::NotHere,
                ];
                codes.contains(&code) && id.as_deref() == given
            }
            Asked::Whois(id) => code == Code::NotHere && id.as_deref() == given,
            _ => false,
        }
    }

    /// Whether it asked to be in a room, or goes on there, before something else that is due.
    fn has_joined_before(&self, nth: usize, room: &str) -> bool {
        let mut before = self.due.iter().take(nth).map(|due| &due.asked);
        before.any(|it| matches!(it, Asked::Join(of, ..) | Asked::Live(of, _) if of == room))
    }

    /// Whether it was surely in the room of something that is due when that was carried out, told so or not.
    fn is_in_by_then(&self, nth: usize, places: &Places<'_>) -> bool {
        let Some(room) = self.due[nth].asked.room() else {
            return false;
        };
        let mut before = self.due.iter().take(nth).map(|due| &due.asked);
        let is_new = places.new.contains(room) && self.has_joined_before(nth, room);
        (is_new || places.within.contains(room))
            && !before.any(|it| matches!(it, Asked::Part(of, _) if of == room))
    }

    /// Whether a text is in a room under a number that may be told: that of the entry just before
    /// or, if it has an id, the one that the session has said with it before.
    fn accepts(
        &mut self,
        deed: &Deed,
        id: Option<&str>,
        room: &str,
        seq: u64,
        place: Place<'_>,
    ) -> bool {
        if deed.may_be_refused() {
            // Its id is for the answer alone.
            return seq == place.head && self.is_done(deed, seq, place);
        }
        let before = id.and_then(|id| self.accepted.get(id));
        let before = before.filter(|it| it.0 == room && it.1 == place.base);
        let is_right = match before {
            Some((.., before)) => seq == *before || seq == place.head && place.may_be_gone(*before),
            None => seq == place.head || seq < place.head && id.is_some() && self.is_old,
        };
        if let Some(id) = id {
            self.accepted
                .insert(id.into(), (room.into(), place.base, seq));
        }
        is_right && self.is_done(deed, seq, place)
    }

    /// Whether the session may have said another text with an id, or in another room.
    fn is_reused(
        &self,
        nth: usize,
        deed: &Deed,
        id: &str,
        room: &str,
        places: &Places<'_>,
    ) -> bool {
        let is_said = |due: &Due| matches!(&due.asked, Asked::Do { id: Some(it), deed, .. } if it == id && !deed.may_be_refused());
        let is_being_said = self.due.iter().take(nth).any(is_said);
        match self.accepted.get(id) {
            None => self.is_old || is_being_said,
            Some((before, ..)) if before != room => true,
            Some((_, base, seq)) => {
                let place = places.of.get(room).filter(|it| it.base == *base);
                !place.is_some_and(|place| self.is_own(deed, *seq, *place))
            }
        }
    }

    /// Whether an entry is what it did; its session may have had another name before.
    fn is_own(&self, deed: &Deed, seq: u64, place: Place<'_>) -> bool {
        let done = place.done(seq);
        done.is_some_and(|(name, done)| {
            done == *deed && (self.is_old || self.names.contains(&name) || self.takes(&name))
        })
    }

    /// Whether it is to be told that it has another name, which may have come true in a room already.
    fn takes(&self, name: &str) -> bool {
        let is_it = |due: &Due| matches!(&due.asked, Asked::Do { deed: Deed::Renames(new), .. } if new == name);
        self.due.iter().any(is_it)
    }

    /// The same, and it has the name that it has taken in it.
    fn is_done(&mut self, deed: &Deed, seq: u64, place: Place<'_>) -> bool {
        let is_own = self.is_own(deed, seq, place);
        if let (true, Deed::Renames(new)) = (is_own, deed) {
            self.names.push(new.clone());
        }
        is_own
    }

    /// Whether what is due is about being away, or back.
    pub(super) fn is_away_due(&self) -> bool {
        let mut due = self.due.iter();
        let first = due.find(|due| !self.is_apart(due));
        first.is_some_and(|due| matches!(due.asked, Asked::Away(_) | Asked::Back))
    }

    /// Whether the last answer was that what it said to one person alone has arrived.
    pub(super) fn has_just_written(&mut self) -> bool {
        std::mem::take(&mut self.has_written)
    }
}

/// The room that an answer is of, where it is of one.
fn room_of<'a>(message: &'a Message<'_>) -> Option<&'a str> {
    match message {
        Message::Past(entry) => Some(&entry.room),
        Message::Accepted { room, .. }
        | Message::Page { room, .. }
        | Message::Who { room, .. }
        | Message::Topic { room, .. } => Some(room.as_deref().unwrap_or("lobby")),
        _ => None,
    }
}

/// Whether a message is of the kind that answers something.
fn may_answer(asked: &Asked, message: &Message<'_>) -> bool {
    matches!(
        (asked, message),
        (Asked::Do { .. }, Message::Accepted { .. })
            | (Asked::Topic(..), Message::Topic { .. })
            | (Asked::Who(..), Message::Who { .. })
            | (Asked::History(..), Message::Past(_) | Message::Page { .. })
    )
}

/// Whether these are the first of those in the room, and so many more are there.
fn is_roster(names: &[Cow<'_, str>], more: usize, members: &[&str]) -> bool {
    let mut both = names.iter().zip(members);
    names.len() + more == members.len() && both.all(|(name, member)| name == member)
}
