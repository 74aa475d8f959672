//! The full-screen client over TLS.

use super::OverTls;
use chat_tests::{Dir, Terminal, chat, eventually, in_a_window};

#[test]
fn the_full_screen_client_asks_once_about_a_server_and_talks_to_it() {
    let mut over_tls = OverTls::with(&[]);
    let state = Dir::new("chat-over-tls");
    let url = over_tls.url();
    let start = |name: &str| {
        let mut command = in_a_window();
        command
            .arg("--wait")
            .arg(chat())
            .args([url.as_str(), "--name", name, "--no-state"])
            .env("XDG_STATE_HOME", state.as_ref())
            .env("SSL_CERT_FILE", state.path("nobody"))
            .env_remove("SSL_CERT_DIR");
        let terminal = Terminal::start(&mut command);
        terminal.resize(80, 24);
        terminal
    };
    let mut first = start("ann");
    eventually("it asks about the server", || {
        first.screen.so_far().contains("yes").then_some(())
    });
    assert!(first.screen.so_far().contains(&over_tls.fingerprint));
    first.type_line("yes");
    over_tls.server.expect("ann has joined the chat");
    first.type_line("hello over TLS");
    over_tls.server.expect("ann: hello over TLS");
    // The server is known from now on, and nobody is asked.
    let _second = start("bob");
    over_tls.server.expect("bob has joined the chat");
}
