//! `chat-server`: a chat room on a TCP port.

use chat_cli::address::Address;
use chat_cli::config::{self, Config, ConfigError, Source};
use chat_cli::history_dir::{self, System};
use chat_cli::hosts::Hosts;
use chat_cli::listen::listen;
use chat_cli::retention::Keep;
use chat_cli::signals::{Signals, outlive_what_need_not_end_us};
use chat_cli::terminal::Log;
use chat_cli::transcript::Transcript;
use chat_cli::{colour, start_warnings, upkeep};
use chat_core::{Limits, Rates};
use chat_net::store::{Fault, Store};
use chat_net::{Listener, Options};
use clap::error::ErrorKind;
use clap::{ArgMatches, Command, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use std::env;
use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// A chat room: everyone who connects hears what everyone else says.
///
/// Standard output shows what happens in the room, one line for each event, and nothing else.
/// Clients are chat-client, or anything that sends lines, such as `nc 127.0.0.1 5000`.
/// The history is kept on disk, for one server at a time.
#[derive(Debug, Parser)]
#[command(
    name = "chat-server",
    version,
    after_help = AFTER_HELP,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true
)]
struct Args {
    #[command(subcommand)]
    upkeep: Option<Upkeep>,

    /// Listen here: HOST:PORT, HOST for port 5000, or PORT alone for 127.0.0.1, as is :PORT; may be
    /// given several times. 0.0.0.0:PORT is every IPv4 address of this machine, `[::]:PORT` every
    /// address, a name all of its addresses. With port 0 the system chooses a port, and the first
    /// lines of standard output name it
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:5000", value_parser = Address::from_str)]
    listen: Vec<Address>,

    /// Connections held at once. When one more comes, the last of those who never said anything
    /// gives way; if everyone has, the newcomer is told that the room is full
    #[arg(long, value_name = "N", default_value_t = Limits::default().connections, value_parser = connections)]
    max_connections: usize,

    #[command(flatten)]
    hosts: Hosts,

    /// Lines that one connection may send in a second, in the long run, of 512 bytes each, and in 50
    /// seconds' time as many at once; what is more is read later, and nothing is lost. 0 lifts this, and
    /// the rate of hosts unless that is given
    #[arg(long, value_name = "LINES", default_value_t = RATE)]
    rate: u32,

    /// The same for all connections of a host (an IPv4 address, or the /64 network of an IPv6 address)
    /// together; 0 lifts it [default: 5 times --rate]
    #[arg(long, value_name = "LINES")]
    host_rate: Option<u32>,

    /// Threads that write to clients once a room has hundreds of members [default: one for each
    /// processor]
    #[arg(long, value_name = "N", value_parser = threads)]
    threads: Option<NonZeroUsize>,

    #[command(flatten)]
    data: Data,

    /// Keep the history in memory only: it is forgotten when the server stops
    #[arg(long)]
    ephemeral: bool,

    #[command(flatten)]
    keep: Keep,

    /// How log messages are written on standard error
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
}

#[derive(Debug, clap::Args)]
struct Data {
    /// The directory of the history [default: where the system has programs keep their state, see
    /// chat-server --help]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Read options from this file, a field for each: `chat-server default-config` prints one with all of
    /// them. Flags and the environment win over it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What is done with a history.
#[derive(Debug, Subcommand)]
enum Upkeep {
    /// Verify all of the history, and change nothing; also while its server runs
    Check(Data),
    /// Write the history to standard output, a JSON object a line; also while its server runs. Of a
    /// damaged one, all that can be read is written, and where something is missing
    Export(Data),
    /// Make a new history of what was exported, read from standard input
    Import(Data),
    /// Make a copy of the history in a new directory, also while its server runs: it opens as the history
    /// does
    Backup(To),
    /// Make a new history, in a new directory, of all that can be read of a damaged one, and say what is
    /// missing; the damaged one is left as it is
    Repair(To),
    /// Print a configuration for --config: every option at its default, and what it means
    DefaultConfig,
    /// Verify a configuration, and say where it is wrong and what is expected there
    CheckConfig {
        /// The configuration
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

#[derive(Debug, clap::Args)]
struct To {
    #[command(flatten)]
    from: Data,

    /// The new directory
    #[arg(value_name = "NEW-DIR")]
    to: PathBuf,
}

/// Lines a second of one connection.
const RATE: u32 = 20;

/// How many connections that send all they may take up the rate of their host.
const CONNECTIONS: u32 = 5;

const AFTER_HELP: &str = "\
History, unless --data or --ephemeral is given, is the first of these that is known:
  $STATE_DIRECTORY             as set by systemd; the first, if there are several
  $XDG_STATE_HOME/chat-server
  $HOME/.local/state/chat-server
  on macOS: $HOME/Library/Application Support/chat-server
  on Windows: %LOCALAPPDATA%\\chat-server

What is told to others is on the disk first. Where the disk is full, nobody can say anything or come in
until there is room; the server goes on, and so does reading and leaving.

Signals:
  SIGINT (Ctrl-C), SIGTERM  tell everyone, let them go, write the history; all within 5 s
  a second one of these     exit at once
  SIGHUP                    as SIGTERM, but never the second; nothing if it was ignored at the start (nohup)
  SIGXCPU                   as SIGHUP: the limit on processor time is near (ulimit -t)
  SIGXFSZ                   nothing: a file at its limit (ulimit -f) is a disk that is full
  SIGUSR1, SIGUSR2          nothing
  SIGQUIT (Ctrl-\\)          exit at once, nobody is told, as with SIGKILL

Log messages are written on standard error: who connected from where, joined, left, or was refused
and why; never what is said. In 10 s, 50 connections of a host are told one by one, and 5 that are
refused; the others are counted. Told once, at the start: that others can read the history, that the
server runs as root, and that it listens where other machines can connect.

Environment:
  CHAT_…    every option, such as CHAT_HOST_RATE=200 for --host-rate 200, CHAT_EPHEMERAL=true, or
            CHAT_LISTEN=5000,[::1]:5000; a flag wins over it, and it wins over the file of --config
  RUST_LOG  which log messages are written: error, warn, info, debug, trace, or per part, such as
            chat_net=debug [default: info; warn where standard output and standard error are both a
            terminal, whose screen shows who comes and goes]
  NO_COLOR, CLICOLOR, CLICOLOR_FORCE, TERM=dumb
            whether log messages have colours [default: on a terminal]

Exit codes:
  0    stopped by a signal, everyone was told; check, export, import, backup or repair succeeded
  1    could not start: the address is in use, or the history cannot be opened, for example;
       the history could not be kept any more: the disk failed, or did not take the last of it
       within the 5 s of a stop; check, export, import, backup or repair failed
  2    wrong usage
  78   the file of --config, or of check-config, is wrong
  130  a second SIGINT or SIGTERM";

/// The exit code after the second signal to stop.
const INTERRUPTED: i32 = 130;

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogFormat {
    /// Lines for people
    Text,
    /// One JSON object a line, for programs
    Json,
}

fn connections(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|n| *n > 0);
    number.ok_or_else(|| "a number from 1 on is wanted".into())
}

fn threads(text: &str) -> Result<NonZeroUsize, String> {
    const MOST: usize = 64;
    let number = text
        .parse::<NonZeroUsize>()
        .ok()
        .filter(|n| n.get() <= MOST);
    number.ok_or_else(|| format!("a number from 1 to {MOST} is wanted"))
}

/// The exit code for a configuration that is wrong, as sysexits.h has it.
const WRONG_CONFIG: u8 = 78;

/// The options as they were given: on the command line, in the environment, in a file.
fn arguments() -> Result<Args, Box<dyn Error>> {
    let command = config::with_environment(Args::command());
    let (args, matches) = parsed(command.clone())?;
    match &args.data.config {
        None => reconciled(args, &matches, &Config::default()),
        Some(file) => {
            let config = Config::read(&Args::command(), file)?;
            let (args, matches) = parsed(config.apply(command))?;
            reconciled(args, &matches, &config)
        }
    }
}

fn parsed(command: Command) -> Result<(Args, ArgMatches), clap::Error> {
    let matches = command.try_get_matches()?;
    Ok((Args::from_arg_matches(&matches)?, matches))
}

/// Sees to it that --ephemeral and what contradicts it do not come from the same place; of a directory and
/// --ephemeral, the stronger one counts.
fn reconciled(
    mut args: Args,
    matches: &ArgMatches,
    config: &Config,
) -> Result<Args, Box<dyn Error>> {
    let source = |id| config::source(matches, config, id);
    let ephemeral = source("ephemeral");
    if args.ephemeral {
        // A file may say how much is kept all the same, as the one that default-config prints does.
        let keeps = ["days", "entries", "bytes"].map(source);
        let of_keeping = keeps.contains(&ephemeral) && ephemeral > Source::File;
        if source("data") == ephemeral || of_keeping {
            let both = "ephemeral keeps no history, and contradicts data and keep-…";
            return Err(if ephemeral == Source::File {
                config.error(both).into()
            } else {
                Args::command()
                    .error(ErrorKind::ArgumentConflict, both)
                    .into()
            });
        }
        args.ephemeral = ephemeral > source("data");
    }
    Ok(args)
}

/// Verifies a configuration as a server would that has nothing but it.
fn check_config(file: &Path) -> Result<(), Box<dyn Error>> {
    let config = Config::read(&Args::command(), file)?;
    let command = config.apply(Args::command());
    let matches = command.try_get_matches_from(["chat-server"])?;
    reconciled(Args::from_arg_matches(&matches)?, &matches, &config)?;
    println!("{} is a configuration.", file.display());
    Ok(())
}

/// Says what was wrong, and with which code the program is to end.
fn failed(error: &(dyn Error + 'static)) -> ExitCode {
    if let Some(usage) = error.downcast_ref::<clap::Error>() {
        let _ = usage.print();
        return ExitCode::from(u8::try_from(usage.exit_code()).unwrap_or(2));
    }
    // Its terminal may be closed.
    let _ = writeln!(io::stderr(), "chat-server: {error}");
    if error.is::<ConfigError>() {
        ExitCode::from(WRONG_CONFIG)
    } else {
        ExitCode::FAILURE
    }
}

fn main() -> ExitCode {
    let args = match arguments() {
        Ok(args) => args,
        Err(error) => return failed(&*error),
    };
    if let Err(error) = outlive_what_need_not_end_us() {
        eprintln!("chat-server: {error}");
        return ExitCode::FAILURE;
    }
    let log = match start_log(args.log_format) {
        Ok(log) => log,
        Err(error) => {
            eprintln!("chat-server: {error}");
            return ExitCode::from(2);
        }
    };
    let result = match &args.upkeep {
        None => serve(&args, &log),
        Some(upkeep) => keep_up(upkeep),
    };
    log.finish(last_wait());
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&*error),
    }
}

fn start_log(format: LogFormat) -> Result<Log, String> {
    let mut wanted = env::var("RUST_LOG").unwrap_or_default();
    if wanted.is_empty() {
        // On one terminal the screen shows who comes and goes, and is not to be torn by the log.
        let is_screen = io::stdout().is_terminal() && io::stderr().is_terminal();
        wanted = if is_screen { "warn" } else { "info" }.into();
    }
    let filter: Targets = wanted
        .parse()
        .map_err(|e| format!("RUST_LOG={wanted}: {e}"))?;
    let log = Log::start().map_err(|e| e.to_string())?;
    let writer = log.clone();
    let layer = tracing_subscriber::fmt::layer().with_writer(move || writer.clone());
    let registry = tracing_subscriber::registry().with(filter);
    let has_colours = colour::is_wanted(io::stderr().is_terminal(), |name| env::var_os(name));
    match format {
        LogFormat::Text => registry.with(layer.with_ansi(has_colours)).init(),
        LogFormat::Json => registry.with(layer.json()).init(),
    }
    Ok(log)
}

fn keep_up(upkeep: &Upkeep) -> Result<(), Box<dyn Error>> {
    match upkeep {
        Upkeep::Check(data) => upkeep::check(&data.directory("")?)?,
        Upkeep::Export(data) => upkeep::export(&data.directory("")?)?,
        Upkeep::Import(data) => upkeep::import(&data.directory("")?)?,
        Upkeep::Backup(it) => upkeep::backup(&it.from.directory("")?, &it.to)?,
        Upkeep::Repair(it) => upkeep::repair(&it.from.directory("")?, &it.to)?,
        Upkeep::DefaultConfig => print!("{}", config::template(&Args::command())),
        Upkeep::CheckConfig { file } => check_config(file)?,
    }
    Ok(())
}

impl Data {
    /// The directory that was given, the configuration's, or the system's; `or` is what else could be given.
    fn directory(&self, or: &str) -> Result<PathBuf, Box<dyn Error>> {
        if let Some(given) = &self.data {
            return Ok(given.clone());
        }
        if let Some(file) = &self.config
            && let Some(set) = Config::read(&Args::command(), file)?.value("data")
        {
            return Ok(set.into());
        }
        history_dir::directory(System::HERE, |name| env::var_os(name)).ok_or_else(|| {
            format!("the environment names no directory for the history: give --data DIR{or}")
                .into()
        })
    }
}

impl Args {
    /// What it grants its clients.
    fn limits(&self) -> Limits {
        Limits {
            connections: self.max_connections,
            limit_loopback: self.hosts.limit_loopback,
            host: self.hosts.limits(),
            rate: Rates::of_lines(self.rate),
            host_rate: Rates::of_lines(self.host_rate()),
            ..Limits::default()
        }
    }

    fn host_rate(&self) -> u32 {
        self.host_rate
            .unwrap_or(self.rate.saturating_mul(CONNECTIONS))
    }

    /// What the history is kept in.
    fn store(&self) -> Result<Option<Store>, Box<dyn Error>> {
        if self.ephemeral {
            return Ok(None);
        }
        let dir = self.data.directory(" or --ephemeral")?;
        let store = Store::open(&dir, self.keep.retention()).map_err(|error| {
            let hint = match error.fault {
                Fault::InUse | Fault::Io(_) | Fault::Full(_) => {
                    "; --data DIR chooses another directory, --ephemeral keeps history in memory only"
                }
                _ => "",
            };
            format!("{error}{hint}")
        })?;
        tracing::info!(dir = %dir.display(), first = store.first(), head = store.head(), "history");
        Ok(Some(store))
    }
}

fn serve(args: &Args, log: &Log) -> Result<(), Box<dyn Error>> {
    let limits = args.limits();
    allow_descriptors(limits.connections + 2 * limits.refusals);
    let processors = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listeners = listen(&args.listen)?;
        let options = Options {
            limits,
            writers: args.threads.unwrap_or(processors),
            origin: None,
            store: args.store()?,
        };
        let listening: Vec<_> = (listeners.iter())
            .map(Listener::local_addr)
            .collect::<Result<_, _>>()?;
        let dir = args.data.directory("").ok().filter(|_| !args.ephemeral);
        for note in start_warnings::at_start(dir.as_deref(), &listening) {
            tracing::warn!("{note}");
        }
        // Before the first line of the screen, where both are on one terminal.
        log.catch_up();
        let mut transcript = Transcript::start(io::stdout())?;
        let stop = stop_signal()?;
        let served =
            chat_net::serve(listeners, options, |lines| transcript.push(lines), stop).await;
        transcript.finish(last_wait());
        Ok(served?)
    })
}

/// When the program was told to stop.
static TOLD: OnceLock<Instant> = OnceLock::new();

/// Resolves at the first signal to stop; the second one ends the program.
#[cfg(unix)]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let mut signals = Signals::new()?;
    chat_cli::signals::end_at_the_second(INTERRUPTED)?;
    Ok(async move {
        signals.next().await;
        let _ = TOLD.set(Instant::now());
    })
}

/// Resolves at the first signal to stop; the second one ends the program.
#[cfg(not(unix))]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let mut signals = Signals::new()?;
    let (tell, told) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        signals.next().await;
        let _ = (TOLD.set(Instant::now()), tell.send(()));
        signals.next().await;
        std::process::exit(INTERRUPTED);
    });
    Ok(async {
        let _ = told.await;
    })
}

/// How long the end of the program waits for what is still to be written on standard output, or standard
/// error: that is a part of the time that a stop may take.
fn last_wait() -> Duration {
    const LEAST: Duration = Duration::from_millis(100);
    const MOST: Duration = Duration::from_secs(1);
    let left = TOLD.get().map_or(MOST, |told| {
        Limits::default().shutdown.saturating_sub(told.elapsed())
    });
    left.clamp(LEAST, MOST)
}

/// Asks the system for as many descriptors as the connections need.
#[cfg(unix)]
fn allow_descriptors(connections: usize) {
    /// Listeners, standard streams and what the runtime needs.
    const OTHERS: u64 = 64;
    let wanted = connections as u64 + OTHERS;
    match rlimit::increase_nofile_limit(wanted) {
        Ok(limit) if limit < wanted => tracing::info!(
            limit,
            wanted,
            "the system allows fewer open files than the connections may need"
        ),
        Ok(_) => {}
        Err(error) => tracing::info!(%error, "cannot ask for more open files"),
    }
}

#[cfg(not(unix))]
fn allow_descriptors(_connections: usize) {}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(line: &str) -> (Rates, Rates) {
        let args = Args::try_parse_from(line.split(' ')).unwrap();
        let limits = args.limits();
        (limits.rate, limits.host_rate)
    }

    #[test]
    fn the_default_configuration_changes_nothing() {
        let file = env::temp_dir().join(format!("chat-template-{}", std::process::id()));
        std::fs::write(&file, config::template(&Args::command())).unwrap();
        let set = Config::read(&Args::command(), &file).unwrap();
        std::fs::remove_file(&file).unwrap();
        assert_eq!(set.value("rate"), Some("20"));
        let args = |command: Command| {
            let matches = command.try_get_matches_from(["chat-server"]).unwrap();
            format!("{:?}", Args::from_arg_matches(&matches).unwrap())
        };
        assert_eq!(args(set.apply(Args::command())), args(Args::command()));
    }

    #[test]
    fn a_rate_is_that_of_hosts_too_unless_they_have_their_own() {
        let of = Rates::of_lines;
        let default = Limits::default();
        assert_eq!(limits("chat-server"), (default.rate, default.host_rate));
        assert_eq!(limits("chat-server --rate 7"), (of(7), of(35)));
        assert_eq!(limits("chat-server --rate 7 --host-rate 9"), (of(7), of(9)));
        assert_eq!(
            limits("chat-server --host-rate 0"),
            (of(20), Rates::UNLIMITED)
        );
        assert_eq!(
            limits("chat-server --rate 0"),
            (Rates::UNLIMITED, Rates::UNLIMITED)
        );
        assert_eq!(
            limits("chat-server --rate 0 --host-rate 9"),
            (Rates::UNLIMITED, of(9))
        );
    }
}
