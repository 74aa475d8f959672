#![doc = include_str!("../README.md")]

pub mod client;
mod connection_log;
mod control;
mod either;
mod hashing;
mod listener;
mod mailbox;
mod memory;
mod metrics;
pub mod proxy;
mod ready;
mod server;
mod socket;
mod socket_options;
pub mod store;
mod store_reader;
mod store_writer;
mod tcp;
pub mod tls;
mod underway;

pub use control::{Admin, Control, Controlled, Drained, Members, NoAnswer, Ordered, control};
pub use either::Either;
pub use hashing::Hasher;
pub use listener::{Listener, TcpListener, TurnedAway, connect};
pub use memory::MemoryFile;
pub use metrics::Metrics;
pub use server::{Options, serve};
