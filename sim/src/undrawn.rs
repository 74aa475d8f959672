//! The rare paths that drawn worlds do not come by, for what they leave out: tests of the core do.

use chat_core::mark::Mark;

/// In drawn worlds, nobody comes back with a device, removes a line or writes to the owner of a name, and few passwords are tried.
pub const UNDRAWN: &[Mark] = &[
    Mark::CameBack,
    Mark::DeviceGaveWay,
    Mark::DeviceRefused,
    Mark::HashesFull,
    Mark::GuessesFull,
    Mark::WordsWait,
    Mark::InboxFull,
    Mark::InboxOldestRead,
    Mark::InboxTold,
    Mark::InboxSent,
    Mark::InboxRead,
    Mark::ConversationOpened,
    Mark::ConversationLetGo,
    Mark::Redacted,
    Mark::RedactedUnsent,
    Mark::RedactedWhileRead,
];

/// What worlds on the network rarely come by, and those around a store often.
pub const DRAWN_AROUND_A_STORE: &[Mark] = &[
    Mark::NameClaimed,
    Mark::RenameClaimed,
    Mark::LoggedIn,
    Mark::Displaced,
    Mark::AccountsFull,
    Mark::RemovedInBackfill,
    Mark::ReaderSentAway,
];
