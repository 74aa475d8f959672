//! Newcomers: accepted a bounded number at a time, with a pause where the system has no more descriptors.

use super::Shell;
use crate::listener::{Listener, TurnedAway};
use crate::socket::Socket;
use chat_core::{Peer, Timestamp};
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Instant;

/// The most connections accepted in one pass.
pub(super) const ACCEPTS: usize = 256;

/// The first and the longest pause after a failure to accept; each is twice the one before.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

impl<L: Listener, T: FnMut(&[u8])> Shell<L, T> {
    /// Accepts what waits; whether anything did.
    pub(super) fn poll_accept(
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

    pub(super) fn take_on(&mut self, now: Timestamp, stream: L::Stream, peer: SocketAddr) {
        self.metrics.accepted();
        let from = Peer::from(peer).encrypted(L::is_encrypted(&stream));
        let Some(id) = self.server.accept(now, from) else {
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
