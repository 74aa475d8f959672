//! TLS with the real binaries: the documented conversation, whom a client trusts, certificates that change, and those
//! who speak something else.

mod certificates;
mod conversation;
#[cfg(target_os = "linux")]
mod full_screen;
mod handshakes;
#[cfg(unix)]
mod trust;
mod visitors;

use chat_tests::{Client, Dir, Process, Server, chat_client, loopback};
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Stdio};

/// A server that also speaks TLS: that address is the second one it listens on.
struct OverTls {
    server: Server,
    fingerprint: String,
}

impl OverTls {
    fn with(arguments: &[&str]) -> Self {
        Self::at(loopback(0), arguments)
    }

    fn at(address: SocketAddr, arguments: &[&str]) -> Self {
        let address = address.to_string();
        let arguments = [&["--listen-tls", &address], arguments].concat();
        let mut server = Server::launch(Server::command(&arguments), 2);
        let fingerprint = next_fingerprint(&mut server);
        Self {
            server,
            fingerprint,
        }
    }

    fn address(&self) -> SocketAddr {
        self.server.addresses()[1]
    }

    fn url(&self) -> String {
        format!("tls://{}", self.address())
    }

    /// A client that trusts this server and nobody else.
    fn client(&self, arguments: &[&str]) -> Client {
        let url = self.url();
        let trusting = [url.as_str(), "--fingerprint", &self.fingerprint];
        Client::with(&[&trusting, arguments].concat())
    }
}

/// The next fingerprint that the server tells.
fn next_fingerprint(server: &mut Server) -> String {
    server.log.wait_for("fingerprint=");
    let told = server.log.line();
    told.split(' ').next().unwrap_or_default().into()
}

/// A client whose known servers are in this directory.
fn client_of(dir: &Dir, arguments: &[&str]) -> Command {
    let mut command = Command::new(chat_client());
    command
        .args(arguments)
        .env("XDG_STATE_HOME", dir.as_ref())
        // What the machine trusts is not to matter, unless the test says so.
        .env("SSL_CERT_FILE", dir.path("nobody"))
        .env_remove("SSL_CERT_DIR");
    command
}

/// Its exit code and what it says about itself, with this typed into a pipe.
fn ends(mut command: Command, input: &str) -> (i32, String) {
    let mut process = Process::spawn(
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped()),
    );
    let child = process.child();
    let notices = chat_tests::Output::of(child.stderr.take().expect("it is piped"));
    let mut pipe = child.stdin.take().expect("it is piped");
    // A client that does not connect does not read.
    let _ = std::io::Write::write_all(&mut pipe, input.as_bytes());
    drop(pipe);
    (process.exit_code(), notices.all())
}

/// An address that nothing listens on now.
fn free() -> SocketAddr {
    let listener = TcpListener::bind(loopback(0)).expect("there are ports");
    listener.local_addr().expect("it has an address")
}
