//! Bytes as a scenario writes them, and bytes as a report shows them.

use std::fmt::{self, Write as _};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, SeqAccess, Visitor},
    ser::SerializeSeq,
};

/// Bytes to type or send. In a scenario: a string, a byte string such as
/// `b"\xff"`, or a list of those in which a number repeats the piece before it,
/// so `["x", 4096, "!\n"]` is 4,096 times `x` and then `!` and a line ending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text(pub Vec<u8>);

impl Text {
    /// The same, with every `{n}` replaced by a number.
    pub(crate) fn numbered(&self, n: u64) -> Self {
        match std::str::from_utf8(&self.0) {
            Ok(text) => Self(text.replace("{n}", &n.to_string()).into_bytes()),
            Err(_) => self.clone(),
        }
    }
}

impl Serialize for Text {
    /// As it would be written by hand: long runs of a byte as a number after it.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let runs: Vec<&[u8]> = self.0.chunk_by(|a, b| a == b).collect();
        if runs.iter().all(|run| run.len() < LONG_RUN) {
            return match str::from_utf8(&self.0) {
                Ok(text) => to.serialize_str(text),
                Err(_) => to.serialize_bytes(&self.0),
            };
        }
        let mut list = to.serialize_seq(None)?;
        let mut plain = Vec::new();
        for run in runs {
            if run.len() < LONG_RUN {
                plain.extend_from_slice(run);
                continue;
            }
            if !plain.is_empty() {
                list.serialize_element(&Self(std::mem::take(&mut plain)))?;
            }
            list.serialize_element(&Self(vec![run[0]]))?;
            list.serialize_element(&run.len())?;
        }
        if !plain.is_empty() {
            list.serialize_element(&Self(plain))?;
        }
        list.end()
    }
}

/// One element of a list: something to send, or how often to send it.
enum Piece {
    Bytes(Vec<u8>),
    Times(u64),
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(TextVisitor).map(Self)
    }
}

impl<'de> Deserialize<'de> for Piece {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(PieceVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a string, a byte string such as b\"\\xff\", \
             or a list of these in which a number repeats the piece before it",
        )
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(text.as_bytes().to_vec())
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        Ok(bytes.to_vec())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut all = Vec::new();
        let mut before = None;
        while let Some(piece) = list.next_element()? {
            match piece {
                Piece::Bytes(bytes) => {
                    all.extend_from_slice(&bytes);
                    before = Some(bytes);
                }
                Piece::Times(times) => {
                    let bytes = before.take().ok_or_else(|| {
                        Error::custom("a number repeats the piece before it; there is none")
                    })?;
                    let times = usize::try_from(times).map_err(Error::custom)?;
                    // Written once already.
                    all.truncate(all.len() - bytes.len());
                    all.extend_from_slice(&bytes.repeat(times));
                }
            }
        }
        Ok(all)
    }
}

struct PieceVisitor;

impl Visitor<'_> for PieceVisitor {
    type Value = Piece;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, a byte string, or how often to repeat the piece before")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Piece, E> {
        Ok(Piece::Bytes(text.as_bytes().to_vec()))
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Piece, E> {
        Ok(Piece::Bytes(bytes.to_vec()))
    }

    fn visit_u64<E: Error>(self, times: u64) -> Result<Piece, E> {
        Ok(Piece::Times(times))
    }
}

/// A byte that stands so often in a row is written once, with a number.
const LONG_RUN: usize = 16;

/// Longer lines are shown by their beginning, their length and a hash.
const SHOWN: usize = 160;

/// Bytes as one line that shows every one of them: what would move a cursor
/// or is not UTF-8 appears as an escape.
pub(crate) fn visible(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            if c.is_control() || turns || matches!(c, '\u{200b}' | '\u{2028}' | '\u{2029}') {
                out.extend(c.escape_default());
            } else {
                out.push(c);
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    if out.len() > SHOWN {
        let beginning: String = out.chars().take(40).collect();
        out = format!(
            "{beginning}… ({} bytes, hash {:016x})",
            bytes.len(),
            hash(bytes)
        );
    }
    out
}

/// FNV-1a: tells two screens apart, on every machine in the same way.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::{Text, visible};

    fn text(ron: &str) -> Vec<u8> {
        ron::from_str::<Text>(ron).unwrap().0
    }

    #[test]
    fn text_is_a_string_bytes_or_a_list() {
        assert_eq!(text(r#""a\tb\u{1b}""#), b"a\tb\x1b");
        assert_eq!(text(r#"b"a\xff""#), b"a\xff");
        assert_eq!(text(r#"["ab", 3, b"\xff", "!", "?", 0]"#), b"ababab\xff!");
        assert!(ron::from_str::<Text>("[3]").is_err());
        assert!(ron::from_str::<Text>("true").is_err());
    }

    #[test]
    fn what_is_shown_is_one_harmless_line() {
        assert_eq!(visible(b"plain \xc3\xa9"), "plain é");
        assert_eq!(visible(b"\x1b[2J\r\n\xff"), "\\u{1b}[2J\\r\\n\\xff");
        assert!(visible(&[b'x'; 4096]).contains("4096 bytes"));
    }
}
