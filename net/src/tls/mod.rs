//! TLS: a listener around another one, whose handshakes nobody waits for.
//!
//! The inner listener accepts; each handshake is a task of its own on another thread's runtime, with a deadline of
//! 5 s. Only a connection that has shaken hands comes out. So neither a slow handshake nor the arithmetic of a fast
//! one holds up the room.

mod handshake;
mod identity;
mod stream;

pub use identity::Identity;
pub use stream::TlsStream;

use crate::listener::Listener;
use crate::underway::Underway;
use rustls::ServerConfig;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::time::Instant;

/// Handshakes under way at once, per listener. With one more, the oldest of the host that has most of them is
/// given up: silence in any number shuts nobody out.
pub const HANDSHAKES: usize = 1024;

/// Why those are given up.
const CROWDED: &str = "too many others were shaking hands (TLS)";

/// The most connections taken from the inner listener in one call.
const ACCEPTS: usize = 64;

/// A thread for handshakes alone, which ends with this.
#[derive(Debug)]
pub struct HandshakeThread {
    runtime: Handle,
    _end: oneshot::Sender<()>,
}

impl HandshakeThread {
    /// Starts it.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_time().build()?;
        let handle = runtime.handle().clone();
        let (end, ended) = oneshot::channel::<()>();
        thread::Builder::new().name("tls".into()).spawn(move || {
            // An error is the end, too.
            let _ = runtime.block_on(ended);
        })?;
        Ok(Self {
            runtime: handle,
            _end: end,
        })
    }

    /// Where its tasks are spawned.
    pub fn runtime(&self) -> &Handle {
        &self.runtime
    }
}

/// A listener whose connections have shaken hands.
#[derive(Debug)]
pub struct TlsListener<L: Listener> {
    inner: L,
    config: Arc<ServerConfig>,
    underway: Underway<TlsStream<L::Stream>>,
}

impl<L: Listener> TlsListener<L>
where
    L::Stream: 'static,
{
    /// Has those who connect to `inner` shake hands, each in a task on `runtime`.
    ///
    /// # Errors
    /// When the provider of cryptography lacks what it is to have.
    pub fn new(inner: L, identity: &Arc<Identity>, runtime: &Handle) -> io::Result<Self> {
        Ok(Self {
            inner,
            config: identity.config()?,
            underway: Underway::new(HANDSHAKES, CROWDED, runtime.clone()),
        })
    }

    /// Begins the handshakes of those who wait.
    fn take_on(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        for _ in 0..ACCEPTS {
            if !self.underway.has_room() {
                // Who was given up is not gone yet; that will be told.
                return Ok(());
            }
            let Poll::Ready(accepted) = self.inner.poll_accept(cx) else {
                return Ok(());
            };
            let (stream, peer) = accepted?;
            let config = Arc::clone(&self.config);
            let handshake = handshake::shake_hands(stream, config, Instant::now());
            let with_peer = async move { handshake.await.map(|stream| (stream, peer)) };
            self.underway.begin(peer, with_peer);
        }
        // There may be more.
        cx.waker().wake_by_ref();
        Ok(())
    }
}

impl<L: Listener> Listener for TlsListener<L>
where
    L::Stream: 'static,
{
    type Stream = TlsStream<L::Stream>;

    fn poll_accept(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<(Self::Stream, SocketAddr)>> {
        self.take_on(cx)?;
        self.underway.poll_next(cx).map_err(io::Error::from)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    fn is_encrypted(_stream: &Self::Stream) -> bool {
        true
    }

    fn reset(stream: Self::Stream) {
        L::reset(stream.into_inner());
    }
}
