//! A session that is cut at every byte of what it says and of what it is answered: every message is said, kept, heard
//! and accepted once, in its place.
//!
//! `CHAT_CUTS=1000 cargo test --release -p chat-tests --test cuts -- --nocapture` does so with as many messages.

use chat_core::json::Message;
use chat_core::{
    Client, ClientAction, ClientInput, Command, JsonClient, Line, Outcome, Setup, Timestamp,
};
use chat_tests::{DEADLINE, Dir, Raw, Server, chat_server};
use indicatif::{ProgressBar, ProgressStyle};
use socket2::SockRef;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::process;
use std::time::Duration;

/// All bytes there are.
const ALL: usize = usize::MAX;

/// What the client may tell its person of its connections. That the others saw it leave is not among it.
const NOTICES: [&str; 2] = [
    "* Offline: the connection was lost: cut. Trying again.",
    "* Back.",
];

/// A client, and a proxy that passes on as many bytes between it and the server as the test says.
struct Ann {
    client: JsonClient,
    /// Nobody waits for it: it is put forward to when the client comes back.
    now: Timestamp,
    screen: Vec<String>,
    server: SocketAddr,
    stream: BufReader<TcpStream>,
    /// Ids, and the numbers that the server has accepted them under.
    accepted: BTreeSet<(String, u64)>,
    cuts: u64,
}

impl Ann {
    fn join(server: SocketAddr) -> Self {
        let now = Timestamp::ZERO;
        let mut ann = Self {
            client: JsonClient::new(now, Setup::default()),
            now,
            screen: Vec::new(),
            server,
            stream: connect(server),
            accepted: BTreeSet::new(),
            cuts: 0,
        };
        ann.command(Command::Line(Line::Whole(b"JOIN ann")));
        ann.greet();
        assert_eq!(ann.screen, ["Welcome to the chatroom!"]);
        ann.screen.clear();
        ann
    }

    fn command(&mut self, command: Command<'_>) {
        let taken = self.client.command(self.now, command);
        taken.expect("it is nothing that the client refuses");
        self.act();
    }

    fn input(&mut self, input: ClientInput<'_>) {
        self.client.handle(self.now, input);
        self.act();
    }

    fn act(&mut self) {
        while let Some(action) = self.client.poll_action() {
            match action {
                ClientAction::Show(line) | ClientAction::ShowAt(line, _) => self.screen.push(line),
                // Who it is, and how many are here.
                ClientAction::Notice(line) if line.starts_with("* You are ann; ") => {}
                ClientAction::Notice(line) => assert!(NOTICES.contains(&&*line), "{line}"),
                ClientAction::End(outcome) => assert_eq!(outcome, Outcome::Left),
                _ => {} // It is connected when it asks for it, and keeps nothing.
            }
        }
    }

    /// Whether something that the client said is not accepted, as far as it knows.
    fn is_unsure(&self) -> bool {
        !self.client.memory().outbox.is_empty()
    }

    /// Passes on so many bytes of what the client has to send.
    fn pass(&mut self, count: usize) {
        let mut left = count;
        while left > 0 && !self.client.unsent().is_empty() {
            let unsent = self.client.unsent();
            let sent = &unsent[..left.min(unsent.len())];
            let written = self.stream.get_mut().write_all(sent);
            written.expect("the server reads");
            left -= sent.len();
            self.client.sent(self.now, sent.len());
        }
    }

    fn line(&mut self) -> Vec<u8> {
        let mut line = Vec::new();
        let read = self.stream.read_until(b'\n', &mut line);
        read.expect("the server answers");
        assert!(line.ends_with(b"\n"), "the server closed");
        line
    }

    /// Passes on the first line and the welcome.
    fn greet(&mut self) {
        self.input(ClientInput::Connected);
        self.pass(ALL);
        let welcome = self.line();
        self.input(ClientInput::Received(&welcome));
    }

    /// Passes on all that was said, waits for all of the answer, and passes on so many bytes of that; whether a line
    /// ended among them.
    fn hear(&mut self, count: usize) -> bool {
        self.pass(ALL);
        let (mut answer, mut is_accepted) = (Vec::new(), !self.is_unsure());
        while !is_accepted {
            let line = self.line();
            answer.extend_from_slice(&line);
            if let Ok(Message::Accepted {
                with: None,
                room: None,
                id: Some(id),
                seq,
            }) = serde_json::from_slice(&line)
            {
                self.accepted.insert((id.into(), seq));
                is_accepted = true;
            }
        }
        let is_whole = count >= answer.len();
        answer.truncate(count);
        self.input(ClientInput::Received(&answer));
        assert!(!is_whole || !self.is_unsure(), "it ignores its answer");
        answer.contains(&b'\n')
    }

    /// Passes on no more to the server, and waits until it has heard all and said all.
    fn finish(&mut self) -> Vec<u8> {
        let end = self.stream.get_ref().shutdown(Shutdown::Write);
        end.expect("a connected socket can be shut down");
        let mut rest = Vec::new();
        let read = self.stream.read_to_end(&mut rest);
        read.expect("the server closes");
        rest
    }

    /// Cuts the connection, and comes back on another one. The server finds an end after all that it was sent, or a
    /// reset, perhaps before it has read that. After a reset no port has to rest for a minute: there are not enough.
    fn cut(&mut self, by_reset: bool) {
        if by_reset {
            let linger = SockRef::from(self.stream.get_ref()).set_linger(Some(Duration::ZERO));
            linger.expect("a socket has options");
        } else {
            self.finish();
        }
        self.stream = connect(self.server);
        self.cuts += 1;
        self.input(ClientInput::Lost("cut"));
        self.now = self.client.next_timeout().expect("it comes back");
        self.input(ClientInput::Timeout);
        self.greet();
    }

    /// Sends what was said, cut before its first byte, after it, and so on up to its last one.
    fn send_in_pieces(&mut self, message: usize) {
        for count in 0.. {
            self.pass(count);
            let is_whole = self.client.unsent().is_empty();
            self.cut((message + count).is_multiple_of(2));
            if is_whole {
                return;
            }
        }
    }

    /// Hears the answer, each line of it cut before its first byte, after it, and so on up to its last one.
    fn hear_in_pieces(&mut self) {
        // What bob says, what was said, that it is accepted. If more comes, there is no end to it.
        for _line in 0..3 {
            for count in 0.. {
                let is_heard = self.hear(count);
                if !self.is_unsure() {
                    return;
                }
                self.cut(true);
                if is_heard {
                    break;
                }
            }
        }
        self.hear(ALL);
    }

    fn leave(&mut self) {
        self.command(Command::EndOfInput);
        self.pass(ALL);
        let rest = self.finish();
        self.input(ClientInput::Received(&rest));
        self.input(ClientInput::Eof);
        assert!(!self.is_unsure());
    }
}

fn connect(server: SocketAddr) -> BufReader<TcpStream> {
    let stream = TcpStream::connect(server).expect("the server accepts");
    let patience = stream.set_read_timeout(Some(DEADLINE));
    let options = patience.and_then(|()| stream.set_nodelay(true));
    options.expect("a socket has options");
    BufReader::new(stream)
}

/// A room with a client that is cut and one that is not.
struct Room {
    dir: Dir,
    server: Server,
    ann: Ann,
    bob: Raw,
    said: usize,
    bob_said: Vec<String>,
}

impl Room {
    fn open() -> Self {
        let dir = Dir::new("cuts");
        let server = Server::with(&["--data", &dir.path("data")]);
        let bob = Raw::first_line(server.address(), "JOIN bob");
        Self {
            ann: Ann::join(server.address()),
            bob,
            dir,
            server,
            said: 0,
            bob_said: Vec::new(),
        }
    }

    fn ann_says(&mut self) {
        self.said += 1;
        let text = text(self.said);
        let line = Line::Whole(text.as_bytes());
        self.ann.command(Command::Line(line));
    }

    fn bob_says(&mut self) {
        let text = format!("I heard {}", self.said);
        self.bob.say(&text);
        self.bob_said.push(format!("bob: {text}"));
    }

    /// Holds what was said against all that tell of it.
    fn judge(mut self) {
        self.ann.leave();
        self.bob.say("leave");
        let bob_heard = self.bob.rest();
        self.server.process.kill();
        let (kept, numbers) = exported(&self.dir.path("data"));
        let kept_of = |who: &str| {
            let lines = kept.iter().filter(|line| line.starts_with(who));
            lines.cloned().collect::<Vec<_>>()
        };
        let mut ann = vec!["ann has joined the chat".to_string()];
        ann.extend((1..=self.said).map(|n| format!("ann: {}", text(n))));
        ann.push("ann has left the chat".into());
        let told = [
            (&ann, kept_of("ann")),
            (&ann, bob_heard),
            (&self.bob_said, kept_of("bob: ")),
            (&self.bob_said, self.ann.screen),
        ];
        let faults = told.iter().map(|(wanted, told)| compare(wanted, told));
        let sum = |[a, b, c]: [_; 3], [x, y, z]: [_; 3]| [a + x, b + y, c + z];
        let [lost, doubled, reordered] = faults.fold([0; 3], sum);
        println!(
            "{} messages, {} connections cut: lost {lost}, doubled {doubled}, reordered {reordered}",
            self.said, self.ann.cuts
        );
        for (wanted, told) in told {
            assert_eq!(*wanted, told);
        }
        assert_eq!(self.ann.accepted, numbers);
    }
}

/// What the client says, of which a cut may leave half a character or half an escape.
fn text(number: usize) -> String {
    format!("“{number}\\”")
}

/// How many lines are not told, told again, and told after later ones.
fn compare(wanted: &[String], told: &[String]) -> [usize; 3] {
    let places: BTreeMap<_, _> = wanted.iter().zip(0_usize..).collect();
    let (mut seen, mut doubled, mut reordered) = (BTreeSet::new(), 0, 0);
    for place in told.iter().filter_map(|line| places.get(line)) {
        let is_late = seen.last().is_some_and(|last| place < *last);
        if !seen.insert(place) {
            doubled += 1;
        } else if is_late {
            reordered += 1;
        }
    }
    [wanted.len() - seen.len(), doubled, reordered]
}

/// What is on the disk, as the server's own command tells it: lines, and ids with their numbers.
fn exported(data: &str) -> (Vec<String>, BTreeSet<(String, u64)>) {
    let export = process::Command::new(chat_server())
        .args(["export", "--data", data])
        .output();
    let export = export.expect("it can be started");
    let (mut told, mut numbers) = (Vec::new(), BTreeSet::new());
    for line in String::from_utf8_lossy(&export.stdout).lines() {
        let entry: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
        let word = |key: &str| entry[key].as_str().unwrap_or_default();
        match word("kind") {
            "" => {} // The log, and its end.
            "said" => told.push(format!("{}: {}", word("name"), word("text"))),
            kind => told.push(format!("{} has {kind} the chat", word("name"))),
        }
        if let (Some(id), Some(seq)) = (entry["id"].as_str(), entry["seq"].as_u64()) {
            numbers.insert((id.to_string(), seq));
        }
    }
    (told, numbers)
}

#[test]
fn every_message_is_there_once_wherever_its_session_is_cut() {
    let messages: u64 = std::env::var("CHAT_CUTS").map_or(10, |n| n.parse().expect("a number"));
    let bar = ProgressBar::new(messages);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos} of {len} messages, {eta} left")
    {
        bar.set_style(style);
    }
    let mut room = Room::open();
    for message in 0..messages {
        room.ann_says();
        room.ann.send_in_pieces(room.said);
        if message.is_multiple_of(3) {
            room.bob_says();
        }
        room.ann.hear_in_pieces();
        bar.inc(1);
    }
    bar.finish_and_clear();
    room.judge();
}

/// What has just happened is sent from another place than what is sent again.
#[test]
fn every_message_is_there_once_wherever_its_first_answer_is_cut() {
    let mut room = Room::open();
    for count in 0.. {
        room.ann_says();
        room.ann.hear(count);
        if !room.ann.is_unsure() {
            break;
        }
        room.ann.cut(true);
        room.ann.hear(ALL);
    }
    room.judge();
}
