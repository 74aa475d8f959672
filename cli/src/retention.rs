//! How much of the history is kept, as it is given on a command line.

use crate::option_value::whole;
use chat_net::store::Retention;
use clap::Args;
use std::time::Duration;

const DAY: u64 = 24 * 60 * 60;

/// Limits of what is kept on disk.
#[derive(Clone, Debug, Args)]
pub struct Keep {
    /// Entries older than so many days are removed from the history, as others come
    #[arg(long = "keep-days", value_name = "N", value_parser = whole::<u32>(1, u64::MAX))]
    days: Option<u32>,

    /// The oldest entries beyond so many are removed from the history, as others come
    #[arg(long = "keep-entries", value_name = "N", value_parser = whole::<u64>(1, u64::MAX))]
    entries: Option<u64>,

    /// The oldest entries beyond so many bytes are removed from the history, as others come: such as
    /// 500MB or 2GiB, or `all` for no limit. On the disk they take up to an eighth more, and 75 MB
    #[arg(long = "keep-bytes", value_name = "SIZE", default_value = BYTES, value_parser = limit)]
    bytes: Limit,
}

/// Some 40 million lines of everyday length: few rooms ever say so much, and there are hardly disks too small
/// for it. One host at its default rate needs a day to fill that.
const BYTES: &str = "4GiB";

/// So many bytes, or any number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Limit(Option<u64>);

impl Keep {
    /// What a store is to keep.
    pub fn retention(&self) -> Retention {
        Retention {
            age: (self.days).map(|days| Duration::from_secs(u64::from(days) * DAY)),
            count: self.entries,
            bytes: self.bytes.0,
        }
    }
}

fn limit(text: &str) -> Result<Limit, String> {
    match text.trim() {
        "all" => Ok(Limit(None)),
        size_of => size(size_of).map(|bytes| Limit(Some(bytes))),
    }
}

/// A number of bytes: digits, and perhaps a unit after them.
fn size(text: &str) -> Result<u64, String> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let unit = match unit.trim_start().to_ascii_lowercase().as_str() {
        "" | "b" => Some(1),
        "kb" => Some(1000),
        "mb" => Some(1000_u64.pow(2)),
        "gb" => Some(1000_u64.pow(3)),
        "tb" => Some(1000_u64.pow(4)),
        "kib" => Some(1 << 10),
        "mib" => Some(1 << 20),
        "gib" => Some(1 << 30),
        "tib" => Some(1 << 40),
        _ => None,
    };
    let number = digits.parse().ok().filter(|&number: &u64| number > 0);
    (number.zip(unit))
        .and_then(|(number, unit)| number.checked_mul(unit))
        .ok_or_else(|| {
            "a size is a number and then B, kB, MB, GB, TB, KiB, MiB, GiB or TiB, such as 500MB; `all` is no limit"
                .into()
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        keep: Keep,
    }

    fn retention(arguments: &[&str]) -> Option<Retention> {
        let line = Line::try_parse_from([&["chat-server"], arguments].concat());
        line.ok().map(|line| line.keep.retention())
    }

    #[test]
    fn there_is_a_limit_of_bytes_unless_another_one_is_given_or_none() {
        let default = Retention {
            bytes: Some(4 << 30),
            ..Retention::default()
        };
        assert_eq!(retention(&[]), Some(default));
        let none = Some(Retention::default());
        assert_eq!(retention(&["--keep-bytes=all"]), none);
        let all = ["--keep-days=2", "--keep-entries=3", "--keep-bytes=4kB"];
        let expected = Retention {
            age: Some(Duration::from_secs(2 * 24 * 60 * 60)),
            count: Some(3),
            bytes: Some(4000),
        };
        assert_eq!(retention(&all), Some(expected));
    }

    #[test]
    fn nothing_at_all_cannot_be_kept() {
        for wrong in ["--keep-days=0", "--keep-entries=0", "--keep-bytes=0"] {
            assert_eq!(retention(&[wrong]), None);
        }
        assert!(retention(&["--keep-days=4294967295"]).is_some());
    }

    #[test]
    fn sizes_have_the_usual_units() {
        for (text, bytes) in [
            ("1", 1),
            ("12B", 12),
            ("3kB", 3_000),
            ("3 KB", 3_000),
            ("500MB", 500_000_000),
            ("2GiB", 2 << 30),
            ("1tib", 1 << 40),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for wrong in ["", "B", "-1", "1.5GB", "2G", "1 2", "2Gbit", "99999999TiB"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}
