//! A disk in memory, which can fail, hang, and lose power.

#![allow(dead_code, reason = "each of the tests that have it uses a part")]

use chat_net::store::{Disk, File};
use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

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
    files: BTreeMap<PathBuf, Arc<Mutex<Contents>>>,
    locked: BTreeSet<PathBuf>,
    /// How many more changes it takes before it fails, and how it fails then.
    failing: Option<(u64, io::ErrorKind)>,
    hangs: bool,
    /// Reading does, and so many wait for it.
    reading_hangs: bool,
    waiting: usize,
    random: u128,
}

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
    /// Has it fail from the change after the next `changes` on.
    pub(crate) fn fail_after(&self, changes: u64, kind: io::ErrorKind) {
        self.state().failing = Some((changes, kind));
    }

    /// Has it work again.
    pub(crate) fn heal(&self) {
        self.state().failing = None;
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
        !self.state().locked.is_empty()
    }

    /// Loses power: of what was not synced, each change is there, or is not, or is in part.
    /// `dice(n)` is to return a number below `n`.
    pub(crate) fn lose_power(&self, mut dice: impl FnMut(usize) -> usize) {
        self.heal();
        for file in self.state().files.values() {
            let mut file = file.lock().unwrap();
            let Contents { now, synced, since } = &mut *file;
            for change in since.drain(..) {
                match (dice(3), change) {
                    (0, _) => {}
                    (1, Change::Write(at, mut bytes)) => {
                        bytes.truncate(dice(bytes.len() + 1));
                        Change::Write(at, bytes).apply(synced);
                    }
                    (_, change) => change.apply(synced),
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
    fn create_dir(&self, _dir: &Path) -> io::Result<()> {
        self.change()
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        Ok(self.state().files.contains_key(path))
    }

    fn open(&self, path: &Path, create: bool) -> io::Result<Arc<dyn File>> {
        if !self.exists(path)? {
            if !create {
                return Err(io::ErrorKind::NotFound.into());
            }
            self.change()?;
        }
        let contents = Arc::clone(self.state().files.entry(path.into()).or_default());
        let disk = self.clone();
        Ok(Arc::new(Handle { disk, contents }))
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Any + Send + Sync>>> {
        if !self.state().locked.insert(path.into()) {
            return Ok(None);
        }
        Ok(Some(Box::new(Lock(self.clone(), path.into()))))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.change()?;
        let mut state = self.state();
        let file = state.files.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.files.insert(to.into(), file);
        Ok(())
    }

    fn sync_dir(&self, _dir: &Path) -> io::Result<()> {
        self.change()
    }

    fn random(&self) -> io::Result<u128> {
        let mut state = self.state();
        state.random += 1;
        Ok(state.random)
    }
}

#[derive(Debug)]
struct Lock(Memory, PathBuf);

impl Drop for Lock {
    fn drop(&mut self) {
        self.0.state().locked.remove(&self.1);
    }
}

#[derive(Debug)]
struct Handle {
    disk: Memory,
    contents: Arc<Mutex<Contents>>,
}

impl Handle {
    fn change(&self, change: Change) -> io::Result<()> {
        self.disk.change()?;
        let mut contents = self.contents.lock().unwrap();
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
}
