//! Hosts: what each may have of the server at once, and in a time (PROTOCOL.md, "Hosts").

use super::bucket::Bucket;
use crate::types::limits::{HostLimits, is_below};
use crate::types::peer::Host;
use crate::types::rate::Rate;
use crate::types::time::Timestamp;
use alloc::collections::{BTreeMap, BTreeSet};
use core::time::Duration;

/// Hosts that have nothing here any more, and are known for what they took in a time: with one more,
/// the one that would be even soonest is forgotten.
const MAX_OWING: usize = 16_384;

/// What is counted of one host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Account {
    /// Connections that have a place, in any phase.
    pub(super) connections: usize,
    /// Those of them that have not joined yet.
    pub(super) unjoined: usize,
    /// Connections that are being told that they have none.
    pub(super) refused: usize,
    pub(super) joins: Bucket,
    pub(super) tokens: Bucket,
    pub(super) guesses: Bucket,
}

impl Account {
    fn is_idle(&self) -> bool {
        self.connections == 0 && self.refused == 0
    }

    /// When it owes nothing any more.
    fn even_at(&self) -> Timestamp {
        let full_at = self.joins.full_at().max(self.tokens.full_at());
        full_at.max(self.guesses.full_at())
    }
}

/// All hosts that have connections here, or took something lately that they have not back yet: as many
/// as there are connections, and [`MAX_OWING`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Hosts {
    table: BTreeMap<Host, Account>,
    /// Those that have no connection, by when they owe nothing.
    owing: BTreeSet<(Timestamp, Host)>,
}

/// Why a host gets no further connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoMore {
    Connections,
    Unjoined,
}

impl Hosts {
    /// Whether one more connection is granted to a host.
    pub(super) fn admits(&self, host: Host, limits: &HostLimits) -> Result<(), NoMore> {
        let (connections, unjoined) = self
            .table
            .get(&host)
            .map_or((0, 0), |it| (it.connections, it.unjoined));
        if !is_below(connections, limits.connections) {
            Err(NoMore::Connections)
        } else if !is_below(unjoined, limits.unjoined) {
            Err(NoMore::Unjoined)
        } else {
            Ok(())
        }
    }

    /// Whether one more connection of a host is told that it has no place.
    pub(super) fn may_be_told(&self, host: Host, limits: &HostLimits) -> bool {
        let refused = self.table.get(&host).map_or(0, |it| it.refused);
        is_below(refused, limits.refusals)
    }

    /// Takes one from a bucket of a host, or says in what time there is one.
    pub(super) fn take(
        &mut self,
        now: Timestamp,
        host: Host,
        rate: &Rate,
        bucket: fn(&mut Account) -> &mut Bucket,
    ) -> Result<(), Duration> {
        self.change(now, host, |account| {
            let bucket = bucket(account);
            let ready = bucket.ready_at(rate);
            if ready > now {
                return Err(ready.since(now));
            }
            bucket.take(now, rate, 1);
            Ok(())
        })
    }

    /// When one can be taken from a bucket of a host.
    pub(super) fn ready_at(
        &self,
        host: Host,
        rate: &Rate,
        bucket: fn(&Account) -> Bucket,
    ) -> Timestamp {
        let account = self.table.get(&host);
        account.map_or(Timestamp::ZERO, |it| bucket(it).ready_at(rate))
    }

    /// Changes what is counted of a host.
    pub(super) fn change<T>(
        &mut self,
        now: Timestamp,
        host: Host,
        change: impl FnOnce(&mut Account) -> T,
    ) -> T {
        let account = self.table.entry(host).or_default();
        if account.is_idle() {
            self.owing.remove(&(account.even_at(), host));
        }
        let changed = change(account);
        if account.is_idle() {
            self.owing.insert((account.even_at(), host));
        }
        self.forget(now);
        changed
    }

    /// Forgets hosts that nothing is to be known of any more.
    fn forget(&mut self, now: Timestamp) {
        while let Some(&(even_at, host)) = self.owing.first()
            && (even_at <= now || self.owing.len() > MAX_OWING)
        {
            self.owing.pop_first();
            self.table.remove(&host);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::Ipv4Addr;

    fn host(number: usize) -> Host {
        Host::of(Ipv4Addr::from_bits(u32::try_from(number).unwrap()).into())
    }

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_micros(1000 * millis)
    }

    #[test]
    fn a_host_is_known_as_long_as_it_has_a_connection_or_owes_something() {
        let rate = Rate::per_second(1, 1);
        let mut hosts = Hosts::default();
        hosts.change(at(0), host(1), |it| it.connections += 1);
        assert_eq!(
            hosts.take(at(0), host(1), &rate, |it| &mut it.joins),
            Ok(())
        );
        let wait = hosts.take(at(400), host(1), &rate, |it| &mut it.joins);
        assert_eq!(wait, Err(Duration::from_millis(600)));
        hosts.change(at(500), host(1), |it| it.connections -= 1);
        assert_eq!(hosts.table.len(), 1, "it owes half a second");
        hosts.change(at(999), host(2), |it| it.connections += 1);
        assert_eq!(hosts.table.len(), 2);
        hosts.change(at(1000), host(3), |it| it.connections += 1);
        assert_eq!(hosts.table.len(), 2, "it owes nothing, and is forgotten");
        for number in [2, 3] {
            hosts.change(at(9000), host(number), |it| it.connections -= 1);
        }
        assert_eq!(hosts, Hosts::default());
    }

    #[test]
    fn of_hosts_that_only_owe_no_more_are_known_than_the_limit() {
        let rate = Rate::per_minute(1, 1);
        let mut hosts = Hosts::default();
        for number in 0..=MAX_OWING {
            let now = at(number as u64);
            assert_eq!(
                hosts.take(now, host(number), &rate, |it| &mut it.tokens),
                Ok(())
            );
        }
        assert_eq!(hosts.table.len(), MAX_OWING);
        assert_eq!(hosts.owing.len(), MAX_OWING);
        let now = at(MAX_OWING as u64);
        let again = |hosts: &mut Hosts, number| {
            hosts
                .take(now, host(number), &rate, |it| &mut it.tokens)
                .is_ok()
        };
        assert!(!again(&mut hosts, 1), "it still owes");
        assert!(again(&mut hosts, 0), "what it owed is forgotten");
    }
}
