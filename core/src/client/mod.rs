//! The client: one person, and what the server is told of them.

mod banner;
pub(crate) mod json;
mod prompt;
pub(crate) mod text;

use crate::types::limits::MAX_LINE;
use crate::types::time::Timestamp;
use crate::wire::line::Line;
use crate::wire::printable::{is_blank, printable};
use crate::wire::text::Request;
use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;
use core::time::Duration;
use json::Memory;

/// What the person is asked until they join.
const PROMPT: &str = "Please type JOIN to join the Chatroom : ";

/// How long a connection may take to be made, and a welcome to come.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long an interrupted client waits for the server to close.
const INTERRUPT_PATIENCE: Duration = Duration::from_secs(2);

/// Bytes to send that may wait before no more is taken from the person.
const MAX_UNSENT: usize = 64 * 1024;

/// A client's side of the protocol, in either dialect.
///
/// Its caller owns the keyboard, the screen, the socket and the clock. It passes on what the
/// person does ([`command`](Self::command), while [`wants_input`](Self::wants_input)) and what
/// happens on the connection ([`handle`](Self::handle)); then it carries out what
/// [`poll_action`](Self::poll_action) gives, and sends what [`unsent`](Self::unsent) gives.
pub trait Client {
    /// Takes what the person did.
    ///
    /// # Errors
    /// When a typed line cannot be sent; nothing else changes, and the next line is welcome.
    fn command(&mut self, now: Timestamp, command: Command<'_>) -> Result<(), CommandError>;

    /// Takes note of what happened on the connection.
    fn handle(&mut self, now: Timestamp, input: ClientInput<'_>);

    /// When [`ClientInput::Timeout`] is due.
    fn next_timeout(&self) -> Option<Timestamp>;

    /// Whether to take more from the person now: the next [`Command::Line`] or
    /// [`Command::EndOfInput`]. An interrupt may always come.
    fn wants_input(&self) -> bool;

    /// The bytes to send next; there may be more after them.
    fn unsent(&self) -> &[u8];

    /// Takes note that the first `count` bytes of [`unsent`](Self::unsent) were sent.
    fn sent(&mut self, now: Timestamp, count: usize);

    /// The next thing to do outside.
    fn poll_action(&mut self) -> Option<ClientAction>;

    /// Asks the server who is in the room, if the client knows how, has a connection, and has not asked there before:
    /// [`poll_names`](Self::poll_names) gives the answer. Nobody is told, and nothing is shown.
    fn ask_names(&mut self) {}

    /// Who is in the room, in a line as the answer to `/who`; once.
    fn poll_names(&mut self) -> Option<String> {
        None
    }

    /// When the next connection is tried, while there is none and one is waited for.
    fn next_try(&self) -> Option<Timestamp> {
        None
    }
}

/// What our own user does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command<'a> {
    /// A line was typed.
    Line(Line<'a>),
    /// This is to be said as it is, although it may look like a command: it was pasted.
    Say(&'a str),
    /// The input ended.
    EndOfInput,
    /// The program was interrupted (`Ctrl-C`).
    Interrupt,
}

/// Why a typed line was not sent. The connection is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CommandError {
    /// It is longer than a line may be.
    TooLong,
    /// It is not UTF-8.
    NotUtf8,
    /// It asks the server something, and there is no connection.
    Offline,
    /// Nothing can be said before the person joins.
    NotJoined,
    /// The text dialect has no way to say it: it would leave.
    Unsayable,
}

/// What happened on the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientInput<'a> {
    /// The connection that was asked for was made.
    Connected,
    /// The connection that was asked for could not be made, and why.
    Failed(&'a str),
    /// Bytes came in.
    Received(&'a [u8]),
    /// The server closed its side.
    Eof,
    /// The connection failed, and how.
    Lost(&'a str),
    /// The moment that [`Client::next_timeout`] named has come.
    Timeout,
    /// Everything that was to be shown is where it can be seen.
    Shown,
    /// What was to be [kept](ClientAction::Keep) is.
    Kept,
}

/// What is to be done outside, besides sending what [`Client::unsent`] gives.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ClientAction {
    /// Ask the person with this text, in a line that is not ended.
    Prompt(&'static str),
    /// Connect to the server.
    Connect,
    /// Drop the connection, made or not.
    Disconnect,
    /// Show a line from the room. It is safe to print.
    Show(String),
    /// The same, with when it happened: the server's time, in milliseconds since the Unix epoch.
    ShowAt(String, u64),
    /// Tell the person something that is not from the room; begins with `* `.
    Notice(String),
    /// Close our side of the connection once everything is sent, and go on reading.
    Finish,
    /// Keep this in place of what was kept before, and say so ([`ClientInput::Kept`]).
    Keep(Box<Memory>),
    /// It is over.
    End(Outcome),
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The person left; the server had taken, or accepted, everything they said.
    Left,
    /// As [`Outcome::Left`], but at least one line was refused.
    Refused,
    /// The input ended before the person joined.
    NeverJoined,
    /// The connection could not be made.
    Unreachable,
    /// The connection was lost, or the server closed it; what was said last may be lost, or is not
    /// accepted.
    Lost,
    /// The person interrupted the program.
    Interrupted,
}

/// A clause as a sentence.
fn sentence(clause: &str) -> String {
    let mut chars = clause.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(chars).chain(['.']).collect()
}

/// What a typed line asks for, and its bytes.
fn typed(line: Line<'_>) -> Result<(&[u8], Request<'_>), CommandError> {
    match line {
        Line::Whole(line) if line.len() <= MAX_LINE => match Request::decode(line) {
            Ok(request) => Ok((line, request)),
            Err(_) => Err(CommandError::NotUtf8),
        },
        _ => Err(CommandError::TooLong),
    }
}

/// What is to be said, without what could do something to a screen; nothing if it is blank.
fn sayable(text: &str) -> Result<Option<Cow<'_, str>>, CommandError> {
    if text.len() > MAX_LINE {
        return Err(CommandError::TooLong);
    }
    Ok(Some(printable(text)).filter(|text| !is_blank(text)))
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "Not sent: the line is longer than {MAX_LINE} bytes."),
            Self::NotUtf8 => f.write_str("Not sent: the line is not UTF-8."),
            Self::Offline => f.write_str("Not done: there is no connection to the server now."),
            Self::NotJoined => f.write_str("Not sent: you have not joined."),
            Self::Unsayable => {
                f.write_str("Not sent: with --text, a line with LEAVE alone leaves the room.")
            }
        }
    }
}

impl core::error::Error for CommandError {}
