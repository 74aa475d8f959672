//! The store's threads: what happened in the room is put into the store while the room goes on, and what
//! the store needs besides is done by a thread of its own.

use crate::mailbox::{Mailbox, Teller, mailbox};
use crate::metrics::Metrics;
use crate::store::{Fault, Store, StoreError, Upkeep};
use chat_core::{History, Input, Record, RoomName, Server, Timestamp};
use std::future::{Future, poll_fn};
use std::io;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver as Batches, RecvTimeoutError, SyncSender, sync_channel};
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until, timeout_at};

/// So many of the newest entries are in memory when a server starts.
const NEWEST: usize = 1024;

/// How long a batch may be under way before that is told: nobody is sent what happens meanwhile.
const SLOW: Duration = Duration::from_secs(1);

/// How long nothing is appended before it is written down how far the log reaches: what is done at the same
/// time as the next append takes from that.
const REST: Duration = Duration::from_millis(4);

/// While something is always appended, it is written down so often.
const OFTEN: Duration = Duration::from_secs(1);

/// Where there is no room on the disk, so long it waits until it tries again.
const PAUSE: Duration = Duration::from_secs(1);

/// So long the room waits for the disk with all it does: what comes meanwhile is then taken in one go. A disk
/// that takes longer is not waited for.
const WAIT: Duration = Duration::from_millis(1);

/// What is kept back of the room on the disk, in bytes, for what has to be written when there is no more: that
/// people leave, and that the server ends.
const RESERVE: u64 = 1 << 20;

/// What the store's threads tell.
pub(crate) enum News {
    /// A batch is in the store; the number of the oldest entry there.
    Committed(u64),
    /// There is no room on the disk but for the reserve, or there is again.
    Full(bool),
}

/// A store at work.
pub(crate) struct Keeping {
    /// One batch at a time is under way: to the thread, or back.
    /// None once nothing more is to come.
    batches: Option<SyncSender<Vec<Record>>>,
    news: Mailbox<Result<News, StoreError>>,
    /// Since when a batch is under way, if one is.
    since: Option<Instant>,
    metrics: Metrics,
    /// It was told that this takes long.
    is_told: bool,
    /// Goes off when that may have to be told; set once a second at most.
    alarm: Pin<Box<Sleep>>,
}

impl Keeping {
    pub(crate) fn start(store: Store, metrics: Metrics) -> io::Result<Self> {
        let (batches, received) = sync_channel::<Vec<Record>>(1);
        let (news, told) = mailbox();
        let upkeep = store.upkeep();
        let caller = store.upkeep();
        // Room is made ready before there is anything to append.
        caller.call();
        let tell = Voice {
            news,
            is_full: Arc::default(),
        };
        let voice = tell.clone();
        let thread = thread::Builder::new().name("upkeep".into());
        thread.spawn(move || keep_up(upkeep, &voice))?;
        let thread = thread::Builder::new().name("store".into());
        thread.spawn(move || append(store, &received, &caller, &tell))?;
        Ok(Self {
            batches: Some(batches),
            news: told,
            since: None,
            metrics,
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
            // A good disk is done in less time than it takes to do something else meanwhile.
            self.news.wait(WAIT);
        }
    }

    /// What the store tells next.
    pub(crate) fn poll_news(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<News>> {
        if self.batches.is_none() {
            return Poll::Pending;
        }
        let Poll::Ready(news) = self.news.poll(cx) else {
            self.watch(cx);
            return Poll::Pending;
        };
        if !matches!(news, Some(Ok(News::Full(_)))) {
            let took = self.since.take().map(|since| since.elapsed());
            let took = took.unwrap_or_default();
            self.metrics.commits.observe(took.as_secs_f64());
            if mem::take(&mut self.is_told) || took > SLOW {
                tracing::warn!(?took, "the disk was slow to keep what happened");
            }
        }
        Poll::Ready(match news {
            Some(news) => news.map_err(io::Error::other),
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
                match poll_fn(|cx| self.poll_news(cx)).await? {
                    News::Committed(first) => server.handle(now, Input::Committed(first)),
                    News::Full(_) => {}
                }
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
        let closed = async { while poll_fn(|cx| self.news.poll(cx)).await.is_some() {} };
        if timeout_at(deadline, closed).await.is_err() {
            tracing::error!("the history is not closed in time");
        }
    }
}

/// Tells the server what the threads have to say.
#[derive(Clone)]
struct Voice {
    news: Teller<Result<News, StoreError>>,
    /// What was told of the disk.
    is_full: Arc<AtomicBool>,
}

impl Voice {
    /// Tells whether there is room, if that is news.
    fn full(&self, is_full: bool) {
        if self.is_full.swap(is_full, Ordering::AcqRel) != is_full {
            self.news.tell(Ok(News::Full(is_full)));
        }
    }
}

/// Appends what comes, until nothing more does.
fn append(mut store: Store, batches: &Batches<Vec<Record>>, upkeep: &Upkeep, tell: &Voice) {
    let mut called = std::time::Instant::now();
    let mut is_resting = true;
    loop {
        let batch = if is_resting {
            batches.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            batches.recv_timeout(REST)
        };
        let batch = match batch {
            Ok(batch) => batch,
            Err(RecvTimeoutError::Timeout) => {
                is_resting = true;
                upkeep.call();
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => break,
        };
        is_resting = false;
        let appended = append_all(&mut store, &batch, upkeep, tell);
        let first = appended.and_then(|()| store.reader().first(&RoomName::LOBBY));
        let has_failed = first.is_err();
        let news = first.map(News::Committed);
        if !tell.news.tell(news) || has_failed {
            break;
        }
        if called.elapsed() >= OFTEN {
            called = std::time::Instant::now();
            upkeep.call();
        }
    }
    // By the end of the channel it is known that the store is closed.
    drop(store);
}

/// Appends a batch, once there is room for it.
fn append_all(
    store: &mut Store,
    batch: &[Record],
    upkeep: &Upkeep,
    tell: &Voice,
) -> Result<(), StoreError> {
    let mut has_waited = false;
    let before = store.head();
    loop {
        let done = usize::try_from(store.head() - before).unwrap_or(usize::MAX);
        match store.append(batch.get(done..).unwrap_or_default()) {
            Err(error) if matches!(error.fault, Fault::NoRoom(_)) && !tell.news.is_closed() => {
                if !has_waited {
                    tracing::error!(%error, "what happens waits for room on the disk");
                    has_waited = true;
                    tell.full(true);
                }
                thread::sleep(PAUSE);
            }
            appended => {
                if has_waited {
                    // Which tells whether there is more than that.
                    upkeep.call();
                }
                return appended;
            }
        }
    }
}

/// Does what a store needs besides, until it is closed.
fn keep_up(mut upkeep: Upkeep, tell: &Voice) {
    while upkeep.wait() {
        let failed = loop {
            match upkeep.step() {
                Ok(true) => {}
                Ok(false) => break None,
                Err(error) => break Some(error),
            }
        };
        let is_low = upkeep.is_low(RESERVE);
        match failed {
            Some(error) if !matches!(error.fault, Fault::NoRoom(_)) => {
                // Whoever appends next is told that it failed.
                tracing::error!(%error, "the history cannot be kept in order");
                break;
            }
            Some(error) if is_low && !tell.is_full.load(Ordering::Acquire) => {
                tracing::error!(%error, "nothing more is taken until there is room on the disk");
            }
            None if tell.is_full.load(Ordering::Acquire) => {
                tracing::info!("there is room on the disk again");
            }
            _ => {}
        }
        tell.full(is_low);
    }
}

/// What a store has of the lobby, of all rooms in which somebody is and of the accounts, and the name of its log.
pub(crate) fn rooms(store: &Store) -> Result<(u128, Vec<(RoomName, History)>), StoreError> {
    let mut rooms = Vec::new();
    for (name, head) in store.rooms_with_people()? {
        let newest = if name.is_lobby() { NEWEST } else { NEWEST / 16 };
        let records = store.read(&name, head.last.saturating_sub(newest as u64), newest)?;
        rooms.push((name, head.history(records)));
    }
    let accounts = RoomName::accounts();
    let head = store.room(&accounts)?;
    rooms.push((accounts, head.history(Vec::new())));
    let epoch = u128::from_str_radix(&store.epoch(), 16).unwrap_or_default();
    Ok((epoch, rooms))
}
