//! `chat-sim planted`.

use chat_core::planted::{Bug, plant};
use chat_sim::explore::hunt::{Finding, Options as Hunt, Worlds, hunt};
use chat_sim::explore::{draw, play_production, shrink, shrink_kept, shrink_production};
use chat_sim::kept;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

/// A world with no more steps is small enough to be understood at once.
const SMALL: usize = 12;

/// So many findings are shrunk at most until one is small.
const FINDINGS: usize = 10;

/// How faults are looked for.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// For how many seconds each is looked for, at most
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    time: u64,
    /// From this seed on
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// On so many threads
    #[arg(long, value_name = "N", default_value_t = 1)]
    jobs: usize,
    /// For how many seconds a finding is shrunk, at most; if it is not small then, so is the next
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    shrink: u64,
    /// Only faults whose names have this in them
    #[arg(long, value_name = "TEXT", default_value = "")]
    only: String,
}

pub(crate) fn run(options: &Options) -> io::Result<ExitCode> {
    let mut out = io::stdout().lock();
    let bugs = Bug::ALL
        .iter()
        .filter(|bug| bug.name().contains(&options.only));
    let (mut planted, mut times, mut missed) = (0, Vec::new(), Vec::new());
    for &bug in bugs {
        planted += 1;
        plant(Some(bug));
        let found = find(bug, options);
        plant(None);
        let Some((finding, steps)) = found else {
            missed.push(bug);
            writeln!(out, "{:26} not found", bug.name())?;
            continue;
        };
        times.push(finding.after);
        writeln!(
            out,
            "{:26} {:>9.3} s  {:>7} worlds  {:>3} steps  {}",
            bug.name(),
            finding.after.as_secs_f64(),
            finding.seed - options.seed + 1,
            steps,
            finding.broken.promise,
        )?;
        out.flush()?;
    }
    times.sort();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    let (found, median) = (times.len(), median.as_secs_f64());
    writeln!(
        out,
        "\n{found} of {planted} found, in {median:.3} s in the median"
    )?;
    for bug in &missed {
        writeln!(out, "not found: {}: {}", bug.name(), bug.sentence())?;
    }
    Ok(if missed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The first world in which a planted fault is found, and the fewest steps that show it.
fn find(bug: Bug, options: &Options) -> Option<(Finding, usize)> {
    let (mut first, mut fewest) = (None, usize::MAX);
    let mut what = Hunt {
        seeds: options.seed..u64::MAX,
        time: Some(Duration::from_secs(options.time)),
        jobs: options.jobs,
        clients: None,
        worlds: Worlds::for_bug(bug),
        findings: 1,
    };
    let patience = Duration::from_secs(options.shrink);
    for _ in 0..FINDINGS {
        let Some(finding) = hunt(&what, |_| {}).findings.into_iter().next() else {
            break;
        };
        let (seed, promise) = (finding.seed, finding.broken.promise);
        let steps = match what.worlds {
            Worlds::Production => {
                let (scenario, _) = play_production(seed);
                shrink_production(&scenario, promise, patience).steps.len()
            }
            Worlds::Kept => {
                let world = kept::World::draw(seed);
                shrink_kept(&world, promise, patience).steps.len()
            }
            Worlds::Network => shrink(&draw(seed, None), promise, patience).steps.len(),
        };
        fewest = fewest.min(steps);
        first.get_or_insert(finding);
        if fewest <= SMALL {
            break;
        }
        what.seeds.start = seed + 1;
    }
    Some((first?, fewest))
}
