//! What the log on disk costs: how long an append takes, how large the file grows, how long opening
//! takes. `cargo run --release -p chat-net --example store -- DIR`, where DIR is not there yet.

use chat_core::{Kind, Name, Record, SessionId};
use chat_net::store::{Retention, Store, StoreError, check};
use std::env;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Entry `seq`, of 64 bytes of text.
fn said(seq: u64) -> Record {
    Record {
        seq,
        at: 1_700_000_000_000 + seq,
        kind: Kind::Said,
        name: Name::parse("ann").expect("a name"),
        text: format!("{seq:064}").into(),
        sender: Some(SessionId([7; 32])),
        id: Some(seq.to_string().into()),
    }
}

fn main() -> Result<(), StoreError> {
    let Some(dir) = env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: store DIR");
        return Ok(());
    };
    for (name, batch, batches) in [("1", 1, 1000), ("100", 100, 500)] {
        appends(&dir.join(name), batch, batches)?;
    }
    let dir = dir.join("large");
    let mut store = Store::open(&dir, Retention::default())?;
    for batch in 0..100 {
        store.append(&batch_of(1000, store.head()))?;
        assert_eq!(store.head(), 1000 * (batch + 1));
    }
    drop(store);
    let report = check(&dir)?;
    println!(
        "100,000 entries of 64 bytes of text: {} bytes of entries, {} bytes of file",
        report.bytes, report.file
    );
    let began = Instant::now();
    let store = Store::open(&dir, Retention::default())?;
    println!("opened, all verified, in {:?}", began.elapsed());
    let began = Instant::now();
    for record in store.entries() {
        record?;
    }
    println!("all gone through in {:?}", began.elapsed());
    Ok(())
}

fn batch_of(count: u64, head: u64) -> Vec<Record> {
    (head + 1..=head + count).map(said).collect()
}

fn appends(dir: &Path, count: u64, batches: usize) -> Result<(), StoreError> {
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
    println!("an append of {count}: p50 {median:?}, p99 {high:?}, of {batches}");
    Ok(())
}
