//! A person with the shipped client: what they type, and what their screen is held against.

use super::disk::Disk;
use crate::invariant::Invariant;
use crate::model::rules::{folded, words};
use chat_core::json::Message;
use chat_core::json_client_phase::Phase;
use chat_core::{
    Client, ClientAction, ClientInput, Command, CommandError, JsonClient, Kind, Line, Memory,
    Network, Order, Outcome, Record, RoomName, Setup, Timestamp,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Somebody at a terminal, through all the runs of their client.
#[derive(Debug)]
pub(super) struct Person {
    number: usize,
    keeps: bool,
    runs: u64,
    /// Whose lines their screen does not show: those of the runs that this one goes on with.
    own: Vec<u64>,
    /// The ids of those that this run began with, as they were not known to be accepted.
    unaccepted: BTreeSet<String>,
    client: Option<JsonClient>,
    /// What is on their own disk, and what is being put there.
    kept: Memory,
    keeping: Option<Memory>,
    keys: VecDeque<String>,
    /// What they typed that must be said, and what may be lost with a run that was killed.
    typed: Vec<Typed>,
    unsure: Vec<String>,
    /// What was refused, and they were told.
    refused: Vec<String>,
    /// What came of a line so far.
    partial: Vec<u8>,
    /// The room where they are: what happens there is on their screen.
    here: RoomName,
    /// Their own joining of the lobby, which the welcome stands for.
    joined: Option<u64>,
    /// This run has been in the room; its newest connection reads, and is not.
    was_member: bool,
    reads: bool,
    /// Their newest connection goes on with a session.
    resumed: bool,
    /// Where the person is to be told of gaps: the numbers of the entries after them.
    gaps: BTreeMap<RoomName, VecDeque<u64>>,
    /// The number of the next entry of each room that they know: one of these, as lines that may be passed over look like others.
    next: BTreeMap<RoomName, BTreeSet<u64>>,
    /// The rooms that they were removed from: whoever had asked to be there once more is back from the end on.
    removed: BTreeSet<RoomName>,
    /// What they did in a room up to that entry, before they were let in again, their screen may show and may not.
    settled: BTreeMap<RoomName, u64>,
}

/// Something that was typed to be said, and for which room.
#[derive(Clone, Debug)]
struct Typed {
    text: String,
    room: RoomName,
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
            unaccepted: BTreeSet::new(),
            client: None,
            kept: Memory::default(),
            keeping: None,
            keys: VecDeque::new(),
            typed: Vec::new(),
            unsure: Vec::new(),
            refused: Vec::new(),
            partial: Vec::new(),
            here: RoomName::LOBBY,
            joined: None,
            was_member: false,
            reads: false,
            resumed: false,
            gaps: BTreeMap::new(),
            next: BTreeMap::new(),
            removed: BTreeSet::new(),
            settled: BTreeMap::new(),
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
        let unaccepted = self.kept.outbox.iter();
        self.unaccepted = unaccepted.map(|said| said.id.clone()).collect();
        let setup = Setup {
            seed,
            memory: self.kept.clone(),
            keeps: self.keeps,
            is_private: true,
            reads: (self.number as u64 + self.runs).is_multiple_of(3),
            ..Setup::default()
        };
        (self.was_member, self.reads) = (false, setup.reads);
        self.here = parsed(self.kept.room.as_deref());
        let lobby = self.kept.after.map(|after| (RoomName::LOBBY, after + 1));
        let others = self.kept.places.iter().filter_map(|place| {
            let room = parsed(Some(&place.room));
            Some((room, place.after? + 1))
        });
        let places = lobby.into_iter().chain(others);
        self.next = places.map(|(room, next)| (room, [next].into())).collect();
        self.joined = None;
        self.gaps.clear();
        self.removed.clear();
        self.settled.clear();
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
            .partition(|typed| kept.iter().any(|it| it.text == typed.text));
        self.typed = sure;
        self.unsure
            .extend(unsure.into_iter().map(|typed| typed.text));
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

    /// Whether they only look, and are in no room.
    pub(super) fn reads(&self) -> bool {
        self.reads
    }

    /// The room where they are, as their screen has told them.
    pub(super) fn here(&self) -> &RoomName {
        &self.here
    }

    pub(super) fn hears(&mut self, now: u64, input: ClientInput<'_>) {
        match input {
            ClientInput::Received(bytes) => return self.reads_bytes(now, bytes),
            ClientInput::Connected => self.partial.clear(),
            _ => {}
        }
        self.takes(now, input);
    }

    fn takes(&mut self, now: u64, input: ClientInput<'_>) {
        if let Some(client) = &mut self.client {
            client.handle(Timestamp::from_micros(now), input);
        }
    }

    /// Bytes came. Once it is welcome, or in a room, the client may give the connection up: what comes after that is for nobody.
    fn reads_bytes(&mut self, now: u64, mut bytes: &[u8]) {
        const TURNS: [&[u8]; 2] = [b"{\"type\":\"welcome\"", b"{\"type\":\"in\""];
        let mut length = 0;
        while let Some(byte) = bytes.get(length) {
            self.partial.push(*byte);
            length += 1;
            if *byte != b'\n' {
                continue;
            }
            let line = std::mem::take(&mut self.partial);
            if self.is_connected() {
                self.is_sent(&line);
            }
            if TURNS.iter().any(|start| line.starts_with(start)) {
                self.takes(now, ClientInput::Received(&bytes[..length]));
                (bytes, length) = (&bytes[length..], 0);
                if !self.is_connected() {
                    return;
                }
            }
        }
        if !bytes.is_empty() {
            self.takes(now, ClientInput::Received(bytes));
        }
    }

    fn is_connected(&self) -> bool {
        let connected = [Phase::Joining, Phase::Talking, Phase::Leaving];
        self.phase().is_some_and(|it| connected.contains(&it))
    }

    /// A line of the server's, of which some are looked at.
    fn is_sent(&mut self, line: &[u8]) {
        match serde_json::from_slice(line) {
            Ok(Message::Welcome {
                room,
                head,
                resumed,
                outside,
                read,
                ..
            }) => {
                // A reader is told of the room that it reads.
                let room = parsed(Some(&room).filter(|_| read).map(|room| &**room));
                let next = self.next.entry(room.clone());
                next.or_insert([head + 1].into());
                if read {
                    self.gaps.remove(&room);
                } else if !outside && !self.here.is_lobby() {
                    self.settled.insert(RoomName::LOBBY, head);
                }
                (self.reads, self.resumed) = (read, resumed);
                if !read && !std::mem::replace(&mut self.was_member, true) {
                    self.joined = (!resumed).then_some(head);
                }
            }
            Ok(Message::In { room, head, id, .. }) => {
                let room = parsed(Some(&room));
                // Another session is let into every room anew.
                let goes_on = self.resumed && room == self.here && id.is_none();
                if !goes_on || !self.settled.contains_key(&room) {
                    self.settled.insert(room.clone(), head);
                }
                let next = self.next.entry(room.clone()).or_default();
                if next.is_empty() || id.is_some() && self.removed.remove(&room) {
                    next.insert(head + 1);
                }
                // What comes there now begins where it was shown last.
                self.gaps.remove(&room);
            }
            Ok(Message::Out {
                room,
                code: Some(_),
                ..
            }) => {
                self.removed.insert(parsed(Some(&room)));
            }
            Ok(Message::Gap { room, next, .. }) => {
                let room = parsed(room.as_deref());
                self.gaps.entry(room).or_default().push_back(next);
            }
            _ => {}
        }
    }

    /// When there is something left to be done, unless all it could do is ask whether the server
    /// is there.
    pub(super) fn waits(&self) -> Option<u64> {
        match self.keeping {
            Some(_) => Some(0),
            // What was said too soon waits.
            None => self
                .due()
                .filter(|_| !self.is_talking() || self.has_unsaid()),
        }
    }

    /// Whether something is not accepted yet.
    fn has_unsaid(&self) -> bool {
        let client = self.client.as_ref();
        client.is_some_and(|client| !client.memory().outbox.is_empty())
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
                let command = Command::Line(Line::Whole(line.as_bytes()));
                let done = client.command(Timestamp::from_micros(now), command);
                let is_of_use_now_alone = line.starts_with('/');
                let is_right = match done {
                    Err(CommandError::Offline) => is_of_use_now_alone,
                    _ => done.is_ok(),
                };
                Invariant::Outcomes.holds(is_right, || format!("{done:?} to {line:?}"));
                if line.contains(" of ") {
                    // For the one they have asked for last, if they are let in.
                    let room = parsed(client.memory().room.as_deref());
                    self.typed.push(Typed { text: line, room });
                }
            }
            match client.poll_action() {
                Some(ClientAction::Connect) => return Some(Wish::Connect),
                Some(ClientAction::Disconnect) => return Some(Wish::Drop),
                Some(ClientAction::Show(line) | ClientAction::ShowAt(line, _)) => {
                    self.sees(&line, disk);
                }
                Some(ClientAction::Notice(line)) => self.is_told(&line, disk),
                Some(ClientAction::Keep(memory)) => self.keeping = Some(*memory),
                Some(ClientAction::End(outcome)) => {
                    client.handle(Timestamp::from_micros(now), ClientInput::Shown);
                    if let Some(ClientAction::Keep(memory)) = client.poll_action() {
                        self.keeping = Some(*memory);
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
            return;
        }
        if let Some(notice) = line.strip_prefix("* ") {
            self.is_refused(line);
            return self.moves(notice);
        }
        let coming = self.coming(disk);
        let due: Vec<_> = coming
            .iter()
            .filter_map(|seq| disk.entry(&self.here, *seq))
            .collect();
        // Those who may see an address are shown it where they missed the order.
        let is_address = |(_, rest): &(&str, &str)| {
            let address = rest.strip_suffix(')');
            address.is_some_and(|it| Network::parse(it).is_some())
        };
        let shown = line.rsplit_once(" (").filter(is_address);
        let may_be = shown.is_none() || disk.law.saw_addresses(self.number, Some(&self.here));
        Invariant::Addresses.holds(may_be, || format!("{line:?} to person {}", self.number));
        let shown = shown.map(|(shown, _)| shown);
        let is_it = |entry: &&&Record| {
            let due = line_of(entry);
            due == line || entry.kind == Kind::Order && shown == Some(&*due)
        };
        let next: BTreeSet<u64> = due.iter().filter(is_it).map(|it| it.seq + 1).collect();
        Invariant::Screens.holds(!next.is_empty(), || {
            let (number, here) = (self.number, &self.here);
            let due = due.last().map(|it| line_of(it));
            format!("{line:?} to person {number} in {here}, and {due:?} is due")
        });
        self.next.insert(self.here.clone(), next);
    }

    /// The numbers of the entries of which one is to be shown next.
    fn coming(&self, disk: &Disk) -> BTreeSet<u64> {
        let mut coming = BTreeSet::new();
        let known = self.next.get(&self.here);
        for first in known.into_iter().flatten() {
            let mut seq = *first;
            loop {
                let entry = disk.entry(&self.here, seq);
                if !entry.is_some_and(|it| self.is_own(it)) {
                    coming.insert(seq);
                    if !entry.is_some_and(|it| self.may_be_passed(it, disk)) {
                        break;
                    }
                }
                seq += 1;
            }
        }
        coming
    }

    /// They are told in which room they are.
    fn moves(&mut self, notice: &str) {
        let place = notice.strip_prefix("You are in ");
        let Some((room, _)) = place.and_then(|it| it.split_once(" now; ")) else {
            return;
        };
        self.here = parsed(Some(room));
        let is_known = self.next.contains_key(&self.here);
        Invariant::Screens.holds(is_known, || {
            format!("{notice:?} to person {}, who was not let in", self.number)
        });
    }

    /// What a notice says that was not said is not: they type it again when they want to.
    fn is_refused(&mut self, notice: &str) {
        let quoted = notice.strip_prefix("* Not said: \"");
        let Some((text, why)) = quoted.and_then(|rest| rest.split_once('"')) else {
            return;
        };
        let Some(nth) = self.typed.iter().position(|typed| typed.text == text) else {
            return;
        };
        if why.contains("disk is full") || why.contains("you are muted") {
            self.refused.push(self.typed.remove(nth).text);
        } else if why.contains("you are not in ") {
            // It may have been said when they were: of that they were not told.
            self.unsure.push(self.typed.remove(nth).text);
        }
    }

    fn is_told(&mut self, line: &str, disk: &Disk) {
        self.is_refused(line);
        if line.starts_with("* Gap: ") {
            let from = self.coming(disk);
            let gaps = self.gaps.get_mut(&self.here);
            let next = gaps.and_then(VecDeque::pop_front);
            // What they did themselves before the gap they need not be shown.
            let is_true = next.is_some_and(|next| {
                from.iter()
                    .any(|from| disk.is_gone(&self.here, *from..next))
            });
            Invariant::Screens.holds(is_true, || {
                let (number, here) = (self.number, &self.here);
                format!("{line:?} to person {number} in {here}, from {from:?} to {next:?}")
            });
            let next = next.map(|next| (self.here.clone(), [next].into()));
            self.next.extend(next);
        }
    }

    /// Whether this was before they were let into the room again.
    fn is_settled(&self, entry: &Record) -> bool {
        let settled = self.settled.get(&entry.room);
        settled.is_some_and(|last| entry.seq <= *last)
    }

    /// Whether they did this before they were let into the room again.
    fn may_be_passed(&self, entry: &Record, disk: &Disk) -> bool {
        let is_theirs = match entry.kind {
            Kind::Joined | Kind::Left => {
                let key = folded(entry.name.as_str());
                disk.law.names_of(self.number).any(|name| name == key)
            }
            _ => self.is_said_by(entry),
        };
        is_theirs && (self.is_settled(entry) || self.is_known_no_more(entry))
    }

    /// Whether an earlier run said it, and this one does not know: that it was accepted may have been kept, and not that it
    /// came, when that one was killed. What came in its last second is shown again.
    fn is_known_no_more(&self, entry: &Record) -> bool {
        let id = entry.id.as_deref().unwrap_or_default();
        let now = self.own.last().map(|seed| format!("{seed:016x}-"));
        let is_of_now = now.is_some_and(|now| id.starts_with(&now));
        self.is_said_by(entry) && !is_of_now && !self.unaccepted.contains(id)
    }

    /// Whether the runs that this one goes on with have said it.
    fn is_said_by(&self, entry: &Record) -> bool {
        let id = entry.id.as_deref().unwrap_or_default();
        let is_by = |seed: &u64| id.starts_with(&format!("{seed:016x}-"));
        entry.kind == Kind::Said && self.own.iter().any(is_by)
    }

    /// Whether their screen does not show it, as they did it.
    fn is_own(&self, entry: &Record) -> bool {
        let is_joining = entry.room.is_lobby() && self.joined == Some(entry.seq);
        let is_said = self.is_said_by(entry) && !self.is_known_no_more(entry);
        (is_said || is_joining) && !self.is_settled(entry)
    }

    fn ends(&mut self, outcome: Outcome, disk: &Disk) {
        if outcome == Outcome::Left {
            for Typed { text, .. } in &self.typed {
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
        let number = self.number;
        Invariant::Rest.holds(self.is_talking(), || {
            format!("person {number} is {:?}", self.phase())
        });
        let (next, last) = (self.coming(disk), disk.last(&self.here));
        Invariant::Screens.holds(next.contains(&(last + 1)), || {
            let here = &self.here;
            format!("person {number} waits in {here} for {next:?} of {last}")
        });
        for Typed { text, room } in &self.typed {
            let said = times_said(text, disk);
            Invariant::SaidOnce.holds(said == 1 || disk.forgets() && said > 1, || {
                format!("{text:?} of person {number} is there {said} times")
            });
            let mut elsewhere = said_in(text, disk).filter(|it| it.room != *room);
            Invariant::OwnRooms.holds(elsewhere.next().is_none(), || {
                format!("{text:?} of person {number} was typed for {room}")
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

/// The room that is remembered: the lobby, where none is.
fn parsed(room: Option<&str>) -> RoomName {
    room.and_then(|room| RoomName::parse(room).ok())
        .unwrap_or_default()
}

fn times_said(text: &str, disk: &Disk) -> usize {
    said_in(text, disk).count()
}

fn said_in<'a>(text: &'a str, disk: &'a Disk) -> impl Iterator<Item = &'a Record> {
    let is_it = move |entry: &&Record| entry.kind == Kind::Said && *entry.text == *text;
    disk.all.iter().filter(is_it)
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
        Kind::Order => {
            let order = Order::parse(&entry.text);
            format!("{name} {}", order.as_ref().map_or(String::new(), words))
        }
        // These are in no room.
        Kind::Claimed
        | Kind::Unclaimed
        | Kind::Device
        | Kind::DeviceEnded
        | Kind::Waits
        | Kind::Read => {
            format!("{name} is in no room for that")
        }
    }
}
