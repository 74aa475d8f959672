//! The id that came with a request which is not carried out: also where the request is no object, is
//! cut off, or is far too long.

use crate::wire::json::MAX_GIVEN;
use crate::wire::short::within;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// The most bytes that are held of an id as it is written: every character may be an escape.
const MAX_WRITTEN: usize = 6 * MAX_GIVEN;

/// The longest that the word `id` can be, as it is written: two escapes.
const MAX_KEY: usize = 12;

/// The longest escape, that of a surrogate pair: so much may have to be taken from what was cut off.
const MAX_ESCAPE: usize = 12;

/// Reads the id of an object, byte by byte, and holds nothing else of it. What is not an object any
/// more ends the reading; what was read before that counts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct GivenId {
    state: State,
    /// In a string: the byte before was a backslash that escapes this one.
    is_escaped: bool,
    key: Vec<u8>,
    written: Vec<u8>,
    found: Option<Found>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum State {
    /// Before the object's brace.
    Start,
    /// Where a member's name is due.
    Member,
    Key,
    Colon,
    /// Where a member's value is due.
    Value,
    IdText,
    IdNumber,
    /// In a value that is of no interest, so many brackets deep.
    Other {
        depth: usize,
        is_text: bool,
    },
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Found {
    Text,
    Number,
}

impl GivenId {
    pub(crate) fn new() -> Self {
        Self {
            state: State::Start,
            is_escaped: false,
            key: Vec::new(),
            written: Vec::new(),
            found: None,
        }
    }

    /// The id in a line: a string, or a number as it is written. Of an id of more than
    /// [`MAX_GIVEN`] bytes, the beginning.
    pub(crate) fn of(line: &[u8]) -> Option<String> {
        let mut reader = Self::new();
        reader.read(line);
        reader.end()
    }

    /// More of the line.
    pub(crate) fn read(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if self.state == State::Over {
                return;
            }
            self.step(*byte);
        }
    }

    /// The line ends here.
    pub(crate) fn end(mut self) -> Option<String> {
        if self.state == State::IdNumber {
            self.found = Some(Found::Number);
        }
        let id = match self.found? {
            Found::Number => String::from_utf8(self.written).ok()?,
            Found::Text => decoded(&self.written)?,
        };
        Some(beginning(id))
    }

    fn step(&mut self, byte: u8) {
        let is_blank = matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        let state = self.state;
        self.state = match state {
            State::Start | State::Member | State::Colon | State::Value if is_blank => return,
            State::Start if byte == b'{' => State::Member,
            State::Member if byte == b',' => State::Member,
            State::Member if byte == b'"' => {
                self.key.clear();
                State::Key
            }
            State::Key if self.ends_text(byte) => State::Colon,
            State::Key => {
                if self.key.len() <= MAX_KEY {
                    self.key.push(byte);
                }
                State::Key
            }
            State::Colon if byte == b':' => State::Value,
            State::Value => return self.begin_value(byte),
            State::IdText if self.ends_text(byte) => {
                self.found = Some(Found::Text);
                State::Over
            }
            State::IdText => {
                self.write(byte);
                State::IdText
            }
            State::IdNumber if is_of_number(byte) => {
                self.write(byte);
                State::IdNumber
            }
            State::IdNumber => {
                self.found = Some(Found::Number);
                State::Over
            }
            State::Other { depth, is_text } => self.pass(byte, depth, is_text),
            State::Start | State::Member | State::Colon | State::Over => State::Over,
        };
    }

    /// Whether this byte ends a string, and is not of it.
    fn ends_text(&mut self, byte: u8) -> bool {
        if self.is_escaped {
            self.is_escaped = false;
            return false;
        }
        self.is_escaped = byte == b'\\';
        byte == b'"'
    }

    fn write(&mut self, byte: u8) {
        if self.written.len() < MAX_WRITTEN {
            self.written.push(byte);
        }
    }

    fn begin_value(&mut self, byte: u8) {
        let is_id = decoded(&self.key).is_some_and(|key| key == "id");
        self.state = match byte {
            b'"' if is_id => State::IdText,
            b'-' | b'0'..=b'9' if is_id => {
                self.write(byte);
                State::IdNumber
            }
            _ => self.pass(byte, 0, false),
        };
    }

    /// The state after a byte of a value that is of no interest.
    fn pass(&mut self, byte: u8, depth: usize, is_text: bool) -> State {
        let (depth, is_text) = match byte {
            _ if is_text => (depth, !self.ends_text(byte)),
            b'"' => (depth, true),
            b'{' | b'[' => (depth.saturating_add(1), false),
            b'}' | b']' => match depth.checked_sub(1) {
                Some(depth) => (depth, false),
                None => return State::Over,
            },
            b',' if depth == 0 => return State::Member,
            _ => (depth, false),
        };
        State::Other { depth, is_text }
    }
}

fn is_of_number(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E')
}

/// At most the first [`MAX_GIVEN`] bytes, to the end of a character.
pub(crate) fn beginning(mut id: String) -> String {
    id.truncate(within(&id, MAX_GIVEN).len());
    id
}

/// What stands between the quotes of a string, as far as it goes: it may be cut off in an escape or
/// a character.
fn decoded(written: &[u8]) -> Option<String> {
    let is_cut = written.len() >= MAX_WRITTEN;
    let most = if is_cut { MAX_ESCAPE } else { 0 };
    let ends = (written.len().saturating_sub(most)..=written.len()).rev();
    ends.filter_map(|end| str::from_utf8(&written[..end]).ok())
        .find_map(|text| serde_json::from_str(&format!("\"{text}\"")).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use alloc::vec;
    use serde_json::json;

    /// The same however the line is cut into pieces.
    fn of(line: &[u8]) -> Option<String> {
        let whole = GivenId::of(line);
        let mut reader = GivenId::new();
        for byte in line {
            reader.read(&[*byte]);
        }
        assert_eq!(reader.end(), whole);
        whole
    }

    #[test]
    fn it_is_found_wherever_an_object_has_it() {
        for line in [
            r#"{"id":"7"}"#,
            r#" { "type" : "say" , "id" : "7" , "text":"a"}"#,
            r#"{"text":"a","id":"7"}"#,
            r#"{"text":"{\"id\":\"8\"}","id":"7"}"#,
            r#"{"text":"\\","id":"7"}"#,
            r#"{"a":{"id":"8","b":[{"id":"9"}]},"c":[1,"]",{}],"id":"7"}"#,
            r#"{"a":null,"b":-1.5e3,"id":"7""#,
            r#"{"id":"7","text":"a"#,
            r#"{"id":"7"} and what follows"#,
            r#"{"\u0069\u0064":"\u0037"}"#,
            r#"{"id":7}"#,
            r#"{"id":7"#,
            r#"{"id":null,"id":"7"}"#,
            r#"{"":1,"ID":"8","id":"7","id":"8"}"#,
        ] {
            assert_eq!(of(line.as_bytes()).as_deref(), Some("7"), "{line}");
        }
        let number = of(br#"{"id":-1.5e+3,"text":1}"#);
        assert_eq!(number.as_deref(), Some("-1.5e+3"));
        let other = of(b"{\"text\":\"\xff\",\"id\":\"\xc3\xa9\\n\"}");
        assert_eq!(other.as_deref(), Some("\u{e9}\n"));
        assert_eq!(of(br#"{"id":""}"#).as_deref(), Some(""));
    }

    #[test]
    fn what_is_no_members_value_is_no_id() {
        for line in [
            "",
            "{",
            "id",
            r#""id""#,
            r#"[{"id":"7"}]"#,
            r#"{"a":"id","b":"7"}"#,
            r#"{"a":{"id":"7"}}"#,
            r#"{"id"}"#,
            r#"{"id" "7"}"#,
            r#"{"id":"7"#,
            r#"{"id":"\ud800"}"#,
            r#"{"id":{"id":"7"}}"#,
            r#"{"id":true}"#,
            r#"{}{"id":"7"}"#,
            r#"{"a":1}{"id":"7"}"#,
            r#"{"type":"say"#,
        ] {
            assert_eq!(of(line.as_bytes()), None, "{line}");
        }
        assert_eq!(of(b"{\"id\":\"\xff\"}"), None);
    }

    #[test]
    fn of_a_long_one_the_beginning_is_held() {
        for character in ["a", "\u{e9}", "\u{1f600}", "\u{7}", "\"", "\\"] {
            for length in [MAX_GIVEN - 1, MAX_GIVEN, MAX_GIVEN + 1, 20 * MAX_GIVEN] {
                let id: String = character.repeat(length.div_ceil(character.len()));
                let expected = beginning(id.clone());
                assert!(expected.len() > MAX_GIVEN - 4 || expected == id);
                let line = json!({"a": "b", "id": id, "z": 0}).to_string();
                assert_eq!(of(line.as_bytes()), Some(expected.clone()));
                let escape = |unit: u16| format!("\\u{unit:04x}");
                let escaped: String = id.encode_utf16().map(escape).collect();
                let line = format!("{{\"id\":\"{escaped}\"}}");
                assert_eq!(of(line.as_bytes()), Some(expected));
            }
        }
    }

    #[test]
    fn nothing_else_is_held() {
        let mut reader = GivenId::new();
        reader.read(b"{");
        for piece in [&b"\"key"[..], b"\":[", b"\"id\":\"", b"9"] {
            for _ in 0..100_000 {
                reader.read(piece);
            }
        }
        assert!(reader.written.capacity() <= 2 * MAX_WRITTEN);
        assert!(reader.key.capacity() <= 2 * MAX_KEY + 8);
        let deep = [&b"{\"a\":"[..], &vec![b'['; 1_000_000]].concat();
        assert_eq!(GivenId::of(&deep), None);
    }
}
