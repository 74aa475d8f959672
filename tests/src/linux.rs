use std::fs;
use std::time::Duration;

/// What a process has of the machine's memory, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// Now.
    pub resident: u64,
    /// The most it ever had.
    pub peak: u64,
}

/// The memory of the process with this id.
pub fn memory(process: u32) -> Memory {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("the process runs");
    let bytes = |key: &str| {
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix(key))
            .expect("a process has memory");
        let kilobytes = line.trim().trim_end_matches(" kB").parse::<u64>();
        kilobytes.expect("sizes are numbers") * 1024
    };
    Memory {
        resident: bytes("VmRSS:"),
        peak: bytes("VmHWM:"),
    }
}

/// The processor time that the process with this id has used.
pub fn cpu_time(process: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).expect("the process runs");
    let (_, after_name) = stat.rsplit_once(')').expect("a process has a name");
    // User and system time are fields 14 and 15, in ticks of a hundredth of a second; the name is field 2.
    let ticks: u64 = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|field| field.parse::<u64>().expect("times are numbers"))
        .sum();
    Duration::from_millis(ticks * 10)
}
