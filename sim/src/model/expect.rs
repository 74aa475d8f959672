//! What a peer's input calls for, line by line.

use super::asked_of_rooms::OfRooms;
use super::deed::{Deed, Done, may_be_name, shown};
use super::program::Program;
use super::rooms::room_name;
use super::stranger;
use crate::invariant::Invariant;
use crate::naming::are_alike;
use chat_core::{
    CloseReason, FirstLine, Input, Limits, MAX_ACTION, MAX_AWAY, MAX_LINE, MAX_PRIVATE, MAX_TOPIC,
    Name, Request, Server, Timestamp,
};
use std::collections::VecDeque;
use std::sync::OnceLock;

/// A private line that is to come.
#[derive(Debug)]
pub(super) enum Notice {
    /// Exactly this line.
    Exact(String),
    /// A line that begins so.
    Begins(String),
    /// A line that begins in one of these ways.
    Either(Vec<String>),
    /// Somebody has the name that was asked for, or one that is taken for it.
    Taken { asked: String, given: String },
    /// Since when somebody of this name is here, or that nobody is.
    Whois(String),
    /// The answer to `/who`.
    Who,
    /// The same of a room of this name, asked when the screen had shown so many lines.
    WhoOf(String, usize),
    /// The answer to `/rooms`, asked when the screen had shown so many lines.
    Rooms(usize),
    /// It is in another room, of this name: how many others are, and what it is about.
    InRoom(String),
    /// The answer to `/topic`.
    Topic,
    /// What is said to one person alone has arrived, or not.
    Private {
        /// Their name, as it was typed; none if it is whoever wrote last.
        to: Option<String>,
        /// What.
        text: String,
    },
}

impl Notice {
    /// Whether a line is it, as far as that can be told from the line alone.
    pub(super) fn is(&self, line: &str) -> bool {
        match self {
            Self::Exact(expected) => line == expected,
            Self::Begins(start) => line.starts_with(start),
            Self::Either(starts) => starts.iter().any(|start| line.starts_with(start)),
            Self::Taken { asked, given } => line
                .strip_suffix(&format!("; you are {given}."))
                .is_some_and(|why| is_of_taken(why, asked)),
            Self::Whois(of) => {
                let is_it = |(name, _): (&str, &str)| are_alike(of, name);
                let found = line.strip_prefix("* ");
                let found = found.and_then(|it| it.split_once(" has been here for "));
                line.starts_with("* Nobody here is called ") || found.is_some_and(is_it)
            }
            Self::Who => line.starts_with("* In the room ("),
            Self::WhoOf(room, _) => {
                line.starts_with("* In the room (") || line == format!("* Nobody is in {room}.")
            }
            Self::Rooms(_) => line.starts_with("* Rooms: "),
            Self::InRoom(room) => line.starts_with(&format!("* You are in {room} now; ")),
            Self::Topic => {
                line.starts_with("* The topic, set by ") || line.starts_with("* There is no topic")
            }
            Self::Private { to, text } => {
                let arrived = line
                    .strip_prefix("[PM to ")
                    .and_then(|it| it.split_once("] "));
                let is_to = |name: &str| to.as_ref().is_none_or(|to| are_alike(name, to));
                let is_it = |(name, said): (&str, &str)| is_to(name) && said == text;
                arrived.is_some_and(is_it) || line.starts_with("* Not sent: ")
            }
        }
    }

    /// How long it is at most, with its ending.
    pub(super) fn most(&self) -> usize {
        match self {
            Self::Exact(line) => line.len() + 1,
            Self::Begins(_) | Self::Either(_) | Self::Taken { .. } | Self::Whois(_) => 400,
            Self::InRoom(_) => MAX_TOPIC + 400,
            Self::Who | Self::WhoOf(..) | Self::Rooms(_) | Self::Topic | Self::Private { .. } => {
                MAX_LINE + 100
            }
        }
    }

    /// How long it is at least, with its ending.
    pub(super) fn least(&self) -> usize {
        1 + match self {
            Self::Exact(line) | Self::Begins(line) => line.len(),
            Self::Taken { asked, given } => {
                "* The name  is taken; you are .".len() + asked.len() + given.len()
            }
            Self::Either(starts) => starts.iter().map(String::len).min().unwrap_or(0),
            Self::Whois(_) => "* a has been here for ".len(),
            Self::Who => "* In the room (1): a".len(),
            Self::WhoOf(..) => "* Nobody is in a.".len(),
            Self::Rooms(_) => "* Rooms: ".len(),
            Self::InRoom(_) => "* You are in a now; ".len(),
            Self::Topic => "* The topic, set by a: ".len(),
            Self::Private { .. } => "[PM to a] ".len(),
        }
    }
}

/// Whether a line begins with that a name is taken, and truly says by whom.
fn is_of_taken(why: &str, name: &str) -> bool {
    let Some(why) = why.strip_prefix(&format!("* The name {name} ")) else {
        return false;
    };
    let other = why.strip_prefix("looks like ");
    let other = other.and_then(|it| it.strip_suffix(", who is here"));
    why == "is taken" || other.is_some_and(|other| are_alike(name, other))
}

/// What a peer's lines call for, apart from what others do.
#[derive(Debug, Default)]
pub(super) struct Expected {
    /// What it does in the room, as it is shown.
    pub(super) deeds: VecDeque<Done>,
    /// What it says to one person alone: the name, if it gives one, and the text.
    pub(super) private: Vec<(Option<String>, String)>,
    /// It has said that it is away.
    away: bool,
    /// Private lines, each with how much it had said before.
    pub(super) notices: Vec<(usize, Notice)>,
    /// Why it will be closed.
    pub(super) end: Option<CloseReason>,
    /// It is known how it joined, or that it never will.
    pub(super) settled: bool,
    /// What it hears is not looked at any more: it has asked for what happened before, or it cannot be told to which of the
    /// rooms that it asked for it was let in.
    pub(super) is_unjudged: bool,
    /// It speaks JSON.
    pub(super) program: Option<Program>,
    /// Why it is not let in, though it asks to be.
    not_in: Option<CloseReason>,
    /// Its first line has been seen.
    started: bool,
    /// So many of its next lines may still be of another protocol.
    suspect: usize,
}

impl Expected {
    /// Whether its first line has been seen.
    pub(super) fn has_started(&self) -> bool {
        self.started
    }

    /// It is told that it has no place, and why.
    pub(super) fn refused(&mut self, why: CloseReason) {
        match why {
            CloseReason::HostFull => self.begins("* Goodbye: your address has "),
            CloseReason::HostUnjoined => self.begins("* Goodbye: "),
            CloseReason::TooManyJoins => self.begins("* Goodbye: too many have joined from "),
            CloseReason::Unended => self.begins("* Goodbye: your first line did not end "),
            _ => self.exact("* Goodbye: the room is full; try again later."),
        }
        self.end = Some(why);
    }

    /// It asks to be let in, and is not.
    pub(super) fn is_not_let_in(&mut self, why: Option<CloseReason>, as_program: bool) {
        match why {
            Some(why) if !as_program => self.refused(why),
            why => {
                self.not_in = why;
                // Its first object may have been looked at while it waited for its turn.
                if let (Some(program), Some(_)) = (&mut self.program, why) {
                    program.not_in = why;
                    self.end = why;
                }
            }
        }
    }

    /// It joined under a name; `line` is its first line if that made it join.
    pub(super) fn joins(&mut self, name: &Name, asked: Option<&str>) {
        self.exact("Welcome to the chatroom!");
        match asked.map(|asked| (asked, Name::parse(asked))) {
            Some((_, Ok(asked))) if !may_be_name(asked.as_str()) => {
                self.exact(&format!("* Nobody may be called {asked}; you are {name}."));
            }
            Some((_, Ok(asked))) if asked != *name => {
                let (asked, given) = (asked.to_string(), name.to_string());
                self.notices
                    .push((self.deeds(), Notice::Taken { asked, given }));
            }
            Some((_, Err(_))) => self.begins("* \""),
            _ => {}
        }
    }

    /// A whole line of its input, its ending dropped, when the story was so long. `name` is none if it did not join yet, and
    /// then the line is the first one and did not make it join either.
    pub(super) fn line(&mut self, line: &[u8], name: Option<&Name>, joins: bool, since: usize) {
        if self.end.is_some() {
            return;
        }
        let too_long = line.len() > MAX_LINE;
        if !std::mem::replace(&mut self.started, true) {
            match first_line(line) {
                FirstLine::Foreign(protocol) => {
                    if name.is_some() {
                        self.begins("* Goodbye: this is ");
                    } else {
                        for line in protocol.answer().split_terminator('\n') {
                            self.exact(line);
                        }
                    }
                    self.end = Some(CloseReason::Foreign(protocol));
                    return;
                }
                FirstLine::Json(line) => {
                    let mut program = Program::greets(line);
                    program.not_in = self.not_in;
                    program.since = since;
                    self.end = program.why_closed();
                    self.end = self.end.or(self.not_in);
                    for (deed, room) in program.named_rooms() {
                        self.deeds.push_back(Done { deed, since, room });
                    }
                    self.program = Some(program);
                    return;
                }
                FirstLine::Join(asked) => {
                    let Some(name) = name else { return };
                    if joins {
                        self.joins(name, asked);
                    } else {
                        self.exact(&format!("* You are in already, as {name}."));
                    }
                    return;
                }
                FirstLine::Blank | FirstLine::Other => {
                    self.suspect = stranger::LATER;
                    let Some(name) = name else { return };
                    if joins {
                        self.joins(name, None);
                    }
                }
            }
        } else if self.suspect > 0 && !stranger::is_passed_over(line) {
            self.suspect -= 1;
            if let Some(protocol) = stranger::later(line) {
                self.begins("* Goodbye: this is ");
                self.end = Some(CloseReason::Foreign(protocol));
                return;
            }
        }
        if let Some(program) = &mut self.program {
            let (deed, private, end) = program.line(line, since);
            let deed = deed.map(|(deed, room)| Done { deed, since, room });
            self.deeds.extend(deed);
            self.private.extend(private);
            self.end = end;
            return;
        }
        if too_long {
            return self.exact("* Not sent: the line is longer than 4096 bytes.");
        }
        self.request(line, since);
    }

    /// A line that asks for something, when the story was so long.
    fn request(&mut self, line: &[u8], since: usize) {
        if let Some(asked) = OfRooms::by(line) {
            return self.of_rooms(asked, since);
        }
        match Request::decode(line) {
            Err(_) => self.exact("* Not sent: the line is not UTF-8."),
            Ok(Request::Nothing) => {}
            Ok(Request::Say(text)) => self.does(Deed::Says(text.into_owned()), since),
            Ok(Request::Act(text)) if text.len() > MAX_ACTION => {
                self.begins("* Not sent: after /me");
            }
            Ok(Request::Act(text)) => self.does(Deed::Does(text.into_owned()), since),
            Ok(Request::Nick(wanted)) => match shown(wanted) {
                None => self.begins("* \""),
                Some(name) if !may_be_name(&name) => {
                    self.begins(&format!("* Nobody may be called {name}; "));
                }
                Some(name) => self.does(Deed::Renames(name), since),
            },
            Ok(Request::SetTopic(text)) if text.len() > MAX_TOPIC => {
                self.begins("* Not done: a topic is at most");
            }
            Ok(Request::SetTopic(text)) => self.does(Deed::SetsTopic(text.into_owned()), since),
            Ok(Request::Topic) => self.notices.push((self.deeds(), Notice::Topic)),
            Ok(Request::Message(_, text) | Request::Reply(text)) if text.len() > MAX_PRIVATE => {
                self.begins("* Not sent: to one person alone");
            }
            Ok(Request::Message(to, text)) => self.says_alone(Some(to), &text),
            Ok(Request::Reply(text)) => self.says_alone(None, &text),
            Ok(Request::Away(why)) if why.len() > MAX_AWAY => {
                self.begins("* Not done: why somebody is away is at most ");
            }
            Ok(Request::Away(_)) => {
                self.away = true;
                self.begins("* You are away, ");
            }
            Ok(Request::Back) => {
                self.away = false;
                self.exact("* You are back.");
            }
            Ok(Request::Whois(of)) => {
                self.notices.push((self.deeds(), Notice::Whois(of.into())));
            }
            // Nobody has an account here, nor a right in any room: all of it is refused, whatever the reason is.
            Ok(
                Request::Claim(_)
                | Request::LogIn(..)
                | Request::Password(_)
                | Request::Unclaim
                | Request::Devices
                | Request::Inbox
                | Request::InboxOf(..)
                | Request::Revoke(_)
                | Request::Ignore(_)
                | Request::Unignore(_)
                | Request::Order(_)
                | Request::Bans
                | Request::BadTime(_),
            ) => self.begins("* "),
            Ok(Request::HelpOn(name)) => self.begins(&format!("* /{name}")),
            Ok(Request::Lacking(name)) => self.begins(&format!("* Not done: /{name} takes ")),
            Ok(Request::Leave) => self.end = Some(CloseReason::Left),
            Ok(Request::Help) => {
                for line in &answers().help {
                    self.exact(line);
                }
            }
            Ok(Request::Who(Some(_)) | Request::Join(_) | Request::Rooms) => {
                Invariant::InItsPlace
                    .is_broken("what concerns no room is taken for a line that does");
            }
            Ok(Request::Who(None)) => self.notices.push((self.deeds(), Notice::Who)),
            Ok(Request::History(_)) => self.is_unjudged = true,
            Ok(Request::Surplus(command)) => self.begins(&format!("* Not done: /{command} ")),
            Ok(Request::Unknown(word) | Request::HelpOnOther(word)) => {
                // Other characters may be two columns wide.
                let most = if word.is_ascii() { 20 } else { 10 };
                // What reorders a line, and is not closed in what is shown of the word, is shown as something else.
                let reorders =
                    |c: &char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
                let start: String = word
                    .chars()
                    .take(most)
                    .take_while(|c| !reorders(c))
                    .collect();
                self.begins(&format!("* Unknown command /{start}"));
            }
        }
    }

    /// A line that asks for something that concerns rooms.
    fn of_rooms(&mut self, asked: OfRooms<'_>, since: usize) {
        match asked {
            OfRooms::Rooms => self.notices.push((self.deeds(), Notice::Rooms(since))),
            OfRooms::Join(room) | OfRooms::Who(room) if room_name(room).is_none() => {
                self.begins("* \"");
            }
            OfRooms::Join(room) => {
                let room = room_name(room).unwrap_or_default();
                self.does(Deed::Goes(room.clone()), since);
                self.notices.push((self.deeds(), Notice::InRoom(room)));
            }
            OfRooms::Who(room) => {
                let notice = Notice::WhoOf(room_name(room).unwrap_or_default(), since);
                self.notices.push((self.deeds(), notice));
            }
        }
    }

    /// Its input ended, perhaps within a line, of which `partial` came.
    pub(super) fn eof(&mut self, mid_line: bool, partial: &[u8]) {
        if self.end.is_none() {
            match &mut self.program {
                Some(program) if mid_line => program.breaks_off(partial),
                None if mid_line => self.begins("* Not sent: the last line "),
                _ => {}
            }
            self.end = Some(CloseReason::Eof);
        }
    }

    /// Whether it has named a room in its first object.
    pub(super) fn has_named(&self, room: &str) -> bool {
        let program = self.program.as_ref();
        program.is_some_and(|program| program.has_named(room))
    }

    /// It says something to one person alone, or to whoever wrote last.
    fn says_alone(&mut self, to: Option<&str>, text: &str) {
        let (to, text) = (to.map(str::to_string), text.to_string());
        self.private.push((to.clone(), text.clone()));
        let notice = Notice::Private { to, text };
        self.notices.push((self.deeds(), notice));
    }

    /// It does something in the room.
    fn does(&mut self, deed: Deed, since: usize) {
        let is_back = matches!(deed, Deed::Says(_) | Deed::Does(_)) && self.away;
        self.deeds.push_back(Done {
            deed,
            since,
            room: None,
        });
        if is_back {
            self.away = false;
            self.exact("* You are back.");
        }
    }

    /// How much it does, as far as is known.
    fn deeds(&self) -> usize {
        self.deeds.len()
    }

    fn exact(&mut self, line: &str) {
        let notice = Notice::Exact(line.into());
        self.notices.push((self.deeds(), notice));
    }

    fn begins(&mut self, start: &str) {
        let notice = Notice::Begins(start.into());
        self.notices.push((self.deeds(), notice));
    }
}

/// What a line asks for as a first one. Of a line that is too long only its beginning counts, and
/// only to tell other protocols and JSON.
pub(super) fn first_line(line: &[u8]) -> FirstLine<'_> {
    if let Some(protocol) = stranger::line(line) {
        return FirstLine::Foreign(protocol);
    }
    match FirstLine::decode(&line[..line.len().min(MAX_LINE)]) {
        FirstLine::Json(_) if line.len() > MAX_LINE => FirstLine::Json(""),
        FirstLine::Foreign(_) => FirstLine::Other,
        first if line.len() <= MAX_LINE => first,
        _ => FirstLine::Other,
    }
}

/// The answers whose wording is not the model's business, line by line.
struct Answers {
    help: Vec<String>,
}

fn answers() -> &'static Answers {
    static ANSWERS: OnceLock<Answers> = OnceLock::new();
    ANSWERS.get_or_init(|| {
        let help = alone(b"JOIN\n/help\n").split_off(1);
        assert!(!help.is_empty() && help.iter().all(|line| line.starts_with("* ")));
        Answers { help }
    })
}

/// The lines that one gets who is alone and sends this.
fn alone(input: &[u8]) -> Vec<String> {
    let now = Timestamp::ZERO;
    let mut server = Server::new(Limits::default());
    let id = server.accept(now, 1).expect("nobody else is there");
    server.handle(now, Input::Received(id, input));
    let mut got = Vec::new();
    server.pass(now, |_, slices| {
        got.extend(slices.concat());
        slices.iter().map(|s| s.len()).sum()
    });
    let text = String::from_utf8(got).expect("what is sent is UTF-8");
    text.split_terminator('\n').map(String::from).collect()
}
