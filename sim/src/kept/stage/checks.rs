//! What is held against the disk and the screen of a world around a store.

use super::Stage;
use crate::invariant::Invariant;
use crate::kept::client::Client;
use crate::kept::people::People;
use crate::kept::person::line_of;
use chat_core::{Kind, Record, RoomName};
use std::collections::{BTreeMap, BTreeSet};

impl Stage<'_> {
    /// Where there is no room, nothing is written but what has to be.
    pub(super) fn check_room(&self) {
        let Some(since) = self.disk.full_since else {
            return;
        };
        for record in self.disk.under_way() {
            let has_to_be = record.kind == Kind::Left || record.at <= since;
            Invariant::Limits.holds(has_to_be, || {
                format!("{} takes the last room", line_of(record))
            });
        }
    }

    /// Nothing is shown that is not kept.
    pub(super) fn check_screen(&mut self) {
        let lines = String::from_utf8_lossy(&self.shown).into_owned();
        for line in lines.lines() {
            // What happens to accounts is not shown.
            while self
                .disk
                .all
                .get(self.next_shown)
                .is_some_and(|it| it.room.is_accounts())
            {
                self.next_shown += 1;
            }
            let kept = self.disk.all.get(self.next_shown).map(shown_line);
            Invariant::Kept.holds(kept.as_deref() == Some(line), || {
                format!("{line:?} is shown, and {kept:?} kept")
            });
            self.next_shown += 1;
        }
        self.shown.clear();
    }

    /// What is on the disk makes sense.
    pub(super) fn check_disk(&self) {
        let mut rooms: BTreeMap<&RoomName, (u64, People)> = BTreeMap::new();
        let mut ids = BTreeSet::new();
        for entry in self.disk.all.iter().filter(|it| !it.room.is_accounts()) {
            let (last, people) = rooms.entry(&entry.room).or_default();
            *last += 1;
            let told = || format!("entry {last} of {} is {}", entry.room, line_of(entry));
            Invariant::OneOrder.holds(entry.seq == *last, told);
            Invariant::OneStay.holds(people.follow(entry), told);
            if let (Some(id), None) = (&entry.id, self.world.keep) {
                Invariant::SaidOnce.holds(ids.insert((entry.sender, id)), told);
            }
        }
        let mut due: BTreeMap<RoomName, BTreeSet<String>> = BTreeMap::new();
        let mut names = BTreeSet::new();
        for (number, client) in self.clients.iter().enumerate() {
            let (there, name) = (client.rooms(), client.name());
            // Between what comes of two rooms there is no order: a client may take somebody else's new name for its own.
            let name = self.disk.law.name_of(number).unwrap_or(name);
            let is_free = there.is_empty() || names.insert(name.to_ascii_lowercase());
            Invariant::OneName.holds(is_free, || format!("two are called {name}"));
            for room in there {
                due.entry(room).or_default().insert(name.into());
            }
        }
        let there = rooms
            .into_iter()
            .map(|(room, (_, people))| (room.clone(), people.names));
        let there: BTreeMap<RoomName, BTreeSet<String>> =
            there.filter(|(_, names)| !names.is_empty()).collect();
        Invariant::Rosters.holds(there == due, || {
            format!("{there:?} are in the rooms, and {due:?} are there")
        });
    }

    /// Some of those to whom names belong come back to them, and have the rights that are theirs.
    pub(super) fn ask_owners(&mut self) {
        let accounts = self.disk.law.accounts.all();
        let names: Vec<String> = accounts.map(|it| it.name.clone()).take(2).collect();
        for name in names {
            let number = self.clients.len();
            self.clients.push(Client::owner(number, &name, &self.disk));
            self.come_to_rest();
            self.clients[number].is_at_rest(&self.disk);
            self.clients[number].is_over = true;
        }
    }

    /// Somebody who was never there reads all that is kept.
    pub(super) fn audit(&mut self) {
        let number = self.clients.len();
        let auditor = Client::auditor(number, &self.disk);
        self.clients.push(auditor);
        self.come_to_rest();
        self.clients[number].is_at_rest(&self.disk);
    }
}

/// An entry as the server's screen shows it.
fn shown_line(entry: &Record) -> String {
    let line = line_of(entry);
    if entry.room.is_lobby() {
        line
    } else {
        format!("[{}] {line}", entry.room)
    }
}
