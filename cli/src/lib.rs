//! What the binaries `chat-server`, `chat-client`, `chat` and `chat-bench` are made of: addresses, the
//! terminal, the full screen, the transcript on standard output, where history lies and how much of it, load.

pub mod address;
pub mod bench;
pub mod clock;
pub mod colour;
pub mod config;
pub mod connect;
pub mod device_label;
pub mod editor;
#[cfg(unix)]
pub mod endings;
pub mod history_dir;
pub mod hosts;
pub mod listen;
pub mod operator;
pub mod option_value;
mod output_watch;
pub mod paper;
#[cfg(unix)]
mod raw_terminal;
pub mod retention;
pub mod screen;
pub mod secret_file;
pub mod signals;
pub mod start_warnings;
pub mod terminal;
pub mod tls;
pub mod transcript;
pub mod upkeep;
pub mod writer;
