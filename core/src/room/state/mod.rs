//! A room's state: the fold of its entries.

mod snapshot;

use super::accounts::Accounts;
use super::rules::Rules;
use crate::types::entry::{Change, Entry, Record, SessionId};
use crate::types::name::{Name, Unique};
use crate::types::order::Order;
use crate::types::waiting::Waiting;
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};

/// The state of a room: all that its entries come to. Whoever stores entries stores it besides, as bytes
/// that nobody else looks into, so that a restart need not fold all of them.
///
/// ```
/// use chat_core::State;
/// let state = State::default();
/// assert_eq!(State::decode(&state.encode()), Some(state));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    members: BTreeSet<Unique>,
    /// The sessions of those that joined in one.
    sessions: BTreeMap<Unique, SessionId>,
    topic: Option<Topic>,
    /// In the log of the accounts alone.
    accounts: Option<Box<Accounts>>,
    /// What is ordered; most rooms are without.
    rules: Option<Box<Rules>>,
}

/// What a room is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Topic {
    pub(crate) text: Box<str>,
    /// Who said so.
    pub(crate) by: Name,
}

impl State {
    /// Takes note of the next entry of the room's log.
    pub fn fold(&mut self, record: &Record) {
        self.evolve(record.seq, record.at, &record.entry());
    }

    /// Takes note of what happened, as entry `seq`, at this time: nothing else changes the state of a room. It never fails,
    /// whatever is missing of what came before.
    pub(crate) fn evolve(&mut self, seq: u64, at: u64, entry: &Entry<'_>) {
        match entry.change() {
            Change::Enters(name, session) => {
                let name = Unique(name.clone());
                match session {
                    Some(session) => drop(self.sessions.insert(name.clone(), session)),
                    None => drop(self.sessions.remove(&name)),
                }
                self.members.insert(name);
            }
            Change::Leaves(name) => {
                let name = Unique(name.clone());
                self.sessions.remove(&name);
                self.members.remove(&name);
            }
            Change::Renames(before, after) => {
                let before = Unique(before.clone());
                let session = self.sessions.remove(&before);
                if self.members.remove(&before) {
                    let after = Unique(after);
                    if let Some(session) = session {
                        self.sessions.insert(after.clone(), session);
                    }
                    if let Some(rules) = &mut self.rules {
                        rules.rename(&before.0, &after.0);
                    }
                    // Of another case, it is the same name.
                    self.members.replace(after);
                }
            }
            Change::Topic(by, text) => {
                self.topic = (!text.is_empty()).then(|| Topic {
                    text: text.into(),
                    by: by.clone(),
                });
            }
            change @ (Change::Claims(..)
            | Change::Unclaims(_)
            | Change::Uses(..)
            | Change::Ends(..)
            | Change::Waits(..)
            | Change::Reads(..)
            | Change::Orders(_, Order::Admin(_))) => {
                let mut accounts = self.accounts.take().unwrap_or_default();
                accounts.evolve(seq, change);
                self.accounts = Some(accounts).filter(|it| it.len() > 0);
            }
            Change::Orders(by, order) => {
                let mut rules = self.rules.take().unwrap_or_default();
                rules.evolve(at, by, order);
                self.rules = Some(rules).filter(|it| !it.is_none());
            }
            Change::Nothing => {}
        }
    }

    /// What waits for owners of names, for whom anything does, in the order of the names.
    fn inboxes(&self) -> impl Iterator<Item = (&Name, &[Waiting])> {
        let all = self.accounts.iter().flat_map(|it| it.iter());
        let inboxes = all.map(|(name, account)| (name, &account.inbox[..]));
        inboxes.filter(|(_, inbox)| !inbox.is_empty())
    }

    /// Whether anybody is in the room.
    pub fn has_members(&self) -> bool {
        !self.members.is_empty()
    }

    /// Nothing waits any more for owners of names, in the log that has the accounts; whether anything did.
    pub fn forget_waiting(&mut self) -> bool {
        let is_waiting = self.inboxes().next().is_some();
        if let Some(accounts) = &mut self.accounts {
            accounts.forget_all();
        }
        is_waiting
    }

    /// The accounts, in the log that has them.
    pub(crate) fn take_accounts(&mut self) -> Accounts {
        self.accounts
            .take()
            .map_or_else(Accounts::default, |it| *it)
    }

    /// What is ordered in the room.
    pub(crate) fn rules(&self) -> &Rules {
        self.rules.as_deref().unwrap_or(Rules::none())
    }

    /// The same, where anybody may be kept from saying something.
    pub(super) fn restraints(&self) -> Option<&Rules> {
        self.rules.as_deref().filter(|rules| rules.restrain())
    }

    /// What the room is about, if anybody has said so.
    pub(crate) fn topic(&self) -> Option<&Topic> {
        self.topic.as_ref()
    }

    /// The names of all who are in the room, in order.
    pub(crate) fn members(&self) -> impl ExactSizeIterator<Item = &Name> {
        self.members.iter().map(|name| &name.0)
    }

    /// All who are in the room, in order, and the sessions of those who have one.
    pub(crate) fn present(&self) -> impl Iterator<Item = (&Name, Option<SessionId>)> {
        let sessions = |name: &Unique| self.sessions.get(name).copied();
        self.members.iter().map(move |it| (&it.0, sessions(it)))
    }

    /// Whether somebody in the room has a name, in whatever case.
    pub(crate) fn has(&self, name: &Name) -> bool {
        self.members.contains(&Unique(name.clone()))
    }
}
