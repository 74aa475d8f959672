//! The header with which a balancer tells whose a connection is (the PROXY protocol, versions 1 and 2).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The longest header of version 1, its ending included (section 2.1).
const LONGEST_TEXT: usize = 107;

/// The shortest one: `PROXY UNKNOWN` and its ending.
const SHORTEST_TEXT: usize = 15;

/// How version 2 begins (section 2.2).
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";

/// The bytes of a header of version 2 before what has a length of its own.
const FIXED: usize = 16;

/// The most bytes after these: addresses, and what a balancer adds that nobody here reads.
const MOST: usize = 4096;

/// What is known of a header by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    /// So many bytes more belong to it at least.
    More(usize),
    /// It is whole: whose connection it is, or nothing where it is the balancer's own.
    Whole(Option<SocketAddr>),
}

/// Reads the beginning of a header.
///
/// # Errors
/// When it is none.
pub(super) fn read(bytes: &[u8]) -> Result<Header, &'static str> {
    let common = bytes.len().min(SIGNATURE.len());
    if bytes[..common] == SIGNATURE[..common] {
        return binary(bytes);
    }
    text(bytes)
}

fn text(bytes: &[u8]) -> Result<Header, &'static str> {
    const WORD: &[u8] = b"PROXY ";
    const NONE: &str = "it sent no PROXY header";
    let common = bytes.len().min(WORD.len());
    if bytes[..common] != WORD[..common] {
        return Err(NONE);
    }
    let Some(line) = bytes.strip_suffix(b"\r\n") else {
        if bytes.len() >= LONGEST_TEXT {
            return Err("its PROXY header is too long");
        }
        let one_or_two = 2 - usize::from(bytes.ends_with(b"\r"));
        return Ok(Header::More(
            SHORTEST_TEXT
                .saturating_sub(bytes.len())
                .max(one_or_two)
                .min(LONGEST_TEXT - bytes.len()),
        ));
    };
    let line = str::from_utf8(line).map_err(|_| NONE)?;
    let mut words = line.split(' ').skip(1);
    let family = words.next();
    if family == Some("UNKNOWN") {
        return Ok(Header::Whole(None));
    }
    let mut word = || words.next().ok_or("its PROXY header is incomplete");
    let (source, _destination, port, _port) = (word()?, word()?, word()?, word()?);
    let ip: Option<IpAddr> = match family {
        Some("TCP4") => source.parse::<Ipv4Addr>().ok().map(IpAddr::from),
        Some("TCP6") => source.parse::<Ipv6Addr>().ok().map(IpAddr::from),
        _ => None,
    };
    let peer = ip.zip(port.parse().ok()).filter(|_| words.next().is_none());
    let (ip, port): (IpAddr, u16) = peer.ok_or("its PROXY header has no address")?;
    Ok(Header::Whole(Some((ip, port).into())))
}

fn binary(bytes: &[u8]) -> Result<Header, &'static str> {
    let Some((fixed, rest)) = bytes.split_first_chunk::<FIXED>() else {
        // As long as it could be the other version, no byte too many is asked for.
        return Ok(Header::More(
            FIXED - bytes.len() - usize::from(bytes.is_empty()),
        ));
    };
    let [.., command, family, high, low] = *fixed;
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length > MOST {
        return Err("its PROXY header is too long");
    }
    if rest.len() < length {
        return Ok(Header::More(length - rest.len()));
    }
    let port = |high, low| u16::from_be_bytes([high, low]);
    match (command, family) {
        (0x21, 0x11) => match rest.first_chunk::<12>() {
            Some(&[a, b, c, d, _, _, _, _, high, low, _, _]) => {
                let ip = Ipv4Addr::new(a, b, c, d);
                Ok(Header::Whole(Some((ip, port(high, low)).into())))
            }
            None => Err("its PROXY header is incomplete"),
        },
        (0x21, 0x21) => match (rest.first_chunk::<16>(), rest.get(32..36)) {
            (Some(ip), Some(&[high, low, _, _])) => {
                let ip = Ipv6Addr::from(*ip);
                Ok(Header::Whole(Some((ip, port(high, low)).into())))
            }
            _ => Err("its PROXY header is incomplete"),
        },
        // It is the balancer's own (LOCAL), or of a family that has no address for us.
        (0x20 | 0x21, _) => Ok(Header::Whole(None)),
        _ => Err("its PROXY header is of another version"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binary(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [&SIGNATURE[..], &[command, family], &length, rest].concat()
    }

    /// Reads it as a connection does: never more than what is asked for.
    fn all(bytes: &[u8]) -> Result<(Option<SocketAddr>, usize), &'static str> {
        let mut have = 0;
        loop {
            match read(&bytes[..have])? {
                Header::Whole(peer) => return Ok((peer, have)),
                Header::More(more) if have + more <= bytes.len() => {
                    assert!(more > 0);
                    have += more;
                }
                Header::More(_) => return Err("more"),
            }
        }
    }

    const V6: [u8; 36] = {
        let mut bytes = [0; 36];
        (bytes[0], bytes[1], bytes[15]) = (0x20, 0x01, 7);
        (bytes[32], bytes[33]) = (0x1f, 0x90);
        bytes
    };

    fn whole() -> Vec<(Vec<u8>, Option<&'static str>)> {
        let v4 = [192, 0, 2, 7, 10, 0, 0, 1, 0x1f, 0x90, 0x13, 0x88];
        let added = [&v4[..], &[4; 100]].concat();
        let most = [&v4[..], &[4; MOST - 12]].concat();
        vec![
            (
                b"PROXY TCP4 192.0.2.7 10.0.0.1 8080 5000\r\n".to_vec(),
                Some("192.0.2.7:8080"),
            ),
            (
                b"PROXY TCP6 2001::7 ::1 8080 5000\r\n".to_vec(),
                Some("[2001::7]:8080"),
            ),
            (b"PROXY UNKNOWN\r\n".to_vec(), None),
            (
                b"PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n".to_vec(),
                None,
            ),
            (binary(0x21, 0x11, &v4), Some("192.0.2.7:8080")),
            (binary(0x21, 0x11, &added), Some("192.0.2.7:8080")),
            (binary(0x21, 0x11, &most), Some("192.0.2.7:8080")),
            (binary(0x21, 0x21, &V6), Some("[2001::7]:8080")),
            (binary(0x20, 0, &[]), None),
            (binary(0x20, 0x11, &v4), None),
            (binary(0x21, 0x31, &[0; 216]), None),
        ]
    }

    #[test]
    fn a_header_tells_whose_the_connection_is_and_not_a_byte_after_it_is_read() {
        for (header, peer) in whole() {
            let peer = peer.map(|peer| peer.parse().unwrap());
            for after in [&b""[..], b"JOIN\n", &[22, 3, 1], b"\r\n"] {
                let bytes = [&header[..], after].concat();
                assert_eq!(all(&bytes), Ok((peer, header.len())), "{header:?}");
            }
        }
    }

    #[test]
    fn a_header_that_is_cut_anywhere_is_no_header_yet() {
        for (header, _) in whole() {
            for length in 0..header.len() {
                assert_eq!(
                    all(&header[..length]),
                    Err("more"),
                    "{length} of {header:?}"
                );
            }
        }
    }

    #[test]
    fn what_is_no_header_is_found_out() {
        let long = format!("PROXY UNKNOWN {}\r\n", "x".repeat(LONGEST_TEXT - 16));
        assert_eq!(all(long.as_bytes()), Ok((None, LONGEST_TEXT)));
        for text in [
            &format!("PROXY UNKNOWN {}\r\n", "x".repeat(LONGEST_TEXT - 15)),
            "JOIN\nJOIN\nJOIN\nJOIN\n",
            "PROXY TCP4 192.0.2.7 10.0.0.1 8080\r\n",
            "PROXY TCP4 192.0.2.7 10.0.0.1 8080 5000 1\r\n",
            "PROXY TCP4 192.0.2.7 10.0.0.1 65536 5000\r\n",
            "PROXY TCP4 2001::7 10.0.0.1 8080 5000\r\n",
            "PROXY TCP6 192.0.2.7 10.0.0.1 8080 5000\r\n",
            "PROXY UDP4 192.0.2.7 10.0.0.1 8080 5000\r\n",
            "PROXY  192.0.2.7 10.0.0.1 8080 5000\r\n",
        ] {
            let read = all(text.as_bytes());
            assert!(read.is_err_and(|error| error != "more"), "{text}: {read:?}");
        }
        for bytes in [
            binary(0x21, 0x11, &[0; 11]),
            binary(0x21, 0x21, &[0; 35]),
            binary(0x22, 0x11, &[0; 12]),
            binary(0x11, 0x11, &[0; 12]),
            binary(0x21, 0x11, &[0; MOST + 1]),
        ] {
            let read = all(&bytes);
            assert!(
                read.is_err_and(|error| error != "more"),
                "{bytes:?}: {read:?}"
            );
        }
    }
}
