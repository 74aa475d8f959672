//! `chat-bench`: load for a chat server, and whether it delivers everything.

use chat_cli::address::Address;
use chat_cli::bench::history::History;
use chat_cli::bench::progress::Progress;
use chat_cli::bench::report::Report;
use chat_cli::bench::server::Server;
#[cfg(unix)]
use chat_cli::bench::takeover;
use chat_cli::bench::{Error, fanout, idle, interrupt, latency, storm};
use chat_cli::paper;
use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use std::io::{self, Write};
use std::process::ExitCode;
use std::str::FromStr;

/// Loads a chat server and says what it can do, and whether all was delivered exactly: once, in the
/// same order for everyone, and never back to the sender.
#[derive(Debug, Parser)]
#[command(name = "chat-bench", version, after_help = AFTER_HELP)]
struct Args {
    #[command(subcommand)]
    mode: Mode,
}

#[derive(Debug, Subcommand)]
enum Mode {
    /// Deliveries a second, with so many messages under way at any time
    #[command(after_help = SEE)]
    Fanout {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        options: fanout::Options,
    },
    /// How long deliveries take at a fixed rate, from when each message was to be sent
    #[command(after_help = SEE)]
    Latency {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        options: latency::Options,
    },
    /// Members that say nothing, and the server's memory for each
    #[command(after_help = SEE)]
    Idle {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        options: idle::Options,
    },
    /// Everyone joins, then everyone leaves, and everyone is told of all of it
    #[command(after_help = SEE)]
    Storm {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        options: storm::Options,
    },
    /// One server process after the other takes a listening socket over, as under a supervisor, while people
    /// talk: how long until everyone is back, and whether anything was lost or came twice
    #[cfg(unix)]
    #[command(after_help = SEE)]
    Takeover(takeover::Options),
    /// Print the manual page, for `man -l -`
    Man,
    /// Print what completes a command line, for a shell to read
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// Which server, and how the result is shown.
#[derive(Debug, clap::Args)]
struct Target {
    /// The server: HOST:PORT, HOST for port 5000, or PORT for one on this machine
    #[arg(
        value_name = "ADDR",
        default_value = "127.0.0.1:5000",
        value_parser = Address::from_str,
        conflicts_with = "spawn"
    )]
    server: Address,

    /// Start the chat-server that lies beside this program, and stop it at the end. It keeps its
    /// history on the disk, as it does for people: in a directory of its own among the system's
    /// temporary ones (TMPDIR chooses others), which goes afterwards
    #[arg(long)]
    spawn: bool,

    /// Have that server keep its history in memory: what it costs to keep one is not measured
    #[arg(long, requires = "spawn")]
    ephemeral: bool,

    /// The server is on another machine, and it is yours
    #[arg(long, conflicts_with = "spawn")]
    remote: bool,

    /// The server's process, to report what it uses (Linux; known with --spawn)
    #[arg(long, value_name = "PID", conflicts_with_all = ["spawn", "remote"])]
    pid: Option<u32>,

    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,
}

const AFTER_HELP: &str = "\
Examples:
  chat-bench fanout --spawn          a server of its own: no other is needed
  chat-bench fanout --spawn --ephemeral
                                     the same without a history on the disk
  chat-bench fanout --members 1000 --cap 10
                                     the server on 127.0.0.1:5000
  chat-bench latency --rate 5000 --json
                                     as JSON, for programs
  chat-bench latency --spawn --deaf 10 --flooding 10
                                     what abusive connections do to the others
  chat-bench latency --spawn --asking 1000
                                     what those do who ask for the history
  chat-bench idle --members 10000 --pid $(pidof chat-server)

The result is written on standard output; what was not exact, and how far it is,
on standard error. People may talk in the room meanwhile: their lines are
counted and not judged.

Exit codes:
  0    everything was delivered exactly
  1    something was not, or not done as asked (too late to send the rest,
       nothing measured), or the server failed
  2    wrong usage, or more than this system allows
  3    could not connect
  130  interrupted (Ctrl-C)";

const SEE: &str = "See chat-bench --help for examples and exit codes.";

fn main() -> ExitCode {
    let args = Args::parse();
    match interrupt::note().map_err(|e| Error::Failed(format!("cannot wait for signals: {e}"))) {
        Ok(()) => {}
        Err(error) => return fail(&error),
    }
    let result = match &args.mode {
        Mode::Man => paper::man(Args::command())
            .map(|()| true)
            .map_err(|error| Error::Failed(error.to_string())),
        Mode::Completions { shell } => paper::complete(*shell, Args::command())
            .map(|()| true)
            .map_err(|error| Error::Failed(error.to_string())),
        #[cfg(unix)]
        Mode::Takeover(options) => takeover::run(options).and_then(|found| {
            let shown = if options.json {
                serde_json::to_string(&found).map(|it| it + "\n")
            } else {
                Ok(found.to_string())
            };
            let shown = shown.map_err(|error| Error::Failed(error.to_string()))?;
            let written = io::stdout().write_all(shown.as_bytes());
            written.map_err(|error| Error::Failed(error.to_string()))?;
            Ok(found.is_right())
        }),
        Mode::Fanout { target, options } => {
            let run = Run::new("fanout", options.members);
            target.load(&run, |server, progress, report| {
                fanout::run(server, options, progress)?.report(report);
                Ok(())
            })
        }
        Mode::Latency { target, options } => {
            let mut run = Run::new("latency", options.members);
            run.connections = options.connections();
            target.load(&run, |server, progress, report| {
                latency::run(server, options, progress)?.report(report);
                Ok(())
            })
        }
        Mode::Idle { target, options } => {
            let run = Run::new("idle", options.members);
            target.load(&run, |server, progress, report| {
                idle::run(server, options, progress)?.report(report);
                Ok(())
            })
        }
        Mode::Storm { target, options } => {
            let run = Run::new("storm", options.members);
            target.load(&run, |server, progress, report| {
                storm::run(server, options, progress)?.report(report);
                Ok(())
            })
        }
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(_) if interrupt::was_asked_for() => fail(&Error::Interrupted),
        Err(error) => fail(&error),
    }
}

fn fail(error: &Error) -> ExitCode {
    eprintln!("chat-bench: {error}");
    ExitCode::from(error.exit_code())
}

/// What is run.
struct Run {
    mode: &'static str,
    members: u32,
    connections: u32,
}

impl Run {
    fn new(mode: &'static str, members: u32) -> Self {
        Self {
            mode,
            members,
            connections: members,
        }
    }
}

impl Target {
    /// Runs a mode against the server and shows what it found. Whether all was as it should be.
    fn load(
        &self,
        run: &Run,
        mode: impl FnOnce(&Server, &mut Progress, &mut Report) -> Result<(), Error>,
    ) -> Result<bool, Error> {
        let server = if self.spawn {
            let history = if self.ephemeral {
                History::InMemory
            } else {
                History::OnDisk
            };
            Server::start_beside(run.connections, history)?
        } else {
            Server::running(&self.server, self.remote, self.pid)?
        };
        let mut report = Report::begin(run.mode, &server, run.members);
        let mut progress = Progress::on_stderr();
        let found = mode(&server, &mut progress, &mut report);
        drop(progress);
        let is_found = found.is_ok();
        let done = found.and_then(|()| server.stop());
        if let Err(error) = &done {
            report.failure(error);
        }
        if self.json || is_found {
            self.show(&report).map_err(|error| {
                Error::Failed(format!("cannot write on standard output: {error}"))
            })?;
        }
        for complaint in report.complaints() {
            eprintln!("chat-bench: {complaint}");
        }
        done.map(|()| report.complaints().is_empty())
    }

    fn show(&self, report: &Report) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.json {
            writeln!(out, "{}", report.json()?)?;
        } else {
            write!(out, "{report}")?;
        }
        out.flush()
    }
}
