//! Signals: how a server is stopped, and how a client is interrupted.

#![cfg(unix)]

use std::io::{ErrorKind, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use chat_tests::{
    Client, Dir, Process, Raw, Server, Signal, chat_client, chat_server, eventually, loopback,
};

const SHUTTING_DOWN: &str = "* Goodbye: the server is shutting down.";
const STOPPING: [Signal; 4] = [Signal::INT, Signal::TERM, Signal::HUP, Signal::XCPU];
const ENDING: [Signal; 2] = [Signal::INT, Signal::TERM];

/// A server that starts with no signal ignored, however this test was started.
fn start() -> Server {
    let plain = Server::command(&[]);
    if !cfg!(target_os = "linux") {
        return Server::launch(plain, 1);
    }
    let mut command = Command::new("env");
    command.arg("--default-signal=HUP").arg(plain.get_program());
    command.args(plain.get_args());
    Server::launch(command, 1)
}

#[test]
fn a_stopping_server_tells_everyone_and_exits_in_order() {
    for signal in STOPPING {
        let mut server = start();
        let mut silent = Raw::connect(server.address());
        silent.expect("Welcome to the chatroom!");
        let mut speaker = Raw::first_line(server.address(), "JOIN speaker");
        silent.expect("speaker has joined the chat");
        let client = Client::text(server.address()).joined();
        speaker.say("last words");
        silent.line();
        silent.expect("speaker: last words");

        server.process.signal(signal);
        assert_eq!(silent.rest(), [SHUTTING_DOWN]);
        assert_eq!(
            speaker.rest().last().map(String::as_str),
            Some(SHUTTING_DOWN)
        );
        let finished = client.finish();
        assert_eq!(finished.code, 4, "{finished:?}");
        assert!(
            finished.stdout.ends_with(&format!("{SHUTTING_DOWN}\n")),
            "{finished:?}"
        );
        drop((silent, speaker));

        assert_eq!(server.process.exit_code(), 0);
        let refused = TcpStream::connect(server.address()).expect_err("nobody listens");
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        assert!(
            !server.log.all().contains("panicked"),
            "{}",
            server.log.all()
        );
    }
}

/// Signals that are of no use to a server, and would end it.
#[cfg(target_os = "linux")]
const OTHERS: [Signal; 5] = [
    Signal::POWER,
    Signal::ALARM,
    Signal::VTALARM,
    Signal::PROF,
    Signal::IO,
];

#[cfg(target_os = "linux")]
#[test]
fn a_server_stops_in_order_whatever_else_is_to_end_it() {
    for signal in OTHERS {
        let mut server = start();
        let mut member = Raw::first_line(server.address(), "JOIN");
        server.process.signal(signal);
        assert_eq!(member.rest(), [SHUTTING_DOWN], "{signal:?}");
        drop(member);
        assert_eq!(server.process.exit_code(), 0, "{signal:?}");
    }
}

#[test]
fn a_server_that_is_told_to_stop_while_it_starts_exits_in_order() {
    for _ in 0..5 {
        let dir = Dir::new("signals");
        let address = {
            let free = TcpListener::bind(loopback(0)).expect("a port is free");
            free.local_addr().expect("it has one")
        };
        let mut command = Command::new(chat_server());
        command.args(["--listen", &address.to_string()]);
        command.args(["--data", &dir.path("data")]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut server = Process::spawn(&mut command);
        // The first moment at which somebody may be there.
        eventually("a listener", || TcpStream::connect(address).ok());
        server.signal(Signal::TERM);
        assert_eq!(server.exit_code(), 0);
    }
}

#[test]
fn a_stopping_server_with_nobody_in_it_exits() {
    for signal in STOPPING {
        let mut server = start();
        server.process.signal(signal);
        assert_eq!(server.process.exit_code(), 0);
        assert_eq!(server.transcript.rest(), Vec::<String>::new());
    }
}

#[test]
fn signals_that_mean_nothing_here_end_nothing() {
    let mut command = Command::new("sh");
    command
        .args([
            "-c",
            r#"trap '' HUP; exec "$0" --listen 127.0.0.1:0 --ephemeral"#,
        ])
        .arg(chat_tests::chat_server());
    let mut server = Server::launch(command, 1);
    // As of `nohup`, as of a file at its limit, and for nothing.
    for signal in [
        Signal::HUP,
        Signal::XFSZ,
        Signal::USR1,
        Signal::USR2,
        Signal::PIPE,
    ] {
        server.process.signal(signal);
        let mut visitor = Raw::join(server.address());
        visitor.say("/who");
        assert!(visitor.line().starts_with("* "), "after {signal:?}");
        assert!(server.process.runs(), "after {signal:?}");
    }
    server.process.signal(Signal::TERM);
    assert_eq!(server.process.exit_code(), 0);
}

/// It was told everything, and does not close its side.
#[test]
fn a_stopping_server_does_not_wait_for_the_silent() {
    let mut server = Server::start();
    let _silent = Raw::join(server.address());
    server.process.signal(Signal::TERM);
    assert_eq!(server.process.exit_code(), 0);
}

mod a_server_that_waits_for_a_peer {
    use super::*;

    #[test]
    fn refuses_new_connections() {
        let (mut server, _deaf) = stopping();
        eventually("a refused connection", || {
            TcpStream::connect(server.address())
                .is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
                .then_some(())
        });
        assert_eq!(server.process.exit_code(), 0);
    }

    /// Its bound is 5 s, where the one who does not read is otherwise given 30 s.
    #[test]
    fn does_not_wait_for_long() {
        let started = Instant::now();
        let (mut server, _deaf) = stopping();
        assert_eq!(server.process.exit_code(), 0);
        assert!(started.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn exits_at_once_at_a_second_signal() {
        for second in ENDING {
            let (mut server, _deaf) = stopping();
            assert!(
                server.process.runs(),
                "it waits for the one who does not read"
            );
            server.process.signal(second);
            assert_eq!(server.process.exit_code(), 130);
        }
    }

    /// A terminal that closes may say so twice: its kernel does, and its shell.
    #[test]
    fn takes_no_second_word_from_a_closed_terminal() {
        let (mut server, mut deaf) = stopping();
        for _ in 0..2 {
            server.process.signal(Signal::HUP);
        }
        deaf.rest();
        assert_eq!(server.process.exit_code(), 0);
    }

    /// A server that was told to stop while it has more to send to someone than the kernel takes; and that someone, who
    /// reads nothing.
    fn stopping() -> (Server, Raw) {
        let mut server = start();
        let deaf = Raw::first_line(server.address(), "JOIN deaf");
        let mut speaker = Raw::join(server.address());
        let line = "x".repeat(4000);
        let mut said = 0;
        while !speaker.has_heard("deaf has left the chat") {
            assert!(said < 10_000, "deaf may be behind without a limit");
            for _ in 0..32 {
                speaker.say(&line);
                said += 1;
            }
        }
        server.process.signal(Signal::TERM);
        assert_eq!(speaker.rest(), [SHUTTING_DOWN]);
        (server, deaf)
    }
}

mod an_interrupted_client {
    use super::*;

    #[test]
    fn leaves() {
        // Whoever ends the program has it leave as LEAVE does; whoever interrupts it, too, but they do not wait.
        for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 0), (Signal::HUP, 0)] {
            if signal == Signal::HUP && is_under_nohup() {
                continue; // So is the client.
            }
            let mut server = Server::start();
            let mut client = Client::join(server.address());
            let joined = server.transcript.line();
            client.process.signal(signal);
            let finished = client.finish();
            assert_eq!(finished.code, code, "{finished:?}");
            let name = joined.trim_end_matches(" has joined the chat");
            server.expect(&format!("{name} has left the chat"));
        }
    }

    /// Whether this test was started with SIGHUP ignored.
    fn is_under_nohup() -> bool {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.is_some_and(|mask| {
            u64::from_str_radix(mask.trim(), 16).is_ok_and(|mask| mask & 1 == 1)
        })
    }

    #[test]
    fn need_not_have_joined() {
        let server = Server::start();
        let mut client = Client::start(server.address());
        client.type_line("not yet");
        // It handles signals once it has asked for a line, which nothing outside shows: a second attempt is fair.
        eventually("an interrupted client", || {
            if client.process.runs() {
                client.process.signal(Signal::INT);
            }
            (!client.process.runs()).then_some(())
        });
        assert_eq!(client.finish().code, 130);
    }

    /// `chat-client | less`, with nobody scrolling: what it prints goes nowhere, and Control-C works all the same.
    #[test]
    fn need_not_be_able_to_print() {
        let mut server = Server::start();
        let (mut process, _input) = stuck(&mut server, 100);
        process.signal(Signal::INT);
        assert_eq!(process.exit_code(), 130);
    }

    /// It has left and the server is done with it; only its output is still stuck.
    #[test]
    fn need_not_have_shown_everything() {
        let mut server = Server::start();
        let (mut process, mut input) = stuck(&mut server, 25);
        input.write_all(b"LEAVE\n").expect("the client reads");
        server.skip_to("stuck has left the chat");
        process.signal(Signal::INT);
        assert_eq!(process.exit_code(), 130);
    }

    /// A client whose output nobody reads, and its input, after others have said `lines` long lines.
    fn stuck(server: &mut Server, lines: usize) -> (Process, ChildStdin) {
        let mut process = Process::spawn(
            Command::new(chat_client())
                .arg(server.address().to_string())
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::null()),
        );
        let mut input = process.child().stdin.take().expect("it is piped");
        input.write_all(b"JOIN stuck\n").expect("the client reads");
        server.expect("stuck has joined the chat");
        let mut speaker = Raw::join(server.address());
        for _ in 0..lines {
            speaker.say(&"x".repeat(4000));
        }
        speaker.expect_nothing_more();
        (process, input)
    }

    /// Control-C as it is typed: the terminal makes the signal.
    #[cfg(target_os = "linux")]
    #[test]
    fn may_be_interrupted_from_its_keyboard() {
        use chat_tests::{Terminal, in_a_window};

        let mut server = Server::start();
        let mut terminal = Terminal::start(
            in_a_window()
                .arg(chat_client())
                .arg(server.address().to_string()),
        );
        terminal
            .screen
            .wait_for("Please type JOIN to join the Chatroom : ");
        terminal.type_line("JOIN terminal");
        terminal.screen.wait_for("Welcome to the chatroom!\r\n");
        terminal.press("\u{3}");
        assert_eq!(terminal.process.exit_code(), 130);
        server.expect("terminal has joined the chat");
        server.expect("terminal has left the chat");
    }
}
