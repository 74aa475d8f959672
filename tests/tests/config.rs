//! One configuration: a flag wins over the environment, the environment over the file, the file over the defaults.

use chat_tests::{Dir, Server, chat_server};
use std::fs;
use std::process::{Command, Stdio};

/// Whether the log of a server is written in JSON.
fn logs_json(change: impl FnOnce(&mut Command)) -> bool {
    let mut command = Server::command(&[]);
    command.env("RUST_LOG", "info");
    change(&mut command);
    let mut server = Server::launch(command, 1);
    chat_tests::Raw::join(server.address());
    server.log.line().starts_with('{')
}

#[test]
fn flags_win_over_the_environment_that_over_the_file_and_that_over_defaults() {
    let dir = Dir::new("config");
    let file = dir.path("chat.ron");
    fs::write(&file, "(log_format: \"json\")").expect("it can be written");
    assert!(!logs_json(|_| {}));
    assert!(logs_json(|it| {
        it.args(["--config", &file]);
    }));
    assert!(logs_json(|it| {
        it.env("CHAT_CONFIG", &file);
    }));
    assert!(!logs_json(|it| {
        it.args(["--config", &file]).env("CHAT_LOG_FORMAT", "text");
    }));
    assert!(logs_json(|it| {
        it.args(["--config", &file, "--log-format", "json"])
            .env("CHAT_LOG_FORMAT", "text");
    }));
}

#[test]
fn a_list_in_the_file_or_the_environment_is_a_list() {
    let dir = Dir::new("config");
    let file = dir.path("chat.ron");
    let text = "(listen: [\"127.0.0.1:0\", \"127.0.0.1:0\"], ephemeral: true)";
    fs::write(&file, text).expect("it can be written");
    let mut command = Command::new(chat_server());
    command.args(["--config", &file]);
    assert_eq!(Server::launch(command, 2).addresses().len(), 2);
    let mut command = Command::new(chat_server());
    command.arg("--ephemeral");
    command.env("CHAT_LISTEN", "127.0.0.1:0,127.0.0.1:0,127.0.0.1:0");
    assert_eq!(Server::launch(command, 3).addresses().len(), 3);
}

#[test]
fn whoever_listens_over_tls_and_says_no_more_does_not_listen_in_plain_text() {
    let dir = Dir::new("config");
    let file = dir.path("chat.ron");
    for text in [
        "(listen_tls: [\"127.0.0.1:0\"], ephemeral: true)",
        "(listen: [], listen_tls: [\"127.0.0.1:0\"], ephemeral: true)",
    ] {
        fs::write(&file, text).expect("it can be written");
        let mut command = Command::new(chat_server());
        command.args(["--config", &file]);
        // Where it listens in plain text is told first.
        let server = Server::launch(command, 1);
        assert_ne!(server.address().port(), 5000, "{text}");
    }
}

#[test]
fn the_history_is_where_the_file_says_for_those_who_look_after_it_too() {
    let dir = Dir::new("config");
    let (file, data) = (dir.path("chat.ron"), dir.path("history"));
    let text = format!("(listen: [\"127.0.0.1:0\"], data: {data:?})");
    fs::write(&file, text).expect("it can be written");
    let mut command = Command::new(chat_server());
    command.args(["--config", &file]);
    // A rate is not of a check's business, and does not disturb it.
    let check = || {
        let mut command = Command::new(chat_server());
        command
            .args(["check", "--config", &file])
            .env("CHAT_RATE", "7");
        command.stdin(Stdio::null()).output().expect("it starts")
    };
    assert_eq!(check().status.code(), Some(1));
    let server = Server::launch(command, 1);
    let checked = check();
    assert_eq!(checked.status.code(), Some(0), "{checked:?}");
    drop(server);
}

#[test]
fn a_directory_on_the_command_line_wins_over_a_file_that_keeps_nothing() {
    let dir = Dir::new("config");
    let (file, data) = (dir.path("chat.ron"), dir.path("history"));
    fs::write(&file, "(ephemeral: true)").expect("it can be written");
    let server = Server::with(&["--config", &file, "--data", &data]);
    assert!(fs::exists(&data).expect("it can be looked for"));
    drop(server);
}

#[test]
fn a_wrong_file_or_variable_ends_the_start() {
    let dir = Dir::new("config");
    let file = dir.path("chat.ron");
    fs::write(&file, "(\n  lisen: [\"5000\"],\n)").expect("it can be written");
    let mut command = Command::new(chat_server());
    let output = command
        .args(["--config", &file])
        .output()
        .expect("it starts");
    assert_eq!(output.status.code(), Some(78));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        told.contains(&format!("{file}:2:3: unknown field `lisen`")),
        "{told}"
    );
    let mut command = Command::new(chat_server());
    let output = command
        .env("CHAT_RATE", "many")
        .output()
        .expect("it starts");
    assert_eq!(output.status.code(), Some(2));
}
