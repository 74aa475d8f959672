//! Metrics over HTTP: what is exported, in which form, and that the dashboard and the alerts name nothing else.

use chat_tests::{DEADLINE, Raw, Server, eventually};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

const DASHBOARD: &str = include_str!("../../cli/dashboards/grafana.json");
const ALERTS: &str = include_str!("../../cli/dashboards/alerts.yml");

/// A server, and where its metrics are.
fn server(arguments: &[&str]) -> (Server, SocketAddr) {
    let mut command = Server::command(&[&["--metrics", "0"], arguments].concat());
    command.env("RUST_LOG", "info");
    let listeners = 1 + usize::from(arguments.contains(&"--listen-tls"));
    let mut server = Server::launch(command, listeners);
    let line = loop {
        let line = server.log.line();
        if line.contains("metrics are exported") {
            break line;
        }
    };
    let address = line
        .rsplit("address=")
        .next()
        .and_then(|it| it.parse().ok());
    (server, address.unwrap_or_else(|| panic!("{line}")))
}

/// The head and the body of an answer.
fn ask(address: SocketAddr, request: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(DEADLINE)).expect("it can be");
    let request = format!("{request} HTTP/1.1\r\nHost: chat\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    let (head, body) = answer.split_once("\r\n\r\n").expect("it is HTTP");
    (head.into(), body.into())
}

fn metrics(address: SocketAddr) -> String {
    let (head, body) = ask(address, "GET /metrics");
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
    assert!(
        head.contains("application/openmetrics-text; version=1.0.0"),
        "{head}"
    );
    body
}

/// The value of a sample, by its name and labels.
fn value(text: &str, sample: &str) -> Option<f64> {
    let lines = text.lines();
    let mut values =
        lines.filter_map(|line| line.strip_prefix(sample)?.strip_prefix(' ')?.parse().ok());
    values.next()
}

/// The names of all samples.
fn names(text: &str) -> BTreeSet<&str> {
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    samples
        .filter_map(|line| line.split(['{', ' ']).next())
        .collect()
}

/// The names of metrics in a text that has others words, too.
fn named(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("chat_")).collect()
}

#[test]
fn what_happens_is_counted() {
    let (mut server, address) = server(&["--max-connections", "9"]);
    let mut ann = Raw::first_line(server.address(), "JOIN ann");
    ann.say("hello");
    server.skip_to("ann: hello");
    let mut stranger = Raw::connect(server.address());
    stranger.say("GET / HTTP/1.1");
    let _ = stranger.rest();
    let text = eventually("the counts", || {
        let text = metrics(address);
        let is_refused = "chat_connections_refused_total{reason=\"foreign_protocol\"}";
        (value(&text, is_refused) == Some(1.0)).then_some(text)
    });
    for (sample, expected) in [
        ("chat_connections_accepted_total", 2.0),
        ("chat_joins_total", 1.0),
        ("chat_entries_total", 2.0),
        ("chat_people", 1.0),
        ("chat_connections_limit", 9.0),
        ("chat_disk_full", 0.0),
        ("chat_batch_entries_sum", 2.0),
    ] {
        assert_eq!(value(&text, sample), Some(expected), "{sample} in\n{text}");
    }
    assert!(
        value(&text, "chat_received_bytes_total") > Some(20.0),
        "{text}"
    );
    assert!(value(&text, "chat_sent_bytes_total") > Some(20.0), "{text}");
    assert!(value(&text, "chat_deliveries_total") >= Some(2.0), "{text}");
    assert!(
        value(&text, "chat_pass_seconds_count") > Some(0.0),
        "{text}"
    );
    let version = concat!(
        "chat_build_info{version=\"",
        env!("CARGO_PKG_VERSION"),
        "\"}"
    );
    assert_eq!(value(&text, version), Some(1.0), "{text}");
}

#[test]
fn a_commit_is_timed_where_there_is_a_history() {
    let dir = chat_tests::Dir::new("metrics");
    let (mut server, address) = server(&["--data", &dir.path("history")]);
    Raw::first_line(server.address(), "JOIN ann");
    server.skip_to("ann has joined the chat");
    let text = metrics(address);
    assert!(
        value(&text, "chat_commit_seconds_count") >= Some(1.0),
        "{text}"
    );
    eventually("the size of the history", || {
        let size = value(&metrics(address), "chat_history_bytes");
        (size > Some(0.0)).then_some(())
    });
}

/// What the format demands, and promtool checks (`OpenMetrics` 1.0.0): every sample is of a family that was announced
/// with type and help, in one piece, counters end in `_total`, buckets grow, and the end is marked.
#[test]
fn the_text_is_open_metrics() {
    let (server, address) = server(&[]);
    let _ann = Raw::join(server.address());
    let text = metrics(address);
    assert!(text.ends_with("\n# EOF\n"), "{text}");
    let mut families = BTreeSet::new();
    let (mut family, mut kind, mut below) = ("", "", 0.0);
    for line in text.lines() {
        assert_eq!(line.trim(), line);
        let words: Vec<&str> = line.splitn(4, ' ').collect();
        match words[..] {
            ["#", "EOF"] => {}
            ["#", "HELP", name, help] => {
                assert!(families.insert(name), "{name} comes twice");
                assert!(help.ends_with('.'), "{line}");
                (family, kind, below) = (name, "", 0.0);
            }
            ["#", "TYPE", name, what] => {
                assert_eq!(name, family);
                kind = what;
            }
            ["#", "UNIT", name, unit] => assert!(name == family && name.ends_with(unit), "{line}"),
            [sample, number] => {
                let number: f64 = number.parse().expect("a sample has a number");
                let name = sample.split('{').next().expect("it has a name");
                let suffix = name
                    .strip_prefix(family)
                    .unwrap_or_else(|| panic!("{line}"));
                let suffixes: &[&str] = match kind {
                    "counter" => &["_total"],
                    "gauge" => &[""],
                    "info" => &["_info"],
                    "histogram" => &["_bucket", "_sum", "_count"],
                    other => panic!("{other}: {line}"),
                };
                assert!(suffixes.contains(&suffix), "{line}");
                if suffix == "_bucket" {
                    assert!(number >= below, "{line}");
                    below = number;
                }
            }
            _ => panic!("{line}"),
        }
    }
    assert!(families.len() > 20, "{families:?}");
}

/// Whoever can read metrics learns of nobody.
#[test]
fn no_label_is_a_name_or_an_address() {
    let (mut server, address) = server(&[]);
    Raw::first_line(server.address(), "JOIN secretname");
    server.skip_to("secretname has joined the chat");
    let text = metrics(address);
    assert!(
        !text.contains("secretname") && !text.contains("127.0.0.1"),
        "{text}"
    );
    let labels = text
        .lines()
        .filter_map(|line| Some(line.split_once('{')?.1.split_once('=')?.0));
    let labels: BTreeSet<&str> = labels.collect();
    assert!(
        labels
            .iter()
            .all(|it| ["le", "reason", "version"].contains(it)),
        "{labels:?}"
    );
}

#[test]
fn health_is_told_and_what_is_not_there_or_not_allowed() {
    let (_server, address) = server(&[]);
    for (request, status) in [
        ("GET /healthz", "200"),
        ("GET /readyz", "200"),
        ("HEAD /readyz", "200"),
        ("GET /", "404"),
        ("POST /metrics", "405"),
    ] {
        let (head, _) = ask(address, request);
        assert!(
            head.starts_with(&format!("HTTP/1.1 {status} ")),
            "{request}: {head}"
        );
    }
}

#[test]
fn whoever_asks_nothing_takes_no_place_for_good_and_the_room_goes_on() {
    let (mut server, address) = server(&[]);
    let connect = || TcpStream::connect(address).expect("it listens");
    let silent: Vec<_> = (0..16).map(|_| connect()).collect();
    Raw::first_line(server.address(), "JOIN ann");
    server.skip_to("ann has joined the chat");
    // They have 10 s.
    assert_eq!(value(&metrics(address), "chat_joins_total"), Some(1.0));
    drop(silent);
}

#[test]
fn the_dashboard_and_the_alerts_name_what_is_exported() {
    let (server, address) = server(&["--listen-tls", "127.0.0.1:0"]);
    let mut stranger = Raw::connect(server.address());
    stranger.say("GET / HTTP/1.1");
    let _ = stranger.rest();
    Raw::join(server.address()).say("leave");
    let text = eventually("all families have samples", || {
        let text = metrics(address);
        let names = names(&text);
        let both = [
            "chat_connections_refused_total",
            "chat_connections_closed_total",
        ];
        both.iter()
            .all(|it| names.contains(it))
            .then_some(text.clone())
    });
    let exported = names(&text);
    let dashboard: Value = serde_json::from_str(DASHBOARD).expect("it is JSON");
    let panels = dashboard["panels"].as_array().expect("it has panels");
    let expressions = panels.iter().flat_map(|panel| {
        let targets = panel["targets"].as_array().expect("a panel has targets");
        targets
            .iter()
            .map(|target| target["expr"].as_str().expect("a target has an expression"))
    });
    let expressions: Vec<&str> = expressions.collect();
    assert!(panels.len() >= 8);
    for text in expressions.into_iter().chain([ALERTS]) {
        let named = named(text);
        assert!(!named.is_empty(), "{text}");
        let unknown: Vec<_> = named.difference(&exported).collect();
        assert!(unknown.is_empty(), "{unknown:?} are not exported: {text}");
    }
}
