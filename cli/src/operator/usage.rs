//! What the process has of its machine.

use super::protocol::Disk;
use std::fs;
use std::io;
use std::path::Path;

/// The process's memory, in bytes, where the system tells.
pub(super) fn memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// What a directory takes of its disk, and what is left. It may take as long as the disk does.
pub(super) fn disk(dir: &Path) -> io::Result<Disk> {
    let mut used_bytes = 0;
    for file in fs::read_dir(dir)? {
        // What is removed meanwhile takes nothing.
        used_bytes += file?.metadata().map_or(0, |it| it.len());
    }
    Ok(Disk {
        dir: dir.into(),
        used_bytes,
        free_bytes: free(dir),
    })
}

#[cfg(unix)]
fn free(dir: &Path) -> Option<u64> {
    let system = rustix::fs::statvfs(dir).ok()?;
    Some(system.f_bavail.saturating_mul(system.f_frsize))
}

#[cfg(not(unix))]
fn free(_dir: &Path) -> Option<u64> {
    None
}
