//! The options as they were given, and as they are given anew while the server runs.

use super::args::Args;
use chat_cli::config::{self, Config, Source};
use chat_cli::operator::{Reload, Reloaded};
use chat_cli::paper;
use clap::error::ErrorKind;
use clap::{ArgMatches, Command, CommandFactory, FromArgMatches};
use std::error::Error;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// The options as they were given: on the command line, in the environment, in a file.
pub(super) fn arguments() -> Result<(Args, ArgMatches), Box<dyn Error>> {
    let command = config::with_environment(Args::command());
    let (args, matches) = parsed(command.clone())?;
    match &args.data.config {
        None => {
            let args = reconciled(args, &matches, &Config::default())?;
            Ok((args, matches))
        }
        Some(file) => {
            let config = Config::read(&Args::command(), file)?;
            let (args, matches) = parsed(config.apply(command))?;
            Ok((reconciled(args, &matches, &config)?, matches))
        }
    }
}

fn parsed(command: Command) -> Result<(Args, ArgMatches), clap::Error> {
    let matches = command.try_get_matches()?;
    Ok((Args::from_arg_matches(&matches)?, matches))
}

/// Sees to it that --ephemeral and what contradicts it do not come from the same place; of a directory and
/// --ephemeral, the stronger one counts. Whoever is told where to listen over TLS, and not where in plain text, does not do that;
/// and of a certificate, what belongs together is there, whoever gave it.
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
                config.error(&["ephemeral"], both).into()
            } else {
                Args::command()
                    .error(ErrorKind::ArgumentConflict, both)
                    .into()
            });
        }
        args.ephemeral = ephemeral > source("data");
    }
    let tls = &args.tls;
    if !tls.listen_tls.is_empty() && source("listen") == Source::Default {
        args.listen.clear();
    }
    let (among, wrong) = if tls.cert.is_some() != tls.key.is_some() {
        let wrong =
            "a certificate needs its key, and a key its certificate: set both, cert and key";
        (["cert", "key"], wrong)
    } else if tls.cert.is_some() && tls.listen_tls.is_empty() {
        let wrong = "a certificate is for listening over TLS: set listen_tls as well";
        (["cert", "key"], wrong)
    } else if args.listen.is_empty() && tls.listen_tls.is_empty() {
        let wrong = "there is nowhere to listen: set listen or listen_tls";
        (["listen", "listen_tls"], wrong)
    } else {
        return Ok(args);
    };
    Err(config.error(&among, wrong).into())
}

/// Verifies a configuration as a server would that has nothing but it.
pub(super) fn check_config(file: &Path) -> Result<(), Box<dyn Error>> {
    let config = Config::read(&Args::command(), file)?;
    let command = config.apply(Args::command());
    let matches = command.try_get_matches_from(["chat-server"])?;
    reconciled(Args::from_arg_matches(&matches)?, &matches, &config)?;
    Ok(paper::print(format!(
        "{} is a configuration.\n",
        file.display()
    ))?)
}

/// Options that are put in force while the server runs.
const RELOADED: [&str; 9] = [
    "max_connections",
    "host_connections",
    "host_unjoined",
    "host_joins",
    "host_detached",
    "host_tokens",
    "limit_loopback",
    "rate",
    "host_rate",
];

/// Reads the configuration anew, for a server that was started with this one.
pub(super) fn reload(started_with: ArgMatches) -> Reload {
    let in_force = Mutex::new(started_with.clone());
    Box::new(move || {
        let (args, matches) = arguments().map_err(|error| error.to_string())?;
        let command = Args::command();
        let mut in_force = in_force.lock().unwrap_or_else(PoisonError::into_inner);
        let names = |before: &ArgMatches, is_reloaded: bool| {
            let changed = config::changed(&command, before, &matches).into_iter();
            let these = changed.filter(|(id, _)| RELOADED.contains(&&**id) == is_reloaded);
            these.map(|(_, name)| name).collect()
        };
        let limits = args.limits();
        allow_descriptors(limits.connections + 2 * limits.refusals);
        let reloaded = Reloaded {
            applied: names(&in_force, true),
            restart: names(&started_with, false),
            limits,
        };
        *in_force = matches;
        Ok(reloaded)
    })
}

/// Asks the system for as many descriptors as the connections need.
#[cfg(unix)]
pub(super) fn allow_descriptors(connections: usize) {
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
pub(super) fn allow_descriptors(_connections: usize) {}
