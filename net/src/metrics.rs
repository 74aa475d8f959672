//! What a server counts while it runs. Whoever reads the figures does not disturb it: they are atomic.

use chat_core::{CloseReason, Usage};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use std::time::Duration;

/// The label of what has several reasons: never a name, a room or an address.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Why {
    reason: &'static str,
}

/// The figures of one server; clones are the same figures.
#[derive(Clone, Debug)]
pub struct Metrics {
    accepted: Counter,
    refused: Family<Why, Counter>,
    closed: Family<Why, Counter>,
    joined: Counter,
    pub(crate) entries: Counter,
    pub(crate) deliveries: Counter,
    pub(crate) received: Counter,
    pub(crate) sent: Counter,
    batches: Histogram,
    pub(crate) commits: Histogram,
    passes: Histogram,
    connections: Gauge,
    connections_limit: Gauge,
    people: Gauge,
    detached: Gauge,
    detached_limit: Gauge,
    held: Gauge,
    held_limit: Gauge,
    behind: Gauge,
    behind_limit: Gauge,
    disk_full: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let seconds = || Histogram::new(exponential_buckets(0.000_1, 4.0, 9));
        Self {
            accepted: Counter::default(),
            refused: Family::default(),
            closed: Family::default(),
            joined: Counter::default(),
            entries: Counter::default(),
            deliveries: Counter::default(),
            received: Counter::default(),
            sent: Counter::default(),
            batches: Histogram::new(exponential_buckets(1.0, 4.0, 8)),
            commits: seconds(),
            passes: seconds(),
            connections: Gauge::default(),
            connections_limit: Gauge::default(),
            people: Gauge::default(),
            detached: Gauge::default(),
            detached_limit: Gauge::default(),
            held: Gauge::default(),
            held_limit: Gauge::default(),
            behind: Gauge::default(),
            behind_limit: Gauge::default(),
            disk_full: Gauge::default(),
        }
    }
}

impl Metrics {
    /// Makes the figures known under their names.
    #[rustfmt::skip]
    pub fn register(&self, registry: &mut Registry) {
        let it = self.clone();
        registry.register("connections_accepted", "Connections that came, refused ones too", it.accepted);
        registry.register("connections_refused", "Connections that were refused, by reason", it.refused);
        registry.register("connections_closed", "Connections that ended and had not been refused, by reason", it.closed);
        registry.register("joins", "Connections that came into the room", it.joined);
        registry.register("entries", "Entries appended to the log: joinings, leavings, lines", it.entries);
        registry.register("deliveries", "Writes to one connection of all that waited for it", it.deliveries);
        registry.register_with_unit("received", "Bytes that came from clients", Unit::Bytes, it.received);
        registry.register_with_unit("sent", "Bytes that went to clients", Unit::Bytes, it.sent);
        registry.register("batch_entries", "Entries appended in one pass", it.batches);
        registry.register_with_unit("commit", "Time until a batch was on the disk", Unit::Seconds, it.commits);
        registry.register_with_unit("pass", "Time that one pass took: what comes meanwhile waits for it", Unit::Seconds, it.passes);
        registry.register("connections", "Connections, in any phase", it.connections);
        registry.register("connections_limit", "Connections that are granted a place (--max-connections)", it.connections_limit);
        registry.register("people", "People in the room", it.people);
        registry.register("detached_sessions", "Sessions that wait for their client to come back", it.detached);
        registry.register("detached_sessions_limit", "As many sessions may wait", it.detached_limit);
        registry.register_with_unit("held", "Bytes held for slow readers that the log has left behind", Unit::Bytes, it.held);
        registry.register_with_unit("held_limit", "As many bytes may be held", Unit::Bytes, it.held_limit);
        registry.register_with_unit("behind", "Bytes that wait for whoever is furthest behind with a full socket", Unit::Bytes, it.behind);
        registry.register_with_unit("behind_limit", "Whoever is further behind is told and closed", Unit::Bytes, it.behind_limit);
        registry.register("disk_full", "1 while the disk has no room for what is said", it.disk_full);
    }

    pub(crate) fn accepted(&self) {
        self.accepted.inc();
    }

    pub(crate) fn joined(&self) {
        self.joined.inc();
    }

    /// A connection was closed as soon as it came.
    pub(crate) fn turned_away(&self) {
        let reason = "unheard";
        self.refused.get_or_create(&Why { reason }).inc();
    }

    pub(crate) fn closed(&self, reason: CloseReason) {
        let (family, reason) = match reason {
            CloseReason::Left => (&self.closed, "left"),
            CloseReason::Eof => (&self.closed, "eof"),
            CloseReason::Lost => (&self.closed, "lost"),
            CloseReason::TooFarBehind => (&self.closed, "too_far_behind"),
            CloseReason::Stalled => (&self.closed, "stalled"),
            CloseReason::Replaced => (&self.closed, "replaced"),
            CloseReason::Kicked => (&self.closed, "kicked"),
            CloseReason::Stopped => (&self.closed, "stopped"),
            CloseReason::Refused => (&self.refused, "full"),
            CloseReason::Foreign(_) => (&self.refused, "foreign_protocol"),
            CloseReason::HostFull => (&self.refused, "host_connections"),
            CloseReason::HostUnjoined => (&self.refused, "host_unjoined"),
            CloseReason::TooManyJoins => (&self.refused, "host_joins"),
            CloseReason::TooManyTokens => (&self.refused, "host_tokens"),
            CloseReason::DiskFull => (&self.refused, "disk_full"),
            CloseReason::Unended => (&self.refused, "unended_first_line"),
            CloseReason::GaveWay => (&self.refused, "gave_way"),
            CloseReason::Banned => (&self.refused, "banned"),
            CloseReason::NotToRead => (&self.refused, "not_to_read"),
            CloseReason::Json => (&self.refused, "bad_hello"),
        };
        family.get_or_create(&Why { reason }).inc();
    }

    /// A pass is over, in which so many entries were appended.
    pub(crate) fn passed(&self, took: Duration, entries: u64) {
        self.passes.observe(took.as_secs_f64());
        if entries > 0 {
            self.entries.inc_by(entries);
            #[expect(clippy::cast_precision_loss, reason = "it is a few thousand at most")]
            self.batches.observe(entries as f64);
        }
    }

    /// What is there now, and what is granted.
    pub(crate) fn note(&self, usage: &Usage, limits: &chat_core::Limits) {
        let set = |gauge: &Gauge, value: usize| {
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        };
        let set_bytes = |gauge: &Gauge, value: u64| gauge.set(value.cast_signed());
        set(&self.connections, usage.connections);
        set(&self.connections_limit, limits.connections);
        set(&self.people, usage.members);
        set(&self.detached, usage.detached);
        set(&self.detached_limit, limits.detached);
        set_bytes(&self.held, usage.copied);
        set_bytes(&self.held_limit, limits.copies);
        set_bytes(&self.behind, usage.behind);
        set_bytes(&self.behind_limit, limits.behind);
        self.disk_full.set(usage.is_disk_full.into());
    }
}
