//! Storm: everyone joins, then everyone leaves, and everyone hears of all of it.

use crate::bench::Error;
use crate::bench::limits;
use crate::bench::progress::Progress;
use crate::bench::report::Report;
use crate::bench::room::{self, Room};
use crate::bench::server::Server;
use crate::bench::usage::Usage;
use crate::bench::window::{Start, Window};
use clap::value_parser;

/// What to do.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Members of the room [2 to 60000]. Joining and leaving take half the square of that in
    /// notices each: 10,000 members take 100 million
    #[arg(short, long, value_name = "N", default_value_t = 1000, value_parser = value_parser!(u32).range(2..=limits::MEMBERS))]
    pub members: u32,

    /// How the room is filled.
    #[command(flatten)]
    pub room: room::Filling,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Outcome {
    joining: Window,
    leaving: Window,
    lines_of_others: u64,
    before: Option<Usage>,
    after: Option<Usage>,
    /// What was not exact.
    pub faults: Vec<String>,
}

/// Fills a room and empties it.
///
/// # Errors
/// When there is nothing to report.
pub fn run(server: &Server, options: &Options, progress: &mut Progress) -> Result<Outcome, Error> {
    let before = server.usage();
    let start = Start::now(server, 0);
    let mut room = Room::open(
        server,
        (options.members, 0, 0),
        None,
        &options.room,
        progress,
    )?;
    let joining = start.end(server, room.members().notices.joinings());
    let start = Start::now(server, 0);
    room.leave(progress)?;
    let leaving = start.end(server, room.members().notices.leavings());
    let outcome = Outcome {
        joining,
        leaving,
        lines_of_others: room.members().lines_of_others(),
        before,
        after: server.usage(),
        faults: room.faults(),
    };
    room.close();
    Ok(outcome)
}

impl Outcome {
    /// Adds what was found.
    pub fn report(&self, report: &mut Report) {
        report.measure("join_seconds", self.joining.seconds);
        report.count("join_notices", self.joining.count);
        report.measure("join_notices_per_second", self.joining.per_second());
        report.measure("leave_seconds", self.leaving.seconds);
        report.count("leave_notices", self.leaving.count);
        report.measure("leave_notices_per_second", self.leaving.per_second());
        report.count("lines_of_others", self.lines_of_others);
        let per_million = |window: &Window| window.cpu_per_million();
        report.measure(
            "join_server_cpu_seconds_per_million",
            per_million(&self.joining),
        );
        report.measure(
            "leave_server_cpu_seconds_per_million",
            per_million(&self.leaving),
        );
        report.memory(self.before, self.after);
        report.verdict(&self.faults, &[]);
    }
}
