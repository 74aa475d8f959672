//! The database, which may panic where its file is damaged, and even when it is closed.

use super::error::Fault;
use redb::{Database, ReadTransaction, ReadableDatabase, StorageBackend, WriteTransaction};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{PoisonError, RwLock};

/// The memory that the database may use for what it read.
const CACHE: usize = 32 << 20;

/// `None` once it is closed.
#[derive(Debug)]
pub(super) struct Db(RwLock<Option<Database>>);

impl Db {
    pub(super) fn open(backend: impl StorageBackend, verify: bool) -> Result<Self, Fault> {
        guarded(|| {
            let mut builder = Database::builder();
            builder.set_cache_size(CACHE);
            builder.set_check_integrity_on_open(verify);
            let db = builder.create_with_backend(backend)?;
            Ok(Self(RwLock::new(Some(db))))
        })
    }

    /// Begins a transaction that is written in two phases, so that the root it replaces is whole
    /// until the new one is; and with the state of the pages, so that a log whose process was
    /// killed is opened without a walk through all of it.
    pub(super) fn begin_write(&self) -> Result<WriteTransaction, Fault> {
        let mut transaction = self.with(|db| Ok(db.begin_write()?))?;
        transaction.set_two_phase_commit(true);
        transaction.set_quick_repair(true);
        Ok(transaction)
    }

    /// What is committed, and stays for this transaction whatever is committed after.
    pub(super) fn begin_read(&self) -> Result<ReadTransaction, Fault> {
        self.with(|db| Ok(db.begin_read()?))
    }

    fn with<T>(&self, f: impl FnOnce(&Database) -> Result<T, Fault>) -> Result<T, Fault> {
        let db = self.0.read().unwrap_or_else(PoisonError::into_inner);
        f(db.as_ref().ok_or(Fault::Closed)?)
    }

    /// Writes what is still to be written, and lets the file go. Transactions that still read
    /// fail from now on.
    pub(super) fn close(&self) {
        let db = (self.0.write().unwrap_or_else(PoisonError::into_inner)).take();
        // What it could not write now is written when it is opened again.
        let _: Result<(), Fault> = guarded(|| {
            drop(db);
            Ok(())
        });
    }
}

impl Drop for Db {
    fn drop(&mut self) {
        self.close();
    }
}

/// Makes a panic of the database an error.
pub(super) fn guarded<T>(f: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|panic| {
        let text = (panic.downcast_ref::<String>().map(String::as_str))
            .or_else(|| panic.downcast_ref::<&str>().copied());
        Err(Fault::damaged(format!(
            "the database cannot make sense of its file ({})",
            text.unwrap_or("no reason given")
        )))
    })
}
