//! Plays a world: machines, their connections, and one queue of what happens next.

mod actor;
mod links;
mod serving;

use crate::dice::Dice;
use crate::explore::tally::Tally;
use crate::explore::trace::{Kind, Trace};
use crate::explore::wire::{Clock, Weather, delay};
use crate::explore::world::{Machine, Op, World};
use crate::invariant::Invariant;
use crate::model::Watched;
use crate::text::visible;
use actor::Actor;
use links::Link;
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, VecDeque};

/// How long everything may take to come to rest once the faults have stopped and all that was sent can have been read,
/// in microseconds.
pub(super) const REST: u64 = 300_000_000;

/// In no world does so much happen.
const EVENTS: u64 = 1_000_000_000;

/// The network when the faults have stopped.
const CALM_DELAY: (u64, u64) = (100, 300);
const CALM_BUFFER: usize = 64 * 1024;

/// The server's lane.
pub(super) const SERVER: usize = 0;

/// What happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Event {
    Step(usize),
    /// Something arrives at the server.
    Up(usize),
    /// Something arrives at the client.
    Down(usize),
    /// A connection is asked for.
    Syn(usize),
    /// The client hears that it was made, or not.
    Made(usize),
    Refused(usize),
    /// A connection fails for the server, or for the client.
    LostUp(usize),
    LostDown(usize),
    /// The server, or the client, may write more.
    RoomDown(usize),
    RoomUp(usize),
    /// The systems give up on a connection if it is cut since.
    GiveUp(usize, u32),
    Wake(usize),
    /// A password of a peer, in that life of the server, has been hashed, or cannot be.
    Hashed(u32, usize, bool),
}

/// What a machine is doing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Machinery {
    pub(super) clock: Clock,
    pub(super) paused_until: u64,
    /// When it is woken next.
    wake: u64,
}

/// Everything that there is.
pub(super) struct Stage<'a> {
    pub(super) world: &'a World,
    pub(super) weather: Weather,
    /// Some clients are up to so many times as far away.
    pub(super) spread: u64,
    pub(super) dice: Dice,
    /// Bytes that a connection holds in each direction.
    pub(super) capacity: usize,
    pub(super) now: u64,
    pub(super) queue: BinaryHeap<Reverse<(u64, u64, Event)>>,
    pub(super) sequence: u64,
    pub(super) trace: Trace,
    pub(super) tally: Tally,
    /// By lanes.
    pub(super) machines: Vec<Machinery>,
    pub(super) server: Option<Watched>,
    pub(super) life: u32,
    /// The server's program takes connections; its machine answers.
    pub(super) listens: bool,
    pub(super) dark: bool,
    links: Vec<Link>,
    /// Links by the peers of the server's life.
    pub(super) peers: Vec<usize>,
    pub(super) backlog: VecDeque<usize>,
    pub(super) ready: BTreeSet<usize>,
    pub(super) shown: usize,
    actors: Vec<Actor>,
}

impl<'a> Stage<'a> {
    pub(super) fn new(world: &'a World, keep: bool) -> Self {
        let machine = Machinery {
            clock: Clock::new(),
            paused_until: 0,
            wake: u64::MAX,
        };
        let mut stage = Self {
            world,
            weather: Weather {
                delay: world.network.delay_us,
                chop: world.network.chop,
            },
            spread: world.network.spread,
            dice: Dice::new(world.seed, 77),
            capacity: world.network.buffer,
            now: 0,
            queue: BinaryHeap::new(),
            sequence: 0,
            trace: Trace::new(keep),
            tally: Tally::default(),
            machines: vec![machine; world.clients.len() + 1],
            server: None,
            life: 0,
            listens: false,
            dark: false,
            links: Vec::new(),
            peers: Vec::new(),
            backlog: VecDeque::new(),
            ready: BTreeSet::new(),
            shown: 0,
            actors: world.clients.iter().map(Actor::new).collect(),
        };
        stage.start();
        stage
    }

    /// Plays it to its end.
    pub(super) fn run(&mut self) {
        for (number, (at, _)) in self.world.steps.iter().enumerate() {
            self.at(at * 1000, Event::Step(number));
        }
        let last = self.world.steps.last().map_or(0, |(at, _)| at * 1000);
        self.go_on(last);
        self.calm();
        self.come_to_rest("when the faults have stopped");
        if self.is_lost() {
            return;
        }
        self.ask_who();
        self.come_to_rest("when everyone has asked who is there");
        if self.is_lost() {
            return;
        }
        self.check_rosters();
        self.step(&Op::Stop);
        self.come_to_rest("when the server was asked to stop");
        self.check_stopped();
    }

    fn is_lost(&self) -> bool {
        self.server.as_ref().is_some_and(Watched::is_lost)
    }

    pub(super) fn at(&mut self, at: u64, event: Event) {
        self.sequence += 1;
        self.queue.push(Reverse((at, self.sequence, event)));
    }

    /// Has something happen after some time under way.
    pub(super) fn soon(&mut self, event: Event) {
        let at = self.now + delay(self.weather, &mut self.dice);
        self.at(at, event);
    }

    pub(super) fn wake(&mut self, lane: usize, at: u64) {
        let at = at.max(self.now).max(self.machines[lane].paused_until);
        if at < self.machines[lane].wake {
            self.machines[lane].wake = at;
            self.at(at, Event::Wake(lane));
        }
    }

    /// Lets happen what happens until then.
    fn go_on(&mut self, until: u64) {
        while let Some(&Reverse((at, _, event))) = self.queue.peek()
            && at <= until
            && !self.is_lost()
        {
            self.queue.pop();
            self.now = at;
            self.tally.events += 1;
            Invariant::Rest.holds(self.tally.events < EVENTS, || {
                format!("{event:?} follows more than {EVENTS} others")
            });
            self.happen(event);
        }
    }

    /// Lets happen what happens until nothing does any more.
    fn come_to_rest(&mut self, when: &str) {
        let end = self.now + REST + self.reading_time();
        self.go_on(end);
        if self.is_lost() {
            return;
        }
        // A machine may still be woken for a time that does not matter any more.
        let moves = |event: &&Reverse<(u64, u64, Event)>| !matches!(event.0.2, Event::Wake(_));
        let next = self.queue.iter().find(moves);
        Invariant::Rest.holds(next.is_none(), || {
            format!("{next:?} is still to come 300 s {when}")
        });
        if let Some(server) = &self.server {
            let due = server.next_timeout();
            Invariant::Rest.holds(due.is_none(), || {
                format!("the server waits for {due:?} {when}")
            });
            server.is_at_rest();
        }
        for (number, actor) in self.actors.iter().enumerate() {
            actor.is_at_rest(number, when);
        }
    }

    /// How long all that was sent may take to be read at the rates that are granted, in microseconds.
    fn reading_time(&self) -> u64 {
        let texts = self.world.steps.iter().filter_map(|(_, op)| match op {
            Op::Type(_, text) | Op::Send(_, text) => Some(&text.0),
            _ => None,
        });
        let (mut lines, mut bytes) = (0, 0);
        for text in texts {
            lines += text.split(|byte| *byte == b'\n').count() as u64;
            bytes += 2 + text.len() as u64;
        }
        let grants = self.world.server.grants;
        let time = |count: u64, rate: u64| (1_000_000 * count).checked_div(rate).unwrap_or(0);
        [grants.connection, grants.host]
            .map(|grant| time(lines, grant.lines.0) + time(bytes, grant.bytes.0))
            .into_iter()
            .sum()
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Step(number) => {
                let op = &self.world.steps[number].1;
                self.tally.ops[op.kind()] += u64::from(self.has_effect(op));
                self.step(op);
            }
            Event::Wake(SERVER) => self.serve(),
            Event::Wake(lane) => {
                if self.is_awake(lane) {
                    self.act(lane - 1);
                }
            }
            Event::Up(link) => self.arrive_up(link),
            Event::Down(link) => self.arrive_down(link),
            Event::Syn(link) => self.syn(link),
            Event::Made(link) => {
                let it = &mut self.links[link];
                if it.down.is_cut && it.client_open {
                    self.at(self.now + 1_000_000, Event::Made(link));
                } else {
                    it.made = true;
                    self.wake(self.links[link].client + 1, self.now);
                }
            }
            Event::Refused(link) => {
                self.links[link].refused = true;
                self.wake(self.links[link].client + 1, self.now);
            }
            Event::LostUp(link) => {
                if self.links[link].server_open {
                    self.links[link].server_lost = true;
                    self.ready.insert(link);
                    self.wake(SERVER, self.now);
                }
            }
            Event::LostDown(link) => {
                if self.links[link].client_open {
                    self.links[link].client_lost = true;
                    self.wake(self.links[link].client + 1, self.now);
                }
            }
            Event::RoomDown(link) => {
                self.links[link].writable = true;
                self.ready.insert(link);
                self.wake(SERVER, self.now);
            }
            Event::RoomUp(link) => self.wake(self.links[link].client + 1, self.now),
            Event::Hashed(life, peer, is_done) => {
                let until = self.machines[SERVER].paused_until;
                if until > self.now {
                    return self.at(until, event);
                }
                let clock = self.server_clock();
                if let Some(server) = self.server.as_mut().filter(|_| life == self.life) {
                    server.hashed(clock, peer, is_done);
                    self.wake(SERVER, self.now);
                }
            }
            Event::GiveUp(link, cuts) => {
                let it = &self.links[link];
                if it.cuts == cuts && (it.up.is_cut || it.down.is_cut) {
                    self.lose(link);
                }
            }
        }
    }

    /// Whether a machine does something now that it was woken.
    pub(super) fn is_awake(&mut self, lane: usize) -> bool {
        if self.machines[lane].wake != self.now {
            return false;
        }
        self.machines[lane].wake = u64::MAX;
        let until = self.machines[lane].paused_until;
        if until > self.now {
            self.wake(lane, until);
        }
        until <= self.now
    }

    pub(super) fn state(&mut self, lane: usize, text: impl FnOnce() -> String) {
        self.trace.note(lane, self.now, Kind::State, text);
    }

    /// Whether something comes of it: it is counted then.
    fn has_effect(&self, op: &Op) -> bool {
        let has_link = |who: usize| !self.links_of(who).is_empty();
        let is_person = |who: usize| self.actors[who].is_person;
        match *op {
            Op::Type(..) | Op::Send(..) | Op::Cut(..) | Op::Rate(..) | Op::Jump(..) => true,
            Op::End(who) | Op::Interrupt(who) => is_person(who),
            Op::Connect(who) => !is_person(who) && !self.is_connected(who),
            Op::Deaf(who) => !is_person(who) && !self.actors[who].deaf,
            Op::Read(who) => self.actors[who].deaf,
            Op::Finish(who) | Op::Close(who) => !is_person(who) && self.is_connected(who),
            Op::Heal(who) => self.actors[who].cut.is_some(),
            Op::Reset(who) | Op::Vanish(who) | Op::Window(who, _) => has_link(who),
            Op::Pause(machine, ms) => {
                self.machines[lane_of(machine)].paused_until < self.now + ms * 1000
            }
            Op::Stop => self.listens,
            Op::Crash | Op::Blackout => self.server.is_some(),
            Op::Start => self.can_start(),
        }
    }

    fn step(&mut self, op: &Op) {
        if let Some(who) = op.client()
            && !op.is_fault()
        {
            self.trace.note(who + 1, self.now, Kind::Did, || told(op));
            return self.do_as_told(who, op);
        }
        let lane = op.client().map_or(SERVER, |who| who + 1);
        self.trace.note(lane, self.now, Kind::Fault, || told(op));
        match *op {
            Op::Reset(who) => {
                for link in self.links_of(who) {
                    self.lose(link);
                }
            }
            Op::Cut(who, way) => {
                self.actors[who].cut = Some(way);
                for link in self.links_of(who) {
                    self.cut(link, way);
                }
            }
            Op::Heal(who) => self.heal(who),
            Op::Vanish(who) => self.vanish(who),
            Op::Window(who, bytes) => {
                for link in self.links_of(who) {
                    self.open_window(link, bytes);
                }
            }
            Op::Pause(machine, ms) => {
                let it = &mut self.machines[lane_of(machine)];
                it.paused_until = it.paused_until.max(self.now + ms * 1000);
                let until = it.paused_until;
                self.wake(lane_of(machine), until);
            }
            Op::Rate(machine, rate) => {
                let lane = lane_of(machine);
                self.machines[lane].clock.set_rate(self.now, rate);
                self.wake(lane, self.now);
            }
            Op::Jump(machine, ms) => {
                let lane = lane_of(machine);
                self.machines[lane].clock.jump(self.now, ms * 1000);
                self.wake(lane, self.now);
            }
            Op::Stop => {
                let clock = self.server_clock();
                if let Some(server) = self.server.as_mut().filter(|_| self.listens) {
                    self.listens = false;
                    server.stop(clock);
                    self.wake(SERVER, self.now);
                }
            }
            Op::Crash => self.crash(false),
            Op::Blackout => self.crash(true),
            Op::Start => self.start(),
            _ => {}
        }
    }

    /// The faults stop: what is broken is mended, the network is fast, and everyone listens.
    fn calm(&mut self) {
        self.weather.delay = CALM_DELAY;
        self.come_near();
        self.capacity = CALM_BUFFER.max(self.capacity);
        for lane in 0..self.machines.len() {
            self.machines[lane].paused_until = 0;
            self.machines[lane].clock.set_rate(self.now, 1000);
            self.wake(lane, self.now);
        }
        for who in 0..self.actors.len() {
            self.heal(who);
            self.actors[who].deaf = false;
            for link in self.links_of(who) {
                self.links[link].up.capacity = self.capacity;
                self.soon(Event::RoomUp(link));
                self.open_window(link, self.capacity);
            }
        }
        self.start();
    }

    fn check_stopped(&mut self) {
        let open = self.server.as_ref().map_or(0, Watched::connections);
        Invariant::InTime.holds(open == 0, || {
            format!("{open} connections are left after the stop")
        });
        let population = self.server.as_ref().map_or(0, Watched::population);
        Invariant::OneStay.holds(population == 0, || {
            format!("{population} are still in the room")
        });
    }
}

fn lane_of(machine: Machine) -> usize {
    match machine {
        Machine::Server => SERVER,
        Machine::Client(who) => who + 1,
    }
}

fn told(op: &Op) -> String {
    match op {
        Op::Type(_, text) | Op::Send(_, text) => visible(&text.0),
        Op::Cut(_, way) => format!("cut: {way:?}"),
        Op::Window(_, bytes) => format!("window of {bytes} bytes"),
        Op::Pause(_, ms) => format!("stands still for {ms} ms"),
        Op::Rate(_, rate) => format!("clock counts {rate} ms a second"),
        Op::Jump(_, ms) => format!("clock jumps by {ms} ms"),
        _ => Op::NAMES[op.kind()].into(),
    }
}
