//! Who comes into the room, and who goes.

use super::Server;
use super::connection::Connection;
use super::io::Action;
use super::phase::{Event, Phase};
use crate::mark::{Mark, mark, mark_if};
use crate::room::decide::Command;
use crate::types::conn_id::ConnId;
use crate::types::entry::SessionId;
use crate::types::limits::MAX_NAME;
use crate::types::name::Name;
use crate::wire::dialect::Dialect;
use crate::wire::notice::Notice;
use alloc::string::String;

impl Server {
    /// Nobody of that name is in the room any more, and everyone is told.
    pub(super) fn leave(&mut self, name: &Name) {
        let now = self.wall();
        let _ = self.room.order(now, Command::Leave(name));
        self.people.leave(name);
    }

    /// The first line is `JOIN`.
    pub(super) fn join(&mut self, id: ConnId, asked: Option<&str>) {
        if self.phase(id) == Phase::Greeting {
            return self.enter(id, Event::Join, asked);
        }
        mark(Mark::JoinAfterSilence);
        self.step(id, Event::Join);
        if let Some((name, _)) = self.connections.get(id).and_then(|c| c.membership.clone()) {
            self.tell(id, Notice::InAlready(&name));
        }
    }

    /// Brings a connection into the room.
    pub(super) fn enter(&mut self, id: ConnId, event: Event, asked: Option<&str>) {
        if !self.may_join(id) {
            return;
        }
        self.step(id, event);
        mark_if(event == Event::Quiet, Mark::JoinedBySilence);
        self.set_deadline(id, None);
        let (name, told) = self.admit(id, asked, None);
        let place = self.room.log.head(Dialect::Text);
        let seat = self.subscribers.add(id);
        let now = self.wall();
        self.people.enter(&name, Some(id), now);
        if let Some(connection) = self.connections.get_mut(id) {
            connection.cursor = crate::room::cursor::Cursor::new(place);
            connection.membership = Some((name.clone(), seat));
            connection.barrier = self.room.log.last();
        }
        self.tell(id, Notice::Welcome);
        if let Some(notice) = told {
            self.note(id, &notice);
        }
        self.actions.push_back(Action::Joined(id, name));
    }

    /// Finds a name for a connection that comes in, and has everyone told; what it is told itself if
    /// it is not the one it asked for.
    pub(super) fn admit(
        &mut self,
        id: ConnId,
        asked: Option<&str>,
        session: Option<SessionId>,
    ) -> (Name, Option<String>) {
        let (port, dialect) = match self.connections.get(id) {
            Some(connection) => (connection.peer.port, connection.dialect),
            None => (0, Dialect::Text),
        };
        let asked = asked.map(|text| (text, Name::parse(text)));
        let wanted = match &asked {
            Some((_, Ok(name))) if !name.is_reserved() => name.clone(),
            _ => Name::of_port(port),
        };
        let command = Command::Join {
            wanted: wanted.clone(),
            port,
            session,
        };
        let now = self.wall();
        let ordered = self.room.order(now, command);
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
                let by = self.room.state.alike(asked).find(|by| *by != given);
                let by = by.unwrap_or(asked);
                Some(Notice::NameTaken { asked, by, given })
            }
            _ => None,
        };
        let notice = notice.map(|notice| notice.to_line(dialect));
        (name, notice)
    }

    pub(super) fn leave_room(&mut self, id: ConnId) {
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        if let Some(seat) = connection.reading.take() {
            let moved = self.subscribers.remove_reader(seat);
            return self.has_moved(moved, seat);
        }
        let Some((name, seat)) = connection.membership.take() else {
            return;
        };
        self.unsubscribe(seat);
        if self.detach_session(id) {
            self.people.detach(&name);
        } else {
            self.leave(&name);
        }
    }

    /// Gives a seat up.
    pub(super) fn unsubscribe(&mut self, seat: usize) {
        let moved = self.subscribers.remove(seat);
        self.has_moved(moved, seat);
    }

    /// A connection sits in this seat now.
    fn has_moved(&mut self, moved: Option<ConnId>, seat: usize) {
        let moved = moved.and_then(|moved| self.connections.get_mut(moved));
        mark_if(
            moved.as_ref().is_some_and(|c| c.reading.is_some()),
            Mark::ReaderMoved,
        );
        if let Some(
            Connection {
                membership: Some((_, its_seat)),
                ..
            }
            | Connection {
                reading: Some(its_seat),
                ..
            },
        ) = moved
        {
            *its_seat = seat;
        }
    }
}
