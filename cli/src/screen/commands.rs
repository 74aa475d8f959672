//! The commands of the clients: one table, from which their help, what Tab completes and the nearest command follow.

use super::messages::{Language, Message};
use crate::editor::CLEAR;
use chat_core::{Right, Role};

/// Who has a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Both clients.
    All,
    /// The full screen alone (`chat`).
    FullScreen,
}

/// A command, and what it does.
#[derive(Clone, Copy, Debug)]
pub struct Command {
    /// Its name, with the slash.
    pub name: &'static str,
    /// What it does.
    pub does: Message,
    /// Who has it.
    pub whose: Whose,
}

impl Command {
    /// Whether somebody of this role may give it. What one said oneself, everyone may remove, and close conversations.
    pub fn is_for(&self, role: Role) -> bool {
        match Right::of_command(&self.name[1..]) {
            None | Some(Right::Redact | Right::Close) => true,
            Some(right) => role.may(right, None),
        }
    }
}

const fn of_all(name: &'static str, does: Message) -> Command {
    Command {
        name,
        does,
        whose: Whose::All,
    }
}

const fn of_screen(name: &'static str, does: Message) -> Command {
    Command {
        name,
        does,
        whose: Whose::FullScreen,
    }
}

/// All of them, in the order of their names.
pub const COMMANDS: &[Command] = &[
    of_all("/away", Message::DoesAway),
    of_all("/back", Message::DoesBack),
    of_all("/ban", Message::DoesBan),
    of_all("/bans", Message::DoesBans),
    of_all("/claim", Message::DoesClaim),
    of_all(CLEAR, Message::DoesClear),
    of_all("/close", Message::DoesClose),
    of_all("/deop", Message::DoesDeop),
    of_all("/devices", Message::DoesDevices),
    of_all("/help", Message::DoesHelp),
    of_screen("/highlight", Message::DoesHighlight),
    of_all("/history", Message::DoesHistory),
    of_all("/ignore", Message::DoesIgnore),
    of_all("/inbox", Message::DoesInbox),
    of_all("/invite", Message::DoesInvite),
    of_all("/join", Message::DoesJoin),
    of_all("/kick", Message::DoesKick),
    of_all("/leave", Message::DoesLeave),
    of_all("/login", Message::DoesLogin),
    of_all("/me", Message::DoesMe),
    of_all("/msg", Message::DoesMsg),
    of_all("/mute", Message::DoesMute),
    of_all("/nick", Message::DoesNick),
    of_all("/op", Message::DoesOp),
    of_screen("/part", Message::DoesPart),
    of_all("/passwd", Message::DoesPasswd),
    of_all("/private", Message::DoesPrivate),
    of_screen("/query", Message::DoesQuery),
    of_screen("/quit", Message::DoesQuit),
    of_all("/redact", Message::DoesRedact),
    of_all("/reopen", Message::DoesReopen),
    of_all("/reply", Message::DoesReply),
    of_all("/retry", Message::DoesRetry),
    of_all("/rooms", Message::DoesRooms),
    of_screen("/search", Message::DoesSearch),
    of_all("/slow", Message::DoesSlow),
    of_all("/topic", Message::DoesTopic),
    of_all("/unban", Message::DoesUnban),
    of_all("/unclaim", Message::DoesUnclaim),
    of_screen("/unhighlight", Message::DoesUnhighlight),
    of_all("/unignore", Message::DoesUnignore),
    of_all("/unmute", Message::DoesUnmute),
    of_all("/unsent", Message::DoesUnsent),
    of_all("/who", Message::DoesWho),
    of_all("/whois", Message::DoesWhois),
];

const fn count(with_screen: bool) -> usize {
    let (mut count, mut at) = (0, 0);
    while at < COMMANDS.len() {
        count += (with_screen || matches!(COMMANDS[at].whose, Whose::All)) as usize;
        at += 1;
    }
    count
}

const fn names<const N: usize>(with_screen: bool) -> [&'static str; N] {
    let (mut names, mut at, mut next) = ([""; N], 0, 0);
    while at < COMMANDS.len() {
        if with_screen || matches!(COMMANDS[at].whose, Whose::All) {
            names[next] = COMMANDS[at].name;
            next += 1;
        }
        at += 1;
    }
    names
}

/// The names of those that `chat` has.
pub const OF_SCREEN: &[&str] = &names::<{ count(true) }>(true);

/// The names of those that `chat-client` has.
pub const OF_LINES: &[&str] = &names::<{ count(false) }>(false);

/// Those among them that the program does itself, without a client machine: each without its slash, and what it does.
pub fn own(with_screen: bool) -> Vec<(&'static str, &'static str)> {
    let is_own = |it: &&Command| it.name == CLEAR || with_screen && it.whose == Whose::FullScreen;
    let own = COMMANDS.iter().filter(is_own);
    own.map(|it| (&it.name[1..], it.does.text(Language::English)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_completed_in_the_order_of_their_names() {
        for names in [OF_SCREEN, OF_LINES] {
            assert!(names.is_sorted());
            assert!(names.contains(&CLEAR));
            for name in chat_core::COMMAND_NAMES {
                assert!(names.contains(&&*format!("/{name}")), "{name}");
            }
        }
        assert_eq!(OF_SCREEN.len(), COMMANDS.len());
        assert!(OF_SCREEN.contains(&"/search") && !OF_LINES.contains(&"/search"));
        assert!(OF_LINES.contains(&"/unsent"));
    }

    #[test]
    fn a_program_does_its_own_itself() {
        assert_eq!(own(false), [("clear", "clear the screen")]);
        let of_screen: Vec<_> = own(true).into_iter().map(|(name, _)| name).collect();
        assert!(of_screen.contains(&"search") && !of_screen.contains(&"who"));
    }
}
