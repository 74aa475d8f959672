//! What the binaries `chat-server`, `chat-client`, `chat` and `chat-bench` are made of: addresses, the
//! terminal, the full screen, the transcript on standard output, where history lies and how much of it, load.

pub mod address;
pub mod bench;
pub mod clock;
pub mod colour;
pub mod connect;
pub mod editor;
pub mod history_dir;
pub mod hosts;
pub mod listen;
mod output_watch;
pub mod retention;
pub mod screen;
pub mod signals;
pub mod start_warnings;
pub mod terminal;
pub mod transcript;
pub mod upkeep;
pub mod writer;
