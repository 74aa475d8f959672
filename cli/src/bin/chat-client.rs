//! `chat-client`: one person in the chat room.

use chat_cli::device_label::device_label;
use chat_cli::paper::Papers;
use chat_cli::screen::commands;
use chat_cli::signals::{Signal, Signals, outlive_what_need_not_end_us};
use chat_cli::terminal::Terminal;
use chat_cli::tls::client::{Connector, Server};
use chat_cli::tls::fingerprint::Fingerprint;
use chat_core::{Client, JsonClient, Outcome, RoomName, Setup, TextClient, Timestamp};
use chat_net::MemoryFile;
use chat_net::client::{Keep, Stop};
use clap::{CommandFactory, Parser};
use std::cell::Cell;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::exit;
use std::str::FromStr;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Joins a chat room: what you type is said to the others, what they say is shown.
///
/// Type JOIN (or JOIN and a name) when asked, then talk. A line with LEAVE alone leaves; /help
/// lists what else there is. In a pipe, the first line of the input is JOIN, and its end leaves;
/// lines before JOIN and after LEAVE are not sent.
/// It reconnects by itself: it loses nothing, and says nothing twice. It keeps trying until you leave or the
/// input ends; from then on it waits 60 s for the server to accept the next line.
/// At a terminal it edits lines: readline's keys, Ctrl-_ to undo, Up and Ctrl-R for what was entered before, Tab for
/// names and commands. A paste is said, never read as commands. Ctrl-C clears the line; on an empty line, Ctrl-C
/// or Ctrl-D leave.
#[derive(Debug, Parser)]
#[command(name = "chat-client", version, after_help = AFTER_HELP)]
struct Args {
    /// The server: HOST:PORT, HOST for port 5000, or PORT for one on this machine; tls://HOST:PORT for one
    /// that speaks TLS
    #[arg(value_name = "ADDR", default_value = "127.0.0.1:5000", value_parser = Server::from_str)]
    server: Server,

    /// Speak TLS, as with tls:// before the address
    #[arg(long)]
    tls: bool,

    /// Speak TLS, and trust the server only if this is the SHA-256 fingerprint of its certificate, whoever
    /// vouches for that
    #[arg(long, value_name = "HEX", value_parser = Fingerprint::from_str)]
    fingerprint: Option<Fingerprint>,

    /// Connect from this port of ours the first time; the server names you USER and this number
    #[arg(long, value_name = "N")]
    local_port: Option<u16>,

    /// Show the last N entries first (at most 1000); ignored if --state remembers where you were. In a pipe, you
    /// join when you say your first line, and read until then
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=1000))]
    history: u64,

    /// Show what happens until you interrupt it, or nobody reads its output; standard input is not read. The
    /// others do not see you, unless --state has unsent lines
    #[arg(long)]
    follow: bool,

    /// Show when each entry happened, by the clock here; not together with --json, which has the times anyway
    #[arg(long, conflicts_with = "json")]
    times: bool,

    /// Print entries as JSON, one to a line, with gaps and answers between them (core/PROTOCOL.md)
    #[arg(long)]
    json: bool,

    /// Save unsent lines, the room where you are and your place in it in this directory, from run to run, and come back to a
    /// name of your own without its password: one directory for each server and person
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,

    /// Begin in this room, in place of the lobby or of the one that --state remembers. To be read without joining, it
    /// has to be there, and open to everyone
    #[arg(long, value_name = "ROOM", value_parser = room)]
    room: Option<RoomName>,

    /// Speak the text dialect: a lost connection ends the program
    #[arg(long, conflicts_with_all = ["history", "follow", "json", "state", "times", "room"])]
    text: bool,

    #[command(flatten)]
    papers: Papers,
}

const AFTER_HELP: &str = "\
Examples:
  chat-client                            talk on this machine
  chat-client chat.example.org:5000      talk somewhere else
  chat-client tls://chat.example.org     the same over TLS
  chat-client --room dev                 begin in another room than the lobby
  chat-client --history 20               begin with the last 20 entries
  echo JOIN | chat-client --history 20   print them, unseen by the others
  chat-client --follow --room dev        print what happens in another room
  chat-client --follow --json            print what happens, for programs
  printf 'JOIN\\nhi\\nLEAVE\\n' | chat-client
                                         say one line; exit code 0: accepted

Over TLS, a server is trusted if an authority that this system trusts vouches
for its name. If none does, you are asked once at a terminal, as by ssh, and the
server is remembered by its fingerprint in the first of these that is known; one
whose certificate has changed since is refused.
  $XDG_STATE_HOME/chat-client/known_servers
  $HOME/.local/state/chat-client/known_servers
  on macOS: $HOME/Library/Application Support/chat-client/known_servers
  on Windows: %LOCALAPPDATA%\\chat-client\\known_servers

The room's lines are written on standard output, messages of the program on
standard error.

Exit codes:
  0    left; everything that was said between JOIN and LEAVE, or the end, was
       accepted
  1    left, but a line was not said (too long, not UTF-8, no command although
       it begins with one slash, or refused by the server); or the input ended
       before JOIN; or standard output, or the directory of --state, could not
       be written
  2    wrong usage
  3    could not connect, or the server is not trusted (TLS)
  4    the server closed the connection for good, or did not accept everything
       within 60 s of leaving; before the first welcome, and with --text: the
       connection was lost
  130  interrupted (Ctrl-C)

Signals:
  SIGTERM, SIGHUP  leave as LEAVE does; a second one does not wait for what is
                   not accepted";

fn main() {
    let args = Args::parse();
    let begun = outlive_what_need_not_end_us();
    #[cfg(unix)]
    let begun = begun.and_then(|()| chat_cli::endings::watch());
    let result = begun.and_then(|()| run(&args));
    let code = match result {
        Ok(Outcome::Left) => 0,
        Ok(Outcome::Refused | Outcome::NeverJoined) => 1,
        Ok(Outcome::Unreachable) => 3,
        Ok(Outcome::Lost) => 4,
        Ok(Outcome::Interrupted) => 130,
        // Whoever reads the output has had enough of it.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => 1,
        Err(error) => {
            // Its terminal may be closed.
            let _ = writeln!(io::stderr(), "chat-client: {error}");
            if error.kind() == io::ErrorKind::InvalidInput {
                2
            } else {
                1
            }
        }
    };
    // Not a return: the thread that reads the keyboard would be waited for.
    exit(code);
}

fn run(args: &Args) -> io::Result<Outcome> {
    if args.papers.print(Args::command())? {
        return Ok(Outcome::Left);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (mut client, mut keep) = client(args)?;
    runtime.block_on(async {
        let mut connector = Connector::of(&args.server, args.tls, args.fingerprint)?;
        // Whoever is asked about a server is asked before anything else is on the screen.
        let met = match connector.meet(args.local_port).await {
            Ok(met) => met,
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                let _ = writeln!(io::stderr(), "chat-client: {error}");
                return Ok(Outcome::Unreachable);
            }
            Err(error) => return Err(error),
        };
        let (stop, mut stops) = mpsc::channel(2);
        let mut signals = Signals::new()?;
        let (mut terminal, input) = Terminal::open(!args.follow, &stop)?;
        if args.follow {
            terminal.watch_reader()?;
        }
        tokio::spawn(async move {
            loop {
                let what = match signals.next().await {
                    Signal::Interrupt => Stop::Interrupt,
                    Signal::Terminate | Signal::HangUp => Stop::Leave,
                };
                if stop.send(what).await.is_err() {
                    return;
                }
            }
        });
        // A port may not be had again at once.
        let local_port = Cell::new(args.local_port.filter(|_| met.is_none()));
        let met = Cell::new(met);
        let connect = || {
            let (met, local_port, connector) = (met.take(), local_port.take(), &connector);
            async move {
                match met {
                    Some(stream) => Ok(stream),
                    None => connector.connect(local_port).await,
                }
            }
        };
        let (client, keep) = (&mut *client, &mut *keep);
        let screen = &mut terminal;
        let run = chat_net::client::run(client, connect, input, &mut stops, screen, keep);
        let outcome = run.await?;
        if outcome == Outcome::Interrupted {
            // Nobody waits for a screen that is stuck.
            let _ = timeout(Duration::from_millis(100), terminal.finish()).await;
            return Ok(outcome);
        }
        tokio::select! {
            biased;
            finished = terminal.finish() => finished.map(|()| outcome),
            _ = stops.recv() => Ok(Outcome::Interrupted),
        }
    })
}

/// Whether nothing is to be said yet, and what happens is read unseen.
fn reads(args: &Args) -> bool {
    args.follow || args.history > 0 && !io::stdin().is_terminal()
}

/// Why it is not known which room is to be looked at: --state remembers where its person is, and who looks is not there.
fn unclear_room(args: &Args, remembered: &RoomName) -> Option<String> {
    let option = if args.follow { "--follow" } else { "--history" };
    (reads(args) && args.room.is_none() && *remembered != RoomName::LOBBY).then(|| {
        format!(
            "{option} reads without joining, and --state remembers that you are in {remembered}: say --room \
             {remembered} to read that room, or --room lobby"
        )
    })
}

fn room(text: &str) -> Result<RoomName, String> {
    RoomName::parse(text).map_err(|error| error.to_string())
}

/// The client that was asked for, and where it keeps what it remembers.
fn client(args: &Args) -> io::Result<(Box<dyn Client>, Box<dyn Keep>)> {
    if args.text {
        return Ok((Box::new(TextClient::new()), Box::new(())));
    }
    let mut setup = Setup {
        seed: chat_net::client::seed()?,
        keeps: args.state.is_some(),
        history: args.history,
        raw: args.json,
        joins: args.follow,
        times: args.times,
        reads: reads(args),
        device: Some(device_label("chat-client")),
        commands: commands::own(false),
        is_private: args
            .server
            .is_private(args.tls || args.fingerprint.is_some()),
        ..Setup::default()
    };
    let mut keep: Box<dyn Keep> = Box::new(());
    let room = args.room.as_ref().map(ToString::to_string);
    if let Some(dir) = &args.state {
        let (file, memory) = MemoryFile::open(dir, &args.server.address.to_string())?;
        setup.memory = memory;
        keep = Box::new(file);
    }
    setup.memory.room = room.or(setup.memory.room);
    // Who has something to say joins for that.
    let is_silent = setup.memory.outbox.is_empty();
    if let Some(room) = setup.memory.room.as_deref().filter(|_| is_silent)
        && let Ok(room) = RoomName::parse(room)
        && let Some(why) = unclear_room(args, &room)
    {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    }
    Ok((Box::new(JsonClient::new(Timestamp::ZERO, setup)), keep))
}
