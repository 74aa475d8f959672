//! Certificates in files, and those that a server makes for itself.

use super::{OverTls, client_of, ends, next_fingerprint};
use chat_tests::{Client, Dir, Server, chat_server};
use rcgen::{CertificateParams, KeyPair};
use std::fs;
use std::path::Path;

/// Writes a new certificate for this name, and its key; each is there as a whole.
fn write_new(name: &str, certificate: &str, key: &str) {
    let pair = KeyPair::generate().expect("there are random numbers");
    let params = CertificateParams::new([name.to_owned()]).expect("it is a name");
    let signed = params.self_signed(&pair).expect("it can be signed");
    for (path, pem) in [(certificate, signed.pem()), (key, pair.serialize_pem())] {
        let new = format!("{path}.new");
        fs::write(&new, pem).expect("it can be written");
        fs::rename(new, path).expect("it can be replaced");
    }
}

fn with_files(dir: &Dir) -> (OverTls, String, String) {
    let (certificate, key) = (dir.path("cert.pem"), dir.path("key.pem"));
    write_new("localhost", &certificate, &key);
    let over_tls = OverTls::with(&["--cert", &certificate, "--key", &key]);
    (over_tls, certificate, key)
}

/// Has two talk, as they did before.
fn talk(ann: &mut Client, bob: &mut Client, number: usize) {
    ann.type_line(&format!("line {number}"));
    bob.screen.wait_for(&format!(": line {number}\n"));
    bob.type_line(&format!("answer {number}"));
    ann.screen.wait_for(&format!(": answer {number}\n"));
}

#[test]
fn a_certificate_that_is_replaced_serves_those_who_come_and_drops_nobody() {
    let dir = Dir::new("tls-reload");
    let (mut over_tls, certificate, key) = with_files(&dir);
    let mut ann = over_tls.client(&[]).joined();
    let mut bob = over_tls.client(&[]).joined();
    for number in 0..10 {
        write_new("localhost", &certificate, &key);
        talk(&mut ann, &mut bob, number);
        let old = over_tls.fingerprint.clone();
        over_tls.fingerprint = next_fingerprint(&mut over_tls.server);
        assert_ne!(over_tls.fingerprint, old);
        // Who comes now is shown the new one.
        let mut cat = over_tls.client(&[]).joined();
        cat.type_line("LEAVE");
        assert_eq!(cat.finish().code, 0);
    }
    talk(&mut ann, &mut bob, 10);
    for mut client in [ann, bob] {
        client.type_line("LEAVE");
        let finished = client.finish();
        assert_eq!((finished.code, finished.stderr.as_str()), (0, ""));
    }
}

#[cfg(unix)]
#[test]
fn sighup_has_the_files_read_anew_under_load_and_stops_nothing() {
    use chat_tests::Signal;
    let dir = Dir::new("tls-hup");
    let (mut over_tls, ..) = with_files(&dir);
    let mut ann = over_tls.client(&[]).joined();
    let mut bob = over_tls.client(&[]).joined();
    for number in 0..100 {
        over_tls.server.process.signal(Signal::HUP);
        talk(&mut ann, &mut bob, number);
        assert_eq!(next_fingerprint(&mut over_tls.server), over_tls.fingerprint);
    }
    // It is no signal to stop, and so the next one is the first.
    over_tls.server.process.signal(Signal::TERM);
    assert_eq!(over_tls.server.process.exit_code(), 0);
}

#[test]
fn files_that_are_bad_are_told_of_and_not_used() {
    let dir = Dir::new("tls-bad");
    let (mut over_tls, certificate, key) = with_files(&dir);
    let good = [&certificate, &key].map(|path| fs::read(path).expect("it is there"));
    let (other, other_key) = (dir.path("other.pem"), dir.path("other-key.pem"));
    write_new("localhost", &other, &other_key);
    let other_key = fs::read(other_key).expect("it is there");
    let long = "x".repeat(1024 * 1024 + 1);
    for (path, bytes, told) in [
        (
            &certificate,
            &b"no certificate"[..],
            "there is no certificate (PEM) in it",
        ),
        (&certificate, long.as_bytes(), "longer than 1 MiB"),
        (
            &key,
            b"no key",
            "there is no key (PEM, without a password) in it",
        ),
        (&key, &other_key, "the key is not of that certificate"),
    ] {
        fs::write(path, bytes).expect("it can be written");
        over_tls.server.log.wait_for("goes on with the one it has");
        over_tls.server.log.wait_for(told);
        let client = over_tls.client(&[]).joined();
        drop(client);
        for (path, bytes) in [&certificate, &key].into_iter().zip(&good) {
            fs::write(path, bytes).expect("it can be written");
        }
        assert_eq!(next_fingerprint(&mut over_tls.server), over_tls.fingerprint);
    }
}

#[test]
fn a_server_whose_files_are_bad_does_not_start_and_names_them() {
    let dir = Dir::new("tls-no-start");
    let (certificate, key) = (dir.path("cert.pem"), dir.path("key.pem"));
    write_new("localhost", &certificate, &key);
    let missing = dir.path("missing.pem");
    for (certificate, key, named) in [
        (&missing, &key, &missing),
        (&certificate, &missing, &missing),
        (&key, &key, &key),
        (&certificate, &certificate, &certificate),
    ] {
        let output = std::process::Command::new(chat_server())
            .args([
                "--listen-tls",
                "0",
                "--ephemeral",
                "--cert",
                certificate,
                "--key",
                key,
            ])
            .output()
            .expect("it can be started");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(named.as_str()), "{said}");
    }
}

#[test]
fn a_certificate_of_the_servers_own_is_private_and_made_once() {
    let dir = Dir::new("tls-own");
    let data = dir.path("data");
    let mut told = Vec::new();
    for _ in 0..2 {
        let over_tls = OverTls::with(&["--data", &data]);
        told.push(over_tls.fingerprint.clone());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let file = fs::metadata(Path::new(&data).join("self-signed.pem"));
            let mode = file.expect("it is there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }
    assert_eq!(told[0], told[1]);
    let in_memory = [(); 2].map(|()| OverTls::with(&[]).fingerprint);
    assert_ne!(in_memory[0], in_memory[1]);
}

#[test]
fn a_server_for_which_an_authority_vouches_is_trusted_by_its_name_alone() {
    let dir = Dir::new("tls-authority");
    let (over_tls, certificate, _) = with_files(&dir);
    let port = over_tls.address().port();
    let to = |host: &str| {
        let mut client = client_of(&dir, &[&format!("tls://{host}:{port}")]);
        client.env("SSL_CERT_FILE", &certificate);
        ends(client, "JOIN\nhi\nLEAVE\n")
    };
    assert_eq!(to("localhost"), (0, String::new()));
    let (code, said) = to("127.0.0.1");
    assert_eq!(code, 3);
    assert!(
        said.contains("nobody whom this machine trusts vouches"),
        "{said}"
    );
}

#[test]
fn with_tls_alone_there_is_no_plain_text() {
    let mut command = std::process::Command::new(chat_server());
    command.args(["--listen-tls", "0", "--ephemeral"]);
    let mut server = Server::launch(command, 1);
    next_fingerprint(&mut server);
    server.process.kill();
    let screen = format!("Listening on {}\n", server.address());
    assert_eq!(server.transcript.all(), screen);
    assert!(!server.log.all().contains("plain text"));
}
