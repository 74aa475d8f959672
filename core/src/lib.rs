#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod client;
mod cursor;
pub mod foreign;
mod given;
pub mod json;
mod life;
mod limits;
mod line;
mod log;
#[cfg_attr(not(feature = "marks"), doc(hidden))]
pub mod mark;
mod name;
mod nearest;
mod record;
mod server;
mod stream;
mod telnet;
mod text;
mod time;

pub use client::json::phase as json_client_phase;
pub use client::json::{JsonClient, Memory, Setup, Unaccepted};
pub use client::text::{TextClient, phase as client_phase};
pub use client::{Client, ClientAction, ClientInput, Command, CommandError, Outcome};
pub use life::Transition;
pub use limits::{HostLimits, Limits, MAX_JSON_LINE, MAX_LINE, MAX_NAME, MAX_SERVER_LINE};
pub use line::{Line, LineReader};
pub use log::{History, Log};
pub use name::{InvalidName, Name};
pub use record::{Kind, Record, SessionId};
pub use server::phase as server_phase;
pub use server::{
    Action, CloseReason, ConnId, Host, Input, Origin, Parcel, Peer, Rate, Rates, Server, Timer,
};
pub use text::{Entry, FirstLine, Request, ServerLine, printable};
pub use time::Timestamp;
