//! Readers: who is sent what happens without being in the room (PROTOCOL.md, "Readers").

use super::Server;
use super::phase::{Event, Phase};
use crate::mark::{Mark, mark, mark_if};
use crate::types::conn_id::ConnId;
use crate::types::secret::Secret;
use crate::wire::json::{self, Hello, Message};

impl Server {
    /// The first line asks to read, and its connection has its lines in the JSON dialect by now.
    pub(super) fn let_read(&mut self, id: ConnId, hello: &Hello<'_>) {
        mark(Mark::ReadingBegun);
        mark_if(self.phase(id) == Phase::Silent, Mark::ReadingAfterSilence);
        self.step(id, Event::Read);
        let seat = self.subscribers.add_reader(id);
        let last = self.room.log.last();
        if let Some(connection) = self.connections.get_mut(id) {
            connection.reading = Some(seat);
            connection.barrier = last;
        }
        let welcome = Message::Welcome {
            version: json::VERSION,
            room: json::ROOM.into(),
            name: "".into(),
            session: Secret::default(),
            epoch: self.room.log.epoch().into(),
            head: last,
            resumed: false,
            grace_ms: 0,
            here: Some(self.room.state.members().len() as u64),
            read: true,
        };
        let welcome = welcome.to_line();
        self.note(id, &welcome);
        self.tell_if_disk_full(id);
        self.go_on_after(id, hello, last);
    }
}
