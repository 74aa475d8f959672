//! A harness that drives the real binaries, `chat-server`, `chat-client` and `chat`, over real sockets on the loopback
//! interface. The tests themselves are in `tests/tests/`, one file per theme.
//!
//! Nothing here sleeps and hopes: every wait ends when what it waits for has happened, and panics with what did happen
//! when that takes longer than [`DEADLINE`].

#![allow(
    clippy::missing_panics_doc,
    reason = "a harness reports what is wrong by panicking"
)]

mod binaries;
mod client;
mod dir;
#[cfg(target_os = "linux")]
mod linux;
mod output;
mod process;
mod raw;
mod server;
#[cfg(unix)]
mod terminal;
mod wait;

pub use binaries::{chat, chat_client, chat_server};
pub use client::{Client, Finished, run_client};
pub use dir::Dir;
#[cfg(target_os = "linux")]
pub use linux::{Memory, cpu_time, memory};
pub use output::Output;
pub use process::{Process, raise_descriptor_limit};
pub use raw::Raw;
#[cfg(unix)]
pub use rustix::process::Signal;
pub use server::{Server, loopback};
#[cfg(unix)]
pub use terminal::{Terminal, in_a_window};
pub use wait::{DEADLINE, eventually, times};
