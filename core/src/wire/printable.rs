//! Texts that somebody else wrote, without what could do harm where they are shown (PROTOCOL.md, "What a client sends").

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use unicode_normalization::char::is_combining_mark;
use unicode_security::confusable_detection::skeleton;

/// So many marks are shown on one character: more would be drawn over the lines around.
const MAX_MARKS: usize = 8;

/// `text` with `?` for every character that could do something to a screen: control characters other than tab,
/// the two line separators of Unicode, and controls of direction that are not in pairs, as these would turn round
/// what stands after the text. Of the marks on a character, the first 8 are left.
///
/// ```
/// use chat_core::printable;
/// assert_eq!(printable("\u{1b}[2J\ttidy\u{2028}"), "?[2J\ttidy?");
/// assert_eq!(printable("\u{202e}desrever"), "?desrever");
/// ```
pub fn printable(text: &str) -> Cow<'_, str> {
    if is_plain(text.as_bytes()) {
        return Cow::Borrowed(text);
    }
    let unpaired = unpaired(text);
    let mut unpaired = unpaired.iter().copied().peekable();
    let mut marks = 0;
    let mut shown = String::new();
    // The text from here on is not in `shown` yet.
    let mut rest = 0;
    for (at, c) in text.char_indices() {
        let is_unpaired = unpaired.next_if_eq(&at).is_some();
        if is_mark(c) {
            marks += 1;
        } else if marks > 0 && !is_ignorable(c) {
            marks = 0;
        }
        let acts = is_unpaired || acts(c);
        if acts || marks > MAX_MARKS && is_mark(c) {
            shown.push_str(&text[rest..at]);
            shown.push_str(if acts { "?" } else { "" });
            rest = at + c.len_utf8();
        }
    }
    if rest == 0 {
        return Cow::Borrowed(text);
    }
    shown.push_str(&text[rest..]);
    Cow::Owned(shown)
}

/// Whether bytes are ASCII from the space to the tilde, as most texts are.
fn is_plain(bytes: &[u8]) -> bool {
    /// So many are looked at in a few instructions.
    const MANY: usize = 32;
    if let Some(last) = bytes.last_chunk::<MANY>() {
        let (chunks, _) = bytes.as_chunks::<MANY>();
        // Of the last chunk, some may have been looked at before.
        let are_odd = chunks.iter().fold(0, |all, chunk| all | odd(chunk));
        return are_odd | odd(last) == 0;
    }
    let (words, rest) = bytes.as_chunks();
    odd_of(words) == 0 && rest.iter().all(|byte| (b' '..=b'~').contains(byte))
}

/// Not 0 if a byte is not plain.
fn odd(chunk: &[u8; 32]) -> u64 {
    odd_of(chunk.as_chunks().0)
}

/// The same, of each eight bytes.
fn odd_of(words: &[[u8; 8]]) -> u64 {
    /// The first bit of each byte.
    const FIRST: u64 = u64::from_ne_bytes([0x80; 8]);
    const SPACE: u64 = u64::from_ne_bytes([b' '; 8]);
    const ONE: u64 = u64::from_ne_bytes([1; 8]);
    // A byte has its first bit set already, or once as much as a space is taken from it, if it is less than one, or once one
    // is added to it, if it is more than a tilde. Where none has, none is carried over to the next one.
    let odd = words.iter().fold(0, |all, word| {
        let bytes = u64::from_le_bytes(*word);
        all | bytes | bytes.wrapping_sub(SPACE) | bytes.wrapping_add(ONE)
    });
    odd & FIRST
}

/// Whether nobody would see anything of a text: white space, and characters that are not drawn.
///
/// ```
/// use chat_core::is_blank;
/// assert!(is_blank(" \t\u{200b}\u{ad}") && !is_blank("."));
/// ```
pub fn is_blank(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_whitespace() || c == BLANK_BRAILLE || is_ignorable(c))
}

/// A text without the blanks around it; nothing, where nothing of it would be seen.
pub(crate) fn trimmed(text: &str) -> &str {
    let text = text.trim();
    if is_blank(text) { "" } else { text }
}

/// A pattern of no dots: it is not white space, and looks like it.
const BLANK_BRAILLE: char = '\u{2800}';

/// Whether a character by itself could do something to a screen.
fn acts(c: char) -> bool {
    c.is_control() && c != '\t' || matches!(c, '\u{2028}' | '\u{2029}')
}

fn is_mark(c: char) -> bool {
    !c.is_ascii() && is_combining_mark(c)
}

/// Whether Unicode has it that a character is not drawn (`Default_Ignorable_Code_Point`). Of these, a skeleton has
/// nothing.
fn is_ignorable(c: char) -> bool {
    !c.is_ascii() && skeleton(c.encode_utf8(&mut [0; 4])).next().is_none()
}

/// Where the controls of direction stand that are not in pairs, one within the other: what opens and is not closed,
/// and what closes nothing (UAX 9, 3.1.2).
fn unpaired(text: &str) -> Vec<usize> {
    let mut open: Vec<(usize, bool)> = Vec::new();
    let mut unpaired = Vec::new();
    for (at, c) in text.char_indices() {
        match c {
            '\u{202a}' | '\u{202b}' | '\u{202d}' | '\u{202e}' => open.push((at, false)),
            '\u{2066}'..='\u{2068}' => open.push((at, true)),
            // It closes the last embedding or override, but none outside an isolate.
            '\u{202c}' if open.last().is_some_and(|(_, is_isolate)| !is_isolate) => {
                open.pop();
            }
            '\u{202c}' => unpaired.push(at),
            // It closes the last isolate, and what is open within it has no end of its own.
            '\u{2069}' => match open.iter().rposition(|(_, is_isolate)| *is_isolate) {
                Some(opened) => unpaired.extend(open.drain(opened..).skip(1).map(|(at, _)| at)),
                None => unpaired.push(at),
            },
            _ => {}
        }
    }
    unpaired.extend(open.into_iter().map(|(at, _)| at));
    unpaired.sort_unstable();
    unpaired
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_byte_that_is_not_plain_is_found_wherever_it_is() {
        for length in [0, 1, 7, 8, 9, 31, 32, 33, 63, 64, 70] {
            assert!(is_plain(&alloc::vec![b'~'; length]) && is_plain(&alloc::vec![b' '; length]));
            for at in 0..length {
                for around in [b' ', b'~'] {
                    for byte in 0..=u8::MAX {
                        let mut bytes = alloc::vec![around; length];
                        bytes[at] = byte;
                        assert_eq!(
                            is_plain(&bytes),
                            (b' '..=b'~').contains(&byte),
                            "{byte} at {at}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn text_that_does_nothing_to_a_screen_is_not_copied() {
        for text in [
            "tidy",
            "t\u{ef}dy\ttoo",
            "\u{2067}\u{5d0}\u{2069} e\u{301}",
            &"long ".repeat(100),
        ] {
            assert!(matches!(printable(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn what_turns_the_direction_ends_with_the_text_or_is_not_in_it() {
        for (text, shown) in [
            ("a\u{202e}b", "a?b"),
            ("a\u{202e}b\u{202c}c", "a\u{202e}b\u{202c}c"),
            ("\u{2067}a", "?a"),
            ("a\u{2069}\u{202c}", "a??"),
            ("\u{2066}\u{202b}a\u{2069}", "\u{2066}?a\u{2069}"),
            ("\u{202b}\u{2066}\u{202c}\u{2069}", "?\u{2066}?\u{2069}"),
            ("\u{202a}\u{202d}a\u{202c}", "?\u{202d}a\u{202c}"),
            ("\u{200f}\u{5d0}\u{200e}", "\u{200f}\u{5d0}\u{200e}"),
        ] {
            assert_eq!(printable(text), shown, "{text:?}");
        }
    }

    #[test]
    fn eight_marks_stand_on_a_character_and_no_ninth() {
        let piled = |marks| alloc::format!("o{}o", "\u{301}".repeat(marks));
        assert_eq!(printable(&piled(MAX_MARKS)), piled(MAX_MARKS));
        assert_eq!(printable(&piled(MAX_MARKS + 1)), piled(MAX_MARKS));
        assert_eq!(
            printable(&piled(MAX_MARKS).repeat(2)),
            piled(MAX_MARKS).repeat(2)
        );
        // What is not drawn is not a character for more of them.
        let hidden = alloc::format!("o{0}\u{200d}{0}", "\u{301}".repeat(5));
        assert_eq!(printable(&hidden).matches('\u{301}').count(), MAX_MARKS);
    }

    #[test]
    fn what_is_not_seen_is_blank() {
        for c in [
            '\u{200b}',
            '\u{ad}',
            '\u{2800}',
            '\u{3164}',
            '\u{feff}',
            '\u{e0041}',
            '\u{202e}',
            '\u{fe0f}',
        ] {
            assert!(is_blank(&alloc::format!(" {c}")), "{c:?}");
        }
        for text in ["\u{7}", "\u{301}", "\u{200b}.", "\u{1f469}\u{200d}"] {
            assert!(!is_blank(text), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_text_made_printable_stays_as_it_is_and_does_not_grow(
            text in "[a\u{5d0}\u{301}\u{200d}\u{202a}-\u{202e}\u{2066}-\u{2069}\u{7}]{0,40}",
        ) {
            let shown = printable(&text);
            prop_assert!(shown.len() <= text.len());
            prop_assert_eq!(&printable(&shown), &shown);
            prop_assert!(unpaired(&shown).is_empty());
            prop_assert!(!is_blank(&shown) || is_blank(&text));
        }
    }
}
