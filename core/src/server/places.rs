//! Places: which connections have one, and who gives way to a newcomer where all are taken.

use super::Server;
use super::bucket::Bucket;
use super::hosts::{Account, NoMore};
use super::io::CloseReason;
use super::phase::{Event, Phase};
use super::timers::Timer;
use crate::mark::{Mark, mark, mark_if};
use crate::types::conn_id::ConnId;
use crate::types::name::Name;
use crate::types::peer::Host;
use crate::types::rate::Rate;
use crate::wire::notice::{Goodbye, Notice};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem;
use core::time::Duration;

/// How much of a line has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Came {
    Nothing,
    Begun,
    /// All of it, or as much as says what it asks for.
    Whole,
}

/// What a connection has of the server's places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// One of its own.
    Held,
    /// None: it is told so.
    Refused,
    /// None any more: it gave way, and is told so.
    GaveWay,
}

/// The places there are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Places {
    held: usize,
    refused: usize,
    giving_way: usize,
    /// Connections that have a place, in the order in which they came: all that have said nothing yet, and some others.
    quiet: Vec<ConnId>,
    /// How many of those have said nothing yet.
    quiet_count: usize,
    /// How many may give way in a time.
    ways: Bucket,
}

impl Places {
    fn of(&mut self, place: Place) -> &mut usize {
        match place {
            Place::Held => &mut self.held,
            Place::Refused => &mut self.refused,
            Place::GaveWay => &mut self.giving_way,
        }
    }
}

impl Server {
    /// Whether a newcomer has a place, one that somebody else gives up for it if it comes to that, or
    /// why it has none.
    pub(super) fn find_place(&mut self, host: Option<Host>) -> Result<(), (Goodbye, CloseReason)> {
        if let Some(host) = host {
            let limits = &self.limits.host;
            match self.hosts.admits(host, limits) {
                Ok(()) => {}
                Err(NoMore::Connections) => {
                    mark(Mark::HostFull);
                    let limit = limits.connections;
                    return Err((Goodbye::HostFull { limit }, CloseReason::HostFull));
                }
                Err(NoMore::Unjoined) => {
                    mark(Mark::HostUnjoined);
                    let limit = limits.unjoined;
                    return Err((Goodbye::HostUnjoined { limit }, CloseReason::HostUnjoined));
                }
            }
        }
        if self.places.held < self.limits.connections || self.give_way() {
            Ok(())
        } else {
            Err((Goodbye::Full, CloseReason::Refused))
        }
    }

    /// Has whoever came last of those that have said nothing give its place up; whether anybody did.
    fn give_way(&mut self) -> bool {
        let rate = self.limits.give_way;
        let may = rate.count > 0
            && self.places.giving_way < self.limits.refusals
            && self.places.ways.is_ready(self.now, &rate);
        let Some(id) = self.last_quiet().filter(|_| may) else {
            return false;
        };
        mark(Mark::GaveWay);
        self.places.ways.take(self.now, &rate, 1);
        self.put(id, Place::GaveWay);
        self.tell(id, Notice::Goodbye(Goodbye::GaveWay));
        self.end(id, Event::Refused, CloseReason::GaveWay);
        true
    }

    /// Whether one more may be told that it has no place.
    pub(super) fn may_be_told(&self, host: Option<Host>) -> bool {
        let limits = &self.limits.host;
        let is_within = host.is_none_or(|host| self.hosts.may_be_told(host, limits));
        let may = is_within && self.places.refused < self.limits.refusals;
        mark_if(!is_within, Mark::HostUnheard);
        mark_if(is_within && !may, Mark::ClosedUnheard);
        may
    }

    /// Counts a connection that came, in its place.
    pub(super) fn take_place(&mut self, id: ConnId, place: Place) {
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        connection.place = place;
        *self.places.of(place) += 1;
        if let Some(host) = connection.limited.then_some(connection.peer.host) {
            self.hosts.change(self.now, host, |account| match place {
                Place::Held => {
                    account.connections += 1;
                    account.unjoined += 1;
                }
                Place::Refused | Place::GaveWay => account.refused += 1,
            });
        }
        if place == Place::Held {
            self.begin_quiet(id);
        }
    }

    /// Moves a connection that has a place to another one.
    fn put(&mut self, id: ConnId, place: Place) {
        if let Some(connection) = self.connections.get_mut(id) {
            *self.places.of(connection.place) -= 1;
            connection.place = place;
            *self.places.of(place) += 1;
        }
    }

    /// A connection is gone, and its place free.
    pub(super) fn free_place(&mut self, place: Place, host: Option<Host>) {
        *self.places.of(place) -= 1;
        if let Some(host) = host {
            self.hosts.change(self.now, host, |account| match place {
                Place::Held | Place::GaveWay => account.connections -= 1,
                Place::Refused => account.refused -= 1,
            });
        }
    }

    /// A connection has said something, or is ending: it does not give way.
    pub(super) fn end_quiet(&mut self, id: ConnId) {
        if let Some(connection) = self.connections.get_mut(id)
            && mem::take(&mut connection.newcomer.is_quiet)
        {
            self.places.quiet_count -= 1;
        }
    }

    /// A connection has said nothing yet.
    fn begin_quiet(&mut self, id: ConnId) {
        let places = &mut self.places;
        if places.quiet.len() > 2 * places.quiet_count + 64 {
            let connections = &self.connections;
            let is_quiet = |id: &ConnId| connections.get(*id).is_some_and(|c| c.newcomer.is_quiet);
            places.quiet.retain(is_quiet);
        }
        places.quiet.push(id);
        places.quiet_count += 1;
        if let Some(connection) = self.connections.get_mut(id) {
            connection.newcomer.is_quiet = true;
        }
    }

    /// Whoever came last of those that have said nothing.
    fn last_quiet(&mut self) -> Option<ConnId> {
        let connections = &self.connections;
        let is_quiet = |id: &ConnId| connections.get(*id).is_some_and(|c| c.newcomer.is_quiet);
        let quiet = &mut self.places.quiet;
        while quiet.last().is_some_and(|id| !is_quiet(id)) {
            quiet.pop();
        }
        quiet.last().copied()
    }

    /// Takes note of a connection's new phase.
    pub(super) fn phase_changed(&mut self, id: ConnId, before: Phase) {
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        let after = connection.phase;
        let has_place = connection.limited && connection.place != Place::Refused;
        if before == Phase::Greeting && has_place {
            let host = connection.peer.host;
            self.hosts.change(self.now, host, |it| it.unjoined -= 1);
        }
        if after > Phase::Silent {
            self.set_line_end(id, false);
        }
        if after.is_ending() {
            self.end_quiet(id);
        }
    }

    /// Gives the first line of a connection a time to end in, if it has begun one. Where it has come, it
    /// has come in time, whenever its turn comes.
    pub(super) fn watch_first_line(&mut self, id: ConnId) {
        let Some(c) = self.connections.get(id) else {
            return;
        };
        if !c.phase.awaits_first_line() && c.newcomer.line_end.is_none() {
            return; // It has come, and is not waited for.
        }
        let came = if !c.phase.awaits_first_line() {
            Came::Nothing
        } else if !c.inbound.has_unread() && c.inbound.is_mid_line() {
            Came::Begun
        } else {
            c.first_line()
        };
        if c.phase == Phase::Greeting && c.inbound.has_unread() && came == Came::Whole {
            self.set_deadline(id, None);
        }
        self.set_line_end(id, came == Came::Begun);
    }

    fn set_line_end(&mut self, id: ConnId, is_begun: bool) {
        let at = self.now + self.limits.first_line_end;
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        if is_begun && connection.newcomer.line_end.is_none() {
            connection.newcomer.line_end = Some(Box::new(at));
            self.timers.insert(at, Timer::FirstLineEnd, Some(id));
        } else if !is_begun && let Some(at) = connection.newcomer.line_end.take() {
            self.timers.remove(*at, Timer::FirstLineEnd, Some(id));
        }
    }

    /// Gives the first line of a connection so much more time.
    pub(super) fn move_line_end(&mut self, id: ConnId, by: Duration) {
        if let Some(connection) = self.connections.get_mut(id)
            && let Some(at) = &mut connection.newcomer.line_end
        {
            self.timers.remove(**at, Timer::FirstLineEnd, Some(id));
            **at = **at + by;
            self.timers.insert(**at, Timer::FirstLineEnd, Some(id));
        }
    }

    /// The first line of a connection has begun, and did not end in time.
    pub(super) fn first_line_unended(&mut self, id: ConnId) {
        mark(Mark::FirstLineUnended);
        if let Some(connection) = self.connections.get_mut(id) {
            connection.newcomer.line_end = None;
        }
        let limit = self.limits.first_line_end;
        self.send_away(
            id,
            Goodbye::FirstLineUnended { limit },
            CloseReason::Unended,
        );
    }

    /// Grants a joining, or sends the connection away; whether it is granted.
    pub(super) fn take_join(&mut self, id: ConnId) -> bool {
        if self.is_disk_full() {
            mark(Mark::DiskFullJoin);
            self.send_away(id, Goodbye::DiskFull, CloseReason::DiskFull);
            return false;
        }
        let rate = self.limits.host.joins;
        let Err(wait) = self.take(id, &rate, |it| &mut it.joins) else {
            return true;
        };
        mark(Mark::HostJoins);
        self.send_away(
            id,
            Goodbye::TooManyJoins { wait },
            CloseReason::TooManyJoins,
        );
        false
    }

    /// Grants an attempt with a token that is not known, or sends the connection away; whether it is
    /// granted.
    pub(super) fn take_unknown_token(&mut self, id: ConnId) -> bool {
        let rate = self.limits.host.tokens;
        let Err(wait) = self.take(id, &rate, |it| &mut it.tokens) else {
            return true;
        };
        mark(Mark::HostTokens);
        self.send_away(
            id,
            Goodbye::TooManyTokens { wait },
            CloseReason::TooManyTokens,
        );
        false
    }

    /// Grants an attempt with a password for a name, or says in what time there is one.
    pub(super) fn may_guess_password(&mut self, id: ConnId, name: &Name) -> Result<(), Duration> {
        let of_name = self.limits.name_guesses;
        self.take_guess(id)?;
        match self.connections.get(id) {
            Some(connection) if connection.limited => self.guesses.take(self.now, name, &of_name),
            _ => Ok(()),
        }
    }

    /// Grants its host an attempt with a secret of a name, or says in what time there is one.
    pub(super) fn take_guess(&mut self, id: ConnId) -> Result<(), Duration> {
        let rate = self.limits.host.guesses;
        self.take(id, &rate, |it| &mut it.guesses)
    }

    /// Whether its host has such an attempt, or in what time it has one; none is taken.
    pub(super) fn may_guess_on(&self, id: ConnId) -> Result<(), Duration> {
        let Some(connection) = self.connections.get(id).filter(|c| c.limited) else {
            return Ok(());
        };
        let (host, rate) = (connection.peer.host, self.limits.host.guesses);
        let ready = self.hosts.ready_at(host, &rate, |it| it.guesses);
        if ready > self.now {
            return Err(ready.since(self.now));
        }
        Ok(())
    }

    fn take(
        &mut self,
        id: ConnId,
        rate: &Rate,
        bucket: fn(&mut Account) -> &mut Bucket,
    ) -> Result<(), Duration> {
        match self.connections.get(id) {
            Some(connection) if connection.limited => {
                let host = connection.peer.host;
                self.hosts.take(self.now, host, rate, bucket)
            }
            _ => Ok(()),
        }
    }

    /// Tells a connection why it is to go, and ends it.
    pub(super) fn send_away(&mut self, id: ConnId, why: Goodbye, reason: CloseReason) {
        self.tell(id, Notice::Goodbye(why));
        self.end(id, Event::Refused, reason);
    }
}
