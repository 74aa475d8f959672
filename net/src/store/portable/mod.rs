//! A log as lines of JSON: to keep a copy, to look into, to move it, to save what can be saved.
//!
//! The first line says which log it is and what is before the first entry, also the state of the room
//! then, or the directory of all rooms where there may be others than the lobby; then there is a line for each entry, and for those that are missing; the last has their number and
//! the chain's value, so that a file that was cut or changed shows. What version 1 of this program exported
//! is imported as well: there, the first line has who was in the room.

mod before;
mod chain;
mod export;
mod import;
mod line;
mod lines;

pub use export::{export, export_without_private};
pub use import::import;
