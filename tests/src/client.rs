use std::io::Write;
use std::net::SocketAddr;
use std::process::{ChildStdin, Command, Stdio};
use std::thread;

use crate::{Output, Process, chat_client};

/// A running `chat-client` whose input and output are pipes.
pub struct Client {
    /// The process.
    pub process: Process,
    /// Its standard output.
    pub screen: Output,
    /// Its standard error.
    pub notices: Output,
    input: Option<ChildStdin>,
}

impl Client {
    /// Starts a client for the server at this address.
    pub fn start(server: SocketAddr) -> Self {
        Self::with(&[&server.to_string()])
    }

    /// Starts a client that speaks the text dialect.
    pub fn text(server: SocketAddr) -> Self {
        Self::with(&["--text", &server.to_string()])
    }

    /// Starts a client with these arguments.
    pub fn with(arguments: &[&str]) -> Self {
        let mut process = Process::spawn(
            Command::new(chat_client())
                .args(arguments)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped()),
        );
        let child = process.child();
        Self {
            screen: Output::of(child.stdout.take().expect("it is piped")),
            notices: Output::of(child.stderr.take().expect("it is piped")),
            input: child.stdin.take(),
            process,
        }
    }

    /// Starts a client, joins, and waits for the welcome.
    pub fn join(server: SocketAddr) -> Self {
        Self::start(server).joined()
    }

    /// Joins, and waits for the welcome.
    #[must_use]
    pub fn joined(mut self) -> Self {
        self.type_line("JOIN");
        self.screen.expect("Welcome to the chatroom!");
        self
    }

    /// Writes a line to its input.
    pub fn type_line(&mut self, line: &str) {
        let input = self.input.as_mut().expect("the input is open");
        input
            .write_all(format!("{line}\n").as_bytes())
            .expect("the client reads its input");
    }

    /// Closes its input.
    pub fn end_input(&mut self) {
        self.input = None;
    }

    /// Waits for its exit, with the input left as it is.
    pub fn finish(mut self) -> Finished {
        Finished {
            code: self.process.exit_code(),
            stdout: self.screen.all(),
            stderr: self.notices.all(),
        }
    }
}

/// What a client left behind.
#[derive(Debug)]
pub struct Finished {
    /// Its exit code.
    pub code: i32,
    /// All it printed.
    pub stdout: String,
    /// All it said about itself.
    pub stderr: String,
}

/// Runs a client to its end, with `input` piped into it: `printf … | chat-client ADDR`.
pub fn run_client(server: SocketAddr, input: impl Into<Vec<u8>>) -> Finished {
    let mut client = Client::start(server);
    let mut pipe = client.input.take().expect("it is piped");
    let input = input.into();
    let writer = thread::spawn(move || {
        // A client that has left does not read the rest; what it did is for the caller to judge.
        let _ = pipe.write_all(&input);
    });
    let finished = client.finish();
    writer.join().expect("a writer does not panic");
    finished
}
