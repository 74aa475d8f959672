//! What is the same over TLS.

use super::{OverTls, free};
use chat_tests::Dir;

const SERVER: &str = include_str!("../../documented/server.txt");
const CLIENT_1: &str = include_str!("../../documented/client-1.txt");
const CLIENT_2: &str = include_str!("../../documented/client-2.txt");

/// The screens are the documented ones, but for the names and the addresses, and for what only a terminal adds.
#[test]
fn the_documented_conversation_is_the_same_over_tls() {
    let mut over_tls = OverTls::with(&[]);
    let mut one = over_tls.client(&[]).joined();
    let mut two = over_tls.client(&["--text"]).joined();
    let server = &mut over_tls.server;
    let names = [(); 2].map(|()| {
        let line = server.transcript.line();
        let name = line.strip_suffix(" has joined the chat");
        name.expect("somebody joins").to_owned()
    });
    let [first, second] = &names;
    one.screen.expect(&format!("{second} has joined the chat"));
    for (speaker, line) in [
        (0, "Hi Guys!!!"),
        (1, "Hello mates!!!"),
        (0, "How are you?"),
        (1, "I am good! How are you!"),
        (0, "Very good. Nice talking to you!"),
        (0, "Bye"),
    ] {
        let (from, to) = match speaker {
            0 => (&mut one, &mut two),
            _ => (&mut two, &mut one),
        };
        from.type_line(line);
        to.screen.expect(&format!("{}: {line}", names[speaker]));
    }
    one.type_line("leave");
    two.screen.expect(&format!("{first} has left the chat"));
    for line in [
        "Hi Server. Looks like Im talking to just you",
        "Bye",
        "leave",
    ] {
        two.type_line(line);
    }
    let renamed = |screen: &str| {
        let screen = screen.replace("USER61014", first);
        screen.replace("USER61015", second)
    };
    // Of the client's screens, what came from the server.
    let heard = |screen: &str| {
        let screen = renamed(screen);
        let of_server = |line: &&str| line.starts_with("USER") || line.starts_with("Welcome");
        let lines: Vec<_> = screen.lines().filter(of_server).collect();
        lines.join("\n") + "\n"
    };
    for (client, screen) in [(one, CLIENT_1), (two, CLIENT_2)] {
        let finished = client.finish();
        assert_eq!((finished.code, finished.stderr.as_str()), (0, ""));
        assert_eq!(finished.stdout, heard(screen));
    }
    server.skip_to(&format!("{second} has left the chat"));
    server.process.kill();
    let addresses = server.addresses().iter();
    let addresses: Vec<_> = addresses.map(|it| format!("Listening on {it}\n")).collect();
    let screen = renamed(SERVER).replace("Listening on 127.0.0.1:5000\n", &addresses.concat());
    assert_eq!(server.transcript.all(), screen);
}

#[test]
fn whoever_is_cut_off_comes_back_and_loses_nothing() {
    let dir = Dir::new("tls-back");
    let data = dir.path("data");
    let at = free();
    let mut over_tls = OverTls::at(at, &["--data", &data]);
    let first = over_tls.fingerprint.clone();
    let mut ann = over_tls.client(&[]).joined();
    let mut bob = over_tls.client(&[]).joined();
    ann.screen.wait_for(" has joined the chat\n");
    over_tls.server.process.kill();
    ann.notices.wait_for("onnection");
    ann.type_line("said while nobody was there");
    let over_tls = OverTls::at(at, &["--data", &data]);
    assert_eq!(over_tls.fingerprint, first, "it is made once");
    bob.screen.wait_for(": said while nobody was there\n");
    bob.type_line("heard");
    ann.screen.wait_for(": heard\n");
    for mut client in [ann, bob] {
        client.type_line("LEAVE");
        assert_eq!(client.finish().code, 0);
    }
}

#[test]
fn programs_follow_over_tls() {
    let mut over_tls = OverTls::with(&[]);
    let mut follower = over_tls.client(&["--follow", "--json"]);
    over_tls.server.log.wait_for("connected");
    let mut ann = over_tls.client(&[]).joined();
    ann.type_line("to be followed");
    follower.screen.wait_for("to be followed");
    ann.end_input();
    assert_eq!(ann.finish().code, 0);
}
