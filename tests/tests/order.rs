//! What is ordered holds: over reconnecting, over another name, and after a `kill -9`, a back-up and an export that is imported.
#![cfg(unix)]

use chat_tests::{Dir, Raw, Server, chat_server};
use std::fs;
use std::process::{Command, Output, Stdio};

/// A server whose history is in this directory, and for which this machine is a host like any other.
fn start(data: &str) -> Server {
    Server::with(&["--data", data, "--limit-loopback"])
}

fn admin(data: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(chat_server());
    command.args(["admin", "--data", data]).args(arguments);
    command.output().unwrap()
}

/// Somebody who owns a name, and goes to a room.
fn owner(server: &Server, name: &str, room: &str) -> Raw {
    let mut it = Raw::first_line(server.address(), &format!("JOIN {name}"));
    it.say("/claim open sesame");
    it.expect_start(&format!("* The name {name} is yours."));
    it.say(&format!("/join {room}"));
    it.expect(&format!("* You are in {room} now; nobody else is here."));
    it.expect(&format!("{name} owns this room"));
    it
}

/// Nobody from this machine comes into dev, under whatever name, until the time that it says.
#[track_caller]
fn expect_banned(server: &Server) {
    for name in ["troll", "Troll.", "saint"] {
        let mut it = Raw::first_line(server.address(), &format!("JOIN {name}"));
        it.say("/join dev");
        it.expect_start("* You are banned from dev until 2");
        it.say("/nick innocent");
        it.expect(&format!("{name} is now known as innocent"));
        it.say("/join dev");
        it.expect_start("* You are banned from dev until 2");
        it.say("LEAVE");
        it.expect_end();
    }
}

#[test]
fn a_ban_holds_whoever_somebody_is_next_and_whatever_becomes_of_the_server() {
    let dir = Dir::new("order");
    let data = dir.path("data");
    let mut server = start(&data);
    let mut ann = owner(&server, "ann", "dev");
    let mut troll = Raw::first_line(server.address(), "JOIN troll");
    troll.say("/join dev");
    troll.expect("* You are in dev now; 1 other is here.");
    ann.expect("troll has joined the chat");
    ann.say("/ban troll 2h not nice");
    ann.expect("ann has banned troll for 2h: not nice");
    ann.expect("* That is about 127.0.0.1; only operators see this.");
    ann.expect("troll has left the chat");
    troll.expect("ann has banned troll for 2h: not nice");
    troll.expect_start("* You are banned from dev until 2");
    troll.expect("* You are in lobby now; nobody else is here.");
    troll.say("LEAVE");
    troll.expect_end();
    expect_banned(&server);
    server.process.kill();

    let mut server = start(&data);
    expect_banned(&server);
    server.process.kill();
    let export = dir.path("history.jsonl");
    let run = |arguments: &[&str], input: Option<&str>, output: Option<&str>| {
        let mut command = Command::new(chat_server());
        command.args(arguments);
        if let Some(input) = input {
            command.stdin(fs::File::open(input).unwrap());
        }
        let to_file = |path| fs::File::create(path).unwrap().into();
        command.stdout(output.map_or_else(Stdio::null, to_file));
        assert!(command.status().unwrap().success(), "{arguments:?}");
    };
    run(&["check", "--data", &data], None, None);
    run(&["export", "--data", &data], None, Some(&export));
    let moved = dir.path("moved");
    run(&["import", "--data", &moved], Some(&export), None);
    let server = start(&moved);
    expect_banned(&server);
    // Whoever owns the room comes in from the same host, and lifts the ban.
    let mut ann = Raw::first_line(server.address(), "JOIN ann");
    ann.expect_start("* The name ann belongs to somebody; you are ann-2.");
    ann.say("/login ann open sesame");
    ann.expect("ann-2 is now known as ann");
    ann.expect("* You are ann, as the name is yours.");
    ann.say("/join dev");
    ann.expect("* You are in dev now; nobody else is here.");
    ann.say("/unban troll");
    ann.expect("ann has lifted the ban of troll");
    let mut troll = Raw::first_line(server.address(), "JOIN troll");
    troll.say("/join dev");
    troll.expect("* You are in dev now; 1 other is here.");
}

#[test]
fn an_administrator_keeps_order_in_the_lobby_until_that_is_taken_back() {
    let dir = Dir::new("order");
    let data = dir.path("data");
    let mut server = start(&data);
    let refused = admin(&data, &["grant", "ann"]);
    assert!(!refused.status.success(), "nobody has claimed it");
    let mut ann = Raw::first_line(server.address(), "JOIN ann");
    ann.say("/claim open sesame");
    ann.expect_start("* The name ann is yours.");
    let granted = admin(&data, &["grant", "ann"]);
    assert_eq!(
        String::from_utf8_lossy(&granted.stdout),
        "ann is an administrator\n"
    );
    ann.expect("* You are an administrator now: you may do in any room what its owner may.");
    server.process.kill();

    let server = start(&data);
    let mut ann = Raw::first_line(server.address(), "JOIN ann");
    ann.expect_start("* The name ann belongs to somebody; you are ann-2.");
    ann.say("/login ann open sesame");
    ann.expect("ann-2 is now known as ann");
    ann.expect("* You are ann, as the name is yours.");
    let mut bob = Raw::first_line(server.address(), "JOIN bob");
    ann.expect("bob has joined the chat");
    ann.say("/kick bob too loud");
    ann.expect("ann has removed bob: too loud");
    ann.expect("bob has left the chat");
    bob.expect("ann has removed bob: too loud");
    bob.expect("* Goodbye: ann has removed you: too loud");
    bob.expect_end();
    let revoked = admin(&data, &["revoke", "ann"]);
    assert!(revoked.status.success());
    ann.expect("* You are no administrator any more.");
    ann.say("/slow 5");
    ann.expect("* Not done: /slow is for the operators of the room.");
}

#[test]
fn who_is_banned_by_the_servers_own_people_stays_out_until_they_say_otherwise() {
    let dir = Dir::new("order");
    let data = dir.path("data");
    let mut server = start(&data);
    let mut ann = Raw::first_line(server.address(), "JOIN ann");
    let mut eve = Raw::first_line(server.address(), "JOIN eve");
    let told = |arguments: &[&str]| {
        let output = admin(&data, arguments);
        let told = if output.status.success() {
            output.stdout
        } else {
            output.stderr
        };
        (
            output.status.success(),
            String::from_utf8_lossy(&told).into_owned(),
        )
    };
    let banned = told(&["ban", "eve", "2h", "not nice"]);
    assert!(
        banned.0 && banned.1.starts_with("eve is banned until 2"),
        "{banned:?}"
    );
    ann.expect("eve has joined the chat");
    ann.expect("server has banned eve for 2h: not nice");
    ann.expect("eve has left the chat");
    eve.expect("server has banned eve for 2h: not nice");
    for (arguments, words) in [
        (&["ban", "eve", "0s"][..], "1s to 365d"),
        (&["ban", "192.0.2.0/3"], "is no address or network"),
        (&["ban", "two words"], "is no name"),
        (&["unban", "bob"], "nobody is banned by that"),
    ] {
        let (is_done, told) = told(arguments);
        assert!(!is_done && told.contains(words), "{told}");
    }
    let network = told(&["ban", "192.0.2.0/24", "no reason at all", "--json"]);
    assert_eq!(
        network,
        (
            true,
            "{\"type\":\"ban\",\"whom\":\"192.0.2.0/24\",\"is_banned\":true,\"until\":null,\"note\":null}\n".into()
        )
    );
    ann.expect("server has banned an address: no reason at all");
    // What is answered is kept: the server is killed at once.
    server.process.kill();
    let server = start(&data);
    let mut eve = Raw::connect(server.address());
    eve.say("JOIN eve");
    eve.expect_start("* Goodbye: you are banned until ");
    eve.expect_end();
    assert_eq!(
        told(&["unban", "eve"]),
        (true, "eve is banned no more\n".into())
    );
    Raw::first_line(server.address(), "JOIN eve");
}

#[test]
fn what_is_removed_is_nowhere_on_the_disk_any_more() {
    const SECRET: &str = "what-nobody-is-to-read";
    let dir = Dir::new("order");
    let data = dir.path("data");
    let mut server = start(&data);
    let mut ann = Raw::first_line(server.address(), "JOIN ann");
    ann.say("/claim open sesame");
    ann.expect_start("* The name ann is yours.");
    assert!(admin(&data, &["grant", "ann"]).status.success());
    ann.expect("* You are an administrator now: you may do in any room what its owner may.");
    let mut bob = Raw::first_line(server.address(), "JOIN bob");
    ann.expect("bob has joined the chat");
    bob.say(SECRET);
    ann.expect(&format!("bob: {SECRET}"));
    let has = || {
        let files = std::fs::read_dir(&data).unwrap();
        let has = |path: std::path::PathBuf| {
            let bytes = std::fs::read(path).unwrap_or_default();
            bytes
                .windows(SECRET.len())
                .any(|it| it == SECRET.as_bytes())
        };
        files.map(|it| it.unwrap().path()).any(has)
    };
    assert!(has());
    ann.say("/redact bob");
    ann.expect("ann has removed a line of bob (#3)");
    assert!(!has(), "it is gone before that is told");
    bob.say("/history 2");
    bob.expect("ann has removed a line of bob (#3)");
    bob.expect("* bob: (removed)");
    server.process.kill();
    let server = start(&data);
    let mut cat = Raw::first_line(server.address(), "JOIN cat");
    cat.say("/history");
    cat.expect("* ann has joined the chat");
    cat.expect("* bob has joined the chat");
    cat.expect("* bob: (removed)");
    assert!(!has());
    drop(server);
}

#[test]
fn a_claim_is_ended_by_whoever_looks_after_the_server() {
    let dir = Dir::new("free-name");
    let data = dir.path("data");
    let server = start(&data);
    let mut ann = Raw::first_line(server.address(), "JOIN ann");
    ann.say("/claim open sesame");
    ann.expect_start("* The name ann is yours.");
    let freed = admin(&data, &["free-name", "ann"]);
    assert_eq!(
        String::from_utf8_lossy(&freed.stdout),
        "ann belongs to nobody\n"
    );
    ann.expect_start("* An operator of the server has ended your claim of the name ann;");
    let refused = admin(&data, &["--json", "free-name", "ann"]);
    assert_eq!(refused.status.code(), Some(1));
    let told: serde_json::Value = serde_json::from_slice(&refused.stdout).expect("JSON");
    assert_eq!(told["error"], "the name \"ann\" belongs to nobody");
    ann.say("/claim another one");
    ann.expect_start("* The name ann is yours.");
    let freed = admin(&data, &["--json", "free-name", "Ann"]);
    let told: serde_json::Value = serde_json::from_slice(&freed.stdout).expect("JSON");
    assert_eq!(told["name"], "Ann");
}
