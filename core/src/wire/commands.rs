//! The commands of the text dialect: one table that the parser, `/help` and the suggestions share (PROTOCOL.md,
//! "What a client sends").

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
pub(crate) const COMMANDS: [Command; 21] = [
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
        does: "says TEXT to one person in the room alone. Nobody else sees it, and it is not kept",
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
        does: "has the name that you have claimed, and have now, be nobody's own again",
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

/// What `/help` shows: one line for each group.
pub(crate) const HELP: &str = "\
* /me TEXT: say that you do something\n\
* /msg NAME TEXT: say it to one person alone; /reply TEXT answers\n\
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
* //text: say a line that begins with one slash\n\
* Any other line is said to everyone else in the room.";
