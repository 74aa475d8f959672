//! The rare paths that drawn worlds do not come by, for what they leave out: tests of the core do.

use chat_core::mark::Mark;

/// Without `--orders` no password is taken in drawn worlds, and nobody removes a line with or without; and in those without a
/// store, nothing waits for one.
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
    Mark::RemovedInBackfill,
    Mark::BackfillMakesWay,
    Mark::ReaderSentAway,
];
