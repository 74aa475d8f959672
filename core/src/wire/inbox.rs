//! What waits for somebody who was not here, and what was said to one alone before, as lines for people.

use crate::types::order::Moment;
use alloc::format;
use alloc::string::String;
use core::fmt::Write;

/// So many people are named, of whom something waits.
const NAMED: usize = 8;

/// So many messages wait since then, in milliseconds since the Unix epoch, and of whom how many: as a line without its ending.
pub(crate) fn waiting<'a>(
    count: usize,
    since: u64,
    from: impl IntoIterator<Item = (&'a str, usize)>,
) -> String {
    let plural = if count == 1 { "" } else { "s" };
    let mut line = format!(
        "* {count} private message{plural} since {} (",
        Moment(since)
    );
    let mut rest = count;
    for (nth, (name, of_them)) in from.into_iter().take(NAMED).enumerate() {
        let between = if nth == 0 { "" } else { ", " };
        let _ = write!(line, "{between}{of_them} from {name}"); // A string takes it all.
        rest = rest.saturating_sub(of_them);
    }
    if rest > 0 {
        let _ = write!(line, ", {rest} from others");
    }
    line + "): /inbox"
}

/// What is said to somebody alone, as a line without its ending: to its sender, or to whoever it is for.
pub(crate) fn private(name: &str, text: &str, is_own: bool) -> String {
    let way = if is_own { "to" } else { "from" };
    format!("[PM {way} {name}] {text}")
}

/// When what stands after it was said, in minutes since the Unix epoch, as a line without its ending.
pub(crate) fn when(minute: u64) -> String {
    format!("* At {}:", Moment(minute.saturating_mul(60_000)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::limits::{Limits, MAX_LINE, MAX_NAME, MAX_PRIVATE, MAX_SERVER_LINE};

    #[test]
    fn people_are_told_how_much_waits_and_of_whom() {
        let at = 1_700_000_000_000;
        assert_eq!(
            waiting(3, at, [("bob", 2), ("eve", 1)]),
            "* 3 private messages since 2023-11-14 22:13 UTC (2 from bob, 1 from eve): /inbox"
        );
        assert_eq!(
            waiting(1, at, [("bob", 1)]),
            "* 1 private message since 2023-11-14 22:13 UTC (1 from bob): /inbox"
        );
        let name = "n".repeat(MAX_NAME);
        let all = Limits::default().inbox;
        let line = waiting(all, u64::MAX, (0..all).map(|_| (&*name, 1)));
        assert!(line.ends_with(", 92 from others): /inbox"), "{line}");
        assert!(line.len() < MAX_LINE);
        let longest = private(&name, &"x".repeat(MAX_PRIVATE), false);
        assert_eq!(longest.len(), MAX_SERVER_LINE);
    }
}
