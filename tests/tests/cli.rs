//! The two commands as commands: help, usage, addresses, logs, and an output that nobody reads.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{ChildStdout, Command, Output, Stdio};

use chat_tests::{Client, Process, Raw, Server, chat_client, chat_server, loopback};

const USAGE: i32 = 2;

fn run(program: &Path, arguments: &[&str]) -> Output {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("the binaries can be started")
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).expect("what is printed is UTF-8")
}

#[cfg(unix)]
fn stop(server: &mut Process) {
    server.signal(chat_tests::Signal::TERM);
    assert_eq!(server.exit_code(), 0);
}

#[cfg(not(unix))]
fn stop(server: &mut Process) {
    server.kill();
}

mod help_and_version {
    use super::*;

    #[test]
    fn help_names_everything_there_is() {
        for (program, words) in [
            (
                chat_server(),
                &[
                    "--listen",
                    "127.0.0.1:5000",
                    "--log-format",
                    "json",
                    "RUST_LOG",
                    "--max-connections",
                    "--host-connections",
                    "--host-unjoined",
                    "--host-joins",
                    "--host-detached",
                    "--host-tokens",
                    "--limit-loopback",
                    "--data",
                    "--ephemeral",
                    "--keep-days",
                    "--keep-entries",
                    "--keep-bytes",
                    "--config",
                    "--admin",
                    "--metrics",
                    "CHAT_…",
                    "check",
                    "export",
                    "import",
                    "STATE_DIRECTORY",
                ][..],
            ),
            (
                chat_client(),
                &["--local-port", "127.0.0.1:5000", "JOIN", "leave", "130"][..],
            ),
        ] {
            let output = run(program, &["--help"]);
            assert_eq!(output.status.code(), Some(0));
            assert_eq!(text(&output.stderr), "");
            let help = text(&output.stdout);
            for word in words {
                assert!(help.contains(word), "{word} is not in:\n{help}");
            }
        }
    }

    #[test]
    fn what_help_says_after_the_options_fits_a_terminal_of_80_columns() {
        for program in [chat_server(), chat_client()] {
            let [narrow, wide] = ["80", "300"].map(|columns| {
                let mut command = Command::new(program);
                command.arg("--help").env("COLUMNS", columns);
                let output = command.output().expect("it runs");
                text(&output.stdout).to_owned()
            });
            let after = wide.find("\nExamples:").or(wide.find("\nHistory, unless"));
            let after = &wide[after.expect("the options end somewhere")..];
            assert!(narrow.ends_with(after), "{program:?}: {narrow}");
        }
    }

    #[test]
    fn version_is_the_packages() {
        for (program, name) in [
            (chat_server(), "chat-server"),
            (chat_client(), "chat-client"),
        ] {
            let output = run(program, &["--version"]);
            assert_eq!(output.status.code(), Some(0));
            let version = concat!(" ", env!("CARGO_PKG_VERSION"), "\n");
            assert_eq!(text(&output.stdout), format!("{name}{version}"));
        }
    }
}

#[test]
fn usage_errors_exit_with_2() {
    let server: &[&[&str]] = &[
        &["--nonsense"],
        &["surplus"],
        &["--data"],
        &["--data", "here", "--ephemeral"],
        &["--keep-days", "2", "--ephemeral"],
        &["--keep-days", "0"],
        &["--keep-entries", "few"],
        &["--keep-bytes", "2G"],
        &["check", "surplus"],
        &["export", "--ephemeral"],
        &["--data", "here", "import"],
        &["--listen"],
        &["--listen", "127.0.0.1:port"],
        &["--listen", "127.0.0.1:70000"],
        &["--listen", "65536"],
        &["--listen", ":65536"],
        &["--listen", "[::1]:65536"],
        &["--listen", "127.1"],
        &["--listen", "0177.0.0.1"],
        &["--listen", "2130706433"],
        &["--listen", "0x7f000001"],
        &["--listen", "::1:5000"],
        &["--log-format", "xml"],
        &["--max-connections", "many"],
        &["--max-connections", "-1"],
        &["--host-connections", "many"],
        &["--host-unjoined", "-1"],
        &["--host-joins", "1.5"],
        &["--host-detached"],
        &["--host-tokens", ""],
    ];
    let client: &[&[&str]] = &[
        &["--nonsense"],
        &["127.0.0.1:70000"],
        &["127.0.0.1:port"],
        &["65536"],
        &["127.1"],
        &["0x7f000001"],
        &["::1:5000"],
        &["127.0.0.1:5000", "surplus"],
        &["--local-port"],
        &["--local-port", "70000"],
        &["--local-port", "first"],
    ];
    for (program, wrong) in [(chat_server(), server), (chat_client(), client)] {
        for arguments in wrong {
            let output = run(program, arguments);
            let said = text(&output.stderr);
            assert_eq!(output.status.code(), Some(USAGE), "{arguments:?}: {said}");
            assert_eq!(text(&output.stdout), "", "{arguments:?}");
            assert!(said.contains("--help"), "{arguments:?}: {said}");
        }
    }
}

mod numbers {
    use super::*;

    #[test]
    fn that_make_no_sense_are_refused_with_what_is_wanted() {
        for (option, wanted) in [
            ("--max-connections", "a whole number from 1 on is wanted"),
            ("--threads", "a whole number from 1 to 64 is wanted"),
        ] {
            for value in ["0", "many"] {
                let refused = Command::new(chat_server()).args([option, value]).output();
                let refused = refused.expect("the server runs");
                assert_eq!(refused.status.code(), Some(2), "{option} {value}");
                let told = String::from_utf8_lossy(&refused.stderr);
                assert!(told.contains(wanted), "{told}");
            }
        }
    }
}

mod addresses {
    use super::*;

    #[test]
    fn may_be_several_with_one_room_behind_them() {
        let command = Server::command(&["--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0"]);
        let server = Server::launch(command, 3);
        let [first, second, third] = server.addresses() else {
            panic!("three were asked for");
        };
        let mut ports = [first.port(), second.port(), third.port()];
        ports.sort_unstable();
        assert!(
            ports[0] != 0 && ports[0] < ports[1] && ports[1] < ports[2],
            "{ports:?}"
        );

        let mut one = Raw::join(*first);
        let mut two = Raw::join(*second);
        let mut three = Raw::join(*third);
        one.expect(&format!("{} has joined the chat", two.name()));
        for raw in [&mut one, &mut two] {
            raw.expect(&format!("{} has joined the chat", three.name()));
        }
        three.say("hello, all");
        for raw in [&mut one, &mut two] {
            raw.expect(&format!("{}: hello, all", three.name()));
        }
    }

    #[test]
    fn in_use_are_named_in_a_clear_error() {
        let taken = TcpListener::bind(loopback(0)).expect("there are free ports");
        let address = taken.local_addr().expect("it is bound").to_string();
        for arguments in [
            &["--ephemeral", "--listen", &address][..],
            &[
                "--ephemeral",
                "--listen",
                "127.0.0.1:0",
                "--listen",
                &address,
            ],
        ] {
            let output = run(chat_server(), arguments);
            let said = text(&output.stderr);
            assert!(output.status.code().is_some_and(|code| code != 0), "{said}");
            assert!(said.contains(&address), "{said}");
            assert!(!said.contains("panicked"), "{said}");
            assert!(!text(&output.stdout).contains(&address));
        }
    }

    #[test]
    fn of_a_client_may_be_chosen() {
        let mut server = Server::start();
        let port = TcpListener::bind(loopback(0))
            .and_then(|listener| listener.local_addr())
            .expect("there are free ports")
            .port();
        let address = server.address().to_string();
        let arguments = [address.as_str(), "--local-port", &port.to_string()];
        let mut client = Client::with(&arguments);
        client.type_line("JOIN");
        server.expect(&format!("USER{port} has joined the chat"));

        let mut another = Client::with(&arguments);
        another.type_line("JOIN");
        let refused = another.finish();
        assert_eq!(refused.code, 3, "{refused:?}");
        assert!(refused.stderr.contains(&port.to_string()), "{refused:?}");

        client.type_line("leave");
        assert_eq!(client.finish().code, 0);
    }
}

mod logs {
    use super::*;

    #[test]
    fn in_json_are_json_and_only_on_the_error_output() {
        let mut command = Server::command(&["--log-format", "json"]);
        command.env("RUST_LOG", "trace");
        let server = Server::launch(command, 1);
        let mut raw = Raw::join(server.address());
        raw.say("a line with \"quotes\"");
        raw.say("leave");
        raw.expect_end();
        let (transcript, log) = ended(server);
        let name = raw.name();
        assert_eq!(
            transcript,
            [
                format!("{name} has joined the chat"),
                format!("{name}: a line with \"quotes\""),
                format!("{name} has left the chat"),
            ]
        );
        assert_ne!(log, "");
        for line in log.lines() {
            let object = line.starts_with('{') && line.ends_with('}');
            assert!(object && line.contains(r#""level":""#), "not JSON: {line}");
        }
    }

    #[test]
    fn as_text_leave_the_transcript_alone_too() {
        let mut command = Server::command(&["--log-format", "text"]);
        command.env("RUST_LOG", "trace");
        let server = Server::launch(command, 1);
        let mut raw = Raw::join(server.address());
        raw.say("leave");
        raw.expect_end();
        let (transcript, log) = ended(server);
        assert_eq!(transcript.len(), 2, "{transcript:?}");
        assert_ne!(log, "");
        assert!(
            !log.contains('\x1b'),
            "no colours where there is no terminal: {log:?}"
        );
    }

    /// What is said in the room is the room's business, and a token is its owner's.
    #[test]
    fn do_not_repeat_what_is_said_nor_a_token_however_much_they_tell() {
        let mut command = Command::new(chat_server());
        command.args(["--listen", "127.0.0.1:0", "--ephemeral"]);
        command.env("RUST_LOG", "trace");
        let server = Server::launch(command, 1);
        let mut raw = Raw::join(server.address());
        raw.say("between you and me");
        let token = "0123456789abcdef0123456789abcdef";
        let hello = format!("JOIN {{\"session\":\"{token}\"}}");
        let mut program = Raw::connect(server.address());
        program.say(&hello);
        program.expect_start("{\"type\":\"welcome\"");
        program.say("{\"type\":\"say\",\"text\":\"only for us\"}");
        program.say("{\"type\":\"leave\"}");
        let mut stranger = Raw::connect(server.address());
        stranger.say("PASS hunter2");
        stranger.expect_start("ERROR");
        raw.say("leave");
        let _ = raw.rest();
        let (_, log) = ended(server);
        assert!(log.contains("joined conn="), "{log}");
        for secret in ["between you and me", "only for us", token, "hunter2"] {
            assert!(!log.contains(secret), "{secret}: {log}");
        }
    }

    /// The transcript and the log of a server when the room is empty.
    fn ended(mut server: Server) -> (Vec<String>, String) {
        let mut transcript = Vec::new();
        while !transcript
            .last()
            .is_some_and(|line: &String| line.ends_with(" has left the chat"))
        {
            transcript.push(server.transcript.line());
        }
        // What was logged is written then.
        stop(&mut server.process);
        transcript.append(&mut server.transcript.rest());
        (transcript, server.log.all())
    }
}

mod an_output_that_nobody_reads {
    use super::*;

    #[test]
    fn does_not_stop_the_room_when_it_is_full() {
        let (mut server, address, unread) = unread_server();
        talk(address);
        assert!(server.runs());
        stop(&mut server);
        drop(unread);
    }

    #[test]
    fn does_not_stop_the_room_when_it_is_closed() {
        let (mut server, address, unread) = unread_server();
        drop(unread);
        talk(address);
        assert!(server.runs());
        stop(&mut server);
    }

    /// A server, its address, and its output, of which the first line was read.
    fn unread_server() -> (Process, SocketAddr, BufReader<ChildStdout>) {
        let mut command = Server::command(&[]);
        let mut process = Process::spawn(
            command
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::null()),
        );
        let stdout = process.child().stdout.take().expect("it is piped");
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        stdout.read_line(&mut line).expect("the server prints");
        let address = line
            .trim_end()
            .rsplit(' ')
            .next()
            .and_then(|address| address.parse().ok())
            .expect("the first line ends with the address");
        (process, address, stdout)
    }

    /// Several times what a pipe holds.
    fn talk(address: SocketAddr) {
        let mut speaker = Raw::first_line(address, "JOIN speaker");
        let mut listener = Raw::join(address);
        let line = "x".repeat(4000);
        for _ in 0..200 {
            speaker.say(&line);
            listener.expect(&format!("speaker: {line}"));
        }
    }
}
