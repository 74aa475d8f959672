//! A server whose listening socket is its supervisor's.

use crate::bench::Error;
use crate::bench::history::Temporary;
use crate::bench::server::beside;
use crate::operator::SOCKET;
use crate::operator::ask::ask;
use crate::operator::protocol::{Answer, Request};
use socket2::{Domain, Socket, Type};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::task::spawn_blocking;

/// Connections that may wait while there is no process, as systemd has it.
const BACKLOG: i32 = 4096;

/// Gives the server its socket as a supervisor does: as descriptor 3.
const SCRIPT: &str = "exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$@\"";

pub(super) struct Service {
    socket: Socket,
    address: SocketAddr,
    program: PathBuf,
    dir: Temporary,
    members: u32,
    child: Child,
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Failed(error.to_string())
}

impl Service {
    pub(super) async fn start(members: u32) -> Result<Self, Error> {
        let program = beside()?;
        let listen = || {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
            socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
            socket.listen(BACKLOG)?;
            let address = socket.local_addr()?.as_socket();
            Ok::<_, std::io::Error>((socket, address))
        };
        let (socket, address) = listen().map_err(failed)?;
        let address = address.ok_or_else(|| failed("the listening socket has no address"))?;
        let dir = Temporary::new().map_err(failed)?;
        let child = spawn(&program, &socket, &dir, members)?;
        let service = Self {
            socket,
            address,
            program,
            dir,
            members,
            child,
        };
        service.answers().await?;
        Ok(service)
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    async fn asks(&self, request: Request) -> Result<Answer, String> {
        let path = self.dir.path().join(SOCKET);
        let asked = spawn_blocking(move || ask(&path, &request).map(|(answer, _)| answer));
        asked.await.map_err(|error| error.to_string())?
    }

    /// Waits until the server has begun.
    async fn answers(&self) -> Result<(), Error> {
        const TRIES: u32 = 300;
        for _ in 0..TRIES {
            if matches!(self.asks(Request::Status).await, Ok(Answer::Status(_))) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(failed("the server does not answer"))
    }

    /// Has the server say goodbye and end, and starts the next one.
    pub(super) async fn hand_over(&mut self) -> Result<(), Error> {
        match self.asks(Request::Drain).await.map_err(failed)? {
            Answer::Draining { .. } => {}
            other => return Err(failed(format!("it is not drained: {other:?}"))),
        }
        self.ends().await?;
        self.child = spawn(&self.program, &self.socket, &self.dir, self.members)?;
        Ok(())
    }

    async fn ends(&mut self) -> Result<(), Error> {
        loop {
            match self.child.try_wait().map_err(failed)? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => return Err(failed(format!("the server ended with {status}"))),
                None => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    }

    pub(super) async fn stop(mut self) -> Result<(), Error> {
        self.asks(Request::Drain).await.map_err(failed)?;
        self.ends().await
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It has ended, unless something failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(
    program: &std::path::Path,
    socket: &Socket,
    dir: &Temporary,
    members: u32,
) -> Result<Child, Error> {
    let handed: OwnedFd = socket.try_clone().map_err(failed)?.into();
    let mut command = Command::new("sh");
    command.args(["-c", SCRIPT, "sh"]).arg(program);
    command.arg("--data").arg(dir.path());
    command.args(["--max-connections", &(members + 64).to_string()]);
    command.env("RUST_LOG", "error");
    command.stdin(Stdio::from(handed)).stdout(Stdio::null());
    command.spawn().map_err(failed)
}
