//! The log: a connection's story can be followed by its id, from its coming to its end, and nothing that was said is in it.
#![cfg(unix)]

use chat_tests::{Dir, Raw, Server, Signal, chat_server, eventually};
use serde_json::Value;
use std::process::Command;

/// A server whose log is for programs.
struct Logged {
    dir: Dir,
    server: Server,
}

impl Logged {
    fn open() -> Self {
        let dir = Dir::new("log-story");
        let data = dir.path("history");
        let server = Server::with(&[
            "--data",
            &data,
            "--log-format",
            "json",
            "--max-connections",
            "8",
        ]);
        Self { dir, server }
    }

    fn admin(&self, arguments: &[&str]) -> Value {
        let mut command = Command::new(chat_server());
        command.args(["admin", "--json", "--data", &self.dir.path("history")]);
        let output = command.args(arguments).output().expect("it starts");
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).expect("it is JSON")
    }

    /// The connection of somebody, as `admin who` names it.
    fn who(&self, name: &str) -> String {
        let who = self.admin(&["who"]);
        let people = who["people"].as_array().expect("there are people");
        let person = people.iter().find(|it| it["name"] == name);
        let person = person.unwrap_or_else(|| panic!("{name} is not among {who}"));
        person["connection"].as_str().expect("it has one").into()
    }

    /// The fields of all that the log has so far, an event each.
    fn events(&self) -> Vec<Value> {
        let text = self.server.log.so_far();
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let events = whole.lines().map(serde_json::from_str);
        let events: Result<Vec<Value>, _> = events.collect();
        events.expect("every line is an object")
    }

    /// What happened to the connection from this address, once it has come to an end: the words, the id that is the same
    /// in all of them, the name, and the reason for the end.
    fn story(&self, peer: &str) -> Story {
        let told = eventually("the end of a story", || {
            let all = self.events();
            let own = all.into_iter().filter(|it| it["fields"]["peer"] == peer);
            let own: Vec<Value> = own.map(|it| it["fields"].clone()).collect();
            own.last()
                .is_some_and(|it| it["reason"].is_string())
                .then_some(own)
        });
        let conn = told[0]["conn"].as_str().expect("it has an id").to_owned();
        assert!(
            told.iter().all(|it| it["conn"] == conn.as_str()),
            "{told:?}"
        );
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Story {
            words: told.iter().map(|it| text(&it["message"])).collect(),
            conn,
            reason: text(&told[told.len() - 1]["reason"]),
        }
    }
}

struct Story {
    words: Vec<String>,
    conn: String,
    reason: String,
}

impl Story {
    #[track_caller]
    fn is(&self, words: &[&str], reason: &str) {
        assert_eq!(
            (self.words.as_slice(), self.reason.as_str()),
            (
                &*words.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>(),
                reason
            )
        );
    }
}

#[test]
fn whoever_took_another_name_left_under_that_one() {
    let logged = Logged::open();
    for (lines, name, joined_as) in [
        (&["/nick bea"][..], "bea", Value::from("ann")),
        (&["/nick bea", "/nick cat"], "cat", Value::from("ann")),
        (&["/nick bea", "/nick ann"], "ann", Value::Null),
        (&[], "ann", Value::Null),
    ] {
        let mut raw = Raw::first_line(logged.server.address(), "JOIN ann");
        let peer = raw.address().to_string();
        for line in lines {
            raw.say(line);
        }
        raw.say("LEAVE");
        raw.rest();
        drop(raw);
        logged
            .story(&peer)
            .is(&["connected", "joined", "left"], "left");
        let left = logged.events().into_iter().map(|it| it["fields"].clone());
        let mut left = left.filter(|it| it["peer"] == peer && it["message"] == "left");
        let left = left.next().expect("it left");
        assert_eq!(
            (&left["name"], &left["joined_as"]),
            (&name.into(), &joined_as)
        );
    }
}

#[test]
fn whoever_was_in_the_room_is_followed_to_their_end_by_the_id_that_who_tells() {
    type End = fn(&Logged, Raw, &str);
    let ends: [(&str, End, &str); 4] = [
        (
            "left",
            |_, mut raw, _| {
                raw.say("LEAVE");
                raw.rest();
            },
            "left",
        ),
        (
            "eof",
            |_, mut raw, _| {
                raw.end_sending();
                raw.rest();
            },
            "closed by the peer",
        ),
        ("lost", |_, raw, _| raw.reset(), "connection lost"),
        (
            "kicked",
            |logged, mut raw, id| {
                logged.admin(&["kick", id, "enough"]);
                raw.rest();
            },
            "removed by an operator",
        ),
    ];
    for (name, end, reason) in ends {
        let logged = Logged::open();
        let raw = Raw::first_line(logged.server.address(), &format!("JOIN {name}"));
        let peer = raw.address().to_string();
        let id = logged.who(name);
        end(&logged, raw, &id);
        let story = logged.story(&peer);
        story.is(&["connected", "joined", "left"], reason);
        assert_eq!(story.conn, id);
    }
}

#[test]
fn whoever_is_replaced_or_stopped_is_followed_too() {
    let mut logged = Logged::open();
    let mut first = Raw::connect(logged.server.address());
    first.say("JOIN {\"name\":\"ann\"}");
    let welcome: Value = serde_json::from_str(&first.line()).expect("it is JSON");
    let token = welcome["session"].as_str().expect("it has one");
    let mut second = Raw::connect(logged.server.address());
    second.say(&format!("JOIN {{\"session\":\"{token}\"}}"));
    second.line();
    let (before, after) = (first.address().to_string(), second.address().to_string());
    first.rest();
    drop(first);
    logged.story(&before).is(
        &["connected", "joined", "left"],
        "replaced by a newer connection",
    );
    let id = logged.who("ann");
    logged.server.process.signal(Signal::TERM);
    second.rest();
    drop(second);
    let story = logged.story(&after);
    story.is(&["connected", "joined", "left"], "server stopped");
    assert_eq!(story.conn, id);
}

#[test]
fn whoever_was_not_let_in_has_a_reason() {
    let logged = Logged::open();
    let address = logged.server.address();
    for (line, words, reason) in [
        ("GET / HTTP/1.1", ["connected", "refused"], "spoke HTTP"),
        (
            "JOIN {\"version\":",
            ["connected", "refused"],
            "asked for what is not known of the JSON dialect",
        ),
        (
            "LEAVE",
            ["connected", "gone, and was not in the room"],
            "closed by the peer",
        ),
    ] {
        let mut raw = Raw::connect(address);
        if line == "LEAVE" {
            raw.end_sending();
        } else {
            raw.say(line);
        }
        let peer = raw.address().to_string();
        raw.rest();
        drop(raw);
        logged.story(&peer).is(&words, reason);
    }
    // Everyone has said something, so that nobody gives way.
    let mut full: Vec<_> = (0..8).map(|_| Raw::join(address)).collect();
    for raw in &mut full {
        raw.say("hello");
    }
    eventually("all have spoken", || {
        let said = logged.server.transcript.so_far().matches(": hello").count();
        (said == 8).then_some(())
    });
    let mut late = Raw::connect(address);
    let peer = late.address().to_string();
    late.rest();
    drop(late);
    logged
        .story(&peer)
        .is(&["refused"], "refused: the room is full");
}

#[test]
fn nothing_that_was_said_is_in_the_log_whatever_it_writes() {
    let secret = "xyzzy-of-nobody";
    for format in ["text", "json"] {
        let mut command = Server::command(&["--log-format", format]);
        command.env("RUST_LOG", "trace");
        let mut server = Server::launch(command, 1);
        let mut ann = Raw::first_line(server.address(), "JOIN ann");
        let mut bot = Raw::connect(server.address());
        bot.say("JOIN {\"name\":\"bot\"}");
        bot.line();
        ann.say(secret);
        ann.say(&format!("/me {secret}"));
        ann.say(&format!("/topic {secret}"));
        ann.say(&format!("/msg bot {secret}"));
        ann.say(&format!("/{secret}"));
        bot.say(&format!(
            "{{\"type\":\"say\",\"text\":\"{secret}\",\"id\":\"{secret}\"}}"
        ));
        bot.say(&format!("{{\"type\":\"{secret}\"}}"));
        server.transcript.wait_for(&format!("bot: {secret}"));
        // A password of another protocol, and a first line that is too long.
        let mut other = Raw::connect(server.address());
        other.say(&format!("PASS {secret}"));
        other.rest();
        server.process.signal(Signal::TERM);
        let log = server.log.all();
        assert!(log.contains("joined"), "{log}");
        assert!(!log.contains(secret), "{log}");
    }
}
