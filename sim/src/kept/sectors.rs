//! A disk in memory for the shipped store. It loses power, sector by sector and name by name; it can fail,
//! end in the middle of a change, and have no room.

use crate::dice::Dice;
use chat_net::store::{Dir, Disk, File, Mode};
use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

#[derive(Clone, Debug)]
pub(super) struct Sectors(Arc<Mutex<State>>);

/// What becomes of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// They are made.
    None,
    /// So many are made, and none after them: who makes them is gone, or the power is.
    Ends(usize),
    /// So many are made; the next one fails, and if it is not `once`, all after it.
    Fails(usize, bool),
    /// Those that need more room fail.
    Full,
}

#[derive(Debug)]
struct State {
    dice: Dice,
    trouble: Trouble,
    /// All there ever were.
    files: Vec<Contents>,
    names: Names,
    synced: Names,
    /// What was done to the names since they were synced.
    since: Vec<Naming>,
    is_locked: bool,
    /// How often a file was cut.
    cuts: u64,
}

type Names = BTreeMap<String, usize>;

#[derive(Clone, Debug)]
enum Naming {
    New(String, usize),
    Renamed(String, String, usize),
    Removed(String),
}

impl Naming {
    fn apply(&self, names: &mut Names) {
        match self {
            Self::New(name, file) => {
                names.insert(name.clone(), *file);
            }
            Self::Renamed(from, to, file) => {
                names.remove(from);
                names.insert(to.clone(), *file);
            }
            Self::Removed(name) => {
                names.remove(name);
            }
        }
    }
}

#[derive(Debug, Default)]
struct Contents {
    now: Vec<u8>,
    synced: Vec<u8>,
    /// What was done since it was synced.
    since: Vec<Change>,
    /// Up to here it has been written to: that has its room.
    room: usize,
}

#[derive(Debug)]
enum Change {
    Write(usize, Vec<u8>),
    Len(usize),
}

fn write(bytes: &mut Vec<u8>, at: usize, new: &[u8]) {
    bytes.resize(bytes.len().max(at + new.len()), 0);
    bytes[at..at + new.len()].copy_from_slice(new);
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Len(len) => bytes.resize(*len, 0),
            Self::Write(at, new) => write(bytes, *at, new),
        }
    }
}

impl Contents {
    /// Of what was not synced, each sector has what some of the writes to it left, from the first on. What the
    /// file's length became may be lost with the power; where a sync fails, it is with the names.
    fn lose(&mut self, dice: &mut Dice, loses_power: bool) {
        let mut stuck = BTreeSet::new();
        let mut has_length = true;
        for change in self.since.drain(..) {
            match &change {
                Change::Len(_) => {
                    has_length &= !loses_power || !dice.one_in(3);
                    if has_length {
                        change.apply(&mut self.synced);
                    }
                }
                Change::Write(at, bytes) => {
                    let mut from = 0;
                    while from < bytes.len() {
                        let sector = (at + from) / SECTOR;
                        let to = ((sector + 1) * SECTOR - at).min(bytes.len());
                        if !stuck.contains(&sector) && !dice.one_in(3) {
                            write(&mut self.synced, at + from, &bytes[from..to]);
                        } else {
                            stuck.insert(sector);
                        }
                        from = to;
                    }
                }
            }
        }
    }

    fn sync(&mut self) {
        for change in self.since.drain(..) {
            change.apply(&mut self.synced);
        }
    }
}

/// What becomes of one change.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Made,
    /// It was under way when that ended: a part may have been made.
    Cut,
    Failed,
}

impl State {
    fn fate(&mut self, needs_room: bool) -> Result<Fate, io::Error> {
        match &mut self.trouble {
            Trouble::Full if needs_room => Err(io::ErrorKind::StorageFull.into()),
            Trouble::None | Trouble::Full => Ok(Fate::Made),
            Trouble::Ends(usize::MAX) => Err(broken()),
            Trouble::Ends(left @ 0) => {
                *left = usize::MAX;
                Ok(Fate::Cut)
            }
            Trouble::Fails(0, once) => {
                if *once {
                    self.trouble = Trouble::None;
                }
                Ok(Fate::Failed)
            }
            Trouble::Ends(left) | Trouble::Fails(left, _) => {
                *left -= 1;
                Ok(Fate::Made)
            }
        }
    }

    /// A change that is made whole or not at all.
    fn whole(&mut self, needs_room: bool) -> io::Result<()> {
        match self.fate(needs_room)? {
            Fate::Made => Ok(()),
            Fate::Cut | Fate::Failed => Err(broken()),
        }
    }

    fn name(&mut self, naming: Naming) {
        naming.apply(&mut self.names);
        self.since.push(naming);
    }

    fn file(&mut self, name: &str) -> io::Result<usize> {
        let file = self.names.get(name).copied();
        file.ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// EIO.
fn broken() -> io::Error {
    io::Error::other("the disk failed")
}

impl Sectors {
    pub(super) fn new(dice: Dice) -> Self {
        Self(Arc::new(Mutex::new(State {
            dice,
            trouble: Trouble::None,
            files: Vec::new(),
            names: Names::new(),
            synced: Names::new(),
            since: Vec::new(),
            is_locked: false,
            cuts: 0,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often a file was cut: of those that small, only zeros at the end of one are.
    pub(super) fn cuts(&self) -> u64 {
        self.state().cuts
    }

    pub(super) fn set(&self, trouble: Trouble) {
        self.state().trouble = trouble;
    }

    /// Nobody has it any more, and if it loses power, it has only some of what was not synced.
    pub(super) fn restart(&self, loses_power: bool) {
        let mut state = self.state();
        let State {
            dice,
            files,
            names,
            synced,
            since,
            ..
        } = &mut *state;
        if loses_power {
            for file in files {
                file.lose(dice, true);
                file.now.clone_from(&file.synced);
            }
            for naming in since.drain(..) {
                if dice.one_in(2) {
                    naming.apply(synced);
                }
            }
            names.clone_from(synced);
        }
        state.trouble = Trouble::None;
    }
}

impl Disk for Sectors {
    fn create_dir(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    fn dir(&self, _path: &Path) -> io::Result<Arc<dyn Dir>> {
        Ok(Arc::new(self.clone()))
    }

    fn random(&self) -> io::Result<u128> {
        Ok(self.state().dice.roll().into())
    }
}

impl Dir for Sectors {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.state().names.keys().cloned().collect())
    }

    fn open(&self, name: &str, mode: Mode) -> io::Result<Arc<dyn File>> {
        let mut state = self.state();
        let file = if mode == Mode::New {
            if state.names.contains_key(name) {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            state.whole(true)?;
            let file = state.files.len();
            state.files.push(Contents::default());
            state.name(Naming::New(name.into(), file));
            file
        } else {
            state.file(name)?
        };
        Ok(Arc::new(Handle {
            disk: self.clone(),
            file,
            may_write: mode != Mode::Read,
        }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.state();
        state.whole(false)?;
        let file = state.file(from)?;
        state.name(Naming::Renamed(from.into(), to.into(), file));
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.state();
        state.file(name)?;
        state.whole(false)?;
        state.name(Naming::Removed(name.into()));
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.state();
        state.whole(false)?;
        let State { synced, since, .. } = &mut *state;
        for naming in since.drain(..) {
            naming.apply(synced);
        }
        Ok(())
    }

    fn lock(&self, _alone: bool) -> io::Result<Option<Box<dyn Any + Send + Sync>>> {
        let mut state = self.state();
        if state.is_locked {
            return Ok(None);
        }
        state.is_locked = true;
        Ok(Some(Box::new(Lock(self.clone()))))
    }

    fn is_in_place(&self) -> io::Result<bool> {
        Ok(true)
    }
}

#[derive(Debug)]
struct Lock(Sectors);

impl Drop for Lock {
    fn drop(&mut self) {
        self.0.state().is_locked = false;
    }
}

#[derive(Debug)]
struct Handle {
    disk: Sectors,
    file: usize,
    may_write: bool,
}

impl Handle {
    fn may_write(&self) -> io::Result<()> {
        if self.may_write {
            Ok(())
        } else {
            Err(io::ErrorKind::PermissionDenied.into())
        }
    }
}

impl File for Handle {
    fn len(&self) -> io::Result<u64> {
        Ok(self.disk.state().files[self.file].now.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.disk.state();
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        let bytes = (state.files[self.file].now.get(from..))
            .and_then(|bytes| bytes.get(..out.len()))
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(bytes);
        Ok(())
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.may_write()?;
        let mut state = self.disk.state();
        let at = usize::try_from(offset).unwrap_or(usize::MAX);
        let needs_room = at + bytes.len() > state.files[self.file].room;
        let fate = state.fate(needs_room)?;
        let mut bytes = bytes;
        if fate != Fate::Made {
            // It is taken sector by sector.
            let sectors = (at + bytes.len()) / SECTOR - at / SECTOR;
            let end = (at / SECTOR + state.dice.below(sectors + 1)) * SECTOR;
            bytes = &bytes[..end.saturating_sub(at).min(bytes.len())];
        }
        let file = &mut state.files[self.file];
        if !bytes.is_empty() {
            file.room = file.room.max(at + bytes.len());
            write(&mut file.now, at, bytes);
            file.since.push(Change::Write(at, bytes.to_vec()));
        }
        match fate {
            Fate::Made => Ok(()),
            Fate::Cut | Fate::Failed => Err(broken()),
        }
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.may_write()?;
        let mut state = self.disk.state();
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        let before = state.files[self.file].now.len();
        state.whole(len > before)?;
        state.cuts += u64::from(len < before);
        let file = &mut state.files[self.file];
        file.now.resize(len, 0);
        file.room = file.room.min(len);
        file.since.push(Change::Len(len));
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.state();
        let fate = state.fate(false)?;
        let State { dice, files, .. } = &mut *state;
        let file = &mut files[self.file];
        match fate {
            Fate::Made => {
                file.sync();
                Ok(())
            }
            Fate::Cut => Err(broken()),
            // It is in memory still, and not written by any later sync.
            Fate::Failed => {
                file.lose(dice, false);
                Err(broken())
            }
        }
    }

    fn is_linked(&self) -> io::Result<bool> {
        let state = self.disk.state();
        Ok(state.names.values().any(|file| *file == self.file))
    }
}
