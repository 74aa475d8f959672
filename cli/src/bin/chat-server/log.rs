//! The log: messages for people or for programs, on standard error.

use chat_cli::colour;
use chat_cli::operator::SetLog;
use chat_cli::terminal::Log;
use clap::ValueEnum;
use std::env;
use std::io::{self, IsTerminal};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum LogFormat {
    /// Lines for people
    Text,
    /// One JSON object a line, for programs
    Json,
}

/// The parts of the server that write messages.
const PARTS: [&str; 3] = ["chat_server", "chat_cli", "chat_net"];

/// Reads which messages are wanted: a level for all of them, levels for parts, or both, with commas between. What is said of parts alone
/// leaves the others as they are by default.
fn targets(wanted: &str, default: &str) -> Result<Targets, String> {
    let mut has_level = false;
    let mut read = Vec::new();
    for directive in wanted.split(',').map(str::trim) {
        let (part, level) = match directive.split_once('=') {
            Some((part, level)) => (part.trim(), level.trim()),
            None => ("", directive),
        };
        let is_part = |part: &str| PARTS.contains(&part.split("::").next().unwrap_or_default());
        if part.is_empty() && is_part(level) {
            read.push(level.to_owned());
            continue;
        }
        let has_part = directive.contains('=');
        let is_level = !level.is_empty() && level.parse::<LevelFilter>().is_ok();
        if !is_level || has_part && !is_part(part) {
            let parts = PARTS.join(", ");
            let what = if is_level { part } else { level };
            let kind = if is_level {
                "part of the server"
            } else {
                "log level"
            };
            return Err(format!(
                "{what:?} is no {kind}: off, error, warn, info, debug or trace is wanted, and what one part has for itself after a \
                 comma, such as info,chat_net=debug; the parts are {parts}"
            ));
        }
        has_level |= !has_part;
        read.push(directive.split_whitespace().collect());
    }
    if !has_level {
        read.insert(0, default.into());
    }
    let joined: Result<Targets, _> = read.join(",").parse();
    joined.map_err(|error| format!("{wanted:?}: {error}"))
}

/// Starts it; what there is to be told of `RUST_LOG`, if that is wrong.
pub(super) fn start(format: LogFormat) -> Result<(Log, SetLog, Option<String>), String> {
    // On one terminal the screen shows who comes and goes, and is not to be torn by the log.
    let is_screen = io::stdout().is_terminal() && io::stderr().is_terminal();
    // The fingerprint of a certificate is news that people come to the terminal for.
    let default = if is_screen {
        "warn,chat_cli::tls=info"
    } else {
        "info"
    };
    let wanted = env::var_os("RUST_LOG").unwrap_or_default();
    let wanted = wanted.to_string_lossy();
    let wanted = Some(wanted.trim()).filter(|it| !it.is_empty());
    let (filter, warning) = match targets(wanted.unwrap_or(default), default) {
        Ok(filter) => (filter, None),
        Err(error) => {
            let told = format!("RUST_LOG is ignored: {error}");
            (
                default.parse().map_err(|e| format!("{default}: {e}"))?,
                Some(told),
            )
        }
    };
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
        let filter = targets(wanted, default)?;
        handle.reload(filter).map_err(|error| error.to_string())
    };
    Ok((log, Box::new(set), warning))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::Level;

    #[test]
    fn what_is_said_of_a_part_leaves_the_others_as_they_are_by_default() {
        for (wanted, of_net, of_cli) in [
            ("debug", Level::DEBUG, Level::DEBUG),
            ("chat_net=debug", Level::DEBUG, Level::INFO),
            ("chat_net::listener = debug, warn", Level::WARN, Level::WARN),
            ("WARN,chat_net", Level::TRACE, Level::WARN),
            ("error,chat_net=1", Level::ERROR, Level::ERROR),
        ] {
            let filter = targets(wanted, "info").unwrap();
            for (target, level) in [("chat_net", of_net), ("chat_cli", of_cli)] {
                let most = [
                    Level::TRACE,
                    Level::DEBUG,
                    Level::INFO,
                    Level::WARN,
                    Level::ERROR,
                ];
                let most = most.into_iter().find(|it| filter.would_enable(target, it));
                assert_eq!(most, Some(level), "{wanted}: {target}");
            }
        }
        assert!(
            !targets("off", "info")
                .unwrap()
                .would_enable("chat_net", &Level::ERROR)
        );
    }

    #[test]
    fn what_is_no_level_and_no_part_is_told() {
        for (wanted, told) in [
            ("loud", "\"loud\" is no log level"),
            ("", "\"\" is no log level"),
            ("info,", "\"\" is no log level"),
            ("chat_net=", "\"\" is no log level"),
            ("chat_net=loud", "\"loud\" is no log level"),
            ("chat-net=debug", "\"chat-net\" is no part of the server"),
            ("=debug", "\"\" is no part of the server"),
            ("info,[span]=debug", "\"[span]\" is no part"),
            ("6", "\"6\" is no log level"),
        ] {
            let error = targets(wanted, "info").unwrap_err();
            assert!(error.starts_with(told), "{error}");
            assert!(
                error.contains("off, error, warn, info, debug or trace")
                    && error.contains("chat_net"),
                "{error}"
            );
        }
    }
}
