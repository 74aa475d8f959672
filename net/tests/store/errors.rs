//! The disk fails, or is full: nothing is said to be there that is not.

use crate::disk::Memory;
use crate::{ALL, Step, all_said, any_steps, contents, error, idle, open, place, said, try_open};
use chat_core::Record;
use chat_net::store::{Fault, Upkeep, backup, check, export};
use proptest::prelude::*;
use std::io::ErrorKind;
use std::path::Path;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn after_a_failure_nothing_is_accepted_and_what_was_is_there(steps in any_steps(12)) {
        for changes in 0.. {
            let disk = Memory::default();
            let mut store = open(&disk);
            let mut upkeep = store.upkeep();
            let (mut accepted, mut tried): (Vec<Record>, Vec<Record>) = Default::default();
            let mut has_failed = false;
            disk.fail_after(changes, ErrorKind::Other);
            for step in &steps {
                let result = match step {
                    Step::Append(records) if records.is_empty() => continue,
                    Step::Append(records) => {
                        let appended = store.append(records);
                        prop_assert!(!has_failed || appended.is_err(), "accepted after a failure");
                        if !has_failed {
                            tried.extend(records.iter().cloned());
                        }
                        if appended.is_ok() {
                            accepted.clone_from(&tried);
                        }
                        appended
                    }
                    Step::Upkeep(_) => upkeep.step().map(drop),
                    Step::Reopen => continue,
                };
                if let Err(refused) = result {
                    prop_assert!(matches!(refused.fault, Fault::Io(_) | Fault::Stopped), "{}", refused);
                    has_failed = true;
                    // It is not tried whether it works again.
                    disk.heal();
                }
            }
            disk.heal();
            prop_assert_eq!(contents(&store), &accepted[..]);
            drop(store);
            let store = open(&disk);
            let held = contents(&store);
            prop_assert!(held.starts_with(&accepted) && tried.starts_with(&held));
            check(place(&disk)).map_or_else(|refused| assert!(matches!(refused.fault, Fault::InUse)), drop);
            if !has_failed {
                break;
            }
        }
    }

    #[test]
    fn what_had_no_room_is_appended_once_there_is_some(steps in any_steps(12), full in any::<bool>()) {
        let kind = if full { ErrorKind::StorageFull } else { ErrorKind::QuotaExceeded };
        for changes in 0.. {
            let disk = Memory::default();
            let mut store = open(&disk);
            let mut upkeep = store.upkeep();
            let mut accepted: Vec<Record> = Vec::new();
            let mut was_full = false;
            disk.fail_after(changes, kind);
            for step in &steps {
                match step {
                    Step::Append(records) => {
                        // Once more after each failure that lets it be tried again.
                        let first = store.append(records);
                        let mut result = first;
                        if let Err(refused) = &result {
                            was_full = true;
                            disk.heal();
                            if matches!(refused.fault, Fault::NoRoom(_)) {
                                prop_assert_eq!(contents(&store), &accepted[..]);
                                result = store.append(records);
                                prop_assert!(result.is_ok(), "{}", result.unwrap_err());
                            } else {
                                prop_assert!(matches!(refused.fault, Fault::Full(_)), "{}", refused);
                                drop(store);
                                store = open(&disk);
                                upkeep = store.upkeep();
                                let rest = usize::try_from(store.head()).unwrap() - accepted.len();
                                prop_assert!(rest <= records.len());
                                result = store.append(&records[rest..]);
                            }
                        }
                        prop_assert!(result.is_ok(), "{}", result.unwrap_err());
                        accepted.extend(records.iter().cloned());
                    }
                    Step::Upkeep(_) => {
                        if let Err(refused) = upkeep.step() {
                            was_full = true;
                            prop_assert!(matches!(refused.fault, Fault::NoRoom(_)), "{}", refused);
                            disk.heal();
                        }
                    }
                    Step::Reopen => {}
                }
            }
            disk.heal();
            idle(&store);
            prop_assert_eq!(contents(&store), &accepted[..]);
            drop(store);
            prop_assert_eq!(contents(&open(&disk)), &accepted[..]);
            if !was_full {
                break;
            }
        }
    }
}

#[test]
fn a_full_disk_is_known_before_anything_is_refused() {
    let disk = Memory::default();
    let mut store = open(&disk);
    let mut upkeep = store.upkeep();
    idle(&store);
    let is_low = |upkeep: &Upkeep| upkeep.is_low(1000);
    assert!(!is_low(&upkeep));
    // What is written to is there already; all that is new is not to be had.
    disk.fill();
    let mut seq = 0;
    while !is_low(&upkeep) {
        seq += 1;
        store.append(&[said(seq)]).unwrap();
        let _ = upkeep.step();
        assert!(seq < 1000);
    }
    let refused = loop {
        match store.append(&[said(seq + 1)]) {
            Ok(()) => seq += 1,
            Err(refused) => break refused,
        }
        assert!(seq < 1000);
    };
    assert!(matches!(refused.fault, Fault::NoRoom(_)), "{refused}");
    assert!(refused.to_string().contains("nothing is lost"), "{refused}");
    assert_eq!(contents(&store), all_said(1..=seq), "reading goes on");
    disk.heal();
    store.append(&[said(seq + 1)]).unwrap();
    idle(&store);
    assert!(!is_low(&upkeep));
    assert!(!upkeep.step().unwrap());
}

#[test]
fn a_disk_that_fails_while_a_log_is_opened_is_said_to_fail() {
    for changes in 0..40 {
        let disk = Memory::default();
        disk.fail_after(changes, ErrorKind::StorageFull);
        if let Err(refused) = try_open(&disk, &ALL) {
            assert!(
                matches!(refused.fault, Fault::Full(_) | Fault::NoRoom(_)),
                "{refused}"
            );
            assert!(refused.to_string().contains("make room"), "{refused}");
        }
        disk.heal();
        open(&disk).append(&[said(1)]).unwrap();
    }
    let disk = Memory::default();
    disk.fail_after(0, ErrorKind::PermissionDenied);
    let refused = error(try_open(&disk, &ALL));
    assert!(matches!(refused.fault, Fault::Io(_)), "{refused}");
}

#[test]
fn a_log_that_was_moved_or_whose_segment_was_removed_takes_nothing_more() {
    for is_moved in [true, false] {
        let disk = Memory::default();
        let mut store = open(&disk);
        store.append(&all_said(1..=5)).unwrap();
        if is_moved {
            disk.move_away();
        } else {
            disk.remove("log/0000000000000001.log");
        }
        let refused = error(store.append(&[said(6)]));
        assert!(matches!(refused.fault, Fault::Gone { .. }), "{refused}");
        assert!(
            refused.to_string().contains("was moved, removed or cut"),
            "{refused}"
        );
        let refused = error(store.append(&[said(6)]));
        assert!(matches!(refused.fault, Fault::Stopped), "{refused}");
    }
}

#[test]
fn a_log_that_can_only_be_read_is_refused_at_once_and_is_checked_and_exported() {
    use ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
    let segment = "0000000000000001.log";
    for (file, kind, told) in [
        (None, PermissionDenied, "chmod -R u+rwX log"),
        (None, ReadOnlyFilesystem, "mounted to be written"),
        (Some("head"), PermissionDenied, "chmod -R u+rwX log"),
        (Some(segment), PermissionDenied, "chmod -R u+rwX log"),
    ] {
        let disk = Memory::default();
        open(&disk).append(&all_said(1..=5)).unwrap();
        let path = Path::new("log").join(file.unwrap_or_default());
        disk.make_read_only(path, kind);
        let refused = error(try_open(&disk, &ALL)).to_string();
        assert!(refused.contains(told), "{refused}");
        let what = file.map_or("no file can be made in it: ".into(), |it| {
            format!("(`{it}`: ")
        });
        assert!(refused.contains(&what), "{refused}");
        assert_eq!(check(place(&disk)).unwrap().entries, 5);
        export(place(&disk), Vec::new()).unwrap();
        backup(place(&disk), place(&Memory::default().copy())).unwrap();
    }
}

#[test]
fn a_limit_on_the_size_of_a_file_is_not_said_to_be_a_full_disk() {
    let disk = Memory::default();
    let mut store = open(&disk);
    idle(&store);
    disk.fail_after(0, ErrorKind::FileTooLarge);
    let refused = error(store.append(&[said(1)])).to_string();
    assert!(refused.contains("`0000000000000001.log`: "), "{refused}");
    assert!(refused.contains("ulimit -f"), "{refused}");
    assert!(!refused.contains("make room on that disk"), "{refused}");
}
