//! What was said too soon in a room where one is to wait between two lines: it is kept, and sent again when it is due.

use super::JsonClient;
use super::Unaccepted;
use super::phase::Phase;
use crate::types::time::Timestamp;
use crate::wire::json::{Code, Message};
use crate::wire::printable::printable;
use crate::wire::short::Short;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

/// It is sent no sooner than that after it was refused, so that nobody makes a client send without a pause, and no later.
const WAITS: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(3600)];

impl JsonClient {
    /// Whether this was said, and is not accepted yet.
    pub(super) fn has_said(&self, id: &str) -> bool {
        self.memory.outbox.iter().any(|said| said.id == id)
    }

    /// Whether a message tells that something was said too soon, and the person knows that what they say waits.
    pub(super) fn is_held_already(&self, message: &Message<'_>) -> bool {
        match message {
            Message::Error {
                code: Code::TooSoon,
                id: Some(id),
                ..
            } => {
                let said = self.memory.outbox.iter().find(|said| said.id == *id);
                said.is_some_and(|said| self.connection.held.contains_key(&said.room))
            }
            _ => false,
        }
    }

    /// Something was said too soon: it is kept, with what was typed after it for the same room, and sent again in so many
    /// milliseconds.
    pub(super) fn is_held(&mut self, now: Timestamp, id: &str, wait: u64, why: &str) {
        let said = self.memory.outbox.iter().find(|said| said.id == id);
        let Some(Unaccepted { room, text, .. }) = said else {
            return;
        };
        let (room, text) = (room.clone(), format!("{}", Short(text)));
        let [least, most] = WAITS;
        let due = now + Duration::from_millis(wait).clamp(least, most);
        if self.connection.held.insert(room, due).is_none() {
            let why = printable(why);
            let why = why.strip_prefix("Not sent: ").unwrap_or(&why);
            self.tell(&format!(
                "* Not said yet: \"{text}\": {why} It is kept, and sent then."
            ));
        }
    }

    /// Whether what is typed for the room of this waits.
    pub(super) fn is_holding(&self, said: &Unaccepted) -> bool {
        self.connection.held.contains_key(&said.room)
    }

    /// When something is to be sent again.
    pub(super) fn next_held(&self) -> Option<Timestamp> {
        self.connection.held.values().min().copied()
    }

    /// Sends again what is due, in order: what was accepted meanwhile is not said twice, as its id is known.
    pub(super) fn send_held(&mut self, now: Timestamp) {
        let held = &self.connection.held;
        let due = held.iter().filter(|(_, due)| **due <= now);
        let rooms: Vec<Option<String>> = due.map(|(room, _)| room.clone()).collect();
        for room in rooms {
            self.connection.held.remove(&room);
            let said = self.memory.outbox.iter().filter(|said| said.room == room);
            let lines: String = said.map(Unaccepted::to_line).collect();
            if self.phase == Phase::Talking {
                self.send(&lines);
            }
        }
    }
}
