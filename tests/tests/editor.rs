//! The line editor of `chat-client`, on real pseudo-terminals.

#![cfg(target_os = "linux")]

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use chat_tests::{
    Client, Process, Raw, Server, Signal, Terminal, chat_client, eventually, in_a_window,
};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

const PROMPT: &str = "Please type JOIN to join the Chatroom : ";
const WELCOME: &str = "Welcome to the chatroom!\r\n";

/// What has the terminal mark pastes, and what ends that.
const MARKS: (&str, &str) = ("\u{1b}[?2004h", "\u{1b}[?2004l");

fn command(server: &Server) -> Command {
    let mut command = in_a_window();
    command.arg(chat_client()).arg(server.address().to_string());
    command
}

/// A client in a terminal of 80 columns, in the room as `ann`; the terminal's settings before.
fn joined(server: &mut Server) -> (Terminal, String) {
    let mut terminal = Terminal::start(&mut command(server));
    let found = terminal.settings();
    terminal.screen.wait_for(PROMPT);
    eventually("raw mode", || terminal.is_raw().then_some(()));
    terminal.type_line("JOIN ann");
    terminal.screen.wait_for(WELCOME);
    server.expect("ann has joined the chat");
    (terminal, found)
}

/// 142 lines, one of which leaves if it is typed.
fn paste() -> Vec<String> {
    let line = |n| match n {
        41 => "leave".into(),
        42 => "/leave".into(),
        _ => format!("touch line-{n}"),
    };
    (1..=142).map(line).collect()
}

/// Nobody answers what they cannot have seen.
fn see() {
    thread::sleep(Duration::from_millis(50));
}

#[test]
fn a_paste_of_142_lines_is_asked_about_and_said() {
    let mut server = Server::start();
    let (mut terminal, _) = joined(&mut server);
    let lines = paste();
    let text = lines.join("\r") + "\r";
    // Nobody has asked the terminal to mark pastes yet.
    terminal.press(&text);
    terminal.screen.wait_for("Say 142 pasted lines? ");
    see();
    terminal.press("n");
    terminal.screen.wait_for("n\r\n");
    terminal.press(&format!("\u{1b}[200~{text}\u{1b}[201~"));
    terminal.screen.wait_for("Say 142 pasted lines? ");
    see();
    terminal.press("y");
    for line in &lines {
        server.expect(&format!("ann: {line}"));
    }
    terminal.type_line("leave");
    let (code, screen) = terminal.finish();
    assert_eq!(code, 0);
    assert!(screen.ends_with(MARKS.1), "{screen:?}");
    server.expect("ann has left the chat");
}

/// The text dialect has no way to say LEAVE.
#[test]
fn a_pasted_leave_does_not_leave_in_the_text_dialect_either() {
    let mut server = Server::start();
    let mut terminal = Terminal::start(command(&server).arg("--text"));
    terminal.screen.wait_for(PROMPT);
    terminal.type_line("JOIN ann");
    terminal.screen.wait_for(WELCOME);
    terminal.press("\u{1b}[200~one\rleave\r/who\r\u{1b}[201~");
    terminal
        .screen
        .wait_for("* Not sent: with --text, a line with LEAVE alone leaves the room.");
    server.expect("ann has joined the chat");
    server.expect("ann: one");
    server.expect("ann: /who");
    terminal.press("\u{4}");
    assert_eq!(terminal.finish().0, 1);
}

/// A client that ends while something is being pasted takes the rest of it with it.
#[test]
fn a_paste_does_not_reach_the_shell() {
    let mut server = Server::start();
    let mut shell = in_a_window();
    shell.args(["sh", "-i"]).env("PS1", "$ ");
    let mut terminal = Terminal::start(&mut shell);
    terminal.screen.wait_for("$ ");
    terminal.type_line(&format!("{} {}", chat_client().display(), server.address()));
    terminal.screen.wait_for(PROMPT);
    terminal.type_line("JOIN ann");
    terminal.screen.wait_for(WELCOME);
    terminal.press("\u{1b}[200~echo pwn\"\"ed\recho pwn\"\"ed\r");
    let client = eventually("the client's id", || {
        let out = Command::new("pgrep")
            .arg("-f")
            .arg(format!("^{} {}", chat_client().display(), server.address()))
            .output()
            .ok()?;
        String::from_utf8_lossy(&out.stdout)
            .trim()
            .parse::<u32>()
            .ok()
    });
    let kill = Command::new("kill")
        .args(["-TERM", &client.to_string()])
        .status();
    assert!(kill.expect("there is kill").success());
    terminal.press("echo pwn\"\"ed\recho pwn\"\"ed\r\u{1b}[201~");
    terminal.screen.wait_for("$ ");
    terminal.type_line("echo al\"\"ive; exit");
    let (_, screen) = terminal.finish();
    assert!(screen.contains("alive"), "{screen:?}");
    assert!(!screen.contains("pwned"), "{screen:?}");
    server.skip_to("ann has left the chat");
}

#[test]
fn what_arrives_is_not_written_into_what_is_being_typed() {
    let mut server = Server::start();
    let (mut terminal, _) = joined(&mut server);
    let mut bob = Raw::first_line(server.address(), "JOIN bob");
    terminal.screen.wait_for("bob has joined the chat\r\n");
    terminal.press("I am just writing a lon");
    terminal.screen.wait_for("a lon");
    bob.say("interruption!");
    terminal
        .screen
        .wait_for("bob: interruption!\r\nI am just writing a lon");
    terminal.type_line("g sentence");
    server.expect("bob has joined the chat");
    server.expect("bob: interruption!");
    server.expect("ann: I am just writing a long sentence");
}

#[test]
fn keys_edit_and_are_not_sent() {
    let mut server = Server::start();
    let (mut terminal, _) = joined(&mut server);
    let _bob = Raw::first_line(server.address(), "JOIN bob");
    terminal.screen.wait_for("bob has joined the chat\r\n");
    server.expect("bob has joined the chat");
    for (keys, line) in [
        ("helo\u{1b}[D?\u{1b}[Dl", "hell?o"),
        ("日本語\u{7f}\u{7f}", "日"),
        ("world\u{1}hello ", "hello world"),
        ("lost\u{3}kept", "kept"),
        ("bo\t\t\t", "bob: "),
    ] {
        terminal.type_line(keys);
        server.expect(&format!("ann: {line}"));
    }
    let long = "é".repeat(2048);
    terminal.type_line(&long);
    server.expect(&format!("ann: {long}"));
    terminal.type_line(&format!("{long}x"));
    terminal
        .screen
        .wait_for("* Not sent: the line has 4097 bytes; 4096 are the most.");
    terminal.press("\u{7f}\r");
    server.expect(&format!("ann: {long}"));
}

#[test]
fn control_d_and_control_c_on_an_empty_line_leave() {
    for (key, code) in [("\u{4}", 0), ("\u{3}", 130)] {
        let mut server = Server::start();
        let (mut terminal, found) = joined(&mut server);
        terminal.press(&format!("x{key}\u{15}\u{1}"));
        terminal.press("y\u{1}\u{4}");
        terminal.press(key);
        assert_eq!(terminal.process.exit_code(), code);
        assert_eq!(terminal.settings(), found);
        server.expect("ann has left the chat");
    }
}

#[test]
fn the_terminal_is_left_as_it_was_found_whatever_ends_the_program() {
    for (signal, code) in [
        (Signal::TERM, 0),
        (Signal::HUP, 0),
        (Signal::INT, 130),
        (Signal::QUIT, 130),
        (Signal::ABORT, 130),
        (Signal::ALARM, 130),
        #[cfg(target_os = "linux")]
        (Signal::IO, 130),
        #[cfg(target_os = "linux")]
        (Signal::POWER, 130),
    ] {
        let mut server = Server::start();
        let (mut terminal, found) = joined(&mut server);
        terminal.press("half a li\u{2}");
        terminal.screen.wait_for("\u{8}");
        assert_ne!(terminal.settings(), found);
        terminal.process.signal(signal);
        assert_eq!(terminal.process.exit_code(), code, "{signal:?}");
        assert_eq!(terminal.settings(), found, "{signal:?}");
        server.expect("ann has left the chat");
        let screen = terminal.finish().1;
        assert!(screen.contains(MARKS.0), "{screen:?}");
        assert!(screen.ends_with(&format!("\n{}", MARKS.1)), "{screen:?}");
    }
}

/// Every signal there is, sent from outside: what ends the program gives the terminal back.
#[test]
fn the_terminal_is_as_it_was_found_after_every_signal_that_ends_the_program() {
    // Nothing can be done about KILL, and STOP and its like stop the program; 32 and 33 are the C library's own.
    let apart = [9, 19, 20, 21, 22, 32, 33];
    let begun = |server: &Server| {
        let mut command = Command::new(chat_client());
        command.arg(server.address().to_string());
        let mut terminal = Terminal::start(&mut command);
        let found = terminal.settings();
        terminal.screen.wait_for(PROMPT);
        eventually("raw mode", || terminal.is_raw().then_some(()));
        terminal.type_line("JOIN");
        terminal.screen.wait_for(WELCOME);
        (terminal, found)
    };
    let server = Server::start();
    let (mut terminal, mut found) = begun(&server);
    let mut ended = 0;
    for signal in (1..=64).filter(|signal| !apart.contains(signal)) {
        let id = terminal.process.child().id().to_string();
        let sent = Command::new("kill")
            .args([&format!("-{signal}"), &id])
            .status();
        assert!(sent.expect("there is kill").success(), "{signal}");
        let is_outlived = [10, 11, 12, 13, 17, 18, 23, 25, 28].contains(&signal);
        if is_outlived {
            // What is to end it does so at once.
            thread::sleep(Duration::from_millis(200));
            assert!(terminal.process.runs(), "{signal}");
            if signal != 11 {
                continue;
            }
            // The runtime's own handler goes on after the first one; a new one begins with the next.
            terminal.press("\u{4}");
        }
        let status = terminal.process.child().wait().expect("it ends");
        let expected = match signal {
            1 | 11 | 15 | 24 => (Some(0), None),
            2 | 3 | 6 | 14 | 26 | 27 | 29 | 30 => (Some(130), None),
            34.. => (Some(128 + signal), None),
            _ => (None, Some(signal)),
        };
        assert_eq!((status.code(), status.signal()), expected, "{signal}");
        assert_eq!(terminal.settings(), found, "{signal}");
        ended += 1;
        (terminal, found) = begun(&server);
    }
    assert_eq!(ended, 49);
}

/// It asks, and is not answered by what came with it.
#[test]
fn a_paste_without_marks_does_not_answer_its_own_question() {
    let mut server = Server::start();
    let (mut terminal, _) = joined(&mut server);
    terminal.press("exit\ry\r");
    terminal
        .screen
        .wait_for("Say \"exit\" to everyone? y: yes, n: no");
    see();
    terminal.press("n");
    terminal.screen.wait_for("n\r\n");
    terminal.press("\u{15}");
    terminal.type_line("still here");
    server.expect("ann: still here");
}

#[test]
fn the_screen_is_cleared_and_nobody_told() {
    let mut server = Server::start();
    let (mut terminal, _) = joined(&mut server);
    terminal.type_line("/clear");
    terminal.screen.wait_for("\u{1b}[H\u{1b}[2J");
    terminal.type_line("/claer");
    terminal.screen.wait_for("Did you mean /clear?");
    terminal.type_line("hi");
    server.expect("ann: hi");
}

#[test]
fn tab_knows_who_has_said_nothing() {
    let mut server = Server::start();
    let _bob = Raw::first_line(server.address(), "JOIN bobby");
    server.expect("bobby has joined the chat");
    let (mut terminal, _) = joined(&mut server);
    terminal.press("bo\t");
    terminal.screen.wait_for("bobby: ");
    assert!(!terminal.screen.so_far().contains("In the room"));
    terminal.type_line("hi");
    server.expect("ann: bobby: hi");
}

/// Ctrl-\ as it is typed.
#[test]
fn control_backslash_quits() {
    let mut server = Server::start();
    let (mut terminal, found) = joined(&mut server);
    terminal.press("\u{1c}");
    assert_eq!(terminal.process.exit_code(), 130);
    assert_eq!(terminal.settings(), found);
}

#[test]
fn a_window_that_is_closed_leaves_the_room() {
    let mut server = Server::start();
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)
        .expect("there are terminals");
    grantpt(&ours)
        .and_then(|()| unlockpt(&ours))
        .expect("a new terminal is ours");
    let path = ptsname(&ours, Vec::new()).expect("a terminal has a name");
    let path = std::ffi::OsString::from_vec(path.into_bytes());
    let theirs = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .expect("it can be opened");
    let copy = || Stdio::from(theirs.try_clone().expect("a file can be shared"));
    // No terminal of the session: no signal comes, only the end.
    let mut process = Process::spawn(
        Command::new(chat_client())
            .arg(server.address().to_string())
            .env("TERM", "xterm")
            .stdin(copy())
            .stdout(copy())
            .stderr(copy()),
    );
    drop(theirs);
    let mut screen = std::fs::File::from(ours);
    screen
        .write_all(b"JOIN ann\r")
        .expect("a terminal takes what is typed");
    server.expect("ann has joined the chat");
    let mut some = [0; 16];
    screen.read_exact(&mut some).expect("a prompt is shown");
    drop(screen);
    server.expect("ann has left the chat");
    assert_eq!(process.exit_code(), 0);
}

#[test]
fn control_z_stops_and_what_was_typed_comes_back() {
    let server = Server::start();
    let mut shell = in_a_window();
    shell.args(["sh", "-i"]).env("PS1", "$ ");
    let mut terminal = Terminal::start(&mut shell);
    terminal.screen.wait_for("$ ");
    terminal.type_line(&format!("{} {}", chat_client().display(), server.address()));
    terminal.screen.wait_for(PROMPT);
    terminal.type_line("JOIN ann");
    terminal.screen.wait_for(WELCOME);
    terminal.press("half a li");
    terminal.screen.wait_for("half a li");
    terminal.press("\u{1a}");
    terminal.screen.wait_for("Stopped");
    terminal.screen.wait_for("$ ");
    assert!(!terminal.is_raw());
    terminal.type_line("fg");
    terminal.screen.wait_for("half a li");
    eventually("raw mode", || terminal.is_raw().then_some(()));
    terminal.type_line("ne");
    terminal.press("\u{4}");
    terminal.screen.wait_for("$ ");
    assert!(!terminal.is_raw());
    terminal.type_line("exit");
    assert_eq!(terminal.finish().0, 0);
}

/// Where nobody could continue it, it does not stop.
#[test]
fn control_z_does_nothing_without_a_shell() {
    let mut server = Server::start();
    let (mut terminal, _) = joined(&mut server);
    terminal.press("a\u{1a}");
    terminal.type_line("b");
    server.expect("ann: ab");
}

#[test]
fn a_terminal_that_is_stopped_holds_nobody_up() {
    let mut server = Server::start();
    let (mut terminal, found) = joined(&mut server);
    terminal.press("\u{13}");
    let mut bob = Raw::first_line(server.address(), "JOIN bob");
    for _ in 0..100 {
        bob.say(&"x".repeat(4000));
    }
    server.skip_to("bob has joined the chat");
    terminal.process.signal(Signal::INT);
    assert_eq!(terminal.process.exit_code(), 130);
    assert_eq!(terminal.settings(), found);
}

#[test]
fn a_terminal_that_can_do_nothing_is_used_as_before() {
    let mut server = Server::start();
    for term in ["dumb", ""] {
        let mut terminal = Terminal::start(command(&server).env("TERM", term));
        terminal.screen.wait_for(PROMPT);
        assert!(!terminal.is_raw());
        terminal.type_line("JOIN ann");
        terminal.screen.wait_for(WELCOME);
        terminal.type_line("leave");
        let (code, screen) = terminal.finish();
        assert_eq!((code, screen.contains('\u{1b}')), (0, false));
        server.expect("ann has joined the chat");
        server.expect("ann has left the chat");
    }
}

#[test]
fn another_width_is_told_from_the_next_line_on() {
    let mut server = Server::start();
    let (mut terminal, _) = joined(&mut server);
    let mut bob = Raw::first_line(server.address(), "JOIN bob");
    terminal.screen.wait_for("bob has joined the chat\r\n");
    terminal.resize(20, 5);
    terminal.press("x");
    terminal.screen.wait_for("x");
    // The size is looked at when the signal for it comes, which nothing outside shows.
    eventually("rows of 20 columns", || {
        bob.say("a line that is too long for them");
        terminal.screen.wait_for("bob: ");
        terminal
            .screen
            .so_far()
            .contains("bob: a line that is \r\n  too long for them\r\n")
            .then_some(())
    });
    let mut other = Client::join(server.address());
    other.end_input();
}

/// Somebody types while ten others say a hundred lines a second each.
#[test]
fn typing_echoes_while_a_thousand_lines_a_second_arrive() {
    const KEYS: u32 = 150;
    let mut server = Server::start();
    let (mut terminal, _) = joined(&mut server);
    let address = server.address();
    let stop = AtomicBool::new(false);
    let mut echoes = thread::scope(|scope| {
        let speakers: Vec<_> = (0..10)
            .map(|n| {
                let mut speaker = Raw::first_line(address, &format!("JOIN {n}{n}"));
                let stop = &stop;
                scope.spawn(move || {
                    let (begin, mut said) = (Instant::now(), 0);
                    while !stop.load(Ordering::Relaxed) {
                        speaker.say(&format!("{said:060}"));
                        said += 1;
                        let due = begin + Duration::from_millis(10) * said;
                        thread::sleep(due.saturating_duration_since(Instant::now()));
                    }
                    f64::from(said) / begin.elapsed().as_secs_f64()
                })
            })
            .collect();
        terminal.screen.wait_for("99: 0000");
        let mut echoes = Vec::new();
        for key in 0..KEYS {
            // A key that was never on the screen.
            let key = char::from_u32(0x4e00 + key).expect("a Han character");
            let pressed = Instant::now();
            terminal.press(&key.to_string());
            terminal.screen.wait_for(&key.to_string());
            echoes.push(pressed.elapsed());
            thread::sleep(Duration::from_millis(20));
        }
        stop.store(true, Ordering::Relaxed);
        let rate: f64 = speakers
            .into_iter()
            .map(|speaker| speaker.join().expect("it spoke"))
            .sum();
        println!("{rate:.0} lines a second");
        echoes
    });
    echoes.sort();
    let at = |part: usize| echoes[(echoes.len() - 1) * part / 100];
    println!(
        "echo: median {:?}, p99 {:?}, max {:?}",
        at(50),
        at(99),
        at(100)
    );
    assert!(at(50) < Duration::from_millis(16), "median {:?}", at(50));
}
