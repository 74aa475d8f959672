//! The shipped clients with a server that reads slowly: a pipe is slower, not broken.

use chat_core::{
    Action, Client, ClientAction, ClientInput, Command, ConnId, Input, JsonClient, Limits, Line,
    Outcome, Peer, Rate, Rates, Server, Setup, TextClient, Timestamp,
};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

/// What the systems at both ends hold of what a client has sent, in bytes.
const UNDER_WAY: usize = 4 * 1024 * 1024;

/// A client that is given lines for as long as it takes some.
struct Pipe {
    client: Box<dyn Client>,
    input: VecDeque<Vec<u8>>,
    has_ended: bool,
    conn: Option<ConnId>,
    connects: u16,
    sent: VecDeque<u8>,
    finishes: bool,
    outcome: Option<Outcome>,
}

struct Machines {
    server: Server,
    now: Timestamp,
    pipes: Vec<Pipe>,
    said: Vec<String>,
}

impl Pipe {
    fn new(client: impl Client + 'static, lines: usize, length: usize) -> Self {
        let line = |nth: usize| {
            let mut line = nth.to_string().into_bytes();
            line.resize(line.len().max(length), b'x');
            line.split_off(line.len() - length)
        };
        let input = (0..lines).map(line);
        Self {
            client: Box::new(client),
            input: [b"JOIN".to_vec()].into_iter().chain(input).collect(),
            has_ended: false,
            conn: None,
            connects: 0,
            sent: VecDeque::new(),
            finishes: false,
            outcome: None,
        }
    }

    fn text(lines: usize, length: usize) -> Self {
        Self::new(TextClient::new(), lines, length)
    }

    fn json(seed: u64, lines: usize, length: usize) -> Self {
        let setup = Setup {
            seed,
            ..Setup::default()
        };
        Self::new(JsonClient::new(Timestamp::ZERO, setup), lines, length)
    }
}

impl Machines {
    fn new(limits: Limits, pipes: Vec<Pipe>) -> Self {
        Self {
            server: Server::new(limits),
            now: Timestamp::ZERO,
            pipes,
            said: Vec::new(),
        }
    }

    /// Runs until everyone is done, for so many seconds at most.
    fn run(&mut self, seconds: u64) {
        while self.pipes.iter().any(|pipe| pipe.outcome.is_none()) {
            while self.step() {}
            let clients = self.pipes.iter().filter_map(|pipe| {
                let next = pipe.client.next_timeout();
                next.filter(|_| pipe.outcome.is_none())
            });
            let due = self.server.next_timeout().map(|(due, _)| due);
            let next = due.into_iter().chain(clients).min();
            let Some(next) = next else {
                break;
            };
            self.now = self.now.max(next);
            assert!(self.now.as_micros() / 1_000_000 < seconds, "{}", self.now);
            if due.is_some_and(|due| due <= self.now) {
                self.server.handle(self.now, Input::Timeout);
            }
            for pipe in &mut self.pipes {
                let due = pipe.client.next_timeout();
                if due.is_some_and(|due| due <= self.now) && pipe.outcome.is_none() {
                    pipe.client.handle(self.now, ClientInput::Timeout);
                }
            }
        }
    }

    /// One round; whether anything moved.
    fn step(&mut self) -> bool {
        let mut moved = false;
        for nth in 0..self.pipes.len() {
            moved |= self.act(nth);
        }
        while self
            .server
            .next_timeout()
            .is_some_and(|(due, _)| due <= self.now)
        {
            moved = true;
            self.server.handle(self.now, Input::Timeout);
            self.write();
        }
        moved | self.write()
    }

    fn act(&mut self, nth: usize) -> bool {
        let now = self.now;
        let pipe = &mut self.pipes[nth];
        if pipe.outcome.is_some() {
            return false;
        }
        let mut moved = false;
        while let Some(action) = pipe.client.poll_action() {
            moved = true;
            match action {
                ClientAction::Connect => {
                    pipe.connects += 1;
                    let port = 1000 + 100 * pipe.connects + u16::try_from(nth).unwrap();
                    let address = SocketAddr::from(([192, 0, 2, 1], port));
                    pipe.conn = self.server.accept(now, Peer::from(address));
                    pipe.sent.clear();
                    pipe.client.handle(now, ClientInput::Connected);
                }
                ClientAction::Disconnect => {
                    if let Some(conn) = pipe.conn.take() {
                        self.server.handle(now, Input::Lost(conn));
                    }
                }
                ClientAction::Finish => pipe.finishes = true,
                ClientAction::End(outcome) => {
                    pipe.outcome = Some(outcome);
                    return true;
                }
                _ => pipe.client.handle(now, ClientInput::Shown),
            }
        }
        if pipe.client.wants_input() {
            if let Some(line) = pipe.input.pop_front() {
                moved = true;
                let line = Command::Line(Line::Whole(&line));
                pipe.client.command(now, line).unwrap();
            } else if !std::mem::replace(&mut pipe.has_ended, true) {
                moved = true;
                pipe.client.command(now, Command::EndOfInput).unwrap();
            }
        }
        let unsent = pipe.client.unsent();
        let count = unsent.len().min(UNDER_WAY - pipe.sent.len());
        if count > 0 {
            moved = true;
            pipe.sent.extend(&unsent[..count]);
            pipe.client.sent(now, count);
        }
        let Some(conn) = pipe.conn else {
            return moved;
        };
        if self.server.wants_input(conn) {
            if !pipe.sent.is_empty() {
                moved = true;
                let count = pipe.sent.len().min(4096);
                let bytes: Vec<u8> = pipe.sent.drain(..count).collect();
                self.server.handle(now, Input::Received(conn, &bytes));
            } else if pipe.finishes && pipe.client.unsent().is_empty() {
                moved = true;
                pipe.finishes = false;
                self.server.handle(now, Input::Eof(conn));
            }
        }
        moved
    }

    /// Writes to all; whether anything was to be told.
    fn write(&mut self) -> bool {
        let now = self.now;
        let mut moved = false;
        self.server.pass(now, |conn, slices| {
            moved = true;
            let bytes = slices.concat();
            if let Some(pipe) = self.pipes.iter_mut().find(|pipe| pipe.conn == Some(conn)) {
                pipe.client.handle(now, ClientInput::Received(&bytes));
            }
            bytes.len()
        });
        let mut screen = Vec::new();
        self.server
            .transcript(|lines| screen.extend_from_slice(lines));
        let screen = String::from_utf8(screen).unwrap();
        let said = screen.lines().filter_map(|line| line.split_once(": "));
        self.said
            .extend(said.map(|(name, text)| format!("{name} {text}")));
        while let Some(action) = self.server.poll_action() {
            if let Action::Finish(conn) | Action::Close(conn, _) = action
                && let Some(pipe) = self.pipes.iter_mut().find(|pipe| pipe.conn == Some(conn))
            {
                pipe.conn = pipe.conn.filter(|_| matches!(action, Action::Finish(_)));
                pipe.client.handle(now, ClientInput::Eof);
                moved = true;
            }
        }
        moved
    }

    /// Checks that everyone left with everything said, each line once and in order.
    fn check(&self, lines: usize, length: usize) {
        for (nth, pipe) in self.pipes.iter().enumerate() {
            assert_eq!(pipe.outcome, Some(Outcome::Left), "{nth}");
            assert_eq!(pipe.connects, 1, "{nth}");
            let name = format!("USER{} ", 1100 + nth);
            let mut said = self.said.iter().filter_map(|line| line.strip_prefix(&name));
            let expected = Pipe::text(lines, length);
            for line in expected.input.iter().skip(1) {
                let line = String::from_utf8(line.clone()).unwrap();
                assert_eq!(said.next(), Some(&*line), "{name}");
            }
            assert_eq!(said.next(), None, "{name}");
        }
    }
}

/// At the rate that is granted unless another one is asked for.
#[test]
fn a_pipe_of_many_lines_ends_with_all_of_them_said_once() {
    for (lines, length) in [(10_000, 1), (10_000, 64), (2000, 4096)] {
        for pipe in [Pipe::text(lines, length), Pipe::json(1, lines, length)] {
            let mut machines = Machines::new(Limits::default(), vec![pipe]);
            machines.run(2000);
            machines.check(lines, length);
            assert!(machines.now.as_micros() > 300_000_000, "it was slowed");
        }
    }
}

/// Whose host many talk from has a line handled in a minute or two, and is not to take that for an end.
#[test]
fn many_pipes_of_one_host_end_with_all_of_it_said_once() {
    for (lines, length) in [(40, 1), (8, 4096)] {
        let both = |n: u64| [Pipe::text(lines, length), Pipe::json(n, lines, length)];
        let pipes = (0..20).flat_map(both).collect();
        let limits = Limits {
            host_rate: Rates {
                lines: Rate {
                    count: 1,
                    period: Duration::from_secs(2),
                    burst: 50, // Everyone may join at once.
                },
                bytes: Rate::per_second(1024, 4096),
            },
            ..Limits::default()
        };
        let mut machines = Machines::new(limits, pipes);
        machines.run(100_000);
        machines.check(lines, length);
    }
}
