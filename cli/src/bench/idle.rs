//! Idle: members that say nothing until the end, and the memory that the server holds for each of
//! them.

use crate::bench::Error;
use crate::bench::limits;
use crate::bench::progress::Progress;
use crate::bench::report::Report;
use crate::bench::room::{self, Room};
use crate::bench::server::Server;
use crate::bench::usage::Usage;
use clap::value_parser;
use std::time::{Duration, Instant};

/// What to do.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Members of the room [2 to 60000]. Each is told of all that join after it: 10,000 members
    /// take 50 million notices
    #[arg(short, long, value_name = "N", default_value_t = 1000, value_parser = value_parser!(u32).range(2..=limits::MEMBERS))]
    pub members: u32,

    /// How long they are held [0.1 to 3600]
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = limits::seconds)]
    pub seconds: Duration,

    /// How the room is filled.
    #[command(flatten)]
    pub room: room::Filling,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Outcome {
    members: u32,
    join_seconds: f64,
    held_seconds: f64,
    lines_of_others: u64,
    before: Option<Usage>,
    after: Option<Usage>,
    /// What was not exact.
    pub faults: Vec<String>,
}

/// Fills a room, holds it, has everyone hear one line, and drops all connections.
///
/// # Errors
/// When there is nothing to report.
pub fn run(server: &Server, options: &Options, progress: &mut Progress) -> Result<Outcome, Error> {
    let before = server.usage();
    let begin = Instant::now();
    let mut room = Room::open(
        server,
        (options.members, 1, 0),
        None,
        &options.room,
        progress,
    )?;
    let join_seconds = begin.elapsed().as_secs_f64();
    let begin = Instant::now();
    let millis = u64::try_from(options.seconds.as_millis()).unwrap_or(u64::MAX);
    progress.begin("holding", millis);
    while begin.elapsed() < options.seconds && !room.is_broken() {
        progress.at_time(begin.elapsed());
        room.wait(options.seconds.saturating_sub(begin.elapsed()))?;
    }
    let held_seconds = begin.elapsed().as_secs_f64();
    let after = server.usage();
    // A server that does nothing any more keeps its connections as well.
    room.say(0, 0);
    room.send(0);
    room.settle()?;
    let outcome = Outcome {
        members: room.size(),
        join_seconds,
        held_seconds,
        lines_of_others: room.members().lines_of_others(),
        before,
        after,
        faults: room.faults(),
    };
    room.close();
    Ok(outcome)
}

impl Outcome {
    /// Resident memory of the server that the members brought with them, in bytes for each.
    #[expect(clippy::cast_precision_loss, reason = "memory is below 2 to the 52")]
    pub fn bytes_per_member(&self) -> Option<f64> {
        let (before, after) = (self.before?.resident, self.after?.resident);
        Some((after as f64 - before as f64) / f64::from(self.members))
    }

    /// Adds what was found.
    pub fn report(&self, report: &mut Report) {
        report.measure("join_seconds", self.join_seconds);
        report.measure("held_seconds", self.held_seconds);
        report.count("lines_of_others", self.lines_of_others);
        report.memory(self.before, self.after);
        report.measure("server_bytes_per_member", self.bytes_per_member());
        report.verdict(&self.faults, &[]);
    }
}
