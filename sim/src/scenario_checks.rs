//! What is promised of every run, whatever the scenario.
//!
//! 1. **Everyone sees the same room.** From joining to leaving, a client is shown what the
//!    server's transcript shows of the room where it is, without its own lines and its own coming and going: every line,
//!    once, in the same order. Who was cut off, crashed or stopped reading saw a beginning of it.
//! 2. **What was said is in the room.** What a client said is in the transcript: every line,
//!    once, in the order it was said. Of what a client said that was cut off, a beginning is.
//! 3. **A stay begins once, in the lobby, and ends once**, and nobody speaks outside it. Who goes to another room has left
//!    the one before: at no time is anybody in two.
//! 4. **The welcome comes first,** and only once; nothing of the room is shown without it.
//! 5. **Goodbye is the last line.**
//! 6. **Who leaves is let go**, and so is who has nothing more to say.
//! 7. **No line does anything to a screen**: none has a control character other than tab.

mod rooms;

use chat_core::{FirstLine, MAX_LINE, Name, Request};
use rooms::{Rooms, Stay};
use std::cmp::Reverse;

use crate::naming::{is_piled_up, turns_what_follows};
use crate::{
    invariant::Invariant,
    model::skipped::Skipped,
    record::{Kind, Life, Record, Role, Screen},
    report::screen_text,
    scenario::Ending,
    text::visible,
};

const WELCOME: &[u8] = b"Welcome to the chatroom!";
const PRIVATE: &[u8] = b"* ";
const TO_ONE: &[u8] = b"[PM ";
const GOODBYE: &[u8] = b"* Goodbye: ";

/// Every invariant that was broken, and on whose screen.
pub fn broken(record: &Record) -> Vec<String> {
    let mut faults = Vec::new();
    let server = record.server();
    let lives: Vec<Rooms> = server
        .lives
        .iter()
        .map(|life| Rooms::of(server, life))
        .collect();
    for (rooms, life) in lives.iter().zip(&server.lives) {
        let of_rooms = rooms.faults.iter();
        faults.extend(of_rooms.map(|(invariant, why)| fault(*invariant, server, why)));
        faults.extend(harmless(server, server.of_kind(life, Kind::Transcript)));
    }
    let mut claimed: Vec<(usize, usize)> = Vec::new();
    let screens = record.screens.iter().filter(|s| s.role != Role::Server);
    let mut clients: Vec<Client> = screens
        .flat_map(|screen| screen.lives.iter().map(|life| Client::of(screen, life)))
        .collect();
    // Who saw little might have seen it of several stays: those who saw more choose first.
    clients.sort_by_key(|client| {
        let seen = client
            .lines
            .iter()
            .filter(|line| !line.starts_with(PRIVATE));
        (!client.whole, Reverse(seen.count()))
    });
    for client in clients {
        let (screen, life) = (client.screen, client.life);
        faults.extend(client.framed());
        faults.extend(
            client
                .is_kept()
                .then(|| fault(Invariant::Closing, screen, "was not let go")),
        );
        let rooms = &lives[life.server_life];
        if !client.welcomed {
            if let Some(line) = client.lines.iter().find(|l| rooms.lines.contains(l)) {
                let why = format!("was shown \"{}\" without a welcome", visible(line));
                faults.push(fault(Invariant::OneStay, screen, &why));
            }
            faults.extend(harmless(screen, client.lines.iter().copied()));
            continue;
        }
        if client.joined_again {
            // It tells of several stays, perhaps in rooms of several servers: worlds around a store
            // have what is promised then.
            faults.extend(harmless(screen, client.lines.iter().copied()));
            continue;
        }
        let free = |stay: &&Stay| {
            let begins = stay.joined;
            client.may_be(&stay.name) && !claimed.contains(&(life.server_life, begins))
        };
        match client.stay(rooms.stays.iter().filter(free)) {
            Ok(stay) => {
                claimed.push((life.server_life, stay.joined));
                // The others are the transcript's, and that was looked at.
                let private = client.lines.iter().filter(|l| l.starts_with(PRIVATE));
                faults.extend(harmless(screen, private.copied()));
            }
            Err((invariant, why)) => faults.push(fault(invariant, screen, &why)),
        }
    }
    faults
}

fn fault(invariant: Invariant, screen: &Screen, why: &str) -> String {
    format!(
        "{invariant}: {} {why}; its screen:\n{}",
        screen.name,
        screen_text(screen)
    )
}

/// Invariant 7.
fn harmless<'a>(screen: &Screen, mut lines: impl Iterator<Item = &'a [u8]>) -> Option<String> {
    let acts = |c: char| (c.is_control() && c != '\t') || matches!(c, '\u{2028}' | '\u{2029}');
    let moves = |line: &&[u8]| {
        // Who speaks HTTP is answered in HTTP, whose lines end so.
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = String::from_utf8_lossy(line);
        line.contains(acts) || turns_what_follows(&line) || is_piled_up(&line)
    };
    let line = lines.find(moves)?;
    let why = format!("was shown \"{}\"", visible(line));
    Some(fault(Invariant::WholeLines, screen, &why))
}

/// One life of a client, as its screen tells it.
struct Client<'a> {
    screen: &'a Screen,
    life: &'a Life,
    lines: Vec<&'a [u8]>,
    welcomed: bool,
    /// Whether it came back so late, or to such a server, that it joined again.
    joined_again: bool,
    /// Whether nothing kept it from seeing, and saying, all there was.
    whole: bool,
    /// Whether it said that it leaves.
    left: bool,
    /// The names it may have been given, or these with a number after them.
    names: Vec<String>,
    /// What it said.
    said: Vec<Vec<u8>>,
}

impl<'a> Client<'a> {
    fn of(screen: &'a Screen, life: &'a Life) -> Self {
        // No line of the text dialect begins so: from there on it is the other one.
        let is_text = |line: &&[u8]| !line.starts_with(b"{");
        let lines: Vec<&[u8]> = screen
            .of_kind(life, Kind::Line)
            .take_while(is_text)
            .collect();
        let dismissed = lines.iter().any(|line| line.starts_with(GOODBYE));
        let port = life.port.unwrap_or(0);
        let by_port = format!("USER{port}");
        let (asked, said, left) = spoken(screen, life);
        let given = lines.iter().find_map(|line| given_name(line));
        // Who is given another name than they asked for is told.
        let names = given.map_or_else(|| asked.into_iter().chain([by_port]).collect(), |n| vec![n]);
        let ended_well = match life.ending {
            Ending::Running | Ending::Left | Ending::Refused => true,
            // The server may have had reasons of its own.
            Ending::Closed => left || life.finished,
            _ => false,
        };
        Self {
            screen,
            life,
            welcomed: lines.first() == Some(&WELCOME),
            joined_again: screen
                .of_kind(life, Kind::Notice)
                .any(|line| line.starts_with(b"* Back, as ")),
            whole: ended_well && !life.disturbed && !dismissed,
            left,
            lines,
            names,
            said,
        }
    }

    /// Invariant 6, broken.
    fn is_kept(&self) -> bool {
        let is_here = self.whole && self.life.port.is_some();
        is_here && self.life.ending == Ending::Running && (self.left || self.life.finished)
    }

    /// Invariants 4 and 5.
    fn framed(&self) -> Option<String> {
        let welcomes = self.lines.iter().filter(|line| **line == WELCOME).count();
        let goodbye = self.lines.iter().position(|line| line.starts_with(GOODBYE));
        if welcomes > usize::from(self.welcomed) {
            return Some(fault(
                Invariant::OneStay,
                self.screen,
                "was welcomed late, or twice",
            ));
        }
        // Whoever has come back to another log has another connection after that.
        if !self.joined_again && goodbye.is_some_and(|at| at + 1 < self.lines.len()) {
            return Some(fault(
                Invariant::GoodbyeLast,
                self.screen,
                "was shown something after goodbye",
            ));
        }
        None
    }

    fn may_be(&self, name: &str) -> bool {
        let numbered = |name: &str, own: &str| {
            let number = name
                .strip_prefix(own)
                .and_then(|rest| rest.strip_prefix("-"));
            number.is_some_and(|number| number.parse::<u32>().is_ok_and(|n| n > 1))
        };
        // Who is given a number is told, unless they asked for no name.
        self.names
            .iter()
            .any(|own| own == name || own.starts_with("USER") && numbered(name, own))
    }

    /// Invariants 1 and 2: the stay that this screen tells of.
    fn stay<'r, 'l: 'r>(
        &self,
        stays: impl Iterator<Item = &'r Stay<'l>>,
    ) -> Result<&'r Stay<'l>, (Invariant, String)> {
        let mut seen: Vec<&[u8]> = self.lines[1..].to_vec();
        seen.retain(|line| !line.starts_with(PRIVATE) && !line.starts_with(TO_ONE));
        let said: Vec<&[u8]> = self.said.iter().map(Vec::as_slice).collect();
        let names = self.names.join(" or ");
        let why = format!("was welcomed, but nobody named {names} joined");
        let mut broken = (Invariant::OneStay, why);
        for (nth, stay) in stays.enumerate() {
            let saw = compare(&stay.seen, &seen, self.whole);
            let spoke = compare(&said, &stay.said, self.whole);
            match (saw, spoke) {
                (None, None) => return Ok(stay),
                (Some(saw), _) if nth == 0 => {
                    broken = (Invariant::OneOrder, format!("did not see the room: {saw}"));
                }
                (None, Some(spoke)) if nth == 0 => {
                    let why = format!("did not say what the room heard: {spoke}");
                    broken = (Invariant::SaidOnce, why);
                }
                _ => {}
            }
        }
        Err(broken)
    }
}

/// How `got` is not what was `wanted`, or, unless `whole`, not a beginning of it.
fn compare(wanted: &[&[u8]], got: &[&[u8]], whole: bool) -> Option<String> {
    for (n, line) in got.iter().enumerate() {
        let broken_off = !whole && n + 1 == got.len();
        let same = wanted
            .get(n)
            .is_some_and(|w| w == line || (broken_off && w.starts_with(line)));
        if !same {
            let wanted = wanted
                .get(n)
                .map_or("nothing".into(), |w| format!("\"{}\"", visible(w)));
            let got = visible(line);
            return Some(format!(
                "line {} is \"{got}\", where {wanted} was due",
                n + 1
            ));
        }
    }
    let missing = wanted.get(got.len()).filter(|_| whole)?;
    Some(format!(
        "\"{}\" is missing after line {}",
        visible(missing),
        got.len()
    ))
}

/// A name as it is shown to others, in letters of their usual width; what is no name is as it was written.
fn as_shown(asked: &str) -> String {
    Name::parse(asked).map_or_else(|_| asked.into(), |name| name.to_string())
}

/// The name that a private line says one is given.
fn given_name(line: &[u8]) -> Option<String> {
    let line = str::from_utf8(line).ok()?;
    let taken = line.strip_prefix("* The name ")?;
    let (_, given) = taken.split_once("; you are ")?;
    let given = given.strip_suffix('.')?;
    // Who has asked for another name later keeps theirs.
    (!given.starts_with("still ")).then(|| given.to_string())
}

/// The name that was asked for, the lines that were meant for everyone, and whether the last
/// was followed by leaving.
fn spoken(screen: &Screen, life: &Life) -> (Option<String>, Vec<Vec<u8>>, bool) {
    let mut typed: Vec<Vec<u8>> = Vec::new();
    if screen.role == Role::Raw {
        let bytes: Vec<u8> = screen
            .of_kind(life, Kind::Typed)
            .flatten()
            .copied()
            .collect();
        // What belongs to no line of it.
        let mut skipped = Skipped::default();
        let bytes: Vec<u8> = bytes.iter().flat_map(|b| skipped.take(*b)).collect();
        typed.extend(bytes.split(|b| *b == b'\n').map(<[u8]>::to_vec));
        typed.pop();
    } else {
        // Several lines may be typed, or pasted, in one go.
        let at_once = screen.of_kind(life, Kind::Typed);
        typed.extend(at_once.flat_map(|it| it.split(|b| *b == b'\n').map(<[u8]>::to_vec)));
    }
    // What a person types has an ending where it is typed, and another one where it is sent.
    let endings = if screen.role == Role::Raw { 1 } else { 2 };
    for line in &mut typed {
        for _ in 0..endings {
            line.pop_if(|last| *last == b'\r');
        }
    }
    let join = |line: &Vec<u8>| match FirstLine::decode(line) {
        // The chat client asks again after what is no name.
        FirstLine::Join(Some(asked)) if screen.role != Role::Raw && Name::parse(asked).is_err() => {
            None
        }
        FirstLine::Join(asked) => Some(asked.map(as_shown)),
        _ => None,
    };
    let mut typed = typed.into_iter().peekable();
    let mut asked = None;
    // The chat client asks until it is told to join; a bare socket says what it says.
    while let Some(line) = typed.peek() {
        if let Some(name) = join(line) {
            asked = name;
            typed.next();
            break;
        }
        if screen.role == Role::Raw {
            if matches!(
                FirstLine::decode(line),
                FirstLine::Foreign(_) | FirstLine::Json(_)
            ) {
                // Another protocol's words: none of them are meant for the room.
                return (None, Vec::new(), false);
            }
            if FirstLine::decode(line) == FirstLine::Blank {
                typed.next();
                continue;
            }
            break;
        }
        typed.next();
    }
    let mut said = Vec::new();
    for line in typed.filter(|line| line.len() <= MAX_LINE) {
        match Request::decode(&line) {
            Ok(Request::Say(text)) => said.push(text.as_bytes().to_vec()),
            Ok(Request::Leave) => return (asked, said, true),
            _ => {}
        }
    }
    (asked, said, false)
}
