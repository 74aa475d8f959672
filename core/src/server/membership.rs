//! Who comes into the room, and who goes.

use super::Server;
use super::io::Action;
use super::phase::{Event, Phase};
use super::subscribers::Seat;
use crate::mark::{Mark, mark, mark_if};
use crate::room::RoomId;
use crate::room::cursor::Cursor;
use crate::room::decide::Command;
use crate::types::conn_id::ConnId;
use crate::types::entry::SessionId;
use crate::types::limits::MAX_NAME;
use crate::types::name::Name;
use crate::wire::dialect::Dialect;
use crate::wire::notice::Notice;
use alloc::string::String;
use alloc::vec::Vec;

impl Server {
    /// Nobody of that name is in any room any more, and everyone there is told, in the order of the rooms' names.
    pub(super) fn leave(&mut self, name: &Name) {
        let now = self.wall();
        for room in self.rooms.of(name) {
            let _ = self.rooms.order(room, now, Command::Leave(name));
        }
        self.people.leave(name);
    }

    /// Nobody of that name is in one room any more.
    pub(super) fn leave_one(&mut self, room: RoomId, name: &Name) {
        let now = self.wall();
        let _ = self.rooms.order(room, now, Command::Leave(name));
    }

    /// The first line is `JOIN`.
    pub(super) fn join(&mut self, id: ConnId, asked: Option<&str>) {
        if self.phase(id) == Phase::Greeting {
            return self.enter(id, Event::Join, asked);
        }
        mark(Mark::JoinAfterSilence);
        self.step(id, Event::Join);
        if let Some(name) = self.name_of(id) {
            self.tell(id, Notice::InAlready(&name));
        }
    }

    /// Brings a connection into the room.
    pub(super) fn enter(&mut self, id: ConnId, event: Event, asked: Option<&str>) {
        if !self.take_join(id) || !self.let_in_or_send_away(id, Some(&self.wanted(id, asked))) {
            return;
        }
        self.step(id, event);
        mark_if(event == Event::Quiet, Mark::JoinedBySilence);
        self.set_deadline(id, None);
        let (name, told) = self.admit(id, asked, None, None);
        let lobby = &mut self.rooms[RoomId::LOBBY];
        let place = lobby.log().head(Dialect::Text);
        let seat = lobby.subscribers.add(id);
        let now = self.wall();
        self.people.enter(&name, Some(id), now);
        if let Some(connection) = self.connections.get_mut(id) {
            connection.main.cursor = Cursor::new(place);
            connection.main.seat = Some(seat);
            connection.name = Some(name.clone());
            connection.outbound.barrier = self.rooms.ordered();
        }
        self.tell(id, Notice::Welcome);
        if let Some(notice) = told {
            self.note(id, &notice);
        }
        self.actions.push_back(Action::Joined(id, name));
    }

    /// The name that a connection wants which comes in.
    pub(super) fn wanted(&self, id: ConnId, asked: Option<&str>) -> Name {
        let port = self.connections.get(id).map_or(0, |c| c.peer.port);
        match asked.map(Name::parse) {
            Some(Ok(name)) if !name.is_reserved() => name,
            _ => Name::of_port(port),
        }
    }

    /// Finds a name for a connection that comes in, and has everyone told; what it is told itself if
    /// it is not the one it asked for. `own`: the name that it has proved to be its own, and that nobody has.
    pub(super) fn admit(
        &mut self,
        id: ConnId,
        asked: Option<&str>,
        own: Option<&Name>,
        session: Option<SessionId>,
    ) -> (Name, Option<String>) {
        let (port, dialect) = match self.connections.get(id) {
            Some(connection) => (connection.peer.port, connection.dialect),
            None => (0, Dialect::Text),
        };
        let wanted = self.wanted(id, asked);
        let asked = asked.map(|text| (text, Name::parse(text)));
        let host = self.limited_host(id);
        // Whoever has proved that it is theirs gets it, as it was spelled first.
        let asked = asked.filter(|_| own.is_none());
        let wanted = own.cloned().unwrap_or(wanted);
        let command = Command::Join {
            wanted: wanted.clone(),
            is_theirs: own.is_some(),
            port,
            session,
            host,
        };
        let now = self.wall();
        let ordered = self.rooms.order(RoomId::LOBBY, now, command);
        let name = ordered.map_or(wanted, |ordered| ordered.entry.name.into_owned());
        mark_if(matches!(asked, Some((_, Err(_)))), Mark::NameInvalid);
        let given = &name;
        let notice = match &asked {
            Some((asked, Err(why))) => Some(Notice::NameInvalid {
                asked,
                why: *why,
                given,
            }),
            Some((_, Ok(asked))) if asked.is_reserved() => {
                mark(Mark::NameReserved);
                Some(Notice::NameReserved { asked, given })
            }
            Some((_, Ok(asked))) if asked != given => {
                mark_if(
                    name.as_str().len() == MAX_NAME && !name.as_str().starts_with(asked.as_str()),
                    Mark::NameShortened,
                );
                let names = self.rooms.names();
                let by = names.alike(asked).find(|by| *by != given);
                let by = by.unwrap_or(asked);
                let claimed = names.claimed_like(asked, None);
                mark_if(claimed.is_some(), Mark::NameClaimed);
                Some(match claimed {
                    Some(own) => Notice::NameClaimed { asked, own, given },
                    None => Notice::NameTaken { asked, by, given },
                })
            }
            _ => None,
        };
        let notice = notice.map(|notice| notice.to_line(dialect));
        (name, notice)
    }

    /// A connection is in no room any more; nor is its person, unless their session is waited for.
    pub(super) fn leave_rooms(&mut self, id: ConnId) {
        self.give_seats_up(id);
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        let Some(name) = connection.name.take() else {
            return;
        };
        if self.detach_session(id) {
            self.people.detach(&name);
        } else {
            self.leave(&name);
        }
    }

    /// A connection is sent nothing of what happens from now on.
    pub(super) fn give_seats_up(&mut self, id: ConnId) {
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        connection.reads = false;
        let seats = connection.positions_mut().enumerate();
        let seats = seats.filter_map(|(nth, it)| Some((nth, it.room, it.seat.take()?)));
        for (nth, room, seat) in seats.collect::<Vec<_>>() {
            if nth > 0 {
                self.rooms[room].room.log.set_reading(false);
            }
            self.give_seat_up(room, seat);
        }
    }

    /// Gives a seat in a room up.
    pub(super) fn give_seat_up(&mut self, room: RoomId, seat: Seat) {
        let moved = self.rooms[room].subscribers.remove(seat);
        let Some(moved) = moved.and_then(|moved| self.connections.get_mut(moved)) else {
            return;
        };
        mark_if(moved.reads, Mark::ReaderMoved);
        if let Some(it) = moved.seated_in(room) {
            it.seat = Some(seat);
        }
    }
}
