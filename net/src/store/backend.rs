//! A log's file as the database sees it: as it is, or as a copy that is written in memory alone.

use super::disk::File;
use redb::StorageBackend;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The file itself, until it is closed for good: then nothing more is written.
#[derive(Clone, Debug)]
pub(super) struct Direct {
    file: Arc<dyn File>,
    stopped: Arc<AtomicBool>,
}

impl Direct {
    pub(super) fn new(file: Arc<dyn File>) -> Self {
        let stopped = Arc::default();
        Self { file, stopped }
    }

    /// Refuses all that the database would still write, such as when it is dropped: after a
    /// failure, what it believes of the file may be wrong.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
    }

    fn file(&self) -> io::Result<&dyn File> {
        if self.stopped.load(Ordering::Acquire) {
            return Err(io::Error::other("it failed before"));
        }
        Ok(&*self.file)
    }
}

impl StorageBackend for Direct {
    fn len(&self) -> io::Result<u64> {
        self.file()?.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file()?.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file()?.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file()?.sync()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.file()?.write(offset, data)
    }
}

/// A copy of the file that takes no room: what is written to it is kept in memory and forgotten.
/// The database repairs what it opens; a log that is only looked at must not change.
#[derive(Clone, Debug)]
pub(super) struct Scratch {
    file: Arc<dyn File>,
    changes: Arc<Mutex<Changes>>,
    stopped: Arc<AtomicBool>,
}

#[derive(Debug)]
struct Changes {
    made: Vec<Change>,
    len: u64,
}

#[derive(Debug)]
enum Change {
    Write(u64, Vec<u8>),
    Len(u64),
}

impl Scratch {
    pub(super) fn new(file: Arc<dyn File>) -> io::Result<Self> {
        let len = file.len()?;
        let changes = Arc::new(Mutex::new(Changes {
            made: Vec::new(),
            len,
        }));
        let stopped = Arc::default();
        Ok(Self {
            file,
            changes,
            stopped,
        })
    }

    /// Refuses what the database would still read to close, which leads it through pages that
    /// were not verified; where they are damaged, it may end the process.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
    }

    fn with<T>(&self, f: impl FnOnce(&mut Changes) -> T) -> T {
        f(&mut self.changes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl StorageBackend for Scratch {
    fn len(&self) -> io::Result<u64> {
        Ok(self.with(|changes| changes.len))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if self.stopped.load(Ordering::Acquire) {
            return Err(io::Error::other("it is closed"));
        }
        self.with(|changes| {
            let wanted = offset.saturating_add(out.len() as u64);
            if wanted > changes.len {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let on_disk = self.file.len()?.clamp(offset, wanted) - offset;
            let (read, beyond) = out.split_at_mut(index(on_disk));
            self.file.read(offset, read)?;
            beyond.fill(0);
            // What was done later hides what was done earlier.
            for change in &changes.made {
                match change {
                    Change::Len(len) => out[index(len.clamp(&offset, &wanted) - offset)..].fill(0),
                    Change::Write(at, bytes) => {
                        let end = at + bytes.len() as u64;
                        let (from, to) = (offset.max(*at), wanted.min(end));
                        if from < to {
                            out[index(from - offset)..index(to - offset)]
                                .copy_from_slice(&bytes[index(from - at)..index(to - at)]);
                        }
                    }
                }
            }
            Ok(())
        })
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.with(|changes| {
            changes.made.push(Change::Len(len));
            changes.len = len;
        });
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.with(|changes| {
            changes.made.push(Change::Write(offset, data.to_vec()));
            changes.len = changes.len.max(offset + data.len() as u64);
        });
        Ok(())
    }
}

/// A distance within what fits into memory.
fn index(distance: u64) -> usize {
    usize::try_from(distance).unwrap_or(usize::MAX)
}
