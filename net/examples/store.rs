//! What the log on disk costs: how long an append takes, how large the file grows, how long opening
//! takes after a close and after a kill, and how much memory.
//! `cargo run --release -p chat-net --example store -- DIR [ENTRIES]`, where DIR is not there yet.

use chat_core::{Kind, Name, Record, RoomName, SessionId};
use chat_net::store::{Retention, Store, check};
use std::error::Error;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

type Outcome = Result<(), Box<dyn Error>>;

const ENTRIES: u64 = 100_000;

const ROOMS: u64 = 100_000;

/// Entry `seq`, of 64 bytes of text.
fn said(seq: u64) -> Record {
    Record {
        room: RoomName::LOBBY,
        seq,
        at: 1_700_000_000_000 + seq,
        kind: Kind::Said,
        name: Name::parse("ann").expect("a name"),
        text: format!("{seq:064}").into(),
        sender: Some(SessionId([u8::try_from(seq % 100).expect("a byte"); 32])),
        id: Some(seq.to_string().into()),
    }
}

fn main() -> Outcome {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match *arguments.as_slice() {
        [dir] => measure(Path::new(dir), ENTRIES),
        [dir, entries] => measure(Path::new(dir), entries.parse()?),
        // What it runs as processes of their own.
        ["fill", dir, entries, end] => fill(dir, entries.parse()?, end),
        ["open", dir, _, _] => open(dir),
        ["rooms", dir, rooms, _] => rooms_of(Path::new(dir), rooms.parse()?),
        _ => Err("usage: store DIR [ENTRIES]".into()),
    }
}

fn measure(dir: &Path, entries: u64) -> Outcome {
    for (batch, batches) in [(1, 1000), (100, 500)] {
        appends("an empty log", &dir.join(batch.to_string()), batch, batches)?;
    }
    let large = dir.join("large");
    for end in ["closed", "killed"] {
        // A batch more is appended, and then it is ended so.
        let entries = entries - u64::from(end == "closed") * 1000;
        run("fill", &large, entries, end)?;
        print!("{entries} entries, opened after the process was {end}: ");
        io::stdout().flush()?;
        run("open", &large, 0, "")?;
    }
    let report = check(&large)?;
    println!(
        "{} bytes of segments, {:.0} for each entry",
        report.size,
        each(report.size, report.entries),
    );
    let began = Instant::now();
    check(&large)?;
    println!("checked in {:?}", began.elapsed());
    pages(&large)?;
    for (batch, batches) in [(1, 1000), (100, 500)] {
        appends("that log", &large, batch, batches)?;
    }
    let many = dir.join("rooms");
    run("rooms", &many, ROOMS, "")?;
    print!("{ROOMS} rooms in which nobody is, opened: ");
    io::stdout().flush()?;
    run("open", &many, 0, "")
}

/// Makes so many rooms, in each of which somebody was.
fn rooms_of(dir: &Path, rooms: u64) -> Outcome {
    let mut store = Store::open(dir, Retention::default())?;
    let names: Vec<String> = (0..rooms).map(|nth| format!("room-{nth}")).collect();
    for names in names.chunks(1000) {
        let mut batch = Vec::new();
        for name in names {
            let room = RoomName::parse(name).map_err(|error| error.to_string())?;
            for (seq, kind) in [(1, Kind::Joined), (2, Kind::Left)] {
                batch.push(Record {
                    room: room.clone(),
                    kind,
                    text: "".into(),
                    id: None,
                    ..said(seq)
                });
            }
        }
        store.append(&batch)?;
    }
    // Until there is a segment that has all of them in its directory alone.
    while store.head() < 2 * rooms + 600_000 {
        let lobby = store.room(&RoomName::LOBBY)?.last;
        store.append(&batch_of(1000, lobby))?;
    }
    Ok(())
}

/// Reads pages of 100 here and there, and looks for ids.
fn pages(dir: &Path) -> Outcome {
    const PAGES: usize = 1000;
    let store = Store::open(dir, Retention::default())?;
    let place = |nth: u64| nth.wrapping_mul(0x9e37_79b9_7f4a_7c15) % (store.head() - 100);
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    for nth in 1..=PAGES as u64 {
        let began = Instant::now();
        store.read(&RoomName::LOBBY, place(nth), 100)?;
        times[0].push(began.elapsed());
        let said = said(1 + place(nth));
        let (session, id) = (said.sender.ok_or("no session")?, said.id.ok_or("no id")?);
        let began = Instant::now();
        store.find(&session, &id)?.ok_or("it is there")?;
        times[1].push(began.elapsed());
        let began = Instant::now();
        store.find(&session, "none")?;
        times[2].push(began.elapsed());
    }
    for (what, times) in ["a page of 100", "an id", "an id that is not there"]
        .iter()
        .zip(&mut times)
    {
        times.sort();
        let (p50, p99) = (times[PAGES / 2], times[PAGES * 99 / 100]);
        println!("{what}: median {p50:?}, p99 {p99:?}");
    }
    Ok(())
}

#[allow(clippy::cast_precision_loss)]
fn each(bytes: u64, entries: u64) -> f64 {
    bytes as f64 / entries as f64
}

/// Runs this program again, to kill it or to have its memory for itself.
fn run(what: &str, dir: &Path, entries: u64, end: &str) -> Outcome {
    let mut child = Command::new(env::current_exe()?)
        .arg(what)
        .arg(dir)
        .args([&entries.to_string(), end])
        .stdout(Stdio::piped())
        .spawn()?;
    let mut told = child.stdout.take().ok_or("no pipe")?;
    if end == "killed" {
        told.read_exact(&mut [0])?;
        child.kill()?;
    } else {
        io::copy(&mut told, &mut io::stdout())?;
    }
    let status = child.wait()?;
    if end != "killed" && !status.success() {
        return Err(format!("{what} failed").into());
    }
    Ok(())
}

fn fill(dir: &str, entries: u64, end: &str) -> Outcome {
    let mut store = Store::open(PathBuf::from(dir), Retention::default())?;
    while store.head() < entries {
        store.append(&batch_of(10_000.min(entries - store.head()), store.head()))?;
    }
    if end == "killed" {
        println!();
        thread::park();
    }
    Ok(())
}

fn open(dir: &str) -> Outcome {
    let began = Instant::now();
    let store = Store::open(PathBuf::from(dir), Retention::default())?;
    let took = began.elapsed();
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let memory = status.lines().find(|line| line.starts_with("VmHWM"));
    let memory = memory.map_or("unknown", |line| line.trim_start_matches("VmHWM:").trim());
    println!("{took:?}, at most {memory} of memory");
    let began = Instant::now();
    store.find(&SessionId([1; 32]), "1")?;
    println!("the first entry found by its id in {:?}", began.elapsed());
    Ok(())
}

fn batch_of(count: u64, head: u64) -> Vec<Record> {
    (head + 1..=head + count).map(said).collect()
}

fn appends(to: &str, dir: &Path, count: u64, batches: usize) -> Outcome {
    let mut store = Store::open(dir, Retention::default())?;
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..batches {
        let batch = batch_of(count, store.head());
        let began = Instant::now();
        store.append(&batch)?;
        times.push(began.elapsed());
    }
    times.sort_unstable();
    let [median, high] = [50, 99].map(|percent| times[times.len() * percent / 100]);
    println!("an append of {count} to {to}: p50 {median:?}, p99 {high:?}, of {batches}");
    Ok(())
}
