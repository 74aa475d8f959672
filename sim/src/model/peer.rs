//! A peer: its socket, what it sent, and what it is right for it to hear.

use super::buckets::Vessels;
use super::cut_short::Short;
use super::deed::{Done, may_be_name};
use super::expect::{Expected, Notice, first_line};
use super::program::Program;
use super::program::Seen;
use super::skipped::Skipped;
use super::story::Story;
use super::stranger;
use crate::invariant::Invariant;
use crate::naming::{is_piled_up, turns_what_follows};
use chat_core::{
    CloseReason, ConnId, FirstLine, MAX_JSON_LINE, MAX_LINE, MAX_SERVER_LINE, Name,
    server_phase::Phase,
};
use std::collections::VecDeque;
use std::net::IpAddr;

/// What a peer has of the server's places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Held,
    Refused,
    GaveWay,
}

/// What became of bytes that were given to a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It took so many of them; if not all, it is full.
    Bytes(usize),
    /// It has failed.
    Failed,
}

/// What is written to a peer in one go.
pub(super) struct Writer<'a> {
    peer: &'a mut Peer,
    now: u64,
    calls: usize,
    took: usize,
}

impl Writer<'_> {
    /// Gives bytes to its socket; how many of them it took.
    pub(super) fn write(&mut self, slices: &[&[u8]], socket: impl FnOnce(&[u8]) -> Taken) -> usize {
        let peer = &mut *self.peer;
        Invariant::ClosedForGood.holds(!peer.blocked, || "written to though it is full".into());
        let holds_any = !slices.is_empty() && slices.iter().all(|s| !s.is_empty());
        Invariant::NothingMissing.holds(holds_any, || "given nothing to write".into());
        let bytes = slices.concat();
        let taken = match socket(&bytes) {
            Taken::Bytes(taken) => taken.min(bytes.len()),
            Taken::Failed => {
                peer.failed = true;
                0
            }
        };
        peer.got.extend(&bytes[..taken]);
        peer.blocked = taken < bytes.len();
        peer.was_full |= peer.blocked;
        self.calls += 1;
        self.took += taken;
        taken
    }

    /// That was all.
    pub(super) fn done(self) {
        let peer = self.peer;
        let called = self.calls > 0 || peer.phase == Phase::Draining;
        Invariant::NothingMissing.holds(called, || "named, and there is nothing to write".into());
        if !peer.blocked {
            peer.stuck = None;
        } else if self.took > 0 || peer.stuck.is_none() {
            peer.stuck = Some(self.now);
        }
    }
}

/// One connection, from the other side.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) id: ConnId,
    /// Its host, if that has limits.
    pub(super) host: Option<IpAddr>,
    pub(super) place: Place,
    pub(super) port: u16,
    pub(super) accepted: u64,
    /// When it came, whatever the server has missed since.
    pub(super) came: u64,
    pub(super) phase: Phase,

    /// Its socket has failed.
    pub(super) failed: bool,
    /// It took less than it was given, and was not called writable since.
    pub(super) blocked: bool,
    /// Its socket was full at some time.
    was_full: bool,
    /// Since when it has taken nothing of what waits.
    pub(super) stuck: Option<u64>,
    pub(super) finished: Option<u64>,
    pub(super) closed: Option<CloseReason>,

    /// It has closed its side.
    pub(super) eof: bool,
    /// What it sends, without what is skipped of that.
    skipped: Skipped,
    /// When it began its first line, while that has not ended.
    pub(super) begun: Option<u64>,
    /// How many lines it has ended.
    ended: usize,
    /// One of them says something, and is not only to join.
    pub(super) speaks: bool,
    /// Its first line that is not blank.
    first: Option<Vec<u8>>,
    /// The line that it has begun.
    partial: Vec<u8>,
    /// Its first line has come.
    has_begun: bool,
    /// It speaks another protocol, and nothing more that it sends counts.
    is_foreign: bool,
    /// So many of its next lines may still be of another protocol.
    suspect: usize,
    /// Its lines, until it is known how it joined.
    lines: Vec<Vec<u8>>,
    pub(super) expected: Expected,
    pub(super) short: Option<Short>,

    pub(super) name: Option<Name>,
    /// What it was told is refused, until that is checked.
    pub(super) refused: Vec<Done>,
    /// All names that it has had.
    pub(super) names: Vec<String>,
    /// What others said to it alone: the name, and the text.
    pub(super) private_in: Vec<(String, String)>,
    /// How much of that has been looked at, and how much of what it says to others alone was counted.
    pub(super) private_seen: usize,
    pub(super) private_counted: usize,
    /// So many bytes of what others may have said to it alone may wait for it.
    pub(super) private_due: usize,
    /// The entries of the story that are its own stay.
    pub(super) joined: Option<usize>,
    pub(super) left: Option<usize>,
    /// How much of what it says is in the story.
    pub(super) said: usize,
    /// Its own entries that it has not come past.
    own: VecDeque<usize>,

    pub(super) got: Vec<u8>,
    checked: usize,
    /// The next entry it is to hear.
    next: usize,
    /// How many entries of its own it has stepped over.
    stepped: usize,
    /// How many notices it has heard, and has to hear if it is not cut off.
    heard: usize,
    pub(super) sure: usize,
    goodbye: bool,
    /// It has been so far behind, by its own lines as well, that the server may have taken a copy
    /// of what waits for it; stretches of its own lines are none in that.
    pub(super) copied: bool,
    /// How long the line was that it got while it was cut off, and how long the last one.
    cut_line: usize,
    last_line: usize,
    /// What it has been heard to say, for the rate.
    pub(super) heard_at: Vessels,
    /// How often it was told that it is read slowly, and may have been.
    pub(super) told: usize,
    pub(super) most_told: usize,
}

impl Peer {
    pub(super) fn new(id: ConnId, host: Option<IpAddr>, port: u16, accepted: u64) -> Self {
        Self {
            id,
            host,
            place: Place::Held,
            port,
            accepted,
            came: accepted,
            phase: Phase::Greeting,
            failed: false,
            blocked: false,
            was_full: false,
            stuck: None,
            finished: None,
            closed: None,
            eof: false,
            skipped: Skipped::default(),
            begun: None,
            ended: 0,
            speaks: false,
            first: None,
            partial: Vec::new(),
            has_begun: false,
            is_foreign: false,
            suspect: 0,
            lines: Vec::new(),
            expected: Expected::default(),
            short: None,
            name: None,
            refused: Vec::new(),
            names: Vec::new(),
            private_in: Vec::new(),
            private_seen: 0,
            private_counted: 0,
            private_due: 0,
            joined: None,
            left: None,
            said: 0,
            own: VecDeque::new(),
            got: Vec::new(),
            checked: 0,
            next: 0,
            stepped: 0,
            heard: 0,
            sure: 0,
            goodbye: false,
            copied: false,
            cut_line: 0,
            last_line: 0,
            heard_at: Vessels::default(),
            told: 0,
            most_told: 0,
        }
    }

    /// Whether it speaks JSON, as far as is known.
    pub(super) fn speaks_json(&self) -> bool {
        let first = self.lines.first().filter(|_| !self.expected.has_started());
        self.expected.program.is_some()
            || first.is_some_and(|line| matches!(first_line(line), FirstLine::Json(_)))
    }

    /// Bytes of pages that it has heard, if it is a program whose socket was never full.
    pub(super) fn pages(&self) -> Option<usize> {
        let program = self.expected.program.as_ref()?;
        (!self.was_full).then_some(program.pages)
    }

    /// Whether what it is sent is not held against the text dialect.
    pub(super) fn is_apart(&self) -> bool {
        self.expected.history || self.speaks_json()
    }

    /// The name that it wants as a program.
    pub(super) fn wants_as_program(&self) -> Name {
        let program = self.expected.program.as_ref();
        let wanted = program.and_then(super::program::Program::wants);
        wanted.unwrap_or_else(|| Name::of_port(self.port))
    }

    pub(super) fn is_open(&self) -> bool {
        self.closed.is_none()
    }

    /// A round of writing to it, at a time.
    pub(super) fn writer(&mut self, now: u64) -> Writer<'_> {
        let is_sound = self.is_open() && self.finished.is_none() && !self.blocked;
        Invariant::ClosedForGood.holds(is_sound, || format!("{:?} is written to", self.id));
        Writer {
            peer: self,
            now,
            calls: 0,
            took: 0,
        }
    }

    /// It sends bytes while somebody listens; how many lines they end.
    pub(super) fn sends(&mut self, bytes: &[u8], now: u64) -> usize {
        let before = self.lines.len();
        for byte in bytes {
            if self.is_foreign {
                break;
            }
            for byte in self.skipped.take(*byte) {
                if byte == b'\n' {
                    self.ends_line();
                } else {
                    self.partial.push(byte);
                }
            }
        }
        if !self.has_begun && stranger::opening(&self.partial).is_some() {
            self.is_foreign = true;
            self.ends_line();
        }
        self.begun = match self.ended {
            0 if self.is_mid_line() => self.begun.or(Some(now)),
            _ => None,
        };
        self.lines.len() - before
    }

    /// Whether a line has begun, if only with what may become a mark.
    fn is_mid_line(&self) -> bool {
        !self.partial.is_empty() || self.skipped.is_within_mark()
    }

    fn ends_line(&mut self) {
        let mut line = std::mem::take(&mut self.partial);
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        if !self.has_begun {
            let first = first_line(&line);
            self.has_begun = first != FirstLine::Blank;
            match first {
                FirstLine::Blank => return,
                FirstLine::Foreign(_) => self.is_foreign = true,
                FirstLine::Json(_) => self.skipped.read_json(),
                FirstLine::Other => self.suspect = stranger::LATER,
                FirstLine::Join(_) => {}
            }
        } else if self.suspect > 0 && !stranger::is_passed_over(&line) {
            self.suspect -= 1;
            self.is_foreign = stranger::later(&line).is_some();
        }
        self.first.get_or_insert_with(|| line.clone());
        let most = if self.skipped.is_json() {
            MAX_JSON_LINE
        } else {
            MAX_LINE
        };
        self.speaks |= says_something(&line, self.ended == 0, most);
        self.ended += 1;
        self.lines.push(line);
    }

    /// Its first object, unless it was let in with it.
    pub(super) fn hello(&self) -> Option<Program> {
        let is_out = |program: &Program| !program.is_in;
        let program = self.expected.program.as_ref();
        let first = self.first.as_ref();
        match first_line(first.filter(|_| program.is_none_or(is_out))?) {
            FirstLine::Json(line) => Some(Program::greets(line)),
            _ => None,
        }
    }

    /// Whether its first line, which was not looked at yet, brings it into the room.
    pub(super) fn asks_in(&self) -> bool {
        let first = self.lines.first().filter(|_| !self.expected.has_started());
        first.is_some_and(|line| matches!(first_line(line), FirstLine::Join(_) | FirstLine::Other))
    }

    /// Whether a whole line of it came before it is known how it joined.
    pub(super) fn has_spoken(&self) -> bool {
        !self.lines.is_empty()
    }

    /// Works out what its lines call for, once that can be known. `in_time` says whether a line
    /// that came made it join, and not its silence.
    pub(super) fn interpret(&mut self, in_time: bool, since: usize) {
        if self.phase == Phase::Greeting && self.is_open() {
            return;
        }
        let mut joins = false;
        if !self.expected.settled {
            self.expected.settled = true;
            joins = in_time;
            if let (false, Some(name)) = (joins, &self.name) {
                self.expected.joins(name, None);
            }
        }
        if self.name.is_some() || self.short.is_none() {
            for line in std::mem::take(&mut self.lines) {
                self.expected.line(&line, self.name.as_ref(), joins, since);
                joins = false;
            }
        }
        if let Some(program) = &mut self.expected.program {
            program.is_in |= self.phase == Phase::Reading;
        }
        if self.eof && self.short.is_none() {
            self.expected.eof(self.is_mid_line(), &self.partial);
        }
    }

    /// The name that it wants, given the line that made it join.
    pub(super) fn wants(&self, in_time: bool) -> Name {
        let asked = self
            .lines
            .first()
            .filter(|_| in_time && !self.expected.settled);
        match asked.map(|line| first_line(line)) {
            Some(FirstLine::Join(Some(asked))) if may_be_name(asked) => Name::parse(asked).ok(),
            _ => None,
        }
        .unwrap_or_else(|| Name::of_port(self.port))
    }

    /// Something that it did is in the story, and it is sent that or not.
    pub(super) fn has_done(&mut self, entry: usize, is_not_echoed: bool) {
        self.said += 1;
        if is_not_echoed {
            self.own.push_back(entry);
        }
    }

    /// Something that it said, and another connection was taken to have said, is in the story.
    pub(super) fn has_said(&mut self, entry: usize) {
        self.has_done(entry, true);
    }

    /// It has a name from now on.
    pub(super) fn has_name(&mut self, name: Name) {
        self.names.push(name.as_str().into());
        self.name = Some(name);
    }

    /// Something that was taken for its own is not.
    pub(super) fn has_not_said(&mut self, entry: usize) {
        self.said -= 1;
        self.own.retain(|own| *own != entry);
    }

    pub(super) fn enters(&mut self, entry: usize) {
        self.left = None;
        self.joined = Some(entry);
        self.next = entry + 1;
    }

    /// What is left of the story for it to hear ends here.
    pub(super) fn end(&self, story: &Story) -> usize {
        match self.joined {
            Some(_) => self.left.unwrap_or(story.entries.len()),
            None => self.next,
        }
    }

    /// Checks the lines it has got since the last time. `me` is its number, `behind` the limit
    /// past which it may be cut off, and `held` so many bytes as the log holds at least.
    pub(super) fn hear(&mut self, me: usize, story: &Story, behind: u64, held: u64) {
        if self.expected.history {
            return;
        }
        let got = std::mem::take(&mut self.got);
        while let Some(length) = got[self.checked..].iter().position(|b| *b == b'\n') {
            let line = &got[self.checked..self.checked + length];
            let Ok(line) = str::from_utf8(line) else {
                Invariant::WholeLines
                    .is_broken(&format!("{:?} was sent what is not UTF-8", self.id))
            };
            if self.is_told_slow(line) {
                self.note_cut(line);
                self.checked += length + 1;
                self.last_line = length + 1;
                continue;
            }
            if let Some(program) = &mut self.expected.program {
                // What it was sent before it spoke JSON is not looked at any more.
                if line.starts_with('{') {
                    let seen = Seen {
                        story,
                        held,
                        short: self.short,
                        was_full: self.was_full,
                    };
                    let private = program.hears(me, line, &seen);
                    self.private_in.extend(private);
                }
                self.checked += length + 1;
                continue;
            }
            Invariant::WholeLines.holds(line.len() <= MAX_SERVER_LINE, || {
                format!("{line:?} is too long")
            });
            Invariant::GoodbyeLast.holds(!self.goodbye, || format!("{line:?} after goodbye"));
            self.line(me, line, story, behind);
            self.checked += length + 1;
            self.last_line = length + 1;
        }
        self.got = got;
    }

    fn line(&mut self, me: usize, line: &str, story: &Story, behind: u64) {
        let acts = |c: char| c.is_control() && c != '\t' || matches!(c, '\u{2028}' | '\u{2029}');
        let is_answer = stranger::is_foreign(self.expected.end) && self.joined.is_none();
        if is_answer && !line.starts_with("* Goodbye: ") {
            return self.notice(me, line, story);
        }
        let acts = line.contains(acts) || turns_what_follows(line) || is_piled_up(line);
        Invariant::WholeLines.holds(!acts, || format!("{line:?} acts on a screen"));
        let due = self.expected.notices.get(self.heard);
        let is_due_later = due.is_none_or(|due| due.0 > self.said);
        if is_due_later && self.refuses_next(line) {
            let refused = self.is_refused(self.said);
            self.refused.extend(refused);
        }
        let next = self.expected.notices.get(self.heard);
        let called_for = || next.is_some_and(|(_, notice)| notice.is(line));
        if line.starts_with("* Goodbye: ") && !called_for() {
            self.goodbye(me, line, story, behind);
        } else if let Some(private) = private_words(line) {
            self.private_in.push(private);
        } else if self.is_news_of_private(line) {
            // Whoever was written to is away.
        } else if line.starts_with("* ")
            || line.starts_with("[PM to ")
            || line == "Welcome to the chatroom!"
        {
            self.notice(me, line, story);
            self.goodbye = line.starts_with("* Goodbye: ");
        } else {
            self.step_over(me, usize::MAX, story);
            let due = story
                .entries
                .get(self.next)
                .filter(|_| self.next < self.end(story));
            let is_it = due.is_some_and(|entry| entry.line == line);
            Invariant::NoEcho.holds(is_it || !story.is_said_by(me, line), || {
                format!("{:?} was sent {line:?}", self.id)
            });
            Invariant::OneOrder.holds(is_it, || {
                let due = due.map_or("nothing", |entry| &entry.line);
                format!("{:?} was sent {line:?} where {due:?} was due", self.id)
            });
            self.stepped += usize::from(due.is_some_and(|entry| entry.is_done_by(me)));
            self.next += 1;
        }
        self.note_cut(line);
    }

    /// Takes note of how much of a line waited when it was cut off, if that was within this one.
    fn note_cut(&mut self, line: &str) {
        if let Some(Short::CutOff(Some(at))) = self.short
            && !self.goodbye
        {
            let begun = self.checked < at;
            Invariant::GoodbyeLast.holds(begun, || format!("{line:?} was begun after the cut"));
            if self.checked + line.len() >= at {
                // What it had got of this line did not wait.
                self.cut_line = line.len() + 1 - (at - self.checked);
            }
        }
    }

    /// Whether a line says that whoever it just wrote to is away.
    fn is_news_of_private(&self, line: &str) -> bool {
        let before = self.heard.checked_sub(1);
        let last = before.and_then(|last| self.expected.notices.get(last));
        let next = self.expected.notices.get(self.heard);
        let is_due = next.is_some_and(|(_, notice)| notice.is(line));
        matches!(last, Some((_, Notice::Private { .. })))
            && !is_due
            && line
                .strip_prefix("* ")
                .is_some_and(|it| it.contains(" is away"))
    }

    fn notice(&mut self, me: usize, line: &str, story: &Story) {
        let Some(&(said, _)) = self.expected.notices.get(self.heard) else {
            let why = format!("{:?} was sent {line:?}, which nothing called for", self.id);
            Invariant::InItsPlace.is_broken(&why)
        };
        self.step_over(me, said, story);
        Invariant::InItsPlace.holds(self.stepped == said, || {
            format!(
                "{:?} was sent {line:?} after {} of its lines, not {said}",
                self.id, self.stepped
            )
        });
        let (_, notice) = &self.expected.notices[self.heard];
        let is_it = notice.is(line)
            && match notice {
                Notice::Who => story.is_answer_to_who(line, self.next),
                Notice::Topic => line == topic_line(story.topic(self.next)),
                _ => true,
            };
        Invariant::InItsPlace.holds(is_it, || {
            format!("{:?} was sent {line:?} where {notice:?} was due", self.id)
        });
        self.heard += 1;
    }

    /// The server has a reason of its own.
    fn goodbye(&mut self, me: usize, line: &str, story: &Story, behind: u64) {
        let own = self.short.and_then(Short::goodbye);
        if own.is_some_and(|own| line.starts_with(own)) {
            self.step_over(me, usize::MAX, story);
            let has_all = self.next == self.end(story) && self.heard >= self.sure;
            Invariant::NothingMissing.holds(has_all, || {
                format!("{:?} lacks lines before goodbye", self.id)
            });
        } else {
            let known = line.starts_with("* Goodbye: you are too far behind; ");
            Invariant::GoodbyeLast.holds(known, || format!("{:?} was sent {line:?}", self.id));
            // The goodbye that it was told before that, whole.
            let told = own.map_or(0, |own| own.len() + 60);
            if (self.short.is_none() || own.is_some()) && self.phase >= Phase::Draining {
                self.short = Some(Short::CutOff(None));
            }
            let Some(Short::CutOff(at)) = self.short else {
                Invariant::GoodbyeLast.is_broken(&format!("{line:?} to one who was not cut off"))
            };
            // Of one who was leaving it is not known when; the line before may have been under way.
            let line = at.map_or(self.last_line, |_| self.cut_line);
            let private = self.private_most();
            let waited = self.backlog(story) + private + told + line;
            Invariant::Limits.holds(waited as u64 > behind, || {
                format!("{:?} was cut off with {waited} bytes waiting", self.id)
            });
        }
        self.goodbye = true;
    }

    /// Steps over its own entries that come next, up to `said` of them in all.
    fn step_over(&mut self, me: usize, said: usize, story: &Story) {
        while self.stepped < said
            && self.next < self.end(story)
            && story.entries[self.next].is_by(me)
        {
            self.next += 1;
            self.stepped += 1;
        }
    }

    /// Its own entries that lie ahead of it.
    fn ahead(&mut self) -> &VecDeque<usize> {
        while self.own.front().is_some_and(|entry| *entry < self.next) {
            self.own.pop_front();
        }
        &self.own
    }

    /// Bytes of the entries of others whose end it has not got.
    pub(super) fn backlog(&mut self, story: &Story) -> usize {
        let all = story.bytes_between(self.next, self.end(story));
        let own = self.ahead().iter();
        all - own.map(|e| story.bytes_between(*e, e + 1)).sum::<usize>()
    }

    /// Bytes of all entries whose end it has not got, its own included.
    pub(super) fn distance(&self, story: &Story) -> usize {
        story.bytes_between(self.next, story.entries.len())
    }

    /// Stretches of its own lines that lie ahead of it, after lines of others.
    pub(super) fn splices(&mut self) -> usize {
        let mut before = self.next.wrapping_sub(1);
        let mut stretches = 0;
        for entry in self.ahead() {
            stretches += usize::from(*entry != before.wrapping_add(1));
            before = *entry;
        }
        stretches
    }

    /// Bytes of private lines whose end it has not got, `length` of each, up to the `count`th.
    pub(super) fn private(&self, count: usize, length: fn(&Notice) -> usize) -> usize {
        let waiting = self.expected.notices.iter().take(count).skip(self.heard);
        waiting.map(|(_, notice)| length(notice)).sum()
    }

    /// Bytes of all private lines whose end it has not got, at most.
    pub(super) fn private_most(&self) -> usize {
        self.private(usize::MAX, Notice::most) + self.told_most() + self.private_due
    }

    /// Bytes it has got of a line whose end it has not.
    pub(super) fn under_way(&self) -> usize {
        self.got.len() - self.checked
    }

    /// Checks that nothing is left to be sent to it. `all` says that all it sent was acted on, and `in_turns`
    /// that the server has turns to give at once.
    pub(super) fn is_up_to_date(&mut self, me: usize, story: &Story, all: bool, in_turns: bool) {
        let (id, under_way) = (self.id, self.under_way());
        if self.expected.history {
            return; // What it is sent is not looked at.
        }
        let missing = Invariant::NothingMissing;
        missing.holds(under_way == 0, || format!("{id:?} lacks a part of a line"));
        if let Some(program) = &mut self.expected.program {
            let is_in_room = self.joined.is_some() && self.left.is_none();
            if is_in_room || self.phase == Phase::Reading {
                program.is_up_to_date(me, story, in_turns);
            }
            match self.short {
                None if all => program.is_answered(me),
                Some(Short::Stopped | Short::GaveWay) => program.is_told_to_go(me),
                _ => {}
            }
            return;
        }
        let is_cut = matches!(self.short, Some(Short::CutOff(_)));
        if is_cut || self.short.and_then(Short::goodbye).is_some() {
            missing.holds(self.goodbye, || format!("{id:?} lacks a goodbye"));
            return;
        }
        self.step_over(me, usize::MAX, story);
        missing.holds(self.next == self.end(story), || {
            format!("{id:?} lacks {:?}", story.entries[self.next].line)
        });
        if all {
            let notice = self.expected.notices.get(self.heard);
            Invariant::InItsPlace.holds(notice.is_none(), || format!("{id:?} lacks {notice:?}"));
            let unsaid = self.expected.deeds.get(self.said);
            Invariant::Heard.holds(unsaid.is_none(), || {
                format!("{id:?} said {unsaid:?}, which was not heard")
            });
        }
    }
}

/// What somebody says to one person alone, and who, if a line is that.
fn private_words(line: &str) -> Option<(String, String)> {
    let (from, text) = line.strip_prefix("[PM from ")?.split_once("] ")?;
    Some((from.into(), text.into()))
}

/// The answer to `/topic`.
fn topic_line(topic: Option<(&str, &str)>) -> String {
    match topic {
        Some((text, by)) => format!("* The topic, set by {by}: {text}"),
        None => "* There is no topic. /topic TEXT sets one.".into(),
    }
}

/// Whether a whole line says anything, but for the first one where that only joins.
fn says_something(line: &[u8], is_first: bool, most: usize) -> bool {
    let joins = || matches!(first_line(line), FirstLine::Join(_) | FirstLine::Json(_));
    let is_blank = || str::from_utf8(line).is_ok_and(|line| line.trim().is_empty());
    !(is_first && joins()) && (line.len() > most || !is_blank())
}
