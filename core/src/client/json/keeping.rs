//! When what is remembered is to be kept.

use super::JsonClient;
use super::phase::Phase;
use crate::types::time::Timestamp;
use core::time::Duration;

/// What was shown is kept again after so long.
const KEEP_INTERVAL: Duration = Duration::from_secs(1);

/// How what is remembered stands to what is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Keeping {
    /// Something is to be kept before anything is sent.
    pub(super) is_due: bool,
    /// It is being kept.
    pub(super) under_way: bool,
    /// When to keep what may be lost with the machine.
    pub(super) at: Option<Timestamp>,
}

impl JsonClient {
    /// Everything is displayed; later runs skip it.
    pub(super) fn shown(&mut self, now: Timestamp) {
        self.is_showing = false;
        self.say_what_is_read();
        let is_later = self.memory.after != self.after || self.memory.places != self.places;
        if is_later {
            self.memory.after = self.after;
            self.memory.places.clone_from(&self.places);
            self.keep_soon(now);
        }
        if self.phase == Phase::Ended && self.was_in {
            self.keep_first();
        }
    }

    /// What is remembered is to be kept before anything is sent.
    pub(super) fn keep_first(&mut self) {
        self.keeping.is_due |= self.setup.keeps;
    }

    /// What is remembered is to be kept soon.
    pub(super) fn keep_soon(&mut self, now: Timestamp) {
        if self.setup.keeps {
            self.keeping.at.get_or_insert(now + KEEP_INTERVAL);
        }
    }

    pub(super) fn is_keeping(&self) -> bool {
        self.keeping.is_due || self.keeping.under_way
    }
}
