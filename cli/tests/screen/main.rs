//! The full screen, drawn: stories as snapshots, and what was drawn from seeds.

mod drawn;
mod keys;
mod stories;
mod world;
