//! Power is lost at any moment: what was acknowledged is there, and nothing else than what was being appended.

use crate::disk::Memory;
use crate::{
    ALL, Step, all_said, any_steps, contents, dice, fold, idle, open, place, said, state, try_open,
};
use chat_core::Record;
use chat_net::store::{Fault, Retention, StoreError, check, export, import};
use proptest::prelude::*;
use std::io::ErrorKind;

/// What was done until the disk failed.
#[derive(Default)]
struct Done {
    acknowledged: usize,
    tried: usize,
}

/// Does the steps, up to the one in which the disk fails; whether none did.
fn run(disk: &Memory, keep: &Retention, steps: &[Step]) -> (Done, Result<(), StoreError>) {
    let mut done = Done::default();
    let result = (|| {
        let mut store = try_open(disk, keep)?;
        for step in steps {
            match step {
                Step::Append(records) => {
                    done.tried += records.len();
                    store.append(records)?;
                    done.acknowledged = done.tried;
                }
                Step::Upkeep(times) => {
                    let mut upkeep = store.upkeep();
                    for _ in 0..*times {
                        upkeep.step()?;
                    }
                }
                Step::Reopen => {
                    drop(store);
                    store = try_open(disk, keep)?;
                }
            }
        }
        Ok(())
    })();
    (done, result)
}

/// The log is opened, and is what it is to be.
fn verify(
    disk: &Memory,
    keep: &Retention,
    all: &[Record],
    done: &Done,
) -> Result<(), TestCaseError> {
    let opened = try_open(disk, keep);
    prop_assert!(opened.is_ok(), "{}", opened.unwrap_err());
    let store = opened.unwrap();
    let head = usize::try_from(store.head()).unwrap();
    let expected = done.acknowledged..=done.tried;
    prop_assert!(expected.contains(&head), "{head}, not {expected:?}");
    let expected = &all[usize::try_from(store.first()).unwrap() - 1..head];
    prop_assert_eq!(&contents(&store), expected);
    if let Some(count) = keep.count {
        prop_assert!(expected.len() as u64 <= count, "what was let go of is back");
    } else {
        prop_assert_eq!(expected.len(), head);
    }
    prop_assert_eq!(state(&store), fold(&all[..head]));
    Ok(())
}

fn entries(steps: &[Step]) -> Vec<Record> {
    let appended = steps.iter().filter_map(|step| match step {
        Step::Append(records) => Some(records.clone()),
        _ => None,
    });
    appended.flatten().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn power_may_be_lost_after_any_change_and_during_the_opening_after_that(
        steps in any_steps(14),
        keep in prop_oneof![Just(None), (1_u64..40).prop_map(Some)],
        seed in any::<u64>(),
    ) {
        let keep = Retention { count: keep, ..ALL };
        let all = entries(&steps);
        for changes in 0.. {
            let disk = Memory::default();
            disk.fail_after(changes, ErrorKind::Other);
            let (done, result) = run(&disk, &keep, &steps);
            if let Err(refused) = &result {
                prop_assert!(matches!(refused.fault, Fault::Io(_) | Fault::Stopped), "{}", refused);
            }
            let mut dice = dice(seed ^ changes);
            disk.lose_power(&mut dice);
            if dice(2) == 0 {
                disk.fail_after(dice(8) as u64, ErrorKind::Other);
                let _ = try_open(&disk, &keep);
                disk.lose_power(&mut dice);
            }
            verify(&disk, &keep, &all, &done)?;
            check(place(&disk)).unwrap();
            verify(&disk, &keep, &all, &done)?;
            if result.is_ok() {
                break;
            }
        }
    }

    #[test]
    fn a_log_lives_on_through_many_losses_of_power(
        lives in prop::collection::vec((0_u64..60, 0_usize..20, any::<u64>()), 1..12),
        batch in 1_u64..30,
    ) {
        let disk = Memory::default();
        let all = all_said(1..=20_000);
        let mut done = Done::default();
        for (changes, every, seed) in lives {
            disk.fail_after(changes, ErrorKind::Other);
            let opened = try_open(&disk, &ALL);
            if let Err(refused) = &opened {
                prop_assert!(matches!(refused.fault, Fault::Io(_)), "{}", refused);
            }
            if let Ok(mut store) = opened {
                prop_assert!((done.acknowledged as u64..=done.tried as u64).contains(&store.head()));
                loop {
                    let head = store.head();
                    done.acknowledged = usize::try_from(head).unwrap();
                    let records = &all[done.acknowledged..][..usize::try_from(batch).unwrap()];
                    done.tried = done.tried.max(done.acknowledged + records.len());
                    if store.append(records).is_err() {
                        break;
                    }
                    if every > 0 && head / batch % every as u64 == 0 && store.upkeep().step().is_err() {
                        done.acknowledged += records.len();
                        break;
                    }
                }
            }
            disk.lose_power(dice(seed));
        }
        verify(&disk, &ALL, &all, &done)?;
    }
}

#[test]
fn what_was_written_when_a_process_was_killed_is_durable_before_it_is_served() {
    let disk = log_killed();
    // The frame is written, and the power is lost before it is synced, but after another process served it.
    let again = open(&disk);
    let head = again.head();
    assert_eq!(head, 12);
    let killed = std::mem::ManuallyDrop::new(again);
    disk.lose_power(|_| 0);
    drop(std::mem::ManuallyDrop::into_inner(killed));
    assert_eq!(open(&disk).head(), head);
}

/// A log whose last frame is written, but not synced.
fn log_killed() -> Memory {
    let disk = Memory::default();
    let mut store = open(&disk);
    store.append(&all_said(1..=9)).unwrap();
    for changes in 0.. {
        disk.fail_after(changes, ErrorKind::Other);
        assert!(
            store.append(&all_said(10..=12)).is_err(),
            "the last change is to be the sync"
        );
        drop(store);
        disk.heal();
        store = open(&disk);
        if store.head() == 12 {
            break;
        }
    }
    drop(store);
    disk
}

#[test]
fn an_import_that_loses_power_is_none_or_all_of_it() {
    let disk = Memory::default();
    let all = all_said(1..=1500);
    open(&disk).append(&all).unwrap();
    let mut lines = Vec::new();
    export(place(&disk), &mut lines).unwrap();
    for changes in 0.. {
        let other = Memory::default();
        other.fail_after(changes, ErrorKind::Other);
        let imported = import(place(&other), lines.as_slice());
        other.lose_power(dice(changes));
        match check(place(&other)) {
            Ok(report) => assert_eq!(report.head, 1500, "{changes}"),
            Err(refused) => {
                assert!(imported.is_err(), "{changes}: {refused}");
                let is_none = matches!(refused.fault, Fault::Missing | Fault::Unfinished);
                assert!(is_none, "{changes}: {refused}");
                import(place(&other), lines.as_slice()).unwrap();
            }
        }
        assert!(contents(&open(&other)) == all);
        if imported.is_ok() {
            break;
        }
    }
}

#[test]
fn a_frame_never_passes_for_another_ones_rest() {
    // One that was torn is followed by a shorter one in its place, which is torn as well.
    for seed in 0..200 {
        let mut dice = dice(seed);
        let disk = Memory::default();
        let mut store = open(&disk);
        store.append(&all_said(1..=3)).unwrap();
        idle(&store);
        disk.fail_after(1, ErrorKind::Other);
        let _ = store.append(&all_said(4..=20));
        drop(store);
        disk.lose_power(&mut dice);
        let mut store = open(&disk);
        let head = store.head();
        disk.fail_after(1, ErrorKind::Other);
        let _ = store.append(&[said(head + 1), said(head + 2)]);
        drop(store);
        disk.lose_power(&mut dice);
        let store = open(&disk);
        assert!(
            [3, 20, head + 2].contains(&store.head()),
            "{}",
            store.head()
        );
        assert_eq!(contents(&store), all_said(1..=store.head()));
    }
}

/// What a server that was killed had begun shows in memory, whether or not it is on the disk: the next one builds on
/// nothing that a loss of power would take back.
#[test]
fn a_server_that_is_killed_and_one_that_loses_power_after_it_lose_nothing() {
    for killed_after in 0..200 {
        let disk = Memory::default();
        let mut store = open(&disk);
        let mut acknowledged = 0;
        disk.fail_after(killed_after, ErrorKind::Other);
        for seq in 1..=60 {
            if store.append(&[said(seq)]).is_err() {
                break;
            }
            acknowledged = seq;
        }
        drop(store);
        disk.heal();
        let mut store = open(&disk);
        assert!(store.head() >= acknowledged);
        let next = store.head() + 1;
        store.append(&[said(next)]).unwrap();
        drop(store);
        // Nothing that was not synced is there.
        disk.lose_power(|_| 0);
        let store = open(&disk);
        assert_eq!(contents(&store), all_said(1..=next), "{killed_after}");
    }
}
