//! Many rooms in one log.

mod cost;
mod losses;

use crate::disk::Memory;
use crate::try_open;
use crate::{ALL, ANN, LOBBY, Step, any_steps, error, fold, idle, joined, left, open, place, said};
use chat_core::{Record, RoomName, State};
use chat_net::store::{Fault, Reader, Retention, RoomHead, Store, check, export, import};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn room(name: &str) -> RoomName {
    RoomName::parse(name).unwrap()
}

/// The same entry in another room.
fn of(name: &str, record: Record) -> Record {
    let room = room(name);
    Record { room, ..record }
}

/// What a log of several rooms is to tell.
#[derive(Clone, Debug, Default)]
struct Model {
    all: Vec<Record>,
}

impl Model {
    fn rooms(&self) -> BTreeMap<RoomName, Vec<Record>> {
        let mut rooms: BTreeMap<RoomName, Vec<Record>> = BTreeMap::new();
        rooms.insert(LOBBY, Vec::new());
        rooms.insert(room("never"), Vec::new());
        for record in &self.all {
            rooms
                .entry(record.room.clone())
                .or_default()
                .push(record.clone());
        }
        rooms
    }

    /// How a room stands, where the log holds its entries from this offset on.
    fn head(&self, room: &RoomName, first: u64) -> RoomHead {
        let first = usize::try_from(first - 1).unwrap();
        let count = |all: &[Record]| all.iter().filter(|it| it.room == *room).count() as u64;
        let of_room = self.all.iter().filter(|it| it.room == *room);
        RoomHead {
            first: count(&self.all[..first]) + 1,
            last: count(&self.all),
            state: fold(&of_room.cloned().collect::<Vec<_>>()),
        }
    }

    /// A store tells of every room what it is to tell.
    fn verify(&self, store: &Store) -> Result<(), TestCaseError> {
        let reader = store.reader();
        prop_assert_eq!(store.head(), self.all.len() as u64);
        let mut with_people = Vec::new();
        for (name, all) in self.rooms() {
            let head = self.head(&name, store.first());
            prop_assert_eq!(&store.room(&name).unwrap(), &head, "{}", name);
            prop_assert_eq!(&reader.room(&name).unwrap(), &head);
            prop_assert_eq!(reader.first(&name).unwrap(), head.first);
            let kept = &all[usize::try_from(head.first - 1).unwrap()..];
            prop_assert_eq!(&read_all(&reader, &name), kept);
            if head.state.has_members() && !name.is_lobby() {
                with_people.push((name, head));
            }
        }
        with_people.insert(0, (LOBBY, self.head(&LOBBY, store.first())));
        prop_assert_eq!(store.rooms_with_people().unwrap(), with_people);
        Ok(())
    }
}

/// All that can be read of a room, page by page.
fn read_all(reader: &Reader, room: &RoomName) -> Vec<Record> {
    let mut all: Vec<Record> = Vec::new();
    loop {
        let after = all.last().map_or(0, |record| record.seq);
        let page = reader.read(room, after, 7).unwrap();
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

/// The same steps, with each entry in a room, some of which have many, and some few.
fn in_rooms(mut steps: Vec<Step>, seed: u64) -> Vec<Step> {
    let mut dice = crate::dice(seed);
    let mut last: BTreeMap<RoomName, u64> = BTreeMap::new();
    // Some logs have the lobby alone for a while, or for good.
    let mut alone = dice(120);
    for step in &mut steps {
        let Step::Append(records) = step else {
            continue;
        };
        for record in records {
            let sides = if alone > 0 { 1 } else { 20 };
            alone = alone.saturating_sub(1);
            record.room = match dice(sides) {
                0..8 => LOBBY,
                8..14 => room("dev"),
                14..18 => room("a"),
                _ => room(&format!("r{}", dice(12))),
            };
            let last = last.entry(record.room.clone()).or_default();
            *last += 1;
            record.seq = *last;
        }
    }
    steps
}

fn steps_in_rooms(most: usize) -> impl Strategy<Value = Vec<Step>> {
    (any_steps(most), any::<u64>()).prop_map(|(steps, seed)| in_rooms(steps, seed))
}

/// Does the steps; what was appended.
fn run(disk: &Memory, keep: &Retention, steps: Vec<Step>) -> (Store, Model) {
    let mut store = try_open(disk, keep).unwrap();
    let mut model = Model::default();
    for step in steps {
        match step {
            Step::Append(records) => {
                store.append(&records).unwrap();
                model.all.extend(records);
            }
            Step::Upkeep(times) => {
                let mut upkeep = store.upkeep();
                for _ in 0..times {
                    upkeep.step().unwrap();
                }
            }
            Step::Reopen => {
                drop(store);
                store = try_open(disk, keep).unwrap();
            }
        }
    }
    (store, model)
}

fn keeps() -> impl Strategy<Value = Retention> {
    prop_oneof![Just(None), (1_u64..80).prop_map(Some)].prop_map(|count| Retention { count, ..ALL })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn whatever_is_appended_is_read_in_its_room(
        steps in steps_in_rooms(40),
        keep in keeps(),
        pages in prop::collection::vec((0_u64..60, 0_usize..40), 10),
    ) {
        let disk = Memory::default();
        let (mut store, model) = run(&disk, &keep, steps);
        for is_reopened in [false, true] {
            model.verify(&store)?;
            for (name, all) in model.rooms() {
                let held = store.room(&name).unwrap().first;
                for (after, limit) in &pages {
                    let from = usize::try_from((after + 1).max(held) - 1).unwrap().min(all.len());
                    let to = (from + limit).min(all.len());
                    prop_assert_eq!(&store.read(&name, *after, *limit).unwrap(), &all[from..to]);
                }
            }
            let held = &model.all[usize::try_from(store.first() - 1).unwrap()..];
            for record in held {
                let (Some(sender), Some(id)) = (record.sender, &record.id) else {
                    continue;
                };
                let is_same = |it: &&Record| it.sender == Some(sender) && it.id.as_ref() == Some(id);
                let newest = held.iter().rev().find(is_same).cloned();
                prop_assert_eq!(store.find(&sender, id).unwrap(), newest);
            }
            if !is_reopened {
                idle(&store);
                model.verify(&store)?;
                drop(store);
                let report = check(place(&disk)).unwrap();
                prop_assert_eq!((report.entries, report.missing), (held.len() as u64, vec![]));
                store = try_open(&disk, &keep).unwrap();
            }
        }
    }

    #[test]
    fn what_is_exported_is_imported_with_its_rooms(steps in steps_in_rooms(20), keep in keeps()) {
        let disk = Memory::default();
        let (store, model) = run(&disk, &keep, steps);
        let (first, epoch) = (store.first(), store.epoch());
        drop(store);
        let mut lines = Vec::new();
        export(place(&disk), &mut lines).unwrap();
        let other = Memory::default().copy();
        let report = import(place(&other), lines.as_slice()).unwrap();
        prop_assert_eq!((report.first, &report.epoch), (first, &epoch));
        let mut again = Vec::new();
        export(place(&other), &mut again).unwrap();
        prop_assert_eq!(String::from_utf8(again).unwrap(), String::from_utf8(lines).unwrap());
        model.verify(&open(&other))?;
    }
}

#[test]
fn entries_of_a_room_are_numbered_without_holes() {
    let disk = Memory::default();
    open(&disk)
        .append(&[said(1), of("dev", said(1)), said(2)])
        .unwrap();
    for (wrong, expected) in [
        (vec![of("dev", said(3))], 2),
        (vec![of("dev", said(1))], 2),
        (vec![said(3), of("a", said(2))], 1),
        (vec![of("dev", said(2)), of("dev", said(2))], 3),
    ] {
        let mut store = open(&disk);
        let refused = error(store.append(&wrong));
        let named = &wrong.last().unwrap().room;
        let is_so = matches!(&refused.fault, Fault::Sequence { room, expected: it, .. }
            if room == named && *it == expected);
        assert!(is_so, "{refused}");
        let told = format!("in room {named} instead of {expected}");
        assert!(refused.to_string().contains(&told), "{refused}");
        assert_eq!(store.head(), 3, "nothing of it is there");
    }
}

/// The version of each segment's header.
fn versions(disk: &Memory) -> Vec<u8> {
    let is_segment = |name: &std::path::PathBuf| name.extension().is_some_and(|it| it == "log");
    let names = disk.names().into_iter().filter(is_segment);
    names.map(|name| disk.get(name)[8]).collect()
}

#[test]
fn a_log_with_another_room_than_the_lobby_has_a_version_that_older_programs_refuse() {
    let disk = Memory::default();
    let mut store = open(&disk);
    store.append(&[of("dev", said(1))]).unwrap();
    assert_eq!(versions(&disk), [3], "in place of an empty one");
    let disk = Memory::default();
    let mut store_of_two = open(&disk);
    store_of_two.append(&[said(1)]).unwrap();
    assert_eq!(versions(&disk), [2]);
    store_of_two
        .append(&[said(2), of("dev", said(1)), said(3)])
        .unwrap();
    assert_eq!(versions(&disk), [2, 3]);
    for seq in 4..=200 {
        store_of_two.append(&[said(seq)]).unwrap();
    }
    let versions = versions(&disk);
    assert!(versions.len() > 3 && versions[1..].iter().all(|it| *it == 3));
}

#[test]
fn a_room_all_of_which_is_let_go_of_keeps_its_last_number_and_its_topic() {
    let keep = Retention {
        count: Some(20),
        ..ALL
    };
    let disk = Memory::default();
    let mut store = try_open(&disk, &keep).unwrap();
    let topic = Record {
        kind: chat_core::Kind::Topic,
        id: None,
        ..said(2)
    };
    let mut all = vec![
        of("dev", joined(1, "ann")),
        of("dev", topic),
        of("dev", left(3, "ann")),
    ];
    let state = fold(&all);
    assert!(!state.has_members() && state != State::default());
    store.append(&all).unwrap();
    for seq in 1..=300 {
        store.append(&[said(seq)]).unwrap();
        idle(&store);
    }
    let expected = RoomHead {
        first: 4,
        last: 3,
        state,
    };
    for _ in 0..2 {
        assert_eq!(store.room(&room("dev")).unwrap(), expected);
        assert_eq!(store.read(&room("dev"), 0, 9).unwrap(), []);
        drop(store);
        store = try_open(&disk, &keep).unwrap();
    }
    let again = of("dev", said(1));
    assert!(matches!(
        error(store.append(&[again])).fault,
        Fault::Sequence { expected: 4, .. }
    ));
    drop(store);
    store = try_open(&disk, &keep).unwrap();
    all.push(of("dev", joined(4, "ben")));
    store.append(&all[3..]).unwrap();
    assert_eq!(store.read(&room("dev"), 0, 9).unwrap(), all[3..]);
    assert_eq!(store.find(&ANN, "id-2").unwrap(), None);
}
