//! What `chat-bench` is made of: load for a chat server, and the check that everything that was
//! said was delivered exactly once and in one order for everyone.
//!
//! [`room::Room`] holds the members, all in one thread, over [`sockets`]. What they hear goes
//! through [`heard`] to [`deliveries`], [`order`] and [`notices`], which know what they should hear. The modes,
//! [`fanout`], [`latency`], [`idle`] and [`storm`], say what the members do, and [`report`] what was
//! found. [`abusers`] and [`askers`] are in the room to disturb them.

pub mod abusers;
pub mod askers;
pub mod deliveries;
pub mod fanout;
pub mod faults;
pub mod heard;
pub mod histogram;
pub mod history;
pub mod idle;
pub mod interrupt;
pub mod latency;
pub mod limits;
pub mod members;
pub mod message;
pub mod notices;
pub mod order;
pub mod progress;
pub mod report;
pub mod room;
pub mod server;
pub mod sockets;
pub mod storm;
pub mod stretch;
pub mod sum;
#[cfg(unix)]
pub mod takeover;
pub mod usage;
pub mod window;

use std::fmt;

/// Why there is no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// What was asked for cannot be done.
    Usage(String),
    /// The server cannot be reached.
    Unreachable(String),
    /// The server, or this machine, failed.
    Failed(String),
    /// The user interrupted the program.
    Interrupted,
}

impl Error {
    /// The exit code that says so.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Unreachable(_) => 3,
            Self::Failed(_) => 1,
            Self::Interrupted => interrupt::EXIT_CODE,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(message) | Self::Unreachable(message) | Self::Failed(message) => {
                f.write_str(message)
            }
            Self::Interrupted => f.write_str("interrupted"),
        }
    }
}

impl std::error::Error for Error {}
