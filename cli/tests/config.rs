//! `chat-server check-config` says where a configuration is wrong, and what is expected there; `default-config`
//! prints one that changes nothing.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// A file that goes with its test.
struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> Self {
        let name = format!("chat-config-{}-{name}.ron", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn server() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chat-server"));
    command.stdin(Stdio::null());
    command
}

fn check(file: &File) -> Output {
    let output = server().arg("check-config").arg(&file.0).output();
    output.expect("it can be started")
}

fn default() -> String {
    let output = server().arg("default-config").output();
    let output = output.expect("it can be started");
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_what_is_expected() {
    let mut told = String::new();
    for (number, wrong) in [
        "",
        "rate: 20",
        "(rate: 20",
        "(rate 20)",
        "(\n    rate: 20,\n    lisen: [\"5000\"],\n)",
        "(config: \"other.ron\")",
        "(rate: 20, rate: 30)",
        "(rate: -1)",
        "(rate: \"many\")",
        "(rate: 4294967296)",
        "(rate: 1.5)",
        "(rate: true)",
        "(listen: \"127.0.0.1:5000\")",
        "(listen: [])",
        "(listen_tls: [\"5443\"], cert: \"chain.pem\")",
        "(cert: \"chain.pem\", key: \"key.pem\")",
        "(listen: [\"127.0.0.1:5000\", \"127.1\"])",
        "(max_connections: 0)",
        "(threads: 65)",
        "(ephemeral: 1)",
        "(ephemeral: true, data: \"here\")",
        "(keep_days: 0)",
        "(\n    // Too short a unit.\n    keep_bytes: \"2G\",\n)",
        "(log_format: \"xml\")",
        "(rate: 20) and more",
        "// nothing",
        "(max-connections: 5)",
        "(colour: 5)",
        "(\"rate\": 20)",
        "{\"rate\": 20}",
        "(\n    rate: 10k,\n)",
        "(rate: None)",
        "(rate: 99999999999999999999)",
        "(rate: [20])",
        "(rate: )",
        "(rate: 20 host_rate: 5)",
        "(log_format: json)",
        "(log_format: 'json')",
        "(data: /var/lib/chat)",
        "(data: \"C:\\dir\")",
        "(ephemeral: yes)",
        "(listen: [5000, 70000])",
        "(listen: [5000 6000])",
        "(rate = 20)",
    ]
    .iter()
    .enumerate()
    {
        let file = File::new(&number.to_string(), wrong);
        let output = check(&file);
        assert_eq!(output.status.code(), Some(78), "{wrong}");
        assert!(output.stdout.is_empty());
        let error = String::from_utf8(output.stderr).unwrap();
        let error = error.replace(file.0.to_str().unwrap(), "FILE");
        let _ = write!(told, "{wrong}\n=> {error}\n");
    }
    insta::assert_snapshot!(told);
}

#[test]
fn a_byte_order_mark_is_skipped_and_a_value_may_be_said_to_be_there() {
    for text in [
        "\u{feff}(rate: 20)",
        "(rate: Some(5))",
        "(listen: [\" 5000 \"])",
    ] {
        let output = check(&File::new("right", text));
        assert_eq!(output.status.code(), Some(0), "{text}: {output:?}");
    }
}

#[test]
fn what_is_no_utf_8_is_told_with_its_place() {
    let file = File::new("latin1", "");
    fs::write(&file.0, b"(rate: 20,\n  data: \"caf\xe9\")").unwrap();
    let told = String::from_utf8(check(&file).stderr).unwrap();
    assert!(
        told.ends_with(":2:13: the byte E9 is no UTF-8, in which the file has to be written\n"),
        "{told}"
    );
}

#[cfg(unix)]
#[test]
fn a_pipe_is_read_and_not_waited_for_without_end() {
    let path = std::env::temp_dir().join(format!("chat-config-{}-pipe", std::process::id()));
    let made = Command::new("mkfifo").arg(&path).status();
    assert!(made.expect("it can be started").success());
    let file = File(path);
    let told = String::from_utf8(check(&file).stderr).unwrap();
    assert!(
        told.contains("it is no file, and has had no end for 5s"),
        "{told}"
    );
    let to = file.0.clone();
    let writer = std::thread::spawn(move || fs::write(to, "(rate: 20)"));
    let output = check(&file);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    writer.join().unwrap().unwrap();
}

#[test]
fn the_default_one_is_right_and_names_every_option() {
    let text = default();
    let file = File::new("default", &text);
    let output = check(&file);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let help = server().arg("--help").output().expect("it can be started");
    let help = String::from_utf8(help.stdout).unwrap();
    let flags = help.lines().filter_map(|line| {
        let name = line.trim_start().trim_start_matches("-h, ");
        let name = name.trim_start_matches("-V, ").strip_prefix("--")?;
        name.split([' ', '[']).next()
    });
    let flags: Vec<_> = (flags.filter(|it| !["config", "help", "version"].contains(it))).collect();
    assert!(flags.contains(&"listen") && flags.contains(&"keep-days"));
    for flag in flags {
        let field = format!("{}:", flag.replace('-', "_"));
        let is_there = |line: &str| {
            line.trim_start()
                .trim_start_matches("// ")
                .starts_with(&field)
        };
        assert!(text.lines().any(is_there), "{flag} is not in\n{text}");
    }
}

#[test]
fn what_the_default_one_leaves_out_can_be_set() {
    let mut text = default();
    for (name, value) in [
        ("host_rate", "7"),
        ("threads", "2"),
        ("data", "\"here\""),
        ("keep_days", "30"),
        ("keep_entries", "1000"),
    ] {
        let commented = format!("// {name}: …,");
        assert!(text.contains(&commented), "{name}");
        text = text.replace(&commented, &format!("{name}: {value},"));
    }
    let output = check(&File::new("all", &text));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
fn a_file_is_read_up_to_its_largest_size_and_not_beyond() {
    let text = |size: usize| format!("()//{}", "x".repeat(size - 4));
    let at = check(&File::new("at", &text(1024 * 1024)));
    assert_eq!(at.status.code(), Some(0), "{at:?}");
    let past = check(&File::new("past", &text(1024 * 1024 + 1)));
    assert_eq!(past.status.code(), Some(78));
    let told = String::from_utf8(past.stderr).unwrap();
    assert!(told.contains("larger than 1048576 bytes"), "{told}");
}
