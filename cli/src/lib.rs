//! What the binaries `chat-server` and `chat-client` are made of: addresses, the
//! terminal, the transcript on standard output.

pub mod address;
pub mod terminal;
pub mod transcript;
pub mod writer;
