//! What stands in place of a line whose text is gone (PROTOCOL.md, "Order").

use crate::types::entry::{Kind, REDACTED, Record};
use crate::wire::dialect::Dialect;
use crate::wire::json::{Entry, Message};
use crate::wire::text::line;
use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::iter::repeat_n;
use core::ops::Range;

/// One of the forms in which an entry was to be sent, and what is sent instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    dialect: Dialect,
    old: Vec<u8>,
    /// Where in it the text is.
    text: Range<usize>,
    new: Vec<u8>,
}

/// An entry whose text is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Redaction {
    /// As it stands in the streams of the log, by dialect.
    live: [Form; 2],
    /// As it is sent to one connection alone.
    past: Vec<Form>,
}

impl Form {
    /// A line with a text, its ending included; what stands before the text, and what is sent instead.
    fn new(dialect: Dialect, old: String, before: usize, text: usize, new: String) -> Self {
        Self {
            dialect,
            old: old.into_bytes(),
            text: before..before + text,
            new: new.into_bytes(),
        }
    }

    fn of_text(record: &Record, before: &str) -> Self {
        let with = |text: &str| {
            let parts = line(record.kind, record.name.as_str(), text);
            format!("{before}{}\n", parts.concat())
        };
        let (old, length) = (with(&record.text), record.text.len());
        let place = old.len() - 1 - length;
        Self::new(Dialect::Text, old, place, length, with(REDACTED))
    }

    fn of_json<'a>(record: &'a Record, epoch: &'a str, of: fn(Entry<'a>) -> Message<'a>) -> Self {
        /// What stands before a text; in a name there are no such characters.
        const MEMBER: &str = "\"text\":\"";
        let entry = Entry::of(record, epoch, false);
        let with = |text: Option<&'a str>| {
            let entry = Entry {
                text: text.map(Into::into),
                redacted: text.is_none(),
                ..entry.clone()
            };
            of(entry).to_line()
        };
        let (old, empty) = (with(Some(&record.text)), with(Some("")));
        let place = old.find(MEMBER).map_or(0, |at| at + MEMBER.len());
        let length = old.len() - empty.len();
        Self::new(Dialect::Json, old, place, length, with(None))
    }

    /// As many bytes as it has, which are a line that says the same as what is sent instead, as far as these have room for it.
    pub(super) fn of_same_length(&self) -> Vec<u8> {
        let text = self.text.len();
        let blanks = |count| repeat_n(b' ', count);
        let without_ending = &self.new[..self.new.len() - 1];
        let mut same = Vec::with_capacity(self.old.len());
        if let Some(spare) = self.old.len().checked_sub(self.new.len()) {
            same.extend(without_ending);
            same.extend(blanks(spare));
            same.push(b'\n');
            return same;
        }
        same.extend(&self.old[..self.text.start]);
        match self.dialect {
            Dialect::Text => same.extend(repeat_n(b'-', text)),
            Dialect::Json => same.extend(blanks(text)),
        }
        same.extend(&self.old[self.text.end..]);
        same
    }

    /// What follows so many bytes of it that were sent: the character that they may be within, and then nothing of the text.
    fn ending(&self, sent: usize) -> Vec<u8> {
        if sent >= self.text.end {
            return self.old[sent..].into();
        }
        if self.new.starts_with(&self.old[..sent]) {
            return self.new[sent..].into();
        }
        let mut ending = self.old[sent..self.next_character(sent).max(sent)].to_vec();
        ending.extend(&self.old[self.text.end..]);
        ending
    }

    /// Where the first character of the text begins that does not begin before a place.
    fn next_character(&self, place: usize) -> usize {
        let mut at = self.text.start;
        while at < place.min(self.text.end) {
            at += match (self.old[at], self.old.get(at + 1)) {
                (b'\\', Some(b'u')) if self.dialect == Dialect::Json => 6,
                (b'\\', _) if self.dialect == Dialect::Json => 2,
                (..0x80, _) => 1,
                (..0xE0, _) => 2,
                (..0xF0, _) => 3,
                _ => 4,
            };
        }
        at.min(self.text.end)
    }
}

impl Redaction {
    /// That of an entry, with the text that it had.
    pub(crate) fn new(record: &Record, epoch: &str) -> Self {
        let numbered = format!("* #{} ", record.seq);
        Self {
            live: [
                Form::of_text(record, ""),
                Form::of_json(record, epoch, Message::Entry),
            ],
            past: [
                Form::of_text(record, "* "),
                Form::of_text(record, &numbered),
                Form::of_json(record, epoch, Message::Past),
            ]
            .into(),
        }
    }

    /// Whether an entry of this kind has a text that can be gone.
    pub(crate) fn is_of(kind: Kind) -> bool {
        matches!(kind, Kind::Said | Kind::Acted)
    }

    /// As it stands in the stream of a dialect.
    pub(super) fn live(&self, dialect: Dialect) -> &Form {
        &self.live[dialect as usize]
    }

    /// What follows so many bytes of its line in a stream that were sent.
    pub(super) fn ending(&self, dialect: Dialect, sent: usize) -> Vec<u8> {
        self.live(dialect).ending(sent)
    }

    /// Takes it out of lines that wait for one connection alone, of the first of which a part may have been sent; whether it was there.
    pub(super) fn take_out_of(
        &self,
        dialect: Dialect,
        lines: &mut VecDeque<u8>,
        is_begun: bool,
    ) -> bool {
        let forms = self.live.iter().chain(&self.past);
        let forms: Vec<&Form> = forms.filter(|form| form.dialect == dialect).collect();
        let mut kept = Vec::with_capacity(lines.len());
        let mut is_there = false;
        let all = lines.make_contiguous();
        for (nth, it) in all.split_inclusive(|&byte| byte == b'\n').enumerate() {
            let is_rest = nth == 0 && is_begun;
            let instead = forms.iter().find_map(|form| {
                if it == form.old {
                    Some(form.new.clone())
                } else if is_rest && form.old.ends_with(it) {
                    Some(form.ending(form.old.len() - it.len()))
                } else {
                    None
                }
            });
            is_there |= instead.is_some();
            kept.extend(instead.as_deref().unwrap_or(it));
        }
        if is_there {
            *lines = kept.into();
        }
        is_there
    }
}

impl Form {
    pub(super) fn line(&self) -> &[u8] {
        &self.old
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::name::Name;
    use crate::types::room_name::RoomName;
    use proptest::prelude::*;

    fn record(text: &str) -> Record {
        Record {
            room: RoomName::LOBBY,
            seq: 7,
            at: 1,
            kind: Kind::Said,
            name: Name::parse("ann").unwrap(),
            text: text.into(),
            sender: None,
            id: Some("\"text\":\"".into()),
        }
    }

    #[test]
    fn a_line_of_the_same_length_says_that_the_text_is_gone_if_it_can() {
        for (text, told) in [
            ("x", "ann: -\n"),
            ("12345678", "ann: --------\n"),
            ("123456789", "ann: (removed)\n"),
            ("12345678901", "ann: (removed)  \n"),
        ] {
            let gone = Redaction::new(&record(text), "e");
            let same = gone.live(Dialect::Text).of_same_length();
            assert_eq!(core::str::from_utf8(&same), Ok(told));
        }
        // In JSON, it takes a text of 6 bytes.
        for (text, is_said) in [("12345", false), ("123456", true), ("\u{e9}\u{e9}\"", true)] {
            let gone = Redaction::new(&record(text), "e");
            let form = gone.live(Dialect::Json);
            let same = form.of_same_length();
            assert_eq!(same.len(), form.line().len());
            let line = core::str::from_utf8(&same).unwrap();
            let Message::Entry(entry) = serde_json::from_str(line).unwrap() else {
                panic!("{line}");
            };
            assert_eq!(entry.redacted, is_said, "{line}");
            let text = entry.text.as_deref().unwrap_or_default();
            assert_eq!(text.trim(), "");
            assert_eq!(entry.id.as_deref(), Some("\"text\":\""));
        }
    }

    proptest! {
        /// Wherever a line was broken off, its end makes it one, which has no more of the text than a character that was begun.
        #[test]
        fn a_line_that_was_begun_is_ended_without_the_rest_of_its_text(
            text in "[a\"\\\\\u{e9}\u{20ac}\u{1f600}\u{1}]{1,12}",
        ) {
            let gone = Redaction::new(&record(&text), "e");
            let past = gone.past.iter();
            for form in gone.live.iter().chain(past) {
                for sent in 0..form.old.len() {
                    let mut line = form.old[..sent].to_vec();
                    line.extend(form.ending(sent));
                    let line = core::str::from_utf8(&line).unwrap();
                    prop_assert!(line.ends_with('\n'));
                    if form.dialect == Dialect::Text {
                        let shown = &line[form.text.start.min(line.len() - 1)..line.len() - 1];
                        let begun = sent.saturating_sub(form.text.start);
                        let is_short = shown == REDACTED
                            || text.starts_with(shown) && shown.len() < begun + 4;
                        prop_assert!(is_short, "{shown} {sent}");
                        continue;
                    }
                    let (Message::Entry(entry) | Message::Past(entry)) = serde_json::from_str(line).unwrap()
                    else {
                        panic!("{line}");
                    };
                    let shown = entry.text.as_deref().unwrap_or_default();
                    prop_assert!(text.starts_with(shown));
                    prop_assert!(sent > form.text.start || shown.is_empty());
                    // And what waits for one alone is replaced in the same way.
                    let mut waits: VecDeque<u8> = form.old[sent..].iter().copied().collect();
                    waits.extend(form.old.iter());
                    waits.extend(b"another\n");
                    prop_assert!(gone.take_out_of(Dialect::Json, &mut waits, true));
                    let ending = if sent == 0 { form.new.clone() } else { form.ending(sent) };
                    prop_assert_eq!(Vec::from(waits), [&ending[..], &form.new, b"another\n"].concat());
                }
            }
        }
    }
}
