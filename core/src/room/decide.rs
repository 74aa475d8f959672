//! What happens if somebody wants something, given a room's state.

use super::names::Names;
use super::redaction::Redaction;
use super::rules::{Fault, Rules};
use super::slow::Pace;
use super::state::State;
use crate::mark::{Mark, mark};
use crate::types::entry::{Entry, Kind, SessionId};
use crate::types::name::Name;
use crate::types::order::Order;
use crate::types::peer::Host;
use crate::types::rights::{Right, Role};
use alloc::borrow::Cow;

/// The highest number put after a name that was asked for; finding a free one takes no longer.
const MAX_NUMBER: u32 = 99;

/// What somebody wants to happen in the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command<'a> {
    /// To join under this name, or under one like it if somebody has it.
    Join {
        wanted: Name,
        /// They have proved that the name belongs to them.
        is_theirs: bool,
        /// Where too many want the same name, the one that goes with this port is taken.
        port: u16,
        session: Option<SessionId>,
        /// From where they come, where that counts.
        host: Option<Host>,
    },
    /// To come into this room as well, under the name that they have in others.
    Enter {
        name: &'a Name,
        session: Option<SessionId>,
        /// As above.
        host: Option<Host>,
    },
    /// To order something: the text is [`Order::to_text`] of it.
    Order { name: &'a Name, text: &'a str },
    /// The same of those who look after the server, who are in no room.
    OrderByServer(&'a str),
    /// To have the text of an entry be gone: the order is as above.
    Redact {
        name: &'a Name,
        text: &'a str,
        target: Target,
    },
    /// To leave.
    Leave(&'a Name),
    /// To have another name from now on.
    Rename {
        name: &'a Name,
        wanted: &'a Name,
        /// They have proved that the name belongs to them.
        is_theirs: bool,
    },
    /// To say what the room is about; nothing any more, with an empty text.
    SetTopic {
        name: &'a Name,
        text: &'a str,
        /// From where they come, where that counts.
        host: Option<Host>,
    },
    /// To say or do something; in a session, if what is said has an id. That they are in the room is for whoever
    /// makes the command to know: a connection has its membership until its leaving is ordered, and looking
    /// the name up for each line would cost a fifth of an append.
    Say {
        /// [`Kind::Said`] or [`Kind::Acted`].
        kind: Kind,
        name: &'a Name,
        text: &'a str,
        sender: Option<SessionId>,
        id: Option<&'a str>,
        /// As above.
        host: Option<Host>,
    },
}

impl Command<'_> {
    /// From where whoever wants it comes, where that counts and is asked for.
    pub(super) fn host(&self) -> Option<Host> {
        match self {
            Self::Join { host, .. }
            | Self::Enter { host, .. }
            | Self::SetTopic { host, .. }
            | Self::Say { host, .. } => *host,
            Self::Order { .. }
            | Self::OrderByServer(_)
            | Self::Redact { .. }
            | Self::Leave(_)
            | Self::Rename { .. } => None,
        }
    }
}

/// Who gives the orders of those who look after the server: nobody else may be called that.
pub(crate) fn server_name() -> Name {
    Name::parse("server").unwrap_or_else(|_| Name::of_port(0))
}

/// An entry whose text is to be gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) kind: Kind,
    /// It was said in the session of whoever wants that.
    pub(crate) is_own: bool,
    pub(crate) is_gone: bool,
}

/// Why something does not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Who wants it is not in the room.
    NotInTheRoom,
    /// Somebody else has the name, or one that is taken for it, in whatever room.
    NameTaken,
    /// The name belongs to somebody else, or one does that it is taken for.
    NameClaimed,
    /// It is so already.
    Unchanged,
    /// They are kept out.
    Banned,
    /// Whoever has the name they want is kept out.
    NameBanned,
    /// The room is private, and they are not invited.
    NotInvited,
    /// They are silent, until then where that is said, in milliseconds since the Unix epoch.
    Muted(Option<u64>),
    /// They have said something, and are to wait for so many milliseconds.
    TooSoon(u64),
    /// They have no right to do that.
    NoRight,
    /// Not to somebody who is that.
    NotToThem(Role),
    /// Whoever is to be an operator has no name that is their own.
    NotClaimed,
    /// Whoever it is to be done to is not in the room.
    NotHere,
    /// As much of the kind is in force as may be.
    TooMany,
    /// The room is closed.
    Closed,
    /// There is no text that could be gone.
    NoText,
}

/// What is known when a command is decided.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    pub(crate) state: &'a State,
    pub(crate) names: &'a Names,
    pub(crate) pace: &'a Pace,
    /// In milliseconds since the Unix epoch.
    pub(crate) at: u64,
}

/// What happens if a command is carried out now, or why nothing does. It changes nothing.
///
/// All that it knows is the state, the names in use, what was said lately and the command, which comes with its time, so that whoever
/// decides the same commands in the same order comes to the same entries.
pub(crate) fn decide<'a>(known: Known<'_>, command: Command<'a>) -> Result<Entry<'a>, Refusal> {
    let Known { state, names, .. } = known;
    match command {
        Command::Join {
            wanted,
            is_theirs,
            port,
            session,
            host,
        } => {
            known.may_join(&wanted, host)?;
            let name = if is_theirs && !names.has_like(&wanted) {
                wanted
            } else {
                // A number is no way around a ban.
                let is_free = |it: &Name| names.is_free(it) && known.may_join(it, host).is_ok();
                free_name(is_free, wanted, port)
            };
            Ok(Entry::joined(Cow::Owned(name), session))
        }
        Command::Enter {
            name,
            session,
            host,
        } => {
            if state.has(name) {
                return Err(Refusal::Unchanged);
            }
            known.may_enter(name, host)?;
            Ok(Entry::joined(Cow::Borrowed(name), session))
        }
        Command::Leave(name) => {
            if !state.has(name) {
                return Err(Refusal::NotInTheRoom);
            }
            Ok(Entry::left(name))
        }
        Command::Rename {
            name,
            wanted,
            is_theirs,
        } => {
            known.may_rename(name, wanted, is_theirs)?;
            Ok(Entry::of(Kind::Renamed, name, wanted.as_str()))
        }
        Command::SetTopic { name, text, host } => {
            if !state.has(name) {
                return Err(Refusal::NotInTheRoom);
            }
            if let Some(rules) = state.restraints() {
                known.may_speak(rules, name, host)?;
            }
            if state.topic().map_or("", |topic| &topic.text) == text {
                return Err(Refusal::Unchanged);
            }
            Ok(Entry::of(Kind::Topic, name, text))
        }
        Command::Say {
            kind,
            name,
            text,
            sender,
            id,
            host,
        } => {
            if let Some(rules) = state.restraints() {
                known.may_speak(rules, name, host)?;
                known.has_waited(rules, name)?;
            }
            Ok(Entry {
                sender,
                id,
                ..Entry::of(kind, name, text)
            })
        }
        Command::Order { name, text } => {
            known.may_order(name, &known.order_of(name, text)?)?;
            Ok(Entry::of(Kind::Order, name, text))
        }
        Command::OrderByServer(text) => {
            let order = Order::parse(text).ok_or(Refusal::Unchanged)?;
            known.may_be_ordered(&order)?;
            Ok(Entry {
                kind: Kind::Order,
                name: Cow::Owned(server_name()),
                text,
                sender: None,
                id: None,
            })
        }
        Command::Redact { name, text, target } => {
            known.may_redact(name, &known.order_of(name, text)?, target)?;
            Ok(Entry::of(Kind::Order, name, text))
        }
    }
}

impl Known<'_> {
    /// Whether somebody who has no name yet may come in from a host under this one.
    pub(crate) fn may_join(self, wanted: &Name, host: Option<Host>) -> Result<(), Refusal> {
        let ban = self.state.rules().ban_of(self.at, Some(wanted), host);
        ban.map_or(Ok(()), |_| Err(Refusal::Banned))
    }

    /// Whether somebody who is in may have another name. `is_theirs`: they have proved that it belongs to them.
    fn may_rename(self, name: &Name, wanted: &Name, is_theirs: bool) -> Result<(), Refusal> {
        if !self.state.has(name) {
            return Err(Refusal::NotInTheRoom);
        }
        if name == wanted {
            return Err(Refusal::Unchanged);
        }
        if self.names.alike(wanted).any(|other| other != name) {
            mark(Mark::RenameTaken);
            return Err(Refusal::NameTaken);
        }
        if !is_theirs && self.names.claimed_like(wanted, Some(name)).is_some() {
            mark(Mark::RenameClaimed);
            return Err(Refusal::NameClaimed);
        }
        if self.is_name_banned(name, wanted) {
            return Err(Refusal::NameBanned);
        }
        Ok(())
    }

    /// Whether nobody may read from a host.
    pub(crate) fn is_host_banned(self, host: Option<Host>) -> bool {
        self.state.rules().ban_of(self.at, None, host).is_some()
    }

    /// Whether somebody may come in from a host, under the name that they have.
    pub(crate) fn may_enter(self, name: &Name, host: Option<Host>) -> Result<(), Refusal> {
        let rules = self.state.rules();
        let lets_in = rules.lets_in(name);
        let is_banned = rules.ban_of(self.at, Some(name), host).is_some();
        if !self.may_be_in_closed(name) {
            Err(Refusal::Closed)
        } else if lets_in && !is_banned || rules.role(self.names, name).may(Right::Enter, None) {
            Ok(())
        } else if is_banned {
            Err(Refusal::Banned)
        } else {
            Err(Refusal::NotInvited)
        }
    }

    /// Whether somebody from a host may read the room who is nobody: it is open to everyone.
    pub(crate) fn may_read(self, host: Option<Host>) -> Result<(), Refusal> {
        let rules = self.state.rules();
        if rules.closed().is_some() {
            Err(Refusal::Closed)
        } else if self.is_host_banned(host) {
            Err(Refusal::Banned)
        } else if rules.is_private() {
            Err(Refusal::NotInvited)
        } else {
            Ok(())
        }
    }

    /// Whether somebody may be in the room, closed as it may be.
    pub(crate) fn may_be_in_closed(self, name: &Name) -> bool {
        let rules = self.state.rules();
        rules.closed().is_none() || rules.role(self.names, name).may(Right::EnterClosed, None)
    }

    /// Whether somebody who is in may not take a name, as whoever has that is kept out. Nobody is kept from the name that goes with
    /// their connection: they may be given it.
    pub(crate) fn is_name_banned(self, name: &Name, wanted: &Name) -> bool {
        let rules = self.state.rules();
        !wanted.is_of_port()
            && !name.is_like(wanted)
            && rules.ban_of(self.at, Some(wanted), None).is_some()
            && !rules.role(self.names, wanted).may(Right::Enter, None)
    }

    /// Whether somebody from a host is not silent.
    fn may_speak(self, rules: &Rules, name: &Name, host: Option<Host>) -> Result<(), Refusal> {
        let mute = rules.mute_of(self.names, name, host, self.at);
        mute.map_or(Ok(()), |mute| Err(Refusal::Muted(mute.until)))
    }

    /// Whether they have waited for as long as they have to between two lines.
    fn has_waited(self, rules: &Rules, name: &Name) -> Result<(), Refusal> {
        let wait = self.pace.wait(name, self.at, rules.slow());
        match wait {
            Some(wait) if !rules.role(self.names, name).may(Right::Haste, None) => {
                Err(Refusal::TooSoon(wait))
            }
            _ => Ok(()),
        }
    }

    /// What somebody in the room orders with a text.
    fn order_of<'t>(self, name: &Name, text: &'t str) -> Result<Order<'t>, Refusal> {
        if !self.state.has(name) {
            return Err(Refusal::NotInTheRoom);
        }
        Order::parse(text).ok_or(Refusal::Unchanged)
    }

    /// Whether somebody in the room may have the text of this entry be gone.
    fn may_redact(self, name: &Name, order: &Order<'_>, target: Target) -> Result<(), Refusal> {
        let role = self.state.rules().role(self.names, name);
        let may = role.may(Right::Redact, None);
        if !target.is_own && !may {
            return Err(Refusal::NoRight);
        }
        // Who keeps order may remove what they have said under their name, in whatever session.
        let is_own = target.is_own || may && order.whom() == Some(name);
        if !Redaction::is_of(target.kind) {
            return Err(Refusal::NoText);
        }
        if !is_own {
            self.may_order(name, order)?;
        }
        if target.is_gone {
            return Err(Refusal::Unchanged);
        }
        Ok(())
    }

    /// Whether somebody in the room may order that now, by the table of [`RIGHTS`](crate::RIGHTS).
    fn may_order(self, name: &Name, order: &Order<'_>) -> Result<(), Refusal> {
        let rules = self.state.rules();
        match order.right() {
            Some(right) => {
                let role = rules.role(self.names, name);
                if !role.may(right, None) {
                    return Err(Refusal::NoRight);
                }
                let to = order.whom().map(|it| rules.role_like(self.names, it));
                if let Some(to) = to.filter(|to| !role.may(right, Some(*to))) {
                    return Err(Refusal::NotToThem(to));
                }
            }
            // A room has an owner from its beginning on, if it has one, and that is who made it; who is an administrator, is said
            // elsewhere.
            None if self.names.claim_of(name).is_none() => return Err(Refusal::NotClaimed),
            None => {}
        }
        let is_to_one_here = match order {
            // It takes an invitation back as well.
            Order::Kick(whom, _) => !rules.is_invited(whom),
            Order::Mute(..) => true,
            _ => false,
        };
        if is_to_one_here && !order.whom().is_some_and(|it| self.state.has(it)) {
            return Err(Refusal::NotHere);
        }
        if let Order::Invite(whom) = order
            && self.state.has(whom)
        {
            return Err(Refusal::Unchanged);
        }
        self.may_be_ordered(order)
    }

    /// Whether an order changes something, and no more is in force than may be.
    fn may_be_ordered(self, order: &Order<'_>) -> Result<(), Refusal> {
        let rules = self.state.rules();
        rules
            .takes(self.names, self.at, order)
            .map_err(|fault| match fault {
                Fault::Unchanged => Refusal::Unchanged,
                Fault::NotClaimed => Refusal::NotClaimed,
                Fault::TooMany => Refusal::TooMany,
            })
    }
}

/// `wanted`, or the first of `wanted-2`, `wanted-3` … that is free: nobody has it or is taken for it, and it is not banned. Where
/// too many have asked for the same, the same is done for the name that goes with the port.
fn free_name(is_free: impl Fn(&Name) -> bool, wanted: Name, port: u16) -> Name {
    if is_free(&wanted) {
        return wanted;
    }
    mark(Mark::NameTaken);
    let numbered = (2..=MAX_NUMBER)
        .filter_map(|n| wanted.numbered(n))
        .find(&is_free);
    numbered.unwrap_or_else(|| {
        mark(Mark::NameByPort);
        of_port(is_free, port)
    })
}

/// The name that goes with a port, or the first of those with a number after it that is free.
pub(crate) fn free_name_of_port(names: &Names, port: u16) -> Name {
    of_port(|it| names.is_free(it), port)
}

fn of_port(is_free: impl Fn(&Name) -> bool, port: u16) -> Name {
    let name = Name::of_port(port);
    if is_free(&name) {
        return name;
    }
    // There are more numbers than connections and bans, and nobody owns one of these names.
    let mut numbered = (2..).filter_map(|n| name.numbered(n));
    let free = numbered.find(is_free);
    free.unwrap_or(name)
}
