//! The command line, and what it makes.

use super::help::AFTER_HELP;
use super::log::LogFormat;
use chat_cli::address::Address;
use chat_cli::config::Config;
use chat_cli::history_dir::{self, System};
use chat_cli::hosts::Hosts;
use chat_cli::operator::protocol::Request;
use chat_cli::operator::{self, Places};
use chat_cli::option_value::{Trimmed, whole};
use chat_cli::retention::Keep;
use chat_cli::tls::server::TlsOptions;
use chat_core::{Limits, Rates};
use chat_net::proxy::Network;
use chat_net::store::{Fault, Store};
use clap::builder::{ArgPredicate, BoolValueParser, EnumValueParser};
use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use std::env;
use std::error::Error;
use std::io::{self, IsTerminal};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

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
pub(super) struct Args {
    #[command(subcommand)]
    pub(super) upkeep: Option<Upkeep>,

    /// Listen here: HOST:PORT, HOST for port 5000, or PORT alone for 127.0.0.1, as is :PORT; may be
    /// given several times. 0.0.0.0:PORT is every IPv4 address of this machine, `[::]:PORT` every
    /// address, a name all of its addresses. With port 0 the system chooses a port, and the first
    /// lines of standard output name it
    #[arg(
        long,
        value_name = "ADDR",
        default_value = "127.0.0.1:5000",
        default_value_if("listen_tls", ArgPredicate::IsPresent, None),
        value_parser = Trimmed(Address::from_str)
    )]
    pub(super) listen: Vec<Address>,

    #[command(flatten)]
    pub(super) tls: TlsOptions,

    /// Connections from these addresses (IP, or a network such as 10.0.0.0/8) come through a balancer, and begin with
    /// a header that tells whose they are (the PROXY protocol, version 1 or 2); may be given several times. From
    /// others such a header is refused
    #[arg(long, value_name = "NETWORK", value_parser = Network::from_str)]
    pub(super) proxy_from: Vec<Network>,

    /// Connections held at once. When one more comes, the last of those who never said anything
    /// gives way; if everyone has, the newcomer is told that the room is full
    #[arg(long, value_name = "N", default_value_t = Limits::default().connections, value_parser = whole::<usize>(1, u64::MAX))]
    pub(super) max_connections: usize,

    #[command(flatten)]
    pub(super) hosts: Hosts,

    /// Lines that one connection may send in a second, in the long run, of 512 bytes each; at once, as
    /// many lines as in 50 seconds and as many bytes as in 12; what is more is read later, and nothing is lost. 0 lifts this, and
    /// the rate of hosts unless that is given
    #[arg(long, value_name = "LINES", default_value_t = RATE, value_parser = whole::<u32>(0, u64::MAX))]
    pub(super) rate: u32,

    /// The same for all connections of a host (an IPv4 address, or the /64 network of an IPv6 address)
    /// together, but for the bytes at once, as many as in 5 seconds; 0 lifts it [default: 5 times --rate]
    #[arg(long, value_name = "LINES", value_parser = whole::<u32>(0, u64::MAX))]
    pub(super) host_rate: Option<u32>,

    /// Threads that write to clients once a room has hundreds of members [default: one for each
    /// processor]
    #[arg(long, value_name = "N", value_parser = threads)]
    pub(super) threads: Option<NonZeroUsize>,

    #[command(flatten)]
    pub(super) data: Data,

    /// Keep the history in memory only: it is forgotten when the server stops
    #[arg(long, value_parser = Trimmed(BoolValueParser::new()))]
    pub(super) ephemeral: bool,

    #[command(flatten)]
    pub(super) keep: Keep,

    /// Answer `chat-server admin` on this Unix socket, which nobody else can open [default: admin.sock in
    /// the directory of the history, none with --ephemeral]
    #[arg(long, value_name = "PATH")]
    pub(super) admin: Option<PathBuf>,

    /// Export metrics over HTTP here, ADDR as for --listen: /metrics (`OpenMetrics`), /healthz, /readyz. They
    /// name nobody, and are for everyone who can connect
    #[arg(long, value_name = "ADDR", value_parser = Trimmed(Address::from_str))]
    pub(super) metrics: Option<Address>,

    /// How log messages are written on standard error
    #[arg(long, default_value = "text", value_parser = Trimmed(EnumValueParser::<LogFormat>::new()))]
    pub(super) log_format: LogFormat,
}

#[derive(Debug, clap::Args)]
pub(super) struct Data {
    /// The directory of the history [default: where the system has programs keep their state, see
    /// chat-server --help]
    #[arg(long, value_name = "DIR")]
    pub(super) data: Option<PathBuf>,

    /// Read options from this file, a field for each: `chat-server default-config` prints one with all of
    /// them. Flags and the environment win over it
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
}

/// What is done with a history.
#[derive(Debug, Subcommand)]
pub(super) enum Upkeep {
    /// Verify all of the history, and change nothing; also while its server runs
    Check(Data),
    /// Write the history to standard output, a JSON object a line; also while its server runs. Of a
    /// damaged one, all that can be read is written, and where something is missing
    Export(ToExport),
    /// Make a new history of what was exported, read from standard input
    Import(Data),
    /// Make a copy of the history in a new directory, also while its server runs: it opens as the history
    /// does
    Backup(To),
    /// Make a new history, in a new directory, of all that can be read of a damaged one, and say what is
    /// missing; the damaged one is left as it is
    Repair(To),
    /// Ask the running server, or have it do something
    Admin(ToAdmin),
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
pub(super) struct ToExport {
    #[command(flatten)]
    pub(super) data: Data,

    /// Write what people said to each other alone as well: it is theirs, so without this only that there was
    /// something is written, and not what, nor by whom
    #[arg(long)]
    pub(super) private: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct To {
    #[command(flatten)]
    pub(super) from: Data,

    /// The new directory
    #[arg(value_name = "NEW-DIR")]
    pub(super) to: PathBuf,
}

/// Lines a second of one connection.
const RATE: u32 = 20;

/// How many connections that send all they may take up the rate of their host.
const CONNECTIONS: u32 = 5;

fn threads(text: &str) -> Result<NonZeroUsize, String> {
    const MOST: u64 = 64;
    let number = whole::<usize>(1, MOST)(text)?;
    NonZeroUsize::new(number).ok_or_else(|| "one at least is wanted".into())
}

impl Data {
    /// The directory that was given, the configuration's, or the system's; `or` is what else could be given.
    pub(super) fn directory(&self, or: &str) -> Result<PathBuf, Box<dyn Error>> {
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
    pub(super) fn limits(&self) -> Limits {
        Limits {
            connections: self.max_connections,
            limit_loopback: self.hosts.limit_loopback,
            host: self.hosts.limits(),
            rate: Rates::of_lines(self.rate),
            host_rate: Rates::of_host(self.host_rate()),
            ..Limits::default()
        }
    }

    /// Whether SIGHUP reads the configuration anew: a closed terminal sends it, too, and then it means that.
    pub(super) fn reloads_at_hang_up(&self) -> bool {
        self.data.config.is_some() && self.reads_anew_at_hang_up()
    }

    /// Whether there is something that SIGHUP asks for to be read anew, and no terminal that may be closed.
    pub(super) fn reads_anew_at_hang_up(&self) -> bool {
        let has_files = self.data.config.is_some() || self.tls.cert.is_some();
        has_files && !io::stdout().is_terminal() && !io::stderr().is_terminal()
    }

    /// Where the operator's side listens.
    pub(super) fn places(&self, dir: Option<PathBuf>) -> io::Result<Places> {
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
    pub(super) fn store(&self) -> Result<Option<Store>, Box<dyn Error>> {
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

/// What `chat-server admin` asks, and whom.
#[derive(Debug, clap::Args)]
pub(super) struct ToAdmin {
    #[command(flatten)]
    pub(super) of: Data,

    /// The server's socket [default: admin.sock in the directory of the history]
    #[arg(long, value_name = "PATH")]
    pub(super) admin: Option<PathBuf>,

    /// Print the answer as an object of JSON, for programs
    #[arg(long, global = true)]
    pub(super) json: bool,

    #[command(subcommand)]
    pub(super) request: Request,
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat_cli::config;
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
        let (of, host) = (Rates::of_lines, Rates::of_host);
        let default = Limits::default();
        assert_eq!(limits("chat-server"), (default.rate, default.host_rate));
        assert_eq!(limits("chat-server --rate 7"), (of(7), host(35)));
        assert_eq!(
            limits("chat-server --rate 7 --host-rate 9"),
            (of(7), host(9))
        );
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
            (Rates::UNLIMITED, host(9))
        );
    }
}
