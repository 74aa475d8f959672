//! `chat-server admin`: asks the running server.

use super::args::{Args, Data};
use chat_cli::config::Config;
use chat_cli::operator::{self, protocol::Request};
use clap::CommandFactory;
use std::error::Error;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(super) struct ToAdmin {
    #[command(flatten)]
    of: Data,

    /// The server's socket [default: admin.sock in the directory of the history]
    #[arg(long, value_name = "PATH")]
    admin: Option<PathBuf>,

    /// Print the answer as an object of JSON, for programs
    #[arg(long, global = true)]
    json: bool,

    #[command(subcommand)]
    request: Request,
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
    if admin.json {
        print!("{line}");
    }
    match answer {
        Answer::Error { text } => Err(text.into()),
        _ if admin.json => Ok(()),
        answer => {
            print!("{}", table(&answer));
            Ok(())
        }
    }
}

#[cfg(not(unix))]
pub(super) fn ask(_admin: &ToAdmin) -> Result<(), Box<dyn Error>> {
    Err("there is no admin socket on this system".into())
}
