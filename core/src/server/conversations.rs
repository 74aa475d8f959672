//! What two owners of names say to each other alone (PROTOCOL.md, "Private words"): a log of its own, as of a room of two, under a
//! name that nobody can ask for. It is made of the entries of the accounts' log since which the names are theirs, so that whoever
//! has one of them later has another one. Nobody has a seat in it, nor a cursor: what is said is one line for its receiver, which they
//! are sent where they are once it is committed.

use super::Server;
use super::asking::{Asking, Wanted};
use super::backfill_queue::Lane;
use super::json_requests::is_id;
use super::private::{Line, away_line};
use super::talk::Pair;
use crate::mark::{Mark, mark, mark_if};
use crate::room::RoomId;
use crate::room::accounts::{read, waits};
use crate::room::decide::Command;
use crate::room::log::History;
use crate::types::conn_id::ConnId;
use crate::types::entry::{Kind, Record};
use crate::types::name::Name;
use crate::types::secret::Secret;
use crate::types::waiting::{Waiting, read_to_text};
use crate::wire::answer::Answer;
use crate::wire::dialect::Dialect;
use crate::wire::json::{Code, MAX_ID, Message};
use crate::wire::notice::Notice;
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use core::mem;

/// The conversations of two that are in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Conversations {
    /// Those that are held; the one in which something was said or asked for last comes last.
    held: VecDeque<RoomId>,
    /// What is to be sent to its receivers once it is committed, in the order in which it was said.
    due: VecDeque<Words>,
}

impl Conversations {
    /// How many are held.
    pub(super) fn len(&self) -> usize {
        self.held.len()
    }
}

/// Something that was said to the owner of a name alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Words {
    /// So many entries of all rooms are to be committed before it is sent.
    ordered: u64,
    to: Name,
    /// Since which entry of the accounts' log the name is theirs to whom it was said.
    claim: u64,
    waiting: Waiting,
    text: Secret<Box<str>>,
    /// The accounts' log says that it waits.
    is_waiting: bool,
}

impl Server {
    /// Whoever has a name that is their own, and the owner of another one, whom they name; none where what they say to each other
    /// is not kept. Whoever is here under that very name comes first, then its owner, then whoever it is taken for.
    pub(super) fn pair(&self, own: &Name, asked: &str) -> Option<Pair> {
        let (names, accounts) = (self.rooms.names(), self.rooms.accounts());
        let own = names.claim_of(own)?.since;
        let asked = Name::parse(asked).ok()?;
        let is_it = self.people.find(&asked).is_some() || accounts.find(&asked).is_some();
        let like = || names.alike(&asked).next().cloned();
        let owners = || names.claims_like(&asked).next().cloned();
        let found = if is_it {
            asked.clone()
        } else {
            like().or_else(owners)?
        };
        let (name, account) = accounts.find(&found)?;
        let here = self.people.find(name).map(|(name, _)| name);
        Pair::new(own, account.claim.since, here.unwrap_or(name).clone())
    }

    /// Says a text to the owner of a name, unless it was said already.
    pub(super) fn say_to(&mut self, id: ConnId, pair: Pair, text: &str, given: Option<&str>) {
        if given.is_some_and(|given| !is_id(given)) {
            let text = alloc::format!("an id is 1 to {MAX_ID} bytes that may be said");
            return self.refuse(id, Code::BadId, &text, given);
        }
        let connection = self.connections.get(id);
        let session = connection.and_then(|c| c.session.as_deref().copied());
        let wanted = Wanted::Say {
            text: Secret(text.into()),
            given: given.map(Into::into),
        };
        if let Some((session, given)) = session.zip(given) {
            if let Some(said) = self.rooms.find_said(&(session, given.into())) {
                return self.said_to_again(id, &pair, text, &said);
            }
            if self.may_be_in_store_alone(session) {
                return self.ask_of_conversation(id, pair, wanted, true);
            }
        }
        self.converse(id, pair, wanted);
    }

    /// Has the store asked for a conversation, or first whether something was said in it before.
    fn ask_of_conversation(&mut self, id: ConnId, pair: Pair, wanted: Wanted, is_found: bool) {
        if let Some(connection) = self.connections.get_mut(id) {
            let session = connection.session.as_deref().copied();
            connection.waiting.ask(Asking::Conversation {
                pair,
                wanted,
                find: session.filter(|_| is_found),
                let_go: self.rooms.let_go,
            });
        }
        self.ask_store(Lane::Find, id);
    }

    /// Whether the store is asked for a conversation for a connection.
    pub(super) fn asks_of_conversation(&self, id: ConnId) -> bool {
        let asking = self.connections.get(id).and_then(|c| c.waiting.asking());
        matches!(asking, Some(Asking::Conversation { .. }))
    }

    /// What the store has of what was said with the id that a connection gave.
    pub(super) fn found_words(&mut self, id: ConnId, said: Option<&Record>) {
        let connection = self.connections.get_mut(id);
        let asking = connection.and_then(|c| c.waiting.take_asking());
        let Some(Asking::Conversation { pair, wanted, .. }) = asking else {
            return;
        };
        match (said, &wanted) {
            (Some(said), Wanted::Say { text, .. }) => self.said_to_again(id, &pair, text, said),
            _ => self.converse(id, pair, wanted),
        }
        self.proceed(id);
    }

    /// What the store has of the conversation in which something is wanted.
    pub(super) fn opened_conversation(&mut self, id: ConnId, history: &History) {
        let connection = self.connections.get_mut(id);
        let asking = connection.and_then(|c| c.waiting.take_asking());
        let Some(Asking::Conversation {
            pair,
            wanted,
            let_go,
            ..
        }) = asking
        else {
            return;
        };
        let is_there = self.rooms.find(&pair.room).is_some();
        let is_new = !is_there && history.last == 0;
        if is_new && !wanted.says() {
            self.nothing_held(id, &pair, &wanted);
        } else if is_new && self.rooms.stored() >= self.limits.stored_rooms {
            mark(Mark::RoomsFull);
            self.refuse_answer(id, Answer::RoomsFull, wanted.given());
        } else {
            // Another one was let go of meanwhile: it may be this one, with more in it than was read.
            if !is_there && let_go == self.rooms.let_go && self.rooms.len() < self.limits.rooms {
                mark(Mark::ConversationOpened);
                let room = self.rooms.open(&pair.room, history.clone());
                self.hold(room);
            }
            self.converse(id, pair, wanted);
        }
        self.proceed(id);
    }

    /// Does what is wanted in a conversation, as soon as that is in memory.
    pub(super) fn converse(&mut self, id: ConnId, pair: Pair, wanted: Wanted) {
        if let Some(room) = self.rooms.find(&pair.room) {
            self.hold(room);
            return match wanted {
                Wanted::Say { text, given } => {
                    self.say_to_now(id, room, &pair, &text, given.as_deref());
                }
                wanted => self.show_words(id, room, &pair, &wanted),
            };
        }
        if self.rooms.len() >= self.limits.rooms {
            mark(Mark::RoomsFull);
            return self.refuse_answer(id, Answer::RoomsFull, wanted.given());
        }
        if self.rooms.is_kept() {
            return self.ask_of_conversation(id, pair, wanted, false);
        }
        if !wanted.says() {
            return self.nothing_held(id, &pair, &wanted);
        }
        self.rooms.make(&pair.room);
        self.converse(id, pair, wanted);
    }

    /// Holds a conversation in memory, and lets go of the one in which nothing was said or asked for the longest, where there
    /// are too many.
    fn hold(&mut self, room: RoomId) {
        let held = &mut self.conversations.held;
        let place = held.iter().rposition(|it| *it == room);
        match place {
            Some(place) => drop(held.remove(place)),
            None => self.rooms.attach(room),
        }
        held.push_back(room);
        while held.len() > self.limits.conversations
            && let Some(room) = held.pop_front()
        {
            mark(Mark::ConversationLetGo);
            self.rooms.detach(room);
        }
    }

    /// Answers what was said before, with the same id.
    fn said_to_again(&mut self, id: ConnId, pair: &Pair, text: &str, said: &Record) {
        if said.room != pair.room || said.kind != Kind::Said || *said.text != *text {
            mark(Mark::IdReused);
            let why = "this id was given to another text";
            return self.refuse(id, Code::IdReused, why, said.id.as_deref());
        }
        mark(Mark::SaidAgain);
        let accepted = Message::Accepted {
            room: None,
            with: Some(pair.name.as_str().into()),
            id: said.id.as_deref().map(Into::into),
            seq: said.seq,
        };
        self.note_when_kept(id, &accepted.to_line());
    }

    fn say_to_now(
        &mut self,
        id: ConnId,
        room: RoomId,
        pair: &Pair,
        text: &str,
        given: Option<&str>,
    ) {
        let Some(from) = self.name_of(id) else {
            return;
        };
        let names = self.rooms.names();
        let is_of = |name, since| names.claim_of(name).is_some_and(|it| it.since == since);
        let to = &pair.name;
        if !is_of(&from, pair.own) || !is_of(to, pair.with) {
            mark(Mark::PrivateToNobody); // One of them gave the name up while the store was asked.
            return self.refuse_answer(id, Answer::NobodyToWrite(to.as_str()), given);
        }
        if self.is_disk_full() {
            return self.refuse_answer(id, Answer::NotDone, given);
        }
        let person = self.people.find(to).map(|(_, person)| person);
        let receiver = person.and_then(|it| self.connections.get(it.conn?));
        let away = person.and_then(|it| it.away().map(Box::from));
        if receiver.is_some_and(|it| it.private() >= self.limits.private) {
            mark(Mark::PrivateHeld);
            return self.refuse_answer(id, Answer::ReadsSlowly(to), given);
        }
        let receiver = receiver.map(|it| it.dialect);
        // Whoever speaks the text dialect has read what they are sent.
        let is_waiting = receiver != Some(Dialect::Text);
        let inbox = self.rooms.accounts().find(to).map(|(_, it)| &it.inbox[..]);
        let inbox = inbox.unwrap_or_default();
        // One person alone fills nobody's up.
        let mut own = inbox.iter().filter(|it| it.with == pair.own);
        let is_own_full = own.clone().count() >= self.limits.inbox_of_one;
        if is_waiting && (is_own_full || inbox.len() >= self.limits.inbox) {
            let oldest = if is_own_full {
                own.next()
            } else {
                inbox.first()
            };
            let oldest = oldest.map(|it| (it.with, it.seq));
            let Some((with, seq)) = oldest.filter(|_| receiver.is_some()) else {
                mark(Mark::InboxFull);
                return self.refuse_answer(id, Answer::InboxFull(to), given);
            };
            // It is sent to a program that does not say what it has read.
            mark(Mark::InboxOldestRead);
            self.order_account(&read(to, &read_to_text(with, seq)));
        }
        let now = self.wall();
        let waiting = Waiting {
            with: pair.own,
            seq: self.rooms[room].log().last() + 1,
            at: now,
            from: from.clone(),
        };
        if is_waiting {
            // It comes before what it speaks of: where the end of a log is lost, nothing is said that nobody is told of.
            self.order_account(&waits(to, &waiting.to_text()));
        }
        let connection = self.connections.get(id);
        let dialect = connection.map_or(Dialect::Text, |c| c.dialect);
        let session = connection.and_then(|c| c.session.as_deref().copied());
        let command = Command::Say {
            kind: Kind::Said,
            name: &from,
            text,
            sender: session.filter(|_| given.is_some()),
            id: given,
            host: None,
        };
        let _ = self.rooms.order(room, now, command); // Nothing is ordered in it.
        let line = Line {
            from: &from,
            to,
            text,
            at: now,
            seq: Some(waiting.seq),
            id: given,
            waits: receiver.is_none(),
            past: false,
        };
        let confirms = line.to_line(dialect, true);
        self.conversations.due.push_back(Words {
            ordered: self.rooms.ordered(),
            to: to.clone(),
            claim: pair.with,
            waiting,
            text: Secret(text.into()),
            is_waiting,
        });
        self.note_when_kept(id, &confirms);
        if let Some(why) = away {
            self.note(id, &away_line(dialect, to, why));
        }
        if receiver.is_none() && dialect == Dialect::Text {
            self.tell(id, Notice::Answer(Answer::Waits(to)));
        }
        mark_if(receiver.is_none(), Mark::WordsWait);
        self.deliver_words();
    }

    /// Sends what was said to owners of names to those of them who are here, as far as it is committed.
    pub(super) fn deliver_words(&mut self) {
        while let Some(words) = self.conversations.due.front()
            && words.ordered <= self.rooms.committed()
            && let Some(words) = self.conversations.due.pop_front()
        {
            self.deliver(&words);
        }
    }

    fn deliver(&mut self, words: &Words) {
        let (to, waiting) = (&words.to, &words.waiting);
        let claim = self.rooms.names().claim_of(to);
        if claim.is_none_or(|claim| claim.since != words.claim) {
            return; // The name is not theirs any more.
        }
        let conn = self.people.find(to).and_then(|(_, person)| person.conn);
        let receiver = conn.and_then(|conn| Some((conn, self.connections.get(conn)?)));
        // They are not to be cut off for what others send them.
        let receiver = receiver.filter(|(_, it)| it.private() < self.limits.private);
        let Some((conn, dialect)) = receiver.map(|(conn, it)| (conn, it.dialect)) else {
            if !words.is_waiting {
                mark(Mark::WordsWait); // They were here when it was said.
                self.order_account(&waits(to, &waiting.to_text()));
            }
            return;
        };
        let line = Line {
            from: &waiting.from,
            to,
            text: &words.text,
            at: waiting.at,
            seq: Some(waiting.seq),
            id: None,
            waits: false,
            past: false,
        };
        let line = line.to_line(dialect, false);
        self.note(conn, &line);
        self.people.owner_wrote(&waiting.from, waiting.with, to);
        if words.is_waiting && dialect == Dialect::Text {
            self.order_account(&read(to, &read_to_text(waiting.with, waiting.seq)));
        }
    }

    /// Nothing more is sent of what is not committed.
    pub(super) fn drop_uncommitted_words(&mut self) {
        drop(mem::take(&mut self.conversations.due));
    }
}
