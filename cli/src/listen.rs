//! Where a server listens: every address of what it was told, each once.

use crate::address::Address;
use chat_net::{Listener, TcpListener};
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// How often a port is looked for that is free on each of several addresses.
const ATTEMPTS: usize = 32;

/// An address that one of those that were given stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    address: SocketAddr,
    /// Which of those given, by number.
    of: usize,
}

/// Listens on every address that `given` stands for.
///
/// What is given twice, or is a part of `0.0.0.0` or `[::]` that is given for the same port, is
/// listened on once. `[::]` has IPv4 connections too, unless an IPv4 address is given for its port.
/// With port 0, all addresses of one name have the same port, which the system chooses.
///
/// Where a name has several addresses, those that this machine does not have are left out, and told
/// through `tracing`; one at least has to be left.
///
/// # Errors
/// When a name is not known, or an address is in use or not this machine's; the message names it.
pub fn listen(given: &[Address]) -> io::Result<Vec<TcpListener>> {
    let mut places = Vec::new();
    for (of, address) in given.iter().enumerate() {
        let found = address.resolve().map_err(|error| failed(address, &error))?;
        places.extend(found.into_iter().map(|address| Place { address, of }));
    }
    let places = distinct(&places);
    let mut listeners = Vec::new();
    for (of, address) in given.iter().enumerate() {
        let own: Vec<_> = places.iter().filter(|place| place.of == of).collect();
        let (mut here, mut missing) = (Vec::new(), Vec::new());
        for attempt in 1..=ATTEMPTS {
            here.clear();
            missing.clear();
            match listen_on(&own, &places, &mut here, &mut missing) {
                Ok(()) => break,
                Err((_, error))
                    if is_taken(&error)
                        && !here.is_empty()
                        && attempt < ATTEMPTS
                        && own.iter().all(|place| place.address.port() == 0) => {}
                Err((at, error)) => return Err(failed(at, &error)),
            }
        }
        for (at, error) in missing {
            if here.is_empty() {
                return Err(failed(at, &error));
            }
            tracing::warn!(%at, of = %address, %error, "this address is not listened on");
        }
        listeners.append(&mut here);
    }
    Ok(listeners)
}

fn failed(at: impl std::fmt::Display, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot listen on {at}: {error}"))
}

/// Listens on the addresses of one that was given; they are the only ones without a port, if any is.
fn listen_on(
    own: &[&Place],
    all: &[Place],
    here: &mut Vec<TcpListener>,
    missing: &mut Vec<(SocketAddr, io::Error)>,
) -> Result<(), (SocketAddr, io::Error)> {
    for place in own {
        let mut at = place.address;
        if at.port() == 0
            && let Some(first) = here.first()
        {
            at.set_port(first.local_addr().map_err(|error| (at, error))?.port());
        }
        let bound = if is_beside_v4(**place, all) {
            TcpListener::bind_v6_only(at)
        } else {
            TcpListener::bind(at)
        };
        match bound {
            Ok(listener) => here.push(listener),
            Err(error) if own.len() > 1 && is_not_here(&error) => missing.push((at, error)),
            Err(error) => return Err((at, error)),
        }
    }
    Ok(())
}

/// The places without those that others have already.
fn distinct(places: &[Place]) -> Vec<Place> {
    let is_part = |place: &Place, whole: &Place| {
        let any: IpAddr = match place.address {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        whole.address == (any, place.address.port()).into() && place.address != whole.address
    };
    let mut distinct: Vec<Place> = Vec::new();
    for place in places {
        let is_there = distinct.iter().any(|other| other.address == place.address)
            || places.iter().any(|whole| is_part(place, whole));
        // A port that the system chooses is another one each time.
        if place.address.port() == 0 || !is_there {
            distinct.push(*place);
        }
    }
    distinct
}

/// Whether it is `[::]`, and the IPv4 addresses of its port are others' business.
fn is_beside_v4(place: Place, all: &[Place]) -> bool {
    let same_port = |other: &&Place| match place.address.port() {
        0 => other.of == place.of,
        port => other.address.port() == port,
    };
    place.address.ip() == Ipv6Addr::UNSPECIFIED
        && all
            .iter()
            .filter(same_port)
            .any(|other| other.address.is_ipv4())
}

fn is_taken(error: &io::Error) -> bool {
    error.kind() == ErrorKind::AddrInUse
}

/// Whether this machine does not have an address, or addresses of that kind.
fn is_not_here(error: &io::Error) -> bool {
    #[cfg(unix)]
    let is_unknown_family =
        rustix::io::Errno::from_io_error(error) == Some(rustix::io::Errno::AFNOSUPPORT);
    #[cfg(not(unix))]
    let is_unknown_family = error.raw_os_error() == Some(10047); // WSAEAFNOSUPPORT
    matches!(
        error.kind(),
        ErrorKind::AddrNotAvailable | ErrorKind::Unsupported
    ) || is_unknown_family
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(of_each: &[&[&str]]) -> Vec<Place> {
        let of_each = of_each.iter().enumerate();
        of_each
            .flat_map(|(of, texts)| {
                texts.iter().map(move |text| Place {
                    address: text.parse().unwrap(),
                    of,
                })
            })
            .collect()
    }

    fn kept(of_each: &[&[&str]]) -> Vec<String> {
        let kept = distinct(&places(of_each));
        kept.iter().map(|place| place.address.to_string()).collect()
    }

    #[test]
    fn each_address_is_listened_on_once() {
        assert_eq!(kept(&[&["127.0.0.1:1"], &["127.0.0.1:1"]]), ["127.0.0.1:1"]);
        assert_eq!(
            kept(&[&["127.0.0.1:1", "[::1]:1"], &["[::1]:1"], &["[::1]:2"]]),
            ["127.0.0.1:1", "[::1]:1", "[::1]:2"]
        );
        assert_eq!(
            kept(&[&["127.0.0.1:0"], &["127.0.0.1:0"]]),
            ["127.0.0.1:0", "127.0.0.1:0"]
        );
    }

    #[test]
    fn a_part_of_every_address_is_no_other_address() {
        assert_eq!(kept(&[&["127.0.0.1:1"], &["0.0.0.0:1"]]), ["0.0.0.0:1"]);
        assert_eq!(kept(&[&["[::]:1"], &["[::1]:1"]]), ["[::]:1"]);
        assert_eq!(
            kept(&[
                &["0.0.0.0:1"],
                &["[::]:1"],
                &["127.0.0.1:2"],
                &["0.0.0.0:0"]
            ]),
            ["0.0.0.0:1", "[::]:1", "127.0.0.1:2", "0.0.0.0:0"]
        );
    }

    #[test]
    fn ipv6_leaves_ipv4_alone_where_that_is_given_too() {
        for (beside, of_each) in [
            (false, &[&["[::]:1"][..]][..]),
            (true, &[&["[::]:1"], &["0.0.0.0:1"]]),
            (true, &[&["[::]:1"], &["127.0.0.1:1"]]),
            (false, &[&["[::]:1"], &["127.0.0.1:2"]]),
            (false, &[&["[::]:0"], &["127.0.0.1:0"]]),
            (false, &[&["[::1]:1"], &["127.0.0.1:1"]]),
        ] {
            let all = places(of_each);
            assert_eq!(is_beside_v4(all[0], &all), beside, "{of_each:?}");
        }
    }
}
