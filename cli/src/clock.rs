//! When something happened, as people read it: the time of day here, with the date if that was not today.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::time::{SystemTime, UNIX_EPOCH};

/// What the system's clock shows, in milliseconds since the Unix epoch.
pub fn wall_clock() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    u64::try_from(now.unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}

/// Writes times of one time zone.
#[derive(Clone, Debug)]
pub struct Clock(TimeZone);

impl Clock {
    /// The time zone of this machine, or of the environment variable `TZ`.
    pub fn system() -> Self {
        Self(TimeZone::system())
    }

    /// A moment, in milliseconds since the Unix epoch, as it is written at another one: `14:03`, or
    /// `2026-11-25 14:03` on another day. A moment that is no date is `?`.
    pub fn write(&self, at: u64, now: u64) -> String {
        let moment = |millis: u64| {
            let millis = i64::try_from(millis).ok()?;
            let moment = Timestamp::from_millisecond(millis).ok()?;
            Some(moment.to_zoned_datetime(self.0.clone()))
        };
        let Some(at) = moment(at) else {
            return "?".into();
        };
        let is_today = moment(now).is_some_and(|now| now.date() == at.date());
        let format = if is_today { "%H:%M" } else { "%Y-%m-%d %H:%M" };
        at.strftime(format).to_string()
    }

    /// A line from the room with the time before it. A private line keeps its asterisk in front.
    pub fn stamp(&self, line: &str, at: u64, now: u64) -> String {
        let time = self.write(at, now);
        match line.strip_prefix("* ") {
            Some(rest) => format!("* [{time}] {rest}"),
            None => format!("[{time}] {line}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-26 13:04:05 UTC.
    const NOW: u64 = 1_795_698_245_000;

    #[test]
    fn a_time_has_its_date_if_that_is_another_day() {
        let clock = Clock(TimeZone::UTC);
        for (before, written) in [
            (0, "13:04"),
            (13 * 3_600_000, "00:04"),
            (13 * 3_600_000 + 245_001, "2026-11-25 23:59"),
        ] {
            assert_eq!(clock.write(NOW - before, NOW), written);
        }
        assert_eq!(clock.write(u64::MAX, NOW), "?");
    }

    #[test]
    fn the_day_is_that_of_the_time_zone() {
        let clock = Clock(TimeZone::fixed(jiff::tz::offset(12)));
        assert_eq!(clock.write(NOW, NOW), "01:04");
        assert_eq!(clock.write(NOW - 2 * 3_600_000, NOW), "2026-11-26 23:04");
    }

    #[test]
    fn a_stamped_line_is_still_known_for_what_it_is() {
        let clock = Clock(TimeZone::UTC);
        assert_eq!(clock.stamp("ann: hi", NOW, NOW), "[13:04] ann: hi");
        assert_eq!(clock.stamp("* ann: hi", NOW, NOW), "* [13:04] ann: hi");
    }
}
