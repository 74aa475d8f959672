//! Fan-out: how many deliveries a second, with so many messages under way at any time.

use crate::bench::Error;
use crate::bench::limits;
use crate::bench::progress::Progress;
use crate::bench::report::Report;
use crate::bench::room::{self, Room};
use crate::bench::server::Server;
use crate::bench::window::{Start, Window};
use clap::value_parser;
use std::time::{Duration, Instant};

/// A sender that the server has not taken so many bytes of is not made to say more.
const WAITING: usize = 64 * 1024;

/// The most messages that one sender says in one go.
const BURST: u64 = 64;

/// What to do.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Members of all rooms together, 2 or more in each [2 to 60000; members times senders at most 50,000,000]
    #[arg(short, long, value_name = "N", default_value_t = 100, value_parser = value_parser!(u32).range(2..=limits::MEMBERS))]
    pub members: u32,

    /// Rooms in which they are, each in one, besides the lobby, which is empty then [1 to 10000; default: the lobby alone]
    #[arg(short, long, value_name = "N", value_parser = value_parser!(u32).range(1..=10_000))]
    pub rooms: Option<u32>,

    /// How many of the members speak; at most all of them
    #[arg(short, long, value_name = "N", default_value_t = 10, value_parser = value_parser!(u32).range(1..=limits::MEMBERS))]
    pub senders: u32,

    /// Messages under way in each room at any time: few leave the server nothing to put together,
    /// many saturate it [1 to 100000; default: 256, or as many long ones as may wait for a member who is a
    /// little slow]
    #[arg(short, long, value_name = "N", value_parser = value_parser!(u32).range(1..=100_000))]
    pub cap: Option<u32>,

    /// Bytes of a message [32 to 4096]
    #[arg(short, long, value_name = "N", default_value_t = 64, value_parser = value_parser!(u16).range(32..=4096))]
    pub bytes: u16,

    /// How long it is measured [0.1 to 3600]
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = limits::seconds)]
    pub seconds: Duration,

    /// How long it runs before it is measured [0.1 to 3600]
    #[arg(long, value_name = "SECONDS", default_value = "0.5", value_parser = limits::seconds)]
    pub warm_up: Duration,

    /// How the room is filled.
    #[command(flatten)]
    pub room: room::Filling,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            members: 100,
            rooms: None,
            senders: 10,
            cap: None,
            bytes: 64,
            seconds: Duration::from_secs(5),
            warm_up: Duration::from_millis(500),
            room: room::Filling::default(),
        }
    }
}

impl Options {
    /// Messages under way in the room at any time.
    fn cap(&self) -> u32 {
        /// Half of what may wait for one member.
        const WAITING: u32 = 128 * 1024;
        /// What comes with a message.
        const REST: u32 = 64;
        let whole = WAITING / (u32::from(self.bytes) + REST);
        self.cap.unwrap_or_else(|| whole.clamp(1, 256))
    }
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Outcome {
    options: Options,
    messages: u64,
    lines_of_others: u64,
    /// What was measured; `None` if it did not come to that.
    pub window: Option<Window>,
    /// What was not exact.
    pub faults: Vec<String>,
}

/// Fills the rooms, has their senders talk, and empties them.
///
/// # Errors
/// When there is nothing to report.
pub fn run(server: &Server, options: &Options, progress: &mut Progress) -> Result<Outcome, Error> {
    let mut hall = Hall::open(server, options, progress)?;
    let mut watch = hall.rooms[0].room.watch();
    let mut start = None;
    let begin = Instant::now();
    progress.begin("fan-out", limit(options.seconds + options.warm_up));
    loop {
        let over = begin.elapsed();
        progress.at_time(over);
        let heard = hall.heard();
        if start.is_none() && over >= options.warm_up {
            start = Some(Start::now(server, heard));
        }
        let done = start.is_some_and(|start| start.at().elapsed() >= options.seconds);
        if !done && !hall.any(|room| room.deliveries().is_used_up()) {
            hall.go_on();
        } else if !hall.any(|room| room.deliveries().in_flight() > 0) {
            break;
        }
        hall.wait()?;
        if hall.any(Room::is_broken) {
            break;
        }
        if watch.is_stalled(hall.heard()) {
            hall.rooms.iter_mut().for_each(|it| it.room.stall());
            break;
        }
    }
    let heard = hall.heard();
    let window = start.map(|start| start.end(server, heard));
    let is_broken = hall.any(Room::is_broken);
    for Talk { room, .. } in hall.rooms.iter_mut().filter(|_| !is_broken) {
        room.leave(progress)?;
    }
    let rooms = hall.rooms.iter_mut().map(|it| &mut it.room);
    let faults = rooms.flat_map(Room::faults).collect();
    let rooms = || hall.rooms.iter().map(|it| &it.room);
    let outcome = Outcome {
        options: options.clone(),
        messages: rooms().map(|room| room.deliveries().said()).sum(),
        lines_of_others: rooms().map(|room| room.members().lines_of_others()).sum(),
        window,
        faults,
    };
    hall.rooms.iter_mut().for_each(|it| it.room.close());
    Ok(outcome)
}

/// All rooms, and the talk in each.
struct Hall {
    rooms: Vec<Talk>,
}

impl Hall {
    fn open(server: &Server, options: &Options, progress: &mut Progress) -> Result<Self, Error> {
        let count = options.rooms.unwrap_or(1);
        let share = |of: u32, nth: u32| of / count + u32::from(nth < of % count);
        if share(options.members, count - 1) < 2 {
            return Err(Error::Usage(format!(
                "{} members are too few for {count} rooms: there are to be 2 or more in each",
                options.members
            )));
        }
        limits::allow_connections(options.members)?;
        let mut rooms = Vec::new();
        for nth in 0..count {
            let members = share(options.members, nth);
            let senders = share(options.senders, nth).min(members);
            let name = options.rooms.map(|_| format!("bench-{nth}"));
            let sizes = (members, senders, options.bytes.into());
            rooms.push(Talk {
                room: Room::open(server, sizes, name.as_deref(), &options.room, progress)?,
                cap: options.cap().into(),
                listeners: u64::from(members) - 1,
                senders,
                next: 0,
            });
        }
        Ok(Self { rooms })
    }

    fn any(&self, is_so: impl Fn(&Room) -> bool) -> bool {
        self.rooms.iter().any(|it| is_so(&it.room))
    }

    fn heard(&self) -> u64 {
        let rooms = self.rooms.iter();
        rooms.map(|it| it.room.deliveries().heard()).sum()
    }

    fn go_on(&mut self) {
        self.rooms.iter_mut().for_each(Talk::go_on);
    }

    /// Hears what has come in each room; waits for something where there is one room.
    fn wait(&mut self) -> Result<(), Error> {
        let at_most = if self.rooms.len() > 1 {
            Duration::ZERO
        } else {
            Duration::from_millis(20)
        };
        let mut rooms = self.rooms.iter_mut();
        rooms.try_for_each(|it| it.room.wait(at_most))
    }
}

fn limit(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The talk in a room: who speaks next, and how much.
struct Talk {
    room: Room,
    cap: u64,
    listeners: u64,
    senders: u32,
    next: u32,
}

impl Talk {
    /// Has senders speak, one after the other, until there is as much under way as may be.
    fn go_on(&mut self) {
        let room = &mut self.room;
        let under_way = room.deliveries().in_flight().div_ceil(self.listeners);
        let mut free = self.cap.saturating_sub(under_way);
        for left in (1..=self.senders).rev() {
            if free == 0 {
                return;
            }
            let speaker = self.next;
            self.next = (self.next + 1) % self.senders;
            if room.waiting(speaker) > WAITING {
                continue;
            }
            let share = free.div_ceil(left.into()).min(BURST);
            for _ in 0..share {
                room.say(speaker, 0);
            }
            room.send(speaker);
            free -= share;
        }
    }
}

impl Outcome {
    /// Adds what was found.
    pub fn report(&self, report: &mut Report) {
        let options = &self.options;
        if let Some(rooms) = options.rooms {
            report.count("rooms", rooms);
        }
        report.count("senders", options.senders.min(options.members));
        report.count("cap", options.cap());
        report.count("bytes", options.bytes);
        report.count("messages", self.messages);
        report.count("lines_of_others", self.lines_of_others);
        if let Some(window) = &self.window {
            report.measure("seconds", window.seconds);
            report.count("deliveries", window.count);
            report.measure("deliveries_per_second", window.per_second());
            window.report_cpu(report);
        }
        report.verdict(&self.faults, &[]);
    }
}
