//! An operator closes somebody's connection, or ends their session, and says why.

use super::Server;
use super::io::{CloseReason, Whom};
use super::phase::Event;
use crate::types::conn_id::ConnId;
use crate::types::limits::MAX_KICK_REASON;
use crate::types::name::Name;
use crate::wire::notice::Notice;
use crate::wire::text::printable;

impl Server {
    /// Everyone who is here, in whatever rooms, by their name, and the connection that they have now.
    pub fn people(&self) -> impl Iterator<Item = (&Name, Option<ConnId>)> {
        self.people.iter().map(|(name, person)| (name, person.conn))
    }

    /// Whether [`Input::Kick`](super::Input::Kick) closes anything: they are here, and not on their way out.
    pub fn can_kick(&self, whom: Whom<'_>) -> bool {
        match whom {
            Whom::Name(name) => self.people.find(name).is_some(),
            Whom::Connection(id) => !self.phase(id).is_ending(),
        }
    }

    /// Ends a membership for good, and closes its connection, if it has one.
    pub(super) fn kick(&mut self, whom: Whom<'_>, reason: &str) {
        if !self.can_kick(whom) {
            return;
        }
        let id = match whom {
            Whom::Connection(id) => Some(id),
            Whom::Name(name) => self.people.find(name).and_then(|(_, person)| person.conn),
        };
        let Some(id) = id else {
            if let Whom::Name(name) = whom {
                self.give_up_session_of(name);
            }
            return;
        };
        let end = (0..=reason.len().min(MAX_KICK_REASON)).rev();
        let end = end.into_iter().find(|&at| reason.is_char_boundary(at));
        let reason = printable(&reason[..end.unwrap_or(0)]);
        self.tell(id, Notice::Kicked(&reason));
        // Its token opens nothing any more.
        self.end_session(id);
        self.end(id, Event::Refused, CloseReason::Kicked);
    }
}
