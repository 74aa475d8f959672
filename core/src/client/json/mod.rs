//! A client of the JSON dialect: one person, one session, any number of connections one after the
//! other.

mod answers;
mod backoff;
mod connection;
mod entries;
mod local;
mod memory;
pub mod phase;
mod receive;
mod rooms;

pub use answers::answer_line;
pub use memory::{Memory, Place, Unaccepted};

use super::{
    Client, ClientAction, ClientInput, Command, CommandError, INTERRUPT_PATIENCE, MAX_UNSENT,
    Outcome, PATIENCE, PROMPT, fit_name, sayable, typed,
};
use crate::mark::{Mark, mark};
use crate::types::limits::{MAX_ACTION, MAX_PRIVATE};
use crate::types::room_name::RoomName;
use crate::types::secret::Secret;
use crate::types::time::Timestamp;
use crate::wire::answer::Answer;
use crate::wire::json::{Hello, Request as Ask, VERSION};
use crate::wire::line::Line;
use crate::wire::notice::Notice;
use crate::wire::short::Short;
use crate::wire::text::{FirstLine, Request};
use alloc::borrow::Cow;
use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use backoff::Backoff;
use connection::Connection;
use core::mem;
use core::time::Duration;
use memory::told;
use phase::{Event, Phase};

/// So much may be said to one person alone that is not answered yet.
const MAX_UNANSWERED: usize = 64;

/// So many rooms may be asked for that are not answered yet, before no more is taken from the person.
const MAX_JOINING: usize = 16;

/// A connection on which nothing comes for so long is asked whether it is there.
const SILENCE: Duration = Duration::from_secs(5);

/// How long that takes to be answered, at most.
const ANSWER_PATIENCE: Duration = Duration::from_secs(4);

/// How long a client that is to leave waits, after each acceptance, for the next one.
const ACCEPT_PATIENCE: Duration = Duration::from_secs(60);

/// How long it waits for the server to close once it has left.
const CLOSE_PATIENCE: Duration = Duration::from_secs(10);

/// No server is waited for longer, whatever it asks for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(300);

/// What was shown is kept again after so long.
const KEEP_INTERVAL: Duration = Duration::from_secs(1);

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
    /// Joins at once, and asks nobody.
    pub joins: bool,
    /// Shows with each entry when it happened.
    pub times: bool,
    /// Reads, unseen by the others, until there is something to say, and is in the room only from then on.
    pub reads: bool,
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
    /// The room where the person is: the entries of this one are shown.
    here: RoomName,
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
    /// The number of our own joining, which the welcome stands for.
    joined: u64,
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
}

/// How what is remembered stands to what is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Keeping {
    /// Something is to be kept before anything is sent.
    is_due: bool,
    /// It is being kept.
    under_way: bool,
    /// When to keep what may be lost with the machine.
    at: Option<Timestamp>,
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
                let is_silent = self.phase == Phase::Joining && !self.connection.goodbye;
                let how = if is_silent {
                    let sent = self.connection.banner.describe();
                    let sent = sent.map_or_else(String::new, |sent| format!(": {sent}"));
                    format!(" without a welcome{sent}")
                } else {
                    String::new()
                };
                self.lost(now, &format!("the server closed the connection{how}"));
            }
            ClientInput::Lost(why) => self.lost(now, &format!("the connection was lost: {why}")),
            ClientInput::Timeout => self.timeout(now),
            ClientInput::Shown => self.shown(now),
            ClientInput::Kept => {
                self.keeping.under_way = false;
                self.go_on(now);
            }
        }
    }

    fn next_timeout(&self) -> Option<Timestamp> {
        let due = [self.deadline, self.give_up, self.keeping.at];
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
            return Some(ClientAction::Keep(self.memory.clone()));
        }
        action
    }

    fn next_try(&self) -> Option<Timestamp> {
        self.deadline.filter(|_| self.phase == Phase::Waiting)
    }
}

impl JsonClient {
    /// A client whose person is about to be asked to join.
    pub fn new(now: Timestamp, mut setup: Setup) -> Self {
        let memory = mem::take(&mut setup.memory);
        let room = memory.room.as_deref().map(RoomName::parse);
        let here = room.and_then(Result::ok).unwrap_or_default();
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
            reads: setup.reads && memory.outbox.is_empty() && here.is_lobby(),
            here,
            going: None,
            was_member: false,
            is_offline: false,
            joined: 0,
            leaves: false,
            give_up: None,
            interrupted: false,
            refused: false,
            keeping: Keeping::default(),
            is_showing: false,
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

    /// An answer to the prompt: anything but `JOIN` asks again.
    fn answer(&mut self, now: Timestamp, line: Line<'_>) {
        let mut answer = FirstLine::Other;
        if let Line::Whole(line) = line {
            answer = FirstLine::decode(line);
        }
        match answer {
            FirstLine::Join(Some(asked)) => {
                let name = match fit_name(asked) {
                    Ok(name) => name,
                    Err(why) => {
                        self.actions.push_back(ClientAction::Notice(why));
                        self.actions.push_back(ClientAction::Prompt(PROMPT));
                        return;
                    }
                };
                self.memory.name = Some(name.as_str().into());
                self.asked = Some(name.as_str().into());
                self.connect(now, Event::Join);
            }
            FirstLine::Join(None) => self.connect(now, Event::Join),
            _ => self.actions.push_back(ClientAction::Prompt(PROMPT)),
        }
    }

    fn connect(&mut self, now: Timestamp, event: Event) {
        if self.step(event) {
            self.deadline = Some(now + PATIENCE);
            self.actions.push_back(ClientAction::Connect);
        }
    }

    fn connected(&mut self, now: Timestamp) {
        if !self.step(Event::Connected) {
            return;
        }
        self.deadline = Some(now + PATIENCE);
        let known = &self.memory;
        let is_seen = |_: &&str| !self.reads;
        let lobby = self.known(&RoomName::LOBBY);
        // What is not shown need not be sent.
        let is_lobby_shown = self.is_lobby_shown();
        let hello = Hello {
            rooms: self.named_rooms(),
            version: Some(VERSION),
            name: known.name.as_deref().filter(is_seen).map(Into::into),
            session: (known.session.as_ref().filter(|_| !self.reads))
                .map(|token| Secret(token.as_str().into())),
            after: lobby.after.filter(|_| is_lobby_shown),
            epoch: lobby.epoch.filter(|_| is_lobby_shown),
            history: lobby.history.filter(|_| is_lobby_shown),
            read: self.reads.then_some(true),
        };
        // Numbers and strings: nothing in it can fail.
        let hello = serde_json::to_string(&hello).unwrap_or_default();
        self.send(&format!("JOIN {hello}\n"));
    }

    fn typed(&mut self, now: Timestamp, line: Line<'_>) -> Result<(), CommandError> {
        let (_, request) = typed(line)?;
        let here = told(self.target()).map(Cow::Owned);
        match request {
            Request::Nothing => {}
            Request::Leave => self.leave(now),
            Request::Say(text) => self.say(now, text.into_owned(), false),
            Request::Act(text) if text.len() > MAX_ACTION => {
                self.not_done(Notice::Answer(Answer::ActionTooLong));
            }
            Request::Act(text) => self.say(now, text.into_owned(), true),
            Request::Message(to, text) => return self.say_privately_to(Some(to), &text),
            Request::Reply(text) => return self.say_privately_to(None, &text),
            Request::Nick(name) => {
                let name = name.into();
                return self.ask(&Ask::Nick { name, id: None });
            }
            Request::Topic => {
                return self.ask(&Ask::Topic {
                    room: here,
                    text: None,
                    id: None,
                });
            }
            Request::SetTopic(text) => {
                return self.ask(&Ask::Topic {
                    room: here,
                    text: Some(text),
                    id: None,
                });
            }
            Request::Away(text) => return self.ask(&Ask::Away { text: Some(text) }),
            Request::Back => return self.ask(&Ask::Away { text: None }),
            Request::Whois(name) => {
                let name = name.into();
                return self.ask(&Ask::Whois { name, id: None });
            }
            Request::Claim(password) => {
                let password = Secret(password.0.into());
                return self.ask(&Ask::Claim { password, id: None });
            }
            Request::LogIn(name, password) => {
                return self.ask(&Ask::Login {
                    name: name.into(),
                    password: Secret(password.0.into()),
                    id: None,
                });
            }
            Request::Password(password) => {
                let password = Secret(password.0.into());
                return self.ask(&Ask::Passwd { password, id: None });
            }
            Request::Unclaim => return self.ask(&Ask::Unclaim { id: None }),
            Request::Who(room) => {
                let room = room.map(Into::into).or(here);
                return self.ask(&Ask::Who { room });
            }
            Request::Rooms => return self.ask(&Ask::Rooms),
            Request::Join(room) => self.go(now, room),
            Request::History(count) => {
                return self.ask(&Ask::History {
                    room: here,
                    after: None,
                    before: None,
                    limit: Some(count),
                });
            }
            Request::Help => self.help(),
            Request::HelpOn(name) => self.help_on(name),
            Request::Surplus(command) => self.not_done(Notice::Surplus(command)),
            Request::Lacking(command) => self.not_done(Notice::Lacking(command)),
            Request::Unknown(command) => self.own_command(now, &command),
        }
        Ok(())
    }

    /// A line that is not said, though it may have been meant to.
    fn not_done(&mut self, why: Notice<'_>) {
        self.refused = true;
        let why = format!("{why}");
        if self.setup.raw {
            self.actions.push_back(ClientAction::Notice(why));
        } else {
            self.show_all(&why);
        }
    }

    /// Says a text to one person alone, or to whoever wrote last. It is not sent again where the connection is lost
    /// before it is answered: the person is told that nobody knows whether it arrived.
    fn say_privately_to(&mut self, to: Option<&str>, text: &str) -> Result<(), CommandError> {
        if text.len() > MAX_PRIVATE {
            self.not_done(Notice::Answer(Answer::PrivateTooLong));
            return Ok(());
        }
        if self.connection.private.len() >= MAX_UNANSWERED {
            self.not_done(Notice::Answer(Answer::PrivateUnanswered));
            return Ok(());
        }
        let id = self.next_id();
        self.ask(&Ask::Msg {
            to: to.map(Into::into),
            text: text.into(),
            id: Some((&*id).into()),
        })?;
        let text = Secret(text.into());
        self.connection.private.push_back((id, text));
        Ok(())
    }

    fn next_id(&mut self) -> String {
        let id = format!("{:016x}-{}", self.setup.seed, self.next);
        self.next += 1;
        id
    }

    /// Has a text said, or done, now or as soon as there is a connection.
    fn say(&mut self, now: Timestamp, text: String, me: bool) {
        let id = self.next_id();
        let room = told(self.target());
        let said = Unaccepted { id, text, me, room };
        self.waiting += said.size();
        if self.phase == Phase::Talking && !self.reads {
            self.send(&said.to_line());
        }
        self.memory.outbox.push_back(said);
        self.keep_first();
        if mem::take(&mut self.reads) {
            self.enter_room(now);
        }
    }

    /// Joins on a connection of its own, from where it has read to.
    fn enter_room(&mut self, now: Timestamp) {
        if self.phase == Phase::Talking {
            mark(Mark::ClientEnters);
            self.connection = Connection::new();
            self.actions.push_back(ClientAction::Disconnect);
            self.connect(now, Event::Join);
        }
    }

    /// It has read, and is on its way into the room.
    fn is_entering(&self) -> bool {
        let is_on_its_way = matches!(self.phase, Phase::Connecting | Phase::Joining);
        is_on_its_way && self.was_in && !self.is_offline
    }

    /// Asks the server for something that is of no use later.
    fn ask(&mut self, request: &Ask<'_>) -> Result<(), CommandError> {
        if self.phase != Phase::Talking {
            return Err(CommandError::Offline);
        }
        self.request(request);
        Ok(())
    }

    fn request(&mut self, request: &Ask<'_>) {
        self.send(&request.to_line());
    }

    fn send(&mut self, line: &str) {
        self.connection.unsent.extend(line.as_bytes());
    }

    /// The person wants to leave.
    fn leave(&mut self, now: Timestamp) {
        if self.phase == Phase::Asking {
            return self.finish(
                Outcome::NeverJoined,
                "The input ended before JOIN; nothing was sent.",
            );
        }
        if mem::replace(&mut self.leaves, true) {
            return;
        }
        self.give_up = Some(now + ACCEPT_PATIENCE);
        self.go_on(now);
        let is_waiting = matches!(
            self.phase,
            Phase::Waiting | Phase::Connecting | Phase::Joining
        );
        if is_waiting && !self.memory.outbox.is_empty() {
            let lines = self.lines();
            let seconds = ACCEPT_PATIENCE.as_secs();
            let news = format!("* Waiting up to {seconds} s for {lines} to be accepted.");
            self.actions.push_back(ClientAction::Notice(news));
        }
    }

    fn interrupt(&mut self, now: Timestamp) {
        self.interrupted = true;
        if self.phase == Phase::Talking {
            self.go_on(now);
        } else {
            self.finish(Outcome::Interrupted, "");
        }
    }

    /// Leaves, if that is wanted and nothing is in the way.
    fn go_on(&mut self, now: Timestamp) {
        let is_accepted = self.memory.outbox.is_empty();
        if self.is_keeping() || !(self.interrupted || self.leaves && is_accepted) {
            return;
        }
        if self.phase == Phase::Waiting {
            self.finish(self.left(), "");
        } else if self.step(Event::Leave) {
            let patience = if self.interrupted {
                INTERRUPT_PATIENCE
            } else {
                CLOSE_PATIENCE
            };
            self.request(&Ask::Leave);
            self.give_up = None;
            self.deadline = Some(now + patience);
            self.actions.push_back(ClientAction::Finish);
        }
    }

    /// There is no connection any more, or it is of no use.
    fn lost(&mut self, now: Timestamp, why: &str) {
        for (_, text) in mem::take(&mut self.connection.private) {
            let news = format!(
                "* Nobody knows whether this has arrived: \"{}\"",
                Short(&text)
            );
            self.actions.push_back(ClientAction::Notice(news));
        }
        match self.phase {
            Phase::Leaving if self.interrupted => self.finish(Outcome::Interrupted, ""),
            Phase::Leaving => self.finish(self.left(), ""),
            Phase::Connecting if !self.was_in => self.finish(Outcome::Unreachable, &sentence(why)),
            _ if self.connection.is_final || !self.was_in => {
                self.finish(Outcome::Lost, &sentence(why));
            }
            _ => self.wait(now, why),
        }
    }

    /// Waits for a while, and tries again.
    fn wait(&mut self, now: Timestamp, why: &str) {
        if !self.step(Event::Lost) {
            return;
        }
        self.go_on(now);
        if self.phase == Phase::Ended {
            return;
        }
        mark(Mark::ClientOffline);
        let over = mem::replace(&mut self.connection, Connection::new());
        let lasted = over.since.map_or(Duration::ZERO, |since| now - since);
        let wait = over.retry_after + self.backoff.next_wait(lasted);
        self.deadline = Some(now + wait);
        self.actions.push_back(ClientAction::Disconnect);
        if !mem::replace(&mut self.is_offline, true) {
            let news = format!("* Offline: {why}. Trying again.");
            self.actions.push_back(ClientAction::Notice(news));
        }
    }

    fn timeout(&mut self, now: Timestamp) {
        let is_due = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
        if is_due(self.keeping.at) {
            self.keeping.at = None;
            self.keeping.is_due = true;
        }
        if is_due(self.give_up) {
            return self.give_up();
        }
        if !is_due(self.deadline) {
            return;
        }
        self.deadline = None;
        let seconds = PATIENCE.as_secs();
        match self.phase {
            Phase::Connecting => self.lost(now, &format!("could not connect within {seconds} s")),
            Phase::Joining => {
                let sent = self.connection.banner.describe();
                let hint = match sent {
                    Some(sent) => format!(": {sent}"),
                    None if self.connection.is_text => {
                        "; what it sent is of the text dialect".into()
                    }
                    None => String::new(),
                };
                let why = format!("the server sent no welcome within {seconds} s{hint}");
                self.lost(now, &why);
            }
            Phase::Waiting => self.connect(now, Event::Due),
            Phase::Talking if self.connection.asked => self.lost(now, "the server does not answer"),
            Phase::Talking => {
                self.connection.asked = true;
                self.deadline = Some(now + ANSWER_PATIENCE);
                self.request(&Ask::Ping);
            }
            Phase::Leaving => self.lost(now, ""),
            Phase::Asking | Phase::Ended => {}
        }
    }

    /// What was said last was not accepted in time.
    fn give_up(&mut self) {
        let (seconds, lines) = (ACCEPT_PATIENCE.as_secs(), self.lines());
        let fate = if self.setup.keeps {
            "the next run sends what is left"
        } else {
            "what is left may not have been said"
        };
        self.finish(
            Outcome::Lost,
            &format!("{lines} not accepted within {seconds} s; {fate}."),
        );
    }

    /// How many lines are not accepted yet, in words.
    fn lines(&self) -> String {
        match self.memory.outbox.len() {
            1 => "1 line".into(),
            count => format!("{count} lines"),
        }
    }

    /// How it ends for who has left and had everything accepted.
    fn left(&self) -> Outcome {
        if self.refused {
            Outcome::Refused
        } else {
            Outcome::Left
        }
    }

    fn finish(&mut self, outcome: Outcome, news: &str) {
        if !self.step(Event::End) {
            return;
        }
        (self.deadline, self.give_up) = (None, None);
        self.keeping = Keeping {
            is_due: self.is_keeping() || self.keeping.at.is_some(),
            ..Keeping::default()
        };
        if !news.is_empty() {
            self.actions
                .push_back(ClientAction::Notice(format!("* {news}")));
        }
        self.actions.push_back(ClientAction::End(outcome));
    }

    /// Everything is displayed; later runs skip it.
    fn shown(&mut self, now: Timestamp) {
        self.is_showing = false;
        let is_later = self.memory.after != self.after || self.memory.places != self.places;
        if is_later {
            self.memory.after = self.after;
            self.memory.places.clone_from(&self.places);
            self.keep_soon(now);
        }
        if self.phase == Phase::Ended && self.was_in {
            self.keep_first();
        }
    }

    /// What is remembered is to be kept before anything is sent.
    fn keep_first(&mut self) {
        self.keeping.is_due |= self.setup.keeps;
    }

    /// What is remembered is to be kept soon.
    fn keep_soon(&mut self, now: Timestamp) {
        if self.setup.keeps {
            self.keeping.at.get_or_insert(now + KEEP_INTERVAL);
        }
    }

    fn is_keeping(&self) -> bool {
        self.keeping.is_due || self.keeping.under_way
    }

    /// Looks the event up in the table of transitions; whether there is a row for it.
    fn step(&mut self, event: Event) -> bool {
        let after = self.phase.after(event);
        self.phase = after.unwrap_or(self.phase);
        after.is_some()
    }
}

/// A clause as a sentence.
fn sentence(clause: &str) -> String {
    let mut chars = clause.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(chars).chain(['.']).collect()
}
