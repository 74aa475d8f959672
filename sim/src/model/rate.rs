//! How fast people are heard, told from the screen alone: what is said in any time is at most what is
//! granted for it.

use super::Watched;
use super::buckets::{Vessels, take};
use super::peer::Peer;
use crate::invariant::Invariant;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// What the line is about that tells somebody that they are read slowly.
pub(super) const SLOW: &str = "* You send faster than ";

/// How long that line is at most.
const SLOW_LENGTH: usize = 120;

/// What the hosts have been heard to say.
#[derive(Debug, Default)]
pub(super) struct Heard {
    hosts: BTreeMap<IpAddr, Vessels>,
}

impl Watched {
    /// A peer has said something.
    pub(super) fn hears_at_rate(&mut self, who: usize, text: &str) {
        let Some(host) = self.peers[who].host else {
            return; // It has no limits.
        };
        let bytes = text.len() + 1;
        let vessels = &mut self.peers[who].heard_at;
        let own = take(vessels, &self.limits.rate, self.seen, bytes, 1);
        let mates = self
            .peers
            .iter()
            .filter(|peer| peer.host == Some(host))
            .count();
        let of_host = self.heard.hosts.entry(host).or_default();
        let of_host = take(of_host, &self.limits.host_rate, self.seen, bytes, mates);
        Invariant::Limits.holds(own, || {
            format!(
                "{:?} is heard faster than is granted to it",
                self.peers[who].id
            )
        });
        Invariant::Limits.holds(of_host, || {
            format!("{host} is heard faster than is granted to it")
        });
    }

    /// How often a peer may have been told that it is read slowly.
    pub(super) fn most_told(&self, who: usize) -> usize {
        let peer = &self.peers[who];
        let is_limited = peer.host.is_some();
        let slow = super::micros(self.limits.slow).max(1);
        let periods = (self.seen - peer.came) / slow;
        if is_limited {
            usize::try_from(periods).unwrap_or(usize::MAX)
        } else {
            0
        }
    }
}

impl Peer {
    /// Whether a line tells it that it is read slowly, which it may be told now and then.
    pub(super) fn is_told_slow(&mut self, line: &str) -> bool {
        let is_it = line.starts_with(SLOW) || line.starts_with("{\"type\":\"slow\",");
        if is_it {
            self.told += 1;
            Invariant::InTime.holds(self.told <= self.most_told, || {
                format!("{:?} was told {line:?} too often or too soon", self.id)
            });
            Invariant::WholeLines
                .holds(line.len() < SLOW_LENGTH, || format!("{line:?} is too long"));
        }
        is_it
    }

    /// Bytes of such lines that may wait for it: none is added while its socket is full.
    pub(super) fn told_most(&self) -> usize {
        SLOW_LENGTH * (self.most_told - self.told.min(self.most_told)).min(2)
    }
}
