//! How a server starts: where it listens, what it tells once, and what its log tells by default.

use std::net::{Ipv6Addr, SocketAddr, TcpListener};
use std::process::Command;

use chat_tests::{Client, Dir, Raw, Server, chat_server, loopback};

/// A server with these arguments and a history in memory.
fn ephemeral(arguments: &[&str]) -> Command {
    let mut command = Command::new(chat_server());
    command.args(arguments).arg("--ephemeral");
    command
}

fn free_port() -> u16 {
    let free = TcpListener::bind(loopback(0)).expect("there are free ports");
    free.local_addr().expect("it is bound").port()
}

fn on_v6(port: u16) -> SocketAddr {
    (Ipv6Addr::LOCALHOST, port).into()
}

fn has_ipv6() -> bool {
    TcpListener::bind(on_v6(0)).is_ok()
}

/// All lines `Listening on …` of a server that is stopped for that.
fn listens_on(mut server: Server) -> Vec<SocketAddr> {
    let mut found = server.addresses().to_vec();
    let speaker = Raw::join(server.address());
    let joined = format!("{} has joined the chat", speaker.name());
    for line in server.transcript.skip_to(&joined) {
        let address = line
            .strip_prefix("Listening on ")
            .expect("nobody is in yet");
        found.push(address.parse().expect("an address"));
    }
    found
}

mod addresses {
    use super::*;

    #[test]
    fn a_number_alone_is_a_port_of_this_machine() {
        for text in ["{}", ":{}"] {
            let port = free_port();
            let text = text.replace("{}", &port.to_string());
            let server = Server::launch(ephemeral(&["--listen", &text]), 1);
            assert_eq!(server.addresses(), [loopback(port)], "--listen {text}");
            let _member = Client::with(&[&text]).joined();
        }
    }

    #[test]
    fn ipv6_needs_brackets_only_before_a_port() {
        if !has_ipv6() {
            return;
        }
        let server = Server::launch(ephemeral(&["--listen", "[::1]:0"]), 1);
        let address = server.address();
        assert_eq!(address.ip(), Ipv6Addr::LOCALHOST);
        let _member = Client::with(&[&address.to_string()]).joined();
    }

    #[test]
    fn a_name_is_all_of_its_addresses() {
        let count = if has_ipv6() { 2 } else { 1 };
        let server = Server::launch(ephemeral(&["--listen", "localhost:0"]), count);
        let port = server.address().port();
        let both = [loopback(port), on_v6(port)];
        assert_eq!(listens_on(server), both[..count]);

        let port = free_port();
        let name = format!("localhost:{port}");
        let here = format!("127.0.0.1:{port}");
        let command = ephemeral(&["--listen", &name, "--listen", &here, "--listen", &name]);
        let server = Server::launch(command, count);
        let both = [loopback(port), on_v6(port)];
        assert_eq!(listens_on(server), both[..count], "each once");
    }

    #[test]
    fn one_address_of_a_name_that_is_in_use_is_an_error() {
        if !has_ipv6() {
            return;
        }
        let taken = TcpListener::bind(on_v6(0)).expect("there are free ports");
        let address = taken.local_addr().expect("it is bound");
        let name = format!("localhost:{}", address.port());
        let output = ephemeral(&["--listen", &name]).output();
        let output = output.expect("it can be started");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(&address.to_string()), "{said}");
    }

    #[test]
    fn every_address_of_both_kinds_can_be_given_at_once() {
        if !has_ipv6() {
            return;
        }
        let port = free_port();
        let [v4, v6] = [format!("0.0.0.0:{port}"), format!("[::]:{port}")];
        for given in [[&v4, &v6], [&v6, &v4]] {
            let command = ephemeral(&["--listen", given[0], "--listen", given[1]]);
            let server = Server::launch(command, 2);
            let found = server.addresses().iter().map(ToString::to_string);
            assert!(found.eq(given.map(String::clone)), "{given:?}");
            Raw::join(loopback(port));
            Raw::join(on_v6(port));
        }
        let server = Server::launch(ephemeral(&["--listen", &v6, "--listen", "0"]), 2);
        Raw::join(on_v6(port));
        Raw::join(loopback(port)); // [::] alone has these too.
        drop(server);
    }
}

mod notes {
    use super::*;

    /// What a server with these arguments has told by the time somebody is in the room.
    fn told(arguments: &[&str]) -> String {
        let mut command = Command::new(chat_server());
        command
            .args(arguments)
            .env("RUST_LOG", "off,chat_server=info,chat_net=info");
        let mut server = Server::launch(command, 1);
        let port = server.address().port();
        let member = Raw::join(loopback(port));
        server.log.wait_for(" joined conn");
        drop(member);
        server.log.so_far()
    }

    const LAN: &str = "other machines can connect";
    const ROOT: &str = "running as root";
    const MODE: &str = "the history is not private";

    #[cfg(unix)]
    #[test]
    fn tell_of_a_history_that_others_can_read_and_a_new_one_is_none() {
        use std::fs::{self, Permissions};
        use std::os::unix::fs::PermissionsExt;

        let dir = Dir::new("start");
        let data = dir.path("above/data");
        let arguments = ["--listen", "0", "--data", &data];
        let log = told(&arguments);
        assert!(!log.contains(MODE), "{log}");
        let mode = |path: &str| {
            let found = fs::metadata(path).expect("it is there");
            found.permissions().mode() & 0o777
        };
        assert_eq!((mode(&dir.path("above")), mode(&data)), (0o700, 0o700));
        let files: Vec<_> = fs::read_dir(&data)
            .expect("it is there")
            .map(|file| file.expect("it is there").path())
            .collect();
        assert!(files.len() >= 2, "{files:?}");
        for file in files {
            assert_eq!(mode(file.to_str().expect("text")), 0o600, "{file:?}");
        }

        fs::set_permissions(&data, Permissions::from_mode(0o755)).expect("it is ours");
        let log = told(&arguments);
        assert_eq!(log.matches(MODE).count(), 1, "{log}");
        assert!(log.contains(&format!("chmod -R go= {data:?}")), "{log}");
    }

    #[cfg(unix)]
    #[test]
    fn tell_of_a_user_who_may_do_everything() {
        let is_root = rustix::process::geteuid().is_root();
        let log = told(&["--listen", "0", "--ephemeral"]);
        assert_eq!(log.matches(ROOT).count(), usize::from(is_root), "{log}");
        assert!(!log.contains(LAN), "{log}");
    }

    #[test]
    fn tell_of_an_address_that_other_machines_reach() {
        let log = told(&["--listen", "0.0.0.0:0", "--ephemeral"]);
        assert_eq!(log.matches(LAN).count(), 1, "{log}");
        let note = log.lines().find(|line| line.contains(LAN));
        assert!(
            note.is_some_and(|note| note.contains("WARN") && note.contains("TLS")),
            "{log}"
        );
    }
}

mod logs {
    use super::*;

    #[test]
    fn tell_by_default_who_came_and_went_and_not_what_was_said() {
        for format in ["text", "json"] {
            let command = ephemeral(&["--listen", "0", "--log-format", format]);
            let mut server = Server::launch(command, 1);
            let mut ann = Raw::first_line(server.address(), "JOIN ann");
            ann.say("between you and me");
            ann.say("LEAVE");
            ann.expect_end();
            let peer = ann.address().to_string();
            drop(ann);
            server.log.wait_for("left");
            let mut stranger = Raw::connect(server.address());
            stranger.send(b"GET / HTTP/1.1\r\n\r\n");
            stranger.rest();
            drop(stranger);
            server.log.wait_for("refused");
            let log = server.log.so_far();
            let left = log.lines().find(|line| line.contains("left"));
            let left = left.unwrap_or_else(|| panic!("{log}"));
            for told in ["connected", "joined"] {
                assert!(log.contains(told), "{told}: {log}");
            }
            for part in [&*peer, "ann", "conn", "reason"] {
                assert!(left.contains(part), "{left}");
            }
            assert!(!log.contains("between you and me"), "{log}");
        }
    }

    #[test]
    fn have_a_bound_in_a_storm() {
        let mut server = Server::launch(ephemeral(&["--listen", "0"]), 1);
        for _ in 0..300 {
            Raw::join(server.address()).reset();
        }
        server.log.wait_for("and more connected");
        let log = server.log.so_far();
        // Unless that took more than ten seconds: then there were two whiles, or more of them.
        let whiles = log.matches("and more connected").count();
        assert!(
            log.lines().count() <= (whiles + 1) * (3 * 50 + 1) + 3,
            "{log}"
        );
    }

    #[cfg(unix)]
    mod on_a_terminal {
        use super::*;
        use chat_tests::Terminal;

        const NAMES: [&str; 5] = ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TERM", "RUST_LOG"];

        fn command(arguments: &[&str], environment: &[(&str, &str)]) -> Command {
            let mut command = ephemeral(arguments);
            for name in NAMES {
                command.env_remove(name);
            }
            command
                .env("TERM", "xterm")
                .envs(environment.iter().copied());
            command
        }

        /// What is on a terminal up to the line of somebody who joined, and after `Listening on …`.
        #[test]
        fn leave_the_screen_as_it_is_documented() {
            let mut server = Terminal::start(&mut command(&["--listen", "0"], &[]));
            server.screen.wait_for("Listening on ");
            let address = server.screen.line();
            let address = address.trim_end().parse().expect("an address");
            let mut ann = Raw::first_line(address, "JOIN ann");
            ann.say("Hi Guys!!!");
            ann.say("leave");
            ann.expect_end();
            drop(ann);
            server.screen.expect("ann has joined the chat\r");
            server.screen.expect("ann: Hi Guys!!!\r");
            server.screen.expect("ann has left the chat\r");
            server.process.kill();
            assert_eq!(server.screen.rest(), [""; 0]);
        }

        #[test]
        fn have_colours_unless_the_environment_says_otherwise() {
            let shown = |environment: &[(&str, &str)]| {
                let mut environment = environment.to_vec();
                environment.push(("RUST_LOG", "info"));
                let mut server = Terminal::start(&mut command(&["--listen", "0"], &environment));
                server.screen.wait_for("Listening on ");
                let address = server.screen.line();
                Raw::join(address.trim_end().parse().expect("an address"));
                server.screen.wait_for("joined");
                server.screen.so_far()
            };
            assert!(shown(&[]).contains('\x1b'));
            for plain in [("NO_COLOR", "1"), ("CLICOLOR", "0"), ("TERM", "dumb")] {
                let shown = shown(&[plain]);
                assert!(!shown.contains('\x1b'), "{plain:?}: {shown:?}");
            }
        }

        #[test]
        fn help_has_no_colours_at_all() {
            for argument in ["--help", "--nonsense"] {
                let help = Terminal::start(&mut command(&[argument], &[("CLICOLOR_FORCE", "1")]));
                let (_, shown) = help.finish();
                assert!(
                    shown.contains("--help") && !shown.contains('\x1b'),
                    "{shown:?}"
                );
            }
        }

        #[test]
        fn may_have_colours_elsewhere_if_that_is_wanted() {
            for (forced, has) in [("1", true), ("0", false)] {
                let environment = [("CLICOLOR_FORCE", forced)];
                let mut server = Server::launch(command(&["--listen", "0"], &environment), 1);
                Raw::join(server.address());
                server.log.wait_for("joined");
                assert_eq!(server.log.so_far().contains('\x1b'), has);
            }
        }
    }
}
