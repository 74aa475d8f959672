//! Addresses as people write them.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

/// The port of the documented program.
pub const DEFAULT_PORT: u16 = 5000;

/// Whether `text` has the form of an address: `HOST:PORT` or `HOST`. No name is looked up.
///
/// # Errors
/// When it has not; the message says what is wrong.
///
/// ```
/// assert!(chat_cli::address::check("chat.example.org:5000").is_ok());
/// assert!(chat_cli::address::check("chat.example.org:70000").is_err());
/// ```
pub fn check(text: &str) -> Result<String, String> {
    if text.parse::<IpAddr>().is_ok() {
        return Ok(text.into());
    }
    let (host, port) = text.rsplit_once(':').unwrap_or((text, "0"));
    if host.is_empty() {
        return Err("the host is missing; write HOST:PORT".into());
    }
    match port.parse::<u16>() {
        Ok(_) => Ok(text.into()),
        Err(_) => Err(format!(
            "{port:?} is not a port, a number up to 65535; write HOST:PORT"
        )),
    }
}

/// `text` with the default port, where it names none.
pub fn with_port(text: &str) -> String {
    match text.parse::<IpAddr>() {
        Ok(ip) => SocketAddr::from((ip, DEFAULT_PORT)).to_string(),
        Err(_) if text.contains(':') => text.into(),
        Err(_) => format!("{text}:{DEFAULT_PORT}"),
    }
}

/// The addresses that `text` stands for: `HOST:PORT`, or `HOST` alone for the default port. A
/// host is a name or an IP address. Looking a name up may take a while.
///
/// # Errors
/// When it is no address, or the name is not known.
///
/// ```
/// assert_eq!(chat_cli::address::resolve("127.0.0.1").unwrap(), ["127.0.0.1:5000".parse().unwrap()]);
/// assert_eq!(chat_cli::address::resolve("[::1]:80").unwrap(), ["[::1]:80".parse().unwrap()]);
/// assert!(chat_cli::address::resolve("127.0.0.1:port").is_err());
/// ```
pub fn resolve(text: &str) -> io::Result<Vec<SocketAddr>> {
    Ok(with_port(text).to_socket_addrs()?.collect())
}
