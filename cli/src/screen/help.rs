//! What `/help` and F1 show, and what is shown while a command is typed.

use super::messages::{Language, Message};

/// The commands, in the order of their names, and what each does.
pub const COMMANDS: &[(&str, Message)] = &[
    ("/away", Message::DoesAway),
    ("/back", Message::DoesBack),
    ("/ban", Message::DoesBan),
    ("/bans", Message::DoesBans),
    ("/claim", Message::DoesClaim),
    ("/close", Message::DoesClose),
    ("/deop", Message::DoesDeop),
    ("/devices", Message::DoesDevices),
    ("/help", Message::DoesHelp),
    ("/highlight", Message::DoesHighlight),
    ("/history", Message::DoesHistory),
    ("/ignore", Message::DoesIgnore),
    ("/inbox", Message::DoesInbox),
    ("/invite", Message::DoesInvite),
    ("/join", Message::DoesJoin),
    ("/kick", Message::DoesKick),
    ("/leave", Message::DoesLeave),
    ("/login", Message::DoesLogin),
    ("/me", Message::DoesMe),
    ("/msg", Message::DoesMsg),
    ("/mute", Message::DoesMute),
    ("/nick", Message::DoesNick),
    ("/op", Message::DoesOp),
    ("/part", Message::DoesPart),
    ("/passwd", Message::DoesPasswd),
    ("/private", Message::DoesPrivate),
    ("/query", Message::DoesQuery),
    ("/quit", Message::DoesQuit),
    ("/redact", Message::DoesRedact),
    ("/reopen", Message::DoesReopen),
    ("/reply", Message::DoesReply),
    ("/retry", Message::DoesRetry),
    ("/rooms", Message::DoesRooms),
    ("/search", Message::DoesSearch),
    ("/slow", Message::DoesSlow),
    ("/topic", Message::DoesTopic),
    ("/unban", Message::DoesUnban),
    ("/unclaim", Message::DoesUnclaim),
    ("/unhighlight", Message::DoesUnhighlight),
    ("/unignore", Message::DoesUnignore),
    ("/unmute", Message::DoesUnmute),
    ("/unsent", Message::DoesUnsent),
    ("/who", Message::DoesWho),
    ("/whois", Message::DoesWhois),
];

/// Their names alone.
pub const NAMES: &[&str] = &[
    "/away",
    "/back",
    "/ban",
    "/bans",
    "/claim",
    "/close",
    "/deop",
    "/devices",
    "/help",
    "/highlight",
    "/history",
    "/ignore",
    "/inbox",
    "/invite",
    "/join",
    "/kick",
    "/leave",
    "/login",
    "/me",
    "/msg",
    "/mute",
    "/nick",
    "/op",
    "/part",
    "/passwd",
    "/private",
    "/query",
    "/quit",
    "/redact",
    "/reopen",
    "/reply",
    "/retry",
    "/rooms",
    "/search",
    "/slow",
    "/topic",
    "/unban",
    "/unclaim",
    "/unhighlight",
    "/unignore",
    "/unmute",
    "/unsent",
    "/who",
    "/whois",
];

/// The keys, and what each does.
const KEYS: &[(&str, Message)] = &[
    ("PageUp PageDown", Message::KeyPages),
    ("Escape", Message::KeyEscape),
    ("Ctrl-R", Message::KeySearch),
    ("Alt-S", Message::KeySearchAll),
    ("Enter, Alt-Enter", Message::KeyEnter),
    ("Tab, Shift-Tab", Message::KeyTab),
    ("Up Down", Message::KeyUpDown),
    ("Ctrl-A E B F, Alt-B F", Message::KeyMove),
    ("Ctrl-K U W, Alt-D", Message::KeyCut),
    ("Ctrl-_, Ctrl-X Ctrl-U", Message::KeyUndo),
    ("Ctrl-X Ctrl-E", Message::KeyEdit),
    ("Alt-1 to 9, Ctrl-N P", Message::KeyRooms),
    ("Alt-A", Message::KeyNews),
    ("Ctrl-K", Message::KeyJump),
    ("Alt-W", Message::KeyPeople),
    ("Ctrl-L", Message::KeyRedraw),
    ("Ctrl-C", Message::KeyInterrupt),
    ("Ctrl-Z", Message::KeySuspend),
];

/// The lines of the help.
pub fn lines(language: Language) -> Vec<String> {
    let line = |(what, does): &(&str, Message)| format!("{what:<23}{}", does.text(language));
    let keys = KEYS.iter().map(line);
    let commands = COMMANDS.iter().map(line);
    keys.chain([String::new()]).chain(commands).collect()
}

/// The commands that a line may become, each with what it does.
pub fn matching(line: &str, language: Language) -> Vec<String> {
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
    let fitting = || COMMANDS.iter().filter(|(name, _)| fits(name));
    let width = fitting().map(|(name, _)| name.len() + 2).max().unwrap_or(0);
    fitting()
        .map(|(name, does)| format!("{name:<width$}{}", does.text(language)))
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
