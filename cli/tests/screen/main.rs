//! The full screen, drawn: stories as snapshots, and what was drawn from seeds.

mod cost;
mod documents;
mod drawn;
#[path = "../draws/mod.rs"]
mod draws;
mod joining;
mod keys;
mod mouse;
mod rooms;
mod sides;
mod soak;
mod stories;
mod words;
mod world;
