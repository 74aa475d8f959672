//! Who is in the room, for a shell that completes names: asked for by the way, and shown to nobody.

use super::JsonClient;
use super::phase::Phase;
use crate::types::room_name::RoomName;
use crate::wire::json::{Message, ROOM, Request as Ask};
use alloc::borrow::Cow;
use alloc::string::String;

/// What a connection was asked for of the names in a room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Asked {
    /// The room that was asked about last.
    of: Option<RoomName>,
    /// The answer has not come yet.
    is_due: bool,
}

impl JsonClient {
    /// Asks who is in the room where the person is, unless it was asked on this connection.
    pub(super) fn ask_who_is_here(&mut self) {
        let asked = &self.connection.names;
        if self.phase != Phase::Talking || asked.is_due || asked.of.as_ref() == Some(&self.here) {
            return;
        }
        self.connection.names = Asked {
            of: Some(self.here.clone()),
            is_due: true,
        };
        let room = (!self.here.is_lobby()).then(|| Cow::Owned(String::from(self.here.as_str())));
        self.request(&Ask::Who { room });
    }

    /// Takes the answer to that: a line as `/who` has it. Where the person has asked as well, one of the two answers, which are
    /// the same, is theirs.
    pub(super) fn take_names(&mut self, message: &Message<'_>) -> bool {
        let Message::Who { room, names, more } = message else {
            return false;
        };
        let asked = &mut self.connection.names;
        let of = room.as_deref().unwrap_or(ROOM);
        let is_it = asked.is_due && asked.of.as_ref().is_some_and(|it| it.as_str() == of);
        if is_it {
            asked.is_due = false;
            // Nobody addresses themselves.
            let own = self.memory.name.as_deref();
            let others = names.iter().filter(|name| Some(&***name) != own);
            self.names = super::answer_line(&Message::Who {
                room: room.clone(),
                names: others.cloned().collect(),
                more: *more,
            });
        }
        is_it
    }
}
