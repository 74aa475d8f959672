//! A stretch of talk to a schedule: messages at a fixed rate, whatever the server does, and how long
//! their deliveries take.

use crate::bench::Error;
use crate::bench::abusers::{self, Abusers};
use crate::bench::heard::{Abuser, Deed};
use crate::bench::histogram::Histogram;
use crate::bench::members::Stopwatch;
use crate::bench::progress::Progress;
use crate::bench::report::Report;
use crate::bench::room::Room;
use crate::bench::server::Server;
use crate::bench::window::{Start, Window};
use std::thread;
use std::time::{Duration, Instant};

/// Waiting is not exact: what is due sooner is waited for without sleeping.
const SLEEPLESS: Duration = if cfg!(target_os = "linux") {
    Duration::from_micros(200)
} else {
    Duration::from_millis(2)
};

/// One wait when there is nothing to say.
const WAIT: Duration = Duration::from_millis(20);

/// The most messages that are said before what has come meanwhile is heard.
const BURST: u32 = 64;

/// Bytes under way to each member before more is sent. A server may cut off who is further behind,
/// and here that would be for this program's own slowness.
const UNDER_WAY: u64 = 128 * 1024;

/// The most bytes of a line beside its message: a name, and what is around it.
const AROUND: u64 = 24;

/// Where half of the messages are sent later than this, the rate was not kept.
const LATE: Duration = Duration::from_millis(100);

/// How the members are to talk.
#[derive(Clone, Debug)]
pub struct Pace {
    /// How many members speak, one after the other.
    pub senders: u32,
    /// Messages a second, of all of them.
    pub rate: u32,
    /// Bytes of a message.
    pub bytes: u16,
    /// How long they talk before it is measured.
    pub warm_up: Duration,
    /// How long it is measured.
    pub seconds: Duration,
    /// How late a message may be sent; if it is later, no more are.
    pub patience: Duration,
}

/// What was measured in one stretch of time.
#[derive(Clone, Debug)]
pub struct Stretch {
    window: Window,
    /// How many lines of flooding connections member 0 heard.
    flooded: u64,
    /// How long deliveries took, in nanoseconds.
    taken: Histogram,
    /// How late messages were sent, in nanoseconds.
    late: Histogram,
    rate_kept: bool,
    /// What was not done as it was asked for.
    pub unmet: Vec<String>,
}

/// Has the senders talk to a schedule, and hears all of it.
///
/// # Errors
/// When the user interrupts, or this machine fails.
pub fn talk(
    room: &mut Room,
    server: &Server,
    pace: &Pace,
    progress: &mut Progress,
    mut abusers: Option<&mut Abusers>,
) -> Result<Stretch, Error> {
    let mut talk = Talk::new(pace, room.size());
    room.measure(talk.clock.clone());
    let mut watch = room.watch();
    let mut start = None;
    let flooded = |room: &Room| room.members().abusers().count(Abuser::Flooding, Deed::Said);
    let begin = |room: &Room| {
        let start = Start::now(server, room.deliveries().heard());
        (start, flooded(room))
    };
    progress.begin("latency", talk.schedule.end / 1_000_000);
    loop {
        let now = talk.clock.now();
        progress.at(now / 1_000_000);
        if start.is_none() && now >= talk.schedule.warm {
            start = Some(begin(room));
        }
        let mut wait = talk.go_on(room);
        if room.is_broken() || talk.is_over() && room.deliveries().in_flight() == 0 {
            break;
        }
        if let Some(abusers) = &mut abusers {
            abusers.go_on(server)?;
            wait = wait.min(abusers::NAP);
        }
        room.wait(wait)?;
        let moved = room.deliveries().heard() + room.deliveries().said();
        if watch.is_stalled(moved) && room.deliveries().in_flight() > 0 {
            room.stall();
        }
    }
    let (start, flooded_before) = start.unwrap_or_else(|| begin(room));
    let taken = room.measured();
    Ok(Stretch {
        window: start.end(server, room.deliveries().heard()),
        flooded: flooded(room) - flooded_before,
        unmet: if room.is_broken() {
            Vec::new()
        } else {
            talk.unmet(pace, &taken)
        },
        taken,
        rate_kept: talk.has_kept_its_rate(),
        late: talk.late,
    })
}

/// Who speaks next, and when.
struct Talk {
    schedule: Schedule,
    clock: Stopwatch,
    senders: u64,
    /// Deliveries that may be under way when more is said.
    most: u64,
    patience: u64,
    said: u64,
    late: Histogram,
    has_given_up: bool,
}

impl Talk {
    fn new(pace: &Pace, members: u32) -> Self {
        let schedule = Schedule::new(pace);
        let messages = UNDER_WAY / (u64::from(pace.bytes) + AROUND);
        Self {
            clock: Stopwatch::new(Instant::now(), schedule.warm),
            schedule,
            senders: pace.senders.into(),
            most: messages * u64::from(members - 1),
            patience: nanos(pace.patience),
            said: 0,
            late: Histogram::default(),
            has_given_up: false,
        }
    }

    /// Whether no more will be said.
    fn is_over(&self) -> bool {
        self.has_given_up || self.said == self.schedule.messages
    }

    /// Has said what is due, if that is not too much. How long to wait for what comes.
    fn go_on(&mut self, room: &mut Room) -> Duration {
        for _ in 0..BURST {
            if self.is_over() {
                return WAIT;
            }
            let (due, now) = (self.schedule.due(self.said), self.clock.now());
            if due > now {
                return nap(Duration::from_nanos(due - now));
            }
            self.has_given_up = now - due > self.patience;
            if self.has_given_up || room.deliveries().in_flight() >= self.most {
                return WAIT;
            }
            let speaker = u32::try_from(self.said % self.senders).unwrap_or(0);
            room.say(speaker, due);
            room.send(speaker);
            if due >= self.schedule.warm {
                self.late.add(now - due);
            }
            self.said += 1;
        }
        Duration::ZERO
    }

    fn has_kept_its_rate(&self) -> bool {
        let late = self.late.at(500).unwrap_or_default();
        !self.has_given_up && Duration::from_nanos(late) <= LATE
    }

    fn unmet(&self, pace: &Pace, taken: &Histogram) -> Vec<String> {
        let mut unmet = Vec::new();
        if self.has_given_up {
            let (said, of) = (self.said, self.schedule.messages);
            let Pace { rate, patience, .. } = pace;
            unmet.push(format!(
                "the rate of {rate} a second was not kept: {said} messages of {of} were sent, and \
                 the next was {patience:?} late, which is all that this program or the server can \
                 do here"
            ));
        }
        if taken.total() == 0 {
            unmet.push(
                "nothing was measured: no message that was due after the warm-up was sent".into(),
            );
        }
        unmet
    }
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
    fn new(pace: &Pace) -> Self {
        let (warm, measured) = (nanos(pace.warm_up), nanos(pace.seconds));
        let rate = u64::from(pace.rate);
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

impl Stretch {
    /// What was measured, to be added to a report.
    pub fn report(&self) -> Report {
        let mut report = Report::default();
        report.measure("seconds", self.window.seconds);
        report.count("deliveries", self.taken.total());
        report.measure("p50_us", self.micros(500));
        report.measure("p90_us", self.micros(900));
        report.measure("p99_us", self.micros(990));
        report.measure("p999_us", self.micros(999));
        report.measure("max_us", self.taken.largest().map(micros));
        report.measure("sent_late_p50_us", self.late.at(500).map(micros));
        report.measure("sent_late_p99_us", self.late.at(990).map(micros));
        report.flag("rate_kept", self.rate_kept);
        self.window.report_cpu(&mut report);
        report
    }

    /// What so many of 1,000 deliveries did not exceed, if there were any.
    pub fn micros(&self, per_mille: u32) -> Option<f64> {
        self.taken.at(per_mille).map(micros)
    }

    /// Lines of flooding connections in a second.
    #[expect(clippy::cast_precision_loss, reason = "far below 2 to the 52")]
    pub fn flooded_per_second(&self) -> f64 {
        self.flooded as f64 / self.window.seconds
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
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
