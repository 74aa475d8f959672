//! Those who connect and do not shake hands, beside two who talk.

use super::OverTls;
use chat_tests::{Raw, raise_descriptor_limit};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long 99 of 100 lines take at most, of one a time.
fn p99(ann: &mut Raw, bob: &mut Raw, lines: usize) -> Duration {
    let mut all: Vec<Duration> = (0..lines)
        .map(|number| {
            let name = ann.name();
            let begun = Instant::now();
            ann.say(&format!("line {number}"));
            bob.expect(&format!("{name}: line {number}"));
            let took = begun.elapsed();
            thread::sleep(Duration::from_millis(10));
            took
        })
        .collect();
    all.sort();
    all[lines * 99 / 100]
}

fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).expect("the server accepts")
}

/// Holds so many silent connections, and opens so many more in a second, while two talk; how long that took them
/// before, and meanwhile.
fn measure(silent: usize, a_second: u32, lines: usize) -> (Duration, Duration) {
    raise_descriptor_limit();
    // The rate of lines is not what is measured.
    let over_tls = OverTls::with(&["--rate", "0"]);
    let plain = over_tls.server.addresses()[0];
    let (mut ann, mut bob) = (Raw::join(plain), Raw::join(plain));
    ann.line();
    let before = p99(&mut ann, &mut bob, lines);
    let address = over_tls.address();
    let held: Vec<_> = (0..silent).map(|_| connect(address)).collect();
    let is_over = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&is_over);
    let more = thread::spawn(move || {
        let mut more = Vec::new();
        while !told.load(Ordering::SeqCst) {
            more.push(connect(address));
            thread::sleep(Duration::from_secs(1) / a_second);
        }
        more.len()
    });
    let meanwhile = p99(&mut ann, &mut bob, lines);
    // Whoever shakes hands comes in all the same.
    let mut cat = over_tls.client(&[]).joined();
    cat.type_line("LEAVE");
    assert_eq!(cat.finish().code, 0);
    is_over.store(true, Ordering::SeqCst);
    assert!(more.join().expect("it connected to the end") > 0);
    drop(held);
    (before, meanwhile)
}

#[test]
fn silent_handshakes_keep_nobody_from_talking_or_coming() {
    measure(100, 20, 50);
}

/// `cargo test --release -p chat-tests --test tls -- --ignored --nocapture`, on a machine with nothing else to do.
#[test]
#[ignore = "it measures, and wants a calm machine"]
fn two_who_talk_do_not_notice_two_thousand_silent_handshakes() {
    let (before, meanwhile) = measure(2000, 200, 500);
    println!("p99 alone {before:?}, beside silent handshakes {meanwhile:?}");
    let most = (before * 3 / 2).max(before + Duration::from_millis(5));
    assert!(meanwhile <= most, "{meanwhile:?} is more than {most:?}");
}
