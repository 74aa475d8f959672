//! Whom a client trusts, when it is asked, and what it remembers.

use super::{OverTls, client_of, ends};
use chat_tests::{Dir, Terminal};
use std::fs;

const PROMPT: &str = "Please type JOIN to join the Chatroom : ";
const QUESTION: &str = "To trust this server from now on, type yes: ";

fn known_servers(dir: &Dir) -> String {
    dir.path("chat-client/known_servers")
}

#[test]
fn a_server_is_asked_about_once_and_refused_when_its_certificate_has_changed() {
    let dir = Dir::new("tls-first");
    let mut over_tls = OverTls::with(&["--data", &dir.path("data")]);
    let (address, url) = (over_tls.address(), over_tls.url());
    let first = over_tls.fingerprint.clone();

    let mut ann = Terminal::start(&mut client_of(&dir, &[&url]));
    ann.screen.wait_for(&first);
    ann.screen.wait_for(QUESTION);
    ann.type_line("yes");
    ann.screen.wait_for(PROMPT);
    ann.type_line("JOIN ann");
    over_tls.server.expect("ann has joined the chat");
    ann.type_line("LEAVE");
    assert_eq!(ann.finish().0, 0);
    let known = fs::read_to_string(known_servers(&dir)).expect("it is remembered");
    assert_eq!(known, format!("{address} {first}\n"));

    // Nobody is asked again, and programs get in, too.
    let mut bob = Terminal::start(&mut client_of(&dir, &["--tls", &address.to_string()]));
    bob.screen.wait_for(PROMPT);
    assert!(!bob.screen.so_far().contains(QUESTION));
    let (code, said) = ends(client_of(&dir, &[&url]), "JOIN\nhi\nLEAVE\n");
    assert_eq!((code, said.as_str()), (0, ""));

    over_tls.server.process.kill();
    let over_tls = OverTls::at(address, &["--data", &dir.path("other")]);
    let second = &over_tls.fingerprint;
    let cat = Terminal::start(&mut client_of(&dir, &[&url]));
    let (code, screen) = cat.finish();
    assert_eq!(code, 3);
    let (_, said) = ends(client_of(&dir, &[&url]), "JOIN\nhi\nLEAVE\n");
    for told in [screen, said] {
        let told = told.replace('\n', " ");
        assert!(told.contains("ITS CERTIFICATE HAS CHANGED"), "{told}");
        for named in [
            &first,
            second,
            &format!("remove line 1 of {}", known_servers(&dir)),
        ] {
            assert!(told.contains(named.as_str()), "{named}: {told}");
        }
        assert!(!told.contains(QUESTION), "{told}");
    }
    assert_eq!(
        fs::read_to_string(known_servers(&dir)).expect("it is"),
        known
    );
    assert!(!over_tls.server.transcript.so_far().contains("joined"));
}

#[test]
fn whoever_does_not_say_yes_is_not_let_in_and_asked_again() {
    let dir = Dir::new("tls-no");
    let over_tls = OverTls::with(&[]);
    for answer in ["", "no", "y", &"AB:".repeat(32)] {
        let mut client = Terminal::start(&mut client_of(&dir, &[&over_tls.url()]));
        client.screen.wait_for(QUESTION);
        client.type_line(answer);
        assert_eq!(client.finish().0, 3, "{answer}");
    }
    assert!(!fs::exists(known_servers(&dir)).expect("it can be looked for"));
    // Who was told the fingerprint may paste that.
    let mut client = Terminal::start(&mut client_of(&dir, &[&over_tls.url()]));
    client.screen.wait_for(QUESTION);
    client.type_line(&over_tls.fingerprint);
    client.screen.wait_for(PROMPT);
}

#[test]
fn in_a_pipe_nobody_is_asked_and_a_fingerprint_is_what_scripts_give() {
    let dir = Dir::new("tls-pipe");
    let over_tls = OverTls::with(&[]);
    let url = over_tls.url();
    let script = "JOIN\nhi\nLEAVE\n";
    let (code, said) = ends(client_of(&dir, &[&url]), script);
    assert_eq!(code, 3);
    assert!(
        said.contains(&format!("--fingerprint {}", over_tls.fingerprint)),
        "{said}"
    );
    let plain = over_tls.address().to_string();
    let short = over_tls.fingerprint.replace(':', "").to_lowercase();
    for address in [&url, &plain] {
        let client = client_of(&dir, &[address, "--fingerprint", &short]);
        assert_eq!(ends(client, script), (0, String::new()));
    }
    let other = "AB".repeat(32);
    let (code, said) = ends(client_of(&dir, &[&url, "--fingerprint", &other]), script);
    assert_eq!(code, 3);
    assert!(
        said.contains("its certificate is not the one of --fingerprint"),
        "{said}"
    );
    assert!(said.contains(&over_tls.fingerprint), "{said}");
    let (code, _) = ends(client_of(&dir, &[&url, "--fingerprint", "AB"]), script);
    assert_eq!(code, 2);
    assert!(!fs::exists(known_servers(&dir)).expect("it can be looked for"));
}
