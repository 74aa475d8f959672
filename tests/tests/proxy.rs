//! A server behind a balancer.

use chat_tests::{Raw, Server};

const HEADER: &str = "PROXY TCP4 192.0.2.7 10.0.0.1 8080 5000\r\n";

#[test]
fn a_connection_is_known_by_whom_a_trusted_balancer_says_it_comes_from() {
    let mut server = Server::with(&["--proxy-from", "127.0.0.0/8"]);
    let mut through = Raw::connect(server.address());
    through.send(format!("{HEADER}JOIN\nhi\n").as_bytes());
    server.expect("USER8080 has joined the chat");
    server.expect("USER8080: hi");
    server.log.wait_for("peer=192.0.2.7:8080");
}

#[test]
fn whoever_is_no_trusted_balancer_is_not_believed() {
    for trusted in [&[][..], &["--proxy-from", "10.0.0.0/8"]] {
        let mut server = Server::with(trusted);
        let mut by_itself = Raw::connect(server.address());
        by_itself.send(format!("{HEADER}JOIN\nhi\n").as_bytes());
        server.log.wait_for("refused");
        assert!(!server.transcript.so_far().contains("joined"));
    }
}
