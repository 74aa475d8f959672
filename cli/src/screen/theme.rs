//! What things look like: colours that can be read on dark and on light, as far as the terminal has any.

use crate::colour;
use ratatui_core::style::{Color, Modifier, Style};
use std::ffi::OsString;

/// How many colours a terminal has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colours {
    /// None, or none are wanted.
    #[default]
    None,
    /// The sixteen that everybody sets for themselves.
    Sixteen,
    /// The palette of 256.
    Palette,
    /// Any of red, green and blue.
    True,
}

/// What a terminal can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Theme {
    /// Its colours.
    pub colours: Colours,
    /// It shows nothing but ASCII.
    pub is_ascii: bool,
}

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// What people say, and what is typed.
    Plain,
    /// Of less weight: times, rules, who came and went.
    Quiet,
    /// What is not accepted yet.
    Pending,
    /// A message of the program.
    Notice,
    /// A name; the number is its hash.
    Name(u64),
    /// What names the person.
    Mention,
    /// The rule below which one has not read yet.
    Unread,
    /// What was searched for.
    Found,
    /// The bars.
    Bar,
    /// What is important in a bar.
    Alert,
    /// The room that is looked at, among others.
    Current,
}

impl Theme {
    /// What the environment says of the terminal.
    pub fn of(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let text = |name: &str| {
            let value = variable(name).filter(|value| !value.is_empty())?;
            Some(value.to_string_lossy().to_lowercase())
        };
        let term = text("TERM").unwrap_or_default();
        let colours = if !colour::is_wanted(true, &variable) {
            Colours::None
        } else if text("COLORTERM").is_some_and(|it| it == "truecolor" || it == "24bit") {
            Colours::True
        } else if term.contains("256color") {
            Colours::Palette
        } else {
            Colours::Sixteen
        };
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(text);
        let is_utf8 = |locale: &str| locale.contains("utf-8") || locale.contains("utf8");
        Self {
            colours,
            is_ascii: locale.is_none_or(|locale| !is_utf8(&locale)),
        }
    }

    /// The style of a piece of text.
    pub fn style(self, look: Look) -> Style {
        let plain = Style::new();
        match look {
            Look::Plain => plain,
            Look::Quiet | Look::Pending => plain.add_modifier(Modifier::DIM),
            Look::Notice => plain.add_modifier(Modifier::ITALIC),
            Look::Name(hash) => self.name(hash),
            Look::Mention => plain.add_modifier(Modifier::BOLD | Modifier::REVERSED),
            Look::Unread | Look::Found => plain.add_modifier(Modifier::BOLD),
            Look::Bar => plain.add_modifier(Modifier::REVERSED),
            Look::Alert => plain.add_modifier(Modifier::REVERSED | Modifier::BOLD),
            Look::Current => plain.add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
        }
    }

    fn name(self, hash: u64) -> Style {
        let pick = |count: usize| usize::try_from(hash % count as u64).unwrap_or(0);
        let colour = match self.colours {
            Colours::None => return Style::new().add_modifier(Modifier::BOLD),
            Colours::Sixteen => SIXTEEN[pick(SIXTEEN.len())],
            Colours::Palette => Color::Indexed(PALETTE[pick(PALETTE.len())]),
            Colours::True => {
                let (r, g, b) = TRUE[pick(TRUE.len())];
                Color::Rgb(r, g, b)
            }
        };
        Style::new().fg(colour)
    }
}

/// A number that is the same for a name everywhere, in any case (FNV-1a).
pub fn hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Whoever sets these has them differ from the background.
const SIXTEEN: [Color; 5] = [
    Color::Red,
    Color::Green,
    Color::Magenta,
    Color::Cyan,
    Color::Blue,
];

/// Those of the palette of 256 that contrast with black and with white alike.
const PALETTE: [u8; 45] = [
    26, 27, 28, 29, 30, 31, 32, 33, 61, 62, 63, 64, 67, 68, 93, 94, 97, 98, 99, 100, 127, 128, 129,
    130, 131, 132, 133, 134, 135, 136, 160, 161, 162, 163, 164, 165, 166, 167, 168, 169, 196, 197,
    198, 199, 200,
];

/// Hues around the circle, each of the luminance that contrasts with black as much as with white (WCAG 2.2, "contrast
/// ratio").
const TRUE: [(u8, u8, u8); 24] = [
    (236, 0, 0),
    (220, 54, 0),
    (186, 91, 0),
    (150, 111, 0),
    (122, 122, 0),
    (95, 128, 0),
    (63, 133, 0),
    (29, 136, 0),
    (0, 137, 0),
    (0, 137, 30),
    (0, 136, 65),
    (0, 134, 99),
    (0, 131, 131),
    (0, 126, 170),
    (0, 115, 230),
    (79, 99, 255),
    (95, 95, 255),
    (108, 91, 255),
    (142, 75, 255),
    (189, 0, 252),
    (208, 0, 208),
    (220, 0, 164),
    (229, 0, 114),
    (235, 0, 58),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The contrast with black and with white (WCAG 2.2).
    fn contrasts((r, g, b): (u8, u8, u8)) -> (f64, f64) {
        let linear = |value: u8| {
            let value = f64::from(value) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        let luminance = 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
        ((luminance + 0.05) / 0.05, 1.05 / (luminance + 0.05))
    }

    fn of_palette(index: u8) -> (u8, u8, u8) {
        let index = index - 16;
        let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
        (level(index / 36), level(index / 6 % 6), level(index % 6))
    }

    #[test]
    fn names_can_be_read_on_black_and_on_white() {
        for colour in TRUE {
            let (black, white) = contrasts(colour);
            assert!(black > 4.5 && white > 4.5, "{colour:?}: {black} {white}");
        }
        for index in PALETTE {
            let (black, white) = contrasts(of_palette(index));
            assert!(black > 3.3 && white > 3.3, "{index}: {black} {white}");
        }
    }

    #[test]
    fn a_name_has_one_colour_in_any_case() {
        assert_eq!(hash("Ann"), hash("ann"));
        assert_ne!(hash("ann"), hash("bob"));
        assert_eq!(hash(""), 0xcbf2_9ce4_8422_2325);
    }

    #[test]
    fn the_environment_is_heeded() {
        for (variables, colours, is_ascii) in [
            (&[("TERM", "xterm")][..], Colours::Sixteen, true),
            (&[("TERM", "xterm-256color")], Colours::Palette, true),
            (&[("COLORTERM", "truecolor")], Colours::True, true),
            (
                &[("COLORTERM", "truecolor"), ("NO_COLOR", "1")],
                Colours::None,
                true,
            ),
            (&[("LANG", "de_DE.UTF-8")], Colours::Sixteen, false),
            (
                &[("LANG", "de_DE.UTF-8"), ("LC_ALL", "C")],
                Colours::Sixteen,
                true,
            ),
        ] {
            let variable = |name: &str| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| OsString::from(value))
            };
            assert_eq!(Theme::of(variable), Theme { colours, is_ascii });
        }
    }
}
