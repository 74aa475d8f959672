//! Bytes as hexadecimal digits in lower case, two for each.

use alloc::string::String;
use core::fmt::Write;

pub(crate) fn to_hex(bytes: impl IntoIterator<Item = u8>) -> String {
    let mut digits = String::new();
    for byte in bytes {
        let _ = write!(digits, "{byte:02x}"); // A string takes it all.
    }
    digits
}

/// The bytes of just so many digits; capitals and signs are none.
pub(crate) fn from_hex<const N: usize>(digits: &str) -> Option<[u8; N]> {
    let is_hex = digits
        .bytes()
        .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if digits.len() != 2 * N || !is_hex {
        return None;
    }
    let mut bytes = [0; N];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_just_those_of_the_bytes() {
        let bytes = [0x00, 0x0f, 0xa0, 0xff];
        assert_eq!(to_hex(bytes), "000fa0ff");
        assert_eq!(from_hex("000fa0ff"), Some(bytes));
        for other in [
            "000fa0f",
            "000fa0ff0",
            "000FA0FF",
            "+00fa0ff",
            "000fa0é",
            "",
        ] {
            assert_eq!(from_hex::<4>(other), None, "{other}");
        }
    }
}
