//! The rare paths that drawn worlds do not come by, for what they leave out: tests of the core do.

use chat_core::mark::Mark;

/// Nobody on the network comes back with a device: those who do are in worlds around a store, where these are not counted.
pub const UNDRAWN: &[Mark] = &[Mark::CameBack, Mark::DeviceGaveWay, Mark::DeviceRefused];
