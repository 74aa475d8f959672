//! What a person asks of the client itself, and what it tells them of its own accord.

use super::JsonClient;
use super::memory::told;
use super::phase::{Event, Phase};
use crate::client::ClientAction;
use crate::client::sentence;
use crate::types::rights::{Right, Role};
use crate::types::time::Timestamp;
use crate::wire::commands::command;
use crate::wire::json::{Message, Request as Ask};
use crate::wire::notice::Notice;
use crate::wire::printable::printable;
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write;

const UNSENT: &str = "unsent";
const RETRY: &str = "retry";

/// The id of the question what the person is in a room, which is asked for the help.
const HELP: &str = "help";

/// The commands that no server sees, and what each does.
const COMMANDS: [(&str, &str); 4] = [
    (UNSENT, "what you said that the server has not accepted yet"),
    (RETRY, "while offline: connect now"),
    (
        "ignore [NAME]",
        "show nothing of what NAME says, does, or writes to you alone; without a name: whom you ignore",
    ),
    ("unignore NAME", "show again what NAME says"),
];

impl JsonClient {
    /// A command that is none of the server's.
    pub(super) fn own_command(&mut self, now: Timestamp, command: &str) {
        let is = |name: &str| name.eq_ignore_ascii_case(command);
        if is(UNSENT) {
            return self.list_unsent();
        }
        if is(RETRY) {
            return self.retry(now);
        }
        let of_shell = &self.setup.commands;
        if let Some((name, does)) = of_shell.iter().find(|(name, _)| is(name)) {
            // Its shell would have done it where it can.
            let told = format!("* /{name}: {does}");
            return self.say_privately(&told);
        }
        self.not_known(command);
    }

    /// The server's commands, of orders those that the person may give where they are, and the client's own. The server knows
    /// what they are there: it is asked, where it can be.
    pub(super) fn help(&mut self) {
        let name = self.memory.name.clone();
        match name.filter(|_| self.phase == Phase::Talking && !self.reads) {
            Some(name) => {
                self.connection.helps += 1;
                let room = told(self.target()).map(Cow::Owned);
                self.request(&Ask::Whois {
                    name: name.into(),
                    room,
                    id: Some(HELP.into()),
                });
            }
            None => self.show_help(Role::None),
        }
    }

    /// Takes the answer to that. Where the person has asked the same, one of the two answers is theirs.
    pub(super) fn take_role(&mut self, message: &Message<'_>) -> bool {
        let role = match message {
            Message::Whois { name, role, .. } if Some(&**name) == self.memory.name.as_deref() => {
                Role::of_word(role.as_deref())
            }
            Message::Error { id: Some(id), .. } if id == HELP => Role::None,
            _ => return false,
        };
        let is_due = self.connection.helps > 0;
        if is_due {
            self.connection.helps -= 1;
            self.show_help(role);
        }
        is_due
    }

    fn show_help(&mut self, role: Role) {
        let mut help = Notice::Help(role).to_string();
        if !role.may(Right::Redact, None) {
            help.push_str("\n* /redact NAME|NUMBER: remove a line of your own for good");
        }
        let of_shell = self.setup.commands.iter();
        for (name, does) in COMMANDS.iter().chain(of_shell) {
            let _ = write!(help, "\n* /{name}: {does}"); // A string takes it all.
        }
        self.say_privately(&help);
    }

    /// All about one command of the server.
    pub(super) fn help_on(&mut self, name: &str) {
        if let Some(command) = command(name) {
            self.say_privately(&Notice::HelpOn(command).to_string());
        }
    }

    /// All about what may be one of the client's own.
    pub(super) fn help_on_other(&mut self, name: &str) {
        let name = name.trim_start_matches('/');
        let all = COMMANDS.iter().chain(&self.setup.commands);
        let mut own = all.filter(|(usage, _)| {
            let command = usage.split(' ').next().unwrap_or_default();
            command.eq_ignore_ascii_case(name)
        });
        match own.next() {
            Some((usage, does)) => {
                let told = format!("* /{usage}: {does}");
                self.say_privately(&told);
            }
            None => self.not_known(name),
        }
    }

    /// What nobody knows.
    fn not_known(&mut self, command: &str) {
        let of_shell = self.setup.commands.iter().map(|(name, _)| *name);
        let own: Vec<&str> = [UNSENT, RETRY].into_iter().chain(of_shell).collect();
        self.not_done(Notice::unknown(command, &own));
    }

    fn list_unsent(&mut self) {
        let said = &self.memory.outbox;
        let mut news = match said.len() {
            0 => String::from("* Everything that you said is accepted."),
            1 => "* 1 line is not accepted yet:".into(),
            count => format!("* {count} lines are not accepted yet:"),
        };
        for said in said {
            let _ = write!(news, "\n*   {}", printable(&said.text)); // A string takes it all.
        }
        self.say_privately(&news);
    }

    fn retry(&mut self, now: Timestamp) {
        if self.phase == Phase::Waiting {
            return self.connect(now, Event::Due);
        }
        let news = match self.phase {
            Phase::Connecting | Phase::Joining => "* It is being tried right now.",
            _ => "* You are online; there is nothing to retry.",
        };
        self.say_privately(news);
    }

    /// Says who one is, to whoever has asked for a name, and how many are here. Who typed JOIN alone is
    /// shown what the documented program shows.
    pub(super) fn introduce(&mut self, name: &str, here: Option<u64>) {
        let Some(asked) = self.asked.take() else {
            return;
        };
        let who = (asked == name).then(|| format!("You are {}", printable(name)));
        let others = here.map(|here| match here {
            1 => "nobody else is here".into(),
            here => format!("{here} are here, with you"),
        });
        let news = match (who, others) {
            (Some(who), Some(others)) => format!("* {who}; {others}."),
            (Some(who), None) => format!("* {who}."),
            (None, Some(others)) => format!("* {}", sentence(&others)),
            (None, None) => return,
        };
        self.actions.push_back(ClientAction::Notice(news));
    }

    /// Lines for the person alone: where objects are shown, they are none.
    pub(super) fn say_privately(&mut self, lines: &str) {
        if self.setup.raw {
            for line in lines.lines() {
                self.actions.push_back(ClientAction::Notice(line.into()));
            }
        } else {
            self.show_all(lines);
        }
    }
}
