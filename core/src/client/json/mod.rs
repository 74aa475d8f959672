//! A client of the JSON dialect: one person, one session, any number of connections one after the
//! other.

mod answers;
mod backoff;
mod connecting;
mod connection;
mod devices;
mod entries;
mod held;
mod ignoring;
mod keeping;
mod leaving;
mod local;
mod many;
mod memory;
mod names;
pub mod phase;
mod receive;
mod rooms;
mod typing;
mod words;

pub use answers::answer_line;
pub use memory::{Ignored, Memory, Named, OwnDevice, Place, Unaccepted};

use super::banner::Banner;
use super::{
    Client, ClientAction, ClientInput, Command, CommandError, MAX_UNSENT, PROMPT, sayable,
};
use crate::mark::{Mark, mark};
use crate::types::room_name::RoomName;
use crate::types::time::Timestamp;
use crate::wire::line::Line;
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use backoff::Backoff;
use connection::Connection;
use core::mem;
use core::time::Duration;
use ignoring::Ignoring;
use keeping::Keeping;
use phase::{Event, Phase};
use words::Words;

/// So many rooms may be asked for that are not answered yet, before no more is taken from the person.
const MAX_JOINING: usize = 16;

/// A connection on which nothing comes for so long is asked whether it is there.
const SILENCE: Duration = Duration::from_secs(5);

/// How long a client that is to leave waits, after each acceptance, for the next one.
const ACCEPT_PATIENCE: Duration = Duration::from_secs(60);

/// No server is waited for longer, whatever it asks for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(300);

/// What a client is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Setup {
    /// A number that no other client has: ids begin with it, and waits are drawn from it.
    pub seed: u64,
    /// What was kept of the last run.
    pub memory: Memory,
    /// It gives what is to be kept ([`ClientAction::Keep`]), and sends nothing typed before it is.
    pub keeps: bool,
    /// How many of the newest entries to show first, where no entry is known.
    pub history: u64,
    /// Shows what it is sent as it is: objects, one to a line.
    pub raw: bool,
    /// Its person may be in several rooms at the same time, the lobby always among them ([`JsonClient::type_in`],
    /// [`JsonClient::part_from`]). What happens in each is shown as for [`raw`](Self::raw): `in` and `out` say which they are.
    pub many: bool,
    /// Joins at once, and asks nobody.
    pub joins: bool,
    /// Shows with each entry when it happened.
    pub times: bool,
    /// Reads the room where its person is to be, unseen by the others, until there is something to say, and is in the room only
    /// from then on.
    pub reads: bool,
    /// What its device is called, if it is to come back to names that belong to its person without their passwords: it asks for
    /// that with each password, where it [`keeps`](Self::keeps).
    pub device: Option<String>,
    /// The commands that its shell carries out itself, without their slashes, and what each does: they are in the help, and may be
    /// what was meant by one that nobody knows.
    pub commands: Vec<(&'static str, &'static str)>,
    /// Nobody can read along on its connections: what it has for that is sent.
    pub is_private: bool,
}

/// A client that speaks the JSON dialect (PROTOCOL.md, "The client that resumes"): it comes back
/// where it was when its connection is lost, and what is typed is said once.
///
/// ```
/// use chat_core::{Client, ClientAction, ClientInput, Command, JsonClient, Line, Setup, Timestamp};
///
/// let now = Timestamp::ZERO;
/// let mut client = JsonClient::new(now, Setup::default());
/// assert!(matches!(client.poll_action(), Some(ClientAction::Prompt(_))));
/// client.command(now, Command::Line(Line::Whole(b"JOIN ann"))).unwrap();
/// assert_eq!(client.poll_action(), Some(ClientAction::Connect));
/// client.handle(now, ClientInput::Connected);
/// assert_eq!(client.unsent(), b"JOIN {\"version\":1,\"name\":\"ann\"}\n");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct JsonClient {
    setup: Setup,
    phase: Phase,
    memory: Memory,
    /// The number of the last entry of the lobby that was given to be shown.
    after: Option<u64>,
    /// The same of other rooms.
    places: VecDeque<Place>,
    /// The room where the person is: the entries of this one are shown. Where they may be in several, the one for which
    /// they type.
    here: RoomName,
    /// Where they may be in several: those besides the lobby, whose entries are shown.
    rooms: Vec<RoomName>,
    /// The room that they have asked for, and are not in yet.
    going: Option<RoomName>,
    /// They know that they are in it.
    is_told: bool,
    /// Bytes of the outbox.
    waiting: usize,
    /// The number of the next id.
    next: u64,
    connection: Connection,
    actions: VecDeque<ClientAction>,
    /// The time for what the phase waits for.
    deadline: Option<Timestamp>,
    backoff: Backoff,
    /// The name that the person asked for at the prompt.
    asked: Option<String>,
    /// It has been welcomed on some connection.
    was_in: bool,
    /// It has said nothing, and is not to be in the room.
    reads: bool,
    /// It has been in the room.
    was_member: bool,
    /// The person was told that there is no connection.
    is_offline: bool,
    /// Our own joining, which the welcome stands for: of which room, its number, and the name with which we came.
    joined: Option<(RoomName, u64, String)>,
    /// The person wants to leave.
    leaves: bool,
    /// Until when the next acceptance must have come.
    give_up: Option<Timestamp>,
    interrupted: bool,
    /// At least one line was refused.
    refused: bool,
    keeping: Keeping,
    /// Something was given to be shown, and may not be where it can be seen yet.
    is_showing: bool,
    ignoring: Ignoring,
    words: Words,
    /// Who is in the room, for its shell.
    names: Option<String>,
}

impl Client for JsonClient {
    fn command(&mut self, now: Timestamp, command: Command<'_>) -> Result<(), CommandError> {
        match command {
            Command::Line(line) => match self.phase {
                Phase::Asking => {
                    self.answer(now, line);
                    Ok(())
                }
                _ if self.leaves => Ok(()),
                _ => self.typed(now, line).inspect_err(|why| {
                    mark(Mark::TypedRefused);
                    self.refused |= *why != CommandError::Offline;
                }),
            },
            Command::Say(_) if self.phase == Phase::Asking => Err(CommandError::NotJoined),
            Command::Say(_) if self.leaves => Ok(()),
            Command::Say(text) => {
                let text = sayable(text).inspect_err(|_| self.refused = true)?;
                if let Some(text) = text {
                    self.say(now, text.into_owned(), false);
                }
                Ok(())
            }
            Command::EndOfInput => {
                self.leave(now);
                Ok(())
            }
            Command::Interrupt => {
                self.interrupt(now);
                Ok(())
            }
        }
    }

    fn handle(&mut self, now: Timestamp, input: ClientInput<'_>) {
        match input {
            ClientInput::Connected => self.connected(now),
            ClientInput::Failed(why) => self.lost(now, &format!("could not connect to {why}")),
            ClientInput::Received(bytes) => self.received(now, bytes),
            ClientInput::Eof => {
                let why = match self.first_words() {
                    Some(banner) => banner.closed(),
                    None => "the server closed the connection".into(),
                };
                self.lost(now, &why);
            }
            ClientInput::Lost(why) => {
                let why = match self.first_words() {
                    Some(banner) => banner.broken_off(why),
                    None => format!("the connection was lost: {why}"),
                };
                self.lost(now, &why);
            }
            ClientInput::Timeout => self.timeout(now),
            ClientInput::Shown => self.shown(now),
            ClientInput::Kept => {
                self.keeping.under_way = false;
                self.go_on(now);
            }
        }
    }

    fn next_timeout(&self) -> Option<Timestamp> {
        let due = [
            self.deadline,
            self.give_up,
            self.keeping.at,
            self.next_held(),
        ];
        due.into_iter().flatten().min()
    }

    fn wants_input(&self) -> bool {
        match self.phase {
            Phase::Asking => true,
            Phase::Leaving | Phase::Ended => false,
            _ => {
                self.was_in
                    && !self.leaves
                    && !self.is_entering()
                    && !self.is_joining_much()
                    && self.waiting + self.connection.unsent.len() < MAX_UNSENT
            }
        }
    }

    fn unsent(&self) -> &[u8] {
        match self.phase {
            Phase::Joining | Phase::Talking | Phase::Leaving if !self.is_keeping() => {
                self.connection.unsent.as_slices().0
            }
            _ => &[],
        }
    }

    fn sent(&mut self, _now: Timestamp, count: usize) {
        let unsent = &mut self.connection.unsent;
        let count = count.min(unsent.len());
        unsent.drain(..count);
    }

    fn poll_action(&mut self) -> Option<ClientAction> {
        let action = self.actions.pop_front();
        if action.is_none() && mem::take(&mut self.keeping.is_due) {
            self.keeping.under_way = true;
            self.keeping.at = None;
            return Some(ClientAction::Keep(Box::new(self.memory.clone())));
        }
        action
    }

    fn ask_names(&mut self) {
        self.ask_who_is_here();
    }

    fn poll_names(&mut self) -> Option<String> {
        self.names.take()
    }

    fn next_try(&self) -> Option<Timestamp> {
        self.deadline.filter(|_| self.phase == Phase::Waiting)
    }
}

impl JsonClient {
    /// A client whose person is about to be asked to join.
    pub fn new(now: Timestamp, mut setup: Setup) -> Self {
        let memory = mem::take(&mut setup.memory);
        let is_one = !setup.many;
        let room = memory.room.as_deref().filter(|_| is_one);
        let here = room.map(RoomName::parse).and_then(Result::ok);
        let here = here.unwrap_or_default();
        let rooms = if is_one {
            Vec::new()
        } else {
            many::named_in(&memory)
        };
        setup.raw |= setup.many;
        let mut client = Self {
            phase: Phase::Asking,
            after: memory.after,
            places: memory.places.clone(),
            is_told: here.is_lobby(),
            waiting: memory.outbox.iter().map(Unaccepted::size).sum(),
            next: 1,
            connection: Connection::new(),
            actions: VecDeque::new(),
            deadline: None,
            backoff: Backoff::new(setup.seed),
            asked: None,
            was_in: false,
            reads: setup.reads && memory.outbox.is_empty(),
            here,
            rooms,
            going: None,
            was_member: false,
            is_offline: false,
            joined: None,
            leaves: false,
            give_up: None,
            interrupted: false,
            refused: false,
            keeping: Keeping::default(),
            is_showing: false,
            ignoring: Ignoring::default(),
            words: Words::default(),
            names: None,
            memory,
            setup,
        };
        if client.setup.joins {
            client.answer(now, Line::Whole(b"JOIN"));
        } else {
            client.actions.push_back(ClientAction::Prompt(PROMPT));
        }
        client
    }

    /// The phase.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// What it remembers.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// What the server has begun with, while its welcome is awaited and it did not say why there is none.
    fn first_words(&self) -> Option<&Banner> {
        let is_awaited = self.phase == Phase::Joining && !self.connection.goodbye;
        is_awaited.then_some(&self.connection.banner)
    }

    /// Looks the event up in the table of transitions; whether there is a row for it.
    fn step(&mut self, event: Event) -> bool {
        let after = self.phase.after(event);
        self.phase = after.unwrap_or(self.phase);
        after.is_some()
    }
}
