//! TLS on a simulated network: the shipped listener and accept loop, with handshakes that are held up, cut off, or never
//! end beside two who talk.

use chat_core::{Limits, Origin};
use chat_net::tls::{Identity, TlsListener};
use chat_net::{Listener, Options, serve};
use rcgen::{CertificateParams, KeyPair, PKCS_ED25519};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::{Duration, UNIX_EPOCH};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::runtime::Handle;
use tokio::time::sleep;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use turmoil::net::{TcpListener, TcpStream};

const PORT: u16 = 5000;

type Accepting = Pin<Box<dyn Future<Output = io::Result<(TcpStream, SocketAddr)>>>>;

/// The simulated network's listener.
struct Simulated {
    inner: Rc<TcpListener>,
    accepting: Option<Accepting>,
}

impl Listener for Simulated {
    type Stream = TcpStream;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        let accepting = self.accepting.get_or_insert_with(|| {
            let inner = Rc::clone(&self.inner);
            Box::pin(async move { inner.accept().await })
        });
        let accepted = ready!(accepting.as_mut().poll(cx));
        self.accepting = None;
        Poll::Ready(accepted)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }
}

/// What happened, and when.
#[derive(Clone, Default)]
struct Trace(Arc<Mutex<Vec<String>>>);

impl Trace {
    fn tell(&self, what: &str) {
        let at = turmoil::sim_elapsed().unwrap_or_default().as_millis();
        self.0.lock().unwrap().push(format!("{at} ms: {what}"));
    }
}

fn certificate() -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    // Signatures of this kind have one length, so that a handshake does, too.
    let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let params = CertificateParams::new(["chat.example".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    (certificate.der().clone(), key)
}

async fn connect(trusted: &CertificateDer<'static>) -> BufReader<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(("server", PORT)).await.unwrap();
    let name = ServerName::try_from("chat.example").unwrap();
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream);
    BufReader::new(stream.await.unwrap())
}

/// The head of a record of 256 bytes that do not come.
async fn begin_a_handshake() -> TcpStream {
    let mut stream = TcpStream::connect(("server", PORT)).await.unwrap();
    stream.write_all(&[22, 3, 1, 1, 0, 1]).await.unwrap();
    stream
}

/// Plays it, and gives what happened.
fn play(seed: u64) -> Vec<String> {
    let mut sim = turmoil::Builder::new()
        .rng_seed(seed)
        .epoch(UNIX_EPOCH)
        .tick_duration(Duration::from_millis(1))
        .simulation_duration(Duration::from_secs(60))
        .build();
    let trace = Trace::default();
    let (trusted, key) = certificate();
    let identity = Arc::new(Identity::new(vec![trusted.clone()], key).unwrap());
    let screen = trace.clone();
    sim.host("server", move || {
        let (identity, screen) = (Arc::clone(&identity), screen.clone());
        async move {
            let inner = Simulated {
                inner: Rc::new(TcpListener::bind(("0.0.0.0", PORT)).await?),
                accepting: None,
            };
            let options = Options {
                origin: Some(Origin::default()),
                ..Options::from(Limits::default())
            };
            serve(
                vec![TlsListener::new(inner, &identity, &Handle::current())?],
                options,
                |lines: &[u8]| screen.tell(str::from_utf8(lines).unwrap().trim_end()),
                std::future::pending(),
            )
            .await?;
            Ok(())
        }
    });

    for name in ["ann", "bob"] {
        let (trusted, trace) = (trusted.clone(), trace.clone());
        sim.client(name, async move {
            sleep(Duration::from_millis(500)).await;
            let mut person = connect(&trusted).await;
            person
                .write_all(format!("JOIN {name}\n").as_bytes())
                .await?;
            person.flush().await?;
            for number in 0..20 {
                sleep(Duration::from_millis(500)).await;
                person.write_all(format!("{number}\n").as_bytes()).await?;
                person.flush().await?;
            }
            // The other one may have come a little later.
            sleep(Duration::from_secs(2)).await;
            person.write_all(b"LEAVE\n").await?;
            person.flush().await?;
            let mut line = String::new();
            while person.read_line(&mut line).await? > 0 {
                trace.tell(&format!("{name} reads {}", line.trim_end()));
                line.clear();
            }
            Ok(())
        });
    }

    let held = trace.clone();
    sim.client("held", async move {
        let mut stream = begin_a_handshake().await;
        sleep(Duration::from_millis(300)).await;
        turmoil::hold("held", "server");
        sleep(Duration::from_secs(7)).await;
        turmoil::release("held", "server");
        let ended = stream.read(&mut [0]).await;
        held.tell(&format!("held: {:?}", ended.ok()));
        Ok(())
    });
    sim.client("cut", async move {
        let _stream = begin_a_handshake().await;
        sleep(Duration::from_millis(300)).await;
        turmoil::partition("cut", "server");
        sleep(Duration::from_secs(20)).await;
        Ok(())
    });
    let slow = trace.clone();
    sim.client("slow", async move {
        let mut stream = begin_a_handshake().await;
        let ended = stream.read(&mut [0]).await;
        slow.tell(&format!("slow: {:?}", ended.ok()));
        Ok(())
    });
    sim.run().unwrap();
    trace.0.lock().unwrap().clone()
}

#[test]
fn two_talk_undisturbed_beside_handshakes_that_are_held_up_cut_off_or_never_end() {
    for seed in 0..5 {
        let told = play(seed);
        let all = told.join("\n");
        for (reader, speaker) in [("ann", "bob"), ("bob", "ann")] {
            for number in 0..20 {
                let line = format!("{reader} reads {speaker}: {number}");
                let times = told.iter().filter(|it| it.ends_with(&line)).count();
                assert_eq!(times, 1, "seed {seed}: {line}:\n{all}");
            }
        }
        let at = |what: &str| {
            let line = told.iter().find(|line| line.contains(what));
            let line = line.unwrap_or_else(|| panic!("seed {seed}: {what}:\n{all}"));
            line.split(' ').next().unwrap().parse::<u64>().unwrap()
        };
        let slow = at("slow: Some(0)");
        assert!((5000..5500).contains(&slow), "seed {seed}: {slow} ms");
        assert!(at("held: ") >= 7300, "seed {seed}:\n{all}");
    }
}

#[test]
fn the_same_seed_tells_the_same() {
    assert_eq!(play(7), play(7));
}
