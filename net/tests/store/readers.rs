//! Others read a log while it is appended to.

use crate::disk::Memory;
use crate::{ALL, ANN, Dir, LOBBY, SMALL, all_said, error, open, place, said};
use chat_net::store::{Fault, Reader, Retention, Store, check};
use std::io::ErrorKind;
use std::thread;

fn is_for_threads<T: Send + Sync + Clone + 'static>(_: &T) {}

fn may_be_sent<T: Send>(_: &T) {}

#[test]
fn a_reader_has_what_is_committed_from_any_thread() {
    let mut store = open(&Memory::default());
    may_be_sent(&store);
    may_be_sent(&store.upkeep());
    let reader = store.reader();
    is_for_threads(&reader);
    assert_eq!((reader.first(&LOBBY).unwrap(), reader.head()), (1, 0));
    assert_eq!(reader.read(&LOBBY, 0, 9).unwrap(), []);
    store.append(&all_said(1..=5)).unwrap();
    let other = reader.clone();
    let read = thread::spawn(move || (other.read(&LOBBY, 2, 2).unwrap(), other.head()));
    assert_eq!(read.join().unwrap(), (all_said(3..=4), 5));
    assert_eq!(reader.read(&LOBBY, 3, 9).unwrap(), all_said(4..=5));
    assert_eq!(reader.read(&LOBBY, 9, 9).unwrap(), []);
    assert_eq!(reader.find(&ANN, "id-3").unwrap(), Some(said(3)));
    assert_eq!(reader.find(&ANN, "id-6").unwrap(), None);
}

/// Reads from the beginning to entry `last`: whatever is read is what was appended.
fn follow(reader: &Reader, last: u64) {
    let mut after = 0;
    while after < last {
        let (first, head) = (reader.first(&LOBBY).unwrap(), reader.head());
        let read = reader.read(&LOBBY, after, 50).unwrap();
        if let (Some(oldest), Some(newest)) = (read.first(), read.last()) {
            assert!(oldest.seq > after && oldest.seq >= first);
            assert_eq!(read, all_said(oldest.seq..=newest.seq));
            after = newest.seq;
        } else {
            assert!(
                head <= after || reader.first(&LOBBY).unwrap() > first,
                "what is committed is read"
            );
        }
        for seq in [head, first, u64::midpoint(first, head)] {
            match reader.find(&ANN, &format!("id-{seq}")).unwrap() {
                Some(found) => assert_eq!(found, said(seq)),
                // It was let go of meanwhile, perhaps by an append that is not answered yet.
                None => assert!(
                    seq == 0 || reader.first(&LOBBY).unwrap() + 10 > seq,
                    "{seq} of {first} to {head}"
                ),
            }
        }
    }
}

#[test]
fn what_is_read_beside_appends_rolls_sealing_and_removal_is_a_part_of_what_was_committed() {
    const LAST: u64 = 6000;
    for count in [None, Some(200)] {
        let disk = Memory::default();
        let keep = Retention { count, ..ALL };
        let mut store = Store::with_sizes(place(&disk), keep, SMALL).unwrap();
        thread::scope(|scope| {
            for _ in 0..2 {
                let reader = store.reader();
                scope.spawn(move || follow(&reader, LAST));
            }
            let mut upkeep = store.upkeep();
            scope.spawn(move || {
                while upkeep.wait() {
                    while upkeep.step().unwrap() {}
                }
            });
            for batch in all_said(1..=LAST).chunks(10) {
                store.append(batch).unwrap();
            }
            while store.reader().head() < LAST {}
            store.upkeep().call();
            // Those who read are to come to the end before it is closed.
            let reader = store.reader();
            follow(&reader, LAST);
            thread::sleep(std::time::Duration::from_millis(300));
            drop(store);
        });
        let report = check(place(&disk)).unwrap();
        assert_eq!(report.head, LAST);
        assert_eq!(report.entries, count.unwrap_or(LAST));
    }
}

#[test]
fn a_roll_is_one_step_for_the_upkeep_beside_it() {
    // Each append rolls, and the upkeep has something to do all the time.
    let dir = Dir::new();
    let mut store = Store::with_sizes(&dir.0, ALL, SMALL).unwrap();
    let all = all_said(1..=9000);
    thread::scope(|scope| {
        let mut upkeep = store.upkeep();
        scope.spawn(move || {
            while upkeep.wait() {
                while upkeep.step().unwrap() {}
                upkeep.call();
            }
        });
        for batch in all.chunks(60) {
            store.append(batch).unwrap();
        }
        drop(store);
    });
    assert_eq!(check(&dir.0).unwrap().entries, 9000);
}

#[test]
fn an_upkeep_that_outlives_its_store_does_nothing_to_the_next_one() {
    let disk = Memory::default();
    let mut store = open(&disk);
    store.append(&all_said(1..=200)).unwrap();
    let mut upkeep = store.upkeep();
    drop(store);
    let mut store = open(&disk);
    store.append(&all_said(201..=400)).unwrap();
    assert!(!upkeep.wait());
    assert!(!upkeep.step().unwrap());
    drop(store);
    assert_eq!(check(place(&disk)).unwrap().entries, 400);
}

#[test]
fn a_reader_is_not_told_of_what_an_append_that_failed_may_have_left() {
    for changes in 0.. {
        let disk = Memory::default();
        let mut store = open(&disk);
        store.append(&all_said(1..=5)).unwrap();
        let reader = store.reader();
        disk.fail_after(changes, ErrorKind::Other);
        if store.append(&all_said(6..=200)).is_ok() {
            break;
        }
        assert_eq!(reader.head(), 5);
        for known in [reader.read(&LOBBY, 0, 9), reader.read(&LOBBY, 4, 9)] {
            assert!(known.is_err() || known.is_ok_and(|read| read.last() == Some(&said(5))));
        }
        assert!(!matches!(reader.find(&ANN, "id-6"), Ok(Some(_))));
    }
}

#[test]
fn a_reader_outlives_its_store_but_not_the_log_being_open() {
    let disk = Memory::default();
    let mut store = open(&disk);
    store.append(&all_said(1..=5)).unwrap();
    let reader = store.reader();
    drop(store);
    check(place(&disk)).unwrap();
    for refused in [
        error(reader.read(&LOBBY, 0, 9)),
        error(reader.find(&ANN, "id-1")),
    ] {
        assert!(matches!(refused.fault, Fault::Closed), "{refused}");
    }
    open(&disk).append(&[said(6)]).unwrap();
    drop(reader);
    assert_eq!(check(place(&disk)).unwrap().head, 6);
}
