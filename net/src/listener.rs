//! Where connections come from.

use crate::socket_options::{bound_buffers, bound_unsent, prepare};
use crate::tcp::Stream;
use socket2::SockRef;
use std::error::Error;
use std::fmt;
use std::io;
use std::net::{Ipv6Addr, SocketAddr};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream};

/// Connections that are made but not yet accepted, per listener.
const BACKLOG: u32 = 4096;

/// A source of connections: production passes tokio's, a simulation passes its own.
pub trait Listener {
    /// A connection, as a stream of bytes in both directions.
    type Stream: AsyncRead + AsyncWrite + Send + Unpin;

    /// The next connection and its peer's address.
    ///
    /// # Errors
    /// When no connection can be accepted at the moment; the listener itself is still good. If the fault is
    /// that connection's alone, the error is [`TurnedAway`], or of a kind that says so.
    fn poll_accept(&mut self, cx: &mut Context<'_>)
    -> Poll<io::Result<(Self::Stream, SocketAddr)>>;

    /// The address that it listens on.
    ///
    /// # Errors
    /// When the system does not tell.
    fn local_addr(&self) -> io::Result<SocketAddr>;

    /// Whether nobody on the way can read what travels on a connection of its.
    fn is_encrypted(_stream: &Self::Stream) -> bool {
        false
    }

    /// Drops a connection so that its peer cannot take that for a proper end, where there is a way.
    fn reset(stream: Self::Stream) {
        drop(stream);
    }
}

/// A connection that a listener did not let in: an error of the kind [`ConnectionAborted`](io::ErrorKind).
#[derive(Debug)]
pub struct TurnedAway {
    /// Whose it was.
    pub peer: SocketAddr,
    /// Why, as a clause.
    pub reason: String,
}

impl fmt::Display for TurnedAway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.peer, self.reason)
    }
}

impl Error for TurnedAway {}

impl From<TurnedAway> for io::Error {
    fn from(turned_away: TurnedAway) -> Self {
        Self::new(io::ErrorKind::ConnectionAborted, turned_away)
    }
}

/// Tokio's listener. Its connections have `TCP_NODELAY` on, peers that are gone are given up in time, and
/// what the system holds for each is bounded.
#[derive(Debug)]
pub struct TcpListener(tokio::net::TcpListener);

impl TcpListener {
    /// Listens on an address; port 0 has the system choose one. On `[::]`, connections to IPv4
    /// addresses come in too, where the system has that.
    ///
    /// # Errors
    /// When the address is in use, or not ours to use.
    pub fn bind(addr: SocketAddr) -> io::Result<Self> {
        let socket = socket_for(addr)?;
        if addr.ip() == Ipv6Addr::UNSPECIFIED {
            // Where it cannot be had, IPv6 is what there is.
            let _: io::Result<()> = SockRef::from(&socket).set_only_v6(false);
        }
        Self::listen(socket, addr)
    }

    /// Listens on an IPv6 address, and leaves the IPv4 addresses of its port to other listeners.
    ///
    /// # Errors
    /// As for [`TcpListener::bind`], and for an IPv4 address.
    pub fn bind_v6_only(addr: SocketAddr) -> io::Result<Self> {
        let socket = TcpSocket::new_v6()?;
        SockRef::from(&socket).set_only_v6(true)?;
        Self::listen(socket, addr)
    }

    /// Goes on with a socket that listens already, as a supervisor hands it over.
    ///
    /// # Errors
    /// When the system does not let it be used.
    pub fn adopt(listener: std::net::TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        bound_buffers(&listener)?;
        Ok(Self(tokio::net::TcpListener::from_std(listener)?))
    }

    fn listen(socket: TcpSocket, addr: SocketAddr) -> io::Result<Self> {
        // On Windows this option would let two servers share a port.
        #[cfg(unix)]
        socket.set_reuseaddr(true)?;
        bound_buffers(&socket)?;
        socket.bind(addr)?;
        Ok(Self(socket.listen(BACKLOG)?))
    }
}

impl Listener for TcpListener {
    type Stream = Stream;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(Stream, SocketAddr)>> {
        let (stream, peer) = ready!(self.0.poll_accept(cx))?;
        prepare(&stream)?;
        bound_unsent(&stream)?;
        Poll::Ready(Ok((Stream::new(stream), peer)))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    fn reset(stream: Stream) {
        // Where this fails, the connection is gone already.
        let _: io::Result<()> = stream.tcp().set_zero_linger();
    }
}

/// Connects to a server, from a port of the system's choosing or from `local_port`.
///
/// # Errors
/// When the port is in use, or no server answers.
pub async fn connect(server: SocketAddr, local_port: Option<u16>) -> io::Result<TcpStream> {
    let socket = socket_for(server)?;
    if let Some(port) = local_port {
        #[cfg(unix)]
        socket.set_reuseaddr(true)?;
        let any: SocketAddr = match server {
            SocketAddr::V4(_) => ([0; 4], port).into(),
            SocketAddr::V6(_) => ([0; 16], port).into(),
        };
        socket.bind(any)?;
    }
    let stream = socket.connect(server).await?;
    prepare(&stream)?;
    Ok(stream)
}

fn socket_for(addr: SocketAddr) -> io::Result<TcpSocket> {
    match addr {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::io::ErrorKind;
    use std::net::TcpStream as Peer;
    use std::time::Duration;
    use tokio::time::timeout;

    /// What a slow reader may hold in all.
    const SLOW: usize = 256 * 1024;

    /// A connection as the server has it, and its peer's side.
    async fn accepted() -> (Stream, Peer) {
        let mut listener = TcpListener::bind(([127, 0, 0, 1], 0).into()).unwrap();
        let peer = Peer::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = poll_fn(|cx| listener.poll_accept(cx)).await.unwrap();
        (stream, peer)
    }

    #[tokio::test]
    async fn a_connection_has_the_options_that_are_promised() {
        let (stream, _peer) = accepted().await;
        let stream = stream.tcp();
        let socket = SockRef::from(stream);
        assert!(stream.nodelay().unwrap());
        assert!(socket.keepalive().unwrap());
        let seconds = Duration::from_secs;
        assert_eq!(socket.tcp_keepalive_time().unwrap(), seconds(40));
        assert_eq!(socket.tcp_keepalive_interval().unwrap(), seconds(10));
        assert_eq!(socket.tcp_keepalive_retries().unwrap(), 3);
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(seconds(70)));
        let buffers = [socket.send_buffer_size(), socket.recv_buffer_size()].map(Result::unwrap);
        assert_eq!(buffers, [2 * 64 * 1024; 2]);
        assert!(buffers.iter().sum::<usize>() <= SLOW);
        assert_eq!(socket.tcp_notsent_lowat().unwrap(), 16 * 1024);
    }

    #[tokio::test]
    async fn who_reads_nothing_is_sent_little() {
        let (stream, _peer) = accepted().await;
        let stream = stream.tcp();
        let line = [b'x'; 1024];
        let mut taken = 0;
        // Its system takes what it has room for a moment later.
        let patience = Duration::from_millis(200);
        while taken <= 2 * SLOW && timeout(patience, stream.writable()).await.is_ok() {
            match stream.try_write(&line) {
                Ok(count) => taken += count,
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
            }
        }
        assert!(taken < SLOW, "{taken} bytes were taken");
    }

    #[tokio::test]
    async fn who_is_not_read_from_can_send_little() {
        let (_stream, peer) = accepted().await;
        // What its own system holds is its own.
        SockRef::from(&peer)
            .set_send_buffer_size(16 * 1024)
            .unwrap();
        peer.set_write_timeout(Some(Duration::from_millis(200)))
            .unwrap();
        let mut sent = 0;
        while sent <= 2 * SLOW
            && let Ok(count) = io::Write::write(&mut &peer, &[b'x'; 1024])
        {
            sent += count;
        }
        assert!(sent < SLOW, "{sent} bytes were taken");
    }
}
