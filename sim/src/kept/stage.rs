//! Plays a world around one store.

mod checks;
mod happenings;
mod links;

use super::client::Client;
use super::disk::Disk;
use super::person::Wish;
use super::shipped::End;
use super::wants::{Do, RIGHT, WRONG, Want};
use super::world::{Op, World, room};
use crate::dice::Dice;
use crate::hashing::stand_in;
use crate::invariant::Invariant;
use chat_core::{
    Action, ClientInput, ConnId, Input, Name, Origin, RoomName, Server, Timer, Timestamp,
};
use happenings::Happening;
pub use happenings::{HAPPENINGS, REQUIRED};
use links::Link;
use std::collections::VecDeque;

/// In so many rounds everything comes to rest.
const ROUNDS: usize = 20_000;

/// So often somebody may have to come back until they stay.
const RETURNS: usize = 500;

pub(super) struct Stage<'a> {
    world: &'a World,
    dice: Dice,
    now: u64,
    server: Option<Server>,
    /// How many servers there were, and since when this one is there.
    lives: u8,
    since: u64,
    disk: Disk,
    fails: bool,
    /// Whatever is to be read of a room that is opened can be.
    is_calm: bool,
    /// The server is over when it has let everyone go.
    ends: bool,
    links: Vec<Link>,
    clients: Vec<Client>,
    asked: VecDeque<Action>,
    /// How many passwords were hashed.
    hashed: u64,
    /// What the server's screen has shown, and the entry that it shows next.
    shown: Vec<u8>,
    next_shown: usize,
    pub(super) deliveries: u64,
    pub(super) happened: [u64; HAPPENINGS.len()],
    tell: bool,
    pub(super) story: Vec<String>,
}

impl<'a> Stage<'a> {
    pub(super) fn new(world: &'a World, tell: bool) -> Self {
        let clients = world.clients.iter().enumerate();
        let hosts = (0..world.clients.len()).map(|client| world.limited_host(client));
        let mut disk = Disk::new(world.seed, world.keep, world.unreadable);
        disk.law.hosts = hosts.collect();
        Self {
            world,
            dice: Dice::new(world.seed, 4),
            now: 0,
            server: None,
            lives: 0,
            since: 0,
            disk,
            fails: false,
            is_calm: false,
            ends: false,
            links: Vec::new(),
            clients: clients.map(|(n, kind)| Client::new(n, *kind)).collect(),
            asked: VecDeque::new(),
            hashed: 0,
            shown: Vec::new(),
            next_shown: 0,
            deliveries: 0,
            happened: [0; HAPPENINGS.len()],
            tell,
            story: Vec::new(),
        }
    }

    pub(super) fn run(&mut self) {
        self.disk.make();
        self.start();
        for op in &self.world.steps {
            self.step(*op);
        }
        (self.fails, self.is_calm) = (false, true);
        self.set_full(false);
        self.come_to_rest();
        for client in self.clients.iter_mut().filter(|client| !client.is_over) {
            client.is_at_rest(&self.disk);
        }
        self.check_disk();
        self.happened[Happening::Carried as usize] += self.disk.law.orders;
        self.happened[Happening::Suffered as usize] += self.disk.law.sufferers;
        self.audit();
        self.ask_owners();
        self.ends = true;
        self.handle(Input::Stop);
        self.rest_of_it();
        let open = self.server.as_ref().map_or(0, Server::connections);
        Invariant::InTime.holds(open == 0, || format!("{open} connections after the stop"));
        self.disk.close();
        self.happened[Happening::ZerosCut as usize] += self.disk.cuts();
    }

    fn start(&mut self) {
        if self.server.is_some() {
            return;
        }
        self.note(|| "server: starts".into());
        self.count(Happening::Started);
        self.lives = self.lives.wrapping_add(1);
        self.ends = false;
        self.since = self.now;
        let origin = Origin {
            epoch: 1,
            secret: chat_core::Secret([self.lives; 32]),
            unix_millis: self.now / 1000,
        };
        let rooms = self.disk.restore(self.world.newest);
        self.next_shown = self.disk.all.len();
        self.shown.clear();
        let others = self.disk.rooms().filter(|it| !it.is_lobby());
        let stored = 1 + others.count();
        let limits = self.world.limits();
        self.server = Some(Server::restored(limits, origin, rooms, stored));
        self.serve();
        if self.disk.full_since.is_some() {
            self.handle(Input::DiskFull(true));
        }
    }

    /// The disk has room only for what has to be written, or all that is wanted.
    fn set_full(&mut self, is_full: bool) {
        let millis = self.now / 1000;
        if is_full {
            self.disk.full_since.get_or_insert(millis);
            self.count(Happening::DiskFull);
        } else {
            self.disk.full_since = None;
        }
        self.handle(Input::DiskFull(is_full));
    }

    /// The disk does nothing for so long.
    fn hang(&mut self, millis: u64) {
        const STEP: u64 = 250;
        let mut left = millis;
        while left > 0 {
            let step = left.min(STEP);
            left -= step;
            self.pass_time(1000 * step);
            for link in 0..self.links.len() {
                self.arrive_up(link, true);
                self.arrive_down(link, true);
            }
        }
    }

    fn count(&mut self, what: Happening) {
        self.happened[what as usize] += 1;
    }

    fn clock(&self) -> Timestamp {
        Timestamp::from_micros(self.now - self.since)
    }

    fn note(&mut self, what: impl FnOnce() -> String) {
        if self.tell {
            let (ms, micros) = (self.now / 1000, self.now % 1000);
            self.story
                .push(format!("{ms:>8}.{micros:03} ms  {}", what()));
        }
    }

    fn step(&mut self, op: Op) {
        if !matches!(op, Op::Meanwhile(_)) {
            self.note(|| format!("! {op:?}"));
        }
        match op {
            Op::Connect(who) => match self.clients[who].person() {
                Some(person) => {
                    person.start(self.now);
                    self.drive(who);
                }
                None => drop(self.connect(who)),
            },
            Op::Crash(who) => self.crash(who),
            Op::Say(who) => self.say(who),
            Op::Talk(who, times) => (0..times).for_each(|_| self.say(who)),
            Op::Again(who) if !self.clients[who].is_over => {
                self.count(Happening::SaidAgain);
                let line = self.clients[who].says_again();
                self.send(who, &line);
            }
            Op::Page(who, after) => {
                self.count(Happening::PageAsked);
                let line = self.clients[who].asks(after);
                self.send(who, &line);
            }
            Op::Go(who, to) if !self.clients[who].is_over => {
                self.count(Happening::Moved);
                let line = self.clients[who].goes(&room(to));
                self.send(who, &line);
            }
            Op::Topic(who) if !self.clients[who].is_over => {
                self.count(Happening::TopicSet);
                let line = self.clients[who].sets_topic();
                self.send(who, &line);
            }
            Op::Look(who) => {
                let line = self.clients[who].looks();
                self.send(who, &line);
            }
            Op::Reuse(who) if !self.clients[who].is_over => {
                let line = self.clients[who].reuses(&self.disk);
                self.happened[Happening::IdReused as usize] += u64::from(!line.is_empty());
                self.send(who, &line);
            }
            Op::Claim(who) => {
                self.count(Happening::Claimed);
                self.want(who, &Want::Claim(RIGHT.into()));
            }
            Op::Login(who, whose, is_right) => {
                self.count(Happening::LoggedIn);
                let name = self.world.wanted_name(whose);
                let password = if is_right { RIGHT } else { WRONG };
                self.want(who, &Want::LogIn(name, password.into()));
            }
            Op::Password(who) => {
                self.count(Happening::Claimed);
                self.want(who, &Want::Password(RIGHT.into()));
            }
            Op::Unclaim(who) => self.want(who, &Want::Unclaim),
            Op::Nick(who, whose) => {
                let name = self.world.wanted_name(whose);
                self.want(who, &Want::Nick(name));
            }
            Op::Order(who, what, whom) => {
                self.count(Happening::Ordered);
                let whom = self.whom(what, whom);
                self.want(who, &Want::Order(what, whom));
            }
            Op::Admin(who, is_on) => {
                self.count(Happening::AdminMade);
                if let Ok(name) = Name::parse(self.clients[who].name()) {
                    self.handle(Input::SetAdmin(&name, is_on));
                }
            }
            Op::Leave(who) if !self.clients[who].is_over => {
                self.count(Happening::Left);
                let line = self.clients[who].leaves();
                self.send(who, line);
            }
            Op::Cut(who) => {
                if let Some(link) = self.clients[who].link {
                    self.lose(link);
                    self.tell(who, ClientInput::Lost("cut"));
                }
            }
            Op::Kill => self.kill(),
            Op::Stop(millis) => self.stop(millis),
            Op::Fail => self.fails = true,
            Op::Full => self.set_full(true),
            Op::Room => self.set_full(false),
            Op::Hang(millis) => self.hang(millis),
            Op::Start => self.start(),
            Op::Meanwhile(count) => (0..count).for_each(|_| self.something()),
            _ => {}
        }
    }

    /// Somebody wants something to be done about their name, or in their room.
    fn want(&mut self, who: usize, want: &Want) {
        if !self.clients[who].is_over {
            let line = self.clients[who].wants(want);
            self.send(who, &line);
        }
    }

    /// Whom an order is of: somebody by the name that they have, or from where they come.
    fn whom(&self, what: Do, whom: usize) -> String {
        match self.clients.get(whom) {
            None => "nobody".into(),
            Some(_) if what.is_of_host() => self.world.host(whom).to_string(),
            Some(client) => client.name().into(),
        }
    }

    fn say(&mut self, who: usize) {
        if !self.clients[who].is_over {
            self.count(Happening::Said);
            let line = self.clients[who].says();
            self.send(who, &line);
        }
    }

    /// Something happened on the connection of a person.
    fn tell(&mut self, who: usize, input: ClientInput<'_>) {
        let now = self.now;
        if let Some(person) = self.clients[who].person() {
            person.hears(now, input);
            self.drive(who);
        }
    }

    /// A person's client does what is to be done.
    fn drive(&mut self, who: usize) {
        let now = self.now;
        while let Some(person) = self.clients[who].person()
            && let Some(wish) = person.acts(now, &self.disk)
        {
            match wish {
                Wish::Drop => self.give_up(who),
                Wish::Connect => {
                    let news = if self.connect(who) {
                        ClientInput::Connected
                    } else {
                        ClientInput::Failed("it")
                    };
                    if let Some(person) = self.clients[who].person() {
                        person.hears(now, news);
                    }
                }
            }
        }
        if let Some(link) = self.clients[who].link
            && let Some(person) = self.clients[who].person()
        {
            let bytes = person.sends(now);
            self.links[link].up.extend(bytes);
        }
    }

    fn kill(&mut self) {
        if self.server.take().is_none() {
            return;
        }
        self.count(Happening::Killed);
        self.disk.die(End::Killed);
        self.asked.clear();
        for link in &mut self.links {
            link.server_open = false;
            link.ended = true;
            let left = self.dice.below(link.down.len() + 1);
            link.down.truncate(left);
        }
    }

    /// A person's program is killed.
    fn crash(&mut self, who: usize) {
        let is_kept = self.dice.one_in(2);
        if let Some(person) = self.clients[who].person() {
            person.die(is_kept);
            self.give_up(who);
            self.count(Happening::Crashed);
        }
    }

    /// It is told to stop; the disk does nothing for so long.
    fn stop(&mut self, millis: u64) {
        if self.server.is_none() {
            return;
        }
        self.count(Happening::Stopped);
        // Who takes what they are given at once; a person's program may give up meanwhile.
        let is_idle = |it: &Link| it.server_open && !it.ended && !it.full && it.down.is_empty();
        let mut told = Vec::new();
        for (who, client) in self.clients.iter_mut().enumerate() {
            let link = client.link.filter(|_| client.person().is_none());
            if link.is_some_and(|link| is_idle(&self.links[link])) {
                told.push(who);
            }
        }
        self.ends = true;
        self.handle(Input::Stop);
        self.hang(millis);
        if self.server.is_none() && self.world.socket >= 4096 {
            for who in told {
                Invariant::GoodbyeLast.holds(self.clients[who].is_dismissed, || {
                    format!("client {who} was not told that the server stops")
                });
            }
        }
    }

    /// One small thing happens.
    fn something(&mut self) {
        let any = self.dice.below(self.links.len().max(1));
        match self.dice.below(8) {
            0 | 1 if any < self.links.len() => drop(self.arrive_up(any, false)),
            2 | 3 if any < self.links.len() => drop(self.arrive_down(any, false)),
            4 => drop(self.write_to_disk()),
            5 => drop(self.answer()),
            6 if any < self.links.len() => drop(self.hear_of_loss(any)),
            _ => {
                let time = self.dice.power(18) as u64;
                self.pass_time(time);
            }
        }
    }

    fn write_to_disk(&mut self) -> bool {
        if !self.disk.is_busy() {
            return false;
        }
        if std::mem::take(&mut self.fails) {
            self.count(Happening::DiskFailed);
            self.disk.die(End::Failed);
            self.ends = true;
            self.handle(Input::NotCommitted);
            return true;
        }
        let first = self.disk.finish();
        let last = self.disk.last(&RoomName::LOBBY);
        let all = self.disk.all.len();
        self.note(|| format!("disk: holds entries {first} to {last} of the lobby, {all} in all"));
        self.handle(Input::Committed(first));
        true
    }

    fn answer(&mut self) -> bool {
        match self.asked.pop_front() {
            Some(Action::Read(conn, room, after, most)) => {
                let kept = self.disk.read(&room, after, most);
                self.happened[Happening::Unreadable as usize] += u64::from(kept.is_none());
                self.handle(match &kept {
                    Some(kept) => Input::Kept(conn, self.disk.first(&room), kept),
                    None => Input::Unreadable(conn),
                });
            }
            Some(Action::Find(conn, session, id)) => {
                let said = self.disk.find(session, &id);
                self.handle(Input::Found(conn, said.as_ref()));
            }
            Some(Action::Open(conn, room)) => self.open(conn, &room),
            Some(Action::Hash(conn, password, salt)) => {
                self.hashed += 1;
                let verifier = stand_in(&password, salt, self.hashed);
                let is_refused = !self.is_calm && self.dice.one_in(12);
                self.happened[Happening::HashRefused as usize] += u64::from(is_refused);
                let verifier = Some(&verifier).filter(|_| !is_refused);
                self.handle(Input::Hashed(conn, verifier));
            }
            _ => return false,
        }
        true
    }

    /// The store tells what it has of a room, unless it cannot be read.
    fn open(&mut self, conn: ConnId, room: &RoomName) {
        self.count(Happening::RoomOpened);
        if !self.is_calm && self.disk.is_damaged() && self.dice.one_in(4) {
            self.count(Happening::RoomUnreadable);
            return self.handle(Input::Unreadable(conn));
        }
        let history = self.disk.history(room, self.world.newest);
        self.note(|| format!("disk: has entries up to {} of {room}", history.last));
        self.handle(Input::Opened(conn, &history));
    }

    fn pass_time(&mut self, micros: u64) {
        self.now += micros;
        let now = self.clock();
        let due = self.server.as_ref().and_then(Server::next_timeout);
        if due.is_some_and(|(due, _)| due <= now) {
            self.handle(Input::Timeout);
        }
        for who in 0..self.clients.len() {
            if let Some(person) = self.clients[who].person() {
                person.wakes(self.now);
                self.drive(who);
            }
        }
    }

    fn handle(&mut self, input: Input<'_>) {
        let now = self.clock();
        if let Some(server) = &mut self.server {
            server.handle(now, input);
            self.serve();
        }
    }

    /// A pass of the server.
    fn serve(&mut self) {
        let now = self.clock();
        let Some(mut server) = self.server.take() else {
            return;
        };
        loop {
            server.pass(now, |conn, slices| {
                let mut links = self.links.iter_mut();
                let link = links.find(|link| link.server_open && link.conn == conn);
                let Some(link) = link else {
                    Invariant::ClosedForGood.is_broken("what is closed is written to");
                };
                let bytes = slices.concat();
                let room = self.world.socket.saturating_sub(link.down.len());
                let taken = bytes.len().min(room);
                link.down.extend(&bytes[..taken]);
                link.full |= taken < bytes.len();
                taken
            });
            let shown = &mut self.shown;
            server.transcript(|lines| shown.extend_from_slice(lines));
            while let Some(action) = server.poll_action() {
                self.carry_out(action);
            }
            self.disk.begin(|batch| server.begin_commit(batch));
            self.check_room();
            match server.next_timeout() {
                Some((due, Timer::Resume)) if due <= now => server.handle(now, Input::Timeout),
                _ => break,
            }
        }
        self.check_screen();
        let is_over = self.ends && server.connections() == 0;
        self.server = (!is_over).then_some(server);
        if is_over {
            self.asked.clear();
            if self.disk.is_busy() {
                // It does not wait for the disk any longer.
                self.disk.die(End::Killed);
            }
        }
    }

    fn carry_out(&mut self, action: Action) {
        if let Action::Joined(conn, name) = &action {
            let link = self
                .links
                .iter()
                .find(|it| it.server_open && it.conn == *conn);
            if let Some(link) = link {
                let at = self.now / 1000;
                self.disk.law.is_called(name.as_str(), link.client, at);
            }
        }
        let (Action::Finish(conn) | Action::Close(conn, _)) = action else {
            if matches!(
                action,
                Action::Read(..) | Action::Find(..) | Action::Open(..) | Action::Hash(..)
            ) {
                self.asked.push_back(action);
            }
            return;
        };
        let mut links = self.links.iter_mut();
        let Some(link) = links.find(|link| link.server_open && link.conn == conn) else {
            Invariant::ClosedForGood.is_broken("what is closed is closed again");
        };
        link.ended = true;
        if matches!(action, Action::Close(..)) {
            link.server_open = false;
        }
    }

    /// All go on until there is nothing left to do, and those who were cut off are back.
    fn come_to_rest(&mut self) {
        for _ in 0..RETURNS {
            self.start();
            self.rest_of_it();
            let mut is_back = true;
            for who in 0..self.clients.len() {
                let client = &mut self.clients[who];
                if client.is_over || client.is_out || client.link.is_some() {
                    continue;
                }
                is_back = false;
                match client.person() {
                    Some(person) => {
                        person.start(self.now);
                        self.drive(who);
                    }
                    None => drop(self.connect(who)),
                }
            }
            if is_back && self.server.is_some() {
                return;
            }
        }
        Invariant::Rest.is_broken("somebody never stays");
    }

    /// All go on until there is nothing left to do.
    fn rest_of_it(&mut self) {
        for _ in 0..ROUNDS {
            let mut moved = self.write_to_disk() | self.answer();
            for link in 0..self.links.len() {
                moved |= self.hear_of_loss(link);
                moved |= self.arrive_up(link, true);
                moved |= self.arrive_down(link, true);
            }
            if !moved {
                let due = self.server.as_ref().and_then(Server::next_timeout);
                let due = due.map(|(due, _)| due.as_micros() + self.since);
                let persons = self.clients.iter_mut().filter_map(Client::person);
                // They would try again for ever.
                let waits = persons
                    .filter(|_| !self.ends)
                    .filter_map(|person| person.waits());
                let Some(due) = waits.chain(due).min() else {
                    return;
                };
                let wait = due.saturating_sub(self.now);
                self.pass_time(wait.max(1));
            }
        }
        Invariant::Rest.is_broken("it does not come to rest");
    }
}
