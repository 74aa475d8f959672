//! A server with its sockets.

use chat_core::{Action, CloseReason, ConnId, Input, Limits, Server, Timer, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;

/// A server with its sockets: each shows what it was sent, and takes as much as it has room for.
pub(super) struct World {
    pub(super) server: Server,
    pub(super) now: Timestamp,
    pub(super) screens: BTreeMap<ConnId, Vec<u8>>,
    pub(super) room: BTreeMap<ConnId, usize>,
    pub(super) closed: BTreeMap<ConnId, CloseReason>,
    pub(super) transcript: Vec<u8>,
    pub(super) writes: usize,
    /// What is asked of the store.
    pub(super) asked: Vec<Action>,
}

impl World {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            server: Server::new(limits),
            now: Timestamp::ZERO,
            screens: BTreeMap::new(),
            room: BTreeMap::new(),
            closed: BTreeMap::new(),
            transcript: Vec::new(),
            writes: 0,
            asked: Vec::new(),
        }
    }

    /// A connection that has joined under a name.
    pub(super) fn join(&mut self, name: &str) -> ConnId {
        let conn = self.server.accept(self.now, 1000).unwrap();
        self.receive(conn, format!("JOIN {name}\n"));
        conn
    }

    /// A connection that has said nothing yet.
    pub(super) fn accept(&mut self, port: u16) -> ConnId {
        self.server.accept(self.now, port).unwrap()
    }

    pub(super) fn receive(&mut self, conn: ConnId, bytes: impl AsRef<[u8]>) {
        self.handle(Input::Received(conn, bytes.as_ref()));
    }

    pub(super) fn handle(&mut self, input: Input<'_>) {
        self.server.handle(self.now, input);
        self.settle();
    }

    /// Writes, and goes on with what was held back, until nothing moves.
    pub(super) fn settle(&mut self) {
        loop {
            self.write();
            match self.server.next_timeout() {
                Some((due, Timer::Resume)) if due <= self.now => {
                    self.server.handle(self.now, Input::Timeout);
                }
                _ => return,
            }
        }
    }

    /// A whole pass.
    pub(super) fn write(&mut self) {
        while !self.stretch(usize::MAX) {}
    }

    /// Writes to `most` connections at most; whether the pass is over.
    pub(super) fn stretch(&mut self, most: usize) -> bool {
        let mut written = 0;
        while written < most
            && let Some(mut round) = self.server.round(self.now, 1)
        {
            let (log, outboxes) = round.outboxes();
            for outbox in outboxes {
                written += 1;
                let screen = self.screens.entry(outbox.id()).or_default();
                let room = self.room.entry(outbox.id()).or_insert(usize::MAX);
                outbox.write(log, |slices| {
                    self.writes += 1;
                    let bytes = slices.concat();
                    let taken = bytes.len().min(*room);
                    screen.extend_from_slice(&bytes[..taken]);
                    *room -= taken;
                    taken
                });
            }
        }
        let transcript = &mut self.transcript;
        assert_eq!(
            self.server
                .transcript(|lines| transcript.extend_from_slice(lines)),
            0
        );
        while let Some(action) = self.server.poll_action() {
            match action {
                Action::Close(conn, reason) => {
                    assert_eq!(self.closed.insert(conn, reason), None, "closed twice");
                }
                Action::Read(..) | Action::Find(..) | Action::Open(..) | Action::Hash(..) => {
                    self.asked.push(action);
                }
                _ => {}
            }
        }
        written < most
    }

    /// From now on the socket takes this much and no more.
    pub(super) fn limit(&mut self, conn: ConnId, bytes: usize) {
        self.room.insert(conn, bytes);
    }

    pub(super) fn unblock(&mut self, conn: ConnId) {
        self.limit(conn, usize::MAX);
        self.server.handle(self.now, Input::Writable(conn));
        self.settle();
    }

    /// Time passes, and the server is called whenever that is due.
    pub(super) fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some((due, _)) = self.server.next_timeout()
            && due < end
        {
            self.now = self.now.max(due);
            self.server.handle(self.now, Input::Timeout);
            self.settle();
        }
        self.stand_still(end - self.now);
    }

    /// Time passes, and the server is not called before it has passed.
    pub(super) fn stand_still(&mut self, time: Duration) {
        self.now = self.now + time;
        self.server.handle(self.now, Input::Timeout);
        self.settle();
    }

    /// What was sent since the last look.
    pub(super) fn look(&mut self, conn: ConnId) -> String {
        String::from_utf8(std::mem::take(self.screens.entry(conn).or_default())).unwrap()
    }
}

pub(super) fn line(length: usize) -> Vec<u8> {
    [vec![b'x'; length], vec![b'\n']].concat()
}
