//! Runs scenarios and shows their stories.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Parser, Subcommand};

/// The scenarios that come with the project.
const SCENARIOS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");

/// Run the chat room under simulated network and time
#[derive(Debug, Parser)]
#[command(name = "chat-sim", version, arg_required_else_help = true)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a scenario and show its story
    ///
    /// In the story, `|` is a line of the server's transcript, `?` a prompt,
    /// `>` what was typed or sent, `<` a line received, `*` a message of the
    /// client itself, and `!` something that happened.
    ///
    /// Exits with 0 when all is as expected, 1 when something is not, and 2
    /// when the scenario cannot be read.
    Run {
        /// The scenario's file, or the name of one that `list` lists
        file: PathBuf,
        /// Run from this seed instead of the scenario's
        #[arg(long, value_name = "N")]
        seed: Option<u64>,
        /// Show every screen as well
        #[arg(long)]
        screens: bool,
    },
    /// List the scenarios
    List,
}

fn main() -> ExitCode {
    let done = match Args::parse().command {
        Command::Run {
            file,
            seed,
            screens,
        } => run(&file, seed, screens),
        Command::List => list(),
    };
    match done {
        Ok(code) => code,
        // Whoever reads this has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("chat-sim: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(file: &Path, seed: Option<u64>, screens: bool) -> io::Result<ExitCode> {
    let named = Path::new(SCENARIOS).join(file).with_extension("ron");
    let path = if !file.exists() && named.exists() {
        &named
    } else {
        file
    };
    let scenario = chat_sim::load(path).map_err(io::Error::other)?;
    let seed = seed.unwrap_or(scenario.seed);
    let record = chat_sim::run(&scenario, seed);

    let mut out = io::stdout().lock();
    writeln!(out, "{} (seed {seed})\n", scenario.about)?;
    out.write_all(chat_sim::report::story(&record).as_bytes())?;
    if screens {
        out.write_all(chat_sim::report::screens(&record).as_bytes())?;
    }
    out.flush()?;

    let faults = chat_sim::faults(&scenario, &record);
    for fault in &faults {
        eprintln!("\nnot as expected: {fault}");
    }
    Ok(if faults.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

fn list() -> io::Result<ExitCode> {
    let mut out = io::stdout().lock();
    let files = chat_sim::files(Path::new(SCENARIOS))?;
    let stem = |file: &Path| file.file_stem().unwrap_or_default().display().to_string();
    let width = files.iter().map(|file| stem(file).len()).max().unwrap_or(0);
    for file in &files {
        let scenario = chat_sim::load(file).map_err(io::Error::other)?;
        writeln!(out, "{:width$}  {}", stem(file), scenario.about)?;
    }
    Ok(ExitCode::SUCCESS)
}
