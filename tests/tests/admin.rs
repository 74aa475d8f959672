//! The admin socket of a running server: whose it is, what can be asked, and what comes of it.
#![cfg(unix)]

use chat_tests::{Client, DEADLINE, Dir, Raw, Server, Signal, chat_server, eventually};
use serde_json::Value;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::process::{Command, Output, Stdio};
use std::time::Instant;

/// A server with a history, and those who look after it.
struct Room {
    dir: Dir,
    server: Server,
}

impl Room {
    fn open() -> Self {
        Self::with(&[])
    }

    fn with(arguments: &[&str]) -> Self {
        let dir = Dir::new("admin");
        let data = dir.path("history");
        let server = Server::with(&[&["--data", &data], arguments].concat());
        Self { dir, server }
    }

    fn socket(&self) -> String {
        self.dir.path("history/admin.sock")
    }

    fn admin(&self, arguments: &[&str]) -> Output {
        admin(&[&["--data", &self.dir.path("history")], arguments].concat())
    }

    /// What is printed for people.
    fn told(&self, arguments: &[&str]) -> String {
        let output = self.admin(arguments);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("what is printed is UTF-8")
    }

    /// What is printed for programs.
    fn json(&self, arguments: &[&str]) -> Value {
        let told = self.told(&[arguments, &["--json"]].concat());
        serde_json::from_str(&told).expect("it is JSON")
    }

    /// What is answered to a line on the socket.
    fn answer(&self, line: &str) -> String {
        let mut stream = UnixStream::connect(self.socket()).expect("the server listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("it can be");
        // Whoever says too much is not read to the end.
        let _ = stream.write_all(line.as_bytes());
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        answer
    }
}

fn admin(arguments: &[&str]) -> Output {
    let mut command = Command::new(chat_server());
    command.arg("admin").args(arguments).stdin(Stdio::null());
    command.output().expect("it can be started")
}

fn error_of(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into()
}

#[test]
fn the_socket_is_its_owners_alone_and_goes_with_the_server() {
    let mut room = Room::open();
    let mode = || fs::metadata(room.socket()).map(|it| it.permissions().mode() & 0o777);
    assert_eq!(mode().expect("it is there"), 0o600);
    room.server.process.signal(Signal::TERM);
    assert_eq!(room.server.process.exit_code(), 0);
    assert!(!fs::exists(room.socket()).expect("it can be looked for"));
    assert!(error_of(&room.admin(&["status"])).contains("no server runs there"));
}

#[test]
fn a_socket_that_a_killed_server_left_is_taken_over() {
    let mut room = Room::open();
    room.server.process.kill();
    assert!(fs::exists(room.socket()).expect("it can be looked for"));
    assert!(error_of(&room.admin(&["status"])).contains("no server runs there"));
    let data = room.dir.path("history");
    room.server = Server::with(&["--data", &data]);
    assert_eq!(room.json(&["status"])["type"], "status");
}

#[test]
fn status_tells_people_connections_entries_and_limits() {
    let room = Room::with(&["--max-connections", "9"]);
    let _ann = Raw::first_line(room.server.address(), "JOIN ann");
    let mut bot = Raw::connect(room.server.address());
    bot.say("JOIN {\"read\":true}");
    let status = eventually("both are in", || {
        let status = room.json(&["status"]);
        (status["states"]["joined"] == 1 && status["states"]["reading"] == 1).then_some(status)
    });
    assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(status["people"], 1);
    assert_eq!(status["connections"]["used"], 2);
    assert_eq!(status["connections"]["limit"], 9);
    assert_eq!(status["last_entry"], 1);
    assert_eq!(status["hosts"][0]["host"], "127.0.0.1");
    assert_eq!(status["hosts"][0]["connections"], 2);
    assert_eq!(status["is_stopping"], false);
    assert!(status["disk"]["used_bytes"].as_u64() > Some(0), "{status}");
    let told = room.told(&["status"]);
    for row in [
        "people            1\n",
        "2 of 9\n",
        "1 reading\n",
        "2 127.0.0.1\n",
    ] {
        assert!(told.contains(row), "{row:?} is not in\n{told}");
    }
}

/// ann, who is in the room, and then bob.
fn ann_and_bob(room: &mut Room) -> (Raw, Client) {
    let ann = Raw::first_line(room.server.address(), "JOIN ann");
    room.server.expect("ann has joined the chat");
    let mut bob = Client::start(room.server.address());
    bob.type_line("JOIN bob");
    room.server.expect("bob has joined the chat");
    (ann, bob)
}

#[test]
fn who_tells_the_names_and_say_tells_everyone() {
    let mut room = Room::open();
    let (mut ann, mut bob) = ann_and_bob(&mut room);
    ann.expect("bob has joined the chat");
    let told = room.told(&["who"]);
    let rows: Vec<Vec<&str>> = told
        .lines()
        .map(|it| it.split_whitespace().collect())
        .collect();
    for (row, name) in rows.iter().zip(["ann", "bob"]) {
        assert_eq!((row[0], &row[2..]), (name, &["127.0.0.1", "lobby"][..]));
    }
    assert_eq!(room.json(&["who"])["people"][1]["name"], "bob");
    ann.say("/join dev");
    room.server.expect("ann has left the chat");
    room.server.expect("[dev] ann has joined the chat");
    let ann_now = &room.json(&["who"])["people"][0];
    assert_eq!(ann_now["rooms"], serde_json::json!(["dev"]));
    assert_eq!(ann_now["address"], "127.0.0.1");
    let told = room.told(&["rooms"]);
    let rooms: Vec<Vec<&str>> = told
        .lines()
        .map(|it| it.split_whitespace().collect())
        .collect();
    assert_eq!(rooms, [["dev", "1"], ["lobby", "1"]]);
    assert_eq!(room.json(&["rooms"])["rooms"][0]["room"], "dev");
    ann.expect("* You are in dev now; nobody else is here.");
    assert_eq!(room.told(&["say", "back at 5"]), "told 2 in the room\n");
    ann.expect("* Announcement: back at 5");
    bob.screen.skip_to("* Announcement: back at 5");
    assert!(error_of(&room.admin(&["say", " "])).contains("nothing to say"));
    assert!(error_of(&room.admin(&["say", &"x".repeat(4097)])).contains("4096 bytes"));
    assert_eq!(
        room.told(&["say", &"x".repeat(4096)]),
        "told 2 in the room\n"
    );
}

#[test]
fn whoever_is_kicked_is_told_why_and_a_client_does_not_come_back_by_itself() {
    let mut room = Room::open();
    let (mut ann, mut bob) = ann_and_bob(&mut room);
    assert_eq!(room.told(&["kick", "BOB", "too loud"]), "BOB is gone\n");
    bob.screen
        .skip_to("* Goodbye: an operator has removed you: too loud");
    room.server.expect("bob has left the chat");
    assert_ne!(bob.finish().code, 0);
    assert!(error_of(&room.admin(&["kick", "bob"])).contains("nobody here is called \"bob\""));
    // By the connection, as `who` and the log name it.
    let who = room.json(&["who"]);
    let id = who["people"][0]["connection"].as_str().expect("it has one");
    assert!(room.told(&["kick", &id[1..]]).contains("is gone"));
    let rest = ann.rest();
    assert_eq!(
        rest.last().map(String::as_str),
        Some("* Goodbye: an operator has removed you.")
    );
    assert!(error_of(&room.admin(&["kick", id])).contains("nobody"));
    let reason = "x".repeat(513);
    assert!(error_of(&room.admin(&["kick", id, &reason])).contains("512 bytes"));
}

#[test]
fn reload_applies_what_it_can_and_names_what_needs_a_restart() {
    let dir = Dir::new("admin");
    let (file, socket) = (dir.path("chat.ron"), dir.path("socket"));
    let write = |text: &str| fs::write(&file, text).expect("it can be written");
    write("(max_connections: 9, log_format: \"text\")");
    let mut server = Server::with(&["--config", &file, "--admin", &socket]);
    let ask = |command| {
        let output = admin(&["--admin", &socket, command, "--json"]);
        let line = String::from_utf8(output.stdout).expect("it is UTF-8");
        serde_json::from_str::<Value>(&line).expect("it is JSON")
    };
    write("(max_connections: 1, log_format: \"json\")");
    let reloaded = ask("reload");
    assert_eq!(reloaded["applied"], serde_json::json!(["max_connections"]));
    assert_eq!(reloaded["needs_restart"], serde_json::json!(["log_format"]));
    assert_eq!(ask("status")["connections"]["limit"], 1);
    // A wrong file changes nothing.
    write("(max_connections: 0)");
    assert!(
        ask("reload")["error"]
            .as_str()
            .expect("it is an error")
            .contains(":1:")
    );
    assert_eq!(ask("status")["connections"]["limit"], 1);
    // SIGHUP does the same, and ends nobody.
    write("(max_connections: 5)");
    server.process.signal(Signal::HUP);
    eventually("the new limit", || {
        (ask("status")["connections"]["limit"] == 5).then_some(())
    });
    server.process.signal(Signal::TERM);
    assert_eq!(server.process.exit_code(), 0);
}

#[test]
fn drain_lets_everyone_go_and_says_when_to_come_back() {
    let mut room = Room::open();
    let mut bot = Raw::connect(room.server.address());
    bot.say("JOIN {}");
    room.server.transcript.line();
    assert!(
        room.told(&["drain"])
            .starts_with("1 connections are told goodbye")
    );
    // As long as it is there, it says that it stops.
    let again = room.admin(&["drain"]);
    let told = String::from_utf8_lossy(&[again.stdout, again.stderr].concat()).into_owned();
    let told_all = [
        "the server stops already",
        "the server is stopping",
        "no server runs there",
        "closed the connection",
    ];
    assert!(told_all.iter().any(|it| told.contains(it)), "{told}");
    let rest = bot.rest();
    let bye = rest.last().expect("it is told");
    assert!(
        bye.contains("shutting_down") && bye.contains("\"retry_after_ms\":1"),
        "{bye}"
    );
    assert_eq!(room.server.process.exit_code(), 0);
}

#[test]
fn whoever_drains_an_empty_server_is_answered_before_it_ends() {
    for _ in 0..5 {
        let mut room = Room::open();
        assert!(room.told(&["drain"]).starts_with("0 connections"));
        assert_eq!(room.server.process.exit_code(), 0);
    }
}

#[test]
fn backup_makes_a_copy_that_opens_while_people_talk() {
    let mut room = Room::open();
    let mut ann = Raw::first_line(room.server.address(), "JOIN ann");
    ann.say("remember this");
    room.server.skip_to("ann: remember this");
    let copy = room.dir.path("copy");
    // The copy has what the file `head` tells of, which is a second old at most.
    let entries = eventually("a copy of both entries", || {
        let _ = fs::remove_dir_all(&copy);
        let answer = room.json(&["backup", &copy]);
        (answer["entries"] == 2).then_some(answer)
    });
    assert_eq!(entries["type"], "backed_up");
    let mut check = Command::new(chat_server());
    let checked = check
        .args(["check", "--data", &copy])
        .output()
        .expect("it starts");
    assert!(checked.status.success(), "{checked:?}");
    assert!(error_of(&room.admin(&["backup", &copy])).contains(&copy));
}

#[test]
fn log_changes_what_is_written() {
    let mut room = Room::open();
    room.told(&["log", "error"]);
    Raw::join(room.server.address());
    room.told(&["log", "info"]);
    Raw::first_line(room.server.address(), "JOIN seen");
    let wanted = "name=seen";
    room.server.log.wait_for(wanted);
    for wrong in ["chat_net=loud", "loud", "chat-net=debug", ""] {
        let told = error_of(&room.admin(&["log", wrong]));
        assert!(
            told.contains("off, error, warn, info, debug or trace"),
            "{told}"
        );
    }
    // What is said of one part leaves the others as they are.
    room.told(&["log", "chat_cli=debug"]);
    Raw::first_line(room.server.address(), "JOIN seen_again");
    room.server.log.wait_for("name=seen_again");
}

#[test]
fn a_log_level_that_is_none_in_the_environment_is_told_and_the_default_holds() {
    let mut command = Server::command(&[]);
    command.env("RUST_LOG", "loud").env("CHAT_LISTNE", "5000");
    let mut server = Server::launch(command, 1);
    Raw::first_line(server.address(), "JOIN seen");
    server.log.wait_for("name=seen");
    let told = server.log.so_far();
    assert!(
        told.contains("RUST_LOG is ignored: \"loud\" is no log level"),
        "{told}"
    );
    assert!(
        told.contains("CHAT_LISTNE (is CHAT_LISTEN meant?)"),
        "{told}"
    );
}

#[test]
fn a_ban_says_when_it_ends_and_what_is_none_is_refused() {
    let room = Room::open();
    assert_eq!(room.told(&["bans"]), "nobody is banned\n");
    assert_eq!(room.told(&["ban", "eve"]), "eve is banned for good\n");
    let told = room.told(&["ban", "dan", "2w", "not nice"]);
    assert!(told.starts_with("dan is banned until 2"), "{told}");
    let told = room.told(&["ban", "127.0.0.1"]);
    assert!(
        told.contains("is banned for good; it keeps nobody out"),
        "{told}"
    );
    assert_eq!(
        room.told(&["ban", "192.0.2.7/24"]),
        "192.0.2.7/24 is banned for good\n"
    );
    for time in ["7", "7y", "1.5h", "2h30m"] {
        let told = error_of(&room.admin(&["ban", "fay", time]));
        assert!(told.contains("30s, 10m, 2h, 7d or 2w"), "{told}");
    }
    for address in ["10.0.0.300", "10.0.0.0/33", "fe80::zz", "10.0.0.*"] {
        let told = error_of(&room.admin(&["ban", address]));
        assert!(told.contains("is no address or network"), "{told}");
    }
    let bans = room.json(&["bans"]);
    let bans = bans["bans"].as_array().expect("it is a list");
    assert_eq!(bans.len(), 4);
    assert_eq!(
        (&bans[1]["whom"], &bans[1]["reason"]),
        (&"dan".into(), &"not nice".into())
    );
    assert_eq!(
        (&bans[1]["by"], &bans[3]["address"]),
        (&"server".into(), &"192.0.2.0/24".into())
    );
    assert!(bans[0]["until"].is_null() && bans[1]["until"].is_u64());
    let row = room.told(&["bans"]).lines().nth(1).map(str::to_owned);
    let row = row.expect("it is there");
    assert!(
        row.starts_with("dan ") && row.ends_with("not nice") && row.contains("until 2"),
        "{row}"
    );
    room.told(&["unban", "dan"]);
    assert_eq!(room.told(&["bans"]).lines().count(), 3);
}

#[test]
fn with_json_each_failure_is_an_object_with_its_error() {
    let room = Room::open();
    let dir = Dir::new("admin");
    let (nowhere, wrong) = (dir.path("nowhere"), dir.path("wrong.ron"));
    fs::write(&wrong, "(rate: 10k)").expect("it can be written");
    for (output, code) in [
        (room.admin(&["kick", "nobody", "--json"]), 1),
        (room.admin(&["--json", "log", "loud"]), 1),
        (room.admin(&["backup", "/proc/none", "--json"]), 1),
        (admin(&["--data", &nowhere, "status", "--json"]), 1),
        (admin(&["--config", &wrong, "status", "--json"]), 78),
        (admin(&["dance", "--json"]), 2),
    ] {
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        let object: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
        let members = object.as_object().expect("it is an object");
        assert!(
            members.len() == 1 && members["error"].is_string(),
            "{object}"
        );
        assert!(output.stderr.is_empty(), "{output:?}");
    }
}

#[test]
fn requests_are_bounded_and_what_is_none_is_told() {
    let room = Room::open();
    assert!(
        room.answer("{\"type\":\"who\"}\n")
            .contains("\"people\":[]")
    );
    assert!(
        room.answer("{\"type\":\"dance\"}\n")
            .contains("unknown variant `dance`")
    );
    assert!(room.answer("nothing\n").contains("\"type\":\"error\""));
    let request = |length: usize| {
        let empty = "{\"type\":\"say\",\"text\":\"\"}\n".len();
        format!(
            "{{\"type\":\"say\",\"text\":\"{}\"}}\n",
            "x".repeat(length - empty)
        )
    };
    assert!(
        room.answer(&request(8192))
            .contains("longer than 4096 bytes")
    );
    assert!(
        room.answer(&request(8193))
            .contains("longer than 8192 bytes")
    );
}

#[test]
fn whoever_is_silent_on_the_socket_stops_neither_the_room_nor_the_others_for_long() {
    let room = Room::open();
    let connect = || UnixStream::connect(room.socket()).expect("the server listens");
    let silent: Vec<_> = (0..4).map(|_| connect()).collect();
    let began = Instant::now();
    let _ann = Raw::first_line(room.server.address(), "JOIN ann");
    assert!(began.elapsed().as_secs() < 4, "the room did not wait");
    // All places are taken, until the silent ones have had their 5 s.
    assert!(room.told(&["who"]).starts_with("ann "));
    drop(silent);
}

#[test]
fn without_a_directory_there_is_a_socket_only_where_one_is_named() {
    let dir = Dir::new("admin");
    let socket = dir.path("socket");
    let _server = Server::with(&["--admin", &socket]);
    let status = admin(&["--admin", &socket, "status", "--json"]);
    assert!(status.status.success(), "{status:?}");
    let backup = admin(&["--admin", &socket, "backup", &dir.path("copy")]);
    assert!(error_of(&backup).contains("keeps no history"));
    // Nobody takes a socket from a server that runs.
    let mut second = Server::command(&["--admin", &socket]);
    let second = second.stdin(Stdio::null()).output().expect("it starts");
    assert!(error_of(&second).contains("another server has it"));
}
