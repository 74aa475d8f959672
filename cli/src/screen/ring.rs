//! What rings: what names the person, what is said to them alone, and words that they have chosen.

use super::Screen;
use super::messages::Message;
use super::room::is_named;
use chat_core::printable;
use serde::Deserialize;

/// The most words that may be chosen, and the most bytes of one.
const MAX_WORDS: usize = 100;
const MAX_WORD: usize = 100;

/// The most characters of a notification.
const MAX_NOTIFICATION: usize = 200;

/// How the desktop is notified, besides the bell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum DesktopNotice {
    /// Not at all.
    #[default]
    None,
    /// As `iTerm2`, kitty, `WezTerm`, ghostty, Windows Terminal and others have it: OSC 9.
    Osc9,
    /// As urxvt, foot, VTE and others have it: OSC 777.
    Osc777,
}

impl DesktopNotice {
    /// The bytes that have a terminal notify its desktop of a text. Nothing in the text ends them or acts on the terminal.
    pub fn bytes(self, text: &str, is_ascii: bool) -> Vec<u8> {
        let begin = match self {
            Self::None => return Vec::new(),
            Self::Osc9 => "\x1b]9;",
            Self::Osc777 => "\x1b]777;notify;chat;",
        };
        let text = printable(text);
        let safe = text.chars().take(MAX_NOTIFICATION).map(|c| match c {
            c if c.is_control() => ' ',
            // It parts what is before it from what is after it.
            ';' => ',',
            // A terminal without UTF-8 may take part of it for the end.
            c if is_ascii && !c.is_ascii() => '?',
            c => c,
        });
        let safe: String = safe.collect();
        [begin, &safe, "\x1b\\"].concat().into_bytes()
    }
}

/// Words that ring as the person's name does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Highlights {
    /// Those of the configuration: they are there at each start.
    set: Vec<String>,
    /// Those that were added since.
    added: Vec<String>,
}

impl Highlights {
    /// Those of the configuration, and those that were kept of an earlier run, one to a line.
    pub fn new(set: &[String], kept: &str) -> Self {
        let mut highlights = Self::default();
        for word in set {
            highlights.set.extend(fit(word));
        }
        highlights.set.truncate(MAX_WORDS);
        for word in kept.lines() {
            highlights.add(word);
        }
        highlights
    }

    /// Adds a word, or words that belong together; whether there is room for it.
    pub fn add(&mut self, word: &str) -> bool {
        let is_known = self
            .all()
            .any(|known| known.eq_ignore_ascii_case(word.trim()));
        let is_full = self.all().count() >= MAX_WORDS;
        match fit(word) {
            Some(_) if is_known => true,
            Some(word) if !is_full => {
                self.added.push(word);
                true
            }
            _ => false,
        }
    }

    /// Takes a word away; whether it was there.
    pub fn remove(&mut self, word: &str) -> bool {
        let count = self.all().count();
        for words in [&mut self.set, &mut self.added] {
            words.retain(|known| !known.eq_ignore_ascii_case(word.trim()));
        }
        self.all().count() < count
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        self.set.iter().chain(&self.added).map(String::as_str)
    }

    /// Those that are to be kept for the next run, one to a line.
    pub fn kept(&self) -> String {
        let lines = self.added.iter().flat_map(|word| [word, "\n"]);
        lines.collect()
    }

    /// Whether one of them is in a text: as a word, or anywhere where it is more than one.
    pub fn are_in(&self, text: &str) -> bool {
        let is_in = |word: &str| {
            let is_word = word
                .chars()
                .all(|c| c.is_alphanumeric() || "-_.".contains(c));
            if is_word {
                is_named(text, word)
            } else {
                text.to_lowercase().contains(&word.to_lowercase())
            }
        };
        self.all().any(is_in)
    }
}

fn fit(word: &str) -> Option<String> {
    let word = printable(word.trim());
    (!word.is_empty() && word.len() <= MAX_WORD).then(|| word.into_owned())
}

impl Screen {
    /// Whether the bell is to ring; asked once for each ringing.
    pub fn take_bell(&mut self) -> bool {
        std::mem::take(&mut self.rings)
    }

    /// The bytes that notify the desktop of what rang last, if it is to be notified; asked once for each ringing.
    pub fn take_notification(&mut self) -> Vec<u8> {
        let text = self.notification.take();
        let is_ascii = self.settings.theme.is_ascii;
        text.map_or_else(Vec::new, |text| self.settings.notify.bytes(&text, is_ascii))
    }

    /// Rings for a text; the desktop need not know of what one is looking at.
    pub(super) fn ring(&mut self, text: String, is_seen: bool) {
        self.rings |= self.settings.rings;
        if !(is_seen && self.knows_focus) {
            self.notification = Some(text);
        }
    }

    /// Words that ring: they are kept.
    pub fn highlights(&self) -> &Highlights {
        &self.settings.highlights
    }

    /// Has these words ring.
    pub fn set_highlights(&mut self, highlights: Highlights) {
        self.settings.highlights = highlights;
    }

    /// `/highlight` and a word; alone, the words are listed.
    pub(super) fn highlight(&mut self, word: &str) {
        if word.is_empty() {
            let words: Vec<&str> = self.settings.highlights.all().collect();
            let news = if words.is_empty() {
                self.say(Message::NothingRings, &[])
            } else {
                self.say(Message::Rings, &[&words.join(", ")])
            };
            return self.remark(&news);
        }
        let news = if self.settings.highlights.add(word) {
            self.say(Message::RingsNow, &[word])
        } else {
            let limits = [MAX_WORDS, MAX_WORD].map(|limit| limit.to_string());
            self.say(Message::TooManyRing, &[&limits[0], &limits[1]])
        };
        self.remark(&news);
    }

    /// `/unhighlight` and a word.
    pub(super) fn unhighlight(&mut self, word: &str) {
        let news = if self.settings.highlights.remove(word) {
            self.say(Message::RingsNoMore, &[word])
        } else {
            self.say(Message::RingsNot, &[word])
        };
        self.remark(&news);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_as_a_word_and_several_anywhere() {
        let mut highlights = Highlights::new(&["Rust".into()], "tea time\n");
        for text in ["rust!", "I like RUST.", "it is tea time", "TEA TIMES"] {
            assert!(highlights.are_in(text), "{text}");
        }
        for text in ["rusty", "tea", "", "trust"] {
            assert!(!highlights.are_in(text), "{text}");
        }
        assert!(highlights.remove("rust") && !highlights.remove("rust"));
        assert!(!highlights.are_in("rust"));
        assert_eq!(highlights.kept(), "tea time\n");
    }

    #[test]
    fn words_have_a_longest_and_a_most() {
        let mut highlights = Highlights::default();
        assert!(!highlights.add(&"x".repeat(MAX_WORD + 1)) && !highlights.add("  "));
        assert!(highlights.add(&"x".repeat(MAX_WORD)));
        for number in 1..MAX_WORDS {
            assert!(highlights.add(&number.to_string()));
        }
        assert!(!highlights.add("one more"));
        assert!(highlights.add("1"), "it is there");
        assert_eq!(highlights.all().count(), MAX_WORDS);
        let again = Highlights::new(&[], &highlights.kept());
        assert_eq!(again, highlights);
    }

    #[test]
    fn nothing_that_somebody_says_gets_out_of_a_notification() {
        let harm = "a\x1b\\b\x07c;d\u{9c}e\n\u{90}f\u{18}g\u{1a}h";
        for (notify, begin) in [
            (DesktopNotice::Osc9, "\x1b]9;"),
            (DesktopNotice::Osc777, "\x1b]777;notify;chat;"),
        ] {
            for is_ascii in [true, false] {
                let bytes = notify.bytes(&format!("{harm}ĜÉ"), is_ascii);
                let text = String::from_utf8(bytes.clone()).unwrap();
                let text = text.strip_prefix(begin).unwrap();
                let text = text.strip_suffix("\x1b\\").unwrap();
                assert!(
                    !text.contains(|c: char| c.is_control() || c == ';'),
                    "{text:?}"
                );
                assert_eq!(text.is_ascii(), is_ascii, "{text:?}");
                let mut terminal = vt100::Parser::new(2, 80, 0);
                terminal.process(&bytes);
                assert_eq!(terminal.screen().contents(), "");
            }
        }
        assert_eq!(DesktopNotice::None.bytes("hi", false), b"");
        let long = DesktopNotice::Osc9.bytes(&"x".repeat(MAX_NOTIFICATION + 1), false);
        assert_eq!(long.len(), MAX_NOTIFICATION + "\x1b]9;\x1b\\".len());
    }
}
