//! What a peer hears, line by line, held against the rooms that it was in.

use super::Peer;
use crate::invariant::Invariant;
use crate::model::cut_short::Short;
use crate::model::expect::Notice;
use crate::model::program::Seen;
use crate::model::rooms::{LOBBY, Rooms};
use crate::model::stay::Stay;
use crate::model::story::Entry;
use crate::model::stranger;
use crate::naming::{is_piled_up, turns_what_follows};
use chat_core::{CloseReason, MAX_SERVER_LINE, server_phase::Phase};
use std::collections::VecDeque;
use std::ops::RangeInclusive;

impl Peer {
    /// Where what is left of the stay that it hears of ends.
    fn end(&self, rooms: &Rooms) -> usize {
        let stay = self.stays.get(self.hears);
        stay.map_or(self.next, |stay| stay.end(rooms))
    }

    /// The next entry that it is to hear of it.
    fn due<'a>(&self, rooms: &'a Rooms) -> Option<&'a Entry> {
        let stay = self.stays.get(self.hears)?;
        let entries = &rooms[stay.room].entries[..stay.end(rooms)];
        entries.get(self.next)
    }

    /// Checks the lines it has got since the last time. `me` is its number, `behind` the limit
    /// past which it may be cut off, and `held` so many bytes as the log holds at least.
    pub(in crate::model) fn hear(&mut self, me: usize, rooms: &Rooms, behind: u64, held: u64) {
        if self.expected.is_unjudged {
            return;
        }
        let got = std::mem::take(&mut self.got);
        while !self.expected.is_unjudged
            && let Some(length) = got[self.checked..].iter().position(|b| *b == b'\n')
        {
            let line = &got[self.checked..self.checked + length];
            let Ok(line) = str::from_utf8(line) else {
                Invariant::WholeLines
                    .is_broken(&format!("{:?} was sent what is not UTF-8", self.id))
            };
            if self.is_told_slow(line) {
                self.note_cut(line);
                self.checked += length + 1;
                self.last_line = length + 1;
                continue;
            }
            if let Some(program) = &mut self.expected.program {
                // What it was sent before it spoke JSON is not looked at any more.
                if line.starts_with('{') {
                    let seen = Seen {
                        rooms,
                        stays: &self.stays,
                        held,
                        short: self.short,
                        was_full: self.was_full,
                    };
                    let private = program.hears(me, line, &seen);
                    self.private_in.extend(private);
                    if program.has_no_room() {
                        // Whatever else it has sent, that came first.
                        self.expected.end = Some(CloseReason::NotToRead);
                    }
                }
                self.checked += length + 1;
                continue;
            }
            Invariant::WholeLines.holds(line.len() <= MAX_SERVER_LINE, || {
                format!("{line:?} is too long")
            });
            Invariant::GoodbyeLast.holds(!self.goodbye, || format!("{line:?} after goodbye"));
            self.line(me, line, rooms, behind);
            self.checked += length + 1;
            self.last_line = length + 1;
        }
        self.got = got;
    }

    fn line(&mut self, me: usize, line: &str, rooms: &Rooms, behind: u64) {
        let acts = |c: char| c.is_control() && c != '\t' || matches!(c, '\u{2028}' | '\u{2029}');
        let is_answer = stranger::is_foreign(self.expected.end) && self.stays.is_empty();
        if is_answer && !line.starts_with("* Goodbye: ") {
            return self.notice(me, line, rooms);
        }
        let acts = line.contains(acts) || turns_what_follows(line) || is_piled_up(line);
        Invariant::WholeLines.holds(!acts, || format!("{line:?} acts on a screen"));
        let due = self.expected.notices.get(self.heard);
        let is_due_later = due.is_none_or(|due| due.0 > self.said);
        if is_due_later && self.refuses_next(line) {
            self.is_told_refused(line);
        }
        self.refuses_first_of_two(line);
        if self.expected.is_unjudged {
            return;
        }
        let next = self.expected.notices.get(self.heard);
        let called_for = || next.is_some_and(|(_, notice)| notice.is(line));
        let is_goodbye = line.starts_with("* Goodbye: ");
        let topic = self.topic.take_if(|_| !is_goodbye);
        if let Some((topic, is_sure)) = &topic {
            Invariant::InItsPlace.holds(line == topic || !is_sure, || {
                format!("{:?} was sent {line:?} where {topic:?} was due", self.id)
            });
            rooms[self.room()].had_topic(self.next, line == topic);
        }
        if topic.is_some_and(|(topic, _)| line == topic) {
            // It is what the room is about into which it has come.
        } else if is_goodbye && !called_for() {
            self.goodbye(me, line, rooms, behind);
        } else if let Some(private) = private_words(line) {
            self.private_in.push(private);
        } else if self.is_news_of_private(line) {
            // Whoever was written to is away.
        } else if line.starts_with("* ")
            || line.starts_with("[PM to ")
            || line == "Welcome to the chatroom!"
        {
            self.notice(me, line, rooms);
            self.goodbye = line.starts_with("* Goodbye: ");
        } else {
            self.step_over(me, usize::MAX, rooms);
            let due = self.due(rooms);
            let is_it = due.is_some_and(|entry| entry.line == line);
            Invariant::NoEcho.holds(is_it || !rooms.is_said_by(me, line), || {
                format!("{:?} was sent {line:?}", self.id)
            });
            Invariant::OneOrder.holds(is_it, || {
                let due = due.map_or("nothing", |entry| &entry.line);
                format!("{:?} was sent {line:?} where {due:?} was due", self.id)
            });
            self.stepped += usize::from(due.is_some_and(|entry| entry.is_done_by(me)));
            self.next += 1;
        }
        self.note_cut(line);
    }

    /// Takes note of how much of a line waited when it was cut off, if that was within this one.
    fn note_cut(&mut self, line: &str) {
        if let Some(Short::CutOff(Some(at))) = self.short
            && !self.goodbye
        {
            let begun = self.checked < at;
            Invariant::GoodbyeLast.holds(begun, || format!("{line:?} was begun after the cut"));
            if self.checked + line.len() >= at {
                // What it had got of this line did not wait.
                self.cut_line = line.len() + 1 - (at - self.checked);
            }
        }
    }

    /// Whether a line says that whoever it just wrote to is away.
    fn is_news_of_private(&self, line: &str) -> bool {
        let before = self.heard.checked_sub(1);
        let last = before.and_then(|last| self.expected.notices.get(last));
        let next = self.expected.notices.get(self.heard);
        let is_due = next.is_some_and(|(_, notice)| notice.is(line));
        matches!(last, Some((_, Notice::Private { .. })))
            && !is_due
            && line
                .strip_prefix("* ")
                .is_some_and(|it| it.contains(" is away"))
    }

    fn notice(&mut self, me: usize, line: &str, rooms: &Rooms) {
        let Some(&(said, _)) = self.expected.notices.get(self.heard) else {
            let why = format!("{:?} was sent {line:?}, which nothing called for", self.id);
            Invariant::InItsPlace.is_broken(&why)
        };
        self.step_over(me, said, rooms);
        Invariant::InItsPlace.holds(self.stepped == said, || {
            format!(
                "{:?} was sent {line:?} after {} of its lines, not {said}",
                self.id, self.stepped
            )
        });
        let (_, notice) = &self.expected.notices[self.heard];
        let is_it = notice.is(line)
            && match notice {
                Notice::WhoOf(room, since) => {
                    rooms.is_answer_to_who(line, room, self.answered(*since, rooms))
                }
                Notice::Rooms(since) => rooms.is_list(line, self.answered(*since, rooms)),
                Notice::InRoom(room) => self.is_in(room, line, rooms),
                Notice::Who => rooms[self.room()].is_answer_to_who(line, self.next),
                Notice::Topic => {
                    let story = &rooms[self.room()];
                    let topics = story.topics(self.next);
                    let told = topics.into_iter().find(|topic| line == topic_line(*topic));
                    told.inspect(|topic| story.had_topic(self.next, topic.is_some()))
                        .is_some()
                }
                _ => true,
            };
        Invariant::InItsPlace.holds(is_it, || {
            format!("{:?} was sent {line:?} where {notice:?} was due", self.id)
        });
        if let Notice::InRoom(_) = notice {
            let topics = rooms[self.room()].topics(self.next);
            let is_sure = topics.len() == 1;
            let topic = topics.into_iter().flatten().next();
            self.topic = topic.map(|topic| (topic_line(Some(topic)), is_sure));
        }
        self.heard += 1;
    }

    /// How many lines the screen had shown when it was answered what it is told now, and asked when it had shown some.
    fn answered(&self, since: usize, rooms: &Rooms) -> RangeInclusive<usize> {
        let entries = &rooms[self.room()].entries;
        let before = self.next.checked_sub(1).and_then(|it| entries.get(it));
        let first = before.map_or(0, |entry| entry.at + 1).max(since);
        let last = entries
            .get(self.next)
            .map_or(rooms.length(), |entry| entry.at);
        first..=last
    }

    /// Whether a line tells it that it is in a room, of which it has heard nothing yet.
    fn is_in(&self, room: &str, line: &str, rooms: &Rooms) -> bool {
        let is_first = |stay: &Stay| rooms.name(stay.room) == room && self.next == stay.joined + 1;
        let others = rooms[self.room()].members(self.next).len() - 1;
        let here = match others {
            0 => "nobody else is here".into(),
            1 => "1 other is here".into(),
            others => format!("{others} others are here"),
        };
        self.stays.get(self.hears).is_some_and(is_first)
            && line == format!("* You are in {room} now; {here}.")
    }

    /// The server has a reason of its own.
    fn goodbye(&mut self, me: usize, line: &str, rooms: &Rooms, behind: u64) {
        let own = self.short.and_then(Short::goodbye);
        if own.is_some_and(|own| line.starts_with(own)) {
            self.step_over(me, usize::MAX, rooms);
            let has_all = self.next == self.end(rooms) && self.heard >= self.sure;
            Invariant::NothingMissing.holds(has_all, || {
                format!("{:?} lacks lines before goodbye", self.id)
            });
        } else {
            let known = line.starts_with("* Goodbye: you are too far behind; ");
            Invariant::GoodbyeLast.holds(known, || format!("{:?} was sent {line:?}", self.id));
            // The goodbye that it was told before that, whole.
            let told = own.map_or(0, |own| own.len() + 60);
            if (self.short.is_none() || own.is_some()) && self.phase >= Phase::Draining {
                self.short = Some(Short::CutOff(None));
            }
            let Some(Short::CutOff(at)) = self.short else {
                Invariant::GoodbyeLast.is_broken(&format!("{line:?} to one who was not cut off"))
            };
            // Of one who was leaving it is not known when; the line before may have been under way.
            let line = at.map_or(self.last_line, |_| self.cut_line);
            let private = self.private_most();
            let waited = self.backlog(rooms) + private + told + line;
            Invariant::Limits.holds(waited as u64 > behind, || {
                format!("{:?} was cut off with {waited} bytes waiting", self.id)
            });
        }
        self.goodbye = true;
    }

    /// Steps over its own entries that come next, up to `said` of them in all.
    fn step_over(&mut self, me: usize, said: usize, rooms: &Rooms) {
        while self.stepped < said {
            if self.due(rooms).is_some_and(|due| due.is_by(me)) {
                self.next += 1;
            } else if let Some(stay) = self.stays.get(self.hears + 1)
                && self.next == self.end(rooms)
            {
                // Having heard all of a room, it is in the next one.
                self.hears += 1;
                self.next = stay.joined + 1;
            } else {
                return;
            }
            self.stepped += 1;
        }
    }

    /// The room that it hears of.
    fn room(&self) -> usize {
        let stay = self.stays.get(self.hears);
        stay.map_or(LOBBY, |stay| stay.room)
    }

    /// Its own entries that lie ahead of it.
    fn ahead(&mut self) -> &VecDeque<(usize, usize)> {
        let heard = (self.hears, self.next);
        while self.own.front().is_some_and(|entry| *entry < heard) {
            self.own.pop_front();
        }
        &self.own
    }

    /// Bytes of the entries of others whose end it has not got.
    pub(in crate::model) fn backlog(&mut self, rooms: &Rooms) -> usize {
        let all = self.waiting(rooms, Stay::end);
        let stays: Vec<usize> = self.stays.iter().map(|stay| stay.room).collect();
        let own = self.ahead().iter();
        let bytes =
            |(stay, entry): &(usize, usize)| rooms[stays[*stay]].bytes_between(*entry, entry + 1);
        all - own.map(bytes).sum::<usize>()
    }

    /// Bytes of all entries whose end it has not got, its own included, and of what came after its leaving.
    pub(in crate::model) fn distance(&self, rooms: &Rooms) -> usize {
        self.waiting(rooms, |stay, rooms| rooms[stay.room].entries.len())
    }

    /// Bytes of the entries whose end it has not got, of each stay up to an end.
    fn waiting(&self, rooms: &Rooms, end: impl Fn(&Stay, &Rooms) -> usize) -> usize {
        let stays = self.stays.iter().enumerate().skip(self.hears);
        let bytes = |(nth, stay): (usize, &Stay)| {
            let from = if nth == self.hears {
                self.next
            } else {
                stay.joined + 1
            };
            rooms[stay.room].bytes_between(from, end(stay, rooms))
        };
        stays.map(bytes).sum()
    }

    /// Stretches of its own lines that lie ahead of it, after lines of others.
    pub(in crate::model) fn splices(&mut self) -> usize {
        // What waits of a room that it has gone out of is a copy.
        let last = self.stays.len().saturating_sub(1);
        let mut before = (self.hears, self.next.wrapping_sub(1));
        let mut stretches = 0;
        for &(stay, entry) in self.ahead().iter().filter(|own| own.0 == last) {
            stretches += usize::from((stay, entry) != (before.0, before.1.wrapping_add(1)));
            before = (stay, entry);
        }
        stretches
    }

    /// Bytes of private lines whose end it has not got, `length` of each, up to the `count`th.
    pub(in crate::model) fn private(&self, count: usize, length: fn(&Notice) -> usize) -> usize {
        let waiting = self.expected.notices.iter().take(count).skip(self.heard);
        waiting.map(|(_, notice)| length(notice)).sum()
    }

    /// Bytes of all private lines whose end it has not got, at most.
    pub(in crate::model) fn private_most(&self) -> usize {
        let topic = self.topic.as_ref().map_or(0, |it| it.0.len() + 1);
        self.private(usize::MAX, Notice::most) + self.told_most() + self.private_due + topic
    }

    /// Bytes it has got of a line whose end it has not.
    pub(in crate::model) fn under_way(&self) -> usize {
        self.got.len() - self.checked
    }

    /// Checks that nothing is left to be sent to it. `all` says that all it sent was acted on, and `in_turns`
    /// that the server has turns to give at once.
    pub(in crate::model) fn is_up_to_date(
        &mut self,
        me: usize,
        rooms: &Rooms,
        all: bool,
        in_turns: bool,
    ) {
        let (id, under_way) = (self.id, self.under_way());
        if self.expected.is_unjudged {
            return; // What it is sent is not looked at.
        }
        let missing = Invariant::NothingMissing;
        missing.holds(under_way == 0, || format!("{id:?} lacks a part of a line"));
        if let Some(program) = &mut self.expected.program {
            let is_in_room = self.stays.iter().any(|stay| stay.left.is_none());
            if is_in_room || self.phase == Phase::Reading {
                program.is_up_to_date(me, rooms, &self.stays, in_turns);
            }
            match self.short {
                None if all => program.is_answered(me),
                Some(Short::Stopped | Short::GaveWay) => program.is_told_to_go(me),
                _ => {}
            }
            return;
        }
        let is_cut = matches!(self.short, Some(Short::CutOff(_)));
        if is_cut || self.short.and_then(Short::goodbye).is_some() {
            missing.holds(self.goodbye, || format!("{id:?} lacks a goodbye"));
            return;
        }
        let topic = self.topic.as_ref().filter(|it| it.1);
        missing.holds(topic.is_none(), || format!("{id:?} lacks {topic:?}"));
        self.step_over(me, usize::MAX, rooms);
        missing.holds(self.next == self.end(rooms), || {
            format!("{id:?} lacks {:?}", self.due(rooms).map(|due| &due.line))
        });
        if all {
            let notice = self.expected.notices.get(self.heard);
            Invariant::InItsPlace.holds(notice.is_none(), || format!("{id:?} lacks {notice:?}"));
            let unsaid = self.expected.deeds.get(self.said);
            Invariant::Heard.holds(unsaid.is_none(), || {
                format!("{id:?} said {unsaid:?}, which was not heard")
            });
        }
    }
}

/// What somebody says to one person alone, and who, if a line is that.
fn private_words(line: &str) -> Option<(String, String)> {
    let (from, text) = line.strip_prefix("[PM from ")?.split_once("] ")?;
    Some((from.into(), text.into()))
}

/// The answer to `/topic`.
fn topic_line(topic: Option<(&str, &str)>) -> String {
    match topic {
        Some((text, by)) => format!("* The topic, set by {by}: {text}"),
        None => "* There is no topic. /topic TEXT sets one.".into(),
    }
}
