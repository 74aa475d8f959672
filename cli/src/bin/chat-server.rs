//! `chat-server`: a chat room on a TCP port.

#[path = "chat-server/admin.rs"]
mod admin;
#[path = "chat-server/args.rs"]
mod args;
#[path = "chat-server/given.rs"]
mod given;
#[path = "chat-server/help.rs"]
mod help;
#[path = "chat-server/log.rs"]
mod log;
#[path = "chat-server/serve.rs"]
mod serve;
#[path = "chat-server/stop.rs"]
mod stop;

use args::{Args, Upkeep};
use chat_cli::config::{self, ConfigError};
use chat_cli::signals::outlive_what_need_not_end_us;
use chat_cli::{paper, upkeep};
use clap::CommandFactory;
use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Instant;

/// The exit code for a configuration that is wrong, as sysexits.h has it.
const WRONG_CONFIG: u8 = 78;

/// Says what was wrong, and with which code the program is to end: as an object on standard output, where that is what was asked for.
fn failed(error: &(dyn Error + 'static), is_json: bool) -> ExitCode {
    if is_json && let Some(told) = admin::failure(error) {
        // Whoever reads it may be gone.
        let _ = paper::print(told);
    } else if let Some(usage) = error.downcast_ref::<clap::Error>() {
        let _ = usage.print();
    } else {
        let remedy = if is_short_of_files(error) {
            ": raise the limit for whoever starts this (`ulimit -n`, LimitNOFILE=)"
        } else {
            ""
        };
        // Its terminal may be closed.
        let _ = writeln!(io::stderr(), "chat-server: {error}{remedy}");
    }
    if let Some(usage) = error.downcast_ref::<clap::Error>() {
        ExitCode::from(u8::try_from(usage.exit_code()).unwrap_or(2))
    } else if error.is::<ConfigError>() {
        ExitCode::from(WRONG_CONFIG)
    } else {
        ExitCode::FAILURE
    }
}

/// Whether no more files can be opened at once (EMFILE, ENFILE).
fn is_short_of_files(error: &(dyn Error + 'static)) -> bool {
    let code = error.downcast_ref().and_then(io::Error::raw_os_error);
    cfg!(unix) && matches!(code, Some(23 | 24))
}

fn main() -> ExitCode {
    let started = Instant::now();
    let (args, matches) = match given::arguments() {
        Ok(given) => given,
        Err(error) => return failed(&*error, admin::is_json_asked()),
    };
    if let Err(error) = outlive_what_need_not_end_us() {
        eprintln!("chat-server: {error}");
        return ExitCode::FAILURE;
    }
    let (log, set_log, wrong_log) = match log::start(args.log_format) {
        Ok(log) => log,
        Err(error) => {
            eprintln!("chat-server: {error}");
            return ExitCode::from(2);
        }
    };
    let result = match &args.upkeep {
        None => serve::serve(&args, matches, &log, set_log, wrong_log, started),
        Some(upkeep) => keep_up(upkeep),
    };
    log.finish(stop::last_wait());
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&*error, admin::is_json(&args)),
    }
}

fn keep_up(upkeep: &Upkeep) -> Result<(), Box<dyn Error>> {
    match upkeep {
        Upkeep::Check(data) => upkeep::check(&data.directory("")?)?,
        Upkeep::Export(it) => upkeep::export(&it.data.directory("")?, it.private)?,
        Upkeep::Import(data) => upkeep::import(&data.directory("")?)?,
        Upkeep::Backup(it) => upkeep::backup(&it.from.directory("")?, &it.to)?,
        Upkeep::Repair(it) => upkeep::repair(&it.from.directory("")?, &it.to)?,
        Upkeep::Admin(it) => admin::ask(it)?,
        Upkeep::DefaultConfig => paper::print(config::template(&Args::command()))?,
        Upkeep::Man => paper::man(Args::command())?,
        Upkeep::Completions { shell } => paper::complete(*shell, Args::command())?,
        Upkeep::CheckConfig { file } => given::check_config(file)?,
    }
    Ok(())
}
