//! A name that was claimed belongs to its owner after a `kill -9`, a back-up, and an export that is imported.

use chat_tests::{Client, Dir, Finished, Raw, Server, chat_server};
use std::fs;
use std::process::{Command, Stdio};

/// A server whose history is in this directory.
fn start(data: &str) -> Server {
    Server::with(&["--data", data])
}

/// Whether the name belongs to whoever knows the password, and to nobody else.
#[track_caller]
fn expect_owned(server: &Server) {
    let mut other = Raw::first_line(server.address(), "JOIN ann");
    other.expect(
        "* The name ann belongs to somebody; you are ann-2. If it is yours: /login ann PASSWORD.",
    );
    other.say("/login ann open says me");
    other.expect("* Not done: nobody has claimed that name, or the password is another one.");
    other.say("/login ann open sesame");
    other.expect("ann-2 is now known as ann");
    other.expect("* You are ann, as the name is yours.");
    other.say("LEAVE");
}

/// Runs a command of the server on a history.
fn run(arguments: &[&str], data: &str, input: Option<&str>, output: Option<&str>) {
    let mut command = Command::new(chat_server());
    command.args(arguments).args(["--data", data]);
    if let Some(input) = input {
        command.stdin(fs::File::open(input).unwrap());
    }
    command.stdout(output.map_or_else(Stdio::null, |path| fs::File::create(path).unwrap().into()));
    assert!(command.status().unwrap().success(), "{arguments:?}");
}

#[test]
fn a_claimed_name_outlives_a_kill_and_moves_with_the_history() {
    let dir = Dir::new("accounts");
    let data = dir.path("data");
    let mut server = start(&data);
    let mut ann = Raw::first_line(server.address(), "JOIN ann");
    ann.say("/claim open sesame");
    ann.expect("* The name ann is yours. From elsewhere, /login ann PASSWORD gives it to you.");
    server.process.kill();

    let mut server = start(&data);
    expect_owned(&server);
    server.process.kill();
    run(&["check"], &data, None, None);
    let export = dir.path("history.jsonl");
    run(&["export"], &data, None, Some(&export));
    let exported = fs::read_to_string(&export).unwrap();
    assert!(exported.contains("@accounts") && !exported.contains("open sesame"));

    let moved = dir.path("moved");
    run(&["import"], &moved, Some(&export), None);
    expect_owned(&start(&moved));
}

/// A program that knows what was kept in a directory, and does this between joining as ann and leaving.
fn run_ann(state: &str, address: &str, lines: &[&str]) -> Finished {
    let mut client = Client::with(&["--state", state, address]);
    client.type_line("JOIN ann");
    client.screen.expect("Welcome to the chatroom!");
    for line in lines {
        client.type_line(line);
    }
    client.type_line("LEAVE");
    client.finish()
}

#[test]
fn a_client_that_keeps_its_state_comes_back_to_its_name_without_the_password() {
    let dir = Dir::new("devices");
    let (data, state) = (dir.path("data"), dir.path("state"));
    let mut server = start(&data);
    let address = server.address().to_string();
    let ended = run_ann(&state, &address, &["/claim open sesame"]);
    assert!(ended.stdout.contains("The name ann is yours."), "{ended:?}");
    assert!(
        ended
            .stderr
            .contains("you come back as ann without the password"),
        "{ended:?}"
    );
    server.process.kill();
    let kept = fs::read_to_string(format!("{state}/client.json")).unwrap();
    let (_, token) = kept.split_once("\"token\":\"").expect("it is kept");
    let (token, _) = token.split_once('"').unwrap();
    assert_eq!(token.len(), 32);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let file = fs::metadata(format!("{state}/client.json")).unwrap();
        assert_eq!(file.permissions().mode() & 0o077, 0, "its owner's alone");
    }

    let again =
        |data: &str| Server::launch(Server::command(&["--data", data, "--listen", &address]), 2);
    let mut server = again(&data);
    let back = run_ann(&state, &address, &["/who", "/devices"]);
    assert_eq!(back.code, 0, "{back:?}");
    assert!(back.stdout.contains("* In the room (1): ann\n"), "{back:?}");
    assert!(back.stdout.contains(": 1 \"chat-client"), "{back:?}");
    let mut other = Raw::first_line(server.address(), "JOIN ann");
    other.expect_start("* The name ann belongs to somebody; you are ann-2.");
    server.process.kill();
    let log = server.log.all();
    assert!(!log.contains(token), "{log}");

    // It moves with the history, which has nothing that opens the name.
    let (export, moved) = (dir.path("history.jsonl"), dir.path("moved"));
    run(&["export"], &data, None, Some(&export));
    assert!(!fs::read_to_string(&export).unwrap().contains(token));
    run(&["import"], &moved, Some(&export), None);
    let _server = again(&moved);
    let back = run_ann(
        &state,
        &address,
        &["/who", "/devices revoke 1", "/nick zoe"],
    );
    assert!(back.stdout.contains("* In the room (1): ann\n"), "{back:?}");
    assert!(
        back.stdout.contains("* Device 1 needs the password"),
        "{back:?}"
    );
    let none = run_ann(&state, &address, &["/who"]);
    let told = "* This device does not open the name ann, or not any more; you are ann-2.";
    assert!(none.stdout.contains(told), "{none:?}");
    assert!(
        none.stdout.contains("* In the room (1): ann-2\n"),
        "{none:?}"
    );
    let kept = fs::read_to_string(format!("{state}/client.json")).unwrap();
    assert!(!kept.contains("token"), "{kept}");
}

#[test]
fn whom_a_client_ignores_it_ignores_in_the_next_run() {
    let dir = Dir::new("ignoring");
    let state = dir.path("state");
    let server = Server::start();
    let address = server.address().to_string();
    let first = run_ann(&state, &address, &["/ignore eve"]);
    assert!(first.stdout.contains("* What eve says, does,"), "{first:?}");
    let mut client = Client::with(&["--state", &state, &address]);
    client.type_line("JOIN ann");
    client.screen.expect("Welcome to the chatroom!");
    let mut eve = Raw::first_line(server.address(), "JOIN eve");
    client.screen.skip_to("eve has joined the chat");
    for line in [
        "hello",
        "/me waves",
        "/msg ann psst",
        "/nick mal",
        "and now?",
    ] {
        eve.say(line);
    }
    client.screen.expect("eve is now known as mal");
    eve.say("LEAVE");
    client.screen.expect("mal has left the chat");
    client.type_line("LEAVE");
    assert_eq!(client.finish().code, 0);
    // Over the text dialect, nobody does that.
    let mut bob = Raw::first_line(server.address(), "JOIN bob");
    bob.say("/ignore eve");
    bob.expect_start("* Not done: that is for your client to do.");
}

#[test]
fn without_a_history_names_are_free_again_at_the_end() {
    let server = Server::start();
    let mut ann = Raw::first_line(server.address(), "JOIN ann");
    ann.say("/claim open sesame");
    ann.expect_start("* The name ann is yours.");
    drop(server);
    let server = Server::start();
    let mut other = Raw::first_line(server.address(), "JOIN ann");
    other.expect_nothing_more();
}
