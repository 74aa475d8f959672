//! A server over streams in memory.

use chat_net::{Listener, Options, serve};
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{
    AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, DuplexStream, ReadBuf, duplex,
};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// A stream in memory that panics once the peer has sent `!`, and breaks once it is sent `?`.
pub(super) struct Stream(DuplexStream);

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.0).poll_read(cx, buf);
        assert!(!buf.filled()[before..].contains(&b'!'), "a fault of ours");
        read
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if buf.contains(&b'?') {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// A listener in memory, which fails as often as it is told to before the next connection.
struct Memory {
    coming: mpsc::UnboundedReceiver<(Stream, SocketAddr)>,
    failures: Arc<Mutex<VecDeque<io::Error>>>,
}

impl Listener for Memory {
    type Stream = Stream;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(Stream, SocketAddr)>> {
        if let Some(error) = self.failures.lock().unwrap().pop_front() {
            return Poll::Ready(Err(error));
        }
        match self.coming.poll_recv(cx) {
            Poll::Ready(Some(connection)) => Poll::Ready(Ok(connection)),
            _ => Poll::Pending,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(([127, 0, 0, 1], 5000).into())
    }
}

pub(super) struct Room {
    connections: mpsc::UnboundedSender<(Stream, SocketAddr)>,
    pub(super) failures: Arc<Mutex<VecDeque<io::Error>>>,
    /// What the transcript was given, call by call.
    pub(super) shown: Arc<Mutex<Vec<Vec<u8>>>>,
    pub(super) stop: Option<oneshot::Sender<()>>,
    pub(super) server: JoinHandle<io::Result<()>>,
}

impl Room {
    pub(super) fn open(options: impl Into<Options>) -> Self {
        let options = options.into();
        let (connections, coming) = mpsc::unbounded_channel();
        let failures = Arc::default();
        let shown = Arc::<Mutex<Vec<Vec<u8>>>>::default();
        let (stop, stopped) = oneshot::channel::<()>();
        let listener = Memory {
            coming,
            failures: Arc::clone(&failures),
        };
        let screen = Arc::clone(&shown);
        let server = tokio::spawn(serve(
            vec![listener],
            options,
            move |lines| screen.lock().unwrap().push(lines.to_vec()),
            async {
                let _ = stopped.await;
            },
        ));
        Self {
            connections,
            failures,
            shown,
            stop: Some(stop),
            server,
        }
    }

    pub(super) fn connect(&self, port: u16, buffer: usize) -> BufReader<DuplexStream> {
        self.connect_from(([127, 0, 0, 1], port).into(), buffer)
    }

    pub(super) fn connect_from(&self, peer: SocketAddr, buffer: usize) -> BufReader<DuplexStream> {
        let (ours, theirs) = duplex(buffer);
        self.connections.send((Stream(theirs), peer)).unwrap();
        BufReader::new(ours)
    }

    pub(super) async fn join(&self, port: u16) -> BufReader<DuplexStream> {
        let mut client = self.connect(port, 64 * 1024);
        client.write_all(b"JOIN\n").await.unwrap();
        assert_eq!(line(&mut client).await, "Welcome to the chatroom!\n");
        client
    }

    pub(super) fn screen(&self) -> String {
        String::from_utf8(self.shown.lock().unwrap().concat()).unwrap()
    }
}

pub(super) async fn line(client: &mut BufReader<DuplexStream>) -> String {
    let mut line = String::new();
    timeout(Duration::from_secs(60), client.read_line(&mut line))
        .await
        .expect("a line")
        .unwrap();
    line
}
