//! What the binaries `chat-server`, `chat-client` and `chat-bench` are made of: addresses, the
//! terminal, the transcript on standard output, load.

pub mod address;
pub mod bench;
pub mod signals;
pub mod terminal;
pub mod transcript;
pub mod writer;
