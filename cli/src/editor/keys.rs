//! Bytes from a terminal become keys, however the bytes were chunked.
//!
//! What a terminal sends is UTF-8, control characters, and escape sequences (ECMA-48 and what xterm made of it). A
//! sequence that is not ended is resolved by time, which comes in as a value; whatever comes, a bounded number of bytes
//! is held.

use chat_core::Timestamp;
use std::time::Duration;

/// How long after an escape character the rest of its sequence may come. Somebody who presses Escape waits as long.
const SEQUENCE_PATIENCE: Duration = Duration::from_millis(50);

/// How long a paste may pause. Where a terminal never says that it ended, it ends after this.
const PASTE_PATIENCE: Duration = Duration::from_secs(5);

/// What comes so long after what was before, and is no longer than a key, is a key that somebody presses: a paste that
/// nobody ended does not go on for that.
const KEY_PAUSE: Duration = Duration::from_millis(25);

/// The most bytes that one key sends.
const KEY_BYTES: usize = 8;

/// The most bytes of a paste that are taken; what is longer is swallowed whole, and counted.
pub const MAX_PASTE: usize = 1024 * 1024;

/// The most parameter bytes of a control sequence that are looked at.
const MAX_PARAMETERS: usize = 32;

/// The most bytes of one sequence or string that are swallowed before what follows counts again.
const MAX_SEQUENCE: usize = 4096;

/// What ends a bracketed paste.
const PASTE_END: &[u8] = b"\x1b[201~";

/// One key, or a whole paste.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// A character to be inserted; never a control character.
    Char(char),
    /// Control and a lower-case letter, or one of `\ ] ^ _ @`.
    Ctrl(char),
    /// Alt, or Meta, or Escape before it, and a character.
    Alt(char),
    /// Enter, also on the keypad.
    Enter,
    /// Tab.
    Tab,
    /// Shift and Tab.
    BackTab,
    /// The key that deletes to the left.
    Backspace,
    /// Alt and that key.
    AltBackspace,
    /// Escape alone.
    Escape,
    /// Cursor up.
    Up,
    /// Cursor down.
    Down,
    /// Cursor left.
    Left,
    /// Cursor right.
    Right,
    /// Control or Alt, and cursor left.
    WordLeft,
    /// Control or Alt, and cursor right.
    WordRight,
    /// Home.
    Home,
    /// End.
    End,
    /// The key that deletes to the right.
    Delete,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// Function key 1, for help.
    Help,
    /// Alt and Enter.
    AltEnter,
    /// The terminal has the person's attention, or has lost it, as far as it tells.
    Focus(bool),
    /// A paste.
    Pasted(Pasted),
    /// A key or a sequence that means nothing here.
    Other,
    /// Bytes that are no UTF-8.
    Garbage,
}

/// What was pasted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pasted {
    /// The text, its lines ending in `\n`; empty if it was too long to be taken.
    pub text: String,
    /// How many bytes the terminal sent.
    pub bytes: usize,
    /// The terminal said where it begins and ends; otherwise it was told from typing by its speed.
    pub is_marked: bool,
}

#[derive(Clone, Debug, Default)]
enum State {
    #[default]
    Ground,
    /// Within a character of several bytes, perhaps after an escape character.
    Utf8 {
        bytes: Vec<u8>,
        alt: bool,
    },
    Escape,
    /// `ESC O`: one more byte.
    Ss3,
    /// `ESC [`: parameters, then one final byte.
    Csi {
        parameters: Vec<u8>,
        count: usize,
    },
    /// `ESC [ [`: one more byte, for a function key of the Linux console.
    Console,
    /// `ESC ]`, `ESC P`, `ESC X`, `ESC ^` or `ESC _`: a string, which BEL or `ESC \` ends.
    Text {
        introducer: u8,
        count: usize,
        escaped: bool,
    },
    Paste {
        bytes: Vec<u8>,
        count: usize,
        /// So many bytes of [`PASTE_END`] came last.
        matched: usize,
    },
}

/// Makes keys of bytes.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    state: State,
    /// When the last byte came.
    last: Timestamp,
    /// When the last one came that may be of a paste.
    pasted: Timestamp,
    /// The byte before, in the same read, was a carriage return.
    returned: bool,
}

impl Decoder {
    /// Takes bytes; the keys that end in them are added to `keys`.
    pub fn read(&mut self, now: Timestamp, bytes: &[u8], keys: &mut Vec<Key>) {
        let is_key = self.is_in_paste() && bytes.len() <= KEY_BYTES && now >= self.last + KEY_PAUSE;
        self.last = now;
        if !is_key {
            self.pasted = now;
        }
        self.returned = false;
        for byte in bytes {
            self.byte(*byte, keys);
        }
    }

    /// Whether a paste has begun that has not ended.
    pub fn is_in_paste(&self) -> bool {
        matches!(self.state, State::Paste { .. })
    }

    /// When [`timeout`](Self::timeout) is due.
    pub fn next_timeout(&self) -> Option<Timestamp> {
        match self.state {
            State::Ground => None,
            State::Paste { .. } => Some(self.pasted + PASTE_PATIENCE),
            _ => Some(self.last + SEQUENCE_PATIENCE),
        }
    }

    /// Resolves what has waited for long enough.
    pub fn timeout(&mut self, now: Timestamp, keys: &mut Vec<Key>) {
        if self.next_timeout().is_none_or(|due| now < due) {
            return;
        }
        let key = match std::mem::take(&mut self.state) {
            State::Ground => return,
            State::Utf8 { .. } => Key::Garbage,
            State::Escape => Key::Escape,
            State::Ss3 => Key::Alt('O'),
            State::Csi { count: 0, .. } => Key::Alt('['),
            State::Text {
                introducer,
                count: 0,
                ..
            } => Key::Alt(introducer.into()),
            State::Csi { .. } | State::Console | State::Text { .. } => Key::Other,
            State::Paste { bytes, count, .. } => pasted(&bytes, count),
        };
        keys.push(key);
    }

    fn byte(&mut self, byte: u8, keys: &mut Vec<Key>) {
        let after_return = std::mem::take(&mut self.returned);
        match std::mem::take(&mut self.state) {
            State::Ground => match byte {
                b'\n' if after_return => {}
                _ => self.ground(byte, false, keys),
            },
            State::Utf8 { bytes, alt } => self.utf8(bytes, alt, byte, keys),
            State::Escape => self.escape(byte, keys),
            State::Ss3 => keys.push(match byte {
                b'A' => Key::Up,
                b'B' => Key::Down,
                b'C' => Key::Right,
                b'D' => Key::Left,
                b'F' => Key::End,
                b'H' => Key::Home,
                b'M' => Key::Enter,
                b'P' => Key::Help,
                b' '..=b'~' => Key::Other,
                _ => {
                    keys.push(Key::Alt('O'));
                    return self.ground(byte, false, keys);
                }
            }),
            State::Csi { parameters, count } => self.csi(parameters, count, byte, keys),
            State::Console if byte == b'A' => keys.push(Key::Help),
            State::Console => keys.push(Key::Other),
            State::Text {
                introducer,
                count,
                escaped,
            } => match byte {
                0x07 | 0x18 | 0x1a => keys.push(Key::Other),
                b'\\' if escaped => keys.push(Key::Other),
                _ if count >= MAX_SEQUENCE => keys.push(Key::Other),
                _ => {
                    self.state = State::Text {
                        introducer,
                        count: count + 1,
                        escaped: byte == 0x1b,
                    };
                }
            },
            State::Paste {
                mut bytes,
                count,
                matched,
            } => {
                if count < MAX_PASTE + PASTE_END.len() {
                    bytes.push(byte);
                }
                let count = count + 1;
                let matched = match byte {
                    b if b == PASTE_END[matched] => matched + 1,
                    0x1b => 1,
                    _ => 0,
                };
                if matched == PASTE_END.len() {
                    let count = count - matched;
                    bytes.truncate(count);
                    keys.push(pasted(&bytes, count));
                } else {
                    self.state = State::Paste {
                        bytes,
                        count,
                        matched,
                    };
                }
            }
        }
    }

    /// A byte that begins something.
    fn ground(&mut self, byte: u8, alt: bool, keys: &mut Vec<Key>) {
        self.returned = byte == b'\r';
        keys.push(match byte {
            0x1b => {
                self.state = State::Escape;
                return;
            }
            0x80.. => return self.utf8(Vec::new(), alt, byte, keys),
            b' '..=b'~' if alt => Key::Alt(byte.into()),
            b' '..=b'~' => Key::Char(byte.into()),
            0x08 | 0x7f if alt => Key::AltBackspace,
            0x08 | 0x7f => Key::Backspace,
            b'\r' | b'\n' if alt => Key::AltEnter,
            _ if alt => Key::Other,
            b'\r' | b'\n' => Key::Enter,
            b'\t' => Key::Tab,
            _ => Key::Ctrl((byte | 0x40).to_ascii_lowercase().into()),
        });
    }

    fn utf8(&mut self, mut bytes: Vec<u8>, alt: bool, byte: u8, keys: &mut Vec<Key>) {
        if byte < 0x80 {
            keys.push(Key::Garbage);
            return self.ground(byte, false, keys);
        }
        bytes.push(byte);
        match str::from_utf8(&bytes) {
            Ok(text) => keys.extend(text.chars().map(|c| match c {
                c if c.is_control() => Key::Other,
                c if alt => Key::Alt(c),
                c => Key::Char(c),
            })),
            Err(error) if error.error_len().is_none() => self.state = State::Utf8 { bytes, alt },
            Err(_) => {
                keys.push(Key::Garbage);
                // What ended the character before it may begin one.
                if bytes.len() > 1 {
                    self.utf8(Vec::new(), false, byte, keys);
                }
            }
        }
    }

    fn escape(&mut self, byte: u8, keys: &mut Vec<Key>) {
        match byte {
            b'[' => {
                self.state = State::Csi {
                    parameters: Vec::new(),
                    count: 0,
                };
            }
            b'O' => self.state = State::Ss3,
            b']' | b'P' | b'X' | b'^' | b'_' => {
                self.state = State::Text {
                    introducer: byte,
                    count: 0,
                    escaped: false,
                };
            }
            0x1b => {
                keys.push(Key::Escape);
                self.state = State::Escape;
            }
            _ => self.ground(byte, true, keys),
        }
    }

    fn csi(&mut self, mut parameters: Vec<u8>, count: usize, byte: u8, keys: &mut Vec<Key>) {
        match byte {
            b' '..=b'?' if count < MAX_SEQUENCE => {
                if parameters.len() <= MAX_PARAMETERS {
                    parameters.push(byte);
                }
                let count = count + 1;
                self.state = State::Csi { parameters, count };
            }
            b'[' if count == 0 => self.state = State::Console,
            b'~' if parameters == b"200" => {
                self.state = State::Paste {
                    bytes: Vec::new(),
                    count: 0,
                    matched: 0,
                };
            }
            b'@'..=b'~' => keys.push(sequence(&parameters, byte)),
            // The sequence was broken off.
            _ => {
                keys.push(Key::Other);
                self.ground(byte, false, keys);
            }
        }
    }
}

/// The key that a control sequence stands for.
fn sequence(parameters: &[u8], last: u8) -> Key {
    let mut numbers = parameters.split(|b| *b == b';').map(|number| {
        let number = str::from_utf8(number).unwrap_or_default();
        number.parse::<u16>().unwrap_or_default()
    });
    let first = numbers.next().unwrap_or_default();
    // Bits: 1 is Shift, 2 Alt, 4 Control.
    let held = numbers.next().unwrap_or_default().saturating_sub(1);
    let is_word = held & 6 != 0;
    match (last, first) {
        (b'A', _) => Key::Up,
        (b'B', _) => Key::Down,
        (b'C', _) if is_word => Key::WordRight,
        (b'C', _) => Key::Right,
        (b'D', _) if is_word => Key::WordLeft,
        (b'D', _) => Key::Left,
        (b'F', _) | (b'~', 4 | 8) => Key::End,
        (b'H', _) | (b'~', 1 | 7) => Key::Home,
        (b'Z', _) => Key::BackTab,
        (b'~', 3) => Key::Delete,
        (b'~', 5) => Key::PageUp,
        (b'~', 6) => Key::PageDown,
        (b'~', 11) | (b'P', _) => Key::Help,
        (b'I', 0) => Key::Focus(true),
        (b'O', 0) => Key::Focus(false),
        _ => Key::Other,
    }
}

fn pasted(bytes: &[u8], count: usize) -> Key {
    let text = if count > MAX_PASTE {
        String::new()
    } else {
        let text = String::from_utf8_lossy(bytes);
        text.replace("\r\n", "\n").replace('\r', "\n")
    };
    Key::Pasted(Pasted {
        text,
        bytes: count,
        is_marked: true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::ZERO;

    /// The keys of these bytes, however they are chunked, and of waiting for long.
    fn keys(bytes: &[u8]) -> Vec<Key> {
        let read = |sizes: &[usize]| {
            let (mut decoder, mut keys) = (Decoder::default(), Vec::new());
            let (mut rest, mut sizes) = (bytes, sizes.iter().cycle());
            while !rest.is_empty() {
                let size = *sizes.next().unwrap();
                let (chunk, tail) = rest.split_at(size.clamp(1, rest.len()));
                decoder.read(NOW, chunk, &mut keys);
                rest = tail;
            }
            if let Some(due) = decoder.next_timeout() {
                decoder.timeout(due, &mut keys);
            }
            assert_eq!(decoder.next_timeout(), None);
            keys
        };
        let whole = read(&[usize::MAX]);
        for sizes in [&[1][..], &[2], &[3], &[1, 4, 2]] {
            if !bytes.windows(2).any(|pair| pair == b"\r\n") {
                assert_eq!(read(sizes), whole, "{sizes:?}");
            }
        }
        whole
    }

    fn paste(text: &str, bytes: usize) -> Key {
        Key::Pasted(Pasted {
            text: text.into(),
            bytes,
            is_marked: true,
        })
    }

    #[test]
    fn characters_and_control_characters() {
        let typed = keys("aé日\u{1f600}".as_bytes());
        assert_eq!(typed, ['a', 'é', '日', '\u{1f600}'].map(Key::Char));
        assert_eq!(keys(b"\x01\x05\x0b"), ['a', 'e', 'k'].map(Key::Ctrl));
        assert_eq!(keys(b"\x1c\x00"), ['\\', '@'].map(Key::Ctrl));
        assert_eq!(keys(b"\r\t"), [Key::Enter, Key::Tab]);
        assert_eq!(
            keys(b"\n\x7f\x08"),
            [Key::Enter, Key::Backspace, Key::Backspace]
        );
        assert_eq!(keys(b"\r\n"), [Key::Enter]);
        assert_eq!(keys("\u{85}".as_bytes()), [Key::Other]);
    }

    #[test]
    fn sequences() {
        let arrows = [
            Key::Up,
            Key::Down,
            Key::Right,
            Key::Left,
            Key::End,
            Key::Home,
        ];
        assert_eq!(keys(b"\x1b[A\x1b[B\x1b[C\x1b[D\x1b[F\x1b[H"), arrows);
        assert_eq!(keys(b"\x1bOA\x1bOB\x1bOC\x1bOD\x1bOF\x1bOH"), arrows);
        assert_eq!(
            keys(b"\x1b[1~\x1b[4~\x1b[3~"),
            [Key::Home, Key::End, Key::Delete]
        );
        assert_eq!(keys(b"\x1b[1;5D\x1b[1;3C"), [Key::WordLeft, Key::WordRight]);
        assert_eq!(
            keys(b"\x1b[Z\x1bb\x1b\x7f"),
            [Key::BackTab, Key::Alt('b'), Key::AltBackspace]
        );
        assert_eq!(keys("\x1bé".as_bytes()), [Key::Alt('é')]);
        assert_eq!(keys(b"\x1b[[Bx"), [Key::Other, Key::Char('x')]);
        assert_eq!(keys(b"\x1b[[A\x1bOP\x1b[11~"), [const { Key::Help }; 3]);
        assert_eq!(keys(b"\x1b[5~\x1b[6~"), [Key::PageUp, Key::PageDown]);
        assert_eq!(keys(b"\x1b[I\x1b[O"), [true, false].map(Key::Focus));
        assert_eq!(keys(b"\x1b\rx"), [Key::AltEnter, Key::Char('x')]);
        assert_eq!(keys(b"\x1b[<0;1;1Mx"), [Key::Other, Key::Char('x')]);
    }

    #[test]
    fn what_is_not_ended_is_resolved_by_time() {
        assert_eq!(keys(b"\x1b"), [Key::Escape]);
        assert_eq!(keys(b"\x1b\x1b[A"), [Key::Escape, Key::Up]);
        assert_eq!(keys(b"\x1b["), [Key::Alt('[')]);
        assert_eq!(keys(b"\x1bO"), [Key::Alt('O')]);
        assert_eq!(keys(b"\x1b]"), [Key::Alt(']')]);
        assert_eq!(keys(b"\x1b[1;"), [Key::Other]);
        assert_eq!(keys(b"\xe6\x97"), [Key::Garbage]);
        let (mut decoder, mut keys) = (Decoder::default(), Vec::new());
        decoder.read(NOW, b"\x1b", &mut keys);
        let due = decoder.next_timeout().unwrap();
        assert_eq!(due, NOW + SEQUENCE_PATIENCE);
        decoder.timeout(Timestamp::from_micros(due.as_micros() - 1), &mut keys);
        assert_eq!(keys, []);
        decoder.timeout(due, &mut keys);
        assert_eq!(keys, [Key::Escape]);
    }

    #[test]
    fn garbage_costs_no_character_beside_it() {
        assert_eq!(
            keys(b"a\xffb"),
            [Key::Char('a'), Key::Garbage, Key::Char('b')]
        );
        assert_eq!(keys(b"\xe6a"), [Key::Garbage, Key::Char('a')]);
        let two = keys(b"\xe6\xe6\x97\xa5");
        assert_eq!(two, [Key::Garbage, Key::Char('日')]);
        assert_eq!(
            keys(b"\x1b[1\x01a"),
            [Key::Other, Key::Ctrl('a'), Key::Char('a')]
        );
    }

    #[test]
    fn sequences_and_strings_end_at_their_limit() {
        for begin in [&b"\x1b["[..], b"\x1b]"] {
            let mut bytes = begin.to_vec();
            bytes.extend([b'1'; MAX_SEQUENCE]);
            let mut longer = bytes.clone();
            longer.extend(b"1");
            assert_eq!(keys(&bytes), [Key::Other], "at the limit it is not ended");
            bytes.extend(b"\x07x");
            assert!(keys(&bytes).ends_with(&[Key::Char('x')]));
            longer.extend(b"x");
            assert!(keys(&longer).ends_with(&[Key::Char('x')]));
        }
        assert_eq!(
            keys(b"\x1b]11;rgb:0/0/0\x1b\\x"),
            [Key::Other, Key::Char('x')]
        );
    }

    #[test]
    fn a_paste_is_one_key() {
        assert_eq!(
            keys(b"\x1b[200~one\rtwo\x1b[201~x"),
            [paste("one\ntwo", 7), Key::Char('x')]
        );
        assert_eq!(keys(b"\x1b[200~\x1b[20\x1b[201~"), [paste("\x1b[20", 4)]);
        assert_eq!(keys(b"\x1b[200~a\r\nb\n\x1b[201~"), [paste("a\nb\n", 5)]);
        assert_eq!(keys(b"\x1b[201~"), [Key::Other]);
        // Never ended: time ends it.
        assert_eq!(keys(b"\x1b[200~one\r"), [paste("one\n", 4)]);
    }

    #[test]
    fn a_paste_that_nobody_ends_is_over_whatever_is_pressed_meanwhile() {
        let at = |millis: u64| NOW + Duration::from_millis(millis);
        let (mut decoder, mut keys) = (Decoder::default(), Vec::new());
        decoder.read(at(0), b"\x1b[200~one", &mut keys);
        // It comes slowly, then in another piece; then there are keys.
        decoder.read(at(24), b"t", &mut keys);
        decoder.read(at(4000), b"wo three four", &mut keys);
        for second in 5..9 {
            decoder.timeout(at(second * 1000), &mut keys);
            decoder.read(at(second * 1000), b"x", &mut keys);
        }
        decoder.timeout(at(8999), &mut keys);
        assert_eq!(keys, []);
        decoder.timeout(at(9000), &mut keys);
        assert_eq!(keys, [paste("onetwo three fourxxxx", 21)]);
    }

    #[test]
    fn a_paste_at_the_limit_is_whole_and_one_past_it_is_counted() {
        for (length, text) in [
            (MAX_PASTE, MAX_PASTE),
            (MAX_PASTE + 1, 0),
            (MAX_PASTE * 2, 0),
        ] {
            let mut bytes = b"\x1b[200~".to_vec();
            bytes.extend(std::iter::repeat_n(b'x', length));
            bytes.extend(b"\x1b[201~");
            let (mut decoder, mut keys) = (Decoder::default(), Vec::new());
            decoder.read(NOW, &bytes, &mut keys);
            assert_eq!(keys, [paste(&"x".repeat(text), length)]);
        }
    }
}
