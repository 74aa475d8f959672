//! `chat-server admin`: asks the running server.

use super::args::{Args, ToAdmin, Upkeep};
use chat_cli::config::Config;
use chat_cli::operator::{self, protocol::Request};
use chat_cli::paper;
use clap::CommandFactory;
use std::env;
use std::error::Error;
use std::path::PathBuf;

/// Whether answers are wanted in JSON.
pub(super) fn is_json(args: &Args) -> bool {
    matches!(&args.upkeep, Some(Upkeep::Admin(it)) if it.json)
}

/// The same of a command line that cannot be read.
pub(super) fn is_json_asked() -> bool {
    let is_there = |word: &str| env::args_os().skip(1).any(|it| it == *word);
    is_there("admin") && is_there("--json")
}

/// What was wrong, as an object; nothing, where nothing was.
pub(super) fn failure(error: &(dyn Error + 'static)) -> Option<String> {
    let text = match error.downcast_ref::<clap::Error>() {
        Some(usage) if usage.exit_code() == 0 => return None,
        Some(usage) => {
            let all = usage.render().to_string();
            let told = all.split("\n\n").next().unwrap_or_default();
            let told = told.trim().trim_start_matches("error: ");
            told.split_whitespace().collect::<Vec<_>>().join(" ")
        }
        None => error.to_string(),
    };
    Some(format!("{}\n", serde_json::json!({ "error": text })))
}

/// Asks the running server, and shows what it answers.
#[cfg(unix)]
pub(super) fn ask(admin: &ToAdmin) -> Result<(), Box<dyn Error>> {
    use chat_cli::operator::ask::{ask, table};
    use chat_cli::operator::protocol::Answer;
    let set = match &admin.of.config {
        Some(file) => Config::read(&Args::command(), file)?
            .value("admin")
            .map(PathBuf::from),
        None => None,
    };
    let path = match admin.admin.clone().or(set) {
        Some(path) => path,
        None => admin
            .of
            .directory(" or --admin PATH")?
            .join(operator::SOCKET),
    };
    let mut request = admin.request.clone();
    if let Request::Backup { dir } = &mut request {
        *dir = std::path::absolute(&*dir)?;
    }
    let (answer, line) = ask(&path, &request)?;
    match answer {
        Answer::Error { text } => Err(text.into()),
        _ if admin.json => Ok(paper::print(line)?),
        answer => Ok(paper::print(table(&answer))?),
    }
}

#[cfg(not(unix))]
pub(super) fn ask(_admin: &ToAdmin) -> Result<(), Box<dyn Error>> {
    Err("there is no admin socket on this system".into())
}
