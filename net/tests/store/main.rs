//! The log on disk: what is appended stays, or its loss is told.

mod crash;
mod damage;
#[path = "../disk/mod.rs"]
mod disk;
mod ids;
mod readers;
mod roster;

use chat_core::json::MAX_ID;
use chat_core::{Kind, MAX_LINE, MAX_NAME, Name, Record, SessionId};
use chat_net::store::{Fault, Place, Retention, Store, StoreError, check, export, import};
use disk::Memory;
use proptest::option;
use proptest::prelude::*;
use redb::{Database, ReadableTable, TableDefinition};
use std::io::{self, BufReader, ErrorKind};
use std::path::PathBuf;
use std::process;
use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use twox_hash::XxHash3_64;

const ALL: Retention = Retention {
    age: None,
    count: None,
    bytes: None,
};

/// Entry `seq`, said at that many milliseconds.
fn said(seq: u64) -> Record {
    Record {
        seq,
        at: seq,
        kind: Kind::Said,
        name: Name::parse("ann").unwrap(),
        text: format!("this is what was said in entry number {seq:>6}, in 64 bytes..").into(),
        sender: Some(SessionId([7; 32])),
        id: Some(format!("id-{seq}").into()),
    }
}

/// Entry `seq`: someone joined.
fn joined(seq: u64, name: &str) -> Record {
    Record {
        kind: Kind::Joined,
        name: Name::parse(name).unwrap(),
        text: "".into(),
        id: None,
        ..said(seq)
    }
}

/// Entry `seq`: someone left.
fn left(seq: u64, name: &str) -> Record {
    let kind = Kind::Left;
    Record {
        kind,
        ..joined(seq, name)
    }
}

fn all_said(seqs: impl IntoIterator<Item = u64>) -> Vec<Record> {
    seqs.into_iter().map(said).collect()
}

/// A log on a disk in memory.
fn place(disk: &Memory) -> Place {
    Place::on(Arc::new(disk.clone()), "log")
}

fn open(disk: &Memory) -> Store {
    Store::open(place(disk), ALL).unwrap()
}

fn contents(store: &Store) -> Vec<Record> {
    store.entries().map(Result::unwrap).collect()
}

fn error<T>(result: Result<T, StoreError>) -> StoreError {
    result.err().expect("is to fail")
}

/// A directory of a test's own on the machine's disk.
struct Dir(PathBuf);

impl Dir {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("chat-store-{}-{number}", process::id())))
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn any_record() -> impl Strategy<Value = Record> {
    let kind = prop_oneof![Just(Kind::Joined), Just(Kind::Left), Just(Kind::Said)];
    (
        any::<u64>(),
        kind,
        "[a-z0-9][a-zA-Z0-9._-]{0,31}",
        any::<String>(),
        option::of(any::<[u8; 32]>().prop_map(SessionId)),
        option::of(any::<String>()),
    )
        .prop_map(|(at, kind, name, text, sender, id)| Record {
            seq: 0,
            at,
            kind,
            name: Name::parse(&name).unwrap(),
            text: text.into(),
            sender,
            id: id.map(Into::into),
        })
}

fn any_records() -> impl Strategy<Value = Vec<Record>> {
    prop::collection::vec(any_record(), 0..40).prop_map(|mut records| {
        for (seq, record) in (1..).zip(&mut records) {
            record.seq = seq;
        }
        records
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_appended_is_read_whatever_it_is(records in any_records(), batch in 1_usize..9) {
        let disk = Memory::default();
        let mut store = open(&disk);
        for batch in records.chunks(batch) {
            store.append(batch).unwrap();
        }
        prop_assert_eq!(&contents(&store), &records);
        let epoch = store.epoch().to_owned();
        drop(store);

        let store = open(&disk);
        prop_assert_eq!(&contents(&store), &records);
        prop_assert_eq!(store.epoch(), epoch);
        prop_assert_eq!(store.head(), records.len() as u64);
        for after in 0..=records.len() {
            let read = store.read(after as u64, 3).unwrap();
            prop_assert_eq!(read, &records[after..records.len().min(after + 3)]);
        }
    }

    #[test]
    fn what_is_exported_is_imported(records in any_records(), keep in 1_u64..30) {
        let disk = Memory::default();
        let retention = Retention { count: Some(keep), ..ALL };
        let mut store = Store::open(place(&disk), retention).unwrap();
        for record in records {
            store.append(&[record]).unwrap();
        }
        let held = contents(&store);
        drop(store);
        let mut lines = Vec::new();
        let exported = export(place(&disk), &mut lines).unwrap();

        let other = Memory::default();
        let imported = import(place(&other), lines.as_slice()).unwrap();
        prop_assert_eq!((imported.epoch, imported.first), (exported.epoch, exported.first));
        let mut store = open(&other);
        prop_assert_eq!(contents(&store), held);
        let next = said(store.head() + 1);
        store.append(&[next]).unwrap();
    }

    #[test]
    fn no_more_is_kept_than_is_to_be_and_no_less(
        batches in prop::collection::vec(1_u64..20, 1..20),
        count in 0_u64..30,
        age in 0_u64..30,
    ) {
        let disk = Memory::default();
        let retention = Retention {
            count: Some(count),
            age: Some(Duration::from_millis(age)),
            bytes: None,
        };
        let mut store = Store::open(place(&disk), retention).unwrap();
        let mut head = 0;
        for batch in batches {
            store.append(&all_said(head + 1..=head + batch)).unwrap();
            head += batch;
            // The entries are a millisecond apart.
            let first = head.saturating_sub(age).max((head + 1).saturating_sub(count.max(1)));
            prop_assert_eq!(contents(&store), all_said(first.max(1)..=head));
            prop_assert_eq!((store.first(), store.head()), (first.max(1), head));
        }
    }
}

#[test]
fn a_new_log_is_empty_and_has_an_epoch_of_its_own() {
    let (one, other) = (Dir::new(), Dir::new());
    let store = Store::open(&one.0, ALL).unwrap();
    assert_eq!((store.head(), store.first()), (0, 1));
    for after in [0, 1, u64::MAX] {
        assert_eq!(store.read(after, 9).unwrap(), []);
    }
    assert_eq!(store.epoch().len(), 32);
    assert!(store.epoch().bytes().all(|digit| digit.is_ascii_hexdigit()));
    assert_ne!(store.epoch(), Store::open(&other.0, ALL).unwrap().epoch());
}

#[test]
fn on_the_machines_disk_a_log_is_its_owners_alone_and_is_reopened() {
    let dir = Dir::new();
    let below = dir.0.join("some/where");
    let mut store = Store::open(&below, ALL).unwrap();
    store.append(&all_said(1..=300)).unwrap();
    store.append(&all_said(301..=301)).unwrap();
    drop(store);
    #[cfg(unix)]
    for (path, mode) in [(below.clone(), 0o700), (below.join("log.redb"), 0o600)] {
        use std::os::unix::fs::PermissionsExt;
        let permissions = std::fs::metadata(path).unwrap().permissions();
        assert_eq!(permissions.mode() & 0o777, mode);
    }
    let report = check(&below).unwrap();
    assert_eq!((report.entries, report.first, report.head), (301, 1, 301));
    assert_eq!(
        report.file,
        std::fs::metadata(below.join("log.redb")).unwrap().len()
    );
    assert_eq!(
        contents(&Store::open(&below, ALL).unwrap()),
        all_said(1..=301)
    );
}

#[test]
fn a_log_is_open_once_at_a_time() {
    let dir = Dir::new();
    let store = Store::open(&dir.0, ALL).unwrap();
    let second = error(Store::open(&dir.0, ALL));
    assert!(matches!(second.fault, Fault::InUse), "{second}");
    assert!(second.to_string().contains("in use"), "{second}");
    assert!(matches!(error(check(&dir.0)).fault, Fault::InUse));
    assert!(matches!(
        error(export(&dir.0, Vec::new())).fault,
        Fault::InUse
    ));
    drop(store);
    Store::open(&dir.0, ALL).unwrap();
}

#[test]
fn entries_are_numbered_without_holes() {
    let disk = Memory::default();
    for wrong in [
        vec![said(2)],
        vec![said(0)],
        vec![said(1), said(3)],
        vec![said(1), said(1)],
    ] {
        let mut store = open(&disk);
        let refused = error(store.append(&wrong));
        assert!(matches!(refused.fault, Fault::Sequence { .. }), "{refused}");
        assert_eq!(
            contents(&store),
            [],
            "nothing of a batch is there unless all of it is"
        );
        assert!(matches!(
            error(store.append(&[said(1)])).fault,
            Fault::Stopped
        ));
        drop(store);
    }
    let mut store = open(&disk);
    store.append(&[]).unwrap();
    store.append(&[said(1), said(2)]).unwrap();
}

#[test]
fn many_entries_are_gone_through_a_few_at_a_time() {
    let disk = Memory::default();
    let mut store = open(&disk);
    store.append(&all_said(1..=3000)).unwrap();
    assert!(store.entries().map(Result::unwrap).eq((1..=3000).map(said)));
}

#[test]
fn entries_are_removed_one_past_the_limit_of_bytes() {
    let size = |to| {
        let disk = Memory::default();
        open(&disk).append(&all_said(1..=to)).unwrap();
        check(place(&disk)).unwrap().bytes
    };
    let (nine, ten) = (size(9), size(10));
    for (limit, first) in [(ten, 1), (ten - 1, 2), (nine, 3), (0, 10)] {
        let retention = Retention {
            bytes: Some(limit),
            ..ALL
        };
        let mut store = Store::open(place(&Memory::default()), retention).unwrap();
        store.append(&all_said(1..=10)).unwrap();
        // Entry 10 is a byte or two longer than those before it.
        assert_eq!(
            contents(&store),
            all_said(first..=10),
            "{limit} of {ten} bytes"
        );
    }
}

#[test]
fn what_is_beyond_a_new_limit_is_removed_a_bounded_number_at_a_time() {
    let disk = Memory::default();
    open(&disk).append(&all_said(1..=3000)).unwrap();
    let retention = Retention {
        count: Some(10),
        ..ALL
    };
    let mut store = Store::open(place(&disk), retention).unwrap();
    assert_eq!(store.first(), 1, "opening removes nothing");
    let mut removed = Vec::new();
    for seq in 3001..=3004 {
        let before = store.first();
        store.append(&[said(seq)]).unwrap();
        removed.push(store.first() - before);
    }
    assert_eq!(removed, [1025, 1025, 943, 1]);
    drop(store);
    assert_eq!(contents(&open(&disk)), all_said(2995..=3004));
}

#[test]
fn a_reader_who_is_behind_what_is_held_gets_the_oldest() {
    let retention = Retention {
        count: Some(5),
        ..ALL
    };
    let mut store = Store::open(place(&Memory::default()), retention).unwrap();
    store.append(&all_said(1..=10)).unwrap();
    assert_eq!(store.read(0, 2).unwrap(), all_said(6..=7));
    assert_eq!(store.read(5, 2).unwrap(), all_said(6..=7));
    assert_eq!(store.read(6, 2).unwrap(), all_said(7..=8));
    for after in [10, 11, u64::MAX] {
        assert_eq!(store.read(after, 2).unwrap(), []);
    }
}

#[test]
fn a_full_disk_is_told_from_one_that_fails() {
    for kind in [
        ErrorKind::StorageFull,
        ErrorKind::QuotaExceeded,
        ErrorKind::Other,
    ] {
        for changes in 0..40 {
            let disk = Memory::default();
            let mut store = open(&disk);
            store.append(&all_said(1..=5)).unwrap();
            disk.fail_after(changes, kind);
            let Err(refused) = store.append(&all_said(6..=9)) else {
                break;
            };
            match refused.fault {
                Fault::Full(_) => assert_ne!(kind, ErrorKind::Other),
                Fault::Io(_) => assert_eq!(kind, ErrorKind::Other),
                _ => panic!("{refused}"),
            }
            disk.heal();
            assert!(matches!(
                error(store.append(&[said(6)])).fault,
                Fault::Stopped
            ));
            drop(store);
            let held = contents(&open(&disk));
            assert!(
                held == all_said(1..=5) || held == all_said(1..=9),
                "all or nothing"
            );
        }
    }
}

#[test]
fn a_log_of_a_newer_version_is_refused() {
    const FACTS: TableDefinition<&str, &[u8]> = TableDefinition::new("facts");
    let dir = Dir::new();
    Store::open(&dir.0, ALL)
        .unwrap()
        .append(&[said(1)])
        .unwrap();
    let db = Database::open(dir.0.join("log.redb")).unwrap();
    let transaction = db.begin_write().unwrap();
    {
        let mut table = transaction.open_table(FACTS).unwrap();
        let mut facts = table.get("facts").unwrap().unwrap().value().to_vec();
        let body = facts.len() - 8;
        facts[0] += 1;
        let sum = XxHash3_64::oneshot_with_seed(0, &facts[..body]);
        facts[body..].copy_from_slice(&sum.to_le_bytes());
        table.insert("facts", facts.as_slice()).unwrap();
    }
    transaction.commit().unwrap();
    drop(db);
    for refused in [
        error(Store::open(&dir.0, ALL)),
        error(check(&dir.0)),
        error(export(&dir.0, Vec::new())),
    ] {
        assert!(
            matches!(refused.fault, Fault::Newer { found: 2 }),
            "{refused}"
        );
        assert!(refused.to_string().contains("newer version"), "{refused}");
    }
}

#[test]
fn an_export_of_a_newer_version_is_refused() {
    let disk = Memory::default();
    open(&disk).append(&[said(1)]).unwrap();
    let mut lines = Vec::new();
    export(place(&disk), &mut lines).unwrap();
    let newer = String::from_utf8(lines)
        .unwrap()
        .replacen("\"version\":1", "\"version\":2", 1);
    let refused = error(import(place(&Memory::default()), newer.as_bytes()));
    assert!(
        matches!(refused.fault, Fault::NewerExport { found: 2 }),
        "{refused}"
    );
    let told = "the export has format version 2";
    assert!(refused.to_string().contains(told), "{refused}");
}

#[test]
fn a_byte_order_mark_before_an_export_is_skipped_and_elsewhere_it_is_not() {
    let disk = Memory::default();
    open(&disk).append(&all_said(1..=2)).unwrap();
    let mut lines = Vec::new();
    export(place(&disk), &mut lines).unwrap();
    let mark = "\u{feff}".as_bytes();
    let other = Memory::default();
    let marked = [mark, &lines].concat();
    let report = import(place(&other), marked.as_slice()).unwrap();
    assert_eq!(report.head, 2);

    let second = lines.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let torn = [&lines[..second], mark, &lines[second..]].concat();
    for (bad, line) in [(torn, 2), ([mark, mark, &lines].concat(), 1)] {
        let refused = error(import(place(&Memory::default()), bad.as_slice()));
        assert!(
            matches!(refused.fault, Fault::BadExport { line: found, .. } if found == line),
            "{refused}"
        );
    }
}

#[test]
fn there_is_nothing_to_check_or_export_where_there_is_no_log() {
    let dir = Dir::new();
    assert!(matches!(error(check(&dir.0)).fault, Fault::Missing));
    assert!(matches!(
        error(export(&dir.0, Vec::new())).fault,
        Fault::Missing
    ));
    assert!(!dir.0.exists(), "nor is one made");
    let told = error(check(&dir.0)).to_string();
    assert!(told.contains("choose the directory of one"), "{told}");
}

#[test]
fn an_import_that_did_not_end_is_told_from_a_log_that_lost_its_file() {
    let disk = Memory::default();
    open(&disk).append(&all_said(1..=3)).unwrap();
    let mut lines = Vec::new();
    export(place(&disk), &mut lines).unwrap();
    let other = Memory::default();
    error(import(place(&other), &lines[..lines.len() - 1]));
    for refused in [
        error(check(place(&other))),
        error(export(place(&other), Vec::new())),
    ] {
        assert!(matches!(refused.fault, Fault::Unfinished), "{refused}");
        assert!(refused.to_string().contains("import again"), "{refused}");
    }
    import(place(&other), lines.as_slice()).unwrap();
    check(place(&other)).unwrap();

    other.remove("log/log.redb");
    let refused = error(check(place(&other)));
    assert!(matches!(refused.fault, Fault::Damaged(_)), "{refused}");
}

#[test]
fn an_export_is_lines_of_json() {
    let disk = Memory::default();
    let mut store = open(&disk);
    let joined = Record {
        kind: Kind::Joined,
        text: "".into(),
        sender: None,
        id: None,
        ..said(1)
    };
    store.append(&[joined, said(2)]).unwrap();
    drop(store);
    let mut lines = Vec::new();
    export(place(&disk), &mut lines).unwrap();
    let lines: Vec<_> = str::from_utf8(&lines).unwrap().lines().collect();
    assert_eq!(lines.len(), 4);
    let epoch = check(place(&disk)).unwrap().epoch;
    assert!(lines[0].starts_with(&format!(
        r#"{{"format":"chat-log","version":1,"epoch":"{epoch}","first":1,"base":""#
    )));
    assert_eq!(lines[1], r#"{"seq":1,"at":1,"kind":"joined","name":"ann"}"#);
    assert!(lines[2].contains(r#""text":"this is what was said in entry number      2,"#));
    assert!(lines[3].starts_with(r#"{"count":2,"chain":""#));
}

#[test]
fn an_export_that_was_cut_or_changed_is_refused() {
    let disk = Memory::default();
    open(&disk).append(&all_said(1..=3)).unwrap();
    let mut lines = Vec::new();
    export(place(&disk), &mut lines).unwrap();
    for cut in 0..lines.len() {
        let refused = error(import(place(&Memory::default()), &lines[..cut]));
        assert!(
            matches!(refused.fault, Fault::BadExport { .. }),
            "{cut}: {refused}"
        );
    }
    let text = String::from_utf8(lines).unwrap();
    let swapped = text.replace("\"seq\":2", "\"seq\":9");
    let said_otherwise = text.replace("entry number      2", "entry number      7");
    let missing: String = text
        .lines()
        .filter(|line| !line.contains("\"seq\":2"))
        .collect();
    let twice = format!("{text}{text}");
    for changed in [swapped, said_otherwise, missing, twice] {
        let refused = error(import(place(&Memory::default()), changed.as_bytes()));
        assert!(
            matches!(refused.fault, Fault::BadExport { .. }),
            "{refused}"
        );
    }
}

/// An export of one entry, one of whose lines is so long: spaces mean nothing there.
fn export_with(line: usize, length: usize) -> Vec<u8> {
    let disk = Memory::default();
    open(&disk).append(&[said(1)]).unwrap();
    let mut lines = Vec::new();
    export(place(&disk), &mut lines).unwrap();
    let text = String::from_utf8(lines).unwrap();
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    let padding = length - lines[line].len();
    lines[line].push_str(&" ".repeat(padding));
    lines.push(String::new());
    lines.join("\n").into()
}

#[test]
fn a_line_of_an_export_is_read_up_to_its_limit() {
    const FIRST: usize = 128 << 20;
    const OTHERS: usize = 6 * (MAX_LINE + MAX_ID) + 512;
    for (line, most) in [(0, FIRST), (1, OTHERS), (2, OTHERS)] {
        let longest = export_with(line, most);
        import(place(&Memory::default()), longest.as_slice()).unwrap();
        let longer = export_with(line, most + 1);
        let refused = error(import(place(&Memory::default()), longer.as_slice())).to_string();
        let told = format!("line {} is longer than {most} bytes", line + 1);
        assert!(refused.contains(&told), "{refused}");
    }
}

#[test]
fn an_endless_line_is_not_imported() {
    let endless = BufReader::new(io::repeat(b' '));
    let refused = error(import(place(&Memory::default()), endless));
    assert!(refused.to_string().contains("is longer than"), "{refused}");
}

#[test]
fn the_longest_line_that_a_room_makes_is_imported() {
    let record = Record {
        seq: 1,
        at: u64::MAX,
        kind: Kind::Joined,
        name: Name::parse(&"n".repeat(MAX_NAME)).unwrap(),
        text: "\u{1}".repeat(MAX_LINE).into(),
        sender: Some(SessionId([7; 32])),
        id: Some("\u{1}".repeat(MAX_ID).into()),
    };
    let disk = Memory::default();
    open(&disk).append(slice::from_ref(&record)).unwrap();
    let mut lines = Vec::new();
    export(place(&disk), &mut lines).unwrap();
    let other = Memory::default();
    import(place(&other), lines.as_slice()).unwrap();
    assert_eq!(contents(&open(&other)), [record]);
}

#[test]
fn what_an_export_is_written_to_is_told_from_the_log() {
    let disk = Memory::default();
    open(&disk).append(&all_said(1..=3)).unwrap();
    let mut small = [0; 300];
    let refused = error(export(place(&disk), small.as_mut_slice()));
    assert!(matches!(refused.fault, Fault::Unwritten(_)), "{refused}");
}

#[test]
fn an_import_that_failed_leaves_no_log_and_one_that_did_not_is_not_overwritten() {
    let disk = Memory::default();
    open(&disk).append(&all_said(1..=3000)).unwrap();
    let mut lines = Vec::new();
    export(place(&disk), &mut lines).unwrap();
    let other = Memory::default();
    error(import(place(&other), &lines[..lines.len() - 1]));
    assert_eq!(contents(&open(&other.copy())), []);
    import(place(&other), lines.as_slice()).unwrap();
    assert!(matches!(
        error(import(place(&other), lines.as_slice())).fault,
        Fault::Exists
    ));
    assert_eq!(contents(&open(&other)), all_said(1..=3000));
}

#[test]
fn the_longest_name_is_kept() {
    let disk = Memory::default();
    let record = Record {
        name: Name::parse(&"n".repeat(MAX_NAME)).unwrap(),
        ..said(1)
    };
    let mut store = open(&disk);
    store.append(slice::from_ref(&record)).unwrap();
    assert_eq!(contents(&store), [record]);
}
