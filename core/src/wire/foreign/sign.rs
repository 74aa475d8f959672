//! Signs: what a protocol is recognised by (PROTOCOL.md, "Strangers").

use crate::types::limits::MAX_LINE;

/// A text decides before its line ends only within so many bytes: however few bytes come at a time, no
/// more of them are looked at again.
const EARLY: usize = 64;

/// A line with a control character in it that nobody types.
const CONTROL: &str = "0x… ctl";

/// Whether these bytes at the front of a line decide, whatever comes after them: how many of them it takes.
pub(super) fn opens(sign: &str, start: &[u8]) -> Option<usize> {
    let sign = sign.trim_start_matches('!');
    let start = &start[..start.len().min(MAX_LINE)];
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
    if !may_begin(pattern.as_bytes(), start) {
        return None;
    }
    run(pattern.as_bytes(), &start[..start.len().min(EARLY)]).accepted
}

/// Whether a whole line is what the sign says. Of one that was cut off at the limit only the beginning is
/// known: it is, if nothing speaks against that, and the first word is the sign's own.
pub(super) fn is(sign: &str, line: &[u8], is_cut: bool) -> bool {
    let sign = sign.trim_start_matches('!');
    if sign == CONTROL {
        return line.iter().any(|byte| is_no_key(*byte));
    }
    if sign.starts_with("0x") {
        return false; // It would have opened the line.
    }
    let line = line.trim_ascii_start();
    let line = if is_cut { line } else { line.trim_ascii_end() };
    let (pattern, is_open) = match sign.strip_suffix('…') {
        Some(pattern) => (pattern.as_bytes(), true),
        None => (sign.as_bytes(), false),
    };
    if !may_begin(pattern, line) {
        return false;
    }
    let run = run(pattern, line);
    let ends = run.accepted == Some(line.len()) || run.states & 1 << pattern.len() != 0;
    ends || is_open && run.accepted.is_some()
        || is_cut && run.states != 0 && !sign.starts_with(['*', '%'])
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
        b'\\' | b'*' | b'~' | b' ' => true,
        b'%' => byte.is_ascii_digit(),
        small if small.is_ascii_lowercase() => *small == byte.to_ascii_lowercase(),
        other => other == byte,
    }
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

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}
