//! The text of an entry is erased for good, once that is ordered.

use crate::disk::Memory;
use crate::{ALL, ANN, LOBBY, contents, dice, error, idle, open, place, said, try_open};
use chat_core::{Kind, Record, RoomName};
use chat_net::store::{Fault, Retention, StoreError, backup, check, export, import, repair};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// What is in a text that is to be gone, and nowhere else.
const SECRET: &str = "The-Secret";

fn secret(seq: u64, length: usize) -> Record {
    let text = SECRET.repeat(length.div_ceil(SECRET.len()));
    Record {
        text: text[..length].into(),
        ..said(seq)
    }
}

fn order(seq: u64, target: u64) -> Record {
    Record {
        kind: Kind::Order,
        text: format!("redact {target} ann").into(),
        sender: None,
        id: None,
        ..said(seq)
    }
}

/// The same entries, as they are once what they order is done.
fn redacted(records: &[Record]) -> Vec<Record> {
    let gone: Vec<(RoomName, u64)> = records
        .iter()
        .filter_map(|it| Some((it.room.clone(), it.redacts()?)))
        .collect();
    let mut records = records.to_vec();
    for record in &mut records {
        if record.kind == Kind::Said && gone.contains(&(record.room.clone(), record.seq)) {
            record.text = "".into();
        }
    }
    records
}

/// Whether some of a text is anywhere on the disk.
fn is_on(disk: &Memory) -> bool {
    let text = SECRET.as_bytes();
    let has = |bytes: &[u8]| bytes.windows(text.len()).any(|it| it == text);
    disk.names().iter().any(|name| has(&disk.get(name)))
}

/// Does what is to be done, and says whether the text is anywhere; and what is told of it by all who look.
fn verify(disk: &Memory, all: &[Record]) {
    assert!(!is_on(disk));
    let store = open(disk);
    assert_eq!(contents(&store), all);
    let with_ids = all.iter().filter(|it| it.id.is_some());
    for record in with_ids {
        let found = store.find(&ANN, record.id.as_deref().unwrap()).unwrap();
        assert_eq!(found.as_ref(), Some(record));
    }
    let copy = Memory::default();
    let report = backup(place(disk), place(&copy)).unwrap();
    assert_eq!(report.entries, all.len() as u64);
    drop(store);
    let mended = Memory::default();
    assert!(
        repair(place(disk), place(&mended))
            .unwrap()
            .missing
            .is_empty()
    );
    assert!(check(place(disk)).unwrap().missing.is_empty());
    let mut exported = Vec::new();
    export(place(disk), &mut exported).unwrap();
    let other = Memory::default();
    import(place(&other), &exported[..]).unwrap();
    for it in [copy, mended, other] {
        assert!(!is_on(&it));
        check(place(&it)).unwrap();
        assert_eq!(contents(&open(&it)), all);
    }
}

#[test]
fn a_text_of_any_length_is_gone_from_everywhere_and_nothing_else_is() {
    for length in [1, 7, 8, 10, 200, 511, 3000] {
        let disk = Memory::default();
        let all = [said(1), secret(2, length), said(3), order(4, 2), said(5)];
        let mut store = open(&disk);
        for record in &all[..3] {
            store.append(std::slice::from_ref(record)).unwrap();
        }
        assert_eq!(is_on(&disk), length >= SECRET.len());
        let reader = store.reader();
        assert_eq!(reader.read(&LOBBY, 1, 1).unwrap()[0].text.len(), length);
        store.append(&all[3..4]).unwrap();
        assert!(!is_on(&disk));
        assert_eq!(reader.read(&LOBBY, 1, 1).unwrap()[0].text.len(), 0);
        store.append(&all[4..]).unwrap();
        drop(store);
        verify(&disk, &redacted(&all));
    }
}

#[test]
fn what_is_said_and_removed_in_one_batch_is_so_too() {
    let disk = Memory::default();
    let all = [
        secret(1, 99),
        order(2, 1),
        secret(3, 99),
        order(4, 3),
        order(5, 3),
    ];
    open(&disk).append(&all).unwrap();
    verify(&disk, &redacted(&all));
}

/// Entries over several segments, of which every third is removed later, from the newest to the oldest.
fn long_log() -> Vec<Record> {
    let mut all: Vec<Record> = (1..=150).map(|seq| secret(seq, 90)).collect();
    for (seq, target) in (151..).zip((1..=50_u64).rev().map(|nth| 3 * nth)) {
        all.push(order(seq, target));
    }
    // Those that stay have another text.
    for record in all.iter_mut().filter(|it| it.seq % 3 > 0 && it.seq <= 150) {
        record.text = "what stays".into();
    }
    all
}

#[test]
fn it_is_found_in_old_segments_with_their_indexes_and_after_a_restart() {
    for has_restart in [false, true] {
        let disk = Memory::default();
        let all = long_log();
        let mut store = open(&disk);
        for batch in all[..150].chunks(7) {
            store.append(batch).unwrap();
            idle(&store);
        }
        assert!(disk.names().len() >= 6, "{:?}", disk.names());
        if has_restart {
            drop(store);
            store = open(&disk);
        }
        for batch in all[150..].chunks(3) {
            store.append(batch).unwrap();
            idle(&store);
        }
        drop(store);
        verify(&disk, &redacted(&all));
        // An index that is lost is made again of what is there.
        for name in disk.names() {
            if name.extension().is_some_and(|it| it == "idx") {
                disk.remove(name);
            }
        }
        verify(&disk, &redacted(&all));
    }
}

#[test]
fn rooms_have_numbers_of_their_own() {
    let disk = Memory::default();
    let dev = |record: Record| Record {
        room: RoomName::parse("dev").unwrap(),
        ..record
    };
    let all = [said(1), dev(secret(1, 40)), dev(order(2, 1)), said(2)];
    let mut store = open(&disk);
    store.append(&all[..2]).unwrap();
    store.append(&all[2..]).unwrap();
    drop(store);
    assert!(!is_on(&disk));
    let store = open(&disk);
    assert_eq!(contents(&store), [said(1), said(2)]);
    let room = RoomName::parse("dev").unwrap();
    let texts: Vec<_> = store.read(&room, 0, 9).unwrap();
    assert_eq!(&*texts[0].text, "");
    check(place(&disk)).unwrap();
}

#[test]
fn power_may_be_lost_after_any_change_while_texts_are_erased() {
    let all = [
        vec![said(1), secret(2, 700), said(3)],
        vec![secret(4, 30)],
        vec![order(5, 2)],
        vec![secret(6, 30), order(7, 6), order(8, 4)],
        vec![said(9)],
    ];
    let flat = all.concat();
    let mut ends = 0;
    for seed in 0..6 {
        for changes in 0.. {
            let disk = Memory::default();
            disk.fail_after(changes, ErrorKind::Other);
            let mut acknowledged = 0;
            let opened = try_open(&disk, &ALL);
            let is_done = opened.is_ok_and(|mut store| {
                all.iter().all(|batch| {
                    let is_done = store.append(batch).is_ok();
                    acknowledged += if is_done { batch.len() } else { 0 };
                    is_done
                })
            });
            let mut dice = dice(seed * 1000 + changes);
            disk.lose_power(&mut dice);
            for nth in 0..dice(3) {
                disk.fail_after(nth as u64 + dice(8) as u64, ErrorKind::Other);
                let _ = try_open(&disk, &ALL);
                disk.lose_power(&mut dice);
            }
            disk.heal();
            let store = open(&disk);
            let head = usize::try_from(store.head()).unwrap();
            assert!(head >= acknowledged, "{head} {acknowledged}");
            assert_eq!(
                contents(&store),
                redacted(&flat[..head]),
                "{seed} {changes}"
            );
            drop(store);
            check(place(&disk)).unwrap();
            // What was ordered is gone, by whoever opened it.
            let stays = flat[..head].iter().any(|it| {
                it.kind == Kind::Said
                    && it.text.contains(SECRET)
                    && !flat[..head]
                        .iter()
                        .any(|order| order.redacts() == Some(it.seq))
            });
            assert_eq!(is_on(&disk), stays, "{seed} {changes}");
            if is_done {
                ends += 1;
                break;
            }
        }
    }
    assert_eq!(ends, 6);
}

#[test]
fn a_full_disk_is_waited_for() {
    let disk = Memory::default();
    let mut store = open(&disk);
    store.append(&[secret(1, 50), said(2)]).unwrap();
    disk.fill();
    let refused = store.append(&[order(3, 1)]).unwrap_err();
    assert!(matches!(refused.fault, Fault::NoRoom(_)), "{refused}");
    // The order is there, and nothing comes after it.
    assert_eq!(store.head(), 3);
    assert!(store.append(&[said(4)]).is_err());
    assert_eq!(store.head(), 3);
    disk.heal();
    store.append(&[]).unwrap();
    assert!(!is_on(&disk));
    store.append(&[said(4)]).unwrap();
    drop(store);
    verify(
        &disk,
        &redacted(&[secret(1, 50), said(2), order(3, 1), said(4)]),
    );
}

#[test]
fn what_is_not_there_any_more_or_cannot_be_read_keeps_nobody_from_going_on() {
    let disk = Memory::default();
    let keep = Retention {
        count: Some(20),
        ..ALL
    };
    let mut store = try_open(&disk, &keep).unwrap();
    for seq in 1..=200 {
        store.append(&[said(seq)]).unwrap();
        idle(&store);
    }
    let targets = [1, 185, 300, 201];
    let orders: Vec<Record> = (201..)
        .zip(targets)
        .map(|(seq, it)| order(seq, it))
        .collect();
    store.append(&orders).unwrap();
    assert!(store.read(&LOBBY, 184, 1).unwrap()[0].is_redacted());
    drop(store);
    // One that is damaged is told, and costs nobody else anything.
    let disk = Memory::default();
    let mut store = open(&disk);
    store.append(&[said(1), said(2), said(3)]).unwrap();
    let name = "log/0000000000000001.log";
    let mut bytes = disk.get(name);
    let text = said(2).text;
    let at = bytes
        .windows(text.len())
        .position(|it| it == text.as_bytes());
    bytes[at.unwrap()] ^= 1;
    disk.put(name, &bytes);
    store.append(&[order(4, 2), order(5, 3)]).unwrap();
    assert!(store.read(&LOBBY, 2, 1).unwrap()[0].is_redacted());
}

#[test]
fn damage_of_what_is_erased_is_told_as_any_other() {
    let disk = Memory::default();
    let all = [said(1), secret(2, 20), order(3, 2), said(4)];
    let mut store = open(&disk);
    for record in &all {
        store.append(std::slice::from_ref(record)).unwrap();
    }
    drop(store);
    let all = redacted(&all);
    for name in ["log/0000000000000001.gone", "log/0000000000000001.log"] {
        let bytes = disk.get(name);
        // Of the segment, where its frames are.
        let from = if name.ends_with("gone") { 0 } else { 4096 };
        let to = bytes.iter().rposition(|&byte| byte != 0).unwrap() + 1;
        for bit in 8 * from..8 * to {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            disk.put(name, &changed);
            match check(place(&disk)) {
                // In place of a text that is gone may be anything: it is told as what is left of that.
                Ok(_)
                | Err(StoreError {
                    fault: Fault::NotErased { .. },
                    ..
                }) => {
                    let mut exported = Vec::new();
                    export(place(&disk), &mut exported).unwrap();
                    let other = Memory::default();
                    import(place(&other), &exported[..]).unwrap();
                    assert_eq!(contents(&open(&other)), all, "{name}, bit {bit}");
                }
                Err(error) => assert!(matches!(error.fault, Fault::Damaged(_)), "{error}"),
            }
        }
        disk.put(name, &bytes);
    }
    verify(&disk, &all);
}

/// What is told of a log in which texts are left that were ordered gone; nothing that is made of it has them.
fn verify_left(disk: &Memory, all: &[Record], told: &str) {
    assert!(is_on(disk));
    let refused = check(place(disk)).unwrap_err();
    assert!(
        matches!(refused.fault, Fault::NotErased { .. }),
        "{refused}"
    );
    assert!(refused.to_string().contains(told), "{refused}");
    let mut exported = Vec::new();
    export(place(disk), &mut exported).unwrap();
    let has = |bytes: &[u8]| {
        bytes
            .windows(SECRET.len())
            .any(|it| it == SECRET.as_bytes())
    };
    assert!(!has(&exported));
    for copied in [backup, repair] as [fn(_, _) -> _; 2] {
        let copy = Memory::default();
        let report = copied(place(disk), place(&copy)).unwrap();
        assert_eq!(report.entries, all.len() as u64);
        assert!(!is_on(&copy));
        check(place(&copy)).unwrap();
        assert_eq!(contents(&open(&copy)), all);
    }
    assert!(is_on(disk), "nothing was changed");
}

#[test]
fn a_text_that_is_left_when_the_power_goes_is_named_and_whoever_opens_the_log_erases_it() {
    let all = [said(1), secret(2, 700), said(3), order(4, 2)];
    let mut times = 0;
    for changes in 0.. {
        let disk = Memory::default();
        let mut store = open(&disk);
        store.append(&all[..3]).unwrap();
        idle(&store);
        disk.fail_after(changes, ErrorKind::Other);
        let is_done = store.append(&all[3..]).is_ok();
        drop(store);
        disk.lose_power(dice(changes));
        if is_done {
            break;
        }
        // As far as the order is there, which an opening tells.
        let copy = disk.copy();
        if open(&copy).head() == 4 && is_on(&disk) {
            times += 1;
            let told = "the text of entry 2 of room lobby was ordered gone and is still there. Nothing was changed. Start the server";
            verify_left(&disk, &redacted(&all), told);
        }
        drop(open(&disk));
        check(place(&disk)).unwrap();
    }
    assert!(times > 0);
}

#[test]
fn a_text_that_is_back_with_a_file_from_before_is_named_and_goes_again() {
    let disk = Memory::default();
    let mut all = long_log();
    // So that the orders are in the newest segment no more.
    all.extend((201..300).map(said));
    let mut store = open(&disk);
    for batch in all[..150].chunks(7) {
        store.append(batch).unwrap();
        idle(&store);
    }
    let before = disk.copy();
    for batch in all[150..].chunks(3) {
        store.append(batch).unwrap();
        idle(&store);
    }
    drop(store);
    let all = redacted(&all);
    let log = Path::new("log/0000000000000001.log");
    let gone = Path::new("log/0000000000000001.gone");
    assert!(!is_on(&disk));
    // What is written down of it is there.
    let back = disk.copy();
    back.put(log, &before.get(log));
    verify_left(&back, &all, "Start the server");
    let store = open(&back);
    idle(&store);
    drop(store);
    verify(&back, &all);
    // That is not, either.
    let back = disk.copy();
    back.put(log, &before.get(log));
    back.remove(gone);
    verify_left(
        &back,
        &all,
        "make a new log without that with `chat-server repair",
    );
    idle(&open(&back));
    let refused = check(place(&back)).unwrap_err();
    assert!(matches!(
        refused.fault,
        Fault::NotErased {
            is_overlooked: true,
            ..
        }
    ));
}

#[test]
fn an_order_is_of_what_was_before_it_alone() {
    let disk = Memory::default();
    let all = [said(1), order(2, 3), said(3), said(4)];
    let mut store = open(&disk);
    for record in &all {
        store.append(std::slice::from_ref(record)).unwrap();
    }
    drop(store);
    verify(&disk, &all);
}

#[test]
fn nobody_who_looks_beside_a_server_finds_a_text_that_it_is_about_to_erase() {
    let disk = Memory::default();
    let mut store = open(&disk);
    let mut upkeep = store.upkeep();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Acquire) {
                upkeep.step().unwrap();
            }
        });
        let looks = scope.spawn(|| {
            let mut times = 0;
            while !is_over.load(Ordering::Acquire) || times == 0 {
                if let Err(refused) = check(place(&disk)) {
                    is_over.store(true, Ordering::Release);
                    panic!("{refused}");
                }
                times += 1;
            }
        });
        let mut seq = 0;
        while seq < 600 && !looks.is_finished() {
            store.append(&[secret(seq + 1, 300)]).unwrap();
            store.append(&[order(seq + 2, seq + 1)]).unwrap();
            seq += 2;
        }
        is_over.store(true, Ordering::Release);
        looks.join().unwrap();
    });
}

#[test]
fn check_names_the_file_of_what_was_erased_where_it_is_missing() {
    let gone = "`0000000000000001.gone` is missing";
    for has_order in [true, false] {
        let disk = Memory::default();
        let mut all = vec![secret(1, 99), said(2)];
        all.push(if has_order { order(3, 1) } else { said(3) });
        open(&disk).append(&all).unwrap();
        check(place(&disk)).unwrap();
        if has_order {
            disk.remove("log/0000000000000001.gone");
        } else {
            // What else is damaged does not need it.
            let path = "log/0000000000000001.log";
            let mut bytes = disk.get(path);
            bytes[4096 + 512 + 100] ^= 1;
            disk.put(path, &bytes);
        }
        let refused = error(check(place(&disk))).to_string();
        assert!(refused.contains("cannot be read"), "{refused}");
        assert_eq!(refused.contains(gone), has_order, "{refused}");
    }
}
