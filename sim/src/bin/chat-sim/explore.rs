//! `chat-sim explore`.

use chat_core::mark::{self, Mark};
use chat_sim::explore::hunt::{Finding, Report, Worlds, hunt};
use chat_sim::explore::world::Op;
use chat_sim::explore::{
    chart, draw, file, hunt as hunting, play, play_production, shrink, shrink_kept,
    shrink_production,
};
use chat_sim::kept;
use chat_sim::undrawn::UNDRAWN;
use clap::builder::ValueParser;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

/// In so many worlds every rare path is passed; one that is not is a finding.
const ENOUGH: u64 = 50_000;

/// How long a finding is shrunk.
const SHRINKING: Duration = Duration::from_secs(20);

/// What to explore.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// From these seeds: from the first to before the last [default: 0..100000]
    #[arg(long, value_name = "A..B", value_parser = ValueParser::new(range))]
    seeds: Option<Range<u64>>,
    /// For so many minutes, from as many seeds as that allows
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100_000))]
    minutes: Option<u64>,
    /// On so many threads [default: as many as there are processors]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Clients in each world [1 to 10000; default: drawn, up to 12]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    clients: Option<u16>,
    /// Through the production shell, under turmoil: slower, and with fewer kinds of faults
    #[arg(long, conflicts_with = "clients")]
    production: bool,
    /// Servers that are killed, disks that fail, and clients that resume
    #[arg(long, conflicts_with_all = ["clients", "production"])]
    kept: bool,
    /// Names that are claimed, and orders, in a part of the worlds: what is found is first to be told from what the model of these does
    /// not know yet
    #[arg(long, conflicts_with = "production")]
    orders: bool,
    /// Where findings are written
    #[arg(long, value_name = "DIR", default_value = "target/findings")]
    out: PathBuf,
    /// Print what happened and how often, and how often each rare path was passed
    #[arg(long)]
    counts: bool,
    /// Stop after so many findings
    #[arg(long, value_name = "N", default_value_t = 3)]
    findings: usize,
}

fn range(text: &str) -> Result<Range<u64>, String> {
    let wrong = || format!("{text:?} is no range of seeds, such as 0..1000");
    let (from, to) = text.split_once("..").ok_or_else(wrong)?;
    let number = |text: &str| text.parse::<u64>().map_err(|_| wrong());
    let range = number(from)?..number(to)?;
    if range.is_empty() {
        return Err(format!("there are no seeds in {text}"));
    }
    Ok(range)
}

pub(crate) fn run(options: &Options) -> io::Result<ExitCode> {
    let time = options
        .minutes
        .map(|minutes| Duration::from_secs(60 * minutes));
    let seeds = match (&options.seeds, time) {
        (Some(seeds), _) => seeds.clone(),
        (None, Some(_)) => 0..u64::MAX,
        (None, None) => 0..ENOUGH,
    };
    let jobs = options
        .jobs
        .or_else(|| thread::available_parallelism().ok());
    let what = hunting::Options {
        seeds: seeds.clone(),
        time,
        jobs: jobs.map_or(1, NonZeroUsize::get),
        clients: options.clients.map(usize::from),
        worlds: match options {
            Options {
                production: true, ..
            } => Worlds::Production,
            Options { kept: true, .. } => Worlds::Kept,
            _ => Worlds::Network,
        },
        orders: options.orders,
        findings: options.findings,
    };
    let progress = Progress::new(&seeds, time);
    let report = hunt(&what, |report| progress.tell(report));
    progress.end();

    let mut out = io::stdout().lock();
    if options.counts {
        out.write_all(counts(&report, what.worlds).as_bytes())?;
    }
    let is_whole = report.tally.worlds >= ENOUGH && options.clients.is_none();
    let mut unmarked = 0;
    let marks = marks(what.worlds).filter(|mark| mark::count(*mark) == 0);
    for path in marks.map(Mark::name).chain(undone(&report, what.worlds)) {
        if is_whole {
            writeln!(out, "never: {path} (a finding)")?;
            unmarked += 1;
        } else if options.counts {
            writeln!(out, "never: {path} (too few worlds to tell)")?;
        }
    }
    for finding in &report.findings {
        keep(options, finding, &mut out)?;
    }
    writeln!(
        out,
        "{}",
        verdict(&report, seeds.start, what.worlds, unmarked)
    )?;
    out.flush()?;
    Ok(if report.findings.is_empty() && unmarked == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Shrinks a finding, writes it down, and says where.
fn keep(options: &Options, finding: &Finding, out: &mut impl Write) -> io::Result<()> {
    let (seed, invariant) = (finding.seed, finding.broken.invariant);
    let of = match options {
        Options { kept: true, .. } => "kept-",
        Options {
            production: true, ..
        } => "production-",
        _ => "",
    };
    let name = invariant.name().replace(' ', "-");
    let path = options.out.join(format!("{of}{name}-{seed}.ron"));
    fs::create_dir_all(&options.out)?;
    if options.kept {
        let world = kept::World::draw(seed, options.orders);
        let small = shrink_kept(&world, invariant, SHRINKING);
        let why = kept::play(&small, false).broken;
        let why = why.map_or_else(String::new, |it| it.why);
        let breaks = format!("Breaks \"{invariant}\": {}", invariant.sentence());
        let found = format!("Found from seed {seed} at {COMMIT}, and shrunk.");
        let text = file::write(&small, &[breaks, found, why.clone()]);
        fs::write(&path, text.map_err(io::Error::other)?)?;
        writeln!(
            out,
            "\nfound: \"{invariant}\" is broken by seed {seed}: {why}"
        )?;
        let (steps, of) = (small.steps.len(), world.steps.len());
        writeln!(out, "  {steps} steps of {of}: {}", path.display())?;
        let again = format!("cargo run --release -p chat-sim -- run {}", path.display());
        return writeln!(out, "  again: {again}");
    }
    if options.production {
        let (scenario, _) = play_production(seed);
        let small = shrink_production(&scenario, invariant, SHRINKING);
        let found = format!("Found from seed {seed} at {COMMIT}, and shrunk.");
        let text = file::write(&small, &[found, finding.broken.why.clone()]);
        fs::write(&path, text.map_err(io::Error::other)?)?;
        writeln!(out, "\nfound: \"{invariant}\" is broken by seed {seed}:")?;
        writeln!(out, "  {}", finding.broken.why)?;
        let (steps, of) = (small.steps.len(), scenario.steps.len());
        writeln!(out, "  {steps} steps of {of}: {}", path.display())?;
        let again = format!("cargo run --release -p chat-sim -- run {}", path.display());
        return writeln!(out, "  again: {again}");
    }
    let world = draw(seed, options.clients.map(usize::from), options.orders);
    let small = shrink(&world, invariant, SHRINKING);
    let played = play(&small, true);
    let why = played.broken.as_ref().map_or("", |broken| &broken.why);
    let comments = [
        format!("Breaks \"{invariant}\": {}", invariant.sentence()),
        format!("Found from seed {seed} at {COMMIT}, and shrunk."),
        why.to_string(),
    ];
    let text = file::write(&small, &comments).map_err(io::Error::other)?;
    fs::write(&path, text)?;
    fs::write(path.with_extension("html"), chart::html(&small, &played))?;
    writeln!(
        out,
        "\nfound: \"{invariant}\" is broken by seed {seed}, after {:.1} s",
        finding.after.as_secs_f64()
    )?;
    writeln!(out, "  {}", invariant.sentence())?;
    writeln!(out, "  {}", finding.broken.why)?;
    writeln!(
        out,
        "  {} steps of {}, {} clients of {}: {}, and the same as .html",
        small.steps.len(),
        world.steps.len(),
        small.clients.len(),
        world.clients.len(),
        path.display()
    )?;
    writeln!(
        out,
        "  again: cargo run --release -p chat-sim -- run {}",
        path.display()
    )
}

/// The commit that is explored, as far as it could be told when this was built.
const COMMIT: &str = env!("CHAT_COMMIT");

/// Whether everything held, and in what: the last line.
fn verdict(report: &Report, first: u64, worlds: Worlds, unmarked: usize) -> String {
    let held = match (report.findings.len(), unmarked) {
        (0, 0) => "everything held".into(),
        (0, paths) => format!("NOT everything held: rare paths never passed: {paths}"),
        (findings, 0) => format!("NOT everything held: findings: {findings}"),
        (findings, paths) => {
            format!("NOT everything held: findings: {findings}, rare paths never passed: {paths}")
        }
    };
    let count = report.tally.worlds;
    let seconds = report.took.as_secs_f64().max(0.001);
    let a_minute = 60.0 * rate(count, report);
    // Of the others there is none.
    let hash = match worlds {
        Worlds::Network => format!(", trace hash {:016x}", report.hash),
        _ => String::new(),
    };
    format!(
        "{held}; {count} worlds from seed {first} in {seconds:.1} s ({a_minute:.0} a minute), at {COMMIT}{hash}"
    )
}

#[expect(clippy::cast_precision_loss, reason = "a rate, for people")]
fn rate(count: u64, report: &Report) -> f64 {
    count as f64 / report.took.as_secs_f64().max(0.001)
}

/// What happened, and how often.
fn counts(report: &Report, worlds: Worlds) -> String {
    let tally = &report.tally;
    let mut text = String::new();
    let mut line = |line: String| {
        text += &line;
        text.push('\n');
    };
    if worlds == Worlds::Kept {
        line("what happened, and how often".into());
        for (name, count) in kept::HAPPENINGS.iter().zip(tally.kept.0) {
            line(format!("{count:>12}  {name}"));
        }
        line("\nrare paths in the core".into());
        for mark in marks(worlds) {
            line(format!("{:>12}  {}", mark::count(mark), mark.name()));
        }
    }
    // Of the others nothing is counted.
    if worlds != Worlds::Network {
        return text;
    }
    line(format!(
        "{} events, {} deliveries, {} faults, {} s simulated ({:.0} times as fast as real time)",
        tally.events,
        tally.deliveries,
        tally.faults(),
        tally.simulated / 1_000_000,
        rate(tally.simulated, report) / 1e6
    ));
    line("\nwhat happened, and how often".into());
    for (name, count) in Op::NAMES.iter().zip(tally.ops.0) {
        line(format!("{count:>12}  {name}"));
    }
    line("\nwhy the server closed connections".into());
    for (name, count) in hunting::close_reasons().iter().zip(tally.closes.0) {
        line(format!("{count:>12}  {name}"));
    }
    line("\nhow it ended for persons".into());
    for (name, count) in hunting::outcomes().iter().zip(tally.outcomes.0) {
        line(format!("{count:>12}  {name}"));
    }
    line("\nrare paths in the core".into());
    for mark in marks(Worlds::Network) {
        line(format!("{:>12}  {}", mark::count(mark), mark.name()));
    }
    text
}

/// The rare paths that some worlds are to come by.
fn marks(worlds: Worlds) -> impl Iterator<Item = Mark> {
    let all = Mark::ALL.iter().copied();
    let all = all.filter(|mark| !UNDRAWN.contains(mark));
    all.filter(move |mark| match worlds {
        Worlds::Network => !mark.is_of_keeping(),
        Worlds::Kept => mark.is_of_keeping(),
        Worlds::Production => false,
    })
}

/// What some worlds around a store are to come by, and did not.
fn undone(report: &Report, worlds: Worlds) -> impl Iterator<Item = &'static str> {
    let counts = kept::HAPPENINGS.iter().zip(report.tally.kept.0);
    let never = counts.filter(|(name, count)| *count == 0 && kept::REQUIRED.contains(name));
    let never = never.map(|(name, _)| *name);
    never.filter(move |_| worlds == Worlds::Kept)
}

/// A bar on a terminal, a line now and then elsewhere.
struct Progress {
    bar: ProgressBar,
    is_terminal: bool,
    told: Mutex<Instant>,
    seeds: Range<u64>,
    time: Option<Duration>,
}

impl Progress {
    fn new(seeds: &Range<u64>, time: Option<Duration>) -> Self {
        let is_terminal = io::stderr().is_terminal();
        let length = time.map_or(seeds.end - seeds.start, |time| time.as_secs());
        let bar = ProgressBar::with_draw_target(
            Some(length),
            if is_terminal {
                ProgressDrawTarget::stderr()
            } else {
                ProgressDrawTarget::hidden()
            },
        );
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent:>3}% {msg}, {eta} left")
        {
            bar.set_style(style);
        }
        Self {
            bar,
            is_terminal,
            told: Mutex::new(Instant::now()),
            seeds: seeds.clone(),
            time,
        }
    }

    fn tell(&self, report: &Report) {
        let tally = &report.tally;
        let millis = report.took.as_millis().max(1);
        let state = format!(
            "{} worlds ({}/s), {} events, {} deliveries, {} faults, {} findings",
            tally.worlds,
            u128::from(tally.worlds) * 1000 / millis,
            tally.events,
            tally.deliveries,
            tally.faults(),
            report.findings.len()
        );
        if self.is_terminal {
            let done = self.time.map_or(tally.worlds, |_| report.took.as_secs());
            self.bar.set_message(state);
            return self.bar.set_position(done);
        }
        let Ok(mut told) = self.told.lock() else {
            return;
        };
        if told.elapsed() >= Duration::from_secs(5) {
            *told = Instant::now();
            let of = match self.time {
                Some(time) => format!("{} s of {} s", report.took.as_secs(), time.as_secs()),
                None => format!("of {}", self.seeds.end - self.seeds.start),
            };
            eprintln!("{state}; {of}");
        }
    }

    fn end(&self) {
        self.bar.finish_and_clear();
    }
}
