//! Names and commands, completed with Tab.

use super::line_kind::LineKind;
use chat_core::{Name, ServerLine, names_of_roster};
use std::collections::VecDeque;

/// The most names that are remembered.
const MAX_NAMES: usize = 1024;

/// The names of those who are in the room, as far as they were seen; who spoke last comes first.
#[derive(Clone, Debug, Default)]
pub struct Names(VecDeque<String>);

impl Names {
    /// Takes note of who a line of the room is about.
    pub fn see(&mut self, line: &str) {
        match ServerLine::decode(line) {
            ServerLine::Said(name, _)
            | ServerLine::Acted(name, _)
            | ServerLine::From(name, _)
            | ServerLine::Joined(name) => self.first(&name),
            ServerLine::Renamed(old, new) => {
                self.forget(old.as_str());
                self.first(&new);
            }
            ServerLine::Left(name) => self.forget(name.as_str()),
            // Who has not been heard comes after those who have.
            ServerLine::Notice(text) => {
                for name in names_of_roster(text) {
                    if self.0.len() < MAX_NAMES
                        && !self.0.iter().any(|known| known == name.as_str())
                    {
                        self.0.push_back(name.as_str().into());
                    }
                }
            }
            _ => {}
        }
    }

    fn first(&mut self, name: &Name) {
        self.forget(name.as_str());
        self.0.push_front(name.as_str().into());
        self.0.truncate(MAX_NAMES);
    }

    fn forget(&mut self, name: &str) {
        self.0.retain(|known| known != name);
    }
}

/// What else can be completed, as far as the editor's caller knows it.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The person's own name: whoever wants to name themselves looks for it last.
    pub own: String,
    /// The rooms that there are, and whether the person is in them.
    pub rooms: Vec<(String, bool)>,
    /// Who is kept out of the room.
    pub banned: Vec<String>,
}

/// What stands where a word is completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    /// Anything that is said.
    Text,
    /// A name: a command takes one there.
    Name,
    /// A command.
    Command,
    /// A room, or one in which the person is.
    Room,
    OwnRoom,
    /// Somebody who is kept out.
    Banned,
    /// Whether something is to be so.
    OnOff,
}

impl Takes {
    /// What comes after this beginning of a line.
    fn of(before: &str) -> Self {
        let is = |names: &[&str]| {
            let command = before.trim_end();
            names.iter().any(|name| name.eq_ignore_ascii_case(command))
        };
        if is(&[
            "/msg",
            "/whois",
            "/op",
            "/deop",
            "/kick",
            "/ban",
            "/mute",
            "/unmute",
            "/invite",
            "/inbox",
            "/query",
            "/ignore",
            "/unignore",
            "/redact",
        ]) {
            Self::Name
        } else if is(&["/join", "/who"]) {
            Self::Room
        } else if is(&["/part"]) {
            Self::OwnRoom
        } else if is(&["/unban"]) {
            Self::Banned
        } else if is(&["/private"]) {
            Self::OnOff
        } else if is(&["/help"]) {
            Self::Command
        } else {
            Self::Text
        }
    }
}

/// A word that is being completed: one candidate after the other, and the word as it was typed after the last.
#[derive(Clone, Debug)]
pub struct Completion {
    /// Where the word begins.
    pub start: usize,
    /// Where what stands there now ends.
    pub end: usize,
    choices: Vec<String>,
    at: usize,
}

impl Completion {
    /// Whether the word before the cursor may become a name.
    pub fn is_of_name(text: &str, cursor: usize) -> bool {
        let (before, word) = split(&text[..cursor]);
        match Takes::of(before) {
            Takes::Name => true,
            Takes::Command | Takes::Room | Takes::OwnRoom | Takes::Banned | Takes::OnOff => false,
            Takes::Text => !word.is_empty() && (!before.is_empty() || is_plain(word)),
        }
    }

    /// What the word before the cursor may become; none if there is no such word, or nothing it may become.
    pub fn of(
        text: &str,
        cursor: usize,
        names: &Names,
        known: &Known,
        commands: &[&str],
    ) -> Option<Self> {
        let (before, word) = split(&text[..cursor]);
        let start = before.len();
        let takes = Takes::of(before);
        let is_command = start == 0 && LineKind::is_command(word);
        // What a command takes is shown without a letter of it.
        if word.is_empty() && takes == Takes::Text {
            return None;
        }
        let wanted = match takes {
            Takes::Room | Takes::OwnRoom => word.strip_prefix('#').unwrap_or(word),
            _ => word,
        };
        let begins = |candidate: &str| {
            let mut letters = candidate.chars().flat_map(char::to_lowercase);
            let mut wanted = wanted.chars().flat_map(char::to_lowercase);
            wanted.all(|wanted| letters.next() == Some(wanted))
        };
        // Who is addressed at the beginning of a line is followed by a colon.
        let ending = if start == 0 && !is_command { ": " } else { " " };
        let ending = if text[cursor..].starts_with(char::is_whitespace) {
            ending.trim_end()
        } else {
            ending
        };
        let with_slash = !is_plain(word);
        let all: Box<dyn Iterator<Item = &str>> = match takes {
            Takes::Command if with_slash => Box::new(commands.iter().copied()),
            Takes::Command => Box::new(commands.iter().map(|it| it.trim_start_matches('/'))),
            Takes::Room => Box::new(known.rooms.iter().map(|(room, _)| &**room)),
            Takes::OwnRoom => {
                let own = known.rooms.iter().filter(|(_, is_in)| *is_in);
                Box::new(own.map(|(room, _)| &**room))
            }
            Takes::Banned => Box::new(known.banned.iter().map(String::as_str)),
            Takes::OnOff => Box::new(["on", "off"].into_iter()),
            _ if is_command => Box::new(commands.iter().copied()),
            Takes::Name | Takes::Text => {
                let is_own = |name: &&str| *name == known.own;
                let all = || names.0.iter().map(String::as_str);
                Box::new(
                    all()
                        .filter(move |it| !is_own(it))
                        .chain(all().filter(is_own)),
                )
            }
        };
        let is_name = matches!(takes, Takes::Name | Takes::Text | Takes::Banned) && !is_command;
        let fitting = all.filter(|it| begins(it) || is_name && looks_like_the_beginning(word, it));
        let mut choices: Vec<String> = fitting.map(|it| format!("{it}{ending}")).collect();
        if choices.is_empty() {
            return None;
        }
        choices.push(word.into());
        Some(Self {
            start,
            end: cursor,
            at: choices.len() - 1,
            choices,
        })
    }

    /// The next choice, or the one before.
    pub fn turn(&mut self, forward: bool) -> &str {
        let step = if forward { 1 } else { self.choices.len() - 1 };
        self.at = (self.at + step) % self.choices.len();
        &self.choices[self.at]
    }
}

/// Whether there is no slash before this.
fn is_plain(word: &str) -> bool {
    matches!(LineKind::of(word), LineKind::Plain(_))
}

/// What stands before the last word of a text, and that word.
fn split(text: &str) -> (&str, &str) {
    let start = text.rfind(char::is_whitespace).map_or(0, |at| {
        at + text[at..].chars().next().map_or(1, char::len_utf8)
    });
    text.split_at(start)
}

/// Whether what was typed is taken for the beginning of a name, as a name is for another one.
fn looks_like_the_beginning(word: &str, name: &str) -> bool {
    let Ok(word) = Name::parse(word) else {
        return false;
    };
    let mut ends = name.char_indices().skip(1).map(|(end, _)| end);
    // What stands at a name's end says nothing, but it was typed.
    !word.as_str().ends_with(['-', '_', '.'])
        && ends.any(|end| Name::parse(&name[..end]).is_ok_and(|begin| begin.is_like(&word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMANDS: &[&str] = &["/help", "/history", "/leave"];

    fn names(lines: &[&str]) -> Names {
        let mut names = Names::default();
        for line in lines {
            names.see(line);
        }
        names
    }

    fn choices(text: &str, names: &Names) -> Vec<String> {
        let known = Known {
            own: "me".into(),
            rooms: [("lobby", true), ("dev", true), ("den", false)]
                .map(|(room, is_in)| (room.into(), is_in))
                .into(),
            banned: vec!["mallory".into()],
        };
        let completion = Completion::of(text, text.len(), names, &known, COMMANDS);
        completion.map_or(Vec::new(), |c| c.choices)
    }

    #[test]
    fn names_come_newest_first_and_go_when_they_leave() {
        let names = names(&[
            "anna has joined the chat",
            "Andreas: hi",
            "bob: hi",
            "anton has joined the chat",
            "anton has left the chat",
            "* Back, as annika.",
        ]);
        assert_eq!(choices("an", &names), ["Andreas: ", "anna: ", "an"]);
        assert_eq!(choices("hi AN", &names), ["Andreas ", "anna ", "AN"]);
        assert_eq!(choices("x", &names), Vec::<String>::new());
        assert_eq!(choices("b0", &names), ["bob: ", "b0"]);
        assert_eq!(choices("b-", &names), Vec::<String>::new());
        assert_eq!(choices("an ", &names), Vec::<String>::new());
        assert_eq!(choices("日本\u{3000}bo", &names), ["bob ", "bo"]);
    }

    #[test]
    fn names_are_known_from_whatever_their_owners_do_and_from_who_is_here() {
        let names = names(&[
            "anna has joined the chat",
            "** anders waves",
            "[PM from andy] hi",
            "anna is now known as antje",
            "* In the room (5): antje, angela, bob, and 2 more",
            "* In the room (angela): anne, nobody",
        ]);
        assert_eq!(
            choices("an", &names),
            ["antje: ", "andy: ", "anders: ", "angela: ", "an"]
        );
        assert_eq!(choices("2", &names), Vec::<String>::new());
    }

    #[test]
    fn commands_stand_at_the_beginning() {
        let names = names(&["helen: hi"]);
        assert_eq!(choices("/h", &names), ["/help ", "/history ", "/h"]);
        assert_eq!(choices("a /h", &names), Vec::<String>::new());
        assert_eq!(choices("//h", &names), Vec::<String>::new());
    }

    #[test]
    fn commands_take_names_and_commands() {
        let names = names(&["Helen: hi", "bob: hi"]);
        assert_eq!(choices("/msg ", &names), ["bob ", "Helen ", ""]);
        assert_eq!(choices("/MSG  he", &names), ["Helen ", "he"]);
        assert_eq!(choices("/whois b", &names), ["bob ", "b"]);
        assert_eq!(choices("/help h", &names), ["help ", "history ", "h"]);
        assert_eq!(choices("/help /l", &names), ["/leave ", "/l"]);
        assert_eq!(choices("/help ", &names).len(), COMMANDS.len() + 1);
        for said in ["/msg bob ", "/me ", "//msg ", "hi /msg "] {
            assert_eq!(choices(said, &names), Vec::<String>::new(), "{said:?}");
        }
        assert_eq!(choices("/me asks b", &names), ["bob ", "b"]);
    }

    #[test]
    fn commands_take_rooms_and_who_is_kept_out_and_oneself_is_last() {
        let names = names(&["bob: hi", "me: hi"]);
        assert_eq!(choices("/join d", &names), ["dev ", "den ", "d"]);
        assert_eq!(choices("/join #d", &names)[..2], ["dev ", "den "]);
        assert_eq!(choices("/part ", &names), ["lobby ", "dev ", ""]);
        assert_eq!(choices("/who de", &names).len(), 3);
        assert_eq!(choices("/private ", &names), ["on ", "off ", ""]);
        assert_eq!(choices("/unban m", &names), ["mallory ", "m"]);
        for command in ["/msg ", "/query "] {
            assert_eq!(choices(command, &names), ["bob ", "me ", ""]);
        }
    }

    #[test]
    fn choices_go_round() {
        let names = names(&["anna: hi"]);
        let mut completion = Completion::of("an", 2, &names, &Known::default(), COMMANDS).unwrap();
        assert_eq!(completion.turn(true), "anna: ");
        assert_eq!(completion.turn(true), "an");
        assert_eq!(completion.turn(true), "anna: ");
        assert_eq!(completion.turn(false), "an");
    }

    #[test]
    fn names_are_bounded() {
        let mut names = Names::default();
        for number in 0..=MAX_NAMES {
            names.see(&format!("u{number}: hi"));
        }
        assert_eq!(names.0.len(), MAX_NAMES);
        assert_eq!(names.0.back().unwrap(), "u1");
        // Those of a list come after them, as many as there is room for.
        for (more, len) in [(0, MAX_NAMES - 1), (1, MAX_NAMES), (2, MAX_NAMES)] {
            names.0.truncate(MAX_NAMES - 1);
            let listed: Vec<String> = (0..more).map(|n| format!("new{n}")).collect();
            let listed = listed.join(", ");
            names.see(&format!("* In the room ({more}): {listed}"));
            assert_eq!(names.0.len(), len);
        }
        assert_eq!(names.0.back().unwrap(), "new0");
    }
}
