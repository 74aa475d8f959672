//! The story: what the room's screen showed, and who was in the room at each point of it.

use crate::invariant::Invariant;
use std::collections::BTreeMap;

/// What an entry of the screen is about.
#[derive(Clone, Debug)]
pub(super) enum About {
    /// Somebody of this name joined.
    Joined(String),
    /// Somebody of this name left.
    Left(String),
    /// A peer said something.
    Said(usize),
}

/// An entry of the screen.
#[derive(Debug)]
pub(super) struct Entry {
    /// The line, without its ending.
    pub(super) line: String,
    about: About,
    /// How many bytes of the story come before it.
    from: usize,
}

impl Entry {
    /// Whether a peer said it.
    pub(super) fn is_by(&self, peer: usize) -> bool {
        matches!(self.about, About::Said(speaker) if speaker == peer)
    }
}

/// Everything on the screen so far.
#[derive(Debug, Default)]
pub(super) struct Story {
    pub(super) entries: Vec<Entry>,
    /// Who is in the room: peers by their names in lower case.
    pub(super) room: BTreeMap<String, (String, usize)>,
    pub(super) bytes: usize,
    /// The bytes of its longest line.
    pub(super) longest: usize,
}

impl Story {
    pub(super) fn push(&mut self, line: &str, about: About) {
        self.longest = self.longest.max(line.len());
        self.entries.push(Entry {
            line: line.into(),
            about,
            from: self.bytes,
        });
        self.bytes += line.len() + 1;
    }

    /// How many bytes the entries from one to before another have.
    pub(super) fn bytes_between(&self, from: usize, to: usize) -> usize {
        let place = |entry: usize| self.entries.get(entry).map_or(self.bytes, |e| e.from);
        place(to).saturating_sub(place(from))
    }

    /// Somebody joined.
    pub(super) fn enter(&mut self, line: &str, name: &str, peer: usize) {
        self.push(line, About::Joined(name.into()));
        let before = self
            .room
            .insert(name.to_ascii_lowercase(), (name.into(), peer));
        Invariant::UniqueNames.holds(before.is_none(), || format!("{name} is in the room twice"));
    }

    /// Somebody left; who it was.
    pub(super) fn leave(&mut self, line: &str, name: &str) -> usize {
        self.push(line, About::Left(name.into()));
        match self.room.remove(&name.to_ascii_lowercase()) {
            Some((exact, peer)) if exact == name => peer,
            _ => Invariant::OneStay.is_broken(&format!("{name} left, who was not in the room")),
        }
    }

    /// The peer of a name.
    pub(super) fn who(&self, name: &str) -> usize {
        match self.room.get(&name.to_ascii_lowercase()) {
            Some((exact, peer)) if exact == name => *peer,
            _ => Invariant::OneStay.is_broken(&format!("{name} talks without being in the room")),
        }
    }

    /// The last entry that a peer said.
    pub(super) fn last_by(&self, peer: usize) -> Option<usize> {
        self.entries.iter().rposition(|entry| entry.is_by(peer))
    }

    /// Takes an entry for what this peer said.
    pub(super) fn ascribe(&mut self, entry: usize, peer: usize) {
        self.entries[entry].about = About::Said(peer);
    }

    /// Whether a peer has said what is shown as this line.
    pub(super) fn is_said_by(&self, peer: usize, line: &str) -> bool {
        let mut entries = self.entries.iter();
        entries.any(|entry| entry.is_by(peer) && entry.line == line)
    }

    /// Who was in the room before an entry: names by their lower case.
    pub(super) fn members(&self, next: usize) -> BTreeMap<String, &str> {
        let mut names = BTreeMap::new();
        for entry in self.entries.iter().take(next) {
            match &entry.about {
                About::Joined(name) => drop(names.insert(name.to_ascii_lowercase(), name.as_str())),
                About::Left(name) => drop(names.remove(&name.to_ascii_lowercase())),
                About::Said(_) => {}
            }
        }
        names
    }

    /// Whether a line is the answer to `/who` of one who has got the entries before `next`: how
    /// many there are, the first of them in order, and how many more.
    pub(super) fn is_answer_to_who(&self, line: &str, next: usize) -> bool {
        let names = self.members(next);
        let Some(listed) = line.strip_prefix(&format!("* In the room ({}): ", names.len())) else {
            return false;
        };
        let mut listed: Vec<&str> = listed.split(", ").collect();
        let more = listed.last().and_then(|last| {
            let count = last.strip_prefix("and ")?.strip_suffix(" more")?;
            count.parse().ok()
        });
        if more.is_some() {
            listed.pop();
        }
        listed.len() + more.unwrap_or(0) == names.len()
            && more != Some(0)
            && names
                .values()
                .zip(&listed)
                .all(|(name, shown)| name == shown)
    }
}
