//! Who is in the room is known without the entries that told of it.

use crate::disk::Memory;
use crate::{ALL, any_records, error, joined, left, open, place, said};
use chat_core::{Kind, Name, Record, SessionId};
use chat_net::store::{Fault, Retention, Store, check, export, import};
use proptest::prelude::*;
use redb::{Database, TableDefinition};
use std::collections::BTreeMap;
use std::slice;

fn names(store: &Store) -> Vec<String> {
    let present = store.present().unwrap();
    present.iter().map(|(name, _)| name.to_string()).collect()
}

fn exported(disk: &Memory) -> String {
    let mut lines = Vec::new();
    export(place(disk), &mut lines).unwrap();
    String::from_utf8(lines).unwrap()
}

#[test]
fn those_are_present_who_joined_and_did_not_leave() {
    let disk = Memory::default();
    let mut store = open(&disk);
    assert_eq!(store.present().unwrap(), []);
    let plain = Record {
        sender: None,
        ..joined(1, "cat")
    };
    store
        .append(&[plain, joined(2, "ann"), joined(3, "ben"), said(4)])
        .unwrap();
    store.append(&[left(5, "ann")]).unwrap();
    let session = Some(SessionId([7; 32]));
    let name = |name| Name::parse(name).unwrap();
    let present = [(name("ben"), session), (name("cat"), None)];
    assert_eq!(store.present().unwrap(), present);
    drop(store);
    assert_eq!(open(&disk).present().unwrap(), present);
}

#[test]
fn those_stay_present_whose_entries_are_removed() {
    let disk = Memory::default();
    let keep = Retention {
        count: Some(3),
        ..ALL
    };
    let mut store = Store::open(place(&disk), keep).unwrap();
    store
        .append(&[joined(1, "ann"), joined(2, "ben"), joined(3, "cat")])
        .unwrap();
    for seq in 4..=9 {
        store.append(&[said(seq)]).unwrap();
    }
    store.append(&[left(10, "ben")]).unwrap();
    assert_eq!(names(&store), ["ann", "cat"]);
    drop(store);
    check(place(&disk)).unwrap();
    let lines = exported(&disk);
    let head = lines.lines().next().unwrap();
    assert!(head.contains(r#""first":8,"#), "{head}");
    assert!(
        head.contains(r#""roster":[{"name":"ann","session":"0707"#),
        "{head}"
    );

    let other = Memory::default();
    import(place(&other), lines.as_bytes()).unwrap();
    assert_eq!(names(&open(&other)), ["ann", "cat"]);
    assert_eq!(exported(&other), lines);
}

#[test]
fn an_export_whose_roster_was_changed_is_refused() {
    let disk = Memory::default();
    let keep = Retention {
        count: Some(1),
        ..ALL
    };
    let mut store = Store::open(place(&disk), keep).unwrap();
    store
        .append(&[joined(1, "ann"), joined(2, "ben"), said(3)])
        .unwrap();
    drop(store);
    let lines = exported(&disk);
    let swapped = lines.replace(r#""name":"ben""#, r#""name":"bob""#);
    let without = lines.replace(r#""session":"#, r#""sessions":"#);
    let short = lines.replace(r#""session":"07"#, r#""session":""#);
    let too_early = lines.replace(r#""first":3"#, r#""first":1"#);
    for changed in [swapped, without, short, too_early] {
        assert_ne!(changed, lines);
        let refused = error(import(place(&Memory::default()), changed.as_bytes()));
        assert!(
            matches!(refused.fault, Fault::BadExport { .. }),
            "{refused}"
        );
    }
}

#[test]
fn a_roster_that_is_not_as_it_was_written_is_refused() {
    const CHANGES: [(&str, &str, Option<&[u8]>); 5] = [
        ("roster", "ann", None),
        ("roster", "ann", Some(&[7; 31])),
        ("roster", "ann", Some(&[6; 32])),
        ("roster", "bob", Some(&[])),
        ("earlier", "bob", Some(&[])),
    ];
    for (table, name, value) in CHANGES {
        let dir = crate::Dir::new();
        let mut store = Store::open(&dir.0, ALL).unwrap();
        store.append(&[joined(1, "ann")]).unwrap();
        drop(store);
        let db = Database::open(dir.0.join("log.redb")).unwrap();
        let transaction = db.begin_write().unwrap();
        {
            let definition: TableDefinition<&str, &[u8]> = TableDefinition::new(table);
            let mut rows = transaction.open_table(definition).unwrap();
            match value {
                Some(value) => drop(rows.insert(name, value).unwrap()),
                None => drop(rows.remove(name).unwrap()),
            }
        }
        transaction.commit().unwrap();
        drop(db);
        for refused in [error(Store::open(&dir.0, ALL)), error(check(&dir.0))] {
            let refused = refused.to_string();
            assert!(
                refused.contains("who is in the room is not as it was written"),
                "{refused}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_roster_is_what_the_entries_tell_however_few_are_held(
        mut records in any_records(),
        who in prop::collection::vec(0_usize..4, 40),
        batch in 1_usize..9,
        keep in 1_u64..30,
    ) {
        let mut expected = BTreeMap::new();
        for (record, who) in records.iter_mut().zip(who) {
            record.name = Name::parse(["ann", "ben", "cat", "dan"][who]).unwrap();
            match record.kind {
                Kind::Joined => drop(expected.insert(record.name.clone(), record.sender)),
                Kind::Left => drop(expected.remove(&record.name)),
                Kind::Said => {}
            }
        }
        let disk = Memory::default();
        let mut store = Store::open(place(&disk), Retention { count: Some(keep), ..ALL }).unwrap();
        for batch in records.chunks(batch) {
            store.append(batch).unwrap();
        }
        let expected: Vec<_> = expected.into_iter().collect();
        prop_assert_eq!(&store.present().unwrap(), &expected);
        drop(store);
        check(place(&disk)).unwrap();

        let lines = exported(&disk);
        let other = Memory::default();
        import(place(&other), lines.as_bytes()).unwrap();
        let mut store = open(&other);
        prop_assert_eq!(&store.present().unwrap(), &expected);
        let next = said(store.head() + 1);
        store.append(slice::from_ref(&next)).unwrap();
        drop(store);
        check(place(&other)).unwrap();
    }
}
