//! A person with the shipped client: what they type, and what their screen is held against.

use super::disk::Disk;
use crate::invariant::Invariant;
use chat_core::json::Message;
use chat_core::json_client_phase::Phase;
use chat_core::{
    Client, ClientAction, ClientInput, Command, JsonClient, Kind, Line, Memory, Outcome, Record,
    Setup, Timestamp,
};
use std::collections::VecDeque;

/// Somebody at a terminal, through all the runs of their client.
#[derive(Debug)]
pub(super) struct Person {
    number: usize,
    keeps: bool,
    runs: u64,
    /// Whose lines their screen does not show: those of the runs that this one goes on with.
    own: Vec<u64>,
    client: Option<JsonClient>,
    /// What is on their own disk, and what is being put there.
    kept: Memory,
    keeping: Option<Memory>,
    keys: VecDeque<String>,
    /// What they typed that must be said, and what may be lost with a run that was killed.
    typed: Vec<String>,
    unsure: Vec<String>,
    /// What was refused, and they were told.
    refused: Vec<String>,
    /// What came of a line so far.
    partial: Vec<u8>,
    /// The last entry when this run was welcomed first.
    head: Option<u64>,
    /// Their own joining, which the welcome stands for.
    joined: Option<u64>,
    /// This run has been in the room; its newest connection reads, and is not.
    was_member: bool,
    reads: bool,
    /// Behind gaps that the person is to be told of: the numbers of the next entries.
    gaps: VecDeque<u64>,
    /// The number of the next entry.
    next: Option<u64>,
}

/// What their client wants of the world.
pub(super) enum Wish {
    Connect,
    Drop,
}

impl Person {
    pub(super) fn new(number: usize, keeps: bool) -> Self {
        Self {
            number,
            keeps,
            runs: 0,
            own: Vec::new(),
            client: None,
            kept: Memory::default(),
            keeping: None,
            keys: VecDeque::new(),
            typed: Vec::new(),
            unsure: Vec::new(),
            refused: Vec::new(),
            partial: Vec::new(),
            head: None,
            joined: None,
            was_member: false,
            reads: false,
            gaps: VecDeque::new(),
            next: None,
        }
    }

    /// Starts the client, if it is not running, and types `JOIN`.
    pub(super) fn start(&mut self, now: u64) {
        if self.client.is_some() {
            return;
        }
        if !self.keeps {
            self.own.clear();
        }
        self.runs += 1;
        let seed = (self.number as u64) << 32 | self.runs;
        self.own.push(seed);
        let setup = Setup {
            seed,
            memory: self.kept.clone(),
            keeps: self.keeps,
            reads: (self.number as u64 + self.runs).is_multiple_of(3),
            ..Setup::default()
        };
        (self.was_member, self.reads) = (false, setup.reads);
        self.next = self.kept.after.map(|after| after + 1);
        (self.head, self.joined) = (None, None);
        self.gaps.clear();
        self.client = Some(JsonClient::new(Timestamp::from_micros(now), setup));
        self.keys.push_front(format!("JOIN p{}", self.number));
    }

    /// Its program is killed.
    pub(super) fn die(&mut self, is_kept: bool) {
        if self.client.take().is_none() {
            return;
        }
        if let Some(memory) = self.keeping.take().filter(|_| is_kept) {
            self.kept = memory;
        }
        let kept = &self.kept.outbox;
        let (sure, unsure): (Vec<_>, Vec<_>) = std::mem::take(&mut self.typed)
            .into_iter()
            .partition(|text| kept.iter().any(|it| it.text == *text));
        self.typed = sure;
        self.unsure.extend(unsure);
        // That it was refused may not have been kept.
        self.unsure.append(&mut self.refused);
        self.keys.clear();
    }

    pub(super) fn types(&mut self, line: String) {
        self.keys.push_back(line);
    }

    fn is_talking(&self) -> bool {
        self.phase() == Some(Phase::Talking)
    }

    fn phase(&self) -> Option<Phase> {
        self.client.as_ref().map(JsonClient::phase)
    }

    /// The name it goes by.
    pub(super) fn name(&self) -> &str {
        let memory = self.client.as_ref().map_or(&self.kept, JsonClient::memory);
        memory.name.as_deref().unwrap_or_default()
    }

    /// Whether they only look, and are not in the room.
    pub(super) fn reads(&self) -> bool {
        self.reads
    }

    pub(super) fn hears(&mut self, now: u64, input: ClientInput<'_>) {
        match input {
            ClientInput::Connected => self.partial.clear(),
            ClientInput::Received(bytes) => {
                for byte in bytes {
                    self.partial.push(*byte);
                    if *byte == b'\n' {
                        let line = std::mem::take(&mut self.partial);
                        self.is_sent(&line);
                    }
                }
            }
            _ => {}
        }
        if let Some(client) = &mut self.client {
            client.handle(Timestamp::from_micros(now), input);
        }
    }

    /// A line of the server's, of which some are looked at.
    fn is_sent(&mut self, line: &[u8]) {
        match serde_json::from_slice(line) {
            Ok(Message::Welcome {
                head,
                resumed,
                read,
                ..
            }) => {
                self.head.get_or_insert(head);
                self.reads = read;
                if !read && !std::mem::replace(&mut self.was_member, true) {
                    self.joined = (!resumed).then_some(head);
                }
            }
            Ok(Message::Gap {
                room: None, next, ..
            }) => self.gaps.push_back(next),
            _ => {}
        }
    }

    /// When there is something left to be done, unless all it could do is ask whether the server
    /// is there.
    pub(super) fn waits(&self) -> Option<u64> {
        match self.keeping {
            Some(_) => Some(0),
            None => self.due().filter(|_| !self.is_talking()),
        }
    }

    fn due(&self) -> Option<u64> {
        let due = self.client.as_ref().and_then(Client::next_timeout);
        due.map(Timestamp::as_micros)
    }

    /// Time has passed.
    pub(super) fn wakes(&mut self, now: u64) {
        if let Some(memory) = self.keeping.take() {
            self.kept = memory;
            self.hears(now, ClientInput::Kept);
        }
        if self.due().is_some_and(|due| due <= now) {
            self.hears(now, ClientInput::Timeout);
        }
    }

    /// What goes on the connection next.
    pub(super) fn sends(&mut self, now: u64) -> Vec<u8> {
        let Some(client) = &mut self.client else {
            return Vec::new();
        };
        let bytes = client.unsent().to_vec();
        client.sent(Timestamp::from_micros(now), bytes.len());
        bytes
    }

    /// Types what is to be typed, watches the screen, and gives what the client wants of the world.
    pub(super) fn acts(&mut self, now: u64, disk: &Disk) -> Option<Wish> {
        while let Some(client) = &mut self.client {
            if client.wants_input()
                && let Some(line) = self.keys.pop_front()
            {
                if line.contains(" of ") {
                    self.typed.push(line.clone());
                }
                let line = Command::Line(Line::Whole(line.as_bytes()));
                let done = client.command(Timestamp::from_micros(now), line);
                Invariant::Outcomes.holds(done.is_ok(), || format!("{done:?}"));
            }
            match client.poll_action() {
                Some(ClientAction::Connect) => return Some(Wish::Connect),
                Some(ClientAction::Disconnect) => return Some(Wish::Drop),
                Some(ClientAction::Show(line) | ClientAction::ShowAt(line, _)) => {
                    self.sees(&line, disk);
                }
                Some(ClientAction::Notice(line)) => self.is_told(&line, disk),
                Some(ClientAction::Keep(memory)) => self.keeping = Some(memory),
                Some(ClientAction::End(outcome)) => {
                    client.handle(Timestamp::from_micros(now), ClientInput::Shown);
                    if let Some(ClientAction::Keep(memory)) = client.poll_action() {
                        self.keeping = Some(memory);
                    }
                    self.ends(outcome, disk);
                    return Some(Wish::Drop);
                }
                None if self.keys.is_empty() || !client.wants_input() => {
                    client.handle(Timestamp::from_micros(now), ClientInput::Shown);
                    return None;
                }
                Some(ClientAction::Prompt(_) | ClientAction::Finish) | None => {}
            }
        }
        None
    }

    fn sees(&mut self, line: &str, disk: &Disk) {
        if line == "Welcome to the chatroom!" {
            self.next = self.next.or(self.head.map(|head| head + 1));
            return;
        }
        if line.starts_with("* ") {
            return self.is_refused(line);
        }
        self.pass_own(disk);
        let due = self.next.and_then(|next| disk.entry(next)).map(line_of);
        Invariant::Screens.holds(due.as_deref() == Some(line), || {
            format!("{line:?} to person {}, and {due:?} is due", self.number)
        });
        self.next = self.next.map(|next| next + 1);
    }

    /// What a notice says that was not said is not: they type it again when they want to.
    fn is_refused(&mut self, notice: &str) {
        let quoted = notice.strip_prefix("* Not said: \"");
        if let Some((text, why)) = quoted.and_then(|rest| rest.split_once('"'))
            && why.contains("disk is full")
        {
            let nth = self.typed.iter().position(|typed| typed == text);
            self.refused.extend(nth.map(|nth| self.typed.remove(nth)));
        }
    }

    fn is_told(&mut self, line: &str, disk: &Disk) {
        self.is_refused(line);
        if line.starts_with("* Gap: ") {
            self.pass_own(disk);
            let next = self.gaps.pop_front();
            let missing = self.next.zip(next).map(|(from, next)| from..next);
            let is_true = missing.is_some_and(|missing| disk.is_gone(missing));
            self.next = next;
            Invariant::Screens.holds(is_true, || format!("{line:?} before {:?}", self.next));
        }
    }

    /// Passes over what the person has said themselves.
    fn pass_own(&mut self, disk: &Disk) {
        while let Some(next) = self.next
            && disk.entry(next).is_some_and(|entry| self.is_own(entry))
        {
            self.next = Some(next + 1);
        }
    }

    fn is_own(&self, entry: &Record) -> bool {
        let is_by = |seed: &u64| {
            let id = entry.id.as_deref().unwrap_or_default();
            id.starts_with(&format!("{seed:016x}-"))
        };
        match entry.kind {
            Kind::Said => self.own.iter().any(is_by),
            _ => self.joined == Some(entry.seq),
        }
    }

    fn ends(&mut self, outcome: Outcome, disk: &Disk) {
        if outcome == Outcome::Left {
            for text in &self.typed {
                let said = times_said(text, disk);
                Invariant::Outcomes.holds(said > 0, || {
                    format!(
                        "person {} left, and {text:?} is there {said} times",
                        self.number
                    )
                });
            }
        }
        if let Some(memory) = self.keeping.take() {
            self.kept = memory;
        }
        self.die(true);
    }

    /// When everything has come to rest.
    pub(super) fn is_at_rest(&mut self, disk: &Disk) {
        self.pass_own(disk);
        let number = self.number;
        Invariant::Rest.holds(self.is_talking(), || {
            format!("person {number} is {:?}", self.phase())
        });
        Invariant::Screens.holds(self.next == Some(disk.last() + 1), || {
            format!(
                "person {number} waits for {:?} of {}",
                self.next,
                disk.last()
            )
        });
        for text in &self.typed {
            let said = times_said(text, disk);
            Invariant::SaidOnce.holds(said == 1 || disk.forgets() && said > 1, || {
                format!("{text:?} of person {number} is there {said} times")
            });
        }
        for text in &self.refused {
            let said = times_said(text, disk);
            // What the log has let go of is not known to have been said, and may be refused when it comes again.
            Invariant::SaidOnce.holds(said == 0 || disk.forgets(), || {
                format!("{text:?} of person {number} was refused, and is there {said} times")
            });
        }
        for text in &self.unsure {
            let said = times_said(text, disk);
            Invariant::SaidOnce.holds(said <= 1 || disk.forgets(), || {
                format!("{text:?} of person {number} is there {said} times")
            });
        }
    }
}

fn times_said(text: &str, disk: &Disk) -> usize {
    let is_it = |entry: &&Record| entry.kind == Kind::Said && *entry.text == *text;
    disk.all.iter().filter(is_it).count()
}

/// An entry as a line of the text dialect.
pub(super) fn line_of(entry: &Record) -> String {
    let name = &entry.name;
    match entry.kind {
        Kind::Joined => format!("{name} has joined the chat"),
        Kind::Left => format!("{name} has left the chat"),
        Kind::Said => format!("{name}: {}", entry.text),
        Kind::Acted => format!("** {name} {}", entry.text),
        Kind::Renamed => format!("{name} is now known as {}", entry.text),
        Kind::Topic if entry.text.is_empty() => format!("{name} has taken the topic away"),
        Kind::Topic => format!("{name} has set the topic: {}", entry.text),
        // These are in no room.
        Kind::Claimed | Kind::Unclaimed => format!("{name} is in no room for that"),
    }
}
