//! The documented conversation, held by the real binaries: the three screens are the documented ones, byte for byte.

use chat_tests::{Client, Server};

const SERVER: &str = include_str!("../documented/server.txt");
const CLIENT_1: &str = include_str!("../documented/client-1.txt");
const CLIENT_2: &str = include_str!("../documented/client-2.txt");

#[cfg(unix)]
mod in_terminals {
    use std::net::{SocketAddr, TcpListener};
    use std::process::Command;

    use chat_tests::{Terminal, chat_client, chat_server, loopback};

    use super::{CLIENT_1, CLIENT_2, SERVER, Server};

    const PROMPT: &str = "Please type JOIN to join the Chatroom : ";

    /// Whoever runs the tests may have a server of their own on port 5000. Then this one takes another port, and one
    /// line of one screen differs in that.
    #[test]
    fn the_three_screens_are_the_documented_ones() {
        for port in [61014, 61015] {
            if let Err(error) = TcpListener::bind(loopback(port)) {
                panic!(
                    "the documented screens show port {port}, which cannot be had on this machine now: {error}; \
                     end what uses it and run this test again"
                );
            }
        }
        let mut command = Command::new(chat_server());
        command.arg("--ephemeral");
        let taken = TcpListener::bind(loopback(5000)).err();
        if let Some(error) = &taken {
            assert!(std::env::var_os("CI").is_none(), "port 5000: {error}");
            eprintln!("port 5000 cannot be had now ({error}): tried with another one");
            command.args(["--listen", "0"]);
        }
        let mut server = Server::launch(command, 1);
        let address = server.address();
        assert!(taken.is_some() || address == loopback(5000), "{address}");
        let mut one = client(address, "61014");
        let mut two = client(address, "61015");

        one.type_line("JOIN");
        one.screen.wait_for("Welcome to the chatroom!\r\n");
        server.expect("USER61014 has joined the chat");
        two.type_line("JOIN");
        two.screen.wait_for("Welcome to the chatroom!\r\n");
        one.screen.wait_for("USER61015 has joined the chat\r\n");

        one.type_line("Hi Guys!!!");
        two.screen.wait_for("USER61014: Hi Guys!!!\r\n");
        two.type_line("Hello mates!!!");
        one.screen.wait_for("USER61015: Hello mates!!!\r\n");
        one.type_line("How are you?");
        two.screen.wait_for("USER61014: How are you?\r\n");
        two.type_line("I am good! How are you!");
        one.screen
            .wait_for("USER61015: I am good! How are you!\r\n");
        one.type_line("Very good. Nice talking to you!");
        two.screen
            .wait_for("USER61014: Very good. Nice talking to you!\r\n");
        one.type_line("Bye");
        two.screen.wait_for("USER61014: Bye\r\n");
        one.type_line("leave");
        two.screen.wait_for("USER61014 has left the chat\r\n");
        assert_eq!(one.finish(), (0, CLIENT_1.to_owned()));

        two.type_line("Hi Server. Looks like Im talking to just you");
        two.type_line("Bye");
        two.type_line("leave");
        assert_eq!(two.finish(), (0, CLIENT_2.to_owned()));

        server.transcript.skip_to("USER61015 has left the chat");
        server.process.kill();
        let screen = SERVER.replace("127.0.0.1:5000", &address.to_string());
        assert_eq!(server.transcript.all(), screen);
    }

    fn client(server: SocketAddr, port: &str) -> Terminal {
        let mut command = Command::new(chat_client());
        command.args(["--local-port", port]);
        if server != loopback(5000) {
            command.arg(server.to_string());
        }
        let mut client = Terminal::start(&mut command);
        client.screen.wait_for(PROMPT);
        client
    }
}

/// The same conversation wherever there is a free port, and without terminals: the screens are the documented ones but
/// for the names, and for what only a terminal adds, the prompt and the typed lines.
#[test]
fn the_conversation_is_the_same_on_any_port_and_through_pipes() {
    let mut server = Server::start();
    let mut one = Client::join(server.address());
    let mut two = Client::join(server.address());
    let names = [name_of(&mut server), name_of(&mut server)];
    let [first, second] = &names;
    one.screen.expect(&format!("{second} has joined the chat"));

    let mut typed = [vec!["JOIN"], vec!["JOIN"]];
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
        typed[speaker].push(line);
    }
    one.type_line("leave");
    two.screen.expect(&format!("{first} has left the chat"));
    for line in [
        "Hi Server. Looks like Im talking to just you",
        "Bye",
        "leave",
    ] {
        two.type_line(line);
        typed[1].push(line);
    }
    typed[0].push("leave");

    let address = server.address().to_string();
    let renamed = |screen: &str| {
        screen
            .replace("USER61014", first)
            .replace("USER61015", second)
            .replace("127.0.0.1:5000", &address)
    };
    for (client, screen, typed) in [(one, CLIENT_1, &typed[0]), (two, CLIENT_2, &typed[1])] {
        let finished = client.finish();
        assert_eq!(finished.code, 0);
        assert_eq!(finished.stdout, received(&renamed(screen), typed));
        assert_eq!(finished.stderr, "");
    }
    server
        .transcript
        .skip_to(&format!("{second} has left the chat"));
    server.process.kill();
    assert_eq!(server.transcript.all(), renamed(SERVER));
}

/// The name of the one whose joining is the transcript's next line.
fn name_of(server: &mut Server) -> String {
    let line = server.transcript.line();
    let name = line.strip_suffix(" has joined the chat");
    name.expect("someone has joined").to_owned()
}

/// What is left of a client's screen without the prompt and the typed lines.
fn received(screen: &str, typed: &[&str]) -> String {
    let mut typed = typed.iter().peekable();
    let mut left = String::new();
    for line in screen.lines() {
        let shown = line.rsplit(" : ").next();
        if shown == typed.peek().map(|line| **line) {
            typed.next();
        } else {
            left.push_str(line);
            left.push('\n');
        }
    }
    assert_eq!(
        typed.next(),
        None,
        "every line that was typed is on the screen"
    );
    left
}
