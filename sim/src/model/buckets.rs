//! Vessels of tokens: what of a rate is left, as it can be told from the screen.

use chat_core::{MAX_LINE, Rate, Rates};

/// A vessel of tokens, in parts of which a period of the rate has one for each microsecond.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vessel {
    level: i128,
    at: u64,
}

/// Lines and bytes.
pub(super) type Vessels = [Option<Vessel>; 2];

/// Takes what was said at a time; whether it was granted, but for so many tokens.
fn takes(vessel: &mut Option<Vessel>, rate: &Rate, now: u64, count: usize, slack: usize) -> bool {
    if rate.count == 0 {
        return true;
    }
    let token = rate.period.as_micros().cast_signed();
    let full = token * i128::from(rate.burst.max(1));
    let vessel = vessel.get_or_insert(Vessel {
        level: full,
        at: now,
    });
    let refill = i128::from(now - vessel.at) * i128::from(rate.count);
    vessel.level = (vessel.level + refill).min(full);
    vessel.at = now;
    // The server counts in whole microseconds.
    let grace = 2 * i128::from(rate.count) + token * slack as i128;
    let granted = vessel.level + grace >= token;
    vessel.level -= token * count as i128;
    granted
}

/// The same of lines and bytes. A line may have come in pieces, the last of them when it was said: that is one
/// for each of so many peers.
pub(super) fn take(
    vessels: &mut Vessels,
    rates: &Rates,
    now: u64,
    bytes: usize,
    peers: usize,
) -> bool {
    let [lines, all] = vessels;
    let is_line = takes(lines, &rates.lines, now, 1, 0);
    takes(all, &rates.bytes, now, bytes, peers * (MAX_LINE + 1)) && is_line
}
