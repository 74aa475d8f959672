//! Connections that come through a balancer, which tells whose they are (the PROXY protocol).

mod header;

use crate::listener::Listener;
use crate::underway::Underway;
use header::Header;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout_at};

/// Connections of balancers whose header has not come yet, at once, per listener. With one more, the oldest of the
/// balancer that has most of them is given up.
pub const HEADERS: usize = 1024;

/// How long a header may take.
const DEADLINE: Duration = Duration::from_secs(5);

/// Why those are given up.
const CROWDED: &str = "too many others had sent no PROXY header yet";

/// The most connections taken from the inner listener in one call.
const ACCEPTS: usize = 64;

/// A network, by the first bits of its addresses: `10.0.0.0/8`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    ip: IpAddr,
    bits: u8,
}

impl Network {
    /// Whether an address is in it. An IPv4 address mapped into IPv6 is the IPv4 address.
    pub fn has(&self, address: IpAddr) -> bool {
        let differ = match (self.ip, address.to_canonical()) {
            (IpAddr::V4(a), IpAddr::V4(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros(),
            (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros(),
            _ => return false,
        };
        differ >= u32::from(self.bits)
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (ip, bits) = match text.split_once('/') {
            None => (text, None),
            Some((ip, bits)) => (ip, Some(bits)),
        };
        let ip: IpAddr = ip.parse().map_err(|_| format!("{ip:?} is no IP address"))?;
        let most = if ip.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), |bits| {
            let number = bits.parse().ok().filter(|bits| *bits <= most);
            number.ok_or_else(|| format!("after the / a number from 0 to {most} is wanted"))
        });
        Ok(Self { ip, bits: bits? })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.ip, self.bits)
    }
}

/// A listener that believes some peers whose the connection is that they pass on. Each connection of these begins
/// with a header; those of others are their own.
#[derive(Debug)]
pub struct ProxyListener<L: Listener> {
    inner: L,
    trusted: Vec<Network>,
    underway: Underway<L::Stream>,
}

impl<L: Listener> ProxyListener<L>
where
    L::Stream: 'static,
{
    /// Believes those whose addresses are in `trusted`. What waits for a header does so in a task on `runtime`.
    pub fn new(inner: L, trusted: Vec<Network>, runtime: &Handle) -> Self {
        Self {
            inner,
            trusted,
            underway: Underway::new(HEADERS, CROWDED, runtime.clone()),
        }
    }
}

impl<L: Listener> Listener for ProxyListener<L>
where
    L::Stream: 'static,
{
    type Stream = L::Stream;

    fn poll_accept(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<(Self::Stream, SocketAddr)>> {
        // Those who come by themselves do not keep those back who came through a balancer.
        if let Poll::Ready(ended) = self.underway.poll_next(cx) {
            return Poll::Ready(ended.map_err(io::Error::from));
        }
        for turn in 0.. {
            if turn == ACCEPTS {
                // There may be more.
                cx.waker().wake_by_ref();
                break;
            }
            if !self.underway.has_room() {
                break;
            }
            let Poll::Ready(accepted) = self.inner.poll_accept(cx) else {
                break;
            };
            let (stream, peer) = accepted?;
            if !self.trusted.iter().any(|network| network.has(peer.ip())) {
                return Poll::Ready(Ok((stream, peer)));
            }
            let header = read_header(stream, peer, Instant::now() + DEADLINE);
            self.underway.begin(peer, header);
        }
        self.underway.poll_next(cx).map_err(io::Error::from)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    fn is_encrypted(stream: &Self::Stream) -> bool {
        L::is_encrypted(stream)
    }

    fn reset(stream: Self::Stream) {
        L::reset(stream);
    }
}

/// Reads the header that comes first, and not a byte after it.
async fn read_header<S: AsyncRead + Unpin>(
    mut stream: S,
    balancer: SocketAddr,
    deadline: Instant,
) -> Result<(S, SocketAddr), String> {
    let mut bytes = Vec::new();
    loop {
        match header::read(&bytes)? {
            Header::Whole(peer) => return Ok((stream, peer.unwrap_or(balancer))),
            Header::More(more) => {
                let have = bytes.len();
                bytes.resize(have + more, 0);
                match timeout_at(deadline, stream.read_exact(&mut bytes[have..])).await {
                    Err(_) => return Err("its PROXY header took too long".into()),
                    Ok(Err(error)) => return Err(format!("its PROXY header: {error}")),
                    Ok(Ok(_)) => {}
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Network;

    #[test]
    fn a_network_has_the_addresses_that_begin_as_it_does() {
        for (network, has, has_not) in [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.0"),
            ("10.0.0.0/8", "::ffff:10.1.2.3", "::10.0.0.1"),
            ("192.0.2.7", "192.0.2.7", "192.0.2.6"),
            ("192.0.2.7/31", "192.0.2.6", "192.0.2.8"),
            ("0.0.0.0/0", "255.255.255.255", "::1"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("::1", "::1", "::2"),
            ("::/0", "::1", "127.0.0.1"),
        ] {
            let network: Network = network.parse().unwrap();
            assert!(network.has(has.parse().unwrap()), "{network} has {has}");
            assert!(
                !network.has(has_not.parse().unwrap()),
                "{network} has not {has_not}"
            );
        }
    }

    #[test]
    fn a_network_has_as_many_bits_as_an_address_at_most() {
        for text in [
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/-1",
            "10.0.0.0/",
            "10/8",
            "host",
            "",
        ] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
        for text in ["10.0.0.0/32", "::/128", "10.0.0.0/0"] {
            assert_eq!(text.parse::<Network>().unwrap().to_string(), text);
        }
    }
}
