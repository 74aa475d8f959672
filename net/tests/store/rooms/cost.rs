//! What many rooms cost.

use super::{of, room};
use crate::disk::Memory;
use crate::{ALL, LOBBY, Record, all_said, idle, joined, left, place, said, segments};
use chat_net::store::{Retention, Sizes, Store};
use std::slice;

/// Segments of some thousand entries.
const SIZES: Sizes = Sizes {
    segment: 1 << 20,
    step: 1 << 18,
    ahead: 1 << 18,
    rooms: 8_192,
};

#[test]
fn a_page_of_a_room_with_one_entry_in_ten_thousand_is_read_without_what_is_between() {
    const EACH: u64 = 10_000;
    const PAGE: usize = 5;
    let disk = Memory::default();
    let mut store = Store::with_sizes(place(&disk), Retention::default(), SIZES).unwrap();
    let mut expected: Vec<Record> = Vec::new();
    for nth in 0..12 {
        let batch = all_said(nth * EACH + 1..=(nth + 1) * EACH);
        for part in batch.chunks(1000) {
            store.append(part).unwrap();
            idle(&store);
        }
        let rare = of("rare", crate::said(nth + 1));
        expected.push(rare.clone());
        store.append(&[rare]).unwrap();
    }
    idle(&store);
    drop(store);
    let store = Store::with_sizes(place(&disk), Retention::default(), SIZES).unwrap();
    let segments = disk.names().len() / 2;
    assert!(segments > 12, "{segments}");
    for after in 0..7 {
        let (times, bytes) = disk.reads();
        let from = usize::try_from(after).unwrap();
        let page = store.read(&room("rare"), after, PAGE).unwrap();
        assert_eq!(page, expected[from..from + PAGE]);
        let (times, bytes) = (disk.reads().0 - times, disk.reads().1 - bytes);
        // For each entry, a few blocks of a few indexes, and the entry.
        assert!(times < 40 * PAGE as u64, "{times} reads");
        assert!(bytes < 200 * 1024 * PAGE as u64, "{bytes} bytes");
    }
    let (times, _) = disk.reads();
    assert_eq!(store.read(&room("rare"), 11, PAGE).unwrap(), expected[11..]);
    assert_eq!(store.room(&room("rare")).unwrap().first, 1);
    assert!(disk.reads().0 - times < 20);
}

#[test]
fn a_directory_that_is_larger_than_a_segment_is_not_written_for_each_entry() {
    let disk = Memory::default();
    let mut store = crate::open(&disk);
    let rooms: Vec<Record> = (0..2000)
        .flat_map(|nth| {
            let name = format!("room-{nth}");
            [of(&name, joined(1, "ann")), of(&name, left(2, "ann"))]
        })
        .collect();
    for batch in rooms.chunks(100) {
        store.append(batch).unwrap();
    }
    let files = |disk: &Memory| disk.names().len();
    let before = files(&disk);
    for record in all_said(1..=500) {
        store.append(&[record]).unwrap();
    }
    // Half of what is written are entries: 500 come to about twice what all rooms come to.
    assert!(files(&disk) - before <= 6, "{}", files(&disk) - before);
    drop(store);
    let store = crate::open(&disk);
    assert_eq!(store.rooms_with_people().unwrap().len(), 1);
    assert_eq!(store.room(&room("room-1234")).unwrap().last, 2);
    assert_eq!(store.room(&LOBBY).unwrap().last, 500);
}

/// What is in memory of a room is less once its segment is full.
#[test]
fn a_segment_with_entries_of_as_many_rooms_as_the_limit_says_is_full() {
    const ROOMS: usize = 40;
    let sizes = Sizes {
        rooms: ROOMS,
        ..SIZES
    };
    let with = |rooms: usize| {
        let disk = Memory::default();
        let mut store = Store::with_sizes(place(&disk), ALL, sizes).unwrap();
        for nth in 0..rooms {
            let name = format!("room-{nth}");
            let both = [of(&name, joined(1, "ann")), of(&name, left(2, "ann"))];
            store.append(&both).unwrap();
        }
        // Whoever opens it again counts the same rooms.
        drop(store);
        let mut store = Store::with_sizes(place(&disk), ALL, sizes).unwrap();
        let said = of("room-0", said(3));
        store.append(slice::from_ref(&said)).unwrap();
        segments(&disk)
    };
    assert_eq!(with(ROOMS), with(ROOMS - 1) + 1);
    assert_eq!(with(2 * ROOMS - 1), with(ROOMS));
}
