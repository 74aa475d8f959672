//! The log on disk: what is appended stays, or its loss is told.

mod accounts;
mod basics;
mod copies;
mod cut;
mod damage;
#[path = "../disk/mod.rs"]
mod disk;
mod errors;
mod find;
mod golden;
mod kinds;
mod machine;
mod orders;
mod portable;
mod power;
mod readers;
mod redact;
mod retention;
mod rooms;
mod version1;

use chat_core::{Kind, Name, Record, RoomName, SessionId, State, printable};
use chat_net::store::{Place, Retention, Sizes, Store, StoreError};
use disk::Memory;
use proptest::option;
use proptest::prelude::*;
use std::path::PathBuf;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

const ALL: Retention = Retention {
    age: None,
    count: None,
    bytes: None,
};

/// So small that a few dozen entries fill a segment.
const SMALL: Sizes = Sizes {
    segment: 3 * 4096,
    step: 4096,
    ahead: 4096,
    rooms: 4,
};

/// The room of a log that has no other.
const LOBBY: RoomName = RoomName::LOBBY;

/// The session of whatever [`said`] says.
const ANN: SessionId = SessionId([7; 32]);

/// How many segments there are.
fn segments(disk: &Memory) -> usize {
    let is_segment = |name: &std::path::PathBuf| name.extension().is_some_and(|it| it == "log");
    disk.names().iter().filter(|name| is_segment(name)).count()
}

/// Entry `seq`, said at that many milliseconds.
fn said(seq: u64) -> Record {
    Record {
        room: RoomName::LOBBY,
        seq,
        at: seq,
        kind: Kind::Said,
        name: Name::parse("ann").unwrap(),
        text: format!("this is what was said in entry number {seq:>6}, in 64 bytes..").into(),
        sender: Some(ANN),
        id: Some(format!("id-{seq}").into()),
    }
}

/// Entry `seq`: someone joined.
fn joined(seq: u64, name: &str) -> Record {
    Record {
        room: RoomName::LOBBY,
        kind: Kind::Joined,
        name: Name::parse(name).unwrap(),
        text: "".into(),
        id: None,
        ..said(seq)
    }
}

/// Entry `seq`: someone left.
fn left(seq: u64, name: &str) -> Record {
    Record {
        room: RoomName::LOBBY,
        kind: Kind::Left,
        ..joined(seq, name)
    }
}

fn all_said(seqs: impl IntoIterator<Item = u64>) -> Vec<Record> {
    seqs.into_iter().map(said).collect()
}

/// A log on a disk in memory.
fn place(disk: &Memory) -> Place {
    Place::on(Arc::new(disk.clone()), "log")
}

fn try_open(disk: &Memory, keep: &Retention) -> Result<Store, StoreError> {
    Store::with_sizes(place(disk), keep.clone(), SMALL)
}

fn open(disk: &Memory) -> Store {
    try_open(disk, &ALL).unwrap()
}

/// A disk with a log of these entries, each of these batches in its own frame.
fn log_of<'a>(batches: impl IntoIterator<Item = &'a [Record]>) -> Memory {
    let disk = Memory::default();
    let mut store = open(&disk);
    for batch in batches {
        store.append(batch).unwrap();
        idle(&store);
    }
    drop(store);
    disk
}

/// Does all that there is to do besides appending.
fn idle(store: &Store) {
    let mut upkeep = store.upkeep();
    while upkeep.step().unwrap() {}
}

/// All that can be read, page by page.
fn contents(store: &Store) -> Vec<Record> {
    let mut all: Vec<Record> = Vec::new();
    loop {
        let after = all.last().map_or(0, |record| record.seq);
        let page = store.read(&LOBBY, after, 64).unwrap();
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

/// The state of the lobby.
fn state(store: &Store) -> State {
    store.room(&LOBBY).unwrap().state
}

fn fold(records: &[Record]) -> State {
    let mut state = State::default();
    for record in records {
        state.fold(record);
    }
    state
}

fn error<T>(result: Result<T, StoreError>) -> StoreError {
    result.err().expect("is to fail")
}

/// A die for a seed; all that is asked of it is to differ between seeds.
fn dice(seed: u64) -> impl FnMut(usize) -> usize {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    move |sides| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap() % sides
    }
}

/// A directory of a test's own on the machine's disk.
struct Dir(PathBuf);

impl Dir {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("chat-store-{}-{number}", process::id())))
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Anything that a room appends, with few names, sessions and ids, so that they come again.
fn any_record() -> impl Strategy<Value = Record> {
    let kind = prop_oneof![Just(Kind::Joined), Just(Kind::Left), Just(Kind::Said)];
    let text = prop_oneof![
        any::<String>().prop_map(|text| printable(&text).into_owned()),
        (0_usize..3000).prop_map(|length| "x".repeat(length)),
    ];
    let id = prop_oneof!["[0-3]", any::<String>()];
    (
        any::<u64>(),
        kind,
        prop_oneof!["[a-d]", "[a-z0-9][a-zA-Z0-9._-]{0,31}"],
        text,
        option::of((0_u8..3).prop_map(|session| SessionId([session; 32]))),
        option::of(id),
    )
        .prop_map(|(at, kind, name, text, sender, id)| Record {
            room: RoomName::LOBBY,
            seq: 0,
            at,
            kind,
            name: Name::parse(&name).unwrap(),
            text: text.into(),
            sender,
            id: id.map(Into::into),
        })
}

/// One thing that is done to a log.
#[derive(Clone, Debug)]
enum Step {
    Append(Vec<Record>),
    Upkeep(usize),
    Reopen,
}

fn any_steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => prop::collection::vec(any_record(), 0..12).prop_map(Step::Append),
        3 => (1_usize..5).prop_map(Step::Upkeep),
        1 => Just(Step::Reopen),
    ];
    prop::collection::vec(step, 1..most).prop_map(|mut steps| {
        let mut seq = 1..;
        for step in &mut steps {
            if let Step::Append(records) = step {
                records
                    .iter_mut()
                    .zip(&mut seq)
                    .for_each(|(record, seq)| record.seq = seq);
            }
        }
        steps
    })
}
