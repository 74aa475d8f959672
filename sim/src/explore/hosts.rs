//! Where the clients of a drawn world connect from.

use super::world::Address;
use crate::dice::Dice;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// How many clients share a host, and how.
pub(super) struct Hosts {
    dice: Dice,
    /// How many there are besides the server's own machine.
    count: usize,
    /// Some are on that one.
    some_here: bool,
    /// The limits of hosts are those of that one, too.
    pub(super) limit_loopback: bool,
}

impl Hosts {
    /// Has dice of its own, so that all else that is drawn from a seed stays what it is.
    pub(super) fn draw(seed: u64) -> Self {
        let mut dice = Dice::new(seed, 6);
        Self {
            count: if dice.one_in(3) { 0 } else { 1 + dice.below(5) },
            some_here: dice.one_in(2),
            limit_loopback: dice.one_in(3),
            dice,
        }
    }

    /// Where somebody connects from with this port. The addresses are those for documentation (RFC 5737,
    /// RFC 3849); of an IPv6 network, several are one host.
    pub(super) fn address(&mut self, port: u16) -> Address {
        if self.count == 0 || self.some_here && self.dice.one_in(3) {
            return Address::Here(port);
        }
        let host = u8::try_from(self.dice.below(self.count)).unwrap_or(0);
        let address: IpAddr = if host % 2 == 0 {
            Ipv4Addr::new(192, 0, 2, 1 + host).into()
        } else {
            let mate = 1 + u16::try_from(self.dice.below(3)).unwrap_or(0);
            Ipv6Addr::new(0x2001, 0xdb8, 0, host.into(), 0, 0, 0, mate).into()
        };
        Address::At(SocketAddr::new(address, port))
    }
}
