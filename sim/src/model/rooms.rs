//! All rooms: what the screen showed of each, and who is in which.

use super::story::{About, Story};
use crate::invariant::Invariant;
use crate::naming::are_alike;
use chat_core::MAX_LINE;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Index, RangeInclusive};

/// The room where everyone begins, by its number.
pub(super) const LOBBY: usize = 0;

/// Somebody who is in a room, or in several.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) peer: usize,
    /// The rooms, by number.
    rooms: BTreeSet<usize>,
}

/// Everything on the screen so far.
#[derive(Debug)]
pub(super) struct Rooms {
    /// By number: in the order in which they were made.
    stories: Vec<Story>,
    numbers: BTreeMap<String, usize>,
    /// Everyone, by their names in lower case: a name is of one person in all rooms.
    people: BTreeMap<String, Person>,
    /// All lines, in the order in which the screen showed them.
    lines: Vec<String>,
    /// After how many of them somebody had come into a room, or gone out of it.
    changes: Vec<usize>,
    /// The bytes of all lines, as those who are in the room are sent them.
    pub(super) bytes: usize,
    /// The bytes of the longest one.
    pub(super) longest: usize,
    /// Bytes of all private words that were asked for, as lines.
    pub(super) private: usize,
}

impl Default for Rooms {
    fn default() -> Self {
        Self {
            stories: vec![Story::default()],
            numbers: [("lobby".into(), LOBBY)].into(),
            people: BTreeMap::new(),
            lines: Vec::new(),
            changes: Vec::new(),
            bytes: 0,
            longest: 0,
            private: 0,
        }
    }
}

impl Index<usize> for Rooms {
    type Output = Story;

    fn index(&self, room: usize) -> &Story {
        &self.stories[room]
    }
}

impl Rooms {
    /// All lines so far.
    pub(super) fn lines(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.lines.iter().map(String::as_str)
    }

    /// How many there are.
    pub(super) fn length(&self) -> usize {
        self.lines.len()
    }

    /// Which room a line of the screen is of, and the line as those who are there are sent it.
    pub(super) fn place<'a>(&mut self, shown: &'a str) -> (usize, &'a str) {
        let Some((name, line)) = shown.strip_prefix('[').and_then(|it| it.split_once("] ")) else {
            return (LOBBY, shown);
        };
        let is_other = room_name(name).as_deref() == Some(name) && name != "lobby";
        Invariant::WholeLines.holds(is_other, || format!("{shown:?} is of no room"));
        (self.number(name), line)
    }

    /// The number of a room of this name.
    pub(super) fn number(&mut self, name: &str) -> usize {
        let stories = &mut self.stories;
        *self.numbers.entry(name.into()).or_insert_with(|| {
            stories.push(Story::default());
            stories.len() - 1
        })
    }

    /// An entry of a room.
    pub(super) fn push(&mut self, room: usize, line: &str, about: About) {
        self.longest = self.longest.max(line.len());
        self.bytes += line.len() + 1;
        let is_change = matches!(about, About::Joined(_) | About::Left(_));
        self.stories[room].push(line, about, self.lines.len());
        let shown = self.shown(room, line);
        self.lines.push(shown);
        if is_change {
            self.changes.push(self.lines.len());
        }
    }

    /// A line of a room as the screen shows it.
    pub(super) fn shown(&self, room: usize, line: &str) -> String {
        match room {
            LOBBY => line.into(),
            _ => format!("[{}] {line}", self.name(room)),
        }
    }

    /// The name of a room.
    pub(super) fn name(&self, room: usize) -> &str {
        let found = self.numbers.iter().find(|(_, number)| **number == room);
        found.map_or("", |(name, _)| name)
    }

    /// Somebody is in a room from now on, by a peer.
    pub(super) fn enter(&mut self, room: usize, line: &str, name: &str, peer: usize) {
        if room != LOBBY && self.here(room) == 0 {
            self.stories[room].may_begin_anew();
        }
        self.push(room, line, About::Joined(name.into()));
        if !self.has(name) {
            self.is_unlike(line, name);
        }
        let person = self.people.entry(name.to_ascii_lowercase());
        let person = person.or_insert_with(|| Person {
            name: name.into(),
            peer,
            rooms: BTreeSet::new(),
        });
        let is_one = person.peer == peer && person.name == name;
        let is_new = is_one && person.rooms.insert(room);
        Invariant::UniqueNames.holds(is_new, || format!("{line:?}, and there is one"));
    }

    /// Somebody is in a room no more; who it was.
    pub(super) fn leave(&mut self, room: usize, line: &str, name: &str) -> usize {
        self.push(room, line, About::Left(name.into()));
        let key = name.to_ascii_lowercase();
        let person = self.people.get_mut(&key).filter(|it| it.name == name);
        let Some(person) = person.filter(|person| person.rooms.contains(&room)) else {
            Invariant::OneStay.is_broken(&format!("{line:?}, and they were not in there"))
        };
        person.rooms.remove(&room);
        let peer = person.peer;
        if person.rooms.is_empty() {
            self.people.remove(&key);
        }
        peer
    }

    /// A peer has another name.
    pub(super) fn rename(&mut self, room: usize, line: &str, names: (&str, &str), who: usize) {
        let (before, after) = names;
        self.push(room, line, About::Renamed(before.into(), after.into(), who));
        let key = before.to_ascii_lowercase();
        let person = self.people.remove(&key).filter(|it| it.name == before);
        let Some(person) = person else {
            Invariant::OneStay.is_broken(&format!("{before} is renamed, and is not here"))
        };
        let person = Person {
            name: after.into(),
            ..person
        };
        self.is_unlike(line, after);
        self.people.insert(after.to_ascii_lowercase(), person);
    }

    /// How many rooms there have been.
    pub(super) fn count(&self) -> usize {
        self.stories.len()
    }

    /// Whether nobody was in a room of this name at some time since the screen had shown so many lines.
    pub(super) fn was_vacant(&self, name: &str, since: usize) -> bool {
        let since = self.members_since(name, since);
        since.iter().any(Vec::is_empty)
    }

    /// Whether somebody is in a room of this name.
    pub(super) fn is_in(&self, name: &str, room: &str) -> bool {
        let person = self.people.get(&name.to_ascii_lowercase());
        let room = self.find(room);
        person.is_some_and(|it| room.is_some_and(|room| it.rooms.contains(&room)))
    }

    /// The rooms in which somebody is, in the order of their names.
    pub(super) fn of(&self, name: &str) -> Vec<usize> {
        let person = self.people.get(&name.to_ascii_lowercase());
        let is_in = |room: &&usize| person.is_some_and(|it| it.rooms.contains(room));
        self.numbers.values().filter(is_in).copied().collect()
    }

    /// In how many rooms somebody is.
    pub(super) fn count_of(&self, name: &str) -> usize {
        let person = self.people.get(&name.to_ascii_lowercase());
        person.map_or(0, |person| person.rooms.len())
    }

    /// The peer of somebody, in whatever room.
    pub(super) fn peer(&self, name: &str) -> Option<usize> {
        let person = self.people.get(&name.to_ascii_lowercase());
        person.map(|person| person.peer)
    }

    /// The number of a room of this name, if there has been one.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.numbers.get(name).copied()
    }

    /// What a room was about at any time since the screen had shown so many lines.
    pub(super) fn topics_since(&self, room: &str, since: usize) -> Vec<Option<(&str, &str)>> {
        let Some(room) = self.find(room) else {
            return vec![None];
        };
        let story = &self.stories[room];
        let all = story.length_at(since)..=story.entries.len();
        let topics = all.flat_map(|next| story.topics(next));
        // One in which nobody is may have been let go of.
        let vacant = (room != LOBBY).then_some(None);
        topics.chain(vacant).collect()
    }

    /// Who was in a room at any time since the screen had shown so many lines.
    pub(super) fn members_since(&self, room: &str, since: usize) -> Vec<Vec<&str>> {
        let Some(room) = self.find(room) else {
            return vec![Vec::new()];
        };
        let story = &self.stories[room];
        let all = story.length_at(since)..=story.entries.len();
        let members = |next| story.members(next).into_values().collect();
        all.map(members).collect()
    }

    /// Whether these were the first of the rooms in which somebody was, with so many in each and so many more rooms, at a
    /// time since the screen had shown so many lines.
    pub(super) fn was_list(&self, all: &[(&str, u64)], more: usize, since: usize) -> bool {
        let shown: Vec<String> = all
            .iter()
            .map(|(room, here)| format!("{room} ({here})"))
            .collect();
        // Each takes so much at most, with its name and the number.
        let most = all.iter().map(|(room, _)| room.len() + 32).sum::<usize>();
        let is_full = most + 2 * 32 >= MAX_LINE;
        (more == 0 || is_full) && self.was_listed(&shown, more, since..=self.length())
    }

    /// How many people are in a room.
    pub(super) fn here(&self, room: usize) -> usize {
        let people = self.people.values();
        people.filter(|person| person.rooms.contains(&room)).count()
    }

    /// In how many rooms somebody is, the lobby counted in any case.
    pub(super) fn occupied(&self) -> usize {
        let all = self.people.values().flat_map(|person| &person.rooms);
        all.chain([&LOBBY]).collect::<BTreeSet<_>>().len()
    }

    /// Whether a line tells who is in a room of this name, at some time when the screen had shown so many lines.
    pub(super) fn is_answer_to_who(
        &self,
        line: &str,
        name: &str,
        lines: RangeInclusive<usize>,
    ) -> bool {
        let nobody = format!("* Nobody is in {name}.");
        let Some(&room) = self.numbers.get(name) else {
            return line == nobody;
        };
        let story = &self.stories[room];
        let lengths = story.length_at(*lines.start())..=story.length_at(*lines.end());
        lengths.into_iter().any(|length| {
            if story.members(length).is_empty() {
                line == nobody
            } else {
                story.is_answer_to_who(line, length)
            }
        })
    }

    /// Whether a line lists the rooms in which somebody was, at some time when the screen had shown so many lines.
    pub(super) fn is_list(&self, line: &str, lines: RangeInclusive<usize>) -> bool {
        let Some(listed) = line.strip_prefix("* Rooms: ") else {
            return false;
        };
        let mut shown: Vec<String> = listed.split(", ").map(str::to_string).collect();
        let more = shown.last().and_then(|last| {
            let count = last.strip_prefix("and ")?.strip_suffix(" more")?;
            count.parse().ok()
        });
        if more.is_some() {
            shown.pop();
        }
        // One more would not have fitted.
        let is_full = line.len() + 2 * 32 >= MAX_LINE;
        (more.is_none() || is_full) && self.was_listed(&shown, more.unwrap_or(0), lines)
    }

    /// Whether these were the first rooms in which somebody was, and there were so many more, at some time when the screen
    /// had shown so many lines.
    fn was_listed(&self, shown: &[String], more: usize, lines: RangeInclusive<usize>) -> bool {
        let changes = self.changes.iter().copied();
        let within = changes.filter(|change| lines.contains(change));
        let mut all = within.chain([*lines.start()]);
        all.any(|lines| {
            let list = self.list(lines);
            list.len() == shown.len() + more && list.starts_with(shown)
        })
    }

    /// The rooms in which somebody was when the screen had shown so many lines, and how many in each.
    fn list(&self, lines: usize) -> Vec<String> {
        let here = |(name, room): (&String, &usize)| {
            let story = &self.stories[*room];
            let here = story.members(story.length_at(lines)).len();
            (here > 0 || *room == LOBBY).then(|| format!("{name} ({here})"))
        };
        self.numbers.iter().filter_map(here).collect()
    }

    /// How many people there are.
    pub(super) fn population(&self) -> usize {
        self.people.len()
    }

    /// Whether somebody has this very name.
    pub(super) fn has(&self, name: &str) -> bool {
        let person = self.people.get(&name.to_ascii_lowercase());
        person.is_some_and(|person| person.name == name)
    }

    /// Whether nobody has a name, or one that is taken for it.
    pub(super) fn is_free(&self, name: &str) -> bool {
        let mut people = self.people.values();
        !people.any(|person| are_alike(&person.name, name))
    }

    /// Checks that nobody has a name that somebody has from now on, or one that is taken for it.
    fn is_unlike(&self, line: &str, name: &str) {
        let mut people = self.people.values();
        let other = people.find(|person| are_alike(&person.name, name));
        Invariant::UniqueNames.holds(other.is_none(), || {
            format!("{line:?}, and {other:?} is here")
        });
    }

    /// The names, other than one's own, of all who had a name or one that is taken for it at some time since the screen
    /// had shown so many lines.
    pub(super) fn had_like(&self, name: &str, own: &str, since: usize) -> BTreeSet<&str> {
        let stories = self.stories.iter();
        stories
            .flat_map(|story| story.had_like(name, own, story.length_at(since)))
            .collect()
    }

    /// The peer of somebody who does something in a room.
    pub(super) fn who(&self, room: usize, name: &str) -> usize {
        let found = self.people.get(&name.to_ascii_lowercase());
        match found.filter(|it| it.name == name && it.rooms.contains(&room)) {
            Some(person) => person.peer,
            None => {
                Invariant::OneStay.is_broken(&format!("{name} talks without being in the room"))
            }
        }
    }

    /// Somebody has another peer.
    pub(super) fn has_peer(&mut self, name: &str, peer: usize) {
        if let Some(person) = self.people.get_mut(&name.to_ascii_lowercase()) {
            person.peer = peer;
        }
    }

    /// Nobody is here any more; the peers of those who were.
    pub(super) fn all_leave(&mut self) -> Vec<usize> {
        let people = std::mem::take(&mut self.people);
        people.into_values().map(|person| person.peer).collect()
    }

    /// Whether a peer has said what is shown as this line.
    pub(super) fn is_said_by(&self, peer: usize, line: &str) -> bool {
        let mut stories = self.stories.iter();
        stories.any(|story| story.is_said_by(peer, line))
    }

    /// Takes an entry for what this peer said.
    pub(super) fn ascribe(&mut self, room: usize, entry: usize, peer: usize) {
        self.stories[room].ascribe(entry, peer);
    }
}

/// The name that a room has which is asked for so; none if no room can have it.
pub(super) fn room_name(asked: &str) -> Option<String> {
    let name = asked
        .strip_prefix('#')
        .unwrap_or(asked)
        .to_ascii_lowercase();
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let is_name = (1..=32).contains(&name.len()) && name.chars().all(is_safe);
    is_name.then_some(name)
}
