//! Addresses as people write them.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::str::FromStr;

/// The port of the documented program.
pub const DEFAULT_PORT: u16 = 5000;

/// A host and a port, as a person writes them: `HOST:PORT`, `HOST` for port [`DEFAULT_PORT`], or
/// `PORT` for a port of this machine, 127.0.0.1. A host is a name, an IPv4 address in four decimal
/// numbers, or an IPv6 address, which stands in brackets if a port comes after it.
///
/// Nothing else is an address: the system's own functions take `127.1`, `0x7f000001` and `5000` for
/// IPv4 addresses (of those, the last is 0.0.19.136).
///
/// ```
/// use chat_cli::address::Address;
///
/// let written = |text: &str| text.parse().map(|address: Address| address.to_string());
/// assert_eq!(written("7106").unwrap(), "127.0.0.1:7106");
/// assert_eq!(written("::1").unwrap(), "[::1]:5000");
/// assert_eq!(written("chat.example.org").unwrap(), "chat.example.org:5000");
/// assert!(written("0x7f000001").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    host: Host,
    port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    Ip(IpAddr),
    /// An IPv6 address with its zone, such as `fe80::1%eth0`: the system knows which that is.
    Zoned(String),
    Name(String),
}

impl FromStr for Address {
    type Err = String;

    /// No name is looked up.
    fn from_str(text: &str) -> Result<Self, String> {
        if text.contains("://") {
            return Err("write HOST:PORT, without what stands before and with //".into());
        }
        if is_digits(text) {
            return here(text);
        }
        if let Some(rest) = text.strip_prefix('[') {
            let (inside, port) = rest.split_once(']').ok_or("the ] is missing")?;
            let host = v6(inside).ok_or_else(|| {
                format!("{inside:?} is not an IPv6 address; only such stands in brackets")
            })?;
            let port = match port.strip_prefix(':') {
                None if port.is_empty() => DEFAULT_PORT,
                None => return Err("after the ] comes :PORT or nothing".into()),
                Some(port) => self::port(port)?,
            };
            return Ok(Self { host, port });
        }
        match text.split_once(':') {
            None => Ok(Self {
                host: host(text)?,
                port: DEFAULT_PORT,
            }),
            Some((_, rest)) if rest.contains(':') => bare_v6(text),
            Some(("", port)) => here(port),
            Some((host, port)) => Ok(Self {
                port: self::port(port)?,
                host: self::host(host)?,
            }),
        }
    }
}

impl Address {
    /// Whether it is of this machine, as far as it says so by itself: no name is looked up but that which every system has.
    pub fn is_here(&self) -> bool {
        match &self.host {
            Host::Ip(ip) => ip.to_canonical().is_loopback(),
            Host::Zoned(_) => false,
            Host::Name(name) => name.eq_ignore_ascii_case("localhost"),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = self.port;
        match &self.host {
            Host::Ip(ip) => SocketAddr::from((*ip, port)).fmt(f),
            Host::Zoned(host) => write!(f, "[{host}]:{port}"),
            Host::Name(host) => write!(f, "{host}:{port}"),
        }
    }
}

impl Address {
    /// The host alone, as certificates have it: without brackets, a zone, or a dot at its end.
    pub fn host(&self) -> String {
        match &self.host {
            Host::Ip(ip) => ip.to_canonical().to_string(),
            Host::Zoned(text) => text.split('%').next().unwrap_or_default().into(),
            Host::Name(name) => name.strip_suffix('.').unwrap_or(name).into(),
        }
    }

    /// The addresses that this stands for, each once. `localhost` is 127.0.0.1 and `::1` wherever
    /// one is (RFC 6761, section 6.3); another name is looked up, which may take a while.
    ///
    /// # Errors
    /// When the name is not known.
    pub fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
        match self.known() {
            Ok(known) => Ok(known),
            Err(host) => found((host, self.port).to_socket_addrs()?),
        }
    }

    /// The same for who has others to serve meanwhile.
    ///
    /// # Errors
    /// When the name is not known.
    pub async fn look_up(&self) -> io::Result<Vec<SocketAddr>> {
        match self.known() {
            Ok(known) => Ok(known),
            Err(host) => found(tokio::net::lookup_host((host, self.port)).await?),
        }
    }

    /// The addresses where nobody has to be asked for them, or else the host to ask for.
    fn known(&self) -> Result<Vec<SocketAddr>, &str> {
        match &self.host {
            Host::Ip(ip) => Ok(vec![(ip.to_canonical(), self.port).into()]),
            Host::Name(name) if is_localhost(name) => Ok(vec![
                (Ipv4Addr::LOCALHOST, self.port).into(),
                (Ipv6Addr::LOCALHOST, self.port).into(),
            ]),
            Host::Name(host) | Host::Zoned(host) => Err(host),
        }
    }
}

fn found(addresses: impl Iterator<Item = SocketAddr>) -> io::Result<Vec<SocketAddr>> {
    let mut found: Vec<SocketAddr> = Vec::new();
    for address in addresses {
        if !found.contains(&address) {
            found.push(address);
        }
    }
    if found.is_empty() {
        return Err(io::Error::new(
            io::ErrorKind::NotFound,
            "that name has no address",
        ));
    }
    Ok(found)
}

/// A port of this machine.
fn here(port: &str) -> Result<Address, String> {
    Ok(Address {
        host: Host::Ip(Ipv4Addr::LOCALHOST.into()),
        port: self::port(port)?,
    })
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

fn port(text: &str) -> Result<u16, String> {
    let is_plain = is_digits(text) && (text == "0" || !text.starts_with('0'));
    let port = is_plain.then(|| text.parse().ok()).flatten();
    port.ok_or_else(|| {
        format!("{text:?} is not a port, a number from 0 to 65535; write HOST:PORT or PORT")
    })
}

/// A name or an IPv4 address.
fn host(text: &str) -> Result<Host, String> {
    if let Ok(ip) = text.parse::<Ipv4Addr>() {
        return Ok(Host::Ip(ip.into()));
    }
    let unrooted = text.strip_suffix('.').unwrap_or(text);
    let last = unrooted.rsplit('.').next().unwrap_or_default();
    // No name ends with a number: what does is meant as an address (WHATWG URL, "ends in a number").
    if is_digits(last) || is_hexadecimal(last) {
        return Err(format!(
            "{text:?} is not an IPv4 address: that is four numbers from 0 to 255 without leading \
             zeros, such as 127.0.0.1"
        ));
    }
    if text == "*" {
        return Err("write 0.0.0.0 or [::] for every address of this machine".into());
    }
    let is_of_names = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    // RFC 1123, section 2.1: a part is not empty, and has no hyphen at an end.
    let is_part = |part: &str| !part.is_empty() && !part.starts_with('-') && !part.ends_with('-');
    if !unrooted.split('.').all(is_part) || !text.chars().all(is_of_names) {
        return Err(format!("{text:?} is not a host; write HOST:PORT"));
    }
    Ok(Host::Name(text.into()))
}

fn is_hexadecimal(text: &str) -> bool {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    digits.is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn v6(text: &str) -> Option<Host> {
    let (address, zone) = match text.split_once('%') {
        Some((address, zone)) => (address, Some(zone)),
        None => (text, None),
    };
    let ip = address.parse::<Ipv6Addr>().ok()?;
    match zone {
        None => Some(Host::Ip(ip.into())),
        Some(zone)
            if !zone.is_empty() && zone.bytes().all(|b| b.is_ascii_graphic() && b != b':') =>
        {
            Some(Host::Zoned(text.into()))
        }
        Some(_) => None,
    }
}

/// An IPv6 address without brackets, and so without a port.
fn bare_v6(text: &str) -> Result<Address, String> {
    let (before, after) = text.rsplit_once(':').unwrap_or((text, ""));
    let meant = |host: &str| format!("an IPv6 address with a port is written [{host}]:{after}");
    match v6(text) {
        // No machine has an address that begins with 96 zeros, but for these: that is `::1` with a port.
        Some(Host::Ip(IpAddr::V6(ip)))
            if ip.to_bits() >> 32 == 0 && !ip.is_loopback() && !ip.is_unspecified() =>
        {
            Err(meant(before))
        }
        Some(host) => Ok(Address {
            host,
            port: DEFAULT_PORT,
        }),
        None if before == ":" || before == "::" => Err(meant("::")),
        None if v6(before).is_some() => Err(meant(before)),
        None => Err(format!(
            "{text:?} is neither HOST:PORT nor an IPv6 address; write HOST:PORT or [ADDRESS]:PORT"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> Result<String, String> {
        text.parse::<Address>().map(|address| address.to_string())
    }

    #[test]
    fn what_people_write_is_what_they_mean() {
        for (text, meant) in [
            ("5000", "127.0.0.1:5000"),
            ("0", "127.0.0.1:0"),
            ("65535", "127.0.0.1:65535"),
            (":7106", "127.0.0.1:7106"),
            (":0", "127.0.0.1:0"),
            (":65535", "127.0.0.1:65535"),
            ("127.0.0.1", "127.0.0.1:5000"),
            ("192.0.2.7:80", "192.0.2.7:80"),
            ("0.0.0.0:65535", "0.0.0.0:65535"),
            ("::", "[::]:5000"),
            ("::1", "[::1]:5000"),
            ("[::]:0", "[::]:0"),
            ("[::1]", "[::1]:5000"),
            ("[::1]:7106", "[::1]:7106"),
            ("[::1]:65535", "[::1]:65535"),
            ("2001:db8::1", "[2001:db8::1]:5000"),
            ("2001:db8::1:5000", "[2001:db8::1:5000]:5000"),
            ("::ffff:192.0.2.7", "[::ffff:192.0.2.7]:5000"),
            ("fe80::1%eth0", "[fe80::1%eth0]:5000"),
            ("[fe80::1%2]:80", "[fe80::1%2]:80"),
            ("localhost", "localhost:5000"),
            ("localhost:7106", "localhost:7106"),
            ("chat.example.org.", "chat.example.org.:5000"),
            ("my_host-2:80", "my_host-2:80"),
            ("1and1.example:80", "1and1.example:80"),
            ("0xcafe.example", "0xcafe.example:5000"),
            ("bücher.example", "bücher.example:5000"),
        ] {
            let read = written(text);
            assert_eq!(read.as_deref(), Ok(meant), "{text}");
            // What is printed means the same.
            assert_eq!(written(meant), read, "{text}");
        }
    }

    #[test]
    fn a_hyphen_begins_and_ends_no_part_of_a_host_and_no_part_is_empty() {
        for text in ["-1", "-1:5000", "a-", "a.-b", "a-.b:80", "a..b", ".a", "."] {
            let error = written(text).unwrap_err();
            assert!(error.contains("is not a host"), "{text}: {error}");
        }
    }

    #[test]
    fn what_the_system_alone_takes_for_an_address_is_none() {
        for text in [
            "127.1",
            "127.1:5000",
            "127.0.1",
            "0x7f000001",
            "0x7f000001:5000",
            "0X7F.1",
            "0x",
            "0177.0.0.1",
            "0177.0.0.1:5000",
            "127.0.0.01",
            "127.0.0.1.",
            "127.0.0.256",
            "256.0.0.1:80",
            "1.2.3.4.5",
            "host.7",
            "2130706433:5000",
            "5000:5000",
        ] {
            let error = written(text).unwrap_err();
            assert!(error.contains("not an IPv4 address"), "{text}: {error}");
        }
    }

    #[test]
    fn ports_end_at_65535() {
        for text in [
            "65536",
            ":65536",
            "127.0.0.1:65536",
            "[::1]:65536",
            "localhost:65536",
            "2130706433",
            "017700000001",
            "0177",
            "127.0.0.1:",
            "127.0.0.1:+80",
            "127.0.0.1:-1",
            "127.0.0.1:port",
            "localhost:",
            "localhost: 80",
            ":",
            "[::1]:",
        ] {
            let error = written(text).unwrap_err();
            assert!(error.contains("is not a port"), "{text}: {error}");
        }
    }

    #[test]
    fn an_error_says_what_to_write() {
        for (text, says) in [
            ("http://localhost:5000", "without"),
            ("*", "0.0.0.0 or [::]"),
            ("*:5000", "0.0.0.0 or [::]"),
            ("::1:5000", "[::1]:5000"),
            (":::5000", "[::]:5000"),
            ("fe80::1%eth0:5000", "[fe80::1%eth0]:5000"),
            ("1:2:3:4:5:6:7:8:5000", "[1:2:3:4:5:6:7:8]:5000"),
            ("a:b:c", "neither"),
            ("[::1", "]"),
            ("[::1]5000", "after the ]"),
            ("[127.0.0.1]:80", "not an IPv6 address"),
            ("[localhost]", "not an IPv6 address"),
            ("[fe80::1%]", "not an IPv6 address"),
            ("[]:80", "not an IPv6 address"),
            ("", "not a host"),
            (".", "not a host"),
            ("a b", "not a host"),
            ("ann@host", "not a host"),
            ("host/room", "not a host"),
            ("host\n", "not a host"),
        ] {
            let error = written(text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn localhost_is_both_of_its_addresses_and_needs_no_one_to_ask() {
        let both = ["127.0.0.1:7106", "[::1]:7106"].map(|text| text.parse().unwrap());
        for text in ["localhost:7106", "LOCALHOST.:7106", "chat.localhost:7106"] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.resolve().unwrap(), both, "{text}");
        }
        let mapped: Address = "::ffff:192.0.2.7".parse().unwrap();
        assert_eq!(
            mapped.resolve().unwrap(),
            ["192.0.2.7:5000".parse().unwrap()]
        );
        let invalid: Address = "chat.invalid".parse().unwrap();
        assert!(invalid.resolve().is_err());
    }
}
