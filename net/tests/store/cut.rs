//! What is written ahead and not needed is cut off the end of a full segment, and nothing else is.

use crate::disk::Memory;
use crate::{ALL, LOBBY, dice, idle, joined, place, said};
use chat_core::{Record, RoomName};
use chat_net::store::{Fault, Sizes, Store, StoreError, backup, check, export, import, repair};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::thread;

const STEP: usize = 4096;

/// A segment is full once it has entries of two rooms, and much more is written ahead than they need.
const SIZES: Sizes = Sizes {
    segment: 32 * STEP as u64,
    step: STEP as u64,
    ahead: 8 * STEP as u64,
    rooms: 2,
};

fn try_open(disk: &Memory) -> Result<Store, StoreError> {
    Store::with_sizes(place(disk), ALL, SIZES)
}

fn open(disk: &Memory) -> Store {
    try_open(disk).unwrap()
}

/// An entry in each of so many rooms, and some of the lobby.
fn entries(rooms: usize) -> Vec<Record> {
    let mut all = Vec::new();
    for nth in 0..rooms {
        // So that a segment is soon twice as long as what it begins with.
        all.push(Record {
            text: "long ".repeat(300).into(),
            ..said(nth as u64 + 1)
        });
        let room = RoomName::parse(&format!("room-{nth}")).unwrap();
        all.push(Record {
            room,
            ..joined(1, "ann")
        });
    }
    all
}

fn verify(store: &Store, all: &[Record]) {
    let mut rooms: Vec<RoomName> = all.iter().map(|it| it.room.clone()).collect();
    rooms.sort();
    rooms.dedup();
    for room in rooms {
        let due: Vec<_> = all.iter().filter(|it| it.room == room).cloned().collect();
        assert_eq!(store.read(&room, 0, 1000).unwrap(), due);
    }
}

/// A log of many segments, each full by its rooms, from whose ends nothing was cut yet.
fn log_of(all: &[Record]) -> (Memory, Store) {
    let disk = Memory::default();
    let mut store = open(&disk);
    for batch in all.chunks(2) {
        store.append(batch).unwrap();
        // So that zeros are written ahead, and not all that is to be done is.
        let mut upkeep = store.upkeep();
        for _ in 0..8 {
            upkeep.step().unwrap();
        }
    }
    (disk, store)
}

/// All segments but the newest one.
fn full_segments(disk: &Memory) -> Vec<PathBuf> {
    let names = disk.names().into_iter();
    let mut logs: Vec<_> = names
        .filter(|it| it.extension().is_some_and(|it| it == "log"))
        .collect();
    logs.pop();
    logs
}

/// Where anything else than zeros is written.
fn written(bytes: &[u8]) -> usize {
    let last = bytes.iter().rposition(|byte| *byte != 0);
    last.map_or(0, |at| at + 1)
}

/// Puts zeros back at the end of each full segment.
fn uncut(disk: &Memory, steps: usize) {
    for name in full_segments(disk) {
        let mut bytes = disk.get(&name);
        bytes.resize(bytes.len() + steps * STEP, 0);
        disk.put(name, &bytes);
    }
}

/// How many bytes all full segments have.
fn size(disk: &Memory) -> usize {
    let files = full_segments(disk).into_iter();
    files.map(|name| disk.get(name).len()).sum()
}

/// How many they have where no step is left that has nothing but zeros.
fn least(disk: &Memory) -> usize {
    let files = full_segments(disk).into_iter();
    let ends = files.map(|name| written(&disk.get(name)).next_multiple_of(STEP));
    ends.sum()
}

#[test]
fn a_full_segment_has_no_step_of_zeros_at_its_end_also_where_another_program_left_some() {
    let all = entries(60);
    let (disk, store) = log_of(&all);
    idle(&store);
    assert!(full_segments(&disk).len() > 10);
    assert_eq!(size(&disk), least(&disk));
    // The newest one keeps what is written ahead.
    let newest = disk.names();
    let newest = newest
        .iter()
        .rfind(|it| it.extension().is_some_and(|it| it == "log"));
    let newest = disk.get(newest.unwrap());
    assert!(newest.len() >= written(&newest) + 7 * STEP);
    verify(&store, &all);
    drop(store);
    for steps in [1, 9] {
        uncut(&disk, steps);
        assert!(size(&disk) > least(&disk));
        check(place(&disk)).unwrap();
        let store = open(&disk);
        verify(&store, &all);
        idle(&store);
        assert_eq!(size(&disk), least(&disk));
        verify(&store, &all);
    }
}

#[test]
fn zeros_that_are_cut_off_make_room_on_a_full_disk() {
    let all = entries(10);
    let (disk, store) = log_of(&all);
    drop(store);
    uncut(&disk, 9);
    // Nothing is ready to be written to.
    let mut newest = disk.names().into_iter();
    let newest = newest.rfind(|it| it.extension().is_some_and(|it| it == "log"));
    let newest = newest.unwrap();
    let mut bytes = disk.get(&newest);
    bytes.truncate(written(&bytes).next_multiple_of(STEP));
    disk.put(newest, &bytes);
    let mut store = open(&disk);
    disk.fill();
    let mut upkeep = store.upkeep();
    let refused = loop {
        match upkeep.step() {
            Ok(true) => {}
            Ok(false) => panic!("there is room"),
            Err(refused) => break refused,
        }
    };
    assert!(matches!(refused.fault, Fault::NoRoom(_)), "{refused}");
    assert_eq!(size(&disk), least(&disk));
    disk.heal();
    store.append(&[said(11)]).unwrap();
    assert!(full_segments(&disk).len() > 2);
}

#[test]
fn a_log_with_and_without_zeros_at_the_ends_of_full_segments_is_the_same() {
    let all = entries(12);
    let (disk, store) = log_of(&all);
    idle(&store);
    drop(store);
    let lines = |disk: &Memory| {
        let mut lines = Vec::new();
        export(place(disk), &mut lines).unwrap();
        lines
    };
    let cut = lines(&disk);
    uncut(&disk, 3);
    assert_eq!(lines(&disk), cut);
    for copied in [backup, repair] as [fn(_, _) -> _; 2] {
        let copy = Memory::default();
        let report = copied(place(&disk), place(&copy)).unwrap();
        assert!(report.missing.is_empty());
        verify(&open(&copy), &all);
    }
}

#[test]
fn power_may_be_lost_after_any_change_while_zeros_are_cut_off() {
    let all = entries(9);
    for seed in 0..4 {
        for changes in 0.. {
            let disk = Memory::default();
            disk.fail_after(changes, ErrorKind::Other);
            let mut acknowledged = 0;
            let opened = try_open(&disk);
            let is_done = opened.is_ok_and(|mut store| {
                all.chunks(2).all(|batch| {
                    let is_done = store.append(batch).is_ok();
                    acknowledged += if is_done { batch.len() } else { 0 };
                    let mut upkeep = store.upkeep();
                    is_done && (0..12).all(|_| upkeep.step().is_ok())
                })
            });
            let mut dice = dice(seed * 10_000 + changes);
            disk.lose_power(&mut dice);
            check_all(&disk, &all, acknowledged);
            // Whoever opens it cuts off the rest, and may lose power in it as well.
            disk.fail_after(dice(24) as u64, ErrorKind::Other);
            let _ = try_open(&disk).map(|store| {
                let mut upkeep = store.upkeep();
                while upkeep.step().is_ok_and(|done| done) {}
            });
            disk.lose_power(&mut dice);
            check_all(&disk, &all, acknowledged);
            let store = open(&disk);
            idle(&store);
            assert_eq!(size(&disk), least(&disk), "{seed} {changes}");
            if is_done {
                break;
            }
        }
    }
}

fn check_all(disk: &Memory, all: &[Record], acknowledged: usize) {
    let copy = disk.copy();
    let store = open(&copy);
    let head = usize::try_from(store.head()).unwrap();
    assert!(head >= acknowledged, "{head} of {acknowledged}");
    verify(&store, &all[..head]);
    drop(store);
    if !disk.names().is_empty() && acknowledged > 0 {
        assert_eq!(check(place(disk)).unwrap().head, head as u64);
    }
}

/// What comes of a full segment that is not as it was: nothing is lost in silence, and nothing is cut off it.
fn try_with(disk: &Memory, all: &[Record], name: &Path, bytes: &[u8]) -> bool {
    let disk = disk.copy();
    disk.put(name, bytes);
    let checked = check(place(&disk));
    if let Err(refused) = &checked {
        assert!(matches!(refused.fault, Fault::Damaged(_)), "{refused}");
    }
    let mut lines = Vec::new();
    assert_eq!(export(place(&disk), &mut lines).is_ok(), checked.is_ok());
    if let Ok(store) = try_open(&disk) {
        idle(&store);
        if checked.is_ok() {
            verify(&store, all);
        } else {
            assert!(disk.get(name) == bytes, "what is damaged is left as it is");
        }
        drop(store);
        assert_eq!(check(place(&disk)).is_ok(), checked.is_ok());
    } else {
        assert!(checked.is_err());
    }
    let other = Memory::default();
    if checked.is_ok() {
        import(place(&other), &*lines).unwrap();
        verify(&open(&other), all);
    }
    checked.is_ok()
}

#[test]
fn no_bit_near_the_cut_and_no_length_loses_an_entry_in_silence() {
    let all = entries(12);
    let (disk, store) = log_of(&all);
    idle(&store);
    drop(store);
    let names = full_segments(&disk);
    let name = &names[names.len() / 2];
    for steps in [0, 1] {
        let mut bytes = disk.get(name);
        bytes.resize(bytes.len() + steps * STEP, 0);
        let end = written(&bytes);
        let (mut told, mut whole) = (0, 0);
        let near = 8 * (end - 48)..8 * (end + 16);
        let after = (8 * (end + 16)..8 * bytes.len()).step_by(1009);
        for bit in near.chain(after) {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let is_whole = try_with(&disk, &all, name, &changed);
            // What comes after the last entry that the next segment names is nothing.
            assert_eq!(is_whole, bit >= 8 * end, "bit {bit} of {end}");
            *(if is_whole { &mut whole } else { &mut told }) += 1;
        }
        assert!(told >= 8 * 48 && whole >= 8 * 16, "{told} {whole}");
        for length in (0..bytes.len()).filter(|it| it % 1024 == 0 || it.abs_diff(end) < 16) {
            let is_whole = try_with(&disk, &all, name, &bytes[..length]);
            assert_eq!(
                is_whole,
                length >= end && length.is_multiple_of(STEP),
                "{length}"
            );
        }
    }
}

#[test]
fn zeros_that_are_cut_off_while_they_are_read_are_no_damage() {
    let all = entries(9);
    let (disk, store) = log_of(&all);
    idle(&store);
    drop(store);
    let cut: Vec<_> = full_segments(&disk)
        .iter()
        .map(|it| (it.clone(), disk.get(it)))
        .collect();
    uncut(&disk, 3);
    for nth in 0..40 {
        let disk = disk.copy();
        let store = open(&disk);
        disk.hang_reading();
        thread::scope(|scope| {
            let reads = scope.spawn(|| match nth % 3 {
                0 => store.read(&LOBBY, nth / 3 % 9, 1).map(drop),
                1 => check(place(&disk)).map(drop),
                _ => export(place(&disk), Vec::new()).map(drop),
            });
            while !disk.is_waited_for() && !reads.is_finished() {
                thread::yield_now();
            }
            for (name, bytes) in &cut {
                disk.put(name, bytes);
            }
            disk.go_on_reading();
            reads.join().unwrap().unwrap();
        });
    }
}
