//! The editor on an emulated terminal: sessions drawn from seeds, and some that were thought of.
//!
//! `CHAT_SESSIONS=1000000 cargo test --release -p chat-cli --test editor -- --nocapture drawn` draws as many.

mod drawn;
#[path = "../draws/mod.rs"]
mod draws;
mod passwords;
mod pastes;
mod questions;
mod sessions;
mod world;
