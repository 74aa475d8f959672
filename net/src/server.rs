//! The server's shell: one task that owns the core and all sockets.
//!
//! Every pass takes what arrived since the last one through the core, then writes once to each
//! connection that has something waiting (README.md, "The hot path").

use crate::connection_log::Visits;
use crate::control::Controlled;
use crate::listener::{Listener, TurnedAway};
use crate::metrics::Metrics;
use crate::ready::Ready;
use crate::socket::Socket;
use crate::store::Store;
use crate::store_reader::Reading;
use crate::store_writer::{Keeping, News, rooms};
use chat_core::{
    Action, ConnId, Input, Limits, Logs, Origin, Outbox, Secret, Server, Timer, Timestamp,
};
use std::future::{Future, poll_fn};
use std::io;
use std::mem;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep, sleep_until};

/// The most bytes read from a connection in one pass.
const READ: usize = 16 * 1024;

/// The most bytes read at once. The core keeps as much of each connection that waits for its turn.
const CHUNK: usize = 4 * 1024;

/// The most connections accepted in one pass.
const ACCEPTS: usize = 256;

/// So many are written to before the clock is looked at.
const STRETCH: usize = 256;

/// The fewest connections that are worth a thread to write to them: each takes the system some
/// 3 µs, and a thread about 30 µs to start.
const SHARE: usize = 128;

/// The first and the longest pause after a failure to accept; each is twice the one before.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// How a server is run.
#[derive(Debug)]
pub struct Options {
    /// What it grants its clients.
    pub limits: Limits,
    /// Threads that write at the same time, where many connections are to be written to. The room
    /// is one thread's in any case, and with 1 so is all writing.
    pub writers: NonZeroUsize,
    /// What the tokens of sessions are made of, and the name of the log. It is drawn from the system
    /// where it is `None`; simulations give one, to be the same every time.
    pub origin: Option<Origin>,
    /// What keeps the room's history; without one it is gone with the server.
    pub store: Option<Store>,
    /// What is asked of it while it runs.
    pub control: Option<Controlled>,
    /// What it counts.
    pub metrics: Metrics,
}

impl From<Limits> for Options {
    /// These limits, one writer, and an origin that nobody knows.
    fn from(limits: Limits) -> Self {
        Self {
            limits,
            writers: NonZeroUsize::MIN,
            origin: None,
            store: None,
            control: None,
            metrics: Metrics::default(),
        }
    }
}

/// An origin that nobody knows, at the time that the system's clock shows.
fn drawn() -> io::Result<Origin> {
    let mut epoch = [0; 16];
    let mut secret = [0; 32];
    getrandom::fill(&mut epoch).map_err(io::Error::other)?;
    getrandom::fill(&mut secret).map_err(io::Error::other)?;
    Ok(Origin {
        epoch: u128::from_be_bytes(epoch),
        secret: Secret(secret),
        unix_millis: wall_clock(),
    })
}

/// What the system's clock shows, in milliseconds since the Unix epoch.
fn wall_clock() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.unwrap_or_default().as_millis();
    u64::try_from(now).unwrap_or(u64::MAX)
}

/// Serves the room to all who connect, until `stop` is done and everyone has been let go.
///
/// `transcript` is given the server's screen in whole lines: `Listening on …` for every listener,
/// then a line for everything that happens in the room, all lines of a pass at once. It must not
/// block.
///
/// Failures are kept apart: a connection's ends that connection, and so does a panic in its stream,
/// which is reported through `tracing`; a failure to accept (no more descriptors) is reported,
/// and tried again after a pause.
///
/// # Panics
/// When what all connections share is not as it must be: a server that went on would write that down. It is
/// reported through `tracing`, and nothing more is kept. Whoever is started again goes on with what was, sessions
/// included.
///
/// With a [store](Options::store), nobody is sent anything before it is kept. If it fails, everyone is
/// told and let go.
///
/// # Errors
/// When a listener does not know its address, the system has no random numbers, or the store fails.
pub async fn serve<L: Listener>(
    listeners: Vec<L>,
    options: impl Into<Options>,
    transcript: impl FnMut(&[u8]),
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let Options {
        limits,
        writers,
        origin,
        store,
        control,
        metrics,
    } = options.into();
    let has_clock = origin.is_none();
    let bound = limits.shutdown;
    let mut origin = origin.map_or_else(drawn, Ok)?;
    let reads = limits.reads;
    let (server, reading, keeping) = match store {
        None => (Server::with_origin(limits, origin), None, None),
        Some(store) => {
            let (epoch, rooms) = rooms(&store).map_err(io::Error::other)?;
            origin.epoch = epoch;
            let server = Server::restored(limits, origin, rooms);
            let reading = Reading::start(store.reader(), reads)?;
            (
                server,
                Some(reading),
                Some(Keeping::start(store, metrics.clone())?),
            )
        }
    };
    let mut shell = Shell {
        last: server.usage().last,
        server,
        control,
        metrics,
        has_clock,
        reading,
        keeping,
        failure: None,
        stopped: None,
        writers: writers.get(),
        listeners,
        sockets: Vec::new(),
        ready: Ready::default(),
        woken: Vec::new(),
        held: Vec::new(),
        visits: Visits::new(),
        turned_away: 0,
        pause: None,
        origin: Instant::now(),
        timer: Box::pin(sleep_until(Instant::now())),
        buffer: vec![0; CHUNK],
        scratch: Vec::new(),
        transcript,
    };
    for listener in &shell.listeners {
        let address = listener.local_addr()?;
        (shell.transcript)(format!("Listening on {address}\n").as_bytes());
    }
    // Tokio's budget would end every pass after 128 sockets.
    let fault = Fault;
    tokio::task::coop::unconstrained(shell.run(pin!(stop))).await;
    mem::forget(fault);
    shell.visits.tell_the_rest();
    shell.reading = None;
    let now = shell.now();
    if let Some(mut keeping) = shell.keeping {
        // All of the stop has one deadline, whatever it is that takes its time.
        let deadline = shell.stopped.unwrap_or_else(Instant::now) + bound;
        if shell.failure.is_none() {
            let rest = keeping.commit_rest(&mut shell.server, now, deadline);
            shell.failure = rest.await.err();
        }
        keeping.finish(deadline).await;
    }
    shell.failure.map_or(Ok(()), Err)
}

/// Dropped by a panic alone, which it explains.
struct Fault;

impl Drop for Fault {
    fn drop(&mut self) {
        if thread::panicking() {
            tracing::error!(
                "the server is not in the state that it must be in, and ends, so that nothing wrong is kept; \
                 started again, it goes on with its history, and sessions resume"
            );
        }
    }
}

struct Shell<L: Listener, T> {
    server: Server,
    control: Option<Controlled>,
    metrics: Metrics,
    /// The number of the last entry that was counted.
    last: u64,
    /// The system's clock tells when something happens: it may be set, or the machine may sleep.
    has_clock: bool,
    reading: Option<Reading>,
    keeping: Option<Keeping>,
    /// Why nothing can be kept any more.
    failure: Option<io::Error>,
    /// Since when it stops.
    stopped: Option<Instant>,
    listeners: Vec<L>,
    /// By the slots of the core's ids.
    sockets: Vec<Option<Socket<L::Stream>>>,
    ready: Ready,
    /// Slots to look at in this pass.
    woken: Vec<usize>,
    /// Slots that may have more to read, and that are not read now.
    held: Vec<usize>,
    /// Who came, for the log.
    visits: Visits,
    /// Connections that listeners did not let in, of late.
    turned_away: usize,
    /// Accepting failed: when it is tried again, and how long the pause was.
    pause: Option<(Instant, Duration)>,
    origin: Instant,
    timer: Pin<Box<Sleep>>,
    buffer: Vec<u8>,
    /// Kept for its memory.
    scratch: Vec<u8>,
    writers: usize,
    transcript: T,
}

impl<L: Listener, T: FnMut(&[u8])> Shell<L, T> {
    async fn run(&mut self, mut stop: Pin<&mut impl Future<Output = ()>>) {
        let mut is_written = true;
        while self.stopped.is_none() || self.server.connections() > 0 {
            let mut accepted = Vec::new();
            poll_fn(|cx| {
                let mut news = self.ready.poll_take(cx, &mut self.woken).is_ready();
                if self.stopped.is_none() && stop.as_mut().poll(cx).is_ready() {
                    news = true;
                    self.begin_to_stop();
                    self.server.handle(self.now(), Input::Stop);
                }
                news |= self.poll_reading(cx);
                news |= self.poll_store(cx);
                news |= self.poll_control(cx);
                if self.failure.is_some() && self.stopped.is_none() {
                    self.begin_to_stop();
                }
                news |= self.poll_accept(cx, &mut accepted);
                news |= self.poll_timer(cx);
                if news || !is_written || !self.woken.is_empty() {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            })
            .await;
            let now = self.now();
            if self.has_clock {
                self.server.set_clock(now, wall_clock());
            }
            let many = accepted.len() + self.turned_away == ACCEPTS;
            for (stream, peer) in accepted {
                self.take_on(now, stream, peer);
            }
            for slot in mem::take(&mut self.woken) {
                self.serve(now, slot);
            }
            // After that, so that what has just come has its turn in this pass.
            if self.is_due(now) {
                self.server.handle(now, Input::Timeout);
            }
            self.commit();
            is_written = self.write(now);
            self.show();
            is_written &= !self.act();
            self.visits.tell_if_due();
            // In writing, somebody may have gone.
            self.commit();
            if self.stopped.is_some()
                && self.server.is_committed()
                && let Some(keeping) = &mut self.keeping
            {
                keeping.close();
            }
            self.look_at_held();
            self.count(now);
            if many || !is_written || !self.woken.is_empty() || self.is_due(now) {
                // There is more to do at once; let the system tell first what else has happened.
                tokio::task::yield_now().await;
            }
        }
    }

    /// Answers those who look after the server.
    fn poll_control(&mut self, cx: &mut Context<'_>) -> bool {
        let now = self.now();
        let Some(control) = self.control.as_mut() else {
            return false;
        };
        let Poll::Ready(is_drained) = control.poll_answer(cx, now, &mut self.server) else {
            return false;
        };
        if is_drained && self.stopped.is_none() {
            self.begin_to_stop();
        }
        true
    }

    /// Takes note of what the pass did that began then.
    fn count(&mut self, begun: Timestamp) {
        let usage = self.server.usage();
        let entries = usage.last.saturating_sub(self.last);
        self.last = usage.last;
        self.metrics.passed(self.now().since(begun), entries);
        self.metrics.note(&usage, self.server.limits());
    }

    fn begin_to_stop(&mut self) {
        self.stopped = Some(Instant::now());
        // New connections are refused by the system from here on.
        self.listeners.clear();
    }

    fn now(&self) -> Timestamp {
        let elapsed = self.origin.elapsed().as_micros();
        Timestamp::from_micros(u64::try_from(elapsed).unwrap_or(u64::MAX))
    }

    fn is_due(&self, now: Timestamp) -> bool {
        self.server
            .next_timeout()
            .is_some_and(|(due, _)| due <= now)
    }

    /// Begins to have kept what happened.
    fn commit(&mut self) {
        if let Some(keeping) = &mut self.keeping {
            keeping.commit(&mut self.server);
        }
    }

    /// Hears whether what was to be kept is.
    fn poll_store(&mut self, cx: &mut Context<'_>) -> bool {
        let mut has_news = false;
        while let Some(keeping) = self.keeping.as_mut().filter(|_| self.failure.is_none())
            && let Poll::Ready(news) = keeping.poll_news(cx)
        {
            has_news = true;
            match news {
                Ok(News::Committed(first)) => {
                    self.server.handle(self.now(), Input::Committed(first));
                }
                Ok(News::Full(is_full)) => {
                    self.server.handle(self.now(), Input::DiskFull(is_full));
                }
                Err(error) => self.fail(error),
            }
        }
        has_news
    }

    /// Hears what was read in the store.
    fn poll_reading(&mut self, cx: &mut Context<'_>) -> bool {
        let mut news = false;
        while let Some(reading) = self.reading.as_mut().filter(|_| self.failure.is_none())
            && let Poll::Ready(answer) = reading.poll_answer(cx)
        {
            news = true;
            match answer {
                Ok((id, answer)) => self.server.handle(self.now(), answer.input(id)),
                Err(error) => self.fail(error),
            }
        }
        news
    }

    /// Nothing can be kept any more: everyone is let go.
    fn fail(&mut self, error: io::Error) {
        tracing::error!(%error, "the history cannot be kept; stopping");
        self.failure = Some(error);
        self.server.handle(self.now(), Input::NotCommitted);
    }

    /// Accepts what waits; whether anything did.
    fn poll_accept(
        &mut self,
        cx: &mut Context<'_>,
        accepted: &mut Vec<(L::Stream, SocketAddr)>,
    ) -> bool {
        self.turned_away = 0;
        let last_pause = self.pause;
        if last_pause.is_some_and(|(until, _)| Instant::now() < until) {
            return false;
        }
        self.pause = None;
        // Each has a turn at being first.
        let first = 1.min(self.listeners.len());
        self.listeners.rotate_left(first);
        for listener in &mut self.listeners {
            while accepted.len() + self.turned_away < ACCEPTS
                && let Poll::Ready(connection) = listener.poll_accept(cx)
            {
                match connection {
                    Ok(connection) => accepted.push(connection),
                    Err(error) if is_the_peers(&error) => {
                        self.turned_away += 1;
                        let told = error.get_ref().and_then(|error| error.downcast_ref());
                        if let Some(TurnedAway { peer, reason }) = told {
                            self.visits.turned_away(*peer, reason);
                        } else {
                            tracing::debug!(%error, "a connection failed before it was accepted");
                        }
                    }
                    Err(error) => {
                        let (first, longest) = PAUSES;
                        let length = last_pause
                            .filter(|_| accepted.is_empty())
                            .map_or(first, |(_, last)| (last * 2).min(longest));
                        self.pause = Some((Instant::now() + length, length));
                        tracing::warn!(%error, ?length, "cannot accept; trying again after a pause");
                        return !accepted.is_empty();
                    }
                }
            }
        }
        // Where so many were turned away, there may be more to accept.
        !accepted.is_empty() || self.turned_away == ACCEPTS
    }

    /// Waits for the next deadline of the core's, or the end of the pause in accepting.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> bool {
        let due = self.server.next_timeout();
        // Timers count in whole milliseconds, and what is to be gone on with does not wait for one.
        if due.is_some_and(|(due, why)| why == Timer::Resume && due <= self.now()) {
            return true;
        }
        let due = due.map(|(due, _)| self.origin + Duration::from_micros(due.as_micros()));
        // Where that has ended since it was looked at, the timer is due at once.
        let pause = self.pause.map(|(until, _)| until);
        let counted = self.visits.due();
        let Some(next) = due.into_iter().chain(pause).chain(counted).min() else {
            return false;
        };
        if self.timer.deadline() != next {
            self.timer.as_mut().reset(next);
        }
        self.timer.as_mut().poll(cx).is_ready()
    }

    fn take_on(&mut self, now: Timestamp, stream: L::Stream, peer: SocketAddr) {
        self.metrics.accepted();
        let Some(id) = self.server.accept(now, peer) else {
            self.metrics.turned_away();
            self.visits.turned_away(peer, "too many connections");
            return;
        };
        let is_refused = self.server.phase(id).is_ending();
        let visit = self.visits.came(id, peer, is_refused);
        let slot = id.slot();
        if self.sockets.len() <= slot {
            self.sockets.resize_with(slot + 1, || None);
        }
        self.sockets[slot] = Some(Socket::new(id, stream, self.ready.waker(slot), visit));
        self.woken.push(slot);
    }

    /// Takes what a socket that was woken has, through the core.
    fn serve(&mut self, now: Timestamp, slot: usize) {
        let Some(Some(socket)) = self.sockets.get_mut(slot) else {
            return;
        };
        let id = socket.id;
        self.server.handle(now, Input::Writable(id));
        socket.go_on_sending();
        let mut left = READ;
        while !socket.eof {
            if left == 0 || !self.server.wants_input(id) {
                if !mem::replace(&mut socket.held, true) {
                    self.held.push(slot);
                }
                break;
            }
            match socket.read(&mut self.buffer) {
                Poll::Pending => break,
                Poll::Ready(Ok(0)) => {
                    socket.eof = true;
                    self.server.handle(now, Input::Eof(id));
                }
                Poll::Ready(Ok(count)) => {
                    self.metrics.received.inc_by(count as u64);
                    left = left.saturating_sub(count);
                    self.server
                        .handle(now, Input::Received(id, &self.buffer[..count]));
                }
                Poll::Ready(Err(error)) => {
                    tracing::debug!(?id, %error, "reading failed");
                    socket.eof = true;
                    self.server.handle(now, Input::Lost(id));
                }
            }
        }
    }

    /// One pass over all that have something waiting, or as much of it as is done before others
    /// are heard; whether it is over.
    fn write(&mut self, now: Timestamp) -> bool {
        let begun = self.now();
        let received = begun.since(now);
        while !self.server.is_to_receive(begun, received, self.now()) {
            // Those who talk or ask without pause have no more than one thread.
            let most = if self.server.is_only_busy_left() {
                1
            } else {
                self.writers
            };
            let Some(mut round) = self.server.round(now, STRETCH * most) else {
                return true;
            };
            let (logs, outboxes) = round.outboxes();
            let writers = most.min(outboxes.len() / SHARE);
            self.metrics.deliveries.inc_by(outboxes.len() as u64);
            if writers > 1 {
                write_in_parallel(&mut self.sockets, logs, outboxes, writers, &self.metrics);
            } else {
                let mut sent = 0;
                for outbox in &mut *outboxes {
                    if let Some(Some(socket)) = self.sockets.get_mut(outbox.id().slot()) {
                        sent += socket.write(outbox, logs, &mut self.scratch);
                    }
                }
                self.metrics.sent.inc_by(sent);
            }
            let sockets = &self.sockets;
            let failed = |outbox: &Outbox| {
                let socket = sockets.get(outbox.id().slot())?.as_ref()?;
                let error = socket.failure.as_ref()?;
                tracing::debug!(id = ?socket.id, %error, "writing failed");
                Some(socket.id)
            };
            let failed: Vec<ConnId> = outboxes.iter().filter_map(failed).collect();
            drop(round);
            for id in failed {
                self.server.handle(now, Input::Lost(id));
            }
        }
        false
    }

    /// Shows what happened in this pass. The pieces that the core gives may end within a line; who
    /// has no room for both of them is not to take one alone.
    fn show(&mut self) {
        let lines = &mut self.scratch;
        lines.clear();
        let lost = self
            .server
            .transcript(|piece| lines.extend_from_slice(piece));
        if lost > 0 {
            tracing::warn!(bytes = lost, "a part of the transcript is lost");
        }
        if !lines.is_empty() {
            (self.transcript)(lines);
        }
    }

    /// Does what is to be done outside; whether there is something to write after that.
    fn act(&mut self) -> bool {
        let mut news = false;
        while let Some(action) = self.server.poll_action() {
            match action {
                Action::Read(..) | Action::Find(..) | Action::Open(..) => {
                    let asked = self.reading.as_ref().map(|reading| reading.ask(action));
                    if let Some(Err(error)) = asked {
                        news = true;
                        self.fail(error);
                    }
                }
                Action::Joined(id, name) => {
                    self.metrics.joined();
                    if let Some(Some(socket)) = self.sockets.get_mut(id.slot())
                        && let Some(visit) = &mut socket.visit
                    {
                        visit.joined(name);
                    }
                }
                Action::Finish(id) => {
                    if let Some(Some(socket)) = self.sockets.get_mut(id.slot()) {
                        socket.finish();
                    }
                }
                Action::Close(id, reason) => {
                    self.metrics.closed(reason);
                    if let Some(mut socket) = self.sockets[id.slot()].take() {
                        if let Some(visit) = socket.visit.take() {
                            visit.closed(reason);
                        }
                        socket.close::<L>();
                    }
                }
            }
        }
        news
    }

    /// Has those looked at again that were not read and may be now.
    fn look_at_held(&mut self) {
        let (server, sockets, woken) = (&self.server, &mut self.sockets, &mut self.woken);
        self.held.retain(|&slot| {
            let Some(Some(socket)) = sockets.get_mut(slot) else {
                return false;
            };
            socket.held = !server.wants_input(socket.id);
            if !socket.held {
                woken.push(slot);
            }
            socket.held
        });
    }
}

/// Has threads write, each its share. The log stands still meanwhile, and no two of them have
/// the same connection, so that what is written does not depend on them.
fn write_in_parallel<S: AsyncRead + AsyncWrite + Send + Unpin>(
    sockets: &mut [Option<Socket<S>>],
    logs: Logs<'_>,
    outboxes: &mut [Outbox],
    writers: usize,
    metrics: &Metrics,
) {
    let share = outboxes.len().div_ceil(writers);
    let with_socket = |outbox| {
        let outbox: &mut Outbox = outbox;
        let socket = sockets[outbox.id().slot()].take();
        (outbox, socket)
    };
    let mut jobs: Vec<_> = outboxes.iter_mut().map(with_socket).collect();
    let work = |jobs: &mut [(&mut Outbox, Option<Socket<S>>)]| {
        let mut scratch = Vec::new();
        let mut sent = 0;
        for (outbox, socket) in jobs {
            if let Some(socket) = socket {
                sent += socket.write(outbox, logs, &mut scratch);
            }
        }
        metrics.sent.inc_by(sent);
    };
    let mut short_of_threads = false;
    thread::scope(|scope| {
        let mut shares = jobs.chunks_mut(share);
        let own = shares.next();
        for share in shares {
            let writer = thread::Builder::new().name("writer".into());
            let started = writer.spawn_scoped(scope, move || work(share));
            short_of_threads |= started.is_err();
        }
        own.map(work);
    });
    if short_of_threads {
        work(&mut jobs); // What is written already is not written again.
    }
    for (outbox, socket) in jobs {
        sockets[outbox.id().slot()] = socket;
    }
}

/// Whether a failure to accept concerns only the connection that was to be accepted.
fn is_the_peers(error: &io::Error) -> bool {
    use io::ErrorKind::{
        ConnectionAborted, ConnectionRefused, ConnectionReset, InvalidInput, NotConnected,
    };
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | InvalidInput | NotConnected
    )
}
