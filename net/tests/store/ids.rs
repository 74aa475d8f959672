//! An entry is found by the id that its sender gave it.

use crate::disk::Memory;
use crate::{ALL, all_said, any_records, error, joined, open, place, said};
use chat_core::{Record, SessionId};
use chat_net::store::{Fault, Retention, Store, check, export, import};
use proptest::prelude::*;
use redb::{Database, TableDefinition};
use std::collections::BTreeMap;

const ANN: SessionId = SessionId([7; 32]);
const BEN: SessionId = SessionId([8; 32]);

/// Entry `seq`, of this session and id.
fn of(seq: u64, session: SessionId, id: &str) -> Record {
    Record {
        sender: Some(session),
        id: Some(id.into()),
        ..said(seq)
    }
}

#[test]
fn an_entry_is_found_by_its_session_and_id() {
    let disk = Memory::default();
    let mut store = open(&disk);
    let entries = [
        of(1, ANN, "a"),
        of(2, BEN, "a"),
        of(3, ANN, ""),
        of(4, ANN, "aa"),
    ];
    store.append(&entries).unwrap();
    drop(store);
    let store = open(&disk);
    for entry in entries {
        let (session, id) = (entry.sender.unwrap(), entry.id.clone().unwrap());
        assert_eq!(store.find(&session, &id).unwrap(), Some(entry));
    }
    for (session, id) in [
        (BEN, ""),
        (BEN, "aa"),
        (ANN, "b"),
        (SessionId([9; 32]), "a"),
    ] {
        assert_eq!(store.find(&session, id).unwrap(), None);
    }
}

#[test]
fn of_several_entries_with_an_id_the_newest_is_found() {
    let disk = Memory::default();
    let keep = Retention {
        count: Some(2),
        ..ALL
    };
    let mut store = Store::open(place(&disk), keep).unwrap();
    for seq in 1..=3 {
        store.append(&[of(seq, ANN, "a")]).unwrap();
        let found = store.find(&ANN, "a").unwrap();
        assert_eq!(found.map(|entry| entry.seq), Some(seq));
    }
    drop(store);
    check(place(&disk)).unwrap();
}

#[test]
fn an_id_is_removed_with_its_entry() {
    let disk = Memory::default();
    let keep = Retention {
        count: Some(5),
        ..ALL
    };
    let mut store = Store::open(place(&disk), keep).unwrap();
    for seq in 1..=12 {
        store.append(&[said(seq)]).unwrap();
    }
    let found = (1..=12).filter(|seq| store.find(&ANN, &format!("id-{seq}")).unwrap().is_some());
    assert!(found.eq(8..=12));
    drop(store);
    check(place(&disk)).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn ids_are_those_of_the_entries_held(
        mut records in any_records(),
        few in prop::collection::vec((0_u8..3, 0_u8..3), 40),
        batch in 1_usize..9,
        keep in 1_u64..30,
    ) {
        for (record, (session, id)) in records.iter_mut().zip(few) {
            record.sender = record.sender.map(|_| SessionId([session; 32]));
            record.id = record.id.take().map(|_| id.to_string().into());
        }
        let disk = Memory::default();
        let mut store = Store::open(place(&disk), Retention { count: Some(keep), ..ALL }).unwrap();
        for batch in records.chunks(batch) {
            store.append(batch).unwrap();
        }
        let held: BTreeMap<_, _> = store
            .entries()
            .map(Result::unwrap)
            .filter_map(|record| Some(((record.sender?, record.id.clone()?), record)))
            .collect();
        for session in (0..3).map(|session| SessionId([session; 32])) {
            for id in ["0", "1", "2"] {
                let expected = held.get(&(session, id.into()));
                let found = store.find(&session, id).unwrap();
                prop_assert_eq!(found.as_ref(), expected);
            }
        }
        drop(store);
        check(place(&disk)).unwrap();

        let mut lines = Vec::new();
        export(place(&disk), &mut lines).unwrap();
        let other = Memory::default();
        import(place(&other), lines.as_slice()).unwrap();
        let store = open(&other);
        for ((session, id), record) in held {
            prop_assert_eq!(store.find(&session, &id).unwrap(), Some(record));
        }
    }
}

/// Changes the ids of a log of 2,000 entries, the first of them not one of a line, and returns what
/// is found.
fn damaged(change: impl FnOnce(&mut redb::Table<'_, &'static [u8], u64>)) -> (Memory, String) {
    const IDS: TableDefinition<&[u8], u64> = TableDefinition::new("ids");
    let dir = crate::Dir::new();
    let mut store = Store::open(&dir.0, ALL).unwrap();
    store.append(&[joined(1, "ann")]).unwrap();
    store.append(&all_said(2..=2000)).unwrap();
    drop(store);
    let db = Database::open(dir.0.join("log.redb")).unwrap();
    let mut transaction = db.begin_write().unwrap();
    transaction.set_quick_repair(true);
    change(&mut transaction.open_table(IDS).unwrap());
    transaction.commit().unwrap();
    drop(db);
    let disk = Memory::default();
    for file in ["log.redb", "head"] {
        disk.put(
            format!("log/{file}"),
            &std::fs::read(dir.0.join(file)).unwrap(),
        );
    }
    let refused = error(check(place(&disk)));
    assert!(matches!(refused.fault, Fault::Damaged(_)), "{refused}");
    (disk, refused.to_string())
}

fn key(id: &str) -> Vec<u8> {
    [&ANN.0, id.as_bytes()].concat()
}

#[test]
fn ids_that_do_not_agree_with_the_entries_are_found_by_a_check() {
    let (disk, told) = damaged(|ids| drop(ids.remove(key("id-50").as_slice()).unwrap()));
    assert!(told.contains("the id of entry 50 is missing"), "{told}");
    assert_eq!(
        open(&disk).find(&ANN, "id-50").unwrap(),
        None,
        "as it is said"
    );

    let (disk, told) = damaged(|ids| drop(ids.insert(key("id").as_slice(), 50).unwrap()));
    assert!(told.contains("there are ids that no entry has"), "{told}");
    let refused = error(open(&disk).find(&ANN, "id")).to_string();
    assert!(
        refused.contains("an id leads to entry 50, which has another"),
        "{refused}"
    );

    let (disk, told) = damaged(|ids| drop(ids.insert(key("id-50").as_slice(), 60).unwrap()));
    assert!(told.contains("there are ids that no entry has"), "{told}");
    let refused = error(open(&disk).find(&ANN, "id-50")).to_string();
    assert!(
        refused.contains("an id leads to entry 60, which has another"),
        "{refused}"
    );

    for wrong in [0, 2001, u64::MAX] {
        let (disk, _) = damaged(|ids| drop(ids.insert(key("id-50").as_slice(), wrong).unwrap()));
        error(open(&disk).find(&ANN, "id-50"));
    }
}

#[test]
fn a_newest_entry_that_is_not_found_by_its_id_is_noticed_at_opening() {
    let (disk, _) = damaged(|ids| drop(ids.remove(key("id-1990").as_slice()).unwrap()));
    let refused = error(Store::open(place(&disk), ALL)).to_string();
    assert!(
        refused.contains("the id of entry 1990 is missing"),
        "{refused}"
    );
}
