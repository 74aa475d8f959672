//! Values that everything else speaks of, each valid from the beginning.

pub(crate) mod conn_id;
pub(crate) mod device;
pub(crate) mod entry;
pub(crate) mod hex;
pub(crate) mod limits;
pub(crate) mod look;
pub(crate) mod name;
pub(crate) mod network;
pub(crate) mod order;
pub(crate) mod peer;
pub(crate) mod rate;
pub(crate) mod rights;
pub(crate) mod room_name;
pub(crate) mod secret;
pub(crate) mod spelling;
pub(crate) mod time;
pub(crate) mod verifier;
pub(crate) mod waiting;
