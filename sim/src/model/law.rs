//! Whether what is kept was rightful: who does what in which room, by all that was ordered and claimed before it.
//!
//! It follows the entries in the order in which they happened, through all lives of the server, and knows nothing else but
//! from where each client connects.

use super::rules::{Accounts, Claim, No, Rank, Rules, folded, is_in};
use crate::invariant::Invariant;
use crate::naming::are_alike;
use chat_core::{Kind, Name, Order, Record, RoomName};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// All that was ordered and claimed.
#[derive(Debug, Default)]
pub(crate) struct Law {
    pub(crate) accounts: Accounts,
    rooms: BTreeMap<RoomName, Place>,
    people: BTreeMap<String, Who>,
    /// Who was given which name, and is not yet there by what is kept.
    coming: BTreeMap<String, BTreeSet<usize>>,
    /// From where each client connects, where that counts.
    pub(crate) hosts: Vec<Option<IpAddr>>,
    /// Who has left their only room with the entry before this one: in the text dialect, they are in another one next.
    moving: Option<(String, Who)>,
    /// All names that each has had.
    names: BTreeMap<usize, BTreeSet<String>>,
    /// What was kept so far of what is counted.
    pub(crate) orders: u64,
    pub(crate) sufferers: u64,
    /// Nothing is kept: a room in which nobody is may be forgotten. What follows is known there alone.
    is_of_one_life: bool,
    /// The names of which somebody has just given the password.
    pub(crate) proved: Vec<String>,
    /// The names that somebody may have given up just before, or will have.
    fading: Vec<String>,
}

/// A room.
#[derive(Debug, Default)]
struct Place {
    rules: Rules,
    members: BTreeSet<String>,
    /// Those who are removed: their leaving comes next.
    going: BTreeSet<String>,
    /// Those who are, if the server knew by then from where they come: they leave next as well, or stay.
    may_go: BTreeSet<String>,
    /// Who made it, where that is the last thing that happened in it.
    maker: Option<String>,
    entries: u64,
    /// What was ordered in it may have been forgotten, or is not known for sure.
    is_unsure: bool,
    /// Who might ever see addresses in it.
    saw: BTreeSet<String>,
}

/// Somebody who is in a room.
#[derive(Clone, Debug)]
struct Who {
    name: String,
    client: Option<usize>,
    rooms: BTreeSet<RoomName>,
    /// Since when the server knows from where they come, 0 if it ever has: a session of which it knows by what is kept alone
    /// came from nowhere so far.
    known: Option<u64>,
}

impl Law {
    /// Of a server that keeps nothing.
    pub(crate) fn of_one_life() -> Self {
        Self {
            is_of_one_life: true,
            ..Self::default()
        }
    }

    /// A name is claimed, or has another password.
    pub(crate) fn claims(&mut self, name: &str) {
        self.accounts.is_claimed(name);
        self.note_ranks();
    }

    /// These names are given up at some time among what is told next.
    pub(crate) fn may_be_unclaimed(&mut self, names: &[String]) {
        self.fading = names.to_vec();
    }

    /// They are given up.
    pub(crate) fn are_unclaimed(&mut self, names: &[String]) {
        self.fading.clear();
        for name in names {
            self.accounts.is_unclaimed(name);
        }
    }

    fn note_ranks(&mut self) {
        for place in self.rooms.values_mut() {
            place.note_ranks(&self.accounts);
        }
    }

    /// Whether somebody has this name in some room.
    pub(crate) fn is_here(&self, name: &str) -> bool {
        self.people.contains_key(&folded(name))
    }

    /// The name that a client has, if it is in a room.
    pub(crate) fn name_of(&self, client: usize) -> Option<&str> {
        let mut people = self.people.values();
        let who = people.find(|who| who.client == Some(client));
        who.map(|who| &*who.name)
    }

    /// How many are in a room.
    pub(crate) fn members(&self, room: &RoomName) -> usize {
        self.rooms.get(room).map_or(0, |place| place.members.len())
    }

    /// From where somebody comes who is in a room, where that counts.
    pub(crate) fn host_in(&self, room: &RoomName, name: &str) -> Option<IpAddr> {
        let place = self.rooms.get(room)?;
        let who = self.people.get(&folded(name))?;
        self.host(who.client)
            .filter(|_| place.members.contains(&folded(name)))
    }

    /// A client was given a name, in joining, or goes on with it.
    pub(crate) fn is_called(&mut self, name: &str, client: usize, at: u64) {
        let key = folded(name);
        if let Some(who) = self.people.get_mut(&key) {
            who.known.get_or_insert(at);
        }
        self.coming.entry(key).or_default().insert(client);
    }

    /// The server is no more: what it knew and did not keep is forgotten.
    pub(crate) fn restarts(&mut self) {
        self.coming.clear();
        self.moving = None;
        for place in self.rooms.values_mut() {
            place.rules.waits_for_nobody();
            place.going.clear();
            place.may_go.clear();
            place.maker = None;
        }
        for who in self.people.values_mut() {
            who.known = None;
        }
    }

    /// All names that a client has had, by what is kept.
    pub(crate) fn names_of(&self, client: usize) -> impl Iterator<Item = &str> {
        let names = self.names.get(&client);
        names.into_iter().flatten().map(String::as_str)
    }

    /// It is not known what is ordered in a room next.
    pub(crate) fn is_in_doubt(&mut self, room: &RoomName) {
        if let Some(place) = self.rooms.get_mut(room) {
            place.is_unsure = true;
        }
    }

    /// What somebody is in a room.
    pub(crate) fn rank(&self, room: &RoomName, name: &str) -> Rank {
        let place = self.rooms.get(room);
        place.map_or(Rank::Anybody, |it| it.rules.rank(&self.accounts, name))
    }

    /// Whether a client could ever see addresses, in this room or in any.
    pub(crate) fn saw_addresses(&self, client: usize, room: Option<&RoomName>) -> bool {
        let places = self.rooms.iter();
        let mut places = places.filter(|(name, _)| room.is_none_or(|room| room == *name));
        places.any(|(_, place)| self.names_of(client).any(|name| place.saw.contains(name)))
    }

    /// One more entry was kept.
    pub(crate) fn follow(&mut self, record: &Record) {
        if record.room.is_accounts() {
            self.follow_account(record);
        } else {
            self.follow_room(record);
        }
    }

    fn follow_account(&mut self, record: &Record) {
        let name = record.name.as_str();
        match record.kind {
            Kind::Claimed => {
                let is_here = self.people.contains_key(&folded(name));
                let is_its = |it: &Claim| folded(&it.name) == folded(name);
                let is_right = is_here && self.accounts.like(name).all(is_its);
                Invariant::OwnNames.holds(is_right, || {
                    format!("{name} is claimed by {:?}", self.people.get(&folded(name)))
                });
                self.accounts.is_claimed(name);
            }
            Kind::Unclaimed => {
                let is_right =
                    self.people.contains_key(&folded(name)) && self.accounts.find(name).is_some();
                Invariant::OwnNames.holds(is_right, || format!("{name} is given up, and not had"));
                self.accounts.is_unclaimed(name);
            }
            Kind::Device => self.accounts.has_device(name),
            Kind::Order => {
                let is_on = &*record.text == "admin on";
                self.accounts.looks_after(name, is_on);
            }
            _ => self.accounts.last += 1,
        }
        self.note_ranks();
    }

    fn follow_room(&mut self, record: &Record) {
        let (name, at) = (record.name.as_str(), record.at);
        let key = folded(name);
        let place = self.rooms.entry(record.room.clone()).or_default();
        place.entries += 1;
        let told = || {
            format!(
                "entry {} of {}: {:?} of {name}",
                record.seq, record.room, record.kind
            )
        };
        let is_removed = |all: &BTreeSet<String>| record.kind == Kind::Left && all.contains(&key);
        let is_next = is_removed(&place.going) || is_removed(&place.may_go);
        if !is_next {
            place.may_go.clear();
        }
        Invariant::BanHolds.holds(place.going.is_empty() || is_next, || {
            format!("{} where {:?} are removed", told(), place.going)
        });
        let maker = place.maker.take();
        let client = self.people.get(&key).and_then(|who| who.client);
        let host = client.and_then(|client| *self.hosts.get(client)?);
        let moving = self.moving.take().filter(|it| it.0 == key);
        match record.kind {
            Kind::Joined => {
                if place.members.is_empty() {
                    place.rules.waits_for_nobody();
                    if self.is_of_one_life && !record.room.is_lobby() && place.entries > 1 {
                        let saw = std::mem::take(&mut place.saw);
                        *place = Place {
                            entries: 1,
                            is_unsure: true,
                            saw,
                            ..Place::default()
                        };
                    }
                }
                place.maker = (place.entries == 1).then(|| key.clone());
                self.comes(record, moving);
            }
            Kind::Left => {
                place.members.remove(&key);
                place.may_go.remove(&key);
                place.rules.is_left_by(name, host);
                self.sufferers += u64::from(place.going.remove(&key));
                let rooms = self.people.get_mut(&key).map(|who| {
                    who.rooms.remove(&record.room);
                    who.rooms.len()
                });
                if rooms == Some(0) {
                    self.moving = self.people.remove(&key).map(|who| (key, who));
                }
            }
            Kind::Renamed => self.is_renamed(record),
            Kind::Said | Kind::Acted | Kind::Topic => {
                let is_muted = place.rules.is_muted(&self.accounts, at, name, host);
                let is_muted = is_muted && !place.is_unsure;
                Invariant::Silence.holds(!is_muted, || format!("{}, who is muted", told()));
                if record.kind != Kind::Topic {
                    let waits = place.rules.is_to_wait(at, name) && !place.is_unsure;
                    let is_free = place.rules.rank(&self.accounts, name) >= Rank::Operator;
                    Invariant::Silence.holds(!waits || is_free, || format!("{}, too soon", told()));
                    place.rules.is_heard(at, name);
                }
            }
            Kind::Order => {
                let Some(order) = Order::parse(&record.text) else {
                    Invariant::WholeLines.is_broken(&format!("{} is none: {}", told(), record.text))
                };
                self.is_ordered(record, &order, maker.as_deref());
            }
            _ => Invariant::WholeLines.is_broken(&told()),
        }
    }

    /// Somebody comes into a room.
    fn comes(&mut self, record: &Record, moving: Option<(String, Who)>) {
        let (name, at) = (record.name.as_str(), record.at);
        let key = folded(name);
        let told = || {
            format!(
                "{name} comes into {} as its entry {}",
                record.room, record.seq
            )
        };
        let moving = moving.filter(|_| !self.coming.contains_key(&key));
        if let Some((name, who)) = moving {
            self.people.insert(name, who);
        }
        let is_new = !self.people.contains_key(&key);
        if is_new {
            // A claimed name is had in joining by a device alone, and spelled as it was claimed.
            let mut claims = self.accounts.like(name);
            let is_theirs =
                claims.all(|it| it.has_device && it.name == name || self.fading.contains(&it.name));
            Invariant::OwnNames.holds(is_theirs, || {
                format!("{}, and that is somebody's own", told())
            });
        }
        let coming = self.coming.remove(&key).unwrap_or_default();
        let who = self.people.entry(key.clone()).or_insert_with(|| Who {
            name: name.into(),
            client: coming.iter().next().copied().filter(|_| coming.len() == 1),
            rooms: BTreeSet::new(),
            known: Some(0),
        });
        who.rooms.insert(record.room.clone());
        let client = who.client;
        if let Some(client) = client {
            self.names.entry(client).or_default().insert(key.clone());
        }
        let host = self.host(client);
        let Some(place) = self.rooms.get_mut(&record.room) else {
            return;
        };
        let may_all_the_same = place.rules.rank(&self.accounts, name) >= Rank::Operator;
        let may_all_the_same = may_all_the_same || place.is_unsure;
        let is_banned = place.rules.is_banned(at, name, host);
        Invariant::BanHolds.holds(!is_banned || may_all_the_same, || {
            format!("{}, who is banned, from {host:?}", told())
        });
        let is_invited = place.rules.is_invited(name);
        Invariant::Invited.holds(is_invited || may_all_the_same, || {
            format!("{}, who is not invited", told())
        });
        place.rules.is_entered(name, host);
        place.members.insert(key);
    }

    fn host(&self, client: Option<usize>) -> Option<IpAddr> {
        client.and_then(|client| *self.hosts.get(client)?)
    }

    /// Somebody has another name, in one of their rooms.
    fn is_renamed(&mut self, record: &Record) {
        let (before, after) = (record.name.as_str(), &*record.text);
        let told = || format!("{before} is {after} in {}", record.room);
        if let Some(mut who) = self.people.remove(&folded(before)) {
            who.name = after.into();
            if let Some(client) = who.client {
                self.names.entry(client).or_default().insert(folded(after));
            }
            self.people.insert(folded(after), who);
            let mut claims = self.accounts.like(after);
            let is_theirs = claims.all(|it| {
                let is_proved = !self.is_of_one_life || self.proved.contains(&folded(&it.name));
                it.name == after && is_proved
                    || folded(&it.name) == folded(before)
                    || self.fading.contains(&it.name)
            });
            Invariant::OwnNames.holds(is_theirs, || format!("{}, which is somebody's own", told()));
        }
        let Some(place) = self.rooms.get_mut(&record.room) else {
            return;
        };
        let is_own = are_alike(before, after) || after.starts_with("USER");
        let may_be = place.rules.rank(&self.accounts, after) >= Rank::Operator;
        let is_banned = place.rules.is_banned(record.at, after, None);
        let may_be = may_be || place.is_unsure;
        Invariant::BanHolds.holds(!is_banned || is_own || may_be, || {
            format!("{}, which is banned", told())
        });
        place.rules.is_renamed(before, after);
        place.members.remove(&folded(before));
        place.members.insert(folded(after));
    }

    /// Somebody has ordered something.
    fn is_ordered(&mut self, record: &Record, order: &Order<'_>, maker: Option<&str>) {
        let (by, at) = (record.name.as_str(), record.at);
        let Some(place) = self.rooms.get_mut(&record.room) else {
            return;
        };
        let is_there = |name: &str| place.members.contains(&folded(name));
        let whom = order.whom().map(Name::as_str);
        let may = place
            .rules
            .may_order(&self.accounts, at, by, order, whom.is_some_and(is_there));
        // How many there are by then may not have been kept as far as that.
        let is_maker = match order {
            Order::Own(given) => maker == Some(&*folded(by)) && *given == self.accounts.last,
            Order::Op(_, given) => *given == self.accounts.last,
            _ => true,
        };
        let told = |why: &str| {
            format!(
                "{by} orders {:?} as entry {} of {}: {why}",
                record.text, record.seq, record.room
            )
        };
        Invariant::Rights.holds(
            is_there(by) && (is_maker || !self.fading.is_empty()),
            || told("not being that"),
        );
        // Of whoever may have given their name up just then, it is not known what they were.
        let is_fading = |name: &str| self.fading.iter().any(|it| are_alike(it, name));
        let is_open = is_fading(by) || whom.is_some_and(is_fading) || place.is_unsure;
        place.is_unsure &= !matches!(order, Order::Own(_));
        match may {
            _ if is_open => {}
            Ok(()) => {}
            Err(No::Unchanged) => Invariant::Rights.is_broken(&told("it is so already")),
            Err(No::Right) => Invariant::Rights.is_broken(&told("they have no right to")),
            Err(No::ToThem) => Invariant::Rights.is_broken(&told("not to them")),
            Err(No::ForThem) => Invariant::Rights.is_broken(&told("not for them")),
        }
        self.orders += u64::from(!matches!(order, Order::Own(_)));
        place.rules.is_ordered(at, by, order);
        match order {
            Order::Kick(..) | Order::Ban { whom: Some(_), .. } => {
                let whom = folded(whom.unwrap_or_default());
                if place.members.contains(&whom) {
                    place.going.insert(whom);
                }
            }
            Order::Ban {
                whom: None,
                from: Some(from),
                ..
            } => {
                for name in &place.members {
                    let who = self.people.get(name);
                    let client = who.and_then(|who| who.client);
                    let host = client.and_then(|client| *self.hosts.get(client)?);
                    let stays = place.rules.rank(&self.accounts, name) >= Rank::Operator;
                    if host.is_none_or(|host| !is_in(*from, host)) || stays {
                        continue;
                    }
                    // Within a millisecond it may be either.
                    let known = who.and_then(|who| who.known);
                    if known.is_some_and(|known| known == 0 || known + 1 < at) {
                        place.going.insert(name.clone());
                    } else {
                        place.may_go.insert(name.clone());
                    }
                }
            }
            _ => {}
        }
        place.note_ranks(&self.accounts);
    }
}

impl Place {
    /// Takes note of who may see addresses now.
    fn note_ranks(&mut self, accounts: &Accounts) {
        let owners = self.rules.ranked().map(str::to_string);
        let all = owners.chain(accounts.all().map(|it| folded(&it.name)));
        let all: Vec<String> = all.collect();
        for name in all {
            if self.rules.rank(accounts, &name) >= Rank::Operator {
                self.saw.insert(name);
            }
        }
    }
}
