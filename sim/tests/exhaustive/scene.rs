//! What can happen in a model: who is there, what they may do and how often, and what is to be so.

use crate::reference::{Stage, lines};
use crate::sights::Sight;
use crate::state::{Fault, State};
use chat_core::{Limits, Timer};
use stateright::{Model, Property};
use std::fmt;

/// Bytes that are sent at once.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Chunk(pub(crate) &'static [u8]);

impl fmt::Debug for Chunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

/// What one person may do, each thing at any moment.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) port: u16,
    pub(crate) chunks: &'static [Chunk],
    pub(crate) sends: u8,
    pub(crate) connects: u8,
    pub(crate) takes: u8,
    ends: bool,
    fails: bool,
}

impl Part {
    /// Somebody who may connect once, and send so many of these chunks.
    pub(crate) fn new(port: u16, sends: u8, chunks: &'static [Chunk]) -> Self {
        Self {
            port,
            chunks,
            sends,
            connects: 1,
            takes: 0,
            ends: false,
            fails: false,
        }
    }

    /// It may connect so often.
    pub(crate) fn connects(self, connects: u8) -> Self {
        Self { connects, ..self }
    }

    /// Its socket may change so often: stop to take anything, take one byte, take the rest of the
    /// line begun, take everything, or be called writable for nothing.
    pub(crate) fn takes(self, takes: u8) -> Self {
        Self { takes, ..self }
    }

    /// It may close its side.
    pub(crate) fn ends(self) -> Self {
        Self { ends: true, ..self }
    }

    /// Its connection may fail.
    pub(crate) fn fails(self) -> Self {
        Self {
            fails: true,
            ..self
        }
    }
}

/// A model: all that can happen, in every order.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    pub(crate) limits: Limits,
    pub(crate) parts: Vec<Part>,
    /// How many events may come between one pass of writing and the next.
    pub(crate) burst: u8,
    /// How often time may go on to the next deadline.
    pub(crate) timeouts: u8,
    /// The server may stop.
    pub(crate) stops: bool,
    /// The reference is wrong on purpose: it has the speaker hear itself.
    pub(crate) echo: bool,
    /// What has to be reached, so that it is known to be looked at.
    pub(crate) sights: &'static [Sight],
}

/// What happens outside the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Event {
    Connect(usize),
    Send(usize, Chunk),
    Eof(usize),
    Lost(usize),
    /// The socket takes this much from now on, `None` for everything; if it was full and takes
    /// anything, it becomes writable.
    Takes(usize, Option<usize>),
    /// The socket is called writable though it takes nothing.
    Woken(usize),
    /// Time goes on to the next deadline.
    Timeout,
    Stop,
}

/// An event, and whether a pass of writing follows it at once.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Act {
    pub(crate) event: Event,
    pub(crate) round: bool,
}

impl fmt::Debug for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let then = if self.round { "" } else { ", no pass yet" };
        write!(f, "{:?}{then}", self.event)
    }
}

impl Scene {
    fn events(&self, state: &State) -> Vec<Event> {
        let mut events = Vec::new();
        for (i, (part, person)) in self.parts.iter().zip(&state.people).enumerate() {
            let Some(conn) = person.conn else {
                if person.connects > 0 && state.stopped.is_none() {
                    events.push(Event::Connect(i));
                }
                continue;
            };
            if person.stage == Stage::Gone {
                continue;
            }
            let is_told = person.stage == Stage::Told;
            if person.sends > 0 && !is_told && state.server.wants_input(conn) {
                events.extend(part.chunks.iter().map(|chunk| Event::Send(i, *chunk)));
            }
            if part.ends && !person.eof {
                events.push(Event::Eof(i));
            }
            if part.fails {
                events.push(Event::Lost(i));
            }
            if person.takes > 0 && !is_told {
                if person.room.is_none() {
                    events.push(Event::Takes(i, Some(0)));
                } else {
                    events.extend([Some(1), None].map(|room| Event::Takes(i, room)));
                    if person.begun {
                        let rest = lines(&person.owed).next().map(<[u8]>::len);
                        events.push(Event::Takes(i, rest));
                    }
                }
                if person.full {
                    events.push(Event::Woken(i));
                }
            }
        }
        match state.server.next_timeout() {
            Some((_, Timer::Resume)) => events.push(Event::Timeout),
            Some(_) if state.timeouts > 0 => events.push(Event::Timeout),
            _ => {}
        }
        if self.stops && state.stopped.is_none() {
            events.push(Event::Stop);
        }
        events
    }
}

impl Model for Scene {
    type State = State;
    type Action = Act;

    fn init_states(&self) -> Vec<State> {
        vec![State::new(self)]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Act>) {
        if !state.faults.is_empty() {
            return;
        }
        for event in self.events(state) {
            actions.push(Act { event, round: true });
            if state.events + 1 < self.burst {
                actions.push(Act {
                    event,
                    round: false,
                });
            }
        }
    }

    fn next_state(&self, last: &State, act: Act) -> Option<State> {
        Some(last.after(self, act))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        macro_rules! never {
            ($($fault:ident: $property:literal,)*) => {
                vec![$(Property::always($property, |_, state: &State| {
                    !state.faults.contains(&Fault::$fault)
                }),)*]
            };
        }
        let mut properties = never! {
            Panicked: "nothing panics",
            Echo: "no speaker hears itself",
            Order: "everyone hears the same order",
            Heard: "a member hears what happens while it is in the room, once, and nothing else",
            Private: "private lines are those that are called for, where they happened",
            Bytes: "what waits is got byte for byte, however little a socket takes",
            Said: "what is sent is said, once, in its order, under its name",
            Names: "a name is the first that is free, and nobody else's in any case",
            Stays: "a stay has one joining and one leaving, and both have a reason",
            Closed: "nothing happens after the close",
            Reason: "a connection is closed for its reason",
            Deadlines: "the next deadline is the first of those that are awaited",
            Limits: "limits hold, and only they hold anyone back",
            Flushed: "a pass leaves nothing to a socket that takes it, and asks no full one",
            Screen: "the screen shows everything once",
        };
        // Where something is wrong already, nothing is to be said of what lies ahead.
        properties.extend([
            Property::always("all is heard once all sockets take all", |scene, state| {
                let state: &State = state;
                !state.faults.is_empty() || state.with_open_sockets(scene).is_at_rest()
            }),
            Property::always("a stop ends everything in time", |scene, state| {
                let state: &State = state;
                !state.faults.is_empty() || state.with_a_stop(scene).has_ended()
            }),
        ]);
        let sights = self.sights.iter();
        properties.extend(sights.map(|(name, shows)| Property::sometimes(name, *shows)));
        properties
    }
}
