//! Where connections come from.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The far end of a connection: a host, and a port there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Peer {
    pub(crate) host: Host,
    pub(crate) port: u16,
    /// What travels between it and the server is encrypted.
    is_encrypted: bool,
}

impl Peer {
    /// It, with what travels between it and the server encrypted, or not.
    #[must_use]
    pub fn encrypted(self, is_encrypted: bool) -> Self {
        Self {
            is_encrypted,
            ..self
        }
    }

    /// Whether a secret can come from it unseen: it is encrypted, or does not leave this machine.
    pub(crate) fn is_private(self) -> bool {
        self.is_encrypted || self.host.is_loopback()
    }
}

impl From<SocketAddr> for Peer {
    fn from(address: SocketAddr) -> Self {
        Self {
            host: Host::of(address.ip()),
            port: address.port(),
            is_encrypted: false,
        }
    }
}

/// A port of this machine.
impl From<u16> for Peer {
    fn from(port: u16) -> Self {
        SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into()
    }
}

/// What connections are counted by: an IPv4 address, or the /64 network of an IPv6 address, since
/// whoever has one address of such a network has all of them (RFC 4291, section 2.5.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Host(IpAddr);

impl Host {
    /// The host that has an address. An IPv4 address mapped into IPv6 is the IPv4 address.
    pub fn of(address: IpAddr) -> Self {
        let address = address.to_canonical();
        Self(match address {
            IpAddr::V6(v6) if !v6.is_loopback() => {
                Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into()
            }
            _ => address,
        })
    }

    /// Its address; the first one, where it is a network.
    pub(crate) fn address(self) -> IpAddr {
        self.0
    }

    /// Whether it is this machine.
    pub fn is_loopback(self) -> bool {
        self.0.is_loopback()
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V6(v6) if !v6.is_loopback() => write!(f, "{v6}/64"),
            address => address.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn host(address: &str) -> Host {
        Host::of(address.parse().unwrap())
    }

    #[test]
    fn a_host_is_an_ipv4_address_or_a_network_of_64_bits() {
        assert_eq!(host("192.0.2.7").to_string(), "192.0.2.7");
        assert_ne!(host("192.0.2.7"), host("192.0.2.8"));
        assert_eq!(host("::ffff:192.0.2.7"), host("192.0.2.7"));
        assert_eq!(
            host("2001:db8:1:2::1"),
            host("2001:db8:1:2:ffff:ffff:ffff:ffff")
        );
        assert_ne!(host("2001:db8:1:2::1"), host("2001:db8:1:3::1"));
        assert_eq!(host("2001:db8:1:2::1").to_string(), "2001:db8:1:2::/64");
    }

    #[test]
    fn a_secret_comes_unseen_from_this_machine_or_encrypted() {
        let far = Peer::from(SocketAddr::from(([192, 0, 2, 7], 1)));
        assert!(!far.is_private());
        assert!(far.encrypted(true).is_private());
        assert!(!far.encrypted(true).encrypted(false).is_private());
        assert!(Peer::from(1).is_private());
    }

    #[test]
    fn loopback_is_this_machine() {
        for address in ["127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1"] {
            assert!(host(address).is_loopback());
        }
        assert_eq!(host("::1").to_string(), "::1");
        assert_eq!(Peer::from(1).host, host("127.0.0.1"));
        for address in ["128.0.0.1", "::2", "::"] {
            assert!(!host(address).is_loopback());
        }
    }
}
