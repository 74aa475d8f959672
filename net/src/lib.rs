#![doc = include_str!("../README.md")]

pub mod client;
mod connection_log;
mod control;
mod listener;
mod mailbox;
mod memory;
mod metrics;
mod ready;
mod server;
mod socket;
mod socket_options;
pub mod store;
mod store_reader;
mod store_writer;
mod tcp;

pub use control::{Control, Controlled, Members, NoAnswer, control};
pub use listener::{Listener, TcpListener, connect};
pub use memory::MemoryFile;
pub use metrics::Metrics;
pub use server::{Options, serve};
