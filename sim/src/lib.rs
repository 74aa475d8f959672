#![doc = include_str!("../README.md")]

mod broken;
mod chop;
mod crowd;
mod dice;
pub mod expect;
pub mod explore;
mod hashing;
mod host;
mod invariant;
pub mod kept;
mod load;
pub mod model;
mod naming;
mod person;
mod raw;
pub mod record;
pub mod report;
mod run;
pub mod scenario;
pub mod scenario_checks;
mod server;
mod text;
pub mod undrawn;

pub use invariant::Invariant;

pub use load::{LoadError, files, load};
pub use run::run;

use crate::{record::Record, scenario::Scenario};

/// Everything that is wrong with a run: with the run itself, with what the
/// scenario expects of it, and with what is promised of every run.
pub fn faults(scenario: &Scenario, record: &Record) -> Vec<String> {
    let mut faults = record.faults.clone();
    faults.extend(expect::unmet(scenario, record));
    faults.extend(scenario_checks::broken(record));
    faults
}
