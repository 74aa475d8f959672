//! Links in what people say, for terminals that open them (OSC 8): one that is wrapped stays one.

use super::theme::hash;
use crate::editor::width::pieces;
use std::fmt::Write;
use std::ops::Range;
use std::sync::Arc;

/// What a link may begin with; nothing else is one.
const SCHEMES: [&str; 3] = ["http://", "https://", "mailto:"];

/// The longest link, in bytes as it is written to a terminal: some take no more (<https://gist.github.com/egmontkob/eb114294efbcd5adb1944c9f3cb5feda>).
const MAX_LENGTH: usize = 2000;

/// Some columns of a row that belong to a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hyperlink {
    /// The columns.
    pub columns: Range<usize>,
    /// Where it leads to: it begins with one of three schemes, and is of visible ASCII alone.
    pub to: Arc<str>,
}

impl Hyperlink {
    /// What has a terminal take what is written next for this link. All parts of it have the same id.
    pub fn begin(&self) -> String {
        format!("\x1b]8;id={:x};{}\x1b\\", hash(&self.to), self.to)
    }

    /// The same, so much further to the right.
    #[must_use]
    pub fn moved(&self, columns: usize) -> Self {
        let Range { start, end } = self.columns;
        Self {
            columns: start + columns..end + columns,
            to: self.to.clone(),
        }
    }
}

/// What ends a link.
pub const END: &[u8] = b"\x1b]8;;\x1b\\";

/// The links of a text in each of the rows that it is wrapped into, where these begin with column `first`.
pub fn in_rows(text: &str, rows: &[String], first: usize) -> Vec<Vec<Hyperlink>> {
    let found = found(text);
    let mut from = 0;
    let of_row = |row: &String| {
        if found.is_empty() {
            return Vec::new();
        }
        // Blanks between two rows are left out. Where a tab has become blanks, what comes after it is not found.
        while !text[from..].starts_with(&**row) && text[from..].starts_with(' ') {
            from += 1;
        }
        if !text[from..].starts_with(&**row) {
            return Vec::new();
        }
        let here = from..from + row.len();
        from = here.end;
        let links = found.iter().filter_map(|(at, to)| {
            let (start, end) = (at.start.max(here.start), at.end.min(here.end));
            let width = |to: usize| -> usize {
                let before = pieces(&text[here.start..to], usize::MAX);
                before.map(|piece| piece.width).sum()
            };
            (start < end).then(|| Hyperlink {
                columns: first + width(start)..first + width(end),
                to: to.clone(),
            })
        });
        links.collect()
    };
    rows.iter().map(of_row).collect()
}

/// The links of a text: where each is, and where it leads to.
fn found(text: &str) -> Vec<(Range<usize>, Arc<str>)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = next(text, at) {
        let is_end = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"');
        let length = text[start..].find(is_end).unwrap_or(text.len() - start);
        let link = without_end(&text[start..start + length]);
        let to = encoded(link);
        let is_more = |scheme: &&str| link.len() > scheme.len() && link.starts_with(*scheme);
        let has_more = SCHEMES.iter().any(is_more);
        if has_more && to.len() <= MAX_LENGTH {
            found.push((start..start + link.len(), to.into()));
        }
        at = start + length;
    }
    found
}

/// Where the next link begins, at the beginning of a word.
fn next(text: &str, from: usize) -> Option<usize> {
    let is_word = |c: char| c.is_alphanumeric();
    let begins = SCHEMES.iter().filter_map(|scheme| {
        let mut all = text[from..].match_indices(scheme).map(|(at, _)| from + at);
        all.find(|at| !text[..*at].ends_with(is_word))
    });
    begins.min()
}

/// A link without what ends the sentence that it stands in.
fn without_end(link: &str) -> &str {
    let mut link = link;
    loop {
        let count = |c: char| link.matches(c).count();
        link = match link.chars().next_back() {
            Some('.' | ',' | ';' | ':' | '!' | '?' | '\'') => &link[..link.len() - 1],
            Some(')') if count(')') > count('(') => &link[..link.len() - 1],
            Some(']') if count(']') > count('[') => &link[..link.len() - 1],
            _ => return link,
        };
    }
}

/// It in visible ASCII (RFC 3986, section 2.1).
fn encoded(link: &str) -> String {
    let mut encoded = String::with_capacity(link.len());
    for byte in link.bytes() {
        if byte.is_ascii_graphic() {
            encoded.push(byte.into());
        } else {
            let _ = write!(encoded, "%{byte:02X}"); // A string takes it all.
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::rows::wrap;

    fn links(text: &str) -> Vec<String> {
        found(text)
            .into_iter()
            .map(|(_, to)| to[..].into())
            .collect()
    }

    #[test]
    fn links_are_of_three_schemes_and_end_where_one_means_them_to() {
        for (text, found) in [
            (
                "see https://a.example/b?c=d#e, or not",
                &["https://a.example/b?c=d#e"][..],
            ),
            (
                "(http://a.example/x_(y)) mailto:a@b.example.",
                &["http://a.example/x_(y)", "mailto:a@b.example"],
            ),
            ("<http://a> \"http://b\"", &["http://a", "http://b"]),
            ("https://de.example/Köln", &["https://de.example/K%C3%B6ln"]),
            ("javascript:x file:///etc ftp://a HTTP://A xhttp://a", &[]),
            ("http:// https://. mailto:", &[]),
            (
                "http://a\u{1b}]8;;http://b\u{1b}\\",
                &["http://a", "http://b"],
            ),
            (
                "http://a\u{9b}31m http://\u{202e}b",
                &["http://a", "http://%E2%80%AEb"],
            ),
        ] {
            assert_eq!(links(text), found, "{text:?}");
        }
        let long = |length: usize| format!("http://{}", "a".repeat(length - 7));
        assert_eq!(links(&long(MAX_LENGTH)).len(), 1);
        assert_eq!(links(&long(MAX_LENGTH + 1)).len(), 0);
    }

    #[test]
    fn what_is_written_for_a_link_is_visible_ascii_whatever_the_text_is() {
        let all: String = (0..0x3000).filter_map(char::from_u32).collect();
        for chunk in all.chars().collect::<Vec<_>>().chunks(50) {
            let text: String = "https://a".chars().chain(chunk.iter().copied()).collect();
            for to in links(&text) {
                assert!(to.bytes().all(|byte| byte.is_ascii_graphic()), "{to:?}");
            }
        }
    }

    #[test]
    fn a_link_that_is_wrapped_is_one_in_each_of_its_rows() {
        for (text, columns, parts) in [
            (
                "a http://b.example/c d",
                12,
                &[&[][..], &[(0, 12)], &[(0, 6)]][..],
            ),
            ("日本 http://日.example x", 30, &[&[(5, 22)]]),
            ("a\thttp://b.example", 40, &[&[]]),
            ("http://a http://b", 8, &[&[(0, 8)], &[(0, 8)]]),
        ] {
            let rows = wrap(text, columns);
            let links = in_rows(text, &rows, 0);
            let found: Vec<Vec<_>> = links
                .iter()
                .map(|row| {
                    row.iter()
                        .map(|link| (link.columns.start, link.columns.end))
                        .collect()
                })
                .collect();
            assert_eq!(found, parts, "{rows:?}");
        }
        let text = "http://b.example/c";
        let links = in_rows(text, &wrap(text, 5), 7);
        assert!(links.iter().all(|row| &*row[0].to == text));
        assert_eq!(links[0][0].columns, 7..12);
        assert_eq!(links[0][0].begin(), links[1][0].begin());
    }
}
