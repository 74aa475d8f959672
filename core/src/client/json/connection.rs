//! One connection of a client that may have many, one after the other.

use super::names::Asked;
use super::rooms::{Joining, Seat};
use crate::client::banner::Banner;
use crate::types::limits::MAX_JSON_LINE;
use crate::types::room_name::RoomName;
use crate::types::secret::Secret;
use crate::types::time::Timestamp;
use crate::wire::line::LineReader;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

/// What is of one connection, and is forgotten with it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Connection {
    pub(super) reader: LineReader,
    pub(super) unsent: Secret<VecDeque<u8>>,
    /// When it was welcomed.
    pub(super) since: Option<Timestamp>,
    /// What came first.
    pub(super) banner: Banner,
    /// The server was asked whether it is there.
    pub(super) asked: bool,
    /// Until when it was shown that the server reads slowly.
    pub(super) slow_until: Option<Timestamp>,
    /// What was said to one person alone, and is not answered yet: the id, and the text.
    pub(super) private: VecDeque<(String, Secret<String>)>,
    /// The name for which its first line had a device.
    pub(super) device_of: Option<String>,
    /// The rooms of which the server knows from its first line, or from a request, how far they were shown.
    pub(super) named: Vec<RoomName>,
    /// The rooms that it is in.
    pub(super) seats: BTreeMap<RoomName, Seat>,
    /// The requests to be in a room that are not answered yet.
    pub(super) joins: Vec<Joining>,
    /// It was not let into the room where the person is.
    pub(super) is_not_let_in: bool,
    /// The room whose topic was asked for, without the person having done so.
    pub(super) topic_of: Option<RoomName>,
    /// What it was asked for of the names in a room.
    pub(super) names: Asked,
    /// So many times it was asked, for the help, what the person is in a room, and has not answered.
    pub(super) helps: u32,
    /// Rooms, none for the lobby, for which something was said too soon, and when it is sent again.
    pub(super) held: BTreeMap<Option<String>, Timestamp>,
    /// Something else than an object came before the welcome.
    pub(super) is_text: bool,
    /// The server gave a reason of its own for closing.
    pub(super) goodbye: bool,
    /// It asked not to be tried before that.
    pub(super) retry_after: Duration,
    /// Trying again is of no use: it said so.
    pub(super) is_final: bool,
}

impl Connection {
    pub(super) fn new() -> Self {
        Self {
            reader: LineReader::new(MAX_JSON_LINE),
            unsent: Secret::default(),
            since: None,
            banner: Banner::default(),
            asked: false,
            slow_until: None,
            private: VecDeque::new(),
            device_of: None,
            named: Vec::new(),
            seats: BTreeMap::new(),
            joins: Vec::new(),
            is_not_let_in: false,
            topic_of: None,
            names: Asked::default(),
            helps: 0,
            held: BTreeMap::new(),
            is_text: false,
            goodbye: false,
            retry_after: Duration::ZERO,
            is_final: false,
        }
    }
}
