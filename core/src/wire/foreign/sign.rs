//! Signs: what a protocol is recognised by (PROTOCOL.md, "Strangers").

use crate::types::limits::MAX_LINE;
use crate::wire::line::without_marks;
use crate::wire::printable::is_blank as is_unseen;
use core::mem;

/// A text decides before its line ends only within so many bytes: however few bytes come at a time, no
/// more of them are looked at again.
const EARLY: usize = 64;

/// A line with a control character in it that nobody types.
const CONTROL: &str = "0x… ctl";

/// A line, or as much of it as has come, and what is asked of it again for each sign.
pub(super) struct Text<'a> {
    bytes: &'a [u8],
    /// What signs of characters are compared with.
    seen: &'a [u8],
    /// It is only the beginning of a line that is too long.
    is_cut: bool,
    /// Which bytes are in `seen`; a capital is there as its small letter, too.
    has: Bytes,
    /// The sums of those that stand side by side there, all letters small: one that a sign names is mostly not among them.
    pairs: Bytes,
}

/// A set of bytes, a bit for each.
#[derive(Default)]
struct Bytes([u64; 4]);

impl Bytes {
    fn insert(&mut self, byte: u8) {
        self.0[usize::from(byte / 64)] |= 1 << (byte % 64);
    }

    fn has(&self, byte: u8) -> bool {
        self.0[usize::from(byte / 64)] & 1 << (byte % 64) != 0
    }
}

/// What stands for two bytes side by side.
fn pair(first: u8, second: u8) -> u8 {
    let first = first.to_ascii_lowercase().wrapping_mul(31);
    first.wrapping_add(second.to_ascii_lowercase())
}

impl<'a> Text<'a> {
    /// Of a whole line, or what the limit leaves of it.
    pub(super) fn of_line(line: &'a [u8]) -> Self {
        let is_cut = line.len() >= MAX_LINE;
        let line = without_marks(line);
        let seen = seen(line);
        let seen = if is_cut { seen } else { seen.trim_ascii_end() };
        Self::new(line, seen, is_cut)
    }

    /// Of the beginning of a line, as far as it decides early.
    pub(super) fn of_opening(start: &'a [u8]) -> Self {
        let start = without_marks(&start[..start.len().min(MAX_LINE)]);
        Self::new(start, seen(&start[..start.len().min(EARLY)]), false)
    }

    fn new(bytes: &'a [u8], seen: &'a [u8], is_cut: bool) -> Self {
        let (mut has, mut pairs) = (Bytes::default(), Bytes::default());
        for &byte in seen {
            has.insert(byte);
            has.insert(byte.to_ascii_lowercase());
        }
        for two in seen.windows(2) {
            pairs.insert(pair(two[0], two[1]));
        }
        Self {
            bytes,
            seen,
            is_cut,
            has,
            pairs,
        }
    }

    /// Whether all bytes that a pattern names are in it, side by side where it names them so, and a digit where there is to
    /// be one: mostly the last one is not.
    fn may_be(&self, pattern: &[u8]) -> bool {
        last_named(pattern).is_none_or(|byte| self.has.has(byte)) && self.has_named(pattern)
    }

    fn has_named(&self, pattern: &[u8]) -> bool {
        let mut is_escaped = false;
        let mut before = None;
        pattern.iter().all(|&byte| {
            if byte == b'\\' && !is_escaped {
                is_escaped = true;
                return true;
            }
            let is_run = b"*~ #^%".contains(&byte) && !is_escaped;
            is_escaped = false;
            let before = mem::replace(&mut before, (!is_run).then_some(byte));
            if is_run {
                return byte != b'%' || (b'0'..=b'9').any(|digit| self.has.has(digit));
            }
            let is_beside = |before| self.pairs.has(pair(before, byte));
            self.has.has(byte) && before.is_none_or(is_beside)
        })
    }
}

/// Whether these bytes at the front of a line decide, whatever comes after them: how many of them it takes.
pub(super) fn opens(sign: &str, text: &Text<'_>) -> Option<usize> {
    let sign = sign.strip_prefix('!').unwrap_or(sign);
    let start = text.bytes;
    let is_of_bytes = sign.starts_with("0x");
    if !is_of_bytes && !may_begin(sign.as_bytes(), text.seen) {
        return None; // So it is with most.
    }
    if sign == "0x… 00" {
        return memchr::memchr(0, start).map(|at| at + 1);
    }
    if sign == CONTROL {
        return None; // More of the line may say which protocol it is.
    }
    if let Some(bytes) = sign.strip_prefix("0x") {
        return begins(bytes, start);
    }
    let pattern = sign.strip_suffix('…')?;
    if !text.may_be(pattern.as_bytes()) {
        return None;
    }
    let before = start.len().min(EARLY) - text.seen.len();
    let accepted = run(pattern.as_bytes(), text.seen).accepted;
    accepted.map(|at| before + at)
}

/// A line without what would not be seen before its first character, as a key or a program may have put it there: white
/// space, what is not drawn, control characters, and the sequences of escape and `[` (ECMA-48, 5.4) that keys send.
fn seen(line: &[u8]) -> &[u8] {
    let mut rest = line;
    loop {
        rest = match rest {
            [0x1b, b'[', after @ ..] => {
                let is_parameter = |byte: &u8| matches!(byte, 0x20..=0x3f);
                let length = after.iter().take_while(|byte| is_parameter(byte)).count();
                match &after[length..] {
                    [0x40..=0x7e, after @ ..] | after => after,
                }
            }
            [byte, after @ ..] if byte.is_ascii() => {
                if byte.is_ascii_graphic() {
                    return rest;
                }
                after
            }
            _ => {
                // No character takes more than four bytes.
                let front = &rest[..rest.len().min(4)];
                let front = match str::from_utf8(front) {
                    Ok(front) => front,
                    Err(e) => str::from_utf8(&front[..e.valid_up_to()]).unwrap_or_default(),
                };
                let Some(first) = front.chars().next() else {
                    return rest;
                };
                let length = first.len_utf8();
                if !first.is_control() && !is_unseen(&front[..length]) {
                    return rest;
                }
                &rest[length..]
            }
        };
    }
}

/// Whether a whole line is what the sign says. Of one that was cut off at
/// the limit only the beginning is known: it is, if nothing speaks against that, and the first word is the sign's own.
pub(super) fn is(sign: &str, text: &Text<'_>) -> bool {
    let sign = sign.strip_prefix('!').unwrap_or(sign);
    let is_of_bytes = sign.starts_with("0x");
    if !is_of_bytes && !may_begin(sign.as_bytes(), text.seen) {
        return false; // So it is with most.
    }
    if sign == CONTROL {
        return text.bytes.iter().any(|byte| is_no_key(*byte));
    }
    if is_of_bytes {
        return false; // It would have opened the line.
    }
    let (line, is_cut) = (text.seen, text.is_cut);
    if let Some(before) = sign.strip_suffix('?') {
        return !is_cut && ends_in_a_key(before, text);
    }
    let (pattern, is_open) = match sign.strip_suffix('…') {
        Some(pattern) => (pattern.as_bytes(), true),
        None => (sign.as_bytes(), false),
    };
    let may_go_on = is_cut && !sign.starts_with(['*', '%', '^', '#']);
    if !may_go_on && !text.may_be(pattern) {
        return false;
    }
    let run = run(pattern, line);
    let ends = run.accepted == Some(line.len()) || run.states & 1 << pattern.len() != 0;
    ends || is_open && run.accepted.is_some() || may_go_on && run.states != 0
}

/// Whether a line is what stands before the `?` or `??` at the end of a sign, and then one word as nobody says it.
fn ends_in_a_key(before: &str, text: &Text<'_>) -> bool {
    let line = text.seen;
    let word = line.rsplit(|byte| is_blank(*byte)).next();
    let word = word.unwrap_or_default();
    let (before, is_key) = match before.strip_suffix('?') {
        Some(before) => (before, is_base64(word)),
        None => (before, is_password(word)),
    };
    let front = &line[..line.len() - word.len()];
    is_key
        && text.may_be(before.as_bytes())
        && run(before.as_bytes(), front).states & 1 << before.len() != 0
}

/// Whether a word is as passwords are that no word of a language is: 6 bytes or more, with a letter and after it a
/// digit, but no `v` and a digit at its front, as versions have.
fn is_password(word: &[u8]) -> bool {
    let letter = word.iter().position(u8::is_ascii_alphabetic);
    let has_digit = |from: usize| word[from..].iter().any(u8::is_ascii_digit);
    let is_version = matches!(word, [b'v' | b'V', b'0'..=b'9', ..]);
    word.len() >= 6 && letter.is_some_and(has_digit) && !is_version
}

/// Whether a word is 16 bytes of base64 or more (RFC 4648, in either alphabet, with the stops of tokens), and has
/// something that no word of a language has: a digit, a `=`, or a capital after a small letter.
fn is_base64(word: &[u8]) -> bool {
    let is_of_it = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_.=~".contains(byte);
    let is_mixed = |two: &[u8]| two[0].is_ascii_lowercase() && two[1].is_ascii_uppercase();
    word.len() >= 16
        && word.iter().all(is_of_it)
        && (word
            .iter()
            .any(|byte| byte.is_ascii_digit() || *byte == b'=')
            || word.windows(2).any(is_mixed))
}

/// How long a run of bytes in hexadecimal is, if `start` begins with them; `..` is any byte but a CR, which may
/// belong to the line's ending.
fn begins(bytes: &str, start: &[u8]) -> Option<usize> {
    let mut length = 0;
    for byte in bytes.split(' ') {
        let given = *start.get(length)?;
        let is_it = match byte {
            ".." => given != b'\r',
            _ => u8::from_str_radix(byte, 16) == Ok(given),
        };
        if !is_it {
            return None;
        }
        length += 1;
    }
    Some(length)
}

/// Whether a line begins as a pattern does, as far as its first byte says: most do not.
fn may_begin(pattern: &[u8], line: &[u8]) -> bool {
    let (Some(first), Some(byte)) = (pattern.first(), line.first()) else {
        return true;
    };
    match first {
        b'\\' | b'*' | b'~' | b' ' | b'#' => true,
        b'^' => is_capital(*byte),
        b'%' => byte.is_ascii_digit(),
        small if small.is_ascii_lowercase() => *small == byte.to_ascii_lowercase(),
        other => other == byte,
    }
}

/// The last byte that a pattern names.
fn last_named(pattern: &[u8]) -> Option<u8> {
    let mut rest = pattern;
    while let [before @ .., last] = rest {
        if before.last() == Some(&b'\\') || !b"*~% #^".contains(last) {
            return Some(*last);
        }
        rest = before;
    }
    None
}

/// What became of a pattern over a line.
struct Run {
    /// Where in the pattern it may be at the line's end, a bit for each byte of it and one for its end.
    states: u64,
    /// The shortest beginning of the line that is all that the pattern says.
    accepted: Option<usize>,
}

/// Follows a pattern of fewer than 64 bytes through a line, in all ways at once: in time that grows with the
/// line's length and nothing else.
fn run(pattern: &[u8], line: &[u8]) -> Run {
    debug_assert!(pattern.len() < 64);
    let end = 1_u64 << pattern.len();
    let mut run = Run {
        states: 1,
        accepted: None,
    };
    for (at, &byte) in line.iter().enumerate() {
        let mut before = run.states & !end;
        run.states = 0;
        while before != 0 {
            let place = before.trailing_zeros() as usize;
            before &= before - 1;
            let (is_it, repeats, width) = match pattern[place] {
                b'\\' => (pattern.get(place + 1) == Some(&byte), false, 2),
                b'*' => (!is_blank(byte) && byte != b'\r', true, 1),
                b'#' => (
                    !is_blank(byte) && !matches!(byte, b'\r' | b'/' | b'@'),
                    true,
                    1,
                ),
                b'^' => (is_capital(byte), true, 1),
                b'~' => (byte != b'\r', true, 1),
                b'%' => (byte.is_ascii_digit(), true, 1),
                b' ' => (is_blank(byte), true, 1),
                small if small.is_ascii_lowercase() => {
                    (small == byte.to_ascii_lowercase(), false, 1)
                }
                other => (other == byte, false, 1),
            };
            if is_it {
                run.states |= 1 << (place + width);
                run.states |= if repeats { 1 << place } else { 0 };
            }
        }
        if run.states & end != 0 {
            run.accepted.get_or_insert(at + 1);
        }
        if run.states == 0 {
            break;
        }
    }
    run
}

/// Whether a byte is a control character that no key of a line's editing gives: not tab, CR, BEL, backspace, form feed,
/// escape, ^U or ^W.
fn is_no_key(byte: u8) -> bool {
    matches!(byte, 0..=6 | 0x0b | 0x0e..=0x14 | 0x16 | 0x18..=0x1a | 0x1c..=0x1f)
}

/// Whether a byte may be in a method's name, as all are that are registered.
fn is_capital(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte == b'-'
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}
