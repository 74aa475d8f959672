//! Names that belong to somebody (PROTOCOL.md, "Accounts"). A name that does is held only by whoever has proved that it is
//! theirs: so whoever has it is its owner, and there is nothing else to be logged in to.

use super::Server;
use super::asking::{Besides, Password, Purpose};
use super::devices::may_be_label;
use crate::mark::{Mark, mark};
use crate::room::accounts::{administers, claimed, unclaimed};
use crate::room::decide::free_name_of_port;
use crate::types::conn_id::ConnId;
use crate::types::entry::Entry;
use crate::types::limits::{MAX_PASSWORD, MIN_PASSWORD};
use crate::types::name::Name;
use crate::types::order::Order;
use crate::types::secret::Secret;
use crate::types::verifier::{SALT, Verifier};
use crate::wire::answer::Answer;
use crate::wire::dialect::Dialect;
use crate::wire::json::Message;
use crate::wire::notice::Notice;
use alloc::string::String;
use alloc::vec::Vec;

/// What a password for a name that belongs to nobody is hashed with, so that it takes the same time.
const NO_SALT: Secret<[u8; SALT]> = Secret([0; SALT]);

impl Server {
    /// The name that a connection has is to be its person's own.
    pub(super) fn claim(&mut self, id: ConnId, password: &str, besides: Besides<'_>) {
        if let Some(name) = self.name_of(id) {
            let may = self.may_claim(&name, password);
            let password = Password::new(Purpose::Claim, password, besides);
            self.hash_if(id, may, password, besides);
        }
    }

    /// Whoever has a name that is their own is to have another password.
    pub(super) fn set_password(&mut self, id: ConnId, password: &str, besides: Besides<'_>) {
        if let Some(name) = self.name_of(id) {
            let may = self.may_set_password(&name, password);
            let password = Password::new(Purpose::Change, password, besides);
            self.hash_if(id, may, password, besides);
        }
    }

    /// Has a password hashed that may be sent, and be what it was sent for.
    fn hash_if(
        &mut self,
        id: ConnId,
        may: Result<(), Answer<'_>>,
        password: Password,
        besides: Besides<'_>,
    ) {
        match self.may_send(id, besides).and(may) {
            Ok(()) => self.hash(id, password),
            Err(why) => self.refuse_answer(id, why, besides.given),
        }
    }

    /// Whoever is here by a connection wants a name that is their own; or, if they have it already, a device that comes back
    /// to it.
    pub(super) fn log_in(&mut self, id: ConnId, asked: &str, password: &str, besides: Besides<'_>) {
        let Some(name) = self.name_of(id) else {
            return;
        };
        let (name, given) = (&name, besides.given);
        if let Err(why) = self.may_send(id, besides) {
            return self.refuse_answer(id, why, given);
        }
        let wanted = match Name::parse(asked) {
            Ok(wanted) => wanted,
            Err(why) => {
                let answer = Answer::NickInvalid { asked, why, name };
                return self.refuse_answer(id, answer, given);
            }
        };
        let account = self.rooms.accounts().find(&wanted);
        let is_theirs = account.is_some() && account == self.rooms.accounts().find(name);
        if is_theirs && besides.device.is_none() {
            return self.refuse_answer(id, Answer::NickUnchanged(name), given);
        }
        let salt = account.map_or(NO_SALT, |(_, account)| account.verifier.salt);
        if let Err(wait) = self.may_guess_password(id, &wanted) {
            mark(Mark::GuessesFull);
            return self.refuse_answer(id, Answer::TooManyGuesses(wait), given);
        }
        let purpose = Purpose::LogIn(wanted, salt);
        self.hash(id, Password::new(purpose, password, besides));
    }

    /// The name that a connection has is not its person's own any more.
    pub(super) fn unclaim(&mut self, id: ConnId, given: Option<&str>) {
        let Some(name) = self.name_of(id) else {
            return;
        };
        match self.own_name(&name) {
            Err(why) => self.refuse_answer(id, why, given),
            Ok(_) if self.is_disk_full() => self.refuse_answer(id, Answer::NotDone, given),
            Ok(own) => {
                self.order_account(&unclaimed(&own));
                let answer = Answer::Unclaimed(&name);
                self.answer_account(id, answer, false, None, given);
            }
        }
    }

    /// Whether whoever owns a name looks after the server; none, where it belongs to nobody.
    pub fn is_admin(&self, name: &Name) -> Option<bool> {
        let claim = self.rooms.names().claim_of(name)?;
        Some(claim.is_admin)
    }

    /// Whoever owns a name looks after the server from now on, or no more.
    pub(super) fn set_admin(&mut self, name: &Name, is_on: bool) {
        let Ok(own) = self.own_name(name) else {
            return;
        };
        if self.is_admin(&own) == Some(is_on) || self.is_disk_full() {
            return;
        }
        self.order_account(&administers(&own, &Order::Admin(is_on).to_text()));
        self.tell_owner_when_kept(&own, Answer::Admin(is_on));
    }

    /// Those who look after the server have a name belong to nobody any more; whoever has it keeps it for as long as they are here.
    pub(super) fn free_name(&mut self, name: &Name) {
        let Ok(own) = self.own_name(name) else {
            return;
        };
        if !self.is_disk_full() {
            self.order_account(&unclaimed(&own));
            self.tell_owner_when_kept(&own, Answer::Freed(&own));
        }
    }

    /// Tells the owner of a name what was done to it, if they are here, once it is committed.
    fn tell_owner_when_kept(&mut self, own: &Name, answer: Answer<'_>) {
        let conn = self.people.find(own).and_then(|(_, person)| person.conn);
        if let Some(id) = conn {
            if let Some(connection) = self.connections.get_mut(id) {
                connection.outbound.barrier = self.rooms.ordered();
            }
            self.tell(id, Notice::Answer(answer));
            if !self.rooms.is_settled() {
                self.look_after_commit(id);
            }
        }
    }

    /// Does what a password was sent for, now that it is hashed.
    pub(super) fn use_password(&mut self, id: ConnId, password: &Password, verifier: &Verifier) {
        let Some(name) = self.name_of(id) else {
            return;
        };
        let (name, besides) = (&name, password.besides());
        // Meanwhile, the name may be another one, or belong to somebody.
        let done = match &password.purpose {
            Purpose::LogIn(wanted, _) => {
                let account = self.rooms.accounts().find(wanted);
                let own = account.filter(|(_, it)| it.verifier.verifies(verifier));
                match own.map(|(own, _)| own.clone()) {
                    Some(own) => return self.take_own_name(id, name, &own, besides),
                    None => Err(Answer::PasswordWrong),
                }
            }
            Purpose::Claim => self
                .may_claim(name, &password.text)
                .map(|()| (name.clone(), Answer::Claimed(name))),
            Purpose::Change => self
                .may_set_password(name, &password.text)
                .and_then(|()| self.own_name(name))
                .map(|own| (own, Answer::PasswordChanged(name))),
        };
        match done {
            Ok((own, answer)) => {
                mark(Mark::Claimed);
                // It ends all devices that there are.
                self.order_account(&claimed(&own, &verifier.to_text()));
                let token = self.new_device(&own, besides.device);
                self.answer_account(id, answer, true, token, besides.given);
            }
            Err(why) => self.refuse_answer(id, why, besides.given),
        }
    }

    /// Whether a connection may send a password, and have a device that is called so.
    fn may_send<'a>(&self, id: ConnId, besides: Besides<'_>) -> Result<(), Answer<'a>> {
        self.may_send_password(id)?;
        besides.device.map_or(Ok(()), may_be_label)
    }

    /// Whether a connection may send a password: nobody on the way can read it.
    pub(super) fn may_send_password<'a>(&self, id: ConnId) -> Result<(), Answer<'a>> {
        let is_private = self
            .connections
            .get(id)
            .is_some_and(|c| c.peer.is_private());
        is_private.then_some(()).ok_or(Answer::PasswordInClear)
    }

    /// Whether a name may become somebody's own who has it.
    fn may_claim<'a>(&self, name: &'a Name, password: &str) -> Result<(), Answer<'a>> {
        let accounts = self.rooms.accounts();
        if accounts.find(name).is_some() {
            Err(Answer::ClaimedAlready(name))
        } else if name.is_of_port() {
            Err(Answer::ClaimOfPort(name))
        } else if self.rooms.names().claimed_like(name, None).is_some() {
            // Its owner has it in other letters, and is not to have two.
            Err(Answer::ClaimedLike(name))
        } else if accounts.len() >= self.limits.accounts {
            mark(Mark::AccountsFull);
            Err(Answer::AccountsFull)
        } else {
            self.may_be_password(password)
        }
    }

    fn may_set_password<'a>(&self, name: &'a Name, password: &str) -> Result<(), Answer<'a>> {
        self.own_name(name)?;
        self.may_be_password(password)
    }

    fn may_be_password<'a>(&self, password: &str) -> Result<(), Answer<'a>> {
        if !(MIN_PASSWORD..=MAX_PASSWORD).contains(&password.len()) {
            Err(Answer::PasswordLength)
        } else if self.is_disk_full() {
            Err(Answer::NotDone)
        } else {
            Ok(())
        }
    }

    /// A name as it was claimed, if it was.
    fn own_name<'a>(&self, name: &'a Name) -> Result<Name, Answer<'a>> {
        let own = self.rooms.accounts().find(name);
        own.map(|(own, _)| own.clone())
            .ok_or(Answer::NotClaimed(name))
    }

    /// Gives a name to whoever it belongs to; whoever has it, or one that is taken for it, has another one then.
    fn take_own_name(&mut self, id: ConnId, name: &Name, own: &Name, besides: Besides<'_>) {
        if self.is_disk_full() {
            return self.refuse_answer(id, Answer::NotDone, besides.given);
        }
        let now = self.wall();
        if let Some(room) = self.rooms.room_banning(now, name, own) {
            let (asked, room) = (own, &self.rooms.named(room));
            return self.refuse_answer(id, Answer::NickBanned { asked, room, name }, besides.given);
        }
        let accounts = self.rooms.accounts();
        let is_theirs = accounts.find(name).is_some_and(|(it, _)| it == own);
        self.displace_all(own, Some(name));
        if !is_theirs && self.rooms.rename(now, name, own, true).is_ok() {
            mark(Mark::LoggedIn);
            self.follow_rename(name, own);
        }
        let token = self.new_device(own, besides.device);
        self.answer_account(id, Answer::LoggedIn(own), true, token, besides.given);
        if !is_theirs {
            self.tell_of_inbox(id);
        }
    }

    /// Gives all who have a name that belongs to somebody else, or one that is taken for it, another one.
    pub(super) fn displace_all(&mut self, own: &Name, but: Option<&Name>) {
        let others = self.rooms.names().alike(own).filter(|it| Some(*it) != but);
        let others: Vec<Name> = others.cloned().collect();
        for other in &others {
            mark(Mark::Displaced);
            self.displace(other);
        }
    }

    /// Gives whoever has a name that belongs to somebody else the one of their port, and tells them.
    fn displace(&mut self, name: &Name) {
        let conn = self.people.find(name).and_then(|(_, person)| person.conn);
        let connection = conn.and_then(|conn| self.connections.get(conn));
        let port = connection.map_or(0, |c| c.peer.port);
        let free = free_name_of_port(self.rooms.names(), port);
        let now = self.wall();
        if self.rooms.rename(now, name, &free, false).is_ok() {
            self.follow_rename(name, &free);
        }
        if let Some(conn) = conn {
            let (before, now) = (name, &free);
            self.tell(conn, Notice::Answer(Answer::Displaced { before, now }));
        }
    }

    /// Something happens to an account.
    pub(super) fn order_account(&mut self, entry: &Entry<'_>) {
        let now = self.wall();
        self.rooms.order_account(now, entry);
    }

    /// Says what has been done, once it is committed. `is_own`: the name belongs to whoever is told; `token`: that of their
    /// device, which a text connection never asks for.
    fn answer_account(
        &mut self,
        id: ConnId,
        answer: Answer<'_>,
        is_own: bool,
        token: Option<Secret<String>>,
        given: Option<&str>,
    ) {
        let Some(connection) = self.connections.get(id) else {
            return;
        };
        let name = connection.name.as_ref().map_or("", Name::as_str);
        let line = match connection.dialect {
            Dialect::Text => Notice::Answer(answer).to_line(Dialect::Text),
            Dialect::Json => Message::Account {
                name: name.into(),
                claimed: is_own,
                device: token.map(|token| Secret(token.0.into())),
                id: given.map(Into::into),
            }
            .to_line(),
        };
        self.note_when_kept(id, &line);
    }

    /// Sends private lines, once all that has happened so far is committed.
    pub(super) fn note_when_kept(&mut self, id: ConnId, lines: &str) {
        if let Some(connection) = self.connections.get_mut(id) {
            connection.outbound.barrier = self.rooms.ordered();
        }
        self.note(id, lines);
        if !self.rooms.is_settled() {
            self.look_after_commit(id);
        }
    }
}
