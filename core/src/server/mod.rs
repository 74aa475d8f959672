//! The server: connections, a room, and what one does to the other.

mod connection;
mod delivery;
mod id;
mod io;
pub mod phase;
mod room;
mod timers;
mod turns;

pub use delivery::Parcel;
pub use id::ConnId;
pub use io::{Action, CloseReason, Input};

use crate::limits::Limits;
use crate::line::Line;
use crate::name::Name;
use crate::text::{Entry, FirstLine, Goodbye, HTTP_ANSWER, Notice, Request, is_http_request, who};
use crate::time::Timestamp;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use connection::{Connection, Connections};
use core::mem;
use phase::{Event, Phase};
use room::Room;
pub use timers::Timer;
use timers::Timers;
use turns::{Class, Turns};

/// The server's side of the protocol, for all connections.
///
/// It does nothing by itself. Its caller owns the sockets and the clock, tells it what happened
/// ([`accept`](Self::accept), [`handle`](Self::handle)), and then, in this order, until there is
/// nothing left to do: writes to every connection that [`next_transmit`](Self::next_transmit)
/// names, takes what the room's screen shows from [`transcript`](Self::transcript), carries out
/// what [`poll_action`](Self::poll_action) gives, and waits for the next thing to happen or for
/// [`next_timeout`](Self::next_timeout).
///
/// ```
/// use chat_core::{Input, Limits, Server, Timestamp};
///
/// let now = Timestamp::ZERO;
/// let mut server = Server::new(Limits::default());
/// let ann = server.accept(now, 61014).unwrap();
/// server.handle(now, Input::Received(ann, b"JOIN\n"));
///
/// let mut sent = Vec::new();
/// while let Some(conn) = server.next_transmit() {
///     server.transmit(now, conn, |slices| {
///         sent.extend(slices.concat());
///         slices.iter().map(|s| s.len()).sum() // the socket took it all
///     });
/// }
/// assert_eq!(sent, b"Welcome to the chatroom!\n");
///
/// let mut screen = Vec::new();
/// server.transcript(|lines| screen.extend_from_slice(lines));
/// assert_eq!(screen, b"USER61014 has joined the chat\n");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Server {
    limits: Limits,
    /// The latest time that the caller named.
    now: Timestamp,
    connections: Connections,
    room: Room,
    timers: Timers,
    stopping: bool,
    turns: Turns,
    actions: VecDeque<Action>,
    delivery: delivery::Delivery,
}

impl Server {
    /// A server with an empty room.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            now: Timestamp::ZERO,
            connections: Connections::default(),
            room: Room::default(),
            timers: Timers::default(),
            stopping: false,
            turns: Turns::default(),
            actions: VecDeque::new(),
            delivery: delivery::Delivery::default(),
        }
    }

    /// Takes on a new connection from a peer's port. Past the limit on connections it is only told
    /// so, as far as the limit on refusals goes; `None` means that it is to be closed at once.
    pub fn accept(&mut self, now: Timestamp, port: u16) -> Option<ConnId> {
        self.now = self.now.max(now);
        let surplus = self.connections.len().checked_sub(self.limits.connections);
        if self.stopping || surplus.is_some_and(|surplus| surplus >= self.limits.refusals) {
            return None;
        }
        let place = self.room.log.head();
        let id = self.connections.insert(Connection::new(port, place));
        if surplus.is_some() {
            self.tell(id, Notice::Goodbye(Goodbye::Full));
            self.end(id, Event::Refused, CloseReason::Refused);
        } else {
            self.set_deadline(
                id,
                Some((self.now + self.limits.first_line, Timer::FirstLine)),
            );
        }
        Some(id)
    }

    /// Takes note of what happened. A peer's fault has consequences for that peer alone; what
    /// names a connection that is gone is ignored.
    pub fn handle(&mut self, now: Timestamp, input: Input<'_>) {
        self.now = self.now.max(now);
        match input {
            Input::Received(id, bytes) => self.received(id, bytes),
            Input::Eof(id) => self.eof(id),
            Input::Lost(id) => self.end(id, Event::Lost, CloseReason::Lost),
            Input::Writable(id) => self.writable(id),
            Input::Timeout => self.timeout(),
            Input::Stop => self.stop(),
        }
    }

    /// When [`Input::Timeout`] is due, and why.
    pub fn next_timeout(&self) -> Option<(Timestamp, Timer)> {
        if !self.turns.is_empty() && !self.is_batch_full() {
            return Some((self.now, Timer::Resume));
        }
        self.timers.next()
    }

    /// Whether to read from a connection now, a few kilobytes at a time: what cannot be handled at
    /// once is kept. Where the answer is no, ask again after the next round of
    /// [`transmit`](Self::transmit).
    pub fn wants_input(&self, id: ConnId) -> bool {
        self.connections.get(id).is_some_and(|c| {
            let is_heard = c.unread.is_empty() && !self.owes_much(c);
            !c.eof && (is_heard || c.phase.is_ending())
        })
    }

    /// The next thing to do outside.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// How many connections there are, in any phase.
    pub fn connections(&self) -> usize {
        self.connections.len()
    }

    /// How many are in the room.
    pub fn population(&self) -> usize {
        self.room.population()
    }

    /// The phase of a connection; [`Phase::Closed`] for one that is gone.
    pub fn phase(&self, id: ConnId) -> Phase {
        self.connections.get(id).map_or(Phase::Closed, |c| c.phase)
    }

    fn received(&mut self, id: ConnId, bytes: &[u8]) {
        let at_once = self.turns.is_empty() && !self.is_batch_full();
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        if connection.phase.is_ending() {
            return;
        }
        let is_first = connection.unread.is_empty();
        if is_first && at_once {
            let handled = self.read_lines(id, bytes, usize::MAX);
            return self.keep(id, bytes[handled..].to_vec());
        }
        connection.unread.extend_from_slice(bytes);
        if is_first {
            self.queue_by_rate(id);
        }
    }

    /// Handles the lines at the front of `bytes`, up to the one that passes `turn` bytes, for as
    /// long as the connection is not held back; says how many bytes that were.
    fn read_lines(&mut self, id: ConnId, bytes: &[u8], turn: usize) -> usize {
        let mut rest = bytes;
        let mut reader = crate::LineReader::new(0);
        if let Some(connection) = self.connections.get_mut(id) {
            mem::swap(&mut connection.reader, &mut reader);
        }
        while let Some(connection) = self.connections.get(id)
            && !connection.phase.is_ending()
            && !self.is_batch_full()
            && !self.owes_much(connection)
            && bytes.len() - rest.len() < turn
            && let Some(line) = reader.next(&mut rest)
        {
            self.line(id, line);
        }
        if let Some(connection) = self.connections.get_mut(id) {
            connection.reader = reader;
        }
        bytes.len() - rest.len()
    }

    /// Keeps what could not be handled yet, if it is still of interest.
    fn keep(&mut self, id: ConnId, unread: Vec<u8>) {
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        if connection.phase.is_ending() {
            return;
        }
        connection.unread = unread;
        if !connection.unread.is_empty() {
            self.resume(id);
        } else if connection.eof {
            self.eof(id);
        }
    }

    /// Has a connection's `unread` gone through in its turn, unless it must wait until it has taken
    /// what is its own.
    fn resume(&mut self, id: ConnId) {
        if let Some(connection) = self.connections.get(id)
            && !connection.unread.is_empty()
            && !self.owes_much(connection)
        {
            self.queue(id, Class::Bulk);
        }
    }

    /// Whether lines of a connection must wait until it has taken what is its own.
    fn owes_much(&self, c: &Connection) -> bool {
        c.cursor.private() >= self.limits.private || c.cursor.detours() >= self.limits.detours
    }

    fn line(&mut self, id: ConnId, line: Line<'_>) {
        let phase = self.phase(id);
        if matches!(phase, Phase::Greeting | Phase::Silent) {
            let first = match line {
                Line::Whole(line) => FirstLine::decode(line),
                Line::TooLong(start) if is_http_request(start) => FirstLine::Http,
                Line::TooLong(_) => FirstLine::Other,
            };
            match first {
                FirstLine::Join(asked) => return self.join(id, asked),
                FirstLine::Json => return self.misdirected(id, CloseReason::Json),
                FirstLine::Http => return self.misdirected(id, CloseReason::Http),
                FirstLine::Other if phase == Phase::Greeting => {
                    self.enter(id, Event::OtherLine, None);
                }
                FirstLine::Other => {
                    self.step(id, Event::OtherLine);
                }
            }
        }
        match line {
            Line::TooLong(_) => self.tell(id, Notice::TooLong),
            Line::Whole(line) => match Request::decode(line) {
                Err(_) => self.tell(id, Notice::NotUtf8),
                Ok(request) => self.request(id, &request),
            },
        }
    }

    fn request(&mut self, id: ConnId, request: &Request<'_>) {
        match request {
            Request::Nothing => {}
            Request::Say(text) => self.say(id, text),
            Request::Leave => self.end(id, Event::Leave, CloseReason::Left),
            Request::Help => self.tell(id, Notice::Help),
            Request::Who => {
                let answer = who(self.room.names());
                self.note(id, &answer);
            }
            Request::Surplus(command) => self.tell(id, Notice::Surplus(command)),
            Request::Unknown(command) => self.tell(id, Notice::Unknown(command)),
        }
    }

    fn say(&mut self, id: ConnId, text: &str) {
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        let Some((name, _)) = &connection.stay else {
            return;
        };
        let entry = self.room.log.append(Entry::Said(name, text).encode());
        connection.cursor.skip(entry);
    }

    /// The first line is `JOIN`.
    fn join(&mut self, id: ConnId, asked: Option<&str>) {
        if self.phase(id) == Phase::Greeting {
            return self.enter(id, Event::Join, asked);
        }
        self.step(id, Event::Join);
        if let Some((name, _)) = self.connections.get(id).and_then(|c| c.stay.clone()) {
            self.tell(id, Notice::InAlready(&name));
        }
    }

    /// Brings a connection into the room.
    fn enter(&mut self, id: ConnId, event: Event, asked: Option<&str>) {
        self.step(id, event);
        self.set_deadline(id, None);
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        let asked = asked.map(|text| (text, Name::parse(text)));
        let wanted = match &asked {
            Some((_, Ok(name))) => name.clone(),
            _ => Name::of_port(connection.port),
        };
        let name = self.room.free_name(wanted, connection.port);
        self.room.log.append(Entry::Joined(&name).encode());
        connection.cursor = crate::cursor::Cursor::new(self.room.log.head());
        connection.stay = Some((name.clone(), self.room.enter(id, &name)));
        self.tell(id, Notice::Welcome);
        match asked {
            Some((asked, Err(_))) => self.tell(
                id,
                Notice::NameInvalid {
                    asked,
                    given: &name,
                },
            ),
            Some((asked, Ok(_))) if asked != name.as_str() => {
                self.tell(
                    id,
                    Notice::NameTaken {
                        asked,
                        given: &name,
                    },
                );
            }
            _ => {}
        }
        self.actions.push_back(Action::Joined(id, name));
    }

    /// The first line speaks a protocol that is not spoken here.
    fn misdirected(&mut self, id: ConnId, reason: CloseReason) {
        match reason {
            // What has been welcomed as a text client is no HTTP exchange any more.
            CloseReason::Http if self.phase(id) == Phase::Greeting => self.note(id, HTTP_ANSWER),
            CloseReason::Http => self.tell(id, Notice::Goodbye(Goodbye::NoHttp)),
            _ => self.tell(id, Notice::Goodbye(Goodbye::NoJson)),
        }
        self.end(id, Event::Misdirected, reason);
    }

    fn eof(&mut self, id: ConnId) {
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        connection.eof = true;
        if !connection.unread.is_empty() {
            return; // It is heard to the end first.
        }
        if connection.reader.is_mid_line() && !connection.phase.is_ending() {
            self.tell(id, Notice::Unterminated);
        }
        self.end(id, Event::Eof, CloseReason::Eof);
    }

    fn timeout(&mut self) {
        while let Some((id, timer)) = self.timers.pop_due(self.now) {
            let Some(id) = id else {
                for id in self.connections.ids() {
                    self.end(id, Event::Expired, CloseReason::Stopped);
                }
                continue;
            };
            if let Some(connection) = self.connections.get_mut(id) {
                connection.deadline = None;
            }
            match timer {
                Timer::FirstLine => self.enter(id, Event::Quiet, None),
                _ => self.end(id, Event::Expired, CloseReason::Stalled),
            }
        }
        self.take_turns();
    }

    fn stop(&mut self) {
        self.stopping = true;
        self.timers
            .insert(self.now + self.limits.shutdown, Timer::Shutdown, None);
        self.room.dismiss();
        for id in self.connections.ids() {
            if let Some(connection) = self.connections.get_mut(id) {
                connection.stay = None;
                if !connection.phase.is_ending() {
                    self.tell(id, Notice::Goodbye(Goodbye::ShuttingDown));
                }
            }
            self.end(id, Event::Stop, CloseReason::Stopped);
        }
    }

    /// Moves a connection on, towards its end, and does what goes with that. The first reason
    /// given is the one that counts.
    fn end(&mut self, id: ConnId, event: Event, reason: CloseReason) {
        let before = self.phase(id);
        if !self.step(id, event) {
            return;
        }
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        let after = connection.phase;
        connection.reason.get_or_insert(reason);
        let turn = connection.turn.take_if(|_| after.is_ending());
        if after.is_ending() {
            connection.unread = Vec::new();
            connection.cursor.end_at(self.room.log.head());
            if after == Phase::Closed {
                connection.blocked = false;
            }
        }
        if let Some(turn) = turn {
            self.turns.remove(turn, id);
        }
        if before == Phase::Greeting {
            self.set_deadline(id, None);
        }
        if event == Event::TooFarBehind {
            self.cut_off(id);
        }
        self.file(id);
        self.leave_room(id);
        match after {
            Phase::Draining => self.mark(id),
            Phase::Lingering => {
                self.actions.push_back(Action::Finish(id));
                self.set_deadline(id, Some((self.now + self.limits.linger, Timer::Linger)));
                if self.connections.get(id).is_some_and(|c| c.eof) {
                    self.end(id, Event::Eof, reason);
                }
            }
            Phase::Closed => self.close(id),
            _ => {}
        }
    }

    fn leave_room(&mut self, id: ConnId) {
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        let Some((name, seat)) = connection.stay.take() else {
            return;
        };
        if let Some(moved) = self.room.leave(seat, &name)
            && let Some(Connection {
                stay: Some((_, its_seat)),
                ..
            }) = self.connections.get_mut(moved)
        {
            *its_seat = seat;
        }
        self.room.log.append(Entry::Left(&name).encode());
    }

    fn close(&mut self, id: ConnId) {
        self.set_deadline(id, None);
        if let Some(connection) = self.connections.remove(id) {
            let reason = connection.reason.unwrap_or(CloseReason::Lost);
            self.actions.push_back(Action::Close(id, reason));
        }
    }

    /// Looks the event up in the table of transitions; whether there is a row for it.
    fn step(&mut self, id: ConnId, event: Event) -> bool {
        let Some(connection) = self.connections.get_mut(id) else {
            return false;
        };
        let after = connection.phase.after(event);
        connection.phase = after.unwrap_or(connection.phase);
        after.is_some()
    }

    fn tell(&mut self, id: ConnId, notice: Notice<'_>) {
        self.note(id, &notice.to_line());
    }

    /// Puts private lines where the connection will come to next in the room's order.
    fn note(&mut self, id: ConnId, lines: &str) {
        let head = self.room.log.head();
        if let Some(connection) = self.connections.get_mut(id) {
            connection.cursor.note(head, lines);
            self.file(id);
            self.mark(id);
        }
    }

    fn set_deadline(&mut self, id: ConnId, deadline: Option<(Timestamp, Timer)>) {
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        if let Some((at, timer)) = mem::replace(&mut connection.deadline, deadline) {
            self.timers.remove(at, timer, Some(id));
        }
        if let Some((at, timer)) = deadline {
            self.timers.insert(at, timer, Some(id));
        }
    }
}
