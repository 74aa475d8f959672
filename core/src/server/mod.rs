//! The server: connections, a room, and what one does to the other.

mod commit;
mod connection;
mod delivery;
mod feed;
mod id;
mod io;
pub mod phase;
mod program;
mod room;
mod session;
mod stay;
mod timers;
mod turns;

pub use delivery::Parcel;
pub use id::ConnId;
pub use io::{Action, CloseReason, Input};
pub use session::Origin;

use crate::json::MAX_PAGE;
use crate::limits::{Limits, MAX_JSON_LINE, MAX_LINE};
use crate::line::Line;
use crate::log::{Dialect, History, Log};
use crate::mark::{Mark, mark, mark_if};
use crate::planted::{Bug, is_planted};
use crate::record::SessionId;
use crate::text::{Entry, FirstLine, Goodbye, HTTP_ANSWER, Notice, Request, is_http_request, who};
use crate::time::Timestamp;
use alloc::borrow::Cow;
use alloc::collections::VecDeque;
use alloc::format;
use alloc::vec::Vec;
use connection::{Connection, Connections};
use core::mem;
use core::time::Duration;
use phase::{Event, Phase};
use room::Room;
use session::Sessions;
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
    origin: Origin,
    /// The latest time that the caller named.
    now: Timestamp,
    connections: Connections,
    room: Room,
    sessions: Sessions,
    timers: Timers,
    stopping: bool,
    turns: Turns,
    actions: VecDeque<Action>,
    delivery: delivery::Delivery,
    /// Connections that wait for something to be committed, and that no round would visit then.
    awaiting: Vec<ConnId>,
}

impl Server {
    /// A server with an empty room, whose origin anybody knows: for simulations and tests.
    pub fn new(limits: Limits) -> Self {
        Self::with_origin(limits, Origin::default())
    }

    /// A server with an empty room.
    pub fn with_origin(limits: Limits, origin: Origin) -> Self {
        let log = Log::new(origin.epoch);
        Self::with_log(limits, origin, log)
    }

    /// A server that goes on with a room that a store keeps: what happens is sent to nobody before it
    /// is [committed](Self::begin_commit). Who was in the room in a session has as long to come back as if
    /// their connection had just been lost; the others have left.
    pub fn restored(limits: Limits, origin: Origin, history: History) -> Self {
        let History {
            first,
            last,
            newest,
            present,
        } = history;
        let log = Log::restored(origin.epoch, first, last, newest);
        let mut server = Self::with_log(limits, origin, log);
        for (name, session) in present {
            server.room.enter(&name);
            match session {
                Some(_) if is_planted(Bug::SessionsForgotten) => {}
                Some(session) => server.restore_session(session, name),
                None if is_planted(Bug::GhostsStay) => {}
                None => server.leave(&name),
            }
        }
        server
    }

    fn with_log(limits: Limits, origin: Origin, log: Log) -> Self {
        Self {
            limits,
            now: Timestamp::ZERO,
            connections: Connections::default(),
            delivery: delivery::Delivery::at_the_end_of(&log),
            room: Room::new(log),
            origin,
            sessions: Sessions::default(),
            timers: Timers::default(),
            stopping: false,
            turns: Turns::default(),
            actions: VecDeque::new(),
            awaiting: Vec::new(),
        }
    }

    /// Takes on a new connection from a peer's port. Past the limit on connections it is only told
    /// so, as far as the limit on refusals goes; `None` means that it is to be closed at once.
    pub fn accept(&mut self, now: Timestamp, port: u16) -> Option<ConnId> {
        self.now = self.now.max(now);
        let most = self.limits.connections + usize::from(is_planted(Bug::OneTooMany));
        let surplus = self.connections.len().checked_sub(most);
        if self.stopping || surplus.is_some_and(|surplus| surplus >= self.limits.refusals) {
            mark_if(self.stopping, Mark::StopRefuses);
            mark_if(!self.stopping, Mark::ClosedUnheard);
            return None;
        }
        let place = self.room.log.head(Dialect::Text);
        let id = self.connections.insert(Connection::new(port, place));
        if surplus.is_some() {
            mark(Mark::Refused);
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
            Input::Committed(first) => self.committed(first),
            Input::NotCommitted => {
                self.give_up_uncommitted();
                self.stop(Goodbye::NotKept);
            }
            Input::Kept(id, records) => self.kept(id, records),
            Input::Found(id, record) => self.found(id, record),
            Input::Unreadable(id) => self.unreadable(id),
            Input::Timeout => self.timeout(),
            Input::Stop => self.stop(Goodbye::ShuttingDown),
        }
    }

    /// When [`Input::Timeout`] is due, and why.
    pub fn next_timeout(&self) -> Option<(Timestamp, Timer)> {
        if self.is_turn_due() {
            return Some((self.now, Timer::Resume));
        }
        let grace = self.sessions.next_timeout().map(|at| (at, Timer::Grace));
        self.timers.next().into_iter().chain(grace).min()
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
            if is_planted(Bug::RestDropped) && self.is_batch_full() {
                return;
            }
            return self.keep(id, bytes[handled..].to_vec());
        }
        connection.unread.extend_from_slice(bytes);
        if connection.phase == Phase::Greeting && bytes.contains(&b'\n') {
            // Its first line has come in time, whenever its turn comes.
            self.set_deadline(id, None);
        }
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
        {
            let (dialect, phase) = (connection.dialect, connection.phase);
            if dialect == Dialect::Json {
                reader.set_limit(MAX_JSON_LINE);
            }
            let Some(line) = reader.next(&mut rest) else {
                break;
            };
            match (dialect, line) {
                (Dialect::Text, line) => self.line(id, phase, line),
                (Dialect::Json, Line::Whole(line)) => self.object(id, line),
                (Dialect::Json, Line::TooLong(_)) => self.object_too_long(id),
            }
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
            let (private, detours) = (connection.cursor.private(), connection.cursor.detours());
            mark_if(private >= self.limits.private, Mark::HeldByNotices);
            mark_if(detours >= self.limits.detours, Mark::HeldByDetours);
            self.resume(id);
        } else if connection.eof {
            self.eof(id);
        }
    }

    /// Has a connection's `unread` gone through in its turn, unless it must wait until it has taken
    /// what is its own.
    fn resume(&mut self, id: ConnId) {
        if self.connections.get(id).is_some_and(|c| self.goes_on(c)) {
            self.queue(id, Class::Bulk);
        }
    }

    /// Whether a turn is due to what was kept of a connection's input.
    fn goes_on(&self, c: &Connection) -> bool {
        if is_planted(Bug::TurnForgotten) && self.is_batch_full() {
            return false;
        }
        !c.unread.is_empty() && !self.owes_much(c)
    }

    /// Whether lines of a connection must wait until it has taken what is its own.
    fn owes_much(&self, c: &Connection) -> bool {
        let private = self.limits.private + usize::from(is_planted(Bug::NoticesOneMore));
        let detours = self.limits.detours + usize::from(is_planted(Bug::DetoursOneMore));
        let is_busy = c.feed.is_some() || c.asking.is_some();
        is_busy || c.cursor.private() >= private || c.cursor.detours() >= detours
    }

    fn line(&mut self, id: ConnId, phase: Phase, line: Line<'_>) {
        if matches!(phase, Phase::Greeting | Phase::Silent) {
            let first = match line {
                Line::Whole(line) => FirstLine::decode(line),
                Line::TooLong(start) if is_http_request(start) => FirstLine::Http,
                Line::TooLong(_) => FirstLine::Other,
            };
            match first {
                FirstLine::Join(asked) => return self.join(id, asked),
                FirstLine::Json(line) => return self.greet(id, line),
                FirstLine::Http => return self.misdirected(id),
                FirstLine::Other if phase == Phase::Greeting => {
                    self.enter(id, Event::OtherLine, None);
                }
                FirstLine::Other => {
                    self.step(id, Event::OtherLine);
                }
            }
        }
        match line {
            Line::TooLong(_) => {
                mark(Mark::LineTooLong);
                self.tell(id, Notice::TooLong);
            }
            Line::Whole(line) => match Request::decode(line) {
                Err(_) => {
                    mark(Mark::LineNotUtf8);
                    self.tell(id, Notice::NotUtf8);
                }
                Ok(request) => {
                    mark_if(line.len() == MAX_LINE, Mark::LineAtLimit);
                    self.request(id, &request);
                }
            },
        }
    }

    fn request(&mut self, id: ConnId, request: &Request<'_>) {
        match request {
            Request::Nothing => {}
            Request::Say(text) => {
                let is_escaped = text.starts_with('/');
                mark_if(is_escaped, Mark::SlashEscaped);
                mark_if(matches!(text, Cow::Owned(_)), Mark::ControlReplaced);
                if is_planted(Bug::BothSlashes) && is_escaped {
                    return self.say(id, &format!("/{text}"));
                }
                self.say(id, text);
            }
            Request::Leave => self.end(id, Event::Leave, CloseReason::Left),
            Request::Help => self.tell(id, Notice::Help),
            Request::Who => {
                let answer = who(self.room.names());
                self.note(id, &answer);
            }
            Request::History(count) => self.send_newest(id, (*count).min(MAX_PAGE)),
            Request::Surplus(command) => {
                mark(Mark::CommandSurplus);
                self.tell(id, Notice::Surplus(command));
            }
            Request::Unknown(command) => {
                mark(Mark::CommandUnknown);
                self.tell(id, Notice::Unknown(command));
            }
        }
    }

    fn say(&mut self, id: ConnId, text: &str) {
        let now = self.wall();
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        let Some((name, _)) = &connection.stay else {
            return;
        };
        let entry = Entry::Said(name, text);
        let entry = self.room.log.append(now, entry, None, None);
        if is_planted(Bug::EchoInTurn) && !self.turns.is_empty() {
            return;
        }
        connection.cursor.skip(entry);
    }

    /// Puts an entry into the log; the session is that of whom it is about.
    fn append(&mut self, entry: Entry<'_>, session: Option<SessionId>, id: Option<&str>) {
        let now = self.wall();
        self.room.log.append(now, entry, session, id);
    }

    /// What the wall clock shows, in milliseconds since the Unix epoch.
    fn wall(&self) -> u64 {
        self.origin
            .unix_millis
            .saturating_add(self.now.as_micros() / 1000)
    }

    /// The first line is of HTTP.
    fn misdirected(&mut self, id: ConnId) {
        let in_time = self.phase(id) == Phase::Greeting;
        mark_if(in_time, Mark::HttpUnjoined);
        mark_if(!in_time, Mark::HttpAfterSilence);
        if in_time {
            self.note(id, HTTP_ANSWER);
        } else {
            // What has been welcomed as a text client is no HTTP exchange any more.
            self.tell(id, Notice::Goodbye(Goodbye::NoHttp));
        }
        self.end(id, Event::Misdirected, CloseReason::Http);
    }

    fn eof(&mut self, id: ConnId) {
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        connection.eof = true;
        if !connection.unread.is_empty() && !is_planted(Bug::EofDropsInput) {
            mark(Mark::EofHeldBack);
            return; // It is heard to the end first.
        }
        if connection.feed.is_some() || connection.asking.is_some() {
            return; // That is seen to first.
        }
        if connection.reader.is_mid_line() && !connection.phase.is_ending() {
            mark(Mark::LineUnended);
            self.tell(id, Notice::Unterminated);
        }
        self.end(id, Event::Eof, CloseReason::Eof);
    }

    /// Acts on the end of what a connection sent, if nothing of it is left to be handled.
    fn end_if_heard(&mut self, id: ConnId) {
        let is_heard =
            |c: &Connection| c.eof && c.unread.is_empty() && c.feed.is_none() && c.asking.is_none();
        if self.connections.get(id).is_some_and(is_heard) && !self.phase(id).is_ending() {
            self.eof(id);
        }
    }

    fn timeout(&mut self) {
        while let Some((id, timer)) = self.timers.pop_due(self.now) {
            let Some(id) = id else {
                mark_if(self.connections.len() > 0, Mark::StopExpired);
                for id in self.connections.ids() {
                    self.end(id, Event::Expired, CloseReason::Stopped);
                }
                continue;
            };
            if let Some(connection) = self.connections.get_mut(id) {
                connection.deadline = None;
                let in_room = connection.phase.is_in_room();
                mark_if(timer == Timer::Linger, Mark::LingeredOut);
                mark_if(timer == Timer::Stall && in_room, Mark::StalledInRoom);
                mark_if(timer == Timer::Stall && !in_room, Mark::StalledDraining);
            }
            match timer {
                // While the store is slow, what happens is bounded as everywhere.
                Timer::FirstLine if !self.is_committed() && self.is_batch_full() => {
                    let wait = self.limits.first_line.max(Duration::from_millis(1));
                    self.set_deadline(id, Some((self.now + wait, timer)));
                }
                Timer::FirstLine => self.enter(id, Event::Quiet, None),
                _ => self.end(id, Event::Expired, CloseReason::Stalled),
            }
        }
        self.give_up_sessions();
        self.take_turns();
    }

    fn stop(&mut self, why: Goodbye) {
        self.stopping = true;
        if !is_planted(Bug::StopUnbounded) {
            self.timers
                .insert(self.now + self.limits.shutdown, Timer::Shutdown, None);
        }
        self.room.dismiss();
        self.sessions.clear();
        for id in self.connections.ids() {
            if let Some(connection) = self.connections.get_mut(id) {
                connection.stay = None;
                connection.session = None;
                mark_if(connection.phase == Phase::Greeting, Mark::StopUnjoined);
                if !connection.phase.is_ending() {
                    self.tell(id, Notice::Goodbye(why));
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
            if !(is_planted(Bug::HearsOn) && event == Event::Leave && connection.blocked) {
                let end = self.room.log.head(connection.dialect);
                connection.cursor.end_at(end);
            }
            (connection.feed, connection.asking) = (None, None);
            if mem::take(&mut connection.reads_json) {
                self.room.log.set_reading(false);
            }
        }
        if let Some(turn) = turn {
            mark(Mark::ClosedInTurn);
            self.turns.remove(turn, id);
        }
        if before == Phase::Greeting {
            self.set_deadline(id, None);
        }
        if event == Event::TooFarBehind {
            self.cut_off(id);
        }
        self.file(id);
        if event == Event::Leave {
            self.end_session(id);
        }
        self.leave_room(id);
        match after {
            Phase::Draining => self.mark(id),
            Phase::Lingering => {
                self.actions.push_back(Action::Finish(id));
                if !is_planted(Bug::LingerUnset) {
                    self.set_deadline(id, Some((self.now + self.limits.linger, Timer::Linger)));
                }
                if self.connections.get(id).is_some_and(|c| c.eof) {
                    self.end(id, Event::Eof, reason);
                }
            }
            Phase::Closed => self.close(id),
            _ => {}
        }
    }

    fn close(&mut self, id: ConnId) {
        self.set_deadline(id, None);
        self.set_copied(id, 0);
        if let Some(connection) = self.connections.remove(id) {
            let reason = connection.reason.unwrap_or(CloseReason::Lost);
            self.actions.push_back(Action::Close(id, reason));
            mark_if(
                self.stopping
                    && self.connections.len() == 0
                    && matches!(self.timers.next(), Some((_, Timer::Shutdown))),
                Mark::StopEmptied,
            );
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
        let dialect = self
            .connections
            .get(id)
            .map_or(Dialect::Text, |c| c.dialect);
        self.note(id, &notice.to_line(dialect));
    }

    /// Puts private lines where the connection will come to next in the room's order.
    fn note(&mut self, id: ConnId, lines: &str) {
        if let Some(connection) = self.connections.get_mut(id) {
            let head = self.room.log.head(connection.dialect);
            connection.cursor.note(head, lines);
            if is_planted(Bug::NoticeTwice) && connection.blocked {
                connection.cursor.note(head, lines);
            }
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
