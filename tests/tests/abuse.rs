//! Those who do not play by the rules: the others notice nothing, and the server's memory and descriptors keep within
//! bounds.

use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use chat_tests::{DEADLINE, Raw, Server, eventually};

const WELCOME: &str = "Welcome to the chatroom!";
const BEHIND: &str =
    "* Goodbye: you are too far behind; more than 262144 bytes are waiting for you.";

/// How much more memory a server may ever have than it had with two people in it.
const MARGIN: u64 = 32 * 1024 * 1024;

/// Two people with a conversation, in which every line is heard at once and in order.
struct Couple {
    server: Server,
    one: Raw,
    two: Raw,
    rounds: usize,
    /// What they heard of others meanwhile.
    news: Vec<String>,
    #[cfg(target_os = "linux")]
    memory: u64,
}

impl Couple {
    fn start() -> Self {
        Self::with(Server::start())
    }

    fn with(server: Server) -> Self {
        let mut one = Raw::first_line(server.address(), "JOIN one");
        let two = Raw::first_line(server.address(), "JOIN two");
        one.expect("two has joined the chat");
        Self {
            one,
            two,
            rounds: 0,
            news: Vec::new(),
            #[cfg(target_os = "linux")]
            memory: chat_tests::memory(server.process.id()).resident,
            server,
        }
    }

    fn joined_by(&mut self, first_line: &str) -> Raw {
        Raw::first_line(self.server.address(), first_line)
    }

    fn talk(&mut self) {
        self.say("how are you?");
    }

    fn say(&mut self, text: &str) {
        self.rounds += 1;
        let line = format!("{} {text}", self.rounds);
        self.one.say(&line);
        hear(&mut self.two, &format!("one: {line}"), &mut Vec::new());
        self.two.say(&line);
        hear(&mut self.one, &format!("two: {line}"), &mut self.news);
    }

    fn talk_for(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.talk();
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Talks until it is heard that `line` happened.
    fn talk_until(&mut self, line: &str) {
        let end = Instant::now() + DEADLINE;
        while !self.news.iter().any(|news| news == line) {
            assert!(Instant::now() < end, "{line:?} was never heard");
            self.talk();
        }
    }

    #[cfg(target_os = "linux")]
    fn assert_memory_is_bounded(&self) {
        let peak = chat_tests::memory(self.server.process.id()).peak;
        assert!(
            peak < self.memory + MARGIN,
            "{} bytes with two people in the room, {peak} bytes at the most",
            self.memory
        );
    }

    #[cfg(not(target_os = "linux"))]
    fn assert_memory_is_bounded(&self) {
        let _ = MARGIN;
    }
}

/// Reads up to `wanted`; only comings and goings may come before it.
fn hear(raw: &mut Raw, wanted: &str, news: &mut Vec<String>) {
    loop {
        let line = raw.line();
        if line == wanted {
            return;
        }
        let comes_or_goes = [" has joined the chat", " has left the chat"]
            .iter()
            .any(|what| line.ends_with(what));
        assert!(comes_or_goes, "heard {line:?} instead of {wanted:?}");
        news.push(line);
    }
}

#[test]
fn one_byte_a_second() {
    let mut couple = Couple::start();
    let mut slow = Raw::connect(couple.server.address());
    for byte in b"slow" {
        slow.send(&[*byte]);
        couple.talk_for(Duration::from_secs(1));
    }
    slow.expect(WELCOME);
    slow.say("");
    let name = slow.name();
    for raw in [&mut couple.one, &mut couple.two] {
        raw.expect(&format!("{name}: slow"));
    }
    assert_eq!(couple.news, [format!("{name} has joined the chat")]);
    couple.talk();
    couple.assert_memory_is_bounded();
}

#[test]
fn a_hundred_megabytes_without_a_newline() {
    let mut couple = Couple::start();
    let mut endless = couple.joined_by("JOIN endless");
    let stream = endless
        .stream()
        .try_clone()
        .expect("a socket can be shared");
    let writer = thread::spawn(move || {
        let chunk = vec![b'x'; 1024 * 1024];
        for _ in 0..100 {
            (&stream).write_all(&chunk).expect("the server reads");
        }
    });
    while !writer.is_finished() {
        couple.talk_for(Duration::from_millis(20));
    }
    writer.join().expect("a writer does not panic");
    couple.assert_memory_is_bounded();

    endless.say("");
    endless.say("here I am");
    hear(&mut couple.two, "endless: here I am", &mut Vec::new());
    endless.say("leave");
    let notices: Vec<_> = endless
        .rest()
        .into_iter()
        .filter(|line| line.starts_with("* "))
        .collect();
    assert_eq!(notices, ["* Not sent: the line is longer than 4096 bytes."]);
}

#[test]
fn never_reading() {
    let mut couple = Couple::with(Server::with(&["--max-connections", "3"]));
    let mut deaf = couple.joined_by("JOIN deaf");
    flood_until_gone(&mut couple, "deaf");
    let heard = deaf.rest();
    assert_eq!(heard.last().map(String::as_str), Some(BEHIND));
    couple.talk();
    couple.assert_memory_is_bounded();
}

#[test]
fn never_reading_and_never_closing() {
    let mut couple = Couple::with(Server::with(&["--max-connections", "3"]));
    let _deaf = couple.joined_by("JOIN deaf");
    flood_until_gone(&mut couple, "deaf");
    // Whoever takes no byte for half a minute is closed without having been told.
    let end = Instant::now() + Duration::from_secs(30) + DEADLINE;
    while Raw::connect(couple.server.address()).line() != WELCOME {
        assert!(Instant::now() < end, "its place is never free");
        couple.talk_for(Duration::from_millis(200));
    }
    couple.assert_memory_is_bounded();
}

#[test]
fn asking_without_end_and_never_reading_the_answers() {
    let mut couple = Couple::start();
    let deaf = couple.joined_by("JOIN deaf");
    let stream = deaf.stream().try_clone().expect("a socket can be shared");
    stream
        .set_write_timeout(Some(Duration::from_secs(2)))
        .expect("a socket has options");
    let asker = thread::spawn(move || {
        let questions = "/help\n".repeat(10_000);
        // Up to 60 MB, unless the server stops reading, as it should, or ends the connection, as it may.
        (0..1000).all(|_| (&stream).write_all(questions.as_bytes()).is_ok())
    });
    while !asker.is_finished() {
        couple.talk_for(Duration::from_millis(20));
    }
    assert!(
        !asker.join().expect("an asker does not panic"),
        "the server read 60 MB of questions whose answers nobody took"
    );
    couple.assert_memory_is_bounded();
    deaf.reset();
    couple.talk_until("deaf has left the chat");
}

#[test]
fn vanishing_with_a_reset() {
    let mut couple = Couple::start();
    for _ in 0..20 {
        let gone = couple.joined_by("JOIN gone");
        couple.talk();
        gone.reset();
        couple.talk_until("gone has left the chat");
        couple.news.clear();
    }
}

#[test]
fn falling_silent() {
    let mut couple = Couple::start();
    let mut silent = couple.joined_by("JOIN silent");
    for _ in 0..1000 {
        couple.talk();
    }
    assert_eq!(couple.news, ["silent has joined the chat"]);
    silent.say("leave");
    assert_eq!(silent.rest().len(), 2000, "it heard everything");
    couple.talk_until("silent has left the chat");
}

#[test]
fn closing_one_direction() {
    let mut couple = Couple::start();
    let mut half = couple.joined_by("JOIN half");
    couple.talk();
    half.send(b"that is all\n");
    half.end_sending();
    let heard = half.rest();
    assert!(
        heard.ends_with(&["two: 1 how are you?".into()]),
        "{heard:?}"
    );
    for raw in [&mut couple.one, &mut couple.two] {
        hear(raw, "half: that is all", &mut Vec::new());
    }
    couple.talk_until("half has left the chat");
}

/// A port scanner, or a load balancer's check: it never was in the room, and its place is free at once.
#[test]
fn coming_and_going_without_a_word() {
    let mut couple = Couple::with(Server::with(&["--max-connections", "4"]));
    for number in 0..200 {
        let visitor = Raw::connect(couple.server.address());
        if number % 2 == 0 {
            visitor.reset();
        }
        couple.talk();
    }
    assert_eq!(couple.news, Vec::<String>::new());
    eventually("a place in the room", || {
        couple.talk();
        let mut next = Raw::connect(couple.server.address());
        (next.line() == WELCOME).then_some(())
    });
    couple.assert_memory_is_bounded();
}

#[test]
fn one_more_than_there_is_room_for() {
    let mut couple = Couple::with(Server::with(&["--max-connections", "3"]));
    // Who has said nothing would give way.
    couple.talk();
    let mut third = couple.joined_by("JOIN third");
    third.say("/help");
    third.expect_start("* /me");
    for _ in 0..3 {
        let mut fourth = Raw::connect(couple.server.address());
        fourth.expect_start("* Goodbye: the room is full");
        fourth.expect_end();
        couple.talk();
    }
    assert_eq!(couple.news, ["third has joined the chat"]);

    third.say("leave");
    third.rest();
    drop(third);
    eventually("the place of the one who left", || {
        couple.talk();
        let mut fourth = Raw::connect(couple.server.address());
        (fourth.line() == WELCOME).then_some(())
    });
}

/// Its place is free once it has had a moment to close.
#[test]
fn leaving_and_never_closing() {
    let mut couple = Couple::with(Server::with(&["--max-connections", "3"]));
    let mut left = couple.joined_by("JOIN left");
    left.say("leave");
    left.expect_end();
    couple.talk_until("left has left the chat");
    eventually("the place of the one who left", || {
        couple.talk();
        let mut next = Raw::connect(couple.server.address());
        (next.line() == WELCOME).then_some(())
    });
}

/// The two talk, in long lines, until someone who does not read them is gone.
fn flood_until_gone(couple: &mut Couple, name: &str) {
    let long = "x".repeat(4000);
    let gone = format!("{name} has left the chat");
    for _ in 0..20_000 {
        couple.say(&long);
        if couple.news.contains(&gone) {
            return;
        }
    }
    panic!("{name} may be behind without a limit");
}

#[cfg(unix)]
mod descriptors {
    use std::io::ErrorKind;
    use std::net::TcpStream;
    use std::process::Command;

    use super::*;

    #[test]
    fn may_all_be_taken() {
        let mut command = Command::new("sh");
        command
            .args([
                "-c",
                r#"ulimit -n 64 && exec "$0" --listen 127.0.0.1:0 --ephemeral"#,
            ])
            .arg(chat_tests::chat_server());
        let mut couple = Couple::with(Server::launch(command, 1));
        let mut takers: Vec<_> = (0..100)
            .map(|_| Raw::connect(couple.server.address()))
            .collect();
        takers[0].expect(WELCOME);

        #[cfg(target_os = "linux")]
        let used = chat_tests::cpu_time(couple.server.process.id());
        let last = takers.pop().expect("there are a hundred");
        let end = Instant::now() + Duration::from_secs(2);
        while Instant::now() < end {
            couple.talk();
            assert!(has_nothing(last.stream()), "a descriptor was left");
            thread::sleep(Duration::from_millis(50));
        }
        #[cfg(target_os = "linux")]
        {
            let now = chat_tests::cpu_time(couple.server.process.id());
            assert!(
                now < used + Duration::from_secs(1),
                "it spins: {used:?}, 2 s later {now:?}"
            );
        }

        takers.truncate(20);
        let mut last = last;
        last.expect(WELCOME);
        couple.talk();
        let log = couple.server.log.so_far();
        let said = log.matches("cannot accept").count();
        assert!(said > 0, "it says what it lacks: {log}");
        assert!(said < 100, "it says so again and again");
        assert!(!log.contains("panicked"), "{log}");
    }

    fn has_nothing(stream: &TcpStream) -> bool {
        stream.set_nonblocking(true).expect("a socket has options");
        let peeked = stream.peek(&mut [0]);
        stream.set_nonblocking(false).expect("a socket has options");
        peeked.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }
}
