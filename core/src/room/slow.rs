//! When people said something last, where they are to wait between two lines. It is known as long as a room is in memory.

use crate::types::name::{Name, Unique};
use alloc::collections::{BTreeMap, BTreeSet};

/// So many people are known: with one more, the one who has waited for longest is forgotten.
const MAX_KNOWN: usize = 16_384;

/// When each said something last, in milliseconds since the Unix epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Pace {
    said: BTreeMap<Unique, u64>,
    /// The same, by the time.
    by_time: BTreeSet<(u64, Unique)>,
}

impl Pace {
    /// For how long somebody is still to wait, in milliseconds, where so many seconds are between two lines.
    pub(super) fn wait(&self, name: &Name, at: u64, slow: u16) -> Option<u64> {
        let said = self.said.get(&Unique(name.clone()))?;
        let wait = (said + u64::from(slow) * 1000).saturating_sub(at);
        // A clock that was put back makes nobody wait for longer.
        (wait > 0).then(|| wait.min(u64::from(slow) * 1000))
    }

    /// Takes note that somebody said something.
    pub(super) fn said(&mut self, name: &Name, at: u64, slow: u16) {
        let is_over = |said: u64| said + u64::from(slow) * 1000 <= at;
        self.set(Unique(name.clone()), at);
        while self
            .by_time
            .first()
            .is_some_and(|(said, _)| is_over(*said) || self.said.len() > MAX_KNOWN)
            && let Some((_, name)) = self.by_time.pop_first()
        {
            self.said.remove(&name);
        }
    }

    /// Somebody has another name.
    pub(super) fn rename(&mut self, before: &Name, after: &Name) {
        let before = Unique(before.clone());
        if let Some(said) = self.said.remove(&before) {
            self.by_time.remove(&(said, before));
            self.set(Unique(after.clone()), said);
        }
    }

    /// Nobody is to wait any more.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    fn set(&mut self, name: Unique, at: u64) {
        if let Some(before) = self.said.insert(name.clone(), at) {
            self.by_time.remove(&(before, name.clone()));
        }
        self.by_time.insert((at, name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_waits_for_the_whole_time_and_no_longer_under_whatever_name() {
        let [ann, bob] = ["ann", "bob"].map(|it| Name::parse(it).unwrap());
        let mut pace = Pace::default();
        assert_eq!(pace.wait(&ann, 5, 2), None);
        pace.said(&ann, 1000, 2);
        assert_eq!(pace.wait(&ann, 1000, 2), Some(2000));
        assert_eq!(pace.wait(&ann, 2999, 2), Some(1));
        assert_eq!(pace.wait(&ann, 3000, 2), None);
        assert_eq!(pace.wait(&ann, 0, 2), Some(2000), "the clock was put back");
        pace.rename(&ann, &bob);
        assert_eq!(
            (pace.wait(&ann, 1500, 2), pace.wait(&bob, 1500, 2)),
            (None, Some(1500))
        );
        pace.said(&ann, 3000, 2);
        assert_eq!(pace.said.len(), 1, "bob need not wait any more");
        pace.clear();
        assert_eq!(pace, Pace::default());
    }

    #[test]
    fn no_more_people_are_known_than_the_limit() {
        let mut pace = Pace::default();
        for port in 0..=MAX_KNOWN {
            let name = Name::of_port(u16::try_from(port).unwrap());
            pace.said(&name, 1000 + port as u64, 3600);
        }
        assert_eq!(
            (pace.said.len(), pace.by_time.len()),
            (MAX_KNOWN, MAX_KNOWN)
        );
        assert_eq!(pace.wait(&Name::of_port(0), 2000, 3600), None);
        assert!(pace.wait(&Name::of_port(1), 2000, 3600).is_some());
    }
}
