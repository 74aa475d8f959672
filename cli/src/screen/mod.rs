//! A full screen that is a state machine.
//!
//! What happens goes in (bytes from the keyboard, lines of the client, sizes, the state of the connection, with the time as a
//! value), and a [`Frame`] comes out where it is another one than before. Nothing here reads or writes: tests
//! draw every screen there is.
//!
//! - [`room`] is what happened, [`rows`] the rows that it fills, [`view`] where one looks, [`theme`] what it looks like.
//! - `typing` is what keys do, with the line editor of [`crate::editor`]; [`help`] what is told of them.
//! - `draw` makes frames, [`paint`] makes bytes for the terminal of them.
//! - [`session`] is the client machine, [`feed`] reads what it shows, [`state_dir`] keeps what is typed.
//!
//! ```
//! use chat_cli::screen::{Screen, Settings};
//! use chat_core::Timestamp;
//!
//! let mut screen = Screen::new(Settings::default());
//! screen.resize(40, 4);
//! screen.notice("hello", 0);
//! assert!(screen.frame().unwrap().text().contains("hello"));
//! assert!(screen.frame().is_none(), "nothing has changed");
//! screen.read(Timestamp::ZERO, b"hi");
//! assert!(screen.frame().unwrap().text().ends_with("> hi"));
//! ```

pub mod config;
#[cfg(unix)]
pub mod display;
mod draw;
#[cfg(unix)]
pub mod edit;
pub mod feed;
pub mod help;
pub mod paint;
pub mod room;
pub mod rows;
pub mod session;
#[cfg(unix)]
pub mod shell;
pub mod state_dir;
pub mod theme;
#[cfg(unix)]
pub mod tty;
mod typing;
pub mod view;

pub use draw::Frame;
pub use typing::{Typed, Urgent};

use crate::editor::{Editor, Size};
use chat_core::json::ROOM;
use chat_core::{Kind, Timestamp, Unaccepted, printable};
use feed::News;
use jiff::tz::TimeZone;
use room::{Entry, Room};
use std::collections::VecDeque;
use theme::Theme;
use typing::Mode;
use view::Anchor;

/// The most rooms.
const MAX_ROOMS: usize = 64;

/// The most entries of a page that are taken; no server sends more.
const MAX_PAGE: usize = 1000;

/// So many blocks before what is seen are loaded.
const AHEAD: i64 = 100;

/// What a screen is to be.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What the terminal can show.
    pub theme: Theme,
    /// The time zone of the times that are shown.
    pub zone: TimeZone,
    /// The bell rings for what names the person.
    pub rings: bool,
    /// Times are shown where there is room for them.
    pub has_times: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: Theme::default(),
            zone: TimeZone::UTC,
            rings: true,
            has_times: true,
        }
    }
}

/// How the connection is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Link {
    /// None is asked for yet.
    #[default]
    None,
    /// It is being made.
    Connecting,
    /// It is there.
    Online,
    /// It was lost; the next try comes by itself.
    Offline,
    /// The person leaves.
    Leaving,
}

/// A line that was typed and is not accepted yet.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pending {
    id: String,
    text: String,
    /// It was received as an entry, and is shown as that.
    is_received: bool,
}

/// The screen.
#[derive(Clone, Debug)]
pub struct Screen {
    settings: Settings,
    columns: u16,
    height: u16,
    editor: Editor,
    mode: Mode,
    /// The line is edited elsewhere, and what is typed waits.
    is_editing: bool,
    /// What was entered and is not taken yet, and its bytes.
    typed: VecDeque<Typed>,
    typed_bytes: usize,
    urgent: VecDeque<Urgent>,
    rooms: Vec<Room>,
    current: usize,
    epoch: Option<String>,
    /// The person's name.
    me: String,
    link: Link,
    countdown: Option<u64>,
    pending: Vec<Pending>,
    /// The page that is being received, and its room.
    page: Vec<(String, Entry)>,
    /// A page was asked for.
    is_reading_back: bool,
    anchor: Option<Anchor>,
    /// The first line of the help that is shown.
    help: Option<usize>,
    is_focused: bool,
    rings: bool,
    is_dirty: bool,
    frame: Frame,
}

impl Screen {
    /// A screen on which nothing has happened, of a size that is not known.
    pub fn new(settings: Settings) -> Self {
        let mut editor = Editor::new(Size::default(), help::NAMES);
        editor.reserve(typing::is_reserved);
        editor.allow_lines();
        Self {
            settings,
            columns: 0,
            height: 0,
            editor,
            mode: Mode::Talking,
            is_editing: false,
            typed: VecDeque::new(),
            typed_bytes: 0,
            urgent: VecDeque::new(),
            rooms: vec![Room::new(ROOM)],
            current: 0,
            epoch: None,
            me: String::new(),
            link: Link::None,
            countdown: None,
            pending: Vec::new(),
            page: Vec::new(),
            is_reading_back: false,
            anchor: None,
            help: None,
            is_focused: true,
            rings: false,
            is_dirty: true,
            frame: Frame::default(),
        }
    }

    /// The terminal has this size.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        (self.columns, self.height) = (columns, rows);
        self.is_dirty = true;
    }

    /// The last entry that the person saw in an earlier run: below it is what is new.
    pub fn set_read_to(&mut self, seq: u64) {
        self.rooms[0].marker = Some(seq);
        self.is_dirty = true;
    }

    /// Takes an object that the client shows, or a line that is none; `wall` is the time of day.
    pub fn line(&mut self, line: &str, wall: u64) {
        self.is_dirty = true;
        match feed::decode(line) {
            Some(News::Happened {
                room,
                epoch,
                entry,
                id,
            }) => {
                self.follow(epoch);
                self.happened(&room, entry, id.as_deref());
            }
            Some(News::Past(room, entry)) if self.page.len() < MAX_PAGE => {
                self.page.push((room, entry));
            }
            Some(News::Past(..)) => {}
            Some(News::Page(first)) => self.page_ends(first),
            Some(News::Notice(text)) => self.notice(&text, wall),
            Some(News::Private(text)) => {
                self.rings |= self.settings.rings;
                self.notice(&text, wall);
            }
            None if line.starts_with('{') => {}
            None => self.notice(line, wall),
        }
    }

    /// Shows a message for this person alone.
    pub fn notice(&mut self, text: &str, wall: u64) {
        self.is_dirty = true;
        let text = printable(text);
        let text = text.strip_prefix("* ").unwrap_or(&text);
        self.rooms[self.current].notice(text, wall);
    }

    /// The connection is so now.
    pub fn set_link(&mut self, link: Link) {
        if self.link != link {
            self.link = link;
            self.is_dirty = true;
            if link != Link::Online {
                self.is_reading_back = false;
                self.page.clear();
            }
        }
    }

    /// So many seconds remain until the next connection is tried.
    pub fn set_countdown(&mut self, seconds: Option<u64>) {
        self.is_dirty |= self.countdown != seconds;
        self.countdown = seconds;
    }

    /// The person has this name.
    pub fn set_name(&mut self, name: &str) {
        self.is_dirty |= self.me != name;
        self.me = name.into();
    }

    /// This is not accepted yet.
    pub fn set_unaccepted<'a>(&mut self, unaccepted: impl Iterator<Item = &'a Unaccepted> + Clone) {
        let is_same = |(known, said): (&Pending, &Unaccepted)| known.id == said.id;
        let count = unaccepted.clone().count();
        if count == self.pending.len() && self.pending.iter().zip(unaccepted.clone()).all(is_same) {
            return;
        }
        let before = std::mem::take(&mut self.pending);
        let was_received = |id: &str| before.iter().any(|it| it.id == id && it.is_received);
        let pending = unaccepted.map(|said| Pending {
            is_received: was_received(&said.id),
            id: said.id.clone(),
            text: said.text.clone(),
        });
        self.pending = pending.collect();
        self.is_dirty = true;
    }

    /// How many blocks of the room that is looked at are loaded.
    pub fn loaded(&self) -> usize {
        let ids = self.room().ids();
        usize::try_from(ids.end - ids.start).unwrap_or(0)
    }

    /// Whether the bell is to ring; asked once for each ringing.
    pub fn take_bell(&mut self) -> bool {
        std::mem::take(&mut self.rings)
    }

    /// When [`timeout`](Self::timeout) is due.
    pub fn next_timeout(&self) -> Option<Timestamp> {
        self.editor.next_timeout()
    }

    /// The frame that shows how it is now, if it is another one than the last.
    pub fn frame(&mut self) -> Option<&Frame> {
        if !std::mem::take(&mut self.is_dirty) {
            return None;
        }
        let frame = self.draw();
        if frame == self.frame {
            return None;
        }
        self.frame = frame;
        Some(&self.frame)
    }

    /// What the terminal shows is not known any more: there is a frame, whatever has changed.
    pub fn redraw(&mut self) {
        self.frame = Frame::default();
        self.is_dirty = true;
    }

    /// The last frame.
    pub fn shown(&self) -> &Frame {
        &self.frame
    }

    /// Whether [`frame`](Self::frame) may give one.
    pub fn is_dirty(&self) -> bool {
        self.is_dirty
    }

    fn room(&self) -> &Room {
        &self.rooms[self.current]
    }

    /// The numbers of another log mean nothing beside those that are loaded.
    fn follow(&mut self, epoch: String) {
        if self.epoch.as_ref().is_some_and(|known| *known != epoch) {
            for room in &mut self.rooms {
                *room = Room::new(&room.name);
            }
            self.anchor = None;
        }
        self.epoch = Some(epoch);
    }

    /// The place of a room among the others; it is made if there is none.
    fn place_of(&mut self, name: &str) -> Option<usize> {
        let known = self.rooms.iter().position(|room| room.name == name);
        known.or_else(|| {
            let is_fresh = self.rooms.len() == 1
                && self.rooms[0].newest().is_none()
                && self.rooms[0].name == ROOM;
            if is_fresh {
                self.rooms[0].name = name.into();
                return Some(0);
            }
            if self.rooms.len() == MAX_ROOMS {
                return None;
            }
            self.rooms.push(Room::new(name));
            Some(self.rooms.len() - 1)
        })
    }

    fn happened(&mut self, room: &str, entry: Entry, id: Option<&str>) {
        let Some(place) = self.place_of(room) else {
            return;
        };
        self.see(&entry);
        for pending in &mut self.pending {
            pending.is_received |= Some(&*pending.id) == id;
        }
        if entry.kind == Kind::Renamed && entry.name == self.me {
            self.me.clone_from(&entry.text);
        }
        let is_talk = matches!(entry.kind, Kind::Said | Kind::Acted);
        let is_said = is_talk && entry.name != self.me;
        let is_mention = is_said && room::is_named(&entry.text, &self.me);
        let is_seen = place == self.current && self.is_focused && self.anchor.is_none();
        let room = &mut self.rooms[place];
        let newest = room.newest();
        if !room.append(entry, &self.me) || !is_said {
            return;
        }
        self.rings |= is_mention && self.settings.rings;
        if is_seen {
            return;
        }
        if room.unread == 0 {
            room.marker = newest.or(room.marker);
        }
        room.unread += 1;
        room.mentions += usize::from(is_mention);
    }

    /// Whoever speaks can be completed.
    fn see(&mut self, entry: &Entry) {
        if entry.name == self.me {
            return;
        }
        let name = &entry.name;
        self.editor.see(&match entry.kind {
            Kind::Joined => format!("{name} has joined the chat"),
            Kind::Left => format!("{name} has left the chat"),
            Kind::Renamed => format!("{} has joined the chat", entry.text),
            Kind::Said | Kind::Acted | Kind::Topic => format!("{name}: "),
        });
    }

    fn page_ends(&mut self, first: u64) {
        self.is_reading_back = false;
        let page = std::mem::take(&mut self.page);
        let is_empty = page.is_empty();
        let name = page.first().map(|(room, _)| room.clone());
        let name = name.unwrap_or_else(|| self.room().name.clone());
        let Some(place) = self.place_of(&name) else {
            return;
        };
        let page = page.into_iter().map(|(_, entry)| entry);
        let page: Vec<Entry> = page.collect();
        if self.rooms[place].newest().is_none() {
            for entry in &page {
                self.see(entry);
            }
        }
        let room = &mut self.rooms[place];
        room.add_page(page, &self.me);
        room.is_complete = is_empty || room.oldest().is_none_or(|oldest| oldest <= first);
    }

    /// Everything in the room that is looked at is seen, up to now.
    fn catch_up(&mut self) {
        let room = &mut self.rooms[self.current];
        (room.unread, room.mentions) = (0, 0);
        self.is_dirty = true;
    }

    /// Looks at another room.
    fn go_to(&mut self, place: usize) {
        if place >= self.rooms.len() || place == self.current {
            return;
        }
        let room = &mut self.rooms[self.current];
        room.marker = room.newest();
        self.current = place;
        self.anchor = None;
        self.is_reading_back = false;
        self.catch_up();
    }
}
