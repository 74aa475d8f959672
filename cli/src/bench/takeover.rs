//! Takeovers: a supervisor's socket goes from one server process to the next, while people talk, and everyone is back.

mod client;
mod ledger;
mod service;

use crate::bench::{Error, interrupt, limits};
use clap::value_parser;
use ledger::Ledger;
use serde::Serialize;
use service::Service;
use std::fmt;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::task::LocalSet;
use tokio::time::sleep;

/// How long everyone may take to be in, to be back, or to have everything. Those who come are told of to all who are
/// there already, which takes its time with many.
const PATIENCE: Duration = Duration::from_secs(600);

/// Connections that are opened at the same time.
const AT_ONCE: usize = 1024;

/// How often it is looked whether everyone is there.
const LOOK: Duration = Duration::from_millis(20);

/// How many, and how often.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Members of the room
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = value_parser!(u32).range(1..=limits::MEMBERS))]
    pub members: u32,

    /// Takeovers, one after the other
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = value_parser!(u32).range(1..=1000))]
    pub times: u32,

    /// Lines that are said in a second, by ten of the members, all the time
    #[arg(long, value_name = "LINES", default_value_t = 5, value_parser = value_parser!(u32).range(1..=1000))]
    pub rate: u32,

    /// Print one JSON object instead of a table
    #[arg(long)]
    pub json: bool,
}

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub struct Found {
    /// Members.
    pub members: u32,
    /// For each takeover, in seconds from when the old server was told to drain: the end of the old one, and everyone
    /// back.
    pub takeovers: Vec<Takeover>,
    /// Lines that were said and accepted.
    pub said: u64,
    /// Entries that came to members.
    pub deliveries: u64,
    /// Entries that did not come to somebody, or lines that are not in the log.
    pub lost: u64,
    /// Entries that came twice, or lines that are in the log twice.
    pub doubled: u64,
    /// Entries that came as another one to somebody else under the same number.
    pub different: u64,
    /// Times that somebody's session did not go on.
    pub strangers: u64,
}

/// One of them.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Takeover {
    /// When the old process was gone.
    pub ended_s: f64,
    /// When everyone was back.
    pub back_s: f64,
}

impl Found {
    /// Whether all was as it is to be.
    pub fn is_right(&self) -> bool {
        self.lost + self.doubled + self.different + self.strangers == 0
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "members      {}", self.members)?;
        for (number, it) in (1..).zip(&self.takeovers) {
            let Takeover { ended_s, back_s } = it;
            writeln!(
                f,
                "takeover {number:<3} old process gone after {ended_s:.2} s, everyone back after {back_s:.2} s"
            )?;
        }
        writeln!(f, "said         {}", self.said)?;
        writeln!(f, "deliveries   {}", self.deliveries)?;
        writeln!(f, "lost         {}", self.lost)?;
        writeln!(f, "doubled      {}", self.doubled)?;
        writeln!(f, "different    {}", self.different)?;
        writeln!(f, "strangers    {}", self.strangers)
    }
}

/// Starts a server with a listening socket of ours, has it taken over again and again, and looks at what everyone got.
///
/// # Errors
/// When there is no server beside this program, it fails, or somebody is not back in ten minutes.
pub fn run(options: &Options) -> Result<Found, Error> {
    limits::allow_connections(options.members)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::Failed(error.to_string()))?;
    let local = LocalSet::new();
    runtime.block_on(local.run_until(play(options)))
}

async fn play(options: &Options) -> Result<Found, Error> {
    let mut service = Service::start(options.members).await?;
    let ledger = Rc::new(Ledger::new(options.members));
    let free = Rc::new(tokio::sync::Semaphore::new(AT_ONCE));
    let speakers = options.members.min(10);
    let every = Duration::from_secs(1) * speakers / options.rate;
    for number in 0..options.members {
        let every = (number < speakers).then_some(every);
        let one = client::Client::new(number, service.address(), Rc::clone(&ledger), every);
        tokio::task::spawn_local(one.live(Rc::clone(&free)));
    }
    until("everyone is in", &ledger, Ledger::everyone_is_in).await?;
    let mut takeovers = Vec::new();
    for _ in 0..options.times {
        // Something is said before, and after.
        sleep(Duration::from_secs(1)).await;
        ledger.begin_takeover();
        let begun = Instant::now();
        service.hand_over().await?;
        let ended_s = begun.elapsed().as_secs_f64();
        until("everyone is back", &ledger, Ledger::everyone_is_in).await?;
        let back_s = begun.elapsed().as_secs_f64();
        takeovers.push(Takeover { ended_s, back_s });
    }
    sleep(Duration::from_secs(1)).await;
    ledger.silence();
    until("everyone has everything", &ledger, Ledger::everyone_has_all).await?;
    let found = ledger.found(options.members, takeovers);
    ledger.end();
    service.stop().await?;
    Ok(found)
}

async fn until(what: &str, ledger: &Ledger, is_so: fn(&Ledger) -> bool) -> Result<(), Error> {
    let begun = Instant::now();
    while !is_so(ledger) {
        if interrupt::was_asked_for() {
            return Err(Error::Interrupted);
        }
        if begun.elapsed() > PATIENCE {
            let state = ledger.state();
            return Err(Error::Failed(format!(
                "after {PATIENCE:?} it is not so that {what}: {state}"
            )));
        }
        sleep(LOOK).await;
    }
    Ok(())
}
