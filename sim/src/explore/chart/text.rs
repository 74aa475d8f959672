//! Text as a page of HTML holds it, and text that fits.

use std::fmt::{Display, Write as _};

/// A time in microseconds as milliseconds.
pub(super) fn ms(micros: u64) -> String {
    format!("{}.{:03}", micros / 1000, micros % 1000)
}

/// A number of things.
pub(super) fn counted(number: impl Display, thing: &str) -> String {
    let digits = number.to_string();
    let plural = if digits == "1" { "" } else { "s" };
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    format!("{out} {thing}{plural}")
}

/// Fit for HTML, between tags and in quotes; what cannot be seen, or turns around what is beside
/// it, becomes an escape.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' => out.push('\n'),
            '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{feff}'
            | '\u{fffe}'
            | '\u{ffff}' => {
                let _ = write!(out, "{}", c.escape_unicode());
            }
            c if c.is_control() => {
                let _ = write!(out, "{}", c.escape_default());
            }
            c => out.push(c),
        }
    }
    out
}

/// How many columns it takes at most in letters of one width.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(column).sum()
}

fn column(c: char) -> usize {
    match c {
        '\u{1100}'.. if !matches!(c, '\u{2000}'..='\u{2bff}') => 2,
        c if c.is_control() => c.escape_default().len(),
        _ => 1,
    }
}

/// As much of its beginning as fits.
pub(super) fn shortened(text: &str, most: usize) -> String {
    if columns(text) <= most {
        return text.into();
    }
    let mut left = most.saturating_sub(1);
    let fits = |c: &char| {
        let room = left.checked_sub(column(*c));
        left = room.unwrap_or(0);
        room.is_some()
    };
    let mut out: String = text.chars().take_while(fits).collect();
    out.push('…');
    out
}

/// Broken between words into lines; the last ends early if there are too many.
pub(super) fn wrapped(text: &str, width: usize, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.len() - 1;
        if lines[last].is_empty() {
            lines[last] = word.into();
        } else if columns(&lines[last]) + 1 + columns(word) <= width {
            lines[last].push(' ');
            lines[last].push_str(word);
        } else if lines.len() == most {
            lines[last].push_str(" …");
            break;
        } else {
            lines.push(word.into());
        }
    }
    lines.iter().map(|line| shortened(line, width)).collect()
}

#[cfg(test)]
mod tests {
    use super::{counted, escape, ms, shortened, wrapped};

    #[test]
    fn nothing_in_a_text_is_markup() {
        assert_eq!(
            escape("<a href=\"x\">&'\u{202e}\u{1b}"),
            "&lt;a href=&quot;x&quot;&gt;&amp;&#39;\\u{202e}\\u{1b}"
        );
    }

    #[test]
    fn text_fits() {
        assert_eq!(shortened("abc", 3), "abc");
        assert_eq!(shortened("abcd", 3), "ab…");
        assert_eq!(shortened("日本語", 4), "日…");
        assert_eq!(wrapped("one two three", 7, 2), ["one two", "three"]);
        assert_eq!(wrapped("one two three", 4, 2), ["one", "two…"]);
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(counted(1, "line"), "1 line");
        assert_eq!(counted(12345, "line"), "12,345 lines");
        assert_eq!(ms(1_002_003), "1002.003");
    }
}
