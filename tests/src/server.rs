use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};

use crate::{Output, Process, chat_server};

/// A running `chat-server`.
pub struct Server {
    /// The process.
    pub process: Process,
    /// Its standard output, of which the `Listening on` lines are taken already.
    pub transcript: Output,
    /// Its standard error.
    pub log: Output,
    addresses: Vec<SocketAddr>,
}

/// The loopback address with this port.
pub fn loopback(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

impl Server {
    /// Starts a server on a port of its own.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// Starts a server on a port of its own, with these arguments besides.
    pub fn with(arguments: &[&str]) -> Self {
        Self::launch(Self::command(arguments), 1)
    }

    /// What [`Server::with`] starts, to be changed before it is given to [`Server::launch`]. It
    /// keeps its history in memory unless the arguments name a directory.
    pub fn command(arguments: &[&str]) -> Command {
        let mut command = Command::new(chat_server());
        command.args(["--listen", "127.0.0.1:0"]).args(arguments);
        if !arguments.contains(&"--data") {
            command.arg("--ephemeral");
        }
        command
    }

    /// Starts a server and waits until it listens on so many addresses.
    pub fn launch(mut command: Command, listeners: usize) -> Self {
        if command.get_envs().all(|(name, _)| name != "RUST_LOG") {
            command.env_remove("RUST_LOG");
        }
        let process = Process::spawn(
            command
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped()),
        );
        Self::adopt(process, listeners)
    }

    /// Waits until a process that was started as a server, with its output piped, listens on so many addresses.
    pub fn adopt(mut process: Process, listeners: usize) -> Self {
        let child = process.child();
        let mut transcript = Output::of(child.stdout.take().expect("it is piped"));
        let log = Output::of(child.stderr.take().expect("it is piped"));
        let addresses = (0..listeners)
            .map(|_| listening_on(&transcript.line()))
            .collect();
        Self {
            process,
            transcript,
            log,
            addresses,
        }
    }

    /// The first address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// All addresses it listens on.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Passes over what its transcript shows up to and with `line`.
    pub fn skip_to(&mut self, line: &str) {
        self.transcript.skip_to(line);
    }

    /// Asserts that the next line of the transcript is `line`.
    #[track_caller]
    pub fn expect(&mut self, line: &str) {
        self.transcript.expect(line);
    }
}

fn listening_on(line: &str) -> SocketAddr {
    line.strip_prefix("Listening on ")
        .and_then(|address| address.parse().ok())
        .unwrap_or_else(|| panic!("not the first line of a server: {line:?}"))
}
