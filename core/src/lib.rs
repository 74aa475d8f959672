#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod client;
mod life;
#[cfg_attr(not(feature = "marks"), doc(hidden))]
pub mod mark;
mod room;
mod server;
mod types;
mod wire;

pub use client::json::phase as json_client_phase;
pub use client::json::{
    Ignored, JsonClient, Memory, Named, OwnDevice, Place, Setup, Unaccepted, answer_line,
};
pub use client::text::{TextClient, phase as client_phase};
pub use client::{Client, ClientAction, ClientInput, Command, CommandError, Outcome};
pub use life::Transition;
pub use room::log::History;
pub use room::state::State;
pub use server::phase as server_phase;
pub use server::{
    Action, Banned, Census, CloseReason, Input, Logs, Origin, Outbox, Present, Round, Server,
    Timer, Usage, Whom,
};
pub use types::conn_id::ConnId;
pub use types::entry::{Entry, Kind, Record, SessionId};
pub use types::limits::{
    HostLimits, Limits, MAX_ACTION, MAX_AWAY, MAX_BANS, MAX_DEVICES, MAX_INVITED, MAX_JSON_LINE,
    MAX_KICK_REASON, MAX_LABEL, MAX_LINE, MAX_MUTES, MAX_NAME, MAX_OPERATORS, MAX_ORDER_REASON,
    MAX_ORDER_TIME, MAX_PASSWORD, MAX_PRIVATE, MAX_ROOM_NAME, MAX_ROOMS, MAX_SERVER_LINE, MAX_SLOW,
    MAX_TOPIC, MIN_PASSWORD,
};
pub use types::name::Name;
pub use types::network::Network;
pub use types::order::{ORDER_TIMES, Order, OrderKind};
pub use types::peer::{Host, Peer};
pub use types::rate::{Rate, Rates};
pub use types::rights::{May, RIGHTS, Right, Role};
pub use types::room_name::{InvalidRoomName, RoomName};
pub use types::secret::Secret;
pub use types::spelling::InvalidName;
pub use types::time::Timestamp;
pub use types::verifier::{HASH, SALT, Verifier};
pub use wire::asked::{Asked, Which};
pub use wire::commands::COMMAND_NAMES;
pub use wire::line::{Line, LineReader};
pub use wire::nearest::slips;
pub use wire::notice::names_of_roster;
pub use wire::printable::{is_blank, printable};
pub use wire::text::{FirstLine, Request, ServerLine};
pub use wire::{foreign, json};
