//! Somebody with the text dialect, who joins anew whenever they are cut off: what they hold against what they are sent.

use super::disk::Disk;
use super::person::line_of;
use crate::invariant::Invariant;
use chat_core::{Kind, Record, RoomName};

#[derive(Debug)]
pub(super) struct Listener {
    number: usize,
    /// So much of the lobby was kept when they were welcomed.
    pub(super) welcomed: Option<u64>,
    pub(super) name: String,
    /// The room where they are.
    pub(super) here: RoomName,
    /// The room that they have asked for, and are not in yet.
    going: Option<RoomName>,
    /// The number of the next entry, once it is known.
    next: Option<u64>,
    /// The next line is this private one.
    due: Option<String>,
}

impl Listener {
    pub(super) fn new(number: usize) -> Self {
        Self {
            number,
            welcomed: None,
            name: format!("t{number}"),
            here: RoomName::LOBBY,
            going: None,
            next: None,
            due: None,
        }
    }

    /// They are connected; what they send first.
    pub(super) fn connects(&mut self) -> String {
        *self = Self::new(self.number);
        format!("JOIN {}\n", self.name)
    }

    /// They go to a room, unless they are on their way to one.
    pub(super) fn goes(&mut self, room: &RoomName) -> String {
        if self.welcomed.is_none() || self.going.is_some() {
            return String::new();
        }
        self.going = Some(room.clone());
        format!("/join {room}\n")
    }

    pub(super) fn hears(&mut self, line: &str, disk: &Disk) {
        if let Some(due) = self.due.take() {
            return Invariant::InItsPlace.holds(line == due, || {
                format!("{line:?} to {}, and {due:?} is due", self.name)
            });
        }
        if line == "Welcome to the chatroom!" {
            self.welcomed = Some(disk.last(&RoomName::LOBBY));
            return;
        }
        let refused = line.strip_prefix("* The name ");
        if let Some((_, given)) = refused.and_then(|why| why.split_once("; you are ")) {
            self.name = given.trim_end_matches('.').into();
        }
        if let Some(notice) = line.strip_prefix("* ") {
            return self.is_told(notice, disk);
        }
        let mut next = self.place(disk).unwrap_or(0);
        while disk
            .entry(&self.here, next)
            .is_some_and(|it| self.is_own(it))
        {
            next += 1;
        }
        let due = disk.entry(&self.here, next).map(line_of);
        Invariant::OneOrder.holds(due.as_deref() == Some(line), || {
            format!(
                "{line:?} to {} in {}, and entry {next} is {due:?}",
                self.name, self.here
            )
        });
        self.next = Some(next + 1);
    }

    fn is_told(&mut self, notice: &str, disk: &Disk) {
        let stays = notice.starts_with("Not done: ") || notice.ends_with(" already.");
        if stays {
            self.going = None;
        }
        let place = notice.strip_prefix("You are in ");
        let Some((room, others)) = place.and_then(|it| it.split_once(" now; ")) else {
            return;
        };
        let going = self.going.take();
        Invariant::InItsPlace.holds(going.as_ref().is_some_and(|it| it.as_str() == room), || {
            format!("{notice:?} to {}, who goes to {going:?}", self.name)
        });
        self.has_left(disk);
        self.here = going.unwrap_or_default();
        let joined = self.joined(disk.last(&self.here), disk);
        self.next = joined.map(|joined| joined + 1);
        let people = disk.people(&self.here, joined.unwrap_or(0));
        let told = match others
            .trim_end_matches(" is here.")
            .trim_end_matches(" are here.")
        {
            "nobody else" => Some(0),
            count => count.split(' ').next().and_then(|count| count.parse().ok()),
        };
        Invariant::Rosters.holds(told == Some(people.names.len() - 1), || {
            format!("{notice:?} to {}, where there are {people:?}", self.name)
        });
        let topic = people.topic;
        self.due = topic.map(|(text, by)| format!("* The topic, set by {by}: {text}"));
    }

    /// They were sent all of their room, up to their own leaving.
    fn has_left(&self, disk: &Disk) {
        let mut next = self.place(disk).unwrap_or(0);
        while disk
            .entry(&self.here, next)
            .is_some_and(|it| self.is_own(it))
        {
            next += 1;
        }
        let entry = disk.entry(&self.here, next);
        let is_own = entry.is_some_and(|it| it.kind == Kind::Left && it.name.as_str() == self.name);
        Invariant::OneOrder.holds(is_own, || {
            format!(
                "{} is out of {} before entry {next}: {entry:?}",
                self.name, self.here
            )
        });
    }

    /// Whether they are not sent this entry, being the one who said it.
    pub(super) fn is_own(&self, entry: &Record) -> bool {
        entry.kind == Kind::Said && entry.name.as_str() == self.name
    }

    /// The number of the entry that they are sent next, or of their own one before that.
    pub(super) fn place(&self, disk: &Disk) -> Option<u64> {
        self.next
            .or_else(|| Some(self.joined(self.welcomed?, disk)? + 1))
    }

    /// The number of the entry with which they joined the room where they are: the last such one, up to this.
    fn joined(&self, last: u64, disk: &Disk) -> Option<u64> {
        let joined = disk.joining(&self.here, last, &self.name);
        Invariant::Kept.holds(joined.is_some(), || {
            format!(
                "{} was let into {} before that was kept",
                self.name, self.here
            )
        });
        joined
    }

    /// When everything has come to rest, they have been told all.
    pub(super) fn is_at_rest(&self, disk: &Disk) {
        Invariant::InItsPlace.holds(self.going.is_none() && self.due.is_none(), || {
            format!("{} goes to {:?}", self.name, self.going)
        });
        let next = self.place(disk);
        let last = disk.last(&self.here);
        let rest = next.map(|next| next..last + 1);
        let is_told = rest.is_some_and(|mut rest| {
            rest.all(|seq| {
                disk.entry(&self.here, seq)
                    .is_some_and(|it| self.is_own(it))
            })
        });
        Invariant::NothingMissing.holds(is_told, || {
            format!(
                "{} waits in {} for {next:?} of {last}",
                self.name, self.here
            )
        });
    }
}
