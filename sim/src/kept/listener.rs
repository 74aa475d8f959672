//! Somebody with the text dialect, who joins anew whenever they are cut off: what they hold against what they are sent.

use super::disk::Disk;
use super::person::line_of;
use super::wants::Want;
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
    /// They have asked for something else, and it was not answered yet.
    is_waiting: bool,
    /// They were removed from their room, and are in the lobby next.
    is_removed: bool,
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
            is_waiting: false,
            is_removed: false,
        }
    }

    /// They are connected; what they send first.
    pub(super) fn connects(&mut self) -> String {
        *self = Self::new(self.number);
        format!("JOIN {}\n", self.name)
    }

    /// They go to a room, unless they are on their way to one.
    pub(super) fn goes(&mut self, room: &RoomName) -> String {
        if self.welcomed.is_none() || self.going.is_some() || self.is_waiting {
            return String::new();
        }
        self.going = Some(room.clone());
        format!("/join {room}\n")
    }

    /// They want something to be done, unless they wait for something.
    pub(super) fn wants(&mut self, want: &Want) -> String {
        if self.welcomed.is_none() || self.going.is_some() || self.is_waiting {
            return String::new();
        }
        self.is_waiting = true;
        format!("{}\n", want.to_line())
    }

    pub(super) fn hears(&mut self, line: &str, disk: &Disk) {
        // They may be told goodbye before that.
        let due = self.due.take();
        if let Some(due) = due.filter(|_| !line.starts_with("* Goodbye: ")) {
            return Invariant::InItsPlace.holds(line == due, || {
                format!("{line:?} to {}, and {due:?} is due", self.name)
            });
        }
        if line == "Welcome to the chatroom!" {
            self.welcomed = Some(disk.last(&RoomName::LOBBY));
            return;
        }
        let refused = line.strip_prefix("* The name ");
        if let Some((why, given)) = refused.and_then(|why| why.split_once("; you are "))
            && !given.starts_with("still ")
            && !why.ends_with(", who is here now")
        {
            let given = given.split_once(". ").map_or(given, |(given, _)| given);
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
        let entry = disk.entry(&self.here, next);
        if let Some(entry) = entry.filter(|it| it.name.as_str() == self.name) {
            // What they wanted is done.
            let is_done = match entry.kind {
                // That they own a room, nobody has asked for.
                Kind::Order => !entry.text.starts_with("own "),
                kind => kind == Kind::Renamed,
            };
            self.is_waiting &= !is_done;
            if entry.kind == Kind::Renamed {
                self.name = entry.text.to_string();
            }
        }
        let due = entry.map(line_of);
        Invariant::OneOrder.holds(due.as_deref() == Some(line), || {
            format!(
                "{line:?} to {} in {}, and entry {next} is {due:?}",
                self.name, self.here
            )
        });
        self.next = Some(next + 1);
    }

    fn is_told(&mut self, notice: &str, disk: &Disk) {
        let is_unasked = [" invites you to ", "That is about "];
        // With the welcome, or as its owner has come: what they ask for themselves, they are still called something else.
        let is_given = notice.contains("; you are ") && !notice.contains("; you are still ");
        let is_removed = notice.contains(" has removed you from ")
            || notice.starts_with(&format!("You are banned from {}", self.here));
        self.is_removed |= is_removed;
        let is_news = is_removed
            || is_given
            || notice.starts_with("Not sent: ")
            || notice.starts_with("The server's disk")
            || notice.starts_with("You are an administrator")
            || notice.starts_with("You are no administrator")
            || is_unasked.iter().any(|it| notice.contains(it));
        self.is_waiting &= is_news;
        let stays = notice.starts_with("Not done: ")
            || notice.ends_with(" already.")
            || notice.starts_with("You are banned from ") && !is_removed;
        if stays {
            self.going = None;
        }
        let place = notice.strip_prefix("You are in ");
        let Some((room, others)) = place.and_then(|it| it.split_once(" now; ")) else {
            return;
        };
        let going = if std::mem::take(&mut self.is_removed) {
            Some(RoomName::LOBBY)
        } else {
            self.going.take()
        };
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
