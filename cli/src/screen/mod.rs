//! A full screen that is a state machine.
//!
//! What happens goes in (bytes from the keyboard, lines of the client, sizes, the state of the connection, with the time as a
//! value), and a [`Frame`] comes out where it is another one than before. Nothing here reads or writes: tests
//! draw every screen there is.
//!
//! - [`room`] is what happened, in [`block`]s (`blocks` has it take little memory), [`rows`] the rows that it fills, [`view`]
//!   where one looks, [`theme`] what it looks like.
//! - `typing` is what keys do, with the line editor of [`crate::editor`]; `search` and `moves` are searching, and going from
//!   room to room; [`keys`] is which key does what, and [`help`] what is told of them.
//! - `unsent` is what was entered and is not accepted yet.
//! - [`links`] is what of a line can be opened.
//! - `draw` makes frames of the parts that `areas` gives them, `sides` what stands around the messages; [`paint`] makes bytes
//!   for the terminal of them.
//! - [`reports`] is what the terminal tells between the keys, `mouse` what that does; [`ring`] is what rings.
//! - [`messages`] is what the screen itself says, in each language, `told` what others in this program say.
//! - [`session`] is the client machine, [`feed`] reads what it shows, `arrivals` is what that changes; [`people`] who is here.
//!   [`state_dir`] keeps what is typed.
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

mod areas;
mod arrivals;
pub mod block;
mod blocks;
pub mod commands;
pub mod config;
pub mod desk;
#[cfg(unix)]
pub mod display;
mod draw;
#[cfg(unix)]
pub mod edit;
pub mod feed;
pub mod help;
pub mod keys;
pub mod links;
pub mod messages;
mod mode;
mod mouse;
mod moves;
pub mod paint;
mod palette;
pub mod people;
pub mod reports;
pub mod ring;
pub mod room;
pub mod rows;
mod search;
pub mod session;
#[cfg(unix)]
pub mod shell;
mod sides;
pub mod state_dir;
pub mod target;
pub mod theme;
mod told;
#[cfg(unix)]
pub mod tty;
mod typing;
pub mod unsent;
pub mod view;
mod words;

pub use draw::Frame;
pub use typing::{Typed, Urgent};

use crate::editor::{Editor, Size};
use block::Entry;
use chat_core::json::ROOM;
use chat_core::{Role, RoomName, Timestamp, Unaccepted};
use desk::Anchor;
use jiff::tz::TimeZone;
use keys::Bindings;
use messages::Language;
use mode::Mode;
use reports::Reports;
use ring::{DesktopNotice, Highlights};
use room::{Asked, Room};
use sides::Spot;
use std::collections::VecDeque;
use theme::Theme;

/// So many blocks before what is seen are loaded.
const AHEAD: i64 = 100;

/// What a screen is to be.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What the terminal can show.
    pub theme: Theme,
    /// The time zone of the times that are shown.
    pub zone: TimeZone,
    /// The bell rings for what names the person, for what is said to them alone, and for [`highlights`](Self::highlights).
    pub rings: bool,
    /// The mouse scrolls, and goes to rooms.
    pub mouse: bool,
    /// Links can be opened.
    pub links: bool,
    /// How the desktop is notified of the same.
    pub notify: DesktopNotice,
    /// Words that ring.
    pub highlights: Highlights,
    /// Times are shown where there is room for them.
    pub has_times: bool,
    /// What the screen itself says is in this language.
    pub language: Language,
    /// Who is in the room is listed where there is room for that.
    pub has_people: bool,
    /// The keys that a person has bound.
    pub keys: Bindings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: Theme::default(),
            zone: TimeZone::UTC,
            rings: true,
            mouse: false,
            links: true,
            notify: DesktopNotice::None,
            highlights: Highlights::default(),
            has_times: true,
            has_people: true,
            language: Language::English,
            keys: Bindings::default(),
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
    /// For which room it was typed.
    room: String,
    text: String,
    /// It is something that the person does.
    is_deed: bool,
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
    /// What was entered in which room and is not taken yet, and its bytes.
    typed: VecDeque<(String, Typed)>,
    typed_bytes: usize,
    /// What is on its way to the client, and what that has taken last.
    passing: VecDeque<(String, Typed)>,
    last_taken: Option<(String, Typed)>,
    /// Something was entered since the last message.
    has_entered: bool,
    urgent: VecDeque<Urgent>,
    /// The first one is the lobby; it is always there.
    rooms: Vec<Room>,
    current: usize,
    /// The room to go to at the beginning.
    start: Option<RoomName>,
    /// The rooms to be in from the beginning, in this order.
    wanted: Vec<RoomName>,
    /// Whether people are listed, where the person has said so.
    people_wanted: Option<bool>,
    /// The person's name.
    me: String,
    /// The name that they join under.
    wish: String,
    link: Link,
    countdown: Option<u64>,
    pending: Vec<Pending>,
    /// The page that is being received, and its room.
    page: Vec<(String, Entry)>,
    /// What has come of conversations with one person.
    words: words::Known,
    /// A page was asked for.
    is_reading_back: bool,
    anchor: Option<Anchor>,
    /// The first line of the help that is shown.
    help: Option<usize>,
    /// What the person is in the room where they asked for it, and whether that was asked and is not answered yet.
    role: Role,
    is_role_asked: bool,
    is_focused: bool,
    /// The terminal tells whether it has the focus.
    knows_focus: bool,
    rings: bool,
    /// The rooms that were listed last.
    listed: Vec<String>,
    /// What rang last.
    notification: Option<String>,
    reports: Reports,
    /// Until when the terminal may answer what its background is.
    background_due: Option<Timestamp>,
    /// Where the rooms are on the screen.
    spots: Vec<Spot>,
    is_dirty: bool,
    frame: Frame,
}

impl Screen {
    /// A screen on which nothing has happened, of a size that is not known.
    pub fn new(settings: Settings) -> Self {
        let mut editor = Editor::new(Size::default(), commands::OF_SCREEN);
        editor.reserve(settings.keys.reserved());
        editor.allow_lines();
        if settings.theme.is_ascii {
            editor.mask_with('*');
        }
        Self {
            settings,
            columns: 0,
            height: 0,
            editor,
            mode: Mode::Talking,
            is_editing: false,
            typed: VecDeque::new(),
            typed_bytes: 0,
            passing: VecDeque::new(),
            last_taken: None,
            has_entered: false,
            urgent: VecDeque::new(),
            rooms: vec![Room::new(ROOM)],
            current: 0,
            start: None,
            wanted: Vec::new(),
            people_wanted: None,
            me: String::new(),
            wish: String::new(),
            link: Link::None,
            countdown: None,
            pending: Vec::new(),
            page: Vec::new(),
            words: words::Known::default(),
            is_reading_back: false,
            anchor: None,
            help: None,
            role: Role::None,
            is_role_asked: false,
            is_focused: true,
            knows_focus: false,
            rings: false,
            listed: Vec::new(),
            notification: None,
            reports: Reports::default(),
            background_due: None,
            spots: Vec::new(),
            is_dirty: true,
            frame: Frame::default(),
        }
    }

    /// The terminal has this size.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        (self.columns, self.height) = (columns, rows);
        self.is_dirty = true;
    }

    /// Goes to this room once there is a connection.
    pub fn start_in(&mut self, room: RoomName) {
        self.start = Some(room);
    }

    /// Joins these rooms once there is a connection: they stand before the others, in this order. The first is gone to, unless
    /// [`start_in`](Self::start_in) says where to go.
    pub fn join_at_start(&mut self, rooms: Vec<RoomName>) {
        self.wanted = rooms;
    }

    /// The person was in this room in an earlier run; below the last entry that they saw there, if that is known, is what is new.
    pub fn set_read_to(&mut self, room: &str, seq: Option<u64>) {
        if let Some(place) = self.place_of(room) {
            self.rooms[place].marker = seq;
            self.is_dirty = true;
        }
    }

    /// The connection is so now.
    pub fn set_link(&mut self, link: Link) {
        if self.link != link {
            self.link = link;
            self.is_dirty = true;
            if link == Link::Online {
                self.introduce();
            } else {
                (self.is_reading_back, self.is_role_asked) = (false, false);
                self.page.clear();
                for room in &mut self.rooms {
                    (room.is_in, room.asked) = (false, Asked::default());
                }
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
            room: said.room.clone().unwrap_or_else(|| ROOM.into()),
            text: said.text.clone(),
            is_deed: said.me,
        });
        self.pending = pending.collect();
        self.is_dirty = true;
    }

    /// How many rooms there are, conversations included.
    pub fn rooms(&self) -> usize {
        self.rooms.len()
    }

    /// How many blocks of the room that is looked at are loaded.
    pub fn loaded(&self) -> usize {
        let ids = self.room().ids();
        usize::try_from(ids.end - ids.start).unwrap_or(0)
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
}
