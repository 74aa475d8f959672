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
        #[cfg(unix)]
        chmod(&new, 0o600);
        fs::rename(new, path).expect("it can be replaced");
    }
}

#[cfg(unix)]
fn chmod(path: &str, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
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
    use chat_tests::{Raw, Signal, times};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;
    let dir = Dir::new("tls-hup");
    let (mut over_tls, _, key) = with_files(&dir);
    let mut ann = over_tls.client(&[]).joined();
    let mut bob = over_tls.client(&[]).joined();
    // Others talk all the time.
    let is_over = Arc::new(AtomicBool::new(false));
    let mut other = Raw::join(over_tls.server.addresses()[0]);
    let told = Arc::clone(&is_over);
    let others = thread::spawn(move || {
        while !told.load(Ordering::SeqCst) {
            other.say("I talk as well");
            thread::sleep(std::time::Duration::from_millis(50));
        }
        other.say("LEAVE");
        other.rest()
    });
    let good = fs::read(&key).expect("it is there");
    for number in 0..times(100) {
        if number % 10 == 9 {
            // A bad file changes nothing.
            fs::write(&key, "no key").expect("it can be written");
            over_tls.server.process.signal(Signal::HUP);
            talk(&mut ann, &mut bob, number);
            over_tls.server.log.wait_for("goes on with the one it has");
            fs::write(&key, &good).expect("it can be written");
        }
        over_tls.server.process.signal(Signal::HUP);
        talk(&mut ann, &mut bob, number);
        assert_eq!(next_fingerprint(&mut over_tls.server), over_tls.fingerprint);
    }
    is_over.store(true, Ordering::SeqCst);
    let heard = others.join().expect("it talked to the end");
    assert!(heard.iter().any(|line| line.ends_with(": line 0")));
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

#[cfg(unix)]
#[test]
fn a_certificate_that_has_run_out_is_told_of_at_the_start_and_when_it_is_read_anew() {
    let dir = Dir::new("tls-over");
    let (certificate, key) = (dir.path("cert.pem"), dir.path("key.pem"));
    let socket = dir.path("socket");
    let write = |from: i32, until: i32| {
        let pair = KeyPair::generate().expect("there are random numbers");
        let mut params = CertificateParams::new(["localhost".to_owned()]).expect("it is a name");
        params.not_before = rcgen::date_time_ymd(from, 1, 1);
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
        let signed = params.self_signed(&pair).expect("it can be signed");
        fs::write(&key, pair.serialize_pem()).expect("it can be written");
        chmod(&key, 0o600);
        fs::write(&certificate, signed.pem()).expect("it can be written");
    };
    write(2020, 2021);
    let files = ["--cert", &certificate, "--key", &key, "--admin", &socket];
    let mut over_tls = OverTls::with(&files);
    let told = "the certificate has run out, on 2021-01-01 00:00:00 UTC";
    over_tls.server.log.wait_for(told);
    let status = std::process::Command::new(chat_server())
        .args(["admin", "--admin", &socket, "status"])
        .output()
        .expect("it can be started");
    let status = String::from_utf8_lossy(&status.stdout).into_owned();
    let row = "certificate       until 2021-01-01 00:00:00 UTC: it has run out\n";
    assert!(status.contains(row), "{status}");
    write(3000, 3001);
    over_tls
        .server
        .log
        .wait_for("the certificate is not valid before 3000-01-01");
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

#[cfg(unix)]
#[test]
fn a_key_that_others_can_read_is_not_used() {
    let dir = Dir::new("tls-open-key");
    let (mut over_tls, certificate, key) = with_files(&dir);
    let fingerprint = over_tls.fingerprint.clone();
    write_new("localhost", &certificate, &key);
    chmod(&key, 0o604);
    over_tls.server.log.wait_for("goes on with the one it has");
    over_tls.server.log.wait_for("its mode is 0604");
    drop(over_tls.client(&[]).joined());
    assert_eq!(over_tls.fingerprint, fingerprint);
    // Nor does a server start with it.
    let output = std::process::Command::new(chat_server())
        .args(["--listen-tls", "0", "--ephemeral"])
        .args(["--cert", &certificate, "--key", &key])
        .output()
        .expect("it can be started");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&key) && said.contains("chmod 600"), "{said}");
    chmod(&key, 0o600);
    assert_ne!(next_fingerprint(&mut over_tls.server), fingerprint);
}

#[cfg(unix)]
#[test]
fn a_name_without_a_slash_is_a_credential_of_the_supervisors() {
    let dir = Dir::new("tls-credentials");
    let (certificate, key) = (dir.path("chat.pem"), dir.path("chat.key"));
    write_new("localhost", &certificate, &key);
    let mut command = std::process::Command::new(chat_server());
    command
        .args(["--listen-tls", "0", "--ephemeral"])
        .args(["--cert", "chat.pem", "--key", "chat.key"])
        .env("CREDENTIALS_DIRECTORY", dir.as_ref());
    let mut server = Server::launch(command, 1);
    server.log.wait_for(&format!("file={certificate}"));
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
