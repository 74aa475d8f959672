//! The order in which everything happens in all rooms.

use super::{Rooms, Run, add, push};
use crate::mark::{Mark, mark_if};
use crate::room::decide::{Command, Refusal, decide};
use crate::room::{Ordered, RoomId};
use crate::types::entry::{Entry, Kind};
use crate::types::name::Name;
use crate::wire::dialect::Dialect;
use core::mem;

impl Rooms {
    /// Carries a command out in a room. The order of the calls is the order of all that happens.
    pub(in crate::server) fn order<'a>(
        &mut self,
        id: RoomId,
        at: u64,
        command: Command<'a>,
    ) -> Result<Ordered<'a>, Refusal> {
        let slot = self.slots.get_mut(id.0 as usize).and_then(Option::as_mut);
        let hosted = slot.expect("a room that somebody has a place in is in memory");
        let json = hosted.room.log.head(Dialect::Json);
        let ordered = hosted.room.order(&self.names, at, command)?;
        let appended = [
            ordered.line.end - ordered.line.start,
            hosted.room.log.head(Dialect::Json) - json,
        ];
        if id != RoomId::LOBBY {
            let most = appended[0].max(appended[1]);
            self.due += most * hosted.subscribers.len() as u64;
        }
        let run = Run {
            room: id,
            last: hosted.room.log.last(),
            end: ordered.line.end,
        };
        if !mem::replace(&mut hosted.is_unsettled, true) {
            self.unsettled.insert(id);
        }
        let is_visible = !self.is_kept && appended != [0; 2];
        if is_visible && !mem::replace(&mut hosted.is_fresh, true) {
            self.fresh.push(id);
        }
        self.names.evolve(id, &ordered.entry);
        if let (Some(session), Some(given)) = (ordered.entry.sender, ordered.entry.id) {
            self.ids.insert((session, given.into()), (id, run.last));
        }
        self.take_note(run, appended);
        if ordered.entry.kind == Kind::Left {
            self.look_whether_empty(id);
        }
        Ok(ordered)
    }

    /// Gives somebody another name in all their rooms, in the order of the rooms' names. `is_theirs`: they have proved that it
    /// belongs to them.
    pub(in crate::server) fn rename(
        &mut self,
        at: u64,
        name: &Name,
        wanted: &Name,
        is_theirs: bool,
    ) -> Result<(), Refusal> {
        let rooms = self.of(name);
        mark_if(rooms.len() > 1, Mark::RenamedInRooms);
        if rooms.is_empty() {
            return Err(Refusal::NotInTheRoom);
        }
        let command = Command::Rename {
            name,
            wanted,
            is_theirs,
        };
        if let Some(room) = rooms.first() {
            decide(self[*room].room.known(&self.names, at), command.clone())?;
        }
        if self.room_banning(at, name, wanted).is_some() {
            return Err(Refusal::NameBanned); // It is in all their rooms, or in none.
        }
        for room in rooms {
            self.order(room, at, command.clone())?;
        }
        self.names.rename(name, wanted);
        Ok(())
    }

    /// One of somebody's rooms where whoever has a name that they want is kept out.
    pub(in crate::server) fn room_banning(
        &self,
        at: u64,
        name: &Name,
        wanted: &Name,
    ) -> Option<RoomId> {
        let rooms = self.names.rooms(name).iter().copied();
        let is_banning = |room: &RoomId| {
            let known = self[*room].room.known(&self.names, at);
            known.is_name_banned(name, wanted)
        };
        rooms.filter(is_banning).min()
    }

    /// Has something happen to an account. Nobody is sent it; whoever is told of it is told after it is committed.
    pub(in crate::server) fn order_account(&mut self, at: u64, entry: &Entry<'_>) {
        self.accounts.append(at, entry, self.is_kept);
        let seq = self.accounts.last();
        self.names.evolve_claimed(seq, &entry.change());
        self.ordered += 1;
        if self.is_kept {
            let run = Run {
                room: RoomId::ACCOUNTS,
                last: self.accounts.last(),
                end: 0,
            };
            push(&mut self.begun, run);
        } else {
            self.committed = self.ordered;
        }
    }

    /// Takes note of an entry that was appended to a room, and of its bytes in each dialect, of which the room has taken note.
    fn take_note(&mut self, run: Run, bytes: [u64; 2]) {
        self.ordered += 1;
        add(&mut self.appended, bytes);
        if self.is_kept {
            push(&mut self.begun, run);
        } else {
            self.committed = self.ordered;
            add(&mut self.visible, bytes);
            self.show(run);
        }
    }
}
