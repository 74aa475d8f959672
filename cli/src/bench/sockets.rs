//! All connections of a benchmark, in one thread.

use crate::bench::Error;
use crate::bench::heard::Abuser;
use crate::bench::interrupt;
use mio::event::Event;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::mem;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// Read at once, from one socket, into a buffer that all share.
const READ: usize = 256 * 1024;

/// Reads from one socket before others have their turn.
const TURN: usize = 16;

/// Bytes read from all sockets before the caller has its turn: some milliseconds.
const WHOLE_TURN: usize = 16 * 1024 * 1024;

/// A line longer than this is no line of a chat server.
const LONGEST_LINE: usize = 16 * 1024;

/// So short a time is waited to the microsecond.
#[cfg(target_os = "linux")]
const SHORT: Duration = Duration::from_millis(10);

/// Connections from one address of this machine. There are some 28,000 ports for each.
const PER_ADDRESS: usize = 20_000;

/// The longest segment that a deaf connection is sent, in bytes. The peer's system holds some of
/// them for it: of the 64 KiB that are usual within a machine, that would be megabytes.
#[cfg(target_os = "linux")]
const DEAF_SEGMENT: u32 = 1024;

/// What the system may hold of what a flooding connection said, in bytes.
const FLOODING: usize = 64 * 1024;

/// Whether a read that does not fill the buffer has emptied the socket. Elsewhere the system tells
/// of new bytes only after a read that found none.
const SHORT_READ_IS_LAST: bool = cfg!(any(target_os = "linux", target_os = "android"));

/// What hears of everything that happens on the connections.
pub trait Sink {
    /// Bytes have come; their lines follow.
    fn arrived(&mut self) {}

    /// A whole line has come.
    fn line(&mut self, connection: usize, line: &[u8]);

    /// Bytes have come for a connection that throws them away.
    fn thrown_away(&mut self, _connection: usize, _bytes: usize) {}

    /// The peer closed its side, or the connection failed, or was never made.
    fn ended(&mut self, connection: usize, made: bool, how: io::Result<()>);
}

/// The connections, and what is waited for on them.
#[derive(Debug)]
pub struct Sockets {
    /// What the system may hold for a deaf connection, in bytes; 0 for what it usually does.
    deaf_buffer: u32,
    /// How many connections others hold.
    others: usize,
    poll: Poll,
    events: Events,
    connections: Vec<Connection>,
    buffer: Vec<u8>,
    /// Those that may have something to read; they have their turns in this order.
    readable: VecDeque<usize>,
}

#[derive(Debug)]
struct Connection {
    stream: Option<TcpStream>,
    abuser: Option<Abuser>,
    made: bool,
    /// There may be something to read.
    is_readable: bool,
    /// Nothing will come after that.
    is_closed: bool,
    /// The beginning of a line whose end has not come yet.
    begun: Vec<u8>,
    /// To be written, from `written` on.
    out: Vec<u8>,
    written: usize,
}

impl Sockets {
    /// No connections yet, beside so many that others hold.
    ///
    /// # Errors
    /// When the system gives no means to wait.
    pub fn new(others: usize) -> Result<Self, Error> {
        Ok(Self {
            deaf_buffer: 0,
            others,
            poll: Poll::new().map_err(|e| Error::Failed(format!("cannot wait: {e}")))?,
            events: Events::with_capacity(1024),
            connections: Vec::new(),
            buffer: vec![0; READ],
            readable: VecDeque::new(),
        })
    }

    /// The same where the system may hold so many bytes for a deaf one; 0 for as many as it usually does.
    #[must_use]
    pub fn deaf_buffers(self, bytes: u32) -> Self {
        Self {
            deaf_buffer: bytes,
            ..self
        }
    }

    /// Begins to connect; connections are numbered from 0. What is queued meanwhile is sent as
    /// soon as the connection is made. What abusers are sent is not heard: a deaf one does not read
    /// it, a flooding or asking one throws it away.
    ///
    /// # Errors
    /// When the system has no more sockets or ports.
    pub fn open(&mut self, server: SocketAddr, abuser: Option<Abuser>) -> io::Result<usize> {
        let number = self.connections.len();
        let source = source(server, self.others + number, abuser);
        let socket = connect(server, source, abuser, self.deaf_buffer)?;
        let mut stream = TcpStream::from_std(socket.into());
        let interest = match abuser {
            Some(Abuser::Deaf) => Interest::WRITABLE,
            _ => Interest::READABLE | Interest::WRITABLE,
        };
        let registry = self.poll.registry();
        registry.register(&mut stream, Token(number), interest)?;
        self.connections.push(Connection {
            stream: Some(stream),
            abuser,
            made: false,
            is_readable: false,
            is_closed: false,
            begun: Vec::new(),
            out: Vec::new(),
            written: 0,
        });
        Ok(number)
    }

    /// What is to be written to a connection, to add to; [`Sockets::flush`] then writes it.
    pub fn out(&mut self, connection: usize) -> &mut Vec<u8> {
        &mut self.connections[connection].out
    }

    /// How many bytes the connection has not taken yet.
    pub fn waiting(&self, connection: usize) -> usize {
        let connection = &self.connections[connection];
        connection.out.len() - connection.written
    }

    /// Writes what the connection takes; the rest goes when it takes more.
    pub fn flush(&mut self, connection: usize) {
        let connection = &mut self.connections[connection];
        // On one machine it is made at once, and the event that says so may come much later.
        if !connection.made {
            let stream = connection.stream.as_ref();
            connection.made = stream.is_some_and(|stream| stream.peer_addr().is_ok());
        }
        connection.flush();
    }

    /// Closes a connection.
    pub fn close(&mut self, connection: usize) {
        self.connections[connection].close();
    }

    /// Closes all connections.
    pub fn close_all(&mut self) {
        self.connections.iter_mut().for_each(Connection::close);
    }

    /// Sleeps until something happens, for a short time at most, which the other way to wait counts in milliseconds; how long
    /// is still to be waited. Where it is no short time, or the system is another one, that is all of it.
    fn sleep(&self, at_most: Duration) -> Result<Duration, Error> {
        #[cfg(target_os = "linux")]
        if !at_most.is_zero() && at_most < SHORT {
            let news = rustix::event::PollFlags::IN;
            let mut news = [rustix::event::PollFd::new(self.poll.registry(), news)];
            let failed = |_| Error::Failed("cannot wait for so long".into());
            let at_most = at_most.try_into().map_err(failed)?;
            return match rustix::event::poll(&mut news, Some(&at_most)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => Ok(Duration::ZERO),
                Err(error) => Err(Error::Failed(format!("cannot wait: {error}"))),
            };
        }
        Ok(at_most)
    }

    /// Waits for something to happen, at most so long, and has `sink` hear all of it.
    ///
    /// # Errors
    /// When the user interrupts, or waiting fails.
    pub fn wait(&mut self, at_most: Duration, sink: &mut impl Sink) -> Result<(), Error> {
        if interrupt::was_asked_for() {
            return Err(Error::Interrupted);
        }
        let at_most = if self.readable.is_empty() {
            at_most
        } else {
            Duration::ZERO
        };
        let at_most = self.sleep(at_most)?;
        match self.poll.poll(&mut self.events, Some(at_most)) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            Err(error) => return Err(Error::Failed(format!("cannot wait: {error}"))),
        }
        for event in &self.events {
            let Token(number) = event.token();
            if self.connections[number].serve(number, event, sink) {
                self.readable.push_back(number);
            }
        }
        let mut left = WHOLE_TURN;
        for _ in 0..self.readable.len() {
            if left == 0 {
                break;
            }
            let Some(number) = self.readable.pop_front() else {
                break;
            };
            let connection = &mut self.connections[number];
            connection.is_readable = connection.read(number, &mut self.buffer, &mut left, sink);
            if connection.is_readable {
                self.readable.push_back(number);
            }
        }
        Ok(())
    }
}

fn connect(
    server: SocketAddr,
    source: Option<SocketAddr>,
    abuser: Option<Abuser>,
    deaf_buffer: u32,
) -> io::Result<Socket> {
    let socket = Socket::new(
        Domain::for_address(server),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_nonblocking(true)?;
    socket.set_tcp_nodelay(true)?;
    if let Some(abuser) = abuser {
        restrict(&socket, abuser, deaf_buffer)?;
    }
    if let Some(source) = source {
        socket.bind(&SockAddr::from(source))?;
    }
    match socket.connect(&server.into()) {
        Err(error) if !is_under_way(&error) => Err(error),
        _ => Ok(socket),
    }
}

/// Bounds what the system holds for an abuser: there are many, and nobody will read it.
fn restrict(socket: &Socket, abuser: Abuser, deaf_buffer: u32) -> io::Result<()> {
    // When it is closed, what it has sent and nobody has read is gone as well.
    socket.set_linger(Some(Duration::ZERO))?;
    match abuser {
        Abuser::Deaf if deaf_buffer == 0 => Ok(()),
        Abuser::Deaf => {
            #[cfg(target_os = "linux")]
            socket.set_tcp_mss(DEAF_SEGMENT)?;
            socket.set_recv_buffer_size(deaf_buffer as usize)
        }
        Abuser::Flooding | Abuser::Asking => socket.set_send_buffer_size(FLOODING),
    }
}

fn is_under_way(error: &io::Error) -> bool {
    #[cfg(unix)]
    if error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error()) {
        return true;
    }
    error.kind() == ErrorKind::WouldBlock
}

/// Where the connection comes from, where that must be chosen: on Linux all of 127.0.0.0/8 is this
/// machine, elsewhere there are no more ports than one address has. Abusers are on hosts of their own: a
/// server may limit these.
fn source(server: SocketAddr, number: usize, abuser: Option<Abuser>) -> Option<SocketAddr> {
    let address = u8::try_from(number / PER_ADDRESS).ok()?;
    let local = cfg!(target_os = "linux") && server.is_ipv4() && server.ip().is_loopback();
    let net = if abuser.is_some() { 2 } else { 1 };
    let is_chosen = address > 0 || abuser.is_some();
    (local && is_chosen).then(|| (Ipv4Addr::new(127, 0, net, address), 0).into())
}

impl Connection {
    /// Whether there may be something to read, and was not before.
    fn serve(&mut self, number: usize, event: &Event, sink: &mut impl Sink) -> bool {
        if event.is_writable() || event.is_error() {
            if !self.made {
                match self.is_made() {
                    Ok(made) => self.made = made,
                    Err(error) => self.end(number, Err(error), sink),
                }
            }
            self.flush();
        }
        let closed = event.is_read_closed() || event.is_error();
        self.is_closed |= closed;
        (event.is_readable() || closed) && !mem::replace(&mut self.is_readable, true)
    }

    fn is_made(&self) -> io::Result<bool> {
        let Some(stream) = &self.stream else {
            return Ok(false);
        };
        if let Some(error) = stream.take_error()? {
            return Err(error);
        }
        Ok(stream.peer_addr().is_ok())
    }

    /// A failure to write is a failure of the connection, which reading tells.
    fn flush(&mut self) {
        let Some(stream) = self.stream.as_mut().filter(|_| self.made) else {
            return;
        };
        while self.written < self.out.len() {
            match stream.write(&self.out[self.written..]) {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        if self.written == self.out.len() {
            self.out.clear();
            self.written = 0;
        }
    }

    /// Has `sink` hear what has come, and takes its length from `left`. Whether there may be more.
    fn read(
        &mut self,
        number: usize,
        buffer: &mut [u8],
        left: &mut usize,
        sink: &mut impl Sink,
    ) -> bool {
        for _ in 0..TURN {
            let Some(stream) = &mut self.stream else {
                return false;
            };
            match stream.read(buffer) {
                Ok(0) => {
                    self.end(number, Ok(()), sink);
                    return false;
                }
                Ok(count) => {
                    *left = left.saturating_sub(count);
                    if self.abuser.is_none() {
                        sink.arrived();
                        self.take(number, &buffer[..count], sink);
                    } else {
                        sink.thrown_away(number, count);
                    }
                    if SHORT_READ_IS_LAST && count < buffer.len() && !self.is_closed {
                        return false;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) if !self.made => return false,
                Err(error) => {
                    self.end(number, Err(error), sink);
                    return false;
                }
            }
        }
        true
    }

    /// Cuts what has come into lines.
    fn take(&mut self, number: usize, bytes: &[u8], sink: &mut impl Sink) {
        let mut from = 0;
        for end in memchr::memchr_iter(b'\n', bytes) {
            if self.begun.is_empty() {
                sink.line(number, &bytes[from..end]);
            } else {
                self.begun.extend_from_slice(&bytes[from..end]);
                sink.line(number, &self.begun);
                self.begun.clear();
            }
            from = end + 1;
        }
        self.begun.extend_from_slice(&bytes[from..]);
        if self.begun.len() > LONGEST_LINE {
            let error = io::Error::new(ErrorKind::InvalidData, "a line without an end");
            self.end(number, Err(error), sink);
        }
    }

    fn end(&mut self, number: usize, how: io::Result<()>, sink: &mut impl Sink) {
        self.close();
        sink.ended(number, self.made, how);
    }

    fn close(&mut self) {
        self.stream = None;
        (self.begun, self.out) = (Vec::new(), Vec::new());
        self.written = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn more_than_one_address_has_ports_for_and_abusers_come_from_others() {
        let here = "127.0.0.1:5000".parse().unwrap();
        let from = |number| source(here, number, None).map(|source| source.to_string());
        assert_eq!(from(PER_ADDRESS - 1), None);
        assert_eq!(from(PER_ADDRESS).as_deref(), Some("127.0.1.1:0"));
        assert_eq!(from(3 * PER_ADDRESS - 1).as_deref(), Some("127.0.1.2:0"));
        let flooding = source(here, 0, Some(Abuser::Flooding));
        assert_eq!(flooding.unwrap().to_string(), "127.0.2.0:0");
        for elsewhere in ["192.0.2.1:5000", "[::1]:5000"] {
            assert_eq!(source(elsewhere.parse().unwrap(), PER_ADDRESS, None), None);
        }
    }
}
