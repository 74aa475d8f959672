//! Manual pages and completions have every option that there is.

use std::process::{Command, Stdio};

fn printed(program: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(program);
    let output = command.args(arguments).stdin(Stdio::null()).output();
    let output = output.expect("it can be started");
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_manual_page_has_every_option_and_subcommand() {
    let server = printed(env!("CARGO_BIN_EXE_chat-server"), &["man"]);
    assert!(!server.contains("EXTRA") && !server.contains("(1)\n"));
    for part in [
        ".SH NOTES",
        ".TH chat-server-admin-ban 1",
        "\\-\\-listen",
        "\\-\\-keep\\-bytes",
        ".TH chat-server-admin 1",
        "backup",
    ] {
        assert!(server.contains(part), "{part}");
    }
    let client = printed(env!("CARGO_BIN_EXE_chat-client"), &["--man"]);
    assert!(client.starts_with(".ie") && client.contains("\\-\\-history"));
    let bench = printed(env!("CARGO_BIN_EXE_chat-bench"), &["man"]);
    assert!(bench.contains(".TH chat-bench-fanout 1"));
}

/// Whoever has read enough closes the pipe.
#[test]
fn papers_end_quietly_where_nobody_reads_them() {
    let (server, client, bench) = (
        env!("CARGO_BIN_EXE_chat-server"),
        env!("CARGO_BIN_EXE_chat-client"),
        env!("CARGO_BIN_EXE_chat-bench"),
    );
    for (program, arguments) in [
        (server, &["man"][..]),
        (server, &["default-config"]),
        (server, &["completions", "bash"]),
        (client, &["--man"]),
        (client, &["--completions", "zsh"]),
        (bench, &["man"]),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(writer);
        let output = command.stderr(Stdio::piped()).output().unwrap();
        assert!(
            output.status.success() && output.stderr.is_empty(),
            "{arguments:?}: {output:?}"
        );
    }
}

#[test]
fn shells_complete_what_there_is() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let server = printed(env!("CARGO_BIN_EXE_chat-server"), &["completions", shell]);
        assert!(
            server.contains("keep-bytes") && server.contains("backup"),
            "{shell}"
        );
        let client = printed(env!("CARGO_BIN_EXE_chat-client"), &["--completions", shell]);
        assert!(client.contains("local-port"), "{shell}");
        let bench = printed(env!("CARGO_BIN_EXE_chat-bench"), &["completions", shell]);
        assert!(bench.contains("fanout"), "{shell}");
    }
}

/// What the script for bash calls a place in the command line where it sets that, it looks for under the same name.
#[test]
fn bash_completes_subcommands() {
    for program in [
        env!("CARGO_BIN_EXE_chat-server"),
        env!("CARGO_BIN_EXE_chat-bench"),
    ] {
        let script = printed(program, &["completions", "bash"]);
        let lines = || script.lines().map(str::trim);
        let set: Vec<&str> = lines()
            .filter_map(|line| line.strip_prefix("cmd=\"")?.strip_suffix('"'))
            .filter(|name| !name.is_empty())
            .collect();
        assert!(set.len() > 4, "{program}");
        for name in set {
            let label = format!("{name})");
            assert!(lines().any(|line| line == label), "{program}: {name}");
        }
    }
}
