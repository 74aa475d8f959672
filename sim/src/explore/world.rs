//! A world: everything that is drawn from a seed, as data that can be shrunk, written and read.

use super::rates::Grants;
use crate::model::Habits;
use crate::text::Text;
use chat_core::{HostLimits, Limits, Rate};
use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// Machines, a network, and what happens in it. Times of steps are milliseconds since the start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// Where it comes from.
    pub about: String,
    /// The invariant that is broken in it, if it is known to break one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breaks: Option<String>,
    /// What delays and pieces follow from.
    pub seed: u64,
    /// The server's limits and habits.
    #[serde(default)]
    pub server: Server,
    /// The network.
    #[serde(default)]
    pub network: Network,
    /// The clients.
    pub clients: Vec<Client>,
    /// What happens, in order of time.
    pub steps: Vec<(u64, Op)>,
}

/// The server's limits, where a world sets them, and its habits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// Connections in all.
    pub connections: usize,
    /// Connections that are told that there are too many.
    pub refusals: usize,
    /// Bytes that may wait for one reader.
    pub behind: u64,
    /// Bytes of these, for all together, that the log does not hold any more.
    pub copies: u64,
    /// Rooms in memory.
    pub rooms: usize,
    /// Bytes of private lines that may wait for one.
    pub private: usize,
    /// Stretches of own lines that may wait for one.
    pub splices: usize,
    /// Bytes of a batch.
    pub batch: u64,
    /// Bytes of a batch for all members together.
    pub pass: u64,
    /// Bytes of these from those who talk without pause.
    pub bulk: u64,
    /// Bytes of history that one round makes.
    pub backfill: usize,
    /// Bytes of other answers that one round makes.
    pub answers: usize,
    /// Bytes of the screen that are kept until it is read.
    pub transcript: u64,
    /// How long a session may be without a connection, in milliseconds.
    pub grace_ms: u64,
    /// Sessions without a connection at once.
    pub detached: usize,
    /// How many connections a second give way to newcomers, and at once.
    pub give_way: u64,
    /// How long a first line may take that has begun, in milliseconds.
    pub first_line_end_ms: u64,
    /// Connections of one host; here and below, 0 is no limit.
    pub host_connections: usize,
    /// Connections of one host that have not joined.
    pub host_unjoined: usize,
    /// Connections of one host that are told that there are too many.
    pub host_refusals: usize,
    /// Joins from one host in a minute.
    pub host_joins: u64,
    /// Tokens that are not known from one host in a minute.
    pub host_tokens: u64,
    /// Sessions of one host without a connection.
    pub host_detached: usize,
    /// The limits of hosts are those of the server's own machine, too.
    pub limit_loopback: bool,
    /// Passwords that are hashed at the same time, and wait for that; with 0, every one is refused. Where there are any, names
    /// may be claimed and orders given, and the server is held against the law of rooms.
    pub hashes: usize,
    /// Names that belong to somebody.
    pub accounts: usize,
    /// What travels is encrypted, so that passwords are taken from everywhere.
    pub secure: bool,
    /// How much may be sent.
    pub grants: Grants,
    /// Bytes read at once.
    pub chunk: usize,
    /// The screen is read only once a round.
    pub lazy: bool,
    /// All are written to at the same time.
    pub at_once: bool,
    /// So many are written to before others are heard, in the middle of a pass; 0 if they are not.
    pub stretch: usize,
}

impl Default for Server {
    fn default() -> Self {
        let limits = Limits::default();
        Self {
            connections: limits.connections,
            refusals: limits.refusals,
            behind: limits.behind,
            copies: limits.copies,
            rooms: limits.rooms,
            private: limits.private,
            splices: limits.splices,
            batch: limits.batch,
            pass: limits.pass,
            bulk: limits.bulk,
            backfill: limits.backfill,
            answers: limits.answers,
            transcript: limits.transcript,
            grace_ms: u64::try_from(limits.grace.as_millis()).unwrap_or(u64::MAX),
            detached: limits.detached,
            give_way: limits.give_way.burst,
            first_line_end_ms: u64::try_from(limits.first_line_end.as_millis()).unwrap_or(u64::MAX),
            host_connections: limits.host.connections,
            host_unjoined: limits.host.unjoined,
            host_refusals: limits.host.refusals,
            host_joins: limits.host.joins.count,
            host_tokens: limits.host.tokens.count,
            host_detached: limits.host.detached,
            limit_loopback: limits.limit_loopback,
            hashes: 0,
            accounts: limits.accounts,
            secure: false,
            grants: Grants::default(),
            chunk: 4096,
            lazy: false,
            at_once: false,
            stretch: 0,
        }
    }
}

impl Server {
    /// The limits of the core.
    pub fn limits(&self) -> Limits {
        self.grants.limit(Limits {
            connections: self.connections,
            refusals: self.refusals,
            behind: self.behind,
            copies: self.copies,
            rooms: self.rooms,
            private: self.private,
            splices: self.splices,
            batch: self.batch,
            pass: self.pass,
            bulk: self.bulk,
            backfill: self.backfill,
            answers: self.answers,
            transcript: self.transcript.max(self.behind),
            grace: Duration::from_millis(self.grace_ms),
            detached: self.detached,
            give_way: Rate::per_second(self.give_way, self.give_way),
            first_line_end: Duration::from_millis(self.first_line_end_ms),
            limit_loopback: self.limit_loopback,
            host: HostLimits {
                connections: self.host_connections,
                unjoined: self.host_unjoined,
                joins: Rate::per_minute(self.host_joins, self.host_joins),
                detached: self.host_detached,
                tokens: Rate::per_minute(self.host_tokens, self.host_tokens),
                refusals: self.host_refusals,
                ..HostLimits::default()
            },
            hashes: self.hashes,
            hashes_waiting: self.hashes,
            accounts: self.accounts,
            ..Limits::default()
        })
    }

    /// What the shell does as it likes.
    pub fn habits(&self) -> Habits {
        Habits {
            lazy: self.lazy,
            at_once: self.at_once,
            stretch: self.stretch,
        }
    }
}

/// The network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Network {
    /// The least and the most a segment is under way, in microseconds.
    pub delay_us: (u64, u64),
    /// Some clients are up to so many times as far away.
    pub spread: u64,
    /// The longest piece that bytes are chopped into; 0 if they are not.
    pub chop: usize,
    /// Bytes that a connection holds in each direction.
    pub buffer: usize,
    /// How long a system goes on sending to a peer that does not answer.
    pub give_up_ms: u64,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            delay_us: (100, 100),
            spread: 1,
            chop: 0,
            buffer: 64 * 1024,
            give_up_ms: 60_000,
        }
    }
}

/// A client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Client {
    /// Someone at a terminal, with the client that is shipped.
    Person(Address),
    /// Anything that speaks bytes.
    Raw(Address),
}

/// Where a client connects from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Address {
    /// This port of the server's own machine.
    Here(u16),
    /// Another host.
    At(SocketAddr),
}

impl From<Address> for SocketAddr {
    fn from(address: Address) -> Self {
        match address {
            Address::Here(port) => (Ipv4Addr::LOCALHOST, port).into(),
            Address::At(address) => address,
        }
    }
}

impl Client {
    /// Where it connects from.
    pub fn address(&self) -> SocketAddr {
        match *self {
            Self::Person(address) | Self::Raw(address) => address.into(),
        }
    }
}

/// Which direction of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Way {
    /// To the server.
    Up,
    /// From the server.
    Down,
    /// Both.
    Both,
}

/// Whose clock, or whose pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Machine {
    /// The server's.
    Server,
    /// A client's.
    Client(usize),
}

/// Something that happens. Clients are numbered from 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Op {
    /// A person types a line; begins again first if it was over.
    Type(usize, Text),
    /// A person's input ends.
    End(usize),
    /// A person presses Ctrl-C.
    Interrupt(usize),
    /// A raw peer connects, if it is not connected.
    Connect(usize),
    /// A raw peer sends bytes.
    Send(usize, Text),
    /// A raw peer reads no more.
    Deaf(usize),
    /// A raw peer reads again.
    Read(usize),
    /// A raw peer closes its side, and goes on reading.
    Finish(usize),
    /// A raw peer closes its connection.
    Close(usize),
    /// Someone's connection is reset on the way.
    Reset(usize),
    /// What goes this way between a client and the server gets nowhere.
    Cut(usize, Way),
    /// What was cut goes on.
    Heal(usize),
    /// A client's machine goes without a word.
    Vanish(usize),
    /// A client's connection holds only so many bytes from the server.
    Window(usize, usize),
    /// A machine stands still for so many milliseconds.
    Pause(Machine, u64),
    /// A machine's clock counts so many milliseconds in a second.
    Rate(Machine, u64),
    /// A machine's clock jumps by so many milliseconds.
    Jump(Machine, i64),
    /// The server is asked to stop.
    Stop,
    /// The server's program dies.
    Crash,
    /// The server's machine goes without a word.
    Blackout,
    /// The server begins again, if it has ended.
    Start,
}

impl Op {
    /// All kinds of them.
    pub const NAMES: &[&str] = &[
        "type",
        "end of input",
        "interrupt",
        "connect",
        "send",
        "read no more",
        "read again",
        "close one side",
        "close",
        "reset",
        "cut",
        "heal",
        "vanish",
        "window",
        "pause",
        "clock rate",
        "clock jump",
        "stop",
        "crash",
        "blackout",
        "start",
    ];

    /// Which kind it is: an index into [`Op::NAMES`].
    pub fn kind(&self) -> usize {
        match self {
            Self::Type(..) => 0,
            Self::End(_) => 1,
            Self::Interrupt(_) => 2,
            Self::Connect(_) => 3,
            Self::Send(..) => 4,
            Self::Deaf(_) => 5,
            Self::Read(_) => 6,
            Self::Finish(_) => 7,
            Self::Close(_) => 8,
            Self::Reset(_) => 9,
            Self::Cut(..) => 10,
            Self::Heal(_) => 11,
            Self::Vanish(_) => 12,
            Self::Window(..) => 13,
            Self::Pause(..) => 14,
            Self::Rate(..) => 15,
            Self::Jump(..) => 16,
            Self::Stop => 17,
            Self::Crash => 18,
            Self::Blackout => 19,
            Self::Start => 20,
        }
    }

    /// The client it is about, if it is about one.
    pub fn client(&self) -> Option<usize> {
        self.clone().client_mut().copied()
    }

    /// The same about a client of another number.
    #[must_use]
    pub fn with_client(mut self, number: usize) -> Self {
        if let Some(who) = self.client_mut() {
            *who = number;
        }
        self
    }

    fn client_mut(&mut self) -> Option<&mut usize> {
        match self {
            Self::Type(who, _)
            | Self::End(who)
            | Self::Interrupt(who)
            | Self::Connect(who)
            | Self::Send(who, _)
            | Self::Deaf(who)
            | Self::Read(who)
            | Self::Finish(who)
            | Self::Close(who)
            | Self::Reset(who)
            | Self::Cut(who, _)
            | Self::Heal(who)
            | Self::Vanish(who)
            | Self::Window(who, _)
            | Self::Pause(Machine::Client(who), _)
            | Self::Rate(Machine::Client(who), _)
            | Self::Jump(Machine::Client(who), _) => Some(who),
            Self::Pause(Machine::Server, _)
            | Self::Rate(Machine::Server, _)
            | Self::Jump(Machine::Server, _)
            | Self::Stop
            | Self::Crash
            | Self::Blackout
            | Self::Start => None,
        }
    }

    /// Whether a kind is a fault, and not what users do.
    pub fn is_fault_kind(kind: usize) -> bool {
        matches!(kind, 9..=16 | 18..=19)
    }

    /// Whether it is a fault, and not what users do.
    pub fn is_fault(&self) -> bool {
        Self::is_fault_kind(self.kind())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_connects_from_a_port_of_this_machine_or_from_another_host() {
        let read = |text| ron::from_str::<Client>(text).map(|client| client.address().to_string());
        assert_eq!(read("Person(5000)").unwrap(), "127.0.0.1:5000");
        assert_eq!(read("Raw(\"192.0.2.7:5001\")").unwrap(), "192.0.2.7:5001");
        let away = "Raw(\"[2001:db8::7]:5002\")";
        let client: Client = ron::from_str(away).unwrap();
        assert_eq!(ron::to_string(&client).unwrap(), away);
        assert!(read("Raw(\"192.0.2.7\")").is_err());
    }
}
