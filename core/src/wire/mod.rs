//! The wire: bytes become lines, and lines requests; entries and notices become lines.

pub(crate) mod answer;
pub(crate) mod asked;
pub(crate) mod commands;
pub(crate) mod devices;
pub(crate) mod dialect;
pub mod foreign;
pub(crate) mod inbox;
pub mod json;
pub(crate) mod line;
pub(crate) mod nearest;
pub(crate) mod notice;
pub(crate) mod printable;
pub(crate) mod request_id;
pub(crate) mod short;
pub(crate) mod telnet;
pub(crate) mod text;
