//! A disk in memory, which can fail, hang, and lose power.

#![allow(dead_code, reason = "each of the tests that have it uses a part")]

use chat_net::store::{Dir, Disk, File, Mode};
use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

/// How long reading hangs at most, before it fails.
const HANGS: Duration = Duration::from_secs(30);

#[derive(Clone, Debug, Default)]
pub(crate) struct Memory {
    state: Arc<Mutex<State>>,
    /// Told when it goes on.
    going: Arc<Condvar>,
}

#[derive(Debug, Default)]
struct State {
    files: Names,
    /// As they were after each change since the directory was synced.
    earlier: Vec<Names>,
    locked: BTreeMap<PathBuf, usize>,
    /// The path leads to it no more.
    is_moved: bool,
    /// How many more changes it takes before it fails, and how it fails then.
    failing: Option<(u64, io::ErrorKind)>,
    /// What can only be read, a file or the directory, and how writing there fails.
    read_only: Option<(PathBuf, io::ErrorKind)>,
    /// No file is made or made longer.
    is_full: bool,
    hangs: bool,
    /// Reading does, and so many wait for it.
    reading_hangs: bool,
    waiting: usize,
    /// How often something was read, and how many bytes.
    reads: (u64, u64),
    random: u128,
}

type Names = BTreeMap<PathBuf, Arc<Mutex<Contents>>>;

#[derive(Clone, Debug, Default)]
struct Contents {
    now: Vec<u8>,
    synced: Vec<u8>,
    /// What was done since it was synced.
    since: Vec<Change>,
}

#[derive(Clone, Debug)]
enum Change {
    Write(usize, Vec<u8>),
    Len(usize),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Len(len) => bytes.resize(*len, 0),
            Self::Write(at, new) => {
                bytes.resize(bytes.len().max(at + new.len()), 0);
                bytes[*at..at + new.len()].copy_from_slice(new);
            }
        }
    }
}

impl Memory {
    /// How often something was read so far, and how many bytes.
    pub(crate) fn reads(&self) -> (u64, u64) {
        self.state().reads
    }

    fn count_reading(&self, length: usize) {
        let mut state = self.state();
        state.reads.0 += 1;
        state.reads.1 += length as u64;
    }

    /// Has it fail from the change after the next `changes` on.
    pub(crate) fn fail_after(&self, changes: u64, kind: io::ErrorKind) {
        self.state().failing = Some((changes, kind));
    }

    /// Has a file, or a directory, be there to be read alone.
    pub(crate) fn make_read_only(&self, path: impl Into<PathBuf>, kind: io::ErrorKind) {
        self.state().read_only = Some((path.into(), kind));
    }

    fn verify_writable(&self, path: &Path) -> io::Result<()> {
        match &self.state().read_only {
            Some((denied, kind)) if denied == path => Err((*kind).into()),
            _ => Ok(()),
        }
    }

    /// Has it have no room for more than there is.
    pub(crate) fn fill(&self) {
        self.state().is_full = true;
    }

    /// Has it work again.
    pub(crate) fn heal(&self) {
        let mut state = self.state();
        (state.failing, state.is_full) = (None, false);
    }

    /// No change ends from now on.
    pub(crate) fn hang(&self) {
        self.state().hangs = true;
    }

    /// No reading ends from now on.
    pub(crate) fn hang_reading(&self) {
        self.state().reading_hangs = true;
    }

    /// It does again.
    pub(crate) fn go_on_reading(&self) {
        self.state().reading_hangs = false;
        self.going.notify_all();
    }

    /// Whether somebody waits for what they read.
    pub(crate) fn is_waited_for(&self) -> bool {
        self.state().waiting > 0
    }

    /// Waits until it can be read, but not for ever: who waits may be who is to say that it can.
    fn wait_for_reading(&self) -> io::Result<()> {
        let mut state = self.state();
        if !state.reading_hangs {
            return Ok(());
        }
        state.waiting += 1;
        let waited = self
            .going
            .wait_timeout_while(state, HANGS, |state| state.reading_hangs);
        let (mut state, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        if waited.timed_out() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(())
    }

    /// They do again.
    pub(crate) fn go_on(&self) {
        self.state().hangs = false;
        self.going.notify_all();
    }

    /// Whether somebody has something on it locked.
    pub(crate) fn is_locked(&self) -> bool {
        self.state().locked.values().any(|others| *others > 0)
    }

    /// Loses power: of what was not synced, each change is there, or is not, or is in part; of the changes to
    /// names, those up to some of them are.
    /// `dice(n)` is to return a number below `n`.
    pub(crate) fn lose_power(&self, mut dice: impl FnMut(usize) -> usize) {
        self.heal();
        let mut state = self.state();
        let nth = dice(state.earlier.len() + 1);
        let earlier = mem::take(&mut state.earlier);
        if let Some(names) = earlier.into_iter().nth(nth) {
            state.files = names;
        }
        drop(state);
        for file in self.state().files.values() {
            let mut file = file.lock().unwrap();
            let Contents { now, synced, since } = &mut *file;
            // A sector has what some of the writes to it left, from the first on: all of it, or nothing.
            let mut stuck = BTreeSet::new();
            let mut has_length = true;
            for change in since.drain(..) {
                match change {
                    Change::Len(_) => {
                        has_length &= dice(3) > 0;
                        if has_length {
                            change.apply(synced);
                        }
                    }
                    Change::Write(at, bytes) => {
                        let mut from = 0;
                        while from < bytes.len() {
                            let sector = (at + from) / SECTOR;
                            let to = ((sector + 1) * SECTOR - at).min(bytes.len());
                            if !stuck.contains(&sector) && dice(3) > 0 {
                                let piece = bytes[from..to].to_vec();
                                Change::Write(at + from, piece).apply(synced);
                            } else {
                                stuck.insert(sector);
                            }
                            from = to;
                        }
                    }
                }
            }
            now.clone_from(synced);
        }
    }

    /// The bytes of a file as they are.
    pub(crate) fn get(&self, path: impl AsRef<Path>) -> Vec<u8> {
        let file = Arc::clone(&self.state().files[path.as_ref()]);
        file.lock().unwrap().now.clone()
    }

    /// Puts a file there, whatever was there.
    pub(crate) fn put(&self, path: impl AsRef<Path>, bytes: &[u8]) {
        let mut state = self.state();
        let file = state.files.entry(path.as_ref().into()).or_default();
        let mut file = file.lock().unwrap();
        file.now.clear();
        file.now.extend(bytes);
        file.synced.clear();
        file.synced.extend(bytes);
        file.since.clear();
    }

    /// Has the path lead elsewhere.
    pub(crate) fn move_away(&self) {
        self.state().is_moved = true;
    }

    /// The names of all files.
    pub(crate) fn names(&self) -> Vec<PathBuf> {
        self.state().files.keys().cloned().collect()
    }

    /// Takes a file away.
    pub(crate) fn remove(&self, path: impl AsRef<Path>) {
        self.state().files.remove(path.as_ref());
    }

    /// A disk with the same files; nothing is locked there.
    pub(crate) fn copy(&self) -> Self {
        let copy = Self::default();
        for (path, file) in &self.state().files {
            copy.put(path, &file.lock().unwrap().now);
        }
        copy.state().random = self.state().random + 1;
        copy
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the names.
    fn rename<T>(&self, change: impl FnOnce(&mut Names) -> io::Result<T>) -> io::Result<T> {
        self.change()?;
        let mut state = self.state();
        let before = state.files.clone();
        let changed = change(&mut state.files)?;
        state.earlier.push(before);
        Ok(changed)
    }

    fn change(&self) -> io::Result<()> {
        let state = self.going.wait_while(self.state(), |state| state.hangs);
        match &mut state.unwrap_or_else(PoisonError::into_inner).failing {
            None => Ok(()),
            Some((0, kind)) => Err((*kind).into()),
            Some((left, _)) => {
                *left -= 1;
                Ok(())
            }
        }
    }
}

impl Disk for Memory {
    fn create_dir(&self, _path: &Path) -> io::Result<()> {
        self.change()
    }

    fn dir(&self, path: &Path) -> io::Result<Arc<dyn Dir>> {
        Ok(Arc::new(Folder {
            disk: self.clone(),
            path: path.into(),
        }))
    }

    fn random(&self) -> io::Result<u128> {
        let mut state = self.state();
        state.random += 1;
        Ok(state.random)
    }
}

#[derive(Debug)]
struct Folder {
    disk: Memory,
    path: PathBuf,
}

impl Dir for Folder {
    fn list(&self) -> io::Result<Vec<String>> {
        let state = self.disk.state();
        let ours = state
            .files
            .keys()
            .filter_map(|file| file.strip_prefix(&self.path).ok());
        Ok(ours.map(|name| name.to_str().unwrap().into()).collect())
    }

    fn open(&self, name: &str, mode: Mode) -> io::Result<Arc<dyn File>> {
        let path = self.path.join(name);
        let exists = self.disk.state().files.contains_key(&path);
        match (mode, exists) {
            (Mode::New, true) => return Err(io::ErrorKind::AlreadyExists.into()),
            (_, false) if mode != Mode::New => return Err(io::ErrorKind::NotFound.into()),
            (Mode::Read, _) => {}
            (Mode::Write, _) => self.disk.verify_writable(&path)?,
            (Mode::New, _) => self.disk.verify_writable(&self.path)?,
        }
        let contents = match mode {
            Mode::New => self
                .disk
                .rename(|names| Ok(Arc::clone(names.entry(path).or_default())))?,
            _ => Arc::clone(self.disk.state().files.entry(path).or_default()),
        };
        let disk = self.disk.clone();
        Ok(Arc::new(Handle {
            disk,
            contents,
            may_write: mode != Mode::Read,
        }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.rename(|names| {
            let file = names.remove(&self.path.join(from));
            names.insert(self.path.join(to), file.ok_or(io::ErrorKind::NotFound)?);
            Ok(())
        })
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let path = self.path.join(name);
        if !self.disk.state().files.contains_key(&path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.disk.rename(|names| {
            names.remove(&path);
            Ok(())
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.change()?;
        self.disk.state().earlier.clear();
        Ok(())
    }

    fn lock(&self, alone: bool) -> io::Result<Option<Box<dyn Any + Send + Sync>>> {
        let mut state = self.disk.state();
        let others = state.locked.entry(self.path.clone()).or_default();
        if *others == ALONE || alone && *others > 0 {
            return Ok(None);
        }
        *others = if alone { ALONE } else { *others + 1 };
        Ok(Some(Box::new(Lock(self.disk.clone(), self.path.clone()))))
    }

    fn verify_writable(&self) -> io::Result<()> {
        self.disk.verify_writable(&self.path)
    }

    fn is_in_place(&self) -> io::Result<bool> {
        Ok(!self.disk.state().is_moved)
    }
}

/// How often somebody has locked something together with others, or this.
const ALONE: usize = usize::MAX;

#[derive(Debug)]
struct Lock(Memory, PathBuf);

impl Drop for Lock {
    fn drop(&mut self) {
        let mut state = self.0.state();
        let others = state.locked.entry(self.1.clone()).or_default();
        *others = if *others == ALONE { 0 } else { *others - 1 };
    }
}

#[derive(Debug)]
struct Handle {
    disk: Memory,
    contents: Arc<Mutex<Contents>>,
    may_write: bool,
}

impl Handle {
    fn change(&self, change: Change) -> io::Result<()> {
        if !self.may_write {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        self.disk.change()?;
        let is_full = self.disk.state().is_full;
        let mut contents = self.contents.lock().unwrap();
        let end = match &change {
            Change::Write(at, bytes) => at + bytes.len(),
            Change::Len(len) => *len,
        };
        if is_full && end > contents.now.len() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        change.apply(&mut contents.now);
        contents.since.push(change);
        Ok(())
    }
}

impl File for Handle {
    fn len(&self) -> io::Result<u64> {
        Ok(self.contents.lock().unwrap().now.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.disk.wait_for_reading()?;
        self.disk.count_reading(out.len());
        let contents = self.contents.lock().unwrap();
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        let bytes = (contents.now.get(from..))
            .and_then(|bytes| bytes.get(..out.len()))
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(bytes);
        Ok(())
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.change(Change::Write(offset.try_into().unwrap(), bytes.to_vec()))
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.change(Change::Len(len.try_into().unwrap()))
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.change()?;
        let mut contents = self.contents.lock().unwrap();
        let Contents { synced, since, .. } = &mut *contents;
        for change in since.drain(..) {
            change.apply(synced);
        }
        Ok(())
    }

    fn is_linked(&self) -> io::Result<bool> {
        let state = self.disk.state();
        let mut files = state.files.values();
        Ok(files.any(|file| Arc::ptr_eq(file, &self.contents)))
    }
}
