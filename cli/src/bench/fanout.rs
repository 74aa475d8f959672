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
    /// Members of the room [2 to 60000; members times senders at most 50,000,000]
    #[arg(short, long, value_name = "N", default_value_t = 100, value_parser = value_parser!(u32).range(2..=limits::MEMBERS))]
    pub members: u32,

    /// How many of the members speak; at most all of them
    #[arg(short, long, value_name = "N", default_value_t = 10, value_parser = value_parser!(u32).range(1..=limits::MEMBERS))]
    pub senders: u32,

    /// Messages under way in the room at any time: few leave the server nothing to put together,
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

/// Fills a room, has its senders talk, and empties it.
///
/// # Errors
/// When there is nothing to report.
pub fn run(server: &Server, options: &Options, progress: &mut Progress) -> Result<Outcome, Error> {
    let &Options { members, .. } = options;
    let senders = options.senders.min(members);
    let shape = (members, senders, options.bytes.into());
    let mut room = Room::open(server, shape, &options.room, progress)?;
    let mut talk = Talk {
        cap: options.cap().into(),
        listeners: u64::from(members) - 1,
        senders,
        next: 0,
    };
    let mut watch = room.watch();
    let mut start = None;
    let begin = Instant::now();
    progress.begin("fan-out", limit(options.seconds + options.warm_up));
    loop {
        let over = begin.elapsed();
        progress.at_time(over);
        let heard = room.deliveries().heard();
        if start.is_none() && over >= options.warm_up {
            start = Some(Start::now(server, heard));
        }
        let done = start.is_some_and(|start| start.at().elapsed() >= options.seconds);
        if !done && !room.deliveries().is_used_up() {
            talk.go_on(&mut room);
        } else if room.deliveries().in_flight() == 0 {
            break;
        }
        room.wait(Duration::from_millis(20))?;
        if room.is_broken() {
            break;
        }
        if watch.is_stalled(room.deliveries().heard()) {
            room.stall();
            break;
        }
    }
    let heard = room.deliveries().heard();
    let window = start.map(|start| start.end(server, heard));
    if !room.is_broken() {
        room.leave(progress)?;
    }
    let outcome = Outcome {
        options: options.clone(),
        messages: room.deliveries().said(),
        lines_of_others: room.members().lines_of_others(),
        window,
        faults: room.faults(),
    };
    room.close();
    Ok(outcome)
}

fn limit(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Who speaks next, and how much.
struct Talk {
    cap: u64,
    listeners: u64,
    senders: u32,
    next: u32,
}

impl Talk {
    /// Has senders speak, one after the other, until there is as much under way as may be.
    fn go_on(&mut self, room: &mut Room) {
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
