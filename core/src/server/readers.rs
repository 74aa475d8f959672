//! Readers: who is sent what happens without being in the room (PROTOCOL.md, "Readers").

use super::Server;
use super::asking::From;
use super::phase::{Event, Phase};
use crate::mark::{Mark, mark, mark_if};
use crate::room::RoomId;
use crate::types::conn_id::ConnId;
use crate::types::secret::Secret;
use crate::wire::json::{self, Hello, Message};

impl Server {
    /// The first line asks to read, and its connection has its lines in the JSON dialect by now.
    pub(super) fn let_read(&mut self, id: ConnId, hello: &Hello<'_>) {
        if !self.is_let_in(id, None) {
            return;
        }
        mark(Mark::ReadingBegun);
        mark_if(self.phase(id) == Phase::Silent, Mark::ReadingAfterSilence);
        self.step(id, Event::Read);
        let seat = self.rooms[RoomId::LOBBY].subscribers.add(id);
        if let Some(connection) = self.connections.get_mut(id) {
            connection.reads = true;
            connection.main.seat = Some(seat);
            connection.barrier = self.rooms.ordered();
        }
        let lobby = self.rooms.lobby();
        let last = lobby.log().last();
        let welcome = Message::Welcome {
            version: json::VERSION,
            room: json::ROOM.into(),
            name: "".into(),
            session: Secret::default(),
            epoch: lobby.log().epoch().into(),
            head: last,
            resumed: false,
            grace_ms: 0,
            here: Some(lobby.room.state.members().len() as u64),
            outside: false,
            read: true,
        };
        let welcome = welcome.to_line();
        self.note(id, &welcome);
        self.tell_if_disk_full(id);
        self.go_on_after(id, RoomId::LOBBY, &From::of_lobby(hello), last);
    }
}
