//! The story of one room: what the screen showed of it, and who was in it at each point.

use crate::naming::are_alike;
use std::cell::{Cell, RefCell};
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
    /// A peer did something that it is sent as everyone else.
    Did(usize),
    /// Somebody of the first name has the second one.
    Renamed(String, String, usize),
    /// What the room is about, and who said so.
    Topic(String, String, usize),
}

/// An entry of the screen.
#[derive(Debug)]
pub(super) struct Entry {
    /// The line, without its ending.
    pub(super) line: String,
    about: About,
    /// How many bytes of the story come before it.
    from: usize,
    /// How many lines of the screen come before it.
    pub(super) at: usize,
}

impl Entry {
    /// Whether a peer did it, in whatever way.
    pub(super) fn is_done_by(&self, peer: usize) -> bool {
        let (About::Said(who) | About::Did(who) | About::Renamed(.., who) | About::Topic(.., who)) =
            self.about
        else {
            return false;
        };
        who == peer
    }

    /// Whether a peer said it, and is not sent it in the text dialect.
    pub(super) fn is_by(&self, peer: usize) -> bool {
        matches!(self.about, About::Said(speaker) if speaker == peer)
    }
}

/// Everything that the screen showed of a room so far.
#[derive(Debug, Default)]
pub(super) struct Story {
    pub(super) entries: Vec<Entry>,
    pub(super) bytes: usize,
    /// Where it may have begun anew.
    seams: Vec<Seam>,
    /// The names of its logs, by how many entries come before the first one of each.
    epochs: RefCell<BTreeMap<usize, String>>,
}

/// Where a room in which nobody was goes on, or begins anew if it was let go of.
#[derive(Debug)]
struct Seam {
    /// The joining of whoever came in.
    entry: usize,
    /// Whether it began anew, once that is known.
    is_new: Cell<Option<bool>>,
}

impl Story {
    /// An entry more, before which so many lines came in all.
    pub(super) fn push(&mut self, line: &str, about: About, at: usize) {
        self.entries.push(Entry {
            line: line.into(),
            about,
            from: self.bytes,
            at,
        });
        self.bytes += line.len() + 1;
    }

    /// How many entries there were when the screen showed so many lines.
    pub(super) fn length_at(&self, lines: usize) -> usize {
        self.entries.partition_point(|entry| entry.at < lines)
    }

    /// How many bytes the entries from one to before another have.
    pub(super) fn bytes_between(&self, from: usize, to: usize) -> usize {
        let place = |entry: usize| self.entries.get(entry).map_or(self.bytes, |e| e.from);
        place(to).saturating_sub(place(from))
    }

    /// Somebody comes in where nobody was: it may have been let go of, and begin anew.
    pub(super) fn may_begin_anew(&mut self) {
        let entry = self.entries.len();
        let is_new = Cell::new(None);
        self.seams.push(Seam { entry, is_new });
    }

    /// Whether it may have begun anew after an entry.
    pub(super) fn may_have_begun_since(&self, entry: usize) -> bool {
        let mut later = self.seams.iter().filter(|seam| seam.entry > entry);
        later.any(|seam| seam.is_new.get() != Some(false))
    }

    /// How many entries may come before the first one of the log that an entry is of.
    pub(super) fn bases(&self, entry: usize) -> Vec<usize> {
        let mut bases = Vec::new();
        for seam in self.seams.iter().rev().filter(|it| it.entry <= entry) {
            match seam.is_new.get() {
                Some(false) => {}
                None => bases.push(seam.entry),
                Some(true) => {
                    bases.push(seam.entry);
                    return bases;
                }
            }
        }
        bases.push(0);
        bases
    }

    /// So many come before the first one of the log that an entry is of.
    pub(super) fn has_base(&self, entry: usize, base: usize) {
        for seam in &self.seams {
            if (base..=entry).contains(&seam.entry) {
                seam.is_new.set(Some(seam.entry == base));
            }
        }
    }

    /// Whether the log that begins behind so many entries is the one of this name, as far as is known.
    pub(super) fn is_epoch(&self, base: usize, epoch: &str) -> bool {
        let mut epochs = self.epochs.borrow_mut();
        let is_new = !epochs.values().any(|known| known == epoch);
        match epochs.get(&base) {
            Some(known) => known == epoch,
            None => is_new && epochs.insert(base, epoch.into()).is_none(),
        }
    }

    /// Whether that is known.
    pub(super) fn has_epoch(&self, base: usize, epoch: &str) -> bool {
        let epochs = self.epochs.borrow();
        epochs.get(&base).is_some_and(|known| known == epoch)
    }

    /// What the room was about before an entry, and who said so: all that it may have been about, what was said last first.
    pub(super) fn topics(&self, next: usize) -> Vec<Option<(&str, &str)>> {
        let is_topic = |entry: &Entry| matches!(entry.about, About::Topic(..));
        let before = &self.entries[..next.min(self.entries.len())];
        let last = before.iter().rposition(is_topic);
        let topic = last.and_then(|last| match &before[last].about {
            About::Topic(text, by, _) if !text.is_empty() => Some((&**text, &**by)),
            _ => None,
        });
        let seams: Vec<_> = self
            .seams_since_topic(next)
            .map(|it| it.is_new.get())
            .collect();
        if topic.is_none() || seams.contains(&Some(true)) {
            vec![None]
        } else if seams.contains(&None) {
            vec![topic, None]
        } else {
            vec![topic]
        }
    }

    /// Where it may have begun anew since somebody said what it is about, before an entry.
    fn seams_since_topic(&self, next: usize) -> impl Iterator<Item = &Seam> {
        let is_topic = |entry: &Entry| matches!(entry.about, About::Topic(..));
        let before = &self.entries[..next.min(self.entries.len())];
        let last = before.iter().rposition(is_topic).unwrap_or(0);
        self.seams
            .iter()
            .filter(move |seam| (last..next).contains(&seam.entry))
    }

    /// Somebody was told what the room was about before an entry, or that it was about nothing.
    pub(super) fn had_topic(&self, next: usize, is_any: bool) {
        if self.topics(next).len() < 2 {
            return; // It would have been told that in any case.
        }
        let unknown: Vec<_> = self
            .seams_since_topic(next)
            .filter(|seam| seam.is_new.get().is_none())
            .collect();
        for seam in &unknown {
            if is_any || unknown.len() == 1 {
                seam.is_new.set(Some(!is_any));
            }
        }
    }

    /// Whether the room may have been about something at some time since an entry.
    pub(super) fn was_topic(&self, text: &str, since: usize) -> bool {
        let at = |next| {
            let mut topics = self.topics(next).into_iter();
            topics.any(|topic| topic.map_or("", |(text, _)| text) == text)
        };
        at(since) || (since..=self.entries.len()).any(at)
    }

    /// The names, other than one's own, of all who had a name or one that is taken for it at some time since an entry.
    pub(super) fn had_like(&self, name: &str, own: &str, since: usize) -> Vec<&str> {
        let is_it = |it: &&str| *it != own && are_alike(it, name);
        let came = self.entries[since..]
            .iter()
            .filter_map(|it| match &it.about {
                About::Joined(name) | About::Renamed(_, name, _) => Some(name.as_str()),
                _ => None,
            });
        let before = self.members(since).into_values();
        before.chain(came).filter(is_it).collect()
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
                About::Renamed(before, after, _) => {
                    names.remove(&before.to_ascii_lowercase());
                    names.insert(after.to_ascii_lowercase(), after.as_str());
                }
                About::Said(_) | About::Did(_) | About::Topic(..) => {}
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
