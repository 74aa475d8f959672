//! Worlds around a store: servers that are killed and started again, clients that resume, and the
//! disk that outlives them all.
//!
//! Here the clients are the model. They know the log of each room as PROTOCOL.md has it, and hold all they are
//! sent against what is on the disk at that moment. Bytes go by a network that loses connections and
//! nothing else: what it does to bytes is explored elsewhere.
//!
//! The store is the shipped one, with small segments, on a disk in memory that loses what was not synced,
//! sector by sector and name by name, that ends or fails in the middle of anything, and that has no room for a
//! while. What the store has whenever it is opened, and what it answers, is held against a plain list.

mod client;
mod disk;
mod draw;
mod listener;
mod orders;
mod owner;
mod people;
mod person;
mod program;
mod sectors;
mod shipped;
mod stage;
mod wants;
mod world;

use crate::broken::{Broken, quietly};
use stage::Stage;
pub use stage::{HAPPENINGS, REQUIRED};
pub use world::{Client, Op, World};

/// What came of a world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Played {
    /// What happened, line by line, if it was asked for.
    pub story: Vec<String>,
    /// The invariant that was broken, if one was.
    pub broken: Option<Broken>,
    /// How often something was delivered.
    pub deliveries: u64,
    /// How often each of [`HAPPENINGS`] happened.
    pub happened: [u64; HAPPENINGS.len()],
}

/// Plays a world to its end, or until an invariant is broken. `tell` has its story told. The same world
/// gives the same, in any process.
pub fn play(world: &World, tell: bool) -> Played {
    let mut stage = Stage::new(world, tell);
    let broken = quietly(|| stage.run()).err();
    let broken = broken.map(|message| Broken::of_panic(&message, 0));
    Played {
        story: stage.story,
        broken,
        deliveries: stage.deliveries,
        happened: stage.happened,
    }
}
