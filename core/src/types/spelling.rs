//! What a name may be spelled with (PROTOCOL.md, "Names"): RFC 8265's `UsernameCaseMapped` profile, which has letters and
//! digits of any script, the restriction of UTS 39 to one script, and the rule of RFC 5893 for what is written from right to left.

use super::limits::MAX_NAME;
use alloc::string::String;
use core::fmt;
use core::iter::once;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_security::mixed_script::AugmentedScriptSet;
use unicode_security::{
    GeneralSecurityProfile, RestrictionLevel, RestrictionLevelDetection,
    general_security_profile::IdentifierType,
};

/// So many marks one after the other are in no name (UTS 39, 5.4, has at most so many).
const MAX_MARKS: usize = 4;

/// Why a text is no [`Name`](crate::Name); its `Display` says what a name must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InvalidName {
    /// It is empty, too long, or has a character that names do not have.
    Form,
    /// It has letters that take more than a byte, and is too long with them.
    Long,
    /// Its letters are of scripts that nobody writes together.
    Scripts,
    /// It has letters that are written from right to left, and something that does not stand beside them.
    Direction,
}

impl fmt::Display for InvalidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form => write!(
                f,
                "a name is 1 to {MAX_NAME} letters, digits, -, _ or ., and begins with a letter or a digit"
            ),
            Self::Long => write!(
                f,
                "a name is at most {MAX_NAME} bytes long, and letters other than a to z take 2 to 4 each"
            ),
            Self::Scripts => f.write_str("a name has letters of one script"),
            Self::Direction => f.write_str(
                "a name from right to left begins with a letter, ends with a letter or a digit, and has no letters from left to right and no digits of two kinds",
            ),
        }
    }
}

impl core::error::Error for InvalidName {}

/// A name as it is shown: letters of full and half width are those of ordinary width, and what can be one
/// character is one.
///
/// # Errors
/// When it is no name.
pub(super) fn spelled(asked: &str) -> Result<String, InvalidName> {
    // What is composed is at least a fourth as long.
    if asked.len() > 4 * MAX_NAME {
        return Err(InvalidName::Long);
    }
    let mut wide = String::new();
    for c in asked.chars() {
        match c {
            '\u{ff01}'..='\u{ffef}' => wide.extend(once(c).nfkc()),
            _ => wide.push(c),
        }
    }
    let name: String = wide.nfc().collect();
    let begins_well = |c: char| c.is_alphanumeric() && !is_combining_mark(c);
    if !name.starts_with(begins_well) || !name.chars().all(is_of_names) || has_marks_piled(&name) {
        return Err(InvalidName::Form);
    }
    if name.len() > MAX_NAME {
        return Err(InvalidName::Long);
    }
    if !is_of_one_script(&name) {
        return Err(InvalidName::Scripts);
    }
    if !goes_one_way(&name) {
        return Err(InvalidName::Direction);
    }
    Ok(name)
}

/// Whether names have this character: of those outside ASCII, letters, digits and marks that are shown, are not
/// another one's look, and are not out of use. These are the letters and digits of RFC 8264's `IdentifierClass`.
fn is_of_names(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    }
    (c.is_alphanumeric() || is_combining_mark(c))
        && matches!(
            c.identifier_type(),
            Some(
                IdentifierType::Recommended
                    | IdentifierType::Limited_Use
                    | IdentifierType::Uncommon_Use
                    | IdentifierType::Exclusion
            )
        )
}

/// Whether more marks stand on one letter than any language has.
fn has_marks_piled(name: &str) -> bool {
    let mut marks = 0;
    name.nfd().any(|c| {
        marks = if is_combining_mark(c) { marks + 1 } else { 0 };
        marks > MAX_MARKS
    })
}

/// Whether all of it is of one script, or of those that are written together (UTS 39, 5.2, "highly
/// restrictive"): Latin and what is written in Japan, in Korea, or with Bopomofo.
fn is_of_one_script(name: &str) -> bool {
    !AugmentedScriptSet::for_str(name).is_empty()
        || name.check_restriction_level(RestrictionLevel::HighlyRestrictive)
}

/// Whether it stands in one order, wherever it is shown (RFC 5893, 2). A name without letters from right to left does.
fn goes_one_way(name: &str) -> bool {
    if !name.chars().any(is_right_to_left) {
        return true;
    }
    let begins_well = |c: char| is_right_to_left(c) && c.is_alphabetic();
    let fits = |c: char| {
        !c.is_ascii_alphabetic() && (c.is_ascii() || is_right_to_left(c) || is_combining_mark(c))
    };
    let is_european = |c: char| matches!(c, '0'..='9' | '\u{6f0}'..='\u{6f9}');
    let is_arabic = |c: char| matches!(c, '\u{660}'..='\u{669}' | '\u{10d30}'..='\u{10d39}' | '\u{10e60}'..='\u{10e7e}');
    name.starts_with(begins_well)
        && name.chars().all(fits)
        && !name.ends_with(['-', '_', '.'])
        && !(name.contains(is_european) && name.contains(is_arabic))
}

/// Whether a character is of a block that Unicode has for scripts from right to left.
fn is_right_to_left(c: char) -> bool {
    matches!(c,
        '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use InvalidName::{Direction, Form, Long, Scripts};

    #[test]
    fn names_are_of_letters_of_any_script() {
        for good in [
            "Zoë",
            "Аня",
            "Νίκος",
            "李小龍",
            "さくらちゃん",
            "김철수",
            "שלום",
            "علي",
            "อรุณ",
            "अनिल",
            "Նարե",
            "ngọc-2",
            "ᏣᎳᎩ",
            "漢字かなAbc",
            "שלום-2",
            "علي٣",
        ] {
            assert_eq!(spelled(good).as_deref(), Ok(good));
        }
    }

    #[test]
    fn a_name_is_shown_in_letters_of_ordinary_width_and_composed() {
        for (asked, shown) in [
            ("ａｎｎ", "ann"),
            ("Zoe\u{308}", "Zoë"),
            ("ｶﾞ", "ガ"),
            ("\u{1112}\u{1161}\u{11ab}", "한"),
        ] {
            assert_eq!(spelled(asked).as_deref(), Ok(shown));
        }
    }

    #[test]
    fn symbols_and_what_is_not_seen_are_in_no_name() {
        for bad in [
            // Invisible, and marks and digits that begin.
            "an\u{200b}n",
            "an\u{ad}n",
            "an\u{200d}n",
            "\u{feff}ann",
            "an\u{34f}n",
            "an\u{fe0f}n",
            "\u{3164}",
            "\u{115f}",
            "\u{ffa0}",
            "\u{202e}ann",
            "a\u{e0041}",
            "\u{301}a",
            "☃",
            "ann☃",
            "an\u{a0}n",
            "an\u{3000}n",
            "¡ann",
            "٣",
            "ann：",
            // What is another character's look.
            "ﬁne",
            "№1",
            "x²",
            "𝐚nn",
            "🅰nn",
            "ⓐnn",
            "ℌans",
            "ſam",
            // More marks than any language has.
            "a\u{310}\u{311}\u{312}\u{313}\u{314}",
        ] {
            assert!(
                matches!(spelled(bad), Err(Form | Direction)),
                "{bad:?} is {:?}",
                spelled(bad)
            );
        }
    }

    #[test]
    fn letters_of_one_script_are_written_together() {
        for mixed in [
            "аlice", "alicе", "pаypal", "Νick", "annая", "かна", "aא", "अaб",
        ] {
            assert!(matches!(spelled(mixed), Err(Scripts)), "{mixed}");
        }
    }

    #[test]
    fn a_name_from_right_to_left_has_nothing_from_left_to_right() {
        for mixed in ["1שלום", "שלום-", "שלום.", "٣علي", "علي٣3"] {
            assert_eq!(spelled(mixed), Err(Direction), "{mixed}");
        }
    }

    #[test]
    fn a_name_of_long_letters_is_as_long_as_any_in_bytes() {
        assert!(spelled(&"я".repeat(MAX_NAME / 2)).is_ok());
        assert_eq!(spelled(&"я".repeat(MAX_NAME / 2 + 1)), Err(Long));
        assert_eq!(spelled(&"я".repeat(4 * MAX_NAME)), Err(Long));
        // Three bytes each, as they are asked for, and one as they are shown.
        assert!(spelled(&"ａ".repeat(MAX_NAME)).is_ok());
        assert_eq!(spelled(&"ａ".repeat(MAX_NAME + 1)), Err(Long));
    }
}
