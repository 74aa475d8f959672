//! A server over TLS over streams in memory, and a client of it.

use chat_core::Limits;
use chat_net::tls::{Identity, TlsListener};
use chat_net::{Listener, serve};
use rcgen::{CertificateParams, KeyPair, PKCS_ED25519};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, BufReader, DuplexStream, duplex};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A certificate for this name, and its key.
pub(super) fn certificate(name: &str) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    // Signatures of this kind have one length, so that a handshake does, too.
    let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let params = CertificateParams::new([name.to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    (certificate.der().clone(), key)
}

/// A listener in memory.
struct Memory(mpsc::UnboundedReceiver<(DuplexStream, SocketAddr)>);

impl Listener for Memory {
    type Stream = DuplexStream;

    fn poll_accept(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<(DuplexStream, SocketAddr)>> {
        match self.0.poll_recv(cx) {
            Poll::Ready(Some(connection)) => Poll::Ready(Ok(connection)),
            _ => Poll::Pending,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(([127, 0, 0, 1], 5000).into())
    }
}

pub(super) struct Room {
    connections: mpsc::UnboundedSender<(DuplexStream, SocketAddr)>,
    pub(super) identity: Arc<Identity>,
    certificate: CertificateDer<'static>,
    shown: Arc<Mutex<Vec<u8>>>,
}

impl Room {
    pub(super) fn open(limits: Limits) -> Self {
        let (connections, coming) = mpsc::unbounded_channel();
        let (certificate, key) = certificate("chat.example");
        let identity = Arc::new(Identity::new(vec![certificate.clone()], key).unwrap());
        let listener = TlsListener::new(Memory(coming), &identity, &Handle::current()).unwrap();
        let shown = Arc::<Mutex<Vec<u8>>>::default();
        let screen = Arc::clone(&shown);
        tokio::spawn(serve(
            vec![listener],
            limits,
            move |lines| screen.lock().unwrap().extend_from_slice(lines),
            std::future::pending(),
        ));
        Self {
            connections,
            identity,
            certificate,
            shown,
        }
    }

    /// A connection on which nothing is sent yet.
    pub(super) fn connect_from(&self, peer: SocketAddr, buffer: usize) -> DuplexStream {
        let (ours, theirs) = duplex(buffer);
        self.connections.send((theirs, peer)).unwrap();
        ours
    }

    pub(super) fn connect(&self, port: u16) -> DuplexStream {
        self.connect_from(([127, 0, 0, 1], port).into(), 64 * 1024)
    }

    /// Shakes hands over a stream, trusting the certificate that the room began with.
    pub(super) async fn shake_hands<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
    ) -> io::Result<Person<S>> {
        shake_hands(stream, &self.certificate).await
    }

    pub(super) async fn join(&self, port: u16) -> Person<DuplexStream> {
        let mut person = self.shake_hands(self.connect(port)).await.unwrap();
        person.join().await;
        person
    }

    pub(super) fn screen(&self) -> String {
        String::from_utf8(self.shown.lock().unwrap().clone()).unwrap()
    }
}

/// One end of a connection over TLS.
pub(super) struct Person<S>(pub(super) BufReader<TlsStream<S>>);

impl<S: AsyncRead + AsyncWrite + Unpin> Person<S> {
    /// Says a line. What is said is on its way when this returns.
    pub(super) async fn say(&mut self, line: &str) {
        use tokio::io::AsyncWriteExt;
        let line = format!("{line}\n");
        self.0.write_all(line.as_bytes()).await.unwrap();
        self.0.flush().await.unwrap();
    }

    pub(super) async fn join(&mut self) {
        self.say("JOIN").await;
        assert_eq!(self.line().await, "Welcome to the chatroom!\n");
    }

    /// The next line; none at the end.
    pub(super) async fn line(&mut self) -> String {
        let mut line = String::new();
        timeout(Duration::from_secs(60), self.0.read_line(&mut line))
            .await
            .expect("a line")
            .unwrap();
        line
    }
}

/// Shakes hands over a stream, trusting this certificate alone.
pub(super) async fn shake_hands<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    trusted: &CertificateDer<'static>,
) -> io::Result<Person<S>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("chat.example").unwrap();
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream);
    Ok(Person(BufReader::new(stream.await?)))
}
