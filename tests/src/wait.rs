use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take before a test gives up on it: far more than it ever needs, on the slowest machine.
pub const DEADLINE: Duration = Duration::from_secs(30);

const POLL: Duration = Duration::from_millis(5);

/// Asks `look` again and again until it has an answer.
///
/// # Panics
///
/// When there is none by the deadline; `what` says what was waited for.
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "waited {DEADLINE:?} for {what}");
        thread::sleep(POLL);
    }
}

/// How often a test does what it repeats: `CHAT_TEST_TIMES`, or so often.
///
/// # Panics
///
/// When that variable is no number.
pub fn times(default: usize) -> usize {
    std::env::var("CHAT_TEST_TIMES").map_or(default, |it| {
        it.parse().expect("CHAT_TEST_TIMES is a number")
    })
}
