//! Who speaks another protocol: PROTOCOL.md's table of signs, read and followed literally.
//!
//! Nothing here is core's but the specification, so that core's recogniser is judged by what is promised.

use super::skipped::without_marks;
use chat_core::foreign::Protocol;
use chat_core::{CloseReason, MAX_LINE, is_blank};
use std::sync::OnceLock;

const SPECIFICATION: &str = include_str!("../../../core/PROTOCOL.md");

/// Bytes of a line within which an open sign of characters decides before the line's end.
const EARLY: usize = 64;

/// The control characters that one types.
const KEYS: &[u8] = b"\t\r\n\x07\x08\x0c\x1b\x15\x17";

/// So many lines are compared as well after a first one that is neither `JOIN` nor of another protocol.
pub(super) const LATER: usize = 64;

/// So many parts of a line with CR within it are compared.
const PARTS: usize = 16;

/// A row of the table.
struct Row {
    name: &'static str,
    signs: Vec<Sign>,
    /// Those of them that count later, too.
    secrets: Vec<Sign>,
    /// It is what people say.
    is_said: bool,
}

enum Sign {
    /// Bytes at the front; none is any but CR.
    Bytes(Vec<Option<u8>>),
    /// A zero byte somewhere.
    Zero,
    /// A control character that nobody types, in a whole line.
    Control,
    /// A line of characters, or, if it is open, the beginning of one.
    Line { parts: Vec<Part>, is_open: bool },
    /// These, and then one word: one like a password, or a key in base64.
    Key { parts: Vec<Part>, is_base64: bool },
}

/// A part of a line.
#[derive(PartialEq, Eq)]
enum Part {
    Byte(u8),
    Letter(u8),
    Digits,
    Blanks,
    Word,
    Anything,
    Capitals,
    Segment,
}

impl Part {
    /// Whether a byte belongs to it.
    fn has(&self, byte: u8) -> bool {
        let is_blank = byte == b' ' || byte == b'\t';
        match self {
            Self::Byte(own) => byte == *own,
            Self::Letter(own) => byte.eq_ignore_ascii_case(own),
            Self::Digits => byte.is_ascii_digit(),
            Self::Blanks => is_blank,
            Self::Word => !is_blank && byte != b'\r',
            Self::Anything => byte != b'\r',
            Self::Capitals => byte.is_ascii_uppercase() || byte == b'-',
            Self::Segment => !is_blank && !b"\r/@".contains(&byte),
        }
    }

    fn is_run(&self) -> bool {
        matches!(
            self,
            Self::Digits
                | Self::Blanks
                | Self::Word
                | Self::Anything
                | Self::Capitals
                | Self::Segment
        )
    }
}

impl Sign {
    fn read(text: &str) -> Self {
        let text = text.trim_start_matches('!');
        if text == "0x… 00" {
            return Self::Zero;
        }
        if text == "0x… ctl" {
            return Self::Control;
        }
        if let Some(bytes) = text.strip_prefix("0x") {
            let byte = |hex| u8::from_str_radix(hex, 16).ok();
            return Self::Bytes(bytes.split(' ').map(byte).collect());
        }
        let bare = text.trim_end_matches(['…', '?']);
        let mut bytes = bare.bytes();
        let mut parts = Vec::new();
        while let Some(byte) = bytes.next() {
            parts.push(match byte {
                b'\\' => Part::Byte(bytes.next().unwrap_or(byte)),
                b'%' => Part::Digits,
                b' ' => Part::Blanks,
                b'*' => Part::Word,
                b'~' => Part::Anything,
                b'^' => Part::Capitals,
                b'#' => Part::Segment,
                byte if byte.is_ascii_lowercase() => Part::Letter(byte),
                byte => Part::Byte(byte),
            });
        }
        if text.ends_with('?') {
            let is_base64 = text.ends_with("??");
            return Self::Key { parts, is_base64 };
        }
        Self::Line {
            parts,
            is_open: bare.len() < text.len(),
        }
    }

    /// After how many bytes of a line it is certain, whatever follows; so many of its first ones would not be seen.
    fn decides(&self, line: &[u8], unseen: usize) -> Option<usize> {
        match self {
            Self::Control | Self::Key { .. } => None,
            Self::Zero => Some(1 + line.iter().position(|byte| *byte == 0)?),
            Self::Bytes(bytes) => {
                let is_it = |(own, byte): (&Option<u8>, &u8)| {
                    own.map_or(*byte != b'\r', |own| own == *byte)
                };
                let is_all = line.len() >= bytes.len() && bytes.iter().zip(line).all(is_it);
                is_all.then_some(bytes.len())
            }
            Self::Line { parts, is_open } => {
                let early = &line[unseen..line.len().min(EARLY)];
                if !is_open || !may_begin(parts, early) {
                    return None;
                }
                let ends = ends(parts, early).0;
                Some(unseen + ends.iter().position(|end| *end)?)
            }
        }
    }

    /// Whether a whole line is what it says, or may be where only its beginning is known; so many of its first bytes would
    /// not be seen.
    fn is(&self, line: &[u8], unseen: usize, is_cut: bool) -> bool {
        let (parts, is_open) = match self {
            Self::Line { parts, is_open } => (parts, is_open),
            Self::Key { parts, is_base64 } => {
                let line = &line[unseen..];
                let start = line.iter().rposition(|byte| b" \t".contains(byte));
                let (before, word) = line.split_at(start.map_or(0, |at| at + 1));
                let is_key = if *is_base64 {
                    key(word)
                } else {
                    password(word)
                };
                return !is_cut && is_key && ends(parts, before).0[before.len()];
            }
            Self::Control => return line.iter().any(|byte| byte < &0x20 && !KEYS.contains(byte)),
            Self::Zero | Self::Bytes(_) => return false,
        };
        let line = &line[unseen..];
        if !may_begin(parts, line) {
            return false;
        }
        let (ends, is_alive) = ends(parts, line);
        let is_own = !matches!(
            parts.first(),
            Some(Part::Word | Part::Digits | Part::Capitals | Part::Segment)
        );
        ends[line.len()] || *is_open && ends.contains(&true) || is_cut && is_own && is_alive
    }
}

/// How many bytes at the front of a line would not be seen.
fn unseen(line: &[u8]) -> usize {
    let text = line.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let mut rest = text;
    loop {
        let after = if let Some(after) = rest.strip_prefix("\x1b[") {
            let after = after.trim_start_matches(|c| (' '..='?').contains(&c));
            after
                .strip_prefix(|c| ('@'..='~').contains(&c))
                .unwrap_or(after)
        } else {
            let is_unseen = |c: char| c.is_control() || is_blank(c.encode_utf8(&mut [0; 4]));
            match rest.strip_prefix(is_unseen) {
                Some(after) => after,
                None => return text.len() - rest.len(),
            }
        };
        rest = after;
    }
}

/// The same of what of a line decides before its end.
fn unseen_early(line: &[u8]) -> usize {
    unseen(&line[..line.len().min(EARLY)])
}

/// Whether a word is like a password.
fn password(word: &[u8]) -> bool {
    let is_version = matches!(word, [b'v' | b'V', second, ..] if second.is_ascii_digit());
    let from_letter = word.iter().skip_while(|byte| !byte.is_ascii_alphabetic());
    word.len() >= 6 && !is_version && { from_letter }.any(u8::is_ascii_digit)
}

/// Whether a word is a key in base64.
fn key(word: &[u8]) -> bool {
    let is_of_it = |byte: u8| byte.is_ascii_alphanumeric() || b"+/-_.=~".contains(&byte);
    let is_telling = |at: usize| {
        let before = at
            .checked_sub(1)
            .is_some_and(|at| word[at].is_ascii_lowercase());
        word[at].is_ascii_digit() || word[at] == b'=' || before && word[at].is_ascii_uppercase()
    };
    word.len() >= 16 && word.iter().all(|byte| is_of_it(*byte)) && (0..word.len()).any(is_telling)
}

/// Whether a line begins as its first part does: most do not.
fn may_begin(parts: &[Part], line: &[u8]) -> bool {
    let first = parts.first().zip(line.first());
    first.is_some_and(|(part, byte)| part.has(*byte))
}

/// Where in a line its parts may end; and whether a longer line could be them.
fn ends(parts: &[Part], line: &[u8]) -> (Vec<bool>, bool) {
    let mut ends = vec![false; line.len() + 1];
    ends[0] = true;
    let mut is_alive = false;
    for part in parts {
        // Somewhere in this part the line was over.
        is_alive |= ends[line.len()];
        let mut after = vec![false; line.len() + 1];
        let mut within = false;
        for (at, &byte) in line.iter().enumerate() {
            within = (ends[at] || within && part.is_run()) && part.has(byte);
            after[at + 1] = within;
        }
        is_alive |= within && part.is_run();
        ends = after;
        if !ends.contains(&true) {
            break;
        }
    }
    (ends, is_alive)
}

fn table() -> &'static [Row] {
    static TABLE: OnceLock<Vec<Row>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let section = SPECIFICATION
            .split("\n## ")
            .find(|s| s.starts_with("Strangers\n"));
        let lines = section.expect("the section").lines();
        let rows = lines.filter(|line| line.starts_with("| ")).skip(1);
        let row = |line: &'static str| {
            let cells: Vec<_> = line.split('|').map(str::trim).collect();
            let signs = || cells[2].split('`').skip(1).step_by(2);
            let is_secret = |sign: &&str| sign.starts_with(['!', '0']);
            Row {
                name: cells[1],
                signs: signs().map(Sign::read).collect(),
                secrets: signs().filter(is_secret).map(Sign::read).collect(),
                is_said: cells[3] == "it is said",
            }
        };
        rows.map(row).collect()
    })
}

/// The protocol that a first line is of for certain, given its first bytes.
pub(super) fn opening(line: &[u8]) -> Option<Protocol> {
    let line = without_marks(&line[..line.len().min(MAX_LINE)]);
    opened(line, |_| true)
}

/// By signs such as these; the one that decides after the fewest bytes counts.
fn opened(line: &[u8], counts: impl Fn(&Sign) -> bool) -> Option<Protocol> {
    let rows = table().iter().filter(|row| !row.is_said);
    let unseen = unseen_early(line);
    let decides = |row: &'static Row| {
        let signs = row.signs.iter().filter(|sign| counts(sign));
        signs.filter_map(|sign| sign.decides(line, unseen)).min()
    };
    let first = rows
        .filter_map(|row| Some((decides(row)?, row)))
        .min_by_key(|(at, _)| *at);
    first.map(|(_, row)| named(row.name))
}

/// The parts of a line with CR within it that are compared as if each were a line.
fn parts(line: &[u8]) -> Vec<&[u8]> {
    let line = line[..line.len().min(MAX_LINE)].trim_ascii_end();
    if !line.contains(&b'\r') {
        return Vec::new();
    }
    let parts = line.split(|byte| *byte == b'\r');
    let parts = parts.filter(|part| !part.trim_ascii().is_empty());
    parts.take(PARTS).collect()
}

/// The protocol that a whole first line is of.
pub(super) fn line(line: &[u8]) -> Option<Protocol> {
    let parts = parts(line);
    let first = parts.first().copied().and_then(whole_line);
    let others = || parts.iter().skip(1).find_map(|part| whole_later(part));
    whole_line(line).or(first).or_else(others)
}

fn whole_line(line: &[u8]) -> Option<Protocol> {
    if let Some(protocol) = opening(line) {
        return Some(protocol);
    }
    let is_cut = line.len() >= MAX_LINE;
    let line = if is_cut {
        without_marks(&line[..MAX_LINE])
    } else {
        without_marks(line.trim_ascii_end())
    };
    let unseen = unseen(line);
    let row = table()
        .iter()
        .find(|row| row.signs.iter().any(|sign| sign.is(line, unseen, is_cut)))?;
    (!row.is_said).then(|| named(row.name))
}

/// The protocol that a line is of which comes soon after a first one: only secrets count.
pub(super) fn later(line: &[u8]) -> Option<Protocol> {
    let of_parts = || parts(line).into_iter().find_map(whole_later);
    whole_later(line).or_else(of_parts)
}

/// The protocol that such a line is of for certain, given its first bytes.
pub(super) fn later_opening(line: &[u8]) -> Option<Protocol> {
    let line = without_marks(&line[..line.len().min(MAX_LINE)]);
    opened(line, |sign| matches!(sign, Sign::Bytes(_) | Sign::Zero))
}

fn whole_later(line: &[u8]) -> Option<Protocol> {
    later_opening(line).or_else(|| later_characters(line))
}

fn later_characters(line: &[u8]) -> Option<Protocol> {
    let is_cut = line.len() >= MAX_LINE;
    let line = without_marks(&line[..line.len().min(MAX_LINE)]);
    let whole = if is_cut { line } else { line.trim_ascii_end() };
    let (unseen, early) = (unseen(whole), unseen_early(line));
    let is = |sign: &Sign| sign.is(whole, unseen, is_cut);
    let fits = |sign: &Sign| is(sign) || sign.decides(line, early).is_some();
    let said = table().iter().filter(|row| row.is_said);
    if said.flat_map(|row| &row.signs).any(is) {
        return None;
    }
    let row = table().iter().find(|row| row.secrets.iter().any(fits))?;
    Some(named(row.name))
}

/// Whether a line that comes later is not counted.
pub(super) fn is_passed_over(line: &[u8]) -> bool {
    line[..line.len().min(MAX_LINE)].trim_ascii().is_empty()
}

fn named(name: &str) -> Protocol {
    let all = chat_core::foreign::TABLE
        .iter()
        .filter_map(|row| row.protocol);
    all.into_iter()
        .find(|protocol| protocol.name() == name)
        .expect("a name of the table")
}

/// Whether a connection was closed for another protocol's sake.
pub(super) fn is_foreign(reason: Option<CloseReason>) -> bool {
    matches!(reason, Some(CloseReason::Foreign(_)))
}
