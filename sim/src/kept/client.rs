//! Clients, of whatever dialect.

use super::disk::Disk;
use super::listener::Listener;
use super::owner::Owner;
use super::person::Person;
use super::program::Program;
use super::wants::Want;
use super::world;
use crate::invariant::Invariant;
use chat_core::RoomName;

/// A client, through all its connections.
#[derive(Debug)]
pub(super) struct Client {
    number: usize,
    pub(super) link: Option<usize>,
    /// It has left for good.
    pub(super) is_over: bool,
    /// It was told that it is banned, or that there is nothing for it to read, and did not try again since.
    pub(super) is_out: bool,
    /// It was told goodbye on the connection that it has, or had last.
    pub(super) is_dismissed: bool,
    /// What came of a line so far.
    partial: Vec<u8>,
    said: usize,
    side: Side,
}

#[derive(Debug)]
enum Side {
    Program(Box<Program>),
    Text(Listener),
    Person(Box<Person>),
    Owner(Owner),
}

impl Client {
    pub(super) fn new(number: usize, kind: world::Client) -> Self {
        let side = match kind {
            world::Client::Program { own_token } => {
                Side::Program(Box::new(Program::new(number, own_token)))
            }
            world::Client::Text => Side::Text(Listener::new(number)),
            world::Client::Person { keeps } => Side::Person(Box::new(Person::new(number, keeps))),
        };
        Self::of(number, side)
    }

    /// One that reads everything that is kept.
    pub(super) fn auditor(number: usize, disk: &Disk) -> Self {
        let program = Program::auditor(number, disk);
        Self::of(number, Side::Program(Box::new(program)))
    }

    /// One that logs in to a claimed name.
    pub(super) fn owner(number: usize, own: &str, disk: &Disk) -> Self {
        Self::of(number, Side::Owner(Owner::new(number, own, disk)))
    }

    fn of(number: usize, side: Side) -> Self {
        Self {
            number,
            link: None,
            is_over: false,
            is_out: false,
            is_dismissed: false,
            partial: Vec::new(),
            said: 0,
            side,
        }
    }

    /// It is connected; what it sends first.
    pub(super) fn connects(&mut self, link: usize) -> String {
        self.link = Some(link);
        (self.is_out, self.is_dismissed) = (false, false);
        self.partial.clear();
        match &mut self.side {
            Side::Program(program) => program.connects(),
            Side::Text(listener) => listener.connects(),
            Side::Owner(owner) => owner.connects(),
            Side::Person(_) => String::new(),
        }
    }

    /// It says something; what it sends.
    pub(super) fn says(&mut self) -> String {
        let is_connected = self.link.is_some();
        self.said += 1;
        let text = format!("{} of {}", self.said, self.number);
        match &mut self.side {
            Side::Owner(_) => String::new(),
            Side::Text(_) => format!("{text}\n"),
            Side::Person(person) => {
                person.types(text);
                String::new()
            }
            Side::Program(program) => program.says(text, is_connected),
        }
    }

    /// It goes to a room.
    pub(super) fn goes(&mut self, room: &RoomName) -> String {
        match &mut self.side {
            Side::Owner(_) => String::new(),
            Side::Text(listener) => listener.goes(room),
            Side::Program(program) => program.goes(room),
            Side::Person(person) => {
                person.types(format!("/join {room}"));
                String::new()
            }
        }
    }

    /// It wants something to be done about its name, or in its room.
    pub(super) fn wants(&mut self, want: &Want) -> String {
        match &mut self.side {
            Side::Owner(_) => String::new(),
            Side::Program(program) => program.wants(want),
            Side::Text(listener) => listener.wants(want),
            Side::Person(person) => {
                person.types(want.to_line());
                String::new()
            }
        }
    }

    /// It says what its room is about.
    pub(super) fn sets_topic(&mut self) -> String {
        self.said += 1;
        match &mut self.side {
            Side::Program(program) => program.sets_topic(),
            Side::Person(person) => {
                person.types(format!("/topic {} by {}", self.said, self.number));
                String::new()
            }
            Side::Text(_) | Side::Owner(_) => String::new(),
        }
    }

    fn program(&mut self) -> Option<&mut Program> {
        match &mut self.side {
            Side::Program(program) => Some(program),
            _ => None,
        }
    }

    /// It sends again what it has said first.
    pub(super) fn says_again(&mut self) -> String {
        self.program()
            .map_or_else(String::new, |it| it.says_again())
    }

    /// It says with its first id what it says in another room.
    pub(super) fn reuses(&mut self, disk: &Disk) -> String {
        self.program()
            .map_or_else(String::new, |it| it.reuses(disk))
    }

    pub(super) fn asks(&mut self, after: u64) -> String {
        self.program().map_or_else(String::new, |it| it.asks(after))
    }

    /// It asks what its room is about, and who is there.
    pub(super) fn looks(&mut self) -> String {
        self.program().map_or_else(String::new, Program::looks)
    }

    pub(super) fn leaves(&mut self) -> &'static str {
        let is_in = match &mut self.side {
            Side::Program(program) => program.is_in,
            Side::Owner(_) => false,
            Side::Text(listener) => listener.welcomed.is_some(),
            Side::Person(person) => {
                person.types("LEAVE".into());
                return "";
            }
        };
        self.is_over = is_in && self.link.is_some();
        match &self.side {
            _ if !self.is_over => "",
            Side::Program(_) => "{\"type\":\"leave\"}\n",
            _ => "leave\n",
        }
    }

    /// The rooms in which it is when everything has come to rest.
    pub(super) fn rooms(&self) -> Vec<RoomName> {
        match &self.side {
            _ if self.is_over || self.is_out => Vec::new(),
            Side::Owner(_) => Vec::new(),
            Side::Program(program) => program.rooms(),
            Side::Text(listener) => vec![listener.here.clone()],
            Side::Person(person) if person.reads() => Vec::new(),
            Side::Person(person) => vec![person.here().clone()],
        }
    }

    pub(super) fn person(&mut self) -> Option<&mut Person> {
        match &mut self.side {
            Side::Person(person) => Some(person),
            _ => None,
        }
    }

    /// Bytes came; what it sends then.
    pub(super) fn hears(&mut self, bytes: &[u8], disk: &Disk) -> String {
        let mut answer = String::new();
        for byte in bytes {
            if *byte != b'\n' {
                self.partial.push(*byte);
                continue;
            }
            let line = std::mem::take(&mut self.partial);
            let line = String::from_utf8(line).unwrap_or_default();
            self.is_dismissed |=
                line.starts_with("* Goodbye: ") || line.starts_with("{\"type\":\"bye\"");
            self.is_out |= line.starts_with("* Goodbye: you are banned")
                || ["banned", "not_invited", "closed", "bad_room"]
                    .iter()
                    .any(|why| line.starts_with(&format!("{{\"type\":\"bye\",\"code\":\"{why}\"")));
            let number = self.number;
            let may_be = !line.contains("192.0.2.") || disk.law.saw_addresses(number, None);
            Invariant::Addresses.holds(may_be, || format!("{line:?} to client {number}"));
            match &mut self.side {
                Side::Program(program) => answer += &program.hears(&line, disk),
                Side::Text(listener) => listener.hears(&line, disk),
                Side::Owner(owner) => owner.hears(&line),
                Side::Person(_) => {}
            }
        }
        answer
    }

    /// Its name, if it is in a room.
    pub(super) fn name(&self) -> &str {
        match &self.side {
            Side::Program(program) => &program.name,
            Side::Owner(owner) => owner.own(),
            Side::Text(listener) => &listener.name,
            Side::Person(person) => person.name(),
        }
    }

    /// When everything has come to rest, and it has not left: it has been told all.
    pub(super) fn is_at_rest(&mut self, disk: &Disk) {
        if self.is_out {
            return;
        }
        match &mut self.side {
            Side::Person(person) => person.is_at_rest(disk),
            Side::Program(program) => program.is_at_rest(disk),
            Side::Owner(owner) => owner.is_at_rest(),
            Side::Text(listener) => listener.is_at_rest(disk),
        }
    }
}
