//! The shipped store on a simulated host's disk, which forgets what was not synced when the host
//! crashes, fails now and then, and tears what it writes: what was appended is there.

#![cfg(unix)]

use chat_core::{Kind, Name, Record, RoomName, SessionId};
use chat_net::store::{Dir, Disk, Fault, File, Mode, Place, Retention, Sizes, Store};
use std::any::Any;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, Mutex, Weak};
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

/// The simulator knows a file by its name alone. Here it is the file that was opened or made, whatever becomes of its
/// name.
#[derive(Debug)]
struct HostDir {
    path: PathBuf,
    names: Mutex<Names>,
}

#[derive(Debug, Default)]
struct Names {
    /// Those that were taken away since the directory was synced.
    removed: BTreeSet<String>,
    /// Those of open files.
    open: Vec<(String, Weak<HostFile>)>,
}

#[derive(Debug)]
struct HostFile(Mutex<fs::File>);

impl Disk for HostDisk {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        fs::create_dir_all(dir)?;
        fs::sync_dir("/")
    }

    fn dir(&self, path: &Path) -> io::Result<Arc<dyn Dir>> {
        Ok(Arc::new(HostDir {
            path: path.into(),
            names: Mutex::default(),
        }))
    }

    fn random(&self) -> io::Result<u128> {
        Ok(7)
    }
}

impl HostDir {
    fn open_file(&self, name: &str, mode: Mode) -> io::Result<fs::File> {
        let mut options = fs::OpenOptions::new();
        options.read(true).write(mode != Mode::Read);
        options.create_new(mode == Mode::New);
        options.open(self.path.join(name))
    }
}

impl Dir for HostDir {
    fn list(&self) -> io::Result<Vec<String>> {
        let names = fs::read_dir(&self.path)?;
        names
            .map(|entry| Ok(entry?.file_name().into_string().unwrap()))
            .collect()
    }

    fn open(&self, name: &str, mode: Mode) -> io::Result<Arc<dyn File>> {
        if mode == Mode::New && self.names.lock().unwrap().removed.contains(name) {
            // The simulator would take the removal for one of the new file, once it is durable: it is so before that.
            self.sync()?;
        }
        let file = Arc::new(HostFile(Mutex::new(self.open_file(name, mode)?)));
        let open = &mut self.names.lock().unwrap().open;
        open.retain(|(_, file)| file.strong_count() > 0);
        open.push((name.into(), Arc::downgrade(&file)));
        Ok(file)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path.join(from), self.path.join(to))?;
        let open = &mut self.names.lock().unwrap().open;
        open.retain(|(name, _)| name != to);
        for (name, file) in open.iter_mut().filter(|(name, _)| name == from) {
            to.clone_into(name);
            if let Some(file) = file.upgrade() {
                *file.0.lock().unwrap() = self.open_file(to, Mode::Write)?;
            }
        }
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path.join(name))?;
        self.names.lock().unwrap().removed.insert(name.into());
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.names.lock().unwrap().removed.clear();
        fs::sync_dir(&self.path)
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
        Ok(self.0.lock().unwrap().metadata()?.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.lock().unwrap().read_exact_at(out, offset)
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.lock().unwrap().write_all_at(bytes, offset)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.lock().unwrap().set_len(len)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.lock().unwrap().sync_data()
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
        rooms: 8_192,
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

/// What of a file a host is to have after a crash: it was made in place of one that was removed, and was given another
/// name while it was open.
fn keep_one_file(life: u32) {
    let dir = HostDisk.dir(Path::new("/log")).unwrap();
    match life {
        1 => {
            HostDisk.create_dir(Path::new("/log")).unwrap();
            dir.open("new", Mode::New).unwrap();
            dir.sync().unwrap();
        }
        2 => {
            dir.remove("new").unwrap();
            let file = dir.open("new", Mode::New).unwrap();
            file.write(0, b"before ").unwrap();
            file.sync().unwrap();
            dir.rename("new", "old").unwrap();
            dir.sync().unwrap();
            file.write(7, b"and after").unwrap();
            file.sync().unwrap();
        }
        _ => {
            assert_eq!(dir.list().unwrap(), ["old"]);
            let file = dir.open("old", Mode::Read).unwrap();
            let mut found = vec![0; usize::try_from(file.len().unwrap()).unwrap()];
            file.read(0, &mut found).unwrap();
            assert_eq!(found, b"before and after");
        }
    }
}

#[test]
fn a_file_is_the_same_whatever_becomes_of_its_name() {
    let mut sim = Builder::new().epoch(UNIX_EPOCH).rng_seed(1).build();
    let ended = Rc::new(Cell::new(0));
    sim.host("server", {
        let ended = Rc::clone(&ended);
        move || {
            let ended = Rc::clone(&ended);
            async move {
                keep_one_file(ended.get() + 1);
                ended.set(ended.get() + 1);
                Ok(())
            }
        }
    });
    for life in 1..=3 {
        sim.step().unwrap();
        assert_eq!(ended.get(), life);
        sim.crash("server");
        sim.bounce("server");
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
