//! Connections between the clients and the server: how they come about, carry bytes and fail.

use super::{Event, SERVER, Stage};
use crate::dice::Dice;
use crate::explore::trace::Fate;
use crate::explore::wire::Pipe;
use crate::explore::world::Way;
use crate::text::visible;
use chat_core::server_phase::Phase;
use std::mem;

/// A connection.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) client: usize,
    /// How many times as long everything is under way as the weather says.
    pub(super) slowness: u64,
    pub(super) up: Pipe,
    pub(super) down: Pipe,
    /// In which life of the server it was made, and as which of its peers.
    pub(super) life: u32,
    pub(super) peer: Option<usize>,
    /// The server's side is open, or the client's.
    pub(super) server_open: bool,
    pub(super) client_open: bool,
    pub(super) server_lost: bool,
    pub(super) client_lost: bool,
    pub(super) made: bool,
    pub(super) refused: bool,
    pub(super) writable: bool,
    pub(super) eof_told: bool,
    /// Bytes the server's program has read.
    pub(super) read: u64,
    pub(super) cuts: u32,
    /// It has failed on the way, and one side or both are yet to hear of it.
    pub(super) dead: bool,
}

impl Stage<'_> {
    /// The connections of a client that are not closed.
    pub(super) fn links_of(&self, who: usize) -> Vec<usize> {
        let last = self.actors[who].link;
        let is_open = |link: &usize| self.links[*link].client_open || self.links[*link].server_open;
        last.into_iter().filter(is_open).collect()
    }

    /// Begins to connect; the link.
    pub(super) fn connect(&mut self, who: usize) -> usize {
        let capacity = self.capacity;
        self.links.push(Link {
            client: who,
            slowness: self.slowness(who),
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

    pub(super) fn syn(&mut self, link: usize) {
        let it = &mut self.links[link];
        if !it.client_open {
            return;
        }
        if it.up.is_cut || self.dark {
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
    pub(super) fn lose(&mut self, link: usize) {
        let it = &mut self.links[link];
        // What comes after something that was lost is not delivered either.
        it.dead = true;
        (it.up.is_cut, it.down.is_cut) = (true, true);
        self.drop_under_way(link);
        self.soon(Event::LostUp(link));
        self.soon(Event::LostDown(link));
    }

    /// What is under way on a connection is lost.
    pub(super) fn drop_under_way(&mut self, link: usize) {
        self.end_under_way(link, Fate::Lost);
    }

    /// All is over: what is under way will not arrive.
    pub(in crate::explore) fn stand_still(&mut self) {
        for link in 0..self.links.len() {
            self.end_under_way(link, Fate::UnderWay);
        }
    }

    fn end_under_way(&mut self, link: usize, fate: Fate) {
        let it = &mut self.links[link];
        let lanes = (it.client + 1, SERVER);
        for (segments, lanes) in [
            (it.up.take_under_way(), lanes),
            (it.down.take_under_way(), (lanes.1, lanes.0)),
        ] {
            for segment in segments {
                let bytes = &segment.bytes;
                self.trace
                    .arrow(lanes, segment.sent, fate, bytes, || visible(bytes));
            }
        }
    }

    pub(super) fn cut(&mut self, link: usize, way: Way) {
        let it = &mut self.links[link];
        it.up.is_cut |= way != Way::Down;
        it.down.is_cut |= way != Way::Up;
        it.cuts += 1;
        let cuts = it.cuts;
        self.at(
            self.now + self.world.network.give_up_ms * 1000,
            Event::GiveUp(link, cuts),
        );
    }

    pub(super) fn heal(&mut self, who: usize) {
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
                // What was sent meanwhile may come later than that.
                self.expect_up(link);
                self.expect_down(link);
            }
        }
    }

    /// A client's machine goes: nobody is told.
    pub(super) fn vanish(&mut self, who: usize) {
        for link in self.links_of(who) {
            self.links[link].client_open = false;
            self.cut(link, Way::Both);
        }
        self.actors[who].vanish();
    }

    /// What came back knows nothing of the connections that there were.
    pub(super) fn come_back(&mut self, who: usize) {
        if self.actors[who].cut.is_some() {
            return; // Nobody hears that.
        }
        for link in self.links_of(who) {
            if !self.links[link].client_open {
                self.soon(Event::LostUp(link));
            }
        }
    }

    fn slowness(&self, who: usize) -> u64 {
        let spread = usize::try_from(self.spread).unwrap_or(1);
        1 + Dice::new(self.world.seed, 1000 + who as u64).below(spread) as u64
    }

    /// All are as near as the weather says.
    pub(super) fn come_near(&mut self) {
        self.spread = 1;
        for link in &mut self.links {
            link.slowness = 1;
        }
    }

    /// So many bytes from the server are held from now on.
    pub(super) fn open_window(&mut self, link: usize, bytes: usize) {
        let down = &mut self.links[link].down;
        down.capacity = bytes;
        if down.unblock() {
            self.soon(Event::RoomDown(link));
        }
    }

    pub(super) fn end_down(&mut self, link: usize) {
        let it = &mut self.links[link];
        let weather = self.weather.slowed(it.slowness);
        it.down.end(self.now, weather, &mut self.dice);
        self.expect_down(link);
    }

    pub(super) fn end_up(&mut self, link: usize) {
        let it = &mut self.links[link];
        let weather = self.weather.slowed(it.slowness);
        it.up.end(self.now, weather, &mut self.dice);
        self.expect_up(link);
    }

    pub(super) fn expect_up(&mut self, link: usize) {
        if let Some(at) = self.links[link].up.next_arrival() {
            self.at(at.max(self.now), Event::Up(link));
        }
    }

    pub(super) fn expect_down(&mut self, link: usize) {
        if let Some(at) = self.links[link].down.next_arrival() {
            self.at(at.max(self.now), Event::Down(link));
        }
    }

    pub(super) fn arrive_up(&mut self, link: usize) {
        let it = &self.links[link];
        if !self.draw_arrivals(link, (it.client + 1, SERVER), |it| &mut it.up) {
            return;
        }
        if self.links[link].server_open {
            self.ready.insert(link);
            self.wake(SERVER, self.now);
        } else if self.links[link].client_open && !self.dark {
            self.soon(Event::LostDown(link));
        }
        self.expect_up(link);
    }

    pub(super) fn arrive_down(&mut self, link: usize) {
        let lane = self.links[link].client + 1;
        if !self.draw_arrivals(link, (SERVER, lane), |it| &mut it.down) {
            return;
        }
        if self.links[link].client_open {
            self.wake(lane, self.now);
        } else if self.links[link].server_open {
            // Nobody is there to take it.
            self.soon(Event::LostUp(link));
        }
        self.expect_down(link);
    }

    /// Draws what arrives now; whether anything does.
    fn draw_arrivals(
        &mut self,
        link: usize,
        lanes: (usize, usize),
        pipe: fn(&mut Link) -> &mut Pipe,
    ) -> bool {
        let now = self.now;
        let mut any = false;
        while let Some(segment) = pipe(&mut self.links[link]).arrive(now) {
            any = true;
            let bytes = &segment.bytes;
            self.trace
                .arrow(lanes, segment.sent, Fate::Arrived(now), bytes, || {
                    visible(bytes)
                });
        }
        any
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

    /// Whether the server, in the life of this link, has acted on all that came on it, and closed its
    /// side for that.
    pub(super) fn has_heard_all(&self, link: usize) -> Option<bool> {
        let it = &self.links[link];
        let server = self.server.as_ref().filter(|_| it.life == self.life)?;
        let told = server.phase(it.peer?) >= Phase::Lingering;
        Some(told && it.read == it.up.taken && server.has_heard_all(it.peer?))
    }
}
