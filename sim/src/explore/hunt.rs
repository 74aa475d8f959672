//! Plays worlds from many seeds, on several threads.

use super::tally::{Counts, Tally};
use super::{Broken, draw, play, play_production};
use crate::kept;
use chat_core::CloseReason;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// What to explore.
#[derive(Clone, Debug)]
pub struct Options {
    /// From these seeds.
    pub seeds: Range<u64>,
    /// For so long at most.
    pub time: Option<Duration>,
    /// On so many threads.
    pub jobs: usize,
    /// Clients in each world; drawn if nothing is said.
    pub clients: Option<usize>,
    /// Which worlds.
    pub worlds: Worlds,
    /// With names that are claimed, and orders.
    pub orders: bool,
    /// Stop after so many findings.
    pub findings: usize,
}

/// What worlds are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Worlds {
    /// Machines on a network that does everything to what they send.
    #[default]
    Network,
    /// The production shell, under turmoil.
    Production,
    /// Servers that are killed and started again on what is kept.
    Kept,
}

/// A seed whose world breaks an invariant.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The seed.
    pub seed: u64,
    /// What it breaks.
    pub broken: Broken,
    /// When it was found.
    pub after: Duration,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Counts over all worlds.
    pub tally: Tally,
    /// Findings, by seed.
    pub findings: Vec<Finding>,
    /// A hash of the traces of all worlds, whatever their order.
    pub hash: u64,
    /// How long it took.
    pub took: Duration,
}

/// Explores. `progress` is told now and then how far it is.
pub fn hunt(options: &Options, progress: impl Fn(&Report) + Sync) -> Report {
    let begun = Instant::now();
    let next = AtomicU64::new(options.seeds.start);
    let over = AtomicBool::new(false);
    let report = Mutex::new(Report::default());
    let work = || {
        let mut tally = Tally::default();
        let mut hash = 0;
        let mut told = Instant::now();
        loop {
            let late = options.time.is_some_and(|time| begun.elapsed() >= time);
            let is_over = late || over.load(Ordering::Relaxed);
            let following = |seed| (seed < options.seeds.end && !is_over).then(|| seed + 1);
            let seed = next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, following);
            if let Ok(seed) = seed {
                let broken = match options.worlds {
                    Worlds::Production => {
                        tally.worlds += 1;
                        play_production(seed).1
                    }
                    Worlds::Kept => {
                        let played = kept::play(&kept::World::draw(seed, options.orders), false);
                        tally.worlds += 1;
                        tally.deliveries += played.deliveries;
                        tally.kept.add(&Counts(played.happened));
                        played.broken
                    }
                    Worlds::Network => {
                        let played = play(&draw(seed, options.clients, options.orders), false);
                        tally.add(&played.tally);
                        hash ^= played.trace.hash().rotate_left((seed % 64) as u32);
                        played.broken
                    }
                };
                if let Some(broken) = broken {
                    let mut report = report.lock().unwrap_or_else(PoisonError::into_inner);
                    report.findings.push(Finding {
                        seed,
                        broken,
                        after: begun.elapsed(),
                    });
                    let enough = report.findings.len() >= options.findings;
                    over.fetch_or(enough, Ordering::Relaxed);
                }
            }
            if seed.is_err() || told.elapsed() >= Duration::from_millis(100) {
                told = Instant::now();
                let mut report = report.lock().unwrap_or_else(PoisonError::into_inner);
                report.tally.add(&std::mem::take(&mut tally));
                report.hash ^= std::mem::take(&mut hash);
                report.took = begun.elapsed();
                progress(&report);
            }
            if seed.is_err() {
                return;
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..options.jobs {
            scope.spawn(work);
        }
        work();
    });
    let mut report = report.into_inner().unwrap_or_else(PoisonError::into_inner);
    report.findings.sort_by_key(|finding| finding.seed);
    report
}

/// The reasons counted in [`Tally::closes`], in their order; those of all other protocols are one.
pub fn close_reasons() -> [String; 20] {
    use chat_core::CloseReason as R;
    let all = [
        R::Left,
        R::Eof,
        R::Lost,
        R::TooFarBehind,
        R::Stalled,
        R::Refused,
        R::HostFull,
        R::HostUnjoined,
        R::TooManyJoins,
        R::TooManyTokens,
        R::Unended,
        R::GaveWay,
        R::Json,
        R::Replaced,
        R::Stopped,
        R::DiskFull,
        R::Kicked,
        R::Banned,
        R::NotToRead,
    ];
    let shown = all.map(|reason| reason.to_string());
    std::array::from_fn(|nth| match shown.get(nth) {
        Some(reason) => reason.clone(),
        None => "spoke another protocol".into(),
    })
}

/// Where a reason is counted in [`Tally::closes`].
pub(crate) fn place_of(reason: CloseReason) -> usize {
    match reason {
        CloseReason::Left => 0,
        CloseReason::Eof => 1,
        CloseReason::Lost => 2,
        CloseReason::TooFarBehind => 3,
        CloseReason::Stalled => 4,
        CloseReason::Refused => 5,
        CloseReason::HostFull => 6,
        CloseReason::HostUnjoined => 7,
        CloseReason::TooManyJoins => 8,
        CloseReason::TooManyTokens => 9,
        CloseReason::Unended => 10,
        CloseReason::GaveWay => 11,
        CloseReason::Json => 12,
        CloseReason::Replaced => 13,
        CloseReason::Stopped => 14,
        CloseReason::DiskFull => 15,
        CloseReason::Kicked => 16,
        CloseReason::Banned => 17,
        CloseReason::NotToRead => 18,
        CloseReason::Foreign(_) => 19,
    }
}

/// The outcomes counted in [`Tally::outcomes`], in their order.
pub fn outcomes() -> [&'static str; 6] {
    [
        "left",
        "left, with a line refused",
        "never joined",
        "unreachable",
        "lost",
        "interrupted",
    ]
}
