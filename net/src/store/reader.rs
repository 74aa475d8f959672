//! A log read by others while it is appended to.

use super::db::Db;
use super::error::{Fault, StoreError};
use super::format::Facts;
use super::view::View;
use chat_core::{Record, SessionId};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

/// Reads what a [`Store`](super::Store) has committed, also while that appends, from any thread.
/// It never waits for an append. Once the store is dropped, reading fails with
/// [`Fault::Closed`]; after an append that failed, it may.
#[derive(Clone, Debug)]
pub struct Reader(Arc<Shared>);

/// What a store tells its readers.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) db: Arc<Db>,
    pub(super) dir: PathBuf,
    /// As they were when the last append returned.
    committed: RwLock<Facts>,
}

impl Shared {
    pub(super) fn new(db: Arc<Db>, dir: PathBuf, facts: Facts) -> Self {
        let committed = RwLock::new(facts);
        Self { db, dir, committed }
    }

    pub(super) fn commit(&self, facts: Facts) {
        *(self.committed.write()).unwrap_or_else(PoisonError::into_inner) = facts;
    }

    pub(super) fn committed(&self) -> Facts {
        *(self.committed.read()).unwrap_or_else(PoisonError::into_inner)
    }

    fn told<T>(&self, f: impl FnOnce() -> Result<T, Fault>) -> Result<T, StoreError> {
        f().map_err(|fault| fault.at(&self.dir))
    }

    pub(super) fn find(&self, session: &SessionId, id: &str) -> Result<Option<Record>, StoreError> {
        self.told(|| {
            let view = View::of(&self.db)?;
            // The database may be an append further: of that nothing is told before it returns.
            let head = self.committed().head;
            let found = view.find(session, id)?;
            Ok(found.filter(|record| record.seq <= head))
        })
    }

    pub(super) fn read(&self, after: u64, limit: usize) -> Result<Vec<Record>, StoreError> {
        let mut records = Vec::new();
        self.told(|| {
            let view = View::of(&self.db)?;
            let head = self.committed().head;
            let ahead = usize::try_from(head.saturating_sub(after)).unwrap_or(usize::MAX);
            let mut cursor = view.position(after.min(head))?;
            view.read(&mut cursor, limit.min(ahead), &mut records)?;
            records.truncate(records.partition_point(|record| record.seq <= head));
            Ok(records)
        })
    }
}

impl Reader {
    pub(super) fn of(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// The number of the last entry; 0 if there is none.
    pub fn head(&self) -> u64 {
        self.0.committed().head
    }

    /// The number of the oldest entry held; one more than the head while there is none.
    pub fn first(&self) -> u64 {
        self.0.committed().first
    }

    /// As [`Store::find`](super::Store::find).
    ///
    /// # Errors
    /// When it is not as it was written, the disk fails, or the store is gone.
    pub fn find(&self, session: &SessionId, id: &str) -> Result<Option<Record>, StoreError> {
        self.0.find(session, id)
    }

    /// As [`Store::read`](super::Store::read).
    ///
    /// # Errors
    /// When one of them is not as it was written, the disk fails, or the store is gone.
    pub fn read(&self, after: u64, limit: usize) -> Result<Vec<Record>, StoreError> {
        self.0.read(after, limit)
    }
}
