//! The beginning of a text that somebody else chose, for a message that names it.

use crate::wire::printable::printable;
use alloc::string::String;
use core::fmt;
use core::time::Duration;

/// At most 64 characters of a text that somebody else chose, printable.
pub(crate) struct Short<'a>(pub(crate) &'a str);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shortened(self.0, 64))
    }
}

/// At most so many bytes of a text, to the end of a character.
pub(crate) fn within(text: &str, most: usize) -> &str {
    let mut ends = (0..=text.len().min(most)).rev();
    let end = ends.find(|&at| text.is_char_boundary(at));
    &text[..end.unwrap_or(0)]
}

/// So many characters of a text at most, printable, with an ellipsis if that is not all.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    let end = text.char_indices().nth(most);
    let end = end.map_or(text.len(), |(at, _)| at);
    let ellipsis = if end < text.len() { "…" } else { "" };
    alloc::format!("{}{ellipsis}", printable(&text[..end]))
}

/// A time in whole milliseconds, rounded up.
pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_micros().div_ceil(1000)).unwrap_or(u64::MAX)
}

/// A time in whole seconds, rounded up.
pub(crate) fn seconds(time: Duration) -> u64 {
    millis(time).div_ceil(1000)
}
