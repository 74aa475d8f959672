//! The story: what the room's screen showed, and who was in the room at each point of it.

use std::collections::BTreeMap;

/// An entry of the screen.
#[derive(Debug)]
pub(super) struct Entry {
    /// The line, without its ending.
    pub(super) line: String,
    /// The peer who said it, if anyone did.
    pub(super) speaker: Option<usize>,
}

/// Everything on the screen so far.
#[derive(Debug, Default)]
pub(super) struct Story {
    pub(super) entries: Vec<Entry>,
    /// Who is in the room: peers by their names in lower case.
    pub(super) room: BTreeMap<String, (String, usize)>,
    /// Who was in it from an entry on, for every change.
    pasts: Vec<(usize, Vec<String>)>,
    pub(super) bytes: usize,
}

impl Story {
    pub(super) fn push(&mut self, line: &str, speaker: Option<usize>) {
        self.entries.push(Entry {
            line: line.into(),
            speaker,
        });
        self.bytes += line.len() + 1;
    }

    /// Somebody joined, with the entry that was pushed last.
    pub(super) fn enter(&mut self, name: &str, peer: usize) {
        let before = self
            .room
            .insert(name.to_ascii_lowercase(), (name.into(), peer));
        assert_eq!(before, None, "{name} is in the room twice");
        self.remember();
    }

    /// Somebody left, with the entry that was pushed last; who it was.
    pub(super) fn leave(&mut self, name: &str) -> usize {
        let (_, peer) = self
            .room
            .remove(&name.to_ascii_lowercase())
            .unwrap_or_else(|| panic!("{name} left without having been in the room"));
        self.remember();
        peer
    }

    /// The peer of a name.
    pub(super) fn who(&self, name: &str) -> usize {
        match self.room.get(&name.to_ascii_lowercase()) {
            Some((exact, peer)) if exact == name => *peer,
            _ => panic!("{name} talks without being in the room"),
        }
    }

    /// The answer to `/who` of one who has got the entries before `next`.
    pub(super) fn answer_to_who(&self, next: usize) -> String {
        let past = self.pasts.iter().rfind(|(from, _)| *from < next);
        let names = past.map_or(&[][..], |(_, names)| names);
        format!("* In the room ({}): {}", names.len(), names.join(", "))
    }

    fn remember(&mut self) {
        let names = self.room.values().map(|(name, _)| name.clone());
        self.pasts.push((self.entries.len() - 1, names.collect()));
    }
}
