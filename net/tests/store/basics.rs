//! What is appended is read.

use crate::disk::Memory;
use crate::{
    ALL, LOBBY, SMALL, Step, all_said, any_steps, contents, error, fold, idle, joined, left,
    segments, state,
};
use crate::{log_of, open, place, said};
use chat_core::{MAX_NAME, Name, Record, RoomName};
use chat_net::store::{Fault, Sizes, Store, check};
use proptest::prelude::*;
use std::slice;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn whatever_is_appended_is_read_and_found_however_it_was_done(
        steps in any_steps(30),
        pages in prop::collection::vec((0_u64..200, 0_usize..50), 20),
    ) {
        let disk = Memory::default();
        let mut store = open(&disk);
        let epoch = store.epoch();
        let mut model: Vec<Record> = Vec::new();
        for step in steps {
            match step {
                Step::Append(records) => {
                    store.append(&records).unwrap();
                    model.extend(records);
                }
                Step::Upkeep(times) => {
                    let mut upkeep = store.upkeep();
                    for _ in 0..times {
                        upkeep.step().unwrap();
                    }
                }
                Step::Reopen => {
                    drop(store);
                    store = open(&disk);
                }
            }
            prop_assert_eq!((store.first(), store.head()), (1, model.len() as u64));
            prop_assert_eq!(state(&store), fold(&model));
        }
        for is_reopened in [false, true] {
            prop_assert_eq!(&contents(&store), &model);
            for (after, limit) in &pages {
                let from = usize::try_from(*after).unwrap().min(model.len());
                let to = (from + limit).min(model.len());
                prop_assert_eq!(&store.read(&LOBBY, *after, *limit).unwrap(), &model[from..to]);
            }
            for record in &model {
                let (Some(sender), Some(id)) = (record.sender, &record.id) else {
                    continue;
                };
                let is_same = |it: &&Record| it.sender == Some(sender) && it.id.as_ref() == Some(id);
                let newest = model.iter().rev().find(is_same).cloned();
                prop_assert_eq!(store.find(&sender, id).unwrap(), newest);
            }
            if !is_reopened {
                drop(store);
                let report = check(place(&disk)).unwrap();
                prop_assert_eq!((report.entries, report.missing), (model.len() as u64, vec![]));
                store = open(&disk);
                prop_assert_eq!(&store.epoch(), &epoch);
            }
        }
    }
}

#[test]
fn a_new_log_is_empty_and_has_an_epoch_of_its_own() {
    let (one, other) = (crate::Dir::new(), crate::Dir::new());
    let store = Store::open(&one.0, ALL).unwrap();
    assert_eq!((store.head(), store.first()), (0, 1));
    for after in [0, 1, u64::MAX] {
        assert_eq!(store.read(&LOBBY, after, 9).unwrap(), []);
    }
    assert_eq!(store.epoch().len(), 32);
    assert!(store.epoch().bytes().all(|digit| digit.is_ascii_hexdigit()));
    assert_ne!(store.epoch(), Store::open(&other.0, ALL).unwrap().epoch());
}

#[test]
fn entries_are_numbered_without_holes() {
    let disk = Memory::default();
    for wrong in [
        vec![said(2)],
        vec![said(0)],
        vec![said(1), said(3)],
        vec![said(1), said(1)],
    ] {
        let mut store = open(&disk);
        let refused = error(store.append(&wrong));
        assert!(matches!(refused.fault, Fault::Sequence { .. }), "{refused}");
        assert_eq!(contents(&store), [], "nothing of it is there");
        let refused = error(store.append(&[said(1)]));
        assert!(matches!(refused.fault, Fault::Stopped), "{refused}");
    }
    let mut store = open(&disk);
    store.append(&[]).unwrap();
    store.append(&[said(1), said(2)]).unwrap();
}

#[test]
fn the_state_is_that_after_the_last_entry_whatever_segment_told_of_it() {
    let disk = Memory::default();
    let mut store = open(&disk);
    let mut all = vec![joined(1, "ann"), joined(2, "ben"), joined(3, "cat")];
    all.extend(all_said(4..=300));
    all.push(left(301, "ben"));
    all.extend(all_said(302..=600));
    for batch in all.chunks(7) {
        store.append(batch).unwrap();
    }
    drop(store);
    let store = open(&disk);
    assert_eq!(state(&store), fold(&[joined(1, "ann"), joined(3, "cat")]));
    assert_eq!(state(&store), fold(&all));
}

/// How many segments a log has.
/// An entry in whose frame there are so many bytes.
fn of_frame(seq: u64, length: usize) -> Record {
    let record = Record {
        room: RoomName::LOBBY,
        text: "".into(),
        sender: None,
        id: None,
        ..said(seq)
    };
    // A frame's header, and a record's, with its kind, its time and its name; a byte ends the frame.
    let rest = length - 40 - 10 - 13 - 1;
    Record {
        room: RoomName::LOBBY,
        text: "x".repeat(rest).into(),
        ..record
    }
}

#[test]
fn a_frame_that_ends_at_the_segments_limit_is_in_it_and_one_a_little_longer_is_in_the_next() {
    // After the header and the state there is this much for frames.
    let first = 4096 + 512;
    for segment in [2 * 4096, 5 * 4096] {
        for (more, expected) in [(0, 1), (1, 2), (8, 2)] {
            let disk = Memory::default();
            let sizes = Sizes { segment, ..SMALL };
            let mut store = Store::with_sizes(place(&disk), ALL, sizes).unwrap();
            let length = usize::try_from(segment).unwrap() - first - 512;
            let all = [of_frame(1, 512), of_frame(2, length + more)];
            for record in &all {
                store.append(slice::from_ref(record)).unwrap();
            }
            assert_eq!(segments(&disk), expected, "{more} more than fit");
            drop(store);
            let store = Store::with_sizes(place(&disk), ALL, sizes).unwrap();
            assert_eq!(contents(&store), all);
        }
    }
}

#[test]
fn a_frame_longer_than_a_segment_has_one_to_itself() {
    let disk = Memory::default();
    let mut store = open(&disk);
    let all = all_said(1..=900);
    store.append(&all[..1]).unwrap();
    store.append(&all[1..800]).unwrap();
    store.append(&all[800..]).unwrap();
    assert_eq!(segments(&disk), 3);
    assert_eq!(contents(&store), all);
    drop(store);
    assert_eq!(contents(&open(&disk)), all);
}

#[test]
fn more_than_a_frame_may_have_is_in_several() {
    let disk = Memory::default();
    let sizes = Sizes {
        segment: 1 << 20,
        step: 1 << 20,
        ahead: 0,
        rooms: 8_192,
    };
    let mut store = Store::with_sizes(place(&disk), ALL, sizes).unwrap();
    let text = "x".repeat(15_000);
    let all: Vec<Record> = (1..=600)
        .map(|seq| Record {
            room: RoomName::LOBBY,
            text: text.as_str().into(),
            ..said(seq)
        })
        .collect();
    store.append(&all).unwrap();
    assert_eq!(segments(&disk), 3);
    drop(store);
    let store = Store::with_sizes(place(&disk), ALL, sizes).unwrap();
    assert!(contents(&store) == all);
}

#[test]
fn an_entry_is_as_long_as_it_may_be_and_no_longer() {
    // Its kind, its time, its name, its session and its id are before the text.
    const MOST: usize = 16 * 1024 - (1 + 8 + 1 + MAX_NAME + 32 + 2 + 4);
    let of = |length| Record {
        room: RoomName::LOBBY,
        name: Name::parse(&"n".repeat(MAX_NAME)).unwrap(),
        text: "\0".repeat(length).into(),
        ..said(1)
    };
    let disk = Memory::default();
    let refused = error(open(&disk).append(&[of(MOST + 1)]));
    assert!(
        matches!(refused.fault, Fault::TooLarge { seq: 1 }),
        "{refused}"
    );
    let mut store = open(&disk);
    assert_eq!(store.head(), 0);
    store.append(&[of(MOST)]).unwrap();
    store.append(&[said(2)]).unwrap();
    assert_eq!(contents(&store), [of(MOST), said(2)]);
    drop(store);
    assert_eq!(contents(&open(&disk)), [of(MOST), said(2)]);
    check(place(&disk)).unwrap();
}

#[test]
fn a_text_that_looks_like_zeros_or_like_another_frame_is_a_text() {
    let all = all_said(1..=9);
    let disk = log_of([&all[..]]);
    let bytes = disk.get("log/0000000000000001.log");
    let frame = &bytes[4096 + 512..4096 + 512 + 900];
    // Bytes that are not ASCII become zeros.
    let text: String = frame
        .iter()
        .map(|byte| {
            if byte.is_ascii() {
                char::from(*byte)
            } else {
                '\0'
            }
        })
        .collect();
    let mut store = open(&disk);
    let more = [
        Record {
            room: RoomName::LOBBY,
            text: text.into(),
            ..said(10)
        },
        Record {
            room: RoomName::LOBBY,
            text: "\0".repeat(4000).into(),
            ..said(11)
        },
    ];
    for record in &more {
        store.append(slice::from_ref(record)).unwrap();
    }
    idle(&store);
    drop(store);
    assert_eq!(contents(&open(&disk)), [&all[..], &more].concat());
}
