//! Names that passwords were tried for lately, and how many.

use super::bucket::Bucket;
use crate::types::name::{Name, Unique};
use crate::types::rate::Rate;
use crate::types::time::Timestamp;
use alloc::collections::{BTreeMap, BTreeSet};
use core::time::Duration;

/// So many names are known for what was tried for them: with one more, the one that would be as if nothing had been
/// tried soonest is forgotten.
const MAX_GUESSED: usize = 16_384;

/// What was tried for each name, whether it belongs to somebody or not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Guesses {
    table: BTreeMap<Unique, Bucket>,
    /// By when it is as if nothing had been tried.
    owing: BTreeSet<(Timestamp, Unique)>,
}

impl Guesses {
    /// Grants an attempt for a name, or says in what time there is one.
    pub(super) fn take(
        &mut self,
        now: Timestamp,
        name: &Name,
        rate: &Rate,
    ) -> Result<(), Duration> {
        self.forget(now, usize::MAX);
        let name = Unique(name.clone());
        let mut bucket = self.table.get(&name).copied().unwrap_or_default();
        let ready = bucket.ready_at(rate);
        if ready > now {
            return Err(ready.since(now));
        }
        self.owing.remove(&(bucket.full_at(), name.clone()));
        bucket.take(now, rate, 1);
        self.owing.insert((bucket.full_at(), name.clone()));
        self.table.insert(name, bucket);
        self.forget(now, MAX_GUESSED);
        Ok(())
    }

    /// Forgets names that nothing is to be known of any more, and those beyond so many.
    fn forget(&mut self, now: Timestamp, most: usize) {
        while self
            .owing
            .first()
            .is_some_and(|(even_at, _)| *even_at <= now || self.owing.len() > most)
            && let Some((_, name)) = self.owing.pop_first()
        {
            self.table.remove(&name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_micros(1000 * millis)
    }

    #[test]
    fn a_name_is_known_as_long_as_something_was_tried_for_it_lately() {
        let rate = Rate::per_second(1, 1);
        let [ann, capital, bob] = ["ann", "ANN", "bob"].map(|it| Name::parse(it).unwrap());
        let mut guesses = Guesses::default();
        assert_eq!(guesses.take(at(0), &ann, &rate), Ok(()));
        let wait = guesses.take(at(400), &capital, &rate);
        assert_eq!(wait, Err(Duration::from_millis(600)));
        assert_eq!(guesses.take(at(400), &bob, &rate), Ok(()));
        assert_eq!(guesses.take(at(1000), &ann, &rate), Ok(()));
        assert_eq!(guesses.table.len(), 2);
        assert_eq!(guesses.take(at(9000), &bob, &rate), Ok(()));
        assert_eq!((guesses.table.len(), guesses.owing.len()), (1, 1));
    }

    #[test]
    fn no_more_names_are_known_than_the_limit() {
        let rate = Rate::per_minute(1, 1);
        let name = |number: usize| Name::parse(&alloc::format!("n{number}")).unwrap();
        let mut guesses = Guesses::default();
        for number in 0..=MAX_GUESSED {
            let now = at(number as u64);
            assert_eq!(guesses.take(now, &name(number), &rate), Ok(()));
        }
        assert_eq!(
            (guesses.table.len(), guesses.owing.len()),
            (MAX_GUESSED, MAX_GUESSED)
        );
        let now = at(MAX_GUESSED as u64);
        assert!(guesses.take(now, &name(1), &rate).is_err(), "it is known");
        assert!(
            guesses.take(now, &name(0), &rate).is_ok(),
            "it is forgotten"
        );
    }
}
