//! A TCP connection that was accepted.

use socket2::SockRef;
use std::io::{self, ErrorKind, IoSlice, Read};
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Telnet's "interpret as command" (RFC 854).
const IAC: u8 = 0xff;

/// The stream of a connection, from which urgent data is read in its place.
///
/// Linux ends a read in front of urgent data, and tokio takes a read that is short for the last one,
/// so that what follows would wait for more to come. Telnet sends urgent data after an IAC (Ctrl-C):
/// what ends with one is read on from at once.
#[derive(Debug)]
pub struct Stream {
    tcp: TcpStream,
    /// There may be more to read, whatever tokio knows.
    reads_on: bool,
}

impl Stream {
    pub(crate) fn new(tcp: TcpStream) -> Self {
        Self {
            tcp,
            reads_on: false,
        }
    }

    pub(crate) fn tcp(&self) -> &TcpStream {
        &self.tcp
    }

    fn poll_bytes(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if mem::take(&mut self.reads_on) {
            match (&*SockRef::from(&self.tcp)).read(buf.initialize_unfilled()) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                read => {
                    buf.advance(read?);
                    return Poll::Ready(Ok(()));
                }
            }
        }
        Pin::new(&mut self.tcp).poll_read(cx, buf)
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(self.poll_bytes(cx, buf))?;
        self.reads_on = buf.filled()[before..].last() == Some(&IAC);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listener::{Listener, TcpListener};
    use std::future::poll_fn;
    use std::io::Write;
    use std::time::Duration;
    use tokio::io::AsyncReadExt;
    use tokio::time::{sleep, timeout};

    #[tokio::test]
    async fn what_comes_behind_urgent_data_is_read_at_once() {
        let mut listener = TcpListener::bind(([127, 0, 0, 1], 0).into()).unwrap();
        let mut peer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut stream, _) = poll_fn(|cx| listener.poll_accept(cx)).await.unwrap();
        peer.write_all(b"one\xff\xf4\xff").unwrap();
        SockRef::from(&peer).send_out_of_band(&[242]).unwrap();
        peer.write_all(b" line\n").unwrap();
        // All of it is there before the first of it is read.
        sleep(Duration::from_millis(50)).await;
        let mut read = Vec::new();
        let mut buffer = [0; 64];
        while !read.ends_with(b"\n") {
            let count = timeout(Duration::from_secs(5), stream.read(&mut buffer));
            let count = count.await.expect("there is more to read").unwrap();
            read.extend_from_slice(&buffer[..count]);
        }
        assert_eq!(read, b"one\xff\xf4\xff\xf2 line\n");
    }
}
