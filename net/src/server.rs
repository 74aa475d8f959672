//! The server's shell: one task that owns the core and all sockets.
//!
//! Every pass takes what arrived since the last one through the core, then writes once to each
//! connection that has something waiting (README.md, "The hot path").

mod accept;
mod news;
mod options;
mod timer;
mod write;

pub use options::Options;

use crate::connection_log::Visits;
use crate::control::Controlled;
use crate::hashing::Hashing;
use crate::listener::Listener;
use crate::metrics::Metrics;
use crate::ready::Ready;
use crate::socket::Socket;
use crate::store_reader::Reading;
use crate::store_writer::{Keeping, rooms};
use accept::ACCEPTS;
use chat_core::{Action, Input, Server, Timestamp};
use options::{drawn, wall_clock};
use std::future::{Future, poll_fn};
use std::io;
use std::mem;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::thread;
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};

/// The most bytes read from a connection in one pass.
const READ: usize = 16 * 1024;

/// The most bytes read at once. The core keeps as much of each connection that waits for its turn.
const CHUNK: usize = 4 * 1024;

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
        hasher,
    } = options.into();
    let has_clock = origin.is_none();
    let bound = limits.shutdown;
    let mut origin = origin.map_or_else(drawn, Ok)?;
    let (reads, hashes) = (limits.reads, limits.hashes);
    let (server, reading, keeping) = match store {
        None => (Server::with_origin(limits, origin), None, None),
        Some(store) => {
            let (epoch, rooms) = rooms(&store).map_err(io::Error::other)?;
            origin.epoch = epoch;
            let server = Server::restored(limits, origin, rooms, store.rooms());
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
        hashing: Hashing::new(hashes, hasher),
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
    hashing: Hashing,
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
                news |= self.poll_hashing(cx);
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
            let received = self.now().since(now);
            self.commit();
            is_written = self.write(now, received);
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

    /// Begins to have kept what happened.
    fn commit(&mut self) {
        if let Some(keeping) = &mut self.keeping {
            keeping.commit(&mut self.server);
        }
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
                    tracing::debug!(conn = ?id, %error, "reading failed");
                    socket.eof = true;
                    self.server.handle(now, Input::Lost(id));
                }
            }
        }
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
                Action::Hash(id, password, salt) => self.hashing.begin(id, password, salt),
                Action::Joined(id, name) => {
                    self.metrics.joined();
                    if let Some(Some(socket)) = self.sockets.get_mut(id.slot())
                        && let Some(visit) = &mut socket.visit
                    {
                        visit.joined(name);
                    }
                }
                Action::Renamed(id, name) => {
                    if let Some(Some(socket)) = self.sockets.get_mut(id.slot())
                        && let Some(visit) = &mut socket.visit
                    {
                        visit.renamed(name);
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
