//! A history that has all kinds of entries: accounts and devices, what two say to each other alone and what waits of that, rooms with
//! orders, closed ones, and texts that are gone. All that can be done with a log is done with it, whole and damaged.

use crate::disk::Memory;
use crate::{ALL, ANN, fold, idle, open, place, try_open};
use chat_core::{Kind, Name, Order, Record, RoomName};
use chat_net::store::{
    Fault, Place, Report, StoreError, backup, check, export, export_without_private, import, repair,
};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What is in a text that is to be gone, and in one that two said to each other alone; and nowhere else.
const SECRET: &str = "The-Secret";
const WHISPER: &str = "A-Whisper";

/// Gives entries their numbers.
#[derive(Default)]
struct Story {
    all: Vec<Record>,
    last: BTreeMap<RoomName, u64>,
}

impl Story {
    fn push(&mut self, room: &str, kind: Kind, name: &str, text: &str) -> u64 {
        let room = RoomName::parse_kept(room).unwrap();
        let last = self.last.entry(room.clone()).or_default();
        *last += 1;
        let at = 1_000 * self.all.len() as u64;
        let is_said = matches!(kind, Kind::Said | Kind::Acted);
        self.all.push(Record {
            room,
            seq: *last,
            at,
            kind,
            name: Name::parse(name).unwrap(),
            text: text.into(),
            sender: is_said.then_some(ANN),
            id: is_said.then(|| format!("id-{at}").into()),
        });
        *last
    }

    fn order(&mut self, room: &str, text: &str) {
        assert!(Order::parse(text).is_some(), "{text}");
        self.push(room, Kind::Order, "ann", text);
    }
}

fn story() -> Vec<Record> {
    let mut story = Story::default();
    let account = "@accounts";
    story.push("lobby", Kind::Joined, "ann", "");
    story.push(account, Kind::Claimed, "ann", &"0f".repeat(48));
    story.push(account, Kind::Claimed, "bob", &"1e".repeat(48));
    let device = format!("4 1700000000000 {} the laptop", "a0".repeat(32));
    story.push(account, Kind::Device, "ann", &device);
    for nth in 0..30 {
        let room = ["dev", "tea", "lobby", "own"][nth % 4];
        story.push(room, Kind::Joined, "bob", "");
        story.push(room, Kind::Topic, "bob", &format!("topic {nth}"));
        let secret = SECRET.repeat(1 + 3 * (nth % 5));
        let kind = [Kind::Said, Kind::Acted][nth % 2];
        let gone = story.push(room, kind, "ann", &secret);
        story.push(room, Kind::Said, "bob", "what stays");
        let seq = story.push("@1.2", Kind::Said, "ann", &format!("{WHISPER} {nth}"));
        story.push(account, Kind::Waits, "bob", &format!("1 {seq} 7 ann"));
        if nth % 3 == 0 {
            story.push(account, Kind::Read, "bob", &format!("1 {seq}"));
        }
        story.order(room, &format!("redact {gone} ann"));
        match nth % 5 {
            0 => story.order(room, "ban 7200 eve 192.0.2.7 not nice"),
            1 => story.order(room, "close for today"),
            2 => story.order(room, "reopen"),
            3 => drop(story.push(room, Kind::Renamed, "bob", "bobby")),
            _ => drop(story.push(room, Kind::Acted, "bob", "waves")),
        }
        story.push(
            room,
            Kind::Left,
            if nth % 5 == 3 { "bobby" } else { "bob" },
            "",
        );
    }
    story.push(account, Kind::DeviceEnded, "ann", "4");
    story.push(account, Kind::Unclaimed, "bob", "");
    story.order("own", "close");
    story.all
}

/// The same entries, as they are once what they order is done.
fn redacted(all: &[Record]) -> Vec<Record> {
    let mut all = all.to_vec();
    for record in &mut all {
        if record.text.contains(SECRET) {
            record.text = "".into();
        }
    }
    all
}

fn log() -> (Memory, Vec<Record>) {
    let disk = Memory::default();
    let mut store = open(&disk);
    let all = story();
    for batch in all.chunks(5) {
        store.append(batch).unwrap();
        idle(&store);
    }
    drop(store);
    (disk, redacted(&all))
}

fn has(bytes: &[u8], what: &str) -> bool {
    bytes.windows(what.len()).any(|it| it == what.as_bytes())
}

fn is_on(disk: &Memory, what: &str) -> bool {
    disk.names().iter().any(|name| has(&disk.get(name), what))
}

/// A log has these entries, in each room, with its state, and by their ids.
fn verify(disk: &Memory, all: &[Record]) {
    let store = open(disk);
    assert_eq!(store.head(), all.len() as u64);
    let mut rooms: BTreeMap<RoomName, Vec<Record>> = BTreeMap::new();
    for record in all {
        let room = rooms.entry(record.room.clone()).or_default();
        room.push(record.clone());
    }
    for (room, due) in &rooms {
        assert_eq!(&store.read(room, 0, 9999).unwrap(), due, "{room}");
        assert_eq!(store.room(room).unwrap().state, fold(due), "{room}");
    }
    for record in all {
        if let (Some(session), Some(id)) = (&record.sender, &record.id) {
            let found = store.find(session, id).unwrap();
            assert_eq!(found.as_ref(), Some(record));
        }
    }
}

/// The lines of an export: its entries and the last one.
fn exported(disk: &Memory) -> (Vec<String>, Result<Report, StoreError>) {
    let mut lines = Vec::new();
    let result = export(place(disk), &mut lines);
    let text = String::from_utf8(lines).unwrap();
    (text.lines().map(Into::into).collect(), result)
}

#[test]
fn whatever_is_made_of_it_is_the_same_and_has_no_text_that_is_gone() {
    let (disk, all) = log();
    verify(&disk, &all);
    assert!(!is_on(&disk, SECRET) && is_on(&disk, WHISPER));
    let report = check(place(&disk)).unwrap();
    assert_eq!((report.entries, report.missing), (all.len() as u64, vec![]));
    let (lines, result) = exported(&disk);
    assert_eq!(result.unwrap().entries, all.len() as u64);
    let copied: [&dyn Fn(Place) -> Report; 3] = [
        &|to| backup(place(&disk), to).unwrap(),
        &|to| repair(place(&disk), to).unwrap(),
        &|to| import(to, (lines.join("\n") + "\n").as_bytes()).unwrap(),
    ];
    for make in copied {
        let copy = Memory::default();
        let made = make(place(&copy));
        assert_eq!(
            (made.entries, made.head),
            (all.len() as u64, all.len() as u64)
        );
        assert_eq!(made.epoch, report.epoch);
        assert!(!is_on(&copy, SECRET));
        verify(&copy, &all);
        assert_eq!(exported(&copy).0, lines);
        check(place(&copy)).unwrap();
    }
    // Without what is said alone, all else is there.
    let mut public = Vec::new();
    let (_, left_out) = export_without_private(place(&disk), &mut public).unwrap();
    assert_eq!(left_out, 30);
    assert!(!has(&public, WHISPER) && !has(&public, SECRET));
    let copy = Memory::default();
    import(place(&copy), &*public).unwrap();
    assert!(!is_on(&copy, WHISPER));
    let store = open(&copy);
    for room in ["dev", "tea", "lobby", "own"] {
        let room = RoomName::parse(room).unwrap();
        let due: Vec<_> = all.iter().filter(|it| it.room == room).cloned().collect();
        assert_eq!(store.read(&room, 0, 9999).unwrap(), due);
        assert_eq!(store.room(&room).unwrap().state, fold(&due));
    }
}

/// How many cases ended how.
#[derive(Debug, Default)]
struct Counts {
    whole: u64,
    told: u64,
    refused: u64,
}

struct Sample {
    disk: Memory,
    lines: Vec<String>,
    epoch: String,
    count: u64,
}

impl Sample {
    fn new() -> Self {
        let (disk, all) = log();
        Self {
            lines: exported(&disk).0,
            epoch: check(place(&disk)).unwrap().epoch,
            count: all.len() as u64,
            disk,
        }
    }

    /// Its files, the newest segment and what is beside it first, as far as they have 64 KiB.
    fn last_files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut left = 64 * 1024;
        let files = self.disk.names().into_iter().rev();
        let mut last = Vec::new();
        for name in files {
            let bytes = self.disk.get(&name);
            if left > 0 {
                left = usize::saturating_sub(left, bytes.len());
                last.push((name, bytes));
            }
        }
        last
    }

    /// Whether all of these lines are among those of the whole log, in their order.
    fn is_part(&self, lines: &[String]) -> bool {
        let mut all = self.lines.iter();
        let entries = lines
            .iter()
            .filter(|line| line.starts_with("{\"seq\"") || line.starts_with("{\"room\""));
        entries.into_iter().all(|line| all.any(|it| it == line))
    }

    /// What comes of damage: nothing is lost, changed, or there again in silence.
    fn try_with(&self, name: &PathBuf, bytes: &[u8], counts: &mut Counts) {
        let disk = self.disk.copy();
        disk.put(name, bytes);
        let checked = check(place(&disk));
        let (lines, result) = exported(&disk);
        assert!(
            self.is_part(&lines),
            "an entry is changed: {}",
            name.display()
        );
        assert!(!lines.iter().any(|it| it.contains(SECRET)));
        match &checked {
            Ok(report) => {
                assert_eq!((report.entries, report.head), (self.count, self.count));
                assert_eq!(lines, self.lines, "{}", name.display());
                result.unwrap();
            }
            Err(StoreError {
                fault: Fault::NotErased { .. },
                ..
            }) => assert_eq!(lines, self.lines),
            Err(refused) => {
                let is_told = matches!(refused.fault, Fault::Damaged(_) | Fault::Newer { .. });
                assert!(is_told, "{refused}");
                assert!(result.is_err());
            }
        }
        let copy = Memory::default();
        match repair(place(&disk), place(&copy)) {
            Ok(report) => {
                let missing: u64 = report.missing.iter().map(|(from, to)| to + 1 - from).sum();
                let lines = exported(&copy).0;
                assert!(
                    self.is_part(&lines),
                    "an entry is changed: {}",
                    name.display()
                );
                assert!(
                    report.entries + missing == self.count || report.epoch != self.epoch,
                    "loss is silent: {report:?}, {}",
                    name.display()
                );
                assert!(checked.is_err() || missing == 0);
                assert!(!is_on(&copy, SECRET));
            }
            Err(refused) => assert!(
                matches!(refused.fault, Fault::Damaged(_) | Fault::Newer { .. }),
                "{refused}"
            ),
        }
        match try_open(&disk, &ALL) {
            Ok(store) => {
                idle(&store);
                let is_whole = store.head() == self.count;
                assert!(is_whole || checked.is_err());
                drop(store);
                // What is erased again is all that it mends.
                let after = check(place(&disk));
                let is_mended = matches!(
                    &checked,
                    Err(StoreError {
                        fault: Fault::NotErased { .. },
                        ..
                    })
                );
                assert!(
                    after.is_ok() == checked.is_ok()
                        || is_mended && after.is_ok()
                        || name.to_string_lossy().ends_with("head")
                );
                *(if checked.is_ok() {
                    &mut counts.whole
                } else {
                    &mut counts.told
                }) += 1;
            }
            Err(refused) => {
                assert!(checked.is_err(), "{refused}");
                counts.refused += 1;
            }
        }
    }

    fn every(&self, step: usize, cut: usize) {
        for (name, bytes) in self.last_files() {
            let mut counts = Counts::default();
            for bit in (0..8 * bytes.len()).step_by(step) {
                let mut changed = bytes.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                self.try_with(&name, &changed, &mut counts);
            }
            for length in (0..bytes.len()).step_by(cut) {
                self.try_with(&name, &bytes[..length], &mut counts);
            }
            println!("{}: {counts:?}", name.display());
        }
    }
}

#[test]
fn no_changed_bit_and_no_cut_loses_changes_or_brings_back_anything_in_silence() {
    // Primes, so that every bit of a byte has its turn.
    Sample::new().every(7919, 1511);
}

#[test]
#[ignore = "takes long: cargo test --release -p chat-net --test store -- --ignored --nocapture kinds"]
fn no_changed_bit_and_no_cut_at_all_does() {
    Sample::new().every(1, 1);
}
