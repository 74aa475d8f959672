//! The network model: connections as two pipes, and what can go wrong with them.
//!
//! No runtime and no socket: a pipe is asked what it takes, and says when something arrives.

use crate::dice::Dice;
use std::collections::VecDeque;

/// What is written at once is chopped into so many pieces at most.
const PIECES: usize = 16;

/// How pipes behave.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weather {
    /// The least and the most a segment is under way, in microseconds.
    pub(super) delay: (u64, u64),
    /// The longest piece that bytes are chopped into; 0 if they are not.
    pub(super) chop: usize,
}

impl Weather {
    /// The same where everything is under way so many times as long.
    pub(super) fn slowed(self, times: u64) -> Self {
        let (least, most) = self.delay;
        let delay = (least * times, most * times);
        Self { delay, ..self }
    }
}

/// Bytes under way together, or the end of the stream.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) sent: u64,
    pub(super) arrives: u64,
    /// Empty: the end of the stream.
    pub(super) bytes: Vec<u8>,
}

/// One direction of a connection.
#[derive(Debug)]
pub(super) struct Pipe {
    under_way: VecDeque<Segment>,
    /// Bytes under way.
    load: usize,
    /// Arrived and not read yet.
    inbox: VecDeque<u8>,
    /// The most bytes under way and in the inbox; with no room left, the writer is blocked.
    pub(super) capacity: usize,
    last_arrival: u64,
    /// All bytes that the writer has got rid of.
    pub(super) taken: u64,
    blocked: bool,
    /// The writer has closed its side.
    pub(super) ended: bool,
    /// The end of the stream has arrived.
    pub(super) end_arrived: bool,
    /// What is sent gets nowhere for the time being.
    pub(super) is_cut: bool,
}

impl Pipe {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            under_way: VecDeque::new(),
            load: 0,
            inbox: VecDeque::new(),
            capacity,
            last_arrival: 0,
            taken: 0,
            blocked: false,
            ended: false,
            end_arrived: false,
            is_cut: false,
        }
    }

    /// Takes as much as there is room for.
    pub(super) fn take(
        &mut self,
        now: u64,
        bytes: &[u8],
        weather: Weather,
        dice: &mut Dice,
    ) -> usize {
        let room = self.capacity.saturating_sub(self.load + self.inbox.len());
        let taken = bytes.len().min(room);
        let mut rest = &bytes[..taken];
        let mut pieces = 0;
        while !rest.is_empty() {
            pieces += 1;
            let piece = match weather.chop {
                0 => rest.len(),
                _ if pieces == PIECES => rest.len(),
                longest => 1 + dice.below(longest.min(rest.len())),
            };
            let (piece, more) = rest.split_at(piece.min(rest.len()));
            self.send(now, piece.to_vec(), weather, dice);
            rest = more;
        }
        self.taken += taken as u64;
        self.blocked = taken < bytes.len();
        taken
    }

    /// The writer closes its side.
    pub(super) fn end(&mut self, now: u64, weather: Weather, dice: &mut Dice) {
        if !self.ended {
            self.ended = true;
            self.send(now, Vec::new(), weather, dice);
        }
    }

    fn send(&mut self, now: u64, bytes: Vec<u8>, weather: Weather, dice: &mut Dice) {
        let arrives = self.last_arrival.max(now + delay(weather, dice));
        self.last_arrival = arrives;
        self.load += bytes.len();
        self.under_way.push_back(Segment {
            sent: now,
            arrives,
            bytes,
        });
    }

    /// When something arrives next.
    pub(super) fn next_arrival(&self) -> Option<u64> {
        self.under_way
            .front()
            .filter(|_| !self.is_cut)
            .map(|s| s.arrives)
    }

    /// What has arrived by now, in one piece at a time.
    pub(super) fn arrive(&mut self, now: u64) -> Option<Segment> {
        if self.is_cut || self.under_way.front()?.arrives > now {
            return None;
        }
        let segment = self.under_way.pop_front()?;
        self.load -= segment.bytes.len();
        self.inbox.extend(&segment.bytes);
        self.end_arrived |= segment.bytes.is_empty();
        Some(segment)
    }

    /// Bytes that can be read.
    pub(super) fn readable(&self) -> usize {
        self.inbox.len()
    }

    /// Reads at most so many bytes.
    pub(super) fn read(&mut self, most: usize) -> Vec<u8> {
        let count = most.min(self.inbox.len());
        self.inbox.drain(..count).collect()
    }

    /// Whether the writer was blocked and would not be now; then it is not any more.
    pub(super) fn unblock(&mut self) -> bool {
        let free = self.blocked && self.load + self.inbox.len() < self.capacity;
        self.blocked &= !free;
        free
    }

    /// What is under way, which will not arrive.
    pub(super) fn take_under_way(&mut self) -> Vec<Segment> {
        self.load = 0;
        self.under_way.drain(..).collect()
    }
}

/// How long something is under way.
pub(super) fn delay(weather: Weather, dice: &mut Dice) -> u64 {
    let (least, most) = weather.delay;
    let jitter = usize::try_from(most.saturating_sub(least)).unwrap_or(0);
    least + dice.below(jitter + 1) as u64
}

/// A machine's clock: it may be fast, slow, or jump.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    /// The time of the world and of this clock when it was last set, in microseconds.
    world: u64,
    here: u64,
    /// How many milliseconds of its own it counts in a second.
    rate: u64,
}

impl Clock {
    pub(super) fn new() -> Self {
        Self {
            world: 0,
            here: 0,
            rate: 1000,
        }
    }

    /// What it shows.
    pub(super) fn read(&self, now: u64) -> u64 {
        self.here + (now - self.world) * self.rate / 1000
    }

    /// When it will show this.
    pub(super) fn when(&self, here: u64) -> u64 {
        self.world + (here.saturating_sub(self.here) * 1000).div_ceil(self.rate)
    }

    pub(super) fn set_rate(&mut self, now: u64, rate: u64) {
        (self.here, self.world) = (self.read(now), now);
        self.rate = rate.max(1);
    }

    pub(super) fn jump(&mut self, now: u64, micros: i64) {
        (self.here, self.world) = (self.read(now).saturating_add_signed(micros), now);
    }
}
