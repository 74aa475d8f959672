//! The client machine of a full screen: a [`JsonClient`] that can also be asked for any page of the history, and whoever
//! draws the screen sees what it remembers after each step.

use chat_core::json::Request;
use chat_core::{
    Client, ClientAction, ClientInput, Command, CommandError, JsonClient, Line, Timestamp,
    json_client_phase::Phase,
};

/// How many entries a page has.
pub const PAGE: u64 = 200;

/// What a line begins with that asks for a page: no line that is typed has it in it.
const PAGES: &[u8] = b"\x1bpage ";

/// The line that has a [`Session`] ask for the page before an entry, or before what was known first.
pub fn page_before(seq: Option<u64>) -> Vec<u8> {
    let number = seq.map(|seq| seq.to_string()).unwrap_or_default();
    [PAGES, number.as_bytes(), b"\n"].concat()
}

/// A client that shows what it is sent as objects.
#[derive(Debug)]
pub struct Session<F> {
    client: JsonClient,
    watch: F,
    /// Bytes of our own that wait to be sent, between two lines of the client.
    asked: Vec<u8>,
    /// The last byte that was sent ended a line.
    is_between: bool,
}

impl<F: FnMut(&JsonClient)> Session<F> {
    /// Puts this client in a session; `watch` is shown it after each step.
    pub fn new(client: JsonClient, mut watch: F) -> Self {
        watch(&client);
        Self {
            client,
            watch,
            asked: Vec::new(),
            is_between: true,
        }
    }

    /// Asks for a page, if there is a connection; one at a time is enough.
    fn ask(&mut self, before: &[u8]) {
        if self.client.phase() != Phase::Talking || !self.asked.is_empty() {
            return;
        }
        let number = str::from_utf8(before).unwrap_or_default().parse().ok();
        let known = || Some(self.client.memory().after?.saturating_add(1));
        let request = Request::History {
            after: None,
            before: number.or_else(known),
            limit: Some(PAGE),
        };
        // Numbers: nothing in it can fail.
        let line = serde_json::to_string(&request).unwrap_or_default();
        self.asked = (line + "\n").into_bytes();
    }

    fn step<T>(&mut self, step: impl FnOnce(&mut JsonClient) -> T) -> T {
        let result = step(&mut self.client);
        if self.client.phase() != Phase::Talking {
            self.asked.clear();
        }
        (self.watch)(&self.client);
        result
    }

    fn sends_own(&self) -> bool {
        self.is_between && !self.asked.is_empty()
    }
}

impl<F: FnMut(&JsonClient)> Client for Session<F> {
    fn command(&mut self, now: Timestamp, command: Command<'_>) -> Result<(), CommandError> {
        if let Command::Line(Line::Whole(line)) = command
            && let Some(before) = line.strip_prefix(PAGES)
        {
            self.ask(before);
            return Ok(());
        }
        self.step(|client| client.command(now, command))
    }

    fn handle(&mut self, now: Timestamp, input: ClientInput<'_>) {
        if matches!(input, ClientInput::Connected) {
            self.is_between = true;
        }
        self.step(|client| client.handle(now, input));
    }

    fn next_timeout(&self) -> Option<Timestamp> {
        self.client.next_timeout()
    }

    fn wants_input(&self) -> bool {
        self.client.wants_input()
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
            self.step(|client| client.sent(now, count));
        }
    }

    fn poll_action(&mut self) -> Option<ClientAction> {
        self.client.poll_action()
    }

    fn next_try(&self) -> Option<Timestamp> {
        self.client.next_try()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat_core::Setup;

    const NOW: Timestamp = Timestamp::ZERO;
    const WELCOME: &[u8] =
        b"{\"type\":\"welcome\",\"version\":1,\"room\":\"lobby\",\"name\":\"ann\",\
        \"session\":\"0\",\"epoch\":\"e\",\"head\":41,\"resumed\":false,\"grace_ms\":1}\n";

    fn talking() -> Session<impl FnMut(&JsonClient)> {
        let setup = Setup {
            joins: true,
            raw: true,
            ..Setup::default()
        };
        let mut session = Session::new(JsonClient::new(NOW, setup), |_| {});
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
}
