//! Connections that are in the room to disturb: deaf ones, which never read, and flooding ones,
//! which never pause.
//!
//! That the server closes them is promised to them, and no fault. The room tells of it: a deaf
//! connection would not notice.

use crate::bench::Error;
use crate::bench::heard::{Abuser, Deed};
use crate::bench::limits;
use crate::bench::progress::Progress;
use crate::bench::room::Room;
use crate::bench::server::Server;
use crate::bench::sockets::{Sink, Sockets};
use crate::bench::usage::held_for_sockets;
use clap::value_parser;
use std::io;
use std::time::{Duration, Instant};

/// How long the members may be waited for before abusers have their turn again.
pub const NAP: Duration = Duration::from_millis(1);

/// Bytes of a flooding connection's line, with its ending: long enough that taking lines apart
/// costs the members little.
const LINE: usize = 256;

/// How often the memory that is held is looked at.
const SAMPLE: Duration = Duration::from_millis(50);

/// Lines that a flooding connection sends in its turn, when all before them are on their way.
const LINES: usize = 64;

/// Flooding connections that have their turn before the members have theirs.
const TURNS: usize = 256;

/// How many there are.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct Counts {
    /// Connections that join and then never read a byte. Their receive buffers are small, so that
    /// the server soon meets a full socket [0 to 60000]
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = value_parser!(u32).range(0..=limits::MEMBERS))]
    pub deaf: u32,

    /// Bytes of a deaf connection's receive buffer; 0 for one of the system's usual size, and segments of
    /// the usual size [0 to 16777216]
    #[arg(long, value_name = "BYTES", default_value_t = 4096, value_parser = value_parser!(u32).range(0..=16_777_216))]
    pub deaf_buffer: u32,

    /// Connections that join and then send lines without a pause; what they are sent they read
    /// and throw away. With deaf or flooding connections, the latency of the members is measured
    /// twice in the same room: alone, then beside them [0 to 60000]
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = value_parser!(u32).range(0..=limits::MEMBERS))]
    pub flooding: u32,
}

impl Counts {
    /// How many there are, of both kinds.
    pub fn all(self) -> u32 {
        self.deaf + self.flooding
    }

    /// The kind and the number of the one that joins after `before` others.
    fn next(self, before: u32) -> (Abuser, u32) {
        match before.checked_sub(self.deaf) {
            None => (Abuser::Deaf, before + 1),
            Some(before) => (Abuser::Flooding, before + 1),
        }
    }
}

/// The deaf and the flooding connections; dropping them closes them all at once.
#[derive(Debug)]
pub struct Abusers {
    sockets: Sockets,
    trouble: Trouble,
    /// The first flooding connection; all after it are flooding as well.
    first: usize,
    flooding: usize,
    /// Which flooding connection has its turn next.
    turn: usize,
    /// What a flooding connection says in one turn.
    lines: Vec<u8>,
    most_held: Option<Held>,
    sampled: Option<Instant>,
}

/// What was held of memory at one moment, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    /// By the server's process.
    pub server: u64,
    /// By the system, for the sockets of both sides.
    pub sockets: u64,
}

impl Abusers {
    /// Has them join the room, the deaf ones first, at most `at_once` at a time. All of them are in
    /// when this returns, or a member is not any more.
    ///
    /// # Errors
    /// When the server cannot be reached, or does not let all of them in.
    pub fn join(
        server: &Server,
        room: &mut Room,
        counts: Counts,
        at_once: u32,
        progress: &mut Progress,
    ) -> Result<Self, Error> {
        let mut line = vec![b'!'; LINE - 1];
        line.push(b'\n');
        let mut abusers = Self {
            sockets: Sockets::new(room.size() as usize)?.deaf_buffers(counts.deaf_buffer),
            trouble: Trouble::default(),
            first: counts.deaf as usize,
            flooding: counts.flooding as usize,
            turn: 0,
            lines: line.repeat(LINES),
            most_held: None,
            sampled: None,
        };
        let all = counts.all();
        progress.begin("abusers joining", all.into());
        let mut watch = room.watch();
        let (mut opened, mut asked) = (0, 0);
        loop {
            let tally = room.members().abusers();
            let joined = [Abuser::Deaf, Abuser::Flooding].map(|who| tally.count(who, Deed::Joined));
            let joined = joined[0] + joined[1];
            if joined >= all.into() || room.is_broken() {
                return Ok(abusers);
            }
            while opened < all && u64::from(opened) < joined + u64::from(at_once) {
                abusers.open(server, room, counts.next(opened))?;
                opened += 1;
            }
            while asked < opened && abusers.sockets.waiting(asked as usize) == 0 {
                asked += 1;
            }
            // Who is slow to ask for its name gets another one, so that comes first.
            let is_asking = asked < opened;
            abusers.hear(if is_asking { NAP } else { Duration::ZERO })?;
            if !is_asking {
                room.wait(NAP)?;
            }
            if let Some(why) = &abusers.trouble.unreachable {
                return Err(unreachable(server, why));
            }
            progress.at(joined);
            if watch.is_stalled(joined) {
                return Err(Error::Failed(format!(
                    "the server let {joined} deaf and flooding connections in of {all}, then no \
                     more"
                )));
            }
        }
    }

    fn open(
        &mut self,
        server: &Server,
        room: &Room,
        (abuser, number): (Abuser, u32),
    ) -> Result<(), Error> {
        let opened = self.sockets.open(server.address(), Some(abuser));
        let connection = opened.map_err(|error| unreachable(server, &error.to_string()))?;
        let out = self.sockets.out(connection);
        room.members().names.join_as(abuser, number, out);
        self.sockets.flush(connection);
        Ok(())
    }

    fn hear(&mut self, at_most: Duration) -> Result<(), Error> {
        self.sockets.wait(at_most, &mut self.trouble)
    }

    /// Has flooding connections read what there is, and those whose turn it is speak.
    ///
    /// # Errors
    /// When the user interrupts, or this machine fails.
    pub fn go_on(&mut self, server: &Server) -> Result<(), Error> {
        self.sample(server);
        self.hear(Duration::ZERO)?;
        for _ in 0..self.flooding.min(TURNS) {
            let connection = self.first + self.turn;
            self.turn = (self.turn + 1) % self.flooding;
            if self.sockets.waiting(connection) == 0 {
                let out = self.sockets.out(connection);
                out.extend_from_slice(&self.lines);
                self.sockets.flush(connection);
            }
        }
        Ok(())
    }
}

impl Abusers {
    /// The most memory that was held at one moment while they were there, if that is known.
    pub fn most_held(&self) -> Option<Held> {
        self.most_held
    }

    fn sample(&mut self, server: &Server) {
        if self.sampled.is_some_and(|at| at.elapsed() < SAMPLE) {
            return;
        }
        self.sampled = Some(Instant::now());
        if let (Some(usage), Some(sockets)) = (server.usage(), held_for_sockets()) {
            let held = Held {
                server: usage.resident,
                sockets,
            };
            let all = |held: Held| held.server + held.sockets;
            self.most_held = self
                .most_held
                .filter(|most| all(*most) >= all(held))
                .or(Some(held));
        }
    }
}

fn unreachable(server: &Server, why: &str) -> Error {
    let address = server.address();
    Error::Unreachable(format!(
        "cannot connect to {address} beside the members: {why}"
    ))
}

/// What keeps an abuser from joining; that one is closed later does not matter.
#[derive(Debug, Default)]
struct Trouble {
    unreachable: Option<String>,
}

impl Sink for Trouble {
    fn line(&mut self, _connection: usize, _line: &[u8]) {}

    fn ended(&mut self, _connection: usize, made: bool, how: io::Result<()>) {
        if let Err(error) = how
            && !made
        {
            self.unreachable.get_or_insert_with(|| error.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deaf_ones_join_first() {
        let counts = Counts {
            deaf: 2,
            deaf_buffer: 0,
            flooding: 3,
        };
        let joining: Vec<_> = (0..counts.all()).map(|n| counts.next(n)).collect();
        assert_eq!(
            joining,
            [
                (Abuser::Deaf, 1),
                (Abuser::Deaf, 2),
                (Abuser::Flooding, 1),
                (Abuser::Flooding, 2),
                (Abuser::Flooding, 3)
            ]
        );
    }
}
