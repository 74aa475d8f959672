//! What a client remembers: what was kept is there in the next run, or its loss is told.

mod disk;

use chat_core::{Memory, Unaccepted};
use chat_net::MemoryFile;
use chat_net::client::Keep;
use chat_net::store::Place;
use disk::Memory as MemoryDisk;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::Arc;

const SERVER: &str = "chat.example:7000";
const FILE: &str = "state/client.json";

fn place(disk: &MemoryDisk) -> Place {
    Place::on(Arc::new(disk.clone()), "state")
}

fn open(disk: &MemoryDisk) -> io::Result<(MemoryFile, Memory)> {
    MemoryFile::open(place(disk), SERVER)
}

/// What the next run finds.
fn found(disk: &MemoryDisk) -> Memory {
    open(disk).unwrap().1
}

fn keep(disk: &MemoryDisk, memory: &Memory) {
    open(disk).unwrap().0.keep(memory).unwrap();
}

fn refusal<T>(result: io::Result<T>) -> String {
    result.err().expect("is to fail").to_string()
}

fn is_told_as_damage(refused: &str) -> bool {
    refused.starts_with("state: client.json is damaged") && refused.contains("move it away")
}

fn remembered(texts: &[&str]) -> Memory {
    let unaccepted = |(number, text): (usize, &&str)| Unaccepted {
        me: false,
        room: None,
        id: format!("00000000c0ffee00-{number}"),
        text: (*text).into(),
    };
    Memory {
        session: Some(chat_core::Secret("0123456789abcdef".repeat(4))),
        name: Some("ann".into()),
        epoch: Some("fedcba9876543210".repeat(2)),
        after: Some(1041),
        outbox: texts.iter().enumerate().map(unaccepted).collect(),
        ..Memory::default()
    }
}

/// A directory of a test's own on the machine's disk, not made yet.
struct Dir(PathBuf);

impl Dir {
    fn new(test: &str) -> Self {
        let name = format!("chat-memory-{test}-{}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_new_directory_is_its_owners_alone_and_nothing_is_remembered_in_it() {
    let dir = Dir::new("new");
    let below = dir.0.join("some/where");
    let (mut file, memory) = MemoryFile::open(&below, SERVER).unwrap();
    assert_eq!(memory, Memory::default());
    file.keep(&remembered(&["secret"])).unwrap();
    #[cfg(unix)]
    for (path, mode) in [(below.clone(), 0o700), (below.join("client.json"), 0o600)] {
        use std::os::unix::fs::PermissionsExt;
        let permissions = std::fs::metadata(path).unwrap().permissions();
        assert_eq!(permissions.mode() & 0o777, mode);
    }
}

#[test]
fn what_was_kept_last_is_read_whole_by_the_next_run() {
    let dir = Dir::new("next");
    let texts = ["\"quoted\" \\", "a\ttab", "žluť 🦀 \u{2028}", ""];
    let (mut file, _) = MemoryFile::open(&dir.0, SERVER).unwrap();
    file.keep(&remembered(&["kept first, and longer"; 9]))
        .unwrap();
    file.keep(&remembered(&texts)).unwrap();
    drop(file);
    let (_, memory) = MemoryFile::open(&dir.0, SERVER).unwrap();
    assert_eq!(memory, remembered(&texts));
}

#[test]
fn a_directory_is_open_once_at_a_time() {
    let dir = Dir::new("once");
    let (mut file, _) = MemoryFile::open(&dir.0, SERVER).unwrap();
    let second = refusal(MemoryFile::open(&dir.0, SERVER));
    assert!(second.contains(dir.0.to_str().unwrap()), "{second}");
    let told = "another chat-client uses it; give each its own directory";
    assert!(second.ends_with(told), "{second}");
    file.keep(&remembered(&["by the first"])).unwrap();
    drop(file);
    let (_, memory) = MemoryFile::open(&dir.0, SERVER).unwrap();
    assert_eq!(memory, remembered(&["by the first"]));
}

#[test]
fn where_no_directory_can_be_made_the_refusal_names_it() {
    let dir = Dir::new("none");
    std::fs::create_dir(&dir.0).unwrap();
    let taken = dir.0.join("taken");
    std::fs::write(&taken, "").unwrap();
    let refused = refusal(MemoryFile::open(&taken, SERVER));
    assert!(refused.contains(taken.to_str().unwrap()), "{refused}");
}

#[test]
fn the_directory_of_another_server_is_refused_and_both_are_named() {
    let disk = MemoryDisk::default();
    keep(&disk, &remembered(&["for one server alone"]));
    let refused = refusal(MemoryFile::open(place(&disk), "other.example:7000"));
    let told = "state: it is of chat.example:7000; use another directory for other.example:7000";
    assert_eq!(refused, told);
    assert_eq!(found(&disk), remembered(&["for one server alone"]));
}

#[test]
fn what_a_newer_version_wrote_is_refused_and_left_as_it_is() {
    let newer = br#"{"format":2,"server":["what is this?"],"outboxes":{}}"#;
    let disk = MemoryDisk::default();
    disk.put(FILE, newer);
    let refused = refusal(open(&disk));
    let told = "state: a newer version of this program wrote it; use that one";
    assert_eq!(refused, told);
    assert_eq!(disk.get(FILE), newer);
}

#[test]
fn a_file_that_was_cut_anywhere_is_refused_and_left_as_it_is() {
    let disk = MemoryDisk::default();
    keep(&disk, &remembered(&["one", "two"]));
    let whole = disk.get(FILE);
    for length in 0..whole.len() {
        disk.put(FILE, &whole[..length]);
        let refused = refusal(open(&disk));
        assert!(is_told_as_damage(&refused), "{length}: {refused}");
        assert_eq!(disk.get(FILE), whole[..length]);
    }
}

#[test]
fn a_file_that_is_something_else_is_refused_until_it_is_moved_away() {
    let (long, zeros) = (vec![b'['; 2 << 20], vec![0; 512]);
    let disk = MemoryDisk::default();
    for other in [b"{}", &b"null"[..], b"{\"format\":1}", &long, &zeros] {
        disk.put(FILE, other);
        let refused = refusal(open(&disk));
        assert!(is_told_as_damage(&refused), "{refused}");
    }
    disk.remove(FILE);
    assert_eq!(found(&disk), Memory::default());
}

#[test]
fn no_changed_bit_changes_what_is_remembered_in_silence() {
    let disk = MemoryDisk::default();
    let memory = remembered(&["one", "two"]);
    keep(&disk, &memory);
    let whole = disk.get(FILE);
    let (mut silent, mut misleading) = (Vec::new(), Vec::new());
    for bit in 0..8 * whole.len() {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        disk.put(FILE, &bytes);
        match open(&disk).map_err(|refused| refused.to_string()) {
            Ok((_, read)) if read != memory => silent.push(read),
            Err(it) if !is_told_as_damage(&it) && !it.contains("newer") => misleading.push(it),
            _ => {}
        }
    }
    let (count, bits) = (silent.len(), 8 * whole.len());
    assert_eq!(silent.first(), None, "one of {count}, of {bits} bits");
    assert_eq!(misleading, [""; 0]);
}

#[test]
fn as_much_as_fits_is_read_again_and_more_is_refused() {
    const LIMIT: usize = 1024 * 1024;
    let disk = MemoryDisk::default();
    // More than a client has waiting, each character at its longest.
    let most = remembered(&["\u{1}".repeat(4096).as_str(); 20]);
    keep(&disk, &most);
    assert_eq!(found(&disk), most);

    keep(&disk, &remembered(&[""]));
    let room = LIMIT - disk.get(FILE).len();
    let full = remembered(&["x".repeat(room).as_str()]);
    keep(&disk, &full);
    assert_eq!(disk.get(FILE).len(), LIMIT);
    assert_eq!(found(&disk), full);

    let (mut file, _) = open(&disk).unwrap();
    let kept = file.keep(&remembered(&["x".repeat(room + 1).as_str()]));
    drop(file);
    let refused = refusal(kept.and_then(|()| open(&disk)));
    assert!(refused.starts_with("state: "), "{refused}");
}

#[test]
fn a_write_that_fails_at_any_step_leaves_what_was_kept() {
    let (old, new) = (remembered(&["old"]), remembered(&["old", "new"]));
    for kind in [ErrorKind::StorageFull, ErrorKind::Other] {
        let mut left = Vec::new();
        for step in 0.. {
            let disk = MemoryDisk::default();
            keep(&disk, &old);
            let (mut file, _) = open(&disk).unwrap();
            disk.fail_after(step, kind);
            let Err(refused) = file.keep(&new) else {
                break;
            };
            assert!(refused.to_string().starts_with("state: "), "{refused}");
            disk.heal();
            left.push(found(&disk.copy()));
            file.keep(&new).unwrap();
            drop(file);
            assert_eq!(found(&disk), new, "it may be tried again");
        }
        // The new file has its name by then, and the name is still to be made to last.
        assert_eq!(left.pop().as_ref(), Some(&new));
        assert!(left.iter().all(|left| *left == old), "{left:?}");
    }
}

#[test]
fn what_a_broken_off_write_left_is_in_nobodys_way() {
    let disk = MemoryDisk::default();
    keep(&disk, &remembered(&["old"]));
    disk.put("state/client.json.new", &[b'{'; 4096]);
    assert_eq!(found(&disk), remembered(&["old"]));
    keep(&disk, &remembered(&["new"]));
    assert_eq!(found(&disk), remembered(&["new"]));
}

#[test]
fn a_loss_of_power_at_any_step_leaves_the_old_or_the_new() {
    let (none, old) = (MemoryDisk::default(), MemoryDisk::default());
    keep(&old, &remembered(&["old"]));
    let new = remembered(&["new", "and longer"]);
    for before in [none, old] {
        let old = found(&before);
        let is_kept = |step, mut case: usize| {
            let disk = before.copy();
            let (mut file, _) = open(&disk).unwrap();
            disk.fail_after(step, ErrorKind::Other);
            let is_kept = file.keep(&new).is_ok();
            drop(file);
            // The digits of a number are what the dice give.
            disk.lose_power(|sides| {
                let digit = case % sides;
                case /= sides;
                digit
            });
            let left = found(&disk);
            assert!(left == new || left == old && !is_kept, "{left:?}");
            is_kept
        };
        for case in (0..20_000).step_by(37) {
            assert!((0..99).any(|step| is_kept(step, case)));
        }
    }
}
