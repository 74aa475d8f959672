//! A log on the machine's own disk is its owner's, is open once, and notices when it is taken away.
#![cfg(unix)]

use crate::{ALL, Dir, SMALL, all_said, contents, error, idle, said};
use chat_net::store::{Fault, Retention, Store, backup, check, export};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::Command;

fn open(dir: &Dir) -> Store {
    Store::with_sizes(&dir.0, ALL, SMALL).unwrap()
}

fn files(dir: &Dir) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(&dir.0)
        .unwrap()
        .map(|it| it.unwrap().path())
        .collect();
    files.sort();
    files
}

#[test]
fn a_log_is_its_owners_alone_and_is_reopened() {
    let dir = Dir::new();
    let below = dir.0.join("some/where");
    let mut store = Store::with_sizes(&below, ALL, SMALL).unwrap();
    for batch in all_said(1..=300).chunks(20) {
        store.append(batch).unwrap();
        idle(&store);
    }
    drop(store);
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(below.clone()), 0o700);
    for file in fs::read_dir(&below).unwrap() {
        assert_eq!(mode(file.unwrap().path()), 0o600);
    }
    let report = check(&below).unwrap();
    assert_eq!((report.entries, report.first, report.head), (300, 1, 300));
    assert_eq!(
        contents(&Store::open(&below, ALL).unwrap()),
        all_said(1..=300)
    );
}

#[test]
fn a_log_is_open_once_whatever_file_is_deleted() {
    let dir = Dir::new();
    let mut store = open(&dir);
    store.append(&all_said(1..=3)).unwrap();
    for file in [None, Some("lock"), Some("head.lock"), Some("next.tmp")] {
        let _ = file.map(|file| fs::remove_file(dir.0.join(file)));
        let second = error(Store::open(&dir.0, ALL));
        assert!(matches!(second.fault, Fault::InUse), "{second}");
        assert!(second.to_string().contains("in use"), "{second}");
    }
    drop(store);
    assert_eq!(contents(&open(&dir)), all_said(1..=3));
}

#[test]
fn a_log_that_is_moved_removed_or_replaced_takes_nothing_more() {
    for how in 0..4 {
        let (dir, elsewhere) = (Dir::new(), Dir::new());
        let mut store = open(&dir);
        store.append(&all_said(1..=3)).unwrap();
        match how {
            0 => fs::rename(&dir.0, &elsewhere.0).unwrap(),
            1 => fs::remove_dir_all(&dir.0).unwrap(),
            2 => {
                fs::rename(&dir.0, &elsewhere.0).unwrap();
                drop(open(&dir));
            }
            _ => fs::remove_file(dir.0.join("0000000000000001.log")).unwrap(),
        }
        let refused = error(store.append(&[said(4)]));
        assert!(
            matches!(refused.fault, Fault::Gone { .. }),
            "{how}: {refused}"
        );
        let refused = error(store.append(&[said(4)]));
        assert!(matches!(refused.fault, Fault::Stopped), "{how}: {refused}");
    }
}

#[test]
fn a_file_that_is_removed_or_cut_under_a_log_is_named_and_nothing_more_is_taken() {
    for (file, len) in [
        ("0000000000000001.log", None),
        ("head", None),
        ("active", None),
        ("active", Some(0)),
        ("active", Some(4096)),
    ] {
        let dir = Dir::new();
        let mut store = open(&dir);
        for batch in all_said(1..=300).chunks(20) {
            store.append(batch).unwrap();
            idle(&store);
        }
        let segments = files(&dir).into_iter();
        let segments = segments.filter(|it| it.extension().is_some_and(|it| it == "log"));
        let file = match file {
            "active" => segments.max().unwrap(),
            _ => dir.0.join(file),
        };
        match len {
            None => fs::remove_file(&file).unwrap(),
            Some(len) => {
                let file = fs::File::options().write(true).open(&file).unwrap();
                file.set_len(len).unwrap();
            }
        }
        // Of what is not written to for an entry, the next note of how far the log reaches finds it.
        let refused = store.append(&[said(301)]).and_then(|()| {
            let mut upkeep = store.upkeep();
            while upkeep.step()? {}
            Ok(())
        });
        let refused = error(refused);
        let name = format!("`{}` of the log in", file.file_name().unwrap().display());
        assert!(refused.to_string().starts_with(&name), "{refused}");
        let refused = error(store.append(&[said(302)]));
        assert!(matches!(refused.fault, Fault::Stopped), "{refused}");
    }
}

#[test]
fn no_symbolic_link_is_followed() {
    let dir = Dir::new();
    let mut store = open(&dir);
    for batch in all_said(1..=300).chunks(20) {
        store.append(batch).unwrap();
        idle(&store);
    }
    drop(store);
    let victim = Dir::new();
    fs::write(&victim.0, b"not to be touched").unwrap();
    let mut names: Vec<PathBuf> = files(&dir);
    names.extend(["next.tmp", "head.tmp"].map(|name| dir.0.join(name)));
    let sidecars: Vec<_> = names
        .iter()
        .filter(|name| name.extension().is_some_and(|it| it == "idx"))
        .collect();
    let unfinished: Vec<_> = sidecars
        .iter()
        .map(|name| name.with_extension("idx.tmp"))
        .collect();
    names.extend(unfinished);
    for name in names {
        let before = fs::read(&name).ok();
        let _ = fs::remove_file(&name);
        symlink(&victim.0, &name).unwrap();
        if let Ok(mut store) = Store::with_sizes(
            &dir.0,
            Retention {
                count: Some(280),
                ..ALL
            },
            SMALL,
        ) {
            let head = store.head();
            let _ = store.append(&all_said(head + 1..=head + 100));
            while store.upkeep().step().unwrap_or(false) {}
            let _ = store.append(&all_said(head + 101..=head + 200));
        }
        let _ = check(&dir.0);
        let _ = export(&dir.0, Vec::new());
        let _ = backup(&dir.0, Dir::new().0.as_path());
        assert_eq!(
            fs::read(&victim.0).unwrap(),
            b"not to be touched",
            "{}",
            name.display()
        );
        if name.is_symlink() {
            fs::remove_file(&name).unwrap();
            if let Some(bytes) = before {
                fs::write(&name, bytes).unwrap();
            }
        }
    }
    fs::remove_file(&victim.0).unwrap();
}

#[test]
fn nothing_waits_for_a_pipe_in_the_place_of_a_file() {
    let dir = Dir::new();
    let mut store = open(&dir);
    for batch in all_said(1..=300).chunks(20) {
        store.append(batch).unwrap();
        idle(&store);
    }
    drop(store);
    for name in files(&dir) {
        let bytes = fs::read(&name).unwrap();
        for is_pipe in [true, false] {
            fs::remove_file(&name).unwrap();
            if is_pipe {
                let made = Command::new("mkfifo").arg(&name).status().unwrap();
                assert!(made.success());
            } else {
                fs::create_dir(&name).unwrap();
            }
            // It is refused by its name, or is of no use to begin with.
            if let Err(error) = Store::with_sizes(&dir.0, ALL, SMALL) {
                let told = error.to_string();
                let file = name.file_name().unwrap().to_str().unwrap();
                let is_named = told.contains(&format!("`{file}` is no regular file"));
                assert!(is_named, "{told}");
            }
            let _ = check(&dir.0);
            let _ = export(&dir.0, Vec::new());
            let _ = backup(&dir.0, Dir::new().0.as_path());
            let _ = fs::remove_file(&name).or_else(|_| fs::remove_dir(&name));
            fs::write(&name, &bytes).unwrap();
        }
    }
    assert_eq!(contents(&open(&dir)), all_said(1..=300));
}
