//! TLS: what a server proves who it is with, and whom a client trusts.

pub mod certificate;
pub mod client;
pub mod fingerprint;
pub mod known_servers;
pub mod parting;
pub mod reload;
pub mod server;
pub mod trust;
pub mod validity;
