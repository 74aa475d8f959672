//! Runs scenarios and worlds, shows their stories, and explores.

mod explore;
mod faults;
mod run;

use clap::{Parser, Subcommand};
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

/// Run the chat room under simulated network and time
#[derive(Debug, Parser)]
#[command(name = "chat-sim", version, arg_required_else_help = true)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a scenario, or a world that exploration has found, and show its story
    ///
    /// In the story of a scenario, `|` is a line of the server's transcript, `?` a prompt,
    /// `>` what was typed or sent, `<` a line received, `*` a message of the
    /// client itself, and `!` something that happened. In that of a world, `~` is something
    /// under way, `-` what became of somebody, and `#` a broken invariant.
    ///
    /// Exits with 0 when all is as expected, 1 when something is not, and 2
    /// when the file cannot be read.
    Run(run::Options),
    /// List the scenarios
    List,
    /// Play worlds drawn from seeds, and hold them against everything that is promised
    ///
    /// What breaks an invariant is shrunk and written to a file that `run` plays again, with a chart
    /// of it as a page.
    ///
    /// Exits with 0 when nothing was found, 1 when something was, and 2 for wrong usage.
    Explore(explore::Options),
    /// Build known faults into a copy of the tree, one after the other, and see how soon exploration
    /// finds each
    ///
    /// A fault is a patch in sim/faults. Exits with 0 when all are found, and 1 when one is not, or
    /// does not apply any more.
    Faults(faults::Options),
}

fn main() -> ExitCode {
    let done = match Args::parse().command {
        Command::Run(options) => run::run(&options),
        Command::List => run::list(),
        Command::Explore(options) => explore::run(&options),
        Command::Faults(options) => faults::run(&options),
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

/// The scenarios that come with the project.
fn scenarios() -> PathBuf {
    concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios").into()
}
