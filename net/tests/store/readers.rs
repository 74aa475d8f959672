//! Others read a log while it is appended to.

use crate::disk::Memory;
use crate::{ALL, Dir, all_said, error, open, place, said};
use chat_core::SessionId;
use chat_net::store::{Fault, Reader, Retention, Store, check};
use std::io::ErrorKind;
use std::thread;

const ANN: SessionId = SessionId([7; 32]);

fn is_for_threads<T: Send + Sync + Clone + 'static>(_: &T) {}

fn may_be_sent<T: Send>(_: &T) {}

#[test]
fn a_reader_has_what_is_committed_from_any_thread() {
    let mut store = open(&Memory::default());
    may_be_sent(&store);
    let reader = store.reader();
    is_for_threads(&reader);
    assert_eq!((reader.first(), reader.head()), (1, 0));
    assert_eq!(reader.read(0, 9).unwrap(), []);
    store.append(&all_said(1..=5)).unwrap();
    let other = reader.clone();
    let read = thread::spawn(move || (other.read(2, 2).unwrap(), other.head()));
    assert_eq!(read.join().unwrap(), (all_said(3..=4), 5));
    assert_eq!(reader.read(3, 9).unwrap(), all_said(4..=5));
    assert_eq!(reader.read(9, 9).unwrap(), []);
    assert_eq!(reader.find(&ANN, "id-3").unwrap(), Some(said(3)));
    assert_eq!(reader.find(&ANN, "id-6").unwrap(), None);
}

#[test]
fn readers_see_whole_appends_while_they_are_made() {
    const LAST: u64 = 3000;
    const BATCH: usize = 10;
    let dir = Dir::new();
    let keep = Retention {
        count: Some(100),
        ..ALL
    };
    let mut store = Store::open(&dir.0, keep).unwrap();
    let follow = |reader: Reader| {
        let mut after = 0;
        while after < LAST {
            let head = reader.head();
            let read = reader.read(after, 50).unwrap();
            if let (Some(first), Some(last)) = (read.first(), read.last()) {
                assert!(first.seq > after);
                assert_eq!(read, all_said(first.seq..=last.seq));
                after = last.seq;
            } else {
                assert!(head <= after, "what is committed is read");
            }
            if let Some(newest) = reader.find(&ANN, &format!("id-{head}")).unwrap() {
                assert_eq!(newest, said(head));
            } else {
                // It was removed meanwhile, perhaps by an append that is not answered yet.
                assert!(head == 0 || reader.first() + BATCH as u64 > head);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..2 {
            let reader = store.reader();
            scope.spawn(move || follow(reader));
        }
        for batch in all_said(1..=LAST).chunks(BATCH) {
            store.append(batch).unwrap();
        }
    });
}

#[test]
fn a_reader_is_not_told_of_what_an_append_that_failed_may_have_kept() {
    for changes in 0..40 {
        let disk = Memory::default();
        let mut store = open(&disk);
        store.append(&all_said(1..=5)).unwrap();
        let reader = store.reader();
        disk.fail_after(changes, ErrorKind::Other);
        if store.append(&all_said(6..=9)).is_ok() {
            break;
        }
        assert_eq!(reader.head(), 5);
        for known in [reader.read(0, 9), reader.read(4, 9)] {
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
    for refused in [error(reader.read(0, 9)), error(reader.find(&ANN, "id-1"))] {
        assert!(matches!(refused.fault, Fault::Closed), "{refused}");
    }
    open(&disk).append(&[said(6)]).unwrap();
    drop(reader);
    assert_eq!(check(place(&disk)).unwrap().head, 6);
}
