//! Worlds in which names are claimed and orders given. What each peer is told is not worked out line by line here: the server
//! is held against what the screen shows, in the order in which it happens, and against the law of rooms. Nobody may do what
//! they have no right to, come in or be heard where they may not, or be sent an entry of a room from before they came or after
//! they left.

mod heard;
mod screen;

use super::law::Law;
use super::peer::Peer;
use super::peer::Taken;
use super::rules::folded;
use super::{Effect, Watched};
use crate::hashing::stand_in;
use crate::invariant::Invariant;
use chat_core::{Action, ConnId, Input, Network, Outbox, Peer as From, RoomName, SALT, Secret};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;

/// What is held against the server.
#[derive(Debug, Default)]
pub(super) struct Lightly {
    pub(super) law: Law,
    /// What travels is encrypted.
    is_secure: bool,
    /// What the screen showed of each room.
    stories: BTreeMap<RoomName, Vec<String>>,
    /// From which of its entries to which each room was open to everyone: the order that ended it is the last one.
    open: BTreeMap<RoomName, Vec<(usize, Option<usize>)>>,
    pub(super) lines: Vec<String>,
    /// Which peer has a name.
    named: BTreeMap<String, usize>,
    /// By peers.
    views: Vec<View>,
    /// The passwords of names that are claimed.
    passwords: BTreeMap<String, String>,
    /// What is being hashed.
    hashing: BTreeMap<usize, Hashed>,
    hashed: u64,
}

/// A password, and what it is to be hashed with, if that is given.
type Hashed = (String, Option<Secret<[u8; SALT]>>);

/// What is known of one peer.
#[derive(Debug, Default)]
struct View {
    stays: Vec<Stay>,
    /// How much it has sent and got that is looked at, in bytes of whole lines.
    sent: Vec<u8>,
    read: usize,
    /// Of which stay, and which entry of that, it is sent next.
    place: (usize, usize),
    /// What it has ordered of addresses, of which it is not known yet what came of it.
    addresses: VecDeque<OfAddress>,
    /// The passwords with which it has ever claimed a name.
    claims: BTreeSet<String>,
    /// Addresses that it has ever typed, and what was typed with them in one word.
    typed: BTreeSet<String>,
    /// It has asked for what happened before, or speaks JSON.
    is_apart: bool,
    /// The room that it has asked to read, and how much that had in its story then.
    reads: Option<(RoomName, usize)>,
}

/// A ban that is ordered or lifted, as it was typed: of an address, or of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
struct OfAddress {
    is_ban: bool,
    network: Option<Network>,
    time: Option<u32>,
}

/// A stay in a room: from which entry of its story to before which.
#[derive(Clone, Debug)]
struct Stay {
    room: RoomName,
    /// Under which name.
    key: String,
    from: usize,
    to: Option<usize>,
}

impl Watched {
    /// Holds the server against the law of rooms alone from now on, before anybody has come.
    #[must_use]
    pub fn lightly(mut self, is_secure: bool) -> Self {
        self.light = Some(Box::new(Lightly {
            law: Law::of_one_life(),
            is_secure,
            ..Lightly::default()
        }));
        self
    }

    /// What is held against the server lightly.
    fn light(&mut self) -> &mut Lightly {
        self.light.get_or_insert_default()
    }

    /// The room where a peer is, and how many are there.
    pub(super) fn room_lightly(light: &Lightly, peer: usize) -> (&str, usize) {
        let stay = light.views[peer]
            .stays
            .iter()
            .rev()
            .find(|it| it.to.is_none());
        let here = |room: &RoomName| light.law.members(room);
        stay.map_or(("lobby", here(&RoomName::LOBBY)), |it| {
            (it.room.as_str(), here(&it.room))
        })
    }

    pub(super) fn accept_lightly(&mut self, clock: u64, from: SocketAddr) -> Option<usize> {
        let now = self.read(clock);
        let secure = self.light().is_secure;
        let id = self.server.accept(now, From::from(from).encrypted(secure));
        self.act_lightly();
        self.read_screen();
        let id = id?;
        let number = self.peers.len();
        if self.slots.len() <= id.slot() {
            self.slots.resize(id.slot() + 1, number);
        }
        self.slots[id.slot()] = number;
        let is_limited = self.limits.limit_loopback || !from.ip().is_loopback();
        let mut peer = Peer::new(id, None, from.port(), self.seen);
        peer.phase = self.server.phase(id);
        self.peers.push(peer);
        self.open.insert(number);
        let light = self.light();
        light.views.push(View::default());
        light.law.hosts.push(Some(from.ip()).filter(|_| is_limited));
        Some(number)
    }

    pub(super) fn handle_lightly(&mut self, clock: u64, input: Input<'_>) {
        let now = self.read(clock);
        if let Input::Received(id, bytes) = input {
            let who = self.number(id);
            self.light().sends(who, bytes);
        }
        self.server.handle(now, input);
        self.act_lightly();
        self.read_screen();
    }

    /// A password of a peer has been hashed, or cannot be.
    pub fn hashed(&mut self, clock: u64, peer: usize, is_done: bool) {
        let now = self.read(clock);
        let id = self.peers[peer].id;
        let light = self.light();
        let Some((password, salt)) = light.hashing.remove(&peer) else {
            return;
        };
        light.hashed += 1;
        let verifier = stand_in(&password, salt, light.hashed);
        let name = self.peers[peer].name.as_ref().map(ToString::to_string);
        let is_here = self.server.phase(id).is_in_room();
        let was_claimed = name
            .as_ref()
            .is_some_and(|it| self.light().law.accounts.find(it).is_some());
        if salt.is_some() && is_done {
            let light = self.light();
            let theirs = light.passwords.iter().filter(|it| *it.1 == password);
            light.law.proved = theirs.map(|it| it.0.clone()).collect();
        }
        self.server
            .handle(now, Input::Hashed(id, Some(&verifier).filter(|_| is_done)));
        if let (Some(name), None, true, true) = (name, salt, is_done, is_here)
            && let Ok(own) = chat_core::Name::parse(&name)
        {
            let is_claimed = self.server.is_admin(&own).is_some();
            let light = self.light();
            let is_claim = light.views[peer].claims.contains(&password);
            if is_claimed && was_claimed != is_claim {
                light.law.claims(&name);
                light.passwords.insert(folded(&name), password);
            }
        }
        self.act_lightly();
        self.read_screen();
        self.light().law.proved.clear();
    }

    /// Carries out the actions.
    fn act_lightly(&mut self) {
        while let Some(action) = self.server.poll_action() {
            let (Action::Joined(id, _)
            | Action::Renamed(id, _)
            | Action::Finish(id)
            | Action::Close(id, _)
            | Action::Hash(id, ..)) = action
            else {
                unreachable!("there is no store to ask");
            };
            let who = self.number(id);
            Invariant::ClosedForGood.holds(self.peers[who].is_open(), || {
                format!("{action:?} after it was closed")
            });
            match action {
                Action::Joined(_, name) => {
                    let at = self.seen / 1000;
                    self.light().law.is_called(name.as_str(), who, at);
                    self.is_called(who, &name);
                    self.effects.push_back((who, Effect::Joined));
                }
                // Who that was before, is known from the screen: what came before it is there under the old name.
                Action::Renamed(_, name) => self.peers[who].has_name(name),
                Action::Hash(_, password, salt) => {
                    let light = self.light();
                    light.hashing.insert(who, (password.0.into(), salt));
                    self.effects.push_back((who, Effect::Hash));
                }
                Action::Finish(_) => {
                    self.peers[who].finished = Some(self.seen);
                    self.effects.push_back((who, Effect::Finish));
                }
                Action::Close(_, reason) => {
                    self.open.remove(&who);
                    self.blocked.remove(&who);
                    self.peers[who].closed = Some(reason);
                    self.peers[who].blocked = false;
                    self.effects.push_back((who, Effect::Close(reason)));
                }
                _ => {}
            }
        }
    }

    pub(super) fn pass_lightly(
        &mut self,
        clock: u64,
        mut socket: impl FnMut(usize, &[u8]) -> Taken,
    ) {
        let most = 100 + 20 * self.open.len() * self.open.len();
        let at_once = if self.habits.at_once { usize::MAX } else { 1 };
        let mut rounds = 0;
        while self.round_lightly(clock, at_once, &mut socket) {
            rounds += 1;
            Invariant::Rest.holds(rounds < most, || "a pass does not end".into());
        }
        self.act_lightly();
        self.read_screen();
        self.hear_lightly();
    }

    fn round_lightly(
        &mut self,
        clock: u64,
        most: usize,
        socket: &mut impl FnMut(usize, &[u8]) -> Taken,
    ) -> bool {
        let now = self.read(clock);
        let Some(mut round) = self.server.round(now, most) else {
            return false;
        };
        let ids: Vec<ConnId> = round.outboxes().1.iter().map(Outbox::id).collect();
        let written: Vec<usize> = ids
            .iter()
            .map(|id| super::number(&self.slots, &self.peers, *id))
            .collect();
        let (log, outboxes) = round.outboxes();
        for (outbox, who) in outboxes.iter_mut().zip(&written) {
            let peer = &mut self.peers[*who];
            let mut write = peer.writer(self.seen);
            outbox.write(log, |slices| {
                write.write(slices, |bytes| socket(*who, bytes))
            });
        }
        drop(round);
        self.act_lightly();
        self.read_screen();
        for who in written {
            if self.peers[who].failed && self.peers[who].is_open() {
                self.handle_lightly(clock, Input::Lost(self.peers[who].id));
            }
        }
        true
    }
}
