//! When people said something last, where they are to wait between two lines. It is known as long as a room is in memory.

use crate::types::name::{Name, Unique};
use crate::types::peer::Host;
use alloc::collections::{BTreeMap, BTreeSet};

/// So many people and hosts are known: with one more, the one who has waited for longest is forgotten.
const MAX_KNOWN: usize = 16_384;

/// When each said something last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Pace {
    said: BTreeMap<Who, Said>,
    /// The same, by the time.
    by_time: BTreeSet<(u64, Who)>,
}

/// Who is to wait.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Who {
    /// Whoever has a name.
    Person(Unique),
    /// Whoever comes into the room from a host, as somebody from there has left who was to wait.
    Newcomer(Host),
}

/// That somebody has said something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Said {
    /// When, in milliseconds since the Unix epoch.
    at: u64,
    /// From where they come, where that counts.
    host: Option<Host>,
}

impl Pace {
    /// For how long somebody is still to wait, in milliseconds, where so many seconds are between two lines.
    pub(super) fn wait(&self, name: &Name, at: u64, slow: u16) -> Option<u64> {
        let said = self.said.get(&person(name))?.at;
        let wait = (said + u64::from(slow) * 1000).saturating_sub(at);
        // A clock that was put back makes nobody wait for longer.
        (wait > 0).then(|| wait.min(u64::from(slow) * 1000))
    }

    /// Takes note that somebody from a host said something.
    pub(super) fn said(&mut self, name: &Name, host: Option<Host>, at: u64, slow: u16) {
        let is_over = |said: u64| said + u64::from(slow) * 1000 <= at;
        self.set(person(name), Said { at, host });
        while self.by_time.first().is_some_and(|it| is_over(it.0)) {
            self.forget_first();
        }
    }

    /// Somebody has another name. `is_own`: the one before belongs to somebody, who waits if they take it again.
    pub(super) fn rename(&mut self, before: &Name, after: &Name, is_own: bool) {
        let before = person(before);
        let Some(said) = self.said.get(&before).copied() else {
            return;
        };
        if !is_own {
            self.remove(&before);
        }
        self.set(person(after), said);
    }

    /// Somebody has left: whoever comes in from their host waits as they were to, be it under another name.
    pub(super) fn leave(&mut self, name: &Name) {
        if let Some(said) = self.said.get(&person(name)).copied()
            && let Some(host) = said.host
        {
            self.set(Who::Newcomer(host), said);
        }
    }

    /// Somebody has come in from a host.
    pub(super) fn enter(&mut self, name: &Name, host: Option<Host>) {
        let said = host.and_then(|host| self.said.get(&Who::Newcomer(host)));
        if let Some(said) = said.copied() {
            self.set(person(name), said);
        }
    }

    /// Nobody is to wait any more.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Takes note of what somebody said, unless they have said something later.
    fn set(&mut self, who: Who, said: Said) {
        if self.said.get(&who).is_some_and(|it| it.at > said.at) {
            return;
        }
        self.remove(&who);
        self.by_time.insert((said.at, who.clone()));
        self.said.insert(who, said);
        while self.said.len() > MAX_KNOWN {
            self.forget_first();
        }
    }

    fn remove(&mut self, who: &Who) {
        if let Some(said) = self.said.remove(who) {
            self.by_time.remove(&(said.at, who.clone()));
        }
    }

    fn forget_first(&mut self) {
        if let Some((_, who)) = self.by_time.pop_first() {
            self.said.remove(&who);
        }
    }
}

fn person(name: &Name) -> Who {
    Who::Person(Unique(name.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(last: u8) -> Host {
        Host::of([192, 0, 2, last].into())
    }

    #[test]
    fn somebody_waits_for_the_whole_time_and_no_longer_under_whatever_name() {
        let [ann, bob, own] = ["ann", "bob", "own"].map(|it| Name::parse(it).unwrap());
        let mut pace = Pace::default();
        assert_eq!(pace.wait(&ann, 5, 2), None);
        pace.said(&ann, None, 1000, 2);
        assert_eq!(pace.wait(&ann, 1000, 2), Some(2000));
        assert_eq!(pace.wait(&ann, 2999, 2), Some(1));
        assert_eq!(pace.wait(&ann, 3000, 2), None);
        assert_eq!(pace.wait(&ann, 0, 2), Some(2000), "the clock was put back");
        pace.rename(&ann, &bob, false);
        let waits = |pace: &Pace, name: &Name| pace.wait(name, 1500, 2);
        assert_eq!([&ann, &bob].map(|it| waits(&pace, it)), [None, Some(1500)]);
        pace.rename(&bob, &own, true);
        assert_eq!(
            [&bob, &own].map(|it| waits(&pace, it)),
            [Some(1500); 2],
            "bob is somebody's own"
        );
        pace.said(&ann, None, 3000, 2);
        assert_eq!(pace.said.len(), 1, "bob need not wait any more");
        pace.clear();
        assert_eq!(pace, Pace::default());
    }

    #[test]
    fn who_leaves_and_comes_in_from_the_same_host_waits_on() {
        let [ann, bob, eve] = ["ann", "bob", "eve"].map(|it| Name::parse(it).unwrap());
        let mut pace = Pace::default();
        pace.said(&ann, Some(host(7)), 1000, 2);
        pace.enter(&bob, Some(host(7)));
        assert_eq!(pace.wait(&bob, 1000, 2), None, "ann is still here");
        pace.leave(&ann);
        pace.enter(&eve, Some(host(8)));
        assert_eq!(pace.wait(&eve, 1000, 2), None);
        pace.enter(&eve, Some(host(7)));
        assert_eq!(pace.wait(&eve, 1500, 2), Some(1500));
        pace.said(&eve, Some(host(7)), 3000, 2);
        pace.enter(&eve, Some(host(7)));
        assert_eq!(
            pace.wait(&eve, 3000, 2),
            Some(2000),
            "nobody waits for less"
        );
        assert_eq!(pace.said.len(), 1);
    }

    #[test]
    fn no_more_people_and_hosts_are_known_than_the_limit() {
        let mut pace = Pace::default();
        for port in 0..MAX_KNOWN {
            let name = Name::of_port(u16::try_from(port).unwrap());
            pace.said(&name, Some(host(7)), 1000 + port as u64, 3600);
        }
        let waits = |pace: &Pace, port: u16| pace.wait(&Name::of_port(port), 2000, 3600).is_some();
        assert!(waits(&pace, 0));
        let last = u16::try_from(MAX_KNOWN).unwrap() - 1;
        for nth in [0, 1] {
            if nth == 0 {
                pace.leave(&Name::of_port(last));
            } else {
                pace.rename(&Name::of_port(last), &Name::of_port(last + 1), true);
            }
            assert_eq!(
                (pace.said.len(), pace.by_time.len()),
                (MAX_KNOWN, MAX_KNOWN)
            );
            assert!(!waits(&pace, nth) && waits(&pace, nth + 1));
        }
    }
}
