//! The commands of OPERATING.md do what it says, as it writes them.
#![cfg(unix)]

use chat_tests::{Dir, Output, Process, Raw, Signal, chat_server};
use std::env;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

const PAGE: &str = include_str!("../../cli/OPERATING.md");

/// The command lines in its shell blocks, in order.
fn commands() -> impl Iterator<Item = &'static str> {
    let blocks = PAGE.split("```sh\n").skip(1);
    let blocks = blocks.filter_map(|block| block.split("```").next());
    blocks.flat_map(str::lines)
}

/// Where they are typed: a directory and a home of their own, with `chat-server` on the path.
struct Shell(Dir);

impl Shell {
    fn typed(&self, line: &str) -> Command {
        let programs = chat_server().parent().expect("it is in a directory");
        let others = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths(
            [programs.to_owned()]
                .into_iter()
                .chain(env::split_paths(&others)),
        );
        let mut command = Command::new("sh");
        command.args(["-c", line]).current_dir(&self.0);
        command.env("PATH", path.expect("it is a path"));
        command
            .env("HOME", self.0.as_ref())
            .env("XDG_STATE_HOME", self.0.as_ref());
        // Somebody may have the port of the default configuration.
        command.env("CHAT_LISTEN", "127.0.0.1:0");
        command.env_remove("STATE_DIRECTORY").env_remove("RUST_LOG");
        command
    }

    fn succeeds(&self, line: &str) -> String {
        let output = self.typed(line).output().expect("there is a shell");
        assert!(output.status.success(), "{line}: {output:?}");
        String::from_utf8(output.stdout).expect("what is printed is UTF-8")
    }
}

/// Those that want root, or build the whole: what they install is looked at below.
fn is_for_the_machine(line: &str) -> bool {
    line.starts_with("sudo ") || line.starts_with("cargo install ")
}

#[test]
fn its_commands_work_in_their_order() {
    let shell = Shell(Dir::new("operating"));
    let mut server: Option<Process> = None;
    let mut address_of_server: Option<SocketAddr> = None;
    let mut ran = 0;
    for line in commands().filter(|line| !is_for_the_machine(line)) {
        ran += 1;
        if line == "chat-server --config chat-server.ron" {
            let mut command = shell.typed(&format!("exec {line}"));
            command.stdout(Stdio::piped()).stderr(Stdio::null());
            let mut process = Process::spawn(&mut command);
            let stdout = process.child().stdout.take().expect("it is piped");
            let mut screen = Output::of(stdout);
            let line = screen.line();
            let address = line.strip_prefix("Listening on ").expect("it listens");
            address_of_server = address.parse().ok();
            server = Some(process);
        } else if line.contains(" kick ann ") {
            let address = address_of_server.expect("the server runs");
            let mut ann = Raw::first_line(address, "JOIN ann");
            shell.succeeds(line);
            let rest = ann.rest();
            let told = rest.last().expect("she is told");
            assert!(told.contains("Please do not shout."), "{told}");
        } else if line.ends_with(" grant ann") {
            let address = address_of_server.expect("the server runs");
            let mut ann = Raw::first_line(address, "JOIN ann");
            ann.say("/claim open sesame");
            while !ann.line().contains("is yours") {}
            shell.succeeds(line);
        } else if line == "chat-server admin drain" {
            shell.succeeds(line);
            assert_eq!(server.as_mut().map(Process::exit_code), Some(0));
        } else {
            let told = shell.succeeds(line);
            if line.contains("--json") {
                assert!(told.starts_with('{'), "{line}: {told}");
            }
        }
    }
    assert!(ran > 15, "{ran}");
}

#[test]
fn the_files_that_it_installs_are_there_and_right() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the project's root");
    let files = commands()
        .flat_map(|line| line.split(' '))
        .filter(|it| it.starts_with("cli/"));
    let files: Vec<_> = files.collect();
    assert!(files.len() >= 3);
    for file in files {
        assert!(root.join(file).exists(), "{file}");
    }
    let shell = Shell(Dir::new("operating"));
    let config = root.join("cli/packaging/chat-server.ron");
    shell.succeeds(&format!("chat-server check-config {}", config.display()));
    let unit = include_str!("../../cli/packaging/chat-server.service");
    for line in unit
        .lines()
        .filter_map(|line| line.strip_prefix("ExecStart=/usr/bin/"))
    {
        let line = line.replace("/etc/chat-server.ron", config.to_str().expect("it is text"));
        let mut command = shell.typed(&format!("exec {line}"));
        let mut process = Process::spawn(command.stdout(Stdio::piped()).stderr(Stdio::null()));
        let mut screen = Output::of(process.child().stdout.take().expect("it is piped"));
        assert!(screen.line().starts_with("Listening on "));
        process.signal(Signal::TERM);
        assert_eq!(process.exit_code(), 0);
    }
}

/// As systemd itself judges it, where it is there: at most 1.5 of 10.
#[cfg(target_os = "linux")]
#[test]
fn the_units_sandbox_is_tight() {
    let unit = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../cli/packaging/chat-server.service"
    );
    let judged = Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--threshold=15", unit])
        .output();
    let Ok(judged) = judged else {
        eprintln!("systemd-analyze is not here: not judged");
        return;
    };
    let told = String::from_utf8_lossy(&judged.stdout);
    assert!(judged.status.success(), "{told}");
    assert!(told.contains("Overall exposure level"), "{told}");
}

#[test]
fn every_alert_has_its_advice() {
    let alerts = include_str!("../../cli/dashboards/alerts.yml");
    let alerts = alerts
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "));
    let alerts: Vec<_> = alerts.collect();
    assert!(alerts.len() > 5);
    for alert in alerts {
        assert!(PAGE.contains(&format!("`{alert}`")), "{alert}");
    }
}
