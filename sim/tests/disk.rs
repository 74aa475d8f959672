//! The shipped store on a simulated host's disk, which forgets what was not synced when the host
//! crashes, fails now and then, and tears what it writes: what was appended is there.

#![cfg(unix)]

use chat_core::{Kind, Name, Record, RoomName, SessionId};
use chat_net::store::{Dir, Disk, Fault, File, Mode, Place, Retention, Sizes, Store};
use std::any::Any;
use std::cell::Cell;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};
use turmoil::Builder;
use turmoil::fs::shim::std::fs;

/// Runs, each with a seed of its own.
const RUNS: u64 = 60;

/// Milliseconds of a run.
const TICKS: u64 = 300;

/// The disk of the host that asks.
#[derive(Debug)]
struct HostDisk;

#[derive(Debug)]
struct HostDir(PathBuf);

#[derive(Debug)]
struct HostFile(fs::File);

impl Disk for HostDisk {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        fs::create_dir_all(dir)?;
        fs::sync_dir("/")
    }

    fn dir(&self, path: &Path) -> io::Result<Arc<dyn Dir>> {
        Ok(Arc::new(HostDir(path.into())))
    }

    fn random(&self) -> io::Result<u128> {
        Ok(7)
    }
}

impl Dir for HostDir {
    fn list(&self) -> io::Result<Vec<String>> {
        let names = fs::read_dir(&self.0)?;
        names
            .map(|entry| Ok(entry?.file_name().into_string().unwrap()))
            .collect()
    }

    fn open(&self, name: &str, mode: Mode) -> io::Result<Arc<dyn File>> {
        let mut options = fs::OpenOptions::new();
        options.read(true).write(mode != Mode::Read);
        options.create_new(mode == Mode::New);
        Ok(Arc::new(HostFile(options.open(self.0.join(name))?)))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.0.join(from), self.0.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.0.join(name))
    }

    fn sync(&self) -> io::Result<()> {
        fs::sync_dir(&self.0)
    }

    fn lock(&self, _: bool) -> io::Result<Option<Box<dyn Any + Send + Sync>>> {
        Ok(Some(Box::new(())))
    }

    fn is_in_place(&self) -> io::Result<bool> {
        Ok(true)
    }
}

impl File for HostFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read_exact_at(out, offset)
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn is_linked(&self) -> io::Result<bool> {
        Ok(true)
    }
}

fn said(seq: u64) -> Record {
    Record {
        room: RoomName::LOBBY,
        seq,
        at: seq,
        kind: Kind::Said,
        name: Name::parse("ann").unwrap(),
        text: format!("entry {seq} ").repeat(20).into(),
        sender: Some(SessionId([7; 32])),
        id: Some(seq.to_string().into()),
    }
}

/// What is known of a run from outside the host.
#[derive(Default)]
struct Told {
    /// The last entry that was said to be kept, and the last one that was tried.
    kept: Cell<u64>,
    tried: Cell<u64>,
    opened: Cell<u64>,
    failed: Cell<u64>,
}

/// One life of a host that keeps a log: it appends until the disk fails.
async fn keep(told: Rc<Told>, is_last: bool) {
    let place = Place::on(Arc::new(HostDisk), "/log");
    let sizes = Sizes {
        segment: 16 * 1024,
        step: 4096,
        ahead: 4096,
    };
    let mut store = match Store::with_sizes(place, Retention::default(), sizes) {
        Ok(store) => store,
        Err(refused) => {
            assert!(matches!(refused.fault, Fault::Io(_)), "{refused}");
            return told.failed.set(told.failed.get() + 1);
        }
    };
    told.opened.set(told.opened.get() + 1);
    let head = store.head();
    let known = told.kept.get()..=told.tried.get();
    assert!(known.contains(&head), "{head}, not {known:?}");
    told.kept.set(head);
    if is_last {
        return match store.read(&RoomName::LOBBY, 0, usize::MAX) {
            Ok(all) => assert!(all.into_iter().eq((1..=head).map(said))),
            Err(failed) => {
                assert!(matches!(failed.fault, Fault::Io(_)), "{failed}");
                told.opened.set(told.opened.get() - 1);
            }
        };
    }
    let mut upkeep = store.upkeep();
    loop {
        let next = told.kept.get() + 1;
        let last = next + next % 5;
        told.tried.set(told.tried.get().max(last));
        let batch: Vec<Record> = (next..=last).map(said).collect();
        if store.append(&batch).is_err() {
            return told.failed.set(told.failed.get() + 1);
        }
        told.kept.set(last);
        // Now and then there is time for that.
        if last.is_multiple_of(3) && upkeep.step().is_err() {
            return told.failed.set(told.failed.get() + 1);
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// A host that crashes now and then, on a disk that fails with this probability; how often the
/// log was opened, and how often the disk failed.
fn run(seed: u64, errors: f64) -> (u64, u64) {
    let mut builder = Builder::new();
    builder
        .epoch(UNIX_EPOCH)
        .rng_seed(seed)
        .tick_duration(Duration::from_millis(1));
    builder
        .fs()
        .sync_probability(0.3)
        .block_size(512)
        .io_error_probability(errors);
    let mut sim = builder.build();
    let told = Rc::new(Told::default());
    let is_last = Rc::new(Cell::new(false));
    // A panic on a host is nobody's: what a life asserts counts only if it came to its end.
    let ended = Rc::new(Cell::new(0));
    sim.host("server", {
        let (told, is_last, ended) = (Rc::clone(&told), Rc::clone(&is_last), Rc::clone(&ended));
        move || {
            let (told, ended, is_last) = (Rc::clone(&told), Rc::clone(&ended), is_last.get());
            async move {
                keep(told, is_last).await;
                ended.set(ended.get() + 1);
                Ok(())
            }
        }
    });
    for tick in 0..TICKS {
        sim.step().unwrap();
        if tick % (7 + seed % 13) == 6 {
            sim.crash("server");
            sim.bounce("server");
        }
    }
    // Whoever reads it at last is not disturbed: as often as that takes.
    is_last.set(true);
    for _ in 0..200 {
        let before = (ended.get(), told.opened.get());
        sim.crash("server");
        sim.bounce("server");
        sim.step().unwrap();
        if ended.get() > before.0 && told.opened.get() > before.1 {
            return (told.opened.get(), told.failed.get());
        }
    }
    panic!("seed {seed}: the log cannot be read to its end");
}

#[test]
fn what_was_appended_outlives_crashes_and_errors() {
    let (mut opened, mut failed) = (0, 0);
    for seed in 0..RUNS {
        let (o, f) = run(seed, if seed % 2 == 0 { 0.0 } else { 0.002 });
        opened += o;
        failed += f;
    }
    assert!(opened > 10 * RUNS, "{opened} lives");
    assert!(failed > RUNS / 2, "{failed} failures");
}
