//! Every bound of the protocol and of the server, in one place (PROTOCOL.md, "Limits").

use crate::types::peer::Host;
use crate::types::rate::{Rate, Rates};
use core::time::Duration;

/// The longest line a client may send, in bytes, without its ending.
pub const MAX_LINE: usize = 4096;

/// The longest line a client of the JSON dialect may send, in bytes, without its ending: room for a
/// text of [`MAX_LINE`] bytes with every character escaped that is not ASCII.
pub const MAX_JSON_LINE: usize = 3 * MAX_LINE + 512;

/// The longest name, in bytes.
pub const MAX_NAME: usize = 32;

/// The longest name of a room, in bytes.
pub const MAX_ROOM_NAME: usize = 32;

/// So many rooms may a connection of the JSON dialect be in.
pub const MAX_ROOMS: usize = 64;

/// The most that an operator can say to whoever they have go, in bytes.
pub const MAX_KICK_REASON: usize = 512;

/// The shortest password, in bytes.
pub const MIN_PASSWORD: usize = 8;

/// The longest password, in bytes.
pub const MAX_PASSWORD: usize = 128;

/// With so many devices may the owner of a name come back to it without the password.
pub const MAX_DEVICES: usize = 16;

/// The longest label of a device, in bytes.
pub const MAX_LABEL: usize = 32;

/// The longest topic, in bytes.
pub const MAX_TOPIC: usize = 256;

/// The longest text that says why somebody is away, in bytes.
pub const MAX_AWAY: usize = 256;

/// The longest reason that is given with an order, in bytes.
pub const MAX_ORDER_REASON: usize = 256;

/// The longest time that somebody is banned or muted for, where it has an end: 365 days, in seconds.
pub const MAX_ORDER_TIME: u32 = 365 * 24 * 60 * 60;

/// The longest time between two lines of the same person that may be ordered, in seconds.
pub const MAX_SLOW: u16 = 3600;

/// So many operators has a room.
pub const MAX_OPERATORS: usize = 64;

/// So many bans hold in a room at the same time.
pub const MAX_BANS: usize = 256;

/// So many people are muted in a room at the same time.
pub const MAX_MUTES: usize = 256;

/// So many people are invited to a room at the same time.
pub const MAX_INVITED: usize = 1024;

/// The longest text that is said to one person alone, in bytes: what fits into a line after `/msg a `.
pub const MAX_PRIVATE: usize = MAX_LINE - "/msg a ".len();

/// The longest text of something done, in bytes: what fits into a line after `/me `.
pub const MAX_ACTION: usize = MAX_LINE - "/me ".len();

/// The longest line a server sends, in bytes, without its ending: `"* "`, a name, `": "` and a line.
pub const MAX_SERVER_LINE: usize = 2 + MAX_NAME + 2 + MAX_LINE;

/// What a server grants its clients. [`Limits::default`] is what PROTOCOL.md states.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Limits {
    /// Connections held at once; one more is told that the room is full, and closed.
    pub connections: usize,
    /// Connections that are being told so at once; one more is closed without a word.
    pub refusals: usize,
    /// Bytes that may wait for a connection whose socket is full; with one more it is told and
    /// closed. What a crowd appends that comes or goes at once is granted on top.
    pub behind: u64,
    /// Of these, bytes that are held for all connections together once the log has moved on; whose
    /// would be more is told and closed.
    pub copies: u64,
    /// Rooms in memory: those in which somebody is, and a few that are about to be let go of. With one more, whoever asks
    /// for it is told so.
    pub rooms: usize,
    /// Rooms of which a store knows, with the lobby: with so many, whoever asks for one that never was is told that there are too
    /// many. A store has to go on with the numbers of each, so it forgets none; each costs a line in every segment.
    pub stored_rooms: usize,
    /// Names that belong to somebody; with one more, whoever wants that is told so.
    pub accounts: usize,
    /// Messages that wait for the owner of a name who is not here; with one more, whoever says it is told so.
    pub inbox: usize,
    /// So many of them may be from one person.
    pub inbox_of_one: usize,
    /// Conversations of two that are held in memory, those in which something was said or asked for last.
    pub conversations: usize,
    /// Passwords that are hashed at the same time; others wait.
    pub hashes: usize,
    /// Passwords that wait to be hashed; whoever comes with one more is told to come again.
    pub hashes_waiting: usize,
    /// How many try a password for one name.
    pub name_guesses: Rate,
    /// Bytes of private notices that may wait for a connection before no more is read from it.
    pub private: usize,
    /// Most skips of its own lines that may wait for a connection before it is not read from.
    pub splices: usize,
    /// Bytes appended to the room in one round of writing to everyone; reading waits for the next.
    pub batch: u64,
    /// Bytes of these to be sent to all members together: with so many members that a batch would come
    /// to more, it is smaller.
    pub pass: u64,
    /// Of these, what those may add who talk without pause, while others do, too.
    pub bulk: u64,
    /// Bytes of backfill (history, and the answer to `who`) that one round makes, for all connections
    /// together; the others who wait for some have their turns in the next round.
    pub backfill: usize,
    /// How long after the last backfill the next round makes none while something is not committed: what a store does takes
    /// processors and the disk, and goes first.
    pub make_way: Duration,
    /// Bytes of other answers that one round makes, where nothing is appended, each line counting for
    /// 32 more; then those who speak now and then are heard, and the others in the next round.
    pub answers: usize,
    /// What the store is asked for at the same time; what else is to be asked waits.
    pub reads: usize,
    /// Bytes of the room that are held for the transcript until it is taken, and for readers that
    /// are behind a crowd.
    pub transcript: u64,
    /// How long a stay goes on while its session has no connection.
    pub grace: Duration,
    /// Sessions without a connection at once; with one more, the one that has been without for
    /// longest is given up.
    pub detached: usize,
    /// Whether the limits of a host, and the rate at which a connection may send, are also those of
    /// this machine's own addresses (127.0.0.0/8, `::1`).
    pub limit_loopback: bool,
    /// How many connections a second give their places up to newcomers, where all are taken: those that
    /// have said nothing, whoever came last first. With a count of 0, nobody does.
    pub give_way: Rate,
    /// What one host is granted of all that.
    pub host: HostLimits,
    /// How much one connection may send; what is more is read later.
    pub rate: Rates,
    /// How much all connections of a host may send together; what is more is read later.
    pub host_rate: Rates,
    /// How long a connection may be held back by these before it is told, and told again.
    pub slow: Duration,
    /// How long a new connection may be silent before it joins as the documented client did.
    pub first_line: Duration,
    /// How long the first line of a connection may take, from its first byte on.
    pub first_line_end: Duration,
    /// How long bytes may wait for a connection that takes none, before it is closed.
    pub stall: Duration,
    /// How long a commit may take before everyone is told that it does.
    pub commit: Duration,
    /// How long a connection that has been told everything may take to close its side.
    pub linger: Duration,
    /// How long a stopping server waits for its connections to take what is theirs.
    pub shutdown: Duration,
    /// After writing for so long within a pass, and for as long as receiving took before, what has come meanwhile is
    /// received before the others are written to: they are sent it with the rest, and nobody's words wait for a
    /// whole pass through a large room.
    pub write_time: Duration,
    /// The same if only those are left to be written to who talk or ask without pause.
    pub busy_write_time: Duration,
    /// The longest time between two calls that a server which waits for something takes for its caller being
    /// busy. After a longer one it has stood still: nobody's deadline counts that time.
    pub standstill: Duration,
}

/// What one host is granted: an IPv4 address, or an IPv6 network of 64 bits. With 0, there is no limit.
///
/// The defaults are such that a large school, all of it behind one address, does not meet them: all of
/// 1,000 pupils may be there at once, and come back at once after the server or the network was away.
/// Sixteen hosts that take all they can are needed to fill a server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostLimits {
    /// Connections at once, in any phase; one more is told so, and closed.
    pub connections: usize,
    /// Of these, those that have not joined yet, which clients do within a round trip and anybody
    /// within [`Limits::first_line`]; one more is told so, and closed.
    pub unjoined: usize,
    /// How many come into the room; going on with a session is not coming in. Who comes too soon is told
    /// when to come back, and closed.
    pub joins: Rate,
    /// Sessions without a connection at once; with one more, the host's oldest is given up.
    pub detached: usize,
    /// How many ask for a session with a token that no session has. Who comes too soon is told when to
    /// come back, and closed.
    pub tokens: Rate,
    /// How many try a password for a name. Who comes too soon is told when to come back.
    pub guesses: Rate,
    /// Of [`Limits::refusals`], those of one host.
    pub refusals: usize,
}

impl HostLimits {
    /// No limit on anything.
    pub const UNLIMITED: Self = Self {
        connections: 0,
        unjoined: 0,
        joins: Rate::UNLIMITED,
        detached: 0,
        tokens: Rate::UNLIMITED,
        guesses: Rate::UNLIMITED,
        refusals: 0,
    };
}

impl Default for HostLimits {
    fn default() -> Self {
        Self {
            connections: 1024,
            unjoined: 256,
            joins: Rate::per_minute(1024, 1024),
            detached: 1024,
            tokens: Rate::per_minute(512, 512),
            guesses: Rate::per_minute(6, 5),
            refusals: 16,
        }
    }
}

/// Whether one more is within a limit of a host, where 0 is none.
pub(crate) fn is_below(count: usize, limit: usize) -> bool {
    limit == 0 || count < limit
}

impl Limits {
    /// Whether the limits of a host apply to this one.
    pub(crate) fn apply_to(&self, host: Host) -> bool {
        self.limit_loopback || !host.is_loopback()
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 16_384,
            refusals: 64,
            behind: 256 * 1024,
            copies: 16 * 1024 * 1024,
            rooms: 4096,
            stored_rooms: 100_000,
            accounts: 10_000,
            inbox: 100,
            inbox_of_one: 25,
            conversations: 256,
            hashes: 2,
            hashes_waiting: 64,
            name_guesses: Rate::per_minute(30, 20),
            private: 16 * 1024,
            splices: 1024,
            batch: 64 * 1024,
            pass: 32 * 1024 * 1024,
            bulk: 8 * 1024 * 1024,
            backfill: 64 * 1024,
            make_way: Duration::from_millis(5),
            answers: 64 * 1024,
            reads: 4,
            transcript: 1024 * 1024,
            grace: Duration::from_secs(60),
            detached: 16_384,
            limit_loopback: false,
            give_way: Rate::per_second(16, 64),
            host: HostLimits::default(),
            rate: Rates::of_lines(20),
            host_rate: Rates::of_host(100),
            slow: Duration::from_secs(4),
            first_line: Duration::from_millis(250),
            first_line_end: Duration::from_secs(30),
            stall: Duration::from_secs(30),
            commit: Duration::from_secs(10),
            linger: Duration::from_secs(2),
            shutdown: Duration::from_secs(5),
            write_time: Duration::from_millis(5),
            busy_write_time: Duration::from_micros(250),
            standstill: Duration::from_secs(5),
        }
    }
}
