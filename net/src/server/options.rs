//! How a server is run, and what it begins with.

use crate::control::Controlled;
use crate::hashing::Hasher;
use crate::metrics::Metrics;
use crate::store::Store;
use chat_core::{Limits, Origin, Secret};
use std::io;
use std::num::NonZeroUsize;
use std::time::{SystemTime, UNIX_EPOCH};

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
    /// What passwords are hashed with: argon2id, on threads of their own, where it is `None`; simulations give something that takes
    /// no time and gives the same every time.
    pub hasher: Option<Hasher>,
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
            hasher: None,
        }
    }
}

/// An origin that nobody knows, at the time that the system's clock shows.
pub(super) fn drawn() -> io::Result<Origin> {
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
pub(super) fn wall_clock() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.unwrap_or_default().as_millis();
    u64::try_from(now).unwrap_or(u64::MAX)
}
