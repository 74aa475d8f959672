//! The members of a room: in which phase each one is, and what it hears.

use crate::bench::deliveries::Deliveries;
use crate::bench::faults::{Faults, Kind};
use crate::bench::heard::{Abuser, Deed, Heard, Names};
use crate::bench::histogram::Histogram;
use crate::bench::message::Message;
use crate::bench::notices::Notices;
use crate::bench::sockets::Sink;
use std::io;
use std::time::Instant;

/// Where a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Its connection is being made, or its welcome is awaited.
    Coming,
    /// In the room.
    In,
    /// It has asked to leave.
    Leaving,
    /// Its connection is closed.
    Gone,
}

/// How long deliveries took, from the moment when the message was to be sent.
#[derive(Clone, Debug)]
pub struct Stopwatch {
    origin: Instant,
    /// When what is read at the moment arrived, in nanoseconds since the origin.
    arrival: u64,
    /// Messages that were due earlier do not count.
    from: u64,
    taken: Histogram,
}

impl Stopwatch {
    /// Counts messages that are due `from` nanoseconds after `origin` or later.
    pub fn new(origin: Instant, from: u64) -> Self {
        Self {
            origin,
            arrival: 0,
            from,
            taken: Histogram::default(),
        }
    }

    /// Nanoseconds since the origin.
    #[inline]
    pub fn now(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// What was measured, in nanoseconds.
    pub fn into_taken(self) -> Histogram {
        self.taken
    }

    #[inline]
    fn delivery(&mut self, message: Message) {
        if message.due >= self.from {
            self.taken.add(self.arrival.saturating_sub(message.due));
        }
    }
}

/// How often member 0 was told of what abusers did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally([[u64; 3]; 3]);

impl Tally {
    /// How often abusers of this kind did this.
    pub fn count(&self, abuser: Abuser, deed: Deed) -> u64 {
        self.0[abuser as usize][deed as usize]
    }

    fn add(&mut self, abuser: Abuser, deed: Deed) {
        self.0[abuser as usize][deed as usize] += 1;
    }
}

/// All members of a room.
#[derive(Debug)]
pub struct Members {
    /// Their names.
    pub names: Names,
    /// What they said and heard.
    pub deliveries: Deliveries,
    /// What they were told of joinings and leavings.
    pub notices: Notices,
    /// They are in once they are told so of another room than the lobby: what that line begins with.
    pub goal: Option<String>,
    /// Measures how long deliveries take, where that is wanted.
    pub stopwatch: Option<Stopwatch>,
    abusers: Tally,
    phases: Vec<Phase>,
    welcomed: u32,
    gone: u32,
    lines_of_others: u64,
    goodbye: Option<String>,
    unreachable: Option<String>,
    faults: Faults,
}

impl Members {
    /// Nobody yet.
    pub fn new(members: u32, deliveries: Deliveries) -> Self {
        Self {
            names: Names::default(),
            deliveries,
            notices: Notices::new(members),
            goal: None,
            stopwatch: None,
            abusers: Tally::default(),
            phases: vec![Phase::Coming; members as usize],
            welcomed: 0,
            gone: 0,
            lines_of_others: 0,
            goodbye: None,
            unreachable: None,
            faults: Faults::default(),
        }
    }

    /// How many members have been welcomed.
    pub fn welcomed(&self) -> u32 {
        self.welcomed
    }

    /// How many members have left and are gone.
    pub fn gone(&self) -> u32 {
        self.gone
    }

    /// From here on, the member is leaving.
    pub fn leave(&mut self, member: usize) {
        self.phases[member] = Phase::Leaving;
    }

    /// What member 0 was told of abusers.
    pub fn abusers(&self) -> &Tally {
        &self.abusers
    }

    /// How many lines there were that have nothing to do with this run.
    pub fn lines_of_others(&self) -> u64 {
        self.lines_of_others
    }

    /// Why a connection could not be made, if one could not.
    pub fn unreachable(&self) -> Option<&str> {
        self.unreachable.as_deref()
    }

    /// Faults but those of deliveries and notices; there are some if a connection was closed.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Notes that nothing has come for too long; `what` was awaited.
    pub fn stalled(&mut self, what: impl FnOnce() -> String) {
        self.faults.add(Kind::Stalled, 1, what);
    }

    fn is_in(&mut self, member: usize) {
        if self.phases[member] == Phase::Coming {
            self.phases[member] = Phase::In;
            self.welcomed += 1;
        }
    }

    #[cold]
    fn notice(&mut self, member: usize, text: &[u8]) {
        let goal = self.goal.as_ref();
        if goal.is_some_and(|goal| text.starts_with(goal.as_bytes())) {
            self.is_in(member);
        }
        if text.starts_with(b"* Goodbye: ") && self.goodbye.is_none() {
            self.goodbye = Some(String::from_utf8_lossy(text).into_owned());
        }
    }

    #[cold]
    fn not_a_member(&mut self, member: usize, who: u32) {
        self.faults.add(Kind::Altered, 1, || {
            format!("member {member} was told of member {who}, and there is none")
        });
    }
}

impl Sink for Members {
    #[inline]
    fn arrived(&mut self) {
        if let Some(stopwatch) = &mut self.stopwatch {
            stopwatch.arrival = stopwatch.now();
        }
    }

    #[inline]
    fn line(&mut self, connection: usize, line: &[u8]) {
        #[expect(clippy::cast_possible_truncation, reason = "there are fewer members")]
        let member = connection as u32;
        let exists = |who: u32| (who as usize) < self.phases.len();
        match self.names.hear(line) {
            Heard::Said(speaker, text) => {
                if let Some(message) = self.deliveries.hear(member, speaker, text)
                    && let Some(stopwatch) = &mut self.stopwatch
                {
                    stopwatch.delivery(message);
                }
            }
            Heard::Joined(who) if exists(who) => self.notices.joined(member, who),
            Heard::Left(who) if exists(who) => self.notices.left(member, who),
            Heard::Joined(who) | Heard::Left(who) => self.not_a_member(connection, who),
            Heard::Abuser(abuser, deed) => {
                if member == 0 {
                    self.abusers.add(abuser, deed);
                }
            }
            Heard::Welcome if self.goal.is_none() => self.is_in(connection),
            Heard::Welcome => {}
            Heard::Notice(text) => self.notice(connection, text),
            Heard::Other => self.lines_of_others += 1,
        }
    }

    fn ended(&mut self, connection: usize, made: bool, how: io::Result<()>) {
        let phase = std::mem::replace(&mut self.phases[connection], Phase::Gone);
        let said = self.goodbye.as_ref();
        match how {
            Err(error) if !made => {
                self.unreachable.get_or_insert_with(|| error.to_string());
            }
            Ok(()) if phase == Phase::Leaving && said.is_none() => self.gone += 1,
            how => self.faults.add(Kind::Closed, 1, || {
                let how = how.map_or_else(|error| format!(" ({error})"), |()| String::new());
                let said = said.map_or_else(String::new, |said| format!(", saying “{said}”"));
                format!("that of member {connection}{how}{said}")
            }),
        }
    }
}
