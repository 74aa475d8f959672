//! What things look like: colours that can be read on dark and on light, as far as the terminal has any.

pub use super::palette::{Background, Colours};

use super::palette;
use crate::colour;
use ratatui_core::style::{Modifier, Style};
use std::ffi::OsString;

/// What a terminal can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Theme {
    /// Its colours.
    pub colours: Colours,
    /// It shows nothing but ASCII.
    pub is_ascii: bool,
    /// Its background.
    pub background: Background,
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
        let is_forced = text("CLICOLOR_FORCE").is_some_and(|it| it != "0");
        let colours = if !colour::is_wanted(true, &variable) {
            Colours::None
        } else if text("COLORTERM").is_some_and(|it| it == "truecolor" || it == "24bit") {
            Colours::True
        } else if term.contains("256color") {
            Colours::Palette
        } else if is_monochrome(&term) && !is_forced {
            Colours::None
        } else {
            Colours::Sixteen
        };
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(text);
        let is_utf8 = |locale: &str| locale.contains("utf-8") || locale.contains("utf8");
        Self {
            colours,
            is_ascii: locale.is_none_or(|locale| !is_utf8(&locale)),
            background: text("COLORFGBG")
                .map_or_else(Background::default, |text| Background::of_number(&text)),
        }
    }

    /// Whether the terminal can be told of links: one without colours, and the console of Linux, may show that as text.
    pub fn opens_links(self, variable: impl Fn(&str) -> Option<OsString>) -> bool {
        self.colours != Colours::None && variable("TERM").is_none_or(|term| term != "linux")
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
        match palette::of_name(hash, self.colours, self.background) {
            Some(colour) => Style::new().fg(colour),
            None => Style::new().add_modifier(Modifier::BOLD),
        }
    }
}

/// Whether a terminal of this name has no colours: those of DEC, and others that say so.
fn is_monochrome(term: &str) -> bool {
    let is_dec = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
    term.strip_prefix("vt").is_some_and(is_dec)
        || term.split('-').any(|part| matches!(part, "m" | "mono"))
}

/// A number that is the same for a name everywhere, in any case (FNV-1a).
pub fn hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
            (&[("TERM", "linux")], Colours::Sixteen, true),
            (&[("TERM", "vt100")], Colours::None, true),
            (&[("TERM", "vt220-w")], Colours::None, true),
            (&[("TERM", "xterm-mono")], Colours::None, true),
            (
                &[("TERM", "vt100"), ("CLICOLOR_FORCE", "1")],
                Colours::Sixteen,
                true,
            ),
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
            let background = Background::Unknown;
            assert_eq!(
                Theme::of(variable),
                Theme {
                    colours,
                    is_ascii,
                    background
                }
            );
        }
    }

    #[test]
    fn a_background_is_dark_or_light() {
        for (colour, is) in [
            ((0, 0, 0), Background::Dark),
            ((0, 43, 54), Background::Dark),
            ((127, 127, 127), Background::Dark),
            ((128, 128, 128), Background::Light),
            ((253, 246, 227), Background::Light),
        ] {
            assert_eq!(Background::of(colour), is, "{colour:?}");
        }
        for (text, is) in [
            ("15;0", Background::Dark),
            ("0;15", Background::Light),
            ("0;default;7", Background::Light),
            ("7;8", Background::Dark),
            ("15;default", Background::Unknown),
            ("", Background::Unknown),
        ] {
            assert_eq!(Background::of_number(text), is, "{text}");
        }
    }
}
