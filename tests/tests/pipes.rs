//! `chat-client` in a pipeline: what it sends, what it prints, what it reports, and how it exits; and the transcript of
//! `chat-server`, whoever reads it.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread;

use chat_tests::{Client, Process, Raw, Server, chat_client, eventually, loopback, run_client};

const WELCOME: &str = "Welcome to the chatroom!\n";
const PROMPT: &str = "Please type JOIN to join the Chatroom : ";

const LEFT: i32 = 0;
const REFUSED: i32 = 1;
const UNREACHABLE: i32 = 3;
const LOST: i32 = 4;

/// The name under which the next one in the transcript has joined.
fn joined(server: &mut Server) -> String {
    let line = server.transcript.line();
    let name = line.strip_suffix(" has joined the chat");
    name.expect("someone has joined").to_owned()
}

mod a_conversation {
    use super::*;

    #[test]
    fn is_delivered_and_left() {
        let mut server = Server::start();
        for input in [
            "JOIN\nhi\nleave\n",
            "JOIN\nhi\nLEAVE\nnot said\n",
            "JOIN\nhi\n",
            "join\r\nhi\r\n",
        ] {
            let finished = run_client(server.address(), input);
            assert_eq!(finished.code, LEFT, "{finished:?}");
            assert_eq!(finished.stdout, WELCOME);
            assert_eq!(finished.stderr, "");

            let name = joined(&mut server);
            server.expect(&format!("{name}: hi"));
            server.expect(&format!("{name} has left the chat"));
        }
    }

    #[test]
    fn may_begin_with_a_byte_order_mark() {
        let mut server = Server::start();
        let input = "\u{feff}JOIN\nhi\n\u{feff}kept elsewhere\nleave\n";
        for text in [false, true] {
            let finished = if text {
                let mut client = Client::text(server.address());
                input.lines().for_each(|line| client.type_line(line));
                client.end_input();
                client.finish()
            } else {
                run_client(server.address(), input)
            };
            assert_eq!(finished.code, LEFT, "{finished:?}");
            assert_eq!(finished.stdout, WELCOME);
            let name = joined(&mut server);
            server.expect(&format!("{name}: hi"));
            server.expect(&format!("{name}: \u{feff}kept elsewhere"));
            server.expect(&format!("{name} has left the chat"));
        }
    }

    #[test]
    fn may_consist_of_joining_and_leaving() {
        let mut server = Server::start();
        for input in ["JOIN\n", "JOIN\nleave\n"] {
            let finished = run_client(server.address(), input);
            assert_eq!((finished.code, finished.stdout.as_str()), (LEFT, WELCOME));
            let name = joined(&mut server);
            server.expect(&format!("{name} has left the chat"));
        }
    }

    #[test]
    fn may_be_held_under_a_name() {
        let mut server = Server::start();
        let finished = run_client(server.address(), "JOIN alice\nhi\nleave\n");
        assert_eq!(finished.code, LEFT, "{finished:?}");
        server.expect("alice has joined the chat");
        server.expect("alice: hi");
        server.expect("alice has left the chat");
    }

    #[test]
    fn of_ten_thousand_lines_is_received_whole() {
        let server = Server::start();
        let mut listener = Client::join(server.address());
        let mut input = String::from("JOIN speaker\n");
        for number in 1..=10_000 {
            writeln!(input, "line number {number}").expect("a string takes everything");
        }
        let finished = run_client(server.address(), input);
        assert_eq!((finished.code, finished.stdout.as_str()), (LEFT, WELCOME));

        listener.screen.expect("speaker has joined the chat");
        for number in 1..=10_000 {
            listener
                .screen
                .expect(&format!("speaker: line number {number}"));
        }
        listener.screen.expect("speaker has left the chat");
    }

    #[test]
    fn goes_on_while_the_input_stays_open() {
        let server = Server::start();
        let mut one = Client::join(server.address());
        let mut two = Client::join(server.address());
        let arrival = one.screen.line();
        let second = arrival.strip_suffix(" has joined the chat");
        let second = second.expect("someone has joined").to_owned();
        two.type_line("hello");
        one.screen.expect(&format!("{second}: hello"));
        two.end_input();
        one.screen.expect(&format!("{second} has left the chat"));
        let finished = two.finish();
        assert_eq!((finished.code, finished.stdout.as_str()), (LEFT, WELCOME));
    }

    #[test]
    fn shows_private_notices_of_the_server() {
        let server = Server::start();
        let finished = run_client(server.address(), "JOIN\n/fly\n");
        // It may have been meant to be said.
        assert_eq!(finished.code, REFUSED, "{finished:?}");
        let notice = finished.stdout.strip_prefix(WELCOME);
        let notice = notice.expect("the welcome comes first");
        assert!(notice.starts_with("* Unknown command /fly"), "{notice}");
    }
}

mod joining {
    use super::*;

    #[test]
    fn is_not_prompted_for_without_a_terminal() {
        let server = Server::start();
        let finished = run_client(server.address(), "what?\nJOIN\nleave\n");
        assert_eq!(finished.code, LEFT, "{finished:?}");
        assert!(!finished.stdout.contains("Please"), "{finished:?}");
        assert!(!finished.stderr.contains("Please"), "{finished:?}");
    }

    #[test]
    fn takes_the_word_and_nothing_before_it_is_said() {
        let mut server = Server::start();
        for input in ["hello\nJOIN\nhi\n", "\nleave\nJOINT\nJoin\nhi\n"] {
            let finished = run_client(server.address(), input);
            assert_eq!((finished.code, finished.stdout.as_str()), (LEFT, WELCOME));
            let name = joined(&mut server);
            server.expect(&format!("{name}: hi"));
            server.expect(&format!("{name} has left the chat"));
        }
    }

    #[cfg(unix)]
    #[test]
    fn is_asked_for_again_in_a_terminal() {
        use chat_tests::Terminal;

        let server = Server::start();
        let address = server.address().to_string();
        let mut terminal = Terminal::start(Command::new(chat_client()).arg(&address));
        for typed in ["hello", "", "LEAVING", "join"] {
            terminal.screen.wait_for(PROMPT);
            terminal.type_line(typed);
        }
        terminal.screen.wait_for("Welcome to the chatroom!\r\n");
        terminal.press("\u{4}");
        let (code, screen) = terminal.finish();
        assert_eq!(code, LEFT);
        assert_eq!(
            screen,
            format!("{PROMPT}hello\n{PROMPT}\n{PROMPT}LEAVING\n{PROMPT}join\n{WELCOME}")
        );
    }

    /// Whoever does not join is never heard of: no connection is made.
    #[test]
    fn that_never_happened_is_an_error() {
        let listener = TcpListener::bind(loopback(0)).expect("there are free ports");
        listener
            .set_nonblocking(true)
            .expect("a socket has options");
        let address = listener.local_addr().expect("it is bound");
        for input in ["", "hello\n", "JOI", "leave\n"] {
            let finished = run_client(address, input);
            assert_eq!(finished.code, REFUSED, "{input:?}: {finished:?}");
            assert_eq!(finished.stdout, "");
            assert!(listener.accept().is_err(), "{input:?} made a connection");
        }
    }
}

mod what_is_refused {
    use super::*;

    #[test]
    fn over_long_lines_are_reported_and_the_rest_is_said() {
        let mut server = Server::start();
        let longest = "x".repeat(4096);
        let input = format!("JOIN\nbefore\n{longest}\n{longest}y\nafter\n");
        let finished = run_client(server.address(), input);
        assert_eq!(finished.code, REFUSED, "{finished:?}");
        assert!(finished.stderr.starts_with("* "), "{finished:?}");
        assert!(finished.stderr.contains("4096"), "{finished:?}");
        assert_eq!(finished.stderr.lines().count(), 1, "{finished:?}");
        assert_eq!(finished.stdout, WELCOME);

        let name = joined(&mut server);
        server.expect(&format!("{name}: before"));
        server.expect(&format!("{name}: {longest}"));
        server.expect(&format!("{name}: after"));
        server.expect(&format!("{name} has left the chat"));
    }

    #[test]
    fn lines_that_are_not_utf_8_are_reported_and_the_rest_is_said() {
        let mut server = Server::start();
        let finished = run_client(server.address(), b"JOIN\ncaf\xe9\nafter\n");
        assert_eq!(finished.code, REFUSED, "{finished:?}");
        assert!(finished.stderr.contains("UTF-8"), "{finished:?}");
        let name = joined(&mut server);
        server.expect(&format!("{name}: after"));
        server.expect(&format!("{name} has left the chat"));
    }

    /// `printf 'JOIN\nhi' | chat-client`: the input ends where its last line does, with a newline or without.
    #[test]
    fn a_last_line_without_a_newline_is_not_lost_silently() {
        let mut server = Server::start();
        let finished = run_client(server.address(), "JOIN\nhi\nlast");
        let name = joined(&mut server);
        server.expect(&format!("{name}: hi"));
        let next = server.transcript.line();
        if next == format!("{name}: last") {
            assert_eq!((finished.code, finished.stderr.as_str()), (LEFT, ""));
        } else {
            assert_eq!(next, format!("{name} has left the chat"));
            assert_eq!(finished.code, REFUSED, "{finished:?}");
            assert!(finished.stderr.starts_with("* "), "{finished:?}");
        }
    }
}

mod a_server {
    use super::*;

    #[test]
    fn that_is_not_there_is_reported() {
        let address = TcpListener::bind(loopback(0))
            .and_then(|listener| listener.local_addr())
            .expect("there are free ports");
        let finished = run_client(address, "JOIN\nhi\nleave\n");
        assert_eq!(finished.code, UNREACHABLE, "{finished:?}");
        assert_eq!(finished.stdout, "");
        assert!(finished.stderr.starts_with("* "), "{finished:?}");
        assert!(
            finished.stderr.contains(&address.to_string()),
            "{finished:?}"
        );
    }

    #[test]
    fn that_is_killed_is_reported() {
        let mut server = Server::start();
        let mut client = Client::text(server.address()).joined();
        client.type_line("hi");
        let name = joined(&mut server);
        server.expect(&format!("{name}: hi"));
        server.process.kill();

        let finished = client.finish();
        assert_eq!(finished.code, LOST, "{finished:?}");
        assert_eq!(finished.stdout, WELCOME);
        assert!(finished.stderr.starts_with("* "), "{finished:?}");
        assert_eq!(finished.stderr.lines().count(), 1, "{finished:?}");
    }

    #[test]
    fn that_resets_the_connection_is_reported() {
        let (listener, mut client) = fake_server();
        let mut server = accept(&listener);
        server.say("Welcome to the chatroom!");
        client.screen.expect("Welcome to the chatroom!");
        server.reset();
        let finished = client.finish();
        assert_eq!(finished.code, LOST, "{finished:?}");
        assert!(finished.stderr.starts_with("* "), "{finished:?}");
    }

    #[test]
    fn that_is_full_is_reported() {
        let server = Server::with(&["--max-connections", "1"]);
        let mut only = Raw::join(server.address());
        only.say("/who");
        only.expect_start("* In the room");
        let finished = run_client(server.address(), "JOIN\nhi\nleave\n");
        assert_eq!(finished.code, LOST, "{finished:?}");
        assert!(
            finished.stdout.starts_with("* Goodbye: the room is full"),
            "{finished:?}"
        );
    }

    #[test]
    fn that_ends_in_the_middle_of_a_line_is_reported() {
        let (listener, client) = fake_server();
        let mut server = accept(&listener);
        server.send(b"Welcome to the chatroom!\nUSER1: and th");
        drop(server);
        let finished = client.finish();
        assert_eq!(finished.code, LOST, "{finished:?}");
        assert!(finished.stdout.starts_with(WELCOME), "{finished:?}");
    }

    /// A fake server, and a client that is about to connect to it.
    fn fake_server() -> (TcpListener, Client) {
        let listener = TcpListener::bind(loopback(0)).expect("there are free ports");
        let address = listener.local_addr().expect("it is bound");
        let mut client = Client::text(address);
        client.type_line("JOIN");
        (listener, client)
    }

    /// The client's connection, of which its first line is read.
    fn accept(listener: &TcpListener) -> Raw {
        let (stream, _) = listener.accept().expect("the client connects");
        let mut raw = Raw::over(stream);
        raw.expect("JOIN");
        raw
    }
}

mod a_hostile_server {
    use super::*;

    /// Sequences that move the cursor, set the title, read the clipboard, ring, overwrite, or reverse the text, each as a
    /// line of its own, in every encoding of the escape.
    const ATTACKS: &[&[u8]] = &[
        b"USER1: \x1b[2J\x1b[H\x1b[31mred",
        b"USER1: \x1b]0;title\x07\x1b]52;c;aGk=\x1b\\",
        b"USER1: \xc2\x9b31m and \xc2\x9d0;title\xc2\x9c",
        b"USER1: honest\rUSER2: forged",
        b"USER1: \x08\x08\x08\x0b\x0c\x00\x7f",
        b"\x1b[1A* Goodbye: \x1bc",
        b"* \x1bP+q544e\x1b\\",
        b"USER1: two\xe2\x80\xa8USER2: lines\xe2\x80\xa9USER3: here",
        b"USER1: not UTF-8 \x9b31m \xff\xfe",
    ];

    #[test]
    fn cannot_reach_the_terminal() {
        let output = under_attack(ATTACKS.to_vec());
        let stdout = String::from_utf8(output).expect("what is printed is UTF-8");
        for character in stdout.chars() {
            let harmless = !character.is_control() || matches!(character, '\n' | '\t');
            let harmless = harmless && !matches!(character, '\u{2028}' | '\u{2029}');
            assert!(harmless, "{character:?} was printed: {stdout:?}");
        }
        assert!(
            stdout.contains("honest"),
            "what is harmless is shown: {stdout:?}"
        );
        assert_eq!(
            stdout.lines().count(),
            2 + ATTACKS.len(),
            "a line is a line: {stdout:?}"
        );
        assert!(stdout.ends_with("USER1: all's well\n"), "{stdout:?}");
    }

    #[test]
    fn cannot_fill_the_memory_with_a_line() {
        let endless = vec![b'x'; 16 * 1024 * 1024];
        let output = under_attack(vec![&endless]);
        assert!(output.len() < 1024 * 1024, "{} bytes printed", output.len());
        assert!(output.ends_with(b"USER1: all's well\n"));
    }

    /// What a client prints when a server sends these lines between the welcome and a harmless one.
    fn under_attack(lines: Vec<&[u8]>) -> Vec<u8> {
        let listener = TcpListener::bind(loopback(0)).expect("there are free ports");
        let address = listener.local_addr().expect("it is bound");
        let mut attack = WELCOME.as_bytes().to_vec();
        for line in lines {
            attack.extend_from_slice(line);
            attack.push(b'\n');
        }
        attack.extend_from_slice(b"USER1: all's well\n");
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("the client connects");
            stream.write_all(&attack).expect("the client reads");
            until_end(&stream);
        });

        let mut client = Client::text(address);
        client.type_line("JOIN");
        client.screen.wait_for("USER1: all's well\n");
        client.type_line("leave");
        let finished = client.finish();
        assert_eq!(finished.code, LEFT, "{finished:?}");
        server.join().expect("the fake server does not panic");
        finished.stdout.into_bytes()
    }

    fn until_end(mut stream: &TcpStream) {
        let mut sink = Vec::new();
        stream.read_to_end(&mut sink).expect("the client leaves");
    }
}

/// `chat-client … | head -1`: when nobody reads what it prints, the client leaves and says so.
#[test]
fn a_closed_output_ends_the_client() {
    let server = Server::start();
    let mut process = Process::spawn(
        Command::new(chat_client())
            .arg(server.address().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped()),
    );
    let child = process.child();
    let mut input = child.stdin.take().expect("it is piped");
    let output = child.stdout.take().expect("it is piped");
    let mut errors = child.stderr.take().expect("it is piped");
    input.write_all(b"JOIN head\n").expect("the client reads");
    let mut first = String::new();
    let mut output = BufReader::new(output);
    output.read_line(&mut first).expect("the client prints");
    assert_eq!(first, WELCOME);
    drop(output);

    // A child that another test is starting may hold a copy of the output for a moment, so one line may not be enough.
    let mut speaker = Raw::join(server.address());
    eventually("the exit of a client that nobody reads", || {
        speaker.say("is anybody there?");
        (!process.runs()).then_some(())
    });
    assert_eq!(process.exit_code(), REFUSED);
    speaker.expect("head has left the chat");
    let mut reported = String::new();
    errors.read_to_string(&mut reported).expect("it has exited");
    assert!(!reported.contains("panicked"), "{reported}");
    drop(input);
}

/// Lines that come while the input is at its end are still printed: whoever pipes a question in gets what was on its way.
#[test]
fn what_was_said_before_the_end_is_printed() {
    let server = Server::start();
    let mut client = Client::join(server.address());
    let mut speaker = Raw::join(server.address());
    for number in 0..1000 {
        speaker.say(&format!("line {number}"));
    }
    speaker.expect_nothing_more();
    client.end_input();
    let name = speaker.name();
    let finished = client.finish();
    let mut wanted = format!("{WELCOME}{name} has joined the chat\n");
    for number in 0..1000 {
        writeln!(wanted, "{name}: line {number}").expect("a string takes everything");
    }
    assert_eq!(finished.stdout, wanted);
    assert_eq!(finished.code, LEFT);
}

/// A full disk in place of the screen: the exit code does not claim that all is well.
#[cfg(target_os = "linux")]
#[test]
fn an_output_that_cannot_be_written_is_a_failure() {
    let server = Server::start();
    for _ in 0..5 {
        let full = std::fs::File::create("/dev/full").expect("there is such a device");
        let mut client = Process::spawn(
            Command::new(chat_client())
                .arg(server.address().to_string())
                .stdin(Stdio::piped())
                .stdout(full)
                .stderr(Stdio::piped()),
        );
        let mut input = client.child().stdin.take().expect("it is piped");
        input
            .write_all(b"JOIN\nhi\nLEAVE\n")
            .expect("the client reads");
        drop(input);
        assert_eq!(client.exit_code(), 1);
        let mut said = String::new();
        let mut errors = client.child().stderr.take().expect("it is piped");
        std::io::Read::read_to_string(&mut errors, &mut said).expect("it is UTF-8");
        assert!(said.contains("standard output"), "{said}");
    }
}

#[cfg(unix)]
mod a_transcript {
    use super::*;
    use chat_tests::{Output, Signal};
    use std::net::SocketAddr;
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;

    /// Forged, wherever a line that says it is torn at one of these.
    const WORDS: &str = "admin has left the chat";

    /// Much more than may wait anywhere.
    const FLOOD: usize = 16 * 1024 * 1024;

    struct Room {
        server: Process,
        address: SocketAddr,
        screen: BufReader<UnixStream>,
        log: Output,
    }

    impl Room {
        /// A server whose standard output is a socket, of which the first line is read.
        fn open(nonblocking: bool) -> Self {
            let (ours, theirs) = UnixStream::pair().expect("there are sockets");
            theirs
                .set_nonblocking(nonblocking)
                .expect("a socket has options");
            let mut command = Server::command(&[]);
            // What is logged of its output, and not who comes and goes.
            command
                .env("RUST_LOG", "off,chat_cli=warn")
                .stdin(Stdio::null());
            command.stdout(OwnedFd::from(theirs)).stderr(Stdio::piped());
            let mut server = Process::spawn(&mut command);
            let errors = server.child().stderr.take().expect("it is piped");
            let mut screen = BufReader::new(ours);
            let mut line = String::new();
            screen.read_line(&mut line).expect("the server prints");
            let address = line.trim_end().strip_prefix("Listening on ");
            let address = address.and_then(|address| address.parse().ok());
            Self {
                server,
                address: address.expect("the first line names the address"),
                screen,
                log: Output::of(errors),
            }
        }

        /// Stops the server; what it has shown since the last look, and what it has logged.
        fn stop(mut self) -> (String, String) {
            let reading = thread::spawn(move || {
                let mut rest = String::new();
                let read = self.screen.read_to_string(&mut rest);
                read.expect("what is shown is UTF-8");
                rest
            });
            self.server.signal(Signal::TERM);
            assert_eq!(self.server.exit_code(), 0);
            let rest = reading.join().expect("a reader does not panic");
            (rest, self.log.all())
        }
    }

    /// How many bytes the log says are missing, warning by warning.
    fn missing(log: &str) -> Vec<usize> {
        let number = |line: &str| {
            let (_, number) = line.split_once("bytes=")?;
            number.trim().parse().ok()
        };
        log.lines().filter_map(number).collect()
    }

    #[test]
    fn is_whole_lines_for_a_reader_that_is_too_slow() {
        let mut room = Room::open(false);
        let mut speaker = Raw::first_line(room.address, "JOIN mallory");
        let said = [WORDS; 4].join(" ");
        let flood = format!("{said}\n").repeat(2000);
        let mut shown = Vec::new();
        let mut part = vec![0; 32 * 1024];
        for _ in 0..FLOOD / flood.len() {
            speaker.send(flood.as_bytes());
            let length = room.screen.read(&mut part).expect("the server prints");
            shown.extend_from_slice(&part[..length]);
        }
        speaker.say("LEAVE");
        speaker.expect_end();
        drop(speaker);
        let (rest, log) = room.stop();
        let shown = String::from_utf8(shown).expect("what is shown is UTF-8") + &rest;
        let missing = missing(&log).iter().sum::<usize>();
        let mut lines: Vec<_> = shown.split('\n').collect();
        assert_eq!(lines.pop(), Some(""), "the last line is whole");
        let said = format!("mallory: {said}");
        let events = ["mallory has joined the chat", "mallory has left the chat"];
        for line in &lines {
            assert!(*line == said || events.contains(line), "{line:?}");
        }
        assert!(missing > 0, "the reader was not too slow");
    }

    /// Whoever shares a pipe with the server may have made it one that never blocks.
    #[test]
    fn is_complete_where_a_write_would_block() {
        let room = Room::open(true);
        let mut speaker = Raw::first_line(room.address, "JOIN ann");
        // More than a socket holds, and less than may wait.
        let said = "x".repeat(1000);
        speaker.send(format!("{said}\n").repeat(800).as_bytes());
        speaker.say("LEAVE");
        speaker.expect_end();
        drop(speaker);
        let (shown, log) = room.stop();
        let said = format!("ann: {said}\n").repeat(800);
        let events = ["ann has joined the chat\n", "ann has left the chat\n"];
        assert!(
            shown == format!("{}{said}{}", events[0], events[1]),
            "{} bytes, {log}",
            shown.len()
        );
        assert_eq!(log, "");
    }

    #[test]
    fn that_nobody_reads_is_reported_at_once_and_at_the_end() {
        for nonblocking in [false, true] {
            let mut room = Room::open(nonblocking);
            let mut speaker = Raw::first_line(room.address, "JOIN ann");
            let flood = format!("{}\n", "x".repeat(999)).repeat(1000);
            let line = "ann: ".len() + 1000;
            let mut said = "ann has joined the chat\n".len();
            for _ in 0..8 {
                speaker.send(flood.as_bytes());
                said += 1000 * line;
            }
            room.log.wait_for("lines are missing");
            speaker.say("LEAVE");
            speaker.expect_end();
            drop(speaker);
            let so_far = missing(&room.log.so_far());
            assert!(so_far.len() <= 2, "{so_far:?}");

            room.server.signal(Signal::TERM);
            assert_eq!(room.server.exit_code(), 0);
            said += "ann has left the chat\n".len();
            let mut shown = Vec::new();
            let read = room.screen.read_to_end(&mut shown);
            read.expect("what was written can be read");
            let missing: usize = missing(&room.log.all()).iter().sum();
            // Of a piece that is being written nobody knows how much is.
            let most = 64 * 1024;
            let twice = (shown.len() + missing).checked_sub(said);
            assert!(
                twice.is_some_and(|twice| twice <= most),
                "{missing} of {said} bytes, and {} are there",
                shown.len()
            );
        }
    }
}
