//! Latency: messages at a fixed rate, whatever the server does, and how long their deliveries take.
//!
//! The time of a delivery begins when its message was to be sent, not when it was: a server that is
//! stuck makes messages late, and that is its delay and not the schedule's.

use crate::bench::Error;
use crate::bench::histogram::Histogram;
use crate::bench::limits;
use crate::bench::members::Stopwatch;
use crate::bench::progress::Progress;
use crate::bench::report::Report;
use crate::bench::room::{self, Room};
use crate::bench::server::Server;
use crate::bench::window::{Start, Window};
use clap::value_parser;
use std::thread;
use std::time::{Duration, Instant};

/// Waiting is exact to about a millisecond: what is due sooner is waited for without sleeping.
const SLEEPLESS: Duration = Duration::from_millis(2);

/// A server that lets so many bytes of one sender wait has stopped reading.
const WAITING: usize = 1024 * 1024;

/// One wait when all is said.
const WAIT: Duration = Duration::from_millis(20);

/// What to do.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Members of the room [2 to 60000; members times senders at most 50,000,000]
    #[arg(short, long, value_name = "N", default_value_t = 100, value_parser = value_parser!(u32).range(2..=limits::MEMBERS))]
    pub members: u32,

    /// How many of the members speak; at most all of them
    #[arg(short, long, value_name = "N", default_value_t = 10, value_parser = value_parser!(u32).range(1..=limits::MEMBERS))]
    pub senders: u32,

    /// Messages a second, of all senders together [1 to 1000000]
    #[arg(short, long, value_name = "N", default_value_t = 1000, value_parser = value_parser!(u32).range(1..=1_000_000))]
    pub rate: u32,

    /// Bytes of a message [32 to 4096]
    #[arg(short, long, value_name = "N", default_value_t = 64, value_parser = value_parser!(u16).range(32..=4096))]
    pub bytes: u16,

    /// How long it is measured [0.1 to 3600]
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = limits::seconds)]
    pub seconds: Duration,

    /// How long it runs before it is measured [0.1 to 3600]
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = limits::seconds)]
    pub warm_up: Duration,

    /// How the room is filled.
    #[command(flatten)]
    pub room: room::Filling,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Outcome {
    options: Options,
    messages: u64,
    lines_of_others: u64,
    window: Window,
    /// How long deliveries took, in nanoseconds.
    pub taken: Histogram,
    /// How late messages were sent, in nanoseconds.
    pub late: Histogram,
    /// What was not exact.
    pub faults: Vec<String>,
}

/// Fills a room, has its senders talk to a schedule, and empties it.
///
/// # Errors
/// When there is nothing to report.
pub fn run(server: &Server, options: &Options, progress: &mut Progress) -> Result<Outcome, Error> {
    let senders = options.senders.min(options.members);
    let shape = (options.members, senders, options.bytes.into());
    let mut room = Room::open(server, shape, &options.room, progress)?;
    let schedule = Schedule::new(options);
    let clock = Stopwatch::new(Instant::now(), schedule.warm);
    room.measure(clock.clone());
    let mut late = Histogram::default();
    let mut watch = room.watch();
    let mut start = None;
    progress.begin("latency", schedule.end / 1_000_000);
    loop {
        let now = clock.now();
        progress.at(now / 1_000_000);
        if start.is_none() && now >= schedule.warm {
            start = Some(Start::now(server, room.deliveries().heard()));
        }
        let mut said = room.deliveries().said();
        let mut due = schedule.due(said);
        while said < schedule.messages && due <= now {
            let speaker = u32::try_from(said % u64::from(senders)).unwrap_or(0);
            room.say(speaker, due);
            room.send(speaker);
            if due >= schedule.warm {
                late.add(clock.now() - due);
            }
            if room.waiting(speaker) > WAITING {
                room.stall();
                break;
            }
            said += 1;
            due = schedule.due(said);
        }
        let all_said = said == schedule.messages;
        if room.is_broken() || all_said && room.deliveries().in_flight() == 0 {
            break;
        }
        let next = Duration::from_nanos(due.saturating_sub(clock.now()));
        room.wait(if all_said { WAIT } else { nap(next) })?;
        let moved = room.deliveries().heard() + room.deliveries().said();
        if watch.is_stalled(moved) && (all_said || room.deliveries().in_flight() > 0) {
            room.stall();
        }
    }
    let heard = room.deliveries().heard();
    let start = start.unwrap_or_else(|| Start::now(server, heard));
    let window = start.end(server, heard);
    if !room.is_broken() {
        room.leave(progress)?;
    }
    let outcome = Outcome {
        options: options.clone(),
        messages: room.deliveries().said(),
        lines_of_others: room.members().lines_of_others(),
        window,
        taken: room
            .members()
            .stopwatch
            .as_ref()
            .map(|s| s.taken().clone())
            .unwrap_or_default(),
        late,
        faults: room.faults(),
    };
    room.close();
    Ok(outcome)
}

/// How long to sleep when something is due then. With one processor, sleeping too long is better
/// than keeping the server from it.
fn nap(next: Duration) -> Duration {
    let alone = thread::available_parallelism().map_or(1, usize::from) == 1;
    if alone && !next.is_zero() {
        return next.max(Duration::from_millis(1));
    }
    next.saturating_sub(SLEEPLESS)
}

/// When messages are due, in nanoseconds.
struct Schedule {
    rate: u64,
    messages: u64,
    warm: u64,
    end: u64,
}

impl Schedule {
    fn new(options: &Options) -> Self {
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let (warm, measured) = (nanos(options.warm_up), nanos(options.seconds));
        let rate = u64::from(options.rate);
        let end = warm + measured;
        let messages = u128::from(end) * u128::from(rate) / 1_000_000_000;
        Self {
            rate,
            messages: u64::try_from(messages).unwrap_or(u64::MAX).max(1),
            warm,
            end,
        }
    }

    fn due(&self, message: u64) -> u64 {
        message * 1_000_000_000 / self.rate
    }
}

impl Outcome {
    /// What was found, to be shown.
    pub fn report(&self, server: &Server) -> Report {
        let options = &self.options;
        let mut report = Report::default();
        report.text("mode", "latency");
        report.text("server", server.address().to_string());
        report.count("members", options.members);
        report.count("senders", options.senders.min(options.members));
        report.count("rate", options.rate);
        report.count("bytes", options.bytes);
        report.count("messages", self.messages);
        report.count("lines_of_others", self.lines_of_others);
        report.measure("seconds", self.window.seconds);
        report.count("deliveries", self.taken.total());
        report.measure("p50_us", micros(self.taken.at(500)));
        report.measure("p90_us", micros(self.taken.at(900)));
        report.measure("p99_us", micros(self.taken.at(990)));
        report.measure("p999_us", micros(self.taken.at(999)));
        report.measure("max_us", micros(self.taken.largest()));
        report.measure("sent_late_p50_us", micros(self.late.at(500)));
        report.measure("sent_late_p99_us", micros(self.late.at(990)));
        self.window.report_cpu(&mut report);
        report.verdict(&self.faults);
        report
    }
}

#[expect(clippy::cast_precision_loss, reason = "an hour has 52 bits of them")]
fn micros(nanos: u64) -> f64 {
    nanos as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedule_keeps_the_rate() {
        let schedule = Schedule {
            rate: 3,
            messages: 7,
            warm: 0,
            end: 0,
        };
        let due: Vec<u64> = (0..4).map(|message| schedule.due(message)).collect();
        assert_eq!(due, [0, 333_333_333, 666_666_666, 1_000_000_000]);
    }
}
