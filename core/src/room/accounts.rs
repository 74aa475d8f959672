//! Which names belong to somebody: a log of its own, which nobody is sent, and the fold of it.

use super::names::Claim;
use crate::types::device::Device;
use crate::types::entry::{Change, Entry, Kind, Record};
use crate::types::name::{Name, Unique};
use crate::types::order::Order;
use crate::types::room_name::RoomName;
use crate::types::verifier::Verifier;
use crate::types::waiting::Waiting;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

/// Names that belong to somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Accounts(BTreeMap<Unique, Account>);

/// What a name that belongs to somebody is had by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Account {
    /// What the password is verified with.
    pub(crate) verifier: Verifier,
    pub(crate) claim: Claim,
    pub(crate) devices: Devices,
    /// What was said to its owner alone and waits for them, the oldest first.
    pub(crate) inbox: Vec<Waiting>,
}

/// The devices with which an owner comes back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Devices {
    /// The number of the last one that there was.
    pub(super) last: u32,
    /// The one that was used last comes last.
    pub(super) all: Vec<Device>,
}

impl Devices {
    /// The number of the next one.
    pub(crate) fn next(&self) -> u32 {
        self.last.saturating_add(1)
    }

    /// All of them; the one that was used last comes last.
    pub(crate) fn all(&self) -> &[Device] {
        &self.all
    }

    /// The one that has a token.
    pub(crate) fn find(&self, token: &str) -> Option<&Device> {
        self.all.iter().find(|it| it.has_token(token))
    }

    /// One has been used, or is there from now on.
    fn has_used(&mut self, device: Device) {
        self.end(device.number);
        self.last = self.last.max(device.number);
        self.all.push(device);
    }

    fn end(&mut self, number: u32) {
        self.all.retain(|it| it.number != number);
    }
}

impl Accounts {
    /// Takes note of what happened, as entry `seq`.
    pub(super) fn evolve(&mut self, seq: u64, change: Change<'_>) {
        match change {
            Change::Claims(name, verifier) => {
                // The name stays as it was written first, and of whom it was. All devices end: who sets another password may
                // do so because somebody else came in. A number that was given is never given again.
                if let Some(account) = self.of(name) {
                    account.verifier = verifier;
                    account.devices.all.clear();
                } else {
                    let claim = Claim {
                        since: seq,
                        is_admin: false,
                    };
                    let account = Account {
                        verifier,
                        claim,
                        devices: Devices::default(),
                        inbox: Vec::new(),
                    };
                    self.0.insert(Unique(name.clone()), account);
                }
            }
            Change::Orders(name, Order::Admin(is_on)) => {
                if let Some(account) = self.of(name) {
                    account.claim.is_admin = is_on;
                }
            }
            Change::Uses(name, device) => {
                if let Some(account) = self.of(name) {
                    account.devices.has_used(device);
                }
            }
            Change::Ends(name, number) => {
                if let Some(account) = self.of(name) {
                    account.devices.end(number);
                }
            }
            Change::Waits(name, waiting) => {
                if let Some(account) = self.of(name) {
                    // Where the end of a log was lost, a number is given again.
                    let is_other = |it: &Waiting| (it.with, it.seq) != (waiting.with, waiting.seq);
                    account.inbox.retain(is_other);
                    account.inbox.push(waiting);
                }
            }
            Change::Reads(name, with, seq) => {
                if let Some(account) = self.of(name) {
                    account.inbox.retain(|it| it.with != with || it.seq > seq);
                }
            }
            Change::Unclaims(name) => drop(self.0.remove(&Unique(name.clone()))),
            _ => {}
        }
    }

    /// Nothing waits for anybody any more.
    pub(super) fn forget_all(&mut self) {
        for account in self.0.values_mut() {
            account.inbox.clear();
        }
    }

    pub(super) fn of(&mut self, name: &Name) -> Option<&mut Account> {
        self.0.get_mut(&Unique(name.clone()))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// A name as its owner wrote it first, whatever case this one is in, and what it is had by.
    pub(crate) fn find(&self, name: &Name) -> Option<(&Name, &Account)> {
        let found = self.0.get_key_value(&Unique(name.clone()));
        found.map(|(name, account)| (&name.0, account))
    }

    /// All of them, in the order of the names.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (&Name, &Account)> {
        self.0.iter().map(|(name, account)| (&name.0, account))
    }

    /// Puts one after all others; whether it comes after them.
    pub(super) fn push(&mut self, name: Name, account: Account) -> bool {
        let name = Unique(name);
        let is_next = self.0.last_key_value().is_none_or(|(last, _)| *last < name);
        self.0.insert(name, account);
        is_next
    }
}

/// The log of the accounts. Of its entries, only those are held that are still to be put into the store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct AccountLog {
    name: RoomName,
    accounts: Accounts,
    /// The number of the last entry.
    last: u64,
    pending: VecDeque<Record>,
}

impl Default for AccountLog {
    fn default() -> Self {
        Self::restored(0, Accounts::default())
    }
}

impl AccountLog {
    /// One that goes on with what a store has.
    pub(crate) fn restored(last: u64, accounts: Accounts) -> Self {
        Self {
            name: RoomName::accounts(),
            accounts,
            last,
            pending: VecDeque::new(),
        }
    }

    pub(crate) fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// The number of the last entry.
    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    /// Puts an entry after the others. `is_kept`: it is to be put into a store.
    pub(crate) fn append(&mut self, at: u64, entry: &Entry<'_>, is_kept: bool) {
        self.last += 1;
        self.accounts.evolve(self.last, entry.change());
        if is_kept {
            self.pending.push_back(Record {
                room: self.name.clone(),
                seq: self.last,
                at,
                kind: entry.kind,
                name: Name::clone(&entry.name),
                text: entry.text.into(),
                sender: None,
                id: None,
            });
        }
    }

    /// What two say to each other alone is not held any more, and no store keeps it: nothing of it waits.
    pub(crate) fn forget(&mut self, conversation: &RoomName) {
        for account in self.accounts.0.values_mut() {
            let own = account.claim.since;
            let is_of_it =
                |it: &Waiting| RoomName::conversation(own, it.with).as_ref() == Some(conversation);
            account.inbox.retain(|it| !is_of_it(it));
        }
    }

    /// Takes the entries up to this one that are to be put into the store.
    pub(crate) fn take_pending(&mut self, last: u64) -> Vec<Record> {
        let count = self.pending.partition_point(|it| it.seq <= last);
        self.pending.drain(..count).collect()
    }

    /// Nothing more is put into a store.
    pub(crate) fn part_from_store(&mut self) {
        self.pending.clear();
    }
}

/// A name is of this person from now on, or has this password.
pub(crate) fn claimed<'a>(name: &'a Name, verifier: &'a str) -> Entry<'a> {
    Entry::of(Kind::Claimed, name, verifier)
}

/// Whoever has a name looks after the server, or no more: the text is what the order says.
pub(crate) fn administers<'a>(name: &'a Name, order: &'a str) -> Entry<'a> {
    Entry::of(Kind::Order, name, order)
}

/// A name is nobody's own any more.
pub(crate) fn unclaimed(name: &Name) -> Entry<'_> {
    Entry::of(Kind::Unclaimed, name, "")
}

/// Something that was said to a name's owner alone waits for them, as [`Waiting::to_text`] writes it.
pub(crate) fn waits<'a>(name: &'a Name, waiting: &'a str) -> Entry<'a> {
    Entry::of(Kind::Waits, name, waiting)
}

/// A name's owner has read what waited for them, as [`read_to_text`](crate::types::waiting::read_to_text) writes it.
pub(crate) fn read<'a>(name: &'a Name, up_to: &'a str) -> Entry<'a> {
    Entry::of(Kind::Read, name, up_to)
}

/// A device of a name's owner, as [`Device::to_text`] writes it, is there from now on, or has been used.
pub(crate) fn used<'a>(name: &'a Name, device: &'a str) -> Entry<'a> {
    Entry::of(Kind::Device, name, device)
}

/// A device of a name's owner is of no use any more: the one of this number.
pub(crate) fn ended<'a>(name: &'a Name, number: &'a str) -> Entry<'a> {
    Entry::of(Kind::DeviceEnded, name, number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::secret::Secret;
    use crate::types::verifier::{HASH, SALT};

    fn verifier(byte: u8) -> Verifier {
        Verifier {
            salt: Secret([byte; SALT]),
            hash: Secret([byte; HASH]),
        }
    }

    #[test]
    fn a_name_has_its_last_password_and_the_letters_of_its_first_until_it_is_given_up() {
        let [ann, capital] = ["ann", "ANN"].map(|it| Name::parse(it).unwrap());
        let mut log = AccountLog::default();
        log.append(0, &claimed(&ann, &verifier(1).to_text()), true);
        log.append(0, &claimed(&capital, &verifier(2).to_text()), true);
        let all = log.accounts();
        let found = all.find(&capital).map(|(name, it)| (name, &it.verifier));
        assert_eq!(found, Some((&ann, &verifier(2))));
        assert_eq!(all.len(), 1);
        log.append(0, &unclaimed(&capital), true);
        assert_eq!(log.accounts(), &Accounts::default());
        assert_eq!(log.last(), 3);
    }

    #[test]
    fn devices_are_in_the_order_of_their_use_until_they_end_or_the_password_changes() {
        let [ann, bob] = ["ann", "bob"].map(|it| Name::parse(it).unwrap());
        let text = |number| Device::new(number, 5, "token", "").to_text();
        let mut log = AccountLog::default();
        log.append(0, &used(&ann, &text(1)), true);
        assert_eq!(
            log.accounts(),
            &Accounts::default(),
            "nobody owns that name"
        );
        let claim = verifier(1).to_text();
        log.append(0, &claimed(&ann, &claim), true);
        let numbers = |log: &AccountLog| {
            let (_, account) = log.accounts().find(&ann).unwrap();
            let all = account.devices.all().iter().map(|it| it.number);
            (account.devices.next(), all.collect::<Vec<_>>())
        };
        for (number, next, all) in [
            (1, 2, &[1][..]),
            (2, 3, &[1, 2]),
            (3, 4, &[1, 2, 3]),
            (1, 4, &[2, 3, 1]),
        ] {
            log.append(0, &used(&ann, &text(number)), true);
            assert_eq!(numbers(&log), (next, all.to_vec()));
        }
        for nothing in [&ended(&ann, "9"), &ended(&bob, "2"), &ended(&ann, "02")] {
            log.append(0, nothing, true);
            assert_eq!(numbers(&log), (4, [2, 3, 1].to_vec()));
        }
        log.append(0, &ended(&ann, "3"), true);
        assert_eq!(numbers(&log), (4, [2, 1].to_vec()));
        log.append(0, &claimed(&ann, &claim), true);
        assert_eq!(numbers(&log), (4, [].to_vec()));
        log.append(0, &unclaimed(&ann), true);
        log.append(0, &claimed(&ann, &claim), true);
        assert_eq!(numbers(&log), (1, [].to_vec()));
    }

    #[test]
    fn an_entry_is_given_to_the_store_once_and_shows_no_hash() {
        let ann = Name::parse("ann").unwrap();
        let text = verifier(7).to_text();
        let mut log = AccountLog::default();
        log.append(5, &claimed(&ann, &text), false);
        log.append(6, &claimed(&ann, &text), true);
        log.append(7, &unclaimed(&ann), true);
        let numbers = |records: &[Record]| records.iter().map(|it| it.seq).collect::<Vec<_>>();
        let records = log.take_pending(2);
        assert_eq!(numbers(&records), [2], "the first is not to be kept");
        assert_eq!(&*records[0].text, text);
        let shown = alloc::format!("{records:?}{:?}", claimed(&ann, &text));
        assert!(!shown.contains("07") && shown.contains('…'), "{shown}");
        assert_eq!(numbers(&log.take_pending(9)), [3]);
    }
}
