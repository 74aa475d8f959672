//! An entry is found by the id that its sender gave it, and where it is, whatever became of the files that say so.

use crate::disk::Memory;
use crate::{
    ALL, ANN, LOBBY, all_said, contents, error, idle, log_of, open, place, said, try_open,
};
use chat_core::{Record, RoomName, SessionId};
use chat_net::store::{Fault, Retention, Store, check};
use std::path::{Path, PathBuf};

const BEN: SessionId = SessionId([8; 32]);

/// Entry `seq`, of this session and id.
fn of(seq: u64, session: SessionId, id: &str) -> Record {
    Record {
        room: RoomName::LOBBY,
        sender: Some(session),
        id: Some(id.into()),
        ..said(seq)
    }
}

#[test]
fn an_entry_is_found_by_its_session_and_id_alone() {
    let entries = [
        of(1, ANN, "a"),
        of(2, BEN, "a"),
        of(3, ANN, ""),
        of(4, ANN, "aa"),
    ];
    let store = open(&log_of([&entries[..]]));
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
fn of_several_entries_with_an_id_the_newest_is_found_across_segments() {
    let disk = Memory::default();
    let mut store = open(&disk);
    for seq in 1..=200 {
        store
            .append(&[of(
                seq,
                ANN,
                ["a", "b"][usize::try_from(seq).unwrap() / 150],
            )])
            .unwrap();
        if seq.is_multiple_of(40) {
            idle(&store);
        }
        let found = store.find(&ANN, "a").unwrap();
        assert_eq!(found.map(|entry| entry.seq), Some(seq.min(149)));
    }
}

#[test]
fn an_id_is_let_go_of_with_its_entry() {
    let disk = Memory::default();
    let keep = Retention {
        count: Some(5),
        ..ALL
    };
    let mut store = try_open(&disk, &keep).unwrap();
    for seq in 1..=12 {
        store.append(&[said(seq)]).unwrap();
    }
    let found = (1..=12).filter(|seq| store.find(&ANN, &format!("id-{seq}")).unwrap().is_some());
    assert!(found.eq(8..=12));
}

/// The files that say where entries are.
fn sidecars(disk: &Memory) -> Vec<PathBuf> {
    let is_sidecar = |name: &PathBuf| name.extension().is_some_and(|it| it == "idx");
    disk.names().into_iter().filter(is_sidecar).collect()
}

/// A log of a few full segments, and how many entries it has.
fn sample() -> (Memory, u64) {
    let all = all_said(1..=300);
    let disk = log_of(all.chunks(20));
    assert!(sidecars(&disk).len() > 2);
    (disk, 300)
}

/// Everything is read and found, and what is not there is not.
fn verify(disk: &Memory, last: u64) {
    let store = open(disk);
    assert!(contents(&store) == all_said(1..=last));
    for seq in (1..=last).step_by(7) {
        assert_eq!(
            store.find(&ANN, &format!("id-{seq}")).unwrap(),
            Some(said(seq))
        );
        assert_eq!(store.read(&LOBBY, seq - 1, 1).unwrap(), [said(seq)]);
    }
    assert_eq!(store.find(&ANN, "id-0").unwrap(), None);
    assert_eq!(store.find(&BEN, "id-1").unwrap(), None);
}

#[test]
fn a_sidecar_that_is_missing_or_of_another_segment_or_log_changes_no_answer() {
    let (disk, last) = sample();
    let (other, _) = sample();
    let files = sidecars(&disk);
    for (nth, file) in files.iter().enumerate() {
        let before = disk.get(file);
        disk.remove(file);
        verify(&disk, last);
        disk.put(file, &disk.get(&files[(nth + 1) % files.len()]));
        verify(&disk, last);
        // The same in all but its name.
        let mut theirs = other.get(file);
        theirs[16] ^= 1;
        disk.put(file, &theirs);
        verify(&disk, last);
        disk.put(file, &before);
    }
    for file in &files {
        disk.remove(file);
    }
    let store = open(&disk);
    assert!(contents(&store) == all_said(1..=last));
    idle(&store);
    drop(store);
    assert_eq!(sidecars(&disk), files, "they are made again");
    verify(&disk, last);
    check(place(&disk)).unwrap();
}

#[test]
fn a_sidecar_with_any_byte_changed_or_any_part_cut_off_changes_no_answer() {
    let (disk, last) = sample();
    let file = &sidecars(&disk)[1];
    let before = disk.get(file);
    // What is zero in it is verified as well.
    for at in (0..before.len()).step_by(61) {
        let mut bytes = before.clone();
        bytes[at] ^= 1 << (at % 8);
        disk.put(file, &bytes);
        verify(&disk, last);
        disk.put(file, &before[..at]);
        verify(&disk, last);
    }
    let longer = [&before[..], &before].concat();
    disk.put(file, &longer);
    verify(&disk, last);
}

#[test]
fn the_sidecars_that_are_missing_at_opening_are_made_before_anybody_asks() {
    let (disk, last) = sample();
    let files = sidecars(&disk);
    for file in &files {
        disk.remove(file);
    }
    let store = open(&disk);
    idle(&store);
    assert_eq!(sidecars(&disk), files);
    drop(store);
    verify(&disk, last);
}

/// Changes the text of an entry in the first segment of a log.
fn damage(disk: &Memory, seq: u64) {
    let file = Path::new("log/0000000000000001.log");
    let mut bytes = disk.get(file);
    let text = said(seq).text;
    let at = bytes
        .windows(text.len())
        .position(|it| it == text.as_bytes());
    bytes[at.unwrap()] ^= 1;
    disk.put(file, &bytes);
}

/// That it cannot be told whether an entry with this id was appended, and why.
fn assert_untold(store: &Store, id: &str, why: &str) {
    let refused = error(store.find(&ANN, id));
    assert!(matches!(refused.fault, Fault::Damaged(_)), "{refused}");
    assert!(refused.to_string().contains(why), "{refused}");
}

#[test]
fn an_entry_that_is_found_and_cannot_be_read_is_told_of() {
    let (disk, _) = sample();
    damage(&disk, 5);
    // What the index knew of it stays known, whatever becomes of the index.
    for _ in 0..2 {
        let store = open(&disk);
        for _ in 0..2 {
            assert_untold(&store, "id-5", "entry 5 cannot be read");
            assert_eq!(store.find(&ANN, "id-6").unwrap(), Some(said(6)));
            assert_eq!(store.find(&ANN, "id-0").unwrap(), None);
        }
        idle(&store);
    }
}

#[test]
fn an_index_of_a_damaged_segment_is_not_believed_once_the_segment_is_put_back() {
    let (disk, last) = sample();
    let file = "log/0000000000000001.log";
    let sidecar = sidecars(&disk)[0].clone();
    let whole = disk.get(file);
    damage(&disk, 5);
    disk.remove(&sidecar);
    let store = open(&disk);
    idle(&store);
    assert_untold(&store, "id-5", "entry 5 cannot be read");
    drop(store);
    disk.put(file, &whole);
    verify(&disk, last);
    let store = open(&disk);
    assert_eq!(store.find(&ANN, "id-5").unwrap(), Some(said(5)));
    assert_eq!(store.find(&ANN, "id-0").unwrap(), None);
    idle(&store);
    assert!(sidecars(&disk).contains(&sidecar), "it is made again");
}

#[test]
fn what_may_be_an_entry_that_was_damaged_before_it_was_indexed_is_told_of() {
    let (disk, last) = sample();
    damage(&disk, 5);
    disk.remove(&sidecars(&disk)[0]);
    // At first without an index, then with one that was made of what can be read.
    for _ in 0..2 {
        let store = open(&disk);
        let why = "entry 5 cannot be read, and may be";
        assert_untold(&store, "id-5", why);
        assert_untold(&store, "id-0", why);
        for seq in [1, 6, last] {
            let found = store.find(&ANN, &format!("id-{seq}"));
            assert_eq!(found.unwrap(), Some(said(seq)));
        }
        idle(&store);
    }
    // What is let go of is not looked for.
    for (count, is_known) in [(last - 4, false), (last - 5, true)] {
        let keep = Retention {
            count: Some(count),
            ..ALL
        };
        let store = try_open(&disk, &keep).unwrap();
        assert_eq!(store.find(&ANN, "id-0").is_ok(), is_known, "{count}");
    }
}
