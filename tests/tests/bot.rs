//! The example bots, in Python and in JavaScript, do what PROTOCOL.md asks of a program that stays: through cuts,
//! kills and silence, and with a server that refuses, has lost its end, or talks nonsense.

use chat_tests::{DEADLINE, Dir, Process, Raw, Server};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What runs a bot, and its program.
const BOTS: [(&str, &str); 2] = [("python3", "bot.py"), ("node", "bot.js")];

/// Says nothing for so long, and the bot asks; then it waits for an answer as long again.
const SECONDS: &str = "1";

/// The bots that can be run here. `CHAT_BOTS=all`, as in the whole gate, is for where none may be left out.
fn bots() -> impl Iterator<Item = (&'static str, &'static str)> {
    BOTS.into_iter().filter(|(runs, bot)| {
        let version = Command::new(runs).arg("--version").output();
        let is_here = version.is_ok_and(|output| output.status.success());
        let may_lack = std::env::var_os("CHAT_BOTS").is_none_or(|bots| bots != "all");
        assert!(
            is_here || may_lack,
            "no {runs} here, and {bot} is to be run"
        );
        if !is_here {
            eprintln!("skipped: no {runs} here, {bot} is not run");
        }
        is_here
    })
}

fn command((runs, bot): (&str, &str), port: u16) -> Command {
    let mut command = Command::new(runs);
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/../core/examples");
    command.arg(format!("{program}/{bot}"));
    command.args([
        "--silence",
        SECONDS,
        "--patience",
        SECONDS,
        "--longest-wait",
        "0.2",
    ]);
    command.arg(port.to_string()).stdin(Stdio::null());
    command
}

fn start(bot: (&str, &str), port: u16) -> Process {
    let mut command = command(bot, port);
    // What a bot says of its connection is of use where a test fails.
    Process::spawn(command.stdout(Stdio::null()))
}

/// Asks for the time, and waits for the answer, which comes once.
#[track_caller]
fn is_answered(ann: &mut Raw) {
    ann.say("!time");
    ann.expect_start("clock: it is ");
}

#[test]
fn a_bot_answers_each_once_and_nobody_sees_its_connection_go() {
    for bot in bots() {
        let server = Server::start();
        let mut ann = Raw::first_line(server.address(), "JOIN ann");
        let mut it = start(bot, server.address().port());
        ann.expect("clock has joined the chat");
        for _ in 0..3 {
            is_answered(&mut ann);
        }
        it.kill();
        // It might come back.
        ann.expect_nothing_more();
        ann.say("/who");
        ann.expect("* In the room (2): ann, clock");
    }
}

/// A server that is killed, and one that ends, and goes on from its disk.
#[test]
#[cfg(unix)]
fn a_bot_comes_back_to_a_server_that_was_killed_and_answers_what_it_missed_once() {
    for bot in bots() {
        let dir = Dir::new("bot");
        let data = dir.path("data");
        let mut server = Server::with(&["--data", &data]);
        let port = server.address().port();
        let mut ann = Raw::first_line(server.address(), "JOIN ann");
        let _it = start(bot, port);
        ann.expect("clock has joined the chat");
        is_answered(&mut ann);
        for signal in [chat_tests::Signal::KILL, chat_tests::Signal::TERM] {
            server.process.signal(signal);
            server.process.exit_code();
            drop(server);
            let listen = format!("127.0.0.1:{port}");
            let mut command = Command::new(chat_tests::chat_server());
            command.args(["--listen", &listen, "--data", &data]);
            server = Server::launch(command, 1);
            ann = Raw::first_line(server.address(), "JOIN ann");
            // Said before it is back, or just as it comes.
            is_answered(&mut ann);
        }
        ann.expect_nothing_more();
        ann.say("/history 1000");
        let lines = std::iter::from_fn(|| Some(ann.line()));
        let last = "* ann: !time";
        let (mut asked, mut answered, mut joined) = (0, 0, 0);
        for line in lines {
            asked += usize::from(line == last);
            answered += usize::from(line.starts_with("* clock: it is "));
            joined += usize::from(line == "* clock has joined the chat");
            if answered == 3 {
                break;
            }
        }
        assert_eq!((asked, joined), (3, 1), "{bot:?}");
        ann.expect_nothing_more();
    }
}

/// The host of the server stands still: nothing is refused, and nothing answered.
#[test]
#[cfg(unix)]
fn a_bot_notices_that_a_server_is_silent_and_comes_back() {
    for bot in bots() {
        let mut server = Server::start();
        let port = server.address().port();
        let mut ann = Raw::first_line(server.address(), "JOIN ann");
        let mut it = start_told(bot, port);
        ann.expect("clock has joined the chat");
        server.process.signal(chat_tests::Signal::STOP);
        ann.say("!time");
        // It asked, waited, and gave the connection up; then another one, which was not welcomed.
        it.is_told("* offline: ");
        it.is_told("* offline: ");
        server.process.signal(chat_tests::Signal::CONT);
        ann.expect_start("clock: it is ");
        is_answered(&mut ann);
        ann.expect_nothing_more();
    }
}

/// A bot whose messages are read.
struct Told {
    _process: Process,
    messages: chat_tests::Output,
}

impl Told {
    /// Waits for a message that begins so.
    #[track_caller]
    fn is_told(&mut self, start: &str) {
        while !self.messages.line().starts_with(start) {}
    }
}

fn start_told(bot: (&str, &str), port: u16) -> Told {
    let mut process = Process::spawn(command(bot, port).stderr(Stdio::piped()));
    let messages = process.child().stderr.take().expect("it is piped");
    Told {
        _process: process,
        messages: chat_tests::Output::of(messages),
    }
}

/// A server that says what the test says.
struct Script {
    listener: TcpListener,
    stream: Option<BufReader<TcpStream>>,
}

impl Script {
    fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a port");
        let stream = None;
        Self { listener, stream }
    }

    fn port(&self) -> u16 {
        self.listener.local_addr().expect("it listens").port()
    }

    /// The next connection; its first line's object.
    fn accept(&mut self) -> Value {
        let deadline = Instant::now() + DEADLINE;
        self.listener.set_nonblocking(true).expect("it can wait");
        let stream = loop {
            match self.listener.accept() {
                Ok((stream, _)) => break stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    assert!(Instant::now() < deadline, "the bot does not come back");
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err(error) => panic!("{error}"),
            }
        };
        stream.set_nonblocking(false).expect("it blocks");
        stream
            .set_read_timeout(Some(DEADLINE))
            .expect("a socket has options");
        self.stream = Some(BufReader::new(stream));
        let line = self.line();
        let hello = line.strip_prefix("JOIN ").expect("its first line");
        serde_json::from_str(hello).expect("an object")
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        let stream = self.stream.as_mut().expect("it has come");
        stream.read_line(&mut line).expect("the bot says something");
        assert!(line.ends_with('\n'), "the bot went: {line:?}");
        line
    }

    /// The next thing that the bot sends, pings apart.
    fn next(&mut self) -> Value {
        loop {
            let it: Value = serde_json::from_str(&self.line()).expect("an object");
            if it["type"] != "ping" {
                return it;
            }
            self.send(&json!({"type": "pong", "head": 0}));
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        let stream = self.stream.as_mut().expect("it has come");
        stream.get_mut().write_all(bytes).expect("the bot reads");
    }

    fn send(&mut self, it: &Value) {
        self.write(format!("{it}\n").as_bytes());
    }

    fn welcome(&mut self, epoch: &str, head: u64) {
        self.send(&json!({
            "type": "welcome", "version": 1, "room": "lobby", "name": "clock", "session": "5e55", "epoch": epoch,
            "head": head, "resumed": false, "grace_ms": 60000, "and": ["what", "is", "new"],
        }));
    }

    fn asks(&mut self, epoch: &str, seq: u64) {
        self.send(&json!({
            "type": "entry", "room": "lobby", "epoch": epoch, "seq": seq, "at": 0, "kind": "said", "name": "ann",
            "text": "!time",
        }));
    }

    /// Waits until the bot has closed this connection.
    fn is_left(&mut self) {
        let mut stream = self.stream.take().expect("it has come");
        let mut rest = Vec::new();
        // A reset is as good.
        while stream
            .read_until(b'\n', &mut rest)
            .is_ok_and(|count| count > 0)
        {
            rest.clear();
        }
    }
}

#[test]
fn what_is_refused_is_given_up_and_what_is_unsure_is_sent_again() {
    for bot in bots() {
        let mut server = Script::start();
        let _it = start(bot, server.port());
        assert_eq!(server.accept(), json!({"version": 1, "name": "clock"}));
        server.welcome("e", 7);
        server.asks("e", 8);
        server.asks("e", 9);
        let (first, second) = (server.next(), server.next());
        assert_ne!(first["id"], second["id"]);
        server.send(&json!({"type": "error", "code": "blank", "text": "no", "id": first["id"]}));
        server.send(&json!({"type": "error", "code": "new", "text": "of nothing that is known"}));
        // It has read all that when it answers this.
        server.asks("e", 10);
        let third = server.next();
        server.stream = None;
        let known =
            json!({"version": 1, "name": "clock", "session": "5e55", "epoch": "e", "after": 10});
        assert_eq!(server.accept()["after"], 10);
        server.welcome("e", 10);
        assert_eq!(
            [server.next(), server.next()],
            [second.clone(), third.clone()]
        );
        server.send(&json!({"type": "accepted", "id": second["id"], "seq": 11}));
        server.send(&json!({"type": "accepted", "id": third["id"], "seq": 12}));
        // What it knows already it does not answer again.
        server.asks("e", 10);
        server.asks("e", 13);
        let fourth = server.next();
        assert_eq!(fourth["type"], "say");
        assert!(![&first, &second, &third].contains(&&fourth));
        server.send(&json!({"type": "accepted", "id": fourth["id"], "seq": 14}));
        server.send(&json!({"type": "gap", "after": 13, "next": 21, "reason": "not_held"}));
        server.asks("e", 21);
        let fifth = server.next();
        server.send(&json!({"type": "accepted", "id": fifth["id"], "seq": 22}));
        server.send(
            &json!({"type": "bye", "code": "shutting_down", "text": "bye", "retry_after_ms": 0}),
        );
        server.stream = None;
        let hello = server.accept();
        for (key, value) in known.as_object().expect("it is one") {
            let value = if key == "after" { &json!(21) } else { value };
            assert_eq!(hello.get(key).unwrap_or(value), value, "{hello}");
        }
        // Nothing is unsure any more.
        server.welcome("e", 22);
        server.asks("e", 23);
        assert_eq!(server.next()["id"], json!("e-23"));
    }
}

#[test]
fn a_line_that_is_not_understood_ends_the_connection_and_not_the_program() {
    let deep = "[".repeat(60_000);
    let late = r#"{"type":"entry","epoch":"e","seq":8,"at":1e300,"kind":"said","name":"ann","text":"!time"}"#;
    let before = r#"{"type":"bye","code":"full","text":"no","retry_after_ms":-5000}"#;
    for bot in bots() {
        let mut server = Script::start();
        let _it = start(bot, server.port());
        for line in [&deep, late, before] {
            server.accept();
            server.welcome("e", 7);
            server.write(format!("{line}\n").as_bytes());
            server.is_left();
        }
        server.accept();
    }
}

#[test]
fn another_log_is_read_from_its_beginning_and_a_shorter_one_from_where_it_ends() {
    for bot in bots() {
        let mut server = Script::start();
        let _it = start(bot, server.port());
        server.accept();
        server.welcome("first", 90);
        server.asks("first", 91);
        let unsure = server.next();
        server.stream = None;
        server.accept();
        server.welcome("second", 3);
        server.send(&json!({"type": "gap", "after": 91, "next": 1, "reason": "other_log"}));
        // What was unsure there is sent here, under an id that nothing here has.
        assert_eq!(server.next(), unsure);
        server.asks("second", 1);
        let again = server.next();
        assert_ne!(again["id"], unsure["id"]);
        server.stream = None;
        assert_eq!(server.accept()["after"], 1);
        server.welcome("second", 0);
        server.send(&json!({"type": "gap", "after": 1, "next": 1, "reason": "ahead"}));
        assert_eq!([server.next(), server.next()], [unsure, again]);
        server.asks("second", 1);
        assert_eq!(server.next()["id"], "second-1");
    }
}

#[test]
fn nothing_that_a_server_does_keeps_a_bot_waiting_or_ends_it() {
    for bot in bots() {
        let mut server = Script::start();
        let _it = start(bot, server.port());
        // No welcome.
        server.accept();
        server.is_left();
        // Lines of the text dialect before it, byte by byte, and no whole line after it.
        server.accept();
        server.write(b"Welcome to the chatroom!\nann: hello\n");
        server.welcome("e", 1);
        let begun = Instant::now();
        let asked: Value = serde_json::from_str(&server.line()).expect("an object");
        assert_eq!(asked, json!({"type": "ping"}));
        let mut stream = server.stream.take().expect("it has come");
        while stream.get_mut().write_all(b" ").is_ok() {
            assert!(begun.elapsed() < DEADLINE, "it waits for ever");
            std::thread::sleep(Duration::from_millis(50));
        }
        // What is no object, no line, or of the wrong shape.
        let long = vec![b'x'; 70_000];
        for nonsense in [
            &b"hello\n"[..],
            b"[]\n",
            b"{\"type\":\"entry\"}\n",
            b"{\"type\":\"entry\",\"seq\":\"x\",\"kind\":7}\n",
            b"\xff\xfe\n",
            &long,
        ] {
            server.accept();
            server.welcome("e", 1);
            server.write(nonsense);
            server.is_left();
        }
        assert_eq!(server.accept()["after"], 1);
        server.welcome("e", 1);
        server.asks("e", 2);
        assert_eq!(server.next()["id"], "e-2");
    }
}

#[test]
fn a_bot_comes_back_when_it_is_told_to_and_no_sooner_and_ends_when_it_is_told_to_go() {
    for bot in bots() {
        let mut server = Script::start();
        let mut it = start(bot, server.port());
        server.accept();
        let told = Instant::now();
        server.send(&json!({"type": "bye", "code": "shutting_down", "text": "later", "retry_after_ms": 1500}));
        server.stream = None;
        server.accept();
        assert!(told.elapsed() >= Duration::from_millis(1500), "{bot:?}");
        server.welcome("e", 1);
        server.send(&json!({"type": "bye", "code": "replaced", "text": "gone"}));
        assert_eq!(it.exit_code(), 1);
    }
}
