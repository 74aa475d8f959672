//! What a scenario file says.

use std::{collections::BTreeSet, fmt, marker::PhantomData, net::SocketAddr};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, Visitor},
};

use crate::text::Text;

/// One scenario: who is there, what the network is like, what happens when,
/// and what has to come of it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// One line for the list of scenarios.
    pub about: String,
    /// What every random choice follows from.
    #[serde(default = "first_seed")]
    pub seed: u64,
    /// When the run ends; two seconds after the last step unless given.
    #[serde(default)]
    pub duration_ms: Option<u64>,
    /// The server.
    #[serde(default)]
    pub server: Server,
    /// The network.
    #[serde(default)]
    pub network: Network,
    /// The clients, each on a host of its own.
    #[serde(default, deserialize_with = "in_order", serialize_with = "as_map")]
    pub clients: Vec<(String, Client)>,
    /// Many more clients, on a few hosts.
    #[serde(default)]
    pub crowd: Option<Crowd>,
    /// What happens: milliseconds since the start, and what.
    #[serde(default)]
    pub steps: Vec<(u64, Action)>,
    /// What has to come of it, besides what is checked of every run.
    #[serde(default)]
    pub expect: Vec<Expectation>,
}

/// The server: its address, and the limits that differ from the shipped ones.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// The address on the server's screen.
    pub address: SocketAddr,
    /// Connections in all.
    pub connections: Option<usize>,
    /// Bytes that may wait for one reader.
    pub behind: Option<u64>,
    /// Bytes appended before everyone is written to.
    pub batch: Option<u64>,
    /// How long bytes may wait without any progress.
    pub stall_ms: Option<u64>,
    /// How long a shutdown may take.
    pub shutdown_ms: Option<u64>,
    /// Lines a second of a connection, and of a host.
    pub rate: Option<u32>,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 5000)),
            connections: None,
            behind: None,
            batch: None,
            stall_ms: None,
            shutdown_ms: None,
            rate: None,
        }
    }
}

/// The network.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Network {
    /// The least and the most a segment is under way.
    pub latency_ms: (u64, u64),
    /// Whether reads are chopped and joined, and writes cut short.
    pub chop: bool,
    /// Segments a socket holds before its writer has to wait, and connections
    /// that may knock within one millisecond.
    pub tcp_capacity: usize,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            latency_ms: (1, 5),
            chop: true,
            tcp_capacity: 256,
        }
    }
}

/// A client with a name of its own.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub enum Client {
    /// Someone at a terminal, with the chat client that is shipped.
    Person {
        /// The local port, which makes the name in the room.
        #[serde(default)]
        port: Option<u16>,
        /// What their client speaks.
        #[serde(default)]
        dialect: Dialect,
    },
    /// A bare socket: exact bytes, as from `nc` or any other program.
    Raw {
        /// The local port, which makes the name in the room.
        #[serde(default)]
        port: Option<u16>,
    },
}

/// What a person's client speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub enum Dialect {
    /// Lines of text: one connection, as documented.
    #[default]
    Text,
    /// Objects: it comes back when its connection is lost.
    Json,
}

/// Many people: each joins, says a few lines, and leaves.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Crowd {
    /// How many.
    pub members: usize,
    /// On how many hosts: 20 at most.
    #[serde(default = "crowd_hosts")]
    pub hosts: usize,
    /// How many lines each says.
    #[serde(default = "one_line")]
    pub lines: usize,
    /// When the first joins.
    #[serde(default)]
    pub from_ms: u64,
    /// Within how long all have joined.
    pub joining_ms: u64,
    /// How long each stays; the lines are said at random within it.
    pub stay_ms: u64,
    /// Everything happens at whole multiples of this, so many at a time.
    #[serde(default = "each_ms")]
    pub wave_ms: u64,
}

/// Something that happens.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub enum Action {
    /// A person types a line.
    Type(String, Text),
    /// A person types, and does not end the line: the input is to end next.
    Begin(String, Text),
    /// A person's input ends, or a raw client sends its last byte.
    End(String),
    /// A person presses Ctrl-C.
    Interrupt(String),
    /// A raw client connects.
    Connect(String),
    /// A raw client sends bytes.
    Send(String, Text),
    /// A raw client reads no more, until `Read`.
    StopReading(String),
    /// A raw client reads again.
    Read(String),
    /// A raw client closes its socket.
    Close(String),
    /// What two hosts send to each other waits.
    Hold(String, String),
    /// What waits arrives, and the network is as before.
    Release(String, String),
    /// What two hosts send to each other is lost.
    Partition(String, String),
    /// The network is as before; what was lost stays lost.
    Repair(String, String),
    /// A host stops dead; its peers learn of it, unless there is a partition.
    Crash(String),
    /// A host starts again.
    Bounce(String),
    /// The server is asked to stop.
    Stop,
    /// The server is asked to let everyone go, as it is soon back.
    Drain,
    /// The server reads its configuration anew: what newcomers are granted, and everyone's rates.
    Reload(Server),
    /// The same several times; `{n}` in its text becomes 1, 2, 3 …
    Repeat {
        /// How often.
        times: u64,
        /// How long between.
        every_ms: u64,
        /// What.
        action: Box<Action>,
    },
}

impl Action {
    /// Who takes part, apart from the server itself.
    pub fn hosts(&self) -> Vec<&str> {
        match self {
            Self::Type(who, _)
            | Self::Begin(who, _)
            | Self::End(who)
            | Self::Interrupt(who)
            | Self::Connect(who)
            | Self::Send(who, _)
            | Self::StopReading(who)
            | Self::Read(who)
            | Self::Close(who)
            | Self::Crash(who)
            | Self::Bounce(who) => vec![who],
            Self::Hold(a, b) | Self::Release(a, b) | Self::Partition(a, b) | Self::Repair(a, b) => {
                vec![a, b]
            }
            Self::Stop | Self::Drain | Self::Reload(_) => Vec::new(),
            Self::Repeat { action, .. } => action.hosts(),
        }
    }

    fn numbered(&self, n: u64) -> Self {
        match self {
            Self::Type(who, text) => Self::Type(who.clone(), text.numbered(n)),
            Self::Begin(who, text) => Self::Begin(who.clone(), text.numbered(n)),
            Self::Send(who, text) => Self::Send(who.clone(), text.numbered(n)),
            other => other.clone(),
        }
    }
}

/// Something that has to be so at the end.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub enum Expectation {
    /// Someone's screen, or the `"server"`'s, has this line.
    Sees(String, String),
    /// Someone's screen has these lines in this order, others between them.
    SeesInOrder(String, Vec<String>),
    /// Someone's screen has this text nowhere.
    NeverSees(String, String),
    /// Someone's screen has this many lines with this text in them.
    SeesTimes(String, String, usize),
    /// How it ended for someone.
    Ends(String, Ending),
    /// How it ended for everyone in the crowd.
    CrowdEnds(Ending),
}

/// How it ended for a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum Ending {
    /// It did not: the client is still there.
    Running,
    /// The person left, and everything said was delivered.
    Left,
    /// The person left, and some line had been refused.
    Refused,
    /// The person never typed JOIN.
    NeverJoined,
    /// There was no server to connect to.
    Unreachable,
    /// The connection was lost, or closed by the server.
    Lost,
    /// The person pressed Ctrl-C.
    Interrupted,
    /// The client itself failed.
    Failed,
    /// The host crashed.
    Crashed,
    /// A raw client read the end of what the server sends.
    Closed,
    /// A raw client's connection was reset, or refused.
    Reset,
    /// A raw client closed its socket.
    Gone,
}

impl From<chat_core::Outcome> for Ending {
    fn from(outcome: chat_core::Outcome) -> Self {
        use chat_core::Outcome;
        match outcome {
            Outcome::Left => Self::Left,
            Outcome::Refused => Self::Refused,
            Outcome::NeverJoined => Self::NeverJoined,
            Outcome::Unreachable => Self::Unreachable,
            Outcome::Lost => Self::Lost,
            Outcome::Interrupted => Self::Interrupted,
        }
    }
}

fn first_seed() -> u64 {
    1
}

fn crowd_hosts() -> usize {
    20
}

fn each_ms() -> u64 {
    1
}

fn one_line() -> usize {
    1
}

/// The name of the server's host.
pub const SERVER: &str = "server";

impl Scenario {
    /// Every step, repetitions written out, in the order in which they happen.
    pub fn timetable(&self) -> Vec<(u64, Action)> {
        let mut all = Vec::new();
        for (at, action) in &self.steps {
            if let Action::Repeat {
                times,
                every_ms,
                action,
            } = action
            {
                all.extend((0..*times).map(|n| (at + n * every_ms, action.numbered(n + 1))));
            } else {
                all.push((*at, action.clone()));
            }
        }
        all.sort_by_key(|(at, _)| *at);
        all
    }

    /// When the run ends.
    pub fn ends_at(&self) -> u64 {
        let steps = self.timetable().last().map_or(0, |(at, _)| *at);
        let crowd = self
            .crowd
            .as_ref()
            .map_or(0, |c| c.from_ms + c.joining_ms + c.stay_ms);
        self.duration_ms.unwrap_or(steps.max(crowd) + 2000)
    }

    /// What is wrong although each part is well-formed: the words at fault,
    /// when there are any, and why.
    pub(crate) fn inconsistency(&self) -> Option<(Option<&str>, String)> {
        let known: BTreeSet<&str> = self.clients.iter().map(|(name, _)| name.as_str()).collect();
        let names = || known.iter().copied().collect::<Vec<_>>().join(", ");
        let stranger =
            |who: &str| format!("nobody is named \"{who}\"; the clients are: {}", names());

        if known.contains(SERVER) {
            let why = "\"server\" is the server's own name".to_string();
            return Some((Some(SERVER), why));
        }
        for (_, action) in &self.steps {
            for who in action.hosts() {
                if who != SERVER && !known.contains(who) {
                    return Some((Some(who), stranger(who)));
                }
            }
            if let Some((who, must_be)) = self.wrong_kind(action) {
                return Some((Some(who), format!("\"{who}\" is not {must_be}")));
            }
        }
        for (at, action) in &self.steps {
            let Action::Begin(who, _) = action else {
                continue;
            };
            let ends = |(then, next): &(u64, Action)| {
                let is_end = matches!(next, Action::End(it) | Action::Interrupt(it) if it == who);
                is_end && then >= at
            };
            if !self.steps.iter().any(ends) {
                let why = format!("\"{who}\" begins a line, and its input does not end after it");
                return Some((Some(who), why));
            }
        }
        for expectation in &self.expect {
            let (Expectation::Sees(who, _)
            | Expectation::SeesInOrder(who, _)
            | Expectation::NeverSees(who, _)
            | Expectation::SeesTimes(who, _, _)
            | Expectation::Ends(who, _)) = expectation
            else {
                continue;
            };
            if who != SERVER && !known.contains(who.as_str()) {
                return Some((Some(who), stranger(who)));
            }
        }
        let hosts = self.clients.len() + self.crowd.as_ref().map_or(0, |c| c.hosts);
        if hosts > 20 {
            let why = format!("{hosts} hosts; more than 20 take too long to simulate");
            return Some((None, why));
        }
        if self.crowd.as_ref().is_some_and(|c| c.hosts == 0) {
            return Some((Some("hosts"), "a crowd needs at least one host".into()));
        }
        if self.crowd.as_ref().is_some_and(|c| c.wave_ms == 0) {
            return Some((Some("wave_ms"), "a wave takes at least 1 ms".into()));
        }
        let (least, most) = self.network.latency_ms;
        if least > most {
            let why = format!("the least latency, {least}, is above the most, {most}");
            return Some((Some("latency_ms"), why));
        }
        None
    }

    fn wrong_kind<'a>(&self, action: &'a Action) -> Option<(&'a str, &'static str)> {
        let kind = |name: &str| {
            let found = self.clients.iter().find(|(other, _)| other == name);
            found.map(|(_, client)| client)
        };
        match action {
            Action::Type(who, _) | Action::Begin(who, _) | Action::Interrupt(who) => {
                let person = matches!(kind(who), Some(Client::Person { .. }));
                (!person).then_some((who, "a Person, who types"))
            }
            Action::Connect(who)
            | Action::Send(who, _)
            | Action::StopReading(who)
            | Action::Read(who)
            | Action::Close(who) => {
                let raw = matches!(kind(who), Some(Client::Raw { .. }));
                (!raw).then_some((who, "a Raw client"))
            }
            Action::End(who) => kind(who).is_none().then_some((who, "a client")),
            Action::Repeat { action, .. } => match **action {
                Action::Repeat { .. } => Some(("Repeat", "to be repeated")),
                ref once => self.wrong_kind(once),
            },
            _ => None,
        }
    }
}

/// A map in the order in which it was written, each key once.
fn in_order<'de, D, T>(from: D) -> Result<Vec<(String, T)>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct InOrder<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for InOrder<T> {
        type Value = Vec<(String, T)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map from names to clients, such as {\"ann\": Person()}")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut all: Vec<(String, T)> = Vec::new();
            while let Some(name) = map.next_key::<String>()? {
                if all.iter().any(|(other, _)| *other == name) {
                    return Err(A::Error::custom(format!(
                        "a second client named \"{name}\""
                    )));
                }
                all.push((name, map.next_value()?));
            }
            Ok(all)
        }
    }

    from.deserialize_map(InOrder(PhantomData))
}

/// The other way round.
fn as_map<S: Serializer>(clients: &[(String, Client)], to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(clients.iter().map(|(name, client)| (name, client)))
}
