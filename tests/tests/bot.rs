//! The program in PROTOCOL.md does what is said of it there.

use chat_tests::{Client, Server, run_client};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

const PROTOCOL: &str = include_str!("../../core/PROTOCOL.md");

struct Bot(Child);

impl Drop for Bot {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The specification's bot, run by Python; `None` where there is none.
fn bot(port: u16) -> Option<Bot> {
    let python = Command::new("python3").arg("--version").output();
    if !python.is_ok_and(|output| output.status.success()) {
        eprintln!("no python3 here: the bot is not run");
        return None;
    }
    let (_, program) = PROTOCOL.split_once("```python\n").expect("the bot");
    let (program, _) = program.split_once("```").expect("its end");
    let child = Command::new("python3")
        .arg("-c")
        .arg(format!("{program}\nbot({port})"))
        .stdin(Stdio::null())
        .spawn()
        .expect("python3 runs");
    Some(Bot(child))
}

#[test]
fn the_specifications_bot_answers_each_once() {
    let server = Server::start();
    let port = server.address().port();
    let mut ann = Client::join(server.address());
    let Some(bot) = bot(port) else { return };
    ann.screen.wait_for("clock has joined the chat\n");
    for nth in 1..=3 {
        ann.type_line("!time");
        for _ in 0..1000 {
            if ann.screen.so_far().matches("clock: it is ").count() == nth {
                break;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
    ann.type_line("thanks");
    // It goes, and nobody is told, as it might come back.
    drop(bot);
    let heard = run_client(server.address(), "JOIN\n/who\nleave\n");
    assert!(heard.stdout.contains("clock"), "{}", heard.stdout);
    ann.type_line("leave");
    let seen = ann.finish().stdout;
    assert_eq!(seen.matches("clock: it is ").count(), 3);
    assert!(!seen.contains("clock has left the chat"));
}
