//! Backfill: history sent to one connection: what it missed, pages, and who is there.

use super::Server;
use super::backfill_queue::{Lane, QUANTUM};
use super::io::Action;
use super::rooms::Rooms;
use super::talk::Talk;
use crate::mark::{Mark, mark};
use crate::room::RoomId;
use crate::room::redaction::Redaction;
use crate::types::conn_id::ConnId;
use crate::types::entry::{Kind, Record};
use crate::types::rights::{Right, Role};
use crate::wire::dialect::Dialect;
use crate::wire::json::{self, GapReason, Message};
use crate::wire::notice::Notice;
use crate::wire::text::line;
use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use core::mem;

/// Backfill: history sent to one connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Backfill {
    room: RoomId,
    /// The next entry.
    next: u64,
    /// The one to be read next: those before it, from the next one on, cannot be.
    from: u64,
    to: To,
    /// How many are read in the store at a time: fewer where some of them cannot be.
    most: usize,
    /// It is being read in the store, or waits for that.
    is_read: bool,
    /// It is of what two say to each other alone.
    talk: Option<Box<Talk>>,
    /// How often the text of an entry had been removed when that began.
    redacted: u64,
}

/// How many entries are read in the store at a time, at most.
const READ: usize = 16;

/// What follows a [`Backfill`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum To {
    /// What happens from then on.
    Live,
    /// Nothing: it was a page, which ends with this entry.
    Page(u64),
    /// Nothing: it is no entries at all, but who is in the room.
    Who,
}

impl Backfill {
    /// What the store is asked for.
    pub(super) fn action(&self, id: ConnId, rooms: &Rooms) -> Action {
        let room = rooms[self.room].name.clone();
        Action::Read(id, room, self.from - 1, self.most)
    }

    /// Of which room it is.
    pub(super) fn room(&self) -> RoomId {
        self.room
    }

    fn lane(&self) -> Lane {
        match self.to {
            To::Live => Lane::Live,
            To::Page(_) | To::Who => Lane::Answer,
        }
    }
}

impl Server {
    /// Has a connection sent a page of what is behind an entry, up to another one.
    pub(super) fn send_page(&mut self, id: ConnId, room: RoomId, after: u64, last: u64) {
        let is_committed = last <= self.rooms[room].log().committed();
        if let Some(connection) = self.connections.get_mut(id).filter(|_| !is_committed) {
            connection.outbound.barrier = self.rooms.ordered();
        }
        self.start_backfill(id, room, after + 1, To::Page(last), None);
    }

    /// The same of what two say to each other alone.
    pub(super) fn send_talk(
        &mut self,
        id: ConnId,
        room: RoomId,
        after: u64,
        last: u64,
        talk: Box<Talk>,
    ) {
        if let Some(connection) = self.connections.get_mut(id) {
            connection.outbound.barrier = self.rooms.ordered();
        }
        self.start_backfill(id, room, after + 1, To::Page(last), Some(talk));
    }

    /// Has a connection sent the entries of a room from this one on, and then what happens there.
    pub(super) fn send_from(&mut self, id: ConnId, room: RoomId, next: u64) {
        self.start_backfill(id, room, next, To::Live, None);
    }

    /// Has a connection told who is in the room, in its turn: a short question, with a long answer.
    pub(super) fn send_who(&mut self, id: ConnId, room: RoomId) {
        self.start_backfill(id, room, 1, To::Who, None);
    }

    fn start_backfill(
        &mut self,
        id: ConnId,
        room: RoomId,
        next: u64,
        to: To,
        talk: Option<Box<Talk>>,
    ) {
        self.rooms.attach(room);
        if let Some(connection) = self.connections.get_mut(id) {
            connection.waiting.backfill = Some(Box::new(Backfill {
                room,
                next,
                from: next,
                to,
                most: READ,
                is_read: false,
                talk,
                redacted: 0,
            }));
        }
        self.send_backfill(id);
    }

    /// Has a connection go on with what it is being sent, in its turn.
    pub(super) fn send_backfill(&mut self, id: ConnId) {
        let most = self.most_private();
        if let Some(connection) = self.connections.get(id)
            && let Some(backfill) = &connection.waiting.backfill
            && !backfill.is_read
            && connection.private() < most
        {
            self.queue_in(backfill.lane(), id);
            self.make_backfill(Some(id));
        }
    }

    /// So many private bytes may wait for a connection before it is sent more.
    fn most_private(&self) -> usize {
        self.limits.private.min(QUANTUM)
    }

    /// Goes on with what a connection is being sent, as far as its notices may go.
    pub(super) fn go_on_with_backfill(&mut self, id: ConnId) {
        let most = self.most_private();
        while let Some(connection) = self.connections.get_mut(id)
            && connection.private() < most
            && let Some(backfill) = &mut connection.waiting.backfill
            && !backfill.is_read
        {
            if backfill.to == To::Who {
                return self.complete_backfill(id);
            }
            if connection.outbound.barrier > self.rooms.committed() {
                return self.look_after_commit(id);
            }
            let log = self.rooms[backfill.room].log();
            let committed = log.committed();
            let last = match backfill.to {
                To::Live => committed,
                To::Page(last) => last.min(committed),
                To::Who => 0,
            };
            if backfill.next > last {
                return self.complete_backfill(id);
            }
            let (from, is_past) = (backfill.from, backfill.from > last);
            let record = log.record(from).filter(|_| !is_past);
            if from > backfill.next && (is_past || record.is_some()) {
                self.pass_gap(id, from, true);
            } else if let Some(record) = record {
                self.send_past(id, &record);
            } else if from >= log.oldest() {
                backfill.is_read = true;
                backfill.redacted = self.redacting.done;
                self.ask_store(Lane::Read, id);
            } else {
                let next = log.oldest();
                self.pass_gap(id, next, false);
            }
        }
    }

    /// Entries that were read in the store.
    pub(super) fn kept(&mut self, id: ConnId, oldest: u64, records: &[Record]) {
        if self.found_to_redact(id, Some(records)) {
            return;
        }
        let most = self.most_private();
        let before = self.private(id);
        let connection = self.connections.get_mut(id);
        let Some(backfill) = connection
            .and_then(|c| c.waiting.backfill.as_mut())
            .filter(|backfill| backfill.is_read)
        else {
            return mark(Mark::ReadTooLate);
        };
        if backfill.redacted != self.redacting.done {
            // One of them may have had a text then that is gone by now.
            mark(Mark::RedactedWhileRead);
            backfill.is_read = false;
            return self.proceed(id);
        }
        let room = backfill.room;
        let log = self.rooms[room].log();
        let (first, committed) = (log.first(), log.committed());
        backfill.is_read = false;
        backfill.most = (2 * backfill.most).min(READ);
        let next = records.first().map_or(first, |record| record.seq);
        if next > backfill.next {
            let is_unreadable = backfill.from > backfill.next || oldest < next;
            if room != RoomId::LOBBY {
                // Of the lobby the store says it with each commit.
                self.rooms[room].room.log.set_oldest(oldest.min(next));
            }
            self.pass_gap(id, next, is_unreadable);
        }
        for record in records {
            if self.private(id) >= most || record.seq > committed {
                break; // The rest is read again.
            }
            self.send_past(id, record);
        }
        self.count_backfill(self.private(id).saturating_sub(before));
        self.proceed(id);
    }

    /// Some of the entries that were to be read cannot be: it is tried with fewer, and at last without
    /// the first of them.
    pub(super) fn not_kept(&mut self, id: ConnId) {
        let backfill = self
            .connections
            .get_mut(id)
            .and_then(|c| c.waiting.backfill.as_mut());
        if let Some(backfill) = backfill.filter(|backfill| backfill.is_read) {
            backfill.is_read = false;
            backfill.from += u64::from(backfill.most == 1);
            backfill.most = (backfill.most / 2).max(1);
        }
        self.proceed(id);
    }

    /// All that is asked for was sent.
    fn complete_backfill(&mut self, id: ConnId) {
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        let Some(Backfill { room, to, talk, .. }) =
            connection.waiting.backfill.take().map(|it| *it)
        else {
            return;
        };
        let log = self.rooms[room].log();
        match to {
            To::Live => {
                let place = log.stream(Dialect::Json).visible();
                if let Some(it) = connection.seated_in(room) {
                    it.cursor.move_to(place, true);
                }
                self.mark(id);
            }
            To::Who => self.answer_who(id, room),
            To::Page(_)
                if connection.dialect == Dialect::Json
                    && talk.as_ref().is_none_or(|it| !it.is_inbox) =>
            {
                let (first, head) = (log.oldest(), log.committed());
                let (room_name, with) = self.of_what(room, talk.as_deref());
                let page = Message::Page {
                    room: room_name,
                    with,
                    first,
                    head,
                };
                self.note_in(id, room, &page.to_line());
            }
            To::Page(_) => {}
        }
        if let (To::Page(last), Some(talk)) = (to, talk) {
            self.words_sent(&talk, last);
        }
        self.rooms.detach(room);
    }

    /// What a page is of, as programs are told: a room, or what is said with somebody alone.
    fn of_what(
        &self,
        room: RoomId,
        talk: Option<&Talk>,
    ) -> (Option<Cow<'static, str>>, Option<Cow<'static, str>>) {
        match talk {
            Some(talk) => (None, Some(String::from(talk.with().as_str()).into())),
            None => (self.named(room), None),
        }
    }

    /// Somebody is removed from a room while they are sent what they missed there: they are sent no more of that.
    pub(super) fn stop_sending(&mut self, id: ConnId, room: RoomId) {
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        let is_it = |it: &Backfill| it.room == room && it.to == To::Live;
        if connection
            .waiting
            .backfill
            .take_if(|it| is_it(it))
            .is_none()
        {
            return;
        }
        mark(Mark::RemovedInBackfill);
        if let Some(place) = connection.waiting.take_lane() {
            self.backfills.remove(place);
        }
        self.rooms.detach(room);
        self.proceed(id);
    }

    /// The next entry that is there is this one. `is_unreadable`: others before it are held, and cannot be read.
    fn pass_gap(&mut self, id: ConnId, next: u64, is_unreadable: bool) {
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        let Some(backfill) = &mut connection.waiting.backfill else {
            return;
        };
        let room = backfill.room;
        let after = mem::replace(&mut backfill.next, next) - 1;
        backfill.from = next;
        // The end of a page says what is held, of which these would be the beginning.
        let is_inbox = backfill.talk.as_ref().is_some_and(|it| it.is_inbox);
        if backfill.to == To::Live
            || is_unreadable
            || is_inbox
            || next > self.rooms[room].log().oldest()
        {
            mark(Mark::GapStated);
            let dialect = connection.dialect;
            let line = match (dialect, backfill.to) {
                (Dialect::Json, To::Live) => {
                    let reason = Some(if is_unreadable {
                        GapReason::Unreadable
                    } else {
                        GapReason::NotHeld
                    });
                    let gap = Message::Gap {
                        room: self.named(room),
                        after,
                        next,
                        reason,
                    };
                    gap.to_line()
                }
                (Dialect::Json, _) => {
                    let backfill = self
                        .connections
                        .get(id)
                        .and_then(|c| c.waiting.backfill.as_ref());
                    let (room, with) =
                        self.of_what(room, backfill.and_then(|it| it.talk.as_deref()));
                    let missing = Message::Missing {
                        room,
                        with,
                        after,
                        next,
                    };
                    missing.to_line()
                }
                (Dialect::Text, _) => Notice::Unreadable(next - after - 1).to_line(Dialect::Text),
            };
            self.note_in(id, room, &line);
        }
    }

    /// Sends an entry to a connection that is to be sent it next.
    fn send_past(&mut self, id: ConnId, record: &Record) {
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        let Some(backfill) = connection
            .waiting
            .backfill
            .as_mut()
            .filter(|f| f.next == record.seq)
        else {
            return;
        };
        backfill.next += 1;
        backfill.from = backfill.next;
        let room = backfill.room;
        if let (Some(talk), To::Page(last)) = (&mut backfill.talk, backfill.to) {
            let is_asked = record.seq <= last;
            let line = is_asked.then(|| talk.line(connection.dialect, record));
            if let Some(line) = line.filter(|it| !it.is_empty()) {
                self.note(id, &line);
            }
            return;
        }
        let is_order = record.kind == Kind::Order;
        let role = connection.name.as_ref();
        let role = role.map_or(Role::None, |it| self.rooms.role(room, it));
        let may_redact = role.may(Right::Redact, None);
        let name = connection.name.as_ref().filter(|_| is_order);
        let shows = name.is_some_and(|name| {
            let rules = self.rooms[room].room.state.rules();
            rules.shows_addresses(self.rooms.names(), name)
        });
        let entry = json::Entry::of(record, self.rooms[room].log().epoch(), shows);
        let line = match (connection.dialect, backfill.to) {
            (_, To::Page(last)) if record.seq > last => return,
            (Dialect::Text, _) => {
                let words = record.entry().shown();
                let [before, name, between, text] = line(record.kind, record.name.as_str(), &words);
                // Whoever may have a line removed is told by which number.
                let before = if may_redact && Redaction::is_of(record.kind) {
                    alloc::format!("#{} {before}", record.seq)
                } else {
                    before.into()
                };
                let address = entry.order.and_then(|it| it.address);
                let address = address.map_or(String::new(), |it| alloc::format!(" ({it})"));
                alloc::format!("* {before}{name}{between}{text}{address}\n")
            }
            (Dialect::Json, To::Live) => Message::Entry(entry).to_line(),
            (Dialect::Json, _) => Message::Past(entry).to_line(),
        };
        self.note_in(id, room, &line);
    }
}
