//! Keys and events by the million: what [`drawn`](crate::drawn) draws is small and can be shrunk, this is long.
//!
//! `CHAT_KEYS=10000000 cargo test --release -p chat-cli --test screen -- --nocapture millions` draws as many.

use crate::drawn::{KEYS, Step, TEXTS, check, take};
use crate::draws::next;
use crate::world::World;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Events of one screen, before there is another one.
const EVENTS: u64 = 2_000;

/// Of so many steps, the frame after one is drawn, as where many come at once.
const DRAWN: u64 = 8;

/// Of so many steps, one has what an emulated terminal shows compared with the frame, cell by cell.
const COMPARED: u64 = 64;

/// What is drawn from a seed.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> u64 {
        next(&mut self.0)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn place(&mut self, end: usize) -> usize {
        usize::try_from(self.below(end as u64)).expect("it is below")
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    fn places(&mut self, of: usize, most: u64) -> Vec<usize> {
        (0..self.below(most)).map(|_| self.place(of)).collect()
    }

    /// Columns and rows: small ones, where least fits in, as often as all others.
    fn size(&mut self) -> (u16, u16) {
        let (columns, rows) = match self.below(4) {
            0 => (1 + self.below(12), 1 + self.below(6)),
            1 => (1 + self.below(300), 1 + self.below(100)),
            _ => (1 + self.below(100), 1 + self.below(40)),
        };
        let of = |number: u64| u16::try_from(number).expect("it is small");
        (of(columns), of(rows))
    }

    fn step(&mut self) -> Step {
        match self.below(32) {
            0 => Step::Paste(self.places(TEXTS.len(), 12), self.place(6)),
            1..=4 => Step::Said(self.places(TEXTS.len(), 12), self.below(2) == 0),
            5 => Step::Moved(self.below(2) == 0, self.byte()),
            6 => Step::Page(self.byte()),
            7 => {
                let (columns, rows) = self.size();
                Step::Resize(columns, rows)
            }
            8 => Step::Link(self.byte()),
            9 => Step::Pending(self.byte()),
            10 => Step::Notice(self.places(TEXTS.len(), 12)),
            11 => Step::Later(u32::from(self.byte()) << self.below(20)),
            _ => Step::Keys(self.places(KEYS.len(), 5)),
        }
    }
}

fn events_of(step: &Step) -> u64 {
    match step {
        Step::Keys(keys) => keys.len() as u64,
        _ => 1,
    }
}

/// Tells which one it was where something panics.
struct Told(u64);

impl Drop for Told {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("in the screen with the number {}", self.0);
        }
    }
}

/// What happened to one screen.
#[derive(Default)]
struct Count {
    events: u64,
    frames: u64,
    compared: u64,
}

fn screen(number: u64) -> Count {
    let _told = Told(number);
    let mut draws = Draws(number);
    let (columns, rows) = draws.size();
    let mut world = World::online(columns, rows);
    let mut count = Count::default();
    while count.events < EVENTS {
        let step = draws.step();
        count.events += events_of(&step);
        take(&mut world, &step);
        world.typed.clear();
        if draws.below(COMPARED) == 0 {
            check(&mut world).unwrap_or_else(|error| panic!("{error} after {step:?}"));
            count.compared += 1;
        } else if draws.below(DRAWN) == 0 {
            count.frames += u64::from(world.screen.frame().is_some());
            // The terminal did not see it.
            world.forget();
        }
    }
    count
}

#[test]
fn millions_of_keys_and_events_at_all_sizes() {
    let set = |name: &str| std::env::var(name).ok().and_then(|it| it.parse().ok());
    let keys: u64 = set("CHAT_KEYS").unwrap_or(20_000);
    let first: u64 = set("CHAT_SEED").unwrap_or(0);
    let minutes: u64 = set("CHAT_MINUTES").unwrap_or(u64::MAX / 60);
    let begun = Instant::now();
    let (next, events) = (AtomicU64::new(first), AtomicU64::new(0));
    let (frames, compared) = (AtomicU64::new(0), AtomicU64::new(0));
    let is_over = || begun.elapsed() >= Duration::from_secs(minutes * 60);
    let run = || {
        while events.load(Ordering::Relaxed) < keys && !is_over() {
            let count = screen(next.fetch_add(1, Ordering::Relaxed));
            events.fetch_add(count.events, Ordering::Relaxed);
            frames.fetch_add(count.frames, Ordering::Relaxed);
            compared.fetch_add(count.compared, Ordering::Relaxed);
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        for one in all {
            one.join().expect("nothing panics");
        }
    });
    let [events, frames, compared] = [events, frames, compared].map(AtomicU64::into_inner);
    println!(
        "{events} keys and events on {} screens: {frames} frames drawn, {compared} more compared with a terminal, in {:?}",
        next.into_inner() - first,
        begun.elapsed()
    );
    assert!(is_over() || events >= keys);
    assert!(compared > 0 && frames > 0);
}
