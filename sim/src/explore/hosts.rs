//! Where the clients of a drawn world connect from.

use super::world::{Address, Server};
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
    limit_loopback: bool,
    /// Tokens are guessed.
    pub(super) guesses: bool,
}

impl Hosts {
    /// Has dice of its own, so that all else that is drawn from a seed stays what it is.
    pub(super) fn draw(seed: u64) -> Self {
        let mut dice = Dice::new(seed, 6);
        Self {
            count: if dice.one_in(3) { 0 } else { 1 + dice.below(5) },
            some_here: dice.one_in(2),
            limit_loopback: dice.one_in(3),
            guesses: dice.one_in(4),
            dice,
        }
    }

    /// Some are on other hosts.
    pub(super) fn besiege(&mut self) {
        self.count = self.count.max(1 + self.dice.below(3));
    }

    /// Limits that so many clients meet, some of them; more of them for `all`.
    pub(super) fn limit(&mut self, server: &mut Server, clients: usize, all: bool) {
        let rare = if all { 2 } else { 3 };
        server.limit_loopback = self.limit_loopback;
        let mut small = |field: &mut usize, least: usize, most: usize| {
            if self.dice.one_in(rare) {
                *field = least + self.dice.below(most - least + 1);
            }
        };
        small(&mut server.host_connections, 1, clients);
        small(&mut server.host_unjoined, 1, 3);
        small(&mut server.host_refusals, 1, 2);
        small(&mut server.host_detached, 1, 2);
        let mut small_rate = |field: &mut u64, most: usize| {
            if self.dice.one_in(rare) {
                *field = 1 + self.dice.below(most) as u64;
            }
        };
        small_rate(&mut server.host_joins, clients.max(4));
        small_rate(&mut server.host_tokens, 3);
        small_rate(&mut server.give_way, 4);
        small_rate(&mut server.first_line_end_ms, 4000);
        if self.dice.one_in(8) {
            server.give_way = 0;
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
