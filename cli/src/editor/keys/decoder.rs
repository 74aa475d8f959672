//! The state machine that makes keys of bytes.

use super::sequence::sequence;
use super::{Key, MAX_PASTE, Pasted};
use chat_core::Timestamp;
use std::time::Duration;

/// How long after an escape character the rest of its sequence may come. Somebody who presses Escape waits as long.
pub(super) const SEQUENCE_PATIENCE: Duration = Duration::from_millis(50);

/// How long a paste may pause. Where a terminal never says that it ended, it ends after this.
const PASTE_PATIENCE: Duration = Duration::from_secs(5);

/// What comes so long after what was before, and is no longer than a key, is a key that somebody presses: a paste that
/// nobody ended does not go on for that.
const KEY_PAUSE: Duration = Duration::from_millis(25);

/// The most bytes that one key sends.
const KEY_BYTES: usize = 8;

/// The most parameter bytes of a control sequence that are looked at.
const MAX_PARAMETERS: usize = 32;

/// The most bytes of one sequence or string that are swallowed before what follows counts again.
pub(super) const MAX_SEQUENCE: usize = 4096;

/// A paste has ended once nothing came for so long after its end mark. What comes sooner may be of it, as its text may have
/// end marks of its own, which some terminals let through: it is, if another end mark follows.
const PASTE_PAUSE: Duration = Duration::from_millis(25);

/// More bytes than this, without a pause, are not typed.
pub(super) const MAX_AFTER: usize = 4096;

/// What ends a bracketed paste.
const PASTE_END: &[u8] = b"\x1b[201~";

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
    Paste(Paste),
}

/// A paste on its way.
#[derive(Clone, Debug, Default)]
struct Paste {
    bytes: Vec<u8>,
    count: usize,
    /// So many bytes of [`PASTE_END`] came last.
    matched: usize,
    /// What came after its end mark: keys, unless there is another one.
    after: Option<Vec<u8>>,
}

impl Paste {
    fn byte(&mut self, byte: u8) {
        match &mut self.after {
            Some(after) => after.push(byte),
            None => self.take(&[byte]),
        }
        self.matched = match byte {
            b if b == PASTE_END[self.matched] => self.matched + 1,
            0x1b => 1,
            _ => 0,
        };
        let is_end = self.matched == PASTE_END.len();
        if is_end || self.after.as_ref().is_some_and(|it| it.len() > MAX_AFTER) {
            self.go_on();
        }
        if is_end {
            self.matched = 0;
            self.count -= PASTE_END.len();
            self.bytes.truncate(self.count);
            self.after = Some(Vec::new());
        }
    }

    /// What came after an end mark was of it, and so was the mark.
    fn go_on(&mut self) {
        if let Some(after) = self.after.take() {
            self.take(PASTE_END);
            self.take(&after);
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        let room = (MAX_PASTE + PASTE_END.len()).saturating_sub(self.bytes.len());
        self.bytes
            .extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.count += bytes.len();
    }
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
        matches!(self.state, State::Paste(_))
    }

    /// When [`timeout`](Self::timeout) is due.
    pub fn next_timeout(&self) -> Option<Timestamp> {
        match self.state {
            State::Ground => None,
            State::Paste(Paste { after: Some(_), .. }) => Some(self.last + PASTE_PAUSE),
            State::Paste(_) => Some(self.pasted + PASTE_PATIENCE),
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
            State::Paste(paste) => {
                keys.push(pasted(&paste.bytes, paste.count));
                for byte in paste.after.unwrap_or_default() {
                    self.byte(byte, keys);
                }
                return;
            }
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
            State::Paste(mut paste) => {
                paste.byte(byte);
                self.state = State::Paste(paste);
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
                self.state = State::Paste(Paste::default());
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
