//! A world around one store, as data that can be shrunk, written and read.

use super::wants::Do;
use chat_core::{Limits, Peer, RoomName};
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

/// The first port.
const PORTS: u16 = 6000;

/// The rooms that there may be; where it all begins is the first.
pub(super) const ROOMS: [&str; 4] = ["lobby", "dev", "tea", "rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr"];

/// The room with this number.
pub(super) fn room(number: usize) -> RoomName {
    RoomName::parse(ROOMS[number % ROOMS.len()]).unwrap_or_default()
}

/// Clients, a server that is killed now and then, and the disk that outlives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename = "Kept", deny_unknown_fields)]
pub struct World {
    /// What all that is left to chance follows from.
    pub seed: u64,
    /// How long a session may be without a connection, in milliseconds.
    pub grace_ms: u64,
    /// Bytes that may wait for one reader.
    pub behind: u64,
    /// Bytes of a batch.
    pub batch: u64,
    /// How many of the newest entries are in memory when the server starts.
    pub newest: usize,
    /// How many entries the disk keeps, if not all.
    pub keep: Option<usize>,
    /// Every entry whose number is a multiple of this cannot be read on the disk, if there is one.
    #[serde(default)]
    pub unreadable: Option<u64>,
    /// Bytes that a socket holds.
    pub socket: usize,
    /// On how many hosts the clients are, one after the other; with 0, on the server's own machine.
    #[serde(default, skip_serializing_if = "is_default")]
    pub hosts: u8,
    /// The limits of hosts are those of that one, too.
    #[serde(default, skip_serializing_if = "is_default")]
    pub limit_loopback: bool,
    /// What travels is encrypted, so that passwords are taken.
    #[serde(default, skip_serializing_if = "is_default")]
    pub secure: bool,
    /// So many names belong to somebody at most; with 0, as many as usual.
    #[serde(default, skip_serializing_if = "is_default")]
    pub accounts: usize,
    /// So many passwords are hashed at the same time, and as many wait; with 0, as many as usual.
    #[serde(default, skip_serializing_if = "is_default")]
    pub hashes: usize,
    /// Who there is.
    pub clients: Vec<Client>,
    /// What happens.
    pub steps: Vec<Op>,
}

/// A client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Client {
    /// A program that sends what it says until it is accepted, and resumes. It makes the token of its
    /// session itself, or waits for the one that it is given.
    Program {
        /// Whether it makes it itself.
        own_token: bool,
    },
    /// Somebody with the text dialect, who joins anew whenever they are cut off.
    Text,
    /// Somebody with the shipped client, which resumes.
    Person {
        /// Whether it keeps what it remembers from run to run.
        keeps: bool,
    },
}

/// Something that happens. A number is a client's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Op {
    /// It connects, whatever became of the connection it has.
    Connect(usize),
    /// It says its next line.
    Say(usize),
    /// It says so many lines.
    Talk(usize, usize),
    /// Its connection fails, for both sides; what was under way is lost.
    Cut(usize),
    /// A program asks for the entries after this one.
    Page(usize, u64),
    /// A program sends again what it has said first.
    Again(usize),
    /// It goes to the room with this number. A program that is there and speaks there parts from it; one that is there
    /// speaks there from then on.
    Go(usize, usize),
    /// It says what its room is about; who uses the text dialect does not.
    Topic(usize),
    /// A program asks what its room is about, and who is there.
    Look(usize),
    /// A program says with its first id what it says in another room.
    Reuse(usize),
    /// Its name is to be its own.
    Claim(usize),
    /// It wants the name that this one asks for first, with its password or a wrong one.
    Login(usize, usize, bool),
    /// It sets its password once more.
    Password(usize),
    /// Its name is to be nobody's own.
    Unclaim(usize),
    /// It takes another name: the one that this one asks for first, or one of nobody's.
    Nick(usize, usize),
    /// It orders that where it is, of this one, by the name that they have then, or of nobody.
    Order(usize, Do, usize),
    /// Whoever owns the name that it has looks after the server from then on, or no more.
    Admin(usize, bool),
    /// It leaves.
    Leave(usize),
    /// The program of a person is killed; they start it again when they connect.
    Crash(usize),
    /// The server is killed.
    Kill,
    /// The server is told to stop; the disk does nothing for so many milliseconds.
    Stop(u64),
    /// The disk fails with what is being written.
    Fail,
    /// The disk has room only for what has to be written.
    Full,
    /// It has room again.
    Room,
    /// It does nothing for so many milliseconds, while the network does what it does.
    Hang(u64),
    /// The server is started, if it is not running.
    Start,
    /// So many small things happen meanwhile: bytes go one way or the other, the disk is done, time
    /// passes.
    Meanwhile(usize),
}

impl World {
    /// The server's limits.
    pub(super) fn limits(&self) -> Limits {
        let default = Limits::default();
        let has_text = self.clients.contains(&Client::Text);
        Limits {
            // Whoever joins by silence is told late as whom.
            first_line: default.first_line * if has_text { 1_000_000 } else { 1 },
            grace: Duration::from_millis(self.grace_ms),
            // Some disks take longer than that.
            commit: Duration::from_millis(1 << (self.seed % 12)),
            behind: self.behind,
            // What is read in the store at once, and this, are to be less than that.
            private: usize::try_from(self.behind / 4).unwrap_or(0),
            batch: self.batch,
            limit_loopback: self.limit_loopback,
            transcript: self.behind.max(4096),
            // Also so few that who resumes waits for others.
            backfill: usize::try_from(self.batch).unwrap_or(0),
            reads: 1 + usize::from(self.seed.is_multiple_of(2)),
            // Also so few that somebody is not let in.
            rooms: if self.seed.is_multiple_of(7) {
                2
            } else {
                default.rooms
            },
            accounts: or(self.accounts, default.accounts),
            hashes: or(self.hashes, default.hashes),
            hashes_waiting: or(self.hashes, default.hashes_waiting),
            ..default
        }
    }

    /// The name that a client asks for first; of a number that no client has, one that nobody asks for.
    pub(super) fn wanted_name(&self, client: usize) -> String {
        match self.clients.get(client) {
            Some(Client::Text) => format!("t{client}"),
            Some(_) => format!("p{client}"),
            None => format!("n{client}"),
        }
    }

    /// The host of a client.
    pub(super) fn host(&self, client: usize) -> IpAddr {
        self.address(client).ip()
    }

    /// Where a client connects from, and how.
    pub(super) fn peer(&self, client: usize) -> Peer {
        Peer::from(self.address(client)).encrypted(self.secure)
    }

    /// The host of a client, if what is ordered of hosts is of that one, too.
    pub(super) fn limited_host(&self, client: usize) -> Option<IpAddr> {
        let host = self.address(client).ip();
        Some(host).filter(|host| self.limit_loopback || !host.is_loopback())
    }

    /// Where a client connects from: addresses for documentation (RFC 5737). Whoever comes when all is over comes from elsewhere.
    fn address(&self, client: usize) -> SocketAddr {
        if client >= self.clients.len() && self.secure {
            return (Ipv4Addr::new(198, 51, 100, 1), PORTS).into();
        }
        let number = u16::try_from(client).unwrap_or(0);
        let host = match self.hosts {
            0 => Ipv4Addr::LOCALHOST,
            hosts => Ipv4Addr::new(
                192,
                0,
                2,
                1 + u8::try_from(client % usize::from(hosts)).unwrap_or(0),
            ),
        };
        (host, PORTS + number).into()
    }

    /// How many of the clients do something.
    pub(crate) fn clients_needed(&self) -> usize {
        let who = self.steps.iter().filter_map(|op| match *op {
            Op::Connect(who)
            | Op::Say(who)
            | Op::Talk(who, _)
            | Op::Cut(who)
            | Op::Page(who, _)
            | Op::Again(who)
            | Op::Go(who, _)
            | Op::Topic(who)
            | Op::Look(who)
            | Op::Reuse(who)
            | Op::Claim(who)
            | Op::Login(who, ..)
            | Op::Password(who)
            | Op::Unclaim(who)
            | Op::Nick(who, _)
            | Op::Order(who, ..)
            | Op::Admin(who, _)
            | Op::Leave(who)
            | Op::Crash(who) => Some(who + 1),
            _ => None,
        });
        who.max().unwrap_or(0)
    }
}

/// A limit where a world sets it, or the usual one.
fn or(own: usize, usual: usize) -> usize {
    if own == 0 { usual } else { own }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
