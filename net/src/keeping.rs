//! The store's thread: what happened in the room is put into the store while the room goes on.

use crate::store::{Reader, Store, StoreError};
use chat_core::{Action, History, Input, Record, Server, Timestamp};
use std::io;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::task::{Context, Poll};
use std::thread::{self, JoinHandle};
use tokio::sync::mpsc::{Receiver, channel};

/// So many of the newest entries are in memory when a server starts.
const NEWEST: usize = 1024;

/// A store at work.
pub(crate) struct Keeping {
    reader: Reader,
    /// One batch at a time is under way: to the thread, or back.
    batches: SyncSender<Vec<Record>>,
    committed: Receiver<Result<u64, StoreError>>,
    thread: JoinHandle<()>,
}

impl Keeping {
    pub(crate) fn start(mut store: Store) -> io::Result<Self> {
        let reader = store.reader();
        let (batches, received) = sync_channel::<Vec<Record>>(1);
        let (tell, committed) = channel(1);
        let thread = thread::Builder::new().name("store".into());
        let thread = thread.spawn(move || {
            for batch in received {
                let appended = store.append(&batch).map(|()| store.first());
                if tell.blocking_send(appended).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self {
            reader,
            batches,
            committed,
            thread,
        })
    }

    /// Begins to put what happened into the store, unless that is under way.
    pub(crate) fn commit(&mut self, server: &mut Server) {
        let mut batch = Vec::new();
        server.begin_commit(&mut batch);
        if !batch.is_empty() {
            // That the thread is gone shows when its answer is waited for.
            let _ = self.batches.send(batch);
        }
    }

    /// The number of the oldest entry kept, once a batch is in the store.
    pub(crate) fn poll_committed(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        self.committed.poll_recv(cx).map(|answer| match answer {
            Some(committed) => committed.map_err(io::Error::other),
            None => Err(io::Error::other("the store's thread has ended")),
        })
    }

    /// Reads what is asked for, and tells the server.
    pub(crate) fn answer(
        &self,
        now: Timestamp,
        server: &mut Server,
        asked: &Action,
    ) -> Result<(), StoreError> {
        match asked {
            Action::Read(id, after, most) => {
                let kept = self.reader.read(*after, *most)?;
                server.handle(now, Input::Kept(*id, &kept));
            }
            Action::Find(id, session, given) => {
                let said = self.reader.find(session, given)?;
                server.handle(now, Input::Found(*id, said.as_ref()));
            }
            _ => {}
        }
        Ok(())
    }

    /// Closes the store.
    pub(crate) fn finish(self) {
        drop(self.batches);
        if self.thread.join().is_err() {
            tracing::error!("panic in the store's thread");
        }
    }
}

/// What a store has of a room, and the name of its log.
pub(crate) fn history(store: &Store) -> Result<(u128, History), StoreError> {
    let history = History {
        first: store.first(),
        last: store.head(),
        newest: store.read(store.head().saturating_sub(NEWEST as u64), NEWEST)?,
        present: store.present()?,
    };
    let epoch = u128::from_str_radix(store.epoch(), 16).unwrap_or_default();
    Ok((epoch, history))
}
