//! What is done besides appending, by whoever has the time: room is made ready, full segments get their
//! indexes and lose the zeros at their ends, old ones are removed, and it is written down how far the log reaches.

use super::bytes::write_zeros;
use super::cut::{self, CUT};
use super::disk::{self, Dir, File, Mode};
use super::error::{Fault, StoreError};
use super::gone;
use super::index::Index;
use super::reader::{Segment, Shared};
use super::segment::{Header, Opened, file_name};
use super::sidecar::{self, Sidecar};
use super::sizes::Sizes;
use super::table::Table;
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The segment that is made ready to come next.
const NEXT: &str = "next.tmp";

/// How long it waits, where there was no room, before it looks again.
const PAUSE: Duration = Duration::from_secs(1);

/// What a [`Store`](super::Store) needs to have done now and then. It may be done from any thread, and none
/// of it has to be: then appending does it, and takes longer.
#[derive(Debug)]
pub struct Upkeep {
    space: Arc<Space>,
    /// Where there was no room, there is not until this is asked again.
    had_no_room: bool,
}

/// The room that is ready to be written to.
#[derive(Debug)]
pub(super) struct Space {
    sizes: Sizes,
    shared: Arc<Shared>,
    /// Where the zeros of the active segment end.
    ready: AtomicU64,
    /// Where its frames end.
    end: AtomicU64,
    /// Where it is full.
    limit: AtomicU64,
    /// Locked while zeros are written.
    zeros: Mutex<Zeros>,
    lacks_room: AtomicBool,
    has_failed: AtomicBool,
    wake: Mutex<Wake>,
    woken: Condvar,
    /// Locked while something is done, and true once nothing is to be any more.
    is_over: Mutex<bool>,
}

#[derive(Debug)]
struct Zeros {
    active: Arc<Segment>,
    /// The same file, opened once more: so a sync that fails is told to whoever appends as well.
    file: Option<Arc<dyn File>>,
    ready: u64,
    next: Option<Ready>,
}

/// A file with zeros.
#[derive(Debug)]
struct Ready {
    file: Arc<dyn File>,
    len: u64,
}

#[derive(Debug, Default)]
struct Wake {
    is_due: bool,
    is_closed: bool,
}

impl Space {
    pub(super) fn new(active: Arc<Segment>, end: u64, sizes: Sizes, shared: Arc<Shared>) -> Self {
        Self {
            sizes,
            shared,
            ready: AtomicU64::new(end),
            end: AtomicU64::new(end),
            limit: AtomicU64::new(sizes.limit(&active.opened.header, 0)),
            zeros: Mutex::new(Zeros {
                active,
                file: None,
                ready: end,
                next: None,
            }),
            lacks_room: AtomicBool::new(false),
            has_failed: AtomicBool::new(false),
            wake: Mutex::default(),
            woken: Condvar::new(),
            is_over: Mutex::default(),
        }
    }

    fn zeros(&self) -> MutexGuard<'_, Zeros> {
        self.zeros.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self) -> MutexGuard<'_, Wake> {
        self.wake.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sees to it that the active segment can be written to, up to this place.
    pub(super) fn reserve(&self, to: u64) -> Result<(), Fault> {
        if self.has_failed.load(Ordering::Acquire) {
            return Err(Fault::Stopped);
        }
        if self.ready.load(Ordering::Acquire) >= to {
            return Ok(());
        }
        let mut zeros = self.zeros();
        while zeros.ready < to {
            self.extend(&mut zeros)?;
        }
        Ok(())
    }

    /// Writes one step of zeros.
    fn extend(&self, zeros: &mut Zeros) -> Result<(), Fault> {
        let name = file_name(zeros.active.first());
        let file = if let Some(file) = &zeros.file {
            Arc::clone(file)
        } else {
            let opened = self.shared.dir.open(&name, Mode::Write);
            let file = opened.map_err(|error| disk::named(&name, error))?;
            Arc::clone(zeros.file.insert(file))
        };
        // What is there already has its own step.
        let step = zeros.active.opened.header.step;
        let ready = extended(&*file, zeros.ready, step);
        zeros.ready = ready.map_err(|fault| fault.in_file(&name))?;
        self.ready.store(zeros.ready, Ordering::Release);
        Ok(())
    }

    /// Makes a segment with this header, and what follows it, the active one; `table` is of what it has.
    pub(super) fn roll(
        &self,
        header: Header,
        bytes: &[u8],
        table: Table,
    ) -> Result<Arc<Segment>, Fault> {
        let mut zeros = self.zeros();
        let ready = match zeros.next.take() {
            Some(ready) => ready,
            None => Ready::create(&*self.shared.dir).map_err(|it| it.in_file(NEXT))?,
        };
        let (opened, len) = ready.become_segment(&*self.shared.dir, header, bytes)?;
        let active = Arc::new(Segment::new(opened, Some(Index::Memory(table))));
        zeros.active = Arc::clone(&active);
        zeros.file = None;
        zeros.ready = len;
        self.end.store(header.start(), Ordering::Release);
        let limit = self.sizes.limit(&header, 0);
        self.limit.store(limit, Ordering::Release);
        self.ready.store(len, Ordering::Release);
        drop(zeros);
        self.call();
        Ok(active)
    }

    /// The frames of the active segment end here now.
    pub(super) fn appended(&self, end: u64) {
        self.end.store(end, Ordering::Release);
        let ready = self.ready.load(Ordering::Acquire);
        let limit = self.limit.load(Ordering::Acquire);
        if ready < limit && ready - end < self.sizes.ahead / 2 {
            self.call();
        }
    }

    /// Has whoever waits for something to do look.
    fn call(&self) {
        self.wake().is_due = true;
        self.woken.notify_one();
    }

    /// Has nothing done any more, and waits for what is being done: another store may have the log next.
    pub(super) fn close(&self) {
        self.wake().is_closed = true;
        self.woken.notify_one();
        *self.is_over() = true;
    }

    fn is_over(&self) -> MutexGuard<'_, bool> {
        self.is_over.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes room ready; whether there was anything to do.
    fn make_ready(&self) -> Result<bool, Fault> {
        let mut zeros = self.zeros();
        let end = self.end.load(Ordering::Acquire);
        let ahead = zeros.ready - end;
        if ahead >= self.sizes.ahead {
            return Ok(false);
        }
        if zeros.ready < self.limit.load(Ordering::Acquire) {
            self.extend(&mut zeros)?;
            return Ok(true);
        }
        let next = match &mut zeros.next {
            Some(next) => next,
            next => next.insert(Ready::create(&*self.shared.dir).map_err(|it| it.in_file(NEXT))?),
        };
        if next.len >= self.sizes.ahead.min(self.sizes.segment) {
            return Ok(false);
        }
        let len = extended(&*next.file, next.len, self.sizes.step);
        next.len = len.map_err(|fault| fault.in_file(NEXT))?;
        Ok(true)
    }

    /// Writes the index of a full segment beside it; whether there was one to be written.
    fn seal(&self) -> Result<bool, Fault> {
        let segments = self.shared.segments();
        let pairs = segments.iter().zip(segments.iter().skip(1));
        for (segment, next) in pairs {
            let last = next.opened.header.last;
            if let Err(fault) = segment.index_if_bare(&*self.shared.dir, last) {
                // Whoever asks for something in it is told.
                let name = segment.opened.name();
                tracing::error!(%name, error = %fault.at(&self.shared.path), "a part of the history cannot be indexed");
            }
            let index = segment.index.read().unwrap_or_else(PoisonError::into_inner);
            let Some(Index::Memory(table)) = &*index else {
                continue;
            };
            debug_assert_eq!(table.len(), last + 1 - segment.first());
            if !table.is_complete() {
                continue;
            }
            let sidecar = match Sidecar::create(&*self.shared.dir, &segment.opened, table) {
                // It stays in memory until there is room.
                Err(Fault::Full(_)) => return Ok(false),
                created => created?,
            };
            drop(index);
            let mut index = segment
                .index
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            *index = Some(Index::File(sidecar));
            return Ok(true);
        }
        Ok(false)
    }

    /// Erases what is left of the texts of a segment that are written down as erased; whether there was one to be looked at.
    fn erase_again(&self) -> Result<bool, Fault> {
        let segments = self.shared.segments();
        for (segment, next) in segments.iter().zip(segments.iter().skip(1)) {
            if !segment.is_unread.swap(false, Ordering::AcqRel)
                || segment.opened.gone().offsets().is_empty()
            {
                continue;
            }
            match self.shared.erase_again(segment, next.opened.header.last) {
                // `check` says what is wrong with it.
                Err(Fault::Damaged(what)) => {
                    let name = segment.opened.name();
                    tracing::error!(%name, what, "texts that are to be gone cannot be erased");
                }
                Err(fault) => {
                    segment.is_unread.store(true, Ordering::Release);
                    return Err(fault.or_no_room());
                }
                Ok(()) => {}
            }
            return Ok(true);
        }
        Ok(false)
    }

    /// Cuts off the zeros at the end of a full segment; whether there was one that had some.
    fn cut(&self) -> Result<bool, Fault> {
        let segments = self.shared.segments();
        for (segment, next) in segments.iter().zip(segments.iter().skip(1)) {
            if !segment.is_uncut.load(Ordering::Acquire) {
                continue;
            }
            let opened = &segment.opened;
            // Whoever reads it is told what is wrong with it.
            let due = cut::due(opened, &next.opened.header).unwrap_or(None);
            let is_cut = due.is_some();
            if let Some(to) = due {
                match cut::cut(opened, to) {
                    // Some file systems need room for that: it is done later.
                    Err(Fault::Full(_)) => return Ok(false),
                    cut => cut?,
                }
            }
            segment.is_uncut.store(false, Ordering::Release);
            if is_cut {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Removes the oldest segment, if nothing in it is held any more; whether it was.
    fn remove(&self) -> Result<bool, Fault> {
        if !self.shared.has_spare_segment() {
            return Ok(false);
        }
        // A log is not to be without something that this still tells of.
        self.shared.write_head().map_err(Fault::or_no_room)?;
        let Some(segment) = self.shared.take_segment() else {
            return Ok(false);
        };
        remove_segment(&*self.shared.dir, segment.first())?;
        Ok(true)
    }
}

/// Removes the files of a segment, in steps.
pub(super) fn remove_segment(dir: &dyn Dir, first: u64) -> Result<(), Fault> {
    sidecar::remove(dir, first)?;
    gone::remove(dir, first)?;
    let name = file_name(first);
    if let Some(file) = disk::open(dir, &name, Mode::Write)? {
        let mut len = file.len()?;
        while len > CUT {
            len -= CUT;
            file.set_len(len)?;
            file.sync()?;
        }
    }
    disk::remove(dir, &name)?;
    Ok(dir.sync()?)
}

/// Writes zeros up to the next multiple of a step; where they end.
fn extended(file: &dyn File, ready: u64, step: u64) -> Result<u64, Fault> {
    let to = (ready / step + 1) * step;
    let extend = || {
        // Its length is a multiple of the step at any time, also when the power is lost.
        if file.len()? < to {
            file.set_len(to)?;
            file.sync()?;
        }
        write_zeros(file, ready, to)?;
        file.sync()
    };
    extend().map_err(Fault::of_making_room)?;
    Ok(to)
}

impl Ready {
    fn create(dir: &dyn Dir) -> Result<Self, Fault> {
        disk::remove(dir, NEXT)?;
        let file = dir.open(NEXT, Mode::New).map_err(Fault::of_making_room)?;
        Ok(Self { file, len: 0 })
    }

    /// Gives it a header and its name, durably; where its zeros end.
    fn become_segment(
        mut self,
        dir: &dyn Dir,
        header: Header,
        bytes: &[u8],
    ) -> Result<(Opened, u64), Fault> {
        while self.len < bytes.len() as u64 {
            self.len = extended(&*self.file, self.len, header.step)?;
        }
        self.file.write(0, bytes).map_err(Fault::of_making_room)?;
        self.file.sync().map_err(Fault::of_making_room)?;
        dir.rename(NEXT, &file_name(header.first))
            .map_err(Fault::of_making_room)?;
        dir.sync()?;
        let file = self.file;
        Ok((Opened::with(header, file), self.len))
    }
}

/// Makes a segment with this header and what follows it.
pub(super) fn make_segment(dir: &dyn Dir, header: Header, bytes: &[u8]) -> Result<Opened, Fault> {
    let made = Ready::create(dir)?.become_segment(dir, header, bytes);
    made.map(|(opened, _)| opened)
}

impl Upkeep {
    pub(super) fn new(space: Arc<Space>) -> Self {
        let had_no_room = false;
        Self { space, had_no_room }
    }

    /// Does one of the things that are to be done; whether there was one. Once the store is closed there is none.
    ///
    /// # Errors
    /// When there is no room to be made ready: it is to be tried again. When the disk fails: then the store
    /// takes no more entries.
    pub fn step(&mut self) -> Result<bool, StoreError> {
        let space = &self.space;
        let shared = &space.shared;
        let is_over = space.is_over();
        if *is_over {
            return Ok(false);
        }
        let made = match space.make_ready() {
            Err(Fault::NoRoom(error)) => {
                // Removing what is old may make some, and what is not needed any more.
                let freed = space
                    .remove()
                    .and_then(|removed| Ok(removed || space.cut()?));
                freed.and_then(|freed| {
                    if freed {
                        Ok(true)
                    } else {
                        Err(Fault::NoRoom(error))
                    }
                })
            }
            made => made,
        };
        let is_without = matches!(made, Err(Fault::NoRoom(_)));
        space.lacks_room.store(is_without, Ordering::Release);
        self.had_no_room = is_without;
        let others = |done| {
            Ok(done || space.remove()? || space.seal()? || space.erase_again()? || space.cut()?)
        };
        let done = match made.and_then(others) {
            Ok(true) => Ok(true),
            // Also without room: whoever reads the log beside is to have all of it.
            rest => (shared.write_head().map_err(Fault::or_no_room)).and(rest),
        };
        done.map_err(|fault| {
            if !matches!(fault, Fault::NoRoom(_)) {
                space.has_failed.store(true, Ordering::Release);
            }
            fault.at(&shared.path)
        })
    }

    /// Whether so little room is ready, and no more to be had, that nothing more should be taken than what must
    /// be: less than `reserve` bytes.
    pub fn is_low(&self, reserve: u64) -> bool {
        let space = &self.space;
        let ready = space.ready.load(Ordering::Acquire);
        let end = space.end.load(Ordering::Acquire);
        space.lacks_room.load(Ordering::Acquire) && ready.saturating_sub(end) < reserve
    }

    /// Waits until there may be something to do; `false` once the store is closed.
    pub fn wait(&self) -> bool {
        let wake = self.space.wake();
        let is_idle = |wake: &mut Wake| !wake.is_due && !wake.is_closed;
        let mut wake = if self.had_no_room {
            let waited = self.space.woken.wait_timeout_while(wake, PAUSE, is_idle);
            waited.unwrap_or_else(PoisonError::into_inner).0
        } else {
            let waited = self.space.woken.wait_while(wake, is_idle);
            waited.unwrap_or_else(PoisonError::into_inner)
        };
        mem::take(&mut wake.is_due);
        !wake.is_closed
    }

    /// Has whoever [waits](Self::wait) look whether there is something to do.
    pub fn call(&self) {
        self.space.call();
    }
}
