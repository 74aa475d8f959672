//! No more is held than is to be, and no less.

use crate::disk::Memory;
use crate::{ALL, LOBBY, SMALL, all_said, contents, dice, idle, open, place, said, try_open};
use chat_core::Record;
use chat_net::store::{Retention, Store, check, export};
use proptest::prelude::*;
use std::time::Duration;

const DAY: u64 = 24 * 3600 * 1000;

fn by_age(days: u64) -> Retention {
    Retention {
        age: Some(Duration::from_millis(days * DAY)),
        ..ALL
    }
}

fn by_bytes(bytes: u64) -> Retention {
    Retention {
        bytes: Some(bytes),
        ..ALL
    }
}

fn by_count(count: u64) -> Retention {
    Retention {
        count: Some(count),
        ..ALL
    }
}

fn at(seq: u64, at: u64) -> Record {
    Record { at, ..said(seq) }
}

/// What the segments have on the disk.
fn on_disk(disk: &Memory) -> u64 {
    let is_segment = |name: &std::path::PathBuf| name.extension().is_some_and(|it| it == "log");
    let names = disk.names().into_iter().filter(is_segment);
    names.map(|name| disk.get(name).len() as u64).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn as_many_entries_are_held_as_are_to_be_whenever_it_is_reopened_or_power_is_lost(
        batches in prop::collection::vec((1_u64..30, 0_u8..4), 1..30),
        count in 0_u64..150,
        seed in any::<u64>(),
    ) {
        let disk = Memory::default();
        let mut dice = dice(seed);
        let mut store = try_open(&disk, &by_count(count)).unwrap();
        let mut head = 0;
        for (batch, then) in batches {
            store.append(&all_said(head + 1..=head + batch)).unwrap();
            head += batch;
            match then {
                0 => idle(&store),
                1 => {
                    drop(store);
                    store = try_open(&disk, &by_count(count)).unwrap();
                }
                2 => {
                    let killed = disk.copy();
                    killed.lose_power(&mut dice);
                    let first = try_open(&killed, &by_count(count)).unwrap().first();
                    prop_assert_eq!(first, store.first(), "what was let go of is back");
                }
                _ => {}
            }
            let first = (head + 1).saturating_sub(count.max(1)).max(1);
            prop_assert_eq!((store.first(), store.head()), (first, head));
            prop_assert_eq!(contents(&store), all_said(first..=head));
        }
        idle(&store);
        let first = store.first();
        drop(store);
        let report = check(place(&disk)).unwrap();
        prop_assert_eq!((report.first, report.entries), (first, head + 1 - first));
        // Whole segments are gone, and with them their room.
        prop_assert!(on_disk(&disk) <= count * 200 + 3 * SMALL.segment);
        export(place(&disk), Vec::new()).unwrap();
        // Nor does a store that keeps all have more.
        prop_assert_eq!(open(&disk).first(), first);
    }
}

#[test]
fn the_segments_have_no_more_bytes_than_they_are_to() {
    for limit in [20_000, 40_000] {
        let disk = Memory::default();
        let mut store = try_open(&disk, &by_bytes(limit)).unwrap();
        for seq in 1..=600 {
            store.append(&[said(seq)]).unwrap();
            idle(&store);
            assert_eq!(contents(&store), all_said(store.first()..=seq));
            // The oldest is removed as a whole, and some is ready to be written to.
            assert!(
                on_disk(&disk) <= limit + 2 * SMALL.segment,
                "{}",
                on_disk(&disk)
            );
        }
        let held = store.head() + 1 - store.first();
        assert!(
            held * 160 > limit / 2 && held * 130 < limit,
            "{held} entries"
        );
    }
}

#[test]
fn an_entry_is_let_go_of_that_ends_one_byte_past_the_limit_of_bytes() {
    let first_at = |limit| {
        let mut store = try_open(&Memory::default(), &by_bytes(limit)).unwrap();
        store.append(&all_said(1..=2)).unwrap();
        store.first()
    };
    // What is before the first entry goes with it.
    let all = (1..20_000).find(|limit| first_at(*limit) == 1).unwrap();
    assert!((200..300).contains(&all), "{all}");
    assert_eq!((first_at(all - 1), first_at(0)), (2, 2));
}

#[test]
fn an_entry_is_let_go_of_that_is_a_millisecond_too_old() {
    for (late, first) in [(0, 1), (1, 2)] {
        let mut store = try_open(&Memory::default(), &by_age(30)).unwrap();
        let times = [
            0,
            10 * DAY,
            20 * DAY,
            25 * DAY,
            30 * DAY + late,
            30 * DAY + late,
        ];
        for (seq, time) in (1..).zip(times) {
            store.append(&[at(seq, time)]).unwrap();
        }
        assert_eq!(store.first(), first);
    }
}

/// A log of thirty days of a hundred entries each, and what is to be appended next.
fn month(keep: &Retention) -> (Store, u64) {
    let mut store = try_open(&Memory::default(), keep).unwrap();
    let all: Vec<Record> = (1..=3000).map(|seq| at(seq, seq * DAY / 100)).collect();
    for batch in all.chunks(50) {
        store.append(batch).unwrap();
    }
    let next = store.head() + 1;
    (store, next)
}

#[test]
fn a_clock_that_is_a_year_ahead_for_a_while_erases_nothing() {
    for wrong in [1, 2, 5, 300] {
        let (mut store, next) = month(&by_age(60));
        assert_eq!(store.first(), 1);
        for seq in next..next + wrong {
            store.append(&[at(seq, 400 * DAY + seq)]).unwrap();
        }
        let seqs = next + wrong..next + wrong + 50;
        let right: Vec<Record> = seqs.map(|seq| at(seq, 30 * DAY + seq)).collect();
        store.append(&right).unwrap();
        assert_eq!(
            (store.first(), contents(&store).len() as u64),
            (1, store.head()),
            "{wrong}"
        );
    }
}

#[test]
fn a_line_from_a_clock_that_was_ahead_does_not_keep_what_is_after_it() {
    let mut store = try_open(&Memory::default(), &by_age(30)).unwrap();
    for seq in 1..=4000 {
        let time = if (100..105).contains(&seq) {
            400 * DAY
        } else {
            seq * DAY / 100
        };
        store.append(&[at(seq, time)]).unwrap();
    }
    assert_eq!(store.first(), 999, "thirty days");
}

#[test]
fn a_line_from_a_clock_that_was_behind_erases_nothing_else() {
    let (mut store, next) = month(&by_age(30));
    for seq in next..next + 3 {
        store.append(&[at(seq, 0)]).unwrap();
    }
    assert_eq!(store.first(), 1);
    store
        .append(&[at(next + 3, 30 * DAY), at(next + 4, 30 * DAY)])
        .unwrap();
    assert_eq!(store.first(), 1);
}

#[test]
fn more_than_a_tenth_at_once_is_held_back_until_the_clock_has_gone_on() {
    let (mut store, next) = month(&by_age(30));
    // The server was away for ten days: a third of the log is too old at once.
    let later = 40 * DAY;
    for (seq, time) in (next..).zip([later, later, later + 3 * DAY, later + 3 * DAY]) {
        store.append(&[at(seq, time)]).unwrap();
        assert_eq!(store.first(), 1, "it is held back");
    }
    let (seq, time) = (next + 4, later + 3 * DAY + 2);
    store.append(&[at(seq, time)]).unwrap();
    store.append(&[at(seq + 1, time)]).unwrap();
    store.append(&[at(seq + 2, time)]).unwrap();
    assert!(store.first() > 1, "it was no mistake");
    for seq in seq + 3..seq + 10 {
        store.append(&[at(seq, time)]).unwrap();
    }
    assert_eq!(store.first(), 1301);
}

#[test]
fn what_is_beyond_a_new_limit_is_let_go_of_when_it_is_opened_with_that() {
    let disk = Memory::default();
    open(&disk).append(&all_said(1..=300)).unwrap();
    let store = try_open(&disk, &by_count(10)).unwrap();
    assert_eq!(contents(&store), all_said(291..=300));
    drop(store);
    assert_eq!(
        contents(&open(&disk)),
        all_said(291..=300),
        "and does not come back"
    );
}

#[test]
fn a_reader_who_is_behind_what_is_held_gets_the_oldest() {
    let mut store = try_open(&Memory::default(), &by_count(5)).unwrap();
    store.append(&all_said(1..=10)).unwrap();
    assert_eq!(store.read(&LOBBY, 0, 2).unwrap(), all_said(6..=7));
    assert_eq!(store.read(&LOBBY, 5, 2).unwrap(), all_said(6..=7));
    assert_eq!(store.read(&LOBBY, 6, 2).unwrap(), all_said(7..=8));
    for after in [10, 11, u64::MAX] {
        assert_eq!(store.read(&LOBBY, after, 2).unwrap(), []);
    }
}
