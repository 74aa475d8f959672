//! A room's state: the fold of its entries.

use super::accounts::{Account, Accounts};
use crate::types::device::Device;
use crate::types::entry::{Change, Entry, Record, SessionId};
use crate::types::name::{Name, Unique};
use crate::types::verifier::Verifier;
use alloc::boxed::Box;
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
    topic: Option<Topic>,
    /// In the log of the accounts alone.
    accounts: Option<Box<Accounts>>,
}

/// What a room is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Topic {
    pub(crate) text: Box<str>,
    /// Who said so.
    pub(crate) by: Name,
}

/// What [`State::encode`] begins with where there is no topic.
const PLAIN: u8 = 1;

/// The same where there is one.
const WITH_TOPIC: u8 = 2;

/// What is added to either where there are accounts.
const WITH_ACCOUNTS: u8 = 2;

/// What is added instead where one of them has, or had, a device.
const WITH_DEVICES: u8 = 4;

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
            Change::Renames(before, after) => {
                let before = Unique(before.clone());
                let session = self.sessions.remove(&before);
                if self.members.remove(&before) {
                    let after = Unique(after);
                    if let Some(session) = session {
                        self.sessions.insert(after.clone(), session);
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
            | Change::Ends(..)) => {
                let mut accounts = self.accounts.take().unwrap_or_default();
                accounts.evolve(change);
                self.accounts = Some(accounts).filter(|it| it.len() > 0);
            }
            Change::Nothing => {}
        }
    }

    /// It as bytes: a version; with a topic, the length of its text in two bytes, the text, the length of the name of
    /// who said so, the name; with accounts, how many in four bytes, and for each, in their order, the length of the name,
    /// the name, the salt and the hash, and, if one of them has or had a device, the number of the last one in four bytes, how
    /// many there are in two, and these, the one that was used last at the end; then, for each member in their order, the length
    /// of the name, the name, and a 0, or a 1 and the session.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let version = if self.topic.is_some() {
            WITH_TOPIC
        } else {
            PLAIN
        };
        let has_devices = |accounts: &Accounts| {
            let mut all = accounts.iter();
            all.any(|(_, account)| !account.devices.is_untouched())
        };
        let more = match &self.accounts {
            None => 0,
            Some(accounts) if has_devices(accounts) => WITH_DEVICES,
            Some(_) => WITH_ACCOUNTS,
        };
        out.push(version + more);
        if let Some(Topic { text, by }) = &self.topic {
            // No text is longer than that.
            out.extend(u16::try_from(text.len()).unwrap_or(u16::MAX).to_le_bytes());
            out.extend(text.as_bytes());
            encode_name(by, &mut out);
        }
        if let Some(accounts) = &self.accounts {
            let count = u32::try_from(accounts.len()).unwrap_or(u32::MAX);
            out.extend(count.to_le_bytes());
            for (name, account) in accounts.iter() {
                encode_name(name, &mut out);
                out.extend(account.verifier.bytes());
                if more == WITH_DEVICES {
                    encode_devices(account, &mut out);
                }
            }
        }
        for name in &self.members {
            encode_name(&name.0, &mut out);
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
        let (version, mut rest) = bytes.split_first()?;
        let mut state = Self::default();
        let (has_topic, more) = match *version {
            it @ (PLAIN..=6) if it % 2 == PLAIN => (false, it - PLAIN),
            it @ (WITH_TOPIC..=6) => (true, it - WITH_TOPIC),
            _ => return None,
        };
        if has_topic {
            let (length, after) = rest.split_first_chunk()?;
            let length = usize::from(u16::from_le_bytes(*length));
            let (text, after) = after.split_at_checked(length)?;
            let text = core::str::from_utf8(text)
                .ok()
                .filter(|it| !it.is_empty())?;
            let (by, after) = decode_name(after)?;
            rest = after;
            state.topic = Some(Topic {
                text: text.into(),
                by,
            });
        }
        if more > 0 {
            let (accounts, after) = decode_accounts(rest, more == WITH_DEVICES)?;
            rest = after;
            state.accounts = Some(Box::new(accounts));
        }
        while !rest.is_empty() {
            let (name, after) = decode_name(rest)?;
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

    /// Whether anybody is in the room.
    pub fn has_members(&self) -> bool {
        !self.members.is_empty()
    }

    /// The accounts, in the log that has them.
    pub(crate) fn take_accounts(&mut self) -> Accounts {
        self.accounts
            .take()
            .map_or_else(Accounts::default, |it| *it)
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

fn encode_name(name: &Name, out: &mut Vec<u8>) {
    let text = name.as_str().as_bytes();
    // No name is longer than that.
    out.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
    out.extend(text);
}

/// The accounts that bytes begin with, and what follows them.
fn decode_accounts(bytes: &[u8], has_devices: bool) -> Option<(Accounts, &[u8])> {
    let (count, mut rest) = bytes.split_first_chunk()?;
    let mut accounts = Accounts::default();
    let mut is_any_touched = false;
    for _ in 0..u32::from_le_bytes(*count) {
        let (name, after) = decode_name(rest)?;
        let (verifier, after) = Verifier::decode(after)?;
        rest = after;
        let mut account = Account::from(verifier);
        if has_devices {
            rest = decode_devices(&mut account, rest)?;
        }
        is_any_touched |= !account.devices.is_untouched();
        if !accounts.push(name, account) {
            return None;
        }
    }
    // There is one way to write a state.
    (accounts.len() > 0 && is_any_touched == has_devices).then_some((accounts, rest))
}

fn encode_devices(account: &Account, out: &mut Vec<u8>) {
    let devices = &account.devices;
    out.extend(devices.last.to_le_bytes());
    // A server lets nobody have as many.
    let count = u16::try_from(devices.all().len()).unwrap_or(u16::MAX);
    out.extend(count.to_le_bytes());
    let all = devices.all().iter().take(usize::from(count));
    all.for_each(|device| device.encode(out));
}

/// Gives an account the devices that bytes begin with; what follows them.
fn decode_devices<'a>(account: &mut Account, bytes: &'a [u8]) -> Option<&'a [u8]> {
    let (last, rest) = bytes.split_first_chunk()?;
    let (count, mut rest) = rest.split_first_chunk()?;
    let devices = &mut account.devices;
    devices.last = u32::from_le_bytes(*last);
    for _ in 0..u16::from_le_bytes(*count) {
        let (device, after) = Device::decode(rest)?;
        rest = after;
        let number = device.number;
        // Each once.
        if number > devices.last || devices.all.iter().any(|it| it.number == number) {
            return None;
        }
        devices.all.push(device);
    }
    Some(rest)
}

/// The name that bytes begin with, and what follows it.
fn decode_name(bytes: &[u8]) -> Option<(Name, &[u8])> {
    let (length, rest) = bytes.split_first()?;
    let (name, rest) = rest.split_at_checked(usize::from(*length))?;
    let name = Name::parse(core::str::from_utf8(name).ok()?).ok()?;
    Some((name, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::entry::Kind;
    use crate::types::room_name::RoomName;
    use alloc::string::String;
    use proptest::prelude::*;

    fn records() -> impl Strategy<Value = Vec<Record>> {
        let kind = proptest::sample::select(&Kind::ALL[..]);
        let session = proptest::option::of(any::<u8>());
        let verifiers = ["7".repeat(96), "0f".repeat(48)];
        let devices = [(1, "x"), (2, ""), (3, "two words")]
            .map(|(number, label)| Device::new(number, 9, "token", label).to_text());
        let texts = ["", "ann", "ANN", "c", "two words", "1", "2", "4"].map(String::from);
        let text = proptest::sample::select([&texts[..], &verifiers, &devices].concat());
        let record =
            (kind, 0..6_usize, session, text).prop_map(|(kind, name, session, text)| Record {
                room: RoomName::LOBBY,
                seq: 1,
                at: 0,
                kind,
                name: Name::parse(["ann", "Ann", "bob", "USER7", "c", "d.-_9"][name]).unwrap(),
                text: text.into(),
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
        for version in [0, 5, 6, 7, 255] {
            assert_eq!(State::decode(&[&[version], &bytes[1..]].concat()), None);
        }
        state.evolve(&Entry::of(Kind::Topic, &Name::parse("ann").unwrap(), "tea"));
        let bytes = state.encode();
        assert_eq!(State::decode(&bytes), Some(state));
        for cut in 0..bytes.len() {
            let is_whole = cut == "*??tea?ann".len() || cut == "*??tea?ann?ann?".len() + 32;
            assert_eq!(State::decode(&bytes[..cut]).is_some(), is_whole, "{cut}");
        }
        let mut state = State::default();
        for name in ["ann", "bob"] {
            let text = "0f".repeat(48);
            state.evolve(&Entry::of(
                Kind::Claimed,
                &Name::parse(name).unwrap(),
                &text,
            ));
        }
        let bytes = state.encode();
        assert_eq!(State::decode(&bytes), Some(state));
        for cut in 0..bytes.len() {
            assert_eq!(State::decode(&bytes[..cut]), None, "{cut}");
        }
        let in_other_order = [&bytes[..5], &bytes[57..], &bytes[5..57]].concat();
        assert_eq!(State::decode(&in_other_order), None);
    }

    #[test]
    fn devices_are_kept_with_their_accounts_in_one_way_only() {
        let ann = Name::parse("ann").unwrap();
        let mut state = State::default();
        state.evolve(&Entry::of(Kind::Claimed, &ann, &"0f".repeat(48)));
        let without = state.encode();
        for number in [1, 2] {
            let text = Device::new(number, 9, "token", "home").to_text();
            state.evolve(&Entry::of(Kind::Device, &ann, &text));
        }
        let bytes = state.encode();
        assert_eq!((without[0], bytes[0]), (3, 5));
        assert_eq!(State::decode(&bytes).as_ref(), Some(&state));
        for cut in 0..bytes.len() {
            assert_eq!(State::decode(&bytes[..cut]), None, "{cut}");
        }
        // The second of them is the first once more; or is beyond the last.
        let second = bytes.len() - (4 + 8 + 32 + 1 + 4);
        for number in [1, 3] {
            let mut other = bytes.clone();
            other[second] = number;
            assert_eq!(State::decode(&other), None);
        }
        // Where no account had one, it is written without.
        let none = [&[5], &without[1..], &[0; 6]].concat();
        assert_eq!(State::decode(&none), None);
        for number in ["1", "2"] {
            state.evolve(&Entry::of(Kind::DeviceEnded, &ann, number));
        }
        let bytes = state.encode();
        assert_eq!(
            State::decode(&bytes),
            Some(state),
            "its last number is known"
        );
    }
}
