//! A log that version 2 of the format wrote once is read by every later version.

use crate::disk::Memory;
use crate::{all_said, contents, fold, idle, joined, left, open, place, state};
use chat_core::{Record, RoomName};
use chat_net::store::check;
use std::fs;
use std::path::{Path, PathBuf};

/// Which log it is.
const EPOCH: &str = "00000000000000000000000000000001";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/store/golden")
}

/// What is in it.
fn entries() -> Vec<Record> {
    let plain = Record {
        room: RoomName::LOBBY,
        sender: None,
        ..joined(2, "ben")
    };
    let mut all = vec![joined(1, "ann"), plain];
    all.extend(all_said(3..=60));
    all.extend([left(61, "ben"), joined(62, "Cat")]);
    all
}

#[test]
fn a_log_of_version_2_is_read() {
    let disk = Memory::default();
    for file in fs::read_dir(folder()).unwrap() {
        let file = file.unwrap();
        let bytes = fs::read(file.path()).unwrap();
        disk.put(Path::new("log").join(file.file_name()), &bytes);
    }
    let report = check(place(&disk)).unwrap();
    assert_eq!((report.epoch.as_str(), report.entries), (EPOCH, 62));
    let store = open(&disk);
    assert_eq!(store.epoch(), EPOCH);
    assert_eq!(contents(&store), entries());
    assert_eq!(state(&store), fold(&entries()));
}

#[test]
#[ignore = "writes the files anew: only for a version of the format that nobody has yet"]
fn write_the_files() {
    let disk = Memory::default();
    let mut store = open(&disk);
    for batch in entries().chunks(4) {
        store.append(batch).unwrap();
        idle(&store);
    }
    drop(store);
    let _ = fs::remove_dir_all(folder());
    fs::create_dir_all(folder()).unwrap();
    let names = disk.names().into_iter();
    for name in names.filter(|name| name.extension().is_none_or(|it| it != "tmp")) {
        fs::write(folder().join(name.file_name().unwrap()), disk.get(name)).unwrap();
    }
}
