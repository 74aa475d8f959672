//! The colours of names: 24 hues around the circle, in the shades that can be read on a background, as far as the terminal
//! has them. A name keeps its hue whatever the background is.

use ratatui_core::style::Color;

type Rgb = (u8, u8, u8);

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

/// What a terminal's background is like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Background {
    /// Nobody knows.
    #[default]
    Unknown,
    /// Darker than what is written on it.
    Dark,
    /// Lighter than what is written on it.
    Light,
}

impl Background {
    /// What a colour is like as a background.
    pub fn of((r, g, b): (u8, u8, u8)) -> Self {
        // As bright as people see it (ITU-R BT.601), in thousandths.
        let bright = 299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b);
        if bright < 128_000 {
            Self::Dark
        } else {
            Self::Light
        }
    }

    /// What `COLORFGBG` says, the last number of which is that of the background among the sixteen colours.
    pub(super) fn of_number(text: &str) -> Self {
        match text.rsplit(';').next().map(str::parse::<u8>) {
            Some(Ok(7 | 9..=15)) => Self::Light,
            Some(Ok(0..=8)) => Self::Dark,
            _ => Self::Unknown,
        }
    }
}

/// The colour of a name with this hash; none where there are none.
pub(super) fn of_name(hash: u64, colours: Colours, background: Background) -> Option<Color> {
    let pick = |count: usize| usize::try_from(hash % count as u64).unwrap_or(0);
    Some(match colours {
        Colours::None => return None,
        Colours::Sixteen => {
            let colours = sixteen(background);
            colours[pick(colours.len())]
        }
        Colours::Palette => Color::Indexed(palette(background)[pick(24)]),
        Colours::True => {
            let (r, g, b) = any(background)[pick(24)];
            Color::Rgb(r, g, b)
        }
    })
}

/// Those of the sixteen, which people set for themselves. On backgrounds that are known, those that can be read with the
/// values that xterm gives them.
fn sixteen(background: Background) -> &'static [Color] {
    match background {
        Background::Unknown => &[
            Color::Red,
            Color::Green,
            Color::Magenta,
            Color::Cyan,
            Color::Blue,
        ],
        Background::Dark => &[
            Color::LightRed,
            Color::LightGreen,
            Color::LightYellow,
            Color::LightMagenta,
            Color::LightCyan,
        ],
        Background::Light => &[Color::Red, Color::Magenta, Color::Blue],
    }
}

#[rustfmt::skip]
fn palette(background: Background) -> &'static [u8; 24] {
    match background {
        Background::Unknown => &[
            131, 131, 131, 131, 131, 131, 29, 29, 29, 29, 29, 29, 29, 29, 63, 63, 63, 63, 98, 98, 163, 163, 163, 131,
        ],
        Background::Dark => &[
            210, 209, 215, 221, 142, 191, 155, 119, 40, 84, 85, 86, 37, 81, 75, 111, 111, 141, 141, 177, 207, 206, 205, 204,
        ],
        Background::Light => &[
            124, 124, 94, 94, 58, 58, 22, 22, 22, 22, 22, 23, 23, 24, 25, 21, 21, 21, 57, 91, 127, 126, 125, 124,
        ],
    }
}

#[rustfmt::skip]
fn any(background: Background) -> &'static [Rgb; 24] {
    match background {
        // Of the luminance that contrasts with black as much as with white (WCAG 2.2, "contrast ratio").
        Background::Unknown => &[
            (236, 0, 0), (220, 54, 0), (186, 91, 0), (150, 111, 0), (122, 122, 0), (95, 128, 0),
            (63, 133, 0), (29, 136, 0), (0, 137, 0), (0, 137, 30), (0, 136, 65), (0, 134, 99),
            (0, 131, 131), (0, 126, 170), (0, 115, 230), (79, 99, 255), (95, 95, 255), (108, 91, 255),
            (142, 75, 255), (189, 0, 252), (208, 0, 208), (220, 0, 164), (229, 0, 114), (235, 0, 58),
        ],
        Background::Dark => &[
            (248, 129, 129), (247, 132, 95), (243, 135, 32), (208, 157, 11), (170, 170, 9), (135, 179, 9),
            (92, 184, 10), (48, 189, 10), (10, 189, 10), (10, 189, 49), (10, 189, 96), (10, 189, 142),
            (10, 184, 184), (12, 176, 233), (90, 168, 246), (144, 156, 249), (153, 153, 250), (163, 153, 250),
            (183, 144, 249), (219, 129, 248), (247, 105, 247), (248, 114, 214), (248, 119, 183), (248, 124, 155),
        ],
        Background::Light => &[
            (194, 5, 5), (179, 47, 5), (154, 77, 4), (124, 93, 3), (99, 99, 3), (78, 104, 3),
            (53, 109, 3), (26, 109, 3), (3, 114, 3), (3, 114, 27), (3, 109, 54), (3, 109, 82),
            (3, 109, 109), (4, 104, 139), (5, 94, 184), (46, 69, 250), (56, 56, 250), (76, 56, 250),
            (116, 36, 249), (158, 5, 209), (174, 4, 174), (184, 5, 138), (189, 5, 96), (194, 5, 52),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The least contrast that text is to have (WCAG 2.2, 1.4.3).
    const LEAST: f64 = 4.5;

    const BLACK: Rgb = (0, 0, 0);
    const WHITE: Rgb = (255, 255, 255);

    /// Backgrounds that are on sale as dark, and as light.
    const DARK: [Rgb; 4] = [BLACK, (30, 30, 30), (0, 43, 54), (48, 48, 48)];
    const LIGHT: [Rgb; 3] = [WHITE, (253, 246, 227), (228, 228, 228)];

    fn luminance((r, g, b): Rgb) -> f64 {
        let linear = |value: u8| {
            let value = f64::from(value) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
    }

    fn contrast(one: Rgb, other: Rgb) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// What a colour looks like: the palette of 256 has its own values, and the sixteen those of xterm.
    fn seen(colour: Color) -> Rgb {
        match colour {
            Color::Rgb(r, g, b) => (r, g, b),
            Color::Indexed(index) => {
                let index = index - 16;
                let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
                (level(index / 36), level(index / 6 % 6), level(index % 6))
            }
            Color::Red => (205, 0, 0),
            Color::Magenta => (205, 0, 205),
            Color::Blue => (0, 0, 238),
            Color::LightRed => (255, 0, 0),
            Color::LightGreen => (0, 255, 0),
            Color::LightYellow => (255, 255, 0),
            Color::LightMagenta => (255, 0, 255),
            Color::LightCyan => (0, 255, 255),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_name_can_be_read_on_what_it_is_shown_on() {
        for (background, on) in [
            (Background::Dark, &DARK[..]),
            (Background::Light, &LIGHT),
            (Background::Unknown, &[BLACK, WHITE]),
        ] {
            for colours in [Colours::Sixteen, Colours::Palette, Colours::True] {
                if (background, colours) == (Background::Unknown, Colours::Sixteen) {
                    continue; // Nobody knows what they look like there.
                }
                // Sixteen are as pure as they are: they are held to what most have, black and white.
                let on = if colours == Colours::Sixteen {
                    &on[..1]
                } else {
                    on
                };
                for hash in 0..24 {
                    let colour = seen(of_name(hash, colours, background).unwrap());
                    for on in on {
                        let contrast = contrast(colour, *on);
                        assert!(
                            contrast >= LEAST,
                            "{colour:?} of {colours:?} on {on:?}: {contrast:.2}"
                        );
                    }
                }
            }
        }
    }

    /// The hue of a colour, as a part of the circle in degrees.
    fn hue((r, g, b): Rgb) -> f64 {
        let [r, g, b] = [r, g, b].map(f64::from);
        let (most, least) = (r.max(g).max(b), r.min(g).min(b));
        let span = most - least;
        let sixth = match most {
            most if r >= most => (g - b) / span,
            most if g >= most => 2.0 + (b - r) / span,
            _ => 4.0 + (r - g) / span,
        };
        (sixth * 60.0).rem_euclid(360.0)
    }

    #[test]
    fn a_name_keeps_its_hue_on_whatever_background() {
        for hash in 0..24 {
            let hues = [Background::Unknown, Background::Dark, Background::Light]
                .map(|on| hue(seen(of_name(hash, Colours::True, on).unwrap())));
            for other in &hues[1..] {
                let apart = (hues[0] - other).abs();
                assert!(apart.min(360.0 - apart) < 5.0, "{hash}: {hues:?}");
            }
        }
    }

    #[test]
    fn where_there_are_no_colours_there_are_none() {
        assert_eq!(of_name(7, Colours::None, Background::Dark), None);
    }
}
