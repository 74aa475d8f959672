//! Latency: messages at a fixed rate, whatever the server does, and how long their deliveries take.
//!
//! The time of a delivery begins when its message was to be sent, not when it was: a server that is
//! stuck makes messages late, and that is its delay and not the schedule's.
//!
//! With [`abusers`], the members talk twice in the same room: alone, then beside them.

use crate::bench::Error;
use crate::bench::abusers::{self, Abusers, Held};
use crate::bench::askers::{self, Askers};
use crate::bench::heard::{Abuser, Deed};
use crate::bench::limits;
use crate::bench::members::Tally;
use crate::bench::progress::Progress;
use crate::bench::report::Report;
use crate::bench::room::{self, Room};
use crate::bench::server::Server;
use crate::bench::stretch::{self, Pace, Stretch};
use crate::bench::usage::Usage;
use clap::value_parser;
use std::time::{Duration, Instant};

/// What to do.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Members of the room [2 to 60000; members times senders at most 50,000,000]
    #[arg(short, long, value_name = "N", default_value_t = 100, value_parser = value_parser!(u32).range(2..=limits::MEMBERS))]
    pub members: u32,

    /// How many of the members speak; at most all of them
    #[arg(short, long, value_name = "N", default_value_t = 10, value_parser = value_parser!(u32).range(1..=limits::MEMBERS))]
    pub senders: u32,

    /// Messages a second, of all senders together. If half of them are sent more than 0.1 s late,
    /// the rate was not kept; when one is late by more than the patience, no more are sent
    /// [1 to 1000000]
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

    /// Who asks without a pause.
    #[command(flatten)]
    pub askers: askers::Asking,

    /// How the room is filled.
    #[command(flatten)]
    pub room: room::Filling,
}

impl Options {
    /// How many connections it takes.
    pub fn connections(&self) -> u32 {
        self.members + self.abusers.all() + self.askers.asking
    }

    fn is_disturbed(&self) -> bool {
        self.abusers.all() + self.askers.asking > 0
    }

    fn speakers(&self) -> u32 {
        self.senders.min(self.members)
    }

    fn pace(&self) -> Pace {
        Pace {
            senders: self.speakers(),
            rate: self.rate,
            bytes: self.bytes,
            warm_up: self.warm_up,
            seconds: self.seconds,
            patience: self.room.patience,
        }
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

/// What was measured beside abusers.
#[derive(Clone, Debug)]
pub struct Beside {
    /// Of the members.
    pub stretch: Stretch,
    /// Bytes a second that asking connections were sent.
    answered: f64,
    /// What member 0 was told of the abusers, from their joining to the end of the stretch.
    pub tally: Tally,
    /// Before they came.
    before: Option<Usage>,
    after: Option<Usage>,
    most_held: Option<Held>,
}

/// Fills a room, has its senders talk to a schedule, and empties it.
///
/// # Errors
/// When there is nothing to report.
pub fn run(server: &Server, options: &Options, progress: &mut Progress) -> Result<Outcome, Error> {
    limits::allow_connections(options.connections())?;
    let shape = (options.members, options.speakers(), options.bytes.into());
    let mut room = Room::open(server, shape, None, &options.room, progress)?;
    let alone = stretch::talk(&mut room, server, &options.pace(), progress, None)?;
    let mut beside = None;
    if options.is_disturbed() && !room.is_broken() {
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
#[expect(clippy::cast_precision_loss, reason = "far below 2 to the 52")]
fn talk_beside_abusers(
    room: &mut Room,
    server: &Server,
    options: &Options,
    progress: &mut Progress,
) -> Result<Beside, Error> {
    let before = server.usage();
    let at_once = options.room.at_once;
    let mut abusers = Abusers::join(server, room, options.abusers, at_once, progress)?;
    let others = options.members + options.abusers.all();
    let asking = options.askers.asking > 0;
    let askers =
        asking.then(|| Askers::join(server, room, &options.askers, (others, at_once), progress));
    let askers = askers.transpose()?;
    let asked = || askers.as_ref().map_or(0, Askers::bytes);
    let (before_asking, begun) = (asked(), Instant::now());
    let pace = options.pace();
    let disturbing = Some(&mut abusers).filter(|_| options.abusers.all() > 0);
    let stretch = stretch::talk(room, server, &pace, progress, disturbing)?;
    let answered = asked() - before_asking;
    Ok(Beside {
        stretch,
        answered: answered as f64 / begun.elapsed().as_secs_f64(),
        tally: *room.members().abusers(),
        before,
        after: server.usage(),
        most_held: abusers.most_held(),
    })
}

impl Outcome {
    /// Adds what was found.
    pub fn report(&self, report: &mut Report) {
        let options = &self.options;
        report.count("senders", options.speakers());
        report.count("rate", options.rate);
        report.count("bytes", options.bytes);
        let abusers = options.abusers;
        if abusers.all() > 0 {
            report.count("deaf", abusers.deaf);
            report.count("flooding", abusers.flooding);
        }
        if options.askers.asking > 0 {
            report.count("asking", options.askers.asking);
            report.text("ask_for", &options.askers.ask_for);
        }
        report.count("messages", self.messages);
        report.count("lines_of_others", self.lines_of_others);
        let prefix = if options.is_disturbed() { "alone_" } else { "" };
        report.append(prefix, self.alone.report());
        if let Some(beside) = &self.beside {
            beside.report(&self.alone, options, report);
        }
        let mut unmet = self.alone.unmet.clone();
        let beside = self.beside.iter().flat_map(|beside| &beside.stretch.unmet);
        unmet.extend(beside.map(|line| format!("beside the abusers: {line}")));
        report.verdict(&self.faults, &unmet);
    }
}

impl Beside {
    fn report(&self, alone: &Stretch, options: &Options, report: &mut Report) {
        let stretch = &self.stretch;
        report.append("beside_", stretch.report());
        let ratio = |per_mille| {
            let alone = alone.micros(per_mille).filter(|alone| *alone > 0.0)?;
            Some(stretch.micros(per_mille)? / alone)
        };
        report.measure("p50_beside_to_alone", ratio(500));
        report.measure("p99_beside_to_alone", ratio(990));
        let left = |abuser| self.tally.count(abuser, Deed::Left);
        if options.abusers.all() > 0 {
            report.count("deaf_closed", left(Abuser::Deaf));
            report.count("flooding_closed", left(Abuser::Flooding));
            report.measure("flooding_lines_per_second", stretch.flooded_per_second());
        }
        if options.askers.asking > 0 {
            report.count("asking_closed", left(Abuser::Asking));
            report.measure("asking_bytes_per_second", self.answered);
        }
        report.memory(self.before, self.after);
        if let Some(Held { server, sockets }) = self.most_held {
            report.count("most_held_bytes", server + sockets);
            report.count("most_held_by_server_bytes", server);
            report.count("most_held_for_sockets_bytes", sockets);
        }
    }
}
