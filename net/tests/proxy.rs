//! The listener for balancers: whom it believes, and how long it waits for that.

use chat_net::proxy::{HEADERS, ProxyListener};
use chat_net::{Listener, TurnedAway};
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

const HEADER: &[u8] = b"PROXY TCP4 192.0.2.7 10.0.0.1 8080 5000\r\n";

type Connection = (DuplexStream, SocketAddr);

/// A listener in memory.
struct Memory(mpsc::UnboundedReceiver<Connection>);

impl Listener for Memory {
    type Stream = DuplexStream;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Connection>> {
        match self.0.poll_recv(cx) {
            Poll::Ready(Some(connection)) => Poll::Ready(Ok(connection)),
            _ => Poll::Pending,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(([127, 0, 0, 1], 5000).into())
    }
}

struct Balanced {
    connections: mpsc::UnboundedSender<Connection>,
    listener: ProxyListener<Memory>,
}

impl Balanced {
    /// A listener that believes 10.0.0.0/8.
    fn new() -> Self {
        let (connections, coming) = mpsc::unbounded_channel();
        let trusted = vec!["10.0.0.0/8".parse().unwrap()];
        Self {
            connections,
            listener: ProxyListener::new(Memory(coming), trusted, &Handle::current()),
        }
    }

    fn connect(&self, from: [u8; 4]) -> DuplexStream {
        let (ours, theirs) = duplex(1024);
        self.connections.send((theirs, (from, 1).into())).unwrap();
        ours
    }

    async fn accept(&mut self) -> io::Result<Connection> {
        let accepted = poll_fn(|cx| self.listener.poll_accept(cx));
        timeout(Duration::from_secs(60), accepted)
            .await
            .expect("it ends")
    }

    /// Why the next one is turned away.
    async fn reason(&mut self) -> String {
        let error = self.accept().await.unwrap_err();
        let told = error.get_ref().and_then(|error| error.downcast_ref());
        let TurnedAway { reason, .. } = told.expect("it is that connection's alone");
        reason.clone()
    }
}

#[tokio::test(start_paused = true)]
async fn a_balancer_is_believed_and_what_comes_after_its_header_is_the_peers() {
    let mut balanced = Balanced::new();
    let mut through = balanced.connect([10, 1, 2, 3]);
    for byte in [HEADER, b"JOIN\n"].concat() {
        through.write_all(&[byte]).await.unwrap();
    }
    let (mut stream, peer) = balanced.accept().await.unwrap();
    assert_eq!(peer, "192.0.2.7:8080".parse().unwrap());
    let mut said = [0; 5];
    stream.read_exact(&mut said).await.unwrap();
    assert_eq!(&said, b"JOIN\n");
}

#[tokio::test(start_paused = true)]
async fn others_are_not_believed_and_wait_for_no_balancer() {
    let mut balanced = Balanced::new();
    let _silent = balanced.connect([10, 1, 2, 3]);
    let mut direct = balanced.connect([11, 1, 2, 3]);
    direct.write_all(HEADER).await.unwrap();
    let begun = Instant::now();
    let (mut stream, peer) = balanced.accept().await.unwrap();
    assert_eq!(begun.elapsed(), Duration::ZERO);
    assert_eq!(peer, "11.1.2.3:1".parse().unwrap());
    let mut said = [0; HEADER.len()];
    stream.read_exact(&mut said).await.unwrap();
    assert_eq!(said, HEADER, "the server is told it, and refuses");
}

#[tokio::test(start_paused = true)]
async fn a_header_has_5_s_and_its_balancer_may_not_break_off() {
    let mut balanced = Balanced::new();
    let begun = Instant::now();
    let mut slow = balanced.connect([10, 0, 0, 1]);
    slow.write_all(&HEADER[..20]).await.unwrap();
    assert_eq!(balanced.reason().await, "its PROXY header took too long");
    assert_eq!(begun.elapsed(), Duration::from_secs(5));
    let mut cut = balanced.connect([10, 0, 0, 1]);
    cut.write_all(&HEADER[..20]).await.unwrap();
    drop(cut);
    assert!(balanced.reason().await.starts_with("its PROXY header: "));
    let mut none = balanced.connect([10, 0, 0, 1]);
    none.write_all(b"JOIN\nhello, here I am\n").await.unwrap();
    assert_eq!(balanced.reason().await, "it sent no PROXY header");
}

#[tokio::test(start_paused = true)]
async fn as_many_may_wait_as_the_bound_says_and_with_one_more_the_oldest_gives_way() {
    let mut balanced = Balanced::new();
    let begun = Instant::now();
    let mut silent: Vec<_> = (0..HEADERS)
        .map(|_| balanced.connect([10, 0, 0, 1]))
        .collect();
    let soon = Duration::from_secs(1);
    assert!(
        timeout(soon, balanced.accept()).await.is_err(),
        "at the bound"
    );
    silent.push(balanced.connect([10, 0, 0, 1]));
    let reason = balanced.reason().await;
    assert_eq!(reason, "too many others had sent no PROXY header yet");
    assert_eq!(begun.elapsed(), soon, "one past it");
    silent[1].write_all(HEADER).await.unwrap();
    assert!(balanced.accept().await.is_ok(), "the others wait on");
}
