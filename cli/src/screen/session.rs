//! The client machine of a full screen: a [`JsonClient`] that can also be asked for any page of the history, and whoever
//! draws the screen sees what it remembers after each step.

use chat_core::json::Request;
use chat_core::{
    Client, ClientAction, ClientInput, Command, CommandError, JsonClient, Line, Memory, Outcome,
    RoomName, Setup, Timestamp, json_client_phase::Phase,
};
use std::time::Duration;

/// The first wait for a server that was never there, and the longest; each is twice as long as the one before.
const WAITS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// How many entries a page has.
pub const PAGE: u64 = 200;

/// What a line begins with that asks for a page: no line that is typed has it in it.
const PAGES: &[u8] = b"\x1bpage ";

/// The lines that have a [`Session`] ask who is there, and what the room is about.
pub const WHO: &[u8] = b"\x1bwho\n";
/// See [`WHO`].
pub const TOPIC: &[u8] = b"\x1btopic\n";
/// The line that has a [`Session`] ask what the person is in the room.
pub const ROLE: &[u8] = b"\x1brole\n";
/// The line that has a [`Session`] be no more in the room for which is typed.
pub const PART: &[u8] = b"\x1bpart\n";

/// What a line begins with that says for which room is typed from then on.
const IN: &[u8] = b"\x1bin ";

/// So many bytes of questions of our own may wait to be sent.
const MAX_ASKED: usize = 1024;

/// The line that has a [`Session`] ask for the page before an entry, or before what was known first.
pub fn page_before(seq: Option<u64>) -> Vec<u8> {
    let number = seq.map(|seq| seq.to_string()).unwrap_or_default();
    [PAGES, number.as_bytes(), b"\n"].concat()
}

/// The line that has a [`Session`] take all that comes after it for typed in this room; at the beginning, it is the lobby.
pub fn type_in(room: &str) -> Vec<u8> {
    [IN, room.as_bytes(), b"\n"].concat()
}

/// What a step of the client did with what was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Other,
    /// It took a line.
    Took,
    /// It has not done what the line that it took last asks for: there is no connection.
    Offline,
}

/// A client that shows what it is sent as objects. Where there is no server at the beginning, it tries again until there is.
#[derive(Debug)]
pub struct Session<F> {
    client: JsonClient,
    setup: Setup,
    watch: F,
    /// The room for which is typed.
    room: RoomName,
    /// Bytes of our own that wait to be sent, between two lines of the client.
    asked: Vec<u8>,
    /// The last byte that was sent ended a line.
    is_between: bool,
    /// The time of the last step.
    now: Timestamp,
    /// When to try again, where there was no server.
    again: Option<Timestamp>,
    wait: Duration,
    /// It is over before there was one.
    is_given_up: bool,
}

impl<F: FnMut(Step, Phase, &Memory)> Session<F> {
    /// A session of a client that is to be so; `watch` is shown how it is after each step, and what the step did with what
    /// was typed.
    pub fn new(now: Timestamp, setup: Setup, watch: F) -> Self {
        let setup = Setup {
            many: true,
            ..setup
        };
        let mut session = Self {
            client: JsonClient::new(now, setup.clone()),
            setup,
            watch,
            room: RoomName::LOBBY,
            asked: Vec::new(),
            is_between: true,
            now,
            again: None,
            wait: WAITS.0,
            is_given_up: false,
        };
        session.step(now, Step::Other, |_| {});
        session
    }

    /// There is no server: it is tried again later, by a client that knows what this one does.
    fn rest(&mut self) {
        self.again = Some(self.now + self.wait);
        self.wait = (self.wait * 2).min(WAITS.1);
        self.step(self.now, Step::Other, |_| {});
    }

    fn begin_again(&mut self) {
        self.again = None;
        // An id is given once: the numbers of another client begin anew.
        self.setup.seed = self.setup.seed.wrapping_add(1);
        let setup = Setup {
            memory: self.client.memory().clone(),
            joins: true,
            ..self.setup.clone()
        };
        self.client = JsonClient::new(self.now, setup);
        self.client.type_in(self.room.clone());
    }

    /// Takes a line that nobody has typed, but one that asks; whether it is one.
    fn obey(&mut self, line: &[u8]) -> bool {
        if let Some(room) = line.strip_prefix(IN) {
            let room = str::from_utf8(room).unwrap_or_default();
            if let Ok(room) = RoomName::parse(room) {
                self.room = room.clone();
                self.client.type_in(room);
            }
            return true;
        }
        let is_part = PART.strip_suffix(b"\n") == Some(line);
        if is_part {
            self.step(self.now, Step::Other, JsonClient::part_from);
        }
        is_part
    }

    /// What a line that nobody has typed asks for.
    fn question(&self, line: &[u8]) -> Option<Request<'static>> {
        let is = |whole: &[u8]| whole.strip_suffix(b"\n") == Some(line);
        let room = (!self.room.is_lobby()).then(|| self.room.to_string().into());
        if is(WHO) {
            return Some(Request::Who { room });
        }
        if is(TOPIC) {
            return Some(Request::Topic {
                room,
                text: None,
                id: None,
            });
        }
        if is(ROLE) {
            let name = self.client.memory().name.clone().unwrap_or_default();
            return Some(Request::Whois {
                name: name.into(),
                room,
                id: None,
            });
        }
        let before = line.strip_prefix(PAGES)?;
        let number = str::from_utf8(before).unwrap_or_default().parse().ok();
        let known = || Some(self.shown()?.saturating_add(1));
        Some(Request::History {
            with: None,
            room,
            after: None,
            before: number.or_else(known),
            limit: Some(PAGE),
        })
    }

    /// The number of the last entry that was shown of the room for which is typed.
    fn shown(&self) -> Option<u64> {
        let memory = self.client.memory();
        if self.room.is_lobby() {
            return memory.after;
        }
        let places = &memory.places;
        let place = places.iter().find(|it| it.room == self.room.as_str());
        place?.after
    }

    /// Asks, if there is a connection.
    fn ask(&mut self, request: &Request<'_>) {
        if self.client.phase() != Phase::Talking || self.asked.len() > MAX_ASKED {
            return;
        }
        // Numbers: nothing in it can fail.
        let line = serde_json::to_string(request).unwrap_or_default();
        self.asked.extend(line.as_bytes());
        self.asked.push(b'\n');
    }

    fn step<T>(&mut self, now: Timestamp, did: Step, step: impl FnOnce(&mut JsonClient) -> T) -> T {
        self.now = now;
        let result = step(&mut self.client);
        let phase = match self.again {
            Some(_) => Phase::Connecting,
            None => self.client.phase(),
        };
        if phase != Phase::Talking {
            self.asked.clear();
        }
        (self.watch)(did, phase, self.client.memory());
        result
    }

    fn sends_own(&self) -> bool {
        self.is_between && !self.asked.is_empty()
    }
}

impl<F: FnMut(Step, Phase, &Memory)> Client for Session<F> {
    fn command(&mut self, now: Timestamp, command: Command<'_>) -> Result<(), CommandError> {
        if let Command::Line(Line::Whole(line)) = command
            && let Some(request) = self.question(line)
        {
            self.ask(&request);
            return Ok(());
        }
        if let Command::Line(Line::Whole(line)) = command
            && self.obey(line)
        {
            return Ok(());
        }
        if self.again.is_some() {
            // Nothing else is asked for meanwhile.
            self.is_given_up |= matches!(command, Command::EndOfInput | Command::Interrupt);
            return Ok(());
        }
        let did = match command {
            Command::Line(_) | Command::Say(_) => Step::Took,
            Command::EndOfInput | Command::Interrupt => Step::Other,
        };
        let done = self.step(now, did, |client| client.command(now, command));
        if done == Err(CommandError::Offline) {
            // Whoever watches says what was not done, and gives it back.
            self.step(now, Step::Offline, |_| {});
            return Ok(());
        }
        done
    }

    fn handle(&mut self, now: Timestamp, input: ClientInput<'_>) {
        if matches!(input, ClientInput::Connected) {
            self.is_between = true;
        }
        self.now = now;
        if self.again.is_some_and(|due| due <= now) {
            self.begin_again();
        }
        self.step(now, Step::Other, |client| client.handle(now, input));
    }

    fn next_timeout(&self) -> Option<Timestamp> {
        self.again.or_else(|| self.client.next_timeout())
    }

    fn wants_input(&self) -> bool {
        self.again.is_none() && self.client.wants_input()
    }

    fn unsent(&self) -> &[u8] {
        if self.sends_own() {
            &self.asked
        } else {
            self.client.unsent()
        }
    }

    fn sent(&mut self, now: Timestamp, count: usize) {
        let is_own = self.sends_own();
        let sent = self.unsent().get(..count).unwrap_or_default();
        if let Some(last) = sent.last() {
            self.is_between = *last == b'\n';
        }
        if is_own {
            // Part of a line is never followed by anything but its rest.
            self.asked.drain(..count.min(self.asked.len()));
            self.is_between = true;
        } else {
            self.step(now, Step::Other, |client| client.sent(now, count));
        }
    }

    fn poll_action(&mut self) -> Option<ClientAction> {
        if self.is_given_up && self.again.take().is_some() {
            return Some(ClientAction::End(Outcome::Unreachable));
        }
        match self.client.poll_action() {
            Some(ClientAction::End(Outcome::Unreachable)) => {
                self.rest();
                None
            }
            action => action,
        }
    }

    fn next_try(&self) -> Option<Timestamp> {
        self.again.or_else(|| self.client.next_try())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::ZERO;
    const WELCOME: &[u8] =
        b"{\"type\":\"welcome\",\"version\":1,\"room\":\"lobby\",\"name\":\"ann\",\
        \"session\":\"0\",\"epoch\":\"e\",\"head\":41,\"resumed\":false,\"grace_ms\":1}\n";

    fn talking() -> Session<impl FnMut(Step, Phase, &Memory)> {
        let setup = Setup {
            joins: true,
            ..Setup::default()
        };
        let mut session = Session::new(NOW, setup, |_, _, _| {});
        session.handle(NOW, ClientInput::Connected);
        session.sent(NOW, session.unsent().len());
        session.handle(NOW, ClientInput::Received(WELCOME));
        session
    }

    fn sent_by(session: &mut impl Client, most: usize) -> String {
        let mut all = Vec::new();
        while !session.unsent().is_empty() {
            let count = session.unsent().len().min(most);
            all.extend(&session.unsent()[..count]);
            session.sent(NOW, count);
        }
        String::from_utf8(all).unwrap()
    }

    fn line(session: &mut impl Client, line: &[u8]) {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        session
            .command(NOW, Command::Line(Line::Whole(line)))
            .unwrap();
    }

    #[test]
    fn what_cannot_be_done_without_a_connection_is_told_to_whoever_watches() {
        let steps = std::cell::RefCell::new(Vec::new());
        let setup = Setup {
            joins: true,
            ..Setup::default()
        };
        let watch = |step, _, _: &Memory| steps.borrow_mut().push(step);
        let mut session = Session::new(NOW, setup, watch);
        session.handle(NOW, ClientInput::Connected);
        session.sent(NOW, session.unsent().len());
        session.handle(NOW, ClientInput::Received(WELCOME));
        session.handle(NOW, ClientInput::Lost("x"));
        for (typed, does) in [
            (&b"/topic tea"[..], &[Step::Took, Step::Offline][..]),
            (b"hello", &[Step::Took]),
        ] {
            steps.borrow_mut().clear();
            line(&mut session, typed);
            assert_eq!(*steps.borrow(), does);
        }
    }

    #[test]
    fn a_page_is_asked_for_between_two_lines_however_they_are_sent() {
        for most in [1, 2, 3, 1000] {
            let mut session = talking();
            line(&mut session, b"hello");
            let count = most.min(session.unsent().len());
            session.sent(NOW, count);
            line(&mut session, &page_before(Some(7)));
            line(&mut session, b"world");
            let sent = sent_by(&mut session, most);
            let page = "{\"type\":\"history\",\"before\":7,\"limit\":200}\n";
            assert_eq!(sent.matches(page).count(), 1, "{sent}");
            for each in sent.lines().skip(usize::from(most < 1000)) {
                assert!(each.starts_with('{') && each.ends_with('}'), "{each}");
            }
        }
    }

    #[test]
    fn questions_of_the_screen_are_asked_in_their_order_and_no_more_of_them_than_may_wait() {
        let mut session = talking();
        for question in [WHO, TOPIC, &page_before(Some(7))] {
            line(&mut session, question);
        }
        let all = "{\"type\":\"who\"}\n{\"type\":\"topic\"}\n\
                   {\"type\":\"history\",\"before\":7,\"limit\":200}\n";
        assert_eq!(sent_by(&mut session, 1000), all);
        let length = "{\"type\":\"who\"}\n".len();
        for _ in 0..1000 {
            line(&mut session, WHO);
        }
        let most = MAX_ASKED / length + 1;
        assert_eq!(sent_by(&mut session, 1000).len(), most * length);
    }

    #[test]
    fn the_first_page_is_before_what_was_known_first_and_a_lost_connection_asks_for_none() {
        let mut session = talking();
        line(&mut session, &page_before(None));
        assert!(sent_by(&mut session, 1000).contains("\"before\":42,"));
        line(&mut session, &page_before(None));
        session.handle(NOW, ClientInput::Eof);
        session.handle(NOW, ClientInput::Timeout);
        line(&mut session, &page_before(None));
        assert_eq!(session.unsent(), b"");
    }

    #[test]
    fn what_is_asked_for_and_said_is_of_the_room_for_which_is_typed() {
        let mut session = talking();
        for typed in [&type_in("dev"), &b"/join dev\n"[..]] {
            line(&mut session, typed);
        }
        sent_by(&mut session, 1000);
        let told = b"{\"type\":\"in\",\"room\":\"dev\",\"epoch\":\"e\",\"head\":5,\"here\":1,\"id\":\"join dev\"}\n";
        session.handle(NOW, ClientInput::Received(told));
        while session.poll_action().is_some() {}
        session.handle(NOW, ClientInput::Shown);
        for typed in [WHO, TOPIC, ROLE, &page_before(None), b"hi\n", PART] {
            line(&mut session, typed);
        }
        let sent = sent_by(&mut session, 1000);
        for asked in [
            "{\"type\":\"who\",\"room\":\"dev\"}\n",
            "{\"type\":\"topic\",\"room\":\"dev\"}\n",
            "{\"type\":\"whois\",\"name\":\"ann\",\"room\":\"dev\"}\n",
            "{\"type\":\"history\",\"room\":\"dev\",\"before\":6,\"limit\":200}\n",
            "{\"type\":\"say\",\"room\":\"dev\",\"text\":\"hi\"",
        ] {
            assert_eq!(sent.matches(asked).count(), 1, "{asked} {sent}");
        }
        line(&mut session, &type_in("lobby"));
        line(&mut session, WHO);
        assert!(sent_by(&mut session, 1000).contains("{\"type\":\"who\"}\n"));
        assert!(session.client.memory().rooms.is_empty());
    }

    /// A session that has been told that there is no server, and that it has said so.
    fn unreachable() -> Session<impl FnMut(Step, Phase, &Memory)> {
        let memory = Memory {
            name: Some("ann".into()),
            ..Memory::default()
        };
        let setup = Setup {
            joins: true,
            memory,
            ..Setup::default()
        };
        let mut session = Session::new(NOW, setup, |_, _, _| {});
        assert_eq!(session.poll_action(), Some(ClientAction::Connect));
        session.handle(NOW, ClientInput::Failed("x"));
        assert!(matches!(
            session.poll_action(),
            Some(ClientAction::Notice(_))
        ));
        assert_eq!(session.poll_action(), None);
        session
    }

    #[test]
    fn a_server_that_is_not_there_is_tried_again_under_the_same_name() {
        let mut session = unreachable();
        let mut waits = Vec::new();
        let mut now = NOW;
        for _ in 0..7 {
            let due = session.next_timeout().unwrap();
            assert_eq!(session.next_try(), Some(due));
            waits.push((due - now).as_secs());
            now = due;
            session.handle(now, ClientInput::Timeout);
            assert_eq!(session.poll_action(), Some(ClientAction::Connect));
            session.handle(now, ClientInput::Failed("x"));
            while session.poll_action().is_some() {}
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
        let due = session.next_timeout().unwrap();
        session.handle(due, ClientInput::Timeout);
        session.handle(due, ClientInput::Connected);
        let hello = sent_by(&mut session, 1000);
        assert!(hello.contains("\"name\":\"ann\""), "{hello}");
    }

    #[test]
    fn whoever_leaves_while_there_is_no_server_need_not_wait() {
        for command in [Command::Interrupt, Command::EndOfInput] {
            let mut session = unreachable();
            assert!(!session.wants_input());
            session.command(NOW, command).unwrap();
            let end = ClientAction::End(Outcome::Unreachable);
            assert_eq!(session.poll_action(), Some(end));
        }
    }
}
