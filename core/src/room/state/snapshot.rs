//! A state as bytes, and back: what a store has of it, so that a restart need not fold all entries.

use super::{State, Topic};
use crate::room::accounts::{Account, Accounts, Devices};
use crate::room::names::Claim;
use crate::room::rules::Rules;
use crate::types::device::Device;
use crate::types::entry::SessionId;
use crate::types::name::{Name, Unique};
use crate::types::verifier::Verifier;
use crate::types::waiting::Waiting;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// What [`State::encode`] begins with where there is no topic.
const PLAIN: u8 = 1;

/// The same where there is one.
const WITH_TOPIC: u8 = 2;

/// What is added to either where there are accounts.
const WITH_ACCOUNTS: u8 = 2;

/// What is added where something is ordered.
const WITH_RULES: u8 = 4;

/// What is added where something waits for owners of names.
const WITH_INBOXES: u8 = 16;

impl State {
    /// It as bytes: a version; with a topic, the length of its text in two bytes, the text, the length of the name of
    /// who said so, the name; with accounts, how many in four bytes, and for each, in their order, the length of the name,
    /// the name, the salt and the hash, the number of the entry since which it is theirs in eight bytes, a 0, or a 1 if they
    /// look after the server, the number of their last device in four, how many they have in two, and these, the one that was
    /// used last at the end; where something waits for any of these, how many in four bytes, and for each, in their order, the length of the name, the name, how
    /// much waits in four, and that; where something is ordered, the length of the rules as text in four bytes, and
    /// that; then, for each member in their order, the length of the name, the name, and a 0, or a 1 and the session.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let version = if self.topic.is_some() {
            WITH_TOPIC
        } else {
            PLAIN
        };
        let accounts = self.accounts.as_ref().map_or(0, |_| WITH_ACCOUNTS);
        let rules = self.rules.as_ref().map_or(0, |_| WITH_RULES);
        let inboxes = self.inboxes().count();
        let waits = if inboxes > 0 { WITH_INBOXES } else { 0 };
        out.push(version + accounts + rules + waits);
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
                encode_claim(account.claim, &mut out);
                encode_devices(&account.devices, &mut out);
            }
        }
        if inboxes > 0 {
            encode_count(inboxes, &mut out);
            for (name, inbox) in self.inboxes() {
                encode_name(name, &mut out);
                encode_count(inbox.len(), &mut out);
                for waiting in inbox {
                    waiting.encode(&mut out);
                }
            }
        }
        if let Some(rules) = &self.rules {
            let rules = rules.encode();
            let length = u32::try_from(rules.len()).unwrap_or(u32::MAX);
            out.extend(length.to_le_bytes());
            out.extend(rules.as_bytes());
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
        let parts = version.checked_sub(PLAIN)?;
        let has = |part| parts & part != 0;
        let all = WITH_TOPIC - PLAIN + WITH_ACCOUNTS + WITH_RULES + WITH_INBOXES;
        if parts & !all != 0 {
            return None;
        }
        let has_topic = has(WITH_TOPIC - PLAIN);
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
        if has(WITH_ACCOUNTS) {
            let (accounts, after) = decode_accounts(rest)?;
            rest = after;
            state.accounts = Some(Box::new(accounts));
        }
        if has(WITH_INBOXES) {
            rest = decode_inboxes(rest, state.accounts.as_mut()?)?;
        }
        if has(WITH_RULES) {
            let (length, after) = rest.split_first_chunk()?;
            let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
            let (rules, after) = after.split_at_checked(length)?;
            rest = after;
            let rules = Rules::decode(core::str::from_utf8(rules).ok()?)?;
            state.rules = Some(Box::new(rules));
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
}

fn encode_name(name: &Name, out: &mut Vec<u8>) {
    let text = name.as_str().as_bytes();
    // No name is longer than that.
    out.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
    out.extend(text);
}

/// The accounts that bytes begin with, and what follows them.
fn decode_accounts(bytes: &[u8]) -> Option<(Accounts, &[u8])> {
    let (count, mut rest) = bytes.split_first_chunk()?;
    let mut accounts = Accounts::default();
    for _ in 0..u32::from_le_bytes(*count) {
        let (name, after) = decode_name(rest)?;
        let (verifier, after) = Verifier::decode(after)?;
        let (claim, after) = decode_claim(after)?;
        let (devices, after) = decode_devices(after)?;
        rest = after;
        let account = Account {
            verifier,
            claim,
            devices,
            inbox: Vec::new(),
        };
        // There is one way to write a state.
        if !accounts.push(name, account) {
            return None;
        }
    }
    (accounts.len() > 0).then_some((accounts, rest))
}

fn encode_count(count: usize, out: &mut Vec<u8>) {
    // A server has nothing of which there is more.
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    out.extend(count.to_le_bytes());
}

/// Puts what waits for owners of names, which bytes begin with, into their accounts; what follows it.
fn decode_inboxes<'a>(bytes: &'a [u8], accounts: &mut Accounts) -> Option<&'a [u8]> {
    let (count, mut rest) = bytes.split_first_chunk()?;
    let mut before: Option<Unique> = None;
    for _ in 0..u32::from_le_bytes(*count) {
        let (name, after) = decode_name(rest)?;
        let (count, after) = after.split_first_chunk()?;
        rest = after;
        let count = u32::from_le_bytes(*count);
        let is_own = accounts.find(&name).is_some_and(|(own, _)| *own == name);
        let name = Unique(name);
        // There is one way to write it.
        let is_next = before.is_none_or(|before| before < name);
        let account = accounts
            .of(&name.0)
            .filter(|_| is_own && is_next && count > 0)?;
        for _ in 0..count {
            let (waiting, after) = Waiting::decode(rest)?;
            rest = after;
            let is_it = |it: &Waiting| (it.with, it.seq) == (waiting.with, waiting.seq);
            if account.inbox.iter().any(is_it) {
                return None;
            }
            account.inbox.push(waiting);
        }
        before = Some(name);
    }
    before.map(|_| rest)
}

fn encode_claim(claim: Claim, out: &mut Vec<u8>) {
    out.extend(claim.since.to_le_bytes());
    out.push(claim.is_admin.into());
}

fn decode_claim(bytes: &[u8]) -> Option<(Claim, &[u8])> {
    let (since, rest) = bytes.split_first_chunk()?;
    let (is_admin, rest) = rest.split_first()?;
    let claim = Claim {
        since: u64::from_le_bytes(*since),
        is_admin: match is_admin {
            0 => false,
            1 => true,
            _ => return None,
        },
    };
    Some((claim, rest))
}

fn encode_devices(devices: &Devices, out: &mut Vec<u8>) {
    out.extend(devices.last.to_le_bytes());
    // A server lets nobody have as many.
    let count = u16::try_from(devices.all().len()).unwrap_or(u16::MAX);
    out.extend(count.to_le_bytes());
    let all = devices.all().iter().take(usize::from(count));
    all.for_each(|device| device.encode(out));
}

/// The devices that bytes begin with, and what follows them.
fn decode_devices(bytes: &[u8]) -> Option<(Devices, &[u8])> {
    let (last, rest) = bytes.split_first_chunk()?;
    let (count, mut rest) = rest.split_first_chunk()?;
    let mut devices = Devices {
        last: u32::from_le_bytes(*last),
        ..Devices::default()
    };
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
    Some((devices, rest))
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
    use crate::types::entry::{Entry, Kind, Record};
    use crate::types::room_name::RoomName;
    use alloc::string::String;
    use proptest::prelude::*;

    fn records() -> impl Strategy<Value = Vec<Record>> {
        let kind = proptest::sample::select(&Kind::ALL[..]);
        let session = proptest::option::of(any::<u8>());
        let verifiers = ["7".repeat(96), "0f".repeat(48)];
        let texts = [
            "",
            "ann",
            "ANN",
            "c",
            "two words",
            "own 1",
            "op ann 0",
            "op c 2",
            "deop ann",
            "kick c",
            "ban 9 c 192.0.2.7 why",
            "ban - bob -",
            "unban c -",
            "mute ann 9",
            "mute bob -",
            "unmute ann",
            "private on",
            "private off",
            "invite c",
            "slow 7",
            "slow 0",
            "admin on",
            "admin off",
            "1",
            "2",
            "4",
            "2 1 9 bob",
            "2 2 9 bob",
            "1 1 9 c",
            "2 1",
            "1 7",
        ]
        .map(String::from);
        let devices = [(1, "x"), (2, ""), (3, "two words")]
            .map(|(number, label)| Device::new(number, 9, "token", label).to_text());
        let text = proptest::sample::select([&texts[..], &verifiers, &devices].concat());
        let record = (kind, 0..6_usize, session, text, 0..3_u64).prop_map(
            |(kind, name, session, text, at)| Record {
                room: RoomName::LOBBY,
                seq: at,
                at: 8000 * at,
                kind,
                name: Name::parse(["ann", "Ann", "bob", "USER7", "c", "d.-_9"][name]).unwrap(),
                text: text.into(),
                sender: session.map(|byte| SessionId([byte; 32])),
                id: None,
            },
        );
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
        let ann = Name::parse("ann").unwrap();
        for (name, session) in [("ann", Some(SessionId([7; 32]))), ("bob", None)] {
            let joined = Entry::joined(
                alloc::borrow::Cow::Owned(Name::parse(name).unwrap()),
                session,
            );
            state.evolve(1, 0, &joined);
        }
        let bytes = state.encode();
        for cut in [0, 3, 5, 6, 20, bytes.len() - 1] {
            assert_eq!(State::decode(&bytes[..cut]), None, "{cut}");
        }
        let twice = [&bytes[..], &bytes[1..]].concat();
        assert_eq!(State::decode(&twice), None);
        for version in [0, 5, 9, 16, 255] {
            assert_eq!(State::decode(&[&[version], &bytes[1..]].concat()), None);
        }
        let topic = Entry::of(Kind::Topic, &ann, "tea");
        state.evolve(1, 0, &topic);
        let bytes = state.encode();
        assert_eq!(State::decode(&bytes), Some(state));
        for cut in 0..bytes.len() {
            let is_whole = cut == "*??tea?ann".len() || cut == "*??tea?ann?ann?".len() + 32;
            assert_eq!(State::decode(&bytes[..cut]).is_some(), is_whole, "{cut}");
        }
        let mut state = State::default();
        let bob = Name::parse("bob").unwrap();
        for name in [&ann, &bob] {
            let text = "0f".repeat(48);
            state.evolve(0, 0, &Entry::of(Kind::Claimed, name, &text));
        }
        let bytes = state.encode();
        assert_eq!(State::decode(&bytes), Some(state));
        for cut in 0..bytes.len() {
            assert_eq!(State::decode(&bytes[..cut]), None, "{cut}");
        }
        let one = 5 + (bytes.len() - 5) / 2;
        let in_other_order = [&bytes[..5], &bytes[one..], &bytes[5..one]].concat();
        assert_eq!(State::decode(&in_other_order), None);
    }

    #[test]
    fn what_is_ordered_and_who_owns_a_name_is_in_a_snapshot_whole_or_not_at_all() {
        let [ann, bob, dan, saint] =
            ["ann", "bob", "dan", "Saint"].map(|it| Name::parse(it).unwrap());
        let text = "0f".repeat(48);
        let mut state = State::default();
        let order = |text| Entry::of(Kind::Order, &ann, text);
        let entries = [
            Entry::of(Kind::Claimed, &ann, &text),
            Entry::of(Kind::Claimed, &bob, &text),
            order("admin on"),
            order("own 7"),
            order("op bob 8"),
            order("ban 60 eve 192.0.2.7 a  troll"),
            order("ban - - 2001:db8::/32"),
            order("mute bob -"),
            order("mute eve 60 192.0.2.7"),
            order("mute dan -"),
            Entry::joined(alloc::borrow::Cow::Borrowed(&dan), None),
            Entry::of(Kind::Renamed, &dan, "Saint"),
            Entry::left(&saint),
            order("private on"),
            order("invite eve"),
            order("slow 9"),
        ];
        for (seq, entry) in (1..).zip(&entries) {
            state.evolve(seq, 1000, entry);
        }
        let bytes = state.encode();
        assert_eq!(State::decode(&bytes), Some(state.clone()));
        for cut in 0..bytes.len() {
            assert_eq!(State::decode(&bytes[..cut]), None, "{cut}");
        }
        let rules = state.rules().encode();
        let lines: Vec<&str> = rules.lines().collect();
        assert_eq!(
            lines,
            [
                "o ann 7",
                "p bob 8",
                "b eve 192.0.2.7 61000 ann a  troll",
                "b - 2001:db8::/32 - ann ",
                "m bob -",
                "m dan - - Saint",
                "m eve 61000 192.0.2.7 -",
                "c",
                "i eve",
                "s 9"
            ]
        );
        // What is over is gone with the next order.
        state.evolve(20, 61_000, &order("slow 0"));
        assert_eq!(state.rules().bans(0).count(), 1);
    }

    #[test]
    fn devices_are_kept_with_their_accounts_in_one_way_only() {
        let ann = Name::parse("ann").unwrap();
        let mut state = State::default();
        state.evolve(1, 0, &Entry::of(Kind::Claimed, &ann, &"0f".repeat(48)));
        for number in [1, 2] {
            let text = Device::new(number, 9, "token", "home").to_text();
            state.evolve(1, 0, &Entry::of(Kind::Device, &ann, &text));
        }
        let bytes = state.encode();
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
        for number in ["1", "2"] {
            state.evolve(1, 0, &Entry::of(Kind::DeviceEnded, &ann, number));
        }
        let bytes = state.encode();
        assert_eq!(
            State::decode(&bytes),
            Some(state),
            "its last number is known"
        );
    }
}
