//! `chat-server`: a chat room on a TCP port.

#[path = "chat-server/admin.rs"]
mod admin;
#[path = "chat-server/given.rs"]
mod given;

use chat_cli::address::Address;
use chat_cli::config::{self, Config, ConfigError};
use chat_cli::history_dir::{self, System};
use chat_cli::hosts::Hosts;
use chat_cli::listen::listen;
use chat_cli::operator::notify::Notify;
use chat_cli::operator::{self, Operator, Places, SetLog};
use chat_cli::retention::Keep;
use chat_cli::signals::{Signals, outlive_what_need_not_end_us};
use chat_cli::terminal::Log;
use chat_cli::tls::server::{AnyListener, Running, TlsOptions};
use chat_cli::transcript::Transcript;
use chat_cli::{colour, paper, start_warnings, upkeep};
use chat_core::{Limits, Rates};
use chat_net::proxy::{HEADERS, Network, ProxyListener};
use chat_net::store::{Fault, Store};
use chat_net::tls::HANDSHAKES;
use chat_net::{Either, Listener, Metrics, Options};
use clap::builder::ArgPredicate;
use clap::{ArgMatches, CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::env;
use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};
#[cfg(unix)]
use tokio::signal::unix::{SignalKind, signal};
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
    #[arg(
        long,
        value_name = "ADDR",
        default_value = "127.0.0.1:5000",
        default_value_if("listen_tls", ArgPredicate::IsPresent, None),
        value_parser = Address::from_str
    )]
    listen: Vec<Address>,

    #[command(flatten)]
    tls: TlsOptions,

    /// Connections from these addresses (IP, or a network such as 10.0.0.0/8) come through a balancer, and begin with
    /// a header that tells whose they are (the PROXY protocol, version 1 or 2); may be given several times. From
    /// others such a header is refused
    #[arg(long, value_name = "NETWORK", value_parser = Network::from_str)]
    proxy_from: Vec<Network>,

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

    /// Answer `chat-server admin` on this Unix socket, which nobody else can open [default: admin.sock in
    /// the directory of the history, none with --ephemeral]
    #[arg(long, value_name = "PATH")]
    admin: Option<PathBuf>,

    /// Export metrics over HTTP here, ADDR as for --listen: /metrics (`OpenMetrics`), /healthz, /readyz. They
    /// name nobody, and are for everyone who can connect
    #[arg(long, value_name = "ADDR", value_parser = Address::from_str)]
    metrics: Option<Address>,

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
    /// Ask the running server, or have it do something
    Admin(admin::ToAdmin),
    /// Print a configuration for --config: every option at its default, and what it means
    DefaultConfig,
    /// Print the manual page, for `man -l -`
    Man,
    /// Print what completes a command line, for a shell to read
    Completions {
        /// The shell
        shell: Shell,
    },
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
  SIGHUP                    unless standard output or standard error is a terminal: with --config, read the configuration
                            anew, as `admin reload`; with --cert, the certificate and its key. Else as
                            SIGTERM, but never the second; nothing if it was ignored at the start (nohup)
  SIGXCPU                   as SIGHUP: the limit on processor time is near (ulimit -t)
  SIGXFSZ                   nothing: a file at its limit (ulimit -f) is a disk that is full
  SIGUSR1, SIGUSR2          nothing
  SIGQUIT (Ctrl-\\)          exit at once, nobody is told, as with SIGKILL

Log messages are written on standard error: who connected from where, joined, left, or was refused
and why; never what is said. In 10 s, 50 connections of a host are told one by one, and 5 that are
refused; the others are counted. Told once, at the start: the fingerprint of the certificate (TLS), that
others can read the history, that the server runs as root, and that it listens in plain text where other
machines can connect.

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
    let started = Instant::now();
    let (args, matches) = match given::arguments() {
        Ok(given) => given,
        Err(error) => return failed(&*error),
    };
    if let Err(error) = outlive_what_need_not_end_us() {
        eprintln!("chat-server: {error}");
        return ExitCode::FAILURE;
    }
    let (log, set_log) = match start_log(args.log_format) {
        Ok(log) => log,
        Err(error) => {
            eprintln!("chat-server: {error}");
            return ExitCode::from(2);
        }
    };
    let result = match &args.upkeep {
        None => serve(&args, matches, &log, set_log, started),
        Some(upkeep) => keep_up(upkeep),
    };
    log.finish(last_wait());
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&*error),
    }
}

fn start_log(format: LogFormat) -> Result<(Log, SetLog), String> {
    let mut wanted = env::var("RUST_LOG").unwrap_or_default();
    if wanted.is_empty() {
        // On one terminal the screen shows who comes and goes, and is not to be torn by the log.
        let is_screen = io::stdout().is_terminal() && io::stderr().is_terminal();
        // The fingerprint of a certificate is news that people come to the terminal for.
        wanted = if is_screen {
            "warn,chat_cli::tls=info"
        } else {
            "info"
        }
        .into();
    }
    let filter: Targets = wanted
        .parse()
        .map_err(|e| format!("RUST_LOG={wanted}: {e}"))?;
    let log = Log::start().map_err(|e| e.to_string())?;
    let writer = log.clone();
    let layer = tracing_subscriber::fmt::layer().with_writer(move || writer.clone());
    let (filter, handle) = tracing_subscriber::reload::Layer::new(filter);
    let registry = tracing_subscriber::registry().with(filter);
    let has_colours = colour::is_wanted(io::stderr().is_terminal(), |name| env::var_os(name));
    match format {
        LogFormat::Text => registry.with(layer.with_ansi(has_colours)).init(),
        LogFormat::Json => registry.with(layer.json()).init(),
    }
    let set = move |wanted: &str| {
        let filter: Targets = wanted
            .parse()
            .map_err(|error| format!("{wanted}: {error}"))?;
        handle.reload(filter).map_err(|error| error.to_string())
    };
    Ok((log, Box::new(set)))
}

fn keep_up(upkeep: &Upkeep) -> Result<(), Box<dyn Error>> {
    match upkeep {
        Upkeep::Check(data) => upkeep::check(&data.directory("")?)?,
        Upkeep::Export(data) => upkeep::export(&data.directory("")?)?,
        Upkeep::Import(data) => upkeep::import(&data.directory("")?)?,
        Upkeep::Backup(it) => upkeep::backup(&it.from.directory("")?, &it.to)?,
        Upkeep::Repair(it) => upkeep::repair(&it.from.directory("")?, &it.to)?,
        Upkeep::Admin(it) => admin::ask(it)?,
        Upkeep::DefaultConfig => print!("{}", config::template(&Args::command())),
        Upkeep::Man => paper::man(Args::command(), io::stdout())?,
        Upkeep::Completions { shell } => paper::complete(*shell, Args::command(), io::stdout()),
        Upkeep::CheckConfig { file } => given::check_config(file)?,
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

    /// Whether SIGHUP reads the configuration anew: a closed terminal sends it, too, and then it means that.
    fn reloads_at_hang_up(&self) -> bool {
        self.data.config.is_some() && !io::stdout().is_terminal() && !io::stderr().is_terminal()
    }

    /// Where the operator's side listens.
    fn places(&self, dir: Option<PathBuf>) -> io::Result<Places> {
        let metrics = match &self.metrics {
            Some(address) => {
                let listener =
                    (address.resolve()).and_then(|found| std::net::TcpListener::bind(&found[..]));
                Some(listener.map_err(|error| {
                    io::Error::new(
                        error.kind(),
                        format!("cannot export metrics on {address}: {error}"),
                    )
                })?)
            }
            None => None,
        };
        let default = dir.map(|dir| dir.join(operator::SOCKET));
        Ok(Places {
            is_socket_required: self.admin.is_some(),
            socket: self.admin.clone().or(default).filter(|_| cfg!(unix)),
            metrics,
        })
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

fn serve(
    args: &Args,
    matches: ArgMatches,
    log: &Log,
    set_log: SetLog,
    started: Instant,
) -> Result<(), Box<dyn Error>> {
    let notify = Arc::new(Notify::from_environment());
    let limits = args.limits();
    let mut handshakes = args.tls.listen_tls.len() * HANDSHAKES;
    if !args.proxy_from.is_empty() {
        handshakes += (args.listen.len() + args.tls.listen_tls.len()) * HEADERS;
    }
    allow_descriptors(limits.connections + 2 * limits.refusals + handshakes);
    let processors = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut plain = operator::inherited()?;
        if plain.is_empty() {
            plain = listen(&args.listen)?;
        }
        let over_tls = listen(&args.tls.listen_tls)?;
        let (control, controlled) = chat_net::control();
        let metrics = Metrics::default();
        let options = Options {
            limits,
            writers: args.threads.unwrap_or(processors),
            origin: None,
            store: args.store()?,
            control: Some(controlled),
            metrics: metrics.clone(),
        };
        let in_plain_text: Vec<_> = (plain.iter())
            .map(Listener::local_addr)
            .collect::<Result<_, _>>()?;
        let dir = args.data.directory("").ok().filter(|_| !args.ephemeral);
        let believing = |listener| {
            let runtime = tokio::runtime::Handle::current();
            ProxyListener::new(listener, args.proxy_from.clone(), &runtime)
        };
        let plain: Vec<_> = plain.into_iter().map(believing).collect();
        let over_tls = over_tls.into_iter().map(believing).collect();
        let (over_tls, running) = args.tls.start(over_tls, dir.as_deref())?;
        for note in start_warnings::at_start(dir.as_deref(), &in_plain_text) {
            tracing::warn!("{note}");
        }
        let listeners: Vec<AnyListener> = plain
            .into_iter()
            .map(Either::Left)
            .chain(over_tls)
            .collect();
        let operator = Operator {
            control,
            metrics,
            data: dir.clone(),
            reload: given::reload(matches),
            set_log,
            notify: Arc::clone(&notify),
            reloads_at_hang_up: args.reloads_at_hang_up(),
            started,
        };
        let operating = operator.start(args.places(dir)?)?;
        // Before the first line of the screen, where both are on one terminal.
        log.catch_up();
        let mut transcript = Transcript::start(io::stdout())?;
        let stop = stop_signal(running.as_ref(), args.reloads_at_hang_up(), notify)?;
        let served =
            chat_net::serve(listeners, options, |lines| transcript.push(lines), stop).await;
        drop((running, operating));
        transcript.finish(last_wait());
        Ok(served?)
    })
}

/// When the program was told to stop.
static TOLD: OnceLock<Instant> = OnceLock::new();

/// Resolves at the first signal to stop; the second one ends the program. SIGHUP is none where it asks for the
/// certificate to be read anew.
#[cfg(unix)]
fn stop_signal(
    tls: Option<&Running>,
    reloads_at_hang_up: bool,
    notify: Arc<Notify>,
) -> io::Result<impl Future<Output = ()> + use<>> {
    let is_shown = io::stdout().is_terminal() || io::stderr().is_terminal();
    let reload = tls.and_then(|tls| tls.reload.clone()).filter(|_| !is_shown);
    let hang_up_stops = reload.is_none() && !reloads_at_hang_up;
    chat_cli::signals::end_at_the_second(INTERRUPTED, hang_up_stops)?;
    let mut signals = if hang_up_stops {
        Signals::new()?
    } else {
        Signals::without_hang_up()?
    };
    if let Some(reload) = reload {
        let mut asked = signal(SignalKind::hangup())?;
        tokio::spawn(async move {
            while asked.recv().await.is_some() {
                reload.ask();
            }
        });
    }
    Ok(async move {
        signals.next().await;
        let _ = TOLD.set(Instant::now());
        notify.tell("STOPPING=1");
    })
}

/// Resolves at the first signal to stop; the second one ends the program.
#[cfg(not(unix))]
fn stop_signal(
    _: Option<&Running>,
    _reloads_at_hang_up: bool,
    _notify: Arc<Notify>,
) -> io::Result<impl Future<Output = ()> + use<>> {
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
    use clap::{Command, FromArgMatches};

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
