//! Networks: addresses that begin alike, as an operator names them.

use crate::types::peer::Host;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The widest networks that may be named, by the bits that their addresses have in common.
const WIDEST_V4: u32 = 8;
const WIDEST_V6: u32 = 16;

/// So many bits of an IPv6 address say which host it is of ([`Host`]).
const HOST_V6: u32 = 64;

/// So many bits of an IPv6 address say that it is an IPv4 address (RFC 4291, section 2.5.5.2).
const MAPPED: u32 = Ipv6Addr::BITS - Ipv4Addr::BITS;

/// An address, or a network of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network {
    /// Its first address.
    first: IpAddr,
    /// So many bits do all of its addresses have in common.
    bits: u32,
}

impl Network {
    /// Reads an address, or an address, a slash, and how many bits of it count: `192.0.2.7`, `192.0.2.0/24`,
    /// `2001:db8::/32`. At least 8 bits of an IPv4 address count, and 16 of an IPv6 address; of the latter, 64 at most, as
    /// whoever has one address of such a network has all of them.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) if bits.bytes().all(|b| b.is_ascii_digit()) => {
                (address, Some(bits.parse::<u32>().ok()?))
            }
            Some(_) => return None,
            None => (text, None),
        };
        let given: IpAddr = address.parse().ok()?;
        // An IPv4 address mapped into IPv6 is the IPv4 address, as with hosts.
        let address = given.to_canonical();
        let bits = match bits {
            Some(bits) if address != given => Some(bits.checked_sub(MAPPED)?),
            bits => bits,
        };
        let (widest, all) = match address {
            IpAddr::V4(_) => (WIDEST_V4, Ipv4Addr::BITS),
            IpAddr::V6(_) => (WIDEST_V6, Ipv6Addr::BITS),
        };
        let bits = bits.unwrap_or(all);
        (widest..=all)
            .contains(&bits)
            .then(|| Self::of(address, bits))
    }

    /// Whether whoever writes this means an address or a network, be it one or not, and no name: it has what only these have, or is
    /// of digits and points alone, and of what people write for ranges of numbers.
    pub(crate) fn is_meant_by(text: &str) -> bool {
        let is_of_them = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '*');
        text.contains([':', '/']) || text.contains('.') && text.chars().all(is_of_them)
    }

    /// Whether all of it is this machine.
    pub fn is_loopback(self) -> bool {
        let all = match self.first {
            IpAddr::V4(_) => WIDEST_V4,
            IpAddr::V6(_) => HOST_V6,
        };
        // Of the network of ::1, no other address is anybody's.
        let is_of_one = self.first == IpAddr::V6(Ipv6Addr::UNSPECIFIED);
        self.bits >= all && (self.first.is_loopback() || is_of_one)
    }

    /// The network of a host.
    pub(crate) fn of_host(host: Host) -> Self {
        let address = host.address();
        let all = if address.is_ipv4() {
            Ipv4Addr::BITS
        } else {
            Ipv6Addr::BITS
        };
        Self::of(address, all)
    }

    fn of(address: IpAddr, bits: u32) -> Self {
        let bits = match address {
            IpAddr::V6(_) => bits.min(HOST_V6),
            IpAddr::V4(_) => bits,
        };
        let first = masked(address, bits);
        Self { first, bits }
    }

    /// Whether a host is in it.
    pub(crate) fn has(self, host: Host) -> bool {
        let address = host.address();
        address.is_ipv4() == self.first.is_ipv4() && masked(address, self.bits) == self.first
    }
}

/// An address without what stands after so many bits.
fn masked(address: IpAddr, bits: u32) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(Ipv4Addr::BITS - bits).unwrap_or(0);
            Ipv4Addr::from_bits(v4.to_bits() & mask).into()
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(Ipv6Addr::BITS - bits).unwrap_or(0);
            Ipv6Addr::from_bits(v6.to_bits() & mask).into()
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.first {
            IpAddr::V4(v4) if self.bits == Ipv4Addr::BITS => v4.fmt(f),
            first => write!(f, "{first}/{}", self.bits),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn a_network_is_read_as_it_is_written() {
        for (text, written) in [
            ("192.0.2.7", "192.0.2.7"),
            ("192.0.2.7/32", "192.0.2.7"),
            ("192.0.2.7/24", "192.0.2.0/24"),
            ("10.1.2.3/8", "10.0.0.0/8"),
            ("2001:db8:1:2::7", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::7/128", "2001:db8:1:2::/64"),
            ("2001:db8::/32", "2001:db8::/32"),
            ("2001:db8::/16", "2001::/16"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7/120", "192.0.2.0/24"),
        ] {
            let network = Network::parse(text).unwrap();
            assert_eq!(network.to_string(), written);
            assert_eq!(Network::parse(written), Some(network));
        }
        for text in [
            "",
            "ann",
            "192.0.2",
            "192.0.2.7/",
            "192.0.2.7/33",
            "192.0.2.7/7",
            "192.0.2.7/+8",
            "2001:db8::/15",
            "2001:db8::/129",
            "192.0.2.7/24/8",
            "192.0.2.7/4294967296",
            "::ffff:192.0.2.7/64",
        ] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_looks_like_an_address_is_told_from_a_name() {
        for text in [
            "192.0.2.7",
            "10.0.0.300",
            "10.0.0",
            "10.0.0.0/33",
            "fe80::zz",
            "[::1]:5000",
            "10.0.0.*",
            "10.0.0.1-20",
            "ann/8",
        ] {
            assert!(Network::is_meant_by(text), "{text}");
        }
        for text in [
            "",
            "ann",
            "7",
            "192-0-2-7",
            "**",
            "v1.2",
            "chat.example.org",
            "a.7",
        ] {
            assert!(!Network::is_meant_by(text), "{text}");
        }
    }

    #[test]
    fn this_machine_is_a_network_of_its_own() {
        let is_loopback = |text| Network::parse(text).unwrap().is_loopback();
        for text in ["127.0.0.1", "127.0.0.0/8", "::1", "::ffff:127.0.0.1"] {
            assert!(is_loopback(text), "{text}");
        }
        for text in ["126.0.0.1", "128.0.0.0/8", "::/16", "2001:db8::1"] {
            assert!(!is_loopback(text), "{text}");
        }
    }

    #[test]
    fn a_host_is_in_the_networks_that_its_address_begins_with() {
        let host = |text: &str| Host::of(text.parse().unwrap());
        let network = |text| Network::parse(text).unwrap();
        assert!(network("192.0.2.0/24").has(host("192.0.2.255")));
        assert!(!network("192.0.2.0/24").has(host("192.0.3.0")));
        assert!(network("192.0.2.7").has(host("::ffff:192.0.2.7")));
        assert!(!network("192.0.2.7").has(host("192.0.2.6")));
        assert!(network("2001:db8::/32").has(host("2001:db8:9::1")));
        assert!(network("2001:db8::1").has(host("2001:db8::2")));
        assert!(!network("2001:db8::/32").has(host("2001:db9::1")));
        assert_eq!(
            Network::of_host(host("2001:db8::1")),
            network("2001:db8::2")
        );
    }
}
