//! What version 1 of this program exported is imported.

use crate::disk::Memory;
use crate::{all_said, contents, error, fold, joined, left, open, place, said, state};
use chat_core::{Kind, Record, RoomName, SessionId};
use chat_net::store::{Fault, Report, StoreError, import};
use std::collections::BTreeMap;
use std::fmt::Write;
use twox_hash::XxHash3_64;

const EPOCH: &str = "000102030405060708090a0b0c0d0e0f";

fn sum(seed: u64, bytes: &[u8]) -> u64 {
    XxHash3_64::oneshot_with_seed(seed, bytes)
}

/// The chain's value after an entry, as version 1 had it.
fn link(chain: u64, record: &Record) -> u64 {
    let kind = match record.kind {
        Kind::Joined => 0,
        Kind::Left => 1,
        Kind::Said => 2,
        kind => unreachable!("version 1 had no {}", kind.name()),
    };
    let has = u8::from(record.sender.is_some()) * 4 + u8::from(record.id.is_some()) * 8;
    let name = record.name.as_str();
    let mut bytes = vec![kind + has];
    bytes.extend(record.at.to_le_bytes());
    bytes.push(u8::try_from(name.len()).unwrap());
    bytes.extend(name.bytes());
    bytes.extend(record.sender.iter().flat_map(|SessionId(session)| session));
    if let Some(id) = &record.id {
        bytes.extend((id.len() as u64).to_le_bytes());
        bytes.extend(id.bytes());
    }
    bytes.extend(record.text.bytes());
    sum(chain, &bytes)
}

/// What it would have exported of these, after some others.
fn exported(before: &[Record], held: &[Record], is_complete: bool) -> String {
    let epoch = u128::from_str_radix(EPOCH, 16).unwrap();
    let base = before.iter().fold(sum(0, &epoch.to_le_bytes()), link);
    let chain = held.iter().fold(base, link);
    let present = |records: &[Record]| {
        let mut present = BTreeMap::new();
        for record in records {
            match record.kind {
                Kind::Joined => drop(present.insert(record.name.to_string(), record.sender)),
                Kind::Left => drop(present.remove(record.name.as_str())),
                _ => {}
            }
        }
        present
    };
    let members = present(before)
        .into_iter()
        .map(|(name, session)| match session {
            Some(session) => format!(r#"{{"name":"{name}","session":"{session}"}}"#),
            None => format!(r#"{{"name":"{name}"}}"#),
        });
    let members: Vec<_> = members.collect();
    let roster = match &members[..] {
        [] => String::new(),
        members => format!(r#","roster":[{}]"#, members.join(",")),
    };
    let first = before.len() + 1;
    let mut lines = format!(
        "{{\"format\":\"chat-log\",\"version\":1,\"epoch\":\"{EPOCH}\",\"first\":{first},\"base\":\"{base:016x}\"{roster}}}\n"
    );
    for record in held {
        let kind = format!("{:?}", record.kind).to_lowercase();
        let Record {
            room: _,
            seq,
            at,
            name,
            text,
            ..
        } = record;
        write!(
            lines,
            r#"{{"seq":{seq},"at":{at},"kind":"{kind}","name":"{name}""#
        )
        .unwrap();
        if !text.is_empty() {
            write!(lines, r#","text":"{text}""#).unwrap();
        }
        if let Some(sender) = &record.sender {
            write!(lines, r#","sender":"{sender}""#).unwrap();
        }
        if let Some(id) = &record.id {
            write!(lines, r#","id":"{id}""#).unwrap();
        }
        lines += "}\n";
    }
    let all = [before, held].concat();
    let roster = present(&all)
        .into_iter()
        .fold(0_u64, |total, (name, session)| {
            let session = session
                .map(|SessionId(bytes)| bytes.to_vec())
                .unwrap_or_default();
            total.wrapping_add(sum(
                name.len() as u64,
                &[name.as_bytes(), &session].concat(),
            ))
        });
    let count = held.len();
    lines
        + &format!(
            "{{\"count\":{count},\"chain\":\"{chain:016x}\",\"roster\":\"{roster:016x}\",\"complete\":{is_complete}}}\n"
        )
}

/// Entries of a room in which some were before, and some are.
fn sample() -> (Vec<Record>, Vec<Record>) {
    let plain = Record {
        room: RoomName::LOBBY,
        sender: None,
        ..joined(1, "cat")
    };
    let before = vec![plain, joined(2, "ann"), joined(3, "ben")];
    let mut held = all_said(4..=40);
    held.extend([left(41, "ben"), joined(42, "dan"), said(43)]);
    (before, held)
}

fn imported(lines: &str) -> Result<(Memory, Report), StoreError> {
    let disk = Memory::default();
    import(place(&disk), lines.as_bytes()).map(|report| (disk, report))
}

#[test]
fn what_version_1_exported_is_the_same_log() {
    let (before, held) = sample();
    let all = [&before[..], &held].concat();
    for (before, held) in [(&before[..], &held[..]), (&[], &all), (&[], &[])] {
        let (disk, report) = imported(&exported(before, held, true)).unwrap();
        let first = before.len() as u64 + 1;
        assert_eq!(
            (report.epoch.as_str(), report.first, report.entries),
            (EPOCH, first, held.len() as u64)
        );
        let mut store = open(&disk);
        assert_eq!(contents(&store), held);
        assert_eq!(state(&store), fold(&[before, held].concat()));
        let next = said(store.head() + 1);
        store.append(&[next]).unwrap();
    }
}

#[test]
fn what_version_1_exported_of_a_damaged_log_has_another_epoch() {
    let (before, held) = sample();
    let (disk, report) = imported(&exported(&before, &held, false)).unwrap();
    assert_ne!(report.epoch, EPOCH, "its numbers will be used anew");
    assert_eq!(contents(&open(&disk)), held);
}

#[test]
fn what_version_1_exported_is_refused_where_it_was_changed() {
    let (before, held) = sample();
    let lines = exported(&before, &held, true);
    for (from, to) in [
        (r#""name":"ben""#, r#""name":"bob""#),
        (r#""session":"#, r#""sessions":"#),
        (r#""session":"07"#, r#""session":""#),
        (r#""first":4"#, r#""first":1"#),
        ("entry number      9", "entry number      8"),
        (r#""at":9,"#, r#""at":8,"#),
        (r#""count":40"#, r#""count":39"#),
        (r#""base":""#, r#""base":"x"#),
    ] {
        let changed = lines.replacen(from, to, 1);
        assert_ne!(changed, lines);
        let refused = error(imported(&changed));
        assert!(
            matches!(refused.fault, Fault::BadExport { .. }),
            "{refused}"
        );
    }
}
