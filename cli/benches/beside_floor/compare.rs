//! Rounds in which the server and the floor take turns.

use chat_cli::bench::fanout::{self, Options};
use chat_cli::bench::history::History;
use chat_cli::bench::limits;
use chat_cli::bench::progress::Progress;
use chat_cli::bench::server::Server;
use clap::{Parser, value_parser};
use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// What is measured: a name, members, messages under way.
const SCENES: [(&str, u32, u32); 5] = [
    ("saturated", 10, 256),
    ("saturated", 100, 256),
    ("saturated", 1000, 256),
    ("one in flight", 100, 10),
    ("one in flight", 1000, 10),
];

/// What a delivery costs the server, beside what it costs a floor
#[derive(Debug, Parser)]
struct Args {
    /// How often each is measured [1 to 100]
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = value_parser!(u32).range(1..=100))]
    rounds: u32,

    /// How long each is measured in a round [0.1 to 3600]
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = limits::seconds)]
    seconds: Duration,

    /// Only scenes with so many members
    #[arg(long, value_name = "N")]
    members: Option<u32>,

    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

/// Measures and prints the table.
pub(crate) fn run() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let floor = env::current_exe()?;
    let (ours, theirs) = processors()?;
    move_to(std::process::id(), ours)?;
    if ours == theirs {
        println!("one processor only: the load takes from the servers");
    }
    println!("CPU seconds of the server for a million deliveries of 64 bytes, 10 senders");
    println!(
        "{} rounds of {:?}: median (least to most)\n",
        args.rounds, args.seconds
    );
    println!(
        "{:14} {:>7}  {:24} {:24} server ÷ floor",
        "", "members", "floor", "server"
    );
    for (name, members, cap) in SCENES {
        if args.members.is_some_and(|only| only != members) {
            continue;
        }
        let options = Options {
            members,
            cap: Some(cap),
            seconds: args.seconds,
            ..Options::default()
        };
        let (mut floors, mut servers) = (Vec::new(), Vec::new());
        for round in 0..args.rounds {
            let floor = || {
                let server = Server::run(Command::new(&floor).arg("--floor"))?;
                measure(server, theirs, &options)
            };
            let server = || {
                let program = Path::new(env!("CARGO_BIN_EXE_chat-server"));
                measure(
                    Server::start(program, members, History::InMemory)?,
                    theirs,
                    &options,
                )
            };
            // Whoever comes first may have it better.
            if round % 2 == 0 {
                floors.push(floor()?);
                servers.push(server()?);
            } else {
                servers.push(server()?);
                floors.push(floor()?);
            }
        }
        let ratios = servers
            .iter()
            .zip(&floors)
            .map(|(server, floor)| server / floor);
        let ratios = spread(ratios.collect(), 2);
        let (floors, servers) = (spread(floors, 4), spread(servers, 4));
        println!("{name:14} {members:>7}  {floors:24} {servers:24} {ratios}");
    }
    Ok(())
}

/// CPU seconds for a million deliveries of a server on this processor.
fn measure(server: Server, processor: usize, options: &Options) -> Result<f64, Box<dyn Error>> {
    if let Some(process) = server.process() {
        move_to(process, processor)?;
    }
    let outcome = fanout::run(&server, options, &mut Progress::on_stderr())?;
    if !outcome.faults.is_empty() {
        return Err(outcome.faults.join("; ").into());
    }
    drop(server);
    let window = outcome.window.ok_or("nothing was measured")?;
    window
        .cpu_per_million()
        .ok_or_else(|| "the system does not tell".into())
}

/// Which processors this process and the servers are to run on: two of those that it may use, if
/// there are as many.
fn processors() -> Result<(usize, usize), Box<dyn Error>> {
    let allowed = sched_getaffinity(None)?;
    let mut allowed = (0..CpuSet::MAX_CPU).filter(|processor| allowed.is_set(*processor));
    let theirs = allowed.next().ok_or("there is no processor to run on")?;
    Ok((allowed.next().unwrap_or(theirs), theirs))
}

/// Pins all threads of a process to one processor.
fn move_to(process: u32, processor: usize) -> Result<(), Box<dyn Error>> {
    let mut set = CpuSet::new();
    set.set(processor);
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        let id: i32 = thread?.file_name().to_string_lossy().parse()?;
        sched_setaffinity(Pid::from_raw(id), &set)?;
    }
    Ok(())
}

/// The median, the least and the most.
fn spread(mut values: Vec<f64>, digits: usize) -> String {
    values.sort_by(f64::total_cmp);
    let middle = f64::midpoint(values[(values.len() - 1) / 2], values[values.len() / 2]);
    let (least, most) = (values[0], values[values.len() - 1]);
    format!("{middle:.digits$} ({least:.digits$} to {most:.digits$})")
}
