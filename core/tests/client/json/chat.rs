//! A client that resumes and the server it talks to, with a connection that can be cut.

use chat_core::{
    Action, Client, ClientAction, ClientInput, Command, CommandError, ConnId, HASH, Input,
    JsonClient, Limits, Line, Memory, Origin, Outcome, SALT, Secret, Server, Setup, Timer,
    Timestamp, Verifier,
};
use std::time::Duration;

/// Whoever has lost their connection tries again by then.
pub(super) const SOON: Duration = Duration::from_millis(500);

/// A program that keeps its session.
pub(super) fn keeps() -> Setup {
    Setup {
        seed: 1,
        keeps: true,
        ..Setup::default()
    }
}

/// The next run of it.
pub(super) fn again() -> Setup {
    Setup { seed: 2, ..keeps() }
}

pub(super) struct Chat {
    pub(super) server: Option<Server>,
    limits: Limits,
    pub(super) client: JsonClient,
    pub(super) now: Timestamp,
    conn: Option<ConnId>,
    /// Bytes that go in each direction before the connection is cut.
    pub(super) up: usize,
    pub(super) down: usize,
    /// Nothing goes in either direction, and nobody is told.
    pub(super) is_stuck: bool,
    pub(super) screen: Vec<String>,
    /// When what is on the screen happened, where that is said.
    pub(super) times: Vec<u64>,
    pub(super) notices: Vec<String>,
    /// Who one is and how many are here.
    pub(super) introductions: Vec<String>,
    /// What was given to be kept, and whether that is said.
    pub(super) kept: Vec<Memory>,
    pub(super) keeps: bool,
    /// The person sees what is shown.
    pub(super) sees: bool,
    pub(super) sent: String,
    pub(super) connects: usize,
    pub(super) outcome: Option<Outcome>,
    others: Vec<ConnId>,
}

impl Chat {
    pub(super) fn new(setup: Setup) -> Self {
        Self::with(Limits::default(), setup)
    }

    pub(super) fn with(limits: Limits, setup: Setup) -> Self {
        let now = Timestamp::ZERO;
        let mut chat = Self {
            server: Some(Server::new(limits.clone())),
            limits,
            client: JsonClient::new(now, setup),
            now,
            conn: None,
            up: usize::MAX,
            down: usize::MAX,
            is_stuck: false,
            screen: Vec::new(),
            times: Vec::new(),
            notices: Vec::new(),
            introductions: Vec::new(),
            kept: Vec::new(),
            keeps: true,
            sees: true,
            sent: String::new(),
            connects: 0,
            outcome: None,
            others: Vec::new(),
        };
        chat.run();
        chat
    }

    /// A client that has joined, and whose screen is blank again.
    pub(super) fn joined(setup: Setup) -> Self {
        let mut chat = Self::new(setup);
        chat.type_line("JOIN ann");
        assert_eq!(
            chat.screen.pop().as_deref(),
            Some("Welcome to the chatroom!")
        );
        chat.screen.clear();
        chat.sent.clear();
        chat
    }

    pub(super) fn try_line(&mut self, line: &[u8]) -> Result<(), CommandError> {
        assert!(self.client.wants_input());
        let done = self
            .client
            .command(self.now, Command::Line(Line::Whole(line)));
        self.run();
        done
    }

    pub(super) fn type_line(&mut self, line: &str) {
        self.try_line(line.as_bytes()).unwrap();
    }

    pub(super) fn command(&mut self, command: Command<'_>) {
        self.client.command(self.now, command).unwrap();
        self.run();
    }

    /// Somebody else says something, in the text dialect.
    pub(super) fn other_says(&mut self, name: &str, line: &str) {
        let (now, server) = (self.now, self.server.as_mut().unwrap());
        let conn = server.accept(now, 9).unwrap();
        server.handle(
            now,
            Input::Received(conn, format!("JOIN {name}\n{line}\n").as_bytes()),
        );
        self.others.push(conn);
        self.run();
    }

    /// The same on one connection: somebody who stays.
    pub(super) fn other_goes_on(&mut self, nth: usize, line: &str) {
        let (now, conn) = (self.now, self.others[nth]);
        let server = self.server.as_mut().unwrap();
        server.handle(now, Input::Received(conn, format!("{line}\n").as_bytes()));
        self.run();
    }

    /// What the server did not send, it sends.
    pub(super) fn forge(&mut self, line: &str) {
        self.client.handle(
            self.now,
            ClientInput::Received(format!("{line}\n").as_bytes()),
        );
        self.run();
    }

    /// The connection is lost, and both sides are told.
    pub(super) fn cut(&mut self) {
        let conn = self.conn.take().unwrap();
        if let Some(server) = &mut self.server {
            server.handle(self.now, Input::Lost(conn));
        }
        self.client.handle(self.now, ClientInput::Lost("cut"));
        self.run();
    }

    /// The server is gone, and with it all it knew.
    pub(super) fn kill(&mut self) {
        self.server = None;
        self.others.clear();
        if self.conn.take().is_some() {
            self.client.handle(self.now, ClientInput::Eof);
        }
        self.run();
    }

    pub(super) fn start_another(&mut self) {
        let origin = Origin {
            epoch: 7,
            ..Origin::default()
        };
        self.server = Some(Server::with_origin(self.limits.clone(), origin));
    }

    /// The client's program is gone; another one goes on with what was kept last.
    pub(super) fn restart_client(&mut self, setup: &Setup) {
        if let Some(conn) = self.conn.take()
            && let Some(server) = &mut self.server
        {
            server.handle(self.now, Input::Lost(conn));
        }
        let memory = self.kept.last().cloned().unwrap_or_default();
        self.client = JsonClient::new(
            self.now,
            Setup {
                memory,
                ..setup.clone()
            },
        );
        self.screen.clear();
        self.run();
    }

    pub(super) fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            let server = self.server.as_ref().and_then(Server::next_timeout);
            let due = self.client.next_timeout().into_iter();
            let due = due.chain(server.map(|(at, _)| at)).min();
            let Some(due) = due.filter(|due| *due <= end) else {
                self.now = end;
                return self.run();
            };
            self.now = self.now.max(due);
            if let Some(server) = &mut self.server {
                server.handle(self.now, Input::Timeout);
            }
            self.client.handle(self.now, ClientInput::Timeout);
            self.run();
        }
    }

    /// It connects as soon as it tries again, and what it sends first has not gone anywhere yet.
    pub(super) fn connect_and_be_stuck(&mut self) {
        self.now = self.client.next_timeout().unwrap();
        self.client.handle(self.now, ClientInput::Timeout);
        self.actions();
        self.is_stuck = true;
    }

    /// Until nothing moves.
    pub(super) fn run(&mut self) {
        loop {
            let moved = self.act() | self.send() | self.serve();
            if !moved {
                return;
            }
        }
    }

    fn act(&mut self) -> bool {
        let moved = self.actions();
        if moved && self.sees {
            self.client.handle(self.now, ClientInput::Shown);
            self.actions();
        }
        moved
    }

    fn actions(&mut self) -> bool {
        let mut moved = false;
        while let Some(action) = self.client.poll_action() {
            moved = true;
            let is_kept = matches!(action, ClientAction::Keep(_));
            assert!(
                is_kept || self.outcome.is_none(),
                "{action:?} behind the end"
            );
            match action {
                ClientAction::Prompt(text) => self.screen.push(text.into()),
                ClientAction::Show(line) => self.screen.push(line),
                ClientAction::ShowAt(line, at) => {
                    self.times.push(at);
                    self.screen.push(line);
                }
                ClientAction::Notice(line)
                    if line.ends_with("is here.") || line.ends_with("here, with you.") =>
                {
                    self.introductions.push(line);
                }
                ClientAction::Notice(line) => self.notices.push(line),
                ClientAction::Connect => self.connect(),
                ClientAction::Disconnect => {
                    if let (Some(conn), Some(server)) = (self.conn.take(), &mut self.server) {
                        server.handle(self.now, Input::Lost(conn));
                    }
                }
                ClientAction::Finish => {
                    self.send();
                    if let (Some(conn), Some(server)) = (self.conn, &mut self.server) {
                        server.handle(self.now, Input::Eof(conn));
                    }
                }
                ClientAction::Keep(memory) => {
                    self.kept.push(*memory);
                    if self.keeps {
                        self.client.handle(self.now, ClientInput::Kept);
                    }
                }
                ClientAction::End(outcome) => self.outcome = Some(outcome),
            }
        }
        moved
    }

    fn connect(&mut self) {
        self.connects += 1;
        if self.is_stuck {
            return;
        }
        let now = self.now;
        let conn = self
            .server
            .as_mut()
            .and_then(|server| server.accept(now, 61014));
        self.conn = conn;
        let news = match conn {
            Some(_) => ClientInput::Connected,
            None => ClientInput::Failed("the server: refused"),
        };
        self.client.handle(now, news);
    }

    fn send(&mut self) -> bool {
        let (Some(conn), Some(server)) = (self.conn, &mut self.server) else {
            return false;
        };
        let count = self.client.unsent().len().min(self.up);
        if self.is_stuck || count == 0 {
            return false;
        }
        let bytes = self.client.unsent()[..count].to_vec();
        self.sent += str::from_utf8(&bytes).unwrap();
        self.client.sent(self.now, count);
        server.handle(self.now, Input::Received(conn, &bytes));
        self.spend(|chat| &mut chat.up, count);
        true
    }

    fn serve(&mut self) -> bool {
        let Some(server) = &mut self.server else {
            return false;
        };
        let mut sent = Vec::new();
        let ours = self.conn;
        server.pass(self.now, |conn, slices| {
            let bytes = slices.concat();
            if Some(conn) == ours {
                sent.extend_from_slice(&bytes);
            }
            bytes.len()
        });
        let (mut is_closed, mut is_hashed) = (false, false);
        while let Some(action) = server.poll_action() {
            is_closed |= matches!(action, Action::Finish(conn) if Some(conn) == self.conn);
            if let Action::Hash(conn, password, salt) = action {
                // The same hash for equal passwords; nobody tries to find one here.
                let salt = salt.unwrap_or(Secret([7; SALT]));
                let mut hash = Secret([0; HASH]);
                hash[..password.len()].copy_from_slice(password.as_bytes());
                let verifier = Verifier { salt, hash };
                server.handle(self.now, Input::Hashed(conn, Some(&verifier)));
                is_hashed = true;
            }
        }
        if let Some((due, Timer::Resume)) = server.next_timeout()
            && due <= self.now
        {
            server.handle(self.now, Input::Timeout);
        }
        let count = sent.len().min(self.down);
        if count > 0 && !self.is_stuck {
            self.client
                .handle(self.now, ClientInput::Received(&sent[..count]));
            self.spend(|chat| &mut chat.down, count);
        }
        if is_closed && !self.is_stuck {
            self.client.handle(self.now, ClientInput::Eof);
        }
        !sent.is_empty() || is_closed || is_hashed
    }

    /// So many bytes went by; after the last one the connection is cut.
    fn spend(&mut self, direction: impl Fn(&mut Self) -> &mut usize, count: usize) {
        let left = direction(self);
        *left = left.saturating_sub(if *left == usize::MAX { 0 } else { count });
        if *left == 0 && self.conn.is_some() {
            (self.up, self.down) = (usize::MAX, usize::MAX);
            self.cut();
        }
    }
}
