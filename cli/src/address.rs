//! Addresses as people write them.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

/// The port of the documented program.
pub const DEFAULT_PORT: u16 = 5000;

/// The addresses that `text` stands for: `HOST:PORT`, or `HOST` alone for the default port. A
/// host is a name or an IP address.
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
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Ok(vec![(ip, DEFAULT_PORT).into()]);
    }
    if text.contains(':') {
        return Ok(text.to_socket_addrs()?.collect());
    }
    Ok((text, DEFAULT_PORT).to_socket_addrs()?.collect())
}
