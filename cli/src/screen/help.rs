//! What `/help` and F1 show, and what is shown while a command is typed.

/// The commands, in the order of their names, and what each does.
pub const COMMANDS: &[(&str, &str)] = &[
    ("/away", "say that you are away, and why"),
    ("/back", "you are back"),
    ("/help", "the keys and the commands (F1)"),
    ("/history", "what was said before (PageUp)"),
    ("/leave", "leave the room, and the program"),
    ("/me", "say that you do something"),
    ("/msg", "say something to one person alone"),
    ("/nick", "take another name"),
    ("/quit", "leave, as /leave"),
    ("/reply", "answer who wrote to you alone last"),
    ("/retry", "while offline: connect now"),
    ("/search", "search in what is loaded (Ctrl-R)"),
    ("/topic", "what the room is about; set it"),
    ("/unsent", "what you said that is not accepted yet"),
    ("/who", "who is here"),
    ("/whois", "since when somebody is here"),
];

/// Their names alone.
pub const NAMES: &[&str] = &[
    "/away", "/back", "/help", "/history", "/leave", "/me", "/msg", "/nick", "/quit", "/reply",
    "/retry", "/search", "/topic", "/unsent", "/who", "/whois",
];

/// The keys, and what each does.
const KEYS: &[(&str, &str)] = &[
    ("PageUp PageDown", "read back, and on"),
    ("Escape", "to the newest; closes this"),
    (
        "Ctrl-R",
        "search; again: older; Enter stays, Escape goes back",
    ),
    ("Enter, Alt-Enter", "say it; begin another line"),
    (
        "Tab, Shift-Tab",
        "complete names, commands, what these take; back",
    ),
    ("Up Down", "what you entered before"),
    ("Ctrl-A E B F, Alt-B F", "move in the line, by words"),
    (
        "Ctrl-K U W, Alt-D",
        "cut; Ctrl-Y inserts it, Alt-Y the one before",
    ),
    ("Ctrl-_, Ctrl-X Ctrl-U", "take the last change back"),
    ("Ctrl-X Ctrl-E", "edit the line with $VISUAL or $EDITOR"),
    ("Alt-1 to 9, Ctrl-N P", "rooms"),
    ("Alt-A", "the next room with news"),
    ("Ctrl-L", "draw the screen anew"),
    ("Ctrl-C", "clear the line; leave, where it is empty"),
    ("Ctrl-Z", "stop the program; fg goes on"),
];

/// The lines of the help.
pub fn lines() -> Vec<String> {
    let line = |(what, does): &(&str, &str)| format!("{what:<23}{does}");
    let keys = KEYS.iter().map(line);
    let commands = COMMANDS.iter().map(line);
    keys.chain([String::new()]).chain(commands).collect()
}

/// The commands that a line may become, each with what it does.
pub fn matching(line: &str) -> Vec<String> {
    if !line.starts_with('/') || line.starts_with("//") {
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
    let fitting = COMMANDS.iter().filter(|(name, _)| fits(name));
    fitting
        .map(|(name, does)| format!("{name:<10}{does}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_shown_while_they_are_typed() {
        assert_eq!(matching("/").len(), COMMANDS.len());
        let of_h: Vec<String> = matching("/H");
        assert!(of_h[0].starts_with("/help ") && of_h[1].starts_with("/history "));
        assert_eq!(of_h.len(), 2);
        assert_eq!(matching("/who all").len(), 1);
        assert_eq!(matching("/who").len(), 2);
        assert_eq!(matching("/wh all").len(), 0);
        for said in ["", "//help", "help", "/é"] {
            assert!(matching(said).is_empty(), "{said}");
        }
    }

    #[test]
    fn every_command_is_completed() {
        let names: Vec<&str> = COMMANDS.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, NAMES);
        assert!(names.is_sorted());
        for name in chat_core::COMMAND_NAMES {
            assert!(NAMES.contains(&&*format!("/{name}")), "{name}");
        }
    }
}
