//! The keys of the full screen: one table of what they do, which keys do it, and what the help tells of it. A person may have
//! other keys do the same.

use super::messages::Message;
use crate::editor::keys::Key;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use std::fmt;

/// What a key of the screen does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Reads back.
    PageUp,
    /// Reads on.
    PageDown,
    /// Ends what is asked for, or goes to what is newest.
    Newest,
    /// Ends what is asked for.
    Cancel,
    /// Shows and hides the help.
    Help,
    /// Searches, and goes on to what is older.
    Search,
    /// Searches on in the other rooms.
    SearchElsewhere,
    /// Goes to the room of this number, from 1 on.
    Room(usize),
    /// Goes to the room after this one.
    NextRoom,
    /// Goes to the room before this one.
    PreviousRoom,
    /// Goes to the next room with news.
    NextNews,
    /// Goes to the first unread line of the room.
    FirstUnread,
    /// Asks for a room by some letters of its name.
    GoToRoom,
    /// Shows or hides who is here.
    People,
}

/// A name of the configuration, what it does, and the keys that do it unless they are bound to something else.
type Does = (&'static str, Action, &'static [Key]);

/// What a line of the help is about.
enum Keys {
    /// Keys of the screen.
    Screen(&'static [Does]),
    /// Keys of the line that is typed.
    Line(&'static str),
}

/// Everything that keys do, as the help tells it. What has no text there is done, and not told.
const TABLE: &[(Keys, Option<Message>)] = {
    use Action::{
        Cancel, FirstUnread, GoToRoom, Help, Newest, NextNews, NextRoom, PageDown, PageUp, People,
        PreviousRoom, Room, Search, SearchElsewhere,
    };
    use Keys::{Line, Screen};
    &[
        (
            Screen(&[
                ("page-up", PageUp, &[Key::PageUp]),
                ("page-down", PageDown, &[Key::PageDown]),
            ]),
            Some(Message::KeyPages),
        ),
        (
            Screen(&[("newest", Newest, &[Key::Escape])]),
            Some(Message::KeyEscape),
        ),
        (
            Screen(&[
                ("help", Help, &[Key::Help]),
                ("cancel", Cancel, &[Key::Ctrl('g')]),
            ]),
            None,
        ),
        (
            Screen(&[("first-unread", FirstUnread, &[Key::Alt('n')])]),
            Some(Message::KeyUnread),
        ),
        (
            Screen(&[("search", Search, &[Key::Ctrl('r')])]),
            Some(Message::KeySearch),
        ),
        (
            Screen(&[("search-elsewhere", SearchElsewhere, &[Key::Alt('s')])]),
            Some(Message::KeySearchAll),
        ),
        (Line("Enter, Alt-Enter"), Some(Message::KeyEnter)),
        (Line("Tab, Shift-Tab"), Some(Message::KeyTab)),
        (Line("Up Down"), Some(Message::KeyUpDown)),
        (Line("Ctrl-A E B F, Alt-B F"), Some(Message::KeyMove)),
        (Line("Ctrl-K U W, Alt-D"), Some(Message::KeyCut)),
        (Line("Alt-U L C T, Ctrl-T"), Some(Message::KeyWord)),
        (Line("Ctrl-_, Ctrl-X Ctrl-U"), Some(Message::KeyUndo)),
        (Line("Ctrl-X Ctrl-E"), Some(Message::KeyEdit)),
        (
            Screen(&[
                ("room-1", Room(1), &[Key::Alt('1')]),
                ("room-2", Room(2), &[Key::Alt('2')]),
                ("room-3", Room(3), &[Key::Alt('3')]),
                ("room-4", Room(4), &[Key::Alt('4')]),
                ("room-5", Room(5), &[Key::Alt('5')]),
                ("room-6", Room(6), &[Key::Alt('6')]),
                ("room-7", Room(7), &[Key::Alt('7')]),
                ("room-8", Room(8), &[Key::Alt('8')]),
                ("room-9", Room(9), &[Key::Alt('9')]),
                ("next-room", NextRoom, &[Key::Ctrl('n')]),
                ("previous-room", PreviousRoom, &[Key::Ctrl('p')]),
            ]),
            Some(Message::KeyRooms),
        ),
        (
            Screen(&[("next-news", NextNews, &[Key::Alt('a')])]),
            Some(Message::KeyNews),
        ),
        (
            Screen(&[("go-to-room", GoToRoom, &[Key::Ctrl('k')])]),
            Some(Message::KeyJump),
        ),
        (
            Screen(&[("people", People, &[Key::Alt('w')])]),
            Some(Message::KeyPeople),
        ),
        (Line("Ctrl-L"), Some(Message::KeyRedraw)),
        (Line("Ctrl-C"), Some(Message::KeyInterrupt)),
        (Line("Ctrl-Z"), Some(Message::KeySuspend)),
    ]
};

/// What a key is bound to so that the screen leaves it to the line.
const TO_LINE: &str = "line";

fn actions() -> impl Iterator<Item = &'static Does> {
    let of = |(keys, _): &'static (Keys, Option<Message>)| match keys {
        Keys::Screen(does) => *does,
        Keys::Line(_) => &[],
    };
    TABLE.iter().flat_map(of)
}

/// The keys that a person has bound, in their order: each to an action, or, without one, to nothing of the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bindings(Vec<(Key, Option<Action>)>);

impl Bindings {
    /// What a key of the screen does.
    pub(super) fn action(&self, key: &Key) -> Option<Action> {
        let own = self.0.iter().find(|(bound, _)| bound == key);
        let default = || actions().find(|(_, _, keys)| keys.contains(key));
        match own {
            Some((_, action)) => *action,
            None => default().map(|(_, action, _)| *action),
        }
    }

    /// The keys that are the screen's, each with whether it is so only where nothing is typed.
    pub(super) fn reserved(&self) -> Vec<(Key, bool)> {
        let defaults = actions().flat_map(|(_, _, keys)| *keys);
        let all = self.0.iter().map(|(key, _)| key).chain(defaults);
        let bound = all.filter(|key| self.action(key).is_some());
        // Where there is something to cut out, Ctrl-K does that.
        let mut keys: Vec<_> = bound
            .map(|key| (key.clone(), *key == Key::Ctrl('k')))
            .collect();
        keys.extend([(Key::Focus(true), false), (Key::Focus(false), false)]);
        keys
    }

    /// The lines of the help: the keys that hold now, and what they do.
    pub(super) fn help(&self) -> impl Iterator<Item = (String, Message)> {
        let line = |(keys, told): &(Keys, Option<Message>)| {
            let keys = match keys {
                Keys::Line(keys) => (*keys).to_owned(),
                Keys::Screen(does) => {
                    let keys = does.iter().flat_map(|(_, action, _)| self.keys_of(*action));
                    spelled(&keys.collect::<Vec<_>>())
                }
            };
            told.filter(|_| !keys.is_empty()).map(|told| (keys, told))
        };
        TABLE.iter().filter_map(line)
    }

    fn keys_of(&self, action: Action) -> Vec<Key> {
        let default = actions().filter(|(_, does, _)| *does == action);
        let default = default.flat_map(|(_, _, keys)| *keys);
        let all = default.chain(self.0.iter().map(|(key, _)| key));
        let mut keys: Vec<Key> = Vec::new();
        for key in all.filter(|key| self.action(key) == Some(action)) {
            if !keys.contains(key) {
                keys.push(key.clone());
            }
        }
        keys
    }
}

/// A key as people call it: what is held, and what is pressed.
fn name(key: &Key) -> (&'static str, String) {
    match key {
        Key::Ctrl(c) => ("Ctrl-", c.to_uppercase().collect()),
        Key::Alt(c) if c.is_uppercase() => ("Alt-Shift-", c.to_string()),
        Key::Alt(c) => ("Alt-", c.to_uppercase().collect()),
        Key::Help => ("", "F1".into()),
        other => ("", format!("{other:?}")),
    }
}

/// Some keys: `Alt-1 to 9, Ctrl-N P`.
fn spelled(keys: &[Key]) -> String {
    let mut text = String::new();
    let mut before = None;
    let mut rest = keys;
    while let Some(key) = rest.first() {
        let (hold, press) = name(key);
        if before == Some(hold) {
            text.push(' ');
        } else {
            text.push_str(if before.is_some() { ", " } else { "" });
            text.push_str(hold);
        }
        before = Some(hold);
        text.push_str(&press);
        let run = run_of_digits(rest);
        if run > 2 {
            text.push_str(" to ");
            text.push_str(&name(&rest[run - 1]).1);
        }
        rest = &rest[if run > 2 { run } else { 1 }..];
    }
    text
}

/// How many of the first keys are Alt with a digit, each one more than the one before.
fn run_of_digits(keys: &[Key]) -> usize {
    let digit = |key: &Key| match key {
        Key::Alt(c) => c.to_digit(10),
        _ => None,
    };
    let Some(first) = keys.first().and_then(digit) else {
        return 0;
    };
    let follows = |(key, wanted): &(&Key, u32)| digit(key) == Some(*wanted);
    keys.iter().zip(first..).take_while(follows).count()
}

/// The key of a name in the configuration.
fn parse_key(text: &str) -> Result<Key, String> {
    const KEYS: &str = "`C-a` to `C-z`, `M-a` for Alt or whatever else is typed with it, `PageUp`, `PageDown`, `Escape`, `F1`";
    match text {
        "PageUp" => return Ok(Key::PageUp),
        "PageDown" => return Ok(Key::PageDown),
        "Escape" => return Ok(Key::Escape),
        "F1" => return Ok(Key::Help),
        // Without these, nobody could leave; terminals send the others for Backspace, Tab and Enter.
        "C-c" | "C-z" | "C-h" | "C-i" | "C-j" | "C-m" => {
            return Err(format!(
                "the key `{text}` always does what it does: expected one of the others"
            ));
        }
        _ => {}
    }
    let mut held = text.chars();
    match (held.next(), held.next(), held.next(), held.next()) {
        (Some('C'), Some('-'), Some(c @ 'a'..='z'), None) => Ok(Key::Ctrl(c)),
        (Some('M'), Some('-'), Some(c), None)
            if !c.is_control() && !c.is_whitespace() && !matches!(c, '[' | 'O') =>
        {
            Ok(Key::Alt(c))
        }
        _ => Err(format!("there is no key `{text}` here: expected {KEYS}")),
    }
}

/// The action of a name in the configuration; none where that leaves the key to the line.
fn parse_action(text: &str) -> Result<Option<Action>, String> {
    if text == TO_LINE {
        return Ok(None);
    }
    let found = actions().find(|(name, _, _)| *name == text);
    found.map(|(_, action, _)| Some(*action)).ok_or_else(|| {
        let names: Vec<_> = actions().map(|(name, _, _)| *name).collect();
        let names = names.join(", ");
        format!("there is no action `{text}`: expected {names}, or {TO_LINE}")
    })
}

struct KeyName(Key);

impl<'de> Deserialize<'de> for KeyName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_key(&text).map(Self).map_err(D::Error::custom)
    }
}

struct ActionName(Option<Action>);

impl<'de> Deserialize<'de> for ActionName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_action(&text).map(Self).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Bindings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;

        impl<'de> Visitor<'de> for Read {
            type Value = Bindings;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("keys with what they do, such as {\"M-j\": \"next-news\"}")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Bindings, A::Error> {
                let mut keys: Vec<(Key, Option<Action>)> = Vec::new();
                while let Some(KeyName(key)) = map.next_key()? {
                    if keys.iter().any(|(known, _)| *known == key) {
                        let (hold, press) = name(&key);
                        let why = format!("{hold}{press} is there twice: expected each key once");
                        return Err(A::Error::custom(why));
                    }
                    let ActionName(action) = map.next_value()?;
                    keys.push((key, action));
                }
                Ok(Bindings(keys))
            }
        }

        deserializer.deserialize_map(Read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::config::Config;

    fn of(keys: &str) -> Result<Bindings, String> {
        Config::parse(&format!("(\n keys: {keys})")).map(|config| config.keys)
    }

    fn help_of(bindings: &Bindings, message: Message) -> Option<String> {
        let mut lines = bindings.help();
        lines.find(|(_, told)| *told == message).map(|it| it.0)
    }

    #[test]
    fn each_action_and_each_key_is_there_once() {
        let mut names: Vec<_> = actions().map(|(name, _, _)| *name).collect();
        names.push(TO_LINE);
        let mut keys: Vec<_> = actions().flat_map(|(_, _, keys)| *keys).collect();
        for (place, name) in names.iter().enumerate() {
            assert!(!names[..place].contains(name), "{name}");
        }
        while let Some(key) = keys.pop() {
            assert!(!keys.contains(&key), "{key:?}");
        }
    }

    #[test]
    fn a_key_does_what_it_is_bound_to_and_the_help_says_so() {
        let default = Bindings::default();
        let rooms = help_of(&default, Message::KeyRooms);
        assert_eq!(rooms.as_deref(), Some("Alt-1 to 9, Ctrl-N P"));
        let own = of(r#"{"M-j": "next-news", "C-n": "line", "M-w": "help", "M-5": "people"}"#);
        let own = own.unwrap();
        assert_eq!(own.action(&Key::Alt('j')), Some(Action::NextNews));
        assert_eq!(own.action(&Key::Alt('a')), Some(Action::NextNews));
        assert_eq!(own.action(&Key::Ctrl('n')), None);
        assert_eq!(own.action(&Key::Alt('w')), Some(Action::Help));
        let reserved = own.reserved();
        assert!(reserved.contains(&(Key::Alt('j'), false)));
        assert!(reserved.contains(&(Key::Ctrl('k'), true)));
        assert!(reserved.iter().all(|(key, _)| *key != Key::Ctrl('n')));
        for (message, keys) in [
            (Message::KeyNews, "Alt-A J"),
            (Message::KeyRooms, "Alt-1 to 4 6 to 9, Ctrl-P"),
            (Message::KeyPeople, "Alt-5"),
        ] {
            assert_eq!(help_of(&own, message).as_deref(), Some(keys));
        }
        let own = of(r#"{"M-w": "line"}"#).unwrap();
        assert_eq!(help_of(&own, Message::KeyPeople), None, "no key does it");
    }

    #[test]
    fn what_is_no_key_and_no_action_is_told_with_its_place() {
        for (keys, told) in [
            (
                r#"{"M-jj": "help"}"#,
                "2:10-2:15: there is no key `M-jj` here: expected `C-a`",
            ),
            (
                r#"{"M-j": "hlep"}"#,
                "there is no action `hlep`: expected page-up, page-down, ",
            ),
            (
                r#"{"C-c": "help"}"#,
                "the key `C-c` always does what it does: expected",
            ),
            (r#"{"C-C": "help"}"#, "there is no key `C-C` here: expected"),
            (r#"{"M-[": "help"}"#, "there is no key `M-[` here: expected"),
            (
                r#"{"M-j": "help", "M-j": "people"}"#,
                "Alt-J is there twice",
            ),
            (r#"["M-j"]"#, "2:"),
        ] {
            let why = of(keys).unwrap_err();
            assert!(why.starts_with("2:") && why.contains(told), "{why}");
        }
    }
}
