//! Which command a mistyped one was meant to be.

use alloc::vec::Vec;

/// What people type elsewhere, and what does the same here.
const ELSEWHERE: &[(&str, &str)] = &[
    ("?", "help"),
    ("h", "help"),
    ("commands", "help"),
    ("bye", "leave"),
    ("disconnect", "leave"),
    ("exit", "leave"),
    ("q", "leave"),
    ("quit", "leave"),
    ("ls", "who"),
    ("names", "who"),
    ("online", "who"),
    ("users", "who"),
    ("w", "who"),
    ("backlog", "history"),
    ("last", "history"),
    ("log", "history"),
    ("reconnect", "retry"),
    ("channel", "join"),
    // There, one is in more rooms at a time, and goes on in another one.
    ("part", "join"),
    ("channels", "rooms"),
    ("list", "rooms"),
    ("identify", "login"),
    ("register", "claim"),
    ("password", "passwd"),
    ("unregister", "unclaim"),
    ("pm", "msg"),
    ("query", "msg"),
    ("tell", "msg"),
    ("whisper", "msg"),
    ("mail", "inbox"),
    ("messages", "inbox"),
    ("unread", "inbox"),
    ("r", "reply"),
    ("name", "nick"),
    ("rename", "nick"),
    ("afk", "away"),
    ("action", "me"),
    ("emote", "me"),
    ("subject", "topic"),
    ("title", "topic"),
];

/// The longest word that is compared, in bytes: no command is nearly as long.
const LONGEST: usize = 16;

/// The command that a word was most probably meant to be, if there is one: what does the same
/// elsewhere, what begins so, or what is at most two slips away.
pub(crate) fn nearest(word: &str, commands: &[&'static str]) -> Option<&'static str> {
    if word.is_empty() || word.len() > LONGEST {
        return None;
    }
    let word = word.to_ascii_lowercase();
    let known = |name: &str| commands.iter().find(|it| **it == name).copied();
    let elsewhere = ELSEWHERE.iter().find(|(there, _)| *there == word);
    if let Some(command) = elsewhere.and_then(|(_, here)| known(here)) {
        return Some(command);
    }
    let begins_so = |it: &&&str| it.starts_with(&*word);
    if let Some(command) = commands.iter().find(begins_so) {
        return Some(command);
    }
    let slips = commands
        .iter()
        .map(|it| (slips(word.as_bytes(), it.as_bytes()), *it));
    let (count, command) = slips.min_by_key(|(count, _)| *count)?;
    let most = if command.len() > 3 { 2 } else { 1 };
    (count <= most).then_some(command)
}

/// How many bytes are missing, too many, wrong or in the wrong order (the optimal string
/// alignment distance).
pub fn slips(a: &[u8], b: &[u8]) -> usize {
    let mut rows: Vec<Vec<usize>> = alloc::vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = alloc::vec![i];
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant() {
        let commands = ["help", "who", "history", "leave", "rooms"];
        for (word, meant) in [
            ("list", Some("rooms")),
            ("channels", Some("rooms")),
            ("hlep", Some("help")),
            ("histroy", Some("history")),
            ("HIST", Some("history")),
            ("h", Some("help")),
            ("hi", Some("history")),
            ("leav", Some("leave")),
            ("laeve", Some("leave")),
            ("whom", Some("who")),
            ("quit", Some("leave")),
            ("?", Some("help")),
            ("retry", None),
            ("", None),
            ("msg", None),
            ("nick", None),
            ("zzzzzzzzzzzzzzzz", None),
            ("hhhhhhhhhhhhhhhhhh", None),
        ] {
            assert_eq!(nearest(word, &commands), meant, "{word}");
        }
    }

    #[test]
    fn slips_are_counted() {
        for (a, b, count) in [
            ("who", "who", 0),
            ("hwo", "who", 1),
            ("wo", "who", 1),
            ("whho", "who", 1),
            ("", "who", 3),
            ("help", "leave", 4),
        ] {
            assert_eq!(slips(a.as_bytes(), b.as_bytes()), count, "{a} {b}");
            assert_eq!(slips(b.as_bytes(), a.as_bytes()), count, "{b} {a}");
        }
    }
}
