//! Programs: peers of the JSON dialect.

use super::answers::{Answers, Places};
use super::asked::{Asked, Known, id_in};
use super::cut_short::Short;
use super::deed::{Deed, may_be_name, shown};
use super::rooms::{LOBBY, Rooms, room_name};
use super::stay::Stay;
use super::view::View;
use crate::invariant::Invariant;
use chat_core::json::{self, Code, Hello, Message};
use chat_core::{CloseReason, MAX_ROOMS, Name, Secret};
use std::collections::BTreeMap;

/// The rooms other than the lobby hold at least this part of what the lobby holds.
pub(super) const ROOM_SHARE: u64 = 8;

/// What is known of a peer that speaks JSON.
#[derive(Debug)]
pub(super) struct Program {
    /// Its first object, if it was one.
    hello: Option<Hello<'static>>,
    /// How many lines the screen had shown when it was looked at.
    pub(super) since: usize,
    answers: Answers,
    /// Ids of what it says, each in the place of its text.
    pub(super) ids: Vec<Option<String>>,
    /// What it is to be sent of its rooms, by their names.
    views: BTreeMap<String, View>,
    /// How often it was told that it is in each.
    came_in: BTreeMap<String, usize>,
    /// Why it is not let in, though it is understood.
    pub(super) not_in: Option<CloseReason>,
    /// It is in the room as a program.
    pub(super) is_in: bool,
    bye: bool,
    /// That was as there is no room for it to read.
    is_turned_away: bool,
    /// Bytes of pages that it has heard.
    pub(super) pages: usize,
    /// It has said that it is away.
    away: bool,
}

/// What a line means: what is done, and in which room, what is said to one person alone, and why it will be closed.
pub(super) type Meaning = (
    Option<(Deed, Option<String>)>,
    Option<(Option<String>, String)>,
    Option<CloseReason>,
);

/// What is known when a program hears something.
pub(super) struct Seen<'a> {
    pub(super) rooms: &'a Rooms,
    /// Its stays in them.
    pub(super) stays: &'a [Stay],
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
            device: own(hello.device.map(|token| token.0)).map(Secret),
            after: hello.after,
            epoch: own(hello.epoch),
            history: hello.history,
            rooms: hello
                .rooms
                .into_iter()
                .map(|(room, known)| {
                    let known = json::Known {
                        after: known.after,
                        epoch: own(known.epoch),
                        history: known.history,
                    };
                    (room.into_owned().into(), known)
                })
                .collect(),
            read: hello.read,
            room: own(hello.room),
        });
        let has_token = hello.as_ref().is_some_and(|hello| hello.session.is_some());
        let reads = hello.as_ref().filter(|hello| hello.read == Some(true));
        let main = reads.and_then(|hello| room_name(hello.room.as_deref()?));
        let main = main.as_deref().unwrap_or("lobby");
        Self {
            answers: Answers::new(main, has_token),
            hello,
            since: 0,
            ids: Vec::new(),
            views: BTreeMap::new(),
            came_in: BTreeMap::new(),
            not_in: None,
            is_in: false,
            bye: false,
            is_turned_away: false,
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

    /// The room that it asks to read; none if no room can have such a name.
    fn room_to_read(&self) -> Option<String> {
        let hello = self.hello.as_ref().filter(|_| self.reads())?;
        room_name(hello.room.as_deref().unwrap_or("lobby"))
    }

    /// What is to be sent to one who is told that it reads a room, in which so many are, when an entry is the last one; none if
    /// there was no such room then.
    fn reads_in(&self, seen: &Seen<'_>, at: (&str, &str, u64), here: Option<u64>) -> Option<View> {
        let (room, epoch, head) = at;
        if self.room_to_read()? != room {
            return None;
        }
        let room = seen.rooms.find(room)?;
        let story = &seen.rooms[room];
        let head_of = usize::try_from(head).ok()?;
        let is_it = |base: &usize| {
            let end = base + head_of;
            let is_since = (story.length_at(self.since)..=story.entries.len()).contains(&end);
            let is_made = room == LOBBY || head > 0;
            let is_its = head == 0 || story.bases(end - 1).contains(base);
            is_since && is_made && is_its && Some(story.members(end).len() as u64) == here
        };
        let mut all = if room == LOBBY {
            vec![0]
        } else {
            story.bases(story.entries.len())
        };
        // It was let in as soon as its first line was looked at: of several logs that it may be of, it is the oldest one.
        all.sort_unstable();
        let mut all = all.into_iter().filter(is_it);
        let known = all.clone().find(|base| story.has_epoch(*base, epoch));
        let base = known.or_else(|| all.find(|base| story.is_epoch(*base, epoch)))?;
        Some(View::new(room, base, self.known(), head, true))
    }

    /// Why it will be closed that is not let in, if that is so.
    pub(super) fn why_closed(&self) -> Option<CloseReason> {
        Some(match self.why_turned_away()? {
            Code::BadRoom => CloseReason::NotToRead,
            _ => CloseReason::Json,
        })
    }

    /// It was told that there is no room for it to read.
    pub(super) fn has_no_room(&self) -> bool {
        self.bye && self.is_turned_away
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

    /// The rooms that it names in its first object: it is to be in them.
    pub(super) fn named_rooms(&mut self) -> Vec<(Deed, Option<String>)> {
        let mut known = BTreeMap::new();
        let hello = self
            .hello
            .as_ref()
            .filter(|_| self.is_welcome() && !self.reads());
        for (asked, it) in hello.iter().flat_map(|hello| &hello.rooms) {
            let epoch = hello.and_then(|hello| hello.epoch.as_ref());
            let it = Known {
                after: it.after,
                is_of_another: it.epoch.as_ref().or(epoch).is_some(),
                history: it.history.unwrap_or(0),
            };
            match room_name(asked) {
                Some(room) => drop(known.insert(room, it)),
                None => self.answers.expect(Asked::Refused(Code::BadRoom, None)),
            }
        }
        let mut deeds = Vec::new();
        for (room, known) in known {
            self.ids.push(None);
            deeds.push((Deed::Joins(room.clone()), Some(room.clone())));
            self.answers.expect(Asked::Join(room, None, known));
        }
        deeds
    }

    /// Whether it names a room in it.
    pub(super) fn has_named(&self, room: &str) -> bool {
        let mut named = self.hello.iter().flat_map(|hello| hello.rooms.keys());
        named.any(|asked| room_name(asked).as_deref() == Some(room))
    }

    /// Nobody had its session before.
    pub(super) fn is_of_new_session(&mut self) {
        self.answers.is_of_new_session();
    }

    /// It goes on in these rooms, besides the lobby.
    pub(super) fn goes_on_in(&mut self, rooms: Vec<String>) {
        self.answers.goes_on_in(rooms);
    }

    /// Takes a line, sent when the screen had shown so many; what it does, what it says to one person alone, and
    /// whether it leaves.
    pub(super) fn line(&mut self, line: &[u8], since: usize) -> Meaning {
        let Some(asked) = Asked::by(line, since) else {
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
            Asked::Do { deed, id, room } => {
                self.ids.push(id.clone());
                meaning.0 = Some((deed.clone(), room.clone()));
            }
            Asked::Join(room, ..) | Asked::Part(room, _) => {
                let is_join = matches!(asked, Asked::Join(..));
                let deed = if is_join { Deed::Joins } else { Deed::Parts };
                self.ids.push(None);
                meaning.0 = Some((deed(room.clone()), Some(room.clone())));
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
        let given = id_in(line);
        self.answers
            .expect(Asked::Refused(Code::Unterminated, given));
    }

    /// Checks an answer that it was sent.
    fn hears_answer(&mut self, who: usize, answer: &Message<'_>, line: &str, seen: &Seen<'_>) {
        if let Message::Past(entry) = answer {
            self.pages += line.len() + 1;
            self.view(who, &entry.room, line).is_told(entry, seen.rooms);
        }
        let mut of = BTreeMap::new();
        for (room, view) in &self.views {
            let share = if view.room == LOBBY { 1 } else { ROOM_SHARE };
            of.insert(&**room, view.place(seen.rooms, seen.held / share));
        }
        let rooms = seen.rooms;
        let is_new = |room: &&Stay| {
            let of_it = seen.stays.iter().filter(|stay| stay.room == room.room);
            let came_in = self.came_in.get(rooms.name(room.room)).copied();
            of_it.count() > came_in.unwrap_or(0)
        };
        let new = seen.stays.iter().filter(is_new);
        let new = new.map(|stay| rooms.name(stay.room)).collect();
        let within = self.views.iter().filter(|(_, view)| view.is_in);
        let within = within.map(|(room, _)| &**room).collect();
        let places = Places {
            rooms,
            of,
            new,
            within,
        };
        let is_it = self.answers.take(answer, line, &places);
        Invariant::InItsPlace.holds(is_it, || {
            let due = self.answers.next();
            format!("peer {who} was sent {line:?}, to be told of {due:?}")
        });
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
                room,
                name,
                session,
                epoch,
                head,
                resumed,
                outside,
                read,
                here,
                ..
            } => {
                let has_none = name.is_empty() && session.is_empty() && !resumed;
                let is_as_asked = *read == self.reads() && (!read || has_none);
                // Whoever goes on outside of the lobby may come in right after that.
                let before = if *outside { *head } else { u64::MAX };
                let is_in = |stay: &Stay| stay.room == LOBBY && (stay.joined as u64) < before;
                let is_in = seen.stays.iter().any(is_in);
                let is_right = is_as_asked && (is_in != *outside || *read);
                Invariant::OneStay.holds(is_right, || format!("{line:?} to peer {who}"));
                let why = self.why_not_as_asked(name).filter(|_| !resumed && !read);
                let was_due = self.answers.welcomed(name, *head, why, *outside);
                Invariant::InItsPlace.holds(was_due, || format!("{line:?} to peer {who}"));
                if *read {
                    let view = self.reads_in(seen, (room, epoch, *head), *here);
                    let Some(view) = view else {
                        Invariant::InItsPlace.is_broken(&format!("{line:?} to peer {who}"))
                    };
                    self.views.insert(room.to_string(), view);
                } else if !outside {
                    let view = View::new(LOBBY, 0, self.known(), *head, *resumed);
                    self.views.insert("lobby".into(), view);
                    self.came_in.insert("lobby".into(), 1);
                }
            }
            Message::Gap {
                room,
                after,
                next,
                reason,
            } => {
                let room = room.as_deref().unwrap_or("lobby");
                self.view(who, room, line).gap(who, *after, *next, *reason);
            }
            Message::Entry(entry) => {
                let view = self.view(who, &entry.room, line);
                view.entry(who, entry, seen.rooms);
            }
            Message::In {
                room,
                epoch,
                head,
                here,
                id,
            } => {
                let asked = self.answers.comes_in(room, id.as_deref(), *head);
                let view = self.comes_in(room, asked, *head, seen);
                let Some(view) = view else {
                    Invariant::InItsPlace.is_broken(&format!("{line:?} to peer {who}"))
                };
                let story = &seen.rooms[view.room];
                let end = usize::try_from(*head).map_or(0, |head| view.base + head);
                let is_here = story.members(end).len() as u64 == *here;
                let is_it = is_here && story.is_epoch(view.base, epoch);
                Invariant::OneOrder.holds(is_it, || format!("{line:?} to peer {who}"));
                self.views.insert(room.to_string(), view);
            }
            Message::Out { room, id, .. } => {
                let was_asked = self.answers.goes_out(room, id.as_deref());
                let stay = self.stay(room, seen);
                let left = stay.and_then(|stay| stay.left);
                let view = self.view(who, room, line);
                view.is_in = false;
                // Its own leaving is the last that it is sent.
                let has_all = left.is_some_and(|left| view.is_up_to_date(left + 1, false));
                Invariant::InItsPlace.holds(was_asked && has_all, || {
                    format!("{line:?} to peer {who}, which left as {left:?} and has {view:?}")
                });
            }
            Message::Bye { code, .. } => {
                self.bye = true;
                self.is_turned_away = *code == Code::BadRoom;
                let is_true = self.is_reason(*code, seen);
                Invariant::GoodbyeLast.holds(is_true, || format!("{line:?} to peer {who}"));
            }
            answer => {
                self.hears_answer(who, answer, line, seen);
            }
        }
        None
    }

    /// What it is to be sent of a room in which it is.
    fn view(&mut self, who: usize, room: &str, line: &str) -> &mut View {
        let view = self.views.get_mut(room).filter(|view| view.is_in);
        let Some(view) = view else {
            Invariant::OwnRooms.is_broken(&format!("peer {who}, not in {room}, was sent {line:?}"))
        };
        view
    }

    /// Its last stay in a room of which it was told.
    fn stay(&self, room: &str, seen: &Seen<'_>) -> Option<Stay> {
        let nth = self.came_in.get(room)?.checked_sub(1)?;
        let number = seen.rooms.find(room)?;
        let stays = seen.stays.iter().filter(|stay| stay.room == number);
        stays.copied().nth(nth)
    }

    /// It is told that it is in a room, as it has asked to be, when an entry is the last one.
    fn comes_in(
        &mut self,
        room: &str,
        asked: Option<Asked>,
        head: u64,
        seen: &Seen<'_>,
    ) -> Option<View> {
        *self.came_in.entry(room.into()).or_default() += 1;
        let stay = self.stay(room, seen)?;
        let story = &seen.rooms[stay.room];
        let head_of = usize::try_from(head).ok()?;
        let (known, is_others) = match asked? {
            Asked::Live(_, known) => (known, true),
            Asked::Join(_, _, known) => (known, false),
            _ => return None,
        };
        let is_it = |base: &usize| {
            let end = base + head_of;
            if is_others {
                (stay.joined..=story.entries.len()).contains(&end)
            } else {
                end == stay.joined + 1
            }
        };
        let base = story.bases(stay.joined).into_iter().find(is_it)?;
        if !is_others {
            story.has_base(stay.joined, base);
        }
        Some(View::new(stay.room, base, known, head, is_others))
    }

    /// Why it gets a name, if it asked for another one.
    fn why_not_as_asked(&self, name: &str) -> Option<Code> {
        let asked = self.hello.as_ref()?.name.as_deref()?;
        if may_be_name(asked) {
            (shown(asked).as_deref() != Some(name)).then_some(Code::NameTaken)
        } else {
            Some(Code::BadName)
        }
    }

    /// What it knows of the lobby.
    fn known(&self) -> Known {
        let hello = self.hello.as_ref();
        hello.map_or_else(Known::default, |hello| Known {
            after: hello.after,
            is_of_another: hello.epoch.is_some(),
            history: hello.history.unwrap_or(0),
        })
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
            // It was there if somebody was, or if it was still held for somebody.
            Code::BadRoom => {
                let room = self.room_to_read();
                room.is_some_and(|room| seen.rooms.was_vacant(&room, self.since))
            }
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
        let is_many = !self.reads() && hello.rooms.len() >= MAX_ROOMS;
        let is_no_room = self.reads() && self.room_to_read().is_none();
        match (is_version, is_many, is_token) {
            (false, ..) => Some(Code::BadVersion),
            _ if is_no_room => Some(Code::BadRoom),
            (true, true, _) => Some(Code::BadHello),
            (true, false, false) => Some(Code::BadSession),
            (true, false, true) => None,
        }
    }

    /// Checks that it was sent all that has happened in its rooms.
    pub(super) fn is_up_to_date(
        &mut self,
        who: usize,
        rooms: &Rooms,
        stays: &[Stay],
        in_turns: bool,
    ) {
        if !self.is_in {
            return;
        }
        let is_reader = self.reads();
        let read = self.room_to_read().and_then(|room| rooms.find(&room));
        let others = if is_reader { read } else { Some(LOBBY) };
        for room in stays.iter().map(|stay| stay.room).chain(others) {
            let name = rooms.name(room);
            let mut all = stays.iter().filter(|stay| stay.room == room);
            let count = all.clone().count();
            let is_in = is_reader || all.any(|stay| stay.left.is_none());
            let came_in = self.came_in.get(name).copied().unwrap_or(0);
            let is_told = is_reader || came_in == count || in_turns && came_in < count;
            let end = rooms[room].entries.len();
            let view = self
                .views
                .get_mut(name)
                .filter(|_| came_in == count || is_reader);
            let has_all = view.is_none_or(|view| match (view.is_in, is_in) {
                (true, true) => view.is_up_to_date(end, in_turns),
                (is_there, is_in) => is_there == is_in || in_turns,
            });
            Invariant::NothingMissing.holds(is_told && has_all, || {
                format!(
                    "peer {who} lacks something of {name}: {:?}",
                    self.views.get(name)
                )
            });
        }
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
