//! Under a supervisor: what it is told, and the sockets that it hands over.
#![cfg(unix)]

use chat_tests::{DEADLINE, Dir, Process, Raw, Server, Signal, chat_server, eventually};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};

/// Where a supervisor hears of its service.
struct Ear(UnixDatagram);

impl Ear {
    fn new(socket: UnixDatagram) -> Self {
        socket.set_read_timeout(Some(DEADLINE)).expect("it can be");
        Self(socket)
    }

    fn hears(&self) -> String {
        let mut buffer = [0; 1024];
        let length = self.0.recv(&mut buffer).expect("the server tells");
        String::from_utf8_lossy(&buffer[..length]).into()
    }
}

#[test]
fn a_supervisor_is_told_that_all_is_ready_how_it_is_and_that_it_ends() {
    let dir = Dir::new("supervisor");
    let path = dir.path("notify");
    let ear = Ear::new(UnixDatagram::bind(&path).expect("it can be bound"));
    let mut command = Server::command(&[]);
    command
        .env("NOTIFY_SOCKET", &path)
        .env("WATCHDOG_USEC", "200000");
    command.env_remove("WATCHDOG_PID");
    let mut server = Server::launch(command, 1);
    assert_eq!(ear.hears(), "READY=1");
    assert_eq!(ear.hears(), "WATCHDOG=1\nSTATUS=people: 0, connections: 0");
    let _ann = Raw::join(server.address());
    let told = "WATCHDOG=1\nSTATUS=people: 1, connections: 1";
    eventually("the status", || (ear.hears() == told).then_some(()));
    server.process.signal(Signal::TERM);
    eventually("the end", || (ear.hears() == "STOPPING=1").then_some(()));
    assert_eq!(server.process.exit_code(), 0);
}

/// Nobody waits for a server's word who cannot have it.
#[test]
fn nothing_is_told_before_everything_is_bound() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("there are free ports");
    let address = taken.local_addr().expect("it is bound").to_string();
    let dir = Dir::new("supervisor");
    let path = dir.path("notify");
    let ear = Ear::new(UnixDatagram::bind(&path).expect("it can be bound"));
    let mut command = Server::command(&["--metrics", &address]);
    command.env("NOTIFY_SOCKET", &path);
    let output = command.output().expect("it starts");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot export metrics"));
    ear.0.set_nonblocking(true).expect("it can be");
    assert!(ear.0.recv(&mut [0; 16]).is_err());
}

#[cfg(target_os = "linux")]
#[test]
fn a_supervisor_may_have_an_abstract_socket() {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::SocketAddr;
    let name = format!("chat-supervisor-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).expect("it is a name");
    let ear = Ear::new(UnixDatagram::bind_addr(&address).expect("it can be bound"));
    let mut command = Server::command(&[]);
    command.env("NOTIFY_SOCKET", format!("@{name}"));
    let _server = Server::launch(command, 1);
    assert_eq!(ear.hears(), "READY=1");
}

/// The server with a listening socket as descriptor 3, as a supervisor starts it.
fn activated(listener: &TcpListener, data: &str) -> Server {
    let handed: OwnedFd = listener.try_clone().expect("it can be").into();
    let script = "exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh"]).arg(chat_server());
    command.args(["--data", data]);
    let process = Process::spawn(
        command
            .env_remove("RUST_LOG")
            .stdin(Stdio::from(handed))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped()),
    );
    Server::adopt(process, 1)
}

/// Who comes between two processes waits in the socket, and is served by the second.
#[test]
fn a_socket_is_taken_over_by_the_next_process_and_nobody_is_refused() {
    let dir = Dir::new("supervisor");
    let data = dir.path("history");
    let listener = TcpListener::bind("127.0.0.1:0").expect("there are free ports");
    let address = listener.local_addr().expect("it is bound");
    let mut first = activated(&listener, &data);
    assert_eq!(first.address(), address);
    let mut ann = Raw::first_line(address, "JOIN ann");
    ann.say("before");
    first.skip_to("ann: before");
    first.process.signal(Signal::TERM);
    assert_eq!(first.process.exit_code(), 0);
    let mut between = Raw::connect(address);
    between.say("JOIN bob");
    let mut second = activated(&listener, &data);
    between.expect("Welcome to the chatroom!");
    second.skip_to("bob has joined the chat");
    between.say("/history 3");
    between.expect("* ann: before");
}
