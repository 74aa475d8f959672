//! Writing: to each connection that has something waiting, by several threads where there are many.

use super::Shell;
use crate::listener::Listener;
use crate::metrics::Metrics;
use crate::socket::Socket;
use chat_core::{ConnId, Input, Logs, Outbox, Timestamp};
use std::thread;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};

/// So many are written to before the clock is looked at.
const STRETCH: usize = 256;

/// The fewest connections that are worth a thread to write to them: each takes the system some
/// 3 µs, and a thread about 30 µs to start.
const SHARE: usize = 128;

impl<L: Listener, T: FnMut(&[u8])> Shell<L, T> {
    /// One pass over all that have something waiting, or as much of it as is done before others
    /// are heard, after what was received for so long; whether it is over.
    pub(super) fn write(&mut self, now: Timestamp, received: Duration) -> bool {
        let begun = self.now();
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
                tracing::debug!(conn = ?socket.id, %error, "writing failed");
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
