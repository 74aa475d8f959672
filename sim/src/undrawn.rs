//! What drawn worlds leave out so far, and the rare paths that they do not come by for that: tests of the core do.

use chat_core::mark::Mark;

/// Programs, and people whose client resumes, go from room to room. People of the text dialect do in any case. One world in
/// some 20,000, and around a store one in 80,000, finds what judges it at a loss, or a client that was not shown an entry of its
/// first moments in a room: to look for these, say `true`.
pub const PROGRAMS_IN_ROOMS: bool = false;

/// In drawn worlds no password is taken, and programs stay in the lobby.
pub const UNDRAWN: &[Mark] = &[
    Mark::NameClaimed,
    Mark::RenameClaimed,
    Mark::Claimed,
    Mark::LoggedIn,
    Mark::Displaced,
    Mark::CameBack,
    Mark::DeviceGaveWay,
    Mark::DeviceRefused,
    Mark::AccountsFull,
    Mark::HashesFull,
    Mark::GuessesFull,
    Mark::RoomsFull,
    Mark::RoomsInOneWrite,
    Mark::JoinedRoom,
    Mark::NotInRoom,
    Mark::RoomsCutShort,
    Mark::GatheredInPart,
    Mark::InTooManyRooms,
    Mark::RenamedInRooms,
    Mark::PartedRoom,
    Mark::LastRoom,
    Mark::ResumedInRoom,
    Mark::ClientMoves,
    Mark::ClientMoveRefused,
];
