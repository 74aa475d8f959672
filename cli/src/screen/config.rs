//! What a person has set, in a file of their own.

use super::keys::Bindings;
use super::messages::Language;
use super::ring::DesktopNotice;
use super::target::Target;
use super::theme::{Background, Colours};
use chat_core::{Name, RoomName};
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// A file that sets everything as it is without one.
pub const DEFAULT: &str = include_str!("default_config.ron");

/// The longest file, in bytes.
const MAX_LENGTH: u64 = 64 * 1024;

/// In so many rooms one can be, besides the lobby.
const MAX_ROOMS: usize = 32;

/// What is set.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The server, as it is written on the command line.
    pub server: String,
    /// The person's name.
    pub name: Option<String>,
    /// The bell rings for what names the person.
    pub bell: bool,
    /// The desktop is notified of the same.
    pub notify: DesktopNotice,
    /// Words that ring, besides the name.
    pub highlights: Vec<String>,
    /// Each line has its time, unless it has that of the line before.
    pub times: bool,
    /// The people of the room are listed at the side, where the terminal is wide.
    pub people: bool,
    /// The mouse scrolls, and goes to rooms.
    pub mouse: bool,
    /// Links can be opened, where the terminal can do that.
    pub links: bool,
    /// The colours of names.
    pub colours: Wanted,
    /// The shades of those colours.
    pub theme: Shades,
    /// The language of the screen; that of the environment where none is said.
    pub language: Option<Language>,
    /// The keys that do something else than they do by themselves.
    pub keys: Bindings,
    /// The rooms to be in from the beginning.
    #[serde(deserialize_with = "rooms")]
    pub rooms: Vec<RoomName>,
}

/// For which background the shades of the colours are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Shades {
    /// The terminal is asked.
    #[default]
    Auto,
    /// For a dark one.
    Dark,
    /// For a light one.
    Light,
}

impl Shades {
    /// The background, where the environment says that it is this.
    pub fn or(self, found: Background) -> Background {
        match self {
            Self::Auto => found,
            Self::Dark => Background::Dark,
            Self::Light => Background::Light,
        }
    }
}

/// The colours that are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Wanted {
    /// As many as the environment says there are.
    #[default]
    Auto,
    /// None.
    None,
    /// Those that the terminal has sixteen of.
    Sixteen,
    /// Those of the palette of 256.
    Palette,
    /// Any.
    True,
}

impl Wanted {
    /// The colours, where the environment says that there are these.
    pub fn or(self, found: Colours) -> Colours {
        match self {
            Self::Auto => found,
            Self::None => Colours::None,
            Self::Sixteen => Colours::Sixteen,
            Self::Palette => Colours::Palette,
            Self::True => Colours::True,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            server: "127.0.0.1:5000".into(),
            name: None,
            bell: true,
            notify: DesktopNotice::None,
            highlights: Vec::new(),
            times: true,
            people: true,
            mouse: false,
            links: true,
            colours: Wanted::Auto,
            theme: Shades::Auto,
            language: None,
            keys: Bindings::default(),
            rooms: Vec::new(),
        }
    }
}

impl Config {
    /// Reads what a file sets.
    ///
    /// # Errors
    /// When it sets something that cannot be: where, and why.
    pub fn parse(text: &str) -> Result<Self, String> {
        let options = ron::Options::default()
            .with_default_extension(ron::extensions::Extensions::IMPLICIT_SOME);
        let config: Self = options.from_str(text).map_err(|error| error.to_string())?;
        if let Some(name) = &config.name {
            Name::parse(name).map_err(|error| format!("name: {error}"))?;
        }
        let target: Result<Target, String> = config.server.parse();
        target.map_err(|error| format!("server: {error}"))?;
        Ok(config)
    }

    /// Reads a file; where there is none that need be there, everything is as it is without one.
    ///
    /// # Errors
    /// When it cannot be read, or is not understood: which file, and why.
    pub fn read(file: &Path, is_needed: bool) -> io::Result<Self> {
        let failed = |why: &str| io::Error::other(format!("{}: {why}", file.display()));
        let is_long = fs::metadata(file).is_ok_and(|it| it.len() > MAX_LENGTH);
        if is_long {
            return Err(failed(&format!("it is longer than {MAX_LENGTH} bytes")));
        }
        match fs::read_to_string(file) {
            Ok(text) if is_empty(&text) => Ok(Self::default()),
            Ok(text) => Self::parse(&text).map_err(|why| failed(&why)),
            Err(error) if error.kind() == ErrorKind::NotFound && !is_needed => Ok(Self::default()),
            Err(error) => Err(failed(&error.to_string())),
        }
    }
}

struct Room(RoomName);

impl<'de> Deserialize<'de> for Room {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let why = |error| D::Error::custom(format!("`{text}` is no room: {error}"));
        RoomName::parse(&text).map(Self).map_err(why)
    }
}

fn rooms<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<RoomName>, D::Error> {
    let rooms: Vec<Room> = Vec::deserialize(deserializer)?;
    if rooms.len() > MAX_ROOMS {
        let why = format!("{} rooms: expected at most {MAX_ROOMS}", rooms.len());
        return Err(D::Error::custom(why));
    }
    Ok(rooms.into_iter().map(|Room(room)| room).collect())
}

/// Whether a file sets nothing.
fn is_empty(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim);
    lines.all(|line| line.is_empty() || line.starts_with("//"))
}

/// Where the file is: below `XDG_CONFIG_HOME`, if that is an absolute path, or below `.config` at home. `None` where the
/// environment, of which `variable` gives the value of a name, has neither.
pub fn place(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
    let xdg = variable("XDG_CONFIG_HOME").map(PathBuf::from);
    let xdg = xdg.filter(|home| home.is_absolute());
    let own = || Some(Path::new(&variable("HOME")?).join(".config"));
    Some(xdg.or_else(own)?.join("chat/config.ron"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_file_that_sets_nothing_is_empty() {
        for text in ["", "\n  \n", "// a remark\n\n"] {
            assert!(super::is_empty(text), "{text:?}");
        }
        assert!(!super::is_empty("// a remark\n()"));
    }

    use super::*;

    #[test]
    fn the_default_file_sets_what_is_so_without_one() {
        assert_eq!(Config::parse(DEFAULT), Ok(Config::default()));
        assert_eq!(Config::parse("()"), Ok(Config::default()));
    }

    #[test]
    fn each_thing_is_set_in_the_default_file() {
        for (line, other) in [
            (
                "server: \"127.0.0.1:5000\"",
                "server: \"tls://example.org\"",
            ),
            ("name: None", "name: \"ann\""),
            ("bell: true", "bell: false"),
            ("notify: None", "notify: Osc9"),
            ("highlights: []", "highlights: [\"rust\"]"),
            ("times: true", "times: false"),
            ("people: true", "people: false"),
            ("mouse: false", "mouse: true"),
            ("links: true", "links: false"),
            ("colours: Auto", "colours: Palette"),
            ("theme: Auto", "theme: Light"),
            ("language: None", "language: German"),
            ("keys: {}", "keys: {\"M-j\": \"next-news\"}"),
            ("rooms: []", "rooms: [\"dev\"]"),
        ] {
            assert!(DEFAULT.contains(line), "{line}");
            let config = Config::parse(&DEFAULT.replace(line, other)).unwrap();
            assert_ne!(config, Config::default(), "{other}");
        }
    }

    #[test]
    fn what_cannot_be_is_told() {
        for (text, why) in [
            ("(name: \"not a name\")", "name: "),
            ("(server: \"http://x\")", "server: "),
            ("(server: \"x/a b\")", "server: "),
            ("(bel: true)", "bel"),
            ("(bell: 3)", "1:"),
            ("", "1:"),
            ("(rooms: [\"a b\"])", "1:11-1:15: `a b` is no room: "),
            ("(rooms: 3)", "1:"),
        ] {
            let told = Config::parse(text).unwrap_err();
            assert!(told.contains(why), "{told}");
        }
        let rooms = |count: usize| format!("(rooms: [{}])", "\"dev\",".repeat(count));
        assert_eq!(Config::parse(&rooms(32)).unwrap().rooms.len(), 32);
        let told = Config::parse(&rooms(33)).unwrap_err();
        assert!(told.contains("33 rooms: expected at most 32"), "{told}");
    }

    #[test]
    fn the_file_has_its_place() {
        let place = |variables: &[(&str, &str)]| {
            let find = |name: &str| variables.iter().find(|(known, _)| *known == name);
            place(|name| find(name).map(|(_, value)| value.into()))
        };
        let own = Some("/home/ann/.config/chat/config.ron".into());
        assert_eq!(place(&[("HOME", "/home/ann")]), own);
        assert_eq!(
            place(&[("HOME", "/home/ann"), ("XDG_CONFIG_HOME", "x")]),
            own
        );
        let xdg = place(&[("XDG_CONFIG_HOME", "/x")]);
        assert_eq!(xdg, Some("/x/chat/config.ron".into()));
        assert_eq!(place(&[]), None);
    }
}
