//! Views: what a program is to be sent of one room.

use super::asked::Known;
use super::page::Place;
use super::rooms::Rooms;
use crate::invariant::Invariant;
use chat_core::Kind;
use chat_core::json::{Entry, GapReason, MAX_PAGE};
use std::ops::RangeInclusive;

/// What a program is to be sent of one room.
#[derive(Debug)]
pub(super) struct View {
    /// The room, by number.
    pub(super) room: usize,
    /// So many entries of its story come before the first one of the log.
    pub(super) base: usize,
    /// The program is in it, or reads it.
    pub(super) is_in: bool,
    known: Known,
    /// The number of the next entry that it is to be sent, once that is known.
    next: Option<u64>,
    /// Where that is not known: it is one of these.
    begins: RangeInclusive<u64>,
    /// It was sent something of what it missed, or of what happens.
    has_begun: bool,
    /// It was sent all that it missed.
    is_live: bool,
}

impl View {
    /// Of a program that comes in when an entry is the last one, which is its own joining or not.
    pub(super) fn new(room: usize, base: usize, known: Known, head: u64, is_others: bool) -> Self {
        let (next, begins) = if known.after.is_none() && known.history > 0 {
            // As many as are held, and then what happens: its own joining, if it joins.
            let next = if is_others { head + 1 } else { head };
            let first = next.saturating_sub(known.history.min(MAX_PAGE)).max(1);
            (None, first..=next)
        } else {
            let next = known.after.map_or(head, |after| after.min(head)) + 1;
            (Some(next), 0..=0)
        };
        Self {
            room,
            base,
            is_in: true,
            known,
            next,
            begins,
            has_begun: false,
            is_live: false,
        }
    }

    /// The number of the next entry that it is to be sent.
    pub(super) fn next(&self) -> u64 {
        self.next.unwrap_or(*self.begins.end())
    }

    /// Where it is in the order of the room, of which so many bytes are held, or more.
    pub(super) fn place<'a>(&self, rooms: &'a Rooms, held: u64) -> Place<'a> {
        Place {
            story: &rooms[self.room],
            base: self.base,
            head: self.next().saturating_sub(1),
            held,
        }
    }

    /// What it is sent does not follow what it knows, and why.
    pub(super) fn gap(&mut self, who: usize, after: u64, next: u64, reason: Option<GapReason>) {
        let why = self.why_gap(after, next);
        Invariant::OneOrder.holds(reason == Some(why), || {
            format!(
                "peer {who} was sent a gap of {after} to {next} for {reason:?}, and it is {why:?}"
            )
        });
        let is_known = self
            .next
            .is_none_or(|due| due == after + 1 || after >= next);
        Invariant::OneOrder.holds(is_known || self.known.after == Some(after), || {
            let due = self.next;
            format!("peer {who} was sent a gap of {after} to {next} where {due:?} was due")
        });
        self.next = Some(next);
        self.has_begun = true;
    }

    /// Why what it is sent does not follow what it knows.
    fn why_gap(&self, after: u64, next: u64) -> GapReason {
        let is_asked = !self.has_begun && self.known.after == Some(after);
        if is_asked && self.known.is_of_another {
            GapReason::OtherLog
        } else if is_asked && after + 1 >= next {
            GapReason::Ahead
        } else {
            GapReason::NotHeld
        }
    }

    /// It is sent an entry.
    pub(super) fn entry(&mut self, who: usize, entry: &Entry<'_>, rooms: &Rooms) {
        let begins = self.next.is_none() && self.begins.contains(&entry.seq);
        Invariant::OneOrder.holds(begins || self.next == Some(entry.seq), || {
            format!(
                "peer {who} was sent {entry:?} where {:?} was due",
                self.next
            )
        });
        self.next = Some(entry.seq + 1);
        self.has_begun = true;
        self.is_told(entry, rooms);
    }

    /// Checks that an entry is what the screen shows.
    pub(super) fn is_told(&self, entry: &Entry<'_>, rooms: &Rooms) {
        let name = &entry.name;
        let text = entry.text.as_deref().unwrap_or_default();
        let line = match entry.kind {
            Kind::Joined => format!("{name} has joined the chat"),
            Kind::Left => format!("{name} has left the chat"),
            Kind::Said => format!("{name}: {text}"),
            Kind::Acted => format!("** {name} {text}"),
            Kind::Renamed => format!("{name} is now known as {text}"),
            Kind::Topic if text.is_empty() => format!("{name} has taken the topic away"),
            Kind::Topic => format!("{name} has set the topic: {text}"),
            // These are in no room, and nobody has a right to order anything.
            Kind::Claimed
            | Kind::Unclaimed
            | Kind::Device
            | Kind::DeviceEnded
            | Kind::Order
            | Kind::Waits
            | Kind::Read => {
                format!("{name} is in no room for that")
            }
        };
        let index = usize::try_from(entry.seq).unwrap_or(0).wrapping_sub(1);
        let entries = &rooms[self.room].entries;
        let shown = entries.get(self.base.wrapping_add(index));
        let shown = shown.map(|shown| shown.line.as_str());
        Invariant::OneOrder.holds(shown == Some(&line), || {
            let (seq, room) = (entry.seq, &entry.room);
            format!("entry {seq} of {room} is {line:?}, and {shown:?} on the screen")
        });
    }

    /// Whether it was sent all entries, up to one. What it missed comes in turns: as long as the server has
    /// some to give (`in_turns`), it need not have everything yet.
    pub(super) fn is_up_to_date(&mut self, end: usize, in_turns: bool) -> bool {
        if in_turns && !self.is_live {
            return true;
        }
        self.is_live = true;
        usize::try_from(self.next()).is_ok_and(|next| self.base + next == end + 1)
    }
}
