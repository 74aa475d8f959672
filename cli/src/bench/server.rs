//! The server that is loaded: one that runs, or one that is started and stopped.

use crate::address::Address;
use crate::bench::Error;
use crate::bench::history::{History, Temporary};
use crate::bench::limits;
use crate::bench::usage::Usage;
use std::env;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// How long a server may take to say where it listens.
const START: Duration = Duration::from_secs(10);

/// How long a server may take to stop when it is asked to.
const STOP: Duration = Duration::from_secs(6);

/// What the server's standard output may be ahead of us, in bytes.
#[cfg(target_os = "linux")]
const PIPE: usize = 1024 * 1024;

/// The connections that a server holds without being told to.
const CONNECTIONS: u32 = 16_000;

/// What the server beside this program says of itself if it belongs to it.
const VERSION: &str = concat!("chat-server ", env!("CARGO_PKG_VERSION"));

/// What to do if it is not there or another one.
const BUILD: &str = "build it together with this program: cargo build --release";

/// A server.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    process: Option<u32>,
    child: Option<Child>,
    /// Where its history is, if that is known.
    history: Option<History>,
    /// Goes after the child.
    dir: Option<Temporary>,
}

/// The chat server that lies beside this program.
///
/// # Errors
/// When there is none or it is of another version.
pub fn beside() -> Result<PathBuf, Error> {
    let here = env::current_exe()
        .map_err(|e| Error::Failed(format!("cannot tell where this program lies: {e}")))?;
    let program = here.with_file_name(format!("chat-server{}", env::consts::EXE_SUFFIX));
    check_version(&program)?;
    Ok(program)
}

impl Server {
    /// A server that runs, at the first of the addresses that `given` stands for. `process` is its
    /// process, if that is known. `remote` has to be set for an address that is not this machine's.
    ///
    /// # Errors
    /// When there is no such address or process, or the address is not this machine's.
    pub fn running(given: &Address, remote: bool, process: Option<u32>) -> Result<Self, Error> {
        let addresses = given.resolve();
        let addresses = addresses.map_err(|e| Error::Usage(format!("{given}: {e}")))?;
        let address = addresses[0];
        if !remote && !address.ip().is_loopback() {
            return Err(Error::Usage(format!(
                "{given} is on another machine. What this program does can bring a server down; if \
                 it is yours, say --remote"
            )));
        }
        if let Some(process) = process {
            Usage::of(process).map_err(|e| Error::Usage(format!("--pid {process}: {e}")))?;
        }
        Ok(Self {
            address,
            process,
            child: None,
            history: None,
            dir: None,
        })
    }

    /// Starts the chat server that lies beside this program, with room for so many connections.
    ///
    /// # Errors
    /// When there is none or it is of another version, and as for [`Server::start`].
    pub fn start_beside(connections: u32, history: History) -> Result<Self, Error> {
        Self::start(&beside()?, connections, history)
    }

    /// Starts `program` as a chat server with room for so many connections, on a port of the
    /// system's choosing.
    ///
    /// # Errors
    /// When it does not start or does not say where it listens, or the system allows too few
    /// connections, or no temporary directory.
    pub fn start(program: &Path, connections: u32, history: History) -> Result<Self, Error> {
        // It inherits what we are allowed.
        limits::allow_connections(connections)?;
        let mut command = Command::new(program);
        command.args(["--listen", "127.0.0.1:0"]);
        let dir = match history {
            History::InMemory => {
                command.arg("--ephemeral");
                None
            }
            History::OnDisk => {
                let dir = Temporary::new().map_err(|e| {
                    let temporary = env::temp_dir();
                    Error::Failed(format!(
                        "cannot make a directory in {}: {e}",
                        temporary.display()
                    ))
                })?;
                command.arg("--data").arg(dir.path());
                Some(dir)
            }
        };
        if connections > CONNECTIONS {
            command.args(["--max-connections", &(connections + 64).to_string()]);
        }
        if env::var_os("RUST_LOG").is_none() {
            // Its transcript is read beside the load, and may have gaps: that is no news then.
            command.env("RUST_LOG", "error");
        }
        let mut server = Self::run(&mut command)?;
        server.history = Some(history);
        server.dir = dir;
        Ok(server)
    }

    /// Starts `command`, a server whose first line on standard output is `Listening on ADDRESS`.
    ///
    /// # Errors
    /// As for [`Server::start`].
    pub fn run(command: &mut Command) -> Result<Self, Error> {
        let program = command.get_program().to_string_lossy().into_owned();
        let failed = |what: String| Error::Failed(format!("{program}: {what}"));
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command
            .spawn()
            .map_err(|e| failed(format!("cannot start it: {e}")))?;
        let output = child.stdout.take();
        #[cfg(target_os = "linux")]
        if let Some(output) = &output {
            // A transcript of a loaded server is long; where this is refused, it gets gaps.
            let _ = rustix::pipe::fcntl_setpipe_size(output, PIPE);
        }
        let process = child.id();
        let mut server = Self {
            address: ([127, 0, 0, 1], 0).into(),
            process: Some(process),
            child: Some(child),
            history: None,
            dir: None,
        };
        let (tell, told) = mpsc::channel();
        thread::spawn(move || output.map(|output| read_output(output, &tell)));
        let line = told.recv_timeout(START).unwrap_or_default();
        let address = line.trim_end().strip_prefix("Listening on ");
        server.address = address
            .and_then(|address| address.parse().ok())
            .ok_or_else(|| failed(format!("it does not say where it listens, but “{line}”")))?;
        Ok(server)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process, if that is known.
    pub fn process(&self) -> Option<u32> {
        self.process
    }

    /// Where its history is, if that is known.
    pub fn history(&self) -> Option<History> {
        self.history
    }

    /// The directory of its history, if it has one that was made for it.
    pub fn dir(&self) -> Option<&Path> {
        self.dir.as_ref().map(Temporary::path)
    }

    /// What it has used so far; `None` if its process is not known, is gone, or is not on Linux.
    pub fn usage(&self) -> Option<Usage> {
        Usage::of(self.process?).ok()
    }

    /// Stops it, if it was started here.
    ///
    /// # Errors
    /// When it had ended before, or does not stop in good order.
    pub fn stop(mut self) -> Result<(), Error> {
        let Some(child) = &mut self.child else {
            return Ok(());
        };
        if let Ok(Some(status)) = child.try_wait() {
            return Err(Error::Failed(format!("the server had ended: {status}")));
        }
        ask_to_stop(child);
        match wait(child) {
            Some(status) if status.success() || cfg!(not(unix)) => Ok(()),
            Some(status) => Err(Error::Failed(format!("the server stopped: {status}"))),
            None => Err(Error::Failed("the server does not stop".into())),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn check_version(program: &Path) -> Result<(), Error> {
    let failed = |what: String| {
        let program = program.display();
        Err(Error::Failed(format!("{program}: {what}; {BUILD}")))
    };
    let mut command = Command::new(program);
    match command.arg("--version").stdin(Stdio::null()).output() {
        Err(error) => failed(format!("cannot start it: {error}")),
        Ok(output) if output.stdout.trim_ascii() == VERSION.as_bytes() => Ok(()),
        Ok(output) => {
            let said = String::from_utf8_lossy(output.stdout.trim_ascii());
            failed(format!("it is “{said}”, and not “{VERSION}”"))
        }
    }
}

/// Tells the first line, then reads on, so that the server need not wait.
fn read_output(output: ChildStdout, tell: &mpsc::Sender<String>) {
    let mut output = BufReader::new(output);
    let mut line = String::new();
    let _ = output.by_ref().take(1000).read_line(&mut line);
    let _ = tell.send(line);
    let mut output = output.into_inner();
    let mut rest = vec![0; 64 * 1024];
    while let Ok(1..) = output.read(&mut rest) {}
}

fn wait(child: &mut Child) -> Option<ExitStatus> {
    let begin = Instant::now();
    while begin.elapsed() < STOP {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        thread::sleep(Duration::from_millis(2));
    }
    None
}

#[cfg(unix)]
fn ask_to_stop(child: &mut Child) {
    use rustix::process::{Pid, Signal, kill_process};
    // It was not waited for yet, so the id is still its own.
    let _ = kill_process(Pid::from_child(child), Signal::TERM);
}

#[cfg(not(unix))]
fn ask_to_stop(child: &mut Child) {
    let _ = child.kill();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_machine_must_be_meant() {
        for text in ["203.0.113.5:5000", "[2001:db8::1]:80", "0.0.0.0:1"] {
            let address = text.parse().unwrap();
            let error = Server::running(&address, false, None).unwrap_err();
            assert!(error.to_string().contains("--remote"), "{error}");
            assert!(Server::running(&address, true, None).is_ok());
        }
        for text in [
            "127.0.0.1",
            "127.9.9.9:1",
            "[::1]:5000",
            "[::ffff:127.0.0.1]:5000",
        ] {
            let address = text.parse().unwrap();
            assert!(Server::running(&address, false, None).is_ok(), "{text}");
        }
        let here = "127.0.0.1".parse().unwrap();
        assert!(Server::running(&here, false, Some(u32::MAX)).is_err());
    }

    #[test]
    fn what_is_no_server_is_told() {
        let error = Server::start(Path::new("/nowhere/chat-server"), 2, History::InMemory);
        let error = error.unwrap_err();
        assert!(error.to_string().contains("cannot start it"), "{error}");
    }
}
