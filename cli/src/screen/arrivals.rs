//! What comes from the server, and what it changes.

use super::block::Entry;
use super::feed::{self, News};
use super::messages::Message;
use super::people::Person;
use super::room::{Asked, Room, is_named};
use super::words::Words;
use super::{Link, Screen, Typed};
use chat_core::{Kind, printable};

/// The most rooms, conversations with one person included.
const MAX_ROOMS: usize = 64;

/// The most rooms that are listed, or people who are kept out of one, that can be completed.
const MAX_LISTED: usize = 256;

/// The most entries of a page that are taken; no server sends more.
const MAX_PAGE: usize = 1000;

impl Screen {
    /// Takes an object that the client shows, or a line that is none; `wall` is the time of day.
    pub fn line(&mut self, line: &str, wall: u64) {
        self.is_dirty = true;
        match feed::decode(line) {
            Some(news) => self.take_news(news, wall),
            None if line.starts_with('{') => {}
            None => self.notice(line, wall),
        }
    }

    #[expect(clippy::too_many_lines, reason = "each kind of news once")]
    fn take_news(&mut self, news: News, wall: u64) {
        match news {
            News::Happened {
                room,
                epoch,
                entry,
                id,
                removes,
                ban,
            } => {
                self.follow(&room, epoch);
                if let Some((place, (whom, is_out))) = self.place_of(&room).zip(ban) {
                    let banned = &mut self.rooms[place].banned;
                    banned.retain(|it| *it != whom);
                    if is_out && banned.len() < MAX_LISTED {
                        banned.push(whom);
                    }
                }
                if let Some((place, seq)) = self.place_of(&room).zip(removes) {
                    self.rooms[place].redact(seq);
                }
                self.happened(&room, entry, id.as_deref());
            }
            News::Past(room, entry) => {
                if self.page.len() < MAX_PAGE {
                    self.page.push((room, entry));
                }
            }
            News::Page(room, first) => self.page_ends(&room, first),
            News::In(room) => {
                if let Some(place) = self.place_of(&room) {
                    self.is_in(place);
                }
            }
            News::Out(room) => self.is_out(&room),
            News::Who {
                room,
                names,
                more,
                told,
            } => {
                let place = self.known_room(&room);
                if let Some(place) = place {
                    let names_of = names.clone();
                    let names = names.iter().map(|name| &**name);
                    self.rooms[place].people.list(names, more);
                    self.know_all(place, &names_of);
                }
                self.answer(place, |asked| &mut asked.who, &told, wall);
            }
            News::Rooms(mut names, told) => {
                names.truncate(MAX_LISTED);
                self.listed = names;
                self.notice(&told, wall);
            }
            News::Bans {
                room,
                mut names,
                told,
            } => {
                names.truncate(MAX_LISTED);
                if let Some(place) = self.known_room(&room) {
                    self.rooms[place].banned = names;
                }
                self.notice(&told, wall);
            }
            News::Topic { room, text, told } => {
                let place = self.known_room(&room);
                if let Some(place) = place {
                    self.rooms[place].topic = text;
                }
                self.answer(place, |asked| &mut asked.topic, &told, wall);
            }
            News::Person {
                name,
                is,
                role,
                told,
            } => {
                self.learn(&name, is);
                match role {
                    Some(role) if self.is_role_asked && name == self.me => {
                        (self.role, self.is_role_asked) = (role, false);
                    }
                    _ => self.notice(&told, wall),
                }
            }
            News::Private {
                from,
                to,
                text,
                at,
                is_own,
                seq,
                is_past,
            } => {
                let is_own = is_own || is_past && is_named(&from, &self.me);
                let with = if is_own { to } else { from.clone() };
                let words = Words {
                    with,
                    from,
                    text,
                    at,
                    is_own,
                    seq,
                };
                self.take_words(words, is_past);
            }
            News::Words(with, told) => {
                self.words_end(with.as_deref());
                if !told.is_empty() {
                    self.notice(&told, wall);
                }
            }
            News::Refused(why) => match why.strip_prefix("Not done: ") {
                Some(why) => self.tell(Message::NotDone, &[why], wall),
                None if why.starts_with("Not ") => self.notice(&why, wall),
                None => self.tell(Message::NotDone, &[&why], wall),
            },
            News::Goodbye(why) => self.tell(Message::Goodbye, &[&why], wall),
            News::Notice(text) => self.notice(&text, wall),
            News::Announcement(text) => {
                self.ring(text.clone(), self.is_focused);
                self.notice(&text, wall);
            }
        }
    }

    /// Shows a message of the screen's own.
    pub fn tell(&mut self, message: Message, parts: &[&str], wall: u64) {
        let text = self.say(message, parts);
        self.notice(&text, wall);
    }

    /// Shows a message for this person alone.
    pub fn notice(&mut self, text: &str, wall: u64) {
        self.is_dirty = true;
        let text = self.settings.language.told(text);
        let text = printable(&text);
        let text = text.strip_prefix("* ").unwrap_or(&text);
        let room = &mut self.rooms[self.current];
        // While there is no connection, each try may fail in the same way; whoever asks for something is answered.
        let is_answer = std::mem::take(&mut self.has_entered);
        if self.link == Link::Online || is_answer || !room.ends_with_notice(text) {
            room.notice(text, wall);
        }
    }

    /// There is a connection: it is in the lobby.
    pub(super) fn introduce(&mut self) {
        self.is_in(0);
        let wanted = std::mem::take(&mut self.wanted);
        let start = self.start.take().or_else(|| wanted.first().cloned());
        for room in &wanted {
            self.open(room, false);
        }
        if let Some(start) = start {
            // Who types on stays where they do.
            self.open(&start, !self.is_busy());
        }
        self.arrange(&wanted);
    }

    /// The connection is in a room from now on. Asks what that is about, and who is there.
    fn is_in(&mut self, place: usize) {
        let room = &mut self.rooms[place];
        room.people.forget();
        (room.is_in, room.was_in) = (true, true);
        (room.is_gone, room.is_parting) = (false, false);
        room.asked = Asked { who: 1, topic: 1 };
        let name = room.name.clone();
        for typed in [Typed::Topic, Typed::Who] {
            self.typed.push_front((name.clone(), typed));
        }
        self.is_dirty = true;
    }

    /// Shows an answer about a room, unless the screen has asked for it by itself.
    fn answer(
        &mut self,
        place: Option<usize>,
        of: impl FnOnce(&mut Asked) -> &mut usize,
        told: &str,
        wall: u64,
    ) {
        let asked = place.map(|place| of(&mut self.rooms[place].asked));
        match asked {
            Some(asked) if *asked > 0 => *asked -= 1,
            _ => self.notice(told, wall),
        }
    }

    fn learn(&mut self, name: &str, is: Person) {
        for room in &mut self.rooms {
            room.people.learn(name, is);
        }
    }

    /// The numbers of another log mean nothing beside those that are loaded.
    fn follow(&mut self, room: &str, epoch: String) {
        let Some(place) = self.place_of(room) else {
            return;
        };
        let room = &mut self.rooms[place];
        if room.epoch.as_ref().is_some_and(|known| *known != epoch) {
            room.begin_again();
            if place == self.current {
                self.anchor = None;
            } else {
                self.rooms[place].desk.anchor = None;
            }
        }
        self.rooms[place].epoch = Some(epoch);
    }

    /// The place of a room among the others; it is made if there is none.
    pub(super) fn place_of(&mut self, name: &str) -> Option<usize> {
        let known = self.known_room(name);
        known.or_else(|| self.add(Room::new(name)))
    }

    /// The place of a room among the others, if it has one.
    pub(super) fn known_room(&self, name: &str) -> Option<usize> {
        let is_it = |room: &Room| !room.is_conversation && room.name == name;
        self.rooms.iter().position(is_it)
    }

    /// The place of the conversation with somebody; it is made if there is none.
    pub(super) fn place_with(&mut self, name: &str) -> Option<usize> {
        let known = self.conversation(name);
        known.or_else(|| self.add(Room::with(name)))
    }

    pub(super) fn conversation(&self, name: &str) -> Option<usize> {
        let is_it = |room: &Room| room.is_conversation && room.name.eq_ignore_ascii_case(name);
        self.rooms.iter().position(is_it)
    }

    fn add(&mut self, room: Room) -> Option<usize> {
        if self.rooms.len() >= MAX_ROOMS {
            return None;
        }
        self.rooms.push(room);
        Some(self.rooms.len() - 1)
    }

    fn happened(&mut self, room: &str, entry: Entry, id: Option<&str>) {
        let Some(place) = self.place_of(room) else {
            return;
        };
        let is_new = self.rooms[place].newest().is_none_or(|it| entry.seq > it);
        if is_new {
            self.see(place, &entry);
        }
        for pending in &mut self.pending {
            pending.is_received |= Some(&*pending.id) == id;
        }
        if entry.kind == Kind::Renamed {
            if entry.name == self.me {
                self.me.clone_from(&entry.text);
            }
            self.rename_conversation(&entry.name, &entry.text);
        }
        self.arrive(place, entry);
    }

    pub(super) fn arrive(&mut self, place: usize, mut entry: Entry) {
        let is_talk = matches!(entry.kind, Kind::Said | Kind::Acted);
        let is_said = is_talk && entry.name != self.me;
        entry.is_mention = self.is_mention(&entry);
        let is_mention = entry.is_mention || is_said && self.rooms[place].is_conversation;
        let line = match entry.kind {
            Kind::Acted => format!("** {} {}", entry.name, entry.text),
            _ => format!("{}: {}", entry.name, entry.text),
        };
        let is_seen = place == self.current && self.is_focused && self.anchor.is_none();
        let is_own_move = is_move(entry.kind) && entry.name == self.me;
        let room = &mut self.rooms[place];
        if is_own_move {
            room.own_move(entry.seq);
        }
        let newest = room.newest();
        if !room.append(entry) || !is_said {
            return;
        }
        let line = if room.is_conversation {
            line
        } else {
            format!("{} | {line}", room.name)
        };
        if is_mention {
            self.ring(line, is_seen);
        }
        if is_seen {
            return;
        }
        let room = &mut self.rooms[place];
        if room.unread == 0 {
            room.marker = newest.or(room.marker).or(Some(0));
        }
        room.unread += 1;
        room.mentions += usize::from(is_mention);
    }

    /// Whether somebody else names the person, or a word that rings.
    fn is_mention(&self, entry: &Entry) -> bool {
        let is_talk = matches!(entry.kind, Kind::Said | Kind::Acted);
        let is_in = |text| is_named(text, &self.me) || self.settings.highlights.are_in(text);
        is_talk && entry.name != self.me && is_in(&entry.text)
    }

    /// Whoever is called otherwise goes on with the same conversation, unless there is one of that name.
    fn rename_conversation(&mut self, from: &str, to: &str) {
        if let (Some(place), None) = (self.conversation(from), self.conversation(to)) {
            self.rooms[place].name = to.into();
        }
    }

    /// Who is there, what it is about; whoever speaks can be completed.
    pub(super) fn see(&mut self, place: usize, entry: &Entry) {
        let room = &mut self.rooms[place];
        room.people.follow(entry.kind, &entry.name, &entry.text);
        if entry.kind == Kind::Topic {
            room.topic.clone_from(&entry.text);
        }
        self.know(place, entry);
    }

    fn know(&mut self, place: usize, entry: &Entry) {
        if entry.name == self.me {
            return;
        }
        let name = &entry.name;
        let renamed = format!("{name} is now known as {}", entry.text);
        let line = match entry.kind {
            Kind::Joined => format!("{name} has joined the chat"),
            Kind::Left => format!("{name} has left the chat"),
            Kind::Renamed => renamed,
            _ => format!("{name}: "),
        };
        if place == self.current {
            self.editor.see(&line);
        } else {
            self.rooms[place].desk.names.see(&line);
        }
    }

    /// Who is in a room can be named there, also where they have said nothing.
    fn know_all(&mut self, place: usize, names: &[String]) {
        let others = names.iter().filter(|name| **name != self.me);
        let others: Vec<&str> = others.map(String::as_str).collect();
        let roster = format!("* In the room ({}): {}", others.len(), others.join(", "));
        if place == self.current {
            self.editor.list(&roster);
        } else {
            self.rooms[place].desk.names.see(&roster);
        }
    }

    fn page_ends(&mut self, room: &str, first: u64) {
        self.is_reading_back = false;
        let page = std::mem::take(&mut self.page);
        let is_empty = page.is_empty();
        let Some(place) = self.known_room(room) else {
            return;
        };
        let page = page.into_iter().filter(|(of, _)| of == room);
        let page = page.map(|(_, entry)| entry);
        let mut page: Vec<Entry> = page.collect();
        for entry in &mut page {
            entry.is_mention = self.is_mention(entry);
        }
        if self.rooms[place].newest().is_none() {
            for entry in &page {
                self.know(place, entry);
            }
        }
        let room = &mut self.rooms[place];
        for entry in &page {
            if is_move(entry.kind) && entry.name == self.me {
                room.own_move(entry.seq);
            }
        }
        room.add_page(page);
        room.is_complete = is_empty || room.oldest().is_none_or(|oldest| oldest <= first);
        self.search_after_page();
    }
}

fn is_move(kind: Kind) -> bool {
    matches!(kind, Kind::Joined | Kind::Left)
}
