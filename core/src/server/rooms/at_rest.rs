//! Rooms in which something is to be done, and those in which nothing is, or nobody.

use super::Rooms;
use crate::mark::{Mark, mark};
use crate::room::RoomId;
use crate::types::entry::SessionId;
use alloc::vec::Vec;
use core::mem;

impl Rooms {
    /// The rooms that have something to send since this was asked last; a sweep through them begins.
    pub(in crate::server) fn begin_sweep(&mut self) -> Vec<RoomId> {
        self.sweeps += 1;
        let rooms = mem::take(&mut self.fresh);
        for id in &rooms {
            let sweeps = self.sweeps;
            let hosted = &mut self[*id];
            (hosted.is_fresh, hosted.swept) = (false, sweeps);
        }
        rooms
    }

    /// Whether the last sweep that began is through all of these.
    pub(in crate::server) fn has_swept(&self, rooms: &[RoomId]) -> bool {
        rooms
            .iter()
            .all(|id| !self.has(*id) || self[*id].swept == self.sweeps)
    }

    /// The rooms for which a round that begins has something to do.
    pub(in crate::server) fn unsettled(&self) -> impl Iterator<Item = RoomId> {
        self.unsettled.iter().copied()
    }

    /// The next round that begins has something to do for a room.
    pub(in crate::server) fn unsettle(&mut self, id: RoomId) {
        if !mem::replace(&mut self[id].is_unsettled, true) {
            self.unsettled.insert(id);
        }
    }

    /// Of these, those that are at rest have to be looked at no more, until something happens in them.
    pub(in crate::server) fn settle(&mut self, rooms: &[RoomId]) {
        for id in rooms {
            if self[*id].is_at_rest() {
                self[*id].is_unsettled = false;
                self.unsettled.remove(id);
            }
        }
    }

    /// Lets go of the rooms in which nobody is; the sessions whose ids are not in memory any more for that.
    pub(in crate::server) fn let_go(&mut self) -> Vec<SessionId> {
        let mut forgotten = Vec::new();
        for id in mem::take(&mut self.vacated) {
            if self[id].is_vacant() {
                self.let_go_of(id, &mut forgotten);
            } else if self[id].is_empty() {
                self.vacated.insert(id); // Something of it is still to be done.
            }
        }
        forgotten
    }

    /// One more connection has a cursor in a room.
    pub(in crate::server) fn attach(&mut self, id: RoomId) {
        self[id].cursors += 1;
    }

    /// One fewer has.
    pub(in crate::server) fn detach(&mut self, id: RoomId) {
        self[id].cursors -= 1;
        self.look_whether_empty(id);
    }

    pub(in crate::server) fn look_whether_empty(&mut self, id: RoomId) {
        if id != RoomId::LOBBY && self[id].is_empty() {
            self.vacated.insert(id);
        }
    }

    /// The seats that are taken in a room; none in one that is not in memory any more.
    pub(in crate::server) fn seats(&self, id: RoomId) -> usize {
        let hosted = self.slots.get(id.0 as usize).and_then(Option::as_ref);
        hosted.map_or(0, |it| it.subscribers.len())
    }

    /// Lets go of a room in which nobody is.
    fn let_go_of(&mut self, id: RoomId, forgotten: &mut Vec<SessionId>) {
        mark(Mark::RoomLetGo);
        if let Some(hosted) = self.slots.get_mut(id.0 as usize).and_then(Option::take) {
            for (sender, _) in hosted.room.log.said() {
                self.ids.remove(&sender);
                forgotten.push(sender.0);
            }
            if self.is_kept && hosted.log().last() == 0 {
                self.stored -= 1; // Nothing ever happened in it.
            }
            if !self.is_kept && hosted.name.is_conversation() {
                self.accounts.forget(&hosted.name); // What waits of it is gone.
            }
            self.by_name.remove(&hosted.name);
            self.free.push(id);
            self.fresh.retain(|it| *it != id);
            self.unsettled.remove(&id);
            self.let_go += 1;
        }
    }
}
