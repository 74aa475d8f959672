//! A damaged log is repaired, a log in use is backed up, and a copy made otherwise is a log or is refused.

use crate::disk::Memory;
use crate::{
    ALL, Dir, LOBBY, SMALL, all_said, contents, dice, error, fold, idle, joined, log_of, open,
    place, said, state, try_open,
};
use chat_core::Record;
use chat_net::store::{Fault, Report, Store, backup, check, export, import, repair};
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

const SEGMENT: &str = "log/0000000000000001.log";

/// Repairs a log; what is made of it, and what is said of that. The log itself is left as it is.
fn repaired(disk: &Memory) -> (Report, Vec<Record>, Memory) {
    let before = disk.copy();
    let other = Memory::default();
    let report = repair(place(disk), place(&other)).unwrap();
    for name in before.names() {
        assert!(
            disk.get(&name) == before.get(&name),
            "{} is changed",
            name.display()
        );
    }
    assert_eq!(disk.names(), before.names());
    let checked = check(place(&other)).unwrap();
    assert_eq!(
        (checked.epoch, checked.entries),
        (report.epoch.clone(), report.entries)
    );
    let read = contents(&open(&other));
    (report, read, other)
}

/// Where frames are in a segment.
fn frames(bytes: &[u8]) -> Vec<usize> {
    let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    let mut at = (4096 + number(72)).next_multiple_of(512);
    let mut frames = Vec::new();
    while at + 40 < bytes.len() && number(at) != 0 {
        frames.push(at);
        at += number(at + 8);
    }
    frames
}

/// A log with a hundred entries in its second frame of three, and where the frame is.
fn hundred() -> (Memory, usize) {
    let all = all_said(1..=104);
    let disk = Memory::default();
    let sizes = chat_net::store::Sizes {
        segment: 1 << 16,
        ..SMALL
    };
    let mut store = Store::with_sizes(place(&disk), ALL, sizes).unwrap();
    for batch in [&all[..2], &all[2..102], &all[102..]] {
        store.append(batch).unwrap();
    }
    drop(store);
    let frame = frames(&disk.get(SEGMENT))[1];
    (disk, frame)
}

fn change(disk: &Memory, file: &str, at: usize, bits: u8) {
    let mut bytes = disk.get(file);
    bytes[at] ^= bits;
    disk.put(file, &bytes);
}

/// The segments of a log, in their order.
fn segments(disk: &Memory) -> Vec<PathBuf> {
    let is_segment = |name: &PathBuf| name.extension().is_some_and(|it| it == "log");
    disk.names().into_iter().filter(is_segment).collect()
}

#[test]
fn a_segment_that_is_none_of_the_log_is_named_and_costs_nothing() {
    let all = all_said(1..=300);
    let (own, other) = (log_of(all.chunks(20)), Memory::default());
    // The first number that a disk draws is its log's.
    try_open(&other, &ALL).unwrap();
    other.remove("log/head");
    other.remove(SEGMENT);
    let mut store = open(&other);
    for batch in all.chunks(20) {
        store.append(batch).unwrap();
        idle(&store);
    }
    drop(store);
    let (first, second) = (segments(&own)[0].clone(), segments(&own)[1].clone());
    for (bytes, what) in [
        (other.get(&first), "is of another log"),
        (other.get(&second), "is of another log"),
        (own.get(&first), "is `0000000000000001.log` by another name"),
    ] {
        // Within the first segment, within the newest one, and behind all of them.
        for at in [2, 30, 290, 301, 9999] {
            for has_head in [true, false] {
                let disk = own.copy();
                let name = format!("{at:016x}.log");
                disk.put(format!("log/{name}"), &bytes);
                if !has_head {
                    disk.remove("log/head");
                }
                let (report, read, _) = repaired(&disk);
                assert_eq!((read, report.missing), (all.clone(), vec![]), "{at} {what}");
                let told = error(check(place(&disk))).to_string();
                let named = format!("`{name}` {what}");
                assert!(told.contains(&named), "{told}");
                assert!(!told.contains("cannot be read:"), "{told}");
            }
        }
    }
}

#[test]
fn damage_costs_the_entries_that_it_hits_and_no_others() {
    let (disk, frame) = hundred();
    let bytes = disk.get(SEGMENT);
    let text = said(50).text;
    let text = bytes
        .windows(text.len())
        .position(|it| it == text.as_bytes())
        .unwrap();
    // A record begins with its length and its sum; the frame's first one is entry 3.
    let first = frame + 40;
    let all = all_said(1..=104);
    let without = |seq: u64| {
        all.iter()
            .filter(|it| it.seq != seq)
            .cloned()
            .collect::<Vec<_>>()
    };
    for (what, places, lost) in [
        ("a text", text..text + 1, 50),
        ("a length", first..first + 2, 3),
        ("a sum", first + 2..first + 10, 3),
        ("a frame's header", frame..frame + 40, 0),
        ("a segment's header", 0..96, 0),
    ] {
        for at in places {
            let damaged = disk.copy();
            change(&damaged, SEGMENT, at, 1 << (at % 8));
            let (report, read, other) = repaired(&damaged);
            let (_, _, again) = repaired(&other);
            assert_eq!(contents(&open(&again)), read);
            if lost == 0 {
                assert_eq!((read, report.missing), (all.clone(), vec![]), "{what}");
            } else {
                assert_eq!(
                    (read, report.missing),
                    (without(lost), vec![(lost, lost)]),
                    "{what}"
                );
            }
            let told = error(check(place(&damaged))).to_string();
            assert!(
                told.contains("damaged") && !told.contains("chat-server check"),
                "{told}"
            );
            assert!(told.contains("chat-server repair"), "{told}");
            assert_eq!(
                told.contains(&format!("1 entry cannot be read: {lost}.")),
                lost > 0,
                "{told}"
            );
        }
    }
}

#[test]
fn what_is_missing_is_read_over_and_stays_missing_through_an_export_and_an_import() {
    let all: Vec<Record> = [joined(1, "ben")]
        .into_iter()
        .chain(all_said(2..=300))
        .collect();
    let disk = log_of(all.chunks(20));
    let epoch = check(place(&disk)).unwrap().epoch;
    // A segment in the middle is gone, and an entry before it, and one after it.
    let second = disk.names()[2].clone();
    let third = disk.names()[4].clone();
    let number = |name: &PathBuf| {
        u64::from_str_radix(name.file_stem().unwrap().to_str().unwrap(), 16).unwrap()
    };
    assert!(second.extension().unwrap() == "idx");
    let lost = number(&second)..number(&third);
    disk.remove(second.with_extension("log"));
    for seq in [5, lost.end + 9] {
        let text = said(seq).text;
        for name in disk.names() {
            let bytes = disk.get(&name);
            let found = bytes
                .windows(text.len())
                .position(|it| it == text.as_bytes());
            if let Some(at) = found {
                change(&disk, name.to_str().unwrap(), at, 1);
            }
        }
    }
    let missing = [
        (5, 5),
        (lost.start, lost.end - 1),
        (lost.end + 9, lost.end + 9),
    ];
    let is_missing = |seq| {
        missing
            .iter()
            .any(|(from, to)| (*from..=*to).contains(&seq))
    };
    let left: Vec<Record> = all
        .iter()
        .filter(|it| !is_missing(it.seq))
        .cloned()
        .collect();

    let opened = open(&disk.copy());
    assert_eq!(contents(&opened), left);
    assert_eq!(state(&opened), fold(&all));
    let mut lines = Vec::new();
    let told = error(export(place(&disk), &mut lines)).to_string();
    assert!(
        told.contains(&format!("({} entries were exported)", left.len())),
        "{told}"
    );
    let text = String::from_utf8(lines).unwrap();
    for (from, to) in missing {
        assert!(
            text.contains(&format!("{{\"missing\":[{from},{to}]")),
            "{text}"
        );
    }
    let other = Memory::default();
    let imported = import(place(&other), text.as_bytes()).unwrap();
    let (report, read, _) = repaired(&disk);
    for report in [&imported, &report] {
        assert_eq!((&report.epoch, &report.missing[..]), (&epoch, &missing[..]));
        assert_eq!((report.first, report.head), (1, 300));
    }
    assert_eq!(read, left);
    let mut store = open(&other);
    assert_eq!(contents(&store), left);
    assert_eq!(
        state(&store),
        fold(&all),
        "what it was after the gap was known"
    );
    assert_eq!(
        store.read(&LOBBY, lost.start - 1, 2).unwrap(),
        all_said(lost.end..lost.end + 2)
    );
    store.append(&[said(301)]).unwrap();
    drop(store);
    let mut again = Vec::new();
    export(place(&other), &mut again).unwrap();
    let again = String::from_utf8(again).unwrap();
    for (from, to) in missing {
        assert!(
            again.contains(&format!("{{\"missing\":[{from},{to}]")),
            "{again}"
        );
    }
}

#[test]
fn the_epoch_is_another_one_only_where_the_last_entries_are_lost() {
    let (disk, frame) = hundred();
    let epoch = check(place(&disk)).unwrap().epoch;
    let last = frames(&disk.get(SEGMENT))[2];
    for (at, is_last) in [
        (frame + 60, false),
        (last + 60, false),
        (last + 60 + 140, true),
    ] {
        let damaged = disk.copy();
        change(&damaged, SEGMENT, at, 1);
        let (report, read, other) = repaired(&damaged);
        assert_eq!(read.len(), 103);
        assert_eq!(report.epoch != epoch, is_last, "{at}");
        assert_eq!(report.head, if is_last { 103 } else { 104 });
        let mut lines = Vec::new();
        error(export(place(&damaged), &mut lines));
        let imported = import(place(&Memory::default().copy()), lines.as_slice()).unwrap();
        // There, what is missing keeps its numbers.
        assert_eq!((imported.epoch, imported.head), (epoch.clone(), 104));
        let mut store = open(&other);
        let next = said(store.head() + 1);
        store.append(&[next]).unwrap();
    }
    // Without `head`, nobody knows.
    disk.remove("log/head");
    let (report, read, _) = repaired(&disk);
    assert_ne!(report.epoch, epoch);
    assert_eq!(read, all_said(1..=104));
}

#[test]
fn nothing_is_made_where_there_is_a_log_and_nothing_of_one_that_there_is_not() {
    let disk = log_of([&all_said(1..=9)[..]]);
    let other = log_of([&all_said(1..=3)[..]]);
    for copy in [backup, repair] {
        let refused = error(copy(place(&disk), place(&other)));
        assert!(matches!(refused.fault, Fault::Exists), "{refused}");
        let refused = error(copy(place(&Memory::default()), place(&Memory::default())));
        assert!(matches!(refused.fault, Fault::Missing), "{refused}");
    }
    assert_eq!(contents(&open(&other)), all_said(1..=3));
    change(&disk, SEGMENT, 5000, 1);
    let refused = error(backup(place(&disk), place(&Memory::default())));
    assert!(matches!(refused.fault, Fault::Damaged(_)), "{refused}");
}

#[test]
fn a_copy_that_failed_is_no_log_and_is_made_again() {
    let disk = log_of(all_said(1..=60).chunks(20));
    for copy in [backup, repair] {
        for changes in 0.. {
            let other = Memory::default();
            other.fail_after(changes, ErrorKind::Other);
            let copied = copy(place(&disk), place(&other));
            other.lose_power(dice(changes));
            let refused = match (copied, check(place(&other))) {
                (Ok(_), checked) => {
                    assert_eq!(checked.unwrap().entries, 60);
                    break;
                }
                (Err(_), Ok(report)) => {
                    assert_eq!(report.entries, 60, "it failed after all was done");
                    continue;
                }
                (Err(_), Err(refused)) => refused,
            };
            assert!(
                matches!(refused.fault, Fault::Missing | Fault::Unfinished),
                "{refused}"
            );
            assert_eq!(copy(place(&disk), place(&other)).unwrap().entries, 60);
        }
    }
}

#[test]
fn a_log_that_can_only_be_read_is_checked_exported_and_backed_up() {
    let disk = log_of(all_said(1..=100).chunks(20));
    disk.fail_after(0, ErrorKind::ReadOnlyFilesystem);
    assert_eq!(check(place(&disk)).unwrap().entries, 100);
    let mut lines = Vec::new();
    assert_eq!(export(place(&disk), &mut lines).unwrap().entries, 100);
    for copy in [backup, repair] {
        let other = Memory::default();
        assert_eq!(copy(place(&disk), place(&other)).unwrap().head, 100);
        assert_eq!(contents(&open(&other)), all_said(1..=100));
    }
    assert!(Store::with_sizes(place(&disk), ALL, SMALL).is_err());
}

#[test]
fn a_log_is_checked_exported_and_backed_up_beside_the_one_who_has_it_open() {
    let source = Dir::new();
    let keep = chat_net::store::Retention {
        count: Some(700),
        ..ALL
    };
    let mut store = Store::with_sizes(&source.0, keep, SMALL).unwrap();
    let epoch = store.epoch();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let mut upkeep = store.upkeep();
        scope.spawn(move || {
            while upkeep.wait() {
                while upkeep.step().unwrap() {}
            }
        });
        let is_over = &is_over;
        let writer = scope.spawn(move || {
            let mut head = 0;
            while !is_over.load(Ordering::Relaxed) && head < 20_000 {
                thread::sleep(Duration::from_millis(2));
                store.append(&all_said(head + 1..=head + 7)).unwrap();
                head += 7;
                if head % 70 == 0 {
                    store.upkeep().call();
                }
            }
        });
        let mut heads = Vec::new();
        for _ in 0..12 {
            let copy = Dir::new();
            let report = backup(&source.0, &copy.0).unwrap();
            assert_eq!(report.epoch, epoch);
            let copied = Store::open(&copy.0, ALL).unwrap();
            assert!(contents(&copied) == all_said(report.first..=report.head));
            heads.push(report.head);
            drop(copied);
            let mut lines = Vec::new();
            let exported = export(&source.0, &mut lines).unwrap();
            assert!(exported.missing.is_empty() && exported.head >= report.head);
            assert!(check(&source.0).unwrap().head >= report.head);
        }
        assert!(heads.is_sorted() && heads[0] < heads[11]);
        is_over.store(true, Ordering::Relaxed);
        writer.join().unwrap();
    });
}

#[test]
fn beside_one_that_finds_no_room_to_go_on_all_that_it_took_is_read() {
    let disk = Memory::default();
    let mut store = open(&disk);
    idle(&store);
    disk.fill();
    let mut upkeep = store.upkeep();
    let mut head = 0;
    let refused = loop {
        head += 1;
        store.append(&all_said([head])).unwrap();
        if let Err(refused) = upkeep.step() {
            break refused;
        }
    };
    assert!(matches!(refused.fault, Fault::NoRoom(_)), "{refused}");
    for _ in 0..2 {
        head += 1;
        store.append(&all_said([head])).unwrap();
    }
    upkeep.step().unwrap_err();
    assert_eq!(check(place(&disk)).unwrap().head, head);
    let copied = Memory::default();
    assert_eq!(backup(place(&disk), place(&copied)).unwrap().head, head);
}

#[test]
fn a_copy_made_file_by_file_beside_appends_is_a_beginning_of_the_history_or_names_backup() {
    let source = Dir::new();
    let mut store = Store::with_sizes(&source.0, ALL, SMALL).unwrap();
    store.append(&all_said(1..=50)).unwrap();
    let is_over = AtomicBool::new(false);
    let (mut opened, mut refused) = (0, 0);
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut head = store.head();
            while !is_over.load(Ordering::Relaxed) && head < 20_000 {
                store.append(&all_said(head + 1..=head + 5)).unwrap();
                head += 5;
                store.upkeep().step().unwrap();
            }
        });
        let mut dice = dice(3);
        for _ in 0..40 {
            let copy = Dir::new();
            fs::create_dir_all(&copy.0).unwrap();
            let names = fs::read_dir(&source.0)
                .unwrap()
                .map(|it| it.unwrap().file_name());
            let mut names: Vec<_> = names.collect();
            for nth in (1..names.len()).rev() {
                names.swap(nth, dice(nth + 1));
            }
            for name in names {
                // What was renamed meanwhile is not there any more.
                let _ = fs::copy(source.0.join(&name), copy.0.join(&name));
            }
            match Store::with_sizes(&copy.0, ALL, SMALL) {
                Ok(copied) => {
                    assert!(contents(&copied) == all_said(1..=copied.head()));
                    opened += 1;
                }
                Err(told) => {
                    assert!(matches!(told.fault, Fault::Damaged(_)), "{told}");
                    assert!(told.to_string().contains("chat-server backup"), "{told}");
                    refused += 1;
                }
            }
        }
        is_over.store(true, Ordering::Relaxed);
        writer.join().unwrap();
    });
    println!("{opened} copies are logs, {refused} are refused");
    idle(&store);
    assert!(opened > 0);
}
