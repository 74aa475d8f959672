//! What a program is refused, and what it does then.

use super::{JOIN, PART, Program, TOPIC, WANT, parsed};
use crate::invariant::Invariant;
use crate::kept::disk::Disk;
use chat_core::RoomName;
use chat_core::json::Code;

impl Program {
    /// Something was not done.
    pub(super) fn is_refused(
        &mut self,
        code: Code,
        id: Option<&str>,
        line: &str,
        disk: &Disk,
    ) -> String {
        let id = id.unwrap_or_default();
        let join = id.strip_prefix(JOIN).map(|room| parsed(Some(room)));
        let part = id.strip_prefix(PART).map(|room| parsed(Some(room)));
        let is_in_place = match code {
            Code::NameTaken | Code::NameClaimed => true,
            // What it wants may be refused for much, and what it says where it is silent.
            _ if id.starts_with(WANT) => code != Code::BadRequest || self.knows_full,
            Code::Muted | Code::TooSoon => self.is_kept_silent(id),
            // That of a room, which it asked for in its first line or then.
            Code::Banned | Code::NotInvited | Code::TooManyRooms => join.is_some() || id.is_empty(),
            // It is said again when there is room.
            Code::DiskFull => self.knows_full,
            Code::NotKept => disk.is_damaged() && (join.is_some() || id.is_empty()),
            Code::Unchanged => join.is_some(),
            Code::LastRoom => part.is_some(),
            Code::IdReused => {
                let is_told = self.reused > 0;
                self.reused = self.reused.saturating_sub(1);
                is_told && self.first.as_ref().is_some_and(|first| first.id == id)
            }
            Code::NotInRoom => !id.is_empty() || self.has_asked(line),
            _ => false,
        };
        Invariant::InItsPlace.holds(is_in_place, || {
            format!(
                "{line} to {}, who {} that the disk is full",
                self.name,
                if self.knows_full {
                    "knows"
                } else {
                    "was not told"
                }
            )
        });
        match (join, part) {
            (Some(room), _) if code == Code::Unchanged => {
                if let Some(seat) = self.seats.get_mut(&room) {
                    seat.is_asked = false;
                }
            }
            (Some(room), _) => self.is_not_let_in(&room),
            (_, Some(room)) => {
                if let Some(seat) = self.seats.get_mut(&room) {
                    (seat.is_asked, seat.parts) = (false, false);
                }
            }
            _ if code == Code::NotInRoom => return self.was_not_there(id),
            _ => {}
        }
        String::new()
    }

    /// It has asked something of the room that it is told it is not in: it may have been removed before that was heard.
    fn has_asked(&mut self, line: &str) -> bool {
        let is_it = |room: &RoomName| line.contains(&format!("you are not in {room}."));
        let nth = self.questions.iter().position(is_it);
        nth.map(|nth| self.questions.remove(nth)).is_some()
    }

    /// It may not say something for the moment: it is not said.
    pub(super) fn is_kept_silent(&mut self, id: &str) -> bool {
        if id.starts_with(TOPIC) {
            return true;
        }
        let is_reused = self.first.as_ref().is_some_and(|first| first.id == id);
        if is_reused && self.reused > 0 {
            self.reused -= 1;
            return true;
        }
        self.outbox.retain(|said| said.id != id);
        true
    }

    pub(super) fn is_not_let_in(&mut self, room: &RoomName) {
        let next = self.seats.remove(room).and_then(|seat| seat.next);
        self.places.extend(next.map(|next| (room.clone(), next)));
        self.outbox.retain(|said| said.room != *room);
        if self.here == *room {
            self.speaks_elsewhere();
        }
    }

    /// It was not in the room where it said this: it says it there once it is, unless it is not to be.
    pub(super) fn was_not_there(&mut self, id: &str) -> String {
        let Some(nth) = self.outbox.iter().position(|said| said.id == id) else {
            return String::new();
        };
        match self.seats.get_mut(&self.outbox[nth].room) {
            Some(seat) if seat.is_in && !seat.parts => return self.outbox[nth].to_line(),
            Some(seat) if !seat.parts => seat.is_refused = true,
            _ => drop(self.outbox.remove(nth)),
        }
        String::new()
    }
}
