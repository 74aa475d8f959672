//! A supervisor that is told how the server is, as systemd has it (`sd_notify(3)`): a datagram with lines.

use std::env;
use std::time::Duration;

/// The supervisor, if there is one.
#[derive(Debug, Default)]
pub struct Notify {
    #[cfg(unix)]
    to: Option<(
        std::os::unix::net::UnixDatagram,
        std::os::unix::net::SocketAddr,
    )>,
    watchdog: Option<Duration>,
}

impl Notify {
    /// The one that the environment names.
    pub fn from_environment() -> Self {
        let watchdog = watchdog(|name| env::var(name).ok(), std::process::id());
        #[cfg(unix)]
        {
            let to = env::var_os("NOTIFY_SOCKET").and_then(|path| socket(&path));
            Self { to, watchdog }
        }
        #[cfg(not(unix))]
        Self { watchdog }
    }

    /// How long it waits for a word before it takes the server for stuck.
    pub fn watchdog(&self) -> Option<Duration> {
        self.watchdog
    }

    /// Tells it something; whether it listens is its own affair.
    pub fn tell(&self, lines: &str) {
        #[cfg(unix)]
        if let Some((socket, address)) = &self.to {
            let _ = socket.send_to_addr(lines.as_bytes(), address);
        }
        #[cfg(not(unix))]
        let _ = lines;
    }
}

#[cfg(unix)]
fn socket(
    path: &std::ffi::OsStr,
) -> Option<(
    std::os::unix::net::UnixDatagram,
    std::os::unix::net::SocketAddr,
)> {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};
    let address = match path.as_bytes() {
        #[cfg(target_os = "linux")]
        [b'@', name @ ..] => {
            use std::os::linux::net::SocketAddrExt;
            SocketAddr::from_abstract_name(name).ok()?
        }
        _ => SocketAddr::from_pathname(path).ok()?,
    };
    let socket = UnixDatagram::unbound().ok()?;
    socket.set_nonblocking(true).ok()?;
    Some((socket, address))
}

/// The time of a watchdog that is meant for this process.
fn watchdog(variable: impl Fn(&str) -> Option<String>, process: u32) -> Option<Duration> {
    if variable("WATCHDOG_PID").is_some_and(|pid| pid != process.to_string()) {
        return None;
    }
    let micros = variable("WATCHDOG_USEC")?.parse().ok()?;
    Some(Duration::from_micros(micros)).filter(|time| *time > Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watchdog_is_heeded_that_is_meant_for_this_process() {
        let with = |pid: Option<&str>, usec: Option<&str>| {
            let variable = |name: &str| match name {
                "WATCHDOG_PID" => pid.map(Into::into),
                "WATCHDOG_USEC" => usec.map(Into::into),
                _ => None,
            };
            watchdog(variable, 7)
        };
        assert_eq!(
            with(Some("7"), Some("2000000")),
            Some(Duration::from_secs(2))
        );
        assert_eq!(with(None, Some("1")), Some(Duration::from_micros(1)));
        assert_eq!(with(Some("8"), Some("2000000")), None);
        assert_eq!(with(Some("7"), None), None);
        assert_eq!(with(None, Some("0")), None);
        assert_eq!(with(None, Some("soon")), None);
    }
}
