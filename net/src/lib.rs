#![doc = include_str!("../README.md")]

pub mod client;
mod keeping;
mod listener;
mod memory;
mod options;
mod reading;
mod ready;
mod server;
mod socket;
pub mod store;
mod tcp;
mod visits;

pub use listener::{Listener, TcpListener, connect};
pub use memory::MemoryFile;
pub use server::{Options, serve};
