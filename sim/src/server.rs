//! The server's host: the shipped accept loop and connection loop, behind a
//! simulated listener.

use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Duration,
};

use chat_core::{HASH, HostLimits, Limits, Origin, Rate, Rates, SALT, Secret, Verifier};
use chat_net::Options;
use tokio::sync::mpsc;
use turmoil::net::{TcpListener, TcpStream};

use crate::{
    chop::Chop,
    dice::Dice,
    host::PORT,
    record::{Kind, Witness},
    scenario::{Ending, Server},
};

type Accepting = Pin<Box<dyn Future<Output = io::Result<(TcpStream, SocketAddr)>>>>;

/// The simulated network's listener, as production's is.
struct Listener {
    inner: Rc<TcpListener>,
    accepting: Option<Accepting>,
    /// The address for the screen. The simulated host has one of its own,
    /// which nobody ever types.
    address: SocketAddr,
    /// The seed of the streams, where they are chopped.
    seed: Option<u64>,
    accepted: u64,
}

impl chat_net::Listener for Listener {
    type Stream = Chop<TcpStream>;

    fn poll_accept(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<(Self::Stream, SocketAddr)>> {
        let accepting = self.accepting.get_or_insert_with(|| {
            let inner = Rc::clone(&self.inner);
            Box::pin(async move { inner.accept().await })
        });
        let accepted = ready!(accepting.as_mut().poll(cx));
        self.accepting = None;
        let (stream, peer) = accepted?;
        self.accepted += 1;
        let dice = self.seed.map(|seed| Dice::new(seed, self.accepted));
        Poll::Ready(Ok((Chop::new(stream, dice), peer)))
    }

    /// As over TLS: passwords are taken.
    fn is_encrypted(_stream: &Self::Stream) -> bool {
        true
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

/// The shipped limits, but for those the scenario sets.
pub(crate) fn limits(server: &Server) -> Limits {
    // Crowds come from a few hosts, and many of a scenario only listen: nobody gives way to who comes later.
    let mut limits = Limits {
        host: HostLimits::UNLIMITED,
        give_way: Rate::per_second(0, 0),
        ..Limits::default()
    };
    if let Some(connections) = server.connections {
        limits.connections = connections;
    }
    if let Some(behind) = server.behind {
        limits.behind = behind;
    }
    if let Some(batch) = server.batch {
        limits.batch = batch;
    }
    if let Some(ms) = server.stall_ms {
        limits.stall = Duration::from_millis(ms);
    }
    if let Some(ms) = server.shutdown_ms {
        limits.shutdown = Duration::from_millis(ms);
    }
    if let Some(lines) = server.rate {
        limits.rate = Rates::of_lines(lines);
        limits.host_rate = limits.rate;
    }
    limits
}

/// A password hashed for nobody to keep: in no time, and the same every time.
fn hashed(password: &str, salt: Option<Secret<[u8; SALT]>>) -> Verifier {
    let salt = salt.unwrap_or(Secret([7; SALT]));
    let mut hash = [salt[0]; HASH];
    for (nth, byte) in password.bytes().enumerate() {
        hash[nth % HASH] = hash[nth % HASH].rotate_left(3) ^ byte;
    }
    let hash = Secret(hash);
    Verifier { salt, hash }
}

/// How a server is run whose log has this name.
pub(crate) fn options(limits: Limits, epoch: u128) -> Options {
    let origin = Origin {
        epoch,
        ..Origin::default()
    };
    Options {
        origin: Some(origin),
        hasher: Some(hashed),
        ..Options::from(limits)
    }
}

/// What is asked of a server that runs.
#[derive(Debug)]
pub(crate) enum Asked {
    Stop,
    Drain,
    Reload(Box<Limits>),
}

/// One life of the server.
pub(crate) async fn run(
    witness: Witness,
    mut options: Options,
    address: SocketAddr,
    seed: Option<u64>,
    mut asked: mpsc::Receiver<Asked>,
) {
    let inner = match TcpListener::bind(("0.0.0.0", PORT)).await {
        Ok(inner) => Rc::new(inner),
        Err(error) => {
            witness.event(format!("cannot listen: {error}"));
            return witness.end(Ending::Failed);
        }
    };
    let listener = Listener {
        inner,
        accepting: None,
        address,
        seed,
        accepted: 0,
    };
    let (control, controlled) = chat_net::control();
    options.control = Some(controlled);
    let mut screen = witness.clone();
    let teller = witness.clone();
    let ended = chat_net::serve(
        vec![listener],
        options,
        |bytes: &[u8]| screen.bytes(Kind::Transcript, bytes),
        async move {
            loop {
                let answered = match asked.recv().await {
                    None => std::future::pending().await,
                    Some(Asked::Stop) => return,
                    Some(Asked::Drain) => control.drain().await.map(|_| ()),
                    Some(Asked::Reload(limits)) => control.set_limits(*limits).await,
                };
                if answered.is_err() {
                    teller.event("does not answer".into());
                }
            }
        },
    )
    .await;
    screen.flush(Kind::Transcript);
    match ended {
        Ok(()) => witness.end(Ending::Left),
        Err(error) => {
            witness.event(format!("failed: {error}"));
            witness.end(Ending::Failed);
        }
    }
}
