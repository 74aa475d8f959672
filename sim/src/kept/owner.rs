//! Somebody who comes when all is over, logs in to a name that is claimed, and does in each room what its rank allows: whoever
//! has a right still has it, after however many restarts.

use super::disk::Disk;
use super::wants::RIGHT;
use crate::invariant::Invariant;
use crate::model::rules::Rank;
use chat_core::RoomName;
use chat_core::json::{Code, Message};
use serde_json::json;
use std::collections::BTreeMap;

/// What each makes the time between two lines, which nobody else does.
const SLOW: usize = 3000;

#[derive(Debug)]
pub(super) struct Owner {
    number: usize,
    /// The name that is claimed.
    own: String,
    /// What it is in each room.
    ranks: BTreeMap<RoomName, Rank>,
    /// What was answered to each request, by its id.
    answers: BTreeMap<String, Result<(), Code>>,
}

impl Owner {
    pub(super) fn new(number: usize, own: &str, disk: &Disk) -> Self {
        let rank = |room: &RoomName| (room.clone(), disk.law.rank(room, own));
        Self {
            number,
            own: own.into(),
            ranks: disk.rooms().map(rank).collect(),
            answers: BTreeMap::new(),
        }
    }

    pub(super) fn own(&self) -> &str {
        &self.own
    }

    /// All that it sends, at once.
    pub(super) fn connects(&mut self) -> String {
        self.answers.clear();
        let mut lines = format!("JOIN {}\n", json!({"name": "auditor"}));
        let mut send = |object: serde_json::Value| {
            lines.push_str(&object.to_string());
            lines.push('\n');
        };
        send(json!({"type": "login", "name": self.own, "password": RIGHT, "id": "login"}));
        for room in self.ranks.keys() {
            let (name, slow) = (room.as_str(), SLOW + self.number);
            if !room.is_lobby() {
                send(json!({"type": "join", "room": name, "id": format!("join {name}")}));
            }
            send(json!({
                "type": "order", "do": "slow", "seconds": slow, "room": name, "id": format!("slow {name}"),
            }));
        }
        lines
    }

    pub(super) fn hears(&mut self, line: &str) {
        match serde_json::from_str(line) {
            Ok(
                Message::Account { id: Some(id), .. }
                | Message::In { id: Some(id), .. }
                | Message::Accepted { id: Some(id), .. },
            ) => {
                self.answers.insert(id.into(), Ok(()));
            }
            Ok(Message::Error {
                code, id: Some(id), ..
            }) => {
                self.answers.insert(id.into(), Err(code));
            }
            _ => {}
        }
    }

    /// It was let in, and answered what it may.
    pub(super) fn is_at_rest(&self) {
        let answer = |id: &str| self.answers.get(id).copied();
        match answer("login") {
            Some(Ok(())) => {}
            // It may have been tried too often, or the name be one that may not come in.
            Some(Err(Code::TooManyGuesses | Code::Banned | Code::Busy)) | None => return,
            Some(Err(code)) => Invariant::OwnNames
                .is_broken(&format!("{} is not given its name: {code:?}", self.own)),
        }
        for (room, rank) in &self.ranks {
            if let Some(Err(Code::TooManyRooms | Code::NotKept)) = answer(&format!("join {room}")) {
                continue;
            }
            let done = answer(&format!("slow {room}"));
            let is_right = (*rank >= Rank::Operator) == (done == Some(Ok(())));
            Invariant::Rights.holds(is_right, || {
                format!(
                    "{}, which is {rank:?} in {room}, is answered {:?}",
                    self.own, self.answers
                )
            });
        }
    }
}
