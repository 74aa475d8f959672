//! Who came and went, for the log: from where, under what name, and why; never what was said.
//!
//! One connection takes three lines at most. So that a storm of them does not fill a disk, only the first
//! of each host are told one by one in a while, and the others are counted.

use chat_core::{CloseReason, ConnId, Host, Name};
use std::collections::BTreeMap;
use std::mem;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::Instant;
use tracing::Level;

/// The time in which connections are counted together.
pub(crate) const WHILE: Duration = Duration::from_secs(10);

/// Connections of one host that are told one by one in a while: a class that sits down at once.
pub(crate) const ADMITTED: u32 = 50;

/// Refused connections of one host that are told one by one in a while.
pub(crate) const REFUSED: u32 = 5;

/// Connections of all hosts that are told one by one in a while.
pub(crate) const ALL: u32 = 500;

/// Hosts that are counted one by one in a while; the others are counted together.
pub(crate) const HOSTS: usize = 100;

/// A connection that is told of.
#[derive(Debug)]
pub(crate) struct Visit {
    id: ConnId,
    peer: SocketAddr,
    name: Option<Name>,
    /// Under what name it came in, if it has another one now.
    joined_as: Option<Name>,
}

impl Visit {
    /// It is in the room now.
    pub(crate) fn joined(&mut self, name: Name) {
        tracing::info!(conn = ?self.id, peer = %self.peer, %name, "joined");
        self.name = Some(name);
    }

    /// It has another name now. That is told at its end: whoever changes it without end fills no disk.
    pub(crate) fn renamed(&mut self, name: Name) {
        let before = self.name.replace(name);
        let first = self.joined_as.take().or(before);
        self.joined_as = first.filter(|first| self.name.as_ref() != Some(first));
    }

    /// It is over.
    pub(crate) fn closed(&self, reason: CloseReason) {
        use CloseReason::{Eof, Kicked, Left, Lost, Replaced, Stalled, Stopped, TooFarBehind};
        let Self { id, peer, name, .. } = self;
        match (name, reason) {
            (Some(name), _) => {
                let joined_as = self.joined_as.as_ref().map(tracing::field::display);
                tracing::info!(conn = ?id, %peer, %name, joined_as, %reason, "left");
            }
            (None, Eof | Kicked | Left | Lost | Replaced | Stalled | Stopped | TooFarBehind) => {
                tracing::info!(conn = ?id, %peer, %reason, "gone, and was not in the room");
            }
            (None, _) => tracing::info!(conn = ?id, %peer, %reason, "refused"),
        }
    }
}

/// Connections of a kind that came in a while.
#[derive(Debug, Default)]
struct Tally {
    told: u32,
    more: u64,
}

/// Those of a host, or of several.
#[derive(Debug, Default)]
struct Count {
    admitted: Tally,
    refused: Tally,
}

/// How many came lately.
#[derive(Debug)]
pub(crate) struct Visits {
    /// When they are counted anew.
    until: Instant,
    /// Those that were told one by one, and those that were not.
    all: Tally,
    hosts: BTreeMap<Host, Count>,
    /// Those of which no host is counted one by one.
    others: Count,
}

impl Visits {
    pub(crate) fn new() -> Self {
        Self {
            until: Instant::now(),
            all: Tally::default(),
            hosts: BTreeMap::new(),
            others: Count::default(),
        }
    }

    /// A connection came. It is in, or is about to be told why not.
    pub(crate) fn came(
        &mut self,
        id: ConnId,
        peer: SocketAddr,
        is_refused: bool,
    ) -> Option<Box<Visit>> {
        if !self.is_told(peer, is_refused) {
            return None;
        }
        if !is_refused {
            tracing::info!(conn = ?id, %peer, "connected");
        }
        Some(Box::new(Visit {
            id,
            peer,
            name: None,
            joined_as: None,
        }))
    }

    /// A connection was closed as soon as it came.
    pub(crate) fn turned_away(&mut self, peer: SocketAddr, reason: &str) {
        if self.is_told(peer, true) {
            tracing::info!(%peer, reason, "refused");
        }
    }

    /// Counts one more; whether it is told.
    fn is_told(&mut self, peer: SocketAddr, is_refused: bool) -> bool {
        if !tracing::enabled!(Level::INFO) {
            return false;
        }
        if Instant::now() >= self.until {
            self.tell_the_rest();
            self.until = Instant::now() + WHILE;
        }
        let host = Host::of(peer.ip());
        let count = if self.hosts.contains_key(&host) || self.hosts.len() < HOSTS {
            self.hosts.entry(host).or_default()
        } else {
            &mut self.others
        };
        let (tally, most) = if is_refused {
            (&mut count.refused, REFUSED)
        } else {
            (&mut count.admitted, ADMITTED)
        };
        let is_told = tally.told < most && self.all.told < ALL;
        for tally in [tally, &mut self.all] {
            tally.told += u32::from(is_told);
            tally.more += u64::from(!is_told);
        }
        is_told
    }

    /// When the log is to say how many more there were, if there were any.
    pub(crate) fn due(&self) -> Option<Instant> {
        (self.all.more > 0).then_some(self.until)
    }

    /// Tells how many more there were, once that is due.
    pub(crate) fn tell_if_due(&mut self) {
        if self.due().is_some_and(|due| due <= Instant::now()) {
            self.tell_the_rest();
        }
    }

    /// Tells how many more there were.
    pub(crate) fn tell_the_rest(&mut self) {
        self.all = Tally::default();
        let others = mem::take(&mut self.others);
        let hosts = mem::take(&mut self.hosts).into_iter();
        let hosts = hosts.map(|(host, count)| (host.to_string(), count));
        for (host, count) in hosts.chain([("other hosts".into(), others)]) {
            let Count { admitted, refused } = count;
            let seconds = WHILE.as_secs();
            if admitted.more > 0 {
                tracing::info!(host, more = admitted.more, seconds, "and more connected");
            }
            if refused.more > 0 {
                tracing::info!(host, more = refused.more, seconds, "and more refused");
            }
        }
    }
}
