//! Sessions without a connection, by when they are given up and by whose host they are.

use crate::types::entry::SessionId;
use crate::types::limits::is_below;
use crate::types::peer::Host;
use crate::types::time::Timestamp;
use alloc::collections::{BTreeMap, BTreeSet};

/// How long a session without a connection is waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Wait {
    pub(super) until: Timestamp,
    pub(super) since: Timestamp,
}

/// Sessions that have no connection. Those of hosts without a limit are together, and count as one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Detached {
    /// The first to be given up first.
    all: BTreeSet<(Wait, SessionId)>,
    by_host: BTreeMap<Option<Host>, BTreeSet<(Wait, SessionId)>>,
    /// Hosts by how many they have.
    sizes: BTreeSet<(usize, Option<Host>)>,
}

impl Detached {
    /// When the first one is given up.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.all.first().map(|(wait, _)| wait.until)
    }

    /// All of them.
    pub(super) fn into_all(self) -> impl Iterator<Item = (Wait, SessionId)> {
        self.all.into_iter()
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// The first one, if its time is over.
    pub(super) fn due(&self, now: Timestamp) -> Option<(Wait, SessionId)> {
        self.all
            .first()
            .filter(|(wait, _)| wait.until <= now)
            .copied()
    }

    pub(super) fn insert(&mut self, host: Option<Host>, wait: Wait, session: SessionId) {
        if self.all.insert((wait, session)) {
            let own = self.by_host.entry(host).or_default();
            self.sizes.remove(&(own.len(), host));
            own.insert((wait, session));
            self.sizes.insert((own.len(), host));
        }
    }

    pub(super) fn remove(&mut self, host: Option<Host>, wait: Wait, session: SessionId) {
        if self.all.remove(&(wait, session))
            && let Some(own) = self.by_host.get_mut(&host)
        {
            self.sizes.remove(&(own.len(), host));
            own.remove(&(wait, session));
            if own.is_empty() {
                self.by_host.remove(&host);
            } else {
                self.sizes.insert((own.len(), host));
            }
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Which one is given up now that a host has one more, `most` are granted in all and `share` to each
    /// host: the oldest of the same host. Where that has no other, and there are too many in all, the oldest
    /// of a host that has the most, so that nobody's time depends on what many others do from a few hosts.
    pub(super) fn surplus(
        &self,
        host: Option<Host>,
        most: usize,
        share: usize,
    ) -> Option<(Wait, SessionId)> {
        let own = self.by_host.get(&host)?;
        let is_over_share = host.is_some() && !is_below(own.len() - 1, share);
        if is_over_share || self.all.len() > most && own.len() > 1 {
            return own.first().copied();
        }
        let (_, largest) = self.sizes.last().filter(|_| self.all.len() > most)?;
        self.by_host.get(largest)?.first().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::Ipv4Addr;

    fn of(number: u8) -> Host {
        Host::of(Ipv4Addr::new(192, 0, 2, number).into())
    }

    fn session(number: u8) -> (Wait, SessionId) {
        let wait = Wait {
            until: Timestamp::from_micros(number.into()),
            since: Timestamp::ZERO,
        };
        (wait, SessionId([number; 32]))
    }

    fn detached(hosts: &[(u8, Option<Host>)]) -> Detached {
        let mut detached = Detached::default();
        for &(number, host) in hosts {
            let (wait, id) = session(number);
            detached.insert(host, wait, id);
        }
        detached
    }

    #[test]
    fn a_host_at_its_share_keeps_all_and_one_past_it_gives_up_its_own_oldest() {
        let mut all = detached(&[(1, Some(of(1))), (2, Some(of(2))), (3, Some(of(2)))]);
        assert_eq!(all.surplus(Some(of(2)), 9, 2), None);
        let (wait, id) = session(4);
        all.insert(Some(of(2)), wait, id);
        assert_eq!(all.surplus(Some(of(2)), 9, 2), Some(session(2)));
        assert_eq!(all.surplus(Some(of(2)), 9, 0), None, "0 is no limit");
        assert_eq!(detached(&[(1, None), (2, None)]).surplus(None, 9, 1), None);
    }

    #[test]
    fn with_too_many_in_all_a_host_gives_up_its_own_and_a_new_one_what_the_largest_has() {
        let all = detached(&[
            (1, Some(of(1))),
            (2, Some(of(2))),
            (3, Some(of(2))),
            (4, Some(of(3))),
        ]);
        assert_eq!(all.surplus(Some(of(2)), 4, 0), None);
        assert_eq!(all.surplus(Some(of(2)), 3, 0), Some(session(2)));
        assert_eq!(all.surplus(Some(of(3)), 3, 0), Some(session(2)));
    }

    #[test]
    fn what_is_removed_leaves_nothing_behind() {
        let mut all = detached(&[(1, Some(of(1))), (2, Some(of(2))), (3, Some(of(2)))]);
        for (number, host) in [(2, Some(of(2))), (1, Some(of(1))), (3, Some(of(2)))] {
            let (wait, id) = session(number);
            all.remove(host, wait, id);
        }
        assert_eq!(all, Detached::default());
    }
}
