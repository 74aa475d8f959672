//! `chat-sim run` and `chat-sim list`.

use crate::scenarios;
use chat_sim::explore::{chart, file, play};
use chat_sim::kept;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What to run.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The file, or the name of a scenario that `list` lists
    file: PathBuf,
    /// Run from this seed instead of the file's
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Show every screen as well (of a scenario)
    #[arg(long)]
    screens: bool,
    /// Draw a chart of it into this file, as a page (of a world)
    #[arg(long, value_name = "HTML")]
    chart: Option<PathBuf>,
}

pub(crate) fn run(options: &Options) -> io::Result<ExitCode> {
    let named = scenarios().join(&options.file).with_extension("ron");
    let path = if !options.file.exists() && named.exists() {
        &named
    } else {
        &options.file
    };
    match fs::read_to_string(path) {
        Ok(text) if file::is_world(&text) => world(options, path, &text),
        _ if options.chart.is_some() => Err(io::Error::other(format!(
            "{}: there are charts of worlds on the network alone; leave out --chart",
            path.display()
        ))),
        Ok(text) if file::is_kept(&text) => around_store(options, path, &text),
        _ => scenario(options, path),
    }
}

fn scenario(options: &Options, path: &Path) -> io::Result<ExitCode> {
    let scenario = chat_sim::load(path).map_err(io::Error::other)?;
    let seed = options.seed.unwrap_or(scenario.seed);
    let record = chat_sim::run(&scenario, seed);

    let mut out = io::stdout().lock();
    writeln!(out, "{} (seed {seed})\n", scenario.about)?;
    out.write_all(chat_sim::report::story(&record).as_bytes())?;
    if options.screens {
        out.write_all(chat_sim::report::screens(&record).as_bytes())?;
    }
    out.flush()?;

    let faults = chat_sim::faults(&scenario, &record);
    for fault in &faults {
        eprintln!("\nnot as expected: {fault}");
    }
    Ok(code(faults.is_empty()))
}

fn around_store(options: &Options, path: &Path, text: &str) -> io::Result<ExitCode> {
    let wrong = |why| io::Error::other(format!("{}: {why}", path.display()));
    let mut world = file::read_kept(text).map_err(wrong)?;
    world.seed = options.seed.unwrap_or(world.seed);
    let played = kept::play(&world, true);
    let mut out = io::stdout().lock();
    for line in &played.story {
        writeln!(out, "{line}")?;
    }
    out.flush()?;
    if let Some(broken) = &played.broken {
        let sentence = broken.invariant.sentence();
        eprintln!("\nbroken: {}: {sentence}", broken.invariant);
        eprintln!("{}", broken.why);
    }
    Ok(code(played.broken.is_none()))
}

fn world(options: &Options, path: &Path, text: &str) -> io::Result<ExitCode> {
    let wrong = |why| io::Error::other(format!("{}: {why}", path.display()));
    let mut world = file::read(text).map_err(wrong)?;
    world.seed = options.seed.unwrap_or(world.seed);
    let played = play(&world, true);
    if let Some(page) = &options.chart {
        fs::write(page, chart::html(&world, &played))?;
    }
    let mut out = io::stdout().lock();
    writeln!(out, "{} (seed {})\n", world.about, world.seed)?;
    out.write_all(file::story(&world, &played).as_bytes())?;
    out.flush()?;
    if let Some(broken) = &played.broken {
        eprintln!(
            "\nbroken: {}: {}",
            broken.invariant,
            broken.invariant.sentence()
        );
        eprintln!("at {} ms: {}", broken.at / 1000, broken.why);
    }
    Ok(code(played.broken.is_none()))
}

fn code(good: bool) -> ExitCode {
    if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

pub(crate) fn list() -> io::Result<ExitCode> {
    let mut out = io::stdout().lock();
    let files = chat_sim::files(&scenarios())?;
    let stem = |file: &Path| file.file_stem().unwrap_or_default().display().to_string();
    let width = files.iter().map(|file| stem(file).len()).max().unwrap_or(0);
    for file in &files {
        let scenario = chat_sim::load(file).map_err(io::Error::other)?;
        writeln!(out, "{:width$}  {}", stem(file), scenario.about)?;
    }
    Ok(ExitCode::SUCCESS)
}
