//! How fast a connection's lines are handled, and those of all connections of a host (PROTOCOL.md,
//! "Flow").
//!
//! Whatever a connection sends is taken from its [`Buckets`] and from its host's. While one of them
//! owes something, no further line of it is handled, and so no more is read from it: nothing is
//! dropped. Where a host's are what is missing, its connections are gone on with line by line, each
//! having its share, and who has not used theirs first: start-time fair queueing (Goyal et al., SIGCOMM
//! 1996).

use super::Server;
use super::bucket::Buckets;
use crate::mark::{Mark, mark, mark_if};
use crate::types::conn_id::ConnId;
use crate::types::limits::MAX_JSON_LINE;
use crate::types::peer::Host;
use crate::types::rate::Rates;
use crate::types::time::Timestamp;
use crate::wire::dialect::Dialect;
use crate::wire::notice::Notice;
use alloc::collections::{BTreeMap, BTreeSet};
use core::time::Duration;

/// Hosts that something is known of at once, but for those that have connections waiting.
const MOST_HOSTS: usize = 32 * 1024;

/// Who has more private bytes waiting than this, about a line, is not told that it is read slowly: it would only
/// fall behind for that.
const LITTLE: usize = 128;

/// Persons are told again after so many times as long as programs, which ask whether a server is there that is
/// silent.
const SELDOM: u32 = 5;

/// Who was not held back for so long is not told of what was before.
const PAUSE: Duration = Duration::from_secs(1);

/// The virtual time of a host that many talk from goes on by itself, by a part of what is used: so
/// whoever comes again and again as somebody else does not make the others wait for ever.
const DRIFT: u64 = 256;

/// What a connection has sent, and what it waits for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Pace {
    sent: Buckets,
    wait: Wait,
    /// The virtual time of its host at which it has used up its share.
    share: u64,
    /// When its timer goes off: then its own buckets allow its next line, or the server tells it that it is read slowly.
    timer: Option<Timestamp>,
    /// When the server tells it that it is read slowly.
    tell_at: Timestamp,
    /// When it was held back last.
    held_at: Timestamp,
}

/// What the lines of a connection wait for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Wait {
    #[default]
    Nothing,
    /// Its own buckets.
    Own,
    /// Its host's: its place among those that wait.
    Host(u64, u64),
    /// Nothing: its line is the host's next.
    Next,
}

/// What all connections of a host have sent, and which of them wait.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct HostPace {
    sent: Buckets,
    /// The time that what was sent takes at the host's rate, for each that waits, in nanoseconds.
    virtual_now: u64,
    waiting: BTreeSet<(u64, u64, ConnId)>,
    /// Whose line is next.
    next: Option<ConnId>,
    timer: Option<Timestamp>,
}

/// Who is to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Whose {
    Connection(ConnId),
    Host(Host),
}

/// The hosts, and when something is ready.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Paces {
    hosts: BTreeMap<Host, HostPace>,
    timers: BTreeSet<(Timestamp, Whose)>,
    places: u64,
    /// With so many hosts, those of which nothing needs to be known are forgotten.
    sweep_at: usize,
}

impl Paces {
    /// The next moment at which something is ready.
    pub(super) fn next_timeout(&self) -> Option<Timestamp> {
        self.timers.first().map(|&(at, _)| at)
    }

    /// Takes from a host's buckets.
    fn take(
        &mut self,
        now: Timestamp,
        rates: &Rates,
        host: Host,
        share: &mut u64,
        (lines, bytes): (u64, u64),
    ) {
        if !self.hosts.contains_key(&host) && self.hosts.len() >= self.sweep_at {
            self.sweep(now, rates);
        }
        let pace = self.hosts.entry(host).or_default();
        pace.sent.take(now, rates, lines, bytes);
        let cost = rates.time_of(lines, bytes);
        *share = pace.next_share(rates, *share).saturating_add(cost);
        if pace.is_waited_for() {
            pace.virtual_now = pace.virtual_now.saturating_add(cost / DRIFT);
        } else {
            pace.virtual_now = pace.virtual_now.max(*share);
        }
    }

    /// Forgets hosts whose buckets are full; where that leaves many, those that owe nothing, and at
    /// last all of which no connection waits.
    fn sweep(&mut self, now: Timestamp, rates: &Rates) {
        let is_full = |pace: &HostPace| pace.sent.is_full(now);
        let is_ready = |pace: &HostPace| pace.sent.is_ready(now, rates);
        let steps: [&dyn Fn(&HostPace) -> bool; 3] = [&is_full, &is_ready, &|_| true];
        for may_go in steps {
            self.hosts
                .retain(|_, pace| pace.is_waited_for() || !may_go(pace));
            if self.hosts.len() < MOST_HOSTS / 2 {
                break;
            }
        }
        self.sweep_at = (2 * self.hosts.len()).max(64);
    }
}

impl HostPace {
    fn is_waited_for(&self) -> bool {
        self.next.is_some() || !self.waiting.is_empty()
    }

    /// Where the share of a connection begins that has had one until `share`: not in the past, and
    /// at most a line later than now.
    fn next_share(&self, rates: &Rates, share: u64) -> u64 {
        let longest = rates.time_of(1, MAX_JSON_LINE as u64);
        let latest = self.virtual_now.saturating_add(longest);
        share.clamp(self.virtual_now, latest)
    }
}

impl Server {
    /// Whether no further line of a connection may be handled yet, which has sent so much, and whose host has limits.
    pub(super) fn is_paced_by(&self, own: Option<&Pace>, host: Host) -> bool {
        if own.is_some_and(|pace| pace.wait == Wait::Next) {
            return false;
        }
        let is_owing = own.is_some_and(|pace| !pace.sent.is_ready(self.now, &self.limits.rate));
        is_owing || self.is_host_paced(host)
    }

    fn is_host_paced(&self, host: Host) -> bool {
        self.paces.hosts.get(&host).is_some_and(|pace| {
            let is_owing = !pace.sent.is_ready(self.now, &self.limits.host_rate);
            is_owing || pace.is_waited_for()
        })
    }

    /// Takes note of what a connection sent and is handled now.
    pub(super) fn pay(&mut self, id: ConnId, lines: u64, bytes: usize) {
        let now = self.now;
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        if bytes == 0 || !connection.limited {
            return;
        }
        let host = connection.peer.host;
        let bytes = bytes as u64;
        let pace = connection.inbound.pace.get_or_insert_default();
        pace.sent.take(now, &self.limits.rate, lines, bytes);
        let rates = &self.limits.host_rate;
        let share = &mut pace.share;
        self.paces.take(now, rates, host, share, (lines, bytes));
        self.give_up_next(id);
    }

    /// Has a connection's lines wait until they may be handled.
    pub(super) fn wait_for_pace(&mut self, id: ConnId) {
        let now = self.now;
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        let host = connection.peer.host;
        let pace = connection.inbound.pace.get_or_insert_default();
        if pace.wait != Wait::Nothing {
            return;
        }
        if now.since(pace.held_at) > PAUSE || pace.tell_at == Timestamp::ZERO {
            pace.tell_at = now + self.limits.slow;
        }
        if pace.sent.is_ready(now, &self.limits.rate) {
            mark(Mark::HeldByHost);
            let nth = self.paces.places;
            self.paces.places += 1;
            let host = self.paces.hosts.entry(host).or_default();
            let tag = host.next_share(&self.limits.host_rate, pace.share);
            pace.wait = Wait::Host(tag, nth);
            mark_if(host.waiting.len() > 1, Mark::HostShared);
            host.waiting.insert((tag, nth, id));
        } else {
            mark(Mark::HeldByRate);
            pace.wait = Wait::Own;
        }
        self.tell_slow(id);
        self.set_pace_timer(id);
        self.go_on_with_host(host);
    }

    /// Goes on with those whose time has come.
    pub(super) fn go_on_with_paces(&mut self) {
        let now = self.now;
        while let Some(&(at, whose)) = self.paces.timers.first()
            && at <= now
        {
            self.paces.timers.pop_first();
            match whose {
                Whose::Host(host) => {
                    if let Some(pace) = self.paces.hosts.get_mut(&host) {
                        pace.timer = None;
                    }
                    self.go_on_with_host(host);
                }
                Whose::Connection(id) => self.look_at(id),
            }
        }
    }

    fn look_at(&mut self, id: ConnId) {
        let now = self.now;
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        let host = connection.peer.host;
        let Some(pace) = connection.inbound.pace.as_mut() else {
            return;
        };
        pace.timer = None;
        if pace.wait == Wait::Own && pace.sent.is_ready(now, &self.limits.rate) {
            pace.wait = Wait::Nothing;
            pace.held_at = now;
            if self.is_host_paced(host) {
                return self.wait_for_pace(id);
            }
            return self.queue_on(id);
        }
        self.tell_slow(id);
        self.set_pace_timer(id);
    }

    /// Tells a connection that has been held back for long, so that it does not take the server for
    /// dead.
    fn tell_slow(&mut self, id: ConnId) {
        let now = self.now;
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        let has_room = !connection.outbound.blocked && connection.private() < LITTLE;
        let Some(pace) = connection.inbound.pace.as_mut() else {
            return;
        };
        pace.held_at = now;
        if pace.tell_at > now {
            return;
        }
        let times = match connection.dialect {
            Dialect::Text => SELDOM,
            Dialect::Json => 1,
        };
        pace.tell_at = now + self.limits.slow * times;
        let is_in = connection.phase.is_in_room();
        let line = Notice::Slow.to_line(connection.dialect);
        if is_in && has_room && self.fits(id, &line) {
            mark(Mark::ToldSlow);
            self.note(id, &line);
        }
    }

    /// Has a connection that waits looked at when that is of use.
    fn set_pace_timer(&mut self, id: ConnId) {
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        let Some(pace) = connection.inbound.pace.as_mut() else {
            return;
        };
        let due = match pace.wait {
            Wait::Nothing | Wait::Next => None,
            Wait::Own => Some(pace.sent.ready_at(&self.limits.rate).min(pace.tell_at)),
            Wait::Host(..) => Some(pace.tell_at),
        };
        self.paces
            .set_timer(&mut pace.timer, due, Whose::Connection(id));
    }

    /// Goes on with the next connection of a host, or waits until that may be.
    fn go_on_with_host(&mut self, host: Host) {
        let now = self.now;
        let Some(pace) = self.paces.hosts.get_mut(&host) else {
            return;
        };
        let ready = pace.sent.ready_at(&self.limits.host_rate);
        let is_due = pace.next.is_none() && !pace.waiting.is_empty();
        let mut timer = pace.timer;
        let due = Some(ready).filter(|ready| is_due && *ready > now);
        self.paces.set_timer(&mut timer, due, Whose::Host(host));
        let Some(pace) = self.paces.hosts.get_mut(&host) else {
            return;
        };
        pace.timer = timer;
        if !is_due || ready > now {
            return;
        }
        let Some((tag, _, id)) = pace.waiting.pop_first() else {
            return;
        };
        pace.virtual_now = pace.virtual_now.max(tag);
        pace.next = Some(id);
        if let Some(pace) = self
            .connections
            .get_mut(id)
            .and_then(|c| c.inbound.pace.as_mut())
        {
            pace.wait = Wait::Next;
            pace.held_at = now;
        }
        self.set_pace_timer(id);
        self.queue_by_rate(id);
    }

    /// A connection whose line was the host's next does not need that any more.
    pub(super) fn give_up_next(&mut self, id: ConnId) {
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        let host = connection.peer.host;
        if let Some(pace) = &mut connection.inbound.pace
            && pace.wait == Wait::Next
        {
            pace.wait = Wait::Nothing;
            if let Some(pace) = self.paces.hosts.get_mut(&host) {
                pace.next = None;
            }
            self.go_on_with_host(host);
        }
    }

    /// Nothing that a connection sends is handled any more.
    pub(super) fn end_pace(&mut self, id: ConnId) {
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        let host = connection.peer.host;
        let Some(mut pace) = connection.inbound.pace.take() else {
            return;
        };
        self.paces
            .set_timer(&mut pace.timer, None, Whose::Connection(id));
        if let Some(host) = self.paces.hosts.get_mut(&host) {
            match pace.wait {
                Wait::Host(tag, nth) => {
                    mark(Mark::ClosedHeldBack);
                    host.waiting.remove(&(tag, nth, id));
                }
                Wait::Next => host.next = None,
                Wait::Own | Wait::Nothing => {}
            }
        }
        self.go_on_with_host(host);
    }
}

impl Paces {
    fn set_timer(&mut self, timer: &mut Option<Timestamp>, due: Option<Timestamp>, whose: Whose) {
        if *timer == due {
            return;
        }
        if let Some(at) = timer.take() {
            self.timers.remove(&(at, whose));
        }
        if let Some(at) = due {
            self.timers.insert((at, whose));
        }
        *timer = due;
    }
}
