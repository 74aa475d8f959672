//! What people compare certificates by.

use rustls::pki_types::CertificateDer;
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// The SHA-256 of a certificate, written as `openssl x509 -fingerprint -sha256` does: two hexadecimal digits for
/// each byte, and colons between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// That of a certificate.
    pub fn of(certificate: &CertificateDer<'_>) -> Self {
        Self(Sha256::digest(certificate).into())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, byte) in self.0.iter().enumerate() {
            let colon = if position == 0 { "" } else { ":" };
            write!(f, "{colon}{byte:02X}")?;
        }
        Ok(())
    }
}

impl FromStr for Fingerprint {
    type Err = String;

    /// Colons may be left out, and letters may be small.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "a fingerprint is 64 hexadecimal digits, with or without colons".to_owned();
        let digits: Vec<u32> = (text.chars().filter(|c| *c != ':'))
            .map(|c| c.to_digit(16))
            .collect::<Option<_>>()
            .ok_or_else(wrong)?;
        let bytes = digits.chunks(2).map(|pair| match pair {
            [high, low] => u8::try_from(high * 16 + low).ok(),
            _ => None,
        });
        let bytes: Option<Vec<u8>> = bytes.collect();
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_with_and_without_colons_and_in_any_case() {
        let of_nothing = Fingerprint::of(&CertificateDer::from(&[][..]));
        let written = of_nothing.to_string();
        assert!(written.starts_with("E3:B0:C4:42:98:FC:1C:14:"), "{written}");
        for text in [
            written.clone(),
            written.replace(':', ""),
            written.to_lowercase(),
        ] {
            assert_eq!(text.parse(), Ok(of_nothing), "{text}");
        }
    }

    #[test]
    fn it_has_64_digits() {
        for text in [
            "",
            "E3",
            &"A".repeat(63),
            &"A".repeat(65),
            &"A".repeat(66),
            &"G".repeat(64),
        ] {
            assert!(text.parse::<Fingerprint>().is_err(), "{text}");
        }
        assert!("A".repeat(64).parse::<Fingerprint>().is_ok());
    }
}
