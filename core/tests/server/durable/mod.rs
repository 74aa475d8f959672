//! A room that a store keeps: nothing happens for anybody before it is there to stay.

mod commits;
mod disk;
mod failures;
mod restarts;
mod rooms;

use super::json::{objects, program, say, token};
use super::world::World;
use chat_core::{Action, ConnId, History, Input, Limits, Origin, Record, RoomName, Server, State};
use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

/// A server, and what is in its store.
pub(super) struct Kept {
    pub(super) world: World,
    pub(super) store: Vec<Record>,
    /// What is being put into it.
    pub(super) batch: Vec<Record>,
    /// Which entries can be read in it.
    pub(super) is_readable: fn(u64) -> bool,
}

impl Deref for Kept {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl DerefMut for Kept {
    fn deref_mut(&mut self) -> &mut World {
        &mut self.world
    }
}

impl Kept {
    pub(super) fn new(limits: Limits, store: Vec<Record>, newest: usize) -> Self {
        let mut world = World::new(limits.clone());
        let mut names: Vec<RoomName> = store.iter().map(|record| record.room.clone()).collect();
        names.push(RoomName::LOBBY);
        names.sort();
        names.dedup();
        let stored = names.len();
        let rooms = names.into_iter().map(|name| {
            let history = history(&store, &name, newest);
            (name, history)
        });
        let is_used = |(name, history): &(RoomName, History)| {
            name.is_lobby() || history.state != State::default()
        };
        let rooms = rooms.filter(is_used).collect();
        let origin = Origin {
            // Each life of a server gives out tokens of its own.
            secret: chat_core::Secret([u8::try_from(store.len()).unwrap(); 32]),
            ..Origin::default()
        };
        world.server = Server::restored(limits, origin, rooms, stored);
        Self {
            world,
            store,
            batch: Vec::new(),
            is_readable: |_| true,
        }
    }

    /// Begins to put what happened into the store; how many entries that are.
    pub(super) fn begin(&mut self) -> usize {
        let batch = &mut self.batch;
        self.world.server.begin_commit(batch);
        batch.len()
    }

    /// It is there.
    pub(super) fn done(&mut self) {
        self.store.append(&mut self.batch);
        // A store erases the texts that are to be gone.
        let orders: Vec<(RoomName, u64)> = self
            .store
            .iter()
            .filter_map(|it| Some((it.room.clone(), it.redacts()?)))
            .collect();
        let is_gone = |it: &&mut Record| orders.contains(&(it.room.clone(), it.seq));
        for record in self.store.iter_mut().filter(is_gone) {
            record.text = "".into();
        }
        self.handle(Input::Committed(1));
    }

    /// Puts everything into the store.
    pub(super) fn commit(&mut self) {
        while self.begin() > 0 {
            self.done();
        }
        let mut last: BTreeMap<&RoomName, u64> = BTreeMap::new();
        for record in &self.store {
            let last = last.entry(&record.room).or_default();
            *last += 1;
            assert_eq!(record.seq, *last, "in {}", record.room);
        }
    }

    /// Does what is asked of the store, until nothing is.
    pub(super) fn answer(&mut self) {
        while self.answer_one() {}
    }

    /// Does what is asked of it next; whether anything is.
    pub(super) fn answer_one(&mut self) -> bool {
        let next = self.asked.pop();
        let is_asked = next.is_some();
        if let Some(action) = next {
            let (world, store) = (&mut self.world, &self.store);
            match action {
                Action::Read(conn, room, after, most) => {
                    let of_room = |record: &&Record| record.room == room && record.seq > after;
                    let kept = store.iter().filter(of_room);
                    let kept: Vec<Record> = kept.take(most).cloned().collect();
                    let oldest = store.iter().find(|record| record.room == room);
                    let oldest = oldest.map_or(u64::MAX, |record| record.seq);
                    let is_whole = kept.iter().all(|record| (self.is_readable)(record.seq));
                    world.handle(if is_whole {
                        Input::Kept(conn, oldest, &kept)
                    } else {
                        Input::Unreadable(conn)
                    });
                }
                Action::Find(conn, session, id) => {
                    let is_it =
                        |r: &&Record| r.sender == Some(session) && r.id.as_ref() == Some(&id);
                    world.handle(Input::Found(conn, store.iter().find(is_it)));
                }
                Action::Open(conn, room) => {
                    let history = history(store, &room, 4);
                    world.handle(Input::Opened(conn, &history));
                }
                _ => {}
            }
        }
        is_asked
    }

    /// The server is killed and started again, with so many of the newest entries in memory.
    pub(super) fn restart(self, newest: usize) -> Self {
        Self::new(Limits::default(), self.store, newest)
    }
}

/// What a store has of a room.
fn history(store: &[Record], name: &RoomName, newest: usize) -> History {
    let records: Vec<Record> = store
        .iter()
        .filter(|it| it.room == *name)
        .cloned()
        .collect();
    let mut state = State::default();
    for record in &records {
        state.fold(record);
    }
    History {
        first: 1,
        last: records.len() as u64,
        newest: records[records.len().saturating_sub(newest)..].to_vec(),
        state,
    }
}

/// A store that has this many lines, each said by ann with its number for an id, and her token.
pub(super) fn talk(lines: usize) -> (Kept, String) {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let (ann, _) = program(&mut k, r#"{"name":"ann"}"#);
    k.commit();
    let answer = objects(&mut k, ann);
    for n in 0..lines {
        k.receive(ann, say(&format!("line {n}"), &n.to_string()));
        k.commit();
    }
    k.look(ann);
    (k, token(&answer))
}

/// ann, and somebody who is in the room because they were silent.
pub(super) fn with_silent() -> (Kept, ConnId, ConnId) {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let ann = k.join("ann");
    let silent = k.accept(9);
    k.wait(Limits::default().first_line);
    k.commit();
    k.look(silent);
    (k, ann, silent)
}
