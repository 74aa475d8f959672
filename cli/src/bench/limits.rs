//! How much may be asked for.

use crate::bench::Error;
use std::time::Duration;

/// The most members.
pub const MEMBERS: i64 = 60_000;

/// The most members times speakers: what is checked takes four bytes for each pair.
pub const PAIRS: u64 = 50_000_000;

/// The longest time that can be asked for, in seconds.
pub const SECONDS: f64 = 3600.0;

/// A number of seconds, with a fraction if wanted.
///
/// # Errors
/// When it is none, or not between 0.1 and [`SECONDS`].
///
/// ```
/// use chat_cli::bench::limits::seconds;
/// assert_eq!(seconds("1.5"), Ok(std::time::Duration::from_millis(1500)));
/// assert!(seconds("0").is_err() && seconds("3601").is_err() && seconds("NaN").is_err());
/// ```
pub fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number".to_string())?;
    if (0.1..=SECONDS).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err(format!("not in 0.1..={SECONDS}"))
    }
}

/// Makes sure that so many connections can be held.
///
/// # Errors
/// When the system does not allow as many.
pub fn allow_connections(connections: u32) -> Result<(), Error> {
    /// Standard streams, the server's output, and what the runtime needs.
    const OTHERS: u64 = 32;
    let wanted = u64::from(connections) + OTHERS;
    let allowed = allow_descriptors(wanted);
    if allowed < wanted {
        return Err(Error::Usage(format!(
            "{connections} connections take {wanted} open files, and the system allows {allowed}; \
             see ulimit -n"
        )));
    }
    Ok(())
}

#[cfg(unix)]
fn allow_descriptors(wanted: u64) -> u64 {
    use rlimit::Resource;
    let Ok((soft, hard)) = Resource::NOFILE.get() else {
        return u64::MAX;
    };
    if soft >= wanted {
        return soft;
    }
    // Beyond the hard limit, if we are privileged; or else up to it.
    if Resource::NOFILE.set(wanted, hard.max(wanted)).is_ok() {
        return wanted;
    }
    rlimit::increase_nofile_limit(wanted).unwrap_or(soft)
}

#[cfg(not(unix))]
fn allow_descriptors(_wanted: u64) -> u64 {
    u64::MAX
}
