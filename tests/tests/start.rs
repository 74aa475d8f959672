//! Where a server listens.

use std::net::{Ipv6Addr, SocketAddr, TcpListener};
use std::process::Command;

use chat_tests::{Client, Raw, Server, chat_server, loopback};

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
