//! The commands of the text dialect: one table that the parser, `/help` and the suggestions share (PROTOCOL.md,
//! "What a client sends").

use crate::types::rights::{Right, Role};
use alloc::string::String;

/// A command that a server knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) name: &'static str,
    /// What stands after it.
    pub(crate) takes: &'static str,
    /// All about it, after its name, for whoever asks.
    pub(crate) does: &'static str,
}

/// All of them. Of two that begin alike, the one that comes first is meant.
pub(crate) const COMMANDS: [Command; 36] = [
    Command {
        name: "help",
        takes: "[COMMAND]",
        does: "lists the commands, or says all about one of them",
    },
    Command {
        name: "who",
        takes: "[ROOM]",
        does: "lists who is in the room where you are, or in another one",
    },
    Command {
        name: "history",
        takes: "[NUMBER]",
        does: "shows what happened last: 20 entries, or as many as you say, at most 1,000",
    },
    Command {
        name: "join",
        takes: "ROOM",
        does: "goes to another room, and makes it if there is none of that name. You are in one room at a time; everyone begins in lobby",
    },
    Command {
        name: "leave",
        takes: "",
        does: "leaves; so does LEAVE alone on a line",
    },
    Command {
        name: "msg",
        takes: "NAME TEXT",
        does: "says TEXT to one person alone. Nobody else sees it. Where both of you have claimed your names it is kept, and waits for whoever is not here (/inbox)",
    },
    Command {
        name: "me",
        takes: "TEXT",
        does: "says that you do something: \"/me waves\" is shown as \"** ann waves\"",
    },
    Command {
        name: "nick",
        takes: "NAME",
        does: "gives you another name; everyone is told",
    },
    Command {
        name: "reply",
        takes: "TEXT",
        does: "says TEXT to whoever wrote to you alone last",
    },
    Command {
        name: "rooms",
        takes: "",
        does: "lists the rooms, and how many are in each",
    },
    Command {
        name: "topic",
        takes: "[TEXT]",
        does: "shows what the room is about, or changes it; \"/topic -\" takes it away",
    },
    Command {
        name: "away",
        takes: "[TEXT]",
        does: "has whoever writes to you alone, or asks /whois, be told that you are away, and why",
    },
    Command {
        name: "back",
        takes: "",
        does: "has you be there again; so does whatever you say",
    },
    Command {
        name: "whois",
        takes: "NAME",
        does: "says since when somebody is here, and whether they are away",
    },
    Command {
        name: "inbox",
        takes: "[NAME [NUMBER]]",
        does: "shows what was said to you alone while you were not here; or the last of what you and NAME have said to each other alone: 20 entries, or as many as you say, at most 1,000",
    },
    Command {
        name: "claim",
        takes: "PASSWORD",
        does: "makes the name you have your own: nobody else gets it any more. A password has 8 to 128 bytes",
    },
    Command {
        name: "login",
        takes: "NAME PASSWORD",
        does: "gives you the name that you have claimed; whoever has it meanwhile gets another one",
    },
    Command {
        name: "passwd",
        takes: "PASSWORD",
        does: "gives the name that you have claimed, and have now, another password",
    },
    Command {
        name: "unclaim",
        takes: "",
        does: "has the name that you have claimed, and have now, be nobody's own again: your rooms and rights, what waits for you, and what you and others said to each other alone, are gone with it",
    },
    Command {
        name: "devices",
        takes: "[revoke NUMBER]",
        does: "lists where you come back to your own name without its password, or ends one of these",
    },
    Command {
        name: "ignore",
        takes: "[NAME]",
        does: "has your client show nothing any more of what NAME says, does, or writes to you alone; without a name, it lists whom you ignore. Of chat and chat-client alone",
    },
    Command {
        name: "unignore",
        takes: "NAME",
        does: "has your client show again what NAME says. Of chat and chat-client alone",
    },
    Command {
        name: "kick",
        takes: "NAME [REASON]",
        does: "has somebody leave the room, and tells everyone why. They may come back; /ban keeps them out",
    },
    Command {
        name: "ban",
        takes: "NAME|ADDRESS|NETWORK [DURATION] [REASON]",
        does: "has somebody leave and keeps them out, by their name and where they come from: for 30s, 10m, 2h, 7d or 2w, or until /unban",
    },
    Command {
        name: "unban",
        takes: "NAME|ADDRESS|NETWORK",
        does: "lets whoever was kept out by that come in again",
    },
    Command {
        name: "bans",
        takes: "",
        does: "lists who is kept out of the room, until when and why",
    },
    Command {
        name: "mute",
        takes: "NAME [DURATION]",
        does: "has somebody be silent: for 30s, 10m, 2h, 7d or 2w, or until /unmute",
    },
    Command {
        name: "unmute",
        takes: "NAME",
        does: "lets somebody speak again",
    },
    Command {
        name: "invite",
        takes: "NAME",
        does: "invites somebody to the room: they may come in where it is private",
    },
    Command {
        name: "slow",
        takes: "SECONDS",
        does: "has everyone wait so long between two lines, at most 3,600 s; \"/slow 0\" ends it",
    },
    Command {
        name: "redact",
        takes: "NAME|NUMBER",
        does: "removes the text of the last line of NAME, or of the line of that number, for everyone and for good; /history shows the numbers to operators. What you said yourself, you may remove with chat and chat-client",
    },
    Command {
        name: "op",
        takes: "NAME",
        does: "makes somebody an operator of the room, whose name is their own (/claim)",
    },
    Command {
        name: "deop",
        takes: "NAME",
        does: "has an operator be none any more",
    },
    Command {
        name: "private",
        takes: "on|off",
        does: "keeps everyone out of the room who is not in it, nor invited; or lets them in again",
    },
    Command {
        name: "close",
        takes: "[REASON]",
        does: "has everyone leave the room, and keeps all but its owner and administrators out, until /reopen",
    },
    Command {
        name: "reopen",
        takes: "",
        does: "lets everyone come into the room again, after /close",
    },
];

/// The names of all of them.
pub const COMMAND_NAMES: [&str; COMMANDS.len()] = {
    let mut names = [""; COMMANDS.len()];
    let mut nth = 0;
    while nth < names.len() {
        names[nth] = COMMANDS[nth].name;
        nth += 1;
    }
    names
};

/// The command that has this name, in whatever case.
pub(crate) fn command(name: &str) -> Option<&'static Command> {
    COMMANDS
        .iter()
        .find(|command| command.name.eq_ignore_ascii_case(name))
}

/// What `/help` shows: one line for each group, and what an order takes only to those who may give it.
pub(crate) fn help(role: Role) -> String {
    let may = |right: &str| Right::of_command(right).is_some_and(|it| role.may(it, None));
    let mut help = String::from(HELP);
    for (commands, line) in ORDERS {
        if commands.iter().all(|it| may(it)) {
            help.push('\n');
            help.push_str(line);
        }
    }
    help.push('\n');
    help.push_str(ANYTHING_ELSE);
    help
}

/// The part that everyone is shown.
const HELP: &str = "\
* /me TEXT: say that you do something\n\
* /msg NAME TEXT: say it to one person alone; /reply TEXT answers; /inbox shows what waits for you\n\
* /nick NAME: take another name; /away [TEXT] says that you are away, /back that you are back\n\
* /claim PASSWORD: make the name you have your own; /passwd, /unclaim change that\n\
* /login NAME PASSWORD: have the name that you have claimed\n\
* /devices: where you come back to it without the password; /devices revoke NUMBER ends one\n\
* /join ROOM: go to another room, or make one; /rooms lists them\n\
* /who [ROOM]: who is in the room; /whois NAME tells of one of them\n\
* /topic [TEXT]: what the room is about\n\
* /history [NUMBER]: what happened last\n\
* /leave, or LEAVE alone on a line: leave\n\
* /help COMMAND: all about one of these\n\
* //text: say a line that begins with one slash";

/// And at its end.
const ANYTHING_ELSE: &str = "* Any other line is said to everyone else in the room.";

/// The part that those are shown who may give these orders.
const ORDERS: [(&[&str], &str); 5] = [
    (
        &["kick", "ban", "unban", "bans"],
        "* /kick NAME [REASON]: have somebody leave; /ban NAME [DURATION] [REASON] keeps them out, /unban lets them in again, /bans lists them",
    ),
    (
        &["mute", "unmute", "invite", "slow"],
        "* /mute NAME [DURATION], /unmute NAME; /invite NAME; /slow SECONDS: have everyone wait between two lines",
    ),
    (
        &["redact"],
        "* /redact NAME|NUMBER: remove a line for good; /history shows the numbers",
    ),
    (
        &["op", "deop", "private"],
        "* /op NAME, /deop NAME: make somebody an operator, or none; /private on|off: keep out who is not invited",
    ),
    (
        &["close", "reopen"],
        "* /close [REASON]: have everyone leave and keep them out; /reopen lets them in again",
    ),
];
