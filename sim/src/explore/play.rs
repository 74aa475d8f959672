//! Plays a world: machines, their connections, and one queue of what happens next.

use super::actor::Actor;
use super::tally::Tally;
use super::trace::{Kind, Trace};
use super::wire::{Clock, Pipe, Weather, delay};
use super::world::{Machine, Op, Way, World};
use crate::dice::Dice;
use crate::model::{Deed, Taken, Watched};
use crate::promise::Promise;
use crate::text::visible;
use chat_core::server_phase::Phase;
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, VecDeque};
use std::mem;

/// How long everything may take to come to rest once the faults have stopped, in microseconds.
pub(super) const REST: u64 = 300_000_000;

/// The network when the faults have stopped.
const CALM_DELAY: (u64, u64) = (100, 300);
const CALM_BUFFER: usize = 64 * 1024;

/// How long a pass takes a server, at least, in microseconds.
const PASS: u64 = 5;

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
}

/// A connection.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) client: usize,
    pub(super) up: Pipe,
    pub(super) down: Pipe,
    /// In which life of the server it was made, and as which of its peers.
    pub(super) life: u32,
    pub(super) peer: Option<usize>,
    /// The server's side is open, or the client's.
    pub(super) server_open: bool,
    pub(super) client_open: bool,
    server_lost: bool,
    pub(super) client_lost: bool,
    pub(super) made: bool,
    pub(super) refused: bool,
    writable: bool,
    eof_told: bool,
    /// Something other than the two programs has happened to it.
    pub(super) disturbed: bool,
    /// Bytes the server's program has read.
    pub(super) read: u64,
    cuts: u32,
    /// It has failed on the way, and one side or both are yet to hear of it.
    dead: bool,
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
    pub(super) dice: Dice,
    /// Bytes that a connection holds in each direction.
    capacity: usize,
    pub(super) now: u64,
    queue: BinaryHeap<Reverse<(u64, u64, Event)>>,
    sequence: u64,
    pub(super) trace: Trace,
    pub(super) tally: Tally,
    /// By lanes.
    pub(super) machines: Vec<Machinery>,
    pub(super) server: Option<Watched>,
    pub(super) life: u32,
    /// The server's program takes connections; its machine answers.
    listens: bool,
    dark: bool,
    pub(super) links: Vec<Link>,
    /// Links by the peers of the server's life.
    peers: Vec<usize>,
    backlog: VecDeque<usize>,
    ready: BTreeSet<usize>,
    shown: usize,
    pub(super) actors: Vec<Actor>,
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
            self.happen(event);
        }
    }

    /// Lets happen what happens until nothing does any more.
    fn come_to_rest(&mut self, when: &str) {
        let end = self.now + REST;
        self.go_on(end);
        if self.is_lost() {
            return;
        }
        // A machine may still be woken for a time that does not matter any more.
        let moves = |event: &&Reverse<(u64, u64, Event)>| !matches!(event.0.2, Event::Wake(_));
        let next = self.queue.iter().find(moves);
        Promise::Rest.holds(next.is_none(), || {
            format!("{next:?} is still to come 300 s {when}")
        });
        if let Some(server) = &self.server {
            let due = server.next_timeout();
            Promise::Rest.holds(due.is_none(), || {
                format!("the server waits for {due:?} {when}")
            });
            server.is_at_rest();
        }
        for (number, actor) in self.actors.iter().enumerate() {
            actor.is_at_rest(number, when);
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Step(number) => self.step(&self.world.steps[number].1),
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
            Event::GiveUp(link, cuts) => {
                let it = &self.links[link];
                if it.cuts == cuts && (it.up.is_cut || it.down.is_cut) {
                    self.lose(link);
                }
            }
        }
    }

    /// Whether a machine does something now that it was woken.
    fn is_awake(&mut self, lane: usize) -> bool {
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

    fn step(&mut self, op: &Op) {
        self.tally.ops[op.kind()] += 1;
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
                    self.links[link].down.capacity = bytes;
                }
            }
            Op::Pause(machine, ms) => {
                let lane = lane_of(machine);
                self.machines[lane].paused_until = self.now + ms * 1000;
                self.wake(lane, self.now + ms * 1000);
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

    fn server_clock(&self) -> u64 {
        self.machines[SERVER].clock.read(self.now)
    }

    /// The connections of a client that are not closed.
    fn links_of(&self, who: usize) -> Vec<usize> {
        let last = self.actors[who].link;
        let is_open = |link: &usize| self.links[*link].client_open || self.links[*link].server_open;
        last.into_iter().filter(is_open).collect()
    }

    /// Begins to connect; the link.
    pub(super) fn connect(&mut self, who: usize) -> usize {
        let capacity = self.capacity;
        self.links.push(Link {
            client: who,
            up: Pipe::new(capacity),
            down: Pipe::new(capacity),
            life: 0,
            peer: None,
            server_open: false,
            client_open: true,
            server_lost: false,
            client_lost: false,
            made: false,
            refused: false,
            writable: false,
            eof_told: false,
            disturbed: false,
            read: 0,
            cuts: 0,
            dead: false,
        });
        let link = self.links.len() - 1;
        self.actors[who].link = Some(link);
        if let Some(way) = self.actors[who].cut {
            self.cut(link, way);
        }
        self.soon(Event::Syn(link));
        link
    }

    fn syn(&mut self, link: usize) {
        let it = &mut self.links[link];
        if !it.client_open {
            return;
        }
        if it.up.is_cut || self.dark {
            it.disturbed = true;
            self.at(self.now + 1_000_000, Event::Syn(link));
        } else if self.listens {
            it.server_open = true;
            it.life = self.life;
            self.backlog.push_back(link);
            self.wake(SERVER, self.now);
            self.soon(Event::Made(link));
        } else {
            self.soon(Event::Refused(link));
        }
    }

    /// A connection fails on the way, for both.
    fn lose(&mut self, link: usize) {
        let it = &mut self.links[link];
        it.disturbed = true;
        // What comes after something that was lost is not delivered either.
        it.dead = true;
        (it.up.is_cut, it.down.is_cut) = (true, true);
        self.drop_under_way(link);
        self.soon(Event::LostUp(link));
        self.soon(Event::LostDown(link));
    }

    fn drop_under_way(&mut self, link: usize) {
        let it = &mut self.links[link];
        let lanes = (it.client + 1, SERVER);
        for (segments, lanes) in [(it.up.lose(), lanes), (it.down.lose(), (lanes.1, lanes.0))] {
            for segment in segments {
                let bytes = &segment.bytes;
                self.trace
                    .arrow(lanes, segment.sent, None, bytes, || visible(bytes));
            }
        }
    }

    fn cut(&mut self, link: usize, way: Way) {
        let it = &mut self.links[link];
        it.up.is_cut |= way != Way::Down;
        it.down.is_cut |= way != Way::Up;
        it.cuts += 1;
        it.disturbed = true;
        let cuts = it.cuts;
        self.at(
            self.now + self.world.network.give_up_ms * 1000,
            Event::GiveUp(link, cuts),
        );
    }

    fn heal(&mut self, who: usize) {
        if self.actors[who].cut.take().is_none() {
            return;
        }
        for link in self.links_of(who) {
            let it = &mut self.links[link];
            if it.client_open && !it.dead {
                (it.up.is_cut, it.down.is_cut) = (false, false);
                it.cuts += 1;
                self.soon(Event::Up(link));
                self.soon(Event::Down(link));
            }
        }
    }

    /// A client's machine goes: nobody is told.
    fn vanish(&mut self, who: usize) {
        for link in self.links_of(who) {
            self.links[link].client_open = false;
            self.cut(link, Way::Both);
        }
        self.actors[who].vanish();
    }

    /// What came back knows nothing of the connections that there were.
    pub(super) fn come_back(&mut self, who: usize) {
        for link in self.links_of(who) {
            if !self.links[link].client_open {
                self.soon(Event::LostUp(link));
            }
        }
    }

    fn crash(&mut self, dark: bool) {
        if self.server.take().is_none() {
            return;
        }
        self.listens = false;
        self.dark = dark;
        self.backlog.clear();
        self.ready.clear();
        self.peers.clear();
        for link in 0..self.links.len() {
            let it = &mut self.links[link];
            if !mem::replace(&mut it.server_open, false) {
                continue;
            }
            it.disturbed = true;
            if dark {
                it.cuts += 1;
                (it.up.is_cut, it.down.is_cut) = (true, true);
                let cuts = it.cuts;
                let at = self.now + self.world.network.give_up_ms * 1000;
                self.at(at, Event::GiveUp(link, cuts));
            } else if it.up.readable() > 0 || self.dice.one_in(2) {
                self.drop_under_way(link);
                self.soon(Event::LostDown(link));
            } else {
                self.end_down(link);
            }
        }
    }

    fn start(&mut self) {
        if self.server.is_some() && (self.listens || self.links.iter().any(|l| l.server_open)) {
            return;
        }
        if mem::take(&mut self.dark) {
            for link in 0..self.links.len() {
                if self.links[link].client_open && self.links[link].life == self.life {
                    self.soon(Event::LostDown(link));
                }
            }
        }
        let (limits, habits) = (self.world.server.limits(), self.world.server.habits());
        self.server = Some(Watched::new(limits, habits));
        self.listens = true;
        self.life += 1;
        self.peers.clear();
        self.shown = 0;
        self.state(SERVER, || "listens".into());
    }

    fn end_down(&mut self, link: usize) {
        let it = &mut self.links[link];
        it.down.end(self.now, self.weather, &mut self.dice);
        self.expect_down(link);
    }

    pub(super) fn end_up(&mut self, link: usize) {
        let it = &mut self.links[link];
        it.up.end(self.now, self.weather, &mut self.dice);
        self.expect_up(link);
    }

    pub(super) fn expect_up(&mut self, link: usize) {
        if let Some(at) = self.links[link].up.next_arrival() {
            self.at(at.max(self.now), Event::Up(link));
        }
    }

    fn expect_down(&mut self, link: usize) {
        if let Some(at) = self.links[link].down.next_arrival() {
            self.at(at.max(self.now), Event::Down(link));
        }
    }

    fn arrive_up(&mut self, link: usize) {
        let now = self.now;
        let mut any = false;
        while let Some(segment) = self.links[link].up.arrive(now) {
            any = true;
            let lanes = (self.links[link].client + 1, SERVER);
            let bytes = &segment.bytes;
            self.trace
                .arrow(lanes, segment.sent, Some(now), bytes, || visible(bytes));
        }
        if !any {
            return;
        }
        if self.links[link].server_open {
            self.ready.insert(link);
            self.wake(SERVER, now);
        } else if self.links[link].client_open && !self.dark {
            self.soon(Event::LostDown(link));
        }
        self.expect_up(link);
    }

    fn arrive_down(&mut self, link: usize) {
        let now = self.now;
        let mut any = false;
        while let Some(segment) = self.links[link].down.arrive(now) {
            any = true;
            let lanes = (SERVER, self.links[link].client + 1);
            let bytes = &segment.bytes;
            self.trace
                .arrow(lanes, segment.sent, Some(now), bytes, || visible(bytes));
        }
        if !any {
            return;
        }
        if self.links[link].client_open {
            self.wake(self.links[link].client + 1, now);
        } else if self.links[link].server_open {
            // Nobody is there to take it.
            self.soon(Event::LostUp(link));
        }
        self.expect_down(link);
    }

    /// The client's program closes its side for good.
    pub(super) fn close_up(&mut self, link: usize) {
        let it = &mut self.links[link];
        if !mem::replace(&mut it.client_open, false) {
            return;
        }
        if it.down.readable() > 0 && it.server_open {
            self.drop_under_way(link);
            self.soon(Event::LostUp(link));
        } else {
            self.end_up(link);
        }
    }

    /// One pass of the server.
    fn serve(&mut self) {
        if !self.is_awake(SERVER) {
            return;
        }
        let clock = self.server_clock();
        let Some(mut server) = self.server.take() else {
            return;
        };
        for link in mem::take(&mut self.backlog) {
            let port = self.world.clients[self.links[link].client].port();
            if let Some(peer) = server.accept(clock, port) {
                self.links[link].peer = Some(peer);
                self.peers.push(link);
                self.ready.insert(link);
            } else {
                self.links[link].server_open = false;
                self.soon(Event::LostDown(link));
            }
        }
        let mut held = Vec::new();
        for link in mem::take(&mut self.ready) {
            if self.read(&mut server, clock, link) {
                held.push(link);
            }
        }
        if server.is_due(clock) {
            server.timeout(clock);
        }
        self.pass(&mut server, clock);
        while let Some((peer, deed)) = server.poll_deed() {
            self.carry_out(&server, peer, deed);
        }
        self.show(&server);
        let mut again = server.is_due(clock);
        for link in held {
            let it = &self.links[link];
            if it.server_open {
                self.ready.insert(link);
                again |= it.peer.is_some_and(|peer| server.wants_input(peer));
            }
        }
        if again {
            self.wake(SERVER, self.now + PASS);
        } else if let Some((due, _)) = server.next_timeout() {
            let at = self.machines[SERVER].clock.when(due);
            self.wake(SERVER, at.max(self.now + PASS));
        }
        self.server = Some(server);
    }

    /// Takes what a connection has through the server; whether there is more that it does not want.
    fn read(&mut self, server: &mut Watched, clock: u64, link: usize) -> bool {
        let chunk = self.world.server.chunk;
        let it = &mut self.links[link];
        let Some(peer) = it.peer.filter(|_| it.server_open) else {
            return false;
        };
        if it.server_lost {
            it.server_open = false;
            server.lose(clock, peer);
            return false;
        }
        if mem::take(&mut it.writable) {
            server.writable(clock, peer);
        }
        for _ in 0..4 {
            let has_end = it.up.end_arrived && !it.eof_told;
            if it.up.readable() == 0 && !has_end {
                return false;
            }
            // Some shells hear of the end though they do not read.
            let hears_end = it.up.readable() == 0 && self.world.server.lazy;
            if !server.wants_input(peer) && !hears_end {
                return true;
            }
            if it.up.readable() > 0 {
                let most = if self.weather.chop > 0 {
                    1 + self.dice.below(chunk)
                } else {
                    chunk
                };
                let bytes = it.up.read(most);
                it.read += bytes.len() as u64;
                server.received(clock, peer, &bytes);
                if it.up.unblock() {
                    let at = self.now + delay(self.weather, &mut self.dice);
                    self.sequence += 1;
                    self.queue
                        .push(Reverse((at, self.sequence, Event::RoomUp(link))));
                }
            } else {
                it.eof_told = true;
                server.eof(clock, peer);
                return false;
            }
        }
        true
    }

    fn pass(&mut self, server: &mut Watched, clock: u64) {
        let (links, peers, dice) = (&mut self.links, &self.peers, &mut self.dice);
        let (now, weather) = (self.now, self.weather);
        let mut written = BTreeSet::new();
        server.pass(clock, |peer, bytes| {
            let link = &mut links[peers[peer]];
            if link.server_lost {
                return Taken::Failed;
            }
            written.insert(peers[peer]);
            Taken::Bytes(link.down.take(now, bytes, weather, dice))
        });
        for link in written {
            self.expect_down(link);
            // It may have room again by now.
            if self.links[link].down.unblock() {
                self.soon(Event::RoomDown(link));
            }
        }
    }

    fn carry_out(&mut self, server: &Watched, peer: usize, deed: Deed) {
        let link = self.peers[peer];
        let lane = self.links[link].client + 1;
        match deed {
            Deed::Joined => self.state(lane, || {
                let name = server.name(peer).map(ToString::to_string);
                format!("is in the room as {}", name.unwrap_or_default())
            }),
            Deed::Finish => self.end_down(link),
            Deed::Close(reason) => {
                self.tally.closes[reason as usize] += 1;
                self.state(lane, || format!("closed by the server: {reason}"));
                let it = &mut self.links[link];
                it.server_open = false;
                if it.server_lost {
                    return;
                }
                if it.up.readable() > 0 || !it.down.ended {
                    self.drop_under_way(link);
                    self.soon(Event::LostDown(link));
                } else {
                    self.end_down(link);
                }
            }
        }
    }

    /// What the server's screen shows goes into the trace.
    fn show(&mut self, server: &Watched) {
        let new: Vec<&str> = server.screen().skip(self.shown).collect();
        self.shown += new.len();
        for line in new {
            self.trace
                .note(SERVER, self.now, Kind::Transcript, || line.to_string());
        }
    }

    /// The faults stop: what is broken is mended, the network is fast, and everyone listens.
    fn calm(&mut self) {
        self.weather.delay = CALM_DELAY;
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
                self.links[link].down.capacity = self.capacity;
                self.links[link].up.capacity = self.capacity;
                self.soon(Event::RoomUp(link));
                if self.links[link].down.unblock() {
                    self.soon(Event::RoomDown(link));
                }
            }
        }
        self.start();
    }

    fn check_stopped(&mut self) {
        let open = self.server.as_ref().map_or(0, Watched::connections);
        Promise::InTime.holds(open == 0, || {
            format!("{open} connections are left after the stop")
        });
        let population = self.server.as_ref().map_or(0, Watched::population);
        Promise::OneStay.holds(population == 0, || {
            format!("{population} are still in the room")
        });
    }

    /// Whether the server, in the life of this link, has acted on all that came on it, and closed its
    /// side for that.
    pub(super) fn has_heard_all(&self, link: usize) -> Option<bool> {
        let it = &self.links[link];
        let server = self.server.as_ref().filter(|_| it.life == self.life)?;
        let told = server.phase(it.peer?) >= Phase::Lingering;
        Some(told && it.read == it.up.taken && server.has_heard_all(it.peer?))
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
