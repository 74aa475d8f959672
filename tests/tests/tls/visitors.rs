//! Those who speak something else, or nothing.

use super::{OverTls, client_of, ends};
use chat_tests::{Dir, raise_descriptor_limit};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

#[test]
fn whoever_speaks_plain_text_to_tls_is_told_so_in_words() {
    let dir = Dir::new("tls-plain");
    let over_tls = OverTls::with(&[]);
    let address = over_tls.address().to_string();
    for arguments in [&[address.as_str()][..], &[&address, "--text"]] {
        let (code, said) = ends(client_of(&dir, arguments), "JOIN\nhi\n");
        assert_eq!(code, 4, "{said}");
        assert!(
            said.contains("The server speaks TLS there: write tls:// before its address."),
            "{said}"
        );
    }
    let mut by_hand = TcpStream::connect(over_tls.address()).expect("it listens");
    by_hand.write_all(b"JOIN\n").expect("it reads");
    let mut told = String::new();
    by_hand
        .read_to_string(&mut told)
        .expect("it closes properly");
    assert!(
        told.contains("openssl s_client") && told.ends_with('\n'),
        "{told}"
    );
    assert!(!over_tls.server.transcript.so_far().contains("joined"));
}

#[test]
fn whoever_speaks_tls_to_plain_text_is_told_so_in_words() {
    let dir = Dir::new("tls-to-plain");
    let over_tls = OverTls::with(&[]);
    let plain = format!("tls://{}", over_tls.server.address());
    for arguments in [
        &[plain.as_str()][..],
        &[&plain, "--text"],
        &[&plain, "--fingerprint", &over_tls.fingerprint],
    ] {
        let (code, said) = ends(client_of(&dir, arguments), "JOIN\nhi\n");
        assert_eq!(code, 3, "{said}");
        assert!(
            said.contains("it seems to speak no TLS there; leave tls://"),
            "{said}"
        );
    }
}

#[test]
fn two_thousand_silent_handshakes_leave_others_alone() {
    raise_descriptor_limit();
    let over_tls = OverTls::with(&[]);
    let mut ann = over_tls.client(&[]).joined();
    let silent: Vec<_> = (0..2000)
        .map(|_| TcpStream::connect(over_tls.address()).expect("it listens"))
        .collect();
    let begun = Instant::now();
    let mut bob = over_tls.client(&[]).joined();
    ann.screen.wait_for(" has joined the chat\n");
    ann.type_line("calm");
    bob.screen.wait_for(": calm\n");
    // The silent have 5 s: they are all there yet, or gave way.
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
    drop(silent);
}
