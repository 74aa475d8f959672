//! What a process has used, as Linux tells it.

use std::fs;
use std::io;

/// What a process had used at one time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Seconds of all processors together, in user and in kernel mode.
    pub cpu: f64,
    /// Resident memory, in bytes.
    pub resident: u64,
    /// The most resident memory there has been, in bytes.
    pub peak: u64,
}

impl Usage {
    /// What a process has used so far.
    ///
    /// # Errors
    /// When there is no such process, or the system is not Linux.
    pub fn of(process: u32) -> io::Result<Self> {
        let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
        let status = fs::read_to_string(format!("/proc/{process}/status"))?;
        read(&stat, &status).ok_or_else(|| {
            let message = format!("the system says nothing about process {process}");
            io::Error::new(io::ErrorKind::Unsupported, message)
        })
    }
}

/// Bytes that the system holds for all TCP sockets of this machine, or of this network namespace, where it
/// tells: what was sent and not acknowledged, and what has come and was not read.
pub fn held_for_sockets() -> Option<u64> {
    held_for_tcp(&fs::read_to_string("/proc/net/sockstat").ok()?)
}

fn held_for_tcp(sockstat: &str) -> Option<u64> {
    let tcp = sockstat
        .lines()
        .find_map(|line| line.strip_prefix("TCP:"))?;
    let mut words = tcp.split_whitespace().skip_while(|word| *word != "mem");
    let pages: u64 = words.nth(1)?.parse().ok()?;
    Some(pages * page_size())
}

#[cfg(target_os = "linux")]
fn page_size() -> u64 {
    u64::try_from(rustix::param::page_size()).unwrap_or(0)
}

#[cfg(not(target_os = "linux"))]
fn page_size() -> u64 {
    0
}

fn read(stat: &str, status: &str) -> Option<Usage> {
    // The program's name, in parentheses, may contain anything.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11);
    let (user, kernel): (u32, u32) = (times.next()?.parse().ok()?, times.next()?.parse().ok()?);
    let bytes = |key| -> Option<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix(key))?;
        let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
        Some(kilobytes * 1024)
    };
    Some(Usage {
        cpu: (f64::from(user) + f64::from(kernel)) / ticks_per_second(),
        resident: bytes("VmRSS:")?,
        peak: bytes("VmHWM:")?,
    })
}

#[cfg(target_os = "linux")]
fn ticks_per_second() -> f64 {
    u32::try_from(rustix::param::clock_ticks_per_second()).map_or(100.0, f64::from)
}

#[cfg(not(target_os = "linux"))]
fn ticks_per_second() -> f64 {
    100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_are_found() {
        let stat = "7 (a) b) S 1 2 3 4 5 6 7 8 9 10 250 150 0 0 20 0 1";
        let status = "Name:\ta) b\nVmHWM:\t    300 kB\nVmRSS:\t    200 kB\n";
        let usage = read(stat, status).unwrap();
        assert_eq!((usage.resident, usage.peak), (200 * 1024, 300 * 1024));
        assert!((usage.cpu - 400.0 / ticks_per_second()).abs() < 1e-9);
        assert_eq!(read(stat, "VmRSS: 1 kB"), None);
        assert_eq!(read("7 (a", status), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_the_system_holds_for_sockets_is_found() {
        let sockstat =
            "sockets: used 9\nTCP: inuse 1 orphan 0 tw 0 alloc 1 mem 3\nUDP: inuse 0 mem 7\n";
        assert_eq!(held_for_tcp(sockstat), Some(3 * page_size()));
        assert_eq!(held_for_tcp("TCP: inuse 1\nUDP: inuse 0 mem 7\n"), None);
        assert!(held_for_sockets().is_some());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_uses_something() {
        let usage = Usage::of(std::process::id()).unwrap();
        assert!(usage.resident > 0 && usage.peak >= usage.resident);
    }
}
