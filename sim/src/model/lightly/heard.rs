//! What each peer was sent: entries of the rooms where it was, while it was there, in their order, and no address that is not
//! for it.

use super::{Lightly, View, Watched};
use crate::invariant::Invariant;
use chat_core::json::{Entry, Message};
use chat_core::{Kind, RoomName, server_phase::Phase};

impl Watched {
    /// Looks at what all have got since the last time.
    pub(super) fn hear_lightly(&mut self) {
        if self.lost {
            return;
        }
        let Some(light) = self.light.as_deref_mut() else {
            return;
        };
        for (who, peer) in self.peers.iter_mut().enumerate() {
            let from = light.views[who].read;
            let Some(end) = peer.got[from..].iter().rposition(|byte| *byte == b'\n') else {
                continue;
            };
            let Ok(text) = str::from_utf8(&peer.got[from..=from + end]) else {
                Invariant::WholeLines.is_broken(&format!("peer {who} was sent what is not UTF-8"))
            };
            light.views[who].read = from + end + 1;
            for line in text.lines() {
                light.hears(who, line);
            }
        }
    }

    /// Whoever speaks the text dialect and takes what they are given lacks nothing that was done in their room.
    pub(in crate::model) fn is_at_rest_lightly(&self, light: &Lightly) {
        for &who in &self.open {
            let peer = &self.peers[who];
            if peer.blocked {
                continue;
            }
            let heard = self.server.wants_input(peer.id) || self.server.phase(peer.id).is_ending();
            Invariant::Heard.holds(heard, || format!("nobody listens to peer {who}"));
            let view = &light.views[who];
            let is_there = matches!(self.server.phase(peer.id), Phase::Joined | Phase::Silent);
            if is_there && !view.is_apart {
                light.has_all(who, &peer.names);
            }
        }
    }
}

impl Lightly {
    fn hears(&mut self, who: usize, line: &str) {
        self.is_refused(who, line);
        let may_be = !has_address(line) || self.may_be_told(who, line);
        Invariant::Addresses.holds(may_be, || format!("{line:?} to peer {who}"));
        if line.starts_with('{') {
            if let Ok(Message::Entry(entry) | Message::Past(entry)) = serde_json::from_str(line) {
                self.hears_entry(who, &entry);
            }
            return;
        }
        let view = &self.views[who];
        let is_private = line.starts_with("* ")
            || line.starts_with("[PM ")
            || line == "Welcome to the chatroom!";
        // Another protocol is answered in its own words.
        if is_private || view.stays.is_empty() {
            return;
        }
        let mut place = view.place;
        while let Some(stay) = view.stays.get(place.0) {
            let story = &self.stories[&stay.room];
            let (from, to) = (stay.from.max(place.1), stay.to.unwrap_or(story.len()));
            let found = (from..to).find(|nth| story[*nth] == line);
            if let Some(nth) = found {
                self.views[who].place = (place.0, nth + 1);
                return;
            }
            place = (place.0 + 1, 0);
        }
        Invariant::OwnRooms.is_broken(&format!(
            "{line:?} to peer {who}, which was in {:?}",
            view.stays
        ));
    }

    /// What a peer has ordered of an address was refused.
    fn is_refused(&mut self, who: usize, line: &str) {
        let is_refused = |what: &str| line.contains(&format!("Not done: /{what} is for"));
        let (ban, unban) = (is_refused("ban"), is_refused("unban"));
        let typed = &mut self.views[who].addresses;
        if let Some(first) = typed.front()
            && (ban || unban)
            && first.is_ban == ban
        {
            typed.pop_front();
        }
    }

    /// Whether a peer may be sent a line with an address in it: it may see the addresses of that room, or has typed this one itself
    /// and is told of what it asked for, or somebody has said it.
    fn may_be_told(&self, who: usize, line: &str) -> bool {
        let sees = |room: Option<&str>| {
            let room = room.and_then(|room| RoomName::parse(room).ok());
            self.law.saw_addresses(who, Some(&room.unwrap_or_default()))
        };
        let view = &self.views[who];
        if line.starts_with('{') {
            return match serde_json::from_str(line) {
                Ok(Message::Address { room, .. } | Message::Bans { room, .. }) => {
                    sees(room.as_deref())
                }
                Ok(Message::Entry(entry) | Message::Past(entry)) => match entry.kind {
                    Kind::Order => sees(Some(&entry.room)),
                    _ => true,
                },
                _ => view.has_typed_all(line),
            };
        }
        let Some(notice) = line.strip_prefix("* ") else {
            return is_said(line) || line.starts_with("[PM ") || view.stays.is_empty();
        };
        // In which room an order of the history was given is not said.
        let is_of_history = notice.contains(" has banned ") || notice.contains(" has lifted the ");
        let shows =
            is_of_history || notice.starts_with("That is about ") || notice.starts_with("Banned: ");
        // A line of the history, of what somebody has said.
        let number = notice.strip_prefix('#').and_then(|it| it.split_once(' '));
        let entry = number.map_or(notice, |(_, entry)| entry).to_string();
        if is_said(&entry) && self.stories.values().any(|it| it.contains(&entry)) {
            return true;
        }
        if shows {
            self.law.saw_addresses(who, None)
        } else {
            view.has_typed_all(notice)
        }
    }

    /// An entry that a program is sent, or that stands in a page: of a room where it is, or from before it left.
    fn hears_entry(&mut self, who: usize, entry: &Entry<'_>) {
        let room = RoomName::parse(&entry.room).unwrap_or_default();
        let view = &self.views[who];
        let mut stays = view.stays.iter().filter(|stay| stay.room == room);
        let text = entry.text.as_deref().unwrap_or_default();
        let name = &entry.name;
        let line = match entry.kind {
            Kind::Joined => format!("{name} has joined the chat"),
            Kind::Left => format!("{name} has left the chat"),
            Kind::Said => format!("{name}: {text}"),
            Kind::Acted => format!("** {name} {text}"),
            Kind::Renamed => format!("{name} is now known as {text}"),
            Kind::Topic if text.is_empty() => format!("{name} has taken the topic away"),
            Kind::Topic => format!("{name} has set the topic: {text}"),
            _ => format!("{name} {text}"),
        };
        let story = self.stories.get(&room).map_or(&[][..], Vec::as_slice);
        let is_in = |to: usize| story[..to].contains(&line);
        // A reader is nowhere, and reads one room, while everyone may join that.
        let read = view.reads.as_ref().filter(|read| read.0 == room);
        let reads = read.is_some_and(|(_, since)| {
            let all = story.iter().enumerate().filter(|it| *it.1 == line);
            all.into_iter()
                .any(|(nth, _)| self.may_be_read(&room, nth, *since))
        });
        let may_be = reads
            || stays.any(|stay| is_in(stay.to.map_or(story.len(), |to| (to + 1).min(story.len()))));
        Invariant::OwnRooms.holds(may_be, || {
            format!("{entry:?} to peer {who}, which was in {:?}", view.stays)
        });
    }

    /// It has got what others have done, to the end.
    fn has_all(&self, who: usize, names: &[String]) {
        let view: &View = &self.views[who];
        let Some(stay) = view.stays.last().filter(|stay| stay.to.is_none()) else {
            return;
        };
        let nth = view.stays.len() - 1;
        let from = if view.place.0 == nth { view.place.1 } else { 0 };
        let story = &self.stories[&stay.room];
        let is_own = |line: &&String| {
            let said = line.split_once(": ").map(|(name, _)| name);
            said.is_some_and(|name| names.iter().any(|own| own == name))
        };
        let rest = story[stay.from.max(from)..].iter();
        let missing = rest.into_iter().find(|line| !is_own(line));
        Invariant::NothingMissing.holds(missing.is_none(), || {
            format!("peer {who} lacks {missing:?} of {}", stay.room)
        });
    }
}

/// The addresses of hosts that there are in worlds begin with these.
const BEGINNINGS: [&str; 2] = ["192.0.2.", "2001:db8:"];

/// Whether a line says what somebody has said or done.
fn is_said(line: &str) -> bool {
    let is_by = |(name, _): (&str, &str)| !name.contains(' ');
    line.starts_with("** ") || line.split_once(": ").is_some_and(is_by)
}

pub(super) fn has_address(line: &str) -> bool {
    BEGINNINGS.iter().any(|it| line.contains(it))
}

impl View {
    /// Whether the peer has typed each address that stands in a line, or more of it than that.
    fn has_typed_all(&self, line: &str) -> bool {
        let is_of_it = |c: char| c.is_ascii_hexdigit() || ".:/".contains(c);
        let words = line.split(|c: char| !is_of_it(c));
        let words = words.map(|word| word.trim_end_matches(['.', ':']));
        let mut addresses = words.filter(|word| has_address(word));
        addresses.all(|word| self.typed.iter().any(|typed| typed.contains(word)))
    }
}
