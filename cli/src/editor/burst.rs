//! What is typed, and what is pasted without the terminal saying so.
//!
//! A terminal marks what is pasted once it was asked to, which cannot be before there is a reason to write a sequence; and
//! some never do. So a person is told from a paste by speed: nobody presses a key within `PAUSE` of Enter. An Enter key with
//! something right before it waits for that long, and so does all that follows it without a pause. If that is more lines
//! than a paste may have without a question, it was pasted; otherwise it was typed. Two lines at once may be the beginning
//! of a paste that comes in pieces: they wait for longer, so that a `leave` in it does not give the rest to the shell. Nor
//! does one in two or three lines: nobody goes on typing after a line that leaves, so it was pasted.

use super::keys::{Key, MAX_PASTE, Pasted};
use super::paste::UNASKED_LINES;
use chat_core::Timestamp;
use std::time::Duration;

/// Keys with less between them come at once.
pub(super) const PAUSE: Duration = Duration::from_millis(25);

/// How long a paste may pause before it is asked about.
const PASTE_PAUSE: Duration = Duration::from_millis(150);

/// The most keys that wait.
const MAX_HELD: usize = 16 * 1024;

/// Keys on their way, and whether they come at once.
#[derive(Clone, Debug, Default)]
pub struct Burst {
    last: Option<Timestamp>,
    held: Vec<Key>,
    /// Enter keys among those that are held.
    enters: usize,
    /// What the burst has typed so far; nothing where it did something else.
    typed: Option<String>,
    /// It is a paste: its text, and its bytes.
    paste: Option<(String, usize)>,
}

/// What became of the keys that waited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// They were typed.
    Typed(Vec<Key>),
    /// They were pasted.
    Pasted {
        /// All of the paste.
        pasted: Pasted,
        /// What went through before belongs to it: it is to be taken back.
        from_start: bool,
    },
}

impl Burst {
    /// Whether keys that come now begin a burst.
    pub fn is_beginning(&self, now: Timestamp) -> bool {
        self.held.is_empty() && self.paste.is_none() && !self.is_at_once(now)
    }

    fn is_at_once(&self, now: Timestamp) -> bool {
        self.last.is_some_and(|last| now < last + PAUSE)
    }

    /// Takes keys that came at once; those that need not wait are returned. Where one is `wary`, all wait.
    pub fn take(&mut self, now: Timestamp, keys: Vec<Key>, wary: bool) -> Vec<Key> {
        if self.is_beginning(now) {
            self.typed = Some(String::new());
        }
        let is_alone = keys.len() == 1 && !self.is_at_once(now);
        self.last = Some(now);
        let mut through = Vec::new();
        for key in keys {
            let waits = wary || !self.held.is_empty() || self.paste.is_some();
            if waits || (key == Key::Enter && !is_alone) {
                self.hold(key);
                continue;
            }
            match (&key, &mut self.typed) {
                (Key::Char(c), Some(typed)) if typed.len() < MAX_PASTE => typed.push(*c),
                _ => self.typed = None,
            }
            through.push(key);
        }
        through
    }

    fn hold(&mut self, key: Key) {
        if let Some((text, bytes)) = &mut self.paste {
            add(text, bytes, &key);
            return;
        }
        self.enters += usize::from(key == Key::Enter);
        self.held.push(key);
        if self.enters > UNASKED_LINES || self.held.len() > MAX_HELD {
            self.paste = Some(self.text());
            self.held.clear();
        }
    }

    /// What the burst has typed, and what waits: the text, and its bytes.
    fn text(&self) -> (String, usize) {
        let mut text = self.typed.clone().unwrap_or_default();
        let mut bytes = text.len();
        for key in &self.held {
            add(&mut text, &mut bytes, key);
        }
        (text, bytes)
    }

    /// When [`timeout`](Self::timeout) is due.
    pub fn next_timeout(&self) -> Option<Timestamp> {
        let last = self.last?;
        match (&self.paste, self.held.is_empty()) {
            (Some(_), _) => Some(last + PASTE_PAUSE),
            (None, false) if self.enters > 1 => Some(last + PASTE_PAUSE),
            (None, false) => Some(last + PAUSE),
            (None, true) => None,
        }
    }

    /// Whether it may be a paste.
    pub fn is_waiting(&self) -> bool {
        self.next_timeout().is_some()
    }

    /// What became of the keys that have waited for long enough.
    pub fn timeout(&mut self, now: Timestamp) -> Option<Resolved> {
        self.next_timeout().filter(|due| *due <= now)?;
        self.enters = 0;
        if self.paste.is_none() {
            let (text, bytes) = self.text();
            if goes_on_after_leaving(&text) {
                self.held.clear();
                self.paste = Some((text, bytes));
            }
        }
        Some(match self.paste.take() {
            Some((text, bytes)) => Resolved::Pasted {
                from_start: self.typed.is_some(),
                pasted: Pasted {
                    text: if bytes > MAX_PASTE {
                        String::new()
                    } else {
                        text
                    },
                    bytes,
                    is_marked: false,
                },
            },
            None => Resolved::Typed(std::mem::take(&mut self.held)),
        })
    }
}

/// Whether anything but blanks comes after a line that leaves.
fn goes_on_after_leaving(text: &str) -> bool {
    let leaves = |line: &str| {
        let line = line.trim();
        line.strip_prefix('/')
            .unwrap_or(line)
            .eq_ignore_ascii_case("leave")
    };
    let mut lines = text.split('\n');
    lines.any(leaves) && lines.any(|line| !line.trim().is_empty())
}

/// Adds what a key stands for in a text.
pub fn add(text: &mut String, bytes: &mut usize, key: &Key) {
    let before = text.len();
    match key {
        Key::Char(c) => text.push(*c),
        Key::Enter => text.push('\n'),
        Key::Tab => text.push('\t'),
        Key::Pasted(pasted) => {
            text.push_str(&pasted.text);
            *bytes += pasted.bytes - pasted.text.len().min(pasted.bytes);
        }
        _ => {}
    }
    *bytes += text.len() - before;
    // It is too long to be taken: its bytes are counted.
    if *bytes > MAX_PASTE {
        text.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_micros(millis * 1000)
    }

    fn keys(text: &str) -> Vec<Key> {
        let key = |c| if c == '\n' { Key::Enter } else { Key::Char(c) };
        text.chars().map(key).collect()
    }

    #[test]
    fn enter_after_a_pause_does_not_wait() {
        let mut burst = Burst::default();
        assert_eq!(burst.take(at(0), keys("a"), false), keys("a"));
        assert_eq!(burst.take(at(25), keys("\n"), false), keys("\n"));
        assert_eq!(burst.next_timeout(), None);
        burst.take(at(100), keys("a"), false);
        assert_eq!(burst.take(at(124), keys("\n"), false), []);
        assert_eq!(burst.next_timeout(), Some(at(149)));
        assert_eq!(burst.timeout(at(148)), None);
        assert_eq!(burst.timeout(at(149)), Some(Resolved::Typed(keys("\n"))));
    }

    #[test]
    fn three_lines_are_typed_and_a_fourth_is_pasted() {
        let text = "one\ntwo\nthree\n";
        let mut burst = Burst::default();
        assert_eq!(burst.take(at(0), keys(text), false), keys("one"));
        let typed = Resolved::Typed(keys("\ntwo\nthree\n"));
        assert_eq!(burst.timeout(at(149)), None);
        assert_eq!(burst.timeout(at(150)), Some(typed));

        let mut burst = Burst::default();
        let chunks = ["one\nt", "wo\n", "three\nfour", "\n", "five"];
        for (n, chunk) in chunks.into_iter().enumerate() {
            let through = burst.take(at(n as u64 * 20), keys(chunk), false);
            assert_eq!(through, keys(if n == 0 { "one" } else { "" }));
        }
        assert_eq!(burst.timeout(at(80 + 149)), None);
        let pasted = Pasted {
            text: "one\ntwo\nthree\nfour\nfive".into(),
            bytes: 23,
            is_marked: false,
        };
        let pasted = Resolved::Pasted {
            pasted,
            from_start: true,
        };
        assert_eq!(burst.timeout(at(80 + 150)), Some(pasted));
        assert!(burst.is_beginning(at(1000)));
    }

    #[test]
    fn a_line_that_leaves_was_pasted_if_anything_follows_it() {
        for (text, is_pasted) in [
            ("leave\nrm x\n", true),
            ("a\n /LEAVE \nb", true),
            ("a\nleave\n", false),
            ("a\nleave\n \n", false),
            ("a\nleave it\nb\n", false),
            ("a\nleave", false),
        ] {
            let mut burst = Burst::default();
            burst.take(at(0), keys(text), false);
            match burst.timeout(at(150)) {
                Some(Resolved::Typed(_)) => assert!(!is_pasted, "{text:?}"),
                Some(Resolved::Pasted { pasted, from_start }) => {
                    assert!(is_pasted && from_start, "{text:?}");
                    assert_eq!(pasted.text, text);
                }
                None => panic!("{text:?} still waits"),
            }
            assert!(!burst.is_waiting());
        }
    }

    #[test]
    fn a_paste_that_comes_in_pieces_is_one() {
        let mut burst = Burst::default();
        for (n, piece) in ["one\nleave\n", "rm x\n", "echo\n"].into_iter().enumerate() {
            burst.take(at(n as u64 * 149), keys(piece), false);
        }
        let resolved = burst.timeout(at(2 * 149 + 150));
        assert!(
            matches!(resolved, Some(Resolved::Pasted { .. })),
            "{resolved:?}"
        );
    }

    #[test]
    fn what_is_too_long_is_counted() {
        for more in [0, 1] {
            let mut burst = Burst::default();
            let text = format!("\n\n\n\n{}", "x".repeat(MAX_PASTE - 4 + more));
            let mut sent = keys(&text);
            sent.insert(0, Key::Other);
            burst.take(at(0), sent, false);
            let Some(Resolved::Pasted { pasted, from_start }) = burst.timeout(at(1000)) else {
                panic!("it was pasted");
            };
            assert!(!from_start, "another key was pressed before");
            assert_eq!(pasted.bytes, MAX_PASTE + more);
            assert_eq!(pasted.text.is_empty(), more > 0);
        }
    }
}
