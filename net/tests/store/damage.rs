//! A log that is not as it was written: every entry is there, or it is refused.

use crate::disk::Memory;
use crate::{ALL, all_said, contents, error, joined, open, place, said};
use chat_core::Record;
use chat_net::store::{Fault, Retention, Store, StoreError, check, export, import};
use std::fmt;
use std::ops::{Range, RangeInclusive};
use std::panic;
use std::sync::Once;
use std::time::Instant;

const LOG: &str = "log/log.redb";
const HEAD: &str = "log/head";
const TAIL: usize = 64 * 1024;
const SECTOR: usize = 4096;

/// The first and the last entry of the samples: some of what they hold is verified when they are
/// opened, and some only when it is read.
const HELD: RangeInclusive<u64> = 203..=1802;
/// The number of those that is verified first.
const NEWEST: u64 = 1024;

/// A log, and what is in it.
struct Sample {
    disk: Memory,
    name: &'static str,
    log: Vec<u8>,
    head: Vec<u8>,
    held: Vec<Record>,
}

#[derive(Default)]
struct Counts {
    cases: u64,
    /// Opened with every entry.
    whole: u64,
    /// Refused when they were opened.
    refused: u64,
    /// Refused when they were read.
    told: u64,
    /// Refused after more was appended, though every entry had been there.
    spread: u64,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            cases,
            whole,
            refused,
            told,
            spread,
        } = self;
        write!(
            f,
            "{cases} cases, {whole} with every entry, {refused} refused, {told} refused when \
             they were read, {spread} after an append"
        )
    }
}

/// One log that was closed, and one whose process was killed, after some entries were removed.
fn samples() -> [Sample; 2] {
    let disk = Memory::default();
    let keep = Retention {
        count: Some(HELD.count() as u64),
        ..ALL
    };
    let mut store = Store::open(place(&disk), keep).unwrap();
    store.append(&[joined(1, "ben")]).unwrap();
    for batch in all_said(2..=*HELD.end()).chunks(7) {
        store.append(batch).unwrap();
    }
    let killed = disk.copy();
    drop(store);
    [(killed, "killed"), (disk.copy(), "closed")].map(|(disk, name)| Sample {
        name,
        log: disk.get(LOG),
        head: disk.get(HEAD),
        disk,
        held: all_said(HELD),
    })
}

impl Sample {
    /// Opens the log after `damage` to one of its files, and counts what comes of it; every so
    /// often where it opens, `after` what number of times, more is appended.
    fn try_with(
        &self,
        file: &str,
        after: u64,
        damage: impl FnOnce(&mut Vec<u8>),
        counts: &mut Counts,
    ) {
        let mut bytes = if file == LOG {
            self.log.clone()
        } else {
            self.head.clone()
        };
        damage(&mut bytes);
        self.disk.put(file, &bytes);
        counts.cases += 1;
        match Store::open(place(&self.disk), ALL) {
            Ok(store) => {
                let unread = self.read(&store).is_err();
                drop(store);
                if unread {
                    counts.told += 1;
                    let checked = error(check(place(&self.disk)));
                    assert!(is_told(&checked), "{checked}");
                } else {
                    counts.whole += 1;
                    if counts.whole.is_multiple_of(after) {
                        counts.spread += u64::from(self.append().is_err());
                    }
                }
            }
            Err(refused) => {
                assert!(is_told(&refused), "{refused}");
                counts.refused += 1;
                assert!(self.disk.get(file) == bytes, "it is left as it is");
            }
        }
        self.restore();
    }

    /// Reads all that the log holds; fails if that was refused.
    fn read(&self, store: &Store) -> Result<(), StoreError> {
        let mut held = self.held.iter();
        for read in store.entries() {
            let read = read.inspect_err(|refused| assert!(is_told(refused), "{refused}"))?;
            assert!(Some(&read) == held.next(), "an entry is changed in silence");
        }
        assert!(held.next().is_none(), "entries are lost in silence");
        let present = store.present().unwrap();
        assert_eq!(
            present,
            [joined(1, "ben")].map(|ben| (ben.name, ben.sender))
        );
        Ok(())
    }

    /// Appends to a damaged log that can be read, and reads it again; fails if that was refused.
    fn append(&self) -> Result<(), StoreError> {
        let next = said(HELD.end() + 1);
        let appended = (|| {
            let mut store = Store::open(place(&self.disk), ALL)?;
            store.append(std::slice::from_ref(&next))?;
            drop(store);
            let store = Store::open(place(&self.disk), ALL)?;
            let read: Vec<_> = store.entries().collect::<Result<_, _>>()?;
            let (last, held) = read.split_last().expect("one was appended");
            assert!(
                held == self.held && *last == next,
                "entries are lost in silence"
            );
            Ok(())
        })();
        appended.inspect_err(|refused| assert!(is_told(refused), "{refused}"))
    }

    fn restore(&self) {
        self.disk.put(LOG, &self.log);
        self.disk.put(HEAD, &self.head);
    }

    fn cut(&self, file: &str, lengths: impl Iterator<Item = usize>) -> Counts {
        let mut counts = Counts::default();
        for len in lengths {
            self.try_with(file, 1, |bytes| bytes.truncate(len), &mut counts);
        }
        counts
    }

    /// Changes a bit at a time.
    fn flip(&self, file: &str, after: u64, bits: impl Iterator<Item = usize>) -> Counts {
        let mut counts = Counts::default();
        for bit in bits {
            let flip = |bytes: &mut Vec<u8>| bytes[bit / 8] ^= 1 << (bit % 8);
            self.try_with(file, after, flip, &mut counts);
        }
        counts
    }

    /// The pages that hold one of some entries, or did.
    fn pages_of(&self, held: &[Record]) -> Vec<Range<usize>> {
        let is_there = |page: &[u8]| {
            let mut texts = held.iter().map(|record| record.text.as_bytes());
            texts.any(|text| memchr(page, text))
        };
        let pages = self.log.chunks(SECTOR).enumerate();
        pages
            .filter(|(_, page)| is_there(page))
            .map(|(page, _)| page * SECTOR..(page + 1) * SECTOR)
            .collect()
    }

    /// Tries every `step`th case there is.
    fn sweep(&self, step: usize) {
        quiet();
        // Where the database's own accounts are damaged, it may end the process that appends.
        let after = if step == 1 { u64::MAX } else { 1 };
        let began = Instant::now();
        let tail = self.log.len() - TAIL..self.log.len();
        let bits = |bytes: Range<usize>| (8 * bytes.start..8 * bytes.end).step_by(step);
        let tell = |what: &str, counts: Counts| {
            let seconds = began.elapsed().as_secs();
            println!("{}: {what}: {counts} ({seconds} s)", self.name);
        };
        tell(
            "log.redb cut in its last 64 KiB",
            self.cut(LOG, tail.clone().step_by(step)),
        );
        tell(
            "head cut",
            self.cut(HEAD, (0..self.head.len()).step_by(step)),
        );
        tell(
            "bits of head",
            self.flip(HEAD, after, bits(0..self.head.len())),
        );
        tell(
            "bits of log.redb's header",
            self.flip(LOG, after, bits(0..SECTOR)),
        );
        let (older, newest) = self.held.split_at(self.held.len() - 7);
        for (which, held) in [("newest", newest), ("older", &older[300..307])] {
            for page in self.pages_of(held) {
                let what = format!(
                    "bits of log.redb from {} on, with {which} entries",
                    page.start
                );
                tell(&what, self.flip(LOG, after, bits(page)));
            }
        }
        tell(
            "bits of log.redb's last 64 KiB",
            self.flip(LOG, after, bits(tail)),
        );
        // Among them are the database's own accounts, wherever they are.
        let all = bits(0..self.log.len()).step_by(13);
        tell(
            "every 13th of those of all of log.redb",
            self.flip(LOG, u64::MAX, all),
        );
    }
}

fn is_told(refused: &StoreError) -> bool {
    matches!(refused.fault, Fault::Damaged(_) | Fault::Newer { .. })
}

fn memchr(haystack: &[u8], needle: &[u8]) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle)
}

/// Has the database's own panics, which are caught, not printed.
fn quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let told = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if panic
                .location()
                .is_none_or(|location| !location.file().contains("redb"))
            {
                told(panic);
            }
        }));
    });
}

#[test]
fn no_cut_and_no_changed_bit_loses_an_entry_in_silence() {
    // A prime, so that every bit of a byte has its turn.
    for sample in samples() {
        sample.sweep(1499);
    }
}

#[test]
#[ignore = "takes minutes: cargo test --release -p chat-net --test store -- --ignored --nocapture"]
fn no_cut_and_no_changed_bit_at_all_of_a_killed_log_loses_an_entry_in_silence() {
    let [killed, _] = samples();
    killed.sweep(1);
}

#[test]
#[ignore = "takes minutes: cargo test --release -p chat-net --test store -- --ignored --nocapture"]
fn no_cut_and_no_changed_bit_at_all_of_a_closed_log_loses_an_entry_in_silence() {
    let [_, closed] = samples();
    closed.sweep(1);
}

/// Among the bits of the database's header that no checksum covers is the one that says which of
/// its two roots is the newer.
#[test]
fn a_database_that_goes_back_by_one_append_is_refused() {
    let [killed, _] = samples();
    let mut bytes = killed.log.clone();
    bytes[9] ^= 1;
    killed.disk.put(LOG, &bytes);
    let refused = error(Store::open(place(&killed.disk), ALL)).to_string();
    let told = "ends with entry 1800, and entries up to 1802 were kept in it";
    assert!(refused.contains(told), "{refused}");
    assert!(
        refused.contains("`chat-server check --data log`"),
        "{refused}"
    );
}

#[test]
fn a_file_that_is_missing_or_of_another_log_is_refused() {
    for (file, told) in [(LOG, "`log.redb` is missing"), (HEAD, "`head` is missing")] {
        let [sample, _] = samples();
        sample.disk.remove(file);
        let refused = error(Store::open(place(&sample.disk), ALL)).to_string();
        assert!(refused.contains(told), "{refused}");
    }
    let [sample, _] = samples();
    sample.disk.put(LOG, &[]);
    let refused = error(Store::open(place(&sample.disk), ALL)).to_string();
    assert!(refused.contains("`log.redb` is empty"), "{refused}");

    // Made by the same dice, but a later one.
    let other = sample.disk.copy();
    other.remove(LOG);
    other.remove(HEAD);
    drop(open(&other));
    sample.disk.put(LOG, &other.get(LOG));
    let refused = error(Store::open(place(&sample.disk), ALL)).to_string();
    assert!(refused.contains("are of two logs"), "{refused}");
}

/// Has one bit of an entry's text changed, wherever it is.
fn change(sample: &Sample, seq: u64) {
    sample.disk.put(LOG, &changed(&sample.log, seq));
}

fn changed(log: &[u8], seq: u64) -> Vec<u8> {
    let text = said(seq).text;
    let mut bytes = log.to_vec();
    // Pages that are no longer in use may have it too.
    let windows = log.windows(text.len()).enumerate();
    let places = windows.filter(|(_, window)| *window == text.as_bytes());
    for (at, _) in places {
        bytes[at] ^= 1;
    }
    bytes
}

#[test]
fn a_log_is_opened_that_is_damaged_before_its_newest_entries_and_no_damaged_one_is_read() {
    quiet();
    for sample in samples() {
        for seq in [*HELD.start(), HELD.end() - NEWEST + 1, *HELD.end()] {
            change(&sample, seq);
            let refused = error(Store::open(place(&sample.disk), ALL)).to_string();
            let told = format!("entry {seq} is not as it was written");
            assert!(refused.contains(&told), "{refused}");
        }
        let seq = HELD.end() - NEWEST;
        change(&sample, seq);
        let store = open(&sample.disk);
        let told = format!("entry {seq} is not as it was written");
        let damaged = said(seq);
        let session = damaged.sender.unwrap();
        for refused in [
            error(store.read(seq - 1, 1)),
            error(store.read(seq - 9, 99)),
            error(store.find(&session, &damaged.id.unwrap())),
            error(store.entries().collect::<Result<Vec<_>, _>>()),
        ] {
            assert!(refused.to_string().contains(&told), "{refused}");
        }
        assert_eq!(store.read(seq - 9, 8).unwrap(), all_said(seq - 8..seq));
        assert_eq!(store.read(seq, 8).unwrap(), all_said(seq + 1..=seq + 8));
        drop(store);
        let refused = error(check(place(&sample.disk))).to_string();
        assert!(refused.contains("is damaged"), "{refused}");
    }
}

/// A log of 4,000 entries, one of which is damaged; it is neither among the oldest nor the newest
/// 1,024.
fn damaged_at(seq: u64) -> Memory {
    let disk = Memory::default();
    open(&disk).append(&all_said(1..=4000)).unwrap();
    disk.put(LOG, &changed(&disk.get(LOG), seq));
    disk
}

#[test]
fn a_damaged_entry_among_those_to_be_removed_next_is_told_when_it_is_opened() {
    quiet();
    let keep = Retention {
        count: Some(1),
        ..ALL
    };
    let disk = damaged_at(2048);
    let before = disk.get(LOG);
    let refused = error(Store::open(place(&disk), keep.clone())).to_string();
    let told = "entry 2048 is not as it was written";
    assert!(refused.contains(told), "{refused}");
    assert!(disk.get(LOG) == before, "it is left as it is");
    assert_eq!(open(&disk).first(), 1, "to keep it all, it can be opened");

    let disk = damaged_at(2049);
    Store::open(place(&disk), keep).unwrap();
}

#[test]
fn a_damaged_entry_is_not_removed() {
    quiet();
    let keep = Retention {
        count: Some(1),
        ..ALL
    };
    let disk = damaged_at(2050);
    let mut store = Store::open(place(&disk), keep.clone()).unwrap();
    store.append(&[said(4001)]).unwrap();
    let told = "entry 2050 is not as it was written";
    let refused = error(store.append(&[said(4002)])).to_string();
    assert!(refused.contains(told), "{refused}");
    drop(store);
    let refused = error(Store::open(place(&disk), keep)).to_string();
    assert!(refused.contains(told), "nobody is served again: {refused}");
    let store = open(&disk);
    assert_eq!((store.first(), store.head()), (1026, 4001));
}

#[test]
fn a_check_names_the_first_entry_that_cannot_be_read_and_not_itself_as_what_to_do() {
    quiet();
    for sample in samples() {
        change(&sample, 403);
        let refused = error(check(place(&sample.disk))).to_string();
        for told in [
            "(the first entry that cannot be read is 403). Nothing was changed.",
            "Restore the whole directory from a copy, or save what can be read with \
             `chat-server export --data log`",
        ] {
            assert!(refused.contains(told), "{}: {refused}", sample.name);
        }
        assert!(!refused.contains("chat-server check"), "{refused}");
    }
}

#[test]
fn a_check_of_a_log_whose_every_entry_can_be_read_names_none() {
    let [sample, _] = samples();
    sample.disk.remove(HEAD);
    let refused = error(check(place(&sample.disk))).to_string();
    assert!(
        refused.contains("its file `head` is missing. Nothing was changed."),
        "{refused}"
    );
}

#[test]
fn what_can_be_read_of_a_damaged_log_is_exported_and_makes_another_log() {
    quiet();
    for sample in samples() {
        change(&sample, 403);
        let refused = error(check(place(&sample.disk)));
        assert!(matches!(refused.fault, Fault::Damaged(_)), "{refused}");

        let mut lines = Vec::new();
        let told = error(export(place(&sample.disk), &mut lines)).to_string();
        let what = "entry 403 is not as it was written (200 entries, 203 to 402, were exported";
        assert!(told.contains(what), "{}: {told}", sample.name);
        assert!(
            told.contains("make a new log of what was exported"),
            "{told}"
        );
        assert!(!told.contains("chat-server export"), "{told}");
        // The same dice made the epoch of each first log of a disk.
        let other = sample.disk.copy();
        other.remove(LOG);
        other.remove(HEAD);
        let report = import(place(&other), lines.as_slice()).unwrap();
        assert_eq!(contents(&open(&other)), all_said(203..=402));
        let epoch = format!("\"epoch\":\"{}\"", report.epoch);
        let lines = String::from_utf8(lines).unwrap();
        assert!(!lines.contains(&epoch), "its numbers will be used anew");
    }
}
