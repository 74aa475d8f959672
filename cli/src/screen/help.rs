//! What `/help` and F1 show, and what is shown while a command is typed.

use super::commands::{COMMANDS, Command};
use super::keys::Bindings;
use super::messages::{Language, Message};
use crate::editor::line_kind::LineKind;
use chat_core::Role;

/// The lines of the help: of commands, those that somebody of this role may give.
pub fn lines(language: Language, keys: &Bindings, role: Role) -> Vec<String> {
    let line = |what: &str, does: Message| format!("{what:<22} {}", does.text(language));
    let keys = keys.help().map(|(what, does)| line(&what, does));
    let commands = COMMANDS.iter().filter(|it| it.is_for(role));
    let commands = commands.map(|it| line(it.name, it.does));
    keys.chain([String::new()]).chain(commands).collect()
}

/// The commands that a line may become, each with what it does.
pub fn matching(line: &str, language: Language) -> Vec<String> {
    if !LineKind::is_command(line) {
        return Vec::new();
    }
    let (word, is_whole) = match line.split_once(char::is_whitespace) {
        Some((word, _)) => (word, true),
        None => (line, false),
    };
    let fits = |name: &str| {
        let begin = name.get(..word.len()).unwrap_or_default();
        begin.eq_ignore_ascii_case(word) && (!is_whole || name.len() == word.len())
    };
    let fitting = || COMMANDS.iter().filter(|it| fits(it.name));
    let width = fitting().map(|it| it.name.len() + 2).max().unwrap_or(0);
    fitting()
        .map(|Command { name, does, .. }| format!("{name:<width$}{}", does.text(language)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_shown_while_they_are_typed() {
        assert_eq!(matching("/", Language::English).len(), COMMANDS.len());
        let of_h: Vec<String> = matching("/H", Language::English);
        assert!(of_h[0].starts_with("/help ") && of_h[2].starts_with("/history "));
        assert_eq!(of_h.len(), 3);
        assert_eq!(matching("/who all", Language::English).len(), 1);
        assert_eq!(matching("/who", Language::English).len(), 2);
        assert_eq!(matching("/wh all", Language::English).len(), 0);
        for said in ["", "//help", "help", "/é"] {
            assert!(matching(said, Language::English).is_empty(), "{said}");
        }
    }
}
