//! What a terminal tells of itself between the keys: its background, and what the mouse does.
//!
//! It is listened for beside the line editor, which takes such sequences for keys that mean nothing. So nothing that is typed
//! can be lost here, and a sequence that is cut or never ends costs nothing.

use chat_core::Timestamp;
use std::time::Duration;

/// How long after its beginning the rest of a sequence may come.
const PATIENCE: Duration = Duration::from_millis(50);

/// A paste that has ended for the editor has ended here.
const PASTE_PATIENCE: Duration = Duration::from_secs(5);

/// The longest sequence that is looked at, in bytes.
const MAX_LENGTH: usize = 64;

/// What asks a terminal for its background. It answers with [`Report::Background`], or not at all.
pub const ASK_BACKGROUND: &[u8] = b"\x1b]11;?\x1b\\";

/// What has a terminal tell what the mouse does: buttons, and where.
pub const MOUSE: &[u8] = b"\x1b[?1000h\x1b[?1006h";

/// What a terminal told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// The red, green and blue of its background.
    Background(u8, u8, u8),
    /// The wheel was turned up.
    WheelUp,
    /// The wheel was turned down.
    WheelDown,
    /// The first button was pressed, in this column and row.
    Pressed(u16, u16),
}

#[derive(Clone, Debug, Default)]
enum State {
    #[default]
    Ground,
    Escape,
    Csi(Vec<u8>),
    Osc(Vec<u8>),
    /// What is pasted is nothing that the terminal tells.
    Paste(Vec<u8>),
}

/// Finds reports in what a terminal sends.
#[derive(Clone, Debug, Default)]
pub struct Reports {
    state: State,
    last: Timestamp,
}

impl Reports {
    /// Takes bytes; what they report.
    pub fn read(&mut self, now: Timestamp, bytes: &[u8]) -> Vec<Report> {
        let patience = match self.state {
            State::Paste(_) => PASTE_PATIENCE,
            _ => PATIENCE,
        };
        if now >= self.last + patience {
            self.state = State::Ground;
        }
        self.last = now;
        bytes.iter().filter_map(|byte| self.byte(*byte)).collect()
    }

    fn byte(&mut self, byte: u8) -> Option<Report> {
        match std::mem::take(&mut self.state) {
            State::Ground if byte == 0x1b => self.state = State::Escape,
            State::Ground => {}
            State::Escape => match byte {
                b'[' => self.state = State::Csi(Vec::new()),
                b']' => self.state = State::Osc(Vec::new()),
                0x1b => self.state = State::Escape,
                _ => {}
            },
            State::Csi(mut bytes) => match byte {
                b'~' if bytes == b"200" => self.state = State::Paste(Vec::new()),
                b'@'..=b'~' => return mouse(&bytes, byte),
                0x1b => self.state = State::Escape,
                _ if bytes.len() < MAX_LENGTH => {
                    bytes.push(byte);
                    self.state = State::Csi(bytes);
                }
                _ => {}
            },
            State::Osc(mut bytes) => match byte {
                0x07 => return background(&bytes),
                b'\\' if bytes.last() == Some(&0x1b) => {
                    bytes.pop();
                    return background(&bytes);
                }
                _ if bytes.len() < MAX_LENGTH => {
                    bytes.push(byte);
                    self.state = State::Osc(bytes);
                }
                _ => {}
            },
            State::Paste(mut bytes) => {
                const END: &[u8] = b"\x1b[201~";
                bytes.push(byte);
                if bytes.len() > END.len() {
                    bytes.remove(0);
                }
                if bytes != END {
                    self.state = State::Paste(bytes);
                }
            }
        }
        None
    }
}

/// What a mouse sequence tells (xterm's, "SGR"): the button, the column, the row.
fn mouse(parameters: &[u8], last: u8) -> Option<Report> {
    let parameters = str::from_utf8(parameters.strip_prefix(b"<")?).ok()?;
    let mut numbers = parameters.split(';').map(str::parse::<u16>);
    let (button, column, row) = (
        numbers.next()?.ok()?,
        numbers.next()?.ok()?,
        numbers.next()?.ok()?,
    );
    match (button, last) {
        (0, b'M') => Some(Report::Pressed(column.checked_sub(1)?, row.checked_sub(1)?)),
        (64, b'M') => Some(Report::WheelUp),
        (65, b'M') => Some(Report::WheelDown),
        _ => None,
    }
}

/// The background that an answer tells: `11;rgb:` and three numbers of one to four hexadecimal digits.
fn background(text: &[u8]) -> Option<Report> {
    let text = str::from_utf8(text).ok()?.strip_prefix("11;rgb")?;
    let text = text.strip_prefix("a:").or_else(|| text.strip_prefix(':'))?;
    let mut parts = text.split('/').map(|digits| {
        let value = u32::from_str_radix(digits, 16).ok()?;
        let most = match digits.len() {
            length @ 1..=4 => 16_u32.pow(u32::try_from(length).ok()?) - 1,
            _ => return None,
        };
        u8::try_from(value * 255 / most).ok()
    });
    Some(Report::Background(
        parts.next()??,
        parts.next()??,
        parts.next()??,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_000_000);

    /// What bytes report, however they are cut.
    fn reports(bytes: &[u8]) -> Vec<Report> {
        let whole = Reports::default().read(NOW, bytes);
        let mut cut = Reports::default();
        let one_by_one: Vec<Report> = bytes
            .iter()
            .flat_map(|byte| cut.read(NOW, &[*byte]))
            .collect();
        assert_eq!(whole, one_by_one);
        whole
    }

    #[test]
    fn a_terminal_tells_its_background_in_several_ways() {
        for answer in [
            "\x1b]11;rgb:ffff/8080/0000\x1b\\",
            "\x1b]11;rgb:ff/80/00\x07",
            "\x1b]11;rgba:ffff/8080/0000/ffff\x07",
        ] {
            let answer = format!("ab{answer}cd");
            assert_eq!(
                reports(answer.as_bytes()),
                [Report::Background(255, 128, 0)]
            );
        }
        assert_eq!(
            reports(b"\x1b]11;rgb:f/0/7\x07"),
            [Report::Background(255, 0, 119)]
        );
        for other in [
            "\x1b]11;?\x07",
            "\x1b]10;rgb:ff/ff/ff\x07",
            "\x1b]11;rgb:ff/ff\x07",
            "\x1b]11;rgb:fffff/0/0\x07",
            "\x1b]11;rgb:/0/0\x07",
            "\x1b]11;rgb:-1/0/0\x07",
        ] {
            assert_eq!(reports(other.as_bytes()), [], "{other:?}");
        }
    }

    #[test]
    fn the_mouse_is_told_from_keys() {
        assert_eq!(
            reports(b"\x1b[<0;3;1M\x1b[<0;3;1m\x1b[<64;3;1Mx\x1b[<65;3;1M\x1b[A"),
            [Report::Pressed(2, 0), Report::WheelUp, Report::WheelDown]
        );
        for other in [
            "\x1b[<0;0;1M",
            "\x1b[<2;1;1M",
            "\x1b[<0;1M",
            "\x1b[<0;99999;1M",
            "\x1b[0;1;1M",
        ] {
            assert_eq!(reports(other.as_bytes()), [], "{other:?}");
        }
    }

    #[test]
    fn what_is_pasted_reports_nothing_and_a_paste_that_never_ends_does_in_time() {
        let paste = b"\x1b[200~\x1b[<64;1;1M\x1b]11;rgb:0/0/0\x07\x1b[201~\x1b[<65;1;1M";
        assert_eq!(reports(paste), [Report::WheelDown]);
        let mut endless = Reports::default();
        assert_eq!(endless.read(NOW, b"\x1b[200~"), []);
        let later = NOW + PASTE_PATIENCE;
        assert_eq!(endless.read(later, b"\x1b[<64;1;1M"), [Report::WheelUp]);
    }

    #[test]
    fn a_sequence_is_looked_at_up_to_its_limit_and_for_its_time() {
        let long =
            |zeros: usize| [b"\x1b[<".to_vec(), b"0".repeat(zeros), b"64;1;1M".to_vec()].concat();
        let fits = MAX_LENGTH - "<64;1;1".len();
        assert_eq!(reports(&long(fits)), [Report::WheelUp]);
        assert_eq!(reports(&long(fits + 1)), []);
        let mut slow = Reports::default();
        slow.read(NOW, b"\x1b[<64;1");
        assert_eq!(slow.read(NOW + PATIENCE, b";1M"), []);
    }
}
