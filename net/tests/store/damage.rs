//! A log that is not as it was written: every entry is there, or it is refused, or it is stated what is missing.
//!
//! There is one exception, and it is meant. An append returns after one sync, and `head` tells of it some
//! milliseconds later. If within those the machine fails, and a sector of the newest frame then reads as
//! zeros, or its end is cut off although it had been synced, the disk lied, and the frame passes for one that
//! was being written. So the samples whose `head` was not written yet are held to all but that.

use crate::disk::Memory;
use crate::{ALL, ANN, all_said, contents, fold, idle, joined, open, place, state, try_open};
use chat_core::Record;
use chat_net::store::{Fault, StoreError, check, export, import, repair};
use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

const SECTOR: usize = 512;

/// A log, and what is in it.
struct Sample {
    name: &'static str,
    disk: Memory,
    files: Vec<(PathBuf, Vec<u8>)>,
    held: Vec<Record>,
    epoch: String,
    /// The last entry that its file `head` names.
    known: usize,
}

/// What came of so many cases.
#[derive(Clone, Copy, Default)]
struct Counts {
    /// Opened with every entry.
    whole: u64,
    /// Opened, and stated what is missing.
    stated: u64,
    refused: u64,
    /// The newest frame was taken for a torn one.
    torn: u64,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            whole,
            stated,
            refused,
            torn,
        } = self;
        write!(
            f,
            "{whole} whole, {stated} stated what is missing, {refused} refused, {torn} torn"
        )
    }
}

/// One log that was closed, one whose process was killed before `head` told of its last frame, and one that
/// was killed when nothing but its first frame was written.
static SAMPLES: LazyLock<[Sample; 3]> = LazyLock::new(|| {
    let disk = Memory::default();
    let mut store = open(&disk);
    store.append(&[joined(1, "ben")]).unwrap();
    let new = disk.copy();
    let mut all = vec![joined(1, "ben")];
    all.extend(all_said(2..=250));
    for batch in all[1..].chunks(9) {
        idle(&store);
        store.append(batch).unwrap();
    }
    let killed = disk.copy();
    let last_frame = (all.len() - 1) % 9;
    let known = all.len() - last_frame;
    drop(store);
    let all_of = |name, disk: Memory, held: &[Record], known| Sample {
        name,
        files: disk
            .names()
            .into_iter()
            .map(|name| (name.clone(), disk.get(name)))
            .collect(),
        held: held.to_vec(),
        epoch: check(place(&disk)).unwrap().epoch,
        disk,
        known,
    };
    [
        all_of("closed", disk, &all, all.len()),
        all_of("killed", killed, &all, known),
        all_of("new", new, &all[..1], 0),
    ]
});

fn is_told(refused: &StoreError) -> bool {
    matches!(refused.fault, Fault::Damaged(_) | Fault::Newer { .. })
}

impl Sample {
    fn newest_segment(&self) -> &Path {
        let mut names = self.files.iter().map(|(name, _)| name);
        names
            .rfind(|name| name.extension().is_some_and(|it| it == "log"))
            .unwrap()
    }

    /// What comes of a change to a file. `all` of what can be done with a log is tried.
    fn try_with(
        &self,
        file: &Path,
        all: bool,
        counts: &mut Counts,
        damage: impl FnOnce(&mut Vec<u8>),
    ) {
        let (_, before) = self.files.iter().find(|(name, _)| name == file).unwrap();
        let mut bytes = before.clone();
        damage(&mut bytes);
        let disk = self.disk.copy();
        disk.put(file, &bytes);
        self.verify(&disk, all, counts);
    }

    /// What comes of the files as they are there.
    fn verify(&self, disk: &Memory, all: bool, counts: &mut Counts) {
        let damaged = disk.copy();
        let may_be_torn = match try_open(disk, &ALL) {
            Err(refused) => {
                assert!(is_told(&refused), "{refused}");
                counts.refused += 1;
                for (name, _) in &self.files {
                    let is_there = damaged.names().contains(name);
                    assert!(
                        !is_there || disk.get(name) == damaged.get(name),
                        "it is left as it is"
                    );
                }
                false
            }
            Ok(store) => {
                let read = contents(&store);
                assert!(is_part(&read, &self.held), "an entry is changed");
                let head = usize::try_from(store.head()).unwrap();
                let missing = head - read.len();
                assert!(
                    head >= self.known && head <= self.held.len(),
                    "{}: {head} entries",
                    self.name
                );
                assert!(state(&store) == fold(&self.held[..head]));
                for record in read.iter().step_by(5) {
                    let found = record.id.as_deref().map(|id| store.find(&ANN, id).unwrap());
                    assert!(found.is_none_or(|found| found.as_ref() == Some(record)));
                }
                drop(store);
                if missing > 0 {
                    counts.stated += 1;
                    assert!(
                        is_told(&check(place(&damaged)).unwrap_err()),
                        "loss is silent"
                    );
                    assert!(
                        is_told(&check(place(disk)).unwrap_err()),
                        "loss is silent after opening"
                    );
                } else if head < self.held.len() {
                    counts.torn += 1;
                } else {
                    counts.whole += 1;
                }
                head < self.held.len()
            }
        };
        if all {
            self.examine(&damaged, may_be_torn);
        }
    }

    /// Checks, exports and repairs a log, which is left as it is.
    fn examine(&self, damaged: &Memory, may_be_torn: bool) {
        let checked = check(place(damaged));
        if let Err(refused) = &checked {
            assert!(is_told(refused), "{refused}");
        } else if !may_be_torn {
            assert_eq!(checked.as_ref().unwrap().entries, self.held.len() as u64);
        }
        let mut lines = Vec::new();
        let exported = export(place(damaged), &mut lines);
        assert_eq!(
            exported.is_ok(),
            checked.is_ok(),
            "{exported:?} {checked:?}"
        );
        let other = Memory::default();
        if lines.ends_with(b"}\n") {
            let report = import(place(&other), lines.as_slice()).unwrap();
            let told = report.missing;
            self.verify_copy(&other, &told, may_be_torn || exported.is_err());
        }
        let other = Memory::default();
        match repair(place(damaged), place(&other)) {
            Ok(report) => {
                // By a new epoch it tells that there may have been more.
                let may_be_shorter = may_be_torn || report.epoch != self.epoch;
                self.verify_copy(&other, &report.missing, may_be_shorter);
            }
            Err(refused) => assert!(is_told(&refused), "{refused}"),
        }
    }

    /// A copy has all that is not told to be missing.
    fn verify_copy(&self, copy: &Memory, missing: &[(u64, u64)], may_be_shorter: bool) {
        let read = contents(&open(copy));
        assert!(is_part(&read, &self.held), "an entry is changed");
        let there: BTreeSet<u64> = read.iter().map(|record| record.seq).collect();
        let told: BTreeSet<u64> = missing.iter().flat_map(|(from, to)| *from..=*to).collect();
        assert!(there.is_disjoint(&told));
        let last = there.last().max(told.last()).copied().unwrap_or(0);
        assert_eq!(
            (there.len() + told.len()) as u64,
            last,
            "{}: loss is silent: {missing:?}",
            self.name
        );
        assert!(
            may_be_shorter || last == self.held.len() as u64,
            "{}: {last}",
            self.name
        );
    }

    fn tell(&self, what: &str, counts: Counts) {
        println!("{}: {what}: {counts}", self.name);
        assert!(
            counts.torn == 0 || self.known < self.held.len(),
            "a closed log is not torn"
        );
    }

    /// Changes a bit at a time.
    fn flip(&self, file: &Path, bits: impl Iterator<Item = usize>, every: usize) {
        let mut counts = Counts::default();
        for (nth, bit) in bits.enumerate() {
            self.try_with(file, nth % every == 0, &mut counts, |bytes| {
                bytes[bit / 8] ^= 1 << (bit % 8);
            });
        }
        assert_eq!(counts.torn, 0, "no changed bit passes for a torn frame");
        self.tell(&format!("bits of {}", file.display()), counts);
    }
}

/// Whether all of these are among those, in their order.
fn is_part(some: &[Record], all: &[Record]) -> bool {
    let mut all = all.iter();
    some.iter().all(|record| all.any(|it| it == record))
}

/// Where anything else than zeros is written.
fn written(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |at| at + 1)
}

#[test]
fn no_changed_bit_of_the_newest_segment_loses_or_changes_an_entry_in_silence() {
    for sample in &*SAMPLES {
        let file = sample.newest_segment();
        let (_, bytes) = sample.files.iter().find(|(name, _)| name == file).unwrap();
        // Nothing tells one zero after the last frame from another.
        let end = 8 * written(bytes);
        let frames = 8 * (4096 + 512)..end;
        let rest = (0..8 * 512)
            .step_by(3)
            .chain((end..8 * bytes.len()).step_by(499));
        sample.flip(file, frames.step_by(13).chain(rest), 499);
    }
}

#[test]
fn no_changed_bit_of_any_file_loses_or_changes_an_entry_in_silence() {
    for sample in &*SAMPLES {
        for (file, bytes) in &sample.files {
            // A prime, so that every bit of a byte has its turn.
            sample.flip(file, (0..8 * bytes.len()).step_by(1471), 61);
        }
    }
}

#[test]
#[ignore = "takes minutes: cargo test --release -p chat-net --test store -- --ignored --nocapture"]
fn no_changed_bit_at_all_loses_or_changes_an_entry_in_silence() {
    for sample in &*SAMPLES {
        for (file, bytes) in &sample.files {
            sample.flip(file, 0..8 * bytes.len(), 211);
        }
    }
}

#[test]
fn no_sector_that_reads_as_zeros_or_as_another_one_loses_an_entry_in_silence() {
    for sample in &*SAMPLES {
        let mut counts = Counts::default();
        for (file, bytes) in &sample.files {
            for at in (0..bytes.len()).step_by(SECTOR) {
                let sector = at..(at + SECTOR).min(bytes.len());
                sample.try_with(file, at % (11 * SECTOR) == 0, &mut counts, |bytes| {
                    bytes[sector.clone()].fill(0);
                });
                let sector = at..(at + SECTOR).min(bytes.len());
                let from = (at + 3 * SECTOR) % (bytes.len() - SECTOR);
                sample.try_with(file, false, &mut counts, |bytes| {
                    bytes.copy_within(from..from + sector.len(), at);
                });
            }
        }
        sample.tell("sectors", counts);
    }
}

#[test]
fn no_cut_loses_an_entry_in_silence() {
    for sample in &*SAMPLES {
        let mut counts = Counts::default();
        for (file, bytes) in &sample.files {
            let steps = (0..bytes.len()).filter(|at| at % 512 == 0 || at % 509 == 0);
            for at in steps {
                sample.try_with(file, at % 4096 == 0, &mut counts, |bytes| {
                    bytes.truncate(at);
                });
            }
        }
        sample.tell("cuts", counts);
    }
}

#[test]
fn a_file_that_is_longer_or_something_else_loses_no_entry_in_silence() {
    for sample in &*SAMPLES {
        let mut counts = Counts::default();
        let mut dice = crate::dice(1);
        for (file, _) in &sample.files {
            for length in [1, 8, 512, 4096, 8192] {
                for byte in [0, 1, 0xFF] {
                    sample.try_with(file, byte == 1, &mut counts, |bytes| {
                        bytes.resize(bytes.len() + length, byte);
                    });
                }
                sample.try_with(file, false, &mut counts, |bytes| {
                    bytes.clear();
                    bytes.resize_with(length, || u8::try_from(dice(256)).unwrap());
                });
                sample.try_with(file, length == 8, &mut counts, |bytes| {
                    bytes.fill_with(|| u8::try_from(dice(256)).unwrap());
                });
            }
        }
        sample.tell("longer, and garbage", counts);
    }
}

#[test]
fn no_file_that_is_missing_or_another_one_loses_an_entry_in_silence() {
    for sample in &*SAMPLES {
        let mut counts = Counts::default();
        for (file, _) in &sample.files {
            // Where all of it is gone, there is nothing to tell that there was something.
            if file.ends_with("head") || sample.known > 0 {
                let disk = sample.disk.copy();
                disk.remove(file);
                sample.verify(&disk, true, &mut counts);
            }
            for (_, other) in &sample.files {
                sample.try_with(file, true, &mut counts, |bytes| bytes.clone_from(other));
            }
            for other in &*SAMPLES {
                // Of another log, since the first of them is made by a later number.
                let other = other_log(other);
                if let Some(other) = other.names().contains(file).then(|| other.get(file)) {
                    sample.try_with(file, true, &mut counts, |bytes| bytes.clone_from(&other));
                }
            }
        }
        sample.tell("missing, and swapped", counts);
    }
}

/// The same entries in a log of another name.
fn other_log(sample: &Sample) -> Memory {
    let other = Memory::default();
    let mut disk = other.copy();
    // The number of its name is one higher.
    for _ in 0..2 {
        disk = disk.copy();
    }
    let mut store = open(&disk);
    for batch in sample.held.chunks(9) {
        store.append(batch).unwrap();
        idle(&store);
    }
    drop(store);
    disk
}

#[test]
fn a_frame_that_nobody_else_tells_of_is_torn_if_a_sector_of_it_is_zeros_and_damaged_otherwise() {
    let [closed, killed, _] = &*SAMPLES;
    for (sample, is_known) in [(closed, true), (killed, false)] {
        let file = sample.newest_segment();
        let (_, bytes) = sample.files.iter().find(|(name, _)| name == file).unwrap();
        let last = (written(bytes) - 1) / SECTOR * SECTOR;
        let mut counts = Counts::default();
        sample.try_with(file, true, &mut counts, |bytes| {
            bytes[last..][..SECTOR].fill(0);
        });
        assert_eq!(
            (counts.torn, counts.refused),
            if is_known { (0, 1) } else { (1, 0) }
        );
        let mut counts = Counts::default();
        sample.try_with(file, true, &mut counts, |bytes| {
            bytes[last..][..SECTOR].fill(7);
        });
        assert_eq!((counts.torn, counts.refused), (0, 1));
    }
}
