//! In which room the person is, and how they go to another one (PROTOCOL.md, "The client that resumes").

use super::memory::{Place, told};
use super::phase::Phase;
use super::{JsonClient, MAX_JOINING};
use crate::client::ClientAction;
use crate::mark::{Mark, mark};
use crate::types::limits::MAX_ROOMS;
use crate::types::room_name::RoomName;
use crate::types::time::Timestamp;
use crate::wire::answer::Answer;
use crate::wire::json::{Code, Known, Message, Request as Ask};
use crate::wire::printable::printable;
use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

/// The ids of requests to be in a room, and to be there no more, begin with these.
pub(super) const JOIN: &str = "join ";
const PART: &str = "part ";

/// A first line names so many rooms at most, where the person is in one at a time, so that it is short.
const MAX_NAMED: usize = 16;

/// Where they may be in several, so many besides the lobby: a first line that names them all, however long their names are, is no
/// longer than one may be.
pub(super) const MAX_OTHERS: usize = 32;

/// What a connection knows of a room that it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Seat {
    others: usize,
    /// Number of the room's last entry when this connection entered, or resumed, there: older ones may show another name.
    head: u64,
    /// It has asked to be there no more.
    is_parted: bool,
}

/// A request to be in a room.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Joining {
    room: RoomName,
    /// The connection has asked since to be there no more.
    is_parted: bool,
    /// It did not say how far the room was shown, nor asks for history: what is sent begins with what comes next.
    is_anew: bool,
}

impl JsonClient {
    /// The room for which the person types: the one they have asked for last.
    pub(super) fn target(&self) -> &RoomName {
        self.going.as_ref().unwrap_or(&self.here)
    }

    /// Whether what happens in the lobby is shown, or soon will be.
    pub(super) fn is_lobby_shown(&self) -> bool {
        self.setup.many || self.here.is_lobby() || self.target().is_lobby()
    }

    /// Whether the person is in this room.
    pub(super) fn is_in_it(&self, room: &RoomName) -> bool {
        if self.setup.many {
            room.is_lobby() || self.rooms.contains(room)
        } else {
            *room == self.here
        }
    }

    /// Whether all of the lobby must have come when the server says how far that is.
    pub(super) fn is_lobby_sent(&self) -> bool {
        let is_seated = || self.connection.seats.contains_key(&RoomName::LOBBY);
        if self.setup.many {
            is_seated()
        } else {
            self.here.is_lobby()
        }
    }

    /// Whether as much is asked for as may be, and not answered.
    pub(super) fn is_joining_much(&self) -> bool {
        self.connection.joins.len() >= MAX_JOINING
    }

    /// The person wants to be in another room.
    pub(super) fn go(&mut self, now: Timestamp, asked: &str) {
        let target = self.target().clone();
        let Ok(room) = RoomName::parse(asked) else {
            let room = &target;
            return self.reply(Answer::RoomInvalid { asked, room });
        };
        if self.setup.many {
            return self.go_too(now, &room);
        }
        if room == target {
            return self.reply(Answer::InRoomAlready(&room));
        }
        mark(Mark::ClientMoves);
        let is_back = room == self.here && !self.is_outside(&room);
        self.going = (!is_back).then(|| room.clone());
        self.memory.room = told(&room);
        self.keep_first();
        if is_back {
            self.reply(Answer::InRoomAlready(&room));
        } else if self.reads {
            // A reader is in no room.
            self.reads = false;
            self.enter_room(now);
        } else if self.phase == Phase::Talking {
            self.ask_in(&room);
        } else {
            let news = format!("* You will be in {room} when there is a connection again.");
            self.actions.push_back(ClientAction::Notice(news));
        }
    }

    /// Whether the connection is not in a room, and has not asked for it: that may be so where the person was, if they only
    /// read there, and their session goes on elsewhere.
    fn is_outside(&self, room: &RoomName) -> bool {
        let connection = &self.connection;
        let is_asked = connection.joins.iter().any(|it| it.room == *room);
        self.phase == Phase::Talking
            && !self.reads
            && !is_asked
            && !connection.seats.contains_key(room)
    }

    /// The rooms that a first line names: those where the person is, or is going, and those for which they typed something
    /// that is not accepted yet.
    pub(super) fn named_rooms(&self) -> BTreeMap<Cow<'_, str>, Known<'_>> {
        let mut rooms = BTreeMap::new();
        if self.reads {
            return rooms;
        }
        let one = [Some(&self.here), self.going.as_ref()];
        let one = one.into_iter().flatten().filter(|_| !self.setup.many);
        for room in one.chain(&self.rooms).filter(|it| !it.is_lobby()) {
            rooms.insert(room.as_str().into(), self.known(room));
        }
        for room in self
            .memory
            .outbox
            .iter()
            .filter_map(|it| it.room.as_deref())
        {
            if rooms.len() < self.most_named() {
                // The person may go there before it is told that it is in.
                let known = RoomName::parse(room).map(|room| self.known(&room));
                rooms
                    .entry(room.into())
                    .or_insert(known.unwrap_or_default());
            }
        }
        rooms
    }

    /// So many rooms besides the lobby a first line names at most, and so many are remembered.
    fn most_named(&self) -> usize {
        if self.setup.many {
            MAX_OTHERS
        } else {
            MAX_NAMED
        }
    }

    /// How far a room was shown.
    pub(super) fn known(&self, room: &RoomName) -> Known<'_> {
        let place = self.places.iter().find(|it| it.room == room.as_str());
        let (after, epoch) = if room.is_lobby() {
            (self.after, self.memory.epoch.as_deref())
        } else {
            (place.and_then(|it| it.after), place.map(|it| &*it.epoch))
        };
        let history = self.setup.history;
        Known {
            after,
            epoch: epoch.map(Into::into),
            history: Some(history).filter(|count| *count > 0 && after.is_none()),
        }
    }

    /// The number of the last entry of a room that was given to be shown.
    pub(super) fn position(&self, room: &RoomName) -> Option<u64> {
        self.known(room).after
    }

    /// A room was shown as far as this.
    pub(super) fn set_position(&mut self, room: &RoomName, after: Option<u64>) {
        if room.is_lobby() {
            self.after = after;
        } else if let Some(place) = self.places.iter_mut().find(|it| it.room == room.as_str()) {
            place.after = after;
        }
    }

    /// The connection is welcome. `here`: how many are in the lobby, itself among them, and the number of the last entry
    /// there; `None` where it resumes outside the lobby.
    pub(super) fn seated(&mut self, here: Option<(u64, u64)>) {
        if self.setup.many {
            return self.seated_in_many(here);
        }
        if let Some((here, head)) = here {
            self.take_seat(RoomName::LOBBY, here, head);
            self.arrived(&RoomName::LOBBY, 0);
        }
        let target = self.target().clone();
        let is_there = target.is_lobby() && here.is_some();
        if !is_there {
            // To be told if it is not let in where the first line says.
            self.join(&target);
        }
    }

    /// Whether the first line did not say how far a room was shown, where the person has gone since: if their session is in it,
    /// what came there meanwhile is not sent on this connection.
    pub(super) fn is_unasked(&self, room: &RoomName) -> bool {
        let is_wanted = self.is_in_it(room) || !self.setup.many && self.target() == room;
        is_wanted && !self.connection.named.contains(room) && self.position(room).is_some()
    }

    /// The connection is in a room from now on.
    pub(super) fn came_in(&mut self, now: Timestamp, message: &Message<'_>) {
        let Message::In {
            room,
            epoch,
            head,
            here,
            id,
        } = message
        else {
            return;
        };
        let Ok(room) = RoomName::parse(room) else {
            return;
        };
        // They may have been there since they asked, and be there again by this.
        let is_anew = id.is_some() && self.take_joining(&room).is_some_and(|it| it.is_anew);
        if is_anew && self.position(&room).is_some_and(|after| after < *head) {
            self.set_position(&room, Some(*head));
        }
        if self.connection.seats.len() >= MAX_ROOMS {
            return; // No server lets it be in so many.
        }
        if id.is_some() {
            self.connection.named.push(room.clone());
        } else if self.is_unasked(&room) {
            if self.setup.many {
                return self.enter_room(now);
            }
            // They are not there yet: what they missed is sent on another connection.
            self.take_seat(room, *here, *head);
            return self.settle(now);
        }
        self.take_seat(room.clone(), *here, *head);
        self.follow(&room, epoch, *head);
        if !self.setup.many {
            self.arrived(&room, *head);
        }
        self.settle(now);
    }

    pub(super) fn take_seat(&mut self, room: RoomName, here: u64, head: u64) {
        let seat = Seat {
            others: usize::try_from(here.saturating_sub(1)).unwrap_or(usize::MAX),
            head,
            is_parted: false,
        };
        self.connection.seats.insert(room, seat);
    }

    /// Whether an entry of a room is of before this connection was there: of those that it missed.
    pub(super) fn is_of_before(&self, room: &RoomName, seq: u64) -> bool {
        let seat = self.connection.seats.get(room);
        seat.is_some_and(|seat| seq <= seat.head)
    }

    /// If it is where the person is to be, they are there.
    fn arrived(&mut self, room: &RoomName, head: u64) {
        let is_going = self.going.as_ref() == Some(room);
        if is_going {
            self.going = None;
            self.here = room.clone();
        } else if self.here != *room || self.is_told {
            return;
        }
        if is_going || self.joined.is_some() && head > 0 {
            // Their own joining, which the answer stands for, as it does where they came in with their first line.
            let name = self.memory.name.clone().unwrap_or_default();
            self.joined = Some((room.clone(), head, name));
        }
        self.is_told = true;
        let others = self.connection.seats.get(room).map_or(0, |it| it.others);
        self.tell(&format!("* {}", Answer::InRoom(room, others)));
        if !self.setup.raw && self.phase == Phase::Talking {
            self.connection.topic_of = Some(room.clone());
            let room = told(room).map(Into::into);
            let (text, id) = (None, None);
            self.request(&Ask::Topic { room, text, id });
        }
    }

    /// What a room is about came, and there is nothing to tell: the person has not asked.
    pub(super) fn takes_topic(&mut self, room: Option<&str>, is_empty: bool) -> bool {
        let room = room.map_or(Ok(RoomName::LOBBY), RoomName::parse);
        let asked = &mut self.connection.topic_of;
        let is_it = asked.is_some() && *asked == room.ok();
        if is_it {
            *asked = None;
        }
        is_it && is_empty
    }

    /// Where a log stands that is followed from now on.
    pub(super) fn follow(&mut self, room: &RoomName, epoch: &str, head: u64) {
        let known = self.known(room);
        let is_other = known.epoch.is_some_and(|known| known != epoch);
        let after = match known.after {
            _ if is_other => None,
            None if self.setup.history == 0 => Some(head),
            after => after,
        };
        if room.is_lobby() {
            self.memory.epoch = Some(epoch.into());
            self.after = after;
            if is_other {
                self.memory.after = None;
            }
            return;
        }
        let room = room.to_string();
        self.places.retain(|it| it.room != room);
        let epoch = epoch.into();
        self.places.push_back(Place { room, epoch, after });
        if self.places.len() > self.most_named() {
            self.places.pop_front();
        }
    }

    /// The connection is in a room no more.
    pub(super) fn went_out(&mut self, room: &str) {
        let Ok(room) = RoomName::parse(room) else {
            return;
        };
        let seats = &mut self.connection.seats;
        // It may have come back since.
        if seats.get(&room).is_some_and(|seat| seat.is_parted) {
            seats.remove(&room);
        }
    }

    /// Somebody has removed the person from a room: they are in another one.
    pub(super) fn was_removed(&mut self, now: Timestamp, room: &str, why: &str) {
        let Ok(room) = RoomName::parse(room) else {
            return;
        };
        self.connection.seats.remove(&room);
        let why = printable(why);
        if self.setup.many {
            return self.is_dropped(&room, &why);
        }
        self.tell(&format!("* {why}"));
        self.not_let_in(&room);
        self.settle(now);
    }

    /// Something was not done that the client asked for by itself; whether it is of those.
    pub(super) fn errand_failed(
        &mut self,
        now: Timestamp,
        code: Code,
        id: &str,
        why: &str,
    ) -> bool {
        if let Some(room) = id.strip_prefix(PART) {
            let seats = &mut self.connection.seats;
            let seat = RoomName::parse(room).map(|room| seats.get_mut(&room));
            if let (Ok(Some(seat)), Code::LastRoom) = (seat, code) {
                seat.is_parted = false;
            }
            return true;
        }
        let Some(room) = id.strip_prefix(JOIN) else {
            return false;
        };
        let Ok(room) = RoomName::parse(room) else {
            return true;
        };
        self.take_joining(&room);
        if self.setup.many {
            if code != Code::Unchanged {
                mark(Mark::ClientMoveRefused);
                self.is_dropped(&room, why);
            }
            return true;
        }
        if code == Code::Unchanged {
            // Between what comes of different rooms there is no order: `in` may come later. If it has asked to be there no
            // more since, that comes as well, with what was not shown of the room.
            let seat = self.connection.seats.get(&room);
            if seat.is_some_and(|seat| !seat.is_parted) && !self.is_unasked(&room) {
                self.arrived(&room, 0);
            }
        } else {
            mark(Mark::ClientMoveRefused);
            self.tell(&format!("* {why}"));
            self.not_let_in(&room);
        }
        self.settle(now);
        true
    }

    /// The person stays where they are, if the connection is there.
    fn not_let_in(&mut self, room: &RoomName) {
        if self.going.as_ref() == Some(room) {
            self.going = None;
        }
        self.memory.room = told(self.target());
        self.keep_first();
        let is_there = self.connection.seats.contains_key(&self.here);
        self.connection.is_not_let_in |= self.here == *room && !is_there;
        if self.going.is_none() && !is_there && !self.connection.is_not_let_in {
            // The first line has named it, and may not have let them in there: they are to be told.
            let here = self.here.clone();
            self.join(&here);
        }
    }

    /// Something is known of where the connection is. It is of no use if it is not where the person is to be, or was not asked
    /// for what came there; but not before it was told of all rooms that it has asked for: what comes there begins with that.
    fn settle(&mut self, now: Timestamp) {
        self.part_from_others();
        if self.setup.many || !self.connection.joins.is_empty() {
            return;
        }
        let target = self.target().clone();
        let seats = &self.connection.seats;
        if seats.contains_key(&target) {
            if self.is_unasked(&target) {
                self.enter_room(now);
            }
        } else if self.going.is_none() && self.connection.is_not_let_in {
            let first = seats.keys().next().cloned().unwrap_or_default();
            let lobby = Some(RoomName::LOBBY).filter(|it| seats.contains_key(it));
            self.here = lobby.unwrap_or(first);
            self.is_told = false;
            self.memory.room = told(&self.here);
            self.keep_first();
            // To be sent what came there since it was shown.
            self.enter_room(now);
        }
    }

    /// Leaves the rooms where the person is not, once all is accepted that they typed for them.
    pub(super) fn part_from_others(&mut self) {
        let seats = &self.connection.seats;
        let is_one = !self.setup.many;
        if is_one && (self.going.is_some() || !seats.contains_key(&self.here)) || seats.len() < 2 {
            return;
        }
        let is_awaited = |room: &RoomName| {
            let room = told(room);
            self.memory.outbox.iter().any(|said| said.room == room)
        };
        let is_over =
            |it: &(&RoomName, &Seat)| !self.is_in_it(it.0) && !it.1.is_parted && !is_awaited(it.0);
        let over: Vec<RoomName> = seats
            .iter()
            .filter(is_over)
            .map(|it| it.0.clone())
            .collect();
        for room in over {
            self.part(&room);
        }
    }

    /// Asks to be in a room, unless that is asked for and not answered yet.
    pub(super) fn ask_in(&mut self, room: &RoomName) {
        let seat = self.connection.seats.get(room);
        if seat.is_some_and(|seat| !seat.is_parted) {
            // What was sent of it meanwhile was not shown: it is sent again.
            self.part(room);
        }
        let is_asked = |it: &Joining| it.room == *room && !it.is_parted;
        if !self.connection.joins.iter().any(is_asked) {
            self.join(room);
        }
    }

    /// Whether it is in a room is answered.
    fn take_joining(&mut self, room: &RoomName) -> Option<Joining> {
        let joins = &mut self.connection.joins;
        let nth = joins.iter().position(|it| it.room == *room)?;
        Some(joins.remove(nth))
    }

    pub(super) fn join(&mut self, room: &RoomName) {
        let id = format!("{JOIN}{room}");
        let known = self.known(room);
        let is_anew = known.after.is_none() && known.history.is_none();
        let ask = Ask::Join {
            room: room.as_str().into(),
            id: Some((&*id).into()),
            after: known.after,
            epoch: known.epoch.filter(|_| known.after.is_some()),
            history: known.history,
        };
        let line = ask.to_line();
        self.connection.joins.push(Joining {
            room: room.clone(),
            is_parted: false,
            is_anew,
        });
        self.send(&line);
    }

    pub(super) fn part(&mut self, room: &RoomName) {
        if self.phase != Phase::Talking {
            return;
        }
        if let Some(seat) = self.connection.seats.get_mut(room) {
            seat.is_parted = true;
        }
        self.connection.named.retain(|it| it != room);
        for join in &mut self.connection.joins {
            join.is_parted |= join.room == *room;
        }
        let id = format!("{PART}{room}");
        self.request(&Ask::Part {
            room: room.as_str().into(),
            id: Some((&*id).into()),
        });
    }

    /// Tells the person of what they asked for.
    pub(super) fn reply(&mut self, answer: Answer<'_>) {
        self.say_privately(&format!("* {answer}"));
    }
}

/// Whether a message tells of something that the client asked for by itself, and nobody need know of.
pub(super) fn is_errand(message: &Message<'_>) -> bool {
    let Message::Error {
        code, id: Some(id), ..
    } = message
    else {
        return false;
    };
    id.starts_with(PART) || id.starts_with(JOIN) && *code == Code::Unchanged
}
