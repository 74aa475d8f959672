//! What has to be reached in a model, so that it is known to be looked at.

use crate::reference::{Person, Stage};
use crate::scene::Scene;
use crate::state::State;
use chat_core::{CloseReason, Timer};

/// Something to be seen: its name, and whether a state shows it.
pub(crate) type Sight = (&'static str, fn(&Scene, &State) -> bool);

fn anyone(state: &State, is_so: impl Fn(&Person) -> bool) -> bool {
    state.people.iter().any(is_so)
}

impl Person {
    /// Whether its input waits, and not for anyone else's sake.
    fn waits_alone(&self, state: &State) -> bool {
        state.events == 0 && self.full && !self.begun && !self.unheard.is_empty()
    }
}

fn ended(state: &State, reason: CloseReason) -> bool {
    anyone(state, |p| p.ended.is_some_and(|ended| ended.0 == reason))
}

pub(crate) const COLLIDED: Sight = ("a name is taken", |_, s| {
    anyone(s, |p| p.name().is_some_and(|name| name.ends_with("-2")))
});
pub(crate) const COLLIDED_BY_CASE: Sight = ("a name is taken, in another case", |_, s| {
    let is = |wanted: &'static str| anyone(s, move |p| p.name() == Some(wanted));
    is("a") && is("A-2") || is("A") && is("a-2")
});
pub(crate) const THREE_OF_A_NAME: Sight = ("a name is taken twice", |_, s| {
    anyone(s, |p| p.name().is_some_and(|name| name.ends_with("-3")))
});
pub(crate) const FREE_AGAIN: Sight = ("a name that was left is given again", |_, s| {
    anyone(s, |p| p.ended.is_some() && p.name() == Some("a"))
});
pub(crate) const SILENT: Sight = ("somebody joins by being silent", |_, s| {
    anyone(s, |p| matches!(p.stage, Stage::In { silent: true, .. }))
});
pub(crate) const IN_ALREADY: Sight = ("somebody is told that it is in already", |_, s| {
    anyone(s, |p| p.is_owed("* You are in already"))
});
pub(crate) const REFUSED: Sight = ("somebody is refused", |_, s| ended(s, CloseReason::Refused));
pub(crate) const CUT_OFF: Sight = ("somebody is cut off", |_, s| {
    ended(s, CloseReason::TooFarBehind)
});
pub(crate) const CUT_IN_A_LINE: Sight = (
    "somebody is cut off in the middle of a line, and gets the rest of it",
    |_, s| anyone(s, |p| p.cut && p.begun && p.is_owed("* Goodbye: you are")),
);
pub(crate) const STALLED: Sight = ("somebody is dropped for taking nothing", |_, s| {
    ended(s, CloseReason::Stalled)
});
pub(crate) const LOST: Sight = ("a connection fails", |_, s| ended(s, CloseReason::Lost));
pub(crate) const LINGERED: Sight = ("somebody who lingers is dropped", |_, s| {
    anyone(s, |p| p.ended == Some((CloseReason::Left, false)))
});
pub(crate) const GOODBYE: Sight = ("somebody is told that the server stops", |_, s| {
    anyone(s, |p| p.is_owed("* Goodbye: the server is shutting down"))
});
pub(crate) const STOPPED: Sight = ("a stopped server has nobody left", |_, s| {
    s.stopped.is_some() && s.server.connections() == 0 && ended(s, CloseReason::Stopped)
});
pub(crate) const STOPPED_IN_TIME: Sight = ("somebody is dropped by the end of a stop", |_, s| {
    s.stopped == Some(s.now) && ended(s, CloseReason::Stopped)
});
pub(crate) const BATCH: Sight = ("input waits because a batch is full", |_, s| {
    s.events > 0 && anyone(s, |p| !p.unheard.is_empty() && p.owed.is_empty())
});
pub(crate) const FIRST_LINE_WAITS: Sight =
    ("a first line waits because a batch is full", |_, s| {
        anyone(s, |p| p.stage == Stage::Greeting && !p.unheard.is_empty())
    });
pub(crate) const RESUMED: Sight = ("input that waited can be gone on with", |_, s| {
    matches!(s.server.next_timeout(), Some((_, Timer::Resume)))
});
pub(crate) const TWO_RESUMED: Sight = ("input of two waits at once", |_, s| {
    s.people.iter().filter(|p| !p.unheard.is_empty()).count() > 1
});
pub(crate) const OWES_PRIVATE: Sight = ("input waits for private lines to be taken", |c, s| {
    anyone(s, |p| p.waits_alone(s) && p.private() >= c.limits.private)
});
pub(crate) const OWES_OWN: Sight = ("input waits for its own lines to be passed by", |c, s| {
    anyone(s, |p| p.waits_alone(s) && p.private() < c.limits.private)
});
pub(crate) const EOF_WAITS: Sight = ("an end waits for the input before it", |_, s| {
    anyone(s, |p| p.eof && !p.unheard.is_empty())
});
pub(crate) const PART_OF_A_LINE: Sight = ("a socket takes a part of a line", |_, s| {
    anyone(s, |p| p.begun)
});
