//! Hosts, as the model counts them.

use std::net::{IpAddr, Ipv6Addr};

/// The host that has an address: of IPv6, the network of 64 bits; of this machine, the address.
pub(super) fn host_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(it) if it != Ipv6Addr::LOCALHOST => {
            let [a, b, c, d, ..] = it.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        it => it,
    }
}
