//! The client, seen by the person in front of it and by its connection.

use chat_core::client_phase::Phase;
use chat_core::{
    Client, ClientAction, ClientInput, Command, CommandError, Line, MAX_LINE, MAX_SERVER_LINE,
    Outcome, TextClient, Timestamp,
};
use std::time::Duration;

const MS: Duration = Duration::from_millis(1);
const PATIENCE: Duration = Duration::from_secs(10);
const LEAVE_PATIENCE: Duration = Duration::from_secs(30);
const INTERRUPT_PATIENCE: Duration = Duration::from_secs(2);
const MAX_UNSENT: usize = 64 * 1024;
const WELCOME: &str = "Welcome to the chatroom!\n";

/// A client with its person, its connection and its clock.
struct World {
    client: TextClient,
    now: Timestamp,
    /// What the person was shown or told, a line each, prompts and endings as well.
    screen: Vec<String>,
    sent: Vec<u8>,
    connects: usize,
    finished: bool,
    outcome: Option<Outcome>,
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            client: TextClient::new(),
            now: Timestamp::ZERO,
            screen: Vec::new(),
            sent: Vec::new(),
            connects: 0,
            finished: false,
            outcome: None,
        };
        world.act();
        world.screen.clear();
        world
    }

    /// One who has typed `JOIN`.
    fn connecting() -> Self {
        let mut world = Self::new();
        world.types("JOIN").unwrap();
        world
    }

    /// One whose connection was made, and who has sent `JOIN`.
    fn joining() -> Self {
        let mut world = Self::connecting();
        world.hears(ClientInput::Connected);
        world.send(usize::MAX);
        world.sent.clear();
        world
    }

    /// One who is in the room.
    fn talking() -> Self {
        let mut world = Self::joining();
        world.receives(WELCOME);
        world.screen.clear();
        world
    }

    /// One who has asked to leave, and has sent that.
    fn leaving() -> Self {
        let mut world = Self::talking();
        world.does(Command::EndOfInput);
        world.send(usize::MAX);
        world
    }

    fn does(&mut self, command: Command<'_>) {
        self.client.command(self.now, command).unwrap();
        self.act();
    }

    fn types(&mut self, line: impl AsRef<[u8]>) -> Result<(), CommandError> {
        let line = Line::Whole(line.as_ref());
        let done = self.client.command(self.now, Command::Line(line));
        self.act();
        done
    }

    fn hears(&mut self, input: ClientInput<'_>) {
        self.client.handle(self.now, input);
        self.act();
    }

    fn receives(&mut self, bytes: impl AsRef<[u8]>) {
        self.hears(ClientInput::Received(bytes.as_ref()));
    }

    /// The connection takes so many bytes.
    fn send(&mut self, most: usize) {
        let mut left = most;
        while left > 0 && !self.client.unsent().is_empty() {
            let piece = self.client.unsent();
            let count = piece.len().min(left);
            self.sent.extend_from_slice(&piece[..count]);
            self.client.sent(self.now, count);
            left -= count;
        }
        self.act();
    }

    /// Lets time pass.
    fn wait(&mut self, time: Duration) {
        self.now = self.now + time;
        self.hears(ClientInput::Timeout);
    }

    fn act(&mut self) {
        while let Some(action) = self.client.poll_action() {
            match action {
                ClientAction::Prompt(text) => self.screen.push(text.into()),
                ClientAction::Show(text) | ClientAction::Notice(text) => self.screen.push(text),
                ClientAction::Connect => self.connects += 1,
                ClientAction::Finish => self.finished = true,
                ClientAction::ShowAt(..) | ClientAction::Disconnect | ClientAction::Keep(_) => {
                    panic!("{action:?}")
                }
                ClientAction::End(outcome) => {
                    assert_eq!(self.outcome.replace(outcome), None, "ended twice");
                }
            }
        }
    }

    fn sent(&self) -> &str {
        str::from_utf8(&self.sent).unwrap()
    }

    /// How it ended, with the last that was told.
    #[track_caller]
    fn ends(&self, outcome: Outcome, told: &str) {
        assert_eq!(self.client.phase(), Phase::Ended);
        assert_eq!(self.outcome, Some(outcome));
        assert_eq!(self.screen.last().map_or("", String::as_str), told);
        assert_eq!(self.client.next_timeout(), None);
        assert!(!self.client.wants_input());
        assert!(self.client.unsent().is_empty());
    }
}

#[test]
fn it_asks_until_the_person_types_join() {
    let mut world = World::new();
    assert!(world.client.wants_input());
    let prompt = "Please type JOIN to join the Chatroom : ";
    let help = "* JOIN lets you in, and JOIN with a name after it under that name. Ctrl-C ends.";
    for (other, told) in [
        ("hello", ""),
        ("", ""),
        ("leave it", ""),
        ("JOIN {}", ""),
        ("GET / HTTP/1.1", ""),
        ("leave", ""),
        (" Quit ", help),
        ("?", help),
    ] {
        world.types(other).unwrap();
        assert_eq!(world.screen.pop().unwrap(), prompt);
        assert_eq!(world.screen.pop().unwrap_or_default(), told, "{other}");
    }
    let long = [&b"JOIN "[..], &[b' '; MAX_LINE]].concat();
    world.does(Command::Line(Line::TooLong(&long)));
    assert_eq!((world.screen.len(), world.connects), (1, 0));

    world.types("join").unwrap();
    assert_eq!((world.screen.len(), world.connects), (1, 1));
    assert_eq!(world.client.next_timeout(), Some(world.now + PATIENCE));
    assert!(!world.client.wants_input(), "while it connects");
    assert!(
        world.client.unsent().is_empty(),
        "nobody is there to take it"
    );
}

#[test]
fn it_sends_what_was_asked_for_once_it_is_connected() {
    for (typed, sent) in [("JOIN", "JOIN\n"), (" join \t ann ", "JOIN ann\n")] {
        let mut world = World::new();
        world.types(typed).unwrap();
        world.hears(ClientInput::Connected);
        world.send(usize::MAX);
        assert_eq!(world.sent(), sent);
        assert!(!world.client.wants_input(), "before the welcome");
    }
}

#[test]
fn after_the_welcome_what_is_typed_is_sent() {
    let mut world = World::joining();
    world.receives(WELCOME);
    assert_eq!(world.screen, ["Welcome to the chatroom!"]);
    assert_eq!(world.client.next_timeout(), None, "nothing is awaited");
    assert!(world.client.wants_input());

    for line in ["hello", " \t", "", "/who", "//slashed", "söme"] {
        world.types(line).unwrap();
    }
    world.send(3);
    assert_eq!(world.sent(), "hel");
    world.send(usize::MAX);
    assert_eq!(world.sent(), "hello\n/who\n//slashed\nsöme\n");
}

#[test]
fn what_comes_is_shown_safely_and_a_line_at_a_time() {
    let mut world = World::talking();
    world.receives("ann: he");
    assert!(world.screen.is_empty());
    world.receives(b"llo\r\nbob: \x1b[2J\tx\xff\n\nann has ");
    assert_eq!(world.screen, ["ann: hello", "bob: ?[2J\tx\u{fffd}", ""]);

    world.screen.clear();
    world.receives("left the chat\n");
    world.receives(vec![b'x'; MAX_SERVER_LINE]);
    world.receives("\n");
    world.receives(vec![b'y'; MAX_SERVER_LINE + 1]);
    world.receives("\n");
    let whole = "x".repeat(MAX_SERVER_LINE);
    let cut = "y".repeat(MAX_SERVER_LINE) + " … (cut: longer than a server's line may be)";
    assert_eq!(world.screen, ["ann has left the chat", &whole, &cut]);
}

#[test]
fn a_line_that_cannot_be_sent_is_refused_and_the_next_one_is_welcome() {
    let mut world = World::talking();
    let longest = [b'x'; MAX_LINE];
    world.types(longest).unwrap();
    assert_eq!(
        world.types([b'x'; MAX_LINE + 1]),
        Err(CommandError::TooLong)
    );
    let cut = Command::Line(Line::TooLong(&longest));
    assert_eq!(
        world.client.command(world.now, cut),
        Err(CommandError::TooLong)
    );
    assert_eq!(world.types(b"\xff"), Err(CommandError::NotUtf8));
    world.types("fine").unwrap();
    world.send(usize::MAX);
    assert_eq!(world.sent.len(), MAX_LINE + 1 + "fine\n".len());
    assert_eq!(
        CommandError::TooLong.to_string(),
        "Not sent: the line is longer than 4096 bytes."
    );
    assert_eq!(
        CommandError::NotUtf8.to_string(),
        "Not sent: the line is not UTF-8."
    );

    // That one was refused is in how it ends.
    world.types("leave").unwrap();
    world.send(usize::MAX);
    world.hears(ClientInput::Eof);
    world.ends(Outcome::Refused, "");
}

#[test]
fn no_more_is_taken_from_the_person_than_the_connection_takes() {
    let mut world = World::talking();
    let line = [b'x'; 1023];
    for waiting in (0..MAX_UNSENT).step_by(1024) {
        assert!(world.client.wants_input(), "with {waiting} bytes waiting");
        world.types(line).unwrap();
    }
    assert!(
        !world.client.wants_input(),
        "with {MAX_UNSENT} bytes waiting"
    );
    world.send(1);
    assert!(world.client.wants_input());
}

#[test]
fn leaving_sends_all_and_waits_for_the_server_to_close() {
    for leave in [Command::Line(Line::Whole(b" Leave ")), Command::EndOfInput] {
        let mut world = World::talking();
        world.types("last words").unwrap();
        world.does(leave);
        assert!(world.finished);
        assert!(!world.client.wants_input());
        world.send(usize::MAX);
        assert_eq!(world.sent(), "last words\nLEAVE\n");
        world.receives("ann: bye\n");
        assert_eq!(world.outcome, None);
        world.hears(ClientInput::Eof);
        world.ends(Outcome::Left, "ann: bye");
    }
}

#[test]
fn an_ending_that_is_not_the_answer_to_leaving_is_a_loss() {
    let closed = "* The server closed the connection.";
    // Not all was sent.
    let mut world = World::talking();
    world.does(Command::EndOfInput);
    world.send(5);
    world.hears(ClientInput::Eof);
    world.ends(Outcome::Lost, closed);
    // A line was broken off.
    let mut world = World::leaving();
    world.receives("ann: by");
    world.hears(ClientInput::Eof);
    world.ends(Outcome::Lost, closed);
    // The server had a reason of its own.
    let mut world = World::leaving();
    world.receives("* Goodbye: the server is shutting down.\n");
    world.hears(ClientInput::Eof);
    world.ends(Outcome::Lost, closed);
    // It was reset.
    let mut world = World::leaving();
    world.hears(ClientInput::Lost("reset"));
    world.ends(Outcome::Lost, "* The connection was lost: reset.");
    // Nobody had asked to leave.
    let mut world = World::talking();
    world.hears(ClientInput::Eof);
    world.ends(Outcome::Lost, closed);
}

#[test]
fn a_connection_that_is_not_made_or_does_not_welcome_is_told() {
    let mut world = World::connecting();
    world.hears(ClientInput::Failed("127.0.0.1:5000: refused"));
    world.ends(
        Outcome::Unreachable,
        "* Could not connect to 127.0.0.1:5000: refused.",
    );
    let mut world = World::joining();
    world.hears(ClientInput::Eof);
    world.ends(
        Outcome::Lost,
        "* The server closed the connection without a welcome.",
    );
    let mut world = World::joining();
    world.receives("Too many connections.\r\n");
    world.hears(ClientInput::Lost("reset"));
    world.ends(
        Outcome::Lost,
        "* The server broke the connection off (reset): it sent \"Too many connections.\", which a chat server does not send.",
    );
    let mut world = World::joining();
    world.receives("* Goodbye: the room is full; try again later.\n");
    world.hears(ClientInput::Eof);
    world.ends(Outcome::Lost, "* The server closed the connection.");
}

/// At the moment before its deadline nothing has happened, and at the deadline it is over.
#[track_caller]
fn waits_for(mut world: World, patience: Duration, outcome: Outcome, told: &str) {
    assert_eq!(world.client.next_timeout(), Some(world.now + patience));
    world.wait(patience.checked_sub(MS).unwrap());
    assert_eq!(world.outcome, None);
    world.wait(MS);
    world.ends(outcome, told);
}

#[test]
fn each_wait_has_an_end() {
    waits_for(
        World::connecting(),
        PATIENCE,
        Outcome::Unreachable,
        "* Could not connect within 10 s.",
    );
    waits_for(
        World::joining(),
        PATIENCE,
        Outcome::Lost,
        "* The server sent no welcome within 10 s.",
    );
    let unanswered = "* The server did not close the connection; what was said last may be lost.";
    waits_for(World::leaving(), LEAVE_PATIENCE, Outcome::Lost, unanswered);
    let mut world = World::talking();
    world.does(Command::Interrupt);
    waits_for(world, INTERRUPT_PATIENCE, Outcome::Interrupted, "");
}

#[test]
fn the_time_for_joining_begins_when_the_connection_is_made() {
    let mut world = World::connecting();
    world.wait(PATIENCE.checked_sub(MS).unwrap());
    world.hears(ClientInput::Connected);
    waits_for(
        world,
        PATIENCE,
        Outcome::Lost,
        "* The server sent no welcome within 10 s.",
    );
}

#[test]
fn while_leaving_every_byte_that_moves_gives_more_time() {
    let mut world = World::talking();
    world.does(Command::EndOfInput);
    world.wait(MS);
    world.send(1);
    assert_eq!(
        world.client.next_timeout(),
        Some(world.now + LEAVE_PATIENCE)
    );
    world.wait(MS);
    world.receives("a");
    assert_eq!(
        world.client.next_timeout(),
        Some(world.now + LEAVE_PATIENCE)
    );

    // Who interrupted the program does not wait for that.
    let mut world = World::talking();
    let begun = world.now;
    world.does(Command::Interrupt);
    world.wait(MS);
    world.send(1);
    world.receives("a");
    assert_eq!(
        world.client.next_timeout(),
        Some(begun + INTERRUPT_PATIENCE)
    );
    // Nor does a byte begin a wait where there is none.
    let mut world = World::talking();
    world.types("hello").unwrap();
    world.send(1);
    world.receives("a");
    assert_eq!(world.client.next_timeout(), None);
}

#[test]
fn an_interrupt_ends_it_in_every_phase() {
    for mut world in [World::new(), World::connecting(), World::joining()] {
        world.does(Command::Interrupt);
        world.ends(Outcome::Interrupted, "");
    }
    let mut world = World::talking();
    world.does(Command::Interrupt);
    world.send(usize::MAX);
    assert_eq!(world.sent(), "LEAVE\n");
    assert!(world.finished);
    world.hears(ClientInput::Eof);
    world.ends(Outcome::Interrupted, "");

    let mut world = World::leaving();
    world.does(Command::Interrupt);
    world.ends(Outcome::Interrupted, "");
}

#[test]
fn input_that_ends_before_join_is_told() {
    let mut world = World::new();
    world.does(Command::EndOfInput);
    world.ends(
        Outcome::NeverJoined,
        "* The input ended before JOIN; nothing was sent.",
    );
    // What comes after the end changes nothing.
    world.types("JOIN").unwrap();
    world.receives("ann: hello\n");
    world.hears(ClientInput::Lost("reset"));
    assert_eq!((world.screen.len(), world.connects), (1, 0));
}

/// What is pasted is said whatever it looks like, as far as this dialect can say it.
#[test]
fn what_is_to_be_said_is_no_command() {
    let mut world = World::new();
    let says = |world: &mut World, text: &str| {
        let done = world.client.command(world.now, Command::Say(text));
        world.act();
        done
    };
    assert_eq!(says(&mut world, "early"), Err(CommandError::NotJoined));
    let mut world = World::talking();
    world.send(usize::MAX);
    world.sent.clear();
    for text in ["/who", "//x", "JOIN", " ", "a\u{7}"] {
        assert_eq!(says(&mut world, text), Ok(()));
    }
    for text in ["leave", " LEAVE\t"] {
        assert_eq!(says(&mut world, text), Err(CommandError::Unsayable));
    }
    let longest = format!("/{}", "x".repeat(MAX_LINE - 2));
    assert_eq!(says(&mut world, &longest), Ok(()));
    assert_eq!(
        says(&mut world, &format!("{longest}x")),
        Err(CommandError::TooLong)
    );
    world.send(usize::MAX);
    let expected = format!("//who\n///x\nJOIN\na?\n/{longest}\n");
    assert_eq!(String::from_utf8_lossy(&world.sent), expected);
    world.types("leave").unwrap();
    assert_eq!(says(&mut world, "late"), Ok(()), "it goes nowhere");
}
