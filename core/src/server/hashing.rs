//! Passwords that are to be hashed: a few at a time, outside, and a bounded number that waits.

use super::Server;
use super::asking::{Asking, Password};
use crate::mark::{Mark, mark};
use crate::types::conn_id::ConnId;
use crate::types::verifier::Verifier;
use crate::wire::answer::Answer;
use alloc::collections::VecDeque;

/// Connections whose passwords are to be hashed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Hashing {
    /// How many are being hashed.
    under_way: usize,
    waiting: VecDeque<ConnId>,
}

impl Hashing {
    /// A connection does not wait any more.
    pub(super) fn remove(&mut self, id: ConnId) {
        self.waiting.retain(|it| *it != id);
    }
}

impl Server {
    /// Has a password hashed as soon as that may be; nothing more that the connection sends is handled before.
    pub(super) fn hash(&mut self, id: ConnId, password: Password) {
        let is_full = self.hashing.under_way >= self.limits.hashes
            && self.hashing.waiting.len() >= self.limits.hashes_waiting;
        if is_full {
            mark(Mark::HashesFull);
            return self.refuse_answer(id, Answer::HashesFull, password.given.as_deref());
        }
        if let Some(connection) = self.connections.get_mut(id) {
            connection.waiting.ask(Asking::Password(password));
            self.hashing.waiting.push_back(id);
            self.go_on_hashing();
        }
    }

    /// A password has been hashed, or could not be.
    pub(super) fn hashed(&mut self, id: ConnId, verifier: Option<&Verifier>) {
        self.hashing.under_way = self.hashing.under_way.saturating_sub(1);
        let connection = self.connections.get_mut(id);
        let asking = connection.and_then(|c| c.waiting.take_asking());
        if let Some(Asking::Password(password)) = asking {
            match verifier {
                Some(verifier) => self.use_password(id, &password, verifier),
                None => self.refuse_answer(id, Answer::HashesFull, password.given.as_deref()),
            }
            self.proceed(id);
        }
        self.go_on_hashing();
    }

    fn go_on_hashing(&mut self) {
        while self.hashing.under_way < self.limits.hashes
            && let Some(id) = self.hashing.waiting.pop_front()
        {
            let asking = self.connections.get(id).and_then(|c| c.waiting.asking());
            if let Some(asking) = asking {
                self.hashing.under_way += 1;
                self.actions.push_back(asking.action(id));
            }
        }
    }
}
