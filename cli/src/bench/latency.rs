//! Latency: messages at a fixed rate, whatever the server does, and how long their deliveries take.
//!
//! The time of a delivery begins when its message was to be sent, not when it was: a server that is
//! stuck makes messages late, and that is its delay and not the schedule's.
//!
//! With [`abusers`], the members talk twice in the same room: alone, then beside them.

use crate::bench::Error;
use crate::bench::abusers::{self, Abusers};
use crate::bench::heard::{Abuser, Deed};
use crate::bench::histogram::Histogram;
use crate::bench::limits;
use crate::bench::members::{Stopwatch, Tally};
use crate::bench::progress::Progress;
use crate::bench::report::Report;
use crate::bench::room::{self, Room};
use crate::bench::server::Server;
use crate::bench::usage::Usage;
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

    /// Who is there to disturb.
    #[command(flatten)]
    pub abusers: abusers::Counts,

    /// How the room is filled.
    #[command(flatten)]
    pub room: room::Filling,
}

impl Options {
    /// How many connections it takes.
    pub fn connections(&self) -> u32 {
        self.members + self.abusers.all()
    }

    fn speakers(&self) -> u32 {
        self.senders.min(self.members)
    }
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Outcome {
    options: Options,
    messages: u64,
    lines_of_others: u64,
    /// Without abusers.
    pub alone: Stretch,
    /// With them, if there were to be any and it came to that.
    pub beside: Option<Beside>,
    /// What was not exact.
    pub faults: Vec<String>,
}

/// What was measured in one stretch of time.
#[derive(Clone, Debug)]
pub struct Stretch {
    window: Window,
    /// How many lines of flooding connections member 0 heard.
    flooded: u64,
    /// How long deliveries took, in nanoseconds.
    pub taken: Histogram,
    /// How late messages were sent, in nanoseconds.
    pub late: Histogram,
}

/// What was measured beside abusers.
#[derive(Clone, Debug)]
pub struct Beside {
    /// Of the members.
    pub stretch: Stretch,
    /// What member 0 was told of the abusers, from their joining to the end of the stretch.
    pub tally: Tally,
    /// Before they came.
    before: Option<Usage>,
    after: Option<Usage>,
}

/// Fills a room, has its senders talk to a schedule, and empties it.
///
/// # Errors
/// When there is nothing to report.
pub fn run(server: &Server, options: &Options, progress: &mut Progress) -> Result<Outcome, Error> {
    limits::allow_connections(options.connections())?;
    let shape = (options.members, options.speakers(), options.bytes.into());
    let mut room = Room::open(server, shape, &options.room, progress)?;
    let alone = talk(&mut room, server, options, progress, None)?;
    let mut beside = None;
    if options.abusers.all() > 0 && !room.is_broken() {
        beside = Some(talk_beside_abusers(&mut room, server, options, progress)?);
    }
    if !room.is_broken() {
        room.leave(progress)?;
    }
    let outcome = Outcome {
        options: options.clone(),
        messages: room.deliveries().said(),
        lines_of_others: room.members().lines_of_others(),
        alone,
        beside,
        faults: room.faults(),
    };
    room.close();
    Ok(outcome)
}

/// Has abusers join, the senders talk, and the abusers be gone.
fn talk_beside_abusers(
    room: &mut Room,
    server: &Server,
    options: &Options,
    progress: &mut Progress,
) -> Result<Beside, Error> {
    let before = server.usage();
    let at_once = options.room.at_once;
    let mut abusers = Abusers::join(server, room, options.abusers, at_once, progress)?;
    let stretch = talk(room, server, options, progress, Some(&mut abusers))?;
    Ok(Beside {
        stretch,
        tally: *room.members().abusers(),
        before,
        after: server.usage(),
    })
}

/// Has the senders talk to a schedule, and hears all of it.
fn talk(
    room: &mut Room,
    server: &Server,
    options: &Options,
    progress: &mut Progress,
    mut abusers: Option<&mut Abusers>,
) -> Result<Stretch, Error> {
    let senders = u64::from(options.speakers());
    let schedule = Schedule::new(options);
    let clock = Stopwatch::new(Instant::now(), schedule.warm);
    room.measure(clock.clone());
    let mut late = Histogram::default();
    let mut watch = room.watch();
    let mut start = None;
    let said_before = room.deliveries().said();
    let flooded = |room: &Room| room.members().abusers().count(Abuser::Flooding, Deed::Said);
    let begin = |room: &Room| {
        let start = Start::now(server, room.deliveries().heard());
        (start, flooded(room))
    };
    progress.begin("latency", schedule.end / 1_000_000);
    loop {
        let now = clock.now();
        progress.at(now / 1_000_000);
        if start.is_none() && now >= schedule.warm {
            start = Some(begin(room));
        }
        let mut said = room.deliveries().said() - said_before;
        let mut due = schedule.due(said);
        while said < schedule.messages && due <= now {
            let speaker = u32::try_from(said % senders).unwrap_or(0);
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
        let mut wait = WAIT;
        if !all_said {
            wait = nap(Duration::from_nanos(due.saturating_sub(clock.now())));
        }
        if let Some(abusers) = &mut abusers {
            abusers.go_on()?;
            wait = wait.min(abusers::NAP);
        }
        room.wait(wait)?;
        let moved = room.deliveries().heard() + room.deliveries().said();
        if watch.is_stalled(moved) && (all_said || room.deliveries().in_flight() > 0) {
            room.stall();
        }
    }
    let (start, flooded_before) = start.unwrap_or_else(|| begin(room));
    Ok(Stretch {
        window: start.end(server, room.deliveries().heard()),
        flooded: flooded(room) - flooded_before,
        taken: room.measured(),
        late,
    })
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
        let mut report = Report::begin("latency", server, options.members);
        report.count("senders", options.speakers());
        report.count("rate", options.rate);
        report.count("bytes", options.bytes);
        let abusers = options.abusers;
        if abusers.all() > 0 {
            report.count("deaf", abusers.deaf);
            report.count("flooding", abusers.flooding);
        }
        report.count("messages", self.messages);
        report.count("lines_of_others", self.lines_of_others);
        let prefix = if abusers.all() > 0 { "alone_" } else { "" };
        report.append(prefix, self.alone.report());
        if let Some(beside) = &self.beside {
            beside.report(&self.alone, &mut report);
        }
        report.verdict(&self.faults);
        report
    }
}

impl Stretch {
    fn report(&self) -> Report {
        let mut report = Report::default();
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
        report
    }

    #[expect(clippy::cast_precision_loss, reason = "far below 2 to the 52")]
    fn flooded_per_second(&self) -> f64 {
        self.flooded as f64 / self.window.seconds
    }
}

impl Beside {
    fn report(&self, alone: &Stretch, report: &mut Report) {
        let stretch = &self.stretch;
        report.append("beside_", stretch.report());
        let ratio = |per_mille| {
            let alone = micros(alone.taken.at(per_mille));
            (alone > 0.0).then(|| micros(stretch.taken.at(per_mille)) / alone)
        };
        report.measure("p50_beside_to_alone", ratio(500));
        report.measure("p99_beside_to_alone", ratio(990));
        let left = |abuser| self.tally.count(abuser, Deed::Left);
        report.count("deaf_closed", left(Abuser::Deaf));
        report.count("flooding_closed", left(Abuser::Flooding));
        report.measure("flooding_lines_per_second", stretch.flooded_per_second());
        report.memory(self.before, self.after);
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
