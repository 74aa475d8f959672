//! Connections that ask for long answers without a pause, such as for the room's history.
//!
//! They live in a thread of their own, which gives way to everything else where the system can be told
//! so: what they cost the members is to be the server's doing, and not this program's.

use crate::bench::heard::Abuser;
use crate::bench::limits;
use crate::bench::progress::Progress;
use crate::bench::room::Room;
use crate::bench::server::Server;
use crate::bench::sockets::{Sink, Sockets};
use crate::bench::{Error, abusers};
use clap::value_parser;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Requests that a connection sends when all before them are on their way.
const REQUESTS: usize = 16;

/// How long the thread waits for something to come.
const WAIT: Duration = Duration::from_millis(20);

/// How many there are, and what they ask for.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Asking {
    /// Connections that join and then ask for the same, over and over, without waiting for an answer;
    /// what they are sent they read and throw away. As with deaf and flooding ones, the latency of
    /// the members is measured alone, then beside them [0 to 60000]
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = value_parser!(u32).range(0..=limits::MEMBERS))]
    pub asking: u32,

    /// What they ask for, a line; with an object, such as {"type":"history","limit":1000}, they speak
    /// the JSON dialect
    #[arg(long, value_name = "LINE", default_value = "/history 1000")]
    pub ask_for: String,
}

/// What the thread tells, and is told.
#[derive(Debug, Default)]
struct Shared {
    joined: AtomicU32,
    bytes: AtomicU64,
    asks: AtomicBool,
    is_over: AtomicBool,
}

/// The asking connections; dropping them closes them all at once.
#[derive(Debug)]
pub struct Askers {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<Result<(), Error>>>,
}

impl Askers {
    /// Has them join the room beside so many other connections, at most `at_once` at a time, and then
    /// begin to ask.
    ///
    /// # Errors
    /// When the server cannot be reached, or does not let all of them in.
    pub fn join(
        server: &Server,
        room: &mut Room,
        options: &Asking,
        (others, at_once): (u32, u32),
        progress: &mut Progress,
    ) -> Result<Self, Error> {
        let shared = Arc::new(Shared::default());
        let mut crowd = Crowd {
            sockets: Sockets::new(others as usize)?,
            shared: Arc::clone(&shared),
            tally: Tally::default(),
            first: first_lines(room, options),
            requests: format!("{}\n", options.ask_for)
                .repeat(REQUESTS)
                .into_bytes(),
        };
        let address = server.address();
        let thread = thread::Builder::new().name("askers".into());
        let thread = thread
            .spawn(move || crowd.run(address, at_once))
            .map_err(|e| Error::Failed(format!("cannot start a thread: {e}")))?;
        let mut askers = Self {
            shared,
            thread: Some(thread),
        };
        progress.begin("askers joining", options.asking.into());
        let mut watch = room.watch();
        loop {
            let joined = askers.shared.joined.load(Ordering::Relaxed);
            if joined >= options.asking || room.is_broken() {
                askers.shared.asks.store(true, Ordering::Relaxed);
                return Ok(askers);
            }
            if askers.thread.as_ref().is_some_and(JoinHandle::is_finished) {
                return Err(askers
                    .end()
                    .err()
                    .unwrap_or_else(|| Error::Failed("the asking connections have ended".into())));
            }
            room.wait(abusers::NAP)?;
            progress.at(joined.into());
            if watch.is_stalled(joined.into()) {
                let of = options.asking;
                return Err(Error::Failed(format!(
                    "the server let {joined} asking connections in of {of}, then no more"
                )));
            }
        }
    }

    /// Bytes that they have read so far.
    pub fn bytes(&self) -> u64 {
        self.shared.bytes.load(Ordering::Relaxed)
    }

    fn end(&mut self) -> Result<(), Error> {
        self.shared.is_over.store(true, Ordering::Relaxed);
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(done)) => done,
            Some(Err(_)) => Err(Error::Failed(
                "the asking connections' thread failed".into(),
            )),
            None => Ok(()),
        }
    }
}

impl Drop for Askers {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

/// The line with which each of them joins.
fn first_lines(room: &Room, options: &Asking) -> Vec<Vec<u8>> {
    let is_json = options.ask_for.trim_start().starts_with('{');
    let join = |number| {
        let mut line = Vec::new();
        let names = &room.members().names;
        names.join_as(Abuser::Asking, number, &mut line);
        if is_json {
            let name = String::from_utf8_lossy(&line[b"JOIN ".len()..]);
            line =
                format!("JOIN {{\"version\":1,\"name\":\"{}\"}}\n", name.trim_end()).into_bytes();
        }
        line
    };
    (1..=options.asking).map(join).collect()
}

/// The connections, in their thread.
struct Crowd {
    sockets: Sockets,
    shared: Arc<Shared>,
    tally: Tally,
    first: Vec<Vec<u8>>,
    requests: Vec<u8>,
}

impl Crowd {
    fn run(&mut self, server: SocketAddr, at_once: u32) -> Result<(), Error> {
        give_way();
        let mut opened = 0;
        while !self.shared.is_over.load(Ordering::Relaxed) {
            while opened < self.first.len() && opened < self.tally.joined + at_once as usize {
                self.open(server, opened)?;
                opened += 1;
            }
            self.sockets.wait(WAIT, &mut self.tally)?;
            if let Some(why) = self.tally.unreachable.take() {
                return Err(unreachable(server, &why));
            }
            let joined = u32::try_from(self.tally.joined).unwrap_or(u32::MAX);
            self.shared.joined.store(joined, Ordering::Relaxed);
            self.shared.bytes.store(self.tally.bytes, Ordering::Relaxed);
            if self.shared.asks.load(Ordering::Relaxed) {
                self.ask();
            }
        }
        self.sockets.close_all();
        Ok(())
    }

    fn open(&mut self, server: SocketAddr, number: usize) -> Result<(), Error> {
        let opened = self.sockets.open(server, Some(Abuser::Asking));
        let connection = opened.map_err(|error| unreachable(server, &error.to_string()))?;
        self.tally.heard.push(false);
        self.sockets.out(connection).extend(&self.first[number]);
        self.sockets.flush(connection);
        Ok(())
    }

    fn ask(&mut self) {
        for connection in 0..self.first.len() {
            if self.sockets.waiting(connection) == 0 {
                self.sockets.out(connection).extend(&self.requests);
                self.sockets.flush(connection);
            }
        }
    }
}

fn unreachable(server: SocketAddr, why: &str) -> Error {
    Error::Unreachable(format!(
        "cannot connect to {server} beside the members: {why}"
    ))
}

/// What they are sent.
#[derive(Debug, Default)]
struct Tally {
    heard: Vec<bool>,
    joined: usize,
    bytes: u64,
    unreachable: Option<String>,
}

impl Sink for Tally {
    fn line(&mut self, _connection: usize, _line: &[u8]) {}

    fn thrown_away(&mut self, connection: usize, bytes: usize) {
        self.bytes += bytes as u64;
        // The first that it is sent is its welcome.
        if let Some(heard) = self.heard.get_mut(connection) {
            self.joined += usize::from(!std::mem::replace(heard, true));
        }
    }

    fn ended(&mut self, _connection: usize, made: bool, how: io::Result<()>) {
        if let Err(error) = how
            && !made
        {
            self.unreachable.get_or_insert_with(|| error.to_string());
        }
    }
}

/// Has this thread come after all others.
fn give_way() {
    #[cfg(target_os = "linux")]
    {
        // Where that is refused, it takes part as all others do.
        let _ = rustix::process::nice(19);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_somebody_is_sent_is_their_welcome() {
        let mut tally = Tally {
            heard: vec![false; 2],
            ..Tally::default()
        };
        for (connection, bytes, joined) in [(1, 10, 1), (1, 5, 1), (0, 1, 2)] {
            tally.thrown_away(connection, bytes);
            assert_eq!(tally.joined, joined);
        }
        assert_eq!(tally.bytes, 16);
    }
}
