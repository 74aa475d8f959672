//! What is ordered in a room is kept with it, whole, whatever it is shown without.

use crate::disk::Memory;
use crate::{fold, open, place};
use chat_core::{Kind, Name, Order, Record, RoomName};
use chat_net::store::{export, import};

/// Entry `seq` of a room.
fn entry(seq: u64, kind: Kind, text: &str) -> Record {
    Record {
        room: RoomName::parse("dev").unwrap(),
        seq,
        at: 1000 * seq,
        kind,
        name: Name::parse("ann").unwrap(),
        text: text.into(),
        sender: None,
        id: None,
    }
}

/// ann makes a room, and orders there all that can be ordered.
fn orders() -> Vec<Record> {
    let texts = [
        "own 1",
        "op bob 2",
        "deop bob",
        "kick eve too  loud",
        "ban 7200 eve 192.0.2.7 not nice",
        "ban - - 2001:db8::/32",
        "unban eve -",
        "mute eve 60",
        "mute dan -",
        "unmute eve",
        "private on",
        "invite cat",
        "slow 30",
    ];
    assert!(texts.iter().all(|text| Order::parse(text).is_some()));
    let orders = (2..).zip(texts);
    let orders = orders.map(|(seq, text)| entry(seq, Kind::Order, text));
    [entry(1, Kind::Joined, "")]
        .into_iter()
        .chain(orders)
        .collect()
}

#[test]
fn what_is_ordered_is_there_again_with_its_addresses_and_its_state() {
    let (disk, other) = (Memory::default(), Memory::default());
    let dev = RoomName::parse("dev").unwrap();
    let all = orders();
    let mut store = open(&disk);
    store.append(&all).unwrap();
    drop(store);
    let store = open(&disk);
    assert_eq!(store.read(&dev, 0, 99).unwrap(), all);
    assert_eq!(store.room(&dev).unwrap().state, fold(&all));
    drop(store);
    let mut exported = Vec::new();
    export(place(&disk), &mut exported).unwrap();
    let text = String::from_utf8(exported.clone()).unwrap();
    assert!(text.contains("ban 7200 eve 192.0.2.7 not nice"), "{text}");
    import(place(&other), &exported[..]).unwrap();
    let store = open(&other);
    assert_eq!(store.read(&dev, 0, 99).unwrap(), all);
    assert_eq!(store.room(&dev).unwrap().state, fold(&all));
}
