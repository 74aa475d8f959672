//! The answer to `/who` and to `who`: who is in the room, as far as a line goes.

use super::Server;
use crate::room::RoomId;
use crate::types::conn_id::ConnId;
use crate::types::limits::MAX_LINE;
use crate::types::name::Name;
use crate::wire::dialect::Dialect;
use crate::wire::json::Message;
use crate::wire::notice::who;
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

impl Server {
    /// The name of a room, where it is said: of the lobby it is not.
    pub(super) fn named(&self, room: RoomId) -> Option<Cow<'static, str>> {
        let name = (room != RoomId::LOBBY).then(|| self.rooms[room].name.as_str());
        name.map(|name| Cow::Owned(name.into()))
    }

    /// Tells a connection who is in the room.
    pub(super) fn answer_who(&mut self, id: ConnId, room: RoomId) {
        let dialect = self.connections.get(id).map(|c| c.dialect);
        let members = self.rooms[room].room.state.members();
        let answer = match dialect {
            Some(Dialect::Json) => in_json(self.named(room), members),
            _ => who(members),
        };
        self.note_in(id, room, &answer);
    }
}

fn in_json<'a>(
    room: Option<Cow<'_, str>>,
    members: impl ExactSizeIterator<Item = &'a Name>,
) -> String {
    let count = members.len();
    let mut length = 0;
    let fits = |name: &&Name| {
        length += name.as_str().len() + "\"\",".len();
        length < MAX_LINE
    };
    let names: Vec<Cow<'_, str>> = members
        .take_while(fits)
        .map(|name| name.as_str().into())
        .collect();
    let more = count - names.len();
    Message::Who { room, names, more }.to_line()
}
