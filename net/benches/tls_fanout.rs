//! What a delivery over TLS costs the server, beside a bare loop of rustls on one thread that writes the same bytes to
//! each connection: in turns, in one run.
//!
//! `cargo bench -p chat-net --bench tls_fanout` runs it.

use std::error::Error;
use std::process::ExitCode;

fn main() -> ExitCode {
    // Without it, this is `cargo test`, which only wants to see that it starts.
    if !std::env::args().any(|arg| arg == "--bench") {
        println!("nothing is measured without --bench; cargo bench gives it");
        return ExitCode::SUCCESS;
    }
    #[cfg(target_os = "linux")]
    let measured: Result<(), Box<dyn Error>> = measure::run();
    #[cfg(not(target_os = "linux"))]
    let measured: Result<(), Box<dyn Error>> =
        Err("this needs Linux, which tells what each thread has used".into());
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tls_fanout: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(target_os = "linux")]
mod measure {
    use chat_core::{Limits, Rates};
    use chat_net::tls::{HandshakeThread, Identity, TlsListener};
    use chat_net::{Options, TcpListener as ChatListener};
    use rcgen::{CertificateParams, KeyPair};
    use rustls::crypto::ring;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
    use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};
    use std::error::Error;
    use std::fs;
    use std::io::{self, BufRead, BufReader, Read, Write};
    use std::net::{SocketAddr, TcpListener, TcpStream};
    use std::sync::Arc;
    use std::sync::mpsc::{Sender, channel};
    use std::thread;

    type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;

    /// Connections that everything is delivered to.
    const MEMBERS: usize = 200;

    /// How often each is measured.
    const ROUNDS: usize = 7;

    /// What a line has in it, in bytes.
    const TEXT: usize = 64;

    /// Lines at once, and how often.
    const SCENES: [(usize, usize); 3] = [(1, 400), (8, 200), (32, 100)];

    /// Where a server listens, and its thread.
    type Started = (SocketAddr, String);

    struct Keys {
        certificate: CertificateDer<'static>,
        key: Vec<u8>,
    }

    impl Keys {
        fn key(&self) -> PrivateKeyDer<'static> {
            PrivatePkcs8KeyDer::from(self.key.clone()).into()
        }
    }

    /// A thread's processor time, in nanoseconds.
    fn used(task: &str) -> Fallible<u64> {
        let stat = fs::read_to_string(format!("/proc/{task}/schedstat"))?;
        let first = stat.split(' ').next().unwrap_or_default();
        Ok(first.parse()?)
    }

    fn this_thread() -> io::Result<String> {
        let task = fs::read_link("/proc/thread-self")?;
        Ok(task.to_string_lossy().into_owned())
    }

    /// The shipped server, in a thread.
    fn start_server(keys: &Keys, told: Sender<Started>) -> Fallible<()> {
        let identity = Arc::new(Identity::new(vec![keys.certificate.clone()], keys.key())?);
        thread::spawn(move || -> Fallible<()> {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(async {
                let handshakes = HandshakeThread::start()?;
                let inner = ChatListener::adopt(TcpListener::bind("127.0.0.1:0")?)?;
                let listener = TlsListener::new(inner, &identity, handshakes.runtime())?;
                told.send((chat_net::Listener::local_addr(&listener)?, this_thread()?))?;
                let limits = Limits {
                    rate: Rates::UNLIMITED,
                    host_rate: Rates::UNLIMITED,
                    ..Limits::default()
                };
                let options = Options::from(limits);
                chat_net::serve(vec![listener], options, |_| {}, std::future::pending()).await?;
                Ok(())
            })
        });
        Ok(())
    }

    /// The floor, in a thread: the last to come is the one who speaks, and nothing else is read.
    fn start_floor(keys: &Keys, told: Sender<Started>) -> Fallible<()> {
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![keys.certificate.clone()], keys.key())?;
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0")?;
        thread::spawn(move || -> Fallible<()> {
            told.send((listener.local_addr()?, this_thread()?))?;
            let mut all = Vec::new();
            while all.len() <= MEMBERS {
                let (mut socket, _) = listener.accept()?;
                socket.set_nodelay(true)?;
                let mut connection = ServerConnection::new(Arc::clone(&config))?;
                let mut first = String::new();
                let mut stream = rustls::Stream::new(&mut connection, &mut socket);
                BufReader::with_capacity(64, &mut stream).read_line(&mut first)?;
                stream.write_all(b"Welcome to the chatroom!\n")?;
                all.push((connection, socket));
            }
            let (mut speaker, mut heard) = all.pop().ok_or("nobody speaks")?;
            let mut read = vec![0; 16 * 1024];
            let mut batch = Vec::new();
            loop {
                let mut stream = rustls::Stream::new(&mut speaker, &mut heard);
                let count = stream.read(&mut read)?;
                batch.clear();
                for line in read[..count].split_inclusive(|byte| *byte == b'\n') {
                    batch.extend_from_slice(b"speaker: ");
                    batch.extend_from_slice(line);
                }
                for (connection, socket) in &mut all {
                    connection.writer().write_all(&batch)?;
                    while connection.wants_write() {
                        connection.write_tls(socket)?;
                    }
                }
            }
        });
        Ok(())
    }

    struct Peer(rustls::StreamOwned<ClientConnection, TcpStream>);

    impl Peer {
        fn connect(address: SocketAddr, config: &Arc<ClientConfig>, name: &str) -> Fallible<Self> {
            let socket = TcpStream::connect(address)?;
            socket.set_nodelay(true)?;
            let host = ServerName::try_from("localhost")?;
            let connection = ClientConnection::new(Arc::clone(config), host)?;
            let mut peer = Self(rustls::StreamOwned::new(connection, socket));
            peer.0.write_all(format!("JOIN {name}\n").as_bytes())?;
            peer.read_lines("Welcome to the chatroom!", 1)?;
            Ok(peer)
        }

        /// Reads until so many lines with this in them have come.
        fn read_lines(&mut self, wanted: &str, count: usize) -> Fallible<()> {
            let mut text = Vec::new();
            let mut buffer = [0; 16 * 1024];
            loop {
                let read = self.0.read(&mut buffer)?;
                if read == 0 {
                    return Err("the server closed a connection".into());
                }
                text.extend_from_slice(&buffer[..read]);
                if text.ends_with(b"\n") {
                    let lines = String::from_utf8_lossy(&text);
                    if lines.lines().filter(|line| line.contains(wanted)).count() >= count {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// A server, its members, and who speaks.
    struct Room {
        task: String,
        members: Vec<Peer>,
        speaker: Peer,
        said: usize,
    }

    impl Room {
        fn fill(keys: &Keys, start: fn(&Keys, Sender<Started>) -> Fallible<()>) -> Fallible<Self> {
            let (tell, told) = channel();
            start(keys, tell)?;
            let (address, task) = told.recv()?;
            let mut roots = RootCertStore::empty();
            roots.add(keys.certificate.clone())?;
            let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
                .with_safe_default_protocol_versions()?
                .with_root_certificates(roots)
                .with_no_client_auth();
            let config = Arc::new(config);
            let connect = |name: &str| Peer::connect(address, &config, name);
            let members = (0..MEMBERS).map(|number| connect(&format!("m{number}")));
            let members = members.collect::<Fallible<Vec<_>>>()?;
            let speaker = connect("speaker")?;
            Ok(Self {
                task,
                members,
                speaker,
                said: 0,
            })
        }

        /// Nanoseconds of the server for a delivery, with so many lines at once, so often.
        fn measure(&mut self, lines: usize, times: usize) -> Fallible<f64> {
            let before = used(&self.task)?;
            for _ in 0..times {
                self.said += 1;
                let mark = format!("burst{} ", self.said);
                let line = format!("{mark}{}\n", "x".repeat(TEXT - mark.len()));
                self.speaker.0.write_all(line.repeat(lines).as_bytes())?;
                for member in &mut self.members {
                    member.read_lines(&mark, lines)?;
                }
            }
            let deliveries = lines * times * self.members.len();
            #[allow(clippy::cast_precision_loss, reason = "it is shown with three digits")]
            Ok((used(&self.task)? - before) as f64 / deliveries as f64)
        }
    }

    fn median(values: &mut [f64]) -> f64 {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    }

    /// Measures and prints the table.
    pub(super) fn run() -> Result<(), Box<dyn Error>> {
        measure().map_err(|error| error.to_string().into())
    }

    fn measure() -> Fallible<()> {
        let pair = KeyPair::generate()?;
        let certificate = CertificateParams::new(["localhost".to_owned()])?.self_signed(&pair)?;
        let keys = Keys {
            certificate: certificate.der().clone(),
            key: pair.serialize_der(),
        };
        let mut server = Room::fill(&keys, start_server)?;
        let mut floor = Room::fill(&keys, start_floor)?;
        println!(
            "CPU of the server's thread for a delivery of {TEXT} bytes over TLS, {MEMBERS} members, median of {ROUNDS} rounds"
        );
        println!(
            "{:>13} {:>10} {:>10}  server ÷ floor",
            "lines at once", "floor", "server"
        );
        for (lines, times) in SCENES {
            let (mut floors, mut servers, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
            // The first is not counted.
            for round in 0..=ROUNDS {
                let (of_floor, of_server) = if round % 2 == 0 {
                    let of_floor = floor.measure(lines, times)?;
                    (of_floor, server.measure(lines, times)?)
                } else {
                    let of_server = server.measure(lines, times)?;
                    (floor.measure(lines, times)?, of_server)
                };
                if round > 0 {
                    floors.push(of_floor);
                    servers.push(of_server);
                    ratios.push(of_server / of_floor);
                }
            }
            let (floor, server) = (median(&mut floors), median(&mut servers));
            println!(
                "{lines:>13} {floor:>7.0} ns {server:>7.0} ns  {:.2}",
                median(&mut ratios)
            );
        }
        Ok(())
    }
}
