//! The log of the accounts is kept as that of a room, and its state outlives its entries.

use crate::disk::Memory;
use crate::{ALL, all_said, fold, idle, open, place, try_open};
use chat_core::{Kind, Name, Record, RoomName};
use chat_net::store::{Retention, export, import};

/// Entry `seq` of the log of the accounts.
fn account(seq: u64, kind: Kind, name: &str) -> Record {
    let text = match kind {
        Kind::Claimed => "0f".repeat(48),
        Kind::Device => format!("{seq} 1700000000000 {} the laptop", "a0".repeat(32)),
        Kind::DeviceEnded => "4".into(),
        _ => String::new(),
    };
    Record {
        room: RoomName::accounts(),
        seq,
        at: seq,
        kind,
        name: Name::parse(name).unwrap(),
        text: text.into(),
        sender: None,
        id: None,
    }
}

/// ann's name is hers, with one of two devices, and bob's is not any more.
fn accounts() -> [Record; 6] {
    [
        account(1, Kind::Claimed, "ann"),
        account(2, Kind::Claimed, "bob"),
        account(3, Kind::Unclaimed, "bob"),
        account(4, Kind::Device, "ann"),
        account(5, Kind::Device, "ann"),
        account(6, Kind::DeviceEnded, "ann"),
    ]
}

#[test]
fn names_belong_to_their_owners_when_the_entries_that_said_so_are_gone() {
    let disk = Memory::default();
    let keep = Retention {
        count: Some(100),
        ..ALL
    };
    let mut store = try_open(&disk, &keep).unwrap();
    store.append(&accounts()).unwrap();
    for batch in all_said(1..=2000).chunks(100) {
        store.append(batch).unwrap();
        idle(&store);
    }
    assert!(store.first() > 6, "the entries of the accounts are gone");
    let expected = fold(&accounts());
    let room = store.room(&RoomName::accounts()).unwrap();
    assert_eq!((room.last, &room.state), (6, &expected));
    drop(store);
    let mut store = try_open(&disk, &keep).unwrap();
    let room = store.room(&RoomName::accounts()).unwrap();
    assert_eq!((room.last, &room.state), (6, &expected));
    // And it goes on from there.
    let next = account(7, Kind::Claimed, "cy");
    store.append(std::slice::from_ref(&next)).unwrap();
    let all: Vec<Record> = accounts().into_iter().chain([next]).collect();
    let expected = fold(&all);
    let room = store.room(&RoomName::accounts()).unwrap();
    assert_eq!((room.last, room.state), (7, expected));
}

#[test]
fn no_room_that_people_are_in_is_that_of_the_accounts() {
    let disk = Memory::default();
    let mut store = open(&disk);
    store.append(&accounts()).unwrap();
    let rooms = store.rooms_with_people().unwrap();
    let names: Vec<&RoomName> = rooms.iter().map(|(name, _)| name).collect();
    assert_eq!(names, [&RoomName::LOBBY]);
}

#[test]
fn an_export_has_them_and_gives_them_to_another_log() {
    let (disk, other) = (Memory::default(), Memory::default());
    let mut store = open(&disk);
    store.append(&accounts()).unwrap();
    drop(store);
    let mut exported = Vec::new();
    export(place(&disk), &mut exported).unwrap();
    import(place(&other), &exported[..]).unwrap();
    let store = open(&other);
    assert_eq!(store.read(&RoomName::accounts(), 0, 9).unwrap(), accounts());
}
