//! A log as lines of JSON: what is exported is imported.

use crate::disk::Memory;
use crate::{
    ALL, Step, all_said, any_steps, contents, error, fold, log_of, open, place, said, state,
    try_open,
};
use chat_core::json::MAX_ID;
use chat_core::{Kind, MAX_LINE, MAX_NAME, Name, Record, RoomName, SessionId};
use chat_net::store::{Fault, Retention, check, export, import};
use proptest::prelude::*;
use std::io::{self, BufReader};
use std::slice;

fn exported(disk: &Memory) -> String {
    let mut lines = Vec::new();
    export(place(disk), &mut lines).unwrap();
    String::from_utf8(lines).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_exported_is_imported_with_its_numbers_its_epoch_and_its_state(
        steps in any_steps(15),
        keep in prop_oneof![Just(None), (1_u64..60).prop_map(Some)],
    ) {
        let disk = Memory::default();
        let mut store = try_open(&disk, &Retention { count: keep, ..ALL }).unwrap();
        let mut all: Vec<Record> = Vec::new();
        for step in steps {
            if let Step::Append(records) = step {
                store.append(&records).unwrap();
                all.extend(records);
            }
        }
        let held = contents(&store);
        drop(store);
        let lines = exported(&disk);

        let other = Memory::default().copy();
        let imported = import(place(&other), lines.as_bytes()).unwrap();
        let report = check(place(&disk)).unwrap();
        prop_assert_eq!((imported.epoch, imported.first, imported.head), (report.epoch, report.first, report.head));
        prop_assert_eq!(exported(&other), lines);
        let mut store = open(&other);
        prop_assert_eq!(contents(&store), held);
        prop_assert_eq!(state(&store), fold(&all));
        let next = said(store.head() + 1);
        store.append(&[next]).unwrap();
    }
}

#[test]
fn an_export_of_a_newer_version_is_refused() {
    let lines = exported(&log_of([&[said(1)][..]]));
    let newer = lines.replacen("\"version\":2", "\"version\":4", 1);
    let refused = error(import(place(&Memory::default()), newer.as_bytes()));
    assert!(
        matches!(refused.fault, Fault::NewerExport { found: 4 }),
        "{refused}"
    );
    let told = "the export has format version 4, and this program knows no later one than 3";
    assert!(refused.to_string().contains(told), "{refused}");
}

#[test]
fn an_import_that_did_not_end_is_no_log_and_one_that_did_is_not_overwritten() {
    let disk = log_of(all_said(1..=3000).chunks(500));
    let lines = exported(&disk);
    let other = Memory::default();
    error(import(place(&other), &lines.as_bytes()[..lines.len() - 1]));
    for refused in [
        error(check(place(&other))),
        error(export(place(&other), Vec::new())),
    ] {
        assert!(matches!(refused.fault, Fault::Unfinished), "{refused}");
        assert!(refused.to_string().contains("make it again"), "{refused}");
    }
    assert_eq!(contents(&open(&other.copy())), []);
    import(place(&other), lines.as_bytes()).unwrap();
    let refused = error(import(place(&other), lines.as_bytes()));
    assert!(matches!(refused.fault, Fault::Exists), "{refused}");
    assert!(contents(&open(&other)) == all_said(1..=3000));
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
    for blank in [&b"\n"[..], b" \r\n"] {
        let marked = [mark, blank, &lines].concat();
        let report = import(place(&Memory::default()), marked.as_slice()).unwrap();
        assert_eq!(report.head, 2);
    }

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
    let dir = crate::Dir::new();
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
fn an_export_is_lines_of_json() {
    let disk = Memory::default();
    let mut store = open(&disk);
    let joined = Record {
        room: RoomName::LOBBY,
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
        r#"{{"format":"chat-log","version":2,"epoch":"{epoch}","first":1,"state":""#
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

#[test]
fn what_is_wrong_with_a_line_of_an_export_is_said_as_of_what_it_is_to_be() {
    let disk = Memory::default();
    open(&disk).append(&all_said(1..=3)).unwrap();
    let mut lines = Vec::new();
    export(place(&disk), &mut lines).unwrap();
    let text = String::from_utf8(lines).unwrap();
    for (old, new, told) in [
        (
            "\"version\":2,",
            "",
            "line 1 is not what belongs there (missing field `version`",
        ),
        (
            "\"seq\":2,",
            "",
            "line 3 is not what belongs there (missing field `seq`",
        ),
        (
            "\"seq\":2",
            "\"seq\":\"2\"",
            "line 3 is not what belongs there (invalid type: string \"2\", expected u64 at byte ",
        ),
        ("\"seq\":2", "\"seq\":7", "line 3 is entry 7, not 2"),
        (
            "\"kind\":\"said\"",
            "\"kind\":\"sung\"",
            "line 2 is no entry: its `kind`",
        ),
        (
            "\"name\":\"ann\"",
            "\"name\":\"\"",
            "line 2 is no entry: its `name`",
        ),
        (
            "\"complete\":true",
            "\"complete\":1",
            "line 5 is not what belongs there (invalid type: integer `1`, expected a boolean",
        ),
        (
            "{\"count\":3",
            "{\"count\":2",
            "line 5 does not agree with the entries before it",
        ),
    ] {
        let changed = text.replacen(old, new, 1);
        assert_ne!(changed, text, "{old}");
        let refused = error(import(place(&Memory::default()), changed.as_bytes()));
        assert!(refused.to_string().contains(told), "{refused}");
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
    const FIRST: usize = 256 << 20;
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
        room: RoomName::LOBBY,
        seq: 1,
        at: u64::MAX,
        kind: Kind::Joined,
        name: Name::parse(&"n".repeat(MAX_NAME)).unwrap(),
        text: "\"".repeat(MAX_LINE).into(),
        sender: Some(SessionId([7; 32])),
        id: Some("\"".repeat(MAX_ID).into()),
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
