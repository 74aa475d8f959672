//! A room full of members: their joining, their talk, and their leaving.

use crate::bench::Error;
use crate::bench::deliveries::Deliveries;
use crate::bench::faults::Faults;
use crate::bench::histogram::Histogram;
use crate::bench::limits;
use crate::bench::members::{Members, Stopwatch};
use crate::bench::message::Format;
use crate::bench::progress::Progress;
use crate::bench::server::Server;
use crate::bench::sockets::Sockets;
use clap::value_parser;
use std::time::{Duration, Instant};

/// How long one wait is, at most.
const WAIT: Duration = Duration::from_millis(20);

/// How people come into a room.
#[derive(Clone, Debug, clap::Args)]
pub struct Filling {
    /// How many joinings may be under way at once [1 to 4096]
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = value_parser!(u32).range(1..=4096))]
    pub at_once: u32,

    /// Give up when nothing that is awaited has come for so many seconds [0.1 to 3600]
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = limits::seconds)]
    pub patience: Duration,
}

impl Default for Filling {
    fn default() -> Self {
        Self {
            at_once: 64,
            patience: Duration::from_secs(10),
        }
    }
}

/// Tells when something has stopped moving.
#[derive(Debug)]
pub struct Watch {
    seen: u64,
    since: Instant,
    patience: Duration,
}

impl Watch {
    fn new(patience: Duration) -> Self {
        Self {
            seen: u64::MAX,
            since: Instant::now(),
            patience,
        }
    }

    /// Whether `seen` has been the same for too long.
    #[inline]
    pub fn is_stalled(&mut self, seen: u64) -> bool {
        if seen != self.seen {
            self.seen = seen;
            self.since = Instant::now();
        }
        self.since.elapsed() > self.patience
    }
}

/// The room.
#[derive(Debug)]
pub struct Room {
    sockets: Sockets,
    members: Members,
    patience: Duration,
    size: u32,
    all_left: bool,
    has_stalled: bool,
}

impl Room {
    /// Has so many members join `server`; the first `speakers` of them will say messages of
    /// `length` bytes. All of them are in when this returns: in the lobby, or in the room `name`, to which they go one after
    /// the other.
    ///
    /// # Errors
    /// When the server cannot be reached, or does not let all of them in.
    pub fn open(
        server: &Server,
        (size, speakers, length): (u32, u32, usize),
        name: Option<&str>,
        filling: &Filling,
        progress: &mut Progress,
    ) -> Result<Self, Error> {
        if u64::from(size) * u64::from(speakers) > limits::PAIRS {
            let most = limits::PAIRS;
            return Err(Error::Usage(format!(
                "{size} members and {speakers} senders are too many: their product may be {most}"
            )));
        }
        limits::allow_connections(size)?;
        let deliveries = Deliveries::new(size, speakers, Format::new(length));
        let mut room = Self {
            sockets: Sockets::new(0)?,
            members: Members::new(size, deliveries),
            patience: filling.patience,
            size,
            all_left: false,
            has_stalled: false,
        };
        room.members.goal = name.map(|name| format!("* You are in {name} now; "));
        // In the lobby nobody is to hear of the others.
        let at_once = name.map_or(filling.at_once, |_| 1);
        room.join(server, name, at_once, progress)?;
        Ok(room)
    }

    fn join(
        &mut self,
        server: &Server,
        name: Option<&str>,
        at_once: u32,
        progress: &mut Progress,
    ) -> Result<(), Error> {
        let due = self.members.notices.due();
        progress.begin("joining", due + u64::from(self.size));
        let mut watch = self.watch();
        let mut opened = 0;
        loop {
            let welcomed = self.members.welcomed();
            let told = self.members.notices.joinings();
            if welcomed == self.size && told >= due {
                return Ok(());
            }
            // Member 0 comes before all others.
            let at_once = if welcomed == 0 { 1 } else { at_once };
            while opened < self.size && opened - welcomed < at_once {
                let number = self
                    .sockets
                    .open(server.address(), None)
                    .map_err(|error| unreachable(server, opened, self.size, &error.to_string()))?;
                let out = self.sockets.out(number);
                self.members.names.join(opened, out);
                if let Some(name) = name {
                    out.extend_from_slice(format!("/join {name}\n").as_bytes());
                }
                self.sockets.flush(number);
                opened += 1;
            }
            self.wait(WAIT)?;
            if let Some(why) = self.members.unreachable() {
                return Err(unreachable(server, self.members.welcomed(), self.size, why));
            }
            let faults = self.members.faults();
            if !faults.is_empty() {
                let faults = faults.lines().join("; ");
                let (welcomed, size) = (self.members.welcomed(), self.size);
                return Err(Error::Failed(format!(
                    "{faults}; {welcomed} members of {size} had joined"
                )));
            }
            progress.at(told + u64::from(welcomed));
            if watch.is_stalled(told + u64::from(welcomed)) {
                if welcomed == self.size {
                    // Who was not told of whom will be found at the end.
                    return Ok(());
                }
                return Err(Error::Failed(format!(
                    "the server let {welcomed} members in of {}, then no more",
                    self.size
                )));
            }
        }
    }

    /// How many members there are.
    pub fn size(&self) -> u32 {
        self.size
    }

    /// What they hear.
    pub fn members(&self) -> &Members {
        &self.members
    }

    /// What they said and heard.
    pub fn deliveries(&self) -> &Deliveries {
        &self.members.deliveries
    }

    /// Has a speaker say its next message; [`Room::send`] sends it.
    #[inline]
    pub fn say(&mut self, speaker: u32, due: u64) {
        let out = self.sockets.out(speaker as usize);
        self.members.deliveries.say(speaker, due, out);
    }

    /// Sends what a speaker has said.
    pub fn send(&mut self, speaker: u32) {
        self.sockets.flush(speaker as usize);
    }

    /// How many bytes of a speaker's the server has not taken yet.
    pub fn waiting(&self, speaker: u32) -> usize {
        self.sockets.waiting(speaker as usize)
    }

    /// Has how long deliveries take measured from here on.
    pub fn measure(&mut self, stopwatch: Stopwatch) {
        self.members.stopwatch = Some(stopwatch);
    }

    /// How long deliveries took since then, in nanoseconds; none is measured from here on.
    pub fn measured(&mut self) -> Histogram {
        let stopwatch = self.members.stopwatch.take();
        stopwatch.map(Stopwatch::into_taken).unwrap_or_default()
    }

    /// Waits for something to come, and hears all that has.
    ///
    /// # Errors
    /// When the user interrupts, or this machine fails.
    pub fn wait(&mut self, at_most: Duration) -> Result<(), Error> {
        self.sockets.wait(at_most.min(WAIT), &mut self.members)
    }

    /// Something that tells when nothing moves any more.
    pub fn watch(&self) -> Watch {
        Watch::new(self.patience)
    }

    /// Whether a connection has been lost: going on makes no sense then.
    pub fn is_broken(&self) -> bool {
        !self.members.faults().is_empty()
    }

    /// Notes that nothing moves any more though deliveries are due.
    pub fn stall(&mut self) {
        self.has_stalled = true;
        let due = self.members.deliveries.in_flight();
        let patience = self.patience;
        self.members
            .stalled(|| format!("nothing came for {patience:?}, and {due} deliveries were due"));
    }

    /// Hears all that is under way, or notes that it does not come.
    ///
    /// # Errors
    /// When the user interrupts, or this machine fails.
    pub fn settle(&mut self) -> Result<(), Error> {
        let mut watch = self.watch();
        while self.deliveries().in_flight() > 0 && !self.is_broken() {
            self.wait(WAIT)?;
            if watch.is_stalled(self.deliveries().heard()) {
                self.stall();
            }
        }
        Ok(())
    }

    /// Has everyone leave, member 0 last, and hears all that there is to hear until then.
    ///
    /// # Errors
    /// When the user interrupts, or this machine fails.
    pub fn leave(&mut self, progress: &mut Progress) -> Result<(), Error> {
        progress.begin("leaving", self.members.notices.due() + u64::from(self.size));
        for member in (1..self.size).rev() {
            self.ask_to_leave(member);
        }
        let others = self.size - 1;
        let told = self.members.notices.leavings();
        let due = told + self.members.notices.due();
        let members = |room: &Self| room.members.gone() >= others;
        let all = |room: &Self| members(room) && room.members.notices.leavings() >= due;
        if self.wait_until(all, progress)? {
            self.ask_to_leave(0);
            let last = |room: &Self| room.members.gone() > others;
            if self.wait_until(last, progress)? {
                self.all_left = true;
                return Ok(());
            }
        } else if members(self) {
            // Everyone has left; who was not told of it will be found.
            self.all_left = true;
            return Ok(());
        }
        if !self.is_broken() {
            let (gone, size) = (self.members.gone(), self.size);
            self.members
                .stalled(|| format!("{gone} members of {size} had left, then no more"));
        }
        Ok(())
    }

    fn ask_to_leave(&mut self, member: u32) {
        let member = member as usize;
        self.members.leave(member);
        self.sockets.out(member).extend_from_slice(b"LEAVE\n");
        self.sockets.flush(member);
    }

    /// Whether it came to be, in time.
    fn wait_until(
        &mut self,
        done: impl Fn(&Self) -> bool,
        progress: &mut Progress,
    ) -> Result<bool, Error> {
        let mut watch = self.watch();
        while !done(self) {
            self.wait(WAIT)?;
            let moved = self.members.notices.leavings() + u64::from(self.members.gone());
            progress.at(moved);
            if self.is_broken() || watch.is_stalled(moved) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Closes all connections.
    pub fn close(&mut self) {
        self.sockets.close_all();
    }

    /// What was not exact, in words.
    pub fn faults(&mut self) -> Vec<String> {
        let mut faults = Faults::default();
        faults.append(&self.members.deliveries.faults());
        if self.has_stalled {
            faults.append(&self.members.deliveries.under_way());
        }
        faults.append(&self.members.notices.faults_in_joinings());
        if self.all_left {
            faults.append(&self.members.notices.faults_in_leavings());
        }
        faults.append(self.members.faults());
        faults.lines()
    }
}

fn unreachable(server: &Server, so_far: u32, of: u32, why: &str) -> Error {
    let address = server.address();
    let so_far = match so_far {
        0 => String::new(),
        _ => format!(", after {so_far} members of {of}"),
    };
    Error::Unreachable(format!("cannot connect to {address}{so_far}: {why}"))
}
