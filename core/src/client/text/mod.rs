//! A client of the text dialect: one person, one connection.

pub mod phase;

use super::banner::Banner;
use super::prompt::Answer;
use super::{
    Client, ClientAction, ClientInput, Command, CommandError, INTERRUPT_PATIENCE, MAX_UNSENT,
    Outcome, PATIENCE, PROMPT, sayable, sentence, typed,
};
use crate::mark::{Mark, mark, mark_if};
use crate::types::limits::{MAX_LINE, MAX_SERVER_LINE};
use crate::types::time::Timestamp;
use crate::wire::line::{Line, LineReader};
use crate::wire::printable::printable;
use crate::wire::text::{Request, ServerLine};
use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::{String, ToString};
use core::time::Duration;
use phase::{Event, Phase};

/// How long leaving may go on without a byte in either direction.
const LEAVE_PATIENCE: Duration = Duration::from_secs(30);

/// A client that speaks the text dialect (PROTOCOL.md, "The client").
///
/// ```
/// use chat_core::{Client, ClientAction, ClientInput, Command, Line, TextClient, Timestamp};
///
/// let now = Timestamp::ZERO;
/// let mut client = TextClient::new();
/// assert!(matches!(client.poll_action(), Some(ClientAction::Prompt(_))));
/// client.command(now, Command::Line(Line::Whole(b"JOIN"))).unwrap();
/// assert_eq!(client.poll_action(), Some(ClientAction::Connect));
/// client.handle(now, ClientInput::Connected);
/// assert_eq!(client.unsent(), b"JOIN\n");
/// client.sent(now, 5);
/// client.handle(now, ClientInput::Received(b"Welcome to the chatroom!\n"));
/// assert_eq!(client.poll_action(), Some(ClientAction::Show("Welcome to the chatroom!".into())));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TextClient {
    phase: Phase,
    reader: LineReader,
    unsent: VecDeque<u8>,
    actions: VecDeque<ClientAction>,
    deadline: Option<Timestamp>,
    /// At least one typed line was not sent.
    refused: bool,
    interrupted: bool,
    /// The server gave a reason of its own for closing.
    goodbye: bool,
    banner: Banner,
}

impl Default for TextClient {
    fn default() -> Self {
        Self::new()
    }
}

impl Client for TextClient {
    fn command(&mut self, now: Timestamp, command: Command<'_>) -> Result<(), CommandError> {
        match command {
            Command::Line(line) => match self.phase {
                Phase::Asking => {
                    self.answer(now, line);
                    Ok(())
                }
                Phase::Talking => self.typed(now, line).inspect_err(|_| {
                    mark(Mark::TypedRefused);
                    self.refused = true;
                }),
                _ => Ok(()),
            },
            Command::Say(text) => match self.phase {
                Phase::Asking => Err(CommandError::NotJoined),
                Phase::Talking => self.say(text).inspect_err(|_| self.refused = true),
                _ => Ok(()),
            },
            Command::EndOfInput => {
                self.leave(now, Event::Leave);
                Ok(())
            }
            Command::Interrupt => {
                self.interrupted = true;
                self.leave(now, Event::Interrupt);
                Ok(())
            }
        }
    }

    fn handle(&mut self, now: Timestamp, input: ClientInput<'_>) {
        match input {
            ClientInput::Connected => {
                if self.step(Event::Connected) {
                    self.deadline = Some(now + PATIENCE);
                }
            }
            ClientInput::Failed(why) => {
                self.end(Event::Failed, &format!("Could not connect to {why}."));
            }
            ClientInput::Received(bytes) => self.received(now, bytes),
            ClientInput::Eof => {
                let news = match self.phase {
                    Phase::Joining if !self.goodbye => sentence(&self.banner.closed()),
                    Phase::Leaving if self.is_taken() => String::new(),
                    _ => "The server closed the connection.".into(),
                };
                self.end(Event::Eof, &news);
            }
            ClientInput::Lost(why) => {
                let is_new = self.phase == Phase::Joining && !self.goodbye;
                let news = if is_new {
                    sentence(&self.banner.broken_off(why))
                } else {
                    format!("The connection was lost: {why}.")
                };
                self.end(Event::Lost, &news);
            }
            ClientInput::Timeout => self.timeout(now),
            ClientInput::Shown | ClientInput::Kept => {}
        }
    }

    fn next_timeout(&self) -> Option<Timestamp> {
        self.deadline
    }

    fn wants_input(&self) -> bool {
        matches!(self.phase, Phase::Asking | Phase::Talking) && self.unsent.len() < MAX_UNSENT
    }

    fn unsent(&self) -> &[u8] {
        match self.phase {
            Phase::Asking | Phase::Connecting | Phase::Ended => &[],
            _ => self.unsent.as_slices().0,
        }
    }

    fn sent(&mut self, now: Timestamp, count: usize) {
        self.unsent.drain(..count.min(self.unsent.len()));
        self.keep_waiting(now);
    }

    fn poll_action(&mut self) -> Option<ClientAction> {
        self.actions.pop_front()
    }
}

impl TextClient {
    /// A client whose person is about to be asked to join.
    pub fn new() -> Self {
        Self {
            phase: Phase::Asking,
            reader: LineReader::new(MAX_SERVER_LINE),
            unsent: VecDeque::new(),
            actions: VecDeque::from([ClientAction::Prompt(PROMPT)]),
            deadline: None,
            refused: false,
            interrupted: false,
            goodbye: false,
            banner: Banner::default(),
        }
    }

    /// The phase.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// An answer to the prompt.
    fn answer(&mut self, now: Timestamp, line: Line<'_>) {
        match Answer::of(line) {
            Answer::Join(name) => {
                if self.step(Event::Join) {
                    let join = name.map_or("JOIN".into(), |(typed, _)| format!("JOIN {typed}"));
                    self.send(join.as_bytes());
                    self.deadline = Some(now + PATIENCE);
                    self.actions.push_back(ClientAction::Connect);
                }
            }
            Answer::Again(why) => {
                self.actions.extend(why.map(ClientAction::Notice));
                self.actions.push_back(ClientAction::Prompt(PROMPT));
            }
        }
    }

    fn typed(&mut self, now: Timestamp, line: Line<'_>) -> Result<(), CommandError> {
        let (line, request) = typed(line)?;
        match request {
            Request::Nothing => {}
            Request::Leave => self.leave(now, Event::Leave),
            _ => self.send(line),
        }
        Ok(())
    }

    /// Has a text said that may look like a command.
    fn say(&mut self, text: &str) -> Result<(), CommandError> {
        let Some(text) = sayable(text)? else {
            return Ok(());
        };
        if text.trim().eq_ignore_ascii_case("LEAVE") {
            return Err(CommandError::Unsayable);
        }
        let line = format!("{}", Request::Say(text));
        if line.len() > MAX_LINE {
            return Err(CommandError::TooLong);
        }
        self.send(line.as_bytes());
        Ok(())
    }

    fn leave(&mut self, now: Timestamp, event: Event) {
        let before = self.phase;
        if !self.step(event) {
            return;
        }
        mark_if(
            event == Event::Interrupt,
            match before {
                Phase::Asking => Mark::InterruptedAsking,
                Phase::Connecting => Mark::InterruptedConnecting,
                Phase::Joining => Mark::InterruptedJoining,
                Phase::Talking => Mark::InterruptedTalking,
                Phase::Leaving | Phase::Ended => Mark::InterruptedLeaving,
            },
        );
        if self.phase == Phase::Leaving {
            self.send(b"LEAVE");
            let patience = if self.interrupted {
                INTERRUPT_PATIENCE
            } else {
                LEAVE_PATIENCE
            };
            self.deadline = Some(now + patience);
            self.actions.push_back(ClientAction::Finish);
        } else if before == Phase::Asking && event == Event::Leave {
            self.finish(
                Outcome::NeverJoined,
                "The input ended before JOIN; nothing was sent.",
            );
        } else {
            self.finish(Outcome::Interrupted, "");
        }
    }

    fn send(&mut self, line: &[u8]) {
        self.unsent.extend(line);
        self.unsent.push_back(b'\n');
        mark_if(self.unsent.len() >= MAX_UNSENT, Mark::UnsentFull);
    }

    fn received(&mut self, now: Timestamp, mut bytes: &[u8]) {
        if self.phase == Phase::Ended {
            return;
        }
        self.keep_waiting(now);
        if self.phase == Phase::Joining {
            self.banner.hear(bytes);
            if let Some(why) = self.banner.strange() {
                return self.end(Event::Lost, &sentence(&why));
            }
        }
        let mut reader = core::mem::replace(&mut self.reader, LineReader::new(0));
        while let Some(line) = reader.next(&mut bytes) {
            let (bytes, cut) = match line {
                Line::Whole(bytes) => (bytes, ""),
                Line::TooLong(start) => (start, " … (cut: longer than a server's line may be)"),
            };
            let text = String::from_utf8_lossy(bytes);
            match ServerLine::decode(&text) {
                ServerLine::Welcome if self.step(Event::Welcomed) => self.deadline = None,
                ServerLine::Goodbye(_) => {
                    mark(Mark::GoodbyeHeard);
                    self.goodbye = true;
                }
                _ => {}
            }
            let text = printable(&text).to_string() + cut;
            self.actions.push_back(ClientAction::Show(text));
        }
        self.reader = reader;
    }

    fn timeout(&mut self, now: Timestamp) {
        if self.deadline.is_some_and(|deadline| deadline <= now) {
            let seconds = PATIENCE.as_secs();
            let news = match self.phase {
                Phase::Connecting => format!("Could not connect within {seconds} s."),
                Phase::Joining => {
                    let why = format!("the server sent no welcome within {seconds} s");
                    sentence(&self.banner.with(&why))
                }
                _ => "The server did not close the connection; what was said last may be lost."
                    .into(),
            };
            let news = if self.interrupted { "" } else { &news };
            self.end(Event::Expired, news);
        }
    }

    /// While leaving, every byte that moves gives the server more time.
    fn keep_waiting(&mut self, now: Timestamp) {
        if self.phase == Phase::Leaving && !self.interrupted {
            self.deadline = Some(now + LEAVE_PATIENCE);
        }
    }

    /// What happened on the connection ends it, if the table says so.
    fn end(&mut self, event: Event, news: &str) {
        let before = self.phase;
        let taken = self.is_taken();
        if !self.step(event) {
            return;
        }
        mark_if(event == Event::Failed, Mark::ConnectFailed);
        mark_if(
            event == Event::Expired,
            match before {
                Phase::Connecting => Mark::ConnectTimedOut,
                Phase::Joining => Mark::WelcomeTimedOut,
                _ => Mark::LeaveTimedOut,
            },
        );
        let outcome = match (before, event) {
            (Phase::Connecting, _) => Outcome::Unreachable,
            (Phase::Leaving, _) if self.interrupted => Outcome::Interrupted,
            (Phase::Leaving, Event::Eof) if taken && self.refused => Outcome::Refused,
            (Phase::Leaving, Event::Eof) if taken => Outcome::Left,
            _ => Outcome::Lost,
        };
        self.finish(outcome, news);
    }

    /// Whether a server that closes its side now has taken everything.
    fn is_taken(&self) -> bool {
        !self.goodbye && self.unsent.is_empty() && !self.reader.is_mid_line()
    }

    fn finish(&mut self, outcome: Outcome, news: &str) {
        mark_if(outcome == Outcome::Refused, Mark::EndedRefused);
        mark_if(outcome == Outcome::NeverJoined, Mark::EndedNeverJoined);
        mark_if(outcome == Outcome::Lost, Mark::EndedLost);
        self.deadline = None;
        if !news.is_empty() {
            self.actions
                .push_back(ClientAction::Notice(format!("* {news}")));
        }
        self.actions.push_back(ClientAction::End(outcome));
    }

    /// Looks the event up in the table of transitions; whether there is a row for it.
    fn step(&mut self, event: Event) -> bool {
        let after = self.phase.after(event);
        self.phase = after.unwrap_or(self.phase);
        after.is_some()
    }
}
