//! A peer: its socket, what it sent, and what it is right for it to hear.

mod hearing;
mod writer;

use super::buckets::Vessels;
use super::cut_short::Short;
use super::deed::{Deed, Done, may_be_name};
use super::expect::{Expected, first_line};
use super::program::Program;
use super::rooms::Rooms;
use super::skipped::Skipped;
use super::stay::Stay;
use super::stranger;
use crate::naming::shows_nothing;
use chat_core::{
    CloseReason, ConnId, FirstLine, MAX_JSON_LINE, MAX_LINE, Name, server_phase::Phase,
};
use std::collections::VecDeque;
use std::net::IpAddr;
pub use writer::Taken;

/// What a peer has of the server's places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Held,
    Refused,
    GaveWay,
}

/// One connection, from the other side.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) id: ConnId,
    /// Its host, if that has limits.
    pub(super) host: Option<IpAddr>,
    pub(super) place: Place,
    pub(super) port: u16,
    pub(super) accepted: u64,
    /// When it came, whatever the server has missed since.
    pub(super) came: u64,
    pub(super) phase: Phase,

    /// Its socket has failed.
    pub(super) failed: bool,
    /// It took less than it was given, and was not called writable since.
    pub(super) blocked: bool,
    /// Its socket was full at some time.
    was_full: bool,
    /// Since when it has taken nothing of what waits.
    pub(super) stuck: Option<u64>,
    pub(super) finished: Option<u64>,
    pub(super) closed: Option<CloseReason>,

    /// It has closed its side.
    pub(super) eof: bool,
    /// What it sends, without what is skipped of that.
    skipped: Skipped,
    /// When it began its first line, while that has not ended.
    pub(super) begun: Option<u64>,
    /// How many lines it has ended.
    ended: usize,
    /// One of them says something, and is not only to join.
    pub(super) speaks: bool,
    /// Its first line that is not blank.
    first: Option<Vec<u8>>,
    /// The line that it has begun.
    partial: Vec<u8>,
    /// Its first line has come.
    has_begun: bool,
    /// It speaks another protocol, and nothing more that it sends counts.
    is_foreign: bool,
    /// So many of its next lines may still be of another protocol.
    suspect: usize,
    /// Its lines, until it is known how it joined.
    lines: Vec<Vec<u8>>,
    pub(super) expected: Expected,
    pub(super) short: Option<Short>,

    pub(super) name: Option<Name>,
    /// What it was told is refused, until that is checked.
    pub(super) refused: Vec<(Done, String)>,
    /// Lines by which the first of two of the same was refused, until they are checked.
    pub(super) refused_first: Vec<String>,
    /// All names that it has had.
    pub(super) names: Vec<String>,
    /// What others said to it alone: the name, and the text.
    pub(super) private_in: Vec<(String, String)>,
    /// How much of that has been looked at, and how much of what it says to others alone was counted.
    pub(super) private_seen: usize,
    pub(super) private_counted: usize,
    /// So many bytes of what others may have said to it alone may wait for it.
    pub(super) private_due: usize,
    /// Its stays: in the text dialect one after the other, and in JSON one in each of its rooms.
    pub(super) stays: Vec<Stay>,
    /// How much of what it says is in the story.
    pub(super) said: usize,
    /// Its own entries that it has not come past, each with which of its stays it was in.
    own: VecDeque<(usize, usize)>,

    pub(super) got: Vec<u8>,
    checked: usize,
    /// Of which stay it hears, and the next entry that it is to hear of it.
    hears: usize,
    next: usize,
    /// How many entries of its own it has stepped over.
    stepped: usize,
    /// How many notices it has heard, and has to hear if it is not cut off.
    pub(super) heard: usize,
    pub(super) sure: usize,
    goodbye: bool,
    /// It is to be told next what the room is about into which it has come; whether that is sure.
    topic: Option<(String, bool)>,
    /// It has been so far behind, by its own lines as well, that the server may have taken a copy
    /// of what waits for it; stretches of its own lines are none in that.
    pub(super) copied: bool,
    /// How long the line was that it got while it was cut off, and how long the last one.
    cut_line: usize,
    last_line: usize,
    /// What it has been heard to say, for the rate.
    pub(super) heard_at: Vessels,
    /// How often it was told that it is read slowly, and may have been.
    pub(super) told: usize,
    pub(super) most_told: usize,
}

impl Peer {
    pub(super) fn new(id: ConnId, host: Option<IpAddr>, port: u16, accepted: u64) -> Self {
        Self {
            id,
            host,
            place: Place::Held,
            port,
            accepted,
            came: accepted,
            phase: Phase::Greeting,
            failed: false,
            blocked: false,
            was_full: false,
            stuck: None,
            finished: None,
            closed: None,
            eof: false,
            skipped: Skipped::default(),
            begun: None,
            ended: 0,
            speaks: false,
            first: None,
            partial: Vec::new(),
            has_begun: false,
            is_foreign: false,
            suspect: 0,
            lines: Vec::new(),
            expected: Expected::default(),
            short: None,
            name: None,
            refused: Vec::new(),
            refused_first: Vec::new(),
            names: Vec::new(),
            private_in: Vec::new(),
            private_seen: 0,
            private_counted: 0,
            private_due: 0,
            stays: Vec::new(),
            said: 0,
            own: VecDeque::new(),
            got: Vec::new(),
            checked: 0,
            hears: 0,
            next: 0,
            stepped: 0,
            heard: 0,
            sure: 0,
            goodbye: false,
            topic: None,
            copied: false,
            cut_line: 0,
            last_line: 0,
            heard_at: Vessels::default(),
            told: 0,
            most_told: 0,
        }
    }

    /// Whether it speaks JSON, as far as is known.
    pub(super) fn speaks_json(&self) -> bool {
        let first = self.lines.first().filter(|_| !self.expected.has_started());
        self.expected.program.is_some()
            || first.is_some_and(|line| matches!(first_line(line), FirstLine::Json(_)))
    }

    /// Bytes of pages that it has heard, if it is a program whose socket was never full.
    pub(super) fn pages(&self) -> Option<usize> {
        let program = self.expected.program.as_ref()?;
        (!self.was_full).then_some(program.pages)
    }

    /// Whether what it is sent is not held against the text dialect.
    pub(super) fn is_apart(&self) -> bool {
        self.expected.is_unjudged || self.speaks_json()
    }

    /// The name that it wants as a program.
    pub(super) fn wants_as_program(&self) -> Name {
        let program = self.expected.program.as_ref();
        let wanted = program.and_then(super::program::Program::wants);
        wanted.unwrap_or_else(|| Name::of_port(self.port))
    }

    pub(super) fn is_open(&self) -> bool {
        self.closed.is_none()
    }

    /// It sends bytes while somebody listens; how many lines they end.
    pub(super) fn sends(&mut self, bytes: &[u8], now: u64) -> usize {
        let before = self.lines.len();
        for byte in bytes {
            if self.is_foreign {
                break;
            }
            for byte in self.skipped.take(*byte) {
                if byte == b'\n' {
                    self.ends_line();
                } else {
                    self.partial.push(byte);
                }
            }
        }
        let opened = match (self.has_begun, self.suspect) {
            (false, _) => stranger::opening(&self.partial),
            (true, 0) => None,
            (true, _) => stranger::later_opening(&self.partial),
        };
        if opened.is_some() {
            self.is_foreign = true;
            self.ends_line();
        }
        self.begun = match self.ended {
            0 if self.is_mid_line() => self.begun.or(Some(now)),
            _ => None,
        };
        self.lines.len() - before
    }

    /// Whether a line has begun, if only with what may become a mark.
    fn is_mid_line(&self) -> bool {
        !self.partial.is_empty() || self.skipped.is_within_mark()
    }

    fn ends_line(&mut self) {
        let mut line = std::mem::take(&mut self.partial);
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        if !self.has_begun {
            if line.len() <= MAX_LINE {
                line = super::skipped::without_marks(&line).to_vec();
            }
            let first = first_line(&line);
            self.has_begun = first != FirstLine::Blank;
            match first {
                FirstLine::Blank => return,
                FirstLine::Foreign(_) => self.is_foreign = true,
                FirstLine::Json(_) => self.skipped.read_json(),
                FirstLine::Other => self.suspect = stranger::LATER,
                FirstLine::Join(_) => {}
            }
        } else if self.suspect > 0 && !stranger::is_passed_over(&line) {
            self.suspect -= 1;
            self.is_foreign = stranger::later(&line).is_some();
        }
        self.first.get_or_insert_with(|| line.clone());
        self.speaks |= says_something(&line, self.ended == 0, self.skipped.is_json());
        self.ended += 1;
        self.lines.push(line);
    }

    /// Its first object, unless it was let in with it.
    pub(super) fn hello(&self) -> Option<Program> {
        let is_out = |program: &Program| !program.is_in;
        let program = self.expected.program.as_ref();
        let first = self.first.as_ref();
        match first_line(first.filter(|_| program.is_none_or(is_out))?) {
            FirstLine::Json(line) => Some(Program::greets(line)),
            _ => None,
        }
    }

    /// Whether its first line, which was not looked at yet, brings it into the room.
    pub(super) fn asks_in(&self) -> bool {
        let first = self.lines.first().filter(|_| !self.expected.has_started());
        first.is_some_and(|line| matches!(first_line(line), FirstLine::Join(_) | FirstLine::Other))
    }

    /// Whether a whole line of it came before it is known how it joined.
    pub(super) fn has_spoken(&self) -> bool {
        !self.lines.is_empty()
    }

    /// Works out what its lines call for, once that can be known. `in_time` says whether a line
    /// that came made it join, and not its silence.
    pub(super) fn interpret(&mut self, in_time: bool, since: usize) {
        if self.phase == Phase::Greeting && self.is_open() {
            return;
        }
        let mut joins = false;
        if !self.expected.settled {
            self.expected.settled = true;
            joins = in_time;
            if let (false, Some(name)) = (joins, &self.name) {
                self.expected.joins(name, None);
            }
        }
        if self.name.is_some() || self.short.is_none() {
            for line in std::mem::take(&mut self.lines) {
                self.expected.line(&line, self.name.as_ref(), joins, since);
                joins = false;
            }
        }
        if let Some(program) = &mut self.expected.program {
            program.is_in |= self.phase == Phase::Reading;
        }
        if self.eof && self.short.is_none() {
            self.expected.eof(self.is_mid_line(), &self.partial);
        }
    }

    /// The name that it wants, given the line that made it join.
    pub(super) fn wants(&self, in_time: bool) -> Name {
        let asked = self
            .lines
            .first()
            .filter(|_| in_time && !self.expected.settled);
        match asked.map(|line| first_line(line)) {
            Some(FirstLine::Join(Some(asked))) if may_be_name(asked) => Name::parse(asked).ok(),
            _ => None,
        }
        .unwrap_or_else(|| Name::of_port(self.port))
    }

    /// Something that it did is in the story, and it is sent that or not.
    pub(super) fn has_done(&mut self, entry: usize, is_not_echoed: bool) {
        self.said += 1;
        if is_not_echoed && self.expected.program.is_none() {
            self.own.push_back((self.stays.len() - 1, entry));
        }
    }

    /// Something that it said, and another connection was taken to have said, is in the story.
    pub(super) fn has_said(&mut self, entry: usize) {
        self.has_done(entry, true);
    }

    /// It has a name from now on.
    pub(super) fn has_name(&mut self, name: Name) {
        self.names.push(name.as_str().into());
        self.name = Some(name);
    }

    /// Something that was taken for its own is not.
    pub(super) fn has_not_said(&mut self) {
        self.said -= 1;
    }

    /// Its joining is in a room's story.
    pub(super) fn enters(&mut self, room: usize, joined: usize) {
        self.begins(room, joined);
        if self.stays.len() == 1 {
            self.next = joined + 1;
        }
    }

    /// It goes on with the stays of its session, in these rooms besides the lobby.
    pub(super) fn goes_on_in(&mut self, rooms: &[String]) {
        for room in rooms {
            let joins = |done: &Done| done.is(&Deed::Joins(room.clone()), room);
            let before = self.expected.deeds.iter().position(joins);
            if let Some(nth) = before.filter(|_| self.expected.has_named(room)) {
                self.expected.deeds.remove(nth);
                if let Some(program) = &mut self.expected.program {
                    program.ids.remove(nth);
                }
            }
        }
        if let Some(program) = &mut self.expected.program {
            program.goes_on_in(rooms.to_vec());
        }
    }

    /// It has a stay in a room, from an entry on.
    pub(super) fn begins(&mut self, room: usize, joined: usize) {
        self.stays.push(Stay {
            room,
            joined,
            left: None,
        });
    }

    /// Its leaving is in a room's story.
    pub(super) fn leaves(&mut self, room: usize, left: usize) {
        let stays = self.stays.iter_mut().rev();
        if let Some(stay) = stays.into_iter().find(|stay| stay.room == room) {
            stay.left = Some(left);
        }
    }

    /// The same, where it is in the room.
    pub(super) fn leaves_if_in(&mut self, room: usize, left: usize) {
        let mut stays = self.stays.iter().rev();
        let last = stays.find(|stay| stay.room == room);
        if last.is_some_and(|stay| stay.left.is_none()) {
            self.leaves(room, left);
        }
    }

    /// It hears no more of any room.
    pub(super) fn leaves_all(&mut self, rooms: &Rooms) {
        for stay in &mut self.stays {
            stay.left = Some(stay.end(rooms));
        }
    }

    /// Whether it is in a room, on the screen.
    pub(super) fn is_in_room(&self) -> bool {
        self.stays.iter().any(|stay| stay.left.is_none())
    }

    /// Whether it was in a room, and is in none any more.
    pub(super) fn has_left(&self) -> bool {
        !self.stays.is_empty() && !self.is_in_room()
    }
}

/// Whether a whole line says anything, but for the first one where that only joins.
fn says_something(line: &[u8], is_first: bool, is_json: bool) -> bool {
    let joins = || matches!(first_line(line), FirstLine::Join(_) | FirstLine::Json(_));
    // What is not drawn is blank in the text dialect alone.
    let (most, is_blank): (_, fn(&str) -> bool) = if is_json {
        (MAX_JSON_LINE, |line| line.trim().is_empty())
    } else {
        (MAX_LINE, shows_nothing)
    };
    !(is_first && joins()) && (line.len() > most || !str::from_utf8(line).is_ok_and(is_blank))
}
