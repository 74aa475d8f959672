//! What both benches do to the core: rooms of many members, and sockets that take everything.

use chat_core::{Action, ConnId, Input, Limits, Server, Timer, Timestamp};
use std::hint::black_box;

/// How many are in the room.
pub(crate) const SIZES: [usize; 3] = [10, 1_000, 100_000];

/// Everything happens at once.
const NOW: Timestamp = Timestamp::ZERO;

/// As many are written to in a round as the shell writes to.
const AT_ONCE: usize = 256;

/// `count` lines of 64 bytes each, their endings counted.
pub(crate) fn lines(count: usize) -> Vec<u8> {
    [[b'x'; 63].as_slice(), b"\n"].concat().repeat(count)
}

/// A server and the members of its room. The limits are those of production, but for the number
/// of connections, and that a batch does not get smaller with the number of members.
pub(crate) struct World {
    server: Server,
    /// Who stays.
    pub(crate) members: Vec<ConnId>,
    /// How many names were given out.
    names: usize,
}

impl World {
    /// A room of so many members, who have been sent everything.
    pub(crate) fn of(members: usize) -> Self {
        let mut world = Self::with_nobody(members);
        for already in 0..members {
            let first_line = world.newcomer();
            let member = world.accept();
            if !world.server.wants_input(member) {
                world.settle(); // The batch is full.
            }
            world.receive(member, &first_line);
            world.members.push(member);
            if already == 0 {
                world.talk(); // While there are few to hear it.
            }
        }
        world.settle();
        assert_eq!(world.server.population(), members);
        world
    }

    /// Room for so many.
    fn with_nobody(members: usize) -> Self {
        Self {
            server: Server::new(Limits {
                connections: members + 10_000,
                pass: u64::MAX,
                bulk: u64::MAX,
                ..Limits::default()
            }),
            members: Vec::new(),
            names: 0,
        }
    }

    /// Rooms in which so many members are, each of whom says these lines when they come.
    #[allow(dead_code, reason = "times are not taken of it")]
    pub(crate) fn of_rooms(members: usize, lines: impl Fn(usize) -> String) -> Self {
        let mut world = Self::with_nobody(members);
        for nth in 0..members {
            let member = world.accept();
            world.receive(member, lines(nth).as_bytes());
            world.members.push(member);
            world.settle();
        }
        assert_eq!(world.server.population(), members);
        world
    }

    /// So much is said that the room's log will not need more memory than it has.
    fn talk(&mut self) {
        for _ in 0..20 {
            self.receive(self.members[0], &lines(500));
            self.settle();
        }
    }

    /// The first line of a newcomer, with a name that nobody ever had.
    pub(crate) fn newcomer(&mut self) -> Vec<u8> {
        self.names += 1;
        format!("JOIN m{}\n", self.names).into_bytes()
    }

    fn accept(&mut self) -> ConnId {
        self.server.accept(NOW, 0).expect("the limit is higher")
    }

    pub(crate) fn receive(&mut self, member: ConnId, bytes: &[u8]) {
        self.server.handle(NOW, Input::Received(member, bytes));
    }

    /// Those who are next, `most` of them at most, are sent all that waits for them; how many they are.
    pub(crate) fn write(&mut self, most: usize) -> usize {
        let Some(mut round) = self.server.round(NOW, most) else {
            return 0;
        };
        let (log, outboxes) = round.outboxes();
        for outbox in &mut *outboxes {
            outbox.write(log, |slices| {
                black_box(slices);
                usize::MAX
            });
        }
        outboxes.len()
    }

    /// Someone comes and joins; nobody is told yet.
    pub(crate) fn join(&mut self, first_line: &[u8]) -> ConnId {
        let member = self.accept();
        self.receive(member, first_line);
        let action = self.server.poll_action();
        assert!(matches!(action, Some(Action::Joined(..))));
        member
    }

    /// Someone's connection fails; nobody is told yet.
    pub(crate) fn leave(&mut self, member: ConnId) {
        self.server.handle(NOW, Input::Lost(member));
        let action = self.server.poll_action();
        assert!(matches!(action, Some(Action::Close(..))));
    }

    /// Everyone is sent everything. The answer is how many were written to.
    pub(crate) fn settle(&mut self) -> usize {
        let mut writes = 0;
        loop {
            while let written @ 1.. = self.write(AT_ONCE) {
                writes += written;
            }
            let lost = self.server.transcript(|lines| {
                black_box(lines);
            });
            assert_eq!(lost, 0);
            while self.server.poll_action().is_some() {}
            match self.server.next_timeout() {
                Some((now, Timer::Resume)) => self.server.handle(now, Input::Timeout),
                _ => return writes,
            }
        }
    }
}
