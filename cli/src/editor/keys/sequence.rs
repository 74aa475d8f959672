//! What control sequences stand for (ECMA-48, xterm, the Linux console).

use super::Key;

/// The key that a control sequence stands for.
pub(super) fn sequence(parameters: &[u8], last: u8) -> Key {
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
