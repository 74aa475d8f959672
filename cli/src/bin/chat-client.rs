//! `chat-client`: one person in the chat room.

use chat_cli::address;
use chat_cli::terminal::Terminal;
use chat_core::Outcome;
use clap::Parser;
use std::io;
use std::process::exit;
use std::time::Duration;
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Joins a chat room: what you type is said to the others, what they say is shown.
///
/// Type JOIN (or JOIN and a name) when asked, then talk. A line with LEAVE alone leaves; /help
/// lists what else there is. In a pipe, the first line of the input is JOIN, and its end leaves.
#[derive(Debug, Parser)]
#[command(name = "chat-client", version, after_help = AFTER_HELP)]
struct Args {
    /// The server: HOST:PORT, or HOST for port 5000
    #[arg(value_name = "ADDR", default_value = "127.0.0.1:5000", value_parser = address::check)]
    server: String,

    /// Connect from this port of ours; the server names you USER and this number
    #[arg(long, value_name = "N")]
    local_port: Option<u16>,
}

const AFTER_HELP: &str = "\
Examples:
  chat-client                                   talk on this machine
  chat-client chat.example.org:5000             talk somewhere else
  printf 'JOIN\\nhi\\nLEAVE\\n' | chat-client      say one line; exit code 0: it was delivered

The room's lines are written on standard output, messages of the program on standard error.

Exit codes:
  0    left; everything that was typed was delivered
  1    left, but a line was not sent (too long, or not UTF-8); or the input ended before JOIN; or
       standard output could not be written
  2    wrong usage
  3    could not connect
  4    the connection was lost, or the server closed it; what was typed last may be lost
  130  interrupted (Ctrl-C)";

fn main() {
    let args = Args::parse();
    let code = match run(&args) {
        Ok(Outcome::Left) => 0,
        Ok(Outcome::Refused | Outcome::NeverJoined) => 1,
        Ok(Outcome::Unreachable) => 3,
        Ok(Outcome::Lost) => 4,
        Ok(Outcome::Interrupted) => 130,
        // Whoever reads the output has had enough of it.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => 1,
        Err(error) => {
            eprintln!("chat-client: {error}");
            1
        }
    };
    // Not a return: the thread that reads the keyboard would be waited for.
    exit(code);
}

fn run(args: &Args) -> io::Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let (mut terminal, input) = Terminal::open()?;
        let (interrupt, mut interrupts) = mpsc::channel(2);
        tokio::spawn(async move {
            while tokio::signal::ctrl_c().await.is_ok() && interrupt.send(()).await.is_ok() {}
        });
        let connect = || connect(&args.server, args.local_port);
        let run = chat_net::client::run(connect, input, &mut interrupts, &mut terminal);
        let outcome = run.await.map_err(|error| of_output(&error))?;
        if outcome == Outcome::Interrupted {
            // Nobody waits for a screen that is stuck.
            let _ = timeout(Duration::from_millis(100), terminal.finish()).await;
            return Ok(outcome);
        }
        tokio::select! {
            biased;
            finished = terminal.finish() => finished.map(|()| outcome).map_err(|error| of_output(&error)),
            _ = interrupts.recv() => Ok(Outcome::Interrupted),
        }
    })
}

fn of_output(error: &io::Error) -> io::Error {
    io::Error::new(
        error.kind(),
        format!("cannot write to standard output: {error}"),
    )
}

/// Connects to the first of the server's addresses that answers.
async fn connect(server: &str, local_port: Option<u16>) -> io::Result<TcpStream> {
    let from = local_port.map_or(String::new(), |port| format!(" from port {port}"));
    let failed =
        |error: io::Error| io::Error::new(error.kind(), format!("{server}{from}: {error}"));
    let mut result = Err(io::ErrorKind::NotFound.into());
    let addresses = lookup_host(address::with_port(server))
        .await
        .map_err(failed)?;
    for address in addresses {
        result = chat_net::connect(address, local_port).await;
        if result.is_ok() {
            break;
        }
    }
    result.map_err(failed)
}
