//! The rare paths that drawn worlds do not come by, for what they leave out: tests of the core do.

use chat_core::mark::Mark;

/// Nobody on the network comes back with a device, as those who do are in worlds around a store, where these are not counted; nor do
/// two owners of names talk to each other alone, or anybody removes a line.
pub const UNDRAWN: &[Mark] = &[
    Mark::CameBack,
    Mark::DeviceGaveWay,
    Mark::DeviceRefused,
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
];
