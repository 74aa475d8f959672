//! A server that is killed again and again under load, with clients that resume: what was accepted is
//! there, once, in its place, for everyone.
//!
//! `CHAT_KILLS=1000 cargo test --release -p chat-tests --test kill -- --nocapture` kills it as often.

use chat_core::Kind;
use chat_core::json::Message;
use chat_tests::{Dir, Server, chat_server, loopback};
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Clients that talk without pause.
const CLIENTS: usize = 4;

/// What each of them may have said that is not accepted yet.
const WINDOW: usize = 16;

/// How long they have in the end until all that they said is accepted.
const PATIENCE: Duration = Duration::from_secs(60);

/// What all of them share.
struct Shared {
    /// Nobody is to say more.
    stop: AtomicBool,
    /// Whoever was not welcomed when their server is killed has no session to come back to, and another name: nothing is killed
    /// before all have one.
    all_welcome: Barrier,
}

/// What one client has seen, through all its connections.
#[derive(Default)]
struct Seen {
    token: Option<String>,
    /// Texts by the numbers of their entries, whoever said them.
    entries: BTreeMap<u64, (String, String)>,
    accepted: BTreeMap<String, u64>,
    unsure: VecDeque<(String, String)>,
    said: u64,
    connections: u64,
}

impl Seen {
    /// Talks on one connection until it is over; whether it was the client that ended it.
    fn talk(&mut self, name: &str, address: SocketAddr, shared: &Shared) -> io::Result<bool> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut hello = serde_json::json!({"name": name});
        if let Some(token) = &self.token {
            hello["session"] = token.as_str().into();
        }
        if let Some((last, _)) = self.entries.last_key_value() {
            hello["after"] = (*last).into();
        }
        writeln!(stream, "JOIN {hello}")?;
        let lines = BufReader::new(stream.try_clone()?).lines();
        for line in lines {
            let line = line?;
            let message = serde_json::from_str(&line);
            match message.unwrap_or_else(|error| panic!("{error}: {line}")) {
                Message::Welcome { session, .. } => {
                    self.connections += 1;
                    if self.token.replace(session.0.into()).is_none() {
                        shared.all_welcome.wait();
                    }
                    for (id, text) in &self.unsure {
                        say(&mut stream, id, text)?;
                    }
                }
                Message::Entry(entry) => {
                    let last = self.entries.last_key_value().map(|(seq, _)| *seq);
                    assert!(
                        last.is_none_or(|last| entry.seq == last + 1),
                        "{line} after {last:?}"
                    );
                    let text = match entry.kind {
                        Kind::Said => entry.text.unwrap_or_default().into_owned(),
                        kind => format!("{kind:?}"),
                    };
                    let told = (entry.name.into_owned(), text);
                    self.entries.insert(entry.seq, told);
                }
                Message::Accepted {
                    with: None,
                    room: None,
                    id: Some(id),
                    seq,
                } => {
                    self.unsure.retain(|(given, _)| *given != id);
                    let before = self.accepted.insert(id.into_owned(), seq);
                    assert!(
                        before.is_none_or(|before| before == seq),
                        "{line}, {before:?}"
                    );
                }
                Message::Bye { .. } => {}
                other => panic!("{other:?} to {name}"),
            }
            let is_over = shared.stop.load(Ordering::Relaxed);
            if is_over && self.unsure.is_empty() {
                return Ok(true);
            }
            while !is_over && self.unsure.len() < WINDOW {
                self.said += 1;
                let (id, text) = (self.said.to_string(), format!("{} of {name}", self.said));
                self.unsure.push_back((id.clone(), text.clone()));
                say(&mut stream, &id, &text)?;
            }
        }
        Ok(false)
    }
}

fn say(stream: &mut TcpStream, id: &str, text: &str) -> io::Result<()> {
    let line = serde_json::json!({"type": "say", "id": id, "text": text});
    stream.write_all(format!("{line}\n").as_bytes())
}

/// A client that comes back until it is to stop and all that it said is accepted.
fn client(name: &str, address: SocketAddr, shared: &Shared) -> Seen {
    let mut seen = Seen::default();
    let mut late = None;
    while !seen.talk(name, address, shared).unwrap_or(false) {
        if shared.stop.load(Ordering::Relaxed) {
            let since = *late.get_or_insert_with(Instant::now);
            assert!(
                since.elapsed() < PATIENCE,
                "{:?} is not accepted",
                seen.unsure
            );
        }
        thread::sleep(Duration::from_millis(2));
    }
    seen
}

fn start(address: SocketAddr, data: &str) -> Server {
    let mut command = Command::new(chat_server());
    command.args(["--listen", &address.to_string(), "--data", data]);
    Server::launch(command, 1)
}

#[test]
fn what_is_accepted_outlives_the_server() {
    let kills: u64 = std::env::var("CHAT_KILLS").map_or(20, |n| n.parse().expect("a number"));
    let dir = Dir::new("kill");
    let data = &dir.path("data");
    let address = {
        let free = TcpListener::bind(loopback(0)).expect("a port is free");
        free.local_addr().expect("it has one")
    };
    let bar = ProgressBar::new(kills);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos} of {len} kills, {eta} left") {
        bar.set_style(style);
    }
    let shared = &Shared {
        stop: AtomicBool::new(false),
        all_welcome: Barrier::new(CLIENTS + 1),
    };
    let seen: Vec<Seen> = thread::scope(|scope| {
        let names: Vec<String> = (0..CLIENTS).map(|n| format!("client{n}")).collect();
        let clients: Vec<_> = names
            .into_iter()
            .map(|name| scope.spawn(move || client(&name, address, shared)))
            .collect();
        let mut server = start(address, data);
        shared.all_welcome.wait();
        for kill in 0..kills {
            // At no particular moment.
            thread::sleep(Duration::from_micros(20_000 + (kill * 7919) % 60_000));
            server.process.kill();
            drop(server);
            server = start(address, data);
            bar.inc(1);
        }
        shared.stop.store(true, Ordering::Relaxed);
        let seen = clients
            .into_iter()
            .map(|client| client.join().expect("no promise is broken"));
        let seen = seen.collect();
        server.process.kill();
        seen
    });
    bar.finish_and_clear();

    let kept = exported(data);
    let (mut accepted, mut connections) = (0, 0);
    for (n, client) in seen.iter().enumerate() {
        let name = format!("client{n}");
        for (seq, entry) in &client.entries {
            assert_eq!(Some(entry), kept.get(seq), "entry {seq}");
        }
        for (id, seq) in &client.accepted {
            let entry = (name.clone(), format!("{id} of {name}"));
            assert_eq!(kept.get(seq), Some(&entry), "entry {seq}");
        }
        assert_eq!(client.accepted.len() as u64, client.said);
        accepted += client.said;
        connections += client.connections;
    }
    let said: Vec<&(String, String)> = kept
        .values()
        .filter(|(_, text)| text.contains(" of "))
        .collect();
    let once: BTreeSet<_> = said.iter().collect();
    assert_eq!(said.len(), once.len(), "something was said twice");
    assert_eq!(said.len() as u64, accepted);
    println!(
        "{kills} kills, {connections} connections, {accepted} accepted: lost 0, doubled 0, reordered 0"
    );
}

/// What is on the disk, as the server's own command tells it.
fn exported(data: &str) -> BTreeMap<u64, (String, String)> {
    let export = Command::new(chat_server())
        .args(["export", "--data", data])
        .output();
    let export = export.expect("it can be started");
    assert!(
        export.status.success(),
        "{}",
        String::from_utf8_lossy(&export.stderr)
    );
    let lines = String::from_utf8(export.stdout).expect("it is UTF-8");
    let entries = lines.lines().filter_map(|line| {
        let entry: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
        let word = |key: &str| entry[key].as_str().map(str::to_string);
        let text = match word("kind")?.as_str() {
            "said" => word("text")?,
            "joined" => "Joined".into(),
            _ => "Left".into(),
        };
        Some((entry["seq"].as_u64()?, (word("name")?, text)))
    });
    entries.collect()
}
