//! The limits of one host, as options.

use crate::option_value::{Trimmed, whole};
use chat_core::{HostLimits, Rate};
use clap::builder::BoolValueParser;

/// What one host is granted.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Limits of one host: an IPv4 address, or an IPv6 network of 64 bits")]
pub struct Hosts {
    /// Connections at once; 0 sets no limit
    #[arg(long, value_name = "N", default_value_t = HostLimits::default().connections, value_parser = whole::<usize>(0, u64::MAX))]
    host_connections: usize,

    /// Connections that have not joined yet; 0 sets no limit
    #[arg(long, value_name = "N", default_value_t = HostLimits::default().unjoined, value_parser = whole::<usize>(0, u64::MAX))]
    host_unjoined: usize,

    /// Joins a minute; 0 sets no limit
    #[arg(long, value_name = "N", default_value_t = HostLimits::default().joins.count, value_parser = whole::<u64>(0, u64::MAX))]
    host_joins: u64,

    /// Sessions that wait for their client to come back; with one more, the oldest of the host leaves.
    /// 0 sets no limit
    #[arg(long, value_name = "N", default_value_t = HostLimits::default().detached, value_parser = whole::<usize>(0, u64::MAX))]
    host_detached: usize,

    /// Sessions asked for, in a minute, with a token that the server does not know; 0 sets no limit
    #[arg(long, value_name = "N", default_value_t = HostLimits::default().tokens.count, value_parser = whole::<u64>(0, u64::MAX))]
    host_tokens: u64,

    /// Limit what comes from this machine (127.0.0.0/8 and `::1`) as what comes from any other host
    #[arg(long, value_parser = Trimmed(BoolValueParser::new()))]
    pub limit_loopback: bool,
}

impl Hosts {
    /// The limits that were given.
    pub fn limits(&self) -> HostLimits {
        HostLimits {
            connections: self.host_connections,
            unjoined: self.host_unjoined,
            joins: Rate::per_minute(self.host_joins, self.host_joins),
            detached: self.host_detached,
            tokens: Rate::per_minute(self.host_tokens, self.host_tokens),
            ..HostLimits::default()
        }
    }
}
