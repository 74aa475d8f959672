//! The full screen, drawn: stories as snapshots, and what was drawn from seeds.

mod cost;
mod drawn;
mod keys;
mod soak;
mod stories;
mod world;
