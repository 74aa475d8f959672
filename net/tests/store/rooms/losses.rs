//! Power is lost, or something is damaged: a room loses what was hit, and nothing else.

use super::{Model, in_rooms, of, room, run, steps_in_rooms};
use crate::disk::Memory;
use crate::{ALL, LOBBY, Step, all_said, dice, error, idle, joined, open, place, said, try_open};
use chat_core::{Record, RoomName};
use chat_net::store::{Fault, Store, check, export, import, repair};
use proptest::prelude::*;
use std::io::ErrorKind;

/// A log of three rooms, in some segments.
fn log() -> (Memory, Model) {
    let steps: Vec<Step> = (0..50)
        .map(|nth| Step::Append(all_said(nth * 8 + 1..=nth * 8 + 8)))
        .flat_map(|append| [append, Step::Upkeep(4)])
        .collect();
    let disk = Memory::default();
    let (store, model) = run(&disk, &ALL, in_rooms(steps, 5));
    idle(&store);
    drop(store);
    (disk, model)
}

/// Changes the first entry in the newest segment with the text of each of these.
fn damage(disk: &Memory, seqs: &[u64]) {
    let name = disk
        .names()
        .into_iter()
        .rfind(|it| it.extension().is_some_and(|it| it == "log"));
    let name = name.unwrap();
    let mut bytes = disk.get(&name);
    for seq in seqs {
        let text = said(*seq).text;
        let at = bytes
            .windows(text.len())
            .position(|it| it == text.as_bytes());
        bytes[at.unwrap()] ^= 1;
    }
    disk.put(&name, &bytes);
}

/// All entries of all rooms that can be read.
fn contents(store: &Store, model: &Model) -> Vec<(RoomName, Vec<Record>)> {
    let rooms = model.rooms().into_keys();
    let reader = store.reader();
    rooms
        .map(|name| {
            let all = super::read_all(&reader, &name);
            (name, all)
        })
        .collect()
}

/// What a log is to have that lost these entries, by their offsets.
fn without(model: &Model, lost: impl Fn(u64) -> bool) -> Vec<(RoomName, Vec<Record>)> {
    let left = (1..).zip(&model.all).filter(|(offset, _)| !lost(*offset));
    let left = left.map(|(_, record)| record.clone()).collect();
    let rooms = Model { all: left }.rooms();
    let names = model.rooms().into_keys();
    names
        .map(|name| {
            let held = rooms.get(&name).cloned().unwrap_or_default();
            (name, held)
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn power_may_be_lost_after_any_change_and_a_prefix_of_the_whole_log_is_left(
        steps in steps_in_rooms(14),
        seed in any::<u64>(),
    ) {
        let appended = steps.iter().filter_map(|step| match step {
            Step::Append(records) => Some(records.clone()),
            _ => None,
        });
        let all: Vec<Record> = appended.flatten().collect();
        for changes in 0.. {
            let disk = Memory::default();
            disk.fail_after(changes, ErrorKind::Other);
            let (mut acknowledged, mut tried) = (0, 0);
            let mut store = try_open(&disk, &ALL).ok();
            let mut has_failed = store.is_none();
            for step in &steps {
                let Some(open) = store.as_mut().filter(|_| !has_failed) else {
                    break;
                };
                match step {
                    Step::Append(records) => {
                        tried += records.len();
                        has_failed = open.append(records).is_err();
                        if !has_failed {
                            acknowledged = tried;
                        }
                    }
                    Step::Upkeep(_) => has_failed = open.upkeep().step().is_err(),
                    Step::Reopen => {
                        drop(store);
                        store = try_open(&disk, &ALL).ok();
                        has_failed = store.is_none();
                    }
                }
            }
            drop(store);
            disk.lose_power(dice(seed ^ changes));
            let store = open(&disk);
            let head = usize::try_from(store.head()).unwrap();
            prop_assert!((acknowledged..=tried).contains(&head));
            Model { all: all[..head].to_vec() }.verify(&store)?;
            drop(store);
            check(place(&disk)).unwrap();
            if !has_failed {
                break;
            }
        }
    }
}

#[test]
fn a_damaged_entry_is_missing_in_its_room_and_nothing_else_is() {
    let (disk, model) = log();
    for (offset, record) in (1..).zip(&model.all).step_by(23) {
        let damaged = disk.copy();
        let id = record.id.as_ref().unwrap().as_bytes();
        // What is behind the id tells of which room it is, where that is said.
        let needle = if record.room.is_lobby() && record.seq == offset {
            [id, record.text.as_bytes()].concat()
        } else {
            let name = record.room.as_str();
            let name = if record.room.is_lobby() { "" } else { name };
            let length = u8::try_from(name.len()).unwrap();
            let seq = record.seq.to_le_bytes();
            [id, &[length], name.as_bytes(), &seq].concat()
        };
        let mut is_found = false;
        for name in damaged.names() {
            let mut bytes = damaged.get(&name);
            let found = bytes.windows(needle.len()).position(|it| it == needle);
            if let Some(at) = found.filter(|_| name.extension().is_some_and(|it| it == "log")) {
                bytes[at] ^= 1;
                damaged.put(&name, &bytes);
                is_found = true;
            }
        }
        assert!(is_found, "entry {offset} is written");
        if offset > model.all.len() as u64 - 60 {
            // In the newest segment, it is damage that is told at once.
            continue;
        }
        let expected = without(&model, |it| it == offset);
        assert_eq!(contents(&open(&damaged.copy()), &model), expected);
        let told = error(check(place(&damaged)));
        assert!(matches!(told.fault, Fault::Damaged(_)), "{told}");
        let repaired = Memory::default().copy();
        let report = repair(place(&damaged), place(&repaired)).unwrap();
        assert_eq!(report.missing, [(offset, offset)]);
        assert_eq!(contents(&open(&repaired), &model), expected);
        check(place(&repaired)).unwrap();
        for (name, all) in model.rooms() {
            let head = open(&repaired).room(&name).unwrap();
            assert_eq!(head.last, all.len() as u64, "{name}");
        }
        let (mut lines, other) = (Vec::new(), Memory::default().copy());
        error(export(place(&damaged), &mut lines));
        import(place(&other), lines.as_slice()).unwrap();
        assert_eq!(contents(&open(&other), &model), expected);
    }
}

#[test]
fn indexes_that_are_missing_or_wrong_lose_nothing() {
    let (disk, model) = log();
    let is_index = |name: &std::path::PathBuf| name.extension().is_some_and(|it| it == "idx");
    let indexes: Vec<_> = disk.names().into_iter().filter(is_index).collect();
    assert!(indexes.len() > 3);
    for nth in 0..indexes.len() {
        let changed = disk.copy();
        changed.remove(&indexes[nth]);
        let other = &indexes[(nth + 1) % indexes.len()];
        let mut bytes = changed.get(other);
        for at in (0..bytes.len()).step_by(700) {
            bytes[at] ^= 4;
        }
        changed.put(other, &bytes);
        model.verify(&open(&changed)).unwrap();
    }
}

#[test]
fn a_segment_without_its_directory_loses_nothing_that_the_others_tell() {
    let (disk, model) = log();
    let is_segment = |name: &std::path::PathBuf| name.extension().is_some_and(|it| it == "log");
    let segments: Vec<_> = disk.names().into_iter().filter(is_segment).collect();
    let (_newest, older) = segments.split_last().unwrap();
    for name in older {
        let changed = disk.copy();
        let mut bytes = changed.get(name);
        if bytes[8] < 3 {
            continue;
        }
        bytes[4096 + 2] ^= 1;
        changed.put(name, &bytes);
        changed.remove(name.with_extension("idx"));
        let store = open(&changed);
        idle(&store);
        assert_eq!(contents(&store, &model), without(&model, |_| false));
        drop(store);
        error(check(place(&changed)));
        let repaired = Memory::default().copy();
        repair(place(&changed), place(&repaired)).unwrap();
        assert_eq!(
            contents(&open(&repaired), &model),
            without(&model, |_| false)
        );
    }
}

#[test]
fn where_a_room_may_have_lost_its_last_entries_a_repaired_log_has_another_epoch() {
    let disk = Memory::default();
    let mut store = open(&disk);
    let batches = [
        vec![joined(1, "ann"), of("dev", said(1))],
        vec![of("dev", said(2))],
        vec![said(2)],
        vec![said(3)],
    ];
    for batch in &batches {
        store.append(batch).unwrap();
    }
    let epoch = store.epoch();
    drop(store);
    damage(&disk, &[2]);
    let repaired = Memory::default().copy();
    let report = repair(place(&disk), place(&repaired)).unwrap();
    assert_eq!(report.missing, [(3, 3)]);
    assert_ne!(report.epoch, epoch, "dev may have had a second entry");
    let store = open(&repaired);
    assert_eq!(store.room(&room("dev")).unwrap().last, 1);
    assert_eq!(store.room(&LOBBY).unwrap().last, 3);
}

#[test]
fn what_is_missing_is_exported_and_imported_with_all_rooms_after_it_however_many_there_are() {
    let disk = Memory::default();
    let mut store = open(&disk);
    for nth in 0..3000 {
        let name = format!("room-{nth}");
        store.append(&[of(&name, said(1))]).unwrap();
    }
    for seq in 1..=1500 {
        store.append(&[said(seq)]).unwrap();
    }
    drop(store);
    let names = disk.names().into_iter();
    let segments: Vec<_> = names
        .filter(|name| name.extension().is_some_and(|it| it == "log"))
        .collect();
    // The last one but one: the newest says what there was before it.
    disk.remove(&segments[segments.len() - 2]);
    let mut lines = Vec::new();
    error(export(place(&disk), &mut lines));
    let longest = lines.split(|byte| *byte == b'\n').skip(1).map(<[u8]>::len);
    assert!(longest.max().unwrap() > 100_000);
    let other = Memory::default().copy();
    import(place(&other), lines.as_slice()).unwrap();
    let store = open(&other);
    assert_eq!(store.room(&room("room-2999")).unwrap().last, 1);
    assert_eq!(store.room(&LOBBY).unwrap().last, 1500);
}

#[test]
fn what_is_missing_in_several_places_explains_a_number_after_all_of_them() {
    let disk = Memory::default();
    let mut store = open(&disk);
    let batches = [
        vec![joined(1, "ann"), of("dev", said(1))],
        vec![of("dev", said(2))],
        vec![said(2)],
        vec![of("dev", said(3))],
        vec![said(3)],
        vec![of("dev", said(4))],
    ];
    for batch in &batches {
        store.append(batch).unwrap();
    }
    drop(store);
    // The first entry with each of these texts is that of `dev`.
    damage(&disk, &[2, 3]);
    let repaired = Memory::default().copy();
    let report = repair(place(&disk), place(&repaired)).unwrap();
    assert_eq!(report.missing, [(3, 3), (5, 5)]);
    let report = check(place(&repaired)).unwrap();
    assert_eq!(report.missing, [(3, 3), (5, 5)]);
    let store = open(&repaired);
    assert_eq!(store.room(&room("dev")).unwrap().last, 4);
}
