//! A state of a model: the server, and beside it the reference, which judges what comes of every
//! event.

use crate::reference::{Person, Stage, lines};
use crate::scene::{Act, Event, Scene};
use chat_core::{Action, CloseReason, ConnId, Input, Logs, Outbox, Server, Timer, Timestamp};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What is not as the reference has it; each belongs to the property of the same meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Fault {
    Echo,
    Order,
    Heard,
    Private,
    Bytes,
    Said,
    Stays,
    Names,
    Closed,
    Reason,
    Deadlines,
    Limits,
    Flushed,
    Screen,
    Panicked,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) server: Server,
    pub(crate) now: Timestamp,
    pub(crate) people: Vec<Person>,
    /// What the room's screen is to show in the next pass.
    pub(crate) screen: Vec<u8>,
    /// Events since the last pass.
    pub(crate) events: u8,
    pub(crate) timeouts: u8,
    /// When a stop has to be over, once there is one.
    pub(crate) stopped: Option<Timestamp>,
    pub(crate) faults: BTreeSet<Fault>,
}

impl State {
    pub(crate) fn new(scene: &Scene) -> Self {
        let person = |part: &crate::scene::Part| Person {
            connects: part.connects,
            sends: part.sends,
            takes: part.takes,
            ..Person::default()
        };
        Self {
            server: Server::new(scene.limits.clone()),
            now: Timestamp::ZERO,
            people: scene.parts.iter().map(person).collect(),
            screen: Vec::new(),
            events: 0,
            timeouts: scene.timeouts,
            stopped: None,
            faults: BTreeSet::new(),
        }
    }

    pub(crate) fn after(&self, scene: &Scene, act: Act) -> Self {
        self.having(|state| {
            state.event(scene, act.event);
            if act.round {
                state.round(scene);
            }
        })
    }

    /// What comes of it if all sockets take everything from now on.
    pub(crate) fn with_open_sockets(&self, scene: &Scene) -> Self {
        self.having(|state| {
            for i in 0..state.people.len() {
                if state.people[i].conn.is_some() && state.people[i].room.is_some() {
                    state.event(scene, Event::Takes(i, None));
                }
            }
            state.round(scene);
            let is_resumed =
                |state: &Self| matches!(state.server.next_timeout(), Some((_, Timer::Resume)));
            state.timeouts_while(scene, is_resumed);
        })
    }

    /// Whether there is nothing that waits to be sent or to be handled.
    pub(crate) fn is_at_rest(&self) -> bool {
        let is_at_rest =
            |p: &Person| p.stage != Stage::Out && p.owed.is_empty() && p.unheard.is_empty();
        self.faults.is_empty() && self.people.iter().all(is_at_rest)
    }

    /// What comes of it if the server stops and no peer does anything any more.
    pub(crate) fn with_a_stop(&self, scene: &Scene) -> Self {
        self.having(|state| {
            if state.stopped.is_none() {
                state.event(scene, Event::Stop);
            }
            state.round(scene);
            state.timeouts_while(scene, |state| state.server.next_timeout().is_some());
        })
    }

    /// Whether a stop is over, and in time.
    pub(crate) fn has_ended(&self) -> bool {
        self.faults.is_empty()
            && self.server.connections() == 0
            && self.people.iter().all(|p| p.stage == Stage::Away)
            && self.stopped.is_some_and(|end| self.now <= end)
    }

    /// The state after something has happened in it, even if that panics.
    fn having(&self, happen: impl FnOnce(&mut Self)) -> Self {
        let mut state = self.clone();
        if catch_unwind(AssertUnwindSafe(|| happen(&mut state))).is_err() {
            state.faults.insert(Fault::Panicked);
        }
        state
    }

    /// As many timeouts as come of themselves, unless they do not end.
    fn timeouts_while(&mut self, scene: &Scene, is_due: impl Fn(&Self) -> bool) {
        for _ in 0..100 {
            if !is_due(self) {
                return;
            }
            self.event(scene, Event::Timeout);
            self.round(scene);
        }
        self.faults.insert(Fault::Deadlines);
    }

    fn event(&mut self, scene: &Scene, event: Event) {
        self.events += 1;
        let now = self.now;
        match event {
            Event::Connect(i) => self.connect(scene, i),
            Event::Send(i, chunk) => {
                let person = &mut self.people[i];
                person.sends = person.sends.saturating_sub(1);
                if matches!(person.stage, Stage::Greeting | Stage::In { .. }) {
                    let ended = lines(chunk.0).filter_map(|line| line.strip_suffix(b"\n"));
                    person.unheard.extend(ended);
                }
                if person.stage == Stage::Greeting && !person.unheard.is_empty() {
                    // Its first line has come in time, whenever it is handled.
                    person.deadline = None;
                }
                self.input(i, |conn| Input::Received(conn, chunk.0));
            }
            Event::Eof(i) => {
                self.people[i].eof = true;
                self.input(i, Input::Eof);
            }
            Event::Lost(i) => self.input(i, Input::Lost),
            Event::Takes(i, room) => {
                let person = &mut self.people[i];
                person.takes = person.takes.saturating_sub(1);
                person.room = room;
                if person.full && room != Some(0) {
                    person.full = false;
                    self.input(i, Input::Writable);
                }
            }
            Event::Woken(i) => {
                let person = &mut self.people[i];
                person.takes = person.takes.saturating_sub(1);
                person.full = false;
                self.input(i, Input::Writable);
            }
            Event::Timeout => {
                if let Some((due, timer)) = self.server.next_timeout() {
                    self.now = now.max(due);
                    if timer != Timer::Resume {
                        self.timeouts = self.timeouts.saturating_sub(1);
                    }
                }
                self.server.handle(self.now, Input::Timeout);
            }
            Event::Stop => {
                self.stopped = Some(now + scene.limits.shutdown);
                self.server.handle(now, Input::Stop);
            }
        }
        let got = vec![Vec::new(); self.people.len()];
        let (shown, owed) = self.ahead();
        self.judge(scene, Some(event), &shown, got, owed);
        self.look_around(scene);
    }

    fn input(&mut self, i: usize, input: impl FnOnce(ConnId) -> Input<'static>) {
        if let Some(conn) = self.people[i].conn {
            self.server.handle(self.now, input(conn));
        }
    }

    fn connect(&mut self, scene: &Scene, i: usize) {
        // Who is refused has no place, and is told so in one of its own.
        let open = self.people.iter().filter(|p| p.is_open());
        let (refused, placed): (Vec<_>, Vec<_>) =
            open.partition(|p| p.cause == Some(CloseReason::Refused));
        let (refused, placed) = (refused.len(), placed.len());
        let limits = &scene.limits;
        let conn = self.server.accept(self.now, scene.parts[i].port);
        let person = &mut self.people[i];
        person.connects -= 1;
        let has_place = placed < limits.connections;
        if conn.is_some() != (has_place || refused < limits.refusals) {
            self.faults.insert(Fault::Limits);
        }
        let Some(conn) = conn else {
            return;
        };
        person.conn = Some(conn);
        if has_place {
            person.stage = Stage::Greeting;
            person.deadline = Some(self.now + limits.first_line);
        } else {
            person.end(Stage::Out, CloseReason::Refused);
        }
    }

    /// One pass of writing, and what follows it.
    fn round(&mut self, scene: &Scene) {
        self.events = 0;
        let mut got = vec![Vec::new(); self.people.len()];
        let mut turns = 0;
        while let Some(mut round) = self.server.round(self.now, usize::MAX) {
            turns += 1;
            if turns > 100 {
                self.faults.insert(Fault::Flushed);
                return;
            }
            let (logs, outboxes) = round.outboxes();
            for outbox in outboxes {
                let written = write(&mut self.people, self.now, scene, outbox, logs, &mut got);
                self.faults.extend(written);
            }
        }
        let mut shown = Vec::new();
        let lost = self
            .server
            .transcript(|bytes| shown.extend_from_slice(bytes));
        if lost > 0 {
            self.faults.insert(Fault::Screen);
        }
        let (_, owed) = self.ahead();
        self.judge(scene, None, &shown, got, owed);
        self.screen.clear();
        while let Some(action) = self.server.poll_action() {
            self.act(scene, &action);
        }
        for person in &self.people {
            let leaves = match person.stage {
                Stage::In { .. } => !person.full && !person.owed.is_empty(),
                Stage::Out => !person.full,
                _ => false,
            };
            if leaves {
                self.faults.insert(Fault::Flushed);
            }
            if person.joining.is_some() {
                self.faults.insert(Fault::Stays);
            }
            if person.stage == Stage::Gone {
                self.faults.insert(Fault::Closed);
            }
        }
        self.look_around(scene);
    }

    fn act(&mut self, scene: &Scene, action: &Action) {
        if let Action::Renamed(..) = action {
            return; // Its entry is judged.
        }
        let (Action::Joined(conn, _) | Action::Finish(conn) | Action::Close(conn, _)) = *action
        else {
            unreachable!("there is no store");
        };
        let Some(i) = self.whose(conn) else {
            self.faults.insert(Fault::Closed);
            return;
        };
        let person = &mut self.people[i];
        match action {
            Action::Joined(_, name) => {
                let is_right = person.joining.take().as_deref() == Some(name.as_str());
                self.faults.extend((!is_right).then_some(Fault::Names));
            }
            Action::Finish(_) => {
                if person.stage != Stage::Out || person.full || !person.owed.is_empty() {
                    self.faults.insert(Fault::Closed);
                }
                person.stage = Stage::Told;
                person.deadline = Some(self.now + scene.limits.linger);
            }
            Action::Close(_, reason) => {
                let is_due = match person.stage {
                    Stage::Told => person.eof,
                    Stage::Gone => true,
                    _ => false,
                };
                if !is_due {
                    self.faults.insert(Fault::Closed);
                }
                if person.cause != Some(*reason) {
                    self.faults.insert(Fault::Reason);
                }
                person.close(*reason);
            }
            _ => {}
        }
    }

    fn whose(&self, conn: ConnId) -> Option<usize> {
        self.people.iter().position(|p| p.conn == Some(conn))
    }

    /// What the screen would show, and what each would get, if all sockets took everything now.
    fn ahead(&mut self) -> (Vec<u8>, Vec<Vec<u8>>) {
        let mut server = self.server.clone();
        let mut owed = vec![Vec::new(); self.people.len()];
        for conn in self.people.iter().filter_map(|person| person.conn) {
            server.handle(self.now, Input::Writable(conn));
        }
        let mut writes = 0;
        server.pass(self.now, |conn, slices| {
            writes += 1;
            let Some(i) = self.whose(conn).filter(|_| writes < 1000) else {
                return 0;
            };
            owed[i].extend(slices.concat());
            slices.iter().map(|slice| slice.len()).sum()
        });
        if writes >= 1000 {
            self.faults.insert(Fault::Flushed);
        }
        let mut screen = Vec::new();
        server.transcript(|bytes| screen.extend_from_slice(bytes));
        (screen, owed)
    }
}

/// Has a socket take of an outbox what it takes; what is wrong with that.
fn write(
    people: &mut [Person],
    now: Timestamp,
    scene: &Scene,
    outbox: &mut Outbox,
    logs: Logs<'_>,
    got: &mut [Vec<u8>],
) -> Vec<Fault> {
    let mut faults = Vec::new();
    let Some(i) = people.iter().position(|p| p.conn == Some(outbox.id())) else {
        return vec![Fault::Closed];
    };
    let person = &mut people[i];
    if person.full {
        faults.push(Fault::Flushed);
    }
    if !matches!(person.stage, Stage::In { .. } | Stage::Out) {
        faults.push(Fault::Closed);
    }
    let before = got[i].len();
    outbox.write(logs, |slices| {
        let bytes = slices.concat();
        let taken = person.room.unwrap_or(usize::MAX).min(bytes.len());
        got[i].extend_from_slice(&bytes[..taken]);
        person.room = person.room.map(|room| room - taken);
        person.full = taken < bytes.len();
        taken
    });
    if !person.full {
        person.deadline = None;
    } else if got[i].len() > before || person.deadline.is_none() {
        person.deadline = Some(now + scene.limits.stall);
    }
    faults
}
