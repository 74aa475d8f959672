//! Draws worlds from seeds, swarm fashion: each world has a mixture of its own, with some things left
//! out altogether, so that rare ones meet each other.

mod lines;

use super::hosts::Hosts;
use super::moves::Moves;
use super::orders::Orders;
use super::rates::Grants;
use super::strangers;
use super::world::{Client, Machine, Network, Op, Server, Way, World};
use crate::dice::Dice;
use crate::text::Text;
use chat_core::MAX_NAME;

/// Draws a world with so many clients, or with a number of them drawn, too.
pub fn draw(seed: u64, clients: Option<usize>, with_orders: bool) -> World {
    let mut dice = Dice::new(seed, 1);
    let mood = Mood::draw(&mut dice);
    let count = clients.unwrap_or_else(|| match mood {
        Mood::Crowd => 140 + dice.below(60),
        _ => 1 + dice.below(12),
    });
    let mut draw = Draw {
        ops: weights(&mut dice, Op::NAMES.len()),
        lines: weights(&mut dice, LINES),
        names: 1 + dice.below(6),
        has_programs: mood != Mood::Crowd && dice.one_in(3),
        has_tokens: !dice.one_in(3),
        hosts: Hosts::draw(seed),
        grants: Grants::draw(seed),
        moves: Moves::draw(seed),
        orders: Orders::draw(seed, count),
        mood,
        dice,
        count,
    };
    draw.be_in_the_mood();
    if !with_orders || mood != Mood::Any || draw.moves.ends() {
        draw.orders.leave_out();
    }
    draw.has_programs |= draw.moves.ends();
    let mut server = draw.server();
    if matches!(draw.mood, Mood::Any | Mood::Siege) {
        draw.hosts.limit(&mut server, count, mood == Mood::Siege);
    }
    draw.moves.limit(&mut server);
    draw.orders.limit(&mut server);
    let network = draw.network();
    let clients: Vec<Client> = (0..count).map(|n| draw.client(n)).collect();
    let duration = 100_u64 << draw.dice.below(10);
    let many = 16 * draw.dice.power(5);
    let steps = draw.steps(&clients, duration, many.max(3 * count));
    World {
        about: format!("drawn from seed {seed}"),
        breaks: None,
        seed,
        server,
        network,
        clients,
        steps,
    }
}

/// Weights drawn wildly, many of them zero.
fn weights(dice: &mut Dice, count: usize) -> Vec<usize> {
    let weight = |_| {
        if dice.below(5) < 2 {
            0
        } else {
            1 << dice.below(7)
        }
    };
    (0..count).map(weight).collect()
}

/// One of them, by weight; the first where all are zero.
fn pick(dice: &mut Dice, weights: &[usize]) -> usize {
    let mut left = dice.below(weights.iter().sum());
    for (at, weight) in weights.iter().enumerate() {
        if left < *weight {
            return at;
        }
        left -= weight;
    }
    0
}

/// How many kinds of lines there are.
const LINES: usize = 21;

/// What some worlds have much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Any,
    /// Many of the same name.
    Crowd,
    /// Talk of one and the other, while readers stop and go on.
    Chatter,
    /// Long lines, and connections that hold little.
    Flood,
    /// Questions without pause, and long answers.
    Asking,
    /// Hosts that come and go, and hold on to what they can get.
    Siege,
    /// Persons who leave while their last words are on their way, and a server that dies.
    Farewell,
}

impl Mood {
    fn draw(dice: &mut Dice) -> Self {
        match dice.below(500) {
            0 => Self::Crowd,
            1..9 => Self::Chatter,
            9..15 => Self::Flood,
            15..40 => Self::Farewell,
            40..60 => Self::Asking,
            60..110 => Self::Siege,
            _ => Self::Any,
        }
    }
}

struct Draw {
    dice: Dice,
    mood: Mood,
    ops: Vec<usize>,
    lines: Vec<usize>,
    /// How many names there are to ask for.
    names: usize,
    /// Some raw peers speak JSON.
    has_programs: bool,
    /// They have sessions that go on.
    has_tokens: bool,
    count: usize,
    hosts: Hosts,
    grants: Grants,
    moves: Moves,
    orders: Orders,
}

/// Names of several scripts, most of them taken for another one of these, or for one that is drawn more often; and some that
/// are none, or are reserved.
const ALIKE: [&str; 22] = [
    "ann.",
    "ANN_",
    "b0b",
    "BOB-",
    "coco",
    "c0c0",
    "сосо",
    "СОСО",
    "nav",
    "nan",
    "Ναν",
    "ναν",
    "max",
    "rnax",
    "USER5OO1",
    "ａｎｎ",
    "Zoe\u{308}",
    "Zoë",
    "علي٣",
    "аnn",
    "0perator",
    "an\u{200b}n",
];

impl Draw {
    /// Has the mood decide what there is much of: sending is op 4, typing op 0.
    fn be_in_the_mood(&mut self) {
        match self.mood {
            Mood::Any => {}
            Mood::Crowd => {
                self.ops = vec![0; self.ops.len()];
                (self.ops[0], self.ops[4]) = (1, 1);
                self.lines = vec![0; LINES];
                (self.lines[0], self.lines[15]) = (1, 3);
            }
            Mood::Chatter => {
                (self.ops[0], self.ops[4]) = (200, 200);
                (self.ops[5], self.ops[6]) = (60, 20);
                self.lines = vec![0; LINES];
                (self.lines[0], self.lines[15]) = (1, 20);
            }
            Mood::Farewell => {
                self.ops = vec![0; self.ops.len()];
                (self.ops[0], self.ops[1], self.ops[18], self.ops[20]) = (16, 16, 100, 16);
            }
            Mood::Asking => {
                (self.ops[0], self.ops[4]) = (100, 400);
                self.lines = vec![0; LINES];
                (self.lines[0], self.lines[1], self.lines[4]) = (4, 1, 2);
                (self.lines[15], self.lines[16]) = (8, 40);
            }
            Mood::Siege => {
                self.hosts.besiege();
                // To connect, to send, to close and to fail.
                for (op, weight) in [(3, 100), (4, 40), (7, 20), (8, 60), (9, 30)] {
                    self.ops[op] = weight;
                }
                self.has_programs |= self.hosts.guesses || self.dice.one_in(2);
                self.has_tokens |= self.hosts.guesses;
            }
            Mood::Flood => {
                self.ops[0] = 400;
                self.lines = vec![0; LINES];
                (self.lines[7], self.lines[15]) = (20, 1);
            }
        }
    }

    fn server(&mut self) -> Server {
        let default = Server::default();
        let dice = &mut self.dice;
        let mut small = |least: usize, most: usize, usual: usize| {
            if dice.one_in(2) {
                usual
            } else {
                least + dice.below(most - least + 1)
            }
        };
        // In a large room, a pass for every line would be all that happens.
        let crowd = self.count.max(10);
        let grants = self.grants;
        let transcript = if small(0, 5, 1) == 0 {
            3000
        } else {
            default.transcript
        };
        if !matches!(self.mood, Mood::Any | Mood::Asking | Mood::Siege) {
            return Server {
                batch: small(1, 200, 500) as u64,
                grants,
                ..default
            };
        }
        Server {
            transcript,
            connections: small(1, self.count + 1, default.connections),
            refusals: small(0, 3, default.refusals),
            behind: small(64, 3000, 256 * 1024) as u64,
            copies: small(0, 2000, 16 * 1024 * 1024) as u64,
            private: small(1, 500, default.private),
            splices: small(1, 6, default.splices),
            batch: small(1, 200 * crowd, 64 * 1024) as u64,
            pass: small(1, 800 * crowd, 32 * 1024 * 1024) as u64,
            bulk: small(1, 400 * crowd, 8 * 1024 * 1024) as u64,
            backfill: small(1, 300, 64 * 1024),
            answers: small(1, 1000, 64 * 1024),
            grace_ms: small(1, 20_000, 60_000) as u64,
            detached: small(0, 2, default.detached),
            grants,
            chunk: small(1, 200, default.chunk),
            // What sessions do in between could not be told from a screen that is read late.
            lazy: self.dice.one_in(4) && !self.has_programs,
            at_once: self.dice.one_in(3),
            stretch: if self.dice.one_in(3) {
                1 + self.dice.below(4)
            } else {
                0
            },
            ..default
        }
    }

    fn network(&mut self) -> Network {
        let dice = &mut self.dice;
        let least = dice.power(16) as u64;
        let jitter = {
            let most = dice.power(18);
            dice.below(most) as u64
        };
        Network {
            delay_us: (least, least + jitter),
            spread: dice.power(5) as u64,
            chop: if dice.one_in(3) {
                0
            } else {
                1 << dice.below(12)
            },
            buffer: match self.mood {
                Mood::Chatter => 400,
                Mood::Farewell => 2 * dice.power(5),
                _ if self.moves.ends() => 2 * dice.power(8),
                _ => 2 * dice.power(18),
            },
            give_up_ms: 1000 << dice.below(7),
        }
    }

    fn client(&mut self, number: usize) -> Client {
        let port = if self.dice.one_in(20) {
            5000
        } else {
            u16::try_from(5000 + number).unwrap_or(u16::MAX)
        };
        let address = self.hosts.address(port);
        if self.dice.one_in(2) {
            Client::Person(address)
        } else {
            Client::Raw(address)
        }
    }

    fn steps(&mut self, clients: &[Client], duration: u64, many: usize) -> Vec<(u64, Op)> {
        let mut steps = Vec::new();
        for (who, client) in clients.iter().enumerate() {
            // Most come early, so that there is a room for the rest to happen in.
            let at = self
                .dice
                .below(usize::try_from(duration / 4).unwrap_or(1) + 1) as u64;
            match client {
                Client::Person(_) => steps.push((at, Op::Type(who, self.join()))),
                Client::Raw(_) => {
                    steps.push((at, Op::Connect(who)));
                    if self.is_program(who) {
                        steps.push((at, Op::Send(who, Text(self.hello()))));
                    } else if !self.dice.one_in(3) {
                        let join = Text([&self.join().0[..], b"\n"].concat());
                        steps.push((at, Op::Send(who, join)));
                    } else if self.dice.one_in(4) {
                        let mut first = strangers::draw(&mut self.dice);
                        if !self.dice.one_in(4) {
                            first.push(b'\n');
                        }
                        steps.push((at, Op::Send(who, Text(first))));
                    }
                }
            }
        }
        steps.extend(self.orders.begin(clients, duration));
        if self.moves.are_any() || self.orders.are_any() {
            steps.extend(self.look_in(clients, duration));
        }
        for _ in 0..many {
            let at = self.dice.below(usize::try_from(duration).unwrap_or(1)) as u64;
            let op = self.op(clients);
            steps.push((at, op));
        }
        if self.moves.ends() {
            let programs = (0..clients.len())
                .filter(|who| matches!(clients[*who], Client::Raw(_)) && self.is_program(*who));
            let programs: Vec<usize> = programs.collect();
            let is_person = |client: &Client| matches!(client, Client::Person(_));
            let person = clients.iter().position(is_person);
            steps.extend(self.moves.end(&programs, person, duration));
        }
        steps.sort_by_key(|(at, _)| *at);
        steps
    }

    /// A program comes back as a reader of a room where somebody is; where there are orders, it may become private then.
    fn look_in(&mut self, clients: &[Client], duration: u64) -> Vec<(u64, Op)> {
        let is_raw = |who: &usize| matches!(clients[*who], Client::Raw(_));
        let (programs, texts): (Vec<usize>, Vec<usize>) =
            (0..clients.len()).partition(|who| is_raw(who) && self.is_program(*who));
        let goes = texts.first().map(|who| (*who, !is_raw(who)));
        let goes = goes.filter(|_| !self.orders.are_any());
        let mut steps = self.moves.look_in(&programs, goes, duration);
        if !steps.is_empty() {
            steps.extend(self.orders.shut(clients, duration));
        }
        steps
    }

    fn op(&mut self, clients: &[Client]) -> Op {
        let who = self.dice.below(clients.len());
        let machine = if self.dice.one_in(4) {
            Machine::Server
        } else {
            Machine::Client(who)
        };
        let is_person = matches!(clients[who], Client::Person(_));
        match pick(&mut self.dice, &self.ops) {
            0 | 3 | 4 if is_person => Op::Type(who, Text(self.line())),
            0 | 4 => Op::Send(who, Text(self.bytes(who))),
            1 => Op::End(who),
            2 => Op::Interrupt(who),
            3 => Op::Connect(who),
            5 => Op::Deaf(who),
            6 => Op::Read(who),
            7 => Op::Finish(who),
            8 => Op::Close(who),
            9 => Op::Reset(who),
            10 => Op::Cut(who, [Way::Up, Way::Down, Way::Both][self.dice.below(3)]),
            11 => Op::Heal(who),
            12 => Op::Vanish(who),
            13 => {
                let most = self.dice.power(12);
                Op::Window(who, self.dice.below(most))
            }
            14 => Op::Pause(machine, self.dice.power(14) as u64),
            15 => Op::Rate(machine, 100 << self.dice.below(6)),
            16 => Op::Jump(machine, (1_i64 << self.dice.below(16)) - 4000),
            17 if self.dice.one_in(8) => Op::Stop,
            18 if self.dice.one_in(8) => Op::Crash,
            19 if self.dice.one_in(8) => Op::Blackout,
            20 => Op::Start,
            _ if is_person => Op::Type(who, Text(self.line())),
            _ => Op::Send(who, Text(self.bytes(who))),
        }
    }

    fn join(&mut self) -> Text {
        let name = match self.dice.below(3) {
            _ if self.mood == Mood::Crowd => {
                format!(" {}", ["ann".into(), "x".repeat(MAX_NAME)][self.names % 2])
            }
            0 => String::new(),
            _ => format!(" {}", self.name()),
        };
        Text(format!("JOIN{name}").into_bytes())
    }

    fn name(&mut self) -> String {
        if self.dice.one_in(6) {
            return ALIKE[self.dice.below(ALIKE.len())].into();
        }
        match self.dice.below(self.names) {
            0 => "ann".into(),
            1 => "Ann".into(),
            2 => "bob".into(),
            3 => "x".repeat(MAX_NAME),
            4 => "x".repeat(MAX_NAME + 1),
            _ if self.dice.one_in(8) => "Admin".into(),
            _ => format!("USER{}", 5000 + self.dice.below(4)),
        }
    }

    /// Whether a raw peer speaks JSON.
    fn is_program(&self, who: usize) -> bool {
        self.has_programs && who % 2 == 1
    }

    /// The first line of one that does, with its ending.
    fn hello(&mut self) -> Vec<u8> {
        let tokens = if self.hosts.guesses { 1000 } else { 3 };
        let dice = &mut self.dice;
        let mut members = Vec::new();
        if self.has_tokens && !dice.one_in(4) {
            // Few tokens, so that sessions are gone on with.
            members.push(format!("\"session\":\"{:032x}\"", dice.below(tokens)));
        }
        if dice.one_in(2) {
            members.push(format!("\"after\":{}", dice.power(6) - 1));
        } else if dice.one_in(3) {
            members.push(format!("\"history\":{}", dice.power(6) - 1));
        }
        if dice.one_in(8) {
            members.push(
                [
                    "\"version\":1",
                    "\"version\":2",
                    "\"epoch\":\"?\"",
                    "\"session\":\"?\"",
                ][dice.below(4)]
                .into(),
            );
        }
        if self.dice.one_in(2) {
            members.push(format!("\"name\":\"{}\"", self.name()));
        }
        let says = self.dice.one_in(5);
        if says {
            let reads = ["true", "true", "true", "false", "null"][self.dice.below(5)];
            members.push(format!("\"read\":{reads}"));
        }
        members.extend(self.moves.read(says));
        members.extend(self.moves.named());
        format!("JOIN {{{}}}\n", members.join(",")).into_bytes()
    }
}
