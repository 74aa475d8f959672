//! What happened how often.

use super::world::Op;
use crate::kept::HAPPENINGS;

/// Counts over worlds.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Worlds.
    pub worlds: u64,
    /// Things that happened in them.
    pub events: u64,
    /// Lines that arrived at clients.
    pub deliveries: u64,
    /// Time that passed in them, in microseconds.
    pub simulated: u64,
    /// By [`Op::kind`].
    pub ops: Counts<{ Op::NAMES.len() }>,
    /// By reason: why the server closed connections.
    pub closes: Counts<20>,
    /// By outcome: how it ended for persons.
    pub outcomes: Counts<6>,
    /// By [`HAPPENINGS`]: of worlds around a store.
    pub kept: Counts<{ HAPPENINGS.len() }>,
}

/// An array that begins with zeros, whatever its length.
#[derive(Clone, Debug)]
pub struct Counts<const N: usize>(pub [u64; N]);

impl<const N: usize> Default for Counts<N> {
    fn default() -> Self {
        Self([0; N])
    }
}

impl<const N: usize> std::ops::Index<usize> for Counts<N> {
    type Output = u64;

    fn index(&self, at: usize) -> &u64 {
        &self.0[at]
    }
}

impl<const N: usize> std::ops::IndexMut<usize> for Counts<N> {
    fn index_mut(&mut self, at: usize) -> &mut u64 {
        &mut self.0[at]
    }
}

impl<const N: usize> Counts<N> {
    pub(super) fn add(&mut self, other: &Self) {
        for (sum, more) in self.0.iter_mut().zip(other.0) {
            *sum += more;
        }
    }
}

impl Tally {
    /// How many faults there were, of the network and of machines.
    pub fn faults(&self) -> u64 {
        let kinds = 0..Op::NAMES.len();
        kinds
            .filter(|kind| Op::is_fault_kind(*kind))
            .map(|kind| self.ops[kind])
            .sum()
    }

    /// Adds another one.
    pub fn add(&mut self, other: &Self) {
        self.worlds += other.worlds;
        self.events += other.events;
        self.deliveries += other.deliveries;
        self.simulated += other.simulated;
        self.ops.add(&other.ops);
        self.closes.add(&other.closes);
        self.outcomes.add(&other.outcomes);
        self.kept.add(&other.kept);
    }
}
