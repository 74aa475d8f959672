//! What was said to the owner of a name alone while they were not here, and what they and others have said to each other before
//! (PROTOCOL.md, "Private words").

use super::Server;
use super::asking::{Due, Wanted};
use super::json_requests::page_of;
use super::talk::{Pair, Talk};
use crate::mark::{Mark, mark};
use crate::room::RoomId;
use crate::room::accounts::read;
use crate::types::conn_id::ConnId;
use crate::types::name::{Name, Unique};
use crate::types::waiting::{Waiting, read_to_text};
use crate::wire::answer::Answer;
use crate::wire::dialect::Dialect;
use crate::wire::inbox::waiting;
use crate::wire::json::{Message, WaitingOf};
use alloc::boxed::Box;
use alloc::vec::Vec;

impl Server {
    /// What waits for whoever is here by a connection, where their name is their own.
    fn inbox_of(&self, id: ConnId) -> Option<(&Name, u64, &[Waiting])> {
        let name = self.connections.get(id)?.name.as_ref()?;
        let (name, account) = self.rooms.accounts().find(name)?;
        Some((name, account.claim.since, &account.inbox))
    }

    /// Tells the owner of a name, who has just got it, of what waits for them.
    pub(super) fn tell_of_inbox(&mut self, id: ConnId) {
        let Some((_, _, inbox)) = self.inbox_of(id) else {
            return;
        };
        let Some(first) = inbox.first() else {
            return;
        };
        let mut from: Vec<(&Name, usize)> = Vec::new();
        for it in inbox {
            let is_of_them = |(name, _): &&mut (&Name, usize)| {
                Unique(Name::clone(name)) == Unique(it.from.clone())
            };
            match from.iter_mut().find(is_of_them) {
                Some((_, count)) => *count += 1,
                None => from.push((&it.from, 1)),
            }
        }
        let (count, since) = (inbox.len(), first.at);
        let from = from.into_iter().map(|(name, count)| (name.as_str(), count));
        let line = match self.connections.get(id).map(|c| c.dialect) {
            Some(Dialect::Json) => {
                let from = from.map(|(name, count)| WaitingOf {
                    name: name.into(),
                    count,
                });
                let from = from.collect();
                Message::Waiting { count, since, from }.to_line()
            }
            _ => waiting(count, since, from) + "\n",
        };
        mark(Mark::InboxTold);
        self.note_when_kept(id, &line);
    }

    /// Sends the owner of a name what waits for them, the oldest first.
    pub(super) fn send_inbox(&mut self, id: ConnId, given: Option<&str>) {
        let Some((_, own, inbox)) = self.inbox_of(id) else {
            let name = self.name_of(id).unwrap_or_else(|| Name::of_port(0));
            return self.refuse_answer(id, Answer::NotClaimed(&name), given);
        };
        let is_run = |a: &Waiting, b: &Waiting| a.with == b.with && a.seq < b.seq;
        let due: Vec<Due> = inbox
            .chunk_by(is_run)
            .filter_map(|run| {
                let (first, last) = (run.first()?, run.last()?);
                let pair = Pair::new(own, last.with, last.from.clone())?;
                Some(Due::Words(pair, first.seq.saturating_sub(1), last.seq))
            })
            .collect();
        let count = inbox.len();
        mark(Mark::InboxSent);
        if let Some(connection) = self.connections.get_mut(id) {
            for it in due {
                connection.waiting.owe(it);
            }
            connection
                .waiting
                .owe(Due::InboxSent(count, given.map(Into::into)));
        }
        self.go_on_with_rooms(id);
    }

    /// Goes on with that.
    pub(super) fn send_waiting(&mut self, id: ConnId, pair: Pair, after: u64, last: u64) {
        let own = self.inbox_of(id).map(|(_, own, _)| own);
        if own == Some(pair.own) {
            self.converse(id, pair, Wanted::Inbox { after, last });
        }
    }

    /// All that waited was sent.
    pub(super) fn inbox_sent(&mut self, id: ConnId, count: usize, given: Option<&str>) {
        match self.connections.get(id).map(|c| c.dialect) {
            Some(Dialect::Json) => {
                let id_given = given.map(Into::into);
                let line = Message::Inbox {
                    count,
                    id: id_given,
                };
                self.note(id, &line.to_line());
            }
            _ if count == 0 => self.refuse_answer(id, Answer::InboxEmpty, None),
            _ => {}
        }
    }

    /// Sends the last of what whoever is here and somebody have said to each other alone, or what is asked for of it.
    pub(super) fn send_words_with(
        &mut self,
        id: ConnId,
        asked: &str,
        (after, before): (Option<u64>, Option<u64>),
        limit: u64,
        given: Option<&str>,
    ) {
        let Some(name) = self.name_of(id) else {
            return;
        };
        if self.inbox_of(id).is_none() {
            return self.refuse_answer(id, Answer::NotClaimed(&name), given);
        }
        let Some(pair) = self.pair(&name, asked) else {
            return self.refuse_answer(id, Answer::NothingKept(asked), given);
        };
        let wanted = Wanted::Page {
            after,
            before,
            limit,
            given: given.map(Into::into),
        };
        self.converse(id, pair, wanted);
    }

    /// Sends what is wanted of a conversation, which is in memory.
    pub(super) fn show_words(&mut self, id: ConnId, room: RoomId, pair: &Pair, wanted: &Wanted) {
        let Some((name, own, inbox)) = self.inbox_of(id) else {
            return;
        };
        if own != pair.own {
            return; // Whoever has asked has another name by now.
        }
        let dialect = self.connections.get(id).map(|c| c.dialect);
        let (after, last, is_inbox) = match *wanted {
            Wanted::Inbox { after, last } => (after, last, true),
            Wanted::Page {
                after,
                before,
                limit,
                ref given,
            } => match page_of(self.rooms[room].log(), after, before, limit) {
                Ok((after, last)) => (after, last, false),
                Err((code, text)) => return self.refuse(id, code, text, given.as_deref()),
            },
            Wanted::Say { .. } => return,
        };
        let waits = |it: &&Waiting| it.with == pair.with;
        let are_shown = inbox.iter().find(waits).is_none_or(|it| it.seq > after);
        let talk = Talk {
            pair: pair.clone(),
            own: name.clone(),
            is_inbox,
            reads: dialect == Some(Dialect::Text) && are_shown,
            minute: None,
        };
        self.send_talk(id, room, after, last, Box::new(talk));
    }

    /// Nothing is held of a conversation of which something is wanted.
    pub(super) fn nothing_held(&mut self, id: ConnId, pair: &Pair, wanted: &Wanted) {
        let is_json = |c: &super::connection::Connection| c.dialect == Dialect::Json;
        match wanted {
            Wanted::Inbox { last, .. } => {
                if let Some(name) = self.name_of(id) {
                    self.read_words(&name, pair.with, *last);
                }
            }
            Wanted::Page { .. } if self.connections.get(id).is_some_and(is_json) => {
                let page = Message::Page {
                    room: None,
                    with: Some(pair.name.as_str().into()),
                    first: 1,
                    head: 0,
                };
                self.note(id, &page.to_line());
            }
            _ => self.refuse_answer(id, Answer::NothingSaid(&pair.name), None),
        }
    }

    /// What was wanted of a conversation was sent, up to this entry.
    pub(super) fn words_sent(&mut self, talk: &Talk, last: u64) {
        if talk.reads {
            self.read_words(&talk.own, talk.pair.with, last);
        }
        if talk.is_inbox {
            self.people
                .owner_wrote(&talk.pair.name, talk.pair.with, &talk.own);
        }
    }

    /// The owner of a name has read what somebody has said to them, up to this entry.
    fn read_words(&mut self, name: &Name, with: u64, seq: u64) {
        let Some((name, account)) = self.rooms.accounts().find(name) else {
            return;
        };
        let name = name.clone();
        let is_read = |it: &Waiting| it.with == with && it.seq <= seq;
        // While the disk is full, it waits on.
        if account.inbox.iter().any(is_read) && !self.is_disk_full() {
            mark(Mark::InboxRead);
            self.order_account(&read(&name, &read_to_text(with, seq)));
        }
    }

    /// A program has shown what somebody said to its person alone, up to this entry.
    pub(super) fn mark_read(&mut self, id: ConnId, with: &str, seq: u64, given: Option<&str>) {
        let Some((name, _, inbox)) = self.inbox_of(id) else {
            let name = self.name_of(id).unwrap_or_else(|| Name::of_port(0));
            return self.refuse_answer(id, Answer::NotClaimed(&name), given);
        };
        let Ok(with) = Name::parse(with).map(Unique) else {
            return;
        };
        // Where the name was somebody else's before, the one is meant of whom this waits.
        let of_name = inbox.iter().filter(|it| Unique(it.from.clone()) == with);
        let mut of_name = of_name.rev();
        let found = of_name.find(|it| it.seq == seq).map(|it| it.with);
        if let Some(with) = found {
            let name = name.clone();
            self.read_words(&name, with, seq);
        }
    }
}
