//! Orders: what somebody does in a room by the rights that they have there, and what comes of it for those it is done to
//! (PROTOCOL.md, "Order"). Whether they may is decided where all commands are.

use super::Server;
use super::asking::From;
use super::io::CloseReason;
use super::phase::Event;
use crate::room::RoomId;
use crate::room::decide::{Command, Refusal};
use crate::types::conn_id::ConnId;
use crate::types::limits::{MAX_LINE, MAX_ORDER_REASON};
use crate::types::name::{Name, Unique};
use crate::types::network::Network;
use crate::types::order::Order;
use crate::types::peer::Host;
use crate::types::rights::{Right, Role};
use crate::wire::answer::Answer;
use crate::wire::asked::Asked;
use crate::wire::dialect::Dialect;
use crate::wire::json::{BanOf, Message};
use crate::wire::notice::{Notice, Removal, bans};
use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

impl Server {
    /// Orders something in a room, for somebody who is there by a connection.
    pub(super) fn order(
        &mut self,
        id: ConnId,
        room: RoomId,
        asked: &Asked<'_>,
        given: Option<&str>,
    ) {
        let Some(name) = self.name_of(id) else {
            return;
        };
        if self.is_disk_full() {
            return self.refuse_answer(id, Answer::NotDone, given);
        }
        if let Asked::Redact(which) = asked {
            return self.redact(id, room, which, given);
        }
        if room == RoomId::LOBBY && matches!(asked, Asked::Close(_)) {
            return self.refuse_answer(id, Answer::LobbyIsOpen, given);
        }
        let order = match self.meant(room, asked) {
            Ok(order) => order,
            Err(answer) => return self.refuse_answer(id, answer, given),
        };
        let may = self.role_in(id, room).may(Right::Private, None);
        if room == RoomId::LOBBY && order == Order::Private(true) && may {
            // Everyone begins there, before anybody can know who they are.
            return self.refuse_answer(id, Answer::LobbyIsOpen, given);
        }
        let (name, text, now) = (&name, order.to_text(), self.wall());
        let command = Command::Order { name, text: &text };
        if let Err(why) = self.rooms.order(room, now, command) {
            let has_owner = self.rooms[room].room.state.rules().has_owner();
            let answer = match refused(why, &order, asked) {
                Answer::NoRight(right) if room != RoomId::LOBBY && !has_owner => {
                    Answer::NobodyOwnsIt(right)
                }
                answer => answer,
            };
            return self.refuse_answer(id, answer, given);
        }
        self.accept_change(id, room, given);
        self.show_address(room, &order);
        if self.keeps_nobody_out(&order) {
            self.tell(id, Notice::Answer(Answer::KeepsNobodyOut));
        }
        self.take_right_of_banned(room, name, &order);
        self.carry_out_order(room, name, &order);
    }

    /// Who is kept out keeps no order any more: only whoever may take that right away may ban them.
    fn take_right_of_banned(&mut self, room: RoomId, by: &Name, order: &Order<'_>) {
        if let Order::Ban {
            whom: Some(whom), ..
        } = order
            && self.rooms.role(room, whom) == Role::Operator
        {
            let (text, now) = (Order::Deop(whom.clone()).to_text(), self.wall());
            let command = Command::Order {
                name: by,
                text: &text,
            };
            let _ = self.rooms.order(room, now, command); // They may, or could not have banned them.
        }
    }

    /// Whom an order is for: somebody who is here, or else whoever has that name, or comes from there.
    pub(super) fn meant<'a>(
        &self,
        room: RoomId,
        asked: &'a Asked<'_>,
    ) -> Result<Order<'a>, Answer<'a>> {
        let name = |asked: &'a str| {
            let here = self.called(asked);
            let name = here.map_or_else(|| Name::parse(asked).ok(), Some);
            name.ok_or(Answer::NobodyIs(asked))
        };
        let reason = |text: &'a str| {
            let is_short = text.len() <= MAX_ORDER_REASON;
            is_short.then_some(text).ok_or(Answer::ReasonTooLong)
        };
        let by = self.rooms.names().last_claim();
        let rules = self.rooms[room].room.state.rules();
        Ok(match asked {
            Asked::Op(whom) => Order::Op(name(whom)?, by),
            Asked::Deop(whom) => Order::Deop(name(whom)?),
            Asked::Kick(whom, why) => Order::Kick(name(whom)?, reason(why)?),
            Asked::Ban {
                whom,
                time,
                reason: why,
            } => {
                let (whom, from) = if let Some(network) = Network::parse(whom) {
                    (None, Some(network))
                } else {
                    if Network::is_meant_by(whom) && self.called(whom).is_none() {
                        return Err(Answer::NoAddress(whom));
                    }
                    let name = name(whom)?;
                    let host = self.host_in(room, &name).map(Network::of_host);
                    // What kept them out before by the same name goes on to.
                    let known = || rules.ban_by_name(self.wall(), &name)?.from;
                    let from = host.or_else(known);
                    (Some(name), from)
                };
                Order::Ban {
                    whom,
                    from,
                    time: *time,
                    reason: reason(why)?,
                }
            }
            Asked::Unban(whom) => {
                let network = Network::parse(whom);
                // Who is kept out may be here all the same, in another room or under another name.
                let name = Name::parse(whom).ok().filter(|_| network.is_none());
                if network.is_none() && name.is_none() {
                    let is_address = Network::is_meant_by(whom);
                    return Err(if is_address {
                        Answer::NoAddress(whom)
                    } else {
                        Answer::NobodyIs(whom)
                    });
                }
                Order::Unban(name, network)
            }
            Asked::Mute(whom, time) => {
                let name = name(whom)?;
                let host = self.host_in(room, &name).map(Network::of_host);
                // What they were silent by before goes on.
                let known = || rules.muted_from(&name, self.wall());
                let from = host.or_else(known);
                Order::Mute(name, *time, from)
            }
            Asked::Unmute(whom) => {
                let name = name(whom)?;
                let host = self.host_in(room, &name);
                let host = host.filter(|it| rules.mutes_from(*it, self.wall()));
                Order::Unmute(name, host.map(Network::of_host))
            }
            Asked::Private(is_on) => Order::Private(*is_on),
            Asked::Invite(whom) => Order::Invite(name(whom)?),
            Asked::Slow(seconds) => Order::Slow(*seconds),
            Asked::Close(why) => Order::Close(reason(why)?),
            Asked::Reopen => Order::Reopen,
            Asked::Redact(_) => return Err(Answer::NoEntry), // It is looked for elsewhere.
        })
    }

    /// Whether an order is a ban of the server's own machine alone, which no limit of a host holds for.
    fn keeps_nobody_out(&self, order: &Order<'_>) -> bool {
        let Order::Ban { whom, from, .. } = order else {
            return false;
        };
        whom.is_none() && from.is_some_and(Network::is_loopback) && !self.limits.limit_loopback
    }

    /// From where a connection comes, where that counts.
    pub(super) fn limited_host(&self, id: ConnId) -> Option<Host> {
        let connection = self.connections.get(id)?;
        connection.limited.then_some(connection.peer.host)
    }

    /// The same of somebody who is in a room, or anywhere on the server where that is the lobby.
    fn host_in(&self, room: RoomId, name: &Name) -> Option<Host> {
        if room != RoomId::LOBBY && !self.rooms[room].room.state.has(name) {
            return None;
        }
        let (_, person) = self.people.find(name)?;
        match person.conn {
            Some(id) => self.limited_host(id),
            None => self.sessions.host_of_waiting(name),
        }
    }

    /// Does to people what is ordered.
    pub(super) fn carry_out_order(&mut self, room: RoomId, by: &Name, order: &Order<'_>) {
        self.end_readers(room, order);
        let ends = |now: u64, time: u32| now.saturating_add(u64::from(time) * 1000);
        let until = order.time().map(|time| ends(self.wall(), time));
        let reason = order.reason();
        match order {
            Order::Kick(whom, _) => self.remove(room, whom, Removal::Kicked { by, reason }),
            Order::Ban { whom, from, .. } => {
                let mut gone: Vec<Name> = whom.iter().cloned().collect();
                if whom.is_none()
                    && let Some(from) = from
                {
                    gone = self.who_come_from(room, *from);
                }
                for name in gone {
                    let is_here = self.rooms[room].room.state.has(&name);
                    // Whoever is kept out of the lobby is kept out of the server.
                    if is_here || room == RoomId::LOBBY && self.people.find(&name).is_some() {
                        self.remove(room, &name, Removal::Banned { until, reason });
                    }
                }
            }
            Order::Invite(whom) => self.tell_invited(room, by, whom),
            Order::Close(_) => self.empty(room),
            _ => {}
        }
    }

    /// Those in a room who come from somewhere, or on the server where that is the lobby, but for those who may come in all the
    /// same.
    fn who_come_from(&self, room: RoomId, from: Network) -> Vec<Name> {
        let here = self.rooms[room].room.state.members();
        let elsewhere = self.people.iter().map(|(name, _)| name);
        let elsewhere = elsewhere
            .filter(|name| room == RoomId::LOBBY && !self.rooms[room].room.state.has(name));
        let members = here.chain(elsewhere);
        let waiting = self.sessions.waiting_from(|host| from.has(host));
        let comes = |name: &&Name| {
            let may_stay = self.rooms.role(room, name).may(Right::Enter, None);
            let conn = self.people.find(name).and_then(|(_, person)| person.conn);
            let comes = match conn {
                Some(id) => self.limited_host(id).is_some_and(|host| from.has(host)),
                None => waiting.contains(&Unique(Name::clone(name))),
            };
            !may_stay && comes
        };
        members.filter(comes).cloned().collect()
    }

    /// Somebody has to leave a room: the server, where that is the lobby.
    pub(super) fn remove(&mut self, room: RoomId, name: &Name, why: Removal<'_>) {
        let conn = self.people.find(name).and_then(|(_, person)| person.conn);
        let is_everything = room == RoomId::LOBBY || self.rooms.of(name).len() == 1;
        match conn {
            Some(id) if room == RoomId::LOBBY => self.have_go(id, why),
            None if is_everything => self.give_up_session_of(name),
            None => self.leave_one(room, name),
            Some(id) => match self.connections.get(id).map(|c| c.dialect) {
                Some(Dialect::Text) => {
                    let named = self.rooms.named(room);
                    self.tell(id, Notice::Removed(&named, why));
                    self.bring_to_lobby(id, name);
                }
                Some(Dialect::Json) => {
                    let is_only = is_everything && !self.try_join_lobby(id, name);
                    if is_only {
                        return self.have_go(id, why);
                    }
                    let named = self.rooms.named(room);
                    let text = Notice::Removed(&named, why).to_string();
                    let text = text.trim_start_matches("* ");
                    self.part_from(id, room, name, None, Some((why.code(), text)));
                    self.stop_sending(id, room);
                }
                None => {}
            },
        }
    }

    /// Ends a membership for good, and closes its connection.
    pub(super) fn have_go(&mut self, id: ConnId, why: Removal<'_>) {
        self.tell(id, Notice::RemovedFromAll(why));
        self.end_session(id);
        self.end(id, Event::Refused, CloseReason::Kicked);
    }

    /// Whether somebody is not kept out of the lobby; if they are, why.
    pub(super) fn may_be_in_lobby(&self, id: ConnId, name: &Name) -> bool {
        let known = self
            .rooms
            .lobby()
            .room
            .known(self.rooms.names(), self.wall());
        let host = self.limited_host(id);
        known.may_enter(name, host).is_ok()
    }

    /// Takes a text connection that was removed from a room to the lobby, if it may be there.
    fn bring_to_lobby(&mut self, id: ConnId, name: &Name) {
        if !self.may_be_in_lobby(id, name) {
            return self.send_away_banned(id, Some(name));
        }
        if !self.may_be_copied(id) {
            return self.end(id, Event::TooFarBehind, CloseReason::TooFarBehind);
        }
        self.go_to(id, RoomId::LOBBY);
    }

    /// Has a connection of the JSON dialect be in the lobby before it is removed from its only room; whether it is.
    fn try_join_lobby(&mut self, id: ConnId, name: &Name) -> bool {
        if !self.may_be_in_lobby(id, name) {
            return false;
        }
        self.join_room(id, RoomId::LOBBY, &From::default(), None);
        true
    }

    /// Whether somebody may come into the lobby, by what is ordered there; if not, their connection is told why, and ends.
    pub(super) fn let_in_or_send_away(&mut self, id: ConnId, name: Option<&Name>) -> bool {
        let host = self.limited_host(id);
        let known = self
            .rooms
            .lobby()
            .room
            .known(self.rooms.names(), self.wall());
        let is_banned = match name {
            Some(name) => known.may_join(name, host).is_err(),
            None => known.is_host_banned(host),
        };
        if is_banned {
            self.send_away_banned(id, name);
        }
        !is_banned
    }

    /// Tells a connection that it is kept out of the lobby, and ends it, and its session.
    pub(super) fn send_away_banned(&mut self, id: ConnId, name: Option<&Name>) {
        let (now, host) = (self.wall(), self.limited_host(id));
        let rules = self.rooms.lobby().room.state.rules();
        let ban = rules.ban_of(now, name, host);
        let (until, reason) = ban.map_or((None, String::new()), |ban| {
            (ban.until, String::from(&*ban.reason))
        });
        let reason = &*reason;
        self.tell(
            id,
            Notice::RemovedFromAll(Removal::Banned { until, reason }),
        );
        self.end_session(id);
        self.end(id, Event::Refused, CloseReason::Banned);
    }

    /// Tells a connection that it is kept out of another room, or not invited there.
    pub(super) fn refuse_entry(
        &mut self,
        id: ConnId,
        room: RoomId,
        why: Refusal,
        given: Option<&str>,
    ) {
        let named = self.rooms.named(room);
        let (now, host) = (self.wall(), self.limited_host(id));
        let name = self.name_of(id);
        let rules = self.rooms[room].room.state.rules();
        let ban = rules.ban_of(now, name.as_ref(), host).cloned();
        if let Some(why) = rules.closed().filter(|_| why == Refusal::Closed) {
            let why = String::from(why);
            return self.refuse_answer(id, Answer::Closed(&named, &why), given);
        }
        match ban.filter(|_| why == Refusal::Banned) {
            Some(ban) => {
                let (until, reason) = (ban.until, &*ban.reason);
                let room = &named;
                let answer = Answer::Banned {
                    room,
                    until,
                    reason,
                };
                self.refuse_answer(id, answer, given);
            }
            None => self.refuse_answer(id, Answer::NotInvited(&named), given),
        }
    }

    /// Those who may see them are shown the addresses that an order is about.
    pub(super) fn show_address(&mut self, room: RoomId, order: &Order<'_>) {
        let Some(address) = order.address() else {
            return;
        };
        let address = address.to_string();
        let hosted = &self.rooms[room];
        let (names, seq) = (self.rooms.names(), hosted.log().last());
        let sees = |name: &&Name| hosted.room.state.rules().shows_addresses(names, name);
        let members = hosted.room.state.members().filter(sees);
        let conn = |name: &Name| self.people.find(name)?.1.conn;
        let all: Vec<ConnId> = members.filter_map(conn).collect();
        for id in all {
            let line = match self.connections.get(id).map(|c| c.dialect) {
                Some(Dialect::Json) => Message::Address {
                    room: self.named(room),
                    seq,
                    address: (&*address).into(),
                }
                .to_line(),
                _ => Notice::Answer(Answer::Address(&address)).to_line(Dialect::Text),
            };
            self.note_in(id, room, &line);
        }
    }

    /// Tells somebody that they are invited, if they are here.
    fn tell_invited(&mut self, room: RoomId, by: &Name, whom: &Name) {
        let conn = self.people.find(whom).and_then(|(_, person)| person.conn);
        let Some(id) = conn else {
            return;
        };
        let named = self.rooms.named(room);
        let line = match self.connections.get(id).map(|c| c.dialect) {
            Some(Dialect::Json) => Message::Invited {
                room: named.as_str().into(),
                by: by.as_str().into(),
            }
            .to_line(),
            _ => Notice::Answer(Answer::Invited(&named, by)).to_line(Dialect::Text),
        };
        self.note(id, &line);
    }

    /// Whoever makes a room with a claimed name owns it. Nobody owns the lobby.
    pub(super) fn own(&mut self, room: RoomId, name: &Name) {
        if room == RoomId::LOBBY {
            return;
        }
        let by = self.rooms.names().last_claim();
        let (text, now) = (Order::Own(by).to_text(), self.wall());
        let _ = self
            .rooms
            .order(room, now, Command::Order { name, text: &text });
    }

    /// What somebody is in a room.
    pub(super) fn role_in(&self, id: ConnId, room: RoomId) -> Role {
        let connection = self.connections.get(id);
        let name = connection.and_then(|c| c.name.as_ref());
        name.map_or(Role::None, |name| self.rooms.role(room, name))
    }

    /// Whether a connection may know of a room: that it is there, and who is in it.
    pub(super) fn may_see(&self, id: ConnId, room: RoomId) -> bool {
        let hosted = &self.rooms[room];
        let rules = hosted.room.state.rules();
        if !rules.is_private() && rules.closed().is_none() {
            return true;
        }
        let connection = self.connections.get(id);
        let name = connection.and_then(|c| c.name.as_ref());
        name.is_some_and(|name| {
            let known = hosted.room.known(self.rooms.names(), self.wall());
            hosted.room.state.has(name) || known.may_enter(name, self.limited_host(id)).is_ok()
        })
    }

    /// Tells a connection who is kept out of a room.
    pub(super) fn send_bans(&mut self, id: ConnId, room: RoomId, given: Option<&str>) {
        let role = self.role_in(id, room);
        if !role.may(Right::Bans, None) {
            return self.refuse_answer(id, Answer::NoRight(Right::Bans), given);
        }
        let all = self.rooms[room].room.state.rules().bans(self.wall());
        let dialect = self.connections.get(id).map(|c| c.dialect);
        let line = match dialect {
            Some(Dialect::Json) => {
                let (mut shown, mut more, mut length) = (Vec::new(), 0, 0);
                for ban in all {
                    let ban = BanOf {
                        whom: ban.whom.as_ref().map(|it| Cow::from(it.0.as_str())),
                        address: ban.from.map(|it| Cow::from(it.to_string())),
                        until: ban.until,
                        by: ban.by.0.as_str().into(),
                        reason: (!ban.reason.is_empty()).then(|| Cow::from(&*ban.reason)),
                    };
                    length += ban.size();
                    if more == 0 && length < MAX_LINE {
                        shown.push(ban);
                    } else {
                        more += 1;
                    }
                }
                let (room, bans) = (self.named(room), shown);
                Message::Bans { room, bans, more }.to_line()
            }
            _ => bans(all.map(|ban| {
                let whom = ban.whom.as_ref().map(|it| &it.0);
                (whom, ban.from, ban.until, &ban.by.0, &*ban.reason)
            })),
        };
        self.note_in(id, room, &line);
    }
}

/// Why something is not said.
pub(super) fn unsaid<'a>(why: Refusal) -> Answer<'a> {
    match why {
        Refusal::Muted(until) => Answer::Muted(until),
        Refusal::TooSoon(wait) => Answer::TooSoon(wait),
        // Whoever says something is in the room.
        _ => Answer::NotDone,
    }
}

/// Why an order is not carried out.
pub(super) fn refused<'a>(why: Refusal, order: &'a Order<'_>, asked: &Asked<'_>) -> Answer<'a> {
    let command = order.right().and_then(Right::command).unwrap_or_default();
    match (why, order.whom()) {
        (Refusal::NoRight, _) => order.right().map_or(Answer::NotDone, Answer::NoRight),
        (Refusal::NotToThem(role), Some(whom)) => Answer::NotToThem(whom, role),
        (Refusal::NotClaimed, Some(whom)) => Answer::TheyHaveNotClaimed(whom),
        (Refusal::NotHere, Some(whom)) => Answer::NotInThisRoom(whom),
        (Refusal::TooMany, _) => Answer::TooManyOrders(command),
        (Refusal::NoText, _) => Answer::NoEntry,
        _ => Answer::OrderUnchanged(asked_of(asked)),
    }
}

/// What changes nothing, as an answer names it.
fn asked_of(asked: &Asked<'_>) -> &'static str {
    match asked {
        Asked::Op(_) => "that is an operator already",
        Asked::Deop(_) => "that is no operator",
        Asked::Unban(_) => "nobody is banned by that; /bans lists who is",
        Asked::Unmute(_) => "they are not muted",
        Asked::Invite(_) => "they are invited already, or here",
        Asked::Redact(_) => "it is removed already",
        Asked::Reopen => "the room is not closed",
        Asked::Close(_) => "it is closed already; /reopen opens it again",
        Asked::Kick(..)
        | Asked::Ban { .. }
        | Asked::Mute(..)
        | Asked::Private(_)
        | Asked::Slow(_) => "it is so already",
    }
}

impl BanOf<'_> {
    /// What it takes of a line, at most: each byte of what is written with an escape takes two.
    fn size(&self) -> usize {
        let length = |text: &Option<Cow<'_, str>>| text.as_ref().map_or(0, |it| 2 * it.len() + 14);
        length(&self.whom) + length(&self.address) + length(&self.reason) + self.by.len() + 50
    }
}
