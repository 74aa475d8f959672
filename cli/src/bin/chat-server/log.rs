//! The log: messages for people or for programs, on standard error.

use chat_cli::colour;
use chat_cli::operator::SetLog;
use chat_cli::terminal::Log;
use clap::ValueEnum;
use std::env;
use std::io::{self, IsTerminal};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum LogFormat {
    /// Lines for people
    Text,
    /// One JSON object a line, for programs
    Json,
}

pub(super) fn start(format: LogFormat) -> Result<(Log, SetLog), String> {
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
