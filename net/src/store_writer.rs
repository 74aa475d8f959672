//! The store's thread: what happened in the room is put into the store while the room goes on.

use crate::store::{Store, StoreError};
use chat_core::{History, Input, Record, Server, Timestamp};
use std::future::{Future, poll_fn};
use std::io;
use std::mem;
use std::pin::Pin;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, channel};
use tokio::time::{Instant, Sleep, sleep_until, timeout_at};

/// So many of the newest entries are in memory when a server starts.
const NEWEST: usize = 1024;

/// How long a batch may be under way before that is told: nobody is sent what happens meanwhile.
const SLOW: Duration = Duration::from_secs(1);

/// A store at work.
pub(crate) struct Keeping {
    /// One batch at a time is under way: to the thread, or back.
    /// None once nothing more is to come.
    batches: Option<SyncSender<Vec<Record>>>,
    committed: Receiver<Result<u64, StoreError>>,
    /// Since when a batch is under way, if one is.
    since: Option<Instant>,
    /// It was told that this takes long.
    is_told: bool,
    /// Goes off when that may have to be told; set once a second at most.
    alarm: Pin<Box<Sleep>>,
}

impl Keeping {
    pub(crate) fn start(mut store: Store) -> io::Result<Self> {
        let (batches, received) = sync_channel::<Vec<Record>>(1);
        let (tell, committed) = channel(1);
        let thread = thread::Builder::new().name("store".into());
        thread.spawn(move || {
            for batch in received {
                let appended = store.append(&batch).map(|()| store.first());
                if tell.blocking_send(appended).is_err() {
                    break;
                }
            }
            drop(store);
            drop(tell); // By which it is known that the store is closed.
        })?;
        Ok(Self {
            batches: Some(batches),
            committed,
            since: None,
            is_told: false,
            alarm: Box::pin(sleep_until(Instant::now())),
        })
    }

    /// Begins to put what happened into the store, unless that is under way.
    pub(crate) fn commit(&mut self, server: &mut Server) {
        let Some(batches) = &self.batches else {
            return;
        };
        let mut batch = Vec::new();
        server.begin_commit(&mut batch);
        if !batch.is_empty() {
            // That the thread is gone shows when its answer is waited for.
            let _ = batches.send(batch);
            self.since = Some(Instant::now());
        }
    }

    /// The number of the oldest entry kept, once a batch is in the store.
    pub(crate) fn poll_committed(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        if self.batches.is_none() {
            return Poll::Pending;
        }
        let Poll::Ready(answer) = self.committed.poll_recv(cx) else {
            self.watch(cx);
            return Poll::Pending;
        };
        let took = self.since.take().map(|since| since.elapsed());
        let took = took.unwrap_or_default();
        if mem::take(&mut self.is_told) || took > SLOW {
            tracing::warn!(?took, "the disk was slow to keep what happened");
        }
        Poll::Ready(match answer {
            Some(committed) => committed.map_err(io::Error::other),
            None => Err(io::Error::other("the store's thread has ended")),
        })
    }

    /// Tells, once, of a batch that has been under way for long.
    fn watch(&mut self, cx: &mut Context<'_>) {
        let Some(since) = self.since.filter(|_| !self.is_told) else {
            return;
        };
        while self.alarm.as_mut().poll(cx).is_ready() {
            if since.elapsed() > SLOW {
                self.is_told = true;
                tracing::warn!(
                    "the disk takes more than {SLOW:?} to keep what happened; the room waits for it"
                );
                return;
            }
            // Timers are kept in whole milliseconds.
            let due = since + SLOW + Duration::from_millis(1);
            self.alarm.as_mut().reset(due);
        }
    }

    /// Begins to close the store, for nothing more will happen: it is closed while those who are there are
    /// let go.
    pub(crate) fn close(&mut self) {
        self.batches = None;
    }

    /// Has the rest of what happened put into the store.
    ///
    /// # Errors
    /// When that fails, or is not done by `deadline`.
    pub(crate) async fn commit_rest(
        &mut self,
        server: &mut Server,
        now: Timestamp,
        deadline: Instant,
    ) -> io::Result<()> {
        let rest = async {
            self.commit(server);
            while !server.is_committed() {
                let first = poll_fn(|cx| self.poll_committed(cx)).await?;
                server.handle(now, Input::Committed(first));
                self.commit(server);
            }
            Ok(())
        };
        let late = "the history was not written in time: the last that happened may not be in it";
        timeout_at(deadline, rest)
            .await
            .unwrap_or_else(|_| Err(io::Error::other(late)))
    }

    /// Closes the store, if it can be closed by `deadline`.
    pub(crate) async fn finish(mut self, deadline: Instant) {
        self.close();
        let closed = async { while self.committed.recv().await.is_some() {} };
        if timeout_at(deadline, closed).await.is_err() {
            tracing::error!("the history is not closed in time");
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
