//! A room's state: the fold of its entries.

use crate::types::entry::{Change, Entry, Record, SessionId};
use crate::types::name::{Name, Unique};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

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
}

/// What [`State::encode`] begins with.
const VERSION: u8 = 1;

impl State {
    /// Takes note of the next entry of the room's log.
    pub fn fold(&mut self, record: &Record) {
        self.evolve(&record.entry());
    }

    /// Takes note of what happened: nothing else changes the state of a room. It never fails, whatever is
    /// missing of what came before.
    pub(crate) fn evolve(&mut self, entry: &Entry<'_>) {
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
            Change::Nothing => {}
        }
    }

    /// It as bytes: a version; then, for each member in their order, the length of the name, the name, and a 0,
    /// or a 1 and the session.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = alloc::vec![VERSION];
        for name in &self.members {
            let text = name.0.as_str().as_bytes();
            // No name is longer than that.
            out.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
            out.extend(text);
            match self.sessions.get(name) {
                None => out.push(0),
                Some(SessionId(session)) => {
                    out.push(1);
                    out.extend(session);
                }
            }
        }
        out
    }

    /// The state that these bytes are, if they are one.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(&[VERSION])?;
        let mut state = Self::default();
        while let Some((length, after)) = rest.split_first() {
            let (name, after) = after.split_at_checked(usize::from(*length))?;
            let name = Name::parse(core::str::from_utf8(name).ok()?).ok()?;
            let (has_session, after) = after.split_first()?;
            rest = after;
            let name = Unique(name);
            match has_session {
                0 => {}
                1 => {
                    let (session, after) = rest.split_first_chunk()?;
                    rest = after;
                    state.sessions.insert(name.clone(), SessionId(*session));
                }
                _ => return None,
            }
            // In their order, each once: there is one way to write a state.
            if state.members.last().is_some_and(|last| *last >= name) {
                return None;
            }
            state.members.insert(name);
        }
        Some(state)
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
    pub(super) fn has(&self, name: &Name) -> bool {
        self.members.contains(&Unique(name.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::entry::Kind;
    use proptest::prelude::*;

    fn records() -> impl Strategy<Value = Vec<Record>> {
        let kind = prop_oneof![Just(Kind::Joined), Just(Kind::Left), Just(Kind::Said)];
        let session = proptest::option::of(any::<u8>());
        let record = (kind, 0..6_usize, session).prop_map(|(kind, name, session)| Record {
            seq: 1,
            at: 0,
            kind,
            name: Name::parse(["ann", "Ann", "bob", "USER7", "c", "d.-_9"][name]).unwrap(),
            text: "".into(),
            sender: session.map(|byte| SessionId([byte; 32])),
            id: None,
        });
        proptest::collection::vec(record, 0..60)
    }

    proptest! {
        /// Whatever the entries are, as in a log of which a part was lost.
        #[test]
        fn a_snapshot_anywhere_is_as_good_as_all_entries_before_it(
            records in records(),
            at in 0..60_usize,
        ) {
            let mut whole = State::default();
            for record in &records {
                whole.fold(record);
            }
            let (before, after) = records.split_at(at.min(records.len()));
            let mut snapshot = State::default();
            for record in before {
                snapshot.fold(record);
            }
            let mut restarted = State::decode(&snapshot.encode()).unwrap();
            for record in after {
                restarted.fold(record);
            }
            prop_assert_eq!(restarted, whole);
        }

        #[test]
        fn any_bytes_are_a_state_or_none(bytes in proptest::collection::vec(0..8_u8, 0..40)) {
            if let Some(state) = State::decode(&bytes) {
                prop_assert_eq!(state.encode(), bytes);
            }
        }
    }

    #[test]
    fn what_is_changed_or_cut_is_no_state() {
        let mut state = State::default();
        for (name, session) in [("ann", Some(SessionId([7; 32]))), ("bob", None)] {
            let joined = Entry::joined(
                alloc::borrow::Cow::Owned(Name::parse(name).unwrap()),
                session,
            );
            state.evolve(&joined);
        }
        let bytes = state.encode();
        for cut in [0, 3, 5, 6, 20, bytes.len() - 1] {
            assert_eq!(State::decode(&bytes[..cut]), None, "{cut}");
        }
        let twice = [&bytes[..], &bytes[1..]].concat();
        assert_eq!(State::decode(&twice), None);
        assert_eq!(State::decode(&[&[2], &bytes[1..]].concat()), None);
    }
}
