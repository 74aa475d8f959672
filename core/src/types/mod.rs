//! Values that everything else speaks of, each valid from the beginning.

pub(crate) mod conn_id;
pub(crate) mod entry;
pub(crate) mod limits;
pub(crate) mod name;
pub(crate) mod peer;
pub(crate) mod rate;
pub(crate) mod room_name;
pub(crate) mod secret;
pub(crate) mod time;
