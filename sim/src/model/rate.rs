//! How fast people are heard, told from the screen alone: what is said in any time is at most what is
//! granted for it.

use super::Watched;
use super::peer::Peer;
use crate::promise::Promise;
use chat_core::{MAX_LINE, Rate, Rates};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// What the line is about that tells somebody that they are read slowly.
pub(super) const SLOW: &str = "* You send faster than ";

/// How long that line is at most.
const SLOW_LENGTH: usize = 120;

/// A vessel of tokens, in parts of which a period of the rate has one for each microsecond.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vessel {
    level: i128,
    at: u64,
}

/// Lines and bytes.
pub(super) type Vessels = [Option<Vessel>; 2];

/// What the hosts have been heard to say.
#[derive(Debug, Default)]
pub(super) struct Heard {
    hosts: BTreeMap<IpAddr, Vessels>,
}

/// Takes what was said at a time; whether it was granted, but for so many tokens.
fn takes(vessel: &mut Option<Vessel>, rate: &Rate, now: u64, count: usize, slack: usize) -> bool {
    if rate.count == 0 {
        return true;
    }
    let token = rate.period.as_micros().cast_signed();
    let full = token * i128::from(rate.burst.max(1));
    let vessel = vessel.get_or_insert(Vessel {
        level: full,
        at: now,
    });
    let refill = i128::from(now - vessel.at) * i128::from(rate.count);
    vessel.level = (vessel.level + refill).min(full);
    vessel.at = now;
    // The server counts in whole microseconds.
    let grace = 2 * i128::from(rate.count) + token * slack as i128;
    let granted = vessel.level + grace >= token;
    vessel.level -= token * count as i128;
    granted
}

/// The same of lines and bytes. A line may have come in pieces, the last of them when it was said: that is one
/// for each of so many peers.
fn take(vessels: &mut Vessels, rates: &Rates, now: u64, bytes: usize, peers: usize) -> bool {
    let [lines, all] = vessels;
    let is_line = takes(lines, &rates.lines, now, 1, 0);
    takes(all, &rates.bytes, now, bytes, peers * (MAX_LINE + 1)) && is_line
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
        Promise::Limits.holds(own, || {
            format!(
                "{:?} is heard faster than is granted to it",
                self.peers[who].id
            )
        });
        Promise::Limits.holds(of_host, || {
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
            Promise::InTime.holds(self.told <= self.most_told, || {
                format!("{:?} was told {line:?} too often or too soon", self.id)
            });
            Promise::WholeLines.holds(line.len() < SLOW_LENGTH, || format!("{line:?} is too long"));
        }
        is_it
    }

    /// Bytes of such lines that may wait for it: none is added while its socket is full.
    pub(super) fn told_most(&self) -> usize {
        SLOW_LENGTH * (self.most_told - self.told.min(self.most_told)).min(2)
    }
}
