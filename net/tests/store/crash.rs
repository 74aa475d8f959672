//! Power is lost at any moment: what was said to be kept is kept.

use crate::disk::Memory;
use crate::{ALL, all_said, contents, error, place};
use chat_net::store::{Fault, Retention, Store};
use proptest::prelude::*;
use std::io::ErrorKind;

/// A die for a seed; all that is asked of it is to differ between seeds.
fn dice(seed: u64) -> impl FnMut(usize) -> usize {
    let mut state = seed | 1;
    move |sides| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap() % sides
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_was_kept_is_there_after_every_loss_of_power(
        lives in prop::collection::vec((0_u64..150, any::<u64>()), 1..6),
        batch in 1_u64..12,
        keep in prop_oneof![Just(None), (1_u64..40).prop_map(Some)],
    ) {
        let disk = Memory::default();
        let retention = Retention { count: keep, ..ALL };
        // What was said to be kept, and what may be there beyond that.
        let (mut kept, mut tried) = (0, 0);
        for (changes, seed) in lives {
            disk.fail_after(changes, ErrorKind::Other);
            match Store::open(place(&disk), retention.clone()) {
                Err(refused) => prop_assert!(matches!(refused.fault, Fault::Io(_)), "{refused}"),
                Ok(mut store) => {
                    prop_assert!((kept..=tried).contains(&store.head()));
                    kept = store.head();
                    loop {
                        tried = tried.max(kept + batch);
                        if store.append(&all_said(kept + 1..=kept + batch)).is_err() {
                            break;
                        }
                        kept += batch;
                    }
                }
            }
            disk.lose_power(dice(seed));
        }
        let store = Store::open(place(&disk), retention).unwrap();
        let head = store.head();
        prop_assert!((kept..=tried).contains(&head), "{head}, not {kept} to {tried}");
        let first = keep.map_or(1, |keep| (head + 1).saturating_sub(keep).max(1));
        prop_assert_eq!(contents(&store), all_said(first..=head));
    }
}

#[test]
fn a_disk_that_fails_while_a_log_is_opened_is_said_to_fail() {
    for changes in 0..20 {
        let disk = Memory::default();
        disk.fail_after(changes, ErrorKind::StorageFull);
        if let Err(refused) = Store::open(place(&disk), ALL) {
            assert!(matches!(refused.fault, Fault::Full(_)), "{refused}");
            assert!(refused.to_string().contains("make room"), "{refused}");
        }
        disk.heal();
        Store::open(place(&disk), ALL).unwrap();
    }
    let disk = Memory::default();
    disk.fail_after(0, ErrorKind::PermissionDenied);
    let refused = error(Store::open(place(&disk), ALL));
    assert!(matches!(refused.fault, Fault::Io(_)), "{refused}");
}
