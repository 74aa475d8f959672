//! A panic is reported on a terminal that is as it was found.

#![cfg(target_os = "linux")]

use chat_cli::terminal::Terminal;
use chat_net::client::Screen;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};
use std::env;
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::ffi::OsStringExt;
use std::process::{Command, Stdio};
use tokio::sync::mpsc;

/// Set in the process that is to panic.
const PANICS: &str = "CHAT_TEST_PANICS";

#[test]
fn the_terminal_is_as_it_was_found_when_a_panic_is_reported() {
    if env::var_os(PANICS).is_some() {
        return panic_in_the_terminal();
    }
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("there are terminals");
    grantpt(&ours).expect("a new terminal is ours");
    unlockpt(&ours).expect("a new terminal can be opened");
    let path = ptsname(&ours, Vec::new()).expect("a terminal has a name");
    let path = OsString::from_vec(path.into_bytes());
    let theirs = OpenOptions::new().read(true).write(true).open(path);
    let theirs = theirs.expect("a new terminal can be opened");
    let found = tcgetattr(&ours).expect("a terminal has settings");
    let copy = || Stdio::from(theirs.try_clone().expect("a file can be shared"));
    let mut child = Command::new(env::current_exe().expect("a test knows its own path"))
        .args([
            "--exact",
            "--nocapture",
            "the_terminal_is_as_it_was_found_when_a_panic_is_reported",
        ])
        .env(PANICS, "1")
        .env("TERM", "xterm")
        .stdin(copy())
        .stdout(copy())
        .stderr(copy())
        .spawn()
        .expect("a test can be started");
    let mut screen = File::from(ours.try_clone().expect("a file can be shared"));
    let status = child.wait().expect("a child can be waited for");
    assert!(!status.success());
    let after = tcgetattr(&ours).expect("a terminal has settings");
    assert_eq!(format!("{after:?}"), format!("{found:?}"));
    assert!(after.local_modes.contains(LocalModes::ICANON));
    drop(theirs);
    let mut shown = Vec::new();
    // The end of a terminal whose other side is closed is an error here.
    let _ = screen.read_to_end(&mut shown);
    let shown = String::from_utf8_lossy(&shown);
    let (before, report) = shown
        .split_once("\u{1b}[?2004l")
        .expect("pastes are marked no more");
    assert!(before.ends_with("being typed\r\n"), "{before:?}");
    assert!(report.contains("panicked at"), "{report:?}");
}

/// Panics while something stands there that was drawn anew.
fn panic_in_the_terminal() {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }
        .enable_all()
        .build()
        .expect("there is a runtime");
    runtime.block_on(async {
        let (interrupt, _interrupts) = mpsc::channel(2);
        let (mut terminal, input) = Terminal::open(true, &interrupt).expect("it can be opened");
        terminal.prompt("being typed").expect("it can be shown");
        terminal.finish().await.expect("it is shown");
        terminal.line("an arrival").expect("it can be shown");
        terminal.finish().await.expect("it is shown");
        let settings = tcgetattr(rustix::stdio::stdin()).expect("a terminal has settings");
        assert!(!settings.local_modes.contains(LocalModes::ICANON) && input.is_some());
        panic!("on purpose");
    });
}
