//! The server over pipes in memory: `cargo run -p chat-core --example server`.

use chat_core::{Action, ConnId, Input, Limits, Server, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;

fn main() {
    let mut server = Server::new(Limits::default());
    // What each connection was sent: the other end of its pipe.
    let mut pipes: BTreeMap<ConnId, Vec<u8>> = BTreeMap::new();
    let mut now = Timestamp::ZERO;
    let [ann, bob] = [61014, 61015].map(|port| server.accept(now, port).expect("there is room"));
    for (conn, line) in [
        (ann, "JOIN\n"),
        (bob, "JOIN bob\n"),
        (ann, "hello, bob\n"),
        (bob, "leave\n"),
    ] {
        // What happened goes in …
        server.handle(now, Input::Received(conn, line.as_bytes()));
        // … and what is to be written comes out, each socket taking as much as it has room for.
        server.pass(now, |conn, slices| {
            let pipe = pipes.entry(conn).or_default();
            let before = pipe.len();
            for slice in slices {
                pipe.extend_from_slice(slice);
            }
            pipe.len() - before
        });
        server.transcript(|lines| print!("{}", String::from_utf8_lossy(lines)));
        while let Some(action) = server.poll_action() {
            if let Action::Finish(conn) = action {
                server.handle(now, Input::Eof(conn)); // It closes its side, too.
            }
        }
        // Time passes by being said.
        now = now + Duration::from_millis(10);
        if server.next_timeout().is_some_and(|(due, _)| due <= now) {
            server.handle(now, Input::Timeout);
        }
    }
    for (conn, pipe) in pipes {
        println!(
            "\n{conn:?} was sent:\n{}",
            String::from_utf8_lossy(&pipe).trim_end()
        );
    }
}
